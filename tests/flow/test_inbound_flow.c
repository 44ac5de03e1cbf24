/* Replies with attachments over real sockets: a scanner that behaves by script, and one
 * that does not. */
#include "support/scanner.h"

#include <dirent.h>
#include <malloc.h>

#include "support/recorded.h"

#define RING 10000
#define PAGES 10

/* More than a socket's two buffers and the ring take. */
#define ENDLESS (32u << 20)

static wsd_client_options small_rings(void)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;

    options.ring_bytes = RING;
    return options;
}

/* Every page is a piece of one document, begun elsewhere in it. */
static char *document;

static int make_document(void **state)
{
    (void)state;
    document = document_make(ENDLESS, 7);
    return document == NULL;
}

static int free_document(void **state)
{
    (void)state;
    free(document);
    return 0;
}

static const char *content_of(size_t index)
{
    return document + 977 * index;
}

static void put_pages(struct bytes *body, size_t count, size_t size)
{
    put_root(body, count);
    for (size_t i = 0; i < count; i++)
        put_page(body, i, content_of(i), size);
    put_end(body);
}

/* ---- Whole documents ------------------------------------------------------------------
 */

static void document__any_framing_size_and_read__arrives_byte_exact(void **state)
{
    static const size_t sizes[] = {0, 1, RING - 1, RING, RING + 1, 5 << 20};
    static const size_t steps[] = {1, 7, 4096, 65536};
    wsd_client_options options = small_rings();

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t i = 0; i < COUNT(sizes); i++)
            for (size_t k = 0; k < COUNT(steps); k++) {
                struct scan scan = {0};

                if (sizes[i] > 100000 && steps[k] < 4096)
                    continue;
                put_pages(&scan.body, 1, sizes[i]);
                assert_hr(scan_run(&scan, &options, (enum framing)framing), S_OK);
                page_expect(scan.message, 0, content_of(0), sizes[i], steps[k]);
                scan_free(&scan);
            }
}

static void documents__in_the_senders_order__arrive(void **state)
{
    static const size_t counts[] = {2, PAGES};
    wsd_client_options options = small_rings();

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t c = 0; c < COUNT(counts); c++) {
            struct scan scan = {0};

            put_pages(&scan.body, counts[c], 5 * RING);
            assert_hr(scan_run(&scan, &options, (enum framing)framing), S_OK);
            for (size_t i = 0; i < counts[c]; i++)
                page_expect(scan.message, i, content_of(i), 5 * RING, 4096);
            scan_free(&scan);
        }
}

/* [R23]: all but the last in the sender's order must fit into their rings. */
static void documents__in_reverse__arrive_if_they_fit_the_rings(void **state)
{
    static const size_t counts[] = {2, 4};
    wsd_client_options options = small_rings();

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t c = 0; c < COUNT(counts); c++) {
            struct scan scan = {0};

            put_pages(&scan.body, counts[c], RING);
            assert_hr(scan_run(&scan, &options, (enum framing)framing), S_OK);
            for (size_t i = counts[c]; i-- > 0;)
                page_expect(scan.message, i, content_of(i), RING, 4096);
            scan_free(&scan);
        }
}

/* [R11] */
static void document__in_front__holds_up_those_behind_until_it_is_closed(void **state)
{
    wsd_client_options options = small_rings();

    (void)state;
    for (int how = 0; how < 3; how++) {
        IWSDInboundAttachment *first, *second;
        struct scan scan = {0};
        struct bytes got = {0};
        DWORD given;
        char byte;

        put_pages(&scan.body, 2, 5 * RING);
        assert_hr(scan_run(&scan, &options, IN_CHUNKS), S_OK);
        first = page_of(scan.message, 0);
        second = page_of(scan.message, 1);
        WORKER_AWAIT(page_progress(first).accepted == RING);
        page_set_budget(second, 50);
        assert_hr(page_read(second, &byte, 1, &given), STG_S_BLOCK);
        page_set_budget(second, INFINITE);

        if (how == 0) {
            assert_hr(page_close(first), S_OK);
        } else if (how == 1) {
            page_release(first);
            first = NULL;
        } else { /* never asked for, as far as the message knows */
            page_release(first);
            first = NULL;
            scan_release_message(&scan);
        }

        assert_hr(page_read_all(second, 4096, &got), S_FALSE);
        assert_int_equal(got.size, 5 * RING);
        assert_memory_equal(got.at, content_of(1), got.size);
        if (first != NULL)
            page_release(first);
        page_release(second);
        bytes_free(&got);
        scan_free(&scan);
    }
}

