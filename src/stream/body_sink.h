/*
 * body_sink -- a body that is pushed: the one shape in which a message arrives.
 *
 * The mirror of body_source.  Any transport can fill one; the multipart decoder is one.
 */
#ifndef WSD_STREAM_BODY_SINK_H
#define WSD_STREAM_BODY_SINK_H

#include <stddef.h>
#include <stdint.h>

#include "wsd_types.h"

struct wsd_body_sink;

struct wsd_body_sink_vtable {
    /* Takes the first *taken of `size` bytes.  Never waits.  0 bytes say that no more
     * come at the moment: what was kept for more is passed on.
     * S_OK: *taken < size means "full now": the owner wakes the pusher, which then pushes
     * the rest again, and more behind it if it likes, but never other bytes in its place.
     * Any failure is for good: every later push and finish gives the same; *taken is 0.
     */
    HRESULT(*push)
    (struct wsd_body_sink *sink, const uint8_t *bytes, size_t size, size_t *taken);

    /* The body ends here: call it when every byte has been taken, and only if the
     * transport knows of nothing that is missing.
     * S_OK: the body is complete.  WS_E_ENDPOINT_DISCONNECTED: it was cut short; a
     * truncated body never ends with S_OK.  Later calls give the same. */
    HRESULT (*finish)(struct wsd_body_sink *sink);
};

struct wsd_body_sink {
    const struct wsd_body_sink_vtable *vtable;
};

#endif
