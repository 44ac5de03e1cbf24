#include "transport_curl/curl_transport.h"

#include <errno.h>
#include <limits.h>
#include <stddef.h>

#include "base/assert.h"
#include "os/clock.h"
#include "os/monitor.h"
#include "os/poller.h"
#include "os/thread.h"
#include "transport_curl/curl_driver.h"
#include "transport_curl/curl_ftp.h"
#include "transport_curl/curl_hosts.h"
#include "transport_curl/curl_http.h"
#include "transport_curl/curl_transfer.h"

#define NEVER UINT64_MAX

/* libcurl would keep four for each transfer that there ever was at a time. */
#define MAX_KEPT_CONNECTIONS 16

/* So many transfers that the memory of each counts for more than its speed. */
#define MANY 128

/* Bytes that one transfer gives before it is the next one's turn. */
#define A_TURN ((size_t)32 * 1024)

struct wsd_curl_transport {
    struct wsd_transport seam;
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_curl_options options;
    atomic_uint references; /* the client's, the thread's, one for each transfer */
    struct wsd_thread thread;
    bool curl_is_up;

    struct {
        struct wsd_monitor monitor;
        struct wsd_curl_driver driver;
        bool stopping;
        bool encrypts; /* a transfer has; then who writes may get SIGPIPE */
        struct wsd_curl_transfer *first; /* of all that have not ended */
        struct wsd_curl_transfer *queue, **queue_end;
        struct wsd_curl_hosts need_length;
    } synced;

    /* The driver only */
    CURLM *multi;
    size_t active;   /* transfers that it has */
    size_t had_more; /* bytes that the last action took of a source that had more */
    struct wsd_poller *poller;
    struct wsd_curl_transfer *touched;
    uint64_t curl_timer_ms; /* when libcurl wants CURL_SOCKET_TIMEOUT, or NEVER */
    struct wsd_curl_sockets sockets;
    curl_socket_t unwatched; /* whose removal is of no interest */
    uint64_t check_ms;       /* when a transfer's timers want a look, or NEVER */
    struct wsd_curl_transfer *looked_for, **looked_for_end; /* by time */
};

void wsd_curl_transport_keep(struct wsd_curl_transport *transport)
{
    atomic_fetch_add(&transport->references, 1);
}

static void transport_close_multi(struct wsd_curl_transport *transport)
{
    wsd_curl_sockets_shut(&transport->sockets);
    if (transport->multi != NULL)
        curl_multi_cleanup(transport->multi);
    transport->multi = NULL;
    transport->curl_timer_ms = NEVER;
}

static void transport_close(struct wsd_curl_transport *transport)
{
    transport_close_multi(transport);
    wsd_poller_destroy(transport->poller);
    transport->poller = NULL;
}

void wsd_curl_transport_drop(struct wsd_curl_transport *transport)
{
    if (atomic_fetch_sub(&transport->references, 1) > 1)
        return;
    transport_close(transport);
    wsd_curl_driver_fini(&transport->synced.driver);
    wsd_monitor_fini(&transport->synced.monitor);
    if (transport->curl_is_up)
        curl_global_cleanup();
    wsd_curl_settings_wipe(transport->mem, &transport->options.settings);
    wsd_free(transport->mem, transport);
}

/* ---- any thread ---- */

static void transport_queue_locked(struct wsd_curl_transfer *transfer, unsigned what)
{
    struct wsd_curl_transport *transport = transfer->transport;

    if (transfer->synced.ended || what == 0)
        return;
    transfer->synced.requests |= what;
    if (transfer->synced.queued)
        return;
    transfer->synced.queued = true;
    transfer->synced.next_queued = NULL;
    atomic_fetch_add(&transfer->references, 1);
    *transport->synced.queue_end = transfer;
    transport->synced.queue_end = &transfer->synced.next_queued;
}

