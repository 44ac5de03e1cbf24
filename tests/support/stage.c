#include "support/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <time.h>

#include "support/peer.h"

enum { PERIOD = 65521, SLICE = 20000 };

/* ---- Handlers -------------------------------------------------------------------------
 */

static HRESULT read_slow(struct stage *stage, IWSDInboundAttachment *part)
{
    char buffer[SLICE];
    HRESULT hr = S_OK;
    DWORD given;

    atomic_fetch_add(&stage->slow_begun, 1);
    while (hr == S_OK)
        hr = page_read(part, buffer, sizeof(buffer), &given);
    page_release(part);
    if (FAILED(hr))
        atomic_fetch_add(&stage->slow_ends, 1);
    return hr;
}

static HRESULT WSD_CALL serve(void *context, wsd_inbound_message *request,
                              wsd_outbound_message *reply)
{
    struct stage *stage = context;
    IWSDInboundAttachment *part, *second;
    char buffer[SLICE];
    size_t size = 0;
    DWORD given;

    if (wsd_inbound_message_attachment_at(request, 0, &part) != S_OK)
        return answer_plainly(&stage->answered, request, reply);
    if (wsd_inbound_message_attachment_at(request, 1, &second) == S_OK) {
        page_release(part);
        return read_slow(stage, second);
    }
    do {
        stage->end = page_read(part, buffer, sizeof(buffer), &given);
        for (DWORD i = 0; i < given; i++, size++)
            if (buffer[i] != stage->document[size % PERIOD])
                stage->end = E_FAIL;
        atomic_store(&stage->read, size);
    } while (stage->end == S_OK);
    page_release(part);
    return answer_plainly(NULL, request, reply);
}

/* ---- The honest client ----------------------------------------------------------------
 */

static HRESULT stream(struct stage *stage, IWSDOutboundAttachment *part)
{
    const struct timespec moment = {0, 2000000};
    HRESULT hr = S_OK;

    while (hr == S_OK && !atomic_load(&stage->enough)) {
        size_t at = atomic_load(&stage->accepted) % PERIOD;
        size_t size = PERIOD - at < SLICE ? PERIOD - at : SLICE;
        DWORD written;

        hr = attachment_write(part, stage->document + at, size, &written);
        atomic_fetch_add(&stage->accepted, written);
        nanosleep(&moment, NULL);
    }
    return hr == S_OK ? attachment_close(part) : hr;
}

static void be_honest(void *context)
{
    struct stage *stage = context;
    IWSDOutboundAttachment *part = NULL;
    wsd_outbound_message *message = NULL;
    wsd_inbound_message *reply = NULL;
    wsd_client *client = NULL;
    HRESULT hr = wsd_client_create(NULL, &client);

    if (hr == S_OK)
        hr = wsd_outbound_message_create(ACTION, &message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(message, BODY, strlen(BODY));
    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&part);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(message, "Upload/Data[1]", part, NULL);
    if (hr == S_OK)
        hr = wsd_client_send(client, stage->device.url, message);
    if (hr == S_OK)
        hr = stream(stage, part);
    if (hr == S_OK)
        hr = wsd_client_receive(client, message, PEER_PATIENCE_MS, &reply);
    stage->hr = hr;
    wsd_inbound_message_release(reply);
    if (part != NULL)
        attachment_release(part);
    wsd_outbound_message_release(message);
    wsd_client_release(client);
}

void stage_open(struct stage *stage, const wsd_service_options *options)
{
    memset(stage, 0, sizeof(*stage));
    stage->document = document_make(PERIOD, 5);
    device_start(&stage->device, options, serve, stage);
    worker_start(&stage->worker, be_honest, stage);
    WORKER_AWAIT(atomic_load(&stage->read) > 0);
}

void stage_close(struct stage *stage)
{
    size_t before = atomic_load(&stage->read);

    WORKER_AWAIT(atomic_load(&stage->read) > before);
    atomic_store(&stage->enough, true);
    worker_join(&stage->worker);
    assert_hr(stage->hr, S_OK);
    assert_hr(stage->end, S_FALSE);
    assert_int_equal(atomic_load(&stage->read), atomic_load(&stage->accepted));
    device_release(&stage->device);
    free(stage->document);
}

/* ---- Attacks --------------------------------------------------------------------------
 */

static void put_attack(struct bytes *bytes, const char *text, size_t size)
{
    char number[24];

    for (size_t i = 0; i < size; i++) {
        snprintf(number, sizeof(number), text[i] == '#' ? "%zx" : "%zu", strlen(REQUEST));
        if (text[i] == '$')
            bytes_say(bytes, REQUEST);
        else if (text[i] == '@' || text[i] == '#')
            bytes_say(bytes, number);
        else
            bytes_put(bytes, &text[i], 1);
    }
}

static void expect_reply(struct http_client *client, const struct attack *attack,
                         int status)
{
    struct recorded reply;

    if (status == 0)
        return;
    http_receive(client, &reply);
    if (reply.head[0] == '\0' || http_status(&reply) != status)
        print_error("%.*s", (int)(attack->size < 200 ? attack->size : 200), attack->text);
    assert_int_equal(http_status(&reply), status);
    recorded_free(&reply);
}

/* libmicrohttpd 0.9.75 says the head of some of its refusals twice: nothing but refusals
 * is all that counts. */
void expect_no_more(struct http_client *client)
{
    http_await(client, 1 << 20);
    assert_true(client->received.size < 1 << 20);
    assert_true(client->received.size == client->taken ||
                strstr(client->received.at + client->taken, "HTTP/1.1 2") == NULL);
}

void stage_attack(struct stage *stage, const struct attack *attack)
{
    static const char follower[] = HEAD LENGTH "\r\n$";
    unsigned before = atomic_load(&stage->answered);
    struct http_client client;
    struct bytes bytes = {0};

    put_attack(&bytes, attack->text, attack->size);
    put_attack(&bytes, follower, sizeof(follower) - 1);
    http_open(&client, stage->device.port);
    (void)http_try_send(&client, bytes.at, bytes.size);
    expect_reply(&client, attack, attack->status);
    expect_reply(&client, attack, attack->next);
    if (attack->next != 200)
        expect_no_more(&client);
    assert_int_equal(atomic_load(&stage->answered) - before, attack->answered);
    http_close(&client);
    bytes_free(&bytes);
}

void stage_attack_with_many(struct stage *stage, const char *head, const char *text,
                            size_t count, const char *tail, int status)
{
    struct attack many = {.status = status};
    struct bytes bytes = {0};

    bytes_say(&bytes, head);
    for (size_t i = 0; i < count; i++)
        bytes_say(&bytes, text);
    bytes_say(&bytes, tail);
    many.text = bytes.at;
    many.size = bytes.size;
    stage_attack(stage, &many);
    bytes_free(&bytes);
}

bool stage_has_room(const struct stage *stage)
{
    struct http_client client;
    struct bytes bytes = {0};
    bool answered;

    put_attack(&bytes, HEAD LENGTH "\r\n$", sizeof(HEAD LENGTH "\r\n$") - 1);
    http_open(&client, stage->device.port);
    (void)http_try_send(&client, bytes.at, bytes.size);
    http_await(&client, 1);
    answered = client.received.size > 0;
    http_close(&client);
    bytes_free(&bytes);
    return answered;
}
