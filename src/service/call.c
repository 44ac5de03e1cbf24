#include "service/call.h"

#include <inttypes.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/hresult.h"
#include "service/dispatcher.h"
#include "service/reply.h"
#include "wsd_error.h"

struct wsd_call {
    struct wsd_inbound_host inbound_host; /* for the request's attachments */
    struct wsd_reply_sender sender;       /* for wsd_service_reply() */
    struct wsd_job job;                   /* the handler */
    struct wsd_call_link link;
    const struct wsd_mem *mem; /* borrowed */
    atomic_uint references;    /* server, list, job, attachments of both messages */
    atomic_uint busy;          /* the server with it, and the job: in progress until 0 */
    struct wsd_dispatcher *dispatcher; /* borrowed; while busy */
    struct wsd_call_host *host;        /* a reference */
    char *path;
    struct wsd_reply reply;

    /* The server's thread only */
    struct wsd_inbound_message *incoming; /* a reference; NULL: not wanted */
    bool entered;                         /* the dispatcher's list */
    bool submitted;                       /* the handler has it, or will */
    bool discarding;                      /* nobody wants the rest of the request */
    bool finished;                        /* the request */
    uint64_t discarded;
    uint64_t received, sent; /* octets of the bodies, for the log */

    /* The worker only, once there is a job */
    const struct wsd_handler_entry *entry;
    struct wsd_inbound_message *request;  /* a reference */
    struct wsd_outbound_message *message; /* a reference */
};

void wsd_call_add_ref(struct wsd_call *call)
{
    atomic_fetch_add(&call->references, 1);
}

void wsd_call_release(struct wsd_call *call)
{
    if (atomic_fetch_sub(&call->references, 1) > 1)
        return;
    wsd_reply_fini(&call->reply);
    call->host->vtable->release(call->host);
    wsd_free(call->mem, call->path);
    wsd_free(call->mem, call);
}

/* ---- the host of the request's attachments, and of the reply ---- */

static struct wsd_call *call_from_host(struct wsd_inbound_host *host)
{
    return (void *)((char *)host - offsetof(struct wsd_call, inbound_host));
}

static void call_host_wake(struct wsd_inbound_host *host)
{
    struct wsd_call *call = call_from_host(host);

    call->host->vtable->wake(call->host);
}

static void call_host_add_ref(struct wsd_inbound_host *host)
{
    wsd_call_add_ref(call_from_host(host));
}

static void call_host_release(struct wsd_inbound_host *host)
{
    wsd_call_release(call_from_host(host));
}

static const struct wsd_inbound_host_vtable call_host_vtable = {
    .wake = call_host_wake,
    .add_ref = call_host_add_ref,
    .release = call_host_release,
};

/* ---- the log ---- */

/* request: NULL: none yet. */
static struct wsd_log_subject call_subject(const struct wsd_call *call,
                                           const struct wsd_inbound_message *request)
{
    struct wsd_log_subject subject = {&call->dispatcher->options.observer, call->path,
                                      NULL};

    if (request != NULL && request->envelope != NULL)
        subject.message_id = wsd_envelope_message_id(request->envelope);
    return subject;
}

static void call_log(const struct wsd_call *call,
                     const struct wsd_inbound_message *request, DWORD level,
                     HRESULT result, const char *words)
{
    struct wsd_log_subject subject = call_subject(call, request);

    wsd_observer_log(&subject, level, WSD_LOG_SERVICE, result, "%s", words);
}

static void call_log_end(const struct wsd_call *call, HRESULT result)
{
    char words[128];

    (void)snprintf(words, sizeof(words),
                   "ends, %" PRIu64 " octets received and %" PRIu64 " sent (%s)",
                   call->received, call->sent, wsd_hresult_name(result));
    call_log(call, call->incoming, WSD_LOG_DEBUG, result, words);
}

static void call_log_handler(const struct wsd_call *call, HRESULT result)
{
    call_log(call, call->request, WSD_LOG_WARNING, result, wsd_hresult_name(result));
}

/* ---- the handler ---- */

/* In progress until the connection is done with it and the handler has returned: a peer
 * that comes and goes, and takes no reply, cannot pile up handlers. */
static void call_rest(struct wsd_call *call)
{
    if (atomic_fetch_sub(&call->busy, 1) == 1 && call->entered)
        wsd_dispatcher_leave(call->dispatcher, &call->link);
}

static HRESULT call_send(struct wsd_call *call)
{
    return wsd_reply_send(&call->reply, call->message, call->request,
                          &call->dispatcher->options.inbound);
}

