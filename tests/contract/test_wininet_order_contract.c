/* The order of the calls of wininet.h, its handles, and what other threads may do to
 * them. Rows: tests/WININET.md. */
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
#include "support/stream_hash.h"

static const struct peer_step answers[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_HELLO},
};

/* ---- The order of the calls -------------------------------------------------------- */

/* [H69] */
static void write__in_the_wrong_state__is_refused(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_refused(request_write(exchange.request, "x", 1),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_int_equal(request_upload(exchange.request, "body", 4), 200);
    assert_refused(request_write(exchange.request, "x", 1),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_string_equal(request_body(exchange.request), "hello");
    assert_true(peer_saw(peer, "\r\n\r\nbody"));
    assert_false(peer_saw(peer, "bodyx"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H69] */
static void write__after_a_failed_send__is_refused(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(request_begin(exchange.request, 1), ERROR_INTERNET_CANNOT_CONNECT);
    assert_refused(request_write(exchange.request, "x", 1),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    exchange_close(&exchange);
}

/* [H34] */
static void send__while_one_is_under_way__is_refused(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 4));
    assert_refused(request_begin(exchange.request, 4),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_refused(HttpSendRequestA(exchange.request, NULL, 0, NULL, 0),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_done(request_write(exchange.request, "body", 4));
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H31] On the same connection, for the first response was read. */
static void send__after_the_response__begins_anew(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_HELLO},
        {.what = PEER_NEXT_REQUEST},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n"},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_int_equal(request_upload(exchange.request, "first", 5), 200);
    assert_string_equal(request_body(exchange.request), "hello");
    assert_int_equal(request_upload(exchange.request, "second!", 7), 201);
    assert_true(peer_saw(peer, "\r\nContent-Length: 5\r\n"));
    assert_true(peer_saw(peer, "first"));
    assert_true(peer_saw(peer, "\r\nContent-Length: 7\r\n"));
    assert_true(peer_saw(peer, "second!"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* Without INTERNET_FLAG_KEEP_CONNECTION, and although the first body was not read. */
static void connection__of_one_connect_handle__is_kept(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_HELLO},
        {.what = PEER_NEXT_REQUEST},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_EMPTY},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_int_equal(request_upload(exchange.request, "first", 5), 200);
    assert_done(InternetCloseHandle(exchange.request));
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "/two", NULL, NULL, NULL, 0, 0);
    assert_int_equal(request_upload(exchange.request, "second", 6), 200);
    assert_true(peer_saw(peer, "POST /two HTTP/1.1\r\n"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H45] [H46] */
static void end__in_the_wrong_state__is_refused(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_refused(request_end(exchange.request), ERROR_INTERNET_OPERATION_CANCELLED);
    assert_int_equal(request_upload(exchange.request, "body", 4), 200);
    for (int i = 0; i < 2; i++)
        assert_refused(request_end(exchange.request),
                       ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_string_equal(request_body(exchange.request), "hello");
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H45] C9, as far as a synchronous call can see it. */
static void C9__end_after_a_failed_send__is_cancelled(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(request_begin(exchange.request, 1), ERROR_INTERNET_CANNOT_CONNECT);
    for (int i = 0; i < 2; i++)
        assert_refused(request_end(exchange.request), ERROR_INTERNET_OPERATION_CANCELLED);
    exchange_close(&exchange);
}

/* [H39] C8: the argument is looked at before the handle, and the request lives on. */
static void C8__end_with_buffers__is_refused_and_harmless(void **state)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers)};
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "body", 4));
    assert_refused(HttpEndRequestA(exchange.request, &buffers, 0, 0),
                   ERROR_INVALID_PARAMETER);
    assert_refused(HttpEndRequestA(NULL, &buffers, 0, 0), ERROR_INVALID_PARAMETER);
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H33] */
static void send__with_buffers_for_output__is_refused(void **state)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers)};
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(HttpSendRequestExA(exchange.request, NULL, &buffers, 0, 0),
                   ERROR_INVALID_PARAMETER);
    exchange_close(&exchange);
}

/* [H60] [H78] C6: nothing of a response is there before HttpEndRequest; with no response,
 * there is no header in it. */
