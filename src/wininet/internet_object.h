/*
 * internet_object -- what every handle's object has: its turn, its timeouts, the transfer
 * that a close cancels.
 */
#ifndef WSD_WININET_INTERNET_OBJECT_H
#define WSD_WININET_INTERNET_OBJECT_H

#include "base/mem.h"
#include "transport/transport.h"
#include "wininet/handle_table.h"
#include "wininet/transaction.h"

/* The values of INTERNET_OPTION_HANDLE_TYPE. */
enum wsd_internet_kind {
    WSD_INTERNET_SESSION = 1,
    WSD_INTERNET_FTP = 2,
    WSD_INTERNET_HTTP = 4,
    WSD_INTERNET_FILE = 7,
    WSD_INTERNET_REQUEST = 13
};

/* What a handle has of options, and its children begin with. */
struct wsd_internet_options {
    struct wsd_timeouts timeouts;
    DWORD without_effect[4]; /* CONNECT_RETRIES and the like */
};

struct wsd_internet_object {
    struct wsd_handle_object base;
    enum wsd_internet_kind kind;
    const struct wsd_mem *mem;          /* borrowed */
    struct wsd_internet_object *parent; /* a reference; NULL for a session */
    /* The handle is gone.  S_OK, or what became of the upload. */
    HRESULT (*close)(struct wsd_internet_object *object);
    void (*fini)(struct wsd_internet_object *object); /* what comes behind this head */

    struct {
        struct wsd_monitor monitor;
        bool is_busy;                        /* a call has the turn */
        bool is_closed;                      /* calls fail */
        struct wsd_transaction *transaction; /* a reference; changed with the turn only */
        struct wsd_internet_options options;
        uintptr_t context;
    } synced;
};

/* Prepares the head of a zeroed object with one reference.  S_OK or E_OUTOFMEMORY; either
 * way wsd_handle_object_release() ends it, and frees it. */
HRESULT wsd_internet_object_init(struct wsd_internet_object *object,
                                 const struct wsd_mem *mem, enum wsd_internet_kind kind,
                                 struct wsd_internet_object *parent,
                                 const struct wsd_internet_options *options);

/* Waits for the object's turn.  S_OK: the caller has it until leave; or
 * ERROR_INTERNET_OPERATION_CANCELLED as HRESULT. */
HRESULT wsd_internet_object_enter(struct wsd_internet_object *object);
void wsd_internet_object_leave(struct wsd_internet_object *object);

/* With the turn: takes over a reference to what a close has to cancel; NULL for none.
 * Cancels the former one, and the new one if the object is closed already. */
void wsd_internet_object_set_transaction(struct wsd_internet_object *object,
                                         struct wsd_transaction *transaction);

/* Lets calls fail from now on.  Was none of them under way?  Then nobody but the caller
 * uses the object any more. */
bool wsd_internet_object_shut(struct wsd_internet_object *object);
/* Cuts its transfer, if it has one. */
void wsd_internet_object_cancel(struct wsd_internet_object *object);

void wsd_internet_object_get_options(struct wsd_internet_object *object,
                                     struct wsd_internet_options *options);

#endif
