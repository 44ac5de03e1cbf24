/* Rows I4, I7, I9 and I10 of tests/FAULTS.md: what the threads of a program may do to
 * each other in this library and in libcurl, which others of the program may use, too. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include "support/application.h"
#include "support/libcurl_user.h"
#include "support/peer.h"
#include "support/recorded.h"
#include "support/scanner.h"
#include "wininet.h"

#define AGENT "probe/1.0"

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* The last request that the peer has had is whole, with this document. */
static void expect_document(struct peer *peer, const char *document)
{
    struct recorded request;
    size_t size;
    const char *bytes = peer_finish(peer, &size), *last = bytes, *next;

    while ((next = strstr(last + 1, "POST /service ")) != NULL)
        last = next;
    recorded_read(&request, last, size - (size_t)(last - bytes));
    assert_true(request.whole && request.closed);
    assert_part(&request, 1, document, strlen(document));
    recorded_free(&request);
}

/* ---- I4: wake-ups of a transfer that does not wait for any
 * -----------------------------
 */

#define CHALLENGE                                                                        \
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"den\", "              \
    "qop=\"auth\", nonce=\"n1\"\r\nContent-Length: 0\r\n\r\n"
#define GO_ON "HTTP/1.1 100 Continue\r\n\r\n"

/* The stream is paused when the peer asks who sends; the rest is written while the second
 * request waits for a 100, which comes, or never does. */
static void I4__woken_while_it_awaits_100__loses_nothing(void **state)
{
    static const char *const answers[] = {GO_ON, NULL};

    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        enum { AWAITS = 6 };
        struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_SEND, .text = GO_ON},
            {.what = PEER_READ_UNTIL, .text = "some"},
            {.what = PEER_SEND, .text = CHALLENGE},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_HEAD},
            [AWAITS] = {.what = PEER_HOLD},
            {.what = PEER_SEND, .text = answers[i]},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;
        struct peer *peer;

        if (answers[i] == NULL)
            steps[AWAITS + 1] = (struct peer_step){.what = PEER_READ_HEAD};
        peer = PEER_START(steps);
        options.expect_continue = TRUE;
        options.user = "u";
        options.password = "p";
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write_all(upload.parts[0], "some", 4), S_OK);
        peer_wait_for_step(peer, AWAITS);
        for (const char *at = " and more"; *at != '\0'; at++)
            assert_hr(attachment_write_all(upload.parts[0], at, 1), S_OK);
        peer_go(peer);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        assert_hr(upload_result(&upload), S_OK);
        upload_free(&upload);
        expect_document(peer, "some and more");
        peer_stop(peer);
    }
}

static void write_for_ever(void *argument)
{
    struct call *call = argument;

    do
        call->hr = attachment_write_all(call->attachment, "x", 1);
    while (call->hr == S_OK);
}

/* Each byte wakes the transfer, which the peer ends meanwhile. */
static void I4__woken_while_it_is_refused__ends_with_the_status(void **state)
{
    static const struct {
        const char *text;
        HRESULT hr;
    } rows[] = {
        {"HTTP/1.1 307 Moved\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
         HTTP_E_STATUS(307)},
        {"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nmuch", HTTP_E_STATUS(413)},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
         HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"nothing of HTTP\r\n\r\n",
         HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"", HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)},
    };
    enum { ROUNDS = 20 };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * ROUNDS; i++) {
        const HRESULT expected = rows[i % COUNT(rows)].hr;
        const char *text = rows[i % COUNT(rows)].text;
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "xxx"},
            {.what = PEER_SEND, .text = text},
            {.what = text[0] == '\0' ? PEER_SHUT_WRITE : PEER_DROP_TO_END},
            {.what = PEER_DROP_TO_END},
        };
        struct peer *peer = PEER_START(steps);
        struct call call = {.hr = E_UNEXPECTED};
        struct upload upload;

        upload_make(&upload, NULL, 1);
        upload_send(&upload, peer_url(peer));
        call.attachment = upload.parts[0];
        worker_start(&call.worker, write_for_ever, &call);
        assert_hr(call_end(&call), expected);
        assert_hr(upload_result(&upload), expected);
        assert_hr(attachment_close(upload.parts[0]), expected);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- I7: libcurl belongs to nobody
 * -----------------------------------------------------
 */

static wsd_client *client_create(void)
{
    wsd_client *client;

    assert_hr(wsd_client_create(NULL, &client), S_OK);
    return client;
}

