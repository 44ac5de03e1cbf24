#include "mime/multipart_decoder.h"

#include "base/assert.h"
#include "mime/delimiter_search.h"
#include "mime/part_content.h"

/* RFC 5322 section 2.1.1 */
enum { PADDING_LIMIT = 998 };

/*
 *                    +--------------------- delimiter --------------------+
 *                    v                                                    |
 *  PREAMBLE --> DELIMITER --line break--> HEADER --empty line--------> CONTENT --> CLOSE
 *                                          ^  |                           ^          |
 *                                         'C' +--> BLANK --any other------+          v
 *                                          +---------+                           EPILOGUE
 *
 *  BLANK: the header was an empty line alone, and what comes next decides whether it was
 *  the header at all.  CLOSE and EPILOGUE may be the last; elsewhere the end is too
 * early.
 */
enum state { PREAMBLE, DELIMITER, HEADER, BLANK, CONTENT, CLOSE, EPILOGUE, STATE_COUNT };

#define TO(state) (1u << (state))
static const unsigned moves[STATE_COUNT] = {
    [PREAMBLE] = TO(DELIMITER),
    [DELIMITER] = TO(HEADER),
    [HEADER] = TO(BLANK) | TO(CONTENT),
    [BLANK] = TO(HEADER) | TO(CONTENT),
    [CONTENT] = TO(DELIMITER) | TO(CLOSE),
    [CLOSE] = TO(EPILOGUE),
};

struct wsd_multipart_decoder {
    struct wsd_body_sink sink; /* what is handed out */
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_multipart_limits limits;
    struct wsd_tolerances *tolerances; /* borrowed */
    struct wsd_delimiter_search search;
    struct wsd_part_header header;
    struct wsd_part_content content;
    enum state state;
    size_t skipped;            /* bytes since the state began that are no one's */
    bool carriage_return;      /* DELIMITER, CLOSE: the line break has begun */
    bool full;                 /* the handler is, in this push */
    size_t parts;              /* whose delimiter has come */
    enum wsd_mime_fault fault; /* sticky */
};

static void enter(struct wsd_multipart_decoder *decoder, enum state next)
{
    WSD_ASSERT(moves[decoder->state] & TO(next));

    decoder->state = next;
    decoder->skipped = 0;
    decoder->carriage_return = false;
}

