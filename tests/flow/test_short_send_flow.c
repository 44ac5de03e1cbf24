/* Rows C15 and D7 of tests/FAULTS.md: how the system calls are made, and what they may
 * do. This program's send() and recv() stand in for the C library's, libcurl's calls of
 * them too; they tell those from the peer's by their sockets, which do not block. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <sys/socket.h>

#include "support/application.h"
#include "support/peer.h"
#include "support/recorded.h"

static atomic_bool short_of_everything;
static atomic_uint sends, receives; /* of sockets that do not block */

/* Of three calls one moves a byte, and two move none; in *size, what is asked for. */
static bool is_refused(int fd, atomic_uint *calls, size_t *size)
{
    static const int errors[] = {0, EAGAIN, EINTR};
    unsigned call;

    if (!(fcntl(fd, F_GETFL) & O_NONBLOCK))
        return false;
    call = atomic_fetch_add(calls, 1);
    if (!atomic_load(&short_of_everything))
        return false;
    errno = errors[call % 3];
    if (*size > 1)
        *size = 1;
    return errno != 0;
}

ssize_t send(int fd, const void *bytes, size_t size, int flags)
{
    return is_refused(fd, &sends, &size) ? -1 : sendto(fd, bytes, size, flags, NULL, 0);
}

ssize_t recv(int fd, void *bytes, size_t size, int flags)
{
    return is_refused(fd, &receives, &size)
               ? -1
               : recvfrom(fd, bytes, size, flags, NULL, NULL);
}

#define ENVELOPE                                                                         \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body><Done>all"  \
    "</Done></s:Body></s:Envelope>"

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\n\r\n" ENVELOPE},
};

/* The peer has the document, and the client the reply. */
static void expect_all(struct upload *upload, struct peer *peer, const void *document,
                       size_t size)
{
    wsd_inbound_message *reply;
    struct recorded request;
    const char *text;
    const char *bytes;
    size_t received;

    assert_hr(upload_receive(upload, &reply), S_OK);
    assert_hr(wsd_inbound_message_find_text(reply, "Done", &text), S_OK);
    assert_string_equal(text, "all");
    wsd_inbound_message_release(reply);
    bytes = peer_finish(peer, &received);
    recorded_read(&request, bytes, received);
    assert_true(request.whole);
    assert_part(&request, 1, document, size);
    recorded_free(&request);
    upload_free(upload);
    peer_stop(peer);
}

/* libcurl before 8.7 forgets the size of each chunk when the head was sent in pieces: so
 * with chunks the shortage begins behind it. */
static void C15__calls_that_move_a_byte_or_none__lose_nothing(void **state)
{
    const uint64_t size = 20000;
    char *document = document_make(size, 15);

    (void)state;
    for (int declared = 0; declared < 2; declared++) {
        struct peer *peer = PEER_START(takes_all);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        wsd_part_options part = WSD_PART_OPTIONS_INIT;
        struct upload upload;

        options.ring_bytes = 1000;
        options.content_length = declared;
        part.length = declared ? &size : NULL;
        upload_make(&upload, &options, 0);
        upload.parts[0] = attachment_create();
        assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data",
                                              upload.parts[0], &part),
                  S_OK);
        upload_send(&upload, peer_url(peer));
        atomic_store(&sends, 0);
        atomic_store(&receives, 0);
        atomic_store(&short_of_everything, declared);
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        atomic_store(&short_of_everything, true);
        assert_hr(attachment_write_all(upload.parts[0], document, size), S_OK);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        expect_all(&upload, peer, document, size);
        assert_true(atomic_load(&sends) > 2 * size);
        assert_true(atomic_load(&receives) > 2 * sizeof(ENVELOPE));
        atomic_store(&short_of_everything, false);
    }
    free(document);
}

/* Without the size of each chunk the peer would take the document for such.  libcurl from
 * 8.7 on sends all of it, and waits for an answer. */
static void C15__chunks_behind_a_head_in_pieces__are_chunks_or_not_sent(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    struct recorded request;
    const char *bytes;
    size_t received;
    HRESULT hr;

    (void)state;
    options.response_timeout_ms = 500;
    upload_make(&upload, &options, 1);
    atomic_store(&short_of_everything, true);
    upload_send(&upload, peer_url(peer));
    if (attachment_write_all(upload.parts[0], "document", 8) == S_OK)
        (void)attachment_close(upload.parts[0]);
    hr = upload_result(&upload);
    atomic_store(&short_of_everything, false);
    bytes = peer_finish(peer, &received);
    recorded_read(&request, bytes, received);
    assert_hr(hr, request.whole ? HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)
                                : HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR));
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* As many calls at most as there are Writes, and the head. */
static void D7__writes_of_one_byte__are_not_sent_one_by_one_and_again(void **state)
{
    const size_t size = 1000000;
    char *document = document_make(size, 7);
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    atomic_store(&sends, 0);
    for (size_t i = 0; i < size; i++)
        assert_hr(attachment_write_all(upload.parts[0], document + i, 1), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    expect_all(&upload, peer, document, size);
    print_message("%u calls of send() for %zu Writes\n", atomic_load(&sends), size);
    assert_in_range(atomic_load(&sends), 1, size + 10);
    free(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C15__calls_that_move_a_byte_or_none__lose_nothing),
        cmocka_unit_test(C15__chunks_behind_a_head_in_pieces__are_chunks_or_not_sent),
        cmocka_unit_test(D7__writes_of_one_byte__are_not_sent_one_by_one_and_again),
    };

    return cmocka_run_group_tests_name("short_send_flow", tests, NULL, NULL);
}
