#include "server_rig.h"

#include <sys/resource.h>

#include "os/poller.h"

/* By --wrap, where the linker can do that. */
#ifdef COUNTS_WAITS
static atomic_int waits, patience;       /* of the last one */
static atomic_int in_vain, most_in_vain; /* in a row, with no patience */

size_t __real_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms);
size_t __wrap_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms);
size_t __wrap_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms)
{
    int vain = timeout_ms == 0 ? atomic_fetch_add(&in_vain, 1) + 1 : 0;

    atomic_store(&patience, timeout_ms);
    atomic_fetch_add(&waits, 1);
    atomic_store(&in_vain, vain);
    if (vain > atomic_load(&most_in_vain))
        atomic_store(&most_in_vain, vain);
    return __real_wsd_poller_wait(poller, events, capacity, timeout_ms);
}
#endif

/* ---- start ---- */

static void start__on_a_free_port__answers_there(void **state)
{
    struct http_client client;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    assert_hr(start(&rig, &defaults), S_OK);
    assert_int_not_equal(wsd_mhd_server_port(rig.server), 0);
    open_client(&client, &rig);
    for (int i = 0; i < 3; i++) { /* on one connection */
        ask(&client, "/s");
        assert_true(is_answered(&client));
    }
    http_close(&client);
    rig_fini(&rig);
}

static void start__on_every_address__takes_ipv4_too(void **state)
{
    struct wsd_mhd_options options = defaults;
    struct http_client client;
    struct rig rig;
    HRESULT hr;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    options.address = "::";
    hr = start(&rig, &options);
    if (hr == S_OK) {
        open_client(&client, &rig);
        ask(&client, "/s");
        assert_true(is_answered(&client));
        http_close(&client);
    } else {
        assert_hr(hr, HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)); /* there is no IPv6 */
    }
    rig_fini(&rig);
}

static void start__it_cannot__has_its_code_and_leaves_nothing(void **state)
{
    static const struct {
        const char *address;
        HRESULT hr;
    } rows[] = {
        {"127.0.0.1", HRESULT_FROM_WIN32(WSAEADDRINUSE)},
        {"192.0.2.1", HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)}, /* nobody's */
        {"localhost", HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)}, /* not numeric */
        {"127.0.0.256", HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)},
        {"", HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)},
    };
    struct wsd_mhd_options options = defaults;
    struct wsd_mhd_server *first;
    struct http_client client;
    struct rig rig;
    int descriptors;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    assert_hr(start(&rig, &defaults), S_OK);
    first = rig.server;
    descriptors = count_descriptors();
    options.port = wsd_mhd_server_port(first);
    for (size_t i = 0; i < COUNT(rows); i++) {
        options.address = rows[i].address;
        assert_hr(start(&rig, &options), rows[i].hr);
        assert_null(rig.server);
        assert_int_equal(count_descriptors(), descriptors);
    }
    rig.server = first;
    open_client(&client, &rig); /* it goes on */
    ask(&client, "/s");
    assert_true(is_answered(&client));
    http_close(&client);
    rig_fini(&rig);
}

/* Ports below 1024 are the superuser's. */
static void start__on_a_port_of_the_superuser__is_denied(void **state)
{
    enum { NOBODY = 65534, DISCARD = 9 };
    struct wsd_mhd_options options = defaults;
    uid_t user = geteuid();
    struct rig rig;
    HRESULT hr;

    (void)state;
    rig_init(&rig);
    options.port = DISCARD;
    if (user == 0)
        assert_int_equal(seteuid(NOBODY), 0);
    hr = start(&rig, &options);
    assert_int_equal(seteuid(user), 0);
    if (hr != S_OK) /* a system may have none of those */
        assert_hr(hr, E_ACCESSDENIED);
    rig_fini(&rig);
}

