#include "os/thread.h"

#include <stddef.h>

#include "base/mem.h"

static _Thread_local bool is_ours;

struct start {
    /* Held until thread->handle is stored: body() may ask wsd_thread_is_current(). */
    pthread_mutex_t gate;
    void (*body)(void *argument);
    void *argument;
};

static void *run(void *start_block)
{
    struct start *start = start_block;
    void (*body)(void *argument) = start->body;
    void *argument = start->argument;

    pthread_mutex_lock(&start->gate);
    pthread_mutex_unlock(&start->gate);
    pthread_mutex_destroy(&start->gate);
    wsd_free(wsd_mem_heap(), start);
    is_ours = true;
    wsd_thread_hold_cancel();
    body(argument);
    return NULL;
}

/* All but those that a fault in the thread's own code raises: blocked, they would end the
 * process before the application's crash handler. */
static void fill_blocked(sigset_t *signals)
{
    static const int faults[] = {SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGSYS, SIGTRAP};

    sigfillset(signals);
    for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
        sigdelset(signals, faults[i]);
}

HRESULT wsd_thread_start(struct wsd_thread *thread, void (*body)(void *argument),
                         void *argument)
{
    struct start *start = wsd_alloc(wsd_mem_heap(), sizeof(*start));
    sigset_t blocked, before;
    bool started;

    if (start == NULL)
        return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
    if (pthread_mutex_init(&start->gate, NULL) != 0) {
        wsd_free(wsd_mem_heap(), start);
        return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
    }
    start->body = body;
    start->argument = argument;

    fill_blocked(&blocked);
    pthread_sigmask(SIG_SETMASK, &blocked, &before); /* a new thread inherits the mask */
    pthread_mutex_lock(&start->gate);
    started = pthread_create(&thread->handle, NULL, run, start) == 0;
    pthread_mutex_unlock(&start->gate);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (started)
        return S_OK;

    pthread_mutex_destroy(&start->gate);
    wsd_free(wsd_mem_heap(), start);
    return HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES);
}

void wsd_thread_join(struct wsd_thread *thread)
{
    int held = wsd_thread_hold_cancel();

    pthread_join(thread->handle, NULL);
    wsd_thread_allow_cancel(held);
}

void wsd_thread_detach(struct wsd_thread *thread)
{
    pthread_detach(thread->handle);
}

int wsd_thread_hold_cancel(void)
{
    int held;

    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &held);
    return held;
}

void wsd_thread_allow_cancel(int held)
{
    int ours;

    pthread_setcancelstate(held, &ours); /* POSIX knows no NULL here */
}

bool wsd_thread_is_current(const struct wsd_thread *thread)
{
    return pthread_equal(thread->handle, pthread_self()) != 0;
}

bool wsd_thread_is_ours(void)
{
    return is_ours;
}

bool wsd_thread_set_ours(bool ours)
{
    bool before = is_ours;

    is_ours = ours;
    return before;
}

static sigset_t pipe_signal(void)
{
    sigset_t signals;

    sigemptyset(&signals);
    sigaddset(&signals, SIGPIPE);
    return signals;
}

static bool is_pipe_pending(void)
{
    sigset_t pending;

    sigpending(&pending);
    return sigismember(&pending, SIGPIPE) == 1;
}

void wsd_thread_visit_begin(struct wsd_thread_visit *visit, bool holds_pipe)
{
    const sigset_t pipe = pipe_signal();

    visit->held = wsd_thread_hold_cancel();
    visit->ours = wsd_thread_set_ours(true);
    visit->holds_pipe = holds_pipe;
    if (!holds_pipe)
        return;
    visit->pipe_was_pending = is_pipe_pending();
    pthread_sigmask(SIG_BLOCK, &pipe, &visit->signals);
}

void wsd_thread_visit_end(const struct wsd_thread_visit *visit)
{
    const sigset_t pipe = pipe_signal();
    int signal;

    if (visit->holds_pipe) {
        if (!visit->pipe_was_pending && is_pipe_pending())
            sigwait(&pipe, &signal);
        pthread_sigmask(SIG_SETMASK, &visit->signals, NULL);
    }
    wsd_thread_set_ours(visit->ours);
    wsd_thread_allow_cancel(visit->held);
}
