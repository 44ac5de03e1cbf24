#include "service_mhd/mhd_connection.h"

#include <string.h>
#include <sys/socket.h>

#include "os/clock.h"
#include "service_mhd/mhd_request_check.h"
#include "service_mhd/mhd_tls.h"
#include "wsd_error.h"

#define NEVER UINT64_MAX
#define LOOK_MS 1000

static struct wsd_mhd_connection *connection_from_host(struct wsd_call_host *host)
{
    return (void *)((char *)host - offsetof(struct wsd_mhd_connection, host));
}

void wsd_mhd_connection_release(struct wsd_mhd_connection *connection)
{
    struct wsd_mhd_server *server = connection->server;

    if (atomic_fetch_sub(&connection->references, 1) > 1)
        return;
    wsd_free(wsd_mhd_server_mem(server), connection);
    wsd_mhd_server_drop(server);
}

/* ---- the call's host: any thread ---- */

static void connection_host_wake(struct wsd_call_host *host)
{
    wsd_mhd_server_request(connection_from_host(host));
}

static void connection_host_add_ref(struct wsd_call_host *host)
{
    atomic_fetch_add(&connection_from_host(host)->references, 1);
}

static void connection_host_release(struct wsd_call_host *host)
{
    wsd_mhd_connection_release(connection_from_host(host));
}

static const struct wsd_call_host_vtable connection_host_vtable = {
    .wake = connection_host_wake,
    .add_ref = connection_host_add_ref,
    .release = connection_host_release,
};

/* ---- the connection ---- */

static void connection_await_request(struct wsd_mhd_connection *connection)
{
    connection->deadline_ms =
        wsd_clock_deadline(wsd_mhd_server_request_timeout(connection->server));
    wsd_mhd_server_schedule(connection->server, connection->deadline_ms);
}

static void connection_open(struct wsd_mhd_server *server, struct MHD_Connection *mhd,
                            void **socket_context)
{
    struct wsd_mhd_connection *connection =
        wsd_alloc(wsd_mhd_server_mem(server), sizeof(*connection));

    *socket_context = connection;
    if (connection == NULL)
        return; /* its first request will find none, and be cut */
    connection->host.vtable = &connection_host_vtable;
    connection->server = server;
    wsd_mhd_server_keep(server);
    atomic_init(&connection->references, 1);
    connection->mhd = mhd;
    connection->pull_ms = NEVER;
    connection->fd =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    wsd_mhd_server_add(connection);
    connection_await_request(connection);
}

static void connection_close(struct wsd_mhd_connection *connection)
{
    if (connection == NULL)
        return;
    connection->mhd = NULL;
    wsd_mhd_server_remove(connection);
    wsd_mhd_connection_release(connection);
}

void wsd_mhd_on_connection(void *server, struct MHD_Connection *mhd,
                           void **socket_context,
                           enum MHD_ConnectionNotificationCode what)
{
    wsd_mhd_server_note(server);
    if (what == MHD_CONNECTION_NOTIFY_STARTED)
        connection_open(server, mhd, socket_context);
    else
        connection_close(*socket_context);
}

/* The peer sees a reset, if libmicrohttpd has not shut the connection down before: the
 * end of the message is missing in any case. */
