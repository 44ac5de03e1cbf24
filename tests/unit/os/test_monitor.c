#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "os/monitor.h"

enum { THREADS = 4, TURNS = 5000 };

struct shared {
    struct wsd_monitor monitor;
    int waiting;
    int turns;
    bool done;
};

static void *take_turns(void *argument)
{
    struct shared *shared = argument;

    for (int i = 0; i < TURNS; i++) {
        wsd_monitor_enter(&shared->monitor);
        shared->turns++;
        wsd_monitor_leave(&shared->monitor);
    }
    return NULL;
}

static void enter__many_threads__one_at_a_time(void **state)
{
    struct shared shared = {0};
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(wsd_monitor_init(&shared.monitor), S_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &shared), 0);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.turns, THREADS * TURNS);
    wsd_monitor_fini(&shared.monitor);
}

static void enter__inside_for_long__another_thread_waits(void **state)
{
    const struct timespec moment = {.tv_nsec = 20000000};
    struct shared shared = {0};
    pthread_t thread;

    (void)state;
    assert_int_equal(wsd_monitor_init(&shared.monitor), S_OK);
    wsd_monitor_enter(&shared.monitor);
    assert_int_equal(pthread_create(&thread, NULL, take_turns, &shared), 0);
    nanosleep(&moment, NULL);
    assert_int_equal(shared.turns, 0);
    wsd_monitor_leave(&shared.monitor);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(shared.turns, TURNS);
    wsd_monitor_fini(&shared.monitor);
}

static void wait_until__deadline_passed__is_false_and_inside_again(void **state)
{
    struct shared shared = {0};
    uint64_t deadlines[3];

    (void)state;
    assert_int_equal(wsd_monitor_init(&shared.monitor), S_OK);
    deadlines[0] = 0;
    deadlines[1] = wsd_clock_ms();
    deadlines[2] = wsd_clock_deadline(20);
    for (size_t i = 0; i < sizeof(deadlines) / sizeof(deadlines[0]); i++) {
        wsd_monitor_enter(&shared.monitor);
        while (wsd_monitor_wait_until(&shared.monitor, deadlines[i]))
            continue;
        assert_true(wsd_clock_ms() >= deadlines[i]);
        assert_int_not_equal(pthread_mutex_trylock(&shared.monitor.mutex), 0);
        wsd_monitor_leave(&shared.monitor);
    }
    wsd_monitor_fini(&shared.monitor);
}

struct waiter {
    struct shared *shared;
    uint64_t deadline;
    bool woken;
};

static void *wait_for_done(void *argument)
{
    struct waiter *waiter = argument;
    struct shared *shared = waiter->shared;
    bool in_time = true;

    wsd_monitor_enter(&shared->monitor);
    shared->waiting++;
    while (!shared->done && in_time)
        in_time = wsd_monitor_wait_until(&shared->monitor, waiter->deadline);
    waiter->woken = shared->done;
    wsd_monitor_leave(&shared->monitor);
    return NULL;
}

/* Every second one waits for ever; all of them wait when they are woken. */
static void wake_all__several_waiting__wakes_each(void **state)
{
    struct shared shared = {0};
    struct waiter waiters[THREADS];
    pthread_t threads[THREADS];
    bool all_wait = false;

    (void)state;
    assert_int_equal(wsd_monitor_init(&shared.monitor), S_OK);
    for (int i = 0; i < THREADS; i++) {
        waiters[i] = (struct waiter){
            &shared, wsd_clock_deadline(i % 2 == 0 ? INFINITE : 50000), false};
        assert_int_equal(pthread_create(&threads[i], NULL, wait_for_done, &waiters[i]),
                         0);
    }
    while (!all_wait) {
        wsd_monitor_enter(&shared.monitor);
        all_wait = shared.waiting == THREADS;
        wsd_monitor_leave(&shared.monitor);
    }

    wsd_monitor_enter(&shared.monitor);
    shared.done = true;
    wsd_monitor_wake_all(&shared.monitor);
    wsd_monitor_leave(&shared.monitor);

    for (int i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_true(waiters[i].woken);
    }
    wsd_monitor_fini(&shared.monitor);
}

struct taker {
    struct wsd_monitor monitor;
    int waiting, offered, taken;
};

/* Takes one of what is offered. */
static void *take_one(void *argument)
{
    struct taker *shared = argument;

    wsd_monitor_enter(&shared->monitor);
    shared->waiting++;
    while (shared->offered == 0)
        wsd_monitor_wait_until(&shared->monitor, UINT64_MAX);
    shared->offered--;
    shared->taken++;
    wsd_monitor_leave(&shared->monitor);
    return NULL;
}

/* One wake-up for each thing that is offered is enough, whoever gets it. */
static void wake_one__once_for_each_waiting__wakes_all(void **state)
{
    struct taker shared = {.taken = 0};
    pthread_t threads[THREADS];
    bool all_wait = false;

    (void)state;
    assert_int_equal(wsd_monitor_init(&shared.monitor), S_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, take_one, &shared), 0);
    while (!all_wait) {
        wsd_monitor_enter(&shared.monitor);
        all_wait = shared.waiting == THREADS;
        wsd_monitor_leave(&shared.monitor);
    }
    for (int i = 0; i < THREADS; i++) {
        wsd_monitor_enter(&shared.monitor);
        shared.offered++;
        wsd_monitor_wake_one(&shared.monitor);
        wsd_monitor_leave(&shared.monitor);
    }
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(shared.taken, THREADS);
    wsd_monitor_fini(&shared.monitor);
}

static void fini__zeroed_or_twice__does_nothing(void **state)
{
    static const struct wsd_monitor zeroed;
    struct wsd_monitor monitor = {0};

    (void)state;
    wsd_monitor_fini(&monitor);
    assert_int_equal(wsd_monitor_init(&monitor), S_OK);
    assert_true(monitor.ready);
    wsd_monitor_fini(&monitor);
    wsd_monitor_fini(&monitor);
    assert_memory_equal(&monitor, &zeroed, sizeof(monitor));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(enter__many_threads__one_at_a_time),
        cmocka_unit_test(enter__inside_for_long__another_thread_waits),
        cmocka_unit_test(wait_until__deadline_passed__is_false_and_inside_again),
        cmocka_unit_test(wake_all__several_waiting__wakes_each),
        cmocka_unit_test(wake_one__once_for_each_waiting__wakes_all),
        cmocka_unit_test(fini__zeroed_or_twice__does_nothing),
    };

    alarm(60); /* the bound of every wait: a lost wake-up ends the program */
    return cmocka_run_group_tests_name("monitor", tests, NULL, NULL);
}
