/* The promises of wsd_service.h for a service as such: made, started, limited, stopped.
 * How it answers is in the two other files. */
#include "support/device.h"

#include <stdatomic.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define IN_USE HRESULT_FROM_WIN32(WSAEADDRINUSE)
#define NOT_AVAILABLE HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)
#define ALREADY_EXISTS HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)
#define DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)

static wsd_service *service_create(void)
{
    wsd_service *service;

    assert_hr(wsd_service_create(NULL, &service), S_OK);
    return service;
}

/* ---- Creation -------------------------------------------------------------------------
 */

/* [S10] [S11] */
static void create__options__are_checked(void **state)
{
    static const struct {
        const char *address, *certificate, *key, *authorities;
        HRESULT hr;
    } rows[] = {
        {NULL, NULL, NULL, NULL, S_OK},
        {"127.0.0.1", NULL, NULL, NULL, S_OK},
        {"0.0.0.0", NULL, NULL, NULL, S_OK},
        {"::", NULL, NULL, NULL, S_OK},
        {"2001:db8::1", NULL, NULL, NULL, S_OK},
        {NULL, "/no/file", "/no/file", NULL, S_OK}, /* they are read by start */
        {NULL, "/no/file", "/no/file", "/no/file", S_OK},
        {"", NULL, NULL, NULL, E_INVALIDARG},
        {"localhost", NULL, NULL, NULL, E_INVALIDARG},
        {"127.0.0.1:80", NULL, NULL, NULL, E_INVALIDARG},
        {"127.0.0.256", NULL, NULL, NULL, E_INVALIDARG},
        {" 127.0.0.1", NULL, NULL, NULL, E_INVALIDARG},
        {"[::1]", NULL, NULL, NULL, E_INVALIDARG},
        {"*", NULL, NULL, NULL, E_INVALIDARG},
        {NULL, "/no/file", NULL, NULL, E_INVALIDARG},
        {NULL, NULL, "/no/file", NULL, E_INVALIDARG},
        {NULL, NULL, NULL, "/no/file", E_INVALIDARG},
        {NULL, "/no/file", NULL, "/no/file", E_INVALIDARG},
    };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    wsd_service *service = (wsd_service *)&service;

    (void)state;
    assert_hr(wsd_service_create(NULL, NULL), E_POINTER);
    for (size_t i = 0; i < COUNT(rows); i++) {
        service = (wsd_service *)&service;
        options.address = rows[i].address;
        options.tls_certificate_file = rows[i].certificate;
        options.tls_key_file = rows[i].key;
        options.tls_client_ca_file = rows[i].authorities;
        assert_hr(wsd_service_create(&options, &service), rows[i].hr);
        if (rows[i].hr != S_OK)
            assert_null(service);
        wsd_service_release(service);
    }
    options = (wsd_service_options)WSD_SERVICE_OPTIONS_INIT;
    options.ring_bytes = ((size_t)1 << 30) + 1;
    assert_hr(wsd_service_create(&options, &service), E_INVALIDARG);
    options.ring_bytes = (size_t)1 << 30;
    assert_hr(wsd_service_create(&options, &service), S_OK);
    wsd_service_release(service);
    options.size--;
    assert_hr(wsd_service_create(&options, &service), E_INVALIDARG);
    assert_null(service);
}

/* [S10] */
static void create__options__are_copied(void **state)
{
    char address[] = "127.0.0.1";
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client client;
    wsd_service *service;

    (void)state;
    options.address = address;
    assert_hr(wsd_service_create(&options, &service), S_OK);
    memset(address, '9', sizeof(address) - 1);
    memset(&options, 0xDD, sizeof(options));
    assert_hr(wsd_service_start(service), S_OK);
    http_open(&client, wsd_service_port(service));
    http_close(&client);
    wsd_service_release(service);
}

/* ---- Handlers -------------------------------------------------------------------------
 */

