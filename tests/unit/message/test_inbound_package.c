#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/inbound_package.h"
#include "support/failing_mem.h"
#include "support/fake_inbound_host.h"
#include "wsd_error.h"
#include "wsd_message.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define TYPE "multipart/related; boundary=B"
#define START TYPE "; start=\"<r@x>\""
#define PART(id, content) "--B\r\nContent-ID: <" id ">\r\n\r\n" content "\r\n"
#define ANONYMOUS(content) "--B\r\nContent-Type: text/x\r\n\r\n" content "\r\n"
#define ROOT PART("r@x", "ROOT")
#define END "--B--\r\n"

/* ---- one package, and what its envelope refers to ---- */

enum { RING = 8, MOST = 4 };

struct rig {
    struct fake_inbound_host host;
    struct wsd_text envelope;
    struct wsd_inbound_package *package;
    const char *const *hrefs; /* NULL behind the last */
    int came;                 /* envelopes */
    HRESULT reader;           /* what reading the envelope gives */
    enum wsd_mime_fault fault;
};

static HRESULT envelope_came(void *context)
{
    struct rig *rig = context;
    HRESULT hr = rig->reader;

    rig->came++;
    for (size_t i = 0; hr == S_OK && rig->hrefs[i] != NULL; i++)
        hr = wsd_inbound_package_expect(rig->package, rig->hrefs[i]);
    return hr;
}

static void is_bad(void *context, enum wsd_mime_fault fault)
{
    struct rig *rig = context;

    rig->fault = fault;
}

static HRESULT rig_create(struct rig *rig, const struct wsd_mem *mem,
                          const char *content_type, const char *const *hrefs)
{
    static const struct wsd_inbound_package_options options = {RING, 0};
    struct wsd_inbound_package_owner owner = {rig, envelope_came, is_bad};

    fake_inbound_host_init(&rig->host);
    wsd_text_init(&rig->envelope, mem, 1000);
    rig->hrefs = hrefs;
    rig->came = 0;
    rig->reader = S_OK;
    rig->fault = WSD_MIME_NONE;
    rig->package = (struct wsd_inbound_package *)(uintptr_t)1;
    return wsd_inbound_package_create(mem, content_type, &options, &rig->host.seam,
                                      &owner, &rig->envelope, &rig->package);
}

static void rig_destroy(struct rig *rig)
{
    wsd_inbound_package_destroy(rig->package);
    wsd_text_fini(&rig->envelope);
    assert_int_equal(atomic_load(&rig->host.references), 0);
}

static HRESULT push(struct rig *rig, const char *text, size_t size, size_t *taken)
{
    struct wsd_body_sink *sink = wsd_inbound_package_sink(rig->package);

    *taken = SIZE_MAX;
    return sink->vtable->push(sink, (const uint8_t *)text, size, taken);
}

/* Pushes in pieces; all must be taken. */
static HRESULT feed(struct rig *rig, const char *text, size_t piece)
{
    size_t left = strlen(text), taken;
    HRESULT hr = S_OK;

    for (; left > 0 && hr == S_OK; text += taken, left -= taken) {
        size_t size = piece < left ? piece : left;

        hr = push(rig, text, size, &taken);
        assert_int_equal(taken, hr == S_OK ? size : 0);
    }
    return hr;
}

static HRESULT finish(struct rig *rig)
{
    struct wsd_body_sink *sink = wsd_inbound_package_sink(rig->package);

    return sink->vtable->finish(sink);
}

static HRESULT get(IWSDInboundAttachment *object, char text[64])
{
    DWORD given;
    HRESULT hr = object->lpVtbl->Read(object, (BYTE *)text, 63, &given);

    text[given] = '\0';
    return hr;
}

static void assert_content(struct rig *rig, const char *href, HRESULT hr,
                           const char *content)
{
    struct wsd_inbound_attachment *found = wsd_inbound_package_find(rig->package, href);
    IWSDInboundAttachment *object;
    char text[64];

    assert_non_null(found);
    object = wsd_inbound_attachment_iface(found);
    assert_hr(get(object, text), hr);
    assert_string_equal(text, content);
    object->lpVtbl->Release(object);
}

/* ---- Content-Type ---- */

