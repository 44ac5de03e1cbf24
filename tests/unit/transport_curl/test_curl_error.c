#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hresult.h"
#include "transport_curl/curl_error.h"
#include "wsd_error.h"

#define INTERNAL_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_INTERNAL_ERROR)
#define BAD_RESPONSE HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define SECURE_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

static void error__known_code__is_its_hresult(void **state)
{
    static const struct {
        CURLcode code;
        HRESULT hr;
    } rows[] = {
        {CURLE_OK, S_OK},
        {CURLE_URL_MALFORMAT, HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {CURLE_COULDNT_RESOLVE_HOST, HRESULT_FROM_WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED)},
        {CURLE_COULDNT_RESOLVE_PROXY, WS_E_PROXY_FAILURE},
        {CURLE_PROXY, WS_E_PROXY_FAILURE},
        {CURLE_COULDNT_CONNECT, HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)},
        {CURLE_INTERFACE_FAILED, HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)},
        {CURLE_WEIRD_SERVER_REPLY, BAD_RESPONSE},
        {CURLE_UNSUPPORTED_PROTOCOL, BAD_RESPONSE}, /* HTTP/0.9, or no HTTP at all */
        {CURLE_BAD_CONTENT_ENCODING, BAD_RESPONSE},
        {CURLE_OPERATION_TIMEDOUT, HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)},
        {CURLE_GOT_NOTHING, CONNECTION_ERROR},
        {CURLE_SEND_ERROR, CONNECTION_ERROR},
        {CURLE_RECV_ERROR, CONNECTION_ERROR},
        {CURLE_SEND_FAIL_REWIND, HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST)},
        {CURLE_PARTIAL_FILE, WS_E_ENDPOINT_DISCONNECTED},
        {CURLE_SSL_CONNECT_ERROR, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR)},
        {CURLE_PEER_FAILED_VERIFICATION, SECURE_FAILURE},
        {CURLE_SSL_CERTPROBLEM,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY)},
        {CURLE_SSL_CLIENTCERT, HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED)},
        {CURLE_SSL_PINNEDPUBKEYNOTMATCH,
         HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_INVALID_CERT)},
        {CURLE_SSL_CRL_BADFILE, HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED)},
        {CURLE_SSL_CACERT_BADFILE, SECURE_FAILURE},
        {CURLE_SSL_ISSUER_ERROR, SECURE_FAILURE},
        {CURLE_OUT_OF_MEMORY, E_OUTOFMEMORY},
        {CURLE_ABORTED_BY_CALLBACK, E_OUTOFMEMORY},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_hr(wsd_curl_error(rows[i].code), rows[i].hr);
}

/* Also those of later versions: never a success, and always one that has a text. */
static void error__any_other_code__is_a_failure_with_a_name(void **state)
{
    (void)state;
    for (int code = 1; code < 200; code++) {
        HRESULT hr = wsd_curl_error((CURLcode)code);

        assert_true(FAILED(hr));
        assert_string_not_equal(wsd_hresult_name(hr), "unknown");
    }
    assert_hr(wsd_curl_error(CURLE_FTP_WEIRD_PASV_REPLY), INTERNAL_ERROR);
    assert_hr(wsd_curl_error((CURLcode)199), INTERNAL_ERROR);
}

static void url_error__each_code__is_invalid_unless_it_is_memory_or_scheme(void **state)
{
    (void)state;
    assert_hr(wsd_curl_url_error(CURLUE_OK), S_OK);
    for (int code = 1; code < 50; code++) {
        HRESULT hr = wsd_curl_url_error((CURLUcode)code);

        if (code == CURLUE_OUT_OF_MEMORY)
            assert_hr(hr, E_OUTOFMEMORY);
        else if (code == CURLUE_UNSUPPORTED_SCHEME)
            assert_hr(hr, HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME));
        else
            assert_hr(hr, HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__known_code__is_its_hresult),
        cmocka_unit_test(error__any_other_code__is_a_failure_with_a_name),
        cmocka_unit_test(url_error__each_code__is_invalid_unless_it_is_memory_or_scheme),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
