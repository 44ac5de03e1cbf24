/* The promises about attachments that have declared their lengths. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/peer.h"
#include "support/recorded.h"

#define BAD_LENGTH HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)
#define UNDECLARED UINT64_MAX

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};
static const struct peer_step sees_the_end[] = {{.what = PEER_READ_TO_END}};

/* Both ways in which such a message may go out. */
enum framing { IN_CHUNKS, WITH_LENGTH, FRAMINGS };

static void attach(struct upload *upload, size_t index, const char *path, uint64_t length)
{
    wsd_part_options options = WSD_PART_OPTIONS_INIT;

    if (length != UNDECLARED)
        options.length = &length;
    upload->parts[index] = attachment_create();
    assert_hr(wsd_outbound_message_attach(upload->message, path, upload->parts[index],
                                          &options),
              S_OK);
}

static void make(struct upload *upload, int framing, uint64_t first, uint64_t second)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    options.content_length = framing == WITH_LENGTH;
    upload_make(upload, &options, 0);
    attach(upload, 0, "Upload/Data", first);
    attach(upload, 1, "Upload/Data[2]", second);
}

static void put(struct upload *upload, size_t index, const char *text)
{
    assert_hr(attachment_open(upload->parts[index]), S_OK);
    assert_hr(attachment_write_all(upload->parts[index], text, strlen(text)), S_OK);
}

static void read_request(struct peer *peer, struct recorded *request, int framing)
{
    size_t size;
    const char *bytes = peer_finish(peer, &size);

    recorded_read(request, bytes, size);
    assert_int_equal(strstr(request->head, "\r\nContent-Length: ") != NULL,
                     framing == WITH_LENGTH);
    assert_int_equal(strstr(request->head, "\r\nTransfer-Encoding: chunked") != NULL,
                     framing == IN_CHUNKS);
}

/* [C12] [C13] [L20] */
static void B14__close_before_the_length__fails_and_the_peer_sees_it_cut(void **state)
{
    static const char *const written[] = {"", "1", "12345678"};

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t i = 0; i < COUNT(written); i++)
            for (size_t is_short = 0; is_short < 2; is_short++) {
                struct peer *peer = PEER_START(sees_the_end);
                struct upload upload;
                struct recorded request;

                make(&upload, framing, is_short == 0 ? 9 : 3, is_short == 1 ? 9 : 3);
                upload_send(&upload, peer_url(peer));
                if (is_short == 1) {
                    put(&upload, 0, "all");
                    assert_hr(attachment_close(upload.parts[0]), S_OK);
                }
                put(&upload, is_short, written[i]);

                assert_hr(attachment_close(upload.parts[is_short]), BAD_LENGTH);

                read_request(peer, &request, framing);
                assert_cut(&request);
                recorded_free(&request);
                assert_hr(upload_result(&upload), E_ABORT);
                assert_hr(attachment_close(upload.parts[is_short]), BAD_LENGTH);
                assert_hr(attachment_abort(upload.parts[is_short]), BAD_LENGTH);
                if (is_short == 0)
                    assert_hr(attachment_open(upload.parts[1]), E_ABORT);
                upload_free(&upload);
                peer_stop(peer);
            }
}

/* [W22] [W23] [L32] */
static void B15__write_beyond_the_length__takes_nothing_and_harms_nothing(void **state)
{
    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct recorded request;
        DWORD written = 99;

        make(&upload, framing, 8, 0);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write(upload.parts[0], "too large", 9, &written),
                  BAD_LENGTH);
        assert_int_equal(written, 0);
        assert_false(peer_was_contacted(peer));
        put(&upload, 0, "docu");
        assert_hr(attachment_write(upload.parts[0], "large", 5, &written), BAD_LENGTH);
        put(&upload, 0, "ment");
        assert_hr(attachment_write(upload.parts[0], "s", 1, &written), BAD_LENGTH);
        assert_int_equal(attachment_progress(upload.parts[0]).accepted, 8);
        assert_hr(attachment_close(upload.parts[0]), S_OK);
        put(&upload, 1, "");
        assert_hr(attachment_write(upload.parts[1], "s", 1, &written), BAD_LENGTH);
        assert_hr(attachment_close(upload.parts[1]), S_OK);
        assert_hr(upload_result(&upload), S_OK);

        read_request(peer, &request, framing);
        assert_true(request.whole);
        assert_part(&request, 1, "document", 8);
        assert_part(&request, 2, "", 0);
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [L32] */
static void send__one_length_undeclared__is_in_chunks(void **state)
{
    (void)state;
    for (int declared = 0; declared < 2; declared++) {
        struct peer *peer = PEER_START(takes_all);
        struct upload upload;
        struct recorded request;

        make(&upload, WITH_LENGTH, declared == 0 ? 3 : UNDECLARED,
             declared == 1 ? 3 : UNDECLARED);
        upload_send(&upload, peer_url(peer));
        for (size_t i = 0; i < 2; i++) {
            put(&upload, i, "one");
            assert_hr(attachment_close(upload.parts[i]), S_OK);
        }
        assert_hr(upload_result(&upload), S_OK);
        read_request(peer, &request, IN_CHUNKS);
        assert_true(request.whole);
        recorded_free(&request);
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* FAULTS K1.  [L32] */
static void send__gigabytes_declared__are_in_the_header(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_TO_END},
        {.what = PEER_ACCEPT},
        {.what = PEER_READ_TO_END},
    };
    static const char name[] = "\r\nContent-Length: ";
    const uint64_t large = UINT64_C(5) << 30;
    struct peer *peer = PEER_START(steps);
    const char *header;
    uint64_t without;

    (void)state;
    for (int i = 0; i < 2; i++) { /* all else is of the same length */
        struct upload upload;

        make(&upload, WITH_LENGTH, i == 0 ? 0 : large, 0);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_open(upload.parts[0]), S_OK);
        assert_hr(attachment_abort(upload.parts[0]), S_OK);
        upload_free(&upload);
    }
    header = strstr(peer_finish(peer, NULL), name);
    assert_non_null(header);
    without = strtoull(header + strlen(name), NULL, 10);
    header = strstr(header + 1, name);
    assert_non_null(header);
    assert_true(strtoull(header + strlen(name), NULL, 10) == without + large);
    peer_stop(peer);
}

