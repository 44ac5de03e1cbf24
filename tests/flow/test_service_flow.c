/* A service over real sockets: clients that vanish, many at once, and what is left of it
 * in the process. */
#include "support/document.h"

#include <stdatomic.h>
#include <stdio.h>

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/peer.h"

#define PART 300000

#define PLAIN SOAP(ADDRESSED(ACTION), "<b/>") /* without attachments */

/* ---- Clients that vanish --------------------------------------------------------------
 */

/* What a handler was told of a client that has gone. */
struct loss {
    bool writes, waits; /* until the client has gone */
    HRESULT hr, again, closed;
    size_t size;
    atomic_bool has_begun, has_gone, is_over;
};

static HRESULT WSD_CALL lose_client(void *context, wsd_inbound_message *request,
                                    wsd_outbound_message *reply)
{
    struct loss *loss = context;
    IWSDOutboundAttachment *to = NULL;
    IWSDInboundAttachment *from;
    char buffer[1000];
    DWORD n = 0;

    if (atomic_load(&loss->is_over))
        return answer_plainly(NULL, request, reply);
    loss->hr = request_part(request, 0, &from);
    if (loss->waits) {
        atomic_store(&loss->has_begun, true);
        WORKER_AWAIT(atomic_load(&loss->has_gone));
    }
    if (loss->hr == S_OK && loss->writes)
        loss->hr = answer_attach(reply, &to, 1);
    if (loss->hr == S_OK && loss->writes)
        loss->hr = wsd_service_reply(reply);
    while (loss->hr == S_OK) {
        loss->hr = loss->writes ? attachment_write(to, document.at, 1000, &n)
                                : page_read(from, buffer, sizeof(buffer), &n);
        loss->size += n;
        atomic_store(&loss->has_begun, true);
    }
    loss->again = loss->writes ? attachment_write(to, document.at, 1, &n)
                               : page_read(from, buffer, 1, &n);
    loss->closed = loss->writes ? attachment_close(to) : S_OK;
    page_release(from);
    if (to != NULL)
        attachment_release(to);
    atomic_store(&loss->is_over, true);
    return loss->hr;
}

/* Gone with a reset, or with an orderly end in the middle of what it had announced. */
static void vanish(struct http_client *client, bool reset)
{
    if (reset)
        http_reset(client);
    else
        http_close(client);
}

/* FAULTS rows C3, G9: never an end. */
static void client__vanishes_while_it_is_read__is_a_failure(void **state)
{
    (void)state;
    for (int framing = IN_CHUNKS; framing <= WITH_LENGTH; framing++)
        for (size_t sixteenth = 1; sixteenth < 16; sixteenth++) {
            wsd_service_options options = small_rings();
            struct bytes body = {0}, framed = {0};
            struct http_client client;
            struct loss loss = {0};
            struct device device;

            device_start(&device, &options, lose_client, &loss);
            put_package(&body, PART);
            put_framed(&framed, (enum framing)framing, &body);
            http_open(&client, device.port);
            if (framing == IN_CHUNKS)
                http_say(&client,
                         "POST /service HTTP/1.1\r\nHost: device\r\n" PACKAGE_FIELD
                         "Transfer-Encoding: chunked\r\n\r\n");
            else
                http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
            http_send(&client, framed.at, framed.size * sixteenth / 16);
            WORKER_AWAIT(atomic_load(&loss.has_begun));

            vanish(&client, sixteenth % 2 == 0);

            WORKER_AWAIT(atomic_load(&loss.is_over));
            assert_hr(loss.hr, WS_E_ENDPOINT_DISCONNECTED);
            assert_hr(loss.again, loss.hr);
            assert_in_range(loss.size, 1, PART - 1);
            assert_int_equal(device_status(&device), 200);
            bytes_free(&framed);
            bytes_free(&body);
            device_release(&device);
        }
}

