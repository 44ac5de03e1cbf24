/* HttpAddRequestHeadersA, seen on the wire.  Rows: tests/WININET.md. */
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

#define ADD HTTP_ADDREQ_FLAG_ADD
#define IF_NEW HTTP_ADDREQ_FLAG_ADD_IF_NEW
#define REPLACE HTTP_ADDREQ_FLAG_REPLACE
#define COMMA HTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA
#define SEMICOLON HTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON

/* One call of HttpAddRequestHeadersA, and the error it gives; 0 for success. */
struct step {
    const char *header;
    DWORD flags, error;
};

/* Makes the calls and sends an empty POST; what stands in the head between the request
 * line and the blank line.  Caller frees. */
static char *lines_after(const struct step *steps, size_t count)
{
    static const struct peer_step answers[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_EMPTY},
    };
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;
    char *head, *end;

    exchange_open(&exchange, peer, "POST", "/", 0);
    for (size_t i = 0; i < count && steps[i].header != NULL; i++) {
        SetLastError(UNTOUCHED);
        if (steps[i].error == 0)
            add_header(exchange.request, steps[i].header, steps[i].flags);
        else
            assert_refused(HttpAddRequestHeadersA(exchange.request, steps[i].header,
                                                  (DWORD)-1, steps[i].flags),
                           steps[i].error);
    }
    assert_done(request_begin(exchange.request, 0));
    assert_done(request_end(exchange.request));
    head = peer_head(peer);
    end = strstr(head, "\r\n\r\n");
    end[2] = '\0';
    memmove(head, strstr(head, "\r\n") + 2, strlen(strstr(head, "\r\n") + 2) + 1);
    exchange_close(&exchange);
    peer_stop(peer);
    return head;
}

#define OWN "Host: 127.0.0.1:$P\r\nContent-Length: 0\r\nUser-Agent: " AGENT "\r\n"

struct row {
    struct step steps[4];
    const char *lines;
};

static void check_rows(const struct row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *lines = lines_after(rows[i].steps, COUNT(rows[i].steps));

        assert_string_equal(lines, rows[i].lines);
        free(lines);
    }
}

/* [H23] [H25] [H26] C28: what each flag does with a header that is there already, or is
 * not. */
static void C28__flags__decide_about_the_same_name(void **state)
{
    static const struct row rows[] = {
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", ADD, 0}}, "X-A: 1\r\nX-A: 2\r\n" OWN},
        {{{"X-A: 1", 0, 0}}, "X-A: 1\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-B: 2", ADD, 0}, {"X-A: 3", REPLACE, 0}},
         "X-B: 2\r\nX-A: 3\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", ADD, 0}, {"X-A: 3", REPLACE, 0}},
         "X-A: 2\r\nX-A: 3\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", ADD | REPLACE, 0}}, "X-A: 2\r\n" OWN},
        {{{"X-A: 1", ADD | REPLACE, 0}}, "X-A: 1\r\n" OWN},
        {{{"X-A: 1", REPLACE, ERROR_HTTP_HEADER_NOT_FOUND}}, OWN},
        {{{"X-A: 1", IF_NEW, 0}, {"X-A: 2", IF_NEW, ERROR_HTTP_HEADER_ALREADY_EXISTS}},
         "X-A: 1\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", COMMA, 0}, {"X-A: 3", COMMA, 0}},
         "X-A: 1, 2, 3\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", HTTP_ADDREQ_FLAG_COALESCE, 0}},
         "X-A: 1, 2\r\n" OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: 2", ADD, 0}, {"X-A: 3", SEMICOLON, 0}},
         "X-A: 1; 3\r\nX-A: 2\r\n" OWN},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* [H20] C29: any line ends, and blank lines, stand between headers; so no value can have
 * one. */
