/* The promises of wsdattachment.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/application.h"
#include "support/peer.h"
#include "support/recorded.h"

#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)
#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)

/* More than a socket's two buffers and any ring take: who writes it, waits. */
#define ENDLESS (64u << 20)
static char *endless;

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* Until peer_go() it reads nothing of the body. */
static const struct peer_step takes_all_later[] = {
    {.what = PEER_READ_HEAD},
    {.what = PEER_HOLD},
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};
static const struct peer_step sees_the_end_later[] = {
    {.what = PEER_READ_HEAD},
    {.what = PEER_HOLD},
    {.what = PEER_READ_TO_END},
};

static int make_endless(void **state)
{
    (void)state;
    endless = calloc(1, ENDLESS);
    return endless == NULL;
}

static int free_endless(void **state)
{
    (void)state;
    free(endless);
    return 0;
}

/* ---- Creation, references, interfaces -------------------------------------------------
 */

/* [N1] [N2] [Q5] [Q7] */
static void create__s_ok__gives_one_reference(void **state)
{
    IWSDOutboundAttachment *a = NULL;

    (void)state;
    assert_hr(WSDCreateOutboundAttachment(NULL), E_POINTER);
    assert_hr(WSDCreateOutboundAttachment(&a), S_OK);
    assert_int_equal(a->lpVtbl->AddRef(a), 2);
    assert_int_equal(a->lpVtbl->AddRef(a), 3);
    assert_int_equal(a->lpVtbl->Release(a), 2);
    assert_int_equal(a->lpVtbl->Release(a), 1);
    assert_int_equal(a->lpVtbl->Release(a), 0);
}

/* [Q1] [Q2] [Q5] */
static void query_interface__known_ones__lead_to_each_other(void **state)
{
    static const wsd_guid *const known[] = {&IID_IUnknown, &IID_IWSDAttachment,
                                            &IID_IWSDOutboundAttachment};
    IWSDOutboundAttachment *a = attachment_create();
    IUnknown *identity;

    (void)state;
    assert_hr(a->lpVtbl->QueryInterface(a, &IID_IUnknown, (void **)&identity), S_OK);
    for (size_t i = 0; i < COUNT(known); i++) {
        IUnknown *from;

        assert_hr(a->lpVtbl->QueryInterface(a, known[i], (void **)&from), S_OK);
        assert_int_equal(a->lpVtbl->AddRef(a), 4); /* one is from's own */
        a->lpVtbl->Release(a);
        for (size_t j = 0; j < COUNT(known); j++) {
            IUnknown *to;

            assert_hr(from->lpVtbl->QueryInterface(from, known[j], (void **)&to), S_OK);
            if (known[j] == &IID_IUnknown)
                assert_ptr_equal(to, identity);
            to->lpVtbl->Release(to);
        }
        from->lpVtbl->Release(from);
    }
    identity->lpVtbl->Release(identity);
    assert_int_equal(attachment_release(a), 0);
}

/* [Q3] [Q4] */
static void query_interface__unknown_or_no_pointer__is_refused(void **state)
{
    IWSDOutboundAttachment *a = attachment_create();
    wsd_guid nearly = IID_IWSDOutboundAttachment;
    void *object = a;

    (void)state;
    assert_hr(a->lpVtbl->QueryInterface(a, &IID_IUnknown, NULL), E_POINTER);
    assert_hr(a->lpVtbl->QueryInterface(a, &IID_IWSDInboundAttachment, &object),
              E_NOINTERFACE);
    assert_null(object);
    nearly.Data4[7] ^= 1;
    object = a;
    assert_hr(a->lpVtbl->QueryInterface(a, &nearly, &object), E_NOINTERFACE);
    assert_null(object);
    assert_int_equal(attachment_release(a), 0);
}

/* ---- Each call in each state ----------------------------------------------------------
 */

enum at {
    UNBOUND,
    UNBOUND_TRIED, /* Write was called */
    BOUND,         /* to a message that was not sent */
    BOUND_TRIED,
    CONNECTING, /* BOUND, the message was sent, and Write began to transmit */
    OPEN,
    CLOSING, /* the peer takes nothing */
    CLOSED,
    ABORTED,
    BROKEN,
    GONE
};

struct stage {
    struct peer *peer;
    struct upload upload;
    IWSDOutboundAttachment *subject; /* upload.parts[0] */
    size_t written;
};

/* What the peer has in the end, and what becomes of the message. */
enum wire { NO_WIRE, WIRE_CUT, WIRE_WHOLE };

