#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "wininet/header_list.h"
#include "wininet/internet_error.h"

#define ADD HTTP_ADDREQ_FLAG_ADD
#define REPLACE HTTP_ADDREQ_FLAG_REPLACE

/* All lines, each with "|" behind it. */
static const char *lines_of(const struct wsd_header_list *list)
{
    static char text[512];

    text[0] = '\0';
    for (size_t i = 0; i < list->count; i++) {
        strcat(text, list->lines[i]);
        strcat(text, "|");
    }
    return text;
}

static HRESULT modify(struct wsd_header_list *list, const char *text, DWORD modifiers)
{
    return wsd_header_list_modify(list, text, strlen(text), modifiers);
}

static void modify__each_way__does_what_is_promised(void **state)
{
    static const struct {
        const char *text;
        DWORD modifiers;
        HRESULT hr;
        const char *lines;
    } rows[] = {
        {"C: 3", ADD, S_OK, "A: 1|B: 2|a: 4|C: 3|"},
        {"A: 3", 0, S_OK, "A: 1|B: 2|a: 4|A: 3|"},
        {"C:3 \t", ADD, S_OK, "A: 1|B: 2|a: 4|C: 3|"},
        {"C: 3\r\nD: 4\r\n", ADD, S_OK, "A: 1|B: 2|a: 4|C: 3|D: 4|"},
        {"\n\rC: 3\r\n\r\nD: 4\n\n", ADD, S_OK, "A: 1|B: 2|a: 4|C: 3|D: 4|"},
        {"a: 3", REPLACE, S_OK, "B: 2|a: 4|a: 3|"},
        {"A:", REPLACE, S_OK, "B: 2|a: 4|"},
        {"A:", REPLACE | ADD, S_OK, "B: 2|a: 4|"},
        {"C: 3", REPLACE | ADD, S_OK, "A: 1|B: 2|a: 4|C: 3|"},
        {"C:", REPLACE | ADD, S_OK, "A: 1|B: 2|a: 4|"},
        {"C: 3", HTTP_ADDREQ_FLAG_ADD_IF_NEW, S_OK, "A: 1|B: 2|a: 4|C: 3|"},
        {"b: 3", HTTP_ADDREQ_FLAG_COALESCE, S_OK, "A: 1|B: 2, 3|a: 4|"},
        {"a: 3", HTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON, S_OK, "A: 1; 3|B: 2|a: 4|"},
        {"C: 3", HTTP_ADDREQ_FLAG_COALESCE, S_OK, "A: 1|B: 2|a: 4|C: 3|"},
        {"A: \xc3\xa4\t!", ADD, S_OK, "A: 1|B: 2|a: 4|A: \xc3\xa4\t!|"},
        {"b: 3", HTTP_ADDREQ_FLAG_ADD_IF_NEW, INTERNET_E(HTTP_HEADER_ALREADY_EXISTS),
         NULL},
        {"C: 3", REPLACE, INTERNET_E(HTTP_HEADER_NOT_FOUND), NULL},
        {"C: 3\r\nC", ADD, E_INVALIDARG, NULL},
        {"C: 3\r\nC 4: 4", ADD, E_INVALIDARG, NULL},
        {"C : 3", ADD, E_INVALIDARG, NULL},
        {": 3", ADD, E_INVALIDARG, NULL},
        {"C: a\x01z", ADD, E_INVALIDARG, NULL},
        {"C:", ADD, E_INVALIDARG, NULL},
        {"C: \t", HTTP_ADDREQ_FLAG_COALESCE, E_INVALIDARG, NULL},
        {"\r\n", ADD, E_INVALIDARG, NULL},
        {"", ADD, E_INVALIDARG, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_header_list list;

        wsd_header_list_init(&list, &heap.mem);
        assert_int_equal(modify(&list, "A: 1\nB: 2\na: 4", ADD), S_OK);
        assert_int_equal(modify(&list, rows[i].text, rows[i].modifiers), rows[i].hr);
        assert_string_equal(lines_of(&list),
                            rows[i].lines == NULL ? "A: 1|B: 2|a: 4|" : rows[i].lines);
        wsd_header_list_fini(&list);
        assert_int_equal(heap.live, 0);
    }
}

static void find__counts_those_of_the_name(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_header_list list;

    (void)state;
    wsd_header_list_init(&list, &heap.mem);
    assert_int_equal(modify(&list, "A: 1\nAB: 2\na: 3", ADD), S_OK);
    assert_string_equal(wsd_header_list_find(&list, "a", 0), "1");
    assert_string_equal(wsd_header_list_find(&list, "A", 1), "3");
    assert_null(wsd_header_list_find(&list, "A", 2));
    assert_string_equal(wsd_header_list_find(&list, "aB", 0), "2");
    assert_true(wsd_header_list_has(&list, "AB"));
    assert_false(wsd_header_list_has(&list, "B"));
    wsd_header_list_fini(&list);
}

static void remove__takes_those_before_the_limit(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_header_list list;

    (void)state;
    wsd_header_list_init(&list, &heap.mem);
    assert_int_equal(modify(&list, "A: 1\nB: 2\na: 3\nA: 4", ADD), S_OK);
    assert_int_equal(wsd_header_list_remove(&list, "A: x", 3), 2);
    assert_string_equal(lines_of(&list), "B: 2|A: 4|");
    assert_int_equal(wsd_header_list_remove(&list, "A", 1), 0);
    wsd_header_list_fini(&list);
    assert_int_equal(heap.live, 0);
}

static void modify__every_allocation_fails_in_turn__changes_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_header_list list;

        wsd_header_list_init(&list, &heap.mem);
        assert_int_equal(modify(&list, "A: 1", ADD), S_OK);
        heap.grants = grants;
        hr = modify(&list, "A: 2", HTTP_ADDREQ_FLAG_COALESCE);
        assert_string_equal(lines_of(&list), hr == S_OK ? "A: 1, 2|" : "A: 1|");
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        wsd_header_list_fini(&list);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 2, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(modify__each_way__does_what_is_promised),
        cmocka_unit_test(find__counts_those_of_the_name),
        cmocka_unit_test(remove__takes_those_before_the_limit),
        cmocka_unit_test(modify__every_allocation_fails_in_turn__changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
