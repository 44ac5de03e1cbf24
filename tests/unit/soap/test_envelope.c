#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include "failing_xml.h"
#include "soap/envelope.h"
#include "soap/envelope_writer.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define SOAP "http://www.w3.org/2003/05/soap-envelope"
#define WSA "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define SCAN "http://schemas.microsoft.com/windows/2006/08/wdp/scan"

/* An envelope around `header` and `body`, each a literal. */
#define ENVELOPE(header, body)                                                           \
    "<s:Envelope xmlns:s='" SOAP "' xmlns:a='" WSA "'><s:Header>" header                 \
    "</s:Header><s:Body>" body "</s:Body></s:Envelope>"

static HRESULT try_read(const struct wsd_mem *mem, const char *text,
                        struct wsd_envelope **envelope)
{
    return wsd_envelope_read(mem, text, strlen(text), envelope);
}

static struct wsd_envelope *read_text(const char *text)
{
    struct wsd_envelope *envelope;

    assert_int_equal(try_read(wsd_mem_heap(), text, &envelope), S_OK);
    return envelope;
}

static void check_found(struct wsd_envelope *envelope, const char *path,
                        const char *expected)
{
    const char *text;

    assert_int_equal(wsd_envelope_find_text(envelope, path, &text), S_OK);
    assert_string_equal(text, expected);
}

/* What peers have really sent. */

