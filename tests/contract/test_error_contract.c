/* The promises of wsd_error.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "wsd_error.h"

/* Every code that a public header names as a result. */
#define PLAIN(name)                                                                      \
    {                                                                                    \
        name, #name                                                                      \
    }
#define WIN32(name)                                                                      \
    {                                                                                    \
        HRESULT_FROM_WIN32(name), #name                                                  \
    }
static const struct {
    HRESULT hr;
    const char *name;
} codes[] = {
    PLAIN(S_OK),
    PLAIN(S_FALSE),
    PLAIN(STG_S_BLOCK),
    PLAIN(E_NOINTERFACE),
    PLAIN(E_POINTER),
    PLAIN(E_ABORT),
    PLAIN(E_INVALIDARG),
    PLAIN(E_OUTOFMEMORY),
    WIN32(ERROR_TOO_MANY_OPEN_FILES),
    WIN32(ERROR_BAD_LENGTH),
    WIN32(ERROR_ALREADY_ASSIGNED),
    WIN32(ERROR_ALREADY_EXISTS),
    WIN32(ERROR_POSSIBLE_DEADLOCK),
    WIN32(ERROR_NOT_FOUND),
    WIN32(ERROR_NO_SYSTEM_RESOURCES),
    WIN32(ERROR_INVALID_OPERATION),
    WIN32(ERROR_WINHTTP_TIMEOUT),
    WIN32(ERROR_WINHTTP_INVALID_URL),
    WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME),
    WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED),
    WIN32(ERROR_WINHTTP_CANNOT_CONNECT),
    WIN32(ERROR_WINHTTP_CONNECTION_ERROR),
    WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE),
    WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR),
    WIN32(ERROR_WINHTTP_SECURE_FAILURE),
    WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW),
    PLAIN(WS_E_INVALID_FORMAT),
    PLAIN(WS_E_QUOTA_EXCEEDED),
    PLAIN(WS_E_ENDPOINT_FAULT_RECEIVED),
    PLAIN(WS_E_ENDPOINT_DISCONNECTED),
};

/* One English sentence in ASCII, without a final stop. */
static void assert_is_sentence(const char *text)
{
    size_t length = strlen(text);

    assert_in_range(length, 10, 200);
    assert_in_range(text[0], 'A', 'Z');
    assert_null(strchr(".!?:;, ", text[length - 1]));
    for (size_t i = 0; i < length; i++)
        assert_in_range(text[i], ' ', '~');
    assert_null(strstr(text, ". "));
}

/* [E1] [E4] */
static void error__every_code__has_its_name_and_a_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        assert_string_equal(wsd_error_name(codes[i].hr), codes[i].name);
        assert_is_sentence(wsd_error_text(codes[i].hr));
    }
}

/* [E2] [E4] [E5] */
static void error__http_status__has_a_name_and_a_sentence(void **state)
{
    (void)state;
    assert_int_equal((uint32_t)HTTP_E_STATUS(404), 0x80190194u);
    for (int status = 0; status <= 0xffff; status++) {
        assert_string_equal(wsd_error_name(HTTP_E_STATUS(status)), "HTTP_E_STATUS");
        assert_is_sentence(wsd_error_text(HTTP_E_STATUS(status)));
    }
    assert_non_null(strstr(wsd_error_text(HTTP_E_STATUS(404)), "404 Not Found"));
}

/* [E3] [E4] [E6] */
static void error__code_of_somebody_else__is_unknown_but_has_a_sentence(void **state)
{
    static const HRESULT others[] = {
        (HRESULT)0x88888888u, 2, -1, HRESULT_FROM_WIN32(1), HRESULT_FROM_WIN32(0xffff),
        (HRESULT)0x803dffffu};

    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        assert_string_equal(wsd_error_name(others[i]), "unknown");
        assert_is_sentence(wsd_error_text(others[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error__every_code__has_its_name_and_a_sentence),
        cmocka_unit_test(error__http_status__has_a_name_and_a_sentence),
        cmocka_unit_test(error__code_of_somebody_else__is_unknown_but_has_a_sentence),
    };

    return cmocka_run_group_tests_name("error_contract", tests, NULL, NULL);
}
