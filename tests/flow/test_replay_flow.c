/* Messages that are sent once more: all of them arrive whole, or they fail by their code;
 * nobody gets one that looks whole and is not, and nobody gets one twice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/peer.h"
#include "support/recorded.h"

#define RESEND_REQUEST HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST)

#define CHALLENGE_HEAD                                                                   \
    "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"den\", "              \
    "qop=\"auth\", "                                                                     \
    "nonce=\"n1\"\r\n"
#define CHALLENGE                                                                        \
    CHALLENGE_HEAD "Content-Type: text/plain\r\nContent-Length: 4\r\n\r\nwho?"
#define CHALLENGE_WITHOUT_BODY CHALLENGE_HEAD "Content-Length: 0\r\n\r\n"
#define CHALLENGE_WITHOUT_ITS_BODY CHALLENGE_HEAD "Content-Length: 4\r\n\r\n"

/* What stands in front of the document. */
#define PART_HEAD "Content-ID: <0@body>\r\n\r\n"

/* ---- The document: "~0000000 0000001 ...", so that each place in it is like no other
 * ----
 */

enum { SIZE = 8001, HALF = 4001, LESS = 3990 };

static char document[SIZE + 1];

static int make_document(void **state)
{
    (void)state;
    document[0] = '~';
    for (size_t i = 0; i < SIZE / 8; i++)
        snprintf(document + 1 + 8 * i, 9, "%07zu ", i);
    return 0;
}

/* What the peer reads when it has the first `count` bytes. */
static const char *end_of(size_t count)
{
    static char text[9];

    if (count == 0)
        return PART_HEAD;
    if (count == 1)
        return "~";
    memcpy(text, document + count - 8, 8);
    return text;
}

/* ---- What a peer wrote down -----------------------------------------------------------
 */

static const char *find_request(const char *from, const char *end)
{
    static const char line[] = "POST /service HTTP/1.1\r\n";

    for (; from + sizeof(line) <= end; from++)
        if (memcmp(from, line, sizeof(line) - 1) == 0)
            return from;
    return end;
}

/* The requests in the order in which they came; how many. */
static size_t read_requests(struct peer *peer, struct recorded requests[4])
{
    size_t size, count = 0;
    const char *bytes = peer_finish(peer, &size);
    const char *end = bytes + size, *at = find_request(bytes, end);

    while (at != end) {
        const char *next = find_request(at + 1, end);

        assert_in_range(count, 0, 3);
        recorded_read(&requests[count++], at, (size_t)(next - at));
        at = next;
    }
    return count;
}

static void assert_whole(const struct recorded *request, size_t size)
{
    assert_true(request->whole && request->closed);
    assert_int_equal(request->part_count, 2);
    assert_part(request, 1, document, size);
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

static wsd_client_options options_of(size_t ring_bytes)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    diary[0] = '\0';
    options.log = write_diary;
    options.log_level = WSD_LOG_DEBUG;
    options.ring_bytes = ring_bytes;
    options.user = "u";
    options.password = "p";
    return options;
}

static void make(struct upload *upload, const wsd_client_options *options, bool declares)
{
    const uint64_t length = SIZE;
    wsd_part_options part = WSD_PART_OPTIONS_INIT;

    upload_make(upload, options, 0);
    if (declares)
        part.length = &length;
    upload->parts[0] = attachment_create();
    assert_hr(wsd_outbound_message_attach(upload->message, "Upload/Data",
                                          upload->parts[0], &part),
              S_OK);
}

/* Another message of the same client. */
static void make_next(struct upload *upload, bool declares)
{
    struct upload next;

    make(&next, NULL, declares);
    wsd_client_release(next.client);
    wsd_outbound_message_release(upload->message);
    if (upload->parts[0] != NULL)
        attachment_release(upload->parts[0]);
    upload->message = next.message;
    upload->parts[0] = next.parts[0];
}

/* One without attachments. */
static void make_plain(struct upload *upload)
{
    wsd_outbound_message_release(upload->message);
    upload->message = message_create(BODY);
}

