/* What can go wrong while wininet.h uploads and waits for the response.  Rows:
 * tests/WININET.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/internet.h"
#include "support/peer.h"

static char block[65536];

#define REFUSAL "HTTP/1.1 413 Too Large\r\nContent-Length: 8\r\n\r\ntoo long"
#define MUCH 0x7fffffff /* more than any socket holds */

static bool is_lost(DWORD error)
{
    return error == ERROR_INTERNET_CONNECTION_RESET ||
           error == ERROR_INTERNET_CONNECTION_ABORTED;
}

/* Writes blocks until one fails; its error, which the next write gives as well. */
static DWORD write_until_it_fails(HINTERNET request)
{
    DWORD error, written;

    while (InternetWriteFile(request, block, sizeof(block), &written))
        assert_int_equal(written, sizeof(block));
    error = GetLastError();
    assert_int_equal(written, 0);
    assert_refused(request_write(request, block, sizeof(block)), error);
    return error;
}

/* ---- The connection is lost -------------------------------------------------------- */

/* [H62] [H71] [H72] */
static void upload__connection_lost__fails_and_stays_failed(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                          {.what = PEER_READ_BYTES, .size = 65536},
                                          {.what = ends[i]}};
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;
        DWORD error;

        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, MUCH));
        error = write_until_it_fails(exchange.request);
        assert_true(is_lost(error));
        if (ends[i] == PEER_RESET)
            assert_int_equal(error, ERROR_INTERNET_CONNECTION_RESET);
        assert_refused(request_end(exchange.request), ERROR_HTTP_INVALID_SERVER_RESPONSE);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* At this step of its script the peer goes. */
static void lose_upload(struct exchange *exchange, struct peer *peer, size_t step)
{
    DWORD written;

    assert_done(request_begin(exchange->request, 20));
    assert_done(request_write(exchange->request, "0123456789", 10));
    peer_wait_for_step(peer, step);
    if (!InternetWriteFile(exchange->request, "0123456789", 10, &written))
        assert_true(is_lost(GetLastError())); /* it may be known by now */
    assert_refused(request_end(exchange->request), ERROR_HTTP_INVALID_SERVER_RESPONSE);
    exchange_close(exchange);
    peer_stop(peer);
}

static void upload__server_half_closes__has_no_response(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_READ_BYTES, .size = 10},
                                             {.what = PEER_SHUT_WRITE},
                                             {.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    lose_upload(&exchange, peer, 3);
}

/* The kernel may still take the last bytes; that nobody read them shows at the end. */
static void upload__server_closes_before_the_last_bytes__fails_at_the_end(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_READ_BYTES, .size = 10},
                                             {.what = PEER_CLOSE}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    lose_upload(&exchange, peer, 3);
}

/* [H43] libcurl may send a request again when a kept connection proves dead; but not one
 * of which it has had bytes. */
static void upload__kept_connection_lost__fails_as_a_new_one(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_HELLO},
            {.what = PEER_READ_UNTIL, .text = "\r\n\r\n0123456789"},
            {.what = ends[i]},
        };
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_int_equal(request_upload(exchange.request, "first", 5), 200);
        assert_string_equal(request_body(exchange.request), "hello");
        lose_upload(&exchange, peer, 4);
    }
}

/* [H43] C12 */
static void C12__server_closes_without_an_answer__is_told(void **state)
{
    static const struct peer_step at_once[] = {{.what = PEER_ACCEPT},
                                               {.what = PEER_CLOSE}};
    static const struct peer_step later[] = {{.what = PEER_READ_MESSAGE},
                                             {.what = PEER_CLOSE}};
    struct exchange exchange;
    struct peer *peer;
    DWORD written;

    (void)state;
    peer = PEER_START(at_once);
    exchange_open_post(&exchange, peer);
    if (request_begin(exchange.request, 1)) {
        InternetWriteFile(exchange.request, "x", 1, &written);
        assert_refused(request_end(exchange.request), ERROR_HTTP_INVALID_SERVER_RESPONSE);
    } else {
        assert_int_equal(GetLastError(), ERROR_HTTP_INVALID_SERVER_RESPONSE);
    }
    exchange_close(&exchange);
    peer_stop(peer);

    peer = PEER_START(later);
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 1));
    assert_done(request_write(exchange.request, "x", 1));
    assert_refused(request_end(exchange.request), ERROR_HTTP_INVALID_SERVER_RESPONSE);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H43]: some of the response's head is there. */
