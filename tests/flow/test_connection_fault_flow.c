/* Rows of groups B, C, D, J and K of tests/FAULTS.md: what may happen to connections, and
 * around them. */
#include "support/scanner.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/recorded.h"

#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)
#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* The peer of takes_all, or one like it, has this document. */
static void expect_document(struct peer *peer, const void *document, size_t size)
{
    struct recorded request;
    size_t received;
    const char *bytes = peer_finish(peer, &received);

    recorded_read(&request, bytes, received);
    assert_true(request.whole);
    assert_part(&request, 1, document, size);
    recorded_free(&request);
}

static void assert_sticks(IWSDOutboundAttachment *attachment, HRESULT hr)
{
    for (int i = 0; i < 2; i++) {
        assert_hr(attachment_open(attachment), hr);
        assert_hr(attachment_close(attachment), hr);
        assert_hr(attachment_abort(attachment), hr);
    }
}

/* ---- C3, J1: resets -------------------------------------------------------------------
 */

/* The document goes on until the connection fails. */
static void check_reset_midway(const struct peer_step *steps, size_t count,
                               const uint64_t *length)
{
    static char block[65536];
    struct peer *peer = peer_start(steps, count);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    wsd_part_options part = WSD_PART_OPTIONS_INIT;
    wsd_inbound_message *reply;
    struct upload upload;
    HRESULT hr;

    options.content_length = length != NULL;
    part.length = length;
    upload_make(&upload, &options, 0);
    upload.parts[0] = attachment_create();
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0],
                                          &part),
              S_OK);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    do
        hr = attachment_write_all(upload.parts[0], block, sizeof(block));
    while (hr == S_OK);
    /* It may come so early that there seems to be no connection. */
    if (steps[0].what != PEER_RESET || hr != CANNOT_CONNECT)
        assert_hr(hr, CONNECTION_ERROR);
    assert_sticks(upload.parts[0], hr);
    assert_hr(upload_receive(&upload, &reply), hr);
    assert_null(reply);
    upload_free(&upload);
    peer_stop(peer);
}

/* Whether Close hears of it or not, the message has failed. */
static void check_reset_behind(const struct peer_step *steps, size_t count)
{
    struct peer *peer = peer_start(steps, count);
    wsd_inbound_message *reply;
    struct upload upload;
    HRESULT hr;

    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
    hr = attachment_close(upload.parts[0]);
    if (hr != S_OK)
        assert_hr(hr, CONNECTION_ERROR);
    assert_hr(upload_receive(&upload, &reply), CONNECTION_ERROR);
    assert_null(reply);
    assert_sticks(upload.parts[0], hr == S_OK ? INVALID_OPERATION : CONNECTION_ERROR);
    upload_free(&upload);
    peer_stop(peer);
}

static void check_resets(const uint64_t *length)
{
    static const struct peer_step before_content[] = {
        {.what = PEER_READ_BYTES, .size = 1},
        {.what = PEER_READ_UNTIL, .text = "\r\nHost: "},
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = "<soap:"},
        {.what = PEER_READ_UNTIL, .text = "</soap:Envelope>"},
    };
    const struct peer_step at_once[] = {{.what = PEER_RESET}};

    check_reset_midway(at_once, COUNT(at_once), length);
    for (size_t i = 0; i < COUNT(before_content); i++) {
        const struct peer_step steps[] = {before_content[i], {.what = PEER_RESET}};

        check_reset_midway(steps, COUNT(steps), length);
    }
    for (size_t sixteenths = 1; sixteenths <= 16; sixteenths++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "</soap:Envelope>"},
            {.what = PEER_READ_BYTES, .size = sixteenths << 16},
            {.what = PEER_RESET},
        };

        check_reset_midway(steps, COUNT(steps), length);
    }
}

/* Anywhere from the connection to the reply's last byte. */
static void C3__reset_anywhere__fails_the_message_for_good(void **state)
{
    static const struct peer_step behind_last_chunk[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_RESET},
    };
    const uint64_t length = UINT64_C(1) << 40;

    (void)state;
    check_resets(NULL);
    check_resets(&length);
    check_reset_behind(behind_last_chunk, COUNT(behind_last_chunk));
}

static volatile sig_atomic_t pipe_signals;

