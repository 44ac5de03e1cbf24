#include "transport_curl/curl_http.h"

#include <errno.h>
#include <string.h>

#include "mime/ascii.h"
#include "transport_curl/curl_error.h"
#include "transport_curl/curl_hosts.h"
#include "transport_curl/curl_replay.h"
#include "transport_curl/curl_tls.h"
#include "transport_curl/curl_url.h"
#include "wsd_client.h"
#include "wsd_error.h"

#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)

/* The longest time in seconds for which a connection that a body streams over has been
 * idle.  Some servers close theirs after five, and who has filled his ring by the time
 * that this shows has lost the message. */
#define MAX_IDLE_SECONDS 3L

static const struct wsd_curl_settings *
settings_of(const struct wsd_curl_transfer *transfer)
{
    return &wsd_curl_transport_options(transfer->transport)->settings;
}

/* ---- libcurl's callbacks ---- */

/* By the lines of the head, which libcurl has read. */
static void tell_challenge(struct wsd_curl_transfer *transfer)
{
    const struct wsd_transfer_handler_vtable *handler = transfer->handler->vtable;
    DWORD authentication = 0;
    long schemes = 0;

    if (handler->challenge == NULL)
        return;
    curl_easy_getinfo(transfer->easy, CURLINFO_HTTPAUTH_AVAIL, &schemes);
    if (schemes & (long)CURLAUTH_BASIC)
        authentication |= WSD_AUTHENTICATION_BASIC;
    if (schemes & (long)CURLAUTH_DIGEST)
        authentication |= WSD_AUTHENTICATION_DIGEST;
    handler->challenge(transfer->handler, authentication);
}

static HRESULT http_line(struct wsd_curl_transfer *transfer, const char *line,
                         size_t length)
{
    int status;
    HRESULT hr = wsd_curl_head_line(&transfer->head, line, length, &status);

    transfer->heard = true;
    if (FAILED(hr))
        return hr;
    if (status != 0) {
        transfer->head_ended = false;
        wsd_curl_replay_take_status(transfer, status, transfer->head.is_http_1_0);
    }
    if ((transfer->status != 0 || transfer->challenge != 0) &&
        (line[0] == '\r' || line[0] == '\n')) {
        transfer->head_ended = true;
        if (transfer->status == 401)
            tell_challenge(transfer);
        /* libcurl would look for the oldest among all to close. */
        if (transfer->status != 0 && wsd_curl_transport_is_crowded(transfer->transport))
            curl_easy_setopt(transfer->easy, CURLOPT_FORBID_REUSE, 1L);
    }
    return S_OK;
}

/* Before 8.7 libcurl forgets to put the body into chunks when the head did not go out in
 * one piece: the peer would take the document for sizes of chunks. */
static bool is_cut_head_fatal(const struct wsd_curl_transfer *transfer)
{
    return transfer->body_length == WSD_LENGTH_UNKNOWN && !transfer->body_has_chunks &&
           curl_version_info(CURLVERSION_NOW)->version_num < 0x080700;
}

/* Sees the first piece of the head, and no more: libcurl would tell of every write. */
static int http_on_debug(CURL *easy, curl_infotype type, char *bytes, size_t size,
                         void *context)
{
    struct wsd_curl_transfer *transfer = context;

    if (type != CURLINFO_HEADER_OUT)
        return 0;
    curl_easy_setopt(easy, CURLOPT_VERBOSE, 0L);
    if (size < 4 || memcmp(bytes + size - 4, "\r\n\r\n", 4) != 0) {
        transfer->failure = CONNECTION_ERROR;
        wsd_curl_transport_touch(transfer);
    }
    return 0;
}

/* There is a connection for a request.  One without a body is not pulled; but from here
 * on its head goes out. */
static int http_on_request(void *context, char *peer_ip, char *local_ip, int peer_port,
                           int local_port)
{
    struct wsd_curl_transfer *transfer = context;

    (void)peer_ip;
    (void)local_ip;
    transfer->connected = true;
    wsd_curl_transport_touch(transfer);
    if (!wsd_curl_replay_begin(transfer, local_port, peer_port))
        return CURL_PREREQFUNC_ABORT;
    if (transfer->body_length == 0)
        transfer->pulled = transfer->pulled_all = true;
    if (is_cut_head_fatal(transfer))
        curl_easy_setopt(transfer->easy, CURLOPT_VERBOSE, 1L);
    return CURL_PREREQFUNC_OK;
}

/* ---- the driver ---- */

