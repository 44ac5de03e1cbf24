#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "os/thread.h"
#include "stream/memory_source.h"
#include "support/peer.h"
#include "support/worker.h"
#include "transport_curl/curl_transport.h"
#include "wsd_error.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)
#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define BAD_RESPONSE HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)
#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define OK_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

/* ---- a transport over a heap that counts ---- */

struct bed {
    struct wsd_mem mem;
    atomic_int live, grants; /* grants < 0: never refuses */
    struct wsd_curl_options options;
    struct wsd_curl_transport *transport;
};

static void *bed_alloc(size_t size, void *user)
{
    struct bed *bed = user;
    void *block;

    if (atomic_load(&bed->grants) == 0)
        return NULL;
    if (atomic_load(&bed->grants) > 0)
        atomic_fetch_sub(&bed->grants, 1);
    block = calloc(1, size);
    if (block != NULL)
        atomic_fetch_add(&bed->live, 1);
    return block;
}

static void bed_free(void *block, void *user)
{
    if (block != NULL)
        atomic_fetch_sub(&((struct bed *)user)->live, 1);
    free(block);
}

static void bed_init(struct bed *bed)
{
    bed->mem = (struct wsd_mem){bed_alloc, bed_free, bed};
    atomic_init(&bed->live, 0);
    atomic_init(&bed->grants, -1);
    bed->options = (struct wsd_curl_options){
        .timeouts = {.connect_ms = 10000, .send_ms = INFINITE, .response_ms = INFINITE},
    };
}

static void bed_open(struct bed *bed)
{
    assert_hr(wsd_curl_transport_create(&bed->mem, &bed->options, &bed->transport), S_OK);
}

static void bed_create(struct bed *bed)
{
    bed_init(bed);
    bed_open(bed);
}

static void bed_destroy(struct bed *bed)
{
    wsd_curl_transport_release(bed->transport);
    assert_int_equal(atomic_load(&bed->live), 0);
}

/* ---- a body that is given out piece by piece ---- */

struct feed {
    struct wsd_body_source source;
    pthread_mutex_t mutex;
    const char *bytes; /* NULL: x without end */
    size_t granted;    /* of bytes: what may be pulled */
    size_t position;
    bool ended, aborted;
    atomic_int pulls;
    atomic_int hungry; /* those that were told "nothing now" */
    atomic_int sent;
    atomic_int rested; /* behind so many pulls */
};

static enum wsd_pull feed_pull(struct wsd_body_source *source, uint8_t *buffer,
                               size_t capacity, size_t *size)
{
    struct feed *feed = (struct feed *)source;
    enum wsd_pull result = WSD_PULL_BYTES;

    *size = 0;
    pthread_mutex_lock(&feed->mutex);
    if (feed->aborted) {
        result = WSD_PULL_ABORTED;
    } else if (feed->bytes == NULL) {
        memset(buffer, 'x', capacity);
        *size = capacity;
    } else if (feed->position < feed->granted) {
        *size = feed->granted - feed->position;
        if (*size > capacity)
            *size = capacity;
        memcpy(buffer, feed->bytes + feed->position, *size);
    } else {
        result = feed->ended ? WSD_PULL_END : WSD_PULL_NOTHING_NOW;
    }
    feed->position += *size;
    pthread_mutex_unlock(&feed->mutex);
    atomic_fetch_add(&feed->pulls, 1);
    if (result == WSD_PULL_NOTHING_NOW)
        atomic_fetch_add(&feed->hungry, 1);
    return result;
}

static void feed_rest(struct wsd_body_source *source)
{
    struct feed *feed = (struct feed *)source;

    atomic_store(&feed->rested, atomic_load(&feed->pulls));
}

static void feed_sent(struct wsd_body_source *source)
{
    atomic_fetch_add(&((struct feed *)source)->sent, 1);
}

static void feed_init(struct feed *feed, const char *bytes)
{
    static const struct wsd_body_source_vtable vtable = {
        .pull = feed_pull, .rest = feed_rest, .sent = feed_sent};

    feed->source.vtable = &vtable;
    pthread_mutex_init(&feed->mutex, NULL);
    feed->bytes = bytes;
    feed->granted = feed->position = 0;
    feed->ended = feed->aborted = false;
    atomic_init(&feed->pulls, 0);
    atomic_init(&feed->hungry, 0);
    atomic_init(&feed->sent, 0);
    atomic_init(&feed->rested, 0);
}

/* ---- one transfer ---- */

struct run {
    struct wsd_transfer_handler seam;
    struct feed feed;
    struct wsd_transfer *transfer;
    atomic_int statuses, dones;
    atomic_size_t appetite; /* the bytes that body() takes before it is full */
    atomic_int fulls;       /* its calls that took less than there was */
    atomic_int asked;       /* its calls without bytes */

    /* By the transport's thread, before the counters above */
    int status;
    bool complete;
    char reply[256];
    size_t reply_size;
    int begun;                /* bodies */
    int begin_status;         /* as begin_body() was told */
    char type[64];            /* likewise; "-": none */
    HRESULT begin_hr;         /* what begin_body() returns */
    _Atomic(HRESULT) body_hr; /* what body() returns */
    const char *sample;       /* the bytes that must come, again and again; NULL: any */
    bool wrong;               /* others came, or in the wrong order */
    bool keeps;               /* its connection, or takes a kept one */
    bool feeds_itself; /* body() takes a byte and wakes the transfer for the next */
    HRESULT result;
    void (*on_done)(struct run *run); /* may be NULL */
    void *context;                    /* its */
    const pthread_t *driver;          /* likewise */
};

static struct run *run_from(struct wsd_transfer_handler *seam)
{
    return (struct run *)((char *)seam - offsetof(struct run, seam));
}

static void run_status(struct wsd_transfer_handler *seam, int status, bool complete)
{
    struct run *run = run_from(seam);

    run->status = status;
    run->complete = complete;
    atomic_fetch_add(&run->statuses, 1);
}

static HRESULT run_begin_body(struct wsd_transfer_handler *seam, int status,
                              const char *content_type)
{
    struct run *run = run_from(seam);

    run->begun++;
    run->begin_status = status;
    snprintf(run->type, sizeof(run->type), "%s",
             content_type == NULL ? "-" : content_type);
    return run->begin_hr;
}

static HRESULT run_body(struct wsd_transfer_handler *seam, const uint8_t *bytes,
                        size_t size, size_t *taken)
{
    struct run *run = run_from(seam);
    size_t most = atomic_load(&run->appetite);
    HRESULT hr = run->body_hr;

    if (size == 0)
        atomic_fetch_add(&run->asked, 1);
    *taken = run->feeds_itself ? 1 : most;
    if (*taken > size)
        *taken = size;
    if (most != SIZE_MAX)
        atomic_fetch_sub(&run->appetite, *taken);
    if (run->reply_size + *taken < sizeof(run->reply))
        memcpy(run->reply + run->reply_size, size == 0 ? (const uint8_t *)"" : bytes,
               *taken);
    for (size_t i = 0; run->sample != NULL && i < *taken; i++)
        if (bytes[i] != (uint8_t)run->sample[(run->reply_size + i) % 61])
            run->wrong = true;
    if (run->begun != 1)
        run->wrong = true;
    run->reply_size += *taken;
    if (run->feeds_itself)
        run->transfer->vtable->wake(run->transfer);
    if (*taken < size)
        atomic_fetch_add(&run->fulls, 1);
    return hr;
}

static void run_done(struct wsd_transfer_handler *seam, HRESULT result)
{
    struct run *run = run_from(seam);

    run->result = result;
    if (run->on_done != NULL)
        run->on_done(run);
    atomic_fetch_add(&run->dones, 1);
}

static void run_init(struct run *run, const char *bytes)
{
    static const struct wsd_transfer_handler_vtable vtable = {
        .status = run_status,
        .begin_body = run_begin_body,
        .body = run_body,
        .done = run_done,
    };

    memset(run, 0, sizeof(*run));
    run->seam.vtable = &vtable;
    feed_init(&run->feed, bytes);
    atomic_init(&run->appetite, SIZE_MAX);
    atomic_init(&run->fulls, 0);
    atomic_init(&run->asked, 0);
    atomic_init(&run->statuses, 0);
    atomic_init(&run->dones, 0);
}

static HRESULT run_prepare_with(struct run *run, struct bed *bed, const char *url,
                                struct wsd_body_source *body, uint64_t length)
{
    static const char *const headers[] = {"MIME-Version: 1.0", "Content-Type: text/x",
                                          "User-Agent: T/1", NULL};
    struct wsd_transport *seam = wsd_curl_transport_seam(bed->transport);
    struct wsd_http_request request = {.url = url,
                                       .method = "POST",
                                       .headers = headers,
                                       .body = body,
                                       .body_length = length,
                                       .may_reuse_connection = run->keeps};

