#include "server_rig.h"

#include <sys/socket.h>

/* Linux: bytes that wait for more. */
#ifndef MSG_MORE
#    define MSG_MORE 0
#endif

/* Of the connection, of its call, of the envelope. */
static void connection__each_allocation_fails__is_cut_or_told(void **state)
{
    struct rig rig;
    int grants = 0;
    bool answered = false;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    assert_hr(start(&rig, &defaults), S_OK);
    for (; !answered && grants < 200; grants++) {
        struct http_client client;

        assert_true(wsd_dispatcher_drain(rig.dispatcher, UINT64_MAX));
        shared_mem_grant(&rig.heap, grants);
        open_client(&client, &rig);
        ask(&client, "/s");
        answered = is_answered(&client);
        http_close(&client);
        shared_mem_grant(&rig.heap, -1);
    }
    assert_in_range(grants, 10, 199);
    rig_fini(&rig);
}

/* Sends the request's document back. */
static HRESULT WSD_CALL echo(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply)
{
    struct deed *all = context, *deed = all;
    size_t size;
    HRESULT hr;

    while (atomic_exchange(&deed->began, 1) != 0)
        deed++;
    hr = read_document(deed, request, "x/d");
    size = atomic_load(&deed->moved);
    if (hr == S_FALSE)
        hr = give(deed, reply, size);
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    if (hr == S_OK)
        hr = write_given(deed, deed->bytes, size);
    if (hr == S_OK)
        hr = deed->given->lpVtbl->Close(deed->given);
    if (deed->given != NULL)
        deed->given->lpVtbl->Release(deed->given);
    return hr;
}

/* Every few bytes their ring is full or empty, and another thread says that it is not. */
static void connection__woken_by_other_threads__moves_every_byte(void **state)
{
    enum { CLIENTS = 3, SIZE = 20000 };
    static struct deed deeds[CLIENTS];
    static char document[SIZE];
    struct http_client clients[CLIENTS];
    struct rig rig;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        document[i] = (char)('a' + i % 23 + i / 1000 % 3);
    rig_init(&rig);
    handle(&rig, "/s", echo, deeds);
    assert_hr(start(&rig, &defaults), S_OK);
    for (size_t i = 0; i < CLIENTS; i++) {
        open_client(&clients[i], &rig);
        http_post_head(&clients[i], "/s", MULTIPART,
                       strlen(PARTS SECOND_PART LAST_PART) + SIZE);
        http_say(&clients[i], PARTS);
        http_send(&clients[i], document, SIZE);
        http_say(&clients[i], SECOND_PART LAST_PART);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        struct recorded reply;

        http_receive(&clients[i], &reply);
        assert_true(reply.whole);
        assert_part(&reply, 1, document, SIZE);
        recorded_free(&reply);
        http_close(&clients[i]);
    }
    rig_fini(&rig);
}

/* Each piece is less than its reader is woken for while more may come. */
static void connection__sends_small_pieces__has_each_read_at_once(void **state)
{
    enum { PIECES = 20 };
    static struct deed deed;
    struct http_client client;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", read_first, &deed);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&client, &rig);
    http_post_head(&client, "/s", MULTIPART,
                   strlen(PARTS SECOND_PART LAST_PART) + PIECES * strlen("abc"));
    http_say(&client, PARTS);
    for (size_t i = 1; i <= PIECES; i++) {
        http_say(&client, "abc");
        WORKER_AWAIT(atomic_load(&deed.moved) == i * strlen("abc"));
    }
    http_say(&client, SECOND_PART LAST_PART);
    assert_true(is_answered(&client));
    assert_hr(deed.ended, S_FALSE);
    http_close(&client);
    rig_fini(&rig);
}

/* The one that has sent its envelope in time stays: its document may take long. */
static void connection__silent_for_too_long__is_cut(void **state)
{
    static struct deed deed;
    struct wsd_mhd_options options = defaults;
    struct http_client patient, kept, silent, in_head, in_envelope;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    handle(&rig, "/d", read_first, &deed);
    options.request_timeout_ms = 2000;
    assert_hr(start(&rig, &options), S_OK);
    open_client(&patient, &rig);
    http_post_head(&patient, "/d", MULTIPART, strlen(PARTS "xy" SECOND_PART LAST_PART));
    http_say(&patient, PARTS "x");
    WORKER_AWAIT(atomic_load(&deed.moved) == 1);
    open_client(&kept, &rig);
    ask(&kept, "/s");
    assert_true(is_answered(&kept));
    open_client(&silent, &rig);
    open_client(&in_head, &rig);
    http_say(&in_head, "POST /s HTTP/1.1\r\nHost:");
    open_client(&in_envelope, &rig);
    http_post_head(&in_envelope, "/s", PLAIN, strlen(REQUEST));
    http_send(&in_envelope, REQUEST, strlen(REQUEST) - 1);

    assert_ended(&silent);
    assert_ended(&in_head);
    assert_ended(&in_envelope);
    assert_ended(&kept);
    http_say(&patient, "y" SECOND_PART LAST_PART);
    assert_true(is_answered(&patient));
    assert_int_equal(atomic_load(&deed.moved), 2);
    assert_memory_equal(deed.bytes, "xy", 2);
    assert_ended(&patient); /* from its reply on it is like any other */
    rig_fini(&rig);
}