static void response__cut_amid_its_head__is_told(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Le"}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 1));
    assert_done(request_write(exchange.request, "x", 1));
    assert_refused(request_end(exchange.request), ERROR_INTERNET_CONNECTION_RESET);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H35] [H36] C10, C11 */
static void C10_C11__nobody_there__is_told_by_the_send(void **state)
{
    static const char *const hosts[] = {"nowhere.invalid", "bad host name"};
    struct exchange exchange;
    char text[16];
    DWORD size = sizeof(text);

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(request_begin(exchange.request, 1), ERROR_INTERNET_CANNOT_CONNECT);
    assert_refused(request_end(exchange.request), ERROR_INTERNET_OPERATION_CANCELLED);
    assert_refused(
        HttpQueryInfoA(exchange.request, HTTP_QUERY_STATUS_CODE, text, &size, NULL),
        ERROR_HTTP_HEADER_NOT_FOUND);
    exchange_close(&exchange);

    for (size_t i = 0; i < COUNT(hosts); i++) {
        exchange_open_post(&exchange, NULL);
        exchange.connect = InternetConnectA(exchange.session, hosts[i], 80, NULL, NULL,
                                            INTERNET_SERVICE_HTTP, 0, 0);
        assert_done(exchange.connect);
        exchange.request =
            HttpOpenRequestA(exchange.connect, "POST", "/", NULL, NULL, NULL, 0, 0);
        assert_refused(request_begin(exchange.request, 1),
                       ERROR_INTERNET_NAME_NOT_RESOLVED);
        assert_done(InternetCloseHandle(exchange.session));
    }
}

/* ---- The response comes before the end --------------------------------------------- */

/* [H38] */
static void early_response__server_reads_on__is_given_at_the_end(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_SEND, .text = REFUSAL},
                                             {.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 50 * sizeof(block)));
    peer_wait_for_step(peer, 2);
    for (int i = 0; i < 50; i++)
        if (!request_write(exchange.request, block, sizeof(block))) {
            assert_int_equal(GetLastError(), ERROR_INTERNET_CONNECTION_ABORTED);
            break; /* the rest is not wanted */
        }
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 413);
    assert_string_equal(request_body(exchange.request), "too long");
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H38] [H72] Whether it closes or only reads no more: a write fails, and the response is
 * there. */
static void early_response__server_reads_no_more__ends_the_upload(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_HOLD};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                          {.what = PEER_SEND, .text = REFUSAL},
                                          {.what = ends[i]}};
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, MUCH));
        peer_wait_for_step(peer, 2);
        assert_true(is_lost(write_until_it_fails(exchange.request)));
        assert_done(request_end(exchange.request));
        assert_int_equal(request_status(exchange.request), 413);
        assert_string_equal(request_body(exchange.request), "too long");
        peer_go(peer);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* ---- The server wants it again ----------------------------------------------------- */

#define BASIC "WWW-Authenticate: Basic realm=\"r\"\r\n"
#define DIGEST "WWW-Authenticate: Digest realm=\"r\", nonce=\"n\", qop=\"auth\"\r\n"
#define UNAUTHORIZED(challenge)                                                          \
    "HTTP/1.1 401 Unauthorized\r\n" challenge                                            \
    "Connection: close\r\nContent-Length: 2\r\n\r\nno"

