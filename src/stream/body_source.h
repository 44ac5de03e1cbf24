/*
 * body_source -- a body that is pulled: the one shape in which a message leaves.
 *
 * Any transport can drain one; the multipart encoder is one, and so are its parts.
 */
#ifndef WSD_STREAM_BODY_SOURCE_H
#define WSD_STREAM_BODY_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of a body or a part whose length nobody has declared. */
#define WSD_LENGTH_UNKNOWN UINT64_MAX

/* Milliseconds. */
#define WSD_PULL_AGAIN_MS 2

enum wsd_pull {
    WSD_PULL_BYTES,       /* *size > 0 bytes are in the buffer */
    WSD_PULL_NOTHING_NOW, /* none yet: the owner wakes the puller when there are */
    WSD_PULL_NOTHING_YET, /* none yet, and soon some: pull again in WSD_PULL_AGAIN_MS; the
                             owner wakes the puller before that only if there is much */
    WSD_PULL_END,         /* none any more; so is every later pull */
    WSD_PULL_ABORTED      /* cut the connection; so is every later pull */
};

struct wsd_body_source;

struct wsd_body_source_vtable {
    /* Moves up to `capacity` > 0 bytes into `buffer`; *size is their count, 0 unless
     * WSD_PULL_BYTES.  Never waits.  A transport's pull says that all bytes that its
     * earlier pulls gave have been handed to the network; an outer source may pull more
     * than once within one such pull. */
    enum wsd_pull (*pull)(struct wsd_body_source *source, uint8_t *buffer,
                          size_t capacity, size_t *size);

    /* The puller does something else now: the time to tell others what its pulls have
     * changed, which may cost a thread switch.  NULL: nobody is told. */
    void (*rest)(struct wsd_body_source *source);

    /* Called once after WSD_PULL_END, when all bytes, and what the transport or an
     * outer source adds behind them, have been handed to the network. */
    void (*sent)(struct wsd_body_source *source);

    /* Does it still have all that it gave?  That may be over when rewind() comes.
     * NULL, with rewind(): it never has. */
    bool (*can_rewind)(struct wsd_body_source *source);

    /* Begins again from the first byte, also after sent(), which then comes once more.
     * false: it has not got them all any more, and must not be pulled again. */
    bool (*rewind)(struct wsd_body_source *source);
};

struct wsd_body_source {
    const struct wsd_body_source_vtable *vtable;
    /* Its first pull is an event: an outer source has it wait until what stands before it
     * was handed to the network, that is for a pull of its own. */
    bool opens;
    /* Set by the puller, until the next pull: WSD_PULL_AGAIN_MS have passed, no more
     * WSD_PULL_NOTHING_YET. */
    bool hurry;
};

static inline void wsd_body_source_rest(struct wsd_body_source *source)
{
    if (source->vtable->rest != NULL)
        source->vtable->rest(source);
}

#endif
