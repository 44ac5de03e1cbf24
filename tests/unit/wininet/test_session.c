#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/internet_bed.h"
#include "wininet/internet_error.h"
#include "wininet/session.h"

#define NOT_SUPPORTED HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED)

static void create__each_argument__is_checked(void **state)
{
    static const struct wsd_internet_options options = WSD_INTERNET_OPTIONS_INIT;
    static const struct {
        const char *agent;
        DWORD access;
        const char *proxy;
        DWORD flags;
        HRESULT hr;
        const char *kept; /* of the agent */
    } rows[] = {
        {"a/1", INTERNET_OPEN_TYPE_DIRECT, NULL, 0, S_OK, "a/1"},
        {NULL, INTERNET_OPEN_TYPE_PRECONFIG, NULL, 0, S_OK, NULL},
        {"", INTERNET_OPEN_TYPE_PRECONFIG_WITH_NO_AUTOPROXY, "", 0, S_OK, NULL},
        {"a", INTERNET_OPEN_TYPE_DIRECT, "p", INTERNET_FLAG_RELOAD, S_OK, "a"},
        {"a\r\nX: y", INTERNET_OPEN_TYPE_DIRECT, NULL, 0, E_INVALIDARG, NULL},
        {"a", 99, NULL, 0, E_INVALIDARG, NULL},
        {"a", INTERNET_OPEN_TYPE_PROXY, NULL, 0, E_INVALIDARG, NULL},
        {"a", INTERNET_OPEN_TYPE_PROXY, "p", 0, NOT_SUPPORTED, NULL},
        {"a", INTERNET_OPEN_TYPE_DIRECT, NULL, INTERNET_FLAG_ASYNC, NOT_SUPPORTED, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct internet_bed bed;

        internet_bed_init(&bed);
        assert_int_equal(wsd_session_create(&bed.heap.mem, internet_bed_transport,
                                            &options, rows[i].agent, rows[i].access,
                                            rows[i].proxy, rows[i].flags, &bed.session),
                         rows[i].hr);
        if (rows[i].hr != S_OK) {
            assert_int_equal(bed.heap.live, 0);
            continue;
        }
        if (rows[i].kept == NULL)
            assert_null(bed.session->agent);
        else
            assert_string_equal(bed.session->agent, rows[i].kept);
        internet_bed_close(&bed);
    }
}

static void transport__is_made_once_and_given_back(void **state)
{
    struct wsd_transport *first = NULL, *second = NULL;
    struct internet_bed bed;

    (void)state;
    internet_bed_open(&bed);
    assert_null(bed.session->synced.transport);
    assert_int_equal(wsd_session_transport(bed.session, &first), S_OK);
    assert_int_equal(wsd_session_transport(bed.session, &second), S_OK);
    assert_ptr_equal(first, &bed.transport.seam);
    assert_ptr_equal(first, second);
    assert_int_equal(bed.transports, 1);
    assert_int_equal(bed.transport.released, 0);
    internet_bed_close(&bed);
    assert_int_equal(bed.transport.released, 1);
}

static void create__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct internet_bed bed;

        internet_bed_init(&bed);
        bed.heap.grants = grants;
        hr = internet_bed_session(&bed);
        if (hr == S_OK) {
            internet_bed_close(&bed);
        } else {
            assert_int_equal(hr, E_OUTOFMEMORY);
            assert_int_equal(bed.heap.live, 0);
        }
    }
    assert_in_range(grants, 3, 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_argument__is_checked),
        cmocka_unit_test(transport__is_made_once_and_given_back),
        cmocka_unit_test(create__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
