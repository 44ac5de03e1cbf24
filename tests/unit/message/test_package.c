#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "message/package.h"
#include "support/failing_mem.h"
#include "support/pull.h"
#include "transport/transport.h"
#include "wsd_error.h"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define ACTION "http://example.org/upload/Upload"
#define BOUNDARY "0b5e1a52-3c4d-4e5f-8a6b-7c8d9e0f1a2b"
#define OTHER_BOUNDARY "1c6f2b63-4d5e-4f60-9b7c-8d9eaf102b3c"
#define MESSAGE_ID "6a3f0c1e-7f43-4c0b-9d52-3a1d0f7a9b11"
#define ANONYMOUS "http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous"

#define ENVELOPE(body)                                                                   \
    "<?xml version=\"1.0\" encoding=\"utf-8\"?>"                                         \
    "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\""              \
    " xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""                    \
    " xmlns:xop=\"http://www.w3.org/2004/08/xop/include\"><soap:Header>"                 \
    "<wsa:To>http://device/ws</wsa:To><wsa:Action>" ACTION "</wsa:Action>"               \
    "<wsa:MessageID>urn:uuid:" MESSAGE_ID "</wsa:MessageID>"                             \
    "<wsa:ReplyTo><wsa:Address>" ANONYMOUS "</wsa:Address></wsa:ReplyTo>"                \
    "</soap:Header><soap:Body>" body "</soap:Body></soap:Envelope>"

#define CONTENT_TYPE(boundary)                                                           \
    "multipart/related; type=\"application/xop+xml\"; start=\"<root@soap>\"; "           \
    "start-info=\"application/soap+xml\"; boundary=\"" boundary "\""

#define PART(type, id)                                                                   \
    "--" BOUNDARY "\r\nContent-Type: " type                                              \
    "\r\nContent-Transfer-Encoding: binary\r\nContent-ID: <" id ">\r\n\r\n"
