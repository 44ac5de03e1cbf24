#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "os/clock.h"

static void clock__read_again__never_goes_back(void **state)
{
    uint64_t before = wsd_clock_ms();

    (void)state;
    for (int i = 0; i < 100000; i++) {
        uint64_t now = wsd_clock_ms();

        assert_true(now >= before);
        before = now;
    }
}

static uint64_t system_ms(void)
{
    struct timespec now;

    assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void clock__read__is_the_monotonic_clock_in_milliseconds(void **state)
{
    uint64_t before = system_ms();
    uint64_t now = wsd_clock_ms();

    (void)state;
    assert_true(before <= now && now <= system_ms());
}

static void deadline__milliseconds__are_counted_from_now(void **state)
{
    static const DWORD rows[] = {0, 1, 30000, 0x7FFFFFFF, 0x80000000, INFINITE - 1};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t before = wsd_clock_ms();
        uint64_t deadline = wsd_clock_deadline(rows[i]);
        uint64_t after = wsd_clock_ms();

        assert_true(before + rows[i] <= deadline && deadline <= after + rows[i]);
    }
}

static void deadline__INFINITE__is_never(void **state)
{
    (void)state;
    assert_true(wsd_clock_deadline(INFINITE) == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clock__read_again__never_goes_back),
        cmocka_unit_test(clock__read__is_the_monotonic_clock_in_milliseconds),
        cmocka_unit_test(deadline__milliseconds__are_counted_from_now),
        cmocka_unit_test(deadline__INFINITE__is_never),
    };

    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}
