#ifndef WSD_TESTS_FAILING_MEM_H
#define WSD_TESTS_FAILING_MEM_H

#include <stdlib.h>

#include "base/mem.h"

/* An allocator that grants `grants` allocations and refuses the rest, and that
 * counts blocks not yet released.  grants < 0 never refuses.  Not for threads. */
struct failing_mem {
    struct wsd_mem mem;
    int grants;
    int live;
};

static inline void *failing_alloc(size_t size, void *user)
{
    struct failing_mem *self = user;
    void *block;

    if (self->grants == 0)
        return NULL;
    if (self->grants > 0)
        self->grants--;
    block = calloc(1, size == 0 ? 1 : size);
    if (block != NULL)
        self->live++;
    return block;
}

static inline void failing_release(void *block, void *user)
{
    struct failing_mem *self = user;

    if (block != NULL)
        self->live--;
    free(block);
}

#define FAILING_MEM(n, self)                                                             \
    {                                                                                    \
        .mem = {failing_alloc, failing_release, (self)}, .grants = (n)                   \
    }

#endif