/* After it has begun to listen. */
static void start__without_its_certificate__gives_the_port_back(void **state)
{
    struct wsd_mhd_options options = defaults;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_hr(start(&rig, &options), S_OK);
    options.port = wsd_mhd_server_port(rig.server);
    wsd_mhd_server_stop(rig.server);
    options.certificate = options.key = "/nowhere";
    assert_hr(start(&rig, &options), HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    options.certificate = options.key = NULL;
    assert_hr(start(&rig, &options), S_OK);
    rig_fini(&rig);
}

static void start__each_allocation_fails__leaves_nothing(void **state)
{
    struct rig rig;
    int failures = 0, live, descriptors;

    (void)state;
    rig_init(&rig);
    live = shared_mem_live(&rig.heap);
    descriptors = count_descriptors();
    shared_mem_grant(&rig.heap, 0);
    while (start(&rig, &defaults) != S_OK) {
        assert_null(rig.server);
        assert_int_equal(shared_mem_live(&rig.heap), live);
        assert_int_equal(count_descriptors(), descriptors);
        shared_mem_grant(&rig.heap, ++failures);
    }
    assert_in_range(failures, 2, 10);
    rig_fini(&rig);
}

/* ---- limits ---- */

static void connection__more_than_one_peer_may_have__is_closed(void **state)
{
    struct wsd_mhd_options options = defaults;
    struct http_client clients[2], other;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    options.max_connections_per_peer = 2;
    assert_hr(start(&rig, &options), S_OK);
    for (size_t i = 0; i < 2; i++) {
        open_client(&clients[i], &rig);
        ask(&clients[i], "/s");
        assert_true(is_answered(&clients[i]));
    }
    open_client(&other, &rig);
    assert_ended(&other);
    ask(&clients[0], "/s"); /* the others go on */
    assert_true(is_answered(&clients[0]));
    http_close(&clients[1]);
    for (bool taken = false; !taken;) { /* it sees the end some time */
        open_client(&other, &rig);
        ask(&other, "/s");
        taken = is_answered(&other);
        http_close(&other);
    }
    http_close(&clients[0]);
    rig_fini(&rig);
}

static void connection__more_than_there_may_be__waits_for_its_turn(void **state)
{
    struct wsd_mhd_options options = defaults;
    struct http_client first, second;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    options.max_connections = 1;
    assert_hr(start(&rig, &options), S_OK);
    open_client(&first, &rig);
    ask(&first, "/s");
    assert_true(is_answered(&first));
    open_client(&second, &rig);
    ask(&second, "/s");
    ask(&first, "/s"); /* it is still there */
    assert_true(is_answered(&first));
#ifdef COUNTS_WAITS
    WORKER_AWAIT(atomic_load(&patience) == -1); /* no timer comes to help */
#endif
    http_close(&first);
    assert_true(is_answered(&second));
    http_close(&second);
    rig_fini(&rig);
}

/* ---- work ---- */

/* A chunk's line that is longer than libmicrohttpd's memory for a connection, which then
 * wants to be called at once, for ever. */
static void connection__that_libmicrohttpd_cannot_serve__costs_nothing(void **state)
{
#ifndef COUNTS_WAITS
    (void)state;
    skip();
#else
    enum { LINE = 200000, MANY = 100 };
    static char line[LINE];
    struct http_client client;
    struct rig rig;

    (void)state;
    memset(line, 'a', sizeof(line));
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&client, &rig);
    http_say(&client, "POST /s HTTP/1.1\r\nHost: h\r\n" PLAIN
                      "Transfer-Encoding: chunked\r\n\r\n5;");
    atomic_store(&waits, 0);
    atomic_store(&most_in_vain, 0);
    http_send(&client, line, LINE);
    WORKER_AWAIT(atomic_load(&waits) > MANY);
    assert_in_range(atomic_load(&most_in_vain), 10, MANY / 2);
    http_close(&client);
    rig_fini(&rig);
#endif
}

