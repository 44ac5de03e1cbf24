#include "service/reply.h"

#include "base/uuid.h"
#include "soap/namespaces.h"

/* A reply with attachments begins when it has been sent and one of them was written. */
enum { SENT = 1, WANTED = 2, BEGUN = SENT | WANTED };

static struct wsd_reply *reply_from_host(struct wsd_outbound_host *host)
{
    return (void *)((char *)host - offsetof(struct wsd_reply, host));
}

static void reply_wake(struct wsd_reply *reply)
{
    reply->owner->vtable->wake(reply->owner);
}

static void enter(struct wsd_reply *reply)
{
    wsd_monitor_enter(&reply->synced.monitor);
}

static void leave(struct wsd_reply *reply)
{
    wsd_monitor_leave(&reply->synced.monitor);
}

static void reply_step(struct wsd_reply *reply, unsigned steps)
{
    bool begins;

    enter(reply);
    begins = reply->synced.steps != BEGUN && (reply->synced.steps | steps) == BEGUN;
    reply->synced.steps |= steps;
    leave(reply);
    if (begins)
        reply_wake(reply);
}

/* ---- the attachments' host ---- */

static void reply_host_start(struct wsd_outbound_host *host)
{
    reply_step(reply_from_host(host), WANTED);
}

static void reply_host_wake(struct wsd_outbound_host *host)
{
    reply_wake(reply_from_host(host));
}

static void reply_host_moved(struct wsd_outbound_host *host)
{
    struct wsd_reply *reply = reply_from_host(host);
    struct wsd_outbound_message *message;

    enter(reply);
    message = reply->synced.message;
    leave(reply);
    wsd_progress_moved(&reply->progress, message);
}

static void reply_host_abort(struct wsd_outbound_host *host)
{
    wsd_reply_fail(reply_from_host(host), E_ABORT);
}

static void reply_host_add_ref(struct wsd_outbound_host *host)
{
    struct wsd_inbound_host *owner = reply_from_host(host)->owner;

    owner->vtable->add_ref(owner);
}

static void reply_host_release(struct wsd_outbound_host *host)
{
    struct wsd_inbound_host *owner = reply_from_host(host)->owner;

    owner->vtable->release(owner);
}

static const struct wsd_outbound_host_vtable reply_host_vtable = {
    .start = reply_host_start,
    .wake = reply_host_wake,
    .moved = reply_host_moved,
    .abort = reply_host_abort,
    .add_ref = reply_host_add_ref,
    .release = reply_host_release,
};

HRESULT wsd_reply_init(struct wsd_reply *reply, struct wsd_inbound_host *owner,
                       struct wsd_observer *observer)
{
    reply->host.vtable = &reply_host_vtable;
    reply->owner = owner;
    reply->progress =
        (struct wsd_progress){.observer = observer, .message_id = reply->message_id};
    return wsd_monitor_init(&reply->synced.monitor);
}

void wsd_reply_fini(struct wsd_reply *reply)
{
    wsd_package_fini(&reply->package);
    wsd_package_fini(&reply->fault);
    wsd_monitor_fini(&reply->synced.monitor);
}

/* ---- any thread ---- */

/* As the answer to a request, as far as that could be read. */
static HRESULT render(struct wsd_outbound_message *message,
                      const struct wsd_inbound_message *request, size_t max_envelope,
                      char message_id[WSD_URN_UUID_SIZE], struct wsd_package *package)
{
    const struct wsd_envelope *envelope = request != NULL ? request->envelope : NULL;
    struct wsd_addressing addressing = {
        .message_id = message_id + sizeof(WSD_URN_UUID) - 1, .relates_to = ""};
    HRESULT hr = wsd_uuid_random_urn(message_id);

    if (envelope != NULL) {
        addressing.ns = wsd_envelope_addressing(envelope);
        addressing.relates_to = wsd_envelope_message_id(envelope);
    }
    if (hr == S_OK)
        hr = wsd_package_init(package, message, &addressing, max_envelope,
                              wsd_uuid_random);
    return hr;
}

