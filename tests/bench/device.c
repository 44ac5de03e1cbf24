/*
 * device -- the library as a program uses it that answers: at /reply by a Write of the
 * document, at /upload by a Read of it.
 *
 * Prints "READY PORT"; ends with its standard input, and says what it took.
 * Usage: device serve [size=OCTETS] [write=OCTETS] [hash] */
#define COBJMACROS

#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "package.h"
#include "wsd_service.h"

static struct bench_options options;
static struct bench_hash hash; /* of the last request's document */

static void check(HRESULT hr, const char *what)
{
    if (hr == S_OK)
        return;
    fprintf(stderr, "%s\n", wsd_error_text(hr));
    bench_die(what);
}

static HRESULT WSD_CALL reply_document(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    static const char body[] = "<b:Reply xmlns:b=\"urn:wsdattach:bench\"><b:data/>"
                               "</b:Reply>";
    IWSDOutboundAttachment *document;

    (void)context;
    (void)request;
    check(wsd_outbound_message_set_body(reply, body, sizeof(body) - 1), "body");
    check(WSDCreateOutboundAttachment(&document), "attachment");
    check(wsd_outbound_message_attach(reply, "Reply/data", document, NULL), "attach");
    check(wsd_service_reply(reply), "wsd_service_reply");
    for (uint64_t position = 0; position < options.size;) {
        uint64_t left = options.size - position;
        DWORD written;

        check(IWSDOutboundAttachment_Write(
                  document, bench_document(position),
                  (DWORD)(left < options.write ? left : options.write), &written),
              "Write");
        position += written;
    }
    check(IWSDOutboundAttachment_Close(document), "Close");
    IWSDOutboundAttachment_Release(document);
    return S_OK;
}

static HRESULT WSD_CALL take_document(void *context, wsd_inbound_message *request,
                                      wsd_outbound_message *reply)
{
    static const char body[] = "<b:UploadResponse xmlns:b=\"urn:wsdattach:bench\"/>";
    static BYTE block[BENCH_SPAN];
    IWSDInboundAttachment *document;
    HRESULT hr;
    DWORD n;

    (void)context;
    check(wsd_inbound_message_attachment(request, "Upload/data", &document), "document");
    bench_hash_init(&hash);
    do {
        hr = IWSDInboundAttachment_Read(document, block, (DWORD)options.write, &n);
        if (options.hash)
            bench_hash_add(&hash, block, n);
    } while (hr == S_OK);
    IWSDInboundAttachment_Release(document);
    if (hr != S_FALSE)
        check(FAILED(hr) ? hr : E_FAIL, "Read");
    return wsd_outbound_message_set_body(reply, body, sizeof(body) - 1);
}

int main(int argc, char **argv)
{
    wsd_service *service;
    struct bench_run run;
    char byte;

    options = bench_arguments(argc, argv);
    check(wsd_service_create(NULL, &service), "wsd_service_create");
    check(wsd_service_handle(service, "/reply", NULL, reply_document, NULL), "handle");
    check(wsd_service_handle(service, "/upload", NULL, take_document, NULL), "handle");
    check(wsd_service_start(service), "wsd_service_start");
    printf("READY %u\n", (unsigned)wsd_service_port(service));
    fflush(stdout);
    bench_begin(&run);
    if (read(STDIN_FILENO, &byte, 1) < 0)
        bench_die("reading");
    bench_report(&run);
    printf(", \"octets\": %" PRIu64 ", \"hash\": \"%" PRIx64 "\"}\n", hash.octets,
           hash.value);
    wsd_service_release(service);
    return EXIT_SUCCESS;
}
