#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "os/clock.h"
#include "service/call.h"
#include "service/dispatcher.h"
#include "support/failing_mem.h"
#include "support/worker.h"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

static const struct wsd_dispatcher_options options = {
    .inbound = {.max_text_bytes = 2000, .attachments = {64, 0}},
    .max_requests = 3,
    .max_workers = 1,
};

/* A call in the list; its dispatcher is another one than the one under test. */
struct guest {
    struct wsd_call_host host;
    struct wsd_call *call;
    struct wsd_call_link link;
    int wakes, references;
    struct wsd_dispatcher *leaves; /* when it is woken; NULL: does not */
};

static struct guest *guest_from(struct wsd_call_host *host)
{
    return (struct guest *)((char *)host - offsetof(struct guest, host));
}

static void guest_wake(struct wsd_call_host *host)
{
    struct guest *guest = guest_from(host);
    struct wsd_dispatcher *dispatcher = guest->leaves;

    guest->wakes++;
    guest->leaves = NULL;
    if (dispatcher != NULL)
        wsd_dispatcher_leave(dispatcher, &guest->link);
}

static void guest_add_ref(struct wsd_call_host *host)
{
    guest_from(host)->references++;
}

static void guest_release(struct wsd_call_host *host)
{
    guest_from(host)->references--;
}

enum { GUESTS = 4 };

struct rig {
    struct failing_mem heap;
    struct wsd_dispatcher *home; /* of the calls */
    struct wsd_dispatcher *dispatcher;
    struct guest guests[GUESTS];
};

static HRESULT WSD_CALL never(void *context, wsd_inbound_message *request,
                              wsd_outbound_message *reply)
{
    (void)context;
    (void)request;
    (void)reply;
    return E_FAIL;
}

static void rig_init(struct rig *rig)
{
    static const struct wsd_call_host_vtable vtable = {
        .wake = guest_wake, .add_ref = guest_add_ref, .release = guest_release};
    static const struct wsd_call_head head = {"/", "application/soap+xml",
                                              WSD_LENGTH_UNKNOWN};
    struct wsd_dispatcher_options many = options;

    memset(rig, 0, sizeof(*rig));
    rig->heap = (struct failing_mem)FAILING_MEM(-1, &rig->heap);
    many.max_requests = GUESTS;
    assert_hr(wsd_dispatcher_create(&rig->heap.mem, &many, &rig->home), S_OK);
    assert_hr(wsd_handlers_add(&rig->home->handlers, "/", NULL, never, NULL), S_OK);
    assert_hr(wsd_dispatcher_create(&rig->heap.mem, &options, &rig->dispatcher), S_OK);
    for (size_t i = 0; i < GUESTS; i++) {
        struct guest *guest = &rig->guests[i];

        guest->host.vtable = &vtable;
        assert_hr(wsd_call_begin(rig->home, &head, &guest->host, &guest->call), S_OK);
        guest->link.call = guest->call;
    }
}

static void rig_fini(struct rig *rig)
{
    for (size_t i = 0; i < GUESTS; i++) {
        if (rig->guests[i].call != NULL)
            wsd_call_end(rig->guests[i].call, E_ABORT);
        assert_int_equal(rig->guests[i].references, 0); /* nobody keeps the call */
    }
    wsd_dispatcher_destroy(rig->dispatcher);
    wsd_dispatcher_destroy(rig->home);
    assert_int_equal(rig->heap.live, 0);
}

static bool enter(struct rig *rig, size_t index)
{
    return wsd_dispatcher_enter(rig->dispatcher, &rig->guests[index].link);
}

static void leave(struct rig *rig, size_t index)
{
    wsd_dispatcher_leave(rig->dispatcher, &rig->guests[index].link);
}

static bool is_cut(const struct guest *guest)
{
    struct wsd_call_reply reply;

    return wsd_call_look(guest->call, &reply) == WSD_CALL_CUT;
}

static void create__each_allocation_fails__leaves_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_dispatcher *dispatcher = (struct wsd_dispatcher *)(uintptr_t)1;
    int failures = 0;

    (void)state;
    while (wsd_dispatcher_create(&heap.mem, &options, &dispatcher) != S_OK) {
        assert_null(dispatcher);
        assert_int_equal(heap.live, 0);
        heap.grants = ++failures;
    }
    assert_in_range(failures, 2, 10);
    wsd_dispatcher_destroy(dispatcher);
    wsd_dispatcher_destroy(NULL);
    assert_int_equal(heap.live, 0);
}

static void enter__at_the_limit__is_refused_until_one_leaves(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < 3; i++)
        assert_true(enter(&rig, i));
    assert_false(enter(&rig, 3));
    leave(&rig, 1);
    assert_true(enter(&rig, 3));
    assert_false(enter(&rig, 1));
    leave(&rig, 0);
    leave(&rig, 2);
    leave(&rig, 3);
    rig_fini(&rig);
}

static void answered__at_the_limit__makes_room_and_stays_inside(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < 3; i++)
        assert_true(enter(&rig, i));
    wsd_dispatcher_answered(rig.dispatcher, &rig.guests[1].link);
    assert_true(enter(&rig, 3));
    leave(&rig, 0);
    leave(&rig, 2);
    leave(&rig, 3);
    assert_false(wsd_dispatcher_drain(rig.dispatcher, 0));
    leave(&rig, 1);
    assert_true(wsd_dispatcher_drain(rig.dispatcher, 0));
    for (size_t i = 0; i < 3; i++) /* nobody has counted twice */
        assert_true(enter(&rig, i));
    assert_false(enter(&rig, 3));
    for (size_t i = 0; i < 3; i++)
        leave(&rig, i);
    rig_fini(&rig);
}

