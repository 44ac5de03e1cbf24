/* shared_mem -- a failing_mem for threads. */
#ifndef WSD_TESTS_SHARED_MEM_H
#define WSD_TESTS_SHARED_MEM_H

#include <pthread.h>

#include "support/failing_mem.h"

struct shared_mem {
    struct wsd_mem mem;
    pthread_mutex_t mutex;
    struct failing_mem inner;
};

static inline void *shared_alloc(size_t size, void *user)
{
    struct shared_mem *self = user;
    void *block;

    pthread_mutex_lock(&self->mutex);
    block = failing_alloc(size, &self->inner);
    pthread_mutex_unlock(&self->mutex);
    return block;
}

static inline void shared_release(void *block, void *user)
{
    struct shared_mem *self = user;

    pthread_mutex_lock(&self->mutex);
    failing_release(block, &self->inner);
    pthread_mutex_unlock(&self->mutex);
}

static inline void shared_mem_init(struct shared_mem *self)
{
    self->mem = (struct wsd_mem){shared_alloc, shared_release, self};
    self->inner = (struct failing_mem)FAILING_MEM(-1, NULL);
    pthread_mutex_init(&self->mutex, NULL);
}

static inline void shared_mem_fini(struct shared_mem *self)
{
    pthread_mutex_destroy(&self->mutex);
}

/* From now on so many allocations are granted, all of them if it is < 0. */
static inline void shared_mem_grant(struct shared_mem *self, int grants)
{
    pthread_mutex_lock(&self->mutex);
    self->inner.grants = grants;
    pthread_mutex_unlock(&self->mutex);
}

static inline int shared_mem_live(struct shared_mem *self)
{
    int live;

    pthread_mutex_lock(&self->mutex);
    live = self->inner.live;
    pthread_mutex_unlock(&self->mutex);
    return live;
}

#endif
