#include "mime/part_header.h"

#include <stdint.h>
#include <string.h>

#include "mime/ascii.h"
#include "mime/content_id.h"

/* The length of the name in "name: value"; 0: it is not that. */
static size_t name_length(const char *line)
{
    size_t length = 0;

    while (wsd_is_token_char(line[length]))
        length++;
    return line[length] == ':' ? length : 0;
}

static char *trim(char *value)
{
    char *end;

    while (wsd_is_blank(*value))
        value++;
    end = value + strlen(value);
    while (end > value && wsd_is_blank(end[-1]))
        end--;
    *end = '\0';
    return value;
}

/* ---- the fields of a complete header ---- */

static enum wsd_mime_fault read_encoding(struct wsd_part_header *header, char *value)
{
    static const char *const plain[] = {"binary", "8bit", "7bit"};
    struct wsd_tolerances *tolerances = header->reader.tolerances;

    for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++) {
        if (wsd_is_same_word(value, plain[i], SIZE_MAX))
            return i == 0 || wsd_tolerates(tolerances, WSD_TOLERATE_ENCODING_NOT_BINARY)
                       ? WSD_MIME_NONE
                       : WSD_MIME_ENCODING_UNKNOWN;
    }
    header->base64 = wsd_is_same_word(value, "base64", SIZE_MAX) &&
                     wsd_tolerates(tolerances, WSD_TOLERATE_BASE64);
    return header->base64 ? WSD_MIME_NONE : WSD_MIME_ENCODING_UNKNOWN;
}

enum field { CONTENT_TYPE, CONTENT_TRANSFER_ENCODING, CONTENT_ID, FIELD_COUNT };

static enum wsd_mime_fault read_value(struct wsd_part_header *header, enum field field,
                                      char *value)
{
    if (header->reader.fields & 1u << field)
        return WSD_MIME_HEADER_DUPLICATE;
    header->reader.fields |= 1u << field;
    if (field == CONTENT_TRANSFER_ENCODING)
        return read_encoding(header, value);
    if (field == CONTENT_ID)
        return wsd_content_id_parse(value, header->reader.tolerances,
                                    &header->content_id);
    header->content_type = value;
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault read_field(struct wsd_part_header *header, char *line)
{
    static const char *const names[FIELD_COUNT] = {
        "Content-Type", "Content-Transfer-Encoding", "Content-ID"};
    struct wsd_tolerances *tolerances = header->reader.tolerances;
    char *value = line + name_length(line);

    *value++ = '\0';
    if (wsd_is_visible(*value) &&
        !wsd_tolerates(tolerances, WSD_TOLERATE_UNSPACED_HEADER))
        return WSD_MIME_HEADER_SYNTAX;
    for (enum field field = 0; field < FIELD_COUNT; field++) {
        if (!wsd_is_same_word(line, names[field], SIZE_MAX))
            continue;
        if (strcmp(line, names[field]) != 0 &&
            !wsd_tolerates(tolerances, WSD_TOLERATE_HEADER_SPELLING))
            return WSD_MIME_HEADER_SYNTAX;
        return read_value(header, field, trim(value));
    }
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault read_fields(struct wsd_part_header *header)
{
    char *bytes = header->reader.bytes;
    enum wsd_mime_fault fault = WSD_MIME_NONE;
    size_t next;

    for (size_t at = 0; at < header->reader.used && fault == WSD_MIME_NONE; at = next) {
        next = at + strlen(bytes + at) + 1;
        fault = read_field(header, bytes + at);
    }
    return fault;
}

/* ---- lines ---- */

/* The line is over, without its line break: joins it to the one before if it is folded.
 */
static enum wsd_mime_fault keep_line(struct wsd_part_header *header, size_t length)
{
    char *line = header->reader.bytes + header->reader.line;
    bool blank = true;

    if (header->reader.lines == header->reader.line_limit)
        return WSD_MIME_HEADER_LINES;
    header->reader.lines++;
    for (size_t i = 0; i < length; i++) {
        if (!wsd_is_visible(line[i]) && !wsd_is_blank(line[i]))
            return WSD_MIME_HEADER_CHARACTER;
        blank = blank && wsd_is_blank(line[i]);
    }
    if (blank)
        return WSD_MIME_HEADER_SYNTAX;
    line[length] = '\0';
    if (wsd_is_blank(line[0])) {
        if (header->reader.line == 0 ||
            !wsd_tolerates(header->reader.tolerances, WSD_TOLERATE_FOLDED_HEADER))
            return WSD_MIME_HEADER_SYNTAX;
        header->reader.line--; /* over the NUL */
        memmove(line - 1, line, length + 1);
    } else if (name_length(line) == 0) {
        return WSD_MIME_HEADER_SYNTAX;
    }
    header->reader.line += length + 1;
    header->reader.used = header->reader.line;
    return WSD_MIME_NONE;
}

static enum wsd_mime_fault end_line(struct wsd_part_header *header, bool *complete)
{
    const char *line = header->reader.bytes + header->reader.line;
    size_t length = header->reader.used - header->reader.line - 1; /* LF */

    if (length > 0 && line[length - 1] == '\r')
        length--;
    else if (!wsd_tolerates(header->reader.tolerances, WSD_TOLERATE_LINE_FEED))
        return WSD_MIME_LINE_FEED;
    if (length > 0)
        return keep_line(header, length);
    header->reader.used = header->reader.line;
    *complete = true;
    return read_fields(header);
}

enum wsd_mime_fault wsd_part_header_push(struct wsd_part_header *header,
                                         const uint8_t *bytes, size_t size, size_t *taken,
                                         bool *complete)
{
    enum wsd_mime_fault fault = WSD_MIME_NONE;

    *taken = 0;
    *complete = false;
    while (*taken < size && !*complete && fault == WSD_MIME_NONE) {
        size_t left = size - *taken;
        size_t room = header->reader.byte_limit - header->reader.received;
        size_t run = left < room ? left : room;
        const uint8_t *feed = run == 0 ? NULL : memchr(bytes + *taken, '\n', run);

        if (run == 0)
            return WSD_MIME_HEADER_SIZE;
        if (feed != NULL)
            run = (size_t)(feed - (bytes + *taken)) + 1;
        memcpy(header->reader.bytes + header->reader.used, bytes + *taken, run);
        header->reader.used += run;
        header->reader.received += run;
        *taken += run;
        if (feed != NULL)
            fault = end_line(header, complete);
    }
    return fault;
}

bool wsd_part_header_is_empty(const struct wsd_part_header *header)
{
    return header->reader.lines == 0;
}

HRESULT wsd_part_header_init(struct wsd_part_header *header, const struct wsd_mem *mem,
                             size_t byte_limit, size_t line_limit,
                             struct wsd_tolerances *tolerances)
{
    *header = (struct wsd_part_header){.reader = {.mem = mem,
                                                  .tolerances = tolerances,
                                                  .byte_limit = byte_limit,
                                                  .line_limit = line_limit}};
    header->reader.bytes = wsd_alloc(mem, byte_limit);
    return header->reader.bytes != NULL ? S_OK : E_OUTOFMEMORY;
}

void wsd_part_header_fini(struct wsd_part_header *header)
{
    if (header->reader.bytes != NULL)
        wsd_free(header->reader.mem, header->reader.bytes);
    header->reader.bytes = NULL;
}

void wsd_part_header_reset(struct wsd_part_header *header)
{
    header->content_type = NULL;
    header->content_id = NULL;
    header->base64 = false;
    header->reader.used = 0;
    header->reader.line = 0;
    header->reader.received = 0;
    header->reader.lines = 0;
    header->reader.fields = 0;
}
