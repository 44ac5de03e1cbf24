/* The promises of wsd_client.h, and the request byte for byte.  What a reply or a
 * failure of the network means is in tests/flow/test_fault_flow.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/foreign_attachment.h"
#include "support/peer.h"
#include "support/recorded.h"
#include "support/scanner.h"

#define INVALID_URL HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)
#define UNRECOGNIZED_SCHEME HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)
#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};
static const struct peer_step answers_later[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_HOLD},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* ---- Creation -------------------------------------------------------------------------
 */

/* [L1] [L2] */
static void create__options__are_checked(void **state)
{
    static const char *const bad_agents[] = {"", " a", "a ", "a\r\nX: y", "\xc3\xa4"};
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char agent[257];
    wsd_client *client = (wsd_client *)&client;

    (void)state;
    assert_hr(wsd_client_create(NULL, NULL), E_POINTER);
    for (size_t i = 0; i < COUNT(bad_agents); i++) {
        client = (wsd_client *)&client;
        options.user_agent = bad_agents[i];
        assert_hr(wsd_client_create(&options, &client), E_INVALIDARG);
        assert_null(client);
    }
    for (int c = 1; c < 256; c++) {
        char text[] = "a?b";

        text[1] = (char)c;
        options.user_agent = text;
        assert_hr(wsd_client_create(&options, &client),
                  (c >= ' ' && c < 0x7f) || c == '\t' ? S_OK : E_INVALIDARG);
        wsd_client_release(client);
    }
    memset(agent, 'a', sizeof(agent) - 1);
    agent[sizeof(agent) - 1] = '\0';
    options.user_agent = agent;
    assert_hr(wsd_client_create(&options, &client), E_INVALIDARG);
    options.user_agent = NULL;
    options.ring_bytes = ((size_t)1 << 30) + 1;
    assert_hr(wsd_client_create(&options, &client), E_INVALIDARG);
    options.ring_bytes = (size_t)1 << 30;
    assert_hr(wsd_client_create(&options, &client), S_OK);
    wsd_client_release(client);
    options.size--;
    assert_hr(wsd_client_create(&options, &client), E_INVALIDARG);
    assert_null(client);
    assert_hr(wsd_client_create(NULL, &client), S_OK);
    wsd_client_release(client);
    wsd_client_release(NULL);
}

static HRESULT create(const wsd_client_options *options)
{
    wsd_client *client = (wsd_client *)&client;
    HRESULT hr = wsd_client_create(options, &client);

    assert_true((client != NULL) == (hr == S_OK));
    wsd_client_release(client);
    return hr;
}

/* [L31] */
static void create__options_of_before__are_taken(void **state)
{
    static const size_t sizes[] = {offsetof(wsd_client_options, content_length),
                                   offsetof(wsd_client_options, ca_file),
                                   offsetof(wsd_client_options, log_level)};
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        options.ca_file = i < 2 ? "/nowhere/at.all" : NULL;
        options.log_level = 99;
        options.size = sizes[i];
        assert_hr(create(&options), S_OK);
    }
    options.size = sizeof(options);
    assert_hr(create(&options), E_INVALIDARG);
}

/* [L2] */
static void create__options_of_tls__are_checked(void **state)
{
    static const DWORD numbers[] = {1, 2, 0x7FFFFFFF, 0xFFFFFFFF};
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        options.accept_any_certificate = numbers[i];
        assert_hr(create(&options), E_INVALIDARG);
        options.accept_any_certificate = 0;
        options.tls_version_min = numbers[i];
        assert_hr(create(&options), E_INVALIDARG);
        options.tls_version_min = 0;
    }
    options.key_passphrase = "x";
    assert_hr(create(&options), E_INVALIDARG);
    options.key_passphrase = NULL;
    options.key_file = "/dev/null";
    assert_hr(create(&options), E_INVALIDARG);
    options.key_file = NULL;
    options.pinned_key = "/dev/null";
    assert_hr(create(&options), E_INVALIDARG);
    options.pinned_key = NULL;
    options.from = "nobody";
    assert_hr(create(&options), E_INVALIDARG);
}

