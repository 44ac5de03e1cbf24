#include <netdb.h>
#include <string.h>
#include <sys/socket.h>

#include "base/field.h"
#include "message/outbound_message.h"
#include "os/clock.h"
#include "os/thread.h"
#include "service/dispatcher.h"
#include "service_mhd/mhd_server.h"
#include "wsd_service.h"

#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define MAX_RING_BYTES ((size_t)1 << 30)

enum state { CREATED, STARTED, STOPPED };

struct wsd_service {
    const struct wsd_mem *mem;
    struct wsd_mhd_options listening;
    char *address, *certificate, *key, *client_ca; /* owned; what `listening` borrows */
    struct wsd_dispatcher *dispatcher;
    struct wsd_mhd_server *server; /* NULL unless started */

    struct {
        struct wsd_monitor monitor;
        enum state state;
        uint16_t port;
    } synced;
};

static unsigned number_or(unsigned given, unsigned otherwise)
{
    return given != 0 ? given : otherwise;
}

static size_t size_or(size_t given, size_t otherwise)
{
    return given != 0 ? given : otherwise;
}

static bool is_numeric_address(const char *text)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;

    if (getaddrinfo(text, NULL, &hints, &address) != 0)
        return false;
    freeaddrinfo(address);
    return true;
}

static bool are_valid(const wsd_service_options *options)
{
    bool tls = options->tls_certificate_file != NULL;

    return options->size == sizeof(*options) && options->ring_bytes <= MAX_RING_BYTES &&
           options->log_level <= WSD_LOG_DEBUG &&
           tls == (options->tls_key_file != NULL) &&
           (tls || options->tls_client_ca_file == NULL) &&
           (options->address == NULL || is_numeric_address(options->address));
}

/* ---- creation and end ---- */

static HRESULT keep_text(const struct wsd_service *service, const char *text, char **kept)
{
    if (text == NULL)
        return S_OK;
    *kept = wsd_copy(service->mem, text, strlen(text));
    return *kept == NULL ? E_OUTOFMEMORY : S_OK;
}

static HRESULT keep_texts(struct wsd_service *service, const wsd_service_options *options)
{
    const char *address = options->address != NULL ? options->address : "127.0.0.1";
    HRESULT hr = keep_text(service, address, &service->address);

    if (hr == S_OK)
        hr = keep_text(service, options->tls_certificate_file, &service->certificate);
    if (hr == S_OK)
        hr = keep_text(service, options->tls_key_file, &service->key);
    if (hr == S_OK)
        hr = keep_text(service, options->tls_client_ca_file, &service->client_ca);
    return hr;
}

static HRESULT service_open(struct wsd_service *service,
                            const wsd_service_options *options)
{
    unsigned max_connections = number_or(options->max_connections, 256);
    const struct wsd_dispatcher_options dispatcher = {
        .inbound = {.max_text_bytes =
                        size_or(options->max_envelope_bytes, WSD_MAX_ENVELOPE),
                    .attachments = {size_or(options->ring_bytes, (size_t)1 << 20),
                                    number_or(options->wait_budget_ms,
                                              WSD_WAIT_BUDGET_MS)}},
        .max_discard_bytes = options->max_discard_bytes != 0 ? options->max_discard_bytes
                                                             : (uint64_t)16 << 20,
        .max_requests = number_or(options->max_requests, max_connections),
        .max_workers = number_or(options->max_workers, 64),
        .observer = {.log = options->log,
                     .log_context = options->log_context,
                     .log_level = number_or(options->log_level, WSD_LOG_WARNING),
                     .progress = options->progress,
                     .progress_context = options->progress_context},
    };
    HRESULT hr = keep_texts(service, options);

    if (hr == S_OK)
        hr = wsd_monitor_init(&service->synced.monitor);
    if (hr == S_OK)
        hr = wsd_dispatcher_create(service->mem, &dispatcher, &service->dispatcher);
    service->listening = (struct wsd_mhd_options){
        .address = service->address,
        .port = options->port,
        .certificate = service->certificate,
        .key = service->key,
        .client_authorities = service->client_ca,
        .request_timeout_ms = number_or(options->request_timeout_ms, 30000),
        .idle_timeout_ms = number_or(options->idle_timeout_ms, 120000),
        .max_connections = max_connections,
        .max_connections_per_peer = number_or(options->max_connections_per_peer, 16),
    };
    return hr;
}

