#include "bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

/* ---- Arguments ---- */

static const char *value_of(const char *word, const char *name)
{
    size_t length = strlen(name);

    return strncmp(word, name, length) == 0 && word[length] == '=' ? word + length + 1
                                                                   : NULL;
}

struct bench_options bench_arguments(int argc, char **argv)
{
    struct bench_options options = {
        .command = argc > 1 ? argv[1] : "",
        .path = "/count",
        .size = 1 << 30,
        .write = 65536,
        .messages = 1,
        .streams = 1,
    };

    for (int i = 2; i < argc; i++) {
        const char *value;

        if ((value = value_of(argv[i], "port")) != NULL)
            options.port = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(argv[i], "path")) != NULL)
            options.path = value;
        else if ((value = value_of(argv[i], "ca")) != NULL)
            options.ca_file = value;
        else if ((value = value_of(argv[i], "size")) != NULL)
            options.size = strtoull(value, NULL, 10);
        else if ((value = value_of(argv[i], "write")) != NULL)
            options.write = strtoul(value, NULL, 10);
        else if ((value = value_of(argv[i], "messages")) != NULL)
            options.messages = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(argv[i], "streams")) != NULL)
            options.streams = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(argv[i], "pause_us")) != NULL)
            options.pause_us = (unsigned)strtoul(value, NULL, 10);
        else if ((value = value_of(argv[i], "buffer")) != NULL)
            options.buffer = strtol(value, NULL, 10);
        else if (strcmp(argv[i], "length") == 0)
            options.length = true;
        else if (strcmp(argv[i], "hash") == 0)
            options.hash = true;
        else
            bench_die(argv[i]);
    }
    if (options.write == 0 || options.write > BENCH_SPAN)
        bench_die("write");
    return options;
}

_Noreturn void bench_die(const char *what)
{
    fprintf(stderr, "bench: %s failed: %s\n", what, strerror(errno));
    exit(EXIT_FAILURE);
}

double bench_now(void)
{
    struct timespec at;

    clock_gettime(CLOCK_MONOTONIC, &at);
    return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

void bench_work(unsigned time_us)
{
    double end = bench_now() + time_us / 1e6;

    while (bench_now() < end)
        continue;
}

int bench_connect(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0), one = 1;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        bench_die("connect");
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    return fd;
}

void bench_raise_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
    }
}

/* ---- The document ---- */

#define PERIOD 65521

const uint8_t *bench_document(uint64_t position)
{
    static uint8_t pattern[PERIOD + BENCH_SPAN];
    static bool made;

    if (!made) {
        uint32_t state = 2463534242;

        for (size_t i = 0; i < sizeof(pattern); i++) {
            state ^= state << 13;
            state ^= state >> 17;
            state ^= state << 5;
            pattern[i] =
                i < PERIOD ? (uint8_t)(0x80 | (state >> 8)) : pattern[i - PERIOD];
        }
        made = true;
    }
    return pattern + position % PERIOD;
}

/* FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/ */
void bench_hash_init(struct bench_hash *hash)
{
    *hash = (struct bench_hash){.value = 14695981039346656037u};
}

void bench_hash_add(struct bench_hash *hash, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] >= 0x80) {
            hash->value = (hash->value ^ bytes[i]) * 1099511628211u;
            hash->octets++;
        }
}

/* ---- A run ---- */

static void usage_now(struct bench_run *run)
{
    struct rusage usage;

    getrusage(RUSAGE_SELF, &usage);
    run->began = bench_now();
    run->processor = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                     (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    run->switches = usage.ru_nvcsw + usage.ru_nivcsw;
}

void bench_begin(struct bench_run *run)
{
    bench_document(0); /* made before the clock runs */
    usage_now(run);
}

void bench_report(const struct bench_run *run)
{
    struct bench_run end;

    usage_now(&end);
    printf("{\"seconds\": %.6f, \"cpu\": %.6f, \"switches\": %ld, \"peak_kib\": %ld",
           end.began - run->began, end.processor - run->processor,
           end.switches - run->switches, bench_status_kib("VmHWM"));
}

/* Not ru_maxrss: a child's includes what its parent had before exec. */
long bench_status_kib(const char *name)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    if (status == NULL)
        return 0;
    while (fgets(line, sizeof(line), status) != NULL)
        if (strncmp(line, name, strlen(name)) == 0 && line[strlen(name)] == ':')
            kib = strtol(line + strlen(name) + 1, NULL, 10);
    fclose(status);
    return kib;
}

static int compare(const void *a, const void *b)
{
    const double *left = a, *right = b;

    return (*left > *right) - (*left < *right);
}

void bench_report_times(const char *prefix, double *times, size_t count)
{
    qsort(times, count, sizeof(*times), compare);
    printf(", \"%sp50_us\": %.1f, \"%sp99_us\": %.1f, \"%smax_us\": %.1f", prefix,
           times[count / 2] * 1e6, prefix, times[count - 1 - count / 100] * 1e6, prefix,
           times[count - 1] * 1e6);
}
