#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/inbound_message.h"
#include "support/failing_mem.h"
#include "support/fake_inbound_host.h"
#include "wsd_error.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define NOT_FOUND HRESULT_FROM_WIN32(ERROR_NOT_FOUND)
#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define ENVELOPE(body)                                                                   \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\""                    \
    " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"><s:Body>" body                 \
    "</s:Body></s:Envelope>"
#define FAULT                                                                            \
    ENVELOPE("<s:Fault><s:Code><s:Value>s:Receiver</s:Value></s:Code><s:Reason>"         \
             "<s:Text xml:lang=\"en\">no paper</s:Text></s:Reason></s:Fault>")
#define REPLY ENVELOPE("<Done/>")
#define HTML "<html><body>busy</body></html>"
#define CUT "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Body>"

#define PLAIN "application/soap+xml"
#define MULTIPART "multipart/related; boundary=B"
#define PART(id, content) "--B\r\nContent-ID: <" id ">\r\n\r\n" content "\r\n"
#define END "--B--\r\n"
#define INCLUDE(id) "<xop:Include href='cid:" id "'/>"
#define SCAN ENVELOPE("<Scan><a>" INCLUDE("a@x") "</a><b>" INCLUDE("b@x") "</b></Scan>")

/* ---- one message and its pusher ---- */

enum { RING = 8 };

struct rig {
    struct fake_inbound_host host;
    struct wsd_inbound_message *message;
};

static HRESULT rig_create(struct rig *rig, const struct wsd_mem *mem, int status,
                          const char *content_type)
{
    static const struct wsd_inbound_options options = {.max_text_bytes = 2000,
                                                       .attachments = {RING, 0}};

    fake_inbound_host_init(&rig->host);
    rig->message = (struct wsd_inbound_message *)(uintptr_t)1;
    return wsd_inbound_create(mem, status, content_type, &options, &rig->host.seam,
                              &rig->message);
}

static void rig_destroy(struct rig *rig)
{
    if (rig->message != NULL)
        wsd_inbound_release(rig->message);
    assert_int_equal(atomic_load(&rig->host.references), 0);
}

static HRESULT push(struct rig *rig, const char *text)
{
    size_t taken = 0;
    HRESULT hr = S_OK;

    if (text[0] != '\0')
        hr = wsd_inbound_push(rig->message, (const uint8_t *)text, strlen(text), &taken);
    if (hr == S_OK)
        assert_int_equal(taken, strlen(text));
    return hr;
}

static HRESULT find(struct rig *rig, const char *path, IWSDInboundAttachment **object)
{
    HRESULT hr;

    *object = (IWSDInboundAttachment *)(uintptr_t)1;
    hr = wsd_inbound_find_attachment(rig->message, path, object);
    assert_int_equal(*object != NULL, hr == S_OK);
    return hr;
}

static void assert_read(IWSDInboundAttachment *object, HRESULT expected, const char *text)
{
    char buffer[64];
    DWORD given;

    assert_hr(object->lpVtbl->Read(object, (BYTE *)buffer, 63, &given), expected);
    buffer[given] = '\0';
    assert_string_equal(buffer, text);
}

static void assert_content(struct rig *rig, const char *path, HRESULT hr,
                           const char *text)
{
    IWSDInboundAttachment *object;

    assert_hr(find(rig, path, &object), S_OK);
    assert_read(object, hr, text);
    object->lpVtbl->Release(object);
}

/* ---- what it means ---- */