/* Its last bytes and its FIN in one segment: libmicrohttpd hears of no end behind them.
 */
static void connection__that_ends_with_its_last_bytes__is_truncated(void **state)
{
    static const struct {
        const char *length, *rest;
    } rows[] = {
        {"Content-Length: 5000\r\n", PARTS "docu"},
        {"Content-Length: 5000\r\n", PARTS "docu" SECOND_PART "more"},
        {"Transfer-Encoding: chunked\r\n", "1000\r\n" PARTS "docu"},
    };
#ifdef MSG_MORE
    enum { HELD_BACK = MSG_MORE };
#else
    enum { HELD_BACK = 0 };
#endif

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        static struct deed deed;
        struct http_client client;
        struct rig rig;

        memset(&deed, 0, sizeof(deed));
        rig_init(&rig);
        handle(&rig, "/s", i == 1 ? read_second : read_first, &deed);
        assert_hr(start(&rig, &defaults), S_OK);
        open_client(&client, &rig);
        http_say(&client, "POST /s HTTP/1.1\r\nHost: h\r\n" MULTIPART);
        http_say(&client, rows[i].length);
        http_say(&client, "\r\n");
        assert_int_equal(send(client.fd, rows[i].rest, strlen(rows[i].rest), HELD_BACK),
                         strlen(rows[i].rest));
        http_end_sending(&client);
        assert_ended(&client);
        assert_true(wsd_dispatcher_drain(rig.dispatcher, UINT64_MAX));
        if (atomic_load(&deed.began) == 1) /* or it has gone before a worker was there */
            assert_hr(deed.ended, WS_E_ENDPOINT_DISCONNECTED);
        rig_fini(&rig);
    }
}

/* Malformed chunks are answered by libmicrohttpd itself: all is well, to it. */
static void connection__refused_in_its_body__fails_what_was_attached(void **state)
{
    static struct deed deed;
    struct http_client client;
    struct recorded reply;
    struct rig rig;
    char line[20];
    DWORD written;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", give_away, &deed);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&client, &rig);
    http_say(&client, "POST /s HTTP/1.1\r\nHost: h\r\n" MULTIPART
                      "Transfer-Encoding: chunked\r\n\r\n");
    snprintf(line, sizeof(line), "%zx\r\n", strlen(PARTS));
    http_say(&client, line);
    http_say(&client, PARTS "\r\n");
    WORKER_AWAIT(atomic_load(&deed.began) == 1);
    http_say(&client, "no size\r\n");
    http_receive(&client, &reply);
    assert_int_equal(http_status(&reply), 400);
    recorded_free(&reply);
    assert_ended(&client);
    assert_true(wsd_dispatcher_drain(rig.dispatcher, UINT64_MAX));
    assert_hr(deed.given->lpVtbl->Write(deed.given, (const BYTE *)"x", 1, &written),
              WS_E_ENDPOINT_DISCONNECTED);
    deed.given->lpVtbl->Release(deed.given);
    rig_fini(&rig);
}

static HRESULT WSD_CALL answer_now(void *context, wsd_inbound_message *request,
                                   wsd_outbound_message *reply)
{
    struct deed *deed = context;
    HRESULT hr = answer(NULL, request, reply);

    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    atomic_store(&deed->began, 1);
    return hr;
}

/* They come in one segment, of whose first part alone libmicrohttpd is told; it answers
 * at once, for the reply is there already. */
static void end__together_with_the_requests_last_bytes__is_noticed(void **state)
{
    static const char body[] =
        "--b\r\nContent-ID: <r@x>\r\n\r\n" REQUEST SECOND_PART "of no use" LAST_PART;
    static struct deed deed;
    struct http_client client;
    struct rig rig;

    (void)state;
    rig_init(&rig);
    handle(&rig, "/s", answer_now, &deed);
    assert_hr(start(&rig, &defaults), S_OK);
    open_client(&client, &rig);
    http_post_head(&client, "/s", MULTIPART, sizeof(body) - 1);
    http_send(&client, body, sizeof(body) - 3);
    WORKER_AWAIT(atomic_load(&deed.began) == 1);
    assert_int_equal(send(client.fd, "\r\n", 2, MSG_MORE), 2);
    http_end_sending(&client);
    assert_true(is_answered(&client));
    assert_ended(&client);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connection__each_allocation_fails__is_cut_or_told),
        cmocka_unit_test(connection__woken_by_other_threads__moves_every_byte),
        cmocka_unit_test(connection__sends_small_pieces__has_each_read_at_once),
        cmocka_unit_test(connection__silent_for_too_long__is_cut),
        cmocka_unit_test(connection__that_ends_with_its_last_bytes__is_truncated),
        cmocka_unit_test(connection__refused_in_its_body__fails_what_was_attached),
        cmocka_unit_test(end__together_with_the_requests_last_bytes__is_noticed),
    };

    alarm(100); /* the bound of every wait */
    return cmocka_run_group_tests_name("mhd_connection", tests, had_a_thread, NULL);
}