static const char from_airscan[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><soap:Envelope xmlns:soap=\"" SOAP
    "\" xmlns:wsa=\"" WSA "\" xmlns:sca=\"" SCAN
    "\"><soap:Header><wsa:MessageID>urn:uuid:dc66a999-e52c-35b3-fa85-95e2b5d89576"
    "</wsa:MessageID><wsa:To>http://127.0.0.1:18080/WSDScanner</wsa:To><wsa:ReplyTo>"
    "<wsa:Address>" WSA "/role/anonymous</wsa:Address></wsa:ReplyTo><wsa:Action>" SCAN
    "/GetScannerElements</wsa:Action></soap:Header><soap:Body>"
    "<sca:GetScannerElementsRequest><sca:RequestedElements>"
    "<sca:Name>sca:ScannerConfiguration</sca:Name></sca:RequestedElements>"
    "</sca:GetScannerElementsRequest></soap:Body></soap:Envelope>";

static const char from_gsoap[] =
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
    "<SOAP-ENV:Envelope xmlns:SOAP-ENV=\"" SOAP
    "\" xmlns:SOAP-ENC=\"http://www.w3.org/2003/05/soap-encoding\""
    " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
    " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:wsa=\"" WSA "\""
    " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" xmlns:t=\"urn:wsdattach:test\">"
    "<SOAP-ENV:Header><wsa:ReplyTo SOAP-ENV:mustUnderstand=\"true\"><wsa:Address>" WSA
    "/role/anonymous</wsa:Address></wsa:ReplyTo><wsa:To SOAP-ENV:mustUnderstand=\"true\">"
    "http://127.0.0.1:18242/x</wsa:To><wsa:Action SOAP-ENV:mustUnderstand=\"true\">"
    "urn:wsdattach:test/Retrieve</wsa:Action></"
    "SOAP-ENV:Header><SOAP-ENV:Body><t:Retrieve>"
    "<t:name>x</t:name></t:Retrieve></SOAP-ENV:Body></SOAP-ENV:Envelope>";

static const char from_jaxws[] =
    "<?xml version='1.0' encoding='UTF-8'?><S:Envelope xmlns:S=\"" SOAP "\"><S:Header>"
    "<Action xmlns=\"" WSA "\" xmlns:S=\"" SOAP "\" S:mustUnderstand=\"true\">"
    "urn:wsdattach:test:PT:UploadResponse</Action><MessageID xmlns=\"" WSA
    "\">uuid:054d91ef-e94a-4b3e-ab5d-493dbb94f313</MessageID><RelatesTo xmlns=\"" WSA
    "\">urn:uuid:06839eb9-05b6-46e3-87d4-bedc51431193</RelatesTo><To xmlns=\"" WSA
    "\">" WSA
    "/role/anonymous</To></S:Header><S:Body><UploadResponse xmlns=\"urn:wsdattach:test\">"
    "<sha>5d72</sha><echo><xop:Include "
    "xmlns:xop=\"http://www.w3.org/2004/08/xop/include\""
    " href=\"cid:c327@example.jaxws.sun.com\"/></echo></UploadResponse></S:Body>"
    "</S:Envelope>";

static void read__envelopes_of_real_peers__headers_and_body(void **state)
{
    static const struct {
        const char *text, *action, *message_id, *relates_to, *body;
    } rows[] = {
        {from_airscan, SCAN "/GetScannerElements",
         "urn:uuid:dc66a999-e52c-35b3-fa85-95e2b5d89576", "",
         "<sca:GetScannerElementsRequest xmlns:soap=\"" SOAP "\" xmlns:wsa=\"" WSA
         "\" xmlns:sca=\"" SCAN
         "\"><sca:RequestedElements><sca:Name>sca:ScannerConfiguration</sca:Name>"
         "</sca:RequestedElements></sca:GetScannerElementsRequest>"},
        {from_gsoap, "urn:wsdattach:test/Retrieve", "", "",
         "<t:Retrieve xmlns:SOAP-ENV=\"" SOAP
         "\" xmlns:SOAP-ENC=\"http://www.w3.org/2003/05/soap-encoding\""
         " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\""
         " xmlns:xsd=\"http://www.w3.org/2001/XMLSchema\" xmlns:wsa=\"" WSA "\""
         " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\""
         " xmlns:t=\"urn:wsdattach:test\"><t:name>x</t:name></t:Retrieve>"},
        {from_jaxws, "urn:wsdattach:test:PT:UploadResponse",
         "uuid:054d91ef-e94a-4b3e-ab5d-493dbb94f313",
         "urn:uuid:06839eb9-05b6-46e3-87d4-bedc51431193",
         "<UploadResponse xmlns=\"urn:wsdattach:test\" xmlns:S=\"" SOAP
         "\"><sha>5d72</sha>"
         "<echo><xop:Include xmlns:xop=\"http://www.w3.org/2004/08/xop/include\""
         " href=\"cid:c327@example.jaxws.sun.com\"/></echo></UploadResponse>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);
        wsd_fault fault;
        size_t length;

        assert_string_equal(wsd_envelope_action(envelope), rows[i].action);
        assert_string_equal(wsd_envelope_message_id(envelope), rows[i].message_id);
        assert_string_equal(wsd_envelope_relates_to(envelope), rows[i].relates_to);
        assert_string_equal(wsd_envelope_body(envelope, &length), rows[i].body);
        assert_int_equal(length, strlen(rows[i].body));
        assert_int_equal(wsd_envelope_fault(envelope, &fault), S_FALSE);
        wsd_envelope_destroy(envelope);
    }
}

static void read__variants_of_headers__action(void **state)
{
    static const struct {
        const char *text;
        const char *action;
    } rows[] = {
        {ENVELOPE("<a:Action>urn:x</a:Action>", ""), "urn:x"},
        {ENVELOPE("<a:Action>\r\n\t urn:x \n</a:Action>", ""), "urn:x"},
        {ENVELOPE("<a:Action>urn:<!-- -->x</a:Action>", ""), "urn:x"},
        {ENVELOPE("<a:Action><![CDATA[urn:x?a&b]]></a:Action>", ""), "urn:x?a&b"},
        {ENVELOPE("<a:To/><x/><a:Action>urn:x</a:Action>", ""), "urn:x"},
        {ENVELOPE("<a:Action>urn:x</a:Action><a:Action>urn:y</a:Action>", ""), "urn:x"},
        {ENVELOPE("", ""), ""},
        {ENVELOPE("<a:Action/>", ""), ""},
        {ENVELOPE("<Action>urn:x</Action>", ""), ""},
        {ENVELOPE("<x:Action xmlns:x='urn:x'>urn:x</x:Action>", ""), ""},
        {ENVELOPE("<x><a:Action>urn:x</a:Action></x>", ""), ""},
        {ENVELOPE("", "<a:Action>urn:x</a:Action>"), ""},
        {ENVELOPE("<a:Action xmlns:a='http://www.w3.org/2005/08/addressing'>urn:x"
                  "</a:Action>",
                  ""),
         "urn:x"},
        {"<s:Envelope xmlns:s='" SOAP "'><s:Body/></s:Envelope>", ""},
        {"\xEF\xBB\xBF<s:Envelope xmlns:s='" SOAP
         "'>\n<s:Body>\n</s:Body>\n</s:Envelope>\n",
         ""},

        /* With https, as some devices write. */
        {"<s:Envelope xmlns:s='https://www.w3.org/2003/05/soap-envelope' xmlns:a='"
         "https://schemas.xmlsoap.org/ws/2004/08/addressing'><s:Header>"
         "<a:Action>urn:x</a:Action></s:Header><s:Body/></s:Envelope>",
         "urn:x"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);

        assert_string_equal(wsd_envelope_action(envelope), rows[i].action);
        assert_string_equal(wsd_envelope_message_id(envelope), "");
        assert_string_equal(wsd_envelope_relates_to(envelope), "");
        wsd_envelope_destroy(envelope);
    }
}

static void read__no_soap_12_envelope__invalid_format(void **state)
{
    static const char *const rows[] = {
        "",
        "text",
        "<html><body>404 Not Found</body></html>",
        "<Envelope><Body/></Envelope>",
        "<s:Envelope xmlns:s='http://schemas.xmlsoap.org/soap/envelope/'><s:Body/>"
        "</s:Envelope>", /* SOAP 1.1 */
        "<s:Envelope xmlns:s='ftp://www.w3.org/2003/05/soap-envelope'><s:Body/>"
        "</s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "/'><s:Body/></s:Envelope>",
        "<s:Enveloppe xmlns:s='" SOAP "'><s:Body/></s:Enveloppe>",
        "<Envelope xmlns:s='" SOAP "'><s:Body/></Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'/>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Header/></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:body/></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><Body/></s:Envelope>",
        "<Envelope xmlns='" SOAP "'><Body xmlns='urn:b'/></Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body/><s:Header/></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Header/><s:Header/><s:Body/></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body/><s:Body/></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Header/><x><s:Body/></x></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body/></s:Envelope>x",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body/></s:Envelope",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body><p:x/></s:Body></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body>\xFF</s:Body></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><s:Body>&e;</s:Body></s:Envelope>",
        "<s:Envelope xmlns:s='" SOAP "'><?p?><s:Body/></s:Envelope>",
        "<!DOCTYPE x [<!ENTITY e 'x'>]><s:Envelope xmlns:s='" SOAP
        "'><s:Body>&e;</s:Body></s:Envelope>",
        "<!DOCTYPE x SYSTEM 'file:///etc/passwd'><s:Envelope xmlns:s='" SOAP
        "'><s:Body/></s:Envelope>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_envelope *envelope = (struct wsd_envelope *)(uintptr_t)1;

        assert_int_equal(try_read(&heap.mem, rows[i], &envelope), WS_E_INVALID_FORMAT);
        assert_null(envelope);
        assert_int_equal(heap.live, 0);
    }
}

/* Ends early, or has one wrong octet: no crash, no leak, no other code. */
static void read__damaged_anywhere__two_codes_only(void **state)
{
    static const char damage[] = {'\0', '<', '>', '&', '"', ':', '/', ' ', '\xFF', 'x'};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    char text[sizeof(from_jaxws)];
    struct wsd_envelope *envelope;

    (void)state;
    for (size_t size = 0; size < sizeof(from_jaxws) - 1; size++) {
        assert_int_equal(wsd_envelope_read(&heap.mem, from_jaxws, size, &envelope),
                         WS_E_INVALID_FORMAT);
        for (size_t i = 0; i < COUNT(damage); i++) {
            HRESULT hr;

            memcpy(text, from_jaxws, sizeof(text));
            text[size] = damage[i];
            hr = wsd_envelope_read(&heap.mem, text, sizeof(text) - 1, &envelope);
            assert_true(hr == WS_E_INVALID_FORMAT || hr == S_OK);
            wsd_envelope_destroy(envelope);
        }
    }
    assert_int_equal(heap.live, 0);
}

static void read__bytes_go_afterwards__envelope_stays(void **state)
{
    char *bytes = malloc(sizeof(from_airscan));
    struct wsd_envelope *envelope;

    (void)state;
    memcpy(bytes, from_airscan, sizeof(from_airscan));
    assert_int_equal(
        wsd_envelope_read(wsd_mem_heap(), bytes, sizeof(from_airscan) - 1, &envelope),
        S_OK);
    free(bytes);
    check_found(envelope, "GetScannerElementsRequest/RequestedElements/Name",
                "sca:ScannerConfiguration");
    wsd_envelope_destroy(envelope);
}

static void body__variants__first_element_standing_alone(void **state)
{
    static const struct {
        const char *text;
        const char *body;
    } rows[] = {
        {ENVELOPE("", ""), ""},
        {ENVELOPE("", " text "), ""},
        {ENVELOPE("", "<!-- --> <x/> <y/>"),
         "<x xmlns:s=\"" SOAP "\" xmlns:a=\"" WSA "\"/>"},
        {"<Envelope xmlns='" SOAP "' xmlns:p='urn:1'><Body xmlns:p='urn:2'>"
         "<x xmlns='' q='p:z'>p:y\n<z/></x></Body></Envelope>",
         "<x xmlns=\"\" xmlns:p=\"urn:2\" q=\"p:z\">p:y\n<z/></x>"},
        {"<Envelope xmlns='" SOAP "'><Body>\n <x xmlns='urn:x'> <y/>\r\n</x>\n</Body>"
         "</Envelope>",
         "<x xmlns=\"urn:x\"> <y/>\n</x>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);
        size_t length;

        assert_string_equal(wsd_envelope_body(envelope, &length), rows[i].body);
        assert_int_equal(length, strlen(rows[i].body));
        assert_string_equal(wsd_envelope_body(envelope, NULL), rows[i].body);
        wsd_envelope_destroy(envelope);
    }
}

static void find_text__elements_of_the_body__trimmed_and_kept(void **state)
{
    struct wsd_envelope *envelope = read_text(
        ENVELOPE("", "<r xmlns='urn:r'>\n <a> 1\n</a><p:a xmlns:p='urn:p'>2</p:a>"
                     "<b>x<c>y</c><!-- -->z<![CDATA[<&]]></b><d/><e> \n </e>"
                     "<f>&#13;a\r\nb\xC3\xA9 &#160;</f></r><other>no</other>"));
    const char *first, *again;

    (void)state;
    check_found(envelope, "r/a", "1");
    check_found(envelope, "r/a[2]", "2");
    check_found(envelope, "r/b", "xyz<&");
    check_found(envelope, "r/b/c", "y");
    check_found(envelope, "r/d", "");
    check_found(envelope, "r/e", "");
    check_found(envelope, "r/f", "a\nb\xC3\xA9 \xC2\xA0");
    check_found(envelope, "r", "1\n2xyz<& \n \ra\nb\xC3\xA9 \xC2\xA0");

    assert_int_equal(wsd_envelope_find_text(envelope, "r/b", &first), S_OK);
    assert_int_equal(wsd_envelope_find_text(envelope, "r[1]/b[1]", &again), S_OK);
    assert_ptr_equal(first, again);
    wsd_envelope_destroy(envelope);
}

static void find_text__nothing_there__null_and_the_code(void **state)
{
    static const struct {
        const char *path;
        HRESULT code;
    } rows[] = {
        {"x", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"r/b", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"r/a[2]", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"Body/r", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"other", HRESULT_FROM_WIN32(ERROR_NOT_FOUND)},
        {"", E_INVALIDARG},
        {"r/", E_INVALIDARG},
        {"r/a[0]", E_INVALIDARG},
    };
    struct wsd_envelope *with_body = read_text(ENVELOPE("", "<r><a/></r><other/>"));
    struct wsd_envelope *without = read_text(ENVELOPE("", ""));

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *text = "";

        assert_int_equal(wsd_envelope_find_text(with_body, rows[i].path, &text),
                         rows[i].code);
        assert_null(text);
        text = "";
        assert_int_equal(wsd_envelope_find_text(without, rows[i].path, &text),
                         rows[i].code);
        assert_null(text);
    }
    wsd_envelope_destroy(with_body);
    wsd_envelope_destroy(without);
}

static void fault__shapes_that_devices_send__same_fields(void **state)
{
    static const struct {
        const char *text;
        wsd_fault fault;
    } rows[] = {
        {"<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope xmlns:soap=\"" SOAP
         "\" xmlns:wsa=\"" WSA "\" xmlns:wscn=\"" SCAN "\"><soap:Header><wsa:Action>" WSA
         "/fault</wsa:Action></soap:Header><soap:Body><soap:Fault><soap:Code>"
         "<soap:Value>soap:Sender</soap:Value><soap:Subcode>"
         "<soap:Value>wscn:ClientErrorNoImagesAvailable</soap:Value></soap:Subcode>"
         "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">No images.</soap:Text>"
         "</soap:Reason></soap:Fault></soap:Body></soap:Envelope>",
         {"Sender", "ClientErrorNoImagesAvailable", SCAN, "No images.", ""}},

        /* gSOAP: pretty-printed; Detail with elements and text */
        {"<SOAP-ENV:Envelope xmlns:SOAP-ENV='" SOAP "' xmlns:t='urn:t'>\n"
         " <SOAP-ENV:Body>\n  <SOAP-ENV:Fault>\n   <SOAP-ENV:Code>\n"
         "    <SOAP-ENV:Value>\n SOAP-ENV:Receiver\n </SOAP-ENV:Value>\n   "
         "</SOAP-ENV:Code>\n"
         "   <SOAP-ENV:Reason>\n    <SOAP-ENV:Text> Broken &amp; gone\n "
         "</SOAP-ENV:Text>\n"
         "   </SOAP-ENV:Reason>\n   <SOAP-ENV:Detail>\n    <t:e a='1'>x &lt; y</t:e> z\n"
         "   </SOAP-ENV:Detail>\n  </SOAP-ENV:Fault>\n </SOAP-ENV:Body>\n"
         "</SOAP-ENV:Envelope>",
         {"Receiver", "", "", "Broken & gone", "<t:e a=\"1\">x &lt; y</t:e> z"}},

        /* two languages, nested subcodes, the prefix declared on the value */
        {"<s12:Envelope xmlns:s12='" SOAP "'><s12:Header/><s12:Body><s12:Fault><s12:Code>"
         "<s12:Value>s12:Sender</s12:Value><s12:Subcode>"
         "<s12:Value xmlns:q='urn:q'>q:Outer</s12:Value><s12:Subcode>"
         "<s12:Value>s12:Inner</s12:Value></s12:Subcode></s12:Subcode></s12:Code>"
         "<s12:Reason><s12:Text xml:lang='de'>Nein</s12:Text><s12:Text xml:lang='en'>No"
         "</s12:Text></s12:Reason></s12:Fault></s12:Body></s12:Envelope>",
         {"Sender", "Outer", "urn:q", "Nein", ""}},

        /* https, no prefixes at all: the subcode is in the default namespace */
        {"<Envelope xmlns='https://www.w3.org/2003/05/soap-envelope'><Body><Fault><Code>"
         "<Value>MustUnderstand</Value><Subcode><Value "
         "xmlns='urn:d'>Sub</Value></Subcode>"
         "</Code><Detail/></Fault></Body></Envelope>",
         {"MustUnderstand", "Sub", "urn:d", "", ""}},
        {"<e:Envelope xmlns:e='https://www.w3.org/2003/05/soap-envelope' xmlns='urn:d'>"
         "<e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>"
         "<e:Value>Sub</e:Value></e:Subcode></e:Code></e:Fault></e:Body></e:Envelope>",
         {"Sender", "Sub", "urn:d", "", ""}},

        /* a prefix that nobody declared; no namespace */
        {ENVELOPE("",
                  "<s:Fault><s:Code><s:Value>x:Sender</s:Value><s:Subcode><s:Value>x:Sub"
                  "</s:Value></s:Subcode></s:Code></s:Fault>"),
         {"Sender", "Sub", "", "", ""}},
        /* no names */
        {ENVELOPE("",
                  "<s:Fault><s:Code><s:Value>:Sender:</s:Value><s:Subcode><s:Value>s: Sub"
                  "</s:Value></s:Subcode></s:Code></s:Fault>"),
         {"", "", "", "", ""}},

        {ENVELOPE("", "<s:Fault/>"), {"", "", "", "", ""}},
        {ENVELOPE("", "<s:Fault>text<s:Reason/><s:Detail> </s:Detail></s:Fault>"),
         {"", "", "", "", ""}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);
        wsd_fault fault;

        assert_int_equal(wsd_envelope_fault(envelope, &fault), S_OK);
        assert_string_equal(fault.code, rows[i].fault.code);
        assert_string_equal(fault.reason, rows[i].fault.reason);
        assert_string_equal(fault.detail, rows[i].fault.detail);
        assert_string_equal(fault.subcode, rows[i].fault.subcode);
        assert_string_equal(fault.subcode_namespace, rows[i].fault.subcode_namespace);
        wsd_envelope_destroy(envelope);
    }
}

static void fault__no_fault_in_the_body__s_false_and_empty_strings(void **state)
{
    static const char *const rows[] = {
        ENVELOPE("<a:Action>" WSA "/fault</a:Action>", ""),
        ENVELOPE("",
                 "<Fault><Code><Value>s:Sender</Value></Code><Detail>x</Detail></Fault>"),
        ENVELOPE("", "<r><s:Fault/></r>"),
        ENVELOPE("", "<r/><s:Fault/>"),
        ENVELOPE("<s:Fault/>", "<r/>"),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i]);
        wsd_fault fault = {NULL, NULL, NULL, NULL, NULL};

        assert_int_equal(wsd_envelope_fault(envelope, &fault), S_FALSE);
        assert_string_equal(fault.code, "");
        assert_string_equal(fault.subcode, "");
        assert_string_equal(fault.subcode_namespace, "");
        assert_string_equal(fault.reason, "");
        assert_string_equal(fault.detail, "");
        wsd_envelope_destroy(envelope);
    }
}

