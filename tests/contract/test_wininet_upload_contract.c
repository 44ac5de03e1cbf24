/* Uploading with wininet.h: the request byte for byte, what a write may be, and the order
 * of the calls.  Rows: tests/WININET.md. */
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
    {.what = PEER_SEND, .text = REPLY_EMPTY},
};
/* The client closes before it has sent all. */
static const struct peer_step is_left[] = {
    {.what = PEER_READ_UNTIL, .text = "\r\n\r\n0123456789"},
    {.what = PEER_READ_TO_END},
};

/* ---- On the wire ------------------------------------------------------------------- */

/* [H30] */
static void upload__plain__is_this_byte_for_byte(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char *head;

    (void)state;
    exchange_open(&exchange, peer, "POST", "/up",
                  INTERNET_FLAG_RELOAD | INTERNET_FLAG_NO_CACHE_WRITE);
    assert_done(request_begin(exchange.request, 30));
    assert_done(request_write(exchange.request, "0123456789", 10));
    assert_done(request_write(exchange.request, "abcdefghij", 10));
    assert_done(request_write(exchange.request, "ABCDEFGHIJ", 10));
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    head = peer_head(peer);

    assert_string_equal(head, "POST /up HTTP/1.1\r\n"
                              "Host: 127.0.0.1:$P\r\n"
                              "Content-Length: 30\r\n"
                              "User-Agent: probe/1.0\r\n"
                              "Cache-Control: no-cache\r\n"
                              "\r\n");
    assert_string_equal(strstr(peer_finish(peer, NULL), "\r\n\r\n") + 4,
                        "0123456789abcdefghijABCDEFGHIJ");
    free(head);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H17] [H30] */
static void head__with_everything__has_it_in_this_order(void **state)
{
    static const char *types[] = {"text/*", "image/png", NULL};
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                 .lpcszHeader = "X-Third: 3\r\nX-Fourth: 4",
                                 .dwHeadersLength = (DWORD)-1,
                                 .dwBufferTotal = 2};
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char *head;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(InternetCloseHandle(exchange.request));
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "up", NULL, "http://from/", types,
                         INTERNET_FLAG_KEEP_CONNECTION | INTERNET_FLAG_PRAGMA_NOCACHE |
                             INTERNET_FLAG_NO_CACHE_WRITE,
                         0);
    assert_done(exchange.request);
    add_header(exchange.request, "X-First: 1", HTTP_ADDREQ_FLAG_ADD);
    add_header(exchange.request, "X-Second: 2\r\n", HTTP_ADDREQ_FLAG_ADD);
    assert_done(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0));
    assert_done(request_write(exchange.request, "hi", 2));
    assert_done(request_end(exchange.request));
    head = peer_head(peer);

    assert_string_equal(head, "POST /up HTTP/1.1\r\n"
                              "Referer: http://from/\r\n"
                              "Accept: text/*, image/png\r\n"
                              "X-First: 1\r\n"
                              "X-Second: 2\r\n"
                              "Host: 127.0.0.1:$P\r\n"
                              "Content-Length: 2\r\n"
                              "User-Agent: probe/1.0\r\n"
                              "Pragma: no-cache\r\n"
                              "Cache-Control: no-cache\r\n"
                              "X-Third: 3\r\n"
                              "X-Fourth: 4\r\n"
                              "Connection: Keep-Alive\r\n"
                              "\r\n");
    free(head);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H18] [H29] C27: what stands in the head by itself. */
static void C27__verbs_and_flags__decide_about_headers(void **state)
{
    static const struct {
        const char *verb;
        DWORD flags;
        const char *has, *has_not[3];
    } rows[] = {
        {"POST",
         0,
         "\r\nContent-Length: 0\r\n",
         {"Cache-Control", "Connection:", "Accept"}},
        {NULL, 0, "GET /up HTTP/1.1\r\n", {"Content-Length", "Transfer-Encoding"}},
        {"GET", INTERNET_FLAG_NO_CACHE_WRITE, "GET /up", {"Cache-Control", "Pragma"}},
        {"POST",
         INTERNET_FLAG_NO_CACHE_WRITE,
         "\r\nCache-Control: no-cache\r\n",
         {"Pragma", "Connection:"}},
        {"POST",
         INTERNET_FLAG_PRAGMA_NOCACHE,
         "\r\nPragma: no-cache\r\n",
         {"Cache-Control"}},
        {"POST",
         INTERNET_FLAG_KEEP_CONNECTION,
         "\r\nConnection: Keep-Alive\r\n",
         {"Cache-Control"}},
        {"PUT", 0, "\r\nContent-Length: 0\r\n", {"Expect"}},
    };
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_SEND, .text = REPLY_EMPTY}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = PEER_START(steps);
        struct exchange exchange;

        exchange_open(&exchange, peer, rows[i].verb, "/up", rows[i].flags);
        assert_done(HttpSendRequestExA(exchange.request, NULL, NULL, 0, 0));
        assert_done(request_end(exchange.request));
        assert_true(peer_saw(peer, rows[i].has));
        for (size_t k = 0; k < 3 && rows[i].has_not[k] != NULL; k++)
            assert_false(peer_saw(peer, rows[i].has_not[k]));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H7] [H16] */
