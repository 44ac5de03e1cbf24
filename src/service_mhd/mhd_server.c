#include "service_mhd/mhd_server.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/clock.h"
#include "os/poller.h"
#include "os/socket.h"
#include "os/thread.h"
#include "os/wake_fd.h"
#include "service_mhd/mhd_connection.h"
#include "service_mhd/mhd_request_check.h"
#include "service_mhd/mhd_tls.h"
#include "service_mhd/mhd_watch.h"
#include "wsd_error.h"

#define NEVER UINT64_MAX

/* Of one connection: its request's header, and what is read or sent at once, which
 * decides the speed. */
#define CONNECTION_BYTES ((size_t)128 * 1024)

enum { MAX_VAIN_RUNS = 16, VAIN_RUN_MS = 10 };

struct wsd_mhd_server {
    const struct wsd_mem *mem; /* borrowed */
    atomic_uint references;    /* the starter's, one for each connection */
    struct wsd_dispatcher *dispatcher;
    DWORD request_timeout_ms;
    bool asks_for_certificates;
    uint16_t port;
    struct wsd_thread thread;
    struct wsd_wake_fd wake;

    struct {
        struct wsd_monitor monitor;
        bool quiescing, stopping;
        struct wsd_mhd_connection *queue, **queue_end;
    } synced;

    /* Its thread only, once there is one */
    int listening; /* -1: not */
    struct MHD_Daemon *daemon;
    struct wsd_poller *poller;
    struct wsd_poller *rest; /* where it waits for the wake_fd alone */
    struct wsd_mhd_watch watch;
    struct wsd_mhd_connection *first;
    struct wsd_mhd_connection *unsettled; /* each kept: see server_settle() */
    uint64_t check_ms;  /* when a connection's timer wants a look, or NEVER */
    unsigned vain_runs; /* of libmicrohttpd, in which it called nobody */
    bool has_room;      /* a connection has ended in its last run */
};

/* ---- any thread ---- */

void wsd_mhd_server_keep(struct wsd_mhd_server *server)
{
    atomic_fetch_add(&server->references, 1);
}

void wsd_mhd_server_drop(struct wsd_mhd_server *server)
{
    if (atomic_fetch_sub(&server->references, 1) > 1)
        return;
    wsd_wake_fd_close(&server->wake);
    wsd_monitor_fini(&server->synced.monitor);
    wsd_free(server->mem, server);
}

uint16_t wsd_mhd_server_port(const struct wsd_mhd_server *server)
{
    return server->port;
}

void wsd_mhd_server_request(struct wsd_mhd_connection *connection)
{
    struct wsd_mhd_server *server = connection->server;
    bool was_empty = false;

    wsd_monitor_enter(&server->synced.monitor);
    if (!connection->synced.queued && !server->synced.stopping) {
        was_empty = server->synced.queue == NULL;
        connection->synced.queued = true;
        connection->synced.next_queued = NULL;
        atomic_fetch_add(&connection->references, 1);
        *server->synced.queue_end = connection;
        server->synced.queue_end = &connection->synced.next_queued;
    }
    wsd_monitor_leave(&server->synced.monitor);
    if (was_empty)
        wsd_wake_fd_signal(&server->wake);
}

/* ---- the server's thread ---- */

const struct wsd_mem *wsd_mhd_server_mem(const struct wsd_mhd_server *server)
{
    return server->mem;
}

struct wsd_dispatcher *wsd_mhd_server_dispatcher(const struct wsd_mhd_server *server)
{
    return server->dispatcher;
}

DWORD wsd_mhd_server_request_timeout(const struct wsd_mhd_server *server)
{
    return server->request_timeout_ms;
}

bool wsd_mhd_server_asks_for_certificates(const struct wsd_mhd_server *server)
{
    return server->asks_for_certificates;
}

void wsd_mhd_server_add(struct wsd_mhd_connection *connection)
{
    struct wsd_mhd_server *server = connection->server;

    connection->next = server->first;
    if (connection->next != NULL)
        connection->next->previous = connection;
    server->first = connection;
}

void wsd_mhd_server_remove(struct wsd_mhd_connection *connection)
{
    if (connection->previous != NULL)
        connection->previous->next = connection->next;
    else
        connection->server->first = connection->next;
    if (connection->next != NULL)
        connection->next->previous = connection->previous;
    connection->server->has_room = true;
}

void wsd_mhd_server_note(struct wsd_mhd_server *server)
{
    server->vain_runs = 0;
}

