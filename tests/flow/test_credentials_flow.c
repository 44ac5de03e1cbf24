/* Peers that want to know who sends: a challenge is answered with the whole message or
 * not at all, and nobody learns a password who should not. */
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
#include "support/digest.h"
#include "support/peer.h"
#include "support/recorded.h"
#include "support/tls_peer.h"

#define USER "Mufasa"
#define PASSWORD "Circle: of Life"
#define BASIC "Authorization: Basic TXVmYXNhOkNpcmNsZTogb2YgTGlmZQ==\r\n" /* of both */

#define CHALLENGE(value)                                                                 \
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " value                              \
    "\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\nwho? \n"
#define NO_BODY                                                                          \
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: " DIGEST(                            \
        "n2") "\r\nContent-Length: 0\r\n\r\n"
#define DIGEST(nonce) "Digest realm=\"den\", qop=\"auth\", nonce=\"" nonce "\""
#define DIGEST_SHA_256(nonce) DIGEST(nonce) ", algorithm=SHA-256"

/* ---- What a peer wrote down -----------------------------------------------------------
 */

/* Request number `index` of all that the peer has had. */
static void request_at(struct peer *peer, size_t index, struct recorded *request)
{
    size_t size;
    const char *bytes = peer_finish(peer, &size);
    const char *end = bytes + size, *next;

    for (;; index--) {
        next = strstr(bytes + 1, "POST /service HTTP/1.1\r\n");
        if (index == 0)
            break;
        assert_non_null(next);
        bytes = next;
    }
    recorded_read(request, bytes, (size_t)((next != NULL ? next : end) - bytes));
}

static void field_of(const char *head, const char *name, char value[128])
{
    const char *at = strstr(head, "\r\nAuthorization: Digest ");
    size_t length;

    assert_non_null(at);
    at = strstr(at, name);
    assert_non_null(at);
    at += strlen(name) + 1;
    at += *at == '"';
    length = strcspn(at, "\",\r");
    assert_in_range(length, 1, 127);
    memcpy(value, at, length);
    value[length] = '\0';
}

/* The answer to this nonce, as RFC 7616 section 3.4.1 says. */
static void assert_digest(const struct recorded *request, enum digest algorithm,
                          const char *nonce)
{
    char cnonce[128], count[128], response[128], text[512];
    char ours[65], what[65], expected[65];

    field_of(request->head, " nonce", text);
    assert_string_equal(text, nonce);
    field_of(request->head, "username", text);
    assert_string_equal(text, USER);
    field_of(request->head, "cnonce", cnonce);
    field_of(request->head, " nc", count);
    field_of(request->head, "response", response);
    digest_hex(algorithm, USER ":den:" PASSWORD, ours);
    digest_hex(algorithm, "POST:/service", what);
    snprintf(text, sizeof(text), "%s:%s:%s:%s:auth:%s", ours, nonce, count, cnonce, what);
    digest_hex(algorithm, text, expected);
    assert_string_equal(response, expected);
}

static void assert_no_credentials(struct peer *peer)
{
    assert_null(strstr(peer_finish(peer, NULL), "Authorization"));
}

/* ---- What a client does ---------------------------------------------------------------
 */

static char diary[4096];

static void WSD_CALL write_diary(void *context, const wsd_log_entry *entry)
{
    size_t length = strlen(diary);

    (void)context;
    snprintf(diary + length, sizeof(diary) - length, "%s\n", entry->text);
}

static wsd_client_options knowing(DWORD scheme)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    diary[0] = '\0';
    options.log = write_diary;
    options.log_level = WSD_LOG_DEBUG;
    options.user = USER;
    options.password = PASSWORD;
    options.authentication = scheme;
    return options;
}

/* A message without an attachment, or with one. */
static HRESULT post(const char *url, const wsd_client_options *options, bool streams)
{
    wsd_inbound_message *reply = NULL;
    HRESULT result = upload_exchange(url, options, streams, &reply);

    if (result == HTTP_E_STATUS(401))
        assert_string_equal(wsd_inbound_message_body(reply, NULL), "who? \n");
    wsd_inbound_message_release(reply);
    assert_null(strstr(diary, "Circle"));
    return result;
}

