/* A service over real sockets: clients that speak HTTP in every way that they may. */
#include "support/document.h"

#include <stdatomic.h>
#include <stdio.h>

#define PART 300000

#define PLAIN SOAP(ADDRESSED(ACTION), "<b/>") /* without attachments */

/* ---- HTTP -----------------------------------------------------------------------------
 */

static void connection__kept__carries_requests_of_all_kinds(void **state)
{
    wsd_service_options options = small_rings();
    struct http_client client;
    struct device device;

    (void)state;
    device_start(&device, &options, answer_echo, &document);
    http_open(&client, device.port);
    for (size_t i = 0; i < 8; i++) {
        size_t size = i * i * 4000;
        struct bytes body = {0};

        put_package(&body, size);
        if (i % 2 == 0)
            http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
        else
            http_post(&client, "/service", PACKAGE_FIELD, body.at, body.size);
        if (i % 2 == 0)
            expect_answer(&client);
        else
            expect_part(&client, document.at, size);
        bytes_free(&body);
    }
    http_close(&client);
    device_release(&device);
}

/* Chunks of all sizes. */
static void request__in_chunks__is_read(void **state)
{
    static const size_t sizes[] = {1, 15, 16, 255, 256, 4096, 70000};

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        size_t size = sizes[i] < 100 ? 1000 : PART;
        struct bytes body = {0}, chunks = {0};
        struct http_client client;
        struct device device;

        device_start(&device, NULL, answer_echo, &document);
        put_package(&body, size);
        for (size_t at = 0; at < body.size; at += sizes[i])
            put_chunk(&chunks, body.at + at,
                      body.size - at < sizes[i] ? body.size - at : sizes[i]);
        bytes_say(&chunks, "0\r\n\r\n");
        http_open(&client, device.port);
        http_say(&client, "POST /service HTTP/1.1\r\nHost: device\r\n" PACKAGE_FIELD
                          "Transfer-Encoding: chunked\r\n\r\n");
        http_send(&client, chunks.at, chunks.size);
        expect_part(&client, document.at, size);
        http_close(&client);
        bytes_free(&chunks);
        bytes_free(&body);
        device_release(&device);
    }
}

/* Requests that do not wait for the replies before them are answered in order. */
static void connection__pipelined__is_answered_in_order(void **state)
{
    struct bytes requests = {0};
    struct http_client client;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_echo, &document);
    for (size_t i = 0; i < 6; i++) {
        struct bytes body = {0};
        char head[300];

        if (i % 2 == 0)
            bytes_say(&body, PLAIN);
        else
            put_package(&body, i * 1000);
        snprintf(
            head, sizeof(head),
            "POST /service HTTP/1.1\r\nHost: device\r\n%sContent-Length: %zu\r\n\r\n",
            i % 2 == 0 ? SOAP_FIELD : PACKAGE_FIELD, body.size);
        bytes_say(&requests, head);
        bytes_put(&requests, body.at, body.size);
        bytes_free(&body);
    }
    http_open(&client, device.port);
    http_send(&client, requests.at, requests.size);
    for (size_t i = 0; i < 6; i++)
        if (i % 2 == 0)
            expect_answer(&client);
        else
            expect_part(&client, document.at, i * 1000);
    http_close(&client);
    bytes_free(&requests);
    device_release(&device);
}

static void request__byte_by_byte__is_read(void **state)
{
    struct bytes body = {0}, request = {0};
    struct http_client client;
    struct device device;
    char head[300];

    (void)state;
    device_start(&device, NULL, answer_echo, &document);
    put_package(&body, 100);
    snprintf(head, sizeof(head),
             "POST /service HTTP/1.1\r\nHost: device\r\n" PACKAGE_FIELD
             "Content-Length: %zu\r\n\r\n",
             body.size);
    bytes_say(&request, head);
    bytes_put(&request, body.at, body.size);
    http_open(&client, device.port);
    for (size_t i = 0; i < request.size; i++)
        http_send(&client, request.at + i, 1);
    expect_part(&client, document.at, 100);
    http_close(&client);
    bytes_free(&body);
    bytes_free(&request);
    device_release(&device);
}

