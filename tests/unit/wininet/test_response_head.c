#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "wininet/response_head.h"

/* Pushes all lines of a text. */
static HRESULT push(struct wsd_response_head *head, const char *text)
{
    HRESULT hr = S_OK;

    while (hr == S_OK && *text != '\0') {
        size_t size = strcspn(text, "\n") + 1;

        hr = wsd_response_head_push(head, text, size);
        text += size;
    }
    return hr;
}

static void parse__head__has_its_parts(void **state)
{
    static const struct {
        const char *text, *version, *reason;
        int status;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nA: b\r\n\r\n", "HTTP/1.1", "OK", 200},
        {"HTTP/1.0 404 Not Found\nA:b \n\n", "HTTP/1.0", "Not Found", 404},
        {"HTTP/1.1 200\r\nA: \t b\r\n\r\n", "HTTP/1.1", "", 200},
        {"HTTP/1.1 410 \r\nA: b\t\r\n\r\n", "HTTP/1.1", "", 410},
        {"HTTP/1.1 200 2 OK\r\njunk\r\nHTTP/1.1 500 X\r\n: no\r\n A: c\r\nA: b\r\n\r\n",
         "HTTP/1.1", "2 OK", 200},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_response_head head;

        wsd_response_head_init(&head, &heap.mem);
        assert_int_equal(push(&head, rows[i].text), S_OK);
        assert_true(head.is_complete);
        assert_int_equal(wsd_response_head_parse(&head), S_OK);
        assert_int_equal(head.status, rows[i].status);
        assert_string_equal(head.version, rows[i].version);
        assert_string_equal(head.reason, rows[i].reason);
        assert_string_equal(head.raw.bytes, rows[i].text);
        assert_int_equal(head.lines.count, 1);
        assert_string_equal(head.lines.lines[0], "A: b");
        wsd_response_head_fini(&head);
        assert_int_equal(heap.live, 0);
    }
}

static void push__interim_heads_and_trailers__are_left_out(void **state)
{
    static const char final[] = "HTTP/1.1 204 None\r\nA: b\r\n\r\n";
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_response_head head;

    (void)state;
    wsd_response_head_init(&head, &heap.mem);
    assert_int_equal(push(&head, "HTTP/1.1 100 Continue\r\n\r\n"), S_OK);
    assert_false(head.is_complete);
    assert_int_equal(push(&head, "HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"), S_OK);
    assert_false(head.is_complete);
    assert_int_equal(push(&head, "HTTP/1.1 204 None\r\nA: b\r\n"), S_OK);
    assert_false(head.is_complete);
    assert_int_equal(push(&head, "\r\n"), S_OK);
    assert_true(head.is_complete);
    assert_int_equal(push(&head, "Trailer: x\r\n\r\n"), S_OK);
    assert_string_equal(head.raw.bytes, final);
    assert_int_equal(push(&head, "HTTP/1.1 200 Behind it\r\n"), S_OK);
    assert_false(head.is_complete);
    assert_string_equal(head.raw.bytes, "HTTP/1.1 200 Behind it\r\n");
    wsd_response_head_fini(&head);
    assert_int_equal(heap.live, 0);
}

static void head__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_response_head head;

        wsd_response_head_init(&head, &heap.mem);
        hr = push(&head, "HTTP/1.1 200 OK\r\nA: b\r\n\r\n");
        if (hr == S_OK)
            hr = wsd_response_head_parse(&head);
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        wsd_response_head_fini(&head);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 4, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__head__has_its_parts),
        cmocka_unit_test(push__interim_heads_and_trailers__are_left_out),
        cmocka_unit_test(head__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
