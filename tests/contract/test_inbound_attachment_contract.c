/* The promises of wsdattachment.h for inbound attachments, and those of wsd_attachment.h
 * where an attachment is inbound. */
#include "support/scanner.h"

#include <stdatomic.h>

#include "support/foreign_attachment.h"

#define RING 1000
#define DISCONNECTED WS_E_ENDPOINT_DISCONNECTED

static const char document[] = "All that is gold does not glitter";
#define SIZE (sizeof(document) - 1)

enum page_state { ARRIVING, ARRIVED, WHOLE, CLOSED, FAILED_PAGE, STATES };

/* A scan of one page, brought to a state.  ARRIVING: nothing of it is there; ARRIVED: all
 * of the document, but not its end. */
struct fixture {
    struct scan scan;
    IWSDInboundAttachment *page;
};

static void set_up(struct fixture *fixture, enum page_state state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct scan *scan = &fixture->scan;
    size_t now;

    memset(fixture, 0, sizeof(*fixture));
    options.ring_bytes = RING;
    put_root(&scan->body, 1);
    put_page(&scan->body, 0, document, SIZE);
    put_end(&scan->body);
    put_head(&scan->reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan->body.size);
    now = scan->reply.size + scan->body.size;
    bytes_put(&scan->reply, scan->body.at, scan->body.size);
    if (state == ARRIVING)
        now -= SIZE + sizeof("\r\n--b--\r\n") - 1;
    else if (state == ARRIVED || state == FAILED_PAGE)
        now -= sizeof("\r\n--b--\r\n") - 1;
    scan_start(scan, &options, now, PEER_SEND_SOME, PEER_CLOSE);
    assert_hr(upload_receive(&scan->upload, &scan->message), S_OK);
    fixture->page = page_of(scan->message, 0);
    page_set_budget(fixture->page, 0);
    if (state == ARRIVED || state == FAILED_PAGE)
        WORKER_AWAIT(page_progress(fixture->page).accepted == SIZE);
    if (state == WHOLE) {
        WORKER_AWAIT(page_progress(fixture->page).accepted == SIZE);
        peer_wait_for_step(scan->peer, 3); /* all is sent, and read soon */
    }
    if (state == CLOSED)
        assert_hr(page_close(fixture->page), S_OK);
    if (state == FAILED_PAGE) {
        DWORD given;
        char buffer[1];

        wsd_client_release(scan->upload.client);
        scan->upload.client = NULL;
        assert_hr(page_read(fixture->page, buffer, 1, &given), E_ABORT);
    }
}

static void tear_down(struct fixture *fixture)
{
    if (fixture->page != NULL)
        page_release(fixture->page);
    peer_go(fixture->scan.peer);
    scan_free(&fixture->scan);
}

/* ---- IUnknown -------------------------------------------------------------------------
 */

/* Every interface from every interface, and each is the same object. */
static void query_interface__any__is_one_object(void **state)
{
    static const wsd_guid *const known[] = {&IID_IUnknown, &IID_IWSDAttachment,
                                            &IID_IWSDInboundAttachment};
    struct fixture fixture;

    (void)state;
    set_up(&fixture, WHOLE);
    for (size_t i = 0; i < COUNT(known); i++) {
        void *object = NULL;

        assert_hr(fixture.page->lpVtbl->QueryInterface(fixture.page, known[i], &object),
                  S_OK);
        assert_ptr_equal(object, fixture.page);
        assert_int_equal(page_release(object), 1);
    }
    tear_down(&fixture);
}

static void query_interface__not_there__is_refused(void **state)
{
    struct fixture fixture;
    void *object = &fixture;

    (void)state;
    set_up(&fixture, WHOLE);
    assert_hr(fixture.page->lpVtbl->QueryInterface(fixture.page, &IID_IUnknown, NULL),
              E_POINTER);
    assert_hr(fixture.page->lpVtbl->QueryInterface(fixture.page,
                                                   &IID_IWSDOutboundAttachment, &object),
              E_NOINTERFACE);
    assert_null(object);
    assert_int_equal(page_release(fixture.page), 0);
    fixture.page = NULL;
    tear_down(&fixture);
}