    return seam->vtable->prepare(seam, &request, &run->seam, &run->transfer);
}

static void run_prepare(struct run *run, struct bed *bed, const char *url)
{
    assert_hr(run_prepare_with(run, bed, url, &run->feed.source, WSD_LENGTH_UNKNOWN),
              S_OK);
}

static void run_start(struct run *run, struct bed *bed, const char *url)
{
    run_prepare(run, bed, url);
    run->transfer->vtable->start(run->transfer);
}

static void run_wake(struct run *run)
{
    run->transfer->vtable->wake(run->transfer);
}

static void run_abort(struct run *run)
{
    run->transfer->vtable->abort(run->transfer);
}

static void feed_grant(struct feed *feed, size_t upto, bool ended)
{
    pthread_mutex_lock(&feed->mutex);
    feed->granted = upto;
    feed->ended = ended;
    pthread_mutex_unlock(&feed->mutex);
}

/* Lets the next bytes be pulled, up to `upto` of all. */
static void run_grant(struct run *run, size_t upto, bool ended)
{
    feed_grant(&run->feed, upto, ended);
    run_wake(run);
}

static void run_grant_all(struct run *run)
{
    run_grant(run, strlen(run->feed.bytes), true);
}

static size_t run_position(struct run *run)
{
    size_t position;

    pthread_mutex_lock(&run->feed.mutex);
    position = run->feed.position;
    pthread_mutex_unlock(&run->feed.mutex);
    return position;
}

static void run_await_hungry(struct run *run, int times)
{
    WORKER_AWAIT(atomic_load(&run->feed.hungry) >= times);
    WORKER_AWAIT(atomic_load(&run->feed.rested) == atomic_load(&run->feed.pulls));
}

static void run_await_done(struct run *run)
{
    WORKER_AWAIT(atomic_load(&run->dones) > 0);
    assert_int_equal(atomic_load(&run->dones), 1);
    assert_in_range(atomic_load(&run->statuses), 0, 1);
    assert_in_range(atomic_load(&run->feed.sent), 0, 1);
}

static void run_free(struct run *run)
{
    run->transfer->vtable->release(run->transfer);
    pthread_mutex_destroy(&run->feed.mutex);
}

static void assert_status(const struct run *run, int status, bool complete)
{
    assert_int_equal(atomic_load(&run->statuses), status != 0);
    assert_int_equal(run->status, status);
    assert_int_equal(run->complete, complete);
}

/* ---- on the wire ---- */

#define GIVEN_LINES "MIME-Version: 1.0\r\nContent-Type: text/x\r\nUser-Agent: T/1\r\n"

static void assert_wire(struct peer *peer, const char *rest)
{
    const char *host = strstr(peer_url(peer), "//") + 2;
    char expected[1024];
    size_t size;

    snprintf(expected, sizeof(expected), "POST /service HTTP/1.1\r\nHost: %.*s\r\n%s%s",
             (int)(strchr(host, '/') - host), host, GIVEN_LINES, rest);
    assert_string_equal(peer_finish(peer, &size), expected);
    assert_int_equal(size, strlen(expected));
}

static const struct peer_step answers_ok[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = OK_EMPTY},
    {.what = PEER_READ_TO_END}, /* the connection is not kept */
};

static void request__of_unknown_length__is_chunked_byte_for_byte(void **state)
{
    struct peer *peer = PEER_START(answers_ok);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abcdefgh");
    run_start(&run, &bed, peer_url(peer));
    run_await_hungry(&run, 1);
    run_grant(&run, 3, false);
    run_await_hungry(&run, 2);
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    assert_status(&run, 200, true);
    assert_int_equal(atomic_load(&run.feed.sent), 1);
    assert_wire(peer, "Transfer-Encoding: chunked\r\n\r\n"
                      "3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n");
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

static void request__of_known_length__is_plain_byte_for_byte(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"},
    };
    struct peer *peer = PEER_START(steps);
    struct wsd_memory_source body;
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "");
    wsd_memory_source_init(&body, "abcdefgh", 8);
    assert_hr(run_prepare_with(&run, &bed, peer_url(peer), &body.source, 8), S_OK);
    run.transfer->vtable->start(run.transfer);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    assert_status(&run, 200, true);
    assert_string_equal(run.reply, "hello");
    assert_wire(peer, "Content-Length: 8\r\n\r\nabcdefgh");
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* Whatever is hungry when the wake comes, no wake is lost. */
static void request__woken_for_each_byte__arrives_whole(void **state)
{
    struct peer *peer = PEER_START(answers_ok);
    char text[301];
    size_t size, body_size;
    const char *received;
    char *body;
    bool complete;
    struct run run;
    struct bed bed;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = (char)('a' + i * 7 % 26);
    text[sizeof(text) - 1] = '\0';
    bed_create(&bed);
    run_init(&run, text);
    run_start(&run, &bed, peer_url(peer));
    for (size_t upto = 1; upto < sizeof(text) - 1; upto++) {
        if (upto % 3 == 0)
            WORKER_AWAIT(run_position(&run) == upto - 1);
        run_wake(&run); /* for nothing */
        run_grant(&run, upto, false);
    }
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    received = peer_finish(peer, &size);
    body = peer_body(received, size, &body_size, &complete);
    assert_true(complete);
    assert_int_equal(body_size, sizeof(text) - 1);
    assert_memory_equal(body, text, body_size);
    free(body);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* Larger than all buffers on the way. */
static void request__of_megabytes__arrives_whole(void **state)
{
    const size_t total = 9 * 1000 * 1000 + 7;
    struct peer *peer = PEER_START(answers_ok);
    char *text = malloc(total + 1), *body;
    size_t size, body_size;
    const char *received;
    bool complete;
    struct run run;
    struct bed bed;

    (void)state;
    assert_non_null(text);
    for (size_t i = 0; i < total; i++)
        text[i] = (char)('!' + (i * 31 + i / 911) % 90);
    text[total] = '\0';
    bed_create(&bed);
    run_init(&run, text);
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    assert_status(&run, 200, true);
    received = peer_finish(peer, &size);
    body = peer_body(received, size, &body_size, &complete);
    assert_true(complete);
    assert_int_equal(body_size, total);
    assert_memory_equal(body, text, total);
    free(body);
    free(text);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* The transport's end of the one connection to a peer. */
static int find_socket(const struct peer *peer)
{
    int found = -1;

    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_in address;
        socklen_t size = sizeof(address);
        char url[64];

        if (getpeername(fd, (struct sockaddr *)&address, &size) != 0)
            continue;
        snprintf(url, sizeof(url), "http://127.0.0.1:%u/service",
                 (unsigned)ntohs(address.sin_port));
        if (strcmp(url, peer_url(peer)) != 0)
            continue;
        assert_int_equal(found, -1);
        found = fd;
    }
    assert_true(found >= 0);
    return found;
}

/* FAULTS J3: nothing for a child of the application to inherit. */
static void socket__of_a_transfer__is_closed_on_exec(void **state)
{
    struct peer *peer = PEER_START(answers_ok);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run_start(&run, &bed, peer_url(peer));
    run_await_hungry(&run, 1);
    assert_true(fcntl(find_socket(peer), F_GETFD) & FD_CLOEXEC);
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* ---- URLs and connecting ---- */

static void prepare__url__is_refused_with_its_code(void **state)
{
    static const struct {
        const char *url;
        HRESULT hr;
    } rows[] = {
        {"http://127.0.0.1/", S_OK},
        {"h/path", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)},
        {"ftp://h/", HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)},
        {"http://u@h/", E_INVALIDARG},
    };
    struct bed bed;

    (void)state;
    bed_create(&bed);
    for (size_t i = 0; i < COUNT(rows); i++) {
        int live = atomic_load(&bed.live);
        struct run run;
        HRESULT hr;

        run_init(&run, "");
        hr = run_prepare_with(&run, &bed, rows[i].url, &run.feed.source,
                              WSD_LENGTH_UNKNOWN);
        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].url, (unsigned)hr);
        if (hr == S_OK) {
            run_abort(&run);
            run_await_done(&run);
            run_free(&run);
        }
        WORKER_AWAIT(atomic_load(&bed.live) == live);
    }
    bed_destroy(&bed);
}

static void connect__refused__is_told_and_nothing_was_pulled(void **state)
{
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run_start(&run, &bed, peer_refusing_url());
    run_await_done(&run);
    assert_hr(run.result, CANNOT_CONNECT);
    assert_status(&run, 0, false);
    assert_int_equal(run.feed.position, 0);
    run_free(&run);
    bed_destroy(&bed);
}