static void reach(struct stage *stage, enum at at, enum wire wire)
{
    struct upload *upload = &stage->upload;
    DWORD written;

    *stage = (struct stage){0};
    if (at == CONNECTING)
        stage->peer = peer_start_unconnectable();
    else if (at == CLOSED)
        stage->peer = PEER_START(takes_all);
    else if (wire == WIRE_WHOLE)
        stage->peer = PEER_START(takes_all_later);
    else if (wire == WIRE_CUT)
        stage->peer = PEER_START(sees_the_end_later);
    else
        stage->peer = peer_start(NULL, 0);

    upload_make(upload, NULL, at >= BOUND ? 1 : 0);
    if (at < BOUND)
        upload->parts[0] = attachment_create();
    stage->subject = upload->parts[0];
    attachment_set_budget(stage->subject, 20);
    if (at == UNBOUND_TRIED || at == BOUND_TRIED)
        assert_hr(attachment_write(stage->subject, "x", 1, &written), INVALID_OPERATION);
    if (at >= CONNECTING)
        upload_send(upload, at == BROKEN ? peer_refusing_url() : peer_url(stage->peer));
    if (at == CONNECTING)
        assert_hr(attachment_open(stage->subject), STG_S_BLOCK);
    if (at > CONNECTING) {
        attachment_set_budget(stage->subject, INFINITE);
        assert_hr(attachment_open(stage->subject), at == BROKEN ? CANNOT_CONNECT : S_OK);
    }
    if (at == CLOSING) {
        stage->written = attachment_stuff(stage->subject);
        assert_hr(attachment_close(stage->subject), STG_S_BLOCK);
    }
    if (at == CLOSED) {
        assert_hr(attachment_write_all(stage->subject, "document", 8), S_OK);
        stage->written = 8;
        assert_hr(attachment_close(stage->subject), S_OK);
    }
    if (at == ABORTED)
        assert_hr(attachment_abort(stage->subject), S_OK);
}

