/*
 * mem -- the one way to allocate.
 *
 * Every object of the library keeps the allocator that it was made with, so that
 * tests can refuse each allocation in turn and count the blocks that are left.
 */
#ifndef WSD_BASE_MEM_H
#define WSD_BASE_MEM_H

#include <stddef.h>

struct wsd_mem {
    void *(*alloc)(size_t size, void *user);  /* NULL when out of memory */
    void (*release)(void *block, void *user); /* accepts NULL */
    void *user;
};

/* The C library's heap. */
const struct wsd_mem *wsd_mem_heap(void);

/* Zeroed memory, or NULL.  A size of 0 gives a block that can be released. */
void *wsd_alloc(const struct wsd_mem *mem, size_t size);

/* The same, with any content: a large buffer costs nothing until it is used. */
void *wsd_alloc_buffer(const struct wsd_mem *mem, size_t size);

/* A copy of `size` bytes with a NUL behind them, or NULL. */
char *wsd_copy(const struct wsd_mem *mem, const char *bytes, size_t size);

/* Releases a block of the same allocator; accepts NULL. */
void wsd_free(const struct wsd_mem *mem, void *block);

#endif