/* [S16] */
static void handle__arguments__are_checked(void **state)
{
    static const struct {
        const char *path, *action;
        HRESULT hr;
    } rows[] = {
        {"/", NULL, S_OK},
        {"/a b/\xc3\xa4%", "urn:a", S_OK}, /* as it is behind the decoding */
        {NULL, NULL, E_POINTER},
        {"", NULL, E_INVALIDARG},
        {"service", NULL, E_INVALIDARG},
        {"http://device/service", NULL, E_INVALIDARG},
        {"/service", "", E_INVALIDARG},
        {"/service", "GetFile", E_INVALIDARG},
        {"/service", "urn:a b", E_INVALIDARG},
        {"/service", "urn:a\n", E_INVALIDARG},
        {"/service", "urn:\xc3\xa4", E_INVALIDARG},
    };
    wsd_service *service = service_create();
    char longest[WSD_MAX_URI + 2] = "urn:";

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_hr(wsd_service_handle(service, rows[i].path, rows[i].action,
                                     answer_plainly, NULL),
                  rows[i].hr);
    assert_hr(wsd_service_handle(NULL, "/", "urn:a", answer_plainly, NULL), E_POINTER);
    assert_hr(wsd_service_handle(service, "/service", "urn:a", NULL, NULL), E_POINTER);
    memset(longest + 4, 'a', WSD_MAX_URI - 4);
    assert_hr(wsd_service_handle(service, "/service", longest, answer_plainly, NULL),
              S_OK);
    longest[WSD_MAX_URI] = 'a';
    assert_hr(wsd_service_handle(service, "/service", longest, answer_plainly, NULL),
              E_INVALIDARG);
    wsd_service_release(service);
}

/* [S17] */
static void handle__one_twice__is_refused(void **state)
{
    static const char *const actions[] = {NULL, "urn:a"};
    wsd_service *service = service_create();

    (void)state;
    for (size_t i = 0; i < COUNT(actions); i++) {
        assert_hr(wsd_service_handle(service, "/a", actions[i], answer_plainly, NULL),
                  S_OK);
        assert_hr(wsd_service_handle(service, "/ab", actions[i], answer_plainly, NULL),
                  S_OK);
        assert_hr(wsd_service_handle(service, "/a", actions[i], answer_plainly, service),
                  ALREADY_EXISTS);
    }
    assert_hr(wsd_service_handle(service, "/a", "urn:A", answer_plainly, NULL), S_OK);
    wsd_service_release(service);
}

/* [S18] */
static void handle__after_start__is_refused(void **state)
{
    wsd_service *service = service_create();

    (void)state;
    assert_hr(wsd_service_start(service), S_OK);
    assert_hr(wsd_service_handle(service, "/a", NULL, answer_plainly, NULL),
              INVALID_OPERATION);
    assert_hr(wsd_service_stop(service, 0), S_OK);
    assert_hr(wsd_service_handle(service, "/a", NULL, answer_plainly, NULL),
              INVALID_OPERATION);
    wsd_service_release(service);
}

/* ---- Start ----------------------------------------------------------------------------
 */

/* [S19] [S20] [S24] */
static void start__once__listens(void **state)
{
    wsd_service *service = service_create();
    struct device device = {.service = service};

    (void)state;
    assert_hr(wsd_service_start(NULL), E_POINTER);
    assert_hr(wsd_service_handle(service, "/service", NULL, answer_plainly, NULL), S_OK);
    assert_int_equal(wsd_service_port(service), 0);
    assert_hr(wsd_service_start(service), S_OK);
    device.port = wsd_service_port(service);
    assert_int_not_equal(device.port, 0);
    assert_int_equal(device_status(&device), 200);
    assert_hr(wsd_service_start(service), INVALID_OPERATION);
    assert_int_equal(device_status(&device), 200);
    assert_hr(wsd_service_stop(service, 0), S_OK);
    assert_hr(wsd_service_start(service), INVALID_OPERATION);
    device_release(&device);
}

/* [S21] [S24]: and once the port is free the same service listens on it, although
 * connections of its predecessor are still in TIME_WAIT. */
