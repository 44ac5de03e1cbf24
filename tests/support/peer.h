/*
 * peer -- the other end of a connection, behaving by script on a thread of its own.
 *
 * Listens on a free port of 127.0.0.1, takes one connection for each script and keeps
 * every byte that it was sent.  Every wait is bounded by PEER_PATIENCE_MS; a step that
 * runs out of patience fails the test that stops the peer.
 */
#ifndef WSD_TESTS_PEER_H
#define WSD_TESTS_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PEER_PATIENCE_MS 20000

enum peer_do {
    PEER_ACCEPT,       /* the next connection; a script begins with one by itself */
    PEER_BE_FULL,      /* take no further one, and refuse none: connecting lasts */
    PEER_READ_HEAD,    /* up to the blank line behind the header lines */
    PEER_READ_BYTES,   /* `size` bytes more */
    PEER_READ_UNTIL,   /* until `text` stands in what this connection sent */
    PEER_READ_MESSAGE, /* a whole request: by its Content-Length, or to the last chunk */
    PEER_READ_TO_END,  /* until the client closes or resets */
    PEER_HASH_BYTES,   /* `size` bytes more, which are not kept: see peer_hash() */
    PEER_DROP_TO_END,  /* PEER_READ_TO_END, keeping nothing */
    PEER_NEXT_REQUEST, /* what comes now is another request, on the same connection */
    PEER_SEND,         /* `text`; its first `size` bytes where that is not 0 */
    PEER_SEND_SOME,    /* likewise, but the client may cut it off: see peer_sent() */
    PEER_HOLD,         /* until peer_go() was called once more */
    PEER_SHUT_WRITE,   /* half-close */
    PEER_CLOSE,        /* FIN, reading nothing more */
    PEER_RESET         /* RST */
};

struct peer_step {
    enum peer_do what;
    const char *text;
    size_t size;
};

struct peer;

/* `steps` stays the caller's and must outlive the peer.  The connection is closed behind
 * the last step.  Fails the test if it cannot start. */
struct peer *peer_start(const struct peer_step *steps, size_t count);
#define PEER_START(steps) peer_start(steps, sizeof(steps) / sizeof((steps)[0]))

/* One that does PEER_BE_FULL at once. */
struct peer *peer_start_unconnectable(void);

/* Did a connection come that no step took?  Those of a released client have come. */
bool peer_was_contacted(const struct peer *peer);

/* "http://127.0.0.1:PORT/service"; lives as long as the peer. */
const char *peer_url(const struct peer *peer);

uint16_t peer_port(const struct peer *peer);

/* Lets the script pass one PEER_HOLD. */
void peer_go(struct peer *peer);

/* Waits until the script is at step number `index` (or behind it). */
void peer_wait_for_step(struct peer *peer, size_t index);

/* Waits for the script's end; everything received until then, NUL-terminated.  Fails the
 * test if a step ran out of patience. */
const char *peer_finish(struct peer *peer, size_t *size);

/* How many bytes the connection has taken from the sending steps until now. */
size_t peer_sent(struct peer *peer);

/* peer_finish(), then stream_hash() of what PEER_HASH_BYTES took. */
uint64_t peer_hash(struct peer *peer);

/* peer_finish() if it was not called, then frees. */
void peer_stop(struct peer *peer);

/* The body of a recorded request: behind its header lines, chunks undone.  *complete
 * tells whether the last chunk (or all of the Content-Length) was there.  Caller frees.
 */
char *peer_body(const char *received, size_t size, size_t *body_size, bool *complete);

/* A whole SOAP reply with the given body XML and status line, "HTTP/1.1 200 OK" for
 * example.  Caller frees. */
char *peer_soap_reply(const char *status_line, const char *action, const char *body);

/* A socket that listens on a free port of 127.0.0.1.  Fails the test if it cannot. */
int peer_listen(unsigned *port, int queue);

/* An http URL on 127.0.0.1 where nobody listens.  Static storage. */
const char *peer_refusing_url(void);

#endif
