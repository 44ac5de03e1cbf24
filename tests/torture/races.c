/* Write, Close, Abort, Release, the reply and a timer, all at once on one attachment,
 * over and over, with a ring of a few bytes.  Whatever comes first, there is one outcome:
 * Close and Abort do not both succeed, a reply is there only for what was written to its
 * end, and the peer has it whole; and nobody waits for ever.
 *
 * Usage: races [RUNS [SEED]] */
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/application.h"
#include "torture/counterpart.h"

#define DOCUMENT 3000

struct race {
    IWSDOutboundAttachment *attachment;
    const char *document;
    unsigned write_delay, abort_delay; /* how often to let others go first */
    HRESULT write_hr, close_hr, abort_hr, later_hr;
};

static void yield(unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        sched_yield();
}

static void write_and_close(void *argument)
{
    struct race *race = argument;
    DWORD written;

    yield(race->write_delay);
    race->close_hr = E_UNEXPECTED; /* not called */
    race->write_hr = attachment_write_all(race->attachment, race->document, DOCUMENT);
    if (race->write_hr == S_OK)
        race->close_hr = attachment_close(race->attachment);
    race->later_hr = attachment_write(race->attachment, "x", 1, &written);
    attachment_release(race->attachment);
}

static void abort_it(void *argument)
{
    struct race *race = argument;

    yield(race->abort_delay);
    race->abort_hr = attachment_abort(race->attachment);
    attachment_release(race->attachment);
}

static _Noreturn void lied(const char *what, unsigned run, const struct race *race)
{
    fprintf(stderr, "races: run %u: %s: Write %s, Close %s, Abort %s\n", run, what,
            wsd_error_name(race->write_hr), wsd_error_name(race->close_hr),
            wsd_error_name(race->abort_hr));
    exit(EXIT_FAILURE);
}

/* One of them; was the document sent and answered? */
static bool run_race(struct upload *upload, const char *url, const char *document,
                     unsigned run, unsigned *random)
{
    struct race race = {.attachment = upload->parts[0], .document = document};
    struct worker writer, aborter;
    wsd_inbound_message *reply = NULL;
    HRESULT hr;

    *random = *random * 1664525u + 1013904223u;
    race.write_delay = *random >> 30;
    race.abort_delay = (*random >> 16) % 512;
    attachment_set_budget(race.attachment, INFINITE);
    upload_send(upload, url);
    race.attachment->lpVtbl->AddRef(race.attachment); /* the writer's */
    race.attachment->lpVtbl->AddRef(race.attachment); /* the aborter's */
    worker_start(&writer, write_and_close, &race);
    worker_start(&aborter, abort_it, &race);
    yield(race.abort_delay / 3);
    attachment_release(race.attachment); /* ours, whatever they do */
    upload->parts[0] = NULL;
    hr = wsd_client_receive(upload->client, upload->message, 20000, &reply);
    worker_join(&writer);
    worker_join(&aborter);
    wsd_inbound_message_release(reply);
    if (hr == STG_S_BLOCK)
        lied("the transfer does not end", run, &race);
    if (race.close_hr == S_OK && race.abort_hr == S_OK)
        lied("closed and aborted", run, &race);
    /* An Abort may come when all is out already [A1]. */
    if (hr == S_OK && (race.write_hr != S_OK || race.close_hr == E_UNEXPECTED))
        lied("a reply to what was not written", run, &race);
    if (race.later_hr == S_OK || race.later_hr == STG_S_BLOCK)
        lied("written behind the end", run, &race);
    return hr == S_OK;
}

int main(int argc, char **argv)
{
    static const char reply[] = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    unsigned runs = argc > 1 ? (unsigned)atoi(argv[1]) : 200;
    unsigned random = argc > 2 ? (unsigned)atoi(argv[2]) : 1, answered = 0;
    struct counterpart *counterpart = counterpart_start();
    char *document = document_make(DOCUMENT, 1);
    struct counterpart_saw saw;
    char url[64];

    counterpart_expect(counterpart, document, DOCUMENT, 1, reply, sizeof(reply) - 1);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/",
             counterpart_http_port(counterpart));
    for (unsigned run = 0; run < runs; run++) {
        wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
        struct upload upload;

        options.ring_bytes = 1 + random % 1500;
        options.response_timeout_ms = random & 0x10000 ? 1 : 10000;
        upload_make(&upload, &options, 1);
        answered += run_race(&upload, url, document, run, &random);
        upload_free(&upload);
    }
    saw = counterpart_saw(counterpart);
    printf("%u races: %u answered, %u whole, %u cut, %u wrong\n", runs, answered,
           saw.whole, saw.cut, saw.wrong);
    counterpart_stop(counterpart);
    free(document);
    return saw.wrong == 0 && saw.whole >= answered && answered > 0 && answered < runs
               ? EXIT_SUCCESS
               : EXIT_FAILURE;
}
