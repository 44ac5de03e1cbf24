/* Rows H3, H6, H8 and H9 of tests/FAULTS.md: what an application gets when a device
 * answers with something else than it should. */
#include "support/scanner.h"

#define SOAP_TYPE "application/soap+xml"

/* The code of a reply with this body, which is not a package. */
static HRESULT run_plain(struct scan *scan, size_t limit, const char *status,
                         const char *type)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    options.max_reply_bytes = limit;
    put_head(&scan->reply, WITH_LENGTH, status, type, scan->body.size);
    bytes_put(&scan->reply, scan->body.at, scan->body.size);
    scan_start(scan, &options, scan->reply.size, PEER_SEND_SOME, PEER_CLOSE);
    return upload_receive(&scan->upload, &scan->message);
}

static void put_plain(struct bytes *body, const char *header, const char *soap_body)
{
    bytes_say(body, "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                    "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\">"
                    "<s:Header>");
    bytes_say(body, header);
    bytes_say(body, "</s:Header><s:Body>");
    bytes_say(body, soap_body);
    bytes_say(body, "</s:Body></s:Envelope>");
}

/* White space behind the envelope, up to this size. */
static void pad(struct bytes *body, size_t size)
{
    size_t missing = size - body->size;
    char *blanks = malloc(missing);

    assert_true(body->size < size && blanks != NULL);
    bytes_put(body, memset(blanks, ' ', missing), missing);
    free(blanks);
}

static void H3__envelope_above_its_limit__is_refused(void **state)
{
    static const struct {
        size_t limit, size;
        HRESULT hr;
    } rows[] = {
        {WSD_MAX_ENVELOPE, WSD_MAX_ENVELOPE, S_OK},
        {WSD_MAX_ENVELOPE, WSD_MAX_ENVELOPE + 1, WS_E_QUOTA_EXCEEDED},
        {1000, 1000, S_OK},
        {1000, 1001, WS_E_QUOTA_EXCEEDED},
        {0, 1 << 20, S_OK}, /* the default */
        {0, (1 << 20) + 1, WS_E_QUOTA_EXCEEDED},
        {0, 32 << 20, WS_E_QUOTA_EXCEEDED},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct scan plain = {0}, package = {0};
        size_t before;

        put_plain(&plain.body, "", "<a/>");
        pad(&plain.body, rows[i].size);
        assert_hr(run_plain(&plain, rows[i].limit, "200 OK", SOAP_TYPE), rows[i].hr);
        scan_free(&plain);

        put_part(&package.body, "Content-ID: <root@scan>\r\n", "", 0);
        before = package.body.size;
        put_plain(&package.body, "", "<a/>");
        pad(&package.body, before + rows[i].size);
        put_end(&package.body);
        options.max_reply_bytes = rows[i].limit;
        assert_hr(scan_run(&package, &options, IN_CHUNKS), rows[i].hr);
        scan_free(&package);
    }
}

/* An attachment that never comes, since the message has no such part, or the envelope
 * means itself, is an error once the message is over. */
static void H6__include_of_no_part__fails_that_attachment_only(void **state)
{
    static const char *const bodies[] = {
        "<s:Scan xmlns:s='urn:s'><s:Page>" XOP_INCLUDE(
            "cid:0@scan") "</s:Page><s:Page>" XOP_INCLUDE("cid:nobody@scan") "</s:Page></"
                                                                             "s:Scan>",
        "<s:Scan xmlns:s='urn:s'><s:Page>" XOP_INCLUDE(
            "cid:0@scan") "</s:Page><s:Page>" XOP_INCLUDE("cid:root@scan") "</s:Page></"
                                                                           "s:Scan>",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        IWSDInboundAttachment *missing;
        struct scan scan = {0};
        struct bytes got = {0};

        put_envelope(&scan.body, bodies[i]);
        put_page(&scan.body, 0, "page", 4);
        put_end(&scan.body);
        assert_hr(scan_run(&scan, NULL, IN_CHUNKS), S_OK);
        page_expect(scan.message, 0, "page", 4, 100);
        missing = page_of(scan.message, 1);
        assert_hr(page_read_all(missing, 100, &got), WS_E_INVALID_FORMAT);
        assert_int_equal(got.size, 0);
        page_release(missing);
        bytes_free(&got);
        scan_free(&scan);
    }
}

