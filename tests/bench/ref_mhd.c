/*
 * ref_mhd -- a device that is nothing but libmicrohttpd: its own callback for a reply,
 * from memory, and for a request's body.
 *
 * Prints "READY PORT"; ends with its standard input, and says what it took.
 * Usage: ref_mhd serve [size=OCTETS] */
#include <arpa/inet.h>
#include <microhttpd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include "bench.h"

static struct bench_options options;

static ssize_t give(void *context, uint64_t position, char *buffer, size_t capacity)
{
    uint64_t left = options.size - position;
    size_t n = capacity < BENCH_SPAN ? capacity : BENCH_SPAN;

    (void)context;
    if (left == 0)
        return MHD_CONTENT_READER_END_OF_STREAM;
    if (n > left)
        n = (size_t)left;
    memcpy(buffer, bench_document(position), n);
    return (ssize_t)n;
}

static void take(const char *bytes, size_t size)
{
    static char memory[65536]; /* as an application's buffer that is used again */

    for (size_t done = 0; done < size; done += sizeof(memory))
        memcpy(memory, bytes + done,
               size - done < sizeof(memory) ? size - done : sizeof(memory));
}

/* A request with more than an envelope is an upload, and gets an empty reply. */
static enum MHD_Result on_request(void *context, struct MHD_Connection *connection,
                                  const char *url, const char *method,
                                  const char *version, const char *bytes, size_t *size,
                                  void **request)
{
    static int uploading, asking;
    struct MHD_Response *response;
    enum MHD_Result result;

    (void)context;
    (void)method;
    (void)version;
    if (*request == NULL) {
        *request = strcmp(url, "/upload") == 0 ? &uploading : &asking;
        return MHD_YES;
    }
    if (*size > 0) {
        take(bytes, *size);
        *size = 0;
        return MHD_YES;
    }
    response = *request == &uploading
                   ? MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT)
                   : MHD_create_response_from_callback(MHD_SIZE_UNKNOWN, 64 * 1024, give,
                                                       NULL, NULL);
    result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    return result;
}

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    struct MHD_Daemon *daemon;
    struct bench_run run;
    char byte;

    options = bench_arguments(argc, argv);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    daemon = MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD, 0, NULL, NULL, on_request,
                              NULL, MHD_OPTION_SOCK_ADDR, &address,
                              MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)128 * 1024,
                              MHD_OPTION_END);
    if (daemon == NULL)
        bench_die("starting");
    printf("READY %u\n",
           (unsigned)MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port);
    fflush(stdout);
    bench_begin(&run);
    if (read(STDIN_FILENO, &byte, 1) < 0)
        bench_die("reading");
    bench_report(&run);
    printf("}\n");
    MHD_stop_daemon(daemon);
    return EXIT_SUCCESS;
}
