#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "support/fake_transport.h"
#include "support/worker.h"
#include "wininet/internet_error.h"
#include "wininet/transaction.h"
#include "wsd_error.h"

#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)
#define ABORTED INTERNET_E(INTERNET_CONNECTION_ABORTED)
#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)
#define HEAD "HTTP/1.1 200 OK\r\nServer: s\r\n\r\n"
#define MUCH (3u << 20) /* more than both rings hold */

struct bed {
    struct failing_mem heap;
    struct fake_transport transport;
    struct wsd_transaction *transaction;
    struct fake_transfer *transfer;
};

static HRESULT begin(struct bed *bed, uint64_t length)
{
    static const char *const headers[] = {NULL};
    struct wsd_http_request request = {
        .url = "http://h/", .method = "POST", .headers = headers, .body_length = length};

    return wsd_transaction_start_http(&bed->heap.mem, &bed->transport.seam, &request,
                                      &bed->transaction);
}

static HRESULT begin_ftp(struct bed *bed, bool uploads)
{
    struct wsd_ftp_request request = {.url = "ftp://h/f", .user = "", .password = ""};

    return wsd_transaction_start_ftp(&bed->heap.mem, &bed->transport.seam, &request,
                                     uploads, &bed->transaction);
}

static void bed_init(struct bed *bed)
{
    memset(bed, 0, sizeof(*bed));
    bed->heap = (struct failing_mem)FAILING_MEM(-1, &bed->heap);
    fake_transport_init(&bed->transport);
}

static void bed_open(struct bed *bed, uint64_t length)
{
    bed_init(bed);
    assert_int_equal(begin(bed, length), S_OK);
    bed->transfer = bed->transport.last;
    assert_int_equal(atomic_load(&bed->transfer->starts), 1);
}

/* Ends the transfer if it has not ended. */
static void bed_close(struct bed *bed)
{
    if (!bed->transfer->is_done)
        fake_transfer_done(bed->transfer, E_ABORT);
    wsd_transaction_release(bed->transaction);
    assert_int_equal(atomic_load(&bed->transport.live), 0);
    assert_int_equal(bed->heap.live, 0);
}

/* ---- a call on another thread ---- */

enum call { START, WRITE, RESPONSE, READ, AVAILABLE, END };

struct aside {
    struct worker worker;
    struct wsd_transaction *transaction;
    enum call call;
    char *bytes;
    size_t size, count;
    HRESULT hr;
};

static void aside_run(void *context)
{
    struct aside *aside = context;
    struct wsd_transaction *transaction = aside->transaction;

    switch (aside->call) {
    case START:
        aside->hr = wsd_transaction_await_start(transaction);
        break;
    case WRITE:
        aside->hr =
            wsd_transaction_write(transaction, aside->bytes, aside->size, &aside->count);
        break;
    case RESPONSE:
        aside->hr = wsd_transaction_await_response(transaction);
        break;
    case READ:
        aside->hr =
            wsd_transaction_read(transaction, aside->bytes, aside->size, &aside->count);
        break;
    case AVAILABLE:
        aside->hr = wsd_transaction_available(transaction, &aside->count);
        break;
    case END:
        aside->hr = wsd_transaction_await_end(transaction);
        break;
    }
}

static void aside_begin(struct aside *aside, const struct bed *bed, enum call call,
                        char *bytes, size_t size)
{
    memset(aside, 0, sizeof(*aside));
    aside->transaction = bed->transaction;
    aside->call = call;
    aside->bytes = bytes;
    aside->size = size;
    worker_start(&aside->worker, aside_run, aside);
}

/* ---- tests ---- */

