#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "support/failing_mem.h"

static void *alloc_of_something(size_t size, void *user)
{
    void *block = malloc(size);

    (void)user;
    return block == NULL ? NULL : memset(block, 0xFF, size);
}

static void *alloc_as_some_libraries_do(size_t size, void *user)
{
    (void)user;
    return size == 0 ? NULL : calloc(1, size);
}

static void plain_release(void *block, void *user)
{
    (void)user;
    free(block);
}

static void alloc__any_size__is_zeroed_whatever_the_allocator_gives(void **state)
{
    static const size_t sizes[] = {0, 1, 7, 4096, 100000};
    const struct wsd_mem mem = {alloc_of_something, plain_release, NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *block = wsd_alloc(&mem, sizes[i]);

        assert_non_null(block);
        for (size_t at = 0; at < sizes[i]; at++)
            assert_int_equal(block[at], 0);
        wsd_free(&mem, block);
    }
}

static void alloc_buffer__any_size__can_be_used_and_released(void **state)
{
    static const size_t sizes[] = {0, 1, 4096, (size_t)1 << 30};

    (void)state;
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        uint8_t *block = wsd_alloc_buffer(wsd_mem_heap(), sizes[i]);

        assert_non_null(block);
        memset(block, 0xFF, sizes[i] < 4096 ? sizes[i] : 4096);
        wsd_free(wsd_mem_heap(), block);
    }
}

static void
alloc__size_0_of_an_allocator_that_gives_NULL__is_not_out_of_memory(void **state)
{
    const struct wsd_mem mem = {alloc_as_some_libraries_do, plain_release, NULL};
    void *block = wsd_alloc(&mem, 0);

    (void)state;
    assert_non_null(block);
    wsd_free(&mem, block);
}

static void copy__bytes__are_followed_by_a_NUL(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    char *copy = wsd_copy(&heap.mem, "ab\0cd", 5);

    (void)state;
    assert_memory_equal(copy, "ab\0cd", 6);
    wsd_free(&heap.mem, copy);

    copy = wsd_copy(&heap.mem, NULL, 0);

    assert_string_equal(copy, "");
    wsd_free(&heap.mem, copy);
    assert_int_equal(heap.live, 0);
}

static void copy__no_memory_or_a_size_without_room_for_the_NUL__is_NULL(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);

    (void)state;
    assert_null(wsd_copy(&heap.mem, "a", 1));
    heap.grants = -1;
    assert_null(wsd_copy(&heap.mem, "a", SIZE_MAX));
    assert_int_equal(heap.live, 0);
}

static void free__NULL__does_nothing(void **state)
{
    (void)state;
    wsd_free(wsd_mem_heap(), NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(alloc__any_size__is_zeroed_whatever_the_allocator_gives),
        cmocka_unit_test(alloc_buffer__any_size__can_be_used_and_released),
        cmocka_unit_test(
            alloc__size_0_of_an_allocator_that_gives_NULL__is_not_out_of_memory),
        cmocka_unit_test(copy__bytes__are_followed_by_a_NUL),
        cmocka_unit_test(copy__no_memory_or_a_size_without_room_for_the_NUL__is_NULL),
        cmocka_unit_test(free__NULL__does_nothing),
    };

    return cmocka_run_group_tests_name("mem", tests, NULL, NULL);
}
