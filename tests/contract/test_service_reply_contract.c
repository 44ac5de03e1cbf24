/* The promises of wsd_service.h for replies: what the client gets, and what becomes of a
 * reply's attachments. */
#include "support/device.h"

#include <stdatomic.h>
#include <stdio.h>

#include <poll.h>

#include "support/foreign_attachment.h"
#include "support/peer.h"

#define RING 10000
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

static wsd_service_options small_rings(void)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    options.ring_bytes = RING;
    return options;
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

/* One that answers with attachments; who writes them is another matter. */
struct answer {
    size_t count;
    IWSDOutboundAttachment *parts[4];
    HRESULT hr;
    atomic_bool has_returned;
};

static HRESULT WSD_CALL answer_with_parts(void *context, wsd_inbound_message *request,
                                          wsd_outbound_message *reply)
{
    struct answer *answer = context;

    (void)request;
    answer->hr = answer_attach(reply, answer->parts, answer->count);
    atomic_store(&answer->has_returned, true);
    return answer->hr;
}

static void answer_release(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (answer->parts[i] != NULL)
            attachment_release(answer->parts[i]);
}

/* A client whose request's handler has returned, having put attachments into the reply.
 */
static void answer_begin(struct answer *answer, struct device *device,
                         struct http_client *client)
{
    wsd_service_options options = small_rings();

    device_start(device, &options, answer_with_parts, answer);
    http_open(client, device->port);
    http_post(client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&answer->has_returned));
    assert_hr(answer->hr, S_OK);
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

/* ---- Who writes -----------------------------------------------------------------------
 */

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
        struct writer *writer = &scanning->writers[i];

        hr = WSDCreateOutboundAttachment(&writer->part);
        if (hr != S_OK)
            break;
        writer->bytes = document + i * LARGE;
        writer->size = LARGE;
        worker_start(&writer->worker, write_blocks, writer);
        /* It is in Write by now. */
        WORKER_AWAIT(wsd_attachment_set_ready_callback((IWSDAttachment *)writer->part,
                                                       NULL, NULL) == INVALID_OPERATION);
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

/* And no message of a service's goes to a client. */
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

