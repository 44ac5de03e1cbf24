/* HTTP proxies: one that is wanted is used for everything, and one that fails is told
 * from the peer behind it.  And the way to a peer without one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/certificates.h"
#include "support/peer.h"
#include "support/recorded.h"
#include "support/tls_peer.h"

#define WIN(number) HRESULT_FROM_WIN32(ERROR_WINHTTP_##number)

/* Where nobody is, so that whoever comes through has come through the proxy. */
#define HTTP_URL "http://printer.invalid:8080/service"
#define HTTPS_URL "https://127.0.0.1:9/service"

#define TUNNEL "HTTP/1.1 200 Connection established\r\n\r\n"
#define REFUSAL(status) "HTTP/1.1 " status "\r\nContent-Length: 0\r\n\r\n"
#define WHO_407                                                                          \
    "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: "                 \
    "Digest realm=\"den\", qop=\"auth\", nonce=\"n1\"\r\nContent-Length: 0\r\n\r\n"

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* "http://127.0.0.1:PORT" of a peer's URL. */
static const char *proxy_of(const char *url)
{
    static char proxy[64];
    const char *host = strstr(url, "://") + 3;

    snprintf(proxy, sizeof(proxy), "http://%.*s", (int)strcspn(host, "/"), host);
    return proxy;
}

/* What it is when this proxy behaves so. */
static HRESULT post_by(const struct peer_step *steps, size_t count, const char *url)
{
    struct peer *peer = peer_start(steps, count);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    HRESULT hr;

    options.proxy = proxy_of(peer_url(peer));
    hr = upload_post(url, &options, true);
    peer_stop(peer);
    return hr;
}

/* [L75] */
static void proxy__for_http__gets_the_request_with_the_whole_url(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct recorded request;
    const char *bytes;
    size_t size;

    (void)state;
    assert_int_equal(setenv("no_proxy", "*", 1), 0);
    options.proxy = proxy_of(peer_url(peer));
    assert_hr(upload_post(HTTP_URL, &options, true), S_OK);
    assert_int_equal(unsetenv("no_proxy"), 0);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_non_null(strstr(request.head, "POST " HTTP_URL " HTTP/1.1\r\n"
                                         "Host: printer.invalid:8080\r\n"));
    assert_true(request.whole);
    assert_part(&request, 1, "document", 8);
    recorded_free(&request);
    peer_stop(peer);
}

/* [L75] */
static void proxy__for_https__makes_a_tunnel(void **state)
{
    struct certificates certificates;
    struct tls_peer_options tls = {&certificates, .shows = "server", .connect = TUNNEL};
    struct peer *behind = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct tls_peer *peer;
    char path[64];

    (void)state;
    certificates_make(&certificates);
    peer = tls_peer_start(&tls, behind);
    options.ca_file = certificates_path(&certificates, "ca.pem", path);
    options.proxy = proxy_of(tls_peer_url(peer));
    assert_hr(upload_post(HTTPS_URL, &options, true), S_OK);
    assert_memory_equal(peer_finish(behind, NULL), "POST /service ", 14);
    tls_peer_stop(peer);
    peer_stop(behind);
    certificates_remove(&certificates);
}

/* [L76] */
static void J10__proxies_of_the_environment__are_not_used(void **state)
{
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "all_proxy",
                                        "ALL_PROXY"};
    struct peer *proxy = peer_start(NULL, 0);
    struct peer *peer = PEER_START(takes_all);

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(setenv(names[i], proxy_of(peer_url(proxy)), 1), 0);
    assert_hr(upload_post(peer_url(peer), NULL, true), S_OK);
    for (size_t i = 0; i < COUNT(names); i++)
        assert_int_equal(unsetenv(names[i]), 0);
    assert_false(peer_was_contacted(proxy));
    peer_stop(peer);
    peer_stop(proxy);
}

/* [L78] */
static void C17__proxy_that_is_not_there__is_told_from_the_peer(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    (void)state;
    options.proxy = proxy_of(peer_refusing_url());
    assert_hr(upload_post(HTTP_URL, &options, true), WS_E_PROXY_FAILURE);
    assert_hr(upload_post(HTTPS_URL, &options, true), WS_E_PROXY_FAILURE);
    options.proxy =
        "http://"
        "a-label-of-sixty-four-octets-is-none-for-any-resolver-of-names-x.invalid";
    assert_hr(upload_post(HTTP_URL, &options, true), WS_E_PROXY_FAILURE);
}

/* [L78] */
static void C17__connect_refused_or_cut__is_the_proxys_failure(void **state)
{
    static const struct {
        const char *answer;
        HRESULT hr;
    } rows[] = {
        {REFUSAL("403 Forbidden"), WS_E_PROXY_FAILURE},
        {REFUSAL("502 Bad Gateway"), WS_E_PROXY_FAILURE},
        {REFUSAL("301 Moved\r\nLocation: http://127.0.0.1/"), WS_E_PROXY_FAILURE},
        {WHO_407, HTTP_E_STATUS(407)},
        {"", WS_E_PROXY_FAILURE},
        {"HTTP/1.1 200 Connection est", WS_E_PROXY_FAILURE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_SEND, .text = rows[i].answer},
        };

        assert_hr(post_by(steps, COUNT(steps), HTTPS_URL), rows[i].hr);
    }
}

