/*
 * worker -- runs one call on another thread and joins it within bounded time.
 *
 * The body must not use cmocka's assertions: it writes down what it sees, and the test
 * looks at that after worker_join().
 */
#ifndef WSD_TESTS_WORKER_H
#define WSD_TESTS_WORKER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include <pthread.h>
#include <time.h>

#define WORKER_PATIENCE_S 30

struct worker {
    pthread_t thread;
    void (*body)(void *argument);
    void *argument;
    atomic_bool done;
};

/* A test that cannot go on: its threads may still use its variables. */
static inline void worker_hangs(const char *what)
{
    fprintf(stderr, "%s: nothing for %d seconds\n", what, WORKER_PATIENCE_S);
    abort();
}

static inline time_t worker_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

/* Lets the others run; ends the program when it has been too long since `begin`. */
static inline void worker_pause(time_t begin, const char *what)
{
    const struct timespec moment = {0, 20000};

    if (worker_now() - begin > WORKER_PATIENCE_S)
        worker_hangs(what);
    nanosleep(&moment, NULL);
}

/* Looks until `condition` holds. */
#define WORKER_AWAIT(condition)                                                          \
    for (const time_t worker_begin = worker_now(); !(condition);)                        \
    worker_pause(worker_begin, #condition)

static inline void *worker_run(void *context)
{
    struct worker *worker = context;

    worker->body(worker->argument);
    atomic_store(&worker->done, true);
    return NULL;
}

static inline void worker_start(struct worker *worker, void (*body)(void *argument),
                                void *argument)
{
    worker->body = body;
    worker->argument = argument;
    atomic_init(&worker->done, false);
    if (pthread_create(&worker->thread, NULL, worker_run, worker) != 0)
        worker_hangs("pthread_create");
}

static inline void worker_join(struct worker *worker)
{
    WORKER_AWAIT(atomic_load(&worker->done));
    pthread_join(worker->thread, NULL);
}

#endif