/* [R15]: a document that nobody has asked for holds nothing up without the message. */
static void document__never_asked_for__is_thrown_away_with_the_message(void **state)
{
    static const size_t sizes[] = {0, RING, 5 * RING};
    wsd_client_options options = small_rings();

    (void)state;
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct scan scan = {0};
        struct bytes got = {0};
        IWSDInboundAttachment *last;

        put_pages(&scan.body, 3, sizes[i]);
        assert_hr(scan_run(&scan, &options, IN_CHUNKS), S_OK);
        last = page_of(scan.message, 2);
        scan_release_message(&scan);
        assert_hr(page_read_all(last, 4096, &got), S_FALSE);
        assert_int_equal(got.size, sizes[i]);
        if (sizes[i] > 0)
            assert_memory_equal(got.at, content_of(2), sizes[i]);
        page_release(last);
        bytes_free(&got);
        scan_free(&scan);
    }
}

/* [I2]: nobody reads, so the peer cannot send; then somebody does. */
static void document__nobody_reads__waits_and_then_arrives(void **state)
{
    wsd_client_options options = small_rings();
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    struct bytes got = {0};
    size_t before;

    (void)state;
    put_pages(&scan.body, 1, ENDLESS);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    page = page_of(scan.message, 0);
    WORKER_AWAIT(page_progress(page).accepted == RING);
    do { /* the network may only be slow */
        const struct timespec moment = {0, 200000000};

        before = peer_sent(scan.peer);
        nanosleep(&moment, NULL);
    } while (peer_sent(scan.peer) > before);
    assert_in_range(before, RING, ENDLESS - 1);
    assert_int_equal(page_progress(page).accepted, RING);

    assert_hr(page_read_all(page, 65536, &got), S_FALSE);

    assert_int_equal(got.size, ENDLESS);
    assert_memory_equal(got.at, content_of(0), ENDLESS);
    page_release(page);
    bytes_free(&got);
    scan_free(&scan);
}

/* Neither the pause nor the timer of the reply is the application's to suffer. */
static void document__read_slower_than_the_response_timer__arrives(void **state)
{
    wsd_client_options options = small_rings();
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    struct bytes got = {0};

    (void)state;
    options.response_timeout_ms = 100;
    put_pages(&scan.body, 1, 20 * RING);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    page = page_of(scan.message, 0);
    WORKER_AWAIT(page_progress(page).accepted == RING);
    for (int i = 0; i < 3; i++) {
        const struct timespec moment = {0, 200000000};
        char buffer[RING];
        DWORD given;

        nanosleep(&moment, NULL);
        assert_hr(page_read(page, buffer, sizeof(buffer), &given), S_OK);
        bytes_put(&got, buffer, given);
    }
    assert_hr(page_read_all(page, 65536, &got), S_FALSE);
    assert_int_equal(got.size, 20 * RING);
    assert_memory_equal(got.at, content_of(0), got.size);
    page_release(page);
    bytes_free(&got);
    scan_free(&scan);
}

/* ---- Cut short ------------------------------------------------------------------------
 */

struct cut {
    struct bytes body;
    size_t envelope_ends, page_ends[2]; /* the delimiter behind it is there */
    size_t page_size;
};

static void put_cut_body(struct cut *cut, size_t page_size)
{
    *cut = (struct cut){.page_size = page_size};
    put_root(&cut->body, 2);
    cut->envelope_ends = cut->body.size + sizeof("\r\n--b") - 1;
    put_page(&cut->body, 0, content_of(0), page_size);
    cut->page_ends[0] = cut->body.size + sizeof("\r\n--b") - 1;
    put_page(&cut->body, 1, content_of(1), page_size);
    cut->page_ends[1] = cut->body.size + sizeof("\r\n--b") - 1;
    put_end(&cut->body);
}

/* Of `body` bytes: a chunked body has a few more, so this many may not even be there. */
static void check_cut_page(const struct cut *cut, struct scan *scan, size_t index,
                           size_t body)
{
    IWSDInboundAttachment *page = page_of(scan->message, index);
    struct bytes got = {0};
    HRESULT hr = page_read_all(page, 4096, &got);

    assert_true(got.size <= cut->page_size);
    if (got.size > 0)
        assert_memory_equal(got.at, content_of(index), got.size);
    if (body < cut->page_ends[index])
        assert_hr(hr, WS_E_ENDPOINT_DISCONNECTED);
    else
        assert_true(hr == S_FALSE || hr == WS_E_ENDPOINT_DISCONNECTED);
    if (hr == S_FALSE)
        assert_int_equal(got.size, cut->page_size);
    page_release(page);
    bytes_free(&got);
}

/* Cuts a reply behind `at` bytes, by FIN or RST. */
static void check_cut(const struct cut *cut, enum framing framing, size_t at,
                      enum peer_do end)
{
    wsd_client_options options = small_rings();
    struct scan scan = {0};
    size_t head, body;
    HRESULT hr;

    put_head(&scan.reply, framing, SCAN_OK, SCAN_TYPE, cut->body.size);
    head = scan.reply.size;
    put_framed(&scan.reply, framing, &cut->body);
    body = at < head ? 0 : at - head;
    scan.reply.size = at;
    scan_start(&scan, &options, at, PEER_SEND, end);
    hr = upload_receive(&scan.upload, &scan.message);

