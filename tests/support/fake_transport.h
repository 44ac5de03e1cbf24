/*
 * fake_transport -- a struct wsd_transport without a network.
 *
 * It records what is asked of it and does nothing by itself: the test pulls the body and
 * calls the handler, as a transport's thread would.  fake_transfer_done() ends a
 * transfer; every prepared transfer needs it once.
 */
#ifndef WSD_TESTS_FAKE_TRANSPORT_H
#define WSD_TESTS_FAKE_TRANSPORT_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <setjmp.h>

#include <cmocka.h>

#include "transport/transport.h"

struct fake_transfer;

struct fake_transport {
    struct wsd_transport seam;
    HRESULT prepare_hr;         /* what prepare() returns from now on */
    bool done_in_prepare;       /* it ends with E_ABORT before prepare() returns */
    struct fake_transfer *last; /* the newest, until it is freed */
    int prepared;               /* successful prepare() calls */
    atomic_int live;            /* transfers that are not freed */
    void (*on_start)(struct fake_transfer *transfer); /* both may be NULL */
    void (*on_wake)(struct fake_transfer *transfer);
    void *context; /* theirs */
};

struct fake_transfer {
    struct wsd_transfer seam;
    struct fake_transport *transport;
    char *url;
    char *headers; /* each line with CRLF */
    struct wsd_body_source *body;
    uint64_t body_length;
    struct wsd_transfer_handler *handler;
    int status;      /* told, or 200 */
    bool body_begun; /* of the response */
    atomic_int starts, wakes, aborts;
    bool is_done;
    atomic_int references; /* the handle; done() to come */
};

static inline struct fake_transfer *fake_transfer_from(struct wsd_transfer *seam)
{
    return (struct fake_transfer *)((char *)seam - offsetof(struct fake_transfer, seam));
}

static inline void fake_transfer_drop(struct fake_transfer *transfer)
{
    if (atomic_fetch_sub(&transfer->references, 1) > 1)
        return;
    if (transfer->transport->last == transfer)
        transfer->transport->last = NULL;
    atomic_fetch_sub(&transfer->transport->live, 1);
    free(transfer->url);
    free(transfer->headers);
    free(transfer);
}

static inline void fake_transfer_start(struct wsd_transfer *seam)
{
    struct fake_transfer *transfer = fake_transfer_from(seam);

    atomic_fetch_add(&transfer->starts, 1);
    if (transfer->transport->on_start != NULL)
        transfer->transport->on_start(transfer);
}

static inline void fake_transfer_wake(struct wsd_transfer *seam)
{
    struct fake_transfer *transfer = fake_transfer_from(seam);

    atomic_fetch_add(&transfer->wakes, 1);
    if (transfer->transport->on_wake != NULL)
        transfer->transport->on_wake(transfer);
}

static inline void fake_transfer_abort(struct wsd_transfer *seam)
{
    atomic_fetch_add(&fake_transfer_from(seam)->aborts, 1);
}

static inline void fake_transfer_release(struct wsd_transfer *seam)
{
    fake_transfer_drop(fake_transfer_from(seam));
}

/* ---- the transport's side: what its thread would do ---- */

static inline enum wsd_pull fake_transfer_pull(struct fake_transfer *transfer,
                                               void *buffer, size_t capacity,
                                               size_t *size)
{
    return transfer->body->vtable->pull(transfer->body, buffer, capacity, size);
}

static inline void fake_transfer_sent(struct fake_transfer *transfer)
{
    transfer->body->vtable->sent(transfer->body);
}

/* Pulls until there is nothing now, or no more; adds what came to `body`, a string. */
static inline enum wsd_pull fake_transfer_drain(struct fake_transfer *transfer,
                                                char *body, size_t capacity)
{
    size_t length = strlen(body), size;
    enum wsd_pull result;

    do {
        assert_true(length + 1 < capacity);
        result =
            fake_transfer_pull(transfer, body + length, capacity - length - 1, &size);
        length += size;
        body[length] = '\0';
    } while (result == WSD_PULL_BYTES);
    return result;
}

static inline void fake_transfer_status(struct fake_transfer *transfer, int status,
                                        bool complete)
{
    transfer->status = status;
    transfer->handler->vtable->status(transfer->handler, status, complete);
}

/* content_type: NULL if there is none. */
static inline HRESULT fake_transfer_begin_body(struct fake_transfer *transfer,
                                               const char *content_type)
{
    assert_false(transfer->body_begun);
    transfer->body_begun = true;
    return transfer->handler->vtable->begin_body(transfer->handler, transfer->status,
                                                 content_type);
}

static inline HRESULT fake_transfer_push(struct fake_transfer *transfer,
                                         const char *bytes, size_t size, size_t *taken)
{
    assert_true(transfer->body_begun);
    *taken = SIZE_MAX;
    return transfer->handler->vtable->body(transfer->handler, (const uint8_t *)bytes,
                                           size, taken);
}

/* Begins a plain body, if none has begun, and pushes text that fits. */
static inline HRESULT fake_transfer_body(struct fake_transfer *transfer, const char *text)
{
    HRESULT hr = S_OK;
    size_t taken;

    if (!transfer->body_begun)
        hr = fake_transfer_begin_body(transfer, "application/soap+xml");
    if (hr == S_OK)
        hr = fake_transfer_push(transfer, text, strlen(text), &taken);
    if (hr == S_OK)
        assert_int_equal(taken, strlen(text));
    return hr;
}

static inline void fake_transfer_done(struct fake_transfer *transfer, HRESULT result)
{
    assert_false(transfer->is_done);
    transfer->is_done = true;
    transfer->handler->vtable->done(transfer->handler, result);
    fake_transfer_drop(transfer);
}

/* ---- */

static inline HRESULT fake_transport_prepare(struct wsd_transport *seam,
                                             const struct wsd_http_request *request,
                                             struct wsd_transfer_handler *handler,
                                             struct wsd_transfer **out)
{
    static const struct wsd_transfer_vtable vtable = {
        .start = fake_transfer_start,
        .wake = fake_transfer_wake,
        .abort = fake_transfer_abort,
        .release = fake_transfer_release,
    };
    struct fake_transport *transport = (struct fake_transport *)seam;
    struct fake_transfer *transfer;
    size_t size = 1;

    if (FAILED(transport->prepare_hr))
        return transport->prepare_hr;
    transfer = calloc(1, sizeof(*transfer));
    for (size_t i = 0; request->headers[i] != NULL; i++)
        size += strlen(request->headers[i]) + 2;
    transfer->seam.vtable = &vtable;
    transfer->transport = transport;
    transfer->url = malloc(strlen(request->url) + 1);
    strcpy(transfer->url, request->url);
    transfer->headers = calloc(1, size);
    for (size_t i = 0; request->headers[i] != NULL; i++) {
        strcat(transfer->headers, request->headers[i]);
        strcat(transfer->headers, "\r\n");
    }
    transfer->body = request->body;
    transfer->body_length = request->body_length;
    transfer->handler = handler;
    transfer->status = 200;
    atomic_init(&transfer->references, 2);
    transport->last = transfer;
    transport->prepared++;
    atomic_fetch_add(&transport->live, 1);
    if (transport->done_in_prepare)
        fake_transfer_done(transfer, E_ABORT);
    *out = &transfer->seam;
    return S_OK;
}

static inline void fake_transport_init(struct fake_transport *transport)
{
    static const struct wsd_transport_vtable vtable = {.prepare = fake_transport_prepare};

    memset(transport, 0, sizeof(*transport));
    transport->seam.vtable = &vtable;
    atomic_init(&transport->live, 0);
}

#endif
