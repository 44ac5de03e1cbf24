#include "wininet/request_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "transport/transport.h"
#include "wininet/internet_error.h"

/* More than the kernel's files can have, and than libcurl's offsets. */
#define MAX_LENGTH ((uint64_t)INT64_MAX)

/* The value of a line that the application wrote, before or with the request. */
static const char *find_own(const struct wsd_request_head *head,
                            const struct wsd_header_list *more, const char *name)
{
    const char *value = wsd_header_list_find(more, name, 0);

    return value != NULL ? value : wsd_header_list_find(head->lines, name, 0);
}

/* More than one of the application's would be understood in more than one way. */
static bool is_unique(const struct wsd_request_head *head,
                      const struct wsd_header_list *more, const char *name)
{
    const struct wsd_header_list *own =
        wsd_header_list_has(more, name) ? more : head->lines;

    return wsd_header_list_find(own, name, 1) == NULL;
}

static HRESULT find_length(const struct wsd_request_head *head,
                           const struct wsd_header_list *more,
                           struct wsd_request_shape *shape)
{
    const char *length = find_own(head, more, "Content-Length");
    uint64_t declared;

    shape->length = head->total;
    shape->has_chunks =
        !head->wants_chunks && find_own(head, more, "Transfer-Encoding") != NULL;
    shape->ends_connection = shape->has_chunks;
    if (shape->has_chunks || head->wants_chunks) {
        if (!head->is_whole)
            shape->length = WSD_LENGTH_UNKNOWN;
        return head->is_http_1_0 ? E_INVALIDARG : S_OK;
    }
    if (length == NULL)
        return S_OK;
    if (!wsd_field_read_number(length, MAX_LENGTH, &declared) ||
        !is_unique(head, more, "Content-Length"))
        return E_INVALIDARG;
    if (!head->is_whole)
        shape->length = declared;
    shape->ends_connection = shape->length != declared;
    return S_OK;
}

/* Unless the application wrote one. */
static HRESULT add_ours(const struct wsd_request_head *head,
                        const struct wsd_header_list *more, const char *name,
                        const char *value, struct wsd_header_list *lines)
{
    if (value == NULL || find_own(head, more, name) != NULL)
        return S_OK;
    return wsd_header_list_add(lines, name, value);
}

static HRESULT add_framing(const struct wsd_request_head *head,
                           const struct wsd_header_list *more,
                           struct wsd_request_shape *shape)
{
    bool is_bare = strcmp(head->method, "GET") == 0 || strcmp(head->method, "HEAD") == 0;
    char digits[24];

    if (head->wants_chunks)
        return add_ours(head, more, "Transfer-Encoding", "chunked", &shape->lines);
    if (shape->has_chunks || (is_bare && head->total == 0))
        return S_OK;
    (void)snprintf(digits, sizeof(digits), "%" PRIu64, shape->length);
    return add_ours(head, more, "Content-Length", digits, &shape->lines);
}

static HRESULT add_all(const struct wsd_request_head *head,
                       const struct wsd_header_list *more,
                       struct wsd_request_shape *shape)
{
    bool is_uncached =
        (head->flags & INTERNET_FLAG_NO_CACHE_WRITE) && strcmp(head->method, "GET") != 0;
    struct wsd_header_list *lines = &shape->lines;
    size_t before;
    HRESULT hr = wsd_header_list_copy(lines, head->lines);

    if (hr == S_OK)
        hr = add_ours(head, more, "Host", head->host, lines);
    if (hr == S_OK)
        hr = add_framing(head, more, shape);
    if (hr == S_OK)
        hr = add_ours(head, more, "User-Agent", head->agent, lines);
    if (hr == S_OK)
        hr = add_ours(head, more, "Pragma",
                      head->flags & INTERNET_FLAG_PRAGMA_NOCACHE ? "no-cache" : NULL,
                      lines);
    if (hr == S_OK)
        hr =
            add_ours(head, more, "Cache-Control", is_uncached ? "no-cache" : NULL, lines);
    before = lines->count;
    for (size_t i = 0; i < more->count; i++)
        before -= wsd_header_list_remove(lines, more->lines[i], before);
    if (hr == S_OK)
        hr = wsd_header_list_copy(lines, more);
    if (shape->has_chunks || head->wants_chunks) /* RFC 9112 section 6.2 */
        wsd_header_list_remove(lines, "Content-Length", lines->count);
    if (hr == S_OK)
        hr = add_ours(head, more, "Connection",
                      head->flags & INTERNET_FLAG_KEEP_CONNECTION ? "Keep-Alive" : NULL,
                      lines);
    return hr;
}

HRESULT wsd_request_head_shape(const struct wsd_request_head *head,
                               struct wsd_request_shape *shape, const struct wsd_mem *mem)
{
    struct wsd_header_list more;
    HRESULT hr = S_OK;

    wsd_header_list_init(&more, mem);
    wsd_header_list_init(&shape->lines, mem);
    if (head->more_length > 0)
        hr = wsd_header_list_modify(&more, head->more, head->more_length,
                                    HTTP_ADDREQ_FLAG_ADD);
    if (hr == S_OK)
        hr = find_length(head, &more, shape);
    if (hr == S_OK)
        hr = add_all(head, &more, shape);
    wsd_header_list_fini(&more);
    return hr;
}

void wsd_request_shape_fini(struct wsd_request_shape *shape)
{
    wsd_header_list_fini(&shape->lines);
}
