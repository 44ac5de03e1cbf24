#include "service/call.h"

#include <stdatomic.h>
#include <string.h>

#include "base/hresult.h"
#include "base/uuid.h"
#include "message/package.h"
#include "service/dispatcher.h"
#include "service/refusal.h"
#include "soap/namespaces.h"
#include "wsd_error.h"

/* A reply with attachments begins when it has been sent and one of them was written. */
enum { SENT = 1, WANTED = 2, BEGUN = SENT | WANTED };

struct wsd_call {
    struct wsd_outbound_host outbound_host; /* for the reply's attachments */
    struct wsd_inbound_host inbound_host;   /* for the request's */
    struct wsd_reply_sender sender;         /* for wsd_service_reply() */
    struct wsd_job job;                     /* the handler */
    struct wsd_call_link link;
    const struct wsd_mem *mem; /* borrowed */
    atomic_uint references;    /* server, list, job, attachments of both messages */
    atomic_uint busy;          /* the server with it, and the job: in progress until 0 */
    struct wsd_dispatcher *dispatcher; /* borrowed; until end() and the job's */
    struct wsd_call_host *host;        /* a reference */
    char *path;
    const struct wsd_handler_entry *entry; /* constant once the job is submitted */

    /* The server's thread only */
    struct wsd_inbound_message *incoming; /* a reference; NULL: not wanted */
    bool entered;                         /* the dispatcher's list */
    bool submitted;
    bool discarding; /* nobody wants the rest of the request */
    uint64_t discarded;
    bool finished;                /* the request */
    struct wsd_package fault;     /* in place of the handler's reply */
    int fault_status;             /* 0: there is none */
    struct wsd_body_source *body; /* of the reply that look() gave */

    /* Worker, until it is sent: then the server's thread */
    struct wsd_inbound_message *request; /* a reference, while there is a job */
    struct wsd_outbound_message *reply;  /* likewise */
    struct wsd_package package;

    struct {
        struct wsd_monitor monitor;
        unsigned reply;  /* SENT, WANTED */
        bool one_way;    /* the handler wants no reply */
        bool cut;        /* there will be none, or no more of it */
        bool ended;      /* the connection has gone */
        HRESULT failure; /* of the handler, or of what it attached: a fault */
        struct wsd_outbound_message *message; /* the reply that was sent: a reference */
    } synced;
};

static struct wsd_call *call_from_outbound_host(struct wsd_outbound_host *host)
{
    return (struct wsd_call *)((char *)host - offsetof(struct wsd_call, outbound_host));
}

static struct wsd_call *call_from_inbound_host(struct wsd_inbound_host *host)
{
    return (struct wsd_call *)((char *)host - offsetof(struct wsd_call, inbound_host));
}

void wsd_call_add_ref(struct wsd_call *call)
{
    atomic_fetch_add(&call->references, 1);
}

void wsd_call_release(struct wsd_call *call)
{
    if (atomic_fetch_sub(&call->references, 1) > 1)
        return;
    wsd_package_fini(&call->package);
    wsd_package_fini(&call->fault);
    wsd_monitor_fini(&call->synced.monitor);
    call->host->vtable->release(call->host);
    wsd_free(call->mem, call->path);
    wsd_free(call->mem, call);
}

static void call_wake(struct wsd_call *call)
{
    call->host->vtable->wake(call->host);
}

/* ---- the host of the reply's attachments ---- */

/* Notes what has happened to the reply; returns whether that lets it begin. */
static bool call_note(struct wsd_call *call, unsigned what)
{
    unsigned before, after;

    wsd_monitor_enter(&call->synced.monitor);
    before = call->synced.reply;
    after = before | what;
    call->synced.reply = after;
    wsd_monitor_leave(&call->synced.monitor);
    return before != BEGUN && after == BEGUN;
}

static void call_host_start(struct wsd_outbound_host *host)
{
    struct wsd_call *call = call_from_outbound_host(host);

    if (call_note(call, WANTED))
        call_wake(call);
}

static void call_host_wake(struct wsd_outbound_host *host)
{
    call_wake(call_from_outbound_host(host));
}