    if (body < cut->envelope_ends)
        assert_true(FAILED(hr));
    else if (body >= cut->envelope_ends + 2 && framing != IN_CHUNKS && end == PEER_CLOSE)
        assert_hr(hr, S_OK);
    if (FAILED(hr) && at >= head && end == PEER_CLOSE)
        assert_hr(hr, WS_E_ENDPOINT_DISCONNECTED);
    if (hr == S_OK)
        for (size_t i = 0; i < 2; i++)
            check_cut_page(cut, &scan, i, body);
    scan_free(&scan);
}

static size_t size_of_reply(const struct cut *cut, enum framing framing)
{
    struct bytes reply = {0};
    size_t size;

    put_head(&reply, framing, SCAN_OK, SCAN_TYPE, cut->body.size);
    put_framed(&reply, framing, &cut->body);
    size = reply.size;
    bytes_free(&reply);
    return size;
}

/* [I6] [I12] [L19]: never an end, and never a whole reply. */
static void reply__cut_at_every_tenth__is_never_whole(void **state)
{
    static const enum peer_do ends[] = {PEER_CLOSE, PEER_RESET};
    struct cut cut;

    (void)state;
    put_cut_body(&cut, 5 * RING);
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t tenth = 0; tenth < 10; tenth++)
            for (size_t i = 0; i < COUNT(ends); i++)
                check_cut(&cut, (enum framing)framing,
                          size_of_reply(&cut, (enum framing)framing) * tenth / 10,
                          ends[i]);
    bytes_free(&cut.body);
}

/* [I6] [I12] [L19] */
static void reply__cut_at_every_byte_of_a_small_one__is_never_whole(void **state)
{
    struct cut cut;

    (void)state;
    put_cut_body(&cut, 9);
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t at = size_of_reply(&cut, (enum framing)framing); at-- > 0;)
            check_cut(&cut, (enum framing)framing, at, PEER_CLOSE);
    bytes_free(&cut.body);
}

/* ---- Damaged replies ------------------------------------------------------------------
 */

/* What the reply of `type` and `tail` behind two good parts, the second whole or not, is
 * for receive and for the page. */
static void check_damage(const char *type, enum framing framing, const char *tail,
                         HRESULT received, HRESULT read)
{
    wsd_client_options options = small_rings();
    struct scan scan = {0};
    IWSDInboundAttachment *page;
    struct bytes got = {0};

    put_root(&scan.body, 1);
    put_page(&scan.body, 0, content_of(0), 3 * RING);
    if (framing == IN_CHUNKS) {
        put_head(&scan.reply, framing, SCAN_OK, type, 0);
        put_chunk(&scan.reply, scan.body.at, scan.body.size);
        bytes_say(&scan.reply, tail);
    } else {
        bytes_say(&scan.body, tail);
        put_head(&scan.reply, framing, SCAN_OK, type, scan.body.size);
        put_framed(&scan.reply, framing, &scan.body);
    }
    scan_start(&scan, &options, scan.reply.size, PEER_SEND_SOME, PEER_CLOSE);
    assert_hr(upload_receive(&scan.upload, &scan.message), received);
    assert_non_null(scan.message);
    assert_int_equal(wsd_inbound_message_http_status(scan.message), 200);
    if (received == S_OK) {
        page = page_of(scan.message, 0);
        assert_hr(page_read_all(page, 4096, &got), read);
        assert_memory_equal(got.at, content_of(0),
                            got.size < 3 * RING ? got.size : 3 * RING);
        if (read == S_FALSE)
            assert_int_equal(got.size, 3 * RING);
        page_release(page);
    }
    bytes_free(&got);
    scan_free(&scan);
}

