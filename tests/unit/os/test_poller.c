#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/poller.h"
#include "support/failing_mem.h"

enum { NEVER_THAT_LONG = 30000 };

struct fixture {
    struct failing_mem heap;
    struct wsd_poller *poller;
    int ends[2]; /* of a socket pair */
};

static int set_up(void **state)
{
    struct fixture *f = calloc(1, sizeof(*f));

    if (f == NULL)
        return -1;
    f->heap = (struct failing_mem)FAILING_MEM(-1, &f->heap);
    *state = f;
    return wsd_poller_create(&f->heap.mem, &f->poller) == S_OK &&
                   socketpair(AF_UNIX, SOCK_STREAM, 0, f->ends) == 0
               ? 0
               : -1;
}

static int tear_down(void **state)
{
    struct fixture *f = *state;
    int live;

    close(f->ends[0]);
    close(f->ends[1]);
    wsd_poller_destroy(f->poller);
    live = f->heap.live;
    free(f);
    return live;
}

/* What the poller says of `fd` now; 0 for nothing. */
static unsigned look(struct fixture *f, int fd)
{
    struct wsd_poller_event events[8];
    size_t count = wsd_poller_wait(f->poller, events, 8, 0);

    for (size_t i = 0; i < count; i++) {
        if (events[i].fd == fd)
            return events[i].what;
    }
    return 0;
}

static void watch__in_or_out__is_level_triggered_and_can_be_changed(void **state)
{
    struct fixture *f = *state;
    int fd = f->ends[0];

    assert_int_equal(look(f, fd), 0);
    assert_int_equal(wsd_poller_watch(f->poller, fd, WSD_POLLER_IN), S_OK);
    assert_int_equal(look(f, fd), 0);
    assert_int_equal(write(f->ends[1], "x", 1), 1);
    assert_int_equal(look(f, fd), WSD_POLLER_IN);
    assert_int_equal(look(f, fd), WSD_POLLER_IN);

    assert_int_equal(wsd_poller_watch(f->poller, fd, WSD_POLLER_OUT), S_OK);
    assert_int_equal(look(f, fd), WSD_POLLER_OUT);
    assert_int_equal(wsd_poller_watch(f->poller, fd, WSD_POLLER_IN | WSD_POLLER_OUT),
                     S_OK);
    assert_int_equal(look(f, fd), WSD_POLLER_IN | WSD_POLLER_OUT);

    assert_int_equal(wsd_poller_watch(f->poller, fd, 0), S_OK);
    assert_int_equal(look(f, fd), 0);
}

static void watch__nothing_to_forget__is_no_failure(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], 0), S_OK);
    assert_int_equal(wsd_poller_watch(f->poller, 12345, 0), S_OK);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], WSD_POLLER_OUT), S_OK);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], 0), S_OK);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], 0), S_OK);
    assert_int_equal(look(f, f->ends[0]), 0);
}

static void wait__hang_up__is_an_error_whatever_is_watched(void **state)
{
    struct fixture *f = *state;

    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], WSD_POLLER_OUT), S_OK);
    assert_int_equal(look(f, f->ends[0]), WSD_POLLER_OUT);

    close(f->ends[1]);

    assert_true(look(f, f->ends[0]) & WSD_POLLER_ERROR);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], WSD_POLLER_IN), S_OK);
    assert_int_equal(look(f, f->ends[0]), WSD_POLLER_IN | WSD_POLLER_ERROR);
    f->ends[1] = dup(f->ends[0]);
}

/* Programs close descriptors, and the system gives the number again. */
static void watch__number_given_again__is_watched_again(void **state)
{
    struct fixture *f = *state;
    int fd = f->ends[0];
    int fresh[2];

    assert_int_equal(wsd_poller_watch(f->poller, fd, WSD_POLLER_OUT), S_OK);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fresh), 0);
    assert_int_equal(dup2(fresh[0], fd), fd);

    assert_int_equal(wsd_poller_watch(f->poller, fd, WSD_POLLER_IN), S_OK);

    assert_int_equal(look(f, fd), 0);
    assert_int_equal(write(fresh[1], "x", 1), 1);
    assert_int_equal(look(f, fd), WSD_POLLER_IN);
    close(fresh[0]);
    close(fresh[1]);
}

enum { MANY = 100 };

/* Waits `rounds` times for up to `capacity` events; returns how many of fds[first..]
 * came. */
static int count_served(struct fixture *f, const int *fds, int first, size_t capacity,
                        int rounds)
{
    bool seen[MANY] = {false};
    int served = 0;

    for (int round = 0; round < rounds; round++) {
        static struct wsd_poller_event events[10 * MANY];
        size_t ready = wsd_poller_wait(f->poller, events, capacity, NEVER_THAT_LONG);

        assert_in_range(ready, 1, capacity);
        for (size_t e = 0; e < ready; e++) {
            int i = first;

            assert_int_equal(events[e].what, WSD_POLLER_OUT);
            while (i < MANY && fds[i] != events[e].fd)
                i++;
            assert_true(i < MANY);
            served += !seen[i];
            seen[i] = true;
        }
    }
    return served;
}