static HRESULT call_send_now(struct wsd_reply_sender *sender)
{
    return call_send((void *)((char *)sender - offsetof(struct wsd_call, sender)));
}

static HRESULT call_create_message(struct wsd_call *call)
{
    struct wsd_text action;
    HRESULT hr;

    wsd_text_init(&action, call->mem, SIZE_MAX);
    wsd_text_append_string(&action, wsd_inbound_action(call->request));
    hr = wsd_text_append_string(&action, "Response");
    if (hr == S_OK)
        hr = wsd_message_create(call->mem, action.bytes, &call->message);
    if (hr == S_OK)
        call->message->sender = &call->sender;
    wsd_text_fini(&action);
    return hr;
}

/* S_OK, S_FALSE, or what the client is told. */
static HRESULT call_handle(struct wsd_call *call)
{
    HRESULT sent;
    HRESULT hr = call_create_message(call);

    if (hr != S_OK)
        return hr;
    wsd_reply_draft(&call->reply, call->message);
    hr = call->entry->handler(call->entry->context, call->request, call->message);
    if (hr == S_OK && !call->message->sent) {
        sent = call_send(call);
        if (sent != S_OK) {
            call_log_handler(call, sent);
            hr = E_FAIL; /* not the client's fault, whatever the code */
        }
    } else if (hr != S_OK && hr != S_FALSE) { /* STG_S_BLOCK is no answer either */
        call_log_handler(call, hr);
    }
    return hr;
}

static void call_run(struct wsd_job *job)
{
    struct wsd_call *call = (void *)((char *)job - offsetof(struct wsd_call, job));
    /* Its client may have gone while it was waiting for a worker. */
    HRESULT hr = wsd_reply_is_cut(&call->reply) ? E_ABORT : call_handle(call);

    if (hr == S_FALSE)
        wsd_reply_decline(&call->reply);
    else if (hr != S_OK)
        wsd_reply_fail(&call->reply, hr);
    wsd_reply_draft(&call->reply, NULL);
    if (call->message != NULL)
        wsd_message_release(call->message);
    wsd_inbound_abandon(call->request);
    call_rest(call);
    wsd_call_release(call);
}

/* ---- the server's thread: the request ---- */

static void call_refuse(struct wsd_call *call, const struct wsd_refusal *refusal)
{
    call_log(call, call->incoming, WSD_LOG_WARNING, HTTP_E_STATUS(refusal->status),
             refusal->reason);
    call->discarding = true;
    wsd_reply_refuse(&call->reply, refusal, call->incoming, call->mem);
}

static void call_refuse_for(struct wsd_call *call, HRESULT hr)
{
    struct wsd_refusal refusal = wsd_refusal_of(hr);

    call_refuse(call, hr == WS_E_QUOTA_EXCEEDED ? &wsd_refusal_too_large : &refusal);
}

/* Only these: a web page can have a browser post others to anywhere, without asking
 * (Fetch standard, "no-CORS-safelisted request-header"). */
static bool is_soap(const struct wsd_inbound_message *request)
{
    return strcmp(request->http_type, "application/soap+xml") == 0 ||
           strcmp(request->http_type, "multipart/related") == 0;
}

HRESULT wsd_call_begin(struct wsd_dispatcher *dispatcher,
                       const struct wsd_call_head *head, struct wsd_call_host *host,
                       struct wsd_call **out)
{
    struct wsd_inbound_options options = dispatcher->options.inbound;
    struct wsd_call *call = wsd_alloc(dispatcher->mem, sizeof(*call));
    HRESULT hr;

    *out = NULL;
    if (call == NULL)
        return E_OUTOFMEMORY;
    call->inbound_host.vtable = &call_host_vtable;
    call->sender.send = call_send_now;
    call->job.run = call_run;
    call->link.call = call;
    call->mem = dispatcher->mem;
    call->dispatcher = dispatcher;
    atomic_init(&call->references, 1);
    atomic_init(&call->busy, 1);
    host->vtable->add_ref(host);
    call->host = host;
    hr = wsd_reply_init(&call->reply, &call->inbound_host, &dispatcher->options.observer);
    call->path = wsd_copy(call->mem, head->path, strlen(head->path));
    if (call->path == NULL || hr != S_OK) {
        wsd_call_release(call);
        return E_OUTOFMEMORY;
    }
    *out = call;

