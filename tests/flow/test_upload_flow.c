/* Real sockets, and peers that take what they are sent. */
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

#define MIB ((size_t)1 << 20)

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* What the peer of takes_all has: a whole message. */
static void read_whole(struct peer *peer, struct recorded *request)
{
    size_t size;
    const char *bytes = peer_finish(peer, &size);

    recorded_read(request, bytes, size);
    assert_true(request->whole);
    assert_true(request->closed);
}

/* One document, written in pieces, on the thread that calls.  No assertion here. */
struct writer {
    struct worker worker;
    IWSDOutboundAttachment *attachment;
    const char *document;
    size_t size;
    size_t largest; /* piece */
    uint32_t random;
    HRESULT write, close;
};

static void write_document(void *argument)
{
    struct writer *self = argument;
    size_t at = 0;

    self->write = attachment_open(self->attachment);
    while (self->write == S_OK && at < self->size) {
        size_t piece;

        self->random = self->random * 1664525u + 1013904223u;
        piece = 1 + (self->random >> 8) % self->largest;
        if (piece > self->size - at)
            piece = self->size - at;
        self->write = attachment_write_all(self->attachment, self->document + at, piece);
        at += piece;
    }
    self->close = self->write == S_OK ? attachment_close(self->attachment) : S_FALSE;
}

/* ---- Sizes ----------------------------------------------------------------------------
 */

static void check_document(size_t ring_bytes, size_t size, uint32_t seed, bool declared)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    wsd_part_options part = WSD_PART_OPTIONS_INIT;
    char *document = document_make(size, seed);
    const uint64_t length = size;
    size_t ring = ring_bytes != 0 ? ring_bytes : MIB;
    wsd_attachment_progress progress;
    struct upload upload;
    struct recorded request;
    struct writer writer;

    options.ring_bytes = ring_bytes;
    options.content_length = declared;
    part.length = declared ? &length : NULL;
    upload_make(&upload, &options, 0);
    upload.parts[0] = attachment_create();
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0],
                                          &part),
              S_OK);
    upload_send(&upload, peer_url(peer));
    writer = (struct writer){.attachment = upload.parts[0],
                             .document = document,
                             .size = size,
                             .largest = 2 * ring + 3,
                             .random = seed};

    write_document(&writer);

    assert_hr(writer.write, S_OK);
    assert_hr(writer.close, S_OK);
    progress = attachment_progress(upload.parts[0]);
    assert_int_equal(progress.accepted, size);
    assert_int_equal(progress.handed, size);
    assert_hr(upload_result(&upload), S_OK);
    read_whole(peer, &request);
    assert_int_equal(strstr(request.head, "\r\nContent-Length: ") != NULL, declared);
    assert_int_equal(strstr(request.head, "\r\nTransfer-Encoding: ") == NULL, declared);
    assert_int_equal(request.part_count, 2);
    assert_part(&request, 1, document, size);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

/* In chunks, and with a Content-Length.  [C1] [C2] [L32] [T7] [W8] */
static void upload__any_document_through_any_ring__arrives_as_it_is(void **state)
{
    static const struct {
        size_t ring_bytes, largest; /* one byte a chunk takes its time */
    } rows[] = {{1, 9001},        {2, 9001},     {7, 70001},
                {4095, 70001},    {4097, 70001}, {4096, 5 * MIB + 13},
                {0, 5 * MIB + 13}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const size_t ring = rows[i].ring_bytes != 0 ? rows[i].ring_bytes : MIB;
        const size_t sizes[] = {0, 1, ring - 1, ring, ring + 1, rows[i].largest};

        for (size_t j = 0; j < COUNT(sizes); j++)
            for (int declared = 0; declared < 2; declared++)
                check_document(rows[i].ring_bytes, sizes[j], (uint32_t)(10 * i + j),
                               declared);
    }
}

/* ---- Several attachments --------------------------------------------------------------
 */

/* The threads begin with the last one, before or after the message is sent.
 * [M9] [W2] [W6] */
