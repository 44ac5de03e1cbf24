#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "wininet/internet_error.h"
#include "wininet/query_info.h"

#define RAW "HTTP/1.1 200 Fine\r\nX-A: 1\r\nX-A: 2\r\nContent-Length: 4294967296\r\n\r\n"

struct bed {
    struct failing_mem heap;
    struct wsd_response_head head;
    struct wsd_header_list lines;
    struct wsd_query_subject subject;
};

static void bed_open(struct bed *bed)
{
    bed->heap = (struct failing_mem)FAILING_MEM(-1, &bed->heap);
    wsd_response_head_init(&bed->head, &bed->heap.mem);
    for (const char *at = RAW; *at != '\0'; at += strcspn(at, "\n") + 1)
        wsd_response_head_push(&bed->head, at, strcspn(at, "\n") + 1);
    assert_int_equal(wsd_response_head_parse(&bed->head), S_OK);
    wsd_header_list_init(&bed->lines, &bed->heap.mem);
    assert_int_equal(wsd_header_list_add(&bed->lines, "Host", "h:1"), S_OK);
    bed->subject = (struct wsd_query_subject){.method = "PUT",
                                              .version = "HTTP/1.0",
                                              .request_lines = &bed->lines,
                                              .request_line = "PUT /x HTTP/1.0\r\n",
                                              .response = &bed->head};
}

static void bed_close(struct bed *bed)
{
    wsd_response_head_fini(&bed->head);
    wsd_header_list_fini(&bed->lines);
    assert_int_equal(bed->heap.live, 0);
}

#define REQUEST HTTP_QUERY_FLAG_REQUEST_HEADERS
#define NOT_FOUND INTERNET_E(HTTP_HEADER_NOT_FOUND)

static void text__of_each_level__is_given(void **state)
{
    static const struct {
        DWORD level, index;
        HRESULT hr;
        const char *name, *text;
    } rows[] = {
        {HTTP_QUERY_STATUS_CODE, 0, S_OK, NULL, "200"},
        {HTTP_QUERY_STATUS_TEXT, 0, S_OK, NULL, "Fine"},
        {HTTP_QUERY_VERSION, 0, S_OK, NULL, "HTTP/1.1"},
        {HTTP_QUERY_RAW_HEADERS_CRLF, 0, S_OK, NULL, RAW},
        {HTTP_QUERY_RAW_HEADERS, 0, S_OK, NULL, "HTTP/1.1 200 Fine"}, /* to its NUL */
        {HTTP_QUERY_REQUEST_METHOD, 0, S_OK, NULL, "PUT"},
        {HTTP_QUERY_VERSION | REQUEST, 0, S_OK, NULL, "HTTP/1.0"},
        {HTTP_QUERY_HOST | REQUEST, 0, S_OK, NULL, "h:1"},
        {HTTP_QUERY_RAW_HEADERS_CRLF | REQUEST, 0, S_OK, NULL,
         "PUT /x HTTP/1.0\r\nHost: h:1\r\n\r\n"},
        {HTTP_QUERY_CUSTOM, 0, S_OK, "x-a", "1"},
        {HTTP_QUERY_CUSTOM, 1, S_OK, "x-a", "2"},
        {HTTP_QUERY_CUSTOM | REQUEST, 0, S_OK, "HOST", "h:1"},
        {HTTP_QUERY_CUSTOM, 2, NOT_FOUND, "x-a", NULL},
        {HTTP_QUERY_HOST, 0, NOT_FOUND, NULL, NULL},
        {9999, 0, NOT_FOUND, NULL, NULL},
        {8, 0, NOT_FOUND, NULL, NULL},
        {HTTP_QUERY_STATUS_CODE, 1, NOT_FOUND, NULL, NULL},
        {HTTP_QUERY_RAW_HEADERS, 1, NOT_FOUND, NULL, NULL},
        {HTTP_QUERY_STATUS_CODE | REQUEST, 0, INTERNET_E(HTTP_INVALID_QUERY_REQUEST),
         NULL, NULL},
        {HTTP_QUERY_STATUS_TEXT | REQUEST, 0, INTERNET_E(HTTP_INVALID_QUERY_REQUEST),
         NULL, NULL},
        {HTTP_QUERY_STATUS_CODE | 0x40000000, 0, INTERNET_E(HTTP_INVALID_QUERY_REQUEST),
         NULL, NULL},
    };
    struct bed bed;

    (void)state;
    bed_open(&bed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char text[200] = "#";
        DWORD length = sizeof(text), index = rows[i].index;

        if (rows[i].name != NULL)
            strcpy(text, rows[i].name);
        assert_int_equal(wsd_query_info(&bed.subject, rows[i].level, text, &length,
                                        &index, &bed.heap.mem),
                         rows[i].hr);
        if (rows[i].hr == S_OK)
            assert_string_equal(text, rows[i].text);
        if (rows[i].hr == S_OK && ((rows[i].level & 0xFFFF) == HTTP_QUERY_CUSTOM ||
                                   (rows[i].level & 0xFFFF) == HTTP_QUERY_HOST))
            assert_int_equal(index, rows[i].index + 1);
        else
            assert_int_equal(index, rows[i].index);
    }
    bed_close(&bed);
}