static void reply_set_cut_locked(struct wsd_reply *reply)
{
    struct wsd_outbound_message *draft = reply->synced.draft;

    reply->synced.cut = true;
    if (draft == NULL)
        return;
    reply->synced.draft = NULL;
    wsd_message_add_ref(draft);
    leave(reply);
    wsd_message_abandon(draft);
    wsd_message_release(draft);
    enter(reply);
}

void wsd_reply_draft(struct wsd_reply *reply, struct wsd_outbound_message *message)
{
    enter(reply);
    reply->synced.draft = message;
    if (reply->synced.cut)
        reply_set_cut_locked(reply);
    leave(reply);
}

/* E_ABORT: there is nobody any more to send it to. */
static HRESULT reply_take(struct wsd_reply *reply, struct wsd_outbound_message *message)
{
    HRESULT hr = E_ABORT;

    enter(reply);
    if (!reply->synced.cut && reply->synced.failure == S_OK) {
        reply->synced.draft = NULL;
        wsd_message_add_ref(message);
        reply->synced.message = message;
        hr = S_OK;
    }
    leave(reply);
    return hr;
}

HRESULT wsd_reply_send(struct wsd_reply *reply, struct wsd_outbound_message *message,
                       const struct wsd_inbound_message *request,
                       const struct wsd_inbound_options *options)
{
    HRESULT hr = render(message, request, options->max_text_bytes, reply->message_id,
                        &reply->package);

    if (FAILED(hr)) {
        wsd_package_fini(&reply->package);
        return hr;
    }
    message->sent = true;
    for (size_t i = 0; i < message->part_count && hr == S_OK; i++)
        hr = wsd_outbound_arm(
            message->parts[i]->attachment, &reply->host, options->attachments.ring_bytes,
            options->attachments.wait_budget_ms, message->parts[i]->length);
    if (hr == S_OK)
        hr = reply_take(reply, message);
    if (FAILED(hr)) {
        wsd_message_fail(message, hr);
        wsd_reply_fail(reply, hr);
        return hr;
    }
    reply_step(reply, message->part_count > 0 ? SENT : BEGUN);
    return S_OK;
}

void wsd_reply_decline(struct wsd_reply *reply)
{
    enter(reply);
    reply->synced.declined = reply->synced.steps != BEGUN;
    leave(reply);
    reply_wake(reply);
}

void wsd_reply_fail(struct wsd_reply *reply, HRESULT failure)
{
    enter(reply);
    if (reply->synced.steps == BEGUN)
        reply->synced.cut = true;
    else if (reply->synced.failure == S_OK)
        reply->synced.failure = failure;
    leave(reply);
    reply_wake(reply);
}

void wsd_reply_cut(struct wsd_reply *reply)
{
    enter(reply);
    reply_set_cut_locked(reply);
    leave(reply);
    reply_wake(reply);
}

bool wsd_reply_is_cut(struct wsd_reply *reply)
{
    bool cut;

    enter(reply);
    cut = reply->synced.cut;
    leave(reply);
    return cut;
}

/* ---- the server's thread ---- */

static HRESULT make_fault(const struct wsd_refusal *refusal,
                          const struct wsd_inbound_message *request,
                          const struct wsd_mem *mem, struct wsd_package *package)
{
    wsd_fault fault = {.code = refusal->code,
                       .subcode = refusal->subcode,
                       .subcode_namespace = WSD_NS_WSA,
                       .reason = refusal->reason};
    struct wsd_outbound_message *message;
    char message_id[WSD_URN_UUID_SIZE];
    HRESULT hr = wsd_message_create(mem, "", &message);

    if (hr != S_OK)
        return hr;
    if (request != NULL && request->envelope != NULL)
        fault.subcode_namespace = wsd_envelope_addressing(request->envelope);
    hr = wsd_message_set_fault(message, &fault);
    if (hr == S_OK)
        hr = render(message, request, SIZE_MAX, message_id, package);
    wsd_message_release(message);
    return hr;
}

