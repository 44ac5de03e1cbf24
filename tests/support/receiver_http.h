/*
 * receiver_http -- reads HTTP/1.1 requests (RFC 9112) as strictly as a device may, and
 * answers them.  Part of wsd-receiver; shares nothing with the library.
 *
 * A connection remembers the first thing that is wrong with it: from then on every read
 * returns false or 0, and `trouble` and `reason` say why.
 */
#ifndef RECEIVER_HTTP_H
#define RECEIVER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum http_trouble {
    HTTP_FINE,
    HTTP_TRUNCATED, /* the peer closed, reset or fell silent inside a request */
    HTTP_BAD,       /* the peer broke a rule */
    HTTP_CUT,       /* cut_after octets of body were read: we end it */
};

struct http_connection {
    int fd;
    int record; /* gets a copy of every octet received; -1: none */
    enum http_trouble trouble;
    char reason[160];
    size_t head, tail; /* received and not yet read: bytes[head..tail) */
    unsigned char bytes[1 << 18];
};

struct http_request {
    char host[300];
    char content_type[1024];
    char content_length[20];
    char transfer_encoding[20];
    char mime_version[8];
    uint64_t left;      /* octets still to come, of the body or of the chunk */
    uint64_t received;  /* octets of body read so far */
    uint64_t cut_after; /* UINT64_MAX: never */
    bool ended;         /* the whole body was read, its framing included */
};

/* Says why in errno's words, and ends the program: for failures of the receiver itself,
 * such as a full disk. */
_Noreturn void receiver_die(const char *what, const char *name);

/* Marks the connection as bad, unless something is wrong already; returns false. */
bool http_bad(struct http_connection *connection, const char *reason);

/* Sets connection->record and copies there what was received but not yet read. */
void http_record(struct http_connection *connection, int record);

/* Reads the request line and the header; the body is next. */
bool http_read_head(struct http_connection *connection, struct http_request *request);

/* Reads 1..capacity octets of the body; 0 at its end and after trouble. */
size_t http_read_body(struct http_connection *connection, struct http_request *request,
                      void *buffer, size_t capacity);

/* Answers; last: with "Connection: close".  False when it could not be sent. */
bool http_answer(struct http_connection *connection, int status, bool last,
                 const char *content_type, const char *body);

/* Closes the connection.  hang_up lets the peer read our answer first: what it still
 * sends is dropped for a few seconds, since unread octets would turn the close into a
 * reset.  reset is that reset. */
void http_hang_up(struct http_connection *connection);
void http_reset(struct http_connection *connection);

#endif