/* [L2] [L55] */
static void B17__header_line_that_is_ours_or_none__is_refused(void **state)
{
    static const char *const refused[] = {"Host: evil",
                                          "host: evil",
                                          "HOST: evil",
                                          "Content-Length: 1",
                                          "Transfer-Encoding: identity",
                                          "TRANSFER-ENCODING: chunked",
                                          "Expect: 100-continue",
                                          "Content-Type: text/html",
                                          "User-Agent: x",
                                          "MIME-Version: 1.0",
                                          "Connection: close",
                                          "Keep-Alive: 1",
                                          "TE: trailers",
                                          "Trailer: x",
                                          "Upgrade: h2c",
                                          "Proxy-Authorization: Basic eDp5",
                                          "Proxy-Connection: close",
                                          "",
                                          "X",
                                          "X:",
                                          "X: ",
                                          "X: a\r\nY: b",
                                          "X: a\n",
                                          " X: a",
                                          "X : a",
                                          "X: \xc3\xa4",
                                          "X;"};
    static const char *const allowed[] = {"X-Job: 7", "Authorization: Bearer abc",
                                          "Hosts: x", "Accept-Language: de"};
    const char *lines[WSD_MAX_HEADER_LINES + 2] = {NULL};
    char longest[WSD_MAX_HEADER_OCTETS + 1] = "";
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    (void)state;
    options.header_lines = lines;
    assert_hr(create(&options), S_OK);
    for (size_t i = 0; i < COUNT(refused); i++) {
        lines[0] = refused[i];
        assert_hr(create(&options), E_INVALIDARG);
    }
    for (size_t i = 0; i < COUNT(allowed); i++) {
        lines[0] = allowed[i];
        assert_hr(create(&options), S_OK);
    }
    for (size_t i = 0; i < WSD_MAX_HEADER_LINES; i++)
        lines[i] = "X: y";
    assert_hr(create(&options), S_OK);
    lines[WSD_MAX_HEADER_LINES] = "X: y";
    assert_hr(create(&options), E_INVALIDARG);

    lines[1] = NULL;
    lines[0] = memset(longest, 'x', sizeof(longest) - 1);
    memcpy(longest, "X: ", 3);
    assert_hr(create(&options), S_OK);
    lines[1] = "X: y";
    assert_hr(create(&options), E_INVALIDARG);
    lines[2] = NULL;
    longest[sizeof(longest) - 1 - strlen(lines[1])] = '\0';
    assert_hr(create(&options), S_OK);
}

/* ---- On the wire ----------------------------------------------------------------------
 */

static bool is_uuid(const char *text)
{
    static const char form[] = "xxxxxxxx-xxxx-4xxx-yxxx-xxxxxxxxxxxx";

    for (size_t i = 0; form[i] != '\0'; i++)
        switch (form[i]) {
        case 'x':
            if (text[i] == '\0' || strchr("0123456789abcdef", text[i]) == NULL)
                return false;
            break;
        case 'y':
            if (text[i] == '\0' || strchr("89ab", text[i]) == NULL)
                return false;
            break;
        default:
            if (text[i] != form[i])
                return false;
        }
    return true;
}

/* What is different each time. */
struct variables {
    const char *host, *boundary;
    char message_id[37], length[24];
};

/* Puts them for $H, $B, $M and $L.  Caller frees. */
static char *expand(const char *pattern, const struct variables *variables)
{
    char *text = calloc(1, 16384);
    char *at = text;

    assert_non_null(text);
    for (; *pattern != '\0'; pattern++) {
        const char *value = NULL;

        if (*pattern == '$')
            switch (*++pattern) {
            case 'H':
                value = variables->host;
                break;
            case 'B':
                value = variables->boundary;
                break;
            case 'M':
                value = variables->message_id;
                break;
            default:
                value = variables->length;
                break;
            }
        if (value == NULL) {
            *at++ = *pattern;
        } else {
            strcpy(at, value);
            at += strlen(value);
        }
    }
    return text;
}

#define MULTIPART_HEAD(framing)                                                          \
    "POST /service HTTP/1.1\r\n"                                                         \
    "Host: $H\r\n"                                                                       \
    "MIME-Version: 1.0\r\n"                                                              \
    "Content-Type: multipart/related; type=\"application/xop+xml\"; "                    \
    "start=\"<root@soap>\"; start-info=\"application/soap+xml\"; boundary=\"$B\"\r\n"    \
    "User-Agent: WSDAPI\r\n" framing "\r\n"                                              \
    "\r\n"
#define CHUNKED "Transfer-Encoding: chunked"

#define ROOT                                                                             \
    "--$B\r\n"                                                                           \
    "Content-Type: application/xop+xml; charset=UTF-8; "                                 \
    "type=\"application/soap+xml\"\r\n"                                                  \
    "Content-Transfer-Encoding: binary\r\n"                                              \
    "Content-ID: <root@soap>\r\n"                                                        \
    "\r\n"

#define PART(id, type, content)                                                          \
    "\r\n--$B\r\n"                                                                       \
    "Content-Type: " type "\r\n"                                                         \
    "Content-Transfer-Encoding: binary\r\n"                                              \
    "Content-ID: <" id "@body>\r\n"                                                      \
    "\r\n" content

#define END "\r\n--$B--\r\n"

#define ENVELOPE(body)                                                                   \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"                                         \
    "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" "             \
    "xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\" "                    \
    "xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"><soap:Header>"                  \
    "<wsa:To>http://$H/service</wsa:To>"                                                 \
    "<wsa:Action>http://example.org/upload/Upload</wsa:Action>"                          \
    "<wsa:MessageID>urn:uuid:$M</wsa:MessageID>"                                         \
    "<wsa:ReplyTo><wsa:Address>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/"   \
    "anonymous</wsa:Address></wsa:ReplyTo>"                                              \
    "</soap:Header><soap:Body>" body "</soap:Body></soap:Envelope>"

#define INCLUDE(id) "<xop:Include href=\"cid:" id "@body\"/>"

