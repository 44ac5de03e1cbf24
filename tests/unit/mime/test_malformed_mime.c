/* The rows G1 to G21 of tests/FAULTS.md, from the HTTP header to the parts; G22 is in
 * test_linear_work.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/content_id.h"
#include "mime/content_type.h"
#include "support/decode.h"
#include "support/tolerated.h"

#define H "Content-ID: <a@b>\r\n\r\n" /* a header */
#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

/* The boundary of a Content-Type value, in `copy`, which is freed by the caller. */
static enum wsd_mime_fault find_boundary(const char *value, char **copy,
                                         const char **boundary)
{
    struct wsd_tolerances tolerances;
    struct wsd_content_type type;
    enum wsd_mime_fault fault;

    wsd_tolerances_init(&tolerances);
    *copy = strdup(value);
    assert_non_null(*copy);
    fault = wsd_content_type_parse(*copy, &tolerances, &type);
    return fault == WSD_MIME_NONE ? wsd_content_type_boundary(&type, boundary) : fault;
}

static void check(const struct decoding *what, enum wsd_mime_fault fault, const char *log)
{
    struct decoded result = decode_all_ways(what);

    assert_string_equal(wsd_mime_fault_text(result.fault), wsd_mime_fault_text(fault));
    if (log != NULL)
        assert_string_equal(result.log, log);
    free(result.log);
}

static void check_body(const char *body, enum wsd_mime_fault fault, const char *log)
{
    struct decoding what = decoding_of("B", body);

    check(&what, fault, log);
}

/* ---- bodies too long to write down: pushed run by run into a counting handler ---- */

struct counter {
    struct wsd_part_handler handler;
    uint64_t size;
    size_t parts, ended;
};

static HRESULT counter_begins(struct wsd_part_handler *handler,
                              const struct wsd_part_header *header, size_t index)
{
    (void)header;
    (void)index;
    ((struct counter *)handler)->parts++;
    return S_OK;
}

static HRESULT counter_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                               size_t size, size_t *taken)
{
    (void)bytes;
    ((struct counter *)handler)->size += size;
    *taken = size;
    return S_OK;
}

static HRESULT counter_ends(struct wsd_part_handler *handler)
{
    ((struct counter *)handler)->ended++;
    return S_OK;
}

struct stream {
    struct failing_mem heap;
    struct wsd_tolerances tolerances;
    struct counter counter;
    struct wsd_multipart_decoder *decoder;
    HRESULT hr; /* of the last push or finish */
};

static void stream_begin(struct stream *stream, const struct wsd_multipart_limits *limits)
{
    static const struct wsd_part_handler_vtable vtable = {counter_begins, counter_content,
                                                          counter_ends};

    *stream = (struct stream){.heap = FAILING_MEM(-1, &stream->heap),
                              .counter = {.handler = {&vtable}}};
    wsd_tolerances_init(&stream->tolerances);
    assert_int_equal(
        wsd_multipart_decoder_create(&stream->heap.mem, "B", limits, &stream->tolerances,
                                     &stream->counter.handler, &stream->decoder),
        S_OK);
    stream->heap.grants = 0; /* whatever comes, no more memory */
}

/* Pushes the text again and again, until it fails or `times` times. */
static void stream_push(struct stream *stream, const char *text, size_t size,
                        uint64_t times)
{
    struct wsd_body_sink *sink = wsd_multipart_decoder_sink(stream->decoder);
    size_t taken;

    stream->hr = S_OK;
    for (; times > 0 && stream->hr == S_OK; times--) {
        stream->hr = sink->vtable->push(sink, (const uint8_t *)text, size, &taken);
        assert_int_equal(taken, stream->hr == S_OK ? size : 0);
    }
}

static void stream_end(struct stream *stream, HRESULT hr)
{
    struct wsd_body_sink *sink = wsd_multipart_decoder_sink(stream->decoder);

    assert_int_equal(sink->vtable->finish(sink), hr);
    wsd_multipart_decoder_destroy(stream->decoder);
    assert_int_equal(stream->heap.live, 0);
}

/* ---- the rows ---- */

