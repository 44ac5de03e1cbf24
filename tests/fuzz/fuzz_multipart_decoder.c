/* Input: one byte for tolerances, limits and memory, one for the pieces; then a line with
 * a Content-Type value, and behind its LF the body.
 *
 * Properties: the same parts, the same end and the same tolerances, whatever the pieces
 * are and whenever the handler is full; no more content than there are bytes; and all
 * that body_feed.h and decode.h require of a sink. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mime/content_type.h"
#include "support/decode.h"

enum { LINE_FEED = 1, ANYWHERE = 2, STRICT = 4, SMALL = 8, NO_MEMORY = 16 };

static void run_out_of_memory(const struct decoding *what)
{
    for (int grants = 0; grants < 2; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_tolerances tolerances = {0};
        struct wsd_multipart_decoder *decoder;
        struct part_log log;

        part_log_init(&log, 0);
        FEED_REQUIRE(wsd_multipart_decoder_create(
                         &heap.mem, what->boundary, &what->limits, &tolerances,
                         &log.handler, &decoder) == E_OUTOFMEMORY);
        FEED_REQUIRE(decoder == NULL && heap.live == 0);
        wsd_text_fini(&log.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *line_end = size > 2 ? memchr(bytes + 2, '\n', size - 2) : NULL;
    struct wsd_tolerances tolerances;
    struct wsd_content_type type;
    struct decoding what;
    struct decoded whole;
    const char *boundary;
    char *value;
    unsigned options;

    if (line_end == NULL || size > FEED_BUFFER_SIZE)
        return 0;
    options = bytes[0];
    value = strndup((const char *)bytes + 2, (size_t)(line_end - (bytes + 2)));
    FEED_REQUIRE(value != NULL);
    wsd_tolerances_init(&tolerances);
    if (wsd_content_type_parse(value, &tolerances, &type) == WSD_MIME_NONE &&
        wsd_content_type_boundary(&type, &boundary) == WSD_MIME_NONE) {
        what = decoding_of(boundary, "");
        what.body = line_end + 1;
        what.size = (size_t)(bytes + size - (line_end + 1));
        what.accepted |= options & LINE_FEED ? 1u << WSD_TOLERATE_LINE_FEED : 0;
        what.accepted |=
            options & ANYWHERE ? 1u << WSD_TOLERATE_DELIMITER_WITHOUT_CRLF : 0;
        if (options & STRICT)
            what.accepted = 0;
        if (options & SMALL)
            what.limits = (struct wsd_multipart_limits){2, 60, 4, 10, 10, 20};
        if (options & NO_MEMORY)
            run_out_of_memory(&what);

        whole = decode(&what, what.size, what.size, 0);
        /* "{0 -|}" around each part, the longest id, and the content */
        FEED_REQUIRE(whole.length <= what.size + 50 * 8);
        decode_alike(&what, &whole, 1, 1, 0);
        decode_alike(&what, &whole, bytes[1], bytes[1] % 16u + 1, 0);
        decode_alike(&what, &whole, bytes[1], what.size + 1, bytes[1] + 1u);
        decode_alike(&what, &whole, 1, bytes[1] % 7u + 1, bytes[1] + 2u);
        free(whole.log);
    }
    free(value);
    return 0;
}
