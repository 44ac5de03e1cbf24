#include "base/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static void *heap_alloc(size_t size, void *user)
{
    (void)user;
    return malloc(size);
}

static void heap_release(void *block, void *user)
{
    (void)user;
    free(block);
}

const struct wsd_mem *wsd_mem_heap(void)
{
    static const struct wsd_mem heap = {heap_alloc, heap_release, NULL};

    return &heap;
}

void *wsd_alloc_buffer(const struct wsd_mem *mem, size_t size)
{
    /* An allocator may answer 0 with NULL, which would look like "out of memory". */
    return mem->alloc(size == 0 ? 1 : size, mem->user);
}

void *wsd_alloc(const struct wsd_mem *mem, size_t size)
{
    void *block = wsd_alloc_buffer(mem, size);

    if (block != NULL)
        memset(block, 0, size);
    return block;
}

char *wsd_copy(const struct wsd_mem *mem, const char *bytes, size_t size)
{
    char *copy;

    if (size == SIZE_MAX)
        return NULL;
    copy = wsd_alloc(mem, size + 1);
    if (copy != NULL && size > 0)
        memcpy(copy, bytes, size);
    return copy;
}

void wsd_free(const struct wsd_mem *mem, void *block)
{
    mem->release(block, mem->user);
}
