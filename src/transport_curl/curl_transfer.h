/*
 * curl_transfer -- one request and its response: an easy handle, its callbacks, and our
 * own rules above libcurl's (when a body is sent, when a response is too early, timers).
 */
#ifndef WSD_TRANSPORT_CURL_CURL_TRANSFER_H
#define WSD_TRANSPORT_CURL_CURL_TRANSFER_H

#include <stdatomic.h>

#include "transport_curl/curl_transport.h"

struct wsd_curl_transfer {
    struct wsd_transfer seam;
    const struct wsd_mem *mem;            /* borrowed */
    struct wsd_curl_transport *transport; /* outlives the transfer's end */
    atomic_uint
        references; /* the exchange's handle; the transport until the end; a touch */
    struct wsd_transfer_handler *handler;
    struct wsd_body_source *body;
    uint64_t body_length;
    CURL *easy;                 /* NULL after the end */
    struct curl_slist *headers; /* likewise */
    char error[CURL_ERROR_SIZE];

    /* Under the transport's monitor */
    struct {
        bool ended;
        bool queued;
        unsigned requests;
        struct wsd_curl_transfer *next_queued;
        struct wsd_curl_transfer *previous, *next; /* of all that have not ended */
    } synced;

    /* I/O thread only */
    struct wsd_curl_transfer *next_touched;
    bool touched;
    bool added;      /* to the multi handle */
    bool pulled;     /* libcurl asked for the body */
    bool paused;     /* it was told that there is nothing now */
    bool head_ended; /* of the response: its blank line came */
    bool body_begun; /* likewise: the handler knows */
    bool full;       /* the handler can take no more of it now */
    size_t taken;    /* of the bytes that libcurl will give again */
    bool cut;        /* the response came too early: the body goes no further */
    bool pulled_all; /* the body ended; its last bytes may still be with libcurl */
    bool sent;       /* they are out */
    bool status_told;
    bool curl_is_done;
    CURLcode curl_result;
    HRESULT failure; /* ours, found in a callback: it goes before libcurl's */
    int status;      /* final; 0 before */
    int interest;    /* CURL_POLL_*: what libcurl waits for on the socket */
    uint64_t pulled_bytes;
    size_t header_bytes;
    curl_off_t uploaded;  /* at the last look */
    uint64_t progress_ms; /* when the peer last took or gave a byte, as far as we saw */
};

/* As the seam's prepare(); the new transfer has two references. */
HRESULT wsd_curl_transfer_create(const struct wsd_mem *mem,
                                 struct wsd_curl_transport *transport,
                                 const struct wsd_http_request *request,
                                 struct wsd_transfer_handler *handler,
                                 struct wsd_curl_transfer **out);
void wsd_curl_transfer_release(struct wsd_curl_transfer *transfer);

/* I/O thread only, and only before the end: */

/* Does what other threads asked for. */
void wsd_curl_transfer_serve(struct wsd_curl_transfer *transfer, unsigned requests);
/* Draws the conclusions from what happened inside libcurl. */
void wsd_curl_transfer_settle(struct wsd_curl_transfer *transfer);
/* Looks at the timers. */
void wsd_curl_transfer_check(struct wsd_curl_transfer *transfer, uint64_t now_ms);
/* The end: off the multi handle, done(result). */
void wsd_curl_transfer_finish(struct wsd_curl_transfer *transfer, HRESULT result);

#endif
