#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "request_bed.h"
#include "wininet/http_exchange.h"
#include "wininet/internet_error.h"
#include "wsd_client.h"
#include "wsd_error.h"

#define WRONG_STATE INTERNET_E(INTERNET_INCORRECT_HANDLE_STATE)
#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)
#define ABORTED INTERNET_E(INTERNET_CONNECTION_ABORTED)
#define NO_RESPONSE INTERNET_E(HTTP_INVALID_SERVER_RESPONSE)
#define FORCE_RETRY INTERNET_E(INTERNET_FORCE_RETRY)
#define OK_HEAD "HTTP/1.1 200 OK\r\nServer: s\r\n\r\n"
#define DENIED "HTTP/1.1 401 Who\r\n\r\n"

static HRESULT begin(struct request_bed *bed, uint64_t total)
{
    const struct wsd_request_start start = {.total = total};

    bed->script.uploaded[0] = '\0';
    return wsd_request_begin(bed->request, &start);
}

static HRESULT put(struct request_bed *bed, const char *text)
{
    size_t written = 0;
    HRESULT hr = wsd_request_write(bed->request, text, strlen(text), &written);

    assert_int_equal(written, hr == S_OK ? strlen(text) : 0);
    return hr;
}

static void exchange__in_order__succeeds_twice(void **state)
{
    struct request_bed bed;
    char text[16] = "";
    size_t count;

    (void)state;
    request_bed_open(&bed, OK_HEAD, "answer");
    for (int i = 0; i < 2; i++) {
        assert_int_equal(begin(&bed, 5), S_OK);
        assert_string_equal(bed.bed.transport.last->url, "http://h/");
        assert_string_equal(bed.bed.transport.last->headers,
                            "Host: h\r\nContent-Length: 5\r\nUser-Agent: agent\r\n");
        assert_int_equal(bed.bed.transport.last->timeouts.connect_ms, 60000);
        assert_false(wsd_request_is_answered(bed.request));
        assert_int_equal(put(&bed, "ab"), S_OK);
        assert_int_equal(put(&bed, "cdef"), E_INVALIDARG); /* one too many */
        assert_int_equal(put(&bed, "cde"), S_OK);
        assert_int_equal(wsd_request_end(bed.request), S_OK);
        assert_string_equal(bed.script.uploaded, "abcde");
        assert_true(wsd_request_is_answered(bed.request));
        assert_int_equal(wsd_request_available(bed.request, &count), S_OK);
        assert_int_equal(count, 6);
        assert_int_equal(wsd_request_read(bed.request, text, 16, &count), S_OK);
        assert_string_equal(text, "answer");
    }
    request_bed_close(&bed);
}

/* Every call in every state that it is not for. */
static void calls__in_the_wrong_state__are_refused(void **state)
{
    struct request_bed bed;
    char text[16] = "";
    DWORD length = sizeof(text);
    size_t count = 0;

    (void)state;
    request_bed_open(&bed, OK_HEAD, NULL);
    assert_int_equal(put(&bed, "x"), WRONG_STATE);
    assert_int_equal(wsd_request_end(bed.request), CANCELLED);
    assert_int_equal(wsd_request_read(bed.request, text, 1, &count), WRONG_STATE);

    assert_int_equal(begin(&bed, 1), S_OK);
    assert_int_equal(begin(&bed, 1), WRONG_STATE);
    assert_int_equal(wsd_request_add_headers(bed.request, "A: b", 4, 0), WRONG_STATE);
    assert_int_equal(wsd_request_read(bed.request, text, 1, &count), WRONG_STATE);
    assert_int_equal(wsd_request_available(bed.request, &count), WRONG_STATE);
    assert_int_equal(
        wsd_request_query_info(bed.request, HTTP_QUERY_STATUS_CODE, text, &length, NULL),
        WRONG_STATE);
    assert_int_equal(put(&bed, "x"), S_OK);
    assert_int_equal(wsd_request_end(bed.request), S_OK);

    assert_int_equal(put(&bed, "x"), WRONG_STATE);
    assert_int_equal(wsd_request_end(bed.request), WRONG_STATE);
    assert_int_equal(wsd_request_add_headers(bed.request, "A: b", 4, 0), S_OK);
    assert_int_equal(
        wsd_request_query_info(bed.request, HTTP_QUERY_STATUS_CODE, text, &length, NULL),
        S_OK);
    assert_string_equal(text, "200");
    request_bed_close(&bed);
}

static void end__with_too_few_bytes__cuts(void **state)
{
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, OK_HEAD, NULL);
    assert_int_equal(begin(&bed, 5), S_OK);
    assert_int_equal(put(&bed, "abcd"), S_OK);
    assert_int_equal(wsd_request_end(bed.request), ABORTED);
    assert_int_equal(atomic_load(&bed.bed.transport.last->aborts), 1);
    assert_int_equal(put(&bed, "e"), WRONG_STATE);
    assert_int_equal(wsd_request_end(bed.request), CANCELLED);
    request_bed_close(&bed);
}