static void destroy__null__accepted(void **state)
{
    (void)state;
    wsd_envelope_destroy(NULL);
}

static void round_trip__what_the_writer_wrote__is_read(void **state)
{
    static const struct wsd_addressing addressing = {
        .message_id = "6a3f0c1e-7f43-4c0b-9d52-3a1d0f7a9b11",
        .relates_to = "urn:uuid:1&2"};
    static const char body[] = "<p:r xmlns:p='urn:p'>\n <p:a b='\"&lt;'>1\n2&#13;</p:a>"
                               "<p:data/></p:r>";
    struct wsd_envelope_writer *writer;
    struct wsd_envelope *envelope;
    struct wsd_text text;

    (void)state;
    wsd_text_init(&text, wsd_mem_heap(), SIZE_MAX);
    assert_int_equal(wsd_envelope_writer_create(wsd_mem_heap(), "urn:a?b&c", &writer),
                     S_OK);
    assert_int_equal(wsd_envelope_writer_set_body(writer, body, sizeof(body) - 1), S_OK);
    assert_int_equal(wsd_envelope_writer_add_include(writer, "r/data", "0@body"), S_OK);
    assert_int_equal(wsd_envelope_writer_render(writer, &addressing, &text), S_OK);

    assert_int_equal(
        wsd_envelope_read(wsd_mem_heap(), text.bytes, text.length, &envelope), S_OK);

    assert_null(strchr(text.bytes, '\n'));
    assert_string_equal(wsd_envelope_action(envelope), "urn:a?b&c");
    assert_string_equal(wsd_envelope_message_id(envelope),
                        "urn:uuid:6a3f0c1e-7f43-4c0b-9d52-3a1d0f7a9b11");
    assert_string_equal(wsd_envelope_relates_to(envelope), "urn:uuid:1&2");
    check_found(envelope, "r/a", "1\n2");
    check_found(envelope, "r/data/Include", "");
    assert_string_equal(wsd_envelope_body(envelope, NULL),
                        "<p:r xmlns:p=\"urn:p\" xmlns:soap=\"" SOAP "\" xmlns:wsa=\"" WSA
                        "\" xmlns:xop=\"http://www.w3.org/2004/08/xop/include\">"
                        "<p:a b=\"&quot;&lt;\">1\n2&#13;</p:a>"
                        "<p:data><xop:Include href=\"cid:0@body\"/></p:data></p:r>");
    wsd_envelope_destroy(envelope);
    wsd_envelope_writer_destroy(writer);
    wsd_text_fini(&text);
}