static void http_tell_status(struct wsd_curl_transfer *transfer)
{
    if (transfer->refused_chunks)
        wsd_curl_transfer_log(
            transfer, WSD_LOG_WARNING, HTTP_E_STATUS((HRESULT)transfer->status),
            "the peer takes no chunks: declare the lengths of all attachments");
    if (transfer->body_length == 0 && !transfer->sent)
        wsd_curl_transfer_tell_sent(transfer);
    transfer->status_told = true;
    transfer->cut = !transfer->sent;
    transfer->handler->vtable->status(transfer->handler, transfer->status,
                                      transfer->sent);
}

static void http_settle(struct wsd_curl_transfer *transfer)
{
    if (wsd_curl_replay_renew(transfer))
        return;
    /* libcurl waits to write as long as it has anything of the body, but a refusal makes
     * it drop the rest. */
    if (transfer->pulled_all && !transfer->sent && transfer->status < 300 &&
        !(transfer->interest & CURL_POLL_OUT))
        wsd_curl_transfer_tell_sent(transfer);
    if (transfer->status != 0 && !transfer->status_told &&
        (transfer->sent || !transfer->pulled_all || transfer->status >= 300)) {
        http_tell_status(transfer);
        /* A paused upload never ends by itself, whatever the peer answers; continued,
         * libcurl reads a refusal to its end. */
        if (transfer->cut && transfer->paused)
            wsd_curl_transfer_continue(transfer);
    }
    /* When libcurl reads no more, and makes no new connection, the response has ended or
     * the peer has gone, but it would go on waiting for the body. */
    if (transfer->pulled && !transfer->sent && !transfer->full &&
        !(transfer->interest & CURL_POLL_IN) &&
        transfer->sockets == transfer->sockets_before) {
        HRESULT result = transfer->status != 0 ? S_OK : CONNECTION_ERROR;

        if (!wsd_curl_replay_retry(transfer, result))
            wsd_curl_transfer_finish(transfer, result);
    }
}

static enum wsd_curl_phase http_phase(const struct wsd_curl_transfer *transfer)
{
    if (transfer->sent || transfer->cut)
        return transfer->full ? WSD_CURL_FULL : WSD_CURL_AWAITING;
    if (!transfer->pulled) /* a challenge is being answered, or asked for */
        return WSD_CURL_AWAITING;
    return transfer->paused ? WSD_CURL_STARVING : WSD_CURL_SENDING;
}

/* What a failure of TLS is in particular. */
static HRESULT http_conclude_tls(const struct wsd_curl_transfer *transfer, HRESULT result)
{
    if (transfer->curl_result == CURLE_PEER_FAILED_VERIFICATION)
        return wsd_curl_tls_verdict(transfer->easy);
    if ((result == CONNECTION_ERROR ||
         transfer->curl_result == CURLE_SSL_CONNECT_ERROR) &&
        wsd_curl_tls_is_about_ours(transfer->error))
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED);
    return result;
}

/* Until there is a tunnel, it is the proxy that fails. */
static HRESULT http_conclude_proxy(const struct wsd_curl_transfer *transfer,
                                   HRESULT result)
{
    long status = 0;

    curl_easy_getinfo(transfer->easy, CURLINFO_HTTP_CONNECTCODE, &status);
    if (status == 407)
        return HTTP_E_STATUS(407);
    if (status >= 300 || result == HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT) ||
        (result == CONNECTION_ERROR && status == 0 && !transfer->pulled))
        return WS_E_PROXY_FAILURE;
    return result;
}

/* libcurl has no code of its own for a header line that is none, and before 8.6 none for
 * one of more than 100 KB. */
static HRESULT http_conclude_head(const struct wsd_curl_transfer *transfer,
                                  HRESULT result)
{
    if (transfer->curl_result == CURLE_BAD_FUNCTION_ARGUMENT)
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE);
    if (transfer->curl_result == CURLE_OUT_OF_MEMORY && !transfer->lacks_memory &&
        transfer->pulled && !transfer->head_ended)
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW);
    return result;
}

