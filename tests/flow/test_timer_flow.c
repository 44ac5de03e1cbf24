/* Real sockets, names that this program looks up itself, and whoever is slow: the timers
 * of a client.  What they wait for is either without end, so that only the timer can end
 * it, or far from its time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/application.h"
#include "support/peer.h"

#define WIN(number) HRESULT_FROM_WIN32(ERROR_WINHTTP_##number)

static void nap(long milliseconds)
{
    const struct timespec moment = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&moment, NULL);
}

/* ---- Names ----------------------------------------------------------------------------
 * libcurl finds these two functions before those of the C library. */

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    int inside;    /* lookups of silent.test */
    bool answered; /* they end */
    bool gave_up;  /* they have waited in vain */
} server = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static int await_answer(void)
{
    struct timespec until;
    int failed = 0;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PEER_PATIENCE_MS / 1000;
    pthread_mutex_lock(&server.mutex);
    server.inside++;
    while (!server.answered && failed == 0)
        failed = pthread_cond_timedwait(&server.changed, &server.mutex, &until);
    if (failed != 0)
        server.gave_up = true;
    server.inside--;
    pthread_mutex_unlock(&server.mutex);
    return EAI_AGAIN;
}

static int lookups_inside(void)
{
    int inside;

    pthread_mutex_lock(&server.mutex);
    inside = server.inside;
    pthread_mutex_unlock(&server.mutex);
    return inside;
}

/* Lets the lookups end.  Until now nobody had to wait for one. */
static void answer_all(void)
{
    pthread_mutex_lock(&server.mutex);
    assert_false(server.gave_up);
    server.answered = true;
    pthread_cond_broadcast(&server.changed);
    pthread_mutex_unlock(&server.mutex);
    WORKER_AWAIT(lookups_inside() == 0);
    server.answered = false;
}

/* 127.0.0.`last`, in front of others. */
static struct addrinfo *put_address(unsigned last, const char *port,
                                    struct addrinfo *others)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *item = calloc(1, sizeof(*item));

    if (item == NULL)
        abort();
    item->address.sin_family = AF_INET;
    item->address.sin_port = htons((uint16_t)atoi(port));
    item->address.sin_addr.s_addr = htonl(0x7f000000 + last);
    item->info = (struct addrinfo){.ai_family = AF_INET,
                                   .ai_socktype = SOCK_STREAM,
                                   .ai_protocol = IPPROTO_TCP,
                                   .ai_addrlen = sizeof(item->address),
                                   .ai_addr = (struct sockaddr *)&item->address,
                                   .ai_next = others};
    return &item->info;
}

int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **addresses)
{
    (void)hints;
    if (strcmp(name, "silent.test") == 0)
        return await_answer();
    if (strcmp(name, "slow.test") == 0)
        nap(700);
    else if (strcmp(name, "two.test") != 0)
        return EAI_NONAME;
    *addresses = put_address(1, port, NULL);
    if (strcmp(name, "two.test") == 0)
        *addresses = put_address(2, port, *addresses);
    return 0;
}

void freeaddrinfo(struct addrinfo *addresses)
{
    while (addresses != NULL) {
        struct addrinfo *next = addresses->ai_next;

        free(addresses);
        addresses = next;
    }
}

static const char *url_of(const char *scheme, const char *host, const struct peer *peer)
{
    static char url[80];

    snprintf(url, sizeof(url), "%s://%s:%u/service", scheme, host,
             peer == NULL ? 80 : peer_port(peer));
    return url;
}

/* ---- Messages -------------------------------------------------------------------------
 */

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* The peer passes a PEER_HOLD every 20 ms, until there is a code. */
static HRESULT result_while_pacing(struct upload *upload, struct peer *peer)
{
    HRESULT hr = STG_S_BLOCK;

    for (int i = 0; hr == STG_S_BLOCK && i < PEER_PATIENCE_MS / 20; i++) {
        wsd_inbound_message *reply;

        peer_go(peer);
        hr = wsd_client_receive(upload->client, upload->message, 20, &reply);
        wsd_inbound_message_release(reply);
    }
    return hr;
}

enum { PACES = 120 };

/* `count` steps, then one as `pace` at each peer_go(). */
static struct peer *start_paced(struct peer_step steps[], const struct peer_step first[],
                                size_t count, struct peer_step pace)
{
    memcpy(steps, first, count * sizeof(*first));
    for (size_t i = 0; i < PACES; i++) {
        steps[count++] = (struct peer_step){.what = PEER_HOLD};
        steps[count++] = pace;
    }
    return peer_start(steps, count);
}

static void stop_paced(struct peer *peer)
{
    for (int i = 0; i < PACES; i++)
        peer_go(peer);
    peer_stop(peer);
}

/* ---- The name -------------------------------------------------------------------------
 */