static void exchange__plain__carries_both_bodies(void **state)
{
    struct aside aside;
    struct bed bed;
    char sent[64] = "", received[16] = "";
    size_t count;

    (void)state;
    bed_open(&bed, 11);
    aside_begin(&aside, &bed, START, NULL, 0);
    assert_int_equal(fake_transfer_drain(bed.transfer, sent, sizeof(sent)),
                     WSD_PULL_NOTHING_NOW);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);

    assert_int_equal(wsd_transaction_write(bed.transaction, "hello ", 6, &count), S_OK);
    assert_int_equal(count, 6);
    assert_int_equal(atomic_load(&bed.transfer->wakes), 1); /* it was hungry */
    assert_int_equal(wsd_transaction_write(bed.transaction, "world", 5, &count), S_OK);
    assert_int_equal(atomic_load(&bed.transfer->wakes), 1); /* it knows */
    fake_transfer_drain(bed.transfer, sent, sizeof(sent));
    assert_string_equal(sent, "hello world");
    wsd_transaction_end(bed.transaction);
    assert_int_equal(atomic_load(&bed.transfer->wakes), 2);
    assert_int_equal(fake_transfer_drain(bed.transfer, sent, sizeof(sent)), WSD_PULL_END);

    assert_false(wsd_transaction_was_answered(bed.transaction));
    aside_begin(&aside, &bed, RESPONSE, NULL, 0);
    fake_transfer_status(bed.transfer, 200, true);
    fake_transfer_lines(bed.transfer, HEAD);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    assert_true(wsd_transaction_was_answered(bed.transaction));
    assert_int_equal(wsd_transaction_response(bed.transaction)->status, 200);

    aside_begin(&aside, &bed, READ, received, sizeof(received));
    fake_transfer_body(bed.transfer, "ab");
    fake_transfer_body(bed.transfer, "cd");
    fake_transfer_done(bed.transfer, S_OK);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    assert_int_equal(aside.count, 4);
    assert_string_equal(received, "abcd");
    for (int i = 0; i < 2; i++) { /* the end, as often as one likes */
        assert_int_equal(wsd_transaction_read(bed.transaction, received, 4, &count),
                         S_OK);
        assert_int_equal(count, 0);
        assert_int_equal(wsd_transaction_available(bed.transaction, &count), S_OK);
        assert_int_equal(count, 0);
    }
    assert_int_equal(wsd_transaction_await_end(bed.transaction), S_OK);
    bed_close(&bed);
}

static void start__of_no_body__is_told_by_sent(void **state)
{
    struct aside aside;
    struct bed bed;

    (void)state;
    bed_open(&bed, 0);
    aside_begin(&aside, &bed, START, NULL, 0);
    fake_transfer_sent(bed.transfer);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    bed_close(&bed);
}

/* A probe's refusal, before anything of the body was wanted. */
static void start__refused_by_the_server__is_over(void **state)
{
    struct aside aside;
    struct bed bed;

    (void)state;
    bed_open(&bed, 10);
    aside_begin(&aside, &bed, START, NULL, 0);
    fake_transfer_status(bed.transfer, 413, false);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    bed_close(&bed);
}