/* [L11] [L33] [M30] */
static void K2__lengths_too_large__are_refused(void **state)
{
    static const uint64_t too_large[] = {(uint64_t)INT64_MAX + 1, UINT64_MAX};

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++) {
        wsd_part_options options = WSD_PART_OPTIONS_INIT;
        struct peer *peer = peer_start(NULL, 0);
        struct upload upload;

        make(&upload, framing, INT64_MAX, 0);
        upload.parts[2] = attachment_create();
        for (size_t i = 0; i < COUNT(too_large); i++) {
            options.length = &too_large[i];
            assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data[3]",
                                                  upload.parts[2], &options),
                      E_INVALIDARG);
        }
        for (int i = 0; i < 2; i++) /* it was not sent: the same once more */
            assert_hr(wsd_client_send(upload.client, peer_url(peer), upload.message),
                      E_INVALIDARG);
        upload_free(&upload);
        assert_false(peer_was_contacted(peer));
        peer_stop(peer);
    }
}

/* What stands behind an older program's smaller structure is not ours to read. */

static void check_in_chunks(struct upload *upload, struct recorded *request)
{
    static const char document[] = "of any length";
    struct peer *peer = PEER_START(takes_all);

    upload_send(upload, peer_url(peer));
    put(upload, 0, document);
    assert_hr(attachment_close(upload->parts[0]), S_OK);
    assert_hr(upload_result(upload), S_OK);
    read_request(peer, request, IN_CHUNKS);
    assert_part(request, 1, document, strlen(document));
    peer_stop(peer);
}

/* [L31] */
static void create__options_of_an_older_program__are_taken(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    struct recorded request;

    (void)state;
    options.size = offsetof(wsd_client_options, content_length);
    options.content_length = TRUE;
    options.user_agent = "Older/1";
    upload_make(&upload, &options, 0);
    attach(&upload, 0, "Upload/Data", strlen("of any length"));
    check_in_chunks(&upload, &request);
    assert_non_null(strstr(request.head, "\r\nUser-Agent: Older/1\r\n"));
    recorded_free(&request);
    upload_free(&upload);
}

/* [M29] */
static void attach__options_of_an_older_program__declare_no_length(void **state)
{
    static const uint64_t length = 1;
    wsd_client_options client = WSD_CLIENT_OPTIONS_INIT;
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    struct upload upload;
    struct recorded request;

    (void)state;
    client.content_length = TRUE;
    upload_make(&upload, &client, 0);
    options.size = offsetof(wsd_part_options, length);
    assert_int_equal(options.size, sizeof(size_t) + sizeof(char *));
    options.content_type = "image/jpeg";
    options.length = &length;
    upload.parts[0] = attachment_create();
    assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data", upload.parts[0],
                                          &options),
              S_OK);
    check_in_chunks(&upload, &request);
    assert_non_null(strstr(request.parts[1].header, "Content-Type: image/jpeg\r\n"));
    recorded_free(&request);
    upload_free(&upload);
}

/* [L2] [M31] */
static void options__of_any_other_size__are_refused(void **state)
{
    wsd_client_options client_options = WSD_CLIENT_OPTIONS_INIT;
    wsd_part_options part_options = WSD_PART_OPTIONS_INIT;
    const size_t sizes[2][4] = {{offsetof(wsd_client_options, content_length),
                                 offsetof(wsd_client_options, ca_file),
                                 offsetof(wsd_client_options, resolve_timeout_ms),
                                 sizeof(client_options)},
                                {offsetof(wsd_part_options, length), sizeof(part_options),
                                 sizeof(part_options), sizeof(part_options)}};
    struct upload upload;

    (void)state;
    upload_make(&upload, NULL, 0);
    upload.parts[0] = attachment_create();
    for (size_t size = 0; size <= sizes[0][3] + 8; size++) {
        wsd_client *client = NULL;

        client_options.size = size;
        assert_hr(wsd_client_create(&client_options, &client),
                  size == sizes[0][0] || size == sizes[0][1] || size == sizes[0][2] ||
                          size == sizes[0][3]
                      ? S_OK
                      : E_INVALIDARG);
        wsd_client_release(client);
    }
    for (size_t size = 0; size <= sizes[1][1] + 8; size++) {
        part_options.size = size;
        if (size != sizes[1][0] && size != sizes[1][1])
            assert_hr(wsd_outbound_message_attach(upload.message, "Upload/Data",
                                                  upload.parts[0], &part_options),
                      E_INVALIDARG);
    }
    upload_free(&upload);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(B14__close_before_the_length__fails_and_the_peer_sees_it_cut),
        cmocka_unit_test(B15__write_beyond_the_length__takes_nothing_and_harms_nothing),
        cmocka_unit_test(send__one_length_undeclared__is_in_chunks),
        cmocka_unit_test(send__gigabytes_declared__are_in_the_header),
        cmocka_unit_test(K2__lengths_too_large__are_refused),
        cmocka_unit_test(create__options_of_an_older_program__are_taken),
        cmocka_unit_test(attach__options_of_an_older_program__declare_no_length),
        cmocka_unit_test(options__of_any_other_size__are_refused),
    };

    return cmocka_run_group_tests_name("declared_length_contract", tests, NULL, NULL);
}