static void G1__bad_boundary_parameter__each_has_its_own_error(void **state)
{
    static const struct {
        const char *parameters;
        enum wsd_mime_fault fault;
        HRESULT hr;
    } rows[] = {
        {"", WSD_MIME_BOUNDARY_MISSING, WS_E_INVALID_FORMAT},
        {"; type=\"x\"", WSD_MIME_BOUNDARY_MISSING, WS_E_INVALID_FORMAT},
        {"; xboundary=B", WSD_MIME_BOUNDARY_MISSING, WS_E_INVALID_FORMAT},
        {"; boundary*0=B", WSD_MIME_BOUNDARY_MISSING, WS_E_INVALID_FORMAT},
        {"; boundary=\"\"", WSD_MIME_BOUNDARY_EMPTY, WS_E_INVALID_FORMAT},
        {"; boundary=", WSD_MIME_TYPE_SYNTAX, WS_E_INVALID_FORMAT},
        {"; boundary=\"B", WSD_MIME_TYPE_SYNTAX, WS_E_INVALID_FORMAT},
        {"; boundary=B\"", WSD_MIME_TYPE_SYNTAX, WS_E_INVALID_FORMAT},
        {"; boundary=\"B\"; boundary=\"B\"", WSD_MIME_TYPE_DUPLICATE,
         WS_E_INVALID_FORMAT},
        {"; boundary=B; Boundary=C", WSD_MIME_TYPE_DUPLICATE, WS_E_INVALID_FORMAT},
        {"; boundary=\"B\303\244\"", WSD_MIME_TYPE_SYNTAX, WS_E_INVALID_FORMAT},
        {"; boundary=\"B\r\n\"", WSD_MIME_TYPE_SYNTAX, WS_E_INVALID_FORMAT},
        {"; boundary=\"B*\"", WSD_MIME_BOUNDARY_CHARACTER, WS_E_INVALID_FORMAT},
        {"; boundary=\"B<>\"", WSD_MIME_BOUNDARY_CHARACTER, WS_E_INVALID_FORMAT},
        {"; boundary=\"B \"", WSD_MIME_BOUNDARY_CHARACTER, WS_E_INVALID_FORMAT},
    };
    static const size_t lengths[] = {71, 255, 256, 257, 8192};
    const char *boundary;
    char *copy;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char value[100];
        enum wsd_mime_fault fault;

        snprintf(value, sizeof(value), "multipart/related%s", rows[i].parameters);
        fault = find_boundary(value, &copy, &boundary);
        free(copy);
        assert_string_equal(wsd_mime_fault_text(fault),
                            wsd_mime_fault_text(rows[i].fault));
        assert_int_equal(wsd_mime_fault_hresult(fault), rows[i].hr);
    }
    for (size_t i = 0; i < COUNT(lengths); i++) {
        static char value[9000];
        int start = snprintf(value, sizeof(value), "multipart/related; boundary=");

        memset(value + start, 'b', lengths[i]);
        value[(size_t)start + lengths[i]] = '\0';
        assert_int_equal(find_boundary(value, &copy, &boundary),
                         WSD_MIME_BOUNDARY_LENGTH);
        assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_BOUNDARY_LENGTH),
                         WS_E_QUOTA_EXCEEDED);
        free(copy);
    }
}

static void G2__boundary_in_any_notation__is_accepted(void **state)
{
    static const char *const rows[] = {
        "multipart/related; boundary=B",
        "multipart/related; boundary=\"B\"",
        "multipart/related; boundary=\"\\B\"",
        "Multipart/Related; BOUNDARY=B",
        "multipart/related;boundary=B;type=\"x/y\"",
        "multipart/related; start=\"<a@b>\"; type=\"x/y\"; boundary=B;",
        "multipart/related (a comment); (another) boundary (one) = (more) B (;\\))",
        "multipart/mixed; boundary = B",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *boundary = "";
        struct decoding what;
        char *copy;

        assert_int_equal(find_boundary(rows[i], &copy, &boundary), WSD_MIME_NONE);
        what = decoding_of(boundary, "--B\r\n" H "x\r\n--B--\r\n");
        check(&what, WSD_MIME_NONE, "{0 a@b|x}");
        free(copy);
    }
}

