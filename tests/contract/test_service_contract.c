/* The promises of wsd_service.h for requests: which handler gets them, and what it can do
 * with them. */
#include "support/document.h"

#include <stdatomic.h>
#include <stdio.h>

#include "support/peer.h"

#define PART 300000

#define SCANNED "urn:example/Scan"

/* A package with `count` parts of PART bytes, each of which begins elsewhere. */
static void put_parts(struct bytes *body, size_t count)
{
    put_upload(body, count);
    for (size_t i = 0; i < count; i++)
        put_page(body, i, document.at + i * 1000, PART);
    put_end(body);
}

/* ---- Which handler --------------------------------------------------------------------
 */

/* A handler that answers with its own name. */
static HRESULT WSD_CALL answer_name(void *context, wsd_inbound_message *request,
                                    wsd_outbound_message *reply)
{
    char body[400];

    snprintf(body, sizeof(body), "<name action='%s'>%s</name>",
             wsd_inbound_message_action(request), (const char *)context);
    return wsd_outbound_message_set_body(reply, body, strlen(body));
}

static void start_names(struct device *device)
{
    static const struct {
        const char *path, *action;
        char name[4];
    } handlers[] = {
        {"/one", "urn:a", "1a"}, {"/one", "urn:b", "1b"}, {"/one", NULL, "1*"},
        {"/two", "urn:a", "2a"}, {"/", "urn:a", "/a"},    {"/a b/\xc3\xa4", NULL, "ab"},
    };

    assert_hr(wsd_service_create(NULL, &device->service), S_OK);
    for (size_t i = 0; i < COUNT(handlers); i++)
        assert_hr(wsd_service_handle(device->service, handlers[i].path,
                                     handlers[i].action, answer_name,
                                     (void *)(uintptr_t)handlers[i].name),
                  S_OK);
    assert_hr(wsd_service_start(device->service), S_OK);
    device->port = wsd_service_port(device->service);
}

/* A request with `wsa_action` ("": without) and this Content-Type; its reply. */
static void ask_names(const struct device *device, const char *path,
                      const char *wsa_action, const char *type, struct recorded *reply)
{
    struct http_client client;
    char fields[300], header[200] = "";
    struct bytes body = {0};

    if (wsa_action[0] != '\0')
        snprintf(header, sizeof(header), "<a:Action>%s</a:Action>", wsa_action);
    if (strncmp(type, "multipart", 9) == 0)
        put_part(&body, "Content-ID: <root@scan>\r\n", "", 0);
    bytes_say(&body, "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
                     "xmlns:a=\"" WSA "\"><s:Header>");
    bytes_say(&body, header);
    bytes_say(&body, "</s:Header><s:Body/></s:Envelope>");
    if (strncmp(type, "multipart", 9) == 0)
        put_end(&body);
    snprintf(fields, sizeof(fields), "Content-Type: %s\r\n", type);
    http_open(&client, device->port);
    http_post(&client, path, fields, body.at, body.size);
    http_receive(&client, reply);
    http_close(&client);
    bytes_free(&body);
}

/* [S12] [S13] [S15] [S38] */
static void request__by_path_and_action__finds_its_handler(void **state)
{
    static const struct {
        const char *path, *action;
        const char *name; /* NULL: a fault with status and subcode */
        int status;
        const char *subcode;
    } rows[] = {
        {"/one", "urn:a", "1a", 200, NULL},
        {"/one", "urn:b", "1b", 200, NULL},
        {"/one", "urn:c", "1*", 200, NULL},
        {"/one", "urn:A", "1*", 200, NULL},
        {"/one?a=b&c", "urn:a", "1a", 200, NULL},
        {"/on%65", "urn:a", "1a", 200, NULL},
        {"/two", "urn:a", "2a", 200, NULL},
        {"/", "urn:a", "/a", 200, NULL},
        {"/a%20b/%C3%a4", "urn:x", "ab", 200, NULL},
        {"http://device/one", "urn:a", "1a", 200, NULL},
        {"HTTPS://another:5358/a%20b/%C3%a4?a=b", "urn:x", "ab", 200, NULL},
        {"http://device", "urn:a", "/a", 200, NULL},
        {"/two", "urn:b", NULL, 400, "ActionNotSupported"},
        {"/one", "", NULL, 400, "MessageInformationHeaderRequired"},
        {"/", "urn:b", NULL, 400, "ActionNotSupported"},
        {"/three", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"/ONE", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"/one/", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"/one%00", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"http:///one", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"http://me@device/one", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"ftp://device/one", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"//one", "urn:a", NULL, 404, "DestinationUnreachable"},
        {"/a%2520b/%C3%A4", "urn:x", NULL, 404, "DestinationUnreachable"},
    };
    struct device device;

    (void)state;
    start_names(&device);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recorded reply;
        char name[40];

        ask_names(&device, rows[i].path, rows[i].action, "application/soap+xml", &reply);
        if (rows[i].name != NULL) {
            assert_int_equal(http_status(&reply), 200);
            snprintf(name, sizeof(name), ">%s</name>", rows[i].name);
            assert_says(&reply, name);
        } else {
            assert_fault(&reply, rows[i].status, "Sender", rows[i].subcode);
        }
        recorded_free(&reply);
    }
    device_release(&device);
}