/* Nothing is missing but the end of the HTTP message, or of the multipart. */
static void client__vanishes_just_before_the_end__is_a_failure(void **state)
{
    (void)state;
    for (size_t missing = 1; missing <= 12; missing++) {
        struct http_client client;
        struct bytes body = {0};
        struct loss loss = {0};
        struct device device;

        device_start(&device, NULL, lose_client, &loss);
        put_package(&body, 1000);
        http_open(&client, device.port);
        http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
        http_send(&client, body.at, body.size - missing);
        WORKER_AWAIT(atomic_load(&loss.has_begun));
        http_close(&client);
        WORKER_AWAIT(atomic_load(&loss.is_over));
        if (missing > 2) { /* else its delimiter has ended it: the part is whole */
            assert_hr(loss.hr, WS_E_ENDPOINT_DISCONNECTED);
            assert_hr(loss.again, loss.hr);
        }
        bytes_free(&body);
        device_release(&device);
    }
}

static void client__vanishes_while_it_is_written_to__is_a_failure(void **state)
{
    (void)state;
    for (size_t i = 0; i < 8; i++) {
        wsd_service_options options = small_rings();
        struct http_client client;
        struct bytes body = {0};
        struct loss loss = {.writes = true};
        struct device device;

        device_start(&device, &options, lose_client, &loss);
        put_package(&body, 100);
        http_open(&client, device.port);
        http_post(&client, "/service", PACKAGE_FIELD, body.at, body.size);
        http_await(&client, 1 + i * 100000);

        vanish(&client, i % 2 == 0);

        WORKER_AWAIT(atomic_load(&loss.is_over));
        assert_hr(loss.hr, WS_E_ENDPOINT_DISCONNECTED);
        assert_hr(loss.again, loss.hr);
        assert_hr(loss.closed, loss.hr);
        assert_int_equal(device_status(&device), 200);
        bytes_free(&body);
        device_release(&device);
    }
}

/* Before the reply has begun: its writer waits for nobody. */
static void client__vanishes_before_the_reply__fails_the_first_writes(void **state)
{
    (void)state;
    for (int reset = 0; reset < 2; reset++) {
        struct http_client client;
        struct bytes body = {0};
        struct loss loss = {.writes = true, .waits = true};
        struct device device;

        device_start(&device, NULL, lose_client, &loss);
        put_package(&body, 100);
        http_open(&client, device.port);
        http_post(&client, "/service", PACKAGE_FIELD, body.at, body.size);
        WORKER_AWAIT(atomic_load(&loss.has_begun));
        vanish(&client, reset);
        atomic_store(&loss.has_gone, true);
        WORKER_AWAIT(atomic_load(&loss.is_over));
        assert_true(FAILED(loss.hr));
        assert_hr(loss.again, loss.hr);
        bytes_free(&body);
        device_release(&device);
    }
}

/* ---- Many at once ---------------------------------------------------------------------
 */

enum { VISITORS = 50 };

/* The kinds of visit, by the number that the body names. */
enum { ASKS, SENDS, GETS, DOES_BOTH, IS_REFUSED, IS_CUT, VISITS };

static const char *content_of(size_t number)
{
    return document.at + 977 * number;
}

static size_t size_of(size_t number)
{
    return 50000 * (number % 7) + number;
}

static HRESULT get_number(wsd_inbound_message *request, size_t *number)
{
    const char *text;
    HRESULT hr = wsd_inbound_message_find_text(request, "Upload/Number", &text);

    *number = hr == S_OK ? strtoul(text, NULL, 10) : 0;
    return hr;
}

static HRESULT take_content(wsd_inbound_message *request, size_t number)
{
    IWSDInboundAttachment *from;
    struct reading reading;
    HRESULT hr = request_part(request, 0, &from);

    if (hr != S_OK)
        return hr;
    reading = part_read(from, content_of(number), size_of(number));
    page_release(from);
    return reading.hr == S_FALSE && reading.as_expected && reading.size == size_of(number)
               ? S_OK
               : E_FAIL;
}

