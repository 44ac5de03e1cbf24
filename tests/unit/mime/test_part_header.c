#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/part_header.h"
#include "support/body_feed.h"
#include "support/failing_mem.h"
#include "support/tolerated.h"

#define CTE "Content-Transfer-Encoding"

struct outcome {
    enum wsd_mime_fault fault;
    bool complete, empty;
    size_t taken;
    char said[256]; /* "type|id|base64", "-" for none */
    unsigned counts[WSD_TOLERANCE_COUNT];
};

/* Pushes the text in pieces of `piece` bytes, the first one of `first`. */
static struct outcome push(const char *text, size_t size, size_t first, size_t piece,
                           size_t byte_limit, size_t line_limit, unsigned accepted)
{
    struct wsd_tolerances tolerances = {.accepted = accepted};
    struct failing_mem heap = FAILING_MEM(1, &heap); /* init's, and no other */
    struct outcome outcome = {.fault = WSD_MIME_NONE};
    struct wsd_part_header header;

    assert_int_equal(
        wsd_part_header_init(&header, &heap.mem, byte_limit, line_limit, &tolerances),
        S_OK);
    while (outcome.taken < size && !outcome.complete && outcome.fault == WSD_MIME_NONE) {
        size_t left = size - outcome.taken;
        size_t run = outcome.taken < first ? first - outcome.taken : piece;
        size_t taken;

        run = run < left ? run : left;
        outcome.fault =
            wsd_part_header_push(&header, feed_guarded(text + outcome.taken, run), run,
                                 &taken, &outcome.complete);
        assert_in_range(taken, 0, run);
        if (outcome.fault == WSD_MIME_NONE && !outcome.complete)
            assert_int_equal(taken, run);
        outcome.taken += taken;
    }
    if (outcome.complete && outcome.fault == WSD_MIME_NONE) {
        outcome.empty = wsd_part_header_is_empty(&header);
        snprintf(outcome.said, sizeof(outcome.said), "%s|%s|%s",
                 header.content_type != NULL ? header.content_type : "-",
                 header.content_id != NULL ? header.content_id : "-",
                 header.base64 ? "base64" : "-");
    }
    memcpy(outcome.counts, tolerances.counts, sizeof(outcome.counts));
    wsd_part_header_fini(&header);
    assert_int_equal(heap.live, 0);
    return outcome;
}

/* In all ways. */
static struct outcome push_all_ways(const char *text, size_t size, size_t byte_limit,
                                    size_t line_limit, unsigned accepted)
{
    struct outcome whole = push(text, size, size, size, byte_limit, line_limit, accepted);

    for (size_t split = 0; split <= size; split++) {
        for (size_t piece = 1; piece <= size; piece += size - 1) {
            struct outcome again =
                push(text, size, split, piece, byte_limit, line_limit, accepted);

            assert_int_equal(again.fault, whole.fault);
            assert_int_equal(again.complete, whole.complete);
            if (whole.fault == WSD_MIME_NONE)
                assert_int_equal(again.taken, whole.taken);
            assert_string_equal(again.said, whole.said);
            assert_memory_equal(again.counts, whole.counts, sizeof(whole.counts));
            if (size == 1)
                break;
        }
    }
    return whole;
}

