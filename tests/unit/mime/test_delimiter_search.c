#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "mime/delimiter_search.h"
#include "support/body_feed.h"

enum { LONGEST = 64 };

/* What a search comes to: the content before the first delimiter, and which one it is. */
struct found {
    enum wsd_search kind; /* WSD_SEARCH_MORE: there is none */
    char content[LONGEST];
    size_t content_size;
    size_t used; /* bytes up to the end of the delimiter */
    bool mid_line, line_feed;
};

/* ---- the specification, without regard to cost ---- */

static bool ends_boundary(const char *text, size_t size, size_t at)
{
    return at < size && strchr("\r\n \t", text[at]) != NULL && text[at] != '\0';
}

static bool has(const char *text, size_t size, size_t at, const char *word)
{
    return at + strlen(word) <= size && memcmp(text + at, word, strlen(word)) == 0;
}

static struct found specified(const char *text, size_t size, const char *boundary,
                              bool line_feed, bool anywhere)
{
    struct found found = {.kind = WSD_SEARCH_MORE};
    char delimiter[2 + WSD_BOUNDARY_LIMIT + 1];

    snprintf(delimiter, sizeof(delimiter), "--%s", boundary);
    for (size_t at = 0; at < size; at++) {
        size_t end = at + strlen(delimiter), line_break = 0;

        if (!has(text, size, at, delimiter))
            continue;
        if (ends_boundary(text, size, end)) {
            found.kind = WSD_SEARCH_DELIMITER;
        } else if (has(text, size, end, "--") &&
                   (end + 2 == size || ends_boundary(text, size, end + 2))) {
            found.kind = WSD_SEARCH_CLOSE;
            end += 2;
        } else {
            continue;
        }
        if (at >= 2 && has(text, size, at - 2, "\r\n"))
            line_break = 2;
        else if (line_feed && at >= 1 && text[at - 1] == '\n')
            line_break = 1;
        if (line_break == 0 && at > 0 && !anywhere) {
            found.kind = WSD_SEARCH_MORE;
            continue;
        }
        found.used = end;
        found.content_size = at - line_break;
        memcpy(found.content, text, found.content_size);
        found.mid_line = line_break == 0 && at > 0;
        found.line_feed = line_break == 1;
        break;
    }
    return found;
}

/* ---- the search ---- */

static struct found searched(const char *text, size_t size, const char *boundary,
                             bool line_feed, bool anywhere, size_t piece, uint32_t random)
{
    struct wsd_tolerances tolerances = {
        .accepted = (line_feed ? 1u << WSD_TOLERATE_LINE_FEED : 0u) |
                    (anywhere ? 1u << WSD_TOLERATE_DELIMITER_WITHOUT_CRLF : 0u)};
    struct found found = {.kind = WSD_SEARCH_MORE};
    struct wsd_delimiter_search search;

    wsd_delimiter_search_init(&search, boundary, &tolerances);
    while (found.used < size &&
           (found.kind == WSD_SEARCH_MORE || found.kind == WSD_SEARCH_CONTENT)) {
        size_t left = size - found.used, push = left < piece ? left : piece;
        const uint8_t *bytes = feed_guarded(text + found.used, push), *run;
        size_t used, run_size, taken;

        found.kind =
            wsd_delimiter_search_next(&search, bytes, push, &used, &run, &run_size);
        found.used += used;
        assert_in_range(used, 0, push);
        if (found.kind == WSD_SEARCH_CONTENT) {
            assert_int_not_equal(run_size, 0);
            taken = random == 0 ? run_size : feed_random(&random) % (run_size + 1);
            assert_in_range(found.content_size + taken, 0, LONGEST);
            memcpy(found.content + found.content_size, run, taken);
            found.content_size += taken;
            found.used += wsd_delimiter_search_take(&search, taken);
        }
    }
    if (found.kind == WSD_SEARCH_MORE || found.kind == WSD_SEARCH_CONTENT)
        found.kind = wsd_delimiter_search_finish(&search);
    found.mid_line = tolerances.counts[WSD_TOLERATE_DELIMITER_WITHOUT_CRLF] > 0;
    found.line_feed = tolerances.counts[WSD_TOLERATE_LINE_FEED] > 0;
    return found;
}

