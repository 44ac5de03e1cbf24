/* Rows H1, H2 and H4 to H7 of tests/FAULTS.md: envelopes that attack their reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <libxml/xmlIO.h>

#include "failing_xml.h"
#include "soap/envelope.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROW(text, hr)                                                                    \
    {                                                                                    \
        (text), sizeof(text) - 1, (hr)                                                   \
    }

#define SOAP "http://www.w3.org/2003/05/soap-envelope"
#define ENVELOPE(body)                                                                   \
    "<s:Envelope xmlns:s='" SOAP "'><s:Body>" body "</s:Body></s:Envelope>"

static int loaded; /* what was to be loaded from somewhere */

static xmlParserInput *count_load(const char *url, const char *id, xmlParserCtxt *context)
{
    (void)url;
    (void)id;
    (void)context;
    loaded++;
    return NULL;
}

static int set_up(void **state)
{
    if (failing_xml_setup(state) != 0)
        return -1;
    xmlSetExternalEntityLoader(count_load);
    return 0;
}

/* How many allocations of libxml2 reading it takes; nothing may be left of them. */
static int read_with(const void *bytes, size_t size, HRESULT expected)
{
    enum { PLENTY = 1000000 };
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    int live = atomic_load(&failing_xml.live), used;
    struct wsd_envelope *envelope;
    HRESULT hr;

    atomic_store(&failing_xml.grants, PLENTY);
    hr = wsd_envelope_read(&heap.mem, bytes, size, &envelope);
    used = PLENTY - atomic_load(&failing_xml.grants);
    atomic_store(&failing_xml.grants, -1);
    if (hr != expected)
        print_error("%.*s\n", size < 200 ? (int)size : 200, (const char *)bytes);
    assert_int_equal(hr, expected);
    wsd_envelope_destroy(envelope);
    assert_int_equal(heap.live, 0);
    assert_int_equal(atomic_load(&failing_xml.live), live);
    return used;
}