static void connect__no_descriptor__is_told_and_the_next_one_works(void **state)
{
    struct rlimit before, none;
    struct peer *peer;
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run_prepare(&run, &bed, peer_refusing_url());
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    run.transfer->vtable->start(run.transfer);
    WORKER_AWAIT(atomic_load(&run.dones) > 0);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_hr(run.result, CANNOT_CONNECT);
    run_free(&run);

    peer = PEER_START(answers_ok);
    run_init(&run, "abc");
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* ---- aborting ---- */

static void abort__before_start__ends_it_without_a_connection(void **state)
{
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    for (int started = 0; started < 2; started++) {
        run_init(&run, "abc");
        run_prepare(&run, &bed, peer_refusing_url());
        run_abort(&run);
        if (started)
            run.transfer->vtable->start(run.transfer);
        run_await_done(&run);
        assert_hr(run.result, E_ABORT);
        assert_status(&run, 0, false);
        run_wake(&run); /* of no effect any more */
        run.transfer->vtable->start(run.transfer);
        run_abort(&run);
        run_free(&run);
    }
    bed_destroy(&bed);
}

static const struct peer_step reads_to_end[] = {
    {.what = PEER_READ_UNTIL, .text = "abc"},
    {.what = PEER_READ_TO_END},
};

static void assert_no_last_chunk(struct peer *peer)
{
    size_t size, body_size;
    const char *received = peer_finish(peer, &size);
    bool complete;

    free(peer_body(received, size, &body_size, &complete));
    assert_false(complete);
}

static void abort__in_the_middle__sends_no_last_chunk(void **state)
{
    enum { BY_TRANSFER, BY_SOURCE, BY_CLIENT, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++)
        for (int busy = 0; busy < 2; busy++) {
            struct peer *peer = peer_start(reads_to_end + busy, 2 - (size_t)busy);
            struct run run;
            struct bed bed;

            bed_create(&bed);
            run_init(&run, busy ? NULL : "abcdef");
            run_start(&run, &bed, peer_url(peer));
            if (!busy) {
                run_grant(&run, 3, false);
                peer_wait_for_step(peer, 1);
            } else {
                WORKER_AWAIT(atomic_load(&run.feed.pulls) > 10);
            }
            if (way == BY_TRANSFER)
                run_abort(&run);
            if (way == BY_SOURCE) {
                pthread_mutex_lock(&run.feed.mutex);
                run.feed.aborted = true;
                pthread_mutex_unlock(&run.feed.mutex);
                run_wake(&run);
            }
            if (way == BY_CLIENT)
                wsd_curl_transport_release(bed.transport);
            run_await_done(&run);
            assert_hr(run.result, E_ABORT);
            assert_status(&run, 0, false);
            assert_int_equal(atomic_load(&run.feed.sent), 0);
            run_free(&run);
            if (way != BY_CLIENT)
                wsd_curl_transport_release(bed.transport);
            assert_int_equal(atomic_load(&bed.live), 0);
            assert_no_last_chunk(peer);
            peer_stop(peer);
        }
}

/* ---- the peer answers or goes ---- */

static void answer__of_each_kind__is_told_once(void **state)
{
    static const struct {
        const char *text;
        int status;
        const char *reply;
        HRESULT result;
    } rows[] = {
        {"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n", 202, "", S_OK},
        {"HTTP/1.1 204 No Content\r\n\r\n", 204, "", S_OK},
        {"HTTP/1.0 200 OK\r\n\r\nuntil the end", 200, "until the end", S_OK},
        {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok", S_OK},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200,
         "ok", S_OK},
        {"HTTP/1.1 500 No\r\nContent-Length: 2\r\n\r\nno", 500, "no", S_OK},
        {"HTTP/1.1 307 Go\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
         307, "", S_OK},
        {"HTTP/1.1 401 Who\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n"
         "\r\n",
         401, "", S_OK},
        {"HTTP/1.1 100 Continue\r\n\r\n" OK_EMPTY, 200, "", S_OK},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n"
         "HTTP/1.1 100 Continue\r\n\r\n"
         "HTTP/1.1 201 Made\r\nContent-Length: 0\r\n\r\n",
         201, "", S_OK},
        {"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\ncut", 200, "cut",
         WS_E_ENDPOINT_DISCONNECTED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ncut", 200, "cut",
         WS_E_ENDPOINT_DISCONNECTED},
        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", 200, "",
         WS_E_ENDPOINT_DISCONNECTED},
        {"", 0, "", CONNECTION_ERROR},
        {"HTTP/1.1 100 Continue\r\n\r\n", 0, "", CONNECTION_ERROR},
        {"SSH-2.0-OpenSSH_9.2\r\n", 0, "", BAD_RESPONSE},
        {"\x15\x03\x01\x02\x02\x01", 0, "", BAD_RESPONSE},
        {"<html>what?</html>\n\n", 0, "", BAD_RESPONSE},
        {"HTTP/1.1 2a7 x\r\n\r\n", 0, "", BAD_RESPONSE},
        {"HTTP/1.1 0200 OK\r\n\r\n", 0, "", BAD_RESPONSE},
        {"HTTP/7.3 200 OK\r\n\r\n", 0, "", BAD_RESPONSE},
        {"HTTP/1.1\r\n\r\n", 0, "", BAD_RESPONSE},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i].text},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abc");
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        run_await_done(&run);
        run.reply[run.reply_size] = '\0';
        if (run.result != rows[i].result || run.status != rows[i].status ||
            strcmp(run.reply, rows[i].reply) != 0)
            fail_msg("%s: %d, \"%s\", 0x%08x", rows[i].text, run.status, run.reply,
                     (unsigned)run.result);
        assert_status(&run, rows[i].status, rows[i].status != 0);
        assert_int_equal(atomic_load(&run.feed.sent), 1);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
    }
}

/* A byte at a time, the answer is the same. */
static void answer__in_single_bytes__is_the_same(void **state)
{
    static const char text[] = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 500 No\r\n"
                               "Content-Length: 5\r\n\r\nfault";
    struct peer_step steps[sizeof(text)] = {{.what = PEER_READ_MESSAGE}};
    char bytes[sizeof(text)][2];
    struct peer *peer;
    struct run run;
    struct bed bed;

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        bytes[i][0] = text[i];
        bytes[i][1] = '\0';
        steps[1 + i] = (struct peer_step){.what = PEER_SEND, .text = bytes[i]};
    }
    peer = PEER_START(steps);
    bed_create(&bed);
    run_init(&run, "abc");
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    assert_status(&run, 500, true);
    assert_string_equal(run.reply, "fault");
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* A peer that closes with bytes unread resets the connection too. */
static bool is_lost(HRESULT hr)
{
    return hr == CONNECTION_ERROR || hr == WSD_TRANSFER_RESET;
}

/* FAULTS C5 to C8: every final status before the end of the body ends it, whether it is
 * paused or busy, whatever the peer does with the connection. */
static void answer__too_early__ends_the_transfer(void **state)
{
    static const char *const statuses[] = {"200 OK",  "202 Accepted", "307 Go",
                                           "401 Who", "413 Large",    "500 No"};
    static const struct peer_step behind[][2] = {
        {{.what = PEER_READ_TO_END}, {.what = PEER_CLOSE}},      /* it keeps it open */
        {{.what = PEER_HOLD}, {.what = PEER_CLOSE}},             /* and reads nothing */
        {{.what = PEER_SHUT_WRITE}, {.what = PEER_READ_TO_END}}, /* half of it */
        {{.what = PEER_CLOSE}, {.what = PEER_CLOSE}},
        {{.what = PEER_RESET}, {.what = PEER_CLOSE}},
    };
    enum { READS_NOTHING = 1, FIRST_THAT_GOES = 3 };

    (void)state;
    for (size_t i = 0; i < COUNT(statuses) * COUNT(behind) * 2; i++) {
        const char *status = statuses[i % COUNT(statuses)];
        const size_t how = i / COUNT(statuses) % COUNT(behind);
        const bool busy = i / COUNT(statuses) / COUNT(behind);
        char reply[64];
        const struct peer_step steps[] = {
            {.what = busy ? PEER_READ_HEAD : PEER_READ_UNTIL, .text = "abc"},
            {.what = PEER_SEND, .text = reply},
            behind[how][0],
            behind[how][1],
        };
        struct peer *peer;
        struct run run;
        struct bed bed;

        snprintf(reply, sizeof(reply), "HTTP/1.1 %s\r\nContent-Length: 2\r\n\r\nno",
                 status);
        peer = PEER_START(steps);
        bed_create(&bed);
        run_init(&run, busy ? NULL : "abc");
        run_start(&run, &bed, peer_url(peer));
        if (!busy)
            run_grant(&run, 3, false);
        run_await_done(&run);
        if (run.status != 0 || how < FIRST_THAT_GOES) {
            assert_status(&run, atoi(status), false);
            if (how < FIRST_THAT_GOES)
                assert_hr(run.result, S_OK);
            if (run.result == S_OK)
                assert_string_equal(run.reply, "no");
        } else {
            assert_true(is_lost(run.result));
        }
        assert_int_equal(atomic_load(&run.feed.sent), 0);
        if (how == READS_NOTHING)
            peer_go(peer);
        run_free(&run);
        bed_destroy(&bed);
        assert_no_last_chunk(peer);
        peer_stop(peer);
    }
}

