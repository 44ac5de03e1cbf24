/* Row A13 of tests/FAULTS.md: every thread of this program but main's has a stack of
 * 64 KiB, whoever makes it: the application's, a client's, a service's and its workers,
 * and libcurl's for the look-up of a name. */
#define _GNU_SOURCE /* pthread_setattr_default_np */

#include "support/certificates.h"
#include "support/device.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STACK = 64 * 1024, SIZE = 1000000 };

static struct certificates certificates;

static int prepare(void **state)
{
    pthread_attr_t small;

    (void)state;
    certificates_make(&certificates);
    assert_int_equal(pthread_attr_init(&small), 0);
    assert_int_equal(pthread_attr_setstacksize(&small, STACK), 0);
    assert_int_equal(pthread_setattr_default_np(&small), 0);
    pthread_attr_destroy(&small);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

struct errand {
    struct bytes document;
    bool uses_tls;
    size_t stack;
    wsd_service *service;
    wsd_client *client;
    wsd_outbound_message *message;
    IWSDOutboundAttachment *upload;
    wsd_inbound_message *reply;
    IWSDInboundAttachment *page;
    struct reading reading;
    HRESULT hr;
};

static HRESULT start_service(struct errand *errand, char url[64])
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    char certificate[64], key[64];
    HRESULT hr;

    if (errand->uses_tls) {
        options.tls_certificate_file =
            certificates_path(&certificates, "server.pem", certificate);
        options.tls_key_file = certificates_path(&certificates, "server.key", key);
    }
    hr = wsd_service_create(&options, &errand->service);
    if (hr == S_OK)
        hr = wsd_service_handle(errand->service, "/service", NULL, answer_echo,
                                &errand->document);
    if (hr == S_OK)
        hr = wsd_service_start(errand->service);
    if (hr == S_OK)
        snprintf(url, 64,
                 errand->uses_tls ? "https://127.0.0.1:%u/service"
                                  : "http://localhost:%u/service",
                 wsd_service_port(errand->service));
    return hr;
}

static HRESULT send_document(struct errand *errand, const char *url)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char authorities[64];
    HRESULT hr;

    options.ca_file = certificates_path(&certificates, "ca.pem", authorities);
    hr = wsd_client_create(&options, &errand->client);
    if (hr == S_OK)
        hr = wsd_outbound_message_create(ACTION, &errand->message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(errand->message, BODY, strlen(BODY));
    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&errand->upload);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(errand->message, "Upload/Data[1]",
                                         errand->upload, NULL);
    if (hr == S_OK)
        hr = wsd_client_send(errand->client, url, errand->message);
    if (hr == S_OK)
        hr = part_write(errand->upload, errand->document.at, errand->document.size);
    return hr;
}

static HRESULT read_reply(struct errand *errand)
{
    HRESULT hr = wsd_client_receive(errand->client, errand->message,
                                    1000 * WORKER_PATIENCE_S, &errand->reply);

    if (hr == S_OK)
        hr = wsd_inbound_message_attachment_at(errand->reply, 0, &errand->page);
    if (hr == S_OK)
        errand->reading =
            part_read(errand->page, errand->document.at, errand->document.size);
    return hr;
}

static void run_errand(void *argument)
{
    struct errand *errand = argument;
    pthread_attr_t own;
    char url[64];

    if (pthread_getattr_np(pthread_self(), &own) == 0) {
        pthread_attr_getstacksize(&own, &errand->stack);
        pthread_attr_destroy(&own);
    }
    errand->hr = start_service(errand, url);
    if (errand->hr == S_OK)
        errand->hr = send_document(errand, url);
    if (errand->hr == S_OK)
        errand->hr = read_reply(errand);
    if (errand->page != NULL)
        page_release(errand->page);
    wsd_inbound_message_release(errand->reply);
    wsd_outbound_message_release(errand->message);
    if (errand->upload != NULL)
        attachment_release(errand->upload);
    wsd_client_release(errand->client);
    wsd_service_release(errand->service);
}

static void A13__stacks_of_64_kib__are_enough_for_all_threads(void **state)
{
    (void)state;
    for (int tls = 0; tls < 2; tls++) {
        struct errand errand = {.document = {document_make(SIZE, 3), SIZE, 0},
                                .uses_tls = tls != 0,
                                .hr = E_FAIL};
        struct worker worker;

        worker_start(&worker, run_errand, &errand);
        worker_join(&worker);
        assert_hr(errand.hr, S_OK);
        assert_in_range(errand.stack, 1, STACK);
        assert_hr(errand.reading.hr, S_FALSE);
        assert_int_equal(errand.reading.size, SIZE);
        assert_true(errand.reading.as_expected);
        free(errand.document.at);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A13__stacks_of_64_kib__are_enough_for_all_threads),
    };

    return cmocka_run_group_tests(tests, prepare, clean_up);
}