/* [L17] [L18] [L19] [I12] */
static void reply__damaged__has_its_code(void **state)
{
    static const char wrong[] = "multipart/related; boundary=c";
    static const char missing[] = "multipart/related; start=\"<root@scan>\"";
    static const char end[] = "\r\n--b--\r\n";
    static const struct {
        const char *type;
        enum framing framing;
        const char *tail;
        HRESULT received, read;
    } rows[] = {
        {SCAN_TYPE, WITH_LENGTH, end, S_OK, S_FALSE},
        {SCAN_TYPE, IN_CHUNKS, "9\r\n\r\n--b--\r\n\r\n0\r\n\r\n", S_OK, S_FALSE},
        /* no closing delimiter, or not all of it */
        {SCAN_TYPE, WITH_LENGTH, "", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, TO_THE_END, "", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, IN_CHUNKS, "0\r\n\r\n", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, WITH_LENGTH, "\r\n--", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, WITH_LENGTH, "--b--", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        /* no last chunk: the document was whole all the same */
        {SCAN_TYPE, IN_CHUNKS, "9\r\n\r\n--b--\r\n\r\n", S_OK, S_FALSE},
        /* chunks that are none */
        {SCAN_TYPE, IN_CHUNKS, "x\r\n", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, IN_CHUNKS, "-1\r\n", S_OK, WS_E_ENDPOINT_DISCONNECTED},
        {SCAN_TYPE, IN_CHUNKS, "fffffffffffffffffffff\r\n", S_OK,
         WS_E_ENDPOINT_DISCONNECTED},
        /* a second document whose header is none */
        {SCAN_TYPE, WITH_LENGTH, "\r\n--b\r\nno header\r\n\r\nx\r\n--b--\r\n", S_OK,
         S_FALSE},
        /* boundaries */
        {wrong, WITH_LENGTH, end, WS_E_ENDPOINT_DISCONNECTED, S_OK},
        {wrong, TO_THE_END, end, WS_E_ENDPOINT_DISCONNECTED, S_OK},
        {missing, WITH_LENGTH, end, WS_E_INVALID_FORMAT, S_OK},
        {"multipart/related; boundary=", WITH_LENGTH, end, WS_E_INVALID_FORMAT, S_OK},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        check_damage(rows[i].type, rows[i].framing, rows[i].tail, rows[i].received,
                     rows[i].read);
}

/* What is wrong behind a full ring is found when libcurl gives it again. */
static void reply__damaged_behind_a_full_ring__has_the_same_code(void **state)
{
    wsd_client_options options = small_rings();
    IWSDInboundAttachment *pages[2];
    struct scan scan = {0};
    struct bytes got = {0};

    (void)state;
    put_root(&scan.body, 2);
    put_page(&scan.body, 0, content_of(0), RING + 1);
    put_part(&scan.body, "Content-Transfer-Encoding: x-gzip\r\n", "", 0);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < COUNT(pages); i++)
        pages[i] = page_of(scan.message, i);
    WORKER_AWAIT(page_progress(pages[0]).accepted == RING);
    assert_hr(page_read_all(pages[0], RING, &got), S_FALSE);
    assert_hr(page_read_all(pages[1], RING, &got), WS_E_NOT_SUPPORTED);
    assert_int_equal(got.size, RING + 1);
    for (size_t i = 0; i < COUNT(pages); i++)
        page_release(pages[i]);
    bytes_free(&got);
    scan_free(&scan);
}

/* ---- Order and limits -----------------------------------------------------------------
 */

/* "start" names the root; until it is there nobody can read, so the rings must do. */
static void root__behind_its_parts__is_found_if_they_fit_the_rings(void **state)
{
    wsd_client_options options = small_rings();

    (void)state;
    for (int framing = 0; framing < FRAMINGS; framing++)
        for (size_t size = RING; size <= RING + 1; size++) {
            struct scan scan = {0};
            HRESULT hr;

            put_page(&scan.body, 0, content_of(0), size);
            put_page(&scan.body, 1, content_of(1), RING);
            put_root(&scan.body, 3);
            put_page(&scan.body, 2, content_of(2), 5 * RING);
            put_end(&scan.body);
            hr = scan_run(&scan, &options, (enum framing)framing);
            assert_hr(hr, size > RING ? WS_E_QUOTA_EXCEEDED : S_OK);
            if (hr == S_OK) {
                page_expect(scan.message, 1, content_of(1), RING, 4096);
                page_expect(scan.message, 0, content_of(0), RING, 4096);
                page_expect(scan.message, 2, content_of(2), 5 * RING, 4096);
            }
            scan_free(&scan);
        }
}

/* 50 parts are the most: the root and WSD_MAX_ATTACHMENTS. */
static void parts__one_too_many__fail_what_is_not_whole(void **state)
{
    wsd_client_options options = small_rings();
    struct scan scan = {0};
    IWSDInboundAttachment *last;

    (void)state;
    put_pages(&scan.body, WSD_MAX_ATTACHMENTS, 10);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < WSD_MAX_ATTACHMENTS; i++)
        page_expect(scan.message, i, content_of(i), 10, 10);
    scan_free(&scan);

    /* The one behind the limit is named by nobody, or in place of the last. */
    memset(&scan, 0, sizeof(scan));
    put_root(&scan.body, WSD_MAX_ATTACHMENTS);
    for (size_t i = 0; i < WSD_MAX_ATTACHMENTS; i++)
        put_page(&scan.body, i == 5 ? 99 : i, content_of(i), 10);
    put_page(&scan.body, 5, content_of(5), 10);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < WSD_MAX_ATTACHMENTS; i++)
        if (i != 5)
            page_expect(scan.message, i, content_of(i), 10, 10);
    last = page_of(scan.message, 5);
    {
        char byte;
        DWORD given;

        assert_hr(page_read(last, &byte, 1, &given), WS_E_QUOTA_EXCEEDED);
    }
    page_release(last);
    scan_free(&scan);

    memset(&scan, 0, sizeof(scan));
    put_root(&scan.body, WSD_MAX_ATTACHMENTS + 1);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), WS_E_QUOTA_EXCEEDED);
    scan_free(&scan);
}

