/* Prints how the time of the readers grows with hostile input: for each shape the time
 * for n and for 2n bytes, and their ratio, the medians of five interleaved pairs of
 * processor time.  Linear is 2; the tests hold the same readers to it by counting their
 * work.
 *
 * Run as: build/release/tests/bench_linear_time */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "mime/multipart_decoder.h"
#include "soap/envelope.h"

enum { PAIRS = 5, BYTES = 4 << 20 };

/* `head`, then `rest` over and over. */
struct shape {
    const char *name, *head, *rest;
};

static char *make(const struct shape *shape, size_t size)
{
    char *bytes = malloc(size);
    size_t at = strlen(shape->head);

    if (bytes == NULL)
        abort();
    memcpy(bytes, shape->head, at);
    for (size_t i = 0; at < size; i++)
        bytes[at++] = shape->rest[i % strlen(shape->rest)];
    return bytes;
}

static HRESULT ignore_begin(struct wsd_part_handler *handler,
                            const struct wsd_part_header *header, size_t index)
{
    (void)handler;
    (void)header;
    (void)index;
    return S_OK;
}

static HRESULT ignore_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                              size_t size, size_t *taken)
{
    (void)handler;
    (void)bytes;
    *taken = size;
    return S_OK;
}

static HRESULT ignore_end(struct wsd_part_handler *handler)
{
    (void)handler;
    return S_OK;
}

/* Without limits, so that each shape is read to its end. */
static void decode(const char *bytes, size_t size)
{
    static const struct wsd_part_handler_vtable vtable = {ignore_begin, ignore_content,
                                                          ignore_end};
    static const struct wsd_multipart_limits limits = {SIZE_MAX, BYTES,    SIZE_MAX,
                                                       SIZE_MAX, SIZE_MAX, UINT64_MAX};
    struct wsd_part_handler handler = {&vtable};
    struct wsd_multipart_decoder *decoder;
    struct wsd_tolerances tolerances;
    struct wsd_body_sink *sink;
    size_t taken;

    wsd_tolerances_init(&tolerances);
    if (wsd_multipart_decoder_create(wsd_mem_heap(), "B", &limits, &tolerances, &handler,
                                     &decoder) != S_OK)
        abort();
    sink = wsd_multipart_decoder_sink(decoder);
    (void)sink->vtable->push(sink, (const uint8_t *)bytes, size, &taken);
    wsd_multipart_decoder_destroy(decoder);
}

static void read_envelope(const char *bytes, size_t size)
{
    struct wsd_envelope *envelope;

    if (wsd_envelope_read(wsd_mem_heap(), bytes, size, &envelope) == S_OK)
        wsd_envelope_destroy(envelope);
}

typedef void (*reader)(const char *bytes, size_t size);

static double milliseconds(reader read, const char *bytes, size_t size)
{
    struct timespec from, to;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    read(bytes, size);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (double)(to.tv_sec - from.tv_sec) * 1e3 +
           (double)(to.tv_nsec - from.tv_nsec) / 1e6;
}

static int ascending(const void *a, const void *b)
{
    double difference = *(const double *)a - *(const double *)b;

    return (difference > 0) - (difference < 0);
}

static void measure(const char *what, reader read, const struct shape *shapes,
                    size_t count)
{
    for (size_t i = 0; i < count; i++) {
        char *bytes = make(&shapes[i], 2 * BYTES);
        double once[PAIRS], twice[PAIRS];

        for (size_t pair = 0; pair < PAIRS; pair++) {
            once[pair] = milliseconds(read, bytes, BYTES);
            twice[pair] = milliseconds(read, bytes, 2 * BYTES);
        }
        qsort(once, PAIRS, sizeof(once[0]), ascending);
        qsort(twice, PAIRS, sizeof(twice[0]), ascending);
        printf("%-9s %-28s %9.3f ms %9.3f ms  %.2f\n", what, shapes[i].name,
               once[PAIRS / 2], twice[PAIRS / 2], twice[PAIRS / 2] / once[PAIRS / 2]);
        free(bytes);
    }
}

int main(void)
{
#define PART "\r\n--B\r\n\r\n"
    static const struct shape bodies[] = {
        {"plain content", PART, "x"},
        {"carriage returns", PART, "\r"},
        {"empty lines", PART, "\r\n"},
        {"dashes", PART, "-"},
        {"half delimiters", PART, "\r\n--"},
        {"longer delimiters", PART, "\r\n--Bx"},
        {"delimiters inside lines", PART, "x--Bx"},
        {"preamble", "", "x"},
        {"empty parts", "", PART},
        {"epilogue", PART "\r\n--B--\r\n", "\r\n--B--"},
        {"one header line", "--B\r\n", "X"},
        {"header lines", "--B\r\n", "X: y\r\n"},
        {"folded header", "--B\r\nX: y\r\n", " y\r\n"},
        {"base64", "--B\r\nContent-Transfer-Encoding: base64\r\n\r\n", "AAAA"},
    };
#define ENVELOPE                                                                         \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"
    static const struct shape envelopes[] = {
        {"elements", ENVELOPE "<a>", "<b/>"},
        {"text", ENVELOPE "<a>", "x"},
        {"comments", ENVELOPE "<a>", "<!-- -->"},
        {"attributes", ENVELOPE "<a ", "b='' "},
        {"depth", ENVELOPE, "<a>"},
        {"a long name", ENVELOPE "<", "a"},
        {"namespaces", ENVELOPE "<a>", "<b xmlns:c='d'/>"},
        {"a document type", "<!DOCTYPE ", "a"},
        {"references", ENVELOPE "<a>", "&#120;"},
    };

    printf("%-9s %-28s %12s %12s  %s\n", "reader", "shape", "4 MiB", "8 MiB", "ratio");
    measure("decoder", decode, bodies, sizeof(bodies) / sizeof(bodies[0]));
    measure("envelope", read_envelope, envelopes,
            sizeof(envelopes) / sizeof(envelopes[0]));
    return 0;
}