static void create__content_type__is_multipart_or_not_or_bad(void **state)
{
    static const struct {
        const char *type;
        HRESULT hr;
    } rows[] = {
        {TYPE, S_OK},
        {" Multipart/Related ; BOUNDARY=\"a b\" ", S_OK},
        {"multipart/mixed; boundary=x", S_OK},
        {"multipart/related", WS_E_INVALID_FORMAT},
        {"multipart/related; boundary=\"\"", WS_E_INVALID_FORMAT},
        {"multipart/related; boundary=a; boundary=b", WS_E_INVALID_FORMAT},
        {"multipart/related; boundary=\"a", WS_E_INVALID_FORMAT},
        {"multipart/", WS_E_INVALID_FORMAT},
        {"application/soap+xml", S_FALSE},
        {"application/soap+xml; charset=utf-8; action=\"urn:x\"", S_FALSE},
        {"text/html; boundary=B", S_FALSE},
        {"", S_FALSE},
        {"html", S_FALSE}, /* what is wrong with it is not ours to say */
        {"text/html; charset=\"", S_FALSE},
        {"text/html; a=1; a=2", S_FALSE},
        {"text/h\xc3\xa4", S_FALSE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;
        HRESULT hr = rig_create(&rig, &heap.mem, rows[i].type, NULL);

        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].type, (unsigned)hr);
        assert_int_equal(rig.package != NULL, hr == S_OK);
        assert_int_equal(rig.fault != WSD_MIME_NONE, FAILED(hr));
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* ---- which part is whose ---- */

static void parts__in_every_shape__reach_their_includes(void **state)
{
    static const struct {
        const char *type, *body;
        const char *hrefs[MOST];    /* the envelope's */
        const char *contents[MOST]; /* NULL: it does not come */
    } rows[] = {
        {TYPE,
         ROOT PART("a@x", "aa") PART("b@x", "bb") END,
         {"cid:a@x", "cid:b@x"},
         {"aa", "bb"}},
        {TYPE,
         ROOT PART("b@x", "bb") PART("a@x", "aa") END,
         {"cid:a@x", "cid:b@x"},
         {"aa", "bb"}},
        {TYPE, ROOT PART("a@x", "") END, {"cid:a@x"}, {""}},
        {START,
         PART("a@x", "aa") ROOT PART("b@x", "bb") END,
         {"cid:b@x", "cid:a@x"},
         {"bb", "aa"}},
        {START,
         PART("b@x", "bb") PART("a@x", "12345678") ROOT END,
         {"cid:a@x"},
         {"12345678"}},
        {START, PART("u@x", "uu") ROOT PART("a@x", "aa") END, {"cid:a@x"}, {"aa"}},
        {TYPE "; start=\"r@x\"", ROOT PART("a@x", "aa") END, {"cid:a@x"}, {"aa"}},
        {TYPE, ROOT PART("a b@x", "aa") END, {"cid:a%20b@x"}, {"aa"}},
        {TYPE, ROOT PART("a@x", "aa") END, {"CID:a%40x"}, {"aa"}},
        {TYPE, ROOT PART("a%40x", "no") PART("a@x", "aa") END, {"cid:a%40x"}, {"aa"}},
        {TYPE, ROOT PART("id1", "aa") END, {"cid:id1"}, {"aa"}}, /* gSOAP */
        {TYPE, ROOT PART("A@x", "no") PART("a@x", "aa") END, {"cid:a@x"}, {"aa"}},
        {TYPE, ROOT PART("a@x", "aa") PART("a@x", "no") END, {"cid:a@x"}, {"aa"}},
        {START, PART("a@x", "aa") PART("a@x", "no") ROOT END, {"cid:a@x"}, {"aa"}},
        {TYPE, ROOT PART("a@x", "aa") END, {"cid:a@x", "cid:a@x"}, {"aa", ""}},
        {TYPE,
         ROOT PART("u@x", "much more than any ring has") PART("a@x", "aa") END,
         {"cid:a@x"},
         {"aa"}},
        {TYPE,
         ROOT ANONYMOUS("much more than any ring has") PART("a@x", "aa") END,
         {"cid:a@x"},
         {"aa"}},
        {START,
         ANONYMOUS("much more than any ring has") ROOT PART("a@x", "aa") END,
         {"cid:a@x"},
         {"aa"}},
        {TYPE, ROOT PART("r@x", "again") END, {"cid:r@x"}, {"again"}},
        {TYPE, ROOT PART("a@x", "aa") END, {"cid:a@x", "cid:b@x"}, {"aa", NULL}},
        {TYPE, ROOT END, {"cid:a@x"}, {NULL}},
        {TYPE, ROOT END, {"cid:r@x"}, {NULL}}, /* the envelope itself */
        {TYPE, ROOT END, {NULL}, {NULL}},
        {TYPE,
         ROOT "--B\r\nContent-ID: <a@x>\r\nContent-Transfer-Encoding: base64"
              "\r\n\r\nYWE=\r\n" END,
         {"cid:a@x"},
         {"aa"}},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t piece = 1; piece < 300; piece = piece * 3 + 1) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct rig rig;

            assert_hr(rig_create(&rig, &heap.mem, rows[i].type, rows[i].hrefs), S_OK);
            if (feed(&rig, rows[i].body, piece) != S_OK || finish(&rig) != S_OK)
                fail_msg("%s", rows[i].body);
            assert_int_equal(rig.came, 1);
            assert_int_equal(rig.envelope.length, 4);
            assert_memory_equal(rig.envelope.bytes, "ROOT", 4);
            for (size_t part = 0; rows[i].hrefs[part] != NULL; part++) {
                const char *href = rows[i].hrefs[part];

                if (rows[i].contents[part] == NULL)
                    assert_content(&rig, href, WS_E_INVALID_FORMAT, "");
                else if (part == 0 || strcmp(href, rows[i].hrefs[part - 1]) != 0)
                    assert_content(&rig, href, S_FALSE, rows[i].contents[part]);
            }
            assert_null(wsd_inbound_package_find(rig.package, "cid:u@x"));
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        }
}

