/*
 * transport -- the seam between messages and HTTP.
 *
 * A transport makes transfers; a transfer sends one request, drained from a body_source,
 * and reports its response to a handler.  libcurl is behind it in the library, a script
 * in the tests.
 */
#ifndef WSD_TRANSPORT_TRANSPORT_H
#define WSD_TRANSPORT_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "stream/body_source.h"
#include "wsd_types.h"

struct wsd_http_request {
    const char *url;
    const char *const *headers; /* "Name: value" in wire order, NULL behind the last */
    struct wsd_body_source *body;
    uint64_t body_length; /* or WSD_LENGTH_UNKNOWN: in chunks (RFC 9112 section 7.1) */
};

struct wsd_transfer_handler;

/* Called on the transport's thread, one after another, with no lock held; done() may come
 * on the thread that destroys the transport. */
struct wsd_transfer_handler_vtable {
    /* The final status (200 and above), once.  complete: the whole request had been
     * handed to the network by then; if not, nothing more of it will be. */
    void (*status)(struct wsd_transfer_handler *handler, int status, bool complete);

    /* The response has a body and its bytes follow: once, before the first body(); or it
     * has a content type, and ended without a byte.
     * content_type: the header's value, or NULL.  A failure ends the transfer. */
    HRESULT(*begin_body)
    (struct wsd_transfer_handler *handler, int status, const char *content_type);

    /* Takes the first *taken of `size` bytes of the response body.  S_OK with fewer:
     * full; they come again after wake().  A failure ends the transfer with that code: 0
     * bytes, after wake() when there are no others, ask whether more is wanted. */
    HRESULT(*body)
    (struct wsd_transfer_handler *handler, const uint8_t *bytes, size_t size,
     size_t *taken);

    /* The last call, exactly once for each transfer: S_OK when a whole response arrived,
     * else the code.  The body_source is pulled no more. */
    void (*done)(struct wsd_transfer_handler *handler, HRESULT result);
};

struct wsd_transfer_handler {
    const struct wsd_transfer_handler_vtable *vtable;
};

struct wsd_transfer;

/* All are for any thread and never wait.  wake and abort neither allocate nor fail, and
 * do nothing once the transfer is done. */
struct wsd_transfer_vtable {
    void (*start)(struct wsd_transfer *transfer); /* once; a second call does nothing */
    /* The request body has something again, or the response body can be taken again. */
    void (*wake)(struct wsd_transfer *transfer);
    void (*abort)(struct wsd_transfer *transfer); /* cut; done(E_ABORT), also unstarted */
    void (*release)(struct wsd_transfer *transfer); /* gives up the handle, not done() */
};

struct wsd_transfer {
    const struct wsd_transfer_vtable *vtable;
};

struct wsd_transport;

struct wsd_transport_vtable {
    /* Prepares a transfer.  The request's strings are copied; body and handler stay until
     * done().  S_OK; E_OUTOFMEMORY; E_INVALIDARG, ERROR_WINHTTP_INVALID_URL or
     * ERROR_WINHTTP_UNRECOGNIZED_SCHEME for the URL; E_ABORT when the transport ends. */
    HRESULT(*prepare)
    (struct wsd_transport *transport, const struct wsd_http_request *request,
     struct wsd_transfer_handler *handler, struct wsd_transfer **out);
};

struct wsd_transport {
    const struct wsd_transport_vtable *vtable;
};

#endif