/* ---- Messages that can be sent again --------------------------------------------------
 */

/* [L70] */
static void C11__digest_challenge__is_answered_with_the_whole_message(void **state)
{
    static const struct {
        const char *challenge;
        enum digest algorithm;
    } rows[] = {
        {CHALLENGE(DIGEST("n1")), DIGEST_MD5},
        {CHALLENGE(DIGEST_SHA_256("n1")), DIGEST_SHA256},
        {CHALLENGE("Basic realm=\"den\", " DIGEST("n1")), DIGEST_MD5},
    };
    static const DWORD schemes[] = {0, WSD_AUTHENTICATION_DIGEST};

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * COUNT(schemes); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i / COUNT(schemes)].challenge},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        struct peer *peer = PEER_START(steps);
        wsd_client_options options = knowing(schemes[i % COUNT(schemes)]);
        struct recorded first, second;

        assert_hr(post(peer_url(peer), &options, false), S_OK);
        request_at(peer, 0, &first);
        request_at(peer, 1, &second);
        assert_null(strstr(first.head, "Authorization"));
        assert_digest(&second, rows[i / COUNT(schemes)].algorithm, "n1");
        assert_true(first.whole && second.whole);
        assert_string_equal(first.body, second.body);
        assert_non_null(strstr(first.body, "</soap:Envelope>"));
        recorded_free(&first);
        recorded_free(&second);
        peer_stop(peer);
    }
}

static void C11__stale_nonce__is_answered_with_the_new_one(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n1"))},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n2") ", stale=true")},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = knowing(0);
    struct recorded last;

    (void)state;
    assert_hr(post(peer_url(peer), &options, false), S_OK);
    request_at(peer, 2, &last);
    assert_digest(&last, DIGEST_MD5, "n2");
    assert_true(last.whole);
    recorded_free(&last);
    peer_stop(peer);
}

static void C11__wrong_password__is_the_status_with_its_text(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n1"))},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n2"))},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = knowing(0);

    (void)state;
    assert_hr(post(peer_url(peer), &options, false), HTTP_E_STATUS(401));
    peer_stop(peer);
}

/* Over what anybody can read, a password goes only to who asked for it by name.
 * [L71] [L72] */
static void C11__basic_in_the_clear__only_when_it_is_the_scheme(void **state)
{
    static const struct peer_step asks[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE("Basic realm=\"den\"")},
    };
    static const struct peer_step takes[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };

    (void)state;
    for (DWORD streams = 0; streams < 2; streams++) {
        struct peer *peer = PEER_START(asks);
        wsd_client_options options = knowing(0);
        struct recorded request;

        assert_hr(post(peer_url(peer), &options, streams), HTTP_E_STATUS(401));
        assert_no_credentials(peer);
        peer_stop(peer);

        peer = PEER_START(takes);
        options = knowing(WSD_AUTHENTICATION_BASIC);
        assert_hr(post(peer_url(peer), &options, streams), S_OK);
        request_at(peer, 0, &request);
        assert_non_null(strstr(request.head, "\r\n" BASIC));
        assert_true(request.whole);
        recorded_free(&request);
        peer_stop(peer);
    }
}

/* [L72] */
static void C11__basic_over_tls__is_answered(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE("Basic realm=\"den\"")},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct certificates certificates;
    struct tls_peer_options tls = {&certificates, .shows = "server"};
    struct peer *behind = PEER_START(steps);
    wsd_client_options options = knowing(0);
    struct tls_peer *peer;
    struct recorded request;
    char path[64];

    (void)state;
    certificates_make(&certificates);
    peer = tls_peer_start(&tls, behind);
    options.ca_file = certificates_path(&certificates, "ca.pem", path);
    assert_hr(post(tls_peer_url(peer), &options, false), S_OK);
    request_at(behind, 1, &request);
    assert_non_null(strstr(request.head, "\r\n" BASIC));
    assert_true(request.whole);
    recorded_free(&request);
    tls_peer_stop(peer);
    peer_stop(behind);
    certificates_remove(&certificates);
}

