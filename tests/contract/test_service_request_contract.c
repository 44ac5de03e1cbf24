/* What a service makes of a request's headers, and of what is no request. */
#include "support/device.h"

#include <stdatomic.h>
#include <stdio.h>

#include "support/peer.h"

/* ---- Headers --------------------------------------------------------------------------
 */

#define WSA_10 "http://www.w3.org/2005/08/addressing"
#define NEXT "http://www.w3.org/2003/05/soap-envelope/role/next"
#define NOBODY "http://www.w3.org/2003/05/soap-envelope/role/none"

/* What a request with these header blocks gets, from a handler that answers plainly. */
static void ask_with(const char *headers, struct recorded *reply)
{
    atomic_uint calls = 0;
    struct bytes body = {0};
    struct device device;

    device_start(&device, NULL, answer_plainly, &calls);
    bytes_say(&body, "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                     "xmlns:a=\"" WSA "\"><s:Header>");
    bytes_say(&body, headers);
    bytes_say(&body, "</s:Header><s:Body><b/></s:Body></s:Envelope>");
    device_ask(&device, SOAP_FIELD, body.at, body.size, reply);
    assert_int_equal(atomic_load(&calls), http_status(reply) == 200);
    bytes_free(&body);
    device_release(&device);
}

/* SOAP 1.2 part 1, sections 2.4 and 5.4.8. */
static void header__mandatory_and_not_understood__is_a_fault(void **state)
{
    static const struct {
        const char *block;
        bool is_fault;
    } rows[] = {
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='1'/>", true},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='true'/>", true},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='1' s:role='" NEXT "'/>", true},
        {"<b s:mustUnderstand='1'/>", true},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='0'/>", false},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='false'/>", false},
        {"<x:b xmlns:x='urn:x' mustUnderstand='1'/>", false},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='1' s:role='" NOBODY "'/>", false},
        {"<x:b xmlns:x='urn:x' s:mustUnderstand='1' s:role='urn:somebody'/>", false},
        {"<x:b xmlns:x='urn:x'><y s:mustUnderstand='1'/></x:b>", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recorded reply;
        char headers[600];

        snprintf(headers, sizeof(headers), "%s%s", ADDRESSED(ACTION), rows[i].block);
        ask_with(headers, &reply);
        if (rows[i].is_fault) {
            assert_fault(&reply, 500, "MustUnderstand", NULL);
            assert_says(&reply, "<wsa:RelatesTo>" REQUEST_ID "</wsa:RelatesTo>");
        } else {
            assert_int_equal(http_status(&reply), 200);
        }
        recorded_free(&reply);
    }
}

static void header__of_addressing__may_be_mandatory(void **state)
{
    static const char headers[] =
        "<a:To s:mustUnderstand='1'>http://device/service</a:To>"
        "<a:Action s:mustUnderstand='1'>urn:a</a:Action>"
        "<a:MessageID s:mustUnderstand='true'>" REQUEST_ID "</a:MessageID>"
        "<a:From s:mustUnderstand='1'><a:Address>urn:me</a:Address></a:From>"
        "<a:ReplyTo s:mustUnderstand='1'><a:Address>" WSA "/role/anonymous</a:Address>"
        "</a:ReplyTo>";
    struct recorded reply;

    (void)state;
    ask_with(headers, &reply);
    assert_int_equal(http_status(&reply), 200);
    assert_says(&reply, "<wsa:RelatesTo>" REQUEST_ID "</wsa:RelatesTo>");
    recorded_free(&reply);
}

