/* The promises of wsd_service.h for what a handler can come to: it gives an attachment
 * up, it fails, it has no reply, or a fault. */
#include "support/device.h"

#include <stdatomic.h>

#define RING 10000

static const char document[2 * RING];

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

/* [S4]: one of them will do, and the others' writers do not wait for ever. */
static void attachment__given_back_unwritten__fails_the_others(void **state)
{
    struct answer answer = {.count = 3};
    struct http_client client;
    struct recorded reply;
    struct device device;

    (void)state;
    answer_begin(&answer, &device, &client);
    attachment_release(answer.parts[1]);
    answer.parts[1] = NULL;
    http_receive(&client, &reply);
    assert_fault(&reply, 500, "Receiver", "EndpointUnavailable");
    attachment_set_budget(answer.parts[0], INFINITE);
    assert_hr(attachment_open(answer.parts[0]), E_ABORT);
    assert_hr(attachment_abort(answer.parts[2]), E_ABORT);
    recorded_free(&reply);
    http_close(&client);
    answer_release(&answer);
    device_release(&device);
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
    bool has_body, has_part, has_replied, leaves_unwritten;
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
    if (verdict->set_up == S_OK && verdict->has_replied && verdict->has_part &&
        !verdict->leaves_unwritten)
        verdict->set_up = attachment_write_all(verdict->part, document, RING);
    atomic_store(&verdict->has_returned, true);
    return verdict->hr;
}

/* [S7] */
static void handler__of_a_one_way_message__is_answered_with_202(void **state)
{
    static const char one_way[] = SOAP("<a:Action>urn:event</a:Action>", "<event/>");

    (void)state;
    for (int way = 0; way < 3; way++) {
        const bool has_part = way > 0;
        struct verdict verdict = {.hr = S_FALSE,
                                  .has_body = true,
                                  .has_part = has_part,
                                  .has_replied = way == 2,
                                  .leaves_unwritten = true};
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

/* [S34] */
static void handler__declines_behind_its_reply__the_reply_goes_on(void **state)
{
    (void)state;
    for (int has_part = 0; has_part < 2; has_part++) {
        struct verdict verdict = {
            .hr = S_FALSE, .has_body = true, .has_part = has_part, .has_replied = true};
        struct http_client client;
        struct recorded reply;
        struct device device;

        device_start(&device, NULL, judge, &verdict);
        http_open(&client, device.port);
        http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
        WORKER_AWAIT(atomic_load(&verdict.has_returned));
        if (has_part) {
            assert_hr(attachment_close(verdict.part), S_OK);
            attachment_release(verdict.part);
        }
        http_receive(&client, &reply);
        assert_hr(verdict.set_up, S_OK);
        assert_true(reply.whole);
        assert_int_equal(http_status(&reply), 200);
        if (has_part)
            assert_part(&reply, 1, document, RING);
        else
            assert_says(&reply, ANSWER);
        recorded_free(&reply);
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
    WORKER_AWAIT(atomic_load(&verdict.has_returned));
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
        cmocka_unit_test(attachments__all_given_back_unwritten__are_a_fault),
        cmocka_unit_test(attachment__given_back_unwritten__fails_the_others),
        cmocka_unit_test(attachment__given_up_in_the_middle__cuts_the_connection),
        cmocka_unit_test(handler__of_a_one_way_message__is_answered_with_202),
        cmocka_unit_test(handler__declines_behind_its_reply__the_reply_goes_on),
        cmocka_unit_test(handler__that_fails__is_a_fault),
        cmocka_unit_test(handler__that_returns_another_success__has_not_answered),
        cmocka_unit_test(handler__that_fails_behind_its_reply__cuts_the_connection),
        cmocka_unit_test(fault__of_each_code__has_its_status),
    };

    return cmocka_run_group_tests_name("service_outcome_contract", tests, NULL, NULL);
}