static void start__port_in_use__succeeds_once_it_is_free(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device first, second;
    struct http_client idle;

    (void)state;
    device_start(&first, NULL, answer_plainly, NULL);
    options.port = first.port;
    assert_hr(wsd_service_create(&options, &second.service), S_OK);
    assert_hr(wsd_service_handle(second.service, "/service", NULL, answer_plainly, NULL),
              S_OK);
    for (int i = 0; i < 2; i++) {
        assert_hr(wsd_service_start(second.service), IN_USE);
        assert_int_equal(wsd_service_port(second.service), 0);
    }
    http_open(&idle, first.port);
    assert_int_equal(device_status(&first), 200);
    device_release(&first); /* closes the idle one, which so is in TIME_WAIT */
    assert_true(http_has_ended(&idle));
    http_close(&idle);

    assert_hr(wsd_service_start(second.service), S_OK);

    assert_int_equal(wsd_service_port(second.service), options.port);
    second.port = options.port;
    assert_int_equal(device_status(&second), 200);
    device_release(&second);
}

/* [S32] */
static void start__address_of_somebody_else__is_refused(void **state)
{
    static const char *const addresses[] = {"192.0.2.1",
                                            "2001:db8::1"}; /* RFC 5737, 3849 */

    (void)state;
    for (size_t i = 0; i < COUNT(addresses); i++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        wsd_service *service;

        options.address = addresses[i];
        assert_hr(wsd_service_create(&options, &service), S_OK);
        for (int again = 0; again < 2; again++)
            assert_hr(wsd_service_start(service), NOT_AVAILABLE);
        assert_hr(wsd_service_stop(service, 0), S_OK);
        wsd_service_release(service);
    }
}

/* Nobody will listen there; -1: somebody does, a test beside this one. */
static int hold(const char *ipv4, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    assert_int_equal(inet_pton(AF_INET, ipv4, &address.sin_addr), 1);
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0)
        return fd;
    close(fd);
    return -1;
}

static void address__says__who_is_let_in(void **state)
{
    static const struct {
        const char *address, *to;
        bool is_let_in;
    } rows[] = {
        {NULL, "127.0.0.1", true},
        {NULL, "127.0.0.2", false},
        {"127.0.0.2", "127.0.0.2", true},
        {"127.0.0.2", "127.0.0.1", false},
        {"0.0.0.0", "127.0.0.1", true},
        {"0.0.0.0", "127.0.0.2", true},
        {"::1", "::1", true},
        {"::1", "127.0.0.1", false},
        {"::", "::1", true},
        {"::", "127.0.0.1", true},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct http_client client;
        wsd_service *service;
        int held = -1;
        HRESULT hr;

        options.address = rows[i].address;
        assert_hr(wsd_service_create(&options, &service), S_OK);
        hr = wsd_service_start(service);
        if (hr == NOT_AVAILABLE && strchr(rows[i].address, ':') != NULL) {
            wsd_service_release(service); /* a machine without IPv6 */
            continue;
        }
        assert_hr(hr, S_OK);
        if (!rows[i].is_let_in) {
            held = hold(rows[i].to, wsd_service_port(service));
            if (held < 0) {
                wsd_service_release(service);
                i--; /* once more, on another port */
                continue;
            }
        }
        assert_int_equal(http_try_open(&client, rows[i].to, wsd_service_port(service)),
                         rows[i].is_let_in);
        if (rows[i].is_let_in)
            http_close(&client);
        else
            close(held);
        wsd_service_release(service);
    }
}

/* ---- Stop and release -----------------------------------------------------------------
 */

struct stopping {
    struct worker worker;
    wsd_service *service;
    DWORD drain_ms;
    HRESULT hr;
};

static void run_stop(void *argument)
{
    struct stopping *stopping = argument;

    stopping->hr = wsd_service_stop(stopping->service, stopping->drain_ms);
}

/* Returns when nobody can connect any more. */
static void stop_begin(struct stopping *stopping, const struct device *device,
                       DWORD drain_ms)
{
    struct http_client client;

    *stopping = (struct stopping){.service = device->service, .drain_ms = drain_ms};
    worker_start(&stopping->worker, run_stop, stopping);
    WORKER_AWAIT(!http_try_open(&client, "127.0.0.1", device->port) ||
                 (http_close(&client), false));
}

