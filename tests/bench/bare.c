/*
 * bare -- a client that is nothing but a socket: what the others are measured by, and who
 * tries the devices.
 *
 *   bare put    sends messages with a document, a chunk for each write
 *   bare get    asks for a document
 *   bare hash   says what a whole document's hash is */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_reader.h"
#include "package.h"

/* Reads to the end of a response with status 200. */
static void read_reply(int fd, struct http_reader *reader, bool hashing)
{
    static uint8_t bytes[262144];

    http_reader_begin(reader, hashing);
    while (reader->state != HTTP_DONE) {
        ssize_t n = recv(fd, bytes, sizeof(bytes), 0);
        size_t taken = 0;

        if (n <= 0)
            bench_die("reading the reply");
        while (taken < (size_t)n && reader->state != HTTP_DONE)
            taken += http_reader_take(reader, bytes + taken, (size_t)n - taken);
    }
    if (strncmp(reader->first, "HTTP/1.1 200", 12) != 0) {
        fprintf(stderr, "%s\n", reader->first);
        bench_die("the request");
    }
}

static void put(const struct bench_options *options)
{
    double *times = calloc(options->messages, sizeof(*times));
    int fd = bench_connect(options->port);
    struct http_reader reader;
    struct bench_run run;
    char first[512];

    snprintf(first, sizeof(first), "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n",
             options->path);
    bench_begin(&run);
    for (unsigned i = 0; i < options->messages; i++) {
        struct package package = {.first = first,
                                  .size = options->size,
                                  .block = options->write,
                                  .length = options->length};
        double began = bench_now();

        package_send(&package, fd);
        read_reply(fd, &reader, false);
        times[i] = bench_now() - began;
    }
    bench_report(&run);
    bench_report_times("", times, options->messages);
    printf("}\n");
    free(times);
    close(fd);
}

static void get(const struct bench_options *options)
{
    static const char body[] = BENCH_ENVELOPE(
        BENCH_ACTION, "<b:Upload xmlns:b=\"urn:wsdattach:bench\"><b:data/></b:Upload>");
    int fd = bench_connect(options->port);
    struct http_reader reader;
    struct bench_run run;
    char request[2048];
    int size = snprintf(request, sizeof(request),
                        "POST %s HTTP/1.1\r\nHost: 127.0.0.1\r\n"
                        "Content-Type: application/soap+xml\r\nContent-Length: %zu\r\n"
                        "\r\n%s",
                        options->path, sizeof(body) - 1, body);

    bench_begin(&run);
    if (send(fd, request, (size_t)size, 0) != size)
        bench_die("sending");
    read_reply(fd, &reader, options->hash);
    bench_report(&run);
    printf(", \"body\": %" PRIu64 ", \"octets\": %" PRIu64 ", \"hash\": \"%" PRIx64
           "\"}\n",
           reader.body, reader.hash.octets, reader.hash.value);
    close(fd);
}

static void hash_document(uint64_t size)
{
    struct bench_hash hash;

    bench_hash_init(&hash);
    while (hash.octets < size) {
        uint64_t left = size - hash.octets;

        bench_hash_add(&hash, bench_document(hash.octets),
                       left < BENCH_SPAN ? (size_t)left : BENCH_SPAN);
    }
    printf("{\"octets\": %" PRIu64 ", \"hash\": \"%" PRIx64 "\"}\n", hash.octets,
           hash.value);
}

int main(int argc, char **argv)
{
    struct bench_options options = bench_arguments(argc, argv);

    if (strcmp(options.command, "put") == 0)
        put(&options);
    else if (strcmp(options.command, "get") == 0)
        get(&options);
    else if (strcmp(options.command, "hash") == 0)
        hash_document(options.size);
    else
        bench_die("usage: bare put|get|hash WORD...: the command");
    return EXIT_SUCCESS;
}