static void upload__parts_are_written_in_reverse_by_threads__arrive_in_order(void **state)
{
    enum { PARTS = 4, SIZE = 300001 };

    (void)state;
    for (int before_send = 0; before_send <= 1; before_send++) {
        struct peer *peer = PEER_START(takes_all);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        char *documents[PARTS];
        struct writer writers[PARTS];
        struct upload upload;
        struct recorded request;

        options.ring_bytes = 4096;
        upload_make(&upload, &options, PARTS);
        if (!before_send)
            upload_send(&upload, peer_url(peer));
        for (size_t i = PARTS; i-- > 0;) {
            documents[i] = document_make(SIZE, (unsigned)i);
            attachment_set_budget(upload.parts[i], INFINITE);
            writers[i] = (struct writer){.attachment = upload.parts[i],
                                         .document = documents[i],
                                         .size = SIZE - i,
                                         .largest = 9000,
                                         .random = (uint32_t)i};
            worker_start(&writers[i].worker, write_document, &writers[i]);
            attachment_await_first_write(upload.parts[i]);
        }
        if (before_send)
            upload_send(&upload, peer_url(peer));
        for (size_t i = 0; i < PARTS; i++) {
            worker_join(&writers[i].worker);
            assert_hr(writers[i].write, S_OK);
            assert_hr(writers[i].close, S_OK);
        }
        assert_hr(upload_result(&upload), S_OK);
        read_whole(peer, &request);
        assert_int_equal(request.part_count, 1 + PARTS);
        for (size_t i = 0; i < PARTS; i++) {
            assert_part(&request, 1 + i, documents[i], SIZE - i);
            free(documents[i]);
        }
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [W3] */
static void upload__empty_documents__are_empty_parts(void **state)
{
    (void)state;
    /* a bit for each part that has a byte */
    for (unsigned full = 0; full < 8; full++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct recorded request;

        upload_make(&upload, NULL, 3);
        upload_send(&upload, peer_url(peer));
        for (size_t i = 0; i < 3; i++) {
            assert_hr(attachment_open(upload.parts[i]), S_OK);
            if (full & (1u << i))
                assert_hr(attachment_write_all(upload.parts[i], "x", 1), S_OK);
            assert_hr(attachment_close(upload.parts[i]), S_OK);
        }
        assert_hr(upload_result(&upload), S_OK);
        read_whole(peer, &request);
        assert_int_equal(request.part_count, 4);
        for (size_t i = 0; i < 3; i++)
            assert_part(&request, 1 + i, "x", full & (1u << i) ? 1 : 0);
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* ---- Many at once ---------------------------------------------------------------------
 */

/* Two clients, each with its own thread, or one. */
static void upload__many_in_parallel__do_not_mix(void **state)
{
    enum { UPLOADS = 20, SIZE = 200000 };
    char *documents[UPLOADS];
    struct peer *peers[UPLOADS];
    struct writer writers[UPLOADS];
    wsd_outbound_message *messages[UPLOADS];
    wsd_client *clients[2];

    (void)state;
    for (size_t i = 0; i < COUNT(clients); i++) {
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

        options.ring_bytes = 4096;
        assert_hr(wsd_client_create(&options, &clients[i]), S_OK);
    }
    for (size_t i = 0; i < UPLOADS; i++) {
        IWSDOutboundAttachment *a = attachment_create();

        documents[i] = document_make(SIZE, (unsigned)i);
        peers[i] = PEER_START(takes_all);
        messages[i] = message_create(BODY);
        assert_hr(wsd_outbound_message_attach(messages[i], "Upload/Data", a, NULL), S_OK);
        assert_hr(wsd_client_send(clients[i % 2], peer_url(peers[i]), messages[i]), S_OK);
        writers[i] = (struct writer){.attachment = a,
                                     .document = documents[i],
                                     .size = SIZE,
                                     .largest = 10000,
                                     .random = (uint32_t)i};
        worker_start(&writers[i].worker, write_document, &writers[i]);
    }
    for (size_t i = 0; i < UPLOADS; i++) {
        struct recorded request;
        wsd_inbound_message *reply;

        worker_join(&writers[i].worker);
        assert_hr(writers[i].write, S_OK);
        assert_hr(writers[i].close, S_OK);
        assert_hr(
            wsd_client_receive(clients[i % 2], messages[i], PEER_PATIENCE_MS, &reply),
            S_OK);
        wsd_inbound_message_release(reply);
        read_whole(peers[i], &request);
        assert_part(&request, 1, documents[i], SIZE);
        recorded_free(&request);
        attachment_release(writers[i].attachment);
        wsd_outbound_message_release(messages[i]);
        peer_stop(peers[i]);
        free(documents[i]);
    }
    wsd_client_release(clients[0]);
    wsd_client_release(clients[1]);
}

/* One after the other over the same client.  The peer closes without a word: sometimes
 * just when the next one goes out. */
static void upload__many_in_a_row__need_no_kept_connection(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(steps);
    wsd_client *client;

    (void)state;
    assert_hr(wsd_client_create(NULL, &client), S_OK);
    for (int i = 0; i < 3; i++) {
        wsd_outbound_message *message = message_create(BODY);
        IWSDOutboundAttachment *a = attachment_create();
        wsd_inbound_message *reply;

        assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL), S_OK);
        assert_hr(wsd_client_send(client, peer_url(peer), message), S_OK);
        assert_hr(attachment_write_all(a, "document", 8), S_OK);
        assert_hr(attachment_close(a), S_OK);
        assert_hr(wsd_client_receive(client, message, PEER_PATIENCE_MS, &reply), S_OK);
        wsd_inbound_message_release(reply);
        wsd_outbound_message_release(message);
        attachment_release(a);
    }
    wsd_client_release(client);
    peer_stop(peer);
}

/* Exactly one of Close and Abort succeeds, and the peer has the message when it was
 * Close.  [A1] [A8] [C8] [C9] */
static void upload__abort_races_with_the_writer__has_one_outcome(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    enum { ROUNDS = 60, SIZE = 30000 };
    char *document = document_make(SIZE, 5);
    unsigned closed = 0;

    (void)state;
    for (uint64_t round = 0; round < ROUNDS; round++) {
        struct peer *peer = PEER_START(steps);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;
        struct writer writer;
        struct recorded request;
        const char *bytes;
        size_t size;
        HRESULT abort;

        options.ring_bytes = 1000;
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        writer = (struct writer){.attachment = upload.parts[0],
                                 .document = document,
                                 .size = SIZE,
                                 .largest = 3000,
                                 .random = (uint32_t)round};
        worker_start(&writer.worker, write_document, &writer);
        attachment_await_first_write(upload.parts[0]);
        /* from the first byte to the last one */
        WORKER_AWAIT(attachment_progress(upload.parts[0]).handed >=
                     1 + round * (SIZE - 1) / (ROUNDS - 1));

        abort = attachment_abort(upload.parts[0]);

        worker_join(&writer.worker);
        upload_free(&upload);
        bytes = peer_finish(peer, &size);
        recorded_read(&request, bytes, size);
        if (writer.close == S_OK) {
            assert_hr(abort, INVALID_OPERATION);
            assert_true(request.whole);
            assert_part(&request, 1, document, SIZE);
            closed++;
        } else {
            assert_hr(abort, S_OK);
            if (writer.close == S_FALSE) { /* never called */
                assert_true(writer.write == E_ABORT || writer.write == INVALID_OPERATION);
                assert_cut(&request);
            } else {
                assert_true(writer.close == E_ABORT || writer.close == INVALID_OPERATION);
            }
        }
        recorded_free(&request);
        peer_stop(peer);
    }
    print_message("Close came first in %u of %u rounds\n", closed, (unsigned)ROUNDS);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__any_document_through_any_ring__arrives_as_it_is),
        cmocka_unit_test(
            upload__parts_are_written_in_reverse_by_threads__arrive_in_order),
        cmocka_unit_test(upload__empty_documents__are_empty_parts),
        cmocka_unit_test(upload__many_in_parallel__do_not_mix),
        cmocka_unit_test(upload__many_in_a_row__need_no_kept_connection),
        cmocka_unit_test(upload__abort_races_with_the_writer__has_one_outcome),
    };

    return cmocka_run_group_tests_name("upload_flow", tests, NULL, NULL);
}
