/* The promises of the log and progress callbacks of a client: wsd_error.h, wsd_message.h,
 * wsd_client.h. */
#include "support/scanner.h"

#include <pthread.h>
#include <stdatomic.h>

#include "support/recorded.h"

#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)
#define CANNOT_CONNECT HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT)
#define MOST 200

/* ---- Who watches ----------------------------------------------------------------------
 */

struct line {
    DWORD level, category;
    HRESULT result;
    char id[WSD_LOG_MAX_ID + 1], text[WSD_LOG_MAX_TEXT + 1];
};

struct watch;
typedef void visit(struct watch *watch);

/* Written by the client's thread; read by the test when the client is gone, or below. */
struct watch {
    struct line lines[MOST];
    unsigned line_count;
    wsd_message_progress shows[MOST];
    unsigned show_count;
    atomic_uint ends;
    atomic_bool closed; /* nothing may come any more */
    atomic_uint broken; /* rules */

    visit *on_line, *on_show, *on_end; /* each may be NULL */
    struct peer *peer;                 /* what has to be there first; or NULL */
    struct upload *upload;
    atomic_bool visited;
    IWSDOutboundAttachment *unsent;
    wsd_inbound_message *reply; /* that a callback has received */
    HRESULT received;
    bool sends; /* the next visit tries what is sent too */
};

#define RULE(watch, condition)                                                           \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);      \
            atomic_fetch_add(&(watch)->broken, 1);                                       \
        }                                                                                \
    } while (0)

static void pay(struct watch *watch, visit *what)
{
    if (what != NULL)
        what(watch);
}

static void WSD_CALL on_entry(void *context, const wsd_log_entry *entry)
{
    struct watch *watch = context;
    struct line *line = &watch->lines[watch->line_count];

    RULE(watch, !atomic_load(&watch->closed));
    RULE(watch, entry->size == sizeof(*entry) && watch->line_count < MOST - 1);
    line->level = entry->level;
    line->category = entry->category;
    line->result = entry->result;
    snprintf(line->id, sizeof(line->id), "%s", entry->message_id);
    snprintf(line->text, sizeof(line->text), "%s", entry->text);
    watch->line_count++;
    pay(watch, watch->on_line);
}

static void WSD_CALL on_progress(void *context, const wsd_message_progress *progress)
{
    struct watch *watch = context;

    RULE(watch, !atomic_load(&watch->closed));
    RULE(watch, progress->size == sizeof(*progress) && watch->show_count < MOST - 1);
    watch->shows[watch->show_count++] = *progress;
    pay(watch, progress->ended ? watch->on_end : watch->on_show);
    if (progress->ended)
        atomic_fetch_add(&watch->ends, 1);
}

static wsd_client_options watched(struct watch *watch, DWORD level)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    memset(watch, 0, sizeof(*watch));
    options.log = on_entry;
    options.log_level = level;
    options.progress = on_progress;
    options.log_context = options.progress_context = watch;
    return options;
}

static const struct line *find_line(const struct watch *watch, const char *text)
{
    for (unsigned i = 0; i < watch->line_count; i++)
        if (strstr(watch->lines[i].text, text) != NULL)
            return &watch->lines[i];
    fail_msg("no line has \"%s\"", text);
    return NULL;
}

static void assert_line(const struct watch *watch, const char *text, DWORD level,
                        DWORD category, HRESULT result)
{
    const struct line *line = find_line(watch, text);

    assert_int_equal(line->level, level);
    assert_int_equal(line->category, category);
    assert_hr(line->result, result);
}

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* ---- The log --------------------------------------------------------------------------
 */

