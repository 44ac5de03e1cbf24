#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/thread.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#    define HAS_SANITIZER 1
#elif defined(__has_feature)
#    if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||           \
        __has_feature(memory_sanitizer)
#        define HAS_SANITIZER 1
#    endif
#endif

struct seen {
    struct wsd_thread thread;
    const struct wsd_thread *other;
    bool is_current;
    bool other_is_current;
    bool is_ours;
    bool is_lent;
    sigset_t blocked;
    atomic_bool go;
    atomic_bool ended;
};

static void look_around(void *argument)
{
    struct seen *seen = argument;

    seen->is_current = wsd_thread_is_current(&seen->thread);
    if (seen->other != NULL)
        seen->other_is_current = wsd_thread_is_current(seen->other);
    seen->is_ours = wsd_thread_is_ours();
    pthread_sigmask(SIG_SETMASK, NULL, &seen->blocked);
}

static void cancel_itself(void *argument)
{
    pthread_cancel(pthread_self());
    pthread_testcancel();
    look_around(argument);
}

static void wait_for_go(void *argument)
{
    struct seen *seen = argument;

    while (!atomic_load(&seen->go))
        continue;
    seen->is_ours = wsd_thread_is_ours();
    atomic_store(&seen->ended, true);
}

static bool same_signals(const sigset_t *a, const sigset_t *b)
{
    for (int signal = 1; signal < 32; signal++) {
        if (sigismember(a, signal) != sigismember(b, signal))
            return false;
    }
    return true;
}

#ifndef HAS_SANITIZER
/* Those of qemu-user are its host's, and not held to. */
static bool limits_are_held(void)
{
    void *volatile block = malloc((size_t)1 << 24);
    bool are_held = block == NULL;

    free(block);
    return are_held;
}
#endif

/* The first test, for a thread that has ended leaves its stack to the next one. */
static void start__no_memory_for_a_stack__is_an_error_without_effect(void **state)
{
#ifdef HAS_SANITIZER
    (void)state;
    skip(); /* a sanitizer needs memory of its own */
#else
    struct seen seen = {.is_ours = false};
    struct rlimit before, none;
    sigset_t mask_before, mask_after;
    HRESULT hr;

    (void)state;
    pthread_sigmask(SIG_SETMASK, NULL, &mask_before);
    assert_int_equal(getrlimit(RLIMIT_AS, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_AS, &none), 0);
    if (!limits_are_held()) {
        setrlimit(RLIMIT_AS, &before);
        skip();
    }

    hr = wsd_thread_start(&seen.thread, look_around, &seen);

    assert_int_equal(setrlimit(RLIMIT_AS, &before), 0);
    assert_int_equal(hr, HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES));
    pthread_sigmask(SIG_SETMASK, NULL, &mask_after);
    assert_true(same_signals(&mask_before, &mask_after));
    assert_false(seen.is_ours);
#endif
}

static void start__body__runs_on_a_thread_of_ours(void **state)
{
    (void)state;
    for (int i = 0; i < 200; i++) { /* is_current must not race with start */
        struct seen seen = {.is_ours = false};

        assert_int_equal(wsd_thread_start(&seen.thread, look_around, &seen), S_OK);
        wsd_thread_join(&seen.thread);

        assert_true(seen.is_current);
        assert_true(seen.is_ours);
    }
    assert_false(wsd_thread_is_ours());
}

static void start__body_is_cancelled__goes_on(void **state)
{
    struct seen seen = {.is_ours = false};

    (void)state;
    assert_int_equal(wsd_thread_start(&seen.thread, cancel_itself, &seen), S_OK);
    wsd_thread_join(&seen.thread);
    assert_true(seen.is_ours);
}

static void *hold_cancel_twice(void *argument)
{
    int *passed = argument;
    int outer = wsd_thread_hold_cancel();
    int inner = wsd_thread_hold_cancel();

    pthread_cancel(pthread_self());
    wsd_thread_allow_cancel(inner);
    pthread_testcancel();
    *passed = 1;
    wsd_thread_allow_cancel(outer);
    pthread_testcancel();
    *passed = 2;
    return NULL;
}

