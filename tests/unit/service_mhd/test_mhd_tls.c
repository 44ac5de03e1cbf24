#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service_mhd/mhd_tls.h"
#include "support/certificates.h"
#include "support/failing_mem.h"
#include "support/tls_client.h"
#include "wsd_error.h"

#define SECURE_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)
#define NO_FILE HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)

static struct certificates certificates;

#define LIMIT ((size_t)1 << 20)

/* The server's certificate behind so many line ends that the file has this size. */
static void write_padded(const char *file, size_t size)
{
    char *bytes = malloc(size), path[64];
    FILE *pem = fopen(certificates_path(&certificates, "server.pem", path), "r");
    size_t length;

    assert_true(bytes != NULL && pem != NULL);
    length = fread(bytes, 1, size, pem);
    fclose(pem);
    memmove(bytes + size - length, bytes, length);
    memset(bytes, '\n', size - length);
    certificates_write(&certificates, file, bytes, size);
    free(bytes);
}

static int make_certificates(void **state)
{
    (void)state;
    certificates_make(&certificates);
    certificates_write(&certificates, "text.pem", "no certificate\n", 15);
    certificates_write(&certificates, "nul.pem", "", 1);
    certificates_write(&certificates, "empty.pem", "", 0);
    write_padded("limit.pem", LIMIT);
    write_padded("large.pem", LIMIT + 1);
    return 0;
}

static int remove_certificates(void **state)
{
    (void)state;
    certificates_remove(&certificates);
    return 0;
}

/* authorities: NULL for none. */
static HRESULT load(struct wsd_mhd_tls *tls, const struct wsd_mem *mem,
                    const char *certificate, const char *key, const char *authorities)
{
    char paths[3][64];

    certificates_path(&certificates, certificate, paths[0]);
    certificates_path(&certificates, key, paths[1]);
    if (authorities != NULL)
        certificates_path(&certificates, authorities, paths[2]);
    return wsd_mhd_tls_load(tls, mem, paths[0], paths[1],
                            authorities == NULL ? NULL : paths[2]);
}

static void load__each_kind_of_file__has_its_code(void **state)
{
    static const struct {
        const char *certificate, *key, *authorities;
        HRESULT hr;
    } rows[] = {
        {"server.pem", "server.key", NULL, S_OK},
        {"server.pem", "server.key", "ca.pem", S_OK},
        {"nothing.pem", "server.key", NULL, NO_FILE},
        {"server.pem", "nothing.key", NULL, NO_FILE},
        {"server.pem", "server.key", "nothing.pem", NO_FILE},
        {".", "server.key", NULL, NO_FILE},
        {"server.pem", "client.key", NULL, SECURE_FAILURE},
        {"server.pem", "server.pem", NULL, SECURE_FAILURE},
        {"server.key", "server.key", NULL, SECURE_FAILURE},
        {"text.pem", "server.key", NULL, SECURE_FAILURE},
        {"server.pem", "text.pem", NULL, SECURE_FAILURE},
        {"server.pem", "server.key", "text.pem", SECURE_FAILURE},
        {"server.pem", "server.key", "server.key", SECURE_FAILURE},
        {"empty.pem", "server.key", NULL, SECURE_FAILURE},
        {"server.pem", "empty.pem", NULL, SECURE_FAILURE},
        {"server.pem", "server.key", "empty.pem", SECURE_FAILURE},
        {"nul.pem", "server.key", NULL, SECURE_FAILURE},
        {"limit.pem", "server.key", NULL, S_OK},
        {"large.pem", "server.key", NULL, SECURE_FAILURE},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_mhd_tls tls;

        assert_int_equal(
            load(&tls, &heap.mem, rows[i].certificate, rows[i].key, rows[i].authorities),
            rows[i].hr);
        if (rows[i].hr == S_OK)
            wsd_mhd_tls_fini(&tls);
        assert_int_equal(heap.live, 0);
        wsd_mhd_tls_fini(&tls);
    }
}

static void load__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants;

    (void)state;
    for (grants = 0; grants < 8; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_mhd_tls tls;
        HRESULT hr = load(&tls, &heap.mem, "server.pem", "server.key", "ca.pem");

        wsd_mhd_tls_fini(&tls);
        assert_int_equal(heap.live, 0);
        if (hr == S_OK)
            break;
        assert_int_equal(hr, E_OUTOFMEMORY);
    }
    assert_int_equal(grants, 3);
}

/* An allocator that looks at what it is given back. */
static const char *secret;
static bool was_secret;

static void look(void *block, void *user)
{
    (void)user;
    if (block != NULL && secret != NULL && memcmp(block, secret, 32) == 0)
        was_secret = true;
    free(block);
}

