#include "message/exchange.h"

#include <string.h>

#include "base/hresult.h"
#include "base/uuid.h"
#include "message/package.h"
#include "message/progress.h"
#include "os/clock.h"
#include "os/monitor.h"
#include "os/thread.h"
#include "wsd_client.h"
#include "wsd_error.h"

#define INVALID_SERVER_RESPONSE HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)

/* A Write may want the start while later attachments are still to be armed: a transport
 * that drained those would open them before they know their message. */
enum { START_WANTED = 1, START_ALLOWED = 2, START = START_WANTED | START_ALLOWED };

struct wsd_exchange {
    struct wsd_outbound_host host;        /* for the attachments */
    struct wsd_inbound_host inbound_host; /* for the reply's */
    struct wsd_transfer_handler handler;  /* for the transfer */
    const struct wsd_mem *mem;            /* borrowed */
    atomic_uint references; /* message, transfer until done(), attachments */
    const struct wsd_transport *transport;
    struct wsd_transfer *transfer; /* constant once the message is armed */
    atomic_uint start;             /* START_*: with both it has been started */
    struct wsd_package package;
    char message_id[WSD_URN_UUID_SIZE];
    char *url;                      /* owned; what the subject borrows */
    struct wsd_log_subject subject; /* constant */

    /* The transport's thread only, until done() */
    struct wsd_outbound_message *message; /* a reference */
    struct wsd_progress progress;
    int status;
    HRESULT too_early; /* the status came before the request's end: its code */
    bool published;    /* the application can have the result */
    struct wsd_inbound_options inbound;
    struct wsd_inbound_message *incoming; /* a reference, from its first byte on */

    struct {
        struct wsd_monitor monitor; /* woken when there is a result */
        bool has_result;
        bool unwanted; /* nobody will ask for the reply any more */
        bool reply_taken;
        HRESULT result;
        struct wsd_inbound_message *reply; /* a reference, until taken */
    } synced;
};

static struct wsd_exchange *exchange_from_host(struct wsd_outbound_host *host)
{
    return (void *)((char *)host - offsetof(struct wsd_exchange, host));
}

static struct wsd_exchange *exchange_from_handler(struct wsd_transfer_handler *handler)
{
    return (void *)((char *)handler - offsetof(struct wsd_exchange, handler));
}

void wsd_exchange_release(struct wsd_exchange *exchange)
{
    if (atomic_fetch_sub(&exchange->references, 1) > 1)
        return;
    if (exchange->transfer != NULL)
        exchange->transfer->vtable->release(exchange->transfer);
    wsd_package_fini(&exchange->package);
    wsd_free(exchange->mem, exchange->url);
    wsd_monitor_fini(&exchange->synced.monitor);
    wsd_free(exchange->mem, exchange);
}

/* ---- the attachments' host ---- */

/* Casts the votes; are they those that were missing? */
static bool exchange_may_start(struct wsd_exchange *exchange, unsigned votes)
{
    unsigned before = atomic_fetch_or(&exchange->start, votes);

    return before != START && (before | votes) == START;
}

