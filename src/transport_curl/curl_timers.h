/*
 * curl_timers -- the timers of a transfer: one for each phase of it, and one for all.
 *
 * Pure data, without a clock.  A phase's timer begins with the phase, and anew with each
 * byte that the peer takes or gives.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_TIMERS_H
#define WSD_TRANSPORT_CURL_CURL_TIMERS_H

#include <stdint.h>

#include "transport/transport.h"

/* What a transfer waits for, and the timer that runs meanwhile. */
enum wsd_curl_phase {
    WSD_CURL_RESOLVING,  /* an address for the name: resolve_ms */
    WSD_CURL_CONNECTING, /* a connection that can be used: connect_ms */
    WSD_CURL_SENDING,    /* the peer to take bytes: send_ms */
    WSD_CURL_AWAITING,   /* the peer to give some: response_ms */
    WSD_CURL_STARVING,   /* the application to write some: produce_ms */
    WSD_CURL_FULL        /* the application to read some: none */
};

/* Begins zeroed, but for the timeouts. */
struct wsd_curl_timers {
    struct wsd_timeouts timeouts;
    uint64_t started_ms;       /* when the first request began, */
    uint64_t begun_ms;         /* and the newest */
    enum wsd_curl_phase phase; /* at the last look; */
    int64_t uploaded;          /* likewise */
    uint64_t progress_ms;      /* when that began, or the peer last took or gave a byte */
};

/* A request of the transfer begins. */
void wsd_curl_timers_begin(struct wsd_curl_timers *timers, uint64_t now_ms);

/* The transfer is in this phase, and has sent so many bytes.  When to look again at the
 * latest; `now_ms` or before: a timer has run out. */
uint64_t wsd_curl_timers_look(struct wsd_curl_timers *timers, enum wsd_curl_phase phase,
                              int64_t uploaded, uint64_t now_ms);

/* What is waited for meanwhile. */
const char *wsd_curl_timers_awaited(enum wsd_curl_phase phase);

/* For libcurl's own timer, which has the search for an address in it, and half of it for
 * each address but the last.  So it is where ours would be if connecting began now, but a
 * step behind: ours runs out first, unless the lines of a proxy look like progress. */
long wsd_curl_timers_connect_limit(const struct wsd_curl_timers *timers, uint64_t now_ms);

#endif
