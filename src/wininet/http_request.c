#include "wininet/http_request.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "wininet/internet_error.h"
#include "wininet/query_info.h"
#include "wsd_client.h"

#define WRONG_STATE INTERNET_E(INTERNET_INCORRECT_HANDLE_STATE)
#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)
#define ABORTED INTERNET_E(INTERNET_CONNECTION_ABORTED)
#define RESET INTERNET_E(INTERNET_CONNECTION_RESET)
#define FORCE_RETRY INTERNET_E(INTERNET_FORCE_RETRY)

enum { DRAIN_BYTES = 16384 };

static struct wsd_connection *connection_of(const struct wsd_request *request)
{
    return (struct wsd_connection *)request->object.parent;
}

static HRESULT request_close(struct wsd_internet_object *object)
{
    wsd_internet_object_shut(object);
    wsd_internet_object_cancel(object);
    return S_OK;
}

static void request_fini(struct wsd_internet_object *object)
{
    struct wsd_request *request = (struct wsd_request *)object;

    wsd_free(object->mem, request->method);
    wsd_free(object->mem, request->target);
    wsd_header_list_fini(&request->lines);
    wsd_request_shape_fini(&request->shape);
}

/* ---- creation ---- */

static bool is_empty(const char *text)
{
    return text == NULL || *text == '\0';
}

static bool is_plain(const char *text)
{
    return text == NULL || wsd_field_is_line(text, strlen(text));
}

static HRESULT check(const char *verb, const char *object_name, const char *version,
                     const char *referrer, const char *const *accept_types)
{
    if (!is_empty(verb) && !wsd_field_is_token(verb, strlen(verb)))
        return E_INVALIDARG;
    if (!is_plain(object_name) || !is_plain(version) || !is_plain(referrer))
        return E_INVALIDARG;
    for (size_t i = 0; accept_types != NULL && accept_types[i] != NULL; i++)
        if (!is_plain(accept_types[i]))
            return E_INVALIDARG;
    return S_OK;
}

static HRESULT set_target(struct wsd_request *request, const char *object_name)
{
    struct wsd_text target;

    wsd_text_init(&target, request->object.mem, SIZE_MAX);
    if (object_name == NULL || *object_name != '/')
        wsd_text_append_string(&target, "/");
    for (; object_name != NULL && *object_name != '\0'; object_name++) {
        if (*object_name == ' ' || *object_name == '\t')
            wsd_text_append_string(&target, *object_name == ' ' ? "%20" : "%09");
        else
            wsd_text_append(&target, object_name, 1);
    }
    request->target = wsd_text_detach(&target);
    wsd_text_fini(&target);
    return request->target == NULL ? E_OUTOFMEMORY : S_OK;
}

static HRESULT add_accept(struct wsd_request *request, const char *const *accept_types)
{
    struct wsd_text value;
    HRESULT hr;

    wsd_text_init(&value, request->object.mem, SIZE_MAX);
    for (size_t i = 0; accept_types[i] != NULL; i++) {
        if (i > 0)
            wsd_text_append_string(&value, ", ");
        wsd_text_append_string(&value, accept_types[i]);
    }
    hr = value.error;
    if (hr == S_OK && value.length > 0)
        hr = wsd_header_list_add(&request->lines, "Accept", value.bytes);
    wsd_text_fini(&value);
    return hr;
}

static HRESULT fill(struct wsd_request *request, const char *verb,
                    const char *object_name, const char *version, const char *referrer,
                    const char *const *accept_types)
{
    HRESULT hr = S_OK;

    if (is_empty(verb))
        verb = "GET";
    request->is_http_1_0 = version != NULL && strcmp(version, "HTTP/1.0") == 0;
    request->method = wsd_copy(request->object.mem, verb, strlen(verb));
    if (request->method == NULL)
        return E_OUTOFMEMORY;
    hr = set_target(request, object_name);
    if (hr == S_OK && !is_empty(referrer))
        hr = wsd_header_list_add(&request->lines, "Referer", referrer);
    if (hr == S_OK && accept_types != NULL)
        hr = add_accept(request, accept_types);
    return hr;
}

