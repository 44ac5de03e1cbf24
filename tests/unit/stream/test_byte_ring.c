#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "stream/byte_ring.h"
#include "support/failing_mem.h"

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Stores up to `size` bytes of the counting sequence; returns how many. */
static size_t push(struct wsd_ring *ring, size_t size, uint8_t *next)
{
    size_t left = size;

    while (left > 0) {
        uint8_t *span;
        size_t run = min_size(wsd_ring_reserve(ring, &span), left);

        if (run == 0)
            break;
        for (size_t i = 0; i < run; i++)
            span[i] = (*next)++;
        wsd_ring_commit(ring, run);
        left -= run;
    }
    return size - left;
}

static size_t drain(struct wsd_ring *ring, size_t size, uint8_t *next)
{
    size_t left = size;

    while (left > 0) {
        const uint8_t *span;
        size_t run = min_size(wsd_ring_peek(ring, &span), left);

        if (run == 0)
            break;
        for (size_t i = 0; i < run; i++)
            assert_int_equal(span[i], (*next)++);
        wsd_ring_consume(ring, run);
        left -= run;
    }
    return size - left;
}

static void check_order(size_t capacity, size_t push_size, size_t drain_size)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_ring ring;
    uint8_t pushed = 0, drained = 0;
    size_t stored = 0;

    assert_int_equal(wsd_ring_init(&ring, capacity, &heap.mem), S_OK);
    for (int round = 0; round < 300; round++) {
        assert_int_equal(push(&ring, push_size, &pushed),
                         min_size(push_size, capacity - stored));
        stored = min_size(stored + push_size, capacity);
        assert_int_equal(ring.used, stored);

        assert_int_equal(drain(&ring, drain_size, &drained),
                         min_size(drain_size, stored));
        stored -= min_size(drain_size, stored);
        assert_int_equal(ring.used, stored);
    }
    wsd_ring_fini(&ring);
    assert_int_equal(heap.live, 0);
}

static void ring__any_sizes__keeps_order_and_never_overwrites(void **state)
{
    static const size_t capacities[] = {1, 2, 3, 7, 8, 4095, 4096, 4097};
    static const size_t sizes[] = {1, 2, 3, 5, 7, 8, 64, 4096};

    (void)state;
    for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++) {
        for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
            for (size_t o = 0; o < sizeof(sizes) / sizeof(sizes[0]); o++)
                check_order(capacities[c], sizes[i], sizes[o]);
        }
    }
}

static void spans__full_or_empty_ring__are_empty(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_ring ring;
    const uint8_t *stored;
    uint8_t *room, next = 0;

    (void)state;
    assert_int_equal(wsd_ring_init(&ring, 4, &heap.mem), S_OK);
    for (size_t head = 0; head < 8; head++) { /* at every position */
        assert_int_equal(wsd_ring_peek(&ring, &stored), 0);
        assert_int_equal(push(&ring, 9, &next), 4);
        assert_int_equal(wsd_ring_reserve(&ring, &room), 0);
        wsd_ring_consume(&ring, 4);
        wsd_ring_commit(&ring, 1);
        wsd_ring_consume(&ring, 1);
    }
    wsd_ring_fini(&ring);
}

static void spans__wrapped__are_two_runs_up_to_the_end_and_from_the_start(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_ring ring;
    const uint8_t *stored;
    uint8_t *room;

    (void)state;
    assert_int_equal(wsd_ring_init(&ring, 8, &heap.mem), S_OK);
    wsd_ring_commit(&ring, 6);
    wsd_ring_consume(&ring, 5);

    assert_int_equal(wsd_ring_reserve(&ring, &room), 2);
    assert_ptr_equal(room, ring.bytes + 6);
    wsd_ring_commit(&ring, 2);
    assert_int_equal(wsd_ring_reserve(&ring, &room), 5);
    assert_ptr_equal(room, ring.bytes);
    wsd_ring_commit(&ring, 5);

    assert_int_equal(wsd_ring_peek(&ring, &stored), 3);
    assert_ptr_equal(stored, ring.bytes + 5);
    wsd_ring_consume(&ring, 3);
    assert_int_equal(wsd_ring_peek(&ring, &stored), 5);
    assert_ptr_equal(stored, ring.bytes);
    wsd_ring_fini(&ring);
}

/* What makes copying without a lock possible. */
static void reserve__consumed_to_empty_before_commit__stays_where_it_was(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_ring ring;
    const uint8_t *stored;
    uint8_t *room, next = 0;

    (void)state;
    assert_int_equal(wsd_ring_init(&ring, 8, &heap.mem), S_OK);
    assert_int_equal(push(&ring, 3, &next), 3);
    assert_int_equal(wsd_ring_reserve(&ring, &room), 5);
    memcpy(room, "abc", 3);

    wsd_ring_consume(&ring, 3);
    wsd_ring_commit(&ring, 3);

    assert_int_equal(wsd_ring_peek(&ring, &stored), 3);
    assert_memory_equal(stored, "abc", 3);
    wsd_ring_fini(&ring);
}

