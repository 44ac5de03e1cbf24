#include "api/internet_handles.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "wininet/option.h"

/* ---- the process ---- */

static struct {
    struct wsd_monitor monitor;
    struct wsd_internet_options options; /* enter monitor */
    struct wsd_handle_table handles;
    atomic_bool has_handles; /* from the first one on; set in monitor */
} process = {.monitor = WSD_MONITOR_STATIC, .options = WSD_INTERNET_OPTIONS_INIT};

static bool make_handles(void)
{
    wsd_monitor_enter(&process.monitor);
    if (!process.has_handles)
        process.has_handles =
            wsd_handle_table_init(&process.handles, wsd_mem_heap()) == S_OK;
    wsd_monitor_leave(&process.monitor);
    return process.has_handles;
}

void wsd_internet_get_defaults(struct wsd_internet_options *options)
{
    wsd_monitor_enter(&process.monitor);
    *options = process.options;
    wsd_monitor_leave(&process.monitor);
}

HRESULT wsd_internet_set_option(struct wsd_internet_object *object, DWORD option,
                                const void *buffer, DWORD length)
{
    HRESULT hr;

    wsd_monitor_enter(&process.monitor);
    hr = wsd_option_set(object, &process.options, option, buffer, length);
    wsd_monitor_leave(&process.monitor);
    return hr;
}

/* ---- handles ---- */

HINTERNET wsd_internet_handle_of(const struct wsd_internet_object *object)
{
    return (HINTERNET)object->base.handle;
}

struct wsd_internet_object *wsd_internet_find(HINTERNET handle)
{
    struct wsd_handle_object *object = NULL;

    if (process.has_handles)
        object = wsd_handle_table_get(&process.handles, (uintptr_t)handle);
    return (struct wsd_internet_object *)object;
}

void wsd_internet_release(struct wsd_internet_object *object)
{
    if (object != NULL)
        wsd_handle_object_release(&object->base);
}

HRESULT wsd_internet_find_kind(HINTERNET handle, enum wsd_internet_kind kind,
                               HRESULT none, HRESULT other,
                               struct wsd_internet_object **out)
{
    struct wsd_internet_object *object = wsd_internet_find(handle);

    if (object == NULL)
        return none;
    if (object->kind != kind) {
        wsd_internet_release(object);
        return other;
    }
    *out = object;
    return S_OK;
}

HRESULT wsd_internet_add(struct wsd_internet_object *object)
{
    struct wsd_internet_object *parent = object->parent;
    HRESULT hr = E_OUTOFMEMORY;

    if (make_handles())
        hr = wsd_handle_table_add(&process.handles, &object->base,
                                  parent == NULL ? NULL : &parent->base);
    if (FAILED(hr)) {
        object->close(object);
        wsd_internet_release(object);
    }
    return hr;
}

HRESULT wsd_internet_close(HINTERNET handle)
{
    struct wsd_handle_object *object = NULL;
    HRESULT hr = S_OK;

    if (process.has_handles)
        object = wsd_handle_table_remove(&process.handles, (uintptr_t)handle);
    if (object == NULL)
        return HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE);
    while (object != NULL) {
        struct wsd_internet_object *closed = (struct wsd_internet_object *)object;
        HRESULT result = closed->close(closed);

        object = object->next;
        wsd_internet_release(closed);
        if (hr == S_OK)
            hr = result;
    }
    return hr;
}
