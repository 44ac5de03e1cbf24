/* The promises of wsd_service.h for HTTPS. */
#include "support/device.h"

#include <stdatomic.h>
#include <stdio.h>

#include "support/certificates.h"
#include "support/tls_client.h"

#define NO_FILE HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)
#define SECURE_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)

static struct certificates certificates;

static int make_certificates(void **state)
{
    (void)state;
    certificates_make(&certificates);
    certificates_write(&certificates, "text.pem", "no certificate\n", 15);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

/* Options with these files, whose paths are in `paths`; authorities: NULL for none. */
static wsd_service_options with_files(char paths[3][64], const char *certificate,
                                      const char *key, const char *authorities)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    options.tls_certificate_file =
        certificates_path(&certificates, certificate, paths[0]);
    options.tls_key_file = certificates_path(&certificates, key, paths[1]);
    if (authorities != NULL)
        options.tls_client_ca_file =
            certificates_path(&certificates, authorities, paths[2]);
    return options;
}

/* What the service answers, to the end of the connection.  Caller frees. */
static char *ask(struct tls_client *client, const char *request, size_t *size)
{
    size_t length = strlen(request);

    assert_true(tls_send(client, request, length, length));
    return tls_receive(client, size);
}

/* [S22] [S23] */
static void start__tls_files__have_their_codes(void **state)
{
    static const struct {
        const char *certificate, *key, *authorities;
        HRESULT hr;
    } rows[] = {
        {"server.pem", "server.key", NULL, S_OK},
        {"server.pem", "server.key", "ca.pem", S_OK},
        {"nothing.pem", "server.key", NULL, NO_FILE},
        {"server.pem", "nothing.key", NULL, NO_FILE},
        {"server.pem", "server.key", "nothing.pem", NO_FILE},
        {"text.pem", "server.key", NULL, SECURE_FAILURE},
        {"server.pem", "text.pem", NULL, SECURE_FAILURE},
        {"server.pem", "server.key", "text.pem", SECURE_FAILURE},
        {"server.pem", "client.key", NULL, SECURE_FAILURE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_service *service;
        char paths[3][64];
        wsd_service_options options =
            with_files(paths, rows[i].certificate, rows[i].key, rows[i].authorities);

        assert_hr(wsd_service_create(&options, &service), S_OK);
        for (int again = 0; again <= (rows[i].hr != S_OK); again++)
            assert_hr(wsd_service_start(service), rows[i].hr);
        assert_int_equal(wsd_service_port(service) != 0, rows[i].hr == S_OK);
        wsd_service_release(service);
    }
}

/* [S22]: the files are read when it starts, and it may be started again. */
static void start__file_that_comes_late__is_read(void **state)
{
    char paths[3][64], pem[8192];
    wsd_service_options options = with_files(paths, "late.pem", "server.key", NULL);
    wsd_service *service;
    size_t size;
    FILE *file;

    (void)state;
    assert_hr(wsd_service_create(&options, &service), S_OK);
    assert_hr(wsd_service_start(service), NO_FILE);
    file = fopen(certificates_path(&certificates, "server.pem", paths[2]), "r");
    assert_non_null(file);
    size = fread(pem, 1, sizeof(pem), file);
    fclose(file);
    certificates_write(&certificates, "late.pem", pem, size);
    assert_hr(wsd_service_start(service), S_OK);
    wsd_service_release(service);
}

static void https__attachments_both_ways__arrive(void **state)
{
    char paths[3][64], head[400], *bytes;
    wsd_service_options options = with_files(paths, "server.pem", "server.key", NULL);
    struct bytes document = {0}, body = {0}, request = {0};
    struct recorded reply;
    struct device device;
    struct tls_client client;
    size_t size;

    (void)state;
    for (int i = 0; i < 50000; i++) {
        snprintf(head, sizeof(head), "line %d\n", i);
        bytes_say(&document, head);
    }
    options.ring_bytes = 10000;
    device_start(&device, &options, answer_echo, &document);
    put_upload(&body, 1);
    put_page(&body, 0, document.at, document.size);
    put_end(&body);
    snprintf(
        head, sizeof(head),
        "POST /service HTTP/1.1\r\nHost: device\r\nConnection: close\r\n" PACKAGE_FIELD
        "Content-Length: %zu\r\n\r\n",
        body.size);
    bytes_say(&request, head);
    bytes_put(&request, body.at, body.size);
    bytes_put(&request, "", 1);

    tls_open(&client, device.port, &certificates, NULL, NULL);
    assert_true(tls_shake_hands(&client));
    bytes = ask(&client, request.at, &size);
    recorded_read(&reply, bytes, size);
    assert_true(reply.whole);
    assert_part(&reply, 1, document.at, document.size);

    recorded_free(&reply);
    free(bytes);
    tls_close(&client);
    device_release(&device);
    bytes_free(&document);
    bytes_free(&body);
    bytes_free(&request);
}

/* Neither in the clear nor by a TLS that is broken. */
static void https__older_than_tls_1_2__is_refused(void **state)
{
    static const struct {
        const char *priorities;
        bool agree;
    } rows[] = {
        {"NORMAL", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.3", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.2", true},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.1", false},
        {"NORMAL:-VERS-ALL:+VERS-TLS1.0", false},
    };
    char paths[3][64];
    wsd_service_options options = with_files(paths, "server.pem", "server.key", NULL);
    struct http_client plain;
    struct device device;
    atomic_uint calls = 0;

    (void)state;
    device_start(&device, &options, answer_plainly, &calls);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct tls_client client;

        tls_open(&client, device.port, &certificates, rows[i].priorities, NULL);
        assert_int_equal(tls_shake_hands(&client), rows[i].agree);
        tls_close(&client);
    }
    http_open(&plain, device.port);
    http_try_send(&plain, "POST /service HTTP/1.1\r\n\r\n", 26);
    http_await(&plain, SIZE_MAX / 2); /* to the end: an alert, at most */
    assert_null(plain.received.at == NULL ? NULL : strstr(plain.received.at, "HTTP/"));
    http_close(&plain);
    assert_int_equal(atomic_load(&calls), 0);
    device_release(&device);
}

