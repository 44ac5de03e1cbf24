#include "support/internet.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void check_done(int result, const char *call, const char *file, int line)
{
    if (!result)
        print_error("%s gave error %u\n", call, (unsigned)GetLastError());
    _assert_true((unsigned)result, call, file, line);
}

void check_refused(int result, DWORD error, const char *call, const char *file, int line)
{
    DWORD actual = GetLastError();

    if (result || actual != error)
        print_error("%s gave %s and error %u, not %u\n", call,
                    result ? "success" : "failure", (unsigned)actual, (unsigned)error);
    _assert_true(!result && actual == error, call, file, line);
}

/* ---- Requests ---------------------------------------------------------------------- */

static uint16_t refusing_port(void)
{
    return (uint16_t)atoi(strrchr(peer_refusing_url(), ':') + 1);
}

void exchange_open(struct exchange *exchange, const struct peer *peer, const char *verb,
                   const char *object, DWORD flags)
{
    uint16_t port = peer == NULL ? refusing_port() : peer_port(peer);

    exchange->session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    assert_done(exchange->session);
    exchange->connect = InternetConnectA(exchange->session, "127.0.0.1", port, NULL, NULL,
                                         INTERNET_SERVICE_HTTP, 0, 0);
    assert_done(exchange->connect);
    exchange->request =
        HttpOpenRequestA(exchange->connect, verb, object, NULL, NULL, NULL, flags, 0);
    assert_done(exchange->request);
}

void exchange_open_post(struct exchange *exchange, const struct peer *peer)
{
    exchange_open(exchange, peer, "POST", "/up", 0);
}

void exchange_close(struct exchange *exchange)
{
    assert_done(InternetCloseHandle(exchange->request));
    assert_done(InternetCloseHandle(exchange->connect));
    assert_done(InternetCloseHandle(exchange->session));
}

BOOL request_begin(HINTERNET request, DWORD total)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers), .dwBufferTotal = total};

    return HttpSendRequestExA(request, &buffers, NULL, 0, 0);
}

BOOL request_write(HINTERNET request, const void *bytes, DWORD size)
{
    DWORD written = UNTOUCHED;
    BOOL result = InternetWriteFile(request, bytes, size, &written);

    if (!result && written != 0)
        print_error("InternetWriteFile gave %u bytes and error %u\n", (unsigned)written,
                    (unsigned)GetLastError());
    assert_int_equal(written, result ? size : 0);
    return result;
}

BOOL request_end(HINTERNET request)
{
    return HttpEndRequestA(request, NULL, 0, 0);
}

DWORD request_status(HINTERNET request)
{
    DWORD status = UNTOUCHED, size = sizeof(status);

    assert_done(HttpQueryInfoA(request, HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER,
                               &status, &size, NULL));
    return status;
}

const char *request_text(HINTERNET request, DWORD level)
{
    static char text[4096];
    DWORD size = sizeof(text);

    if (!HttpQueryInfoA(request, level, text, &size, NULL))
        return NULL;
    assert_int_equal(size, strlen(text));
    return text;
}

const char *request_body(HINTERNET request)
{
    static char body[65536];
    DWORD read, size = 0;

    do {
        assert_done(InternetReadFile(request, body + size,
                                     (DWORD)(sizeof(body) - 1 - size), &read));
        size += read;
    } while (read > 0);
    body[size] = '\0';
    return body;
}

DWORD request_upload(HINTERNET request, const void *bytes, DWORD size)
{
    assert_done(request_begin(request, size));
    assert_done(request_write(request, bytes, size));
    assert_done(request_end(request));
    return request_status(request);
}

void add_header(HINTERNET request, const char *header, DWORD flags)
{
    assert_done(HttpAddRequestHeadersA(request, header, (DWORD)-1, flags));
}

DWORD option_of(HINTERNET handle, DWORD option)
{
    DWORD value = UNTOUCHED, size = sizeof(value);

    assert_done(InternetQueryOptionA(handle, option, &value, &size));
    assert_int_equal(size, sizeof(value));
    return value;
}

BOOL set_option(HINTERNET handle, DWORD option, DWORD value)
{
    return InternetSetOptionA(handle, option, &value, sizeof(value));
}

/* ---- What the peer saw ------------------------------------------------------------- */

char *peer_head(struct peer *peer)
{
    const char *received = peer_finish(peer, NULL), *end = strstr(received, "\r\n\r\n");
    char port[8], *head, *at;

    assert_non_null(end);
    head = calloc(1, (size_t)(end - received) + 5);
    assert_non_null(head);
    memcpy(head, received, (size_t)(end - received) + 4);
    snprintf(port, sizeof(port), ":%u", (unsigned)peer_port(peer));
    at = strstr(head, port);
    if (at != NULL) {
        memcpy(at, ":$P", 3);
        memmove(at + 3, at + strlen(port), strlen(at + strlen(port)) + 1);
    }
    return head;
}

bool peer_saw(struct peer *peer, const char *text)
{
    return strstr(peer_finish(peer, NULL), text) != NULL;
}

/* ---- Calls on other threads -------------------------------------------------------- */

static void act_aside(void *argument)
{
    struct aside *aside = argument;
    static char block[4096];

    atomic_store(&aside->begun, true);
    switch (aside->method) {
    case METHOD_WRITE:
        do
            aside->result = InternetWriteFile(aside->handle, aside->bytes, aside->size,
                                              &aside->count);
        while (aside->result);
        break;
    case METHOD_END:
        aside->result = HttpEndRequestA(aside->handle, NULL, 0, 0);
        break;
    case METHOD_READ:
        aside->result =
            InternetReadFile(aside->handle, block, sizeof(block), &aside->count);
        break;
    case METHOD_SEND:
        aside->result = HttpSendRequestExA(aside->handle, NULL, NULL, 0, 0);
        break;
    case METHOD_OPEN_FILE:
        aside->result =
            FtpOpenFileA(aside->handle, aside->bytes, GENERIC_WRITE, 0, 0) != NULL;
        break;
    }
    aside->error = aside->result ? 0 : GetLastError();
}

void aside_begin(struct aside *aside, HINTERNET handle, enum method method,
                 const void *bytes, DWORD size)
{
    atomic_init(&aside->begun, false);
    aside->handle = handle;
    aside->method = method;
    aside->bytes = bytes;
    aside->size = size;
    aside->count = UNTOUCHED;
    worker_start(&aside->worker, act_aside, aside);
    WORKER_AWAIT(atomic_load(&aside->begun));
}

BOOL aside_end(struct aside *aside)
{
    worker_join(&aside->worker);
    return aside->result;
}
