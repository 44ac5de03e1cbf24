#include "mime/part_content.h"

#include "base/assert.h"

static enum wsd_mime_fault check(struct wsd_part_content *content, HRESULT hr)
{
    if (SUCCEEDED(hr))
        return WSD_MIME_NONE;
    content->error = hr;
    return WSD_MIME_RECEIVER;
}

static enum wsd_mime_fault hand_on(struct wsd_part_content *content, const uint8_t *bytes,
                                   size_t size, size_t *taken)
{
    enum wsd_mime_fault fault = WSD_MIME_NONE;
    size_t most = size < content->room ? size : (size_t)content->room;

    *taken = 0;
    if (most > 0)
        fault = check(content, content->handler->vtable->content(content->handler, bytes,
                                                                 most, taken));
    WSD_ASSERT(*taken <= most);
    content->room -= *taken;
    if (fault == WSD_MIME_NONE && *taken == most && most < size)
        return WSD_MIME_CONTENT_SIZE;
    return fault;
}

/* Hands the decoded bytes on that wait, as far as the handler takes them. */
static enum wsd_mime_fault flush(struct wsd_part_content *content)
{
    enum wsd_mime_fault fault = WSD_MIME_NONE;
    size_t taken;

    if (content->position < content->size) {
        fault = hand_on(content, content->bytes + content->position,
                        content->size - content->position, &taken);
        content->position += taken;
    }
    return fault;
}

static enum wsd_mime_fault give_base64(struct wsd_part_content *content,
                                       const uint8_t *text, size_t size, size_t *taken)
{
    /* The character that counted as not taken comes first, and is in `bytes` already. */
    size_t used = content->position < content->size ? 1 : 0;
    enum wsd_mime_fault fault = flush(content);

    *taken = 0;
    while (fault == WSD_MIME_NONE && content->position == content->size && used < size) {
        size_t run;

        content->position = 0;
        fault = wsd_base64_decode(&content->decoder, text + used, size - used, &run,
                                  content->bytes, sizeof(content->bytes), &content->size);
        used += run;
        if (content->size > 0) /* a fault comes again, behind what stands before it */
            fault = flush(content);
    }
    *taken = content->position < content->size ? used - 1 : used;
    return fault;
}

void wsd_part_content_init(struct wsd_part_content *content,
                           struct wsd_part_handler *handler, uint64_t limit)
{
    *content = (struct wsd_part_content){.handler = handler, .room = limit};
}

enum wsd_mime_fault wsd_part_content_begin(struct wsd_part_content *content,
                                           const struct wsd_part_header *header,
                                           size_t index)
{
    content->base64 = header->base64;
    wsd_base64_init(&content->decoder);
    return check(content,
                 content->handler->vtable->part_begins(content->handler, header, index));
}

enum wsd_mime_fault wsd_part_content_give(struct wsd_part_content *content,
                                          const uint8_t *bytes, size_t size,
                                          size_t *taken)
{
    WSD_ASSERT(size > 0);

    return content->base64 ? give_base64(content, bytes, size, taken)
                           : hand_on(content, bytes, size, taken);
}

enum wsd_mime_fault wsd_part_content_end(struct wsd_part_content *content)
{
    enum wsd_mime_fault fault =
        content->base64 ? wsd_base64_finish(&content->decoder) : WSD_MIME_NONE;

    WSD_ASSERT(content->position == content->size);

    if (fault != WSD_MIME_NONE)
        return fault;
    return check(content, content->handler->vtable->part_ends(content->handler));
}