/* [L3] [L4] [L32] */
static void request__of_each_shape__is_this_byte_for_byte(void **state)
{
    static const struct {
        const char *paths[3], *types[3], *contents[3];
        const char *head, *body;
        bool content_length;
    } rows[] = {
        {.head = "POST /service HTTP/1.1\r\n"
                 "Host: $H\r\n"
                 "Content-Type: application/soap+xml\r\n"
                 "User-Agent: WSDAPI\r\n"
                 "Content-Length: $L\r\n"
                 "\r\n",
         .body = ENVELOPE("<U><D/><P><D/></P><P><D/></P></U>")},
        {.paths = {"U/D"},
         .types = {NULL},
         .contents = {"document"},
         .head = MULTIPART_HEAD(CHUNKED),
         .body = ROOT ENVELOPE("<U><D>" INCLUDE("0") "</D><P><D/></P><P><D/></P></U>")
             PART("0", "application/octet-stream", "document") END},
        {.paths = {"U/P[2]/D", "U/D[1]", "U/P/D"},
         .types = {"image/jpeg", "text/plain; charset=\"utf-8\"", NULL},
         .contents = {"1\r\n--2\r\n", "", "3"},
         .head = MULTIPART_HEAD(CHUNKED),
         .body = ROOT ENVELOPE("<U><D>" INCLUDE("1") "</D><P><D>" INCLUDE(
             "2") "</D></P><P><D>" INCLUDE("0") "</D></P></U>")
             PART("0", "image/jpeg", "1\r\n--2\r\n")
                 PART("1", "text/plain; charset=\"utf-8\"", "")
                     PART("2", "application/octet-stream", "3") END},
        {.paths = {"U/D", "U/P/D"},
         .types = {"image/jpeg", NULL},
         .contents = {"document", ""},
         .head = MULTIPART_HEAD("Content-Length: $L"),
         .body = ROOT ENVELOPE("<U><D>" INCLUDE("0") "</D><P><D>" INCLUDE(
             "1") "</D></P><P><D/></P></U>") PART("0", "image/jpeg", "document")
             PART("1", "application/octet-stream", "") END,
         .content_length = true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = PEER_START(takes_all);
        struct variables variables = {.host = peer_url(peer) + strlen("http://")};
        wsd_client_options client = WSD_CLIENT_OPTIONS_INIT;
        wsd_part_options options = WSD_PART_OPTIONS_INIT;
        struct upload upload;
        struct recorded request;
        const char *bytes, *id;
        char host[32], *expected;
        size_t size;

        client.content_length = rows[i].content_length;
        upload_make(&upload, &client, 0);
        assert_hr(wsd_outbound_message_set_body(upload.message,
                                                "<U><D/><P><D/></P><P><D/></P></U>", 33),
                  S_OK);
        for (size_t j = 0; j < 3 && rows[i].paths[j] != NULL; j++) {
            uint64_t length = strlen(rows[i].contents[j]);

            upload.parts[j] = attachment_create();
            options.content_type = rows[i].types[j];
            options.length = rows[i].content_length ? &length : NULL;
            assert_hr(wsd_outbound_message_attach(upload.message, rows[i].paths[j],
                                                  upload.parts[j], &options),
                      S_OK);
        }
        upload_send(&upload, peer_url(peer));
        for (size_t j = 0; j < 3 && rows[i].paths[j] != NULL; j++) {
            assert_hr(attachment_open(upload.parts[j]), S_OK);
            assert_hr(attachment_write_all(upload.parts[j], rows[i].contents[j],
                                           strlen(rows[i].contents[j])),
                      S_OK);
            assert_hr(attachment_close(upload.parts[j]), S_OK);
        }
        assert_hr(upload_result(&upload), S_OK);
        bytes = peer_finish(peer, &size);
        recorded_read(&request, bytes, size);

        assert_true(request.whole);
        snprintf(host, sizeof(host), "%.*s", (int)strcspn(variables.host, "/"),
                 variables.host);
        id = strstr(request.body, "urn:uuid:");
        assert_non_null(id);
        assert_true(is_uuid(id + 9));
        snprintf(variables.message_id, sizeof(variables.message_id), "%s", id + 9);
        snprintf(variables.length, sizeof(variables.length), "%zu", request.body_size);
        variables.host = host;
        variables.boundary = request.boundary;
        if (i > 0) {
            assert_true(is_uuid(request.boundary));
            assert_int_equal(strlen(request.boundary), 36);
            assert_string_not_equal(request.boundary, variables.message_id);
        }
        expected = expand(rows[i].head, &variables);
        assert_string_equal(request.head, expected);
        free(expected);
        expected = expand(rows[i].body, &variables);
        assert_string_equal(request.body, expected);
        free(expected);
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [L4] */
static void request__of_each_message__has_its_own_random_names(void **state)
{
    char boundaries[4][71], ids[4][37];

    (void)state;
    for (size_t i = 0; i < COUNT(ids); i++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct recorded request;
        const char *bytes;
        size_t size;

        upload_make(&upload, NULL, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        assert_hr(upload_result(&upload), S_OK);
        bytes = peer_finish(peer, &size);
        recorded_read(&request, bytes, size);
        strcpy(boundaries[i], request.boundary);
        snprintf(ids[i], sizeof(ids[i]), "%s", strstr(request.body, "urn:uuid:") + 9);
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(boundaries[i], boundaries[j]);
            assert_string_not_equal(ids[i], ids[j]);
        }
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* They are copied.  [L54] [L55] */
static void request__lines_and_from__are_the_options(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char line[] = "X-Job: 7", from[] = "urn:uuid:00000000-0000-4000-8000-000000000001";
    const char *lines[] = {line, "Accept: text/xml", NULL};
    struct upload upload;
    struct recorded request;
    const char *bytes;
    size_t size;

    (void)state;
    options.header_lines = lines;
    options.from = from;
    upload_make(&upload, &options, 1);
    memset(line, 'x', strlen(line));
    memset(from, 'x', strlen(from));
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_non_null(strstr(request.head, "\r\nUser-Agent: WSDAPI\r\nX-Job: 7\r\n"
                                         "Accept: text/xml\r\nTransfer-Encoding: "
                                         "chunked\r\n\r\n"));
    assert_non_null(strstr(request.body, "</wsa:ReplyTo><wsa:From><wsa:Address>"
                                         "urn:uuid:00000000-0000-4000-8000-000000000001"
                                         "</wsa:Address></wsa:From></soap:Header>"));
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* [L56] */
static void
request__that_expects_continue__goes_on_when_told_or_after_a_while(void **state)
{
    static const struct peer_step says_so[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = "HTTP/1.1 100 Continue\r\n\r\n"},
        {.what = PEER_READ_UNTIL, .text = "\r\n0\r\n\r\n"},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const struct peer_step is_silent[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const struct peer_step knows_no_expect[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const struct peer_step says_so_late[] = {
        {.what = PEER_READ_UNTIL, .text = "document"},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 417 Expectation Failed\r\nContent-Length: 0\r\n\r\n"},
        {.what = PEER_READ_TO_END},
    };
    static const struct peer_step refuses[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n"},
        {.what = PEER_READ_TO_END},
    };
    static const struct {
        const struct peer_step *steps;
        size_t count;
        HRESULT hr;
    } rows[] = {{says_so, COUNT(says_so), S_OK},
                {is_silent, COUNT(is_silent), S_OK},
                {knows_no_expect, COUNT(knows_no_expect), S_OK},
                {says_so_late, COUNT(says_so_late), HTTP_E_STATUS(417)},
                {refuses, COUNT(refuses), HTTP_E_STATUS(413)}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer *peer = peer_start(rows[i].steps, rows[i].count);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;
        const char *bytes;
        HRESULT hr;

        options.expect_continue = TRUE;
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        hr = attachment_write_all(upload.parts[0], "document", 8);
        if (hr == S_OK)
            hr = attachment_close(upload.parts[0]);
        if (FAILED(hr)) /* perhaps when Close had already returned */
            assert_hr(hr, rows[i].hr);
        assert_hr(upload_result(&upload), rows[i].hr);
        upload_free(&upload);
        bytes = peer_finish(peer, NULL);
        assert_false(peer_was_contacted(peer));
        assert_non_null(strstr(bytes, "\r\nExpect: 100-continue\r\n"));
        assert_true((strstr(bytes, "document") == NULL) ==
                    (rows[i].hr == HTTP_E_STATUS(413)));
        peer_stop(peer);
    }
}

static void request__user_agent__is_the_option(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char agent[] = "scan/1.0 (a; b)";
    struct upload upload;

    (void)state;
    options.user_agent = agent;
    upload_make(&upload, &options, 0);
    memset(agent, 'x', sizeof(agent) - 1); /* it was copied */
    upload_send(&upload, peer_url(peer));
    assert_hr(upload_result(&upload), S_OK);
    assert_non_null(
        strstr(peer_finish(peer, NULL), "\r\nUser-Agent: scan/1.0 (a; b)\r\n"));
    upload_free(&upload);
    peer_stop(peer);
}

/* A program's environment names proxies for its browser. */
static void request__proxy_in_the_environment__is_not_used(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    (void)state;
    setenv("http_proxy", peer_refusing_url(), 1);
    setenv("all_proxy", peer_refusing_url(), 1);
    upload_make(&upload, NULL, 0);
    upload_send(&upload, peer_url(peer));
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
}

/* ---- Send -----------------------------------------------------------------------------
 */

/* [L4]: the client does what it was asked in order. */
static void send__with_attachments__transmits_with_the_first_write(void **state)
{
    struct peer *peer = PEER_START(takes_all), *armed = PEER_START(takes_all);
    struct upload upload;
    wsd_outbound_message *other = message_create(BODY);
    wsd_inbound_message *reply;

    (void)state;
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(armed));
    assert_hr(wsd_client_send(upload.client, peer_url(peer), other), S_OK);
    assert_hr(wsd_client_receive(upload.client, other, PEER_PATIENCE_MS, &reply), S_OK);
    wsd_inbound_message_release(reply);
    assert_false(peer_was_contacted(armed));

    attachment_set_budget(upload.parts[1], 20); /* the second one will do */
    assert_hr(attachment_open(upload.parts[1]), STG_S_BLOCK);

    peer_wait_for_step(armed, 0);
    for (size_t i = 0; i < 2; i++) {
        attachment_set_budget(upload.parts[i], INFINITE);
        assert_hr(attachment_open(upload.parts[i]), S_OK);
        assert_hr(attachment_close(upload.parts[i]), S_OK);
    }
    assert_hr(upload_result(&upload), S_OK);
    wsd_outbound_message_release(other);
    upload_free(&upload);
    peer_stop(peer);
    peer_stop(armed);
}

/* [L5] [L6] [L7] [L11] */
static void send__bad_url__has_its_code_and_contacts_nobody(void **state)
{
    static const struct {
        const char *url; /* $H: the peer */
        HRESULT hr;
    } rows[] = {
        {"http://$H/a\r\nX: y", E_INVALIDARG},
        {"http://$H/a b", E_INVALIDARG},
        {" http://$H/", E_INVALIDARG},
        {"http://$H/ ", E_INVALIDARG},
        {"http://$H/\t", E_INVALIDARG},
        {"http://$H/\xc3\xa4", E_INVALIDARG},
        {"http://user@$H/", E_INVALIDARG},
        {"http://user:secret@$H/", E_INVALIDARG},
        {"http://:secret@$H/", E_INVALIDARG},
        {"http://@$H/", E_INVALIDARG},
        {"http://$H/#", E_INVALIDARG},
        {"http://$H/#a", E_INVALIDARG},
        {"http://$H?a#b", E_INVALIDARG},
        {"http://example.invalid\\@$H/", E_INVALIDARG},
        {"ftp://$H/", UNRECOGNIZED_SCHEME},
        {"file:///etc/passwd", UNRECOGNIZED_SCHEME},
        {"gopher://$H/", UNRECOGNIZED_SCHEME},
        {"ws://$H/", UNRECOGNIZED_SCHEME},
        {"httpx://$H/", UNRECOGNIZED_SCHEME},
        {"soap.udp://$H/", UNRECOGNIZED_SCHEME},
        {"urn:uuid:00000000-0000-4000-8000-000000000000", UNRECOGNIZED_SCHEME},
        {"", INVALID_URL},
        {"$H", UNRECOGNIZED_SCHEME}, /* the number looks like a host's name */
        {"//$H/", INVALID_URL},
        {"/service", INVALID_URL},
        {"http:", INVALID_URL},
        {"http://", INVALID_URL},
        {"http:$H/", INVALID_URL},
        {"http:/$H/", INVALID_URL},
        {"http:///$H/", INVALID_URL},
        {"http://:80/", INVALID_URL},
        {"http://[::1/", INVALID_URL},
        {"http://$H0000/", INVALID_URL},
        {"http://127.0.0.1:x/", INVALID_URL},
        {"http://a%0d%0ab/", INVALID_URL},
    };
    struct peer *peer = peer_start(NULL, 0), *good = PEER_START(takes_all);
    struct variables variables = {0};
    char host[32], *longest = malloc(WSD_MAX_URI + 2);
    struct upload upload;

    (void)state;
    variables.host = host;
    snprintf(host, sizeof(host), "%.*s", (int)strcspn(peer_url(peer) + 7, "/"),
             peer_url(peer) + 7);
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], 0);
    for (size_t i = 0; i < COUNT(rows); i++) {
        char *url = expand(rows[i].url, &variables);

        if (wsd_client_send(upload.client, url, upload.message) != rows[i].hr)
            fail_msg("%s", rows[i].url);
        assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);
        free(url);
    }
    for (int c = 1; c < 256; c++) {
        char url[64];

        snprintf(url, sizeof(url), "http://%s/a%cb", host, c);
        if (c <= ' ' || c >= 0x7f || c == '#')
            assert_hr(wsd_client_send(upload.client, url, upload.message), E_INVALIDARG);
    }
    assert_non_null(longest);
    memset(longest, 'a', WSD_MAX_URI + 1);
    memcpy(longest, peer_url(good), strlen(peer_url(good)));
    longest[WSD_MAX_URI + 1] = '\0';
    assert_hr(wsd_client_send(upload.client, longest, upload.message), E_INVALIDARG);
    assert_hr(wsd_client_send(NULL, peer_url(peer), upload.message), E_POINTER);
    assert_hr(wsd_client_send(upload.client, NULL, upload.message), E_POINTER);
    assert_hr(wsd_client_send(upload.client, peer_url(peer), NULL), E_POINTER);

    /* after all that it may be sent */
    longest[WSD_MAX_URI] = '\0';
    upload_send(&upload, longest);
    attachment_set_budget(upload.parts[0], INFINITE);
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    assert_false(peer_was_contacted(peer));
    peer_stop(peer);
    peer_stop(good);
    free(longest);
}

/* [L8] [L11] */
static void send__envelope_at_its_limit__is_sent_and_above_it_not(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char body[WSD_MAX_ENVELOPE + 1] = "<a>", url[64];
    size_t size, fits = 0, too_much = WSD_MAX_ENVELOPE - 7;
    struct upload upload;
    struct recorded request;
    const char *bytes;

    (void)state;
    upload_make(&upload, NULL, 0);
    /* The envelope of a URL that is refused later, of the same length, tells what fits.
     */
    snprintf(url, sizeof(url), "%s", peer_url(peer));
    url[strlen(url) - 1] = '#';
    while (too_much - fits > 1) {
        size_t text = (fits + too_much) / 2;
        HRESULT hr;

        memset(body + 3, 'x', text);
        memcpy(body + 3 + text, "</a>", 4);
        assert_hr(wsd_outbound_message_set_body(upload.message, body, text + 7), S_OK);
        hr = wsd_client_send(upload.client, url, upload.message);
        if (hr == WS_E_QUOTA_EXCEEDED) {
            too_much = text;
        } else {
            assert_hr(hr, E_INVALIDARG);
            fits = text;
        }
    }
    memset(body + 3, 'x', fits);
    memcpy(body + 3 + fits, "</a>", 4);
    assert_hr(wsd_outbound_message_set_body(upload.message, body, fits + 7), S_OK);
    upload_send(&upload, peer_url(peer));
    assert_hr(upload_result(&upload), S_OK);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_int_equal(request.body_size, WSD_MAX_ENVELOPE);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);

    options.max_envelope_bytes = 500;
    upload_make(&upload, &options, 1);
    assert_hr(wsd_client_send(upload.client, "http://127.0.0.1/", upload.message),
              WS_E_QUOTA_EXCEEDED);
    upload_free(&upload);
}

/* [L9] */
static void send__twice__is_refused(void **state)
{
    struct peer *peer = PEER_START(takes_all), *other = peer_start(NULL, 0);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(wsd_client_send(upload.client, peer_url(other), upload.message),
              INVALID_OPERATION);
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    assert_hr(wsd_client_send(upload.client, peer_url(other), upload.message),
              INVALID_OPERATION);
    upload_free(&upload);
    assert_false(peer_was_contacted(other));
    peer_stop(other);
    peer_stop(peer);
}

/* [L10]: at once, for a program that never waits. */
static void send__attachment_has_ended__fails_the_others(void **state)
{
    (void)state;
    for (int released = 0; released <= 1; released++)
        for (size_t ended = 0; ended < 3; ended++) {
            struct peer *peer = peer_start(NULL, 0);
            struct upload upload;

            upload_make(&upload, NULL, 3);
            for (size_t i = 0; i < 3; i++) {
                attachment_set_budget(upload.parts[i], 0);
                assert_hr(attachment_open(upload.parts[i]), STG_S_BLOCK);
            }
            if (released) {
                assert_int_equal(attachment_release(upload.parts[ended]), 0);
                upload.parts[ended] = NULL;
            } else {
                assert_hr(attachment_abort(upload.parts[ended]), S_OK);
            }

            assert_hr(wsd_client_send(upload.client, peer_url(peer), upload.message),
                      E_ABORT);

            for (size_t i = 0; i < 3; i++)
                if (i != ended)
                    assert_hr(attachment_open(upload.parts[i]), E_ABORT);
            upload_free(&upload);
            assert_false(peer_was_contacted(peer));
            peer_stop(peer);
        }
}

struct eager {
    struct upload *upload;
    pthread_t sender;
    bool opened, closed;
};

/* Whatever it tries, send(), which has called it, is not done with the second attachment.
 */
static void write_all_at_once(void *context)
{
    struct eager *eager = context;

    if (!pthread_equal(pthread_self(), eager->sender))
        return;
    for (int i = 0; i < 100 && !eager->closed; i++) {
        struct timespec pause = {0, 1000000};

        eager->opened = eager->opened || attachment_open(eager->upload->parts[0]) == S_OK;
        eager->closed =
            eager->opened && attachment_close(eager->upload->parts[0]) == S_OK;
        nanosleep(&pause, NULL);
    }
}

/* A program may write the first attachment away before send() has returned.  [L4] */
static void send__attachment_is_written_meanwhile__others_are_armed(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;
    struct eager eager = {.upload = &upload, .sender = pthread_self()};

    (void)state;
    upload_make(&upload, NULL, 2);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[0],
                                                write_all_at_once, &eager),
              S_OK);
    attachment_set_budget(upload.parts[0], 0);
    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);

    upload_send(&upload, peer_url(peer));

    attachment_set_budget(upload.parts[0], INFINITE);
    if (!eager.closed) {
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
    }
    assert_hr(attachment_open(upload.parts[1]), S_OK);
    assert_hr(attachment_close(upload.parts[1]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* Each call of an application that the library has to refuse; nothing goes out. */
static void bad_input__of_every_kind__contacts_nobody(void **state)
{
    struct peer *peer = peer_start(NULL, 0);
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    IWSDOutboundAttachment *other = attachment_create();
    wsd_outbound_message *message = NULL;
    struct foreign_attachment foreign;
    struct upload upload;
    char url[128];
    DWORD written;

    (void)state;
    upload_make(&upload, NULL, 1);
    foreign_attachment_init(&foreign, SAYS_NO);
    assert_hr(wsd_outbound_message_create("urn:a\r\nX: y", &message), E_INVALIDARG);
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data", other, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS));
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/None", other, NULL),
              HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data[2]",
                                          upload.parts[0], NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data[2]",
                                          &foreign.iface, NULL),
              E_INVALIDARG);
    options.content_type = "text/plain\r\nX: y";
    assert_hr(
        wsd_outbound_message_attach(upload.message, "Upload/Data[2]", other, &options),
        E_INVALIDARG);
    assert_hr(wsd_outbound_message_set_body(upload.message, "<a/><b/>", 8),
              INVALID_OPERATION);
    snprintf(url, sizeof(url), "%s\r\nX: y", peer_url(peer));
    assert_hr(wsd_client_send(upload.client, url, upload.message), E_INVALIDARG);
    assert_hr(attachment_write(upload.parts[0], NULL, 1, &written), E_INVALIDARG);
    assert_hr(attachment_write(upload.parts[0], "x", 1, NULL), E_POINTER);
    assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
    assert_hr(attachment_abort(upload.parts[0]), INVALID_OPERATION);

    /* nor when the message was sent and the stream not opened */
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write(upload.parts[0], NULL, 1, &written), E_INVALIDARG);
    assert_hr(attachment_write(upload.parts[0], "x", 1, NULL), E_POINTER);
    assert_hr(attachment_close(upload.parts[0]), INVALID_OPERATION);
    assert_hr(attachment_abort(upload.parts[0]), INVALID_OPERATION);
    upload_free(&upload);
    attachment_release(other);
    assert_false(peer_was_contacted(peer));
    peer_stop(peer);
}

