#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/exchange.h"
#include "os/thread.h"
#include "support/failing_mem.h"
#include "support/fake_transport.h"
#include "support/worker.h"
#include "wsd_error.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)
#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)
#define BAD_LENGTH HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)
#define BROKEN HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define TOO_EARLY HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define ACTION "http://example.org/upload/Upload"
#define URL "http://device:5357/ws?a=1&b=2"
#define ANONYMOUS "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

#define SOAP(body)                                                                       \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>" body      \
    "</s:Body></s:Envelope>"
#define REPLY SOAP("<Done/>")
#define FAULT                                                                            \
    SOAP("<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason>"               \
         "<s:Text xml:lang=\"en\">no</s:Text></s:Reason></s:Fault>")
#define HTML "<html>busy</html>"

/* ---- a message with attachments that never wait, and the transport under it ---- */

enum { MOST = 3, RING = 8 };

static const struct wsd_exchange_options options = {
    .ring_bytes = RING,
    .wait_budget_ms = 0,
    .max_envelope_bytes = WSD_MAX_ENVELOPE,
    .max_reply_bytes = 4000,
    .user_agent = "Test/1 (x)",
};

struct rig {
    struct fake_transport transport;
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *objects[MOST];
    size_t count;
    char body[8000]; /* what the transport took */
};

static struct wsd_outbound *inside(const struct rig *rig, size_t index)
{
    return wsd_outbound_from((IWSDAttachment *)rig->objects[index]);
}

static void rig_create_declared(struct rig *rig, const struct wsd_mem *mem, size_t count,
                                uint64_t length)
{
    static const char xml[] = "<u><d/><d/><d/></u>";

    fake_transport_init(&rig->transport);
    rig->count = count;
    rig->body[0] = '\0';
    assert_hr(wsd_message_create(mem, ACTION, &rig->message), S_OK);
    assert_hr(wsd_message_set_body(rig->message, xml, sizeof(xml) - 1), S_OK);
    for (size_t i = 0; i < count; i++) {
        char path[32];

        snprintf(path, sizeof(path), "u/d[%zu]", i + 1);
        assert_hr(wsd_outbound_create(mem, &rig->objects[i]), S_OK);
        assert_hr(
            wsd_message_attach(rig->message, path, inside(rig, i), "image/jpeg", length),
            S_OK);
    }
}

static void rig_create(struct rig *rig, const struct wsd_mem *mem, size_t count)
{
    rig_create_declared(rig, mem, count, WSD_LENGTH_UNKNOWN);
}

static HRESULT send_message(struct rig *rig)
{
    return wsd_exchange_send(rig->message, &rig->transport.seam, URL, &options);
}

static void rig_send(struct rig *rig, const struct wsd_mem *mem, size_t count)
{
    rig_create(rig, mem, count);
    assert_hr(send_message(rig), S_OK);
    assert_non_null(rig->message->exchange);
    assert_non_null(rig->transport.last);
}

/* As the application does. */
static void release_message(struct rig *rig)
{
    if (rig->message->exchange != NULL)
        wsd_exchange_forget_reply(rig->message->exchange);
    wsd_message_release(rig->message);
}

static void give_back(struct wsd_inbound_message *reply)
{
    if (reply != NULL)
        wsd_inbound_abandon(reply);
}

static void rig_release_objects(struct rig *rig)
{
    for (size_t i = 0; i < rig->count; i++)
        rig->objects[i]->lpVtbl->Release(rig->objects[i]);
}

static void rig_destroy(struct rig *rig)
{
    release_message(rig);
    rig_release_objects(rig);
    assert_int_equal(atomic_load(&rig->transport.live), 0);
}

static HRESULT put(const struct rig *rig, size_t index, const char *text)
{
    DWORD written;
    IWSDOutboundAttachment *object = rig->objects[index];
    HRESULT hr =
        object->lpVtbl->Write(object, (const BYTE *)text, (DWORD)strlen(text), &written);

    assert_int_equal(written, hr == S_OK ? strlen(text) : 0);
    return hr;
}

static HRESULT finish(const struct rig *rig, size_t index)
{
    return rig->objects[index]->lpVtbl->Close(rig->objects[index]);
}

static HRESULT give_up(const struct rig *rig, size_t index)
{
    return rig->objects[index]->lpVtbl->Abort(rig->objects[index]);
}

static enum wsd_pull drain(struct rig *rig)
{
    return fake_transfer_drain(rig->transport.last, rig->body, sizeof(rig->body));
}

/* Writes and closes all attachments; then the request is out. */
static void rig_upload(struct rig *rig)
{
    struct fake_transfer *transfer = rig->transport.last;

    for (size_t i = 0; i < rig->count; i++) {
        assert_hr(put(rig, i, "x"), STG_S_BLOCK);
        drain(rig);
        assert_hr(put(rig, i, "x"), S_OK);
        assert_hr(finish(rig, i), STG_S_BLOCK);
    }
    assert_int_equal(drain(rig), WSD_PULL_END);
    fake_transfer_sent(transfer);
}

static HRESULT receive(const struct rig *rig, DWORD wait_ms,
                       struct wsd_inbound_message **reply)
{
    *reply = (struct wsd_inbound_message *)(uintptr_t)1;
    return wsd_exchange_receive(rig->message->exchange, wait_ms, reply);
}

static void assert_received(const struct rig *rig, HRESULT hr, const char *text)
{
    struct wsd_inbound_message *reply;

    assert_hr(receive(rig, 0, &reply), hr);
    assert_int_equal(reply != NULL, text != NULL);
    if (text == NULL)
        return;
    assert_int_equal(reply->raw.length, strlen(text));
    if (reply->raw.length > 0)
        assert_string_equal(reply->raw.bytes, text);
    give_back(reply);
}

/* ---- on the wire ---- */

/* Copies what stands between the two; fails the test if it does not. */
static void between(const char *text, const char *before, const char *behind, char *to,
                    size_t capacity)
{
    const char *begin = strstr(text, before), *end;

    assert_non_null(begin);
    begin += strlen(before);
    end = strstr(begin, behind);
    assert_non_null(end);
    assert_true((size_t)(end - begin) < capacity);
    memcpy(to, begin, (size_t)(end - begin));
    to[end - begin] = '\0';
}

static void append(char *to, size_t capacity, const char *text)
{
    assert_true(strlen(to) + strlen(text) < capacity);
    strcat(to, text);
}

static void append_envelope(char *to, size_t capacity, const char *id, size_t count)
{
    append(to, capacity,
           "<?xml version=\"1.0\" encoding=\"utf-8\"?><soap:Envelope"
           " xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""
           " xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""
           " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"><soap:Header>"
           "<wsa:To>http://device:5357/ws?a=1&amp;b=2</wsa:To><wsa:Action>" ACTION
           "</wsa:Action><wsa:MessageID>urn:uuid:");
    append(to, capacity, id);
    append(to, capacity,
           "</wsa:MessageID><wsa:ReplyTo><wsa:Address>" ANONYMOUS
           "</wsa:Address></wsa:ReplyTo></soap:Header><soap:Body><u>");
    for (size_t i = 0; i < MOST; i++) {
        char include[64] = "<d/>";

        if (i < count)
            snprintf(include, sizeof(include),
                     "<d><xop:Include href=\"cid:%zu@body\"/></d>", i);
        append(to, capacity, include);
    }
    append(to, capacity, "</u></soap:Body></soap:Envelope>");
}

static void append_part(char *to, size_t capacity, const char *boundary, const char *type,
                        const char *id)
{
    char header[256];

    snprintf(header, sizeof(header),
             "%s--%s\r\nContent-Type: %s\r\nContent-Transfer-Encoding: binary\r\n"
             "Content-ID: <%s>\r\n\r\n",
             *to == '\0' ? "" : "\r\n", boundary, type, id);
    append(to, capacity, header);
}

