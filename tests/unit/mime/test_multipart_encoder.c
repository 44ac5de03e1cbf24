#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/multipart_encoder.h"
#include "stream/memory_source.h"
#include "support/failing_mem.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

/* ---- the network: pulls, and keeps what it got
 * ----------------------------------------- */

struct network {
    struct wsd_body_source *source;
    size_t capacity;
    char received[4096];
    size_t length; /* handed over by the pulls that have returned */
    int pulls;     /* the one in progress included */
};

static enum wsd_pull network_pull(struct network *network, size_t *size)
{
    uint8_t *buffer = malloc(network->capacity); /* exact: an overrun is seen */
    enum wsd_pull result;

    assert_non_null(buffer);
    *size = 99;
    network->pulls++;
    result =
        network->source->vtable->pull(network->source, buffer, network->capacity, size);
    if (result == WSD_PULL_BYTES) {
        assert_in_range(*size, 1, network->capacity);
        assert_in_range(network->length + *size, 1, sizeof(network->received) - 1);
        memcpy(network->received + network->length, buffer, *size);
        network->length += *size;
    } else {
        assert_int_equal(*size, 0);
    }
    free(buffer);
    return result;
}

/* Pulls until the end or an abort, through every "nothing now". */
static enum wsd_pull network_drain(struct network *network)
{
    enum wsd_pull result;
    size_t size;

    do {
        result = network_pull(network, &size);
        assert_in_range(network->pulls, 1, 10000);
    } while (result <= WSD_PULL_NOTHING_YET);
    network->received[network->length] = '\0';
    assert_int_equal(network_pull(network, &size), result);
    return result;
}

/* ---- content that follows a script
 * ------------------------------------------------------ */

/* One character of a script: '-' nothing now, '~' nothing yet, '!' abort, '|' a piece
 * ends; every other is a byte.  The end of the script is the end of the content. */
struct content {
    struct wsd_body_source source;
    struct network *network;
    const char *script;
    int pulls;
    size_t received_before; /* by the network, before the first pull */
    int end_pull;           /* the network's pull in which this ended; 0: not yet */
    int sent_pull;          /* ... in or after which sent() came; 0: not yet */
    int rests;
};

static enum wsd_pull content_pull(struct wsd_body_source *source, uint8_t *buffer,
                                  size_t capacity, size_t *size)
{
    struct content *content = (struct content *)source;

    assert_int_equal(content->end_pull, 0);
    assert_int_equal(content->sent_pull, 0);
    if (content->pulls++ == 0)
        content->received_before = content->network->length;
    *size = 0;
    if (*content->script == '!')
        return WSD_PULL_ABORTED;
    if (*content->script == '-') {
        content->script++;
        return WSD_PULL_NOTHING_NOW;
    }
    if (*content->script == '~') {
        content->script++;
        return WSD_PULL_NOTHING_YET;
    }
    if (*content->script == '\0') {
        content->end_pull = content->network->pulls;
        return WSD_PULL_END;
    }
    while (*size < capacity && strchr("-~!|", *content->script) == NULL)
        buffer[(*size)++] = (uint8_t)*content->script++;
    if (*content->script == '|')
        content->script++;
    return WSD_PULL_BYTES;
}

static void content_sent(struct wsd_body_source *source)
{
    struct content *content = (struct content *)source;

    assert_int_not_equal(content->end_pull, 0);
    assert_int_equal(content->sent_pull, 0);
    content->sent_pull = content->network->pulls;
}

static void content_rest(struct wsd_body_source *source)
{
    ((struct content *)source)->rests++;
}

static const struct wsd_body_source_vtable content_vtable = {
    .pull = content_pull, .rest = content_rest, .sent = content_sent};

/* ---- three parts
 * ------------------------------------------------------------------------ */

#define HEADER_0                                                                         \
    "--b-1\r\n"                                                                          \
    "Content-Type: application/xop+xml; charset=UTF-8; "                                 \
    "type=\"application/soap+xml\"\r\n"                                                  \
    "Content-Transfer-Encoding: binary\r\n"                                              \
    "Content-ID: <root@soap>\r\n\r\n"
