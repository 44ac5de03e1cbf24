#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "transport_curl/curl_head.h"
#include "wsd_error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define INVALID HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
#define OVERFLOW HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW)

/* All lines of a text, as libcurl gives them; the first code that is not S_OK, and the
 * last status. */
static HRESULT take(struct wsd_curl_head *head, const char *text, int *last)
{
    HRESULT hr = S_OK;

    *last = 0;
    while (hr == S_OK && *text != '\0') {
        size_t size = strcspn(text, "\n") + 1;
        int status;

        hr = wsd_curl_head_line(head, text, size, &status);
        if (status != 0)
            *last = status;
        text += size;
    }
    return hr;
}

static void line__of_a_head__is_taken_or_refused(void **state)
{
#define OK "HTTP/1.1 200 OK\r\n"
    static const struct {
        const char *text;
        HRESULT hr;
        int status;
    } rows[] = {
        {OK "\r\n", S_OK, 200},
        {"HTTP/1.0 404\r\n\r\n", S_OK, 404},
        {"HTTP/1.1 999 \n\n", S_OK, 999},
        {"HTTP/1.1 100 Go\r\nContent-Length: 0\r\n\r\n" OK "Content-Length: 5\r\n\r\n",
         S_OK, 200},
        {"HTTP/1.0 100 Go\r\n\r\n" OK "Transfer-Encoding: chunked\r\n\r\n", S_OK, 200},
        {OK "CONTENT-LENGTH:\t5 \r\n\r\n", S_OK, 200},
        {OK "Content-Length: 999999999999999999\r\n", S_OK, 200},
        {OK "Content-Length: 1000000000000000000\r\n", INVALID, 200},
        {"HTTP/1.1 304 No\r\nContent-Length: x\r\nContent-Length: 1\r\n\r\n", S_OK, 304},
        {"HTTP/1.1 204 No\r\nTransfer-Encoding: x\r\n\r\n", S_OK, 204},
        {OK "Content-Length: 1\r\nContent-Length: 1\r\n", INVALID, 200},
        {OK "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n", INVALID, 200},
        {OK "Transfer-Encoding: chunked\r\nContent-Length: 1\r\n", INVALID, 200},
        {OK "Content-Length: 1\r\n 2\r\n", INVALID, 200},
        {OK "A: b\r\n\tc\r\n", S_OK, 200},
        {OK "\tc\r\n", INVALID, 200},
        {OK "\r\nContent-Length: 1\r\nContent-Length: 2\r\n", S_OK, 200}, /* trailers */
        {OK "\r\nnone\r\n", INVALID, 200},
        {OK "HTTP/1.1 404 No\r\n", INVALID, 200},
        {OK "A\x7f: b\r\n", INVALID, 200},
        {"A: b\r\n", INVALID, 0},
        {"HTTP/1.1 101 Switch\r\n", INVALID, 101},
        {"HTTP/1.1 20\r\n", INVALID, 0},
        {"HTTP/1.1 2000\r\n", INVALID, 0},
        {"HTTP/1.x 200\r\n", INVALID, 0},
        {"HTTP/\r\n", INVALID, 0},
        {"HTTP/2 200 OK\r\n", INVALID, 0},
    };
#undef OK

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct wsd_curl_head head = {0};
        int status;
        HRESULT hr = take(&head, rows[i].text, &status);

        if (hr != rows[i].hr || status != rows[i].status)
            print_error("%s\n", rows[i].text);
        assert_int_equal(hr, rows[i].hr);
        assert_int_equal(status, rows[i].status);
    }
}

/* The limit is of all heads together. */
static void lines__above_64_kib__are_too_much(void **state)
{
    struct wsd_curl_head head = {0};
    char line[1024];
    int status;

    (void)state;
    memset(line, 'a', sizeof(line));
    memcpy(line, "A: ", 3);
    memcpy(line + sizeof(line) - 2, "\r\n", 2);
    assert_int_equal(take(&head, "HTTP/1.1 100 Go\r\n\r\nHTTP/1.1 200 O\r\n", &status),
                     S_OK);
    for (size_t i = 0; i < 63; i++)
        assert_int_equal(wsd_curl_head_line(&head, line, sizeof(line), &status), S_OK);
    head.bytes = 65536 - sizeof(line);
    assert_int_equal(wsd_curl_head_line(&head, line, sizeof(line), &status), S_OK);
    assert_int_equal(wsd_curl_head_line(&head, "\r\n", 2, &status), OVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(line__of_a_head__is_taken_or_refused),
        cmocka_unit_test(lines__above_64_kib__are_too_much),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
