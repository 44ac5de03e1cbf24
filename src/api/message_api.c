#include <string.h>

#include "base/field.h"
#include "message/exchange.h"
#include "message/inbound_message.h"
#include "message/outbound_message.h"
#include "wsd_message.h"

#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)

HRESULT WSD_CALL wsd_outbound_message_create(const char *action,
                                             wsd_outbound_message **out)
{
    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (action == NULL)
        return E_POINTER;
    if (!wsd_field_is_uri(action))
        return E_INVALIDARG;
    return wsd_message_create(wsd_mem_heap(), action, out);
}

HRESULT WSD_CALL wsd_outbound_message_set_body(wsd_outbound_message *message,
                                               const char *xml, size_t length)
{
    if (message == NULL || xml == NULL)
        return E_POINTER;
    if (message->sent)
        return INVALID_OPERATION;
    return wsd_message_set_body(message, xml, length);
}

HRESULT WSD_CALL wsd_outbound_message_set_fault(wsd_outbound_message *message,
                                                const wsd_fault *fault)
{
    if (message == NULL || fault == NULL)
        return E_POINTER;
    if (message->sent)
        return INVALID_OPERATION;
    return wsd_message_set_fault(message, fault);
}

/* The options with their defaults; also those that end before the length, as they once
 * did.  S_OK or E_INVALIDARG. */
static HRESULT read_part_options(const wsd_part_options *given, wsd_part_options *options)
{
    *options = (wsd_part_options)WSD_PART_OPTIONS_INIT;
    if (given != NULL) {
        if (given->size != sizeof(*given) &&
            given->size != offsetof(wsd_part_options, length))
            return E_INVALIDARG;
        memcpy(options, given, given->size);
    }
    if (options->content_type == NULL)
        options->content_type = "application/octet-stream";
    if (!wsd_field_is_media_type(options->content_type) ||
        (options->length != NULL && *options->length > INT64_MAX))
        return E_INVALIDARG;
    return S_OK;
}

HRESULT WSD_CALL wsd_outbound_message_attach(wsd_outbound_message *message,
                                             const char *path,
                                             IWSDOutboundAttachment *attachment,
                                             const wsd_part_options *options)
{
    struct wsd_outbound *outbound;
    wsd_part_options all;
    HRESULT hr;

    if (message == NULL || path == NULL || attachment == NULL)
        return E_POINTER;
    hr = read_part_options(options, &all);
    if (hr != S_OK)
        return hr;
    outbound = wsd_outbound_from((IWSDAttachment *)attachment);
    if (outbound == NULL)
        return E_INVALIDARG;
    if (message->sent)
        return INVALID_OPERATION;
    return wsd_message_attach(message, path, outbound, all.content_type,
                              all.length != NULL ? *all.length : WSD_LENGTH_UNKNOWN);
}

void WSD_CALL wsd_outbound_message_release(wsd_outbound_message *message)
{
    if (message == NULL)
        return;
    if (message->exchange != NULL)
        wsd_exchange_forget_reply(message->exchange);
    wsd_message_release(message);
}

int WSD_CALL wsd_inbound_message_http_status(const wsd_inbound_message *message)
{
    return message->http_status;
}

const char *WSD_CALL wsd_inbound_message_action(const wsd_inbound_message *message)
{
    return wsd_inbound_action(message);
}

const char *WSD_CALL wsd_inbound_message_body(const wsd_inbound_message *message,
                                              size_t *length)
{
    size_t unused;

    if (length == NULL)
        length = &unused;
    if (message->envelope != NULL)
        return wsd_envelope_body(message->envelope, length);
    *length = message->raw.length;
    return message->raw.bytes == NULL ? "" : message->raw.bytes;
}

HRESULT WSD_CALL wsd_inbound_message_find_text(const wsd_inbound_message *message,
                                               const char *path, const char **text)
{
    if (text == NULL)
        return E_POINTER;
    *text = NULL;
    if (message == NULL || path == NULL)
        return E_POINTER;
    if (message->envelope == NULL)
        return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    return wsd_envelope_find_text(message->envelope, path, text);
}

HRESULT WSD_CALL wsd_inbound_message_attachment(wsd_inbound_message *message,
                                                const char *path,
                                                IWSDInboundAttachment **out)
{
    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (message == NULL || path == NULL)
        return E_POINTER;
    return wsd_inbound_find_attachment(message, path, out);
}

HRESULT WSD_CALL wsd_inbound_message_attachment_at(wsd_inbound_message *message,
                                                   size_t index,
                                                   IWSDInboundAttachment **out)
{
    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (message == NULL)
        return E_POINTER;
    return wsd_inbound_attachment_at(message, index, out);
}

const char *WSD_CALL wsd_inbound_message_media_type(const wsd_inbound_message *message,
                                                    IWSDInboundAttachment *attachment)
{
    return attachment == NULL ? "" : wsd_inbound_media_type(message, attachment);
}

HRESULT WSD_CALL wsd_inbound_message_fault(const wsd_inbound_message *message,
                                           wsd_fault *fault)
{
    if (fault == NULL || message == NULL)
        return E_POINTER;
    *fault = (wsd_fault){"", "", "", "", ""};
    if (message->envelope == NULL)
        return S_FALSE;
    return wsd_envelope_fault(message->envelope, fault);
}

void WSD_CALL wsd_inbound_message_release(wsd_inbound_message *message)
{
    if (message != NULL)
        wsd_inbound_abandon(message);
}