static void reply__given_to_a_client__is_refused(void **state)
{
    struct device device;
    HRESULT sent = S_OK;

    (void)state;
    device_start(&device, NULL, send_by_client, &sent);
    assert_int_equal(device_status(&device), 200);
    assert_true(FAILED(sent));
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

/* ---- Given up -------------------------------------------------------------------------
 */

/* [S4]: nothing had been sent, so that the client can be told. */
static void attachments__all_given_back_unwritten__are_a_fault(void **state)
{
    (void)state;
    for (int aborts = 0; aborts < 2; aborts++) {
        struct answer answer = {.count = 2};
        struct http_client client;
        struct recorded reply;
        struct device device;

        answer_begin(&answer, &device, &client);
        if (aborts) {
            attachment_set_budget(answer.parts[1], 0);
            assert_hr(attachment_abort(answer.parts[1]), INVALID_OPERATION);
        }
        answer_release(&answer);
        http_receive(&client, &reply);
        assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
        recorded_free(&reply);
        http_close(&client);
        device_release(&device);
    }
}

/* The writer gives up in the middle: the client sees neither the closing delimiter nor
 * the last chunk, and the next one is served. */
static void attachment__given_up_in_the_middle__cuts_the_connection(void **state)
{
    enum { ABORT_IT, RELEASE_IT, ABORT_CLOSING, RELEASE_OTHER, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct answer answer = {.count = 2};
        struct http_client client;
        struct recorded reply;
        struct device device;
        DWORD written;

        answer_begin(&answer, &device, &client);
        if (way == ABORT_CLOSING) {
            attachment_stuff(answer.parts[0]);
            assert_hr(attachment_close(answer.parts[0]), STG_S_BLOCK);
        } else {
            assert_hr(attachment_write_all(answer.parts[0], document, RING + 1), S_OK);
        }

        if (way == ABORT_IT || way == ABORT_CLOSING)
            assert_hr(attachment_abort(answer.parts[0]), S_OK);
        else
            attachment_release(answer.parts[way == RELEASE_OTHER]);

        http_receive(&client, &reply);
        assert_cut(&reply);
        assert_int_equal(http_status(&reply), 200);
        assert_true(http_has_ended(&client));
        if (way != RELEASE_OTHER) {
            assert_hr(attachment_write(answer.parts[1], "a", 1, &written), E_ABORT);
            answer.parts[0] = way == RELEASE_IT ? NULL : answer.parts[0];
        } else {
            assert_hr(attachment_write(answer.parts[0], "a", 1, &written), E_ABORT);
            answer.parts[1] = NULL;
        }
        atomic_store(&answer.has_returned, false);
        recorded_free(&reply);
        http_close(&client);
        answer_release(&answer);

        http_open(&client, device.port);
        http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
        WORKER_AWAIT(atomic_load(&answer.has_returned));
        for (size_t i = 0; i < 2; i++)
            assert_hr(part_write(answer.parts[i], "next", 4), S_OK);
        http_receive(&client, &reply);
        assert_true(reply.whole);
        assert_part(&reply, 2, "next", 4);
        recorded_free(&reply);
        http_close(&client);
        answer_release(&answer);
        device_release(&device);
    }
}

/* ---- What the handler returns ---------------------------------------------------------
 */

/* Returns what the test wants; keeps an attachment of the reply where there is one. */
struct verdict {
    HRESULT hr;
    bool has_body, has_part, has_replied;
    IWSDOutboundAttachment *part;
    HRESULT set_up;
    atomic_bool has_returned;
};

static HRESULT WSD_CALL judge(void *context, wsd_inbound_message *request,
                              wsd_outbound_message *reply)
{
    struct verdict *verdict = context;

    verdict->set_up = S_OK;
    if (verdict->has_part)
        verdict->set_up = answer_attach(reply, &verdict->part, 1);
    else if (verdict->has_body)
        verdict->set_up = answer_plainly(NULL, request, reply);
    if (verdict->set_up == S_OK && verdict->has_replied)
        verdict->set_up = wsd_service_reply(reply);
    if (verdict->set_up == S_OK && verdict->has_replied && verdict->has_part)
        verdict->set_up = attachment_write_all(verdict->part, document, RING);
    atomic_store(&verdict->has_returned, true);
    return verdict->hr;
}

/* [S7] */
static void handler__of_a_one_way_message__is_answered_with_202(void **state)
{
    static const char one_way[] = SOAP("<a:Action>urn:event</a:Action>", "<event/>");

    (void)state;
    for (int has_part = 0; has_part < 2; has_part++) {
        struct verdict verdict = {.hr = S_FALSE, .has_body = true, .has_part = has_part};
        struct http_client client;
        struct recorded reply;
        struct device device;

        device_start(&device, NULL, judge, &verdict);
        http_open(&client, device.port);
        for (int again = 0; again < 2; again++) { /* the connection goes on */
            http_post(&client, "/service", SOAP_FIELD, one_way, sizeof(one_way) - 1);
            http_receive(&client, &reply);
            assert_hr(verdict.set_up, S_OK);
            assert_true(reply.whole);
            assert_int_equal(http_status(&reply), 202);
            assert_int_equal(reply.body_size, 0);
            recorded_free(&reply);
            if (has_part) {
                assert_hr(attachment_open(verdict.part), E_ABORT);
                attachment_release(verdict.part);
            }
        }
        http_close(&client);
        device_release(&device);
    }
}

/* [S8]: as the library's own client has it, with the text of the code as its reason. */
static void handler__that_fails__is_a_fault(void **state)
{
    static const struct {
        HRESULT hr;
        const char *code, *subcode;
        int status;
    } rows[] = {
        {E_INVALIDARG, "Sender", "", 400},
        {WS_E_INVALID_FORMAT, "Sender", "", 400},
        {WS_E_QUOTA_EXCEEDED, "Sender", "", 400},
        {HRESULT_FROM_WIN32(ERROR_NOT_FOUND), "Sender", "", 400},
        {E_NOTIMPL, "Sender", "ActionNotSupported", 400},
        {E_FAIL, "Receiver", "EndpointUnavailable", 500},
        {E_OUTOFMEMORY, "Receiver", "EndpointUnavailable", 500},
        {E_ABORT, "Receiver", "EndpointUnavailable", 500},
        {(HRESULT)0x8BADF00Du, "Receiver", "EndpointUnavailable", 500},
        {HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT), "Receiver", "EndpointUnavailable",
         500},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        const size_t row = i / 2;
        struct verdict verdict = {
            .hr = rows[row].hr, .has_body = true, .has_part = i % 2 == 1};
        wsd_inbound_message *reply;
        struct upload upload;
        struct device device;
        wsd_fault fault;

        device_start(&device, NULL, judge, &verdict);
        upload_make(&upload, NULL, 0);
        upload_send(&upload, device.url);
        assert_hr(upload_receive(&upload, &reply), WS_E_ENDPOINT_FAULT_RECEIVED);
        assert_hr(verdict.set_up, S_OK);
        assert_hr(wsd_inbound_message_fault(reply, &fault), S_OK);
        assert_int_equal(wsd_inbound_message_http_status(reply), rows[row].status);
        assert_string_equal(wsd_inbound_message_action(reply), WSA "/fault");
        assert_string_equal(fault.code, rows[row].code);
        assert_string_equal(fault.subcode, rows[row].subcode);
        assert_string_equal(fault.subcode_namespace, rows[row].subcode[0] ? WSA : "");
        assert_string_equal(fault.reason, rows[row].hr == E_NOTIMPL
                                              ? "The service does not know this Action"
                                              : wsd_error_text(rows[row].hr));
        assert_string_equal(fault.detail, "");
        if (verdict.has_part) {
            assert_hr(attachment_open(verdict.part), E_ABORT);
            attachment_release(verdict.part);
        }
        wsd_inbound_message_release(reply);
        upload_free(&upload);
        device_release(&device);
    }
}

