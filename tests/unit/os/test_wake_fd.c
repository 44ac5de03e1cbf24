#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/wake_fd.h"

static bool is_readable(const struct wsd_wake_fd *wake)
{
    struct pollfd entry = {.fd = wake->read_end, .events = POLLIN};

    return poll(&entry, 1, 0) == 1 && entry.revents == POLLIN;
}

static void signal__once_or_often__is_readable_until_one_clear(void **state)
{
    static const int counts[] = {1, 2, 63, 64, 65, 100000}; /* the last fills a pipe */
    struct wsd_wake_fd wake;

    (void)state;
    assert_int_equal(wsd_wake_fd_open(&wake), S_OK);
    assert_false(is_readable(&wake));
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        for (int n = 0; n < counts[i]; n++)
            wsd_wake_fd_signal(&wake);
        assert_true(is_readable(&wake));
        assert_true(is_readable(&wake));

        wsd_wake_fd_clear(&wake);

        assert_false(is_readable(&wake));
        wsd_wake_fd_clear(&wake);
        assert_false(is_readable(&wake));
    }
    wsd_wake_fd_close(&wake);
}

static void open__descriptors__are_close_on_exec_and_non_blocking(void **state)
{
    struct wsd_wake_fd wake;
    int ends[2];

    (void)state;
    assert_int_equal(wsd_wake_fd_open(&wake), S_OK);
    ends[0] = wake.read_end;
    ends[1] = wake.write_end;
    for (int i = 0; i < 2; i++) {
        assert_true(fcntl(ends[i], F_GETFD) & FD_CLOEXEC);
        assert_true(fcntl(ends[i], F_GETFL) & O_NONBLOCK);
    }
    wsd_wake_fd_close(&wake);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fcntl(ends[i], F_GETFD), -1);
}

static void closed__every_call__does_nothing(void **state)
{
    struct wsd_wake_fd wake = WSD_WAKE_FD_CLOSED;

    (void)state;
    wsd_wake_fd_signal(&wake);
    wsd_wake_fd_clear(&wake);
    wsd_wake_fd_close(&wake);
    assert_int_equal(wsd_wake_fd_open(&wake), S_OK);
    wsd_wake_fd_close(&wake);
    wsd_wake_fd_close(&wake);
    wsd_wake_fd_signal(&wake);
    wsd_wake_fd_clear(&wake);
    assert_int_equal(wake.read_end, -1);
    assert_int_equal(wake.write_end, -1);
}

static void open__no_descriptor_left__is_an_error_and_closed(void **state)
{
    struct rlimit before, none;
    struct wsd_wake_fd wake = {77, 78};
    HRESULT hr;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

    hr = wsd_wake_fd_open(&wake);

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(hr, HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES));
    assert_int_equal(wake.read_end, -1);
    assert_int_equal(wake.write_end, -1);
}

/* ---- signals of several threads while another clears --------------------------------
 */

enum { THREADS = 3, SIGNALS = 2000 };

static void *signal_often(void *argument)
{
    for (int i = 0; i < SIGNALS; i++)
        wsd_wake_fd_signal(argument);
    return NULL;
}

static void signal__while_another_thread_clears__is_never_lost(void **state)
{
    struct wsd_wake_fd wake;
    pthread_t threads[THREADS];

    (void)state;
    assert_int_equal(wsd_wake_fd_open(&wake), S_OK);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, signal_often, &wake), 0);
    for (int i = 0; i < SIGNALS; i++)
        wsd_wake_fd_clear(&wake);
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);

    wsd_wake_fd_clear(&wake);
    assert_false(is_readable(&wake));
    wsd_wake_fd_signal(&wake);
    assert_true(is_readable(&wake));
    wsd_wake_fd_close(&wake);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signal__once_or_often__is_readable_until_one_clear),
        cmocka_unit_test(open__descriptors__are_close_on_exec_and_non_blocking),
        cmocka_unit_test(closed__every_call__does_nothing),
        cmocka_unit_test(open__no_descriptor_left__is_an_error_and_closed),
        cmocka_unit_test(signal__while_another_thread_clears__is_never_lost),
    };

    alarm(60); /* a descriptor that blocks ends the program */
    return cmocka_run_group_tests_name("wake_fd", tests, NULL, NULL);
}