/* libmicrohttpd cannot take the client and is told of it again and again. */
static void client__without_a_descriptor_for_it__costs_nothing_and_is_served(void **state)
{
#ifndef COUNTS_WAITS
    (void)state;
    skip();
#else
    enum { MANY = 1000 };
    const struct timespec a_while = {0, 500000000};
    struct http_client client;
    struct rlimit limit, before;
    int own, none, count;
    struct rig rig;

    (void)state;
    for (int without_epoll = 0; without_epoll < 2; without_epoll++) {
        struct wsd_mhd_options options = defaults;

        rig_init(&rig);
        handle(&rig, "/s", answer, NULL);
        options.without_epoll = without_epoll;
        assert_hr(start(&rig, &options), S_OK);
        own = dup(STDERR_FILENO); /* the client's; the service's would be the next */
        none = dup(STDERR_FILENO);
        close(own);
        close(none);
        assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
        limit = before;
        limit.rlim_cur = (rlim_t)none;
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
        atomic_store(&waits, 0);
        open_client(&client, &rig);
        nanosleep(&a_while, NULL);
        count = atomic_load(&waits);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        assert_in_range(count, 10, MANY);
        ask(&client, "/s");
        assert_true(is_answered(&client));
        http_close(&client);
        rig_fini(&rig);
    }
#endif
}

static HRESULT WSD_CALL read_when_told(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    struct deed *deed = context;

    atomic_store(&deed->began, 1);
    WORKER_AWAIT(atomic_load(&deed->began) == 2);
    return read_first(deed, request, reply);
}

/* One whose document nobody reads yet, and one whose reply nobody writes: while others
 * come and go the server has no more to do than for those. */
static void connection__that_waits_for_a_handler__costs_nothing(void **state)
{
    enum { REQUESTS = 50, WAITS = 20 }; /* for each request */
    static const char document[1000];
    static struct deed unread, unwritten;
    struct http_client full, empty, client;
    struct rig rig;
    DWORD written;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    handle(&rig, "/reads", read_when_told, &unread);
    handle(&rig, "/gives", give_away, &unwritten);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&full, &rig);
    http_post_head(&full, "/reads", MULTIPART,
                   strlen(PARTS SECOND_PART LAST_PART) + sizeof(document));
    http_say(&full, PARTS);
    http_send(&full, document, sizeof(document));
    http_say(&full, SECOND_PART LAST_PART);
    WORKER_AWAIT(atomic_load(&unread.began) == 1);
    open_client(&empty, &rig);
    ask(&empty, "/gives");
    WORKER_AWAIT(atomic_load(&unwritten.began) == 1);
    assert_hr(
        unwritten.given->lpVtbl->Write(unwritten.given, (const BYTE *)"x", 1, &written),
        S_OK);
    http_await(&empty, 1);
#ifdef COUNTS_WAITS
    atomic_store(&waits, 0);
#endif
    for (int i = 0; i < REQUESTS; i++) {
        open_client(&client, &rig);
        ask(&client, "/s");
        assert_true(is_answered(&client));
        http_close(&client);
    }
#ifdef COUNTS_WAITS
    assert_in_range(atomic_load(&waits), REQUESTS, REQUESTS * WAITS);
#endif
    atomic_store(&unread.began, 2);
    assert_true(is_answered(&full));
    assert_int_equal(atomic_load(&unread.moved), sizeof(document));
    unwritten.given->lpVtbl->Release(unwritten.given);
    http_close(&full);
    http_close(&empty);
    rig_fini(&rig);
}

/* ---- quiesce and stop ---- */

static HRESULT WSD_CALL write_for_ever(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    struct deed *deed = context;
    HRESULT hr = give(deed, reply, WSD_LENGTH_UNKNOWN);

    (void)request;
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    while (hr == S_OK)
        hr = write_given(deed, deed->bytes, sizeof(deed->bytes));
    deed->ended = hr;
    deed->given->lpVtbl->Release(deed->given);
    return hr;
}

static void quiesce__with_a_connection__serves_it_and_no_other(void **state)
{
    struct http_client client, other;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&client, &rig);
    ask(&client, "/s");
    assert_true(is_answered(&client));
    wsd_mhd_server_quiesce(rig.server);
    for (const time_t began = worker_now();
         http_try_open(&other, "127.0.0.1", wsd_mhd_server_port(rig.server));
         http_close(&other))
        worker_pause(began, "quiesce");
    ask(&client, "/s");
    assert_true(is_answered(&client));
    http_close(&client);
    rig_fini(&rig);
}