#define HEADER_1                                                                         \
    "\r\n--b-1\r\n"                                                                      \
    "Content-Type: image/jpeg\r\n"                                                       \
    "Content-Transfer-Encoding: binary\r\n"                                              \
    "Content-ID: <0@body>\r\n\r\n"
#define HEADER_2                                                                         \
    "\r\n--b-1\r\n"                                                                      \
    "Content-Type: application/octet-stream\r\n"                                         \
    "Content-Transfer-Encoding: binary\r\n"                                              \
    "Content-ID: <1@body>\r\n\r\n"
#define CLOSING "\r\n--b-1--\r\n"

static const char *const headers[] = {HEADER_0, HEADER_1, HEADER_2};

enum { PARTS = 3 };

struct fixture {
    struct failing_mem heap;
    struct network network;
    struct content contents[PARTS];
    struct wsd_multipart_encoder *encoder;
};

static void begin(struct fixture *f, const char *const scripts[], size_t count,
                  size_t capacity)
{
    static const char *const types[] = {
        "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"", "image/jpeg",
        "application/octet-stream"};
    static const char *const ids[] = {"root@soap", "0@body", "1@body"};
    struct wsd_multipart_part parts[PARTS];

    *f = (struct fixture){.heap = FAILING_MEM(-1, &f->heap)};
    for (size_t i = 0; i < count; i++) {
        f->contents[i] = (struct content){.source = {&content_vtable, .opens = true},
                                          .network = &f->network,
                                          .script = scripts[i]};
        parts[i] = (struct wsd_multipart_part){types[i], ids[i], &f->contents[i].source};
    }
    assert_int_equal(
        wsd_multipart_encoder_create(&f->heap.mem, "b-1", parts, count, &f->encoder),
        S_OK);
    f->network.source = wsd_multipart_encoder_source(f->encoder);
    f->network.capacity = capacity;
    f->heap.grants = 0; /* from here on it allocates nothing */
}

static void finish(struct fixture *f)
{
    wsd_multipart_encoder_destroy(f->encoder);
    assert_int_equal(f->heap.live, 0);
}

/* The bytes of a script. */
static void append_bytes(char *wire, const char *script)
{
    char *end = wire + strlen(wire);

    for (; *script != '\0'; script++) {
        if (strchr("-~!|", *script) == NULL)
            *end++ = *script;
    }
    *end = '\0';
}

/* Drains the parts with one capacity and checks the wire and both promises. */
static void check_wire(const char *const scripts[], size_t count, size_t capacity,
                       const char *wire)
{
    struct fixture f;
    size_t before = 0;

    begin(&f, scripts, count, capacity);

    assert_int_equal(network_drain(&f.network), WSD_PULL_END);

    assert_string_equal(f.network.received, wire);
    for (size_t i = 0; i < count; i++) {
        char content[64] = "";

        before += strlen(headers[i]);
        assert_int_equal(f.contents[i].received_before, before);
        append_bytes(content, scripts[i]);
        before += strlen(content);
        assert_int_not_equal(f.contents[i].end_pull, 0);
        assert_int_equal(f.contents[i].sent_pull,
                         i + 1 < count ? f.contents[i].end_pull + 1 : 0);
    }
    f.network.source->vtable->sent(f.network.source);
    assert_int_equal(f.contents[count - 1].sent_pull, f.network.pulls);
    finish(&f);
}

static const struct row {
    size_t count;
    const char *scripts[PARTS];
    const char *wire;
} rows[] = {
    {1, {"<e/>"}, HEADER_0 "<e/>" CLOSING},
    {1, {""}, HEADER_0 CLOSING},
    {2, {"<e/>", "document"}, HEADER_0 "<e/>" HEADER_1 "document" CLOSING},
    {2, {"<e/>", ""}, HEADER_0 "<e/>" HEADER_1 CLOSING},
    {2, {"", ""}, HEADER_0 HEADER_1 CLOSING},
    {2, {"-<|-e/|>-", "--doc-um|ent--"}, HEADER_0 "<e/>" HEADER_1 "document" CLOSING},
    {2, {"-", "---"}, HEADER_0 HEADER_1 CLOSING},
    {3,
     {"<e/>", "\r\n|\r\n", "0|1|2|3"},
     HEADER_0 "<e/>" HEADER_1 "\r\n\r\n" HEADER_2 "0123" CLOSING},
    {3, {"<|e|/|>", "", "-z"}, HEADER_0 "<e/>" HEADER_1 HEADER_2 "z" CLOSING},
    {3, {"<e/>", "0123", ""}, HEADER_0 "<e/>" HEADER_1 "0123" HEADER_2 CLOSING},
};

