/* Input: one byte for memory, odd: then the second one is how many allocations libxml2 is
 * granted; then the envelope.
 *
 * Properties: an envelope, or one of two codes, and without an envelope nothing is left
 * in memory; what it hands out is text; each find gives a code of its contract; each
 * Include that is told of is a cid:; the body stands alone, so that it can be sent again
 * and is then read as the same; nothing is loaded from anywhere. */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/xmlIO.h>

#include "fuzz.h"
#include "soap/envelope.h"
#include "support/body_feed.h"
#include "support/failing_mem.h"
#include "unit/soap/failing_xml.h"
#include "wsd_error.h"

static const char *const paths[] = {
    "RetrieveImageResponse/ScanData",
    "SendDocumentRequest/DocumentData",
    "SendDocumentRequest",
    "Fault/Code/Value",
    "a/b[2]",
    "a",
    "a/",
};

/* Nothing in an envelope may lead to this. */
static xmlParserInput *refuse_to_load(const char *url, const char *id,
                                      xmlParserCtxt *context)
{
    (void)id;
    (void)context;
    fprintf(stderr, "loads %s\n", url);
    abort();
}

static void set_up(void)
{
    static bool done;
    void *state = NULL;

    if (done)
        return;
    FEED_REQUIRE(failing_xml_setup(&state) == 0);
    xmlSetExternalEntityLoader(refuse_to_load);
    done = true;
}

static bool is_trimmed(const char *text)
{
    size_t length = strlen(text);

    return length == 0 || (strchr(" \t\r\n", text[0]) == NULL &&
                           strchr(" \t\r\n", text[length - 1]) == NULL);
}

static void check_paths(struct wsd_envelope *envelope)
{
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const char *text, *again, *href;
        HRESULT hr = wsd_envelope_find_text(envelope, paths[i], &text);
        HRESULT include = wsd_envelope_find_include(envelope, paths[i], &href);

        if (hr == S_OK) {
            FEED_REQUIRE(is_trimmed(text));
            FEED_REQUIRE(wsd_envelope_find_text(envelope, paths[i], &again) == S_OK);
            FEED_REQUIRE(again == text || *text == '\0');
            FEED_REQUIRE(include == S_OK || include == S_FALSE ||
                         include == WS_E_INVALID_FORMAT);
        } else {
            FEED_REQUIRE(hr == E_INVALIDARG || hr == HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
            FEED_REQUIRE(include == hr && text == NULL);
        }
        FEED_REQUIRE((href != NULL) == (include == S_OK));
    }
}

static HRESULT on_include(void *context, const char *href)
{
    int *left = context;

    FEED_REQUIRE(strlen(href) >= 4 && href[3] == ':');
    FEED_REQUIRE(*left >= 0); /* no call after one that failed */
    return (*left)-- == 0 ? E_ABORT : S_OK;
}

static void check_includes(const struct wsd_envelope *envelope)
{
    int left = 2;
    HRESULT hr = wsd_envelope_each_include(envelope, on_include, &left);

    FEED_REQUIRE(hr == S_OK || hr == WS_E_INVALID_FORMAT || hr == E_ABORT);
    FEED_REQUIRE((hr == E_ABORT) == (left < 0));
}

static void check_fault(const struct wsd_envelope *envelope)
{
    wsd_fault fault;
    HRESULT hr = wsd_envelope_fault(envelope, &fault);

    FEED_REQUIRE(hr == S_OK || hr == S_FALSE);
    FEED_REQUIRE(is_trimmed(fault.subcode) && is_trimmed(fault.reason));
    FEED_REQUIRE(hr == S_OK || strlen(fault.code) + strlen(fault.subcode) +
                                       strlen(fault.subcode_namespace) +
                                       strlen(fault.reason) + strlen(fault.detail) ==
                                   0);
}

/* Puts the body into an envelope of its own and reads that. */
static void check_standing_alone(const struct wsd_mem *mem, const char *body)
{
    struct wsd_envelope *again;
    struct wsd_text text;

    wsd_text_init(&text, mem, SIZE_MAX);
    wsd_text_append_string(&text, "<s:Envelope "
                                  "xmlns:s='http://www.w3.org/2003/05/soap-envelope'>"
                                  "<s:Body>");
    wsd_text_append_string(&text, body);
    wsd_text_append_string(&text, "</s:Body></s:Envelope>");
    FEED_REQUIRE(wsd_envelope_read(mem, text.bytes, text.length, &again) == S_OK);
    wsd_text_fini(&text);
    FEED_REQUIRE((*wsd_envelope_body(again, NULL) == '\0') == (*body == '\0'));
    wsd_envelope_destroy(again);
}

static void check_envelope(const struct wsd_mem *mem, struct wsd_envelope *envelope)
{
    size_t length;
    const char *body = wsd_envelope_body(envelope, &length);

    FEED_REQUIRE(strlen(body) == length);
    FEED_REQUIRE(is_trimmed(wsd_envelope_action(envelope)));
    FEED_REQUIRE(is_trimmed(wsd_envelope_message_id(envelope)));
    FEED_REQUIRE(is_trimmed(wsd_envelope_relates_to(envelope)));
    check_paths(envelope);
    check_includes(envelope);
    check_fault(envelope);
    check_standing_alone(mem, body);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_envelope *envelope;
    bool short_of_memory;
    int live;
    HRESULT hr;

    if (size < 2)
        return 0;
    set_up();
    live = atomic_load(&failing_xml.live);
    short_of_memory = bytes[0] % 2 == 1;
    atomic_store(&failing_xml.grants, short_of_memory ? bytes[1] : -1);
    if (bytes[0] % 4 == 3)
        heap.grants = bytes[1] % 8;
    hr = wsd_envelope_read(&heap.mem, bytes + 2, size - 2, &envelope);
    atomic_store(&failing_xml.grants, -1);
    heap.grants = -1;

    FEED_REQUIRE((envelope != NULL) == (hr == S_OK));
    if (hr == S_OK)
        check_envelope(&heap.mem, envelope);
    else
        FEED_REQUIRE(hr == WS_E_INVALID_FORMAT ||
                     (hr == E_OUTOFMEMORY && short_of_memory));
    wsd_envelope_destroy(envelope);
    FEED_REQUIRE(heap.live == 0 && atomic_load(&failing_xml.live) == live);
    return 0;
}