static void exchange_start(struct wsd_exchange *exchange, unsigned votes)
{
    if (exchange_may_start(exchange, votes))
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

/* Until both votes are in, the thread that will cast the other starts it. */
static bool exchange_host_drive(struct wsd_outbound_host *host, enum wsd_transfer_ask ask,
                                const struct wsd_transfer_wait *wait)
{
    struct wsd_exchange *exchange = exchange_from_host(host);
    struct wsd_transfer *transfer = exchange->transfer;

    if (ask == WSD_ASK_START && !exchange_may_start(exchange, START_WANTED))
        ask = WSD_ASK_NOTHING;
    return transfer->vtable->drive(transfer, ask, wait);
}

static void exchange_host_moved(struct wsd_outbound_host *host)
{
    struct wsd_exchange *exchange = exchange_from_host(host);

    wsd_progress_moved(&exchange->progress, exchange->message);
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
    .moved = exchange_host_moved,
    .abort = exchange_host_abort,
    .drive = exchange_host_drive,
    .add_ref = exchange_host_add_ref,
    .release = exchange_host_release,
};

/* ---- the host of the reply's attachments ---- */

static struct wsd_exchange *exchange_from_inbound_host(struct wsd_inbound_host *host)
{
    return (void *)((char *)host - offsetof(struct wsd_exchange, inbound_host));
}

static void exchange_inbound_wake(struct wsd_inbound_host *host)
{
    exchange_host_wake(&exchange_from_inbound_host(host)->host);
}

static void exchange_inbound_add_ref(struct wsd_inbound_host *host)
{
    exchange_host_add_ref(&exchange_from_inbound_host(host)->host);
}

static void exchange_inbound_release(struct wsd_inbound_host *host)
{
    wsd_exchange_release(exchange_from_inbound_host(host));
}

static const struct wsd_inbound_host_vtable exchange_inbound_vtable = {
    .wake = exchange_inbound_wake,
    .add_ref = exchange_inbound_add_ref,
    .release = exchange_inbound_release,
};

/* ---- the transfer's handler ---- */

/* The result, and with it the reply if there is one and anybody wants it. */
static void exchange_publish(struct wsd_exchange *exchange, HRESULT result)
{
    struct wsd_inbound_message *reply = exchange->incoming;

    exchange->published = true;
    if (reply != NULL)
        wsd_inbound_add_ref(reply);
    wsd_monitor_enter(&exchange->synced.monitor);
    exchange->synced.has_result = true;
    exchange->synced.result = result;
    if (!exchange->synced.unwanted) {
        exchange->synced.reply = reply;
        reply = NULL;
    }
    wsd_monitor_wake_all(&exchange->synced.monitor);
    wsd_monitor_leave(&exchange->synced.monitor);
    if (reply != NULL)
        wsd_inbound_abandon(reply);
}

/* A fault says most, then a status that refuses the request, then the transfer. */
static HRESULT exchange_judge(const struct wsd_exchange *exchange, HRESULT transfer)
{
    HRESULT verdict = wsd_inbound_verdict(exchange->incoming);

    if (verdict == WS_E_ENDPOINT_FAULT_RECEIVED)
        return verdict;
    if (exchange->too_early != S_OK)
        return exchange->too_early;
    if (exchange->status > 299)
        return verdict;
    return FAILED(transfer) ? transfer : verdict;
}

/* What the transport has nothing to say about. */
static void exchange_log(const struct wsd_exchange *exchange, HRESULT result)
{
    wsd_observer_log(&exchange->subject, WSD_LOG_ERROR, WSD_LOG_MESSAGE, result,
                     "answered with status %d: %s (%s)", exchange->status,
                     wsd_hresult_text(result), wsd_hresult_name(result));
}

/* Attachments are read while they arrive: the result is there when the status and the
 * envelope are, whatever becomes of the transfer. */
static void exchange_publish_early(struct wsd_exchange *exchange)
{
    HRESULT result;

    if (exchange->published || exchange->status == 0 || exchange->incoming == NULL ||
        !wsd_inbound_is_readable(exchange->incoming))
        return;
    result = exchange_judge(exchange, S_OK);
    if (FAILED(result)) {
        exchange_log(exchange, result);
        wsd_message_fail(exchange->message, result);
    }
    exchange_publish(exchange, result);
}

static void exchange_status(struct wsd_transfer_handler *handler, int status,
                            bool complete)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);

    exchange->status = status;
    if (!complete) {
        exchange->too_early = status >= 200 && status <= 299 ? INVALID_SERVER_RESPONSE
                                                             : HTTP_E_STATUS(status);
        wsd_message_fail(exchange->message, exchange->too_early);
    }
    wsd_message_settle(exchange->message);
    exchange_publish_early(exchange);
}

static HRESULT exchange_begin_body(struct wsd_transfer_handler *handler, int status,
                                   const char *content_type)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);

    return wsd_inbound_create(exchange->mem, status, content_type, &exchange->inbound,
                              &exchange->inbound_host, &exchange->incoming);
}

static HRESULT exchange_body(struct wsd_transfer_handler *handler, const uint8_t *bytes,
                             size_t size, size_t *taken)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);
    HRESULT hr = wsd_inbound_push(exchange->incoming, bytes, size, taken);

    exchange_publish_early(exchange);
    return hr;
}

static void exchange_drop_incoming(struct wsd_exchange *exchange)
{
    if (exchange->incoming != NULL)
        wsd_inbound_release(exchange->incoming);
    exchange->incoming = NULL;
}