static void C29__line_breaks__separate_headers(void **state)
{
    static const struct row rows[] = {
        {{{"X-A: 1\r\nX-B: 2\r\n", ADD, 0}}, "X-A: 1\r\nX-B: 2\r\n" OWN},
        {{{"X-A: 1\nX-B: 2", ADD, 0}}, "X-A: 1\r\nX-B: 2\r\n" OWN},
        {{{"X-A: 1\rX-B: 2\r", ADD, 0}}, "X-A: 1\r\nX-B: 2\r\n" OWN},
        {{{"\r\n\r\nX-A: 1\r\n\r\n\n\rX-B: 2\r\n\r\n", ADD, 0}},
         "X-A: 1\r\nX-B: 2\r\n" OWN},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* [H23] C30: replacing by nothing removes. */
static void C30__replaced_by_nothing__is_gone(void **state)
{
    static const struct row rows[] = {
        {{{"Authorization: Basic x", ADD, 0}, {"Authorization:", REPLACE, 0}}, OWN},
        {{{"X-A: 1", ADD, 0}, {"X-A: ", REPLACE | ADD, 0}}, OWN},
    };
    struct exchange exchange;
    char text[64] = "Authorization";
    DWORD size = sizeof(text);

    (void)state;
    check_rows(rows, COUNT(rows));
    exchange_open_post(&exchange, NULL);
    add_header(exchange.request, "Authorization: Basic x", ADD);
    add_header(exchange.request, "Authorization:", REPLACE);
    assert_refused(HttpQueryInfoA(exchange.request,
                                  HTTP_QUERY_CUSTOM | HTTP_QUERY_FLAG_REQUEST_HEADERS,
                                  text, &size, NULL),
                   ERROR_HTTP_HEADER_NOT_FOUND);
    exchange_close(&exchange);
}

/* [H24] C31, and what else is no header. */
static void C31__malformed__is_refused_and_not_stored(void **state)
{
    static const struct {
        const char *header;
        DWORD length;
    } rows[] = {{"X-A: ", (DWORD)-1},   {"X-A:", (DWORD)-1}, {"X-A", (DWORD)-1},
                {"", (DWORD)-1},        {"X-A: 1", 0},       {": 1", (DWORD)-1},
                {NULL, (DWORD)-1},      {NULL, 0},           {"X A: 1", (DWORD)-1},
                {"X-A\r: 1", (DWORD)-1}};
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(
            HttpAddRequestHeadersA(exchange.request, rows[i].header, rows[i].length, ADD),
            ERROR_INVALID_PARAMETER);
    assert_null(
        strstr(request_text(exchange.request, HTTP_QUERY_RAW_HEADERS_CRLF |
                                                  HTTP_QUERY_FLAG_REQUEST_HEADERS),
               "X"));
    exchange_close(&exchange);
}

/* [H21] */
static void header__one_of_several_is_malformed__none_is_stored(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(HttpAddRequestHeadersA(exchange.request, "X-A: 1\r\nX-B\r\nX-C: 3",
                                          (DWORD)-1, ADD),
                   ERROR_INVALID_PARAMETER);
    assert_null(
        strstr(request_text(exchange.request, HTTP_QUERY_RAW_HEADERS_CRLF |
                                                  HTTP_QUERY_FLAG_REQUEST_HEADERS),
               "X-"));
    exchange_close(&exchange);
}

static void header__name_in_another_case__is_the_same(void **state)
{
    static const struct row rows[] = {
        {{{"X-Name: 1", ADD, 0}, {"x-nAME: 2", REPLACE, 0}}, "x-nAME: 2\r\n" OWN},
        {{{"X-Name: 1", ADD, 0}, {"x-name: 2", COMMA, 0}}, "X-Name: 1, 2\r\n" OWN},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* [H22] */
static void header__of_our_own__can_be_replaced(void **state)
{
    static const struct row rows[] = {
        {{{"Host: elsewhere", ADD | REPLACE, 0}},
         "Host: elsewhere\r\nContent-Length: 0\r\nUser-Agent: " AGENT "\r\n"},
        {{{"user-agent: mine", ADD | REPLACE, 0}},
         "user-agent: mine\r\nHost: 127.0.0.1:$P\r\nContent-Length: 0\r\n"},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

/* [H4] */
static void header__bytes_above_ascii__are_sent_as_they_are(void **state)
{
    static const struct row rows[] = {
        {{{"X-A: \xc3\xa4\xe9", ADD, 0}}, "X-A: \xc3\xa4\xe9\r\n" OWN},
    };

    (void)state;
    check_rows(rows, COUNT(rows));
}

static void header__first_length_bytes__are_taken(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_done(HttpAddRequestHeadersA(exchange.request, "X-A: 12345", 7, ADD));
    assert_non_null(
        strstr(request_text(exchange.request, HTTP_QUERY_RAW_HEADERS_CRLF |
                                                  HTTP_QUERY_FLAG_REQUEST_HEADERS),
               "\r\nX-A: 12\r\n"));
    exchange_close(&exchange);
}

/* [H27] */
static void header__after_the_head_is_sent__is_refused(void **state)
{
    static const struct peer_step answers[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_EMPTY},
    };
    struct peer *peer = PEER_START(answers);
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, peer);
    assert_done(request_begin(exchange.request, 1));
    assert_refused(HttpAddRequestHeadersA(exchange.request, "X-A: 1", (DWORD)-1, ADD),
                   ERROR_INTERNET_INCORRECT_HANDLE_STATE);
    assert_done(request_write(exchange.request, "x", 1));
    assert_done(request_end(exchange.request));
    assert_false(peer_saw(peer, "X-A"));
    exchange_close(&exchange);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C28__flags__decide_about_the_same_name),
        cmocka_unit_test(C29__line_breaks__separate_headers),
        cmocka_unit_test(C30__replaced_by_nothing__is_gone),
        cmocka_unit_test(C31__malformed__is_refused_and_not_stored),
        cmocka_unit_test(header__one_of_several_is_malformed__none_is_stored),
        cmocka_unit_test(header__name_in_another_case__is_the_same),
        cmocka_unit_test(header__of_our_own__can_be_replaced),
        cmocka_unit_test(header__bytes_above_ascii__are_sent_as_they_are),
        cmocka_unit_test(header__first_length_bytes__are_taken),
        cmocka_unit_test(header__after_the_head_is_sent__is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