static void count_signal(int number)
{
    (void)number;
    pipe_signals++;
}

static void J1__peer_goes__no_signal_comes_and_the_handler_stays(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_RESET},
    };
    struct sigaction ours = {.sa_handler = count_signal}, before, after;

    (void)state;
    assert_int_equal(sigaction(SIGPIPE, &ours, &before), 0);
    for (int i = 0; i < 20; i++)
        check_reset_midway(steps, COUNT(steps), NULL);
    assert_int_equal(sigaction(SIGPIPE, &before, &after), 0);
    assert_true(after.sa_handler == count_signal);
    assert_int_equal(pipe_signals, 0);
}

/* ---- C10: interim replies -------------------------------------------------------------
 */

#define GO_ON "HTTP/1.1 100 Continue\r\n\r\n"

static void C10__interim_replies_of_any_kind__are_ignored(void **state)
{
    static const char *const interims[] = {
        GO_ON,
        GO_ON GO_ON,
        "HTTP/1.1 102 Processing\r\n\r\n" GO_ON,
        "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
        "HTTP/1.1 102 Processing\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 100 Continue\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.0 100 Continue\r\n\r\n",
        "HTTP/1.1 199 Whatever\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(interims); i++)
        for (int late = 0; late < 2; late++)
            for (int expects = 0; expects < 2; expects++) {
                const struct peer_step steps[] = {
                    {.what = late ? PEER_READ_MESSAGE : PEER_READ_HEAD},
                    {.what = PEER_SEND, .text = interims[i]},
                    {.what = PEER_READ_MESSAGE},
                    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
                };
                struct peer *peer;
                wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
                struct upload upload;

                /* libcurl 7.88 may take others for the end of a reply. */
                if (expects && (late || strstr(interims[i], "1 100 ") == NULL))
                    continue;
                peer = PEER_START(steps);
                options.expect_continue = expects;
                upload_make(&upload, &options, 1);
                upload_send(&upload, peer_url(peer));
                assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
                assert_hr(attachment_close(upload.parts[0]), S_OK);
                assert_hr(upload_result(&upload), S_OK);
                expect_document(peer, "document", 8);
                upload_free(&upload);
                peer_stop(peer);
            }
}

/* ---- C12: redirects -------------------------------------------------------------------
 */

/* The message is in the middle, and there would be credentials to take along. */
static void C12__redirect_before_the_end__is_the_status_and_not_followed(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct peer *other = peer_start(NULL, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        char text[200];
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "document"},
            {.what = PEER_SEND, .text = text},
            {.what = PEER_READ_TO_END},
        };
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        wsd_inbound_message *reply;
        struct upload upload;
        struct peer *peer;

        snprintf(text, sizeof(text),
                 "HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 statuses[i], peer_url(other));
        peer = PEER_START(steps);
        options.user = "user";
        options.password = "secret";
        options.authentication = WSD_AUTHENTICATION_BASIC;
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
        assert_hr(upload_receive(&upload, &reply), HTTP_E_STATUS(statuses[i]));
        assert_non_null(reply);
        assert_int_equal(wsd_inbound_message_http_status(reply), statuses[i]);
        assert_sticks(upload.parts[0], HTTP_E_STATUS(statuses[i]));
        wsd_inbound_message_release(reply);
        upload_free(&upload);
        peer_stop(peer);
    }
    assert_false(peer_was_contacted(other));
    peer_stop(other);
}

/* ---- C5, C6: early refusals -----------------------------------------------------------
 */

/* While it sends, and while there is nothing to send; what is kept of the body is up to
 * the limit, and of the rest only what the sockets hold is taken. */