static void G3__delimiter_cut_at_any_two_places__gives_the_same(void **state)
{
    static const char body[] =
        "pre\r\n--B \r\n" H "x\r\n--Bx\r\n--B\t\r\n" H "\r\n--B-\r\n--B--\r\nepi";
    struct decoding what = decoding_of("B", body);
    struct decoded expected = decode_all_ways(&what);

    (void)state;
    assert_string_equal(expected.log, "{0 a@b|x\r\n--Bx}{1 a@b|\r\n--B-}");
    for (size_t first = 0; first < what.size; first++) {
        for (size_t piece = 1; piece <= what.size - first; piece++) {
            decode_alike(&what, &expected, first, piece, 0);
            decode_alike(&what, &expected, first, piece, (uint32_t)(first + piece));
        }
    }
    free(expected.log);
}

/* By the grammar, without regard to cost: does a delimiter stand in the content, or come
 * about where it ends? */
static bool has_delimiter(const char *content)
{
    char text[64];

    snprintf(text, sizeof(text), "\r\n%s\r\n--B\r\n", content);
    for (const char *at = text; at + 2 < text + strlen(text) - 7; at++) {
        if (strncmp(at, "\r\n--B", 5) == 0) {
            const char *behind = at + 5;

            if (strncmp(behind, "--", 2) == 0 && strchr("\r\n \t", behind[2]) != NULL)
                return true;
            if (strchr("\r\n \t", *behind) != NULL)
                return true;
        }
    }
    return false;
}

static void G4__content_like_a_delimiter__is_byte_exact(void **state)
{
    static const char *const words[] = {"\r\n", "\r", "\n", "-", "--B", "B", "x"};
    size_t tried = 0;

    (void)state;
    for (unsigned number = 0; number < 7 * 7 * 7 * 7 * 7; number++) {
        char content[32] = "", body[100], log[64];
        struct decoding what;
        struct decoded result;

        for (unsigned rest = number; rest > 0; rest /= 7)
            strncat(content, words[rest % 7], 4);
        if (has_delimiter(content))
            continue;
        snprintf(body, sizeof(body), "--B\r\n" H "%s\r\n--B--", content);
        snprintf(log, sizeof(log), "{0 a@b|%s}", content);
        what = decoding_of("B", body);
        result = decode(&what, what.size, what.size, 0);
        assert_int_equal(result.fault, WSD_MIME_NONE);
        assert_string_equal(result.log, log);
        decode_alike(&what, &result, 1, 1, number);
        free(result.log);
        tried++;
    }
    assert_in_range(tried, 14000, 7 * 7 * 7 * 7 * 7 - 1);
}

static void G5__delimiter_without_crlf__is_content_unless_tolerated(void **state)
{
    struct decoding what = decoding_of("B", "--B\r\n" H "x--B\r\n" H "y\r\n--B--\r\n");

    (void)state;
    check(&what, WSD_MIME_NONE, "{0 a@b|x--B\r\n" H "y}");
    what.accepted |= TOLERATED(DELIMITER_WITHOUT_CRLF);
    check(&what, WSD_MIME_NONE, "{0 a@b|x}{1 a@b|y}");
}

static void G6__lines_without_crlf__are_refused_unless_tolerated(void **state)
{
    struct decoding what = decoding_of("B", "--B\nContent-ID: <a@b>\n\nx\n--B--\n");

    (void)state;
    check(&what, WSD_MIME_LINE_FEED, "");
    what.accepted |= TOLERATED(LINE_FEED);
    check(&what, WSD_MIME_NONE, "{0 a@b|x}");

    check_body("--B\rContent-ID: <a@b>\r\rx\r--B--\r", WSD_MIME_DELIMITER_SYNTAX, "");
    check_body("--B\r\nContent-ID: <a@b>\r\rx\r\n", WSD_MIME_HEADER_CHARACTER, "");
    what = decoding_of("B", "--B\rContent-ID: <a@b>\r\rx\r--B--\r");
    what.accepted |= TOLERATED(LINE_FEED); /* CR alone never ends a line */
    check(&what, WSD_MIME_DELIMITER_SYNTAX, "");
}

