#include "message/inbound_message.h"

#include "wsd_error.h"

HRESULT wsd_inbound_create(const struct wsd_mem *mem, int http_status,
                           struct wsd_text *raw, struct wsd_inbound_message **out)
{
    struct wsd_inbound_message *message;

    *out = NULL;
    message = wsd_alloc(mem, sizeof(*message));
    if (message == NULL)
        return E_OUTOFMEMORY;
    message->mem = mem;
    message->http_status = http_status;
    message->raw = *raw;
    wsd_text_init(raw, mem, raw->limit);
    if (message->raw.length > 0 &&
        wsd_envelope_read(mem, message->raw.bytes, message->raw.length,
                          &message->envelope) == E_OUTOFMEMORY) {
        wsd_inbound_destroy(message);
        return E_OUTOFMEMORY;
    }
    *out = message;
    return S_OK;
}

void wsd_inbound_destroy(struct wsd_inbound_message *message)
{
    if (message == NULL)
        return;
    wsd_envelope_destroy(message->envelope);
    wsd_text_fini(&message->raw);
    wsd_free(message->mem, message);
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
