#include "message/inbound_package.h"

#include <stdatomic.h>
#include <string.h>

#include "mime/content_id.h"
#include "mime/content_type.h"
#include "mime/multipart_decoder.h"
#include "wsd_error.h"
#include "wsd_message.h"

struct entry {
    struct wsd_inbound_attachment *attachment; /* a use */
    char *href;                                /* owned; NULL until expected */
    char *id;                                  /* owned; NULL until it came */
    char *_Atomic media_type;                  /* owned; NULL until it came */
    bool admitted, ended;                      /* its part; pusher only */
};

struct wsd_inbound_package {
    struct wsd_body_sink sink; /* what is handed out */
    struct wsd_part_handler handler;
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_inbound_package_options options;
    struct wsd_inbound_host *host; /* borrowed */
    struct wsd_inbound_package_owner owner;
    struct wsd_multipart_decoder *decoder;
    struct wsd_tolerances tolerances;
    char *start;               /* owned; NULL: the first part is the root */
    struct wsd_text *envelope; /* borrowed */
    bool envelope_came;
    bool in_root;
    struct entry *current; /* the part that is coming; NULL: the root, or nobody's */
    struct entry entries[WSD_MAX_ATTACHMENTS];
    size_t count;
    struct entry *expected[WSD_MAX_ATTACHMENTS]; /* in the envelope's order */
    size_t expected_count;
    atomic_bool abandoned;
    uint64_t discarded; /* bytes that nobody wanted; pusher only */
};

static struct wsd_inbound_package *package_from_sink(struct wsd_body_sink *sink)
{
    return (void *)((char *)sink - offsetof(struct wsd_inbound_package, sink));
}

static struct wsd_inbound_package *package_from_handler(struct wsd_part_handler *handler)
{
    return (void *)((char *)handler - offsetof(struct wsd_inbound_package, handler));
}

static HRESULT add_entry(struct wsd_inbound_package *package, struct entry **out)
{
    struct entry *entry = &package->entries[package->count];
    HRESULT hr;

    if (package->count == WSD_MAX_ATTACHMENTS)
        return WS_E_QUOTA_EXCEEDED;
    hr = wsd_inbound_attachment_create(
        package->mem, package->host, package->options.ring_bytes,
        package->options.wait_budget_ms, &entry->attachment);
    if (FAILED(hr))
        return hr;
    package->count++;
    *out = entry;
    return S_OK;
}

static HRESULT keep(struct wsd_inbound_package *package, const char *text, char **out)
{
    *out = wsd_copy(package->mem, text, strlen(text));
    return *out == NULL ? E_OUTOFMEMORY : S_OK;
}

/* ---- what the envelope expects ---- */

HRESULT wsd_inbound_package_expect(struct wsd_inbound_package *package, const char *href)
{
    struct entry *entry = NULL;
    HRESULT hr = S_OK;

    if (wsd_inbound_package_find(package, href) != NULL)
        return S_OK; /* several Includes may mean one part */
    for (size_t i = 0; i < package->count && entry == NULL; i++)
        if (package->entries[i].href == NULL &&
            wsd_content_id_is_meant_by(package->entries[i].id, href,
                                       &package->tolerances))
            entry = &package->entries[i];
    if (entry == NULL)
        hr = add_entry(package, &entry);
    if (hr == S_OK)
        hr = keep(package, href, &entry->href);
    if (hr == S_OK)
        package->expected[package->expected_count++] = entry;
    return hr;
}

struct wsd_inbound_attachment *
wsd_inbound_package_find(const struct wsd_inbound_package *package, const char *href)
{
    for (size_t i = 0; i < package->count; i++)
        if (package->entries[i].href != NULL &&
            wsd_content_id_is_same(package->entries[i].href, href))
            return package->entries[i].attachment;
    return NULL;
}