static int ask_status(const struct device *device, const char *shows)
{
    static const char head[] = "POST /service HTTP/1.1\r\nHost: device\r\n"
                               "Connection: close\r\n" SOAP_FIELD;
    struct recorded reply;
    struct tls_client client;
    char request[2000], *bytes;
    size_t size;
    int status;

    snprintf(request, sizeof(request), "%sContent-Length: %zu\r\n\r\n%s", head,
             strlen(REQUEST), REQUEST);
    tls_open(&client, device->port, &certificates, NULL, shows);
    assert_true(tls_shake_hands(&client));
    bytes = ask(&client, request, &size);
    recorded_read(&reply, bytes, size);
    status = http_status(&reply);
    recorded_free(&reply);
    free(bytes);
    tls_close(&client);
    return status;
}

static void https__client_without_a_valid_certificate__gets_403(void **state)
{
    static const struct {
        const char *shows;
        int status;
    } rows[] = {
        {"client", 200}, {"anyone", 200},  {NULL, 403},    {"stranger", 403},
        {"alone", 403},  {"expired", 403}, {"early", 403}, {"server", 403},
    };

    (void)state;
    for (int asks = 0; asks < 2; asks++) {
        char paths[3][64];
        wsd_service_options options =
            with_files(paths, "server.pem", "server.key", asks ? "ca.pem" : NULL);
        atomic_uint calls = 0;
        unsigned answered = 0;
        struct device device;

        device_start(&device, &options, answer_plainly, &calls);
        for (size_t i = 0; i < COUNT(rows); i++) {
            int status = ask_status(&device, rows[i].shows);

            assert_int_equal(status, asks ? rows[i].status : 200);
            answered += status == 200;
        }
        assert_int_equal(atomic_load(&calls), answered);
        device_release(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__tls_files__have_their_codes),
        cmocka_unit_test(start__file_that_comes_late__is_read),
        cmocka_unit_test(https__attachments_both_ways__arrive),
        cmocka_unit_test(https__older_than_tls_1_2__is_refused),
        cmocka_unit_test(https__client_without_a_valid_certificate__gets_403),
    };

    return cmocka_run_group_tests_name("service_tls_contract", tests, make_certificates,
                                       remove_certificates);
}
