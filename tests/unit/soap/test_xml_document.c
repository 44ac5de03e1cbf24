#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_xml.h"
#include "soap/xml_document.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define ROW(text)                                                                        \
    {                                                                                    \
        (text), sizeof(text) - 1                                                         \
    }

enum { ROOM = 1 << 16 };

/* What would have gone to stderr, and what was to be loaded from somewhere. */
static int printed;
static int loaded;

static void count_message(void *user, const char *format, ...)
{
    (void)user;
    (void)format;
    printed++;
}

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
    xmlSetGenericErrorFunc(NULL, count_message);
    xmlSetExternalEntityLoader(count_load);
    return 0;
}

static int check_quiet(void **state)
{
    (void)state;
    return printed == 0 && loaded == 0 ? 0 : -1;
}

static xmlDoc *parse(const char *text)
{
    xmlDoc *document;

    assert_int_equal(wsd_xml_parse(text, strlen(text), &document), S_OK);
    return document;
}

static void check_refused(const void *bytes, size_t size)
{
    xmlDoc *document = (xmlDoc *)(uintptr_t)1;

    assert_int_equal(wsd_xml_parse(bytes, size, &document), WS_E_INVALID_FORMAT);
    assert_null(document);
}

typedef void appender(struct wsd_text *out, const xmlNode *element);

/* What `append` writes for an element of a document. */
static void check_written(appender *append, const xmlNode *element, const char *expected)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text out;

    wsd_text_init(&out, &heap.mem, SIZE_MAX);
    append(&out, element);
    assert_int_equal(out.error, S_OK);
    assert_string_equal(out.bytes, expected);
    wsd_text_fini(&out);
    assert_int_equal(heap.live, 0);
}