static void G7__preamble_of_any_kind__is_skipped_up_to_its_limit(void **state)
{
    static const char *const rows[] = {
        "",
        "\r\n",
        "\r\n\r\n",
        "text\r\n",
        "--Bx\r\n",
        "text --B\r\n\r\n",
        "MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=\"B\"\r\n\r\n"};
    static const size_t over[] = {64 * 1024 - 4, 64 * 1024 - 3, 64 * 1024 + 1};
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[200];

        snprintf(body, sizeof(body), "%s--B\r\n" H "x\r\n--B--", rows[i]);
        check_body(body, WSD_MIME_NONE, "{0 a@b|x}");
    }
    for (size_t i = 0; i < COUNT(over); i++) {
        struct stream stream;

        stream_begin(&stream, &limits);
        stream_push(&stream, "-", 1, over[i]);
        if (stream.hr == S_OK)
            stream_push(&stream, "\r\n--\r\n--B\r\n\r\n\r\n--B--", 20, 1);
        assert_int_equal(stream.hr, i == 0 ? S_OK : WS_E_QUOTA_EXCEEDED);
        stream_end(&stream, stream.hr);
    }
    {
        struct stream stream; /* 10 MB of lines */

        stream_begin(&stream, &limits);
        stream_push(&stream, "preamble\r\n", 10, 1000 * 1000);
        assert_int_equal(wsd_multipart_decoder_fault(stream.decoder),
                         WSD_MIME_PREAMBLE_SIZE);
        stream_end(&stream, WS_E_QUOTA_EXCEEDED);
    }
}

static void G8__epilogue_of_any_kind__is_ignored_up_to_its_limit(void **state)
{
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct stream stream;

    (void)state;
    check_body("--B\r\n" H "x\r\n--B--\r\n--B\r\n" H "y\r\n--B--\r\n", WSD_MIME_NONE,
               "{0 a@b|x}");
    check_body("--B\r\n" H "x\r\n--B--\r\n\n\r--B\n", WSD_MIME_NONE, "{0 a@b|x}");

    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n\r\n--B--\r\n", 16, 1);
    stream_push(&stream, "epilogue", 8, 64 * 1024 / 8);
    assert_int_equal(stream.hr, S_OK);
    stream_end(&stream, S_OK);

    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n\r\n--B--\r\n", 16, 1);
    stream_push(&stream, "epilogue\r\n", 10, 1000 * 1000);
    assert_int_equal(wsd_multipart_decoder_fault(stream.decoder), WSD_MIME_EPILOGUE_SIZE);
    stream_end(&stream, WS_E_QUOTA_EXCEEDED);
}

static void G9__missing_closing_delimiter__is_truncation(void **state)
{
    static const struct {
        const char *body, *log; /* a part that is not whole has no end */
    } rows[] = {
        {"", ""},
        {"pre", ""},
        {"--", ""},
        {"--B", ""},
        {"--B\r", ""},
        {"--B\r\n", ""},
        {"--B\r\nContent-ID: <a", ""},
        {"--B\r\nContent-ID: <a@b>", ""},
        {"--B\r\nContent-ID: <a@b>\r\n", ""},
        {"--B\r\nContent-ID: <a@b>\r\n\r", ""},
        {"--B\r\n" H, "{0 a@b|"},
        {"--B\r\n" H "x", "{0 a@b|x"},
        {"--B\r\n" H "x\r", "{0 a@b|x"},
        {"--B\r\n" H "x\r\n", "{0 a@b|x"},
        {"--B\r\n" H "x\r\n--", "{0 a@b|x"},
        {"--B\r\n" H "x\r\n--B", "{0 a@b|x"},
        {"--B\r\n" H "x\r\n--B-", "{0 a@b|x"},
        {"--B\r\n" H "x\r\n--B\r\n", "{0 a@b|x}"},
        {"--B\r\n" H "x\r\n--B \r\n" H, "{0 a@b|x}{1 a@b|"},
        {"--B\r\n" H "x\n--B--\n", "{0 a@b|x\n--B--\n"},
        {"--B\r\n" H "x--B--\r\n", "{0 a@b|x--B--"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_body(rows[i].body, WSD_MIME_TRUNCATED, rows[i].log);
    assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_TRUNCATED),
                     WS_E_ENDPOINT_DISCONNECTED);
}

