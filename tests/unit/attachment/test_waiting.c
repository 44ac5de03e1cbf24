#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "attachment/waiting.h"

static bool is_readable(int fd)
{
    struct pollfd item = {fd, POLLIN, 0};

    return poll(&item, 1, 0) == 1;
}

static void count(void *context)
{
    ++*(int *)context;
}

static void *change(void *argument)
{
    struct wsd_waiting *waiting = argument;

    wsd_waiting_enter(waiting);
    wsd_waiting_changed_locked(waiting);
    wsd_waiting_leave(waiting);
    return NULL;
}

/* [T3] */
static void ready_fd__from_the_refusal_to_the_change__is_unreadable(void **state)
{
    struct wsd_waiting waiting;
    int fd, again;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 0), S_OK);
    assert_int_equal(wsd_waiting_get_ready_fd(&waiting, &fd), S_OK);
    assert_true(is_readable(fd));
    wsd_waiting_enter(&waiting);
    assert_int_equal(wsd_waiting_result_locked(&waiting, S_OK), S_OK);
    assert_true(is_readable(fd));
    assert_int_equal(wsd_waiting_result_locked(&waiting, STG_S_BLOCK), STG_S_BLOCK);
    wsd_waiting_leave(&waiting);
    assert_false(is_readable(fd));
    change(&waiting);
    assert_true(is_readable(fd));
    assert_int_equal(wsd_waiting_get_ready_fd(&waiting, &again), S_OK);
    assert_int_equal(fd, again);
    wsd_waiting_fini(&waiting);
}

static void ready_fd__opened_after_a_refusal__is_unreadable(void **state)
{
    struct wsd_waiting waiting;
    int fd;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 0), S_OK);
    wsd_waiting_enter(&waiting);
    wsd_waiting_result_locked(&waiting, STG_S_BLOCK);
    wsd_waiting_leave(&waiting);
    assert_int_equal(wsd_waiting_get_ready_fd(&waiting, &fd), S_OK);
    assert_false(is_readable(fd));
    wsd_waiting_fini(&waiting);
}

/* [T4] */
static void callback__changes__comes_once_for_each_refusal(void **state)
{
    struct wsd_waiting waiting;
    int calls = 0;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 0), S_OK);
    waiting.ready = count;
    waiting.ready_context = &calls;
    change(&waiting);
    assert_int_equal(calls, 0); /* nobody was refused */
    for (int refusals = 1; refusals <= 3; refusals++) {
        wsd_waiting_enter(&waiting);
        wsd_waiting_result_locked(&waiting, STG_S_BLOCK);
        wsd_waiting_leave(&waiting);
        change(&waiting);
        change(&waiting);
        assert_int_equal(calls, refusals);
    }
    wsd_waiting_fini(&waiting);
}

static void sleep__budget_0__returns_at_once(void **state)
{
    struct wsd_waiting waiting;
    struct wsd_patience patience;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 0), S_OK);
    wsd_waiting_enter(&waiting);
    patience = wsd_waiting_begin_locked(&waiting);
    assert_false(wsd_waiting_sleep_locked(&waiting, &patience));
    wsd_waiting_leave(&waiting);
    wsd_waiting_fini(&waiting);
}

static void sleep__changed_by_another_thread__wakes(void **state)
{
    struct wsd_waiting waiting;
    struct wsd_patience patience;
    pthread_t thread;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, INFINITE), S_OK);
    wsd_waiting_enter(&waiting);
    patience = wsd_waiting_begin_locked(&waiting);
    assert_int_equal(pthread_create(&thread, NULL, change, &waiting), 0);
    assert_true(wsd_waiting_sleep_locked(&waiting, &patience));
    wsd_waiting_leave(&waiting);
    pthread_join(thread, NULL);
    wsd_waiting_fini(&waiting);
}

static void sleep__budget_spent__is_false_without_and_true_with_progress(void **state)
{
    struct wsd_waiting waiting;
    struct wsd_patience patience;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 1), S_OK);
    wsd_waiting_enter(&waiting);
    patience = wsd_waiting_begin_locked(&waiting);
    waiting.progress += 5;
    assert_true(wsd_waiting_sleep_locked(&waiting, &patience));
    while (wsd_waiting_sleep_locked(&waiting, &patience)) { /* may wake for no reason */
    }
    wsd_waiting_leave(&waiting);
    wsd_waiting_fini(&waiting);
}

/* [T1] */
static void budget__set_by_the_application__outlives_a_suggestion(void **state)
{
    struct wsd_waiting waiting;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 7), S_OK);
    wsd_waiting_enter(&waiting);
    wsd_waiting_suggest_budget_locked(&waiting, 8);
    assert_int_equal(wsd_waiting_begin_locked(&waiting).budget_ms, 8);
    wsd_waiting_leave(&waiting);
    wsd_waiting_set_budget(&waiting, 9);
    wsd_waiting_enter(&waiting);
    wsd_waiting_suggest_budget_locked(&waiting, 10);
    assert_int_equal(wsd_waiting_begin_locked(&waiting).budget_ms, 9);
    wsd_waiting_leave(&waiting);
    wsd_waiting_fini(&waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_fd__from_the_refusal_to_the_change__is_unreadable),
        cmocka_unit_test(ready_fd__opened_after_a_refusal__is_unreadable),
        cmocka_unit_test(callback__changes__comes_once_for_each_refusal),
        cmocka_unit_test(sleep__budget_0__returns_at_once),
        cmocka_unit_test(sleep__changed_by_another_thread__wakes),
        cmocka_unit_test(sleep__budget_spent__is_false_without_and_true_with_progress),
        cmocka_unit_test(budget__set_by_the_application__outlives_a_suggestion),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
