#include "wininet/query_info.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "base/text.h"
#include "wininet/internet_error.h"

#define NOT_FOUND INTERNET_E(HTTP_HEADER_NOT_FOUND)
#define FLAGS                                                                            \
    (HTTP_QUERY_FLAG_REQUEST_HEADERS | HTTP_QUERY_FLAG_NUMBER | HTTP_QUERY_FLAG_NUMBER64)
#define ALL_FLAGS 0xFF000000u

/* The levels that are names of headers. */
static const char *const names[] = {
    [HTTP_QUERY_MIME_VERSION] = "MIME-Version",
    [HTTP_QUERY_CONTENT_TYPE] = "Content-Type",
    [HTTP_QUERY_CONTENT_TRANSFER_ENCODING] = "Content-Transfer-Encoding",
    [HTTP_QUERY_CONTENT_ID] = "Content-ID",
    [HTTP_QUERY_CONTENT_DESCRIPTION] = "Content-Description",
    [HTTP_QUERY_CONTENT_LENGTH] = "Content-Length",
    [HTTP_QUERY_CONTENT_LANGUAGE] = "Content-Language",
    [HTTP_QUERY_ALLOW] = "Allow",
    [HTTP_QUERY_DATE] = "Date",
    [HTTP_QUERY_EXPIRES] = "Expires",
    [HTTP_QUERY_LAST_MODIFIED] = "Last-Modified",
    [HTTP_QUERY_LINK] = "Link",
    [HTTP_QUERY_PRAGMA] = "Pragma",
    [HTTP_QUERY_CONNECTION] = "Connection",
    [HTTP_QUERY_ACCEPT] = "Accept",
    [HTTP_QUERY_AUTHORIZATION] = "Authorization",
    [HTTP_QUERY_CONTENT_ENCODING] = "Content-Encoding",
    [HTTP_QUERY_LOCATION] = "Location",
    [HTTP_QUERY_REFERER] = "Referer",
    [HTTP_QUERY_RETRY_AFTER] = "Retry-After",
    [HTTP_QUERY_SERVER] = "Server",
    [HTTP_QUERY_USER_AGENT] = "User-Agent",
    [HTTP_QUERY_WWW_AUTHENTICATE] = "WWW-Authenticate",
    [HTTP_QUERY_PROXY_AUTHENTICATE] = "Proxy-Authenticate",
    [HTTP_QUERY_ACCEPT_RANGES] = "Accept-Ranges",
    [HTTP_QUERY_SET_COOKIE] = "Set-Cookie",
    [HTTP_QUERY_COOKIE] = "Cookie",
    [HTTP_QUERY_REFRESH] = "Refresh",
    [HTTP_QUERY_CONTENT_DISPOSITION] = "Content-Disposition",
    [HTTP_QUERY_AGE] = "Age",
    [HTTP_QUERY_CACHE_CONTROL] = "Cache-Control",
    [HTTP_QUERY_CONTENT_LOCATION] = "Content-Location",
    [HTTP_QUERY_CONTENT_RANGE] = "Content-Range",
    [HTTP_QUERY_ETAG] = "ETag",
    [HTTP_QUERY_HOST] = "Host",
    [HTTP_QUERY_TRANSFER_ENCODING] = "Transfer-Encoding",
    [HTTP_QUERY_UPGRADE] = "Upgrade",
    [HTTP_QUERY_VARY] = "Vary",
    [HTTP_QUERY_VIA] = "Via",
    [HTTP_QUERY_WARNING] = "Warning",
    [HTTP_QUERY_EXPECT] = "Expect",
};

/* ---- giving ---- */