void wsd_mhd_server_pushed(struct wsd_mhd_connection *connection)
{
    connection->pushed = true;
    if (connection->unsettled)
        return;
    connection->unsettled = true;
    atomic_fetch_add(&connection->references, 1);
    connection->next_unsettled = connection->server->unsettled;
    connection->server->unsettled = connection;
}

void wsd_mhd_server_schedule(struct wsd_mhd_server *server, uint64_t when_ms)
{
    if (when_ms < server->check_ms)
        server->check_ms = when_ms;
}

static void server_check(struct wsd_mhd_server *server, uint64_t now)
{
    struct wsd_mhd_connection *connection = server->first;

    server->check_ms = NEVER;
    for (; connection != NULL; connection = connection->next)
        wsd_mhd_connection_check(connection, now);
}

static void server_serve(struct wsd_mhd_server *server)
{
    struct wsd_mhd_connection *queue;

    wsd_monitor_enter(&server->synced.monitor);
    queue = server->synced.queue;
    server->synced.queue = NULL;
    server->synced.queue_end = &server->synced.queue;
    wsd_monitor_leave(&server->synced.monitor);

    while (queue != NULL) {
        struct wsd_mhd_connection *connection = queue;

        wsd_monitor_enter(&server->synced.monitor);
        queue = connection->synced.next_queued;
        connection->synced.queued = false;
        wsd_monitor_leave(&server->synced.monitor);
        wsd_mhd_connection_serve(connection);
        wsd_mhd_connection_release(connection);
    }
}

static bool server_should_stop(struct wsd_mhd_server *server)
{
    bool quiescing, stopping;

    wsd_monitor_enter(&server->synced.monitor);
    quiescing = server->synced.quiescing;
    stopping = server->synced.stopping;
    wsd_monitor_leave(&server->synced.monitor);
    if (quiescing && server->listening >= 0) {
        (void)MHD_quiesce_daemon(server->daemon);
        close(server->listening);
        server->listening = -1;
    }
    return stopping;
}

/* libmicrohttpd reads a socket once a run, and does not say whether there is more: there
 * was not when the next run brings none, or there is nothing to run for. */
static void server_settle(struct wsd_mhd_server *server, bool rests)
{
    struct wsd_mhd_connection **link = &server->unsettled;

    while (*link != NULL) {
        struct wsd_mhd_connection *connection = *link;

        if (connection->pushed && !rests) {
            connection->pushed = false;
            link = &connection->next_unsettled;
            continue;
        }
        *link = connection->next_unsettled;
        connection->unsettled = false;
        wsd_mhd_connection_settle(connection);
        wsd_mhd_connection_release(connection);
    }
}

static int server_patience(const struct wsd_mhd_server *server)
{
    uint64_t now = wsd_clock_ms();
    uint64_t left = server->check_ms == NEVER ? NEVER
                    : server->check_ms > now  ? server->check_ms - now
                                              : 0;
    MHD_UNSIGNED_LONG_LONG mhd;

    if (MHD_get_timeout(server->daemon, &mhd) == MHD_YES && mhd < left)
        left = mhd;
    /* libmicrohttpd 0.9.75 wants to be called at once, for ever, while a chunk's line is
     * longer than its memory for a connection. */
    if (left == 0 && server->vain_runs >= MAX_VAIN_RUNS)
        left = VAIN_RUN_MS;
    /* At its limit of connections it stops to listen, and begins again in the run after
     * the one in which a connection ended. */
    if (server->has_room)
        left = 0;
    if (left == NEVER)
        return -1;
    return left > INT_MAX ? INT_MAX : (int)left;
}

static void server_wait(struct wsd_mhd_server *server)
{
    struct wsd_poller_event events[2];
    int patience = wsd_mhd_watch_update(&server->watch) == S_OK
                       ? server_patience(server)
                       : VAIN_RUN_MS; /* memory is short */
    size_t count;

    server_settle(server, patience != 0);
    count = wsd_poller_wait(server->poller, events, 2, patience);
    if (count == 0)
        return;
    /* Of a client that it cannot accept, because there is no descriptor, libmicrohttpd is
     * told again and again. */
    if (server->vain_runs >= MAX_VAIN_RUNS)
        (void)wsd_poller_wait(server->rest, events, 1, VAIN_RUN_MS);
    wsd_wake_fd_clear(&server->wake);
}

