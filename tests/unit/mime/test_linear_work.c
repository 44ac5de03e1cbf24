/* G22: the work of the room grows with what it reads and no faster.  Counted, not timed:
 * the compiler calls us once for each basic block of the room (its sources are built with
 * -fsanitize-coverage=trace-pc for this program), and the linker gives us the calls that
 * it makes into the C library, which are charged by what they look at (--wrap). */
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
#include "mime/multipart_decoder.h"
#include "support/tolerated.h"

static uint64_t work;

void __sanitizer_cov_trace_pc(void);
void __sanitizer_cov_trace_pc(void)
{
    work++;
}

#define WRAPPED(type, name, parameters, arguments, charge)                               \
    type __real_##name parameters;                                                       \
    type __wrap_##name parameters;                                                       \
    type __wrap_##name parameters                                                        \
    {                                                                                    \
        type result = __real_##name arguments;                                           \
                                                                                         \
        work += (charge);                                                                \
        return result;                                                                   \
    }

WRAPPED(void *, memchr, (const void *at, int c, size_t size), (at, c, size),
        result == NULL ? size : (size_t)((char *)result - (const char *)at) + 1)
WRAPPED(void *, memcpy, (void *to, const void *from, size_t size), (to, from, size), size)
WRAPPED(void *, memmove, (void *to, const void *from, size_t size), (to, from, size),
        size)
WRAPPED(int, memcmp, (const void *a, const void *b, size_t size), (a, b, size), size)
WRAPPED(size_t, strlen, (const char *text), (text), result)
WRAPPED(char *, strchr, (const char *text, int c), (text, c), __real_strlen(text))
WRAPPED(int, strcmp, (const char *a, const char *b), (a, b), __real_strlen(a))
WRAPPED(int, strncmp, (const char *a, const char *b, size_t size), (a, b, size), size)

/* What one byte may cost at most, whatever it is: measured, and then some. */
enum { WORK_PER_BYTE = 100, SIZE = 20000 };

static void check_growth(uint64_t once, uint64_t twice, const char *shape)
{
    if (twice * 10 >= once * 23 || twice > (uint64_t)WORK_PER_BYTE * 2 * SIZE)
        fail_msg("%s: %llu, and for twice as much %llu", shape, (unsigned long long)once,
                 (unsigned long long)twice);
}

/* `size` bytes: first the head, then the rest over and over. */
static uint8_t *make(const char *head, const char *rest, size_t size)
{
    uint8_t *bytes = malloc(size + 1);
    size_t at = 0;

    assert_non_null(bytes);
    for (; at < size && *head != '\0'; head++)
        bytes[at++] = (uint8_t)*head;
    for (size_t i = 0; at < size; i++)
        bytes[at++] = (uint8_t)rest[i % strlen(rest)];
    bytes[size] = '\0';
    return bytes;
}

/* ---- the decoder ---- */

struct taker {
    struct wsd_part_handler handler;
    size_t most; /* taken in one call */
};

static HRESULT taker_begins(struct wsd_part_handler *handler,
                            const struct wsd_part_header *header, size_t index)
{
    (void)handler;
    (void)header;
    (void)index;
    return S_OK;
}

static HRESULT taker_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                             size_t size, size_t *taken)
{
    size_t most = ((struct taker *)handler)->most;

    (void)bytes;
    *taken = size < most ? size : most;
    return S_OK;
}

static HRESULT taker_ends(struct wsd_part_handler *handler)
{
    (void)handler;
    return S_OK;
}

