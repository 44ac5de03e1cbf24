#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "attachment/waiting.h"
#include "os/thread.h"
#include "support/worker.h"

static bool is_readable(int fd)
{
    struct pollfd item = {fd, POLLIN, 0};

    return poll(&item, 1, 0) == 1;
}

static void WSD_CALL count(void *context)
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

static void WSD_CALL note_whose_thread(void *context)
{
    *(bool *)context = wsd_thread_is_ours();
}

/* [W16] Its caller may be the one that it would wait for. */
static void callback__on_any_thread__may_not_wait(void **state)
{
    struct wsd_waiting waiting;
    bool was_ours = false;

    (void)state;
    assert_int_equal(wsd_waiting_init(&waiting, 0), S_OK);
    waiting.ready = note_whose_thread;
    waiting.ready_context = &was_ours;
    wsd_waiting_enter(&waiting);
    wsd_waiting_result_locked(&waiting, STG_S_BLOCK);
    wsd_waiting_leave(&waiting);
    change(&waiting);
    assert_true(was_ours);
    assert_false(wsd_thread_is_ours()); /* behind it the thread is as it was */
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

/* ---- work in place of sleep ---- */

struct work {
    struct wsd_waiting *waiting;
    int calls;
    bool works;             /* what it returns */
    bool changes;           /* it brings what is waited for */
    bool was_over, is_over; /* at its beginning and its end */
};

static bool do_work(void *owner, const struct wsd_transfer_wait *wait)
{
    struct work *work = owner;

    work->calls++;
    work->was_over = wait->is_over(wait);
    if (work->changes)
        change(work->waiting);
    work->is_over = wait->is_over(wait);
    return work->works;
}

static bool work(struct work *work, DWORD budget_ms)
{
    struct wsd_waiting waiting;
    struct wsd_patience patience;
    bool woken;

    work->waiting = &waiting;
    assert_int_equal(wsd_waiting_init(&waiting, budget_ms), S_OK);
    wsd_waiting_enter(&waiting);
    patience = wsd_waiting_begin_locked(&waiting);
    woken = wsd_waiting_work_locked(&waiting, &patience, do_work, work);
    assert_int_equal(waiting.asleep, 0);
    wsd_waiting_leave(&waiting);
    wsd_waiting_fini(&waiting);
    return woken;
}

static void work__brings_the_change__ends_the_wait_without_sleep(void **state)
{
    (void)state;
    for (int works = 0; works < 2; works++) {
        struct work w = {.works = works == 1, .changes = true};

        assert_true(work(&w, INFINITE));
        assert_int_equal(w.calls, 1);
        assert_false(w.was_over);
        assert_true(w.is_over);
    }
}

static void work__brings_nothing__spends_the_budget(void **state)
{
    struct work sleeps = {.works = false}, works = {.works = true};

    (void)state;
    while (work(&sleeps, 1)) { /* may wake for no reason */
    }
    assert_true(work(&works, INFINITE)); /* it may end for no reason, too */
    assert_false(works.is_over);
    work(&works, 0);
    assert_int_equal(works.calls, 1); /* with no time, there is no work */
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

/* ---- turns ---- */

struct owner {
    struct wsd_waiting waiting;
    HRESULT ended;
    atomic_int inside, most; /* calls that have the turn */
    atomic_int calls;        /* of the callback */
};

static HRESULT what_ended(const void *owner)
{
    return ((const struct owner *)owner)->ended;
}

static void WSD_CALL count_ready(void *context)
{
    atomic_fetch_add(&((struct owner *)context)->calls, 1);
}

static void owner_init(struct owner *owner, DWORD budget_ms)
{
    assert_int_equal(wsd_waiting_init(&owner->waiting, budget_ms), S_OK);
    assert_int_equal(wsd_waiting_set_ready(&owner->waiting, count_ready, owner), S_OK);
    owner->ended = S_OK;
    atomic_init(&owner->inside, 0);
    atomic_init(&owner->most, 0);
    atomic_init(&owner->calls, 0);
}

static HRESULT take_turn(struct owner *owner)
{
    struct wsd_patience patience;
    HRESULT hr;

    wsd_waiting_enter(&owner->waiting);
    patience = wsd_waiting_begin_locked(&owner->waiting);
    hr = wsd_waiting_take_turn_locked(&owner->waiting, &patience, what_ended, owner);
    hr = wsd_waiting_result_locked(&owner->waiting, hr);
    wsd_waiting_leave(&owner->waiting);
    return hr;
}

static void give_turn(struct owner *owner)
{
    wsd_waiting_enter(&owner->waiting);
    wsd_waiting_give_turn_locked(&owner->waiting);
    wsd_waiting_leave(&owner->waiting);
}

static void end(struct owner *owner, HRESULT hr)
{
    wsd_waiting_enter(&owner->waiting);
    owner->ended = hr;
    wsd_waiting_changed_locked(&owner->waiting);
    wsd_waiting_leave(&owner->waiting);
}

static void turn__taken_by_another__is_refused_and_told_when_it_is_free(void **state)
{
    static const DWORD budgets[] = {0, 2};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct owner owner;
        int fd;

        owner_init(&owner, budgets[i]);
        assert_int_equal(wsd_waiting_get_ready_fd(&owner.waiting, &fd), S_OK);
        assert_int_equal(take_turn(&owner), S_OK);
        assert_int_equal(take_turn(&owner), STG_S_BLOCK);
        assert_int_equal(take_turn(&owner), STG_S_BLOCK);
        assert_false(is_readable(fd));
        assert_int_equal(atomic_load(&owner.calls), 0);
        give_turn(&owner);
        assert_true(is_readable(fd));
        assert_int_equal(atomic_load(&owner.calls), 1);
        assert_int_equal(take_turn(&owner), S_OK);
        give_turn(&owner); /* nobody was refused for this one */
        assert_int_equal(atomic_load(&owner.calls), 1);
        wsd_waiting_fini(&owner.waiting);
    }
}

/* A call that was refused for its own reasons must not be told by its own end. */
static void turn__given_back_with_a_refusal__does_not_call_back(void **state)
{
    struct owner owner;

    (void)state;
    owner_init(&owner, 0);
    assert_int_equal(take_turn(&owner), S_OK);
    assert_int_equal(take_turn(&owner), STG_S_BLOCK);
    give_turn(&owner);
    assert_int_equal(atomic_load(&owner.calls), 1);
    assert_int_equal(take_turn(&owner), S_OK);
    wsd_waiting_enter(&owner.waiting);
    wsd_waiting_give_turn_locked(&owner.waiting);
    wsd_waiting_result_locked(&owner.waiting, STG_S_BLOCK);
    wsd_waiting_leave(&owner.waiting);
    assert_int_equal(atomic_load(&owner.calls), 1);
    assert_int_equal(take_turn(&owner), S_OK);
    give_turn(&owner);
    assert_int_equal(atomic_load(&owner.calls), 1);
    end(&owner, E_ABORT);
    assert_int_equal(atomic_load(&owner.calls), 2);
    wsd_waiting_fini(&owner.waiting);
}

static void turn__owner_has_ended__is_that_code_first(void **state)
{
    struct owner owner;

    (void)state;
    owner_init(&owner, INFINITE);
    assert_int_equal(take_turn(&owner), S_OK);
    owner.ended = E_ABORT;
    assert_int_equal(take_turn(&owner), E_ABORT); /* does not wait */
    give_turn(&owner);
    assert_int_equal(take_turn(&owner), E_ABORT);
    owner.ended = S_OK;
    assert_int_equal(take_turn(&owner), S_OK);
    give_turn(&owner);
    wsd_waiting_fini(&owner.waiting);
}

struct taker {
    struct worker worker;
    struct owner *owner;
    HRESULT hr;
    atomic_bool done;
};

static void take_now(void *context)
{
    struct taker *taker = context;

    taker->hr = take_turn(taker->owner);
    atomic_store(&taker->done, true);
}

static unsigned asleep(struct owner *owner)
{
    unsigned count;

    wsd_waiting_enter(&owner->waiting);
    count = owner->waiting.asleep;
    wsd_waiting_leave(&owner->waiting);
    return count;
}

static void turn__waited_for__comes_or_ends(void **state)
{
    (void)state;
    for (int ends = 0; ends < 2; ends++) {
        struct taker taker;
        struct owner owner;

        owner_init(&owner, INFINITE);
        assert_int_equal(take_turn(&owner), S_OK);
        taker.owner = &owner;
        worker_start(&taker.worker, take_now, &taker);
        WORKER_AWAIT(asleep(&owner) == 1);
        if (ends)
            end(&owner, E_ABORT);
        else
            give_turn(&owner);
        worker_join(&taker.worker);
        assert_int_equal(taker.hr, ends ? E_ABORT : S_OK);
        assert_int_equal(atomic_load(&owner.calls), 0);
        wsd_waiting_fini(&owner.waiting);
    }
}

static void turn__on_the_librarys_thread__is_only_taken_without_waiting(void **state)
{
    static const struct {
        DWORD budget_ms;
        HRESULT ended, hr;
    } rows[] = {
        {0, S_OK, S_OK},
        {1, S_OK, HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)},
        {INFINITE, S_OK, HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)},
        {INFINITE, E_ABORT, E_ABORT},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_thread thread;
        struct taker taker;
        struct owner owner;

        owner_init(&owner, rows[i].budget_ms);
        owner.ended = rows[i].ended;
        taker.owner = &owner;
        atomic_init(&taker.done, false);
        assert_int_equal(wsd_thread_start(&thread, take_now, &taker), S_OK);
        WORKER_AWAIT(atomic_load(&taker.done));
        wsd_thread_join(&thread);
        assert_int_equal((uint32_t)taker.hr, (uint32_t)rows[i].hr);
        wsd_waiting_fini(&owner.waiting);
    }
}

