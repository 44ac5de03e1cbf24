#include "server_rig.h"

#include "os/poller.h"
#include "service_mhd/mhd_watch.h"

static HRESULT WSD_CALL give_and_leave(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    struct deed *deed = context;
    HRESULT hr = give(deed, reply, WSD_LENGTH_UNKNOWN);

    (void)request;
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    atomic_fetch_add(&deed->began, 1);
    return hr;
}

/* What comes, goes, and is woken by other threads, on several connections. */
static void server__without_epoll__serves_all_connections(void **state)
{
    static struct deed deed;
    struct wsd_mhd_options options = defaults;
    struct http_client clients[5], waiting;
    struct recorded reply;
    struct rig rig;

    (void)state;
    options.without_epoll = true;
    rig_init(&rig);
    handle(&rig, "/s", answer, NULL);
    handle(&rig, "/given", give_and_leave, &deed);
    assert_hr(start(&rig, &options), S_OK);
    open_client(&waiting, &rig);
    ask(&waiting, "/given");
    WORKER_AWAIT(atomic_load(&deed.began) == 1);
    for (size_t i = 0; i < 5; i++)
        open_client(&clients[i], &rig);
    for (size_t i = 0; i < 15; i++) {
        ask(&clients[i % 5], "/s");
        assert_true(is_answered(&clients[i % 5]));
    }
    for (size_t i = 0; i < 5; i++)
        http_close(&clients[i]);
    assert_hr(write_given(&deed, deed.bytes, sizeof(deed.bytes)), S_OK);
    assert_hr(deed.given->lpVtbl->Close(deed.given), S_OK);
    deed.given->lpVtbl->Release(deed.given);
    http_receive(&waiting, &reply);
    assert_true(reply.whole);
    assert_int_equal(http_status(&reply), 200);
    recorded_free(&reply);
    http_close(&waiting);
    rig_fini(&rig);
}

static enum MHD_Result refuse(void *context, struct MHD_Connection *mhd, const char *url,
                              const char *method, const char *version, const char *bytes,
                              size_t *size, void **request_context)
{
    (void)context, (void)mhd, (void)url, (void)method, (void)version, (void)bytes;
    (void)size, (void)request_context;
    return MHD_NO;
}

static void update__of_a_daemon_without_epoll__watches_its_sockets(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(0, 0, NULL, NULL, refuse, NULL, MHD_OPTION_END);
    struct wsd_poller *poller;
    struct wsd_mhd_watch watch;

    (void)state;
    assert_non_null(daemon);
    assert_hr(wsd_poller_create(&heap.mem, &poller), S_OK);
    assert_hr(wsd_mhd_watch_init(&watch, poller, daemon), S_OK);
    assert_false(watch.has_epoll);
    assert_int_equal(watch.highest, -1);
    assert_hr(wsd_mhd_watch_update(&watch), S_OK);
    assert_true(watch.highest > 2);
    assert_int_equal(watch.watched[watch.highest], WSD_POLLER_IN);
    assert_hr(wsd_mhd_watch_update(&watch), S_OK);
    MHD_stop_daemon(daemon);
    wsd_poller_destroy(poller);
    assert_int_equal(heap.live, 0);
}

/* The next update tries again. */
static void update__socket_that_cannot_be_watched__is_told_each_time(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct MHD_Daemon *daemon =
        MHD_start_daemon(0, 0, NULL, NULL, refuse, NULL, MHD_OPTION_END);
    int fd = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_LISTEN_FD)->listen_fd;
    int spare = dup(fd);
    struct wsd_poller *poller;
    struct wsd_mhd_watch watch;

    (void)state;
    assert_hr(wsd_poller_create(&heap.mem, &poller), S_OK);
    assert_hr(wsd_mhd_watch_init(&watch, poller, daemon), S_OK);
    close(fd);
#ifdef __linux__ /* poll() tells of it later */
    for (int i = 0; i < 2; i++)
        assert_hr(wsd_mhd_watch_update(&watch), E_OUTOFMEMORY);
#endif
    assert_int_equal(dup2(spare, fd), fd);
    assert_hr(wsd_mhd_watch_update(&watch), S_OK);
    assert_int_equal(watch.watched[fd], WSD_POLLER_IN);
    close(spare);
    MHD_stop_daemon(daemon);
    wsd_poller_destroy(poller);
    assert_int_equal(heap.live, 0);
}

/* libmicrohttpd does not say what a daemon with a thread of its own waits for. */
static void update__without_sockets__fails(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct MHD_Daemon *daemon = MHD_start_daemon(MHD_USE_INTERNAL_POLLING_THREAD, 0, NULL,
                                                 NULL, refuse, NULL, MHD_OPTION_END);
    struct wsd_poller *poller;
    struct wsd_mhd_watch watch;

    (void)state;
    assert_non_null(daemon);
    assert_hr(wsd_poller_create(&heap.mem, &poller), S_OK);
    assert_hr(wsd_mhd_watch_init(&watch, poller, daemon), S_OK);
    assert_hr(wsd_mhd_watch_update(&watch), E_OUTOFMEMORY);
    MHD_stop_daemon(daemon);
    wsd_poller_destroy(poller);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(server__without_epoll__serves_all_connections),
        cmocka_unit_test(update__of_a_daemon_without_epoll__watches_its_sockets),
        cmocka_unit_test(update__socket_that_cannot_be_watched__is_told_each_time),
        cmocka_unit_test(update__without_sockets__fails),
    };

    return cmocka_run_group_tests(tests, had_a_thread, NULL);
}