static void stop__connections_in_every_state__ends_them_all(void **state)
{
    enum { SILENT, IN_HEAD, READING, UNREAD, UNSENT, GIVEN, STATES };
    static const char unread[1000];
    static struct deed deeds[STATES];
    IWSDOutboundAttachment *given;
    struct http_client clients[STATES];
    struct rig rig;
    DWORD written;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/reads", read_first, &deeds[READING]);
    handle(&rig, "/reads-not", read_second, &deeds[UNREAD]);
    handle(&rig, "/writes", write_for_ever, &deeds[UNSENT]);
    handle(&rig, "/gives", give_away, &deeds[GIVEN]);
    assert_hr(start(&rig, &defaults), S_OK);
    for (size_t i = 0; i < STATES; i++)
        open_client(&clients[i], &rig);
    http_say(&clients[IN_HEAD], "POST /reads HTTP/1.1\r\n");
    http_post_head(&clients[READING], "/reads", MULTIPART, 5000);
    http_say(&clients[READING], PARTS "x");
    WORKER_AWAIT(atomic_load(&deeds[READING].moved) == 1);
    http_post_head(&clients[UNREAD], "/reads-not", MULTIPART, 5000);
    http_say(&clients[UNREAD], PARTS);
    http_send(&clients[UNREAD], unread, sizeof(unread));
    WORKER_AWAIT(atomic_load(&deeds[UNREAD].began) == 1);
    ask(&clients[UNSENT], "/writes");
    WORKER_AWAIT(atomic_load(&deeds[UNSENT].moved) > 10000);
    ask(&clients[GIVEN], "/gives");
    WORKER_AWAIT(atomic_load(&deeds[GIVEN].began) == 1);
    given = deeds[GIVEN].given;
    assert_hr(given->lpVtbl->Write(given, (const BYTE *)"x", 1, &written), S_OK);
    http_await(&clients[GIVEN], 1);

    wsd_mhd_server_stop(rig.server);
    rig.server = NULL;
    assert_true(wsd_dispatcher_drain(rig.dispatcher, UINT64_MAX));
    assert_hr(deeds[READING].ended, E_ABORT);
    assert_hr(deeds[UNREAD].ended, E_ABORT);
    assert_hr(deeds[UNSENT].ended, E_ABORT);
    assert_hr(given->lpVtbl->Write(given, (const BYTE *)"x", 1, &written), E_ABORT);
    given->lpVtbl->Release(given);
    for (size_t i = 0; i < STATES; i++) {
        http_await(&clients[i], SIZE_MAX / 2); /* all, to the end */
        http_close(&clients[i]);
    }
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(start__on_a_free_port__answers_there),
        cmocka_unit_test(start__on_every_address__takes_ipv4_too),
        cmocka_unit_test(start__it_cannot__has_its_code_and_leaves_nothing),
        cmocka_unit_test(start__on_a_port_of_the_superuser__is_denied),
        cmocka_unit_test(start__without_its_certificate__gives_the_port_back),
        cmocka_unit_test(start__each_allocation_fails__leaves_nothing),
        cmocka_unit_test(connection__more_than_one_peer_may_have__is_closed),
        cmocka_unit_test(connection__more_than_there_may_be__waits_for_its_turn),
        cmocka_unit_test(connection__that_libmicrohttpd_cannot_serve__costs_nothing),
        cmocka_unit_test(
            client__without_a_descriptor_for_it__costs_nothing_and_is_served),
        cmocka_unit_test(connection__that_waits_for_a_handler__costs_nothing),
        cmocka_unit_test(quiesce__with_a_connection__serves_it_and_no_other),
        cmocka_unit_test(stop__connections_in_every_state__ends_them_all),
    };

    alarm(100); /* the bound of every wait */
    return cmocka_run_group_tests_name("mhd_server", tests, had_a_thread, NULL);
}
