/* Rows C19, C20 and F1 to F10 of tests/FAULTS.md for a client: what peers may answer,
 * while another message of the same client is on its way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/bytes.h"
#include "support/peer.h"
#include "support/recorded.h"

#define INVALID HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
#define OVERFLOW HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW)

/* In an attack $ is this envelope, and @ and # are its size, decimal and in hex. */
#define ENVELOPE                                                                         \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><Done>all"  \
    "</Done></s:Body></s:Envelope>"

#define OK "HTTP/1.1 200 OK\r\n"
#define LENGTH "Content-Length: @\r\n"
#define CODING "Transfer-Encoding: chunked\r\n"
#define CHUNKS "\r\n#\r\n$\r\n0\r\n\r\n"

struct attack {
    const char *text;
    size_t size;
    HRESULT hr;
};
#define ATTACK(bytes, code)                                                              \
    {                                                                                    \
        .text = (bytes), .size = sizeof(bytes) - 1, .hr = (code)                         \
    }
#define TAKEN(text) ATTACK(text, S_OK)
#define REFUSED(text) ATTACK(text, INVALID)

static void put_attack(struct bytes *bytes, const char *text, size_t size)
{
    char number[24];

    for (size_t i = 0; i < size; i++) {
        snprintf(number, sizeof(number), text[i] == '#' ? "%zx" : "%zu",
                 strlen(ENVELOPE));
        if (text[i] == '$')
            bytes_say(bytes, ENVELOPE);
        else if (text[i] == '@' || text[i] == '#')
            bytes_say(bytes, number);
        else
            bytes_put(bytes, &text[i], 1);
    }
}

/* ---- A client, and its message that goes on -------------------------------------------
 */

struct bystander {
    struct peer *peer;
    struct upload upload;
    struct bytes written;
};

static void bystander_open(struct bystander *self, const wsd_client_options *options)
{
    static const struct peer_step takes_all[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };

    *self = (struct bystander){.peer = PEER_START(takes_all)};
    upload_make(&self->upload, options, 1);
    upload_send(&self->upload, peer_url(self->peer));
}

static void bystander_write(struct bystander *self, const char *text)
{
    bytes_say(&self->written, text);
    assert_hr(attachment_write_all(self->upload.parts[0], text, strlen(text)), S_OK);
}

static void bystander_close(struct bystander *self)
{
    struct recorded request;
    const char *bytes;
    size_t size;

    assert_hr(attachment_close(self->upload.parts[0]), S_OK);
    assert_hr(upload_result(&self->upload), S_OK);
    bytes = peer_finish(self->peer, &size);
    recorded_read(&request, bytes, size);
    assert_part(&request, 1, self->written.at, self->written.size);
    recorded_free(&request);
    upload_free(&self->upload);
    peer_stop(self->peer);
    bytes_free(&self->written);
}

/* What a message with a document gets for this answer, which ends with the connection.
 * A document of which Close was told that it is out stays so. */
static HRESULT answered(struct bystander *bystander, const struct bytes *answer,
                        size_t *sent)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND_SOME, .text = answer->at, .size = answer->size},
    };
    struct peer *peer = PEER_START(steps);
    IWSDOutboundAttachment *a = attachment_create();
    wsd_outbound_message *message = message_create(BODY);
    wsd_client *client = bystander->upload.client;
    wsd_inbound_message *reply;
    HRESULT close, hr;

    bystander_write(bystander, "more ");
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL), S_OK);
    assert_hr(wsd_client_send(client, peer_url(peer), message), S_OK);
    assert_hr(attachment_write_all(a, "document", 8), S_OK);
    close = attachment_close(a);
    hr = wsd_client_receive(client, message, PEER_PATIENCE_MS, &reply);
    if (close != S_OK)
        assert_hr(close, hr);
    if (hr == S_OK) {
        const char *text;

        assert_non_null(reply);
        assert_hr(wsd_inbound_message_find_text(reply, "Done", &text), S_OK);
        assert_string_equal(text, "all");
    }
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(message);
    attachment_release(a);
    peer_finish(peer, NULL);
    if (sent != NULL)
        *sent = peer_sent(peer);
    assert_false(peer_was_contacted(peer));
    peer_stop(peer);
    return hr;
}

static void run_attacks(const struct attack *attacks, size_t count)
{
    struct bystander bystander;

    bystander_open(&bystander, NULL);
    for (size_t i = 0; i < count; i++) {
        struct bytes answer = {0};
        HRESULT hr;

        put_attack(&answer, attacks[i].text, attacks[i].size);
        hr = answered(&bystander, &answer, NULL);
        if (hr != attacks[i].hr)
            print_error("%s\n", attacks[i].text);
        assert_hr(hr, attacks[i].hr);
        bytes_free(&answer);
    }
    bystander_close(&bystander);
}

