#include "wininet/internet_error.h"

#include <stddef.h>

#include "wsd_error.h"

/* The others have the same number in WinHTTP and WinINet. */
static const struct {
    HRESULT transfer, internet;
} rows[] = {
    {E_ABORT, INTERNET_E(INTERNET_OPERATION_CANCELLED)},
    {WS_E_ENDPOINT_DISCONNECTED, INTERNET_E(INTERNET_CONNECTION_RESET)},
    /* Its number is ERROR_INTERNET_FORCE_RETRY, which is about credentials here. */
    {HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST),
     INTERNET_E(INTERNET_CONNECTION_ABORTED)},
    {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE),
     INTERNET_E(INTERNET_SEC_INVALID_CERT)},
    {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE),
     INTERNET_E(INTERNET_SEC_INVALID_CERT)},
    {HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW),
     INTERNET_E(HTTP_INVALID_SERVER_RESPONSE)},
    /* Nobody but the name is to blame: the rest of the URL is ours. */
    {HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL),
     INTERNET_E(INTERNET_NAME_NOT_RESOLVED)},
};

HRESULT wsd_internet_error(HRESULT transfer)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (rows[i].transfer == transfer)
            return rows[i].internet;
    return transfer;
}