/* Writes `first` bytes, then the rest when the peer is at its step. */
static HRESULT write_document(struct upload *upload, size_t first, struct peer *peer,
                              size_t step)
{
    HRESULT hr = attachment_open(upload->parts[0]);

    if (hr == S_OK)
        hr = attachment_write_all(upload->parts[0], document, first);
    if (hr != S_OK)
        return hr;
    if (peer != NULL)
        peer_wait_for_step(peer, step);
    if (first < SIZE)
        hr = attachment_write_all(upload->parts[0], document + first, SIZE - first);
    return hr == S_OK ? attachment_close(upload->parts[0]) : hr;
}

/* Half of it through a ring of LESS bytes or fewer.  The last eight go in one piece, for
 * which the peer looks. */
static void write_half(struct upload *upload)
{
    assert_hr(attachment_write_all(upload->parts[0], document, HALF - 8), S_OK);
    WORKER_AWAIT(attachment_progress(upload->parts[0]).handed == HALF - 8);
    assert_hr(attachment_write_all(upload->parts[0], document + HALF - 8, 8), S_OK);
}

/* A message with the document, to its end. */
static void post_document(struct upload *upload, const char *url)
{
    upload_send(upload, url);
    assert_hr(write_document(upload, SIZE, NULL, 0), S_OK);
    assert_hr(upload_result(upload), S_OK);
}

/* ---- A test of one client and one peer ------------------------------------------------
 */

struct replay {
    struct peer *peer;
    struct upload upload;
    struct recorded requests[4]; /* from replay_end() on */
    size_t count;
};

static void replay_open(struct replay *replay, const struct peer_step *steps,
                        size_t step_count, size_t ring_bytes, bool declares)
{
    wsd_client_options options = options_of(ring_bytes);

    replay->peer = peer_start(steps, step_count);
    make(&replay->upload, &options, declares);
}

/* The peer has had so many requests, and no connection that it did not expect. */
static void replay_end(struct replay *replay, size_t count)
{
    upload_free(&replay->upload);
    assert_false(peer_was_contacted(replay->peer));
    replay->count = read_requests(replay->peer, replay->requests);
    assert_int_equal(replay->count, count);
}

static void replay_close(struct replay *replay)
{
    for (size_t i = 0; i < replay->count; i++)
        recorded_free(&replay->requests[i]);
    peer_stop(replay->peer);
}

/* ---- Challenges -----------------------------------------------------------------------
 */

/* [L80] */
static void C11__challenge_anywhere_in_a_stream__is_answered_with_all_of_it(void **state)
{
    static const char *const challenges[] = {CHALLENGE, CHALLENGE_WITHOUT_BODY,
                                             CHALLENGE_WITHOUT_ITS_BODY};
    static const size_t firsts[] = {0, 1, HALF, SIZE};
    static const size_t rings[] = {SIZE, SIZE + 1, 1 << 20};

    (void)state;
    for (size_t i = 0; i < COUNT(firsts) * COUNT(challenges) * COUNT(rings); i++) {
        size_t first = firsts[i % COUNT(firsts)];
        const char *challenge = challenges[i / COUNT(firsts) % COUNT(challenges)];
        const struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(first)},
            {.what = PEER_SEND, .text = challenge},
            {.what = PEER_READ_TO_END}, /* a reset would take the challenge back */
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps),
                    rings[i / COUNT(firsts) / COUNT(challenges)], false);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(write_document(&replay.upload, first, replay.peer, 3), S_OK);
        assert_hr(upload_result(&replay.upload), S_OK);
        replay_end(&replay, 2);
        assert_null(strstr(replay.requests[0].head, "Authorization"));
        assert_non_null(strstr(replay.requests[1].head, "Authorization: Digest"));
        if (replay.requests[0].whole || replay.requests[0].closed)
            assert_whole(&replay.requests[0], SIZE);
        assert_whole(&replay.requests[1], SIZE);
        replay_close(&replay);
    }
}

/* [L80] */
static void C11__challenge_behind_the_whole__is_answered_with_all_of_it(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = CHALLENGE},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };

    (void)state;
    for (int declares = 0; declares < 2; declares++) {
        struct replay replay;
        wsd_attachment_progress progress;

        replay_open(&replay, steps, COUNT(steps), SIZE, declares != 0);
        post_document(&replay.upload, peer_url(replay.peer));
        progress = attachment_progress(replay.upload.parts[0]);
        assert_int_equal(progress.accepted, SIZE);
        assert_int_equal(progress.handed, SIZE); /* and not twice that */
        replay_end(&replay, 2);
        for (size_t i = 0; i < replay.count; i++)
            assert_whole(&replay.requests[i], SIZE);
        replay_close(&replay);
    }
}

