#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/inbound_message.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define ENVELOPE(body)                                                                   \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>" body      \
    "</s:Body></s:Envelope>"
#define FAULT                                                                            \
    ENVELOPE("<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"         \
             "<s:Text xml:lang=\"en\">no paper</s:Text></s:Reason></s:Fault>")
#define REPLY ENVELOPE("<Done/>")
#define HTML "<html><body>busy</body></html>"
#define CUT "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"

static HRESULT create(const struct wsd_mem *mem, int status, const char *text,
                      struct wsd_inbound_message **message, struct wsd_text *raw)
{
    wsd_text_init(raw, mem, 100000);
    wsd_text_append_string(raw, text);
    if (raw->error != S_OK)
        return raw->error;
    return wsd_inbound_create(mem, status, raw, message);
}

static void verdict__status_and_body__is_the_code_of_the_reply(void **state)
{
    static const struct {
        int status;
        const char *text;
        HRESULT hr;
        bool is_envelope;
    } rows[] = {
        {200, REPLY, S_OK, true},
        {200, ENVELOPE(""), S_OK, true},
        {202, "", S_OK, false},
        {204, "", S_OK, false},
        {299, REPLY, S_OK, true},
        {200, HTML, WS_E_INVALID_FORMAT, false},
        {200, CUT, WS_E_INVALID_FORMAT, false},
        {200, " ", WS_E_INVALID_FORMAT, false},
        {200, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {400, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, REPLY, HTTP_E_STATUS(500), true},
        {500, HTML, HTTP_E_STATUS(500), false},
        {500, "", HTTP_E_STATUS(500), false},
        {300, REPLY, HTTP_E_STATUS(300), true},
        {307, "", HTTP_E_STATUS(307), false},
        {413, "", HTTP_E_STATUS(413), false},
        {599, CUT, HTTP_E_STATUS(599), false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_inbound_message *message;
        struct wsd_text raw;

        assert_hr(create(&heap.mem, rows[i].status, rows[i].text, &message, &raw), S_OK);
        assert_hr(wsd_inbound_verdict(message), rows[i].hr);
        assert_int_equal(message->http_status, rows[i].status);
        assert_int_equal(message->envelope != NULL, rows[i].is_envelope);
        assert_int_equal(message->raw.length, strlen(rows[i].text));
        if (message->raw.length > 0)
            assert_string_equal(message->raw.bytes, rows[i].text);
        assert_int_equal(raw.length, 0); /* it was taken */
        assert_null(raw.bytes);
        wsd_inbound_destroy(message);
        wsd_text_fini(&raw);
        assert_int_equal(heap.live, 0);
    }
}

static void destroy__null__is_accepted(void **state)
{
    (void)state;
    wsd_inbound_destroy(NULL);
}

static void create__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants = -1;
    HRESULT hr;

    (void)state;
    do {
        struct failing_mem heap = FAILING_MEM(++grants, &heap);
        struct wsd_inbound_message *message = NULL;
        struct wsd_text raw;

        hr = create(&heap.mem, 500, FAULT, &message, &raw);
        assert_int_equal(message != NULL, hr == S_OK);
        wsd_inbound_destroy(message);
        wsd_text_fini(&raw);
        assert_int_equal(heap.live, 0);
        assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 3, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__status_and_body__is_the_code_of_the_reply),
        cmocka_unit_test(destroy__null__is_accepted),
        cmocka_unit_test(create__each_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