static void service_free(struct wsd_service *service)
{
    wsd_dispatcher_destroy(service->dispatcher);
    wsd_monitor_fini(&service->synced.monitor);
    wsd_free(service->mem, service->address);
    wsd_free(service->mem, service->certificate);
    wsd_free(service->mem, service->key);
    wsd_free(service->mem, service->client_ca);
    wsd_free(service->mem, service);
}

HRESULT WSD_CALL wsd_service_create(const wsd_service_options *options, wsd_service **out)
{
    static const wsd_service_options defaults = WSD_SERVICE_OPTIONS_INIT;
    struct wsd_service *service;
    HRESULT hr;

    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (options == NULL)
        options = &defaults;
    if (!are_valid(options))
        return E_INVALIDARG;
    service = wsd_alloc(wsd_mem_heap(), sizeof(*service));
    if (service == NULL)
        return E_OUTOFMEMORY;
    service->mem = wsd_mem_heap();
    hr = service_open(service, options);
    if (FAILED(hr)) {
        service_free(service);
        return hr;
    }
    *out = service;
    return S_OK;
}

void WSD_CALL wsd_service_release(wsd_service *service)
{
    if (service != NULL && SUCCEEDED(wsd_service_stop(service, 0)))
        service_free(service);
}

/* ---- handlers ---- */

static bool is_in_state(struct wsd_service *service, enum state state)
{
    bool is;

    wsd_monitor_enter(&service->synced.monitor);
    is = service->synced.state == state;
    wsd_monitor_leave(&service->synced.monitor);
    return is;
}

HRESULT WSD_CALL wsd_service_handle(wsd_service *service, const char *path,
                                    const char *action, wsd_handler handler,
                                    void *context)
{
    if (service == NULL || path == NULL || handler == NULL)
        return E_POINTER;
    if (path[0] != '/' || (action != NULL && !wsd_field_is_uri(action)))
        return E_INVALIDARG;
    if (!is_in_state(service, CREATED))
        return INVALID_OPERATION;
    return wsd_handlers_add(&service->dispatcher->handlers, path, action, handler,
                            context);
}

HRESULT WSD_CALL wsd_service_reply(wsd_outbound_message *reply)
{
    if (reply == NULL)
        return E_POINTER;
    if (reply->sender == NULL)
        return E_INVALIDARG;
    if (reply->sent)
        return INVALID_OPERATION;
    return reply->sender->send(reply->sender);
}

/* ---- start and stop ---- */

HRESULT WSD_CALL wsd_service_start(wsd_service *service)
{
    HRESULT hr;
    int held;

    if (service == NULL)
        return E_POINTER;
    if (!is_in_state(service, CREATED))
        return INVALID_OPERATION;
    held = wsd_thread_hold_cancel();
    hr = wsd_mhd_server_start(service->mem, &service->listening, service->dispatcher,
                              &service->server);
    wsd_thread_allow_cancel(held);
    if (FAILED(hr))
        return hr;
    wsd_monitor_enter(&service->synced.monitor);
    service->synced.state = STARTED;
    service->synced.port = wsd_mhd_server_port(service->server);
    wsd_monitor_leave(&service->synced.monitor);
    return S_OK;
}

uint16_t WSD_CALL wsd_service_port(const wsd_service *service)
{
    struct wsd_monitor *monitor = (struct wsd_monitor *)&service->synced.monitor;
    uint16_t port;

    wsd_monitor_enter(monitor);
    port = service->synced.port;
    wsd_monitor_leave(monitor);
    return port;
}

HRESULT WSD_CALL wsd_service_stop(wsd_service *service, DWORD drain_ms)
{
    bool stopped;
    int held;

    if (service == NULL)
        return E_POINTER;
    if (wsd_thread_is_ours() || wsd_worker_pool_is_current(service->dispatcher->workers))
        return HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK);
    wsd_monitor_enter(&service->synced.monitor);
    stopped = service->synced.state != STARTED;
    service->synced.state = STOPPED;
    wsd_monitor_leave(&service->synced.monitor);
    if (stopped)
        return S_OK;
    held = wsd_thread_hold_cancel();
    wsd_dispatcher_close(service->dispatcher);
    wsd_mhd_server_quiesce(service->server);
    wsd_dispatcher_drain(service->dispatcher, wsd_clock_deadline(drain_ms));
    wsd_dispatcher_cut(service->dispatcher);
    wsd_mhd_server_stop(service->server);
    service->server = NULL;
    wsd_dispatcher_drain(service->dispatcher, UINT64_MAX); /* the handlers return */
    wsd_thread_allow_cancel(held);
    return wsd_dispatcher_has_lost(service->dispatcher) ? S_FALSE : S_OK;
}
