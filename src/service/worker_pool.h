/*
 * worker_pool -- threads that run the application's handlers, as many as are needed and
 * no more than were allowed.
 */
#ifndef WSD_SERVICE_WORKER_POOL_H
#define WSD_SERVICE_WORKER_POOL_H

#include <stdbool.h>

#include "base/mem.h"
#include "wsd_types.h"

/* What a worker does; a part of the caller's object, which lives until run() has it. */
struct wsd_job {
    void (*run)(struct wsd_job *job);
    struct wsd_job *next; /* the pool's */
};

struct wsd_worker_pool; /* opaque */

/* Starts no thread yet.  S_OK or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_worker_pool_create(const struct wsd_mem *mem, unsigned most,
                               struct wsd_worker_pool **out);

/* Waits until all jobs have been run.  Accepts NULL. */
void wsd_worker_pool_destroy(struct wsd_worker_pool *pool);

/* Runs the job on a worker: jobs begin in the order of these calls.  Never waits for one.
 * S_OK; HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES): there is no thread, and none can
 * be had; the job will not run. */
HRESULT wsd_worker_pool_submit(struct wsd_worker_pool *pool, struct wsd_job *job);

/* Is the calling thread one of its workers? */
bool wsd_worker_pool_is_current(struct wsd_worker_pool *pool);

#endif