static void number__of_any_size__fits_or_is_refused(void **state)
{
    static const struct {
        DWORD level, size;
        HRESULT hr;
        uint64_t number;
    } rows[] = {
        {HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, 4, S_OK, 200},
        {HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, 8, S_OK, 200},
        {HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, 3,
         HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER), 4},
        {HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER64, 8, S_OK, 200},
        {HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER64, 4,
         HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER), 8},
        {HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER64, 8, S_OK, 4294967296},
        {HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER, 4,
         INTERNET_E(HTTP_INVALID_HEADER), 0},
        {HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER, 2,
         INTERNET_E(HTTP_INVALID_HEADER), 0},
        {HTTP_QUERY_STATUS_TEXT | HTTP_QUERY_FLAG_NUMBER, 4,
         INTERNET_E(HTTP_INVALID_HEADER), 0},
    };
    struct bed bed;

    (void)state;
    bed_open(&bed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_64 = (rows[i].level & HTTP_QUERY_FLAG_NUMBER64) != 0;
        union {
            uint64_t of_64;
            DWORD of_32;
        } number = {.of_64 = 0};
        DWORD length = rows[i].size;

        assert_int_equal(wsd_query_info(&bed.subject, rows[i].level, &number, &length,
                                        NULL, &bed.heap.mem),
                         rows[i].hr);
        if (rows[i].hr == S_OK) {
            assert_true((is_64 ? number.of_64 : number.of_32) == rows[i].number);
            assert_int_equal(length, is_64 ? 8 : 4);
        } else {
            assert_true(number.of_64 == 0);
            if (rows[i].number != 0)
                assert_int_equal(length, rows[i].number);
        }
    }
    bed_close(&bed);
}

static void text__buffer_too_small__tells_the_size(void **state)
{
    struct bed bed;
    char text[4] = "###";
    DWORD length = 3;

    (void)state;
    bed_open(&bed);
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_STATUS_CODE, text, &length,
                                    NULL, &bed.heap.mem),
                     HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER));
    assert_int_equal(length, 4);
    assert_string_equal(text, "###");
    length = 100;
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_STATUS_CODE, NULL, &length,
                                    NULL, &bed.heap.mem),
                     HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER));
    assert_int_equal(length, 4);
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_STATUS_CODE, text, NULL,
                                    NULL, &bed.heap.mem),
                     E_INVALIDARG);
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_CUSTOM, NULL, &length, NULL,
                                    &bed.heap.mem),
                     E_INVALIDARG); /* it has the name */
    bed_close(&bed);
}

static void response__that_is_not_there__has_nothing(void **state)
{
    struct bed bed;
    char text[16] = "Server";
    DWORD length = sizeof(text);

    (void)state;
    bed_open(&bed);
    bed.subject.response = NULL;
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_STATUS_CODE, text, &length,
                                    NULL, &bed.heap.mem),
                     NOT_FOUND);
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_CUSTOM, text, &length, NULL,
                                    &bed.heap.mem),
                     NOT_FOUND);
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_RAW_HEADERS_CRLF, text,
                                    &length, NULL, &bed.heap.mem),
                     NOT_FOUND);
    bed.subject.is_unsent = true;
    assert_int_equal(wsd_query_info(&bed.subject, HTTP_QUERY_RAW_HEADERS_CRLF, text,
                                    &length, NULL, &bed.heap.mem),
                     S_OK);
    assert_string_equal(text, "\r\n");
    bed_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text__of_each_level__is_given),
        cmocka_unit_test(number__of_any_size__fits_or_is_refused),
        cmocka_unit_test(text__buffer_too_small__tells_the_size),
        cmocka_unit_test(response__that_is_not_there__has_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