/* [L18] */
static void envelope__above_a_limit__is_refused(void **state)
{
    wsd_client_options options = small_rings();
    struct scan scan = {0};
    struct bytes soap = {0}, fields = {0};

    (void)state;
    bytes_say(&fields, "Content-ID: <root@scan>\r\nX: ");
    for (int i = 0; i < 9000; i++)
        bytes_say(&fields, "x");
    bytes_put(&fields, "\r\n", 3);
    put_part(&scan.body, fields.at, "", 0);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, IN_CHUNKS), WS_E_QUOTA_EXCEEDED);
    scan_free(&scan);

    memset(&scan, 0, sizeof(scan));
    options.max_reply_bytes = 5000;
    bytes_say(&soap, "<a>");
    bytes_put(&soap, fields.at + 100, 5000);
    bytes_put(&soap, "</a>", 5);
    put_envelope(&scan.body, soap.at);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, IN_CHUNKS), WS_E_QUOTA_EXCEEDED);
    scan_free(&scan);

    /* Documents are not counted. */
    memset(&scan, 0, sizeof(scan));
    put_pages(&scan.body, 1, 5001);
    assert_hr(scan_run(&scan, &options, IN_CHUNKS), S_OK);
    page_expect(scan.message, 0, content_of(0), 5001, 4096);
    scan_free(&scan);
    bytes_free(&soap);
    bytes_free(&fields);
}

/* A fault may come in a package, and with any status; so may a refusal. [L15] [L16] */
static void reply__failure_in_a_package__is_told_with_its_document(void **state)
{
    static const char fault_body[] =
        "<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
        "<soap:Reason><soap:Text xml:lang=\"en\">Jam</soap:Text></soap:Reason>"
        "<soap:Detail>" XOP_INCLUDE("cid:0@scan") "</soap:Detail></soap:Fault>";
    static const struct {
        const char *status;
        bool fault;
        HRESULT hr;
    } rows[] = {
        {"200 OK", true, WS_E_ENDPOINT_FAULT_RECEIVED},
        {"500 Jam", true, WS_E_ENDPOINT_FAULT_RECEIVED},
        {"503 Later", false, HTTP_E_STATUS(503)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_client_options options = small_rings();
        struct scan scan = {0};
        struct bytes got = {0};
        IWSDInboundAttachment *page;
        wsd_fault fault;

        if (rows[i].fault)
            put_envelope(&scan.body, fault_body);
        else
            put_root(&scan.body, 1);
        put_page(&scan.body, 0, content_of(0), 5 * RING);
        put_end(&scan.body);
        put_head(&scan.reply, IN_CHUNKS, rows[i].status, SCAN_TYPE, 0);
        put_framed(&scan.reply, IN_CHUNKS, &scan.body);
        scan_start(&scan, &options, scan.reply.size, PEER_SEND, PEER_CLOSE);
        assert_hr(upload_receive(&scan.upload, &scan.message), rows[i].hr);
        assert_non_null(scan.message);
        assert_hr(wsd_inbound_message_fault(scan.message, &fault),
                  rows[i].fault ? S_OK : S_FALSE);
        assert_string_equal(fault.reason, rows[i].fault ? "Jam" : "");
        assert_hr(wsd_inbound_message_attachment(
                      scan.message, rows[i].fault ? "Fault/Detail" : "Scan/Page", &page),
                  S_OK);
        assert_hr(page_read_all(page, 4096, &got), S_FALSE);
        assert_int_equal(got.size, 5 * RING);
        assert_memory_equal(got.at, content_of(0), got.size);
        page_release(page);
        bytes_free(&got);
        scan_free(&scan);
    }
}

/* ---- Given up -------------------------------------------------------------------------
 */

/* [I13]: with the message still there, the rest is thrown away and the next arrives. */
static void page__closed_in_the_middle__lets_the_next_arrive(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        wsd_client_options options = small_rings();
        IWSDInboundAttachment *page;
        struct scan scan = {0};
        char buffer[100];
        DWORD given;

        put_pages(&scan.body, 2, 50 * RING);
        assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
        page = page_of(scan.message, 0);
        assert_hr(page_read(page, buffer, sizeof(buffer), &given), S_OK);
        if (how == 0)
            assert_hr(page_close(page), S_OK);
        page_release(page);
        page_expect(scan.message, 1, content_of(1), 50 * RING, 65536);
        scan_free(&scan);
    }
}

/* [R15] */
static void message__given_back_first__lets_its_documents_arrive(void **state)
{
    wsd_client_options options = small_rings();
    struct bytes got = {0};
    struct scan scan = {0};
    IWSDInboundAttachment *pages[2];

    (void)state;
    put_pages(&scan.body, 2, 50 * RING);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < 2; i++)
        pages[i] = page_of(scan.message, i);
    scan_release_message(&scan);
    for (size_t i = 0; i < 2; i++) {
        got.size = 0;
        assert_hr(page_read_all(pages[i], 4096, &got), S_FALSE);
        assert_int_equal(got.size, 50 * RING);
        assert_memory_equal(got.at, content_of(i), got.size);
        page_release(pages[i]);
    }
    bytes_free(&got);
    scan_free(&scan);
}

