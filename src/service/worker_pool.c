#include "service/worker_pool.h"

#include <stddef.h>

#include "os/monitor.h"
#include "os/thread.h"

struct wsd_worker_pool {
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_thread *threads;
    unsigned most;

    struct {
        struct wsd_monitor monitor; /* woken for workers only */
        unsigned started;           /* of the threads */
        unsigned idle;              /* of those, waiting for a job */
        unsigned queued;            /* jobs */
        struct wsd_job *first, **end;
        bool ending;
    } synced;
};

HRESULT wsd_worker_pool_create(const struct wsd_mem *mem, unsigned most,
                               struct wsd_worker_pool **out)
{
    struct wsd_worker_pool *pool = wsd_alloc(mem, sizeof(*pool));
    HRESULT hr = E_OUTOFMEMORY;

    *out = NULL;
    if (pool == NULL)
        return hr;
    pool->mem = mem;
    pool->most = most;
    pool->synced.end = &pool->synced.first;
    pool->threads = wsd_alloc(mem, most * sizeof(*pool->threads));
    if (pool->threads != NULL)
        hr = wsd_monitor_init(&pool->synced.monitor);
    if (FAILED(hr)) {
        wsd_worker_pool_destroy(pool);
        return hr;
    }
    *out = pool;
    return S_OK;
}

void wsd_worker_pool_destroy(struct wsd_worker_pool *pool)
{
    if (pool == NULL)
        return;
    if (pool->synced.monitor.ready) {
        wsd_monitor_enter(&pool->synced.monitor);
        pool->synced.ending = true;
        wsd_monitor_wake_all(&pool->synced.monitor);
        wsd_monitor_leave(&pool->synced.monitor);
        for (unsigned i = 0; i < pool->synced.started; i++)
            wsd_thread_join(&pool->threads[i]);
    }
    wsd_monitor_fini(&pool->synced.monitor);
    wsd_free(pool->mem, pool->threads);
    wsd_free(pool->mem, pool);
}

/* NULL: the pool ends. */
static struct wsd_job *take_job_locked(struct wsd_worker_pool *pool)
{
    struct wsd_job *job;

    pool->synced.idle++;
    while (pool->synced.first == NULL && !pool->synced.ending)
        wsd_monitor_wait_until(&pool->synced.monitor, UINT64_MAX);
    pool->synced.idle--;
    job = pool->synced.first;
    if (job == NULL)
        return NULL;
    pool->synced.first = job->next;
    if (job->next == NULL)
        pool->synced.end = &pool->synced.first;
    pool->synced.queued--;
    return job;
}

static void work(void *argument)
{
    struct wsd_worker_pool *pool = argument;
    struct wsd_job *job;

    wsd_thread_set_ours(false); /* it is the application that may wait */
    wsd_monitor_enter(&pool->synced.monitor);
    while ((job = take_job_locked(pool)) != NULL) {
        wsd_monitor_leave(&pool->synced.monitor);
        job->run(job);
        wsd_monitor_enter(&pool->synced.monitor);
    }
    wsd_monitor_leave(&pool->synced.monitor);
}

HRESULT wsd_worker_pool_submit(struct wsd_worker_pool *pool, struct wsd_job *job)
{
    HRESULT hr = S_OK;

    wsd_monitor_enter(&pool->synced.monitor);
    if (pool->synced.queued >= pool->synced.idle && pool->synced.started < pool->most) {
        hr = wsd_thread_start(&pool->threads[pool->synced.started], work, pool);
        if (hr == S_OK)
            pool->synced.started++;
        else if (pool->synced.started > 0)
            hr = S_OK; /* another one will come to it */
    }
    if (hr == S_OK) {
        job->next = NULL;
        *pool->synced.end = job;
        pool->synced.end = &job->next;
        pool->synced.queued++;
        wsd_monitor_wake_one(&pool->synced.monitor);
    }
    wsd_monitor_leave(&pool->synced.monitor);
    return hr;
}

bool wsd_worker_pool_is_current(struct wsd_worker_pool *pool)
{
    bool is_current = false;

    wsd_monitor_enter(&pool->synced.monitor);
    for (unsigned i = 0; i < pool->synced.started && !is_current; i++)
        is_current = wsd_thread_is_current(&pool->threads[i]);
    wsd_monitor_leave(&pool->synced.monitor);
    return is_current;
}
