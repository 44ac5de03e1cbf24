#include "mime/base64_decoder.h"

#include <stdbool.h>

#include "base/assert.h"

/* A character's six bits, or -1. */
static int value_of(uint8_t c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Adds one character to the group; a fault changes nothing. */
static enum wsd_mime_fault add(struct wsd_base64_decoder *decoder, uint8_t c)
{
    int value = value_of(c);

    if (c == '=') {
        uint32_t left_over = decoder->bits & (decoder->count == 2 ? 0xFu : 0x3u);

        if (decoder->count < 2 || left_over != 0)
            return WSD_MIME_BASE64_END;
        decoder->padding++;
        value = 0;
    } else if (value < 0) {
        return WSD_MIME_BASE64_CHARACTER;
    } else if (decoder->padding > 0) {
        return WSD_MIME_BASE64_END;
    }
    decoder->bits = decoder->bits << 6 | (uint32_t)value;
    decoder->count++;
    return WSD_MIME_NONE;
}

/* Takes the bytes out of a full group. */
static size_t empty(struct wsd_base64_decoder *decoder, uint8_t *bytes)
{
    size_t count = 3 - decoder->padding;

    for (size_t i = 0; i < count; i++)
        bytes[i] = (uint8_t)(decoder->bits >> (16 - 8 * i));
    decoder->bits = 0;
    decoder->count = 0;
    return count;
}

void wsd_base64_init(struct wsd_base64_decoder *decoder)
{
    *decoder = (struct wsd_base64_decoder){0};
}

enum wsd_mime_fault wsd_base64_decode(struct wsd_base64_decoder *decoder,
                                      const uint8_t *text, size_t size, size_t *taken,
                                      uint8_t *bytes, size_t capacity, size_t *written)
{
    enum wsd_mime_fault fault = WSD_MIME_NONE;

    WSD_ASSERT(capacity >= 3);

    *taken = 0;
    *written = 0;
    for (; *taken < size && capacity - *written >= 3; (*taken)++) {
        if (is_space(text[*taken]))
            continue;
        fault = add(decoder, text[*taken]);
        if (fault != WSD_MIME_NONE)
            break;
        if (decoder->count == 4)
            *written += empty(decoder, bytes + *written);
    }
    return fault;
}

enum wsd_mime_fault wsd_base64_finish(const struct wsd_base64_decoder *decoder)
{
    return decoder->count == 0 ? WSD_MIME_NONE : WSD_MIME_BASE64_END;
}
