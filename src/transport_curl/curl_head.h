/*
 * curl_head -- which heads of a response are refused.
 *
 * libcurl takes much that RFC 9112 forbids.  Where a proxy in between, or the peer, means
 * another end of the body than libcurl does, a part of it could pass for the whole:
 * "0x10" is a Content-Length of 0 for libcurl, and of two it takes the later one.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_HEAD_H
#define WSD_TRANSPORT_CURL_CURL_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "wsd_types.h"

/* Begins zeroed; for all responses of one transfer, interim ones too. */
struct wsd_curl_head {
    size_t bytes; /* of all their lines and trailers */
    bool is_http_1_0, has_length, has_coding;
    bool has_begun;
    bool is_open;  /* behind a status line, before the blank one */
    bool frames;   /* likewise, and lengths and codings mean the body */
    bool may_fold; /* the line before may go on in this one */
};

/* Takes the next line, or a trailer.  *status: the number in a status line; 0: it is
 * another line.
 *
 * Returns HRESULT_FROM_WIN32 of ERROR_WINHTTP_HEADER_SIZE_OVERFLOW when there are too
 * many octets, of ERROR_WINHTTP_INVALID_SERVER_RESPONSE for a line that may not be. */
HRESULT wsd_curl_head_line(struct wsd_curl_head *head, const char *line, size_t size,
                           int *status);

#endif