/* A reply that has begun is cut; else the client can still be told. */
static void call_fail_reply(struct wsd_call *call, HRESULT failure)
{
    wsd_monitor_enter(&call->synced.monitor);
    if (call->synced.reply == BEGUN)
        call->synced.cut = true;
    else if (call->synced.failure == S_OK)
        call->synced.failure = failure;
    wsd_monitor_leave(&call->synced.monitor);
    call_wake(call);
}

static void call_host_abort(struct wsd_outbound_host *host)
{
    call_fail_reply(call_from_outbound_host(host), E_ABORT);
}

static void call_host_add_ref(struct wsd_outbound_host *host)
{
    wsd_call_add_ref(call_from_outbound_host(host));
}

static void call_host_release(struct wsd_outbound_host *host)
{
    wsd_call_release(call_from_outbound_host(host));
}

static const struct wsd_outbound_host_vtable call_outbound_vtable = {
    .start = call_host_start,
    .wake = call_host_wake,
    .abort = call_host_abort,
    .add_ref = call_host_add_ref,
    .release = call_host_release,
};

/* ---- the host of the request's attachments ---- */

static void call_inbound_wake(struct wsd_inbound_host *host)
{
    call_wake(call_from_inbound_host(host));
}

static void call_inbound_add_ref(struct wsd_inbound_host *host)
{
    wsd_call_add_ref(call_from_inbound_host(host));
}

static void call_inbound_release(struct wsd_inbound_host *host)
{
    wsd_call_release(call_from_inbound_host(host));
}

static const struct wsd_inbound_host_vtable call_inbound_vtable = {
    .wake = call_inbound_wake,
    .add_ref = call_inbound_add_ref,
    .release = call_inbound_release,
};

/* ---- the reply ---- */

/* As the answer to a request, as far as that could be read. */
static HRESULT call_render(struct wsd_call *call, struct wsd_outbound_message *message,
                           const struct wsd_inbound_message *incoming,
                           struct wsd_package *package)
{
    const struct wsd_envelope *request = incoming != NULL ? incoming->envelope : NULL;
    char message_id[WSD_UUID_SIZE];
    struct wsd_addressing addressing = {.message_id = message_id, .relates_to = ""};
    HRESULT hr = wsd_uuid_random(message_id);

    if (request != NULL) {
        addressing.ns = wsd_envelope_addressing(request);
        addressing.relates_to = wsd_envelope_message_id(request);
    }
    if (hr == S_OK)
        hr = wsd_package_init(package, message, &addressing,
                              call->dispatcher->options.inbound.max_text_bytes,
                              wsd_uuid_random);
    return hr;
}

/* Takes the reply over.  E_ABORT: there is nobody any more to send it to. */
static HRESULT call_take_reply(struct wsd_call *call,
                               struct wsd_outbound_message *message)
{
    bool gone;

    wsd_monitor_enter(&call->synced.monitor);
    gone = call->synced.ended || call->synced.cut || call->synced.failure != S_OK;
    if (!gone) {
        wsd_message_add_ref(message);
        call->synced.message = message;
    }
    wsd_monitor_leave(&call->synced.monitor);
    return gone ? E_ABORT : S_OK;
}

static HRESULT call_send(struct wsd_call *call)
{
    struct wsd_outbound_message *message = call->reply;
    const struct wsd_inbound_package_options *options =
        &call->dispatcher->options.inbound.attachments;
    HRESULT hr = call_render(call, message, call->request, &call->package);

    if (FAILED(hr)) {
        wsd_package_fini(&call->package);
        return hr;
    }
    message->sent = true;
    for (size_t i = 0; i < message->part_count && hr == S_OK; i++)
        hr = wsd_outbound_arm(message->parts[i].attachment, &call->outbound_host,
                              options->ring_bytes, options->wait_budget_ms);
    if (hr == S_OK)
        hr = call_take_reply(call, message);
    if (FAILED(hr)) {
        wsd_message_fail(message, hr);
        call_fail_reply(call, hr);
    } else if (call_note(call, message->part_count > 0 ? SENT : BEGUN)) {
        call_wake(call);
    }
    return hr;
}

static HRESULT call_send_now(struct wsd_reply_sender *sender)
{
    struct wsd_call *call =
        (struct wsd_call *)((char *)sender - offsetof(struct wsd_call, sender));

    return call_send(call);
}

/* ---- the handler ---- */

/* In progress until the connection is done with it and the handler has returned: a peer
 * that comes and goes cannot pile up handlers. */
