/* Rows I6, I9 and I10 of tests/FAULTS.md, where a service has its threads, too. */
#include "support/device.h"

#include <inttypes.h>
#include <pthread.h>
#include <unistd.h>

#include "support/stream_hash.h"

/* ---- I6: many threads, one client
 * ------------------------------------------------------
 */

enum { THREADS = 64, MESSAGES = 25, PARTS = 4, MOST_BYTES = 3000 };

struct sender {
    struct worker worker;
    wsd_client *client;
    const char *url;
    unsigned number;
    unsigned sent; /* messages that were answered well */
};

/* A document like no other's, and its hash. */
static size_t make_page(char page[MOST_BYTES], uint32_t seed, uint64_t *hash)
{
    const size_t size = seed * 2654435761u % MOST_BYTES;

    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525u + 1013904223u;
        page[i] = (char)(seed >> 24);
    }
    *hash = stream_hash(STREAM_HASH_INIT, page, size);
    return size;
}

static uint32_t seed_of(const struct sender *sender, unsigned message, unsigned part)
{
    return (sender->number * MESSAGES + message) * PARTS + part + 1;
}

static HRESULT send_pages(const struct sender *sender, unsigned number,
                          wsd_outbound_message *message, IWSDOutboundAttachment **parts)
{
    HRESULT hr = wsd_client_send(sender->client, sender->url, message);
    wsd_inbound_message *reply = NULL;

    for (unsigned i = 0; i < PARTS && hr == S_OK; i++) {
        char page[MOST_BYTES];
        uint64_t hash;

        hr = part_write(parts[i], page,
                        make_page(page, seed_of(sender, number, i), &hash));
    }
    if (hr == S_OK)
        hr = wsd_client_receive(sender->client, message, PEER_PATIENCE_MS, &reply);
    wsd_inbound_message_release(reply);
    return hr;
}

/* One whose body has the hashes of its attachments. */
static HRESULT send_message(const struct sender *sender, unsigned number)
{
    IWSDOutboundAttachment *parts[PARTS] = {NULL};
    wsd_outbound_message *message;
    char body[600] = "<u:Upload xmlns:u=\"http://example.org/upload\">";
    HRESULT hr = wsd_outbound_message_create(ACTION, &message);

    for (unsigned i = 0; i < PARTS; i++) {
        char page[MOST_BYTES];
        uint64_t hash;

        make_page(page, seed_of(sender, number, i), &hash);
        snprintf(body + strlen(body), 100, "<u:Data/><u:Hash>%" PRIx64 "</u:Hash>", hash);
    }
    strcat(body, "</u:Upload>");
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(message, body, strlen(body));
    for (unsigned i = 0; i < PARTS && hr == S_OK; i++) {
        char path[40];

        snprintf(path, sizeof(path), "Upload/Data[%u]", i + 1);
        hr = WSDCreateOutboundAttachment(&parts[i]);
        if (hr == S_OK)
            hr = wsd_outbound_message_attach(message, path, parts[i], NULL);
    }
    if (hr == S_OK)
        hr = send_pages(sender, number, message, parts);
    for (unsigned i = 0; i < PARTS; i++)
        if (parts[i] != NULL)
            attachment_release(parts[i]);
    wsd_outbound_message_release(message);
    return hr;
}

static void send_messages(void *argument)
{
    struct sender *sender = argument;

    while (sender->sent < MESSAGES && send_message(sender, sender->sent) == S_OK)
        sender->sent++;
}

/* Is the attachment what its hash says? */
static bool is_page_right(wsd_inbound_message *request, size_t index)
{
    uint64_t hash = STREAM_HASH_INIT;
    IWSDInboundAttachment *page;
    char path[40], buffer[1000];
    const char *expected;
    DWORD given;
    HRESULT hr;

    snprintf(path, sizeof(path), "Upload/Hash[%zu]", index + 1);
    if (wsd_inbound_message_find_text(request, path, &expected) != S_OK ||
        request_part(request, index, &page) != S_OK)
        return false;
    do {
        hr = page_read(page, buffer, sizeof(buffer), &given);
        hash = stream_hash(hash, buffer, given);
    } while (hr == S_OK);
    page_release(page);
    return hr == S_FALSE && hash == strtoull(expected, NULL, 16);
}

static HRESULT WSD_CALL compare_hashes(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    for (size_t i = 0; i < PARTS; i++) {
        if (!is_page_right(request, i))
            return E_FAIL;
        atomic_fetch_add((atomic_uint *)context, 1);
    }
    return answer_plainly(NULL, request, reply);
}