/* The three ways to give everything up, in both orders. */
static void give_up(struct scan *scan, IWSDInboundAttachment *page, int how)
{
    if (how % 3 == 0)
        page_release(page);
    if (how % 3 == 1)
        assert_hr(page_close(page), S_OK);
    if (how >= 3) /* nobody asks for the reply any more */
        wsd_outbound_message_release(scan->upload.message);
    scan_release_message(scan);
    if (how >= 3)
        scan->upload.message = NULL;
    if (how % 3 != 0)
        page_release(page);
}

/* [I13] [R15]: the peer sees the end, though it has much to send. */
static void connection__nobody_reads_any_more__is_cut(void **state)
{
    (void)state;
    for (int how = 0; how < 6; how++) {
        wsd_client_options options = small_rings();
        IWSDInboundAttachment *page;
        struct scan scan = {0};

        put_pages(&scan.body, 2, ENDLESS / 2);
        put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
        put_framed(&scan.reply, WITH_LENGTH, &scan.body);
        scan_start(&scan, &options, scan.reply.size, PEER_SEND_SOME, PEER_CLOSE);
        assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
        page = page_of(scan.message, 0);
        give_up(&scan, page, how);
        peer_finish(scan.peer, NULL);
        assert_true(peer_sent(scan.peer) < scan.reply.size);
        scan_free(&scan);
    }
}

/* [I13] [R15]: nor does it wait for the peer to send more. */
static void connection__nobody_reads_and_nothing_comes__is_cut(void **state)
{
    (void)state;
    for (int how = 0; how < 6; how++) {
        wsd_client_options options = small_rings();
        IWSDInboundAttachment *page;
        struct scan scan = {0};

        put_pages(&scan.body, 2, RING);
        put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
        put_framed(&scan.reply, WITH_LENGTH, &scan.body);
        scan.reply.size -= RING + RING / 2;
        scan_start(&scan, &options, scan.reply.size, PEER_SEND, PEER_READ_TO_END);
        assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
        page = page_of(scan.message, 0);
        WORKER_AWAIT(page_progress(page).accepted > 0);
        give_up(&scan, page, how);
        peer_finish(scan.peer, NULL);
        scan_free(&scan);
    }
}

/* [I5]: however little it is, and whether or not more comes. */
static void page__few_bytes_and_silence__are_read(void **state)
{
    struct scan scan = {0};
    struct page_call call;
    IWSDInboundAttachment *page;
    DWORD given;
    char bytes[1000];

    (void)state;
    put_pages(&scan.body, 1, sizeof(bytes));
    put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
    put_framed(&scan.reply, WITH_LENGTH, &scan.body);
    scan.reply.size -= 500;
    scan_start(&scan, NULL, scan.reply.size - 7, PEER_SEND, PEER_READ_TO_END);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page = page_of(scan.message, 0);
    page_set_budget(page, INFINITE);
    assert_hr(page_read(page, bytes, sizeof(bytes), &given), S_OK);
    page_call_begin(&call, page);
    peer_wait_for_step(scan.peer, 2);
    peer_go(scan.peer);
    assert_hr(page_call_end(&call), S_OK);
    assert_int_equal(call.given, 7);
    page_release(page);
    scan_free(&scan);
}

/* [L27] [I3]: and what outlives the client is safe. */
static void client__given_back_while_a_read_waits__fails_it(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++) {
        wsd_client_options options = small_rings();
        struct scan scan = {0};
        struct page_call call;
        IWSDInboundAttachment *page;
        DWORD given;
        char byte;

        put_pages(&scan.body, 1, RING);
        put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
        put_framed(&scan.reply, WITH_LENGTH, &scan.body);
        scan.reply.size -= RING + 9;
        scan_start(&scan, &options, scan.reply.size, PEER_SEND, PEER_READ_TO_END);
        assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
        page = page_of(scan.message, 0);
        page_set_budget(page, INFINITE);
        page_call_begin(&call, page);
        page_await_first_read(page);
        if (first == 1)
            scan_release_message(&scan);

        wsd_client_release(scan.upload.client);

        scan.upload.client = NULL;
        assert_hr(page_call_end(&call), E_ABORT);
        assert_int_equal(call.given, 0);
        assert_hr(page_read(page, &byte, 1, &given), E_ABORT);
        scan_release_message(&scan);
        page_release(page);
        scan_free(&scan);
    }
}

/* ---- Several threads ------------------------------------------------------------------
 */

enum { READERS = 4 };

struct reader {
    struct worker worker;
    IWSDInboundAttachment *page;
    struct bytes got;
    size_t lengths[4000]; /* of the blocks that it got, one for each Read */
    size_t blocks;
    HRESULT hr;
    size_t next, used; /* when laid together: the next block, bytes before it */
};