static HRESULT http_conclude_curl(struct wsd_curl_transfer *transfer, HRESULT result)
{
    long cause = 0;

    result = http_conclude_head(transfer, result);
    /* With CURLE_OK libcurl has sent all that it was given, unless a status of 300 or
     * more made it stop. */
    if (result == S_OK && transfer->pulled_all && !transfer->sent &&
        transfer->status < 300)
        wsd_curl_transfer_tell_sent(transfer);
    if (transfer->status != 0)
        return result == CONNECTION_ERROR ? WS_E_ENDPOINT_DISCONNECTED : result;
    if (FAILED(result) && settings_of(transfer)->texts[WSD_CURL_PROXY] != NULL)
        result = http_conclude_proxy(transfer, result);
    result = http_conclude_tls(transfer, result);
    if (result != CONNECTION_ERROR)
        return result;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &cause);
    return cause == ECONNRESET ? WSD_TRANSFER_RESET : result;
}

static HRESULT http_conclude(struct wsd_curl_transfer *transfer, HRESULT result)
{
    const char *content_type = NULL;

    wsd_curl_transfer_let_stand(transfer);
    if (wsd_curl_replay_is_dead(transfer, result))
        result = HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST);
    else if (transfer->curl_is_done && transfer->failure == S_OK)
        result = http_conclude_curl(transfer, result);
    if (transfer->body_length == 0 && transfer->pulled && !transfer->sent)
        wsd_curl_transfer_tell_sent(transfer); /* whatever came back */
    if (transfer->status != 0 && !transfer->status_told)
        http_tell_status(transfer);
    /* libcurl takes a head that was cut short for a response without a body. */
    if (result == S_OK && !transfer->head_ended)
        result = WS_E_ENDPOINT_DISCONNECTED;
    /* A body that ends with the connection may have lost its first byte too. */
    curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &content_type);
    if (result == S_OK && !transfer->body_begun && content_type != NULL)
        result = wsd_curl_transfer_begin_body(transfer, content_type);
    return result;
}

static const struct wsd_curl_protocol http_protocol = {
    .line = http_line,
    .settle = http_settle,
    .phase = http_phase,
    .conclude = http_conclude,
    .retry = wsd_curl_replay_retry,
};

/* ---- creation ---- */

static bool is_named(const char *line, const char *name)
{
    size_t length = strlen(name);

    return wsd_is_same_word(line, name, length) && line[length] == ':';
}

static bool has_line(const struct wsd_http_request *request, const char *name)
{
    for (size_t i = 0; request->headers[i] != NULL; i++)
        if (is_named(request->headers[i], name))
            return true;
    return false;
}

/* What the body's end is known by; chunks of its own end it, whatever its length. */
static void set_framing(struct wsd_curl_transfer *transfer,
                        const struct wsd_http_request *request)
{
    transfer->host = wsd_curl_hosts_key(request->url);
    transfer->known_length = request->body_length;
    transfer->body_has_chunks = request->body_has_chunks;
    transfer->in_chunks =
        request->prefers_chunks &&
        (request->body_length == WSD_LENGTH_UNKNOWN ||
         !wsd_curl_transport_needs_length(transfer->transport, transfer->host));
    transfer->body_length =
        transfer->in_chunks || (request->body_has_chunks && request->body_length > 0)
            ? WSD_LENGTH_UNKNOWN
            : request->body_length;
}

static struct wsd_curl_exposure exposure_of(const struct wsd_http_request *request)
{
    return (struct wsd_curl_exposure){
        .is_encrypted = wsd_is_same_word(request->url, "https:", strlen("https:")),
        .streams = request->streams ||
                   (request->body_length != 0 && request->body->vtable->rewind == NULL),
    };
}

/* The transport's, with the request's own credentials. */
static struct wsd_curl_settings settings_for(const struct wsd_curl_transfer *transfer,
                                             const struct wsd_http_request *request)
{
    struct wsd_curl_settings settings = *settings_of(transfer);

    if (request->user != NULL) {
        settings.texts[WSD_CURL_USER] = request->user;
        settings.texts[WSD_CURL_PASSWORD] = request->password;
        settings.authentication = request->authentication;
        settings.probes = true;
    }
    return settings;
}

static bool is_framing(const char *line)
{
    return is_named(line, "Content-Length") || is_named(line, "Transfer-Encoding");
}

/* With a probe libcurl says itself what follows, for it is not the same twice.
 * The first line of a name decides what libcurl does by itself, and it sends none that is
 * empty: an empty one in front of another makes it leave that one where it is. */