/* The same part is the same object, whoever asks for it. */
static void references__are_counted__over_all_that_were_given(void **state)
{
    struct fixture fixture;
    IWSDInboundAttachment *again;

    (void)state;
    set_up(&fixture, WHOLE);
    again = page_of(fixture.scan.message, 0);
    assert_ptr_equal(again, fixture.page);
    assert_int_equal(again->lpVtbl->AddRef(again), 3);
    assert_int_equal(page_release(again), 2);
    assert_int_equal(page_release(again), 1);
    tear_down(&fixture);
}

/* ---- Read and Close in every state ----------------------------------------------------
 */

/* [I4] [I8] [I9]: before all else, in every state. */
static void read__bad_arguments__are_refused_first(void **state)
{
    (void)state;
    for (int in = 0; in < STATES; in++) {
        struct fixture fixture;
        char buffer[4];
        DWORD given;

        set_up(&fixture, (enum page_state)in);
        assert_hr(page_read(fixture.page, buffer, 4, NULL), E_POINTER);
        assert_hr(page_read(fixture.page, NULL, 0, NULL), E_POINTER);
        given = 99;
        assert_hr(page_read(fixture.page, NULL, 4, &given), E_INVALIDARG);
        assert_int_equal(given, 0);
        given = 99;
        assert_hr(page_read(fixture.page, buffer, 0, &given), E_INVALIDARG);
        assert_int_equal(given, 0);
        /* A refused call is none. */
        if (in == ARRIVING)
            assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)fixture.page,
                                                        NULL, NULL),
                      S_OK);
        tear_down(&fixture);
    }
}

/* [I4] [I5] [I6] [I7] [I11] [I12] */
static void read__in_every_state__has_its_code(void **state)
{
    static const HRESULT expected[STATES] = {
        [ARRIVING] = STG_S_BLOCK,     [ARRIVED] = S_OK,        [WHOLE] = S_FALSE,
        [CLOSED] = INVALID_OPERATION, [FAILED_PAGE] = E_ABORT,
    };

    (void)state;
    for (int in = 0; in < STATES; in++) {
        bool gives = in == ARRIVED || in == WHOLE;
        struct fixture fixture;
        char buffer[SIZE + 10];
        DWORD given = 99;
        HRESULT hr;

        set_up(&fixture, (enum page_state)in);

        hr = page_read(fixture.page, buffer, sizeof(buffer), &given);

        if (in == WHOLE && hr == S_OK) /* its end had not been read yet */
            hr = S_FALSE;
        assert_hr(hr, expected[in]);
        assert_int_equal(given, gives ? SIZE : 0);
        if (gives)
            assert_memory_equal(buffer, document, SIZE);
        tear_down(&fixture);
    }
}

/* [I13]: and then [I11], whatever was there. */
static void close__in_every_state__succeeds_and_again(void **state)
{
    (void)state;
    for (int in = 0; in < STATES; in++) {
        struct fixture fixture;
        char buffer[4];
        DWORD given = 99;

        set_up(&fixture, (enum page_state)in);
        assert_hr(page_close(fixture.page), S_OK);
        assert_hr(page_close(fixture.page), S_OK);
        assert_hr(page_read(fixture.page, buffer, 4, &given),
                  in == FAILED_PAGE ? E_ABORT : INVALID_OPERATION);
        assert_int_equal(given, 0);
        tear_down(&fixture);
    }
}

/* [I1]: in every state, with the message still there and without. */
static void release__without_close__is_one(void **state)
{
    (void)state;
    for (int in = 0; in < 2 * STATES; in++) {
        struct fixture fixture;
        IWSDInboundAttachment *page;
        char buffer[4];
        DWORD given;

        set_up(&fixture, (enum page_state)(in / 2));
        if (in % 2 == 1)
            scan_release_message(&fixture.scan);
        assert_int_equal(page_release(fixture.page), 0);
        fixture.page = NULL;
        if (in % 2 == 0) {
            page = page_of(fixture.scan.message, 0);
            assert_hr(page_read(page, buffer, 4, &given),
                      in / 2 == FAILED_PAGE ? E_ABORT : INVALID_OPERATION);
            page_release(page);
        }
        tear_down(&fixture);
    }
}

/* ---- Read -----------------------------------------------------------------------------
 */