static void body__without_what_it_must_have__fails(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", NULL};
    static const struct {
        const char *type, *body;
        HRESULT hr;
        bool has_fault; /* of MIME */
    } rows[] = {
        {START, PART("a@x", "aa") END, WS_E_INVALID_FORMAT, false}, /* no root */
        {START, ANONYMOUS("ROOT") END, WS_E_INVALID_FORMAT, false},
        {TYPE, "", WS_E_ENDPOINT_DISCONNECTED, true},
        {TYPE, END, WS_E_INVALID_FORMAT, true},
        {TYPE, ROOT, WS_E_ENDPOINT_DISCONNECTED, true},
        {TYPE, ROOT PART("a@x", "aa"), WS_E_ENDPOINT_DISCONNECTED, true},
        {TYPE, ROOT "--B\r\nnonsense\r\n\r\n", WS_E_INVALID_FORMAT, true},
        {START, PART("a@x", "123456789") ROOT END, WS_E_QUOTA_EXCEEDED, false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;
        HRESULT hr;

        assert_hr(rig_create(&rig, &heap.mem, rows[i].type, hrefs), S_OK);
        hr = feed(&rig, rows[i].body, 1000);
        if (hr == S_OK)
            hr = finish(&rig);
        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].body, (unsigned)hr);
        assert_int_equal(rig.fault != WSD_MIME_NONE, rows[i].has_fault);
        if (rows[i].has_fault)
            assert_hr(wsd_mime_fault_hresult(rig.fault), hr);
        assert_hr(finish(&rig), hr);
        if (wsd_inbound_package_find(rig.package, "cid:a@x") != NULL &&
            strstr(rows[i].body, "aa\r\n") == NULL)
            assert_content(&rig, "cid:a@x", hr, "");
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* Behind the closing delimiter's line there is nothing of ours. */
static void body__cut_anywhere__is_never_whole(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", NULL};
    static const char body[] = ROOT PART("a@x", "aa") PART("b@x", "bb") "--B--";

    (void)state;
    for (size_t size = 0; size < sizeof(body); size++) {
        struct rig rig;
        size_t taken;

        assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
        if (size > 0)
            assert_hr(push(&rig, body, size, &taken), S_OK);
        assert_hr(finish(&rig),
                  size == sizeof(body) - 1 ? S_OK : WS_E_ENDPOINT_DISCONNECTED);
        if (rig.came > 0 && size < sizeof(body) - 1)
            assert_content(&rig, "cid:b@x", WS_E_ENDPOINT_DISCONNECTED, "");
        rig_destroy(&rig);
    }
}

static void envelope__refused_by_its_reader__ends_the_body(void **state)
{
    static const char *const none[] = {NULL};
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, none), S_OK);
    rig.reader = WS_E_INVALID_FORMAT;
    assert_hr(feed(&rig, ROOT PART("a@x", "aa") END, 1000), WS_E_INVALID_FORMAT);
    assert_hr(finish(&rig), WS_E_INVALID_FORMAT);
    assert_int_equal(rig.came, 1);
    rig_destroy(&rig);
}

