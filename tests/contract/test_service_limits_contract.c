/* The promises of wsd_service.h for the limits of a service's options. */
#include "support/document.h"

#include <stdatomic.h>
#include <stdio.h>

#include "support/peer.h"

#define PART 300000

static const struct timespec a_while = {0, 400000000};

static void post_request(struct http_client *client, const struct device *device)
{
    http_open(client, device->port);
    http_post(client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
}

static int receive_status(struct http_client *client)
{
    struct recorded reply;
    int status;

    http_receive(client, &reply);
    assert_true(reply.whole);
    status = http_status(&reply);
    recorded_free(&reply);
    return status;
}

/* ---- Sizes ----------------------------------------------------------------------------
 */

/* The request, or its root part, with blanks behind the envelope up to `size`. */
static void put_padded(struct bytes *body, bool in_package, size_t size)
{
    size_t before, missing;
    char *blanks;

    if (in_package)
        put_part(body, "Content-ID: <root@scan>\r\n", "", 0);
    before = body->size;
    bytes_say(body, REQUEST);
    missing = size - (body->size - before);
    blanks = malloc(missing + 1);
    assert_true(size > strlen(REQUEST) && blanks != NULL);
    bytes_put(body, memset(blanks, ' ', missing), missing);
    free(blanks);
    if (in_package)
        put_end(body);
}

static void envelope__above_its_limit__is_refused_and_the_connection_closed(void **state)
{
    static const struct {
        size_t limit, size;
        bool fits;
    } rows[] = {
        {0, WSD_MAX_ENVELOPE, true}, {0, WSD_MAX_ENVELOPE + 1, false},
        {2000, 2000, true},          {2000, 2001, false},
        {100000, 100000, true},      {100000, 1 << 20, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows) * 2; i++) {
        bool in_package = i % 2 == 1, fits = rows[i / 2].fits;
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct bytes body = {0};
        struct http_client client;
        struct recorded reply;
        struct device device;
        atomic_uint calls = 0;

        options.max_envelope_bytes = rows[i / 2].limit;
        device_start(&device, &options, answer_plainly, &calls);
        put_padded(&body, in_package, rows[i / 2].size);
        http_open(&client, device.port);
        http_post_head(&client, "/service", in_package ? PACKAGE_FIELD : SOAP_FIELD,
                       body.size);
        assert_true(http_try_send(&client, body.at, body.size) || !fits);
        http_receive(&client, &reply);
        if (fits) {
            assert_int_equal(http_status(&reply), 200);
        } else {
            assert_fault(&reply, 413, "Sender", NULL);
            assert_true(http_has_ended(&client));
        }
        assert_int_equal(atomic_load(&calls), fits);
        recorded_free(&reply);
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

/* One that looks at its attachment as the row says, and answers. */
struct glance {
    DWORD read; /* bytes to read at least */
    bool close;
    atomic_bool has_left;
};

static HRESULT WSD_CALL look_and_answer(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    struct glance *glance = context;
    IWSDInboundAttachment *part;
    HRESULT hr = request_part(request, 0, &part);
    char buffer[1000];

    if (hr != S_OK)
        return hr;
    for (DWORD size = 0, given; size < glance->read && hr == S_OK; size += given)
        hr = page_read(part, buffer, sizeof(buffer), &given);
    if (glance->close)
        page_close(part);
    page_release(part);
    atomic_store(&glance->has_left, true);
    return SUCCEEDED(hr) ? answer_plainly(NULL, request, reply) : hr;
}

/* [S3]: a quarter of the part, at least, comes when the handler has left. */
static void attachments__left_unread__are_thrown_away_up_to_the_limit(void **state)
{
    static const struct {
        DWORD read;
        bool close;
        uint64_t limit;
        bool is_answered;
    } rows[] = {
        {0, false, 0, true},
        {PART / 2, false, 0, true},
        {0, true, 0, true},
        {PART / 2, true, 0, true},
        {0, false, 2 * PART, true},
        {PART / 2, true, 2 * PART, true},
        {0, false, PART / 8, false},
        {0, true, PART / 8, false},
        {PART / 2, false, PART / 8, false},
        {PART / 2, true, PART / 8, false},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct glance glance = {.read = rows[i].read, .close = rows[i].close};
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct http_client client;
        struct bytes body = {0};
        struct recorded reply;
        struct device device;

        options.ring_bytes = RING;
        options.max_discard_bytes = rows[i].limit;
        device_start(&device, &options, look_and_answer, &glance);
        put_package(&body, PART);
        http_open(&client, device.port);
        http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
        http_send(&client, body.at, body.size - PART / 4);
        WORKER_AWAIT(atomic_load(&glance.has_left));
        nanosleep(&a_while, NULL); /* it has returned */
        (void)http_try_send(&client, body.at + body.size - PART / 4, PART / 4);
        http_receive(&client, &reply);
        assert_int_equal(reply.whole, rows[i].is_answered);
        if (rows[i].is_answered)
            assert_int_equal(http_status(&reply), 200);
        else
            assert_true(http_has_ended(&client));
        recorded_free(&reply);
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

/* A request whose envelope is refused is read up to the limit as well, so that its fault
 * is heard; also when the attachment's ring was full before. */
static void refused_request__of_any_size__is_thrown_away_up_to_the_limit(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct http_client client;
        struct bytes body = {0};
        struct recorded reply;
        struct device device;

        options.ring_bytes = i == 0 ? 2 * PART : RING;
        options.max_discard_bytes = i < 2 ? 2 * PART : PART / 4;
        device_start_for(&device, &options, "urn:somebody", answer_plainly, NULL);
        put_package(&body, PART);
        http_open(&client, device.port);
        http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
        if (i < 2) {
            http_send(&client, body.at, body.size);
            http_receive(&client, &reply);
            assert_fault(&reply, 400, "Sender", "ActionNotSupported");
            recorded_free(&reply);
        } else {
            while (http_try_send(&client, body.at, body.size)) {
            }
        }
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

/* What a handler finds of an attachment when the network does not move. */
struct standstill {
    wsd_attachment_progress progress;
    HRESULT hr, close;
    atomic_bool found;
};

static HRESULT WSD_CALL read_until_standstill(void *context, wsd_inbound_message *request,
                                              wsd_outbound_message *reply)
{
    struct standstill *found = context;
    IWSDInboundAttachment *part;
    char buffer[1000];
    DWORD given;

    found->progress.size = sizeof(found->progress);
    found->hr = request_part(request, 0, &part);
    if (found->hr != S_OK)
        return E_FAIL;
    WORKER_AWAIT(wsd_attachment_get_progress((IWSDAttachment *)part, &found->progress) !=
                     S_OK ||
                 found->progress.accepted >= RING);
    nanosleep(&a_while, NULL); /* more may not come */
    wsd_attachment_get_progress((IWSDAttachment *)part, &found->progress);
    do
        found->hr = page_read(part, buffer, sizeof(buffer), &given);
    while (found->hr == S_OK);
    page_release(part);
    atomic_store(&found->found, true);
    return answer_plainly(NULL, request, reply);
}

/* A ring bounds what arrives, the wait budget how long a Read waits for more. */
static void read__client_stands_still__has_a_ring_and_a_budget(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct standstill found = {0};
    struct http_client client;
    struct bytes body = {0};
    struct device device;

    (void)state;
    options.ring_bytes = RING;
    options.wait_budget_ms = 300;
    device_start(&device, &options, read_until_standstill, &found);
    put_package(&body, PART);
    http_open(&client, device.port);
    http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
    http_send(&client, body.at, body.size - PART / 2);
    WORKER_AWAIT(atomic_load(&found.found));
    assert_int_equal(found.progress.accepted, RING);
    assert_hr(found.hr, STG_S_BLOCK);
    http_send(&client, body.at + body.size - PART / 2, PART / 2);
    assert_int_equal(receive_status(&client), 200);
    http_close(&client);
    bytes_free(&body);
    device_release(&device);
}

/* Reads the last of six parts before the others, then all in their order, or none. */
struct backwards {
    bool leaves;
    uint64_t accepted; /* of all parts, before any was read */
    HRESULT before, after;
};

enum { BACKWARDS = 6 };

static HRESULT WSD_CALL read_backwards(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    struct backwards *found = context;
    IWSDInboundAttachment *parts[BACKWARDS];
    wsd_attachment_progress progress = {.size = sizeof(progress)};
    char byte;
    DWORD given;

    for (size_t i = 0; i < BACKWARDS; i++)
        if (request_part(request, i, &parts[i]) != S_OK)
            return E_FAIL;
    found->before = page_read(parts[BACKWARDS - 1], &byte, 1, &given);
    for (size_t i = 0; i < BACKWARDS; i++) {
        wsd_attachment_get_progress((IWSDAttachment *)parts[i], &progress);
        found->accepted += progress.accepted;
    }
    for (size_t i = 0; i < BACKWARDS; i++) {
        if (!found->leaves)
            found->after = part_read(parts[i], document.at, RING).hr;
        page_release(parts[i]);
    }
    return answer_plainly(NULL, request, reply);
}

/* [R23] [R24] */
static void read__behind_more_than_fits__blocks_until_that_is_read(void **state)
{
    (void)state;
    for (int leaves = 0; leaves < 2; leaves++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct backwards found = {.leaves = leaves, .before = E_FAIL, .after = S_FALSE};
        struct bytes body = {0};
        struct recorded reply;
        struct device device;

        options.ring_bytes = RING;
        options.wait_budget_ms = 300;
        device_start(&device, &options, read_backwards, &found);
        put_upload(&body, BACKWARDS);
        for (size_t i = 0; i < BACKWARDS; i++)
            put_page(&body, i, document.at, RING);
        put_end(&body);
        device_ask(&device, PACKAGE_FIELD, body.at, body.size, &reply);
        assert_int_equal(http_status(&reply), 200);
        assert_hr(found.before, STG_S_BLOCK);
        assert_int_equal(found.accepted, 4 * RING);
        assert_hr(found.after, S_FALSE);
        recorded_free(&reply);
        bytes_free(&body);
        device_release(&device);
    }
}

static HRESULT WSD_CALL count_what_comes(void *context, wsd_inbound_message *request,
                                         wsd_outbound_message *reply)
{
    atomic_size_t *count = context;
    IWSDInboundAttachment *part;
    char buffer[1000];
    HRESULT hr = request_part(request, 0, &part);
    DWORD given;

    if (hr != S_OK)
        return hr;
    do {
        hr = page_read(part, buffer, sizeof(buffer), &given);
        atomic_fetch_add(count, given);
    } while (hr == S_OK);
    page_release(part);
    return hr == S_FALSE ? answer_plainly(NULL, request, reply) : E_FAIL;
}

/* [I5]: however little it is, and whether or not more comes. */
static void read__few_bytes_and_silence__gives_them(void **state)
{
    atomic_size_t count = 0;
    struct http_client client;
    struct bytes body = {0};
    struct device device;
    size_t before;

    (void)state;
    device_start(&device, NULL, count_what_comes, &count);
    put_package(&body, PART);
    http_open(&client, device.port);
    http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
    http_send(&client, body.at, body.size - PART);
    WORKER_AWAIT(atomic_load(&count) > 0);
    nanosleep(&a_while, NULL);
    before = atomic_load(&count);
    http_send(&client, body.at + body.size - PART, 7);
    WORKER_AWAIT(atomic_load(&count) == before + 7);
    http_send(&client, body.at + body.size - PART + 7, PART - 7);
    assert_int_equal(receive_status(&client), 200);
    http_close(&client);
    bytes_free(&body);
    device_release(&device);
}

static HRESULT WSD_CALL write_until_standstill(void *context,
                                               wsd_inbound_message *request,
                                               wsd_outbound_message *reply)
{
    struct standstill *found = context;
    IWSDOutboundAttachment *part = NULL;
    HRESULT hr = answer_attach(reply, &part, 1);
    DWORD written;

    (void)request;
    found->progress.size = sizeof(found->progress);
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    for (found->hr = hr; found->hr == S_OK;)
        found->hr = attachment_write(part, document.at, PART, &written);
    if (hr == S_OK) {
        wsd_attachment_get_progress((IWSDAttachment *)part, &found->progress);
        found->close = attachment_close(part);
        attachment_abort(part);
        attachment_release(part);
    }
    atomic_store(&found->found, true);
    return hr;
}

static void write__client_stands_still__has_a_ring_and_a_budget(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct standstill found = {0};
    struct http_client client;
    struct recorded reply;
    struct device device;

    (void)state;
    options.ring_bytes = RING;
    options.wait_budget_ms = 300;
    device_start(&device, &options, write_until_standstill, &found);
    post_request(&client, &device);
    WORKER_AWAIT(atomic_load(&found.found));
    assert_hr(found.hr, STG_S_BLOCK);
    assert_hr(found.close, STG_S_BLOCK);
    assert_int_equal(found.progress.accepted - found.progress.handed, RING);
    http_receive(&client, &reply);
    assert_cut(&reply);
    recorded_free(&reply);
    http_close(&client);
    device_release(&device);
}

/* ---- Times ----------------------------------------------------------------------------
 */

/* Takes longer than the timer of the requests. */
static HRESULT WSD_CALL answer_late(void *context, wsd_inbound_message *request,
                                    wsd_outbound_message *reply)
{
    nanosleep(&a_while, NULL);
    return answer_plainly(context, request, reply);
}

static void request__not_there_in_time__is_cut(void **state)
{
    static const char *const beginnings[] = {
        "",
        "POST /serv",
        "POST /service HTTP/1.1\r\nHost: device\r\nContent-Ty",
        "POST /service HTTP/1.1\r\nHost: device\r\n" SOAP_FIELD
        "Content-Length: 1000\r\n\r\n",
        "POST /service HTTP/1.1\r\nHost: device\r\n" SOAP_FIELD
        "Transfer-Encoding: chunked\r\n\r\n10\r\n<s:Envelope xmln",
        "POST /service HTTP/1.1\r\nHost: device\r\n" PACKAGE_FIELD
        "Content-Length: 1000\r\n\r\n--b\r\nContent-ID: <root@scan>\r\n\r\n<s:Envelope",
    };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[2 * COUNT(beginnings)];
    struct device device;

    (void)state;
    options.request_timeout_ms = 300;
    device_start(&device, &options, answer_late, NULL);
    for (size_t i = 0; i < COUNT(clients); i++) {
        if (i % 2 == 0) {
            http_open(&clients[i], device.port);
        } else { /* from the end of the last reply */
            post_request(&clients[i], &device);
            assert_int_equal(receive_status(&clients[i]), 200);
        }
        http_say(&clients[i], beginnings[i / 2]);
    }
    for (size_t i = 0; i < COUNT(clients); i++) {
        assert_true(http_has_ended(&clients[i]));
        http_close(&clients[i]);
    }
    assert_int_equal(device_status(&device), 200);
    device_release(&device);
}

/* A byte from time to time is not enough: slow loris. */
static void request__that_trickles__is_cut(void **state)
{
    const struct timespec moment = {0, 50000000};
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client client;
    struct device device;
    size_t sent = 0;

    (void)state;
    options.request_timeout_ms = 300;
    device_start(&device, &options, answer_plainly, NULL);
    http_open(&client, device.port);
    http_say(&client, "POST /service HTTP/1.1\r\nX: ");
    while (http_try_send(&client, "x", 1)) {
        assert_in_range(++sent, 1, PEER_PATIENCE_MS / 50);
        nanosleep(&moment, NULL);
    }
    http_close(&client);
    device_release(&device);
}

/* The timer of the request ends with the envelope: attachments may take their time. */
static void attachments__behind_the_request_time__arrive(void **state)
{
    struct glance glance = {.read = PART};
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client client;
    struct bytes body = {0};
    struct device device;

    (void)state;
    options.request_timeout_ms = 300;
    device_start(&device, &options, look_and_answer, &glance);
    put_package(&body, PART);
    http_open(&client, device.port);
    http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
    http_send(&client, body.at, body.size / 2);
    nanosleep(&a_while, NULL);
    http_send(&client, body.at + body.size / 2, body.size - body.size / 2);
    assert_int_equal(receive_status(&client), 200);
    http_close(&client);
    bytes_free(&body);
    device_release(&device);
}

/* What became of a transfer whose client stands still. */
struct stalled {
    bool writes;
    HRESULT hr;
    atomic_bool over;
};

static HRESULT WSD_CALL go_on_until_failure(void *context, wsd_inbound_message *request,
                                            wsd_outbound_message *reply)
{
    struct stalled *stalled = context;
    IWSDOutboundAttachment *out = NULL;
    IWSDInboundAttachment *in = NULL;
    static char buffer[65536];
    DWORD n;

    stalled->hr = request_part(request, 0, &in);
    if (stalled->hr == S_OK && stalled->writes)
        stalled->hr = answer_attach(reply, &out, 1);
    if (stalled->hr == S_OK && stalled->writes)
        stalled->hr = wsd_service_reply(reply);
    while (stalled->hr == S_OK)
        stalled->hr = stalled->writes ? attachment_write(out, buffer, sizeof(buffer), &n)
                                      : page_read(in, buffer, sizeof(buffer), &n);
    page_release(in);
    if (out != NULL)
        attachment_release(out);
    atomic_store(&stalled->over, true);
    return E_FAIL;
}

static void transfer__no_byte_moves_for_the_idle_time__fails(void **state)
{
    (void)state;
    for (int writes = 0; writes < 2; writes++) {
        wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
        struct stalled stalled = {.writes = writes};
        struct http_client client;
        struct bytes body = {0};
        struct recorded reply;
        struct device device;

        options.idle_timeout_ms = 1;
        device_start(&device, &options, go_on_until_failure, &stalled);
        put_package(&body, PART);
        http_open(&client, device.port);
        http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
        http_send(&client, body.at, writes ? body.size : body.size / 2);
        WORKER_AWAIT(atomic_load(&stalled.over));
        assert_true(FAILED(stalled.hr));
        http_receive(&client, &reply);
        assert_cut(&reply);
        assert_true(http_has_ended(&client));
        recorded_free(&reply);
        http_close(&client);
        bytes_free(&body);
        device_release(&device);
    }
}

/* One who has time: before reading, before answering, in the middle of a page. */
static HRESULT WSD_CALL dawdle(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    static const struct timespec longer_than_idle = {2, 500000000};
    IWSDOutboundAttachment *out = NULL;
    IWSDInboundAttachment *in;
    struct reading reading;
    HRESULT hr = request_part(request, 0, &in);

    (void)context;
    nanosleep(&longer_than_idle, NULL);
    if (hr != S_OK)
        return hr;
    reading = part_read(in, document.at, PART);
    page_release(in);
    nanosleep(&longer_than_idle, NULL);
    hr = reading.hr == S_FALSE && reading.as_expected ? answer_attach(reply, &out, 1)
                                                      : E_FAIL;
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    if (hr == S_OK)
        hr = attachment_write_all(out, document.at, PART / 2);
    nanosleep(&longer_than_idle, NULL);
    if (hr == S_OK)
        hr = part_write(out, document.at + PART / 2, PART - PART / 2);
    if (out != NULL)
        attachment_release(out);
    return hr;
}

/* While the application has nothing to move, the client may be as idle. */
static void transfer__idle_because_the_handler_is__goes_on(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client client;
    struct bytes body = {0};
    struct recorded reply;
    struct device device;

    (void)state;
    options.ring_bytes = RING;
    options.idle_timeout_ms = 1000;
    device_start(&device, &options, dawdle, NULL);
    put_package(&body, PART);
    http_open(&client, device.port);
    http_post(&client, "/service", PACKAGE_FIELD, body.at, body.size);
    http_receive(&client, &reply);
    assert_true(reply.whole);
    assert_part(&reply, 1, document.at, PART);
    recorded_free(&reply);
    http_close(&client);
    bytes_free(&body);
    device_release(&device);
}

/* ---- Numbers --------------------------------------------------------------------------
 */

/* Counts the handlers that run at once, and lets them go when the test says. */
struct crowd {
    atomic_uint inside, entered, most;
    atomic_bool may_go;
};

static HRESULT WSD_CALL crowd_in(void *context, wsd_inbound_message *request,
                                 wsd_outbound_message *reply)
{
    struct crowd *crowd = context;
    unsigned inside = atomic_fetch_add(&crowd->inside, 1) + 1;
    unsigned most = atomic_load(&crowd->most);

    while (inside > most && !atomic_compare_exchange_weak(&crowd->most, &most, inside)) {
    }
    atomic_fetch_add(&crowd->entered, 1);
    WORKER_AWAIT(atomic_load(&crowd->may_go));
    atomic_fetch_sub(&crowd->inside, 1);
    return answer_plainly(NULL, request, reply);
}

static void connections__one_too_many__waits_unaccepted(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client first, second;
    struct device device;

    (void)state;
    options.max_connections = 1;
    device_start(&device, &options, answer_plainly, NULL);
    post_request(&first, &device);
    assert_int_equal(receive_status(&first), 200);
    post_request(&second, &device);
    assert_true(http_is_silent(&second, 300));
    http_post(&first, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    assert_int_equal(receive_status(&first), 200);
    http_close(&first);
    assert_int_equal(receive_status(&second), 200);
    http_close(&second);
    device_release(&device);
}

static void connections__too_many_of_one_peer__are_closed(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[3];
    struct device device;

    (void)state;
    options.address = "0.0.0.0"; /* this machine has many addresses */
    options.max_connections_per_peer = 2;
    device_start(&device, &options, answer_plainly, NULL);
    for (size_t i = 0; i < 2; i++) {
        post_request(&clients[i], &device);
        assert_int_equal(receive_status(&clients[i]), 200);
    }
    http_open(&clients[2], device.port);
    assert_true(http_has_ended(&clients[2]));
    http_close(&clients[2]);
    http_open_from(&clients[2], "127.0.0.2", device.port);
    http_post(&clients[2], "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    for (size_t i = 0; i < 2; i++)
        http_post(&clients[i], "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(receive_status(&clients[i]), 200);
        http_close(&clients[i]);
    }
    device_release(&device);
}

/* [S37] */
static void connections__by_default__leave_workers_for_other_peers(void **state)
{
    enum { MOST = 16 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[MOST], more, other;
    struct crowd crowd = {0};
    struct device device;

    (void)state;
    options.address = "0.0.0.0";
    device_start(&device, &options, crowd_in, &crowd);
    for (size_t i = 0; i < MOST; i++)
        post_request(&clients[i], &device);
    WORKER_AWAIT(atomic_load(&crowd.inside) == MOST);
    http_open(&more, device.port);
    assert_true(http_has_ended(&more));
    http_open_from(&other, "127.0.0.2", device.port);
    http_post(&other, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&crowd.inside) == MOST + 1);
    atomic_store(&crowd.may_go, true);
    assert_int_equal(receive_status(&other), 200);
    for (size_t i = 0; i < MOST; i++) {
        assert_int_equal(receive_status(&clients[i]), 200);
        http_close(&clients[i]);
    }
    http_close(&more);
    http_close(&other);
    device_release(&device);
}

static void requests__one_too_many__is_refused_with_503(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[3];
    struct crowd crowd = {0};
    struct device device;

    (void)state;
    options.max_requests = 2;
    device_start(&device, &options, crowd_in, &crowd);
    for (size_t i = 0; i < 2; i++)
        post_request(&clients[i], &device);
    WORKER_AWAIT(atomic_load(&crowd.entered) == 2);
    post_request(&clients[2], &device);
    assert_int_equal(receive_status(&clients[2]), 503);
    atomic_store(&crowd.may_go, true);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(receive_status(&clients[i]), 200);
    assert_int_equal(device_status(&device), 200);
    assert_int_equal(atomic_load(&crowd.entered), 3);
    for (size_t i = 0; i < 3; i++)
        http_close(&clients[i]);
    device_release(&device);
}

static HRESULT WSD_CALL reply_and_stay(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply)
{
    struct crowd *crowd = context;
    HRESULT hr = answer_plainly(NULL, request, reply);

    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    atomic_fetch_add(&crowd->entered, 1);
    WORKER_AWAIT(atomic_load(&crowd->may_go));
    return hr;
}

/* [S36]: who has its reply may ask again. */
static void requests__answered__count_no_more(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct crowd crowd = {0};
    struct device device;

    (void)state;
    options.max_requests = 1;
    device_start(&device, &options, reply_and_stay, &crowd);
    for (int i = 0; i < 3; i++)
        assert_int_equal(device_status(&device), 200);
    WORKER_AWAIT(atomic_load(&crowd.entered) == 3);
    atomic_store(&crowd.may_go, true);
    device_release(&device);
}

static void handlers__more_than_workers__wait_for_one_to_return(void **state)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct http_client clients[8];
    struct crowd crowd = {0};
    struct device device;

    (void)state;
    options.max_workers = 3;
    device_start(&device, &options, crowd_in, &crowd);
    for (size_t i = 0; i < COUNT(clients); i++)
        post_request(&clients[i], &device);
    WORKER_AWAIT(atomic_load(&crowd.entered) == 3);
    assert_true(http_is_silent(&clients[0], 300)); /* time for a fourth */
    assert_int_equal(atomic_load(&crowd.entered), 3);
    atomic_store(&crowd.may_go, true);
    for (size_t i = 0; i < COUNT(clients); i++) {
        assert_int_equal(receive_status(&clients[i]), 200);
        http_close(&clients[i]);
    }
    assert_int_equal(atomic_load(&crowd.most), 3);
    assert_int_equal(atomic_load(&crowd.entered), COUNT(clients));
    device_release(&device);
}

/* ---- Diagnostics ----------------------------------------------------------------------
 */

struct lines {
    atomic_uint count, of_content;
};

static void WSD_CALL note_line(void *context, const wsd_log_entry *entry)
{
    struct lines *lines = context;

    atomic_fetch_add(&lines->count, 1);
    if (strstr(entry->text, "secret") != NULL ||
        strpbrk(entry->text, "\r\n\033\233") != NULL)
        atomic_fetch_add(&lines->of_content, 1);
}

static void log__of_what_was_refused__says_so_without_content(void **state)
{
    static const char *const bodies[] = {
        SOAP(ADDRESSED("urn:nobody"), "<secret/>"), /* by no handler's Action */
        SOAP("<a:Action>urn:a</a:Action><b s:mustUnderstand='1'>secret</b>", "<a/>"),
        "<secret>",
        "secret",
    };
    static const char *const paths[] = {"/\033[2J", "/\302\233", "/%1b%c2%9b"};
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct lines lines = {0};
    struct device device;

    (void)state;
    options.log = note_line;
    options.log_context = &lines;
    device_start_for(&device, &options, "urn:a", answer_plainly, NULL);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct recorded reply;

        unsigned before = atomic_load(&lines.count);
        device_ask(&device, SOAP_FIELD, bodies[i], strlen(bodies[i]), &reply);
        assert_in_range(http_status(&reply), 400, 500);
        assert_true(atomic_load(&lines.count) > before);
        recorded_free(&reply);
    }
    for (size_t i = 0; i < COUNT(paths); i++) { /* that would steer a terminal */
        unsigned before = atomic_load(&lines.count);
        struct http_client client;
        struct recorded reply;

        http_open(&client, device.port);
        http_post(&client, paths[i], SOAP_FIELD, "", 0);
        http_receive(&client, &reply);
        assert_in_range(http_status(&reply), 400, 404);
        assert_true(atomic_load(&lines.count) > before);
        recorded_free(&reply);
        http_close(&client);
    }
    assert_int_equal(atomic_load(&lines.of_content), 0);
    device_release(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(envelope__above_its_limit__is_refused_and_the_connection_closed),
        cmocka_unit_test(attachments__left_unread__are_thrown_away_up_to_the_limit),
        cmocka_unit_test(refused_request__of_any_size__is_thrown_away_up_to_the_limit),
        cmocka_unit_test(read__client_stands_still__has_a_ring_and_a_budget),
        cmocka_unit_test(read__behind_more_than_fits__blocks_until_that_is_read),
        cmocka_unit_test(read__few_bytes_and_silence__gives_them),
        cmocka_unit_test(write__client_stands_still__has_a_ring_and_a_budget),
        cmocka_unit_test(request__not_there_in_time__is_cut),
        cmocka_unit_test(request__that_trickles__is_cut),
        cmocka_unit_test(attachments__behind_the_request_time__arrive),
        cmocka_unit_test(transfer__no_byte_moves_for_the_idle_time__fails),
        cmocka_unit_test(transfer__idle_because_the_handler_is__goes_on),
        cmocka_unit_test(connections__one_too_many__waits_unaccepted),
        cmocka_unit_test(connections__too_many_of_one_peer__are_closed),
        cmocka_unit_test(connections__by_default__leave_workers_for_other_peers),
        cmocka_unit_test(requests__one_too_many__is_refused_with_503),
        cmocka_unit_test(requests__answered__count_no_more),
        cmocka_unit_test(handlers__more_than_workers__wait_for_one_to_return),
        cmocka_unit_test(log__of_what_was_refused__says_so_without_content),
    };

    return cmocka_run_group_tests_name("service_limits_contract", tests, make_document,
                                       free_document);
}