#define ROOT                                                                             \
    PART("application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"", "root@"    \
                                                                              "soap")

static const struct wsd_addressing addressing = {.to = "http://device/ws",
                                                 .message_id = MESSAGE_ID};

static HRESULT draw_boundary(char uuid[WSD_UUID_SIZE])
{
    memcpy(uuid, BOUNDARY, WSD_UUID_SIZE);
    return S_OK;
}

static HRESULT draw_nothing(char uuid[WSD_UUID_SIZE])
{
    (void)uuid;
    return E_FAIL;
}

/* FAULTS H10: first what stands in the envelope below, then something else. */
static int draws;

static HRESULT draw_collision(char uuid[WSD_UUID_SIZE])
{
    memcpy(uuid, draws++ == 0 ? BOUNDARY : OTHER_BOUNDARY, WSD_UUID_SIZE);
    return S_OK;
}

/* ---- a message with attachments that never wait and have no host ---- */

struct rig {
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *objects[3];
    size_t count;
};

static void rig_create(struct rig *rig, const struct wsd_mem *mem, const char *body)
{
    rig->count = 0;
    assert_hr(wsd_message_create(mem, ACTION, &rig->message), S_OK);
    if (body != NULL)
        assert_hr(wsd_message_set_body(rig->message, body, strlen(body)), S_OK);
}

static struct wsd_outbound *inside(IWSDOutboundAttachment *object)
{
    return wsd_outbound_from((IWSDAttachment *)object);
}

static void rig_attach_declared(struct rig *rig, const struct wsd_mem *mem,
                                const char *path, const char *content_type,
                                uint64_t length)
{
    IWSDOutboundAttachment **object = &rig->objects[rig->count++];

    assert_hr(wsd_outbound_create(mem, object), S_OK);
    wsd_waiting_set_budget(wsd_outbound_waiting(inside(*object)), 0);
    assert_hr(
        wsd_message_attach(rig->message, path, inside(*object), content_type, length),
        S_OK);
}

static void rig_attach(struct rig *rig, const struct wsd_mem *mem, const char *path,
                       const char *content_type)
{
    rig_attach_declared(rig, mem, path, content_type, WSD_LENGTH_UNKNOWN);
}

static void rig_destroy(struct rig *rig)
{
    wsd_message_release(rig->message);
    for (size_t i = 0; i < rig->count; i++)
        rig->objects[i]->lpVtbl->Release(rig->objects[i]);
}

/* Pulls `capacity` bytes at a time, to the end. */
static void drain(struct wsd_package *package, size_t capacity, char *to, size_t room)
{
    struct wsd_body_source *source = wsd_package_source(package);
    enum wsd_pull result;
    size_t length = 0, size;

    do {
        assert_true(length + capacity < room);
        result = source->vtable->pull(source, (uint8_t *)to + length, capacity, &size);
        length += size;
    } while (result == WSD_PULL_BYTES);
    to[length] = '\0';
    assert_int_equal(result, WSD_PULL_END);
    source->vtable->sent(source);
}

static void package__no_attachments__is_plain_soap_with_its_length(void **state)
{
    static const struct {
        const char *body;
        const char *envelope;
    } rows[] = {
        {NULL, ENVELOPE("")},
        {"<u:x xmlns:u=\"urn:u\">text</u:x>",
         ENVELOPE("<u:x xmlns:u=\"urn:u\">text</u:x>")},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_package package;
        struct rig rig;

        rig_create(&rig, &heap.mem, rows[i].body);
        for (size_t capacity = 1; capacity < 2000; capacity = 3 * capacity + 1) {
            char body[8000];

            assert_hr(wsd_package_init(&package, rig.message, &addressing,
                                       WSD_MAX_ENVELOPE, draw_nothing),
                      S_OK);
            assert_string_equal(package.content_type.bytes, "application/soap+xml");
            assert_int_equal(wsd_package_length(&package), strlen(rows[i].envelope));
            drain(&package, capacity, body, sizeof(body));
            assert_string_equal(body, rows[i].envelope);
            wsd_package_fini(&package);
        }
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* Two attachments, out of the order of the body's elements; the content is none, so that
 * nobody has to write. */
static void package__attachments__is_multipart_in_order_of_attaching(void **state)
{
    static const char expected[] = ROOT ENVELOPE(
        "<u><a><xop:Include href=\"cid:1@body\"/></a>"
        "<b><xop:Include href=\"cid:0@body\"/></b></u>") "\r\n" PART("image/jpeg",
                                                                     "0@body");
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_body_source *source;
    struct wsd_package package;
    struct rig rig;
    char body[8000];
    size_t size, length = 0;

    (void)state;
    rig_create(&rig, &heap.mem, "<u><a/><b/></u>");
    rig_attach(&rig, &heap.mem, "u/b", "image/jpeg");
    rig_attach(&rig, &heap.mem, "u/a", "text/plain; charset=\"utf-8\"");
    assert_hr(wsd_package_init(&package, rig.message, &addressing, WSD_MAX_ENVELOPE,
                               draw_boundary),
              S_OK);
    assert_string_equal(package.content_type.bytes, CONTENT_TYPE(BOUNDARY));
    assert_true(wsd_package_length(&package) == WSD_LENGTH_UNKNOWN);

    source = wsd_package_source(&package);
    for (;;) {
        enum wsd_pull result =
            pull_in_time(source, body + length, sizeof(body) - length, &size);

        if (result != WSD_PULL_BYTES) {
            assert_int_equal(result, WSD_PULL_NOTHING_NOW);
            break;
        }
        length += size;
    }
    body[length] = '\0';
    assert_string_equal(body, expected);
    wsd_package_fini(&package);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void package__lengths_declared__is_that_long(void **state)
{
    static const char framing[] = ROOT ENVELOPE(
        "<u><a><xop:Include href=\"cid:0@body\"/></a>"
        "<b><xop:Include href=\"cid:1@body\"/></b></u>") "\r\n" PART("image/jpeg",
                                                                     "0@body") "\r"
                                                                               "\n" PART(
                                                                                   "image"
                                                                                   "/jpe"
                                                                                   "g",
                                                                                   "1@"
                                                                                   "body") "\r\n--" BOUNDARY
                                                                                           "--\r\n";
    const uint64_t fixed = sizeof(framing) - 1, most = INT64_MAX - fixed;
    const struct {
        uint64_t lengths[2];
        HRESULT hr;
        uint64_t whole;
    } rows[] = {
        {{0, 0}, S_OK, fixed},
        {{1, 70000}, S_OK, fixed + 70001},
        {{UINT32_MAX, UINT32_MAX}, S_OK, fixed + 2 * (uint64_t)UINT32_MAX},
        {{WSD_LENGTH_UNKNOWN, 1}, S_OK, WSD_LENGTH_UNKNOWN},
        {{1, WSD_LENGTH_UNKNOWN}, S_OK, WSD_LENGTH_UNKNOWN},
        /* FAULTS K2 */
        {{most, 0}, S_OK, INT64_MAX},
        {{1, most - 1}, S_OK, INT64_MAX},
        {{most + 1, 0}, E_INVALIDARG, 0},
        {{1, most}, E_INVALIDARG, 0},
        {{INT64_MAX, INT64_MAX}, E_INVALIDARG, 0},
        {{INT64_MAX, WSD_LENGTH_UNKNOWN}, E_INVALIDARG, 0},
        {{WSD_LENGTH_UNKNOWN, INT64_MAX}, E_INVALIDARG, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_package package;
        struct rig rig;

        rig_create(&rig, &heap.mem, "<u><a/><b/></u>");
        rig_attach_declared(&rig, &heap.mem, "u/a", "image/jpeg", rows[i].lengths[0]);
        rig_attach_declared(&rig, &heap.mem, "u/b", "image/jpeg", rows[i].lengths[1]);
        assert_hr(wsd_package_init(&package, rig.message, &addressing, WSD_MAX_ENVELOPE,
                                   draw_boundary),
                  rows[i].hr);
        if (rows[i].hr == S_OK)
            assert_true(wsd_package_length(&package) == rows[i].whole);
        wsd_package_fini(&package);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void package__boundary_stands_in_the_envelope__is_drawn_again(void **state)
{
    struct wsd_package package;
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), "<u><a/><b>--" BOUNDARY "</b></u>");
    rig_attach(&rig, wsd_mem_heap(), "u/a", "image/jpeg");
    draws = 0;
    assert_hr(wsd_package_init(&package, rig.message, &addressing, WSD_MAX_ENVELOPE,
                               draw_collision),
              S_OK);
    assert_int_equal(draws, 2);
    assert_string_equal(package.content_type.bytes, CONTENT_TYPE(OTHER_BOUNDARY));
    wsd_package_fini(&package);
    rig_destroy(&rig);
}

static void package__envelope_at_its_limit__is_exact(void **state)
{
    const size_t length = strlen(ENVELOPE("<u/>"));
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_package package;
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, "<u/>");
    assert_hr(
        wsd_package_init(&package, rig.message, &addressing, length - 1, draw_boundary),
        WS_E_QUOTA_EXCEEDED);
    wsd_package_fini(&package);
    assert_hr(wsd_package_init(&package, rig.message, &addressing, length, draw_boundary),
              S_OK);
    wsd_package_fini(&package);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void package__no_boundary__fails_and_leaks_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_package package;
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, "<u/>");
    rig_attach(&rig, &heap.mem, "u", "image/jpeg");
    assert_hr(wsd_package_init(&package, rig.message, &addressing, WSD_MAX_ENVELOPE,
                               draw_nothing),
              E_FAIL);
    wsd_package_fini(&package);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void fini__zeroed_package__is_safe(void **state)
{
    struct wsd_package package;

    (void)state;
    memset(&package, 0, sizeof(package));
    wsd_package_fini(&package);
    wsd_package_fini(&package);
}

static void init__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    (void)state;
    for (size_t count = 0; count < 3; count++) {
        int grants = -1;
        HRESULT hr;

        do {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct wsd_package package;
            struct rig rig;

            rig_create(&rig, &heap.mem, "<u><a/><b/></u>");
            for (size_t i = 0; i < count; i++)
                rig_attach(&rig, &heap.mem, i == 0 ? "u/a" : "u/b", "image/jpeg");
            heap.grants = ++grants;
            hr = wsd_package_init(&package, rig.message, &addressing, WSD_MAX_ENVELOPE,
                                  draw_boundary);
            wsd_package_fini(&package);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
            assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
        } while (hr != S_OK && grants < 100);
        assert_in_range(grants, 2, 99);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(package__no_attachments__is_plain_soap_with_its_length),
        cmocka_unit_test(package__attachments__is_multipart_in_order_of_attaching),
        cmocka_unit_test(package__lengths_declared__is_that_long),
        cmocka_unit_test(package__boundary_stands_in_the_envelope__is_drawn_again),
        cmocka_unit_test(package__envelope_at_its_limit__is_exact),
        cmocka_unit_test(package__no_boundary__fails_and_leaks_nothing),
        cmocka_unit_test(fini__zeroed_package__is_safe),
        cmocka_unit_test(init__each_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
