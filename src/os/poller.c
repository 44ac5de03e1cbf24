#include "os/poller.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <unistd.h>

#include "base/assert.h"

/* WSD_PORTABLE_ONLY lets a Linux build test what other systems run. */
#if defined(__linux__) && !defined(WSD_PORTABLE_ONLY)
#    include <sys/epoll.h>

struct wsd_poller {
    const struct wsd_mem *mem;
    int epoll;
};

HRESULT wsd_poller_create(const struct wsd_mem *mem, struct wsd_poller **out)
{
    struct wsd_poller *poller;

    *out = NULL;
    poller = wsd_alloc(mem, sizeof(*poller));
    if (poller == NULL)
        return E_OUTOFMEMORY;
    poller->mem = mem;
    poller->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (poller->epoll < 0) {
        HRESULT hr = errno == ENOMEM ? E_OUTOFMEMORY
                                     : HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);

        wsd_free(mem, poller);
        return hr;
    }
    *out = poller;
    return S_OK;
}

void wsd_poller_destroy(struct wsd_poller *poller)
{
    if (poller == NULL)
        return;
    close(poller->epoll);
    wsd_free(poller->mem, poller);
}

HRESULT wsd_poller_watch(struct wsd_poller *poller, int fd, unsigned what)
{
    struct epoll_event event = {.data.fd = fd};

    if (what == 0) {
        epoll_ctl(poller->epoll, EPOLL_CTL_DEL, fd, &event);
        return S_OK;
    }
    event.events = (what & WSD_POLLER_IN ? (uint32_t)EPOLLIN : 0) |
                   (what & WSD_POLLER_OUT ? (uint32_t)EPOLLOUT : 0);
    /* The kernel alone knows what is watched: closing a descriptor forgets it. */
    if (epoll_ctl(poller->epoll, EPOLL_CTL_MOD, fd, &event) == 0 ||
        (errno == ENOENT && epoll_ctl(poller->epoll, EPOLL_CTL_ADD, fd, &event) == 0))
        return S_OK;
    return E_OUTOFMEMORY;
}

size_t wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                       size_t capacity, int timeout_ms)
{
    struct epoll_event ready[64];
    const size_t most = sizeof(ready) / sizeof(ready[0]);
    int count;

    WSD_ASSERT(capacity > 0);

    count = epoll_wait(poller->epoll, ready, (int)(capacity < most ? capacity : most),
                       timeout_ms);
    for (int i = 0; i < count; i++) {
        const uint32_t is = ready[i].events;

        events[i].fd = ready[i].data.fd;
        events[i].what = (is & EPOLLIN ? WSD_POLLER_IN : 0u) |
                         (is & EPOLLOUT ? WSD_POLLER_OUT : 0u) |
                         (is & (EPOLLERR | EPOLLHUP) ? WSD_POLLER_ERROR : 0u);
    }
    return count > 0 ? (size_t)count : 0;
}
#else
#    include <poll.h>

struct wsd_poller {
    const struct wsd_mem *mem;
    struct pollfd *watched; /* owned; `count` entries used of `capacity` */
    size_t count;
    size_t capacity;
    size_t first; /* where the next wait begins to look, so that nobody starves */
};

HRESULT wsd_poller_create(const struct wsd_mem *mem, struct wsd_poller **out)
{
    *out = wsd_alloc(mem, sizeof(**out));
    if (*out == NULL)
        return E_OUTOFMEMORY;
    (*out)->mem = mem;
    return S_OK;
}

void wsd_poller_destroy(struct wsd_poller *poller)
{
    if (poller == NULL)
        return;
    wsd_free(poller->mem, poller->watched);
    wsd_free(poller->mem, poller);
}

static bool grow(struct wsd_poller *poller)
{
    size_t capacity = poller->capacity + poller->capacity / 2 + 16;
    struct pollfd *watched;

    if (capacity > SIZE_MAX / sizeof(*watched))
        return false;
    watched = wsd_alloc(poller->mem, capacity * sizeof(*watched));
    if (watched == NULL)
        return false;
    if (poller->count > 0)
        memcpy(watched, poller->watched, poller->count * sizeof(*watched));
    wsd_free(poller->mem, poller->watched);
    poller->watched = watched;
    poller->capacity = capacity;
    return true;
}

HRESULT wsd_poller_watch(struct wsd_poller *poller, int fd, unsigned what)
{
    size_t at = 0;

    while (at < poller->count && poller->watched[at].fd != fd)
        at++;
    if (what == 0) {
        if (at < poller->count)
            poller->watched[at] = poller->watched[--poller->count];
        return S_OK;
    }
    if (at == poller->count) {
        if (at == poller->capacity && !grow(poller))
            return E_OUTOFMEMORY;
        poller->count++;
    }
    poller->watched[at] = (struct pollfd){
        .fd = fd,
        .events = (short)((what & WSD_POLLER_IN ? POLLIN : 0) |
                          (what & WSD_POLLER_OUT ? POLLOUT : 0)),
    };
    return S_OK;
}

size_t wsd_poller_wait(struct wsd_poller *poller, struct wsd_poller_event *events,
                       size_t capacity, int timeout_ms)
{
    size_t found = 0;

    WSD_ASSERT(capacity > 0);

    if (poll(poller->watched, (nfds_t)poller->count, timeout_ms) <= 0)
        return 0;
    for (size_t i = 0; i < poller->count && found < capacity; i++) {
        const size_t at = (poller->first + i) % poller->count;
        const short is = poller->watched[at].revents;

        if (is == 0)
            continue;
        events[found].fd = poller->watched[at].fd;
        events[found].what =
            (is & POLLIN ? WSD_POLLER_IN : 0u) | (is & POLLOUT ? WSD_POLLER_OUT : 0u) |
            (is & (POLLERR | POLLHUP | POLLNVAL) ? WSD_POLLER_ERROR : 0u);
        found++;
        if (found == capacity)
            poller->first = at + 1;
    }
    return found;
}
#endif
