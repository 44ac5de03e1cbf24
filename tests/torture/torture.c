/* Does what applications do while the N-th call of each kind fails, for every N, and
 * looks at what comes of it:
 *
 * - success is true: the other end has the whole document, and the application the whole
 *   reply.  No document is whole for the other end without being so;
 * - a fault that has to do no harm does none; any other gives a failure of its kind, or
 *   was survived;
 * - nothing is left behind: memory (leak sanitizer), descriptors, threads;
 * - the same objects work again at once, and new ones do;
 * - it ends.
 *
 * Usage: torture [-av] [-m MINUTES] [SCENARIO [KIND]]   -a: every N, instead of some; -v:
 * says what came of each; -m MINUTES: points by chance for so long.  Ends with 1 if it
 * has found anything, and if nothing has failed. */
#include <dirent.h>
#include <limits.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <unistd.h>

#include "support/application.h"
#include "torture/faults.h"
#include "torture/scenarios.h"

#define SECONDS_PER_POINT 60
#define SAMPLES 3
#define DOCUMENT 20000

/* Not there without a sanitizer that knows leaks. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

static struct point {
    const struct scenario *scenario;
    enum fault kind;
    unsigned number;
    bool lasts;
} point;

static void say_point(void)
{
    char text[200];
    int size = snprintf(text, sizeof(text),
                        "torture: %s, %s number %u%s: ", point.scenario->name,
                        fault_kinds[point.kind].name, point.number,
                        point.lasts ? " and all behind it" : "");

    if (write(STDERR_FILENO, text, (size_t)size) < 0)
        return;
}

static void too_long(int signal)
{
    (void)signal;
    say_point();
    if (write(STDERR_FILENO, "hangs\n", 6) > 0)
        abort();
}

static unsigned findings;
static bool is_talkative;

static void found(const char *what, HRESULT hr)
{
    fflush(stdout);
    say_point();
    fprintf(stderr, "%s (%s)\n", what, wsd_error_name(hr));
    findings++;
}

/* ---- What is left behind --------------------------------------------------------------
 */

