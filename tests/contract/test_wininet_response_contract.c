/* Responses of all shapes, read with wininet.h.  Rows: tests/WININET.md. */
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

/* An upload that was answered so; the connection is closed behind it. */
struct answered {
    struct peer *peer;
    struct peer_step steps[2];
    struct exchange exchange;
    HINTERNET request;
};

static void answered_open(struct answered *answered, const char *verb,
                          const char *response)
{
    answered->steps[0] = (struct peer_step){.what = PEER_READ_HEAD};
    answered->steps[1] = (struct peer_step){.what = PEER_SEND, .text = response};
    answered->peer = peer_start(answered->steps, 2);
    exchange_open(&answered->exchange, answered->peer, verb, "/", 0);
    answered->request = answered->exchange.request;
    assert_done(HttpSendRequestExA(answered->request, NULL, NULL, 0, 0));
}

static void answered_close(struct answered *answered)
{
    exchange_close(&answered->exchange);
    peer_stop(answered->peer);
}

static DWORD available(HINTERNET request)
{
    DWORD size = UNTOUCHED;

    assert_done(InternetQueryDataAvailable(request, &size, 0, 0));
    return size;
}

/* [H73] [H74] C33: whatever delimits the body, its end is TRUE and no bytes, and stays
 * so. */
static void C33__body_of_any_framing__is_read_to_its_end(void **state)
{
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789",
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
         "4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"),
        "HTTP/1.0 200 OK\r\n\r\n0123456789",
        "HTTP/1.1 200\r\nConnection: close\r\n\r\n0123456789",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct answered answered;
        DWORD read = UNTOUCHED;
        char text[4];

        answered_open(&answered, "POST", responses[i]);
        assert_done(request_end(answered.request));
        assert_int_equal(request_status(answered.request), 200);
        assert_done(InternetReadFile(answered.request, text, 4, &read));
        assert_int_equal(read, 4); /* fills the buffer while there is more */
        assert_memory_equal(text, "0123", 4);
        assert_string_equal(request_body(answered.request), "456789");
        for (int k = 0; k < 2; k++) {
            assert_done(InternetReadFile(answered.request, text, 4, &read));
            assert_int_equal(read, 0);
        }
        assert_int_equal(available(answered.request), 0);
        answered_close(&answered);
    }
}

/* [H81] */
static void available__tells_what_a_read_would_give(void **state)
{
    struct answered answered;
    DWORD read, size;
    char text[16];

    (void)state;
    answered_open(&answered, "POST",
                  "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n0123456789");
    assert_done(request_end(answered.request));
    size = available(answered.request);
    assert_in_range(size, 1, 10);
    assert_int_equal(available(answered.request), size);
    assert_done(InternetQueryDataAvailable(answered.request, NULL, 0, 0));
    assert_done(InternetReadFile(answered.request, text, size, &read));
    assert_int_equal(read, size);
    answered_close(&answered);
}

/* [H76] */
static void read__without_buffer_or_count__is_refused_and_harmless(void **state)
{
    struct answered answered;
    DWORD read = UNTOUCHED;
    char text[16];

    (void)state;
    answered_open(&answered, "POST", REPLY_HELLO);
    assert_done(request_end(answered.request));
    assert_refused(InternetReadFile(answered.request, NULL, 5, &read),
                   ERROR_INVALID_PARAMETER);
    assert_int_equal(read, 0);
    assert_refused(InternetReadFile(answered.request, text, 5, NULL),
                   ERROR_INVALID_PARAMETER);
    assert_string_equal(request_body(answered.request), "hello");
    answered_close(&answered);
}

/* [H81] C32: responses that have no body.  With a Content-Length in a 204 or 304, Windows
 * tells of as many bytes; there are none. */
static void C32__no_body__has_nothing_to_read(void **state)
{
    static const struct {
        const char *verb, *response;
    } rows[] = {
        {"GET", "HTTP/1.1 204 No Content\r\n\r\n"},
        {"GET", "HTTP/1.1 304 Not Modified\r\n\r\n"},
        {"HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n"},
        {"GET", "HTTP/1.1 204 No Content\r\nContent-Length: 10\r\n\r\n"},
        {"GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answered answered;

        answered_open(&answered, rows[i].verb, rows[i].response);
        assert_done(request_end(answered.request));
        assert_int_equal(available(answered.request), 0);
        assert_string_equal(request_body(answered.request), "");
        answered_close(&answered);
    }
}

/* C15: however many interim responses there are. */
static void C15__interim_responses__are_skipped(void **state)
{
    static const char *const responses[] = {
        "HTTP/1.1 100 Continue\r\n\r\n" REPLY_HELLO,
        "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n" REPLY_HELLO,
        "HTTP/1.1 100 Continue\r\nServer: odd\r\n\r\n" REPLY_HELLO,
    };

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct answered answered;

        answered_open(&answered, "POST", responses[i]);
        assert_done(request_end(answered.request));
        assert_int_equal(request_status(answered.request), 200);
        assert_null(request_text(answered.request, HTTP_QUERY_SERVER));
        assert_string_equal(request_body(answered.request), "hello");
        answered_close(&answered);
    }
}

/* [H43] C13: what does not begin with a status line is not taken for a response. */
static void C13__answer_that_is_not_http(void **state)
{
    static const char *const responses[] = {"<HTML>hello</HTML>\r\n\r\n",
                                            "220 Ready\r\n\r\n", "\r\n\r\n\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct answered answered;

        answered_open(&answered, "POST", responses[i]);
        assert_refused(request_end(answered.request), ERROR_HTTP_INVALID_SERVER_RESPONSE);
        answered_close(&answered);
    }
}

/* The application's own Expect is sent, but nothing waits for the 100. */
static void expect__of_the_application__is_not_waited_for(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 100 Continue\r\n\r\n" REPLY_HELLO},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    add_header(exchange.request, "Expect: 100-continue", HTTP_ADDREQ_FLAG_ADD);
    assert_int_equal(request_upload(exchange.request, "body", 4), 200);
    assert_true(peer_saw(peer, "\r\nExpect: 100-continue\r\n"));
    exchange_close(&exchange);
    peer_stop(peer);
}

/* [H80] The peer closes before the body is whole: what came is given, but not as the
 * whole. */
static void body__cut_short__is_told(void **state)
{
    static const char *const responses[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n0123456789",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT(responses); i++) {
        struct answered answered;
        DWORD read, size = 0;
        char text[100];
        BOOL result;

        answered_open(&answered, "POST", responses[i]);
        assert_done(request_end(answered.request));
        do {
            result = InternetReadFile(answered.request, text + size, 100 - size, &read);
            size += read;
        } while (result && read > 0);
        assert_false(result);
        assert_int_equal(GetLastError(), ERROR_INTERNET_CONNECTION_RESET);
        assert_int_equal(size, 10);
        assert_memory_equal(text, "0123456789", 10);
        answered_close(&answered);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C33__body_of_any_framing__is_read_to_its_end),
        cmocka_unit_test(available__tells_what_a_read_would_give),
        cmocka_unit_test(read__without_buffer_or_count__is_refused_and_harmless),
        cmocka_unit_test(C32__no_body__has_nothing_to_read),
        cmocka_unit_test(C15__interim_responses__are_skipped),
        cmocka_unit_test(C13__answer_that_is_not_http),
        cmocka_unit_test(expect__of_the_application__is_not_waited_for),
        cmocka_unit_test(body__cut_short__is_told),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
