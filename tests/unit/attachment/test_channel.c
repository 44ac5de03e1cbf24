#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <string.h>

#include "attachment/channel.h"
#include "support/failing_mem.h"

struct fixture {
    struct failing_mem heap;
    struct wsd_monitor monitor;
    struct wsd_channel channel;
};

static void make(struct fixture *f, size_t capacity)
{
    f->heap = (struct failing_mem)FAILING_MEM(-1, &f->heap);
    assert_int_equal(wsd_monitor_init(&f->monitor), S_OK);
    wsd_channel_init(&f->channel, &f->monitor);
    wsd_monitor_enter(&f->monitor);
    assert_int_equal(wsd_channel_open_locked(&f->channel, capacity, &f->heap.mem), S_OK);
}

static void unmake(struct fixture *f)
{
    wsd_monitor_leave(&f->monitor);
    wsd_channel_fini(&f->channel);
    assert_int_equal(f->heap.live, 0);
    wsd_monitor_fini(&f->monitor);
}

static void fill_and_drain__any_sizes__keep_order_across_the_wrap(void **state)
{
    static const struct {
        size_t capacity, fill, drain;
    } rows[] = {{1, 1, 1}, {1, 9, 9}, {7, 3, 5}, {7, 7, 1}, {8, 5, 3}, {64, 100, 64}};

    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct fixture f;
        uint8_t in[128], out[128];
        uint8_t next_in = 0, next_out = 0;

        make(&f, rows[r].capacity);
        for (int round = 0; round < 300; round++) {
            size_t filled, drained;

            for (size_t i = 0; i < rows[r].fill; i++)
                in[i] = (uint8_t)(next_in + i);
            filled = wsd_channel_fill_locked(&f.channel, in, rows[r].fill);
            next_in = (uint8_t)(next_in + filled);
            drained = wsd_channel_drain_locked(&f.channel, out, rows[r].drain);
            for (size_t i = 0; i < drained; i++)
                assert_int_equal(out[i], (uint8_t)(next_out + i));
            next_out = (uint8_t)(next_out + drained);
            assert_true(drained > 0);
        }
        assert_int_equal((uint8_t)(next_in - next_out), f.channel.ring.used);
        unmake(&f);
    }
}

static void fill__more_than_fits__takes_exactly_the_capacity(void **state)
{
    struct fixture f;
    uint8_t bytes[8] = "abcdefg";

    (void)state;
    make(&f, 5);
    assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 8), 5);
    assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 8), 0);
    unmake(&f);
}

/* At every fill of every ring, drained to every place. */
static void rewind__as_long_as_nothing_is_overwritten__begins_again(void **state)
{
    uint8_t in[32], out[32];

    (void)state;
    for (size_t i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)i;
    for (size_t capacity = 1; capacity <= 9; capacity++)
        for (size_t first = 0; first <= capacity; first++)
            for (size_t drained = 0; drained <= first; drained++)
                for (size_t more = 0; more <= capacity - first + drained; more++) {
                    size_t filled = first + more;
                    struct fixture f;

                    make(&f, capacity);
                    assert_int_equal(wsd_channel_fill_locked(&f.channel, in, first),
                                     first);
                    assert_int_equal(wsd_channel_drain_locked(&f.channel, out, drained),
                                     drained);
                    assert_int_equal(
                        wsd_channel_fill_locked(&f.channel, in + first, more), more);
                    assert_int_equal(wsd_channel_has_all_locked(&f.channel),
                                     filled <= capacity);
                    for (int twice = 0; filled <= capacity && twice < 2; twice++) {
                        wsd_channel_rewind_locked(&f.channel);
                        memset(out, 0xEE, sizeof(out));
                        assert_int_equal(
                            wsd_channel_drain_locked(&f.channel, out, sizeof(out)),
                            filled);
                        assert_memory_equal(out, in, filled);
                    }
                    unmake(&f);
                }
}

/* Its bytes may already be where the first ones were. */
static void rewind__while_a_fill_copies_over_the_first_byte__is_refused(void **state)
{
    uint8_t bytes[4] = "abc";
    struct fixture f;

    (void)state;
    make(&f, 3);
    assert_true(wsd_channel_has_all_locked(&f.channel));
    assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 3), 3);
    assert_int_equal(wsd_channel_drain_locked(&f.channel, bytes, 3), 3);
    assert_true(wsd_channel_has_all_locked(&f.channel));
    f.channel.claimed = 4; /* as in the middle of the copy */
    assert_false(wsd_channel_has_all_locked(&f.channel));
    f.channel.claimed = 3;
    wsd_channel_drop_locked(&f.channel);
    assert_false(wsd_channel_has_all_locked(&f.channel));
    unmake(&f);
}

static void open__no_memory__fails_and_can_be_tried_again(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_monitor monitor;
    struct wsd_channel channel;
    uint8_t byte = 1;

    (void)state;
    assert_int_equal(wsd_monitor_init(&monitor), S_OK);
    wsd_channel_init(&channel, &monitor);
    wsd_monitor_enter(&monitor);
    assert_int_equal(wsd_channel_open_locked(&channel, 4, &heap.mem), E_OUTOFMEMORY);
    assert_int_equal(wsd_channel_fill_locked(&channel, &byte, 1), 0);
    assert_int_equal(wsd_channel_drain_locked(&channel, &byte, 1), 0);
    heap.grants = 1;
    assert_int_equal(wsd_channel_open_locked(&channel, 4, &heap.mem), S_OK);
    assert_int_equal(wsd_channel_open_locked(&channel, 4, &heap.mem), S_OK); /* has it */
    assert_int_equal(wsd_channel_fill_locked(&channel, &byte, 1), 1);
    wsd_monitor_leave(&monitor);
    wsd_channel_fini(&channel);
    assert_int_equal(heap.live, 0);
    wsd_monitor_fini(&monitor);
}

