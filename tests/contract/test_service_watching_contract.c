/* The promises of the log and progress callbacks of a service: wsd_error.h,
 * wsd_message.h, wsd_service.h. */
#include "support/device.h"

#include <pthread.h>
#include <stdio.h>

#include "support/peer.h"

#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)

/* ---- Who watches ----------------------------------------------------------------------
 */

struct watch {
    pthread_mutex_t mutex;
    char log[8192]; /* "level category id text" in lines */
    atomic_uint lines;
    wsd_message_progress shows[64];
    unsigned show_count;
    atomic_uint ends;
    atomic_uint waited; /* calls that did not say that they must not wait */
    wsd_service *_Atomic service;
    IWSDOutboundAttachment *unsent;
};

/* [E11] */
static void try_to_wait(struct watch *watch)
{
    wsd_service *service = atomic_load(&watch->service);
    DWORD written;

    if (attachment_write(watch->unsent, "x", 1, &written) != POSSIBLE_DEADLOCK ||
        attachment_close(watch->unsent) != POSSIBLE_DEADLOCK ||
        (service != NULL && wsd_service_stop(service, INFINITE) != POSSIBLE_DEADLOCK))
        atomic_fetch_add(&watch->waited, 1);
}

static void WSD_CALL on_entry(void *context, const wsd_log_entry *entry)
{
    struct watch *watch = context;
    size_t length;

    try_to_wait(watch);
    pthread_mutex_lock(&watch->mutex);
    length = strlen(watch->log);
    snprintf(watch->log + length, sizeof(watch->log) - length, "%u %u %s %s\n",
             (unsigned)entry->level, (unsigned)entry->category, entry->message_id,
             entry->text);
    pthread_mutex_unlock(&watch->mutex);
    atomic_fetch_add(&watch->lines, 1);
}

static void WSD_CALL on_progress(void *context, const wsd_message_progress *progress)
{
    struct watch *watch = context;

    try_to_wait(watch);
    if (watch->show_count < COUNT(watch->shows))
        watch->shows[watch->show_count++] = *progress;
    if (progress->ended)
        atomic_fetch_add(&watch->ends, 1);
}

static wsd_service_options watched(struct watch *watch, DWORD level)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    memset(watch, 0, sizeof(*watch));
    pthread_mutex_init(&watch->mutex, NULL);
    watch->unsent = attachment_create();
    options.log = on_entry;
    options.log_level = level;
    options.progress = on_progress;
    options.log_context = options.progress_context = watch;
    return options;
}

static void watch_end(struct watch *watch, struct device *device)
{
    device_release(device);
    attachment_release(watch->unsent);
    pthread_mutex_destroy(&watch->mutex);
    assert_int_equal(atomic_load(&watch->waited), 0);
}

static void assert_logged(struct watch *watch, DWORD level, DWORD category,
                          const char *id, const char *text)
{
    char line[400];

    snprintf(line, sizeof(line), "%u %u %s %s", (unsigned)level, (unsigned)category, id,
             text);
    if (strstr(watch->log, line) == NULL)
        fail_msg("no line \"%s\" in:\n%s", line, watch->log);
}

/* ---- The log --------------------------------------------------------------------------
 */

/* [S42] [E7] [E8] */
static void log__of_each_level__has_it_and_those_before(void **state)
{
    struct watch watch;
    wsd_service_options wrong = watched(&watch, WSD_LOG_DEBUG + 1);
    wsd_service *service;

    (void)state;
    assert_hr(wsd_service_create(&wrong, &service), E_INVALIDARG);
    attachment_release(watch.unsent);
    for (DWORD level = 0; level <= WSD_LOG_DEBUG; level++) {
        wsd_service_options options = watched(&watch, level);
        struct device device;
        struct recorded reply;

        device_start(&device, &options, answer_plainly, NULL);
        atomic_store(&watch.service, device.service);
        assert_int_equal(device_status(&device), 200);
        device_ask(&device, SOAP_FIELD, SOAP(ADDRESSED("urn:a") "<a:FaultTo/>", ""), 9,
                   &reply);
        recorded_free(&reply);
        watch_end(&watch, &device);
        if (level == WSD_LOG_ERROR)
            assert_int_equal(atomic_load(&watch.lines), 0);
        else
            assert_logged(&watch, WSD_LOG_WARNING, WSD_LOG_SERVICE, "", "/service: ");
        if (level == WSD_LOG_DEBUG) {
            assert_logged(&watch, WSD_LOG_DEBUG, WSD_LOG_SERVICE, "", "/service: begins");
            assert_logged(&watch, WSD_LOG_DEBUG, WSD_LOG_SERVICE, REQUEST_ID,
                          "/service: ends");
        } else {
            assert_null(strstr(watch.log, "begins"));
        }
    }
}

