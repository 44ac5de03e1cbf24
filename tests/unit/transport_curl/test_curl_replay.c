#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "stream/memory_source.h"
#include "support/peer.h"
#include "support/transfer_run.h"
#include "transport_curl/curl_replay.h"
#include "wsd_error.h"

static const char *const no_lines[] = {NULL};

/* Anything, or what would be the next response. */
static void F8__junk_behind_a_response__ends_the_connection(void **state)
{
    static const char *const rows[] = {TRANSFER_RUN_OK "junk",
                                       TRANSFER_RUN_OK TRANSFER_RUN_OK};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "N: 1\r\n\r\n"},
            {.what = PEER_SEND, .text = rows[i]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_UNTIL, .text = "N: 2\r\n\r\n"},
            {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
        };
        struct peer *peer = PEER_START(steps);
        struct wsd_transport *transport = transfer_run_transport();

        transfer_run_get(transport, peer_url(peer), "N: 1");
        transfer_run_get(transport, peer_url(peer), "N: 2");
        transport->vtable->release(transport);
        peer_stop(peer);
    }
}

/* The same, when the connection has been kept already. */
static void F8__junk_on_a_kept_connection__makes_a_new_one(void **state)
{
    static const char *const rows[] = {"junk",
                                       "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nno"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "N: 1\r\n\r\n"},
            {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
            {.what = PEER_HOLD},
            {.what = PEER_SEND, .text = rows[i]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_UNTIL, .text = "N: 2\r\n\r\n"},
            {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
        };
        struct peer *peer = PEER_START(steps);
        struct wsd_transport *transport = transfer_run_transport();

        transfer_run_get(transport, peer_url(peer), "N: 1");
        peer_go(peer);
        peer_wait_for_step(peer, 4);
        transfer_run_get(transport, peer_url(peer), "N: 2");
        transport->vtable->release(transport);
        peer_stop(peer);
    }
}

/* The time for connecting begins anew with it, and is told as such. */
static void retry__on_a_new_connection__waits_for_that(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_UNTIL, .text = "N: 1\r\n\r\n"},
        {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
        {.what = PEER_HOLD},
        {.what = PEER_BE_FULL},
        {.what = PEER_SEND, .text = "junk"},
        {.what = PEER_READ_TO_END},
    };
    static const struct wsd_timeouts timeouts = {
        .connect_ms = 200, .send_ms = INFINITE, .response_ms = INFINITE};
    struct peer *peer = PEER_START(steps);
    char log[TRANSFER_RUN_LOG] = "";
    struct wsd_transport *transport = transfer_run_transport_with_log(log);
    const struct wsd_http_request request = {.url = peer_url(peer),
                                             .method = "GET",
                                             .headers = no_lines,
                                             .timeouts = &timeouts,
                                             .may_reuse_connection = true};
    struct transfer_run run;

    (void)state;
    transfer_run_get(transport, peer_url(peer), "N: 1");
    peer_go(peer);
    peer_wait_for_step(peer, 5);
    transfer_run_init(&run, "");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result, HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT));
    transport->vtable->release(transport);
    assert_non_null(strstr(log, "waiting for a connection"));
    peer_stop(peer);
}

/* A body that cannot be had again is not sent again: the refusal stands, and is read. */
static void chunks__refused_when_the_body_is_gone__is_the_status(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 411 No\r\nContent-Length: 2\r\n\r\nhi"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct wsd_http_request request = {.url = peer_url(peer),
                                       .method = "POST",
                                       .headers = no_lines,
                                       .body_length = 3,
                                       .streams = true,
                                       .prefers_chunks = true};
    struct transfer_run run;

    (void)state;
    transfer_run_init(&run, "abc");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result, S_OK);
    assert_int_equal(run.status, 411);
    assert_int_equal(run.begun, 1);
    assert_string_equal(run.body, "hi");
    transport->vtable->release(transport);
    assert_false(peer_was_contacted(peer));
    peer_stop(peer);
}

/* With one that can, it is as if the peer had been asked with the length at once. */
static void chunks__refused_when_the_body_is_there__show_the_handler_nothing(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 411 No\r\nContent-Type: a/b\r\nContent-Length: 2\r\n\r\nno"},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = TRANSFER_RUN_OK},
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct wsd_memory_source body;
    struct wsd_http_request request = {.url = peer_url(peer),
                                       .method = "POST",
                                       .headers = no_lines,
                                       .body = &body.source,
                                       .body_length = 3,
                                       .streams = true,
                                       .prefers_chunks = true};
    struct transfer_run run;

    (void)state;
    wsd_memory_source_init(&body, "abc", 3);
    transfer_run_init(&run, "");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result, S_OK);
    assert_int_equal(run.status, 200);
    assert_int_equal(run.begun, 1);
    assert_string_equal(run.body, "hi");
    assert_non_null(strstr(peer_finish(peer, NULL), "\r\nContent-Length: 3\r\n\r\nabc"));
    transport->vtable->release(transport);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F8__junk_behind_a_response__ends_the_connection),
        cmocka_unit_test(F8__junk_on_a_kept_connection__makes_a_new_one),
        cmocka_unit_test(retry__on_a_new_connection__waits_for_that),
        cmocka_unit_test(chunks__refused_when_the_body_is_gone__is_the_status),
        cmocka_unit_test(
            chunks__refused_when_the_body_is_there__show_the_handler_nothing),
    };

    return cmocka_run_group_tests_name("curl_replay", tests, NULL, NULL);
}
