/* Uploads more than memory or a 32-bit number could hold: over HTTP with the
 * application's own Content-Length, over FTP, or both.  What arrives must have the right
 * count and hash, and the whole program, with the peer inside, must stay below a limit of
 * memory. Usage: wininet_large http|ftp MEBIBYTES [MAX_KIB]      MAX_KIB: not measured
 * without */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ftp_peer.h"
#include "support/internet.h"
#include "support/peer.h"
#include "support/stream_hash.h"

#define BLOCK 65536

static uint64_t total;
static long max_kib;

/* Blocks that all differ. */
static uint64_t write_all(HINTERNET handle)
{
    static uint8_t block[BLOCK];
    uint64_t hash = STREAM_HASH_INIT;

    for (size_t i = 0; i < BLOCK; i++)
        block[i] = (uint8_t)(i * 7 + i / 251);
    for (uint64_t sent = 0; sent < total; sent += BLOCK) {
        memcpy(block + sent / BLOCK % 1021, &sent, sizeof(sent));
        assert_done(request_write(handle, block, BLOCK));
        hash = stream_hash(hash, block, BLOCK);
    }
    return hash;
}

static void http(void **state)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_HEAD},
        {.what = PEER_HASH_BYTES, .size = (size_t)total},
        {.what = PEER_SEND, .text = REPLY_EMPTY},
    };
    struct peer *peer = PEER_START(steps);
    struct exchange exchange;
    char length[64];
    uint64_t hash;

    (void)state;
    exchange_open_post(&exchange, peer);
    snprintf(length, sizeof(length), "Content-Length: %llu", (unsigned long long)total);
    add_header(exchange.request, length, HTTP_ADDREQ_FLAG_ADD);
    assert_done(request_begin(exchange.request, 0));
    hash = write_all(exchange.request);
    assert_refused(request_write(exchange.request, "x", 1), ERROR_INVALID_PARAMETER);
    assert_done(request_end(exchange.request));
    assert_int_equal(request_status(exchange.request), 200);
    assert_true(peer_hash(peer) == hash); /* of exactly as many bytes */
    exchange_close(&exchange);
    peer_stop(peer);
}

static void ftp(void **state)
{
    static const struct ftp_rule rules[] = {{FTP_DATA, FTP_HASH, NULL, 0}};
    struct ftp_peer *peer = FTP_PEER_START(rules);
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect =
        InternetConnectA(session, "127.0.0.1", ftp_peer_port(peer), NULL, NULL,
                         INTERNET_SERVICE_FTP, INTERNET_FLAG_PASSIVE, 0);
    HINTERNET file =
        FtpOpenFileA(connect, "f", GENERIC_WRITE, FTP_TRANSFER_TYPE_BINARY, 0);
    uint64_t hash, received;

    (void)state;
    assert_done(file);
    hash = write_all(file);
    assert_done(InternetCloseHandle(file));
    assert_done(InternetCloseHandle(session));
    ftp_peer_finish(peer);
    assert_true(ftp_peer_count(peer, &received) == total);
    assert_true(received == hash);
    ftp_peer_stop(peer);
}

static void memory__stays_below_the_limit(void **state)
{
    FILE *status;
    char line[256];
    long kib = 0;

    (void)state;
    if (max_kib == 0)
        skip();
    status = fopen("/proc/self/status", "r");
    assert_non_null(status);
    while (fgets(line, sizeof(line), status) != NULL)
        sscanf(line, "VmHWM: %ld", &kib);
    fclose(status);
    printf("%llu bytes, peak: %ld KiB of %ld\n", (unsigned long long)total, kib, max_kib);
    assert_in_range(kib, 1, max_kib);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest over_http = cmocka_unit_test(http);
    const struct CMUnitTest over_ftp = cmocka_unit_test(ftp);
    const bool is_ftp = argc > 2 && strcmp(argv[1], "ftp") == 0;
    const struct CMUnitTest tests[] = {is_ftp ? over_ftp : over_http,
                                       cmocka_unit_test(memory__stays_below_the_limit)};

    if (argc < 3) {
        fprintf(stderr, "usage: wininet_large http|ftp MEBIBYTES [MAX_KIB]\n");
        return 2;
    }
    total = strtoull(argv[2], NULL, 10) * 1048576;
    max_kib = argc > 3 ? strtol(argv[3], NULL, 10) : 0;
    return cmocka_run_group_tests(tests, NULL, NULL) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
