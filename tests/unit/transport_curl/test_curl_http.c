#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/peer.h"
#include "support/transfer_run.h"
#include "transport_curl/curl_http.h"
#include "wsd_error.h"

#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)

static const struct peer_step answers[] = {{.what = PEER_READ_MESSAGE},
                                           {.what = PEER_SEND, .text = TRANSFER_RUN_OK}};
static const struct peer_step answers_head[] = {
    {.what = PEER_READ_HEAD}, {.what = PEER_SEND, .text = TRANSFER_RUN_OK}};

/* The head, with "h" for the peer's address. */
static const char *seen(struct peer *peer)
{
    static char text[1024];
    const char *address = strstr(peer_url(peer), "//") + 2;
    size_t length = strcspn(address, "/");
    const char *received = peer_finish(peer, NULL);
    char *at;

    snprintf(text, sizeof(text), "%s", received);
    while ((at = strstr(text, "127.0.0.1:")) != NULL) {
        memmove(at + 1, at + length, strlen(at + length) + 1);
        *at = 'h';
    }
    return text;
}

static const char *const all_lines[] = {"A: 1",
                                        "Host: x",
                                        "Content-Length: 3",
                                        "B: 2",
                                        "Accept: text/*",
                                        "Expect: 100-continue",
                                        "Host: y",
                                        NULL};
static const char *const no_lines[] = {NULL};
static const char *const chunked[] = {"C: 1", "Transfer-Encoding: chunked", "D: 2", NULL};
static const char *const length_0[] = {"Content-Length: 0", NULL};

static void request__of_each_kind__is_this_on_the_wire(void **state)
{
    static const struct {
        struct wsd_http_request request;
        const char *upload, *wire;
    } rows[] = {
        {{.method = "POST", .headers = all_lines, .body_length = 3},
         "abc",
         "POST /service HTTP/1.1\r\nA: 1\r\nHost: x\r\nContent-Length: 3\r\nB: "
         "2\r\nAccept: "
         "text/*\r\nExpect: 100-continue\r\nHost: y\r\n\r\nabc"},
        {{.method = "PUT",
          .target = "/a/../b?c d#e",
          .headers = no_lines,
          .body_length = 3},
         "abc",
         "PUT /a/../b?c d#e HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabc"},
        {{.method = "POST", .headers = no_lines, .body_length = WSD_LENGTH_UNKNOWN},
         "abc",
         "POST /service HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
        {{.method = "POST",
          .headers = no_lines,
          .body_length = 3,
          .streams = true,
          .prefers_chunks = true},
         "abc",
         "POST /service HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
         "chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
        {{.method = "POST", .headers = chunked, .body_length = WSD_LENGTH_UNKNOWN},
         "abc",
         "POST /service HTTP/1.1\r\nHost: h\r\nC: 1\r\nTransfer-Encoding: chunked\r\nD: "
         "2\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
        {{.method = "POST",
          .headers = chunked,
          .body_length = WSD_LENGTH_UNKNOWN,
          .body_has_chunks = true},
         "1\r\na\r\n0\r\n\r\n",
         "POST /service HTTP/1.1\r\nHost: h\r\nC: 1\r\nTransfer-Encoding: chunked\r\nD: "
         "2\r\n\r\n1\r\na\r\n0\r\n\r\n"},
        {{.method = "POST",
          .headers = chunked,
          .body_length = 11,
          .body_has_chunks = true},
         "1\r\na\r\n0\r\n\r\n",
         "POST /service HTTP/1.1\r\nHost: h\r\nC: 1\r\nTransfer-Encoding: chunked\r\nD: "
         "2\r\n\r\n1\r\na\r\n0\r\n\r\n"},
        {{.method = "POST", .headers = length_0},
         "",
         "POST /service HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
        {{.method = "GET", .headers = no_lines},
         "",
         "GET /service HTTP/1.1\r\nHost: h\r\n\r\n"},
        {{.method = "HEAD", .headers = no_lines},
         "",
         "HEAD /service HTTP/1.1\r\nHost: h\r\n\r\n"},
        {{.method = "GET", .headers = no_lines, .is_http_1_0 = true},
         "",
         "GET /service HTTP/1.0\r\nHost: h\r\n\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool is_bare = rows[i].request.body_length == 0;
        struct peer *peer = is_bare ? PEER_START(answers_head) : PEER_START(answers);
        struct wsd_transport *transport = transfer_run_transport();
        struct wsd_http_request request = rows[i].request;
        struct transfer_run run;

        transfer_run_init(&run, rows[i].upload);
        request.url = peer_url(peer);
        transfer_run_request(&run, transport, &request);
        assert_int_equal(run.result, S_OK);
        assert_string_equal(seen(peer), rows[i].wire);
        assert_string_equal(run.lines, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n");
        assert_string_equal(run.body, strcmp(request.method, "HEAD") == 0 ? "" : "hi");
        assert_int_equal(run.status, 200);
        assert_true(run.complete);
        assert_int_equal(run.sent, 1);
        transport->vtable->release(transport);
        peer_stop(peer);
    }
}

static void connection__that_may_be_reused__is(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "N: 1\r\n\r\n"},
        {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
        {.what = PEER_READ_UNTIL, .text = "N: 2\r\n\r\n"},
        {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();

    (void)state;
    transfer_run_get(transport, peer_url(peer), "N: 1");
    transfer_run_get(transport, peer_url(peer), "N: 2");
    transport->vtable->release(transport);
    peer_stop(peer);
}

/* A request without a body is as good as sent when it is connected. */
static void response__of_no_body_request__never_comes__ends_by_its_timer(void **state)
{
    static const struct wsd_timeouts timeouts = {
        .connect_ms = 10000, .send_ms = INFINITE, .response_ms = 50};
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct wsd_http_request request = {.url = peer_url(peer),
                                       .method = "GET",
                                       .headers = no_lines,
                                       .timeouts = &timeouts};
    struct transfer_run run;

    (void)state;
    transfer_run_init(&run, "");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result, TIMEOUT);
    assert_int_equal(run.sent, 1);
    transport->vtable->release(transport);
    peer_stop(peer);
}

/* No HTTP, and sent all the same. */
static void response__that_is_none__fails_a_request_that_was_sent(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD}, {.what = PEER_SEND, .text = "220 Ready\r\n\r\n"}};
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct wsd_http_request request = {
        .url = peer_url(peer), .method = "GET", .headers = no_lines};
    struct transfer_run run;

    (void)state;
    transfer_run_init(&run, "");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result,
                     HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE));
    assert_int_equal(run.sent, 1);
    transport->vtable->release(transport);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__of_each_kind__is_this_on_the_wire),
        cmocka_unit_test(connection__that_may_be_reused__is),
        cmocka_unit_test(response__of_no_body_request__never_comes__ends_by_its_timer),
        cmocka_unit_test(response__that_is_none__fails_a_request_that_was_sent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