static void hold_cancel__nested__ends_with_the_outer_one(void **state)
{
    pthread_t foreign;
    void *result;
    int passed = 0;

    (void)state;
    assert_int_equal(pthread_create(&foreign, NULL, hold_cancel_twice, &passed), 0);
    assert_int_equal(pthread_join(foreign, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_int_equal(passed, 1);
}

static void is_current__other_threads__is_false(void **state)
{
    struct seen first = {.is_ours = false}, second = {.other = &first.thread};

    (void)state;
    assert_int_equal(wsd_thread_start(&first.thread, wait_for_go, &first), S_OK);
    assert_int_equal(wsd_thread_start(&second.thread, look_around, &second), S_OK);
    assert_false(wsd_thread_is_current(&first.thread));
    wsd_thread_join(&second.thread);
    atomic_store(&first.go, true);
    wsd_thread_join(&first.thread);

    assert_true(second.is_current);
    assert_false(second.other_is_current);
}

static void *look_at_foreign_thread(void *argument)
{
    *(bool *)argument = wsd_thread_is_ours();
    return NULL;
}

static void is_ours__thread_of_the_application__is_false(void **state)
{
    pthread_t foreign;
    bool is_ours = true;

    (void)state;
    assert_int_equal(pthread_create(&foreign, NULL, look_at_foreign_thread, &is_ours), 0);
    assert_int_equal(pthread_join(foreign, NULL), 0);
    assert_false(is_ours);
}

static void lend_and_look(void *argument)
{
    struct seen *seen = argument;

    look_around(seen);
    seen->is_lent = wsd_thread_set_ours(false) && !wsd_thread_is_ours() &&
                    !wsd_thread_set_ours(false);
    seen->is_current = wsd_thread_is_current(&seen->thread);
}

/* That one only, and none that is started later. */
static void set_ours__of_one_thread__is_not_of_others(void **state)
{
    struct seen lent = {.is_lent = false}, other = {.is_lent = false};

    (void)state;
    assert_int_equal(wsd_thread_start(&other.thread, wait_for_go, &other), S_OK);
    assert_int_equal(wsd_thread_start(&lent.thread, lend_and_look, &lent), S_OK);
    wsd_thread_join(&lent.thread);
    atomic_store(&other.go, true);
    wsd_thread_join(&other.thread);
    assert_true(lent.is_ours); /* before */
    assert_true(lent.is_lent);
    assert_true(lent.is_current);
    assert_true(other.is_ours);
    assert_int_equal(wsd_thread_start(&lent.thread, look_around, &lent), S_OK);
    wsd_thread_join(&lent.thread);
    assert_true(lent.is_ours);
}

static void start__signals__are_blocked_there_and_unchanged_here(void **state)
{
    static const int handlers_of_the_application[] = {
        SIGALRM, SIGCHLD, SIGHUP, SIGINT, SIGPIPE, SIGPROF, SIGTERM, SIGUSR1, SIGUSR2};
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};
    struct seen seen = {.is_ours = false};
    sigset_t mask, before, after;

    (void)state;
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    pthread_sigmask(SIG_SETMASK, NULL, &before);

    assert_int_equal(wsd_thread_start(&seen.thread, look_around, &seen), S_OK);

    pthread_sigmask(SIG_SETMASK, NULL, &after);
    wsd_thread_join(&seen.thread);
    assert_true(same_signals(&before, &after));
    for (size_t i = 0; i < sizeof(handlers_of_the_application) / sizeof(int); i++)
        assert_true(sigismember(&seen.blocked, handlers_of_the_application[i]));
    for (size_t i = 0; i < sizeof(faults) / sizeof(int); i++)
        assert_false(sigismember(&seen.blocked, faults[i]));
    pthread_sigmask(SIG_UNBLOCK, &mask, NULL);
}

static void detach__thread__ends_by_itself(void **state)
{
    static struct seen seen; /* outlives the test: nobody joins */

    (void)state;
    assert_int_equal(wsd_thread_start(&seen.thread, wait_for_go, &seen), S_OK);
    wsd_thread_detach(&seen.thread);
    atomic_store(&seen.go, true);
    while (!atomic_load(&seen.ended))
        continue;
}

static void visit__begun_and_ended__leaves_the_thread_as_it_was(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        const bool holds_pipe = (i & 1) != 0, ours = (i & 2) != 0;
        struct wsd_thread_visit visit;
        sigset_t before, during, after;
        int held;

        pthread_sigmask(SIG_SETMASK, NULL, &before);
        wsd_thread_set_ours(ours);
        wsd_thread_visit_begin(&visit, holds_pipe);
        assert_true(wsd_thread_is_ours());
        pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &held);
        assert_int_equal(held, PTHREAD_CANCEL_DISABLE);
        pthread_sigmask(SIG_SETMASK, NULL, &during);
        assert_int_equal(sigismember(&during, SIGPIPE), holds_pipe);
        assert_int_equal(sigismember(&during, SIGTERM), 0);
        wsd_thread_visit_end(&visit);
        assert_int_equal(wsd_thread_set_ours(false), ours);
        pthread_setcancelstate(PTHREAD_CANCEL_ENABLE, &held);
        assert_int_equal(held, PTHREAD_CANCEL_ENABLE);
        pthread_sigmask(SIG_SETMASK, NULL, &after);
        assert_true(same_signals(&before, &after));
    }
}

static bool is_pipe_pending(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

/* One that the application has held up itself stays its own. */
static void visit__write_to_nobody__raises_no_signal(void **state)
{
    struct wsd_thread_visit visit;
    sigset_t pipe_only, before;
    int ends[2], number;

    (void)state;
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    wsd_thread_visit_begin(&visit, true);
    assert_int_equal(write(ends[1], "x", 1), -1);
    wsd_thread_visit_end(&visit); /* or the program is gone */
    assert_false(is_pipe_pending());

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    assert_int_equal(write(ends[1], "x", 1), -1);
    wsd_thread_visit_begin(&visit, true);
    assert_int_equal(write(ends[1], "x", 1), -1);
    wsd_thread_visit_end(&visit);
    assert_true(is_pipe_pending());
    sigwait(&pipe_only, &number);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    close(ends[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__no_memory_for_a_stack__is_an_error_without_effect),
        cmocka_unit_test(start__body__runs_on_a_thread_of_ours),
        cmocka_unit_test(start__body_is_cancelled__goes_on),
        cmocka_unit_test(hold_cancel__nested__ends_with_the_outer_one),
        cmocka_unit_test(is_current__other_threads__is_false),
        cmocka_unit_test(is_ours__thread_of_the_application__is_false),
        cmocka_unit_test(set_ours__of_one_thread__is_not_of_others),
        cmocka_unit_test(start__signals__are_blocked_there_and_unchanged_here),
        cmocka_unit_test(detach__thread__ends_by_itself),
        cmocka_unit_test(visit__begun_and_ended__leaves_the_thread_as_it_was),
        cmocka_unit_test(visit__write_to_nobody__raises_no_signal),
    };

    alarm(60); /* the bound of every wait */
    return cmocka_run_group_tests_name("thread", tests, NULL, NULL);
}
