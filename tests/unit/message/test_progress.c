#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/progress.h"
#include "support/failing_mem.h"
#include "support/fake_host.h"
#include "support/pull.h"

#define BODY "<u:Upload xmlns:u=\"urn:u\"><u:a/><u:b/></u:Upload>"
#define STEP WSD_PROGRESS_STEP

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* ---- a message of two attachments that never wait, and who looks at it ---- */

struct rig {
    struct failing_mem heap;
    struct fake_host host;
    struct wsd_outbound_message *message;
    IWSDOutboundAttachment *objects[2];
    struct wsd_observer observer;
    struct wsd_progress progress;
    unsigned shows;
    wsd_message_progress last;
};

static void WSD_CALL keep(void *context, const wsd_message_progress *progress)
{
    struct rig *rig = context;

    rig->shows++;
    rig->last = *progress;
}

static void rig_init(struct rig *rig, uint64_t first_length, uint64_t second_length)
{
    static const char *const paths[] = {"Upload/a", "Upload/b"};
    const uint64_t lengths[] = {first_length, second_length};

    memset(rig, 0, sizeof(*rig));
    rig->heap = (struct failing_mem)FAILING_MEM(-1, &rig->heap);
    fake_host_init(&rig->host);
    rig->observer = (struct wsd_observer){.progress = keep, .progress_context = rig};
    rig->progress = (struct wsd_progress){&rig->observer, "urn:uuid:1", 0};
    assert_hr(wsd_message_create(&rig->heap.mem, "urn:a", &rig->message), S_OK);
    assert_hr(wsd_message_set_body(rig->message, BODY, strlen(BODY)), S_OK);
    for (size_t i = 0; i < 2; i++) {
        struct wsd_outbound *part;

        assert_hr(wsd_outbound_create(&rig->heap.mem, &rig->objects[i]), S_OK);
        part = wsd_outbound_from((IWSDAttachment *)rig->objects[i]);
        wsd_waiting_set_budget(wsd_outbound_waiting(part), 0);
        assert_hr(
            wsd_message_attach(rig->message, paths[i], part, "image/jpeg", lengths[i]),
            S_OK);
        assert_hr(wsd_outbound_arm(part, &rig->host.seam, 4 * STEP, 0, lengths[i]), S_OK);
    }
}

static void rig_fini(struct rig *rig)
{
    for (size_t i = 0; i < 2; i++)
        if (rig->objects[i] != NULL)
            rig->objects[i]->lpVtbl->Release(rig->objects[i]);
    wsd_message_release(rig->message);
    assert_int_equal(rig->heap.live, 0);
}

/* Writes `accepted` bytes into one, and pulls `handed` out of it. */
static void move(struct rig *rig, size_t index, size_t accepted, size_t handed)
{
    struct wsd_body_source *source =
        wsd_outbound_source(rig->message->parts[index]->attachment);
    char *bytes = calloc(1, 4 * STEP);
    DWORD written = 0;
    size_t size = 0;

    assert_non_null(bytes);
    source->vtable->pull(source, (uint8_t *)bytes, 0, &size); /* opens it */
    assert_hr(rig->objects[index]->lpVtbl->Write(rig->objects[index], (const BYTE *)bytes,
                                                 (DWORD)accepted, &written),
              S_OK);
    assert_int_equal(written, accepted);
    if (handed > 0)
        pull_in_time(source, bytes, handed, &size);
    assert_int_equal(size, handed);
    free(bytes);
}

static void moved__by_less_than_a_step__is_not_shown(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 3 * STEP, 2 * STEP);
    wsd_progress_moved(&rig.progress, rig.message); /* it begins */
    assert_int_equal(rig.shows, 1);
    assert_int_equal(rig.last.size, sizeof(rig.last));
    assert_ptr_equal(rig.last.message, rig.message);
    assert_string_equal(rig.last.message_id, "urn:uuid:1");
    assert_true(rig.last.total == 5 * STEP);
    assert_true(rig.last.accepted == 0 && rig.last.handed == 0);

    move(&rig, 0, 2 * STEP, STEP - 1);
    wsd_progress_moved(&rig.progress, rig.message);
    assert_int_equal(rig.shows, 1);
    move(&rig, 1, 1, 1); /* all attachments count together */
    wsd_progress_moved(&rig.progress, rig.message);
    assert_int_equal(rig.shows, 2);
    assert_true(rig.last.accepted == 2 * STEP + 1 && rig.last.handed == STEP);
    wsd_progress_moved(&rig.progress, rig.message);
    assert_int_equal(rig.shows, 2);
    assert_int_equal(rig.last.ended, FALSE);
    rig_fini(&rig);
}

static void ended__in_any_way__is_shown_with_its_code(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 3, WSD_LENGTH_UNKNOWN);
    move(&rig, 0, 3, 2);
    wsd_progress_ended(&rig.progress, rig.message, E_ABORT);
    assert_int_equal(rig.shows, 1);
    assert_int_equal(rig.last.ended, TRUE);
    assert_hr(rig.last.result, E_ABORT);
    assert_true(rig.last.total == UINT64_MAX);
    assert_true(rig.last.accepted == 3 && rig.last.handed == 2);
    rig_fini(&rig);
}

static void progress__that_nobody_looks_at__is_not_shown(void **state)
{
    struct rig rig;

    (void)state;
    rig_init(&rig, 1, 1);
    rig.observer.progress = NULL;
    for (int i = 0; i < 2; i++) {
        wsd_progress_moved(&rig.progress, rig.message);
        wsd_progress_ended(&rig.progress, rig.message, S_OK);
        rig.progress.observer = NULL;
    }
    assert_int_equal(rig.shows, 0);
    rig_fini(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(moved__by_less_than_a_step__is_not_shown),
        cmocka_unit_test(ended__in_any_way__is_shown_with_its_code),
        cmocka_unit_test(progress__that_nobody_looks_at__is_not_shown),
    };

    return cmocka_run_group_tests_name("progress", tests, NULL, NULL);
}