static void pull__every_capacity__lays_the_same_bytes_and_keeps_its_promises(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (size_t capacity = 1; capacity <= strlen(rows[i].wire) + 1; capacity++)
            check_wire(rows[i].scripts, rows[i].count, capacity, rows[i].wire);
    }
}

static void overhead__plus_contents__is_the_length_of_the_whole(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        char contents[64] = "";
        struct fixture f;

        begin(&f, rows[i].scripts, rows[i].count, 1);
        for (size_t part = 0; part < rows[i].count; part++)
            append_bytes(contents, rows[i].scripts[part]);

        assert_int_equal(wsd_multipart_encoder_overhead(f.encoder) + strlen(contents),
                         strlen(rows[i].wire));
        finish(&f);
    }
}

/* Each pull that the network makes, as bytes; NULL stands for "nothing now". */
static void check_pulls(const char *const scripts[], size_t count, size_t capacity,
                        const char *const pulls[], size_t pull_count)
{
    struct fixture f;
    size_t size;

    begin(&f, scripts, count, capacity);
    for (size_t i = 0; i < pull_count; i++) {
        size_t at = f.network.length;
        enum wsd_pull result = network_pull(&f.network, &size);

        assert_int_equal(result,
                         pulls[i] == NULL ? WSD_PULL_NOTHING_NOW : WSD_PULL_BYTES);
        if (pulls[i] != NULL) {
            assert_int_equal(size, strlen(pulls[i]));
            assert_memory_equal(f.network.received + at, pulls[i], size);
        }
    }
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_END);
    finish(&f);
}

static void pull__large_buffer__stops_only_before_a_content(void **state)
{
    static const char *const scripts[] = {"<|e|/|>", "", "0|1"};
    static const char *const pulls[] = {HEADER_0, ("<e/>" HEADER_1), HEADER_2,
                                        ("01" CLOSING)};

    (void)state;
    check_pulls(scripts, ARRAY_SIZE(scripts), 4096, pulls, ARRAY_SIZE(pulls));
}

static void rest__between_pulls__is_told_to_the_content_whose_turn_it_is(void **state)
{
    static const char *const scripts[] = {"a|b", "c|d"};
    struct fixture f;
    size_t size;

    (void)state;
    begin(&f, scripts, 2, sizeof(f.network.received));
    f.network.capacity = strlen(HEADER_0) + 1;
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);
    f.network.source->vtable->rest(f.network.source);
    assert_int_equal(f.contents[0].rests, 1);
    f.network.capacity = 1 + strlen(HEADER_1) + 1;
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);
    f.network.source->vtable->rest(f.network.source);
    assert_int_equal(f.contents[0].rests, 1);
    assert_int_equal(f.contents[1].rests, 1);
    assert_int_equal(network_drain(&f.network), WSD_PULL_END);
    f.network.source->vtable->rest(f.network.source);
    assert_int_equal(f.contents[1].rests, 1);
    finish(&f);
}

static void pull__in_a_hurry__passes_that_on_once(void **state)
{
    static const char *const scripts[] = {"<e/>~-!"};
    static const enum wsd_pull results[] = {WSD_PULL_BYTES, WSD_PULL_BYTES};
    struct fixture f;
    size_t size;

    (void)state;
    begin(&f, scripts, ARRAY_SIZE(scripts), 4096);
    for (size_t i = 0; i < ARRAY_SIZE(results); i++)
        assert_int_equal(network_pull(&f.network, &size), results[i]);
    f.network.source->hurry = true;
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_NOTHING_NOW);
    assert_true(f.contents[0].source.hurry);
    assert_false(f.network.source->hurry);
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_ABORTED);
    assert_false(f.contents[0].source.hurry);
    finish(&f);
}

