#include <stdbool.h>
#include <string.h>

#include "base/field.h"
#include "base/mem.h"
#include "message/exchange.h"
#include "message/outbound_message.h"
#include "transport_curl/curl_transport.h"
#include "wsd_client.h"

#define MAX_RING_BYTES ((size_t)1 << 30)

struct wsd_client {
    const struct wsd_mem *mem;
    struct wsd_curl_transport *transport;
    struct wsd_exchange_options exchange;
    char *user_agent;
};

static DWORD time_or(DWORD given, DWORD otherwise)
{
    return given != 0 ? given : otherwise;
}

static size_t size_or(size_t given, size_t otherwise)
{
    return given != 0 ? given : otherwise;
}

void WSD_CALL wsd_client_release(wsd_client *client)
{
    if (client == NULL)
        return;
    if (client->transport != NULL)
        wsd_curl_transport_release(client->transport);
    wsd_free(client->mem, client->user_agent);
    wsd_free(client->mem, client);
}

static HRESULT client_open(struct wsd_client *client, const wsd_client_options *options)
{
    const char *user_agent = options->user_agent != NULL ? options->user_agent : "WSDAPI";
    const struct wsd_curl_options transport = {
        .timeouts = {.connect_ms = time_or(options->connect_timeout_ms, 30000),
                     .send_ms = time_or(options->peer_stall_timeout_ms, 120000),
                     .response_ms = time_or(options->response_timeout_ms, 90000)},
        .log = options->log,
        .log_context = options->log_context,
    };

    client->user_agent = wsd_copy(client->mem, user_agent, strlen(user_agent));
    if (client->user_agent == NULL)
        return E_OUTOFMEMORY;
    client->exchange = (struct wsd_exchange_options){
        .ring_bytes = size_or(options->ring_bytes, (size_t)1 << 20),
        .wait_budget_ms = time_or(options->wait_budget_ms, WSD_WAIT_BUDGET_MS),
        .max_envelope_bytes = size_or(options->max_envelope_bytes, WSD_MAX_ENVELOPE),
        .max_reply_bytes = size_or(options->max_reply_bytes, (size_t)1 << 20),
        .content_length = options->content_length != FALSE,
        .user_agent = client->user_agent,
    };
    return wsd_curl_transport_create(client->mem, &transport, &client->transport);
}

HRESULT WSD_CALL wsd_client_create(const wsd_client_options *options, wsd_client **out)
{
    wsd_client_options all = WSD_CLIENT_OPTIONS_INIT;
    struct wsd_client *client;
    HRESULT hr;

    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (options != NULL) {
        if (options->size != sizeof(all) &&
            options->size != offsetof(wsd_client_options, content_length))
            return E_INVALIDARG;
        memcpy(&all, options, options->size);
    }
    if (all.ring_bytes > MAX_RING_BYTES ||
        (all.user_agent != NULL && !wsd_field_is_value(all.user_agent, 255)))
        return E_INVALIDARG;
    client = wsd_alloc(wsd_mem_heap(), sizeof(*client));
    if (client == NULL)
        return E_OUTOFMEMORY;
    client->mem = wsd_mem_heap();
    hr = client_open(client, &all);
    if (FAILED(hr)) {
        wsd_client_release(client);
        return hr;
    }
    *out = client;
    return S_OK;
}

/* Could it stand in a request line?  What it means is the transport's to judge. */
static bool is_visible_ascii(const char *text)
{
    size_t length = 0;

    for (; text[length] != '\0'; length++)
        if (length == WSD_MAX_URI || text[length] <= ' ' || text[length] > '~')
            return false;
    return true;
}

HRESULT WSD_CALL wsd_client_send(wsd_client *client, const char *url,
                                 wsd_outbound_message *message)
{
    if (client == NULL || url == NULL || message == NULL)
        return E_POINTER;
    if (!is_visible_ascii(url))
        return E_INVALIDARG;
    if (message->sent || message->sender != NULL)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    return wsd_exchange_send(message, wsd_curl_transport_seam(client->transport), url,
                             &client->exchange);
}

HRESULT WSD_CALL wsd_client_receive(wsd_client *client, wsd_outbound_message *message,
                                    DWORD wait_ms, wsd_inbound_message **reply)
{
    if (reply == NULL)
        return E_POINTER;
    *reply = NULL;
    if (client == NULL || message == NULL)
        return E_POINTER;
    if (message->exchange == NULL)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    if (wsd_exchange_transport(message->exchange) !=
        wsd_curl_transport_seam(client->transport))
        return E_INVALIDARG;
    return wsd_exchange_receive(message->exchange, wait_ms, reply);
}