static void verdict__status_and_body__is_the_code_of_the_reply(void **state)
{
    static const struct {
        int status;
        const char *text;
        HRESULT hr;
        bool is_envelope;
    } rows[] = {
        {200, REPLY, S_OK, true},
        {200, ENVELOPE(""), S_OK, true},
        {202, "", S_OK, false},
        {204, "", S_OK, false},
        {299, REPLY, S_OK, true},
        {200, HTML, WS_E_INVALID_FORMAT, false},
        {200, CUT, WS_E_INVALID_FORMAT, false},
        {200, " ", WS_E_INVALID_FORMAT, false},
        {200, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {400, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, FAULT, WS_E_ENDPOINT_FAULT_RECEIVED, true},
        {500, REPLY, HTTP_E_STATUS(500), true},
        {500, HTML, HTTP_E_STATUS(500), false},
        {500, "", HTTP_E_STATUS(500), false},
        {300, REPLY, HTTP_E_STATUS(300), true},
        {307, "", HTTP_E_STATUS(307), false},
        {413, "", HTTP_E_STATUS(413), false},
        {599, CUT, HTTP_E_STATUS(599), false},
    };
    static const char *const types[] = {NULL, PLAIN, "text/html; charset=\"", "x"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows) * ARRAY_SIZE(types); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        size_t row = i / ARRAY_SIZE(types);
        struct rig rig;

        assert_hr(
            rig_create(&rig, &heap.mem, rows[row].status, types[i % ARRAY_SIZE(types)]),
            S_OK);
        assert_hr(push(&rig, rows[row].text), S_OK);
        assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
        assert_hr(wsd_inbound_verdict(rig.message), rows[row].hr);
        assert_false(wsd_inbound_is_readable(rig.message)); /* nothing comes after it */
        assert_int_equal(rig.message->http_status, rows[row].status);
        assert_int_equal(rig.message->envelope != NULL, rows[row].is_envelope);
        assert_int_equal(rig.message->raw.length, strlen(rows[row].text));
        if (rig.message->raw.length > 0)
            assert_string_equal(rig.message->raw.bytes, rows[row].text);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* FAULTS H8: the text of a page is kept, also one that is cut short */
static void H8__page_cut_short__is_kept(void **state)
{
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 503, "text/html"), S_OK);
    assert_hr(push(&rig, "<html>bus"), S_OK);
    wsd_inbound_finish(rig.message, WS_E_ENDPOINT_DISCONNECTED);
    assert_hr(wsd_inbound_verdict(rig.message), HTTP_E_STATUS(503));
    assert_string_equal(rig.message->raw.bytes, "<html>bus");
    rig_destroy(&rig);
}

static void H8__fault_with_attachments__is_a_fault_whose_parts_can_be_read(void **state)
{
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, MULTIPART), S_OK);
    assert_hr(push(&rig, PART("r@x", ENVELOPE("<s:Fault><s:Detail><d>" INCLUDE(
                                         "a@x") "</d></s:Detail></s:Fault>"))
                             PART("a@x", "aa") END),
              S_OK);
    assert_hr(wsd_inbound_verdict(rig.message), WS_E_ENDPOINT_FAULT_RECEIVED);
    assert_content(&rig, "Fault/Detail/d", S_FALSE, "aa");
    rig_destroy(&rig);
}

static void create__bad_multipart_type__is_refused(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, &heap.mem, 200, "multipart/related"), WS_E_INVALID_FORMAT);
    assert_null(rig.message);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void text__over_the_limit__is_refused(void **state)
{
    char text[2002];
    struct rig rig;

    (void)state;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, PLAIN), S_OK);
    assert_hr(push(&rig, text + 1), S_OK);
    assert_hr(push(&rig, "x"), WS_E_QUOTA_EXCEEDED);
    rig_destroy(&rig);
}

