/*
 * dispatcher -- what all calls of a service share: its handlers, its workers and its
 * limits; and the list of calls in progress.
 */
#ifndef WSD_SERVICE_DISPATCHER_H
#define WSD_SERVICE_DISPATCHER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "message/inbound_message.h"
#include "os/observer.h"
#include "service/handlers.h"
#include "service/worker_pool.h"
#include "wsd_types.h"

struct wsd_dispatcher_options {
    struct wsd_inbound_options inbound; /* its text limit holds for replies too */
    uint64_t max_discard_bytes;
    unsigned max_requests;
    unsigned max_workers;
    struct wsd_observer observer;
};

struct wsd_call;

/* A call's place in the list. */
struct wsd_call_link {
    struct wsd_call *call; /* a reference while it is in the list */
    struct wsd_call_link *previous, *next;
    bool cut;      /* by wsd_dispatcher_cut() */
    bool answered; /* by wsd_dispatcher_answered() */
    bool failed;   /* the call's: when it leaves */
};

struct wsd_dispatcher {
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_dispatcher_options options;
    struct wsd_handlers handlers; /* change no more once there are calls */
    struct wsd_worker_pool *workers;

    struct {
        struct wsd_monitor monitor; /* woken when the last call has left */
        struct wsd_call_link *first;
        unsigned count; /* of those that have not been answered */
        bool closed;
        bool lost; /* a call that was cut has failed */
    } synced;
};

/* S_OK or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_dispatcher_create(const struct wsd_mem *mem,
                              const struct wsd_dispatcher_options *options,
                              struct wsd_dispatcher **out);

/* Waits for the handlers to return.  Every call has ended.  Accepts NULL. */
void wsd_dispatcher_destroy(struct wsd_dispatcher *dispatcher);

/* ---- for call ---- */

/* false: there are too many, or it is closed. */
bool wsd_dispatcher_enter(struct wsd_dispatcher *dispatcher, struct wsd_call_link *link);
/* Its client has the whole reply, and may ask again; only its handler is still there. */
void wsd_dispatcher_answered(struct wsd_dispatcher *dispatcher,
                             struct wsd_call_link *link);
void wsd_dispatcher_leave(struct wsd_dispatcher *dispatcher, struct wsd_call_link *link);

/* ---- to stop ---- */

/* Lets nobody in any more. */
void wsd_dispatcher_close(struct wsd_dispatcher *dispatcher);
/* Waits until all calls have left; false when the deadline passed. */
bool wsd_dispatcher_drain(struct wsd_dispatcher *dispatcher, uint64_t deadline_ms);
/* Cuts every call in progress. */
void wsd_dispatcher_cut(struct wsd_dispatcher *dispatcher);
/* Has a call that was cut failed?  One that has left without had its reply already. */
bool wsd_dispatcher_has_lost(struct wsd_dispatcher *dispatcher);

#endif