static HRESULT WSD_CALL receive_visitor(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    IWSDOutboundAttachment *to = NULL;
    size_t number;
    HRESULT hr = get_number(request, &number);

    (void)context;
    if (hr == S_OK && (number % VISITS == SENDS || number % VISITS == DOES_BOTH))
        hr = take_content(request, number);
    if (hr != S_OK || number % VISITS == IS_REFUSED)
        return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    if (number % VISITS == ASKS || number % VISITS == SENDS)
        return answer_plainly(NULL, request, reply);
    hr = answer_attach(reply, &to, 1);
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    if (hr == S_OK && number % VISITS == IS_CUT)
        hr = attachment_write_all(to, content_of(number), size_of(number) + 1);
    else if (hr == S_OK)
        hr = part_write(to, content_of(number), size_of(number));
    if (to != NULL)
        attachment_release(to); /* which aborts one that is not closed */
    return hr;
}

struct visitor {
    struct worker worker;
    size_t number;
    wsd_client *client;
    const char *url;
    HRESULT sent, received, read;
    int status;
    bool as_expected;
};

/* Sends, having made the message; its attachment is written if there is one. */
static HRESULT visitor_send(struct visitor *visitor, wsd_outbound_message *message)
{
    IWSDOutboundAttachment *part = NULL;
    char body[300];
    HRESULT hr;

    snprintf(body, sizeof(body),
             "<u:Upload xmlns:u=\"http://example.org/upload\"><u:Number>%zu</u:Number>"
             "<u:Data/></u:Upload>",
             visitor->number);
    hr = wsd_outbound_message_set_body(message, body, strlen(body));
    if (visitor->number % VISITS == SENDS || visitor->number % VISITS == DOES_BOTH) {
        if (hr == S_OK)
            hr = WSDCreateOutboundAttachment(&part);
        if (hr == S_OK)
            hr = wsd_outbound_message_attach(message, "Upload/Data", part, NULL);
    }
    if (hr == S_OK)
        hr = wsd_client_send(visitor->client, visitor->url, message);
    if (hr == S_OK && part != NULL)
        hr = part_write(part, content_of(visitor->number), size_of(visitor->number));
    if (part != NULL)
        attachment_release(part);
    return hr;
}

static void visitor_run(void *argument)
{
    struct visitor *visitor = argument;
    wsd_outbound_message *message = NULL;
    wsd_inbound_message *reply = NULL;
    IWSDInboundAttachment *page = NULL;

    visitor->sent = wsd_outbound_message_create(ACTION, &message);
    if (visitor->sent == S_OK)
        visitor->sent = visitor_send(visitor, message);
    visitor->received =
        wsd_client_receive(visitor->client, message, PEER_PATIENCE_MS, &reply);
    if (reply != NULL)
        visitor->status = wsd_inbound_message_http_status(reply);
    if (reply != NULL &&
        wsd_inbound_message_attachment(reply, "UploadResponse/Page", &page) == S_OK) {
        struct reading reading =
            part_read(page, content_of(visitor->number), size_of(visitor->number) + 1);

        visitor->read = reading.hr;
        visitor->as_expected =
            reading.as_expected &&
            (reading.hr != S_FALSE || reading.size == size_of(visitor->number));
        page_release(page);
    }
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(message);
}

static void assert_served(const struct visitor *visitor)
{
    assert_hr(visitor->sent, S_OK);
    switch (visitor->number % VISITS) {
    case IS_REFUSED:
        assert_hr(visitor->received, WS_E_ENDPOINT_FAULT_RECEIVED);
        assert_int_equal(visitor->status, 400);
        break;
    case IS_CUT:
        if (visitor->received == S_OK) { /* else it was cut before its envelope */
            assert_true(FAILED(visitor->read));
            assert_true(visitor->as_expected);
        } else {
            assert_true(FAILED(visitor->received));
        }
        break;
    case GETS:
    case DOES_BOTH:
        assert_hr(visitor->received, S_OK);
        assert_hr(visitor->read, S_FALSE);
        assert_true(visitor->as_expected);
        break;
    default:
        assert_hr(visitor->received, S_OK);
        assert_int_equal(visitor->status, 200);
        break;
    }
}

