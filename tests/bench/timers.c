/* Prints how late each timer of a client fires: what was asked for and what was measured,
 * in milliseconds.  wsd_client_options promises at most a tenth and 250 ms.
 *
 * Run as: build/release/tests/bench_timers [MILLISECONDS] */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <netdb.h>
#include <unistd.h>

#include "support/application.h"
#include "support/peer.h"

/* libcurl finds this one before that of the C library. */
int getaddrinfo(const char *name, const char *port, const struct addrinfo *hints,
                struct addrinfo **addresses)
{
    (void)name;
    (void)port;
    (void)hints;
    *addresses = NULL;
    for (;;)
        pause();
}

/* Writes until that fails; when the peer last took something. */
static long write_without_end(IWSDOutboundAttachment *attachment)
{
    static char bytes[1 << 20];
    uint64_t handed = 0;
    long taken_ms = 0, begin_ms = now_ms();

    while (SUCCEEDED(attachment_write_all(attachment, bytes, sizeof(bytes)))) {
        if (attachment_progress(attachment).handed != handed) {
            handed = attachment_progress(attachment).handed;
            taken_ms = begin_ms;
        }
        begin_ms = now_ms();
    }
    return taken_ms;
}

enum document { NONE, SILENT, ENDLESS };

struct wait {
    const char *name;
    size_t timer; /* of wsd_client_options */
    const char *scheme;
    const struct peer_step *steps; /* NULL: it cannot be connected to */
    size_t count;
    enum document document;
};

static void measure(const struct wait *wait, const char *host, DWORD asked_ms)
{
    struct peer *peer = wait->steps == NULL ? peer_start_unconnectable()
                                            : peer_start(wait->steps, wait->count);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    long begin_ms = now_ms();
    struct upload upload;
    char url[64];

    *(DWORD *)(void *)((char *)&options + wait->timer) = asked_ms;
    options.wait_budget_ms = 10;
    snprintf(url, sizeof(url), "%s://%s:%u/", wait->scheme, host, peer_port(peer));
    upload_make(&upload, &options, wait->document == NONE ? 0 : 1);
    upload_send(&upload, url);
    if (wait->document == SILENT)
        attachment_write_all(upload.parts[0], "document", 8);
    if (wait->document == ENDLESS)
        begin_ms = write_without_end(upload.parts[0]);
    assert_hr(wsd_client_receive(upload.client, upload.message, INFINITE,
                                 &(wsd_inbound_message *){NULL}),
              HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT));
    printf("%-36s asked %u, measured %ld\n", wait->name, (unsigned)asked_ms,
           now_ms() - begin_ms);
    peer_go(peer);
    upload_free(&upload);
    peer_stop(peer);
}

#define TIMER(name) offsetof(wsd_client_options, name##_timeout_ms)
#define PEER(steps) "http", steps, COUNT(steps)

int main(int argc, char **argv)
{
    static const struct peer_step silent[] = {{.what = PEER_READ_TO_END}};
    static const struct peer_step stops[] = {{.what = PEER_READ_HEAD},
                                             {.what = PEER_HOLD}};
    static const struct wait waits[] = {
        {"connect: a black hole", TIMER(connect), "http", NULL, 0, NONE},
        {"connect: silence instead of TLS", TIMER(connect), "https", silent, 1, NONE},
        {"peer stall", TIMER(peer_stall), PEER(stops), ENDLESS},
        {"producer stall", TIMER(producer_stall), PEER(silent), SILENT},
        {"response", TIMER(response), PEER(silent), NONE},
        {"total: a black hole", TIMER(total), "http", NULL, 0, NONE},
        {"total: a silent application", TIMER(total), PEER(silent), SILENT},
        {"total: no response", TIMER(total), PEER(silent), NONE},
    };
    static const struct wait names[] = {
        {"resolve: a silent name server", TIMER(resolve), "http", NULL, 0, NONE},
        {"total: a silent name server", TIMER(total), "http", NULL, 0, NONE},
    };
    DWORD asked_ms = argc > 1 ? (DWORD)strtoul(argv[1], NULL, 10) : 1000;

    for (size_t i = 0; i < COUNT(waits); i++)
        measure(&waits[i], "127.0.0.1", asked_ms);
    for (size_t i = 0; i < COUNT(names); i++)
        measure(&names[i], "silent.test", asked_ms);
    return 0;
}