/* [L100] [E8] */
static void log__of_each_level__has_it_and_those_before(void **state)
{
    wsd_client *client;
    struct watch watch;
    wsd_client_options wrong = watched(&watch, WSD_LOG_DEBUG + 1);

    (void)state;
    for (DWORD level = 0; level <= WSD_LOG_DEBUG; level++) {
        struct peer *peer = PEER_START(takes_all);
        wsd_client_options options = watched(&watch, level);

        assert_hr(upload_post(peer_url(peer), &options, false), S_OK);
        assert_int_equal(watch.line_count, level == WSD_LOG_DEBUG ? 2 : 0);
        assert_hr(upload_post(peer_refusing_url(), &options, false), CANNOT_CONNECT);
        assert_line(&watch, "ERROR_WINHTTP_CANNOT_CONNECT", WSD_LOG_ERROR,
                    WSD_LOG_TRANSPORT, CANNOT_CONNECT);
        assert_int_equal(watch.line_count, level == WSD_LOG_DEBUG ? 5 : 1);
        assert_int_equal(atomic_load(&watch.broken), 0);
        peer_stop(peer);
    }
    assert_hr(wsd_client_create(&wrong, &client), E_INVALIDARG);
}

/* [E7] */
static void log__and_progress__have_the_message_id(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct watch watch;
    wsd_client_options options = watched(&watch, WSD_LOG_DEBUG);
    const char *request;

    (void)state;
    assert_hr(upload_post(peer_url(peer), &options, false), S_OK);
    request = peer_finish(peer, NULL);
    for (unsigned i = 0; i < 2; i++) {
        char element[200];

        snprintf(element, sizeof(element), "<wsa:MessageID>%s</wsa:MessageID>",
                 watch.lines[i].id);
        assert_non_null(strstr(watch.lines[i].id, "urn:uuid:"));
        assert_non_null(strstr(request, element));
    }
    peer_stop(peer);
}

static void log__of_an_answer__tells_what_it_is_and_its_octets(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND,
         .text = "HTTP/1.1 404 Not Found\r\nContent-Length: 5\r\n\r\nnone."},
    };
    struct peer *peer = PEER_START(steps);
    struct watch watch;
    wsd_client_options options = watched(&watch, WSD_LOG_DEBUG);

    (void)state;
    assert_hr(upload_post(peer_url(peer), &options, false), HTTP_E_STATUS(404));
    assert_line(&watch, "ends with status 404", WSD_LOG_DEBUG, WSD_LOG_TRANSPORT, S_OK);
    assert_non_null(strstr(find_line(&watch, "ends with")->text, " 5 received"));
    assert_line(&watch, "HTTP_E_STATUS", WSD_LOG_ERROR, WSD_LOG_MESSAGE,
                HTTP_E_STATUS(404));
    assert_int_equal(watch.line_count, 3);
    peer_stop(peer);
}

static void log__of_a_reply__tells_what_is_amiss_and_what_was_taken(void **state)
{
    static const struct {
        const char *id_field, *text;
        DWORD level;
        HRESULT received, result;
    } rows[] = {
        {"Content-ID:<0@scan>", "no space behind the colon", WSD_LOG_INFORMATION, S_OK,
         S_OK},
        {"Content-ID", "", WSD_LOG_ERROR, S_OK, WS_E_INVALID_FORMAT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct watch watch;
        wsd_client_options options = watched(&watch, WSD_LOG_INFORMATION);
        struct scan scan = {0};
        char fields[100];
        const struct line *line;

        snprintf(fields, sizeof(fields), "%s\r\n", rows[i].id_field);
        put_root(&scan.body, 1);
        put_part(&scan.body, fields, "page", 4);
        put_end(&scan.body);
        assert_hr(scan_run(&scan, &options, WITH_LENGTH), rows[i].received);
        peer_finish(scan.peer, NULL);
        scan_free(&scan);
        line = find_line(&watch, rows[i].text);
        assert_int_equal(line->level, rows[i].level);
        assert_int_equal(line->category, WSD_LOG_MIME);
        assert_hr(line->result, rows[i].result);
        assert_non_null(strstr(line->text, "http://127.0.0.1:"));
        assert_non_null(strstr(line->id, "urn:uuid:"));
        assert_null(strstr(line->text, "page"));
    }
}

static void B19__attachment_given_back_unclosed__is_told(void **state)
{
    static const struct peer_step steps[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(steps);
    struct watch watch;
    wsd_client_options options = watched(&watch, 0);
    struct upload upload;

    (void)state;
    upload_make(&upload, &options, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "x", 1), S_OK);
    attachment_release(upload.parts[0]);
    upload.parts[0] = NULL;
    assert_hr(upload_result(&upload), E_ABORT);
    upload_free(&upload);
    assert_int_equal(watch.line_count, 1);
    assert_line(&watch, "0@body", WSD_LOG_WARNING, WSD_LOG_MESSAGE, E_ABORT);
    peer_stop(peer);

    options = watched(&watch, 0); /* what was given up by name is nobody's oversight */
    peer = PEER_START(steps);
    upload_make(&upload, &options, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "x", 1), S_OK);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), E_ABORT);
    upload_free(&upload);
    assert_int_equal(watch.line_count, 0);
    peer_stop(peer);
}