static void transport_tell_and_leave(struct wsd_curl_transport *transport)
{
    struct wsd_curl_driver *driver = &transport->synced.driver;
    bool sleeps = (transport->synced.queue != NULL || transport->synced.stopping) &&
                  wsd_curl_driver_tell_locked(driver);

    wsd_monitor_leave(&transport->synced.monitor);
    if (sleeps)
        wsd_wake_fd_signal(&driver->wake);
}

void wsd_curl_transport_request(struct wsd_curl_transfer *transfer, unsigned what)
{
    struct wsd_curl_transport *transport = transfer->transport;

    wsd_monitor_enter(&transport->synced.monitor);
    transport_queue_locked(transfer, what);
    transport_tell_and_leave(transport);
}

bool wsd_curl_transport_wants_end(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transport *transport = transfer->transport;
    bool wanted;

    wsd_monitor_enter(&transport->synced.monitor);
    wanted = transport->synced.stopping || (transfer->synced.requests & WSD_CURL_ABORT);
    wsd_monitor_leave(&transport->synced.monitor);
    return wanted;
}

bool wsd_curl_transport_needs_length(struct wsd_curl_transport *transport, uint64_t host)
{
    bool needed;

    wsd_monitor_enter(&transport->synced.monitor);
    needed = wsd_curl_hosts_have(&transport->synced.need_length, host);
    wsd_monitor_leave(&transport->synced.monitor);
    return needed;
}

void wsd_curl_transport_note_length(struct wsd_curl_transport *transport, uint64_t host)
{
    wsd_monitor_enter(&transport->synced.monitor);
    wsd_curl_hosts_add(&transport->synced.need_length, host);
    wsd_monitor_leave(&transport->synced.monitor);
}

static struct wsd_curl_transport *transport_from_seam(struct wsd_transport *seam)
{
    return (void *)((char *)seam - offsetof(struct wsd_curl_transport, seam));
}

static HRESULT transport_add(struct wsd_curl_transfer *transfer,
                             struct wsd_transfer **out)
{
    struct wsd_curl_transport *transport = transfer->transport;
    HRESULT hr = S_OK;

    wsd_monitor_enter(&transport->synced.monitor);
    if (transport->synced.stopping) {
        hr = E_ABORT;
    } else {
        transport->synced.encrypts |= transfer->is_encrypted;
        transfer->synced.next = transport->synced.first;
        if (transport->synced.first != NULL)
            transport->synced.first->synced.previous = transfer;
        transport->synced.first = transfer;
    }
    wsd_monitor_leave(&transport->synced.monitor);
    if (FAILED(hr)) {
        wsd_curl_transfer_release(transfer);
        wsd_curl_transfer_release(transfer);
        return hr;
    }
    *out = &transfer->seam;
    return S_OK;
}

static HRESULT transport_prepare(struct wsd_transport *seam,
                                 const struct wsd_http_request *request,
                                 struct wsd_transfer_handler *handler,
                                 struct wsd_transfer **out)
{
    struct wsd_curl_transport *transport = transport_from_seam(seam);
    struct wsd_curl_transfer *transfer;
    HRESULT hr =
        wsd_curl_http_create(transport->mem, transport, request, handler, &transfer);

    return FAILED(hr) ? hr : transport_add(transfer, out);
}

static HRESULT transport_prepare_ftp(struct wsd_transport *seam,
                                     const struct wsd_ftp_request *request,
                                     struct wsd_transfer_handler *handler,
                                     struct wsd_transfer **out)
{
    struct wsd_curl_transport *transport = transport_from_seam(seam);
    struct wsd_curl_transfer *transfer;
    HRESULT hr =
        wsd_curl_ftp_create(transport->mem, transport, request, handler, &transfer);

    return FAILED(hr) ? hr : transport_add(transfer, out);
}

static void transport_release(struct wsd_transport *seam)
{
    wsd_curl_transport_release(transport_from_seam(seam));
}