static void C6__response_before_the_end__is_refused(void **state)
{
    static const DWORD levels[] = {HTTP_QUERY_STATUS_CODE, HTTP_QUERY_CONTENT_ENCODING,
                                   HTTP_QUERY_RAW_HEADERS_CRLF};
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char text[64];
    DWORD size, read;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 4));
    for (size_t i = 0; i < COUNT(levels); i++) {
        size = sizeof(text);
        assert_refused(HttpQueryInfoA(exchange.request, levels[i], text, &size, NULL),
                       ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    }
    read = UNTOUCHED;
    assert_refused(InternetReadFile(exchange.request, text, sizeof(text), &read),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_int_equal(read, 0);
    assert_refused(InternetQueryDataAvailable(exchange.request, &size, 0, 0),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_done(request_write(exchange.request, "body", 4));
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    exchange_close(&exchange);
    peer_stop(peer);

    exchange_open_post(&exchange, NULL);
    assert_refused(request_begin(exchange.request, 4), ERROR_INTERNET_CANNOT_CONNECT);
    size = sizeof(text);
    assert_refused(
        HttpQueryInfoA(exchange.request, HTTP_QUERY_CONTENT_ENCODING, text, &size, NULL),
        ERROR_HTTP_HEADER_NOT_FOUND);
    exchange_close(&exchange);
}

/* ---- The last error ---------------------------------------------------------------- */

/* [H6] */
static void last_error__of_success__is_zero_or_untouched(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    DWORD read;
    char text[16];

    (void)state;
    SetLastError(UNTOUCHED);
    exchange.session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    SetLastError(UNTOUCHED);
    exchange.connect = InternetConnectA(exchange.session, "127.0.0.1", peer_port(peer),
                                        NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    SetLastError(UNTOUCHED);
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "/", NULL, NULL, NULL, 0, 0);
    assert_int_equal(GetLastError(), UNTOUCHED);
    add_header(exchange.request, "X-A: b", HTTP_ADDREQ_FLAG_ADD);
    assert_true(set_option(exchange.request, INTERNET_OPTION_SEND_TIMEOUT, 20000));
    option_of(exchange.request, INTERNET_OPTION_SEND_TIMEOUT);
    assert_int_equal(GetLastError(), UNTOUCHED);
    assert_done(request_begin(exchange.request, 1));
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    assert_done(request_write(exchange.request, "x", 1));
    assert_done(request_end(exchange.request));
    SetLastError(UNTOUCHED);
    assert_int_equal(request_status(exchange.request), 200);
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    SetLastError(UNTOUCHED);
    assert_done(InternetQueryDataAvailable(exchange.request, &read, 0, 0));
    assert_int_equal(GetLastError(), UNTOUCHED);
    assert_done(InternetReadFile(exchange.request, text, sizeof(text), &read));
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    SetLastError(UNTOUCHED);
    exchange_close(&exchange);
    assert_int_equal(GetLastError(), UNTOUCHED);
    peer_stop(peer);
}

static void set_and_look(void *argument)
{
    DWORD *seen = argument;

    seen[0] = GetLastError();
    SetLastError(7);
    seen[1] = GetLastError();
}

static void last_error__of_each_thread__is_its_own(void **state)
{
    struct worker worker;
    DWORD seen[2];

    (void)state;
    SetLastError(UNTOUCHED);
    worker_start(&worker, set_and_look, seen);
    worker_join(&worker);
    assert_int_equal(seen[0], 0);
    assert_int_equal(seen[1], 7);
    assert_int_equal(GetLastError(), UNTOUCHED);
}

/* ---- Handles ----------------------------------------------------------------------- */

/* [H1] [H13] [H64] */
static void handles__that_are_none__are_told_by_each_function(void **state)
{
    const HINTERNET handles[] = {NULL, (HINTERNET)(uintptr_t)0xdeadbeef,
                                 (HINTERNET)(intptr_t)-1};
    char text[16];
    DWORD size, count;

    (void)state;
    for (size_t i = 0; i < COUNT(handles); i++) {
        HINTERNET none = handles[i];

        count = UNTOUCHED;
        assert_refused(InternetWriteFile(none, "x", 1, &count), ERROR_INVALID_HANDLE);
        assert_int_equal(count, 0);
        count = UNTOUCHED;
        assert_refused(InternetReadFile(none, text, 1, &count), ERROR_INVALID_HANDLE);
        assert_int_equal(count, 0);
        assert_refused(InternetQueryDataAvailable(none, &count, 0, 0),
                       ERROR_INVALID_HANDLE);
        size = sizeof(text);
        if (none != NULL) { /* whose options are the process's */
            assert_refused(InternetSetOptionA(none, INTERNET_OPTION_CONNECT_TIMEOUT,
                                              &count, sizeof(count)),
                           ERROR_INVALID_HANDLE);
            assert_refused(
                InternetQueryOptionA(none, INTERNET_OPTION_CONNECT_TIMEOUT, text, &size),
                ERROR_INVALID_HANDLE);
        }
        assert_refused(InternetCloseHandle(none), ERROR_INVALID_HANDLE);
        assert_refused(
            InternetConnectA(none, "h", 80, NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0),
            ERROR_INVALID_HANDLE);
        assert_refused(FtpOpenFileA(none, "f", GENERIC_WRITE, 0, 0),
                       ERROR_INVALID_HANDLE);
        assert_refused(request_begin(none, 1), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(request_end(none), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        size = sizeof(text);
        assert_refused(HttpQueryInfoA(none, HTTP_QUERY_STATUS_CODE, text, &size, NULL),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(
            HttpAddRequestHeadersA(none, "A: b", (DWORD)-1, HTTP_ADDREQ_FLAG_ADD),
            ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(HttpOpenRequestA(none, "POST", "/", NULL, NULL, NULL, 0, 0),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    }
}

/* [H13] [H68] [H77] */
static void handles__of_another_type__are_told_by_each_function(void **state)
{
    struct exchange exchange;
    char text[16];
    DWORD size, count;

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (int i = 0; i < 2; i++) {
        HINTERNET other = i == 0 ? exchange.session : exchange.connect;

        count = UNTOUCHED;
        assert_refused(InternetWriteFile(other, "x", 1, &count), ERROR_INVALID_HANDLE);
        assert_int_equal(count, 0);
        count = UNTOUCHED;
        assert_refused(InternetReadFile(other, text, 1, &count),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_int_equal(count, 0);
        assert_refused(InternetQueryDataAvailable(other, &count, 0, 0),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(request_begin(other, 1), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(HttpSendRequestA(other, NULL, 0, NULL, 0),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(request_end(other), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        size = sizeof(text);
        assert_refused(HttpQueryInfoA(other, HTTP_QUERY_STATUS_CODE, text, &size, NULL),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(
            HttpAddRequestHeadersA(other, "A: b", (DWORD)-1, HTTP_ADDREQ_FLAG_ADD),
            ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        /* Before the other arguments. */
        assert_refused(FtpOpenFileA(other, NULL, 0, 0xffffffff, 0),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    }
    assert_refused(
        HttpOpenRequestA(exchange.session, "POST", "/", NULL, NULL, NULL, 0, 0),
        ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_refused(
        HttpOpenRequestA(exchange.request, "POST", "/", NULL, NULL, NULL, 0, 0),
        ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_refused(InternetConnectA(exchange.connect, "h", 80, NULL, NULL,
                                    INTERNET_SERVICE_HTTP, 0, 0),
                   ERROR_INVALID_HANDLE);
    exchange_close(&exchange);
}

/* [H1] As many as there are, and then again as many as were closed. */
static void handles__all_in_use__are_refused_until_one_is_closed(void **state)
{
    enum { MOST = 65536 };
    static HINTERNET requests[MOST];
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect =
        InternetConnectA(session, "h", 80, NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0);

    (void)state;
    for (size_t i = 0; i < MOST - 2; i++) {
        requests[i] = HttpOpenRequestA(connect, NULL, NULL, NULL, NULL, NULL, 0, 0);
        assert_done(requests[i]);
    }
    for (int i = 0; i < 2; i++) {
        assert_refused(HttpOpenRequestA(connect, NULL, NULL, NULL, NULL, NULL, 0, 0),
                       ERROR_INTERNET_OUT_OF_HANDLES);
        assert_refused(
            InternetConnectA(session, "h", 80, NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0),
            ERROR_INTERNET_OUT_OF_HANDLES);
        assert_refused(InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0),
                       ERROR_INTERNET_OUT_OF_HANDLES);
        assert_done(InternetCloseHandle(requests[i]));
        assert_done(HttpOpenRequestA(connect, NULL, NULL, NULL, NULL, NULL, 0, 0));
    }
    assert_done(InternetCloseHandle(session));
}

/* [H1] */
static void handle__closed__is_none_and_never_another(void **state)
{
    struct exchange exchange;
    HINTERNET old;

    (void)state;
    exchange_open_post(&exchange, NULL);
    old = exchange.request;
    for (int i = 0; i < 1000; i++) {
        HINTERNET closed = exchange.request;

        assert_done(InternetCloseHandle(closed));
        exchange.request =
            HttpOpenRequestA(exchange.connect, "POST", "/", NULL, NULL, NULL, 0, 0);
        assert_done(exchange.request);
        assert_refused(InternetCloseHandle(closed), ERROR_INVALID_HANDLE);
        assert_refused(InternetCloseHandle(old), ERROR_INVALID_HANDLE);
    }
    assert_refused(request_write(old, "x", 1), ERROR_INVALID_HANDLE);
    assert_refused(request_end(old), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    exchange_close(&exchange);
}

/* [H2] C34: closing a parent closes its children. */
static void C34__parent_closed__closes_the_children(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    DWORD value, size = sizeof(value);

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, 10));
        assert_done(InternetCloseHandle(i == 0 ? exchange.connect : exchange.session));
        assert_refused(request_write(exchange.request, "x", 1), ERROR_INVALID_HANDLE);
        assert_refused(request_end(exchange.request),
                       ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
        assert_refused(InternetCloseHandle(exchange.request), ERROR_INVALID_HANDLE);
        assert_refused(InternetCloseHandle(exchange.connect), ERROR_INVALID_HANDLE);
        assert_refused(InternetQueryOptionA(exchange.request, INTERNET_OPTION_HANDLE_TYPE,
                                            &value, &size),
                       ERROR_INVALID_HANDLE);
        assert_refused(InternetQueryOptionA(exchange.connect, INTERNET_OPTION_HANDLE_TYPE,
                                            &value, &size),
                       ERROR_INVALID_HANDLE);
        if (i == 0)
            assert_done(InternetCloseHandle(exchange.session));
        else
            assert_refused(InternetCloseHandle(exchange.session), ERROR_INVALID_HANDLE);
        peer_stop(peer);
    }
}

/* ---- Other threads ----------------------------------------------------------------- */

/* [H3] Closing a handle, or its parent, ends the call that waits on it. */
static void close__while_a_write_waits__cancels_it(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_READ_BYTES, .size = 100000},
                                             {.what = PEER_HOLD}};
    static char block[16777216]; /* more than sockets hold */

    (void)state;
    for (int i = 0; i < 3; i++) {
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;
        struct aside writer;

        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, 0x7fffffff));
        aside_begin(&writer, exchange.request, METHOD_WRITE, block, sizeof(block));
        peer_wait_for_step(peer, 2);
        assert_done(InternetCloseHandle(i == 0   ? exchange.request
                                        : i == 1 ? exchange.connect
                                                 : exchange.session));
        assert_false(aside_end(&writer));
        assert_int_equal(writer.error, ERROR_INTERNET_OPERATION_CANCELLED);
        assert_in_range(writer.count, 0, sizeof(block) - 1);
        peer_go(peer);
        if (i < 2)
            assert_done(InternetCloseHandle(exchange.session));
        peer_stop(peer);
    }
}

/* [H3] */
static void close__while_the_response_is_awaited__cancels_it(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_MESSAGE},
                                             {.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    struct aside end;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 1));
    assert_done(request_write(exchange.request, "x", 1));
    aside_begin(&end, exchange.request, METHOD_END, NULL, 0);
    peer_wait_for_step(peer, 1);
    assert_done(InternetCloseHandle(exchange.request));
    assert_false(aside_end(&end));
    assert_true(end.error == ERROR_INTERNET_OPERATION_CANCELLED ||
                end.error == ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_done(InternetCloseHandle(exchange.session));
    peer_stop(peer);
}

/* [H3] */
static void close__while_the_body_is_awaited__cancels_it(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    struct aside read;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_int_equal(request_upload(exchange.request, "x", 1), 200);
    aside_begin(&read, exchange.request, METHOD_READ, NULL, 0);
    assert_done(InternetCloseHandle(exchange.request));
    assert_false(aside_end(&read));
    assert_true(read.error == ERROR_INTERNET_OPERATION_CANCELLED ||
                read.error == ERROR_INVALID_HANDLE);
    assert_int_equal(read.count, 0);
    assert_done(InternetCloseHandle(exchange.session));
    peer_stop(peer);
}

/* [H3] */
static void close__while_connecting__cancels_it(void **state)
{
    struct peer *peer = peer_start_unconnectable();
    struct exchange exchange;
    struct aside send;

    (void)state;
    exchange_open_post(&exchange, peer);
    aside_begin(&send, exchange.request, METHOD_SEND, NULL, 0);
    assert_done(InternetCloseHandle(exchange.session));
    assert_false(aside_end(&send));
    assert_true(send.error == ERROR_INTERNET_OPERATION_CANCELLED ||
                send.error == ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    peer_stop(peer);
}

/* Several uploads of one session at the same time, each until its total is reached. */
static void uploads__of_several_threads__do_not_mix(void **state)
{
    enum { UPLOADS = 4, BLOCK = 4096, BLOCKS = 200 };
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HASH_BYTES, .size = BLOCK * BLOCKS},
        {.what = PEER_SEND, .text = REPLY_EMPTY}};
    static char blocks[UPLOADS][BLOCK];
    struct exchange exchanges[UPLOADS];
    HINTERNET session;
    struct peer *peers[UPLOADS];
    struct aside writers[UPLOADS];

    (void)state;
    session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    for (size_t i = 0; i < UPLOADS; i++) {
        struct exchange *exchange = &exchanges[i];

        peers[i] = PEER_START(steps);
        memset(blocks[i], 'a' + (int)i, BLOCK);
        exchange->connect = InternetConnectA(session, "127.0.0.1", peer_port(peers[i]),
                                             NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0);
        exchange->request =
            HttpOpenRequestA(exchange->connect, "POST", "/", NULL, NULL, NULL, 0, 0);
        assert_done(request_begin(exchange->request, BLOCK * BLOCKS));
        aside_begin(&writers[i], exchange->request, METHOD_WRITE, blocks[i], BLOCK);
    }
    for (size_t i = 0; i < UPLOADS; i++) {
        uint64_t hash = STREAM_HASH_INIT;

        assert_false(aside_end(&writers[i])); /* beyond the total */
        assert_int_equal(writers[i].error, ERROR_INVALID_PARAMETER);
        assert_done(request_end(exchanges[i].request));
        assert_int_equal(request_status(exchanges[i].request), 200);
        for (size_t k = 0; k < BLOCKS; k++)
            hash = stream_hash(hash, blocks[i], BLOCK);
        assert_true(peer_hash(peers[i]) == hash);
    }
    assert_done(InternetCloseHandle(session));
    for (size_t i = 0; i < UPLOADS; i++)
        peer_stop(peers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(write__in_the_wrong_state__is_refused),
        cmocka_unit_test(write__after_a_failed_send__is_refused),
        cmocka_unit_test(send__while_one_is_under_way__is_refused),
        cmocka_unit_test(send__after_the_response__begins_anew),
        cmocka_unit_test(connection__of_one_connect_handle__is_kept),
        cmocka_unit_test(end__in_the_wrong_state__is_refused),
        cmocka_unit_test(C9__end_after_a_failed_send__is_cancelled),
        cmocka_unit_test(C8__end_with_buffers__is_refused_and_harmless),
        cmocka_unit_test(send__with_buffers_for_output__is_refused),
        cmocka_unit_test(C6__response_before_the_end__is_refused),
        cmocka_unit_test(last_error__of_success__is_zero_or_untouched),
        cmocka_unit_test(last_error__of_each_thread__is_its_own),
        cmocka_unit_test(handles__that_are_none__are_told_by_each_function),
        cmocka_unit_test(handles__of_another_type__are_told_by_each_function),
        cmocka_unit_test(handle__closed__is_none_and_never_another),
        cmocka_unit_test(handles__all_in_use__are_refused_until_one_is_closed),
        cmocka_unit_test(C34__parent_closed__closes_the_children),
        cmocka_unit_test(close__while_a_write_waits__cancels_it),
        cmocka_unit_test(close__while_the_response_is_awaited__cancels_it),
        cmocka_unit_test(close__while_the_body_is_awaited__cancels_it),
        cmocka_unit_test(close__while_connecting__cancels_it),
        cmocka_unit_test(uploads__of_several_threads__do_not_mix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