/* [L74] */
static void C11__challenge_when_the_ring_was_overwritten__is_the_status(void **state)
{
    static const size_t rings[] = {96, LESS};
    const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
        {.what = PEER_SEND, .text = CHALLENGE},
        {.what = PEER_READ_TO_END},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rings); i++) {
        wsd_inbound_message *reply = NULL;
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), rings[i], false);
        upload_send(&replay.upload, peer_url(replay.peer));
        write_half(&replay.upload);
        assert_hr(upload_receive(&replay.upload, &reply), HTTP_E_STATUS(401));
        assert_non_null(reply);
        assert_hr(attachment_close(replay.upload.parts[0]), HTTP_E_STATUS(401));
        wsd_inbound_message_release(reply);
        replay_end(&replay, 1);
        assert_cut(&replay.requests[0]);
        replay_close(&replay);
    }
}

/* The second refusal ends it, also while the stream is paused. */
static void
C11__challenge_to_the_answer__is_the_status_and_sent_no_third_time(void **state)
{
    static const char *const refusals[] = {CHALLENGE, CHALLENGE_WITHOUT_BODY};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
            {.what = PEER_SEND, .text = refusals[i]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
            {.what = PEER_SEND, .text = refusals[i]},
            {.what = PEER_READ_TO_END},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, false);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(attachment_open(replay.upload.parts[0]), S_OK);
        write_half(&replay.upload);
        assert_hr(upload_result(&replay.upload), HTTP_E_STATUS(401));
        assert_hr(attachment_close(replay.upload.parts[0]), HTTP_E_STATUS(401));
        replay_end(&replay, 2);
        for (size_t n = 0; n < replay.count; n++)
            assert_cut(&replay.requests[n]);
        replay_close(&replay);
    }
}

/* ---- Kept connections -----------------------------------------------------------------
 */

/* [L81] */
static void C14__messages_in_a_row__share_a_connection(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        {.what = PEER_NEXT_REQUEST},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct replay replay;

    (void)state;
    replay_open(&replay, steps, COUNT(steps), SIZE, false);
    post_document(&replay.upload, peer_url(replay.peer));
    make_next(&replay.upload, true);
    post_document(&replay.upload, peer_url(replay.peer));
    replay_end(&replay, 2);
    for (size_t i = 0; i < replay.count; i++)
        assert_whole(&replay.requests[i], SIZE);
    replay_close(&replay);
}

/* [L82] */
static void C14__kept_connection_that_died_idle__is_not_noticed(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
            {.what = PEER_HOLD},
            {.what = ends[i]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, false);
        post_document(&replay.upload, peer_url(replay.peer));
        peer_go(replay.peer);
        peer_wait_for_step(replay.peer, 4);
        make_next(&replay.upload, false);
        post_document(&replay.upload, peer_url(replay.peer));
        replay_end(&replay, 2);
        assert_whole(&replay.requests[1], SIZE);
        replay_close(&replay);
    }
}

/* [L82] */
static void C14__kept_connection_that_dies_midway__is_replaced(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};
    static const size_t firsts[] = {0, 1, HALF};

    (void)state;
    for (size_t i = 0; i < COUNT(ends) * COUNT(firsts); i++) {
        size_t first = firsts[i / COUNT(ends)];
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
            {.what = PEER_NEXT_REQUEST},
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(first)},
            {.what = ends[i % COUNT(ends)]},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, false);
        post_document(&replay.upload, peer_url(replay.peer));
        make_next(&replay.upload, i % 2 == 0);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(write_document(&replay.upload, first, replay.peer, 6), S_OK);
        assert_hr(upload_result(&replay.upload), S_OK);
        replay_end(&replay, 3);
        assert_cut(&replay.requests[1]);
        assert_whole(&replay.requests[2], SIZE);
        replay_close(&replay);
    }
}