/* ---- Receive --------------------------------------------------------------------------
 */

/* [L12] [L13] [L14] [L25] */
static void receive__reply__is_handed_over_once(void **state)
{
    struct peer *peer = PEER_START(answers_later);
    wsd_inbound_message *reply = (wsd_inbound_message *)&reply;
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    assert_hr(wsd_client_receive(upload.client, upload.message, 0, &reply),
              INVALID_OPERATION);
    assert_null(reply);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    reply = (wsd_inbound_message *)&reply;
    assert_hr(wsd_client_receive(upload.client, upload.message, 0, &reply), STG_S_BLOCK);
    assert_null(reply);
    assert_hr(wsd_client_receive(upload.client, upload.message, 20, &reply), STG_S_BLOCK);
    assert_null(reply);
    peer_go(peer);

    assert_hr(wsd_client_receive(upload.client, upload.message, INFINITE, &reply), S_OK);

    assert_non_null(reply);
    wsd_inbound_message_release(reply);
    reply = (wsd_inbound_message *)&reply;
    assert_hr(wsd_client_receive(upload.client, upload.message, INFINITE, &reply),
              INVALID_OPERATION);
    assert_null(reply);
    upload_free(&upload);
    peer_stop(peer);
}

/* The peer holds back the envelope, and then the document until the reply is there.
 * [L13] [L14] [L30] */