/* [I5] [I6]: the last bytes may come with the end, and the end stays. */
static void read__to_the_end__gives_every_byte_once_and_the_end_for_good(void **state)
{
    (void)state;
    for (size_t step = 1; step <= SIZE + 1; step++) {
        struct bytes got = {0};
        struct fixture fixture;

        set_up(&fixture, WHOLE);
        page_set_budget(fixture.page, INFINITE);
        assert_hr(page_read_all(fixture.page, step, &got), S_FALSE);
        assert_int_equal(got.size, SIZE);
        assert_memory_equal(got.at, document, SIZE);
        for (int i = 0; i < 3; i++) {
            assert_hr(page_read_all(fixture.page, step, &got), S_FALSE);
            assert_int_equal(got.size, SIZE);
        }
        bytes_free(&got);
        tear_down(&fixture);
    }
}

/* [I5] [I7]: what is there comes at once, and nothing only when the budget has passed. */
static void read__rest_is_on_its_way__gives_what_is_there(void **state)
{
    struct fixture fixture;
    char buffer[SIZE + 10];
    DWORD given = 99;

    (void)state;
    set_up(&fixture, ARRIVED);
    page_set_budget(fixture.page, INFINITE);
    assert_hr(page_read(fixture.page, buffer, sizeof(buffer), &given), S_OK);
    assert_int_equal(given, SIZE);
    page_set_budget(fixture.page, 50);
    assert_hr(page_read(fixture.page, buffer, sizeof(buffer), &given), STG_S_BLOCK);
    assert_int_equal(given, 0);
    peer_go(fixture.scan.peer);
    page_set_budget(fixture.page, INFINITE);
    assert_hr(page_read(fixture.page, buffer, sizeof(buffer), &given), S_FALSE);
    assert_int_equal(given, 0);
    tear_down(&fixture);
}

/* [I5] [I7] */
static void read__waits__until_the_first_byte(void **state)
{
    struct fixture fixture;
    struct page_call call;

    (void)state;
    set_up(&fixture, ARRIVING);
    page_set_budget(fixture.page, INFINITE);
    page_call_begin(&call, fixture.page);
    page_await_first_read(fixture.page);

    peer_go(fixture.scan.peer);

    assert_true(SUCCEEDED(page_call_end(&call)));
    assert_true(call.hr == S_OK || call.hr == S_FALSE);
    assert_int_equal(call.given, SIZE);
    tear_down(&fixture);
}

/* [I3] [I11] [I13] */
static void close__while_a_read_waits__wakes_it(void **state)
{
    struct fixture fixture;
    struct page_call call;

    (void)state;
    set_up(&fixture, ARRIVING);
    page_set_budget(fixture.page, INFINITE);
    page_call_begin(&call, fixture.page);
    page_await_first_read(fixture.page);

    assert_hr(page_close(fixture.page), S_OK);

    assert_hr(page_call_end(&call), INVALID_OPERATION);
    assert_int_equal(call.given, 0);
    tear_down(&fixture);
}

/* [I12]: bytes that came before the failure are no document. */
static void read__cut_short__fails_with_bytes_still_there(void **state)
{
    struct fixture fixture;
    char buffer[4];

    (void)state;
    set_up(&fixture, ARRIVED);
    /* What is behind the hold is not sent: the connection ends. */
    fixture.scan.steps[3] = (struct peer_step){.what = PEER_CLOSE};
    assert_true(page_is_ready_within(fixture.page, PEER_PATIENCE_MS));
    peer_go(fixture.scan.peer);
    for (int i = 0; i < 3; i++) {
        DWORD given = 99;
        HRESULT hr;

        WORKER_AWAIT((hr = page_read(fixture.page, buffer, 1, &given)) != S_OK &&
                     hr != STG_S_BLOCK);
        assert_hr(hr, DISCONNECTED);
        assert_int_equal(given, 0);
    }
    tear_down(&fixture);
}

/* ---- Waiting without a thread: wsd_attachment.h ---------------------------------------
 */

