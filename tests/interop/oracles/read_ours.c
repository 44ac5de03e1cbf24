/*
 * read_ours -- reads messages with the decoder of this project, for compare.py.
 * Run as: read_ours FILE...
 *
 * Each file is a Content-Type field, an empty line and a body.  Prints "message NAME",
 * for each part "part TYPE ID SIZE FNV-1a", then "end FAULT", separated by tabs.  A part
 * that is not whole is a line "cut" instead.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mime/content_type.h"
#include "mime/multipart_decoder.h"

static const char *const labels[] = {
#define LABEL(label, hr, text) #label,
    WSD_MIME_FAULTS(LABEL)
#undef LABEL
};

struct printer {
    struct wsd_part_handler handler;
    const struct wsd_part_header *header; /* NULL: in no part */
    char type[80];
    char id[1100];
    uint64_t size;
    uint64_t hash;
};

static void copy(char *to, size_t capacity, const char *from)
{
    snprintf(to, capacity, "%s", from != NULL ? from : "-");
}

static HRESULT on_begin(struct wsd_part_handler *handler,
                        const struct wsd_part_header *header, size_t index)
{
    struct printer *printer = (struct printer *)handler;
    struct wsd_tolerances tolerances;
    struct wsd_content_type type = {.type = NULL};

    (void)index;
    wsd_tolerances_init(&tolerances);
    if (header->content_type != NULL &&
        wsd_content_type_parse(header->content_type, &tolerances, &type) != WSD_MIME_NONE)
        type.type = "?";
    printer->header = header;
    copy(printer->type, sizeof(printer->type), type.type);
    copy(printer->id, sizeof(printer->id), header->content_id);
    printer->size = 0;
    printer->hash = UINT64_C(0xCBF29CE484222325);
    return S_OK;
}

static HRESULT on_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                          size_t size, size_t *taken)
{
    struct printer *printer = (struct printer *)handler;

    for (size_t i = 0; i < size; i++)
        printer->hash = (printer->hash ^ bytes[i]) * UINT64_C(0x100000001B3);
    printer->size += size;
    *taken = size;
    return S_OK;
}

static void print_part(struct printer *printer, const char *word)
{
    printf("%s\t%s\t%s\t%" PRIu64 "\t%016" PRIx64 "\n", word, printer->type, printer->id,
           printer->size, printer->hash);
    printer->header = NULL;
}

static HRESULT on_end(struct wsd_part_handler *handler)
{
    print_part((struct printer *)handler, "part");
    return S_OK;
}

static enum wsd_mime_fault decode(struct wsd_multipart_decoder *decoder,
                                  const uint8_t *bytes, size_t size)
{
    struct wsd_body_sink *sink = wsd_multipart_decoder_sink(decoder);
    HRESULT hr = S_OK;

    while (size > 0 && hr == S_OK) {
        size_t piece = size < 61 ? size : 61; /* a prime: delimiters are cut anywhere */
        size_t taken;

        hr = sink->vtable->push(sink, bytes, piece, &taken);
        bytes += taken;
        size -= taken;
    }
    if (hr == S_OK)
        (void)sink->vtable->finish(sink);
    return wsd_multipart_decoder_fault(decoder);
}

/* value: is overwritten */
static enum wsd_mime_fault read_body(char *value, const uint8_t *bytes, size_t size)
{
    static const struct wsd_part_handler_vtable vtable = {on_begin, on_content, on_end};
    static const struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct printer printer = {.handler = {&vtable}};
    struct wsd_multipart_decoder *decoder;
    struct wsd_tolerances tolerances;
    struct wsd_content_type type;
    enum wsd_mime_fault fault;
    const char *boundary;

    wsd_tolerances_init(&tolerances);
    fault = wsd_content_type_parse(value, &tolerances, &type);
    if (fault == WSD_MIME_NONE)
        fault = wsd_content_type_boundary(&type, &boundary);
    if (fault != WSD_MIME_NONE)
        return fault;
    if (wsd_multipart_decoder_create(wsd_mem_heap(), boundary, &limits, &tolerances,
                                     &printer.handler, &decoder) != S_OK)
        exit(EXIT_FAILURE);
    fault = decode(decoder, bytes, size);
    if (printer.header != NULL)
        print_part(&printer, "cut");
    wsd_multipart_decoder_destroy(decoder);
    return fault;
}

static void read_message(const char *path)
{
    static const char field[] = "Content-Type: ";
    static char bytes[1 << 20];
    FILE *file = fopen(path, "rb");
    const char *name = strrchr(path, '/');
    char *value = bytes + strlen(field), *end;
    size_t size;

    if (file == NULL) {
        perror(path);
        exit(EXIT_FAILURE);
    }
    size = fread(bytes, 1, sizeof(bytes) - 1, file);
    fclose(file);
    bytes[size] = '\0';
    end = strstr(bytes, "\r\n\r\n");
    if (end == NULL || strncmp(bytes, field, strlen(field)) != 0) {
        fprintf(stderr, "%s: no message\n", path);
        exit(EXIT_FAILURE);
    }
    *end = '\0';
    end += 4;
    printf("message\t%s\n", name != NULL ? name + 1 : path);
    printf("end\t%s\n",
           labels[read_body(value, (const uint8_t *)end, size - (size_t)(end - bytes))]);
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        read_message(argv[i]);
    return EXIT_SUCCESS;
}