static void receive__attachment_is_still_on_its_way__does_not_wait_for_it(void **state)
{
    static const char rest[] = "late\r\n--b--\r\n";
    struct scan scan = {0};

    (void)state;
    put_root(&scan.body, 1);
    put_part(&scan.body, "Content-ID: <0@scan>\r\n", "", 0);
    put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE,
             scan.body.size + sizeof(rest) - 1);
    bytes_put(&scan.reply, "", 1);
    scan.steps[0] = (struct peer_step){.what = PEER_READ_MESSAGE};
    scan.steps[1] = (struct peer_step){.what = PEER_SEND, .text = scan.reply.at};
    scan.steps[2] = (struct peer_step){.what = PEER_HOLD};
    scan.steps[3] = (struct peer_step){
        .what = PEER_SEND, .text = scan.body.at, .size = scan.body.size};
    scan.steps[4] = (struct peer_step){.what = PEER_HOLD};
    scan.steps[5] = (struct peer_step){.what = PEER_SEND, .text = rest};
    scan.peer = peer_start(scan.steps, COUNT(scan.steps));
    upload_make(&scan.upload, NULL, 0);
    upload_send(&scan.upload, peer_url(scan.peer));
    peer_wait_for_step(scan.peer, 2);
    assert_hr(
        wsd_client_receive(scan.upload.client, scan.upload.message, 50, &scan.message),
        STG_S_BLOCK);
    peer_go(scan.peer);

    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);

    assert_int_equal(wsd_inbound_message_http_status(scan.message), 200);
    assert_string_equal(wsd_inbound_message_action(scan.message), "urn:scanned");
    peer_go(scan.peer);
    page_expect(scan.message, 0, "late", 4, 100);
    scan_free(&scan);
}