static void envelope__over_its_limit__ends_the_body(void **state)
{
    static const char *const none[] = {NULL};
    char text[1002];
    struct rig rig;
    size_t taken;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t over = 0; over < 2; over++) {
        assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, none), S_OK);
        assert_hr(feed(&rig, "--B\r\n\r\n", 1000), S_OK);
        assert_hr(push(&rig, text, 1000 + over, &taken),
                  over ? WS_E_QUOTA_EXCEEDED : S_OK);
        assert_int_equal(rig.came, 0);
        rig_destroy(&rig);
    }
}

/* With the envelope they are the decoder's 50 parts. */
static void assert_number(struct rig *rig, int i)
{
    char href[16], number[16];

    snprintf(href, sizeof(href), "cid:%d@x", i);
    snprintf(number, sizeof(number), "%d", i);
    assert_content(rig, href, S_FALSE, number);
}

static void attachments__as_many_as_there_may_be__and_not_one_more(void **state)
{
    static char texts[WSD_MAX_ATTACHMENTS + 1][32];
    const char *hrefs[WSD_MAX_ATTACHMENTS + 2] = {NULL};

    (void)state;
    for (int count = WSD_MAX_ATTACHMENTS - 1; count <= WSD_MAX_ATTACHMENTS + 1; count++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        for (int i = 0; i < count; i++) {
            snprintf(texts[i], sizeof(texts[i]), "cid:%d@x", i);
            hrefs[i] = texts[i];
        }
        assert_hr(rig_create(&rig, &heap.mem, TYPE, hrefs), S_OK);
        assert_hr(feed(&rig, ROOT, 1000), S_OK); /* the delimiter ends the envelope */
        if (count > WSD_MAX_ATTACHMENTS) {
            assert_hr(feed(&rig, "--B\r\n", 1000), WS_E_QUOTA_EXCEEDED);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
            continue;
        }
        for (int i = 0; i < count; i++) {
            char part[64];

            snprintf(part, sizeof(part), "--B\r\nContent-ID: <%d@x>\r\n\r\n%d\r\n", i, i);
            assert_hr(feed(&rig, part, 7), S_OK);
            if (i > 0)
                assert_number(&rig, i - 1); /* all of them do not fit */
        }
        assert_hr(feed(&rig, END, 7), S_OK);
        assert_hr(finish(&rig), S_OK);
        assert_number(&rig, count - 1);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void expected__at_each_index__are_in_the_envelopes_order(void **state)
{
    static const char *const hrefs[] = {"cid:b@x", "cid:a@x", "cid:b@x", "cid:c@x", NULL};
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), START, hrefs), S_OK);
    assert_hr(feed(&rig,
                   PART("u@x", "u") PART("a@x", "a") ROOT
                   "--B\r\nContent-Type: Image/JPEG; q=1\r\nContent-ID: <b@x>"
                   "\r\n\r\nb\r\n" END,
                   1000),
              S_OK);
    assert_hr(finish(&rig), S_OK);
    assert_ptr_equal(wsd_inbound_package_at(rig.package, 0),
                     wsd_inbound_package_find(rig.package, "cid:b@x"));
    assert_ptr_equal(wsd_inbound_package_at(rig.package, 1),
                     wsd_inbound_package_find(rig.package, "cid:a@x"));
    assert_ptr_equal(wsd_inbound_package_at(rig.package, 2),
                     wsd_inbound_package_find(rig.package, "cid:c@x"));
    assert_null(wsd_inbound_package_at(rig.package, 3));
    assert_null(wsd_inbound_package_at(rig.package, SIZE_MAX));
    assert_string_equal(wsd_inbound_package_media_type(
                            rig.package, wsd_inbound_package_at(rig.package, 0)),
                        "image/jpeg");
    for (size_t i = 1; i < 3; i++)
        assert_string_equal(wsd_inbound_package_media_type(
                                rig.package, wsd_inbound_package_at(rig.package, i)),
                            "");
    rig_destroy(&rig);
}

/* ---- who reads what ---- */

