/* The promises of wsd_message.h for a message that is made a fault.  With which status a
 * service sends it is in test_service_reply_contract.c. */
#include "support/application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/peer.h"
#include "support/recorded.h"

#define SCAN_NS "http://schemas.microsoft.com/windows/2006/08/wdp/scan"

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* Sends it; what the peer got. */
static void record(wsd_outbound_message *message, struct recorded *request)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_inbound_message *reply;
    wsd_client *client;
    const char *bytes;
    size_t size;

    assert_hr(wsd_client_create(NULL, &client), S_OK);
    assert_hr(wsd_client_send(client, peer_url(peer), message), S_OK);
    assert_hr(wsd_client_receive(client, message, PEER_PATIENCE_MS, &reply), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(request, bytes, size);
    wsd_inbound_message_release(reply);
    wsd_client_release(client);
    peer_stop(peer);
}

static void assert_body(const struct recorded *request, const char *body)
{
    const char *begin = strstr(request->body, "<soap:Body>");
    const char *end = strstr(request->body, "</soap:Body></soap:Envelope>");

    assert_true(begin != NULL && end != NULL);
    begin += strlen("<soap:Body>");
    if ((size_t)(end - begin) != strlen(body) || memcmp(begin, body, strlen(body)) != 0)
        fail_msg("is       %.*s\nexpected %s", (int)(end - begin), begin, body);
}

/* [M23]: the elements and their order are those of SOAP 1.2 part 1, section 5.4. */
static void set_fault__of_each_shape__is_a_body_and_the_action_of_faults(void **state)
{
    static const struct {
        wsd_fault fault;
        const char *in_order[4];
    } rows[] = {
        {{.code = "Sender"},
         {"soap:Sender<", "</soap:Code>", "<soap:Text xml:lang=\"en\""}},
        {{.code = "Receiver", .subcode = "", .reason = "a < b\n& c", .detail = ""},
         {"soap:Receiver<", "</soap:Code>", ">a &lt; b&#10;&amp; c</soap:Text>"}},
        {{"MustUnderstand", "Ab-1.c", "urn:d", "no", "<a/><b/>"},
         {"soap:MustUnderstand<", ":Ab-1.c</soap:Value></soap:Subcode></soap:Code>",
          ">no</soap:Text></soap:Reason>", "><a/><b/></soap:Detail>"}},
        {{.code = "VersionMismatch"}, {"soap:VersionMismatch<"}},
        {{.code = "DataEncodingUnknown"}, {"soap:DataEncodingUnknown<"}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_outbound_message *message = message_create(NULL);
        struct recorded request;
        const char *at;

        assert_hr(wsd_outbound_message_set_fault(message, &rows[i].fault), S_OK);
        record(message, &request);
        assert_non_null(strstr(request.body, "<wsa:Action>http://schemas.xmlsoap.org/ws/"
                                             "2004/08/addressing/fault</wsa:Action>"));
        assert_null(strstr(request.body, ACTION));
        at = strstr(request.body, "<soap:Body><soap:Fault ");
        assert_non_null(at);
        for (size_t j = 0; j < 4 && rows[i].in_order[j] != NULL; j++) {
            at = strstr(at, rows[i].in_order[j]);
            assert_non_null(at);
        }
        assert_int_equal(rows[i].in_order[3] != NULL,
                         strstr(request.body, "</soap:Detail>") != NULL);
        recorded_free(&request);
        wsd_outbound_message_release(message);
    }
}

/* [M23]: everything, as a reader of faults has it. */
static void set_fault__with_everything__is_read_back(void **state)
{
    char code[] = "Sender", subcode[] = "ClientErrorNoImagesAvailable", ns[] = SCAN_NS,
         reason[] = "The feeder is empty \xe2\x80\x94 add paper",
         detail[] = "<d:a xmlns:d='urn:d'>1</d:a><b x='\"'/>";
    const wsd_fault fault = {code, subcode, ns, reason, detail};
    wsd_outbound_message *message = message_create(BODY), *request = message_create(NULL);
    wsd_inbound_message *reply;
    struct recorded sent;
    wsd_client *client;
    struct peer *peer;
    wsd_fault read;

    (void)state;
    assert_hr(wsd_outbound_message_set_fault(message, &fault), S_OK);
    memset(code, 'x', sizeof(code) - 1); /* all was copied */
    memset(subcode, 'x', sizeof(subcode) - 1);
    memset(ns, 'x', sizeof(ns) - 1);
    memset(reason, 'x', sizeof(reason) - 1);
    memset(detail, 'x', sizeof(detail) - 1);
    record(message, &sent);
    {
        char head[200];
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = head},
            {.what = PEER_SEND, .text = sent.body},
        };

        snprintf(head, sizeof(head),
                 "HTTP/1.1 400 Bad Request\r\nContent-Type: application/soap+xml\r\n"
                 "Content-Length: %zu\r\n\r\n",
                 sent.body_size);
        peer = PEER_START(steps);
        assert_hr(wsd_client_create(NULL, &client), S_OK);
        assert_hr(wsd_client_send(client, peer_url(peer), request), S_OK);
        assert_hr(wsd_client_receive(client, request, PEER_PATIENCE_MS, &reply),
                  WS_E_ENDPOINT_FAULT_RECEIVED);
        peer_stop(peer);
    }

    assert_hr(wsd_inbound_message_fault(reply, &read), S_OK);
    assert_string_equal(read.code, "Sender");
    assert_string_equal(read.subcode, "ClientErrorNoImagesAvailable");
    assert_string_equal(read.subcode_namespace, SCAN_NS);
    assert_string_equal(read.reason, "The feeder is empty \xe2\x80\x94 add paper");
    assert_non_null(strstr(read.detail, "<d:a xmlns:d=\"urn:d\">1</d:a>"));
    assert_non_null(strstr(read.detail, "<b x=\"&quot;\"/>"));
    wsd_inbound_message_release(reply);
    wsd_client_release(client);
    recorded_free(&sent);
    wsd_outbound_message_release(request);
    wsd_outbound_message_release(message);
}

