#include "support/child.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/worker.h"

static const char *program;

static struct {
    child_part part;
    const char *argument;
    int status;
} play;

static void run_part(void **state)
{
    (void)state;
    play.status = play.part(play.argument);
}

void child_main(const struct child_role *roles, int count, char **arguments)
{
    program = arguments[0];
    for (; count == 3 && roles->name != NULL; roles++)
        if (strcmp(roles->name, arguments[1]) == 0) {
            const struct CMUnitTest test = {.name = roles->name, .test_func = run_part};

            play.part = roles->part;
            play.argument = arguments[2];
            exit(_cmocka_run_group_tests(roles->name, &test, 1, NULL, NULL) == 0
                     ? play.status
                     : CHILD_FAILED);
        }
}

static void make_pipe(int ends[2])
{
    assert_int_equal(pipe(ends), 0);
    for (int i = 0; i < 2; i++)
        assert_int_equal(fcntl(ends[i], F_SETFD, FD_CLOEXEC), 0);
}

struct child child_start(const char *role, const char *argument)
{
    int in[2], out[2];
    struct child child;

    make_pipe(in);
    make_pipe(out);
    fflush(NULL);
    child.pid = fork();
    if (child.pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execl(program, program, role, argument == NULL ? "" : argument, (char *)NULL);
        _exit(127);
    }
    assert_true(child.pid > 0);
    close(in[0]);
    close(out[1]);
    child.in = in[1];
    child.out = out[0];
    return child;
}

unsigned child_number(const struct child *child)
{
    char line[200] = "";
    size_t size = 0;

    while (strchr(line, '\n') == NULL || line[0] < '0' || line[0] > '9') {
        struct pollfd item = {child->out, POLLIN, 0};

        if (strchr(line, '\n') != NULL || size == sizeof(line) - 1) {
            memset(line, 0, sizeof(line));
            size = 0;
        }
        assert_int_equal(poll(&item, 1, WORKER_PATIENCE_S * 1000), 1);
        assert_int_equal(read(child->out, line + size, 1), 1);
        size++;
    }
    return (unsigned)strtoul(line, NULL, 10);
}

int child_end(struct child *child)
{
    const time_t begin = worker_now();
    int status;

    close(child->in);
    while (waitpid(child->pid, &status, WNOHANG) == 0) {
        if (worker_now() - begin > WORKER_PATIENCE_S)
            kill(child->pid, SIGKILL);
        worker_pause(begin + 1, "child");
    }
    close(child->out);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status);
}
