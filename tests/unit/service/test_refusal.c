#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hresult.h"
#include "service/refusal.h"
#include "wsd_error.h"

static void assert_refusal(HRESULT hr, int status, const char *code, const char *subcode)
{
    struct wsd_refusal refusal = wsd_refusal_of(hr);

    assert_int_equal(refusal.status, status);
    assert_string_equal(refusal.code, code);
    assert_string_equal(refusal.subcode, subcode);
}

static void refusal_of__what_the_client_did_wrong__is_a_sender_fault(void **state)
{
    (void)state;
    assert_refusal(E_INVALIDARG, 400, "Sender", "");
    assert_refusal(WS_E_INVALID_FORMAT, 400, "Sender", "");
    assert_refusal(WS_E_QUOTA_EXCEEDED, 400, "Sender", "");
    assert_refusal(HRESULT_FROM_WIN32(ERROR_NOT_FOUND), 400, "Sender", "");
    assert_refusal(E_NOTIMPL, 400, "Sender", "ActionNotSupported");
    assert_string_equal(wsd_refusal_of(E_INVALIDARG).reason,
                        wsd_hresult_text(E_INVALIDARG));
}

static void refusal_of__anything_else__is_ours(void **state)
{
    static const HRESULT codes[] = {E_OUTOFMEMORY, E_ABORT, E_FAIL, STG_S_BLOCK,
                                    HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)};

    (void)state;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_refusal(codes[i], 500, "Receiver", "EndpointUnavailable");
}

static void status__by_the_code__is_that_of_the_http_binding(void **state)
{
    (void)state;
    assert_int_equal(wsd_refusal_status("Sender"), 400);
    assert_int_equal(wsd_refusal_status("Receiver"), 500);
    assert_int_equal(wsd_refusal_status("MustUnderstand"), 500);
    assert_int_equal(wsd_refusal_status("VersionMismatch"), 500);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(refusal_of__what_the_client_did_wrong__is_a_sender_fault),
        cmocka_unit_test(refusal_of__anything_else__is_ours),
        cmocka_unit_test(status__by_the_code__is_that_of_the_http_binding),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
