/* What a transfer waits for: each wait ends with its timer, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "os/poller.h"
#include "support/peer.h"
#include "support/transfer_run.h"
#include "transport_curl/curl_transfer.h"
#include "wsd_error.h"

#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#ifdef COUNTS_WAITS
static atomic_int waits, patience; /* of the last one */

size_t __real_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms);
size_t __wrap_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms);
size_t __wrap_wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                              size_t capacity, int timeout_ms)
{
    atomic_store(&patience, timeout_ms);
    atomic_fetch_add(&waits, 1);
    return __real_wsd_poller_wait(poller, events, capacity, timeout_ms);
}
#endif

/* ---- who is slow ---- */

static enum wsd_pull pull_without_end(struct wsd_body_source *source, uint8_t *buffer,
                                      size_t capacity, size_t *size)
{
    (void)source;
    memset(buffer, 'x', capacity);
    *size = capacity;
    return WSD_PULL_BYTES;
}

static atomic_int starved;

static enum wsd_pull pull_and_starve(struct wsd_body_source *source, uint8_t *buffer,
                                     size_t capacity, size_t *size)
{
    enum wsd_pull result = transfer_run_pull(source, buffer, capacity, size);

    if (result != WSD_PULL_END)
        return result;
    atomic_fetch_add(&starved, 1);
    return WSD_PULL_NOTHING_NOW;
}

static const struct wsd_body_source_vtable endless = {.pull = pull_without_end,
                                                      .sent = transfer_run_sent};
static const struct wsd_body_source_vtable starving = {.pull = pull_and_starve,
                                                       .sent = transfer_run_sent};

static HRESULT body_that_is_full(struct wsd_transfer_handler *handler,
                                 const uint8_t *bytes, size_t size, size_t *taken)
{
    (void)handler;
    (void)bytes;
    (void)size;
    *taken = 0;
    return S_OK;
}

static const struct wsd_transfer_handler_vtable full = {
    .status = transfer_run_status,
    .begin_body = transfer_run_begin_body,
    .body = body_that_is_full,
    .done = transfer_run_done,
};

static void prepare(struct transfer_run *run, struct wsd_transport *transport,
                    const char *url, const struct wsd_timeouts *timeouts)
{
    static const char *const no_lines[] = {NULL};
    const struct wsd_http_request request = {.url = url,
                                             .method = "POST",
                                             .headers = no_lines,
                                             .body = &run->source,
                                             .body_length = WSD_LENGTH_UNKNOWN,
                                             .timeouts = timeouts};

    assert_int_equal(
        transport->vtable->prepare(transport, &request, &run->handler, &run->transfer),
        S_OK);
}

static const struct peer_step takes_head[] = {{.what = PEER_READ_HEAD},
                                              {.what = PEER_HOLD}};
static const struct peer_step takes_all[] = {{.what = PEER_READ_TO_END}};
static const struct peer_step answers[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"},
    {.what = PEER_READ_TO_END},
};

#define TIMER(name) offsetof(struct wsd_timeouts, name)

/* Its own, and that for all, which is the only one for the last.  The others are off. */
static void timer__of_each_wait__fires_and_tells_what_was_awaited(void **state)
{
    static const struct {
        const char *awaited;
        size_t timer;
        const struct peer_step *steps; /* NULL: it cannot be connected to */
        size_t count;
        const struct wsd_body_source_vtable *source;    /* NULL: "abc" */
        const struct wsd_transfer_handler_vtable *sink; /* NULL: takes all */
    } rows[] = {
        {"a connection", TIMER(connect_ms), NULL, 0, NULL, NULL},
        {"the peer to take something", TIMER(send_ms), takes_head, 2, &endless, NULL},
        {"the peer's answer", TIMER(response_ms), takes_all, 1, NULL, NULL},
        {"the application to write", TIMER(produce_ms), takes_all, 1, &starving, NULL},
        {"the application to read", TIMER(total_ms), answers, 3, NULL, &full},
    };

    (void)state;
    for (size_t i = 0; i < 2 * COUNT(rows) - 1; i++) {
        size_t row = i / 2, timer = i % 2 == 0 ? rows[row].timer : TIMER(total_ms);
        struct peer *peer = rows[row].steps == NULL
                                ? peer_start_unconnectable()
                                : peer_start(rows[row].steps, rows[row].count);
        char log[TRANSFER_RUN_LOG] = "";
        struct wsd_transport *transport = transfer_run_transport_with_log(log);
        struct wsd_timeouts timeouts;
        struct transfer_run run;

        memset(&timeouts, 0xff, sizeof(timeouts));
        *(DWORD *)(void *)((char *)&timeouts + timer) =
            timer == TIMER(total_ms) ? 1500 : 200; /* when the wait has long begun */
        transfer_run_init(&run, "abc");
        if (rows[row].source != NULL)
            run.source.vtable = rows[row].source;
        if (rows[row].sink != NULL)
            run.handler.vtable = rows[row].sink;
        prepare(&run, transport, peer_url(peer), &timeouts);
        transfer_run_to_end(&run);
        assert_int_equal(run.result, TIMEOUT);
        transport->vtable->release(transport);
        assert_non_null(strstr(log, rows[row].awaited));
        peer_go(peer);
        peer_stop(peer);
    }
}

