#include "support/recorded.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *find(const char *bytes, const char *end, const char *text)
{
    size_t length = strlen(text);

    for (; (size_t)(end - bytes) >= length; bytes++) {
        bytes = memchr(bytes, text[0], (size_t)(end - bytes) - length + 1);
        if (bytes == NULL)
            return NULL;
        if (memcmp(bytes, text, length) == 0)
            return bytes;
    }
    return NULL;
}

/* RFC 9112 section 7.1, without extensions and trailers. */
static void undo_chunks(struct recorded *request, const char *at, const char *end)
{
    for (;;) {
        const char *line_end = find(at, end, "\r\n");
        size_t chunk, there;

        if (line_end == NULL)
            return;
        assert_int_equal(strspn(at, "0123456789abcdefABCDEF"), line_end - at);
        chunk = strtoul(at, NULL, 16);
        at = line_end + 2;
        there = (size_t)(end - at) < chunk ? (size_t)(end - at) : chunk;
        memcpy(request->body + request->body_size, at, there);
        request->body_size += there;
        if ((size_t)(end - at) < chunk + 2)
            return;
        at += chunk;
        assert_memory_equal(at, "\r\n", 2);
        at += 2;
        if (chunk == 0)
            break;
    }
    assert_ptr_equal(at, end);
    request->whole = true;
}

static void read_body(struct recorded *request, const char *at, const char *end)
{
    const char *length = strstr(request->head, "\r\nContent-Length: ");

    request->body = calloc(1, (size_t)(end - at) + 1);
    assert_non_null(request->body);
    if (strstr(request->head, "\r\nTransfer-Encoding: chunked\r\n") != NULL) {
        assert_null(length);
        undo_chunks(request, at, end);
        return;
    }
    request->body_size = (size_t)(end - at);
    memcpy(request->body, at, request->body_size);
    if (length == NULL)
        return;
    length = strchr(length + 2, ' ');
    assert_true(request->body_size <= strtoul(length, NULL, 10));
    request->whole = request->body_size == strtoul(length, NULL, 10);
}

static void read_boundary(struct recorded *request)
{
    static const char parameter[] = "; boundary=\"";
    const char *at = strstr(request->head, parameter);
    size_t length;

    if (at == NULL)
        return;
    at += sizeof(parameter) - 1;
    length = strcspn(at, "\"\r");
    assert_in_range(length, 1, sizeof(request->boundary) - 1);
    memcpy(request->boundary, at, length);
}

static void split(struct recorded *request)
{
    char delimiter[80];
    size_t length =
        (size_t)snprintf(delimiter, sizeof(delimiter), "\r\n--%s", request->boundary);
    const char *end = request->body + request->body_size;
    const char *at = request->body;

    if (request->body_size < length)
        return;
    assert_memory_equal(at, delimiter + 2, length - 2); /* no preamble */
    at += length - 2;
    while (at != NULL && (size_t)(end - at) >= 2 && memcmp(at, "\r\n", 2) == 0) {
        struct recorded_part *part = &request->parts[request->part_count];
        const char *header_end = find(at, end, "\r\n\r\n");

        if (header_end == NULL)
            return;
        assert_in_range(request->part_count, 0, 50);
        part->header = at + 2;
        part->content = header_end + 4;
        part->header_size = (size_t)(part->content - part->header);
        at = find(part->content, end, delimiter);
        part->size = (size_t)((at == NULL ? end : at) - part->content);
        request->part_count++;
        if (at != NULL)
            at += length;
    }
    if (at == NULL || end - at < 4)
        return;
    assert_memory_equal(at, "--\r\n", 4);
    assert_int_equal(end - at, 4); /* no epilogue */
    request->closed = true;
}

void recorded_read(struct recorded *request, const char *bytes, size_t size)
{
    const char *head_end = find(bytes, bytes + size, "\r\n\r\n");
    size_t head_size = head_end == NULL ? size : (size_t)(head_end + 4 - bytes);

    memset(request, 0, sizeof(*request));
    request->head = calloc(1, head_size + 1);
    assert_non_null(request->head);
    memcpy(request->head, bytes, head_size);
    if (head_end == NULL)
        return;
    read_body(request, bytes + head_size, bytes + size);
    read_boundary(request);
    if (request->boundary[0] != '\0')
        split(request);
}

void recorded_free(struct recorded *request)
{
    free(request->head);
    free(request->body);
}

void assert_part(const struct recorded *request, size_t index, const void *content,
                 size_t size)
{
    assert_in_range(index, 0, request->part_count - 1);
    assert_true(request->closed || index + 1 < request->part_count);
    assert_int_equal(request->parts[index].size, size);
    if (size > 0)
        assert_memory_equal(request->parts[index].content, content, size);
}

void assert_cut(const struct recorded *request)
{
    assert_false(request->whole);
    assert_false(request->closed);
    if (request->boundary[0] != '\0' && request->body_size > 0) {
        char closing[80];

        snprintf(closing, sizeof(closing), "--%s--", request->boundary);
        assert_null(find(request->body, request->body + request->body_size, closing));
    }
}
