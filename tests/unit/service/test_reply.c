#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "service/reply.h"
#include "support/failing_mem.h"
#include "support/fake_inbound_host.h"
#include "wsd_error.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))

#define ACTION "http://example.org/s/GetResponse"
#define BODY "<y><a/><b/></y>"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

static const struct wsd_log_subject nobody = {0};
static const struct wsd_inbound_options defaults = {.max_text_bytes = 2000,
                                                    .attachments = {64, 0}};

/* A reply without its call. */
struct rig {
    struct failing_mem heap;
    struct fake_inbound_host owner;
    struct wsd_reply reply;
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *attached[2];
    struct wsd_call_reply seen; /* by the last look() */
    char body[4096];
    size_t size;
};

static void rig_init(struct rig *rig)
{
    memset(rig, 0, sizeof(*rig));
    rig->heap = (struct failing_mem)FAILING_MEM(-1, &rig->heap);
    fake_inbound_host_init(&rig->owner);
    assert_hr(wsd_reply_init(&rig->reply, &rig->owner.seam, NULL), S_OK);
    assert_hr(wsd_message_create(&rig->heap.mem, ACTION, &rig->message), S_OK);
    assert_hr(wsd_message_set_body(rig->message, BODY, strlen(BODY)), S_OK);
}

/* Not ended yet: as when the connection goes. */
static void rig_fini(struct rig *rig)
{
    wsd_reply_end(&rig->reply, &nobody, WS_E_ENDPOINT_DISCONNECTED);
    wsd_message_release(rig->message);
    for (size_t i = 0; i < COUNT(rig->attached); i++)
        if (rig->attached[i] != NULL)
            rig->attached[i]->lpVtbl->Release(rig->attached[i]);
    wsd_reply_fini(&rig->reply);
    assert_int_equal(atomic_load(&rig->owner.references), 0);
    assert_int_equal(rig->heap.live, 0);
}

static void attach_declared(struct rig *rig, size_t index, uint64_t length)
{
    IWSDOutboundAttachment **it = &rig->attached[index];
    struct wsd_outbound *inside;

    assert_hr(wsd_outbound_create(&rig->heap.mem, it), S_OK);
    inside = wsd_outbound_from((IWSDAttachment *)*it);
    wsd_waiting_set_budget(wsd_outbound_waiting(inside), 0);
    assert_hr(wsd_message_attach(rig->message, index == 0 ? "y/a" : "y/b", inside,
                                 "text/plain", length),
              S_OK);
}

static void attach(struct rig *rig, size_t index)
{
    attach_declared(rig, index, WSD_LENGTH_UNKNOWN);
}

static HRESULT send_it(struct rig *rig)
{
    return wsd_reply_send(&rig->reply, rig->message, NULL, &defaults);
}

static HRESULT write_to(struct rig *rig, size_t index, const char *text)
{
    IWSDOutboundAttachment *it = rig->attached[index];
    DWORD written;

    return it->lpVtbl->Write(it, (const BYTE *)text, (DWORD)strlen(text), &written);
}

static HRESULT close_it(struct rig *rig, size_t index)
{
    return rig->attached[index]->lpVtbl->Close(rig->attached[index]);
}

static enum wsd_call_outcome look(struct rig *rig)
{
    return wsd_reply_look(&rig->reply, NULL, &rig->heap.mem, &rig->seen);
}

/* As much as there is. */
static enum wsd_pull pull(struct rig *rig)
{
    enum wsd_pull pulled = WSD_PULL_BYTES;

    while (pulled == WSD_PULL_BYTES || pulled == WSD_PULL_NOTHING_YET) {
        size_t size = 99;

        pulled =
            wsd_reply_pull(&rig->reply, (uint8_t *)rig->body + rig->size, 100, &size);
        rig->size += size;
        assert_in_range(rig->size, 0, sizeof(rig->body) - 101);
        rig->body[rig->size] = '\0';
        if (pulled == WSD_PULL_NOTHING_YET)
            rig->reply.body->hurry = true;
    }
    return pulled;
}

static void assert_body(struct rig *rig, const char *part)
{
    if (strstr(rig->body, part) == NULL)
        fail_msg("no '%s' in %s", part, rig->body);
}

/* It is decided, with this status; what it says goes into rig->body. */
static void assert_reply(struct rig *rig, int status)
{
    assert_int_equal(look(rig), WSD_CALL_REPLIES);
    assert_int_equal(rig->seen.status, status);
    rig->size = 0;
    assert_int_equal(pull(rig), WSD_PULL_END);
}