/* [S14] [R2] */
static void action__of_envelope_or_content_type__is_the_envelopes_first(void **state)
{
    static const struct {
        const char *in_envelope, *type, *action;
    } rows[] = {
        {"urn:a", "application/soap+xml", "urn:a"},
        {"urn:a", "application/soap+xml; action=\"urn:b\"", "urn:a"},
        {"", "application/soap+xml; action=\"urn:b\"", "urn:b"},
        {"", "application/soap+xml;charset=utf-8;ACTION=urn:b", "urn:b"},
        {"", SCAN_TYPE "; action=\"urn:b\"", "urn:b"},
        {"urn:a", SCAN_TYPE "; action=\"urn:b\"", "urn:a"},
    };
    struct device device;

    (void)state;
    start_names(&device);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recorded reply;
        char name[80];

        ask_names(&device, "/one", rows[i].in_envelope, rows[i].type, &reply);
        assert_int_equal(http_status(&reply), 200);
        snprintf(name, sizeof(name), "<name action=\"%s\">%s</name>", rows[i].action,
                 strcmp(rows[i].action, "urn:a") == 0 ? "1a" : "1b");
        assert_says(&reply, name);
        recorded_free(&reply);
    }
    device_release(&device);
}

/* ---- What it is given -----------------------------------------------------------------
 */

struct given {
    int http_status;
    char action[100], body[600], job[20];
    HRESULT fault, none;
};

static HRESULT WSD_CALL note_request(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply)
{
    struct given *given = context;
    IWSDInboundAttachment *part;
    const char *text;
    wsd_fault fault;

    given->http_status = wsd_inbound_message_http_status(request);
    snprintf(given->action, sizeof(given->action), "%s",
             wsd_inbound_message_action(request));
    snprintf(given->body, sizeof(given->body), "%s",
             wsd_inbound_message_body(request, NULL));
    if (wsd_inbound_message_find_text(request, "Job/Id", &text) == S_OK)
        snprintf(given->job, sizeof(given->job), "%s", text);
    given->fault = wsd_inbound_message_fault(request, &fault);
    given->none = wsd_inbound_message_attachment_at(request, 0, &part);
    return answer_plainly(NULL, request, reply);
}

/* [S1] [R2] */
static void handler__of_a_plain_request__reads_it(void **state)
{
    static const char request[] =
        SOAP(ADDRESSED("urn:job"), "<j:Job xmlns:j='urn:j'><j:Id> 7 </j:Id></j:Job>");
    struct given given = {0};
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, NULL, note_request, &given);
    device_ask(&device, SOAP_FIELD, request, sizeof(request) - 1, &reply);
    assert_int_equal(http_status(&reply), 200);
    assert_int_equal(given.http_status, 0);
    assert_string_equal(given.action, "urn:job");
    assert_non_null(strstr(given.body, "<j:Id> 7 </j:Id></j:Job>"));
    assert_string_equal(given.job, "7");
    assert_hr(given.fault, S_FALSE);
    assert_hr(given.none, HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    recorded_free(&reply);
    device_release(&device);
}

/* Gathers as many handlers as the test wants. */
struct gathering {
    unsigned wanted;
    atomic_uint there;
};

static HRESULT WSD_CALL gather(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    struct gathering *gathering = context;

    atomic_fetch_add(&gathering->there, 1);
    WORKER_AWAIT(atomic_load(&gathering->there) == gathering->wanted);
    return answer_plainly(NULL, request, reply);
}

