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
    HRESULT prepare_hr;         /* what prepare() and prepare_ftp() return from now on */
    bool done_in_prepare;       /* it ends with E_ABORT before prepare() returns */
    struct fake_transfer *last; /* the newest, until it is freed */
    int prepared;               /* successful prepare() calls */
    atomic_int live;            /* transfers that are not freed */
    int released;               /* calls of release() */
    void (*on_start)(struct fake_transfer *transfer); /* each may be NULL */
    void (*on_wake)(struct fake_transfer *transfer);
    void (*on_drive)(struct fake_transfer *transfer); /* NULL: another thread drives */
    void *context;                                    /* theirs */
};

struct fake_transfer {
    struct wsd_transfer seam;
    struct fake_transport *transport;
    char *url;
    char *headers; /* each line with CRLF */
    char *login;   /* "user:password", or NULL; freed with it */
    DWORD authentication;
    bool is_ftp;
    bool has_chunks;              /* body_has_chunks */
    bool is_new;                  /* is_new_connection */
    struct wsd_timeouts timeouts; /* all 0 if it brings none */
    struct wsd_body_source *body;
    uint64_t body_length;
    bool prefers_chunks;
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
    free(transfer->login);
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
    enum wsd_pull result =
        transfer->body->vtable->pull(transfer->body, buffer, capacity, size);

    wsd_body_source_rest(transfer->body);
    return result;
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

/* Lines of a head or of replies, each with its CRLF. */
static inline void fake_transfer_lines(struct fake_transfer *transfer, const char *lines)
{
    while (*lines != '\0') {
        size_t size = strcspn(lines, "\n") + 1;

        transfer->handler->vtable->line(transfer->handler, lines, size);
        lines += size;
    }
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

static inline char *fake_join(const char *first, const char *between, const char *second)
{
    char *text = malloc(strlen(first) + strlen(between) + strlen(second) + 1);

    assert_non_null(text);
    strcpy(text, first);
    strcat(text, between);
    return strcat(text, second);
}

static inline bool fake_transfer_drive(struct wsd_transfer *seam,
                                       enum wsd_transfer_ask ask,
                                       const struct wsd_transfer_wait *wait)
{
    struct fake_transfer *transfer = fake_transfer_from(seam);

    (void)wait;
    if (ask == WSD_ASK_START)
        seam->vtable->start(seam);
    else if (ask == WSD_ASK_WAKE)
        seam->vtable->wake(seam);
    if (transfer->transport->on_drive == NULL)
        return false;
    transfer->transport->on_drive(transfer);
    return true;
}

static inline HRESULT fake_transport_add(struct fake_transport *transport,
                                         const char *url, struct wsd_body_source *body,
                                         const struct wsd_timeouts *timeouts,
                                         struct wsd_transfer_handler *handler,
                                         struct fake_transfer **out)
{
    static const struct wsd_transfer_vtable vtable = {
        .start = fake_transfer_start,
        .wake = fake_transfer_wake,
        .abort = fake_transfer_abort,
        .drive = fake_transfer_drive,
        .release = fake_transfer_release,
    };
    struct fake_transfer *transfer;

    if (FAILED(transport->prepare_hr))
        return transport->prepare_hr;
    transfer = calloc(1, sizeof(*transfer));
    transfer->seam.vtable = &vtable;
    transfer->transport = transport;
    transfer->url = fake_join(url, "", "");
    transfer->body = body;
    if (timeouts != NULL)
        transfer->timeouts = *timeouts;
    transfer->handler = handler;
    transfer->status = 200;
    atomic_init(&transfer->references, 2);
    transport->last = transfer;
    transport->prepared++;
    atomic_fetch_add(&transport->live, 1);
    *out = transfer;
    return S_OK;
}

static inline HRESULT fake_transport_prepare(struct wsd_transport *seam,
                                             const struct wsd_http_request *request,
                                             struct wsd_transfer_handler *handler,
                                             struct wsd_transfer **out)
{
    struct fake_transfer *transfer;
    HRESULT hr = fake_transport_add((struct fake_transport *)seam, request->url,
                                    request->body, request->timeouts, handler, &transfer);

    if (FAILED(hr))
        return hr;
    transfer->headers = fake_join("", "", "");
    for (size_t i = 0; request->headers[i] != NULL; i++) {
        char *longer = fake_join(transfer->headers, request->headers[i], "\r\n");

        free(transfer->headers);
        transfer->headers = longer;
    }
    if (request->user != NULL)
        transfer->login = fake_join(request->user, ":", request->password);
    transfer->authentication = request->authentication;
    transfer->body_length = request->body_length;
    transfer->prefers_chunks = request->prefers_chunks;
    transfer->has_chunks = request->body_has_chunks;
    if (transfer->transport->done_in_prepare)
        fake_transfer_done(transfer, E_ABORT);
    *out = &transfer->seam;
    return S_OK;
}

static inline HRESULT fake_transport_prepare_ftp(struct wsd_transport *seam,
                                                 const struct wsd_ftp_request *request,
                                                 struct wsd_transfer_handler *handler,
                                                 struct wsd_transfer **out)
{
    struct fake_transfer *transfer;
    HRESULT hr = fake_transport_add((struct fake_transport *)seam, request->url,
                                    request->body, request->timeouts, handler, &transfer);

    if (FAILED(hr))
        return hr;
    transfer->is_ftp = true;
    transfer->is_new = request->is_new_connection;
    transfer->login = fake_join(request->user, ":", request->password);
    *out = &transfer->seam;
    return S_OK;
}

static inline void fake_transport_release(struct wsd_transport *seam)
{
    ((struct fake_transport *)seam)->released++;
}

static inline void fake_transport_init(struct fake_transport *transport)
{
    static const struct wsd_transport_vtable vtable = {
        .prepare = fake_transport_prepare,
        .prepare_ftp = fake_transport_prepare_ftp,
        .release = fake_transport_release,
    };

    memset(transport, 0, sizeof(*transport));
    transport->seam.vtable = &vtable;
    atomic_init(&transport->live, 0);
}

#endif
