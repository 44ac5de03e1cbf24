/* Opening sessions and connections with wininet.h, and their options.  Rows:
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

#define TIMEOUTS 3
static const DWORD timeouts[TIMEOUTS] = {INTERNET_OPTION_CONNECT_TIMEOUT,
                                         INTERNET_OPTION_SEND_TIMEOUT,
                                         INTERNET_OPTION_RECEIVE_TIMEOUT};

/* ---- Sessions and connections ------------------------------------------------------ */

/* [H8] */
static void open__unknown_access_or_no_proxy__is_refused(void **state)
{
    (void)state;
    assert_refused(InternetOpenA(AGENT, 99, NULL, NULL, 0), ERROR_INVALID_PARAMETER);
    assert_refused(InternetOpenA(AGENT, INTERNET_OPEN_TYPE_PROXY, NULL, NULL, 0),
                   ERROR_INVALID_PARAMETER);
}

/* [H9] C5: there is no asynchronous half, and nobody is left to believe in one. */
static void C5__asynchronous_session__is_refused(void **state)
{
    (void)state;
    assert_refused(
        InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, INTERNET_FLAG_ASYNC),
        ERROR_NOT_SUPPORTED);
}

/* [H12] C35 */
static void C35__connect_without_a_server__is_refused(void **state)
{
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);

    (void)state;
    assert_refused(
        InternetConnectA(session, NULL, 80, NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0),
        ERROR_INVALID_PARAMETER);
    assert_refused(
        InternetConnectA(session, "", 80, NULL, NULL, INTERNET_SERVICE_HTTP, 0, 0),
        ERROR_INVALID_PARAMETER);
    assert_refused(InternetConnectA(session, "h", 80, NULL, NULL, 99, 0, 0),
                   ERROR_INVALID_PARAMETER);
    assert_done(InternetCloseHandle(session));
}

/* [H11] The port, and the brackets of IPv6, as the Host header shows them. */
static void connect__server_and_port__stand_in_the_host_header(void **state)
{
    static const struct {
        const char *server;
        INTERNET_PORT port;
        DWORD flags;
        const char *line;
    } rows[] = {{"example.org", 0, 0, "\r\nHost: example.org\r\n"},
                {"example.org", 80, 0, "\r\nHost: example.org\r\n"},
                {"example.org", 8080, 0, "\r\nHost: example.org:8080\r\n"},
                {"example.org", 0, INTERNET_FLAG_SECURE, "\r\nHost: example.org\r\n"},
                {"example.org", 443, INTERNET_FLAG_SECURE, "\r\nHost: example.org\r\n"},
                {"::1", 8080, 0, "\r\nHost: [::1]:8080\r\n"},
                {"[::1]", 8080, 0, "\r\nHost: [::1]:8080\r\n"}};
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        HINTERNET connect = InternetConnectA(session, rows[i].server, rows[i].port, NULL,
                                             NULL, INTERNET_SERVICE_HTTP, 0, 0);
        HINTERNET request =
            HttpOpenRequestA(connect, "POST", "/", NULL, NULL, NULL, rows[i].flags, 0);
        const char *text = request_text(request, HTTP_QUERY_RAW_HEADERS_CRLF |
                                                     HTTP_QUERY_FLAG_REQUEST_HEADERS);

        assert_non_null(text);
        assert_non_null(strstr(text, rows[i].line));
        assert_done(InternetCloseHandle(connect));
    }
    assert_done(InternetCloseHandle(session));
}

static void connect__user_or_password_alone__is_taken_for_http(void **state)
{
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);

    (void)state;
    assert_done(
        InternetConnectA(session, "h", 80, "user", NULL, INTERNET_SERVICE_HTTP, 0, 0));
    assert_done(
        InternetConnectA(session, "h", 80, NULL, "secret", INTERNET_SERVICE_HTTP, 0, 0));
    assert_done(InternetCloseHandle(session));
}

/* [H12] What would make two lines, or another URL, of it. */
static void connect__server_that_is_no_name__is_refused(void **state)
{
    static const char *const servers[] = {"h\r\nX: y", "h/path", "me@h", "h?q", "h#f"};
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);

    (void)state;
    for (size_t i = 0; i < COUNT(servers); i++)
        assert_refused(InternetConnectA(session, servers[i], 80, NULL, NULL,
                                        INTERNET_SERVICE_HTTP, 0, 0),
                       ERROR_INVALID_PARAMETER);
    assert_done(InternetCloseHandle(session));
}

/* ---- Options ----------------------------------------------------------------------- */

