/*
 * cli -- what the example programs need of a terminal: errors in plain words, the log,
 * Ctrl-C, numbers with a suffix, and a progress bar.
 */
#ifndef CLI_H
#define CLI_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "wsd_error.h"

#ifdef __cplusplus
extern "C" {
#endif

#define CLI_MIB 1048576.0
#define CLI_SIZE_UNKNOWN UINT64_MAX

/* Ends what goes on in another thread; called on a thread of its own. */
typedef void cli_stop(void *what);

struct cli {
    const char *program;
    bool quiet;       /* no progress and no remarks */
    char reason[256]; /* what failed on our side, in words; else "" */

    struct {
        bool shown;
        uint64_t total; /* or CLI_SIZE_UNKNOWN */
        double began, drawn;
    } bar;

    pthread_t watcher;
    struct {
        pthread_mutex_t mutex;
        bool interrupted, finished;
        cli_stop *stop; /* what Ctrl-C calls; NULL: nothing */
        void *what;     /* its argument */
    } synced;
};

/* From here on Ctrl-C (SIGINT) and SIGTERM do not end the program: they stop what is
 * being watched, and are remembered.  Call it before any other thread is started.  False,
 * with a message, when that is not possible. */
bool cli_start(struct cli *cli);
void cli_finish(struct cli *cli);

/* Sets what Ctrl-C stops, and how.  NULL, NULL before that is given back. */
void cli_watch(struct cli *cli, cli_stop *stop, void *what);
bool cli_is_interrupted(struct cli *cli);

/* Remembers in words what failed on our side; only the first counts. */
void cli_set_reason(struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Says in words why something failed: our own reason, else Ctrl-C, else `text`
 * (which may be NULL). */
const char *cli_describe(struct cli *cli, const char *text);

/* Prints "PROGRAM: WHAT: TEXT" on stderr. */
void cli_print_error(struct cli *cli, const char *what, const char *text);

/* Prints a remark on stderr, unless quiet. */
void cli_remark(struct cli *cli, const char *text);

/* Prints a line of the log on stderr; cli is the context of the callback. */
void WSD_CALL cli_log(void *cli, const wsd_log_entry *entry);

/* Says on stderr what is wrong with the command line (NULL: somebody has) and where to
 * find help; returns false. */
bool cli_misuse(const struct cli *cli, const char *what);

/* Sees to it that standard output was written; false, with a message, if not. */
bool cli_flush(const struct cli *cli);

/* Reads a whole number of 1..most, with K, M or G behind it for 2^10, 2^20 or 2^30. */
bool cli_parse_number(const char *text, uint64_t most, uint64_t *number);

/* Seconds on a clock that never goes back. */
double cli_now(void);

/* The bar, on a terminal only. */
void cli_bar_begin(struct cli *cli, uint64_t total);
void cli_bar_draw(struct cli *cli, uint64_t done);
void cli_bar_end(struct cli *cli);

#ifdef __cplusplus
}
#endif
#endif
