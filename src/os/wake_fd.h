/*
 * wake_fd -- a descriptor that is readable from signal() until clear().
 *
 * An eventfd on Linux, a pipe elsewhere; close-on-exec and non-blocking.  Whatever opens
 * descriptors opens one of these first, and with it the standard streams are held.
 */
#ifndef WSD_OS_WAKE_FD_H
#define WSD_OS_WAKE_FD_H

#include "wsd_types.h"

struct wsd_wake_fd {
    int read_end;  /* -1 when not open */
    int write_end; /* the same descriptor for an eventfd */
};

#define WSD_WAKE_FD_CLOSED                                                               \
    {                                                                                    \
        -1, -1                                                                           \
    }

/* Returns S_OK, or HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES) with it left closed. */
HRESULT wsd_wake_fd_open(struct wsd_wake_fd *wake);
void wsd_wake_fd_close(struct wsd_wake_fd *wake); /* safe when closed */

/* Both are safe from any thread, and do nothing when closed. */
void wsd_wake_fd_signal(struct wsd_wake_fd *wake);
void wsd_wake_fd_clear(struct wsd_wake_fd *wake);

#endif