struct wsd_inbound_attachment *
wsd_inbound_package_at(const struct wsd_inbound_package *package, size_t index)
{
    return index < package->expected_count ? package->expected[index]->attachment : NULL;
}

const char *
wsd_inbound_package_media_type(const struct wsd_inbound_package *package,
                               const struct wsd_inbound_attachment *attachment)
{
    const char *type = NULL;

    for (size_t i = 0; i < package->expected_count; i++)
        if (package->expected[i]->attachment == attachment)
            type = atomic_load(&package->expected[i]->media_type);
    return type == NULL ? "" : type;
}

/* ---- what comes ---- */

/* A part of no type, or of one that cannot be read, is content all the same. */
static HRESULT keep_media_type(struct wsd_inbound_package *package, struct entry *entry,
                               const char *value)
{
    struct wsd_content_type type;
    char *kept;
    HRESULT hr = keep(package, value == NULL ? "" : value, &kept);

    if (hr != S_OK)
        return hr;
    if (value == NULL ||
        wsd_content_type_parse(kept, &package->tolerances, &type) != WSD_MIME_NONE)
        kept[0] = '\0';
    else
        memmove(kept, type.type, strlen(type.type) + 1);
    atomic_store(&entry->media_type, kept);
    return S_OK;
}

static HRESULT begin_entry(struct wsd_inbound_package *package, struct entry *entry,
                           const struct wsd_part_header *header)
{
    HRESULT hr = keep(package, header->content_id, &entry->id);

    package->current = entry;
    return hr == S_OK ? keep_media_type(package, entry, header->content_type) : hr;
}

/* The first part that an href means is it; a later one of the same name is nobody's. */
static HRESULT meet(struct wsd_inbound_package *package,
                    const struct wsd_part_header *header)
{
    const char *id = header->content_id;
    struct entry *added;
    HRESULT hr;

    package->current = NULL;
    if (id == NULL)
        return S_OK;
    for (size_t i = 0; i < package->count; i++) {
        struct entry *entry = &package->entries[i];

        if (entry->id == NULL &&
            wsd_content_id_is_meant_by(id, entry->href, &package->tolerances))
            return begin_entry(package, entry, header);
    }
    if (package->envelope_came)
        return S_OK;
    hr = add_entry(package, &added);
    return hr == S_OK ? begin_entry(package, added, header) : hr;
}

/* Is there anybody who waits for more? */
static bool is_awaited(const struct wsd_inbound_package *package)
{
    for (size_t i = 0; i < package->count; i++)
        if (wsd_inbound_attachment_is_awaited(package->entries[i].attachment))
            return true;
    return false;
}

static HRESULT package_part_begins(struct wsd_part_handler *handler,
                                   const struct wsd_part_header *header, size_t index)
{
    struct wsd_inbound_package *package = package_from_handler(handler);

    package->in_root = !package->envelope_came &&
                       wsd_content_id_is_root(header->content_id, index, package->start,
                                              &package->tolerances);
    if (package->in_root)
        return S_OK;
    return meet(package, header);
}

static bool leaves_a_ring(const struct wsd_inbound_package *package, bool tell)
{
    size_t held = 0;

    for (size_t i = 0; i < package->count; i++)
        held += wsd_inbound_attachment_held(package->entries[i].attachment, tell);
    return held <= package->options.ring_bytes * (WSD_MAX_RINGS - 1);
}

/* May the current part begin to fill a ring?  Else a Read or a Close wakes the host. */
static bool is_admitted(struct wsd_inbound_package *package)
{
    struct entry *entry = package->current;

    if (!entry->admitted)
        entry->admitted = leaves_a_ring(package, false) || leaves_a_ring(package, true);
    return entry->admitted;
}