/* Everything that a message does with an envelope. */
static HRESULT use(const struct wsd_mem *mem)
{
    static const char text[] = ENVELOPE(
        "<a:Action>urn:x</a:Action><a:MessageID>m</a:MessageID>"
        "<a:RelatesTo>r</a:RelatesTo>",
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value><s:Subcode><s:Value>s:Sub"
        "</s:Value></s:Subcode></s:Code><s:Reason><s:Text>why</s:Text></s:Reason>"
        "<s:Detail><x>detail</x></s:Detail></s:Fault>");
    struct wsd_envelope *envelope;
    const char *found = NULL;
    wsd_fault fault;
    HRESULT hr = try_read(mem, text, &envelope);

    if (hr != S_OK) {
        assert_null(envelope);
        return hr;
    }
    assert_string_equal(wsd_envelope_action(envelope), "urn:x");
    assert_int_equal(wsd_envelope_fault(envelope, &fault), S_OK);
    assert_string_equal(fault.detail, "<x>detail</x>");
    hr = wsd_envelope_find_text(envelope, "Fault/Detail", &found);
    if (hr == S_OK)
        assert_string_equal(found, "detail");
    else
        assert_null(found);
    wsd_envelope_destroy(envelope);
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
        assert_int_equal(atomic_load(&failing_xml.live), before);
    }
    assert_int_equal(hr, S_OK);
    assert_in_range(grants, 10, 99);

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