/* A client that knows no chunks gets none: the connection's end is the reply's. */
static void reply__to_http_1_0__is_not_in_chunks(void **state)
{
    static const char *const fields[] = {"", "Connection: keep-alive\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(fields); i++) {
        struct bytes body = {0};
        struct http_client client;
        struct recorded reply;
        struct device device;
        char head[400];

        device_start(&device, NULL, answer_echo, &document);
        put_package(&body, PART);
        snprintf(head, sizeof(head),
                 "POST /service HTTP/1.0\r\n" PACKAGE_FIELD
                 "%sContent-Length: %zu\r\n\r\n",
                 fields[i], body.size);
        http_open(&client, device.port);
        http_say(&client, head);
        http_send(&client, body.at, body.size);
        http_receive(&client, &reply);
        assert_int_equal(http_status(&reply), 200);
        assert_null(strstr(reply.head, "Transfer-Encoding"));
        assert_null(strstr(reply.head, "Content-Length"));
        assert_true(reply.closed);
        assert_part(&reply, 1, document.at, PART);
        assert_true(http_has_ended(&client));
        recorded_free(&reply);
        http_close(&client);

        snprintf(head, sizeof(head),
                 "POST /service HTTP/1.0\r\n" SOAP_FIELD "%sContent-Length: %zu\r\n\r\n",
                 fields[i], strlen(PLAIN));
        http_open(&client, device.port);
        http_say(&client, head);
        http_say(&client, PLAIN);
        expect_answer(&client);
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

static void connection__asked_to_close__is_closed_behind_the_reply(void **state)
{
    struct http_client client;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD "Connection: close\r\n", PLAIN,
              strlen(PLAIN));
    expect_answer(&client);
    assert_true(http_has_ended(&client));
    http_close(&client);
    device_release(&device);
}

/* A client that has sent all may say so. */
static void connection__half_closed__still_gets_its_reply(void **state)
{
    struct answer answer = {.count = 1};
    struct http_client client;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
    http_end_sending(&client);
    expect_answer(&client);
    assert_true(http_has_ended(&client));
    http_close(&client);
    device_release(&device);

    answer_begin(&answer, &device, &client);
    http_end_sending(&client);
    assert_hr(part_write(answer.parts[0], document.at, RING), S_OK);
    expect_part(&client, document.at, RING);
    http_close(&client);
    answer_release(&answer);
    device_release(&device);
}

/* A client that asks first is told to go on, or is refused without its body. */
static void request__that_expects_100__is_told_to_go_on_or_refused(void **state)
{
    static const char expect[] = SOAP_FIELD "Expect: 100-continue\r\n";
    struct http_client client;
    struct recorded reply;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&client, device.port);
    http_post_head(&client, "/service", expect, strlen(PLAIN));
    http_receive(&client, &reply);
    assert_int_equal(http_status(&reply), 100);
    recorded_free(&reply);
    http_say(&client, PLAIN);
    expect_answer(&client);
    http_close(&client);

    http_open(&client, device.port);
    http_post_head(&client, "/nobody", expect, strlen(PLAIN));
    http_receive(&client, &reply);
    assert_fault(&reply, 404, "Sender", "DestinationUnreachable");
    recorded_free(&reply);
    http_close(&client);

    http_open(&client, device.port);
    http_post_head(&client, "/service", expect, WSD_MAX_ENVELOPE + 1);
    http_receive(&client, &reply);
    assert_fault(&reply, 413, "Sender", NULL);
    recorded_free(&reply);
    http_close(&client);
    device_release(&device);
}

static void method__other_than_post__is_405(void **state)
{
    static const char *const methods[] = {"GET",     "HEAD",   "PUT", "DELETE",
                                          "OPTIONS", "M-POST", "post"};
    atomic_uint calls = 0;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, &calls);
    for (size_t i = 0; i < COUNT(methods); i++) {
        struct http_client client;
        struct recorded reply;
        char head[200];

        snprintf(head, sizeof(head),
                 "%s /service HTTP/1.1\r\nHost: device\r\nConnection: close\r\n\r\n",
                 methods[i]);
        http_open(&client, device.port);
        http_say(&client, head);
        http_receive(&client, &reply);
        assert_int_equal(http_status(&reply), 405);
        assert_non_null(strstr(reply.head, "\r\nAllow: POST\r\n"));
        recorded_free(&reply);
        http_close(&client);
    }
    assert_int_equal(atomic_load(&calls), 0);
    device_release(&device);
}

/* ---- Rings ----------------------------------------------------------------------------
 */

/* FAULTS row A8. */
static void documents__through_rings_of_any_size__are_byte_exact(void **state)
{
    static const size_t rings[] = {1, 2, 4095, 4096, 4097, 1 << 20};

    (void)state;
    for (size_t i = 0; i < COUNT(rings); i++) {
        size_t size = rings[i] < 100 ? 3000 : PART;
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct http_client client;
        struct bytes body = {0};
        struct device device;

        options.ring_bytes = rings[i];
        device_start(&device, &options, answer_echo, &document);
        put_package(&body, size);
        http_open(&client, device.port);
        http_post(&client, "/service", PACKAGE_FIELD, body.at, body.size);
        expect_part(&client, document.at, size);
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection__kept__carries_requests_of_all_kinds),
        cmocka_unit_test(request__in_chunks__is_read),
        cmocka_unit_test(connection__pipelined__is_answered_in_order),
        cmocka_unit_test(request__byte_by_byte__is_read),
        cmocka_unit_test(reply__to_http_1_0__is_not_in_chunks),
        cmocka_unit_test(connection__asked_to_close__is_closed_behind_the_reply),
        cmocka_unit_test(connection__half_closed__still_gets_its_reply),
        cmocka_unit_test(request__that_expects_100__is_told_to_go_on_or_refused),
        cmocka_unit_test(method__other_than_post__is_405),
        cmocka_unit_test(documents__through_rings_of_any_size__are_byte_exact),
    };

    return cmocka_run_group_tests_name("service_http_flow", tests, make_document,
                                       free_document);
}