static void write__more_than_the_ring__waits_for_the_network(void **state)
{
    char *bytes = malloc(MUCH), *sent = calloc(1, MUCH + 1);
    struct aside aside;
    struct bed bed;
    size_t total = 0, size;

    (void)state;
    assert_true(bytes != NULL && sent != NULL);
    for (size_t i = 0; i < MUCH; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    bed_open(&bed, MUCH);
    aside_begin(&aside, &bed, WRITE, bytes, MUCH);
    while (total < MUCH) {
        fake_transfer_pull(bed.transfer, sent + total, MUCH - total, &size);
        total += size;
    }
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    assert_int_equal(aside.count, MUCH);
    assert_memory_equal(sent, bytes, MUCH);
    bed_close(&bed);
    free(bytes);
    free(sent);
}

static void read__less_than_arrives__makes_the_network_wait(void **state)
{
    char *bytes = calloc(1, MUCH);
    struct aside aside;
    struct bed bed;
    size_t taken, count;
    char one;

    (void)state;
    assert_non_null(bytes);
    bed_open(&bed, 0);
    fake_transfer_begin_body(bed.transfer, NULL);
    assert_int_equal(fake_transfer_push(bed.transfer, bytes, MUCH, &taken), S_OK);
    assert_in_range(taken, 1, MUCH - 1);
    assert_int_equal(wsd_transaction_available(bed.transaction, &count), S_OK);
    assert_int_equal(count, taken);
    assert_int_equal(wsd_transaction_read(bed.transaction, &one, 1, &count), S_OK);
    assert_int_equal(atomic_load(&bed.transfer->wakes), 1);
    aside_begin(&aside, &bed, READ, malloc(MUCH), MUCH - 1);
    while (taken < MUCH) {
        size_t more;

        assert_int_equal(
            fake_transfer_push(bed.transfer, bytes + taken, MUCH - taken, &more), S_OK);
        taken += more;
    }
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    assert_int_equal(aside.count, MUCH - 1);
    free(aside.bytes);
    free(bytes);
    bed_close(&bed);
}

/* What each call says when the transfer ends under it. */
static void calls__transfer_fails__give_its_error(void **state)
{
    static const struct {
        HRESULT result, error;
    } rows[] = {{TIMEOUT, TIMEOUT},
                {E_ABORT, CANCELLED},
                {WS_E_ENDPOINT_DISCONNECTED, INTERNET_E(INTERNET_CONNECTION_RESET)}};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (enum call call = START; call <= END; call++) {
            char *bytes = calloc(1, MUCH);
            struct aside aside;
            struct bed bed;

            bed_open(&bed, MUCH);
            aside_begin(&aside, &bed, call, bytes, MUCH);
            fake_transfer_done(bed.transfer, rows[i].result);
            worker_join(&aside.worker);
            assert_int_equal(aside.hr, rows[i].error);
            if (call == READ)
                assert_int_equal(aside.count, 0);
            free(bytes);
            bed_close(&bed);
        }
}

static void calls__cancelled__end_at_once_and_stay_so(void **state)
{
    (void)state;
    for (enum call call = START; call <= END; call++) {
        char *bytes = calloc(1, MUCH), sent[8];
        struct aside aside;
        struct bed bed;
        size_t size;

        bed_open(&bed, MUCH);
        aside_begin(&aside, &bed, call, bytes, MUCH);
        wsd_transaction_cancel(bed.transaction);
        worker_join(&aside.worker);
        assert_int_equal(aside.hr, CANCELLED);
        assert_int_equal(atomic_load(&bed.transfer->aborts), 1);
        assert_int_equal(fake_transfer_pull(bed.transfer, sent, sizeof(sent), &size),
                         WSD_PULL_ABORTED);
        fake_transfer_done(bed.transfer, E_ABORT);
        aside_run(&aside);
        assert_int_equal(aside.hr, CANCELLED);
        free(bytes);
        bed_close(&bed);
    }
}

static void response__too_early__ends_the_upload_but_is_given(void **state)
{
    char received[8] = "";
    struct aside aside;
    struct bed bed;
    size_t count;
    char *bytes = calloc(1, MUCH);

    (void)state;
    bed_open(&bed, MUCH);
    aside_begin(&aside, &bed, WRITE, bytes, MUCH);
    fake_transfer_status(bed.transfer, 413, false);
    fake_transfer_lines(bed.transfer, "HTTP/1.1 413 Large\r\n\r\n");
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, ABORTED);
    assert_int_equal(wsd_transaction_await_response(bed.transaction), S_OK);
    assert_int_equal(wsd_transaction_response(bed.transaction)->status, 413);
    fake_transfer_body(bed.transfer, "no");
    fake_transfer_done(bed.transfer, S_OK);
    assert_int_equal(wsd_transaction_read(bed.transaction, received, 8, &count), S_OK);
    assert_string_equal(received, "no");
    free(bytes);
    bed_close(&bed);
}

/* And once there is a response, nothing that comes later is another. */
static void challenge__answered__is_no_response(void **state)
{
    struct aside aside;
    struct bed bed;

    (void)state;
    bed_open(&bed, 0);
    fake_transfer_sent(bed.transfer);
    assert_int_equal(wsd_transaction_challenge(bed.transaction), 0);
    aside_begin(&aside, &bed, RESPONSE, NULL, 0);
    fake_transfer_lines(bed.transfer, "HTTP/1.1 401 Who\r\nA: b\r\n\r\n");
    fake_transfer_lines(bed.transfer, "HTTP/1.1 401 No\r\nC: d\r\n\r\n");
    fake_transfer_status(bed.transfer, 401, true);
    bed.transfer->handler->vtable->challenge(bed.transfer->handler, 2);
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    assert_int_equal(wsd_transaction_challenge(bed.transaction), 2);
    fake_transfer_lines(bed.transfer, "HTTP/1.1 200 Trailer\r\n\r\n");
    assert_string_equal(wsd_transaction_response(bed.transaction)->raw.bytes,
                        "HTTP/1.1 401 No\r\nC: d\r\n\r\n");
    bed_close(&bed);
}