/* Reads good and bad envelopes; counts what it did not expect (cmocka's assertions are
 * for its own thread). */
static void *read_many(void *user)
{
    int *surprises = user;

    for (int i = 0; i < 100; i++) {
        struct wsd_envelope *envelope;
        const char *text;

        if (try_read(wsd_mem_heap(), from_jaxws, &envelope) != S_OK ||
            wsd_envelope_find_text(envelope, "UploadResponse/sha", &text) != S_OK ||
            strcmp(text, "5d72") != 0)
            ++*surprises;
        wsd_envelope_destroy(envelope);
        if (try_read(wsd_mem_heap(), "<!DOCTYPE a><a>", &envelope) != WS_E_INVALID_FORMAT)
            ++*surprises;
    }
    return NULL;
}

static void read__many_threads_at_once__each_its_own(void **state)
{
    pthread_t threads[4];
    int surprises[COUNT(threads)] = {0};

    (void)state;
    for (size_t i = 0; i < COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &surprises[i]), 0);
    for (size_t i = 0; i < COUNT(threads); i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(surprises[i], 0);
    }
}

/* ---- xop:Include ---- */

#define XOP "http://www.w3.org/2004/08/xop/include"
#define INCLUDING(body)                                                                  \
    "<s:Envelope xmlns:s='" SOAP "' xmlns:x='" XOP "'><s:Body>" body                     \
    "</s:Body></s:Envelope>"

