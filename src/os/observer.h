/*
 * observer -- the application's callbacks that watch a client or a service: the only
 * place where they are called.
 *
 * It is in this room because a thread that runs a callback must not wait there: what it
 * would wait for may be its own work.  Called without a lock.
 */
#ifndef WSD_OS_OBSERVER_H
#define WSD_OS_OBSERVER_H

#include <stdatomic.h>
#include <stdbool.h>

#include "wsd_error.h"
#include "wsd_message.h"
#include "wsd_types.h"

struct wsd_observer {
    wsd_log_callback log; /* NULL: nobody reads it */
    void *log_context;
    DWORD log_level;                /* the last that is read */
    wsd_progress_callback progress; /* NULL: nobody looks */
    void *progress_context;
    atomic_bool is_dismissed;
};

/* What a line of the log is about. */
struct wsd_log_subject {
    struct wsd_observer *observer; /* NULL: nobody reads it */
    const char *name; /* a URL or a path, which the line begins with; NULL: neither */
    const char *message_id; /* NULL: of no message */
};

/* Begins no callback any more.  One on another thread may be under way. */
void wsd_observer_dismiss(struct wsd_observer *observer);

bool wsd_observer_reads(struct wsd_observer *observer, DWORD level);

/* Says "name: text", with its control characters escaped.  Of a URL as name only scheme,
 * host and path are said.  What the arguments hold is for everybody to read. */
void wsd_observer_log(const struct wsd_log_subject *subject, DWORD level, DWORD category,
                      HRESULT result, const char *format, ...)
    __attribute__((format(printf, 5, 6)));

void wsd_observer_show(struct wsd_observer *observer,
                       const wsd_message_progress *progress);

#endif
