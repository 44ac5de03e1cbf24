/* ref_gsoap -- gSOAP sends the document with MTOM, streaming: ref_gsoap put WORD... */
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "soapH.h"
#include "upload.nsmap"

static struct bench_options options;
static uint64_t position;

static void *open_part(struct soap *soap, void *handle, const char *id, const char *type,
                       const char *description)
{
    (void)soap;
    (void)id;
    (void)type;
    (void)description;
    return handle;
}

static size_t give(struct soap *soap, void *handle, char *buffer, size_t capacity)
{
    uint64_t left = options.size - position;
    size_t n = capacity < options.write ? capacity : options.write;

    (void)soap;
    (void)handle;
    if (n > left)
        n = (size_t)left;
    memcpy(buffer, bench_document(position), n);
    position += n;
    return n;
}

static void close_part(struct soap *soap, void *handle)
{
    (void)soap;
    (void)handle;
}

static void send_one(struct soap *soap, const char *url)
{
    char type[] = "application/octet-stream";
    struct b__Data data = {{NULL, 0, NULL, type, NULL}};

    position = 0;
    data.xop__Include.__ptr =
        (unsigned char *)&position; /* the handle of the callbacks */
    data.xop__Include.__size = options.length ? (int)options.size : 0;
    if (soap_send_b__Upload(soap, url, "urn:wsdattach:bench/Upload", &data) != SOAP_OK ||
        soap_recv_empty_response(soap) != SOAP_OK) {
        soap_print_fault(soap, stderr);
        bench_die("gSOAP");
    }
    soap_destroy(soap);
    soap_end(soap);
}

int main(int argc, char **argv)
{
    struct soap *soap;
    struct bench_run run;
    double *times;
    char url[512];

    options = bench_arguments(argc, argv);
    soap = soap_new1(SOAP_ENC_MTOM | SOAP_IO_KEEPALIVE |
                     (options.length ? SOAP_IO_DEFAULT : SOAP_IO_CHUNK));
    soap->fmimereadopen = open_part;
    soap->fmimeread = give;
    soap->fmimereadclose = close_part;
    soap->tcp_keep_alive = 1;
    times = calloc(options.messages, sizeof(*times));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u%s", options.port, options.path);
    bench_begin(&run);
    for (unsigned i = 0; i < options.messages; i++) {
        double began = bench_now();

        send_one(soap, url);
        times[i] = bench_now() - began;
    }
    bench_report(&run);
    bench_report_times("", times, options.messages);
    printf("}\n");
    soap_free(soap);
    free(times);
    return EXIT_SUCCESS;
}