static void take_often(void *context)
{
    struct owner *owner = context;

    for (int i = 0; i < 500; i++) {
        int inside;

        if (take_turn(owner) != S_OK)
            worker_hangs("take_turn");
        inside = atomic_fetch_add(&owner->inside, 1) + 1;
        if (inside > atomic_load(&owner->most))
            atomic_store(&owner->most, inside);
        atomic_fetch_sub(&owner->inside, 1);
        give_turn(owner);
    }
}

static void turn__of_many_threads__is_one_at_a_time(void **state)
{
    struct worker workers[4];
    struct owner owner;

    (void)state;
    owner_init(&owner, INFINITE);
    for (int i = 0; i < 4; i++)
        worker_start(&workers[i], take_often, &owner);
    for (int i = 0; i < 4; i++)
        worker_join(&workers[i]);
    assert_int_equal(atomic_load(&owner.most), 1);
    wsd_waiting_fini(&owner.waiting);
}

/* [T6] */
static void set_ready__after_the_first_call__is_refused(void **state)
{
    struct owner owner;
    int calls = 0;

    (void)state;
    owner_init(&owner, 0);
    assert_int_equal(wsd_waiting_set_ready(&owner.waiting, NULL, NULL), S_OK);
    assert_int_equal(wsd_waiting_set_ready(&owner.waiting, count, &calls), S_OK);
    assert_int_equal(take_turn(&owner), S_OK);
    assert_int_equal((uint32_t)wsd_waiting_set_ready(&owner.waiting, NULL, NULL),
                     (uint32_t)HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION));
    assert_int_equal(take_turn(&owner), STG_S_BLOCK);
    give_turn(&owner);
    assert_int_equal(calls, 1); /* the callback stayed what it was */
    assert_int_equal(atomic_load(&owner.calls), 0);
    wsd_waiting_fini(&owner.waiting);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ready_fd__from_the_refusal_to_the_change__is_unreadable),
        cmocka_unit_test(ready_fd__opened_after_a_refusal__is_unreadable),
        cmocka_unit_test(callback__changes__comes_once_for_each_refusal),
        cmocka_unit_test(callback__on_any_thread__may_not_wait),
        cmocka_unit_test(sleep__budget_0__returns_at_once),
        cmocka_unit_test(sleep__changed_by_another_thread__wakes),
        cmocka_unit_test(sleep__budget_spent__is_false_without_and_true_with_progress),
        cmocka_unit_test(work__brings_the_change__ends_the_wait_without_sleep),
        cmocka_unit_test(work__brings_nothing__spends_the_budget),
        cmocka_unit_test(budget__set_by_the_application__outlives_a_suggestion),
        cmocka_unit_test(turn__taken_by_another__is_refused_and_told_when_it_is_free),
        cmocka_unit_test(turn__given_back_with_a_refusal__does_not_call_back),
        cmocka_unit_test(turn__owner_has_ended__is_that_code_first),
        cmocka_unit_test(turn__waited_for__comes_or_ends),
        cmocka_unit_test(turn__on_the_librarys_thread__is_only_taken_without_waiting),
        cmocka_unit_test(turn__of_many_threads__is_one_at_a_time),
        cmocka_unit_test(set_ready__after_the_first_call__is_refused),
    };

    return cmocka_run_group_tests_name("waiting", tests, NULL, NULL);
}