/* Changes OPEN to CLOSING, and nothing else. */
static void check_state(const struct stage *stage, enum at at)
{
    IWSDOutboundAttachment *subject = stage->subject;
    wsd_outbound_message *other;

    if (at == GONE)
        return;
    attachment_set_budget(subject, 0);
    switch (at) {
    case UNBOUND:
    case UNBOUND_TRIED:
    case BOUND:
    case BOUND_TRIED:
    case CONNECTING:
        assert_hr(attachment_open(subject), STG_S_BLOCK);
        assert_hr(attachment_close(subject), INVALID_OPERATION);
        other = message_create(BODY);
        assert_hr(wsd_outbound_message_attach(other, "Upload/Data", subject, NULL),
                  at < BOUND ? S_OK : HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
        wsd_outbound_message_release(other);
        break;
    case OPEN:
        assert_hr(attachment_open(subject), S_OK);
        assert_true(SUCCEEDED(attachment_close(subject)));
        break;
    case CLOSING:
        assert_hr(attachment_open(subject), INVALID_OPERATION);
        assert_hr(attachment_close(subject), STG_S_BLOCK);
        break;
    case CLOSED:
    case ABORTED:
        assert_hr(attachment_open(subject), INVALID_OPERATION);
        assert_hr(attachment_close(subject), INVALID_OPERATION);
        assert_hr(attachment_abort(subject), INVALID_OPERATION);
        break;
    default:
        assert_hr(attachment_open(subject), CANNOT_CONNECT);
        assert_hr(attachment_close(subject), CANNOT_CONNECT);
        assert_hr(attachment_abort(subject), CANNOT_CONNECT);
        break;
    }
}

/* Before anything is given back: that would cut the connection by itself. */
static void check_wire(const struct stage *stage, enum wire wire)
{
    struct recorded request;
    const char *bytes;
    size_t size;

    if (wire == NO_WIRE) {
        assert_false(peer_was_contacted(stage->peer));
        return;
    }
    peer_go(stage->peer);
    bytes = peer_finish(stage->peer, &size);
    recorded_read(&request, bytes, size);
    if (wire == WIRE_CUT) {
        assert_cut(&request);
    } else {
        assert_true(request.whole);
        assert_true(request.closed);
        assert_int_equal(request.parts[1].size, stage->written);
    }
    recorded_free(&request);
}

enum action { WRITE_3, WRITE_0, DO_CLOSE, DO_ABORT, LAST_RELEASE, ACTIONS };

static void check_cell(enum at at, enum action action, HRESULT expected, enum at after,
                       enum wire wire)
{
    struct stage stage;
    DWORD taken = 99;

    reach(&stage, at, wire);
    switch (action) {
    case WRITE_3:
        assert_hr(attachment_write(stage.subject, "abc", 3, &taken), expected);
        assert_int_equal(taken, expected == S_OK ? 3 : 0);
        stage.written += taken;
        break;
    case WRITE_0:
        assert_hr(attachment_write(stage.subject, "abc", 0, &taken), expected);
        assert_int_equal(taken, 0);
        break;
    case DO_CLOSE:
        assert_hr(attachment_close(stage.subject), expected);
        break;
    case DO_ABORT:
        assert_hr(attachment_abort(stage.subject), expected);
        break;
    default:
        assert_int_equal(attachment_release(stage.subject), 0);
        stage.upload.parts[0] = NULL;
        break;
    }
    check_state(&stage, after);
    if (at != CONNECTING)
        check_wire(&stage, wire);

    if (at < CONNECTING)
        assert_hr(upload_result(&stage.upload), INVALID_OPERATION);
    else if (at == BROKEN)
        assert_hr(upload_result(&stage.upload), CANNOT_CONNECT);
    else if (wire == WIRE_WHOLE)
        assert_hr(upload_result(&stage.upload), S_OK);
    else if (after == ABORTED || after == GONE)
        assert_hr(upload_result(&stage.upload), E_ABORT);
    upload_free(&stage.upload);
    peer_stop(stage.peer);
}

/* The table above the interface.
 * [W8] [W10] [W17] [W18] [C5] [C7] [C8] [A6] [A7] [A8] [A9] [Q6] */
static void every_call__in_every_state__does_what_the_table_says(void **state)
{
    const HRESULT no = INVALID_OPERATION;
    const HRESULT block = STG_S_BLOCK;
    const HRESULT error = CANNOT_CONNECT;
    const struct {
        enum at at;
        struct {
            HRESULT hr;
            enum at after;
            enum wire wire;
        } cells[ACTIONS];
    } rows[] = {
        /* Write 3, Write 0, Close, Abort, the last Release */
        {UNBOUND,
         {{no, UNBOUND, NO_WIRE},
          {no, UNBOUND, NO_WIRE},
          {no, UNBOUND, NO_WIRE},
          {no, UNBOUND, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
        {UNBOUND_TRIED,
         {{no, UNBOUND, NO_WIRE},
          {no, UNBOUND, NO_WIRE},
          {no, UNBOUND, NO_WIRE},
          {S_OK, ABORTED, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
        {BOUND,
         {{no, BOUND, NO_WIRE},
          {no, BOUND, NO_WIRE},
          {no, BOUND, NO_WIRE},
          {no, BOUND, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
        {BOUND_TRIED,
         {{no, BOUND, NO_WIRE},
          {no, BOUND, NO_WIRE},
          {no, BOUND, NO_WIRE},
          {S_OK, ABORTED, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
        {CONNECTING,
         {{block, CONNECTING, NO_WIRE},
          {block, CONNECTING, NO_WIRE},
          {no, CONNECTING, NO_WIRE},
          {S_OK, ABORTED, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
        {OPEN,
         {{S_OK, OPEN, WIRE_WHOLE},
          {S_OK, OPEN, WIRE_WHOLE},
          {S_OK, CLOSED, WIRE_WHOLE},
          {S_OK, ABORTED, WIRE_CUT},
          {S_OK, GONE, WIRE_CUT}}},
        {CLOSING,
         {{no, CLOSING, WIRE_WHOLE},
          {no, CLOSING, WIRE_WHOLE},
          {block, CLOSING, WIRE_WHOLE},
          {S_OK, ABORTED, WIRE_CUT},
          {S_OK, GONE, WIRE_WHOLE}}},
        {CLOSED,
         {{no, CLOSED, WIRE_WHOLE},
          {no, CLOSED, WIRE_WHOLE},
          {no, CLOSED, WIRE_WHOLE},
          {no, CLOSED, WIRE_WHOLE},
          {S_OK, GONE, WIRE_WHOLE}}},
        {ABORTED,
         {{no, ABORTED, WIRE_CUT},
          {no, ABORTED, WIRE_CUT},
          {no, ABORTED, WIRE_CUT},
          {no, ABORTED, WIRE_CUT},
          {S_OK, GONE, WIRE_CUT}}},
        {BROKEN,
         {{error, BROKEN, NO_WIRE},
          {error, BROKEN, NO_WIRE},
          {error, BROKEN, NO_WIRE},
          {error, BROKEN, NO_WIRE},
          {S_OK, GONE, NO_WIRE}}},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        for (int action = 0; action < ACTIONS; action++)
            check_cell(rows[i].at, (enum action)action, rows[i].cells[action].hr,
                       rows[i].cells[action].after, rows[i].cells[action].wire);
}

/* ---- Write ----------------------------------------------------------------------------
 */

/* [W7] [W14] [W15] [A7] */
static void write__bad_arguments__are_checked_in_order_and_do_not_count(void **state)
{
    IWSDOutboundAttachment *a = attachment_create();
    DWORD written = 99;

    (void)state;
    assert_hr(a->lpVtbl->Write(a, NULL, 5, NULL), E_POINTER);
    assert_hr(a->lpVtbl->Write(a, (const BYTE *)"bytes", 5, NULL), E_POINTER);
    assert_hr(a->lpVtbl->Write(a, NULL, 5, &written), E_INVALIDARG);
    assert_int_equal(written, 0);
    written = 99;
    assert_hr(a->lpVtbl->Write(a, NULL, 0, &written), E_INVALIDARG);
    assert_int_equal(written, 0);

    assert_hr(attachment_abort(a), INVALID_OPERATION);
    attachment_release(a);
}

/* The peer has all of it before the application does anything more.  [W1] [W3] */
static void write__opens_the_stream__when_all_before_the_content_is_out(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "Content-ID: <0@body>\r\n\r\n"},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));

    assert_hr(attachment_open(upload.parts[0]), S_OK);

    assert_int_equal(attachment_progress(upload.parts[0]).accepted, 0);
    peer_wait_for_step(peer, 1);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* An envelope that no socket buffers whole.  [W1] [W10] [C7] */
static void write__envelope_is_not_out__does_not_return_s_ok(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_HOLD},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const char open[] = "<Upload><Text>", end[] = "</Text><Data/></Upload>";
    const size_t size = 8u << 20;
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char *body = malloc(sizeof(open) + size + sizeof(end));
    struct upload upload;

    (void)state;
    assert_non_null(body);
    memcpy(body, open, sizeof(open) - 1);
    memset(body + sizeof(open) - 1, 'x', size);
    memcpy(body + sizeof(open) - 1 + size, end, sizeof(end));
    options.max_envelope_bytes = 2 * size;
    upload_make(&upload, &options, 0);
    assert_hr(wsd_outbound_message_set_body(upload.message, body, strlen(body)), S_OK);
    upload.parts[0] = attachment_create();
    assert_hr(
        wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0], NULL),
        S_OK);
    attachment_set_budget(upload.parts[0], 200);
    upload_send(&upload, peer_url(peer));

    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);

    assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
    peer_go(peer);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
    free(body);
}

/* [W2] */
static void write__second_attachment__opens_when_the_first_is_sent(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_set_budget(upload.parts[1], 50);
    assert_hr(attachment_open(upload.parts[1]), STG_S_BLOCK);
    attachment_stuff(upload.parts[0]);
    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);

    assert_hr(attachment_open(upload.parts[1]), STG_S_BLOCK);

    peer_go(peer);
    attachment_set_budget(upload.parts[1], INFINITE);
    assert_hr(attachment_open(upload.parts[1]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[1]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [W5] [W9] [W11] [W12] [W13] */
static void write__never_wait__takes_what_fits(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    struct recorded request;
    size_t stuffed, size, later = 0;
    const char *bytes;
    DWORD written;
    HRESULT hr;

    (void)state;
    options.ring_bytes = 1000;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], 0);
    written = 99;
    assert_hr(attachment_write(upload.parts[0], "x", 1, &written), STG_S_BLOCK);
    assert_int_equal(written, 0);
    upload_send(&upload, peer_url(peer));
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_set_budget(upload.parts[0], 0);
    assert_hr(attachment_write(upload.parts[0], endless, ENDLESS, &written), S_OK);
    assert_in_range(written, 1, ENDLESS - 1);

    stuffed = written + attachment_stuff(upload.parts[0]);

    /* The network may have found room once more. */
    while ((hr = attachment_write(upload.parts[0], "x", 1, &written)) == S_OK) {
        assert_int_equal(written, 1);
        later++;
    }
    assert_hr(hr, STG_S_BLOCK);
    assert_int_equal(written, 0);
    peer_go(peer);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_write_all(upload.parts[0], "end", 3), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_int_equal(request.parts[1].size, stuffed + later + 3);
    assert_memory_equal(request.parts[1].content + stuffed + later, "end", 3);
    for (size_t i = 0; i < stuffed + later; i++)
        if (request.parts[1].content[i] != (i < stuffed ? 0 : 'x'))
            fail_msg("a refused byte was taken, at %zu", i);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* [W6]: longer than the ring, so that each Write has to wait in the middle. */
static void write__several_threads__writes_are_not_interleaved(void **state)
{
    enum { THREADS = 4, SIZE = 50000 };
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char *blocks[THREADS];
    struct call calls[THREADS];
    struct upload upload;
    struct recorded request;
    const char *bytes;
    size_t size;

    (void)state;
    options.ring_bytes = 4096;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    for (size_t i = 0; i < THREADS; i++) {
        blocks[i] = malloc(SIZE);
        memset(blocks[i], (int)('a' + i), SIZE);
        call_begin(&calls[i], upload.parts[0], WRITE, blocks[i], SIZE);
    }
    for (size_t i = 0; i < THREADS; i++) {
        assert_hr(call_end(&calls[i]), S_OK);
        assert_int_equal(calls[i].written, SIZE);
    }
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);

    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_int_equal(request.parts[1].size, THREADS * SIZE);
    for (size_t i = 0; i < THREADS; i++) {
        const char *block = request.parts[1].content + i * SIZE;

        assert_in_range(block[0], 'a', 'a' + THREADS - 1);
        assert_memory_equal(block, blocks[block[0] - 'a'], SIZE);
    }
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
    for (size_t i = 0; i < THREADS; i++)
        free(blocks[i]);
}

/* [W8] [W9] [W11] [W12] */
static void write__peer_stalls__is_short_then_blocks_and_harms_nothing(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    char *document = document_make(ENDLESS, 1);
    struct upload upload;
    struct recorded request;
    size_t taken = 0, size;
    const char *bytes;
    DWORD written;
    HRESULT hr;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], 100);
    upload_send(&upload, peer_url(peer));
    do {
        hr = attachment_write(upload.parts[0], document + taken, ENDLESS - taken,
                              &written);
        taken += written;
        if (hr == S_OK)
            assert_in_range(written, 1, ENDLESS - 1);
    } while (hr == S_OK);

    assert_hr(hr, STG_S_BLOCK);
    assert_int_equal(written, 0);
    assert_true(taken > 0);
    peer_go(peer);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_write(upload.parts[0], document + taken, 100000, &written),
              S_OK);
    assert_int_equal(written, 100000); /* short only if the budget has passed */
    taken += written;
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_part(&request, 1, document, taken);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

/* [W17] */
static void write__not_sent_in_time__is_invalid_and_later_well(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;
    DWORD written = 99;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], 20);
    assert_hr(attachment_write(upload.parts[0], "x", 1, &written), INVALID_OPERATION);
    assert_int_equal(written, 0);

    upload_send(&upload, peer_url(peer));

    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* The way of real programs.  [W17] */
static void write__begun_before_the_message_is_sent__is_released_by_send(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;
    struct recorded request;
    struct call call;
    const char *bytes;
    size_t size;

    (void)state;
    upload_make(&upload, NULL, 0);
    upload.parts[0] = attachment_create();
    attachment_set_budget(upload.parts[0], INFINITE);
    call_begin(&call, upload.parts[0], WRITE, "document", 8);
    attachment_await_first_write(upload.parts[0]);
    assert_hr(
        wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0], NULL),
        S_OK);
    upload_send(&upload, peer_url(peer));

    assert_hr(call_end(&call), S_OK);

    assert_int_equal(call.written, 8);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_part(&request, 1, "document", 8);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* [W20] [W21] [C10] [A9] */
static void write__refused__fails_at_once_and_for_good(void **state)
{
    struct upload upload;
    DWORD written = 99;

    (void)state;
    upload_make(&upload, NULL, 2);
    for (size_t i = 0; i < 2; i++)
        attachment_set_budget(upload.parts[i], INFINITE);
    upload_send(&upload, peer_refusing_url());

    assert_hr(attachment_write(upload.parts[0], "x", 1, &written), CANNOT_CONNECT);

    assert_int_equal(written, 0);
    for (size_t i = 0; i < 2; i++) {
        assert_hr(attachment_open(upload.parts[i]), CANNOT_CONNECT);
        assert_hr(attachment_close(upload.parts[i]), CANNOT_CONNECT);
        assert_hr(attachment_abort(upload.parts[i]), CANNOT_CONNECT);
    }
    upload_free(&upload);
}

struct opener {
    IWSDOutboundAttachment *attachment;
    atomic_bool opened;
};

static void try_to_open(void *context)
{
    struct opener *opener = context;

    if (attachment_open(opener->attachment) == S_OK)
        atomic_store(&opener->opened, true);
}

/* A never-waiting Write that finds another thread's Write in its way is told when that
 * one has ended, also when nothing else happens any more.  [T3] [T4] */
static void write__refused_its_turn__is_told_when_the_turn_is_free(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct opener opener;
        struct call call;

        upload_make(&upload, NULL, 1);
        opener.attachment = upload.parts[0];
        atomic_init(&opener.opened, false);
        attachment_set_budget(upload.parts[0], INFINITE);
        assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[0],
                                                    try_to_open, &opener),
                  S_OK);
        call_begin(&call, upload.parts[0], WRITE, "", 0);
        WORKER_AWAIT(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[0],
                                                       try_to_open,
                                                       &opener) == INVALID_OPERATION);
        attachment_set_budget(upload.parts[0], 0);
        assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);

        upload_send(&upload, peer_url(peer));

        WORKER_AWAIT(atomic_load(&opener.opened));
        assert_hr(call_end(&call), S_OK);
        attachment_set_budget(upload.parts[0], INFINITE);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        assert_hr(upload_result(&upload), S_OK);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- Close ----------------------------------------------------------------------------
 */

/* Releasing the client would cut what is not out.  [C1] [C2] */
static void close__s_ok__all_is_out(void **state)
{
    char *document = document_make(3000000, 2);

    (void)state;
    for (size_t count = 1; count <= 2; count++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct recorded request;
        const char *bytes;
        size_t size;

        upload_make(&upload, NULL, count);
        upload_send(&upload, peer_url(peer));
        for (size_t i = 0; i < count; i++) {
            assert_hr(attachment_write_all(upload.parts[i], document, 3000000), S_OK);

            assert_hr(attachment_close(upload.parts[i]), S_OK);

            assert_int_equal(attachment_progress(upload.parts[i]).handed, 3000000);
        }
        wsd_client_release(upload.client);
        upload.client = NULL;
        bytes = peer_finish(peer, &size);
        recorded_read(&request, bytes, size);
        assert_true(request.whole);
        for (size_t i = 0; i < count; i++)
            assert_part(&request, i + 1, document, 3000000);
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
    free(document);
}

/* The second attachment's Write has started the message; nobody has written the first
 * one, which may be as far as it can be without.  [C7] */
static void close__no_write_returned_s_ok__is_refused_and_harms_nothing(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "Content-ID: <0@body>\r\n\r\n"},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 2);
    attachment_set_budget(upload.parts[1], 0);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[1]), STG_S_BLOCK);
    peer_wait_for_step(peer, 1);

    for (int i = 0; i < 1000; i++) {
        assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
        sched_yield();
    }

    for (size_t i = 0; i < 2; i++) {
        attachment_set_budget(upload.parts[i], INFINITE);
        assert_hr(attachment_open(upload.parts[i]), S_OK);
        assert_hr(attachment_close(upload.parts[i]), S_OK);
    }
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [C4] [C5] [C8] */
static void close__peer_stalls__blocks_and_succeeds_later(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_stuff(upload.parts[0]);
    attachment_set_budget(upload.parts[0], 50);

    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);
    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);

    peer_go(peer);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [C5] [C11] */
static void close__told_to_call_again__finds_what_the_peer_has_said(void **state)
{
    static const struct peer_step refuses[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n"},
    };
    const struct {
        const struct peer_step *steps;
        HRESULT hr, later;
    } rows[] = {
        {takes_all_later, S_OK, INVALID_OPERATION},
        {refuses, HTTP_E_STATUS(500), HTTP_E_STATUS(500)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, COUNT(refuses));
        struct upload upload;

        upload_make(&upload, NULL, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        attachment_stuff(upload.parts[0]);
        assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);
        peer_go(peer);
        assert_hr(upload_result(&upload), rows[i].hr);

        assert_hr(attachment_close(upload.parts[0]), rows[i].hr);

        assert_hr(attachment_close(upload.parts[0]), rows[i].later);
        assert_hr(attachment_open(upload.parts[0]), rows[i].later);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [C3] */
static void close__while_a_write_is_in_progress__comes_after_it(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    struct upload upload;
    struct recorded request;
    struct call call;
    const char *bytes;
    size_t size;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    call_begin(&call, upload.parts[0], WRITE, endless, ENDLESS);
    WORKER_AWAIT(attachment_progress(upload.parts[0]).accepted > 0);
    attachment_set_budget(upload.parts[0], 20);
    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK); /* and it is still OPEN */

    attachment_set_budget(upload.parts[0], INFINITE);
    peer_go(peer);
    assert_hr(attachment_close(upload.parts[0]), S_OK);

    assert_hr(call_end(&call), S_OK);
    assert_int_equal(call.written, ENDLESS);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_int_equal(request.parts[1].size, ENDLESS);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* [C5] */
static void close__on_several_threads__succeeds_on_each(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    struct upload upload;
    struct call calls[3];

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_stuff(upload.parts[0]);
    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);
    attachment_set_budget(upload.parts[0], INFINITE);
    for (size_t i = 0; i < COUNT(calls); i++)
        call_begin(&calls[i], upload.parts[0], CLOSE, NULL, 0);
    peer_go(peer);
    for (size_t i = 0; i < COUNT(calls); i++) {
        HRESULT hr = call_end(&calls[i]);

        if (hr != INVALID_OPERATION) /* for one that began when all was over */
            assert_hr(hr, S_OK);
    }
    upload_free(&upload);
    peer_stop(peer);
}

/* [C10] [C11] */
static void close__peer_refuses_or_goes__says_so(void **state)
{
    static const struct peer_step refuses[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n"},
        {.what = PEER_SHUT_WRITE},
        {.what = PEER_READ_TO_END},
    };
    static const struct peer_step goes[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_RESET},
    };
    const struct {
        const struct peer_step *steps;
        size_t count;
        HRESULT hr;
    } rows[] = {
        {refuses, COUNT(refuses), HTTP_E_STATUS(413)},
        {goes, COUNT(goes), CONNECTION_ERROR},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        struct upload upload;

        upload_make(&upload, NULL, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        attachment_stuff(upload.parts[0]);
        assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK);
        attachment_set_budget(upload.parts[0], INFINITE);
        peer_go(peer);

        assert_hr(attachment_close(upload.parts[0]), rows[i].hr);

        assert_hr(attachment_close(upload.parts[0]), rows[i].hr);
        assert_hr(upload_result(&upload), rows[i].hr);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- Abort and the last Release -------------------------------------------------------
 */

/* The peer sees the end of the connection before anything was given back, which would
 * cut it too. */
static void check_cut_before_release(struct peer *peer)
{
    struct recorded request;
    const char *bytes;
    size_t size;

    peer_go(peer);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_cut(&request);
    recorded_free(&request);
}

/* Where a call can wait. */
enum wait_for {
    FOR_A_MESSAGE,
    FOR_SEND,
    FOR_CONNECT,
    FOR_PART_BEFORE,
    FOR_ROOM,
    FOR_END
};

static struct peer *start_peer_for(enum wait_for what)
{
    if (what == FOR_CONNECT)
        return peer_start_unconnectable();
    return what < FOR_CONNECT ? peer_start(NULL, 0) : PEER_START(sees_the_end_later);
}

/* Begins a call on another thread and comes back when it waits. */
static void begin_waiting(struct call *call, IWSDOutboundAttachment *subject,
                          enum wait_for what)
{
    if (what == FOR_END) {
        attachment_stuff(subject);
        attachment_set_budget(subject, INFINITE);
        call_begin(call, subject, CLOSE, NULL, 0);
        WORKER_AWAIT(attachment_open(subject) == INVALID_OPERATION);
    } else {
        attachment_set_budget(subject, INFINITE);
        call_begin(call, subject, WRITE, endless, ENDLESS);
        if (what == FOR_ROOM)
            WORKER_AWAIT(attachment_progress(subject).accepted > 0);
        else
            attachment_await_first_write(subject);
    }
}

static void check_abort_of_a_waiting_call(enum wait_for what)
{
    struct peer *peer = start_peer_for(what);
    size_t index = what == FOR_PART_BEFORE ? 1 : 0;
    IWSDOutboundAttachment *subject, *other;
    struct upload upload;
    struct call call;

    upload_make(&upload, NULL, what == FOR_A_MESSAGE ? 0 : 2);
    if (what == FOR_A_MESSAGE)
        upload.parts[0] = attachment_create();
    subject = upload.parts[index];
    other = upload.parts[1 - index];
    if (what >= FOR_CONNECT)
        upload_send(&upload, peer_url(peer));
    if (what > FOR_CONNECT)
        assert_hr(attachment_open(upload.parts[0]), S_OK);
    begin_waiting(&call, subject, what);

    assert_hr(attachment_abort(subject), S_OK);

    assert_hr(call_end(&call), E_ABORT);
    if (what != FOR_END)
        assert_int_equal(call.written, 0);
    assert_hr(attachment_open(subject), INVALID_OPERATION);
    if (what == FOR_A_MESSAGE)
        assert_hr(
            wsd_outbound_message_attach(upload.message, "Upload/Data", subject, NULL),
            E_ABORT);
    else if (what == FOR_SEND)
        assert_hr(wsd_client_send(upload.client, peer_url(peer), upload.message),
                  E_ABORT);
    else
        assert_hr(upload_result(&upload), E_ABORT);
    if (other != NULL) {
        assert_hr(attachment_open(other), E_ABORT);
        assert_hr(attachment_close(other), E_ABORT);
    }
    if (what > FOR_CONNECT)
        check_cut_before_release(peer);
    upload_free(&upload);
    if (what < FOR_CONNECT)
        assert_false(peer_was_contacted(peer));
    peer_stop(peer);
}

/* [W19] [C9] [A1] [A2] [A3] [A4] [A6] */
static void abort__a_call_waits__wakes_it_wherever_it_waits(void **state)
{
    (void)state;
    for (int what = FOR_A_MESSAGE; what <= FOR_END; what++)
        check_abort_of_a_waiting_call((enum wait_for)what);
}

/* One call waits for another one to end.  [A3] */
static void abort__calls_wait_for_their_turn__wakes_all(void **state)
{
    struct peer *peer = PEER_START(sees_the_end_later);
    struct upload upload;
    struct call calls[4];

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    begin_waiting(&calls[0], upload.parts[0], FOR_ROOM);
    for (size_t i = 1; i < COUNT(calls); i++)
        call_begin(&calls[i], upload.parts[0], i % 2 == 0 ? WRITE : CLOSE, endless, 1);

    assert_hr(attachment_abort(upload.parts[0]), S_OK);

    assert_hr(call_end(&calls[0]), E_ABORT);
    for (size_t i = 1; i < COUNT(calls); i++) {
        HRESULT hr = call_end(&calls[i]);

        if (hr != INVALID_OPERATION) /* for one that began after Abort */
            assert_hr(hr, E_ABORT);
    }
    check_cut_before_release(peer);
    upload_free(&upload);
    peer_stop(peer);
}

/* Between two attachments nothing is open.  [A1] */
static void abort__between_two_attachments__cuts(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    attachment_set_budget(upload.parts[1], 0);
    assert_true(SUCCEEDED(attachment_open(upload.parts[1])));

    assert_hr(attachment_abort(upload.parts[1]), S_OK);

    check_cut_before_release(peer);
    assert_hr(upload_result(&upload), E_ABORT);
    assert_hr(attachment_open(upload.parts[0]), INVALID_OPERATION); /* CLOSED it was */
    upload_free(&upload);
    peer_stop(peer);
}

/* [Q6] [A2] */
static void release__last_reference_unwritten__aborts_the_message(void **state)
{
    (void)state;
    for (int sent = 0; sent <= 1; sent++) {
        struct peer *peer = peer_start(NULL, 0);
        struct upload upload;

        upload_make(&upload, NULL, 2);
        if (sent)
            upload_send(&upload, peer_url(peer));
        attachment_set_budget(upload.parts[1], INFINITE);

        assert_int_equal(attachment_release(upload.parts[0]), 0);

        upload.parts[0] = NULL;
        if (sent)
            assert_hr(upload_result(&upload), E_ABORT);
        else
            assert_hr(wsd_client_send(upload.client, peer_url(peer), upload.message),
                      E_ABORT);
        assert_hr(attachment_open(upload.parts[1]), E_ABORT);
        upload_free(&upload);
        assert_false(peer_was_contacted(peer));
        peer_stop(peer);
    }
}

/* [Q6] [Q7] */
static void release__not_the_last_reference__changes_nothing(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload.parts[0]->lpVtbl->AddRef(upload.parts[0]);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);

    assert_int_equal(attachment_release(upload.parts[0]), 1);

    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* What the sender had written when it was killed. */
enum killed { KILLED_OPEN, KILLED_WRITING, KILLED_CLOSING };

/* The child's whole life, after the parent has told it the URL. */
static void be_killed(int url_pipe, int ready_pipe, enum killed when)
{
    struct upload upload;
    char url[64] = "";

    if (read(url_pipe, url, sizeof(url) - 1) <= 0)
        _exit(1);
    upload_make(&upload, NULL, 1);
    upload_send(&upload, url);
    if (attachment_open(upload.parts[0]) != S_OK)
        _exit(1);
    if (when != KILLED_OPEN)
        attachment_stuff(upload.parts[0]);
    if (when == KILLED_CLOSING && attachment_close(upload.parts[0]) != STG_S_BLOCK)
        _exit(1);
    if (write(ready_pipe, "!", 1) != 1)
        _exit(1);
    for (;;)
        pause();
}

/* The child is made before the peer's thread: a program with threads cannot fork well. */
static void killed__in_the_middle__looks_cut_to_the_peer(void **state)
{
    (void)state;
    for (int when = KILLED_OPEN; when <= KILLED_CLOSING; when++) {
        int url_pipe[2], ready_pipe[2], status;
        struct peer *peer;
        char ready;
        pid_t child;

        assert_int_equal(pipe(url_pipe), 0);
        assert_int_equal(pipe(ready_pipe), 0);
        child = fork();
        assert_true(child >= 0);
        if (child == 0)
            be_killed(url_pipe[0], ready_pipe[1], (enum killed)when);
        peer = PEER_START(sees_the_end_later);
        assert_true(write(url_pipe[1], peer_url(peer), strlen(peer_url(peer))) > 0);
        close(ready_pipe[1]);
        assert_int_equal(read(ready_pipe[0], &ready, 1), 1);

        assert_int_equal(kill(child, SIGKILL), 0);

        assert_int_equal(waitpid(child, &status, 0), child);
        assert_true(WIFSIGNALED(status));
        check_cut_before_release(peer);
        peer_stop(peer);
        close(ready_pipe[0]);
        close(url_pipe[0]);
        close(url_pipe[1]);
    }
}

/* ---- On a thread of the library -------------------------------------------------------
 */

struct from_callback {
    struct upload *upload;
    atomic_bool called;
    HRESULT write, close, receive, write_without_waiting, abort;
    DWORD written;
};

static void call_everything(void *context)
{
    struct from_callback *seen = context;
    IWSDOutboundAttachment *a = seen->upload->parts[0];
    wsd_inbound_message *reply;

    if (atomic_load(&seen->called))
        return;
    wsd_attachment_set_wait_budget((IWSDAttachment *)a, 1000);
    seen->write = attachment_write(a, "x", 1, &seen->written);
    seen->close = attachment_close(a);
    seen->receive =
        wsd_client_receive(seen->upload->client, seen->upload->message, 1000, &reply);
    wsd_attachment_set_wait_budget((IWSDAttachment *)a, 0);
    seen->write_without_waiting = attachment_open(a);
    seen->abort = attachment_abort(a);
    atomic_store(&seen->called, true);
}

/* [W16] [C6] [A5] */
static void calls__on_a_thread_of_the_library__may_not_wait(void **state)
{
    struct peer *peer = PEER_START(sees_the_end_later);
    struct upload upload;
    struct from_callback seen = {.upload = &upload, .written = 99};

    (void)state;
    upload_make(&upload, NULL, 1);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[0],
                                                call_everything, &seen),
              S_OK);
    upload_send(&upload, peer_url(peer));
    atomic_init(&seen.called, true); /* not on this thread */
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_stuff(upload.parts[0]);
    atomic_store(&seen.called, false);

    peer_go(peer);
    WORKER_AWAIT(atomic_load(&seen.called));

    assert_hr(seen.write, POSSIBLE_DEADLOCK);
    assert_int_equal(seen.written, 0);
    assert_hr(seen.close, POSSIBLE_DEADLOCK);
    assert_hr(seen.receive, POSSIBLE_DEADLOCK);
    assert_hr(seen.write_without_waiting, S_OK);
    assert_hr(seen.abort, S_OK);
    check_cut_before_release(peer);
    assert_hr(upload_result(&upload), E_ABORT);
    upload_free(&upload);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__s_ok__gives_one_reference),
        cmocka_unit_test(query_interface__known_ones__lead_to_each_other),
        cmocka_unit_test(query_interface__unknown_or_no_pointer__is_refused),
        cmocka_unit_test(every_call__in_every_state__does_what_the_table_says),
        cmocka_unit_test(write__bad_arguments__are_checked_in_order_and_do_not_count),
        cmocka_unit_test(write__opens_the_stream__when_all_before_the_content_is_out),
        cmocka_unit_test(write__envelope_is_not_out__does_not_return_s_ok),
        cmocka_unit_test(write__second_attachment__opens_when_the_first_is_sent),
        cmocka_unit_test(write__never_wait__takes_what_fits),
        cmocka_unit_test(write__several_threads__writes_are_not_interleaved),
        cmocka_unit_test(write__peer_stalls__is_short_then_blocks_and_harms_nothing),
        cmocka_unit_test(write__not_sent_in_time__is_invalid_and_later_well),
        cmocka_unit_test(write__begun_before_the_message_is_sent__is_released_by_send),
        cmocka_unit_test(write__refused__fails_at_once_and_for_good),
        cmocka_unit_test(write__refused_its_turn__is_told_when_the_turn_is_free),
        cmocka_unit_test(close__s_ok__all_is_out),
        cmocka_unit_test(close__no_write_returned_s_ok__is_refused_and_harms_nothing),
        cmocka_unit_test(close__peer_stalls__blocks_and_succeeds_later),
        cmocka_unit_test(close__told_to_call_again__finds_what_the_peer_has_said),
        cmocka_unit_test(close__while_a_write_is_in_progress__comes_after_it),
        cmocka_unit_test(close__on_several_threads__succeeds_on_each),
        cmocka_unit_test(close__peer_refuses_or_goes__says_so),
        cmocka_unit_test(abort__a_call_waits__wakes_it_wherever_it_waits),
        cmocka_unit_test(abort__calls_wait_for_their_turn__wakes_all),
        cmocka_unit_test(abort__between_two_attachments__cuts),
        cmocka_unit_test(release__last_reference_unwritten__aborts_the_message),
        cmocka_unit_test(release__not_the_last_reference__changes_nothing),
        cmocka_unit_test(killed__in_the_middle__looks_cut_to_the_peer),
        cmocka_unit_test(calls__on_a_thread_of_the_library__may_not_wait),
    };

    return cmocka_run_group_tests_name("outbound_attachment_contract", tests,
                                       make_endless, free_endless);
}
