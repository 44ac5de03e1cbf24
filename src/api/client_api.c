#include <stdbool.h>
#include <string.h>

#include "base/field.h"
#include "base/mem.h"
#include "message/exchange.h"
#include "message/outbound_message.h"
#include "mime/ascii.h"
#include "os/thread.h"
#include "transport_curl/curl_transport.h"
#include "wsd_client.h"

#define MAX_RING_BYTES ((size_t)1 << 30)

struct wsd_client {
    const struct wsd_mem *mem;
    struct wsd_curl_transport *transport;
    struct wsd_exchange_options exchange;
    char *user_agent, *from;
    char *header_lines[WSD_MAX_HEADER_LINES + 1]; /* NULL behind the last */
};

static DWORD number_or(DWORD given, DWORD otherwise)
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
    wsd_free(client->mem, client->from);
    for (size_t i = 0; i < WSD_MAX_HEADER_LINES; i++)
        wsd_free(client->mem, client->header_lines[i]);
    wsd_free(client->mem, client);
}

static bool copy_text(const struct wsd_mem *mem, const char *text, char **copy)
{
    if (text != NULL)
        *copy = wsd_copy(mem, text, strlen(text));
    return text == NULL || *copy != NULL;
}

static HRESULT client_copy_texts(struct wsd_client *client,
                                 const wsd_client_options *options)
{
    const char *user_agent = options->user_agent != NULL ? options->user_agent : "WSDAPI";
    bool copied = copy_text(client->mem, user_agent, &client->user_agent) &&
                  copy_text(client->mem, options->from, &client->from);

    for (size_t i = 0;
         copied && options->header_lines != NULL && options->header_lines[i] != NULL; i++)
        copied =
            copy_text(client->mem, options->header_lines[i], &client->header_lines[i]);
    return copied ? S_OK : E_OUTOFMEMORY;
}

static struct wsd_curl_settings settings_of(const wsd_client_options *options)
{
    return (struct wsd_curl_settings){
        .texts = {[WSD_CURL_CA_FILE] = options->ca_file,
                  [WSD_CURL_CA_FOLDER] = options->ca_folder,
                  [WSD_CURL_CRL_FILE] = options->crl_file,
                  [WSD_CURL_CERTIFICATE_FILE] = options->certificate_file,
                  [WSD_CURL_KEY_FILE] = options->key_file,
                  [WSD_CURL_KEY_PASSPHRASE] = options->key_passphrase,
                  [WSD_CURL_PINNED_KEY] = options->pinned_key,
                  [WSD_CURL_USER] = options->user,
                  [WSD_CURL_PASSWORD] = options->password,
                  [WSD_CURL_PROXY] = options->proxy,
                  [WSD_CURL_PROXY_USER] = options->proxy_user,
                  [WSD_CURL_PROXY_PASSWORD] = options->proxy_password},
        .tls_version_min = options->tls_version_min,
        .accepts_any_certificate =
            options->accept_any_certificate == WSD_ACCEPT_ANY_CERTIFICATE,
        .authentication = options->authentication,
        .proxy_authentication = options->proxy_authentication,
        .probes = options->authentication_probe != FALSE,
    };
}

static HRESULT client_open(struct wsd_client *client, const wsd_client_options *options)
{
    size_t ring_bytes = size_or(options->ring_bytes, (size_t)1 << 20);
    const struct wsd_curl_options transport = {
        .timeouts = {.connect_ms = number_or(options->connect_timeout_ms, 30000),
                     .send_ms = number_or(options->peer_stall_timeout_ms, 120000),
                     .response_ms = number_or(options->response_timeout_ms, 90000),
                     .resolve_ms = number_or(options->resolve_timeout_ms, 30000),
                     .produce_ms = options->producer_stall_timeout_ms,
                     .total_ms = options->total_timeout_ms},
        .settings = settings_of(options),
        .ring_bytes = ring_bytes,
        .observer = {.log = options->log,
                     .log_context = options->log_context,
                     .log_level = number_or(options->log_level, WSD_LOG_WARNING),
                     .progress = options->progress,
                     .progress_context = options->progress_context},
    };
    HRESULT hr = client_copy_texts(client, options);

    if (hr == S_OK)
        hr = wsd_curl_transport_create(client->mem, &transport, &client->transport);
    if (FAILED(hr))
        return hr;
    client->exchange = (struct wsd_exchange_options){
        .ring_bytes = ring_bytes,
        .wait_budget_ms = number_or(options->wait_budget_ms, WSD_WAIT_BUDGET_MS),
        .max_envelope_bytes = size_or(options->max_envelope_bytes, WSD_MAX_ENVELOPE),
        .max_reply_bytes = size_or(options->max_reply_bytes, (size_t)1 << 20),
        .content_length = options->content_length != FALSE,
        .expect_continue = options->expect_continue != FALSE,
        .user_agent = client->user_agent,
        .from = client->from,
        .header_lines = (const char *const *)client->header_lines,
        .observer = wsd_curl_transport_observer(client->transport),
    };
    return S_OK;
}

static bool has_name(const char *line, const char *name)
{
    size_t length = strlen(name);

    return wsd_is_same_word(line, name, length) && line[length] == ':';
}

/* What the library sets itself, and what would frame the message otherwise. */
static bool is_ours(const char *line)
{
    static const char *const names[] = {
        "Connection", "Content-Length",      "Content-Type",     "Expect",
        "Host",       "Keep-Alive",          "MIME-Version",     "TE",
        "Trailer",    "Proxy-Authorization", "Proxy-Connection", "Upgrade",
        "User-Agent", "Transfer-Encoding"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (has_name(line, names[i]))
            return true;
    return false;
}

static bool are_lines_allowed(const char *const *lines)
{
    size_t left = WSD_MAX_HEADER_OCTETS;

    if (lines == NULL)
        return true;
    for (size_t i = 0; lines[i] != NULL; i++) {
        if (i == WSD_MAX_HEADER_LINES || is_ours(lines[i]) ||
            !wsd_field_is_header(lines[i], left))
            return false;
        left -= strlen(lines[i]);
    }
    return true;
}

static bool are_allowed(const wsd_client_options *options)
{
    return options->ring_bytes <= MAX_RING_BYTES &&
           (options->user_agent == NULL ||
            wsd_field_is_value(options->user_agent, 255)) &&
           (options->from == NULL || wsd_field_is_uri(options->from)) &&
           (options->accept_any_certificate == 0 ||
            options->accept_any_certificate == WSD_ACCEPT_ANY_CERTIFICATE) &&
           options->log_level <= WSD_LOG_DEBUG &&
           are_lines_allowed(options->header_lines);
}

/* Of this version, and of those before it. */
static bool is_size_known(size_t size)
{
    return size == sizeof(wsd_client_options) ||
           size == offsetof(wsd_client_options, log_level) ||
           size == offsetof(wsd_client_options, ca_file) ||
           size == offsetof(wsd_client_options, content_length);
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
        if (!is_size_known(options->size))
            return E_INVALIDARG;
        memcpy(&all, options, options->size);
    }
    if (!are_allowed(&all))
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
    HRESULT hr;
    int held;

    if (client == NULL || url == NULL || message == NULL)
        return E_POINTER;
    if (!is_visible_ascii(url))
        return E_INVALIDARG;
    if (message->sent || message->sender != NULL)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    held = wsd_thread_hold_cancel();
    hr = wsd_exchange_send(message, wsd_curl_transport_seam(client->transport), url,
                           &client->exchange);
    wsd_thread_allow_cancel(held);
    return hr;
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
