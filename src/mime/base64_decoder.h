/*
 * base64_decoder -- base64 back to bytes, a piece at a time (RFC 4648, RFC 2045 6.8).
 *
 * Strict, so that one document has one meaning: blanks and line breaks are skipped, any
 * other character that is not of the alphabet is refused (RFC 2045 would skip it); the
 * last group is padded to four; what the padding leaves over is zero; nothing but blanks
 * and line breaks follows it.  Allocates nothing.
 */
#ifndef WSD_MIME_BASE64_DECODER_H
#define WSD_MIME_BASE64_DECODER_H

#include <stddef.h>
#include <stdint.h>

#include "mime/mime_fault.h"

struct wsd_base64_decoder {
    uint32_t bits;    /* of the group so far */
    unsigned count;   /* its characters, 0 to 3, padding included */
    unsigned padding; /* '=' seen, 0 to 2 */
};

void wsd_base64_init(struct wsd_base64_decoder *decoder);

/* Decodes until the text is used up or the next group might not fit: *taken and *written
 * say how far it came, also with a fault, which is of the next character and changes
 * nothing: it comes again when that character does.  capacity >= 3. */
enum wsd_mime_fault wsd_base64_decode(struct wsd_base64_decoder *decoder,
                                      const uint8_t *text, size_t size, size_t *taken,
                                      uint8_t *bytes, size_t capacity, size_t *written);

/* The text is over: was its last group whole? */
enum wsd_mime_fault wsd_base64_finish(const struct wsd_base64_decoder *decoder);

#endif