static void parse__well_formed__is_written_on_one_line(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"<a/>", "<a/>"},
        {"<a></a>", "<a/>"},
        {"<a>x</a>", "<a>x</a>"},
        {" \t\r\n<a/>\r\n", "<a/>"},
        {"\xEF\xBB\xBF<a>\xC3\xA9</a>", "<a>\xC3\xA9</a>"},
        {"<?xml version='1.0' encoding='utf-8'?>\n<a/>", "<a/>"},
        {"<?xml version='1.0' standalone='yes'?><a/>", "<a/>"},

        /* It is UTF-8 whatever it says. */
        {"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xC3\xA9</a>", "<a>\xC3\xA9</a>"},
        {"<?xml version='1.0' encoding='UTF-16'?><a/>", "<a/>"},
        {"<?xml version='1.0' encoding='UTF-7'?><a>+ADw-b+AD4-</a>",
         "<a>+ADw-b+AD4-</a>"},
        {"<?xml version='1.0' encoding='no-such'?><a/>", "<a/>"},

        {"<!-- --><a>x<!-- <b/> -->y</a><!-- -->", "<a>xy</a>"},
        {"<a>x<![CDATA[<&>]]>y</a>", "<a>x&lt;&amp;&gt;y</a>"},
        {"<a>&lt;&gt;&amp;&quot;&apos;</a>", "<a>&lt;&gt;&amp;\"'</a>"},
        {"<a>&#65;&#x20AC;\xF0\x9F\x98\x80</a>", "<a>A\xE2\x82\xAC\xF0\x9F\x98\x80</a>"},
        {"<a b='&lt;&gt;&amp;&quot;&apos;' c=\"'\"/>",
         "<a b=\"&lt;&gt;&amp;&quot;'\" c=\"'\"/>"},
        {"<p:a xmlns:p='&lt;&amp;&quot;&#x26;' p:b='&amp;amp;'/>",
         "<p:a xmlns:p=\"&lt;&amp;&quot;&amp;\" p:b=\"&amp;amp;\"/>"},
        {"<a b='&#9;&#10;&#13;' c='\t\r\n' d=''/>",
         "<a b=\"&#9;&#10;&#13;\" c=\"  \" d=\"\"/>"},
        {"<a>\tx\r\ny\rz&#13;</a>", "<a>\tx&#10;y&#10;z&#13;</a>"},

        {"<p:a xmlns:p='urn:p' xmlns='urn:d' p:b='1' b='2'><c xmlns=''/></p:a>",
         "<p:a xmlns:p=\"urn:p\" xmlns=\"urn:d\" p:b=\"1\" b=\"2\"><c "
         "xmlns=\"\"/></p:a>"},
        {"<a xmlns:p='urn:p' t='p:q'><b xmlns:p='urn:q'>p:q</b></a>",
         "<a xmlns:p=\"urn:p\" t=\"p:q\"><b xmlns:p=\"urn:q\">p:q</b></a>"},
        {"<a xmlns='not a URI'/>", "<a xmlns=\"not a URI\"/>"},
        {"<a xml:lang='en'><b xml:id='i'/><b xml:id='i'/></a>",
         "<a xml:lang=\"en\"><b xml:id=\"i\"/><b xml:id=\"i\"/></a>"},

        /* Blank text between elements, and the blank text that is data. */
        {"<a>\n  <b> <c/> </b>\n  <d> </d>\n</a>", "<a><b><c/></b><d> </d></a>"},
        {"<a>\n</a>", "<a>&#10;</a>"},
        {"<a> x <b/> <c/> </a>", "<a> x <b/> <c/> </a>"},
        {"<a> <b/> <c/> x</a>", "<a> <b/> <c/> x</a>"},
        {"<a> <!-- --> <b/></a>", "<a><b/></a>"},
        {"<a><![CDATA[ ]]><b/></a>", "<a><b/></a>"},
        {"<a xml:space='preserve'>\n<b> <c/> </b></a>",
         "<a xml:space=\"preserve\">&#10;<b> <c/> </b></a>"},
        {"<a xml:space='preserve'> <b xml:space='default'> <c/> </b></a>",
         "<a xml:space=\"preserve\"> <b xml:space=\"default\"><c/></b></a>"},
        {"<a xml:space='default'> <b/></a>", "<a xml:space=\"default\"><b/></a>"},
        {"<a space='preserve'> <b/></a>", "<a space=\"preserve\"><b/></a>"},
        {"<a xmlns:x='urn:x' x:space='preserve'> <b/></a>",
         "<a xmlns:x=\"urn:x\" x:space=\"preserve\"><b/></a>"},

        /* XInclude is data like any other. */
        {"<x:include xmlns:x='http://www.w3.org/2001/XInclude' href='/etc/passwd'/>",
         "<x:include xmlns:x=\"http://www.w3.org/2001/XInclude\" href=\"/etc/passwd\"/>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        xmlDoc *document = parse(rows[i].text);

        check_written(wsd_xml_append_one_line, xmlDocGetRootElement(document),
                      rows[i].expected);
        xmlFreeDoc(document);

        /* What is written stands for itself. */
        document = parse(rows[i].expected);
        check_written(wsd_xml_append_one_line, xmlDocGetRootElement(document),
                      rows[i].expected);
        xmlFreeDoc(document);
    }
}