static void pull__content_that_need_not_wait__comes_with_its_header(void **state)
{
    static const char *const scripts[] = {"<e/>", "01"};
    struct fixture f;
    size_t size;

    (void)state;
    begin(&f, scripts, ARRAY_SIZE(scripts), 4096);
    f.contents[0].source.opens = false;
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);
    assert_int_equal(size, strlen(HEADER_0 "<e/>" HEADER_1));
    assert_int_equal(f.contents[1].pulls, 0);
    assert_int_equal(network_drain(&f.network), WSD_PULL_END);
    finish(&f);
}

static void pull__nothing_now__comes_without_bytes_only(void **state)
{
    static const char *const scripts[] = {"-<|e|-/>-", "--0-1-"};
    static const char *const pulls[] = {HEADER_0, NULL, "<e", "/>", HEADER_1,
                                        NULL,     NULL, "0",  "1",  CLOSING};

    (void)state;
    check_pulls(scripts, ARRAY_SIZE(scripts), 4096, pulls, ARRAY_SIZE(pulls));
}

/* A buffer that is filled to its last byte by a header leaves the content unpulled. */
static void pull__header_fills_the_buffer__content_waits_for_the_next_pull(void **state)
{
    static const char *const scripts[] = {"<e/>"};
    static const char *const pulls[] = {HEADER_0, ("<e/>" CLOSING)};

    (void)state;
    check_pulls(scripts, 1, sizeof(HEADER_0) - 1, pulls, ARRAY_SIZE(pulls));
}

/* ---- abort
 * ------------------------------------------------------------------------------ */

/* Puts '!' in place of the script's rest from `at` on. */
static void abort_at(char aborting[16], const char *script, size_t at)
{
    snprintf(aborting, 16, "%.*s!", (int)at, script);
}

static void check_abort(const struct row *row, size_t part, size_t at, size_t capacity)
{
    const char *scripts[PARTS];
    char aborting[16];
    struct fixture f;

    memcpy(scripts, row->scripts, sizeof(scripts));
    abort_at(aborting, row->scripts[part], at);
    scripts[part] = aborting;
    begin(&f, scripts, row->count, capacity);

    assert_int_equal(network_drain(&f.network), WSD_PULL_ABORTED);

    /* What went out is a true beginning that ends before the aborting part does. */
    assert_memory_equal(row->wire, f.network.received, f.network.length);
    assert_null(strstr(f.network.received, CLOSING));
    for (size_t i = 0; i < row->count; i++) {
        if (i >= part)
            assert_int_equal(f.contents[i].sent_pull, 0);
        else
            assert_int_equal(f.contents[i].sent_pull, f.contents[i].end_pull + 1);
        if (i > part)
            assert_int_equal(f.contents[i].pulls, 0);
    }
    finish(&f);
}

static void abort__at_every_step_of_every_part__wins_and_stays(void **state)
{
    static const size_t capacities[] = {1, 2, 3, 7, 64, 4096};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        for (size_t part = 0; part < rows[i].count; part++) {
            for (size_t at = 0; at <= strlen(rows[i].scripts[part]); at++) {
                for (size_t c = 0; c < ARRAY_SIZE(capacities); c++)
                    check_abort(&rows[i], part, at, capacities[c]);
            }
        }
    }
}

static void abort__with_bytes_in_the_buffer__gives_none_of_them(void **state)
{
    static const char *const scripts[] = {"<e/>", "01|!"};
    struct fixture f;
    size_t size;

    (void)state;
    begin(&f, scripts, 2, 4096);
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);

    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_ABORTED);

    assert_int_equal(size, 0);
    assert_int_equal(f.contents[1].pulls, 2);
    assert_int_equal(network_pull(&f.network, &size), WSD_PULL_ABORTED);
    assert_int_equal(f.contents[1].pulls, 2);
    finish(&f);
}

/* ---- create
 * ----------------------------------------------------------------------------- */

