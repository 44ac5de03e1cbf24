#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

enum { SAMPLE_SIZE = 1000 };

static void fill_sample(char sample[SAMPLE_SIZE])
{
    for (size_t i = 0; i < SAMPLE_SIZE; i++)
        sample[i] = (char)(i % 251); /* with NULs in it */
}

static void append__pieces_of_any_size__are_laid_end_to_end_with_a_NUL(void **state)
{
    static const size_t pieces[] = {1, 2, 3, 63, 64, 65, 127, 999, 1000};
    char sample[SAMPLE_SIZE];

    (void)state;
    fill_sample(sample);
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_text text;

        wsd_text_init(&text, &heap.mem, SIZE_MAX);
        for (size_t at = 0; at < SAMPLE_SIZE; at += pieces[i]) {
            size_t left = SAMPLE_SIZE - at;
            size_t size = left < pieces[i] ? left : pieces[i];

            assert_int_equal(wsd_text_append(&text, sample + at, size), S_OK);
            assert_int_equal(text.length, at + size);
            assert_int_equal(text.bytes[text.length], '\0');
        }

        assert_memory_equal(text.bytes, sample, SAMPLE_SIZE);
        assert_int_equal(heap.live, 1);
        wsd_text_fini(&text);
        assert_int_equal(heap.live, 0);
    }
}

static void append__byte_by_byte__allocates_rarely(void **state)
{
    struct failing_mem heap = FAILING_MEM(16, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, SIZE_MAX);
    for (size_t i = 0; i < 100000; i++)
        assert_int_equal(wsd_text_append(&text, "x", 1), S_OK);
    wsd_text_fini(&text);
}

static void append__nothing__allocates_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, 0);

    assert_int_equal(wsd_text_append(&text, NULL, 0), S_OK);
    assert_int_equal(wsd_text_append_string(&text, ""), S_OK);

    assert_null(text.bytes);
    wsd_text_fini(&text);
}

static void append__limit__is_reached_but_not_passed(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, 5);
    assert_int_equal(wsd_text_append_string(&text, "abc"), S_OK);
    assert_int_equal(wsd_text_append_string(&text, "de"), S_OK);

    assert_int_equal(wsd_text_append_string(&text, "f"), WS_E_QUOTA_EXCEEDED);

    assert_string_equal(text.bytes, "abcde");
    assert_int_equal(text.length, 5);
    wsd_text_fini(&text);
    assert_int_equal(heap.live, 0);
}

static void append__after_a_failure__repeats_the_error_and_changes_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, 5);
    assert_int_equal(wsd_text_append_string(&text, "abc"), S_OK);
    assert_int_equal(wsd_text_append_string(&text, "too long"), WS_E_QUOTA_EXCEEDED);

    assert_int_equal(wsd_text_append_string(&text, "d"), WS_E_QUOTA_EXCEEDED);
    assert_int_equal(wsd_text_append_string(&text, ""), WS_E_QUOTA_EXCEEDED);

    assert_string_equal(text.bytes, "abc");
    assert_null(wsd_text_detach(&text));
    wsd_text_fini(&text);
    assert_int_equal(heap.live, 0);
}

static void append__size_that_no_memory_holds__is_refused(void **state)
{
    struct failing_mem heap = FAILING_MEM(1, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, SIZE_MAX);
    assert_int_equal(wsd_text_append_string(&text, "abc"), S_OK);
    for (size_t less = 0; less < 8; less++) {
        HRESULT hr = wsd_text_append(&text, "", SIZE_MAX - less); /* reads nothing */

        assert_int_equal(hr, less < 3 ? WS_E_QUOTA_EXCEEDED : E_OUTOFMEMORY);
        assert_string_equal(text.bytes, "abc");
        text.error = S_OK;
    }
    wsd_text_fini(&text);
    assert_int_equal(heap.live, 0);
}

static void append__every_allocation_fails_in_turn__keeps_what_was_there(void **state)
{
    char sample[SAMPLE_SIZE];
    int grants;

    (void)state;
    fill_sample(sample);
    for (grants = 0; grants < 32; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_text text;
        size_t at = 0;

        wsd_text_init(&text, &heap.mem, SIZE_MAX);
        while (at < SAMPLE_SIZE && wsd_text_append(&text, sample + at, 1) == S_OK)
            at++;

        assert_int_equal(text.length, at);
        if (at > 0)
            assert_memory_equal(text.bytes, sample, at);
        assert_int_equal(text.error, at < SAMPLE_SIZE ? E_OUTOFMEMORY : S_OK);
        wsd_text_fini(&text);
        assert_int_equal(heap.live, 0);
        if (at == SAMPLE_SIZE)
            break;
    }
    assert_in_range(grants, 1, 31);
}

static void detach__text__hands_the_bytes_over_and_leaves_it_empty(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text text;
    char *first, *second;

    (void)state;
    wsd_text_init(&text, &heap.mem, 4);
    assert_int_equal(wsd_text_append_string(&text, "abcd"), S_OK);
    first = wsd_text_detach(&text);

    assert_int_equal(wsd_text_append_string(&text, "efgh"), S_OK);
    assert_int_equal(wsd_text_append_string(&text, "i"), WS_E_QUOTA_EXCEEDED);
    wsd_text_fini(&text);
    wsd_text_init(&text, &heap.mem, 4);
    second = wsd_text_detach(&text);

    assert_string_equal(first, "abcd");
    assert_string_equal(second, "");
    wsd_free(&heap.mem, first);
    wsd_free(&heap.mem, second);
    wsd_text_fini(&text);
    assert_int_equal(heap.live, 0);
}

static void detach__empty_text_without_memory__is_NULL(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, &heap.mem, SIZE_MAX);
    assert_null(wsd_text_detach(&text));
}

static void fini__zeroed_or_twice__is_safe(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text text = {0};

    (void)state;
    wsd_text_fini(&text);
    wsd_text_init(&text, &heap.mem, SIZE_MAX);
    assert_int_equal(wsd_text_append_string(&text, "x"), S_OK);
    wsd_text_fini(&text);
    wsd_text_fini(&text);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(append__pieces_of_any_size__are_laid_end_to_end_with_a_NUL),
        cmocka_unit_test(append__byte_by_byte__allocates_rarely),
        cmocka_unit_test(append__nothing__allocates_nothing),
        cmocka_unit_test(append__limit__is_reached_but_not_passed),
        cmocka_unit_test(append__after_a_failure__repeats_the_error_and_changes_nothing),
        cmocka_unit_test(append__size_that_no_memory_holds__is_refused),
        cmocka_unit_test(append__every_allocation_fails_in_turn__keeps_what_was_there),
        cmocka_unit_test(detach__text__hands_the_bytes_over_and_leaves_it_empty),
        cmocka_unit_test(detach__empty_text_without_memory__is_NULL),
        cmocka_unit_test(fini__zeroed_or_twice__is_safe),
    };

    return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