/* ---- Progress -------------------------------------------------------------------------
 */

static void assert_steps(const struct watch *watch, uint64_t size, uint64_t total)
{
    const wsd_message_progress *shows = watch->shows;
    unsigned last = watch->show_count - 1;

    /* What is pulled at once is no more than a step. */
    assert_in_range(watch->show_count, 2 + size / (2 * WSD_PROGRESS_STEP),
                    2 + size / WSD_PROGRESS_STEP);
    for (unsigned i = 0; i <= last; i++) {
        assert_true(shows[i].handed <= shows[i].accepted && shows[i].accepted <= size);
        assert_true(shows[i].total == total);
        assert_int_equal(shows[i].ended != FALSE, i == last);
        assert_hr(shows[i].result, S_OK);
        if (i > 0 && i < last)
            assert_true(shows[i].handed >= shows[i - 1].handed + WSD_PROGRESS_STEP);
    }
    assert_true(shows[0].handed == 0);
    assert_true(shows[last].handed == size && shows[last].accepted == size);
}

/* [M40] [M41] [M42] */
static void progress__of_attachments__comes_in_steps_and_ends_once(void **state)
{
    static const size_t sizes[] = {1000000, 700000};
    char *document = document_make(sizes[0], 8);

    (void)state;
    for (int declares = 0; declares < 3; declares++) { /* none, one, both */
        struct peer *peer = PEER_START(takes_all);
        struct watch watch;
        wsd_client_options options = watched(&watch, 0);
        struct upload upload;

        upload_make(&upload, &options, 0);
        for (int i = 0; i < 2; i++) {
            wsd_part_options part = WSD_PART_OPTIONS_INIT;
            const uint64_t length = sizes[i];
            char path[40];

            part.length = i < declares ? &length : NULL;
            snprintf(path, sizeof(path), "Upload/Data[%d]", i + 1);
            upload.parts[i] = attachment_create();
            assert_hr(
                wsd_outbound_message_attach(upload.message, path, upload.parts[i], &part),
                S_OK);
        }
        upload_send(&upload, peer_url(peer));
        for (int i = 0; i < 2; i++) {
            assert_hr(attachment_write_all(upload.parts[i], document, sizes[i]), S_OK);
            assert_hr(attachment_close(upload.parts[i]), S_OK);
        }
        assert_hr(upload_result(&upload), S_OK);
        WORKER_AWAIT(atomic_load(&watch.ends) == 1);
        assert_ptr_equal(watch.shows[0].message, upload.message);
        upload_free(&upload);
        assert_steps(&watch, sizes[0] + sizes[1],
                     declares == 2 ? sizes[0] + sizes[1] : UINT64_MAX);
        assert_int_equal(atomic_load(&watch.broken), 0);
        peer_stop(peer);
    }
    free(document);
}

/* [M40] */
static void progress__of_many_small_writes__does_not_come_for_each(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct watch watch;
    wsd_client_options options = watched(&watch, 0);
    struct upload upload;

    (void)state;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(peer));
    for (int i = 0; i < 500; i++)
        assert_hr(attachment_write_all(upload.parts[0], "0123456789", 10), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    assert_int_equal(watch.show_count, 2);
    assert_steps(&watch, 5000, UINT64_MAX);
    peer_stop(peer);
}