/* Whatever it takes is progress, though libcurl does not call for it. */
static void D2__peer_takes_little_at_a_time__goes_on(void **state)
{
    enum { TIMES = 100 };
    static const struct wsd_timeouts timeouts = {
        .connect_ms = INFINITE, .send_ms = 1500, .response_ms = INFINITE};
    const struct timespec moment = {0, 20000000};
    struct peer_step steps[1 + 2 * TIMES] = {{.what = PEER_READ_HEAD}};
    struct wsd_transport *transport = transfer_run_transport();
    struct transfer_run run;
    struct peer *peer;

    (void)state;
    for (size_t i = 1; i < COUNT(steps); i += 2) {
        steps[i].what = PEER_HOLD;
        steps[i + 1] = (struct peer_step){.what = PEER_HASH_BYTES, .size = 500000};
    }
    peer = PEER_START(steps);
    transfer_run_init(&run, "");
    run.source.vtable = &endless;
    prepare(&run, transport, peer_url(peer), &timeouts);
    run.transfer->vtable->start(run.transfer);
    for (int i = 0; i < TIMES; i++) {
        assert_false(atomic_load(&run.is_done));
        peer_go(peer);
        nanosleep(&moment, NULL);
    }
    peer_stop(peer); /* and closes */
    WORKER_AWAIT(atomic_load(&run.is_done));
    assert_int_not_equal(run.result, TIMEOUT);
    run.transfer->vtable->release(run.transfer);
    transport->vtable->release(transport);
}

/* No other timer runs meanwhile, and nobody looks. */
static void D3__application_has_nothing_to_send__costs_nothing(void **state)
{
#ifndef COUNTS_WAITS
    (void)state;
    skip();
#else
    static const struct wsd_timeouts timeouts = {
        .resolve_ms = 1000, .connect_ms = 1000, .send_ms = 100, .response_ms = 100};
    const struct timespec silence = {0, 500000000};
    struct peer *peer = PEER_START(takes_all);
    struct wsd_transport *transport = transfer_run_transport();
    struct transfer_run run;
    int before;

    (void)state;
    atomic_store(&starved, 0);
    transfer_run_init(&run, "abc");
    run.source.vtable = &starving;
    prepare(&run, transport, peer_url(peer), &timeouts);
    run.transfer->vtable->start(run.transfer);
    WORKER_AWAIT(atomic_load(&starved) > 0 && atomic_load(&patience) == -1);
    before = atomic_load(&waits);
    nanosleep(&silence, NULL);
    assert_int_equal(atomic_load(&waits), before);
    assert_false(atomic_load(&run.is_done));
    transport->vtable->release(transport);
    run.transfer->vtable->release(run.transfer);
    peer_stop(peer);
#endif
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(timer__of_each_wait__fires_and_tells_what_was_awaited),
        cmocka_unit_test(D2__peer_takes_little_at_a_time__goes_on),
        cmocka_unit_test(D3__application_has_nothing_to_send__costs_nothing),
    };

    return cmocka_run_group_tests_name("curl_transfer", tests, NULL, NULL);
}
