/* Rows E2 to E6 and E9 of tests/FAULTS.md for a service: clients with certificates of all
 * kinds, and clients that are none, while the stream of another one goes on. */
#include "support/certificates.h"
#include "support/device.h"
#include "support/tls_client.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PART = 1000000, SLICE = 20000 };

static struct certificates certificates;
static char certificate[64], key[64], authorities[64];
static char *document; /* PART bytes */

static int prepare(void **state)
{
    (void)state;
    document = document_make(PART, 7);
    certificates_make(&certificates);
    certificates_path(&certificates, "server.pem", certificate);
    certificates_path(&certificates, "server.key", key);
    certificates_path(&certificates, "ca.pem", authorities);
    return 0;
}

static int clean_up(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    free(document);
    return 0;
}

/* ---- The device -----------------------------------------------------------------------
 */

struct seen {
    atomic_uint begun, whole, cut; /* requests with an attachment */
};

static HRESULT WSD_CALL read_document(void *context, wsd_inbound_message *request,
                                      wsd_outbound_message *reply)
{
    struct seen *seen = context;
    IWSDInboundAttachment *part;
    struct reading reading;

    if (wsd_inbound_message_attachment_at(request, 0, &part) != S_OK)
        return answer_plainly(NULL, request, reply);
    atomic_fetch_add(&seen->begun, 1);
    reading = part_read(part, document, PART);
    page_release(part);
    if (reading.hr == S_FALSE && reading.size == PART)
        atomic_fetch_add(&seen->whole, 1);
    else if (FAILED(reading.hr) && reading.as_expected)
        atomic_fetch_add(&seen->cut, 1);
    return answer_plainly(NULL, request, reply);
}

/* special: NULL for a service that asks its clients for certificates. */
static void start(struct device *device, struct seen *seen,
                  const wsd_service_options *special)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    if (special != NULL)
        options = *special;
    else
        options.tls_client_ca_file = authorities;
    options.tls_certificate_file = certificate;
    options.tls_key_file = key;
    atomic_init(&seen->begun, 0);
    atomic_init(&seen->whole, 0);
    atomic_init(&seen->cut, 0);
    device_start(device, &options, read_document, seen);
}

/* ---- Clients --------------------------------------------------------------------------
 */

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define BEFORE_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT"
static const char *const versions[] = {TLS_1_2, TLS_1_3};

static void put_request(struct bytes *bytes, const char *field, const void *body,
                        size_t size)
{
    char head[400];

    snprintf(head, sizeof(head),
             "POST /service HTTP/1.1\r\nHost: device\r\nConnection: close\r\n%s"
             "Content-Length: %zu\r\n\r\n",
             field, size);
    bytes_say(bytes, head);
    bytes_put(bytes, body, size);
}

/* The status of the reply, which closes the connection; 0: there is none. */
static int receive_status(struct tls_client *client)
{
    size_t size;
    char *reply = tls_receive(client, &size);
    int status = size > 12 ? atoi(reply + strlen("HTTP/1.1 ")) : 0;

    free(reply);
    return status;
}

/* Of an ordinary request; 0: they did not come to an agreement. */
static int status_for(const struct device *device, const char *priorities,
                      const char *shows, size_t record)
{
    struct tls_client client;
    struct bytes request = {0};
    int status = 0;

    put_request(&request, SOAP_FIELD, REQUEST, strlen(REQUEST));
    tls_open(&client, device->port, &certificates, priorities, shows);
    if (tls_shake_hands(&client) && tls_send(&client, request.at, request.size, record))
        status = receive_status(&client);
    tls_close(&client);
    bytes_free(&request);
    return status;
}

/* An honest client, whose stream goes on a little now and then. */
struct honest {
    struct tls_client client;
    struct bytes request;
    size_t sent;
};

static void honest_go_on(struct honest *honest, size_t size)
{
    assert_true(honest->sent + size <= honest->request.size);
    assert_true(
        tls_send(&honest->client, honest->request.at + honest->sent, size, 16384));
    honest->sent += size;
}

static void honest_begin(struct honest *honest, const struct device *device,
                         struct seen *seen, const char *priorities)
{
    unsigned before = atomic_load(&seen->begun);
    struct bytes body = {0};