/* [M41] */
static void progress__of_each_message__ends_once_with_its_code(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct watch watch;
    wsd_client_options options = watched(&watch, 0);
    struct upload upload;

    (void)state;
    assert_hr(upload_post(peer_url(peer), &options, false), S_OK);
    assert_int_equal(watch.show_count, 1);
    assert_true(watch.shows[0].ended != FALSE && watch.shows[0].total == 0);
    assert_hr(watch.shows[0].result, S_OK);
    peer_stop(peer);

    assert_hr(upload_post(peer_refusing_url(), &options, false), CANNOT_CONNECT);
    assert_int_equal(watch.show_count, 2);
    assert_hr(watch.shows[1].result, CANNOT_CONNECT);

    upload_make(&upload, &options, 2);
    attachment_set_budget(upload.parts[0], 0);
    assert_hr(attachment_open(upload.parts[0]), STG_S_BLOCK);
    assert_hr(attachment_abort(upload.parts[0]), S_OK);
    assert_hr(wsd_client_send(upload.client, peer_refusing_url(), upload.message),
              E_ABORT);
    upload_free(&upload);
    assert_int_equal(watch.show_count, 3);
    assert_true(watch.shows[2].ended != FALSE);
    assert_hr(watch.shows[2].result, E_ABORT);
    assert_int_equal(atomic_load(&watch.broken), 0);
}

/* ---- What may be called from inside
 * -----------------------------------------------------
 */

/* A message of its own, from its creation to its end. */
static void visit_with_messages(struct watch *watch)
{
    for (int aborts = 0; aborts < 2; aborts++) {
        wsd_outbound_message *message = message_create(BODY);
        IWSDOutboundAttachment *part = attachment_create();
        DWORD written;

        attachment_set_budget(part, 0);
        RULE(watch,
             wsd_outbound_message_attach(message, "Upload/Data[1]", part, NULL) == S_OK);
        RULE(watch, wsd_client_send(watch->upload->client, peer_refusing_url(),
                                    message) == S_OK);
        RULE(watch, attachment_write(part, "x", 1, &written) == STG_S_BLOCK);
        RULE(watch, attachment_close(part) == INVALID_OPERATION);
        if (aborts)
            RULE(watch, attachment_abort(part) == S_OK);
        attachment_release(part);
        wsd_outbound_message_release(message);
    }
}

/* What is there of the reply. */
static void visit_with_reply(struct watch *watch)
{
    IWSDInboundAttachment *page = NULL;
    char byte;
    DWORD given;

    if (wsd_inbound_message_attachment(watch->reply, "Scan/Page", &page) != S_OK)
        return;
    RULE(watch, page_read(page, &byte, 1, &given) == POSSIBLE_DEADLOCK);
    page_set_budget(page, 0);
    do
        watch->received = page_read(page, &byte, 1, &given);
    while (watch->received == S_OK);
    RULE(watch, watch->received == S_FALSE || watch->received == STG_S_BLOCK);
    RULE(watch, page_close(page) == S_OK);
    page_release(page);
}

/* [E11]  No call waits, and none that would hangs. */
static void visit_all(struct watch *watch)
{
    struct upload *upload = watch->upload;
    wsd_inbound_message *reply;
    DWORD written;

    atomic_store(&watch->visited, true);
    RULE(watch, attachment_write(watch->unsent, "x", 1, &written) == POSSIBLE_DEADLOCK);
    RULE(watch, attachment_close(watch->unsent) == POSSIBLE_DEADLOCK);
    if (watch->reply == NULL) {
        RULE(watch, wsd_client_receive(upload->client, upload->message, 1000, &reply) ==
                        POSSIBLE_DEADLOCK);
        watch->received =
            wsd_client_receive(upload->client, upload->message, 0, &watch->reply);
        RULE(watch, watch->received == S_OK || watch->received == STG_S_BLOCK);
        if (watch->reply != NULL)
            visit_with_reply(watch);
    }
    if (upload->parts[0] != NULL) {
        upload->parts[0]->lpVtbl->AddRef(upload->parts[0]);
        attachment_progress(upload->parts[0]);
        attachment_release(upload->parts[0]);
    }
    if (watch->sends) {
        watch->sends = false;
        visit_with_messages(watch);
    }
}

