/* Input: one byte for the boundary, one for the encoder's pulls, one for the decoder's
 * pieces; then the contents of the parts, with '|' between them.
 *
 * Property: what the encoder lays, the decoder takes apart into the same contents,
 * without any tolerance; except where a content has a delimiter in it, against which a
 * boundary is drawn at random. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mime/multipart_encoder.h"
#include "stream/memory_source.h"
#include "support/decode.h"

enum { PARTS = 6 };

static const char *const boundaries[] = {
    "b", "-", "--", "b--", "3f2c9a10-77d1-4c55-9f3e-0a8b6c4d2e1f", "==/M14b=="};

/* Does what the decoder takes for a delimiter stand in the content, or begin in it? */
static bool has_delimiter(const uint8_t *content, size_t size, const char *boundary)
{
    size_t length = strlen(boundary);
    bool found = false;
    char *text = malloc(size + 2 * length + 16), *end;

    FEED_REQUIRE(text != NULL);
    memcpy(text, "\r\n", 2);
    memcpy(text + 2, content, size);
    end = text + 2 + size;
    memcpy(end, "\r\n--", 4);
    memcpy(end + 4, boundary, length);
    memcpy(end + 4 + length, "\r\n ", 4);
    for (const char *at = text; at < end && !found; at++) {
        const char *behind = at + 4 + length;

        if (memcmp(at, "\r\n--", 4) != 0 || memcmp(at + 4, boundary, length) != 0)
            continue;
        if (behind[0] == '-' && behind[1] == '-')
            behind += 2;
        found = *behind != '\0' && strchr("\r\n \t", *behind) != NULL;
        if (behind != at + 4 + length)
            found = found || strchr("\r\n \t", at[4 + length]) != NULL;
    }
    free(text);
    return found;
}

static void encode(const char *boundary, struct wsd_memory_source *contents, size_t count,
                   size_t capacity, struct wsd_text *body)
{
    static const char *const ids[PARTS] = {"0@b", "1@b", "2@b", "3@b", "4@b", "5@b"};
    struct wsd_multipart_part parts[PARTS];
    struct wsd_multipart_encoder *encoder;
    struct wsd_body_source *source;
    uint8_t buffer[256];
    size_t size;

    for (size_t i = 0; i < count; i++)
        parts[i] = (struct wsd_multipart_part){"text/plain", ids[i], &contents[i].source};
    FEED_REQUIRE(wsd_multipart_encoder_create(wsd_mem_heap(), boundary, parts, count,
                                              &encoder) == S_OK);
    source = wsd_multipart_encoder_source(encoder);
    for (;;) {
        enum wsd_pull pull = source->vtable->pull(source, buffer, capacity, &size);

        if (pull == WSD_PULL_END)
            break;
        if (pull == WSD_PULL_BYTES)
            wsd_text_append(body, buffer, size);
    }
    wsd_multipart_encoder_destroy(encoder);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wsd_memory_source contents[PARTS];
    struct wsd_text body, log;
    size_t count = 0;
    const uint8_t *at, *end = bytes + size;
    const char *boundary;
    struct decoding what;
    struct decoded result;

    if (size < 3 || size > FEED_BUFFER_SIZE / 2)
        return 0;
    boundary = boundaries[bytes[0] % (sizeof(boundaries) / sizeof(boundaries[0]))];
    wsd_text_init(&body, wsd_mem_heap(), SIZE_MAX);
    wsd_text_init(&log, wsd_mem_heap(), SIZE_MAX);
    for (at = bytes + 3; at != NULL && count < PARTS; count++) {
        const uint8_t *next = memchr(at, '|', (size_t)(end - at));
        size_t part = (size_t)((next != NULL ? next : end) - at);
        char begin[16];

        if (has_delimiter(at, part, boundary))
            goto done;
        wsd_memory_source_init(&contents[count], at, part);
        snprintf(begin, sizeof(begin), "{%zu %zu@b|", count, count);
        wsd_text_append_string(&log, begin);
        wsd_text_append(&log, at, part);
        wsd_text_append_string(&log, "}");
        at = next != NULL ? next + 1 : NULL;
    }
    encode(boundary, contents, count, bytes[1] + 1u, &body);

    what = decoding_of(boundary, "");
    what.body = body.bytes;
    what.size = body.length;
    what.accepted = 0;
    result = decode(&what, bytes[2], bytes[2] % 32u + 1, bytes[2] / 32u);
    FEED_REQUIRE(result.hr == S_OK);
    FEED_REQUIRE(result.length == log.length);
    FEED_REQUIRE(memcmp(result.log, log.bytes, log.length) == 0);
    free(result.log);
done:
    wsd_text_fini(&body);
    wsd_text_fini(&log);
    return 0;
}
