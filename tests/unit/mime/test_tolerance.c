#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/tolerance.h"
#include "support/tolerated.h"

static void tolerance__default__is_off_where_bytes_could_be_misread(void **state)
{
    struct wsd_tolerances tolerances;

    (void)state;
    wsd_tolerances_init(&tolerances);
    for (unsigned i = 0; i < WSD_TOLERANCE_COUNT; i++) {
        bool off =
            i == WSD_TOLERATE_DELIMITER_WITHOUT_CRLF || i == WSD_TOLERATE_LINE_FEED;

        assert_int_equal(tolerances.counts[i], 0);
        assert_int_equal(wsd_tolerates(&tolerances, i), !off);
        assert_int_equal(tolerances.counts[i], off ? 0 : 1);
    }
}

static void tolerance__used__is_counted_and_never_wraps(void **state)
{
    struct wsd_tolerances tolerances = {.accepted = TOLERATED(BASE64)};

    (void)state;
    tolerances.counts[WSD_TOLERATE_BASE64] = UINT_MAX - 1;
    assert_true(wsd_tolerates(&tolerances, WSD_TOLERATE_BASE64));
    assert_true(wsd_tolerates(&tolerances, WSD_TOLERATE_BASE64));
    assert_int_equal(tolerances.counts[WSD_TOLERATE_BASE64], UINT_MAX);
    assert_false(wsd_tolerates(&tolerances, WSD_TOLERATE_LINE_FEED));
    assert_int_equal(tolerated(&tolerances), TOLERATED(BASE64));
}

static void tolerance__each__says_who_needs_it(void **state)
{
    (void)state;
    for (unsigned i = 0; i < WSD_TOLERANCE_COUNT; i++) {
        const char *text = wsd_tolerance_text(i);

        assert_non_null(strchr(text, '('));
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(text, wsd_tolerance_text(j));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tolerance__default__is_off_where_bytes_could_be_misread),
        cmocka_unit_test(tolerance__used__is_counted_and_never_wraps),
        cmocka_unit_test(tolerance__each__says_who_needs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