static void content__that_nobody_reads__holds_the_pusher_up(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", NULL};
    static const char rest[] = "0123456789"
                               "\r\n" PART("b@x", "bb") END;
    IWSDInboundAttachment *object;
    size_t taken, again;
    char text[64];
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
    assert_hr(feed(&rig, ROOT "--B\r\nContent-ID: <a@x>\r\n\r\n", 1000), S_OK);
    assert_hr(push(&rig, rest, sizeof(rest) - 1, &taken), S_OK);
    assert_int_equal(taken, RING);
    assert_hr(push(&rig, rest + taken, sizeof(rest) - 1 - taken, &again), S_OK);
    assert_int_equal(again, 0);
    object = wsd_inbound_attachment_iface(wsd_inbound_package_at(rig.package, 0));
    assert_int_equal(atomic_load(&rig.host.wakes), 0);
    assert_hr(get(object, text), S_OK);
    assert_string_equal(text, "01234567");
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    assert_hr(feed(&rig, rest + taken, 1000), S_OK);
    assert_hr(finish(&rig), S_OK);
    assert_hr(get(object, text), S_FALSE);
    assert_string_equal(text, "89");
    object->lpVtbl->Release(object);
    assert_content(&rig, "cid:b@x", S_FALSE, "bb");
    rig_destroy(&rig);
}

#define EIGHT(id) PART(id, "12345678")

/* Of parts that fill their rings four may be there, of small ones as many as make that
 * much: the next one waits until one of them has been read to its end, or closed. */
static void parts__more_than_four_rings_hold__wait_for_a_reader(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", "cid:c@x", "cid:d@x",
                                        "cid:e@x", "cid:f@x", NULL};
    static const char before[] = ROOT EIGHT("a@x") EIGHT("b@x") PART("c@x", "1234")
        PART("d@x", "1234") EIGHT("e@x") "--B\r\nContent-ID: <f@x>\r\n\r\n";
    static const char rest[] = "ff\r\n" END;
    IWSDInboundAttachment *object;
    struct rig rig;
    size_t taken;
    char text[64];

    (void)state;
    for (int close = 0; close < 2; close++) {
        assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
        assert_hr(feed(&rig, before, 1000), S_OK);
        for (int again = 0; again < 2; again++) {
            assert_hr(push(&rig, rest, sizeof(rest) - 1, &taken), S_OK);
            assert_int_equal(taken, 0);
        }
        object = wsd_inbound_attachment_iface(wsd_inbound_package_at(rig.package, 4));
        if (close) {
            assert_hr(object->lpVtbl->Close(object), S_OK);
        } else {
            DWORD given;

            assert_hr(object->lpVtbl->Read(object, (BYTE *)text, 7, &given), S_OK);
            assert_int_equal(atomic_load(&rig.host.wakes), 0);
            assert_hr(push(&rig, rest, sizeof(rest) - 1, &taken), S_OK);
            assert_int_equal(taken, 0);
            assert_hr(get(object, text), S_FALSE);
            assert_string_equal(text, "8");
        }
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        assert_hr(feed(&rig, rest, 1000), S_OK);
        assert_hr(finish(&rig), S_OK);
        object->lpVtbl->Release(object);
        assert_content(&rig, "cid:a@x", S_FALSE, "12345678");
        assert_content(&rig, "cid:d@x", S_FALSE, "1234");
        assert_content(&rig, "cid:f@x", S_FALSE, "ff");
        rig_destroy(&rig);
    }
}

/* Before the envelope nobody can read them; and those that it does not mean, nobody
 * will. */
static void parts__before_the_envelope__fit_and_hold_nobody_up(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", NULL};
    static const char four[] = EIGHT("u@x") EIGHT("v@x") EIGHT("w@x") EIGHT("x@x");
    struct rig rig;

    (void)state;
    for (int five = 0; five < 2; five++) {
        assert_hr(rig_create(&rig, wsd_mem_heap(), START, hrefs), S_OK);
        assert_hr(feed(&rig, four, 1000), S_OK);
        if (five) {
            assert_hr(feed(&rig, EIGHT("a@x"), 1000), WS_E_QUOTA_EXCEEDED);
            wsd_inbound_package_fail(rig.package, WS_E_QUOTA_EXCEEDED);
        } else {
            assert_hr(feed(&rig, ROOT EIGHT("a@x") END, 1000), S_OK);
            assert_hr(finish(&rig), S_OK);
            assert_content(&rig, "cid:a@x", S_FALSE, "12345678");
        }
        rig_destroy(&rig);
    }
}