void wsd_reply_refuse(struct wsd_reply *reply, const struct wsd_refusal *refusal,
                      const struct wsd_inbound_message *request,
                      const struct wsd_mem *mem)
{
    reply->fault_status = refusal->status;
    if (FAILED(make_fault(refusal, request, mem, &reply->fault)))
        wsd_reply_cut(reply);
}

bool wsd_reply_is_refused(const struct wsd_reply *reply)
{
    return reply->fault_status != 0;
}

static void give(struct wsd_reply *reply, struct wsd_package *package, int status,
                 struct wsd_call_reply *out)
{
    reply->body = wsd_package_source(package);
    *out = (struct wsd_call_reply){
        .status = status,
        .has_body = true,
        .content_type = package->content_type.bytes,
        .multipart = package->encoder != NULL,
        .body_length = wsd_package_length(package),
    };
}

static int status_of(const struct wsd_outbound_message *message)
{
    const char *code = wsd_message_fault_code(message);

    return code == NULL ? 200 : wsd_refusal_status(code);
}

enum wsd_call_outcome wsd_reply_look(struct wsd_reply *reply,
                                     const struct wsd_inbound_message *request,
                                     const struct wsd_mem *mem,
                                     struct wsd_call_reply *out)
{
    struct wsd_outbound_message *message;
    bool declined, begun;
    HRESULT failure;

    enter(reply);
    message = reply->synced.message;
    declined = reply->synced.declined;
    begun = reply->synced.steps == BEGUN;
    failure = reply->synced.failure;
    leave(reply);

    if (message != NULL && (declined || failure != S_OK))
        wsd_message_fail(message, E_ABORT); /* it will not go out */
    if (failure != S_OK && !wsd_reply_is_refused(reply)) {
        struct wsd_refusal refusal = wsd_refusal_of(failure);

        wsd_reply_refuse(reply, &refusal, request, mem);
    }
    if (wsd_reply_is_cut(reply))
        return WSD_CALL_CUT;
    if (wsd_reply_is_refused(reply))
        give(reply, &reply->fault, reply->fault_status, out);
    else if (declined)
        *out = (struct wsd_call_reply){.status = 202};
    else if (begun)
        give(reply, &reply->package, status_of(message), out);
    else
        return WSD_CALL_PENDING;
    return WSD_CALL_REPLIES;
}

enum wsd_pull wsd_reply_pull(struct wsd_reply *reply, uint8_t *buffer, size_t capacity,
                             size_t *size)
{
    enum wsd_pull pulled;

    *size = 0;
    if (wsd_reply_is_cut(reply))
        return WSD_PULL_ABORTED;
    pulled = reply->body->vtable->pull(reply->body, buffer, capacity, size);
    wsd_body_source_rest(reply->body);
    if (pulled == WSD_PULL_ABORTED) /* its attachment is about to tell the host */
        wsd_reply_cut(reply);
    return pulled;
}

void wsd_reply_end(struct wsd_reply *reply, const struct wsd_log_subject *subject,
                   HRESULT result)
{
    struct wsd_outbound_message *message;
    HRESULT fate = result;

    if (result == S_OK && reply->body != NULL)
        reply->body->vtable->sent(reply->body);
    enter(reply);
    reply_set_cut_locked(reply); /* what the handler still sends comes too late */
    message = reply->synced.message;
    reply->synced.message = NULL;
    if (SUCCEEDED(result) && reply->synced.failure != S_OK)
        fate = reply->synced.failure; /* a fault went out in its place, */
    else if (SUCCEEDED(result) && reply->synced.declined)
        fate = E_ABORT; /* or nothing did */
    leave(reply);
    if (message == NULL)
        return;
    wsd_message_log_forgotten(message, subject);
    if (FAILED(result))
        wsd_message_fail(message, result);
    wsd_progress_ended(&reply->progress, message, fate);
    wsd_message_release(message);
}
