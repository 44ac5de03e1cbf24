#include "transport_curl/curl_http.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "mime/ascii.h"
#include "os/clock.h"
#include "transport_curl/curl_error.h"
#include "transport_curl/curl_tls.h"
#include "transport_curl/curl_url.h"
#include "wsd_client.h"
#include "wsd_error.h"

#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)

static const struct wsd_curl_settings *
settings_of(const struct wsd_curl_transfer *transfer)
{
    return &wsd_curl_transport_options(transfer->transport)->settings;
}

/* ---- libcurl's callbacks ---- */

/* libcurl may answer it by sending the request once more.  What streams is gone when it
 * was pulled. */
static bool may_be_answered(const struct wsd_curl_transfer *transfer, int status)
{
    bool has_all = !transfer->pulled || transfer->body_length == 0 ||
                   transfer->body->vtable->rewind != NULL;

    if (status == 417)
        return transfer->expects && has_all;
    if (transfer->probes && !transfer->pulled && status < 300)
        return true;
    return transfer->answers && (status == 401 || status == 407) && has_all;
}

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

    if (FAILED(hr))
        return hr;
    if (status != 0) {
        transfer->challenge = 0;
        transfer->head_ended = false;
        if (may_be_answered(transfer, status)) {
            transfer->challenge = status;
            transfer->pulled = false;
        } else if (status >= 200 && transfer->status == 0) {
            transfer->status = status;
        }
    }
    if ((transfer->status != 0 || transfer->challenge != 0) &&
        (line[0] == '\r' || line[0] == '\n')) {
        transfer->head_ended = true;
        if (transfer->status == 401)
            tell_challenge(transfer);
    }
    return S_OK;
}

/* From here on the head goes out; a request without a body is not pulled. */
static int http_on_connected(void *context, char *peer_ip, char *local_ip, int peer_port,
                             int local_port)
{
    struct wsd_curl_transfer *transfer = context;

    (void)peer_ip;
    (void)local_ip;
    (void)peer_port;
    (void)local_port;
    transfer->connected = true;
    if (transfer->body_length == 0)
        transfer->pulled = transfer->pulled_all = true;
    wsd_curl_transport_touch(transfer);
    return CURL_PREREQFUNC_OK;
}

/* Before 8.7 libcurl forgets to put the body into chunks when the head did not go out in
 * one piece: the peer would take the document for sizes of chunks. */
static bool is_cut_head_fatal(const struct wsd_http_request *request)
{
    return request->body_length == WSD_LENGTH_UNKNOWN && !request->body_has_chunks &&
           curl_version_info(CURLVERSION_NOW)->version_num < 0x080700;
}

static int http_on_debug(CURL *easy, curl_infotype type, char *bytes, size_t size,
                         void *context)
{
    struct wsd_curl_transfer *transfer = context;

    (void)easy;
    if (type == CURLINFO_HEADER_OUT &&
        (size < 4 || memcmp(bytes + size - 4, "\r\n\r\n", 4) != 0)) {
        transfer->failure = CONNECTION_ERROR;
        wsd_curl_transport_touch(transfer);
    }
    return 0;
}

/* ---- I/O thread ---- */

static void http_tell_status(struct wsd_curl_transfer *transfer)
{
    if (transfer->body_length == 0 && !transfer->sent)
        wsd_curl_transfer_tell_sent(transfer);
    transfer->status_told = true;
    transfer->cut = !transfer->sent;
    transfer->handler->vtable->status(transfer->handler, transfer->status,
                                      transfer->sent);
}

static void http_settle(struct wsd_curl_transfer *transfer)
{
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
    /* When libcurl reads no more, the response has ended or the peer has gone, but it
     * would go on waiting for the body. */
    if (transfer->pulled && !transfer->sent && !transfer->full &&
        !(transfer->interest & CURL_POLL_IN))
        wsd_curl_transfer_finish(transfer,
                                 transfer->status != 0 ? S_OK : CONNECTION_ERROR);
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
    if (transfer->curl_result == CURLE_OUT_OF_MEMORY && transfer->pulled &&
        !transfer->head_ended)
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

    if (transfer->status == 0)
        transfer->status = transfer->challenge;
    if (transfer->curl_is_done && transfer->failure == S_OK)
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

/* Chunks end a body, whatever its length. */
static uint64_t length_of(const struct wsd_http_request *request)
{
    return request->body_has_chunks && request->body_length > 0 ? WSD_LENGTH_UNKNOWN
                                                                : request->body_length;
}

static struct wsd_curl_exposure exposure_of(const struct wsd_http_request *request)
{
    return (struct wsd_curl_exposure){
        .is_encrypted = wsd_is_same_word(request->url, "https:", strlen("https:")),
        .is_repeatable =
            request->body_length == 0 || request->body->vtable->rewind != NULL,
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
    if (hr == S_OK && request->body_length == WSD_LENGTH_UNKNOWN &&
        !has_line(request, "Transfer-Encoding") && !transfer->probes)
        hr = wsd_curl_transfer_add_line(transfer, "Transfer-Encoding: chunked");
    if (hr == S_OK) /* libcurl waits a second for a peer that does not know Expect */
        hr = wsd_curl_transfer_add_line(transfer, "Expect:");
    if (hr == S_OK)
        hr = wsd_curl_transfer_add_line(transfer, "Accept:");
    return hr;
}

static HRESULT set_options(struct wsd_curl_transfer *transfer,
                           const struct wsd_http_request *request,
                           const struct wsd_curl_settings *settings)
{
    CURL *easy = transfer->easy;
    CURLcode code;

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, CURLOPT_##option, value)
    code = wsd_curl_settings_apply(settings, exposure_of(request), easy);
    SET(PROTOCOLS_STR, "http,https");
    SET(HTTP_VERSION,
        request->is_http_1_0 ? (long)CURL_HTTP_VERSION_1_0 : (long)CURL_HTTP_VERSION_1_1);
    SET(CUSTOMREQUEST, request->method);
    SET(REQUEST_TARGET, request->target);
    SET(PATH_AS_IS, request->target != NULL ? 1L : 0L); /* Digest has it from the URL */
    SET(HTTPHEADER, transfer->headers);
    SET(PREREQFUNCTION, http_on_connected);
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
    if (is_cut_head_fatal(request)) {
        SET(VERBOSE, 1L);
        SET(DEBUGFUNCTION, http_on_debug);
        SET(DEBUGDATA, transfer);
    }
    /* A body that streams cannot be sent again when a kept connection proves dead. */
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
    struct wsd_curl_settings settings;
    HRESULT hr = wsd_curl_url_check(request->url);

    if (hr == S_OK)
        hr = wsd_curl_transfer_create(mem, transport, &http_protocol, request->timeouts,
                                      handler, &transfer);
    if (FAILED(hr))
        return hr;
    transfer->body = request->body;
    transfer->message_id = request->message_id;
    transfer->body_length = length_of(request);
    transfer->expects = request->awaits_continue;
    settings = settings_for(transfer, request);
    transfer->answers = wsd_curl_settings_answer(&settings, exposure_of(request));
    transfer->probes = wsd_curl_settings_probe(&settings, exposure_of(request));
    hr = set_headers(transfer, request);
    if (hr == S_OK)
        hr = wsd_curl_transfer_set_options(transfer, request->url);
    if (hr == S_OK)
        hr = set_options(transfer, request, &settings);
    if (FAILED(hr)) {
        wsd_curl_transfer_destroy(transfer);
        return hr;
    }
    *out = transfer;
    return S_OK;
}
