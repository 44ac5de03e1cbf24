/* What says how long an upload is: totals, headers, chunks; and INTERNET_BUFFERS.  Rows:
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

static const struct peer_step answers[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_EMPTY},
};
/* The client closes before it has sent all. */
static const struct peer_step is_left[] = {
    {.what = PEER_READ_UNTIL, .text = "a\r\n0123456789\r\n"},
    {.what = PEER_READ_TO_END},
};

/* ---- Other framings ---------------------------------------------------------------- */

/* [H28] C26: the application's own Content-Length is what is sent, with and without a
 * body. */
static void C26__own_content_length__wins(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = "0123456789012345678901"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "Content-Length: 100", HTTP_ADDREQ_FLAG_ADD);
    assert_done(request_begin(exchange.request, 32));
    assert_done(request_write(exchange.request, "0123456789", 10));
    assert_done(request_write(exchange.request, "012345678901", 12));
    peer_wait_for_step(peer, 2);
    assert_done(InternetCloseHandle(exchange.request));
    assert_true(peer_saw(peer, "\r\nContent-Length: 100\r\n"));
    assert_false(peer_saw(peer, "Content-Length: 32"));
    assert_done(InternetCloseHandle(exchange.session));
    peer_stop(peer);
}

/* [H28] Where only the application can know whether the body has ended, the next request
 * must not be taken for the rest of it. */
static void own_length_or_chunks__in_doubt__end_the_connection(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "\r\n\r\nbody"},
        {.what = PEER_SEND, .text = REPLY_EMPTY},
        {.what = PEER_READ_TO_END},
        {.what = PEER_ACCEPT},
        {.what = PEER_SEND, .text = REPLY_HELLO},
        {.what = PEER_READ_TO_END},
    };
    static const char *const headers[] = {"Content-Length: 100",
                                          "Transfer-Encoding: chunked"};

    (void)state;
    for (size_t i = 0; i < COUNT(headers); i++) {
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;
        HINTERNET next;

        exchange_open_post(&exchange, peer);
        add_header(exchange.request, headers[i], HTTP_ADDREQ_FLAG_ADD);
        assert_done(
            HttpSendRequestA(exchange.request, NULL, 0, (LPVOID)(uintptr_t) "body", 4));
        assert_int_equal(request_status(exchange.request), 200);
        assert_string_equal(request_body(exchange.request), "");
        next = HttpOpenRequestA(exchange.connect, "GET", "/next", NULL, NULL, NULL, 0, 0);
        assert_done(HttpSendRequestA(next, NULL, 0, NULL, 0));
        assert_string_equal(request_body(next), "hello");
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H28] */
static void own_content_length__without_a_total__is_the_length(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char *head;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "Content-Length: 10", HTTP_ADDREQ_FLAG_ADD);
    assert_done(request_begin(exchange.request, 0));
    assert_done(request_write(exchange.request, "0123456789", 10));
    assert_refused(request_write(exchange.request, "x", 1), ERROR_INVALID_PARAMETER);
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    head = peer_head(peer);

    assert_string_equal(head, "POST /up HTTP/1.1\r\n"
                              "Content-Length: 10\r\n"
                              "Host: 127.0.0.1:$P\r\n"
                              "User-Agent: probe/1.0\r\n"
                              "\r\n");
    free(head);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H28] Also beside a Content-Length, which chunks have not. */
static void own_chunks__of_the_application__go_out_as_they_are(void **state)
{
    static const char *const verbs[] = {"POST", "PUT"};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(verbs); i++) {
        INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                     .lpcszHeader = "Transfer-Encoding: chunked",
                                     .dwHeadersLength = (DWORD)-1};
        struct peer *peer = PEER_START(answers);
        struct exchange exchange;

        exchange_open(&exchange, peer, verbs[i / 2], "/up", 0);
        add_header(exchange.request, "Content-Length: 10", HTTP_ADDREQ_FLAG_ADD);
        if (i % 2 == 0) {
            add_header(exchange.request, buffers.lpcszHeader, HTTP_ADDREQ_FLAG_ADD);
            assert_done(HttpSendRequestExA(exchange.request, NULL, NULL, 0, 0));
        } else {
            assert_done(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0));
        }
        assert_done(request_write(exchange.request, "a\r\n0123456789\r\n", 15));
        assert_done(request_write(exchange.request, "0\r\n\r\n", 5));
        assert_done(request_end(exchange.request));
        assert_int_equal(request_status(exchange.request), 200);
        assert_true(peer_saw(peer, "\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"));
        assert_true(peer_saw(peer, "\r\nTransfer-Encoding: chunked\r\n"));
        assert_false(peer_saw(peer, "Content-Length"));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H28] Nobody looks at what the application calls chunks; the server may complain. */
static void own_chunks__that_are_none__go_out_as_well(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "\r\n\r\nno chunk"},
        {.what = PEER_SEND, .text = "HTTP/1.1 400 Bad\r\nContent-Length: 0\r\n\r\n"},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "Transfer-Encoding: chunked", HTTP_ADDREQ_FLAG_ADD);
    assert_done(HttpSendRequestExA(exchange.request, NULL, NULL, 0, 0));
    assert_done(request_write(exchange.request, "no chunk", 8));
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 400);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H28] */
static void chunked_flag__frames_the_writes(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    size_t size, body_size;
    bool complete;
    char *body;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(HttpSendRequestExA(exchange.request, NULL, NULL, HSR_CHUNKED, 0));
    assert_done(request_write(exchange.request, "0123456789", 10));
    assert_done(request_write(exchange.request, NULL, 0));
    assert_done(request_write(exchange.request, "abc", 3));
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    peer_finish(peer, &size);
    body = peer_body(peer_finish(peer, NULL), size, &body_size, &complete);

    assert_true(complete);
    assert_string_equal(body, "0123456789abc");
    assert_true(peer_saw(peer, "\r\nTransfer-Encoding: chunked\r\n"));
    assert_false(peer_saw(peer, "Content-Length"));
    free(body);
    exchange_close(&exchange);
    peer_stop(peer);
}

