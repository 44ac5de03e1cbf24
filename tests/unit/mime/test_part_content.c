#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/part_content.h"
#include "support/body_feed.h"

/* A handler that takes what the test allows it, call by call. */
struct taker {
    struct wsd_part_handler handler;
    const char *takes; /* a digit for each call of content(), the last one for all more */
    char received[2048];
    size_t size;
    unsigned calls;
    HRESULT hr; /* of every call */
};

static HRESULT taker_begins(struct wsd_part_handler *handler,
                            const struct wsd_part_header *header, size_t index)
{
    (void)header;
    assert_int_equal(index, 7);
    return ((struct taker *)handler)->hr;
}

static HRESULT taker_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                             size_t size, size_t *taken)
{
    struct taker *self = (struct taker *)handler;
    size_t most = (size_t)(*self->takes - '0');

    assert_int_not_equal(size, 0);
    self->calls++;
    if (self->takes[1] != '\0')
        self->takes++;
    *taken = most < size ? most : size;
    assert_in_range(self->size + *taken, 0, sizeof(self->received));
    memcpy(self->received + self->size, bytes, *taken);
    self->size += *taken;
    return self->hr;
}

static HRESULT taker_ends(struct wsd_part_handler *handler)
{
    return ((struct taker *)handler)->hr;
}

static const struct wsd_part_handler_vtable taker_vtable = {taker_begins, taker_content,
                                                            taker_ends};

static void begin(struct wsd_part_content *content, struct taker *taker,
                  const char *takes, bool base64, uint64_t limit)
{
    struct wsd_part_header header = {.base64 = base64};

    *taker = (struct taker){.handler = {&taker_vtable}, .takes = takes};
    wsd_part_content_init(content, &taker->handler, limit);
    assert_int_equal(wsd_part_content_begin(content, &header, 7), WSD_MIME_NONE);
}

static size_t give(struct wsd_part_content *content, const char *text,
                   enum wsd_mime_fault fault)
{
    size_t size = strlen(text), taken = SIZE_MAX;

    assert_int_equal(
        wsd_part_content_give(content, feed_guarded(text, size), size, &taken), fault);
    return taken;
}

static void content__plain__is_handed_on_as_it_is(void **state)
{
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "9209", false, 99);
    assert_int_equal(give(&content, "abcd", WSD_MIME_NONE), 4);
    assert_int_equal(give(&content, "efgh", WSD_MIME_NONE), 2);
    assert_int_equal(give(&content, "gh", WSD_MIME_NONE), 0);
    assert_int_equal(give(&content, "gh", WSD_MIME_NONE), 2);
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_NONE);
    assert_int_equal(taker.size, 8);
    assert_memory_equal(taker.received, "abcdefgh", 8);
    assert_int_equal(taker.calls, 4);
}

/* While decoded bytes wait, their last character does. */
static void content__base64_and_full__keeps_the_last_character_back(void **state)
{
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "1019", true, 99);
    assert_int_equal(give(&content, "Zm9v", WSD_MIME_NONE), 3);
    assert_int_equal(taker.size, 1);
    assert_int_equal(give(&content, "v", WSD_MIME_NONE), 0);
    assert_int_equal(taker.size, 1);
    assert_int_equal(give(&content, "vYm", WSD_MIME_NONE), 0);
    assert_int_equal(taker.size, 2);
    assert_int_equal(give(&content, "vYm", WSD_MIME_NONE), 3);
    assert_int_equal(taker.size, 3);
    assert_int_equal(give(&content, "Fy", WSD_MIME_NONE), 2);
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_NONE);
    assert_int_equal(taker.size, 6);
    assert_memory_equal(taker.received, "foobar", 6);
    assert_int_equal(taker.calls, 5);
}

static void content__much_base64__is_decoded_in_large_runs(void **state)
{
    struct wsd_part_content content;
    struct taker taker;
    char text[2001];

    (void)state;
    begin(&content, &taker, "9", true, 9999);
    taker.takes = "\x7F\x7F"; /* 79 a call */
    memset(text, 'A', 2000);
    text[2000] = '\0';
    for (size_t at = 0; at < 2000;)
        at += give(&content, text + at, WSD_MIME_NONE);
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_NONE);
    assert_int_equal(taker.size, 1500);
    assert_in_range(taker.calls, 1500 / 79, 1500 / 79 + 4);
}

static void content__malformed_base64__gives_what_stands_before_it(void **state)
{
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "19", true, 99);
    assert_int_equal(give(&content, "Zm9v!", WSD_MIME_NONE), 3);
    assert_int_equal(taker.size, 1);
    give(&content, "v!", WSD_MIME_BASE64_CHARACTER);
    assert_int_equal(taker.size, 3);

    begin(&content, &taker, "9", true, 99);
    assert_int_equal(give(&content, "Zm9vY", WSD_MIME_NONE), 5);
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_BASE64_END);
}

static void content__limit__is_of_all_parts_together(void **state)
{
    struct wsd_part_header header = {0};
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "9", false, 6);
    assert_int_equal(give(&content, "abc", WSD_MIME_NONE), 3);
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_NONE);
    assert_int_equal(wsd_part_content_begin(&content, &header, 7), WSD_MIME_NONE);
    give(&content, "defg", WSD_MIME_CONTENT_SIZE);
    assert_int_equal(taker.size, 6); /* up to the limit, and no more */
    give(&content, "g", WSD_MIME_CONTENT_SIZE);
    assert_int_equal(taker.size, 6);

    begin(&content, &taker, "29", false, 6); /* full is not too much */
    assert_int_equal(give(&content, "abcdefgh", WSD_MIME_NONE), 2);
}

/* FAULTS G21 */
static void content__past_32_bits__is_counted_on(void **state)
{
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "9", false, (UINT64_C(1) << 32) + 2);
    assert_int_equal(give(&content, "abcd", WSD_MIME_NONE), 4);
    assert_true(content.room == (UINT64_C(1) << 32) - 2);
    assert_int_equal(give(&content, "efgh", WSD_MIME_NONE), 4);
}

static void content__handler_fails__keeps_its_code(void **state)
{
    struct wsd_part_header header = {0};
    struct wsd_part_content content;
    struct taker taker;

    (void)state;
    begin(&content, &taker, "0", false, 99);
    taker.hr = E_ACCESSDENIED;
    assert_int_equal(wsd_part_content_begin(&content, &header, 7), WSD_MIME_RECEIVER);
    assert_int_equal(content.error, E_ACCESSDENIED);
    taker.hr = E_ABORT;
    give(&content, "abc", WSD_MIME_RECEIVER);
    assert_int_equal(content.error, E_ABORT);
    taker.hr = E_HANDLE;
    assert_int_equal(wsd_part_content_end(&content), WSD_MIME_RECEIVER);
    assert_int_equal(content.error, E_HANDLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(content__plain__is_handed_on_as_it_is),
        cmocka_unit_test(content__base64_and_full__keeps_the_last_character_back),
        cmocka_unit_test(content__much_base64__is_decoded_in_large_runs),
        cmocka_unit_test(content__malformed_base64__gives_what_stands_before_it),
        cmocka_unit_test(content__limit__is_of_all_parts_together),
        cmocka_unit_test(content__past_32_bits__is_counted_on),
        cmocka_unit_test(content__handler_fails__keeps_its_code),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
