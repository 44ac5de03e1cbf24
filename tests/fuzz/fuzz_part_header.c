/* Input: one byte for tolerances and limits, one for the pieces; then the header block.
 *
 * Properties: the same whatever the pieces are; never more bytes or lines than the
 * limits; an id that is given is not empty and has no brackets; each allocation may fail.
 */
#include <stdbool.h>
#include <string.h>

#include "fuzz.h"
#include "mime/part_header.h"
#include "support/body_feed.h"
#include "support/failing_mem.h"

struct outcome {
    enum wsd_mime_fault fault;
    bool complete, base64;
    size_t taken;
    char type[8192], id[8192];
    unsigned counts[WSD_TOLERANCE_COUNT];
};

static void push(const uint8_t *text, size_t size, size_t piece, unsigned options,
                 struct outcome *outcome)
{
    size_t byte_limit = options & 1 ? 8192 : 40, line_limit = options & 2 ? 64 : 3;
    struct wsd_tolerances tolerances;
    struct failing_mem heap = FAILING_MEM(1, &heap);
    struct wsd_part_header header;

    wsd_tolerances_init(&tolerances);
    if (options & 4)
        tolerances.accepted = ~0u;
    if (options & 8)
        tolerances.accepted = 0;
    memset(outcome, 0, sizeof(*outcome));
    FEED_REQUIRE(wsd_part_header_init(&header, &heap.mem, byte_limit, line_limit,
                                      &tolerances) == S_OK);
    while (outcome->taken < size && !outcome->complete &&
           outcome->fault == WSD_MIME_NONE) {
        size_t left = size - outcome->taken, run = left < piece ? left : piece, taken;

        outcome->fault =
            wsd_part_header_push(&header, feed_guarded(text + outcome->taken, run), run,
                                 &taken, &outcome->complete);
        FEED_REQUIRE(taken <= run);
        outcome->taken += taken;
    }
    FEED_REQUIRE(outcome->taken <= byte_limit);
    FEED_REQUIRE(header.reader.lines <= line_limit);
    if (outcome->fault != WSD_MIME_NONE) {
        outcome->taken = 0;
    } else if (outcome->complete) {
        outcome->base64 = header.base64;
        if (header.content_type != NULL)
            snprintf(outcome->type, sizeof(outcome->type), "%s", header.content_type);
        if (header.content_id != NULL) {
            FEED_REQUIRE(*header.content_id != '\0');
            FEED_REQUIRE(strpbrk(header.content_id, "<>") == NULL);
            snprintf(outcome->id, sizeof(outcome->id), "%s", header.content_id);
        }
    }
    memcpy(outcome->counts, tolerances.counts, sizeof(outcome->counts));
    wsd_part_header_fini(&header);
    FEED_REQUIRE(heap.live == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct outcome whole, pieces;

    if (size < 2 || size > FEED_BUFFER_SIZE)
        return 0;
    push(bytes + 2, size - 2, size, bytes[0], &whole);
    push(bytes + 2, size - 2, 1, bytes[0], &pieces);
    FEED_REQUIRE(memcmp(&whole, &pieces, sizeof(whole)) == 0);
    push(bytes + 2, size - 2, bytes[1] % 64u + 1, bytes[0], &pieces);
    FEED_REQUIRE(memcmp(&whole, &pieces, sizeof(whole)) == 0);
    return 0;
}
