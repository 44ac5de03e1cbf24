#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "wininet/handle_table.h"
#include "wininet/internet_error.h"

struct thing {
    struct wsd_handle_object object;
    int destroyed;
};

static void thing_destroy(struct wsd_handle_object *object)
{
    ((struct thing *)object)->destroyed++;
}

static void thing_init(struct thing *thing)
{
    memset(thing, 0, sizeof(*thing));
    thing->object.destroy = thing_destroy;
    atomic_init(&thing->object.references, 1);
}

/* Adds a new thing and gives the caller's reference back. */
static uintptr_t add(struct wsd_handle_table *table, struct thing *thing,
                     struct thing *parent)
{
    uintptr_t handle;

    thing_init(thing);
    assert_int_equal(wsd_handle_table_add(table, &thing->object,
                                          parent == NULL ? NULL : &parent->object),
                     S_OK);
    handle = thing->object.handle;
    wsd_handle_object_release(&thing->object);
    assert_int_equal(thing->destroyed, 0);
    return handle;
}

/* Removes and releases all; returns how many. */
static int drop(struct wsd_handle_table *table, uintptr_t handle)
{
    struct wsd_handle_object *object = wsd_handle_table_remove(table, handle);
    int count = 0;

    while (object != NULL) {
        struct wsd_handle_object *next = object->next;

        wsd_handle_object_release(object);
        object = next;
        count++;
    }
    return count;
}

static void handle__given_back__is_never_another(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handle_table table;
    struct thing thing;
    uintptr_t former[100];

    (void)state;
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    for (size_t i = 0; i < 100; i++) {
        struct wsd_handle_object *found;

        former[i] = add(&table, &thing, NULL);
        assert_true(former[i] != 0);
        for (size_t k = 0; k < i; k++) {
            assert_null(wsd_handle_table_get(&table, former[k]));
            assert_int_equal(drop(&table, former[k]), 0);
        }
        found = wsd_handle_table_get(&table, former[i]);
        assert_ptr_equal(found, &thing.object);
        assert_int_equal(drop(&table, former[i]), 1);
        assert_int_equal(thing.destroyed, 0); /* found is still a reference */
        wsd_handle_object_release(found);
        assert_int_equal(thing.destroyed, 1);
    }
    wsd_handle_table_fini(&table);
    assert_int_equal(heap.live, 0);
}

static void handle__of_nothing__is_not_found(void **state)
{
    static const uintptr_t none[] = {0, 1, 0xdeadbeef, UINTPTR_MAX};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handle_table table;
    struct thing thing;
    uintptr_t handle;

    (void)state;
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    handle = add(&table, &thing, NULL);
    for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_null(wsd_handle_table_get(&table, none[i]));
    assert_null(wsd_handle_table_get(&table, handle + 1));
    assert_int_equal(drop(&table, handle), 1);
    wsd_handle_table_fini(&table);
}

static void remove__parent__takes_its_children_first(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handle_table table;
    struct thing root, other, middle[2], leaf[4];
    uintptr_t root_handle, other_handle, middle_handle, leaf_handles[4];
    struct wsd_handle_object *list;
    int count = 0;

    (void)state;
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    root_handle = add(&table, &root, NULL);
    other_handle = add(&table, &other, NULL);
    middle_handle = add(&table, &middle[0], &root);
    add(&table, &middle[1], &root);
    for (int i = 0; i < 4; i++)
        leaf_handles[i] = add(&table, &leaf[i], &middle[i % 2]);
    assert_int_equal(drop(&table, leaf_handles[2]), 1); /* one of several */
    assert_int_equal(leaf[2].destroyed, 1);

    list = wsd_handle_table_remove(&table, root_handle);
    while (list != NULL) {
        struct wsd_handle_object *next = list->next;

        if (list == &middle[0].object)
            assert_int_equal(leaf[0].destroyed, 1);
        if (list == &root.object)
            assert_true(middle[0].destroyed && middle[1].destroyed);
        wsd_handle_object_release(list);
        list = next;
        count++;
    }
    assert_int_equal(count, 6);
    assert_null(wsd_handle_table_get(&table, middle_handle));
    assert_null(wsd_handle_table_get(&table, leaf_handles[1]));
    assert_int_equal(drop(&table, other_handle), 1);
    wsd_handle_table_fini(&table);
    assert_int_equal(heap.live, 0);
}

static void add__to_a_parent_that_is_gone__is_refused(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handle_table table;
    struct thing parent, child;

    (void)state;
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    assert_int_equal(drop(&table, add(&table, &parent, NULL)), 1);
    thing_init(&child);
    assert_int_equal(wsd_handle_table_add(&table, &child.object, &parent.object),
                     INTERNET_E(INTERNET_OPERATION_CANCELLED));
    wsd_handle_object_release(&child.object);
    assert_int_equal(child.destroyed, 1);
    wsd_handle_table_fini(&table);
}

static void add__when_all_are_taken__is_refused(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handle_table table;
    struct thing *things = calloc(WSD_MAX_HANDLES, sizeof(*things));
    struct thing one_more;

    (void)state;
    assert_non_null(things);
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    for (size_t i = 0; i < WSD_MAX_HANDLES; i++)
        add(&table, &things[i], NULL);
    thing_init(&one_more);
    assert_int_equal(wsd_handle_table_add(&table, &one_more.object, NULL),
                     INTERNET_E(INTERNET_OUT_OF_HANDLES));
    assert_int_equal(drop(&table, things[5].object.handle), 1);
    add(&table, &one_more, NULL);
    for (size_t i = 0; i < WSD_MAX_HANDLES; i++)
        if (i != 5)
            assert_int_equal(drop(&table, things[i].object.handle), 1);
    assert_int_equal(drop(&table, one_more.object.handle), 1);
    wsd_handle_table_fini(&table);
    assert_int_equal(heap.live, 0);
    free(things);
}

static void add__every_allocation_fails_in_turn__keeps_the_others(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_handle_table table;
    struct thing things[17], refused;

    (void)state;
    assert_int_equal(wsd_handle_table_init(&table, &heap.mem), S_OK);
    thing_init(&refused);
    assert_int_equal(wsd_handle_table_add(&table, &refused.object, NULL), E_OUTOFMEMORY);
    heap.grants = 1;
    for (int i = 0; i < 16; i++)
        add(&table, &things[i], NULL);
    assert_int_equal(wsd_handle_table_add(&table, &refused.object, NULL), E_OUTOFMEMORY);
    heap.grants = 1;
    add(&table, &things[16], NULL);
    for (int i = 0; i < 17; i++)
        assert_int_equal(drop(&table, things[i].object.handle), 1);
    wsd_handle_table_fini(&table);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(handle__given_back__is_never_another),
        cmocka_unit_test(handle__of_nothing__is_not_found),
        cmocka_unit_test(remove__parent__takes_its_children_first),
        cmocka_unit_test(add__to_a_parent_that_is_gone__is_refused),
        cmocka_unit_test(add__when_all_are_taken__is_refused),
        cmocka_unit_test(add__every_allocation_fails_in_turn__keeps_the_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