static void use_client(wsd_client *client)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload = {.client = client, .message = message_create(NULL)};

    upload_send(&upload, peer_url(peer));
    assert_hr(upload_result(&upload), S_OK);
    wsd_outbound_message_release(upload.message);
    peer_stop(peer);
}

/* [L104] */
static void I7__clients_and_the_program__each_keep_libcurl_for_themselves(void **state)
{
    wsd_client *clients[2];

    (void)state;
    assert_true(libcurl_begin());
    clients[0] = client_create();
    clients[1] = client_create();
    libcurl_end(); /* the program needs it no more */
    assert_false(libcurl_begin());
    use_client(clients[0]);
    wsd_client_release(clients[0]);
    libcurl_end();
    assert_false(libcurl_begin());
    use_client(clients[1]);
    wsd_client_release(clients[1]);
    libcurl_end();

    assert_true(libcurl_begin()); /* the clients have given it back */
    libcurl_end();
}

static void come_and_go(void *argument)
{
    for (int i = 0; i < 30; i++) {
        wsd_client *client = NULL;

        if (wsd_client_create(NULL, &client) != S_OK)
            atomic_fetch_add((atomic_uint *)argument, 1);
        wsd_client_release(client);
    }
}

static void begin_and_end(void *argument)
{
    (void)argument;
    for (int i = 0; i < 300; i++) {
        libcurl_begin_plainly();
        libcurl_end();
    }
}

static void I7__clients_and_the_program_on_threads__are_counted(void **state)
{
    struct worker workers[6];
    atomic_uint failures = 0;

    (void)state;
    for (size_t i = 0; i < COUNT(workers); i++)
        worker_start(&workers[i], i < 4 ? come_and_go : begin_and_end, &failures);
    for (size_t i = 0; i < COUNT(workers); i++)
        worker_join(&workers[i]);
    assert_int_equal(atomic_load(&failures), 0);
    assert_true(libcurl_begin());
    libcurl_end();
}

/* ---- I9: threads that are cancelled
 * ----------------------------------------------------
 */

/* A thread that makes one call, and ends behind it when it was cancelled. */
struct victim {
    pthread_t thread;
    HRESULT (*call)(void *argument);
    void *argument;
    HRESULT hr;
    atomic_bool has_begun, has_returned;
};

static void *victim_run(void *context)
{
    struct victim *victim = context;

    atomic_store(&victim->has_begun, true);
    victim->hr = victim->call(victim->argument);
    atomic_store(&victim->has_returned, true);
    WORKER_AWAIT(false); /* but to be cancelled */
    return NULL;
}

static void victim_start(struct victim *victim, HRESULT (*call)(void *argument),
                         void *argument)
{
    *victim = (struct victim){.call = call, .argument = argument, .hr = E_UNEXPECTED};
    assert_int_equal(pthread_create(&victim->thread, NULL, victim_run, victim), 0);
    WORKER_AWAIT(atomic_load(&victim->has_begun));
}

/* What the call has returned, before the thread was gone. */
static HRESULT victim_end(struct victim *victim)
{
    void *result;

    WORKER_AWAIT(atomic_load(&victim->has_returned));
    assert_int_equal(pthread_join(victim->thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    return victim->hr;
}

static HRESULT write_much(void *argument)
{
    static const char zeros[1 << 20];
    HRESULT hr = S_OK;

    while (hr == S_OK)
        hr = attachment_write_all(argument, zeros, sizeof(zeros));
    return hr;
}

/* Cancelled, it waits for room once more for each 10 kB. */
static void I9__writer_is_cancelled__writes_on_until_it_is_aborted(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_DROP_TO_END}};
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    struct victim victim;

    (void)state;
    options.ring_bytes = 10000;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    victim_start(&victim, write_much, upload.parts[0]);
    assert_int_equal(pthread_cancel(victim.thread), 0);
    WORKER_AWAIT(attachment_progress(upload.parts[0]).accepted > 1 << 20);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(victim_end(&victim), E_ABORT);
    upload_free(&upload);
    peer_stop(peer);
}

static HRESULT close_it(void *argument)
{
    return attachment_close(argument);
}

static void I9__close_is_cancelled__waits_on_until_it_is_aborted(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_DROP_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;
    struct victim victim;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    attachment_stuff(upload.parts[0]);
    attachment_set_budget(upload.parts[0], INFINITE);
    victim_start(&victim, close_it, upload.parts[0]);
    WORKER_AWAIT(attachment_open(upload.parts[0]) == INVALID_OPERATION);
    assert_int_equal(pthread_cancel(victim.thread), 0);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(victim_end(&victim), E_ABORT);
    upload_free(&upload);
    peer_go(peer);
    peer_stop(peer);
}

