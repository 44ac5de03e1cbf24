#include "wininet/internet_object.h"

#include "wininet/internet_error.h"

static void object_destroy(struct wsd_handle_object *base)
{
    struct wsd_internet_object *object = (struct wsd_internet_object *)base;
    struct wsd_internet_object *parent = object->parent;

    wsd_transaction_release(object->synced.transaction);
    if (object->fini != NULL)
        object->fini(object);
    wsd_monitor_fini(&object->synced.monitor);
    wsd_free(object->mem, object);
    if (parent != NULL)
        wsd_handle_object_release(&parent->base);
}

HRESULT wsd_internet_object_init(struct wsd_internet_object *object,
                                 const struct wsd_mem *mem, enum wsd_internet_kind kind,
                                 struct wsd_internet_object *parent,
                                 const struct wsd_internet_options *options)
{
    object->base.destroy = object_destroy;
    atomic_init(&object->base.references, 1);
    object->kind = kind;
    object->mem = mem;
    object->parent = parent;
    if (parent != NULL)
        atomic_fetch_add(&parent->base.references, 1);
    object->synced.options = *options;
    return wsd_monitor_init(&object->synced.monitor);
}

HRESULT wsd_internet_object_enter(struct wsd_internet_object *object)
{
    HRESULT hr = S_OK;

    wsd_monitor_enter(&object->synced.monitor);
    while (object->synced.is_busy && !object->synced.is_closed)
        wsd_monitor_wait_until(&object->synced.monitor, UINT64_MAX);
    if (object->synced.is_closed)
        hr = INTERNET_E(INTERNET_OPERATION_CANCELLED);
    else
        object->synced.is_busy = true;
    wsd_monitor_leave(&object->synced.monitor);
    return hr;
}

void wsd_internet_object_leave(struct wsd_internet_object *object)
{
    wsd_monitor_enter(&object->synced.monitor);
    object->synced.is_busy = false;
    wsd_monitor_wake_all(&object->synced.monitor);
    wsd_monitor_leave(&object->synced.monitor);
}

void wsd_internet_object_set_transaction(struct wsd_internet_object *object,
                                         struct wsd_transaction *transaction)
{
    struct wsd_transaction *former;
    bool is_closed;

    wsd_monitor_enter(&object->synced.monitor);
    former = object->synced.transaction;
    object->synced.transaction = transaction;
    is_closed = object->synced.is_closed;
    wsd_monitor_leave(&object->synced.monitor);
    if (former != NULL)
        wsd_transaction_abandon(former);
    wsd_transaction_release(former);
    if (is_closed)
        wsd_internet_object_cancel(object);
}

bool wsd_internet_object_shut(struct wsd_internet_object *object)
{
    bool was_idle;

    wsd_monitor_enter(&object->synced.monitor);
    object->synced.is_closed = true;
    was_idle = !object->synced.is_busy;
    wsd_monitor_wake_all(&object->synced.monitor);
    wsd_monitor_leave(&object->synced.monitor);
    return was_idle;
}

void wsd_internet_object_cancel(struct wsd_internet_object *object)
{
    struct wsd_transaction *transaction;

    wsd_monitor_enter(&object->synced.monitor);
    transaction = object->synced.transaction;
    if (transaction != NULL)
        wsd_transaction_keep(transaction);
    wsd_monitor_leave(&object->synced.monitor);
    if (transaction != NULL)
        wsd_transaction_abandon(transaction);
    wsd_transaction_release(transaction);
}

void wsd_internet_object_get_options(struct wsd_internet_object *object,
                                     struct wsd_internet_options *options)
{
    wsd_monitor_enter(&object->synced.monitor);
    *options = object->synced.options;
    wsd_monitor_leave(&object->synced.monitor);
}
