#include "wininet/http_request.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "wininet/internet_error.h"
#include "wininet/query_info.h"

#define WRONG_STATE INTERNET_E(INTERNET_INCORRECT_HANDLE_STATE)

struct wsd_connection *wsd_request_connection(const struct wsd_request *request)
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
    const struct wsd_connection *connection = wsd_request_connection(request);
    WORD usual = request->flags & INTERNET_FLAG_SECURE ? INTERNET_DEFAULT_HTTPS_PORT
                                                       : INTERNET_DEFAULT_HTTP_PORT;
    char port[8];

    wsd_text_append_string(text, connection->host);
    if (connection->port != 0 && connection->port != usual) {
        (void)snprintf(port, sizeof(port), ":%u", (unsigned)connection->port);
        wsd_text_append_string(text, port);
    }
}

void wsd_request_append_server(const struct wsd_request *request, struct wsd_text *url)
{
    wsd_text_append_string(url, request->flags & INTERNET_FLAG_SECURE ? "https://"
                                                                      : "http://");
    append_host(request, url);
}

HRESULT wsd_request_append_url(const struct wsd_request *request, struct wsd_text *url)
{
    wsd_request_append_server(request, url);
    return wsd_text_append_string(url, request->target);
}

HRESULT wsd_request_make_shape(struct wsd_request *request,
                               const struct wsd_request_start *start)
{
    struct wsd_session *session =
        (struct wsd_session *)wsd_request_connection(request)->object.parent;
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
/* ---- asking ---- */

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
        subject.response = wsd_transaction_response(request->object.synced.transaction);
    else if (request->state == WSD_REQUEST_UNSENT)
        hr = wsd_request_make_shape(request, &(struct wsd_request_start){0});
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
bool wsd_request_is_answered(struct wsd_request *request)
{
    bool is_answered = false;

    if (wsd_internet_object_enter(&request->object) == S_OK) {
        is_answered = request->state == WSD_REQUEST_ANSWERED;
        wsd_internet_object_leave(&request->object);
    }
    return is_answered;
}
