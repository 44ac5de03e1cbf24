#include "service/dispatcher.h"

#include "service/call.h"

HRESULT wsd_dispatcher_create(const struct wsd_mem *mem,
                              const struct wsd_dispatcher_options *options,
                              struct wsd_dispatcher **out)
{
    struct wsd_dispatcher *dispatcher = wsd_alloc(mem, sizeof(*dispatcher));
    HRESULT hr;

    *out = NULL;
    if (dispatcher == NULL)
        return E_OUTOFMEMORY;
    dispatcher->mem = mem;
    dispatcher->options = *options;
    wsd_handlers_init(&dispatcher->handlers, mem);
    hr = wsd_monitor_init(&dispatcher->synced.monitor);
    if (hr == S_OK)
        hr = wsd_worker_pool_create(mem, options->max_workers, &dispatcher->workers);
    if (FAILED(hr)) {
        wsd_dispatcher_destroy(dispatcher);
        return hr;
    }
    *out = dispatcher;
    return S_OK;
}

void wsd_dispatcher_destroy(struct wsd_dispatcher *dispatcher)
{
    if (dispatcher == NULL)
        return;
    wsd_worker_pool_destroy(dispatcher->workers);
    wsd_handlers_fini(&dispatcher->handlers);
    wsd_monitor_fini(&dispatcher->synced.monitor);
    wsd_free(dispatcher->mem, dispatcher);
}

/* ---- the list ---- */

bool wsd_dispatcher_enter(struct wsd_dispatcher *dispatcher, struct wsd_call_link *link)
{
    bool entered;

    wsd_monitor_enter(&dispatcher->synced.monitor);
    entered = !dispatcher->synced.closed &&
              dispatcher->synced.count < dispatcher->options.max_requests;
    if (entered) {
        wsd_call_add_ref(link->call);
        link->next = dispatcher->synced.first;
        if (link->next != NULL)
            link->next->previous = link;
        dispatcher->synced.first = link;
        dispatcher->synced.count++;
    }
    wsd_monitor_leave(&dispatcher->synced.monitor);
    return entered;
}

void wsd_dispatcher_answered(struct wsd_dispatcher *dispatcher,
                             struct wsd_call_link *link)
{
    wsd_monitor_enter(&dispatcher->synced.monitor);
    link->answered = true;
    dispatcher->synced.count--;
    wsd_monitor_leave(&dispatcher->synced.monitor);
}

void wsd_dispatcher_leave(struct wsd_dispatcher *dispatcher, struct wsd_call_link *link)
{
    wsd_monitor_enter(&dispatcher->synced.monitor);
    if (link->previous != NULL)
        link->previous->next = link->next;
    else
        dispatcher->synced.first = link->next;
    if (link->next != NULL)
        link->next->previous = link->previous;
    if (link->cut && link->failed)
        dispatcher->synced.lost = true;
    if (!link->answered)
        dispatcher->synced.count--;
    if (dispatcher->synced.first == NULL)
        wsd_monitor_wake_all(&dispatcher->synced.monitor);
    wsd_monitor_leave(&dispatcher->synced.monitor);
    wsd_call_release(link->call);
}

/* ---- to stop ---- */

void wsd_dispatcher_close(struct wsd_dispatcher *dispatcher)
{
    wsd_monitor_enter(&dispatcher->synced.monitor);
    dispatcher->synced.closed = true;
    wsd_monitor_leave(&dispatcher->synced.monitor);
}

bool wsd_dispatcher_drain(struct wsd_dispatcher *dispatcher, uint64_t deadline_ms)
{
    bool empty;

    wsd_monitor_enter(&dispatcher->synced.monitor);
    while (dispatcher->synced.first != NULL &&
           wsd_monitor_wait_until(&dispatcher->synced.monitor, deadline_ms)) {
    }
    empty = dispatcher->synced.first == NULL;
    wsd_monitor_leave(&dispatcher->synced.monitor);
    return empty;
}

/* NULL: all are cut. */
static struct wsd_call *next_to_cut(struct wsd_dispatcher *dispatcher)
{
    struct wsd_call_link *link;
    struct wsd_call *call = NULL;

    wsd_monitor_enter(&dispatcher->synced.monitor);
    link = dispatcher->synced.first;
    while (link != NULL && link->cut)
        link = link->next;
    if (link != NULL) {
        link->cut = true;
        call = link->call;
        wsd_call_add_ref(call);
    }
    wsd_monitor_leave(&dispatcher->synced.monitor);
    return call;
}

void wsd_dispatcher_cut(struct wsd_dispatcher *dispatcher)
{
    struct wsd_call *call;

    while ((call = next_to_cut(dispatcher)) != NULL) {
        wsd_call_abort(call);
        wsd_call_release(call);
    }
}

bool wsd_dispatcher_has_lost(struct wsd_dispatcher *dispatcher)
{
    bool lost;

    wsd_monitor_enter(&dispatcher->synced.monitor);
    lost = dispatcher->synced.lost;
    wsd_monitor_leave(&dispatcher->synced.monitor);
    return lost;
}
