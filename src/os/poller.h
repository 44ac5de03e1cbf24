/*
 * poller -- waits for many descriptors at once: epoll on Linux, poll elsewhere.
 *
 * One thread uses it.
 */
#ifndef WSD_OS_POLLER_H
#define WSD_OS_POLLER_H

#include <stddef.h>

#include "base/mem.h"
#include "wsd_types.h"

enum { WSD_POLLER_IN = 1, WSD_POLLER_OUT = 2, WSD_POLLER_ERROR = 4 };

struct wsd_poller_event {
    int fd;
    unsigned what; /* WSD_POLLER_*; ERROR also for a hang-up */
};

struct wsd_poller; /* opaque */

/* S_OK, E_OUTOFMEMORY, or HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES). */
HRESULT wsd_poller_create(const struct wsd_mem *mem, struct wsd_poller **out);
void wsd_poller_destroy(struct wsd_poller *poller); /* accepts NULL */

/* Watches fd for `what` (level-triggered); 0 forgets it.  ERROR is always watched.
 * S_OK; E_OUTOFMEMORY; forgetting never fails, also for an fd that is not watched. */
HRESULT wsd_poller_watch(struct wsd_poller *poller, int fd, unsigned what);

/* Waits up to timeout_ms (-1: for ever) and fills up to `capacity` events; returns how
 * many.  0: timeout, or a signal. */
size_t wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                       size_t capacity, int timeout_ms);

#endif
