#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/peer.h"
#include "support/transfer_run.h"
#include "transport_curl/curl_ftp.h"
#include "wsd_error.h"

#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)
#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define LOGIN_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_LOGIN_FAILURE)

/* Files, which need a second connection, are in tests/contract. */

#define LOGIN(last)                                                                      \
    {.what = PEER_SEND, .text = "220-Hello\r\nyou there\r\n220 You\r\n"},                \
        {.what = PEER_READ_UNTIL, .text = "USER me\r\n"},                                \
        {.what = PEER_SEND, .text = "331 Password\r\n"},                                 \
        {.what = PEER_READ_UNTIL, .text = "PASS secret\r\n"},                            \
    {                                                                                    \
        .what = PEER_SEND, .text = last                                                  \
    }

static void run_login(struct transfer_run *run, struct wsd_transport *transport,
                      struct peer *peer, DWORD response_ms)
{
    const struct wsd_timeouts timeouts = {
        .connect_ms = 10000, .send_ms = 10000, .response_ms = response_ms};
    char url[64];
    const struct wsd_ftp_request request = {
        .url = url, .user = "me", .password = "secret", .timeouts = &timeouts};

    snprintf(url, sizeof(url), "ftp%s", strchr(peer_url(peer), ':'));
    *strstr(url, "/service") = '\0';
    strcat(url, "/");
    transfer_run_init(run, NULL);
    assert_int_equal(transport->vtable->prepare_ftp(transport, &request, &run->handler,
                                                    &run->transfer),
                     S_OK);
    transfer_run_to_end(run);
}

static void login__accepted__is_kept_and_left_without_waiting(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_ACCEPT},
        LOGIN("230 In\r\n"),
        {.what = PEER_READ_UNTIL, .text = "PWD\r\n"},
        {.what = PEER_SEND, .text = "257 \"/\"\r\n"},
        {.what = PEER_READ_TO_END}, /* and never says 221 */
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct transfer_run run;

    (void)state;
    run_login(&run, transport, peer, INFINITE);
    assert_int_equal(run.result, S_OK);
    assert_string_equal(run.lines,
                        "220-Hello\r\nyou there\r\n220 You\r\n331 Password\r\n230 In\r\n"
                        "257 \"/\"\r\n");
    assert_int_equal(run.begun, 0);
    transport->vtable->release(transport);
    assert_non_null(strstr(peer_finish(peer, NULL), "QUIT\r\n"));
    peer_stop(peer);
}

static void login__refused__is_told(void **state)
{
    static const struct peer_step wrong[] = {{.what = PEER_ACCEPT},
                                             LOGIN("530-No\r\n530 Not you\r\n"),
                                             {.what = PEER_READ_TO_END}};
    static const struct peer_step odd[] = {
        {.what = PEER_ACCEPT}, LOGIN("500 What\r\n"), {.what = PEER_READ_TO_END}};
    static const struct peer_step busy[] = {{.what = PEER_ACCEPT},
                                            {.what = PEER_SEND, .text = "421 Busy\r\n"},
                                            {.what = PEER_READ_TO_END}};
    static const struct peer_step gone[] = {{.what = PEER_ACCEPT}, {.what = PEER_CLOSE}};
    static const struct peer_step reset[] = {
        {.what = PEER_ACCEPT},
        {.what = PEER_SEND, .text = "220 You\r\n"},
        {.what = PEER_READ_UNTIL, .text = "USER me\r\n"},
        {.what = PEER_RESET}};
    static const struct {
        const struct peer_step *steps;
        size_t count;
        HRESULT result;
    } rows[] = {{wrong, sizeof(wrong) / sizeof(*wrong), LOGIN_FAILURE},
                {odd, sizeof(odd) / sizeof(*odd), WSD_TRANSFER_REFUSED},
                {busy, sizeof(busy) / sizeof(*busy), WSD_TRANSFER_REFUSED},
                {gone, sizeof(gone) / sizeof(*gone), CONNECTION_ERROR},
                {reset, sizeof(reset) / sizeof(*reset), WSD_TRANSFER_RESET}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        struct wsd_transport *transport = transfer_run_transport();
        struct transfer_run run;

        run_login(&run, transport, peer, 10000);
        assert_int_equal(run.result, rows[i].result);
        transport->vtable->release(transport);
        peer_stop(peer);
    }
}

static void server__says_nothing__ends_by_its_timer(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_ACCEPT},
        {.what = PEER_SEND, .text = "220 You\r\n"},
        {.what = PEER_READ_UNTIL, .text = "USER me\r\n"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_transport *transport = transfer_run_transport();
    struct transfer_run run;

    (void)state;
    run_login(&run, transport, peer, 50);
    assert_int_equal(run.result, TIMEOUT);
    transport->vtable->release(transport);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(login__accepted__is_kept_and_left_without_waiting),
        cmocka_unit_test(login__refused__is_told),
        cmocka_unit_test(server__says_nothing__ends_by_its_timer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