/* A line of a trailer that looks like a head's. */
static void response__head_that_begins_again__is_none(void **state)
{
    struct bed bed;

    (void)state;
    bed_open(&bed, 0);
    fake_transfer_lines(bed.transfer, "HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 100 Go\r\n");
    fake_transfer_status(bed.transfer, 200, true);
    fake_transfer_done(bed.transfer, S_OK);
    assert_int_equal(wsd_transaction_await_response(bed.transaction),
                     INTERNET_E(HTTP_INVALID_SERVER_RESPONSE));
    bed_close(&bed);
}

static void body__cut_short__gives_what_came_with_the_error(void **state)
{
    char received[8] = "";
    struct bed bed;
    size_t count;

    (void)state;
    bed_open(&bed, 0);
    fake_transfer_body(bed.transfer, "abc");
    fake_transfer_done(bed.transfer, WS_E_ENDPOINT_DISCONNECTED);
    assert_int_equal(wsd_transaction_read(bed.transaction, received, 2, &count), S_OK);
    assert_int_equal(wsd_transaction_read(bed.transaction, received, 8, &count),
                     INTERNET_E(INTERNET_CONNECTION_RESET));
    assert_int_equal(count, 1);
    bed_close(&bed);
}

/* A little of it is received and thrown away; much is not worth it. */
static void abandon__response__receives_a_little_and_cuts_much(void **state)
{
    char *bytes = calloc(1, MUCH);
    struct bed bed;
    size_t taken;

    (void)state;
    for (int i = 0; i < 2; i++) { /* before its body begins, or behind that */
        bed_open(&bed, 0);
        fake_transfer_status(bed.transfer, 200, true);
        fake_transfer_lines(bed.transfer, HEAD);
        if (i == 1)
            fake_transfer_begin_body(bed.transfer, NULL);
        wsd_transaction_abandon(bed.transaction);
        assert_int_equal(atomic_load(&bed.transfer->aborts), 0);
        assert_int_equal(atomic_load(&bed.transfer->wakes), 1);
        if (i == 0)
            assert_int_equal(fake_transfer_begin_body(bed.transfer, NULL), S_OK);
        assert_int_equal(fake_transfer_push(bed.transfer, bytes, 1000, &taken), S_OK);
        assert_int_equal(taken, 1000);
        assert_int_equal(fake_transfer_push(bed.transfer, bytes, MUCH, &taken), E_ABORT);
        assert_int_equal(wsd_transaction_await_end(bed.transaction), CANCELLED);
        bed_close(&bed);
    }

    bed_open(&bed, MUCH); /* where the request is not complete, there is no choice */
    wsd_transaction_abandon(bed.transaction);
    assert_int_equal(atomic_load(&bed.transfer->aborts), 1);
    bed_close(&bed);
    free(bytes);
}

static void body__cancelled__goes_no_further(void **state)
{
    struct bed bed;
    size_t taken;

    (void)state;
    bed_open(&bed, 0);
    fake_transfer_begin_body(bed.transfer, NULL);
    wsd_transaction_cancel(bed.transaction);
    assert_int_equal(fake_transfer_push(bed.transfer, "x", 1, &taken), E_ABORT);
    bed_close(&bed);
}

static void ftp__reply_that_is_long__is_cut(void **state)
{
    char line[2000], reply[2000];
    struct bed bed;

    (void)state;
    memset(line, 'x', sizeof(line));
    memcpy(line, "220 ", 4);
    memcpy(line + sizeof(line) - 3, "\r\n", 3);
    bed_init(&bed);
    assert_int_equal(begin_ftp(&bed, false), S_OK);
    bed.transfer = bed.transport.last;
    fake_transfer_lines(bed.transfer, line);
    wsd_transaction_get_reply(bed.transaction, reply, sizeof(reply));
    assert_int_equal(strlen(reply), 511);
    assert_memory_equal(reply, line, 511);
    bed_close(&bed);
}