static size_t entries(const char *name)
{
    DIR *folder = opendir(name);
    size_t count = 0;

    if (folder == NULL)
        worker_hangs(name);
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

static size_t descriptors(void)
{
    return entries("/proc/self/fd");
}

static size_t threads(void)
{
    return entries("/proc/self/task");
}

/* Threads that nobody joins, libcurl's for names, may need a moment to end. */
static bool falls_to(size_t (*count)(void), size_t normal)
{
    for (time_t begin = worker_now(); count() > normal;) {
        const struct timespec moment = {0, 100000};

        if (worker_now() - begin > 10)
            return false;
        nanosleep(&moment, NULL);
    }
    return true;
}

/* ---- A point --------------------------------------------------------------------------
 */

static size_t normal_descriptors, normal_threads;
static unsigned by_caller[CALLER_COUNT];

#define W(name) HRESULT_FROM_WIN32(ERROR_##name)

/* What the application may see of each kind, as far as there is a choice.  libcurl and
 * libxml2 have other words for some allocations of theirs. */
static bool is_right(enum fault kind, HRESULT hr)
{
    static const struct {
        enum fault kind;
        HRESULT codes[8]; /* S_OK: no more */
    } rows[] = {
        {FAULT_alloc,
         {E_OUTOFMEMORY, W(NO_SYSTEM_RESOURCES), W(WINHTTP_NAME_NOT_RESOLVED),
          W(WINHTTP_CONNECTION_ERROR), WS_E_INVALID_FORMAT}},
        {FAULT_socket, {W(TOO_MANY_OPEN_FILES), W(WINHTTP_CANNOT_CONNECT)}},
        {FAULT_listen, {HRESULT_FROM_WIN32(WSAEADDRINUSE), W(WINHTTP_CANNOT_CONNECT)}},
        {FAULT_connect, {W(WINHTTP_CANNOT_CONNECT)}},
        {FAULT_send,
         {W(WINHTTP_CONNECTION_ERROR), W(INTERNET_CONNECTION_RESET),
          W(HTTP_INVALID_SERVER_RESPONSE)}},
        {FAULT_send_interrupted, {W(WINHTTP_CONNECTION_ERROR)}},
        {FAULT_send_one_byte, {W(WINHTTP_CONNECTION_ERROR)}},
        {FAULT_recv,
         {W(WINHTTP_CONNECTION_ERROR), W(INTERNET_CONNECTION_RESET),
          W(HTTP_INVALID_SERVER_RESPONSE), WS_E_ENDPOINT_DISCONNECTED}},
        {FAULT_poll,
         {E_OUTOFMEMORY, W(WINHTTP_CONNECTION_ERROR), W(WINHTTP_CANNOT_CONNECT)}},
        {FAULT_epoll, {E_OUTOFMEMORY, W(NO_SYSTEM_RESOURCES)}},
        {FAULT_wake, {W(TOO_MANY_OPEN_FILES)}},
        {FAULT_thread, {W(NO_SYSTEM_RESOURCES), W(WINHTTP_NAME_NOT_RESOLVED)}},
        {FAULT_lock, {E_OUTOFMEMORY, W(NO_SYSTEM_RESOURCES)}},
        {FAULT_random, {E_FAIL}},
        {FAULT_option,
         {W(WINHTTP_CANNOT_CONNECT), W(WINHTTP_TIMEOUT), W(NO_SYSTEM_RESOURCES)}},
        {FAULT_resolve, {E_OUTOFMEMORY, W(WINHTTP_NAME_NOT_RESOLVED)}},
    };

    for (size_t i = 0; i < COUNT(rows); i++)
        for (size_t j = 0; rows[i].kind == kind && rows[i].codes[j] != S_OK; j++)
            if (rows[i].codes[j] == hr)
                return true;
    return false;
}

/* A service's client knows HTTP only: refused, or cut. */
static bool is_right_for_client(HRESULT hr)
{
    return hr == W(WINHTTP_CONNECTION_ERROR) || hr == WS_E_ENDPOINT_DISCONNECTED ||
           hr == HTTP_E_STATUS(500) || hr == HTTP_E_STATUS(503) ||
           hr == HTTP_E_STATUS(400);
}

/* So many transfers have succeeded. */
static void expect_clean(const struct bed *bed, unsigned successes)
{
    struct counterpart_saw saw = counterpart_saw(bed->counterpart);

    if (bed->lie != NULL)
        found(bed->lie, S_OK);
    if (saw.wrong > 0)
        found("the other end has something that looks whole and is not", S_OK);
    if (point.scenario->uploads && saw.whole < successes)
        found("success, but the other end does not have it", S_OK);
    if (!falls_to(threads, normal_threads))
        found("a thread is left", S_OK);
    if (!falls_to(descriptors, normal_descriptors))
        found("a descriptor is left", S_OK);
    if (__lsan_do_recoverable_leak_check != NULL &&
        __lsan_do_recoverable_leak_check() != 0)
        found("memory is left", S_OK);
}

/* Opens, transfers, closes; once something has failed, transfers again in between. */
static struct fault_record try_point(struct bed *bed)
{
    const struct scenario *scenario = point.scenario;
    struct fault_record record;
    unsigned successes = 0;
    HRESULT hr;

    bed->lie = NULL;
    counterpart_forget(bed->counterpart);
    alarm(SECONDS_PER_POINT);
    faults_arm(point.kind, point.number, point.lasts);
    hr = scenario->open(bed);
    if (hr == S_OK) {
        hr = scenario->transfer(bed);
        successes = hr == S_OK;
        if (!point.lasts && faults_record().failures > 0) {
            HRESULT again;

            faults_disarm();
            again = scenario->transfer(bed);
            if (again != S_OK)
                found("the next transfer fails", again);
            successes++;
        }
    }
    scenario->close(bed);
    faults_disarm();
    alarm(0);
    record = faults_record();
    expect_clean(bed, successes);
    if (hr != S_OK && (record.failures == 0 || fault_kinds[point.kind].is_harmless))
        found("a failure without a cause", hr);
    if (hr != S_OK && !is_right(point.kind, hr) &&
        !(scenario->is_service && is_right_for_client(hr)))
        found("not the code for it", hr);
    if (is_talkative && record.failures > 0)
        printf("%s %s %u%s: %s: %s 0x%08X\n", scenario->name,
               fault_kinds[point.kind].name, point.number, point.lasts ? "+" : "",
               fault_callers[record.caller], wsd_error_name(hr), (unsigned)hr);
    by_caller[record.caller] += record.failures > 0;
    return record;
}

/* ---- All points -----------------------------------------------------------------------
 */

/* Every call of this kind in turn, or some of them.  As threads do not always come to the
 * same calls, the end is where twice nothing has failed.  How many points. */
static unsigned try_kind(struct bed *bed, bool all)
{
    unsigned count = 0, idle = 0, step;

    point.number = UINT_MAX;
    step = all ? 1 : try_point(bed).calls / SAMPLES + 1;
    for (point.number = 1; idle < (all ? 2 : 1); point.number += step) {
        if (try_point(bed).failures == 0)
            idle++;
        else
            count++;
    }
    return count;
}

static void bed_make(struct bed *bed, const struct scenario *scenario)
{
    *bed = (struct bed){.counterpart = counterpart_start(), .size = DOCUMENT};
    bed->document = document_make(bed->size, 1);
    scenario->prepare(bed);
    point = (struct point){.scenario = scenario};
    if (scenario->open(bed) != S_OK || scenario->transfer(bed) != S_OK)
        found("the first transfer fails, without any fault", S_OK);
    scenario->close(bed);
    counterpart_saw(bed->counterpart);
    normal_descriptors = descriptors();
    normal_threads = threads();
}

static void bed_free(struct bed *bed)
{
    counterpart_stop(bed->counterpart);
    bytes_free(&bed->text);
    free(bed->document);
}

static unsigned try_scenario(const struct scenario *scenario, const char *kind, bool all)
{
    struct bed bed;
    unsigned count = 0, of_kind;

    bed_make(&bed, scenario);
    for (int i = 0; i < FAULT_COUNT; i++) {
        if (kind != NULL && strcmp(kind, fault_kinds[i].name) != 0)
            continue;
        point.kind = (enum fault)i;
        point.lasts = false;
        of_kind = try_kind(&bed, all);
        point.lasts = fault_kinds[i].may_last;
        if (point.lasts)
            of_kind += try_kind(&bed, all);
        printf("%-12s %-24s %5u points\n", scenario->name, fault_kinds[i].name, of_kind);
        count += of_kind;
    }
    bed_free(&bed);
    return count;
}

/* ---- Points by chance, for some minutes -----------------------------------------------
 */

static long resident_kib(void)
{
    FILE *status = fopen("/proc/self/status", "r");
    char line[256];
    long kib = 0;

    while (status != NULL && fgets(line, sizeof(line), status) != NULL)
        sscanf(line, "VmRSS: %ld", &kib);
    if (status != NULL)
        fclose(status);
    return kib;
}

/* What is in use, of the C library's heap.  That has to be told (soak.sh) to put nothing
 * aside for each thread, which would count. */
static size_t heap_bytes(void)
{
    struct mallinfo2 heap = mallinfo2();

    return heap.uordblks + heap.hblkhd;
}

/* The C library keeps threads that have ended for the next ones. */
#define MOST_GROWTH 1024

/* Every second transfer has a fault in it.  What is in use after a tenth of the time is
 * so at the end, but for MOST_GROWTH; what is resident, but for an eighth. */
static unsigned soak(unsigned minutes)
{
    static struct bed beds[8];
    const time_t begin = worker_now(), length = 60 * (time_t)minutes;
    unsigned random = (unsigned)begin, count = 0, runs = 0;
    size_t early = 0, late;
    long early_kib = 0, late_kib;

    for (size_t i = 0; i < scenario_count && i < COUNT(beds); i++)
        bed_make(&beds[i], &scenarios[i]);
    for (; worker_now() - begin < length; runs++) {
        size_t at = (random >> 8) % scenario_count;

        random = random * 1664525u + 1013904223u;
        point.scenario = &scenarios[at];
        point.kind = (enum fault)((random >> 12) % FAULT_COUNT);
        point.lasts = fault_kinds[point.kind].may_last && (random & 0x800000) != 0;
        point.number = runs % 2 == 0 ? UINT_MAX : 1 + (random >> 26);
        count += try_point(&beds[at]).failures > 0;
        if (early == 0 && worker_now() - begin > length / 10) {
            early = heap_bytes();
            early_kib = resident_kib();
        }
    }
    late = heap_bytes();
    late_kib = resident_kib();
    if (late > early + MOST_GROWTH || late_kib > early_kib + early_kib / 8)
        found("memory grows", S_OK);
    for (size_t i = 0; i < scenario_count; i++)
        bed_free(&beds[i]);
    printf("%u runs in %u minutes; in use after a tenth %zu bytes, at the end %zu; "
           "resident %ld and %ld KiB\n",
           runs, minutes, early, late, early_kib, late_kib);
    return count;
}

int main(int argc, char **argv)
{
    unsigned count = 0, minutes = 0;
    bool all = false;
    const char *name, *kind;
    int option;

    while ((option = getopt(argc, argv, "avm:")) != -1) {
        if (option == '?')
            return EXIT_FAILURE;
        all = all || option == 'a';
        is_talkative = is_talkative || option == 'v';
        minutes = option == 'm' ? (unsigned)atoi(optarg) : minutes;
    }
    name = optind < argc ? argv[optind] : NULL;
    kind = optind + 1 < argc ? argv[optind + 1] : NULL;

    setvbuf(stdout, NULL, _IOLBF, 0);
    faults_init();
    signal(SIGALRM, too_long);
    if (minutes > 0)
        count = soak(minutes);
    for (size_t i = 0; minutes == 0 && i < scenario_count; i++)
        if (name == NULL || strcmp(name, scenarios[i].name) == 0)
            count += try_scenario(&scenarios[i], kind, all);
    printf("%u points, first met by", count);
    for (int i = 0; i < CALLER_COUNT; i++)
        printf(" %s: %u", fault_callers[i], by_caller[i]);
    putchar('\n');
    return count > 0 && findings == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
