/* Real sockets, and peers that misbehave by script. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/peer.h"
#include "support/recorded.h"

#define WIN(number) HRESULT_FROM_WIN32(ERROR_WINHTTP_##number)

/* More than a socket's two buffers and the ring take. */
#define ENDLESS (64u << 20)
static char *endless;

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

/* Every call from now on has the same code. */
static void assert_sticks(IWSDOutboundAttachment *attachment, HRESULT hr)
{
    for (int i = 0; i < 2; i++) {
        DWORD written = 99;

        assert_hr(attachment_write(attachment, "x", 1, &written), hr);
        assert_int_equal(written, 0);
        assert_hr(attachment_open(attachment), hr);
        assert_hr(attachment_close(attachment), hr);
        assert_hr(attachment_abort(attachment), hr);
    }
}

/* ---- Nobody there ---------------------------------------------------------------------
 */

/* A label of 64 octets is none (RFC 1035 section 2.3.4): no resolver asks the network.
 * [W20] [L21] */
static void connect__name_is_not_found__fails_at_once(void **state)
{
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload,
                "http://aaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbccccccccccccccccdddddddddddddddd"
                ".invalid/service");
    assert_hr(attachment_open(upload.parts[0]), WIN(NAME_NOT_RESOLVED));
    assert_sticks(upload.parts[0], WIN(NAME_NOT_RESOLVED));
    assert_hr(upload_result(&upload), WIN(NAME_NOT_RESOLVED));
    upload_free(&upload);
}

/* [W20] [L21] */
static void connect__is_refused__fails_at_once(void **state)
{
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_refusing_url());
    assert_hr(attachment_open(upload.parts[0]), WIN(CANNOT_CONNECT));
    assert_sticks(upload.parts[0], WIN(CANNOT_CONNECT));
    assert_hr(upload_result(&upload), WIN(CANNOT_CONNECT));
    upload_free(&upload);
}

/* [W20] [L22] */
static void connect__takes_too_long__times_out(void **state)
{
    struct peer *peer = peer_start_unconnectable();
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;

    (void)state;
    options.connect_timeout_ms = 100;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), WIN(TIMEOUT));
    assert_sticks(upload.parts[0], WIN(TIMEOUT));
    assert_hr(upload_result(&upload), WIN(TIMEOUT));
    upload_free(&upload);
    peer_stop(peer);
}

/* ---- The connection is lost -----------------------------------------------------------
 */

/* [W4] [W21] [C10] [L12] [L23] */
static void connection__is_reset__fails_what_is_not_yet_sent(void **state)
{
    static const struct peer_step in_head[] = {
        {.what = PEER_READ_BYTES, .size = 10},
        {.what = PEER_RESET},
    };
    static const struct peer_step in_envelope[] = {
        {.what = PEER_READ_UNTIL, .text = "<soap:Body>"},
        {.what = PEER_RESET},
    };
    static const struct peer_step in_content[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_BYTES, .size = 3000000},
        {.what = PEER_RESET},
    };
    const struct {
        const struct peer_step *steps;
        size_t count;
    } rows[] = {{in_head, 2}, {in_envelope, 2}, {in_content, 3}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        wsd_inbound_message *reply = (wsd_inbound_message *)&reply;
        struct upload upload;

        upload_make(&upload, NULL, 2);
        for (size_t j = 0; j < 2; j++)
            attachment_set_budget(upload.parts[j], INFINITE);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write_all(upload.parts[0], endless, ENDLESS),
                  WIN(CONNECTION_ERROR));
        assert_sticks(upload.parts[0], WIN(CONNECTION_ERROR));
        assert_sticks(upload.parts[1], WIN(CONNECTION_ERROR));
        assert_hr(upload_receive(&upload, &reply), WIN(CONNECTION_ERROR));
        assert_null(reply);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [L23] */
