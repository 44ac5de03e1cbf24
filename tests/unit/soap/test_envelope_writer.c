#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "failing_xml.h"
#include "soap/envelope_writer.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ACTION "http://example.org/print/SendDocument"
#define WSA_10 "http://www.w3.org/2005/08/addressing"
#define UUID "6a3f0c1e-7f43-4c0b-9d52-3a1d0f7a9b11"

#define DECLARATION "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
#define ENVELOPE                                                                         \
    "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""              \
    " xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""                    \
    " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\">"
#define ANONYMOUS "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
#define REQUEST_HEADER                                                                   \
    "<soap:Header><wsa:To>http://printer/ws</wsa:To><wsa:Action>" ACTION "</wsa:Action>" \
    "<wsa:MessageID>urn:uuid:" UUID                                                      \
    "</wsa:MessageID><wsa:ReplyTo><wsa:Address>" ANONYMOUS                               \
    "</wsa:Address></wsa:ReplyTo></soap:Header>"

static const struct wsd_addressing request = {.to = "http://printer/ws",
                                              .message_id = UUID};

static struct wsd_envelope_writer *create(const struct wsd_mem *mem)
{
    struct wsd_envelope_writer *writer;

    assert_int_equal(wsd_envelope_writer_create(mem, ACTION, &writer), S_OK);
    return writer;
}

static HRESULT set_body(struct wsd_envelope_writer *writer, const char *xml)
{
    return wsd_envelope_writer_set_body(writer, xml, strlen(xml));
}

static void check_rendered(struct wsd_envelope_writer *writer,
                           const struct wsd_addressing *addressing, const char *expected)
{
    struct wsd_text out;

    wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
    assert_int_equal(wsd_envelope_writer_render(writer, addressing, &out), S_OK);
    assert_string_equal(out.bytes, expected);
    assert_int_equal(out.length, strlen(expected));
    wsd_text_fini(&out);
}

/* Of a request, what stands in soap:Body. */
static void check_body(struct wsd_envelope_writer *writer, const char *expected)
{
    static const char before[] = DECLARATION ENVELOPE REQUEST_HEADER "<soap:Body>";
    static const char after[] = "</soap:Body></soap:Envelope>";
    char whole[4096];

    assert_true(sizeof(before) + strlen(expected) + sizeof(after) < sizeof(whole));
    sprintf(whole, "%s%s%s", before, expected, after);
    check_rendered(writer, &request, whole);
}

static void render__request__exact_bytes(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_envelope_writer *writer = create(&heap.mem);

    (void)state;
    assert_int_equal(set_body(writer,
                              "<pri:SendDocumentRequest xmlns:pri=\"urn:pri\">\n"
                              "  <pri:JobId>3</pri:JobId>\n  <pri:DocumentData/>\n"
                              "</pri:SendDocumentRequest>\n"),
                     S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(
                         writer, "SendDocumentRequest/DocumentData", "0@body"),
                     S_OK);

    check_rendered(
        writer, &request,
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
        "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""
        " xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""
        " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\">"
        "<soap:Header><wsa:To>http://printer/ws</wsa:To>"
        "<wsa:Action>http://example.org/print/SendDocument</wsa:Action>"
        "<wsa:MessageID>urn:uuid:6a3f0c1e-7f43-4c0b-9d52-3a1d0f7a9b11</wsa:MessageID>"
        "<wsa:ReplyTo><wsa:Address>"
        "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"
        "</wsa:Address></wsa:ReplyTo></soap:Header><soap:Body>"
        "<pri:SendDocumentRequest xmlns:pri=\"urn:pri\"><pri:JobId>3</pri:JobId>"
        "<pri:DocumentData><xop:Include href=\"cid:0@body\"/></pri:DocumentData>"
        "</pri:SendDocumentRequest></soap:Body></soap:Envelope>");
    wsd_envelope_writer_destroy(writer);
    assert_int_equal(heap.live, 0);
}

