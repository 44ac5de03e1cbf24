/* HTTPS: whom a client trusts, what it shows, and what it says when TLS fails.  In all
 * that fails no byte of a request has gone through. */
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
#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"

static struct certificates certificates;

static int make_certificates(void **state)
{
    (void)state;
    certificates_make(&certificates);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* ---- What a client says of it ---------------------------------------------------------
 */

struct diary {
    DWORD category; /* of the last line */
    char text[4096];
    char paths[4][64];
};

static void WSD_CALL write_diary(void *context, const wsd_log_entry *entry)
{
    struct diary *diary = context;
    size_t length = strlen(diary->text);

    diary->category = entry->category;
    snprintf(diary->text + length, sizeof(diary->text) - length, "%s\n", entry->text);
}

/* A client that trusts ca. */
static wsd_client_options trusting(struct diary *diary)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    diary->text[0] = '\0';
    options.log = write_diary;
    options.log_context = diary;
    options.ca_file = certificates_path(&certificates, "ca.pem", diary->paths[0]);
    return options;
}

/* Shows a certificate and its key. */
static void show(wsd_client_options *options, struct diary *diary, const char *name)
{
    char file[32];

    snprintf(file, sizeof(file), "%s.pem", name);
    options->certificate_file = certificates_path(&certificates, file, diary->paths[1]);
    snprintf(file, sizeof(file), "%s.key", name);
    options->key_file = certificates_path(&certificates, file, diary->paths[2]);
}

/* Sends a message with an attachment; its code, which every call has had. */
static HRESULT send_to(const char *url, const wsd_client_options *options)
{
    struct upload upload;
    HRESULT result, hr;

    upload_make(&upload, options, 1);
    upload_send(&upload, url);
    hr = attachment_write_all(upload.parts[0], "document", 8);
    if (hr == S_OK)
        hr = attachment_close(upload.parts[0]);
    result = upload_result(&upload);
    if (hr != S_OK) {
        assert_hr(hr, result);
        assert_hr(attachment_close(upload.parts[0]), result);
    }
    upload_free(&upload);
    return result;
}

/* One message through TLS, which has to arrive. */
static void assert_passes(const struct tls_peer_options *peer_options,
                          const wsd_client_options *options)
{
    struct peer *behind = PEER_START(takes_all);
    struct tls_peer *peer = tls_peer_start(peer_options, behind);
    struct recorded request;
    const char *bytes;
    size_t size;

    assert_hr(send_to(tls_peer_url(peer), options), S_OK);
    bytes = peer_finish(behind, &size);
    recorded_read(&request, bytes, size);
    assert_true(request.whole);
    assert_part(&request, 1, "document", 8);
    recorded_free(&request);
    tls_peer_stop(peer);
    peer_stop(behind);
}

/* One that fails with this code and these words in the log, and nothing comes through. */
static void assert_fails(const struct tls_peer_options *peer_options,
                         const wsd_client_options *options, HRESULT expected,
                         const char *words)
{
    const struct diary *diary = options->log_context;
    struct tls_peer *peer = tls_peer_start(peer_options, NULL);

    assert_hr(send_to(tls_peer_url(peer), options), expected);
    assert_int_equal(tls_peer_received(peer), 0);
    if (strstr(diary->text, words) == NULL)
        fail_msg("not \"%s\" but: %s", words, diary->text);
    assert_non_null(strstr(diary->text, wsd_error_name(expected)));
    assert_int_equal(diary->category, WSD_LOG_TLS);
    tls_peer_stop(peer);
}

/* ---- Whom it trusts -------------------------------------------------------------------
 */

/* [L58] [L59] [L60] [L62] */
static void E1__certificate_of_the_peer__each_fault_has_its_code(void **state)
{
    static const struct {
        const char *shows;
        HRESULT hr;
        const char *words;
    } rows[] = {
        {"expired", WIN(SECURE_CERT_DATE_INVALID), "expired"},
        {"early", WIN(SECURE_CERT_DATE_INVALID), "not yet valid"},
        {"elsewhere", WIN(SECURE_CERT_CN_INVALID), "127.0.0.1"},
        {"stranger", WIN(SECURE_INVALID_CA), "issuer"},
        {"alone", WIN(SECURE_INVALID_CA), "self"},
        {"client", WIN(SECURE_CERT_WRONG_USAGE), "purpose"},
    };
    struct diary diary;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_peer_options peer = {&certificates, .shows = rows[i].shows};
        wsd_client_options options = trusting(&diary);

        assert_fails(&peer, &options, rows[i].hr, rows[i].words);
    }
}

