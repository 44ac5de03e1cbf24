#include "attachment/waiting.h"

#include <string.h>

#include "os/clock.h"
#include "os/thread.h"

HRESULT wsd_waiting_init(struct wsd_waiting *waiting, DWORD budget_ms)
{
    memset(waiting, 0, sizeof(*waiting));
    waiting->ready_fd = (struct wsd_wake_fd)WSD_WAKE_FD_CLOSED;
    waiting->budget_ms = budget_ms;
    return wsd_monitor_init(&waiting->monitor);
}

void wsd_waiting_fini(struct wsd_waiting *waiting)
{
    if (waiting->monitor.ready)
        wsd_wake_fd_close(&waiting->ready_fd);
    wsd_monitor_fini(&waiting->monitor);
}

void wsd_waiting_enter(struct wsd_waiting *waiting)
{
    wsd_monitor_enter(&waiting->monitor);
}

void wsd_waiting_leave(struct wsd_waiting *waiting)
{
    wsd_ready_callback ready = waiting->tell ? waiting->ready : NULL;
    void *context = waiting->ready_context;
    bool ours;
    int held;

    waiting->tell = false;
    wsd_monitor_leave(&waiting->monitor);
    if (ready == NULL)
        return;
    ours = wsd_thread_set_ours(true); /* what a callback waits for may be its caller's */
    held = wsd_thread_hold_cancel();  /* it may be in the middle of somebody's call */
    ready(context);
    wsd_thread_allow_cancel(held);
    wsd_thread_set_ours(ours);
}

void wsd_waiting_wake_locked(struct wsd_waiting *waiting)
{
    if (waiting->asleep == 0)
        return;
    waiting->wakes++;
    wsd_monitor_wake_all(&waiting->monitor);
}

void wsd_waiting_changed_locked(struct wsd_waiting *waiting)
{
    wsd_waiting_wake_locked(waiting);
    if (waiting->blocked) {
        waiting->blocked = false;
        waiting->tell = true;
        wsd_wake_fd_signal(&waiting->ready_fd);
    }
}

struct wsd_patience wsd_waiting_begin_locked(struct wsd_waiting *waiting)
{
    waiting->called = true;
    return (struct wsd_patience){
        .budget_ms = waiting->budget_ms,
        .deadline_ms = wsd_clock_deadline(waiting->budget_ms),
        .progress = waiting->progress,
    };
}

void wsd_waiting_renew_locked(const struct wsd_waiting *waiting,
                              struct wsd_patience *patience)
{
    patience->progress = waiting->progress;
    patience->deadline_ms = wsd_clock_deadline(patience->budget_ms);
}

struct working {
    struct wsd_transfer_wait seam;
    struct wsd_waiting *waiting;
    unsigned wakes; /* when it began */
};

static bool working_is_over_locked(const struct working *working)
{
    return working->waiting->wakes != working->wakes;
}

static bool working_is_over(const struct wsd_transfer_wait *seam)
{
    const struct working *working = (const struct working *)seam;
    bool over;

    wsd_monitor_enter(&working->waiting->monitor);
    over = working_is_over_locked(working);
    wsd_monitor_leave(&working->waiting->monitor);
    return over;
}

bool wsd_waiting_sleep_locked(struct wsd_waiting *waiting, struct wsd_patience *patience)
{
    return wsd_waiting_work_locked(waiting, patience, NULL, NULL);
}

bool wsd_waiting_work_locked(struct wsd_waiting *waiting, struct wsd_patience *patience,
                             wsd_waiting_work work, void *owner)
{
    const struct working working = {
        {working_is_over, patience->deadline_ms}, waiting, waiting->wakes};
    bool worked = false, woken = true;

    if (patience->budget_ms == 0)
        return false;
    waiting->asleep++;
    if (work != NULL) {
        wsd_monitor_leave(&waiting->monitor);
        worked = work(owner, &working.seam);
        wsd_monitor_enter(&waiting->monitor);
    }
    if (worked)
        woken =
            working_is_over_locked(&working) || wsd_clock_ms() < patience->deadline_ms;
    else if (!working_is_over_locked(&working))
        woken = wsd_monitor_wait_until(&waiting->monitor, patience->deadline_ms);
    waiting->asleep--;
    if (waiting->progress == patience->progress)
        return woken;
    wsd_waiting_renew_locked(waiting, patience);
    return true;
}

HRESULT wsd_waiting_take_turn_locked(struct wsd_waiting *waiting,
                                     struct wsd_patience *patience,
                                     wsd_ended_locked ended, const void *owner)
{
    HRESULT hr = ended(owner);

    if (hr != S_OK)
        return hr;
    if (patience->budget_ms != 0 && wsd_thread_is_ours())
        return HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK);
    while (waiting->turn_taken) {
        if (!wsd_waiting_sleep_locked(waiting, patience) && waiting->turn_taken) {
            waiting->turn_refused = true;
            return STG_S_BLOCK;
        }
        hr = ended(owner);
        if (hr != S_OK)
            return hr;
    }
    waiting->turn_taken = true;
    return S_OK;
}

void wsd_waiting_give_turn_locked(struct wsd_waiting *waiting)
{
    waiting->turn_taken = false;
    /* Else a Write that finds no room would call its own ready callback. */
    if (waiting->turn_refused)
        wsd_waiting_changed_locked(waiting);
    else
        wsd_waiting_wake_locked(waiting);
    waiting->turn_refused = false;
}

HRESULT wsd_waiting_result_locked(struct wsd_waiting *waiting, HRESULT hr)
{
    if (hr == STG_S_BLOCK) {
        waiting->blocked = true;
        wsd_wake_fd_clear(&waiting->ready_fd);
    }
    return hr;
}

void wsd_waiting_suggest_budget_locked(struct wsd_waiting *waiting, DWORD budget_ms)
{
    if (!waiting->budget_is_set)
        waiting->budget_ms = budget_ms;
}

HRESULT wsd_waiting_set_ready(struct wsd_waiting *waiting, wsd_ready_callback ready,
                              void *context)
{
    HRESULT hr = HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);

    wsd_waiting_enter(waiting);
    if (!waiting->called) {
        waiting->ready = ready;
        waiting->ready_context = context;
        hr = S_OK;
    }
    wsd_waiting_leave(waiting);
    return hr;
}

void wsd_waiting_set_budget(struct wsd_waiting *waiting, DWORD budget_ms)
{
    wsd_waiting_enter(waiting);
    waiting->budget_ms = budget_ms;
    waiting->budget_is_set = true;
    wsd_waiting_leave(waiting);
}

HRESULT wsd_waiting_get_ready_fd(struct wsd_waiting *waiting, int *fd)
{
    HRESULT hr = S_OK;

    wsd_waiting_enter(waiting);
    if (waiting->ready_fd.read_end < 0) {
        hr = wsd_wake_fd_open(&waiting->ready_fd);
        if (hr == S_OK && !waiting->blocked)
            wsd_wake_fd_signal(&waiting->ready_fd);
    }
    *fd = waiting->ready_fd.read_end;
    wsd_waiting_leave(waiting);
    return hr;
}
