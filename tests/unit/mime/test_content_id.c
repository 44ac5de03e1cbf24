#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/content_id.h"
#include "support/tolerated.h"

static void parse__any_value__gives_the_id_or_a_fault(void **state)
{
    static const struct {
        const char *value, *id; /* NULL: WSD_MIME_CONTENT_ID_SYNTAX */
        unsigned tolerated;
    } rows[] = {
        {"<a@b>", "a@b", 0},
        {"  <a@b>\t", "a@b", 0},
        {"<http://tempuri.org/1/2>", "http://tempuri.org/1/2",
         TOLERATED(CONTENT_ID_WITHOUT_AT)},
        {"<id26>", "id26", TOLERATED(CONTENT_ID_WITHOUT_AT)},
        {"<SOAP-ENV:Envelope>", "SOAP-ENV:Envelope", TOLERATED(CONTENT_ID_WITHOUT_AT)},
        {"<a@b >", "a@b", TOLERATED(CONTENT_ID_BLANKS)},
        {"<\t a@b>", "a@b", TOLERATED(CONTENT_ID_BLANKS)},
        {"a@b", "a@b", TOLERATED(CONTENT_ID_WITHOUT_BRACKETS)},
        {" a ", "a",
         TOLERATED(CONTENT_ID_WITHOUT_BRACKETS) | TOLERATED(CONTENT_ID_WITHOUT_AT)},
        {"<a b/0%@x>", "a b/0%@x", 0},
        {"<a%40b@c>", "a%40b@c", 0},
        {"", NULL, 0},
        {" ", NULL, 0},
        {"<>", NULL, 0},
        {"< >", NULL, 0},
        {"<", NULL, 0},
        {">", NULL, 0},
        {"<a@b", NULL, 0},
        {"a@b>", NULL, 0},
        {"<<a@b>>", NULL, 0},
        {"<a@b><c@d>", NULL, 0},
        {"<a@b> x", NULL, 0},
        {">a@b<", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances;
        char *copy = strdup(rows[i].value);
        const char *id = "untouched";

        assert_non_null(copy);
        wsd_tolerances_init(&tolerances);
        if (rows[i].id == NULL) {
            assert_int_equal(wsd_content_id_parse(copy, &tolerances, &id),
                             WSD_MIME_CONTENT_ID_SYNTAX);
            assert_null(id);
        } else {
            assert_int_equal(wsd_content_id_parse(copy, &tolerances, &id), WSD_MIME_NONE);
            assert_string_equal(id, rows[i].id);
            assert_int_equal(tolerated(&tolerances), rows[i].tolerated);
        }
        for (unsigned bit = 0; bit < WSD_TOLERANCE_COUNT; bit++) {
            if (rows[i].tolerated & 1u << bit) {
                struct wsd_tolerances strict = {.accepted = ~(1u << bit)};

                memcpy(copy, rows[i].value, strlen(rows[i].value) + 1);
                assert_int_equal(wsd_content_id_parse(copy, &strict, &id),
                                 WSD_MIME_CONTENT_ID_SYNTAX);
            }
        }
        free(copy);
    }
}

static void cid__any_reference__names_what_it_says(void **state)
{
    static const struct {
        const char *id, *href;
        bool meant, encoded;
    } rows[] = {
        {"a@b", "cid:a@b", true, false},
        {"a@b", "CiD:a@b", true, false},
        {"a@b", "cid:a%40b", true, true},
        {"a@b", "cid:%61%40%62", true, true},
        {"a/b@c", "cid:a%2Fb@c", true, true},
        {"a/b@c", "cid:a%2fb@c", true, true},
        {"http://tempuri.org/1/2", "cid:http%3A%2F%2Ftempuri.org%2F1%2F2", true, true},
        {"http://tempuri.org/1/2", "cid:http://tempuri.org/1/2", true, false},
        {"a b/0%@x", "cid:a%20b/0%25%40x", true, true},
        {"a%40b", "cid:a%2540b", true, true},
        {"a%40b", "cid:a%40b", false, false}, /* decoded once, and on one side only */
        {"a@b", "cid:a%2540b", false, false},
        {"a@b", "cid:A@b", false, false},
        {"a@b", "cid:a@B", false, false},
        {"a@b", "cid:a@", false, false},
        {"a@b", "cid:a@bb", false, false},
        {"a@b", "cid:a@b%00", false, false},
        {"a@b", "cid:%00a@b", false, false},
        {"a@b", "cid:a@b%", false, false},
        {"a@b", "cid:a@b%4", false, false},
        {"a%", "cid:a%", false, false},
        {"a%4", "cid:a%4", false, false},
        {"a%4g", "cid:a%4g", false, false},
        {"a@b", "cid:<a@b>", false, false},
        {"a@b", "cid: a@b", false, false},
        {"a+b", "cid:a+b", true, false}, /* no form encoding: + is + */
        {"a b", "cid:a+b", false, false},
        {"a", "cid:\303\244", false, false},
        {"a", "cid:%C3%A4", false, false},
        {"a@b", "cid:", false, false},
        {"a@b", "", false, false},
        {"a@b", "c", false, false},
        {"a@b", "a@b", false, false},
        {"a@b", "mid:a@b", false, false},
        {"//host/a@b", "http://host/a@b", false, false},
        {NULL, "cid:a@b", false, false},
        {NULL, "cid:", false, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances, strict = {0};

        wsd_tolerances_init(&tolerances);
        assert_int_equal(
            wsd_content_id_is_meant_by(rows[i].id, rows[i].href, &tolerances),
            rows[i].meant);
        assert_int_equal(tolerated(&tolerances),
                         rows[i].encoded ? TOLERATED(CID_PERCENT) : 0);
        assert_int_equal(wsd_content_id_is_meant_by(rows[i].id, rows[i].href, &strict),
                         rows[i].meant && !rows[i].encoded);
    }
}

static void root__by_start_or_place__is_found(void **state)
{
    static const struct {
        const char *id;
        size_t index;
        const char *start;
        bool root;
        unsigned tolerated;
    } rows[] = {
        {"a@b", 0, NULL, true, 0},
        {NULL, 0, NULL, true, 0},
        {"a@b", 1, NULL, false, 0},
        {"a@b", 0, "<a@b>", true, 0},
        {"a@b", 0, " <a@b> ", true, 0},
        {"a@b", 0, "a@b", true, TOLERATED(START_WITHOUT_BRACKETS)},
        {"a@b", 0, "<a@b >", true, TOLERATED(CONTENT_ID_BLANKS)},
        {"a@b", 2, "<a@b>", true, TOLERATED(ROOT_NOT_FIRST)},
        {"a@b", 2, "a@b", true,
         TOLERATED(ROOT_NOT_FIRST) | TOLERATED(START_WITHOUT_BRACKETS)},
        {"a@b", 0, "<A@b>", false, 0},
        {"a@b", 0, "<a@bb>", false, 0},
        {"a@bb", 0, "<a@b>", false, 0},
        {"a@b", 0, "<a%40b>", false, 0},
        {"a@b", 0, "<a@b", false, 0},
        {"a@b", 0, "", false, 0},
        {"a@b", 0, "<>", false, 0},
        {NULL, 0, "<a@b>", false, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances, strict = {0};

        wsd_tolerances_init(&tolerances);
        assert_int_equal(
            wsd_content_id_is_root(rows[i].id, rows[i].index, rows[i].start, &tolerances),
            rows[i].root);
        assert_int_equal(tolerated(&tolerances), rows[i].tolerated);
        assert_int_equal(
            wsd_content_id_is_root(rows[i].id, rows[i].index, rows[i].start, &strict),
            rows[i].root && rows[i].tolerated == 0);
    }
}

static void same__two_references__are_compared_decoded(void **state)
{
    static const struct {
        const char *href, *other;
        bool same;
    } rows[] = {
        {"cid:a@b", "cid:a@b", true},     {"cid:a@b", "CID:a%40b", true},
        {"cid:%61@b", "cid:a%40b", true}, {"cid:a@b", "cid:A@b", false},
        {"cid:a@b", "cid:a@bc", false},   {"cid:a@bc", "cid:a@b", false},
        {"cid:a%4", "cid:a%4", false},    {"cid:a%00", "cid:a%00", false},
        {"cid:", "cid:", true},           {"a@b", "a@b", false},
        {"cid:a@b", "http:a@b", false},   {"cid:a%2540b", "cid:a%40b", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(wsd_content_id_is_same(rows[i].href, rows[i].other),
                         rows[i].same);
        assert_int_equal(wsd_content_id_is_same(rows[i].other, rows[i].href),
                         rows[i].same);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__any_value__gives_the_id_or_a_fault),
        cmocka_unit_test(cid__any_reference__names_what_it_says),
        cmocka_unit_test(root__by_start_or_place__is_found),
        cmocka_unit_test(same__two_references__are_compared_decoded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