static void G10__boundary_never_comes__costs_no_memory(void **state)
{
    static char megabyte[1 << 20];
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct stream stream;

    (void)state;
    memset(megabyte, 'x', sizeof(megabyte));
    for (size_t i = 0; i < sizeof(megabyte); i++) {
        if (i % 100000 < 600)
            megabyte[i] = "\r\n--BB"[i % 6]; /* almost */
    }
    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n", 7, 1);
    stream_push(&stream, megabyte, sizeof(megabyte), 100);
    assert_int_equal(stream.hr, S_OK);
    assert_in_range(stream.counter.size, 100 * sizeof(megabyte) - 8,
                    100 * sizeof(megabyte));
    stream_end(&stream, WS_E_ENDPOINT_DISCONNECTED);
    assert_int_equal(stream.counter.ended, 0);
}

static void G11__parts_without_this_or_that__are_defined(void **state)
{
    (void)state;
    check_body("--B--\r\n", WSD_MIME_NO_PARTS, "");
    check_body("preamble\r\n--B--\r\nepilogue", WSD_MIME_NO_PARTS, "");
    check_body("--B\r\n" H "\r\n--B--", WSD_MIME_NONE, "{0 a@b|}");
    check_body("--B\r\n" H "--B--", WSD_MIME_NONE,
               "{0 a@b|}"); /* the blank line's CRLF */
    check_body("--B\r\n\r\nx\r\n--B--", WSD_MIME_NONE, "{0 -|x}");
    check_body("--B\r\n\r\n\r\n--B\r\n\r\n--B--", WSD_MIME_NONE, "{0 -|}{1 -|}");
    check_body("--B\r\nContent-ID: <a@b>\r\n--B--\r\n", WSD_MIME_HEADER_SYNTAX, "");
    check_body("--B\r\nContent-ID: <a@b>\r\ntext\r\n", WSD_MIME_HEADER_SYNTAX, "");
    check_body("--B\r\n--B\r\n--B--\r\n", WSD_MIME_HEADER_SYNTAX, "");
}

static void G12__a_million_parts__are_refused_at_the_limit(void **state)
{
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct stream stream;

    (void)state;
    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n\r\n", 9, 1000 * 1000);
    assert_int_equal(wsd_multipart_decoder_fault(stream.decoder), WSD_MIME_PART_COUNT);
    assert_int_equal(stream.counter.parts, 50);
    stream_end(&stream, WS_E_QUOTA_EXCEEDED);

    limits.parts = 1000 * 1000; /* settable */
    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n\r\n", 9, 1000 * 1000);
    stream_push(&stream, "--B--", 5, 1);
    stream_end(&stream, S_OK);
    assert_int_equal(stream.counter.ended, 1000 * 1000);
}