static void WSD_CALL visit_when_ready(void *context)
{
    visit_all(context);
}

/* A message with a part and a reply with another; these callbacks do all. */
static void run_visited(visit *on_line, visit *on_show, visit *on_end, bool on_ready)
{
    struct scan scan = {0};
    struct peer_step steps[2] = {{.what = PEER_READ_MESSAGE}};
    struct watch watch;
    wsd_client_options options = watched(&watch, WSD_LOG_DEBUG);
    struct upload upload;
    struct peer *peer;
    DWORD written;

    put_root(&scan.body, 1);
    put_page(&scan.body, 0, "page", 4);
    put_end(&scan.body);
    put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
    bytes_put(&scan.reply, scan.body.at, scan.body.size);
    steps[1] = (struct peer_step){
        .what = PEER_SEND_SOME, .text = scan.reply.at, .size = scan.reply.size};
    peer = PEER_START(steps);

    upload_make(&upload, &options, 1);
    watch.upload = &upload;
    watch.unsent = attachment_create();
    watch.sends = true;
    watch.on_line = on_line;
    watch.on_show = on_show;
    watch.on_end = on_end;
    if (on_ready)
        assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)upload.parts[0],
                                                    visit_when_ready, &watch),
                  S_OK);
    attachment_set_budget(upload.parts[0], 0);
    upload_send(&upload, peer_url(peer));
    while (attachment_write(upload.parts[0], "document", 8, &written) == STG_S_BLOCK)
        attachment_await_ready(upload.parts[0]);
    while (attachment_close(upload.parts[0]) == STG_S_BLOCK)
        attachment_await_ready(upload.parts[0]);
    WORKER_AWAIT(atomic_load(&watch.ends) == 3);
    if (watch.reply == NULL)
        assert_hr(upload_receive(&upload, &watch.reply), S_OK);
    attachment_release(watch.unsent);
    upload_free(&upload);
    wsd_inbound_message_release(watch.reply);
    assert_true(atomic_load(&watch.visited));
    assert_int_equal(atomic_load(&watch.broken), 0);
    peer_stop(peer);
    bytes_free(&scan.body);
    bytes_free(&scan.reply);
}

/* [E11] */
static void callback__calls_whatever_there_is__nothing_waits(void **state)
{
    (void)state;
    run_visited(visit_all, NULL, NULL, false);
    run_visited(NULL, visit_all, NULL, false);
    run_visited(NULL, NULL, visit_all, false);
    run_visited(NULL, NULL, NULL, true);
    run_visited(visit_all, visit_all, visit_all, false);
}

/* ---- The end of a client --------------------------------------------------------------
 */

static void release_client(struct watch *watch)
{
    if (atomic_exchange(&watch->visited, true))
        return;
    if (watch->peer != NULL)
        peer_wait_for_step(watch->peer, 1);
    wsd_client_release(watch->upload->client);
    atomic_store(&watch->closed, true);
}

static void WSD_CALL release_when_ready(void *context)
{
    release_client(context);
}

/* What opens before a Write has to wait calls nobody back: a full ring does. */
static HRESULT write_until_refused(IWSDOutboundAttachment *part)
{
    DWORD written;
    HRESULT hr;

    do
        hr = attachment_write(part, "xx", 2, &written);
    while (hr == S_OK);
    return hr;
}

enum place { IN_LOG, IN_PROGRESS, IN_END, IN_READY, IN_READY_OF_AN_ABORT, PLACES };

