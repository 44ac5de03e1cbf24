/*
 * handle_table -- numbers for objects that form a tree.
 *
 * A number has an index and a generation, so that one that was given back is never
 * another object's.  Removing an object removes those below it.  For any thread.
 */
#ifndef WSD_WININET_HANDLE_TABLE_H
#define WSD_WININET_HANDLE_TABLE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "os/monitor.h"
#include "wsd_types.h"

#define WSD_MAX_HANDLES 65536

/* The head of every object. */
struct wsd_handle_object {
    void (*destroy)(struct wsd_handle_object *object); /* after the last reference */
    atomic_uint references;
    uintptr_t handle; /* constant once it is in the table */

    /* The table's */
    struct wsd_handle_object *parent, *first_child, *previous, *next;
};

struct wsd_handle_slot {
    struct wsd_handle_object *object; /* NULL: free */
    uintptr_t generation;
    size_t next_free;
};

struct wsd_handle_table {
    const struct wsd_mem *mem; /* borrowed */
    struct {
        struct wsd_monitor monitor;
        struct wsd_handle_slot *slots;
        size_t count, capacity;
        size_t first_free; /* SIZE_MAX: none */
    } synced;
};

/* S_OK or E_OUTOFMEMORY; fini requires that it is empty. */
HRESULT wsd_handle_table_init(struct wsd_handle_table *table, const struct wsd_mem *mem);
void wsd_handle_table_fini(struct wsd_handle_table *table);

/* Gives the object its number, below `parent` (NULL: below nothing), and keeps a
 * reference.  S_OK; as HRESULTs ERROR_INTERNET_OPERATION_CANCELLED: the parent was
 * removed, and ERROR_INTERNET_OUT_OF_HANDLES; E_OUTOFMEMORY. */
HRESULT wsd_handle_table_add(struct wsd_handle_table *table,
                             struct wsd_handle_object *object,
                             struct wsd_handle_object *parent);

/* A new reference to the object of this number, or NULL. */
struct wsd_handle_object *wsd_handle_table_get(struct wsd_handle_table *table,
                                               uintptr_t handle);

/* Takes the object and all below it out: the first of a list by `next`, children before
 * their parents, with the table's references.  NULL: no such number. */
struct wsd_handle_object *wsd_handle_table_remove(struct wsd_handle_table *table,
                                                  uintptr_t handle);

/* The last reference destroys it. */
void wsd_handle_object_release(struct wsd_handle_object *object);

#endif