/* [L92] */
static void C1__name_server_is_silent__is_timed_and_stalls_nobody(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(takes_all);
    wsd_outbound_message *other = message_create(BODY);
    wsd_inbound_message *reply;
    struct upload upload;

    (void)state;
    options.resolve_timeout_ms = 1000;
    options.connect_timeout_ms = 100; /* does not run yet */
    upload_make(&upload, &options, 0);
    upload_send(&upload, url_of("http", "silent.test", NULL));
    WORKER_AWAIT(lookups_inside() == 1);
    assert_hr(wsd_client_send(upload.client, peer_url(peer), other), S_OK);
    assert_hr(wsd_client_receive(upload.client, other, PEER_PATIENCE_MS, &reply), S_OK);
    wsd_inbound_message_release(reply);
    assert_hr(upload_result(&upload), WIN(TIMEOUT));
    assert_int_equal(lookups_inside(), 1);
    answer_all();
    wsd_outbound_message_release(other);
    upload_free(&upload);
    peer_stop(peer);
}

static void C1__name_server_is_silent__nobody_waits_for_the_lookup(void **state)
{
    struct upload upload;
    struct call call;

    (void)state;
    upload_make(&upload, NULL, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, url_of("http", "silent.test", NULL));
    call_begin(&call, upload.parts[0], WRITE, "x", 1);
    WORKER_AWAIT(lookups_inside() == 1);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(call_end(&call), E_ABORT);
    assert_hr(upload_result(&upload), E_ABORT);
    upload_free(&upload);

    upload_make(&upload, NULL, 0);
    upload_send(&upload, url_of("http", "silent.test", NULL));
    WORKER_AWAIT(lookups_inside() == 2);
    upload_free(&upload);
    assert_int_equal(lookups_inside(), 2);
    answer_all();
}

/* The name's time is not that of connecting.  [L92] */
static void C1__slow_name_server__takes_nothing_from_connecting(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(takes_all);

    (void)state;
    options.connect_timeout_ms = 400;
    assert_hr(upload_post(url_of("http", "slow.test", peer), &options, false), S_OK);
    peer_stop(peer);
}

/* ---- Connecting -----------------------------------------------------------------------
 */

/* As peer_start_unconnectable(), on 127.0.0.2. */
static void dig_black_hole(uint16_t port, int sockets[2])
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    const struct sockaddr *any = (const struct sockaddr *)&address;

    address.sin_addr.s_addr = htonl(0x7f000002);
    for (int i = 0; i < 2; i++)
        sockets[i] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(sockets[0], any, sizeof(address)), 0);
    assert_int_equal(listen(sockets[0], 0), 0);
    assert_int_equal(connect(sockets[1], any, sizeof(address)), 0);
}

/* Half of the time is for the first, however long the name may take. */
static void C2__first_address_is_a_black_hole__the_next_is_taken(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(takes_all);
    int sockets[2];

    (void)state;
    dig_black_hole(peer_port(peer), sockets);
    options.connect_timeout_ms = 2000;
    assert_hr(upload_post(url_of("http", "two.test", peer), &options, false), S_OK);
    for (int i = 0; i < 2; i++)
        close(sockets[i]);
    peer_stop(peer);
}

/* Its lines are no progress.  [L22] */
static void C2__proxy_that_trickles__is_timed(void **state)
{
    static const struct peer_step head[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_SEND, .text = "HTTP/1.1 200 OK\r\n"},
    };
    const struct peer_step line = {.what = PEER_SEND_SOME, .text = "X: y\r\n"};
    struct peer_step steps[COUNT(head) + 2 * PACES];
    struct peer *proxy = start_paced(steps, head, COUNT(head), line);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    char url[64];

    (void)state;
    snprintf(url, sizeof(url), "http://127.0.0.1:%u", peer_port(proxy));
    options.proxy = url;
    options.connect_timeout_ms = 400;
    upload_make(&upload, &options, 0);
    upload_send(&upload, "https://printer.invalid/service");
    assert_hr(result_while_pacing(&upload, proxy), WIN(TIMEOUT));
    upload_free(&upload);
    stop_paced(proxy);
}

/* ---- The document ---------------------------------------------------------------------
 */

/* [L94] */
static void D2__peer_takes_little_at_a_time__goes_on_until_the_total(void **state)
{
    static const struct peer_step head[] = {{.what = PEER_READ_HEAD}};
    const struct peer_step byte = {.what = PEER_READ_BYTES, .size = 1};
    struct peer_step steps[COUNT(head) + 2 * PACES];
    struct peer *peer = start_paced(steps, head, COUNT(head), byte);
    const size_t size = (size_t)64 << 20;
    char *document = calloc(1, size);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    struct call call;

    (void)state;
    assert_non_null(document);
    options.total_timeout_ms = 500;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    call_begin(&call, upload.parts[0], WRITE, document, size);
    assert_hr(result_while_pacing(&upload, peer), WIN(TIMEOUT));
    assert_hr(call_end(&call), WIN(TIMEOUT));
    upload_free(&upload);
    stop_paced(peer);
    free(document);
}