HRESULT wsd_request_create(struct wsd_connection *connection, const char *verb,
                           const char *object_name, const char *version,
                           const char *referrer, const char *const *accept_types,
                           DWORD flags, struct wsd_request **out)
{
    const struct wsd_mem *mem = connection->object.mem;
    struct wsd_internet_options options;
    struct wsd_request *request;
    HRESULT hr = check(verb, object_name, version, referrer, accept_types);

    if (FAILED(hr))
        return hr;
    request = wsd_alloc(mem, sizeof(*request));
    if (request == NULL)
        return E_OUTOFMEMORY;
    request->object.close = request_close;
    request->object.fini = request_fini;
    request->flags = flags;
    wsd_header_list_init(&request->lines, mem);
    wsd_internet_object_get_options(&connection->object, &options);
    hr = wsd_internet_object_init(&request->object, mem, WSD_INTERNET_REQUEST,
                                  &connection->object, &options);
    if (hr == S_OK)
        hr = fill(request, verb, object_name, version, referrer, accept_types);
    if (FAILED(hr)) {
        wsd_handle_object_release(&request->object.base);
        return hr;
    }
    *out = request;
    return S_OK;
}

/* ---- the head ---- */

static void append_host(const struct wsd_request *request, struct wsd_text *text)
{
    const struct wsd_connection *connection = connection_of(request);
    WORD usual = request->flags & INTERNET_FLAG_SECURE ? INTERNET_DEFAULT_HTTPS_PORT
                                                       : INTERNET_DEFAULT_HTTP_PORT;
    char port[8];

    wsd_text_append_string(text, connection->host);
    if (connection->port != 0 && connection->port != usual) {
        snprintf(port, sizeof(port), ":%u", (unsigned)connection->port);
        wsd_text_append_string(text, port);
    }
}

static void append_server(const struct wsd_request *request, struct wsd_text *url)
{
    wsd_text_append_string(url, request->flags & INTERNET_FLAG_SECURE ? "https://"
                                                                      : "http://");
    append_host(request, url);
}

HRESULT wsd_request_append_url(const struct wsd_request *request, struct wsd_text *url)
{
    append_server(request, url);
    return wsd_text_append_string(url, request->target);
}

static HRESULT shape(struct wsd_request *request, const struct wsd_request_start *start)
{
    struct wsd_session *session =
        (struct wsd_session *)connection_of(request)->object.parent;
    struct wsd_text host;
    HRESULT hr;

    wsd_text_init(&host, request->object.mem, SIZE_MAX);
    append_host(request, &host);
    hr = host.error;
    wsd_request_shape_fini(&request->shape);
    if (hr == S_OK) {
        const struct wsd_request_head head = {
            .method = request->method,
            .host = host.bytes,
            .agent = session->agent,
            .flags = request->flags,
            .is_http_1_0 = request->is_http_1_0,
            .lines = &request->lines,
            .more = start->more,
            .more_length = start->more_length,
            .wants_chunks = start->wants_chunks,
            .total = start->total,
            .is_whole = start->is_whole,
        };

        hr = wsd_request_head_shape(&head, &request->shape, request->object.mem);
    }
    wsd_text_fini(&host);
    if (hr == S_OK && start->size > request->shape.length)
        hr = E_INVALIDARG;
    return hr;
}

HRESULT wsd_request_add_headers(struct wsd_request *request, const char *text,
                                size_t length, DWORD modifiers)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = request->state == WSD_REQUEST_OPEN
             ? WRONG_STATE
             : wsd_header_list_modify(&request->lines, text, length, modifiers);
    wsd_internet_object_leave(&request->object);
    return hr;
}

/* ---- sending ---- */

