/* What docs/memory.md says of the heap, with all streams full at once.  How large the
 * documents are plays no part: nobody has read a byte of them. */
#include "support/device.h"

#include <malloc.h>

#include "support/peer.h"

#define STREAMS 4
#define KIB ((size_t)1024)

static const size_t rings[] = {10 * KIB, 64 * KIB, 1024 * KIB};

/* Of the whole process: libcurl's and libmicrohttpd's too. */
static size_t heap_now(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd;
}

/* One upload after another has made what is made once. */
static void warm_up(wsd_client *client)
{
    wsd_outbound_message *message = message_create(BODY);
    wsd_inbound_message *reply;

    assert_hr(wsd_client_send(client, peer_refusing_url(), message), S_OK);
    (void)wsd_client_receive(client, message, INFINITE, &reply);
    wsd_outbound_message_release(message);
}

static size_t clamped(size_t size, size_t most)
{
    return size < 16 * KIB ? 16 * KIB : size < most ? size : most;
}

static void client__all_streams_full__takes_what_the_formula_says(void **state)
{
    static const struct peer_step stall[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_HOLD}};

    (void)state;
    for (size_t r = 0; r < COUNT(rings); r++) {
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        size_t most = rings[r] + clamped(rings[r] / 4, 256 * KIB) +
                      clamped(rings[r] / 4, 64 * KIB) + 32 * KIB;
        wsd_outbound_message *messages[STREAMS];
        IWSDOutboundAttachment *parts[STREAMS];
        struct peer *peers[STREAMS];
        wsd_client *client;
        size_t before;

        options.ring_bytes = rings[r];
        assert_hr(wsd_client_create(&options, &client), S_OK);
        warm_up(client);
        for (size_t i = 0; i < STREAMS; i++)
            peers[i] = PEER_START(stall);
        before = heap_now();
        for (size_t i = 0; i < STREAMS; i++) {
            messages[i] = message_create(BODY);
            parts[i] = attachment_create();
            assert_hr(
                wsd_outbound_message_attach(messages[i], "Upload/Data", parts[i], NULL),
                S_OK);
            assert_hr(wsd_client_send(client, peer_url(peers[i]), messages[i]), S_OK);
            attachment_stuff(parts[i]);
        }
        assert_in_range(heap_now() - before, STREAMS * rings[r], STREAMS * most);

        /* what has ended keeps neither */
        wsd_client_release(client);
        assert_in_range(heap_now(), 0, before + STREAMS * 16 * KIB);

        for (size_t i = 0; i < STREAMS; i++) {
            attachment_release(parts[i]);
            wsd_outbound_message_release(messages[i]);
            peer_go(peers[i]);
            peer_stop(peers[i]);
        }
    }
}

static void service__all_replies_full__takes_what_the_formula_says(void **state)
{
    (void)state;
    for (size_t r = 0; r < COUNT(rings); r++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        size_t most = rings[r] + (64 + 40) * KIB; /* the rest of it maps its memory */
        struct http_client clients[STREAMS];
        IWSDOutboundAttachment *parts[STREAMS];
        struct answer answer = {.count = 1};
        struct device device;
        size_t before;

        options.ring_bytes = rings[r];
        device_start(&device, &options, answer_with_parts, &answer);
        before = heap_now();
        for (size_t i = 0; i < STREAMS; i++) {
            atomic_store(&answer.has_returned, false);
            http_open(&clients[i], device.port);
            http_post(&clients[i], "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
            WORKER_AWAIT(atomic_load(&answer.has_returned));
            parts[i] = answer.parts[0];
        }
        for (size_t i = 0; i < STREAMS; i++)
            attachment_stuff(parts[i]);
        assert_in_range(heap_now() - before, STREAMS * rings[r], STREAMS * most);
        for (size_t i = 0; i < STREAMS; i++) {
            attachment_abort(parts[i]);
            attachment_release(parts[i]);
            http_close(&clients[i]);
        }
        device_release(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client__all_streams_full__takes_what_the_formula_says),
        cmocka_unit_test(service__all_replies_full__takes_what_the_formula_says),
    };

    return cmocka_run_group_tests_name("memory_flow", tests, NULL, NULL);
}
