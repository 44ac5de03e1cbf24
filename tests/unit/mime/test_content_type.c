#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/content_type.h"
#include "support/body_feed.h"
#include "support/tolerated.h"

#define NONE 0u
#define UNQUOTED TOLERATED(UNQUOTED_VALUE)
#define SEMICOLON TOLERATED(MISSING_SEMICOLON)

/* "type|name=value|name=value"; a value that is cut in two by a NUL would show. */
static void render(const struct wsd_content_type *parsed, char *text, size_t size)
{
    int length = snprintf(text, size, "%s", parsed->type);

    for (size_t i = 0; i < parsed->count; i++)
        length += snprintf(text + length, size - (size_t)length, "|%s=%s",
                           parsed->parameters[i].name, parsed->parameters[i].value);
}

/* Parses a copy of exactly its size. */
static enum wsd_mime_fault parse(const char *value, struct wsd_tolerances *tolerances,
                                 char *rendered, size_t size)
{
    struct wsd_content_type parsed;
    char *copy = strdup(value);
    enum wsd_mime_fault fault;

    assert_non_null(copy);
    fault = wsd_content_type_parse(copy, tolerances, &parsed);
    if (fault == WSD_MIME_NONE)
        render(&parsed, rendered, size);
    free(copy);
    return fault;
}

