/*
 * pull -- a puller that has all the time there is.
 */
#ifndef WSD_TESTS_PULL_H
#define WSD_TESTS_PULL_H

#include "stream/body_source.h"

/* Pulls, and after WSD_PULL_NOTHING_YET once more, as when WSD_PULL_AGAIN_MS have passed;
 * then it rests. */
static inline enum wsd_pull pull_in_time(struct wsd_body_source *source, void *buffer,
                                         size_t capacity, size_t *size)
{
    enum wsd_pull result = source->vtable->pull(source, buffer, capacity, size);

    if (result == WSD_PULL_NOTHING_YET) {
        source->hurry = true;
        result = source->vtable->pull(source, buffer, capacity, size);
    }
    wsd_body_source_rest(source);
    return result;
}

#endif