/* Makes the reply whole, or what there is of it, and finds the result. */
static HRESULT exchange_conclude(struct wsd_exchange *exchange, HRESULT result)
{
    HRESULT hr = S_OK;

    if (exchange->incoming == NULL && exchange->status != 0 && result != E_ABORT)
        hr = exchange_begin_body(&exchange->handler, exchange->status, NULL);
    if (exchange->incoming == NULL)
        return FAILED(hr) ? hr : result;
    hr = wsd_inbound_finish(exchange->incoming, result);
    if (result == S_OK)
        result = hr;
    return result == E_ABORT ? result : exchange_judge(exchange, result);
}

static void exchange_done(struct wsd_transfer_handler *handler, HRESULT result)
{
    struct wsd_exchange *exchange = exchange_from_handler(handler);
    struct wsd_outbound_message *message = exchange->message;
    HRESULT transfer = result;

    if (result == WSD_TRANSFER_RESET)
        result = HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR);
    result = exchange_conclude(exchange, result);
    if (result == E_ABORT)
        wsd_message_log_forgotten(message, &exchange->subject);
    if (!exchange->published) {
        if (FAILED(result) && SUCCEEDED(transfer))
            exchange_log(exchange, result);
        /* A good reply leaves alone what is sent and not yet told so by Close. */
        if (FAILED(result))
            wsd_message_fail(message, result);
        if (result == E_ABORT)
            exchange_drop_incoming(exchange);
        exchange_publish(exchange, result);
    }
    wsd_progress_ended(&exchange->progress, message, result);
    wsd_message_settle(message);
    exchange_drop_incoming(exchange);
    wsd_message_release(message);
    wsd_exchange_release(exchange);
}

static const struct wsd_transfer_handler_vtable exchange_handler_vtable = {
    .status = exchange_status,
    .begin_body = exchange_begin_body,
    .body = exchange_body,
    .done = exchange_done,
};

/* ---- sending and receiving ---- */

static HRESULT exchange_prepare(struct wsd_exchange *exchange,
                                struct wsd_transport *transport, const char *url,
                                const struct wsd_exchange_options *options)
{
    bool multipart = exchange->package.encoder != NULL;
    struct wsd_text lines[2];
    const char *headers[5 + WSD_MAX_HEADER_LINES];
    size_t count = 0;
    HRESULT hr;

    wsd_text_init(&lines[0], exchange->mem, SIZE_MAX);
    wsd_text_append_string(&lines[0], "Content-Type: ");
    wsd_text_append_string(&lines[0], exchange->package.content_type.bytes);
    wsd_text_init(&lines[1], exchange->mem, SIZE_MAX);
    wsd_text_append_string(&lines[1], "User-Agent: ");
    wsd_text_append_string(&lines[1], options->user_agent);
    hr = FAILED(lines[0].error) ? lines[0].error : lines[1].error;
    if (hr == S_OK) {
        struct wsd_http_request request = {
            .url = url,
            .method = "POST",
            .headers = headers,
            .body = wsd_package_source(&exchange->package),
            .body_length = wsd_package_length(&exchange->package),
            .awaits_continue = options->expect_continue,
            .may_reuse_connection = true,
            .streams = multipart,
            .prefers_chunks = multipart && !options->content_length,
            .message_id = exchange->message_id,
        };

        if (multipart)
            headers[count++] = "MIME-Version: 1.0";
        headers[count++] = lines[0].bytes;
        headers[count++] = lines[1].bytes;
        for (const char *const *line = options->header_lines;
             line != NULL && *line != NULL; line++)
            headers[count++] = *line;
        if (options->expect_continue)
            headers[count++] = "Expect: 100-continue";
        headers[count] = NULL;
        hr = transport->vtable->prepare(transport, &request, &exchange->handler,
                                        &exchange->transfer);
    }
    wsd_text_fini(&lines[0]);
    wsd_text_fini(&lines[1]);
    return hr;
}

/* Gives it the names that it has for those who watch. */
static HRESULT exchange_name(struct wsd_exchange *exchange, const char *url,
                             struct wsd_observer *observer)
{
    exchange->url = wsd_copy(exchange->mem, url, strlen(url));
    exchange->subject =
        (struct wsd_log_subject){observer, exchange->url, exchange->message_id};
    exchange->inbound.subject = exchange->subject;
    exchange->progress =
        (struct wsd_progress){.observer = observer, .message_id = exchange->message_id};
    return exchange->url == NULL ? E_OUTOFMEMORY
                                 : wsd_uuid_random_urn(exchange->message_id);
}

