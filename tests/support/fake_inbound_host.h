/*
 * fake_inbound_host -- a wsd_inbound_host that counts the calls, and does what the test
 * put into its hook.
 */
#ifndef WSD_TESTS_FAKE_INBOUND_HOST_H
#define WSD_TESTS_FAKE_INBOUND_HOST_H

#include <stdatomic.h>
#include <stddef.h>

#include "attachment/inbound_attachment.h"

struct fake_inbound_host {
    struct wsd_inbound_host seam;
    atomic_int wakes;
    atomic_int references;                           /* taken and not given back */
    void (*on_wake)(struct fake_inbound_host *host); /* may be NULL */
    void *context;                                   /* the hook's */
};

static inline void fake_inbound_host_wake(struct wsd_inbound_host *seam)
{
    struct fake_inbound_host *host = (struct fake_inbound_host *)seam;

    atomic_fetch_add(&host->wakes, 1);
    if (host->on_wake != NULL)
        host->on_wake(host);
}

static inline void fake_inbound_host_add_ref(struct wsd_inbound_host *seam)
{
    atomic_fetch_add(&((struct fake_inbound_host *)seam)->references, 1);
}

static inline void fake_inbound_host_release(struct wsd_inbound_host *seam)
{
    atomic_fetch_sub(&((struct fake_inbound_host *)seam)->references, 1);
}

static inline void fake_inbound_host_init(struct fake_inbound_host *host)
{
    static const struct wsd_inbound_host_vtable vtable = {
        .wake = fake_inbound_host_wake,
        .add_ref = fake_inbound_host_add_ref,
        .release = fake_inbound_host_release,
    };

    host->seam.vtable = &vtable;
    atomic_init(&host->wakes, 0);
    atomic_init(&host->references, 0);
    host->on_wake = NULL;
    host->context = NULL;
}

#endif