/* [L26] */
static void receive__bad_arguments__are_refused(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_inbound_message *reply = (wsd_inbound_message *)&reply;
    struct upload upload;
    wsd_client *other;

    (void)state;
    upload_make(&upload, NULL, 0);
    assert_hr(wsd_client_create(NULL, &other), S_OK);
    upload_send(&upload, peer_url(peer));
    assert_hr(wsd_client_receive(upload.client, upload.message, 0, NULL), E_POINTER);
    assert_hr(wsd_client_receive(NULL, upload.message, 0, &reply), E_POINTER);
    assert_null(reply);
    reply = (wsd_inbound_message *)&reply;
    assert_hr(wsd_client_receive(upload.client, NULL, 0, &reply), E_POINTER);
    assert_null(reply);
    assert_hr(wsd_client_receive(other, upload.message, INFINITE, &reply), E_INVALIDARG);
    assert_hr(upload_result(&upload), S_OK);
    wsd_client_release(other);
    upload_free(&upload);
    peer_stop(peer);
}

/* [L20] [L12] */
static void receive__attachment_was_aborted__says_so(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    wsd_inbound_message *reply = (wsd_inbound_message *)&reply;
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_open(upload.parts[0]), S_OK);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(upload_receive(&upload, &reply), E_ABORT);
    assert_null(reply);
    upload_free(&upload);
    peer_stop(peer);
}