static struct wsd_transaction *transaction_of(struct wsd_request *request)
{
    return request->object.synced.transaction;
}

/* A connection that ended without a byte is no response. */
static HRESULT judge(struct wsd_request *request, HRESULT hr)
{
    if ((hr != ABORTED && hr != RESET) || transaction_of(request) == NULL)
        return hr;
    return wsd_transaction_was_answered(transaction_of(request))
               ? RESET
               : INTERNET_E(HTTP_INVALID_SERVER_RESPONSE);
}

static HRESULT fail(struct wsd_request *request, HRESULT hr)
{
    request->state = WSD_REQUEST_FAILED;
    wsd_internet_object_set_transaction(&request->object, NULL);
    return hr;
}

/* With one NULL behind them. */
static const char *const *seam_lines(const struct wsd_request *request)
{
    const struct wsd_header_list *lines = &request->shape.lines;
    const char **array =
        wsd_alloc(request->object.mem, (lines->count + 1) * sizeof(*array));

    for (size_t i = 0; array != NULL && i < lines->count; i++)
        array[i] = lines->lines[i];
    return array;
}

/* Adds name and password, for the caller to free, if the server has asked for them and
 * the application has not given them itself. */
static HRESULT add_login(struct wsd_request *request, char **user, char **password,
                         struct wsd_http_request *seam)
{
    HRESULT hr = S_OK;

    *user = *password = NULL;
    if (request->authentication != 0 &&
        !wsd_header_list_has(&request->shape.lines, "Authorization"))
        hr = wsd_connection_get_login(connection_of(request), user, password);
    seam->user = *user;
    seam->password = *password == NULL ? "" : *password;
    seam->authentication = request->authentication;
    return hr;
}

static HRESULT start_seam(struct wsd_request *request, struct wsd_http_request *seam)
{
    struct wsd_session *session =
        (struct wsd_session *)connection_of(request)->object.parent;
    struct wsd_transaction *transaction;
    struct wsd_transport *transport;
    char *user, *password;
    HRESULT hr = add_login(request, &user, &password, seam);

    if (hr == S_OK)
        hr = wsd_session_transport(session, &transport);
    if (hr == S_OK)
        hr = wsd_transaction_start_http(request->object.mem, transport, seam,
                                        &transaction);
    if (hr == S_OK)
        wsd_internet_object_set_transaction(&request->object, transaction);
    wsd_free(request->object.mem, user);
    wsd_free(request->object.mem, password);
    return hr;
}

static HRESULT start_transfer(struct wsd_request *request)
{
    const char *const *lines = seam_lines(request);
    struct wsd_internet_options options;
    struct wsd_text url;
    HRESULT hr;

    wsd_text_init(&url, request->object.mem, SIZE_MAX);
    append_server(request, &url);
    /* Digest takes it from here. */
    hr = wsd_text_append_string(&url, request->authentication == WSD_AUTHENTICATION_DIGEST
                                          ? request->target
                                          : "/");
    if (lines == NULL)
        hr = E_OUTOFMEMORY;
    wsd_internet_object_get_options(&request->object, &options);
    if (hr == S_OK) {
        struct wsd_http_request seam = {
            .url = url.bytes,
            .method = request->method,
            .target = request->target,
            .headers = lines,
            .body_length = request->shape.length,
            .body_has_chunks = request->shape.has_chunks,
            .is_http_1_0 = request->is_http_1_0,
            .may_reuse_connection = true,
            .timeouts = &options.timeouts,
        };

        hr = start_seam(request, &seam);
    }
    wsd_text_fini(&url);
    wsd_free(request->object.mem, (void *)(uintptr_t)lines);
    return hr;
}