/* [L50] */
static void E1__authorities__are_the_systems_or_only_those_given(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "server"};
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    assert_passes(&peer, &options);
    options.ca_file = certificates_path(&certificates, "other-ca.pem", diary.paths[0]);
    assert_fails(&peer, &options, WIN(SECURE_INVALID_CA), "issuer");
    diary.text[0] = '\0';
    options.ca_file = NULL;
    options.ca_folder = certificates.folder; /* nothing in it has its hash for a name */
    assert_fails(&peer, &options, WIN(SECURE_INVALID_CA), "issuer");
    diary.text[0] = '\0';
    options.ca_folder = NULL;
    assert_fails(&peer, &options, WIN(SECURE_INVALID_CA), "issuer");
}

/* [L61] */
static void E1__revoked_certificate__is_refused_where_the_list_is_given(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "server"};
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    certificates_revoke(&certificates, "server");
    options.crl_file = certificates_path(&certificates, "revoked.crl", diary.paths[3]);
    assert_fails(&peer, &options, WIN(SECURE_CERT_REVOKED), "revoked");
    peer.shows = "anyone";
    assert_passes(&peer, &options);
}

/* [L53] */
static void E1__anybody__is_accepted_only_by_the_one_value(void **state)
{
    static const char *const names[] = {"expired",  "early", "elsewhere",
                                        "stranger", "alone", "client"};
    struct diary diary;

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct tls_peer_options peer = {&certificates, .shows = names[i]};
        wsd_client_options options = trusting(&diary);

        options.accept_any_certificate = WSD_ACCEPT_ANY_CERTIFICATE;
        assert_passes(&peer, &options);
    }
}

/* [L52] */
static void E8__pin__is_the_peers_key_or_nothing_is_sent(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "alone"};
    struct diary diary;
    wsd_client_options options = trusting(&diary);
    char own[64], other[64];

    (void)state;
    certificates_pin(&certificates, "alone", own);
    certificates_pin(&certificates, "server", other);
    options.pinned_key = own;
    assert_fails(&peer, &options, WIN(SECURE_INVALID_CA), "self");
    options.accept_any_certificate = WSD_ACCEPT_ANY_CERTIFICATE;
    assert_passes(&peer, &options);
    options.pinned_key = other;
    assert_fails(&peer, &options, WIN(SECURE_INVALID_CERT), "pinned");
}

/* ---- What it shows --------------------------------------------------------------------
 */

/* With TLS 1.3 the peer refuses it when the client thinks that the handshake is over.
 * TLS 1.2 has no alert of its own for a certificate that is missing.
 * [L51] [L63] */
static void E2__certificate_of_the_client__is_wanted_and_has_to_be_good(void **state)
{
    static const struct {
        const char *version, *shows;
        HRESULT hr;
    } rows[] = {
        {TLS_1_2, NULL, WIN(SECURE_CHANNEL_ERROR)},
        {TLS_1_2, "expired", WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_2, "stranger", WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_2, "server", WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_3, NULL, WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_3, "expired", WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_3, "stranger", WIN(CLIENT_AUTH_CERT_NEEDED)},
        {TLS_1_3, "server", WIN(CLIENT_AUTH_CERT_NEEDED)},
    };
    struct diary diary;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_peer_options peer = {&certificates, .shows = "server",
                                        .priorities = rows[i].version,
                                        .wants_certificate = true};
        wsd_client_options options = trusting(&diary);

        if (rows[i].shows != NULL)
            show(&options, &diary, rows[i].shows);
        assert_fails(&peer, &options, rows[i].hr, "alert");
        show(&options, &diary, "client");
        assert_passes(&peer, &options);
    }
}

/* [L51] [L64] */
static void E7__key__needs_its_passphrase_which_is_never_told(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "server",
                                    .wants_certificate = true};
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    certificates_lock(&certificates, "client", "open sesame");
    show(&options, &diary, "client");
    options.key_file = certificates_path(&certificates, "locked.key", diary.paths[2]);
    options.key_passphrase = "open sesame";
    assert_passes(&peer, &options);
    options.key_passphrase = "open barley";
    assert_fails(&peer, &options, WIN(CLIENT_CERT_NO_ACCESS_PRIVATE_KEY), "key");
    assert_null(strstr(diary.text, "barley"));
    options.key_passphrase = NULL; /* and nobody is asked for it */
    assert_fails(&peer, &options, WIN(CLIENT_CERT_NO_ACCESS_PRIVATE_KEY), "key");
    options.key_file = certificates_path(&certificates, "server.key", diary.paths[2]);
    assert_fails(&peer, &options, WIN(CLIENT_CERT_NO_ACCESS_PRIVATE_KEY), "key");
}

