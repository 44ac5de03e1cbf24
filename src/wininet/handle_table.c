#include "wininet/handle_table.h"

#include <string.h>

#include "base/assert.h"
#include "wininet/internet_error.h"

#define NONE SIZE_MAX
#define INDEX_BITS 16

HRESULT wsd_handle_table_init(struct wsd_handle_table *table, const struct wsd_mem *mem)
{
    memset(table, 0, sizeof(*table));
    table->mem = mem;
    table->synced.first_free = NONE;
    return wsd_monitor_init(&table->synced.monitor);
}

void wsd_handle_table_fini(struct wsd_handle_table *table)
{
    if (table->synced.slots != NULL)
        wsd_free(table->mem, table->synced.slots);
    wsd_monitor_fini(&table->synced.monitor);
}

void wsd_handle_object_release(struct wsd_handle_object *object)
{
    if (atomic_fetch_sub(&object->references, 1) == 1)
        object->destroy(object);
}

static HRESULT grow_locked(struct wsd_handle_table *table)
{
    size_t capacity = table->synced.capacity == 0 ? 16 : 2 * table->synced.capacity;
    struct wsd_handle_slot *slots;

    if (table->synced.count < table->synced.capacity)
        return S_OK;
    if (table->synced.count == WSD_MAX_HANDLES)
        return INTERNET_E(INTERNET_OUT_OF_HANDLES);
    slots = wsd_alloc(table->mem, capacity * sizeof(*slots));
    if (slots == NULL)
        return E_OUTOFMEMORY;
    if (table->synced.slots != NULL) {
        memcpy(slots, table->synced.slots, table->synced.count * sizeof(*slots));
        wsd_free(table->mem, table->synced.slots);
    }
    table->synced.slots = slots;
    table->synced.capacity = capacity;
    return S_OK;
}

static HRESULT take_slot_locked(struct wsd_handle_table *table, size_t *index)
{
    HRESULT hr;

    *index = table->synced.first_free;
    if (*index != NONE) {
        table->synced.first_free = table->synced.slots[*index].next_free;
        return S_OK;
    }
    hr = grow_locked(table);
    if (FAILED(hr))
        return hr;
    *index = table->synced.count++;
    table->synced.slots[*index] = (struct wsd_handle_slot){.generation = 1};
    return S_OK;
}

/* NULL if the number is none. */
static struct wsd_handle_slot *find_locked(struct wsd_handle_table *table,
                                           uintptr_t handle)
{
    size_t index = handle & (((uintptr_t)1 << INDEX_BITS) - 1);
    struct wsd_handle_slot *slot;

    if (index >= table->synced.count)
        return NULL;
    slot = &table->synced.slots[index];
    return slot->object != NULL && slot->object->handle == handle ? slot : NULL;
}

static void link_locked(struct wsd_handle_object *object,
                        struct wsd_handle_object *parent)
{
    object->parent = parent;
    if (parent == NULL)
        return;
    object->next = parent->first_child;
    if (object->next != NULL)
        object->next->previous = object;
    parent->first_child = object;
}

static void unlink_locked(struct wsd_handle_object *object)
{
    if (object->previous != NULL)
        object->previous->next = object->next;
    else if (object->parent != NULL)
        object->parent->first_child = object->next;
    if (object->next != NULL)
        object->next->previous = object->previous;
    object->previous = NULL;
    object->next = NULL;
}

HRESULT wsd_handle_table_add(struct wsd_handle_table *table,
                             struct wsd_handle_object *object,
                             struct wsd_handle_object *parent)
{
    struct wsd_handle_slot *slot;
    HRESULT hr = S_OK;
    size_t index;

    wsd_monitor_enter(&table->synced.monitor);
    if (parent != NULL && find_locked(table, parent->handle) == NULL)
        hr = INTERNET_E(INTERNET_OPERATION_CANCELLED);
    if (hr == S_OK)
        hr = take_slot_locked(table, &index);
    if (hr == S_OK) {
        slot = &table->synced.slots[index];
        slot->object = object;
        object->handle = slot->generation << INDEX_BITS | index;
        atomic_fetch_add(&object->references, 1);
        link_locked(object, parent);
    }
    wsd_monitor_leave(&table->synced.monitor);
    return hr;
}

struct wsd_handle_object *wsd_handle_table_get(struct wsd_handle_table *table,
                                               uintptr_t handle)
{
    struct wsd_handle_slot *slot;
    struct wsd_handle_object *object = NULL;

    wsd_monitor_enter(&table->synced.monitor);
    slot = find_locked(table, handle);
    if (slot != NULL) {
        object = slot->object;
        atomic_fetch_add(&object->references, 1);
    }
    wsd_monitor_leave(&table->synced.monitor);
    return object;
}

/* Prepends the object, then its children, so that they come before it. */
static void take_out_locked(struct wsd_handle_table *table,
                            struct wsd_handle_object *object,
                            struct wsd_handle_object **list)
{
    struct wsd_handle_slot *slot = find_locked(table, object->handle);

    WSD_ASSERT(slot != NULL);
    unlink_locked(object);
    slot->object = NULL;
    if (slot->generation++ < UINTPTR_MAX >> INDEX_BITS) { /* its last one: never again */
        slot->next_free = table->synced.first_free;
        table->synced.first_free = (size_t)(slot - table->synced.slots);
    }
    object->next = *list;
    *list = object;
    while (object->first_child != NULL)
        take_out_locked(table, object->first_child, list);
}

struct wsd_handle_object *wsd_handle_table_remove(struct wsd_handle_table *table,
                                                  uintptr_t handle)
{
    struct wsd_handle_object *list = NULL;
    struct wsd_handle_slot *slot;

    wsd_monitor_enter(&table->synced.monitor);
    slot = find_locked(table, handle);
    if (slot != NULL)
        take_out_locked(table, slot->object, &list);
    wsd_monitor_leave(&table->synced.monitor);
    return list;
}