static void drop__idle__frees_at_once_and_nothing_moves_any_more(void **state)
{
    struct fixture f;
    uint8_t bytes[4] = "abc";

    (void)state;
    make(&f, 4);
    assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 3), 3);
    wsd_channel_drop_locked(&f.channel);
    assert_int_equal(f.heap.live, 0);
    assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 3), 0);
    assert_int_equal(wsd_channel_drain_locked(&f.channel, bytes, 3), 0);
    wsd_channel_drop_locked(&f.channel);
    unmake(&f);
}

static void drop__during_a_copy__waits_for_its_end_to_free(void **state)
{
    struct fixture f;

    (void)state;
    make(&f, 4);
    f.channel.copying = 1; /* as the other end does while it copies without the lock */
    wsd_channel_drop_locked(&f.channel);
    assert_int_equal(f.heap.live, 1);
    f.channel.copying = 0;
    wsd_channel_drop_locked(&f.channel);
    assert_int_equal(f.heap.live, 0);
    unmake(&f);
}

static void trim__whatever_is_stored__needs_no_more_and_keeps_it(void **state)
{
    (void)state;
    for (size_t used = 0; used <= 4; used++) {
        struct fixture f;
        uint8_t bytes[4] = "abc", out[4];

        make(&f, 4);
        assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 3), 3);
        assert_int_equal(wsd_channel_drain_locked(&f.channel, out, 3), 3);
        wsd_channel_fill_locked(&f.channel, bytes, used); /* across the wrap */
        wsd_channel_trim_locked(&f.channel);
        assert_int_equal(f.channel.ring.capacity, used);
        assert_int_equal(f.heap.live, used > 0);
        assert_int_equal(wsd_channel_drain_locked(&f.channel, out, 4), used);
        assert_memory_equal(out, bytes, used);
        unmake(&f);
    }
}

/* Without the memory for a smaller ring, or while the other end copies. */
static void trim__not_now__leaves_all_as_it_is(void **state)
{
    (void)state;
    for (unsigned copying = 0; copying < 2; copying++) {
        struct fixture f;
        uint8_t bytes[4] = "abc", out[4];

        make(&f, 4);
        assert_int_equal(wsd_channel_fill_locked(&f.channel, bytes, 3), 3);
        f.heap.grants = copying ? -1 : 0;
        f.channel.copying = copying;
        wsd_channel_trim_locked(&f.channel);
        f.channel.copying = 0;
        assert_int_equal(f.channel.ring.capacity, 4);
        assert_int_equal(wsd_channel_drain_locked(&f.channel, out, 4), 3);
        assert_memory_equal(out, bytes, 3);
        unmake(&f);
    }
}

enum { RACE_BYTES = 200000 };

static void *drain_all(void *argument)
{
    struct fixture *f = argument;
    uint8_t next = 0;
    size_t total = 0;

    wsd_monitor_enter(&f->monitor);
    while (total < RACE_BYTES) {
        uint8_t out[37];
        size_t n = wsd_channel_drain_locked(&f->channel, out, sizeof(out));

        for (size_t i = 0; i < n; i++)
            if (out[i] != next++)
                total = SIZE_MAX / 2; /* seen by the test as a wrong total */
        total += n;
        if (n > 0)
            wsd_monitor_wake_all(&f->monitor);
        else
            wsd_monitor_wait_until(&f->monitor, UINT64_MAX);
    }
    wsd_monitor_leave(&f->monitor);
    return total == RACE_BYTES ? f : NULL;
}

static void fill_and_drain__on_two_threads__lose_and_mix_nothing(void **state)
{
    struct fixture f;
    pthread_t thread;
    void *result = NULL;
    uint8_t next = 0;
    size_t total = 0;

    (void)state;
    make(&f, 61);
    assert_int_equal(pthread_create(&thread, NULL, drain_all, &f), 0);
    while (total < RACE_BYTES) {
        uint8_t in[53];
        size_t want = RACE_BYTES - total < sizeof(in) ? RACE_BYTES - total : sizeof(in);
        size_t n;

        for (size_t i = 0; i < want; i++)
            in[i] = (uint8_t)(next + i);
        n = wsd_channel_fill_locked(&f.channel, in, want);
        next = (uint8_t)(next + n);
        total += n;
        if (n > 0)
            wsd_monitor_wake_all(&f.monitor);
        else
            wsd_monitor_wait_until(&f.monitor, UINT64_MAX);
    }
    wsd_monitor_leave(&f.monitor);
    pthread_join(thread, &result);
    wsd_monitor_enter(&f.monitor);
    assert_ptr_equal(result, &f);
    unmake(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fill_and_drain__any_sizes__keep_order_across_the_wrap),
        cmocka_unit_test(fill__more_than_fits__takes_exactly_the_capacity),
        cmocka_unit_test(rewind__as_long_as_nothing_is_overwritten__begins_again),
        cmocka_unit_test(rewind__while_a_fill_copies_over_the_first_byte__is_refused),
        cmocka_unit_test(open__no_memory__fails_and_can_be_tried_again),
        cmocka_unit_test(drop__idle__frees_at_once_and_nothing_moves_any_more),
        cmocka_unit_test(drop__during_a_copy__waits_for_its_end_to_free),
        cmocka_unit_test(trim__whatever_is_stored__needs_no_more_and_keeps_it),
        cmocka_unit_test(trim__not_now__leaves_all_as_it_is),
        cmocka_unit_test(fill_and_drain__on_two_threads__lose_and_mix_nothing),
    };

    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