static void read_to_the_end(void *argument)
{
    struct reader *reader = argument;
    char buffer[997];
    DWORD given;

    do {
        reader->hr = page_read(reader->page, buffer, sizeof(buffer), &given);
        memcpy(reader->got.at + reader->got.size, buffer, given);
        reader->got.size += given;
        if (given > 0)
            reader->lengths[reader->blocks++] = given;
    } while (reader->hr == S_OK && reader->blocks < COUNT(reader->lengths));
}

/* Can the document be laid from all their blocks, each reader's in its order?  Short
 * blocks are alike: where one leads nowhere another is tried. */
static bool lay_together(struct reader *readers, const char *at, size_t left)
{
    for (size_t i = 0; i < READERS && left > 0; i++) {
        struct reader *reader = &readers[i];
        size_t length = reader->lengths[reader->next];
        bool laid;

        if (reader->next == reader->blocks || length > left ||
            memcmp(reader->got.at + reader->used, at, length) != 0)
            continue;
        reader->used += length;
        reader->next++;
        laid = lay_together(readers, at + length, left - length);
        reader->next--;
        reader->used -= length;
        if (laid)
            return true;
    }
    return left == 0;
}

/* [I3]: every byte is read once, and each Read has bytes that stand together. */
static void read__by_four_threads__gives_every_byte_once(void **state)
{
    enum { LARGE = 300000 };
    wsd_client_options options = small_rings();
    struct reader *readers = calloc(READERS, sizeof(*readers));
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    size_t size = 0;

    (void)state;
    assert_non_null(readers);
    put_pages(&scan.body, 1, LARGE);
    assert_hr(scan_run(&scan, &options, IN_CHUNKS), S_OK);
    page = page_of(scan.message, 0);
    for (size_t i = 0; i < READERS; i++) {
        readers[i].page = page;
        readers[i].got.at = malloc(LARGE + 1000);
        assert_non_null(readers[i].got.at);
        worker_start(&readers[i].worker, read_to_the_end, &readers[i]);
    }
    for (size_t i = 0; i < READERS; i++) {
        worker_join(&readers[i].worker);
        assert_hr(readers[i].hr, S_FALSE);
        size += readers[i].got.size;
    }
    assert_int_equal(size, LARGE);
    assert_true(lay_together(readers, content_of(0), LARGE));
    for (size_t i = 0; i < READERS; i++)
        bytes_free(&readers[i].got);
    page_release(page);
    scan_free(&scan);
    free(readers);
}

/* ---- Requests and replies that both have attachments ----------------------------------
 */

static void exchange__attachments_both_ways__arrive(void **state)
{
    wsd_client_options options = small_rings();
    struct recorded request;
    struct scan scan = {0};
    const char *bytes;
    size_t size;

    (void)state;
    put_pages(&scan.body, 2, 5 * RING);
    put_head(&scan.reply, IN_CHUNKS, SCAN_OK, SCAN_TYPE, 0);
    put_framed(&scan.reply, IN_CHUNKS, &scan.body);
    scan.steps[0] = (struct peer_step){.what = PEER_READ_MESSAGE};
    scan.steps[1] = (struct peer_step){
        .what = PEER_SEND, .text = scan.reply.at, .size = scan.reply.size};
    scan.peer = peer_start(scan.steps, 2);
    upload_make(&scan.upload, &options, 2);
    upload_send(&scan.upload, peer_url(scan.peer));
    for (size_t i = 0; i < 2; i++) {
        assert_hr(attachment_write_all(scan.upload.parts[i], content_of(i + 2), 3 * RING),
                  S_OK);
        assert_hr(attachment_close(scan.upload.parts[i]), S_OK);
    }
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    for (size_t i = 0; i < 2; i++)
        page_expect(scan.message, i, content_of(i), 5 * RING, 4096);
    bytes = peer_finish(scan.peer, &size);
    recorded_read(&request, bytes, size);
    for (size_t i = 0; i < 2; i++)
        assert_part(&request, i + 1, content_of(i + 2), 3 * RING);
    recorded_free(&request);
    scan_free(&scan);
}

/* An answer before the request's end, larger than its rings: nobody could read it before
 * receive gives it out, so that cannot wait for its end.  [C11] [L16] [L24] */
static void exchange__early_answer_with_attachments__is_told(void **state)
{
    static const struct {
        const char *status;
        HRESULT hr;
    } rows[] = {
        {"200 OK", HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)},
        {"503 Later", HTTP_E_STATUS(503)},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_client_options options = small_rings();
        struct scan scan = {0};

        put_pages(&scan.body, 1, 5 * RING);
        put_head(&scan.reply, WITH_LENGTH, rows[i].status, SCAN_TYPE, scan.body.size);
        put_framed(&scan.reply, WITH_LENGTH, &scan.body);
        scan.steps[0] = (struct peer_step){.what = PEER_READ_HEAD};
        scan.steps[1] = (struct peer_step){.what = PEER_HOLD};
        scan.steps[2] = (struct peer_step){
            .what = PEER_SEND_SOME, .text = scan.reply.at, .size = scan.reply.size};
        scan.steps[3] = (struct peer_step){.what = PEER_READ_TO_END};
        scan.peer = peer_start(scan.steps, 4);
        upload_make(&scan.upload, &options, 1);
        upload_send(&scan.upload, peer_url(scan.peer));
        assert_hr(attachment_open(scan.upload.parts[0]), S_OK);
        peer_go(scan.peer);
        assert_hr(upload_receive(&scan.upload, &scan.message), rows[i].hr);
        assert_non_null(scan.message);
        assert_int_equal(wsd_inbound_message_http_status(scan.message),
                         strtol(rows[i].status, NULL, 10));
        assert_hr(attachment_close(scan.upload.parts[0]), rows[i].hr);
        scan_free(&scan);
    }
}