static void header__well_formed__says_what_it_says(void **state)
{
    static const struct {
        const char *text, *said;
        unsigned tolerated;
    } rows[] = {
        {"\r\n", "-|-|-", 0},
        {"X-Any: thing\r\n\r\n", "-|-|-", 0},
        {"Content-Type: a/b\r\n" CTE ": binary\r\nContent-ID: <c@d>\r\n\r\n", "a/b|c@d|-",
         0},
        {"Content-ID:\t <c@d> \t\r\n\r\n", "-|c@d|-", 0},
        {"Content-Type:\r\n\r\n", "|-|-", 0},
        {"Content-Type: a/b; c=\"d:e\"\r\n\r\n", "a/b; c=\"d:e\"|-|-", 0},
        {"content-TYPE: a/b\r\n\r\n", "a/b|-|-", TOLERATED(HEADER_SPELLING)},
        {"Content-Id: <c@d>\r\n\r\n", "-|c@d|-", TOLERATED(HEADER_SPELLING)},
        {"Content-Type:a/b\r\n\r\n", "a/b|-|-", TOLERATED(UNSPACED_HEADER)},
        {"Content-Type: a/b;\r\n c=d\r\n\r\n", "a/b; c=d|-|-", TOLERATED(FOLDED_HEADER)},
        {"Content-Type: a/b;\r\n\tc=d;\r\n  e=f\r\nX: y\r\n z\r\n\r\n",
         "a/b;\tc=d;  e=f|-|-", TOLERATED(FOLDED_HEADER)},
        {"Content-Type:\r\n a/b\r\n\r\n", "a/b|-|-", TOLERATED(FOLDED_HEADER)},
        {CTE ": 8bit\r\n\r\n", "-|-|-", TOLERATED(ENCODING_NOT_BINARY)},
        {CTE ": 7BIT\r\n\r\n", "-|-|-", TOLERATED(ENCODING_NOT_BINARY)},
        {CTE ": Binary\r\n\r\n", "-|-|-", 0},
        {CTE ": Base64 \r\n\r\n", "-|-|base64", TOLERATED(BASE64)},
        {"Content-ID: c@d\r\n\r\n", "-|c@d|-", TOLERATED(CONTENT_ID_WITHOUT_BRACKETS)},
        {"Content-Length: 99999999999999999999\r\n\r\n", "-|-|-", 0},
        {"X: 1\r\nX: 2\r\n\r\n", "-|-|-", 0},
        {"Content-Type: a/b\n\nx", "a/b|-|-", TOLERATED(LINE_FEED)},
        {"Content-Type: a/b\n c\r\n\n", "a/b c|-|-",
         TOLERATED(LINE_FEED) | TOLERATED(FOLDED_HEADER)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = rows[i].text;
        struct outcome outcome = push_all_ways(text, strlen(text), 200, 9, ~0u);
        struct wsd_tolerances counted = {0};

        assert_int_equal(outcome.fault, WSD_MIME_NONE);
        assert_true(outcome.complete);
        assert_int_equal(outcome.empty, i == 0);
        assert_string_equal(outcome.said, rows[i].said);
        assert_int_equal(outcome.taken, strlen(text) - (text[strlen(text) - 1] == 'x'));
        memcpy(counted.counts, outcome.counts, sizeof(counted.counts));
        assert_int_equal(tolerated(&counted), rows[i].tolerated);
        for (unsigned bit = 0; bit < WSD_TOLERANCE_COUNT; bit++) {
            if (rows[i].tolerated & 1u << bit)
                assert_int_not_equal(
                    push_all_ways(text, strlen(text), 200, 9, ~(1u << bit)).fault,
                    WSD_MIME_NONE);
        }
    }
}

static void header__malformed__says_what(void **state)
{
    static const struct {
        const char *text;
        enum wsd_mime_fault fault;
    } rows[] = {
        {"no colon\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"no-colon\r\n", WSD_MIME_HEADER_SYNTAX},
        {": no name\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"Content-Type : a/b\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"Content Type: a/b\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"\"X\": a/b\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {" X: folded onto nothing\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"X: y\r\n \r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"X: y\r\n\t \r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {" \r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"--boundary--\r\n\r\n", WSD_MIME_HEADER_SYNTAX},
        {"X: a\rb\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"X: a\r\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"\rX: a\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"X: \001\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"X: \177\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"X: \303\244\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"\303\244: x\r\n\r\n", WSD_MIME_HEADER_CHARACTER},
        {"Content-Type: a/b\r\nCONTENT-TYPE: a/b\r\n\r\n", WSD_MIME_HEADER_DUPLICATE},
        {"Content-ID: <a@b>\r\nContent-ID: <a@b>\r\n\r\n", WSD_MIME_HEADER_DUPLICATE},
        {CTE ": binary\r\n" CTE ": binary\r\n\r\n", WSD_MIME_HEADER_DUPLICATE},
        {CTE ": quoted-printable\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN},
        {CTE ": binary x\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN},
        {CTE ": binar\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN},
        {CTE ": binaryy\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN},
        {CTE ":\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN},
        {"Content-ID: <a@b> <c@d>\r\n\r\n", WSD_MIME_CONTENT_ID_SYNTAX},
        {"Content-ID:\r\n\r\n", WSD_MIME_CONTENT_ID_SYNTAX},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *text = rows[i].text;

        assert_string_equal(
            wsd_mime_fault_text(push_all_ways(text, strlen(text), 200, 9, ~0u).fault),
            wsd_mime_fault_text(rows[i].fault));
    }
}

static void header__nul__is_refused(void **state)
{
    static const char text[] = "Content-Type: a/b\0\r\n\r\n", name[] = "X\0: y\r\n\r\n";

    (void)state;
    assert_int_equal(push_all_ways(text, sizeof(text) - 1, 200, 9, ~0u).fault,
                     WSD_MIME_HEADER_CHARACTER);
    assert_int_equal(push_all_ways(name, sizeof(name) - 1, 200, 9, ~0u).fault,
                     WSD_MIME_HEADER_CHARACTER);
}

static void header__line_feed_alone__needs_its_tolerance(void **state)
{
    static const char *const rows[] = {"\n", "X: y\n\r\n", "X: y\r\n\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(push_all_ways(rows[i], strlen(rows[i]), 200, 9, 0).fault,
                         WSD_MIME_LINE_FEED);
}

static void header__cut_short__is_not_complete(void **state)
{
    static const char text[] = "Content-Type: a/b\r\n c\r\n\r\n";

    (void)state;
    for (size_t size = 1; size < sizeof(text) - 1; size++) {
        struct outcome outcome = push_all_ways(text, size, 200, 9, ~0u);

        assert_int_equal(outcome.fault, WSD_MIME_NONE);
        assert_false(outcome.complete);
    }
}

static void header__limits__count_bytes_and_physical_lines(void **state)
{
    static const char text[] = "X: y\r\n z\r\n z\r\nX: y\r\n\r\n";
    size_t size = sizeof(text) - 1;

    (void)state;
    assert_int_equal(push_all_ways(text, size, size, 4, ~0u).fault, WSD_MIME_NONE);
    assert_int_equal(push_all_ways(text, size, size - 1, 4, ~0u).fault,
                     WSD_MIME_HEADER_SIZE);
    assert_int_equal(push_all_ways(text, size, size, 3, ~0u).fault,
                     WSD_MIME_HEADER_LINES);
    assert_int_equal(push_all_ways("\r\n", 2, 2, 0, ~0u).fault, WSD_MIME_NONE);
    assert_int_equal(push_all_ways("X", 1, 0, 9, ~0u).fault, WSD_MIME_HEADER_SIZE);
}

static void header__reset__forgets_all(void **state)
{
    struct wsd_tolerances tolerances;
    struct wsd_part_header header;
    static const char first[] =
        "Content-Type: a/b\r\nContent-ID: <c@d>\r\n" CTE ": base64\r\n\r\n";
    static const char second[] = CTE ": binary\r\n\r\n";
    size_t taken;
    bool complete;

    (void)state;
    wsd_tolerances_init(&tolerances);
    assert_int_equal(
        wsd_part_header_init(&header, wsd_mem_heap(), sizeof(first) - 1, 3, &tolerances),
        S_OK);
    for (int round = 0; round < 3; round++) {
        wsd_part_header_reset(&header);
        assert_int_equal(wsd_part_header_push(&header, (const uint8_t *)first,
                                              sizeof(first) - 1, &taken, &complete),
                         WSD_MIME_NONE);
        assert_true(complete && header.base64);
        wsd_part_header_reset(&header);
        assert_int_equal(wsd_part_header_push(&header, (const uint8_t *)second,
                                              sizeof(second) - 1, &taken, &complete),
                         WSD_MIME_NONE);
        assert_true(complete && !header.base64);
        assert_null(header.content_type);
        assert_null(header.content_id);
    }
    wsd_part_header_fini(&header);
    wsd_part_header_fini(&header);
}

static void header__no_memory__can_still_be_given_up(void **state)
{
    struct wsd_tolerances tolerances = {0};
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_part_header header;

    (void)state;
    assert_int_equal(wsd_part_header_init(&header, &heap.mem, 8192, 64, &tolerances),
                     E_OUTOFMEMORY);
    wsd_part_header_fini(&header);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__well_formed__says_what_it_says),
        cmocka_unit_test(header__malformed__says_what),
        cmocka_unit_test(header__nul__is_refused),
        cmocka_unit_test(header__line_feed_alone__needs_its_tolerance),
        cmocka_unit_test(header__cut_short__is_not_complete),
        cmocka_unit_test(header__limits__count_bytes_and_physical_lines),
        cmocka_unit_test(header__reset__forgets_all),
        cmocka_unit_test(header__no_memory__can_still_be_given_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