static const struct wsd_transport_vtable transport_vtable = {
    .prepare = transport_prepare,
    .prepare_ftp = transport_prepare_ftp,
    .release = transport_release,
};

const struct wsd_curl_options *
wsd_curl_transport_options(const struct wsd_curl_transport *transport)
{
    return &transport->options;
}

struct wsd_observer *wsd_curl_transport_observer(struct wsd_curl_transport *transport)
{
    return &transport->options.observer;
}

struct wsd_transport *wsd_curl_transport_seam(struct wsd_curl_transport *transport)
{
    return &transport->seam;
}

/* ---- the driver ---- */

void wsd_curl_transport_touch(struct wsd_curl_transfer *transfer)
{
    if (transfer->touched)
        return;
    transfer->touched = true;
    atomic_fetch_add(&transfer->references, 1);
    transfer->next_touched = transfer->transport->touched;
    transfer->transport->touched = transfer;
}

void wsd_curl_transport_note_more(struct wsd_curl_transfer *transfer, size_t taken)
{
    transfer->transport->had_more = taken;
}

void wsd_curl_transport_look_again(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transport *transport = transfer->transport;

    if (transfer->looked_for != NULL)
        return; /* then it will be sooner */
    transfer->looked_for = transport->looked_for_end;
    transfer->look_ms = wsd_clock_ms() + WSD_PULL_AGAIN_MS;
    transfer->next_looked_for = NULL;
    *transport->looked_for_end = transfer;
    transport->looked_for_end = &transfer->next_looked_for;
}

static void transport_look_no_more(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transfer *next = transfer->next_looked_for;

    if (transfer->looked_for == NULL)
        return;
    *transfer->looked_for = next;
    if (next != NULL)
        next->looked_for = transfer->looked_for;
    else
        transfer->transport->looked_for_end = transfer->looked_for;
    transfer->looked_for = NULL;
}

struct wsd_curl_sockets *wsd_curl_transport_sockets(struct wsd_curl_transport *transport)
{
    return &transport->sockets;
}

void wsd_curl_transport_schedule(struct wsd_curl_transport *transport, uint64_t when_ms)
{
    if (when_ms < transport->check_ms)
        transport->check_ms = when_ms;
}

void wsd_curl_transport_forget(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transport *transport = transfer->transport;

    transport_look_no_more(transfer);
    wsd_monitor_enter(&transport->synced.monitor);
    transfer->synced.ended = true;
    if (transfer->synced.previous != NULL)
        transfer->synced.previous->synced.next = transfer->synced.next;
    else
        transport->synced.first = transfer->synced.next;
    if (transfer->synced.next != NULL)
        transfer->synced.next->synced.previous = transfer->synced.previous;
    wsd_monitor_leave(&transport->synced.monitor);
}

static int transport_on_socket(CURL *easy, curl_socket_t fd, int what, void *context,
                               void *unused)
{
    struct wsd_curl_transport *transport = context;
    struct wsd_curl_transfer *transfer = NULL;
    bool removed = what == CURL_POLL_REMOVE;
    unsigned watch = 0;
    HRESULT hr;

    (void)unused;
    if (removed && fd == transport->unwatched)
        return 0;
    if (removed) {
        wsd_curl_sockets_leave(&transport->sockets, fd);
        what = CURL_POLL_NONE;
    }
    if (what & CURL_POLL_IN)
        watch |= WSD_POLLER_IN;
    if (what & CURL_POLL_OUT)
        watch |= WSD_POLLER_OUT;
    hr = wsd_poller_watch(transport->poller, fd, watch);
    /* libcurl's own handle, for connections without a transfer, has no private pointer */
    if (curl_easy_getinfo(easy, CURLINFO_PRIVATE, (char **)&transfer) == CURLE_OK &&
        transfer != NULL) {
        transfer->interest = what;
        transfer->fd = removed ? CURL_SOCKET_BAD : fd;
        if (removed)
            wsd_curl_transfer_leave_socket(transfer, fd);
        if (FAILED(hr))
            transfer->failure = hr;
        wsd_curl_transport_touch(transfer);
    }
    return 0;
}

