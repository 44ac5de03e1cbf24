/*
 * monitor -- one mutex with one condition, and waits against a deadline.
 */
#ifndef WSD_OS_MONITOR_H
#define WSD_OS_MONITOR_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "wsd_types.h"

enum wsd_wake { WSD_WAKE_NOBODY, WSD_WAKE_ONE, WSD_WAKE_ALL };

struct wsd_monitor {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum wsd_wake wake; /* what leaving delivers */
    bool ready;         /* false when zeroed: fini is then a no-op */
};

/* One that is always there: for enter and leave only, as its waits have another clock. */
#define WSD_MONITOR_STATIC                                                               \
    {                                                                                    \
        .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER,         \
        .ready = true                                                                    \
    }

/* Returns S_OK, or E_OUTOFMEMORY with the monitor left zeroed. */
HRESULT wsd_monitor_init(struct wsd_monitor *monitor);
void wsd_monitor_fini(struct wsd_monitor *monitor);

void wsd_monitor_enter(struct wsd_monitor *monitor);

/* Wakes those whom the calls of wake_all() and wake_one() since enter() were for, once it
 * has left: whoever may destroy the monitor then must know that no thread is in here. */
void wsd_monitor_leave(struct wsd_monitor *monitor);
void wsd_monitor_wake_all(struct wsd_monitor *monitor);
void wsd_monitor_wake_one(struct wsd_monitor *monitor);

/* Leaves, sleeps until woken or until wsd_clock_ms() reaches deadline_ms (UINT64_MAX:
 * never), enters again.  Returns false when the deadline passed.  May wake for no
 * reason. */
bool wsd_monitor_wait_until(struct wsd_monitor *monitor, uint64_t deadline_ms);

#endif