static void I6__many_threads_share_a_client__each_document_arrives(void **state)
{
    static struct sender senders[THREADS];
    wsd_service_options listening = WSD_SERVICE_OPTIONS_INIT;
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    atomic_uint pages = 0;
    struct device device;
    wsd_client *client;

    (void)state;
    listening.max_connections = listening.max_connections_per_peer = 2 * THREADS;
    device_start(&device, &listening, compare_hashes, &pages);
    options.ring_bytes = MOST_BYTES / 3;
    assert_hr(wsd_client_create(&options, &client), S_OK);
    for (unsigned i = 0; i < THREADS; i++) {
        senders[i] = (struct sender){.client = client, .url = device.url, .number = i};
        worker_start(&senders[i].worker, send_messages, &senders[i]);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        worker_join(&senders[i].worker);
        assert_int_equal(senders[i].sent, MESSAGES);
    }
    assert_int_equal(atomic_load(&pages), THREADS * MESSAGES * PARTS);
    wsd_client_release(client);
    device_release(&device);
}

/* ---- I9: a thread that is cancelled
 * ----------------------------------------------------
 */

/* What a service does, and fails to do, with files and sockets. */
struct attempts {
    unsigned port; /* where somebody else listens */
    HRESULT no_file, in_use, served;
};

static HRESULT serve(const wsd_service_options *options)
{
    wsd_service *service;
    HRESULT hr = wsd_service_create(options, &service);

    if (hr == S_OK)
        hr = wsd_service_handle(service, "/service", NULL, answer_plainly, NULL);
    if (hr == S_OK)
        hr = wsd_service_start(service);
    if (hr == S_OK)
        hr = wsd_service_stop(service, 0);
    wsd_service_release(service);
    return hr;
}

static void *attempt_all(void *argument)
{
    struct attempts *attempts = argument;
    wsd_service_options no_file = WSD_SERVICE_OPTIONS_INIT;
    wsd_service_options in_use = WSD_SERVICE_OPTIONS_INIT;

    no_file.tls_certificate_file = no_file.tls_key_file = "/none";
    in_use.port = (uint16_t)attempts->port;
    pthread_cancel(pthread_self());
    attempts->no_file = serve(&no_file);
    attempts->in_use = serve(&in_use);
    attempts->served = serve(NULL);
    pthread_testcancel();
    return NULL;
}

static void I9__cancelled_before__no_call_of_a_service_ends_the_thread(void **state)
{
    struct attempts attempts = {.no_file = E_UNEXPECTED, .served = E_UNEXPECTED};
    int listener = peer_listen(&attempts.port, 1);
    pthread_t thread;
    void *result;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, attempt_all, &attempts), 0);
    assert_int_equal(pthread_join(thread, &result), 0);
    assert_ptr_equal(result, PTHREAD_CANCELED);
    assert_hr(attempts.no_file, HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    assert_hr(attempts.in_use, HRESULT_FROM_WIN32(WSAEADDRINUSE));
    assert_hr(attempts.served, S_OK);
    close(listener);
}

/* ---- I10: a handler that does not return
 * -----------------------------------------------
 */

struct gate {
    atomic_uint calls;
    atomic_bool open;
};

/* The first call is stuck. */
static HRESULT WSD_CALL stick_once(void *context, wsd_inbound_message *request,
                                   wsd_outbound_message *reply)
{
    struct gate *gate = context;

    if (atomic_fetch_add(&gate->calls, 1) == 0)
        WORKER_AWAIT(atomic_load(&gate->open));
    return answer_plainly(NULL, request, reply);
}

static void I10__handler_is_stuck__other_workers_go_on(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct gate gate = {.calls = 0};
    struct http_client stuck;
    struct device device;

    (void)state;
    options.max_workers = 2;
    device_start(&device, &options, stick_once, &gate);
    http_open(&stuck, device.port);
    http_post(&stuck, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&gate.calls) == 1);
    for (int i = 0; i < 20; i++)
        assert_int_equal(device_status(&device), 200);
    atomic_store(&gate.open, true);
    expect_answer(&stuck);
    http_close(&stuck);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        /* first, so that libraries below initialize themselves in it */
        cmocka_unit_test(I9__cancelled_before__no_call_of_a_service_ends_the_thread),
        cmocka_unit_test(I6__many_threads_share_a_client__each_document_arrives),
        cmocka_unit_test(I10__handler_is_stuck__other_workers_go_on),
    };

    alarm(150); /* the bound of every wait */
    return cmocka_run_group_tests_name("service_thread_flow", tests, NULL, NULL);
}