static int transport_on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct wsd_curl_transport *transport = context;

    (void)multi;
    transport->curl_timer_ms =
        timeout_ms < 0 ? NEVER : wsd_clock_ms() + (uint64_t)timeout_ms;
    return 0;
}

static CURLM *transport_multi(struct wsd_curl_transport *transport)
{
    if (transport->multi == NULL) {
        transport->multi = curl_multi_init();
        curl_multi_setopt(transport->multi, CURLMOPT_MAXCONNECTS,
                          (long)MAX_KEPT_CONNECTIONS);
        curl_multi_setopt(transport->multi, CURLMOPT_SOCKETFUNCTION, transport_on_socket);
        curl_multi_setopt(transport->multi, CURLMOPT_SOCKETDATA, transport);
        curl_multi_setopt(transport->multi, CURLMOPT_TIMERFUNCTION, transport_on_timer);
        curl_multi_setopt(transport->multi, CURLMOPT_TIMERDATA, transport);
    }
    return transport->multi;
}

bool wsd_curl_transport_is_crowded(const struct wsd_curl_transport *transport)
{
    return transport->active > MAX_KEPT_CONNECTIONS;
}

HRESULT wsd_curl_transport_add(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transport *transport = transfer->transport;

    /* libcurl would look at the connections of all others for one that is free. */
    if (wsd_curl_transport_is_crowded(transport))
        curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
    wsd_curl_transfer_set_upload_buffer(transfer, transport->active >= MANY);
    if (curl_multi_add_handle(transport_multi(transport), transfer->easy) != CURLM_OK)
        return E_OUTOFMEMORY;
    transfer->added = true;
    transport->active++;
    return S_OK;
}

void wsd_curl_transport_remove(struct wsd_curl_transfer *transfer)
{
    struct wsd_curl_transport *transport = transfer->transport;

    /* libcurl closes what is not connected before it tells so: by then the number may be
     * another thread's. */
    if (!transfer->connected && transfer->fd != CURL_SOCKET_BAD) {
        wsd_poller_watch(transport->poller, transfer->fd, 0);
        transport->unwatched = transfer->fd;
    }
    curl_multi_remove_handle(transport_multi(transport), transfer->easy);
    transport->unwatched = transfer->fd = CURL_SOCKET_BAD;
    transfer->added = false;
    transport->active--;
}

/* Which transfers libcurl has finished. */
static void transport_collect(struct wsd_curl_transport *transport)
{
    CURLMsg *message;
    int left;

    while (transport->multi != NULL &&
           (message = curl_multi_info_read(transport->multi, &left)) != NULL) {
        struct wsd_curl_transfer *transfer = NULL;

        if (message->msg != CURLMSG_DONE)
            continue;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, (char **)&transfer);
        transfer->curl_is_done = true;
        transfer->curl_result = message->data.result;
        transfer->lacks_memory = errno == ENOMEM;
        wsd_curl_transport_touch(transfer);
    }
}

/* All transfers that libcurl has touched. */
static void transport_settle(struct wsd_curl_transport *transport)
{
    transport_collect(transport);
    while (transport->touched != NULL) {
        struct wsd_curl_transfer *transfer = transport->touched;

        transport->touched = transfer->next_touched;
        transfer->touched = false;
        if (transfer->easy != NULL)
            wsd_curl_transfer_settle(transfer);
        wsd_curl_transfer_release(transfer);
    }
}

/* Out of memory, libcurl does not say whose socket it watches no more, and what it kept
 * of that socket may crash it later: all begins anew. */
