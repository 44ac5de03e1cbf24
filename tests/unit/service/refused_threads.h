/* refused_threads -- lets wsd_thread_start() fail, where the linker can do that (--wrap).
 */
#ifndef WSD_TESTS_REFUSED_THREADS_H
#define WSD_TESTS_REFUSED_THREADS_H

#ifdef REFUSES_THREADS

#    include <stdbool.h>

#    include "os/thread.h"

/* On the thread that would start one. */
static bool refuses_threads;

HRESULT __real_wsd_thread_start(struct wsd_thread *thread, void (*body)(void *argument),
                                void *argument);
HRESULT __wrap_wsd_thread_start(struct wsd_thread *thread, void (*body)(void *argument),
                                void *argument);
HRESULT __wrap_wsd_thread_start(struct wsd_thread *thread, void (*body)(void *argument),
                                void *argument)
{
    if (refuses_threads)
        return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
    return __real_wsd_thread_start(thread, body, argument);
}

#endif
#endif