static HRESULT stop_end(struct stopping *stopping)
{
    worker_join(&stopping->worker);
    return stopping->hr;
}

/* [S28] */
static void stop__nothing_in_progress__is_ok(void **state)
{
    struct device device = {.service = service_create()};
    struct http_client idle, answered;
    struct recorded reply;

    (void)state;
    assert_hr(wsd_service_stop(NULL, 0), E_POINTER);
    for (int i = 0; i < 2; i++)
        assert_hr(wsd_service_stop(device.service, INFINITE), S_OK);
    device_release(&device);

    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&idle, device.port);
    http_open(&answered, device.port);
    http_post(&answered, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    http_receive(&answered, &reply);
    assert_hr(wsd_service_stop(device.service, INFINITE), S_OK);
    assert_true(http_has_ended(&idle));
    assert_true(http_has_ended(&answered));
    http_close(&idle);
    http_close(&answered);
    assert_false(http_try_open(&idle, "127.0.0.1", device.port));
    assert_hr(wsd_service_stop(device.service, INFINITE), S_OK);
    recorded_free(&reply);
    device_release(&device);
}

/* A request in progress: its handler THINKS until it is let go, READS a part that does
 * not end, WRITES to a client that does not read, or with all patience BEFORE it has
 * replied, or has returned and KEEPS the reply open. */
struct visit {
    enum deed { THINKS, READS, WRITES, BEFORE, KEEPS, VISITS } does;
    IWSDInboundAttachment *in;
    IWSDOutboundAttachment *out;
    HRESULT hr;
    atomic_bool is_in, may_go, has_gone;
    struct device device;
    struct http_client client;
};

static HRESULT WSD_CALL stay(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply)
{
    static const char zeros[65536];
    struct visit *visit = context;
    char byte;
    DWORD n;

    visit->hr = request_part(request, 0, &visit->in);
    if (visit->hr == S_OK)
        visit->hr = answer_attach(reply, &visit->out, 1);
    if (visit->hr == S_OK && visit->does == WRITES)
        visit->hr = wsd_service_reply(reply);
    atomic_store(&visit->is_in, true);
    if (visit->does == THINKS)
        WORKER_AWAIT(atomic_load(&visit->may_go));
    while (visit->does == READS && visit->hr == S_OK)
        visit->hr = page_read(visit->in, &byte, 1, &n);
    if (visit->does == BEFORE && visit->hr == S_OK)
        visit->hr =
            wsd_attachment_set_wait_budget((IWSDAttachment *)visit->out, INFINITE);
    while ((visit->does == WRITES || visit->does == BEFORE) && visit->hr == S_OK)
        visit->hr = attachment_write(visit->out, zeros, sizeof(zeros), &n);
    atomic_store(&visit->has_gone, true);
    return S_OK;
}

static void visit_begin(struct visit *visit, enum deed does)
{
    struct bytes body = {0};

    memset(visit, 0, sizeof(*visit));
    visit->does = does;
    device_start(&visit->device, NULL, stay, visit);
    put_upload(&body, 1);
    put_page(&body, 0, "document", 8);
    put_end(&body);
    http_open(&visit->client, visit->device.port);
    http_post_head(&visit->client, "/service", PACKAGE_FIELD, body.size);
    http_send(&visit->client, body.at, does == READS ? body.size - 20 : body.size);
    bytes_free(&body);
    WORKER_AWAIT(atomic_load(&visit->is_in));
    if (does == KEEPS)
        WORKER_AWAIT(atomic_load(&visit->has_gone));
}

static void visit_end(struct visit *visit)
{
    page_release(visit->in);
    attachment_release(visit->out);
    http_close(&visit->client);
    device_release(&visit->device);
}