static void render__reply__anonymous_and_relates_to_without_reply_to(void **state)
{
    static const struct wsd_addressing reply = {.message_id = UUID,
                                                .relates_to = "urn:uuid:<1> & 2"};
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(set_body(writer, "<r/>"), S_OK);
    check_rendered(
        writer, &reply,
        DECLARATION ENVELOPE
        "<soap:Header><wsa:To>" ANONYMOUS "</wsa:To><wsa:Action>" ACTION
        "</wsa:Action><wsa:MessageID>urn:uuid:" UUID "</wsa:MessageID>"
        "<wsa:RelatesTo>urn:uuid:&lt;1&gt; &amp; 2</wsa:RelatesTo></soap:Header>"
        "<soap:Body><r/></soap:Body></soap:Envelope>");
    wsd_envelope_writer_destroy(writer);
}

static void render__no_body__empty_body(void **state)
{
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    check_body(writer, "");
    wsd_envelope_writer_destroy(writer);
}

static void render__called_again__appends_the_same_again(void **state)
{
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());
    struct wsd_text out;
    size_t once;

    (void)state;
    wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
    assert_int_equal(set_body(writer, "<a/>"), S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "a", "x@y"), S_OK);
    assert_int_equal(wsd_envelope_writer_render(writer, &request, &out), S_OK);
    once = out.length;
    assert_int_equal(wsd_envelope_writer_render(writer, &request, &out), S_OK);
    assert_int_equal(out.length, 2 * once);
    assert_memory_equal(out.bytes, out.bytes + once, once);
    wsd_text_fini(&out);
    wsd_envelope_writer_destroy(writer);
}

static void render__url_with_ampersand__escaped(void **state)
{
    static const struct wsd_addressing addressing = {.to = "http://h/?a=1&b='2'",
                                                     .message_id = UUID};
    struct wsd_envelope_writer *writer;
    struct wsd_text out;

    (void)state;
    wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
    assert_int_equal(wsd_envelope_writer_create(wsd_mem_heap(), "urn:a&b", &writer),
                     S_OK);
    assert_int_equal(wsd_envelope_writer_render(writer, &addressing, &out), S_OK);
    assert_non_null(strstr(out.bytes, "<wsa:To>http://h/?a=1&amp;b='2'</wsa:To>"
                                      "<wsa:Action>urn:a&amp;b</wsa:Action>"));
    wsd_text_fini(&out);
    wsd_envelope_writer_destroy(writer);
}

static void render__text_has_a_limit__quota_exceeded_below_it(void **state)
{
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());
    struct wsd_text out;
    size_t length;

    (void)state;
    assert_int_equal(set_body(writer, "<a>text</a>"), S_OK);
    wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
    assert_int_equal(wsd_envelope_writer_render(writer, &request, &out), S_OK);
    length = out.length;
    wsd_text_fini(&out);

    for (size_t limit = 0; limit <= length; limit++) {
        wsd_text_init(&out, wsd_mem_heap(), limit);
        assert_int_equal(wsd_envelope_writer_render(writer, &request, &out),
                         limit == length ? S_OK : WS_E_QUOTA_EXCEEDED);
        wsd_text_fini(&out);
    }
    wsd_envelope_writer_destroy(writer);
}