static void send__no_attachments__transmits_plain_soap_at_once(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    char expected[4000] = "", id[64];
    struct fake_transfer *transfer;
    struct rig rig;

    (void)state;
    rig_send(&rig, &heap.mem, 0);
    transfer = rig.transport.last;
    assert_int_equal(atomic_load(&transfer->starts), 1);
    assert_string_equal(transfer->url, URL);
    assert_string_equal(transfer->headers, "Content-Type: application/soap+xml\r\n"
                                           "User-Agent: Test/1 (x)\r\n");
    assert_int_equal(drain(&rig), WSD_PULL_END);
    between(rig.body, "urn:uuid:", "<", id, sizeof(id));
    assert_int_equal(strlen(id), 36);
    append_envelope(expected, sizeof(expected), id, 0);
    assert_string_equal(rig.body, expected);
    assert_int_equal(transfer->body_length, strlen(expected));

    assert_received(&rig, STG_S_BLOCK, NULL);
    fake_transfer_sent(transfer);
    fake_transfer_status(transfer, 200, true);
    for (const char *at = REPLY; *at != '\0'; at++)
        assert_hr(fake_transfer_body(transfer, (char[]){*at, '\0'}), S_OK);
    fake_transfer_done(transfer, S_OK);
    assert_received(&rig, S_OK, REPLY);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void send__attachments__transmits_the_package_as_it_is_written(void **state)
{
    (void)state;
    for (size_t count = 1; count <= MOST; count += 2) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        char expected[4000] = "", headers[400], boundary[64], id[64];
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, &heap.mem, count);
        transfer = rig.transport.last;
        assert_int_equal(atomic_load(&transfer->starts), 0);
        between(transfer->headers, "boundary=\"", "\"", boundary, sizeof(boundary));
        assert_int_equal(strlen(boundary), 36);
        snprintf(headers, sizeof(headers),
                 "MIME-Version: 1.0\r\nContent-Type: multipart/related; "
                 "type=\"application/xop+xml\"; start=\"<root@soap>\"; "
                 "start-info=\"application/soap+xml\"; boundary=\"%s\"\r\n"
                 "User-Agent: Test/1 (x)\r\n",
                 boundary);
        assert_string_equal(transfer->headers, headers);
        assert_true(transfer->body_length == WSD_LENGTH_UNKNOWN);

        append_part(expected, sizeof(expected), boundary,
                    "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"",
                    "root@soap");
        for (size_t i = 0; i < count; i++) {
            char content_id[32];
            int wakes = atomic_load(&transfer->wakes);

            assert_hr(put(&rig, i, "abc"), STG_S_BLOCK); /* not yet its turn */
            assert_int_equal(atomic_load(&transfer->starts), 1);
            assert_int_equal(drain(&rig), WSD_PULL_NOTHING_YET);
            if (i == 0) {
                between(rig.body, "urn:uuid:", "<", id, sizeof(id));
                append_envelope(expected, sizeof(expected), id, count);
            }
            snprintf(content_id, sizeof(content_id), "%zu@body", i);
            append_part(expected, sizeof(expected), boundary, "image/jpeg", content_id);
            assert_string_equal(rig.body, expected);

            assert_hr(put(&rig, i, "abc"), S_OK);
            assert_hr(put(&rig, i, "defgh"), S_OK); /* the ring is as the options say */
            assert_int_equal(atomic_load(&transfer->wakes), wakes + 1);
            assert_hr(put(&rig, i, "i"), STG_S_BLOCK);
            append(expected, sizeof(expected), "abcdefgh");
            assert_int_equal(drain(&rig), WSD_PULL_NOTHING_YET);
            assert_string_equal(rig.body, expected);
            assert_hr(finish(&rig, i), STG_S_BLOCK);
            if (i > 0)
                assert_hr(finish(&rig, i - 1), S_OK); /* out, since this one is */
        }
        assert_int_equal(drain(&rig), WSD_PULL_END);
        append(expected, sizeof(expected), "\r\n--");
        append(expected, sizeof(expected), boundary);
        append(expected, sizeof(expected), "--\r\n");
        assert_string_equal(rig.body, expected);
        assert_hr(finish(&rig, count - 1), STG_S_BLOCK); /* the last chunk is not out */
        fake_transfer_sent(transfer);
        assert_hr(finish(&rig, count - 1), S_OK);

        fake_transfer_status(transfer, 202, true);
        fake_transfer_done(transfer, S_OK);
        assert_received(&rig, S_OK, "");
        assert_int_equal(atomic_load(&transfer->starts), 1);
        assert_int_equal(atomic_load(&transfer->aborts), 0);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* rig_upload() writes one byte into each. */
static void send__lengths_declared_or_not__gives_the_transport_what_is_known(void **state)
{
    (void)state;
    for (size_t count = 0; count <= MOST; count++)
        for (int how = 0; how < 4; how++) {
            const bool wanted = (how & 1) != 0, declared = (how & 2) != 0;
            struct wsd_exchange_options own = options;
            uint64_t length;
            struct rig rig;

            own.content_length = wanted;
            rig_create_declared(&rig, wsd_mem_heap(), count,
                                declared ? 1 : WSD_LENGTH_UNKNOWN);
            assert_hr(wsd_exchange_send(rig.message, &rig.transport.seam, URL, &own),
                      S_OK);
            length = rig.transport.last->body_length;
            rig_upload(&rig);
            if (count == 0 || declared)
                assert_int_equal(length, strlen(rig.body));
            else
                assert_true(length == WSD_LENGTH_UNKNOWN);
            assert_int_equal(rig.transport.last->prefers_chunks, count > 0 && !wanted);
            fake_transfer_status(rig.transport.last, 202, true);
            fake_transfer_done(rig.transport.last, S_OK);
            assert_received(&rig, S_OK, "");
            rig_destroy(&rig);
        }
}

static void send__two_messages__have_ids_of_their_own(void **state)
{
    char boundaries[2][64];

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct rig rig;

        rig_send(&rig, wsd_mem_heap(), 1);
        between(rig.transport.last->headers, "boundary=\"", "\"", boundaries[i],
                sizeof(boundaries[i]));
        fake_transfer_done(rig.transport.last, E_ABORT);
        rig_destroy(&rig);
    }
    assert_string_not_equal(boundaries[0], boundaries[1]);
}

/* ---- sending that fails ---- */

static void send__prepare_fails__leaves_the_message_unsent(void **state)
{
    static const HRESULT codes[] = {
        E_OUTOFMEMORY, E_INVALIDARG, E_ABORT,
        HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL),
        HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 2);
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++) {
        rig.transport.prepare_hr = codes[i];
        assert_hr(send_message(&rig), codes[i]);
        assert_null(rig.message->exchange);
    }
    rig.transport.prepare_hr = S_OK;
    assert_hr(send_message(&rig), S_OK);
    rig_upload(&rig);
    fake_transfer_status(rig.transport.last, 200, true);
    fake_transfer_done(rig.transport.last, S_OK);
    assert_received(&rig, S_OK, "");
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void send__envelope_too_large__leaves_the_message_unsent(void **state)
{
    struct wsd_exchange_options small = options;
    struct rig rig;

    (void)state;
    small.max_envelope_bytes = 100;
    rig_create(&rig, wsd_mem_heap(), 0);
    assert_hr(wsd_exchange_send(rig.message, &rig.transport.seam, URL, &small),
              WS_E_QUOTA_EXCEEDED);
    assert_null(rig.message->exchange);
    assert_int_equal(rig.transport.prepared, 0);
    rig_destroy(&rig);
}

