#include "message/package.h"

#include <stdbool.h>
#include <string.h>

/* Some peers and transports count in signed 64 bits: more than that goes nowhere. */
static HRESULT add_lengths(struct wsd_package *package,
                           const struct wsd_outbound_message *message)
{
    uint64_t sum =
        package->envelope.length + wsd_multipart_encoder_overhead(package->encoder);
    bool known = true;

    for (size_t i = 0; i < message->part_count; i++) {
        uint64_t length = message->parts[i]->length;

        if (length == WSD_LENGTH_UNKNOWN)
            known = false;
        else if (length > INT64_MAX - sum)
            return E_INVALIDARG;
        else
            sum += length;
    }
    package->length = known ? sum : WSD_LENGTH_UNKNOWN;
    return S_OK;
}

static HRESULT make_multipart(struct wsd_package *package,
                              const struct wsd_outbound_message *message,
                              wsd_uuid_source draw)
{
    struct wsd_multipart_part parts[1 + WSD_MAX_ATTACHMENTS] = {
        {"application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"",
         WSD_ROOT_CONTENT_ID, &package->root.source},
    };
    char boundary[WSD_UUID_SIZE];
    HRESULT hr = wsd_boundary_draw(draw, package->envelope.bytes, boundary);

    if (FAILED(hr))
        return hr;
    for (size_t i = 0; i < message->part_count; i++) {
        const struct wsd_message_part *part = message->parts[i];

        parts[1 + i] = (struct wsd_multipart_part){part->content_type, part->content_id,
                                                   wsd_outbound_source(part->attachment)};
    }
    wsd_text_append_string(&package->content_type,
                           "multipart/related; type=\"application/xop+xml\"; "
                           "start=\"<" WSD_ROOT_CONTENT_ID ">\"; "
                           "start-info=\"application/soap+xml\"; boundary=\"");
    wsd_text_append_string(&package->content_type, boundary);
    hr = wsd_text_append_string(&package->content_type, "\"");
    if (FAILED(hr))
        return hr;
    hr = wsd_multipart_encoder_create(message->mem, boundary, parts,
                                      1 + message->part_count, &package->encoder);
    return hr == S_OK ? add_lengths(package, message) : hr;
}

HRESULT wsd_package_init(struct wsd_package *package,
                         struct wsd_outbound_message *message,
                         const struct wsd_addressing *addressing, size_t max_envelope,
                         wsd_uuid_source draw)
{
    HRESULT hr;

    memset(package, 0, sizeof(*package));
    wsd_text_init(&package->envelope, message->mem, max_envelope);
    wsd_text_init(&package->content_type, message->mem, SIZE_MAX);
    hr = wsd_envelope_writer_render(message->writer, addressing, &package->envelope);
    if (FAILED(hr))
        return hr;
    wsd_memory_source_init(&package->root, package->envelope.bytes,
                           package->envelope.length);
    package->length = package->envelope.length;
    if (message->part_count > 0)
        return make_multipart(package, message, draw);
    return wsd_text_append_string(&package->content_type, "application/soap+xml");
}

void wsd_package_fini(struct wsd_package *package)
{
    wsd_multipart_encoder_destroy(package->encoder);
    package->encoder = NULL;
    wsd_text_fini(&package->envelope);
    wsd_text_fini(&package->content_type);
}

struct wsd_body_source *wsd_package_source(struct wsd_package *package)
{
    return package->encoder == NULL ? &package->root.source
                                    : wsd_multipart_encoder_source(package->encoder);
}

uint64_t wsd_package_length(const struct wsd_package *package)
{
    return package->length;
}