static void set_body__one_element__written_on_one_line(void **state)
{
    static const struct {
        const char *xml;
        const char *expected;
    } rows[] = {
        {"<a/>", "<a/>"},
        {"\n<a>\n\t<b> x </b>\n</a>\n", "<a><b> x </b></a>"},
        {"<a>1\r\n2\r3&#13;4\xC3\xA9</a>", "<a>1&#10;2&#10;3&#13;4\xC3\xA9</a>"},
        {"<a><![CDATA[<&>]]></a>", "<a>&lt;&amp;&gt;</a>"},
        {"<!-- 1 --><a><!-- 2 --><b/></a><!-- 3 -->", "<a><b/></a>"},
        {"<a xml:space='preserve'> <b/></a>", "<a xml:space=\"preserve\"> <b/></a>"},
        {"<a xmlns='urn:d' xmlns:soap='urn:other'><soap:b t='soap:x'/></a>",
         "<a xmlns=\"urn:d\" xmlns:soap=\"urn:other\"><soap:b t=\"soap:x\"/></a>"},
        {"<?xml version='1.0' encoding='utf-8'?><a/>", "<a/>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope_writer *writer = create(wsd_mem_heap());

        assert_int_equal(set_body(writer, rows[i].xml), S_OK);
        check_body(writer, rows[i].expected);
        wsd_envelope_writer_destroy(writer);
    }
}

static void set_body__again__replaces_and_a_refused_one_does_not(void **state)
{
    static const char *const refused[] = {
        "",        "text",         "<a>",        "<a/><b/>",
        "<a/>x",   "<?p?><a/>",    "<p:a/>",     "<!DOCTYPE a><a/>",
        "<a>\xFF", "<soap:Body/>", "<a>&e;</a>", "<xop:Include href='cid:x'/>",
    };
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(set_body(writer, "<first/>"), S_OK);
    assert_int_equal(set_body(writer, "<second/>"), S_OK);
    for (size_t i = 0; i < COUNT(refused); i++)
        assert_int_equal(set_body(writer, refused[i]), WS_E_INVALID_FORMAT);
    assert_int_equal(wsd_envelope_writer_set_body(writer, "<a/>\0", 5),
                     WS_E_INVALID_FORMAT);
    check_body(writer, "<second/>");

    /* The length counts, not a NUL behind it. */
    assert_int_equal(wsd_envelope_writer_set_body(writer, "<third/>x", 8), S_OK);
    check_body(writer, "<third/>");
    wsd_envelope_writer_destroy(writer);
}

static void set_body__an_include_is_there__invalid_operation(void **state)
{
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(set_body(writer, "<a/>"), S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "a", "0@body"), S_OK);
    assert_int_equal(set_body(writer, "<b/>"), WS_E_INVALID_OPERATION);
    assert_int_equal(set_body(writer, "not XML"), WS_E_INVALID_OPERATION);
    check_body(writer, "<a><xop:Include href=\"cid:0@body\"/></a>");
    wsd_envelope_writer_destroy(writer);
}

static void add_include__several__each_in_its_element(void **state)
{
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(set_body(writer,
                              "<Job><Page><Data t='1'/></Page><Page><Data>\n \n</Data>"
                              "<Data></Data></Page></Job>"),
                     S_OK);
    assert_int_equal(
        wsd_envelope_writer_add_include(writer, "Job/Page[2]/Data[2]", "0@body"), S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "Job/Page/Data", "1@body"),
                     S_OK);
    assert_int_equal(
        wsd_envelope_writer_add_include(writer, "Job/Page[2]/Data", "2@body"), S_OK);
    check_body(writer,
               "<Job>"
               "<Page><Data t=\"1\"><xop:Include href=\"cid:1@body\"/></Data></Page>"
               "<Page><Data><xop:Include href=\"cid:2@body\"/></Data>"
               "<Data><xop:Include href=\"cid:0@body\"/></Data></Page></Job>");
    wsd_envelope_writer_destroy(writer);
}