/* ---- Nothing is left behind -----------------------------------------------------------
 */

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

/* In one of the many ways to end it. */
static void cycle(size_t way)
{
    wsd_client_options options = small_rings();
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    char buffer[2000];
    DWORD given;
    size_t size = way % 2 == 0 ? 4 * RING : 100;

    put_pages(&scan.body, 2, size);
    put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
    put_framed(&scan.reply, WITH_LENGTH, &scan.body);
    if (way % 3 == 1)
        scan.reply.size -= size / 2; /* cut */
    scan_start(&scan, &options, scan.reply.size, PEER_SEND_SOME, PEER_CLOSE);
    if (way % 7 == 6) { /* given up at once */
        peer_wait_for_step(scan.peer, 1);
        scan_free(&scan);
        return;
    }
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page = page_of(scan.message, way % 11 == 3);
    page_set_budget(page, way % 4 == 0 ? 0 : INFINITE);
    if (way % 11 != 3)
        page_read(page, buffer, sizeof(buffer), &given);
    if (way % 5 == 1)
        page_close(page);
    if (way % 5 == 2)
        scan_release_message(&scan);
    if (way % 5 == 3) {
        wsd_client_release(scan.upload.client);
        scan.upload.client = NULL;
    }
    page_release(page);
    scan_free(&scan);
}

static void cycles__a_thousand__leave_nothing_behind(void **state)
{
    size_t descriptors = 0, threads = 0, bytes = 0;

    (void)state;
    for (size_t i = 0; i < 1100; i++) {
        if (i == 100) { /* what is made once has been made */
            descriptors = entries_in("/proc/self/fd");
            threads = entries_in("/proc/self/task");
            bytes = mallinfo2().uordblks;
        }
        cycle(i);
    }
    assert_int_equal(entries_in("/proc/self/fd"), descriptors);
    assert_int_equal(entries_in("/proc/self/task"), threads);
    /* In ctest the allocator keeps nothing for a thread, which it would count as used. */
    assert_in_range(mallinfo2().uordblks, 0, bytes + 1000 * 32 - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(document__any_framing_size_and_read__arrives_byte_exact),
        cmocka_unit_test(documents__in_the_senders_order__arrive),
        cmocka_unit_test(documents__in_reverse__arrive_if_they_fit_the_rings),
        cmocka_unit_test(document__in_front__holds_up_those_behind_until_it_is_closed),
        cmocka_unit_test(document__never_asked_for__is_thrown_away_with_the_message),
        cmocka_unit_test(document__nobody_reads__waits_and_then_arrives),
        cmocka_unit_test(document__read_slower_than_the_response_timer__arrives),
        cmocka_unit_test(reply__cut_at_every_tenth__is_never_whole),
        cmocka_unit_test(reply__cut_at_every_byte_of_a_small_one__is_never_whole),
        cmocka_unit_test(reply__damaged__has_its_code),
        cmocka_unit_test(reply__damaged_behind_a_full_ring__has_the_same_code),
        cmocka_unit_test(root__behind_its_parts__is_found_if_they_fit_the_rings),
        cmocka_unit_test(parts__one_too_many__fail_what_is_not_whole),
        cmocka_unit_test(envelope__above_a_limit__is_refused),
        cmocka_unit_test(reply__failure_in_a_package__is_told_with_its_document),
        cmocka_unit_test(page__closed_in_the_middle__lets_the_next_arrive),
        cmocka_unit_test(message__given_back_first__lets_its_documents_arrive),
        cmocka_unit_test(connection__nobody_reads_any_more__is_cut),
        cmocka_unit_test(connection__nobody_reads_and_nothing_comes__is_cut),
        cmocka_unit_test(page__few_bytes_and_silence__are_read),
        cmocka_unit_test(client__given_back_while_a_read_waits__fails_it),
        cmocka_unit_test(read__by_four_threads__gives_every_byte_once),
        cmocka_unit_test(exchange__attachments_both_ways__arrive),
        cmocka_unit_test(exchange__early_answer_with_attachments__is_told),
        cmocka_unit_test(cycles__a_thousand__leave_nothing_behind),
    };

    return cmocka_run_group_tests_name("inbound_flow", tests, make_document,
                                       free_document);
}