static HRESULT exchange_create(struct wsd_outbound_message *message,
                               struct wsd_transport *transport, const char *url,
                               const struct wsd_exchange_options *options,
                               struct wsd_exchange **out)
{
    struct wsd_exchange *exchange = wsd_alloc(message->mem, sizeof(*exchange));
    struct wsd_addressing addressing = {.to = url, .from = options->from};
    HRESULT hr;

    if (exchange == NULL)
        return E_OUTOFMEMORY;
    addressing.message_id = exchange->message_id + sizeof(WSD_URN_UUID) - 1;
    exchange->host.vtable = &exchange_host_vtable;
    exchange->host.may_rewind = true;
    exchange->handler.vtable = &exchange_handler_vtable;
    exchange->mem = message->mem;
    exchange->transport = transport;
    exchange->message = message;
    atomic_init(&exchange->references, 2); /* the message's and the transfer's */
    exchange->inbound_host.vtable = &exchange_inbound_vtable;
    exchange->inbound = (struct wsd_inbound_options){
        .max_text_bytes = options->max_reply_bytes,
        .attachments = {options->ring_bytes, options->wait_budget_ms},
    };

    hr = wsd_monitor_init(&exchange->synced.monitor);
    if (hr == S_OK)
        hr = exchange_name(exchange, url, options->observer);
    if (hr == S_OK)
        hr = wsd_package_init(&exchange->package, message, &addressing,
                              options->max_envelope_bytes, wsd_uuid_random);
    wsd_message_add_ref(message); /* done() may come as soon as it is prepared */
    if (hr == S_OK)
        hr = exchange_prepare(exchange, transport, url, options);
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
    message->sent = true;
    wsd_envelope_writer_destroy(message->writer); /* what it wrote is in the package */
    message->writer = NULL;
    for (size_t i = 0; i < message->part_count && hr == S_OK; i++)
        hr = wsd_outbound_arm(message->parts[i]->attachment, &exchange->host,
                              options->ring_bytes, options->wait_budget_ms,
                              message->parts[i]->length);
    if (hr == S_OK) {
        exchange_start(exchange, message->part_count > 0 ? START_ALLOWED : START);
    } else {
        wsd_message_fail(message, hr);
        exchange->transfer->vtable->abort(exchange->transfer);
    }
    return hr;
}

struct exchange_wait {
    struct wsd_transfer_wait seam;
    struct wsd_exchange *exchange;
};

static bool exchange_wait_is_over(const struct wsd_transfer_wait *seam)
{
    struct wsd_exchange *exchange = ((const struct exchange_wait *)seam)->exchange;
    bool over;

    wsd_monitor_enter(&exchange->synced.monitor);
    over = exchange->synced.has_result;
    wsd_monitor_leave(&exchange->synced.monitor);
    return over;
}

/* false: the deadline has passed. */
static bool exchange_await_locked(struct wsd_exchange *exchange, uint64_t deadline_ms)
{
    struct wsd_transfer *transfer = exchange->transfer;
    const struct exchange_wait wait = {{exchange_wait_is_over, deadline_ms}, exchange};
    bool driven;

    wsd_monitor_leave(&exchange->synced.monitor);
    driven = transfer->vtable->drive(transfer, WSD_ASK_NOTHING, &wait.seam);
    wsd_monitor_enter(&exchange->synced.monitor);
    if (exchange->synced.has_result)
        return true;
    return driven ? wsd_clock_ms() < deadline_ms
                  : wsd_monitor_wait_until(&exchange->synced.monitor, deadline_ms);
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
    while (!exchange->synced.has_result && wait_ms != 0 &&
           exchange_await_locked(exchange, deadline)) {
    }
    if (exchange->synced.reply_taken) {
        hr = HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    } else if (exchange->synced.has_result) {
        hr = exchange->synced.result;
        *reply = exchange->synced.reply;
        exchange->synced.reply = NULL;
        exchange->synced.reply_taken = *reply != NULL;
    }
    wsd_monitor_leave(&exchange->synced.monitor);
    return hr;
}

void wsd_exchange_forget_reply(struct wsd_exchange *exchange)
{
    struct wsd_inbound_message *reply;

    wsd_monitor_enter(&exchange->synced.monitor);
    exchange->synced.unwanted = true;
    reply = exchange->synced.reply;
    exchange->synced.reply = NULL;
    wsd_monitor_leave(&exchange->synced.monitor);
    if (reply != NULL)
        wsd_inbound_abandon(reply);
}

const struct wsd_transport *wsd_exchange_transport(const struct wsd_exchange *exchange)
{
    return exchange->transport;
}