/* [M25] */
static void set_fault__and_a_body__the_later_counts(void **state)
{
    const wsd_fault fault = {.code = "Sender", .reason = "no"};
    wsd_outbound_message *message = message_create(BODY);
    struct recorded request;

    (void)state;
    assert_hr(wsd_outbound_message_set_fault(message, &fault), S_OK);
    assert_hr(wsd_outbound_message_set_body(message, "<a/>", 4), S_OK);
    record(message, &request);
    assert_body(&request, "<a/>");
    assert_non_null(strstr(request.body, "<wsa:Action>" ACTION "</wsa:Action>"));
    recorded_free(&request);
    wsd_outbound_message_release(message);

    message = message_create(BODY);
    assert_hr(wsd_outbound_message_set_fault(message, &fault), S_OK);
    assert_hr(wsd_outbound_message_set_body(message, "<a>", 3), WS_E_INVALID_FORMAT);
    record(message, &request);
    assert_non_null(strstr(request.body, "/addressing/fault</wsa:Action>"));
    assert_non_null(strstr(request.body, "<soap:Body><soap:Fault "));
    recorded_free(&request);
    wsd_outbound_message_release(message);
}

/* [M26] [M27]: and the message is as it was. */
static void set_fault__bad_text__is_refused(void **state)
{
    static const struct {
        wsd_fault fault;
        HRESULT hr;
    } rows[] = {
        {{.code = NULL}, E_INVALIDARG},
        {{.code = ""}, E_INVALIDARG},
        {{.code = "sender"}, E_INVALIDARG},
        {{.code = "soap:Sender"}, E_INVALIDARG},
        {{.code = "Client"}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "A"}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "A", .subcode_namespace = ""}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "A", .subcode_namespace = "a b"}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "A", .subcode_namespace = "a\nb:c"}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "1", .subcode_namespace = SCAN_NS}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "a b", .subcode_namespace = SCAN_NS},
         E_INVALIDARG},
        {{.code = "Sender", .subcode = "a:b", .subcode_namespace = SCAN_NS},
         E_INVALIDARG},
        {{.code = "Sender", .subcode = "a<", .subcode_namespace = SCAN_NS}, E_INVALIDARG},
        {{.code = "Sender", .subcode = "\xff", .subcode_namespace = SCAN_NS},
         E_INVALIDARG},
        {{.code = "Sender", .detail = "<a>"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .detail = "<a/></b>"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .detail = "<a:b/>"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .detail = "</soap:Detail><soap:Detail>"},
         WS_E_INVALID_FORMAT},
        {{.code = "Sender", .detail = "<!DOCTYPE a><a/>"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .detail = "<a>\xff</a>"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .reason = "\xff"}, WS_E_INVALID_FORMAT},
        {{.code = "Sender", .reason = "\x01"}, WS_E_INVALID_FORMAT},
    };
    wsd_outbound_message *message = message_create("<a/>");
    struct recorded request;

    (void)state;
    assert_hr(wsd_outbound_message_set_fault(NULL, &rows[0].fault), E_POINTER);
    assert_hr(wsd_outbound_message_set_fault(message, NULL), E_POINTER);
    for (size_t i = 0; i < COUNT(rows); i++) {
        HRESULT hr = wsd_outbound_message_set_fault(message, &rows[i].fault);

        if (hr != rows[i].hr)
            print_error("row %zu\n", i);
        assert_hr(hr, rows[i].hr);
    }
    record(message, &request);
    assert_body(&request, "<a/>");
    assert_non_null(strstr(request.body, "<wsa:Action>" ACTION "</wsa:Action>"));
    recorded_free(&request);
    wsd_outbound_message_release(message);
}

/* [M28] */
static void set_fault__too_late__is_refused(void **state)
{
    const wsd_fault fault = {.code = "Sender"};
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    assert_hr(wsd_outbound_message_set_fault(upload.message, &fault), INVALID_OPERATION);
    upload_free(&upload);

    upload_make(&upload, NULL, 0);
    upload_send(&upload, peer_url(peer));
    assert_hr(wsd_outbound_message_set_fault(upload.message, &fault), INVALID_OPERATION);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(set_fault__of_each_shape__is_a_body_and_the_action_of_faults),
        cmocka_unit_test(set_fault__with_everything__is_read_back),
        cmocka_unit_test(set_fault__and_a_body__the_later_counts),
        cmocka_unit_test(set_fault__bad_text__is_refused),
        cmocka_unit_test(set_fault__too_late__is_refused),
    };

    return cmocka_run_group_tests_name("fault_contract", tests, NULL, NULL);
}