static void head__no_agent_or_old_version__is_honoured(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char *head;

    (void)state;
    exchange.session = InternetOpenA(NULL, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    exchange.connect = InternetConnectA(exchange.session, "127.0.0.1", peer_port(peer),
                                        NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0);
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "/up", "HTTP/1.0", NULL, NULL, 0, 0);
    assert_int_equal(request_upload(exchange.request, "x", 1), 200);
    head = peer_head(peer);

    assert_string_equal(head, "POST /up HTTP/1.0\r\n"
                              "Host: 127.0.0.1:$P\r\n"
                              "Content-Length: 1\r\n"
                              "\r\n");
    free(head);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H4] [H15] */
static void object__of_any_spelling__is_sent_so(void **state)
{
    static const struct {
        const char *object, *line;
    } rows[] = {
        {"/a b", "POST /a%20b HTTP/1.1\r\n"},
        {"up", "POST /up HTTP/1.1\r\n"},
        {NULL, "POST / HTTP/1.1\r\n"},
        {"", "POST / HTTP/1.1\r\n"},
        {"/a%20b", "POST /a%20b HTTP/1.1\r\n"},
        {"/\xc3\xa4", "POST /\xc3\xa4 HTTP/1.1\r\n"},
        {"/a?b=c d", "POST /a?b=c%20d HTTP/1.1\r\n"},
        {"/a/../b", "POST /a/../b HTTP/1.1\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = PEER_START(answers);
        struct exchange exchange;

        exchange_open(&exchange, peer, "POST", rows[i].object, 0);
        assert_int_equal(request_upload(exchange.request, "x", 1), 200);
        assert_true(peer_saw(peer, rows[i].line));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H5] [H19] What would make two lines of one. */
static void request_line__with_line_break__is_refused(void **state)
{
    static const struct {
        const char *verb, *object, *version, *referrer;
    } rows[] = {
        {"POST", "/a\r\nX: y", NULL, NULL},
        {"POST", "/a\rb", NULL, NULL},
        {"POST", "/a\nb", NULL, NULL},
        {"PO\r\nST", "/a", NULL, NULL},
        {"POST /b HTTP/1.1", "/a", NULL, NULL},
        {"POST", "/a", "HTTP/1.1\r\nX: y", NULL},
        {"POST", "/a", NULL, "http://h/\r\nX: y"},
    };
    static const char *types[] = {"text/*\r\nX: y", NULL};
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(HttpOpenRequestA(exchange.connect, rows[i].verb, rows[i].object,
                                        rows[i].version, rows[i].referrer, NULL, 0, 0),
                       ERROR_INVALID_PARAMETER);
    assert_refused(
        HttpOpenRequestA(exchange.connect, "POST", "/", NULL, NULL, types, 0, 0),
        ERROR_INVALID_PARAMETER);
    assert_refused(InternetOpenA("a\r\nX: y", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0),
                   ERROR_INVALID_PARAMETER);
    exchange_close(&exchange);
}

/* ---- When what happens ------------------------------------------------------------- */

/* [H10] */
static void connection__until_the_request_is_sent__is_not_made(void **state)
{
    struct peer *peer = peer_start(NULL, 0);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "X-A: b", HTTP_ADDREQ_FLAG_ADD);

    assert_false(peer_was_contacted(peer));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H61] The bytes of a call are on their way before the next one; so is the head with its
 * first part. */
static void write__each__is_on_the_wire_at_once(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "\r\n\r\nfirst"},
        {.what = PEER_READ_UNTIL, .text = "second"},
        {.what = PEER_HOLD},
        {.what = PEER_READ_UNTIL, .text = "third"},
        {.what = PEER_SEND, .text = REPLY_HELLO},
    };
    struct peer *peer = PEER_START(steps);
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                 .lpvBuffer = "first",
                                 .dwBufferLength = 5,
                                 .dwBufferTotal = 16};
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0));
    peer_wait_for_step(peer, 1);
    assert_done(request_write(exchange.request, "second", 6));
    peer_wait_for_step(peer, 2);
    peer_go(peer);
    assert_done(request_write(exchange.request, "third", 5));
    assert_done(request_end(exchange.request));

    assert_string_equal(request_body(exchange.request), "hello");
    assert_true(peer_saw(peer, "\r\nContent-Length: 16\r\n"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* C1, C2, C3: the first bytes with the head, the others one by one; what Next points to
 * is not looked at, and a header needs no CRLF. */
static void C1_C2_C3__form_in_parts__is_answered(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\nname=a value\n"},
    };
    static const char form[] = "name=some";
    INTERNET_BUFFERSA buffers = {
        .dwStructSize = sizeof(buffers),
        .Next = (LPINTERNET_BUFFERSA)(uintptr_t)0xdeadcab0,
        .lpcszHeader = "Content-Type: application/x-www-form-urlencoded",
        .dwHeadersLength = sizeof("Content-Type: application/x-www-form-urlencoded") - 1,
        .lpvBuffer = (LPVOID)(uintptr_t)form,
        .dwBufferLength = 3,
        .dwBufferTotal = 9};
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    char answer[256] = "";
    DWORD read = UNTOUCHED;

    (void)state;
    exchange_open_post(&exchange, peer);
    SetLastError(UNTOUCHED);
    assert_done(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0));
    assert_int_equal(GetLastError(), ERROR_SUCCESS);
    for (int i = 3; i < 9; i++)
        assert_done(request_write(exchange.request, form + i, 1));
    assert_done(HttpEndRequestA(exchange.request, NULL, 0, 0));

    assert_done(InternetReadFile(exchange.request, answer, 255, &read));
    assert_int_equal(read, 13);
    assert_string_equal(answer, "name=a value\n");
    assert_true(
        peer_saw(peer, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_true(peer_saw(peer, "\r\n\r\nname=some"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H88] C4: whether there are headers of a response yet. */
static void C4__request_flags__tell_whether_headers_are_there(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_true(option_of(exchange.request, INTERNET_OPTION_REQUEST_FLAGS) &
                INTERNET_REQFLAG_NO_HEADERS);
    assert_done(request_begin(exchange.request, 1));
    assert_done(request_write(exchange.request, "x", 1));
    assert_true(option_of(exchange.request, INTERNET_OPTION_REQUEST_FLAGS) &
                INTERNET_REQFLAG_NO_HEADERS);
    assert_done(request_end(exchange.request));
    assert_int_equal(option_of(exchange.request, INTERNET_OPTION_REQUEST_FLAGS), 0);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* ---- The sizes of writes ----------------------------------------------------------- */

/* [H65] C7: a success has taken all, however much it is. */
static void C7__writes_of_any_size__take_all(void **state)
{
    static const struct {
        DWORD block, count;
    } rows[] = {{65536, 64}, {8388608, 1}, {1, 1000}, {70001, 9}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t total = (size_t)rows[i].block * rows[i].count;
        const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                          {.what = PEER_HASH_BYTES, .size = total},
                                          {.what = PEER_SEND, .text = REPLY_EMPTY}};
        struct peer *peer = PEER_START(steps);
        char *block = malloc(rows[i].block);
        uint64_t hash = STREAM_HASH_INIT;
        struct exchange exchange;

        assert_non_null(block);
        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, (DWORD)total));
        for (DWORD k = 0; k < rows[i].count; k++) {
            for (DWORD at = 0; at < rows[i].block; at++)
                block[at] = (char)(at * 7 + at / 251 + k);
            hash = stream_hash(hash, block, rows[i].block);
            assert_done(request_write(exchange.request, block, rows[i].block));
        }
        assert_done(request_end(exchange.request));
        assert_int_equal(request_status(exchange.request), 200);
        assert_true(peer_hash(peer) == hash);
        free(block);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H63] */
static void write__of_nothing__is_nothing(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 4));
    assert_done(request_write(exchange.request, "ab", 2));
    assert_done(request_write(exchange.request, "", 0));
    assert_done(request_write(exchange.request, NULL, 0));
    assert_done(request_write(exchange.request, "cd", 2));
    assert_done(request_end(exchange.request));
    assert_true(peer_saw(peer, "\r\n\r\nabcd"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H66] */
static void write__no_buffer_or_no_count__is_refused_and_harmless(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 4));
    assert_refused(request_write(exchange.request, NULL, 4), ERROR_INVALID_PARAMETER);
    assert_refused(InternetWriteFile(exchange.request, "abcd", 4, NULL),
                   ERROR_INVALID_PARAMETER);
    assert_done(request_write(exchange.request, "good", 4));
    assert_done(request_end(exchange.request));
    assert_true(peer_saw(peer, "\r\n\r\ngood"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H67] */
static void write__beyond_the_total__is_refused_and_not_sent(void **state)
{
    static const DWORD totals[] = {5, 4};

    (void)state;
    for (size_t i = 0; i < COUNT(totals); i++) {
        struct peer *peer = PEER_START(answers);
        struct exchange exchange;

        exchange_open_post(&exchange, peer);
        assert_done(request_begin(exchange.request, totals[i]));
        assert_done(request_write(exchange.request, "good", 4));
        assert_refused(request_write(exchange.request, "excess", 6),
                       ERROR_INVALID_PARAMETER);
        if (totals[i] == 5)
            assert_done(request_write(exchange.request, "!", 1));
        assert_done(request_end(exchange.request));
        assert_int_equal(request_status(exchange.request), 200);
        assert_false(peer_saw(peer, "excess"));
        assert_true(peer_saw(peer, totals[i] == 5 ? "\r\n\r\ngood!" : "\r\n\r\ngood"));
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* [H33] The first part counts as well; more than all of it is refused before anything is
 * sent. */
static void first_part__beyond_the_total__is_refused(void **state)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                 .lpvBuffer = "12345",
                                 .dwBufferLength = 5,
                                 .dwBufferTotal = 4};
    struct peer *peer = peer_start(NULL, 0);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_refused(HttpSendRequestExA(exchange.request, &buffers, NULL, 0, 0),
                   ERROR_INVALID_PARAMETER);
    assert_false(peer_was_contacted(peer));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H67] */
static void write__without_any_length__is_refused(void **state)
{
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 0));
    assert_refused(request_write(exchange.request, "0123456789", 10),
                   ERROR_INVALID_PARAMETER);
    assert_done(request_end(exchange.request));
    assert_true(peer_saw(peer, "\r\nContent-Length: 0\r\n"));
    assert_false(peer_saw(peer, "0123456789"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H40] An upload that ended short never looks complete, and the server is not waited
 * for. */
static void end__before_all_was_written__fails_and_cuts(void **state)
{
    struct peer *peer = PEER_START(is_left);
    struct exchange exchange;
    DWORD written;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 20));
    assert_done(request_write(exchange.request, "0123456789", 10));
    peer_wait_for_step(peer, 1);
    assert_refused(request_end(exchange.request), ERROR_INTERNET_CONNECTION_ABORTED);
    peer_finish(peer, NULL); /* it is closed */
    assert_refused(InternetWriteFile(exchange.request, "x", 1, &written),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H14] */
static void close__before_all_was_written__cuts(void **state)
{
    struct peer *peer = PEER_START(is_left);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 20));
    assert_done(request_write(exchange.request, "0123456789", 10));
    peer_wait_for_step(peer, 1);
    assert_done(InternetCloseHandle(exchange.request));
    peer_finish(peer, NULL);
    assert_done(InternetCloseHandle(exchange.session));
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__plain__is_this_byte_for_byte),
        cmocka_unit_test(head__with_everything__has_it_in_this_order),
        cmocka_unit_test(C27__verbs_and_flags__decide_about_headers),
        cmocka_unit_test(head__no_agent_or_old_version__is_honoured),
        cmocka_unit_test(object__of_any_spelling__is_sent_so),
        cmocka_unit_test(request_line__with_line_break__is_refused),
        cmocka_unit_test(connection__until_the_request_is_sent__is_not_made),
        cmocka_unit_test(write__each__is_on_the_wire_at_once),
        cmocka_unit_test(C1_C2_C3__form_in_parts__is_answered),
        cmocka_unit_test(C4__request_flags__tell_whether_headers_are_there),
        cmocka_unit_test(C7__writes_of_any_size__take_all),
        cmocka_unit_test(write__of_nothing__is_nothing),
        cmocka_unit_test(write__no_buffer_or_no_count__is_refused_and_harmless),
        cmocka_unit_test(write__beyond_the_total__is_refused_and_not_sent),
        cmocka_unit_test(first_part__beyond_the_total__is_refused),
        cmocka_unit_test(write__without_any_length__is_refused),
        cmocka_unit_test(end__before_all_was_written__fails_and_cuts),
        cmocka_unit_test(close__before_all_was_written__cuts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
