/* memory_source -- a body_source over bytes that somebody else keeps. */
#ifndef WSD_STREAM_MEMORY_SOURCE_H
#define WSD_STREAM_MEMORY_SOURCE_H

#include "stream/body_source.h"

struct wsd_memory_source {
    struct wsd_body_source source; /* hand out &memory->source */
    const uint8_t *bytes;          /* borrowed until the last pull or rewind */
    size_t size;
    size_t position;
};

/* bytes may be NULL if size is 0. */
void wsd_memory_source_init(struct wsd_memory_source *memory, const void *bytes,
                            size_t size);

#endif