/* [L83] */
static void
C14__kept_connection_that_dies_when_the_bytes_are_gone__has_its_code(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(ends); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
            {.what = PEER_NEXT_REQUEST},
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
            {.what = ends[i % COUNT(ends)]},
        };
        struct replay replay;
        HRESULT hr = S_OK;

        replay_open(&replay, steps, COUNT(steps), LESS, false);
        post_document(&replay.upload, peer_url(replay.peer));
        make_next(&replay.upload, false);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(attachment_write_all(replay.upload.parts[0], document, HALF), S_OK);
        while (i >= COUNT(ends) && hr == S_OK) /* it shows in the sending, too */
            hr = attachment_write_all(replay.upload.parts[0], document, SIZE);
        assert_hr(upload_result(&replay.upload), RESEND_REQUEST);
        assert_hr(hr, i >= COUNT(ends) ? RESEND_REQUEST : S_OK);
        assert_hr(attachment_close(replay.upload.parts[0]), RESEND_REQUEST);
        replay_end(&replay, 2);
        assert_cut(&replay.requests[1]);
        replay_close(&replay);
    }
}

/* The peer has all of it, and may have printed it.  [L83] */
static void
C14__kept_connection_that_dies_behind_the_whole__sends_nothing_twice(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE}, {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        {.what = PEER_NEXT_REQUEST}, {.what = PEER_READ_MESSAGE},
        {.what = PEER_CLOSE},
    };

    (void)state;
    for (int streams = 0; streams < 2; streams++) {
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, false);
        post_document(&replay.upload, peer_url(replay.peer));
        if (streams) {
            make_next(&replay.upload, false);
            upload_send(&replay.upload, peer_url(replay.peer));
            assert_hr(attachment_open(replay.upload.parts[0]), S_OK);
            assert_hr(attachment_write_all(replay.upload.parts[0], document, SIZE), S_OK);
            /* S_OK, or the code at once */
            (void)attachment_close(replay.upload.parts[0]);
        } else {
            make_plain(&replay.upload);
            upload_send(&replay.upload, peer_url(replay.peer));
        }
        assert_hr(upload_result(&replay.upload), RESEND_REQUEST);
        replay_end(&replay, 2);
        replay_close(&replay);
    }
}

static void C14__new_connection_that_dies__is_not_replaced(void **state)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
        {.what = PEER_CLOSE},
    };
    struct replay replay;

    (void)state;
    replay_open(&replay, steps, COUNT(steps), SIZE, false);
    upload_send(&replay.upload, peer_url(replay.peer));
    assert_hr(attachment_write_all(replay.upload.parts[0], document, HALF), S_OK);
    assert_hr(upload_result(&replay.upload),
              HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR));
    replay_end(&replay, 1);
    replay_close(&replay);
}

/* ---- Peers that know no chunks --------------------------------------------------------
 */

#define REFUSAL(line)                                                                    \
    "HTTP/" line "\r\nContent-Type: text/plain\r\nContent-Length: 7\r\n"                 \
    "Connection: close\r\n\r\nlength?"

static const struct {
    const char *refusal;
    int status;
} refusals[] = {
    {REFUSAL("1.1 411 Length Required"), 411},
    {REFUSAL("1.1 501 Not Implemented"), 501},
    {REFUSAL("1.0 400 Bad Request"), 400},
    {REFUSAL("1.0 500 Internal Server Error"), 500},
    {"HTTP/1.1 411 Length Required\r\nContent-Length: 0\r\n\r\n", 411},
};

/* [L84] [L85] */
static void C13__chunks_refused__are_replaced_by_the_length_from_then_on(void **state)
{
    static const size_t firsts[] = {0, 1, HALF, SIZE};

    (void)state;
    for (size_t i = 0; i < COUNT(refusals) * COUNT(firsts); i++) {
        size_t first = firsts[i % COUNT(firsts)];
        const struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(first)},
            {.what = PEER_SEND, .text = refusals[i / COUNT(firsts)].refusal},
            {.what = PEER_READ_TO_END},
            {.what = PEER_ACCEPT},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
            {.what = PEER_NEXT_REQUEST},
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, true);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(write_document(&replay.upload, first, replay.peer, 3), S_OK);
        assert_hr(upload_result(&replay.upload), S_OK);
        assert_non_null(strstr(diary, "is sent again"));
        make_next(&replay.upload, true);
        post_document(&replay.upload, peer_url(replay.peer));
        replay_end(&replay, 3);
        assert_non_null(
            strstr(replay.requests[0].head, "\r\nTransfer-Encoding: chunked\r\n"));
        for (size_t n = 1; n < replay.count; n++) {
            assert_non_null(strstr(replay.requests[n].head, "\r\nContent-Length: "));
            assert_null(strstr(replay.requests[n].head, "Transfer-Encoding"));
            assert_whole(&replay.requests[n], SIZE);
        }
        replay_close(&replay);
    }
}

