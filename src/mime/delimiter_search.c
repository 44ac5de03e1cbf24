#include "mime/delimiter_search.h"

#include <string.h>

#include "base/assert.h"

enum { LINE_BREAK = 2, CLOSING = 2 }; /* the sizes of CRLF and of "--" */

static void find_borders(struct wsd_delimiter_search *search)
{
    const uint8_t *text = search->pattern + LINE_BREAK;
    size_t border = 0;

    for (size_t i = 1; i < search->size - LINE_BREAK; i++) {
        while (border > 0 && text[i] != text[border])
            border = search->borders[border];
        if (text[i] == text[border])
            border++;
        search->borders[i + 1] = (uint8_t)border;
    }
}

void wsd_delimiter_search_init(struct wsd_delimiter_search *search, const char *boundary,
                               struct wsd_tolerances *tolerances)
{
    size_t length = strlen(boundary);

    WSD_ASSERT(length >= 1 && length <= WSD_BOUNDARY_LIMIT);

    *search = (struct wsd_delimiter_search){
        .tolerances = tolerances,
        .line_feed = tolerances->accepted & 1u << WSD_TOLERATE_LINE_FEED,
        .anywhere = tolerances->accepted & 1u << WSD_TOLERATE_DELIMITER_WITHOUT_CRLF,
        .size = LINE_BREAK + 2 + length + CLOSING};
    memcpy(search->pattern, "\r\n--", 4);
    memcpy(search->pattern + 4, boundary, length);
    memcpy(search->pattern + 4 + length, "--", CLOSING);
    find_borders(search);
    wsd_delimiter_search_begin(search);
}

void wsd_delimiter_search_begin(struct wsd_delimiter_search *search)
{
    search->matched = LINE_BREAK;
    search->from = LINE_BREAK;
    search->mid_line = false;
    search->owed_from = 0;
    search->owed_to = 0;
    search->plain = 0;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* The bytes up to a CR with which a delimiter may begin.  A look at what follows saves a
 * handler of binary data a call for each CR in it. */
static size_t find_plain_strictly(const struct wsd_delimiter_search *search,
                                  const uint8_t *bytes, size_t size)
{
    for (size_t plain = 0;; plain++) {
        const uint8_t *found = memchr(bytes + plain, '\r', size - plain);

        if (found == NULL)
            return size;
        plain = (size_t)(found - bytes);
        if (memcmp(found, search->pattern, smaller(size - plain, LINE_BREAK + 2)) == 0)
            return plain;
    }
}

/* The bytes up to the first one with which a delimiter may begin. */
static size_t find_plain(const struct wsd_delimiter_search *search, const uint8_t *bytes,
                         size_t size)
{
    size_t plain = 0;

    if (!search->line_feed && !search->anywhere)
        return find_plain_strictly(search, bytes, size);
    while (plain < size && bytes[plain] != '\r' &&
           !(search->line_feed && bytes[plain] == '\n') &&
           !(search->anywhere && bytes[plain] == '-'))
        plain++;
    return plain;
}

/* Adds a byte to the match; false: it does not fit there. */
static bool match(struct wsd_delimiter_search *search, uint8_t byte)
{
    if (search->matched == 0) {
        /* One of those at which find_plain() stops. */
        search->from = byte == '\r' ? 0 : byte == '\n' ? 1 : LINE_BREAK;
        search->mid_line = byte == '-';
        search->matched = search->from + 1;
        return true;
    }
    if (search->matched == search->size || byte != search->pattern[search->matched])
        return false;
    search->matched++;
    return true;
}

/* What matched is content, but for an end of it with which a delimiter may yet begin. */
static void give_up(struct wsd_delimiter_search *search)
{
    size_t kept = 0;

    if (search->anywhere && search->matched > LINE_BREAK)
        kept = search->borders[search->matched - LINE_BREAK];
    search->owed_from = search->from;
    search->owed_to = search->matched - kept;
    search->matched = kept > 0 ? LINE_BREAK + kept : 0;
    search->from = LINE_BREAK;
    search->mid_line = true;
}

/* What a delimiter would be that ends here. */
static enum wsd_search whole_match(const struct wsd_delimiter_search *search)
{
    if (search->matched == search->size)
        return WSD_SEARCH_CLOSE;
    return search->matched == search->size - CLOSING ? WSD_SEARCH_DELIMITER
                                                     : WSD_SEARCH_MORE;
}

static void count(const struct wsd_delimiter_search *search)
{
    if (search->mid_line)
        wsd_tolerates(search->tolerances, WSD_TOLERATE_DELIMITER_WITHOUT_CRLF);
    else if (search->from == 1)
        wsd_tolerates(search->tolerances, WSD_TOLERATE_LINE_FEED);
}

enum wsd_search wsd_delimiter_search_next(struct wsd_delimiter_search *search,
                                          const uint8_t *bytes, size_t size, size_t *used,
                                          const uint8_t **run, size_t *run_size)
{
    *used = 0;
    for (;;) {
        enum wsd_search whole = whole_match(search);
        uint8_t byte;

        if (search->owed_from < search->owed_to) {
            *run = search->pattern + search->owed_from;
            *run_size = search->owed_to - search->owed_from;
            return WSD_SEARCH_CONTENT;
        }
        if (*used == size)
            return WSD_SEARCH_MORE;
        if (search->matched == 0 && search->plain == 0)
            search->plain = find_plain(search, bytes + *used, size - *used);
        if (search->plain > 0) {
            *run = bytes + *used;
            *run_size = smaller(search->plain, size - *used);
            return WSD_SEARCH_CONTENT;
        }
        byte = bytes[*used];
        if (whole != WSD_SEARCH_MORE &&
            (byte == '\r' || byte == '\n' || byte == ' ' || byte == '\t')) {
            count(search);
            return whole;
        }
        if (match(search, byte))
            (*used)++;
        else
            give_up(search);
    }
}

size_t wsd_delimiter_search_take(struct wsd_delimiter_search *search, size_t taken)
{
    if (search->owed_from < search->owed_to) {
        WSD_ASSERT(taken <= search->owed_to - search->owed_from);
        search->owed_from += taken;
        return 0;
    }
    WSD_ASSERT(taken <= search->plain);
    search->plain -= taken;
    return taken;
}

enum wsd_search wsd_delimiter_search_finish(struct wsd_delimiter_search *search)
{
    if (whole_match(search) != WSD_SEARCH_CLOSE)
        return WSD_SEARCH_MORE;
    count(search);
    return WSD_SEARCH_CLOSE;
}
