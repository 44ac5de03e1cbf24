#include "mime/multipart_encoder.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/text.h"

struct part {
    struct wsd_body_source *content; /* borrowed; NULL behind the last part */
    size_t framing_end;              /* where in the framing the content follows */
};

/*
 * Framing and contents take turns, framing first.  What comes next:
 *
 *   position < parts[current].framing_end   framing
 *   otherwise, current < count              the content of parts[current]
 *   otherwise                               nothing: the end
 */
struct wsd_multipart_encoder {
    struct wsd_body_source source; /* what is handed out */
    const struct wsd_mem *mem;     /* borrowed */
    struct wsd_text framing;       /* all that is not content, in order */
    size_t position;               /* bytes of the framing that were given */
    size_t current;                /* the part; `count`: the closing delimiter */
    bool aborted;
    struct wsd_body_source *unsent; /* content that ended, not yet told so by sent() */
    size_t count;
    struct part parts[]; /* count + 1: the closing delimiter has the last */
};

static void tell_sent(struct wsd_multipart_encoder *encoder)
{
    struct wsd_body_source *content = encoder->unsent;

    encoder->unsent = NULL;
    if (content != NULL)
        content->vtable->sent(content);
}

static enum wsd_pull lay_framing(struct wsd_multipart_encoder *encoder, uint8_t *buffer,
                                 size_t capacity, size_t *size)
{
    const struct part *part = &encoder->parts[encoder->current];
    size_t left = part->framing_end - encoder->position;

    *size = left < capacity ? left : capacity;
    memcpy(buffer, encoder->framing.bytes + encoder->position, *size);
    encoder->position += *size;
    return *size == left && part->content != NULL && part->content->opens
               ? WSD_PULL_NOTHING_NOW
               : WSD_PULL_BYTES;
}

static enum wsd_pull lay_content(struct wsd_multipart_encoder *encoder, uint8_t *buffer,
                                 size_t capacity, size_t *size)
{
    struct wsd_body_source *content = encoder->parts[encoder->current].content;
    enum wsd_pull result;

    content->hurry = encoder->source.hurry;
    encoder->source.hurry = false;
    result = content->vtable->pull(content, buffer, capacity, size);

    WSD_ASSERT(result == WSD_PULL_BYTES ? *size > 0 && *size <= capacity : *size == 0);
    if (result == WSD_PULL_END) {
        encoder->unsent = content;
        encoder->current++;
        return WSD_PULL_BYTES;
    }
    encoder->aborted = result == WSD_PULL_ABORTED;
    return result;
}

/* WSD_PULL_BYTES: go on, whether or not there were any. */
static enum wsd_pull lay_next(struct wsd_multipart_encoder *encoder, uint8_t *buffer,
                              size_t capacity, size_t *size)
{
    *size = 0;
    if (encoder->aborted)
        return WSD_PULL_ABORTED;
    if (encoder->position < encoder->parts[encoder->current].framing_end)
        return lay_framing(encoder, buffer, capacity, size);
    if (encoder->current < encoder->count)
        return lay_content(encoder, buffer, capacity, size);
    return WSD_PULL_END;
}

static enum wsd_pull encoder_pull(struct wsd_body_source *source, uint8_t *buffer,
                                  size_t capacity, size_t *size)
{
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)source;
    enum wsd_pull result = WSD_PULL_BYTES;
    size_t filled = 0;

    WSD_ASSERT(capacity > 0);

    *size = 0;
    if (encoder->current < encoder->count)
        tell_sent(encoder);
    while (filled < capacity && result == WSD_PULL_BYTES) {
        size_t laid;

        result = lay_next(encoder, buffer + filled, capacity - filled, &laid);
        filled += laid;
    }
    if (filled == 0 || result == WSD_PULL_ABORTED)
        return result;
    *size = filled;
    return WSD_PULL_BYTES;
}

static void encoder_rest(struct wsd_body_source *source)
{
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)source;
    struct wsd_body_source *content = encoder->parts[encoder->current].content;

    if (content != NULL)
        wsd_body_source_rest(content);
}

static void encoder_sent(struct wsd_body_source *source)
{
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)source;

    WSD_ASSERT(encoder->position == encoder->framing.length);

    tell_sent(encoder);
}

