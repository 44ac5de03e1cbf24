#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hresult.h"
#include "wsd_error.h"

static const struct {
    HRESULT hr;
    const char *name;
} rows[] = {
#define CODE(name, text) {name, #name},
#define WIN32(name, text) {HRESULT_FROM_WIN32(name), #name},
#define HTTP(status, text) {HTTP_E_STATUS(status), "HTTP_E_STATUS"},
#include "base/hresult_table.h"
};

enum { ROW_COUNT = sizeof(rows) / sizeof(rows[0]) };

static void check_is_sentence(const char *text)
{
    size_t length = strlen(text);

    assert_in_range(length, 12, 200);
    assert_true(text[0] >= 'A' && text[0] <= 'Z');
    assert_null(strchr(".!: ", text[length - 1]));
    for (size_t i = 0; i < length; i++) {
        assert_in_range(text[i], ' ', '~');
        assert_false(text[i] == ' ' && text[i + 1] == ' ');
    }
}

static void name__every_row__is_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++)
        assert_string_equal(wsd_hresult_name(rows[i].hr), rows[i].name);
}

static void text__every_row__is_a_sentence_of_its_own(void **state)
{
    (void)state;
    for (size_t i = 0; i < ROW_COUNT; i++) {
        check_is_sentence(wsd_hresult_text(rows[i].hr));
        for (size_t before = 0; before < i; before++)
            assert_string_not_equal(wsd_hresult_text(rows[i].hr),
                                    wsd_hresult_text(rows[before].hr));
    }
}

