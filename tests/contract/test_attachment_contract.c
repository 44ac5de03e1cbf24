/* The promises of wsd_attachment.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/foreign_attachment.h"
#include "support/peer.h"
#include "support/recorded.h"

#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};
static const struct peer_step takes_all_later[] = {
    {.what = PEER_READ_HEAD},
    {.what = PEER_HOLD},
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* ---- Arguments ------------------------------------------------------------------------
 */

static void on_ready_do_nothing(void *context)
{
    (void)context;
}

static void check_arguments(IWSDAttachment *a, HRESULT expected)
{
    wsd_attachment_progress progress = {.size = sizeof(progress)};
    int fd = 99;

    assert_hr(wsd_attachment_set_wait_budget(a, 1), expected);
    assert_hr(wsd_attachment_get_ready_fd(a, &fd), expected);
    assert_true(expected == S_OK ? fd >= 0 : fd == -1);
    assert_hr(wsd_attachment_set_ready_callback(a, on_ready_do_nothing, NULL), expected);
    assert_hr(wsd_attachment_get_progress(a, &progress), expected);
}

/* [T1] [T2] */
static void every_function__object_of_somebody_else__is_refused(void **state)
{
    IWSDOutboundAttachment *a = attachment_create();
    struct foreign_attachment foreign;
    wsd_attachment_progress progress = {.size = sizeof(progress) - 1};

    (void)state;
    check_arguments(NULL, E_POINTER);
    for (int kind = 0; kind < FOREIGN_KINDS; kind++) {
        foreign_attachment_init(&foreign, (enum foreign_kind)kind);
        check_arguments(foreign_attachment(&foreign), E_INVALIDARG);
        assert_int_equal(foreign.references, 1);
    }
    foreign_attachment_wrap(&foreign, a);
    check_arguments(foreign_attachment(&foreign), S_OK);
    assert_int_equal(foreign.references, 1);
    check_arguments((IWSDAttachment *)a, S_OK);

    assert_hr(wsd_attachment_get_ready_fd((IWSDAttachment *)a, NULL), E_POINTER);
    assert_hr(wsd_attachment_get_progress((IWSDAttachment *)a, NULL), E_POINTER);
    assert_hr(wsd_attachment_get_progress((IWSDAttachment *)a, &progress), E_INVALIDARG);
    assert_int_equal(attachment_release(a), 0);
}

/* ---- The wait budget ------------------------------------------------------------------
 */

/* [T1] */
static void wait_budget__not_set__is_the_clients_once_sent(void **state)
{
    struct peer *peer = peer_start_unconnectable();
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    long begin;

    (void)state;
    options.wait_budget_ms = 30;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    begin = now_ms();

    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);

    assert_in_range(now_ms() - begin, 0, 25000); /* not the 30 000 from before */
    upload_free(&upload);
    peer_stop(peer);
}

/* [T1] */
static void wait_budget__set__goes_before_the_clients(void **state)
{
    struct peer *peer = peer_start_unconnectable();
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;

    (void)state;
    options.wait_budget_ms = INFINITE;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], 30);
    upload_send(&upload, peer_url(peer));

    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);

    attachment_set_budget(upload.parts[0], 0);
    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [T1] */