static void transport_give_up(struct wsd_curl_transport *transport)
{
    wsd_monitor_enter(&transport->synced.monitor);
    for (struct wsd_curl_transfer *transfer = transport->synced.first; transfer != NULL;
         transfer = transfer->synced.next) {
        if (!transfer->added)
            continue;
        transfer->failure = E_OUTOFMEMORY;
        wsd_curl_transport_touch(transfer);
    }
    wsd_monitor_leave(&transport->synced.monitor);
    transport_settle(transport);
    transport_close_multi(transport);
}

static void transport_act(struct wsd_curl_transport *transport, curl_socket_t fd,
                          int events)
{
    int running;

    transport->had_more = 0;
    if (transport->multi == NULL)
        return;
    errno = 0; /* for lacks_memory */
    if (curl_multi_socket_action(transport->multi, fd, events, &running) != CURLM_OK)
        transport_give_up(transport);
    transport_collect(transport);
}

/* What is small goes on at once, while all that it needs is in the processor's cache. */
static void transport_turn(struct wsd_curl_transport *transport, curl_socket_t fd,
                           int events)
{
    size_t taken = 0;

    do {
        transport_act(transport, fd, events);
        events = CURL_CSELECT_OUT;
        taken += transport->had_more;
    } while (transport->had_more > 0 && taken < A_TURN);
}

/* Takes the whole queue at once, so that a callback may queue again. */
static void transport_serve(struct wsd_curl_transport *transport)
{
    struct wsd_curl_transfer *queue;

    wsd_monitor_enter(&transport->synced.monitor);
    queue = transport->synced.queue;
    transport->synced.queue = NULL;
    transport->synced.queue_end = &transport->synced.queue;
    wsd_monitor_leave(&transport->synced.monitor);

    while (queue != NULL) {
        struct wsd_curl_transfer *transfer = queue;
        unsigned requests;

        wsd_monitor_enter(&transport->synced.monitor);
        queue = transfer->synced.next_queued;
        requests = transfer->synced.requests;
        transfer->synced.requests = 0;
        transfer->synced.queued = false;
        wsd_monitor_leave(&transport->synced.monitor);
        if (transfer->easy != NULL)
            wsd_curl_transfer_serve(transfer, requests);
        wsd_curl_transfer_release(transfer);
    }
    transport_settle(transport);
}

/* The list changes under a check that ends its transfer; only this thread unlinks. */
static void transport_check(struct wsd_curl_transport *transport, uint64_t now)
{
    struct wsd_curl_transfer *transfer;

    transport->check_ms = NEVER;
    wsd_monitor_enter(&transport->synced.monitor);
    transfer = transport->synced.first;
    while (transfer != NULL) {
        struct wsd_curl_transfer *next = transfer->synced.next;

        wsd_monitor_leave(&transport->synced.monitor);
        wsd_curl_transfer_check(transfer, now);
        wsd_monitor_enter(&transport->synced.monitor);
        transfer = next;
    }
    wsd_monitor_leave(&transport->synced.monitor);
    transport_settle(transport);
}

static void transport_look(struct wsd_curl_transport *transport, uint64_t now)
{
    while (transport->looked_for != NULL && transport->looked_for->look_ms <= now) {
        struct wsd_curl_transfer *transfer = transport->looked_for;

        transport_look_no_more(transfer);
        transfer->body->hurry = true;
        wsd_curl_transfer_wake(transfer);
    }
}

static int transport_patience(const struct wsd_curl_transport *transport, uint64_t next)
{
    uint64_t now = wsd_clock_ms();

    if (transport->curl_timer_ms < next)
        next = transport->curl_timer_ms;
    if (transport->check_ms < next)
        next = transport->check_ms;
    if (transport->looked_for != NULL && transport->looked_for->look_ms < next)
        next = transport->looked_for->look_ms;
    if (next == NEVER)
        return -1;
    if (next <= now)
        return 0;
    return next - now > INT_MAX ? INT_MAX : (int)(next - now);
}