static void open_with_password(struct exchange *exchange, const struct peer *peer,
                               const char *user)
{
    exchange->session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    exchange->connect =
        InternetConnectA(exchange->session, "127.0.0.1", peer_port(peer), user,
                         user == NULL ? NULL : "secret", INTERNET_SERVICE_HTTP, 0, 0);
    exchange->request =
        HttpOpenRequestA(exchange->connect, "POST", "/up", NULL, NULL, NULL, 0, 0);
    assert_done(exchange->request);
}

/* [H41] */
static void challenge__with_a_password__asks_for_the_upload_again(void **state)
{
    static const char expected[] = "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n";
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(BASIC)},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_HELLO},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    const char *received;

    (void)state;
    open_with_password(&exchange, peer, "me");
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "body", 4));
    assert_refused(request_end(exchange.request), ERROR_INTERNET_FORCE_RETRY);
    assert_int_equal(request_upload(exchange.request, "body", 4), 200);
    assert_string_equal(request_body(exchange.request), "hello");
    received = peer_finish(peer, NULL);
    assert_non_null(strstr(received, expected));
    assert_null(strstr(strstr(received, expected) + 5, "Authorization"));
    assert_true(strstr(received, expected) > strstr(received, "body"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H41] The second time a request without the body comes first, for its challenge; and
 * none of them says that there is a body where there is none. */
static void challenge__for_digest__is_answered_behind_a_probe(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(DIGEST BASIC)},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(DIGEST)},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_HELLO},
    };
    static const DWORD flags[] = {HSR_INITIATE, HSR_CHUNKED};

    (void)state;
    for (size_t i = 0; i < COUNT(flags); i++) {
        INTERNET_BUFFERSA buffers = {.dwBufferTotal = 4};
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;
        const char *answer;

        open_with_password(&exchange, peer, "me");
        for (int time = 0; time < 2; time++) {
            assert_done(
                HttpSendRequestExA(exchange.request, &buffers, NULL, flags[i], 0));
            assert_done(request_write(exchange.request, "body", 4));
            if (time == 0)
                assert_refused(request_end(exchange.request), ERROR_INTERNET_FORCE_RETRY);
        }
        assert_done(request_end(exchange.request));
        assert_int_equal(request_status(exchange.request), 200);
        assert_string_equal(request_body(exchange.request), "hello");
        answer = strstr(peer_finish(peer, NULL), "Authorization: Digest username=\"me\"");
        assert_non_null(answer);
        assert_non_null(strstr(answer, "uri=\"/up\""));
        assert_non_null(strstr(answer, "body"));
        assert_null(strstr(answer, "Basic"));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H41] A probe may be refused for another reason. */
