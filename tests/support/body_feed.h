/*
 * body_feed -- pushes a body into a sink in every way that could make a difference, and
 * writes down the parts that come out of it.
 *
 * Fails the test if the sink breaks its contract.  For cmocka tests, and without cmocka
 * for fuzz targets.  Each buffer that is pushed ends where a protected page begins.
 */
#ifndef WSD_TESTS_BODY_FEED_H
#define WSD_TESTS_BODY_FEED_H

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/text.h"
#include "mime/part_handler.h"
#include "stream/body_sink.h"

#ifdef CMOCKA_H_
#    define FEED_REQUIRE(condition) assert_true(condition)
#else
#    define FEED_REQUIRE(condition)                                                      \
        do {                                                                             \
            if (!(condition)) {                                                          \
                fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);          \
                abort();                                                                 \
            }                                                                            \
        } while (0)
#endif

/* ---- the guarded buffer ---- */

enum { FEED_BUFFER_SIZE = 1 << 18 };

/* A copy of the bytes with a protected page behind it; lasts until the next call. */
static inline const uint8_t *feed_guarded(const void *bytes, size_t size)
{
    static uint8_t *end;

    if (end == NULL) {
        size_t page = (size_t)sysconf(_SC_PAGESIZE);
        int zero = open("/dev/zero", O_RDWR);
        uint8_t *memory = mmap(NULL, FEED_BUFFER_SIZE + page, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE, zero, 0);

        FEED_REQUIRE(memory != MAP_FAILED);
        close(zero);
        end = memory + FEED_BUFFER_SIZE;
        FEED_REQUIRE(mprotect(end, page, PROT_NONE) == 0);
    }
    FEED_REQUIRE(size <= FEED_BUFFER_SIZE);
    if (size > 0)
        memcpy(end - size, bytes, size);
    return end - size;
}

/* ---- the log: "{0 root@soap|content}{1 ...", '-' for no Content-ID ---- */

struct part_log {
    struct wsd_part_handler handler;
    struct wsd_text text;
    uint32_t random;   /* 0: takes all; else a seed: takes none, one or some */
    bool full;         /* the last content() did not take all */
    bool in_part;      /* begun and not ended */
    size_t count;      /* parts begun */
    int calls_to_fail; /* the last of them fails with E_ABORT; 0: none does */
};

static inline uint32_t feed_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static inline HRESULT part_log_result(struct part_log *log)
{
    FEED_REQUIRE(log->calls_to_fail >= 0); /* no call after the one that failed */
    if (log->calls_to_fail > 0 && --log->calls_to_fail == 0) {
        log->calls_to_fail = -1;
        return E_ABORT;
    }
    return S_OK;
}

static inline HRESULT part_log_begins(struct wsd_part_handler *handler,
                                      const struct wsd_part_header *header, size_t index)
{
    struct part_log *log = (struct part_log *)handler;
    char number[32];

    FEED_REQUIRE(!log->in_part && index == log->count);
    log->in_part = true;
    log->count++;
    snprintf(number, sizeof(number), "{%zu ", index);
    wsd_text_append_string(&log->text, number);
    wsd_text_append_string(&log->text,
                           header->content_id != NULL ? header->content_id : "-");
    wsd_text_append_string(&log->text, "|");
    return part_log_result(log);
}

static inline HRESULT part_log_content(struct wsd_part_handler *handler,
                                       const uint8_t *bytes, size_t size, size_t *taken)
{
    struct part_log *log = (struct part_log *)handler;
    HRESULT hr = part_log_result(log);

    FEED_REQUIRE(log->in_part && size > 0 && !log->full);
    *taken = 0;
    if (hr != S_OK)
        return hr;
    *taken = size;
    if (log->random != 0) {
        static const size_t most[] = {0, 1, 3, SIZE_MAX};
        size_t choice = most[feed_random(&log->random) % 4];

        *taken = choice < size ? choice : size;
    }
    log->full = *taken < size;
    wsd_text_append(&log->text, bytes, *taken);
    return S_OK;
}

static inline HRESULT part_log_ends(struct wsd_part_handler *handler)
{
    struct part_log *log = (struct part_log *)handler;

    FEED_REQUIRE(log->in_part && !log->full);
    log->in_part = false;
    wsd_text_append_string(&log->text, "}");
    return part_log_result(log);
}

static inline void part_log_init(struct part_log *log, uint32_t random)
{
    static const struct wsd_part_handler_vtable vtable = {
        part_log_begins, part_log_content, part_log_ends};

    *log = (struct part_log){.handler = {&vtable}, .random = random};
    wsd_text_init(&log->text, wsd_mem_heap(), SIZE_MAX);
    wsd_text_append_string(&log->text, "");
}

/* ---- pushing ---- */

/* Pushes a piece, again and again while the log is full.  S_OK or the sink's failure. */
static inline HRESULT feed_piece(struct wsd_body_sink *sink, struct part_log *log,
                                 const uint8_t *bytes, size_t size)
{
    unsigned refusals = 0;

    while (size > 0) {
        size_t taken = SIZE_MAX;
        HRESULT hr;

        log->full = false;
        hr = sink->vtable->push(sink, feed_guarded(bytes, size), size, &taken);
        if (hr != S_OK) {
            FEED_REQUIRE(FAILED(hr) && taken == 0);
            return hr;
        }
        /* Nobody has to be woken who is not waiting, and nobody waits for no one. */
        FEED_REQUIRE(taken <= size && (taken < size) == log->full);
        refusals = taken == 0 ? refusals + 1 : 0;
        FEED_REQUIRE(refusals < 1000);
        bytes += taken;
        size -= taken;
    }
    return S_OK;
}

/* Pushes the body in pieces of `piece` bytes, the first one of `first`; then finishes. */
static inline HRESULT feed_body(struct wsd_body_sink *sink, struct part_log *log,
                                const void *body, size_t size, size_t first, size_t piece)
{
    const uint8_t *bytes = body;
    HRESULT hr = S_OK;
    size_t taken;

    for (size_t run = first; size > 0 && hr == S_OK; run = piece) {
        if (run > size)
            run = size;
        hr = feed_piece(sink, log, bytes, run);
        bytes += run;
        size -= run;
    }
    if (hr == S_OK)
        hr = sink->vtable->finish(sink);
    FEED_REQUIRE(sink->vtable->finish(sink) == hr);
    if (hr != S_OK) {
        FEED_REQUIRE(sink->vtable->push(sink, (const uint8_t *)"x", 1, &taken) == hr);
        FEED_REQUIRE(taken == 0 && sink->vtable->finish(sink) == hr);
    }
    return hr;
}

#endif
