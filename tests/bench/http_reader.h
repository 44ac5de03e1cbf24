/*
 * http_reader -- reads one HTTP message after another from the bytes of a connection,
 * takes its body out of the chunks, and counts or hashes it.
 *
 * It is for peers that are known to be in order, and checks no more than it needs.
 */
#ifndef WSD_BENCH_HTTP_READER_H
#define WSD_BENCH_HTTP_READER_H

#include "bench.h"

enum http_state {
    HTTP_FIRST_LINE,
    HTTP_HEADER,
    HTTP_CHUNK_SIZE,
    HTTP_CHUNK_END,
    HTTP_TRAILER,
    HTTP_BODY, /* or what is left of a chunk */
    HTTP_DONE
};

struct http_reader {
    enum http_state state;
    bool hashing; /* the owner's wish: may be changed by the owner in HTTP_BODY */
    bool chunked;
    uint64_t left; /* of the body or the chunk */
    uint64_t body; /* its octets so far */
    struct bench_hash hash;
    char first[256]; /* the first line */
    char line[256];  /* the current one, as far as it fits */
    size_t line_size;
};

/* From here on another message begins. */
void http_reader_begin(struct http_reader *reader, bool hashing);

/* Takes bytes until the head or the message ends, and returns how many. */
size_t http_reader_take(struct http_reader *reader, const uint8_t *bytes, size_t size);

#endif
