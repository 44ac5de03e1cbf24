#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/worker.h"
#include "wininet/last_error.h"

static void on_thread(void *context)
{
    *(DWORD *)context = wsd_last_error_get();
    wsd_last_error_set(7);
    wsd_last_error_set_reply("other");
}

static void error_and_reply__are_the_threads_own(void **state)
{
    struct worker worker;
    DWORD seen = 99;

    (void)state;
    assert_string_equal(wsd_last_error_reply(), "");
    wsd_last_error_set(12031);
    wsd_last_error_set_reply("226 Done");
    worker_start(&worker, on_thread, &seen);
    worker_join(&worker);

    assert_int_equal(seen, 0);
    assert_int_equal(wsd_last_error_get(), 12031);
    assert_string_equal(wsd_last_error_reply(), "226 Done");
}

static void reply__longer_than_the_place__is_cut(void **state)
{
    char text[WSD_REPLY_BYTES + 10];

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    wsd_last_error_set_reply(text);

    assert_int_equal(strlen(wsd_last_error_reply()), WSD_REPLY_BYTES - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_and_reply__are_the_threads_own),
        cmocka_unit_test(reply__longer_than_the_place__is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
