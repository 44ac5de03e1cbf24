/* The promises of wsd_service.h for replies: what the client gets, and what becomes of a
 * reply's attachments. */
#include "support/device.h"

#include <stdatomic.h>
#include <stdio.h>

#include <poll.h>

#include "support/foreign_attachment.h"
#include "support/peer.h"

#define LARGE 3000000

static char *document; /* 2 * LARGE bytes */

static int make_document(void **state)
{
    (void)state;
    document = document_make(2 * LARGE, 11);
    return document == NULL;
}

static int free_document(void **state)
{
    (void)state;
    free(document);
    return 0;
}

/* ---- On the wire ----------------------------------------------------------------------
 */

static HRESULT WSD_CALL answer_nothing(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    (void)context, (void)request, (void)reply;
    return S_OK;
}

/* [S2] [S5] [S6]: the envelope byte for byte, but for its MessageID. */
static void reply__plain__is_this_envelope_with_a_length(void **state)
{
    static const struct {
        wsd_handler handler;
        const char *body;
    } rows[] = {
        {answer_plainly, ANSWER},
        {answer_nothing, ""},
    };
    static const char head[] =
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
        "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" "
        "xmlns:wsa=\"" WSA "\" xmlns:xop=\"http://www.w3.org/2004/08/xop/include\">"
        "<soap:Header><wsa:To>" WSA "/role/anonymous</wsa:To>"
        "<wsa:Action>" ACTION "Response</wsa:Action><wsa:MessageID>urn:uuid:";
    static const char tail[] = "</wsa:MessageID><wsa:RelatesTo>" REQUEST_ID
                               "</wsa:RelatesTo></soap:Header><soap:Body>%s</soap:Body>"
                               "</soap:Envelope>";

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct recorded reply;
        struct device device;
        char expected[800];

        device_start(&device, NULL, rows[i].handler, NULL);
        device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
        assert_true(reply.whole);
        assert_int_equal(strncmp(reply.head, "HTTP/1.1 200 ", 13), 0);
        assert_non_null(strstr(reply.head, "\r\nContent-Type: application/soap+xml\r\n"));
        assert_non_null(strstr(reply.head, "\r\nContent-Length: "));
        assert_int_equal(strncmp(reply.body, head, sizeof(head) - 1), 0);
        snprintf(expected, sizeof(expected), tail, rows[i].body);
        assert_string_equal(reply.body + sizeof(head) - 1 + 36, expected);
        recorded_free(&reply);
        device_release(&device);
    }
}