static enum wsd_mime_fault skip(struct wsd_multipart_decoder *decoder, size_t size,
                                size_t limit, enum wsd_mime_fault fault)
{
    if (size > limit - decoder->skipped)
        return fault;
    decoder->skipped += size;
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault begin_part(struct wsd_multipart_decoder *decoder)
{
    enter(decoder, CONTENT);
    wsd_delimiter_search_begin(&decoder->search);
    return wsd_part_content_begin(&decoder->content, &decoder->header,
                                  decoder->parts - 1);
}

/* A delimiter has come, in the preamble or in content. */
static enum wsd_mime_fault pass_delimiter(struct wsd_multipart_decoder *decoder,
                                          enum wsd_search found)
{
    bool closes = found == WSD_SEARCH_CLOSE;
    enum wsd_mime_fault fault = WSD_MIME_NONE;

    if (decoder->state == PREAMBLE && closes)
        return WSD_MIME_NO_PARTS;
    if (decoder->state == CONTENT)
        fault = wsd_part_content_end(&decoder->content);
    enter(decoder, closes ? CLOSE : DELIMITER);
    return fault;
}

/* ---- each takes bytes while its state lasts, and the handler takes content ---- */

/* PREAMBLE, CONTENT */
static enum wsd_mime_fault read_lines(struct wsd_multipart_decoder *decoder,
                                      const uint8_t *bytes, size_t size, size_t *used)
{
    const uint8_t *run;
    size_t run_size, step, taken;

    for (;;) {
        enum wsd_mime_fault fault;
        enum wsd_search found = wsd_delimiter_search_next(
            &decoder->search, bytes + *used, size - *used, &step, &run, &run_size);

        *used += step;
        if (found == WSD_SEARCH_MORE)
            return WSD_MIME_NONE;
        if (found != WSD_SEARCH_CONTENT)
            return pass_delimiter(decoder, found);
        taken = run_size;
        if (decoder->state == PREAMBLE)
            fault =
                skip(decoder, run_size, decoder->limits.preamble, WSD_MIME_PREAMBLE_SIZE);
        else
            fault = wsd_part_content_give(&decoder->content, run, run_size, &taken);
        *used += wsd_delimiter_search_take(&decoder->search, taken);
        decoder->full = taken < run_size;
        if (decoder->full || fault != WSD_MIME_NONE)
            return fault;
    }
}

static enum wsd_mime_fault end_delimiter_line(struct wsd_multipart_decoder *decoder)
{
    if (decoder->state == CLOSE) {
        enter(decoder, EPILOGUE);
        return WSD_MIME_NONE;
    }
    enter(decoder, HEADER);
    wsd_part_header_reset(&decoder->header);
    if (decoder->parts == decoder->limits.parts)
        return WSD_MIME_PART_COUNT;
    decoder->parts++;
    return WSD_MIME_NONE;
}

/* DELIMITER, CLOSE: padding up to the line break, and nothing else (RFC 2046 5.1.1) */
static enum wsd_mime_fault read_delimiter_line(struct wsd_multipart_decoder *decoder,
                                               const uint8_t *bytes, size_t size,
                                               size_t *used)
{
    while (*used < size) {
        uint8_t byte = bytes[(*used)++];

        if (byte == '\n') {
            if (!decoder->carriage_return &&
                !wsd_tolerates(decoder->tolerances, WSD_TOLERATE_LINE_FEED))
                return WSD_MIME_LINE_FEED;
            return end_delimiter_line(decoder);
        }
        if (decoder->carriage_return || (byte != '\r' && byte != ' ' && byte != '\t'))
            return WSD_MIME_DELIMITER_SYNTAX;
        if (byte == '\r')
            decoder->carriage_return = true;
        else if (decoder->skipped++ == PADDING_LIMIT)
            return WSD_MIME_DELIMITER_PADDING;
    }
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault read_header(struct wsd_multipart_decoder *decoder,
                                       const uint8_t *bytes, size_t size, size_t *used)
{
    bool complete;
    enum wsd_mime_fault fault =
        wsd_part_header_push(&decoder->header, bytes, size, used, &complete);

    if (fault != WSD_MIME_NONE || !complete)
        return fault;
    if (!wsd_part_header_is_empty(&decoder->header))
        return begin_part(decoder);
    enter(decoder, BLANK);
    return WSD_MIME_NONE;
}

/* A part without any header cannot be named by a cid:, so it is the root, and XML; a
 * letter C is the beginning of a field that is called Content-something. */
static enum wsd_mime_fault read_blank(struct wsd_multipart_decoder *decoder,
                                      const uint8_t *bytes, size_t size, size_t *used)
{
    (void)size;
    (void)used;
    if ((bytes[0] != 'C' && bytes[0] != 'c') ||
        !wsd_tolerates(decoder->tolerances, WSD_TOLERATE_BLANK_BEFORE_HEADER))
        return begin_part(decoder);
    enter(decoder, HEADER);
    wsd_part_header_reset(&decoder->header);
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault read_epilogue(struct wsd_multipart_decoder *decoder,
                                         const uint8_t *bytes, size_t size, size_t *used)
{
    (void)bytes;
    *used = size;
    return skip(decoder, size, decoder->limits.epilogue, WSD_MIME_EPILOGUE_SIZE);
}

/* ---- the sink ---- */

static HRESULT fail(struct wsd_multipart_decoder *decoder, enum wsd_mime_fault fault)
{
    decoder->fault = fault;
    return fault == WSD_MIME_RECEIVER ? decoder->content.error
                                      : wsd_mime_fault_hresult(fault);
}

static HRESULT decoder_push(struct wsd_body_sink *sink, const uint8_t *bytes, size_t size,
                            size_t *taken)
{
    typedef enum wsd_mime_fault (*reader)(struct wsd_multipart_decoder * decoder,
                                          const uint8_t *bytes, size_t size,
                                          size_t *used);
    static const reader readers[STATE_COUNT] = {
        [PREAMBLE] = read_lines,    [DELIMITER] = read_delimiter_line,
        [HEADER] = read_header,     [BLANK] = read_blank,
        [CONTENT] = read_lines,     [CLOSE] = read_delimiter_line,
        [EPILOGUE] = read_epilogue,
    };
    struct wsd_multipart_decoder *decoder = (struct wsd_multipart_decoder *)sink;
    enum wsd_mime_fault fault = decoder->fault;

    *taken = 0;
    decoder->full = false;
    while (fault == WSD_MIME_NONE && *taken < size && !decoder->full) {
        size_t used = 0;

        fault = readers[decoder->state](decoder, bytes + *taken, size - *taken, &used);
        *taken += used;
    }
    if (fault == WSD_MIME_NONE)
        return S_OK;
    *taken = 0;
    return fail(decoder, fault);
}

static HRESULT decoder_finish(struct wsd_body_sink *sink)
{
    struct wsd_multipart_decoder *decoder = (struct wsd_multipart_decoder *)sink;
    enum wsd_mime_fault fault = decoder->fault;

    if (fault == WSD_MIME_NONE &&
        (decoder->state == PREAMBLE || decoder->state == CONTENT) &&
        wsd_delimiter_search_finish(&decoder->search) == WSD_SEARCH_CLOSE)
        fault = pass_delimiter(decoder, WSD_SEARCH_CLOSE);
    if (fault == WSD_MIME_NONE && decoder->state != CLOSE && decoder->state != EPILOGUE)
        fault = WSD_MIME_TRUNCATED;
    return fault == WSD_MIME_NONE ? S_OK : fail(decoder, fault);
}

static const struct wsd_body_sink_vtable decoder_vtable = {decoder_push, decoder_finish};

HRESULT wsd_multipart_decoder_create(const struct wsd_mem *mem, const char *boundary,
                                     const struct wsd_multipart_limits *limits,
                                     struct wsd_tolerances *tolerances,
                                     struct wsd_part_handler *handler,
                                     struct wsd_multipart_decoder **out)
{
    struct wsd_multipart_decoder *decoder = wsd_alloc(mem, sizeof(*decoder));
    HRESULT hr;

    *out = NULL;
    if (decoder == NULL)
        return E_OUTOFMEMORY;
    decoder->sink.vtable = &decoder_vtable;
    decoder->mem = mem;
    decoder->limits = *limits;
    decoder->tolerances = tolerances;
    decoder->state = PREAMBLE;
    wsd_delimiter_search_init(&decoder->search, boundary, tolerances);
    wsd_part_content_init(&decoder->content, handler, limits->content);

    hr = wsd_part_header_init(&decoder->header, mem, limits->header_bytes,
                              limits->header_lines, tolerances);
    if (hr != S_OK) {
        wsd_multipart_decoder_destroy(decoder);
        return hr;
    }
    *out = decoder;
    return S_OK;
}

void wsd_multipart_decoder_destroy(struct wsd_multipart_decoder *decoder)
{
    if (decoder == NULL)
        return;
    wsd_part_header_fini(&decoder->header);
    wsd_free(decoder->mem, decoder);
}

struct wsd_body_sink *wsd_multipart_decoder_sink(struct wsd_multipart_decoder *decoder)
{
    return &decoder->sink;
}

enum wsd_mime_fault
wsd_multipart_decoder_fault(const struct wsd_multipart_decoder *decoder)
{
    return decoder->fault;
}
