/* How fast InternetWriteFile is, beside libcurl alone: both upload the same number of
 * bytes to the same receiver, in turns, and the medians of their times are compared.
 * Usage: bench_wininet_upload [MEBIBYTES [PAIRS]]      default: 1024, 7 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "wininet.h"

#define BLOCK 65536
#define MAX_PAIRS 99

static uint8_t block[BLOCK];

static void die(const char *what)
{
    fprintf(stderr, "%s failed\n", what);
    exit(EXIT_FAILURE);
}

static double now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

/* ---- The receiver: one request after the other, until `count` were answered ---------
 */

struct receiver {
    int listener;
    INTERNET_PORT port;
    uint64_t size; /* of a body */
    unsigned count;
    pthread_t thread;
};

/* How many bytes of the body came with the end of the head. */
static uint64_t skip_head(int connection)
{
    char head[4096];
    size_t size = 0;

    for (;;) {
        ssize_t n = recv(connection, head + size, sizeof(head) - 1 - size, 0);
        const char *end;

        if (n <= 0)
            die("receiving the head");
        size += (size_t)n;
        head[size] = '\0';
        end = strstr(head, "\r\n\r\n");
        if (end != NULL)
            return (uint64_t)(head + size - (end + 4));
    }
}

static void *receive(void *argument)
{
    static const char reply[] =
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    static char sink[262144];
    struct receiver *receiver = argument;

    for (unsigned i = 0; i < receiver->count; i++) {
        int connection = accept(receiver->listener, NULL, NULL);
        uint64_t size = skip_head(connection);

        while (size < receiver->size) {
            ssize_t n = recv(connection, sink, sizeof(sink), 0);

            if (n <= 0)
                die("receiving");
            size += (uint64_t)n;
        }
        if (send(connection, reply, sizeof(reply) - 1, 0) < 0)
            die("answering");
        close(connection);
    }
    return NULL;
}

static void start(struct receiver *receiver, uint64_t size, unsigned count)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    receiver->listener = socket(AF_INET, SOCK_STREAM, 0);
    if (bind(receiver->listener, (struct sockaddr *)&address, length) != 0 ||
        listen(receiver->listener, 4) != 0 ||
        getsockname(receiver->listener, (struct sockaddr *)&address, &length) != 0)
        die("listening");
    receiver->port = ntohs(address.sin_port);
    receiver->size = size;
    receiver->count = count;
    if (pthread_create(&receiver->thread, NULL, receive, receiver) != 0)
        die("starting a thread");
}

/* ---- The senders ------------------------------------------------------------------- */

static void send_by_wininet(const struct receiver *receiver)
{
    HINTERNET session = InternetOpenA("bench", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    HINTERNET connect = InternetConnectA(session, "127.0.0.1", receiver->port, NULL, NULL,
                                         INTERNET_SERVICE_HTTP, 0, 0);
    HINTERNET request = HttpOpenRequestA(connect, "POST", "/", NULL, NULL, NULL, 0, 0);
    char length[64];
    DWORD written;

    snprintf(length, sizeof(length), "Content-Length: %" PRIu64, receiver->size);
    if (!HttpAddRequestHeadersA(request, length, (DWORD)-1, HTTP_ADDREQ_FLAG_ADD) ||
        !HttpSendRequestExA(request, NULL, NULL, 0, 0))
        die("HttpSendRequestEx");
    for (uint64_t sent = 0; sent < receiver->size; sent += BLOCK)
        if (!InternetWriteFile(request, block, BLOCK, &written))
            die("InternetWriteFile");
    if (!HttpEndRequestA(request, NULL, 0, 0))
        die("HttpEndRequest");
    InternetCloseHandle(session);
}

static size_t give(char *buffer, size_t size, size_t count, void *argument)
{
    uint64_t *left = argument;
    size_t n = size * count < BLOCK ? size * count : BLOCK;

    if (n > *left)
        n = (size_t)*left;
    memcpy(buffer, block, n);
    *left -= n;
    return n;
}

static void send_by_libcurl(const struct receiver *receiver)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");
    CURL *easy = curl_easy_init();
    uint64_t left = receiver->size;
    char url[64];

    snprintf(url, sizeof(url), "http://127.0.0.1:%u/", (unsigned)receiver->port);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)receiver->size);
    curl_easy_setopt(easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(easy, CURLOPT_READDATA, &left);
    curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)BLOCK);
    if (curl_easy_perform(easy) != CURLE_OK)
        die("curl_easy_perform");
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
}

/* ---- All of it --------------------------------------------------------------------- */

static double time_of(void (*send_all)(const struct receiver *),
                      const struct receiver *receiver)
{
    double began = now();

    send_all(receiver);
    return now() - began;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

static double median(double *times, unsigned count)
{
    qsort(times, count, sizeof(*times), compare);
    return times[count / 2];
}

int main(int argc, char **argv)
{
    uint64_t size = (argc > 1 ? strtoull(argv[1], NULL, 10) : 1024) * 1048576;
    unsigned pairs = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 7;
    double ours[MAX_PAIRS], theirs[MAX_PAIRS], mib = (double)size / 1048576;
    struct receiver receiver;

    if (size == 0 || pairs == 0 || pairs > MAX_PAIRS) {
        fprintf(stderr, "usage: bench_wininet_upload [MEBIBYTES [PAIRS]]\n");
        return 2;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    start(&receiver, size, 2 * pairs + 2);
    send_by_wininet(&receiver); /* warms up */
    send_by_libcurl(&receiver);
    for (unsigned i = 0; i < pairs; i++) {
        bool ours_first = i % 2 == 0;

        if (ours_first)
            ours[i] = time_of(send_by_wininet, &receiver);
        theirs[i] = time_of(send_by_libcurl, &receiver);
        if (!ours_first)
            ours[i] = time_of(send_by_wininet, &receiver);
        printf("InternetWriteFile %7.1f MiB/s   libcurl %7.1f MiB/s\n", mib / ours[i],
               mib / theirs[i]);
    }
    pthread_join(receiver.thread, NULL);
    printf("medians of %u: %.1f and %.1f MiB/s, ratio %.3f\n", pairs,
           mib / median(ours, pairs), mib / median(theirs, pairs),
           median(theirs, pairs) / median(ours, pairs));
    return EXIT_SUCCESS;
}
