/* HTTPS with wininet.h, whose users can trust nobody but the system's authorities. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/certificates.h"
#include "support/internet.h"
#include "support/tls_peer.h"

/* Sends a request there; the error that it ends with. */
static DWORD send_to(const char *url)
{
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect =
        InternetConnectA(session, "127.0.0.1", (INTERNET_PORT)atoi(strrchr(url, ':') + 1),
                         "me", "secret", INTERNET_SERVICE_HTTP, 0, 0);
    HINTERNET request = HttpOpenRequestA(connect, "POST", "/up", NULL, NULL, NULL,
                                         INTERNET_FLAG_SECURE, 0);
    DWORD error;

    assert_done(request);
    assert_false(request_begin(request, 4));
    error = GetLastError();
    assert_refused(request_end(request), ERROR_INTERNET_OPERATION_CANCELLED);
    assert_done(InternetCloseHandle(session));
    return error;
}

/* [H92] */
static void server__nobody_vouches_for_it__is_told_nothing(void **state)
{
    struct certificates certificates;
    struct tls_peer *peer;

    (void)state;
    certificates_make(&certificates);
    peer = tls_peer_start(
        &(struct tls_peer_options){.certificates = &certificates, .shows = "server"},
        NULL);
    assert_int_equal(send_to(tls_peer_url(peer)), ERROR_INTERNET_INVALID_CA);
    assert_int_equal(tls_peer_received(peer), 0);
    tls_peer_stop(peer);
    certificates_remove(&certificates);
}

/* [H93] */
static void server__without_tls__is_told_nothing(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_ACCEPT},
        {.what = PEER_SEND, .text = "HTTP/1.1 400 What\r\nContent-Length: 0\r\n\r\n"},
        {.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);

    (void)state;
    assert_int_equal(send_to(peer_url(peer)), ERROR_INTERNET_SECURITY_CHANNEL_ERROR);
    assert_false(peer_saw(peer, "POST"));
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__nobody_vouches_for_it__is_told_nothing),
        cmocka_unit_test(server__without_tls__is_told_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