/* Content is never looked at: a delimiter in it goes through as it is. */
static void pull__content_like_a_delimiter__is_laid_as_it_is(void **state)
{
    static const char content[] = "a\r\n--b-1--\r\nz";

    (void)state;
    for (size_t capacity = 1; capacity < 200; capacity++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct network network = {.capacity = capacity};
        struct wsd_memory_source memory;
        struct wsd_multipart_part part = {"image/jpeg", "x", &memory.source};
        struct wsd_multipart_encoder *encoder;

        wsd_memory_source_init(&memory, content, sizeof(content)); /* with its NUL */
        assert_int_equal(
            wsd_multipart_encoder_create(&heap.mem, "b-1", &part, 1, &encoder), S_OK);
        network.source = wsd_multipart_encoder_source(encoder);

        assert_int_equal(network_drain(&network), WSD_PULL_END);

        assert_int_equal(network.length,
                         wsd_multipart_encoder_overhead(encoder) + sizeof(content));
        assert_memory_equal(network.received,
                            "--b-1\r\nContent-Type: image/jpeg\r\n"
                            "Content-Transfer-Encoding: binary\r\n"
                            "Content-ID: <x>\r\n\r\n"
                            "a\r\n--b-1--\r\nz\0" CLOSING,
                            network.length);
        wsd_multipart_encoder_destroy(encoder);
        assert_int_equal(heap.live, 0);
    }
}

/* After every number of bytes, and after the end; with sources that can. */
static void rewind__anywhere__begins_again_with_all_its_parts(void **state)
{
    static const char *const contents[PARTS] = {"<e/>", "", "0123456789"};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_memory_source sources[PARTS];
    struct wsd_multipart_part parts[PARTS];
    struct wsd_multipart_encoder *encoder;
    struct wsd_body_source *source;
    uint8_t whole[1000], bytes[1000];
    size_t length = 0, size;

    (void)state;
    for (size_t i = 0; i < PARTS; i++) {
        wsd_memory_source_init(&sources[i], contents[i], strlen(contents[i]));
        parts[i] = (struct wsd_multipart_part){"a/b", "c@d", &sources[i].source};
    }
    assert_int_equal(
        wsd_multipart_encoder_create(&heap.mem, "b-1", parts, PARTS, &encoder), S_OK);
    source = wsd_multipart_encoder_source(encoder);
    while (source->vtable->pull(source, whole + length, 1, &size) != WSD_PULL_END)
        length += size;
    for (size_t stop = 0; stop <= length + 1; stop++) {
        size_t got = 0;

        if (stop == length + 1)
            source->vtable->sent(source);
        assert_true(source->vtable->can_rewind(source));
        assert_true(source->vtable->rewind(source));
        for (int pulls = 0; got < stop && got < length && pulls < 10000; pulls++) {
            source->vtable->pull(source, bytes + got, 1, &size);
            got += size;
        }
        assert_memory_equal(bytes, whole, got);
        if (stop >= length)
            assert_int_equal(source->vtable->pull(source, bytes, 1, &size), WSD_PULL_END);
    }
    wsd_multipart_encoder_destroy(encoder);
    assert_int_equal(heap.live, 0);
}

/* A part that cannot, or can no more when it comes to it. */
static bool can_rewind_at_first(struct wsd_body_source *source)
{
    (void)source;
    return true;
}

static bool rewind_too_late(struct wsd_body_source *source)
{
    (void)source;
    return false;
}

static void rewind__of_a_part_that_cannot__gives_nothing_any_more(void **state)
{
    static const struct wsd_body_source_vtable too_late = {
        .pull = content_pull,
        .sent = content_sent,
        .can_rewind = can_rewind_at_first,
        .rewind = rewind_too_late,
    };
    static const char *const scripts[] = {"a|b", "cd", "e"};

    (void)state;
    for (int late = 0; late < 2; late++) {
        struct fixture f;
        size_t size;

        begin(&f, scripts, PARTS, 1000);
        if (late)
            for (size_t i = 0; i < PARTS; i++)
                f.contents[i].source.vtable = &too_late;
        assert_int_equal(f.network.source->vtable->can_rewind(f.network.source), late);
        assert_int_equal(network_pull(&f.network, &size), WSD_PULL_BYTES);
        assert_int_equal(f.network.source->vtable->can_rewind(f.network.source), late);
        assert_false(f.network.source->vtable->rewind(f.network.source));
        assert_false(f.network.source->vtable->can_rewind(f.network.source));
        assert_int_equal(network_drain(&f.network), WSD_PULL_ABORTED);
        finish(&f);
    }
}

