/*
 * waiting -- an attachment's lock, and all that waits for the attachment to change: calls
 * asleep until their wait budget is spent, and applications that were told STG_S_BLOCK
 * and watch the ready descriptor or expect the ready callback.
 *
 * Functions that end in _locked are called between enter and leave.
 */
#ifndef WSD_ATTACHMENT_WAITING_H
#define WSD_ATTACHMENT_WAITING_H

#include <stdbool.h>
#include <stdint.h>

#include "os/monitor.h"
#include "os/wake_fd.h"
#include "transport/transport.h"
#include "wsd_attachment.h"
#include "wsd_types.h"

/* What ends a call of the owner whatever the call is about; S_OK: nothing does. */
typedef HRESULT (*wsd_ended_locked)(const void *owner);

struct wsd_waiting {
    struct wsd_monitor monitor;
    unsigned asleep;   /* threads in wsd_waiting_sleep_locked() or _work_locked() */
    unsigned wakes;    /* changes that they were told of */
    bool blocked;      /* STG_S_BLOCK was returned and nothing has changed since */
    bool tell;         /* call the callback when leaving */
    bool called;       /* a call that may wait has begun */
    bool turn_taken;   /* a call is between its checks and its end */
    bool turn_refused; /* STG_S_BLOCK was returned for that */
    uint64_t progress; /* bytes moved by the transport: the owner counts */

    DWORD budget_ms;
    bool budget_is_set; /* by the application: suggest_budget leaves it alone */
    struct wsd_wake_fd ready_fd;
    wsd_ready_callback ready;
    void *ready_context;
};

/* One call's patience: the budget is counted from the last progress. */
struct wsd_patience {
    DWORD budget_ms;
    uint64_t deadline_ms;
    uint64_t progress; /* at the last look */
};

/* S_OK or E_OUTOFMEMORY; fini is safe afterwards, and on a zeroed object. */
HRESULT wsd_waiting_init(struct wsd_waiting *waiting, DWORD budget_ms);
void wsd_waiting_fini(struct wsd_waiting *waiting);

void wsd_waiting_enter(struct wsd_waiting *waiting);

/* Leaves, then tells the callback what changed.  It may give back the last reference:
 * this is a call's last act. */
void wsd_waiting_leave(struct wsd_waiting *waiting);

/* Something happened that a call may wait for. */
void wsd_waiting_changed_locked(struct wsd_waiting *waiting);
/* Only calls that are asleep may care: nobody who was told STG_S_BLOCK. */
void wsd_waiting_wake_locked(struct wsd_waiting *waiting);

/* A call begins that may wait: from now on the callback stays what it is. */
struct wsd_patience wsd_waiting_begin_locked(struct wsd_waiting *waiting);
/* There was progress: the same budget begins again. */
void wsd_waiting_renew_locked(const struct wsd_waiting *waiting,
                              struct wsd_patience *patience);

/* Sleeps until something changed.  Returns false when the budget was spent without
 * progress; with a budget of 0, at once. */
bool wsd_waiting_sleep_locked(struct wsd_waiting *waiting, struct wsd_patience *patience);

/* What a call may do in place of sleeping, outside the lock; false: nothing, so that it
 * sleeps. */
typedef bool (*wsd_waiting_work)(void *owner, const struct wsd_transfer_wait *wait);

/* The same, but works first. */
bool wsd_waiting_work_locked(struct wsd_waiting *waiting, struct wsd_patience *patience,
                             wsd_waiting_work work, void *owner);

/* Waits for a turn among calls that must not overlap.
 * S_OK: it is the caller's until give_turn; STG_S_BLOCK: the budget was spent;
 * HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK): a thread of the library may not wait;
 * otherwise what `ended` says. */
HRESULT wsd_waiting_take_turn_locked(struct wsd_waiting *waiting,
                                     struct wsd_patience *patience,
                                     wsd_ended_locked ended, const void *owner);
void wsd_waiting_give_turn_locked(struct wsd_waiting *waiting);

/* Passes a call's result on, and notes an STG_S_BLOCK for the next change. */
HRESULT wsd_waiting_result_locked(struct wsd_waiting *waiting, HRESULT hr);

/* The client's budget, unless the application has set one. */
void wsd_waiting_suggest_budget_locked(struct wsd_waiting *waiting, DWORD budget_ms);

/* As wsd_attachment.h documents. */
HRESULT wsd_waiting_set_ready(struct wsd_waiting *waiting, wsd_ready_callback ready,
                              void *context);
void wsd_waiting_set_budget(struct wsd_waiting *waiting, DWORD budget_ms);
HRESULT wsd_waiting_get_ready_fd(struct wsd_waiting *waiting, int *fd);

#endif
