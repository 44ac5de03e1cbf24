#include "base/text.h"

#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "wsd_error.h"

enum { SMALLEST_CAPACITY = 256 };

void wsd_text_init(struct wsd_text *text, const struct wsd_mem *mem, size_t limit)
{
    *text = (struct wsd_text){.mem = mem, .limit = limit, .error = S_OK};
}

void wsd_text_fini(struct wsd_text *text)
{
    if (text->bytes != NULL)
        wsd_free(text->mem, text->bytes);
    *text = (struct wsd_text){0};
}

/* Makes room for `size` more bytes and the NUL. */
static HRESULT reserve(struct wsd_text *text, size_t size)
{
    size_t needed, capacity;
    char *bytes;

    if (size > text->limit - text->length)
        return WS_E_QUOTA_EXCEEDED;
    if (size >= SIZE_MAX - text->length)
        return E_OUTOFMEMORY;
    needed = text->length + size + 1;
    if (needed <= text->capacity)
        return S_OK;

    /* Doubling keeps the cost of many small appends linear. */
    capacity = text->capacity <= SIZE_MAX / 2 ? 2 * text->capacity : needed;
    if (capacity < SMALLEST_CAPACITY)
        capacity = SMALLEST_CAPACITY;
    if (capacity < needed)
        capacity = needed;
    bytes = wsd_alloc(text->mem, capacity);
    if (bytes == NULL)
        return E_OUTOFMEMORY;
    if (text->bytes != NULL) {
        memcpy(bytes, text->bytes, text->length);
        wsd_free(text->mem, text->bytes);
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return S_OK;
}

HRESULT wsd_text_append(struct wsd_text *text, const void *bytes, size_t size)
{
    WSD_ASSERT(text->length <= text->limit);

    if (text->error != S_OK || size == 0)
        return text->error;
    text->error = reserve(text, size);
    if (text->error != S_OK)
        return text->error;
    memcpy(text->bytes + text->length, bytes, size);
    text->length += size;
    text->bytes[text->length] = '\0';
    return S_OK;
}

HRESULT wsd_text_append_string(struct wsd_text *text, const char *string)
{
    return wsd_text_append(text, string, strlen(string));
}

char *wsd_text_detach(struct wsd_text *text)
{
    char *bytes = text->bytes;

    if (text->error != S_OK)
        return NULL;
    if (bytes == NULL)
        return wsd_copy(text->mem, "", 0);
    wsd_text_init(text, text->mem, text->limit);
    return bytes;
}
