/* HttpQueryInfoA.  Rows: tests/WININET.md. */
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

struct answered {
    struct peer *peer;
    struct peer_step steps[2];
    struct exchange exchange;
    HINTERNET request;
};

/* A GET that was answered so; the connection is closed behind it. */
static void answered_open(struct answered *answered, const char *response)
{
    answered->steps[0] = (struct peer_step){.what = PEER_READ_HEAD};
    answered->steps[1] = (struct peer_step){.what = PEER_SEND, .text = response};
    answered->peer = peer_start(answered->steps, 2);
    exchange_open(&answered->exchange, answered->peer, "GET", "/", 0);
    answered->request = answered->exchange.request;
    assert_done(HttpSendRequestA(answered->request, NULL, 0, NULL, 0));
}

static void answered_close(struct answered *answered)
{
    exchange_close(&answered->exchange);
    peer_stop(answered->peer);
}

#define RESPONSE                                                                         \
    "HTTP/1.1 200 Fine\r\n"                                                              \
    "Server: probe\r\n"                                                                  \
    "Set-Cookie: one\r\n"                                                                \
    "X-Two: first\r\n"                                                                   \
    "Set-Cookie: two\r\n"                                                                \
    "X-Two: second\r\n"                                                                  \
    "Content-Type: text/plain\r\n"                                                       \
    "Content-Length: 2\r\n"                                                              \
    "\r\nhi"

/* [H53] [H54] [H59] C17: the status code as a number and as text, and what is refused. */
static void C17__status_code__in_all_forms(void **state)
{
    struct answered answered;
    DWORD number = 0, size = sizeof(number), index = 0;
    char text[16];

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_done(HttpQueryInfoA(answered.request,
                               HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, &number,
                               &size, &index));
    assert_int_equal(number, 200);
    assert_int_equal(size, 4);
    assert_int_equal(index, 0);
    size = sizeof(text);
    assert_done(
        HttpQueryInfoA(answered.request, HTTP_QUERY_STATUS_CODE, text, &size, &index));
    assert_string_equal(text, "200");
    assert_int_equal(size, 3);
    assert_int_equal(index, 0);
    size = 0;
    assert_refused(
        HttpQueryInfoA(answered.request, HTTP_QUERY_STATUS_CODE, NULL, &size, NULL),
        ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, 4);
    index = 1;
    size = sizeof(text);
    assert_refused(
        HttpQueryInfoA(answered.request, HTTP_QUERY_STATUS_CODE, text, &size, &index),
        ERROR_HTTP_HEADER_NOT_FOUND);
    size = sizeof(text);
    assert_refused(
        HttpQueryInfoA(answered.request,
                       HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_REQUEST_HEADERS, text,
                       &size, NULL),
        ERROR_HTTP_INVALID_QUERY_REQUEST);
    answered_close(&answered);
}

/* [H53] [H58] */
static void number__buffer_of_another_size__is_refused_or_narrowed(void **state)
{
    struct answered answered;
    DWORD numbers[2] = {0, UNTOUCHED}, size = 2;

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_refused(HttpQueryInfoA(answered.request,
                                  HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER,
                                  numbers, &size, NULL),
                   ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, 4);
    size = 8;
    assert_done(HttpQueryInfoA(answered.request,
                               HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, numbers,
                               &size, NULL));
    assert_int_equal(size, 4);
    assert_int_equal(numbers[0], 200);
    assert_int_equal(numbers[1], UNTOUCHED);
    size = 4;
    assert_refused(HttpQueryInfoA(answered.request,
                                  HTTP_QUERY_CONTENT_TYPE | HTTP_QUERY_FLAG_NUMBER,
                                  numbers, &size, NULL),
                   ERROR_HTTP_INVALID_HEADER);
    answered_close(&answered);
}