/* The contents that may have been pulled. */
static size_t begun_count(const struct wsd_multipart_encoder *encoder)
{
    return encoder->current < encoder->count ? encoder->current + 1 : encoder->count;
}

static bool encoder_can_rewind(struct wsd_body_source *source)
{
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)source;

    for (size_t i = 0; i < begun_count(encoder); i++) {
        struct wsd_body_source *content = encoder->parts[i].content;

        if (content->vtable->can_rewind == NULL || !content->vtable->can_rewind(content))
            return false;
    }
    return !encoder->aborted;
}

static bool encoder_rewind(struct wsd_body_source *source)
{
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)source;
    size_t begun = begun_count(encoder);

    encoder->aborted = !encoder_can_rewind(source);
    for (size_t i = 0; i < begun && !encoder->aborted; i++) {
        struct wsd_body_source *content = encoder->parts[i].content;

        encoder->aborted = !content->vtable->rewind(content);
    }
    encoder->position = 0;
    encoder->current = 0;
    encoder->unsent = NULL;
    return !encoder->aborted;
}

static const struct wsd_body_source_vtable encoder_vtable = {
    .pull = encoder_pull,
    .rest = encoder_rest,
    .sent = encoder_sent,
    .can_rewind = encoder_can_rewind,
    .rewind = encoder_rewind,
};

/* The lines that every peer takes, in the order in which every peer takes them: some know
 * no part without Content-Type or Content-Transfer-Encoding, or a folded line. */
static void render_header(struct wsd_text *framing, const struct wsd_multipart_part *part)
{
    wsd_text_append_string(framing, "Content-Type: ");
    wsd_text_append_string(framing, part->content_type);
    wsd_text_append_string(framing, "\r\nContent-Transfer-Encoding: binary"
                                    "\r\nContent-ID: <");
    wsd_text_append_string(framing, part->content_id);
    wsd_text_append_string(framing, ">\r\n\r\n");
}

HRESULT wsd_multipart_encoder_create(const struct wsd_mem *mem, const char *boundary,
                                     const struct wsd_multipart_part *parts, size_t count,
                                     struct wsd_multipart_encoder **out)
{
    struct wsd_multipart_encoder *encoder;
    struct wsd_text *framing;
    HRESULT hr;

    WSD_ASSERT(count >= 1);

    *out = NULL;
    if (count >= (SIZE_MAX - sizeof(*encoder)) / sizeof(encoder->parts[0]))
        return E_OUTOFMEMORY;
    encoder = wsd_alloc(mem, sizeof(*encoder) + (count + 1) * sizeof(encoder->parts[0]));
    if (encoder == NULL)
        return E_OUTOFMEMORY;
    encoder->source.vtable = &encoder_vtable;
    encoder->mem = mem;
    encoder->count = count;

    framing = &encoder->framing;
    wsd_text_init(framing, mem, SIZE_MAX);
    for (size_t i = 0; i < count; i++) {
        /* RFC 2046 section 5.1.1: the CRLF belongs to the delimiter behind it. */
        wsd_text_append_string(framing, i == 0 ? "--" : "\r\n--");
        wsd_text_append_string(framing, boundary);
        wsd_text_append_string(framing, "\r\n");
        render_header(framing, &parts[i]);
        encoder->parts[i] = (struct part){parts[i].content, framing->length};
    }
    wsd_text_append_string(framing, "\r\n--");
    wsd_text_append_string(framing, boundary);
    wsd_text_append_string(framing, "--\r\n");
    encoder->parts[count].framing_end = framing->length;

    hr = framing->error;
    if (hr != S_OK) {
        wsd_multipart_encoder_destroy(encoder);
        return hr;
    }
    *out = encoder;
    return S_OK;
}

void wsd_multipart_encoder_destroy(struct wsd_multipart_encoder *encoder)
{
    if (encoder == NULL)
        return;
    wsd_text_fini(&encoder->framing);
    wsd_free(encoder->mem, encoder);
}

struct wsd_body_source *
wsd_multipart_encoder_source(struct wsd_multipart_encoder *encoder)
{
    return &encoder->source;
}

size_t wsd_multipart_encoder_overhead(const struct wsd_multipart_encoder *encoder)
{
    return encoder->framing.length;
}