static HRESULT package_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                               size_t size, size_t *taken)
{
    struct wsd_inbound_package *package = package_from_handler(handler);
    HRESULT hr = S_OK;

    *taken = size;
    if (package->in_root)
        return wsd_text_append(package->envelope, bytes, size);
    if (package->current == NULL ||
        !wsd_inbound_attachment_is_awaited(package->current->attachment)) {
        if (atomic_load(&package->abandoned) && !is_awaited(package))
            return E_ABORT;
        package->discarded += size;
        return S_OK;
    }
    *taken = 0;
    if (is_admitted(package))
        hr =
            wsd_inbound_attachment_push(package->current->attachment, bytes, size, taken);
    if (hr == S_OK && *taken < size && !package->envelope_came)
        return WS_E_QUOTA_EXCEEDED;
    return hr;
}

static HRESULT package_part_ends(struct wsd_part_handler *handler)
{
    struct wsd_inbound_package *package = package_from_handler(handler);
    HRESULT hr;

    if (!package->in_root) {
        if (package->current != NULL) {
            wsd_inbound_attachment_end(package->current->attachment);
            package->current->ended = true;
        }
        package->current = NULL;
        return S_OK;
    }
    package->in_root = false;
    hr = package->owner.envelope_came(package->owner.context);
    package->envelope_came = true;
    for (size_t i = 0; i < package->count; i++)
        if (package->entries[i].href == NULL) /* came before, and is nobody's */
            wsd_inbound_attachment_close_unreferenced(package->entries[i].attachment);
    return hr;
}

static const struct wsd_part_handler_vtable package_handler_vtable = {
    .part_begins = package_part_begins,
    .content = package_content,
    .part_ends = package_part_ends,
};

/* Once all parts have come, the few bytes behind them may come too. */
static bool all_ended(const struct wsd_inbound_package *package)
{
    for (size_t i = 0; i < package->count; i++)
        if (!package->entries[i].ended)
            return false;
    return true;
}

static HRESULT package_refuse(const struct wsd_inbound_package *package,
                              enum wsd_mime_fault fault)
{
    package->owner.is_bad(package->owner.context, fault);
    return wsd_mime_fault_hresult(fault);
}

/* Passes the decoder's code on. */
static HRESULT package_judge(const struct wsd_inbound_package *package, HRESULT hr)
{
    enum wsd_mime_fault fault = wsd_multipart_decoder_fault(package->decoder);

    return FAILED(hr) && fault != WSD_MIME_NONE && fault != WSD_MIME_RECEIVER
               ? package_refuse(package, fault)
               : hr;
}

static HRESULT package_push(struct wsd_body_sink *sink, const uint8_t *bytes, size_t size,
                            size_t *taken)
{
    struct wsd_inbound_package *package = package_from_sink(sink);
    struct wsd_body_sink *decoder = wsd_multipart_decoder_sink(package->decoder);

    *taken = 0;
    if (atomic_load(&package->abandoned) && !is_awaited(package) && !all_ended(package))
        return E_ABORT;
    if (size == 0)
        return package->current == NULL
                   ? S_OK
                   : wsd_inbound_attachment_push(package->current->attachment, NULL, 0,
                                                 taken);
    return package_judge(package, decoder->vtable->push(decoder, bytes, size, taken));
}

static HRESULT package_finish(struct wsd_body_sink *sink)
{
    struct wsd_inbound_package *package = package_from_sink(sink);
    struct wsd_body_sink *decoder = wsd_multipart_decoder_sink(package->decoder);
    HRESULT hr = package_judge(package, decoder->vtable->finish(decoder));

    if (hr == S_OK && !package->envelope_came)
        hr = WS_E_INVALID_FORMAT;
    /* What was expected and did not come is a reference to nothing. */
    wsd_inbound_package_fail(package, FAILED(hr) ? hr : WS_E_INVALID_FORMAT);
    return hr;
}

static const struct wsd_body_sink_vtable package_sink_vtable = {
    .push = package_push,
    .finish = package_finish,
};

struct wsd_body_sink *wsd_inbound_package_sink(struct wsd_inbound_package *package)
{
    return &package->sink;
}

