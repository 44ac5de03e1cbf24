#include "api/internet_handles.h"

#include <stdatomic.h>

#include "base/mem.h"
#include "wininet/internet_error.h"
#include "wininet/option.h"

/* ---- the process ---- */

/* Made at the first call, and there until the process ends. */
struct process {
    struct wsd_handle_table handles;
    struct wsd_monitor monitor;
    struct wsd_internet_options options; /* enter monitor */
};

static _Atomic(struct process *) the_process;

static struct process *process_create(void)
{
    const struct wsd_mem *mem = wsd_mem_heap();
    struct process *process = wsd_alloc(mem, sizeof(*process));

    if (process == NULL)
        return NULL;
    process->options = (struct wsd_internet_options)WSD_INTERNET_OPTIONS_INIT;
    if (wsd_handle_table_init(&process->handles, mem) == S_OK &&
        wsd_monitor_init(&process->monitor) == S_OK)
        return process;
    wsd_handle_table_fini(&process->handles);
    wsd_free(mem, process);
    return NULL;
}

/* NULL without memory. */
static struct process *process_get(void)
{
    struct process *process = atomic_load(&the_process);
    struct process *expected = NULL;

    if (process != NULL)
        return process;
    process = process_create();
    if (process == NULL ||
        atomic_compare_exchange_strong(&the_process, &expected, process))
        return process;
    wsd_handle_table_fini(&process->handles); /* another thread was faster */
    wsd_monitor_fini(&process->monitor);
    wsd_free(wsd_mem_heap(), process);
    return expected;
}

HRESULT wsd_internet_get_defaults(struct wsd_internet_options *options)
{
    struct process *process = process_get();

    if (process == NULL)
        return E_OUTOFMEMORY;
    wsd_monitor_enter(&process->monitor);
    *options = process->options;
    wsd_monitor_leave(&process->monitor);
    return S_OK;
}

HRESULT wsd_internet_set_option(struct wsd_internet_object *object, DWORD option,
                                const void *buffer, DWORD length)
{
    struct process *process = process_get();
    HRESULT hr;

    if (process == NULL)
        return E_OUTOFMEMORY;
    wsd_monitor_enter(&process->monitor);
    hr = wsd_option_set(object, &process->options, option, buffer, length);
    wsd_monitor_leave(&process->monitor);
    return hr;
}

/* ---- handles ---- */

HINTERNET wsd_internet_handle_of(const struct wsd_internet_object *object)
{
    return (HINTERNET)object->base.handle;
}

struct wsd_internet_object *wsd_internet_find(HINTERNET handle)
{
    struct process *process = process_get();

    if (process == NULL)
        return NULL;
    return (struct wsd_internet_object *)wsd_handle_table_get(&process->handles,
                                                              (uintptr_t)handle);
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
    HRESULT hr = wsd_handle_table_add(&process_get()->handles, &object->base,
                                      parent == NULL ? NULL : &parent->base);

    if (hr == E_HANDLE)
        hr = INTERNET_E(INTERNET_OPERATION_CANCELLED); /* it was there just now */
    if (FAILED(hr))
        wsd_internet_release(object);
    return hr;
}

HRESULT wsd_internet_close(HINTERNET handle)
{
    struct process *process = process_get();
    struct wsd_handle_object *object = NULL;
    HRESULT hr = S_OK;

    if (process != NULL)
        object = wsd_handle_table_remove(&process->handles, (uintptr_t)handle);
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