static HRESULT begin(struct wsd_request *request, const struct wsd_request_start *start)
{
    size_t written;
    HRESULT hr;

    if (request->state == WSD_REQUEST_OPEN)
        return WRONG_STATE;
    wsd_internet_object_set_transaction(&request->object, NULL);
    request->state = WSD_REQUEST_UNSENT;
    request->accepted = 0;
    hr = shape(request, start);
    if (FAILED(hr))
        return hr;
    hr = start_transfer(request);
    if (hr == S_OK)
        hr = judge(request, wsd_transaction_await_start(transaction_of(request)));
    if (FAILED(hr))
        return fail(request, hr);
    request->state = WSD_REQUEST_OPEN;
    if (start->size == 0)
        return S_OK;
    hr = wsd_transaction_write(transaction_of(request), start->bytes, start->size,
                               &written);
    request->accepted = written;
    /* A server that has answered already is heard by wsd_request_end(). */
    if (FAILED(hr) && !wsd_transaction_was_answered(transaction_of(request)))
        return fail(request, judge(request, hr));
    return S_OK;
}

HRESULT wsd_request_begin(struct wsd_request *request,
                          const struct wsd_request_start *start)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = begin(request, start);
    wsd_internet_object_leave(&request->object);
    return hr;
}

HRESULT wsd_request_write(struct wsd_request *request, const void *bytes, size_t size,
                          size_t *written)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    if (request->state != WSD_REQUEST_OPEN)
        hr = WRONG_STATE;
    else if (size > request->shape.length - request->accepted)
        hr = E_INVALIDARG;
    else
        hr = wsd_transaction_write(transaction_of(request), bytes, size, written);
    request->accepted += *written;
    wsd_internet_object_leave(&request->object);
    return hr;
}

/* ---- the response ---- */

/* How the server's challenge can be answered; 0: in no way.  Digest is better than Basic,
 * but what the application frames cannot follow a probe, and libcurl knows no fragment.
 */
static HRESULT choose(struct wsd_request *request, DWORD *chosen)
{
    const struct wsd_mem *mem = request->object.mem;
    DWORD given = wsd_transaction_challenge(transaction_of(request));
    char *user, *password;
    HRESULT hr = wsd_connection_get_login(connection_of(request), &user, &password);

    *chosen = 0;
    if (hr == S_OK && user != NULL) {
        if ((given & WSD_AUTHENTICATION_DIGEST) && !request->shape.has_chunks &&
            strchr(request->target, '#') == NULL)
            *chosen = WSD_AUTHENTICATION_DIGEST;
        else if ((given & WSD_AUTHENTICATION_BASIC) && strchr(user, ':') == NULL)
            *chosen = WSD_AUTHENTICATION_BASIC;
    }
    wsd_free(mem, user);
    wsd_free(mem, password);
    return hr;
}

static bool may_authorize(struct wsd_request *request)
{
    return !request->was_refused && !(request->flags & INTERNET_FLAG_NO_AUTH) &&
           !wsd_header_list_has(&request->lines, "Authorization");
}

/* Fewer bytes than announced: the transfer must not wait for the others. */
static HRESULT end_short(struct wsd_request *request)
{
    size_t written;
    HRESULT hr = wsd_transaction_write(transaction_of(request), NULL, 0, &written);

    return FAILED(hr) ? S_OK : ABORTED; /* it has ended before: by what? */
}

/* The connection of a response that was read to its end is used again. */
static void drain(struct wsd_request *request)
{
    char bytes[DRAIN_BYTES];
    size_t read;

    wsd_transaction_read(transaction_of(request), bytes, sizeof(bytes), &read);
}

static HRESULT end(struct wsd_request *request)
{
    const struct wsd_request_shape *shape = &request->shape;
    HRESULT hr = S_OK;
    DWORD chosen = 0;

    if (request->state == WSD_REQUEST_ANSWERED)
        return WRONG_STATE;
    if (request->state != WSD_REQUEST_OPEN)
        return CANCELLED;
    if (shape->length != WSD_LENGTH_UNKNOWN && request->accepted < shape->length)
        hr = end_short(request);
    if (FAILED(hr))
        return fail(request, hr);
    wsd_transaction_end(transaction_of(request));
    hr = judge(request, wsd_transaction_await_response(transaction_of(request)));
    if (FAILED(hr))
        return fail(request, hr);
    request->state = WSD_REQUEST_ANSWERED;
    if (may_authorize(request))
        hr = choose(request, &chosen);
    if (FAILED(hr))
        return fail(request, hr);
    request->was_refused = chosen != 0;
    if (chosen == 0)
        return S_OK;
    request->authentication = chosen;
    drain(request);
    return fail(request, FORCE_RETRY);
}