static void H1__document_type_or_entity__is_refused_and_loads_nothing(void **state)
{
    static const char *const rows[] = {
        "<!DOCTYPE a>" ENVELOPE(""),
        "<!DOCTYPE a SYSTEM 'file:///etc/passwd'>" ENVELOPE(""),
        "<!DOCTYPE a PUBLIC '-//x' 'http://127.0.0.1/x'>" ENVELOPE(""),
        "<!DOCTYPE a [<!ENTITY e 'x'>]>" ENVELOPE("<a>&e;</a>"),
        "<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]>" ENVELOPE("<a>&e;</a>"),
        "<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1/x'> %e;]>" ENVELOPE(""),
        "<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]>" ENVELOPE("<a/>"),
        ENVELOPE("<!DOCTYPE a><a/>"),
        ENVELOPE("<a>&e;</a>"),
        ENVELOPE("<a b='&e;'/>"),
        "<?xml-stylesheet href='http://127.0.0.1/x'?>" ENVELOPE(""),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        read_with(rows[i], strlen(rows[i]), WS_E_INVALID_FORMAT);
    assert_int_equal(loaded, 0);
}

static void H1__xinclude__is_an_element_like_any_other(void **state)
{
    static const char text[] =
        ENVELOPE("<a><i:include xmlns:i='http://www.w3.org/2001/XInclude' parse='text' "
                 "href='file:///etc/passwd'/></a>");
    struct wsd_envelope *envelope;
    const char *found;

    (void)state;
    assert_int_equal(wsd_envelope_read(wsd_mem_heap(), text, sizeof(text) - 1, &envelope),
                     S_OK);
    assert_int_equal(wsd_envelope_find_text(envelope, "a/include", &found), S_OK);
    assert_string_equal(found, "");
    wsd_envelope_destroy(envelope);
    assert_int_equal(loaded, 0);
}

/* Whatever they would grow into. */
static void H2__entities_that_grow__are_not_even_declared(void **state)
{
    static const char empty[] = "<!DOCTYPE a []>" ENVELOPE("<a>&i;</a>");
    static const char laughs[] =
        "<!DOCTYPE a [<!ENTITY a 'ha ha ha ha ha'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;&a;'>"
        "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;&c;'>"
        "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;&e;'>"
        "<!ENTITY g '&f;&f;&f;&f;&f;&f;&f;&f;'><!ENTITY h '&g;&g;&g;&g;&g;&g;&g;&g;'>"
        "<!ENTITY i '&h;&h;&h;&h;&h;&h;&h;&h;'>]>" ENVELOPE("<a>&i;</a>");
    enum { VALUE_SIZE = 30000 };
    char *quadratic = malloc(3 * VALUE_SIZE);
    int least = read_with(empty, sizeof(empty) - 1, WS_E_INVALID_FORMAT);
    int laughing, growing;
    size_t size;

    (void)state;
    assert_non_null(quadratic);
    strcpy(quadratic, "<!DOCTYPE a [<!ENTITY i '");
    size = strlen(quadratic);
    memset(quadratic + size, 'x', VALUE_SIZE);
    strcpy(quadratic + size + VALUE_SIZE, "'>]><a>");
    for (size_t i = 0; i < VALUE_SIZE / 4; i++)
        memcpy(quadratic + size + VALUE_SIZE + 7 + 3 * i, "&i;", 4);

    /* One more for a larger piece of input, but none for an entity. */
    laughing = read_with(laughs, sizeof(laughs) - 1, WS_E_INVALID_FORMAT);
    growing = read_with(quadratic, strlen(quadratic), WS_E_INVALID_FORMAT);
    free(quadratic);
    assert_in_range(laughing, 0, least + 1);
    assert_in_range(growing, 0, least + 1);
}

/* An envelope that is well-formed, and has in its body `count` times a piece, with its
 * number where it has a %d, and as many times the piece that ends it. */
static void check_repeated(const char *before, const char *piece, const char *end,
                           int count, const char *behind)
{
    size_t room = 200 + (strlen(piece) + strlen(end) + 20) * (size_t)count;
    char *text = malloc(room), *to = text;
    const char *number = strstr(piece, "%d");

    assert_non_null(text);
    to += sprintf(to, "<s:Envelope xmlns:s='" SOAP "'><s:Body>%s", before);
    for (int i = 0; i < count; i++)
        to += number == NULL
                  ? sprintf(to, "%s", piece)
                  : sprintf(to, "%.*s%d%s", (int)(number - piece), piece, i, number + 2);
    to += sprintf(to, "%s", behind);
    for (int i = 0; i < count; i++)
        to += sprintf(to, "%s", end);
    to += sprintf(to, "</s:Body></s:Envelope>");
    read_with(text, (size_t)(to - text), WS_E_INVALID_FORMAT);
    free(text);
}

static void H4__too_much_of_anything__is_refused(void **state)
{
    (void)state;
    check_repeated("", "<a>", "</a>", 257, "");
    check_repeated("", "<a>", "</a>", 100000, "");
    check_repeated("<a", " a%d=''", "", 257, "/>");
    check_repeated("<a", " a%d=''", "", 1000000, "/>");
    check_repeated("<", "abcdefghij", "", 1000000, "/>");
    check_repeated("<a ", "abcdefghij", "", 1000000, "=''/>");
    check_repeated("<a", " xmlns:n%d='u'", "", 100000, "/>");
    check_repeated("",
                   "<a xmlns:n%d='u' xmlns:m='u' xmlns:o='u' xmlns:p='u' xmlns:q='u'>",
                   "</a>", 250, "");
    check_repeated("", "<a xmlns:n%d='u'>", "</a>", 100000, "");
}

/* It is UTF-8, whatever it says. */
static void H5__other_encodings__are_read_as_utf8_or_refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        HRESULT hr;
    } rows[] = {
        ROW("\xEF\xBB\xBF" ENVELOPE("<a/>"), S_OK),
        ROW("\xEF\xBB\xBF\xEF\xBB\xBF" ENVELOPE("<a/>"), WS_E_INVALID_FORMAT),
        ROW("<?xml version='1.0' encoding='ISO-8859-1'?>" ENVELOPE("<a>\xC3\xA9</a>"),
            S_OK),
        ROW("<?xml version='1.0' encoding='ISO-8859-1'?>" ENVELOPE("<a>\xE9</a>"),
            WS_E_INVALID_FORMAT),
        ROW("<?xml version='1.0' encoding='UTF-16'?>" ENVELOPE("<a/>"), S_OK),
        ROW("<?xml version='1.0' encoding='UTF-7'?>" ENVELOPE("<a>+ADw-b+AD4-</a>"),
            S_OK),
        ROW("<?xml version='1.0' encoding='none'?>" ENVELOPE("<a/>"), S_OK),
        ROW("\xFF\xFE<\0s\0:\0E\0", WS_E_INVALID_FORMAT),
        ROW("\xFE\xFF\0<\0s\0:\0E", WS_E_INVALID_FORMAT),
        ROW("<\0s\0:\0E\0", WS_E_INVALID_FORMAT),
        ROW("\x4C\x6F\xA7\x94\x93\x40", WS_E_INVALID_FORMAT), /* EBCDIC */
        ROW(ENVELOPE("<a>\0</a>"), WS_E_INVALID_FORMAT),
        ROW(ENVELOPE("<a/>") "\0", WS_E_INVALID_FORMAT),
        ROW(ENVELOPE("<a>&#0;</a>"), WS_E_INVALID_FORMAT),
        ROW(ENVELOPE("<a>\x01</a>"), WS_E_INVALID_FORMAT),
        ROW(ENVELOPE("<a>\xFF</a>"), WS_E_INVALID_FORMAT),
        ROW(ENVELOPE("<a>\xC0\xBC</a>"), WS_E_INVALID_FORMAT),     /* an overlong '<' */
        ROW(ENVELOPE("<a>\xED\xA0\x80</a>"), WS_E_INVALID_FORMAT), /* a surrogate */
        ROW(ENVELOPE("<a>\xF4\x90\x80\x80</a>"), WS_E_INVALID_FORMAT),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        read_with(rows[i].bytes, rows[i].size, rows[i].hr);
}