static void call_rest(struct wsd_call *call)
{
    if (atomic_fetch_sub(&call->busy, 1) == 1 && call->entered)
        wsd_dispatcher_leave(call->dispatcher, &call->link);
}

static bool call_has_ended(struct wsd_call *call)
{
    bool ended;

    wsd_monitor_enter(&call->synced.monitor);
    ended = call->synced.ended;
    wsd_monitor_leave(&call->synced.monitor);
    return ended;
}

static HRESULT call_create_reply(struct wsd_call *call)
{
    struct wsd_text action;
    HRESULT hr;

    wsd_text_init(&action, call->mem, SIZE_MAX);
    wsd_text_append_string(&action, wsd_inbound_action(call->request));
    hr = wsd_text_append_string(&action, "Response");
    if (hr == S_OK)
        hr = wsd_message_create(call->mem, action.bytes, &call->reply);
    if (hr == S_OK)
        call->reply->sender = &call->sender;
    wsd_text_fini(&action);
    return hr;
}

static HRESULT call_handle(struct wsd_call *call)
{
    HRESULT hr = call_create_reply(call);

    if (hr != S_OK)
        return hr;
    hr = call->entry->handler(call->entry->context, call->request, call->reply);
    if (hr == S_OK && !call->reply->sent)
        hr = call_send(call);
    if (hr != S_OK && hr != S_FALSE) /* STG_S_BLOCK is no answer either */
        wsd_dispatcher_log(call->dispatcher, call->path, wsd_hresult_name(hr));
    return hr;
}

static void call_run(struct wsd_job *job)
{
    struct wsd_call *call =
        (struct wsd_call *)((char *)job - offsetof(struct wsd_call, job));
    HRESULT hr = call_has_ended(call) ? E_ABORT : call_handle(call);

    if (hr == S_FALSE) {
        wsd_monitor_enter(&call->synced.monitor);
        call->synced.one_way = true;
        wsd_monitor_leave(&call->synced.monitor);
        call_wake(call);
    } else if (hr != S_OK) {
        call_fail_reply(call, hr);
    }
    if (call->reply != NULL)
        wsd_message_release(call->reply);
    wsd_inbound_abandon(call->request);
    call_rest(call);
    wsd_call_release(call);
}

/* ---- the server's thread: what the library answers itself ---- */

static void call_cut(struct wsd_call *call)
{
    wsd_monitor_enter(&call->synced.monitor);
    call->synced.cut = true;
    wsd_monitor_leave(&call->synced.monitor);
}

static HRESULT call_make_fault(struct wsd_call *call, const struct wsd_refusal *refusal)
{
    wsd_fault fault = {.code = refusal->code,
                       .subcode = refusal->subcode,
                       .subcode_namespace = WSD_NS_WSA,
                       .reason = refusal->reason};
    struct wsd_outbound_message *message;
    HRESULT hr = wsd_message_create(call->mem, "", &message);

    if (hr != S_OK)
        return hr;
    if (call->incoming != NULL && call->incoming->envelope != NULL)
        fault.subcode_namespace = wsd_envelope_addressing(call->incoming->envelope);
    hr = wsd_message_set_fault(message, &fault);
    if (hr == S_OK)
        hr = call_render(call, message, call->incoming, &call->fault);
    wsd_message_release(message);
    return hr;
}

/* Nothing that can be said is cut, at worst. */
static void call_refuse(struct wsd_call *call, const struct wsd_refusal *refusal)
{
    wsd_dispatcher_log(call->dispatcher, call->path, refusal->reason);
    call->discarding = true;
    call->fault_status = refusal->status;
    if (FAILED(call_make_fault(call, refusal)))
        call_cut(call);
}

static void call_refuse_for(struct wsd_call *call, HRESULT hr)
{
    struct wsd_refusal refusal = wsd_refusal_of(hr);

    call_refuse(call, hr == WS_E_QUOTA_EXCEEDED ? &wsd_refusal_too_large : &refusal);
}

/* ---- the server's thread: the request ---- */

HRESULT wsd_call_begin(struct wsd_dispatcher *dispatcher,
                       const struct wsd_call_head *head, struct wsd_call_host *host,
                       struct wsd_call **out)
{
    const struct wsd_inbound_options *options = &dispatcher->options.inbound;
    struct wsd_call *call = wsd_alloc(dispatcher->mem, sizeof(*call));
    HRESULT hr;