static void wait_budget__set_while_a_call_waits__is_for_the_next_call(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    const size_t size = 64u << 20;
    char *document = document_make(size, 1);
    struct upload upload;
    struct call call;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    call_begin(&call, upload.parts[0], WRITE, document, size);
    WORKER_AWAIT(attachment_progress(upload.parts[0]).accepted > 0);

    attachment_set_budget(upload.parts[0], 1);
    assert_hr(attachment_close(upload.parts[0]), STG_S_BLOCK); /* for more than that */
    peer_go(peer);

    assert_hr(call_end(&call), S_OK);
    assert_int_equal(call.written, size); /* not short */
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

/* ---- Readiness ------------------------------------------------------------------------
 */

/* [T3] */
static void ready_fd__is_unreadable__from_block_to_change(void **state)
{
    struct peer *peer = PEER_START(takes_all_later);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char half[500] = {0};
    struct upload upload;
    IWSDOutboundAttachment *a;
    HRESULT hr;
    DWORD written;

    (void)state;
    options.ring_bytes = 2 * sizeof(half);
    upload_make(&upload, &options, 2);
    a = upload.parts[0];
    attachment_set_budget(a, 0);
    assert_int_equal(attachment_ready_fd(a), attachment_ready_fd(a));
    assert_true(attachment_is_ready(a));
    assert_hr(attachment_close(a), INVALID_OPERATION);
    assert_true(attachment_is_ready(a));

    /* until the message was sent */
    assert_hr(attachment_open(a), STG_S_BLOCK);
    assert_false(attachment_is_ready(a));
    assert_hr(attachment_open(a), STG_S_BLOCK);
    assert_false(attachment_is_ready(a));
    upload_send(&upload, peer_url(peer));
    assert_true(attachment_is_ready(a));

    /* until the stream is open */
    while ((hr = attachment_open(a)) == STG_S_BLOCK)
        attachment_await_ready(a);
    assert_hr(hr, S_OK);
    assert_true(attachment_is_ready(a));

    /* until half of the ring is free */
    attachment_stuff(a);
    assert_false(attachment_is_ready(a));
    attachment_set_budget(upload.parts[1], 0); /* its descriptor is made while blocked */
    assert_hr(attachment_open(upload.parts[1]), STG_S_BLOCK);
    assert_false(attachment_is_ready(upload.parts[1]));
    peer_go(peer);
    attachment_await_ready(a);
    assert_hr(attachment_write(a, half, sizeof(half), &written), S_OK);
    assert_int_equal(written, sizeof(half));

    /* until all bytes are out */
    while ((hr = attachment_close(a)) == STG_S_BLOCK)
        attachment_await_ready(a);
    assert_hr(hr, S_OK);
    attachment_await_ready(upload.parts[1]);
    attachment_set_budget(upload.parts[1], INFINITE);
    assert_hr(attachment_open(upload.parts[1]), S_OK);
    assert_hr(attachment_close(upload.parts[1]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [T3] */
static void ready_fd__transfer_fails__is_readable_for_good(void **state)
{
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 2);
    for (size_t i = 0; i < 2; i++) {
        attachment_set_budget(upload.parts[i], 0);
        assert_hr(attachment_open(upload.parts[i]), STG_S_BLOCK);
    }
    upload_send(&upload, peer_refusing_url());
    for (size_t i = 0; i < 2; i++) {
        HRESULT hr;

        while ((hr = attachment_open(upload.parts[i])) == STG_S_BLOCK)
            attachment_await_ready(upload.parts[i]);
        assert_hr(hr, CANNOT_CONNECT);
        assert_true(attachment_is_ready(upload.parts[i]));
    }
    upload_free(&upload);
}

/* How a program without waits learns that it may go on. */
struct bell {
    atomic_uint rings;
    unsigned heard;
};

static void ring(void *context)
{
    struct bell *bell = context;

    atomic_fetch_add(&bell->rings, 1);
}

static void await_bell(IWSDOutboundAttachment *attachment, struct bell *bell)
{
    (void)attachment;
    WORKER_AWAIT(atomic_load(&bell->rings) != bell->heard);
    bell->heard++;
}

static void await_descriptor(IWSDOutboundAttachment *attachment, struct bell *bell)
{
    (void)bell;
    attachment_await_ready(attachment);
}

/* A whole upload of two attachments without a call that waits; returns how often one was
 * refused. */
static unsigned upload_without_waiting(void (*await)(IWSDOutboundAttachment *,
                                                     struct bell *),
                                       struct bell bells[2], size_t ring_bytes)
{
    const size_t size = 600 * ring_bytes + 7;
    struct peer *peer = PEER_START(takes_all_later);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char *document = document_make(size, 3);
    struct upload upload;
    struct recorded request;
    const char *bytes;
    size_t recorded_size;
    unsigned blocked = 0;

    options.ring_bytes = ring_bytes;
    upload_make(&upload, &options, 2);
    for (size_t i = 0; i < 2; i++) {
        attachment_set_budget(upload.parts[i], 0);
        if (bells != NULL)
            assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[i],
                                                        ring, &bells[i]),
                      S_OK);
    }
    upload_send(&upload, peer_url(peer));
    peer_go(peer);
    for (size_t i = 0; i < 2; i++) {
        size_t taken = 0;
        HRESULT hr = S_OK;

        while (taken < size) {
            DWORD written;

            hr = attachment_write(upload.parts[i], document + taken, size - taken,
                                  &written);
            taken += written;
            if (hr == STG_S_BLOCK) {
                blocked++;
                await(upload.parts[i], bells == NULL ? NULL : &bells[i]);
            } else {
                assert_hr(hr, S_OK);
            }
        }
        while ((hr = attachment_close(upload.parts[i])) == STG_S_BLOCK) {
            blocked++;
            await(upload.parts[i], bells == NULL ? NULL : &bells[i]);
        }
        assert_hr(hr, S_OK);
    }
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    bytes = peer_finish(peer, &recorded_size);
    recorded_read(&request, bytes, recorded_size);
    assert_part(&request, 1, document, size);
    assert_part(&request, 2, document, size);
    recorded_free(&request);
    peer_stop(peer);
    free(document);
    return blocked;
}

/* [T3] */
static void never_wait__driven_by_poll_alone__uploads_all(void **state)
{
    static const size_t rings[] = {1, 2, 7, 4096};

    (void)state;
    for (size_t i = 0; i < COUNT(rings); i++)
        assert_true(upload_without_waiting(await_descriptor, NULL, rings[i]) > 0);
}

/* [T4] */
static void never_wait__driven_by_the_callback_alone__uploads_all(void **state)
{
    static const size_t rings[] = {1, 2, 7, 4096};

    (void)state;
    for (size_t i = 0; i < COUNT(rings); i++) {
        struct bell bells[2] = {{.heard = 0}};
        unsigned blocked = upload_without_waiting(await_bell, bells, rings[i]);

        assert_true(blocked > 0);
        /* once for each refusal, and not once more */
        assert_int_equal(atomic_load(&bells[0].rings) + atomic_load(&bells[1].rings),
                         blocked);
    }
}

struct last_reference {
    _Atomic(IWSDOutboundAttachment *) attachment; /* NULL: not yet, or not any more */
    atomic_int released;
};

static void release_it(void *context)
{
    struct last_reference *last = context;

    IWSDOutboundAttachment *attachment = atomic_exchange(&last->attachment, NULL);

    if (attachment == NULL)
        return;
    attachment_release(attachment);
    atomic_fetch_add(&last->released, 1);
}

/* [T5]: on the thread of the library, and on the thread that sends. */
static void ready_callback__gives_back_the_last_reference__is_safe(void **state)
{
    (void)state;
    for (int on_send = 0; on_send <= 1; on_send++) {
        struct peer *peer = on_send ? peer_start(NULL, 0) : PEER_START(takes_all_later);
        struct last_reference last = {.released = 0};
        struct upload upload;
        IWSDOutboundAttachment *a;

        upload_make(&upload, NULL, 1);
        a = upload.parts[0];
        upload.parts[0] = NULL;
        assert_hr(
            wsd_attachment_set_ready_callback((IWSDAttachment *)a, release_it, &last),
            S_OK);
        if (on_send) {
            attachment_set_budget(a, 0);
            assert_hr(attachment_open(a), STG_S_BLOCK);
            atomic_store(&last.attachment, a);
            (void)wsd_client_send(upload.client, peer_url(peer), upload.message);
        } else {
            upload_send(&upload, peer_url(peer));
            assert_hr(attachment_open(a), S_OK);
            attachment_stuff(a);
            assert_hr(attachment_close(a), STG_S_BLOCK);
            atomic_store(&last.attachment, a);
            peer_go(peer);
        }
        WORKER_AWAIT(atomic_load(&last.released) == 1);
        assert_hr(upload_result(&upload), on_send ? E_ABORT : S_OK);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [T6] */
static void ready_callback__after_the_first_write__cannot_be_set(void **state)
{
    IWSDOutboundAttachment *a = attachment_create();

    (void)state;
    attachment_set_budget(a, 0);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)a, ring, NULL), S_OK);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)a, NULL, NULL), S_OK);
    assert_hr(attachment_open(a), STG_S_BLOCK);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)a, NULL, NULL),
              INVALID_OPERATION);
    assert_int_equal(attachment_release(a), 0);
}