static void enter__closed__is_refused_and_those_inside_stay(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_true(enter(&rig, 0));
    wsd_dispatcher_close(rig.dispatcher);
    assert_false(enter(&rig, 1));
    assert_false(is_cut(&rig.guests[0]));
    leave(&rig, 0);
    assert_false(enter(&rig, 1));
    rig_fini(&rig);
}

static void enter__keeps_the_call__until_it_leaves(void **state)
{
    struct rig rig;
    struct guest *guest = &rig.guests[0];

    (void)state;
    rig_init(&rig);
    assert_true(enter(&rig, 0));
    wsd_call_end(guest->call, E_ABORT);
    guest->call = NULL;
    assert_int_equal(guest->references, 1);
    leave(&rig, 0);
    assert_int_equal(guest->references, 0);
    rig_fini(&rig);
}

/* Three that have come leave in each order: those that are still there are cut. */
static void leave__in_any_order__takes_itself_off_the_list(void **state)
{
    static const size_t orders[][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                       {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};

    (void)state;
    for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
        for (size_t gone = 0; gone <= 3; gone++) {
            struct rig rig;

            rig_init(&rig);
            for (size_t j = 0; j < 3; j++)
                assert_true(enter(&rig, j));
            for (size_t j = 0; j < gone; j++)
                leave(&rig, orders[i][j]);
            wsd_dispatcher_cut(rig.dispatcher);
            for (size_t j = 0; j < 3; j++)
                assert_int_equal(is_cut(&rig.guests[orders[i][j]]), j >= gone);
            for (size_t j = gone; j < 3; j++) {
                assert_false(wsd_dispatcher_drain(rig.dispatcher, 0));
                leave(&rig, orders[i][j]);
            }
            assert_true(wsd_dispatcher_drain(rig.dispatcher, 0));
            rig_fini(&rig);
        }
    }
}

static void cut__several__tells_each_once(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    assert_true(enter(&rig, 0));
    assert_true(enter(&rig, 1));
    wsd_dispatcher_cut(rig.dispatcher);
    assert_true(enter(&rig, 2)); /* it is not closed */
    assert_false(is_cut(&rig.guests[2]));
    wsd_dispatcher_cut(rig.dispatcher);
    for (size_t i = 0; i < 3; i++) {
        assert_true(is_cut(&rig.guests[i]));
        assert_int_equal(rig.guests[i].wakes, 1);
        leave(&rig, i);
    }
    assert_false(is_cut(&rig.guests[3]));
    rig_fini(&rig);
}

/* Each leaves as soon as it is told: cut() holds no lock, and loses nobody. */
static void cut__calls_that_leave_meanwhile__reaches_all(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig);
    for (size_t i = 0; i < 3; i++) {
        assert_true(enter(&rig, i));
        rig.guests[i].leaves = rig.dispatcher;
    }
    wsd_dispatcher_cut(rig.dispatcher);
    for (size_t i = 0; i < 3; i++)
        assert_true(is_cut(&rig.guests[i]));
    assert_true(wsd_dispatcher_drain(rig.dispatcher, 0));
    rig_fini(&rig);
}

static void drain__somebody_stays__is_false_behind_the_deadline(void **state)
{
    struct rig rig;
    uint64_t deadline;

    (void)state;
    rig_init(&rig);
    assert_true(wsd_dispatcher_drain(rig.dispatcher, 0));
    assert_true(enter(&rig, 0));
    assert_false(wsd_dispatcher_drain(rig.dispatcher, 0));
    deadline = wsd_clock_ms() + 20;
    assert_false(wsd_dispatcher_drain(rig.dispatcher, deadline));
    assert_true(wsd_clock_ms() >= deadline);
    leave(&rig, 0);
    rig_fini(&rig);
}

struct draining {
    struct wsd_dispatcher *dispatcher;
    atomic_bool begun;
    bool empty;
};

static void drain_for_ever(void *argument)
{
    struct draining *draining = argument;

    atomic_store(&draining->begun, true);
    draining->empty = wsd_dispatcher_drain(draining->dispatcher, UINT64_MAX);
}

static void drain__without_a_deadline__waits_for_the_last(void **state)
{
    struct rig rig;
    struct draining draining;
    struct worker worker;

    (void)state;
    rig_init(&rig);
    assert_true(enter(&rig, 0));
    assert_true(enter(&rig, 1));
    draining = (struct draining){.dispatcher = rig.dispatcher};
    worker_start(&worker, drain_for_ever, &draining);
    WORKER_AWAIT(atomic_load(&draining.begun));
    leave(&rig, 1);
    assert_false(wsd_dispatcher_drain(rig.dispatcher, wsd_clock_ms() + 20));
    assert_false(atomic_load(&worker.done));
    leave(&rig, 0);
    worker_join(&worker);
    assert_true(draining.empty);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_allocation_fails__leaves_nothing),
        cmocka_unit_test(enter__at_the_limit__is_refused_until_one_leaves),
        cmocka_unit_test(answered__at_the_limit__makes_room_and_stays_inside),
        cmocka_unit_test(enter__closed__is_refused_and_those_inside_stay),
        cmocka_unit_test(enter__keeps_the_call__until_it_leaves),
        cmocka_unit_test(leave__in_any_order__takes_itself_off_the_list),
        cmocka_unit_test(cut__several__tells_each_once),
        cmocka_unit_test(cut__calls_that_leave_meanwhile__reaches_all),
        cmocka_unit_test(drain__somebody_stays__is_false_behind_the_deadline),
        cmocka_unit_test(drain__without_a_deadline__waits_for_the_last),
    };

    alarm(60); /* the bound of every wait */
    return cmocka_run_group_tests_name("dispatcher", tests, NULL, NULL);
}