/* Pieces of `piece` bytes to a handler that takes `most` at a time. */
static uint64_t decoder_work(const uint8_t *bytes, size_t size, const char *boundary,
                             unsigned accepted, size_t piece, size_t most)
{
    static const struct wsd_part_handler_vtable vtable = {taker_begins, taker_content,
                                                          taker_ends};
    struct taker taker = {.handler = {&vtable}, .most = most};
    struct wsd_multipart_limits limits = {SIZE_MAX, 4 * SIZE, SIZE_MAX,
                                          SIZE_MAX, SIZE_MAX, UINT64_MAX};
    struct wsd_tolerances tolerances = {.accepted = accepted};
    struct wsd_multipart_decoder *decoder;
    struct wsd_body_sink *sink;
    HRESULT hr = S_OK;

    assert_int_equal(wsd_multipart_decoder_create(wsd_mem_heap(), boundary, &limits,
                                                  &tolerances, &taker.handler, &decoder),
                     S_OK);
    sink = wsd_multipart_decoder_sink(decoder);
    work = 0;
    while (size > 0 && hr == S_OK) {
        size_t taken;

        hr = sink->vtable->push(sink, bytes, size < piece ? size : piece, &taken);
        bytes += taken;
        size -= taken;
    }
    wsd_multipart_decoder_destroy(decoder);
    return work;
}

static void G22__decoder_and_any_shape__works_in_linear_time(void **state)
{
#define PART "\r\n--B\r\n\r\n"
#define DASHES70 "----------------------------------------------------------------------"
    static const struct {
        const char *boundary, *head, *rest;
    } rows[] = {
        {"B", PART, "x"},
        {"B", PART, "\r"},
        {"B", PART, "\n"},
        {"B", PART, "-"},
        {"B", PART, "\r\n"},
        {"B", PART, "\r\n-"},
        {"B", PART, "\r\n--"},
        {"B", PART, "\r\n--B-"},
        {"B", PART, "\r\n--B--x"},
        {"B", PART, "x--Bx"},
        {"B", "", "x"},
        {"B", "", "\r\n--Bx"},
        {"B", "", PART},
        {"B", PART "\r\n--B--\r\n", "\r\n--B--"},
        {"B", "--B\r\n", "X"},
        {"B", "--B\r\n", "X: "},
        {"B", "--B\r\n", "X: y\r\n"},
        {"B", "--B\r\nX: y\r\n", " y\r\n"},
        {"B", "", "--B\r\nContent-Type: a/b\r\nContent-ID: <a@b>\r\n\r\nx\r\n"},
        {"B", "--B\r\nContent-Transfer-Encoding: base64\r\n\r\n", "AAAA"},
        {"B", "--B\r\nContent-Transfer-Encoding: base64\r\n\r\n", "\r\n"},
        {DASHES70, "--" DASHES70 "\r\n\r\n", "-"},
        {DASHES70, "--" DASHES70 "\r\n\r\n", "\r\n--" DASHES70 "-"},
        {"a-aa-aaa-b", "--a-aa-aaa-b\r\n\r\n", "--a-aa-aaa-a"},
        {"aaaaaaaaaaaaaaab", "--aaaaaaaaaaaaaaab\r\n\r\n", "--aaaaaaaaaaaaaaa"},
        {"--a--a--a--ab", "----a--a--a--ab\r\n\r\n", "--a"},
    };
    static const unsigned modes[] = {
        0, TOLERATED(LINE_FEED), TOLERATED(DELIMITER_WITHOUT_CRLF),
        TOLERATED(LINE_FEED) | TOLERATED(DELIMITER_WITHOUT_CRLF)};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t *bytes = make(rows[i].head, rows[i].rest, 2 * SIZE);

        for (size_t mode = 0; mode < sizeof(modes) / sizeof(modes[0]); mode++) {
            static const size_t ways[][2] = {
                {SIZE_MAX, SIZE_MAX}, {1, SIZE_MAX}, {SIZE_MAX, 1}, {100, 7}};
            unsigned accepted = modes[mode] | TOLERATED(BASE64) |
                                TOLERATED(FOLDED_HEADER) | TOLERATED(UNSPACED_HEADER);

            for (size_t way = 0; way < sizeof(ways) / sizeof(ways[0]); way++) {
                char shape[120];

                snprintf(shape, sizeof(shape), "decoder row %zu mode %zu way %zu", i,
                         mode, way);
                check_growth(decoder_work(bytes, SIZE, rows[i].boundary, accepted,
                                          ways[way][0], ways[way][1]),
                             decoder_work(bytes, 2 * SIZE, rows[i].boundary, accepted,
                                          ways[way][0], ways[way][1]),
                             shape);
            }
        }
        free(bytes);
    }
}

