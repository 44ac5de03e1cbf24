/*
 * thread -- the library's own threads.
 *
 * They block every signal, so that the application's handlers run on the application's
 * threads, but those that a fault in their own code raises (SIGSEGV and the like), so
 * that its crash handler still runs.  They know that they are the library's.
 */
#ifndef WSD_OS_THREAD_H
#define WSD_OS_THREAD_H

#include <pthread.h>
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

/* Is the calling thread this one?  A body() may ask about its own thread at once. */
bool wsd_thread_is_current(const struct wsd_thread *thread);

/* Was the calling thread made by wsd_thread_start()?  It must not wait for work that
 * only it can do. */
bool wsd_thread_is_ours(void);

/* The calling thread runs the application's code from now on: it may wait. */
void wsd_thread_lend(void);

#endif
