/*
 * request_head -- the lines of a request's head, in the order that WinINet has, and the
 * length of its body.
 */
#ifndef WSD_WININET_REQUEST_HEAD_H
#define WSD_WININET_REQUEST_HEAD_H

#include <stdint.h>

#include "wininet/header_list.h"

struct wsd_request_head {
    const char *method;
    const char *host;  /* value of Host */
    const char *agent; /* value; NULL: none */
    DWORD flags;       /* of HttpOpenRequestA() */
    bool is_http_1_0;
    const struct wsd_header_list *lines; /* the application's */
    const char *more;                    /* dwHeadersLength, lpcszHeader */
    size_t more_length;
    bool wants_chunks; /* HSR_CHUNKED */
    uint64_t total;    /* of the body, where no line says otherwise */
    bool is_whole;     /* total is what will be written, whatever a line says */
};

struct wsd_request_shape {
    struct wsd_header_list lines; /* all of them, in wire order */
    uint64_t length;              /* of the body, or WSD_LENGTH_UNKNOWN */
    bool has_chunks;              /* the application frames it */
    bool ends_connection; /* whether the body ends where the head says is not known */
};

/* Fills an empty shape, which fini ends also after a failure.
 * S_OK; E_INVALIDARG: a line that is none, a length that is no number, chunks with
 * HTTP/1.0; E_OUTOFMEMORY. */
HRESULT wsd_request_head_shape(const struct wsd_request_head *head,
                               struct wsd_request_shape *shape,
                               const struct wsd_mem *mem);
void wsd_request_shape_fini(struct wsd_request_shape *shape);

#endif