/* The numbers as Microsoft's headers have them, not as ours do. */
static void name__number_of_Microsoft__is_found(void **state)
{
    static const struct {
        uint32_t number;
        const char *name;
    } known[] = {
        {0x00000000, "S_OK"},
        {0x00000001, "S_FALSE"},
        {0x00030201, "STG_S_BLOCK"},
        {0x80004003, "E_POINTER"},
        {0x80004004, "E_ABORT"},
        {0x8007000E, "E_OUTOFMEMORY"},
        {0x80070057, "E_INVALIDARG"},
        {0x800710DD, "ERROR_INVALID_OPERATION"},
        {0x8007046B, "ERROR_POSSIBLE_DEADLOCK"},
        {0x80072EE2, "ERROR_WINHTTP_TIMEOUT"},
        {0x80072EE5, "ERROR_WINHTTP_INVALID_URL"},
        {0x80072EE6, "ERROR_WINHTTP_UNRECOGNIZED_SCHEME"},
        {0x80072EE7, "ERROR_WINHTTP_NAME_NOT_RESOLVED"},
        {0x80072EEF, "ERROR_WINHTTP_LOGIN_FAILURE"},
        {0x80072EF1, "ERROR_WINHTTP_OPERATION_CANCELLED"},
        {0x80072EF3, "ERROR_WINHTTP_INCORRECT_HANDLE_STATE"},
        {0x80072EFD, "ERROR_WINHTTP_CANNOT_CONNECT"},
        {0x80072EFE, "ERROR_WINHTTP_CONNECTION_ERROR"},
        {0x80072F00, "ERROR_WINHTTP_RESEND_REQUEST"},
        {0x80072F05, "ERROR_WINHTTP_SECURE_CERT_DATE_INVALID"},
        {0x80072F06, "ERROR_WINHTTP_SECURE_CERT_CN_INVALID"},
        {0x80072F0C, "ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED"},
        {0x80072F0D, "ERROR_WINHTTP_SECURE_INVALID_CA"},
        {0x80072F78, "ERROR_WINHTTP_INVALID_SERVER_RESPONSE"},
        {0x80072F7C, "ERROR_WINHTTP_REDIRECT_FAILED"},
        {0x80072F7D, "ERROR_WINHTTP_SECURE_CHANNEL_ERROR"},
        {0x80072F89, "ERROR_WINHTTP_SECURE_INVALID_CERT"},
        {0x80072F8A, "ERROR_WINHTTP_SECURE_CERT_REVOKED"},
        {0x80072F8F, "ERROR_WINHTTP_SECURE_FAILURE"},
        {0x80072F95, "ERROR_WINHTTP_HEADER_COUNT_EXCEEDED"},
        {0x80072F96, "ERROR_WINHTTP_HEADER_SIZE_OVERFLOW"},
        {0x80072F97, "ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW"},
        {0x80072F98, "ERROR_WINHTTP_RESPONSE_DRAIN_OVERFLOW"},
        {0x80072F9A, "ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY"},
        {0x803D0000, "WS_E_INVALID_FORMAT"},
        {0x803D0008, "WS_E_QUOTA_EXCEEDED"},
        {0x803D0013, "WS_E_ENDPOINT_FAULT_RECEIVED"},
        {0x803D0014, "WS_E_ENDPOINT_DISCONNECTED"},
        {0x803D0017, "WS_E_NOT_SUPPORTED"},
        {0x803D0023, "WS_E_SECURITY_SYSTEM_FAILURE"},
        {0x80190194, "HTTP_E_STATUS"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        assert_string_equal(wsd_hresult_name((HRESULT)known[i].number), known[i].name);
}

static void name__all_WS_E_numbers__are_there(void **state)
{
    (void)state;
    for (uint32_t number = 0x803D0000u; number <= 0x803D0023u; number++)
        assert_memory_equal(wsd_hresult_name((HRESULT)number), "WS_E_", 5);
    assert_string_equal(wsd_hresult_name((HRESULT)0x803D0024u), "unknown");
}

static void http_status__any__has_a_name_and_a_text(void **state)
{
    (void)state;
    for (uint32_t status = 0; status <= 0xFFFF; status++) {
        assert_string_equal(wsd_hresult_name(HTTP_E_STATUS(status)), "HTTP_E_STATUS");
        check_is_sentence(wsd_hresult_text(HTTP_E_STATUS(status)));
    }
}

static void http_status__without_a_row__has_the_text_of_its_class(void **state)
{
    static const struct {
        int status;
        const char *part;
    } classes[] = {
        {100, "(1xx)"},        {204, "(2xx)"}, {302, "(3xx)"}, {307, "(3xx)"},
        {418, "4xx"},          {499, "4xx"},   {599, "5xx"},   {600, "no HTTP status"},
        {99, "no HTTP status"}};

    (void)state;
    for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
        assert_non_null(
            strstr(wsd_hresult_text(HTTP_E_STATUS(classes[i].status)), classes[i].part));
}

static void http_status__common__has_the_reason(void **state)
{
    (void)state;
    assert_non_null(strstr(wsd_hresult_text(HTTP_E_STATUS(404)), "404 Not Found"));
    assert_non_null(strstr(wsd_hresult_text(HTTP_E_STATUS(411)), "411 Length Required"));
    assert_non_null(
        strstr(wsd_hresult_text(HTTP_E_STATUS(413)), "413 Content Too Large"));
    assert_non_null(
        strstr(wsd_hresult_text(HTTP_E_STATUS(503)), "503 Service Unavailable"));
}

static void code__of_nobody__is_unknown_but_has_a_text(void **state)
{
    static const uint32_t numbers[] = {2,          0x7FFFFFFF, 0x80000000, 0x80180194,
                                       0x801A0194, 0x00190194, 0x8007FFFF, 0xFFFFFFFF};

    (void)state;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        assert_string_equal(wsd_hresult_name((HRESULT)numbers[i]), "unknown");
        check_is_sentence(wsd_hresult_text((HRESULT)numbers[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(name__every_row__is_its_own),
        cmocka_unit_test(text__every_row__is_a_sentence_of_its_own),
        cmocka_unit_test(name__number_of_Microsoft__is_found),
        cmocka_unit_test(name__all_WS_E_numbers__are_there),
        cmocka_unit_test(http_status__any__has_a_name_and_a_text),
        cmocka_unit_test(http_status__without_a_row__has_the_text_of_its_class),
        cmocka_unit_test(http_status__common__has_the_reason),
        cmocka_unit_test(code__of_nobody__is_unknown_but_has_a_text),
    };

    return cmocka_run_group_tests_name("hresult", tests, NULL, NULL);
}