/* The transfer ends while it is begun, or while its end is waited for. */
static void transfer__fails__is_told(void **state)
{
    static const struct {
        const char *head;
        HRESULT result, begun, ended;
    } rows[] = {
        {NULL, HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT),
         INTERNET_E(INTERNET_CANNOT_CONNECT), INTERNET_E(INTERNET_CANNOT_CONNECT)},
        {NULL, HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR), NO_RESPONSE,
         NO_RESPONSE},
        {NULL, WSD_TRANSFER_RESET, NO_RESPONSE, NO_RESPONSE},
        {"HTTP/1.1 200 OK\r\n", WSD_TRANSFER_RESET, INTERNET_E(INTERNET_CONNECTION_RESET),
         INTERNET_E(INTERNET_CONNECTION_RESET)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request_bed bed;

        request_bed_open(&bed, rows[i].head == NULL ? "" : rows[i].head, NULL);
        bed.script.result = rows[i].result;
        bed.bed.transport.on_start = internet_play_all;
        assert_int_equal(begin(&bed, 1), rows[i].begun);
        assert_int_equal(put(&bed, "x"), WRONG_STATE);

        internet_play(&bed.bed, &bed.script);
        bed.script.head = rows[i].head;
        assert_int_equal(begin(&bed, 1), S_OK);
        assert_int_equal(put(&bed, "x"), S_OK);
        assert_int_equal(wsd_request_end(bed.request), rows[i].ended);
        request_bed_close(&bed);
    }
}

static void fail_after_the_head(struct fake_transfer *transfer)
{
    fake_transfer_sent(transfer);
    fake_transfer_done(transfer,
                       HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE));
}

/* Where there is no body, the end may come before the beginning has been told. */
static void transfer__fails_behind_the_head__is_told_at_the_end(void **state)
{
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, NULL, NULL);
    bed.bed.transport.on_start = fail_after_the_head;
    assert_int_equal(begin(&bed, 0), S_OK);
    assert_int_equal(wsd_request_end(bed.request), NO_RESPONSE);
    request_bed_close(&bed);
}

static void fail_when_it_takes_the_body(struct fake_transfer *transfer)
{
    char taken[1];
    size_t size;

    fake_transfer_pull(transfer, taken, sizeof(taken), &size);
    fake_transfer_done(transfer, HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR));
}

static void transfer__fails_before_the_first_bytes__is_told(void **state)
{
    static const struct wsd_request_start start = {.bytes = "x", .size = 1, .total = 1};
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, NULL, NULL);
    bed.bed.transport.on_start = fail_when_it_takes_the_body;
    assert_int_equal(wsd_request_begin(bed.request, &start), NO_RESPONSE);
    assert_int_equal(put(&bed, "x"), WRONG_STATE);
    request_bed_close(&bed);
}

static void challenge__with_a_login__is_answered_once(void **state)
{
    static const struct wsd_request_start whole = {
        .bytes = "x", .size = 1, .total = 1, .is_whole = true};
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, DENIED, NULL);
    bed.script.challenge = WSD_AUTHENTICATION_BASIC;
    assert_int_equal(begin(&bed, 1), S_OK);
    assert_null(bed.bed.transport.last->login);
    assert_int_equal(put(&bed, "x"), S_OK);
    assert_int_equal(wsd_request_end(bed.request), FORCE_RETRY);
    assert_int_equal(begin(&bed, 1), S_OK);
    assert_string_equal(bed.bed.transport.last->login, "me:secret");
    assert_int_equal(bed.bed.transport.last->authentication, WSD_AUTHENTICATION_BASIC);
    assert_int_equal(put(&bed, "x"), S_OK);
    assert_int_equal(wsd_request_end(bed.request), S_OK); /* it is refused again */
    assert_int_equal(bed.bed.transport.prepared, 2);

    bed.script.uploaded[0] = '\0';
    bed.script.head = OK_HEAD;
    bed.script.challenge = 0;
    assert_int_equal(wsd_request_send(bed.request, &whole), S_OK);
    assert_int_equal(bed.bed.transport.prepared, 3);
    request_bed_close(&bed);
}

static void challenge__without_use__is_the_response(void **state)
{
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, DENIED, NULL);
    assert_int_equal(begin(&bed, 0), S_OK);
    assert_int_equal(wsd_request_end(bed.request), S_OK);
    bed.script.challenge = WSD_AUTHENTICATION_BASIC;
    internet_bed_release(bed.request);
    assert_int_equal(request_make(&bed, "POST", INTERNET_FLAG_NO_AUTH), S_OK);
    assert_int_equal(begin(&bed, 0), S_OK);
    assert_int_equal(wsd_request_end(bed.request), S_OK);
    request_bed_close(&bed);
}

/* [H91] Digest, but for what the application frames; then Basic, but for a name with a
 * colon.
 */