/* RFC 3902 section 2 */
static void action__of_envelope_and_content_type__is_the_first_that_is_there(void **state)
{
    static const char with_action[] =
        "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\"><s:Header>"
        "<Action xmlns=\"http://www.w3.org/2005/08/addressing\"> urn:envelope </Action>"
        "</s:Header><s:Body/></s:Envelope>";
    static const struct {
        const char *type, *text, *action;
    } rows[] = {
        {PLAIN "; action=\"urn:http\"", with_action, "urn:envelope"},
        {PLAIN, with_action, "urn:envelope"},
        {NULL, with_action, "urn:envelope"},
        {PLAIN "; charset=utf-8; Action=urn:x", REPLY, "urn:x"},
        {PLAIN "; action=\"urn:a\\\"b\"", REPLY, "urn:a\"b"},
        {PLAIN "; action=\"urn:http\"", "", "urn:http"}, /* without an envelope */
        {PLAIN "; action=\"\"", REPLY, ""},
        {PLAIN "; xaction=urn:x", REPLY, ""},
        {PLAIN "; action=\"urn:x", REPLY, ""}, /* not one that can be read */
        {PLAIN, REPLY, ""},
        {"", REPLY, ""},
        {NULL, REPLY, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        assert_hr(rig_create(&rig, &heap.mem, 0, rows[i].type), S_OK);
        assert_hr(push(&rig, rows[i].text), S_OK);
        assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
        assert_string_equal(wsd_inbound_action(rig.message), rows[i].action);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void type__of_content_type__is_in_lower_case(void **state)
{
    static const struct {
        const char *type, *seen;
    } rows[] = {
        {"Application/SOAP+XML ; action=\"urn:X\"", "application/soap+xml"},
        {"Multipart/Related; boundary=B", "multipart/related"},
        {"text/xml", "text/xml"},
        {"text", ""},
        {"", ""},
        {NULL, ""},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct rig rig;

        assert_hr(rig_create(&rig, wsd_mem_heap(), 0, rows[i].type), S_OK);
        assert_string_equal(rig.message->http_type, rows[i].seen);
        rig_destroy(&rig);
    }
}

/* ---- attachments ---- */

static void multipart__its_envelope_read__is_readable_while_the_rest_comes(void **state)
{
    IWSDInboundAttachment *object;
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, MULTIPART), S_OK);
    assert_hr(find(&rig, "Scan/a", &object), NOT_FOUND);
    assert_hr(push(&rig, "--B\r\n\r\n" SCAN "\r\n--"), S_OK);
    assert_false(wsd_inbound_is_readable(rig.message));
    assert_hr(push(&rig, "B\r\n"), S_OK);
    assert_true(wsd_inbound_is_readable(rig.message));
    assert_hr(wsd_inbound_verdict(rig.message), S_OK);
    assert_string_equal(rig.message->raw.bytes, SCAN);

    assert_hr(find(&rig, "Scan/a", &object), S_OK);
    assert_read(object, STG_S_BLOCK, "");
    assert_hr(push(&rig, "Content-ID: <a@x>\r\n\r\naa"), S_OK);
    assert_read(object, S_OK, "aa");
    assert_hr(push(&rig, "AA\r\n" PART("b@x", "bb") END), S_OK);
    assert_read(object, S_FALSE, "AA");
    object->lpVtbl->Release(object);
    assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
    assert_content(&rig, "Scan/b", S_FALSE, "bb");
    assert_content(&rig, "Scan/b", INVALID_OPERATION, ""); /* given back before */
    rig_destroy(&rig);
}

static void find__paths_and_contents__give_their_code(void **state)
{
    static const char body[] = ENVELOPE(
        "<r><empty/><text> aGVs\r\nbG8= </text><bad>h</bad><words>no, it's not</words>"
        "<pad>aGk</pad><tail>aGk=aGk=</tail><in>" INCLUDE("a@x") "</in><again>" INCLUDE(
            "a@x") "</again><gone>" INCLUDE("g@x") "</gone><deep><in>" INCLUDE("a@x") "</"
                                                                                      "in"
                                                                                      "><"
                                                                                      "/d"
                                                                                      "ee"
                                                                                      "p>"
                                                                                      "</"
                                                                                      "r"
                                                                                      ">");
    static const struct {
        const char *path;
        HRESULT hr, read;
        const char *text;
    } rows[] = {
        {"r/text", S_OK, S_FALSE, "hello"},
        {"r/empty", S_OK, S_FALSE, ""},
        {"r/in", S_OK, S_FALSE, "aa"},
        {"r/gone", S_OK, WS_E_INVALID_FORMAT, ""},
        {"r/bad", WS_E_INVALID_FORMAT, 0, NULL},
        {"r/words", WS_E_INVALID_FORMAT, 0, NULL},
        {"r/pad", WS_E_INVALID_FORMAT, 0, NULL},
        {"r/tail", WS_E_INVALID_FORMAT, 0, NULL},
        {"r/deep", WS_E_INVALID_FORMAT, 0, NULL}, /* not an empty document */
        {"r", WS_E_INVALID_FORMAT, 0, NULL},
        {"r/none", NOT_FOUND, 0, NULL},
        {"x", NOT_FOUND, 0, NULL},
        {"", E_INVALIDARG, 0, NULL},
        {"r//in", E_INVALIDARG, 0, NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        IWSDInboundAttachment *object, *again;
        struct rig rig;
        HRESULT hr;

        assert_hr(rig_create(&rig, &heap.mem, 200, MULTIPART), S_OK);
        assert_hr(push(&rig, "--B\r\n\r\n"), S_OK);
        assert_hr(push(&rig, body), S_OK);
        assert_hr(push(&rig, "\r\n" PART("a@x", "aa") PART("u@x", "unknown") END), S_OK);
        assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
        hr = find(&rig, rows[i].path, &object);
        if (hr != rows[i].hr)
            fail_msg("%s: 0x%08x", rows[i].path, (unsigned)hr);
        if (hr == S_OK && strcmp(rows[i].path, "r/in") == 0) {
            assert_hr(find(&rig, "r/again", &again), S_OK);
            assert_ptr_equal(object, again); /* several Includes may mean one part */
            again->lpVtbl->Release(again);
        }
        wsd_inbound_release(rig.message); /* the attachment may outlive it */
        rig.message = NULL;
        if (hr == S_OK) {
            assert_read(object, rows[i].read, rows[i].text);
            assert_read(object, rows[i].read, "");
            object->lpVtbl->Release(object);
        }
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void find__plain_message__has_inline_attachments_only(void **state)
{
    IWSDInboundAttachment *object;
    char text[2000] = "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\">"
                      "<s:Body><r><d>";
    size_t begin = strlen(text), size = 0;
    struct rig rig;
    HRESULT hr;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, PLAIN), S_OK);
    assert_hr(find(&rig, "r/d", &object), NOT_FOUND);
    for (int i = 0; i < 400; i++) /* more than one piece of the decoder */
        memcpy(text + begin + 4 * i, "eHl6", 4);
    strcpy(text + begin + 1600, "</d><e><xop:Include xmlns:xop="
                                "'http://www.w3.org/2004/08/xop/include'"
                                " href='cid:a@x'/></e></r></s:Body></s:Envelope>");
    assert_hr(push(&rig, text), S_OK);
    assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
    assert_hr(find(&rig, "r/e", &object), WS_E_INVALID_FORMAT);
    assert_hr(find(&rig, "r/d", &object), S_OK);
    do {
        char bytes[99];
        DWORD given;

        hr = object->lpVtbl->Read(object, (BYTE *)bytes, sizeof(bytes), &given);
        for (DWORD i = 0; i < given; i++)
            assert_int_equal(bytes[i], "xyz"[(size + i) % 3]);
        size += given;
    } while (hr == S_OK);
    assert_hr(hr, S_FALSE);
    assert_int_equal(size, 1200);
    object->lpVtbl->Release(object);
    rig_destroy(&rig);
}

/* FAULTS H6, H7: not one of these is ever fetched, and the message is not readable */
static void H6__include_of_something_else__ends_the_body(void **state)
{
    static const char *const includes[] = {
        "<a><xop:Include href='http://h/x'/></a>", "<a><xop:Include href='x'/></a>",
        "<a><xop:Include href=''/></a>", "<a><xop:Include/></a>",
        "<a>text" INCLUDE("a@x") "</a>"};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(includes); i++) {
        IWSDInboundAttachment *object;
        struct rig rig;

        assert_hr(rig_create(&rig, wsd_mem_heap(), 200, MULTIPART), S_OK);
        assert_hr(push(&rig, "--B\r\n\r\n" CUT), S_OK);
        assert_hr(push(&rig, "<r xmlns:xop='http://www.w3.org/2004/08/xop/include'>"),
                  S_OK);
        assert_hr(push(&rig, includes[i]), S_OK);
        assert_hr(push(&rig, "</r></s:Body></s:Envelope>\r\n--B"), S_OK);
        assert_hr(push(&rig, "\r\n"), WS_E_INVALID_FORMAT);
        assert_false(wsd_inbound_is_readable(rig.message));
        wsd_inbound_finish(rig.message, WS_E_INVALID_FORMAT);
        assert_hr(find(&rig, "r/a", &object), WS_E_INVALID_FORMAT);
        rig_destroy(&rig);
    }
}

static void finish__cut_short__fails_what_is_not_whole(void **state)
{
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, MULTIPART), S_OK);
    assert_hr(push(&rig, "--B\r\n\r\n" SCAN
                         "\r\n" PART("a@x", "aa") "--B\r\nContent-ID: <b@x>\r\n\r\nbb"),
              S_OK);
    wsd_inbound_finish(rig.message, E_ABORT);
    assert_content(&rig, "Scan/a", S_FALSE, "aa");
    assert_content(&rig, "Scan/b", E_ABORT, "");
    rig_destroy(&rig);
}