static void G13__huge_headers__are_refused_by_bytes_and_lines(void **state)
{
    static const struct {
        const char *first, *again;
        enum wsd_mime_fault fault;
    } rows[] = {
        {"X: ", "xxxxxxxxx", WSD_MIME_HEADER_SIZE},         /* one huge line */
        {"X: y\r\n", "X: y\r\n", WSD_MIME_HEADER_LINES},    /* many, the same */
        {"X: y\r\n", " y\r\n", WSD_MIME_HEADER_LINES},      /* many, folded */
        {"", "Content-Type: a\r\n", WSD_MIME_HEADER_LINES}, /* repeated, known */
        {"X", "XX", WSD_MIME_HEADER_SIZE},                  /* no colon ever */
        {"X: \r", "\r\r\r\r", WSD_MIME_HEADER_SIZE},        /* no line feed ever */
    };
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct stream stream;
    char line[32];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        stream_begin(&stream, &limits);
        stream_push(&stream, "--B\r\n", 5, 1);
        if (rows[i].first[0] != '\0')
            stream_push(&stream, rows[i].first, strlen(rows[i].first), 1);
        stream_push(&stream, rows[i].again, strlen(rows[i].again), 100 * 1000);
        assert_string_equal(
            wsd_mime_fault_text(wsd_multipart_decoder_fault(stream.decoder)),
            wsd_mime_fault_text(rows[i].fault));
        stream_end(&stream, WS_E_QUOTA_EXCEEDED);
    }
    stream_begin(&stream, &limits); /* many, each another */
    stream_push(&stream, "--B\r\n", 5, 1);
    for (unsigned i = 0; i < 100 * 1000 && stream.hr == S_OK; i++) {
        snprintf(line, sizeof(line), "X%u: y\r\n", i);
        stream_push(&stream, line, strlen(line), 1);
    }
    assert_int_equal(wsd_multipart_decoder_fault(stream.decoder), WSD_MIME_HEADER_LINES);
    stream_end(&stream, WS_E_QUOTA_EXCEEDED);
}

static void G14__nested_multipart__is_opaque(void **state)
{
    static char body[100000], log[100000];
    struct decoding what;
    struct decoded result;
    int size = 0, start;

    (void)state;
    for (int depth = 0; depth < 1000; depth++) {
        if (depth == 0)
            size += sprintf(body + size, "--B\r\nContent-Type: multipart/mixed; "
                                         "boundary=\"B0\"\r\n\r\n");
        else
            size += sprintf(body + size,
                            "--B%d\r\nContent-Type: multipart/mixed; "
                            "boundary=\"B%d\"\r\n\r\n",
                            depth - 1, depth);
    }
    start = (int)(strstr(body, "--B0") - body);
    snprintf(log, sizeof(log), "{0 -|%s}", body + start);
    sprintf(body + size, "\r\n--B--\r\n");
    what = decoding_of("B", body);
    result = decode(&what, what.size, what.size, 0);
    assert_int_equal(result.fault, WSD_MIME_NONE);
    assert_string_equal(result.log, log);
    decode_alike(&what, &result, 1, 1, 0);
    free(result.log);
}

#define CTE(encoding) "--B\r\nContent-Transfer-Encoding: " encoding "\r\n\r\n"

static void G15__encoded_parts__are_decoded_or_refused(void **state)
{
    struct decoding what = decoding_of("B", CTE("base64") "eHl6\r\n--B--");

    (void)state;
    check(&what, WSD_MIME_NONE, "{0 -|xyz}");
    what.limits.content = 2; /* counted as decoded */
    check(&what, WSD_MIME_CONTENT_SIZE, "{0 -|xy");
    what.limits.content = UINT64_MAX;
    what.accepted &= ~TOLERATED(BASE64); /* as strict as DPWS R0036 allows */
    check(&what, WSD_MIME_ENCODING_UNKNOWN, "");

    check_body(CTE("base64") "eHl6*\r\n--B--", WSD_MIME_BASE64_CHARACTER, "{0 -|xyz");
    check_body(CTE("base64") "eHl6eA\r\n--B--", WSD_MIME_BASE64_END, "{0 -|xyz");
    check_body(CTE("quoted-printable") "=41\r\n--B--", WSD_MIME_ENCODING_UNKNOWN, "");
    check_body(CTE("x-unknown") "x\r\n--B--", WSD_MIME_ENCODING_UNKNOWN, "");
    check_body(CTE("gzip") "x\r\n--B--", WSD_MIME_ENCODING_UNKNOWN, "");
    check_body(CTE("8bit") "\303\r\n--B--", WSD_MIME_NONE, "{0 -|\303}");
    check_body(CTE("7bit") "\303\r\n--B--", WSD_MIME_NONE, "{0 -|\303}");
}

static void G16__content_length_in_a_part__is_ignored(void **state)
{
    static const char *const rows[] = {"0", "1", "99999999999999999999999", "-1", "x"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char body[100];

        snprintf(body, sizeof(body), "--B\r\nContent-Length: %s\r\n\r\nxyz\r\n--B--",
                 rows[i]);
        check_body(body, WSD_MIME_NONE, "{0 -|xyz}");
    }
}