static void parse__what_is_no_element__refused(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        ROW(""),
        ROW(" "),
        ROW("\xEF\xBB\xBF"),
        ROW("<"),
        ROW("<a"),
        ROW("<a>"),
        ROW("<a></b>"),
        ROW("a"),
        ROW("x<a/>"),
        ROW("<a/>x"),
        ROW("<a/><b/>"),
        ROW("<a>]]></a>"),
        ROW("<a b/>"),
        ROW("<a b=c/>"),
        ROW("<a b='<'/>"),
        ROW("<a b='' b=''/>"),
        ROW("<1/>"),
        ROW(" <?xml version='1.0'?><a/>"),
        ROW("<?xml version='2.0'?><a/>"),
        ROW("<!-- -- --><a/>"),

        /* Characters and encodings. */
        ROW("<a>\0</a>"),
        ROW("<a/>\0"),
        ROW("<a/>\0<b/>"),
        ROW("<a>\x01</a>"),
        ROW("<a>&#0;</a>"),
        ROW("<a>&#1;</a>"),
        ROW("<a>&#xD800;</a>"),
        ROW("<a>&#x110000;</a>"),
        ROW("<a>\xFF</a>"),
        ROW("<a>\x80</a>"),
        ROW("<a>\xC3</a>"),
        ROW("<a b='\xC3'/>"),
        ROW("<\xC3/>"),
        ROW("<a>\xC0\x80</a>"),
        ROW("<a>\xE0\x80\xAF</a>"),
        ROW("<a>\xED\xA0\x80</a>"),
        ROW("<a>\xEF\xBF\xBE</a>"),
        ROW("<a>\xF4\x90\x80\x80</a>"),
        ROW("<?xml version='1.0' encoding='ISO-8859-1'?><a>\xE9</a>"),
        ROW("\xFF\xFE<\0a\0/\0>\0"),
        ROW("\xFE\xFF\0<\0a\0/\0>"),
        ROW("<\0a\0/\0>\0"),
        ROW("\xFF\xFE\x01\x02"),
        /* IBM037 */
        ROW("\x4C\x6F\xA7\x94\x93\x40\xA5\x85\x99\xA2\x89\x96\x95\x7E\x7D\xF1\x4B\xF0\x7D"
            "\x6F\x6E\x4C\x81\x61\x6E"),
        ROW("\xEF\xBB\xBF\xEF\xBB\xBF<a/>"),

        /* Document types and entities. */
        ROW("<!DOCTYPE a><a/>"),
        ROW("<!DOCTYPE a []><a/>"),
        ROW("<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>"),
        ROW("<!DOCTYPE a PUBLIC '-//x' 'http://127.0.0.1/x'><a/>"),
        ROW("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"),
        ROW("<!DOCTYPE a [<!ENTITY e SYSTEM 'file:///etc/passwd'>]><a>&e;</a>"),
        ROW("<!DOCTYPE a [<!ENTITY % e SYSTEM 'http://127.0.0.1/x'> %e;]><a/>"),
        ROW("<!DOCTYPE a [<!ENTITY a '0123456789'><!ENTITY b '&a;&a;&a;&a;&a;&a;&a;'>"
            "<!ENTITY c '&b;&b;&b;&b;&b;&b;&b;'><!ENTITY d '&c;&c;&c;&c;&c;&c;&c;'>"
            "<!ENTITY e '&d;&d;&d;&d;&d;&d;&d;'><!ENTITY f '&e;&e;&e;&e;&e;&e;&e;'>]>"
            "<a>&f;</a>"),
        ROW("<?xml version='1.0' bad?><!DOCTYPE a SYSTEM 'file:///etc/passwd' "
            "[<!ENTITY % e SYSTEM 'http://127.0.0.1/x'> %e;]><a/>"),
        ROW("<!DOCTYPE a [<!ATTLIST a b CDATA 'x'>]><a/>"),
        ROW("<a>&e;</a>"),
        ROW("<a b='&e;'/>"),
        ROW("<a>&nbsp;</a>"),
        ROW("<a>&</a>"),

        /* Processing instructions. */
        ROW("<?p?><a/>"),
        ROW("<?xml version='1.0'?><?xml-stylesheet href='x'?><a/>"),
        ROW("<a><?p q?></a>"),
        ROW("<a/><?p?>"),

        /* Namespaces. */
        ROW("<p:a/>"),
        ROW("<a p:b=''/>"),
        ROW("<a><b xmlns:p='urn:p'/><p:c/></a>"),
        ROW("<a xmlns:p=''/>"),
        ROW("<a xmlns:p='urn:u' xmlns:q='urn:u' p:b='' q:b=''/>"),
        ROW("<a:b:c xmlns:a='urn:a'/>"),
        ROW("<xmlns:a/>"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_refused(rows[i].bytes, rows[i].size);
}

static int allocations_for(const char *text)
{
    int left;

    atomic_store(&failing_xml.grants, 10000);
    check_refused(text, strlen(text));
    left = atomic_load(&failing_xml.grants);
    atomic_store(&failing_xml.grants, -1);
    return 10000 - left;
}

static void parse__document_type__nothing_in_it_is_looked_at(void **state)
{
    (void)state;
    assert_int_equal(allocations_for("<!DOCTYPE a [<!ENTITY e 'x'><!ENTITY f '&e;&e;'>"
                                     "<!ELEMENT a ANY><!ATTLIST a b CDATA '&f;'>]><a/>"),
                     allocations_for("<!DOCTYPE a [ not even well-formed"));
}

static void parse__every_beginning_of_a_document__refused(void **state)
{
    static const char whole[] = "<?xml version='1.0'?><p:a xmlns:p='u' b='&lt;'>\xC3\xA9"
                                "<![CDATA[x]]><!-- --><c/>&#65;</p:a>";

    (void)state;
    for (size_t size = 0; size < sizeof(whole) - 1; size++)
        check_refused(whole, size);
    xmlFreeDoc(parse(whole));
}

static void parse__bad_octet_anywhere_in_a_long_text__refused(void **state)
{
    char *text = calloc(1, 10000 + 1);

    (void)state;
    for (size_t at = 3; at < 10000 - 4; at += 7) {
        memset(text, 'x', 10000);
        memcpy(text, "<a>", 3);
        memcpy(text + 10000 - 4, "</a>", 4);
        text[at] = '\xFF';
        check_refused(text, 10000);
    }
    free(text);
}

static void nest(char *text, int depth, const char *start, const char *end)
{
    *text = '\0';
    for (int i = 0; i < depth; i++)
        text = strcat(text, start) + strlen(text);
    for (int i = 0; i < depth; i++)
        text = strcat(text, end) + strlen(text);
}

static void parse__depth__up_to_256_elements(void **state)
{
    char *text = malloc(ROOM);

    (void)state;
    nest(text, 256, "<a>", "</a>");
    xmlFreeDoc(parse(text));
    nest(text, 257, "<a>", "</a>");
    check_refused(text, strlen(text));
    nest(text, 5000, "<a>", "</a>");
    check_refused(text, strlen(text));
    check_refused(text, strlen(text) / 2);
    free(text);
}

static void parse__attributes__up_to_256_in_a_tag(void **state)
{
    /* A '>' in a value does not end the tag, nor does a quote of the other kind. */
    static const char *const values[] = {"=''", "=\"\"", "='>'", "=\"'\"", "='\"'"};
    char *text = malloc(ROOM);

    (void)state;
    for (size_t i = 0; i < COUNT(values); i++) {
        for (int count = 256; count <= 257; count++) {
            int length = sprintf(text, "<r><a");

            for (int j = 0; j < count; j++)
                length += sprintf(text + length, " a%d%s", j, values[i]);
            length += sprintf(text + length, "/></r>");
            if (count == 256)
                xmlFreeDoc(parse(text));
            else
                check_refused(text, (size_t)length);
        }
    }
    free(text);
}

static void parse__quotes_that_begin_no_value__any_number(void **state)
{
    static const struct {
        const char *before, *after;
    } rows[] = {
        {"<a>", "</a>"},   {"<a><![CDATA[", "]]></a>"}, {"<a><!--", "--></a>"},
        {"<a b='", "'/>"}, {"<a b='>'>", "</a>"},
    };
    char *text = malloc(ROOM);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        int length = sprintf(text, "%s", rows[i].before);

        memset(text + length, '"', 999);
        sprintf(text + length + 999, "%s", rows[i].after);
        xmlFreeDoc(parse(text));
    }
    free(text);
}

