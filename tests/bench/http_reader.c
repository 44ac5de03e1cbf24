#include "http_reader.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void http_reader_begin(struct http_reader *reader, bool hashing)
{
    *reader = (struct http_reader){.hashing = hashing};
    bench_hash_init(&reader->hash);
}

static void end_of_head(struct http_reader *reader)
{
    if (reader->chunked)
        reader->state = HTTP_CHUNK_SIZE;
    else
        reader->state = reader->left > 0 ? HTTP_BODY : HTTP_DONE;
}

static void header_line(struct http_reader *reader)
{
    const char *line = reader->line;

    if (line[0] == '\0')
        end_of_head(reader);
    else if (strncasecmp(line, "Content-Length:", 15) == 0)
        reader->left = strtoull(line + 15, NULL, 10);
    else if (strcasecmp(line, "Transfer-Encoding: chunked") == 0)
        reader->chunked = true;
}

static void whole_line(struct http_reader *reader)
{
    switch (reader->state) {
    case HTTP_FIRST_LINE:
        memcpy(reader->first, reader->line, sizeof(reader->first));
        reader->state = HTTP_HEADER;
        break;
    case HTTP_HEADER:
        header_line(reader);
        break;
    case HTTP_CHUNK_SIZE:
        reader->left = strtoull(reader->line, NULL, 16);
        reader->state = reader->left > 0 ? HTTP_BODY : HTTP_TRAILER;
        break;
    case HTTP_CHUNK_END:
        reader->state = HTTP_CHUNK_SIZE;
        break;
    default:
        if (reader->line[0] == '\0')
            reader->state = HTTP_DONE;
        break;
    }
}

static size_t take_line(struct http_reader *reader, const uint8_t *bytes, size_t size)
{
    const uint8_t *end = memchr(bytes, '\n', size);
    size_t taken = end != NULL ? (size_t)(end - bytes) + 1 : size;
    size_t room = sizeof(reader->line) - 1 - reader->line_size;
    size_t kept = taken < room ? taken : room;

    memcpy(reader->line + reader->line_size, bytes, kept);
    reader->line_size += kept;
    if (end != NULL) {
        reader->line[reader->line_size] = '\0';
        reader->line[strcspn(reader->line, "\r\n")] = '\0';
        reader->line_size = 0;
        whole_line(reader);
    }
    return taken;
}

static size_t take_body(struct http_reader *reader, const uint8_t *bytes, size_t size)
{
    size_t taken = size < reader->left ? size : (size_t)reader->left;

    if (reader->hashing)
        bench_hash_add(&reader->hash, bytes, taken);
    reader->body += taken;
    reader->left -= taken;
    if (reader->left == 0)
        reader->state = reader->chunked ? HTTP_CHUNK_END : HTTP_DONE;
    return taken;
}

size_t http_reader_take(struct http_reader *reader, const uint8_t *bytes, size_t size)
{
    size_t taken = 0;

    while (taken < size && reader->state != HTTP_DONE) {
        bool in_head = reader->state <= HTTP_HEADER;

        taken += reader->state == HTTP_BODY
                     ? take_body(reader, bytes + taken, size - taken)
                     : take_line(reader, bytes + taken, size - taken);
        if (in_head && reader->state > HTTP_HEADER)
            break;
    }
    return taken;
}