/* Beside them, some that stand still, and one that goes away: they stop nobody. */
static void clients__fifty_at_once__are_all_served(void **state)
{
    struct visitor *visitors = calloc(VISITORS, sizeof(*visitors));
    wsd_service_options options = small_rings();
    wsd_client_options client_options = WSD_CLIENT_OPTIONS_INIT;
    struct http_client still[4];
    struct device device;
    wsd_client *client;

    (void)state;
    assert_non_null(visitors);
    client_options.ring_bytes = RING;
    options.max_connections_per_peer = VISITORS + COUNT(still) + 1;
    device_start(&device, &options, receive_visitor, NULL);
    assert_hr(wsd_client_create(&client_options, &client), S_OK);
    for (size_t i = 0; i < COUNT(still); i++) {
        http_open(&still[i], device.port);
        http_post_head(&still[i], "/service", SOAP_FIELD, 1000);
        http_say(&still[i], "<s:Envelope");
    }
    for (size_t i = 0; i < VISITORS; i++) {
        visitors[i] = (struct visitor){
            .number = i, .client = client, .url = device.url, .read = E_UNEXPECTED};
        worker_start(&visitors[i].worker, visitor_run, &visitors[i]);
    }
    http_reset(&still[0]);
    for (size_t i = 0; i < VISITORS; i++)
        worker_join(&visitors[i].worker);
    for (size_t i = 0; i < VISITORS; i++)
        assert_served(&visitors[i]);
    for (size_t i = 1; i < COUNT(still); i++)
        http_close(&still[i]);
    wsd_client_release(client);
    device_release(&device);
    free(visitors);
}

/* ---- Races ----------------------------------------------------------------------------
 */

/* An Abort of another thread, at any moment of a reply that is being written. */
struct race {
    IWSDOutboundAttachment *part;
    HRESULT hr;
    atomic_bool is_there, is_over;
};

static HRESULT WSD_CALL write_and_close(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    struct race *race = context;

    (void)request;
    race->hr = answer_attach(reply, &race->part, 1);
    if (race->hr == S_OK)
        race->part->lpVtbl->AddRef(race->part); /* for the test */
    atomic_store(&race->is_there, true);
    if (race->hr == S_OK)
        race->hr = wsd_service_reply(reply);
    if (race->hr == S_OK)
        race->hr = part_write(race->part, document.at, PART);
    if (race->part != NULL)
        attachment_release(race->part);
    atomic_store(&race->is_over, true);
    return S_OK;
}

/* FAULTS row I1: whole or cut, and never a success of both Close and Abort. */
static void abort__races_with_the_writer__has_one_outcome(void **state)
{
    wsd_service_options options = small_rings();
    struct device device;
    struct race race;

    (void)state;
    device_start(&device, &options, write_and_close, &race);
    for (long i = 0; i < 200; i++) {
        const struct timespec moment = {0, i % 20 * 50000};
        struct http_client client;
        struct recorded reply;
        HRESULT aborted;

        memset(&race, 0, sizeof(race));
        http_open(&client, device.port);
        http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
        WORKER_AWAIT(atomic_load(&race.is_there));
        nanosleep(&moment, NULL);
        aborted = attachment_abort(race.part);
        http_receive(&client, &reply);
        WORKER_AWAIT(atomic_load(&race.is_over));
        if (race.hr == S_OK)
            assert_true(reply.whole);
        if (race.hr == S_OK || aborted != S_OK) /* closed, or before the first Write */
            assert_hr(aborted, INVALID_OPERATION);
        if (reply.whole && reply.part_count > 0) /* all was out already [A1] */
            assert_part(&reply, 1, document.at, PART);
        attachment_release(race.part);
        recorded_free(&reply);
        http_close(&client);
    }
    device_release(&device);
}

/* ---- The process ----------------------------------------------------------------------
 */

static atomic_uint broken_pipes;

static void note_broken_pipe(int number)
{
    (void)number;
    atomic_fetch_add(&broken_pipes, 1);
}