/* 8 elements with 128 namespaces each, inside each other and next to each other. */
static void parse__namespaces__up_to_1024_in_scope(void **state)
{
    char *text = malloc(ROOM);
    char *start = malloc(ROOM);
    int length = sprintf(start, "<a");

    (void)state;
    for (int i = 0; i < 128; i++)
        length += sprintf(start + length, " xmlns:p%d='u'", i);
    sprintf(start + length, ">");

    nest(text, 8, start, "</a>");
    xmlFreeDoc(parse(text));

    /* The same again, beside the first. */
    memmove(text + 3, text, strlen(text) + 1);
    memcpy(text, "<r>", 3);
    nest(text + strlen(text), 8, start, "</a>");
    strcat(text, "</r>");
    xmlFreeDoc(parse(text));

    nest(text, 8, start, "</a>");
    memmove(text + 15, text, strlen(text) + 1);
    memcpy(text, "<r xmlns:p='u'>", 15);
    strcat(text, "</r>");
    check_refused(text, strlen(text));
    free(start);
    free(text);
}

static void count_error(void *user,
#if LIBXML_VERSION >= 21200
                        const
#endif
                        xmlError *error)
{
    (void)error;
    ++*(int *)user;
}

static void
parse__application_has_an_error_handler__it_stays_and_hears_nothing(void **state)
{
    int heard = 0;

    (void)state;
    xmlSetStructuredErrorFunc(&heard, count_error);

    check_refused("<a>", 3);

    assert_int_equal(heard, 0);
    assert_ptr_equal(xmlStructuredErrorContext, &heard);
    assert_true(xmlStructuredError == count_error);
    assert_null(xmlGetLastError());
    xmlSetStructuredErrorFunc(NULL, NULL);
}

