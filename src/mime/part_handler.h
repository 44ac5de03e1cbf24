/*
 * part_handler -- who receives the parts of a multipart body, one after another.
 *
 * For each part: part_begins, content any number of times, part_ends.  A part whose
 * part_ends does not come is not whole.  A failure of any call ends the decoding, and is
 * what the decoder then returns.
 */
#ifndef WSD_MIME_PART_HANDLER_H
#define WSD_MIME_PART_HANDLER_H

#include <stddef.h>
#include <stdint.h>

#include "mime/part_header.h"
#include "wsd_types.h"

struct wsd_part_handler;

struct wsd_part_handler_vtable {
    /* index: 0 for the first part.  The header lasts until part_ends. */
    HRESULT(*part_begins)
    (struct wsd_part_handler *handler, const struct wsd_part_header *header,
     size_t index);

    /* Takes the first *taken of `size` > 0 bytes.  Never waits.  *taken < size means
     * "full now": they come again with a push after a wake.  bytes: only during the call.
     */
    HRESULT(*content)
    (struct wsd_part_handler *handler, const uint8_t *bytes, size_t size, size_t *taken);

    HRESULT (*part_ends)(struct wsd_part_handler *handler);
};

struct wsd_part_handler {
    const struct wsd_part_handler_vtable *vtable;
};

#endif