static void
add_include__body_uses_the_prefix__include_is_of_xop_all_the_same(void **state)
{
    static const struct {
        const char *xml;
        const char *expected;
    } rows[] = {
        {"<a xmlns:xop='urn:other'><b/></a>",
         "<a xmlns:xop=\"urn:other\"><b>"
         "<xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\""
         " href=\"cid:0@body\"/></b></a>"},
        {"<a xmlns:xop='urn:other'><b "
         "xmlns:xop='http://www.w3.org/2004/08/xop/include'/></a>",
         "<a xmlns:xop=\"urn:other\"><b "
         "xmlns:xop=\"http://www.w3.org/2004/08/xop/include\">"
         "<xop:Include href=\"cid:0@body\"/></b></a>"},
        {"<a xmlns='urn:other'><b/></a>",
         "<a xmlns=\"urn:other\"><b><xop:Include href=\"cid:0@body\"/></b></a>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope_writer *writer = create(wsd_mem_heap());

        assert_int_equal(set_body(writer, rows[i].xml), S_OK);
        assert_int_equal(wsd_envelope_writer_add_include(writer, "a/b", "0@body"), S_OK);
        check_body(writer, rows[i].expected);
        wsd_envelope_writer_destroy(writer);
    }
}

static void add_include__refused__the_code_says_why(void **state)
{
    static const struct {
        const char *path;
        HRESULT code;
    } rows[] = {
        {"", E_INVALIDARG},
        {"a//b", E_INVALIDARG},
        {"a/b[0]", E_INVALIDARG},
        {"b", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"a/c", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"a/b[5]", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"a/b[1]/Include", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"a/b", HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)},
        {"a/b[2]", E_INVALIDARG}, /* text */
        {"a/b[3]", E_INVALIDARG}, /* an element */
        {"a/b[4]", E_INVALIDARG}, /* text that only looks blank */
        {"a", E_INVALIDARG},
    };
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(wsd_envelope_writer_add_include(writer, "a", "0@body"),
                     HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    assert_int_equal(wsd_envelope_writer_add_include(writer, "a/", "0@body"),
                     E_INVALIDARG);
    assert_int_equal(set_body(writer, "<a><b/><b>x</b><b> <c/></b><b>\xC2\xA0</b></a>"),
                     S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "a/b", "0@body"), S_OK);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_int_equal(wsd_envelope_writer_add_include(writer, rows[i].path, "1@body"),
                         rows[i].code);
    check_body(writer, "<a><b><xop:Include href=\"cid:0@body\"/></b><b>x</b><b><c/></b>"
                       "<b>\xC2\xA0</b></a>");
    wsd_envelope_writer_destroy(writer);
}

static void render__ws_addressing_1_0__its_namespace_and_anonymous(void **state)
{
    static const struct wsd_addressing asked = {.ns = WSA_10, .message_id = UUID};
    static const struct wsd_addressing answered = {
        .ns = WSA_10, .message_id = UUID, .relates_to = ""};
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

#define BEGIN                                                                            \
    DECLARATION "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""  \
                " xmlns:wsa=\"" WSA_10 "\""                                              \
                " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"><soap:Header>"     \
                "<wsa:To>" WSA_10 "/anonymous</wsa:To><wsa:Action>" ACTION               \
                "</wsa:Action><wsa:MessageID>urn:uuid:" UUID "</wsa:MessageID>"
    (void)state;
    check_rendered(writer, &asked,
                   BEGIN "<wsa:ReplyTo><wsa:Address>" WSA_10
                         "/anonymous</wsa:Address></wsa:ReplyTo></soap:Header>"
                         "<soap:Body></soap:Body></soap:Envelope>");
    check_rendered(writer, &answered,
                   BEGIN "</soap:Header><soap:Body></soap:Body></soap:Envelope>");
#undef BEGIN
    wsd_envelope_writer_destroy(writer);
}

/* ---- faults ---- */

#define FAULT(code, rest)                                                                \
    "<soap:Fault xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\"><soap:Code>"     \
    "<soap:Value>soap:" code "</soap:Value>" rest "</soap:Fault>"
#define REASON(text)                                                                     \
    "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">" text                          \
    "</soap:Text></soap:Reason>"
#define NO_REASON "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\"/></soap:Reason>"
#define SUBCODE(ns, name)                                                                \
    "<soap:Subcode><soap:Value xmlns:sub=\"" ns "\">sub:" name                           \
    "</soap:Value></soap:Subcode>"
#define DETAIL(xml)                                                                      \
    "<soap:Detail xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\">" xml           \
    "</soap:Detail>"