static const xmlNode *last_descendant(const xmlDoc *document)
{
    const xmlNode *node = document->children;

    while (node->last != NULL && node->last->type == XML_ELEMENT_NODE)
        node = node->last;
    return node;
}

static void append_standalone__last_descendant__declares_what_is_in_scope(void **state)
{
    static const struct {
        const char *text;
        const char *expected;
    } rows[] = {
        {"<a/>", "<a/>"},
        {"<a xmlns:p='urn:p'><b>p:x</b></a>", "<b xmlns:p=\"urn:p\">p:x</b>"},
        {"<a xmlns='urn:d'><b/></a>", "<b xmlns=\"urn:d\"/>"},
        {"<a xmlns='urn:d'><b xmlns=''/></a>", "<b xmlns=\"\"/>"},
        {"<a xmlns='urn:d'><b xmlns=''><c/></b></a>", "<c/>"},
        {"<a xmlns:p='urn:1'><b xmlns:p='urn:2'><p:c xmlns:p='urn:3'/></b></a>",
         "<p:c xmlns:p=\"urn:3\"/>"},
        {"<a xmlns:p='urn:1'><b xmlns:p='urn:2'><p:c/></b></a>",
         "<p:c xmlns:p=\"urn:2\"/>"},
        {"<a xmlns:p='urn:p' xmlns='urn:d'><b xmlns:q='urn:q'><c d='1'>\n x</c></b></a>",
         "<c xmlns:q=\"urn:q\" xmlns:p=\"urn:p\" xmlns=\"urn:d\" d=\"1\">\n x</c>"},
        {"<a xmlns:p='urn:p'><b><!-- -->\n<c/>\n</b>x</a>",
         "<a xmlns:p=\"urn:p\"><b>\n<c/>\n</b>x</a>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        xmlDoc *document = parse(rows[i].text);

        check_written(wsd_xml_append_standalone, last_descendant(document),
                      rows[i].expected);
        xmlFreeDoc(document);
        xmlFreeDoc(parse(rows[i].expected));
    }
}

static void append_node__element_and_text__as_parsed(void **state)
{
    static const char text[] = "<p:a xmlns:p=\"urn:p\">\n<b>x\ny&#13;</b> &lt;</p:a>";
    xmlDoc *document = parse(text);
    const xmlNode *root = xmlDocGetRootElement(document);

    (void)state;
    check_written(wsd_xml_append_node, root, text);
    check_written(wsd_xml_append_node, root->children, "\n");
    check_written(wsd_xml_append_node, root->children->next, "<b>x\ny&#13;</b>");
    check_written(wsd_xml_append_node, root->last, " &lt;");
    xmlFreeDoc(document);
}

static void append_one_line__private_of_an_element__is_its_content(void **state)
{
    static char markup[] = "<i/>";
    xmlDoc *document = parse("<a><b c='1'/><b>\n</b></a>");
    xmlNode *root = xmlDocGetRootElement(document);

    (void)state;
    root->children->_private = markup;
    root->last->_private = markup;
    check_written(wsd_xml_append_one_line, root, "<a><b c=\"1\"><i/></b><b><i/></b></a>");
    xmlFreeDoc(document);
}

static void append_text__special_characters__are_references(void **state)
{
    struct wsd_text out;

    (void)state;
    wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
    wsd_xml_append_text(&out, "a<b>&\"'\r\n\t\xC3\xA9");
    wsd_xml_append_text(&out, "");
    assert_string_equal(out.bytes, "a&lt;b&gt;&amp;\"'&#13;&#10;\t\xC3\xA9");
    wsd_text_fini(&out);
}

static void find_namespace__prefix__nearest_declaration(void **state)
{
    static const struct {
        const char *prefix;
        const char *uri;
    } rows[] = {
        {"p", "urn:2"}, {"q", "urn:q"}, {"", "urn:d"}, {"r", NULL}, {"pp", NULL},
    };
    xmlDoc *document = parse("<a xmlns='urn:d' xmlns:p='urn:1' xmlns:q='urn:q'>"
                             "<b xmlns:p='urn:2'/></a>");

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const xmlNs *ns = wsd_xml_find_namespace(last_descendant(document),
                                                 rows[i].prefix, strlen(rows[i].prefix));

        if (rows[i].uri == NULL)
            assert_null(ns);
        else
            assert_string_equal((const char *)ns->href, rows[i].uri);
    }
    xmlFreeDoc(document);
}