/* Clients that a careless device would complain of, or be killed by. */
static void misbehave(const struct device *device)
{
    static const char *const requests[] = {
        "GARBAGE\r\n\r\n",
        "POST /service HTTP/9.9\r\n\r\n",
        "POST /service HTTP/1.1\r\nHost: device\r\nContent-Length: x\r\n\r\n",
        "POST /service HTTP/1.1\r\nHost: device\r\nTransfer-Encoding: chunked\r\n\r\nzz",
        "POST /service HTTP/1.1\r\nHost: device\r\n" SOAP_FIELD
        "Content-Length: 4\r\n\r\n<a:b",
    };

    for (size_t i = 0; i < COUNT(requests); i++) {
        struct http_client client;

        http_open(&client, device->port);
        http_say(&client, requests[i]);
        http_await(&client, 1);
        http_close(&client);
    }
    for (int i = 0; i < 4; i++) {
        struct http_client client;

        http_open(&client, device->port);
        http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
        http_await(&client, i < 2 ? 1 : 300000);
        vanish(&client, i % 2 == 0);
    }
}

static HRESULT WSD_CALL write_endlessly(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    IWSDOutboundAttachment *part = NULL;
    HRESULT hr = answer_attach(reply, &part, 1);

    (void)context;
    (void)request;
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    while (hr == S_OK)
        hr = attachment_write_all(part, document.at, PART);
    if (part != NULL)
        attachment_release(part);
    return hr;
}

/* Standard output and error, kept while a file takes what is written to them. */
struct outputs {
    FILE *said;
    int kept[2];
};

static int divert_outputs(void **state)
{
    static struct outputs outputs;

    fflush(NULL);
    outputs.said = tmpfile();
    if (outputs.said == NULL)
        return -1;
    for (int i = 0; i < 2; i++) {
        outputs.kept[i] = dup(STDOUT_FILENO + i);
        dup2(fileno(outputs.said), STDOUT_FILENO + i);
    }
    *state = &outputs;
    return 0;
}

static int restore_outputs(void **state)
{
    struct outputs *outputs = *state;

    fflush(NULL);
    for (int i = 0; i < 2; i++) {
        dup2(outputs->kept[i], STDOUT_FILENO + i);
        close(outputs->kept[i]);
    }
    fclose(outputs->said);
    return 0;
}

/* FAULTS row J1, and nothing is written to standard output and error. */
static void process__clients_misbehave__hears_nothing_of_it(void **state)
{
    const struct outputs *outputs = *state;
    struct sigaction noted = {.sa_handler = note_broken_pipe}, before, after;
    struct device device;
    struct stat status;

    assert_int_equal(sigaction(SIGPIPE, &noted, &before), 0);
    device_start(&device, NULL, write_endlessly, NULL);
    misbehave(&device);
    device_release(&device);
    assert_int_equal(sigaction(SIGPIPE, &before, &after), 0);
    assert_true(after.sa_handler == note_broken_pipe); /* nobody has changed it */
    assert_int_equal(atomic_load(&broken_pipes), 0);
    fflush(NULL);
    assert_int_equal(fstat(fileno(outputs->said), &status), 0);
    assert_int_equal(status.st_size, 0);
}

static size_t entries_in(const char *folder)
{
    DIR *listing = opendir(folder);
    size_t count = 0;

    assert_non_null(listing);
    while (readdir(listing) != NULL)
        count++;
    closedir(listing);
    return count;
}

/* FAULTS row J3: a program that the application starts inherits none of them. */
static void descriptors__of_a_service__are_close_on_exec(void **state)
{
    bool was_there[256] = {false};
    struct http_client client;
    struct device device;
    int ours;

    (void)state;
    for (int fd = 0; fd < 256; fd++)
        was_there[fd] = fcntl(fd, F_GETFD) != -1;
    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&client, device.port);
    ours = client.fd;
    http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
    expect_answer(&client);
    for (int fd = 0; fd < 256; fd++)
        if (!was_there[fd] && fd != ours && fcntl(fd, F_GETFD) != -1)
            assert_true(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    http_close(&client);
    device_release(&device);
}

static void limit_descriptors(int highest)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = highest < 0 ? limit.rlim_max : (rlim_t)highest + 1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);

    close(fd);
    return fd;
}

