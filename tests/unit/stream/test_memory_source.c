#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream/memory_source.h"

static const char sample[] = "nineteen characters";
enum { SAMPLE_SIZE = sizeof(sample) - 1 };

static void pull__every_capacity__gives_the_bytes_then_the_end(void **state)
{
    (void)state;
    for (size_t capacity = 1; capacity <= SAMPLE_SIZE + 2; capacity++) {
        struct wsd_memory_source memory;
        struct wsd_body_source *source = &memory.source;
        uint8_t *buffer = malloc(capacity); /* exact: the sanitizers see an overrun */
        size_t at = 0, size;

        assert_non_null(buffer);
        wsd_memory_source_init(&memory, sample, SAMPLE_SIZE);
        while (source->vtable->pull(source, buffer, capacity, &size) == WSD_PULL_BYTES) {
            size_t left = SAMPLE_SIZE - at;

            assert_int_equal(size, left < capacity ? left : capacity);
            assert_memory_equal(buffer, sample + at, size);
            at += size;
        }
        assert_int_equal(at, SAMPLE_SIZE);
        for (int again = 0; again < 2; again++) {
            size = 99;
            assert_int_equal(source->vtable->pull(source, buffer, capacity, &size),
                             WSD_PULL_END);
            assert_int_equal(size, 0);
        }
        source->vtable->sent(source);
        free(buffer);
    }
}

static void pull__no_bytes__is_the_end_at_once(void **state)
{
    struct wsd_memory_source memory;
    uint8_t byte;
    size_t size = 99;

    (void)state;
    wsd_memory_source_init(&memory, NULL, 0);

    assert_int_equal(memory.source.vtable->pull(&memory.source, &byte, 1, &size),
                     WSD_PULL_END);
    assert_int_equal(size, 0);
}

static void rewind__anywhere_and_after_sent__begins_again(void **state)
{
    struct wsd_memory_source memory;
    struct wsd_body_source *source = &memory.source;
    uint8_t buffer[SAMPLE_SIZE];
    size_t size;

    (void)state;
    wsd_memory_source_init(&memory, sample, SAMPLE_SIZE);
    for (size_t capacity = 1; capacity <= SAMPLE_SIZE; capacity++) {
        assert_int_equal(source->vtable->pull(source, buffer, capacity, &size),
                         WSD_PULL_BYTES);
        assert_int_equal(size, capacity);
        assert_memory_equal(buffer, sample, size);
        if (capacity == SAMPLE_SIZE)
            source->vtable->sent(source);
        assert_true(source->vtable->can_rewind(source));
        assert_true(source->vtable->rewind(source));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pull__every_capacity__gives_the_bytes_then_the_end),
        cmocka_unit_test(pull__no_bytes__is_the_end_at_once),
        cmocka_unit_test(rewind__anywhere_and_after_sent__begins_again),
    };

    return cmocka_run_group_tests_name("memory_source", tests, NULL, NULL);
}
