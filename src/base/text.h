/*
 * text -- a growing run of bytes, always followed by a NUL.
 *
 * An append that fails (no memory, or the limit) changes nothing and is
 * remembered, so that a caller may append many times and look at `error` once.
 */
#ifndef WSD_BASE_TEXT_H
#define WSD_BASE_TEXT_H

#include <stddef.h>

#include "base/mem.h"
#include "wsd_types.h"

struct wsd_text {
    const struct wsd_mem *mem; /* borrowed; outlives the text */
    char *bytes;               /* owned; NULL while nothing was appended */
    size_t length;             /* without the NUL */
    size_t capacity;
    size_t limit;  /* most bytes that `length` may reach */
    HRESULT error; /* S_OK; E_OUTOFMEMORY; WS_E_QUOTA_EXCEEDED past the limit */
};

/* An empty text; allocates nothing.  limit: SIZE_MAX for none. */
void wsd_text_init(struct wsd_text *text, const struct wsd_mem *mem, size_t limit);

/* Frees the bytes; safe on a zeroed text, and twice. */
void wsd_text_fini(struct wsd_text *text);

/* Both return text->error. */
HRESULT wsd_text_append(struct wsd_text *text, const void *bytes, size_t size);
HRESULT wsd_text_append_string(struct wsd_text *text, const char *string);

/* Hands the bytes over: an owned, NUL-terminated block for wsd_free() (an empty text
 * gives an empty string), leaving the text empty.  NULL if text->error is set or
 * memory is short. */
char *wsd_text_detach(struct wsd_text *text);

#endif
