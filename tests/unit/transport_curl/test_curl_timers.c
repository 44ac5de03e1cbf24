#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <limits.h>

#include "transport_curl/curl_timers.h"

#define NEVER UINT64_MAX
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Each timer has another time; what has none does not end the transfer. */
static const struct wsd_timeouts all = {.resolve_ms = 100,
                                        .connect_ms = 200,
                                        .send_ms = 300,
                                        .response_ms = 400,
                                        .produce_ms = 500,
                                        .total_ms = 10000};

static const struct {
    enum wsd_curl_phase phase;
    unsigned timer_ms; /* 0: only that of all */
    const char *awaited;
} phases[] = {
    {WSD_CURL_RESOLVING, 100, "an address for the name"},
    {WSD_CURL_CONNECTING, 200, "a connection"},
    {WSD_CURL_SENDING, 300, "the peer to take something"},
    {WSD_CURL_AWAITING, 400, "the peer's answer"},
    {WSD_CURL_STARVING, 500, "the application to write"},
    {WSD_CURL_FULL, 0, "the application to read"},
};

static struct wsd_curl_timers begin(const struct wsd_timeouts *timeouts, uint64_t now_ms)
{
    struct wsd_curl_timers timers = {.timeouts = *timeouts};

    wsd_curl_timers_begin(&timers, now_ms);
    return timers;
}

/* Looks whenever it is told to, until a timer runs out: when that was. */
static uint64_t end_of(struct wsd_curl_timers *timers, enum wsd_curl_phase phase,
                       uint64_t now_ms)
{
    for (int looks = 0; looks < 1000; looks++) {
        uint64_t next_ms = wsd_curl_timers_look(timers, phase, 0, now_ms);

        if (next_ms <= now_ms || next_ms == NEVER)
            return next_ms;
        now_ms = next_ms;
    }
    fail_msg("it looks without end");
    return 0;
}

static void phase__of_each_kind__ends_by_its_timer(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(phases); i++) {
        struct wsd_curl_timers timers = begin(&all, 1000);

        assert_int_equal(end_of(&timers, phases[i].phase, 1050),
                         phases[i].timer_ms == 0 ? 11000
                         : i == 0 ? 1100 /* it has begun with the request */
                                  : 1050 + phases[i].timer_ms);
        assert_string_equal(wsd_curl_timers_awaited(phases[i].phase), phases[i].awaited);
    }
}

static void phase__of_each_kind__ends_by_the_timer_of_all(void **state)
{
    struct wsd_timeouts timeouts;

    (void)state;
    memset(&timeouts, 0xff, sizeof(timeouts));
    timeouts.total_ms = 700;
    for (size_t i = 0; i < COUNT(phases); i++) {
        struct wsd_curl_timers timers = begin(&timeouts, 1000);

        wsd_curl_timers_begin(&timers, 1600); /* once more, which is no new transfer */
        assert_int_equal(end_of(&timers, phases[i].phase, 1650), 1700);
    }
}

static void timer__that_is_not_there__never_runs_out(void **state)
{
    const struct wsd_timeouts infinite = {
        .connect_ms = INFINITE, .send_ms = INFINITE, .response_ms = INFINITE};

    (void)state;
    for (size_t i = WSD_CURL_CONNECTING; i < COUNT(phases); i++) {
        struct wsd_curl_timers timers = begin(&infinite, 1000);
        uint64_t much_ms = UINT64_C(1) << 40;

        wsd_curl_timers_look(&timers, phases[i].phase, 0, 1000);
        assert_true(wsd_curl_timers_look(&timers, phases[i].phase, 0, much_ms) > much_ms);
    }
}

static void progress__of_any_kind__begins_the_timer_anew(void **state)
{
    struct wsd_curl_timers timers = begin(&all, 1000);

    (void)state;
    wsd_curl_timers_look(&timers, WSD_CURL_SENDING, 0, 1000);
    assert_true(wsd_curl_timers_look(&timers, WSD_CURL_SENDING, 1, 1299) > 1299);
    assert_int_equal(end_of(&timers, WSD_CURL_AWAITING, 1598), 1598 + 400);
    timers.progress_ms = 1900;
    wsd_curl_timers_look(&timers, WSD_CURL_AWAITING, 0, 1900);
    timers.progress_ms = 2200; /* a byte of a response */
    assert_int_equal(end_of(&timers, WSD_CURL_AWAITING, 2200), 2600);
    wsd_curl_timers_begin(&timers, 2590);
    assert_int_equal(end_of(&timers, WSD_CURL_AWAITING, 2590), 2990);
}

/* Where libcurl does not call: soon, and seldom. */
static void look__where_only_that_finds_progress__comes_in_time(void **state)
{
    const struct wsd_timeouts timeouts = {
        .resolve_ms = 1600, .connect_ms = 1600, .send_ms = 1600, .response_ms = 1600};
    struct wsd_curl_timers timers = begin(&timeouts, 1000);

    (void)state;
    for (size_t i = 0; i < COUNT(phases) - 2; i++) {
        uint64_t next_ms = wsd_curl_timers_look(&timers, phases[i].phase, 0, 1000);
        bool is_told = phases[i].phase == WSD_CURL_CONNECTING ||
                       phases[i].phase == WSD_CURL_AWAITING;

        assert_in_range(next_ms, is_told ? 2600 : 1050, is_told ? 2600 : 1200);
    }
}

/* Ours, from now on, is the first of the two. */
static void limit__of_libcurl__is_just_behind_ours(void **state)
{
    const struct wsd_timeouts infinite = {.connect_ms = INFINITE};
    struct wsd_curl_timers timers = begin(&all, 1000);

    (void)state;
    assert_in_range(wsd_curl_timers_connect_limit(&timers, 1000), 201, 230);
    assert_in_range(wsd_curl_timers_connect_limit(&timers, 1090), 291, 320);
    wsd_curl_timers_begin(&timers, 2000);
    assert_in_range(wsd_curl_timers_connect_limit(&timers, 2000), 201, 230);
    timers = begin(&infinite, 1000);
    assert_int_equal(wsd_curl_timers_connect_limit(&timers, 1000), INT_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(phase__of_each_kind__ends_by_its_timer),
        cmocka_unit_test(phase__of_each_kind__ends_by_the_timer_of_all),
        cmocka_unit_test(timer__that_is_not_there__never_runs_out),
        cmocka_unit_test(progress__of_any_kind__begins_the_timer_anew),
        cmocka_unit_test(look__where_only_that_finds_progress__comes_in_time),
        cmocka_unit_test(limit__of_libcurl__is_just_behind_ours),
    };

    return cmocka_run_group_tests_name("curl_timers", tests, NULL, NULL);
}
