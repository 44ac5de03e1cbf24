#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "service/handlers.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

static HRESULT WSD_CALL handle(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    (void)context;
    (void)request;
    (void)reply;
    return S_OK;
}

/* The context of the handler that is found; NULL: there is none. */
static const void *find(const struct wsd_handlers *handlers, const char *path,
                        const char *action)
{
    const struct wsd_handler_entry *entry = wsd_handlers_find(handlers, path, action);

    return entry != NULL ? entry->context : NULL;
}

static void find__by_path_and_action__prefers_the_action_itself(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handlers handlers;
    int a, b, rest;

    (void)state;
    wsd_handlers_init(&handlers, &heap.mem);
    assert_hr(wsd_handlers_add(&handlers, "/x", "urn:a", handle, &a), S_OK);
    assert_hr(wsd_handlers_add(&handlers, "/x", NULL, handle, &rest), S_OK);
    assert_hr(wsd_handlers_add(&handlers, "/y", "urn:b", handle, &b), S_OK);

    assert_ptr_equal(find(&handlers, "/x", "urn:a"), &a);
    assert_ptr_equal(find(&handlers, "/x", "urn:b"), &rest);
    assert_ptr_equal(find(&handlers, "/y", "urn:b"), &b);
    assert_null(find(&handlers, "/y", "urn:a"));
    assert_null(find(&handlers, "/", "urn:a"));
    assert_null(find(&handlers, "/x/", "urn:a"));
    assert_true(wsd_handlers_have_path(&handlers, "/y"));
    assert_false(wsd_handlers_have_path(&handlers, "/Y"));

    wsd_handlers_fini(&handlers);
    assert_int_equal(heap.live, 0);
}

static void add__a_second_time__is_refused(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_handlers handlers;

    (void)state;
    wsd_handlers_init(&handlers, &heap.mem);
    assert_hr(wsd_handlers_add(&handlers, "/x", "urn:a", handle, NULL), S_OK);
    assert_hr(wsd_handlers_add(&handlers, "/x", "urn:a", handle, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS));
    assert_hr(wsd_handlers_add(&handlers, "/x", NULL, handle, NULL), S_OK);
    assert_hr(wsd_handlers_add(&handlers, "/x", NULL, handle, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS));
    wsd_handlers_fini(&handlers);
    assert_int_equal(heap.live, 0);
}

static void add__each_allocation_fails__changes_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    struct wsd_handlers handlers;
    HRESULT hr = E_OUTOFMEMORY;
    int failures;

    (void)state;
    wsd_handlers_init(&handlers, &heap.mem);
    for (failures = 0; hr != S_OK; failures++) {
        heap.grants = failures;
        hr = wsd_handlers_add(&handlers, "/x", "urn:a", handle, &heap);
        if (hr != S_OK) {
            assert_hr(hr, E_OUTOFMEMORY);
            assert_int_equal(heap.live, 0);
            assert_false(wsd_handlers_have_path(&handlers, "/x"));
        }
    }
    assert_int_equal(failures, 4);
    wsd_handlers_fini(&handlers);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(find__by_path_and_action__prefers_the_action_itself),
        cmocka_unit_test(add__a_second_time__is_refused),
        cmocka_unit_test(add__each_allocation_fails__changes_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
