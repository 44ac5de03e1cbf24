#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "request_bed.h"
#include "wininet/http_request.h"

static void create__each_text__is_checked(void **state)
{
    static const char *const types[] = {"text/*", "image/png", NULL};
    static const char *const bad_types[] = {"text/*\r\nX: y", NULL};
    static const struct {
        const char *verb, *object, *version, *referrer;
        const char *const *types;
        HRESULT hr;
        const char *method, *target;
    } rows[] = {
        {NULL, NULL, NULL, NULL, NULL, S_OK, "GET", "/"},
        {"", "", "", "", NULL, S_OK, "GET", "/"},
        {"PUT", "a b/%20?c=d e", "HTTP/1.1", "http://r/", types, S_OK, "PUT",
         "/a%20b/%20?c=d%20e"},
        {"PUT", "/\xc3\xa4/../b#c", NULL, NULL, NULL, S_OK, "PUT", "/\xc3\xa4/../b#c"},
        {"P T", "/", NULL, NULL, NULL, E_INVALIDARG, NULL, NULL},
        {"PUT", "/\r\n", NULL, NULL, NULL, E_INVALIDARG, NULL, NULL},
        {"PUT", "/", "HTTP/1.1\n", NULL, NULL, E_INVALIDARG, NULL, NULL},
        {"PUT", "/", NULL, "x\r", NULL, E_INVALIDARG, NULL, NULL},
        {"PUT", "/", NULL, NULL, bad_types, E_INVALIDARG, NULL, NULL},
    };
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, NULL, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_request *request;

        assert_int_equal(wsd_request_create(bed.connection, rows[i].verb, rows[i].object,
                                            rows[i].version, rows[i].referrer,
                                            rows[i].types, 0, &request),
                         rows[i].hr);
        if (rows[i].hr != S_OK)
            continue;
        assert_string_equal(request->method, rows[i].method);
        assert_string_equal(request->target, rows[i].target);
        if (rows[i].types != NULL) {
            assert_string_equal(request->lines.lines[0], "Referer: http://r/");
            assert_string_equal(request->lines.lines[1], "Accept: text/*, image/png");
        }
        internet_bed_release(request);
    }
    request_bed_close(&bed);
}

static void url__of_a_request__is_appended(void **state)
{
    struct request_bed bed;
    struct wsd_text url;

    (void)state;
    request_bed_open(&bed, NULL, NULL);
    internet_bed_release(bed.request);
    assert_int_equal(request_make(&bed, "GET", INTERNET_FLAG_SECURE), S_OK);
    bed.connection->port = 8443;
    wsd_text_init(&url, &bed.bed.heap.mem, SIZE_MAX);
    assert_int_equal(wsd_request_append_url(bed.request, &url), S_OK);
    assert_string_equal(url.bytes, "https://h:8443/up");
    wsd_text_fini(&url);
    request_bed_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_text__is_checked),
        cmocka_unit_test(url__of_a_request__is_appended),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