void wsd_inbound_package_abandon(struct wsd_inbound_package *package)
{
    atomic_store(&package->abandoned, true);
    for (size_t i = 0; i < package->count; i++)
        wsd_inbound_attachment_close_unreferenced(package->entries[i].attachment);
}

uint64_t wsd_inbound_package_discarded(const struct wsd_inbound_package *package)
{
    return package->discarded;
}

const struct wsd_tolerances *
wsd_inbound_package_tolerances(const struct wsd_inbound_package *package)
{
    return &package->tolerances;
}

void wsd_inbound_package_fail(struct wsd_inbound_package *package, HRESULT error)
{
    for (size_t i = 0; i < package->count; i++)
        wsd_inbound_attachment_fail(package->entries[i].attachment, error);
}

/* ---- creation ---- */

/* A bad type of something else than a multipart body is nobody's concern here. */
static bool says_multipart(const char *value)
{
    value += strspn(value, " \t");
    for (const char *name = "multipart/"; *name != '\0'; name++, value++)
        if ((*value >= 'A' && *value <= 'Z' ? *value - 'A' + 'a' : *value) != *name)
            return false;
    return true;
}

static HRESULT open_decoder(struct wsd_inbound_package *package, char *value)
{
    static const struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct wsd_content_type type;
    const char *boundary, *start;
    bool multipart = says_multipart(value);
    enum wsd_mime_fault fault =
        wsd_content_type_parse(value, &package->tolerances, &type);
    HRESULT hr = S_OK;

    if (fault != WSD_MIME_NONE)
        return multipart ? package_refuse(package, fault) : S_FALSE;
    if (strncmp(type.type, "multipart/", strlen("multipart/")) != 0)
        return S_FALSE;
    fault = wsd_content_type_boundary(&type, &boundary);
    if (fault != WSD_MIME_NONE)
        return package_refuse(package, fault);
    start = wsd_content_type_parameter(&type, "start");
    if (start != NULL)
        hr = keep(package, start, &package->start);
    if (hr != S_OK)
        return hr;
    return wsd_multipart_decoder_create(package->mem, boundary, &limits,
                                        &package->tolerances, &package->handler,
                                        &package->decoder);
}

HRESULT wsd_inbound_package_create(const struct wsd_mem *mem, const char *content_type,
                                   const struct wsd_inbound_package_options *options,
                                   struct wsd_inbound_host *host,
                                   const struct wsd_inbound_package_owner *owner,
                                   struct wsd_text *envelope,
                                   struct wsd_inbound_package **out)
{
    struct wsd_inbound_package *package;
    HRESULT hr = E_OUTOFMEMORY;
    char *value;

    *out = NULL;
    package = wsd_alloc(mem, sizeof(*package));
    value = wsd_copy(mem, content_type, strlen(content_type));
    if (package != NULL) {
        package->sink.vtable = &package_sink_vtable;
        package->handler.vtable = &package_handler_vtable;
        package->mem = mem;
        package->options = *options;
        package->host = host;
        package->owner = *owner;
        package->envelope = envelope;
        wsd_tolerances_init(&package->tolerances);
        if (value != NULL)
            hr = open_decoder(package, value);
    }
    wsd_free(mem, value);
    if (hr != S_OK) {
        wsd_inbound_package_destroy(package);
        return hr;
    }
    *out = package;
    return S_OK;
}

void wsd_inbound_package_destroy(struct wsd_inbound_package *package)
{
    if (package == NULL)
        return;
    for (size_t i = 0; i < package->count; i++) {
        wsd_inbound_attachment_release_use(package->entries[i].attachment);
        wsd_free(package->mem, package->entries[i].href);
        wsd_free(package->mem, package->entries[i].id);
        wsd_free(package->mem, package->entries[i].media_type);
    }
    wsd_multipart_decoder_destroy(package->decoder);
    wsd_free(package->mem, package->start);
    wsd_free(package->mem, package);
}