static void attachment_at__multipart_and_not__gives_the_same_objects(void **state)
{
    IWSDInboundAttachment *found, *at;
    struct rig rig;

    (void)state;
    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, MULTIPART), S_OK);
    assert_hr(wsd_inbound_attachment_at(rig.message, 0, &at), NOT_FOUND);
    assert_null(at);
    assert_hr(push(&rig, "--B\r\n\r\n" SCAN "\r\n--B\r\nContent-Type: image/jpeg\r\n"
                         "Content-ID: <b@x>\r\n\r\nbb\r\n" END),
              S_OK);
    assert_hr(wsd_inbound_attachment_at(rig.message, 1, &at), S_OK);
    assert_hr(find(&rig, "Scan/b", &found), S_OK);
    assert_ptr_equal(at, found);
    assert_string_equal(wsd_inbound_media_type(rig.message, at), "image/jpeg");
    found->lpVtbl->Release(found);
    at->lpVtbl->Release(at);
    assert_hr(wsd_inbound_attachment_at(rig.message, 2, &at), NOT_FOUND);
    rig_destroy(&rig);

    assert_hr(rig_create(&rig, wsd_mem_heap(), 200, PLAIN), S_OK);
    assert_hr(push(&rig, ENVELOPE("<d>aGk=</d>")), S_OK);
    assert_hr(wsd_inbound_finish(rig.message, S_OK), S_OK);
    assert_hr(wsd_inbound_attachment_at(rig.message, 0, &at), NOT_FOUND);
    assert_hr(find(&rig, "d", &found), S_OK);
    assert_string_equal(wsd_inbound_media_type(rig.message, found), "");
    found->lpVtbl->Release(found);
    rig_destroy(&rig);
}

