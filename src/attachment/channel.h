/*
 * channel -- a ring between two threads that share a lock and copy without it.
 *
 * One thread fills, one drains.  The owner's lock is entered around every call; fill and
 * drain leave it for the copies, so that the other end and the owner go on meanwhile.
 */
#ifndef WSD_ATTACHMENT_CHANNEL_H
#define WSD_ATTACHMENT_CHANNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "os/monitor.h"
#include "stream/byte_ring.h"

struct wsd_channel {
    struct wsd_monitor *monitor; /* the owner's */
    struct wsd_ring ring;        /* memory from open to drop */
    unsigned copying;            /* copies under way without the lock */
    bool dropped;                /* for good */
    uint64_t filled;             /* bytes put in, ever */
    uint64_t claimed;            /* likewise, with those that a fill is copying in */
};

/* Nothing can fail yet: the ring's memory comes with open. */
void wsd_channel_init(struct wsd_channel *channel, struct wsd_monitor *monitor);

/* The owner is its last user. */
void wsd_channel_fini(struct wsd_channel *channel);

/* Gives the ring its memory, unless it has it.  S_OK or E_OUTOFMEMORY.
 * Requires that it was not dropped. */
HRESULT wsd_channel_open_locked(struct wsd_channel *channel, size_t capacity,
                                const struct wsd_mem *mem);

/* Both move what they can and return how much; nothing once it is dropped, be it while
 * they copy. */
size_t wsd_channel_fill_locked(struct wsd_channel *channel, const uint8_t *from,
                               size_t size);
size_t wsd_channel_drain_locked(struct wsd_channel *channel, uint8_t *to, size_t size);

/* Nothing more is put in: gives back what the ring has too much, if memory allows and no
 * copy uses it. */
void wsd_channel_trim_locked(struct wsd_channel *channel);

/* Does it still have every byte that was ever put in, also those that were drained? */
bool wsd_channel_has_all_locked(const struct wsd_channel *channel);

/* The drain begins again with the first byte.  Requires that it has all, and comes from
 * the thread that drains. */
void wsd_channel_rewind_locked(struct wsd_channel *channel);

/* Gives the memory back, as soon as no copy uses it. */
void wsd_channel_drop_locked(struct wsd_channel *channel);

#endif