static void parse__valid__gives_type_and_parameters(void **state)
{
    static const struct {
        const char *value, *rendered;
        unsigned tolerated;
    } rows[] = {
        {"text/plain", "text/plain", NONE},
        {" Text/PLAIN ", "text/plain", NONE},
        {"image/jpeg;", "image/jpeg", NONE},
        {"image/jpeg ; ; ;", "image/jpeg", NONE},
        {"a/b;c=d", "a/b|c=d", NONE},
        {"a/b; C=D;E=\"F\"", "a/b|c=D|e=F", NONE},
        {"a/b\t;\tc\t=\td\t", "a/b|c=d", NONE},
        {"a/b; c=\"\"", "a/b|c=", NONE},
        {"a/b; c=\"d;e=f\"; g=h", "a/b|c=d;e=f|g=h", NONE},
        {"a/b; c=\"d\\\"e\\\\f\\g\"; h=i", "a/b|c=d\"e\\fg|h=i", NONE},
        {"a/b; c=\" d\t\"", "a/b|c= d\t", NONE},
        {"(x)a/b(y);(z)c(1)=(2)d(3);(4)e=\"f\"(5)", "a/b|c=d|e=f", NONE},
        {"a/b (c (d) \\) \\( ((e)) ); f=g", "a/b|f=g", NONE},
        {"a/b;c=d(;e=f)", "a/b|c=d", NONE},
        {"a/b; c*=d; c*0=e; c=f", "a/b|c*=d|c*0=e|c=f", NONE},
        {"a/b; c=d; cc=e", "a/b|c=d|cc=e", NONE},
        {"a/b; c=d/e", "a/b|c=d/e", UNQUOTED},
        {"a/b; c=<d@e>; f==g=", "a/b|c=<d@e>|f==g=", UNQUOTED},
        {"a/b; c=d=\t;e=f", "a/b|c=d=|e=f", UNQUOTED},
        {"a/b; c=\"d\" e=f", "a/b|c=d|e=f", SEMICOLON},
        {"a/b; c=\"d\"(x)e=f/g", "a/b|c=d|e=f/g", SEMICOLON | UNQUOTED},
        {"a/b; 1=1;2=2;3=3;4=4;5=5;6=6;7=7;8=8;9=9;a=a;b=b;c=c;d=d;e=e;f=f;g=g",
         "a/b|1=1|2=2|3=3|4=4|5=5|6=6|7=7|8=8|9=9|a=a|b=b|c=c|d=d|e=e|f=f|g=g", NONE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances = {.accepted = ~0u};
        char rendered[200];

        assert_int_equal(parse(rows[i].value, &tolerances, rendered, sizeof(rendered)),
                         WSD_MIME_NONE);
        assert_string_equal(rendered, rows[i].rendered);
        assert_int_equal(tolerated(&tolerances), rows[i].tolerated);
        tolerances = (struct wsd_tolerances){.accepted = 0};
        assert_int_equal(parse(rows[i].value, &tolerances, rendered, sizeof(rendered)),
                         rows[i].tolerated == NONE ? WSD_MIME_NONE
                                                   : WSD_MIME_TYPE_SYNTAX);
    }
}

static void parse__malformed__says_what(void **state)
{
    static const struct {
        const char *value;
        enum wsd_mime_fault fault;
    } rows[] = {
        {"", WSD_MIME_TYPE_SYNTAX},
        {" ", WSD_MIME_TYPE_SYNTAX},
        {"text", WSD_MIME_TYPE_SYNTAX},
        {"text/", WSD_MIME_TYPE_SYNTAX},
        {"/plain", WSD_MIME_TYPE_SYNTAX},
        {"text /plain", WSD_MIME_TYPE_SYNTAX},
        {"text/ plain", WSD_MIME_TYPE_SYNTAX},
        {"text/plain html", WSD_MIME_TYPE_SYNTAX},
        {"text/plain, text/html", WSD_MIME_TYPE_SYNTAX},
        {"te\"xt/plain", WSD_MIME_TYPE_SYNTAX},
        {"a/b(", WSD_MIME_TYPE_SYNTAX},
        {"a/b(()", WSD_MIME_TYPE_SYNTAX},
        {"a/b(\\", WSD_MIME_TYPE_SYNTAX},
        {"a/b(\001)", WSD_MIME_TYPE_SYNTAX},
        {"a/b)", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=;", WSD_MIME_TYPE_SYNTAX},
        {"a/b; =d", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c d=e", WSD_MIME_TYPE_SYNTAX},
        {"a/b; \"c\"=d", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\\", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\\\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\"e=f", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\" \"e\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d e=f", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d\"e\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d,e", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d\\e", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\303\244", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"\303\244\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\\\303\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b;\r\n c=d", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=\"d\r\n e\"", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d\177", WSD_MIME_TYPE_SYNTAX},
        {"a/b; c=d; c=d", WSD_MIME_TYPE_DUPLICATE},
        {"a/b; c=d; e=f; C=\"g\"", WSD_MIME_TYPE_DUPLICATE},
        {"a/b; 1=1;2=2;3=3;4=4;5=5;6=6;7=7;8=8;9=9;a=a;b=b;c=c;d=d;e=e;f=f;g=g;h=h",
         WSD_MIME_TYPE_PARAMETERS},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances = {.accepted = ~0u};
        char rendered[200];

        assert_string_equal(wsd_mime_fault_text(parse(rows[i].value, &tolerances,
                                                      rendered, sizeof(rendered))),
                            wsd_mime_fault_text(rows[i].fault));
    }
}

/* Against a protected page: a value that ends too early is not read beyond. */
static void parse__cut_anywhere__stays_inside(void **state)
{
    static const char value[] = "a/b(\\)); c=\"d\\\"e\"; f=g/h (i(j)); k=\"l\" m=n;";

    (void)state;
    for (size_t size = 0; size < sizeof(value); size++) {
        struct wsd_tolerances tolerances = {.accepted = ~0u};
        struct wsd_content_type parsed;
        char cut[sizeof(value)];
        char *copy;

        memcpy(cut, value, size);
        cut[size] = '\0';
        copy = (char *)(uintptr_t)feed_guarded(cut, size + 1);
        wsd_content_type_parse(copy, &tolerances, &parsed);
    }
}

static void parameter__by_name__is_found_or_null(void **state)
{
    struct wsd_tolerances tolerances = {0};
    struct wsd_content_type parsed;
    char value[] = "a/b; Type=x; start=y";

    (void)state;
    assert_int_equal(wsd_content_type_parse(value, &tolerances, &parsed), WSD_MIME_NONE);
    assert_string_equal(wsd_content_type_parameter(&parsed, "type"), "x");
    assert_string_equal(wsd_content_type_parameter(&parsed, "start"), "y");
    assert_null(wsd_content_type_parameter(&parsed, "star"));
    assert_null(wsd_content_type_parameter(&parsed, "start-info"));
}

static void boundary__any_value__is_held_to_the_grammar(void **state)
{
    static const struct {
        const char *value;
        enum wsd_mime_fault fault;
        const char *boundary;
    } rows[] = {
        {"multipart/related; boundary=b", WSD_MIME_NONE, "b"},
        {"multipart/mixed; boundary=\"'()+_,-./:=? 09azAZ\"", WSD_MIME_NONE,
         "'()+_,-./:=? 09azAZ"},
        {"multipart/x; boundary=a=b/c", WSD_MIME_NONE, "a=b/c"},
        {"multipart/x; boundary=\" b\"", WSD_MIME_NONE, " b"},
        {"multipart/x; boundary="
         "0123456789012345678901234567890123456789012345678901234567890123456789",
         WSD_MIME_NONE,
         "0123456789012345678901234567890123456789012345678901234567890123456789"},
        {"multipart/x; boundary="
         "01234567890123456789012345678901234567890123456789012345678901234567890",
         WSD_MIME_BOUNDARY_LENGTH, NULL},
        {"multipart/x", WSD_MIME_BOUNDARY_MISSING, NULL},
        {"multipart/x; boundary*=b", WSD_MIME_BOUNDARY_MISSING, NULL},
        {"multipart/x; boundary=\"\"", WSD_MIME_BOUNDARY_EMPTY, NULL},
        {"multipart/x; boundary=\"b \"", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"multipart/x; boundary=\" \"", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"multipart/x; boundary=a*b", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"multipart/x; boundary=\"a\tb\"", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"multipart/x; boundary=\"a;b\"", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"multipart/x; boundary=\"a\\\"b\"", WSD_MIME_BOUNDARY_CHARACTER, NULL},
        {"application/soap+xml; boundary=b", WSD_MIME_NOT_MULTIPART, NULL},
        {"multipartx/related; boundary=b", WSD_MIME_NOT_MULTIPART, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances = {.accepted = ~0u};
        struct wsd_content_type parsed;
        char *copy = strdup(rows[i].value);
        const char *boundary = "untouched";

        assert_non_null(copy);
        assert_int_equal(wsd_content_type_parse(copy, &tolerances, &parsed),
                         WSD_MIME_NONE);
        assert_int_equal(wsd_content_type_boundary(&parsed, &boundary), rows[i].fault);
        if (rows[i].boundary == NULL)
            assert_null(boundary);
        else
            assert_string_equal(boundary, rows[i].boundary);
        free(copy);
    }
}

static void start_info__misspelt__needs_its_tolerance(void **state)
{
    static const struct {
        const char *value, *start_info;
        unsigned count;
    } rows[] = {
        {"a/b; start-info=x", "x", 0},
        {"a/b; startinfo=y", "y", 1},
        {"a/b; startinfo=y; start-info=x", "x", 0},
        {"a/b", NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_tolerances tolerances, strict = {0};
        struct wsd_content_type parsed;
        char *copy = strdup(rows[i].value);

        assert_non_null(copy);
        wsd_tolerances_init(&tolerances);
        assert_int_equal(wsd_content_type_parse(copy, &tolerances, &parsed),
                         WSD_MIME_NONE);
        if (rows[i].start_info == NULL)
            assert_null(wsd_content_type_start_info(&parsed, &tolerances));
        else
            assert_string_equal(wsd_content_type_start_info(&parsed, &tolerances),
                                rows[i].start_info);
        assert_int_equal(tolerances.counts[WSD_TOLERATE_START_INFO_SPELLING],
                         rows[i].count);
        if (rows[i].count > 0)
            assert_null(wsd_content_type_start_info(&parsed, &strict));
        free(copy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parse__valid__gives_type_and_parameters),
        cmocka_unit_test(parse__malformed__says_what),
        cmocka_unit_test(parse__cut_anywhere__stays_inside),
        cmocka_unit_test(parameter__by_name__is_found_or_null),
        cmocka_unit_test(boundary__any_value__is_held_to_the_grammar),
        cmocka_unit_test(start_info__misspelt__needs_its_tolerance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