/* Does all that is due without waiting for anybody. */
static void transport_work(struct wsd_curl_transport *transport)
{
    uint64_t now;

    transport_look(transport, wsd_clock_ms());
    transport_serve(transport); /* which settles what the look has found, too */
    now = wsd_clock_ms();       /* not before a timer that began there */
    /* Before libcurl's: ours tell what was waited for. */
    if (transport->check_ms <= now)
        transport_check(transport, now);
    if (transport->curl_timer_ms <= now) {
        transport->curl_timer_ms = NEVER;
        transport_act(transport, CURL_SOCKET_TIMEOUT, 0);
        transport_settle(transport);
    }
}

/* Waits for sockets, requests and timers.  false: the transport is to end. */
static bool transport_listen(struct wsd_curl_transport *transport, uint64_t deadline_ms)
{
    struct wsd_curl_driver *driver = &transport->synced.driver;
    struct wsd_poller_event events[64];
    bool stopping;
    size_t count;

    wsd_monitor_enter(&transport->synced.monitor);
    stopping = transport->synced.stopping;
    if (transport->synced.queue != NULL)
        deadline_ms = 0;
    atomic_store(&driver->listens, deadline_ms > 0);
    wsd_monitor_leave(&transport->synced.monitor);
    if (stopping)
        return false;
    count = wsd_poller_wait(transport->poller, events, sizeof(events) / sizeof(events[0]),
                            transport_patience(transport, deadline_ms));
    atomic_store(&driver->listens, false);
    for (size_t i = 0; i < count; i++) {
        int what = 0;

        if (events[i].fd == driver->wake.read_end) {
            wsd_wake_fd_clear(&driver->wake);
            continue;
        }
        /* An error shows itself in the read; told as such it would hide a response. */
        if (events[i].what & (WSD_POLLER_IN | WSD_POLLER_ERROR))
            what |= CURL_CSELECT_IN;
        if (events[i].what & WSD_POLLER_OUT)
            what |= CURL_CSELECT_OUT;
        transport_turn(transport, events[i].fd, what);
    }
    /* Together: those who can write again are told so one after the other. */
    transport_settle(transport);
    return true;
}

/* Some libcurls end a connection that is kept no more in their own time. */
static bool transport_is_busy(const struct wsd_curl_transport *transport)
{
    return transport->active > 0 || transport->curl_timer_ms != NEVER;
}

bool wsd_curl_transport_drive(struct wsd_curl_transfer *transfer, unsigned what,
                              const struct wsd_transfer_wait *wait)
{
    struct wsd_curl_transport *transport = transfer->transport;
    struct wsd_curl_driver *driver = &transport->synced.driver;
    struct wsd_thread_visit visit;
    bool encrypts, pressing;

    wsd_monitor_enter(&transport->synced.monitor);
    transport_queue_locked(transfer, what);
    if (transport->synced.stopping || transfer->synced.ended ||
        !wsd_curl_driver_take_locked(driver)) {
        transport_tell_and_leave(transport);
        return false;
    }
    encrypts = transport->synced.encrypts;
    wsd_monitor_leave(&transport->synced.monitor);

    wsd_thread_visit_begin(&visit, encrypts);
    do {
        transport_work(transport);
    } while (!wait->is_over(wait) && wsd_clock_ms() < wait->deadline_ms &&
             transport_listen(transport, wait->deadline_ms));
    wsd_thread_visit_end(&visit);
    /* What was not its own does not wait until it comes back. */
    pressing = transport->active > (transfer->added ? 1 : 0) ||
               (transport->active == 0 && transport_is_busy(transport));

    wsd_monitor_enter(&transport->synced.monitor);
    wsd_curl_driver_give_locked(driver, transport->active > 0,
                                pressing || transport->synced.stopping ||
                                    transport->synced.queue != NULL);
    wsd_monitor_leave(&transport->synced.monitor);
    return true;
}

