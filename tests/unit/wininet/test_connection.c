#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/internet_bed.h"
#include "wininet/internet_error.h"
#include "wininet/last_error.h"
#include "wsd_error.h"

static void create__each_argument__is_checked(void **state)
{
    static const struct {
        const char *server, *user, *password;
        DWORD service;
        HRESULT hr;
        const char *host, *kept_user, *kept_password;
    } rows[] = {
        {"h", NULL, NULL, INTERNET_SERVICE_HTTP, S_OK, "h", NULL, NULL},
        {"h", "u", NULL, INTERNET_SERVICE_HTTP, S_OK, "h", "u", NULL},
        {"h", NULL, "p", INTERNET_SERVICE_HTTP, S_OK, "h", NULL, "p"},
        {"bad host name", NULL, NULL, INTERNET_SERVICE_HTTP, S_OK, "bad host name", NULL,
         NULL},
        {"::1", NULL, NULL, INTERNET_SERVICE_HTTP, S_OK, "[::1]", NULL, NULL},
        {"[::1]", NULL, NULL, INTERNET_SERVICE_HTTP, S_OK, "[::1]", NULL, NULL},
        {"h", NULL, NULL, INTERNET_SERVICE_FTP, S_OK, "h", "anonymous", "anonymous@"},
        {"h", "", "", INTERNET_SERVICE_FTP, S_OK, "h", "anonymous", "anonymous@"},
        {"h", "u", NULL, INTERNET_SERVICE_FTP, S_OK, "h", "u", ""},
        {"h", "u", "p", INTERNET_SERVICE_FTP, S_OK, "h", "u", "p"},
        {"h", NULL, "p", INTERNET_SERVICE_FTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h", "", "p", INTERNET_SERVICE_FTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h", "u\r\nX", "p", INTERNET_SERVICE_FTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h", "u", "p\n", INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {NULL, NULL, NULL, INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {"", NULL, NULL, INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h/x", NULL, NULL, INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {"u@h", NULL, NULL, INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h\r\nX", NULL, NULL, INTERNET_SERVICE_HTTP, E_INVALIDARG, NULL, NULL, NULL},
        {"h", NULL, NULL, 2, E_INVALIDARG, NULL, NULL, NULL},
    };
    struct internet_bed bed;

    (void)state;
    internet_bed_open(&bed);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_connection *connection;
        char *user, *password;

        assert_int_equal(wsd_connection_create(bed.session, rows[i].server, 0,
                                               rows[i].user, rows[i].password,
                                               rows[i].service, 0, &connection),
                         rows[i].hr);
        if (rows[i].hr != S_OK)
            continue;
        assert_string_equal(connection->host, rows[i].host);
        assert_int_equal(wsd_connection_get_login(connection, &user, &password), S_OK);
        if (rows[i].kept_user == NULL)
            assert_null(user);
        else
            assert_string_equal(user, rows[i].kept_user);
        if (rows[i].kept_password == NULL)
            assert_null(password);
        else
            assert_string_equal(password, rows[i].kept_password);
        wsd_free(&bed.heap.mem, user);
        wsd_free(&bed.heap.mem, password);
        internet_bed_release(connection);
    }
    internet_bed_close(&bed);
}

static void ftp_request__name_of_any_kind__is_encoded(void **state)
{
    struct internet_bed bed;
    struct wsd_connection *connection;
    struct wsd_ftp_request request;
    struct wsd_text url;

    (void)state;
    internet_bed_open(&bed);
    assert_int_equal(internet_bed_connect(&bed, INTERNET_SERVICE_FTP, &connection), S_OK);
    assert_int_equal(
        wsd_connection_ftp_request(connection, "/a b;type=a#?%.z\xff", &request, &url),
        S_OK);
    assert_string_equal(request.url, "ftp://h:21/%2Fa%20b%3Btype%3Da%23%3F%25%2Ez%FF");
    assert_string_equal(request.user, "me");
    assert_true(request.is_active);
    wsd_text_fini(&url);
    internet_bed_release(connection);
    internet_bed_close(&bed);
}

static void log_in__result__is_that_of_the_transfer(void **state)
{
    static const struct {
        const char *replies;
        HRESULT result, hr;
        const char *reply;
    } rows[] = {
        {"220 Hello\r\n331 Password\r\n230 In\r\n", S_OK, S_OK, "230 In"},
        {"530 No\r\n", HRESULT_FROM_WIN32(ERROR_WINHTTP_LOGIN_FAILURE),
         INTERNET_E(INTERNET_LOGIN_FAILURE), "530 No"},
        {"421 Busy\r\n", WSD_TRANSFER_REFUSED, INTERNET_E(INTERNET_EXTENDED_ERROR),
         "421 Busy"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct internet_script script = {.head = rows[i].replies,
                                         .result = rows[i].result};
        struct wsd_connection *connection;
        struct internet_bed bed;

        internet_bed_open(&bed);
        bed.transport.context = &script;
        bed.transport.on_start = internet_play_all;
        assert_int_equal(internet_bed_connect(&bed, INTERNET_SERVICE_FTP, &connection),
                         S_OK);
        assert_int_equal(wsd_connection_log_in(connection), rows[i].hr);
        assert_string_equal(wsd_last_error_reply(), rows[i].reply);
        assert_int_equal(bed.transport.prepared, 1);
        assert_true(script.is_new);
        internet_bed_release(connection);
        assert_int_equal(bed.transport.released, 1); /* its own */
        internet_bed_close(&bed);
    }
}

struct login {
    struct worker worker;
    struct wsd_connection *connection;
    HRESULT hr;
};

static void login_run(void *context)
{
    struct login *login = context;

    login->hr = wsd_connection_log_in(login->connection);
}

static void log_in__closed_meanwhile__is_cancelled(void **state)
{
    struct login login;
    struct internet_bed bed;

    (void)state;
    internet_bed_open(&bed);
    assert_int_equal(internet_bed_connect(&bed, INTERNET_SERVICE_FTP, &login.connection),
                     S_OK);
    worker_start(&login.worker, login_run, &login);
    assert_int_equal(login.connection->object.close(&login.connection->object), S_OK);
    worker_join(&login.worker);
    assert_int_equal(login.hr, INTERNET_E(INTERNET_OPERATION_CANCELLED));
    if (bed.transport.last != NULL)
        fake_transfer_done(bed.transport.last, E_ABORT);
    internet_bed_release(login.connection);
    internet_bed_close(&bed);
}

static void file__of_a_connection__is_one_at_a_time(void **state)
{
    struct wsd_connection *connection;
    struct internet_bed bed;

    (void)state;
    internet_bed_open(&bed);
    assert_int_equal(internet_bed_connect(&bed, INTERNET_SERVICE_FTP, &connection), S_OK);
    assert_true(wsd_connection_take_file(connection));
    assert_false(wsd_connection_take_file(connection));
    wsd_connection_give_file(connection);
    assert_true(wsd_connection_take_file(connection));
    internet_bed_release(connection);
    internet_bed_close(&bed);
}

static void create__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;
    HRESULT hr = E_OUTOFMEMORY;
    char *user, *password;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct wsd_connection *connection;
        struct internet_bed bed;

        internet_bed_open(&bed);
        bed.heap.grants = grants;
        hr = internet_bed_connect(&bed, INTERNET_SERVICE_HTTP, &connection);
        if (hr == S_OK) {
            hr = wsd_connection_get_login(connection, &user, &password);
            if (hr == S_OK) {
                wsd_free(&bed.heap.mem, user);
                wsd_free(&bed.heap.mem, password);
            }
            internet_bed_release(connection);
        }
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        internet_bed_close(&bed);
    }
    assert_in_range(grants, 6, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_argument__is_checked),
        cmocka_unit_test(ftp_request__name_of_any_kind__is_encoded),
        cmocka_unit_test(log_in__result__is_that_of_the_transfer),
        cmocka_unit_test(log_in__closed_meanwhile__is_cancelled),
        cmocka_unit_test(file__of_a_connection__is_one_at_a_time),
        cmocka_unit_test(create__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