static HRESULT set_headers(struct wsd_curl_transfer *transfer,
                           const struct wsd_http_request *request)
{
    HRESULT hr = S_OK;

    if (has_line(request, "Host"))
        hr = wsd_curl_transfer_add_line(transfer, "Host:");
    if (hr == S_OK && request->body_has_chunks)
        hr = wsd_curl_transfer_add_line(transfer, "Transfer-Encoding:");
    for (size_t i = 0; hr == S_OK && request->headers[i] != NULL; i++)
        if (!transfer->probes || !is_framing(request->headers[i]))
            hr = wsd_curl_transfer_add_line(transfer, request->headers[i]);
    if (hr == S_OK) /* libcurl waits a second for a peer that does not know Expect */
        hr = wsd_curl_transfer_add_line(transfer, "Expect:");
    if (hr == S_OK)
        hr = wsd_curl_transfer_add_line(transfer, "Accept:");
    /* The last one, where curl_replay finds it. */
    if (hr == S_OK && transfer->body_length == WSD_LENGTH_UNKNOWN &&
        !has_line(request, "Transfer-Encoding") && !transfer->probes)
        hr = wsd_curl_transfer_add_line(transfer, "Transfer-Encoding: chunked");
    return hr;
}

static HRESULT set_options(struct wsd_curl_transfer *transfer,
                           const struct wsd_http_request *request,
                           const struct wsd_curl_settings *settings,
                           struct wsd_curl_exposure exposure)
{
    CURL *easy = transfer->easy;
    CURLcode code;

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, CURLOPT_##option, value)
    code = wsd_curl_settings_apply(settings, exposure, easy);
    SET(PROTOCOLS_STR, "http,https");
    SET(HTTP_VERSION,
        request->is_http_1_0 ? (long)CURL_HTTP_VERSION_1_0 : (long)CURL_HTTP_VERSION_1_1);
    SET(CUSTOMREQUEST, request->method);
    SET(REQUEST_TARGET, request->target);
    SET(PATH_AS_IS, request->target != NULL ? 1L : 0L); /* Digest has it from the URL */
    SET(HTTPHEADER, transfer->headers);
    SET(PREREQFUNCTION, http_on_request);
    SET(PREREQDATA, transfer);
    if (request->body_length == 0) {
        SET(NOBODY, strcmp(request->method, "HEAD") == 0 ? 1L : 0L);
    } else {
        SET(UPLOAD, 1L);
        SET(INFILESIZE_LARGE, transfer->body_length == WSD_LENGTH_UNKNOWN
                                  ? (curl_off_t)-1
                                  : (curl_off_t)transfer->body_length);
        /* An Expect of the caller's own is not waited for. */
        SET(EXPECT_100_TIMEOUT_MS, request->awaits_continue ? 1000L : 1L);
    }
    SET(DEBUGFUNCTION, http_on_debug);
    SET(DEBUGDATA, transfer);
    if (request->streams) {
        SET(MAXAGE_CONN, MAX_IDLE_SECONDS);
    }
    SET(FRESH_CONNECT, request->may_reuse_connection ? 0L : 1L);
    SET(FORBID_REUSE, request->may_reuse_connection ? 0L : 1L);
#undef SET
    return wsd_curl_error(code);
}

HRESULT wsd_curl_http_create(const struct wsd_mem *mem,
                             struct wsd_curl_transport *transport,
                             const struct wsd_http_request *request,
                             struct wsd_transfer_handler *handler,
                             struct wsd_curl_transfer **out)
{
    struct wsd_curl_transfer *transfer;
    const struct wsd_curl_exposure exposure = exposure_of(request);
    struct wsd_curl_settings settings;
    HRESULT hr = wsd_curl_url_check(request->url);

    if (hr == S_OK)
        hr = wsd_curl_transfer_create(mem, transport, &http_protocol, request->timeouts,
                                      handler, &transfer);
    if (FAILED(hr))
        return hr;
    transfer->body = request->body;
    transfer->message_id = request->message_id;
    transfer->is_encrypted = exposure.is_encrypted;
    set_framing(transfer, request);
    transfer->expects = request->awaits_continue;
    settings = settings_for(transfer, request);
    transfer->peer_answer = wsd_curl_settings_answer(&settings, exposure, 401);
    transfer->proxy_answer = wsd_curl_settings_answer(&settings, exposure, 407);
    transfer->probes = wsd_curl_settings_probe(&settings, exposure);
    hr = set_headers(transfer, request);
    if (hr == S_OK)
        hr = wsd_curl_transfer_set_options(transfer, request->url);
    if (hr == S_OK)
        hr = set_options(transfer, request, &settings, exposure);
    if (FAILED(hr)) {
        wsd_curl_transfer_destroy(transfer);
        return hr;
    }
    *out = transfer;
    return S_OK;
}