static int wakes(struct rig *rig)
{
    return atomic_load(&rig->owner.wakes);
}

/* ---- the handler's message ---- */

static void send__without_attachments__begins_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_int_equal(look(&rig), WSD_CALL_PENDING);
    assert_hr(send_it(&rig), S_OK);
    assert_int_equal(wakes(&rig), 1);
    assert_true(rig.message->sent);
    assert_reply(&rig, 200);
    assert_true(rig.seen.has_body);
    assert_false(rig.seen.multipart);
    assert_string_equal(rig.seen.content_type, "application/soap+xml");
    assert_int_equal(rig.seen.body_length, rig.size);
    assert_body(&rig, "<wsa:Action>" ACTION "</wsa:Action>");
    assert_body(&rig, "<soap:Body>" BODY "</soap:Body>");
    assert_null(strstr(rig.body, "RelatesTo")); /* nobody knows to what */
    wsd_reply_end(&rig.reply, &nobody, S_OK);
    assert_int_equal(atomic_load(&rig.message->references), 1);
    rig_fini(&rig);
}

static void send__with_attachments__begins_with_the_first_write(void **state)
{
    struct rig rig;
    int before;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    attach(&rig, 1);
    assert_hr(send_it(&rig), S_OK);
    assert_int_equal(wakes(&rig), 0);
    assert_int_equal(look(&rig), WSD_CALL_PENDING);
    assert_hr(write_to(&rig, 1, "b"), STG_S_BLOCK); /* it is not its turn yet */
    assert_int_equal(wakes(&rig), 1);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_true(rig.seen.multipart);
    assert_true(rig.seen.body_length == WSD_LENGTH_UNKNOWN);
    assert_hr(write_to(&rig, 0, "a"), STG_S_BLOCK);
    assert_int_equal(wakes(&rig), 1); /* it begins once */

    assert_int_equal(pull(&rig), WSD_PULL_NOTHING_NOW);
    before = wakes(&rig);
    assert_hr(write_to(&rig, 0, "first"), S_OK);
    assert_int_equal(wakes(&rig), before + 1);
    assert_hr(close_it(&rig, 0), STG_S_BLOCK);
    assert_int_equal(pull(&rig), WSD_PULL_NOTHING_NOW);
    assert_hr(write_to(&rig, 1, "second"), S_OK);
    assert_hr(close_it(&rig, 1), STG_S_BLOCK);
    assert_int_equal(pull(&rig), WSD_PULL_END);
    assert_body(&rig, "\r\n\r\nfirst\r\n--");
    assert_body(&rig, "\r\n\r\nsecond\r\n--");
    wsd_reply_end(&rig.reply, &nobody, S_OK);
    assert_hr(close_it(&rig, 0), S_OK);
    assert_hr(close_it(&rig, 1), S_OK);
    rig_fini(&rig);
}

/* As when an application's Write waits on another thread while its handler sends. */
static void send__wanted_before__begins_at_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    rig.reply.host.vtable->start(&rig.reply.host);
    assert_int_equal(wakes(&rig), 0);
    assert_int_equal(look(&rig), WSD_CALL_PENDING);
    assert_hr(send_it(&rig), S_OK);
    assert_int_equal(wakes(&rig), 1);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    rig_fini(&rig);
}