static void challenge__of_several_schemes__is_answered_by_the_best(void **state)
{
    enum { BASIC = WSD_AUTHENTICATION_BASIC, DIGEST = WSD_AUTHENTICATION_DIGEST };
    static const struct {
        DWORD challenge;
        const char *line, *user;
        DWORD chosen; /* 0: none */
    } rows[] = {
        {BASIC | DIGEST, "X: y", "me", DIGEST},
        {BASIC, "X: y", "me", BASIC},
        {DIGEST, "X: y", "m:e", DIGEST},
        {BASIC, "X: y", "m:e", 0},
        {BASIC | DIGEST, "Transfer-Encoding: chunked", "me", BASIC},
        {DIGEST, "Transfer-Encoding: chunked", "me", 0},
        {BASIC | DIGEST, "Authorization: mine", "me", 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct request_bed bed;

        request_bed_open(&bed, DENIED, NULL);
        bed.script.challenge = rows[i].challenge;
        assert_int_equal(wsd_option_set(&bed.connection->object, NULL,
                                        INTERNET_OPTION_USERNAME, rows[i].user,
                                        (DWORD)strlen(rows[i].user)),
                         S_OK);
        assert_int_equal(
            wsd_request_add_headers(bed.request, rows[i].line, strlen(rows[i].line), 0),
            S_OK);
        assert_int_equal(begin(&bed, 0), S_OK);
        assert_int_equal(wsd_request_end(bed.request),
                         rows[i].chosen == 0 ? S_OK : FORCE_RETRY);
        assert_int_equal(begin(&bed, 0), S_OK);
        assert_int_equal(bed.bed.transport.last->authentication, rows[i].chosen);
        request_bed_close(&bed);
    }
}

static void start__that_is_wrong__is_refused_and_harmless(void **state)
{
    static const struct wsd_request_start rows[] = {
        {.bytes = "abc", .size = 3, .total = 2},
        {.more = "no line", .more_length = 7},
        {.more = "Content-Length: x", .more_length = 17},
    };
    struct request_bed bed;

    (void)state;
    request_bed_open(&bed, OK_HEAD, NULL);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(wsd_request_begin(bed.request, &rows[i]), E_INVALIDARG);
    assert_int_equal(bed.bed.transport.prepared, 0);
    assert_int_equal(begin(&bed, 0), S_OK);
    request_bed_close(&bed);
}

static void calls__closed__are_cancelled(void **state)
{
    struct request_bed bed;
    char text[16] = "";
    DWORD length = sizeof(text);
    size_t count = 0;

    (void)state;
    request_bed_open(&bed, OK_HEAD, NULL);
    assert_int_equal(begin(&bed, 1), S_OK);
    assert_int_equal(bed.request->object.close(&bed.request->object), S_OK);
    assert_int_equal(put(&bed, "x"), CANCELLED);
    assert_int_equal(wsd_request_end(bed.request), CANCELLED);
    assert_int_equal(begin(&bed, 1), CANCELLED);
    assert_int_equal(wsd_request_send(bed.request, &(struct wsd_request_start){0}),
                     CANCELLED);
    assert_int_equal(wsd_request_read(bed.request, NULL, 0, &count), CANCELLED);
    assert_int_equal(wsd_request_available(bed.request, &count), CANCELLED);
    assert_int_equal(wsd_request_add_headers(bed.request, "A: b", 4, 0), CANCELLED);
    assert_int_equal(
        wsd_request_query_info(bed.request, HTTP_QUERY_STATUS_CODE, text, &length, NULL),
        CANCELLED);
    assert_false(wsd_request_is_answered(bed.request));
    assert_int_equal(atomic_load(&bed.bed.transport.last->aborts), 1);
    request_bed_close(&bed);
}

static void exchange__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct request_bed bed;

        request_bed_open(&bed, DENIED, NULL);
        bed.script.challenge = WSD_AUTHENTICATION_BASIC;
        internet_bed_release(bed.request);
        bed.bed.heap.grants = grants;
        hr = request_make(&bed, "POST", 0);
        if (hr != S_OK) {
            assert_int_equal(hr, E_OUTOFMEMORY);
            internet_bed_release(bed.connection);
            internet_bed_close(&bed.bed);
            continue;
        }
        hr = begin(&bed, 1);
        if (hr == S_OK)
            hr = put(&bed, "x");
        if (hr == S_OK)
            hr = wsd_request_end(bed.request);
        if (hr == FORCE_RETRY)
            hr = S_OK;
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        bed.bed.heap.grants = -1;
        request_bed_close(&bed);
    }
    assert_in_range(grants, 15, 80);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange__in_order__succeeds_twice),
        cmocka_unit_test(calls__in_the_wrong_state__are_refused),
        cmocka_unit_test(end__with_too_few_bytes__cuts),
        cmocka_unit_test(transfer__fails__is_told),
        cmocka_unit_test(transfer__fails_behind_the_head__is_told_at_the_end),
        cmocka_unit_test(transfer__fails_before_the_first_bytes__is_told),
        cmocka_unit_test(challenge__with_a_login__is_answered_once),
        cmocka_unit_test(challenge__without_use__is_the_response),
        cmocka_unit_test(challenge__of_several_schemes__is_answered_by_the_best),
        cmocka_unit_test(start__that_is_wrong__is_refused_and_harmless),
        cmocka_unit_test(calls__closed__are_cancelled),
        cmocka_unit_test(exchange__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
