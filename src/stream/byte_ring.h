/*
 * byte_ring -- a bounded FIFO of bytes in one fixed allocation.
 *
 * Pure data: no locks, no waiting, no I/O.  Callers serialise the calls.  The copies
 * need no lock: one producer may fill what reserve() gave while one consumer empties
 * what peek() gave, for the two never overlap.
 *
 * Invariants (asserted on entry to every function):
 *   I1  bytes != NULL and capacity > 0, between a successful init and fini
 *   I2  head < capacity
 *   I3  used <= capacity
 * Stored byte i is bytes[(head + i) % capacity], for 0 <= i < used.
 */
#ifndef WSD_STREAM_BYTE_RING_H
#define WSD_STREAM_BYTE_RING_H

#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "wsd_types.h"

struct wsd_ring {
    const struct wsd_mem *mem; /* borrowed; outlives the ring */
    uint8_t *bytes;            /* owned; capacity bytes */
    size_t capacity;
    size_t head; /* index of the oldest stored byte */
    size_t used; /* stored bytes */
};

/* Makes an empty ring.  On failure the ring is zeroed, so fini is still safe.
 * Returns S_OK, or E_OUTOFMEMORY.  Requires capacity > 0. */
HRESULT wsd_ring_init(struct wsd_ring *ring, size_t capacity, const struct wsd_mem *mem);

/* Frees the bytes and zeroes the ring.  Safe on a zeroed ring, and twice. */
void wsd_ring_fini(struct wsd_ring *ring);

/* Points *span at the first contiguous run of free bytes and returns its length;
 * 0 means full.  *span is valid until the next commit. */
size_t wsd_ring_reserve(const struct wsd_ring *ring, uint8_t **span);

/* Stores the first `size` bytes of the reserved run. */
void wsd_ring_commit(struct wsd_ring *ring, size_t size);

/* Points *span at the first contiguous run of stored bytes and returns its
 * length; 0 means empty.  *span is valid until the next consume. */
size_t wsd_ring_peek(const struct wsd_ring *ring, const uint8_t **span);

/* Drops the oldest `size` bytes.  Requires size <= ring->used. */
void wsd_ring_consume(struct wsd_ring *ring, size_t size);

/* Takes the last `size` consumed bytes back, as the oldest.  Requires that nobody has
 * committed or reserved their place since. */
void wsd_ring_restore(struct wsd_ring *ring, size_t size);

#endif