static void content__less_than_is_worth_a_wake__is_told_by_a_push_of_nothing(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", NULL};
    IWSDInboundAttachment *object;
    struct rig rig;
    char text[64];
    size_t taken;
    int fd;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), START, hrefs), S_OK);
    assert_hr(push(&rig, "", 0, &taken), S_OK);
    assert_hr(feed(&rig, ROOT "--B\r\nContent-ID: <a@x>\r\n\r\n", SIZE_MAX), S_OK);
    object =
        wsd_inbound_attachment_iface(wsd_inbound_package_find(rig.package, hrefs[0]));
    assert_hr(get(object, text), STG_S_BLOCK);
    assert_hr(
        wsd_waiting_get_ready_fd(wsd_inbound_attachment_waiting(
                                     wsd_inbound_package_find(rig.package, hrefs[0])),
                                 &fd),
        S_OK);
    assert_hr(push(&rig, "1", 1, &taken), S_OK);
    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 0);

    assert_hr(push(&rig, "", 0, &taken), S_OK);

    assert_int_equal(taken, 0);
    assert_int_equal(poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0), 1);
    assert_hr(get(object, text), S_OK);
    assert_string_equal(text, "1");
    object->lpVtbl->Release(object);
    rig_destroy(&rig);
}

static void content__closed_in_the_middle__lets_the_next_part_come(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", NULL};
    static const char rest[] = "0123456789"
                               "\r\n" PART("b@x", "bb") END;
    IWSDInboundAttachment *object;
    size_t taken;
    struct rig rig;

    (void)state;
    for (int late = 0; late < 2; late++) {
        assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
        assert_hr(feed(&rig, ROOT "--B\r\nContent-ID: <a@x>\r\n\r\n", 1000), S_OK);
        object = wsd_inbound_attachment_iface(wsd_inbound_package_at(rig.package, 0));
        taken = 0;
        if (late) {
            assert_hr(push(&rig, rest, sizeof(rest) - 1, &taken), S_OK);
            assert_int_equal(taken, RING);
        }
        object->lpVtbl->Release(object);
        assert_int_equal(atomic_load(&rig.host.wakes), late);
        assert_hr(feed(&rig, rest + taken, 1000), S_OK);
        assert_hr(finish(&rig), S_OK);
        assert_content(&rig, "cid:b@x", S_FALSE, "bb");
        rig_destroy(&rig);
    }
}

static void abandon__what_is_held__comes_and_the_rest_is_thrown_away(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", "cid:c@x", NULL};
    static const char first[] =
        ROOT PART("a@x", "aa") PART("b@x", "1234") "--B\r\nContent-ID: <c@x>\r\n\r\n";
    IWSDInboundAttachment *objects[2];
    char text[64];
    struct rig rig;
    size_t taken;

    (void)state;
    for (int close = 0; close < 2; close++) {
        assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
        assert_hr(feed(&rig, ROOT "--B\r\n", 1000), S_OK);
        objects[0] = wsd_inbound_attachment_iface(wsd_inbound_package_at(rig.package, 0));
        objects[1] = wsd_inbound_attachment_iface(wsd_inbound_package_at(rig.package, 2));
        wsd_inbound_package_abandon(rig.package);
        assert_hr(feed(&rig, first + sizeof(ROOT "--B\r\n") - 1, 1000), S_OK);
        if (close) {
            assert_hr(objects[1]->lpVtbl->Close(objects[1]), S_OK);
            assert_hr(push(&rig, "cc", 2, &taken), E_ABORT);
            wsd_inbound_package_fail(rig.package, E_ABORT);
        } else {
            assert_hr(feed(&rig, "cc\r\n" END, 1000), S_OK);
            assert_hr(finish(&rig), S_OK);
            assert_hr(get(objects[1], text), S_FALSE);
            assert_string_equal(text, "cc");
        }
        assert_hr(get(objects[0], text), S_FALSE); /* it was whole before */
        assert_string_equal(text, "aa");
        assert_content(&rig, "cid:b@x", HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION), "");
        for (size_t i = 0; i < 2; i++)
            objects[i]->lpVtbl->Release(objects[i]);
        rig_destroy(&rig);
    }
}