    call_log(call, NULL, WSD_LOG_DEBUG, S_OK, "begins");
    options.subject.observer = &dispatcher->options.observer;
    options.subject.name = call->path;
    call->entered = wsd_dispatcher_enter(dispatcher, &call->link);
    if (!call->entered) {
        call_refuse(call, &wsd_refusal_too_busy);
        return S_OK;
    }
    if (!wsd_handlers_have_path(&dispatcher->handlers, head->path)) {
        call_refuse(call, &wsd_refusal_no_such_path);
        return S_OK;
    }
    hr = wsd_inbound_create(call->mem, 0, head->content_type, &options,
                            &call->inbound_host, &call->incoming);
    if (FAILED(hr))
        call_refuse_for(call, hr);
    else if (!is_soap(call->incoming))
        call_refuse(call, &wsd_refusal_not_soap);
    else if (call->incoming->package == NULL && head->body_length != WSD_LENGTH_UNKNOWN &&
             head->body_length > options.max_text_bytes)
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

/* What was thrown away, by us and of attachments that the handler has closed, is bounded.
 */
static HRESULT call_discard(struct wsd_call *call, size_t size)
{
    uint64_t sum = call->discarded += size;

    if (call->incoming != NULL && call->incoming->package != NULL)
        sum += wsd_inbound_package_discarded(call->incoming->package);
    return sum > call->dispatcher->options.max_discard_bytes ? E_ABORT : S_OK;
}

/* E_ABORT is no failure of the request: its handler has left, and reads no more.  What
 * HTTP says is whole, and MIME not, is malformed. */
static void call_stop_reading(struct wsd_call *call, HRESULT hr)
{
    call->discarding = true;
    if (!call->submitted)
        call_refuse_for(call,
                        hr == WS_E_ENDPOINT_DISCONNECTED ? WS_E_INVALID_FORMAT : hr);
    else if (hr != E_ABORT)
        call_log(call, call->incoming, WSD_LOG_WARNING, hr, wsd_hresult_text(hr));
    wsd_inbound_finish(call->incoming, hr);
}

HRESULT wsd_call_push(struct wsd_call *call, const uint8_t *bytes, size_t size,
                      size_t *taken)
{
    HRESULT hr;

    *taken = size;
    if (wsd_reply_is_cut(&call->reply))
        return E_ABORT;
    if (call->discarding)
        return call_discard(call, size);
    hr = wsd_inbound_push(call->incoming, bytes, size, taken);
    call->received += *taken;
    if (hr != S_OK)
        call_stop_reading(call, hr);
    else if (!call->submitted && wsd_inbound_is_readable(call->incoming))
        call_submit(call);
    if (call->discarding)
        *taken = size; /* the rest of these bytes too: nobody will make room for them */
    return call_discard(call, 0);
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

enum wsd_call_outcome wsd_call_look(struct wsd_call *call, struct wsd_call_reply *reply)
{
    enum wsd_call_outcome outcome =
        wsd_reply_look(&call->reply, call->incoming, call->mem, reply);

    if (outcome == WSD_CALL_REPLIES)
        reply->close = call->discarding && !call->submitted; /* it was refused */
    return outcome;
}

enum wsd_pull wsd_call_pull(struct wsd_call *call, uint8_t *buffer, size_t capacity,
                            size_t *size)
{
    enum wsd_pull pull = wsd_reply_pull(&call->reply, buffer, capacity, size);

    call->sent += *size;
    return pull;
}

void wsd_call_hurry(struct wsd_call *call)
{
    if (call->reply.body != NULL)
        call->reply.body->hurry = true;
}

void wsd_call_end(struct wsd_call *call, HRESULT result)
{
    struct wsd_log_subject subject;

    if (FAILED(result) && wsd_reply_is_cut(&call->reply))
        result = E_ABORT; /* it was us */
    call->link.failed = FAILED(result);
    wsd_call_finish(call, FAILED(result) ? result : WS_E_ENDPOINT_DISCONNECTED);
    call_log_end(call, result);
    subject = call_subject(call, call->incoming);
    wsd_reply_end(&call->reply, &subject, result);
    if (call->incoming != NULL)
        wsd_inbound_release(call->incoming);
    call->incoming = NULL;
    if (call->entered && SUCCEEDED(result))
        wsd_dispatcher_answered(call->dispatcher, &call->link);
    call_rest(call);
    wsd_call_release(call);
}

void wsd_call_abort(struct wsd_call *call)
{
    wsd_reply_cut(&call->reply);
}
