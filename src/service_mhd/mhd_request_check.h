/*
 * mhd_request_check -- which requests are refused for their head alone, and behind which
 * ones a connection may be kept.
 *
 * libmicrohttpd takes much that RFC 9112 forbids.  Where a proxy in front could see the
 * request end elsewhere than we do, what follows could be taken for a request that nobody
 * sent (RFC 9112 section 11.2).  Three things prevent that:
 *   - What can be seen of it in the head is refused.
 *   - A refusal, queued in the access handler's first call, closes the connection:
 *     libmicrohttpd then reads neither the body nor anything behind it.
 *   - What cannot be seen makes the connection close behind the reply.  In chunked bodies
 *     that is a bare LF for CRLF, one in a chunk extension, any width of a chunk size; in
 *     the head, a NUL (libmicrohttpd cuts there), a folded line (which it appends to the
 *     field's name) and a line without a name (which for it ends the head).
 * So a connection is kept behind requests with a Content-Length only, whose head has no
 * octet but those that libmicrohttpd shows, spelled as clients spell it.
 */
#ifndef WSD_SERVICE_MHD_MHD_REQUEST_CHECK_H
#define WSD_SERVICE_MHD_MHD_REQUEST_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <microhttpd.h>

struct wsd_mhd_check {
    int status;           /* 0: fine; or to refuse with.  With 405 goes "Allow: POST" */
    const char *why;      /* when refused: for the log; static */
    uint64_t body_length; /* or WSD_LENGTH_UNKNOWN: in chunks */
    bool keep;            /* may another request follow?  Else "Connection: close" */

    /* Until end(): */
    bool is_http_1_0, chunked, has_length;
    unsigned hosts;
    size_t seen; /* octets of the head as clients spell it */
};

/* For the access handler's first call, with its arguments. */
void wsd_mhd_check_request(struct MHD_Connection *connection, const char *path,
                           const char *method, const char *version,
                           struct wsd_mhd_check *check);

/* The rule itself: begin, then each header field, then end with the size of the head from
 * the method to the blank line.  The first refusal stays. */
void wsd_mhd_check_begin(struct wsd_mhd_check *check, const char *path,
                         const char *method, const char *version);
void wsd_mhd_check_field(struct wsd_mhd_check *check, const char *name, size_t name_size,
                         const char *value, size_t value_size);
void wsd_mhd_check_end(struct wsd_mhd_check *check, size_t head_size);

/* For MHD_OPTION_UNESCAPE_CALLBACK, which otherwise decodes %00 too and so ends the path
 * there.  What would become a control character stays as it is.  Of a target that is a
 * URL only the path is left; nobody looks at a query, which comes here too. */
size_t wsd_mhd_decode_path(void *context, struct MHD_Connection *connection, char *path);

#endif