static void check_one(const char *text, size_t size, const char *boundary, bool line_feed,
                      bool anywhere, size_t piece, uint32_t random)
{
    struct found expected = specified(text, size, boundary, line_feed, anywhere);
    struct found found =
        searched(text, size, boundary, line_feed, anywhere, piece, random);

    assert_int_equal(found.kind, expected.kind);
    if (expected.kind == WSD_SEARCH_MORE) { /* what may yet be a delimiter is kept back */
        assert_in_range(found.content_size, 0, size);
        assert_memory_equal(found.content, text, found.content_size);
        return;
    }
    assert_int_equal(found.used, expected.used);
    assert_int_equal(found.content_size, expected.content_size);
    assert_memory_equal(found.content, expected.content, expected.content_size);
    assert_int_equal(found.mid_line, expected.mid_line);
    assert_int_equal(found.line_feed, expected.line_feed);
}

static void check(const char *text, size_t size, const char *boundary)
{
    for (unsigned mode = 0; mode < 4; mode++) {
        check_one(text, size, boundary, mode & 1, mode & 2, size, 0);
        check_one(text, size, boundary, mode & 1, mode & 2, 1, 0);
        check_one(text, size, boundary, mode & 1, mode & 2, 3, 7);
    }
}

static void search__every_short_text__is_as_specified(void **state)
{
    static const char *const boundaries[] = {"b", "-"};
    static const char letters[] = {'\r', '\n', '-', 'b'};
    char text[7];

    (void)state;
    for (size_t size = 1; size <= sizeof(text); size++) {
        for (unsigned number = 0; number < 1u << 2 * size; number++) {
            for (size_t i = 0; i < size; i++)
                text[i] = letters[number >> 2 * i & 3];
            check(text, size, boundaries[0]);
            check(text, size, boundaries[1]);
        }
    }
}

static void search__random_texts__are_as_specified(void **state)
{
    static const char *const boundaries[] = {"b",  "-",   "--",   "b-",    "-b",
                                             "bb", "b--", "b--b", "b-b--b"};
    static const char *const words[] = {"\r\n", "\r",       "\n",     "-",     "--",
                                        "b",    "--b",      "b--",    "\r\n-", " ",
                                        "--\r", "\r\n--b-", "--b--b", "bb"};
    uint32_t random = 1;

    (void)state;
    for (int round = 0; round < 20000; round++) {
        const char *boundary = boundaries[round % 9];
        char text[LONGEST] = "";
        size_t size = 0;

        for (unsigned word = feed_random(&random) % 12; word > 0; word--) {
            const char *next = words[feed_random(&random) % 14];

            if (size + strlen(next) < sizeof(text)) {
                memcpy(text + size, next, strlen(next));
                size += strlen(next);
            }
        }
        check(text, size, boundary);
    }
}

static void search__begins_again__forgets_all(void **state)
{
    struct wsd_tolerances tolerances = {0};
    struct wsd_delimiter_search search;
    const uint8_t *run;
    size_t used, size;

    (void)state;
    wsd_delimiter_search_init(&search, "b", &tolerances);
    assert_int_equal(wsd_delimiter_search_next(&search, (const uint8_t *)"xyz\r\n--", 7,
                                               &used, &run, &size),
                     WSD_SEARCH_CONTENT);
    assert_int_equal(size, 3);
    wsd_delimiter_search_take(&search, 1);

    wsd_delimiter_search_begin(&search);

    assert_int_equal(wsd_delimiter_search_next(&search, (const uint8_t *)"--b\r", 4,
                                               &used, &run, &size),
                     WSD_SEARCH_DELIMITER);
    assert_int_equal(used, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(search__every_short_text__is_as_specified),
        cmocka_unit_test(search__random_texts__are_as_specified),
        cmocka_unit_test(search__begins_again__forgets_all),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