/* ---- Release --------------------------------------------------------------------------
 */

/* [L27] [L20] */
static void release__in_the_middle__fails_what_is_not_finished(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    const size_t size = 64u << 20;
    char *zeros = calloc(1, size);
    wsd_outbound_message *armed = message_create(BODY);
    IWSDOutboundAttachment *unwritten = attachment_create();
    struct upload upload;
    struct recorded request;
    struct call call;
    const char *bytes;
    size_t recorded_size;

    (void)state;
    assert_non_null(zeros);
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(wsd_outbound_message_attach(armed, "Upload/Data", unwritten, NULL), S_OK);
    assert_hr(wsd_client_send(upload.client, peer_url(peer), armed), S_OK);
    for (size_t i = 0; i < 2; i++)
        attachment_set_budget(upload.parts[i], INFINITE);
    call_begin(&call, upload.parts[0], WRITE, zeros, size);
    WORKER_AWAIT(attachment_progress(upload.parts[0]).accepted > 0);

    wsd_client_release(upload.client);

    upload.client = NULL;
    assert_hr(call_end(&call), E_ABORT);
    for (size_t i = 0; i < 2; i++) {
        assert_hr(attachment_open(upload.parts[i]), E_ABORT);
        assert_hr(attachment_close(upload.parts[i]), E_ABORT);
        assert_hr(attachment_abort(upload.parts[i]), E_ABORT);
    }
    assert_hr(attachment_open(unwritten), E_ABORT);
    peer_go(peer);
    bytes = peer_finish(peer, &recorded_size);
    recorded_read(&request, bytes, recorded_size);
    assert_cut(&request);
    recorded_free(&request);
    upload_free(&upload);
    wsd_outbound_message_release(armed);
    attachment_release(unwritten);
    peer_stop(peer);
    free(zeros);
}