static void server_run(void *context)
{
    struct wsd_mhd_server *server = context;

    while (!server_should_stop(server)) {
        uint64_t now;

        server_wait(server);
        server_serve(server);
        server->vain_runs++;
        server->has_room = false;
        MHD_run(server->daemon);
        now = wsd_clock_ms();
        if (server->check_ms <= now)
            server_check(server, now);
    }
    server_serve(server);
    MHD_run(server->daemon); /* which finds those whose replies are out already */
    server_settle(server, true);
    /* libmicrohttpd ends the process when it is stopped with a suspended connection. */
    server_serve(server);
    for (struct wsd_mhd_connection *connection = server->first; connection != NULL;
         connection = connection->next)
        wsd_mhd_connection_serve(connection);
}

/* ---- start ---- */

static HRESULT error_of_socket(int error)
{
    switch (error) {
    case EADDRINUSE:
        return HRESULT_FROM_WIN32(WSAEADDRINUSE);
    case EADDRNOTAVAIL:
    case EAFNOSUPPORT:
        return HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL);
    case EACCES:
    case EPERM:
        return E_ACCESSDENIED;
    case EMFILE:
    case ENFILE:
        return HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);
    default:
        return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
    }
}

/* "::" takes IPv4 too. */
static HRESULT listen_on(int fd, const struct addrinfo *address)
{
    int on = 1, off = 0;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        (address->ai_family == AF_INET6 &&
         setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off)) != 0) ||
        fcntl(fd, F_SETFL, O_NONBLOCK) != 0 ||
        bind(fd, address->ai_addr, address->ai_addrlen) != 0 ||
        listen(fd, SOMAXCONN) != 0)
        return error_of_socket(errno);
    return S_OK;
}

static uint16_t port_of(int fd)
{
    struct sockaddr_storage address;
    socklen_t size = sizeof(address);

    if (getsockname(fd, (struct sockaddr *)&address, &size) != 0)
        return 0;
    return ntohs(address.ss_family == AF_INET6
                     ? ((struct sockaddr_in6 *)&address)->sin6_port
                     : ((struct sockaddr_in *)&address)->sin_port);
}

static HRESULT server_listen(struct wsd_mhd_server *server,
                             const struct wsd_mhd_options *options)
{
    const struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
                                   .ai_socktype = SOCK_STREAM};
    struct addrinfo *address;
    int error;
    char service[8];
    HRESULT hr;

    (void)snprintf(service, sizeof(service), "%u", (unsigned)options->port);
    error = getaddrinfo(options->address, service, &hints, &address);
    if (error != 0)
        return error == EAI_MEMORY ? E_OUTOFMEMORY : HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL);
    server->listening = wsd_socket_open(address->ai_family, SOCK_STREAM, 0);
    hr = server->listening < 0 ? error_of_socket(errno)
                               : listen_on(server->listening, address);
    freeaddrinfo(address);
    if (hr == S_OK)
        server->port = port_of(server->listening);
    return hr == S_OK && server->port == 0 ? HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES)
                                           : hr;
}

static void server_on_log(void *context, const char *format, va_list arguments)
    __attribute__((format(printf, 2, 0)));
static void server_on_log(void *context, const char *format, va_list arguments)
{
    const struct wsd_mhd_server *server = context;
    const struct wsd_log_subject subject = {&server->dispatcher->options.observer,
                                            "libmicrohttpd", NULL};
    char text[256];

    (void)vsnprintf(text, sizeof(text), format, arguments);
    text[strcspn(text, "\r\n")] = '\0';
    wsd_observer_log(&subject, WSD_LOG_WARNING, WSD_LOG_SERVICE, S_OK, "%s", text);
}

/* tls: what MHD_OPTION_ARRAY takes. */
static HRESULT server_start_daemon(struct wsd_mhd_server *server,
                                   const struct wsd_mhd_options *options,
                                   const struct MHD_OptionItem *tls)
{
    unsigned flags = MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    unsigned idle_s =
        options->idle_timeout_ms == INFINITE
            ? 0
            : options->idle_timeout_ms / 1000 + (options->idle_timeout_ms % 1000 != 0);

    if (!options->without_epoll)
        flags |= wsd_mhd_watch_flag();
    if (options->certificate != NULL)
        flags |= MHD_USE_TLS;
    server->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, wsd_mhd_on_request, server, MHD_OPTION_EXTERNAL_LOGGER,
        server_on_log, server, MHD_OPTION_LISTEN_SOCKET, server->listening,
        MHD_OPTION_NOTIFY_CONNECTION, wsd_mhd_on_connection, server,
        MHD_OPTION_NOTIFY_COMPLETED, wsd_mhd_on_completed, server,
        MHD_OPTION_UNESCAPE_CALLBACK, wsd_mhd_decode_path, NULL,
        MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
        MHD_OPTION_PER_IP_CONNECTION_LIMIT, options->max_connections_per_peer,
        MHD_OPTION_CONNECTION_TIMEOUT, idle_s, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        CONNECTION_BYTES, MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_ARRAY, tls,
        MHD_OPTION_END);
    return server->daemon == NULL ? HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES) : S_OK;
}

