#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/base64_decoder.h"
#include "support/body_feed.h"

struct decoded {
    enum wsd_mime_fault fault;
    uint8_t bytes[512];
    size_t size;
};

/* Pieces of `piece` characters, the first one of `first`; output in runs of `capacity`.
 */
static struct decoded decode(const char *text, size_t size, size_t first, size_t piece,
                             size_t capacity)
{
    struct decoded result = {.fault = WSD_MIME_NONE};
    struct wsd_base64_decoder decoder;
    size_t position = 0;

    wsd_base64_init(&decoder);
    while (position < size && result.fault == WSD_MIME_NONE) {
        size_t left = size - position;
        size_t run = position < first ? first - position : piece;
        uint8_t *bytes = malloc(capacity);
        size_t taken, written;

        assert_non_null(bytes);
        run = run < left ? run : left;
        result.fault = wsd_base64_decode(&decoder, feed_guarded(text + position, run),
                                         run, &taken, bytes, capacity, &written);
        assert_in_range(taken, 0, run);
        assert_in_range(written, 0, capacity);
        if (result.fault == WSD_MIME_NONE && taken < run)
            assert_in_range(written, capacity - 2, capacity);
        assert_true(result.fault != WSD_MIME_NONE || taken > 0);
        assert_true(result.size + written <= sizeof(result.bytes));
        memcpy(result.bytes + result.size, bytes, written);
        free(bytes);
        result.size += written;
        position += taken;
    }
    if (result.fault == WSD_MIME_NONE)
        result.fault = wsd_base64_finish(&decoder);
    return result;
}

static void check(const char *text, enum wsd_mime_fault fault, const void *bytes,
                  size_t size)
{
    size_t length = strlen(text);

    for (size_t split = 0; split <= length; split++) {
        for (size_t capacity = 3; capacity <= 8; capacity++) {
            struct decoded whole = decode(text, length, split, length, capacity);
            struct decoded bytewise = decode(text, length, split, 1, capacity);

            assert_string_equal(wsd_mime_fault_text(whole.fault),
                                wsd_mime_fault_text(fault));
            assert_int_equal(bytewise.fault, fault);
            assert_int_equal(whole.size, size);
            assert_int_equal(bytewise.size, size);
            assert_memory_equal(whole.bytes, bytes, size);
            assert_memory_equal(bytewise.bytes, bytes, size);
        }
    }
}

static void base64__any_text__is_decoded_or_refused(void **state)
{
    static const struct {
        const char *text;
        enum wsd_mime_fault fault;
        const char *bytes; /* what came before the fault */
    } rows[] = {
        {"", WSD_MIME_NONE, ""},
        {"Zg==", WSD_MIME_NONE, "f"}, /* RFC 4648 section 10 */
        {"Zm8=", WSD_MIME_NONE, "fo"},
        {"Zm9v", WSD_MIME_NONE, "foo"},
        {"Zm9vYg==", WSD_MIME_NONE, "foob"},
        {"Zm9vYmE=", WSD_MIME_NONE, "fooba"},
        {"Zm9vYmFy", WSD_MIME_NONE, "foobar"},
        {"+/+/", WSD_MIME_NONE, "\xFB\xFF\xBF"},
        {"\r\n Zm\t9v\r\nY\nm\rFy \r\n", WSD_MIME_NONE, "foobar"},
        {"Z g = = ", WSD_MIME_NONE, "f"},
        {" \r\n", WSD_MIME_NONE, ""},
        {"Z", WSD_MIME_BASE64_END, ""},
        {"Zm", WSD_MIME_BASE64_END, ""},
        {"Zm9", WSD_MIME_BASE64_END, ""},
        {"Zg=", WSD_MIME_BASE64_END, ""},
        {"Zm9vY", WSD_MIME_BASE64_END, "foo"},
        {"=", WSD_MIME_BASE64_END, ""},
        {"Z===", WSD_MIME_BASE64_END, ""},
        {"====", WSD_MIME_BASE64_END, ""},
        {"Zg===", WSD_MIME_BASE64_END, "f"},
        {"Zm8==", WSD_MIME_BASE64_END, "fo"},
        {"Zm9v=", WSD_MIME_BASE64_END, "foo"},
        {"Zg=v", WSD_MIME_BASE64_END, ""},
        {"Zg==Zg==", WSD_MIME_BASE64_END, "f"},
        {"Zm8=Zm8=", WSD_MIME_BASE64_END, "fo"},
        {"Zh==", WSD_MIME_BASE64_END, ""}, /* bits that belong to no byte */
        {"Zm9=", WSD_MIME_BASE64_END, ""},
        {"Zm9vZ!==", WSD_MIME_BASE64_CHARACTER, "foo"},
        {"Zm-_", WSD_MIME_BASE64_CHARACTER, ""},
        {"Zm9v\v", WSD_MIME_BASE64_CHARACTER, "foo"},
        {"Zm9v\x80", WSD_MIME_BASE64_CHARACTER, "foo"},
        {"Zg==!", WSD_MIME_BASE64_CHARACTER, "f"},
        {"@AAA", WSD_MIME_BASE64_CHARACTER, ""},
        {"[AAA", WSD_MIME_BASE64_CHARACTER, ""},
        {"`AAA", WSD_MIME_BASE64_CHARACTER, ""},
        {"{AAA", WSD_MIME_BASE64_CHARACTER, ""},
        {":AAA", WSD_MIME_BASE64_CHARACTER, ""},
        {".AAA", WSD_MIME_BASE64_CHARACTER, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        check(rows[i].text, rows[i].fault, rows[i].bytes, strlen(rows[i].bytes));
}

static void base64__nul__is_refused(void **state)
{
    struct decoded result;

    (void)state;
    result = decode("Zm9v\0Zm9v", 9, 9, 9, 64);
    assert_int_equal(result.fault, WSD_MIME_BASE64_CHARACTER);
    assert_int_equal(result.size, 3);
}

/* The encoder that the decoder must undo. */
static void encode(const uint8_t *bytes, size_t size, char *text)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

    for (size_t i = 0; i < size; i += 3) {
        uint32_t bits = (uint32_t)bytes[i] << 16 |
                        (uint32_t)(i + 1 < size ? bytes[i + 1] : 0) << 8 |
                        (i + 2 < size ? bytes[i + 2] : 0);

        *text++ = alphabet[bits >> 18];
        *text++ = alphabet[bits >> 12 & 63];
        *text++ = i + 1 < size ? alphabet[bits >> 6 & 63] : '=';
        *text++ = i + 2 < size ? alphabet[bits & 63] : '=';
    }
    *text = '\0';
}

static void base64__every_byte_at_every_place__round_trips(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        for (size_t size = 1; size <= 7; size++) {
            uint8_t bytes[7];
            char text[16];
            struct decoded result;

            for (size_t i = 0; i < size; i++)
                bytes[i] = (uint8_t)(byte + 37 * i);
            encode(bytes, size, text);
            result = decode(text, strlen(text), 3, 5, 6);
            assert_int_equal(result.fault, WSD_MIME_NONE);
            assert_int_equal(result.size, size);
            assert_memory_equal(result.bytes, bytes, size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64__any_text__is_decoded_or_refused),
        cmocka_unit_test(base64__nul__is_refused),
        cmocka_unit_test(base64__every_byte_at_every_place__round_trips),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
