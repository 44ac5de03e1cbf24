#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/standard_streams.h"

static int kept[3];

static int keep(void **state)
{
    (void)state;
    fflush(NULL);
    for (int fd = 0; fd < 3; fd++)
        kept[fd] = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    return 0;
}

static int restore(void **state)
{
    (void)state;
    for (int fd = 0; fd < 3; fd++) {
        dup2(kept[fd], fd);
        close(kept[fd]);
    }
    return 0;
}

/* Any of them, and all. */
static void hold__closed_ones__read_as_empty_and_refuse_writes(void **state)
{
    for (unsigned closed = 0; closed < 8; closed++) {
        bool held;

        for (int fd = 0; fd < 3; fd++)
            if (closed & 1u << fd)
                close(fd);
        held = wsd_standard_streams_hold();

        for (int fd = 0; fd < 3; fd++) {
            struct stat now, before;

            if (closed & 1u << fd) {
                char byte;

                assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
                assert_int_equal(read(fd, &byte, 1), 0);
                assert_int_equal(write(fd, "x", 1), -1);
                assert_int_equal(errno, EBADF);
                dup2(kept[fd], fd);
            }
            assert_int_equal(fstat(fd, &now), 0);
            assert_int_equal(fstat(kept[fd], &before), 0);
            assert_true(now.st_dev == before.st_dev && now.st_ino == before.st_ino);
        }
        assert_true(held);
    }
    (void)state;
}

static void hold__nothing_can_be_opened__fails_if_one_is_closed(void **state)
{
    struct rlimit before, none;
    bool needless, needed;

    (void)state;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    needless = wsd_standard_streams_hold();
    close(STDIN_FILENO);
    needed = wsd_standard_streams_hold();
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_true(needless);
    assert_false(needed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            hold__closed_ones__read_as_empty_and_refuse_writes, keep, restore),
        cmocka_unit_test_setup_teardown(
            hold__nothing_can_be_opened__fails_if_one_is_closed, keep, restore),
    };

    return cmocka_run_group_tests_name("standard_streams", tests, NULL, NULL);
}