static HRESULT server_start_tls_daemon(struct wsd_mhd_server *server,
                                       const struct wsd_mhd_options *options)
{
    struct MHD_OptionItem items[WSD_MHD_TLS_OPTIONS];
    struct wsd_mhd_tls tls;
    HRESULT hr = wsd_mhd_tls_load(&tls, server->mem, options->certificate, options->key,
                                  options->client_authorities);

    if (hr == S_OK) {
        server->asks_for_certificates = options->client_authorities != NULL;
        wsd_mhd_tls_options(&tls, items);
        hr = server_start_daemon(server, options, items);
    }
    wsd_mhd_tls_fini(&tls);
    return hr;
}

static HRESULT server_open(struct wsd_mhd_server *server,
                           const struct wsd_mhd_options *options)
{
    static const struct MHD_OptionItem no_tls = {MHD_OPTION_END, 0, NULL};
    HRESULT hr = wsd_monitor_init(&server->synced.monitor);

    if (hr == S_OK)
        hr = wsd_wake_fd_open(&server->wake);
    if (hr == S_OK)
        hr = wsd_poller_create(server->mem, &server->poller);
    if (hr == S_OK)
        hr = wsd_poller_create(server->mem, &server->rest);
    if (hr == S_OK)
        hr = server_listen(server, options);
    if (hr == S_OK)
        hr = options->certificate != NULL ? server_start_tls_daemon(server, options)
                                          : server_start_daemon(server, options, &no_tls);
    if (hr == S_OK)
        hr = wsd_poller_watch(server->poller, server->wake.read_end, WSD_POLLER_IN);
    if (hr == S_OK)
        hr = wsd_poller_watch(server->rest, server->wake.read_end, WSD_POLLER_IN);
    if (hr != S_OK)
        return hr;
    return wsd_mhd_watch_init(&server->watch, server->poller, server->daemon);
}

static void server_close(struct wsd_mhd_server *server)
{
    /* Of a listening socket that it was given it closes its own. */
    if (server->daemon != NULL)
        MHD_stop_daemon(server->daemon);
    else if (server->listening >= 0)
        close(server->listening);
    wsd_poller_destroy(server->poller);
    wsd_poller_destroy(server->rest);
    wsd_mhd_server_drop(server);
}

HRESULT wsd_mhd_server_start(const struct wsd_mem *mem,
                             const struct wsd_mhd_options *options,
                             struct wsd_dispatcher *dispatcher,
                             struct wsd_mhd_server **out)
{
    struct wsd_mhd_server *server = wsd_alloc(mem, sizeof(*server));
    HRESULT hr;

    *out = NULL;
    if (server == NULL)
        return E_OUTOFMEMORY;
    server->mem = mem;
    atomic_init(&server->references, 1);
    server->dispatcher = dispatcher;
    server->request_timeout_ms = options->request_timeout_ms;
    server->wake = (struct wsd_wake_fd)WSD_WAKE_FD_CLOSED;
    server->listening = -1;
    server->synced.queue_end = &server->synced.queue;
    server->check_ms = NEVER;
    hr = server_open(server, options);
    if (hr == S_OK)
        hr = wsd_thread_start(&server->thread, server_run, server);
    if (hr != S_OK) {
        server_close(server);
        return hr;
    }
    *out = server;
    return S_OK;
}

/* ---- stop ---- */

void wsd_mhd_server_quiesce(struct wsd_mhd_server *server)
{
    wsd_monitor_enter(&server->synced.monitor);
    server->synced.quiescing = true;
    wsd_monitor_leave(&server->synced.monitor);
    wsd_wake_fd_signal(&server->wake);
}

void wsd_mhd_server_stop(struct wsd_mhd_server *server)
{
    wsd_monitor_enter(&server->synced.monitor);
    server->synced.stopping = true;
    wsd_monitor_leave(&server->synced.monitor);
    wsd_wake_fd_signal(&server->wake);
    wsd_thread_join(&server->thread);
    server_close(server);
}
