#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/internet_bed.h"
#include "wininet/http_request.h"
#include "wininet/internet_error.h"
#include "wininet/option.h"

#define WRONG_TYPE INTERNET_E(INTERNET_INCORRECT_HANDLE_TYPE)
#define TOO_SMALL HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER)

struct option_bed {
    struct internet_bed bed;
    struct wsd_internet_options process;
    struct wsd_connection *connection;
    struct wsd_request *request;
};

static void bed_open(struct option_bed *bed)
{
    bed->process = (struct wsd_internet_options)WSD_INTERNET_OPTIONS_INIT;
    internet_bed_open(&bed->bed);
    assert_int_equal(
        internet_bed_connect(&bed->bed, INTERNET_SERVICE_HTTP, &bed->connection), S_OK);
    assert_int_equal(wsd_request_create(bed->connection, "POST", "/up", NULL, NULL, NULL,
                                        0, &bed->request),
                     S_OK);
}

static void bed_close(struct option_bed *bed)
{
    internet_bed_release(bed->request);
    internet_bed_release(bed->connection);
    internet_bed_close(&bed->bed);
}

static const DWORD numbers[] = {
    INTERNET_OPTION_CONNECT_TIMEOUT,     INTERNET_OPTION_SEND_TIMEOUT,
    INTERNET_OPTION_RECEIVE_TIMEOUT,     INTERNET_OPTION_CONNECT_RETRIES,
    INTERNET_OPTION_CONNECT_BACKOFF,     INTERNET_OPTION_DATA_SEND_TIMEOUT,
    INTERNET_OPTION_DATA_RECEIVE_TIMEOUT};

static DWORD number_of(struct option_bed *bed, struct wsd_internet_object *object,
                       DWORD option)
{
    DWORD value = 0, length = sizeof(value);

    assert_int_equal(wsd_option_query(object, &bed->process, option, &value, &length),
                     S_OK);
    assert_int_equal(length, sizeof(value));
    return value;
}

static void number__of_each_handle__is_its_own(void **state)
{
    struct option_bed bed;

    (void)state;
    bed_open(&bed);
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
        struct wsd_internet_object *const objects[] = {NULL, &bed.bed.session->object,
                                                       &bed.connection->object,
                                                       &bed.request->object};

        for (DWORD k = 0; k < 4; k++) {
            DWORD value = 1000 + 10 * (DWORD)i + k;

            assert_int_equal(wsd_option_set(objects[k], &bed.process, numbers[i], &value,
                                            sizeof(value)),
                             S_OK);
        }
        for (DWORD k = 0; k < 4; k++)
            assert_int_equal(number_of(&bed, objects[k], numbers[i]),
                             1000 + 10 * (DWORD)i + k);
    }
    assert_int_equal(bed.process.timeouts.connect_ms, 1000);
    assert_int_equal(bed.process.timeouts.response_ms, 1020);
    bed_close(&bed);
}

static void set__wrong_buffer_or_option__is_refused(void **state)
{
    DWORD value = 1;
    uintptr_t context = 1;
    struct option_bed bed;
    struct wsd_internet_object *request;

    (void)state;
    bed_open(&bed);
    request = &bed.request->object;
    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        for (DWORD length = 0; length < 9; length++) {
            if (length != 4)
                assert_int_equal(
                    wsd_option_set(request, &bed.process, numbers[i], &value, length),
                    E_INVALIDARG);
            assert_int_equal(
                wsd_option_set(request, &bed.process, numbers[i], NULL, length),
                E_INVALIDARG);
        }
    assert_int_equal(wsd_option_set(request, &bed.process, 9999, &value, 4),
                     INTERNET_E(INTERNET_INVALID_OPTION));
    assert_int_equal(
        wsd_option_set(request, &bed.process, INTERNET_OPTION_HANDLE_TYPE, &value, 4),
        INTERNET_E(INTERNET_OPTION_NOT_SETTABLE));
    assert_int_equal(wsd_option_set(NULL, &bed.process, INTERNET_OPTION_USERNAME, "u", 1),
                     WRONG_TYPE);
    assert_int_equal(wsd_option_set(&bed.bed.session->object, &bed.process,
                                    INTERNET_OPTION_PASSWORD, "p", 1),
                     WRONG_TYPE);
    assert_int_equal(
        wsd_option_set(request, &bed.process, INTERNET_OPTION_USERNAME, "a\r\nb", 4),
        E_INVALIDARG);
    assert_int_equal(
        wsd_option_set(request, &bed.process, INTERNET_OPTION_USERNAME, NULL, 1),
        E_INVALIDARG);
    assert_int_equal(
        wsd_option_set(request, &bed.process, INTERNET_OPTION_PASSWORD, "p", 0),
        E_INVALIDARG);
    assert_int_equal(wsd_option_set(request, &bed.process, INTERNET_OPTION_CONTEXT_VALUE,
                                    NULL, sizeof(context)),
                     E_INVALIDARG);
    assert_int_equal(wsd_option_set(request, &bed.process, INTERNET_OPTION_CONTEXT_VALUE,
                                    &context, sizeof(context) - 1),
                     E_INVALIDARG);
    assert_int_equal(wsd_option_set(NULL, &bed.process, INTERNET_OPTION_CONTEXT_VALUE,
                                    &context, sizeof(context)),
                     WRONG_TYPE);
    bed.bed.heap.grants = 0;
    assert_int_equal(
        wsd_option_set(request, &bed.process, INTERNET_OPTION_USERNAME, "you", 3),
        E_OUTOFMEMORY);
    bed.bed.heap.grants = -1;
    bed_close(&bed);
}