static void *grant(size_t size, void *user)
{
    (void)user;
    return calloc(1, size);
}

static void fini__key__is_overwritten(void **state)
{
    const struct wsd_mem mem = {grant, look, NULL};
    struct wsd_mhd_tls tls;
    char copy[32];

    (void)state;
    assert_int_equal(load(&tls, &mem, "server.pem", "server.key", NULL), S_OK);
    memcpy(copy, tls.key, sizeof(copy));
    secret = copy;
    was_secret = false;
    wsd_mhd_tls_fini(&tls);
    assert_false(was_secret);

    assert_int_equal(load(&tls, &mem, "client.pem", "server.key", NULL), SECURE_FAILURE);
    assert_false(was_secret);
    secret = NULL;
}

/* ---- A daemon that answers with 200 or 403 ---- */

static enum MHD_Result answer(void *context, struct MHD_Connection *connection,
                              const char *url, const char *method, const char *version,
                              const char *bytes, size_t *size, void **request_context)
{
    struct MHD_Response *response =
        MHD_create_response_from_buffer(0, NULL, MHD_RESPMEM_PERSISTENT);
    unsigned status = wsd_mhd_tls_admits(connection) ? 200 : 403;
    enum MHD_Result queued = MHD_queue_response(connection, status, response);

    (void)context;
    (void)url;
    (void)method;
    (void)version;
    (void)bytes;
    (void)size;
    (void)request_context;
    MHD_destroy_response(response);
    return queued;
}

static struct MHD_Daemon *start(const char *authorities, uint16_t *port)
{
    struct MHD_OptionItem options[WSD_MHD_TLS_OPTIONS];
    struct wsd_mhd_tls tls;
    struct MHD_Daemon *daemon;

    assert_int_equal(load(&tls, wsd_mem_heap(), "server.pem", "server.key", authorities),
                     S_OK);
    wsd_mhd_tls_options(&tls, options);
    daemon = MHD_start_daemon(
        MHD_USE_TLS | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_AUTO, 0, NULL, NULL,
        answer, NULL, MHD_OPTION_ARRAY, options, MHD_OPTION_END);
    wsd_mhd_tls_fini(&tls);
    assert_non_null(daemon);
    *port = MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT)->port;
    return daemon;
}

/* 0: they did not come to an agreement. */
static int status_for(uint16_t port, const char *priorities, const char *shows)
{
    static const char request[] =
        "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    struct tls_client client;
    int status = 0;

    tls_open(&client, port, &certificates, priorities, shows);
    if (tls_shake_hands(&client)) {
        size_t size;
        char *reply;

        assert_true(tls_send(&client, request, sizeof(request) - 1, SIZE_MAX));
        reply = tls_receive(&client, &size);
        if (size > 12)
            status = atoi(reply + strlen("HTTP/1.1 "));
        free(reply);
    }
    tls_close(&client);
    return status;
}

#define TLS_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.2"
#define TLS_1_3 "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define BEFORE_1_2 "NORMAL:-VERS-ALL:+VERS-TLS1.1:+VERS-TLS1.0:%COMPAT"

static void admits__each_certificate__only_good_ones(void **state)
{
    static const struct {
        const char *shows;
        bool good;
    } rows[] = {
        {"client", true},   {"anyone", true}, {NULL, false},       {"server", false},
        {"expired", false}, {"early", false}, {"stranger", false}, {"alone", false},
    };
    static const char *const versions[] = {TLS_1_2, TLS_1_3};
    uint16_t port;
    struct MHD_Daemon *daemon = start("ca.pem", &port);

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t j = 0; j < 2; j++)
            assert_int_equal(status_for(port, versions[j], rows[i].shows),
                             rows[i].good ? 200 : 403);
    MHD_stop_daemon(daemon);
}

static void options__versions__are_1_2_and_newer(void **state)
{
    uint16_t port;
    struct MHD_Daemon *daemon = start(NULL, &port);

    (void)state;
    assert_int_equal(status_for(port, TLS_1_2, NULL), 403);
    assert_int_equal(status_for(port, TLS_1_3, NULL), 403);
    assert_int_equal(status_for(port, BEFORE_1_2, NULL), 0);
    MHD_stop_daemon(daemon);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(load__each_kind_of_file__has_its_code),
        cmocka_unit_test(load__every_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(fini__key__is_overwritten),
        cmocka_unit_test(admits__each_certificate__only_good_ones),
        cmocka_unit_test(options__versions__are_1_2_and_newer),
    };

    return cmocka_run_group_tests_name("mhd_tls", tests, make_certificates,
                                       remove_certificates);
}