/* libcurl has all of the body, but the kernel has not: refused now, it is not sent. */
static void answer__refuses_the_last_bytes__does_not_count_them_as_sent(void **state)
{
    enum { TOTAL = 250000 }; /* one pull, and more than fits on the way */
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = "HTTP/1.1 413 Large\r\nContent-Length: 2\r\n\r\n"},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = "no"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    char *text = malloc(TOTAL + 1);
    size_t size, body_size;
    const char *received;
    const int small = 1;
    bool complete;
    struct run run;
    struct bed bed;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', TOTAL);
    text[TOTAL] = '\0';
    bed_create(&bed);
    run_init(&run, text);
    assert_hr(run_prepare_with(&run, &bed, peer_url(peer), &run.feed.source, TOTAL),
              S_OK);
    run.transfer->vtable->start(run.transfer);
    run_await_hungry(&run, 1);
    assert_int_equal(
        setsockopt(find_socket(peer), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    run_grant_all(&run);
    WORKER_AWAIT(run_position(&run) == TOTAL);
    peer_go(peer);
    WORKER_AWAIT(atomic_load(&run.statuses) == 1);
    peer_go(peer);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    received = peer_finish(peer, &size);
    free(peer_body(received, size, &body_size, &complete));
    assert_false(complete);
    assert_status(&run, 413, false);
    assert_int_equal(atomic_load(&run.feed.sent), 0);
    free(text);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

static void peer__goes_while_paused__is_noticed(void **state)
{
    static const enum peer_do ways[] = {PEER_CLOSE, PEER_RESET, PEER_SHUT_WRITE};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_UNTIL, .text = "abc"},
            {.what = ways[i]},
            {.what = ways[i] == PEER_SHUT_WRITE ? PEER_READ_TO_END : PEER_CLOSE},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abcdef");
        run_start(&run, &bed, peer_url(peer));
        run_grant(&run, 3, false);
        run_await_done(&run);
        assert_true(is_lost(run.result));
        if (ways[i] != PEER_CLOSE)
            assert_hr(run.result,
                      ways[i] == PEER_RESET ? WSD_TRANSFER_RESET : CONNECTION_ERROR);
        assert_status(&run, 0, false);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
    }
}

static void peer__goes_while_busy__is_noticed(void **state)
{
    static const enum peer_do ways[] = {PEER_CLOSE, PEER_RESET};

    (void)state;
    for (size_t i = 0; i < COUNT(ways); i++)
        for (size_t bytes = 1; bytes < 10000000; bytes *= 100) {
            const struct peer_step steps[] = {
                {.what = PEER_READ_BYTES, .size = bytes},
                {.what = ways[i]},
            };
            struct peer *peer = PEER_START(steps);
            struct run run;
            struct bed bed;

            bed_create(&bed);
            run_init(&run, NULL);
            run_start(&run, &bed, peer_url(peer));
            run_await_done(&run);
            assert_true(is_lost(run.result));
            if (ways[i] == PEER_RESET)
                assert_hr(run.result, WSD_TRANSFER_RESET);
            assert_status(&run, 0, false);
            run_free(&run);
            bed_destroy(&bed);
            peer_stop(peer);
        }
}

/* FAULTS F6, F18, C20 */
static void answer__with_too_much_header__is_cut_off(void **state)
{
    enum { WAYS = 3 };
    static const char *const begins[] = {"HTTP/1.1 200 OK\r\n",
                                         "HTTP/1.1 200 OK\r\nX: ", ""};
    static const char *const repeated[] = {"X: 0123456789012345678901234567890\r\n",
                                           "0123456789012345678901234567890123456789",
                                           "HTTP/1.1 100 Continue\r\nX: 012345\r\n\r\n"};

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        const size_t times = 1000000 / strlen(repeated[way]);
        char *flood = malloc(strlen(begins[way]) + times * strlen(repeated[way]) + 1);
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND_SOME, .text = begins[way]},
            {.what = PEER_SEND_SOME, .text = flood},
            {.what = PEER_READ_TO_END},
        };
        struct peer *peer;
        struct run run;
        struct bed bed;
        char *at = flood;

        assert_non_null(flood);
        for (size_t i = 0; i < times; i++)
            at += sprintf(at, "%s", repeated[way]);
        peer = peer_start(steps, COUNT(steps));
        bed_create(&bed);
        run_init(&run, "abc");
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        run_await_done(&run);
        assert_hr(run.result, HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW));
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(flood);
    }
}

static void answer__refused_by_the_handler__ends_with_its_code(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run.body_hr = WS_E_QUOTA_EXCEEDED;
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, WS_E_QUOTA_EXCEEDED);
    assert_status(&run, 200, true);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* ---- the application does not take the answer ---- */

static const char sample[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz012345678"; /* 61 bytes */

enum framing { CHUNKED, LENGTH, CLOSE_DELIMITED, FRAMINGS };

/* A whole answer with `size` bytes of the sample.  Caller frees. */
static char *answer_of(enum framing framing, size_t size)
{
    char *text = malloc(2 * size + 200);
    size_t used = 0;

    assert_non_null(text);
    used += (size_t)sprintf(text, "HTTP/1.1 200 OK\r\nContent-Type: image/x; q=1\r\n");
    if (framing == LENGTH)
        used += (size_t)sprintf(text + used, "Content-Length: %zu\r\n", size);
    if (framing == CHUNKED)
        used += (size_t)sprintf(text + used, "Transfer-Encoding: chunked\r\n");
    used += (size_t)sprintf(text + used, "\r\n");
    for (size_t i = 0; i < size;) {
        size_t run = framing == CHUNKED ? i % 3000 + 1 : size;

        if (run > size - i)
            run = size - i;
        if (framing == CHUNKED)
            used += (size_t)sprintf(text + used, "%zx\r\n", run);
        for (; run > 0; run--, i++)
            text[used++] = sample[i % 61];
        if (framing == CHUNKED)
            used += (size_t)sprintf(text + used, "\r\n");
    }
    strcpy(text + used, framing == CHUNKED ? "0\r\n\r\n" : "");
    return text;
}

static void run_feed(struct run *run, size_t bytes)
{
    atomic_fetch_add(&run->appetite, bytes);
    run_wake(run);
}

/* Feeds the handler, whenever it is full, until the end. */
static void run_eat(struct run *run)
{
    static const size_t meals[] = {0, 1, 1, 0, 7, 100, 1, 16384, 3000, 50000};
    int fulls = 0;

    for (size_t i = 0; atomic_load(&run->dones) == 0; i++) {
        WORKER_AWAIT(atomic_load(&run->fulls) > fulls || atomic_load(&run->dones) > 0);
        fulls = atomic_load(&run->fulls);
        run_feed(run, meals[i % COUNT(meals)]);
    }
}

static void body__handler_full__gives_each_byte_once_in_order(void **state)
{
    static const size_t sizes[] = {1, 2, 300, 200000};
    enum { SENT, PAUSED, BUSY, UPLOADS };

    (void)state;
    for (int row = 0; row < FRAMINGS * (int)COUNT(sizes) * UPLOADS; row++) {
        enum framing framing = (enum framing)(row / UPLOADS % FRAMINGS);
        size_t size = sizes[row / UPLOADS / FRAMINGS];
        int upload = row % UPLOADS;
        char *text = answer_of(framing, size);
        const struct peer_step steps[] = {
            {.what = upload == SENT ? PEER_READ_MESSAGE : PEER_READ_UNTIL,
             .text = upload == BUSY ? "xxx" : "abc"},
            {.what = PEER_SEND, .text = text},
            {.what = framing == CLOSE_DELIMITED ? PEER_SHUT_WRITE : PEER_READ_TO_END},
            {.what = PEER_READ_TO_END},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, upload == BUSY ? NULL : "abcdef");
        run.sample = sample;
        atomic_store(&run.appetite, 0);
        run_start(&run, &bed, peer_url(peer));
        if (upload != BUSY)
            run_grant(&run, upload == SENT ? 6 : 3, upload == SENT);
        run_eat(&run);
        run_await_done(&run);
        if (run.result != S_OK || run.reply_size != size || run.wrong)
            fail_msg("framing %d, upload %d, %zu bytes: %zu, 0x%08x", (int)framing,
                     upload, size, run.reply_size, (unsigned)run.result);
        assert_status(&run, 200, upload == SENT);
        assert_int_equal(run.begin_status, 200);
        assert_string_equal(run.type, "image/x; q=1");
        assert_true(atomic_load(&run.fulls) > 0);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(text);
    }
}

static void body__cut_short_while_full__is_disconnected_behind_its_bytes(void **state)
{
    (void)state;
    for (int framing = 0; framing < CLOSE_DELIMITED; framing++) {
        char *text = answer_of((enum framing)framing, 5000);
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = text},
        };
        struct peer *peer;
        struct run run;
        struct bed bed;

        text[strlen(text) - 50] = '\0';
        peer = PEER_START(steps);
        bed_create(&bed);
        run_init(&run, "abc");
        run.sample = sample;
        atomic_store(&run.appetite, 0);
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        run_eat(&run);
        run_await_done(&run);
        assert_hr(run.result, WS_E_ENDPOINT_DISCONNECTED);
        assert_false(run.wrong);
        assert_in_range(run.reply_size, 4900, 4999);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(text);
    }
}