/* `head`, then `count` times `text`, then `tail`.  Returns how much of it was taken. */
static size_t run_many(const char *head, const char *text, size_t count, const char *tail,
                       HRESULT expected)
{
    struct bystander bystander;
    struct bytes answer = {0};
    size_t sent;

    bystander_open(&bystander, NULL);
    put_attack(&answer, head, strlen(head));
    for (size_t i = 0; i < count; i++)
        bytes_say(&answer, text);
    put_attack(&answer, tail, strlen(tail));
    assert_hr(answered(&bystander, &answer, &sent), expected);
    bytes_free(&answer);
    bystander_close(&bystander);
    return sent;
}

/* ---- The rows -------------------------------------------------------------------------
 */

static void F1__lengths_of_a_reply__are_one_number_or_refused(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(OK LENGTH "\r\n$"), /* nothing is wrong with these two */
        TAKEN(OK "\r\n$"),
        REFUSED(OK LENGTH CODING CHUNKS),
        REFUSED(OK CODING LENGTH CHUNKS),
        REFUSED(OK LENGTH LENGTH "\r\n$"),
        REFUSED(OK LENGTH "Content-Length: 5\r\n\r\n$"),
        REFUSED(OK "Content-Length: @, @\r\n\r\n$"),
        REFUSED(OK "Content-Length: -1\r\n\r\n$"),
        REFUSED(OK "Content-Length: +@\r\n\r\n$"),
        REFUSED(OK "Content-Length: 0x#\r\n\r\n$"),
        REFUSED(OK "Content-Length:\r\n\r\n$"),
        REFUSED(OK "Content-Length: @ bytes\r\n\r\n$"),
        REFUSED(OK "Content-Length:\r\n @\r\n\r\n$"),
        REFUSED(OK "Content-Length: @\r\n 0\r\n\r\n$"),
        REFUSED(OK "Content-Length: 18446744073709551615\r\n\r\n$"),
        REFUSED(OK "Content-Length: 18446744073709551616\r\n\r\n$"),
        REFUSED(OK "Content-Length: 9223372036854775808\r\n\r\n$"),
        ATTACK(OK "Content-Length: 999999999999999999\r\n\r\n$",
               WS_E_ENDPOINT_DISCONNECTED),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F2__codings_of_a_reply__are_chunked_once_or_refused(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(OK CODING CHUNKS),
        TAKEN(OK "transfer-encoding:CHUNKED \r\n" CHUNKS),
        REFUSED(OK CODING CODING CHUNKS),
        REFUSED(OK "Transfer-Encoding: chunked, chunked\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding: gzip, chunked\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding: gzip\r\n" CODING CHUNKS),
        REFUSED(OK "Transfer-Encoding: identity\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding: xchunked\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding: \vchunked\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding:\r\n chunked\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding: chunked\r\n , x\r\n" CHUNKS),
        REFUSED(OK "Transfer-Encoding : chunked\r\n" CHUNKS),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* What libcurl takes off the grammar makes the same document, and no half one. */
static void F3__chunks_of_a_reply__are_whole_or_the_reply_is_cut(void **state)
{
#define CUT(text) ATTACK(OK CODING text, WS_E_ENDPOINT_DISCONNECTED)
    static const struct attack attacks[] = {
        CUT("\r\n-#\r\n$\r\n0\r\n\r\n"),
        CUT("\r\n+#\r\n$\r\n0\r\n\r\n"),
        CUT("\r\n\r\n$\r\n0\r\n\r\n"),
        CUT("\r\n;a\r\n$\r\n0\r\n\r\n"),
        CUT("\r\n10000000000000000\r\n$\r\n0\r\n\r\n"),
        CUT("\r\n7fffffffffffffff\r\n$"),
        CUT("\r\n#\r\n$"),
        CUT("\r\n#\r\n$\r\n"),
        CUT("\r\n#\r\n$\r\n0"),
        CUT("\r\n#\r\n$0\r\n\r\n"),
        CUT("\r\n#\r\n$xx0\r\n\r\n"),
        TAKEN(OK CODING "\r\n#;a=\"b\r\n$\r\n0\r\n\r\n"), /* an unclosed quote */
        TAKEN(OK CODING "\r\n#;a=b;c\r\n$\r\n0;d\r\n\r\n"),
        TAKEN(OK CODING "\n#\n$\n0\n\n"),
    };
#undef CUT

    (void)state;
    run_attacks(attacks, COUNT(attacks));
    run_many(OK CODING "\r\n#;", "a=b;", 100000, "\r\n$\r\n0\r\n\r\n", S_OK);
}

static void F4__trailers_of_a_reply__are_limited_and_frame_nothing(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(OK CODING "\r\n#\r\n$\r\n0\r\nA: b\r\n\r\n"),
        TAKEN(OK CODING "\r\n#\r\n$\r\n0\r\nContent-Length: 5\r\n"
                        "Transfer-Encoding: identity\r\nContent-Type: text/plain\r\n"
                        "Connection: keep-alive\r\n\r\n"),
        REFUSED(OK CODING "\r\n#\r\n$\r\n0\r\nno colon\r\n\r\n"),
        REFUSED(OK CODING "\r\n#\r\n$\r\n0\r\nA\001: b\r\n\r\n"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
    run_many(OK CODING "\r\n#\r\n$\r\n0\r\n", "Trail: er\r\n", 10000, "\r\n", OVERFLOW);
}

static void F5__malformed_lines_of_a_reply__are_refused(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(OK LENGTH "A: \xe9\t\r\nB:\r\n\r\n$"),
        TAKEN(OK LENGTH "A: b\r\n c\r\n\r\n$"), /* RFC 9112 section 5.2 */
        TAKEN("HTTP/1.1 200 OK\nContent-Length: @\n\n$"),
        REFUSED(OK LENGTH "A: b\rc\r\n\r\n$"),
        REFUSED(OK LENGTH "A: b\001\r\n\r\n$"),
        REFUSED(OK LENGTH "A: b\0c\r\n\r\n$"),
        REFUSED(OK LENGTH "A\0B: c\r\n\r\n$"),
        REFUSED(OK LENGTH "A : b\r\n\r\n$"),
        REFUSED(OK LENGTH "A\t: b\r\n\r\n$"),
        REFUSED(OK LENGTH "A B: c\r\n\r\n$"),
        REFUSED(OK LENGTH ": b\r\n\r\n$"),
        REFUSED(OK LENGTH "no colon\r\n\r\n$"),
        REFUSED(OK " A: b\r\n" LENGTH "\r\n$"),
        REFUSED("HTTP/1.1 200 O\rK\r\n" LENGTH "\r\n$"),
        REFUSED("HTTP/1.1 200 O\0K\r\n" LENGTH "\r\n$"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* Of megabytes only what the sockets hold is taken. */
static void F6__line_without_end__is_refused_unread(void **state)
{
    static char line[1 << 20];
    const size_t lines = 64;

    (void)state;
    memset(line, 'a', sizeof(line) - 1);
    assert_true(run_many(OK "A: ", line, lines, "", OVERFLOW) < lines * sizeof(line));
    assert_true(run_many(OK, line, lines, "", OVERFLOW) < lines * sizeof(line));
    assert_true(run_many("HTTP/1.1 200 ", line, lines, "", OVERFLOW) <
                lines * sizeof(line));
    assert_true(run_many("", line, lines, "", INVALID) < lines * sizeof(line));
}

static void F7__other_versions_and_statuses_that_are_none__are_refused(void **state)
{
#define REST LENGTH "\r\n$"
    static const struct attack attacks[] = {
        TAKEN("HTTP/1.0 200 OK\r\n" REST),
        TAKEN("HTTP/1.1 200\r\n" REST),
        TAKEN("HTTP/1.1 200 \r\n" REST),
        REFUSED("$"), /* HTTP/0.9 */
        REFUSED("HTTP/1.0 200 OK\r\n" CODING CHUNKS),
        REFUSED("HTTP/0.9 200 OK\r\n" REST),
        REFUSED("HTTP/2 200 OK\r\n" REST),
        REFUSED("HTTP/2.0 200 OK\r\n" REST),
        REFUSED("HTTP/3 200 OK\r\n" REST),
        REFUSED("HTTP/1.10 200 OK\r\n" REST),
        REFUSED("HTTP/11 200 OK\r\n" REST),
        REFUSED("HTTP/1.1 2a7 OK\r\n" REST),
        REFUSED("HTTP/1.1 2000 OK\r\n" REST),
        REFUSED("HTTP/1.1 20 OK\r\n" REST),
        REFUSED("HTTP/1.1 099 OK\r\n" REST),
        REFUSED("HTTP/1.1 -20 OK\r\n" REST),
        REFUSED("HTTP/1.1 200OK\r\n" REST),
        REFUSED("HTTP/1.1\r\n" REST),
        REFUSED("http/1.1 200 OK\r\n" REST),
        REFUSED("RTSP/1.0 200 OK\r\n" REST),
        REFUSED("ICY 200 OK\r\n" REST),
        REFUSED("POST / HTTP/1.1\r\n" REST),
        REFUSED("HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"),
    };
#undef REST

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* answered() has seen that no connection is made for what nobody asked. */
static void F8__junk_behind_a_reply__harms_nothing(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(OK LENGTH "\r\n$junk"),
        TAKEN(OK CODING CHUNKS "junk"),
        TAKEN(OK LENGTH "\r\n$HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n"),
        TAKEN(OK CODING CHUNKS "HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n"),
        ATTACK(OK "\r\n${}", WS_E_INVALID_FORMAT), /* it has no other end */
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* The envelope in one stored block of gzip, and something that has no encoding. */
static void F9__encoded_reply__is_never_decoded(void **state)
{
#define STORED                                                                           \
    "\037\213\010\000\000\000\000\000\000\003\001\154\000\223\377"                       \
    "$\032\350\251\265\154\000\000\000"
    static const struct attack attacks[] = {
        ATTACK(OK "Content-Encoding: gzip\r\nContent-Length: 131\r\n\r\n" STORED,
               WS_E_INVALID_FORMAT),
        ATTACK(OK "Content-Encoding: gzip, gzip\r\n\r\n" STORED, WS_E_INVALID_FORMAT),
        TAKEN(OK LENGTH "Content-Encoding: identity\r\n\r\n$"),
    };
#undef STORED

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F10__flood_of_interim_replies__ends_at_the_limit_of_heads(void **state)
{
    (void)state;
    run_many("", "HTTP/1.1 102 Processing\r\n\r\n", 100, OK LENGTH "\r\n$", S_OK);
    run_many("", "HTTP/1.1 102 Processing\r\n\r\n", 10000, OK LENGTH "\r\n$", OVERFLOW);
    run_many("", "HTTP/1.1 100 Continue\r\nA: b\r\n\r\n", 10000, "", OVERFLOW);
}

/* Frames of settings and GOAWAY, and an upgrade that nobody asked for. */
static void C19__http_2_of_a_peer__is_no_response(void **state)
{
    static const struct attack attacks[] = {
        REFUSED("\0\0\0\4\0\0\0\0\0"),
        REFUSED("\0\0\x8\7\0\0\0\0\0\0\0\0\0\0\0\0\xb"),
        REFUSED("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
                "Upgrade: h2c\r\n\r\n\0\0\0\4\0\0\0\0\0"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void C20__replies_of_any_size__end_at_their_limit(void **state)
{
    static const struct {
        const char *head;
        HRESULT hr;
    } rows[] = {
        {OK "\r\n", WS_E_QUOTA_EXCEEDED},
        {OK "Content-Length: 1073741824\r\n\r\n", WS_E_QUOTA_EXCEEDED},
        {OK CODING "\r\n40000000\r\n", WS_E_QUOTA_EXCEEDED},
        {"HTTP/1.1 404 Not Found\r\n\r\n", HTTP_E_STATUS(404)},
    };
    static char block[1 << 20];
    const size_t blocks = 64;

    (void)state;
    run_many(OK, "A: b\r\n", 100, LENGTH "\r\n$", S_OK);
    run_many(OK, "A: b\r\n", 20000, LENGTH "\r\n$", OVERFLOW);
    run_many(OK "A: ", "bbbbbbbb", 250000, "\r\n" LENGTH "\r\n$", OVERFLOW);
    memset(block, ' ', sizeof(block) - 1);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_true(run_many(rows[i].head, block, blocks, "", rows[i].hr) <
                    blocks * sizeof(block));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F1__lengths_of_a_reply__are_one_number_or_refused),
        cmocka_unit_test(F2__codings_of_a_reply__are_chunked_once_or_refused),
        cmocka_unit_test(F3__chunks_of_a_reply__are_whole_or_the_reply_is_cut),
        cmocka_unit_test(F4__trailers_of_a_reply__are_limited_and_frame_nothing),
        cmocka_unit_test(F5__malformed_lines_of_a_reply__are_refused),
        cmocka_unit_test(F6__line_without_end__is_refused_unread),
        cmocka_unit_test(F7__other_versions_and_statuses_that_are_none__are_refused),
        cmocka_unit_test(F8__junk_behind_a_reply__harms_nothing),
        cmocka_unit_test(F9__encoded_reply__is_never_decoded),
        cmocka_unit_test(F10__flood_of_interim_replies__ends_at_the_limit_of_heads),
        cmocka_unit_test(C19__http_2_of_a_peer__is_no_response),
        cmocka_unit_test(C20__replies_of_any_size__end_at_their_limit),
    };

    return cmocka_run_group_tests_name("client_attack_flow", tests, NULL, NULL);
}