static HRESULT receive_all(void *argument)
{
    struct scan *scan = argument;
    IWSDInboundAttachment *page = NULL;
    char buffer[100];
    DWORD given;
    HRESULT hr = upload_receive(&scan->upload, &scan->message);

    if (hr == S_OK)
        hr = wsd_inbound_message_attachment(scan->message, "Scan/Page[1]", &page);
    while (hr == S_OK)
        hr = page_read(page, buffer, sizeof(buffer), &given);
    if (page != NULL)
        page_release(page);
    return hr;
}

/* The reply stops in front of its envelope, or in its page. */
static void I9__reader_is_cancelled__has_all_of_the_reply(void **state)
{
    char *document = document_make(100000, 9);

    (void)state;
    for (int in_page = 0; in_page < 2; in_page++) {
        struct scan scan = {.message = NULL};
        struct victim victim;

        put_root(&scan.body, 1);
        put_page(&scan.body, 0, document, 100000);
        put_end(&scan.body);
        put_head(&scan.reply, IN_CHUNKS, SCAN_OK, SCAN_TYPE, 0);
        put_framed(&scan.reply, IN_CHUNKS, &scan.body);
        scan_start(&scan, NULL, in_page ? 50000 : 20, PEER_SEND, PEER_CLOSE);
        victim_start(&victim, receive_all, &scan);
        assert_int_equal(pthread_cancel(victim.thread), 0);
        peer_wait_for_step(scan.peer, 2);
        peer_go(scan.peer);
        assert_hr(victim_end(&victim), S_FALSE);
        scan_free(&scan);
    }
    free(document);
}

static HRESULT upload_as_on_windows(const struct peer *peer)
{
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect = InternetConnectA(session, "127.0.0.1", peer_port(peer), NULL,
                                         NULL, INTERNET_SERVICE_HTTP, 0, 0);
    HINTERNET request = HttpOpenRequestA(connect, "POST", "/up", NULL, NULL, NULL, 0, 0);
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers), .dwBufferTotal = 8};
    DWORD count;
    bool done = HttpSendRequestExA(request, &buffers, NULL, 0, 0) &&
                InternetWriteFile(request, "document", 8, &count) &&
                HttpEndRequestA(request, NULL, 0, 0) &&
                InternetReadFile(request, &buffers, 1, &count);

    InternetCloseHandle(session); /* and those below it */
    return done ? S_OK : E_FAIL;
}

static void WSD_CALL end_if_cancelled(void *context)
{
    (void)context;
    pthread_testcancel();
}

/* Abort calls the callback of a Write that was told to wait. */
static HRESULT abort_another(void)
{
    IWSDOutboundAttachment *attachment = NULL;
    IWSDAttachment *base;
    DWORD written;
    int fd;
    HRESULT hr = WSDCreateOutboundAttachment(&attachment);

    if (hr != S_OK)
        return hr;
    base = (IWSDAttachment *)attachment;
    hr = wsd_attachment_set_ready_callback(base, end_if_cancelled, NULL);
    if (hr == S_OK)
        hr = wsd_attachment_get_ready_fd(base, &fd);
    if (hr == S_OK)
        hr = wsd_attachment_set_wait_budget(base, 0);
    if (hr == S_OK)
        hr = attachment_write(attachment, "", 0, &written) == STG_S_BLOCK ? S_OK : E_FAIL;
    if (hr == S_OK)
        hr = attachment_abort(attachment);
    attachment_release(attachment);
    return hr;
}

static HRESULT upload_in_full(const char *url)
{
    struct upload upload = {.client = NULL};
    wsd_inbound_message *reply = NULL;
    HRESULT hr = wsd_client_create(NULL, &upload.client);

    if (hr == S_OK)
        hr = wsd_outbound_message_create(ACTION, &upload.message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(upload.message, BODY, strlen(BODY));
    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&upload.parts[0]);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0],
                                         NULL);
    if (hr == S_OK)
        hr = abort_another();
    if (hr == S_OK)
        hr = wsd_client_send(upload.client, url, upload.message);
    if (hr == S_OK)
        hr = attachment_write_all(upload.parts[0], "document", 8);
    if (hr == S_OK)
        hr = attachment_close(upload.parts[0]);
    if (hr == S_OK)
        hr = upload_receive(&upload, &reply);
    wsd_inbound_message_release(reply);
    upload_free(&upload);
    return hr;
}

