#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "os/thread.h"
#include "refused_threads.h"
#include "service/worker_pool.h"
#include "support/failing_mem.h"
#include "support/worker.h"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* A job that says what it sees, and ends when it may. */
struct task {
    struct wsd_job job;
    struct wsd_worker_pool *pool;
    atomic_bool *may_end;
    atomic_int *running, *most, *order;
    int began_as;
    bool is_current, is_ours;
    atomic_bool ended;
};

static void run_task(struct wsd_job *job)
{
    struct task *task = (struct task *)job;
    int running, most;

    task->began_as = atomic_fetch_add(task->order, 1);
    running = atomic_fetch_add(task->running, 1) + 1;
    most = atomic_load(task->most);
    while (running > most && !atomic_compare_exchange_weak(task->most, &most, running)) {
    }
    task->is_current = wsd_worker_pool_is_current(task->pool);
    task->is_ours = wsd_thread_is_ours();
    WORKER_AWAIT(atomic_load(task->may_end));
    atomic_fetch_sub(task->running, 1);
    atomic_store(&task->ended, true);
}

struct tasks {
    struct task all[12];
    atomic_bool may_end;
    atomic_int running, most, order;
};

static void tasks_init(struct tasks *tasks, struct wsd_worker_pool *pool)
{
    atomic_init(&tasks->may_end, false);
    atomic_init(&tasks->running, 0);
    atomic_init(&tasks->most, 0);
    atomic_init(&tasks->order, 0);
    for (size_t i = 0; i < 12; i++) {
        struct task *task = &tasks->all[i];

        *task = (struct task){.job.run = run_task,
                              .pool = pool,
                              .may_end = &tasks->may_end,
                              .running = &tasks->running,
                              .most = &tasks->most,
                              .order = &tasks->order};
        atomic_init(&task->ended, false);
    }
}

static void submit__more_than_workers__begins_them_in_order(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_worker_pool *pool;
    struct tasks tasks;

    (void)state;
    assert_hr(wsd_worker_pool_create(&heap.mem, 3, &pool), S_OK);
    tasks_init(&tasks, pool);
    for (size_t i = 0; i < 12; i++)
        assert_hr(wsd_worker_pool_submit(pool, &tasks.all[i].job), S_OK);
    WORKER_AWAIT(atomic_load(&tasks.running) == 3);
    assert_false(wsd_worker_pool_is_current(pool));
    atomic_store(&tasks.may_end, true);
    wsd_worker_pool_destroy(pool); /* waits for all of them */

    assert_int_equal(atomic_load(&tasks.most), 3);
    for (int i = 0; i < 12; i++) {
        assert_true(atomic_load(&tasks.all[i].ended));
        assert_true(tasks.all[i].is_current);
        assert_false(tasks.all[i].is_ours); /* an application's code may wait */
        if (i >= 3)
            assert_true(tasks.all[i].began_as >= 3);
    }
    assert_int_equal(heap.live, 0);
}

static void submit__with_one_worker__keeps_the_order(void **state)
{
    struct wsd_worker_pool *pool;
    struct tasks tasks;

    (void)state;
    assert_hr(wsd_worker_pool_create(wsd_mem_heap(), 1, &pool), S_OK);
    tasks_init(&tasks, pool);
    atomic_store(&tasks.may_end, true);
    for (size_t i = 0; i < 12; i++)
        assert_hr(wsd_worker_pool_submit(pool, &tasks.all[i].job), S_OK);
    wsd_worker_pool_destroy(pool);
    for (int i = 0; i < 12; i++)
        assert_int_equal(tasks.all[i].began_as, i);
}

static void submit__no_thread_to_be_had__fails_unless_there_is_one(void **state)
{
#ifndef REFUSES_THREADS
    (void)state;
    skip();
#else
    struct wsd_worker_pool *pool;
    struct tasks tasks;

    (void)state;
    assert_hr(wsd_worker_pool_create(wsd_mem_heap(), 3, &pool), S_OK);
    tasks_init(&tasks, pool);
    refuses_threads = true;
    assert_hr(wsd_worker_pool_submit(pool, &tasks.all[0].job),
              HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES));
    refuses_threads = false;
    assert_hr(wsd_worker_pool_submit(pool, &tasks.all[1].job), S_OK);
    refuses_threads = true;
    assert_hr(wsd_worker_pool_submit(pool, &tasks.all[2].job), S_OK);
    refuses_threads = false;
    atomic_store(&tasks.may_end, true);
    wsd_worker_pool_destroy(pool);
    assert_false(atomic_load(&tasks.all[0].ended));
    assert_true(atomic_load(&tasks.all[1].ended));
    assert_true(atomic_load(&tasks.all[2].ended));
#endif
}

static void create__each_allocation_fails__leaves_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_worker_pool *pool;
    int failures = 0;

    (void)state;
    while (wsd_worker_pool_create(&heap.mem, 2, &pool) != S_OK) {
        assert_null(pool);
        assert_int_equal(heap.live, 0);
        heap.grants = ++failures;
    }
    assert_int_equal(failures, 2);
    wsd_worker_pool_destroy(pool);
    wsd_worker_pool_destroy(NULL);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(submit__more_than_workers__begins_them_in_order),
        cmocka_unit_test(submit__with_one_worker__keeps_the_order),
        cmocka_unit_test(submit__no_thread_to_be_had__fails_unless_there_is_one),
        cmocka_unit_test(create__each_allocation_fails__leaves_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
