/*
 * receiver_multipart -- reads a multipart/related body with an XOP package (RFC 2387,
 * XOP 1.0), and holds it to the layout that wsdattach promises to send: quoted
 * parameters, three part headers in order, CRLFs, nothing in front and nothing behind.
 * Part of wsd-receiver; shares nothing with the library's encoder.
 *
 * Memory is one window, whatever the size of the parts.  Errors are those of the
 * connection.
 */
#ifndef RECEIVER_MULTIPART_H
#define RECEIVER_MULTIPART_H

#include "receiver_http.h"

struct multipart {
    struct http_connection *connection;
    struct http_request *request;
    char type[64], start[256], start_info[64], boundary[72]; /* the parameters */
    char delimiter[80];                                      /* CRLF "--" boundary */
    size_t delimiter_length;
    bool closed;       /* the closing delimiter and the end of the body were read */
    size_t head, tail; /* window[head..tail) is not yet read */
    unsigned char window[1 << 18];
};

struct multipart_part {
    char content_type[256];
    char content_id[256]; /* without the angle brackets */
};

bool is_multipart(const struct http_request *request);

/* Reads up to the content of the root part. */
bool multipart_open(struct multipart *multipart, struct http_connection *connection,
                    struct http_request *request);

/* Points *span to the next 1 or more octets of the part's content; 0 at its end and
 * after trouble. */
size_t multipart_read(struct multipart *multipart, const unsigned char **span);

/* Reads the next part's header; false when there is none (`closed`), or after trouble.
 * The part before has been read to its end. */
bool multipart_next(struct multipart *multipart, struct multipart_part *part);

#endif
