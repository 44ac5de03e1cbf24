#include "os/monitor.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include "os/thread.h"

/* Most threads are inside for less time than it takes to sleep until they leave. */
enum { TRIES = 100 };

HRESULT wsd_monitor_init(struct wsd_monitor *monitor)
{
    pthread_condattr_t attr;
    bool ok;

    memset(monitor, 0, sizeof(*monitor));
    if (pthread_condattr_init(&attr) != 0)
        return E_OUTOFMEMORY;
    ok = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 &&
         pthread_cond_init(&monitor->changed, &attr) == 0;
    pthread_condattr_destroy(&attr);
    if (!ok)
        goto fail;
    if (pthread_mutex_init(&monitor->mutex, NULL) != 0) {
        pthread_cond_destroy(&monitor->changed);
        goto fail;
    }
    monitor->ready = true;
    return S_OK;

fail:
    memset(monitor, 0, sizeof(*monitor));
    return E_OUTOFMEMORY;
}

void wsd_monitor_fini(struct wsd_monitor *monitor)
{
    if (!monitor->ready)
        return;
    pthread_cond_destroy(&monitor->changed);
    pthread_mutex_destroy(&monitor->mutex);
    memset(monitor, 0, sizeof(*monitor));
}

void wsd_monitor_enter(struct wsd_monitor *monitor)
{
    for (unsigned tries = 0; tries < TRIES; tries++)
        if (pthread_mutex_trylock(&monitor->mutex) == 0)
            return;
    pthread_mutex_lock(&monitor->mutex);
}

/* Tells those whom the wake-up is for; a thread that is woken inside would go to sleep
 * again at once, for the mutex. */
static void deliver(struct wsd_monitor *monitor, enum wsd_wake wake)
{
    if (wake == WSD_WAKE_ALL)
        pthread_cond_broadcast(&monitor->changed);
    else if (wake == WSD_WAKE_ONE)
        pthread_cond_signal(&monitor->changed);
}

void wsd_monitor_leave(struct wsd_monitor *monitor)
{
    enum wsd_wake wake = monitor->wake;

    monitor->wake = WSD_WAKE_NOBODY;
    pthread_mutex_unlock(&monitor->mutex);
    deliver(monitor, wake);
}

void wsd_monitor_wake_all(struct wsd_monitor *monitor)
{
    monitor->wake = WSD_WAKE_ALL;
}

void wsd_monitor_wake_one(struct wsd_monitor *monitor)
{
    /* Two of these are for two. */
    monitor->wake = monitor->wake == WSD_WAKE_NOBODY ? WSD_WAKE_ONE : WSD_WAKE_ALL;
}

bool wsd_monitor_wait_until(struct wsd_monitor *monitor, uint64_t deadline_ms)
{
    struct timespec until = {.tv_sec = (time_t)(deadline_ms / 1000),
                             .tv_nsec = (long)(deadline_ms % 1000) * 1000000};
    int held, result;

    deliver(monitor, monitor->wake);
    monitor->wake = WSD_WAKE_NOBODY;
    held = wsd_thread_hold_cancel();
    result = deadline_ms == UINT64_MAX
                 ? pthread_cond_wait(&monitor->changed, &monitor->mutex)
                 : pthread_cond_timedwait(&monitor->changed, &monitor->mutex, &until);
    wsd_thread_allow_cancel(held);
    return result != ETIMEDOUT;
}
