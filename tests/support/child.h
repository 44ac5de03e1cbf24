/*
 * child -- this program once more, in a process of its own that plays a part of its own.
 *
 * main() hands its arguments to child_main().  A part is a test of its own: what has to
 * succeed, and does not, ends it with CHILD_FAILED.
 */
#ifndef WSD_TESTS_CHILD_H
#define WSD_TESTS_CHILD_H

#include <sys/types.h>

#define CHILD_FAILED 99

/* Gives the exit status. */
typedef int (*child_part)(const char *argument);

struct child_role {
    const char *name;
    child_part part;
};

struct child {
    pid_t pid;
    int in, out; /* to its standard input, and from its standard output */
};

/* Plays the part that the arguments ask for and ends the process with it; returns where
 * they ask for none.  `roles` ends with one without a name. */
void child_main(const struct child_role *roles, int count, char **arguments);

/* argument: NULL for "". */
struct child child_start(const char *role, const char *argument);
/* The first line that begins with a digit, of what it says. */
unsigned child_number(const struct child *child);
/* Ends its input and waits for its end, within bounded time; its exit status, or 1000
 * more than the signal that has ended it. */
int child_end(struct child *child);

#endif