static void abandon__nothing_is_held__ends_with_the_next_content(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", NULL};
    struct rig rig;
    size_t taken;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
    assert_hr(feed(&rig, ROOT "--B\r\nContent-ID: <a@x>\r\n\r\nab", 1000), S_OK);
    wsd_inbound_package_abandon(rig.package);
    assert_hr(push(&rig, "cd", 2, &taken), E_ABORT);
    assert_int_equal(taken, 0);
    assert_hr(push(&rig, "cd", 2, &taken), E_ABORT);
    rig_destroy(&rig);
}

/* The few bytes behind the last part may come, so that the connection ends in order. */
static void abandon__all_parts_have_come__takes_the_end(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", NULL};
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
    assert_hr(feed(&rig, ROOT PART("a@x", "aa") "--B--\r", 1000), S_OK);
    wsd_inbound_package_abandon(rig.package);
    assert_hr(feed(&rig, "\nepilogue", 1), S_OK);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
}

static void fail__in_the_middle__spares_what_is_whole(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", "cid:c@x", NULL};
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), TYPE, hrefs), S_OK);
    assert_hr(
        feed(&rig, ROOT PART("a@x", "aa") "--B\r\nContent-ID: <b@x>\r\n\r\nbb", 1000),
        S_OK);
    wsd_inbound_package_fail(rig.package, WS_E_ENDPOINT_DISCONNECTED);
    assert_content(&rig, "cid:a@x", S_FALSE, "aa");
    assert_content(&rig, "cid:b@x", WS_E_ENDPOINT_DISCONNECTED, "");
    assert_content(&rig, "cid:c@x", WS_E_ENDPOINT_DISCONNECTED, "");
    rig_destroy(&rig);
}

static void use__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static const char *const hrefs[] = {"cid:a@x", "cid:b@x", NULL};
    static const char *const bodies[] = {ROOT PART("a@x", "aa") PART("b@x", "bb") END,
                                         PART("a@x", "aa") ROOT PART("b@x", "bb") END};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(bodies); i++) {
        int grants = -1;
        HRESULT hr;

        do {
            struct failing_mem heap = FAILING_MEM(++grants, &heap);
            struct rig rig;

            hr = rig_create(&rig, &heap.mem, START, hrefs);
            if (hr == S_OK) {
                hr = feed(&rig, bodies[i], 1000);
                if (hr == S_OK)
                    hr = finish(&rig);
                wsd_inbound_package_fail(rig.package, FAILED(hr) ? hr : E_FAIL);
                for (size_t at = 0; wsd_inbound_package_at(rig.package, at) != NULL; at++)
                    assert_false(wsd_inbound_attachment_is_awaited(
                        wsd_inbound_package_at(rig.package, at)));
            } else {
                assert_null(rig.package);
            }
            assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        } while (hr != S_OK && grants < 100);
        assert_in_range(grants, 10, 99);
    }
}

static void destroy__null__is_accepted(void **state)
{
    (void)state;
    wsd_inbound_package_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__content_type__is_multipart_or_not_or_bad),
        cmocka_unit_test(parts__in_every_shape__reach_their_includes),
        cmocka_unit_test(body__without_what_it_must_have__fails),
        cmocka_unit_test(body__cut_anywhere__is_never_whole),
        cmocka_unit_test(envelope__refused_by_its_reader__ends_the_body),
        cmocka_unit_test(envelope__over_its_limit__ends_the_body),
        cmocka_unit_test(attachments__as_many_as_there_may_be__and_not_one_more),
        cmocka_unit_test(expected__at_each_index__are_in_the_envelopes_order),
        cmocka_unit_test(content__that_nobody_reads__holds_the_pusher_up),
        cmocka_unit_test(parts__more_than_four_rings_hold__wait_for_a_reader),
        cmocka_unit_test(parts__before_the_envelope__fit_and_hold_nobody_up),
        cmocka_unit_test(
            content__less_than_is_worth_a_wake__is_told_by_a_push_of_nothing),
        cmocka_unit_test(content__closed_in_the_middle__lets_the_next_part_come),
        cmocka_unit_test(abandon__what_is_held__comes_and_the_rest_is_thrown_away),
        cmocka_unit_test(abandon__nothing_is_held__ends_with_the_next_content),
        cmocka_unit_test(abandon__all_parts_have_come__takes_the_end),
        cmocka_unit_test(fail__in_the_middle__spares_what_is_whole),
        cmocka_unit_test(use__each_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(destroy__null__is_accepted),
    };

    return cmocka_run_group_tests_name("inbound_package", tests, NULL, NULL);
}