    *out = NULL;
    if (call == NULL)
        return E_OUTOFMEMORY;
    call->outbound_host.vtable = &call_outbound_vtable;
    call->inbound_host.vtable = &call_inbound_vtable;
    call->sender.send = call_send_now;
    call->job.run = call_run;
    call->link.call = call;
    call->mem = dispatcher->mem;
    call->dispatcher = dispatcher;
    atomic_init(&call->references, 1);
    atomic_init(&call->busy, 1);
    host->vtable->add_ref(host);
    call->host = host;
    hr = wsd_monitor_init(&call->synced.monitor);
    call->path = wsd_copy(call->mem, head->path, strlen(head->path));
    if (call->path == NULL || hr != S_OK) {
        wsd_call_release(call);
        return E_OUTOFMEMORY;
    }
    *out = call;

    call->entered = wsd_dispatcher_enter(dispatcher, &call->link);
    if (!call->entered) {
        call_refuse(call, &wsd_refusal_too_busy);
        return S_OK;
    }
    if (!wsd_handlers_have_path(&dispatcher->handlers, head->path)) {
        call_refuse(call, &wsd_refusal_no_such_path);
        return S_OK;
    }
    hr = wsd_inbound_create(call->mem, 0, head->content_type, options,
                            &call->inbound_host, &call->incoming);
    if (FAILED(hr))
        call_refuse_for(call, hr);
    else if (call->incoming->package == NULL && head->body_length != WSD_LENGTH_UNKNOWN &&
             head->body_length > options->max_text_bytes)
        call_refuse(call, &wsd_refusal_too_large);
    return S_OK;
}

/* NULL: nothing is wrong with it. */
static const struct wsd_refusal *call_check(struct wsd_call *call)
{
    const struct wsd_envelope *envelope = call->incoming->envelope;
    const char *action = wsd_inbound_action(call->incoming);

    if (wsd_envelope_has_mandatory_header(envelope))
        return &wsd_refusal_not_understood;
    if (!wsd_envelope_wants_reply_here(envelope))
        return &wsd_refusal_reply_elsewhere;
    if (action[0] == '\0')
        return &wsd_refusal_no_action;
    call->entry = wsd_handlers_find(&call->dispatcher->handlers, call->path, action);
    return call->entry == NULL ? &wsd_refusal_no_such_action : NULL;
}

/* The envelope has been read: the handler's turn. */
static void call_submit(struct wsd_call *call)
{
    const struct wsd_refusal *refusal = call_check(call);

    if (refusal != NULL) {
        call_refuse(call, refusal);
        return;
    }
    wsd_inbound_add_ref(call->incoming);
    call->request = call->incoming;
    wsd_call_add_ref(call);
    atomic_fetch_add(&call->busy, 1);
    call->submitted = true;
    if (wsd_worker_pool_submit(call->dispatcher->workers, &call->job) == S_OK)
        return;
    call->submitted = false;
    atomic_fetch_sub(&call->busy, 1);
    wsd_call_release(call);
    call->request = NULL;
    wsd_inbound_release(call->incoming);
    call_refuse(call, &wsd_refusal_too_busy);
}

static bool call_is_cut(struct wsd_call *call)
{
    bool cut;

    wsd_monitor_enter(&call->synced.monitor);
    cut = call->synced.cut;
    wsd_monitor_leave(&call->synced.monitor);
    return cut;
}

static HRESULT call_discard(struct wsd_call *call, size_t size)
{
    call->discarded += size;
    return call->discarded > call->dispatcher->options.max_discard_bytes ? E_ABORT : S_OK;
}

/* E_ABORT is no failure of the request: its handler has left, and reads no more. */
static void call_stop_reading(struct wsd_call *call, HRESULT hr)
{
    call->discarding = true;
    if (!call->submitted)
        call_refuse_for(call, hr);
    else if (hr != E_ABORT)
        wsd_dispatcher_log(call->dispatcher, call->path, wsd_hresult_text(hr));
    wsd_inbound_finish(call->incoming, hr);
}