/* FAULTS K2: whether or not a Content-Length is wanted. */
static void send__declared_lengths_too_large__leaves_the_message_unsent(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create_declared(&rig, &heap.mem, 2, INT64_MAX);
    assert_hr(send_message(&rig), E_INVALIDARG);
    assert_null(rig.message->exchange);
    assert_int_equal(rig.transport.prepared, 0);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void send__each_allocation_fails_in_turn__can_be_sent_later(void **state)
{
    (void)state;
    for (size_t count = 0; count < 3; count++) {
        int grants = -1;
        HRESULT hr;

        do {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct rig rig;

            rig_create(&rig, &heap.mem, count);
            heap.grants = ++grants;
            hr = send_message(&rig);
            heap.grants = -1;
            if (FAILED(hr)) {
                assert_hr(hr, E_OUTOFMEMORY);
                assert_null(rig.message->exchange);
                assert_int_equal(rig.transport.prepared, 0);
                assert_hr(send_message(&rig), S_OK);
            }
            fake_transfer_done(rig.transport.last, CANNOT_CONNECT);
            assert_received(&rig, CANNOT_CONNECT, NULL);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        } while (hr != S_OK && grants < 100);
        assert_in_range(grants, 4, 99);
    }
}

/* One of them aborted, or given back: for the others there is no message either. */
static void send__an_attachment_has_gone__aborts_the_message(void **state)
{
    (void)state;
    for (size_t gone = 0; gone < MOST; gone++)
        for (int how = 0; how < 2; how++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct fake_transfer *transfer;
            struct rig rig;

            rig_create(&rig, &heap.mem, MOST);
            for (size_t i = 0; i < MOST; i++) {
                wsd_waiting_set_budget(wsd_outbound_waiting(inside(&rig, i)), 0);
                assert_hr(put(&rig, i, "x"), STG_S_BLOCK);
            }
            if (how == 0) {
                assert_hr(give_up(&rig, gone), S_OK);
            } else {
                rig.objects[gone]->lpVtbl->Release(rig.objects[gone]);
                rig.objects[gone] = rig.objects[--rig.count];
            }
            assert_hr(send_message(&rig), E_ABORT);
            transfer = rig.transport.last;
            assert_int_equal(atomic_load(&transfer->aborts), 1);
            assert_int_equal(atomic_load(&transfer->starts), 0);
            for (size_t i = 0; i < rig.count; i++)
                assert_hr(put(&rig, i, "x"),
                          how == 0 && i == gone ? INVALID_OPERATION : E_ABORT);
            assert_int_equal(atomic_load(&transfer->starts), 0);
            fake_transfer_done(transfer, E_ABORT);
            assert_received(&rig, E_ABORT, NULL);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        }
}

/* An attachment's ready callback comes while the others wait to be told of the message:
 * what it writes must not send a part that knows none. */
static void WSD_CALL write_and_close(void *context)
{
    struct rig *rig = context;
    HRESULT hr = put(rig, 0, "x");

    if (hr == S_OK)
        finish(rig, 0);
}

static void drain_at_once(struct fake_transfer *transfer)
{
    drain(transfer->transport->context);
}

static void send__written_while_it_is_sent__starts_when_all_are_armed(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 2);
    rig.transport.on_start = drain_at_once;
    rig.transport.on_wake = drain_at_once;
    rig.transport.context = &rig;
    wsd_waiting_set_budget(wsd_outbound_waiting(inside(&rig, 0)), 0);
    wsd_waiting_set_ready(wsd_outbound_waiting(inside(&rig, 0)), write_and_close, &rig);
    assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);

    assert_hr(send_message(&rig), S_OK);

    assert_int_equal(atomic_load(&rig.transport.last->starts), 1);
    drain(&rig);
    assert_hr(put(&rig, 1, "y"), S_OK);
    assert_hr(finish(&rig, 1), STG_S_BLOCK);
    assert_int_equal(drain(&rig), WSD_PULL_END);
    fake_transfer_done(rig.transport.last, BROKEN);
    rig_destroy(&rig);
}