static void transport_run(void *context)
{
    struct wsd_curl_transport *transport = context;
    struct wsd_curl_driver *driver = &transport->synced.driver;
    bool goes_on = true;

    while (goes_on) {
        wsd_monitor_enter(&transport->synced.monitor);
        wsd_curl_driver_await_locked(driver);
        wsd_monitor_leave(&transport->synced.monitor);
        for (transport_work(transport); goes_on && transport_is_busy(transport);
             transport_work(transport))
            goes_on = transport_listen(transport, NEVER);
        wsd_monitor_enter(&transport->synced.monitor);
        goes_on = goes_on && !transport->synced.stopping;
        if (goes_on)
            wsd_curl_driver_give_locked(driver, false, transport->synced.queue != NULL);
        wsd_monitor_leave(&transport->synced.monitor);
    }
    /* Nothing is added any more. */
    while (transport->synced.first != NULL)
        wsd_curl_transfer_finish(transport->synced.first, E_ABORT);
    transport_serve(transport);
    transport_close(transport);
    wsd_curl_transport_drop(transport);
}

/* ---- creation and end ---- */

static HRESULT transport_open(struct wsd_curl_transport *transport,
                              const struct wsd_curl_settings *settings)
{
    HRESULT hr = wsd_monitor_init(&transport->synced.monitor);

    if (hr == S_OK)
        hr = wsd_curl_settings_copy(transport->mem, settings,
                                    &transport->options.settings);
    if (hr == S_OK)
        hr = wsd_curl_driver_init(&transport->synced.driver, &transport->synced.monitor);
    if (hr == S_OK)
        hr = wsd_poller_create(transport->mem, &transport->poller);
    if (hr == S_OK)
        hr = wsd_poller_watch(transport->poller, transport->synced.driver.wake.read_end,
                              WSD_POLLER_IN);
    if (FAILED(hr))
        return hr;
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return E_OUTOFMEMORY;
    transport->curl_is_up = true;
    if (transport_multi(transport) == NULL)
        return E_OUTOFMEMORY;
    return S_OK;
}

HRESULT wsd_curl_transport_create(const struct wsd_mem *mem,
                                  const struct wsd_curl_options *options,
                                  struct wsd_curl_transport **out)
{
    struct wsd_curl_transport *transport;
    HRESULT hr = E_OUTOFMEMORY;
    int held;

    *out = NULL;
    transport = wsd_alloc(mem, sizeof(*transport));
    if (transport == NULL)
        return hr;
    transport->seam.vtable = &transport_vtable;
    transport->mem = mem;
    transport->options = *options;
    transport->options.settings = (struct wsd_curl_settings){0};
    atomic_init(&transport->references, 2); /* the client's and the thread's */
    transport->synced.driver.wake = (struct wsd_wake_fd)WSD_WAKE_FD_CLOSED;
    transport->synced.queue_end = &transport->synced.queue;
    transport->curl_timer_ms = NEVER;
    transport->check_ms = NEVER;
    transport->looked_for_end = &transport->looked_for;
    transport->unwatched = CURL_SOCKET_BAD;
    held = wsd_thread_hold_cancel();
    hr = transport_open(transport, &options->settings);
    if (hr == S_OK)
        hr = wsd_thread_start(&transport->thread, transport_run, transport);
    wsd_thread_allow_cancel(held);
    if (FAILED(hr)) {
        atomic_store(&transport->references, 1); /* there is no thread */
        wsd_curl_transport_drop(transport);
        return hr;
    }
    *out = transport;
    return S_OK;
}

void wsd_curl_transport_release(struct wsd_curl_transport *transport)
{
    bool may_wait = !wsd_thread_is_ours();

    if (!may_wait)
        wsd_observer_dismiss(&transport->options.observer);
    wsd_monitor_enter(&transport->synced.monitor);
    transport->synced.stopping = true;
    transport_tell_and_leave(transport);
    if (may_wait)
        wsd_thread_join(&transport->thread);
    else
        wsd_thread_detach(&transport->thread);
    wsd_curl_transport_drop(transport);
}
