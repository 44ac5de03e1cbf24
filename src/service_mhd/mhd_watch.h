/*
 * mhd_watch -- keeps a poller told of what a daemon waits for: of one descriptor on
 * Linux, where libmicrohttpd has an epoll of its own, and of all its sockets elsewhere.
 *
 * Elsewhere libmicrohttpd takes no connection whose descriptor is FD_SETSIZE or more.
 */
#ifndef WSD_SERVICE_MHD_MHD_WATCH_H
#define WSD_SERVICE_MHD_MHD_WATCH_H

#include <microhttpd.h>
#include <stdbool.h>

#include "os/poller.h"
#include "wsd_types.h"

struct wsd_mhd_watch {
    struct wsd_poller *poller; /* borrowed */
    struct MHD_Daemon *daemon; /* likewise */
    bool has_epoll;
    int highest; /* descriptor that is watched; -1: none */
    unsigned char watched[FD_SETSIZE];
};

/* Does libmicrohttpd have it here?  Then it is a daemon's flag. */
unsigned wsd_mhd_watch_flag(void);

/* S_OK or E_OUTOFMEMORY, as the poller says. */
HRESULT wsd_mhd_watch_init(struct wsd_mhd_watch *watch, struct wsd_poller *poller,
                           struct MHD_Daemon *daemon);

/* Before each wait. */
HRESULT wsd_mhd_watch_update(struct wsd_mhd_watch *watch);

#endif