/* [S2] [S4] [S5] */
static void reply__with_attachments__is_a_package_in_chunks(void **state)
{
    struct answer answer = {.count = 3};
    struct http_client client;
    struct recorded reply;
    struct device device;

    (void)state;
    answer_begin(&answer, &device, &client);
    assert_true(http_is_silent(&client, 50)); /* it begins with the first Write */
    assert_hr(part_write(answer.parts[0], "one\r\n--two\r\n", 12), S_OK);
    assert_hr(part_write(answer.parts[1], "", 0), S_OK);
    assert_hr(part_write(answer.parts[2], document, RING / 2), S_OK);
    http_receive(&client, &reply);

    assert_true(reply.whole);
    assert_int_equal(http_status(&reply), 200);
    assert_non_null(strstr(reply.head, "\r\nMIME-Version: 1.0\r\n"));
    assert_non_null(strstr(
        reply.head, "\r\nContent-Type: multipart/related; type=\"application/xop+xml\"; "
                    "start=\"<root@soap>\"; start-info=\"application/soap+xml\"; "
                    "boundary=\""));
    assert_non_null(strstr(reply.head, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_null(strstr(reply.head, "Content-Length"));
    assert_int_equal(reply.part_count, 4);
    assert_true(reply.closed);
    assert_says(&reply, "<wsa:RelatesTo>" REQUEST_ID "</wsa:RelatesTo>");
    assert_says(&reply, "<u:UploadResponse xmlns:u=\"http://example.org/upload\">"
                        "<u:Page><xop:Include href=\"cid:0@body\"/></u:Page>"
                        "<u:Page><xop:Include href=\"cid:1@body\"/></u:Page>"
                        "<u:Page><xop:Include href=\"cid:2@body\"/></u:Page>"
                        "<u:Page/></u:UploadResponse>");
    assert_part(&reply, 1, "one\r\n--two\r\n", 12);
    assert_part(&reply, 2, "", 0);
    assert_part(&reply, 3, document, RING / 2);
    assert_int_equal(strncmp(reply.parts[1].header,
                             "Content-Type: application/octet-stream\r\n"
                             "Content-Transfer-Encoding: binary\r\n"
                             "Content-ID: <0@body>\r\n\r\n",
                             reply.parts[1].header_size),
                     0);
    recorded_free(&reply);
    http_close(&client);
    answer_release(&answer);
    device_release(&device);
}

/* The thread of Microsoft's sample: it writes blocks to an attachment that is in no
 * message yet, and stops at anything but S_OK. */
struct writer {
    struct worker worker;
    IWSDOutboundAttachment *part;
    const char *bytes;
    size_t size;
    HRESULT hr;
};

static void write_blocks(void *argument)
{
    struct writer *writer = argument;
    size_t done = 0;

    writer->hr = attachment_open(writer->part);
    while (writer->hr == S_OK && done < writer->size) {
        size_t left = writer->size - done;
        DWORD written = 0;

        writer->hr = attachment_write(writer->part, writer->bytes + done,
                                      left < 8192 ? left : 8192, &written);
        done += written;
    }
    if (writer->hr == S_OK)
        writer->hr = attachment_close(writer->part);
    else
        attachment_abort(writer->part);
}

static void writer_start(struct writer *writer, IWSDOutboundAttachment *part,
                         const char *bytes, size_t size)
{
    writer->part = part;
    writer->bytes = bytes;
    writer->size = size;
    worker_start(&writer->worker, write_blocks, writer);
}

/* Attachments that declare these lengths; UINT64_MAX: none. */
struct declaring {
    uint64_t lengths[2];
    IWSDOutboundAttachment *parts[2];
    HRESULT hr;
    atomic_bool has_returned;
};

static HRESULT WSD_CALL declare_lengths(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    static const char *const paths[] = {"UploadResponse/Page[1]",
                                        "UploadResponse/Page[2]"};
    struct declaring *declaring = context;

    declaring->hr = answer_plainly(NULL, request, reply);
    for (size_t i = 0; i < 2 && declaring->hr == S_OK; i++) {
        wsd_part_options options = WSD_PART_OPTIONS_INIT;

        if (declaring->lengths[i] != UINT64_MAX)
            options.length = &declaring->lengths[i];
        declaring->hr = WSDCreateOutboundAttachment(&declaring->parts[i]);
        if (declaring->hr == S_OK)
            declaring->hr = wsd_outbound_message_attach(reply, paths[i],
                                                        declaring->parts[i], &options);
    }
    atomic_store(&declaring->has_returned, true);
    return declaring->hr;
}

/* [S5]: and one that is cut short is no whole reply either. */
static void reply__with_declared_lengths__has_a_content_length(void **state)
{
    static const struct {
        uint64_t lengths[2];
        size_t second; /* bytes that are written to the second attachment */
        bool has_length, is_whole;
    } rows[] = {
        {{LARGE, 0}, 0, true, true},           {{0, RING}, RING, true, true},
        {{RING, UINT64_MAX}, 5, false, true},  {{UINT64_MAX, RING}, RING, false, true},
        {{RING, RING}, RING - 1, true, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct declaring declaring = {
            .lengths = {rows[i].lengths[0], rows[i].lengths[1]}};
        size_t first = rows[i].lengths[0] == UINT64_MAX ? 7 : (size_t)rows[i].lengths[0];
        struct writer writers[2];
        struct http_client client;
        struct recorded reply;
        struct device device;

        device_start(&device, NULL, declare_lengths, &declaring);
        http_open(&client, device.port);
        http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
        WORKER_AWAIT(atomic_load(&declaring.has_returned));
        assert_hr(declaring.hr, S_OK);
        for (size_t j = 0; j < 2; j++)
            writer_start(&writers[j], declaring.parts[j], document,
                         j == 0 ? first : rows[i].second);
        http_receive(&client, &reply);
        for (size_t j = 0; j < 2; j++)
            worker_join(&writers[j].worker);
        assert_int_equal(strstr(reply.head, "\r\nContent-Length: ") != NULL,
                         rows[i].has_length);
        assert_int_equal(strstr(reply.head, "\r\nTransfer-Encoding: chunked") == NULL,
                         rows[i].has_length);
        if (rows[i].is_whole) {
            assert_hr(writers[0].hr, S_OK);
            assert_part(&reply, 1, document, first);
            assert_hr(writers[1].hr, S_OK);
            assert_true(reply.whole);
            assert_part(&reply, 2, document, rows[i].second);
        } else {
            /* The last bytes of the first may be out by then, or not. */
            assert_true(writers[0].hr == S_OK || writers[0].hr == E_ABORT);
            assert_hr(writers[1].hr, HRESULT_FROM_WIN32(ERROR_BAD_LENGTH));
            assert_cut(&reply);
        }
        recorded_free(&reply);
        http_close(&client);
        for (size_t j = 0; j < 2; j++)
            attachment_release(declaring.parts[j]);
        device_release(&device);
    }
}

/* ---- Who writes -----------------------------------------------------------------------
 */

struct scanning {
    size_t count;
    struct writer writers[2];
    HRESULT hr;
};

static HRESULT WSD_CALL write_before_attaching(void *context,
                                               wsd_inbound_message *request,
                                               wsd_outbound_message *reply)
{
    struct scanning *scanning = context;
    HRESULT hr = wsd_outbound_message_set_body(reply, ANSWER, strlen(ANSWER));

    (void)request;
    for (size_t i = 0; i < scanning->count && hr == S_OK; i++) {
        IWSDOutboundAttachment *part;

        hr = WSDCreateOutboundAttachment(&part);
        if (hr != S_OK)
            break;
        writer_start(&scanning->writers[i], part, document + i * LARGE, LARGE);
        attachment_await_first_write(part);
    }
    for (size_t i = 0; i < scanning->count && hr == S_OK; i++)
        hr = wsd_outbound_message_attach(
            reply, i == 0 ? "UploadResponse/Page" : "UploadResponse/Page[2]",
            scanning->writers[i].part, NULL);
    scanning->hr = hr;
    return hr;
}

static void attachments__written_before_they_are_attached__arrive(void **state)
{
    (void)state;
    for (size_t count = 1; count <= 2; count++) {
        wsd_service_options options = small_rings();
        struct scanning scanning = {.count = count};
        struct recorded reply;
        struct device device;

        device_start(&device, &options, write_before_attaching, &scanning);
        device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
        assert_hr(scanning.hr, S_OK);
        for (size_t i = 0; i < count; i++) {
            worker_join(&scanning.writers[i].worker);
            assert_hr(scanning.writers[i].hr, S_OK);
            assert_part(&reply, i + 1, document + i * LARGE, LARGE);
            attachment_release(scanning.writers[i].part);
        }
        assert_true(reply.whole);
        recorded_free(&reply);
        device_release(&device);
    }
}

/* What the calls of a handler said. */
struct calls {
    HRESULT reply, again, body, attach, write, close, result;
};

static HRESULT WSD_CALL write_in_handler(void *context, wsd_inbound_message *request,
                                         wsd_outbound_message *reply)
{
    struct calls *calls = context;
    IWSDOutboundAttachment *parts[2] = {NULL, NULL}, *late = NULL;
    HRESULT hr = answer_attach(reply, parts, 2);

    (void)request;
    if (hr != S_OK || WSDCreateOutboundAttachment(&late) != S_OK)
        return E_FAIL;
    calls->reply = wsd_service_reply(reply);
    calls->again = wsd_service_reply(reply);
    calls->body = wsd_outbound_message_set_body(reply, "<a/>", 4);
    calls->attach =
        wsd_outbound_message_attach(reply, "UploadResponse/Page[3]", late, NULL);
    attachment_release(late);
    for (size_t i = 0; i < 2; i++) {
        calls->write = attachment_write_all(parts[i], document + i * LARGE, LARGE);
        if (calls->write == S_OK)
            calls->close = attachment_close(parts[i]);
        attachment_release(parts[i]);
    }
    return calls->result;
}

/* [S25]: and what the handler returns then changes nothing, if it is no failure. */
static void attachments__written_by_the_handler_itself__arrive(void **state)
{
    (void)state;
    for (HRESULT result = S_OK; result <= S_FALSE; result++) {
        wsd_service_options options = small_rings();
        struct calls calls = {.result = result};
        struct recorded reply;
        struct device device;

        device_start(&device, &options, write_in_handler, &calls);
        device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
        device_release(&device); /* the handler has returned */
        assert_int_equal(http_status(&reply), 200);
        assert_true(reply.whole);
        for (size_t i = 0; i < 2; i++)
            assert_part(&reply, i + 1, document + i * LARGE, LARGE);
        assert_hr(calls.reply, S_OK);
        assert_hr(calls.again, INVALID_OPERATION);
        assert_hr(calls.body, INVALID_OPERATION);
        assert_hr(calls.attach, INVALID_OPERATION);
        assert_hr(calls.write, S_OK);
        assert_hr(calls.close, S_OK);
        recorded_free(&reply);
    }
}

/* Waits until the attachment is ready, or the client has taken something. */
static void await_progress(IWSDOutboundAttachment *part, struct http_client *client)
{
    struct pollfd items[2] = {
        {attachment_ready_fd(part), POLLIN, 0},
        {client->fd, POLLIN, 0},
    };

    assert_in_range(poll(items, 2, PEER_PATIENCE_MS), 1, 2);
    if (items[0].revents == 0)
        http_await(client, 1);
}

static void attachment__that_never_waits__is_written_when_it_is_ready(void **state)
{
    struct answer answer = {.count = 2};
    struct http_client client;
    struct recorded reply;
    struct device device;

    (void)state;
    answer_begin(&answer, &device, &client);
    for (size_t i = 0; i < 2; i++) {
        bool is_closed = false;
        size_t done = 0;

        attachment_set_budget(answer.parts[i], 0);
        while (!is_closed) {
            DWORD written = 0;
            HRESULT hr = done < LARGE ? attachment_write(answer.parts[i], document + done,
                                                         LARGE - done, &written)
                                      : attachment_close(answer.parts[i]);

            is_closed = done == LARGE && hr == S_OK;
            done += written;
            if (hr == S_OK)
                continue;
            assert_hr(hr, STG_S_BLOCK);
            await_progress(answer.parts[i], &client);
        }
    }
    http_receive(&client, &reply);
    assert_true(reply.whole);
    for (size_t i = 0; i < 2; i++)
        assert_part(&reply, i + 1, document, LARGE);
    recorded_free(&reply);
    http_close(&client);
    answer_release(&answer);
    device_release(&device);
}

/* ---- wsd_service_reply ----------------------------------------------------------------
 */

/* [S26] */
static void reply__message_of_somebody_else__is_refused(void **state)
{
    struct peer *peer;
    static const struct peer_step takes_all[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct upload upload;

    (void)state;
    assert_hr(wsd_service_reply(NULL), E_POINTER);
    peer = PEER_START(takes_all);
    upload_make(&upload, NULL, 0);
    assert_hr(wsd_service_reply(upload.message), E_INVALIDARG);
    upload_send(&upload, peer_url(peer)); /* it is as it was */
    assert_hr(upload_result(&upload), S_OK);
    assert_hr(wsd_service_reply(upload.message), E_INVALIDARG);
    upload_free(&upload);
    peer_stop(peer);
}

static HRESULT WSD_CALL send_by_client(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    HRESULT *sent = context;
    wsd_client *client;
    HRESULT hr = wsd_client_create(NULL, &client);

    if (hr != S_OK)
        return hr;
    hr = answer_plainly(NULL, request, reply);
    *sent = wsd_client_send(client, peer_refusing_url(), reply);
    wsd_client_release(client);
    return hr;
}

/* [L40] */
static void reply__given_to_a_client__is_refused(void **state)
{
    struct device device;
    HRESULT sent = S_OK;

    (void)state;
    device_start(&device, NULL, send_by_client, &sent);
    assert_int_equal(device_status(&device), 200);
    assert_hr(sent, INVALID_OPERATION);
    device_release(&device);
}

/* A body that makes the envelope too large, sent as the row says. */
struct large {
    bool by_call;
    HRESULT hr, retry;
};

static HRESULT WSD_CALL answer_too_much(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    struct large *large = context;
    char body[2000];

    snprintf(body, sizeof(body), "<a><b>%01900d</b><c/></a>", 0);
    large->hr = wsd_outbound_message_set_body(reply, body, strlen(body));
    if (large->hr != S_OK || !large->by_call)
        return large->hr;
    large->hr = wsd_service_reply(reply);
    large->retry = answer_plainly(NULL, request, reply); /* it may be changed still */
    if (large->retry == S_OK)
        large->retry = wsd_service_reply(reply);
    return S_OK;
}

/* [S27] */
static void reply__envelope_above_the_limit__is_refused(void **state)
{
    (void)state;
    for (int by_call = 0; by_call < 2; by_call++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct large large = {.by_call = by_call};
        struct recorded reply;
        struct device device;

        options.max_envelope_bytes = 2000;
        device_start(&device, &options, answer_too_much, &large);
        device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
        device_release(&device); /* the handler has returned */
        if (by_call) {
            assert_hr(large.hr, WS_E_QUOTA_EXCEEDED);
            assert_hr(large.retry, S_OK);
            assert_int_equal(http_status(&reply), 200);
            assert_says(&reply, ANSWER);
        } else {
            assert_hr(large.hr, S_OK);
            assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
        }
        recorded_free(&reply);
    }
}

/* Two parts of 2^62 octets each. */
static HRESULT WSD_CALL declare_too_much(void *context, wsd_inbound_message *request,
                                         wsd_outbound_message *reply)
{
    const uint64_t length = UINT64_C(1) << 62;
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    IWSDOutboundAttachment *parts[2] = {NULL};
    HRESULT hr = answer_plainly(NULL, request, reply);

    options.length = &length;
    for (size_t i = 0; i < 2 && hr == S_OK; i++) {
        parts[i] = attachment_create();
        hr = wsd_outbound_message_attach(
            reply, i == 0 ? "UploadResponse/Page[1]" : "UploadResponse/Page[2]", parts[i],
            &options);
        attachment_release(parts[i]);
    }
    *(HRESULT *)context = hr == S_OK ? wsd_service_reply(reply) : hr;
    return S_OK;
}

/* [S40] */
static void reply__lengths_above_the_largest__is_refused(void **state)
{
    HRESULT replied = S_OK;
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, NULL, declare_too_much, &replied);
    device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
    device_release(&device);
    assert_hr(replied, E_INVALIDARG);
    assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
    recorded_free(&reply);
}

struct aborted {
    bool releases;
    HRESULT reply, second;
};

static HRESULT WSD_CALL reply_with_aborted(void *context, wsd_inbound_message *request,
                                           wsd_outbound_message *reply)
{
    struct aborted *aborted = context;
    IWSDOutboundAttachment *parts[2];
    HRESULT hr = answer_attach(reply, parts, 2);
    DWORD written;

    (void)request;
    if (hr != S_OK)
        return hr;
    wsd_attachment_set_wait_budget((IWSDAttachment *)parts[0], 0);
    attachment_write(parts[0], "a", 1, &written);
    if (!aborted->releases)
        attachment_abort(parts[0]);
    attachment_release(parts[0]);
    aborted->reply = wsd_service_reply(reply);
    aborted->second = attachment_open(parts[1]);
    attachment_release(parts[1]);
    return aborted->reply;
}

/* [S4] */
static void reply__attachment_aborted_before__is_a_fault(void **state)
{
    (void)state;
    for (int releases = 0; releases < 2; releases++) {
        struct aborted aborted = {.releases = releases};
        struct recorded reply;
        struct device device;

        device_start(&device, NULL, reply_with_aborted, &aborted);
        device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
        device_release(&device); /* the handler has returned */
        assert_hr(aborted.reply, E_ABORT);
        assert_hr(aborted.second, E_ABORT);
        assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
        recorded_free(&reply);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply__plain__is_this_envelope_with_a_length),
        cmocka_unit_test(reply__with_attachments__is_a_package_in_chunks),
        cmocka_unit_test(reply__with_declared_lengths__has_a_content_length),
        cmocka_unit_test(attachments__written_before_they_are_attached__arrive),
        cmocka_unit_test(attachments__written_by_the_handler_itself__arrive),
        cmocka_unit_test(attachment__that_never_waits__is_written_when_it_is_ready),
        cmocka_unit_test(reply__message_of_somebody_else__is_refused),
        cmocka_unit_test(reply__given_to_a_client__is_refused),
        cmocka_unit_test(reply__envelope_above_the_limit__is_refused),
        cmocka_unit_test(reply__lengths_above_the_largest__is_refused),
        cmocka_unit_test(reply__attachment_aborted_before__is_a_fault),
    };

    return cmocka_run_group_tests_name("service_reply_contract", tests, make_document,
                                       free_document);
}