struct hrefs {
    char text[256]; /* those that came, each with a space behind it */
    int left;       /* the calls before one fails; < 0: none does */
};

static HRESULT note_href(void *context, const char *href)
{
    struct hrefs *hrefs = context;

    strcat(hrefs->text, href);
    strcat(hrefs->text, " ");
    return hrefs->left > 0 && --hrefs->left == 0 ? E_ABORT : S_OK;
}

static void check_includes(const char *text, HRESULT hr, const char *expected)
{
    struct wsd_envelope *envelope = read_text(text);
    struct hrefs hrefs = {"", -1};
    HRESULT given = wsd_envelope_each_include(envelope, note_href, &hrefs);

    if (given != hr || strcmp(hrefs.text, expected) != 0)
        fail_msg("%s: 0x%08x, \"%s\"", text, (unsigned)given, hrefs.text);
    wsd_envelope_destroy(envelope);
}

static void each_include__anywhere_in_the_body__in_document_order(void **state)
{
    (void)state;
    check_includes(INCLUDING(""), S_OK, "");
    check_includes(INCLUDING("<r>text</r>"), S_OK, "");
    check_includes(INCLUDING("<r><x:Include href='cid:a@x'/></r>"), S_OK, "cid:a@x ");
    check_includes(INCLUDING("<r><a> <x:Include href='cid:1'/>\n</a><b><c>"
                             "<x:Include href='cid:2'/></c></b><d>"
                             "<!-- no --><x:Include href='cid:1'/></d></r>"),
                   S_OK, "cid:1 cid:2 cid:1 ");
    /* of other namespaces, of other names, and in the header */
    check_includes(INCLUDING("<r xmlns:y='urn:y'><a><y:Include href='http://h/'/></a>"
                             "<b><Include href='x'/></b><c><x:Other href='x'/></c></r>"),
                   S_OK, "");
    check_includes("<s:Envelope xmlns:s='" SOAP "' xmlns:x='" XOP "'><s:Header><h>"
                   "<x:Include href='http://h/'/></h></s:Header><s:Body><r/></s:Body>"
                   "</s:Envelope>",
                   S_OK, "");
    /* attributes and content of the Include itself are nobody's concern (XOP 1.0 2.1) */
    check_includes(INCLUDING("<r><x:Include other='1' x:href='no' href='cid:a&amp;b%20'>"
                             "<more/></x:Include></r>"),
                   S_OK, "cid:a&b%20 ");
}

static void each_include__callback_fails__stops_with_its_code(void **state)
{
    struct wsd_envelope *envelope =
        read_text(INCLUDING("<r><a><x:Include href='cid:1'/></a><b><c>"
                            "<x:Include href='cid:2'/></c></b><d>"
                            "<x:Include href='cid:3'/></d></r>"));
    struct hrefs hrefs = {"", 2};

    (void)state;
    assert_int_equal(wsd_envelope_each_include(envelope, note_href, &hrefs), E_ABORT);
    assert_string_equal(hrefs.text, "cid:1 cid:2 ");
    wsd_envelope_destroy(envelope);
}

static void H6__href_of_an_include__is_a_cid_or_the_message_is_refused(void **state)
{
    static const struct {
        const char *attribute; /* of the Include */
        const char *href;      /* NULL: refused */
    } rows[] = {
        {"href='cid:a@x'", "cid:a@x"},
        {"href='CID:a@x'", "CID:a@x"},
        {"href='cid:'", "cid:"}, /* names no part, so it never comes */
        {"href='http://h/x'", NULL},
        {"href='https://h/x'", NULL},
        {"href='file:///etc/passwd'", NULL},
        {"href='x'", NULL},
        {"href='#x'", NULL},
        {"href='//h/x'", NULL},
        {"href='mid:a@x'", NULL},
        {"href=' cid:a@x'", NULL},
        {"href='ci'", NULL},
        {"href='c'", NULL},
        {"href=''", NULL},
        {"", NULL},
        {"x:href='cid:a@x'", NULL},
        {"HREF='cid:a@x'", NULL},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[500], expected[64] = "";

        snprintf(text, sizeof(text), INCLUDING("<r><x:Include %s/></r>"),
                 rows[i].attribute);
        if (rows[i].href != NULL)
            snprintf(expected, sizeof(expected), "%s ", rows[i].href);
        check_includes(text, rows[i].href != NULL ? S_OK : WS_E_INVALID_FORMAT, expected);
    }
}

static HRESULT count_href(void *context, const char *href)
{
    assert_string_equal(href, "cid:a");
    ++*(int *)context;
    return S_OK;
}

/* One part a thousand times: each is told, and it stays one part. */
static void H6__one_part_a_thousand_times__is_told_each_time(void **state)
{
    static char text[64 * 1024] =
        "<s:Envelope xmlns:s='" SOAP "' xmlns:x='" XOP "'><s:Body><r>";
    struct wsd_envelope *envelope;
    size_t length = strlen(text);
    int count = 0;

    (void)state;
    for (int i = 0; i < 1000; i++)
        length += (size_t)snprintf(text + length, sizeof(text) - length,
                                   "<a><x:Include href='cid:a'/></a>");
    snprintf(text + length, sizeof(text) - length, "</r></s:Body></s:Envelope>");
    envelope = read_text(text);
    assert_int_equal(wsd_envelope_each_include(envelope, count_href, &count), S_OK);
    assert_int_equal(count, 1000);
    wsd_envelope_destroy(envelope);
}

