/*
 * latency -- how long it takes
 *
 *   write   from a Write on an idle stream until the peer has the byte
 *   abort   from Abort until the peer sees the connection's end
 *   answer  from the peer's early answer until the Write that waits returns
 *
 * Prints the median, the 99th percentile and the longest of each, microseconds.
 * Usage: latency all [messages=TIMES] */
#define COBJMACROS

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "package.h"
#include "wsd_client.h"

/* Until the I/O thread and the peer are asleep. */
#define IDLE                                                                             \
    {                                                                                    \
        .tv_nsec = 500 * 1000                                                            \
    }

static struct {
    int listener;
    unsigned port;
    wsd_client *client;
} bed;

static void check(HRESULT hr, const char *what)
{
    if (hr == S_OK)
        return;
    fprintf(stderr, "%s\n", wsd_error_text(hr));
    bench_die(what);
}

static void idle(void)
{
    const struct timespec time = IDLE;

    nanosleep(&time, NULL);
}

static void open_bed(void)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    options.ring_bytes = 65536;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    bed.listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(bed.listener, (struct sockaddr *)&address, length) != 0 ||
        listen(bed.listener, 16) != 0 ||
        getsockname(bed.listener, (struct sockaddr *)&address, &length) != 0)
        bench_die("listening");
    bed.port = ntohs(address.sin_port);
    check(wsd_client_create(&options, &bed.client), "wsd_client_create");
}

/* ---- One message, and its peer ---- */

struct stream {
    wsd_outbound_message *message;
    IWSDOutboundAttachment *document;
    int peer;
};

static void write_byte(struct stream *stream)
{
    DWORD written;

    check(
        IWSDOutboundAttachment_Write(stream->document, (const BYTE *)"\xff", 1, &written),
        "Write");
}

/* Reads until the document's next octet is there, or to the end. */
static void read_byte(int peer)
{
    char bytes[4096];
    ssize_t n;

    while ((n = recv(peer, bytes, sizeof(bytes), 0)) > 0)
        if (memchr(bytes, '\xff', (size_t)n) != NULL)
            return;
}

/* One byte of the document is out already. */
static void begin(struct stream *stream)
{
    static const char body[] = "<b:Upload xmlns:b=\"urn:wsdattach:bench\"><b:data/>"
                               "</b:Upload>";
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", bed.port);
    check(wsd_outbound_message_create(BENCH_ACTION, &stream->message), "create");
    check(wsd_outbound_message_set_body(stream->message, body, sizeof(body) - 1), "body");
    check(WSDCreateOutboundAttachment(&stream->document), "attachment");
    check(wsd_outbound_message_attach(stream->message, "Upload/data", stream->document,
                                      NULL),
          "attach");
    check(wsd_client_send(bed.client, url, stream->message), "send");
    write_byte(stream);
    stream->peer = accept(bed.listener, NULL, NULL);
    read_byte(stream->peer);
}

static void end(struct stream *stream)
{
    (void)IWSDOutboundAttachment_Abort(stream->document);
    close(stream->peer);
    IWSDOutboundAttachment_Release(stream->document);
    wsd_outbound_message_release(stream->message);
}

/* ---- The three ---- */

/* What the other thread does, and when it was done. */
struct watch {
    struct stream *stream;
    void (*act)(struct stream *stream);
    double when;
};

static void *watch(void *argument)
{
    struct watch *self = argument;

    self->act(self->stream);
    self->when = bench_now();
    return NULL;
}

static void see_byte(struct stream *stream)
{
    read_byte(stream->peer);
}

static void fill(struct stream *stream)
{
    DWORD written;

    while (IWSDOutboundAttachment_Write(stream->document, bench_document(0), BENCH_SPAN,
                                        &written) == S_OK)
        continue;
}

static void abort_it(struct stream *stream)
{
    check(IWSDOutboundAttachment_Abort(stream->document), "Abort");
}

static void answer_early(struct stream *stream)
{
    static const char answer[] = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";

    if (send(stream->peer, answer, sizeof(answer) - 1, 0) < 0)
        bench_die("answering");
}

/* From the beginning of `cause` to the end of `effect` on another thread. */
static double time_of(struct stream *stream, void (*cause)(struct stream *stream),
                      void (*effect)(struct stream *stream), unsigned idles)
{
    struct watch self = {.stream = stream, .act = effect};
    pthread_t thread;
    double began;

    if (pthread_create(&thread, NULL, watch, &self) != 0)
        bench_die("starting a thread");
    for (unsigned i = 0; i < idles; i++)
        idle();
    began = bench_now();
    cause(stream);
    pthread_join(thread, NULL);
    return self.when - began;
}

/* Behind another a small Write waits for more, some 2 ms. */
static void measure_writes(double *times, unsigned count)
{
    enum { IDLES = 4 };
    struct stream stream;

    begin(&stream);
    for (unsigned i = 0; i < count; i++)
        times[i] = time_of(&stream, write_byte, see_byte, IDLES);
    end(&stream);
}

static void measure_each(double *times, unsigned count,
                         void (*cause)(struct stream *stream),
                         void (*effect)(struct stream *stream), unsigned idles)
{
    for (unsigned i = 0; i < count; i++) {
        struct stream stream;

        begin(&stream);
        times[i] = time_of(&stream, cause, effect, idles);
        end(&stream);
    }
}

int main(int argc, char **argv)
{
    enum { UNTIL_FULL = 20 }; /* idles */
    struct bench_options options = bench_arguments(argc, argv);
    unsigned count = options.messages;
    double *times = calloc(count, sizeof(*times));

    open_bed();
    measure_writes(times, count);
    printf("{\"times\": %u", count);
    bench_report_times("write_", times, count);
    measure_each(times, count, abort_it, see_byte, 1);
    bench_report_times("abort_", times, count);
    measure_each(times, count, answer_early, fill, UNTIL_FULL);
    bench_report_times("answer_", times, count);
    printf("}\n");
    wsd_client_release(bed.client);
    free(times);
    return EXIT_SUCCESS;
}