/* [T1] [T2] */
static void extensions__arguments__are_checked(void **state)
{
    wsd_attachment_progress progress = {.size = sizeof(progress) - 1};
    struct fixture fixture;
    IWSDAttachment *page;
    int fd, again;

    (void)state;
    set_up(&fixture, WHOLE);
    page = (IWSDAttachment *)fixture.page;
    assert_hr(wsd_attachment_get_ready_fd(page, NULL), E_POINTER);
    assert_hr(wsd_attachment_get_ready_fd(page, &fd), S_OK);
    assert_hr(wsd_attachment_get_ready_fd(page, &again), S_OK);
    assert_int_equal(fd, again);
    assert_hr(wsd_attachment_get_progress(page, NULL), E_POINTER);
    assert_hr(wsd_attachment_get_progress(page, &progress), E_INVALIDARG);
    tear_down(&fixture);
}

/* [T3] [T6] */
static void ready_fd__is_unreadable__from_block_to_change(void **state)
{
    struct fixture fixture;
    char buffer[4];
    DWORD given;

    (void)state;
    set_up(&fixture, ARRIVING);
    assert_true(page_is_ready_within(fixture.page, 0));
    assert_hr(page_read(fixture.page, buffer, 4, &given), STG_S_BLOCK);
    assert_false(page_is_ready_within(fixture.page, 0));
    assert_hr(
        wsd_attachment_set_ready_callback((IWSDAttachment *)fixture.page, NULL, NULL),
        INVALID_OPERATION);
    peer_go(fixture.scan.peer);
    assert_true(page_is_ready_within(fixture.page, PEER_PATIENCE_MS));
    assert_hr(page_read(fixture.page, buffer, 4, &given), S_OK);
    assert_true(page_is_ready_within(fixture.page, 0));
    assert_hr(page_close(fixture.page), S_OK);
    assert_true(page_is_ready_within(fixture.page, 0));
    tear_down(&fixture);
}

/* [T3]: Close and a lost client are changes too. */
static void ready_fd__attachment_ends__is_readable(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct fixture fixture;
        char buffer[4];
        DWORD given;

        set_up(&fixture, ARRIVING);
        assert_hr(page_read(fixture.page, buffer, 4, &given), STG_S_BLOCK);
        assert_false(page_is_ready_within(fixture.page, 0));
        if (how == 0) {
            assert_hr(page_close(fixture.page), S_OK);
        } else {
            wsd_client_release(fixture.scan.upload.client);
            fixture.scan.upload.client = NULL;
        }
        assert_true(page_is_ready_within(fixture.page, 0));
        tear_down(&fixture);
    }
}

/* A page of many rings that is there in two halves, none of it asked for yet. */
static void set_up_large(struct scan *scan, const char *content, size_t size)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    memset(scan, 0, sizeof(*scan));
    options.ring_bytes = RING;
    put_root(&scan->body, 1);
    put_page(&scan->body, 0, content, size);
    put_end(&scan->body);
    put_head(&scan->reply, IN_CHUNKS, SCAN_OK, SCAN_TYPE, 0);
    put_framed(&scan->reply, IN_CHUNKS, &scan->body);
    scan_start(scan, &options, scan->reply.size / 2, PEER_SEND, PEER_CLOSE);
    assert_hr(upload_receive(&scan->upload, &scan->message), S_OK);
}

/* [T3] [T7] [I7] */
static void never_wait__driven_by_poll_alone__downloads_all(void **state)
{
    enum { LARGE = 300000 };
    char *content = document_make(LARGE, 3);
    struct bytes got = {0};
    IWSDInboundAttachment *page;
    struct scan scan;
    bool blocked = false;
    HRESULT hr = S_OK;

    (void)state;
    set_up_large(&scan, content, LARGE);
    page = page_of(scan.message, 0);
    page_set_budget(page, 0);
    while (hr != S_FALSE) {
        wsd_attachment_progress before = page_progress(page);

        assert_true(page_is_ready_within(page, PEER_PATIENCE_MS));
        hr = page_read_all(page, 333, &got);
        assert_true(hr == STG_S_BLOCK || hr == S_FALSE);
        assert_int_equal(page_progress(page).handed, got.size);
        assert_true(page_progress(page).accepted >= before.accepted);
        assert_in_range(page_progress(page).accepted, got.size, got.size + RING);
        if (hr == STG_S_BLOCK && !blocked && got.size > LARGE / 3) {
            blocked = true;
            peer_go(scan.peer);
        }
    }
    assert_true(blocked);
    assert_int_equal(got.size, LARGE);
    assert_memory_equal(got.at, content, LARGE);
    assert_int_equal(page_progress(page).accepted, LARGE);
    page_release(page);
    bytes_free(&got);
    scan_free(&scan);
    free(content);
}