/* [L57] */
static void E7__file_that_cannot_be_read__fails_the_creation(void **state)
{
    struct diary diary;
    wsd_client_options options = trusting(&diary);
    const char **const files[] = {&options.ca_file, &options.ca_folder, &options.crl_file,
                                  &options.certificate_file, &options.key_file};

    (void)state;
    show(&options, &diary, "client");
    for (size_t i = 0; i < COUNT(files); i++) {
        const char *good = *files[i];
        wsd_client *client = (wsd_client *)&client;

        *files[i] = "/nowhere/at.all";
        assert_hr(wsd_client_create(&options, &client),
                  HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
        assert_null(client);
        *files[i] = good;
    }
}

/* ---- The handshake --------------------------------------------------------------------
 */

/* [L29] */
static void E3__version_below_the_least__is_refused(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "server"};
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    peer.priorities = "NORMAL:-VERS-ALL:+VERS-TLS1.1:%COMPAT";
    assert_fails(&peer, &options, WIN(SECURE_CHANNEL_ERROR), "protocol");
    peer.priorities = TLS_1_2;
    assert_passes(&peer, &options);
    options.tls_version_min = WSD_TLS_1_3;
    diary.text[0] = '\0';
    assert_fails(&peer, &options, WIN(SECURE_CHANNEL_ERROR), "alert");
    peer.priorities = TLS_1_3;
    assert_passes(&peer, &options);
}

/* The peer's last message may be cut when the client has all that it needs: then it is
 * the connection that has ended. */
static void E4__handshake_cut_anywhere__fails_and_nothing_is_sent(void **state)
{
    static const char *const versions[] = {TLS_1_2, TLS_1_3};
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    for (size_t i = 0; i < COUNT(versions); i++)
        for (size_t cut = 1; cut < 800; cut += 23) {
            struct tls_peer_options cutting = {&certificates, .shows = "server",
                                               .priorities = versions[i], .cut = cut};
            struct tls_peer *peer = tls_peer_start(&cutting, NULL);
            HRESULT hr = send_to(tls_peer_url(peer), &options);

            if (cut < 500 || hr != WIN(CONNECTION_ERROR))
                assert_hr(hr, WIN(SECURE_CHANNEL_ERROR));
            assert_int_equal(tls_peer_received(peer), 0);
            tls_peer_stop(peer);
        }
}

static void E4__no_tls_at_all__fails_as_such(void **state)
{
    static const char *const texts[] = {
        "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
        "\x16\x03\x03\x40\x01garbage in the place of a handshake",
        "220 mail.example.org ESMTP\r\n",
    };
    struct diary diary;
    wsd_client_options options = trusting(&diary);

    (void)state;
    for (size_t i = 0; i < COUNT(texts); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_BYTES, .size = 1},
            {.what = PEER_SEND, .text = texts[i]},
            {.what = PEER_SHUT_WRITE},
            {.what = PEER_READ_TO_END},
        };
        struct peer *peer = PEER_START(steps);
        char url[64];

        snprintf(url, sizeof(url), "https%s", peer_url(peer) + strlen("http"));
        assert_hr(send_to(url, &options), WIN(SECURE_CHANNEL_ERROR));
        peer_stop(peer);
    }
}

/* The connect timer watches over the handshake too. */
static void E4__silence_instead_of_a_handshake__is_timed(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct diary diary;
    wsd_client_options options = trusting(&diary);
    char url[64];

    (void)state;
    options.connect_timeout_ms = 300;
    snprintf(url, sizeof(url), "https%s", peer_url(peer) + strlen("http"));
    assert_hr(send_to(url, &options), WIN(TIMEOUT));
    peer_stop(peer);
}

/* ---- The data -------------------------------------------------------------------------
 */

/* The code when the peer answers so and ends the connection. */
static HRESULT receive(const struct tls_peer_options *peer_options, const char *head,
                       const char *body)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = head},
        {.what = PEER_SEND, .text = body},
    };
    struct diary diary;
    wsd_client_options options = trusting(&diary);
    struct peer *behind = PEER_START(steps);
    struct tls_peer *peer = tls_peer_start(peer_options, behind);
    HRESULT hr = send_to(tls_peer_url(peer), &options);

    tls_peer_stop(peer);
    peer_stop(behind);
    return hr;
}

/* Somebody in between could end a TCP connection, but not TLS's (RFC 8446 section 6.1).
 * libcurl lets many peers have their way that do not say goodbye; but what is whole shows
 * by itself: a length, a last chunk, an envelope's or a package's end. */