static void create__strings__are_copied(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct network network = {.capacity = 64};
    struct content content = {
        .source = {.vtable = &content_vtable}, .network = &network, .script = "c"};
    struct wsd_multipart_encoder *encoder;
    char boundary[] = "bo", type[] = "t/y", id[] = "id";
    struct wsd_multipart_part part = {type, id, &content.source};

    (void)state;
    assert_int_equal(
        wsd_multipart_encoder_create(&heap.mem, boundary, &part, 1, &encoder), S_OK);
    memset(boundary, '?', 2);
    memset(type, '?', 3);
    memset(id, '?', 2);
    part.content = NULL;
    network.source = wsd_multipart_encoder_source(encoder);

    assert_int_equal(network_drain(&network), WSD_PULL_END);

    assert_string_equal(network.received, "--bo\r\nContent-Type: t/y\r\n"
                                          "Content-Transfer-Encoding: binary\r\n"
                                          "Content-ID: <id>\r\n\r\nc\r\n--bo--\r\n");
    wsd_multipart_encoder_destroy(encoder);
    assert_int_equal(heap.live, 0);
}

static void create__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static struct wsd_memory_source memory;
    const struct wsd_multipart_part parts[] = {{"a/b", "1", &memory.source},
                                               {"c/d", "2", &memory.source},
                                               {"e/f", "3", &memory.source}};
    int grants;

    (void)state;
    for (grants = 0; grants < 32; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_multipart_encoder *encoder =
            (struct wsd_multipart_encoder *)(uintptr_t)1;
        HRESULT hr = wsd_multipart_encoder_create(&heap.mem, "boundary", parts,
                                                  ARRAY_SIZE(parts), &encoder);

        if (hr != S_OK) {
            assert_int_equal(hr, E_OUTOFMEMORY);
            assert_null(encoder);
        }
        wsd_multipart_encoder_destroy(encoder);
        assert_int_equal(heap.live, 0);
        if (hr == S_OK)
            break;
    }
    assert_in_range(grants, 1, 31);
}

static void create__more_parts_than_memory_can_hold__is_out_of_memory(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_multipart_part part = {"a/b", "1", NULL};
    struct wsd_multipart_encoder *encoder = (struct wsd_multipart_encoder *)(uintptr_t)1;

    (void)state;
    assert_int_equal(
        wsd_multipart_encoder_create(&heap.mem, "b", &part, SIZE_MAX / 8, &encoder),
        E_OUTOFMEMORY);
    assert_null(encoder);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            pull__every_capacity__lays_the_same_bytes_and_keeps_its_promises),
        cmocka_unit_test(overhead__plus_contents__is_the_length_of_the_whole),
        cmocka_unit_test(pull__large_buffer__stops_only_before_a_content),
        cmocka_unit_test(rest__between_pulls__is_told_to_the_content_whose_turn_it_is),
        cmocka_unit_test(pull__in_a_hurry__passes_that_on_once),
        cmocka_unit_test(pull__content_that_need_not_wait__comes_with_its_header),
        cmocka_unit_test(pull__nothing_now__comes_without_bytes_only),
        cmocka_unit_test(pull__header_fills_the_buffer__content_waits_for_the_next_pull),
        cmocka_unit_test(pull__content_like_a_delimiter__is_laid_as_it_is),
        cmocka_unit_test(abort__at_every_step_of_every_part__wins_and_stays),
        cmocka_unit_test(abort__with_bytes_in_the_buffer__gives_none_of_them),
        cmocka_unit_test(rewind__anywhere__begins_again_with_all_its_parts),
        cmocka_unit_test(rewind__of_a_part_that_cannot__gives_nothing_any_more),
        cmocka_unit_test(create__strings__are_copied),
        cmocka_unit_test(create__every_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(create__more_parts_than_memory_can_hold__is_out_of_memory),
    };

    return cmocka_run_group_tests_name("multipart_encoder", tests, NULL, NULL);
}