static void send__with_declared_lengths__has_a_length(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach_declared(&rig, 0, 5);
    attach_declared(&rig, 1, 0);
    assert_hr(send_it(&rig), S_OK);
    assert_hr(write_to(&rig, 0, ""), STG_S_BLOCK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_int_equal(pull(&rig), WSD_PULL_NOTHING_NOW);
    assert_hr(write_to(&rig, 0, "12345"), S_OK);
    assert_hr(close_it(&rig, 0), STG_S_BLOCK);
    assert_int_equal(pull(&rig), WSD_PULL_NOTHING_NOW);
    assert_hr(write_to(&rig, 1, ""), S_OK);
    assert_hr(close_it(&rig, 1), STG_S_BLOCK);
    assert_int_equal(pull(&rig), WSD_PULL_END);
    assert_int_equal(rig.seen.body_length, rig.size);
    rig_fini(&rig);
}

static void send__of_a_fault__has_the_status_of_its_code(void **state)
{
    static const struct {
        const char *code;
        int status;
    } rows[] = {{"Sender", 400},
                {"Receiver", 500},
                {"MustUnderstand", 500},
                {"VersionMismatch", 500},
                {"DataEncodingUnknown", 500}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const wsd_fault fault = {.code = rows[i].code, .reason = "why"};
        struct rig rig;

        rig_init(&rig);
        assert_hr(wsd_message_set_fault(rig.message, &fault), S_OK);
        assert_hr(send_it(&rig), S_OK);
        assert_reply(&rig, rows[i].status);
        assert_body(&rig, rows[i].code);
        assert_false(wsd_reply_is_refused(&rig.reply));
        rig_fini(&rig);
    }
}

static void send__too_large__leaves_the_message_changeable(void **state)
{
    char large[2100];
    struct rig rig;

    (void)state;
    rig_init(&rig);
    memset(large, ' ', sizeof(large));
    memcpy(large, "<z>x", 4);
    memcpy(large + sizeof(large) - 5, "</z>", 5);
    assert_hr(wsd_message_set_body(rig.message, large, sizeof(large) - 1), S_OK);
    assert_hr(send_it(&rig), WS_E_QUOTA_EXCEEDED);
    assert_false(rig.message->sent);
    assert_int_equal(wakes(&rig), 0);
    assert_int_equal(look(&rig), WSD_CALL_PENDING);

    assert_hr(wsd_message_set_body(rig.message, BODY, strlen(BODY)), S_OK);
    attach(&rig, 0);
    assert_hr(send_it(&rig), S_OK);
    assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    rig_fini(&rig);
}

static void send__each_allocation_fails__leaves_the_message_changeable(void **state)
{
    int grants = 0;
    HRESULT hr;

    (void)state;
    do {
        struct rig rig;

        rig_init(&rig);
        attach(&rig, 0);
        rig.heap.grants = grants;
        hr = send_it(&rig);
        rig.heap.grants = -1;
        if (hr != S_OK) {
            assert_hr(hr, E_OUTOFMEMORY);
            assert_false(rig.message->sent);
            assert_int_equal(look(&rig), WSD_CALL_PENDING);
            attach(&rig, 1);
            assert_hr(send_it(&rig), S_OK);
        }
        assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
        assert_int_equal(look(&rig), WSD_CALL_REPLIES);
        rig_fini(&rig);
        grants++;
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 5, 99);
}

/* ---- it fails ---- */

static void send__an_attachment_is_gone__is_a_fault(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    attach(&rig, 1);
    rig.attached[1]->lpVtbl->Release(rig.attached[1]);
    rig.attached[1] = NULL;
    assert_hr(send_it(&rig), E_ABORT);
    assert_true(rig.message->sent);
    assert_hr(write_to(&rig, 0, "x"), E_ABORT);
    assert_int_equal(wakes(&rig), 1);
    assert_reply(&rig, 500);
    assert_body(&rig, ":EndpointUnavailable<");
    rig_fini(&rig);
}

static void abort__before_it_has_begun__is_a_fault(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    attach(&rig, 1);
    assert_hr(send_it(&rig), S_OK);
    rig.attached[0]->lpVtbl->Release(rig.attached[0]);
    rig.attached[0] = NULL;
    assert_int_equal(wakes(&rig), 1);
    assert_false(wsd_reply_is_cut(&rig.reply));
    assert_reply(&rig, 500);
    assert_hr(write_to(&rig, 1, "x"), E_ABORT); /* what the client was told is final */
    rig_fini(&rig);
}

static void abort__after_it_has_begun__cuts(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    assert_hr(send_it(&rig), S_OK);
    assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
    assert_hr(rig.attached[0]->lpVtbl->Abort(rig.attached[0]), S_OK);
    assert_int_equal(wakes(&rig), 2);
    assert_true(wsd_reply_is_cut(&rig.reply));
    assert_int_equal(look(&rig), WSD_CALL_CUT);
    rig_fini(&rig);
}

/* The server may find it before the attachment has told its host: it was us all the same.
 */
static void pull__an_attachment_has_failed__cuts(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    assert_hr(send_it(&rig), S_OK);
    assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    wsd_message_fail(rig.message, E_ABORT);
    assert_false(wsd_reply_is_cut(&rig.reply));
    assert_int_equal(pull(&rig), WSD_PULL_ABORTED);
    assert_true(wsd_reply_is_cut(&rig.reply));
    rig_fini(&rig);
}

static void fail__before_it_has_begun__is_a_fault_for_the_first(void **state)
{
    struct rig rig;
    char first[sizeof(rig.body)];

    (void)state;
    rig_init(&rig);
    wsd_reply_fail(&rig.reply, E_INVALIDARG);
    assert_int_equal(wakes(&rig), 1);
    wsd_reply_fail(&rig.reply, E_FAIL);
    assert_reply(&rig, 400);
    assert_body(&rig, "<soap:Value>soap:Sender<");
    assert_true(wsd_reply_is_refused(&rig.reply));
    strcpy(first, rig.body);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES); /* it is not made again */
    assert_int_equal(pull(&rig), WSD_PULL_END);
    assert_string_equal(rig.body, first);
    assert_hr(send_it(&rig), E_ABORT);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_int_equal(rig.seen.status, 400);
    rig_fini(&rig);
}