/* [H49] C18: one hit after the other. */
static void C18__repeated_header__is_found_by_its_index(void **state)
{
    static const char *const values[] = {"first", "second"};
    struct answered answered;
    DWORD index = 0;

    (void)state;
    answered_open(&answered, RESPONSE);
    for (DWORD i = 0; i < 2; i++) {
        char text[16] = "x-TWO";
        DWORD size = sizeof(text);

        assert_done(
            HttpQueryInfoA(answered.request, HTTP_QUERY_CUSTOM, text, &size, &index));
        assert_string_equal(text, values[i]);
        assert_int_equal(size, strlen(values[i]));
        assert_int_equal(index, i + 1);
    }
    for (int i = 0; i < 2; i++) {
        char text[16] = "X-Two";
        DWORD size = sizeof(text);

        assert_refused(
            HttpQueryInfoA(answered.request, HTTP_QUERY_CUSTOM, text, &size, &index),
            ERROR_HTTP_HEADER_NOT_FOUND);
        assert_int_equal(index, 2);
    }
    index = 1;
    {
        char text[16];
        DWORD size = sizeof(text);

        assert_done(
            HttpQueryInfoA(answered.request, HTTP_QUERY_SET_COOKIE, text, &size, &index));
        assert_string_equal(text, "two");
    }
    answered_close(&answered);
}

/* [H57] */
static void header__missing_or_unknown__is_not_found(void **state)
{
    struct answered answered;
    char text[16] = "X-None";
    DWORD size = sizeof(text);

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_refused(HttpQueryInfoA(answered.request, HTTP_QUERY_CUSTOM, text, &size, NULL),
                   ERROR_HTTP_HEADER_NOT_FOUND);
    size = sizeof(text);
    assert_refused(
        HttpQueryInfoA(answered.request, HTTP_QUERY_LOCATION, text, &size, NULL),
        ERROR_HTTP_HEADER_NOT_FOUND);
    size = sizeof(text);
    assert_refused(HttpQueryInfoA(answered.request, 9999, text, &size, NULL),
                   ERROR_HTTP_HEADER_NOT_FOUND);
    answered_close(&answered);
}

/* [H53] */
static void number64__is_of_8_bytes(void **state)
{
    struct answered answered;
    uint64_t number = 0;
    DWORD size = sizeof(number);

    (void)state;
    answered_open(&answered, "HTTP/1.1 304 Not Modified\r\n"
                             "Content-Length: 18446744073709551615\r\n\r\n");
    assert_done(HttpQueryInfoA(answered.request,
                               HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER64,
                               &number, &size, NULL));
    assert_true(number == UINT64_MAX);
    assert_int_equal(size, 8);
    size = 4;
    assert_refused(HttpQueryInfoA(answered.request,
                                  HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER64,
                                  &number, &size, NULL),
                   ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, 8);
    answered_close(&answered);
}

/* [H54] [H55] C19: without room for the NUL nothing is given. */
static void C19__no_room_for_the_end__is_refused(void **state)
{
    static const struct {
        DWORD level;
        const char *value;
    } rows[] = {{HTTP_QUERY_STATUS_CODE, "200"},
                {HTTP_QUERY_STATUS_TEXT, "Fine"},
                {HTTP_QUERY_CONTENT_TYPE, "text/plain"},
                {HTTP_QUERY_VERSION, "HTTP/1.1"}};
    struct answered answered;

    (void)state;
    answered_open(&answered, RESPONSE);
    for (size_t i = 0; i < COUNT(rows); i++) {
        DWORD length = (DWORD)strlen(rows[i].value), index = 0;

        for (DWORD room = 0; room <= length + 1; room++) {
            char text[32];
            DWORD size = room;

            memset(text, '#', sizeof(text));
            if (room > length) {
                assert_done(
                    HttpQueryInfoA(answered.request, rows[i].level, text, &size, NULL));
                assert_string_equal(text, rows[i].value);
                assert_int_equal(size, length);
                continue;
            }
            assert_refused(
                HttpQueryInfoA(answered.request, rows[i].level, text, &size, &index),
                ERROR_INSUFFICIENT_BUFFER);
            assert_int_equal(size, length + 1);
            assert_int_equal(index, 0);
            for (size_t k = 0; k < sizeof(text); k++)
                assert_int_equal(text[k], '#');
        }
    }
    answered_close(&answered);
}

/* C20: how much room all headers need. */
static void C20__raw_headers_without_a_buffer__tell_their_size(void **state)
{
    const size_t raw = strlen(RESPONSE) - 2; /* without the body */
    struct answered answered;

    (void)state;
    answered_open(&answered, RESPONSE);
    for (DWORD size = 0; size < 1000; size += 333) {
        DWORD needed = size, index = 0;

        assert_refused(HttpQueryInfoA(answered.request, HTTP_QUERY_RAW_HEADERS_CRLF, NULL,
                                      &needed, &index),
                       ERROR_INSUFFICIENT_BUFFER);
        assert_int_equal(needed, raw + 1);
        assert_int_equal(index, 0);
    }
    answered_close(&answered);
}