/* Success codes that stand for nothing here: not those of an answer. */
static void handler__that_returns_another_success__has_not_answered(void **state)
{
    struct verdict verdict = {.hr = STG_S_BLOCK, .has_body = true};
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, NULL, judge, &verdict);
    device_ask(&device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
    assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
    recorded_free(&reply);
    device_release(&device);
}

/* [S9] */
static void handler__that_fails_behind_its_reply__cuts_the_connection(void **state)
{
    struct verdict verdict = {.hr = E_FAIL, .has_part = true, .has_replied = true};
    struct http_client client;
    struct recorded reply;
    struct device device;
    DWORD written;

    (void)state;
    device_start(&device, NULL, judge, &verdict);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    http_receive(&client, &reply);
    assert_hr(verdict.set_up, S_OK);
    assert_int_equal(http_status(&reply), 200);
    assert_cut(&reply);
    assert_true(http_has_ended(&client));
    assert_hr(attachment_write(verdict.part, "a", 1, &written), E_ABORT);
    attachment_release(verdict.part);
    recorded_free(&reply);
    http_close(&client);

    verdict = (struct verdict){.hr = S_OK, .has_body = true};
    assert_int_equal(device_status(&device), 200);
    device_release(&device);
}

/* ---- Faults ---------------------------------------------------------------------------
 */

static HRESULT WSD_CALL answer_fault(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply)
{
    (void)request;
    return wsd_outbound_message_set_fault(reply, context);
}

/* [M23] [M24] */
static void fault__of_each_code__has_its_status(void **state)
{
    static const struct {
        const char *code;
        int status;
    } rows[] = {
        {"Sender", 400},
        {"Receiver", 500},
        {"MustUnderstand", 500},
        {"VersionMismatch", 500},
        {"DataEncodingUnknown", 500},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_fault fault = {.code = rows[i].code,
                           .subcode = "ClientErrorJobIdNotFound",
                           .subcode_namespace = "urn:scan",
                           .reason = "No job 7",
                           .detail = "<JobId xmlns=\"urn:scan\">7</JobId>"},
                  read;
        wsd_inbound_message *reply;
        struct upload upload;
        struct device device;

        device_start(&device, NULL, answer_fault, &fault);
        upload_make(&upload, NULL, 0);
        upload_send(&upload, device.url);
        assert_hr(upload_receive(&upload, &reply), WS_E_ENDPOINT_FAULT_RECEIVED);
        assert_int_equal(wsd_inbound_message_http_status(reply), rows[i].status);
        assert_string_equal(wsd_inbound_message_action(reply), WSA "/fault");
        assert_hr(wsd_inbound_message_fault(reply, &read), S_OK);
        assert_string_equal(read.code, rows[i].code);
        assert_string_equal(read.subcode, fault.subcode);
        assert_string_equal(read.subcode_namespace, fault.subcode_namespace);
        assert_string_equal(read.reason, fault.reason);
        assert_string_equal(read.detail, fault.detail);
        wsd_inbound_message_release(reply);
        upload_free(&upload);
        device_release(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reply__plain__is_this_envelope_with_a_length),
        cmocka_unit_test(reply__with_attachments__is_a_package_in_chunks),
        cmocka_unit_test(attachments__written_before_they_are_attached__arrive),
        cmocka_unit_test(attachments__written_by_the_handler_itself__arrive),
        cmocka_unit_test(attachment__that_never_waits__is_written_when_it_is_ready),
        cmocka_unit_test(reply__message_of_somebody_else__is_refused),
        cmocka_unit_test(reply__given_to_a_client__is_refused),
        cmocka_unit_test(reply__envelope_above_the_limit__is_refused),
        cmocka_unit_test(reply__attachment_aborted_before__is_a_fault),
        cmocka_unit_test(attachments__all_given_back_unwritten__are_a_fault),
        cmocka_unit_test(attachment__given_up_in_the_middle__cuts_the_connection),
        cmocka_unit_test(handler__of_a_one_way_message__is_answered_with_202),
        cmocka_unit_test(handler__that_fails__is_a_fault),
        cmocka_unit_test(handler__that_returns_another_success__has_not_answered),
        cmocka_unit_test(handler__that_fails_behind_its_reply__cuts_the_connection),
        cmocka_unit_test(fault__of_each_code__has_its_status),
    };

    return cmocka_run_group_tests_name("service_reply_contract", tests, make_document,
                                       free_document);
}