/* FAULTS row A11: start says so, and may be tried again. */
static void descriptors__too_few_to_start__is_told(void **state)
{
    int highest = next_descriptor() - 1;
    size_t too_many = 0;
    struct device device;
    HRESULT hr;

    (void)state;
    assert_hr(wsd_service_create(NULL, &device.service), S_OK);
    assert_hr(wsd_service_handle(device.service, "/service", NULL, answer_plainly, NULL),
              S_OK);
    do {
        limit_descriptors(highest++);
        hr = wsd_service_start(device.service);
        limit_descriptors(-1);
        if (hr == HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES))
            too_many++;
        else if (hr != S_OK)
            assert_hr(hr, HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES));
        assert_in_range(highest, 0, 100);
    } while (hr != S_OK);
    assert_int_not_equal(too_many, 0);
    device.port = wsd_service_port(device.service);
    assert_int_equal(device_status(&device), 200);
    device_release(&device);
}

/* The same of one to accept with: the client waits until there is one. */
static void descriptors__none_to_accept_with__passes(void **state)
{
    struct http_client client;
    struct device device;

    (void)state;
    device_start(&device, NULL, answer_plainly, NULL);
    limit_descriptors(next_descriptor());
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, PLAIN, strlen(PLAIN));
    assert_true(http_is_silent(&client, 200));
    limit_descriptors(-1);
    expect_answer(&client);
    http_close(&client);
    device_release(&device);
}

/* In one of the many ways to end it. */
static void cycle(size_t way)
{
    wsd_service_options options = small_rings();
    struct http_client client;
    struct loss loss = {.writes = way % 2 == 0};
    struct bytes body = {0};
    struct device device;

    if (way % 7 == 0) { /* never started */
        assert_hr(wsd_service_create(&options, &device.service), S_OK);
        device_release(&device);
        return;
    }
    device_start(&device, &options, way % 3 == 0 ? answer_echo : lose_client,
                 way % 3 == 0 ? (void *)&document : &loss);
    put_package(&body, loss.writes && way % 3 != 0 ? 100 : PART);
    http_open(&client, device.port);
    http_post_head(&client, "/service", PACKAGE_FIELD, body.size);
    http_send(&client, body.at, body.size / (1 + way % 2));
    if (way % 3 == 0 && way % 2 == 0)
        expect_part(&client, document.at, PART);
    else if (way % 3 != 0 && way % 5 != 0)
        WORKER_AWAIT(atomic_load(&loss.has_begun));
    if (way % 11 == 3)
        assert_true(SUCCEEDED(wsd_service_stop(device.service, 1)));
    if (way % 4 == 1)
        device_release(&device);
    vanish(&client, way % 5 == 2);
    if (way % 4 != 1)
        device_release(&device);
    bytes_free(&body);
}

static void cycles__of_all_kinds__leave_nothing_behind(void **state)
{
    size_t descriptors = 0, threads = 0;

    (void)state;
    for (size_t i = 0; i < 250; i++) {
        if (i == 20) { /* what is made once has been made */
            descriptors = entries_in("/proc/self/fd");
            threads = entries_in("/proc/self/task");
        }
        cycle(i);
    }
    assert_int_equal(entries_in("/proc/self/fd"), descriptors);
    assert_int_equal(entries_in("/proc/self/task"), threads);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(client__vanishes_while_it_is_read__is_a_failure),
        cmocka_unit_test(client__vanishes_just_before_the_end__is_a_failure),
        cmocka_unit_test(client__vanishes_while_it_is_written_to__is_a_failure),
        cmocka_unit_test(client__vanishes_before_the_reply__fails_the_first_writes),
        cmocka_unit_test(clients__fifty_at_once__are_all_served),
        cmocka_unit_test(abort__races_with_the_writer__has_one_outcome),
        cmocka_unit_test_setup_teardown(process__clients_misbehave__hears_nothing_of_it,
                                        divert_outputs, restore_outputs),
        cmocka_unit_test(descriptors__of_a_service__are_close_on_exec),
        cmocka_unit_test(descriptors__too_few_to_start__is_told),
        cmocka_unit_test(descriptors__none_to_accept_with__passes),
        cmocka_unit_test(cycles__of_all_kinds__leave_nothing_behind),
    };

    return cmocka_run_group_tests_name("service_flow", tests, make_document,
                                       free_document);
}