/* [H50] */
static void raw_headers__are_as_they_came(void **state)
{
    static const char expected[] =
        "HTTP/1.1 200 Fine\0Server: probe\0Set-Cookie: one\0X-Two: first\0Set-Cookie: "
        "two\0X-Two: second\0Content-Type: text/plain\0Content-Length: 2\0";
    struct answered answered;
    char text[512];
    DWORD size = sizeof(text);

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_done(
        HttpQueryInfoA(answered.request, HTTP_QUERY_RAW_HEADERS_CRLF, text, &size, NULL));
    assert_int_equal(size, strlen(RESPONSE) - 2);
    assert_memory_equal(text, RESPONSE, size);
    size = sizeof(text);
    assert_done(
        HttpQueryInfoA(answered.request, HTTP_QUERY_RAW_HEADERS, text, &size, NULL));
    assert_memory_equal(text, expected, sizeof(expected)); /* the last is empty */
    answered_close(&answered);
}

/* [H51] [H52] C21, C22: before anything is sent. */
static void C21_C22__raw_headers_before_sending(void **state)
{
    struct exchange exchange;
    const char *text;

    (void)state;
    exchange_open(&exchange, NULL, "POST", "/tests/post.php", 0);
    text = request_text(exchange.request,
                        HTTP_QUERY_RAW_HEADERS_CRLF | HTTP_QUERY_FLAG_REQUEST_HEADERS);
    assert_non_null(text);
    assert_memory_equal(text, "POST /tests/post.php HTTP/1", 27);
    assert_string_equal(text + strlen(text) - 4, "\r\n\r\n");
    text = request_text(exchange.request, HTTP_QUERY_RAW_HEADERS_CRLF);
    assert_non_null(text);
    assert_string_equal(text, "\r\n");
    exchange_close(&exchange);
}

/* [H49] C23: what is there only once is not counted. */
static void C23__levels_without_an_index__leave_it(void **state)
{
    static const DWORD levels[] = {HTTP_QUERY_RAW_HEADERS, HTTP_QUERY_RAW_HEADERS_CRLF,
                                   HTTP_QUERY_STATUS_TEXT, HTTP_QUERY_VERSION};
    struct answered answered;

    (void)state;
    answered_open(&answered, RESPONSE);
    for (size_t i = 0; i < COUNT(levels); i++) {
        char text[512];
        DWORD size = sizeof(text), index = 0;

        assert_done(HttpQueryInfoA(answered.request, levels[i], text, &size, &index));
        assert_int_equal(index, 0);
        if (i < 2) {
            index = 5;
            size = sizeof(text);
            assert_refused(
                HttpQueryInfoA(answered.request, levels[i], text, &size, &index),
                ERROR_HTTP_HEADER_NOT_FOUND);
            assert_int_equal(index, 5);
        }
    }
    answered_close(&answered);
}

/* C24: a long value, and a short buffer. */
static void C24__long_value__tells_its_size(void **state)
{
    char value[4001], response[4200], text[13], whole[4001];
    struct answered answered;
    DWORD size = sizeof(text);

    (void)state;
    memset(value, 'v', 4000);
    value[4000] = '\0';
    snprintf(response, sizeof(response),
             "HTTP/1.1 200 OK\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n", value);
    answered_open(&answered, response);
    assert_refused(
        HttpQueryInfoA(answered.request, HTTP_QUERY_LOCATION, text, &size, NULL),
        ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, 4001);
    assert_done(
        HttpQueryInfoA(answered.request, HTTP_QUERY_LOCATION, whole, &size, NULL));
    assert_string_equal(whole, value);
    answered_close(&answered);
}

