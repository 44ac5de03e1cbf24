/*
 * client -- the library as a program uses it that sends.
 *
 *   client put       Write, one message after the other
 *   client streams   many attachments at once, written without waiting by one thread
 *   client get       Read, of a reply's attachment
 *   client wininet   InternetWriteFile */
#define COBJMACROS

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "package.h"
#include "wininet.h"
#include "wsd_attachment.h"
#include "wsd_client.h"

static void check(HRESULT hr, const char *what)
{
    if (hr == S_OK)
        return;
    fprintf(stderr, "%s\n", wsd_error_text(hr));
    bench_die(what);
}

static wsd_client *make_client(const struct bench_options *options, size_t ring_bytes)
{
    wsd_client_options client_options = WSD_CLIENT_OPTIONS_INIT;
    wsd_client *client;

    client_options.ring_bytes = ring_bytes;
    client_options.content_length = options->length;
    client_options.ca_file = options->ca_file;
    check(wsd_client_create(&client_options, &client), "wsd_client_create");
    return client;
}

static void make_url(const struct bench_options *options, char url[512])
{
    snprintf(url, 512, "http%s://127.0.0.1:%u%s", options->ca_file != NULL ? "s" : "",
             options->port, options->path);
}

/* One document on its way. */
struct upload {
    wsd_outbound_message *message;
    IWSDOutboundAttachment *document;
    uint64_t position;
    struct crowd *crowd; /* of streams */
    struct upload *next; /* in its queue */
};

static void begin(struct upload *upload, wsd_client *client,
                  const struct bench_options *options)
{
    static const char body[] = "<b:Upload xmlns:b=\"urn:wsdattach:bench\"><b:data/>"
                               "</b:Upload>";
    wsd_part_options part = WSD_PART_OPTIONS_INIT;
    char url[512];

    part.length = options->length ? &options->size : NULL;
    make_url(options, url);
    upload->position = 0;
    check(wsd_outbound_message_create(BENCH_ACTION, &upload->message), "create");
    check(wsd_outbound_message_set_body(upload->message, body, sizeof(body) - 1), "body");
    check(WSDCreateOutboundAttachment(&upload->document), "attachment");
    check(wsd_outbound_message_attach(upload->message, "Upload/data", upload->document,
                                      &part),
          "attach");
    check(wsd_client_send(client, url, upload->message), "send");
}

/* The next block; false: it cannot be taken now. */
static bool write_block(struct upload *upload, const struct bench_options *options)
{
    uint64_t left = options->size - upload->position;
    DWORD n = (DWORD)(left < options->write ? left : options->write), written;
    HRESULT hr = IWSDOutboundAttachment_Write(
        upload->document, bench_document(upload->position), n, &written);

    upload->position += written;
    if (hr == STG_S_BLOCK)
        return false;
    check(hr, "Write");
    return true;
}

static void end(struct upload *upload, wsd_client *client)
{
    wsd_inbound_message *reply;

    check(wsd_client_receive(client, upload->message, INFINITE, &reply), "receive");
    wsd_inbound_message_release(reply);
    IWSDOutboundAttachment_Release(upload->document);
    wsd_outbound_message_release(upload->message);
}

static void put(const struct bench_options *options)
{
    double *times = calloc(options->messages, sizeof(*times));
    wsd_client *client = make_client(options, 0);
    struct bench_run run;

    bench_begin(&run);
    for (unsigned i = 0; i < options->messages; i++) {
        double began = bench_now();
        struct upload upload;

        begin(&upload, client, options);
        while (upload.position < options->size) {
            write_block(&upload, options);
            if (options->pause_us > 0)
                bench_work(options->pause_us);
        }
        check(IWSDOutboundAttachment_Close(upload.document), "Close");
        end(&upload, client);
        times[i] = bench_now() - began;
    }
    bench_report(&run);
    bench_report_times("", times, options->messages);
    printf("}\n");
    wsd_client_release(client);
    free(times);
}

/* ---- Many at once ---- */

/* Those that are worth a Write, first come first served. */
struct crowd {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct upload *first, **last;
};

static void WSD_CALL on_ready(void *context)
{
    struct upload *upload = context;
    struct crowd *crowd = upload->crowd;

    pthread_mutex_lock(&crowd->mutex);
    upload->next = NULL;
    if (crowd->first == NULL)
        pthread_cond_signal(&crowd->changed);
    *crowd->last = upload;
    crowd->last = &upload->next;
    pthread_mutex_unlock(&crowd->mutex);
}

static struct upload *next_ready(struct crowd *crowd)
{
    struct upload *upload;

    pthread_mutex_lock(&crowd->mutex);
    while (crowd->first == NULL)
        pthread_cond_wait(&crowd->changed, &crowd->mutex);
    upload = crowd->first;
    crowd->first = upload->next;
    if (crowd->first == NULL)
        crowd->last = &crowd->first;
    pthread_mutex_unlock(&crowd->mutex);
    return upload;
}

/* One block, and on; true: it is closed. */
static bool advance(struct upload *upload, const struct bench_options *options)
{
    HRESULT hr;

    if (upload->position < options->size) {
        if (write_block(upload, options))
            on_ready(upload);
        return false;
    }
    hr = IWSDOutboundAttachment_Close(upload->document);
    if (hr == STG_S_BLOCK)
        return false;
    check(hr, "Close");
    return true;
}