/* A wake that comes while body() still is inside is not lost. */
static void body__woken_from_inside__goes_on(void **state)
{
    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++) {
        char *text = answer_of((enum framing)framing, 500);
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = text},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abc");
        run.sample = sample;
        run.feeds_itself = true;
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        run_await_done(&run);
        assert_hr(run.result, S_OK);
        assert_int_equal(run.reply_size, 500);
        assert_false(run.wrong);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(text);
    }
}

/* How many bytes the transport has taken off its socket, where the system tells: qemu's
 * gives an int of TCP_INFO. */
static bool tells_bytes_read(int fd, size_t *bytes)
{
    struct tcp_info info;
    socklen_t size = sizeof(info);
    int unread;

    assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &size), 0);
    assert_int_equal(ioctl(fd, FIONREAD, &unread), 0);
    *bytes = (size_t)info.tcpi_bytes_received - (size_t)unread;
    return size > offsetof(struct tcp_info, tcpi_bytes_received);
}

static void body__handler_full__leaves_the_rest_in_the_socket(void **state)
{
    enum { TOTAL = 16 * 1000 * 1000, HELD = 512 * 1024 };

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++) {
        char *text = answer_of((enum framing)framing, TOTAL);
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = text},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;
        int fd, unread = 0;
        size_t bytes;

        bed_create(&bed);
        run_init(&run, "abc");
        run.sample = sample;
        atomic_store(&run.appetite, 0);
        run_start(&run, &bed, peer_url(peer));
        run_await_hungry(&run, 1);
        fd = find_socket(peer);
        run_grant_all(&run);
        WORKER_AWAIT(atomic_load(&run.fulls) > 0);
        for (int i = 0; i < 50; i++) {
            int fulls = atomic_load(&run.fulls);

            run_feed(&run, 1);
            WORKER_AWAIT(atomic_load(&run.fulls) > fulls);
        }
        WORKER_AWAIT(ioctl(fd, FIONREAD, &unread) == 0 && unread > 0);
        if (tells_bytes_read(fd, &bytes))
            assert_in_range(bytes, 50, HELD);
        assert_int_equal(atomic_load(&run.dones), 0);
        atomic_store(&run.appetite, SIZE_MAX);
        run_wake(&run);
        run_await_done(&run);
        assert_hr(run.result, S_OK);
        assert_int_equal(run.reply_size, TOTAL);
        assert_false(run.wrong);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(text);
    }
}

static void abort__while_full__ends_it(void **state)
{
    (void)state;
    for (int way = 0; way < 4; way++) {
        bool by_client = way % 2 != 0, paused = way / 2 != 0;
        char *text = answer_of(LENGTH, 100000);
        const struct peer_step steps[] = {
            {.what = paused ? PEER_READ_UNTIL : PEER_READ_MESSAGE, .text = "abc"},
            {.what = PEER_SEND_SOME, .text = text},
            {.what = PEER_READ_TO_END},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abcdef");
        atomic_store(&run.appetite, 10);
        run_start(&run, &bed, peer_url(peer));
        run_grant(&run, paused ? 3 : 6, !paused);
        WORKER_AWAIT(atomic_load(&run.fulls) > 0);
        if (by_client)
            wsd_curl_transport_release(bed.transport);
        else
            run_abort(&run);
        run_await_done(&run);
        assert_hr(run.result, E_ABORT);
        assert_int_equal(run.reply_size, 10);
        run_wake(&run);
        run_free(&run);
        if (!by_client)
            wsd_curl_transport_release(bed.transport);
        assert_int_equal(atomic_load(&bed.live), 0);
        peer_stop(peer);
        free(text);
    }
}

/* By the code that the handler gave, not by libcurl's word for it. */
static void body__refused_when_it_comes_again__ends_with_that_code(void **state)
{
    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++) {
        char *text = answer_of((enum framing)framing, 1000);
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND_SOME, .text = text},
            {.what = PEER_READ_TO_END},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abc");
        atomic_store(&run.appetite, 10);
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        WORKER_AWAIT(atomic_load(&run.fulls) > 0);
        run.body_hr = WS_E_QUOTA_EXCEEDED; /* body() comes with the wake, not before */
        run_feed(&run, 10);
        run_await_done(&run);
        assert_hr(run.result, WS_E_QUOTA_EXCEEDED);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
        free(text);
    }
}

/* A wake asks it, also when the peer has fallen silent. */
static void body__no_more_is_wanted__ends_without_another_byte(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    atomic_store(&run.appetite, 1);
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    WORKER_AWAIT(atomic_load(&run.fulls) > 0);
    run_feed(&run, 100);
    WORKER_AWAIT(atomic_load(&run.appetite) == 99);
    run.body_hr = E_ABORT; /* body() comes with the wake, not before */
    run_wake(&run);
    run_await_done(&run);
    assert_hr(run.result, E_ABORT);
    assert_true(atomic_load(&run.asked) > 0);
    assert_string_equal(run.reply, "ab");
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

static void begin_body__of_each_answer__is_told_once_before_its_bytes(void **state)
{
    static const struct {
        const char *text, *type;
        int begun;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "-", 1},
        {"HTTP/1.1 200 OK\r\nContent-Type:  a/b;c=\"d\" \r\nContent-Length: 2\r\n\r\nok",
         "a/b;c=\"d\"", 1},
        {"HTTP/1.1 200 OK\r\ncontent-type: a/b\r\nTransfer-Encoding: chunked\r\n\r\n"
         "1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
         "a/b", 1},
        {OK_EMPTY, "", 0},
        {"HTTP/1.1 202 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "", 0},
        {"HTTP/1.1 204 No\r\n\r\n", "", 0},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = PEER_READ_MESSAGE},
            {.what = PEER_SEND, .text = rows[i].text},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, "abc");
        run_start(&run, &bed, peer_url(peer));
        run_grant_all(&run);
        run_await_done(&run);
        assert_hr(run.result, S_OK);
        assert_int_equal(run.begun, rows[i].begun);
        assert_string_equal(run.type, rows[i].type);
        assert_string_equal(run.reply, rows[i].begun ? "ok" : "");
        assert_false(run.wrong);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
    }
}

static void begin_body__refused__ends_with_its_code(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nab"},
        {.what = PEER_READ_TO_END},
    };
    struct peer *peer = PEER_START(steps);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run.begin_hr = WS_E_INVALID_FORMAT;
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, WS_E_INVALID_FORMAT);
    assert_status(&run, 200, true);
    assert_int_equal(run.reply_size, 0);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* ---- timers ---- */

/* FAULTS D1: it takes nothing, and there is more than all buffers hold. */
static void timer__peer_takes_nothing__fires(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_HOLD}};
    struct peer *peer = PEER_START(steps);
    struct run run;
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.options.timeouts.send_ms = 50;
    bed_open(&bed);
    run_init(&run, NULL);
    run_start(&run, &bed, peer_url(peer));
    run_await_done(&run);
    assert_hr(run.result, TIMEOUT);
    assert_status(&run, 0, false);
    peer_go(peer);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* FAULTS C9: it has everything, or says too early that it wants no more, and then falls
 * silent. */