/* They share one ring. */
static void H6__one_part_meant_a_thousand_times__is_one_attachment(void **state)
{
    IWSDInboundAttachment *first, *last, *none;
    struct scan scan = {0};
    struct bytes soap = {0};

    (void)state;
    bytes_say(&soap, "<s:Scan xmlns:s='urn:s'>");
    for (int i = 0; i < 1000; i++)
        bytes_say(&soap, i % 2 == 0 ? "<s:Page>" XOP_INCLUDE("cid:0@scan") "</s:Page>"
                                    : "<s:Page>" XOP_INCLUDE("cid:0%40scan") "</s:Page>");
    bytes_put(&soap, "</s:Scan>", sizeof("</s:Scan>"));
    put_envelope(&scan.body, soap.at);
    put_page(&scan.body, 0, "page", 4);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, NULL, IN_CHUNKS), S_OK);
    first = page_of(scan.message, 0);
    last = page_of(scan.message, 999);
    assert_ptr_equal(first, last);
    assert_hr(wsd_inbound_message_attachment_at(scan.message, 1, &none),
              HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    page_expect(scan.message, 500, "page", 4, 100);
    page_release(last);
    page_release(first);
    scan_free(&scan);
    bytes_free(&soap);
}

/* The fault with an attachment is in test_inbound_flow.c. */
static void H8__fault_or_page_instead_of_a_reply__is_surfaced(void **state)
{
    static const char fault[] =
        "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason>"
        "<s:Text xml:lang='en'>No paper</s:Text></s:Reason></s:Fault>";
    static const char page[] = "<html><title>502 Bad Gateway</title><p>proxy</html>";
    static const struct {
        const char *status, *type;
        bool is_fault;
        HRESULT hr;
        int number;
    } rows[] = {
        {"500 Error", SOAP_TYPE, true, WS_E_ENDPOINT_FAULT_RECEIVED, 500},
        {"400 Bad", SOAP_TYPE, true, WS_E_ENDPOINT_FAULT_RECEIVED, 400},
        {"200 OK", SOAP_TYPE, true, WS_E_ENDPOINT_FAULT_RECEIVED, 200},
        {"502 Bad Gateway", "text/html", false, HTTP_E_STATUS(502), 502},
        {"200 OK", "text/html", false, WS_E_INVALID_FORMAT, 200},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct scan scan = {0};
        wsd_fault told;

        if (rows[i].is_fault)
            put_plain(&scan.body, "", fault);
        else
            bytes_say(&scan.body, page);
        assert_hr(run_plain(&scan, 0, rows[i].status, rows[i].type), rows[i].hr);
        assert_non_null(scan.message);
        assert_int_equal(wsd_inbound_message_http_status(scan.message), rows[i].number);
        assert_hr(wsd_inbound_message_fault(scan.message, &told),
                  rows[i].is_fault ? S_OK : S_FALSE);
        assert_string_equal(told.code, rows[i].is_fault ? "Sender" : "");
        assert_string_equal(told.reason, rows[i].is_fault ? "No paper" : "");
        if (!rows[i].is_fault)
            assert_string_equal(wsd_inbound_message_body(scan.message, NULL), page);
        scan_free(&scan);
    }
}

/* With a fault, too: nothing goes to FaultTo. */
static void H9__reply_to_of_a_reply__is_never_contacted(void **state)
{
    static const char *const bodies[] = {
        "<a/>", "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault>"};

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct peer *decoy =
            peer_start(NULL, 0); /* leaves every connection in its queue */
        char header[600];
        struct scan scan = {0};

        snprintf(header, sizeof(header),
                 "<a:ReplyTo><a:Address>%s</a:Address></a:ReplyTo><a:FaultTo><a:Address>"
                 "%s</a:Address></a:FaultTo><a:From><a:Address>%s</a:Address></a:From>"
                 "<a:To>%s</a:To>",
                 peer_url(decoy), peer_url(decoy), peer_url(decoy), peer_url(decoy));
        put_plain(&scan.body, header, bodies[i]);
        assert_hr(run_plain(&scan, 0, "200 OK", SOAP_TYPE),
                  i == 0 ? S_OK : WS_E_ENDPOINT_FAULT_RECEIVED);
        scan_free(&scan);
        assert_false(peer_was_contacted(decoy));
        peer_stop(decoy);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(H3__envelope_above_its_limit__is_refused),
        cmocka_unit_test(H6__include_of_no_part__fails_that_attachment_only),
        cmocka_unit_test(H6__one_part_meant_a_thousand_times__is_one_attachment),
        cmocka_unit_test(H8__fault_or_page_instead_of_a_reply__is_surfaced),
        cmocka_unit_test(H9__reply_to_of_a_reply__is_never_contacted),
    };

    return cmocka_run_group_tests_name("malformed_reply_flow", tests, NULL, NULL);
}