static void fail__after_it_has_begun__cuts(void **state)
{
    struct rig rig;
    size_t size = 99;

    (void)state;
    rig_init(&rig);
    assert_hr(send_it(&rig), S_OK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    wsd_reply_fail(&rig.reply, E_FAIL);
    assert_int_equal(wakes(&rig), 2);
    assert_int_equal(look(&rig), WSD_CALL_CUT);
    assert_int_equal(wsd_reply_pull(&rig.reply, (uint8_t *)rig.body, 100, &size),
                     WSD_PULL_ABORTED);
    assert_int_equal(size, 0);
    rig_fini(&rig);
}

/* Those attached before and after, when there is a draft before or after. */
static void draft__its_reply_is_cut_or_ends__fails_its_attachments(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        const bool first = way < 2, ends = way % 2 == 1;
        struct rig rig;

        rig_init(&rig);
        attach(&rig, 0);
        if (first)
            wsd_reply_draft(&rig.reply, rig.message);
        assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
        if (ends)
            wsd_reply_end(&rig.reply, &nobody, S_OK);
        else
            wsd_reply_cut(&rig.reply);
        if (!first)
            wsd_reply_draft(&rig.reply, rig.message);
        assert_hr(write_to(&rig, 0, "x"), E_ABORT);
        attach(&rig, 1);
        assert_hr(write_to(&rig, 1, "x"), E_ABORT);
        wsd_reply_draft(&rig.reply, NULL);
        assert_int_equal(atomic_load(&rig.message->references), 1);
        rig_fini(&rig);
    }
}

static void cut__at_any_time__is_final(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    assert_false(wsd_reply_is_cut(&rig.reply));
    wsd_reply_cut(&rig.reply);
    assert_int_equal(wakes(&rig), 1);
    assert_true(wsd_reply_is_cut(&rig.reply));
    assert_int_equal(look(&rig), WSD_CALL_CUT);
    assert_hr(send_it(&rig), E_ABORT);
    assert_hr(write_to(&rig, 0, "x"), E_ABORT);
    wsd_reply_decline(&rig.reply);
    wsd_reply_fail(&rig.reply, E_FAIL);
    assert_int_equal(look(&rig), WSD_CALL_CUT);
    rig_fini(&rig);
}

/* ---- there is none ---- */

static void decline__nothing_sent__is_202_without_a_body(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    wsd_reply_decline(&rig.reply);
    assert_int_equal(wakes(&rig), 1);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_int_equal(rig.seen.status, 202);
    assert_false(rig.seen.has_body);
    wsd_reply_end(&rig.reply, &nobody, S_OK);
    rig_fini(&rig);
}

/* It was sent all the same, and has not begun. */
static void decline__sent_before__fails_its_attachments(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    assert_hr(send_it(&rig), S_OK);
    wsd_reply_decline(&rig.reply);
    assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_int_equal(rig.seen.status, 202);
    assert_hr(write_to(&rig, 0, "x"), E_ABORT);
    wsd_reply_end(&rig.reply, &nobody, S_OK);
    rig_fini(&rig);
}