static void send__transport_ends_meanwhile__is_aborted(void **state)
{
    (void)state;
    for (size_t count = 0; count < 3; count++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        rig_create(&rig, &heap.mem, count);
        rig.transport.done_in_prepare = true;
        assert_hr(send_message(&rig), count == 0 ? S_OK : E_ABORT);
        for (size_t i = 0; i < count; i++)
            assert_hr(put(&rig, i, "x"), E_ABORT);
        assert_received(&rig, E_ABORT, NULL);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* ---- aborting ---- */

static void abort__of_one_attachment__fails_the_others(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct fake_transfer *transfer;
    struct rig rig;

    (void)state;
    rig_send(&rig, &heap.mem, 3);
    transfer = rig.transport.last;
    assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
    drain(&rig);
    assert_hr(put(&rig, 0, "x"), S_OK);
    assert_hr(put(&rig, 2, "z"), STG_S_BLOCK);
    assert_hr(give_up(&rig, 2), S_OK);
    assert_int_equal(atomic_load(&transfer->aborts), 1);
    fake_transfer_done(transfer, E_ABORT);
    assert_hr(put(&rig, 0, "x"), E_ABORT);
    assert_hr(finish(&rig, 0), E_ABORT);
    assert_hr(put(&rig, 1, "x"), E_ABORT);
    assert_hr(put(&rig, 2, "x"), INVALID_OPERATION);
    assert_received(&rig, E_ABORT, NULL);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void abort__in_the_middle__sends_no_closing_delimiter(void **state)
{
    struct rig rig;
    size_t length;

    (void)state;
    rig_send(&rig, wsd_mem_heap(), 2);
    assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
    drain(&rig);
    assert_hr(put(&rig, 0, "abc"), S_OK);
    length = strlen(rig.body);
    assert_hr(give_up(&rig, 0), S_OK);
    assert_int_equal(drain(&rig), WSD_PULL_ABORTED);
    assert_int_equal(drain(&rig), WSD_PULL_ABORTED);
    assert_int_equal(strlen(rig.body), length);
    fake_transfer_done(rig.transport.last, E_ABORT);
    rig_destroy(&rig);
}

static void close__before_the_declared_length__aborts_the_message(void **state)
{
    struct fake_transfer *transfer;
    struct rig rig;

    (void)state;
    rig_create_declared(&rig, wsd_mem_heap(), 2, 2);
    assert_hr(send_message(&rig), S_OK);
    transfer = rig.transport.last;
    assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
    assert_int_equal(drain(&rig), WSD_PULL_NOTHING_YET);
    assert_hr(put(&rig, 0, "x"), S_OK);
    assert_hr(put(&rig, 0, "yz"), BAD_LENGTH);
    assert_int_equal(atomic_load(&transfer->aborts), 0);

    assert_hr(finish(&rig, 0), BAD_LENGTH);

    assert_int_equal(atomic_load(&transfer->aborts), 1);
    assert_int_equal(drain(&rig), WSD_PULL_ABORTED);
    fake_transfer_done(transfer, E_ABORT);
    assert_hr(put(&rig, 1, "x"), E_ABORT);
    assert_hr(finish(&rig, 0), BAD_LENGTH);
    assert_received(&rig, E_ABORT, NULL);
    rig_destroy(&rig);
}

/* ---- the answer comes early ---- */

struct writer {
    struct worker worker;
    const struct rig *rig;
    HRESULT hr;
};

static void write_much(void *context)
{
    struct writer *writer = context;

    writer->hr = put(writer->rig, 0, "more than the ring has room for");
}

static void status__while_write_waits__wakes_it_with_its_code(void **state)
{
    static const struct {
        int status;
        HRESULT hr;
    } rows[] = {
        {200, TOO_EARLY},          {202, TOO_EARLY},          {299, TOO_EARLY},
        {300, HTTP_E_STATUS(300)}, {307, HTTP_E_STATUS(307)}, {401, HTTP_E_STATUS(401)},
        {413, HTTP_E_STATUS(413)}, {500, HTTP_E_STATUS(500)}, {503, HTTP_E_STATUS(503)},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct writer writer;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, wsd_mem_heap(), 2);
        transfer = rig.transport.last;
        wsd_waiting_set_budget(wsd_outbound_waiting(inside(&rig, 0)), INFINITE);
        writer.rig = &rig;
        worker_start(&writer.worker, write_much, &writer);
        WORKER_AWAIT(atomic_load(&transfer->starts) == 1);
        drain(&rig);
        WORKER_AWAIT(atomic_load(&transfer->wakes) == 1);
        fake_transfer_status(transfer, rows[i].status, false);
        worker_join(&writer.worker);
        assert_hr(writer.hr, rows[i].hr);
        assert_hr(put(&rig, 1, "x"), rows[i].hr);
        assert_int_equal(drain(&rig), WSD_PULL_ABORTED);
        fake_transfer_done(transfer, BROKEN);
        for (size_t part = 0; part < 2; part++) {
            assert_hr(put(&rig, part, "x"), rows[i].hr);
            assert_hr(finish(&rig, part), rows[i].hr);
            assert_hr(give_up(&rig, part), rows[i].hr);
        }
        assert_received(&rig, rows[i].hr, "");
        rig_destroy(&rig);
    }
}

/* ---- what the reply means ---- */

static void done__status_body_and_transfer__give_one_code(void **state)
{
    static const struct {
        int status; /* 0: none came */
        bool complete;
        const char *text;
        HRESULT transfer, hr;
        bool reply;
    } rows[] = {
        {200, true, REPLY, S_OK, S_OK, true},
        {202, true, "", S_OK, S_OK, true},
        {200, true, FAULT, S_OK, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, true, FAULT, S_OK, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, false, FAULT, S_OK, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {200, false, FAULT, S_OK, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, false, FAULT, BROKEN, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {200, true, HTML, S_OK, WS_E_INVALID_FORMAT, true},
        {500, true, HTML, S_OK, HTTP_E_STATUS(500), true},
        {404, true, REPLY, S_OK, HTTP_E_STATUS(404), true},
        {301, true, "", S_OK, HTTP_E_STATUS(301), true},
        {413, false, "", S_OK, HTTP_E_STATUS(413), true},
        {413, false, "", BROKEN, HTTP_E_STATUS(413), true},
        {200, false, REPLY, S_OK, TOO_EARLY, true},
        {200, false, "", BROKEN, TOO_EARLY, true},
        {200, true, "<s:Env", WS_E_ENDPOINT_DISCONNECTED, WS_E_ENDPOINT_DISCONNECTED,
         true},
        {200, true, REPLY, WS_E_ENDPOINT_DISCONNECTED, WS_E_ENDPOINT_DISCONNECTED, true},
        {500, true, "<ht", WS_E_ENDPOINT_DISCONNECTED, HTTP_E_STATUS(500), true},
        {200, true, "", WS_E_QUOTA_EXCEEDED, WS_E_QUOTA_EXCEEDED, true},
        {0, false, "", CANNOT_CONNECT, CANNOT_CONNECT, false},
        {0, false, "", BROKEN, BROKEN, false},
        {0, false, "", E_ABORT, E_ABORT, false},
        {200, true, REPLY, E_ABORT, E_ABORT, false},
        {500, false, "", E_ABORT, E_ABORT, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct fake_transfer *transfer;
        struct wsd_inbound_message *reply;
        struct rig rig;

        rig_send(&rig, &heap.mem, 1);
        transfer = rig.transport.last;
        if (rows[i].complete)
            rig_upload(&rig);
        else
            assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
        if (rows[i].status != 0)
            fake_transfer_status(transfer, rows[i].status, rows[i].complete);
        if (rows[i].text[0] != '\0')
            assert_hr(fake_transfer_body(transfer, rows[i].text), S_OK);
        fake_transfer_done(transfer, rows[i].transfer);

        assert_hr(receive(&rig, INFINITE, &reply), rows[i].hr);
        assert_int_equal(reply != NULL, rows[i].reply);
        if (reply != NULL)
            assert_int_equal(reply->http_status, rows[i].status);
        give_back(reply);
        if (rows[i].complete)
            assert_hr(finish(&rig, 0), rows[i].hr);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void body__over_the_limit__is_refused_and_reported(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    char text[4002];
    struct wsd_inbound_message *reply;
    struct fake_transfer *transfer;
    struct rig rig;
    HRESULT hr;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    rig_send(&rig, &heap.mem, 0);
    transfer = rig.transport.last;
    fake_transfer_status(transfer, 200, true);
    assert_hr(fake_transfer_body(transfer, text + 1), S_OK); /* 4000 */
    hr = fake_transfer_body(transfer, "y");
    assert_hr(hr, WS_E_QUOTA_EXCEEDED);
    fake_transfer_done(transfer, hr);
    assert_hr(receive(&rig, 0, &reply), WS_E_QUOTA_EXCEEDED);
    assert_non_null(reply);
    give_back(reply);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void done__each_allocation_fails_in_turn__is_out_of_memory(void **state)
{
    int grants = -1;
    HRESULT hr;

    (void)state;
    do {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, &heap.mem, 0);
        transfer = rig.transport.last;
        heap.grants = ++grants;
        fake_transfer_status(transfer, 200, true);
        hr = fake_transfer_body(transfer, REPLY);
        fake_transfer_done(transfer, hr);
        hr = receive(&rig, 0, &reply);
        assert_true(reply != NULL || hr != S_OK);
        give_back(reply);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
        assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 3, 99);
}

/* ---- receiving ---- */

struct receiver {
    struct worker worker;
    const struct rig *rig;
    DWORD wait_ms;
    HRESULT hr;
    struct wsd_inbound_message *reply;
    atomic_bool done;
};

static void receive_now(void *context)
{
    struct receiver *receiver = context;

    receiver->hr = receive(receiver->rig, receiver->wait_ms, &receiver->reply);
    atomic_store(&receiver->done, true);
}

static void receive__before_and_after__waits_hands_over_once(void **state)
{
    struct receiver receiver = {.wait_ms = INFINITE};
    struct rig rig;

    (void)state;
    rig_send(&rig, wsd_mem_heap(), 0);
    assert_ptr_equal(wsd_exchange_transport(rig.message->exchange), &rig.transport.seam);
    assert_received(&rig, STG_S_BLOCK, NULL);
    assert_hr(receive(&rig, 2, &receiver.reply), STG_S_BLOCK);
    assert_null(receiver.reply);

    receiver.rig = &rig;
    worker_start(&receiver.worker, receive_now, &receiver);
    fake_transfer_status(rig.transport.last, 200, true);
    assert_hr(fake_transfer_body(rig.transport.last, REPLY), S_OK);
    fake_transfer_done(rig.transport.last, S_OK);
    worker_join(&receiver.worker);
    assert_hr(receiver.hr, S_OK);
    assert_non_null(receiver.reply);
    give_back(receiver.reply);
    assert_received(&rig, INVALID_OPERATION, NULL);
    rig_destroy(&rig);
}

/* It may return for no reason, too: the first time it does. */
static void drive_to_the_end(struct fake_transfer *transfer)
{
    int *drives = transfer->transport->context;

    if (++*drives == 1)
        return;
    fake_transfer_status(transfer, 200, true);
    assert_hr(fake_transfer_body(transfer, REPLY), S_OK);
    fake_transfer_done(transfer, S_OK);
}

/* No other thread is there. */
static void receive__that_waits__drives_the_transport(void **state)
{
    struct wsd_inbound_message *reply;
    int drives = 0;
    struct rig rig;

    (void)state;
    rig_send(&rig, wsd_mem_heap(), 0);
    rig.transport.on_drive = drive_to_the_end;
    rig.transport.context = &drives;
    assert_received(&rig, STG_S_BLOCK, NULL); /* one that does not wait does not */
    assert_int_equal(drives, 0);
    assert_hr(receive(&rig, INFINITE, &reply), S_OK);
    give_back(reply);
    assert_int_equal(drives, 2);
    rig_destroy(&rig);
}

static void receive__failure_without_a_reply__is_told_every_time(void **state)
{
    struct rig rig;

    (void)state;
    rig_send(&rig, wsd_mem_heap(), 0);
    fake_transfer_done(rig.transport.last, CANNOT_CONNECT);
    assert_received(&rig, CANNOT_CONNECT, NULL);
    assert_received(&rig, CANNOT_CONNECT, NULL);
    rig_destroy(&rig);
}

static void receive__on_the_librarys_thread__does_not_wait(void **state)
{
    struct rig rig;

    (void)state;
    rig_send(&rig, wsd_mem_heap(), 0);
    for (DWORD wait_ms = 0; wait_ms < 2; wait_ms++) {
        struct receiver receiver = {.rig = &rig, .wait_ms = wait_ms};
        struct wsd_thread thread;

        assert_hr(wsd_thread_start(&thread, receive_now, &receiver), S_OK);
        WORKER_AWAIT(atomic_load(&receiver.done));
        wsd_thread_join(&thread);
        assert_hr(receiver.hr, wait_ms == 0 ? STG_S_BLOCK : POSSIBLE_DEADLOCK);
        assert_null(receiver.reply);
    }
    fake_transfer_done(rig.transport.last, E_ABORT);
    rig_destroy(&rig);
}

/* ---- who goes first ---- */

enum act { MESSAGE_GOES, ATTACHMENTS_GO, DONE, ACTS };

static void act(struct rig *rig, struct fake_transfer *transfer, enum act what,
                HRESULT result)
{
    switch (what) {
    case MESSAGE_GOES:
        release_message(rig);
        break;
    case ATTACHMENTS_GO:
        rig_release_objects(rig);
        break;
    default:
        fake_transfer_done(transfer, result);
    }
}

static void release__in_every_order__leaks_nothing(void **state)
{
    static const enum act orders[][ACTS] = {
        {MESSAGE_GOES, ATTACHMENTS_GO, DONE}, {MESSAGE_GOES, DONE, ATTACHMENTS_GO},
        {ATTACHMENTS_GO, MESSAGE_GOES, DONE}, {ATTACHMENTS_GO, DONE, MESSAGE_GOES},
        {DONE, MESSAGE_GOES, ATTACHMENTS_GO}, {DONE, ATTACHMENTS_GO, MESSAGE_GOES}};
    /* How far it had come before. */
    enum { SENT, STARTED, WRITTEN, COMPLETE, STAGES };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(orders); i++)
        for (int stage = 0; stage < STAGES; stage++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct fake_transfer *transfer;
            struct rig rig;

            rig_send(&rig, &heap.mem, 2);
            transfer = rig.transport.last;
            if (stage == STARTED || stage == WRITTEN)
                assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
            if (stage == WRITTEN) {
                drain(&rig);
                assert_hr(put(&rig, 0, "x"), S_OK);
            }
            if (stage == COMPLETE) {
                rig_upload(&rig);
                fake_transfer_status(transfer, 200, true);
                assert_hr(fake_transfer_body(transfer, REPLY), S_OK);
            }
            for (size_t step = 0; step < ACTS; step++) {
                act(&rig, transfer, orders[i][step], stage == COMPLETE ? S_OK : E_ABORT);
                if (orders[i][step] == ATTACHMENTS_GO && stage != COMPLETE && i != 1 &&
                    i < 4)
                    assert_int_equal(atomic_load(&transfer->aborts), 2);
            }
            assert_int_equal(atomic_load(&rig.transport.live), 0);
            assert_int_equal(heap.live, 0);
        }
}

/* All is out and answered, but Close has said STG_S_BLOCK: the message may go before the
 * next call. */
static void close__after_the_message_has_gone__still_succeeds(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct fake_transfer *transfer;
    struct rig rig;

    (void)state;
    rig_send(&rig, &heap.mem, 2);
    transfer = rig.transport.last;
    rig_upload(&rig);
    fake_transfer_status(transfer, 200, true);
    release_message(&rig);
    fake_transfer_done(transfer, S_OK);
    for (size_t i = 0; i < 2; i++) {
        assert_hr(finish(&rig, i), S_OK);
        assert_hr(finish(&rig, i), INVALID_OPERATION);
    }
    rig_release_objects(&rig);
    assert_int_equal(atomic_load(&rig.transport.live), 0);
    assert_int_equal(heap.live, 0);
}

/* After the end the attachments still have a host to call. */
static void attachments__after_done__call_into_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_send(&rig, &heap.mem, 2);
    fake_transfer_done(rig.transport.last, CANNOT_CONNECT);
    release_message(&rig);
    for (size_t i = 0; i < 2; i++) {
        assert_hr(put(&rig, i, "x"), CANNOT_CONNECT);
        assert_hr(finish(&rig, i), CANNOT_CONNECT);
        assert_hr(give_up(&rig, i), CANNOT_CONNECT);
    }
    rig_release_objects(&rig);
    assert_int_equal(atomic_load(&rig.transport.live), 0);
    assert_int_equal(heap.live, 0);
}

/* ---- replies with attachments ---- */

#define MULTIPART "multipart/related; boundary=B"
#define PART_HEAD(id) "--B\r\nContent-ID: <" id ">\r\n\r\n"
#define PART(id, content) PART_HEAD(id) content "\r\n"
#define INCLUDE(id)                                                                      \
    "<xop:Include xmlns:xop='http://www.w3.org/2004/08/xop/include' href='cid:" id "'/>"
#define SCAN SOAP("<r><a>" INCLUDE("a@x") "</a><b>" INCLUDE("b@x") "</b></r>")
#define SCAN_FAULT SOAP("<s:Fault><a>" INCLUDE("a@x") "</a></s:Fault>")
#define ROOT "--B\r\n\r\n" SCAN "\r\n"
#define END "--B--\r\n"

/* A message whose request is out, and which is answered with a multipart body. */
static struct fake_transfer *rig_answer(struct rig *rig, const struct wsd_mem *mem)
{
    struct fake_transfer *transfer;

    rig_send(rig, mem, 1);
    transfer = rig->transport.last;
    rig_upload(rig);
    fake_transfer_status(transfer, 200, true);
    assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
    return transfer;
}

static IWSDInboundAttachment *open_inbound(struct wsd_inbound_message *reply,
                                           const char *path)
{
    IWSDInboundAttachment *object;

    assert_hr(wsd_inbound_find_attachment(reply, path, &object), S_OK);
    return object;
}

static void assert_read(IWSDInboundAttachment *object, HRESULT expected, const char *text)
{
    char buffer[64];
    DWORD given;

    assert_hr(object->lpVtbl->Read(object, (BYTE *)buffer, 63, &given), expected);
    buffer[given] = '\0';
    assert_string_equal(buffer, text);
}

/* One Read, behind which the attachment is given back. */
static void assert_content(struct wsd_inbound_message *reply, const char *path,
                           HRESULT hr, const char *text)
{
    IWSDInboundAttachment *object = open_inbound(reply, path);

    assert_read(object, hr, text);
    object->lpVtbl->Release(object);
}

/* The envelope, the request's end and the status: the last of them publishes. */
static void
reply__envelope_and_status_there__is_received_while_the_rest_comes(void **state)
{
    (void)state;
    for (int late = 0; late < 2; late++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, &heap.mem, 1);
        transfer = rig.transport.last;
        rig_upload(&rig);
        if (!late)
            fake_transfer_status(transfer, 200, true);
        assert_received(&rig, STG_S_BLOCK, NULL);
        assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
        assert_hr(fake_transfer_body(transfer, ROOT), S_OK);
        assert_received(&rig, STG_S_BLOCK, NULL);
        assert_hr(fake_transfer_body(transfer, PART_HEAD("a@x") "a1"), S_OK);
        if (late) {
            assert_received(&rig, STG_S_BLOCK, NULL);
            fake_transfer_status(transfer, 200, true);
        }
        assert_hr(receive(&rig, 0, &reply), S_OK);
        assert_int_equal(reply->http_status, 200);
        assert_received(&rig, INVALID_OPERATION, NULL);
        assert_hr(finish(&rig, 0), S_OK);

        assert_hr(fake_transfer_body(transfer, "a2\r\n" PART("u@x", "thrown away")),
                  S_OK);
        assert_content(reply, "r/a", S_FALSE, "a1a2");
        assert_hr(fake_transfer_body(transfer, PART("b@x", "bb") END), S_OK);
        fake_transfer_done(transfer, S_OK);
        assert_content(reply, "r/b", S_FALSE, "bb");
        assert_received(&rig, INVALID_OPERATION, NULL);
        give_back(reply);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* Who waits for a reply to an unfinished request could else not make room for it. */
static void reply__too_early__is_told_and_its_attachments_flow(void **state)
{
    static const struct {
        int status;
        const char *envelope;
        HRESULT hr, write;
    } rows[] = {
        {200, SCAN, TOO_EARLY, TOO_EARLY},
        {500, SCAN, HTTP_E_STATUS(500), HTTP_E_STATUS(500)},
        {500, SCAN_FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, HTTP_E_STATUS(500)},
        {200, SCAN_FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, TOO_EARLY},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (int late = 0; late < 2; late++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            const char *path =
                strstr(rows[i].envelope, "Fault") != NULL ? "Fault/a" : "r/a";
            struct wsd_inbound_message *reply;
            IWSDInboundAttachment *object;
            struct fake_transfer *transfer;
            struct rig rig;
            size_t taken;

            rig_send(&rig, &heap.mem, 1);
            transfer = rig.transport.last;
            assert_hr(put(&rig, 0, "x"), STG_S_BLOCK);
            if (!late)
                fake_transfer_status(transfer, rows[i].status, false);
            transfer->status = rows[i].status;
            assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
            assert_hr(fake_transfer_body(transfer, "--B\r\n\r\n"), S_OK);
            assert_hr(fake_transfer_body(transfer, rows[i].envelope), S_OK);
            assert_hr(fake_transfer_body(transfer, "\r\n" PART_HEAD("a@x")), S_OK);
            if (late)
                fake_transfer_status(transfer, rows[i].status, false);
            assert_hr(put(&rig, 0, "x"), rows[i].write);
            assert_hr(fake_transfer_push(transfer, "0123456789", 10, &taken), S_OK);
            assert_int_equal(taken, RING);
            assert_hr(receive(&rig, 0, &reply), rows[i].hr);
            assert_non_null(reply);
            object = open_inbound(reply, path);
            assert_read(object, S_OK, "01234567");
            assert_hr(fake_transfer_body(transfer, "89\r\n" PART("b@x", "bb") END), S_OK);
            assert_read(object, S_FALSE, "89");
            object->lpVtbl->Release(object);
            fake_transfer_done(transfer, S_OK);
            give_back(reply);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        }
}

/* As for a plain reply: Close tells what the peer has answered by then. */
static void reply__that_refuses__is_told_by_close_too(void **state)
{
    static const struct {
        int status;
        const char *envelope;
        HRESULT hr;
    } rows[] = {{500, SCAN, HTTP_E_STATUS(500)},
                {200, SCAN_FAULT, WS_E_ENDPOINT_FAULT_RECEIVED}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, wsd_mem_heap(), 1);
        transfer = rig.transport.last;
        rig_upload(&rig);
        fake_transfer_status(transfer, rows[i].status, true);
        assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
        assert_hr(fake_transfer_body(transfer, "--B\r\n\r\n"), S_OK);
        assert_hr(fake_transfer_body(transfer, rows[i].envelope), S_OK);
        assert_hr(fake_transfer_body(transfer, "\r\n--B\r\n"), S_OK);
        assert_hr(receive(&rig, 0, &reply), rows[i].hr);
        assert_hr(finish(&rig, 0), rows[i].hr);
        fake_transfer_done(transfer, BROKEN);
        give_back(reply);
        rig_destroy(&rig);
    }
}

static void reply__attachment_not_read__holds_the_transfer_up(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_inbound_message *reply;
    struct fake_transfer *transfer;
    IWSDInboundAttachment *object;
    struct rig rig;
    size_t taken;
    int wakes;

    (void)state;
    transfer = rig_answer(&rig, &heap.mem);
    assert_hr(fake_transfer_body(transfer, ROOT PART_HEAD("a@x")), S_OK);
    assert_hr(receive(&rig, 0, &reply), S_OK);
    object = open_inbound(reply, "r/a");
    assert_hr(fake_transfer_push(transfer, "0123456789", 10, &taken), S_OK);
    assert_int_equal(taken, RING);
    wakes = atomic_load(&transfer->wakes);
    assert_read(object, S_OK, "01234567");
    assert_int_equal(atomic_load(&transfer->wakes), wakes + 1);
    assert_hr(fake_transfer_push(transfer, "89abcdefgh", 10, &taken), S_OK);
    assert_int_equal(taken, RING);
    assert_hr(object->lpVtbl->Close(object), S_OK);
    assert_int_equal(atomic_load(&transfer->wakes), wakes + 2);
    assert_hr(fake_transfer_body(transfer, "gh\r\n" PART("b@x", "bb") END), S_OK);
    fake_transfer_done(transfer, S_OK);
    object->lpVtbl->Release(object);
    assert_content(reply, "r/b", S_FALSE, "bb");
    give_back(reply);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

/* How the transfer ends is told where something is missing, and only there. */
static void transfer__fails_in_the_middle__fails_what_is_not_whole(void **state)
{
    static const HRESULT codes[] = {WS_E_ENDPOINT_DISCONNECTED, BROKEN, E_ABORT,
                                    WS_E_QUOTA_EXCEEDED};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(codes); i++)
        for (int taken = 0; taken < 2; taken++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct wsd_inbound_message *reply = NULL;
            struct fake_transfer *transfer;
            struct rig rig;

            transfer = rig_answer(&rig, &heap.mem);
            assert_hr(fake_transfer_body(transfer,
                                         ROOT PART("a@x", "aa") PART_HEAD("b@x") "bb"),
                      S_OK);
            if (taken)
                assert_hr(receive(&rig, 0, &reply), S_OK);
            fake_transfer_done(transfer, codes[i]);
            if (!taken)
                assert_hr(receive(&rig, 0, &reply), S_OK);
            assert_content(reply, "r/a", S_FALSE, "aa");
            assert_content(reply, "r/b", codes[i], "");
            give_back(reply);
            assert_hr(finish(&rig, 0), S_OK); /* the request was sent */
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        }
}

static void transfer__fails_before_the_envelope__is_the_result(void **state)
{
    static const struct {
        int status;
        HRESULT transfer, hr;
        bool reply;
    } rows[] = {
        {200, WS_E_ENDPOINT_DISCONNECTED, WS_E_ENDPOINT_DISCONNECTED, true},
        {500, WS_E_ENDPOINT_DISCONNECTED, HTTP_E_STATUS(500), true},
        {200, S_OK, WS_E_ENDPOINT_DISCONNECTED, true},
        {200, E_ABORT, E_ABORT, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, &heap.mem, 0);
        transfer = rig.transport.last;
        fake_transfer_status(transfer, rows[i].status, true);
        assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
        assert_hr(fake_transfer_body(transfer, "--B\r\n\r\n<s:Env"), S_OK);
        fake_transfer_done(transfer, rows[i].transfer);
        assert_hr(receive(&rig, INFINITE, &reply), rows[i].hr);
        assert_int_equal(reply != NULL, rows[i].reply);
        give_back(reply);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* However the bytes were cut into pieces, and whenever the status was told. */
static void reply__bad_behind_its_envelope__is_told_by_the_attachment(void **state)
{
    static const char body[] =
        ROOT PART("a@x", "aa") "--B\r\nContent-ID: <b@x>\r\nnonsense\r\n\r\n";
    static const char bad_root[] =
        "--B\r\n\r\n" SOAP("<r><a>x" INCLUDE("a@x") "</a></r>") "\r\n" END;

    (void)state;
    for (int way = 0; way < 4; way++) {
        bool late = way % 2 != 0, bad = way / 2 != 0;
        const char *text = bad ? bad_root : body;
        size_t size = strlen(text), taken;
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;

        rig_send(&rig, wsd_mem_heap(), 0);
        transfer = rig.transport.last;
        if (!late)
            fake_transfer_status(transfer, 200, true);
        assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
        assert_hr(fake_transfer_push(transfer, text, size, &taken), WS_E_INVALID_FORMAT);
        if (late)
            fake_transfer_status(transfer, 200, true);
        fake_transfer_done(transfer, WS_E_INVALID_FORMAT);
        assert_hr(receive(&rig, 0, &reply), bad ? WS_E_INVALID_FORMAT : S_OK);
        if (!bad) {
            assert_content(reply, "r/a", S_FALSE, "aa");
            assert_content(reply, "r/b", WS_E_INVALID_FORMAT, "");
        }
        give_back(reply);
        rig_destroy(&rig);
    }
}

static void reply__of_a_bad_multipart_type__keeps_its_status(void **state)
{
    static const struct {
        int status;
        HRESULT hr;
    } rows[] = {{200, WS_E_INVALID_FORMAT}, {503, HTTP_E_STATUS(503)}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rig rig;

        rig_send(&rig, wsd_mem_heap(), 0);
        fake_transfer_status(rig.transport.last, rows[i].status, true);
        assert_hr(fake_transfer_begin_body(rig.transport.last, "multipart/related"),
                  WS_E_INVALID_FORMAT);
        fake_transfer_done(rig.transport.last, WS_E_INVALID_FORMAT);
        assert_received(&rig, rows[i].hr, "");
        rig_destroy(&rig);
    }
}

/* Nobody can ask for it any more: what comes is thrown away, and the transfer ends. */
static void forget__before_and_after_publication__ends_the_transfer(void **state)
{
    enum { BEFORE_STATUS, BEFORE_ENVELOPE, PUBLISHED, FULL, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct fake_transfer *transfer;
        struct rig rig;
        size_t taken;
        int wakes;

        rig_send(&rig, &heap.mem, 1);
        transfer = rig.transport.last;
        rig_upload(&rig);
        if (way == BEFORE_STATUS)
            release_message(&rig);
        fake_transfer_status(transfer, 200, true);
        assert_hr(fake_transfer_begin_body(transfer, MULTIPART), S_OK);
        if (way == BEFORE_ENVELOPE)
            release_message(&rig);
        assert_hr(fake_transfer_body(transfer, ROOT PART_HEAD("a@x")), S_OK);
        if (way == FULL) {
            assert_hr(fake_transfer_push(transfer, "0123456789", 10, &taken), S_OK);
            assert_int_equal(taken, RING);
        }
        wakes = atomic_load(&transfer->wakes);
        if (way == PUBLISHED || way == FULL) {
            release_message(&rig);
            assert_true(atomic_load(&transfer->wakes) > wakes);
        }
        assert_hr(fake_transfer_push(transfer, way % 2 == 0 ? "" : "89",
                                     way % 2 == 0 ? 0 : 2, &taken),
                  E_ABORT); /* asked, or with bytes */
        fake_transfer_done(transfer, E_ABORT);
        assert_hr(finish(&rig, 0), S_OK); /* what was sent stays sent */
        rig_release_objects(&rig);
        assert_int_equal(atomic_load(&rig.transport.live), 0);
        assert_int_equal(heap.live, 0);
    }
}

static void forget__reply_was_taken__is_the_applications(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_inbound_message *reply;
    struct fake_transfer *transfer;
    struct rig rig;

    (void)state;
    transfer = rig_answer(&rig, &heap.mem);
    assert_hr(fake_transfer_body(transfer, ROOT PART_HEAD("a@x")), S_OK);
    assert_hr(receive(&rig, 0, &reply), S_OK);
    release_message(&rig);
    assert_hr(fake_transfer_body(transfer, "aa\r\n" PART("b@x", "bb") END), S_OK);
    fake_transfer_done(transfer, S_OK);
    assert_content(reply, "r/a", S_FALSE, "aa");
    give_back(reply);
    rig_release_objects(&rig);
    assert_int_equal(atomic_load(&rig.transport.live), 0);
    assert_int_equal(heap.live, 0);
}

enum part { REPLY_GOES, INBOUND_GOES, REQUEST_GOES, OUTBOUND_GOES, TRANSFER_ENDS, PARTS };

static void go(struct rig *rig, struct fake_transfer *transfer, enum part part,
               struct wsd_inbound_message *reply, IWSDInboundAttachment *object,
               bool whole)
{
    switch (part) {
    case REPLY_GOES:
        give_back(reply);
        break;
    case INBOUND_GOES:
        object->lpVtbl->Release(object);
        break;
    case REQUEST_GOES:
        release_message(rig);
        break;
    case OUTBOUND_GOES:
        rig_release_objects(rig);
        break;
    default:
        if (whole)
            fake_transfer_body(transfer, "aa\r\n" PART("b@x", "bb") END);
        fake_transfer_done(transfer, whole ? S_OK : E_ABORT);
    }
}

static void reply__released_in_every_order__leaks_nothing(void **state)
{
    enum { ORDERS = 5 * 4 * 3 * 2 };

    (void)state;
    for (int order = 0; order < ORDERS; order++)
        for (int whole = 0; whole < 2; whole++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            enum part left[PARTS] = {REPLY_GOES, INBOUND_GOES, REQUEST_GOES,
                                     OUTBOUND_GOES, TRANSFER_ENDS};
            struct wsd_inbound_message *reply;
            struct fake_transfer *transfer;
            IWSDInboundAttachment *object;
            struct rig rig;
            int rest = order;

            transfer = rig_answer(&rig, &heap.mem);
            assert_hr(fake_transfer_body(transfer, ROOT PART_HEAD("a@x") "a"), S_OK);
            assert_hr(receive(&rig, 0, &reply), S_OK);
            object = open_inbound(reply, "r/a");
            for (int count = PARTS; count > 0; rest /= count--) {
                int choice = rest % count;

                go(&rig, transfer, left[choice], reply, object, whole != 0);
                left[choice] = left[count - 1];
            }
            assert_int_equal(atomic_load(&rig.transport.live), 0);
            assert_int_equal(heap.live, 0);
        }
}

static void reply__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static const char body[] = ROOT PART("a@x", "aa") PART("b@x", "bb") END;
    bool whole = false;
    int grants = -1;

    (void)state;
    while (!whole && grants < 100) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_inbound_message *reply;
        struct fake_transfer *transfer;
        struct rig rig;
        size_t taken;
        HRESULT hr;

        rig_send(&rig, &heap.mem, 0);
        transfer = rig.transport.last;
        heap.grants = ++grants;
        fake_transfer_status(transfer, 200, true);
        hr = fake_transfer_begin_body(transfer, MULTIPART);
        if (hr == S_OK)
            hr = fake_transfer_push(transfer, body, sizeof(body) - 1, &taken);
        whole = hr == S_OK;
        fake_transfer_done(transfer, hr);
        heap.grants = -1;
        hr = receive(&rig, 0, &reply);
        assert_true(hr == E_OUTOFMEMORY || (hr == S_OK && reply != NULL));
        if (hr == S_OK) {
            IWSDInboundAttachment *object = open_inbound(reply, "r/b");

            assert_read(object, whole ? S_FALSE : E_OUTOFMEMORY, whole ? "bb" : "");
            object->lpVtbl->Release(object);
        }
        give_back(reply);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 10, 99);
}

/* ---- all at once ---- */

struct race {
    struct rig rig;
    HRESULT last, close; /* the writer's */
};

static void race_transport(void *context)
{
    struct race *race = context;
    struct fake_transfer *transfer = race->rig.transport.last;
    char bytes[7];
    size_t size;

    WORKER_AWAIT(atomic_load(&transfer->starts) == 1);
    for (int i = 0; i < 200; i++)
        fake_transfer_pull(transfer, bytes, sizeof(bytes), &size);
    fake_transfer_status(transfer, 413, false);
    fake_transfer_done(transfer, BROKEN);
}

static void race_write(void *context)
{
    struct race *race = context;
    DWORD written;

    do
        race->last = race->rig.objects[0]->lpVtbl->Write(
            race->rig.objects[0], (const BYTE *)"0123456789", 10, &written);
    while (race->last == S_OK);
    race->close = finish(&race->rig, 0);
}

static void refusal__races_with_writer_and_release__is_told_to_all(void **state)
{
    (void)state;
    for (int round = 0; round < 300; round++) {
        struct worker workers[2];
        struct race race;

        rig_send(&race.rig, wsd_mem_heap(), 2);
        for (size_t i = 0; i < 2; i++)
            wsd_waiting_set_budget(wsd_outbound_waiting(inside(&race.rig, i)), INFINITE);
        worker_start(&workers[0], race_transport, &race);
        worker_start(&workers[1], race_write, &race);
        if (round % 2 == 0) {
            struct wsd_inbound_message *reply;

            assert_hr(receive(&race.rig, INFINITE, &reply), HTTP_E_STATUS(413));
            assert_non_null(reply);
            give_back(reply);
        }
        release_message(&race.rig);
        for (int i = 0; i < 2; i++)
            worker_join(&workers[i]);
        assert_hr(race.last, HTTP_E_STATUS(413));
        assert_hr(race.close, HTTP_E_STATUS(413));
        assert_hr(put(&race.rig, 1, "x"), HTTP_E_STATUS(413));
        rig_release_objects(&race.rig);
        assert_int_equal(atomic_load(&race.rig.transport.live), 0);
    }
}

/* An attachment's reader, the other one's closer, and the transport. */
struct download {
    struct rig rig;
    struct fake_transfer *transfer;
    struct wsd_inbound_message *reply;
    atomic_int wakes;
    size_t round;
    size_t cut;    /* where the transfer fails; SIZE_MAX: nowhere */
    size_t enough; /* bytes, behind which the reader closes */
    HRESULT last;
    size_t received;
    bool wrong; /* bytes */
};

enum { LENGTH = 3000 };

static void download_on_wake(struct fake_transfer *transfer)
{
    atomic_fetch_add(&((struct download *)transfer->transport->context)->wakes, 1);
}

static char download_byte(size_t index)
{
    return (char)('a' + index % 23);
}

static void download_push(void *context)
{
    static const char head[] = ROOT PART_HEAD("a@x");
    static const char middle[] = "\r\n" PART_HEAD("b@x");
    static const char tail[] = "\r\n" END;
    struct download *download = context;
    char body[sizeof(head) + sizeof(middle) + sizeof(tail) + 2 * LENGTH];
    size_t size = 0, pushed = 0, taken = 0;
    HRESULT hr = S_OK;

    memcpy(body, head, sizeof(head) - 1);
    size = sizeof(head) - 1;
    for (size_t i = 0; i < LENGTH; i++)
        body[size++] = download_byte(i);
    memcpy(body + size, middle, sizeof(middle) - 1);
    size += sizeof(middle) - 1;
    for (size_t i = 0; i < LENGTH; i++)
        body[size++] = download_byte(i);
    memcpy(body + size, tail, sizeof(tail) - 1);
    size += sizeof(tail) - 1;

    while (hr == S_OK && pushed < size && pushed < download->cut) {
        size_t piece = size - pushed < 100 ? size - pushed : 100;

        hr = fake_transfer_push(download->transfer, body + pushed, piece, &taken);
        if (hr == S_OK)
            pushed += taken;
        if (hr == S_OK && taken < piece) {
            WORKER_AWAIT(atomic_load(&download->wakes) > 0);
            atomic_store(&download->wakes, 0);
        }
    }
    fake_transfer_done(download->transfer, hr != S_OK      ? hr
                                           : pushed < size ? WS_E_ENDPOINT_DISCONNECTED
                                                           : S_OK);
}

/* Reads the second attachment; the first is closed, or given back with the message. */
static void download_read(void *context)
{
    struct download *download = context;
    IWSDInboundAttachment *first = NULL, *second = NULL;

    if (receive(&download->rig, INFINITE, &download->reply) != S_OK ||
        wsd_inbound_find_attachment(download->reply, "r/a", &first) != S_OK ||
        wsd_inbound_find_attachment(download->reply, "r/b", &second) != S_OK)
        worker_hangs("receive");
    if (download->round % 2 == 0)
        first->lpVtbl->Close(first);
    first->lpVtbl->Release(first);
    if (download->round % 3 == 0)
        give_back(download->reply);
    do {
        BYTE bytes[33];
        DWORD given;

        download->last = second->lpVtbl->Read(second, bytes, sizeof(bytes), &given);
        for (DWORD i = 0; i < given; i++)
            if (bytes[i] != (BYTE)download_byte(download->received++))
                download->wrong = true;
        if (download->received > download->enough)
            second->lpVtbl->Close(second);
    } while (download->last == S_OK);
    second->lpVtbl->Release(second);
    if (download->round % 3 != 0)
        give_back(download->reply);
}

static void download__races_with_its_reader__is_whole_or_fails(void **state)
{
    static const struct wsd_exchange_options patient = {.ring_bytes = 64,
                                                        .wait_budget_ms = INFINITE,
                                                        .max_envelope_bytes =
                                                            WSD_MAX_ENVELOPE,
                                                        .max_reply_bytes = 4000,
                                                        .user_agent = "T"};

    (void)state;
    for (size_t round = 0; round < 60; round++) {
        enum { WHOLE, CUT, CLOSED, ENDS };
        static const HRESULT ends[] = {S_FALSE, WS_E_ENDPOINT_DISCONNECTED,
                                       INVALID_OPERATION};
        size_t end = round % ENDS;
        struct download download = {.round = round / ENDS,
                                    .cut = end == CUT ? LENGTH + 1000 : SIZE_MAX,
                                    .enough = end == CLOSED ? round * 20 : SIZE_MAX};
        struct worker workers[2];

        atomic_init(&download.wakes, 0);
        rig_create(&download.rig, wsd_mem_heap(), 0);
        download.rig.transport.on_wake = download_on_wake;
        download.rig.transport.context = &download;
        assert_hr(wsd_exchange_send(download.rig.message, &download.rig.transport.seam,
                                    URL, &patient),
                  S_OK);
        download.transfer = download.rig.transport.last;
        fake_transfer_status(download.transfer, 200, true);
        assert_hr(fake_transfer_begin_body(download.transfer, MULTIPART), S_OK);
        worker_start(&workers[0], download_push, &download);
        worker_start(&workers[1], download_read, &download);
        for (int i = 0; i < 2; i++)
            worker_join(&workers[i]);
        assert_hr(download.last, ends[end]);
        assert_false(download.wrong);
        if (end == WHOLE)
            assert_int_equal(download.received, LENGTH);
        rig_destroy(&download.rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(send__no_attachments__transmits_plain_soap_at_once),
        cmocka_unit_test(send__attachments__transmits_the_package_as_it_is_written),
        cmocka_unit_test(
            send__lengths_declared_or_not__gives_the_transport_what_is_known),
        cmocka_unit_test(send__two_messages__have_ids_of_their_own),
        cmocka_unit_test(send__prepare_fails__leaves_the_message_unsent),
        cmocka_unit_test(send__envelope_too_large__leaves_the_message_unsent),
        cmocka_unit_test(send__declared_lengths_too_large__leaves_the_message_unsent),
        cmocka_unit_test(send__each_allocation_fails_in_turn__can_be_sent_later),
        cmocka_unit_test(send__an_attachment_has_gone__aborts_the_message),
        cmocka_unit_test(send__written_while_it_is_sent__starts_when_all_are_armed),
        cmocka_unit_test(send__transport_ends_meanwhile__is_aborted),
        cmocka_unit_test(abort__of_one_attachment__fails_the_others),
        cmocka_unit_test(abort__in_the_middle__sends_no_closing_delimiter),
        cmocka_unit_test(close__before_the_declared_length__aborts_the_message),
        cmocka_unit_test(status__while_write_waits__wakes_it_with_its_code),
        cmocka_unit_test(done__status_body_and_transfer__give_one_code),
        cmocka_unit_test(body__over_the_limit__is_refused_and_reported),
        cmocka_unit_test(done__each_allocation_fails_in_turn__is_out_of_memory),
        cmocka_unit_test(receive__before_and_after__waits_hands_over_once),
        cmocka_unit_test(receive__that_waits__drives_the_transport),
        cmocka_unit_test(receive__failure_without_a_reply__is_told_every_time),
        cmocka_unit_test(receive__on_the_librarys_thread__does_not_wait),
        cmocka_unit_test(release__in_every_order__leaks_nothing),
        cmocka_unit_test(close__after_the_message_has_gone__still_succeeds),
        cmocka_unit_test(attachments__after_done__call_into_nothing),
        cmocka_unit_test(refusal__races_with_writer_and_release__is_told_to_all),
        cmocka_unit_test(
            reply__envelope_and_status_there__is_received_while_the_rest_comes),
        cmocka_unit_test(reply__too_early__is_told_and_its_attachments_flow),
        cmocka_unit_test(reply__that_refuses__is_told_by_close_too),
        cmocka_unit_test(reply__attachment_not_read__holds_the_transfer_up),
        cmocka_unit_test(transfer__fails_in_the_middle__fails_what_is_not_whole),
        cmocka_unit_test(transfer__fails_before_the_envelope__is_the_result),
        cmocka_unit_test(reply__bad_behind_its_envelope__is_told_by_the_attachment),
        cmocka_unit_test(reply__of_a_bad_multipart_type__keeps_its_status),
        cmocka_unit_test(forget__before_and_after_publication__ends_the_transfer),
        cmocka_unit_test(forget__reply_was_taken__is_the_applications),
        cmocka_unit_test(reply__released_in_every_order__leaks_nothing),
        cmocka_unit_test(reply__each_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(download__races_with_its_reader__is_whole_or_fails),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