static HRESULT count_href(void *context, const char *href)
{
    assert_string_equal(href, "cid:a");
    ++*(int *)context;
    return S_OK;
}

/* What each_include() and find_include() say of an element r/a with this content. */
static void check_include(const char *content, HRESULT each, int count, HRESULT find)
{
    char text[1024];
    struct wsd_envelope *envelope;
    const char *href = "";
    int counted = 0;

    snprintf(text, sizeof(text), ENVELOPE("<r xmlns:x='%s'><a>%s</a></r>"),
             "http://www.w3.org/2004/08/xop/include", content);
    assert_int_equal(wsd_envelope_read(wsd_mem_heap(), text, strlen(text), &envelope),
                     S_OK);
    if (wsd_envelope_each_include(envelope, count_href, &counted) != each ||
        wsd_envelope_find_include(envelope, "r/a", &href) != find || counted != count)
        fail_msg("%s", content);
    assert_true((href != NULL) == (find == S_OK));
    wsd_envelope_destroy(envelope);
}

/* Only the form; what the message has no part for is told by the package. */
static void H6__href_that_is_no_cid__is_refused(void **state)
{
    static const char *const hrefs[] = {
        "",           "http://127.0.0.1/x",
        "https://a/", "file:///etc/passwd",
        "/etc",       "../x",
        "#a",         "a",
        "cid",        "cidx:a",
        " cid:a",     "mid:a/cid:a",
        "data:,x",    "//127.0.0.1/x",
    };

    (void)state;
    check_include("<x:Include href='cid:a'/>", S_OK, 1, S_OK);
    check_include("<x:Include/>", WS_E_INVALID_FORMAT, 0, WS_E_INVALID_FORMAT);
    check_include("<x:Include x:href='cid:a'/>", WS_E_INVALID_FORMAT, 0,
                  WS_E_INVALID_FORMAT);
    for (size_t i = 0; i < COUNT(hrefs); i++) {
        char content[100];

        snprintf(content, sizeof(content), "<x:Include href='%s'/>", hrefs[i]);
        check_include(content, WS_E_INVALID_FORMAT, 0, S_OK);
    }
}

static void H7__include_that_is_not_alone__is_refused(void **state)
{
#define INCLUDE "<x:Include href='cid:a'/>"
    (void)state;
    check_include(" \r\n\t" INCLUDE "<!-- --> ", S_OK, 1, S_OK);
    check_include("text" INCLUDE, WS_E_INVALID_FORMAT, 0, WS_E_INVALID_FORMAT);
    check_include(INCLUDE "text", WS_E_INVALID_FORMAT, 0, WS_E_INVALID_FORMAT);
    check_include(INCLUDE "<![CDATA[text]]>", WS_E_INVALID_FORMAT, 0,
                  WS_E_INVALID_FORMAT);
    check_include(INCLUDE INCLUDE, WS_E_INVALID_FORMAT, 0, WS_E_INVALID_FORMAT);
    check_include("<b/>" INCLUDE, WS_E_INVALID_FORMAT, 0, WS_E_INVALID_FORMAT);
    check_include("<b>" INCLUDE "</b>", S_OK, 1, WS_E_INVALID_FORMAT);
#undef INCLUDE
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H1__document_type_or_entity__is_refused_and_loads_nothing),
        cmocka_unit_test(H1__xinclude__is_an_element_like_any_other),
        cmocka_unit_test(H2__entities_that_grow__are_not_even_declared),
        cmocka_unit_test(H4__too_much_of_anything__is_refused),
        cmocka_unit_test(H5__other_encodings__are_read_as_utf8_or_refused),
        cmocka_unit_test(H6__href_that_is_no_cid__is_refused),
        cmocka_unit_test(H7__include_that_is_not_alone__is_refused),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
