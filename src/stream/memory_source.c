#include "stream/memory_source.h"

#include <string.h>

#include "base/assert.h"

static enum wsd_pull memory_pull(struct wsd_body_source *source, uint8_t *buffer,
                                 size_t capacity, size_t *size)
{
    struct wsd_memory_source *memory = (struct wsd_memory_source *)source;
    size_t left = memory->size - memory->position;

    WSD_ASSERT(capacity > 0);

    *size = left < capacity ? left : capacity;
    if (*size == 0)
        return WSD_PULL_END;
    memcpy(buffer, memory->bytes + memory->position, *size);
    memory->position += *size;
    return WSD_PULL_BYTES;
}

static void memory_sent(struct wsd_body_source *source)
{
    (void)source;
}

static bool memory_can_rewind(struct wsd_body_source *source)
{
    (void)source;
    return true;
}

static bool memory_rewind(struct wsd_body_source *source)
{
    ((struct wsd_memory_source *)source)->position = 0;
    return true;
}

static const struct wsd_body_source_vtable memory_vtable = {
    .pull = memory_pull,
    .sent = memory_sent,
    .can_rewind = memory_can_rewind,
    .rewind = memory_rewind,
};

void wsd_memory_source_init(struct wsd_memory_source *memory, const void *bytes,
                            size_t size)
{
    *memory = (struct wsd_memory_source){
        .source = {.vtable = &memory_vtable}, .bytes = bytes, .size = size};
}
