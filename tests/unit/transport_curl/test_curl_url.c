#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport_curl/curl_url.h"
#include "wsd_error.h"

static void check__url__has_its_code(void **state)
{
    static const struct {
        const char *url;
        HRESULT hr;
    } rows[] = {
        {"http://127.0.0.1/", S_OK},
        {"HTTP://h", S_OK},
        {"https://h:5358/ws?q=1", S_OK},
        {"http://[::1]:80/", S_OK},
        {"", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"h/path", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"/path", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http:///path", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://h:99999/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://h:x/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://[::1/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://h\r\nX: y/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http://a b/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"ftp://h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)},
        {"file:///etc/passwd", HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)},
        {"gopher://h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)},
        {"soap.udp://h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)},
        {"http://u@h/", E_INVALIDARG},
        {"http://u:p@h/", E_INVALIDARG},
        {"http://:p@h/", E_INVALIDARG},
        {"http://h/#part", E_INVALIDARG},
        {"http://h/#", E_INVALIDARG},
        {"http:/h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http:////h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"http:h", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"https://h/#part?q", E_INVALIDARG},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        HRESULT hr = wsd_curl_url_check(rows[i].url);

        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].url, (unsigned)hr);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(check__url__has_its_code),
    };

    return cmocka_run_group_tests_name("curl_url", tests, NULL, NULL);
}