static void challenge__probe_is_refused__is_the_response(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(DIGEST)},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REFUSAL},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    DWORD written;

    (void)state;
    open_with_password(&exchange, peer, "me");
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "body", 4));
    assert_refused(request_end(exchange.request), ERROR_INTERNET_FORCE_RETRY);
    assert_done(request_begin(exchange.request, 4));
    if (!InternetWriteFile(exchange.request, "body", 4, &written))
        assert_int_equal(GetLastError(), ERROR_INTERNET_CONNECTION_ABORTED);
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 413);
    assert_string_equal(request_body(exchange.request), "too long");
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H41] [H91] */
static void challenge__without_use_of_a_password__is_the_response(void **state)
{
    static const struct {
        const char *user, *response;
    } rows[] = {{NULL, UNAUTHORIZED(BASIC)},
                {"me", UNAUTHORIZED("")},
                {"m:e", UNAUTHORIZED(BASIC)},
                {"me", UNAUTHORIZED("WWW-Authenticate: Unheard-Of x=y\r\n")}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {{.what = PEER_READ_MESSAGE},
                                          {.what = PEER_SEND, .text = rows[i].response}};
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        open_with_password(&exchange, peer, rows[i].user);
        assert_int_equal(request_upload(exchange.request, "body", 4), 401);
        assert_string_equal(request_body(exchange.request), "no");
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H42] A second refusal is the answer: the password is wrong. */
static void challenge__again__is_the_response(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(BASIC)},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = UNAUTHORIZED(BASIC)},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    open_with_password(&exchange, peer, "me");
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "body", 4));
    assert_refused(request_end(exchange.request), ERROR_INTERNET_FORCE_RETRY);
    assert_int_equal(request_upload(exchange.request, "body", 4), 401);
    assert_string_equal(request_body(exchange.request), "no");
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H48] With a body and without. */
static void challenge__of_a_body_that_is_all_there__is_answered(void **state)
{
    static const struct {
        DWORD size;
        const char *challenge, *answer;
        size_t count; /* of challenges */
    } rows[] = {
        {4, UNAUTHORIZED(BASIC), "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n", 1},
        {0, UNAUTHORIZED(BASIC), "\r\nAuthorization: Basic bWU6c2VjcmV0\r\n", 1},
        {4, UNAUTHORIZED(DIGEST), "\r\nAuthorization: Digest username=\"me\"", 2},
        {0, UNAUTHORIZED(DIGEST), "\r\nAuthorization: Digest username=\"me\"", 2},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer_step steps[9];
        struct exchange exchange;
        struct peer *peer;
        size_t count = 0;

        for (size_t j = 0; j <= rows[i].count; j++) {
            steps[count++] = (struct peer_step){.what = PEER_ACCEPT};
            steps[count++] = (struct peer_step){.what = PEER_READ_MESSAGE};
            steps[count++] = (struct peer_step){
                .what = PEER_SEND,
                .text = j < rows[i].count ? rows[i].challenge : REPLY_HELLO};
        }
        peer = peer_start(steps, count);
        open_with_password(&exchange, peer, "me");
        assert_done(HttpSendRequestA(exchange.request, NULL, 0,
                                     (LPVOID)(uintptr_t) "body", rows[i].size));
        assert_int_equal(request_status(exchange.request), 200);
        assert_string_equal(request_body(exchange.request), "hello");
        assert_true(peer_saw(peer, rows[i].answer));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H32] */
static void redirect__of_an_upload__is_not_followed(void **state)
{
    static const char *const lines[] = {"307 Temporary Redirect", "302 Found",
                                        "308 Permanent Redirect"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char response[200];
        const struct peer_step steps[] = {{.what = PEER_READ_MESSAGE},
                                          {.what = PEER_SEND, .text = response},
                                          {.what = PEER_READ_TO_END}};
        struct peer *peer;
        struct exchange exchange;

        snprintf(response, sizeof(response),
                 "HTTP/1.1 %s\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n",
                 lines[i]);
        peer = PEER_START(steps);
        exchange_open_post(&exchange, peer);
        assert_int_equal(request_upload(exchange.request, "body", 4), atoi(lines[i]));
        assert_string_equal(request_text(exchange.request, HTTP_QUERY_LOCATION),
                            "/elsewhere");
        exchange_close(&exchange);
        assert_false(peer_saw(peer, "/elsewhere"));
        assert_false(peer_was_contacted(peer));
        peer_stop(peer);
    }
}

/* ---- Nothing comes ----------------------------------------------------------------- */

#define SHORT_MS 300

/* [H44] Also to the request without its body that goes ahead for Digest. */
static void receive_timeout__of_a_probe__ends_the_send(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE}, {.what = PEER_SEND, .text = UNAUTHORIZED(DIGEST)},
        {.what = PEER_ACCEPT},       {.what = PEER_READ_MESSAGE},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    open_with_password(&exchange, peer, "me");
    assert_done(set_option(exchange.request, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "body", 4));
    assert_refused(request_end(exchange.request), ERROR_INTERNET_FORCE_RETRY);
    assert_refused(request_begin(exchange.request, 4), ERROR_INTERNET_TIMEOUT);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H44] Each handle's own, or its parent's when it was made. */