/* [L86] */
static void C13__chunks_refused_without_a_length__are_the_status_with_a_hint(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(refusals); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_HEAD},
            {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
            {.what = PEER_SEND, .text = refusals[i].refusal},
            {.what = PEER_READ_TO_END},
        };
        struct replay replay;

        replay_open(&replay, steps, COUNT(steps), SIZE, false);
        upload_send(&replay.upload, peer_url(replay.peer));
        assert_hr(attachment_write_all(replay.upload.parts[0], document, HALF), S_OK);
        assert_hr(upload_result(&replay.upload), HTTP_E_STATUS(refusals[i].status));
        assert_hr(attachment_close(replay.upload.parts[0]),
                  HTTP_E_STATUS(refusals[i].status));
        replay_end(&replay, 1);
        assert_non_null(strstr(diary, "declare the lengths"));
        replay_close(&replay);
    }
}

/* [L86] */
static void C13__chunks_refused_when_the_bytes_are_gone__are_the_status(void **state)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_READ_UNTIL, .text = end_of(HALF)},
        {.what = PEER_SEND, .text = refusals[0].refusal},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct replay replay;

    (void)state;
    replay_open(&replay, steps, COUNT(steps), LESS, true);
    upload_send(&replay.upload, peer_url(replay.peer));
    write_half(&replay.upload);
    assert_hr(upload_result(&replay.upload), HTTP_E_STATUS(411));
    make_next(&replay.upload, true);
    post_document(&replay.upload, peer_url(replay.peer)); /* which knows better by now */
    replay_end(&replay, 2);
    assert_cut(&replay.requests[0]);
    assert_non_null(strstr(replay.requests[1].head, "\r\nContent-Length: "));
    assert_whole(&replay.requests[1], SIZE);
    replay_close(&replay);
}

/* The reply to a message without attachments says it (RFC 9112 section 6.1).  [L85] */
static void C13__http_1_0_seen_before__gets_the_length_at_once(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.0 202 Accepted\r\n\r\n"},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.0 202 Accepted\r\n\r\n"},
    };
    struct replay replay;

    (void)state;
    replay_open(&replay, steps, COUNT(steps), SIZE, false);
    make_plain(&replay.upload);
    upload_send(&replay.upload, peer_url(replay.peer));
    assert_hr(upload_result(&replay.upload), S_OK);
    make_next(&replay.upload, true);
    post_document(&replay.upload, peer_url(replay.peer));
    replay_end(&replay, 2);
    assert_non_null(strstr(replay.requests[1].head, "\r\nContent-Length: "));
    assert_whole(&replay.requests[1], SIZE);
    replay_close(&replay);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C11__challenge_anywhere_in_a_stream__is_answered_with_all_of_it),
        cmocka_unit_test(C11__challenge_behind_the_whole__is_answered_with_all_of_it),
        cmocka_unit_test(C11__challenge_when_the_ring_was_overwritten__is_the_status),
        cmocka_unit_test(
            C11__challenge_to_the_answer__is_the_status_and_sent_no_third_time),
        cmocka_unit_test(C14__messages_in_a_row__share_a_connection),
        cmocka_unit_test(C14__kept_connection_that_died_idle__is_not_noticed),
        cmocka_unit_test(C14__kept_connection_that_dies_midway__is_replaced),
        cmocka_unit_test(
            C14__kept_connection_that_dies_when_the_bytes_are_gone__has_its_code),
        cmocka_unit_test(
            C14__kept_connection_that_dies_behind_the_whole__sends_nothing_twice),
        cmocka_unit_test(C14__new_connection_that_dies__is_not_replaced),
        cmocka_unit_test(C13__chunks_refused__are_replaced_by_the_length_from_then_on),
        cmocka_unit_test(
            C13__chunks_refused_without_a_length__are_the_status_with_a_hint),
        cmocka_unit_test(C13__chunks_refused_when_the_bytes_are_gone__are_the_status),
        cmocka_unit_test(C13__http_1_0_seen_before__gets_the_length_at_once),
    };

    return cmocka_run_group_tests_name("replay", tests, make_document, NULL);
}