static void
E5__end_without_close_notify__is_truncation_unless_the_end_has_come(void **state)
{
#define TYPE(type) "HTTP/1.1 200 OK\r\nContent-Type: " type "\r\n"
#define SOAP TYPE("application/soap+xml")
#define PACKAGE TYPE("multipart/related; type=\"application/xop+xml\"; boundary=\"b\"")
#define PART "--b\r\nContent-Type: application/xop+xml\r\n\r\n"
    static const struct {
        const char *head, *prefix, *suffix; /* NULL: the envelope's end is missing */
        bool whole;
    } rows[] = {
        {SOAP "\r\n", "", "", true},
        {SOAP "\r\n", "", NULL, false},
        {SOAP "Content-Length: 9999\r\n\r\n", "", "", false},
        {SOAP "Transfer-Encoding: chunked\r\n\r\n", "fff\r\n", "", false},
        {PACKAGE "\r\n", PART, "\r\n--b--\r\n", true},
        {PACKAGE "\r\n", PART, "", false},
    };
    char *reply = peer_soap_reply("", ACTION "Response", "<r/>");
    const char *envelope = strstr(reply, "\r\n\r\n") + 4;

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_peer_options rude = {&certificates, .shows = "server",
                                        .says_no_goodbye = true};
        const char *suffix = rows[i].suffix;
        char body[1024];
        HRESULT hr;

        snprintf(body, sizeof(body), "%s%s%s", rows[i].prefix, envelope,
                 suffix != NULL ? suffix : "");
        if (suffix == NULL)
            body[strlen(body) - 5] = '\0';
        hr = receive(&rude, rows[i].head, body);
        if (rows[i].whole)
            assert_hr(hr, S_OK);
        else if (hr != WS_E_INVALID_FORMAT)
            assert_hr(hr, WS_E_ENDPOINT_DISCONNECTED);
    }
    free(reply);
}

static void E9__records_of_one_byte__make_the_same_reply(void **state)
{
    struct tls_peer_options peer = {&certificates, .shows = "server",
                                    .sends_tiny_records = true};
    char *reply = peer_soap_reply("HTTP/1.1 200 OK", ACTION "Response", "<r/>");

    (void)state;
    assert_hr(receive(&peer, reply, ""), S_OK);
    free(reply);
}

static void E6__keys_renewed_during_an_upload__do_no_harm(void **state)
{
    struct tls_peer_options peer_options = {&certificates, .shows = "server",
                                            .priorities = TLS_1_3, .renews_keys = true};
    struct peer *behind = PEER_START(takes_all);
    struct tls_peer *peer = tls_peer_start(&peer_options, behind);
    const size_t size = 4u << 20;
    char *document = document_make(size, 1);
    struct diary diary;
    wsd_client_options options = trusting(&diary);
    struct recorded request;
    struct upload upload;
    const char *bytes;
    size_t got;

    (void)state;
    upload_make(&upload, &options, 1);
    upload_send(&upload, tls_peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], document, size), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(behind, &got);
    recorded_read(&request, bytes, got);
    assert_part(&request, 1, document, size);
    recorded_free(&request);
    upload_free(&upload);
    tls_peer_stop(peer);
    peer_stop(behind);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E1__certificate_of_the_peer__each_fault_has_its_code),
        cmocka_unit_test(E1__authorities__are_the_systems_or_only_those_given),
        cmocka_unit_test(E1__revoked_certificate__is_refused_where_the_list_is_given),
        cmocka_unit_test(E1__anybody__is_accepted_only_by_the_one_value),
        cmocka_unit_test(E2__certificate_of_the_client__is_wanted_and_has_to_be_good),
        cmocka_unit_test(E3__version_below_the_least__is_refused),
        cmocka_unit_test(E4__handshake_cut_anywhere__fails_and_nothing_is_sent),
        cmocka_unit_test(E4__no_tls_at_all__fails_as_such),
        cmocka_unit_test(E4__silence_instead_of_a_handshake__is_timed),
        cmocka_unit_test(
            E5__end_without_close_notify__is_truncation_unless_the_end_has_come),
        cmocka_unit_test(E6__keys_renewed_during_an_upload__do_no_harm),
        cmocka_unit_test(E7__key__needs_its_passphrase_which_is_never_told),
        cmocka_unit_test(E7__file_that_cannot_be_read__fails_the_creation),
        cmocka_unit_test(E8__pin__is_the_peers_key_or_nothing_is_sent),
        cmocka_unit_test(E9__records_of_one_byte__make_the_same_reply),
    };

    return cmocka_run_group_tests_name("tls_flow", tests, make_certificates,
                                       remove_certificates);
}