/* [H84] [H89] [H90] C36 */
static void C36__options_without_a_buffer__are_refused(void **state)
{
    struct exchange exchange;
    DWORD value = 1, size;

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (size_t i = 0; i < TIMEOUTS; i++) {
        assert_refused(InternetSetOptionA(exchange.request, timeouts[i], NULL, 0),
                       ERROR_INVALID_PARAMETER);
        assert_refused(InternetSetOptionA(exchange.request, timeouts[i], NULL, 4),
                       ERROR_INVALID_PARAMETER);
        assert_refused(InternetSetOptionA(exchange.request, timeouts[i], &value, 0),
                       ERROR_INVALID_PARAMETER);
        assert_refused(InternetSetOptionA(exchange.request, timeouts[i], &value, 2),
                       ERROR_INVALID_PARAMETER);
        assert_refused(InternetQueryOptionA(exchange.request, timeouts[i], &value, NULL),
                       ERROR_INVALID_PARAMETER);
        size = 0;
        assert_refused(InternetQueryOptionA(exchange.request, timeouts[i], NULL, &size),
                       ERROR_INSUFFICIENT_BUFFER);
        assert_int_equal(size, 4);
        size = 2;
        assert_refused(InternetQueryOptionA(exchange.request, timeouts[i], &value, &size),
                       ERROR_INSUFFICIENT_BUFFER);
        assert_int_equal(size, 4);
    }
    exchange_close(&exchange);
}