static void timer__peer_does_not_answer__fires(void **state)
{
    static const struct {
        const char *text; /* NULL: it waits for all */
        int status;
    } rows[] = {{NULL, 0},
                {"HTTP/1.1 200 OK\r\n\r\n", 200},
                {"HTTP/1.1 413 Large\r\nContent-Length: 5\r\n\r\nno", 413}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        const struct peer_step steps[] = {
            {.what = rows[i].text == NULL ? PEER_READ_MESSAGE : PEER_READ_UNTIL,
             .text = "abc"},
            {.what = PEER_SEND, .text = rows[i].text == NULL ? "" : rows[i].text},
            {.what = PEER_HOLD},
        };
        struct peer *peer = PEER_START(steps);
        struct run run;
        struct bed bed;

        bed_init(&bed);
        bed.options.timeouts.response_ms = 50;
        bed_open(&bed);
        run_init(&run, "abc");
        run_start(&run, &bed, peer_url(peer));
        run_grant(&run, 3, rows[i].text == NULL);
        run_await_done(&run);
        assert_hr(run.result, TIMEOUT);
        assert_status(&run, rows[i].status, false);
        peer_go(peer);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
    }
}

/* FAULTS D3: the one that is paused began to wait before the one that times out. */
static void timer__application_has_nothing_to_send__does_not_fire(void **state)
{
    static const struct peer_step takes_nothing[] = {{.what = PEER_READ_HEAD},
                                                     {.what = PEER_HOLD}};
    struct peer *patient = PEER_START(answers_ok), *stalled = PEER_START(takes_nothing);
    struct run paused, busy;
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.options.timeouts.send_ms = 50;
    bed.options.timeouts.response_ms = 20000;
    bed_open(&bed);
    run_init(&paused, "abc");
    run_start(&paused, &bed, peer_url(patient));
    run_await_hungry(&paused, 1);
    run_grant(&paused, 1, false);
    run_await_hungry(&paused, 2);
    run_init(&busy, NULL);
    run_start(&busy, &bed, peer_url(stalled));
    run_await_done(&busy);
    assert_hr(busy.result, TIMEOUT);

    assert_int_equal(atomic_load(&paused.dones), 0);
    run_grant_all(&paused);
    run_await_done(&paused);
    assert_hr(paused.result, S_OK);
    peer_go(stalled);
    run_free(&paused);
    run_free(&busy);
    bed_destroy(&bed);
    peer_stop(patient);
    peer_stop(stalled);
}

/* The one that is full began to wait before the one that times out; then it is the peer
 * again that is waited for. */
static void timer__application_does_not_read__does_not_fire(void **state)
{
    static const struct peer_step holds_back[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef"},
        {.what = PEER_READ_TO_END},
    };
    static const struct peer_step is_silent[] = {{.what = PEER_READ_MESSAGE},
                                                 {.what = PEER_READ_TO_END}};
    struct peer *first = PEER_START(holds_back), *second = PEER_START(is_silent);
    struct run full, waiting;
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.options.timeouts.response_ms = 50;
    bed_open(&bed);
    run_init(&full, "abc");
    atomic_store(&full.appetite, 2);
    run_start(&full, &bed, peer_url(first));
    run_grant_all(&full);
    WORKER_AWAIT(atomic_load(&full.fulls) > 0);
    run_init(&waiting, "abc");
    run_start(&waiting, &bed, peer_url(second));
    run_grant_all(&waiting);
    run_await_done(&waiting);
    assert_hr(waiting.result, TIMEOUT);

    assert_int_equal(atomic_load(&full.dones), 0);
    run_feed(&full, 100);
    run_await_done(&full);
    assert_hr(full.result, TIMEOUT);
    assert_string_equal(full.reply, "abcdef");
    run_free(&full);
    run_free(&waiting);
    bed_destroy(&bed);
    peer_stop(first);
    peer_stop(second);
}

/* The end of the request is still on the way, so nobody knows of the answer who could
 * read it: it is the peer that takes nothing. */
static void timer__full_before_the_request_is_out__fires(void **state)
{
    enum { TOTAL = 250000 }; /* one pull, and more than fits on the way */
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabcdef"},
        {.what = PEER_HOLD},
    };
    struct peer *peer = PEER_START(steps);
    char *text = malloc(TOTAL + 1);
    const int small = 1;
    struct run run;
    struct bed bed;

    (void)state;
    assert_non_null(text);
    memset(text, 'x', TOTAL);
    text[TOTAL] = '\0';
    bed_init(&bed);
    bed.options.timeouts.send_ms = 300;
    bed_open(&bed);
    run_init(&run, text);
    atomic_store(&run.appetite, 2);
    assert_hr(run_prepare_with(&run, &bed, peer_url(peer), &run.feed.source, TOTAL),
              S_OK);
    run.transfer->vtable->start(run.transfer);
    run_await_hungry(&run, 1);
    assert_int_equal(
        setsockopt(find_socket(peer), SOL_SOCKET, SO_SNDBUF, &small, sizeof(small)), 0);
    run_grant_all(&run);
    WORKER_AWAIT(run_position(&run) == TOTAL);
    peer_go(peer);
    run_await_done(&run);
    assert_hr(run.result, TIMEOUT);
    assert_int_equal(atomic_load(&run.feed.sent), 0);
    peer_go(peer);
    free(text);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* ---- the transport itself ---- */

static void create__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    struct bed bed;
    int grants = -1;
    HRESULT hr;

    (void)state;
    do {
        bed_init(&bed);
        atomic_store(&bed.grants, ++grants);
        bed.transport = (struct wsd_curl_transport *)(uintptr_t)1;
        hr = wsd_curl_transport_create(&bed.mem, &bed.options, &bed.transport);
        if (FAILED(hr)) {
            assert_hr(hr, E_OUTOFMEMORY);
            assert_null(bed.transport);
            assert_int_equal(atomic_load(&bed.live), 0);
        }
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 1, 99);
    atomic_store(&bed.grants, 0);
    {
        struct run run;

        run_init(&run, "");
        assert_hr(run_prepare_with(&run, &bed, "http://h/", &run.feed.source, 0),
                  E_OUTOFMEMORY);
    }
    bed_destroy(&bed);
}

static void create__no_descriptor_left__says_so(void **state)
{
    struct rlimit before, none;
    struct bed bed;
    HRESULT hr;

    (void)state;
    bed_init(&bed);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    hr = wsd_curl_transport_create(&bed.mem, &bed.options, &bed.transport);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_hr(hr, HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES));
    assert_null(bed.transport);
    assert_int_equal(atomic_load(&bed.live), 0);
}

/* libcurl would look through all of them for each. */
static void transfers__more_than_connections_are_kept__keep_none(void **state)
{
    enum { KEPT = 16, ALL = KEPT + 2 };
    static const struct peer_step silent[] = {{.what = PEER_READ_TO_END}};
    static const struct peer_step answers_both[] = {
        {.what = PEER_READ_MESSAGE},           {.what = PEER_SEND, .text = OK_EMPTY},
        {.what = PEER_NEXT_REQUEST},           {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = OK_EMPTY}, {.what = PEER_READ_TO_END},
    };
    struct peer *peers[ALL], *last = PEER_START(answers_both);
    struct run runs[ALL], first;
    size_t size;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&first, "abc");
    first.keeps = true;
    run_start(&first, &bed, peer_url(last));
    run_grant_all(&first);
    run_await_done(&first); /* its connection is kept, and free */
    for (int i = 0; i < ALL; i++) {
        peers[i] = i == 0 ? PEER_START(answers_ok) : PEER_START(silent);
        run_init(&runs[i], "abc");
        runs[i].keeps = true;
        run_start(&runs[i], &bed, peer_url(peers[i]));
        run_await_hungry(&runs[i], 1);
    }
    run_grant_all(&runs[0]);
    run_await_done(&runs[0]);
    peer_finish(peers[0], &size); /* it has seen the connection's end */
    for (int i = 1; i < ALL; i++) {
        run_abort(&runs[i]);
        run_await_done(&runs[i]);
    }
    for (int i = 0; i < ALL; i++) {
        run_free(&runs[i]);
        peer_stop(peers[i]);
    }
    run_free(&first);
    run_init(&first, "abc"); /* alone again, it finds the connection that was kept */
    first.keeps = true;
    run_start(&first, &bed, peer_url(last));
    run_grant_all(&first);
    run_await_done(&first);
    assert_hr(first.result, S_OK);
    run_free(&first);
    bed_destroy(&bed);
    peer_stop(last);
}