    *honest = (struct honest){0};
    put_upload(&body, 1);
    put_page(&body, 0, document, PART);
    put_end(&body);
    put_request(&honest->request, PACKAGE_FIELD, body.at, body.size);
    bytes_free(&body);
    tls_open(&honest->client, device->port, &certificates, priorities, "client");
    assert_true(tls_shake_hands(&honest->client));
    honest_go_on(honest, SLICE);
    WORKER_AWAIT(atomic_load(&seen->begun) > before);
}

static void honest_end(struct honest *honest, const struct seen *seen)
{
    honest_go_on(honest, honest->request.size - honest->sent);
    assert_int_equal(receive_status(&honest->client), 200);
    assert_int_equal(atomic_load(&seen->whole), 1);
    tls_close(&honest->client);
    bytes_free(&honest->request);
}

/* ---- Certificates and versions --------------------------------------------------------
 */

static void E2__client_without_a_good_certificate__gets_403(void **state)
{
    static const struct {
        const char *shows;
        int status;
    } rows[] = {{"client", 200}, {NULL, 403}, {"stranger", 403}, {"expired", 403}};
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    honest_begin(&honest, &device, &seen, NULL);
    for (size_t i = 0; i < COUNT(rows) * COUNT(versions); i++) {
        assert_int_equal(
            status_for(&device, versions[i % 2], rows[i / 2].shows, SIZE_MAX),
            rows[i / 2].status);
        honest_go_on(&honest, SLICE);
    }
    honest_end(&honest, &seen);
    device_release(&device);
}

static void E2__service_without_authorities__asks_for_no_certificate(void **state)
{
    const wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device device;
    struct seen seen;

    (void)state;
    start(&device, &seen, &options);
    for (size_t i = 0; i < COUNT(versions); i++) {
        assert_int_equal(status_for(&device, versions[i], NULL, SIZE_MAX), 200);
        assert_int_equal(status_for(&device, versions[i], "alone", SIZE_MAX), 200);
    }
    device_release(&device);
}

static void E3__client_before_1_2__is_refused(void **state)
{
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    honest_begin(&honest, &device, &seen, NULL);
    assert_int_equal(status_for(&device, BEFORE_1_2, NULL, SIZE_MAX), 0);
    honest_end(&honest, &seen);
    device_release(&device);
}

/* ---- Handshakes -----------------------------------------------------------------------
 */

static void E4__what_is_no_tls__is_cut(void **state)
{
#define ROW(text)                                                                        \
    {                                                                                    \
        text, sizeof(text) - 1                                                           \
    }
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {
        ROW(""),
        ROW("POST /service HTTP/1.1\r\nHost: device\r\nContent-Length: 0\r\n\r\n"),
        ROW("\x80\x2e\x01\x00\x02\x00\x15"), /* SSL 2 */
        ROW("\x16\x03\x03\xff\xff"),
        ROW("\x16\x03\x03\x40\x00\x01\x00\x3f\xfc\x03\x03"), /* goes no further */
        ROW("\x15\x03\x03\x00\x02\x02\x28"),
        ROW("\x17\x03\x03\x00\x01x"),
    };
#undef ROW
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    options.request_timeout_ms = 2000;
    start(&device, &seen, &options);
    honest_begin(&honest, &device, &seen, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_client client;

        http_open(&client, device.port);
        http_send(&client, rows[i].bytes, rows[i].size);
        http_await(&client, 1 << 20);
        assert_true(client.received.size < 1000);
        assert_true(client.received.size == 0 || client.received.at[0] == 0x15);
        http_close(&client);
        honest_go_on(&honest, SLICE);
    }
    honest_end(&honest, &seen);
    device_release(&device);
}

/* How many bytes went out with each message of a handshake, and a record's end. */
static struct tls_client complete_handshake(const struct device *device,
                                            const char *priorities)
{
    struct tls_client client;

    tls_open(&client, device->port, &certificates, priorities, "client");
    assert_true(tls_shake_hands(&client));
    tls_close(&client);
    assert_in_range(client.flight_count, 2, 15);
    return client;
}

