/*
 * bench -- what the programs of this folder share: their arguments, the document that
 * they send, and what they say of a run.
 *
 * A program takes a command and words such as port=8080; run.py knows which go together.
 * It prints one line of JSON.
 */
#ifndef WSD_BENCH_H
#define WSD_BENCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

struct bench_options {
    const char *command;
    unsigned port;
    const char *path;    /* of the URL; default "/count" */
    const char *ca_file; /* set: https */
    uint64_t size;       /* of one document, octets; default 1 GiB */
    size_t write;        /* octets for each call; default 64 KiB */
    unsigned messages;   /* one after the other; default 1 */
    unsigned streams;    /* at once; default 1 */
    unsigned pause_us;   /* of work between two writes; default 0 */
    long buffer;         /* libcurl's upload buffer, octets; default 0: its own */
    bool length;         /* Content-Length, no chunks */
    bool hash;           /* who reads hashes what it reads */
};

/* Ends the program when a word is none of these. */
struct bench_options bench_arguments(int argc, char **argv);

/* Prints what failed, and ends the program. */
_Noreturn void bench_die(const char *what);

double bench_now(void);            /* seconds, monotonic */
void bench_work(unsigned time_us); /* keeps the processor busy */
int bench_connect(unsigned port);  /* to 127.0.0.1, without Nagle's delay */

/* As many descriptors as the system lets this process have. */
void bench_raise_descriptors(void);

/* ---- The document ----
 * Octet i is that of a pattern of prime length, so that no block is like another at its
 * place; all are above 127, so that they can be told from what a message adds. */

#define BENCH_SPAN (1024 * 1024)

/* The octets from `position` on, BENCH_SPAN of them. */
const uint8_t *bench_document(uint64_t position);

struct bench_hash {
    uint64_t octets; /* that are above 127 */
    uint64_t value;
};

void bench_hash_init(struct bench_hash *hash);
void bench_hash_add(struct bench_hash *hash, const uint8_t *bytes, size_t size);

/* ---- A run ---- */

struct bench_run {
    double began, processor;
    long switches;
};

void bench_begin(struct bench_run *run);

/* Prints {"seconds": ..., and so on, without the end of the line, for more to be added.
 */
void bench_report(const struct bench_run *run);

long bench_status_kib(const char *name); /* of /proc/self/status: "VmHWM", "VmRSS" */

/* "p50_us", "p99_us", "max_us" of times in seconds, which it sorts; with a comma before
 * and a prefix to the names. */
void bench_report_times(const char *prefix, double *times, size_t count);

#endif