/* FAULTS I6: and the one that is silent does not hold up the others. */
static void transfers__fifty_at_once__each_gets_its_own_answer(void **state)
{
    enum { MANY = 50 };
    struct peer *peers[MANY];
    struct run runs[MANY];
    char texts[MANY][32];
    struct bed bed;

    (void)state;
    bed_create(&bed);
    for (int i = 0; i < MANY; i++) {
        snprintf(texts[i], sizeof(texts[i]), "document %d", i);
        peers[i] = PEER_START(answers_ok);
        run_init(&runs[i], texts[i]);
        run_start(&runs[i], &bed, peer_url(peers[i]));
    }
    for (size_t upto = 1; upto < 8; upto++)
        for (int i = 0; i < MANY; i++)
            run_grant(&runs[i], upto, false);
    for (int i = MANY - 1; i >= 0; i--) {
        run_grant_all(&runs[i]);
        run_await_done(&runs[i]);
        assert_hr(runs[i].result, S_OK);
        assert_status(&runs[i], 200, true);
    }
    for (int i = 0; i < MANY; i++) {
        size_t size, body_size;
        const char *received = peer_finish(peers[i], &size);
        bool complete;
        char *body = peer_body(received, size, &body_size, &complete);

        assert_true(complete);
        assert_string_equal(body, texts[i]);
        free(body);
        run_free(&runs[i]);
        peer_stop(peers[i]);
    }
    bed_destroy(&bed);
}

static void release__transfers_in_every_phase__aborts_them_all(void **state)
{
    enum { PREPARED, STARTED, PAUSED, BUSY, ANSWERED_EARLY, WAITING, DONE, PHASES };
    static const struct peer_step takes_nothing[] = {{.what = PEER_READ_HEAD},
                                                     {.what = PEER_HOLD}};
    static const struct peer_step is_silent[] = {{.what = PEER_READ_MESSAGE},
                                                 {.what = PEER_READ_TO_END}};
    static const struct peer_step answers_half[] = {
        {.what = PEER_READ_UNTIL, .text = "abc"},
        {.what = PEER_SEND, .text = "HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\nno"},
        {.what = PEER_READ_TO_END}};
    struct peer *peers[] = {[PAUSED] = PEER_START(reads_to_end),
                            [BUSY] = PEER_START(takes_nothing),
                            [ANSWERED_EARLY] = PEER_START(answers_half),
                            [WAITING] = PEER_START(is_silent),
                            [DONE] = PEER_START(answers_ok)};
    struct run runs[PHASES];
    struct bed bed;

    (void)state;
    bed_create(&bed);
    for (int i = 0; i < PHASES; i++) {
        run_init(&runs[i], i == BUSY ? NULL : "abc");
        run_prepare(&runs[i], &bed,
                    i <= STARTED ? peer_url(peers[DONE]) : peer_url(peers[i]));
    }
    for (int i = PAUSED; i < PHASES; i++) {
        runs[i].transfer->vtable->start(runs[i].transfer);
        if (i != BUSY)
            run_grant(&runs[i], 3, i == WAITING || i == DONE);
    }
    run_await_done(&runs[DONE]);
    peer_wait_for_step(peers[PAUSED], 1);
    peer_wait_for_step(peers[BUSY], 1);
    peer_wait_for_step(peers[WAITING], 1);
    WORKER_AWAIT(atomic_load(&runs[ANSWERED_EARLY].statuses) == 1);
    runs[STARTED].transfer->vtable->start(runs[STARTED].transfer);

    wsd_curl_transport_release(bed.transport);

    for (int i = 0; i < PHASES; i++) {
        assert_int_equal(atomic_load(&runs[i].dones), 1); /* before release returned */
        if (i != STARTED) /* nobody listens there any more: it can be faster */
            assert_hr(runs[i].result, i == DONE ? S_OK : E_ABORT);
        runs[i].transfer->vtable->start(runs[i].transfer);
        run_wake(&runs[i]);
        run_abort(&runs[i]);
        run_free(&runs[i]);
    }
    assert_int_equal(atomic_load(&bed.live), 0);
    peer_go(peers[BUSY]);
    for (int i = PAUSED; i < PHASES; i++)
        peer_stop(peers[i]);
}

/* ---- a caller that waits drives ---- */

struct run_wait {
    struct wsd_transfer_wait seam;
    struct run *run;
    int hungry; /* until it was told so often that there is nothing; 0: to the end */
};

static bool run_wait_is_over(const struct wsd_transfer_wait *seam)
{
    const struct run_wait *wait = (const struct run_wait *)seam;

    return wait->hungry > 0 ? atomic_load(&wait->run->feed.hungry) >= wait->hungry
                            : atomic_load(&wait->run->dones) > 0;
}

static bool run_drive(struct run *run, enum wsd_transfer_ask ask, int hungry)
{
    const struct run_wait wait = {{run_wait_is_over, UINT64_MAX}, run, hungry};

    return run->transfer->vtable->drive(run->transfer, ask, &wait.seam);
}

static void note_whose_thread(struct run *run)
{
    *(bool *)run->context =
        pthread_equal(*run->driver, pthread_self()) && wsd_thread_is_ours();
}