/* [S28] */
static void stop__drain_time_suffices__lets_requests_end(void **state)
{
    static const enum deed visits[] = {THINKS, KEEPS};

    (void)state;
    for (size_t i = 0; i < COUNT(visits); i++) {
        struct stopping stopping;
        struct recorded reply;
        struct visit visit;

        visit_begin(&visit, visits[i]);
        stop_begin(&stopping, &visit.device, i == 0 ? INFINITE : PEER_PATIENCE_MS);

        atomic_store(&visit.may_go, true);
        assert_hr(part_write(visit.out, "drained", 7), S_OK);

        http_receive(&visit.client, &reply);
        assert_true(reply.whole);
        assert_part(&reply, 1, "drained", 7);
        assert_true(http_has_ended(&visit.client));
        assert_hr(stop_end(&stopping), S_OK);
        assert_true(atomic_load(&visit.has_gone));
        recorded_free(&reply);
        visit_end(&visit);
    }
}

/* [S29] [S39] */
static void stop__drain_time_over__cuts_what_is_left(void **state)
{
    static const enum deed visits[] = {READS, WRITES, BEFORE, KEEPS};

    (void)state;
    for (size_t i = 0; i < COUNT(visits); i++)
        for (DWORD drain_ms = 0; drain_ms < 100; drain_ms += 50) {
            struct recorded reply;
            struct visit visit;
            DWORD given;
            char byte;

            visit_begin(&visit, visits[i]);

            assert_hr(wsd_service_stop(visit.device.service, drain_ms), S_FALSE);

            assert_true(atomic_load(&visit.has_gone));
            assert_hr(visit.hr, visits[i] == KEEPS ? S_OK : E_ABORT);
            assert_hr(attachment_open(visit.out), E_ABORT);
            http_receive(&visit.client, &reply);
            assert_cut(&reply);
            assert_true(http_has_ended(&visit.client));
            recorded_free(&reply);
            assert_hr(wsd_service_stop(visit.device.service, 0), S_OK);
            device_release(&visit.device);
            assert_hr(attachment_close(visit.out), E_ABORT); /* they outlive it */
            if (visits[i] == READS)
                assert_hr(page_read(visit.in, &byte, 1, &given), E_ABORT);
            visit_end(&visit);
        }
}

/* [S29] */
static void stop__handler_still_runs__waits_for_it(void **state)
{
    struct stopping stopping;
    struct recorded reply;
    struct visit visit;

    (void)state;
    visit_begin(&visit, THINKS);
    stop_begin(&stopping, &visit.device, 0);
    http_receive(&visit.client, &reply); /* cut, although its handler goes on */
    assert_cut(&reply);
    assert_true(http_has_ended(&visit.client));
    atomic_store(&visit.may_go, true);
    assert_hr(stop_end(&stopping), S_FALSE);
    assert_true(atomic_load(&visit.has_gone));
    recorded_free(&reply);
    visit_end(&visit);
}

/* Handlers that come one after another, each when the test lets it. */
struct queue {
    atomic_uint entered;
    atomic_bool may_go;
};

static HRESULT WSD_CALL queue_up(void *context, wsd_inbound_message *request,
                                 wsd_outbound_message *reply)
{
    struct queue *queue = context;

    atomic_fetch_add(&queue->entered, 1);
    WORKER_AWAIT(atomic_load(&queue->may_go));
    return answer_plainly(NULL, request, reply);
}

/* Returns when the request is known to be in progress. */
static void come_in(struct http_client *client, const struct device *device)
{
    struct recorded go_on;

    http_open(client, device->port);
    http_post_head(client, "/service", SOAP_FIELD "Expect: 100-continue\r\n",
                   strlen(REQUEST));
    http_receive(client, &go_on);
    assert_int_equal(http_status(&go_on), 100);
    recorded_free(&go_on);
    http_say(client, REQUEST);
}

