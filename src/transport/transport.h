/*
 * transport -- the seam between the rooms and HTTP and FTP.
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

/* Numbers of WinINet, for what WinHTTP has none. */
#define WSD_TRANSFER_RESET HRESULT_FROM_WIN32(12031)   /* the peer reset the connection */
#define WSD_TRANSFER_REFUSED HRESULT_FROM_WIN32(12003) /* by a reply of FTP */

/* Milliseconds; INFINITE switches a timer off. */
struct wsd_timeouts {
    DWORD connect_ms;  /* from an address to a connection, with a tunnel and TLS */
    DWORD send_ms;     /* the longest time for which the peer takes no byte of some */
    DWORD response_ms; /* the longest time without a byte that is waited for */
    /* Those that not everybody has; 0: none. */
    DWORD resolve_ms; /* to find an address; none: connect_ms begins with start() */
    DWORD produce_ms; /* the longest time for which there is no byte to take */
    DWORD total_ms;   /* from start() to done() */
};

struct wsd_http_request {
    const char *url;
    const char *method; /* a token */
    const char *target; /* what stands in the request line; NULL: that of the URL, which
                           with Digest has to be the same */
    /* "Name: value" in wire order, NULL behind the last.  Host (in front), Content-Length
     * and Transfer-Encoding (behind them) are added where they are missing. */
    const char *const *headers;
    struct wsd_body_source *body; /* with a length of 0 only told when the head is out */
    uint64_t body_length; /* or WSD_LENGTH_UNKNOWN: in chunks (RFC 9112 section 7.1) */
    bool body_has_chunks; /* it brings its own: they are not framed again */
    bool awaits_continue; /* with Expect among the headers: for up to a second */
    bool is_http_1_0;
    bool may_reuse_connection; /* a dead one may cost a body that streams */
    /* For a server that has asked for them, as it has asked (WSD_AUTHENTICATION_*); user
     * NULL: the transport's.  A body that streams follows a probe without it, if the
     * scheme is Digest: so none that brings its own chunks. */
    const char *user, *password;
    DWORD authentication;
    const struct wsd_timeouts *timeouts; /* copied; NULL: the transport's */
    const char *message_id;              /* for the log, and until done(); NULL: none */
    bool streams;        /* what it gave may be gone soon, in spite of rewind() */
    bool prefers_chunks; /* although body_length is known: unless the peer wants that */
};

struct wsd_ftp_request {
    const char *url; /* with nothing but the host: logs in and transfers nothing */
    const char *user, *password;
    bool is_active;                      /* the server makes the data connection */
    bool is_text;                        /* type A; the bytes stay as they are */
    bool is_new_connection;              /* do not use a kept one */
    struct wsd_body_source *body;        /* to upload; NULL: download */
    const struct wsd_timeouts *timeouts; /* copied; NULL: the transport's */
};

struct wsd_transfer_handler;

/* Called on the transport's thread, also one that it is for a while by drive(), one after
 * another, with no lock held; done() may come on the thread that destroys the transport.
 * What the transport answers by sending the request again, from a body that it rewinds,
 * no call but line() shows. */
struct wsd_transfer_handler_vtable {
    /* A line of the response's head, from the status line to the blank line, also those
     * of interim responses, challenges that are answered, and trailers; with FTP, of a
     * reply.  With its line end.  May be NULL. */
    void (*line)(struct wsd_transfer_handler *handler, const char *line, size_t size);

    /* HTTP: the final status (200 and above), once.  complete: the whole request had been
     * handed to the network by then; if not, nothing more of it will be.  The body is
     * rewound no more. */
    void (*status)(struct wsd_transfer_handler *handler, int status, bool complete);

    /* HTTP: the final status is 401, and this is what the server takes: bits of
     * WSD_AUTHENTICATION_*.  Before its head's blank line.  May be NULL. */
    void (*challenge)(struct wsd_transfer_handler *handler, DWORD authentication);

    /* The response has a body and its bytes follow: once, before the first body(); or it
     * has a content type, and ended without a byte.  With FTP, status is 0.
     * content_type: the header's value, or NULL.  A failure ends the transfer. */
    HRESULT(*begin_body)
    (struct wsd_transfer_handler *handler, int status, const char *content_type);

    /* Takes the first *taken of `size` bytes of the response body.  S_OK with fewer:
     * full; they come again after wake().  A failure ends the transfer with that code.
     * 0 bytes say that no more come at the moment, and ask whether more is wanted: behind
     * others, and after wake(). */
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

enum wsd_transfer_ask { WSD_ASK_NOTHING, WSD_ASK_START, WSD_ASK_WAKE };

/* A caller's, for what the handler is told or the body is asked for.  Whoever else ends
 * it calls wake() or abort() then. */
struct wsd_transfer_wait {
    bool (*is_over)(const struct wsd_transfer_wait *wait);
    uint64_t deadline_ms; /* by wsd_clock_ms() */
};

/* All but drive() are for any thread and never wait.  wake and abort neither allocate nor
 * fail, and do nothing once the transfer is done. */
struct wsd_transfer_vtable {
    void (*start)(struct wsd_transfer *transfer); /* once; a second call does nothing */
    /* The request body has something again, or the response body can be taken again. */
    void (*wake)(struct wsd_transfer *transfer);
    void (*abort)(struct wsd_transfer *transfer); /* cut; done(E_ABORT), also unstarted */
    /* Does what it is asked, as start() or wake() do, and waits if it may: then the
     * calling thread is the transport's until the wait is over, its deadline, or for no
     * reason sooner.  false: it is another's, and the caller waits by itself. */
    bool (*drive)(struct wsd_transfer *transfer, enum wsd_transfer_ask ask,
                  const struct wsd_transfer_wait *wait);
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

    /* The same for FTP.  Transfers with the same server and user log in once and go one
     * behind the other over the kept connection. */
    HRESULT(*prepare_ftp)
    (struct wsd_transport *transport, const struct wsd_ftp_request *request,
     struct wsd_transfer_handler *handler, struct wsd_transfer **out);

    /* Ends every transfer with E_ABORT, and the transport. */
    void (*release)(struct wsd_transport *transport);
};

struct wsd_transport {
    const struct wsd_transport_vtable *vtable;
};

#endif