static void G17__envelope_not_first_or_oddly_named__is_found_by_start(void **state)
{
    static const struct {
        const char *id;
        size_t index;
        const char *start;
        bool root, strictly;
    } rows[] = {
        {"a@b", 0, NULL, true, true},
        {"a@b", 1, NULL, false, false},
        {"a@b", 0, "<a@b>", true, true},
        {"a@b", 1, "<a@b>", true, false},
        {"c@d", 0, "<a@b>", false, false},
        {"a@b", 0, "a@b", true, false},                              /* Axis2 */
        {"SOAP-ENV:Envelope", 0, "<SOAP-ENV:Envelope>", true, true}, /* Ricoh */
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_tolerances tolerances, strict = {0};

        wsd_tolerances_init(&tolerances);
        assert_int_equal(
            wsd_content_id_is_root(rows[i].id, rows[i].index, rows[i].start, &tolerances),
            rows[i].root);
        assert_int_equal(
            wsd_content_id_is_root(rows[i].id, rows[i].index, rows[i].start, &strict),
            rows[i].strictly);
    }
    check_body("--B\r\nContent-ID: <1@x>\r\n\r\nd\r\n--B\r\n" H "<e/>\r\n--B--",
               WSD_MIME_NONE, "{0 1@x|d}{1 a@b|<e/>}"); /* told in the order they come */
}

static void G18__odd_content_ids__are_compared_after_one_decoding(void **state)
{
    static const struct {
        const char *id, *href;
        bool meant;
    } rows[] = {
        {NULL, "cid:a@b", false},      {"a@b", "cid:a%40b", true},
        {"a%40b", "cid:a%40b", false}, {"a%40b", "cid:a%2540b", true},
        {"a@b", "cid:a%2540b", false}, {"A@b", "cid:a@b", false},
        {"a@b", "cid:a@b%00", false},  {"a@b", "cid:%C3%A4@b", false},
    };
    char id[1025], href[1030], body[1200];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_tolerances tolerances;

        wsd_tolerances_init(&tolerances);
        assert_int_equal(
            wsd_content_id_is_meant_by(rows[i].id, rows[i].href, &tolerances),
            rows[i].meant);
    }
    {
        struct wsd_tolerances tolerances = {0};

        memset(id, 'i', sizeof(id) - 1);
        id[sizeof(id) - 1] = '\0';
        snprintf(href, sizeof(href), "cid:%s", id);
        assert_true(wsd_content_id_is_meant_by(id, href, &tolerances));
    }
    check_body("--B\r\nContent-ID: <a@b>\r\nContent-ID: <c@d>\r\n\r\n\r\n--B--",
               WSD_MIME_HEADER_DUPLICATE, "");
    check_body("--B\r\nContent-ID: <\303\244@b>\r\n\r\n\r\n--B--",
               WSD_MIME_HEADER_CHARACTER, "");
    check_body("--B\r\nContent-ID: <>\r\n\r\n\r\n--B--", WSD_MIME_CONTENT_ID_SYNTAX, "");
    snprintf(body, sizeof(body), "--B\r\nContent-ID: <%s>\r\n\r\n\r\n--B--", id);
    check_body(body, WSD_MIME_NONE, NULL);
    /* Two parts of one name are both told: which one is meant is the message's matter. */
    check_body("--B\r\n" H "x\r\n--B\r\n" H "y\r\n--B--", WSD_MIME_NONE,
               "{0 a@b|x}{1 a@b|y}");
}