/* XOP 1.0 section 3.1: the Include stands for all of its element's content.  Whether the
 * schema calls that base64 is known to nobody here. */
static void H7__include_with_siblings__is_refused(void **state)
{
    static const char *const contents[] = {
        "text<x:Include href='cid:1'/>",
        "<x:Include href='cid:1'/>text",
        "<b/><x:Include href='cid:1'/>",
        "<x:Include href='cid:1'/><b/>",
        "<x:Include href='cid:1'/><x:Include href='cid:2'/>",
        "<x:Include href='cid:1'/><x:Include href='cid:1'/>",
        "<x:Include href='cid:1'/><![CDATA[aGk=]]>",
        "<x:Include href='cid:1'/>&#160;",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        struct wsd_envelope *envelope;
        const char *href = "";
        char text[500];

        snprintf(text, sizeof(text), INCLUDING("<r><a>%s</a></r>"), contents[i]);
        check_includes(text, WS_E_INVALID_FORMAT, "");
        envelope = read_text(text);
        assert_int_equal(wsd_envelope_find_include(envelope, "r/a", &href),
                         WS_E_INVALID_FORMAT);
        assert_null(href);
        wsd_envelope_destroy(envelope);
    }
}

static void find_include__each_kind_of_content__its_code(void **state)
{
    static const struct {
        const char *path;
        HRESULT hr;
        const char *href;
    } rows[] = {
        {"r/a", S_OK, "cid:1"},
        {"r/b/c[2]", S_OK, "cid:2"},
        {"r/web", S_OK, "http://h/"}, /* refused by whoever looks it up */
        {"r/text", S_FALSE, NULL},
        {"r/empty", S_FALSE, NULL},
        {"r/foreign", WS_E_INVALID_FORMAT, NULL},
        {"r/none", WS_E_INVALID_FORMAT, NULL},
        {"r/b", WS_E_INVALID_FORMAT, NULL}, /* elements, and neither of them it */
        {"r", WS_E_INVALID_FORMAT, NULL},
        {"r/z", HRESULT_FROM_WIN32(ERROR_NOT_FOUND), NULL},
        {"z", HRESULT_FROM_WIN32(ERROR_NOT_FOUND), NULL},
        {"", E_INVALIDARG, NULL},
        {"r/", E_INVALIDARG, NULL},
    };
    struct wsd_envelope *envelope = read_text(INCLUDING(
        "<r><a> <x:Include href='cid:1'/> </a><b><c/><c><x:Include href='cid:2'/></c></b>"
        "<web><x:Include href='http://h/'/></web><text>aGk=</text><empty/>"
        "<foreign><Include href='cid:1'/></foreign><none><x:Include/></none></r>"));

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const char *href = "?";
        HRESULT hr = wsd_envelope_find_include(envelope, rows[i].path, &href);

        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].path, (unsigned)hr);
        assert_int_equal(href != NULL, rows[i].href != NULL);
        if (href != NULL)
            assert_string_equal(href, rows[i].href);
    }
    wsd_envelope_destroy(envelope);
}

/* ---- requests ---- */

#define WSA_10 "http://www.w3.org/2005/08/addressing"

static void addressing__by_the_namespace_of_action__is_one_of_two(void **state)
{
    static const struct {
        const char *text, *ns;
    } rows[] = {
        {ENVELOPE("<a:Action>urn:x</a:Action>", ""), WSA},
        {ENVELOPE("<a:Action xmlns:a='" WSA_10 "'>urn:x</a:Action>", ""), WSA_10},
        {ENVELOPE("<a:Action xmlns:a='https://www.w3.org/2005/08/addressing'/>", ""),
         WSA_10},
        {ENVELOPE("<a:To/><x/><b:Action xmlns:b='" WSA_10 "'/>", ""), WSA_10},
        {ENVELOPE("<a:Action/><b:Action xmlns:b='" WSA_10 "'/>", ""), WSA},
        {ENVELOPE("<b:MessageID xmlns:b='" WSA_10 "'/>", ""), WSA}, /* without Action */
        {ENVELOPE("", "<b:Action xmlns:b='" WSA_10 "'/>"), WSA},
        {ENVELOPE("", ""), WSA},
        {"<s:Envelope xmlns:s='" SOAP "'><s:Body/></s:Envelope>", WSA},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);

        assert_string_equal(wsd_envelope_addressing(envelope), rows[i].ns);
        wsd_envelope_destroy(envelope);
    }
}

