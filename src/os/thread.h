/*
 * thread -- the library's own threads.
 *
 * They block every signal, so that the application's handlers run on the application's
 * threads, but those that a fault in their own code raises (SIGSEGV and the like), so
 * that its crash handler still runs.  They cannot be cancelled, and know that they are
 * the library's.
 */
#ifndef WSD_OS_THREAD_H
#define WSD_OS_THREAD_H

#include <pthread.h>
#include <signal.h>
#include <stdbool.h>

#include "wsd_types.h"

struct wsd_thread {
    pthread_t handle;
};

/* Runs body(argument) on a new thread.  Returns S_OK, or
 * HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES) when the system has no thread left. */
HRESULT wsd_thread_start(struct wsd_thread *thread, void (*body)(void *argument),
                         void *argument);
void wsd_thread_join(struct wsd_thread *thread);
void wsd_thread_detach(struct wsd_thread *thread);

/* Between the two the calling thread is not cancelled: pthread_cancel() would leave locks
 * taken and turns not given back, ours and those of other libraries.  They may nest. */
int wsd_thread_hold_cancel(void);
void wsd_thread_allow_cancel(int held);

/* Between the two a thread of the application's does the library's work: it knows that,
 * and is not cancelled.  holds_pipe: it gets no SIGPIPE for it. */
struct wsd_thread_visit {
    bool ours;
    int held;
    bool holds_pipe, pipe_was_pending;
    sigset_t signals;
};

void wsd_thread_visit_begin(struct wsd_thread_visit *visit, bool holds_pipe);
void wsd_thread_visit_end(const struct wsd_thread_visit *visit);

/* Is the calling thread this one?  A body() may ask about its own thread at once. */
bool wsd_thread_is_current(const struct wsd_thread *thread);

/* Does the calling thread run the library's code, and so must not wait for work that only
 * it can do?  One made by wsd_thread_start() does. */
bool wsd_thread_is_ours(void);

/* Whose code it runs from now on; returns whether that was ours before. */
bool wsd_thread_set_ours(bool ours);

#endif