static HRESULT WSD_CALL fail_it(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    (void)context;
    (void)request;
    (void)reply;
    return E_FAIL;
}

static void log__of_a_handler_that_fails__has_its_code_and_the_request(void **state)
{
    struct watch watch;
    wsd_service_options options = watched(&watch, 0);
    struct device device;

    (void)state;
    device_start(&device, &options, fail_it, NULL);
    assert_int_equal(device_status(&device), 500);
    watch_end(&watch, &device);
    assert_logged(&watch, WSD_LOG_WARNING, WSD_LOG_SERVICE, REQUEST_ID,
                  "/service: E_FAIL");
}

static void log__of_a_request__tells_what_is_amiss_and_what_was_taken(void **state)
{
    struct watch watch;
    wsd_service_options options = watched(&watch, WSD_LOG_INFORMATION);
    struct device device;
    struct bytes body = {0};
    struct recorded reply;

    (void)state;
    device_start(&device, &options, answer_plainly, NULL);
    put_upload(&body, 1);
    put_part(&body, "Content-ID:<0@scan>\r\n", "page", 4);
    put_end(&body);
    device_ask(&device, PACKAGE_FIELD, body.at, body.size, &reply);
    assert_int_equal(http_status(&reply), 200);
    recorded_free(&reply);
    bytes_free(&body);
    bytes_say(&body, "\r\n--b--\r\n");
    device_ask(&device, PACKAGE_FIELD, body.at, body.size, &reply);
    assert_int_equal(http_status(&reply), 400);
    recorded_free(&reply);
    bytes_free(&body);
    watch_end(&watch, &device);
    assert_logged(&watch, WSD_LOG_INFORMATION, WSD_LOG_MIME, REQUEST_ID,
                  "/service: tolerated, times: 1, no space behind the colon");
    assert_logged(&watch, WSD_LOG_WARNING, WSD_LOG_MIME, "",
                  "/service: the body has no parts");
}

static void log__at_its_finest__tells_no_secret(void **state)
{
    struct watch watch;
    wsd_service_options options = watched(&watch, WSD_LOG_DEBUG);
    struct device device;
    struct http_client client;
    struct recorded reply;
    static const char request[] = SOAP(ADDRESSED(ACTION), "<Circle>Circle</Circle>");

    (void)state;
    device_start(&device, &options, answer_plainly, NULL);
    for (int i = 0; i < 2; i++) {
        http_open(&client, device.port);
        http_post(&client, i == 0 ? "/service?Circle" : "/nowhere?Circle#Circle",
                  SOAP_FIELD "Authorization: Basic Circle\r\nX-Circle: Circle\r\n"
                             "Cookie: Circle\r\n",
                  request, sizeof(request) - 1);
        http_receive(&client, &reply);
        recorded_free(&reply);
        http_close(&client);
    }
    watch_end(&watch, &device);
    assert_true(atomic_load(&watch.lines) >= 3);
    assert_null(strstr(watch.log, "Circle"));
    assert_null(strstr(watch.log, "Authorization"));
}

/* ---- Progress -------------------------------------------------------------------------
 */

enum { SIZE = 1500000 };

struct writing {
    struct worker worker;
    struct answer answer;
    char *document;
};

static void write_page(void *argument)
{
    struct writing *writing = argument;

    part_write(writing->answer.parts[0], writing->document, SIZE);
}