struct reader {
    IWSDInboundAttachment *page;
    struct peer *peer;
    atomic_size_t size;
    atomic_uint rings;   /* calls of the callback */
    atomic_uint blocked; /* STG_S_BLOCK that Read returned */
    atomic_int end;      /* the code that ended it; S_OK until then */
    HRESULT may_not_wait;
};

static void read_what_is_there(struct reader *reader)
{
    char buffer[400];
    DWORD given;
    HRESULT hr;

    do {
        hr = page_read(reader->page, buffer, sizeof(buffer), &given);
        atomic_fetch_add(&reader->size, given);
    } while (hr == S_OK);
    if (hr == STG_S_BLOCK)
        atomic_fetch_add(&reader->blocked, 1);
    else
        atomic_store(&reader->end, hr);
}

static void on_ready(void *context)
{
    struct reader *reader = context;

    atomic_fetch_add(&reader->rings, 1);
    read_what_is_there(reader);
}

/* [T4] [T5] */
static void never_wait__driven_by_the_callback_alone__downloads_all(void **state)
{
    enum { LARGE = 300000 };
    char *content = document_make(LARGE, 3);
    struct reader reader = {0};
    struct scan scan;

    (void)state;
    set_up_large(&scan, content, LARGE);
    reader.page = page_of(scan.message, 0);
    page_set_budget(reader.page, 0);
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)reader.page, on_ready,
                                                &reader),
              S_OK);
    read_what_is_there(&reader);
    peer_go(scan.peer);
    WORKER_AWAIT(atomic_load(&reader.end) != S_OK);
    assert_hr(atomic_load(&reader.end), S_FALSE);
    assert_int_equal(atomic_load(&reader.size), LARGE);
    assert_int_equal(atomic_load(&reader.rings), atomic_load(&reader.blocked));
    page_release(reader.page);
    scan_free(&scan);
    free(content);
}

static void wait_in_callback(void *context)
{
    struct reader *reader = context;
    char buffer[1];
    DWORD given = 99;

    /* Asserting is for the thread of the test. */
    wsd_attachment_set_wait_budget((IWSDAttachment *)reader->page, INFINITE);
    reader->may_not_wait = page_read(reader->page, buffer, 1, &given);
    page_close(reader->page);
    page_release(reader->page);
    atomic_store(&reader->end, given == 0 ? S_FALSE : E_UNEXPECTED);
}

/* [I10] [T5] [I13] */
static void read__on_a_thread_of_the_library__may_not_wait(void **state)
{
    struct reader reader = {0};
    struct fixture fixture;
    char buffer[1];
    DWORD given;

    (void)state;
    set_up(&fixture, ARRIVING);
    reader.page = fixture.page;
    assert_hr(wsd_attachment_set_ready_callback((IWSDAttachment *)reader.page,
                                                wait_in_callback, &reader),
              S_OK);
    assert_hr(page_read(reader.page, buffer, 1, &given), STG_S_BLOCK);
    peer_go(fixture.scan.peer);
    WORKER_AWAIT(atomic_load(&reader.end) != S_OK);
    assert_hr(reader.may_not_wait, HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK));
    assert_hr(atomic_load(&reader.end), S_FALSE);
    fixture.page = NULL; /* given back in the callback */
    tear_down(&fixture);
}

/* [T1]: the client's budget is that of its attachments. */
static void wait_budget__not_set__is_the_clients(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    char buffer[1];
    DWORD given;

    (void)state;
    options.wait_budget_ms = 20;
    put_root(&scan.body, 1);
    put_page(&scan.body, 0, "", 0);
    put_head(&scan.reply, TO_THE_END, SCAN_OK, SCAN_TYPE, 0);
    bytes_put(&scan.reply, scan.body.at, scan.body.size);
    bytes_say(&scan.reply, "x\r\n--b--\r\n");
    scan_start(&scan, &options, scan.reply.size - 10, PEER_SEND, PEER_CLOSE);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page = page_of(scan.message, 0);
    assert_hr(page_read(page, buffer, 1, &given), STG_S_BLOCK);
    peer_go(scan.peer);
    page_expect(scan.message, 0, "x", 1, 1);
    page_release(page);
    scan_free(&scan);
}