/* ---- who goes first ---- */

static void abandon__by_what_is_held__goes_on_or_ends(void **state)
{
    enum { NOTHING, ONE, A_WHOLE_ONE, WAYS };

    (void)state;
    for (int way = 0; way < WAYS; way++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        IWSDInboundAttachment *object = NULL;
        struct rig rig;

        assert_hr(rig_create(&rig, &heap.mem, 200, MULTIPART), S_OK);
        assert_hr(push(&rig, "--B\r\n\r\n" SCAN "\r\n" PART(
                                 "a@x", "aa") "--B\r\nContent-ID: <b@x>\r\n\r\nbb"),
                  S_OK);
        if (way != NOTHING)
            assert_hr(find(&rig, way == ONE ? "Scan/b" : "Scan/a", &object), S_OK);
        wsd_inbound_add_ref(rig.message); /* the application's */
        wsd_inbound_abandon(rig.message);
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        if (way == ONE) {
            assert_hr(push(&rig, "BB\r\n" END), S_OK);
            wsd_inbound_finish(rig.message, S_OK);
        } else {
            assert_hr(push(&rig, "BB"), E_ABORT);
            wsd_inbound_finish(rig.message, E_ABORT);
        }
        wsd_inbound_release(rig.message);
        rig.message = NULL;
        if (object != NULL) {
            assert_read(object, S_FALSE, way == ONE ? "bbBB" : "aa");
            object->lpVtbl->Release(object);
        }
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static HRESULT use(struct rig *rig, const struct wsd_mem *mem, const char *type,
                   const char *body, const char *path)
{
    IWSDInboundAttachment *object;
    HRESULT hr = rig_create(rig, mem, 200, type);

    if (hr != S_OK)
        return hr;
    hr = push(rig, body);
    if (hr == S_OK)
        hr = wsd_inbound_finish(rig->message, S_OK);
    else
        wsd_inbound_finish(rig->message, hr);
    if (hr == S_OK)
        hr = find(rig, path, &object);
    if (hr == S_OK) {
        assert_read(object, S_FALSE, "aa");
        object->lpVtbl->Release(object);
    }
    return hr;
}

static void use__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static const struct {
        const char *type, *body, *path;
    } rows[] = {
        {PLAIN "; action=urn:x", ENVELOPE("<d>YWE=</d>"), "d"},
        {MULTIPART, "--B\r\n\r\n" SCAN "\r\n" PART("a@x", "aa") PART("b@x", "bb") END,
         "Scan/a"},
        {MULTIPART, "--B\r\n\r\n" ENVELOPE("<d>YWE=</d>") "\r\n" END, "d"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        int grants = -1;
        HRESULT hr;

        do {
            struct failing_mem heap = FAILING_MEM(++grants, &heap);
            struct rig rig;

            hr = use(&rig, &heap.mem, rows[i].type, rows[i].body, rows[i].path);
            assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        } while (hr != S_OK && grants < 100);
        assert_in_range(grants, 5, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__status_and_body__is_the_code_of_the_reply),
        cmocka_unit_test(H8__page_cut_short__is_kept),
        cmocka_unit_test(H8__fault_with_attachments__is_a_fault_whose_parts_can_be_read),
        cmocka_unit_test(create__bad_multipart_type__is_refused),
        cmocka_unit_test(text__over_the_limit__is_refused),
        cmocka_unit_test(
            action__of_envelope_and_content_type__is_the_first_that_is_there),
        cmocka_unit_test(type__of_content_type__is_in_lower_case),
        cmocka_unit_test(multipart__its_envelope_read__is_readable_while_the_rest_comes),
        cmocka_unit_test(find__paths_and_contents__give_their_code),
        cmocka_unit_test(find__plain_message__has_inline_attachments_only),
        cmocka_unit_test(H6__include_of_something_else__ends_the_body),
        cmocka_unit_test(finish__cut_short__fails_what_is_not_whole),
        cmocka_unit_test(attachment_at__multipart_and_not__gives_the_same_objects),
        cmocka_unit_test(abandon__by_what_is_held__goes_on_or_ends),
        cmocka_unit_test(use__each_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests_name("inbound_message", tests, NULL, NULL);
}
