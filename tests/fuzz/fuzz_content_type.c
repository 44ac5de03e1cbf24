/* Input: one byte, odd for all tolerances; then the value of a Content-Type field.
 *
 * Properties: what it gives lies in the value and is text; no name comes twice; a
 * boundary is 1 to 70 characters; a value that is valid strictly means the same with
 * tolerances. */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "mime/content_type.h"
#include "support/body_feed.h"

static enum wsd_mime_fault parse(char *value, size_t size, unsigned accepted,
                                 struct wsd_content_type *parsed)
{
    struct wsd_tolerances tolerances = {.accepted = accepted};
    enum wsd_mime_fault fault = wsd_content_type_parse(value, &tolerances, parsed);
    const char *boundary;

    if (fault != WSD_MIME_NONE)
        return fault;
    FEED_REQUIRE(strchr(parsed->type, '/') != NULL);
    FEED_REQUIRE(parsed->count <= WSD_CONTENT_TYPE_PARAMETERS);
    for (size_t i = 0; i < parsed->count; i++) {
        const char *name = parsed->parameters[i].name;
        const char *text = parsed->parameters[i].value;

        FEED_REQUIRE(name > value && text > name && *name != '\0');
        FEED_REQUIRE(text + strlen(text) <= value + size);
        FEED_REQUIRE(wsd_content_type_parameter(parsed, name) == text);
        for (; *text != '\0'; text++)
            FEED_REQUIRE(*text == '\t' || (*text >= ' ' && *text < 0x7F));
    }
    if (wsd_content_type_boundary(parsed, &boundary) == WSD_MIME_NONE)
        FEED_REQUIRE(strlen(boundary) >= 1 && strlen(boundary) <= WSD_BOUNDARY_LIMIT);
    wsd_content_type_start_info(parsed, &tolerances);
    return WSD_MIME_NONE;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct wsd_content_type strict, tolerant;
    char *first, *second;

    if (size == 0)
        return 0;
    first = strndup((const char *)bytes + 1, size - 1);
    second = strndup((const char *)bytes + 1, size - 1);
    FEED_REQUIRE(first != NULL && second != NULL);
    if (bytes[0] % 2 == 1) {
        parse(first, size - 1, ~0u, &tolerant);
    } else if (parse(first, size - 1, 0, &strict) == WSD_MIME_NONE) {
        FEED_REQUIRE(parse(second, size - 1, ~0u, &tolerant) == WSD_MIME_NONE);
        FEED_REQUIRE(strcmp(strict.type, tolerant.type) == 0);
        FEED_REQUIRE(strict.count == tolerant.count);
        for (size_t i = 0; i < strict.count; i++) {
            FEED_REQUIRE(strcmp(strict.parameters[i].name, tolerant.parameters[i].name) ==
                         0);
            FEED_REQUIRE(
                strcmp(strict.parameters[i].value, tolerant.parameters[i].value) == 0);
        }
    }
    free(first);
    free(second);
    return 0;
}
