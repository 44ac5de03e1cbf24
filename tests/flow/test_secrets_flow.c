/* What a client must keep to itself, in every place that an application can put it, is in
 * no line of its log, at the finest level, whether the message fails or not. */
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
#include "support/tls_peer.h"

/* The secret, everywhere; and what is made of it. */
#define SECRET "Circle"
#define NONCE "dcd98b7102dd2f0e"

static const char *const traces[] = {
    SECRET,         "Q2lyY2xl",  "TXVmYXNhOkNpcmNsZQ==", /* Mufasa:Circle in base64 */
    "uthorization", "response=", NONCE,
    "Set-Cookie",   "X-Trace",   "<u:Upload",
};

#define ASKS(status, name, scheme)                                                       \
    "HTTP/1.1 " status " " SECRET "\r\n" name ": " scheme " realm=\"" SECRET             \
    "\", qop=\"auth\", nonce=\"" NONCE "\"\r\nContent-Type: text/plain\r\n"              \
    "Content-Length: 6\r\n\r\n" SECRET
#define ASKS_401(scheme) ASKS("401", "WWW-Authenticate", scheme)
#define ASKS_407(scheme) ASKS("407", "Proxy-Authenticate", scheme)
#define TAKES                                                                            \
    "HTTP/1.1 202 " SECRET "\r\nSet-Cookie: key=" SECRET "\r\nContent-Length: 0\r\n\r\n"

struct diary {
    char text[16384];
    unsigned levels; /* a set: 1 << level */
};

static void WSD_CALL write_diary(void *context, const wsd_log_entry *entry)
{
    struct diary *diary = context;
    size_t length = strlen(diary->text);

    diary->levels |= 1u << entry->level;
    snprintf(diary->text + length, sizeof(diary->text) - length, "%s %s\n",
             entry->message_id, entry->text);
}

static wsd_client_options keeping(struct diary *diary)
{
    static const char *const lines[] = {"X-Trace: " SECRET, NULL};
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    *diary = (struct diary){0};
    options.log = write_diary;
    options.log_context = diary;
    options.log_level = WSD_LOG_DEBUG;
    options.user = "Mufasa";
    options.password = SECRET;
    options.header_lines = lines;
    return options;
}

/* A message with the secret in it, and in its URL; without a trace in the log. */
static void post(const char *service_url, const wsd_client_options *options,
                 HRESULT expected, bool streams)
{
    static const char body[] =
        "<u:Upload xmlns:u=\"http://example.org/upload\"><u:Data/>" SECRET "</u:Upload>";
    const struct diary *diary = options->log_context;
    struct upload upload;
    char url[200];

    upload_make(&upload, options, 0);
    assert_hr(wsd_outbound_message_set_body(upload.message, body, sizeof(body) - 1),
              S_OK);
    snprintf(url, sizeof(url), "%s?key=" SECRET, service_url);
    if (streams) {
        upload.parts[0] = attachment_create();
        assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data",
                                              upload.parts[0], NULL),
                  S_OK);
    }
    upload_send(&upload, url);
    if (streams && attachment_write_all(upload.parts[0], SECRET, 6) == S_OK)
        attachment_close(upload.parts[0]);
    assert_hr(upload_result(&upload), expected);
    upload_free(&upload);
    assert_true(diary->levels & 1u << WSD_LOG_DEBUG);
    assert_int_equal((diary->levels & 1u << WSD_LOG_ERROR) != 0, FAILED(expected));
    for (size_t i = 0; i < COUNT(traces); i++)
        if (strstr(diary->text, traces[i]) != NULL)
            fail_msg("\"%s\" is in:\n%s", traces[i], diary->text);
}

static void password__for_the_peer__is_in_no_line(void **state)
{
    static const struct {
        DWORD scheme;
        const char *answers[2]; /* one for each request */
        HRESULT result;
    } rows[] = {
        {WSD_AUTHENTICATION_BASIC, {TAKES}, S_OK},
        {WSD_AUTHENTICATION_BASIC, {ASKS_401("Basic")}, HTTP_E_STATUS(401)},
        {WSD_AUTHENTICATION_DIGEST, {ASKS_401("Digest"), TAKES}, S_OK},
        {WSD_AUTHENTICATION_DIGEST,
         {ASKS_401("Digest"), ASKS_401("Digest")},
         HTTP_E_STATUS(401)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i].answers[0]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i].answers[1]},
        };
        struct peer *peer = peer_start(steps, rows[i].answers[1] == NULL ? 2 : 5);
        struct diary diary;
        wsd_client_options options = keeping(&diary);

        options.authentication = rows[i].scheme;
        post(peer_url(peer), &options, rows[i].result, false);
        peer_stop(peer);
    }
}

