#include "attachment/channel.h"

#include <string.h>

#include "base/assert.h"

void wsd_channel_init(struct wsd_channel *channel, struct wsd_monitor *monitor)
{
    memset(channel, 0, sizeof(*channel));
    channel->monitor = monitor;
}

void wsd_channel_fini(struct wsd_channel *channel)
{
    wsd_ring_fini(&channel->ring);
}

HRESULT wsd_channel_open_locked(struct wsd_channel *channel, size_t capacity,
                                const struct wsd_mem *mem)
{
    WSD_ASSERT(!channel->dropped);
    if (channel->ring.bytes != NULL)
        return S_OK;
    return wsd_ring_init(&channel->ring, capacity, mem);
}

static void copy(struct wsd_channel *channel, void *to, const void *from, size_t size)
{
    channel->copying++;
    wsd_monitor_leave(channel->monitor);
    memcpy(to, from, size);
    wsd_monitor_enter(channel->monitor);
    channel->copying--;
    if (channel->dropped)
        wsd_channel_drop_locked(channel);
}

size_t wsd_channel_fill_locked(struct wsd_channel *channel, const uint8_t *from,
                               size_t size)
{
    size_t moved = 0;

    while (moved < size && channel->ring.bytes != NULL && !channel->dropped) {
        uint8_t *span;
        size_t room = wsd_ring_reserve(&channel->ring, &span);

        if (room == 0)
            break;
        if (room > size - moved)
            room = size - moved;
        channel->claimed = channel->filled + room;
        copy(channel, span, from + moved, room);
        if (channel->dropped)
            return 0;
        wsd_ring_commit(&channel->ring, room);
        channel->filled += room;
        moved += room;
    }
    return moved;
}

size_t wsd_channel_drain_locked(struct wsd_channel *channel, uint8_t *to, size_t size)
{
    size_t moved = 0;

    while (moved < size && channel->ring.bytes != NULL && !channel->dropped) {
        const uint8_t *span;
        size_t stored = wsd_ring_peek(&channel->ring, &span);

        if (stored == 0)
            break;
        if (stored > size - moved)
            stored = size - moved;
        copy(channel, to + moved, span, stored);
        if (channel->dropped)
            return 0;
        wsd_ring_consume(&channel->ring, stored);
        moved += stored;
    }
    return moved;
}

void wsd_channel_trim_locked(struct wsd_channel *channel)
{
    struct wsd_ring *ring = &channel->ring, trimmed = {0};

    if (channel->copying > 0 || ring->used == ring->capacity)
        return;
    if (ring->used > 0 && wsd_ring_init(&trimmed, ring->used, ring->mem) != S_OK)
        return;
    while (ring->used > 0) {
        const uint8_t *from;
        uint8_t *to;
        size_t stored = wsd_ring_peek(ring, &from);

        wsd_ring_reserve(&trimmed, &to);
        memcpy(to, from, stored);
        wsd_ring_commit(&trimmed, stored);
        wsd_ring_consume(ring, stored);
    }
    wsd_ring_fini(ring);
    *ring = trimmed;
}

bool wsd_channel_has_all_locked(const struct wsd_channel *channel)
{
    return channel->filled == 0 ||
           (!channel->dropped && channel->claimed <= channel->ring.capacity);
}

void wsd_channel_rewind_locked(struct wsd_channel *channel)
{
    WSD_ASSERT(wsd_channel_has_all_locked(channel));
    if (channel->filled > 0)
        wsd_ring_restore(&channel->ring, (size_t)channel->filled - channel->ring.used);
}

void wsd_channel_drop_locked(struct wsd_channel *channel)
{
    channel->dropped = true;
    if (channel->copying == 0)
        wsd_ring_fini(&channel->ring);
}