/* [H85] [H87] C36 */
static void C36__option_of_a_handle__needs_that_handle(void **state)
{
    struct exchange exchange;
    DWORD value, size = sizeof(value);

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_refused(
        InternetQueryOptionA(NULL, INTERNET_OPTION_REQUEST_FLAGS, &value, &size),
        ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_refused(InternetQueryOptionA(exchange.session, INTERNET_OPTION_REQUEST_FLAGS,
                                        &value, &size),
                   ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_refused(InternetQueryOptionA(exchange.request, 9999, &value, &size),
                   ERROR_INTERNET_INVALID_OPTION);
    assert_refused(InternetSetOptionA(exchange.request, 9999, &value, sizeof(value)),
                   ERROR_INTERNET_INVALID_OPTION);
    exchange_close(&exchange);
}

static void option__handle_type__is_that_of_the_handle(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_int_equal(option_of(exchange.session, INTERNET_OPTION_HANDLE_TYPE), 1);
    assert_int_equal(option_of(exchange.connect, INTERNET_OPTION_HANDLE_TYPE), 4);
    assert_int_equal(option_of(exchange.request, INTERNET_OPTION_HANDLE_TYPE), 13);
    exchange_close(&exchange);
}

/* [H83] C36: every timeout can be set and asked for anywhere, and a child begins with
 * that of its parent. */
static void C36__timeouts__are_inherited(void **state)
{
    (void)state;
    for (size_t i = 0; i < TIMEOUTS; i++) {
        DWORD option = timeouts[i], usual = option_of(NULL, option);
        struct exchange exchange;
        HINTERNET other;

        assert_done(set_option(NULL, option, 1001));
        exchange_open_post(&exchange, NULL);
        assert_done(set_option(NULL, option, usual)); /* for new sessions only */
        assert_int_equal(option_of(exchange.session, option), 1001);
        assert_int_equal(option_of(exchange.connect, option), 1001);
        assert_int_equal(option_of(exchange.request, option), 1001);
        assert_done(set_option(exchange.session, option, 1002));
        assert_int_equal(option_of(exchange.session, option), 1002);
        other = InternetConnectA(exchange.session, "h", 80, NULL, NULL,
                                 INTERNET_SERVICE_HTTP, 0, 0);
        assert_int_equal(option_of(other, option), 1002);
        assert_done(set_option(other, option, 1003));
        other = HttpOpenRequestA(other, "POST", "/", NULL, NULL, NULL, 0, 0);
        assert_int_equal(option_of(other, option), 1003);
        assert_int_equal(option_of(exchange.session, option), 1002);
        assert_done(set_option(other, option, 0xffffffff));
        assert_int_equal(option_of(other, option), 0xffffffff);
        exchange_close(&exchange);
    }
}

static void connect_timeout__is_a_minute(void **state)
{
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_int_equal(option_of(exchange.session, INTERNET_OPTION_CONNECT_TIMEOUT), 60000);
    exchange_close(&exchange);
}

/* [H86] */
static void options__of_what_a_handle_is__can_only_be_asked_for(void **state)
{
    static const DWORD options[] = {INTERNET_OPTION_HANDLE_TYPE,
                                    INTERNET_OPTION_PARENT_HANDLE,
                                    INTERNET_OPTION_REQUEST_FLAGS, INTERNET_OPTION_URL};
    struct exchange exchange;
    HINTERNET parent = NULL;
    DWORD size = sizeof(parent);
    char url[64];

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (size_t i = 0; i < COUNT(options); i++)
        assert_refused(set_option(exchange.request, options[i], 1),
                       ERROR_INTERNET_OPTION_NOT_SETTABLE);
    assert_done(InternetQueryOptionA(exchange.request, INTERNET_OPTION_PARENT_HANDLE,
                                     &parent, &size));
    assert_ptr_equal(parent, exchange.connect);
    assert_done(InternetCloseHandle(exchange.connect));
    exchange.connect = InternetConnectA(exchange.session, "h", 8080, NULL, NULL,
                                        INTERNET_SERVICE_HTTP, 0, 0);
    exchange.request =
        HttpOpenRequestA(exchange.connect, "POST", "/up", NULL, NULL, NULL, 0, 0);
    size = sizeof(url);
    assert_done(InternetQueryOptionA(exchange.request, INTERNET_OPTION_URL, url, &size));
    assert_string_equal(url, "http://h:8080/up");
    assert_int_equal(size, strlen(url));
    size = sizeof(url);
    assert_done(
        InternetQueryOptionA(exchange.session, INTERNET_OPTION_USER_AGENT, url, &size));
    assert_string_equal(url, AGENT);
    exchange_close(&exchange);
}

/* A name and a password may also come later. */
static void options__user_and_password__can_be_set(void **state)
{
    struct exchange exchange;
    char text[16];
    DWORD size = sizeof(text);

    (void)state;
    exchange_open_post(&exchange, NULL);
    assert_done(InternetSetOptionA(exchange.request, INTERNET_OPTION_USERNAME,
                                   (LPVOID)(uintptr_t) "me", 2));
    assert_done(InternetSetOptionA(exchange.connect, INTERNET_OPTION_PASSWORD,
                                   (LPVOID)(uintptr_t) "secret", 6));
    assert_done(
        InternetQueryOptionA(exchange.request, INTERNET_OPTION_USERNAME, text, &size));
    assert_string_equal(text, "me");
    assert_refused(InternetSetOptionA(exchange.session, INTERNET_OPTION_USERNAME,
                                      (LPVOID)(uintptr_t) "me", 2),
                   ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    exchange_close(&exchange);
}

/* [H82] */
static void options__that_change_nothing__can_be_set(void **state)
{
    static const DWORD options[] = {INTERNET_OPTION_CONNECT_RETRIES,
                                    INTERNET_OPTION_DATA_SEND_TIMEOUT,
                                    INTERNET_OPTION_DATA_RECEIVE_TIMEOUT};
    struct exchange exchange;

    (void)state;
    exchange_open_post(&exchange, NULL);
    for (size_t i = 0; i < COUNT(options); i++)
        assert_done(set_option(exchange.session, options[i], 3));
    exchange_close(&exchange);
}

/* ---- InternetGetLastResponseInfoA -------------------------------------------------- */

/* [F22] */
static void response_info__nothing_said__is_empty(void **state)
{
    DWORD error = UNTOUCHED, size;
    char text[16] = "#";

    (void)state;
    size = sizeof(text);
    assert_done(InternetGetLastResponseInfoA(&error, text, &size));
    assert_int_equal(error, 0);
    assert_int_equal(size, 0);
    size = sizeof(text);
    assert_refused(InternetGetLastResponseInfoA(NULL, text, &size),
                   ERROR_INVALID_PARAMETER);
    assert_refused(InternetGetLastResponseInfoA(&error, text, NULL),
                   ERROR_INVALID_PARAMETER);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__unknown_access_or_no_proxy__is_refused),
        cmocka_unit_test(C5__asynchronous_session__is_refused),
        cmocka_unit_test(C35__connect_without_a_server__is_refused),
        cmocka_unit_test(connect__server_and_port__stand_in_the_host_header),
        cmocka_unit_test(connect__user_or_password_alone__is_taken_for_http),
        cmocka_unit_test(connect__server_that_is_no_name__is_refused),
        cmocka_unit_test(C36__options_without_a_buffer__are_refused),
        cmocka_unit_test(C36__option_of_a_handle__needs_that_handle),
        cmocka_unit_test(option__handle_type__is_that_of_the_handle),
        cmocka_unit_test(C36__timeouts__are_inherited),
        cmocka_unit_test(connect_timeout__is_a_minute),
        cmocka_unit_test(options__of_what_a_handle_is__can_only_be_asked_for),
        cmocka_unit_test(options__user_and_password__can_be_set),
        cmocka_unit_test(options__that_change_nothing__can_be_set),
        cmocka_unit_test(response_info__nothing_said__is_empty),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