/* [I2]: no more than the ring is taken while nobody reads. */
static void read__not_called__holds_up_the_connection(void **state)
{
    enum { LARGE = 32 << 20 };
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char *content = calloc(1, LARGE);
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    size_t before;

    (void)state;
    assert_non_null(content);
    options.ring_bytes = RING;
    put_root(&scan.body, 1);
    put_page(&scan.body, 0, content, LARGE);
    put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, 2 * scan.body.size);
    bytes_put(&scan.reply, scan.body.at, scan.body.size);
    scan_start(&scan, &options, scan.reply.size, PEER_SEND_SOME, PEER_CLOSE);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page = page_of(scan.message, 0);
    WORKER_AWAIT(page_progress(page).accepted == RING);
    do {
        const struct timespec moment = {0, 200000000};

        before = peer_sent(scan.peer);
        nanosleep(&moment, NULL);
    } while (peer_sent(scan.peer) > before);
    assert_int_equal(page_progress(page).accepted, RING);
    assert_true(before < LARGE);
    page_release(page);
    scan_free(&scan);
    free(content);
}

/* [R23] [R24] */
static void read__behind_more_than_fits__blocks_until_that_is_read(void **state)
{
    enum { PAGES = 6 };
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    const char content[RING] = "page";
    IWSDInboundAttachment *pages[PAGES];
    struct scan scan = {0};
    char byte;
    DWORD given;

    (void)state;
    options.ring_bytes = RING;
    put_root(&scan.body, PAGES);
    for (size_t i = 0; i < PAGES; i++)
        put_page(&scan.body, i, content, RING);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < PAGES; i++)
        pages[i] = page_of(scan.message, i);
    page_set_budget(pages[PAGES - 1], 300);
    assert_hr(page_read(pages[PAGES - 1], &byte, 1, &given), STG_S_BLOCK);
    for (size_t i = 0; i < PAGES; i++)
        assert_int_equal(page_progress(pages[i]).accepted, i < 4 ? RING : 0);
    page_set_budget(pages[PAGES - 1], PEER_PATIENCE_MS);
    for (size_t i = 0; i < PAGES; i++) {
        page_expect(scan.message, i, content, RING, 100);
        page_release(pages[i]);
    }
    scan_free(&scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(query_interface__any__is_one_object),
        cmocka_unit_test(query_interface__not_there__is_refused),
        cmocka_unit_test(references__are_counted__over_all_that_were_given),
        cmocka_unit_test(read__bad_arguments__are_refused_first),
        cmocka_unit_test(read__in_every_state__has_its_code),
        cmocka_unit_test(close__in_every_state__succeeds_and_again),
        cmocka_unit_test(release__without_close__is_one),
        cmocka_unit_test(read__to_the_end__gives_every_byte_once_and_the_end_for_good),
        cmocka_unit_test(read__rest_is_on_its_way__gives_what_is_there),
        cmocka_unit_test(read__waits__until_the_first_byte),
        cmocka_unit_test(close__while_a_read_waits__wakes_it),
        cmocka_unit_test(read__cut_short__fails_with_bytes_still_there),
        cmocka_unit_test(extensions__arguments__are_checked),
        cmocka_unit_test(ready_fd__is_unreadable__from_block_to_change),
        cmocka_unit_test(ready_fd__attachment_ends__is_readable),
        cmocka_unit_test(never_wait__driven_by_poll_alone__downloads_all),
        cmocka_unit_test(never_wait__driven_by_the_callback_alone__downloads_all),
        cmocka_unit_test(read__on_a_thread_of_the_library__may_not_wait),
        cmocka_unit_test(wait_budget__not_set__is_the_clients),
        cmocka_unit_test(read__not_called__holds_up_the_connection),
        cmocka_unit_test(read__behind_more_than_fits__blocks_until_that_is_read),
    };

    return cmocka_run_group_tests_name("inbound_attachment_contract", tests, NULL, NULL);
}