/* Also with more room than any poller takes, and with some of them forgotten. */
static void wait__many_are_ready__serves_each_in_turn(void **state)
{
    static const size_t capacities[] = {1, 3, 7, 10 * MANY};
    struct fixture *f = *state;
    int fds[MANY];

    for (int i = 0; i < MANY; i++) {
        fds[i] = dup(f->ends[0]);
        assert_true(fds[i] >= 0);
        assert_int_equal(wsd_poller_watch(f->poller, fds[i], WSD_POLLER_OUT), S_OK);
    }
    for (int first = 0; first < MANY; first += 9) {
        int left = MANY - first;

        for (size_t c = 0; c < sizeof(capacities) / sizeof(capacities[0]); c++)
            assert_int_equal(count_served(f, fds, first, capacities[c], 2 * left), left);
        for (int i = first; i < first + 9 && i < MANY; i++)
            assert_int_equal(wsd_poller_watch(f->poller, fds[i], 0), S_OK);
    }
    for (int i = 0; i < MANY; i++)
        close(fds[i]);
}

static void wait__timeout__is_0(void **state)
{
    struct fixture *f = *state;
    struct wsd_poller_event event;

    assert_int_equal(wsd_poller_wait(f->poller, &event, 1, 0), 0);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], WSD_POLLER_IN), S_OK);
    assert_int_equal(wsd_poller_wait(f->poller, &event, 1, 1), 0);
}

struct interruption {
    pthread_t target;
    atomic_bool enough;
};

static void on_signal(int number)
{
    (void)number;
}

static void *interrupt_until_enough(void *argument)
{
    struct interruption *interruption = argument;

    while (!atomic_load(&interruption->enough))
        pthread_kill(interruption->target, SIGUSR1);
    return NULL;
}

static void wait__signal__is_0(void **state)
{
    struct fixture *f = *state;
    struct interruption interruption = {.target = pthread_self()};
    struct sigaction action, before;
    struct wsd_poller_event event;
    pthread_t thread;
    size_t ready;

    memset(&action, 0, sizeof(action));
    action.sa_handler = on_signal;
    assert_int_equal(sigaction(SIGUSR1, &action, &before), 0);
    assert_int_equal(wsd_poller_watch(f->poller, f->ends[0], WSD_POLLER_IN), S_OK);
    assert_int_equal(pthread_create(&thread, NULL, interrupt_until_enough, &interruption),
                     0);

    ready = wsd_poller_wait(f->poller, &event, 1, -1);

    atomic_store(&interruption.enough, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(sigaction(SIGUSR1, &before, NULL), 0);
    assert_int_equal(ready, 0);
}

enum { FEW = 40 }; /* what one wait gives; more than a poller makes room for at first */

/* On systems with poll() each watch may allocate; a refused one changes nothing. */
static void poller__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    struct fixture *f = *state;
    int grants;

    for (grants = 0; grants < 32; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_poller *poller = (struct wsd_poller *)(uintptr_t)1;
        HRESULT hr = wsd_poller_create(&heap.mem, &poller);
        int fds[FEW], watched = 0;

        if (hr == S_OK) {
            struct wsd_poller_event events[FEW];

            while (hr == S_OK && watched < FEW) {
                fds[watched] = dup(f->ends[0]);
                hr = wsd_poller_watch(poller, fds[watched], WSD_POLLER_OUT);
                watched++;
            }
            assert_int_equal(wsd_poller_wait(poller, events, FEW, 0),
                             hr == S_OK ? watched : watched - 1);
        } else {
            assert_null(poller);
        }
        while (watched > 0)
            close(fds[--watched]);
        wsd_poller_destroy(poller);
        assert_int_equal(heap.live, 0);
        if (hr == S_OK)
            break;
        assert_int_equal(hr, E_OUTOFMEMORY);
    }
    assert_in_range(grants, 1, 31);
}

static void create__no_descriptor_left__is_an_error_where_one_is_needed(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_poller *poller;
    struct rlimit before, none;
    HRESULT hr;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);

    hr = wsd_poller_create(&heap.mem, &poller);

    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
#if defined(__linux__) && !defined(WSD_PORTABLE_ONLY)
    assert_int_equal(hr, HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES));
    assert_null(poller);
#else
    assert_int_equal(hr, S_OK);
    wsd_poller_destroy(poller);
#endif
    assert_int_equal(heap.live, 0);
}

static void destroy__NULL__does_nothing(void **state)
{
    (void)state;
    wsd_poller_destroy(NULL);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(watch__in_or_out__is_level_triggered_and_can_be_changed),
        TEST(watch__nothing_to_forget__is_no_failure),
        TEST(wait__hang_up__is_an_error_whatever_is_watched),
        TEST(watch__number_given_again__is_watched_again),
        TEST(wait__many_are_ready__serves_each_in_turn),
        TEST(wait__timeout__is_0),
        TEST(wait__signal__is_0),
        TEST(poller__every_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(create__no_descriptor_left__is_an_error_where_one_is_needed),
        cmocka_unit_test(destroy__NULL__does_nothing),
    };

    alarm(60); /* the bound of every wait */
    return cmocka_run_group_tests_name("poller", tests, NULL, NULL);
}
