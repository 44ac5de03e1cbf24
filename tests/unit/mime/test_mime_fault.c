#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "mime/mime_fault.h"

static void fault__each__has_a_text_of_its_own_and_a_documented_code(void **state)
{
    (void)state;
    for (int i = WSD_MIME_NONE + 1; i <= WSD_MIME_RECEIVER; i++) {
        HRESULT hr = wsd_mime_fault_hresult((enum wsd_mime_fault)i);
        const char *text = wsd_mime_fault_text((enum wsd_mime_fault)i);

        assert_true(hr == WS_E_INVALID_FORMAT || hr == WS_E_QUOTA_EXCEEDED ||
                    hr == WS_E_NOT_SUPPORTED || hr == WS_E_ENDPOINT_DISCONNECTED ||
                    (i == WSD_MIME_RECEIVER && hr == E_FAIL));
        assert_int_not_equal(strlen(text), 0);
        assert_int_not_equal(text[strlen(text) - 1], '.');
        for (int j = WSD_MIME_NONE; j < i; j++)
            assert_string_not_equal(text, wsd_mime_fault_text((enum wsd_mime_fault)j));
    }
}

static void fault__kinds__have_the_codes_of_their_kind(void **state)
{
    static const enum wsd_mime_fault limits[] = {
        WSD_MIME_TYPE_PARAMETERS, WSD_MIME_BOUNDARY_LENGTH,   WSD_MIME_HEADER_SIZE,
        WSD_MIME_HEADER_LINES,    WSD_MIME_DELIMITER_PADDING, WSD_MIME_PREAMBLE_SIZE,
        WSD_MIME_EPILOGUE_SIZE,   WSD_MIME_PART_COUNT,        WSD_MIME_CONTENT_SIZE};

    (void)state;
    for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++)
        assert_int_equal(wsd_mime_fault_hresult(limits[i]), WS_E_QUOTA_EXCEEDED);
    assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_NONE), S_OK);
    assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_TRUNCATED),
                     WS_E_ENDPOINT_DISCONNECTED);
    assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_BOUNDARY_MISSING),
                     WS_E_INVALID_FORMAT);
    assert_int_equal(wsd_mime_fault_hresult(WSD_MIME_ENCODING_UNKNOWN),
                     WS_E_NOT_SUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fault__each__has_a_text_of_its_own_and_a_documented_code),
        cmocka_unit_test(fault__kinds__have_the_codes_of_their_kind),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