static HRESULT upload_in_both_ways(void *argument)
{
    struct peer *const *peers = argument;
    HRESULT hr;

    pthread_cancel(pthread_self());
    hr = upload_in_full(peer_url(peers[0]));
    return hr == S_OK ? upload_as_on_windows(peers[1]) : hr;
}

/* [L103] */
static void I9__cancelled_before__no_call_ends_the_thread(void **state)
{
    struct peer *peers[] = {PEER_START(takes_all), PEER_START(takes_all)};
    struct victim victim;

    (void)state;
    victim_start(&victim, upload_in_both_ways, peers);
    assert_hr(victim_end(&victim), S_OK);
    expect_document(peers[0], "document");
    peer_stop(peers[0]);
    peer_stop(peers[1]);
}

/* ---- I10: callbacks that do not return
 * -------------------------------------------------
 */

struct gate {
    atomic_bool reached, open;
};

static void WSD_CALL stick(void *context)
{
    struct gate *gate = context;

    atomic_store(&gate->reached, true);
    WORKER_AWAIT(atomic_load(&gate->open));
}

static void WSD_CALL stick_in_log(void *context, const wsd_log_entry *entry)
{
    (void)entry;
    stick(context);
}

static void WSD_CALL stick_in_progress(void *context,
                                       const wsd_message_progress *progress)
{
    (void)progress;
    stick(context);
}

/* What changes that, or has done so already, calls the ready callback. */
static void write_until_it_blocks(IWSDOutboundAttachment *attachment)
{
    static const char zeros[1 << 20];
    HRESULT hr = S_OK;
    DWORD written;

    attachment_set_budget(attachment, 0);
    while (hr == S_OK)
        hr = attachment_write(attachment, zeros, sizeof(zeros), &written);
    assert_hr(hr, STG_S_BLOCK);
    attachment_set_budget(attachment, INFINITE);
}

/* That client waits, and so does nobody else. */
static void I10__callback_is_stuck__other_clients_go_on(void **state)
{
    enum { LOG, PROGRESS, READY, CALLBACKS };

    (void)state;
    for (int which = 0; which < CALLBACKS; which++) {
        struct peer *stuck_peer = PEER_START(takes_all), *peer = PEER_START(takes_all);
        struct gate gate = {.reached = false};
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload stuck;
        struct call write;

        options.log = which == LOG ? stick_in_log : NULL;
        options.log_level = WSD_LOG_DEBUG;
        options.progress = which == PROGRESS ? stick_in_progress : NULL;
        options.log_context = options.progress_context = &gate;
        upload_make(&stuck, &options, 1);
        assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)stuck.parts[0],
                                                    which == READY ? stick : NULL, &gate),
                  S_OK);
        upload_send(&stuck, peer_url(stuck_peer));
        if (which == READY)
            write_until_it_blocks(stuck.parts[0]);
        call_begin(&write, stuck.parts[0], WRITE, "document", 8);
        WORKER_AWAIT(atomic_load(&gate.reached));

        assert_hr(upload_in_full(peer_url(peer)), S_OK);
        expect_document(peer, "document");

        atomic_store(&gate.open, true);
        assert_hr(call_end(&write), S_OK);
        assert_hr(attachment_close(stuck.parts[0]), S_OK);
        assert_hr(upload_result(&stuck), S_OK);
        upload_free(&stuck);
        peer_stop(stuck_peer);
        peer_stop(peer);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* first, so that libraries below initialize themselves in it */
        cmocka_unit_test(I9__cancelled_before__no_call_ends_the_thread),
        cmocka_unit_test(I4__woken_while_it_awaits_100__loses_nothing),
        cmocka_unit_test(I4__woken_while_it_is_refused__ends_with_the_status),
        cmocka_unit_test(I7__clients_and_the_program__each_keep_libcurl_for_themselves),
        cmocka_unit_test(I7__clients_and_the_program_on_threads__are_counted),
        cmocka_unit_test(I9__writer_is_cancelled__writes_on_until_it_is_aborted),
        cmocka_unit_test(I9__close_is_cancelled__waits_on_until_it_is_aborted),
        cmocka_unit_test(I9__reader_is_cancelled__has_all_of_the_reply),
        cmocka_unit_test(I10__callback_is_stuck__other_clients_go_on),
    };

    alarm(150); /* the bound of every wait: a lock that a thread has left behind */
    return cmocka_run_group_tests_name("thread_flow", tests, NULL, NULL);
}
