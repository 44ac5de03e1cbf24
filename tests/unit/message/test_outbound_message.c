#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/outbound_message.h"
#include "support/failing_mem.h"
#include "wsd_error.h"

#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define ACTION "http://example.org/upload/Upload"
#define BODY                                                                             \
    "<u:Upload xmlns:u=\"http://example.org/upload\"><u:a/><u:b/><u:c/></u:Upload>"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* An attachment as the application holds it, which never waits. */
static IWSDOutboundAttachment *attachment_create(const struct wsd_mem *mem)
{
    IWSDOutboundAttachment *object;

    assert_hr(wsd_outbound_create(mem, &object), S_OK);
    wsd_waiting_set_budget(
        wsd_outbound_waiting(wsd_outbound_from((IWSDAttachment *)object)), 0);
    return object;
}

static HRESULT attach_declared(struct wsd_outbound_message *message, const char *path,
                               IWSDOutboundAttachment *object, uint64_t length)
{
    return wsd_message_attach(message, path, wsd_outbound_from((IWSDAttachment *)object),
                              "image/jpeg", length);
}

static HRESULT attach(struct wsd_outbound_message *message, const char *path,
                      IWSDOutboundAttachment *object)
{
    return attach_declared(message, path, object, WSD_LENGTH_UNKNOWN);
}

static HRESULT set_body(struct wsd_outbound_message *message, const char *xml)
{
    return wsd_message_set_body(message, xml, strlen(xml));
}

static HRESULT write_to(IWSDOutboundAttachment *object)
{
    DWORD written;

    return object->lpVtbl->Write(object, (const BYTE *)"x", 1, &written);
}

static void attach__in_order__numbers_the_parts(void **state)
{
    static const char *const paths[] = {"Upload/b", "Upload/a", "Upload/c"};
    static const uint64_t lengths[] = {0, WSD_LENGTH_UNKNOWN, INT64_MAX};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *objects[3];

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    assert_hr(set_body(message, BODY), S_OK);
    for (size_t i = 0; i < 3; i++) {
        char id[32];

        objects[i] = attachment_create(&heap.mem);
        assert_hr(attach_declared(message, paths[i], objects[i], lengths[i]), S_OK);
        snprintf(id, sizeof(id), "%zu@body", i);
        assert_int_equal(message->part_count, i + 1);
        assert_string_equal(message->parts[i]->content_id, id);
        assert_string_equal(message->parts[i]->content_type, "image/jpeg");
        assert_true(message->parts[i]->length == lengths[i]);
    }
    wsd_message_release(message);
    for (size_t i = 0; i < 3; i++) {
        assert_hr(write_to(objects[i]), E_ABORT); /* its message is gone */
        assert_int_equal(objects[i]->lpVtbl->Release(objects[i]), 0);
    }
    assert_int_equal(heap.live, 0);
}

static void attach__refused__leaves_both_as_they_were(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *object, *taken;

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    object = attachment_create(&heap.mem);
    taken = attachment_create(&heap.mem);
    assert_hr(attach(message, "Upload/a", object),
              HRESULT_FROM_WIN32(ERROR_NOT_FOUND)); /* no body yet */
    assert_hr(set_body(message, BODY), S_OK);
    assert_hr(attach(message, "Upload/d", object), HRESULT_FROM_WIN32(ERROR_NOT_FOUND));
    assert_hr(attach(message, "Upload//a", object), E_INVALIDARG);
    assert_hr(attach(message, "Upload", object), E_INVALIDARG); /* has content */
    assert_int_equal(message->part_count, 0);

    assert_hr(attach(message, "Upload/a", taken), S_OK);
    assert_hr(attach(message, "Upload/a", object),
              HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS));
    assert_hr(attach(message, "Upload/b", taken),
              HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
    assert_int_equal(message->part_count, 1);
    assert_hr(set_body(message, BODY), INVALID_OPERATION);

    /* After all those refusals it can still be attached. */
    assert_hr(attach(message, "Upload/b", object), S_OK);
    assert_string_equal(message->parts[1]->content_id, "1@body");
    wsd_message_release(message);
    object->lpVtbl->Release(object);
    taken->lpVtbl->Release(taken);
    assert_int_equal(heap.live, 0);
}

static void attach__an_aborted_one__is_refused(void **state)
{
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *object = attachment_create(wsd_mem_heap());

    (void)state;
    assert_hr(wsd_message_create(wsd_mem_heap(), ACTION, &message), S_OK);
    assert_hr(set_body(message, BODY), S_OK);
    assert_hr(write_to(object), STG_S_BLOCK);
    assert_hr(object->lpVtbl->Abort(object), S_OK);
    assert_hr(attach(message, "Upload/a", object), E_ABORT);
    assert_int_equal(message->part_count, 0);
    wsd_message_release(message);
    object->lpVtbl->Release(object);
}