/* ---- what has no limit of its own ---- */

static uint64_t content_type_work(const char *head, const char *rest, size_t size)
{
    char *value = (char *)make(head, rest, size);
    struct wsd_tolerances tolerances = {.accepted = ~0u};
    struct wsd_content_type type;
    const char *boundary;

    work = 0;
    if (wsd_content_type_parse(value, &tolerances, &type) == WSD_MIME_NONE)
        wsd_content_type_boundary(&type, &boundary);
    free(value);
    return work;
}

static void G22__content_type_and_any_shape__works_in_linear_time(void **state)
{
    static const char *const rows[][2] = {
        {"", "a"},
        {"multipart/", "a"},
        {"multipart/x", ";"},
        {"multipart/x", " "},
        {"multipart/x", "("},
        {"multipart/x", "()"},
        {"multipart/x(", "\\("},
        {"multipart/x; boundary=", "b"},
        {"multipart/x; boundary=", "="},
        {"multipart/x; boundary=\"", "\\\""},
        {"multipart/x; boundary=\"", " "},
        {"multipart/x; ", "a"},
        {"multipart/x; a=\"b\"", " "},
        {"multipart/x;a=\"b\"c=\"d\"", " e=\"f\""},
    };
    char head[4 * SIZE], *at;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_growth(content_type_work(rows[i][0], rows[i][1], SIZE),
                     content_type_work(rows[i][0], rows[i][1], 2 * SIZE), rows[i][1]);
    for (size_t size = SIZE; size <= 2 * SIZE;
         size += SIZE) { /* long, almost equal names */
        static uint64_t once;

        at = head + sprintf(head, "a/b");
        for (size_t i = 0; i < WSD_CONTENT_TYPE_PARAMETERS; i++) {
            *at++ = ';';
            memset(at, 'n', size / WSD_CONTENT_TYPE_PARAMETERS - 5);
            at += size / WSD_CONTENT_TYPE_PARAMETERS - 5;
            at += sprintf(at, "%c=v", (char)('a' + i));
        }
        if (size == SIZE)
            once = content_type_work(head, "!", strlen(head));
        else
            check_growth(once, content_type_work(head, "!", strlen(head)), "names");
    }
}

static uint64_t content_id_work(const char *rest, size_t size)
{
    struct wsd_tolerances tolerances = {.accepted = ~0u};
    char *href = (char *)make("cid:", rest, size);
    char *value = (char *)make("", rest, size);
    const char *id;

    work = 0;
    wsd_content_id_is_meant_by(value, href, &tolerances);
    wsd_content_id_is_root(value, 0, href, &tolerances);
    wsd_content_id_parse(value, &tolerances, &id);
    free(href);
    free(value);
    return work;
}

static void G22__content_id_and_any_shape__works_in_linear_time(void **state)
{
    static const char *const rows[] = {"a", "%61", "%", " ", "<", ">", "@"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check_growth(content_id_work(rows[i], SIZE), content_id_work(rows[i], 2 * SIZE),
                     rows[i]);
}

/* Without this the others would be content with a build that counts nothing. */
static void work__of_the_room__is_counted(void **state)
{
    uint8_t *bytes = make("--B\r\n\r\n", "x", SIZE);

    (void)state;
    assert_in_range(decoder_work(bytes, SIZE, "B", 0, SIZE_MAX, SIZE_MAX), SIZE,
                    2 * SIZE); /* memchr alone */
    assert_in_range(decoder_work(bytes, SIZE, "B", TOLERATED(LINE_FEED), SIZE, SIZE),
                    2 * SIZE, 20 * SIZE); /* a loop */
    free(bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(work__of_the_room__is_counted),
        cmocka_unit_test(G22__decoder_and_any_shape__works_in_linear_time),
        cmocka_unit_test(G22__content_type_and_any_shape__works_in_linear_time),
        cmocka_unit_test(G22__content_id_and_any_shape__works_in_linear_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
