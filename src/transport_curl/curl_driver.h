/*
 * curl_driver -- which thread drives the multi handle: the transport's own, or a caller's
 * that would only sleep until the transport has done what it waits for.  One at a time.
 *
 * Functions that end in _locked are called inside the transport's monitor, for whose
 * condition only the own thread waits.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_DRIVER_H
#define WSD_TRANSPORT_CURL_CURL_DRIVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "os/monitor.h"
#include "os/wake_fd.h"

/* Milliseconds.  A caller that drove has left transfers behind and may come back soon:
 * the own thread takes them over when for so long nobody drove. */
#define WSD_CURL_DRIVER_TICK_MS 2

struct wsd_curl_driver {
    struct wsd_monitor *monitor; /* borrowed */
    struct wsd_wake_fd wake;     /* for a driver that listens to sockets */
    atomic_bool listens;         /* it does, or is about to */
    bool driven;
    bool called;   /* the own thread: to drive at once */
    bool ticks;    /* it looks by itself whether somebody drives */
    bool busy;     /* the last driver left transfers behind */
    unsigned left; /* how often a caller has */
};

/* S_OK, or what wsd_wake_fd_open() says; fini is safe afterwards. */
HRESULT wsd_curl_driver_init(struct wsd_curl_driver *driver, struct wsd_monitor *monitor);
void wsd_curl_driver_fini(struct wsd_curl_driver *driver);

/* There is work: if nobody drives, the own thread is called.  true: the driver may sleep,
 * and is to be woken behind the monitor by wsd_wake_fd_signal(). */
bool wsd_curl_driver_tell_locked(struct wsd_curl_driver *driver);

/* The own thread sleeps until it is to drive, and from then on does. */
void wsd_curl_driver_await_locked(struct wsd_curl_driver *driver);

/* A caller drives from now on.  false: another thread does. */
bool wsd_curl_driver_take_locked(struct wsd_curl_driver *driver);

/* The driver, a caller's thread or the own, drives no more.  busy: it leaves transfers
 * behind.  pressing: the own thread is to go on at once. */
void wsd_curl_driver_give_locked(struct wsd_curl_driver *driver, bool busy,
                                 bool pressing);

#endif