/* Libcurl is paused meanwhile.  [L93] [L94] */
static void D3__silent_application__is_timed_when_asked_for(void **state)
{
    static const struct {
        DWORD producer_ms, total_ms;
    } rows[] = {{300, 0}, {INFINITE, 300}};
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct peer *peer = PEER_START(steps);
        struct upload upload;

        options.producer_stall_timeout_ms = rows[i].producer_ms;
        options.total_timeout_ms = rows[i].total_ms;
        upload_make(&upload, &options, 1);
        upload_send(&upload, peer_url(peer));
        assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
        assert_hr(upload_result(&upload), WIN(TIMEOUT));
        assert_hr(attachment_write_all(upload.parts[0], "x", 1), WIN(TIMEOUT));
        assert_hr(attachment_close(upload.parts[0]), WIN(TIMEOUT));
        upload_free(&upload);
        peer_stop(peer);
    }
}

/* [L93] */
static void D3__application_that_writes_now_and_then__goes_on(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;

    (void)state;
    options.producer_stall_timeout_ms = 2000;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    for (int i = 0; i < 120; i++) {
        assert_hr(attachment_write_all(upload.parts[0], "x", 1), S_OK);
        nap(20);
    }
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
}

/* Nor is it the application's fault.  [L90] [L93] */
static void C16__peer_is_away_for_a_while__nothing_is_lost(void **state)
{
    enum { SIZE = 16 << 20 };
    static const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HOLD},
        {.what = PEER_HASH_BYTES, .size = SIZE},
        {.what = PEER_READ_UNTIL, .text = "\r\n0\r\n\r\n"}, /* the last chunk */
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    char *document = calloc(1, SIZE);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(steps);
    struct upload upload;
    struct call call;

    (void)state;
    assert_non_null(document);
    options.producer_stall_timeout_ms = 1000;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    call_begin(&call, upload.parts[0], WRITE, document, SIZE);
    nap(1500);
    assert_false(atomic_load(&call.worker.done));
    peer_go(peer);
    assert_hr(call_end(&call), S_OK);
    assert_int_equal(call.written, SIZE);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    peer_stop(peer);
    free(document);
}

/* ---- The reply ------------------------------------------------------------------------
 */

/* Each byte is an answer, up to the time for all.  [L91] [L94] */
static void D4__reply_that_trickles__goes_on_until_the_total(void **state)
{
    static const struct {
        DWORD response_ms, total_ms;
        HRESULT hr;
    } rows[] = {{0, 500, WIN(TIMEOUT)}, {2000, 0, S_OK}};
    static const struct peer_step head[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text =
             "HTTP/1.1 200 OK\r\nContent-Type: application/soap+xml\r\n\r\n"
             "<e:Envelope xmlns:e=\"http://www.w3.org/2003/05/soap-envelope\"><e:Body>"
             "<Done/></e:Body></e:Envelope>"},
    };
    const struct peer_step blank = {.what = PEER_SEND_SOME, .text = " "};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct peer_step steps[COUNT(head) + 2 * PACES];
        struct peer *peer = start_paced(steps, head, COUNT(head), blank);
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;

        options.response_timeout_ms = rows[i].response_ms;
        options.total_timeout_ms = rows[i].total_ms;
        upload_make(&upload, &options, 0);
        upload_send(&upload, peer_url(peer));
        assert_hr(result_while_pacing(&upload, peer), rows[i].hr);
        upload_free(&upload);
        stop_paced(peer);
    }
}

/* [L91] */
static void C9__no_answer_to_a_probe__is_timed(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct peer *peer = PEER_START(steps);
    struct upload upload;

    (void)state;
    options.user = "Mufasa";
    options.password = "Circle of Life";
    options.authentication_probe = TRUE;
    options.response_timeout_ms = 300;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), WIN(TIMEOUT));
    assert_hr(upload_result(&upload), WIN(TIMEOUT));
    upload_free(&upload);
    peer_stop(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(C1__name_server_is_silent__is_timed_and_stalls_nobody),
        cmocka_unit_test(C1__name_server_is_silent__nobody_waits_for_the_lookup),
        cmocka_unit_test(C1__slow_name_server__takes_nothing_from_connecting),
        cmocka_unit_test(C2__first_address_is_a_black_hole__the_next_is_taken),
        cmocka_unit_test(C2__proxy_that_trickles__is_timed),
        cmocka_unit_test(D2__peer_takes_little_at_a_time__goes_on_until_the_total),
        cmocka_unit_test(D3__silent_application__is_timed_when_asked_for),
        cmocka_unit_test(D3__application_that_writes_now_and_then__goes_on),
        cmocka_unit_test(C16__peer_is_away_for_a_while__nothing_is_lost),
        cmocka_unit_test(D4__reply_that_trickles__goes_on_until_the_total),
        cmocka_unit_test(C9__no_answer_to_a_probe__is_timed),
    };

    return cmocka_run_group_tests_name("timer_flow", tests, NULL, NULL);
}
