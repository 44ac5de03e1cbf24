#include "message/exchange.h"

#include <string.h>

#include "base/uuid.h"
#include "message/package.h"
#include "os/clock.h"
#include "os/monitor.h"
#include "os/thread.h"
#include "wsd_error.h"

#define INVALID_SERVER_RESPONSE HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)

/* A Write may want the start while later attachments are still to be armed: a transport
 * that drained those would open them before they know their message. */
enum { START_WANTED = 1, START_ALLOWED = 2, START = START_WANTED | START_ALLOWED };

struct wsd_exchange {
    struct wsd_outbound_host host;       /* for the attachments */
    struct wsd_transfer_handler handler; /* for the transfer */
    const struct wsd_mem *mem;           /* borrowed */
    atomic_uint references;              /* message, transfer until done(), attachments */
    const struct wsd_transport *transport;
    struct wsd_transfer *transfer; /* constant once the message is armed */
    atomic_uint start;             /* START_*: with both it has been started */
    struct wsd_package package;

    /* The transport's thread only, until done() */
    struct wsd_outbound_message *message; /* a reference */
    int status;
    bool complete;     /* when the status came, the whole request was out */
    HRESULT too_early; /* the status came before the request's end: its code */
    struct wsd_text reply_bytes;

    struct {
        struct wsd_monitor monitor; /* woken by done() */
        bool done;
        bool reply_taken;
        HRESULT result;
        struct wsd_inbound_message *reply; /* until taken */
    } synced;
};

static struct wsd_exchange *exchange_from_host(struct wsd_outbound_host *host)
{
    return (struct wsd_exchange *)((char *)host - offsetof(struct wsd_exchange, host));
}

static struct wsd_exchange *exchange_from_handler(struct wsd_transfer_handler *handler)
{
    return (struct wsd_exchange *)((char *)handler -
                                   offsetof(struct wsd_exchange, handler));
}

void wsd_exchange_release(struct wsd_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->references, 1) > 1)
        return;
    if (exchange->transfer != NULL)
        exchange->transfer->vtable->release(exchange->transfer);
    wsd_package_fini(&exchange->package);
    wsd_text_fini(&exchange->reply_bytes);
    wsd_inbound_destroy(exchange->synced.reply);
    wsd_monitor_fini(&exchange->synced.monitor);
    wsd_free(exchange->mem, exchange);
}

/* ---- the attachments' host ---- */

static void exchange_start(struct wsd_exchange *exchange, unsigned votes)
{
    unsigned before = atomic_fetch_or(&exchange->start, votes);

    if (before != START && (before | votes) == START)
        exchange->transfer->vtable->start(exchange->transfer);
}

static void exchange_host_start(struct wsd_outbound_host *host)
{
    exchange_start(exchange_from_host(host), START_WANTED);
}

static void exchange_host_wake(struct wsd_outbound_host *host)
{
    struct wsd_transfer *transfer = exchange_from_host(host)->transfer;

    transfer->vtable->wake(transfer);
}

static void exchange_host_abort(struct wsd_outbound_host *host)
{
    struct wsd_transfer *transfer = exchange_from_host(host)->transfer;

    transfer->vtable->abort(transfer); /* the other attachments fail in done() */
}

static void exchange_host_add_ref(struct wsd_outbound_host *host)
{
    atomic_fetch_add(&exchange_from_host(host)->references, 1);
}

static void exchange_host_release(struct wsd_outbound_host *host)
{
    wsd_exchange_release(exchange_from_host(host));
}

static const struct wsd_outbound_host_vtable exchange_host_vtable = {
    .start = exchange_host_start,
    .wake = exchange_host_wake,
    .abort = exchange_host_abort,
    .add_ref = exchange_host_add_ref,
    .release = exchange_host_release,
};

/* ---- the transfer's handler ---- */

static void exchange_status(struct wsd_transfer_handler *handler, int status,
                            bool complete)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);

    exchange->status = status;
    exchange->complete = complete;
    if (complete)
        return;
    exchange->too_early =
        status >= 200 && status <= 299 ? INVALID_SERVER_RESPONSE : HTTP_E_STATUS(status);
    wsd_message_fail(exchange->message, exchange->too_early);
}

static HRESULT exchange_body(struct wsd_transfer_handler *handler, const void *bytes,
                             size_t size)
{
    return wsd_text_append(&exchange_from_handler(handler)->reply_bytes, bytes, size);
}

/* A fault says most, then a status that refuses the request, then the transfer. */
static HRESULT exchange_judge(const struct wsd_exchange *exchange, HRESULT transfer,
                              const struct wsd_inbound_message *reply)
{
    HRESULT verdict = wsd_inbound_verdict(reply);

    if (verdict == WS_E_ENDPOINT_FAULT_RECEIVED)
        return verdict;
    if (exchange->too_early != S_OK)
        return exchange->too_early;
    if (exchange->status > 299)
        return verdict;
    return FAILED(transfer) ? transfer : verdict;
}

static void exchange_done(struct wsd_transfer_handler *handler, HRESULT result)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);
    struct wsd_outbound_message *message = exchange->message;
    struct wsd_inbound_message *reply = NULL;

    if (exchange->status != 0 && result != E_ABORT) {
        HRESULT hr = wsd_inbound_create(exchange->mem, exchange->status,
                                        &exchange->reply_bytes, &reply);

        result = hr == S_OK ? exchange_judge(exchange, result, reply) : hr;
    }
    /* A good reply leaves alone what is sent and not yet told so by Close. */
    if (FAILED(result))
        wsd_message_fail(message, result);
    else if (!exchange->complete)
        wsd_message_fail(message, INVALID_SERVER_RESPONSE);

    wsd_monitor_enter(&exchange->synced.monitor);
    exchange->synced.done = true;
    exchange->synced.result = result;
    exchange->synced.reply = reply;
    wsd_monitor_wake_all(&exchange->synced.monitor);
    wsd_monitor_leave(&exchange->synced.monitor);

    wsd_message_release(message);
    wsd_exchange_release(exchange);
}