static void run_released(enum place place)
{
    static const struct peer_step reads[] = {{.what = PEER_READ_BYTES, .size = 1},
                                             {.what = PEER_READ_TO_END}};
    /* Released in its first line of the log, a client connects to nobody. */
    bool has_peer = place == IN_PROGRESS || place == IN_READY;
    struct peer *peer = has_peer ? PEER_START(reads) : NULL;
    /* The callback goes on when it has released the client. */
    static struct watch watches[PLACES];
    struct watch *watch = &watches[place];
    wsd_client_options options = watched(watch, WSD_LOG_DEBUG);
    IWSDOutboundAttachment *part;
    struct upload upload;
    HRESULT hr;

    options.ring_bytes = 1;
    upload_make(&upload, &options, 1);
    part = upload.parts[0];
    watch->upload = &upload;
    watch->peer = peer;
    watch->on_line = place == IN_LOG ? release_client : NULL;
    watch->on_show = place == IN_PROGRESS ? release_client : NULL;
    watch->on_end = place == IN_END ? release_client : NULL;
    if (place >= IN_READY)
        assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)part,
                                                    release_when_ready, watch),
                  S_OK);
    attachment_set_budget(part, 0);
    if (place == IN_READY_OF_AN_ABORT) { /* on this thread */
        assert_hr(attachment_open(part), STG_S_BLOCK);
        assert_hr(attachment_abort(part), S_OK);
    } else {
        upload_send(&upload, has_peer ? peer_url(peer) : peer_refusing_url());
        WORKER_AWAIT((hr = write_until_refused(part)) != STG_S_BLOCK);
        assert_hr(hr, place == IN_END ? CANNOT_CONNECT : E_ABORT);
    }
    WORKER_AWAIT(atomic_load(&watch->closed));
    upload.client = NULL;
    upload_free(&upload);
    if (peer != NULL)
        peer_stop(peer);
    assert_int_equal(atomic_load(&watch->broken), 0);
}

/* [L102] */
static void release__in_a_callback__does_not_wait_and_is_the_last(void **state)
{
    (void)state;
    for (enum place place = 0; place < PLACES; place++)
        run_released(place);
}

/* [L101] */
static void release__of_a_busy_client__is_the_last_that_is_told(void **state)
{
    static const struct peer_step reads[] = {{.what = PEER_READ_TO_END}};
    struct peer *peer = PEER_START(reads);
    struct watch watch;
    wsd_client_options options = watched(&watch, WSD_LOG_DEBUG);
    struct upload upload;

    (void)state;
    upload_make(&upload, &options, 2);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "x", 1), S_OK);
    wsd_client_release(upload.client);
    upload.client = NULL;
    atomic_store(&watch.closed, true);
    assert_int_equal(atomic_load(&watch.ends), 1);
    assert_hr(watch.shows[watch.show_count - 1].result, E_ABORT);
    upload_free(&upload);
    peer_stop(peer);
    assert_int_equal(atomic_load(&watch.broken), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__of_each_level__has_it_and_those_before),
        cmocka_unit_test(log__and_progress__have_the_message_id),
        cmocka_unit_test(log__of_an_answer__tells_what_it_is_and_its_octets),
        cmocka_unit_test(log__of_a_reply__tells_what_is_amiss_and_what_was_taken),
        cmocka_unit_test(B19__attachment_given_back_unclosed__is_told),
        cmocka_unit_test(progress__of_attachments__comes_in_steps_and_ends_once),
        cmocka_unit_test(progress__of_many_small_writes__does_not_come_for_each),
        cmocka_unit_test(progress__of_each_message__ends_once_with_its_code),
        cmocka_unit_test(callback__calls_whatever_there_is__nothing_waits),
        cmocka_unit_test(release__in_a_callback__does_not_wait_and_is_the_last),
        cmocka_unit_test(release__of_a_busy_client__is_the_last_that_is_told),
    };

    return cmocka_run_group_tests_name("watching_contract", tests, NULL, NULL);
}