static void ftp__replies__tell_of_the_start_and_the_last_line(void **state)
{
    struct aside aside;
    struct bed bed;
    char reply[64], small[8];

    (void)state;
    bed_init(&bed);
    assert_int_equal(begin_ftp(&bed, false), S_OK);
    bed.transfer = bed.transport.last;
    assert_null(bed.transfer->body);
    aside_begin(&aside, &bed, START, NULL, 0);
    fake_transfer_lines(bed.transfer, "200 TYPE\r\n229 EPSV\r\n");
    fake_transfer_lines(bed.transfer, "150-Here\r\n 150 no\r\n150 it comes\r\n");
    worker_join(&aside.worker);
    assert_int_equal(aside.hr, S_OK);
    fake_transfer_lines(bed.transfer, "226-Well\r\n226 Done\r\n22 x\r\nab\r\n");
    wsd_transaction_get_reply(bed.transaction, reply, sizeof(reply));
    assert_string_equal(reply, "226 Done");
    wsd_transaction_get_reply(bed.transaction, small, sizeof(small));
    assert_string_equal(small, "226 Don");
    bed_close(&bed);
}

static void start__refused_by_the_transport__gives_its_error(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.transport.prepare_hr = HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL);
    assert_int_equal(begin(&bed, 1), INTERNET_E(INTERNET_NAME_NOT_RESOLVED));
    assert_int_equal(begin_ftp(&bed, true), INTERNET_E(INTERNET_NAME_NOT_RESOLVED));
    assert_int_equal(bed.heap.live, 0);
}

static void start__transport_ends_meanwhile__is_cancelled(void **state)
{
    struct bed bed;

    (void)state;
    bed_init(&bed);
    bed.transport.done_in_prepare = true;
    assert_int_equal(begin(&bed, 1), S_OK);
    assert_int_equal(wsd_transaction_await_start(bed.transaction), CANCELLED);
    wsd_transaction_release(bed.transaction);
    assert_int_equal(bed.heap.live, 0);
}

static void transaction__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct bed bed;

        bed_init(&bed);
        bed.heap.grants = grants;
        hr = begin(&bed, 1);
        if (hr == S_OK) {
            bed.transfer = bed.transport.last;
            fake_transfer_status(bed.transfer, 200, true);
            fake_transfer_lines(bed.transfer, HEAD);
            hr = fake_transfer_begin_body(bed.transfer, NULL);
            fake_transfer_done(bed.transfer, hr);
            if (hr == S_OK)
                hr = wsd_transaction_await_response(bed.transaction);
            if (hr == S_OK)
                hr = wsd_transaction_await_end(bed.transaction);
            wsd_transaction_release(bed.transaction);
        }
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        assert_int_equal(bed.heap.live, 0);
    }
    assert_in_range(grants, 5, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(exchange__plain__carries_both_bodies),
        cmocka_unit_test(start__of_no_body__is_told_by_sent),
        cmocka_unit_test(start__refused_by_the_server__is_over),
        cmocka_unit_test(write__more_than_the_ring__waits_for_the_network),
        cmocka_unit_test(read__less_than_arrives__makes_the_network_wait),
        cmocka_unit_test(calls__transfer_fails__give_its_error),
        cmocka_unit_test(calls__cancelled__end_at_once_and_stay_so),
        cmocka_unit_test(response__too_early__ends_the_upload_but_is_given),
        cmocka_unit_test(challenge__answered__is_no_response),
        cmocka_unit_test(response__head_that_begins_again__is_none),
        cmocka_unit_test(body__cut_short__gives_what_came_with_the_error),
        cmocka_unit_test(abandon__response__receives_a_little_and_cuts_much),
        cmocka_unit_test(body__cancelled__goes_no_further),
        cmocka_unit_test(ftp__replies__tell_of_the_start_and_the_last_line),
        cmocka_unit_test(ftp__reply_that_is_long__is_cut),
        cmocka_unit_test(start__refused_by_the_transport__gives_its_error),
        cmocka_unit_test(start__transport_ends_meanwhile__is_cancelled),
        cmocka_unit_test(transaction__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