static void receive_timeout__of_any_handle__ends_the_wait(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_MESSAGE},
                                             {.what = PEER_READ_TO_END}};

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        exchange.session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
        if (i == 0)
            assert_done(
                set_option(exchange.session, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
        exchange.connect =
            InternetConnectA(exchange.session, "127.0.0.1", peer_port(peer), NULL, NULL,
                             INTERNET_SERVICE_HTTP, 0, 0);
        if (i == 1)
            assert_done(
                set_option(exchange.connect, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
        exchange.request =
            HttpOpenRequestA(exchange.connect, "POST", "/", NULL, NULL, NULL, 0, 0);
        if (i == 2)
            assert_done(
                set_option(exchange.request, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
        assert_done(request_begin(exchange.request, 1));
        assert_done(request_write(exchange.request, "x", 1));
        assert_refused(request_end(exchange.request), ERROR_INTERNET_TIMEOUT);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H75] [H79] */
static void receive_timeout__inside_the_body__gives_what_came(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n1234567"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    DWORD read = UNTOUCHED;
    char text[20];

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(set_option(exchange.request, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
    assert_int_equal(request_upload(exchange.request, "x", 1), 200);
    assert_refused(InternetReadFile(exchange.request, text, sizeof(text), &read),
                   ERROR_INTERNET_TIMEOUT);
    assert_int_equal(read, 7);
    assert_memory_equal(text, "1234567", 7);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H70] */
static void send_timeout__server_reads_nothing__ends_the_write(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_HOLD}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    DWORD written;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(set_option(exchange.request, INTERNET_OPTION_SEND_TIMEOUT, SHORT_MS));
    assert_done(request_begin(exchange.request, MUCH));
    while (InternetWriteFile(exchange.request, block, sizeof(block), &written))
        assert_int_equal(written, sizeof(block));
    assert_int_equal(GetLastError(), ERROR_INTERNET_TIMEOUT);
    assert_in_range(written, 0, sizeof(block) - 1);
    peer_go(peer);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H37] */
static void connect_timeout__nobody_answers__ends_the_send(void **state)
{
    struct peer *peer = peer_start_unconnectable();
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(set_option(exchange.request, INTERNET_OPTION_CONNECT_TIMEOUT, SHORT_MS));
    assert_refused(request_begin(exchange.request, 1), ERROR_INTERNET_TIMEOUT);
    exchange_close(&exchange);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__connection_lost__fails_and_stays_failed),
        cmocka_unit_test(upload__server_half_closes__has_no_response),
        cmocka_unit_test(upload__server_closes_before_the_last_bytes__fails_at_the_end),
        cmocka_unit_test(upload__kept_connection_lost__fails_as_a_new_one),
        cmocka_unit_test(C12__server_closes_without_an_answer__is_told),
        cmocka_unit_test(response__cut_amid_its_head__is_told),
        cmocka_unit_test(C10_C11__nobody_there__is_told_by_the_send),
        cmocka_unit_test(early_response__server_reads_on__is_given_at_the_end),
        cmocka_unit_test(early_response__server_reads_no_more__ends_the_upload),
        cmocka_unit_test(challenge__with_a_password__asks_for_the_upload_again),
        cmocka_unit_test(challenge__for_digest__is_answered_behind_a_probe),
        cmocka_unit_test(challenge__probe_is_refused__is_the_response),
        cmocka_unit_test(challenge__without_use_of_a_password__is_the_response),
        cmocka_unit_test(challenge__again__is_the_response),
        cmocka_unit_test(challenge__of_a_body_that_is_all_there__is_answered),
        cmocka_unit_test(redirect__of_an_upload__is_not_followed),
        cmocka_unit_test(receive_timeout__of_a_probe__ends_the_send),
        cmocka_unit_test(receive_timeout__of_any_handle__ends_the_wait),
        cmocka_unit_test(receive_timeout__inside_the_body__gives_what_came),
        cmocka_unit_test(send_timeout__server_reads_nothing__ends_the_write),
        cmocka_unit_test(connect_timeout__nobody_answers__ends_the_send),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
