/*
 * part_content -- the way of content to the handler: counted, and decoded if the part is
 * in base64.
 *
 * Content that needs no decoding is handed on where it stands.  Decoded bytes wait here
 * while the handler is full; as long as any do, the last character that they were made of
 * counts as not taken, so that the pusher comes back for them.
 */
#ifndef WSD_MIME_PART_CONTENT_H
#define WSD_MIME_PART_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mime/base64_decoder.h"
#include "mime/mime_fault.h"
#include "mime/part_handler.h"

struct wsd_part_content {
    struct wsd_part_handler *handler; /* borrowed */
    HRESULT error;                    /* the handler's own, behind WSD_MIME_RECEIVER */
    uint64_t room;                    /* bytes that all parts together may still have */
    bool base64;
    struct wsd_base64_decoder decoder;
    size_t position, size; /* bytes[position..size) wait */
    uint8_t bytes[768];
};

/* limit: most bytes of content that all parts together may have, decoded. */
void wsd_part_content_init(struct wsd_part_content *content,
                           struct wsd_part_handler *handler, uint64_t limit);

enum wsd_mime_fault wsd_part_content_begin(struct wsd_part_content *content,
                                           const struct wsd_part_header *header,
                                           size_t index);

/* *taken < size: the handler is full, call again with the rest. */
enum wsd_mime_fault wsd_part_content_give(struct wsd_part_content *content,
                                          const uint8_t *bytes, size_t size,
                                          size_t *taken);

/* All that was given has been taken. */
enum wsd_mime_fault wsd_part_content_end(struct wsd_part_content *content);

#endif
