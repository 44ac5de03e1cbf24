#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/multipart_decoder.h"
#include "support/decode.h"
#include "support/tolerated.h"

#define H "Content-ID: <a@b>\r\n\r\n" /* a header */
#define B70 "0123456789012345678901234567890123456789012345678901234567890123456789"

/* Decodes the text in all ways and compares what came out. */
static void check(const struct decoding *what, enum wsd_mime_fault fault, const char *log)
{
    struct decoded result = decode_all_ways(what);

    assert_string_equal(result.log, log);
    assert_string_equal(wsd_mime_fault_text(result.fault), wsd_mime_fault_text(fault));
    free(result.log);
}

static void decoder__parts_in_a_row__gives_each_its_bytes(void **state)
{
    static const struct {
        const char *boundary, *body, *log;
    } rows[] = {
        {"B", "--B\r\n" H "x\r\n--B--\r\n", "{0 a@b|x}"},
        {"B", "--B\r\n" H "x\r\n--B--", "{0 a@b|x}"}, /* .NET Micro Framework */
        {"B", "--B\r\n" H "x\r\n--B--  ", "{0 a@b|x}"},
        {"B", "--B\r\n" H "x\r\n--B--\r", "{0 a@b|x}"},
        {"B", "\r\n--B\r\n" H "x\r\n--B--\r\n", "{0 a@b|x}"}, /* WCF */
        {"B", "preamble\r\n--B\r\n" H "x\r\n--B--\r\nepilogue", "{0 a@b|x}"},
        {"B", "--B \t \r\n" H "x\r\n--B\t\r\n" H "y\r\n--B-- \t\r\n",
         "{0 a@b|x}{1 a@b|y}"},
        {"B", "--B\r\n" H "\r\n--B\r\n" H "--B--", "{0 a@b|}{1 a@b|}"},
        {"B", "--B\r\n\r\nx\r\n--B--", "{0 -|x}"},
        {"B", "--B\r\n\r\n\r\n--B--", "{0 -|}"},
        {"B", "--B\r\n\r\n--B--", "{0 -|}"},
        {"B", "--B\r\nX-Other: 1\r\n\r\nx\r\n--B--", "{0 -|x}"},
        {"==/a.b'()+_,-:? c=", "--==/a.b'()+_,-:? c=\r\n" H "x\r\n--==/a.b'()+_,-:? c=--",
         "{0 a@b|x}"},
        {"----=_P", "------=_P\r\n" H "x\r\n------=_P\r\n" H "y\r\n------=_P--",
         "{0 a@b|x}{1 a@b|y}"},
        {"B-", "--B-\r\n" H "x\r\n--B-\r\n" H "y\r\n--B---",
         "{0 a@b|x}{1 a@b|y}"}, /* the boundary's own dash is not of the closing two */
        {"-", "---\r\n" H "x\r\n-----\r\n", "{0 a@b|x}"},
        {B70, "--" B70 "\r\n" H "x\r\n--" B70 "--", "{0 a@b|x}"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of(rows[i].boundary, rows[i].body);

        check(&what, WSD_MIME_NONE, rows[i].log);
    }
}

/* Each row stands in content, whole, and in front of the delimiter. */
static void decoder__content_like_a_delimiter__is_content(void **state)
{
    static const char *const rows[] = {"x",
                                       "\r",
                                       "\n",
                                       "\r\n",
                                       "\r\n\r\n",
                                       "\r\r\n",
                                       "\n\r",
                                       "-",
                                       "--",
                                       "--B",
                                       "--Bx",
                                       "\r\n-",
                                       "\r\n--",
                                       "\r\n-B",
                                       "\r\n--A",
                                       "\r\n--b\r\n",
                                       "\r\n --B\r\n",
                                       "\r\n---B\r\n",
                                       "\r\n--Bx",
                                       "\r\n--BB\r\n",
                                       "\r\n--B:\r\n",
                                       "\r\n--B-",
                                       "\r\n--B-x",
                                       "\r\n--B-\r\n",
                                       "\r\n--B--x",
                                       "\r\n--B---\r\n",
                                       "\r\n--B--B",
                                       "\r\r\n--Bx",
                                       "\r\n\r\n--Bx",
                                       "\n--B\n",
                                       "\n--B\r\n",
                                       "\r--B\r\n",
                                       "x--B\r\n",
                                       "x--B--\r\n",
                                       "\r\n--\r\n--",
                                       "\r\n--\r\n--Bx",
                                       "\r\n-\r\n-",
                                       "\r\n\r\n\r\n",
                                       "\r\r\r\r",
                                       "\r\n--B\v",
                                       "\r\n--B\f\r\n"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char body[200], log[200];
        struct decoding what;

        snprintf(body, sizeof(body), "--B\r\n" H "a%s\r\n--B\r\n" H "%sb\r\n--B--",
                 rows[i], strncmp(rows[i], "--B", 3) == 0 ? "a" : rows[i]);
        snprintf(log, sizeof(log), "{0 a@b|a%s}{1 a@b|%sb}", rows[i],
                 strncmp(rows[i], "--B", 3) == 0 ? "a" : rows[i]);
        what = decoding_of("B", body);
        check(&what, WSD_MIME_NONE, log);
    }
}

static void decoder__content_with_nul__is_content(void **state)
{
    static const char body[] = "--B\r\n" H "\0\r\n--B\0\0\r\n--B--\0\r\n--B--";
    static const char log[] = "{0 a@b|\0\r\n--B\0\0\r\n--B--\0}";
    struct decoding what = decoding_of("B", "");
    struct decoded result;

    (void)state;
    what.body = body;
    what.size = sizeof(body) - 1;

    result = decode_all_ways(&what);

    assert_int_equal(result.hr, S_OK);
    assert_int_equal(result.length, sizeof(log) - 1);
    assert_memory_equal(result.log, log, result.length);
    free(result.log);
}

/* The longest pattern there is, and bytes that are equal to what is behind it. */
static void decoder__nul_behind_the_longest_delimiter__is_content(void **state)
{
    static const char body[] = "--" B70 "\r\n" H "\r\n--" B70 "--\0\0\r\n--" B70 "--";
    static const char log[] = "{0 a@b|\r\n--" B70 "--\0\0}";
    struct decoding what = decoding_of(B70, "");
    struct decoded result;

    (void)state;
    what.body = body;
    what.size = sizeof(body) - 1;

    result = decode_all_ways(&what);

    assert_int_equal(result.hr, S_OK);
    assert_int_equal(result.length, sizeof(log) - 1);
    assert_memory_equal(result.log, log, result.length);
    free(result.log);
}

static void decoder__malformed__says_what(void **state)
{
    static const struct {
        const char *body;
        enum wsd_mime_fault fault;
        const char *log;
    } rows[] = {
        {"--B--\r\n", WSD_MIME_NO_PARTS, ""},
        {"--B--", WSD_MIME_NO_PARTS, ""},
        {"text\r\n--B-- \r\n", WSD_MIME_NO_PARTS, ""},
        {"--B\n" H, WSD_MIME_LINE_FEED, ""},
        {"--B \n" H, WSD_MIME_LINE_FEED, ""},
        {"--B\r\n" H "x\r\n--B\n", WSD_MIME_LINE_FEED, "{0 a@b|x}"},
        {"--B\r\n" H "x\r\n--B--\n", WSD_MIME_LINE_FEED, "{0 a@b|x}"},
        {"--B\r\nContent-ID: <a@b>\n\r\n", WSD_MIME_LINE_FEED, ""},
        {"--B x\r\n", WSD_MIME_DELIMITER_SYNTAX, ""},
        {"--B \v\r\n", WSD_MIME_DELIMITER_SYNTAX, ""},
        {"--B\rx", WSD_MIME_DELIMITER_SYNTAX, ""},
        {"--B\r\r\n", WSD_MIME_DELIMITER_SYNTAX, ""},
        {"--B\r \n", WSD_MIME_DELIMITER_SYNTAX, ""},
        {"--B\r\n" H "x\r\n--B x\r\n", WSD_MIME_DELIMITER_SYNTAX, "{0 a@b|x}"},
        {"--B\r\n" H "x\r\n--B-- x", WSD_MIME_DELIMITER_SYNTAX, "{0 a@b|x}"},
        {"--B\r\nno colon\r\n\r\n", WSD_MIME_HEADER_SYNTAX, ""},
        {"--B\r\nContent-Type: a/b\r\n--B\r\n", WSD_MIME_HEADER_SYNTAX, ""},
        {"--B\r\nContent-Type: \001\r\n", WSD_MIME_HEADER_CHARACTER, ""},
        {"--B\r\n" H "x\r\n--B\r\nContent-ID: <a\r\n\r\n", WSD_MIME_CONTENT_ID_SYNTAX,
         "{0 a@b|x}"},
        {"--B\r\nContent-Transfer-Encoding: x-uue\r\n\r\n", WSD_MIME_ENCODING_UNKNOWN,
         ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of("B", rows[i].body);

        check(&what, rows[i].fault, rows[i].log);
    }
}

static void decoder__a_whole_body_cut_anywhere__is_never_complete(void **state)
{
    static const char body[] = "preamble\r\n--B\r\n" H "x\r\n--Bx\r\n--B \r\n" H
                               "y\r\n--B-x\r\n--B--\r\nepilogue";
    const char *close = strstr(body, "--B--\r\n");

    (void)state;
    for (size_t size = 0; size < sizeof(body); size++) {
        struct decoding what = decoding_of("B", body);
        struct decoded result;
        bool complete = size >= (size_t)(close + 5 - body);

        what.size = size;
        result = decode_all_ways(&what);
        assert_int_equal(result.hr, complete ? S_OK : WS_E_ENDPOINT_DISCONNECTED);
        if (!complete)
            assert_null(strstr(result.log, "{1 a@b|y\r\n--B-x}"));
        free(result.log);
    }
}

/* ---- limits: the largest body that passes, and one byte or part or line more ---- */

static void check_limit(const struct decoding *what, enum wsd_mime_fault fault)
{
    struct decoded result = decode_all_ways(what);

    assert_string_equal(wsd_mime_fault_text(result.fault), wsd_mime_fault_text(fault));
    free(result.log);
}

static void decoder__a_limit_exceeded_by_one__has_its_own_error(void **state)
{
    static const struct {
        struct wsd_multipart_limits limits;
        const char *fits, *exceeds;
        enum wsd_mime_fault fault;
    } rows[] = {
        {{2, 99, 9, 9, 9, 9},
         "--B\r\n\r\n--B\r\n\r\n--B--",
         "--B\r\n\r\n--B\r\n\r\n--B\r\n\r\n--B--",
         WSD_MIME_PART_COUNT},
        {{2, 10, 9, 9, 9, 9},
         "--B\r\nA: 234\r\n\r\n--B--",
         "--B\r\nA: 2345\r\n\r\n--B--",
         WSD_MIME_HEADER_SIZE},
        {{2, 10, 9, 9, 9, 9}, /* a blank line before it does not count */
         "--B\r\n\r\nC: 234\r\n\r\n--B--",
         "--B\r\n\r\nC: 2345\r\n\r\n--B--",
         WSD_MIME_HEADER_SIZE},
        {{2, 99, 2, 9, 9, 9},
         "--B\r\nA:\r\nB: b\r\n\r\n--B--",
         "--B\r\nA:\r\nB: b\r\n c\r\n\r\n--B--",
         WSD_MIME_HEADER_LINES},
        {{2, 99, 9, 9, 9, 9},
         "\r\n3456789\r\n--B\r\n\r\n--B--",
         "\r\n34567890\r\n--B\r\n\r\n--B--",
         WSD_MIME_PREAMBLE_SIZE},
        {{2, 99, 9, 9, 9, 9},
         "--B\r\n\r\n--B--\r\n123456789",
         "--B\r\n\r\n--B--\r\n1234567890",
         WSD_MIME_EPILOGUE_SIZE},
        {{2, 99, 9, 9, 9, 9},
         "--B\r\n\r\n123\r\n--B\r\n\r\n\r\n--Bx\r\n--B--",
         "--B\r\n\r\n123\r\n--B\r\n\r\n\r\n--Bxx\r\n--B--",
         WSD_MIME_CONTENT_SIZE},
        {{2, 99, 9, 9, 9, 9},
         "--B\r\nContent-Transfer-Encoding: base64\r\n\r\nMTIzNDU2Nzg5\r\n--B--",
         "--B\r\nContent-Transfer-Encoding: base64\r\n\r\nMTIzNDU2Nzg5MA==\r\n--B--",
         WSD_MIME_CONTENT_SIZE},
        {{0, 99, 9, 9, 9, 9}, NULL, "--B\r\n\r\n--B--", WSD_MIME_PART_COUNT},
        {{1, 0, 9, 9, 9, 9}, NULL, "--B\r\n\r\n--B--", WSD_MIME_HEADER_SIZE},
        {{1, 99, 0, 0, 0, 0},
         "--B\r\n\r\n--B--\r\n",
         "--B\r\n\r\nx\r\n--B--",
         WSD_MIME_CONTENT_SIZE},
        {{1, 99, 0, 0, 0, 0}, NULL, "x\r\n--B\r\n\r\n--B--", WSD_MIME_PREAMBLE_SIZE},
        {{1, 99, 0, 0, 0, 0}, NULL, "--B\r\n\r\n--B--\r\nx", WSD_MIME_EPILOGUE_SIZE},
        {{1, 99, 0, 0, 0, 0}, NULL, "--B\r\nA: b\r\n\r\n--B--", WSD_MIME_HEADER_LINES},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of("B", rows[i].exceeds);

        what.limits = rows[i].limits;
        check_limit(&what, rows[i].fault);
        if (rows[i].fits != NULL) {
            what.body = rows[i].fits;
            what.size = strlen(rows[i].fits);
            check_limit(&what, WSD_MIME_NONE);
        }
    }
}

static void decoder__content_past_its_limit__is_given_up_to_it(void **state)
{
    struct decoding what = decoding_of("B", "--B\r\n" H "12345");

    (void)state;
    what.limits.content = 3;
    check(&what, WSD_MIME_CONTENT_SIZE, "{0 a@b|123");
}

static void decoder__padding__is_limited_to_a_line(void **state)
{
    char body[1100];

    (void)state;
    for (int padding = 997; padding <= 999; padding++) {
        struct decoding what = decoding_of("B", body);
        struct decoded result;

        what.size =
            (size_t)snprintf(body, sizeof(body), "--B%*s\r\n\r\n--B--", padding, "");
        result = decode(&what, what.size, what.size, 0);
        assert_int_equal(result.fault,
                         padding <= 998 ? WSD_MIME_NONE : WSD_MIME_DELIMITER_PADDING);
        decode_alike(&what, &result, 1, 1, 0);
        free(result.log);
    }
}

static void decoder__default_limits__are_those_of_the_documentation(void **state)
{
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;

    (void)state;
    assert_int_equal(limits.parts, 50);
    assert_int_equal(limits.header_bytes, 8192);
    assert_int_equal(limits.header_lines, 64);
    assert_int_equal(limits.preamble, 65536);
    assert_int_equal(limits.epilogue, 65536);
    assert_true(limits.content == UINT64_MAX);
}

/* ---- tolerances ---- */

static void decoder__delimiters_in_the_middle_of_lines__need_their_tolerance(void **state)
{
    static const struct {
        const char *boundary, *body, *log;
        unsigned count; /* of delimiters without a line break */
    } rows[] = {
        {"B", "--B\r\n" H "x--B--", "{0 a@b|x}", 1},
        {"B", "x--B\r\n" H "x--B\r\n" H "y\r\n--B--", "{0 a@b|x}{1 a@b|y}", 2},
        {"B", "--B\r\n" H "x\r\n\r\n--B--", "{0 a@b|x\r\n}", 0},
        {"B", "--B\r\n" H "x\n--B--", "{0 a@b|x\n}", 1},
        {"B", "--B\r\n" H "x\r--B--", "{0 a@b|x\r}", 1},
        {"B", "--B\r\n" H "-----B--", "{0 a@b|---}", 1},
        {"B", "--B\r\n" H "\r\n---B--", "{0 a@b|\r\n-}", 1},
        {"B", "--B\r\n" H "--Bx--B-x--B--x--B--", "{0 a@b|--Bx--B-x--B--x}", 1},
        {"B", "--B\r\n" H "x\r\n--B--B--", "{0 a@b|x\r\n--B}", 1},
        {"-", "---\r\n" H "x------", "{0 a@b|x-}", 1},
        {"--", "----\r\n" H "x-----\r\n" H "y--------", "{0 a@b|x-}{1 a@b|y--}", 2},
        {"aab", "--aab\r\n" H "--aaaab--aa--aab--", "{0 a@b|--aaaab--aa}", 1},
        {"a--ab", "--a--ab\r\n" H "--a--a--ab--", "{0 a@b|--a}", 1},
        {"a--ab", "--a--ab\r\n" H "\r\n--a--a--ab--", "{0 a@b|\r\n--a}", 1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of(rows[i].boundary, rows[i].body);
        struct decoded result;

        what.accepted |= TOLERATED(DELIMITER_WITHOUT_CRLF);
        result = decode_all_ways(&what);
        assert_string_equal(result.log, rows[i].log);
        assert_int_equal(result.fault, WSD_MIME_NONE);
        assert_int_equal(result.counts[WSD_TOLERATE_DELIMITER_WITHOUT_CRLF],
                         rows[i].count);
        free(result.log);
    }
}

static void decoder__lines_with_a_line_feed_alone__need_their_tolerance(void **state)
{
    static const struct {
        const char *body, *log;
        unsigned count;
    } rows[] = {
        {"--B\nContent-ID: <a@b>\n\nx\n--B--\n", "{0 a@b|x}", 5},
        {"pre\n--B\n\nx\ny\r\n--B\n\n\n\n--B--", "{0 -|x\ny}{1 -|\n}", 6},
        {"--B\r\n\r\nx\r\r\n--B--\r\n", "{0 -|x\r}", 0},
        {"--B\r\n\r\nx\n\r\n--B--\r\n", "{0 -|x\n}", 0},
        {"--B\r\n\r\n\n--Bx\n-\n--B--x\r--B--\n--B--", "{0 -|\n--Bx\n-\n--B--x\r--B--}",
         1},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of("B", rows[i].body);
        struct decoded result;

        what.accepted |= TOLERATED(LINE_FEED);
        result = decode_all_ways(&what);
        assert_string_equal(result.log, rows[i].log);
        assert_int_equal(result.fault, WSD_MIME_NONE);
        assert_int_equal(result.counts[WSD_TOLERATE_LINE_FEED], rows[i].count);
        free(result.log);
    }
}

static void decoder__line_feeds_and_mid_line_delimiters__go_together(void **state)
{
    struct decoding what = decoding_of("B", "--B\n\nx--B\n\ny\n--B\r\n\r\n\n-z--B--\n");
    struct decoded result;

    (void)state;
    what.accepted |= TOLERATED(LINE_FEED) | TOLERATED(DELIMITER_WITHOUT_CRLF);

    result = decode_all_ways(&what);

    assert_int_equal(result.fault, WSD_MIME_NONE);
    assert_string_equal(result.log, "{0 -|x}{1 -|y}{2 -|\n-z}");
    assert_int_equal(result.counts[WSD_TOLERATE_DELIMITER_WITHOUT_CRLF], 2);
    free(result.log);
}

static void decoder__empty_line_before_a_header__needs_its_tolerance(void **state)
{
    static const struct {
        const char *body, *log;
        unsigned count;
    } rows[] = {
        {"--B\r\n\r\n" H "x\r\n--B--", "{0 a@b|x}", 1},
        {"--B\r\n\r\ncontent-id:<a@b>\r\n\r\nCx\r\n--B--", "{0 a@b|Cx}", 1},
        {"--B\r\n\r\n<x/>\r\n--B--", "{0 -|<x/>}", 0},
        {"--B\r\n\r\n\r\nC\r\n--B--", "{0 -|\r\nC}", 0},
        {"--B\r\n" H "C\r\n--B--", "{0 a@b|C}", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of("B", rows[i].body);
        struct decoded result = decode_all_ways(&what);

        assert_string_equal(result.log, rows[i].log);
        assert_int_equal(result.fault, WSD_MIME_NONE);
        assert_int_equal(result.counts[WSD_TOLERATE_BLANK_BEFORE_HEADER], rows[i].count);
        free(result.log);
    }
    {
        struct decoding what = decoding_of("B", rows[0].body);

        what.accepted &= ~TOLERATED(BLANK_BEFORE_HEADER);
        check(&what, WSD_MIME_NONE, "{0 -|" H "x}");
        what = decoding_of("B", "--B\r\n\r\nCopy\r\n--B--"); /* never with its C lost */
        check(&what, WSD_MIME_HEADER_SYNTAX, "");
    }
}

/* ---- base64 ---- */

#define B64 "--B\r\nContent-Transfer-Encoding: base64\r\n\r\n"

static void decoder__base64__is_decoded(void **state)
{
    static const struct {
        const char *body;
        enum wsd_mime_fault fault;
        const char *log;
    } rows[] = {
        {B64 "\r\n--B--", WSD_MIME_NONE, "{0 -|}"},
        {B64 "eA==\r\n--B--", WSD_MIME_NONE, "{0 -|x}"},
        {B64 "eHk=\r\n\r\n--B--", WSD_MIME_NONE, "{0 -|xy}"},
        {B64 "eH\r\nl6eHl6e\r\nHl6\r\n--B\r\n\r\neA==\r\n--B--", WSD_MIME_NONE,
         "{0 -|xyzxyzxyz}{1 -|eA==}"},
        {B64 "eA==\r\n--B\r\nContent-Transfer-Encoding: base64\r\n\r\neQ==\r\n--B--",
         WSD_MIME_NONE, "{0 -|x}{1 -|y}"},
        {B64 "eHl6e\r\n--B--", WSD_MIME_BASE64_END, "{0 -|xyz"},
        {B64 "eHl6eA==eA==\r\n--B--", WSD_MIME_BASE64_END, "{0 -|xyzx"},
        {B64 "eHl6!Hl6\r\n--B--", WSD_MIME_BASE64_CHARACTER, "{0 -|xyz"},
        {B64 "eHl6\r\n--Bx\r\n--B--", WSD_MIME_BASE64_CHARACTER, "{0 -|xyz"},
        {B64 "eHl6", WSD_MIME_TRUNCATED, "{0 -|xyz"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct decoding what = decoding_of("B", rows[i].body);

        check(&what, rows[i].fault, rows[i].log);
    }
}

/* ---- the handler ---- */

static void decoder__handler_fails__fails_with_its_code_and_calls_it_no_more(void **state)
{
    static const char body[] = "--B\r\n" H "x\r\n--Bx\r\n--B\r\n" H "y\r\n--B--";
    int calls;

    (void)state;
    for (calls = 1; calls < 100; calls++) {
        for (size_t piece = 1; piece <= sizeof(body); piece += sizeof(body) - 1) {
            struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
            struct wsd_tolerances tolerances = {0};
            struct wsd_multipart_decoder *decoder;
            struct part_log log;
            HRESULT hr;
            bool failed;

            part_log_init(&log, 0);
            log.calls_to_fail = calls;
            assert_int_equal(wsd_multipart_decoder_create(wsd_mem_heap(), "B", &limits,
                                                          &tolerances, &log.handler,
                                                          &decoder),
                             S_OK);
            hr = feed_body(wsd_multipart_decoder_sink(decoder), &log, body,
                           sizeof(body) - 1, piece, piece);
            failed = log.calls_to_fail < 0;
            assert_int_equal(hr, failed ? E_ABORT : S_OK);
            assert_int_equal(wsd_multipart_decoder_fault(decoder),
                             failed ? WSD_MIME_RECEIVER : WSD_MIME_NONE);
            wsd_multipart_decoder_destroy(decoder);
            wsd_text_fini(&log.text);
            if (!failed && piece == 1)
                goto all_have_failed;
        }
    }
all_have_failed:
    assert_in_range(calls, 8, 20);
}

/* A handler that keeps where it was called with what. */
struct pointers {
    struct wsd_part_handler handler;
    const uint8_t *from, *to; /* the pushed buffer */
    size_t in_place, elsewhere;
};

static HRESULT pointers_begins(struct wsd_part_handler *handler,
                               const struct wsd_part_header *header, size_t index)
{
    (void)handler;
    assert_string_equal(header->content_type, "image/jpeg");
    assert_string_equal(header->content_id, "a@b");
    assert_false(header->base64);
    assert_int_equal(index, 0);
    return S_OK;
}

static HRESULT pointers_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                                size_t size, size_t *taken)
{
    struct pointers *self = (struct pointers *)handler;

    *(bytes >= self->from && bytes < self->to ? &self->in_place : &self->elsewhere) +=
        size;
    *taken = size;
    return S_OK;
}

static HRESULT pointers_ends(struct wsd_part_handler *handler)
{
    (void)handler;
    return S_OK;
}

static void decoder__content__is_handed_on_where_it_stands(void **state)
{
    static const struct wsd_part_handler_vtable vtable = {
        pointers_begins, pointers_content, pointers_ends};
    static const char body[] =
        "--B\r\nContent-Type: image/jpeg\r\nContent-ID: <a@b>\r\n\r\n"
        "a long run\rof bytes\r\n and another\r\n--B-x\r\n--B--";
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct wsd_tolerances tolerances = {0};
    struct pointers handler = {.handler = {&vtable}};
    struct wsd_multipart_decoder *decoder;
    struct wsd_body_sink *sink;
    size_t taken;

    (void)state;
    assert_int_equal(wsd_multipart_decoder_create(wsd_mem_heap(), "B", &limits,
                                                  &tolerances, &handler.handler,
                                                  &decoder),
                     S_OK);
    sink = wsd_multipart_decoder_sink(decoder);
    handler.from = (const uint8_t *)body;
    handler.to = handler.from + sizeof(body) - 1;

    assert_int_equal(sink->vtable->push(sink, handler.from, sizeof(body) - 1, &taken),
                     S_OK);

    assert_int_equal(sink->vtable->finish(sink), S_OK);
    assert_int_equal(handler.elsewhere, strlen("\r\n--B-"));
    assert_int_equal(handler.in_place, strlen("a long run\rof bytes\r\n and anotherx"));
    wsd_multipart_decoder_destroy(decoder);
}

static void create__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;

    (void)state;
    for (grants = 0; grants < 32; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
        struct wsd_tolerances tolerances = {0};
        struct wsd_multipart_decoder *decoder =
            (struct wsd_multipart_decoder *)(uintptr_t)1;
        struct part_log log;
        HRESULT hr;

        part_log_init(&log, 0);
        hr = wsd_multipart_decoder_create(&heap.mem, "B", &limits, &tolerances,
                                          &log.handler, &decoder);
        wsd_text_fini(&log.text);
        if (hr == S_OK) {
            wsd_multipart_decoder_destroy(decoder);
            assert_int_equal(heap.live, 0);
            break;
        }
        assert_int_equal(hr, E_OUTOFMEMORY);
        assert_null(decoder);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 1, 31);
    wsd_multipart_decoder_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoder__parts_in_a_row__gives_each_its_bytes),
        cmocka_unit_test(decoder__content_like_a_delimiter__is_content),
        cmocka_unit_test(decoder__content_with_nul__is_content),
        cmocka_unit_test(decoder__nul_behind_the_longest_delimiter__is_content),
        cmocka_unit_test(decoder__malformed__says_what),
        cmocka_unit_test(decoder__a_whole_body_cut_anywhere__is_never_complete),
        cmocka_unit_test(decoder__a_limit_exceeded_by_one__has_its_own_error),
        cmocka_unit_test(decoder__content_past_its_limit__is_given_up_to_it),
        cmocka_unit_test(decoder__padding__is_limited_to_a_line),
        cmocka_unit_test(decoder__default_limits__are_those_of_the_documentation),
        cmocka_unit_test(
            decoder__delimiters_in_the_middle_of_lines__need_their_tolerance),
        cmocka_unit_test(decoder__lines_with_a_line_feed_alone__need_their_tolerance),
        cmocka_unit_test(decoder__line_feeds_and_mid_line_delimiters__go_together),
        cmocka_unit_test(decoder__empty_line_before_a_header__needs_its_tolerance),
        cmocka_unit_test(decoder__base64__is_decoded),
        cmocka_unit_test(
            decoder__handler_fails__fails_with_its_code_and_calls_it_no_more),
        cmocka_unit_test(decoder__content__is_handed_on_where_it_stands),
        cmocka_unit_test(create__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
