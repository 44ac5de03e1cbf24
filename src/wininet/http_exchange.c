#include "wininet/http_exchange.h"

#include <stdint.h>
#include <string.h>

#include "wininet/internet_error.h"
#include "wsd_client.h"

#define WRONG_STATE INTERNET_E(INTERNET_INCORRECT_HANDLE_STATE)
#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)
#define ABORTED INTERNET_E(INTERNET_CONNECTION_ABORTED)
#define RESET INTERNET_E(INTERNET_CONNECTION_RESET)
#define FORCE_RETRY INTERNET_E(INTERNET_FORCE_RETRY)

enum { DRAIN_BYTES = 16384 };

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
        hr = wsd_connection_get_login(wsd_request_connection(request), user, password);
    seam->user = *user;
    seam->password = *password == NULL ? "" : *password;
    seam->authentication = request->authentication;
    return hr;
}

static HRESULT start_seam(struct wsd_request *request, struct wsd_http_request *seam)
{
    struct wsd_session *session =
        (struct wsd_session *)wsd_request_connection(request)->object.parent;
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
    wsd_request_append_server(request, &url);
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
            .may_reuse_connection = !request->shape.ends_connection,
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
    hr = wsd_request_make_shape(request, start);
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
    HRESULT hr =
        wsd_connection_get_login(wsd_request_connection(request), &user, &password);

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
    char bytes[1024];
    size_t read = sizeof(bytes);

    for (size_t done = 0; done < DRAIN_BYTES && read == sizeof(bytes); done += read)
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