/* [S43] [M40] [M41] [M42] */
static void progress__of_a_reply__comes_in_steps_and_ends_once(void **state)
{
    struct writing writing = {.answer = {.count = 1}, .document = document_make(SIZE, 4)};
    struct watch watch;
    wsd_service_options options = watched(&watch, 0);
    struct device device;
    struct http_client client;
    const wsd_message_progress *shows = watch.shows;
    unsigned last;

    (void)state;
    device_start(&device, &options, answer_with_parts, &writing.answer);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&writing.answer.has_returned));
    worker_start(&writing.worker, write_page, &writing);
    expect_part(&client, writing.document, SIZE);
    worker_join(&writing.worker);
    attachment_release(writing.answer.parts[0]);
    http_close(&client);
    WORKER_AWAIT(atomic_load(&watch.ends) == 1);
    watch_end(&watch, &device);
    last = watch.show_count - 1;
    assert_in_range(watch.show_count, 2 + SIZE / (2 * WSD_PROGRESS_STEP),
                    2 + SIZE / WSD_PROGRESS_STEP);
    for (unsigned i = 0; i <= last; i++) {
        assert_true(shows[i].handed <= shows[i].accepted && shows[i].accepted <= SIZE);
        assert_int_equal(shows[i].ended != FALSE, i == last);
        if (i > 0 && i < last)
            assert_true(shows[i].handed >= shows[i - 1].handed + WSD_PROGRESS_STEP);
    }
    assert_true(shows[0].handed == 0 && shows[last].handed == SIZE);
    assert_hr(shows[last].result, S_OK);
    free(writing.document);
}

static void B19__attachment_given_back_unclosed__is_told(void **state)
{
    struct answer answer = {.count = 1};
    struct watch watch;
    wsd_service_options options = watched(&watch, 0);
    struct device device;
    struct http_client client;

    (void)state;
    options.ring_bytes = RING;
    device_start(&device, &options, answer_with_parts, &answer);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&answer.has_returned));
    assert_hr(attachment_write_all(answer.parts[0], "x", 1), S_OK);
    attachment_release(answer.parts[0]);
    WORKER_AWAIT(atomic_load(&watch.ends) == 1);
    http_close(&client);
    watch_end(&watch, &device);
    assert_hr(watch.shows[watch.show_count - 1].result, E_ABORT);
    assert_logged(&watch, WSD_LOG_WARNING, WSD_LOG_MESSAGE, REQUEST_ID,
                  "/service: attachment 0@body");
}

/* Its reply has been sent before anybody can write or release the parts. */
struct prompt {
    struct answer answer;
    atomic_bool is_sent;
};

static HRESULT WSD_CALL answer_promptly(void *context, wsd_inbound_message *request,
                                        wsd_outbound_message *reply)
{
    struct prompt *prompt = context;
    HRESULT hr = answer_with_parts(&prompt->answer, request, reply);

    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    atomic_store(&prompt->is_sent, true);
    return hr;
}

/* [M41]  What the client has got is a fault, or nothing. */
static void progress__of_a_reply_that_was_not_sent__ends_with_its_code(void **state)
{
    struct prompt prompt = {.answer = {.count = 1}};
    struct watch watch;
    wsd_service_options options = watched(&watch, 0);
    struct device device;
    struct http_client client;
    struct recorded reply;

    (void)state;
    device_start(&device, &options, answer_promptly, &prompt);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&prompt.is_sent));
    attachment_release(prompt.answer.parts[0]); /* unwritten [S4] */
    http_receive(&client, &reply);
    assert_int_equal(http_status(&reply), 500);
    recorded_free(&reply);
    http_close(&client);
    WORKER_AWAIT(atomic_load(&watch.ends) == 1);
    watch_end(&watch, &device);
    assert_int_equal(watch.show_count, 1);
    assert_hr(watch.shows[0].result, E_ABORT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__of_each_level__has_it_and_those_before),
        cmocka_unit_test(log__of_a_handler_that_fails__has_its_code_and_the_request),
        cmocka_unit_test(log__of_a_request__tells_what_is_amiss_and_what_was_taken),
        cmocka_unit_test(log__at_its_finest__tells_no_secret),
        cmocka_unit_test(progress__of_a_reply__comes_in_steps_and_ends_once),
        cmocka_unit_test(B19__attachment_given_back_unclosed__is_told),
        cmocka_unit_test(progress__of_a_reply_that_was_not_sent__ends_with_its_code),
    };

    return cmocka_run_group_tests_name("service_watching_contract", tests, NULL, NULL);
}