/* ---- Diagnostics ----------------------------------------------------------------------
 */

struct lines {
    unsigned count;
    bool has_line_end;
    bool has_url;
};

static void WSD_CALL keep_line(void *context, const wsd_log_entry *entry)
{
    struct lines *lines = context;

    lines->count++;
    lines->has_line_end = lines->has_line_end || strpbrk(entry->text, "\r\n") != NULL;
    lines->has_url = lines->has_url || strstr(entry->text, "http://127.0.0.1:") != NULL;
}

static void log__transfer_fails__says_in_one_line_what_the_transport_says(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct lines lines = {0};
    struct upload upload;

    (void)state;
    options.log = keep_line;
    options.log_context = &lines;
    upload_make(&upload, &options, 0);
    upload_send(&upload, peer_refusing_url());
    assert_hr(upload_result(&upload), CANNOT_CONNECT);
    upload_free(&upload);
    assert_int_equal(lines.count, 1);
    assert_false(lines.has_line_end);
    assert_true(lines.has_url);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__options__are_checked),
        cmocka_unit_test(request__of_each_shape__is_this_byte_for_byte),
        cmocka_unit_test(request__of_each_message__has_its_own_random_names),
        cmocka_unit_test(create__options_of_before__are_taken),
        cmocka_unit_test(create__options_of_tls__are_checked),
        cmocka_unit_test(B17__header_line_that_is_ours_or_none__is_refused),
        cmocka_unit_test(request__lines_and_from__are_the_options),
        cmocka_unit_test(
            request__that_expects_continue__goes_on_when_told_or_after_a_while),
        cmocka_unit_test(request__user_agent__is_the_option),
        cmocka_unit_test(request__proxy_in_the_environment__is_not_used),
        cmocka_unit_test(send__with_attachments__transmits_with_the_first_write),
        cmocka_unit_test(send__bad_url__has_its_code_and_contacts_nobody),
        cmocka_unit_test(send__envelope_at_its_limit__is_sent_and_above_it_not),
        cmocka_unit_test(send__twice__is_refused),
        cmocka_unit_test(send__attachment_has_ended__fails_the_others),
        cmocka_unit_test(send__attachment_is_written_meanwhile__others_are_armed),
        cmocka_unit_test(bad_input__of_every_kind__contacts_nobody),
        cmocka_unit_test(receive__reply__is_handed_over_once),
        cmocka_unit_test(receive__attachment_is_still_on_its_way__does_not_wait_for_it),
        cmocka_unit_test(receive__bad_arguments__are_refused),
        cmocka_unit_test(receive__attachment_was_aborted__says_so),
        cmocka_unit_test(release__in_the_middle__fails_what_is_not_finished),
        cmocka_unit_test(log__transfer_fails__says_in_one_line_what_the_transport_says),
    };

    return cmocka_run_group_tests_name("client_contract", tests, NULL, NULL);
}