static void login__set_for_a_request__is_that_of_the_connection(void **state)
{
    struct option_bed bed;
    char *user, *password, text[8];
    DWORD length = sizeof(text);

    (void)state;
    bed_open(&bed);
    assert_int_equal(wsd_option_set(&bed.request->object, &bed.process,
                                    INTERNET_OPTION_USERNAME, "you!", 3),
                     S_OK);
    assert_int_equal(wsd_option_set(&bed.connection->object, &bed.process,
                                    INTERNET_OPTION_PASSWORD, "word", 5),
                     S_OK);
    assert_int_equal(wsd_connection_get_login(bed.connection, &user, &password), S_OK);
    assert_string_equal(user, "you");
    assert_string_equal(password, "word");
    assert_int_equal(wsd_option_query(&bed.request->object, &bed.process,
                                      INTERNET_OPTION_USERNAME, text, &length),
                     S_OK);
    assert_string_equal(text, "you");
    assert_int_equal(wsd_option_query(&bed.request->object, &bed.process,
                                      INTERNET_OPTION_PASSWORD, text, &length),
                     INTERNET_E(INTERNET_INVALID_OPTION));
    wsd_free(&bed.bed.heap.mem, user);
    wsd_free(&bed.bed.heap.mem, password);
    bed_close(&bed);
}

static void query__of_each_handle__is_given_or_refused(void **state)
{
    struct option_bed bed;
    struct wsd_internet_object *session, *request;
    uintptr_t context = 0x1234, wide = 0;
    DWORD length;
    char text[32];

    (void)state;
    bed_open(&bed);
    session = &bed.bed.session->object;
    request = &bed.request->object;
    assert_int_equal(number_of(&bed, session, INTERNET_OPTION_HANDLE_TYPE), 1);
    assert_int_equal(number_of(&bed, request, INTERNET_OPTION_HANDLE_TYPE), 13);
    assert_int_equal(number_of(&bed, request, INTERNET_OPTION_REQUEST_FLAGS), 8);
    length = sizeof(text);
    assert_int_equal(
        wsd_option_query(request, &bed.process, INTERNET_OPTION_URL, text, &length),
        S_OK);
    assert_string_equal(text, "http://h/up");
    assert_int_equal(length, 11);
    assert_int_equal(
        wsd_option_query(request, &bed.process, INTERNET_OPTION_URL, text, &length),
        TOO_SMALL);
    assert_int_equal(length, 12);
    length = sizeof(text);
    assert_int_equal(wsd_option_query(session, &bed.process, INTERNET_OPTION_USER_AGENT,
                                      text, &length),
                     S_OK);
    assert_string_equal(text, "agent");
    assert_int_equal(wsd_option_set(request, &bed.process, INTERNET_OPTION_CONTEXT_VALUE,
                                    &context, sizeof(context)),
                     S_OK);
    length = sizeof(wide);
    assert_int_equal(wsd_option_query(request, &bed.process,
                                      INTERNET_OPTION_CONTEXT_VALUE, &wide, &length),
                     S_OK);
    assert_true(wide == context);
    assert_int_equal(
        wsd_option_query(session, &bed.process, INTERNET_OPTION_URL, text, &length),
        WRONG_TYPE);
    assert_int_equal(wsd_option_query(session, &bed.process,
                                      INTERNET_OPTION_REQUEST_FLAGS, text, &length),
                     WRONG_TYPE);
    assert_int_equal(
        wsd_option_query(session, &bed.process, INTERNET_OPTION_USERNAME, text, &length),
        WRONG_TYPE);
    assert_int_equal(wsd_option_query(request, &bed.process, INTERNET_OPTION_USER_AGENT,
                                      text, &length),
                     WRONG_TYPE);
    assert_int_equal(
        wsd_option_query(NULL, &bed.process, INTERNET_OPTION_HANDLE_TYPE, text, &length),
        WRONG_TYPE);
    assert_int_equal(wsd_option_query(session, &bed.process, 9999, text, &length),
                     INTERNET_E(INTERNET_INVALID_OPTION));
    assert_int_equal(
        wsd_option_query(session, &bed.process, INTERNET_OPTION_HANDLE_TYPE, text, NULL),
        E_INVALIDARG);
    length = 0;
    assert_int_equal(wsd_option_query(session, &bed.process,
                                      INTERNET_OPTION_CONNECT_TIMEOUT, NULL, &length),
                     TOO_SMALL);
    assert_int_equal(length, 4);
    bed_close(&bed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(number__of_each_handle__is_its_own),
        cmocka_unit_test(set__wrong_buffer_or_option__is_refused),
        cmocka_unit_test(login__set_for_a_request__is_that_of_the_connection),
        cmocka_unit_test(query__of_each_handle__is_given_or_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