static void password__for_the_proxy__is_in_no_line(void **state)
{
    static const struct {
        DWORD scheme;
        const char *answer;
        HRESULT result;
    } rows[] = {
        {WSD_AUTHENTICATION_BASIC, TAKES, S_OK},
        {WSD_AUTHENTICATION_BASIC, ASKS_407("Basic"), HTTP_E_STATUS(407)},
        {0, ASKS_407("Basic"), HTTP_E_STATUS(407)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i].answer},
        };
        struct peer *peer = PEER_START(steps);
        struct diary diary;
        wsd_client_options options = keeping(&diary);
        char proxy[64];

        snprintf(proxy, sizeof(proxy), "http://127.0.0.1:%u", peer_port(peer));
        options.proxy = proxy;
        options.proxy_user = "Mufasa";
        options.proxy_password = SECRET;
        options.proxy_authentication = rows[i].scheme;
        post("http://printer.invalid/service", &options, rows[i].result, true);
        peer_stop(peer);
    }
}

static void anything__of_a_message_that_fails__is_in_no_line(void **state)
{
    static const struct {
        const char *answer;
        HRESULT result;
    } rows[] = {
        {"HTTP/1.1 500 " SECRET "\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n"
         "\r\n" SECRET,
         HTTP_E_STATUS(500)},
        {"HTTP/1.1 200 OK\r\nContent-Type: multipart/related; boundary=" SECRET
         "\r\nContent-Length: 12\r\n\r\n--" SECRET "--\r\n",
         WS_E_INVALID_FORMAT},
        {"HTTP/1.1 200 OK\r\nContent-Type: multipart/related; boundary=\"" SECRET
         "\r\nContent-Length: 0\r\n\r\n",
         WS_E_INVALID_FORMAT},
        {SECRET " " SECRET "\r\n\r\n",
         HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"HTTP/1.1 200 OK\r\n" SECRET "\r\n\r\n",
         HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"HTTP/1.1 200 OK\r\nContent-Length: " SECRET "\r\n\r\n",
         HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"HTTP/1.1 307 OK\r\nLocation: http://" SECRET "/\r\nContent-Length: 0\r\n\r\n",
         HTTP_E_STATUS(307)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i / 2].answer},
        };
        struct peer *peer = PEER_START(steps);
        struct diary diary;
        wsd_client_options options = keeping(&diary);

        post(peer_url(peer), &options, rows[i / 2].result, i % 2 == 1);
        peer_stop(peer);
    }
}

static void url__of_whom_nobody_finds__is_told_without_its_query(void **state)
{
    struct diary diary;
    wsd_client_options options = keeping(&diary);

    (void)state;
    post(peer_refusing_url(), &options, HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT),
         true);
    assert_non_null(strstr(diary.text, "/service?...: "));
}

static void passphrase__right_or_wrong__is_in_no_line(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = TAKES},
    };
    struct certificates certificates;
    struct tls_peer_options tls = {&certificates, .shows = "server",
                                   .wants_certificate = true};
    char paths[3][64];

    (void)state;
    certificates_make(&certificates);
    for (int is_right = 0; is_right < 2; is_right++) {
        struct peer *behind = is_right ? PEER_START(steps) : NULL;
        struct tls_peer *peer = tls_peer_start(&tls, behind);
        struct diary diary;
        wsd_client_options options = keeping(&diary);

        certificates_lock(&certificates, "client", is_right ? SECRET : "another");
        options.ca_file = certificates_path(&certificates, "ca.pem", paths[0]);
        options.certificate_file =
            certificates_path(&certificates, "client.pem", paths[1]);
        options.key_file = certificates_path(&certificates, "locked.key", paths[2]);
        options.key_passphrase = SECRET;
        post(tls_peer_url(peer), &options,
             is_right
                 ? S_OK
                 : HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY),
             false);
        tls_peer_stop(peer);
        if (behind != NULL)
            peer_stop(behind);
    }
    certificates_remove(&certificates);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(password__for_the_peer__is_in_no_line),
        cmocka_unit_test(password__for_the_proxy__is_in_no_line),
        cmocka_unit_test(anything__of_a_message_that_fails__is_in_no_line),
        cmocka_unit_test(url__of_whom_nobody_finds__is_told_without_its_query),
        cmocka_unit_test(passphrase__right_or_wrong__is_in_no_line),
    };

    return cmocka_run_group_tests_name("secrets_flow", tests, NULL, NULL);
}
