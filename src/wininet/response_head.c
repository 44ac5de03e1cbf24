#include "wininet/response_head.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { FIRST_FINAL_STATUS = 200 };

void wsd_response_head_init(struct wsd_response_head *head, const struct wsd_mem *mem)
{
    *head = (struct wsd_response_head){0};
    wsd_text_init(&head->raw, mem, SIZE_MAX);
    wsd_header_list_init(&head->lines, mem);
}

void wsd_response_head_fini(struct wsd_response_head *head)
{
    const struct wsd_mem *mem = head->lines.mem;

    wsd_free(mem, head->version);
    wsd_free(mem, head->reason);
    wsd_header_list_fini(&head->lines);
    wsd_text_fini(&head->raw);
    *head = (struct wsd_response_head){0};
}

/* The length of the line at `at` without its end; 0 is the blank line, or the text's end.
 */
static size_t line_length(const char *at)
{
    return strcspn(at, "\r\n");
}

static const char *next_line(const char *at)
{
    at += line_length(at);
    if (*at == '\r')
        at++;
    return *at == '\n' ? at + 1 : at;
}

/* Of a status line; 0 if it has none. */
static int status_of(const char *line)
{
    const char *digits = line + strcspn(line, " \r\n");

    return *digits == ' ' ? (int)strtol(digits, NULL, 10) : 0;
}

HRESULT wsd_response_head_push(struct wsd_response_head *head, const char *line,
                               size_t size)
{
    const struct wsd_mem *mem = head->raw.mem;
    HRESULT hr;

    bool is_first = size > 5 && memcmp(line, "HTTP/", 5) == 0;

    if (head->is_complete && !is_first)
        return S_OK;
    if (head->ended) { /* an interim response's, or a challenge's that was answered */
        wsd_text_fini(&head->raw);
        wsd_text_init(&head->raw, mem, SIZE_MAX);
        head->ended = head->is_complete = false;
    }
    hr = wsd_text_append(&head->raw, line, size);
    if (hr == S_OK && (line[0] == '\r' || line[0] == '\n')) {
        head->ended = true;
        head->is_complete = status_of(head->raw.bytes) >= FIRST_FINAL_STATUS;
    }
    return hr;
}

static HRESULT parse_status_line(struct wsd_response_head *head, const char *line)
{
    const struct wsd_mem *mem = head->raw.mem;
    const char *end = line + line_length(line);
    size_t version = strcspn(line, " \r\n");
    const char *reason = line + version;

    head->status = status_of(line);
    reason += strspn(reason, " ");
    reason += strspn(reason, "0123456789");
    reason += strspn(reason, " ");
    head->version = wsd_copy(mem, line, version);
    head->reason = wsd_copy(mem, reason, (size_t)(end - reason));
    return head->version == NULL || head->reason == NULL ? E_OUTOFMEMORY : S_OK;
}

HRESULT wsd_response_head_parse(struct wsd_response_head *head)
{
    const char *at = head->raw.bytes;
    HRESULT hr = parse_status_line(head, at);

    for (at = next_line(at); hr == S_OK && line_length(at) > 0; at = next_line(at)) {
        const char *end = at + line_length(at);
        const char *colon = memchr(at, ':', (size_t)(end - at));
        const char *value;

        if (colon == NULL || colon == at || *at == ' ' || *at == '\t')
            continue;
        value = colon + 1;
        value += strspn(value, " \t");
        while (end > value && (end[-1] == ' ' || end[-1] == '\t'))
            end--;
        hr = wsd_header_list_append(&head->lines, at, (size_t)(colon - at), value,
                                    end > value ? (size_t)(end - value) : 0);
    }
    return hr;
}
