#include "service_mhd/mhd_watch.h"

unsigned wsd_mhd_watch_flag(void)
{
    return MHD_is_feature_supported(MHD_FEATURE_EPOLL) == MHD_YES ? MHD_USE_EPOLL : 0;
}

HRESULT wsd_mhd_watch_init(struct wsd_mhd_watch *watch, struct wsd_poller *poller,
                           struct MHD_Daemon *daemon)
{
    const union MHD_DaemonInfo *flags =
        MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_FLAGS);

    *watch = (struct wsd_mhd_watch){.poller = poller, .daemon = daemon, .highest = -1};
    watch->has_epoll = (flags->flags & MHD_USE_EPOLL) != 0;
    if (!watch->has_epoll)
        return S_OK;
    return wsd_poller_watch(
        poller, MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_EPOLL_FD)->epoll_fd,
        WSD_POLLER_IN);
}

HRESULT wsd_mhd_watch_update(struct wsd_mhd_watch *watch)
{
    fd_set in, out, error;
    int highest = -1;
    HRESULT hr = S_OK;

    if (watch->has_epoll)
        return S_OK;
    FD_ZERO(&in);
    FD_ZERO(&out);
    FD_ZERO(&error);
    if (MHD_get_fdset(watch->daemon, &in, &out, &error, &highest) != MHD_YES)
        return E_OUTOFMEMORY;
    for (int fd = 0; fd <= (highest > watch->highest ? highest : watch->highest); fd++) {
        unsigned char what = 0;

        if (FD_ISSET(fd, &in))
            what |= WSD_POLLER_IN;
        if (FD_ISSET(fd, &out))
            what |= WSD_POLLER_OUT;
        if (what != watch->watched[fd]) {
            HRESULT watched = wsd_poller_watch(watch->poller, fd, what);

            if (FAILED(watched))
                hr = watched;
            else
                watch->watched[fd] = what;
        }
    }
    watch->highest = highest;
    return hr;
}
