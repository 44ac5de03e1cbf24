#include "message/inbound_message.h"

#include <string.h>

#include "mime/base64_decoder.h"
#include "mime/content_type.h"
#include "wsd_error.h"

/* ---- what the log says of the body: on the pusher's thread ---- */

static struct wsd_log_subject subject_of(const struct wsd_inbound_message *message)
{
    struct wsd_log_subject subject = message->subject;

    if (subject.message_id == NULL && message->envelope != NULL)
        subject.message_id = wsd_envelope_message_id(message->envelope);
    return subject;
}

static void body_is_bad(void *context, enum wsd_mime_fault fault)
{
    struct wsd_inbound_message *message = context;
    struct wsd_log_subject subject = subject_of(message);
    bool is_request = message->http_status == 0;

    wsd_observer_log(&subject, is_request ? WSD_LOG_WARNING : WSD_LOG_ERROR, WSD_LOG_MIME,
                     wsd_mime_fault_hresult(fault), "%s", wsd_mime_fault_text(fault));
}

static void log_tolerances(const struct wsd_inbound_message *message)
{
    const struct wsd_tolerances *used = wsd_inbound_package_tolerances(message->package);
    struct wsd_log_subject subject = subject_of(message);

    for (enum wsd_tolerance i = 0; i < WSD_TOLERANCE_COUNT; i++)
        if (used->counts[i] > 0)
            wsd_observer_log(&subject, WSD_LOG_INFORMATION, WSD_LOG_MIME, S_OK,
                             "tolerated, times: %u, %s", used->counts[i],
                             wsd_tolerance_text(i));
}

/* ---- the body ---- */

static HRESULT expect(void *context, const char *href)
{
    return wsd_inbound_package_expect(context, href);
}

static HRESULT read_envelope(struct wsd_inbound_message *message)
{
    return wsd_envelope_read(message->mem, message->raw.bytes, message->raw.length,
                             &message->envelope);
}

static HRESULT envelope_came(void *context)
{
    struct wsd_inbound_message *message = context;
    HRESULT hr = read_envelope(message);

    if (hr == S_OK)
        hr = wsd_envelope_each_include(message->envelope, expect, message->package);
    message->readable = hr == S_OK;
    return hr;
}

/* Its action is that of a request without WS-Addressing (RFC 3902 section 2). */
static HRESULT keep_content_type(struct wsd_inbound_message *message,
                                 const char *content_type)
{
    struct wsd_tolerances tolerances;
    struct wsd_content_type type;
    const char *action;

    message->content_type = wsd_copy(message->mem, content_type, strlen(content_type));
    if (message->content_type == NULL)
        return E_OUTOFMEMORY;
    wsd_tolerances_init(&tolerances);
    if (wsd_content_type_parse(message->content_type, &tolerances, &type) !=
        WSD_MIME_NONE)
        return S_OK;
    message->http_type = type.type;
    action = wsd_content_type_parameter(&type, "action");
    if (action != NULL)
        message->http_action = action;
    return S_OK;
}

HRESULT wsd_inbound_create(const struct wsd_mem *mem, int http_status,
                           const char *content_type,
                           const struct wsd_inbound_options *options,
                           struct wsd_inbound_host *host,
                           struct wsd_inbound_message **out)
{
    struct wsd_inbound_message *message = wsd_alloc(mem, sizeof(*message));
    struct wsd_inbound_package_owner owner = {message, envelope_came, body_is_bad};
    HRESULT hr = S_OK;

    *out = NULL;
    if (message == NULL)
        return E_OUTOFMEMORY;
    message->mem = mem;
    atomic_init(&message->references, 1);
    message->http_status = http_status;
    message->subject = options->subject;
    message->http_type = message->http_action = "";
    host->vtable->add_ref(host);
    message->host = host;
    wsd_text_init(&message->raw, mem, options->max_text_bytes);
    if (content_type != NULL)
        hr = keep_content_type(message, content_type);
    if (content_type != NULL && hr == S_OK)
        hr = wsd_inbound_package_create(mem, content_type, &options->attachments, host,
                                        &owner, &message->raw, &message->package);
    if (FAILED(hr)) {
        wsd_inbound_release(message);
        return hr;
    }
    *out = message;
    return S_OK;
}

void wsd_inbound_add_ref(struct wsd_inbound_message *message)
{
    atomic_fetch_add(&message->references, 1);
}

void wsd_inbound_release(struct wsd_inbound_message *message)
{
    if (atomic_fetch_sub(&message->references, 1) > 1)
        return;
    wsd_inbound_package_destroy(message->package);
    wsd_envelope_destroy(message->envelope);
    wsd_text_fini(&message->raw);
    wsd_free(message->mem, message->content_type);
    message->host->vtable->release(message->host);
    wsd_free(message->mem, message);
}

HRESULT wsd_inbound_push(struct wsd_inbound_message *message, const uint8_t *bytes,
                         size_t size, size_t *taken)
{
    struct wsd_body_sink *sink;

    *taken = size;
    if (message->package == NULL)
        return wsd_text_append(&message->raw, bytes, size);
    sink = wsd_inbound_package_sink(message->package);
    return sink->vtable->push(sink, bytes, size, taken);
}

