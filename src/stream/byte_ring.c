#include "stream/byte_ring.h"

#include <stdbool.h>

#include "base/assert.h"

static bool is_valid(const struct wsd_ring *ring)
{
    return ring->bytes != NULL && ring->head < ring->capacity &&
           ring->used <= ring->capacity;
}

static size_t min_size(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The index `distance` <= capacity behind the head.  Compares before it adds: the sum
 * may not fit a size_t. */
static size_t index_behind_head(const struct wsd_ring *ring, size_t distance)
{
    size_t until_wrap = ring->capacity - ring->head;

    return distance < until_wrap ? ring->head + distance : distance - until_wrap;
}

HRESULT wsd_ring_init(struct wsd_ring *ring, size_t capacity, const struct wsd_mem *mem)
{
    WSD_ASSERT(capacity > 0);

    *ring = (struct wsd_ring){0};
    ring->bytes = wsd_alloc_buffer(mem, capacity);
    if (ring->bytes == NULL)
        return E_OUTOFMEMORY;
    ring->mem = mem;
    ring->capacity = capacity;
    return S_OK;
}

void wsd_ring_fini(struct wsd_ring *ring)
{
    if (ring->bytes != NULL)
        wsd_free(ring->mem, ring->bytes);
    *ring = (struct wsd_ring){0};
}

size_t wsd_ring_reserve(const struct wsd_ring *ring, uint8_t **span)
{
    size_t tail;

    WSD_ASSERT(is_valid(ring));

    tail = index_behind_head(ring, ring->used);
    *span = ring->bytes + tail;
    return min_size(ring->capacity - ring->used, ring->capacity - tail);
}

void wsd_ring_commit(struct wsd_ring *ring, size_t size)
{
    WSD_ASSERT(is_valid(ring));
    WSD_ASSERT(size <= ring->capacity - ring->used);

    ring->used += size;
}

size_t wsd_ring_peek(const struct wsd_ring *ring, const uint8_t **span)
{
    WSD_ASSERT(is_valid(ring));

    *span = ring->bytes + ring->head;
    return min_size(ring->used, ring->capacity - ring->head);
}

void wsd_ring_consume(struct wsd_ring *ring, size_t size)
{
    WSD_ASSERT(is_valid(ring));
    WSD_ASSERT(size <= ring->used);

    /* An empty ring is not rewound to index 0: the producer may hold a reserved run. */
    ring->head = index_behind_head(ring, size);
    ring->used -= size;
}

void wsd_ring_restore(struct wsd_ring *ring, size_t size)
{
    WSD_ASSERT(is_valid(ring));
    WSD_ASSERT(size <= ring->capacity - ring->used);

    ring->head = index_behind_head(ring, ring->capacity - size);
    ring->used += size;
}
