#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>

#include <cmocka.h>

#include "base/uuid.h"

enum { DRAWS = 200 };

static void uuid__random__has_the_form_of_version_4(void **state)
{
    (void)state;
    for (int draw = 0; draw < DRAWS; draw++) {
        char uuid[WSD_UUID_SIZE];

        assert_int_equal(wsd_uuid_random(uuid), S_OK);

        assert_int_equal(strlen(uuid), 36);
        for (size_t i = 0; i < 36; i++) {
            if (i == 8 || i == 13 || i == 18 || i == 23)
                assert_int_equal(uuid[i], '-');
            else if (i == 14)
                assert_int_equal(uuid[i], '4');
            else if (i == 19)
                assert_non_null(strchr("89ab", uuid[i]));
            else
                assert_non_null(strchr("0123456789abcdef", uuid[i]));
        }
    }
}

/* 122 bits are random: each digit takes several values, and no two UUIDs are alike. */
static void uuid__random__differs_in_every_random_digit(void **state)
{
    static char uuids[DRAWS][WSD_UUID_SIZE];

    (void)state;
    for (size_t draw = 0; draw < DRAWS; draw++) {
        assert_int_equal(wsd_uuid_random(uuids[draw]), S_OK);
        for (size_t before = 0; before < draw; before++)
            assert_string_not_equal(uuids[before], uuids[draw]);
    }
    for (size_t i = 0; i < 36; i++) {
        size_t draw = 1;

        if (i == 8 || i == 13 || i == 14 || i == 18 || i == 23)
            continue;
        while (draw < DRAWS && uuids[draw][i] == uuids[0][i])
            draw++;
        assert_true(draw < DRAWS);
    }
}

static void uuid__no_descriptor_left__is_random_or_fails_but_never_weak(void **state)
{
    struct rlimit before, none;
    char uuid[WSD_UUID_SIZE] = "unchanged";
    HRESULT hr;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

    hr = wsd_uuid_random(uuid);

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
#if defined(__linux__) && !defined(WSD_PORTABLE_ONLY)
    assert_int_equal(hr, S_OK); /* getrandom needs none */
    assert_int_equal(strlen(uuid), 36);
#else
    assert_int_equal(hr, E_FAIL);
    assert_string_equal(uuid, "");
#endif
}

/* Draws more UUIDs than there may be descriptors. */
static void uuid__many__keep_no_descriptor(void **state)
{
    struct rlimit before, few;
    char uuid[WSD_UUID_SIZE];

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    few = before;
    few.rlim_cur = 64;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int draw = 0; draw < 100; draw++)
        assert_int_equal(wsd_uuid_random(uuid), S_OK);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void urn__is_the_prefix_and_a_uuid__of_its_own(void **state)
{
    char urns[2][WSD_URN_UUID_SIZE];

    (void)state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(wsd_uuid_random_urn(urns[i]), S_OK);
        assert_memory_equal(urns[i], "urn:uuid:", 9);
        assert_int_equal(strlen(urns[i]), 9 + 36);
    }
    assert_string_not_equal(urns[0], urns[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(uuid__random__has_the_form_of_version_4),
        cmocka_unit_test(uuid__random__differs_in_every_random_digit),
        cmocka_unit_test(uuid__no_descriptor_left__is_random_or_fails_but_never_weak),
        cmocka_unit_test(uuid__many__keep_no_descriptor),
        cmocka_unit_test(urn__is_the_prefix_and_a_uuid__of_its_own),
    };

    return cmocka_run_group_tests_name("uuid", tests, NULL, NULL);
}
