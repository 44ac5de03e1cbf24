#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <time.h>

#include "support/worker.h"
#include "transport_curl/curl_driver.h"

/* A driver with its own thread, which drives once, as long as the test wants. */
struct bed {
    struct wsd_monitor monitor;
    struct wsd_curl_driver driver;
    struct worker own;
    atomic_int drives;
    atomic_bool goes_on;
    int turns;
};

static void own_thread(void *argument)
{
    struct bed *bed = argument;

    for (int i = 0; i < bed->turns; i++) {
        wsd_monitor_enter(&bed->monitor);
        wsd_curl_driver_await_locked(&bed->driver);
        wsd_monitor_leave(&bed->monitor);
        atomic_fetch_add(&bed->drives, 1);
        WORKER_AWAIT(atomic_load(&bed->goes_on));
        wsd_monitor_enter(&bed->monitor);
        wsd_curl_driver_give_locked(&bed->driver, false, false);
        wsd_monitor_leave(&bed->monitor);
    }
}

static void bed_init(struct bed *bed)
{
    assert_int_equal(wsd_monitor_init(&bed->monitor), S_OK);
    assert_int_equal(wsd_curl_driver_init(&bed->driver, &bed->monitor), S_OK);
    atomic_init(&bed->drives, 0);
    atomic_init(&bed->goes_on, true);
}

static void bed_start(struct bed *bed, int turns)
{
    bed->turns = turns;
    worker_start(&bed->own, own_thread, bed);
}

static void bed_fini(struct bed *bed)
{
    worker_join(&bed->own);
    wsd_curl_driver_fini(&bed->driver);
    wsd_monitor_fini(&bed->monitor);
}

static bool tell(struct bed *bed)
{
    bool sleeps;

    wsd_monitor_enter(&bed->monitor);
    sleeps = wsd_curl_driver_tell_locked(&bed->driver);
    wsd_monitor_leave(&bed->monitor);
    return sleeps;
}

static bool take(struct bed *bed)
{
    bool taken;

    wsd_monitor_enter(&bed->monitor);
    taken = wsd_curl_driver_take_locked(&bed->driver);
    wsd_monitor_leave(&bed->monitor);
    return taken;
}

static void give(struct bed *bed, bool busy, bool pressing)
{
    wsd_monitor_enter(&bed->monitor);
    wsd_curl_driver_give_locked(&bed->driver, busy, pressing);
    wsd_monitor_leave(&bed->monitor);
}

static void pause_ms(long milliseconds)
{
    const struct timespec time = {.tv_nsec = milliseconds * 1000000};

    nanosleep(&time, NULL);
}

static void tell__nobody_drives__calls_the_own_thread(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    assert_false(tell(&bed)); /* before it has begun */
    bed_start(&bed, 2);
    WORKER_AWAIT(atomic_load(&bed.drives) == 1);
    WORKER_AWAIT(take(&bed)); /* it has given back */
    give(&bed, false, false);
    assert_false(tell(&bed));
    bed_fini(&bed);
}

static void tell__a_driver_that_listens__is_to_be_woken_once(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    assert_true(take(&bed));
    assert_false(tell(&bed)); /* it looks before it sleeps */
    atomic_store(&bed.driver.listens, true);
    assert_true(tell(&bed));
    assert_false(tell(&bed));
    give(&bed, false, true);
    bed_start(&bed, 1);
    bed_fini(&bed);
}

static void take__while_another_drives__is_refused(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    assert_true(take(&bed));
    assert_false(take(&bed));
    give(&bed, false, false);
    atomic_store(&bed.goes_on, false);
    assert_false(tell(&bed));
    bed_start(&bed, 1);
    WORKER_AWAIT(atomic_load(&bed.drives) == 1);
    assert_false(take(&bed));
    atomic_store(&bed.goes_on, true);
    bed_fini(&bed);
}

static void take__before_a_call_is_heard__is_the_callers_turn(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    assert_false(tell(&bed));
    assert_true(take(&bed));
    bed_start(&bed, 1);
    pause_ms(3 * WSD_CURL_DRIVER_TICK_MS);
    assert_int_equal(atomic_load(&bed.drives), 0);
    give(&bed, false, true);
    bed_fini(&bed);
    assert_int_equal(atomic_load(&bed.drives), 1);
}

/* Whether the own thread sleeps already or not. */
static void give__transfers_left_behind__are_taken_over(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        struct bed bed;

        bed_init(&bed);
        if (i != 0)
            bed_start(&bed, 1);
        if (i == 2)
            pause_ms(WSD_CURL_DRIVER_TICK_MS);
        assert_true(take(&bed));
        if (i == 2) /* longer than it looks by itself */
            pause_ms(3 * WSD_CURL_DRIVER_TICK_MS);
        give(&bed, true, false);
        if (i == 0)
            bed_start(&bed, 1);
        bed_fini(&bed);
        assert_int_equal(atomic_load(&bed.drives), 1);
    }
}

static void give__nothing_left_behind__leaves_the_own_thread_asleep(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed_start(&bed, 1);
    for (int i = 0; i < 3; i++) {
        assert_true(take(&bed));
        give(&bed, true, false); /* it begins to look, */
        assert_true(take(&bed));
        give(&bed, false, false); /* and has no reason any more */
        pause_ms(3 * WSD_CURL_DRIVER_TICK_MS);
        assert_int_equal(atomic_load(&bed.drives), 0);
    }
    assert_false(tell(&bed));
    bed_fini(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tell__nobody_drives__calls_the_own_thread),
        cmocka_unit_test(tell__a_driver_that_listens__is_to_be_woken_once),
        cmocka_unit_test(take__while_another_drives__is_refused),
        cmocka_unit_test(take__before_a_call_is_heard__is_the_callers_turn),
        cmocka_unit_test(give__transfers_left_behind__are_taken_over),
        cmocka_unit_test(give__nothing_left_behind__leaves_the_own_thread_asleep),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