static void C5_C6__early_refusal_with_a_huge_body__is_the_status(void **state)
{
    enum { HUGE = 64 << 20 };
    static const char head[] = "HTTP/1.1 413 Content Too Large\r\n\r\n<html>";
    char *text = malloc(HUGE);

    (void)state;
    assert_non_null(text);
    memset(text, ' ', HUGE);
    memcpy(text, head, sizeof(head) - 1);
    for (int sends = 0; sends < 2; sends++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "document"},
            {.what = PEER_SEND_SOME, .text = text, .size = HUGE},
        };
        struct peer *peer = PEER_START(steps);
        wsd_inbound_message *reply;
        struct upload upload;
        HRESULT hr;

        upload_make(&upload, NULL, 1);
        attachment_set_budget(upload.parts[0], INFINITE);
        upload_send(&upload, peer_url(peer));
        do
            hr = attachment_write_all(upload.parts[0], "document", 8);
        while (sends && hr == S_OK);
        assert_hr(hr, sends ? HTTP_E_STATUS(413) : S_OK);
        assert_hr(upload_receive(&upload, &reply), HTTP_E_STATUS(413));
        assert_sticks(upload.parts[0], HTTP_E_STATUS(413));
        assert_non_null(reply);
        assert_int_equal(wsd_inbound_message_http_status(reply), 413);
        assert_memory_equal(wsd_inbound_message_body(reply, NULL), "<html>", 6);
        wsd_inbound_message_release(reply);
        upload_free(&upload);
        peer_finish(peer, NULL);
        assert_true(peer_sent(peer) < HUGE);
        peer_stop(peer);
    }
    free(text);
}

/* ---- D9: many, and one that wants all -------------------------------------------------
 */

struct greedy {
    struct worker worker;
    IWSDOutboundAttachment *attachment;
    atomic_bool enough;
    HRESULT hr;
};

static void greedy_run(void *argument)
{
    static char block[65536];
    struct greedy *self = argument;

    do
        self->hr = attachment_write_all(self->attachment, block, sizeof(block));
    while (self->hr == S_OK && !atomic_load(&self->enough));
}

/* They end although its bytes never do. */
static void D9__one_without_end_among_many__leaves_them_their_turn(void **state)
{
    static const struct peer_step drops[] = {{.what = PEER_DROP_TO_END}};
    enum { MANY = 60, SIZE = 100000 };
    struct peer *greedy_peer = PEER_START(drops), *peers[MANY];
    wsd_outbound_message *messages[MANY];
    IWSDOutboundAttachment *attachments[MANY];
    char *document = document_make(SIZE, 9);
    struct greedy greedy = {.hr = E_UNEXPECTED};
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(greedy_peer));
    greedy.attachment = upload.parts[0];
    attachment_set_budget(greedy.attachment, INFINITE);
    atomic_init(&greedy.enough, false);
    worker_start(&greedy.worker, greedy_run, &greedy);
    attachment_await_first_write(greedy.attachment);
    for (size_t i = 0; i < MANY; i++) {
        peers[i] = PEER_START(takes_all);
        messages[i] = message_create(BODY);
        attachments[i] = attachment_create();
        assert_hr(
            wsd_outbound_message_attach(messages[i], "Upload/Data", attachments[i], NULL),
            S_OK);
        assert_hr(wsd_client_send(upload.client, peer_url(peers[i]), messages[i]), S_OK);
        assert_hr(attachment_open(attachments[i]), S_OK);
    }
    for (size_t i = 0; i < MANY; i++) {
        wsd_inbound_message *reply;

        assert_hr(attachment_write_all(attachments[i], document, SIZE), S_OK);
        assert_hr(attachment_close(attachments[i]), S_OK);
        assert_hr(
            wsd_client_receive(upload.client, messages[i], PEER_PATIENCE_MS, &reply),
            S_OK);
        wsd_inbound_message_release(reply);
        wsd_outbound_message_release(messages[i]);
        attachment_release(attachments[i]);
        expect_document(peers[i], document, SIZE);
        peer_stop(peers[i]);
    }
    atomic_store(&greedy.enough, true);
    worker_join(&greedy.worker);
    assert_hr(greedy.hr, S_OK);
    assert_hr(attachment_abort(greedy.attachment), S_OK);
    upload_free(&upload);
    peer_stop(greedy_peer);
    free(document);
}

/* ---- J8, B10: around the process ------------------------------------------------------
 */

/* A whole message, with these two moments before it and in it. */
static void upload_around(void (*before)(void), void (*midway)(void))
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    upload_make(&upload, NULL, 1);
    if (before != NULL)
        before();
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "docu", 4), S_OK);
    if (midway != NULL)
        midway();
    assert_hr(attachment_write_all(upload.parts[0], "ment", 4), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    expect_document(peer, "document", 8);
    upload_free(&upload);
    peer_stop(peer);
}

