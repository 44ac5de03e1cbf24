#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "transport/transport.h"
#include "wininet/internet_error.h"
#include "wininet/request_head.h"

static const char *lines_of(const struct wsd_request_shape *shape)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; i < shape->lines.count; i++) {
        strcat(text, shape->lines.lines[i]);
        strcat(text, "|");
    }
    return text;
}

struct row {
    const char *own, *more; /* own: those of HttpAddRequestHeadersA() */
    struct wsd_request_head head;
    HRESULT hr;
    uint64_t length;
    bool has_chunks;
    const char *lines;
};

static const struct row rows[] = {
    {"X: 1",
     NULL,
     {.method = "POST", .total = 30},
     S_OK,
     30,
     false,
     "X: 1|Host: h|Content-Length: 30|User-Agent: a|"},
    {NULL,
     "Y: 2",
     {.method = "POST", .total = 0},
     S_OK,
     0,
     false,
     "Host: h|Content-Length: 0|User-Agent: a|Y: 2|"},
    {NULL, NULL, {.method = "GET"}, S_OK, 0, false, "Host: h|User-Agent: a|"},
    {NULL, NULL, {.method = "HEAD"}, S_OK, 0, false, "Host: h|User-Agent: a|"},
    {NULL,
     NULL,
     {.method = "GET", .total = 1},
     S_OK,
     1,
     false,
     "Host: h|Content-Length: 1|User-Agent: a|"},
    {"X: 1",
     "Y: 2",
     {.method = "POST",
      .flags = INTERNET_FLAG_NO_CACHE_WRITE | INTERNET_FLAG_PRAGMA_NOCACHE |
               INTERNET_FLAG_KEEP_CONNECTION},
     S_OK,
     0,
     false,
     "X: 1|Host: h|Content-Length: 0|User-Agent: a|Pragma: no-cache|Cache-Control: "
     "no-cache|Y: 2|Connection: Keep-Alive|"},
    {NULL,
     NULL,
     {.method = "GET", .flags = INTERNET_FLAG_NO_CACHE_WRITE},
     S_OK,
     0,
     false,
     "Host: h|User-Agent: a|"},
    /* the application's own lines win, wherever they come from */
    {"host: x",
     "User-Agent: y",
     {.method = "POST"},
     S_OK,
     0,
     false,
     "host: x|Content-Length: 0|User-Agent: y|"},
    {"X: 1\nX: 2",
     "x: 3\nx: 4",
     {.method = "GET"},
     S_OK,
     0,
     false,
     "Host: h|User-Agent: a|x: 3|x: 4|"},
    {"Content-Length: 5000000000",
     NULL,
     {.method = "POST", .total = 1},
     S_OK,
     5000000000,
     false,
     "Content-Length: 5000000000|Host: h|User-Agent: a|"},
    {NULL,
     "Content-Length: 7",
     {.method = "POST", .total = 1},
     S_OK,
     7,
     false,
     "Host: h|User-Agent: a|Content-Length: 7|"},
    {"Content-Length: 7",
     NULL,
     {.method = "POST", .total = 1, .is_whole = true},
     S_OK,
     1,
     false,
     "Content-Length: 7|Host: h|User-Agent: a|"},
    /* chunks */
    {"Transfer-Encoding: chunked",
     NULL,
     {.method = "POST"},
     S_OK,
     WSD_LENGTH_UNKNOWN,
     true,
     "Transfer-Encoding: chunked|Host: h|User-Agent: a|"},
    {"Content-Length: 7",
     "Transfer-Encoding: chunked",
     {.method = "POST"},
     S_OK,
     WSD_LENGTH_UNKNOWN,
     true,
     "Host: h|User-Agent: a|Transfer-Encoding: chunked|"},
    {NULL,
     NULL,
     {.method = "POST", .wants_chunks = true},
     S_OK,
     WSD_LENGTH_UNKNOWN,
     false,
     "Host: h|Transfer-Encoding: chunked|User-Agent: a|"},
    {"Transfer-Encoding: chunked",
     NULL,
     {.method = "POST", .wants_chunks = true},
     S_OK,
     WSD_LENGTH_UNKNOWN,
     false,
     "Transfer-Encoding: chunked|Host: h|User-Agent: a|"},
    {NULL,
     NULL,
     {.method = "POST", .wants_chunks = true, .is_http_1_0 = true},
     E_INVALIDARG,
     0,
     false,
     NULL},
    {"Transfer-Encoding: chunked",
     NULL,
     {.method = "POST", .is_http_1_0 = true},
     E_INVALIDARG,
     0,
     false,
     NULL},
    /* what is refused */
    {"Content-Length: x", NULL, {.method = "POST"}, E_INVALIDARG, 0, false, NULL},
    {"Content-Length: -1", NULL, {.method = "POST"}, E_INVALIDARG, 0, false, NULL},
    {"Content-Length: 9223372036854775808",
     NULL,
     {.method = "POST"},
     E_INVALIDARG,
     0,
     false,
     NULL},
    {NULL, "no line", {.method = "POST"}, E_INVALIDARG, 0, false, NULL},
};

static HRESULT shape_row(const struct row *row, struct failing_mem *heap,
                         struct wsd_request_shape *shape)
{
    struct wsd_request_head head = row->head;
    struct wsd_header_list own;
    HRESULT hr = S_OK;

    memset(shape, 0, sizeof(*shape));
    wsd_header_list_init(&own, &heap->mem);
    if (row->own != NULL)
        hr = wsd_header_list_modify(&own, row->own, strlen(row->own),
                                    HTTP_ADDREQ_FLAG_ADD);
    head.host = "h";
    head.agent = "a";
    head.lines = &own;
    head.more = row->more;
    head.more_length = row->more == NULL ? 0 : strlen(row->more);
    if (hr == S_OK)
        hr = wsd_request_head_shape(&head, shape, &heap->mem);
    wsd_header_list_fini(&own);
    return hr;
}

static void shape__of_each_head__is_as_promised(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_request_shape shape;

        assert_int_equal(shape_row(&rows[i], &heap, &shape), rows[i].hr);
        if (rows[i].hr == S_OK) {
            assert_string_equal(lines_of(&shape), rows[i].lines);
            assert_true(shape.length == rows[i].length);
            assert_int_equal(shape.has_chunks, rows[i].has_chunks);
        }
        wsd_request_shape_fini(&shape);
        assert_int_equal(heap.live, 0);
    }
}

static void shape__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_request_shape shape;

        hr = shape_row(&rows[5], &heap, &shape);
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        wsd_request_shape_fini(&shape);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 10, 40);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shape__of_each_head__is_as_promised),
        cmocka_unit_test(shape__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
