/*
 * part_header -- reads the header of one part (RFC 2045 section 3), a piece at a time.
 *
 * Bounded in bytes and in physical lines, however they are folded.  Refuses what readers
 * differ in: control characters, a CR without LF, 8-bit characters, a line without a
 * colon, a blank before the colon, a line of blanks only, a field twice that can have
 * only one meaning.  Fields that it does not know are held to the same form and skipped.
 * After init() it allocates nothing.
 */
#ifndef WSD_MIME_PART_HEADER_H
#define WSD_MIME_PART_HEADER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "mime/mime_fault.h"
#include "mime/tolerance.h"

struct wsd_part_header {
    /* What a complete header says; the strings last until the next reset. */
    char *content_type;     /* unfolded, for wsd_content_type_parse(); NULL: none */
    const char *content_id; /* without brackets; NULL: none */
    bool base64;            /* else the content is what it is, whatever its name */

    struct {
        const struct wsd_mem *mem;         /* borrowed */
        struct wsd_tolerances *tolerances; /* borrowed */
        size_t byte_limit, line_limit;
        char *bytes;     /* owned; byte_limit: unfolded lines, each with a NUL */
        size_t used;     /* bytes of them */
        size_t line;     /* where the line begins that is being read */
        size_t received; /* bytes, of the byte_limit */
        size_t lines;    /* physical ones that are over */
        unsigned fields; /* a set of those that have come */
    } reader;
};

/* byte_limit counts every byte up to the empty line and with it, line_limit the lines
 * before it.  S_OK or E_OUTOFMEMORY; then fini is still safe. */
HRESULT wsd_part_header_init(struct wsd_part_header *header, const struct wsd_mem *mem,
                             size_t byte_limit, size_t line_limit,
                             struct wsd_tolerances *tolerances);
void wsd_part_header_fini(struct wsd_part_header *header); /* safe twice */

/* Forgets all and begins anew. */
void wsd_part_header_reset(struct wsd_part_header *header);

/* Takes bytes until the empty line was among them, then *complete.  A fault is for good,
 * until the next reset. */
enum wsd_mime_fault wsd_part_header_push(struct wsd_part_header *header,
                                         const uint8_t *bytes, size_t size, size_t *taken,
                                         bool *complete);

/* A complete header: is it the empty line alone? */
bool wsd_part_header_is_empty(const struct wsd_part_header *header);

#endif
