#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/boundary.h"

#define A "aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaaa"
#define B "bbbbbbbb-bbbb-4bbb-8bbb-bbbbbbbbbbbb"
#define C "cccccccc-cccc-4ccc-8ccc-cccccccccccc"

/* What the next draws give; NULL: a failure.  The source has no context of its own. */
static const char *const *script;
static int draws;

static HRESULT draw_from_script(char uuid[WSD_UUID_SIZE])
{
    const char *next = script[draws++];

    if (next == NULL)
        return E_FAIL;
    memcpy(uuid, next, WSD_UUID_SIZE);
    return S_OK;
}

static void H10__text_contains_the_boundary__another_one_is_drawn(void **state)
{
    static const struct {
        const char *text;
        const char *draws[4];
        HRESULT hr;
        int count;
        const char *boundary;
    } rows[] = {
        {"", {A}, S_OK, 1, A},
        {"nothing of the kind", {A}, S_OK, 1, A},
        {"--" A, {A, B}, S_OK, 2, B},
        {A, {A, A, A, B}, S_OK, 4, B},
        {"<x>" B "</x>" A, {A, B, C}, S_OK, 3, C},
        {"aaaaaaaa-aaaa-4aaa-8aaa-aaaaaaaaaaa", {A}, S_OK, 1, A}, /* one short */
        {"", {NULL}, E_FAIL, 1, NULL},
        {A, {A, NULL}, E_FAIL, 2, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char boundary[WSD_UUID_SIZE];

        script = rows[i].draws;
        draws = 0;
        assert_int_equal(wsd_boundary_draw(draw_from_script, rows[i].text, boundary),
                         rows[i].hr);
        assert_int_equal(draws, rows[i].count);
        if (rows[i].hr == S_OK)
            assert_string_equal(boundary, rows[i].boundary);
    }
}

static void draw__from_the_kernel__differs_each_time(void **state)
{
    char first[WSD_UUID_SIZE], second[WSD_UUID_SIZE];

    (void)state;
    assert_int_equal(wsd_boundary_draw(wsd_uuid_random, "", first), S_OK);
    assert_int_equal(wsd_boundary_draw(wsd_uuid_random, first, second), S_OK);
    assert_int_equal(strlen(second), WSD_UUID_SIZE - 1);
    assert_string_not_equal(first, second);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H10__text_contains_the_boundary__another_one_is_drawn),
        cmocka_unit_test(draw__from_the_kernel__differs_each_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