HRESULT wsd_call_push(struct wsd_call *call, const uint8_t *bytes, size_t size,
                      size_t *taken)
{
    HRESULT hr;

    *taken = size;
    if (call_is_cut(call))
        return E_ABORT;
    if (call->discarding)
        return call_discard(call, size);
    hr = wsd_inbound_push(call->incoming, bytes, size, taken);
    if (hr == S_OK && !call->submitted && wsd_inbound_is_readable(call->incoming))
        call_submit(call);
    if (hr == S_OK)
        return S_OK;
    call_stop_reading(call, hr);
    *taken = size;
    return call_discard(call, size);
}

void wsd_call_finish(struct wsd_call *call, HRESULT result)
{
    HRESULT hr;

    if (call->finished)
        return;
    call->finished = true;
    if (call->discarding)
        return;
    hr = wsd_inbound_finish(call->incoming, result);
    if (FAILED(result))
        return;
    if (hr == S_OK && call->incoming->envelope == NULL)
        hr = WS_E_INVALID_FORMAT;
    if (FAILED(hr))
        call_stop_reading(call, hr);
    else if (!call->submitted)
        call_submit(call);
}

bool wsd_call_has_envelope(const struct wsd_call *call)
{
    return call->submitted || call->discarding;
}

/* ---- the server's thread: the reply ---- */

/* The handler's reply will not go out: neither will what it attached. */
static void call_replace_reply(struct wsd_call *call, HRESULT failure)
{
    struct wsd_refusal refusal = wsd_refusal_of(failure);

    if (call->synced.message != NULL)
        wsd_message_fail(call->synced.message, E_ABORT);
    call_refuse(call, &refusal);
}

static void call_fill(struct wsd_call *call, struct wsd_package *package, int status,
                      struct wsd_call_reply *reply)
{
    call->body = wsd_package_source(package);
    *reply = (struct wsd_call_reply){
        .status = status,
        .content_type = package->content_type.bytes,
        .multipart = package->encoder != NULL,
        .has_body = true,
        .body_length = wsd_package_length(package),
    };
}

static int call_status(const struct wsd_outbound_message *message)
{
    const char *code = wsd_message_fault_code(message);

    return code == NULL ? 200 : wsd_refusal_status(code);
}

enum wsd_call_outcome wsd_call_look(struct wsd_call *call, struct wsd_call_reply *reply)
{
    bool cut, one_way, begun;
    HRESULT failure;

    wsd_monitor_enter(&call->synced.monitor);
    cut = call->synced.cut;
    one_way = call->synced.one_way;
    begun = call->synced.reply == BEGUN;
    failure = call->synced.failure;
    wsd_monitor_leave(&call->synced.monitor);

    if (!cut && failure != S_OK && call->fault_status == 0) {
        call_replace_reply(call, failure);
        cut = call_is_cut(call);
    }
    if (cut)
        return WSD_CALL_CUT;
    if (call->fault_status != 0)
        call_fill(call, &call->fault, call->fault_status, reply);
    else if (one_way)
        *reply = (struct wsd_call_reply){.status = 202};
    else if (begun)
        call_fill(call, &call->package, call_status(call->synced.message), reply);
    else
        return WSD_CALL_PENDING;
    return WSD_CALL_REPLIES;
}

enum wsd_pull wsd_call_pull(struct wsd_call *call, uint8_t *buffer, size_t capacity,
                            size_t *size)
{
    *size = 0;
    if (call_is_cut(call))
        return WSD_PULL_ABORTED;
    return call->body->vtable->pull(call->body, buffer, capacity, size);
}

void wsd_call_end(struct wsd_call *call, HRESULT result)
{
    struct wsd_outbound_message *message;

    wsd_call_finish(call, FAILED(result) ? result : WS_E_ENDPOINT_DISCONNECTED);
    if (result == S_OK && call->body != NULL)
        call->body->vtable->sent(call->body);
    wsd_monitor_enter(&call->synced.monitor);
    call->synced.ended = true;
    message = call->synced.message;
    call->synced.message = NULL;
    wsd_monitor_leave(&call->synced.monitor);
    if (message != NULL) {
        if (FAILED(result))
            wsd_message_fail(message, result);
        wsd_message_release(message);
    }
    if (call->incoming != NULL)
        wsd_inbound_release(call->incoming);
    call->incoming = NULL;
    call_rest(call);
    wsd_call_release(call);
}

void wsd_call_abort(struct wsd_call *call)
{
    call_cut(call);
    call_wake(call);
}