static void connection__ends_after_the_request__fails_the_reply(void **state)
{
    static const struct peer_step resets[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_HOLD},
        {.what = PEER_RESET},
    };
    static const struct peer_step closes[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_HOLD},
        {.what = PEER_CLOSE},
    };
    const struct peer_step *const rows[] = {resets, closes};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i], 3);
        struct upload upload;

        upload_make(&upload, NULL, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write_all(upload.parts[0], endless, 1000), S_OK);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        peer_go(peer);
        assert_hr(upload_result(&upload), WIN(CONNECTION_ERROR));
        assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* Where the application waits when the peer does something. */
enum situation {
    WRITING, /* the ring is full, the peer reads nothing */
    CLOSING, /* likewise */
    PAUSED, /* there is nothing to send: the first attachment is open, the second waits */
    SITUATIONS
};

static void begin_waiting(struct call *call, struct upload *upload,
                          enum situation situation)
{
    for (size_t i = 0; i < 2; i++)
        attachment_set_budget(upload->parts[i], INFINITE);
    assert_hr(attachment_open(upload->parts[0]), S_OK);
    switch (situation) {
    case WRITING:
        call_begin(call, upload->parts[0], WRITE, endless, ENDLESS);
        WORKER_AWAIT(attachment_progress(upload->parts[0]).accepted > 0);
        break;
    case CLOSING:
        attachment_stuff(upload->parts[0]);
        attachment_set_budget(upload->parts[0], INFINITE);
        call_begin(call, upload->parts[0], CLOSE, NULL, 0);
        WORKER_AWAIT(attachment_open(upload->parts[0]) == INVALID_OPERATION);
        break;
    default:
        call_begin(call, upload->parts[1], WRITE, "x", 1);
        attachment_await_first_write(upload->parts[1]);
        break;
    }
}

/* A FIN before the reply: the peer will never answer.  [W4] [L23] */
static void connection__is_half_closed__ends_every_wait(void **state)
{
    static const struct peer_step silent[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SHUT_WRITE},
        {.what = PEER_HOLD}, /* and reads nothing */
    };
    static const struct peer_step drains[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SHUT_WRITE},
        {.what = PEER_READ_TO_END},
    };
    const struct peer_step *const peers[] = {silent, drains};

    (void)state;
    for (size_t i = 0; i < COUNT(peers); i++)
        for (int situation = WRITING; situation < SITUATIONS; situation++) {
            struct peer *peer = peer_start(peers[i], 4);
            struct upload upload;
            struct call call;
            long begin;

            upload_make(&upload, NULL, 2);
            upload_send(&upload, peer_url(peer));
            begin_waiting(&call, &upload, (enum situation)situation);
            begin = now_ms();
            peer_go(peer);
            assert_hr(call_end(&call), WIN(CONNECTION_ERROR));
            print_message("FIN, situation %d: %ld ms\n", situation,
                          call.returned_ms - begin);
            assert_sticks(upload.parts[0], WIN(CONNECTION_ERROR));
            assert_sticks(upload.parts[1], WIN(CONNECTION_ERROR));
            assert_hr(upload_result(&upload), WIN(CONNECTION_ERROR));
            peer_go(peer);
            upload_free(&upload);
            peer_stop(peer);
        }
}

/* Nobody waits, and nobody writes.  [W21] [L23] */
static void connection__is_half_closed_while_nobody_waits__fails(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SHUT_WRITE},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    peer_go(peer);
    assert_hr(upload_result(&upload), WIN(CONNECTION_ERROR));
    assert_sticks(upload.parts[0], WIN(CONNECTION_ERROR));
    upload_free(&upload);
    peer_stop(peer);
}

/* ---- Timers ---------------------------------------------------------------------------
 */

/* [W4] [W11] [L22] */
static void peer__never_reads__blocks_first_and_fails_later(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    HRESULT hr;

    (void)state;
    options.wait_budget_ms = 50;
    options.peer_stall_timeout_ms = 1500;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    do
        hr = attachment_write_all(upload.parts[0], endless, ENDLESS);
    while (hr == S_OK);
    assert_hr(hr, STG_S_BLOCK);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_write_all(upload.parts[0], endless, ENDLESS), WIN(TIMEOUT));
    assert_sticks(upload.parts[0], WIN(TIMEOUT));
    assert_hr(upload_result(&upload), WIN(TIMEOUT));
    peer_go(peer);
    upload_free(&upload);
    peer_stop(peer);
}