static void G19__file_names__are_held_to_form_and_not_looked_at(void **state)
{
    static const struct {
        const char *parameters;
        enum wsd_mime_fault fault;
    } rows[] = {
        {"filename=\"../../etc/passwd\"", WSD_MIME_NONE},
        {"filename=\"/etc/passwd\"", WSD_MIME_NONE},
        {"filename=\"C:\\\\NUL\"", WSD_MIME_NONE},
        {"filename*0=\"..\"; filename*1=\"/x\"; filename*=UTF-8''%2e%2e%2fx",
         WSD_MIME_NONE},
        {"filename=\"\303\244\"", WSD_MIME_HEADER_CHARACTER},
        {"filename=\"a\rb\"", WSD_MIME_HEADER_CHARACTER},
    };
    char body[5000];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        snprintf(body, sizeof(body),
                 "--B\r\nContent-Disposition: attachment; %s\r\n\r\nx\r\n--B--",
                 rows[i].parameters);
        check_body(body, rows[i].fault, rows[i].fault == WSD_MIME_NONE ? "{0 -|x}" : "");
    }
    snprintf(body, sizeof(body),
             "--B\r\nContent-Disposition: attachment; filename=\"%04096d\"\r\n\r\nx\r\n"
             "--B--",
             0);
    check_body(body, WSD_MIME_NONE, "{0 -|x}");
}

static void G20__type_mismatch__is_passed_through(void **state)
{
    (void)state;
    check_body("--B\r\nContent-Type: image/png\r\n\r\n\xFF\xD8\xFF\r\n--B--",
               WSD_MIME_NONE, "{0 -|\xFF\xD8\xFF}");
    check_body("--B\r\nContent-Type: no type at all\r\n\r\nx\r\n--B--", WSD_MIME_NONE,
               "{0 -|x}");
}

static void G21__five_gigabytes__are_counted_in_64_bits(void **state)
{
    enum { RUN = 1 << 26 };
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    const uint64_t size = UINT64_C(5) << 30;
    char *run = calloc(RUN, 1); /* pages that are never written cost nothing */
    struct stream stream;

    (void)state;
    assert_non_null(run);
    limits.content = size;
    stream_begin(&stream, &limits);
    stream_push(&stream, "--B\r\n\r\n", 7, 1);
    stream_push(&stream, run, RUN, size / RUN);
    assert_int_equal(stream.hr, S_OK);
    assert_true(stream.counter.size == size);
    stream_push(&stream, "x", 1, 1);
    assert_int_equal(wsd_multipart_decoder_fault(stream.decoder), WSD_MIME_CONTENT_SIZE);
    stream_end(&stream, WS_E_QUOTA_EXCEEDED);
    free(run);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(G1__bad_boundary_parameter__each_has_its_own_error),
        cmocka_unit_test(G2__boundary_in_any_notation__is_accepted),
        cmocka_unit_test(G3__delimiter_cut_at_any_two_places__gives_the_same),
        cmocka_unit_test(G4__content_like_a_delimiter__is_byte_exact),
        cmocka_unit_test(G5__delimiter_without_crlf__is_content_unless_tolerated),
        cmocka_unit_test(G6__lines_without_crlf__are_refused_unless_tolerated),
        cmocka_unit_test(G7__preamble_of_any_kind__is_skipped_up_to_its_limit),
        cmocka_unit_test(G8__epilogue_of_any_kind__is_ignored_up_to_its_limit),
        cmocka_unit_test(G9__missing_closing_delimiter__is_truncation),
        cmocka_unit_test(G10__boundary_never_comes__costs_no_memory),
        cmocka_unit_test(G11__parts_without_this_or_that__are_defined),
        cmocka_unit_test(G12__a_million_parts__are_refused_at_the_limit),
        cmocka_unit_test(G13__huge_headers__are_refused_by_bytes_and_lines),
        cmocka_unit_test(G14__nested_multipart__is_opaque),
        cmocka_unit_test(G15__encoded_parts__are_decoded_or_refused),
        cmocka_unit_test(G16__content_length_in_a_part__is_ignored),
        cmocka_unit_test(G17__envelope_not_first_or_oddly_named__is_found_by_start),
        cmocka_unit_test(G18__odd_content_ids__are_compared_after_one_decoding),
        cmocka_unit_test(G19__file_names__are_held_to_form_and_not_looked_at),
        cmocka_unit_test(G20__type_mismatch__is_passed_through),
        cmocka_unit_test(G21__five_gigabytes__are_counted_in_64_bits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
