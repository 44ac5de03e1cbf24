/*
 * fake_host -- a scripted wsd_outbound_host: counts the calls, and does what the test put
 * into its hooks.
 */
#ifndef WSD_TESTS_FAKE_HOST_H
#define WSD_TESTS_FAKE_HOST_H

#include <stdatomic.h>
#include <stddef.h>

#include "attachment/outbound_attachment.h"

struct fake_host {
    struct wsd_outbound_host seam;
    atomic_int starts, wakes, moves, aborts;
    atomic_int references;                    /* taken and not given back */
    void (*on_start)(struct fake_host *host); /* each may be NULL */
    void (*on_wake)(struct fake_host *host);
    void (*on_moved)(struct fake_host *host);
    void (*on_abort)(struct fake_host *host);
    void (*on_drive)(struct fake_host *host); /* NULL: another thread drives */
    void *context;                            /* the hooks' */
};

static inline struct fake_host *fake_host_from(struct wsd_outbound_host *seam)
{
    return (struct fake_host *)((char *)seam - offsetof(struct fake_host, seam));
}

static inline void fake_host_call(struct fake_host *host, atomic_int *counter,
                                  void (*hook)(struct fake_host *host))
{
    atomic_fetch_add(counter, 1);
    if (hook != NULL)
        hook(host);
}

static inline void fake_host_start(struct wsd_outbound_host *seam)
{
    struct fake_host *host = fake_host_from(seam);

    fake_host_call(host, &host->starts, host->on_start);
}

static inline void fake_host_wake(struct wsd_outbound_host *seam)
{
    struct fake_host *host = fake_host_from(seam);

    fake_host_call(host, &host->wakes, host->on_wake);
}

static inline void fake_host_moved(struct wsd_outbound_host *seam)
{
    struct fake_host *host = fake_host_from(seam);

    fake_host_call(host, &host->moves, host->on_moved);
}

static inline void fake_host_abort(struct wsd_outbound_host *seam)
{
    struct fake_host *host = fake_host_from(seam);

    fake_host_call(host, &host->aborts, host->on_abort);
}

static inline bool fake_host_drive(struct wsd_outbound_host *seam,
                                   enum wsd_transfer_ask ask,
                                   const struct wsd_transfer_wait *wait)
{
    struct fake_host *host = fake_host_from(seam);

    (void)wait;
    if (ask == WSD_ASK_START)
        fake_host_start(seam);
    else if (ask == WSD_ASK_WAKE)
        fake_host_wake(seam);
    if (host->on_drive == NULL)
        return false;
    host->on_drive(host);
    return true;
}

static inline void fake_host_add_ref(struct wsd_outbound_host *seam)
{
    atomic_fetch_add(&fake_host_from(seam)->references, 1);
}

static inline void fake_host_release(struct wsd_outbound_host *seam)
{
    atomic_fetch_sub(&fake_host_from(seam)->references, 1);
}

static inline void fake_host_init(struct fake_host *host)
{
    static const struct wsd_outbound_host_vtable vtable = {
        .start = fake_host_start,
        .wake = fake_host_wake,
        .moved = fake_host_moved,
        .abort = fake_host_abort,
        .drive = fake_host_drive,
        .add_ref = fake_host_add_ref,
        .release = fake_host_release,
    };

    host->seam.vtable = &vtable;
    host->seam.may_rewind = false;
    atomic_init(&host->starts, 0);
    atomic_init(&host->wakes, 0);
    atomic_init(&host->moves, 0);
    atomic_init(&host->aborts, 0);
    atomic_init(&host->references, 0);
    host->on_start = NULL;
    host->on_wake = NULL;
    host->on_moved = NULL;
    host->on_abort = NULL;
    host->on_drive = NULL;
    host->context = NULL;
}

#endif