/* It is the application that has nothing to send.  [L22] */
static void application__is_silent__no_timer_runs(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct timespec silence = {0, 400000000};
    struct upload upload;

    (void)state;
    options.peer_stall_timeout_ms = 50;
    options.response_timeout_ms = 50;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    nanosleep(&silence, NULL);
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
    nanosleep(&silence, NULL);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* [L22] [L12] */
static void peer__never_answers__times_out(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_HOLD},
    };
    static const struct peer_step stops[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<soap"},
        {.what = PEER_HOLD},
    };
    const struct {
        const struct peer_step *steps;
        size_t count;
        bool has_reply;
    } rows[] = {{steps, 2, false}, {stops, 3, true}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        wsd_inbound_message *reply;
        struct upload upload;

        options.response_timeout_ms = 200;
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        assert_hr(upload_receive(&upload, &reply), WIN(TIMEOUT));
        assert_true((reply != NULL) == rows[i].has_reply);
        wsd_inbound_message_release(reply);
        peer_go(peer);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- An answer before the end of the request ------------------------------------------
 */

#define FAULT_BODY                                                                       \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><s:Fault>"  \
    "<s:Code><s:Value>s:Sender</s:Value></s:Code><s:Reason><s:Text>No</s:Text>"          \
    "</s:Reason></s:Fault></s:Body></s:Envelope>"

#define GOOD_BODY                                                                        \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><Done/>"    \
    "</s:Body></s:Envelope>"

/* A whole response.  Caller frees. */
static char *response(const char *status_line, const char *more_lines, const char *body)
{
    size_t size = strlen(status_line) + strlen(more_lines) + strlen(body) + 64;
    char *text = malloc(size);

    assert_non_null(text);
    snprintf(text, size, "%s\r\nContent-Length: %zu\r\n%s\r\n%s", status_line,
             strlen(body), more_lines, body);
    return text;
}

/* What the peer does when it has answered. */
static const struct {
    const char *name;
    enum peer_do what;
    bool shuts;
} afterwards[] = {
    {"closes", PEER_READ_TO_END, true},
    {"keeps and reads", PEER_READ_TO_END, false},
    {"keeps and reads nothing", PEER_HOLD, false},
    {"resets", PEER_RESET, false},
};

/* [W4] [C11] [L12] [L15] [L16] [L24] */
static void status__before_the_end__ends_every_wait_with_its_code(void **state)
{
    static const struct {
        const char *status_line, *body;
        HRESULT call, result;
    } rows[] = {
        {"HTTP/1.1 200 OK", "", WIN(INVALID_SERVER_RESPONSE),
         WIN(INVALID_SERVER_RESPONSE)},
        {"HTTP/1.1 200 OK", GOOD_BODY, WIN(INVALID_SERVER_RESPONSE),
         WIN(INVALID_SERVER_RESPONSE)},
        {"HTTP/1.1 400 Bad Request", "", HTTP_E_STATUS(400), HTTP_E_STATUS(400)},
        {"HTTP/1.1 400 Bad Request", FAULT_BODY, HTTP_E_STATUS(400),
         WS_E_ENDPOINT_FAULT_RECEIVED},
        {"HTTP/1.1 413 Too Large", "", HTTP_E_STATUS(413), HTTP_E_STATUS(413)},
        {"HTTP/1.1 413 Too Large", "<html>", HTTP_E_STATUS(413), HTTP_E_STATUS(413)},
        {"HTTP/1.1 500 Error", "<html>", HTTP_E_STATUS(500), HTTP_E_STATUS(500)},
        {"HTTP/1.1 500 Error", FAULT_BODY, HTTP_E_STATUS(500),
         WS_E_ENDPOINT_FAULT_RECEIVED},
    };
    static const char *const situations[] = {"writing", "closing", "paused"};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *text = response(rows[i].status_line, "", rows[i].body);
        long longest = 0;

        for (size_t j = 0; j < COUNT(afterwards); j++)
            for (int situation = WRITING; situation < SITUATIONS; situation++) {
                const struct peer_step steps[] = {
                    {.what = PEER_READ_HEAD},
                    {.what = PEER_HOLD},
                    {.what = PEER_SEND, .text = text},
                    {.what = afterwards[j].shuts ? PEER_SHUT_WRITE : PEER_HOLD},
                    {.what = afterwards[j].what},
                };
                struct peer *peer;
                wsd_inbound_message *reply;
                struct upload upload;
                struct call call;
                HRESULT hr, result;
                long begin;

                if (situation == CLOSING && afterwards[j].what == PEER_READ_TO_END)
                    continue; /* as the others: it takes its time to get there */
                peer = PEER_START(steps);
                upload_make(&upload, NULL, 2);
                upload_send(&upload, peer_url(peer));
                begin_waiting(&call, &upload, (enum situation)situation);
                begin = now_ms();
                peer_go(peer);
                peer_go(peer);

                hr = call_end(&call);

                /* A reset may overtake the answer; never is it taken for success. */
                if (afterwards[j].what == PEER_RESET && hr == WIN(CONNECTION_ERROR)) {
                    assert_sticks(call.attachment, hr);
                } else {
                    assert_hr(hr, rows[i].call);
                    assert_sticks(call.attachment, rows[i].call);
                    assert_sticks(upload.parts[1], rows[i].call);
                    result = upload_receive(&upload, &reply);
                    if (afterwards[j].what != PEER_RESET || result != rows[i].call) {
                        assert_hr(result, rows[i].result);
                        assert_non_null(reply);
                    }
                    wsd_inbound_message_release(reply);
                }
                if (call.returned_ms - begin > longest)
                    longest = call.returned_ms - begin;
                if (call.returned_ms - begin > 1000)
                    print_message("%s, %s, peer %s: %ld ms\n", rows[i].status_line,
                                  situations[situation], afterwards[j].name,
                                  call.returned_ms - begin);
                peer_go(peer);
                upload_free(&upload);
                peer_stop(peer);
            }
        print_message("early %s%s: the longest wait for it was %ld ms\n",
                      rows[i].status_line + strlen("HTTP/1.1 "),
                      rows[i].body[0] == '\0' ? "" : " with a body", longest);
        free(text);
    }
}