static HRESULT give(const void *bytes, size_t size, void *buffer, DWORD *length)
{
    if (size >= UINT32_MAX)
        return E_OUTOFMEMORY;
    if (buffer == NULL || *length <= size) {
        *length = (DWORD)size + 1;
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    if (size > 0)
        memcpy(buffer, bytes, size);
    ((char *)buffer)[size] = '\0';
    *length = (DWORD)size;
    return S_OK;
}

static HRESULT give_number(const char *text, bool is_long, void *buffer, DWORD *length)
{
    DWORD size = is_long ? sizeof(uint64_t) : sizeof(uint32_t);
    uint64_t number;
    uint32_t narrow;

    if (!wsd_field_read_number(text, is_long ? UINT64_MAX : UINT32_MAX, &number))
        return INTERNET_E(HTTP_INVALID_HEADER);
    if (buffer == NULL || *length < size) {
        *length = size;
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    narrow = (uint32_t)number;
    memcpy(buffer, is_long ? (void *)&number : (void *)&narrow, size);
    *length = size;
    return S_OK;
}

static HRESULT give_value(const char *text, DWORD level, void *buffer, DWORD *length)
{
    if (text == NULL)
        return NOT_FOUND;
    if (level & (HTTP_QUERY_FLAG_NUMBER | HTTP_QUERY_FLAG_NUMBER64))
        return give_number(text, level & HTTP_QUERY_FLAG_NUMBER64, buffer, length);
    return give(text, strlen(text), buffer, length);
}

/* ---- finding ---- */

static HRESULT give_raw(const struct wsd_query_subject *subject, DWORD level,
                        void *buffer, DWORD *length, const struct wsd_mem *mem)
{
    bool of_request = level & HTTP_QUERY_FLAG_REQUEST_HEADERS;
    bool with_ends = (level & ~ALL_FLAGS) == HTTP_QUERY_RAW_HEADERS_CRLF;
    struct wsd_text text;
    HRESULT hr;

    if (!of_request && subject->response == NULL && !subject->is_unsent)
        return NOT_FOUND;
    wsd_text_init(&text, mem, SIZE_MAX);
    if (of_request) {
        wsd_text_append_string(&text, subject->request_line);
        for (size_t i = 0; i < subject->request_lines->count; i++) {
            wsd_text_append_string(&text, subject->request_lines->lines[i]);
            wsd_text_append_string(&text, "\r\n");
        }
        wsd_text_append_string(&text, "\r\n");
    } else if (subject->response == NULL) {
        wsd_text_append_string(&text, "\r\n");
    } else {
        wsd_text_append(&text, subject->response->raw.bytes,
                        subject->response->raw.length);
    }
    hr = text.error;
    if (hr == S_OK && !with_ends) {
        size_t size = 0;

        /* One NUL for each line end, but none for the blank line. */
        for (size_t i = 0; i < text.length; i++)
            if (text.bytes[i] != '\r')
                text.bytes[size++] = (char)(text.bytes[i] == '\n' ? '\0' : text.bytes[i]);
        text.length = size - 1;
    }
    if (hr == S_OK)
        hr = give(text.bytes, text.length, buffer, length);
    wsd_text_fini(&text);
    return hr;
}

/* What there is only one of.  S_FALSE: the level is not such a one. */
static HRESULT give_single(const struct wsd_query_subject *subject, DWORD level,
                           void *buffer, DWORD *length, const struct wsd_mem *mem)
{
    const struct wsd_response_head *response = subject->response;
    bool of_request = level & HTTP_QUERY_FLAG_REQUEST_HEADERS;
    char digits[16];

    switch (level & ~ALL_FLAGS) {
    case HTTP_QUERY_RAW_HEADERS:
    case HTTP_QUERY_RAW_HEADERS_CRLF:
        return give_raw(subject, level, buffer, length, mem);
    case HTTP_QUERY_REQUEST_METHOD:
        return give_value(subject->method, level, buffer, length);
    case HTTP_QUERY_VERSION:
        if (of_request)
            return give_value(subject->version, level, buffer, length);
        return response == NULL ? NOT_FOUND
                                : give_value(response->version, level, buffer, length);
    case HTTP_QUERY_STATUS_TEXT:
        if (of_request)
            return INTERNET_E(HTTP_INVALID_QUERY_REQUEST);
        return response == NULL ? NOT_FOUND
                                : give_value(response->reason, level, buffer, length);
    case HTTP_QUERY_STATUS_CODE:
        if (of_request)
            return INTERNET_E(HTTP_INVALID_QUERY_REQUEST);
        if (response == NULL)
            return NOT_FOUND;
        (void)snprintf(digits, sizeof(digits), "%d", response->status);
        return give_value(digits, level, buffer, length);
    default:
        return S_FALSE;
    }
}

HRESULT wsd_query_info(const struct wsd_query_subject *subject, DWORD level, void *buffer,
                       DWORD *length, DWORD *index, const struct wsd_mem *mem)
{
    DWORD what = level & ~ALL_FLAGS;
    DWORD which = index == NULL ? 0 : *index;
    const struct wsd_header_list *lines = NULL;
    const char *name = NULL;
    HRESULT hr;

    if (length == NULL)
        return E_INVALIDARG;
    if (level & ALL_FLAGS & ~FLAGS)
        return INTERNET_E(HTTP_INVALID_QUERY_REQUEST);
    hr = which > 0 ? S_FALSE : give_single(subject, level, buffer, length, mem);
    if (hr != S_FALSE)
        return hr;
    if (what == HTTP_QUERY_CUSTOM) {
        if (buffer == NULL)
            return E_INVALIDARG;
        name = buffer;
    } else if (what < sizeof(names) / sizeof(names[0])) {
        name = names[what];
    }
    if (level & HTTP_QUERY_FLAG_REQUEST_HEADERS)
        lines = subject->request_lines;
    else if (subject->response != NULL)
        lines = &subject->response->lines;
    if (name == NULL || lines == NULL)
        return NOT_FOUND;
    hr = give_value(wsd_header_list_find(lines, name, which), level, buffer, length);
    if (hr == S_OK && index != NULL)
        (*index)++;
    return hr;
}
