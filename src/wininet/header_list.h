/*
 * header_list -- header lines in their order: those that an application adds, and those
 * of a response.  Names are compared without regard to case.
 */
#ifndef WSD_WININET_HEADER_LIST_H
#define WSD_WININET_HEADER_LIST_H

#include <stdbool.h>
#include <stddef.h>

#include "base/mem.h"
#include "wsd_types.h"

struct wsd_header_list {
    const struct wsd_mem *mem; /* borrowed */
    char **lines;              /* owned: "Name: value" */
    size_t count, capacity;
};

void wsd_header_list_init(struct wsd_header_list *list, const struct wsd_mem *mem);
void wsd_header_list_fini(struct wsd_header_list *list); /* safe on a zeroed list */

/* Exchanges the lines of two lists of one allocator. */
void wsd_header_list_swap(struct wsd_header_list *a, struct wsd_header_list *b);

/* Appends a line.  value: of value_length bytes.  S_OK or E_OUTOFMEMORY. */
HRESULT wsd_header_list_append(struct wsd_header_list *list, const char *name,
                               size_t name_length, const char *value,
                               size_t value_length);
/* The same with strings. */
HRESULT wsd_header_list_add(struct wsd_header_list *list, const char *name,
                            const char *value);
HRESULT wsd_header_list_copy(struct wsd_header_list *list,
                             const struct wsd_header_list *from);

/* Does to the list what HttpAddRequestHeadersA() promises for `length` bytes of text,
 * with the HRESULTs of its errors; a failure changes nothing. */
HRESULT wsd_header_list_modify(struct wsd_header_list *list, const char *text,
                               size_t length, DWORD modifiers);

/* Removes the lines of a name among the first `limit`; returns how many. */
size_t wsd_header_list_remove(struct wsd_header_list *list, const char *line,
                              size_t limit);

/* The value of the line of this name, counted from 0; NULL if there is none. */
const char *wsd_header_list_find(const struct wsd_header_list *list, const char *name,
                                 size_t which);
bool wsd_header_list_has(const struct wsd_header_list *list, const char *name);

#endif
