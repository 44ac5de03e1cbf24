#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wininet/internet_error.h"
#include "wsd_error.h"

static void error__of_a_transfer__is_that_of_wininet(void **state)
{
    static const struct {
        HRESULT transfer;
        DWORD error;
    } rows[] = {
        {S_OK, 0},
        {E_ABORT, 12017},
        {E_OUTOFMEMORY, 14},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT), 12002},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED), 12007},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL), 12007},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT), 12029},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR), 12030},
        {WS_E_ENDPOINT_DISCONNECTED, 12031},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE), 12152},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW), 12152},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR), 12157},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE), 12169},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE), 12169},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_INVALID_CA), 12045},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID), 12038},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID), 12037},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED), 12044},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST), 12030},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HRESULT expected = HRESULT_FROM_WIN32(rows[i].error);

        assert_int_equal(wsd_internet_error(rows[i].transfer), expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__of_a_transfer__is_that_of_wininet),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
