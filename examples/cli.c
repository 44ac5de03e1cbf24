#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- Ctrl-C ------------------------------------------------------------------------ */

static void fill_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
}

/* A signal handler may call next to nothing.  A thread that waits for the signals may
 * call anything that is for any thread, as what aborts and closes is. */
static void *watch_signals(void *context)
{
    struct cli *cli = context;
    bool finished = false;
    sigset_t signals;
    int signal_number;

    fill_signals(&signals);
    while (!finished && sigwait(&signals, &signal_number) == 0) {
        pthread_mutex_lock(&cli->synced.mutex);
        finished = cli->synced.finished;
        cli->synced.interrupted = !finished;
        if (!finished && cli->synced.stop != NULL)
            cli->synced.stop(cli->synced.what);
        pthread_mutex_unlock(&cli->synced.mutex);
    }
    return NULL;
}

bool cli_start(struct cli *cli)
{
    sigset_t signals;
    int error;

    fill_signals(&signals);
    error = pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it */
    if (error == 0)
        error = pthread_mutex_init(&cli->synced.mutex, NULL);
    if (error == 0)
        error = pthread_create(&cli->watcher, NULL, watch_signals, cli);
    if (error != 0)
        fprintf(stderr, "%s: cannot start: %s\n", cli->program, strerror(error));
    return error == 0;
}

void cli_finish(struct cli *cli)
{
    pthread_mutex_lock(&cli->synced.mutex);
    cli->synced.finished = true;
    pthread_mutex_unlock(&cli->synced.mutex);
    pthread_kill(cli->watcher, SIGTERM);
    pthread_join(cli->watcher, NULL);
    pthread_mutex_destroy(&cli->synced.mutex);
}

void cli_watch(struct cli *cli, cli_stop *stop, void *what)
{
    pthread_mutex_lock(&cli->synced.mutex);
    cli->synced.stop = stop;
    cli->synced.what = what;
    pthread_mutex_unlock(&cli->synced.mutex);
}

bool cli_is_interrupted(struct cli *cli)
{
    bool interrupted;

    pthread_mutex_lock(&cli->synced.mutex);
    interrupted = cli->synced.interrupted;
    pthread_mutex_unlock(&cli->synced.mutex);
    return interrupted;
}

/* ---- Errors ------------------------------------------------------------------------ */

void cli_set_reason(struct cli *cli, const char *format, ...)
{
    va_list arguments;

    if (cli->reason[0] != '\0')
        return;
    va_start(arguments, format);
    vsnprintf(cli->reason, sizeof(cli->reason), format, arguments);
    va_end(arguments);
}

const char *cli_describe(struct cli *cli, const char *text)
{
    if (cli->reason[0] != '\0')
        return cli->reason;
    return cli_is_interrupted(cli) ? "interrupted" : text;
}

void cli_print_error(struct cli *cli, const char *what, const char *text)
{
    cli_bar_end(cli);
    fprintf(stderr, "%s: %s: %s\n", cli->program, what, text);
}

void cli_remark(struct cli *cli, const char *text)
{
    if (cli->quiet)
        return;
    if (cli->bar.shown)
        fputs("\r\033[K", stderr);
    fprintf(stderr, "%s: %s\n", cli->program, text);
}

void WSD_CALL cli_log(void *cli, const wsd_log_entry *entry)
{
    static const char *const levels[] = {[WSD_LOG_ERROR] = "error",
                                         [WSD_LOG_WARNING] = "warning",
                                         [WSD_LOG_INFORMATION] = "note",
                                         [WSD_LOG_DEBUG] = "debug"};
    const char *gap = entry->message_id[0] != '\0' ? " " : "";

    fprintf(stderr, "%s: %s: %s%s%s\n", ((const struct cli *)cli)->program,
            levels[entry->level], entry->text, gap, entry->message_id);
}

bool cli_misuse(const struct cli *cli, const char *what)
{
    if (what != NULL)
        fprintf(stderr, "%s: %s\n", cli->program, what);
    fprintf(stderr, "Try %s --help.\n", cli->program);
    return false;
}

bool cli_flush(const struct cli *cli)
{
    if (fflush(stdout) == 0 && !ferror(stdout))
        return true;
    fprintf(stderr, "%s: cannot write: %s\n", cli->program, strerror(errno));
    return false;
}

/* ---- Numbers and time -------------------------------------------------------------- */

bool cli_parse_number(const char *text, uint64_t most, uint64_t *number)
{
    static const char suffixes[] = "KMG";
    const char *suffix;
    char *end;

    errno = 0;
    *number = strtoull(text, &end, 10);
    if (errno != 0 || !isdigit((unsigned char)*text))
        return false;
    if (*end != '\0') {
        suffix = strchr(suffixes, toupper((unsigned char)*end));
        if (suffix == NULL || end[1] != '\0')
            return false;
        for (; suffix >= suffixes; suffix--) {
            if (*number > most)
                return false;
            *number *= 1024;
        }
    }
    return *number >= 1 && *number <= most;
}

double cli_now(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* ---- Progress ---------------------------------------------------------------------- */

void cli_bar_begin(struct cli *cli, uint64_t total)
{
    cli->bar.shown = !cli->quiet && isatty(STDERR_FILENO);
    cli->bar.total = total;
    cli->bar.began = cli->bar.drawn = cli_now();
}

void cli_bar_draw(struct cli *cli, uint64_t done)
{
    static const char marks[] = "##############################";
    const int width = (int)sizeof(marks) - 1;
    double now, rate, part, left;

    if (!cli->bar.shown)
        return;
    now = cli_now();
    if (now - cli->bar.drawn < 0.1)
        return;
    cli->bar.drawn = now;
    rate = (double)done / (now - cli->bar.began);
    if (cli->bar.total == CLI_SIZE_UNKNOWN || cli->bar.total < done) {
        fprintf(stderr, "\r%.1f MiB  %.1f MiB/s\033[K", (double)done / CLI_MIB,
                rate / CLI_MIB);
        return;
    }
    part = cli->bar.total > 0 ? (double)done / (double)cli->bar.total : 1;
    fprintf(stderr, "\r[%-*.*s] %3.0f%%  %.1f MiB  %.1f MiB/s", width,
            (int)(part * width), marks, part * 100, (double)done / CLI_MIB,
            rate / CLI_MIB);
    left = rate > 0 ? (double)(cli->bar.total - done) / rate : -1;
    if (left >= 0 && left < 360000)
        fprintf(stderr, "  %d:%02d left", (int)left / 60, (int)left % 60);
    fputs("\033[K", stderr);
}

void cli_bar_end(struct cli *cli)
{
    if (cli->bar.shown)
        fputs("\r\033[K", stderr);
    cli->bar.shown = false;
}