static void is_blank__texts__xml_white_space_only(void **state)
{
    (void)state;
    assert_true(wsd_xml_is_blank(""));
    assert_true(wsd_xml_is_blank(" \t\r\n"));
    assert_false(wsd_xml_is_blank(" x"));
    assert_false(wsd_xml_is_blank("\f"));
    assert_false(wsd_xml_is_blank("\xC2\xA0"));
}

static void parse__every_allocation_fails_in_turn__out_of_memory_and_no_leak(void **state)
{
    static const char *const texts[] = {
        "<?xml version='1.0' encoding='utf-8'?><p:a xmlns:p='urn:p' xmlns='urn:d' "
        "b='&lt;x'"
        " p:c='a rather long value that needs its own block' xml:lang='en'>text &amp; "
        "more"
        "<![CDATA[cdata]]><!-- comment --><c><d/></c> tail</p:a>",
        "<?xml version='1.0' encoding='utf-8'?><p:a xmlns:q='urn:p'><b></c></p:a>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        int before = atomic_load(&failing_xml.live);
        int grants;

        for (grants = 0; grants < 1000; grants++) {
            xmlDoc *document;
            HRESULT hr;

            atomic_store(&failing_xml.grants, grants);
            hr = wsd_xml_parse(texts[i], strlen(texts[i]), &document);
            atomic_store(&failing_xml.grants, -1);

            xmlFreeDoc(document);
            assert_int_equal(atomic_load(&failing_xml.live), before);
            if (hr != E_OUTOFMEMORY) {
                assert_int_equal(hr, i == 0 ? S_OK : WS_E_INVALID_FORMAT);
                break;
            }
            assert_null(document);
        }
        assert_in_range(grants, 10, 999);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(parse__well_formed__is_written_on_one_line,
                                  check_quiet),
        cmocka_unit_test_teardown(parse__what_is_no_element__refused, check_quiet),
        cmocka_unit_test_teardown(parse__document_type__nothing_in_it_is_looked_at,
                                  check_quiet),
        cmocka_unit_test_teardown(parse__every_beginning_of_a_document__refused,
                                  check_quiet),
        cmocka_unit_test_teardown(parse__bad_octet_anywhere_in_a_long_text__refused,
                                  check_quiet),
        cmocka_unit_test_teardown(parse__depth__up_to_256_elements, check_quiet),
        cmocka_unit_test_teardown(parse__attributes__up_to_256_in_a_tag, check_quiet),
        cmocka_unit_test_teardown(parse__quotes_that_begin_no_value__any_number,
                                  check_quiet),
        cmocka_unit_test_teardown(parse__namespaces__up_to_1024_in_scope, check_quiet),
        cmocka_unit_test_teardown(
            parse__application_has_an_error_handler__it_stays_and_hears_nothing,
            check_quiet),
        cmocka_unit_test(append_standalone__last_descendant__declares_what_is_in_scope),
        cmocka_unit_test(append_node__element_and_text__as_parsed),
        cmocka_unit_test(append_one_line__private_of_an_element__is_its_content),
        cmocka_unit_test(append_text__special_characters__are_references),
        cmocka_unit_test(find_namespace__prefix__nearest_declaration),
        cmocka_unit_test(is_blank__texts__xml_white_space_only),
        cmocka_unit_test_teardown(
            parse__every_allocation_fails_in_turn__out_of_memory_and_no_leak,
            check_quiet),
    };

    return cmocka_run_group_tests(tests, set_up, NULL);
}