/* [S1] */
static void handlers__of_several_requests__run_at_once(void **state)
{
    struct http_client clients[20];
    struct gathering gathering = {.wanted = COUNT(clients)};
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device device;

    (void)state;
    options.max_connections_per_peer = COUNT(clients);
    device_start(&device, &options, gather, &gathering);
    for (size_t i = 0; i < COUNT(clients); i++) {
        http_open(&clients[i], device.port);
        http_post(&clients[i], "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    }
    for (size_t i = 0; i < COUNT(clients); i++) {
        struct recorded reply;

        http_receive(&clients[i], &reply);
        assert_int_equal(http_status(&reply), 200);
        recorded_free(&reply);
        http_close(&clients[i]);
    }
    device_release(&device);
}

/* Reads attachments in order; tells when it has the first bytes. */
struct intake {
    size_t count;
    atomic_bool has_begun;
    HRESULT hr;
    struct reading readings[4];
    char media_type[40];
};

static HRESULT WSD_CALL take_in(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    struct intake *intake = context;
    IWSDInboundAttachment *part;
    char first[10];
    DWORD given, size = 0;

    for (size_t i = 0; i < intake->count; i++) {
        intake->hr = request_part(request, i, &part);
        if (intake->hr != S_OK)
            return E_FAIL;
        for (; i == 0 && size < sizeof(first) && intake->hr == S_OK; size += given)
            intake->hr = page_read(part, first + size, sizeof(first) - size, &given);
        if (i == 0)
            snprintf(intake->media_type, sizeof(intake->media_type), "%s",
                     wsd_inbound_message_media_type(request, part));
        atomic_store(&intake->has_begun, true);
        intake->readings[i] = i == 0 ? part_read(part, document.at + size, PART - size)
                                     : part_read(part, document.at + i * 1000, PART);
        page_release(part);
    }
    return answer_plainly(NULL, request, reply);
}

static void assert_taken_in(const struct intake *intake)
{
    assert_hr(intake->hr, S_OK);
    for (size_t i = 0; i < intake->count; i++) {
        assert_hr(intake->readings[i].hr, S_FALSE);
        assert_true(intake->readings[i].as_expected);
        assert_int_equal(intake->readings[i].size, i == 0 ? PART - 10 : PART);
    }
}

/* [S1]: the client holds the rest back until the handler has read the beginning. */
static void attachments__still_arriving__are_read(void **state)
{
    (void)state;
    for (int chunked = 0; chunked < 2; chunked++)
        for (size_t count = 1; count <= 3; count += 2) {
            wsd_service_options options = small_rings();
            struct bytes body = {0}, framed = {0};
            struct intake intake = {.count = count};
            struct http_client client;
            struct recorded reply;
            struct device device;

            device_start(&device, &options, take_in, &intake);
            put_parts(&body, count);
            put_framed(&framed, chunked ? IN_CHUNKS : WITH_LENGTH, &body);
            http_open(&client, device.port);
            if (chunked)
                http_say(&client,
                         "POST /service HTTP/1.1\r\nHost: device\r\n" PACKAGE_FIELD
                         "Transfer-Encoding: chunked\r\n\r\n");
            else
                http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
            http_send(&client, framed.at, PART / 2);
            WORKER_AWAIT(atomic_load(&intake.has_begun));
            http_send(&client, framed.at + PART / 2, framed.size - PART / 2);
            http_receive(&client, &reply);
            assert_int_equal(http_status(&reply), 200);
            assert_taken_in(&intake);
            assert_string_equal(intake.media_type, "image/jpeg");
            recorded_free(&reply);
            http_close(&client);
            bytes_free(&framed);
            bytes_free(&body);
            device_release(&device);
        }
}

static HRESULT WSD_CALL take_text(void *context, wsd_inbound_message *request,
                                  wsd_outbound_message *reply)
{
    struct reading *reading = context;
    IWSDInboundAttachment *part;

    reading->hr = request_part(request, 1, &part);
    if (reading->hr != S_OK)
        return E_FAIL;
    *reading = part_read(part, "inline", 6);
    page_release(part);
    return answer_plainly(NULL, request, reply);
}

/* As base64 text, which is as good: XOP 1.0. */
static void attachment__inline__is_read(void **state)
{
    static const char request[] =
        SOAP(ADDRESSED(ACTION),
             "<Upload><Data/><Data xmlns='urn:b'>aW5s\naW5l</Data></Upload>");
    struct reading reading = {0};
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, NULL, take_text, &reading);
    device_ask(&device, SOAP_FIELD, request, sizeof(request) - 1, &reply);
    assert_int_equal(http_status(&reply), 200);
    assert_hr(reading.hr, S_FALSE);
    assert_true(reading.as_expected);
    assert_int_equal(reading.size, 6);
    recorded_free(&reply);
    device_release(&device);
}

/* ---- What it leaves -------------------------------------------------------------------
 */

enum way { RELEASES, CLOSES, NEVER_ASKS, WAYS };

/* Does as it is told with the first of the request's attachments. */
struct neglect {
    size_t read;
    enum way way;
    atomic_uint has_returned;
};

static HRESULT WSD_CALL neglect(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    struct neglect *self = context;
    HRESULT hr = answer_plainly(NULL, request, reply);
    IWSDInboundAttachment *part = NULL;
    char buffer[1000];
    DWORD given;

    if (self->way != NEVER_ASKS)
        hr = request_part(request, 0, &part);
    for (size_t size = 0; part != NULL && hr == S_OK && size < self->read; size += given)
        hr = page_read(part, buffer, sizeof(buffer), &given);
    if (part != NULL && self->way == CLOSES)
        page_close(part);
    if (part != NULL)
        page_release(part);
    atomic_fetch_add(&self->has_returned, 1);
    return hr;
}

/* [S3]: read in part or not at all, the reply comes, but only when the request has. */
static void reply__attachments_left_unread__goes_out_behind_them(void **state)
{
    (void)state;
    for (int way = 0; way < WAYS; way++)
        for (size_t read = 0; read <= PART / 2; read += PART / 2) {
            wsd_service_options options = small_rings();
            struct neglect neglects = {.read = read, .way = (enum way)way};
            struct http_client client;
            struct bytes body = {0};
            struct recorded reply;
            struct device device;

            device_start(&device, &options, neglect, &neglects);
            put_parts(&body, 2);
            http_open(&client, device.port);
            for (unsigned i = 0; i < 2; i++) { /* the connection goes on */
                http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
                http_send(&client, body.at, body.size - 1);
                WORKER_AWAIT(atomic_load(&neglects.has_returned) == i + 1);
                assert_true(http_is_silent(&client, 50));
                http_send(&client, body.at + body.size - 1, 1);
                http_receive(&client, &reply);
                assert_true(reply.whole);
                assert_int_equal(http_status(&reply), 200);
                recorded_free(&reply);
            }
            http_close(&client);
            bytes_free(&body);
            device_release(&device);
        }
}

/* A handler that leaves the reading to another thread. */
struct handover {
    IWSDInboundAttachment *part;
    HRESULT hr;
    atomic_bool has_returned;
};

static HRESULT WSD_CALL hand_over(void *context, wsd_inbound_message *request,
                                  wsd_outbound_message *reply)
{
    struct handover *handover = context;

    handover->hr = request_part(request, 0, &handover->part);
    atomic_store(&handover->has_returned, true);
    return answer_plainly(NULL, request, reply);
}

/* [S1]: attachments may be kept beyond the handler's return. */
static void attachment__kept_beyond_the_handler__is_read(void **state)
{
    wsd_service_options options = small_rings();
    struct handover handover = {0};
    struct http_client client;
    struct reading reading;
    struct bytes body = {0};
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, &options, hand_over, &handover);
    put_parts(&body, 1);
    http_open(&client, device.port);
    http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
    http_send(&client, body.at, PART / 2);
    WORKER_AWAIT(atomic_load(&handover.has_returned));
    assert_hr(handover.hr, S_OK);
    http_send(&client, body.at + PART / 2, body.size - PART / 2);
    reading = part_read(handover.part, document.at, PART);
    assert_hr(reading.hr, S_FALSE);
    assert_true(reading.as_expected);
    assert_int_equal(reading.size, PART);
    http_receive(&client, &reply);
    assert_int_equal(http_status(&reply), 200);
    page_release(handover.part);
    recorded_free(&reply);
    http_close(&client);
    bytes_free(&body);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__by_path_and_action__finds_its_handler),
        cmocka_unit_test(action__of_envelope_or_content_type__is_the_envelopes_first),
        cmocka_unit_test(handler__of_a_plain_request__reads_it),
        cmocka_unit_test(handlers__of_several_requests__run_at_once),
        cmocka_unit_test(attachments__still_arriving__are_read),
        cmocka_unit_test(attachment__inline__is_read),
        cmocka_unit_test(reply__attachments_left_unread__goes_out_behind_them),
        cmocka_unit_test(attachment__kept_beyond_the_handler__is_read),
    };

    return cmocka_run_group_tests_name("service_contract", tests, make_document,
                                       free_document);
}
