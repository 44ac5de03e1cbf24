#include "message/outbound_message.h"

#include <stdio.h>
#include <string.h>

#include "message/exchange.h"
#include "wsd_error.h"

HRESULT wsd_message_create(const struct wsd_mem *mem, const char *action,
                           struct wsd_outbound_message **out)
{
    struct wsd_outbound_message *message;
    HRESULT hr = E_OUTOFMEMORY;

    *out = NULL;
    message = wsd_alloc(mem, sizeof(*message));
    if (message == NULL)
        return hr;
    message->mem = mem;
    atomic_init(&message->references, 1);
    hr = wsd_envelope_writer_create(mem, action, &message->writer);
    if (FAILED(hr)) {
        wsd_message_release(message);
        return hr;
    }
    *out = message;
    return S_OK;
}

void wsd_message_add_ref(struct wsd_outbound_message *message)
{
    atomic_fetch_add(&message->references, 1);
}

void wsd_message_release(struct wsd_outbound_message *message)
{
    if (atomic_fetch_sub(&message->references, 1) > 1)
        return;
    if (!message->sent)
        wsd_message_fail(message, E_ABORT);
    for (size_t i = 0; i < message->part_count; i++) {
        wsd_outbound_release_use(message->parts[i]->attachment);
        wsd_free(message->mem, message->parts[i]);
    }
    wsd_envelope_writer_destroy(message->writer);
    if (message->exchange != NULL)
        wsd_exchange_release(message->exchange);
    wsd_free(message->mem, message);
}

HRESULT wsd_message_set_body(struct wsd_outbound_message *message, const char *xml,
                             size_t length)
{
    if (message->part_count > 0)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    return wsd_envelope_writer_set_body(message->writer, xml, length);
}

HRESULT wsd_message_set_fault(struct wsd_outbound_message *message,
                              const wsd_fault *fault)
{
    if (message->part_count > 0)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    return wsd_envelope_writer_set_fault(message->writer, fault);
}

const char *wsd_message_fault_code(const struct wsd_outbound_message *message)
{
    return wsd_envelope_writer_fault_code(message->writer);
}

HRESULT wsd_message_attach(struct wsd_outbound_message *message, const char *path,
                           struct wsd_outbound *attachment, const char *content_type,
                           uint64_t length)
{
    size_t index = message->part_count, type_size = strlen(content_type) + 1;
    struct wsd_message_part *part;
    HRESULT hr;

    if (index == WSD_MAX_ATTACHMENTS)
        return WS_E_QUOTA_EXCEEDED;
    part = wsd_alloc(message->mem, sizeof(*part) + type_size);
    if (part == NULL)
        return E_OUTOFMEMORY;
    memcpy(part->content_type, content_type, type_size);
    (void)snprintf(part->content_id, sizeof(part->content_id), "%u@body",
                   (unsigned)index);
    hr = wsd_outbound_bind(attachment);
    if (FAILED(hr))
        goto fail;
    hr = wsd_envelope_writer_add_include(message->writer, path, part->content_id);
    if (FAILED(hr)) {
        wsd_outbound_unbind(attachment);
        goto fail;
    }
    part->attachment = attachment;
    part->length = length;
    message->parts[index] = part;
    message->part_count++;
    if (message->abandoned)
        wsd_outbound_fail(attachment, E_ABORT);
    return S_OK;

fail:
    wsd_free(message->mem, part);
    return hr;
}

void wsd_message_fail(struct wsd_outbound_message *message, HRESULT error)
{
    for (size_t i = 0; i < message->part_count; i++)
        wsd_outbound_fail(message->parts[i]->attachment, error);
}

void wsd_message_abandon(struct wsd_outbound_message *message)
{
    message->abandoned = true;
    wsd_message_fail(message, E_ABORT);
}

void wsd_message_log_forgotten(const struct wsd_outbound_message *message,
                               const struct wsd_log_subject *subject)
{
    for (size_t i = 0; i < message->part_count; i++)
        if (wsd_outbound_is_forgotten(message->parts[i]->attachment))
            wsd_observer_log(subject, WSD_LOG_WARNING, WSD_LOG_MESSAGE, E_ABORT,
                             "attachment %s was released without Close or Abort",
                             message->parts[i]->content_id);
}

void wsd_message_settle(struct wsd_outbound_message *message)
{
    for (size_t i = 0; i < message->part_count; i++)
        wsd_outbound_settle(message->parts[i]->attachment);
}