/* Behind each message, and in the middle of each: the client goes, or says no more. */
static void E4__handshake_cut_anywhere__ends_the_connection(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    options.request_timeout_ms = 2000;
    start(&device, &seen, &options);
    honest_begin(&honest, &device, &seen, NULL);
    for (size_t i = 0; i < COUNT(versions); i++) {
        struct tls_client whole = complete_handshake(&device, versions[i]);
        struct tls_client cut[4 * 16];
        size_t count = 0, before = 0;

        for (unsigned j = 0; j < whole.flight_count; j++) {
            for (unsigned k = 0; k < 4; k++) {
                struct tls_client *client = &cut[count++];

                tls_open(client, device.port, &certificates, versions[i], "client");
                client->cut = k / 2 == 0 ? before + 1 : (before + whole.flights[j]) / 2;
                client->silent = k % 2 == 0;
            }
            before = whole.flights[j];
        }
        /* With TLS 1.3 the client is done before the service has its last message. */
        for (size_t j = 0; j < count; j++)
            assert_true(!tls_shake_hands(&cut[j]) || i == 1);
        for (size_t j = 0; j < count; j++) {
            tls_await_end(&cut[j]);
            tls_close(&cut[j]);
        }
        honest_go_on(&honest, SLICE);
    }
    honest_end(&honest, &seen);
    device_release(&device);
}

/* ---- In the middle of a request -------------------------------------------------------
 */

/* Neither with a notice nor without: a request is whole by its length only. */
static void E5__connection_that_ends__is_truncation(void **state)
{
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    for (unsigned i = 0; i < 2 * COUNT(versions); i++) {
        honest_begin(&honest, &device, &seen, versions[i / 2]);
        honest_go_on(&honest, PART / 2);
        if (i % 2 == 0)
            gnutls_bye(honest.client.session, GNUTLS_SHUT_WR);
        tls_close(&honest.client);
        bytes_free(&honest.request);
        WORKER_AWAIT(atomic_load(&seen.cut) == i + 1);
    }
    assert_int_equal(atomic_load(&seen.whole), 0);
    device_release(&device);
}

/* libmicrohttpd takes such a record for the end of what is there. */
static void E6__new_keys_midway__harm_nothing(void **state)
{
    struct device device;
    struct honest honest;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    honest_begin(&honest, &device, &seen, TLS_1_3);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(
            gnutls_session_key_update(honest.client.session, i % 2 ? GNUTLS_KU_PEER : 0),
            GNUTLS_E_SUCCESS);
        honest_go_on(&honest, SLICE);
    }
    honest_end(&honest, &seen);
    device_release(&device);
}

/* It costs the service more than the client. */
static void E6__renegotiation__ends_the_connection(void **state)
{
    struct device device;
    struct honest honest, other;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    honest_begin(&honest, &device, &seen, TLS_1_2);
    honest_begin(&other, &device, &seen, TLS_1_2);
    assert_false(tls_shake_hands(&other.client));
    tls_close(&other.client);
    bytes_free(&other.request);
    WORKER_AWAIT(atomic_load(&seen.cut) == 1);
    honest_end(&honest, &seen);
    device_release(&device);
}

static void E9__records_of_one_byte__arrive(void **state)
{
    struct device device;
    struct seen seen;

    (void)state;
    start(&device, &seen, NULL);
    for (size_t i = 0; i < COUNT(versions); i++)
        assert_int_equal(status_for(&device, versions[i], "client", 1), 200);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(E2__client_without_a_good_certificate__gets_403),
        cmocka_unit_test(E2__service_without_authorities__asks_for_no_certificate),
        cmocka_unit_test(E3__client_before_1_2__is_refused),
        cmocka_unit_test(E4__what_is_no_tls__is_cut),
        cmocka_unit_test(E4__handshake_cut_anywhere__ends_the_connection),
        cmocka_unit_test(E5__connection_that_ends__is_truncation),
        cmocka_unit_test(E6__new_keys_midway__harm_nothing),
        cmocka_unit_test(E6__renegotiation__ends_the_connection),
        cmocka_unit_test(E9__records_of_one_byte__arrive),
    };

    return cmocka_run_group_tests_name("service_tls_flow", tests, prepare, clean_up);
}
