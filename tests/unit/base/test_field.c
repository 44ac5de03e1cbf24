#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/field.h"

/* A heap copy without slack, so that the sanitizers see a read behind the NUL. */
static char *exact(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = malloc(size);

    assert_non_null(copy);
    memcpy(copy, text, size);
    return copy;
}

static bool is_value(const char *text)
{
    return wsd_field_is_value(text, 16);
}

static void check(bool (*is)(const char *), const char *text, bool expected)
{
    char *copy = exact(text);

    if (is(copy) != expected)
        print_error("\"%s\"\n", text);
    assert_int_equal(is(copy), expected);
    free(copy);
}

#define CHECK_ALL(is, rows, expected)                                                    \
    do {                                                                                 \
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)                      \
            check((is), (rows)[i], (expected));                                          \
    } while (0)

/* Puts every character between `before` and `behind`; `is` must accept those that
 * `allowed` allows, and no others. */
static void check_characters(bool (*is)(const char *), const char *before,
                             const char *behind, bool (*allowed)(int c))
{
    for (int c = 1; c < 256; c++) {
        char text[64];

        snprintf(text, sizeof(text), "%s%c%s", before, c, behind);
        check(is, text, allowed(c));
    }
}

static bool visible_or_blank(int c)
{
    return c == '\t' || (c >= ' ' && c <= '~');
}

static bool visible(int c)
{
    return c > ' ' && c <= '~';
}

static bool token(int c)
{
    return visible(c) && strchr("\"(),/:;<=>?@[\\]{}", c) == NULL;
}

static bool quoted_text(int c)
{
    return visible_or_blank(c) && c != '"'; /* a backslash quotes what follows */
}

static bool uri(int c)
{
    return visible(c) && strchr("\"<>\\^`{|}", c) == NULL;
}

static void value__allowed__is_accepted(void **state)
{
    static const char *const rows[] = {"a", "a b", "a\tb", "(x; y=\"z\")", "<0@body>"};

    (void)state;
    CHECK_ALL(is_value, rows, true);
}

static void value__line_ends_and_their_like__are_refused(void **state)
{
    static const char *const rows[] = {"",
                                       " ",
                                       "\t",
                                       " a",
                                       "a ",
                                       "a\t",
                                       "\ta",
                                       "a\r\nX: y",
                                       "a\n",
                                       "a\r",
                                       "\r\n a",
                                       "a\x7Fz",
                                       "\xC3\xA4",
                                       "a\x01"
                                       "b",
                                       "a\v b",
                                       "a\x85"
                                       "b"};

    (void)state;
    CHECK_ALL(is_value, rows, false);
    assert_false(wsd_field_is_value(NULL, 16));
}

static void value__every_character__inside_and_at_the_ends(void **state)
{
    (void)state;
    check_characters(is_value, "a", "b", visible_or_blank);
    check_characters(is_value, "", "b", visible);
    check_characters(is_value, "a", "", visible);
}

static void value__length__is_limited(void **state)
{
    (void)state;
    check(is_value, "0123456789abcdef", true);
    check(is_value, "0123456789abcdefg", false);
    assert_false(wsd_field_is_value("a", 0));
}

static bool is_token(const char *text)
{
    return wsd_field_is_token(text, strlen(text));
}

static bool is_line(const char *text)
{
    return wsd_field_is_line(text, strlen(text));
}

static bool line(int c)
{
    return c == '\t' || (c >= ' ' && c != 0x7F);
}

static void token__every_character__inside_and_at_the_ends(void **state)
{
    (void)state;
    check_characters(is_token, "a", "b", token);
    check_characters(is_token, "", "", token);
    assert_false(wsd_field_is_token("a", 0));
    assert_true(wsd_field_is_token("a b", 1));
}

static void line__every_character__inside_and_at_the_ends(void **state)
{
    (void)state;
    check_characters(is_line, "a", "b", line);
    check_characters(is_line, "", "", line);
    assert_true(wsd_field_is_line("", 0));
    assert_false(wsd_field_is_line("a\0b", 3));
}

static void media_type__of_the_grammar__is_accepted(void **state)
{
    static const char *const rows[] = {
        "text/plain",
        "application/octet-stream",
        "application/vnd.ms-xpsdocument",
        "image/svg+xml;charset=utf-8",
        "a/b ; c=d\t;\te=\"f g\";h=\"\"",
        "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"",
        "a/b; c=\"quoted \\\" and \\\\ and ; and =\"",
        "!#$%/&'*+-.^_`|~; 0=9",
    };

    (void)state;
    CHECK_ALL(wsd_field_is_media_type, rows, true);
}

static void media_type__off_the_grammar__is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "text",
        "text/",
        "/plain",
        "text//plain",
        "te xt/p",
        "text/p;",
        "text/p; ",
        "text/p ",
        " text/p",
        "text/p; a",
        "text/p; a=",
        "text/p; =b",
        "text/p;; a=b",
        "text/p a=b",
        "t/p; a =b",
        "t/p; a= b",
        "t/p; a=\"b",
        "t/p; a=\"b\\",
        "t/p; a=\"b\\\"",
        "t/p; a=\"",
        "t/p; a=b\"c\"",
        "t/p; a=\"b\"c",
        "t/p; a=b c",
        "t/p, q/r",
        "t/p\r\nX: y",
        "t/p; a=\"\r\nX: y\"",
        "t/p; a=\"\\\r\"",
        "t/p; a=\"\xC3\xA4\"",
        "*",
    };

    (void)state;
    CHECK_ALL(wsd_field_is_media_type, rows, false);
    assert_false(wsd_field_is_media_type(NULL));
}