/* DPWS 1.0 R0031; nobody is contacted but the client. */
static void reply_to__of_somebody_else__is_a_fault(void **state)
{
    static const struct {
        const char *element; /* anonymous where it is left out */
        const char *address; /* NULL: a peer of ours */
        bool is_fault;
    } rows[] = {
        {"ReplyTo", NULL, true},
        {"ReplyTo", "urn:me", true},
        {"ReplyTo", " " WSA "/role/anonymous ", false},
        {"FaultTo", WSA "/role/anonymous", false},
        {"From", "urn:me", false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static const struct peer_step nothing[] = {{.what = PEER_CLOSE}};
        struct peer *elsewhere = peer_start(nothing, 0);
        struct recorded reply;
        char headers[600];

        snprintf(headers, sizeof(headers),
                 "<a:Action>urn:a</a:Action><a:MessageID>" REQUEST_ID "</a:MessageID>"
                 "<a:%s><a:Address>%s</a:Address></a:%s>",
                 rows[i].element,
                 rows[i].address == NULL ? peer_url(elsewhere) : rows[i].address,
                 rows[i].element);
        ask_with(headers, &reply);
        if (rows[i].is_fault) {
            assert_fault(&reply, 400, "Sender", "InvalidMessageInformationHeader");
            assert_says(&reply, "<wsa:RelatesTo>" REQUEST_ID "</wsa:RelatesTo>");
        } else {
            assert_int_equal(http_status(&reply), 200);
        }
        assert_false(peer_was_contacted(elsewhere));
        recorded_free(&reply);
        peer_stop(elsewhere);
    }
}

/* A device of DPWS 1.1 speaks WS-Addressing 1.0, and so do its clients. */
static void addressing__of_either_version__is_answered_in_it(void **state)
{
    static const struct {
        const char *ns, *anonymous, *fault;
    } rows[] = {
        {WSA, WSA "/role/anonymous", WSA "/fault"},
        {WSA_10, WSA_10 "/anonymous", WSA_10 "/fault"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        const size_t row = i / 2;
        bool is_fault = i % 2 == 1; /* nobody has this Action */
        char request[1000], text[200];
        struct recorded reply;
        struct device device;

        snprintf(request, sizeof(request),
                 "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                 "xmlns:a=\"%s\"><s:Header><a:Action>urn:%c</a:Action>"
                 "<a:MessageID>" REQUEST_ID "</a:MessageID><a:ReplyTo><a:Address>%s"
                 "</a:Address></a:ReplyTo></s:Header><s:Body><b/></s:Body></s:Envelope>",
                 rows[row].ns, is_fault ? 'b' : 'a', rows[row].anonymous);
        assert_hr(wsd_service_create(NULL, &device.service), S_OK);
        assert_hr(
            wsd_service_handle(device.service, "/service", "urn:a", answer_plainly, NULL),
            S_OK);
        assert_hr(wsd_service_start(device.service), S_OK);
        device.port = wsd_service_port(device.service);
        device_ask(&device, SOAP_FIELD, request, strlen(request), &reply);
        snprintf(text, sizeof(text), "xmlns:wsa=\"%s\"", rows[row].ns);
        assert_says(&reply, text);
        snprintf(text, sizeof(text), "<wsa:To>%s</wsa:To>", rows[row].anonymous);
        assert_says(&reply, text);
        assert_says(&reply, "<wsa:RelatesTo>" REQUEST_ID "</wsa:RelatesTo>");
        if (is_fault) {
            assert_fault(&reply, 400, "Sender", "ActionNotSupported");
            snprintf(text, sizeof(text), "<wsa:Action>%s</wsa:Action>", rows[row].fault);
            assert_says(&reply, text);
        } else {
            assert_int_equal(http_status(&reply), 200);
            assert_says(&reply, "<wsa:Action>urn:aResponse</wsa:Action>");
        }
        assert_null(strstr(reply.body, rows[1 - row].ns));
        recorded_free(&reply);
        device_release(&device);
    }
}

/* ---- What is no request ---------------------------------------------------------------
 */

#define ROOT_FIELDS "\r\n--b\r\nContent-ID: <root@scan>\r\n\r\n"

/* No handler is called. */
static void body__that_is_no_soap__is_a_fault_of_the_sender(void **state)
{
    static const struct {
        const char *field, *body;
    } rows[] = {
        {SOAP_FIELD, ""},
        {SOAP_FIELD, "soap"},
        {SOAP_FIELD, "<s:Envelope"},
        {SOAP_FIELD, "<html><body/></html>"},
        {SOAP_FIELD, SOAP("", "<a>")},
        {SOAP_FIELD, SOAP("", "") "<a/>"},
        {SOAP_FIELD, "<!DOCTYPE a [<!ENTITY b 'c'>]>" SOAP("", "&b;")},
        {"Content-Type: multipart/related\r\n", "--b\r\n\r\n" REQUEST "\r\n--b--\r\n"},
        {PACKAGE_FIELD, ""},
        {PACKAGE_FIELD, "\r\n--b--\r\n"},
        {PACKAGE_FIELD, "\r\n--c\r\n\r\n" REQUEST "\r\n--c--\r\n"},
        {PACKAGE_FIELD, ROOT_FIELDS REQUEST},
        {PACKAGE_FIELD, ROOT_FIELDS "<a\r\n--b--\r\n"},
        {PACKAGE_FIELD, "\r\n--b\r\n: \r\n\r\n" REQUEST "\r\n--b--\r\n"},
    };
    atomic_uint calls = 0;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, &calls);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recorded reply;

        device_ask(&device, rows[i].field, rows[i].body, strlen(rows[i].body), &reply);
        assert_fault(&reply, 400, "Sender", NULL);
        recorded_free(&reply);
    }
    assert_int_equal(atomic_load(&calls), 0);
    assert_int_equal(device_status(&device), 200);
    device_release(&device);
}

/* [S33] Not XML at all is a matter of HTTP. */
static void content_type__of_something_else__is_415(void **state)
{
    static const char *const fields[] = {
        "",
        "Content-Type: text/plain\r\n",
        "Content-Type: application/json\r\n",
        "Content-Type: multipart/form-data; boundary=b\r\n",
    };
    atomic_uint calls = 0;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, &calls);
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct recorded reply;

        device_ask(&device, fields[i], REQUEST, strlen(REQUEST), &reply);
        assert_int_equal(http_status(&reply), 415);
        recorded_free(&reply);
    }
    assert_int_equal(atomic_load(&calls), 0);
    device_release(&device);
}

/* [S35] */
static void request__of_a_web_page__is_403(void **state)
{
    struct recorded reply;
    struct device device;
    atomic_uint calls = 0;

    (void)state;
    device_start(&device, NULL, answer_plainly, &calls);
    device_ask(&device, SOAP_FIELD "Origin: http://example.org\r\n", REQUEST,
               strlen(REQUEST), &reply);
    assert_int_equal(http_status(&reply), 403);
    assert_int_equal(atomic_load(&calls), 0);
    recorded_free(&reply);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header__mandatory_and_not_understood__is_a_fault),
        cmocka_unit_test(header__of_addressing__may_be_mandatory),
        cmocka_unit_test(reply_to__of_somebody_else__is_a_fault),
        cmocka_unit_test(addressing__of_either_version__is_answered_in_it),
        cmocka_unit_test(body__that_is_no_soap__is_a_fault_of_the_sender),
        cmocka_unit_test(content_type__of_something_else__is_415),
        cmocka_unit_test(request__of_a_web_page__is_403),
    };

    return cmocka_run_group_tests_name("service_request_contract", tests, NULL, NULL);
}