/* At every fill, whatever was consumed of it, and from every place in the ring. */
static void restore__what_is_not_overwritten__comes_again(void **state)
{
    enum { CAPACITY = 7 };

    (void)state;
    for (size_t start = 0; start < CAPACITY; start++)
        for (size_t fill = 0; fill <= CAPACITY; fill++)
            for (size_t consumed = 0; consumed <= fill; consumed++)
                for (size_t restored = 0; restored <= consumed; restored++) {
                    struct failing_mem heap = FAILING_MEM(-1, &heap);
                    struct wsd_ring ring;
                    uint8_t in = 0, out = 0;

                    assert_int_equal(wsd_ring_init(&ring, CAPACITY, &heap.mem), S_OK);
                    assert_int_equal(push(&ring, start, &in), start);
                    assert_int_equal(drain(&ring, start, &out), start);
                    assert_int_equal(push(&ring, fill, &in), fill);
                    assert_int_equal(drain(&ring, consumed, &out), consumed);
                    wsd_ring_restore(&ring, restored);
                    out = (uint8_t)(out - restored);
                    assert_int_equal(ring.used, fill - consumed + restored);
                    /* What is put in behind it stands behind it. */
                    push(&ring, CAPACITY, &in);
                    assert_int_equal(ring.used, CAPACITY);
                    assert_int_equal(drain(&ring, CAPACITY, &out), CAPACITY);
                    wsd_ring_fini(&ring);
                }
}

static void init__out_of_memory__is_safe_to_fini(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_ring ring;

    (void)state;
    memset(&ring, 0xFF, sizeof(ring));
    assert_int_equal(wsd_ring_init(&ring, 16, &heap.mem), E_OUTOFMEMORY);
    wsd_ring_fini(&ring);
    assert_int_equal(heap.live, 0);
}

static void fini__zeroed_or_twice__is_safe(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_ring ring = {0};

    (void)state;
    wsd_ring_fini(&ring);
    assert_int_equal(wsd_ring_init(&ring, 16, &heap.mem), S_OK);
    wsd_ring_fini(&ring);
    wsd_ring_fini(&ring);
    assert_int_equal(heap.live, 0);
}

/* ---- one producer, one consumer: calls under a lock, copies outside ---------------- */

enum { SHARED_CAPACITY = 61, SHARED_TOTAL = 20000 };

struct shared {
    struct wsd_ring ring;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

static void *produce(void *argument)
{
    struct shared *shared = argument;
    uint8_t next = 0;

    for (size_t left = SHARED_TOTAL; left > 0;) {
        uint8_t *span;
        size_t run;

        pthread_mutex_lock(&shared->lock);
        while ((run = wsd_ring_reserve(&shared->ring, &span)) == 0)
            pthread_cond_wait(&shared->changed, &shared->lock);
        pthread_mutex_unlock(&shared->lock);

        run = min_size(run, left);
        for (size_t i = 0; i < run; i++)
            span[i] = next++;

        pthread_mutex_lock(&shared->lock);
        wsd_ring_commit(&shared->ring, run);
        pthread_cond_signal(&shared->changed);
        pthread_mutex_unlock(&shared->lock);
        left -= run;
    }
    return NULL;
}

static void ring__two_threads__may_copy_without_the_lock(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct shared shared = {.lock = PTHREAD_MUTEX_INITIALIZER,
                            .changed = PTHREAD_COND_INITIALIZER};
    pthread_t producer;
    uint8_t next = 0;

    (void)state;
    assert_int_equal(wsd_ring_init(&shared.ring, SHARED_CAPACITY, &heap.mem), S_OK);
    assert_int_equal(pthread_create(&producer, NULL, produce, &shared), 0);
    for (size_t left = SHARED_TOTAL; left > 0;) {
        const uint8_t *span;
        size_t run;

        pthread_mutex_lock(&shared.lock);
        while ((run = wsd_ring_peek(&shared.ring, &span)) == 0)
            pthread_cond_wait(&shared.changed, &shared.lock);
        pthread_mutex_unlock(&shared.lock);

        for (size_t i = 0; i < run; i++)
            assert_int_equal(span[i], next++);

        pthread_mutex_lock(&shared.lock);
        wsd_ring_consume(&shared.ring, run);
        pthread_cond_signal(&shared.changed);
        pthread_mutex_unlock(&shared.lock);
        left -= run;
    }
    assert_int_equal(pthread_join(producer, NULL), 0);
    wsd_ring_fini(&shared.ring);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ring__any_sizes__keeps_order_and_never_overwrites),
        cmocka_unit_test(spans__full_or_empty_ring__are_empty),
        cmocka_unit_test(spans__wrapped__are_two_runs_up_to_the_end_and_from_the_start),
        cmocka_unit_test(reserve__consumed_to_empty_before_commit__stays_where_it_was),
        cmocka_unit_test(restore__what_is_not_overwritten__comes_again),
        cmocka_unit_test(init__out_of_memory__is_safe_to_fini),
        cmocka_unit_test(fini__zeroed_or_twice__is_safe),
        cmocka_unit_test(ring__two_threads__may_copy_without_the_lock),
    };

    alarm(60); /* the bound of every wait: a lost wake-up ends the program */
    return cmocka_run_group_tests_name("byte_ring", tests, NULL, NULL);
}
