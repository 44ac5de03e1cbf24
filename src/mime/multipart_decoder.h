/*
 * multipart_decoder -- takes a multipart body (RFC 2046 section 5.1) apart while it
 * arrives: a body_sink in front of a part_handler.
 *
 * Resumes at any byte, and gives the same parts however the body was cut into pieces.
 * Content is handed on where it stands.  Time is linear; memory is the decoder, some
 * 1.5 KiB, and header_bytes for one part's header.  After create() it allocates nothing.
 * A multipart inside a part is content like any other.
 *
 * A body is complete when its closing delimiter has come: the line break behind it may be
 * missing.  Whatever else is missing is a truncation.
 */
#ifndef WSD_MIME_MULTIPART_DECODER_H
#define WSD_MIME_MULTIPART_DECODER_H

#include <stdint.h>

#include "base/mem.h"
#include "mime/mime_fault.h"
#include "mime/part_handler.h"
#include "mime/tolerance.h"
#include "stream/body_sink.h"

/* All inclusive.  Blanks behind a delimiter: at most 998, an Internet line's length. */
struct wsd_multipart_limits {
    size_t parts;
    size_t header_bytes; /* of each part, up to the empty line and with it */
    size_t header_lines; /* of each part, physical ones */
    size_t preamble;     /* bytes before the first delimiter */
    size_t epilogue;     /* bytes behind the line of the closing delimiter */
    uint64_t content;    /* bytes of all parts' content together, after decoding */
};

#define WSD_MULTIPART_LIMITS                                                             \
    {                                                                                    \
        50, 8 * 1024, 64, 64 * 1024, 64 * 1024, UINT64_MAX                               \
    }

struct wsd_multipart_decoder; /* opaque */

/* boundary: checked by wsd_content_type_boundary(), and copied.  handler, tolerances:
 * borrowed; they outlive the decoder.
 * Returns S_OK or E_OUTOFMEMORY, then with *out == NULL. */
HRESULT wsd_multipart_decoder_create(const struct wsd_mem *mem, const char *boundary,
                                     const struct wsd_multipart_limits *limits,
                                     struct wsd_tolerances *tolerances,
                                     struct wsd_part_handler *handler,
                                     struct wsd_multipart_decoder **out);
void wsd_multipart_decoder_destroy(
    struct wsd_multipart_decoder *decoder); /* accepts NULL */

/* The decoder as a sink.  It is full when the handler is. */
struct wsd_body_sink *wsd_multipart_decoder_sink(struct wsd_multipart_decoder *decoder);

/* Why the sink has failed; WSD_MIME_RECEIVER: by a call of the handler. */
enum wsd_mime_fault
wsd_multipart_decoder_fault(const struct wsd_multipart_decoder *decoder);

#endif