static void C17__tunnel_cut_in_the_middle__is_the_connections_failure(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = TUNNEL},
        {.what = PEER_READ_BYTES, .size = 100},
    };

    (void)state;
    assert_hr(post_by(steps, COUNT(steps), HTTPS_URL), WIN(SECURE_CHANNEL_ERROR));
}

/* A password for the proxy goes to nobody else. */
static void C17__challenge_of_the_proxy__is_answered_by_digest(void **state)
{
    static const struct peer_step http[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = WHO_407},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const struct peer_step https[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = WHO_407},
        {.what = PEER_READ_UNTIL, .text = "response="},
        {.what = PEER_SEND, .text = REFUSAL("403 Forbidden")},
    };
    static const struct {
        const struct peer_step *steps;
        size_t count;
        const char *url;
        HRESULT hr;
    } rows[] = {{http, COUNT(http), HTTP_URL, S_OK},
                {https, COUNT(https), HTTPS_URL, WS_E_PROXY_FAILURE}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        const char *second;

        options.proxy = proxy_of(peer_url(peer));
        options.proxy_user = "Mufasa";
        options.proxy_password = "Circle of Life";
        assert_hr(upload_post(rows[i].url, &options, false), rows[i].hr);
        second = strstr(peer_finish(peer, NULL) + 1, " HTTP/1.1\r\n");
        second = strstr(second + 1, " HTTP/1.1\r\n");
        assert_non_null(second);
        assert_non_null(strstr(second, "\r\nProxy-Authorization: Digest username"));
        assert_null(strstr(second, "\r\nAuthorization"));
        peer_stop(peer);
    }
}

/* [L77] */
static void C17__basic_for_the_proxy__only_when_it_is_the_scheme(void **state)
{
    static const struct peer_step asks[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text =
             "HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic "
             "realm=\"den\"\r\nContent-Length: 0\r\n\r\n"},
    };
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(asks);

    (void)state;
    options.proxy = proxy_of(peer_url(peer));
    options.proxy_user = "Mufasa";
    options.proxy_password = "Circle: of Life";
    assert_hr(upload_post(HTTP_URL, &options, false), HTTP_E_STATUS(407));
    assert_null(strstr(peer_finish(peer, NULL), "Authorization"));
    peer_stop(peer);

    peer = PEER_START(takes_all);
    options.proxy = proxy_of(peer_url(peer));
    options.proxy_authentication = WSD_AUTHENTICATION_BASIC;
    assert_hr(upload_post(HTTP_URL, &options, true), S_OK);
    assert_non_null(strstr(peer_finish(peer, NULL),
                           "\r\nProxy-Authorization: Basic "
                           "TXVmYXNhOkNpcmNsZTogb2YgTGlmZQ==\r\n"));
    peer_stop(peer);
}

/* localhost is ::1 first where it is both; the peer has 127.0.0.1 only. */
static void C18__first_address_is_dead__the_next_is_taken(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    char url[64];

    (void)state;
    snprintf(url, sizeof(url), "http://localhost%s", strrchr(peer_url(peer), ':'));
    assert_hr(upload_post(url, NULL, true), S_OK);
    peer_stop(peer);
}

/* RFC 6874 section 3: a zone means something on this machine only. */
static void C18__zone_of_an_address__stays_out_of_host(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    (void)state;
    options.proxy = proxy_of(peer_url(peer));
    assert_hr(upload_post("http://[fe80::1%25lo]:8080/service", &options, false), S_OK);
    assert_non_null(strstr(peer_finish(peer, NULL), "\r\nHost: [fe80::1]:8080\r\n"));
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(proxy__for_http__gets_the_request_with_the_whole_url),
        cmocka_unit_test(proxy__for_https__makes_a_tunnel),
        cmocka_unit_test(J10__proxies_of_the_environment__are_not_used),
        cmocka_unit_test(C17__proxy_that_is_not_there__is_told_from_the_peer),
        cmocka_unit_test(C17__connect_refused_or_cut__is_the_proxys_failure),
        cmocka_unit_test(C17__tunnel_cut_in_the_middle__is_the_connections_failure),
        cmocka_unit_test(C17__challenge_of_the_proxy__is_answered_by_digest),
        cmocka_unit_test(C17__basic_for_the_proxy__only_when_it_is_the_scheme),
        cmocka_unit_test(C18__first_address_is_dead__the_next_is_taken),
        cmocka_unit_test(C18__zone_of_an_address__stays_out_of_host),
    };

    return cmocka_run_group_tests_name("proxy_flow", tests, NULL, NULL);
}