/* ---- Messages that stream -------------------------------------------------------------
 */

/* [L73] */
static void C11__probe__asks_without_a_body_and_sends_all_with_the_answer(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n1"))},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };

    (void)state;
    for (DWORD declares = 0; declares < 2; declares++) {
        struct peer *peer = PEER_START(steps);
        wsd_client_options options = knowing(0);
        struct recorded probe, request;

        options.authentication_probe = TRUE;
        assert_hr(post(peer_url(peer), &options, true), S_OK);
        request_at(peer, 0, &probe);
        request_at(peer, 1, &request);
        assert_non_null(strstr(probe.head, "\r\nContent-Length: 0\r\n"));
        assert_null(strstr(probe.head, "Transfer-Encoding"));
        assert_int_equal(probe.body_size, 0);
        assert_digest(&request, DIGEST_MD5, "n1");
        assert_true(request.whole && request.closed);
        assert_part(&request, 1, "document", 8);
        recorded_free(&probe);
        recorded_free(&request);
        peer_stop(peer);
    }
}

static void C11__probe_that_nobody_minds__is_followed_by_the_message(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = knowing(0);
    struct recorded request;

    (void)state;
    options.authentication_probe = TRUE;
    assert_hr(post(peer_url(peer), &options, true), S_OK);
    request_at(peer, 1, &request);
    assert_true(request.whole);
    assert_part(&request, 1, "document", 8);
    recorded_free(&request);
    peer_stop(peer);
}

/* The second refusal comes while the application has nothing to send: nothing would wake
 * libcurl. */
static void C11__probe_and_a_wrong_password__wakes_the_writer(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = CHALLENGE(DIGEST("n1"))},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = "</soap:Envelope>"},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = NO_BODY},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = knowing(0);
    struct upload upload;
    HRESULT hr = S_OK;

    (void)state;
    options.authentication_probe = TRUE;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    peer_go(peer);
    assert_hr(upload_result(&upload), HTTP_E_STATUS(401));
    hr = attachment_close(upload.parts[0]);
    assert_hr(hr, HTTP_E_STATUS(401));
    upload_free(&upload);
    peer_stop(peer);
}

/* ---- Other hosts ----------------------------------------------------------------------
 */

static void C12__redirect__is_told_and_carries_no_credentials(void **state)
{
    static const struct peer_step nothing[] = {{.what = PEER_HOLD}};
    static const int statuses[] = {301, 302, 303, 307, 308};

    (void)state;
    for (size_t i = 0; i < COUNT(statuses); i++) {
        struct peer *other = peer_start(nothing, 0);
        char text[256];
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = text},
        };
        wsd_client_options options = knowing(WSD_AUTHENTICATION_BASIC);
        struct peer *peer;

        snprintf(text, sizeof(text),
                 "HTTP/1.1 %d Elsewhere\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n",
                 statuses[i], peer_url(other));
        peer = PEER_START(steps);
        assert_hr(post(peer_url(peer), &options, i % 2 == 0), HTTP_E_STATUS(statuses[i]));
        assert_false(peer_was_contacted(other));
        peer_stop(peer);
        peer_stop(other);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C11__digest_challenge__is_answered_with_the_whole_message),
        cmocka_unit_test(C11__stale_nonce__is_answered_with_the_new_one),
        cmocka_unit_test(C11__wrong_password__is_the_status_with_its_text),
        cmocka_unit_test(C11__basic_in_the_clear__only_when_it_is_the_scheme),
        cmocka_unit_test(C11__basic_over_tls__is_answered),
        cmocka_unit_test(C11__probe__asks_without_a_body_and_sends_all_with_the_answer),
        cmocka_unit_test(C11__probe_that_nobody_minds__is_followed_by_the_message),
        cmocka_unit_test(C11__probe_and_a_wrong_password__wakes_the_writer),
        cmocka_unit_test(C12__redirect__is_told_and_carries_no_credentials),
    };

    return cmocka_run_group_tests_name("credentials_flow", tests, NULL, NULL);
}