static void media_type__every_character__in_token_and_quoted_string(void **state)
{
    (void)state;
    check_characters(wsd_field_is_media_type, "a", "b/c", token);
    check_characters(wsd_field_is_media_type, "a/b; c=d", "e; f=g", token);
    check_characters(wsd_field_is_media_type, "a/b; c=\"d", "e\"", quoted_text);
    check_characters(wsd_field_is_media_type, "a/b; c=\"d\\", "e\"", visible_or_blank);
}

/* `prefix` and as many x as make `length` characters. */
static char *padded(const char *prefix, size_t length)
{
    char *text = malloc(length + 1);

    assert_non_null(text);
    memset(text, 'x', length);
    memcpy(text, prefix, strlen(prefix));
    text[length] = '\0';
    return text;
}

static void check_length(bool (*is)(const char *), const char *prefix, size_t limit)
{
    char *text = padded(prefix, limit);

    assert_true(is(text));
    free(text);
    text = padded(prefix, limit + 1);
    assert_false(is(text));
    free(text);
}

static void media_type_and_uri__length__is_limited(void **state)
{
    (void)state;
    check_length(wsd_field_is_media_type, "a/", 255);
    check_length(wsd_field_is_uri, "u:", 2048);
}

static void uri__absolute__is_accepted(void **state)
{
    static const char *const rows[] = {
        "http://192.0.2.1:5357/path?q=%20&r='s'#f",
        "http://[fe80::1%25eth0]/",
        "urn:uuid:6f2ee0ac-1b7d-4e3a-9b3a-0f1e2d3c4b5a",
        "http://schemas.microsoft.com/windows/2006/08/wdp/print/SendDocument",
        "x+y-z.1:",
    };

    (void)state;
    CHECK_ALL(wsd_field_is_uri, rows, true);
}

static void uri__relative_or_with_other_characters__is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "path",
        "/path",
        ":x",
        "1a:x",
        "-a:x",
        "a_b:x",
        " http://x/",
        "http://x/ ",
        "http://x/ y",
        "http://x/\r\nHost: y",
        "http://x/\xC3\xA4",
        "http://x/<y>",
        "http://x/\"",
        "ht tp://x",
    };

    (void)state;
    CHECK_ALL(wsd_field_is_uri, rows, false);
    assert_false(wsd_field_is_uri(NULL));
    check_characters(wsd_field_is_uri, "http://x/a", "b", uri);
}

static bool is_header(const char *text)
{
    return wsd_field_is_header(text, 16);
}

static void line__name_and_value__is_accepted(void **state)
{
    static const char *const rows[] = {"A: b", "X-Y_z!: 1, 2", "A: b:c",
                                       "A: 3456789abcdef"};

    (void)state;
    CHECK_ALL(is_header, rows, true);
}

static void line__without_this_or_that__is_refused(void **state)
{
    static const char *const rows[] = {
        "",         "A",          "A:",          "A: ",      ": b",
        "A:b",      "A : b",      "A:  b",       "A: b ",    "A;: b",
        "A: b\r\n", "A: b\nC: d", "A: \xC3\xA4", "\"A\": b", "A: 3456789abcdefg",
    };

    (void)state;
    CHECK_ALL(is_header, rows, false);
    assert_false(wsd_field_is_header(NULL, 16));
}

static void number__digits_up_to_the_most__is_read(void **state)
{
    static const struct {
        const char *text;
        uint64_t most, number;
        bool is_one;
    } rows[] = {
        {"0", 0, 0, true},
        {"007", 7, 7, true},
        {"4294967295", UINT32_MAX, UINT32_MAX, true},
        {"4294967296", UINT32_MAX, 0, false},
        {"18446744073709551615", UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", UINT64_MAX, 0, false},
        {"99999999999999999999", UINT64_MAX, 0, false},
        {"", 9, 0, false},
        {"1 ", 9, 0, false},
        {"+1", 9, 0, false},
        {"1/", 99, 0, false},
        {"1:", 99, 0, false},
        {"1\xb1", 99, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint64_t number;

        assert_int_equal(wsd_field_read_number(rows[i].text, rows[i].most, &number),
                         rows[i].is_one);
        if (rows[i].is_one)
            assert_true(number == rows[i].number);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(value__allowed__is_accepted),
        cmocka_unit_test(value__line_ends_and_their_like__are_refused),
        cmocka_unit_test(value__every_character__inside_and_at_the_ends),
        cmocka_unit_test(value__length__is_limited),
        cmocka_unit_test(token__every_character__inside_and_at_the_ends),
        cmocka_unit_test(line__every_character__inside_and_at_the_ends),
        cmocka_unit_test(media_type__of_the_grammar__is_accepted),
        cmocka_unit_test(media_type__off_the_grammar__is_refused),
        cmocka_unit_test(media_type__every_character__in_token_and_quoted_string),
        cmocka_unit_test(media_type_and_uri__length__is_limited),
        cmocka_unit_test(number__digits_up_to_the_most__is_read),
        cmocka_unit_test(uri__absolute__is_accepted),
        cmocka_unit_test(line__name_and_value__is_accepted),
        cmocka_unit_test(line__without_this_or_that__is_refused),
        cmocka_unit_test(uri__relative_or_with_other_characters__is_refused),
    };

    return cmocka_run_group_tests_name("field", tests, NULL, NULL);
}