/* With the Action of faults, in the namespace that the addressing has. */
static void check_fault(struct wsd_envelope_writer *writer, const char *expected)
{
    static const struct wsd_addressing replies[] = {
        {.message_id = UUID, .relates_to = "urn:x"},
        {.ns = WSA_10, .message_id = UUID, .relates_to = "urn:x"}};
    static const char *const actions[] = {
        "<wsa:Action>http://schemas.xmlsoap.org/ws/2004/08/addressing/fault</wsa:Action>",
        "<wsa:Action>" WSA_10 "/fault</wsa:Action>"};

    for (size_t i = 0; i < COUNT(replies); i++) {
        struct wsd_text out;
        char body[1000];

        snprintf(body, sizeof(body), "<soap:Body>%s</soap:Body>", expected);
        wsd_text_init(&out, wsd_mem_heap(), SIZE_MAX);
        assert_int_equal(wsd_envelope_writer_render(writer, &replies[i], &out), S_OK);
        if (strstr(out.bytes, body) == NULL || strstr(out.bytes, actions[i]) == NULL)
            fail_msg("no %s in %s", body, out.bytes);
        wsd_text_fini(&out);
    }
}

static void set_fault__what_a_fault_may_have__is_written(void **state)
{
    static const struct {
        wsd_fault fault;
        const char *expected;
    } rows[] = {
        {{"Sender", "", "", "why", ""}, FAULT("Sender", REASON("why"))},
        {{"Receiver", NULL, NULL, NULL, NULL}, FAULT("Receiver", NO_REASON)},
        {{"MustUnderstand", "", NULL, "", ""}, FAULT("MustUnderstand", NO_REASON)},
        {{"VersionMismatch", "", "no URI", "", ""}, FAULT("VersionMismatch", NO_REASON)},
        {{"DataEncodingUnknown", "", "", "", ""},
         FAULT("DataEncodingUnknown", NO_REASON)},
        {{"Sender", "Name-1", "urn:n", "why", ""},
         FAULT("Sender", SUBCODE("urn:n", "Name-1") REASON("why"))},
        {{"Sender", "\xC3\xA9", "http://h/?a=1&b='2'", "", ""},
         FAULT("Sender", SUBCODE("http://h/?a=1&amp;b='2'", "\xC3\xA9") NO_REASON)},
        {{"Sender", "", "", "<a> & \"b\" ]]> </soap:Text>", ""},
         FAULT("Sender", REASON("&lt;a&gt; &amp; \"b\" ]]&gt; &lt;/soap:Text&gt;"))},
        {{"Sender", "", "", "one\r\ntwo\xC3\xA9", ""},
         FAULT("Sender", REASON("one&#13;&#10;two\xC3\xA9"))},
        {{"Sender", "", "", "why", "<a xmlns='urn:a'>1</a> text <b/>"},
         FAULT("Sender", REASON("why") DETAIL("<a xmlns=\"urn:a\">1</a> text <b/>"))},
    };
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_null(wsd_envelope_writer_fault_code(writer));
    for (size_t i = 0; i < COUNT(rows); i++) {
        assert_int_equal(wsd_envelope_writer_set_fault(writer, &rows[i].fault), S_OK);
        assert_string_equal(wsd_envelope_writer_fault_code(writer), rows[i].fault.code);
        check_fault(writer, rows[i].expected);
    }
    wsd_envelope_writer_destroy(writer);
}