static const struct wsd_transfer_handler_vtable exchange_handler_vtable = {
    .status = exchange_status,
    .body = exchange_body,
    .done = exchange_done,
};

/* ---- sending and receiving ---- */

static HRESULT exchange_prepare(struct wsd_exchange *exchange,
                                struct wsd_transport *transport, const char *url,
                                const char *user_agent)
{
    bool multipart = exchange->package.encoder != NULL;
    struct wsd_text lines[2];
    const char *headers[4];
    size_t count = 0;
    HRESULT hr;

    wsd_text_init(&lines[0], exchange->mem, SIZE_MAX);
    wsd_text_append_string(&lines[0], "Content-Type: ");
    wsd_text_append_string(&lines[0], exchange->package.content_type.bytes);
    wsd_text_init(&lines[1], exchange->mem, SIZE_MAX);
    wsd_text_append_string(&lines[1], "User-Agent: ");
    wsd_text_append_string(&lines[1], user_agent);
    hr = FAILED(lines[0].error) ? lines[0].error : lines[1].error;
    if (hr == S_OK) {
        struct wsd_http_request request = {
            .url = url,
            .headers = headers,
            .body = wsd_package_source(&exchange->package),
            .body_length = wsd_package_length(&exchange->package),
        };

        if (multipart)
            headers[count++] = "MIME-Version: 1.0";
        headers[count++] = lines[0].bytes;
        headers[count++] = lines[1].bytes;
        headers[count] = NULL;
        hr = transport->vtable->prepare(transport, &request, &exchange->handler,
                                        &exchange->transfer);
    }
    wsd_text_fini(&lines[0]);
    wsd_text_fini(&lines[1]);
    return hr;
}

static HRESULT exchange_create(struct wsd_outbound_message *message,
                               struct wsd_transport *transport, const char *url,
                               const struct wsd_exchange_options *options,
                               struct wsd_exchange **out)
{
    struct wsd_exchange *exchange = wsd_alloc(message->mem, sizeof(*exchange));
    char message_id[WSD_UUID_SIZE];
    struct wsd_addressing addressing = {.to = url, .message_id = message_id};
    HRESULT hr = E_OUTOFMEMORY;

    if (exchange == NULL)
        return hr;
    exchange->host.vtable = &exchange_host_vtable;
    exchange->handler.vtable = &exchange_handler_vtable;
    exchange->mem = message->mem;
    exchange->transport = transport;
    exchange->message = message;
    atomic_init(&exchange->references, 2); /* the message's and the transfer's */
    wsd_text_init(&exchange->reply_bytes, message->mem, options->max_reply_bytes);

    hr = wsd_monitor_init(&exchange->synced.monitor);
    if (hr == S_OK)
        hr = wsd_uuid_random(message_id);
    if (hr == S_OK)
        hr = wsd_package_init(&exchange->package, message, &addressing,
                              options->max_envelope_bytes, wsd_uuid_random);
    wsd_message_add_ref(message); /* done() may come as soon as it is prepared */
    if (hr == S_OK)
        hr = exchange_prepare(exchange, transport, url, options->user_agent);
    if (hr == S_OK) {
        *out = exchange;
        return S_OK;
    }
    wsd_message_release(message);
    atomic_store(&exchange->references, 1); /* there is no transfer */
    wsd_exchange_release(exchange);
    return hr;
}

HRESULT wsd_exchange_send(struct wsd_outbound_message *message,
                          struct wsd_transport *transport, const char *url,
                          const struct wsd_exchange_options *options)
{
    struct wsd_exchange *exchange = NULL;
    HRESULT hr = exchange_create(message, transport, url, options, &exchange);

    if (FAILED(hr))
        return hr;
    message->exchange = exchange;
    for (size_t i = 0; i < message->part_count && hr == S_OK; i++)
        hr = wsd_outbound_arm(message->parts[i].attachment, &exchange->host,
                              options->ring_bytes, options->wait_budget_ms);
    if (hr == S_OK) {
        exchange_start(exchange, message->part_count > 0 ? START_ALLOWED : START);
    } else {
        wsd_message_fail(message, hr);
        exchange->transfer->vtable->abort(exchange->transfer);
    }
    return hr;
}

HRESULT wsd_exchange_receive(struct wsd_exchange *exchange, DWORD wait_ms,
                             struct wsd_inbound_message **reply)
{
    uint64_t deadline = wsd_clock_deadline(wait_ms);
    HRESULT hr = STG_S_BLOCK;

    *reply = NULL;
    if (wait_ms != 0 && wsd_thread_is_ours())
        return HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK);
    wsd_monitor_enter(&exchange->synced.monitor);
    while (!exchange->synced.done && wait_ms != 0 &&
           wsd_monitor_wait_until(&exchange->synced.monitor, deadline)) {
    }
    if (exchange->synced.reply_taken) {
        hr = HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    } else if (exchange->synced.done) {
        hr = exchange->synced.result;
        *reply = exchange->synced.reply;
        exchange->synced.reply = NULL;
        exchange->synced.reply_taken = *reply != NULL;
    }
    wsd_monitor_leave(&exchange->synced.monitor);
    return hr;
}

const struct wsd_transport *wsd_exchange_transport(const struct wsd_exchange *exchange)
{
    return exchange->transport;
}