/* The writer is not held up by a reply that never ends.  [W4] [L24] */
static void status__early_and_its_body_never_ends__wakes_the_writer_at_once(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\n\r\n<soap"},
        {.what = PEER_HOLD},
    };

    (void)state;
    for (int situation = WRITING; situation < SITUATIONS; situation++) {
        struct peer *peer = PEER_START(steps);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;
        struct call call;

        options.response_timeout_ms = 300;
        upload_make(&upload, &options, 2);
        upload_send(&upload, peer_url(peer));
        begin_waiting(&call, &upload, (enum situation)situation);
        peer_go(peer);
        assert_hr(call_end(&call), WIN(INVALID_SERVER_RESPONSE));
        assert_hr(upload_result(&upload), WIN(INVALID_SERVER_RESPONSE));
        peer_go(peer);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- Replies --------------------------------------------------------------------------
 */

struct reply_row {
    const char *text; /* all that the peer sends before it closes */
    HRESULT hr;
    int status; /* 0: no reply is handed over */
};

static void check_reply(const struct reply_row *row, size_t max_reply_bytes)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = row->text},
    };

    for (size_t parts = 0; parts <= 1; parts++) {
        struct peer *peer = PEER_START(steps);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        wsd_inbound_message *reply = (wsd_inbound_message *)&reply;
        struct upload upload;
        HRESULT hr;

        options.max_reply_bytes = max_reply_bytes;
        upload_make(&upload, &options, parts);
        upload_send(&upload, peer_url(peer));
        if (parts > 0) {
            assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
            assert_true(attachment_close(upload.parts[0]) != STG_S_BLOCK);
        }
        hr = upload_receive(&upload, &reply);
        if (hr != row->hr)
            print_error("%.200s\n", row->text);
        assert_hr(hr, row->hr);
        if (row->status == 0) {
            assert_null(reply);
        } else {
            assert_non_null(reply);
            assert_int_equal(wsd_inbound_message_http_status(reply), row->status);
        }
        wsd_inbound_message_release(reply);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [L12] [L13] [L15] [L16] [L17] [L19] [L23] [L24] */
static void reply__of_each_kind__has_its_code(void **state)
{
    static const struct reply_row rows[] = {
        {REPLY_ACCEPTED, S_OK, 202},
        {"HTTP/1.1 204 No Content\r\n\r\n", S_OK, 204},
        {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", S_OK, 200},
        {"HTTP/1.1 200 OK\r\n\r\n" GOOD_BODY, S_OK, 200},
        {"HTTP/1.0 200 OK\r\n\r\n" GOOD_BODY, S_OK, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" /* in two pieces */
         "3\r\n<s:\r\n79\r\nEnvelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">"
         "<s:Body><Done><JobId>4711</JobId></Done></s:Body></s:Envelope>\r\n0\r\n\r\n",
         S_OK, 200},
        {"HTTP/1.1 100 Continue\r\n\r\n" REPLY_ACCEPTED, S_OK, 202},
        {"HTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n"
         "HTTP/1.1 200 OK\r\n\r\n" GOOD_BODY,
         S_OK, 200},
        {"HTTP/1.1 500 Error\r\n\r\n" FAULT_BODY, WS_E_ENDPOINT_FAULT_RECEIVED, 500},
        {"HTTP/1.1 200 OK\r\n\r\n" FAULT_BODY, WS_E_ENDPOINT_FAULT_RECEIVED, 200},
        {"HTTP/1.1 200 OK\r\n\r\n"
         "<s:Envelope xmlns:s=\"https://www.w3.org/2003/05/soap-envelope\"><s:Body>"
         "<s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code></s:Fault></s:Body>"
         "</s:Envelope>",
         WS_E_ENDPOINT_FAULT_RECEIVED, 200},
        {"HTTP/1.1 500 Error\r\n\r\n<html>", HTTP_E_STATUS(500), 500},
        {"HTTP/1.1 500 Error\r\n\r\n", HTTP_E_STATUS(500), 500},
        {"HTTP/1.1 500 Error\r\n\r\n" GOOD_BODY, HTTP_E_STATUS(500), 500},
        {"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", HTTP_E_STATUS(404), 404},
        {"HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n"
         "\r\n",
         HTTP_E_STATUS(401), 401},
        {"HTTP/1.1 200 OK\r\n\r\n<html>", WS_E_INVALID_FORMAT, 200},
        {"HTTP/1.1 200 OK\r\n\r\n<html/>", WS_E_INVALID_FORMAT, 200},
        {"HTTP/1.1 200 OK\r\n\r\n<!DOCTYPE s:Envelope>" GOOD_BODY, WS_E_INVALID_FORMAT,
         200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" GOOD_BODY,
         WS_E_ENDPOINT_DISCONNECTED, 200},
        {"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n", WS_E_ENDPOINT_DISCONNECTED,
         200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n6\r\n<html>\r\n",
         WS_E_ENDPOINT_DISCONNECTED, 200},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nwhat",
         WS_E_ENDPOINT_DISCONNECTED, 200},
        {"", WIN(CONNECTION_ERROR), 0},
        {"HTTP/1.1 100 Continue\r\n\r\n", WIN(CONNECTION_ERROR), 0},
        {"what is this\r\n\r\n", WIN(INVALID_SERVER_RESPONSE), 0},
        {"SSH-2.0-OpenSSH_9.2\r\n", WIN(INVALID_SERVER_RESPONSE), 0},
        {"HTTP/1.1 abc OK\r\n\r\n", WIN(INVALID_SERVER_RESPONSE), 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_reply(&rows[i], 0);
}

/* [L18] */
static void reply__at_its_limit__is_taken_and_above_it_not(void **state)
{
    char *text = response("HTTP/1.1 200 OK", "", GOOD_BODY);
    struct reply_row row = {text, S_OK, 200};

    (void)state;
    check_reply(&row, strlen(GOOD_BODY));
    row.hr = WS_E_QUOTA_EXCEEDED;
    check_reply(&row, strlen(GOOD_BODY) - 1);
    free(text);
}

/* [L28] */
static void reply__header_without_end__is_refused(void **state)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n", line[] = "X-Long: 0123456789\r\n";
    const size_t lines = 4000;
    char *text = malloc(sizeof(head) + lines * sizeof(line));
    struct reply_row row = {text, WIN(HEADER_SIZE_OVERFLOW), 200};
    char *at = text;

    (void)state;
    assert_non_null(text);
    at += sprintf(at, "%s", head);
    for (size_t i = 0; i < lines; i++)
        at += sprintf(at, "%s", line);
    check_reply(&row, 0);
    free(text);
}

/* A body is not sent to where nobody asked for it to go.  [L16] */
static void reply__redirection__is_not_followed(void **state)
{
    static const int statuses[] = {301, 302, 303, 307, 308};
    struct peer *other = peer_start(NULL, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct reply_row row = {.hr = HTTP_E_STATUS(statuses[i]), .status = statuses[i]};
        char text[160];

        snprintf(text, sizeof(text),
                 "HTTP/1.1 %d Moved\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 statuses[i], peer_url(other));
        row.text = text;
        check_reply(&row, 0);
    }
    assert_false(peer_was_contacted(other));
    peer_stop(other);
}

/* ---- Released in the middle -----------------------------------------------------------
 */

enum phase {
    PHASE_UNSENT,
    PHASE_ARMED,
    PHASE_CONNECTING,
    PHASE_OPEN,
    PHASE_STUFFED,
    PHASE_CLOSING,
    PHASE_SENT,
    PHASE_REPLYING,
    PHASES
};

static struct peer *reach(struct upload *upload, enum phase phase)
{
    static const struct peer_step deaf[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_READ_TO_END},
    };
    static const struct peer_step half_a_reply[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n<soap"},
        {.what = PEER_HOLD},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer;

    if (phase < PHASE_CONNECTING)
        peer = peer_start(NULL, 0);
    else if (phase == PHASE_CONNECTING)
        peer = peer_start_unconnectable();
    else
        peer = phase < PHASE_SENT ? PEER_START(deaf) : PEER_START(half_a_reply);
    upload_make(upload, NULL, 2);
    if (phase >= PHASE_ARMED)
        upload_send(upload, peer_url(peer));
    if (phase == PHASE_CONNECTING) {
        attachment_set_budget(upload->parts[0], 20);
        assert_hr(attachment_open(upload->parts[0]), STG_S_BLOCK);
    }
    if (phase > PHASE_CONNECTING)
        assert_hr(attachment_open(upload->parts[0]), S_OK);
    if (phase == PHASE_STUFFED || phase == PHASE_CLOSING)
        attachment_stuff(upload->parts[0]);
    if (phase == PHASE_CLOSING)
        assert_hr(attachment_close(upload->parts[0]), STG_S_BLOCK);
    if (phase >= PHASE_SENT) {
        assert_hr(attachment_close(upload->parts[0]), S_OK);
        assert_hr(attachment_open(upload->parts[1]), S_OK);
        assert_hr(attachment_close(upload->parts[1]), S_OK);
    }
    if (phase == PHASE_REPLYING)
        peer_wait_for_step(peer, 2);
    return peer;
}

/* Each order in which an application may give its things back.  [L27] [M21] */
static void released__in_any_order_in_any_phase__leaves_nothing(void **state)
{
    static const char *const orders[] = {"cmab", "cabm", "mcab", "macb",
                                         "abcm", "abmc", "bmca", "bcam"};

    (void)state;
    for (int phase = 0; phase < PHASES; phase++)
        for (size_t i = 0; i < COUNT(orders); i++) {
            struct upload upload;
            struct peer *peer = reach(&upload, (enum phase)phase);

            for (const char *what = orders[i]; *what != '\0'; what++)
                switch (*what) {
                case 'c':
                    wsd_client_release(upload.client);
                    break;
                case 'm':
                    wsd_outbound_message_release(upload.message);
                    break;
                default:
                    assert_int_equal(attachment_release(upload.parts[*what - 'a']), 0);
                    break;
                }
            peer_go(peer);
            if (phase > PHASE_CONNECTING && phase < PHASE_SENT) {
                struct recorded request;
                size_t size;
                const char *bytes = peer_finish(peer, &size);

                recorded_read(&request, bytes, size);
                assert_cut(&request);
                recorded_free(&request);
            }
            peer_stop(peer);
        }
}

/* The calls that others have under way end, too.  [L27] */
static void client__is_released_while_others_wait__wakes_them(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_READ_TO_END},
    };

    (void)state;
    for (int situation = WRITING; situation < SITUATIONS; situation++) {
        struct peer *peer = PEER_START(steps);
        struct upload upload;
        struct call call;

        upload_make(&upload, NULL, 2);
        upload_send(&upload, peer_url(peer));
        begin_waiting(&call, &upload, (enum situation)situation);
        wsd_client_release(upload.client);
        upload.client = NULL;
        assert_hr(call_end(&call), E_ABORT);
        assert_sticks(upload.parts[0], E_ABORT);
        assert_sticks(upload.parts[1], E_ABORT);
        peer_go(peer);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [M21] [W21] */
static void message__is_released_first__attachments_still_learn_of_a_fault(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_RESET},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;
    struct call call;

    (void)state;
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(peer));
    wsd_outbound_message_release(upload.message);
    upload.message = NULL;
    begin_waiting(&call, &upload, WRITING);
    peer_go(peer);
    assert_hr(call_end(&call), WIN(CONNECTION_ERROR));
    assert_sticks(upload.parts[1], WIN(CONNECTION_ERROR));
    upload_free(&upload);
    peer_stop(peer);
}

/* [L29] */
static void tls__peer_speaks_http__fails_at_once(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_BYTES, .size = 5},
        {.what = PEER_SEND, .text = "HTTP/1.1 400 Bad Request\r\n\r\n"},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;
    char url[80];

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    snprintf(url, sizeof(url), "https%s", peer_url(peer) + strlen("http"));
    upload_send(&upload, url);
    assert_hr(attachment_open(upload.parts[0]), WIN(SECURE_CHANNEL_ERROR));
    assert_sticks(upload.parts[0], WIN(SECURE_CHANNEL_ERROR));
    assert_hr(upload_result(&upload), WIN(SECURE_CHANNEL_ERROR));
    upload_free(&upload);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connect__name_is_not_found__fails_at_once),
        cmocka_unit_test(connect__is_refused__fails_at_once),
        cmocka_unit_test(connect__takes_too_long__times_out),
        cmocka_unit_test(connection__is_reset__fails_what_is_not_yet_sent),
        cmocka_unit_test(connection__ends_after_the_request__fails_the_reply),
        cmocka_unit_test(connection__is_half_closed__ends_every_wait),
        cmocka_unit_test(connection__is_half_closed_while_nobody_waits__fails),
        cmocka_unit_test(peer__never_reads__blocks_first_and_fails_later),
        cmocka_unit_test(application__is_silent__no_timer_runs),
        cmocka_unit_test(peer__never_answers__times_out),
        cmocka_unit_test(status__before_the_end__ends_every_wait_with_its_code),
        cmocka_unit_test(status__early_and_its_body_never_ends__wakes_the_writer_at_once),
        cmocka_unit_test(reply__of_each_kind__has_its_code),
        cmocka_unit_test(reply__at_its_limit__is_taken_and_above_it_not),
        cmocka_unit_test(reply__header_without_end__is_refused),
        cmocka_unit_test(reply__redirection__is_not_followed),
        cmocka_unit_test(released__in_any_order_in_any_phase__leaves_nothing),
        cmocka_unit_test(client__is_released_while_others_wait__wakes_them),
        cmocka_unit_test(message__is_released_first__attachments_still_learn_of_a_fault),
        cmocka_unit_test(tls__peer_speaks_http__fails_at_once),
    };

    return cmocka_run_group_tests_name("fault_flow", tests, make_endless, free_endless);
}