/* ---- Progress -------------------------------------------------------------------------
 */

/* [T7] */
static void progress__counts__only_grow_and_meet_at_the_end(void **state)
{
    const size_t size = 3000001;
    struct peer *peer = PEER_START(takes_all);
    char *document = document_make(size, 4);
    wsd_attachment_progress last = {0};
    struct upload upload;
    struct call call;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    call_begin(&call, upload.parts[0], WRITE, document, size);
    while (last.accepted < size || last.handed < size) {
        wsd_attachment_progress now = attachment_progress(upload.parts[0]);

        assert_true(now.accepted >= last.accepted && now.handed >= last.handed);
        assert_true(now.handed <= now.accepted && now.accepted <= size);
        last = now;
        sched_yield();
    }
    assert_hr(call_end(&call), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);

    last = attachment_progress(upload.parts[0]);

    assert_int_equal(last.accepted, size);
    assert_int_equal(last.handed, size);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_function__object_of_somebody_else__is_refused),
        cmocka_unit_test(wait_budget__not_set__is_the_clients_once_sent),
        cmocka_unit_test(wait_budget__set__goes_before_the_clients),
        cmocka_unit_test(wait_budget__set_while_a_call_waits__is_for_the_next_call),
        cmocka_unit_test(ready_fd__is_unreadable__from_block_to_change),
        cmocka_unit_test(ready_fd__transfer_fails__is_readable_for_good),
        cmocka_unit_test(never_wait__driven_by_poll_alone__uploads_all),
        cmocka_unit_test(never_wait__driven_by_the_callback_alone__uploads_all),
        cmocka_unit_test(ready_callback__gives_back_the_last_reference__is_safe),
        cmocka_unit_test(ready_callback__after_the_first_write__cannot_be_set),
        cmocka_unit_test(progress__counts__only_grow_and_meet_at_the_end),
    };

    return cmocka_run_group_tests_name("attachment_contract", tests, NULL, NULL);
}