static int kept[3];

static int keep_standard(void **state)
{
    (void)state;
    fflush(stdout);
    for (int fd = 0; fd < 3; fd++)
        kept[fd] = fcntl(fd, F_DUPFD, 3);
    return 0;
}

static int restore_standard(void **state)
{
    (void)state;
    for (int fd = 0; fd < 3; fd++) {
        dup2(kept[fd], fd);
        close(kept[fd]);
    }
    return 0;
}

static void close_standard(void)
{
    for (int fd = 0; fd < 3; fd++)
        close(fd);
}

/* Closed when there is a client already: its socket gets one of their numbers. */
static void J8__no_standard_streams__no_descriptor_is_taken_for_another(void **state)
{
    (void)state;
    upload_around(close_standard, NULL);
}

static void fork_a_child(void)
{
    pid_t child = fork();
    int status;

    if (child == 0)
        _exit(7);
    assert_true(child > 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

/* [L89] */
static void B10__child_of_fork_that_ends__leaves_the_parent_alone(void **state)
{
    (void)state;
    upload_around(NULL, fork_a_child);
}

/* ---- K3, K4: sizes of chunks ----------------------------------------------------------
 */

static const size_t widths[] = {1,    15,   16,   17,    255,   256,  257,
                                4095, 4096, 4097, 65535, 65536, 65537};

/* Each in a chunk of its own, since the one before is with the peer. */
static void K4__chunks_sent_of_each_width__are_read_as_written(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    char *document = document_make(4 * 65537, 4);
    struct upload upload;
    size_t at = 0;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    for (size_t i = 0; i < COUNT(widths); i++) {
        assert_hr(attachment_write_all(upload.parts[0], document + at, widths[i]), S_OK);
        at += widths[i];
        WORKER_AWAIT(attachment_progress(upload.parts[0]).handed == at);
    }
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    expect_document(peer, document, at);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

/* Chunks of each width, then of any. */
static void K3_K4__chunks_received_of_any_size__are_one_document(void **state)
{
    enum { SIZE = 3000000 };
    char *document = document_make(SIZE, 3);
    struct scan scan = {0};
    uint32_t random = 3;

    (void)state;
    put_root(&scan.body, 1);
    put_page(&scan.body, 0, document, SIZE);
    put_end(&scan.body);
    put_head(&scan.reply, IN_CHUNKS, SCAN_OK, SCAN_TYPE, 0);
    for (size_t at = 0, i = 0; at < scan.body.size; i++) {
        size_t size;

        random = random * 1664525u + 1013904223u;
        size = i < COUNT(widths) ? widths[i] : 1 + (random >> 8) % 65536;
        if (size > scan.body.size - at)
            size = scan.body.size - at;
        put_chunk(&scan.reply, scan.body.at + at, size);
        at += size;
    }
    bytes_say(&scan.reply, "0\r\n\r\n");
    scan_start(&scan, NULL, scan.reply.size, PEER_SEND, PEER_CLOSE);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page_expect(scan.message, 0, document, SIZE, 10007);
    scan_free(&scan);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C3__reset_anywhere__fails_the_message_for_good),
        cmocka_unit_test(J1__peer_goes__no_signal_comes_and_the_handler_stays),
        cmocka_unit_test(C10__interim_replies_of_any_kind__are_ignored),
        cmocka_unit_test(C12__redirect_before_the_end__is_the_status_and_not_followed),
        cmocka_unit_test(C5_C6__early_refusal_with_a_huge_body__is_the_status),
        cmocka_unit_test(D9__one_without_end_among_many__leaves_them_their_turn),
        cmocka_unit_test_setup_teardown(
            J8__no_standard_streams__no_descriptor_is_taken_for_another, keep_standard,
            restore_standard),
        cmocka_unit_test(B10__child_of_fork_that_ends__leaves_the_parent_alone),
        cmocka_unit_test(K4__chunks_sent_of_each_width__are_read_as_written),
        cmocka_unit_test(K3_K4__chunks_received_of_any_size__are_one_document),
    };

    return cmocka_run_group_tests_name("connection_fault_flow", tests, NULL, NULL);
}
