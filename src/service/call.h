/*
 * call -- one request and its reply, between an HTTP server and a handler.
 *
 * The server pushes the request in and pulls the reply out, on one thread; the handler
 * runs on a worker; the attachments of both are used on any thread.  A call is the host
 * of these attachments, as exchange is on the other side.
 */
#ifndef WSD_SERVICE_CALL_H
#define WSD_SERVICE_CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/body_source.h"
#include "transport/transport.h"
#include "wsd_types.h"

struct wsd_call;
struct wsd_call_host;
struct wsd_dispatcher;

/* The server's side.  Any thread, without a lock of the call; none waits. */
struct wsd_call_host_vtable {
    /* Something has changed: it takes more of the request, has a reply or more of it, or
     * is to be cut.  Does nothing after wsd_call_end(). */
    void (*wake)(struct wsd_call_host *host);
    void (*add_ref)(struct wsd_call_host *host);
    void (*release)(struct wsd_call_host *host);
};

struct wsd_call_host {
    const struct wsd_call_host_vtable *vtable;
};

struct wsd_call_head {
    const char *path;
    const char *content_type; /* NULL: none */
    uint64_t body_length;     /* or WSD_LENGTH_UNKNOWN */
};

struct wsd_call_reply {
    int status;
    bool close;    /* nothing else is taken from this connection */
    bool has_body; /* only then is there anything else: */
    const char *content_type;
    bool multipart;       /* MIME-Version goes with it */
    uint64_t body_length; /* or WSD_LENGTH_UNKNOWN */
};

/*
 * The rest is for the server's thread, in this order: begin, push as long as there is a
 * request, finish, look until there is a reply, pull, end.
 */

/* Keeps a reference to host until it is destroyed.  S_OK; E_OUTOFMEMORY, then *out is
 * NULL.  A request that is refused is a call too. */
HRESULT wsd_call_begin(struct wsd_dispatcher *dispatcher,
                       const struct wsd_call_head *head, struct wsd_call_host *host,
                       struct wsd_call **out);

/* Takes the first *taken bytes of the request's body.  S_OK with fewer than all: full,
 * the host is woken when there is room.  A failure: cut the connection. */
HRESULT wsd_call_push(struct wsd_call *call, const uint8_t *bytes, size_t size,
                      size_t *taken);

/* The request's body is whole, or will come no further. */
void wsd_call_finish(struct wsd_call *call, HRESULT result);

/* Has the envelope been read, or is it not wanted? */
bool wsd_call_has_envelope(const struct wsd_call *call);

enum wsd_call_outcome {
    WSD_CALL_PENDING, /* the host is woken when that changes */
    WSD_CALL_REPLIES, /* *reply stays what it is */
    WSD_CALL_CUT      /* cut the connection */
};
enum wsd_call_outcome wsd_call_look(struct wsd_call *call, struct wsd_call_reply *reply);

/* As a body_source's. */
enum wsd_pull wsd_call_pull(struct wsd_call *call, uint8_t *buffer, size_t capacity,
                            size_t *size);
void wsd_call_hurry(struct wsd_call *call);

/* The connection is done with it.  S_OK: the whole reply has been handed to the network.
 * Gives the server's reference up. */
void wsd_call_end(struct wsd_call *call, HRESULT result);

/* ---- any thread ---- */

/* Cuts it. */
void wsd_call_abort(struct wsd_call *call);
void wsd_call_add_ref(struct wsd_call *call);
void wsd_call_release(struct wsd_call *call);

#endif
