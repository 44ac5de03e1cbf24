/* Rows D5 and F3 of tests/FAULTS.md for a service: clients that take their time, or all
 * connections, while the stream of another one goes on. */
#include "support/stage.h"

/* More than the service has room for.  Each beginning holds a connection for the time of
 * a request, and no longer; then the next in the queue has its turn. */
static void D5__slow_beginnings__hold_a_connection_for_their_time(void **state)
{
    static const char *const beginnings[] = {
        "",
        "POST /serv",
        HEAD "Content-Le",
        HEAD "Content-Length: 1000\r\n\r\n<s:Env",
        HEAD CODING "\r\n3e8\r\n<s:Env",
        LINE HOST PACKAGE_FIELD CODING "\r\n3e8\r\n--b\r\n",
        HEAD CODING "\r\n3e8",
    };
    enum { ROOM = 8 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client slow[2 * ROOM];
    struct stage stage;

    (void)state;
    options.request_timeout_ms = 1500;
    options.max_connections = ROOM;
    stage_open(&stage, &options);
    for (size_t i = 0; i < COUNT(slow); i++) {
        http_open(&slow[i], stage.device.port);
        http_say(&slow[i], beginnings[i % COUNT(beginnings)]);
    }
    assert_int_equal(device_status(&stage.device), 200);
    for (size_t i = 0; i < COUNT(slow); i++) {
        assert_true(http_has_ended(&slow[i]));
        http_close(&slow[i]);
    }
    stage_close(&stage);
}

/* Their envelopes are there, so it is the time without a byte that ends them. */
static void D5__slow_bodies__are_cut_when_nothing_moves(void **state)
{
    enum { SLOW = 6 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client slow[SLOW];
    struct bytes body = {0};
    struct stage stage;

    (void)state;
    options.idle_timeout_ms = 3000;
    stage_open(&stage, &options);
    put_upload(&body, 2);
    put_page(&body, 0, "page", 4);
    put_page(&body, 1, "page", 4);
    for (size_t i = 0; i < SLOW; i++) {
        http_open(&slow[i], stage.device.port);
        http_post_head(&slow[i], "/service", PACKAGE_FIELD, body.size + 1000);
        http_send(&slow[i], body.at, body.size);
    }
    for (size_t i = 0; i < SLOW; i++) {
        expect_no_more(&slow[i]);
        http_close(&slow[i]);
    }
    WORKER_AWAIT(atomic_load(&stage.slow_ends) == SLOW);
    bytes_free(&body);
    stage_close(&stage);
}

/* The end may come together with bytes, of which alone libmicrohttpd is told. */
static void clients__go_midway__are_noticed_at_once(void **state)
{
    enum { CLIENTS = 40 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[CLIENTS];
    struct bytes body = {0};
    struct stage stage;

    (void)state;
    options.max_connections_per_peer = CLIENTS + 1; /* and the honest one */
    stage_open(&stage, &options);
    put_upload(&body, 2);
    put_page(&body, 0, "page", 4);
    put_page(&body, 1, "page", 4);
    for (size_t i = 0; i < CLIENTS; i++) {
        http_open(&clients[i], stage.device.port);
        http_post_head(&clients[i], "/service", PACKAGE_FIELD, body.size + 1000);
        http_send(&clients[i], body.at, body.size);
    }
    WORKER_AWAIT(atomic_load(&stage.slow_begun) == CLIENTS);
    for (size_t i = 0; i < CLIENTS; i++) {
        http_say(&clients[i], "more of the page");
        http_close(&clients[i]);
    }
    WORKER_AWAIT(atomic_load(&stage.slow_ends) == CLIENTS);
    bytes_free(&body);
    stage_close(&stage);
}

/* They are refused, not queued; and they leave room for others when they end. */
static void D5__more_from_one_peer_than_its_share__are_closed(void **state)
{
    enum { SHARE = 4 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client slow[SHARE - 1], more;
    struct stage stage;

    (void)state;
    options.max_connections_per_peer = SHARE; /* the honest one is the first */
    stage_open(&stage, &options);
    for (size_t i = 0; i < COUNT(slow); i++) {
        http_open(&slow[i], stage.device.port);
        http_say(&slow[i], "POST");
    }
    for (int i = 0; i < 20; i++) {
        http_open(&more, stage.device.port);
        assert_true(http_has_ended(&more));
        http_close(&more);
    }
    for (size_t i = 0; i < COUNT(slow); i++)
        http_reset(&slow[i]);
    WORKER_AWAIT(stage_has_room(&stage));
    stage_close(&stage);
}

static void D5__more_requests_than_it_serves__get_503(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct stage stage;

    (void)state;
    options.max_requests = 1; /* the honest one */
    stage_open(&stage, &options);
    for (int i = 0; i < 20; i++)
        assert_int_equal(device_status(&stage.device), 503);
    assert_int_equal(atomic_load(&stage.answered), 0);
    stage_close(&stage);
}

static void F3__chunk_extension_of_any_size__ends_with_the_timer(void **state)
{
    static const size_t sizes[] = {200000, 5000000};
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct stage stage;

    (void)state;
    options.request_timeout_ms = 1500;
    stage_open(&stage, &options);
    for (size_t i = 0; i < COUNT(sizes); i++)
        stage_attack_with_many(&stage, HEAD CODING "\r\n#;", "a", sizes[i],
                               "\r\n$\r\n0\r\n\r\n", 0);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F3__chunk_extension_of_any_size__ends_with_the_timer),
        cmocka_unit_test(D5__slow_beginnings__hold_a_connection_for_their_time),
        cmocka_unit_test(D5__slow_bodies__are_cut_when_nothing_moves),
        cmocka_unit_test(clients__go_midway__are_noticed_at_once),
        cmocka_unit_test(D5__more_from_one_peer_than_its_share__are_closed),
        cmocka_unit_test(D5__more_requests_than_it_serves__get_503),
    };

    return cmocka_run_group_tests_name("service_slow_flow", tests, NULL, NULL);
}
