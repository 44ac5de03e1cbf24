/*
 * multipart_encoder -- lays the parts of a multipart/related body end to end
 * (RFC 2046 section 5.1, RFC 2387, XOP 1.0), as one body_source.
 *
 * Its output is, for each part,
 *
 *     --BOUNDARY CRLF                     (CRLF before it from the second part on)
 *     Content-Type: TYPE CRLF
 *     Content-Transfer-Encoding: binary CRLF
 *     Content-ID: <ID> CRLF CRLF
 *     content
 *
 * and CRLF --BOUNDARY-- CRLF at the end.  Pure: no threads, no I/O; after create() it
 * allocates nothing.
 *
 * Two promises to the parts' sources:
 *   - A part's first pull comes when all that stands before its content has been handed
 *     to the network: a pull never crosses from a header into a part's content.
 *   - Its sent() comes once, on the first pull after the one in which its content ended
 *     (for the last part: on the encoder's own sent()).
 * A rewind begins both anew.
 */
#ifndef WSD_MIME_MULTIPART_ENCODER_H
#define WSD_MIME_MULTIPART_ENCODER_H

#include "base/mem.h"
#include "stream/body_source.h"
#include "wsd_types.h"

struct wsd_multipart_part {
    const char *content_type;        /* whole header value; checked by the caller */
    const char *content_id;          /* without the angle brackets; likewise */
    struct wsd_body_source *content; /* borrowed; outlives the encoder */
};

struct wsd_multipart_encoder; /* opaque */

/* Copies the strings.  boundary: 1..70 characters of RFC 2046's bchars, checked by the
 * caller.  count >= 1; the first part is the root.
 * Returns S_OK or E_OUTOFMEMORY, then with *out == NULL. */
HRESULT wsd_multipart_encoder_create(const struct wsd_mem *mem, const char *boundary,
                                     const struct wsd_multipart_part *parts, size_t count,
                                     struct wsd_multipart_encoder **out);
void wsd_multipart_encoder_destroy(
    struct wsd_multipart_encoder *encoder); /* accepts NULL */

/* The encoder as a source.  WSD_PULL_NOTHING_NOW and WSD_PULL_ABORTED of a part are its
 * own; after an abort nothing more comes, no closing delimiter above all.  It can be
 * rewound when all contents that were pulled can. */
struct wsd_body_source *
wsd_multipart_encoder_source(struct wsd_multipart_encoder *encoder);

/* The length of all that is not content: what a Content-Length is made of, together with
 * the lengths of the parts. */
size_t wsd_multipart_encoder_overhead(const struct wsd_multipart_encoder *encoder);

#endif