static void decline__it_has_begun__goes_on(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_hr(send_it(&rig), S_OK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    wsd_reply_decline(&rig.reply);
    assert_reply(&rig, 200);
    assert_body(&rig, BODY);
    rig_fini(&rig);
}

static void refuse__whatever_else_there_is__goes_out_in_its_place(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_false(wsd_reply_is_refused(&rig.reply));
    assert_hr(send_it(&rig), S_OK);
    wsd_reply_refuse(&rig.reply, &wsd_refusal_too_large, NULL, &rig.heap.mem);
    assert_true(wsd_reply_is_refused(&rig.reply));
    assert_reply(&rig, 413);
    assert_true(rig.seen.has_body);
    assert_false(rig.seen.multipart);
    assert_string_equal(rig.seen.content_type, "application/soap+xml");
    assert_int_equal(rig.seen.body_length, rig.size);
    assert_body(&rig, "<soap:Value>soap:Sender</soap:Value></soap:Code>");
    assert_body(&rig, wsd_refusal_too_large.reason);
    assert_body(&rig, "/fault</wsa:Action>");
    assert_null(strstr(rig.body, "Subcode"));
    rig_fini(&rig);
}

static void refuse__each_allocation_fails__cuts(void **state)
{
    int grants = 0;
    bool cut;

    (void)state;
    do {
        struct rig rig;

        rig_init(&rig);
        rig.heap.grants = grants;
        wsd_reply_refuse(&rig.reply, &wsd_refusal_no_such_path, NULL, &rig.heap.mem);
        cut = look(&rig) == WSD_CALL_CUT;
        assert_int_equal(wsd_reply_is_cut(&rig.reply), cut);
        if (!cut)
            assert_reply(&rig, 404);
        rig_fini(&rig);
        grants++;
    } while (cut && grants < 100);
    assert_in_range(grants, 5, 99);
}

/* ---- it ends ---- */

static void end__before_the_handler_sends__is_too_late_for_it(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    wsd_reply_end(&rig.reply, &nobody, WS_E_ENDPOINT_DISCONNECTED);
    assert_hr(send_it(&rig), E_ABORT);
    assert_hr(write_to(&rig, 0, "x"), E_ABORT);
    assert_int_equal(atomic_load(&rig.message->references), 1);
    rig_fini(&rig);
}

/* Whole for us, and the network has not taken all of it. */
static void end__not_all_is_out__fails_what_waits_for_it(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    attach(&rig, 0);
    assert_hr(send_it(&rig), S_OK);
    assert_hr(write_to(&rig, 0, "x"), STG_S_BLOCK);
    assert_int_equal(look(&rig), WSD_CALL_REPLIES);
    assert_int_equal(pull(&rig), WSD_PULL_NOTHING_NOW);
    assert_hr(write_to(&rig, 0, "x"), S_OK);
    assert_hr(close_it(&rig, 0), STG_S_BLOCK);
    assert_int_equal(pull(&rig), WSD_PULL_END);
    wsd_reply_end(&rig.reply, &nobody, HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT));
    assert_hr(close_it(&rig, 0), HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT));
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send__without_attachments__begins_at_once),
        cmocka_unit_test(send__with_attachments__begins_with_the_first_write),
        cmocka_unit_test(send__wanted_before__begins_at_once),
        cmocka_unit_test(send__with_declared_lengths__has_a_length),
        cmocka_unit_test(send__of_a_fault__has_the_status_of_its_code),
        cmocka_unit_test(send__too_large__leaves_the_message_changeable),
        cmocka_unit_test(send__each_allocation_fails__leaves_the_message_changeable),
        cmocka_unit_test(send__an_attachment_is_gone__is_a_fault),
        cmocka_unit_test(abort__before_it_has_begun__is_a_fault),
        cmocka_unit_test(abort__after_it_has_begun__cuts),
        cmocka_unit_test(pull__an_attachment_has_failed__cuts),
        cmocka_unit_test(fail__before_it_has_begun__is_a_fault_for_the_first),
        cmocka_unit_test(draft__its_reply_is_cut_or_ends__fails_its_attachments),
        cmocka_unit_test(fail__after_it_has_begun__cuts),
        cmocka_unit_test(cut__at_any_time__is_final),
        cmocka_unit_test(decline__nothing_sent__is_202_without_a_body),
        cmocka_unit_test(decline__sent_before__fails_its_attachments),
        cmocka_unit_test(decline__it_has_begun__goes_on),
        cmocka_unit_test(refuse__whatever_else_there_is__goes_out_in_its_place),
        cmocka_unit_test(refuse__each_allocation_fails__cuts),
        cmocka_unit_test(end__before_the_handler_sends__is_too_late_for_it),
        cmocka_unit_test(end__not_all_is_out__fails_what_waits_for_it),
    };

    return cmocka_run_group_tests_name("reply", tests, NULL, NULL);
}