HRESULT wsd_inbound_finish(struct wsd_inbound_message *message, HRESULT result)
{
    struct wsd_body_sink *sink;

    if (message->package != NULL && !message->has_ended)
        log_tolerances(message);
    message->has_ended = true;
    if (message->package != NULL && FAILED(result)) {
        wsd_inbound_package_fail(message->package, result);
        return S_OK;
    }
    if (message->package != NULL) {
        sink = wsd_inbound_package_sink(message->package);
        return sink->vtable->finish(sink);
    }
    /* Other text than an envelope is kept as it is: the verdict tells. */
    if (message->raw.length > 0 && read_envelope(message) == E_OUTOFMEMORY)
        return E_OUTOFMEMORY;
    return S_OK;
}

bool wsd_inbound_is_readable(const struct wsd_inbound_message *message)
{
    return message->readable;
}

void wsd_inbound_abandon(struct wsd_inbound_message *message)
{
    if (message->package != NULL) {
        wsd_inbound_package_abandon(message->package);
        message->host->vtable->wake(message->host);
    }
    wsd_inbound_release(message);
}

HRESULT wsd_inbound_verdict(const struct wsd_inbound_message *message)
{
    wsd_fault fault;

    if (message->envelope != NULL &&
        wsd_envelope_fault(message->envelope, &fault) == S_OK)
        return WS_E_ENDPOINT_FAULT_RECEIVED;
    if (message->http_status < 200 || message->http_status > 299)
        return HTTP_E_STATUS(message->http_status);
    if (message->envelope == NULL && message->raw.length > 0)
        return WS_E_INVALID_FORMAT;
    return S_OK;
}

const char *wsd_inbound_action(const struct wsd_inbound_message *message)
{
    const char *action =
        message->envelope != NULL ? wsd_envelope_action(message->envelope) : "";

    return action[0] != '\0' ? action : message->http_action;
}

/* ---- attachments ---- */

/* Pushes decoded base64 text into an attachment whose ring holds all of it. */
static HRESULT push_base64(struct wsd_inbound_attachment *attachment, const char *text)
{
    struct wsd_base64_decoder decoder;
    const uint8_t *from = (const uint8_t *)text;
    size_t left = strlen(text);
    enum wsd_mime_fault fault = WSD_MIME_NONE;
    HRESULT hr = S_OK;

    wsd_base64_init(&decoder);
    while (left > 0 && fault == WSD_MIME_NONE && hr == S_OK) {
        uint8_t bytes[768];
        size_t taken, size, pushed;

        fault =
            wsd_base64_decode(&decoder, from, left, &taken, bytes, sizeof(bytes), &size);
        from += taken;
        left -= taken;
        if (size > 0)
            hr = wsd_inbound_attachment_push(attachment, bytes, size, &pushed);
    }
    if (fault == WSD_MIME_NONE)
        fault = wsd_base64_finish(&decoder);
    return hr == S_OK ? wsd_mime_fault_hresult(fault) : hr;
}

/* A sender need not make a part of its base64 text (XOP 1.0 section 1). */
static HRESULT inline_attachment(struct wsd_inbound_message *message, const char *path,
                                 IWSDInboundAttachment **out)
{
    struct wsd_inbound_attachment *attachment;
    const char *text;
    HRESULT hr = wsd_envelope_find_text(message->envelope, path, &text);

    if (hr == S_OK)
        hr = wsd_inbound_attachment_create(message->mem, message->host,
                                           strlen(text) / 4 * 3 + 3, 0, &attachment);
    if (hr != S_OK)
        return hr;
    hr = push_base64(attachment, text);
    if (hr == S_OK) {
        wsd_inbound_attachment_end(attachment);
        *out = wsd_inbound_attachment_iface(attachment);
    }
    wsd_inbound_attachment_release_use(attachment);
    return hr;
}

HRESULT wsd_inbound_find_attachment(struct wsd_inbound_message *message, const char *path,
                                    IWSDInboundAttachment **out)
{
    struct wsd_inbound_attachment *attachment = NULL;
    const char *href;
    HRESULT hr;

    *out = NULL;
    if (message->envelope == NULL)
        return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    hr = wsd_envelope_find_include(message->envelope, path, &href);
    if (hr == S_FALSE)
        return inline_attachment(message, path, out);
    if (hr != S_OK)
        return hr;
    if (message->package != NULL)
        attachment = wsd_inbound_package_find(message->package, href);
    if (attachment == NULL)
        return WS_E_INVALID_FORMAT; /* refers to nothing in this message */
    *out = wsd_inbound_attachment_iface(attachment);
    return S_OK;
}

HRESULT wsd_inbound_attachment_at(struct wsd_inbound_message *message, size_t index,
                                  IWSDInboundAttachment **out)
{
    struct wsd_inbound_attachment *attachment = NULL;

    *out = NULL;
    if (wsd_inbound_is_readable(message))
        attachment = wsd_inbound_package_at(message->package, index);
    if (attachment == NULL)
        return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    *out = wsd_inbound_attachment_iface(attachment);
    return S_OK;
}

const char *wsd_inbound_media_type(const struct wsd_inbound_message *message,
                                   IWSDInboundAttachment *attachment)
{
    struct wsd_inbound_attachment *ours =
        wsd_inbound_attachment_from((IWSDAttachment *)attachment);

    if (ours == NULL || !wsd_inbound_is_readable(message))
        return "";
    return wsd_inbound_package_media_type(message->package, ours);
}
