#include "os/wake_fd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "os/standard_streams.h"
#include "os/thread.h"

/* WSD_PORTABLE_ONLY lets a Linux build test what other systems run. */
#if defined(__linux__) && !defined(WSD_PORTABLE_ONLY)
#    include <sys/eventfd.h>

static bool open_ends(struct wsd_wake_fd *wake)
{
    wake->read_end = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    wake->write_end = wake->read_end;
    return wake->read_end >= 0;
}
#else
static bool make_private(int fd)
{
    int flags = fcntl(fd, F_GETFL);

    return flags >= 0 && fcntl(fd, F_SETFL, flags | O_NONBLOCK) == 0 &&
           fcntl(fd, F_SETFD, FD_CLOEXEC) == 0;
}

static bool open_ends(struct wsd_wake_fd *wake)
{
    int ends[2];

    if (pipe(ends) != 0)
        return false;
    wake->read_end = ends[0];
    wake->write_end = ends[1];
    return make_private(ends[0]) && make_private(ends[1]);
}
#endif

HRESULT wsd_wake_fd_open(struct wsd_wake_fd *wake)
{
    *wake = (struct wsd_wake_fd)WSD_WAKE_FD_CLOSED;
    if (wsd_standard_streams_hold() && open_ends(wake))
        return S_OK;
    wsd_wake_fd_close(wake);
    return HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);
}

void wsd_wake_fd_close(struct wsd_wake_fd *wake)
{
    int held = wsd_thread_hold_cancel();

    if (wake->read_end >= 0)
        close(wake->read_end);
    if (wake->write_end >= 0 && wake->write_end != wake->read_end)
        close(wake->write_end);
    *wake = (struct wsd_wake_fd)WSD_WAKE_FD_CLOSED;
    wsd_thread_allow_cancel(held);
}

void wsd_wake_fd_signal(struct wsd_wake_fd *wake)
{
    const uint64_t one = 1; /* what an eventfd takes; a pipe takes it in one piece too */
    ssize_t size;
    int held;

    if (wake->write_end < 0)
        return;
    held = wsd_thread_hold_cancel();
    /* EAGAIN is as good as done: it is readable already. */
    do {
        size = write(wake->write_end, &one, sizeof(one));
    } while (size < 0 && errno == EINTR);
    wsd_thread_allow_cancel(held);
}

void wsd_wake_fd_clear(struct wsd_wake_fd *wake)
{
    uint64_t drained[64];
    ssize_t size;
    int held;

    if (wake->read_end < 0)
        return;
    held = wsd_thread_hold_cancel();
    do {
        size = read(wake->read_end, drained, sizeof(drained));
    } while (size == (ssize_t)sizeof(drained) || (size < 0 && errno == EINTR));
    wsd_thread_allow_cancel(held);
}