static void run_crowd(wsd_client *client, const struct bench_options *options)
{
    struct upload *uploads = calloc(options->streams, sizeof(*uploads));
    struct crowd crowd = {.mutex = PTHREAD_MUTEX_INITIALIZER,
                          .changed = PTHREAD_COND_INITIALIZER,
                          .last = &crowd.first};
    unsigned open = options->streams;

    for (unsigned i = 0; i < options->streams; i++) {
        IWSDAttachment *attachment;

        begin(&uploads[i], client, options);
        uploads[i].crowd = &crowd;
        attachment = (IWSDAttachment *)uploads[i].document;
        check(wsd_attachment_set_wait_budget(attachment, 0), "set_wait_budget");
        check(wsd_attachment_set_ready_callback(attachment, on_ready, &uploads[i]),
              "set_ready_callback");
        on_ready(&uploads[i]);
    }
    while (open > 0)
        open -= advance(next_ready(&crowd), options);
    for (unsigned i = 0; i < options->streams; i++)
        end(&uploads[i], client);
    free(uploads);
}

static void streams(const struct bench_options *options)
{
    enum { RING_BYTES = 65536 };
    struct bench_options first = *options; /* then there is what is no stream's */
    wsd_client *client = make_client(options, RING_BYTES);
    struct bench_run run;
    long before_kib;

    first.path = "/warm";
    first.size = first.streams = 1;
    bench_raise_descriptors();
    run_crowd(client, &first);
    before_kib = bench_status_kib("VmRSS");
    bench_begin(&run);
    run_crowd(client, options);
    bench_report(&run);
    printf(", \"stream_kib\": %.1f}\n",
           (double)(bench_status_kib("VmHWM") - before_kib) / options->streams);
    wsd_client_release(client);
}

/* ---- The other calls ---- */

static void get(const struct bench_options *options)
{
    static BYTE block[BENCH_SPAN];
    wsd_client *client = make_client(options, 0);
    wsd_outbound_message *message;
    wsd_inbound_message *reply;
    IWSDInboundAttachment *document;
    uint64_t body = 0;
    struct bench_hash hash;
    struct bench_run run;
    char url[512];
    HRESULT hr;
    DWORD n;

    make_url(options, url);
    bench_hash_init(&hash);
    bench_begin(&run);
    check(wsd_outbound_message_create(BENCH_ACTION, &message), "create");
    check(wsd_client_send(client, url, message), "send");
    check(wsd_client_receive(client, message, INFINITE, &reply), "receive");
    check(wsd_inbound_message_attachment(reply, "Upload/data", &document), "attachment");
    do {
        hr = IWSDInboundAttachment_Read(document, block, (DWORD)options->write, &n);
        body += n;
        if (options->hash)
            bench_hash_add(&hash, block, n);
    } while (hr == S_OK);
    if (hr != S_FALSE)
        check(FAILED(hr) ? hr : E_FAIL, "Read");
    bench_report(&run);
    printf(", \"body\": %" PRIu64 ", \"octets\": %" PRIu64 ", \"hash\": \"%" PRIx64
           "\"}\n",
           body, hash.octets, hash.value);
    IWSDInboundAttachment_Release(document);
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(message);
    wsd_client_release(client);
}

static void wininet(const struct bench_options *options)
{
    HINTERNET session = InternetOpenA("bench", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect =
        InternetConnectA(session, "127.0.0.1", (INTERNET_PORT)options->port, NULL, NULL,
                         INTERNET_SERVICE_HTTP, 0, 0);
    HINTERNET request =
        HttpOpenRequestA(connect, "POST", options->path, NULL, NULL, NULL, 0, 0);
    struct bench_run run;
    char length[64];
    DWORD written;

    snprintf(length, sizeof(length), "Content-Length: %" PRIu64, options->size);
    bench_begin(&run);
    if (!HttpAddRequestHeadersA(request, length, (DWORD)-1, HTTP_ADDREQ_FLAG_ADD) ||
        !HttpSendRequestExA(request, NULL, NULL, 0, 0))
        bench_die("HttpSendRequestEx");
    for (uint64_t sent = 0; sent < options->size; sent += written) {
        uint64_t left = options->size - sent;

        if (!InternetWriteFile(request, bench_document(sent),
                               (DWORD)(left < options->write ? left : options->write),
                               &written))
            bench_die("InternetWriteFile");
    }
    if (!HttpEndRequestA(request, NULL, 0, 0))
        bench_die("HttpEndRequest");
    bench_report(&run);
    printf("}\n");
    InternetCloseHandle(session);
}

int main(int argc, char **argv)
{
    struct bench_options options = bench_arguments(argc, argv);

    if (strcmp(options.command, "put") == 0)
        put(&options);
    else if (strcmp(options.command, "streams") == 0)
        streams(&options);
    else if (strcmp(options.command, "get") == 0)
        get(&options);
    else if (strcmp(options.command, "wininet") == 0)
        wininet(&options);
    else
        bench_die("usage: client put|streams|get|wininet WORD...: the command");
    return EXIT_SUCCESS;
}