static void set_fault__refused__leaves_the_body(void **state)
{
    static const struct {
        wsd_fault fault;
        HRESULT hr;
    } rows[] = {
        {{NULL, "", "", "", ""}, E_INVALIDARG},
        {{"", "", "", "", ""}, E_INVALIDARG},
        {{"sender", "", "", "", ""}, E_INVALIDARG},
        {{"soap:Sender", "", "", "", ""}, E_INVALIDARG},
        {{"Sender ", "", "", "", ""}, E_INVALIDARG},
        {{"Client", "", "", "", ""}, E_INVALIDARG},
        {{"Sender", "Name", NULL, "", ""}, E_INVALIDARG},
        {{"Sender", "Name", "", "", ""}, E_INVALIDARG},
        {{"Sender", "Name", "no URI", "", ""}, E_INVALIDARG},
        {{"Sender", "Name", "urn:\"><x/>", "", ""}, E_INVALIDARG},
        {{"Sender", "a b", "urn:n", "", ""}, E_INVALIDARG},
        {{"Sender", "a:b", "urn:n", "", ""}, E_INVALIDARG},
        {{"Sender", " a", "urn:n", "", ""}, E_INVALIDARG},
        {{"Sender", "1a", "urn:n", "", ""}, E_INVALIDARG},
        {{"Sender", "a<b", "urn:n", "", ""}, E_INVALIDARG},
        {{"Sender", "", "", "\x01", ""}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "\xFF", ""}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "<a>"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "a & b"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "<p:a/>"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "<?p?>"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "</soap:Detail>"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "</soap:Detail><soap:Detail>"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "",
          "</soap:Detail></soap:Fault><x/><soap:Fault><soap:Detail>"},
         WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "<!--"}, WS_E_INVALID_FORMAT},
        {{"Sender", "", "", "", "<![CDATA["}, WS_E_INVALID_FORMAT},
    };
    static const wsd_fault good = {"Receiver", "", "", "why", ""};
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(set_body(writer, "<a/>"), S_OK);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (wsd_envelope_writer_set_fault(writer, &rows[i].fault) != rows[i].hr)
            fail_msg("row %zu", i);
    assert_null(wsd_envelope_writer_fault_code(writer));
    check_body(writer, "<a/>");
    assert_int_equal(wsd_envelope_writer_set_fault(writer, &good), S_OK);
    for (size_t i = 0; i < COUNT(rows); i++)
        if (wsd_envelope_writer_set_fault(writer, &rows[i].fault) != rows[i].hr)
            fail_msg("row %zu", i);
    assert_string_equal(wsd_envelope_writer_fault_code(writer), "Receiver");
    check_fault(writer, FAULT("Receiver", REASON("why")));
    wsd_envelope_writer_destroy(writer);
}

static void set_fault__and_bodies__replace_each_other(void **state)
{
    static const wsd_fault fault = {"Sender", "", "", "", "<d/>"};
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(wsd_envelope_writer_set_fault(writer, &fault), S_OK);
    assert_int_equal(set_body(writer, "<a>"), WS_E_INVALID_FORMAT);
    assert_string_equal(wsd_envelope_writer_fault_code(writer), "Sender");
    assert_int_equal(set_body(writer, "<a/>"), S_OK);
    assert_null(wsd_envelope_writer_fault_code(writer));
    check_body(writer, "<a/>"); /* with its own Action again */

    assert_int_equal(wsd_envelope_writer_add_include(writer, "a", "0@body"), S_OK);
    assert_int_equal(wsd_envelope_writer_set_fault(writer, &fault),
                     WS_E_INVALID_OPERATION);
    assert_null(wsd_envelope_writer_fault_code(writer));
    check_body(writer, "<a><xop:Include href=\"cid:0@body\"/></a>");
    wsd_envelope_writer_destroy(writer);
}

static void set_fault__its_detail__may_have_an_include(void **state)
{
    static const wsd_fault fault = {"Sender", "", "", "", "<d/>"};
    struct wsd_envelope_writer *writer = create(wsd_mem_heap());

    (void)state;
    assert_int_equal(wsd_envelope_writer_set_fault(writer, &fault), S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "Fault/Detail/d", "0@body"),
                     S_OK);
    check_fault(
        writer,
        FAULT("Sender", NO_REASON DETAIL("<d><xop:Include href=\"cid:0@body\"/></d>")));
    wsd_envelope_writer_destroy(writer);
}