static void wants_reply_here__by_reply_to__is_true_for_anonymous(void **state)
{
#define REPLY_TO(address) "<a:ReplyTo><a:Address>" address "</a:Address></a:ReplyTo>"
    static const struct {
        const char *text;
        bool here;
    } rows[] = {
        {from_airscan, true},
        {from_gsoap, true},
        {from_jaxws, true}, /* has none */
        {ENVELOPE(REPLY_TO(WSA "/role/anonymous"), ""), true},
        {ENVELOPE(REPLY_TO(WSA_10 "/anonymous"), ""), true},
        {ENVELOPE(REPLY_TO("\n https://www.w3.org/2005/08/addressing/anonymous\n"), ""),
         true},
        {ENVELOPE("<b:ReplyTo xmlns:b='" WSA_10 "'><b:Address>" WSA_10 "/anonymous"
                  "</b:Address></b:ReplyTo>",
                  ""),
         true},
        {ENVELOPE("<a:ReplyTo/>", ""), true},
        {ENVELOPE(REPLY_TO(""), ""), true},
        {ENVELOPE("<ReplyTo><Address>http://h/</Address></ReplyTo>", ""), true},
        {ENVELOPE("<a:FaultTo><a:Address>http://h/</a:Address></a:FaultTo>", ""), true},
        {ENVELOPE("", REPLY_TO("http://h/")), true},

        {ENVELOPE(REPLY_TO("http://h/"), ""), false},
        {ENVELOPE(REPLY_TO(WSA_10 "/none"), ""), false},
        {ENVELOPE(REPLY_TO(WSA "/anonymous"), ""), false},
        {ENVELOPE(REPLY_TO(WSA_10 "/anonymous/"), ""), false},
        {ENVELOPE("<x/><b:ReplyTo xmlns:b='" WSA_10 "'><b:More/>"
                  "<b:Address>http://h/</b:Address></b:ReplyTo>",
                  ""),
         false},
    };
#undef REPLY_TO

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_envelope *envelope = read_text(rows[i].text);

        if (wsd_envelope_wants_reply_here(envelope) != rows[i].here)
            fail_msg("%s", rows[i].text);
        wsd_envelope_destroy(envelope);
    }
}

/* SOAP 1.2 part 1 sections 2.2, 2.4 and 5.2 */
static void has_mandatory_header__by_role_and_namespace__is_for_us(void **state)
{
    static const struct {
        const char *header;
        bool has;
    } rows[] = {
        {"<m s:mustUnderstand='1'/>", true},
        {"<m s:mustUnderstand='true'/>", true},
        {"<n/><m xmlns='urn:m' s:mustUnderstand='1'/>", true},
        {"<m s:mustUnderstand='1' s:role=''/>", true},
        {"<m s:mustUnderstand='1' s:role='" SOAP "/role/next'/>", true},
        {"<m s:mustUnderstand='1' s:role='" SOAP "/role/ultimateReceiver'/>", true},
        {"<m s:role='" SOAP "/role/next' s:mustUnderstand='1'/>", true},
        {"<m s:mustUnderstand='1' role='urn:other'/>", true}, /* not SOAP's role */
        {"<a:To s:mustUnderstand='1'/><m s:mustUnderstand='1'/>", true},

        {"", false},
        {"<m/>", false},
        {"<m s:mustUnderstand='0'/>", false},
        {"<m s:mustUnderstand='false'/>", false},
        {"<m s:mustUnderstand=''/>", false},
        {"<m mustUnderstand='1'/>", false},
        {"<m a:mustUnderstand='1'/>", false},
        {"<n><m s:mustUnderstand='1'/></n>", false}, /* no header */
        {"<m s:mustUnderstand='1' s:role='" SOAP "/role/none'/>", false},
        {"<m s:mustUnderstand='1' s:role='urn:other'/>", false},
        {"<a:To s:mustUnderstand='1'/><a:Anything s:mustUnderstand='true'/>", false},
        {"<b:To xmlns:b='" WSA_10 "' s:mustUnderstand='1'/>", false},
    };
    struct wsd_envelope *envelope =
        read_text("<s:Envelope xmlns:s='" SOAP "'><s:Body><m s:mustUnderstand='1'/>"
                  "</s:Body></s:Envelope>");

    (void)state;
    assert_false(wsd_envelope_has_mandatory_header(envelope));
    wsd_envelope_destroy(envelope);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[1000];

        snprintf(text, sizeof(text), ENVELOPE("%s", "<x/>"), rows[i].header);
        envelope = read_text(text);
        if (wsd_envelope_has_mandatory_header(envelope) != rows[i].has)
            fail_msg("%s", rows[i].header);
        wsd_envelope_destroy(envelope);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(read__envelopes_of_real_peers__headers_and_body),
        cmocka_unit_test(read__variants_of_headers__action),
        cmocka_unit_test(read__no_soap_12_envelope__invalid_format),
        cmocka_unit_test(read__damaged_anywhere__two_codes_only),
        cmocka_unit_test(read__bytes_go_afterwards__envelope_stays),
        cmocka_unit_test(body__variants__first_element_standing_alone),
        cmocka_unit_test(find_text__elements_of_the_body__trimmed_and_kept),
        cmocka_unit_test(find_text__nothing_there__null_and_the_code),
        cmocka_unit_test(fault__shapes_that_devices_send__same_fields),
        cmocka_unit_test(fault__no_fault_in_the_body__s_false_and_empty_strings),
        cmocka_unit_test(each_include__anywhere_in_the_body__in_document_order),
        cmocka_unit_test(each_include__callback_fails__stops_with_its_code),
        cmocka_unit_test(H6__href_of_an_include__is_a_cid_or_the_message_is_refused),
        cmocka_unit_test(H6__one_part_a_thousand_times__is_told_each_time),
        cmocka_unit_test(H7__include_with_siblings__is_refused),
        cmocka_unit_test(find_include__each_kind_of_content__its_code),
        cmocka_unit_test(destroy__null__accepted),
        cmocka_unit_test(round_trip__what_the_writer_wrote__is_read),
        cmocka_unit_test(use__every_allocation_fails_in_turn__out_of_memory_and_no_leak),
        cmocka_unit_test(read__many_threads_at_once__each_its_own),
        cmocka_unit_test(addressing__by_the_namespace_of_action__is_one_of_two),
        cmocka_unit_test(wants_reply_here__by_reply_to__is_true_for_anonymous),
        cmocka_unit_test(has_mandatory_header__by_role_and_namespace__is_for_us),
    };

    return cmocka_run_group_tests(tests, failing_xml_setup, NULL);
}
