/*
 * decode -- a whole body through the multipart decoder, in every way that could make a
 * difference: in one piece, byte by byte, cut at every place, and each of these with a
 * handler that is full now and then.
 */
#ifndef WSD_TESTS_DECODE_H
#define WSD_TESTS_DECODE_H

#include "mime/multipart_decoder.h"
#include "support/body_feed.h"
#include "support/failing_mem.h"

struct decoding {
    const char *boundary;
    unsigned accepted; /* tolerances */
    struct wsd_multipart_limits limits;
    const void *body;
    size_t size;
};

struct decoded {
    HRESULT hr;
    enum wsd_mime_fault fault;
    char *log; /* of part_log; NUL-terminated */
    size_t length;
    unsigned counts[WSD_TOLERANCE_COUNT];
};

static inline struct decoding decoding_of(const char *boundary, const char *body)
{
    struct wsd_tolerances tolerances;

    wsd_tolerances_init(&tolerances);
    return (struct decoding){.boundary = boundary,
                             .accepted = tolerances.accepted,
                             .limits = WSD_MULTIPART_LIMITS,
                             .body = body,
                             .size = strlen(body)};
}

/* Pieces of `piece` bytes, the first one of `first`; random: see part_log. */
static inline struct decoded decode(const struct decoding *what, size_t first,
                                    size_t piece, uint32_t random)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_tolerances tolerances = {.accepted = what->accepted};
    struct wsd_multipart_decoder *decoder;
    struct decoded result;
    struct part_log log;

    part_log_init(&log, random);
    FEED_REQUIRE(wsd_multipart_decoder_create(&heap.mem, what->boundary, &what->limits,
                                              &tolerances, &log.handler,
                                              &decoder) == S_OK);
    heap.grants = 0; /* from here on it allocates nothing */
    result.hr = feed_body(wsd_multipart_decoder_sink(decoder), &log, what->body,
                          what->size, first, piece);
    result.fault = wsd_multipart_decoder_fault(decoder);
    FEED_REQUIRE(result.hr == wsd_mime_fault_hresult(result.fault));
    FEED_REQUIRE(result.hr != S_OK || (log.count > 0 && !log.in_part));
    wsd_multipart_decoder_destroy(decoder);
    FEED_REQUIRE(heap.live == 0);
    memcpy(result.counts, tolerances.counts, sizeof(result.counts));
    result.length = log.text.length;
    result.log = wsd_text_detach(&log.text);
    FEED_REQUIRE(result.log != NULL);
    return result;
}

/* Decodes again and requires the same; takes `expected` by value for its counts. */
static inline void decode_alike(const struct decoding *what,
                                const struct decoded *expected, size_t first,
                                size_t piece, uint32_t random)
{
    struct decoded result = decode(what, first, piece, random);

    FEED_REQUIRE(result.fault == expected->fault);
    FEED_REQUIRE(result.length == expected->length);
    FEED_REQUIRE(memcmp(result.log, expected->log, result.length) == 0);
    FEED_REQUIRE(memcmp(result.counts, expected->counts, sizeof(result.counts)) == 0);
    free(result.log);
}

/* In all ways; the caller frees the log. */
static inline struct decoded decode_all_ways(const struct decoding *what)
{
    struct decoded expected = decode(what, what->size, what->size, 0);

    for (uint32_t random = 0; random < 4; random++) {
        decode_alike(what, &expected, what->size, what->size, random);
        decode_alike(what, &expected, 1, 1, random);
        decode_alike(what, &expected, 3, 3, random);
    }
    for (size_t split = 0; split < what->size; split++) {
        decode_alike(what, &expected, split, what->size, 0);
        decode_alike(what, &expected, split, what->size, (uint32_t)split + 1);
    }
    return expected;
}

#endif