/* [S28]: no more connections, and no more requests on those that there are. */
static void stop__in_progress__takes_nothing_new(void **state)
{
    struct http_client busy, idle;
    struct stopping stopping;
    struct queue queue = {0};
    struct device device = {.service = service_create()};
    struct recorded reply;
    atomic_uint calls = 0;
    char again[2000];

    (void)state;
    snprintf(again, sizeof(again),
             "POST /idle HTTP/1.1\r\nHost: device\r\n" SOAP_FIELD
             "Content-Length: %zu\r\n\r\n" REQUEST,
             strlen(REQUEST));
    assert_hr(wsd_service_handle(device.service, "/service", NULL, queue_up, &queue),
              S_OK);
    assert_hr(wsd_service_handle(device.service, "/idle", NULL, answer_plainly, &calls),
              S_OK);
    assert_hr(wsd_service_start(device.service), S_OK);
    device.port = wsd_service_port(device.service);
    http_open(&idle, device.port);
    http_post(&idle, "/idle", SOAP_FIELD, REQUEST, strlen(REQUEST));
    expect_answer(&idle);
    come_in(&busy, &device);
    WORKER_AWAIT(atomic_load(&queue.entered) == 1);
    stop_begin(&stopping, &device, INFINITE);

    (void)http_try_send(&idle, again, strlen(again));

    http_receive(&idle, &reply); /* if there is one */
    if (reply.head[0] != '\0')
        assert_int_equal(http_status(&reply), 503);
    atomic_store(&queue.may_go, true);
    expect_answer(&busy);
    assert_hr(stop_end(&stopping), S_OK);
    assert_int_equal(atomic_load(&calls), 1);
    recorded_free(&reply);
    http_close(&busy);
    http_close(&idle);
    device_release(&device);
}

/* [S28] [S29]: drained, the others have their turn; cut, no handler is called for them.
 */
static void stop__requests_wait_for_a_worker__drains_or_cuts_them(void **state)
{
    (void)state;
    for (int drains = 0; drains < 2; drains++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct http_client clients[4];
        struct stopping stopping;
        struct queue queue = {0};
        struct device device;

        options.max_workers = 1;
        device_start(&device, &options, queue_up, &queue);
        for (size_t i = 0; i < COUNT(clients); i++)
            come_in(&clients[i], &device);
        WORKER_AWAIT(atomic_load(&queue.entered) == 1);
        stop_begin(&stopping, &device, drains ? INFINITE : 0);
        for (size_t i = 0; i < COUNT(clients) && !drains; i++)
            assert_true(http_has_ended(&clients[i]));
        atomic_store(&queue.may_go, true);
        for (size_t i = 0; i < COUNT(clients) && drains; i++)
            expect_answer(&clients[i]);
        assert_hr(stop_end(&stopping), drains ? S_OK : S_FALSE);
        assert_int_equal(atomic_load(&queue.entered), drains ? COUNT(clients) : 1);
        for (size_t i = 0; i < COUNT(clients); i++)
            http_close(&clients[i]);
        device_release(&device);
    }
}

/* [S31] */
static void release__requests_in_progress__cuts_them(void **state)
{
    static const enum deed visits[] = {READS, WRITES, BEFORE, KEEPS};

    (void)state;
    wsd_service_release(NULL);
    for (size_t i = 0; i < COUNT(visits); i++) {
        struct recorded reply;
        struct visit visit;

        visit_begin(&visit, visits[i]);

        device_release(&visit.device);

        assert_true(atomic_load(&visit.has_gone));
        assert_hr(visit.hr, visits[i] == KEEPS ? S_OK : E_ABORT);
        assert_hr(attachment_open(visit.out), E_ABORT);
        http_receive(&visit.client, &reply);
        assert_cut(&reply);
        assert_true(http_has_ended(&visit.client));
        recorded_free(&reply);
        visit_end(&visit);
    }
}

/* What stop says to a caller that it would have to wait for; release says nothing. */
struct refusal {
    wsd_service *service;
    IWSDOutboundAttachment *part;
    HRESULT at_once, drained;
    atomic_bool is_there;
};

static void try_to_stop(struct refusal *refusal)
{
    refusal->at_once = wsd_service_stop(refusal->service, 0);
    refusal->drained = wsd_service_stop(refusal->service, INFINITE);
    wsd_service_release(refusal->service);
    atomic_store(&refusal->is_there, true);
}