static void drive__by_a_caller__does_all_on_its_thread(void **state)
{
    const pthread_t caller = pthread_self();
    struct peer *peer = PEER_START(answers_ok);
    bool was_caller = false;
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run.driver = &caller;
    run.on_done = note_whose_thread;
    run.context = &was_caller;
    run_prepare(&run, &bed, peer_url(peer));
    assert_true(run_drive(&run, WSD_ASK_START, 1));
    assert_int_equal(atomic_load(&run.feed.hungry), 1);
    feed_grant(&run.feed, 3, true);
    /* The other one may have taken over what was left behind. */
    if (!run_drive(&run, WSD_ASK_WAKE, 0))
        was_caller = true;
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    assert_true(was_caller);
    assert_false(wsd_thread_is_ours());
    assert_wire(peer, "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n");
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

/* A caller goes, and what it leaves behind goes on. */
static void drive__the_caller_leaves__the_transport_goes_on(void **state)
{
    struct peer *peer = PEER_START(answers_ok);
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run_prepare(&run, &bed, peer_url(peer));
    {
        const struct run_wait wait = {
            {run_wait_is_over, 0}, &run, 0}; /* no time at all */

        assert_true(run.transfer->vtable->drive(run.transfer, WSD_ASK_START, &wait.seam));
    }
    run_await_hungry(&run, 1);
    run_grant_all(&run);
    run_await_done(&run);
    assert_hr(run.result, S_OK);
    run_free(&run);
    bed_destroy(&bed);
    peer_stop(peer);
}

struct drive {
    struct worker worker;
    struct run *run;
    bool driven;
};

static void drive_now(void *context)
{
    struct drive *drive = context;

    drive->driven = run_drive(drive->run, WSD_ASK_START, 0);
}

static void drive__while_another_thread_does__only_asks(void **state)
{
    static const struct peer_step silent[] = {{.what = PEER_READ_TO_END}};
    struct peer *peers[] = {PEER_START(silent), PEER_START(answers_ok)};
    struct drive drive;
    struct run runs[2];
    struct bed bed;

    (void)state;
    bed_create(&bed);
    for (int i = 0; i < 2; i++) {
        run_init(&runs[i], "abc");
        run_prepare(&runs[i], &bed, peer_url(peers[i]));
    }
    drive.run = &runs[0];
    worker_start(&drive.worker, drive_now, &drive);
    run_await_hungry(&runs[0], 1);
    assert_false(run_drive(&runs[1], WSD_ASK_START, 0));
    run_await_hungry(&runs[1], 1);
    run_grant_all(&runs[1]);
    run_await_done(&runs[1]);
    assert_hr(runs[1].result, S_OK);
    run_abort(&runs[0]);
    worker_join(&drive.worker);
    assert_true(drive.driven);
    run_await_done(&runs[0]);
    assert_hr(runs[0].result, E_ABORT);
    for (int i = 0; i < 2; i++)
        run_free(&runs[i]);
    bed_destroy(&bed);
    for (int i = 0; i < 2; i++)
        peer_stop(peers[i]);
}

static void drive__the_transport_ends__returns(void **state)
{
    static const struct peer_step silent[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(silent);
    struct drive drive;
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run_prepare(&run, &bed, peer_url(peer));
    drive.run = &run;
    worker_start(&drive.worker, drive_now, &drive);
    run_await_hungry(&run, 1);
    wsd_curl_transport_release(bed.transport);
    worker_join(&drive.worker);
    assert_hr(run.result, E_ABORT);
    assert_false(run_drive(&run, WSD_ASK_WAKE, 0)); /* there is nothing any more */
    run_free(&run);
    assert_int_equal(atomic_load(&bed.live), 0);
    peer_stop(peer);
}

static void release_transport(struct run *run)
{
    wsd_curl_transport_release(((struct bed *)run->context)->transport);
}

static void release__on_its_own_thread__does_not_wait_for_itself(void **state)
{
    struct run run;
    struct bed bed;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run.on_done = release_transport;
    run.context = &bed;
    run_start(&run, &bed, peer_refusing_url());
    run_await_done(&run);
    run_free(&run);
    WORKER_AWAIT(atomic_load(&bed.live) == 0);
}

struct late {
    struct bed *bed;
    HRESULT hr;
};

static void prepare_another(struct run *run)
{
    struct late *late = run->context;
    struct run other;

    run_init(&other, "abc");
    late->hr = run_prepare_with(&other, late->bed, peer_refusing_url(),
                                &other.feed.source, WSD_LENGTH_UNKNOWN);
    pthread_mutex_destroy(&other.feed.mutex);
}

static void prepare__while_the_transport_ends__is_refused(void **state)
{
    struct bed bed;
    struct late late = {&bed, S_OK};
    struct run run;

    (void)state;
    bed_create(&bed);
    run_init(&run, "abc");
    run.on_done = prepare_another;
    run.context = &late;
    run_prepare(&run, &bed, peer_refusing_url());
    wsd_curl_transport_release(bed.transport);
    run_await_done(&run);
    assert_hr(run.result, E_ABORT);
    assert_hr(late.hr, E_ABORT);
    run_free(&run);
    WORKER_AWAIT(atomic_load(&bed.live) == 0);
}

/* From many threads at once, in any order. */
struct storm {
    struct worker worker;
    struct run *run;
    int number;
};

static void storm_run(void *context)
{
    struct storm *storm = context;

    for (int i = 0; i < 40; i++) {
        if (storm->number == 0 && i == 20)
            storm->run->transfer->vtable->start(storm->run->transfer);
        if (storm->number == 1 && i == 39)
            run_abort(storm->run);
        run_grant(storm->run, (size_t)i, false);
    }
}

static void calls__from_many_threads__end_in_one_done(void **state)
{
    static const char text[41] = "0123456789012345678901234567890123456789";

    (void)state;
    for (int round = 0; round < 40; round++) {
        static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
        struct peer *peer = PEER_START(steps);
        struct storm storms[3];
        struct run run;
        struct bed bed;

        bed_create(&bed);
        run_init(&run, text);
        run_start(&run, &bed, peer_url(peer));
        run_await_hungry(&run, 1); /* the peer has its connection */
        for (int i = 0; i < 3; i++) {
            storms[i] = (struct storm){.run = &run, .number = i};
            worker_start(&storms[i].worker, storm_run, &storms[i]);
        }
        for (int i = 0; i < 3; i++)
            worker_join(&storms[i].worker);
        run_await_done(&run);
        assert_hr(run.result, E_ABORT);
        run_free(&run);
        bed_destroy(&bed);
        peer_stop(peer);
    }
}

/* ---- the log ---- */

struct log {
    pthread_mutex_t mutex;
    char text[4096];
};

static void WSD_CALL log_line(void *context, const wsd_log_entry *entry)
{
    struct log *log = context;

    pthread_mutex_lock(&log->mutex);
    if (strlen(log->text) + strlen(entry->text) + 2 < sizeof(log->text)) {
        strcat(log->text, entry->text);
        strcat(log->text, "\n");
    }
    pthread_mutex_unlock(&log->mutex);
}

static void log__of_a_failure__names_the_peer_and_no_content(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE}, /* what is not read, resets the connection */
        {.what = PEER_SEND,
         .text = "HTTP/1.1 200 OK\r\nSet-Cookie: key=classified\r\n"
                 "Content-Length: 99\r\n\r\nconfidential"},
    };
    struct peer *peer = PEER_START(steps);
    struct log log = {.mutex = PTHREAD_MUTEX_INITIALIZER};
    const char *refusing = peer_refusing_url();
    struct run run;
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.options.observer.log = log_line;
    bed.options.observer.log_context = &log;
    bed.options.observer.log_level = WSD_LOG_ERROR;
    bed_open(&bed);
    run_init(&run, "top secret");
    run_start(&run, &bed, refusing);
    run_await_done(&run);
    run_free(&run);
    assert_non_null(strstr(log.text, refusing));
    assert_non_null(strstr(log.text, "ERROR_WINHTTP_CANNOT_CONNECT"));
    assert_ptr_equal(strchr(log.text, '\n'), log.text + strlen(log.text) - 1);

    log.text[0] = '\0';
    run_init(&run, "top secret");
    run_start(&run, &bed, peer_url(peer));
    run_grant_all(&run);
    run_await_done(&run);
    assert_true(FAILED(run.result));
    run_free(&run);
    bed_destroy(&bed);
    assert_non_null(strstr(log.text, peer_url(peer)));
    assert_non_null(strstr(log.text, "WS_E_ENDPOINT_DISCONNECTED"));
    assert_null(strstr(log.text, "secret"));
    assert_null(strstr(log.text, "classified"));
    assert_null(strstr(log.text, "confidential"));
    assert_null(strstr(log.text, "T/1"));
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__of_unknown_length__is_chunked_byte_for_byte),
        cmocka_unit_test(request__of_known_length__is_plain_byte_for_byte),
        cmocka_unit_test(request__woken_for_each_byte__arrives_whole),
        cmocka_unit_test(request__of_megabytes__arrives_whole),
        cmocka_unit_test(socket__of_a_transfer__is_closed_on_exec),
        cmocka_unit_test(prepare__url__is_refused_with_its_code),
        cmocka_unit_test(connect__refused__is_told_and_nothing_was_pulled),
        cmocka_unit_test(connect__no_descriptor__is_told_and_the_next_one_works),
        cmocka_unit_test(abort__before_start__ends_it_without_a_connection),
        cmocka_unit_test(abort__in_the_middle__sends_no_last_chunk),
        cmocka_unit_test(answer__of_each_kind__is_told_once),
        cmocka_unit_test(answer__in_single_bytes__is_the_same),
        cmocka_unit_test(answer__too_early__ends_the_transfer),
        cmocka_unit_test(answer__refuses_the_last_bytes__does_not_count_them_as_sent),
        cmocka_unit_test(answer__with_too_much_header__is_cut_off),
        cmocka_unit_test(answer__refused_by_the_handler__ends_with_its_code),
        cmocka_unit_test(peer__goes_while_paused__is_noticed),
        cmocka_unit_test(peer__goes_while_busy__is_noticed),
        cmocka_unit_test(body__handler_full__gives_each_byte_once_in_order),
        cmocka_unit_test(body__cut_short_while_full__is_disconnected_behind_its_bytes),
        cmocka_unit_test(body__woken_from_inside__goes_on),
        cmocka_unit_test(body__handler_full__leaves_the_rest_in_the_socket),
        cmocka_unit_test(abort__while_full__ends_it),
        cmocka_unit_test(body__refused_when_it_comes_again__ends_with_that_code),
        cmocka_unit_test(body__no_more_is_wanted__ends_without_another_byte),
        cmocka_unit_test(begin_body__of_each_answer__is_told_once_before_its_bytes),
        cmocka_unit_test(begin_body__refused__ends_with_its_code),
        cmocka_unit_test(timer__peer_takes_nothing__fires),
        cmocka_unit_test(timer__peer_does_not_answer__fires),
        cmocka_unit_test(timer__application_has_nothing_to_send__does_not_fire),
        cmocka_unit_test(timer__application_does_not_read__does_not_fire),
        cmocka_unit_test(timer__full_before_the_request_is_out__fires),
        cmocka_unit_test(create__each_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(create__no_descriptor_left__says_so),
        cmocka_unit_test(transfers__more_than_connections_are_kept__keep_none),
        cmocka_unit_test(transfers__fifty_at_once__each_gets_its_own_answer),
        cmocka_unit_test(release__transfers_in_every_phase__aborts_them_all),
        cmocka_unit_test(drive__by_a_caller__does_all_on_its_thread),
        cmocka_unit_test(drive__the_caller_leaves__the_transport_goes_on),
        cmocka_unit_test(drive__while_another_thread_does__only_asks),
        cmocka_unit_test(drive__the_transport_ends__returns),
        cmocka_unit_test(release__on_its_own_thread__does_not_wait_for_itself),
        cmocka_unit_test(prepare__while_the_transport_ends__is_refused),
        cmocka_unit_test(calls__from_many_threads__end_in_one_done),
        cmocka_unit_test(log__of_a_failure__names_the_peer_and_no_content),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