static void connection_reset(const struct wsd_mhd_connection *connection)
{
    const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    (void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
}

static void connection_suspend(struct wsd_mhd_connection *connection)
{
    connection->suspended = true;
    MHD_suspend_connection(connection->mhd);
}

void wsd_mhd_connection_serve(struct wsd_mhd_connection *connection)
{
    if (connection->mhd == NULL || !connection->suspended)
        return;
    connection->suspended = false;
    MHD_resume_connection(connection->mhd);
}

void wsd_mhd_connection_settle(struct wsd_mhd_connection *connection)
{
    size_t taken;

    if (connection->call != NULL) /* a refusal comes again with the next bytes */
        (void)wsd_call_push(connection->call, NULL, 0, &taken);
}

/* libmicrohttpd waits for news of a socket once it gave less than was asked for, or once
 * a record of TLS held no content.  Of what was there before, the peer's end or more
 * bytes, none comes: setting this option makes Linux tell of them again. */
static void connection_ask_again(const struct wsd_mhd_connection *connection)
{
    const int one = 1;

    (void)setsockopt(connection->fd, SOL_SOCKET, SO_RCVLOWAT, &one, sizeof(one));
}

static void connection_look(struct wsd_mhd_connection *connection, uint64_t now_ms)
{
    if (connection->call == NULL || connection->whole)
        return;
    if (!connection->suspended)
        connection_ask_again(connection);
    wsd_mhd_server_schedule(connection->server, now_ms + LOOK_MS);
}

void wsd_mhd_connection_check(struct wsd_mhd_connection *connection, uint64_t now_ms)
{
    connection_look(connection, now_ms);
    if (connection->pull_ms > now_ms) {
        wsd_mhd_server_schedule(connection->server, connection->pull_ms);
    } else {
        connection->pull_ms = NEVER;
        if (connection->call != NULL)
            wsd_call_hurry(connection->call);
        wsd_mhd_connection_serve(connection);
    }
    if (connection->call != NULL && wsd_call_has_envelope(connection->call))
        connection->deadline_ms = NEVER;
    if (connection->deadline_ms > now_ms) {
        wsd_mhd_server_schedule(connection->server, connection->deadline_ms);
        return;
    }
    connection->deadline_ms = NEVER;
    (void)shutdown(connection->fd, SHUT_RDWR); /* libmicrohttpd finds it closed */
}

/* ---- the reply ---- */

static ssize_t connection_on_read(void *context, uint64_t position, char *buffer,
                                  size_t capacity)
{
    struct wsd_mhd_connection *connection = context;
    size_t size;

    (void)position;
    wsd_mhd_server_note(connection->server);
    switch (wsd_call_pull(connection->call, (uint8_t *)buffer, capacity, &size)) {
    case WSD_PULL_BYTES:
        return (ssize_t)size;
    case WSD_PULL_NOTHING_YET:
        connection->pull_ms = wsd_clock_deadline(WSD_PULL_AGAIN_MS);
        wsd_mhd_server_schedule(connection->server, connection->pull_ms);
        connection_suspend(connection);
        return 0;
    case WSD_PULL_NOTHING_NOW:
        connection_suspend(connection);
        return 0;
    case WSD_PULL_END:
        return MHD_CONTENT_READER_END_OF_STREAM;
    default:
        connection_reset(connection);
        return MHD_CONTENT_READER_END_WITH_ERROR;
    }
}

static bool add_header(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static enum MHD_Result connection_reply(struct wsd_mhd_connection *connection,
                                        const struct wsd_call_reply *reply)
{
    enum { BLOCK = 64 * 1024 };
    struct MHD_Response *response;
    enum MHD_Result queued = MHD_NO;
    bool complete = true;

    if (reply->has_body)
        response = MHD_create_response_from_callback(
            reply->body_length == WSD_LENGTH_UNKNOWN ? MHD_SIZE_UNKNOWN
                                                     : reply->body_length,
            BLOCK, connection_on_read, connection, NULL);
    else
        response = MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    if (response == NULL)
        return MHD_NO;
    if (reply->multipart)
        complete = add_header(response, "MIME-Version", "1.0");
    if (complete && reply->has_body)
        complete = add_header(response, "Content-Type", reply->content_type);
    if (complete && reply->status == 503)
        complete = add_header(response, "Retry-After", "1");
    if (complete && (reply->close || !connection->keep))
        complete = add_header(response, "Connection", "close");
    if (complete)
        queued = MHD_queue_response(connection->mhd, (unsigned)reply->status, response);
    MHD_destroy_response(response);
    return queued;
}

/* ---- requests ---- */

/* Says why, and nothing more of the request is read. */
static enum MHD_Result connection_refuse(struct wsd_mhd_connection *connection,
                                         const char *path,
                                         const struct wsd_mhd_check *check)
{
    const struct wsd_log_subject subject = {
        &wsd_mhd_server_dispatcher(connection->server)->options.observer, path, NULL};
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result queued = MHD_NO;

    wsd_observer_log(&subject, WSD_LOG_WARNING, WSD_LOG_SERVICE,
                     HTTP_E_STATUS(check->status), "%s", check->why);
    if (response == NULL)
        return MHD_NO;
    if (check->status != 405 || add_header(response, "Allow", "POST"))
        queued = MHD_queue_response(connection->mhd, (unsigned)check->status, response);
    MHD_destroy_response(response);
    return queued;
}

static enum MHD_Result connection_begin(struct wsd_mhd_connection *connection,
                                        const char *path,
                                        const struct wsd_mhd_check *check)
{
    const struct wsd_call_head head = {
        .path = path,
        .content_type =
            MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, "Content-Type"),
        .body_length = check->body_length,
    };
    struct wsd_dispatcher *dispatcher = wsd_mhd_server_dispatcher(connection->server);
    struct wsd_call_reply reply;

    if (check->status != 0)
        return connection_refuse(connection, path, check);
    connection->keep = check->keep;
    connection->whole = false;
    wsd_mhd_server_schedule(connection->server, wsd_clock_deadline(LOOK_MS));
    if (wsd_call_begin(dispatcher, &head, &connection->host, &connection->call) != S_OK)
        return MHD_NO;
    /* What is refused for its head is answered unread, if the client waits for that, or
     * if there may be too much of it; some read no reply before they have sent all. */
    if ((check->body_length > dispatcher->options.max_discard_bytes ||
         MHD_lookup_connection_value(connection->mhd, MHD_HEADER_KIND, "Expect") !=
             NULL) &&
        wsd_call_look(connection->call, &reply) == WSD_CALL_REPLIES)
        return connection_reply(connection, &reply);
    return MHD_YES;
}

/* The request's body goes to the call, as far as it takes it. */
static enum MHD_Result connection_push(struct wsd_mhd_connection *connection,
                                       const char *bytes, size_t *size)
{
    size_t taken;

    if (wsd_call_push(connection->call, (const uint8_t *)bytes, *size, &taken) != S_OK) {
        connection_reset(connection);
        return MHD_NO;
    }
    wsd_mhd_server_pushed(connection);
    *size -= taken;
    if (*size > 0)
        connection_suspend(connection);
    return MHD_YES;
}

static enum MHD_Result connection_answer(struct wsd_mhd_connection *connection)
{
    struct wsd_call_reply reply;

    connection->whole = true;
    wsd_call_finish(connection->call, S_OK);
    switch (wsd_call_look(connection->call, &reply)) {
    case WSD_CALL_REPLIES:
        return connection_reply(connection, &reply);
    case WSD_CALL_PENDING:
        connection_suspend(connection);
        return MHD_YES;
    default:
        connection_reset(connection);
        return MHD_NO;
    }
}

enum MHD_Result wsd_mhd_on_request(void *server, struct MHD_Connection *mhd,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes, size_t *size,
                                   void **request_context)
{
    struct wsd_mhd_connection *connection =
        MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    wsd_mhd_server_note(server);
    if (connection == NULL)
        return MHD_NO;
    if (*request_context == NULL) {
        struct wsd_mhd_check check;

        *request_context = connection;
        wsd_mhd_check_request(mhd, url, method, version, &check);
        if (wsd_mhd_server_asks_for_certificates(server) && !wsd_mhd_tls_admits(mhd)) {
            check.status = 403;
            check.why = "no certificate, or not a good one";
        }
        return connection_begin(connection, url, &check);
    }
    return *size > 0 ? connection_push(connection, bytes, size)
                     : connection_answer(connection);
}

/* A response that libmicrohttpd makes up for a bad chunk ends WITH_ERROR. */
static HRESULT result_of(enum MHD_RequestTerminationCode how)
{
    switch (how) {
    case MHD_REQUEST_TERMINATED_COMPLETED_OK:
        return S_OK;
    case MHD_REQUEST_TERMINATED_TIMEOUT_REACHED:
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT);
    case MHD_REQUEST_TERMINATED_DAEMON_SHUTDOWN:
        return E_ABORT;
    default:
        return WS_E_ENDPOINT_DISCONNECTED;
    }
}

void wsd_mhd_on_completed(void *server, struct MHD_Connection *mhd,
                          void **request_context, enum MHD_RequestTerminationCode how)
{
    struct wsd_mhd_connection *connection = *request_context;
    HRESULT result = result_of(how);

    (void)mhd;
    wsd_mhd_server_note(server);
    if (connection == NULL || connection->call == NULL)
        return;
    wsd_call_end(connection->call, result);
    connection->call = NULL;
    connection_ask_again(connection); /* the end may stand right behind the request */
    connection_await_request(connection);
}