/* [H58] C25: numbers of 32 bits; the header is not the one that frames the body. */
static void C25__numbers__fit_or_are_refused(void **state)
{
    static const struct {
        const char *text;
        DWORD number, error;
    } rows[] = {{"0", 0, 0},
                {"4294967294", 0xfffffffe, 0},
                {"4294967295", 0xffffffff, 0},
                {"4294967296", 0, ERROR_HTTP_INVALID_HEADER},
                {"18446744073709551615", 0, ERROR_HTTP_INVALID_HEADER}};
    char response[200];

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answered answered;
        DWORD number = UNTOUCHED, size = sizeof(number);

        snprintf(response, sizeof(response),
                 "HTTP/1.1 304 Not Modified\r\nContent-Length: %s\r\n\r\n", rows[i].text);
        answered_open(&answered, response);
        if (rows[i].error != 0) {
            assert_refused(
                HttpQueryInfoA(answered.request,
                               HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER,
                               &number, &size, NULL),
                rows[i].error);
            assert_int_equal(number, UNTOUCHED);
            size = 2; /* too small for any */
            assert_refused(
                HttpQueryInfoA(answered.request,
                               HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER,
                               &number, &size, NULL),
                ERROR_HTTP_INVALID_HEADER);
        } else {
            assert_done(HttpQueryInfoA(answered.request,
                                       HTTP_QUERY_CONTENT_LENGTH | HTTP_QUERY_FLAG_NUMBER,
                                       &number, &size, NULL));
            assert_true(number == rows[i].number);
        }
        answered_close(&answered);
    }
}

/* [H43] C14: a line without a colon, such as a second status line.  Windows skips it;
 * libcurl takes no such response. */
static void C14__junk_among_the_headers__is_no_response(void **state)
{
    static const char *const lines[] = {"HTTP/1.0 401 Again", "junk"};

    (void)state;
    for (size_t i = 0; i < COUNT(lines); i++) {
        char response[200];
        const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                          {.what = PEER_SEND, .text = response}};
        struct exchange exchange;
        struct peer *peer;

        snprintf(response, sizeof(response),
                 "HTTP/1.0 401 Anonymous\r\n%s\r\nContent-Length: 0\r\n\r\n", lines[i]);
        peer = PEER_START(steps);
        exchange_open(&exchange, peer, "GET", "/", 0);
        assert_refused(HttpSendRequestA(exchange.request, NULL, 0, NULL, 0),
                       ERROR_HTTP_INVALID_SERVER_RESPONSE);
        exchange_close(&exchange);
        peer_stop(peer);
    }
}

/* C16: a status line without a reason. */
static void C16__no_reason__is_an_empty_text(void **state)
{
    static const struct {
        const char *response;
        DWORD status;
    } rows[] = {{"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200},
                {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", 200},
                {"HTTP/1.1 410 \r\nContent-Length: 0\r\n\r\n", 410}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct answered answered;

        answered_open(&answered, rows[i].response);
        assert_int_equal(request_status(answered.request), rows[i].status);
        assert_string_equal(request_text(answered.request, HTTP_QUERY_STATUS_TEXT), "");
        answered_close(&answered);
    }
}

/* [H56] */
static void query__without_a_length__is_refused(void **state)
{
    struct answered answered;
    char text[16];

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_refused(
        HttpQueryInfoA(answered.request, HTTP_QUERY_STATUS_CODE, text, NULL, NULL),
        ERROR_INVALID_PARAMETER);
    answered_close(&answered);
}

/* [H52] What the application sent can be asked for as well. */
static void query__request_headers__are_those_sent(void **state)
{
    struct answered answered;

    (void)state;
    answered_open(&answered, RESPONSE);
    assert_string_equal(
        request_text(answered.request,
                     HTTP_QUERY_USER_AGENT | HTTP_QUERY_FLAG_REQUEST_HEADERS),
        AGENT);
    assert_string_equal(request_text(answered.request, HTTP_QUERY_REQUEST_METHOD), "GET");
    answered_close(&answered);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C17__status_code__in_all_forms),
        cmocka_unit_test(number__buffer_of_another_size__is_refused_or_narrowed),
        cmocka_unit_test(C18__repeated_header__is_found_by_its_index),
        cmocka_unit_test(header__missing_or_unknown__is_not_found),
        cmocka_unit_test(number64__is_of_8_bytes),
        cmocka_unit_test(C19__no_room_for_the_end__is_refused),
        cmocka_unit_test(C20__raw_headers_without_a_buffer__tell_their_size),
        cmocka_unit_test(raw_headers__are_as_they_came),
        cmocka_unit_test(C21_C22__raw_headers_before_sending),
        cmocka_unit_test(C23__levels_without_an_index__leave_it),
        cmocka_unit_test(C24__long_value__tells_its_size),
        cmocka_unit_test(C25__numbers__fit_or_are_refused),
        cmocka_unit_test(C14__junk_among_the_headers__is_no_response),
        cmocka_unit_test(C16__no_reason__is_an_empty_text),
        cmocka_unit_test(query__without_a_length__is_refused),
        cmocka_unit_test(query__request_headers__are_those_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