static void chunked_flag__closed_early__has_no_last_chunk(void **state)
{
    struct peer *peer = PEER_START(is_left);
    struct exchange exchange;
    size_t size, body_size;
    bool complete;
    char *body;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(HttpSendRequestExA(exchange.request, NULL, NULL, HSR_CHUNKED, 0));
    assert_done(request_write(exchange.request, "0123456789", 10));
    peer_wait_for_step(peer, 1);
    assert_done(InternetCloseHandle(exchange.request));
    peer_finish(peer, &size);
    body = peer_body(peer_finish(peer, NULL), size, &body_size, &complete);

    assert_false(complete);
    assert_string_equal(body, "0123456789");
    free(body);
    assert_done(InternetCloseHandle(exchange.session));
    peer_stop(peer);
}

/* [H33] */
static void framing__that_cannot_be__is_refused(void **state)
{
    struct peer *peer = peer_start(NULL, 0);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "Content-Length: many", HTTP_ADDREQ_FLAG_ADD);
    assert_refused(request_begin(exchange.request, 1), ERROR_INVALID_PARAMETER);
    add_header(exchange.request, "Content-Length: 1", HTTP_ADDREQ_FLAG_REPLACE);
    add_header(exchange.request, "Content-Length: 2", HTTP_ADDREQ_FLAG_ADD);
    assert_refused(request_begin(exchange.request, 1), ERROR_INVALID_PARAMETER);
    assert_done(InternetCloseHandle(exchange.request));
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "/", "HTTP/1.0", NULL, NULL, 0, 0);
    assert_refused(HttpSendRequestExA(exchange.request, NULL, NULL, HSR_CHUNKED, 0),
                   ERROR_INVALID_PARAMETER);
    assert_false(peer_was_contacted(peer));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* ---- INTERNET_BUFFERS -------------------------------------------------------------- */

static void buffers__odd_size_and_customary_flags__are_taken(void **state)
{
    static const struct {
        DWORD struct_size, flags;
    } rows[] = {{0, 0}, {4, 0}, {sizeof(INTERNET_BUFFERSA), HSR_INITIATE}, {0, HSR_SYNC}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        INTERNET_BUFFERSA buffers = {.dwStructSize = rows[i].struct_size,
                                     .dwBufferTotal = 1};
        struct peer *peer = PEER_START(answers);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_done(
            HttpSendRequestExA(exchange.request, &buffers, NULL, rows[i].flags, 0));
        assert_done(request_write(exchange.request, "x", 1));
        assert_done(HttpEndRequestA(exchange.request, NULL, rows[i].flags, 0));
        assert_int_equal(request_status(exchange.request), 200);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

static void buffers__header_length__counts(void **state)
{
    static const struct {
        DWORD length;
        const char *has, *has_not;
    } rows[] = {{0, "POST", "X-Header"},
                {11, "\r\nX-Header: 1\r\n", "X-Header: 12"},
                {(DWORD)-1, "\r\nX-Header: 123\r\n", "X-Header: 1\r"}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                     .lpcszHeader = "X-Header: 123",
                                     .dwHeadersLength = rows[i].length,
                                     .dwBufferTotal = 1};
        struct peer *peer = PEER_START(answers);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_done(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0));
        assert_done(request_write(exchange.request, "x", 1));
        assert_done(request_end(exchange.request));
        assert_true(peer_saw(peer, rows[i].has));
        assert_false(peer_saw(peer, rows[i].has_not));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* ---- HttpSendRequestA -------------------------------------------------------------- */

/* [H47] */
static void send_request__with_a_body__is_sent_and_answered_in_one_call(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_HELLO},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    char *head;

    (void)state;
    exchange_open_post(&exchange, peer);
    SetLastError(UNTOUCHED);
    assert_done(HttpSendRequestA(exchange.request, "X-A: b\r\n", (DWORD)-1,
                                 (LPVOID)(uintptr_t) "body", 4));
    assert_int_equal(request_status(exchange.request), 200);
    assert_string_equal(request_body(exchange.request), "hello");
    head = peer_head(peer);

    assert_string_equal(head, "POST /up HTTP/1.1\r\n"
                              "Host: 127.0.0.1:$P\r\n"
                              "Content-Length: 4\r\n"
                              "User-Agent: probe/1.0\r\n"
                              "X-A: b\r\n"
                              "\r\n");
    assert_true(peer_saw(peer, "\r\n\r\nbody"));
    free(head);
    exchange_close(&exchange);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C26__own_content_length__wins),
        cmocka_unit_test(own_length_or_chunks__in_doubt__end_the_connection),
        cmocka_unit_test(own_content_length__without_a_total__is_the_length),
        cmocka_unit_test(own_chunks__of_the_application__go_out_as_they_are),
        cmocka_unit_test(own_chunks__that_are_none__go_out_as_well),
        cmocka_unit_test(chunked_flag__frames_the_writes),
        cmocka_unit_test(chunked_flag__closed_early__has_no_last_chunk),
        cmocka_unit_test(framing__that_cannot_be__is_refused),
        cmocka_unit_test(buffers__odd_size_and_customary_flags__are_taken),
        cmocka_unit_test(buffers__header_length__counts),
        cmocka_unit_test(send_request__with_a_body__is_sent_and_answered_in_one_call),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
