#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <sched.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "support/fake_transport.h"
#include "support/worker.h"
#include "wininet/internet_error.h"
#include "wininet/internet_object.h"

#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)

static const struct wsd_internet_options options = {
    .timeouts = {.connect_ms = 1, .send_ms = 2, .response_ms = 3}};

static struct wsd_internet_object *make(struct failing_mem *heap,
                                        struct wsd_internet_object *parent)
{
    struct wsd_internet_object *object = wsd_alloc(&heap->mem, sizeof(*object));

    assert_non_null(object);
    assert_int_equal(wsd_internet_object_init(object, &heap->mem, WSD_INTERNET_SESSION,
                                              parent, &options),
                     S_OK);
    return object;
}

static struct wsd_transaction *transact(struct failing_mem *heap,
                                        struct fake_transport *transport)
{
    static const char *const headers[] = {NULL};
    struct wsd_http_request request = {
        .url = "http://h/", .method = "POST", .headers = headers, .body_length = 1};
    struct wsd_transaction *transaction = NULL;

    assert_int_equal(
        wsd_transaction_start_http(&heap->mem, &transport->seam, &request, &transaction),
        S_OK);
    return transaction;
}

struct caller {
    struct worker worker;
    struct wsd_internet_object *object;
    HRESULT hr;
};

static void caller_run(void *context)
{
    struct caller *caller = context;

    caller->hr = wsd_internet_object_enter(caller->object);
    if (caller->hr == S_OK)
        wsd_internet_object_leave(caller->object);
}

struct crowd {
    struct worker worker;
    struct wsd_internet_object *object;
    atomic_int *inside;
    bool met; /* another one inside */
};

static void crowd_run(void *context)
{
    struct crowd *one = context;

    for (int i = 0; i < 1000; i++) {
        if (wsd_internet_object_enter(one->object) != S_OK)
            continue;
        if (atomic_fetch_add(one->inside, 1) > 0)
            one->met = true;
        sched_yield();
        atomic_fetch_sub(one->inside, 1);
        wsd_internet_object_leave(one->object);
    }
}

static void turn__is_one_calls_at_a_time(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_internet_object *object = make(&heap, NULL);
    atomic_int inside;
    struct crowd crowd[3];

    (void)state;
    atomic_init(&inside, 0);
    for (int i = 0; i < 3; i++) {
        crowd[i] = (struct crowd){.object = object, .inside = &inside};
        worker_start(&crowd[i].worker, crowd_run, &crowd[i]);
    }
    for (int i = 0; i < 3; i++) {
        worker_join(&crowd[i].worker);
        assert_false(crowd[i].met);
    }
    wsd_handle_object_release(&object->base);
    assert_int_equal(heap.live, 0);
}

static void shut__ends_calls_that_wait_and_later_ones(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct caller caller = {.object = make(&heap, NULL)};

    (void)state;
    assert_int_equal(wsd_internet_object_enter(caller.object), S_OK);
    worker_start(&caller.worker, caller_run, &caller);
    assert_false(wsd_internet_object_shut(caller.object)); /* one is under way */
    worker_join(&caller.worker);
    assert_int_equal(caller.hr, CANCELLED);
    wsd_internet_object_leave(caller.object);
    assert_int_equal(wsd_internet_object_enter(caller.object), CANCELLED);
    assert_true(wsd_internet_object_shut(caller.object));
    wsd_handle_object_release(&caller.object->base);
}

static void transaction__is_cut_when_it_is_replaced_or_the_object_closed(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_internet_object *object = make(&heap, NULL);
    struct fake_transport transport;
    struct fake_transfer *transfers[3];

    (void)state;
    fake_transport_init(&transport);
    for (int i = 0; i < 3; i++) {
        if (i == 2)
            wsd_internet_object_shut(object);
        wsd_internet_object_set_transaction(object, transact(&heap, &transport));
        transfers[i] = transport.last;
        assert_int_equal(atomic_load(&transfers[i]->aborts), i == 2 ? 1 : 0);
        if (i > 0)
            assert_int_equal(atomic_load(&transfers[i - 1]->aborts), 1);
    }
    wsd_internet_object_cancel(object);
    assert_int_equal(atomic_load(&transfers[2]->aborts), 2);
    for (int i = 0; i < 3; i++)
        fake_transfer_done(transfers[i], E_ABORT);
    wsd_handle_object_release(&object->base);
    assert_int_equal(atomic_load(&transport.live), 0);
    assert_int_equal(heap.live, 0);
}

static void child__keeps_its_parent(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_internet_object *parent = make(&heap, NULL);
    struct wsd_internet_object *child = make(&heap, parent);
    struct wsd_internet_options got;

    (void)state;
    wsd_handle_object_release(&parent->base);
    assert_int_equal(heap.live, 2);
    wsd_internet_object_get_options(child->parent, &got);
    assert_memory_equal(&got.timeouts, &options.timeouts, sizeof(got.timeouts));
    wsd_handle_object_release(&child->base);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(turn__is_one_calls_at_a_time),
        cmocka_unit_test(shut__ends_calls_that_wait_and_later_ones),
        cmocka_unit_test(transaction__is_cut_when_it_is_replaced_or_the_object_closed),
        cmocka_unit_test(child__keeps_its_parent),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