static void attach__one_too_many__exceeds_the_quota(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    IWSDOutboundAttachment *objects[WSD_MAX_ATTACHMENTS + 1];
    struct wsd_outbound_message *message;
    char xml[32 * (WSD_MAX_ATTACHMENTS + 1)] = "<u>";

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++)
        strcat(xml, "<data></data>");
    strcat(xml, "</u>");
    assert_hr(set_body(message, xml), S_OK);
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++) {
        char path[32];

        snprintf(path, sizeof(path), "u/data[%zu]", i + 1);
        objects[i] = attachment_create(&heap.mem);
        assert_hr(attach(message, path, objects[i]),
                  i < WSD_MAX_ATTACHMENTS ? S_OK : WS_E_QUOTA_EXCEEDED);
    }
    assert_string_equal(message->parts[WSD_MAX_ATTACHMENTS - 1]->content_id, "48@body");
    /* The refused one is nobody's. */
    assert_hr(wsd_outbound_bind(
                  wsd_outbound_from((IWSDAttachment *)objects[WSD_MAX_ATTACHMENTS])),
              S_OK);
    wsd_outbound_unbind(
        wsd_outbound_from((IWSDAttachment *)objects[WSD_MAX_ATTACHMENTS]));
    wsd_message_release(message);
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++)
        objects[i]->lpVtbl->Release(objects[i]);
    assert_int_equal(heap.live, 0);
}

static void release__attachments_went_first__frees_all(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *object;

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    assert_hr(set_body(message, BODY), S_OK);
    object = attachment_create(&heap.mem);
    assert_hr(attach(message, "Upload/a", object), S_OK);
    assert_int_equal(object->lpVtbl->Release(object), 0);
    wsd_message_add_ref(message);
    wsd_message_release(message);
    assert_true(heap.live > 0);
    wsd_message_release(message);
    assert_int_equal(heap.live, 0);
}

static void set_fault__an_empty_message__has_its_code_until_a_body_is_set(void **state)
{
    static const wsd_fault fault = {"Sender", "", "", "why", "<d/>"};
    static const wsd_fault unknown = {"Client", "", "", "why", ""};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *object = attachment_create(&heap.mem);

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    assert_null(wsd_message_fault_code(message));
    assert_hr(wsd_message_set_fault(message, &unknown), E_INVALIDARG);
    assert_null(wsd_message_fault_code(message));
    assert_hr(wsd_message_set_fault(message, &fault), S_OK);
    assert_string_equal(wsd_message_fault_code(message), "Sender");
    assert_hr(set_body(message, BODY), S_OK);
    assert_null(wsd_message_fault_code(message));

    assert_hr(wsd_message_set_fault(message, &fault), S_OK);
    assert_hr(attach(message, "Fault/Detail/d", object), S_OK);
    assert_hr(wsd_message_set_fault(message, &fault), INVALID_OPERATION);
    assert_hr(set_body(message, BODY), INVALID_OPERATION);
    assert_string_equal(wsd_message_fault_code(message), "Sender");
    wsd_message_release(message);
    object->lpVtbl->Release(object);
    assert_int_equal(heap.live, 0);
}

/* Its sender fails what is attached, or lets it go on. */
static void release__of_a_message_that_was_sent__fails_nothing(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *object = attachment_create(&heap.mem);

    (void)state;
    assert_hr(wsd_message_create(&heap.mem, ACTION, &message), S_OK);
    assert_false(message->sent);
    assert_hr(set_body(message, BODY), S_OK);
    assert_hr(attach(message, "Upload/a", object), S_OK);
    message->sent = true;
    wsd_message_add_ref(message);
    wsd_message_release(message);
    wsd_message_release(message);
    assert_hr(write_to(object), STG_S_BLOCK);
    object->lpVtbl->Release(object);
    assert_int_equal(heap.live, 0);
}

static void create_and_attach__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants = -1;
    HRESULT hr;

    (void)state;
    do {
        struct failing_mem heap = FAILING_MEM(++grants, &heap);
        struct wsd_outbound_message *message = (void *)(uintptr_t)1;
        IWSDOutboundAttachment *object = attachment_create(wsd_mem_heap());

        hr = wsd_message_create(&heap.mem, ACTION, &message);
        if (FAILED(hr)) {
            assert_null(message);
        } else {
            assert_hr(set_body(message, BODY), S_OK); /* from libxml2's heap */
            hr = attach(message, "Upload/a", object);
            if (FAILED(hr))
                assert_hr(wsd_outbound_bind(wsd_outbound_from((IWSDAttachment *)object)),
                          S_OK);
            if (FAILED(hr))
                wsd_outbound_unbind(wsd_outbound_from((IWSDAttachment *)object));
            wsd_message_release(message);
        }
        object->lpVtbl->Release(object);
        assert_int_equal(heap.live, 0);
        assert_true(hr == S_OK || hr == E_OUTOFMEMORY);
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 4, 99);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(attach__in_order__numbers_the_parts),
        cmocka_unit_test(attach__refused__leaves_both_as_they_were),
        cmocka_unit_test(attach__an_aborted_one__is_refused),
        cmocka_unit_test(attach__one_too_many__exceeds_the_quota),
        cmocka_unit_test(release__attachments_went_first__frees_all),
        cmocka_unit_test(set_fault__an_empty_message__has_its_code_until_a_body_is_set),
        cmocka_unit_test(release__of_a_message_that_was_sent__fails_nothing),
        cmocka_unit_test(create_and_attach__each_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