static HRESULT WSD_CALL stop_from_handler(void *context, wsd_inbound_message *request,
                                          wsd_outbound_message *reply)
{
    try_to_stop(context);
    return answer_plainly(NULL, request, reply);
}

static void WSD_CALL stop_from_callback(void *context)
{
    try_to_stop(context);
}

/* Its attachment is ready when the reply is sent: not before the handler has returned. */
static HRESULT WSD_CALL set_callback(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply)
{
    struct refusal *refusal = context;
    HRESULT hr = answer_attach(reply, &refusal->part, 1);
    DWORD written;

    (void)request;
    if (hr == S_OK)
        hr = wsd_attachment_set_ready_callback((IWSDAttachment *)refusal->part,
                                               stop_from_callback, refusal);
    if (hr == S_OK)
        hr = wsd_attachment_set_wait_budget((IWSDAttachment *)refusal->part, 0);
    if (hr == S_OK)
        hr = attachment_write(refusal->part, "a", 1, &written);
    return hr == STG_S_BLOCK ? S_OK : E_FAIL;
}

/* [S30] [S41]: and the service goes on. */
static void stop__on_its_own_threads__is_refused(void **state)
{
    struct refusal refusal = {0};
    struct http_client client;
    struct device device;

    (void)state;
    assert_hr(wsd_service_create(NULL, &device.service), S_OK);
    refusal.service = device.service;
    assert_hr(
        wsd_service_handle(device.service, "/service", NULL, stop_from_handler, &refusal),
        S_OK);
    assert_hr(wsd_service_handle(device.service, "/ready", NULL, set_callback, &refusal),
              S_OK);
    assert_hr(wsd_service_start(device.service), S_OK);
    device.port = wsd_service_port(device.service);
    for (int i = 0; i < 2; i++)
        assert_int_equal(device_status(&device), 200);
    assert_hr(refusal.at_once, DEADLOCK);
    assert_hr(refusal.drained, DEADLOCK);

    atomic_store(&refusal.is_there, false);
    refusal.at_once = refusal.drained = S_OK;
    http_open(&client, device.port);
    http_post(&client, "/ready", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&refusal.is_there));
    assert_hr(refusal.at_once, DEADLOCK);
    assert_hr(refusal.drained, DEADLOCK);

    atomic_store(&refusal.is_there, false); /* now when the client takes something */
    refusal.at_once = refusal.drained = S_OK;
    attachment_stuff(refusal.part);
    http_await(&client, 1 << 20);
    WORKER_AWAIT(atomic_load(&refusal.is_there));
    assert_hr(refusal.at_once, DEADLOCK);
    assert_hr(refusal.drained, DEADLOCK);
    assert_hr(attachment_abort(refusal.part), S_OK);
    http_close(&client);
    attachment_release(refusal.part);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__options__are_checked),
        cmocka_unit_test(create__options__are_copied),
        cmocka_unit_test(handle__arguments__are_checked),
        cmocka_unit_test(handle__one_twice__is_refused),
        cmocka_unit_test(handle__after_start__is_refused),
        cmocka_unit_test(start__once__listens),
        cmocka_unit_test(start__port_in_use__succeeds_once_it_is_free),
        cmocka_unit_test(start__address_of_somebody_else__is_refused),
        cmocka_unit_test(address__says__who_is_let_in),
        cmocka_unit_test(stop__nothing_in_progress__is_ok),
        cmocka_unit_test(stop__drain_time_suffices__lets_requests_end),
        cmocka_unit_test(stop__drain_time_over__cuts_what_is_left),
        cmocka_unit_test(stop__handler_still_runs__waits_for_it),
        cmocka_unit_test(stop__in_progress__takes_nothing_new),
        cmocka_unit_test(stop__requests_wait_for_a_worker__drains_or_cuts_them),
        cmocka_unit_test(stop__on_its_own_threads__is_refused),
        cmocka_unit_test(release__requests_in_progress__cuts_them),
    };

    return cmocka_run_group_tests_name("service_options_contract", tests, NULL, NULL);
}