HRESULT wsd_request_end(struct wsd_request *request)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = end(request);
    wsd_internet_object_leave(&request->object);
    return hr;
}

HRESULT wsd_request_send(struct wsd_request *request,
                         const struct wsd_request_start *start)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    do {
        hr = begin(request, start);
        if (hr == S_OK)
            hr = end(request);
    } while (hr == FORCE_RETRY); /* once: then was_refused is set */
    wsd_internet_object_leave(&request->object);
    return hr;
}

static HRESULT query(struct wsd_request *request, DWORD level, void *buffer,
                     DWORD *length, DWORD *index)
{
    bool of_request = level & HTTP_QUERY_FLAG_REQUEST_HEADERS;
    const char *version = request->is_http_1_0 ? "HTTP/1.0" : "HTTP/1.1";
    struct wsd_query_subject subject = {
        .method = request->method,
        .version = version,
        .request_lines = &request->shape.lines,
        .is_unsent = request->state == WSD_REQUEST_UNSENT,
    };
    struct wsd_text line;
    HRESULT hr = S_OK;

    if (request->state == WSD_REQUEST_OPEN && !of_request)
        return WRONG_STATE;
    if (request->state == WSD_REQUEST_ANSWERED)
        subject.response = wsd_transaction_response(transaction_of(request));
    else if (request->state == WSD_REQUEST_UNSENT)
        hr = shape(request, &(struct wsd_request_start){0});
    wsd_text_init(&line, request->object.mem, SIZE_MAX);
    wsd_text_append_string(&line, request->method);
    wsd_text_append_string(&line, " ");
    wsd_text_append_string(&line, request->target);
    wsd_text_append_string(&line, " ");
    wsd_text_append_string(&line, version);
    wsd_text_append_string(&line, "\r\n");
    subject.request_line = line.bytes;
    if (hr == S_OK)
        hr = line.error;
    if (hr == S_OK)
        hr = wsd_query_info(&subject, level, buffer, length, index, request->object.mem);
    wsd_text_fini(&line);
    return hr;
}

HRESULT wsd_request_query_info(struct wsd_request *request, DWORD level, void *buffer,
                               DWORD *length, DWORD *index)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = query(request, level, buffer, length, index);
    wsd_internet_object_leave(&request->object);
    return hr;
}

HRESULT wsd_request_read(struct wsd_request *request, void *bytes, size_t size,
                         size_t *read)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = request->state != WSD_REQUEST_ANSWERED
             ? WRONG_STATE
             : wsd_transaction_read(transaction_of(request), bytes, size, read);
    wsd_internet_object_leave(&request->object);
    return hr == ABORTED ? RESET : hr;
}

HRESULT wsd_request_available(struct wsd_request *request, size_t *available)
{
    HRESULT hr = wsd_internet_object_enter(&request->object);

    if (FAILED(hr))
        return hr;
    hr = request->state != WSD_REQUEST_ANSWERED
             ? WRONG_STATE
             : wsd_transaction_available(transaction_of(request), available);
    wsd_internet_object_leave(&request->object);
    return hr == ABORTED ? RESET : hr;
}

bool wsd_request_is_answered(struct wsd_request *request)
{
    bool is_answered = false;

    if (wsd_internet_object_enter(&request->object) == S_OK) {
        is_answered = request->state == WSD_REQUEST_ANSWERED;
        wsd_internet_object_leave(&request->object);
    }
    return is_answered;
}