static void destroy__null__accepted(void **state)
{
    (void)state;
    wsd_envelope_writer_destroy(NULL);
}

/* Everything that a message does with a writer. */
static HRESULT use(const struct wsd_mem *mem)
{
    static const wsd_fault fault = {"Sender", "Name", "urn:n", "why", "<d/>"};
    struct wsd_envelope_writer *writer;
    struct wsd_text out;
    HRESULT hr = wsd_envelope_writer_create(mem, ACTION, &writer);

    if (hr != S_OK) {
        assert_null(writer);
        return hr;
    }
    wsd_text_init(&out, mem, SIZE_MAX);
    hr = wsd_envelope_writer_set_fault(writer, &fault);
    assert_int_equal(wsd_envelope_writer_fault_code(writer) != NULL, hr == S_OK);
    if (hr == S_OK)
        hr = set_body(writer, "<a xmlns:p='urn:p'><b c='&amp;'>text</b><p:d/></a>");
    if (hr == S_OK)
        hr = wsd_envelope_writer_add_include(writer, "a/d", "0@body");
    if (hr == S_OK)
        hr = wsd_envelope_writer_render(writer, &request, &out);
    if (hr == S_OK)
        check_body(writer, "<a xmlns:p=\"urn:p\"><b c=\"&amp;\">text</b>"
                           "<p:d><xop:Include href=\"cid:0@body\"/></p:d></a>");
    wsd_text_fini(&out);
    wsd_envelope_writer_destroy(writer);
    return hr;
}

static void use__every_allocation_fails_in_turn__out_of_memory_and_no_leak(void **state)
{
    int before = atomic_load(&failing_xml.live);
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; grants < 100 && hr == E_OUTOFMEMORY; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);

        hr = use(&heap.mem);
        assert_int_equal(heap.live, 0);
    }
    assert_int_equal(hr, S_OK);
    assert_in_range(grants, 4, 99);

    hr = E_OUTOFMEMORY;
    for (grants = 0; grants < 1000 && hr == E_OUTOFMEMORY; grants++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);

        atomic_store(&failing_xml.grants, grants);
        hr = use(&heap.mem);
        atomic_store(&failing_xml.grants, -1);
        assert_int_equal(heap.live, 0);
        assert_int_equal(atomic_load(&failing_xml.live), before);
    }
    assert_int_equal(hr, S_OK);
    assert_in_range(grants, 10, 999);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(render__request__exact_bytes),
        cmocka_unit_test(render__reply__anonymous_and_relates_to_without_reply_to),
        cmocka_unit_test(render__no_body__empty_body),
        cmocka_unit_test(render__called_again__appends_the_same_again),
        cmocka_unit_test(render__url_with_ampersand__escaped),
        cmocka_unit_test(render__text_has_a_limit__quota_exceeded_below_it),
        cmocka_unit_test(set_body__one_element__written_on_one_line),
        cmocka_unit_test(set_body__again__replaces_and_a_refused_one_does_not),
        cmocka_unit_test(set_body__an_include_is_there__invalid_operation),
        cmocka_unit_test(add_include__several__each_in_its_element),
        cmocka_unit_test(
            add_include__body_uses_the_prefix__include_is_of_xop_all_the_same),
        cmocka_unit_test(add_include__refused__the_code_says_why),
        cmocka_unit_test(render__ws_addressing_1_0__its_namespace_and_anonymous),
        cmocka_unit_test(set_fault__what_a_fault_may_have__is_written),
        cmocka_unit_test(set_fault__refused__leaves_the_body),
        cmocka_unit_test(set_fault__and_bodies__replace_each_other),
        cmocka_unit_test(set_fault__its_detail__may_have_an_include),
        cmocka_unit_test(destroy__null__accepted),
        cmocka_unit_test(use__every_allocation_fails_in_turn__out_of_memory_and_no_leak),
    };

    return cmocka_run_group_tests(tests, failing_xml_setup, NULL);
}
