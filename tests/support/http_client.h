/*
 * http_client -- the other end of a service: puts any bytes on the wire and reads
 * replies, without the library's help.
 *
 * On the test's thread.  Every wait is bounded by PEER_PATIENCE_MS; what has to succeed,
 * and does not, fails the test.
 */
#ifndef WSD_TESTS_HTTP_CLIENT_H
#define WSD_TESTS_HTTP_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/bytes.h"
#include "support/recorded.h"

struct http_client {
    int fd;
    struct bytes received;
    size_t taken; /* of those, by the replies that were given out */
};

/* To 127.0.0.1. */
void http_open(struct http_client *client, uint16_t port);
/* The same, as a peer of this address: 127.0.0.1 or another one of this machine's. */
void http_open_from(struct http_client *client, const char *own, uint16_t port);
/* To a numeric IPv4 or IPv6 address; false if nobody listens, or no longer. */
bool http_try_open(struct http_client *client, const char *address, uint16_t port);

void http_send(struct http_client *client, const void *bytes, size_t size);
void http_say(struct http_client *client, const char *text);
/* Sends on until all is out, or the service has cut the connection: then false. */
bool http_try_send(struct http_client *client, const void *bytes, size_t size);
/* Sends "POST path HTTP/1.1", these fields, each with its CRLF, and a Content-Length. */
void http_post_head(struct http_client *client, const char *path, const char *fields,
                    size_t size);
/* And the body, unless the service closes the connection before it has all of it. */
void http_post(struct http_client *client, const char *path, const char *fields,
               const void *body, size_t size);
/* Nothing more will be sent. */
void http_end_sending(struct http_client *client);

/* Takes at least this many bytes more from the wire, or all up to the end. */
void http_await(struct http_client *client, size_t size);
/* The next reply, as far as it came: an interim one too. */
void http_receive(struct http_client *client, struct recorded *reply);
int http_status(const struct recorded *reply);
/* Waits for the end: has the service closed or reset the connection, with nothing more
 * behind the replies that were given out? */
bool http_has_ended(struct http_client *client);

/* Nothing comes for so long. */
bool http_is_silent(const struct http_client *client, int milliseconds);

void http_close(struct http_client *client);
/* RST: vanishes. */
void http_reset(struct http_client *client);

#endif
