#include <errno.h>
#include <poll.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/resource.h>

#include <cmocka.h>

#include "attachment/outbound_attachment.h"
#include "os/thread.h"
#include "support/failing_mem.h"
#include "support/fake_host.h"
#include "support/pull.h"
#include "support/worker.h"
#include "wsd_error.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)
#define ALREADY_ASSIGNED HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED)
#define BAD_LENGTH HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)
#define BROKEN HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)

/* Assertions on HRESULTs show them in hexadecimal: cmocka widens what it is given. */
#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* ---- one attachment, its message, and the message's puller ------------------------- */

struct rig {
    struct fake_host host;
    IWSDOutboundAttachment *object;
    struct wsd_outbound *self;
    bool bound;        /* the message has a use */
    atomic_int called; /* the ready callback */
};

static struct rig *rig_from(struct fake_host *host)
{
    return host->context;
}

static void WSD_CALL count_call(void *context)
{
    atomic_fetch_add(&((struct rig *)context)->called, 1);
}

static void rig_create(struct rig *rig, const struct wsd_mem *mem, DWORD budget_ms)
{
    fake_host_init(&rig->host);
    rig->host.context = rig;
    rig->bound = false;
    atomic_init(&rig->called, 0);
    assert_hr(wsd_outbound_create(mem, &rig->object), S_OK);
    rig->self = wsd_outbound_from((IWSDAttachment *)rig->object);
    assert_non_null(rig->self);
    wsd_waiting_set_budget(wsd_outbound_waiting(rig->self), budget_ms);
    assert_hr(wsd_waiting_set_ready(wsd_outbound_waiting(rig->self), count_call, rig),
              S_OK);
}

static void rig_bind(struct rig *rig)
{
    assert_hr(wsd_outbound_bind(rig->self), S_OK);
    rig->bound = true;
}

static void rig_arm(struct rig *rig, size_t ring_bytes)
{
    rig_bind(rig);
    assert_hr(
        wsd_outbound_arm(rig->self, &rig->host.seam, ring_bytes, 0, WSD_LENGTH_UNKNOWN),
        S_OK);
}

/* The message's part: its use, last. */
static void rig_end_message(struct rig *rig)
{
    if (rig->bound)
        wsd_outbound_release_use(rig->self);
    rig->bound = false;
}

static void rig_destroy(struct rig *rig)
{
    rig->object->lpVtbl->Release(rig->object);
    rig_end_message(rig);
    assert_int_equal(atomic_load(&rig->host.references), 0);
}

static HRESULT put(struct rig *rig, const void *bytes, DWORD size, DWORD *written)
{
    *written = 99;
    return rig->object->lpVtbl->Write(rig->object, bytes, size, written);
}

static HRESULT put_text(struct rig *rig, const char *text)
{
    DWORD written;
    HRESULT hr = put(rig, text, (DWORD)strlen(text), &written);

    assert_int_equal(written, hr == S_OK ? strlen(text) : 0);
    return hr;
}

static HRESULT finish(struct rig *rig)
{
    return rig->object->lpVtbl->Close(rig->object);
}

static HRESULT give_up(struct rig *rig)
{
    return rig->object->lpVtbl->Abort(rig->object);
}

static enum wsd_pull take(struct rig *rig, void *buffer, size_t capacity, size_t *size)
{
    *size = 99;
    return pull_in_time(wsd_outbound_source(rig->self), buffer, capacity, size);
}

static void assert_taken(struct rig *rig, size_t capacity, const char *expected)
{
    char buffer[64] = "";
    size_t size;

    assert_in_range(capacity, 1, sizeof(buffer) - 1);
    assert_int_equal(take(rig, buffer, capacity, &size), WSD_PULL_BYTES);
    assert_int_equal(size, strlen(expected));
    assert_string_equal(buffer, expected);
}

static void assert_nothing(struct rig *rig, enum wsd_pull expected)
{
    char buffer[8];
    size_t size;

    assert_int_equal(take(rig, buffer, sizeof(buffer), &size), expected);
    assert_int_equal(size, 0);
}

static enum wsd_pull pull_once(struct rig *rig, char bytes[16])
{
    struct wsd_body_source *source = wsd_outbound_source(rig->self);
    size_t size;
    enum wsd_pull result = source->vtable->pull(source, (uint8_t *)bytes, 15, &size);

    bytes[size] = '\0';
    return result;
}

/* The pull that opens it; a writer that waited may write before the next one. */
static void open_by_pull(struct rig *rig)
{
    char bytes[16];

    assert_int_equal(pull_once(rig, bytes), WSD_PULL_NOTHING_YET);
}

static void tell_sent(struct rig *rig)
{
    struct wsd_body_source *source = wsd_outbound_source(rig->self);

    source->vtable->sent(source);
}

/* Armed, and its turn has come. */
static void rig_open(struct rig *rig, const struct wsd_mem *mem, size_t ring_bytes,
                     DWORD budget_ms)
{
    rig_create(rig, mem, budget_ms);
    rig_arm(rig, ring_bytes);
    assert_nothing(rig, WSD_PULL_NOTHING_NOW);
}

static int ready_fd(struct rig *rig)
{
    int fd = -1;

    assert_hr(wsd_waiting_get_ready_fd(wsd_outbound_waiting(rig->self), &fd), S_OK);
    assert_true(fd >= 0);
    return fd;
}

static bool is_ready(struct rig *rig)
{
    struct pollfd item = {ready_fd(rig), POLLIN, 0};

    return poll(&item, 1, 0) == 1;
}

static wsd_attachment_progress progress_of(struct rig *rig)
{
    wsd_attachment_progress progress = {.size = sizeof(progress)};

    wsd_outbound_get_progress(rig->self, &progress);
    return progress;
}

static uint64_t accepted(struct rig *rig)
{
    return progress_of(rig).accepted;
}

static uint64_t handed(struct rig *rig)
{
    return progress_of(rig).handed;
}

/* xorshift32: the same bytes and sizes in every run. */
static uint32_t draw(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

/* Byte `at` of every document here. */
static uint8_t document(uint64_t at)
{
    return (uint8_t)(at * 167 + (at >> 8) * 13 + 1);
}

static void fill_document(uint8_t *to, uint64_t at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        to[i] = document(at + i);
}

static void assert_document(const uint8_t *bytes, uint64_t at, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (bytes[i] != document(at + i))
            fail_msg("byte %llu is wrong", (unsigned long long)(at + i));
}

/* ---- a Write or Close on another thread -------------------------------------------- */

struct call {
    struct worker worker;
    struct rig *rig;
    const void *bytes; /* NULL: Close */
    DWORD size;
    DWORD written;
    HRESULT hr;
};

static void call_run(void *context)
{
    struct call *call = context;

    call->hr = call->bytes == NULL
                   ? finish(call->rig)
                   : put(call->rig, call->bytes, call->size, &call->written);
}

static void call_start(struct call *call, struct rig *rig, const void *bytes, DWORD size)
{
    *call = (struct call){.rig = rig, .bytes = bytes, .size = size};
    worker_start(&call->worker, call_run, call);
}

static void assert_call(struct call *call, HRESULT hr, DWORD written)
{
    worker_join(&call->worker);
    assert_hr(call->hr, hr);
    assert_int_equal(call->written, written);
}

/* ---- every call in every state ----------------------------------------------------- */

enum stage {
    FRESH,
    REFUSED, /* FRESH, and a Write returned STG_S_BLOCK */
    BOUND,
    ARMED,
    STARTED, /* ARMED, and a Write returned STG_S_BLOCK */
    OPENED,  /* the turn has come, but no Write */
    WRITTEN,
    CLOSING,
    SENT, /* CLOSING, and all is out: Close has not said so yet */
    CLOSED,
    ABORTED,
    FAILED_,
    STAGE_COUNT
};

static const char *const stage_names[STAGE_COUNT] = {
    "fresh",   "refused", "bound", "armed",  "started", "opened",
    "written", "closing", "sent",  "closed", "aborted", "failed"};

static void rig_at(struct rig *rig, const struct wsd_mem *mem, enum stage stage)
{
    rig_create(rig, mem, 0);
    if (stage == FRESH)
        return;
    if (stage == REFUSED) {
        assert_hr(put_text(rig, "x"), STG_S_BLOCK);
        return;
    }
    rig_bind(rig);
    if (stage == BOUND)
        return;
    assert_hr(wsd_outbound_arm(rig->self, &rig->host.seam, 16, 77, WSD_LENGTH_UNKNOWN),
              S_OK);
    if (stage == ARMED)
        return;
    if (stage == STARTED) {
        assert_hr(put_text(rig, "x"), STG_S_BLOCK);
        return;
    }
    assert_nothing(rig, WSD_PULL_NOTHING_NOW);
    if (stage == OPENED)
        return;
    assert_hr(put_text(rig, "abc"), S_OK);
    if (stage == WRITTEN)
        return;
    if (stage == FAILED_) {
        wsd_outbound_fail(rig->self, BROKEN);
        return;
    }
    if (stage == ABORTED) {
        assert_hr(give_up(rig), S_OK);
        return;
    }
    assert_hr(finish(rig), STG_S_BLOCK);
    if (stage == CLOSING)
        return;
    assert_taken(rig, 8, "abc");
    assert_nothing(rig, WSD_PULL_END);
    tell_sent(rig);
    if (stage == CLOSED)
        assert_hr(finish(rig), S_OK);
}

/* What each call returns; `wait` is a Write with a budget that passes. */
static const struct {
    HRESULT write, wait, write_none, close, abort;
} expected[STAGE_COUNT] = {
    [FRESH] = {STG_S_BLOCK, INVALID_OPERATION, STG_S_BLOCK, INVALID_OPERATION,
               INVALID_OPERATION},
    [REFUSED] = {STG_S_BLOCK, INVALID_OPERATION, STG_S_BLOCK, INVALID_OPERATION, S_OK},
    [BOUND] = {STG_S_BLOCK, INVALID_OPERATION, STG_S_BLOCK, INVALID_OPERATION,
               INVALID_OPERATION},
    [ARMED] = {STG_S_BLOCK, STG_S_BLOCK, STG_S_BLOCK, INVALID_OPERATION,
               INVALID_OPERATION},
    [STARTED] = {STG_S_BLOCK, STG_S_BLOCK, STG_S_BLOCK, INVALID_OPERATION, S_OK},
    [OPENED] = {S_OK, S_OK, S_OK, INVALID_OPERATION, INVALID_OPERATION},
    [WRITTEN] = {S_OK, S_OK, S_OK, STG_S_BLOCK, S_OK},
    [CLOSING] = {INVALID_OPERATION, INVALID_OPERATION, INVALID_OPERATION, STG_S_BLOCK,
                 S_OK},
    [SENT] = {INVALID_OPERATION, INVALID_OPERATION, INVALID_OPERATION, S_OK, S_OK},
    [CLOSED] = {INVALID_OPERATION, INVALID_OPERATION, INVALID_OPERATION,
                INVALID_OPERATION, INVALID_OPERATION},
    [ABORTED] = {INVALID_OPERATION, INVALID_OPERATION, INVALID_OPERATION,
                 INVALID_OPERATION, INVALID_OPERATION},
    [FAILED_] = {BROKEN, BROKEN, BROKEN, BROKEN, BROKEN},
};

/* Every row: the call twice, so that a code that should stay does; then the end. */
static void check_call(enum stage stage, const char *name, HRESULT (*call)(struct rig *),
                       HRESULT first, HRESULT second)
{
    struct rig rig;
    HRESULT hr[2];

    rig_at(&rig, wsd_mem_heap(), stage);
    for (int i = 0; i < 2; i++)
        hr[i] = call(&rig);
    rig_destroy(&rig);
    if (hr[0] != first || hr[1] != second)
        fail_msg("%s when %s: 0x%08x, then 0x%08x", name, stage_names[stage],
                 (unsigned)hr[0], (unsigned)hr[1]);
}

static HRESULT write_now(struct rig *rig)
{
    return put_text(rig, "de");
}

static HRESULT write_none(struct rig *rig)
{
    return put_text(rig, "");
}

static HRESULT write_waiting(struct rig *rig)
{
    wsd_waiting_set_budget(wsd_outbound_waiting(rig->self), 2);
    return put_text(rig, "de");
}

static HRESULT close_waiting(struct rig *rig)
{
    wsd_waiting_set_budget(wsd_outbound_waiting(rig->self), 2);
    return finish(rig);
}

static HRESULT after_success(HRESULT hr)
{
    return hr == S_OK ? INVALID_OPERATION : hr;
}

static void call__in_each_state__returns_its_code(void **state)
{
    (void)state;
    for (enum stage at = 0; at < STAGE_COUNT; at++) {
        const HRESULT close = expected[at].close, abort = expected[at].abort;

        check_call(at, "Write", write_now, expected[at].write, expected[at].write);
        check_call(at, "Write of nothing", write_none, expected[at].write_none,
                   expected[at].write_none);
        check_call(at, "waiting Write", write_waiting, expected[at].wait,
                   expected[at].wait);
        check_call(at, "Close", finish, close, after_success(close));
        check_call(at, "waiting Close", close_waiting, close, after_success(close));
        check_call(at, "Abort", give_up, abort, after_success(abort));
    }
}

/* Also that wrong arguments change nothing: Abort still says that Write was not called.
 */
static void write__wrong_arguments__are_told_first_in_each_state(void **state)
{
    (void)state;
    for (enum stage at = 0; at < STAGE_COUNT; at++) {
        struct rig rig;
        DWORD written;

        rig_at(&rig, wsd_mem_heap(), at);
        assert_hr(rig.object->lpVtbl->Write(rig.object, (const BYTE *)"x", 1, NULL),
                  E_POINTER);
        assert_hr(rig.object->lpVtbl->Write(rig.object, NULL, 1, NULL), E_POINTER);
        assert_hr(put(&rig, NULL, 1, &written), E_INVALIDARG);
        assert_int_equal(written, 0);
        assert_hr(put(&rig, NULL, 0, &written), E_INVALIDARG);
        assert_int_equal(written, 0);
        assert_hr(give_up(&rig), expected[at].abort);
        rig_destroy(&rig);
    }
}

static void message_calls__in_each_state__return_their_codes(void **state)
{
    static const struct {
        HRESULT bind, arm;
        enum wsd_pull pull;
    } rows[STAGE_COUNT] = {
        [FRESH] = {S_OK, E_ABORT, 0},
        [REFUSED] = {S_OK, E_ABORT, 0},
        [BOUND] = {ALREADY_ASSIGNED, S_OK, 0},
        [ARMED] = {ALREADY_ASSIGNED, 0, WSD_PULL_NOTHING_NOW},
        [STARTED] = {ALREADY_ASSIGNED, 0, WSD_PULL_NOTHING_NOW},
        [OPENED] = {ALREADY_ASSIGNED, 0, WSD_PULL_NOTHING_NOW},
        [WRITTEN] = {ALREADY_ASSIGNED, 0, WSD_PULL_BYTES},
        [CLOSING] = {ALREADY_ASSIGNED, 0, WSD_PULL_BYTES},
        [SENT] = {ALREADY_ASSIGNED, 0, WSD_PULL_END},
        [CLOSED] = {ALREADY_ASSIGNED, 0, WSD_PULL_END},
        [ABORTED] = {E_ABORT, 0, WSD_PULL_ABORTED},
        [FAILED_] = {ALREADY_ASSIGNED, 0, WSD_PULL_ABORTED},
    };

    (void)state;
    for (enum stage at = 0; at < STAGE_COUNT; at++) {
        struct rig rig;
        char buffer[8];
        size_t size;
        HRESULT hr;

        rig_at(&rig, wsd_mem_heap(), at);
        if (at < ARMED)
            assert_hr(
                wsd_outbound_arm(rig.self, &rig.host.seam, 16, 0, WSD_LENGTH_UNKNOWN),
                rows[at].arm);
        hr = wsd_outbound_bind(rig.self);
        if (hr == S_OK)
            rig.bound = true;
        assert_hr(hr, rows[at].bind);
        for (int i = 0; i < 2 && at >= ARMED; i++) {
            assert_int_equal(take(&rig, buffer, 1, &size), rows[at].pull);
            assert_int_equal(size, rows[at].pull == WSD_PULL_BYTES ? 1 : 0);
        }
        rig_destroy(&rig);
    }
}

/* The last Release without Close cuts the message, and whatever the application does in
 * its ready callback, it does not hear of a dead attachment. */
static void release__in_each_state__aborts_what_is_not_whole(void **state)
{
    static const struct {
        int aborts;
        enum wsd_pull pull;
    } rows[STAGE_COUNT] = {
        [BOUND] = {0, WSD_PULL_ABORTED},   [ARMED] = {1, WSD_PULL_ABORTED},
        [STARTED] = {1, WSD_PULL_ABORTED}, [OPENED] = {1, WSD_PULL_ABORTED},
        [WRITTEN] = {1, WSD_PULL_ABORTED}, [CLOSING] = {0, WSD_PULL_BYTES},
        [SENT] = {0, WSD_PULL_END},        [CLOSED] = {0, WSD_PULL_END},
        [ABORTED] = {0, WSD_PULL_ABORTED}, [FAILED_] = {0, WSD_PULL_ABORTED},
    };

    (void)state;
    for (enum stage at = 0; at < STAGE_COUNT; at++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;
        int aborts, called;

        rig_at(&rig, &heap.mem, at);
        aborts = atomic_load(&rig.host.aborts);
        called = atomic_load(&rig.called);
        heap.grants = 0;
        assert_int_equal(rig.object->lpVtbl->Release(rig.object), 0);
        assert_int_equal(atomic_load(&rig.host.aborts) - aborts, rows[at].aborts);
        if (rig.bound) /* forgotten, unless the application or the transfer had ended it
                        */
            assert_int_equal(wsd_outbound_is_forgotten(rig.self), at <= WRITTEN);
        if (rig.bound) {
            char buffer[8];
            size_t size;

            assert_int_equal(take(&rig, buffer, sizeof(buffer), &size), rows[at].pull);
        }
        if (at == BOUND)
            assert_hr(
                wsd_outbound_arm(rig.self, &rig.host.seam, 16, 0, WSD_LENGTH_UNKNOWN),
                E_ABORT);
        if (at == CLOSING) {
            assert_nothing(&rig, WSD_PULL_END);
            tell_sent(&rig);
        }
        assert_int_equal(atomic_load(&rig.called), called);
        rig_end_message(&rig);
        assert_int_equal(atomic_load(&rig.host.references), 0);
        assert_int_equal(heap.live, 0);
    }
}

struct seen_moves {
    struct rig *rig;
    uint64_t handed[8];
    unsigned count;
    bool aborts;
};

/* Without the lock: it can ask, and abort. */
static void look_at_progress(struct fake_host *host)
{
    struct seen_moves *seen = host->context;
    wsd_attachment_progress progress = {.size = sizeof(progress)};

    wsd_outbound_get_progress(seen->rig->self, &progress);
    seen->handed[seen->count++] = progress.handed;
    if (seen->aborts)
        assert_hr(give_up(seen->rig), S_OK);
}

static void pull__each__first_tells_what_those_before_have_handed_over(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;
    struct seen_moves seen = {.rig = &rig};

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    rig_arm(&rig, 16);
    rig.host.context = &seen;
    rig.host.on_moved = look_at_progress;
    open_by_pull(&rig);
    assert_hr(put_text(&rig, "abcdef"), S_OK);
    assert_taken(&rig, 4, "abcd"); /* each with its second pull */
    assert_taken(&rig, 4, "ef");
    assert_hr(put_text(&rig, "gh"), S_OK);
    seen.aborts = true;
    assert_nothing(&rig, WSD_PULL_ABORTED);
    assert_int_equal(seen.count, 6);
    assert_true(seen.handed[0] == 0 && seen.handed[1] == 0 && seen.handed[2] == 0 &&
                seen.handed[3] == 4 && seen.handed[4] == 4 && seen.handed[5] == 6);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

/* [A4] */
static void abort__in_each_state__allocates_nothing_and_drops_the_ring(void **state)
{
    (void)state;
    for (enum stage at = 0; at < STAGE_COUNT; at++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;
        int aborts;

        rig_at(&rig, &heap.mem, at);
        aborts = atomic_load(&rig.host.aborts);
        heap.grants = 0;
        assert_hr(give_up(&rig), expected[at].abort);
        assert_int_equal(atomic_load(&rig.host.aborts) - aborts,
                         expected[at].abort == S_OK && at >= ARMED);
        if (expected[at].abort == S_OK)
            assert_int_equal(heap.live, 1); /* the attachment itself */
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void fail__in_each_state__sticks_unless_it_has_ended(void **state)
{
    (void)state;
    for (enum stage at = BOUND; at < STAGE_COUNT; at++) {
        struct rig rig;

        rig_at(&rig, wsd_mem_heap(), at);
        for (int i = 0; i < 2; i++) {
            HRESULT hr = at < CLOSED ? E_FAIL : expected[at].write;

            wsd_outbound_fail(rig.self, i == 0 ? E_FAIL : BROKEN);
            assert_hr(write_now(&rig), hr);
            assert_hr(finish(&rig), hr);
            assert_hr(give_up(&rig), hr);
        }
        rig_destroy(&rig);
    }
}

static void sent__after_an_end__changes_nothing(void **state)
{
    static const enum stage ends[] = {CLOSED, ABORTED, FAILED_};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ends); i++) {
        struct rig rig;

        rig_at(&rig, wsd_mem_heap(), ends[i]);
        tell_sent(&rig);
        assert_hr(write_now(&rig), expected[ends[i]].write);
        rig_destroy(&rig);
    }
}

/* ---- COM --------------------------------------------------------------------------- */

static void query_interface__each_id__is_the_one_object_or_null(void **state)
{
    const wsd_guid other = {1, 2, 3, {4}};
    const wsd_guid *const known[] = {&wsd_iid_unknown, &IID_IWSDAttachment,
                                     &IID_IWSDOutboundAttachment};
    IWSDOutboundAttachment *object;
    void *answer = &answer;

    (void)state;
    assert_hr(wsd_outbound_create(wsd_mem_heap(), &object), S_OK);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        assert_hr(object->lpVtbl->QueryInterface(object, known[i], &answer), S_OK);
        assert_ptr_equal(answer, object);
        assert_int_equal(object->lpVtbl->Release(answer), 1);
    }
    assert_hr(object->lpVtbl->QueryInterface(object, &IID_IWSDInboundAttachment, &answer),
              E_NOINTERFACE);
    assert_null(answer);
    answer = &answer;
    assert_hr(object->lpVtbl->QueryInterface(object, &other, &answer), E_NOINTERFACE);
    assert_null(answer);
    assert_hr(object->lpVtbl->QueryInterface(object, &wsd_iid_unknown, NULL), E_POINTER);
    assert_int_equal(object->lpVtbl->AddRef(object), 2);
    assert_int_equal(object->lpVtbl->Release(object), 1);
    assert_int_equal(object->lpVtbl->Release(object), 0);
}

/* Somebody else's object, with a QueryInterface that can behave in many ways. */
struct foreign {
    IWSDAttachment seam;
    IWSDAttachmentVtbl vtable;
    HRESULT hr;
    void *answer;
    bool gives_a_new_one; /* heap-allocated, with one reference */
    int references;
};

static struct foreign *foreign_from(IWSDAttachment *seam)
{
    return (struct foreign *)((char *)seam - offsetof(struct foreign, seam));
}

static uint32_t WSD_CALL foreign_AddRef(IWSDAttachment *seam)
{
    return (uint32_t)++foreign_from(seam)->references;
}

static uint32_t WSD_CALL foreign_Release(IWSDAttachment *seam)
{
    struct foreign *self = foreign_from(seam);
    int left = --self->references;

    if (left == 0)
        free(self);
    return (uint32_t)left;
}

static void foreign_init(struct foreign *self, int references);

static HRESULT WSD_CALL foreign_QueryInterface(IWSDAttachment *seam, const wsd_guid *riid,
                                               void **answer)
{
    struct foreign *self = foreign_from(seam);

    assert_memory_equal(riid, &IID_IWSDOutboundAttachment, sizeof(*riid));
    if (self->gives_a_new_one) {
        struct foreign *fresh = calloc(1, sizeof(*fresh));

        assert_non_null(fresh);
        foreign_init(fresh, 1);
        *answer = &fresh->seam;
        return S_OK;
    }
    if (self->hr == S_OK && self->answer != NULL) {
        IWSDAttachment *other = self->answer;

        other->lpVtbl->AddRef(other);
    }
    *answer = self->answer;
    return self->hr;
}

static void foreign_init(struct foreign *self, int references)
{
    self->vtable =
        (IWSDAttachmentVtbl){foreign_QueryInterface, foreign_AddRef, foreign_Release};
    self->seam.lpVtbl = &self->vtable;
    self->references = references;
}

static void from__foreign_objects__are_told_from_ours(void **state)
{
    IWSDOutboundAttachment *ours;
    struct wsd_outbound *self;
    struct foreign wrapper = {.hr = S_OK}, other = {.hr = E_NOINTERFACE};

    (void)state;
    assert_hr(wsd_outbound_create(wsd_mem_heap(), &ours), S_OK);
    self = wsd_outbound_from((IWSDAttachment *)ours);
    assert_non_null(self);
    foreign_init(&wrapper, 1);
    foreign_init(&other, 1);

    wrapper.answer = ours; /* delegates */
    assert_ptr_equal(wsd_outbound_from(&wrapper.seam), self);
    wrapper.answer = NULL; /* S_OK without a pointer */
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.answer = &other.seam; /* knows somebody else's */
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.answer = &wrapper.seam; /* says that it is one */
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.hr = E_NOINTERFACE;
    wrapper.answer = NULL;
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.answer = ours; /* a failure with a pointer */
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.hr = S_FALSE;
    assert_null(wsd_outbound_from(&wrapper.seam));
    wrapper.gives_a_new_one = true; /* which dies with our reference */
    assert_null(wsd_outbound_from(&wrapper.seam));

    assert_int_equal(wrapper.references, 1);
    assert_int_equal(other.references, 1);
    assert_int_equal(ours->lpVtbl->AddRef(ours), 2);
    ours->lpVtbl->Release(ours);
    ours->lpVtbl->Release(ours);
}

/* A wrapper that keeps nothing of what it answers with: our reference was the last. */
static HRESULT WSD_CALL careless_QueryInterface(IWSDAttachment *seam,
                                                const wsd_guid *riid, void **answer)
{
    IWSDOutboundAttachment *fresh;
    HRESULT hr = wsd_outbound_create(wsd_mem_heap(), &fresh);

    (void)seam;
    (void)riid;
    *answer = fresh;
    return hr;
}

static void from__an_object_that_nobody_keeps__is_not_taken(void **state)
{
    struct foreign careless = {.hr = S_OK};

    (void)state;
    foreign_init(&careless, 1);
    careless.vtable.QueryInterface = careless_QueryInterface;
    assert_null(wsd_outbound_from(&careless.seam));
}

/* [N3] */
static void create__memory_is_short__gives_null(void **state)
{
    struct failing_mem heap = FAILING_MEM(0, &heap);
    IWSDOutboundAttachment *object = (IWSDOutboundAttachment *)(uintptr_t)1;

    (void)state;
    assert_hr(wsd_outbound_create(&heap.mem, &object), E_OUTOFMEMORY);
    assert_null(object);
    assert_int_equal(heap.live, 0);
}

/* ---- binding and sending ----------------------------------------------------------- */

static void unbind__of_a_bound_one__lets_it_be_bound_again(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    rig_bind(&rig);
    wsd_outbound_unbind(rig.self);
    rig.bound = false;
    assert_hr(give_up(&rig), INVALID_OPERATION);
    rig_arm(&rig, 4);
    assert_nothing(&rig, WSD_PULL_NOTHING_NOW);
    assert_hr(put_text(&rig, "abcd"), S_OK);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void unbind__after_the_last_release__frees_it(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    rig_bind(&rig);
    rig.object->lpVtbl->Release(rig.object);
    assert_int_equal(heap.live, 1);
    wsd_outbound_unbind(rig.self);
    assert_int_equal(heap.live, 0);
}

static void on_start_open(struct fake_host *host)
{
    char buffer[8];
    size_t size;

    take(rig_from(host), buffer, sizeof(buffer), &size);
}

static void write__once_armed__starts_the_message_outside_the_lock(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    rig_arm(&rig, 4);
    assert_int_equal(atomic_load(&rig.host.starts), 0);
    rig.host.on_start = on_start_open; /* would hang inside the lock */
    assert_hr(put_text(&rig, "abc"), S_OK);
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    assert_hr(put_text(&rig, "d"), S_OK);
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    assert_taken(&rig, 8, "abcd");
    rig_destroy(&rig);
}

static void on_start_fail(struct fake_host *host)
{
    wsd_outbound_fail(rig_from(host)->self, BROKEN);
}

static void write__start_fails__returns_that_at_once_and_ever_after(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), INFINITE);
    rig_arm(&rig, 4);
    rig.host.on_start = on_start_fail;
    for (int i = 0; i < 2; i++) {
        assert_hr(put_text(&rig, "abc"), BROKEN);
        assert_hr(finish(&rig), BROKEN);
    }
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    rig_destroy(&rig);
}

static void write__of_nothing__opens_an_empty_document(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    rig_arm(&rig, 4);
    rig.host.on_start = on_start_open;
    heap.grants = 0; /* no ring for nothing */
    assert_hr(put_text(&rig, ""), S_OK);
    assert_int_equal(atomic_load(&rig.host.wakes), 0);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    assert_nothing(&rig, WSD_PULL_END);
    assert_nothing(&rig, WSD_PULL_END);
    tell_sent(&rig);
    rig_destroy(&rig);
}

static void write__no_memory_for_the_ring__fails_the_message(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_open(&rig, &heap.mem, 4, 0);
    heap.grants = 0;
    assert_hr(put_text(&rig, "abc"), E_OUTOFMEMORY);
    assert_int_equal(atomic_load(&rig.host.aborts), 1);
    heap.grants = -1;
    assert_hr(put_text(&rig, "abc"), E_OUTOFMEMORY);
    assert_hr(give_up(&rig), E_OUTOFMEMORY);
    assert_nothing(&rig, WSD_PULL_ABORTED);
    assert_int_equal(atomic_load(&rig.host.aborts), 1);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void ring__lives__from_the_first_byte_to_the_end_of_the_content(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_open(&rig, &heap.mem, 4, 0);
    assert_int_equal(heap.live, 1);
    assert_hr(put_text(&rig, "abc"), S_OK);
    assert_int_equal(heap.live, 2);
    heap.grants = 0; /* nothing more is allocated */
    assert_taken(&rig, 8, "abc");
    assert_hr(put_text(&rig, "defg"), S_OK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_taken(&rig, 8, "defg");
    assert_int_equal(heap.live, 2);
    assert_nothing(&rig, WSD_PULL_END);
    assert_int_equal(heap.live, 1);
    assert_nothing(&rig, WSD_PULL_END);
    assert_hr(finish(&rig), STG_S_BLOCK);
    tell_sent(&rig);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

/* ---- declared lengths -------------------------------------------------------------- */

/* Armed with a ring of four bytes, and its turn has come. */
static void rig_open_declared(struct rig *rig, const struct wsd_mem *mem, uint64_t length,
                              DWORD budget_ms)
{
    rig_create(rig, mem, budget_ms);
    rig_bind(rig);
    assert_hr(wsd_outbound_arm(rig->self, &rig->host.seam, 4, 0, length), S_OK);
    assert_nothing(rig, WSD_PULL_NOTHING_NOW);
}

/* [W22] [W23] FAULTS B15 */
static void
write__beyond_the_declared_length__takes_nothing_and_harms_nothing(void **state)
{
    struct rig rig;
    DWORD written;

    (void)state;
    rig_open_declared(&rig, wsd_mem_heap(), 7, 0);
    assert_hr(put_text(&rig, "abcdefgh"), BAD_LENGTH);
    assert_hr(put(&rig, "abcdefg", 7, &written), S_OK);
    assert_int_equal(written, 4);
    assert_hr(put_text(&rig, "efgh"), BAD_LENGTH); /* before it is a matter of room */
    assert_hr(put_text(&rig, "efg"), STG_S_BLOCK);
    assert_taken(&rig, 8, "abcd");
    assert_hr(put_text(&rig, "efgh"), BAD_LENGTH); /* what was taken still counts */
    assert_hr(put_text(&rig, "ef"), S_OK);
    assert_hr(put_text(&rig, "gh"), BAD_LENGTH);
    assert_hr(put_text(&rig, "g"), S_OK);
    assert_hr(put_text(&rig, "h"), BAD_LENGTH);
    assert_hr(put_text(&rig, ""), S_OK);
    assert_int_equal(accepted(&rig), 7);
    assert_int_equal(atomic_load(&rig.host.aborts), 0);
    assert_taken(&rig, 8, "efg");
    assert_nothing(&rig, WSD_PULL_NOTHING_NOW); /* only Close makes an end */
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_hr(put_text(&rig, "h"), INVALID_OPERATION);
    assert_nothing(&rig, WSD_PULL_END);
    tell_sent(&rig);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
}

static void drive_and_pull(struct fake_host *host)
{
    struct rig *rig = rig_from(host);
    char buffer[16];
    size_t size;

    while (wsd_outbound_source(rig->self)->vtable->pull(wsd_outbound_source(rig->self),
                                                        (uint8_t *)buffer, sizeof(buffer),
                                                        &size) == WSD_PULL_BYTES) {
    }
    if (atomic_load(&host->wakes) > 0)
        wsd_outbound_source(rig->self)->vtable->sent(wsd_outbound_source(rig->self));
}

/* No other thread is there: the calls that wait do all of the work. */
static void calls__that_wait__drive_the_transport(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), INFINITE);
    rig.host.on_drive = drive_and_pull;
    rig_arm(&rig, 16);
    assert_hr(put_text(&rig, "abc"), S_OK);
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    assert_int_equal(atomic_load(&rig.host.wakes), 0);
    assert_hr(finish(&rig), S_OK);
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    rig_destroy(&rig);
}

/* With a budget of 0 it would be waiting. */
static void calls__that_do_not_wait__only_ask(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    rig.host.on_drive = drive_and_pull;
    rig_arm(&rig, 16);
    assert_hr(put_text(&rig, "abc"), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.host.starts), 1);
    drive_and_pull(&rig.host);
    assert_hr(put_text(&rig, "abc"), S_OK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    drive_and_pull(&rig.host);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
}

static void write__first_one_beyond_the_declared_length__does_not_start(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    for (uint64_t length = 0; length < 3; length++) {
        rig_create(&rig, &heap.mem, 0);
        rig_bind(&rig);
        assert_hr(put_text(&rig, "abc"), STG_S_BLOCK); /* the length comes with arm */
        assert_hr(wsd_outbound_arm(rig.self, &rig.host.seam, 4, 0, length), S_OK);
        heap.grants = 0;
        assert_hr(put_text(&rig, "abc"), BAD_LENGTH);
        assert_hr(finish(&rig), INVALID_OPERATION);
        assert_int_equal(atomic_load(&rig.host.starts), 0);
        rig.host.on_start = on_start_open;
        assert_hr(put_text(&rig, ""), S_OK);
        assert_hr(put_text(&rig, "abc"), BAD_LENGTH);
        assert_hr(give_up(&rig), S_OK);
        heap.grants = -1;
        rig_destroy(&rig);
    }
    assert_int_equal(heap.live, 0);
}

/* Two at once, of which only one fits: the second is counted behind the first. */
static void write__waiting_for_its_turn__is_counted_when_that_comes(void **state)
{
    struct call first, second;
    struct rig rig;

    (void)state;
    rig_open_declared(&rig, wsd_mem_heap(), 9, INFINITE);
    call_start(&first, &rig, "abcdefgh", 8);
    WORKER_AWAIT(accepted(&rig) == 4);
    call_start(&second, &rig, "ij", 2); /* of the five that are left at this time */
    for (int i = 0; i < 1000; i++)
        sched_yield();
    assert_taken(&rig, 4, "abcd");
    assert_call(&first, S_OK, 8);
    assert_call(&second, BAD_LENGTH, 0);
    assert_taken(&rig, 8, "efgh");
    rig_destroy(&rig);
}

/* [C12] [C13] FAULTS B14 */
static void close__before_the_declared_length__fails_and_cuts(void **state)
{
    static const char text[] = "abcd";

    (void)state;
    for (DWORD size = 0; size < 4; size++)
        for (int drained = 0; drained <= 1; drained++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct rig rig;
            char buffer[8];
            DWORD written;
            size_t taken;

            rig_open_declared(&rig, &heap.mem, drained ? UINT64_C(1) << 40 : 4, 0);
            assert_hr(put(&rig, text, size, &written), S_OK);
            if (drained && size > 0)
                assert_int_equal(take(&rig, buffer, 8, &taken), WSD_PULL_BYTES);
            heap.grants = 0;
            assert_hr(finish(&rig), BAD_LENGTH);
            assert_int_equal(atomic_load(&rig.host.aborts), 1);
            assert_int_equal(heap.live, 1); /* the ring is gone */
            assert_nothing(&rig, WSD_PULL_ABORTED);

            assert_hr(finish(&rig), BAD_LENGTH);
            assert_hr(put_text(&rig, text), BAD_LENGTH);
            assert_hr(give_up(&rig), BAD_LENGTH);
            assert_int_equal(atomic_load(&rig.host.aborts), 1);
            rig_destroy(&rig);
            assert_int_equal(heap.live, 0);
        }
}

static void close__of_an_empty_document_as_declared__is_whole(void **state)
{
    struct rig rig;

    (void)state;
    rig_open_declared(&rig, wsd_mem_heap(), 0, 0);
    assert_hr(finish(&rig), INVALID_OPERATION);
    assert_hr(put_text(&rig, "x"), BAD_LENGTH);
    assert_hr(finish(&rig), INVALID_OPERATION); /* still not open */
    assert_hr(put_text(&rig, ""), S_OK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_nothing(&rig, WSD_PULL_END);
    tell_sent(&rig);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
}

/* ---- never waiting: what fits, readiness, wake-ups --------------------------------- */

static void check_stream(size_t ring, uint64_t total, uint32_t seed)
{
    uint8_t *chunk = malloc(2 * ring + 3);
    uint64_t put_bytes = 0, taken_bytes = 0;
    int wakes = 0;
    bool told_nothing = true; /* by rig_open() */
    struct rig rig;

    assert_non_null(chunk);
    rig_open(&rig, wsd_mem_heap(), ring, 0);
    while (taken_bytes < total) {
        size_t capacity = 1 + draw(&seed) % (ring + 2), used, room, size;

        for (uint32_t writes = draw(&seed) % 3; writes > 0 && put_bytes < total;
             writes--) {
            DWORD wanted = 1 + draw(&seed) % (uint32_t)(2 * ring), written;
            HRESULT hr;

            if (wanted > total - put_bytes)
                wanted = (DWORD)(total - put_bytes);
            fill_document(chunk, put_bytes, wanted);
            room = ring - (size_t)(put_bytes - taken_bytes);
            hr = put(&rig, chunk, wanted, &written);
            assert_hr(hr, room > 0 ? S_OK : STG_S_BLOCK);
            assert_int_equal(written, wanted < room ? wanted : room);
            put_bytes += written;
            if (written > 0 && told_nothing) {
                told_nothing = false;
                wakes++;
            }
            assert_int_equal(atomic_load(&rig.host.wakes), wakes);
        }

        used = (size_t)(put_bytes - taken_bytes);
        if (used > 0) {
            assert_int_equal(take(&rig, chunk, capacity, &size), WSD_PULL_BYTES);
            assert_int_equal(size, used < capacity ? used : capacity);
            assert_document(chunk, taken_bytes, size);
            taken_bytes += size;
        } else {
            assert_int_equal(take(&rig, chunk, capacity, &size), WSD_PULL_NOTHING_NOW);
            told_nothing = true;
        }
        assert_int_equal(accepted(&rig), put_bytes);
        assert_int_equal(handed(&rig), taken_bytes);
    }
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.host.wakes), wakes + told_nothing);
    assert_nothing(&rig, WSD_PULL_END);
    tell_sent(&rig);
    assert_hr(finish(&rig), S_OK);
    rig_destroy(&rig);
    free(chunk);
}

static const size_t ring_sizes[] = {1, 2, 7, 4095, 4096, 4097};

static void stream__random_sizes__takes_what_fits_and_keeps_order(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ring_sizes); i++)
        for (uint32_t seed = 1; seed <= 10; seed++)
            check_stream(ring_sizes[i], ring_sizes[i] < 8 ? 500 : 20 * ring_sizes[i],
                         seed * 7919);
}

/* A program with an event loop: each side moves only when it was told to. */
static void check_event_loop(size_t ring, size_t total, uint32_t seed, bool by_callback)
{
    uint8_t *chunk = malloc(2 * ring + 3);
    size_t put_bytes = 0, taken_bytes = 0;
    int seen = 0; /* callbacks */
    int wakes = 0;
    bool may_write = true, may_pull = false, closing = false, closed = false;
    HRESULT hr = S_OK;
    struct rig rig;

    assert_non_null(chunk);
    rig_open(&rig, wsd_mem_heap(), ring, 0);
    while (!closed) {
        bool moved = false;

        if (may_write) {
            DWORD wanted = 1 + draw(&seed) % (uint32_t)(2 * ring), written = 0;

            if (wanted > total - put_bytes)
                wanted = (DWORD)(total - put_bytes);
            fill_document(chunk, put_bytes, wanted);
            closing = wanted == 0;
            hr = closing ? finish(&rig) : put(&rig, chunk, wanted, &written);
            put_bytes += written;
            moved = true;
            assert_true(hr == S_OK || hr == STG_S_BLOCK);
            if (hr == STG_S_BLOCK)
                may_write = !by_callback && is_ready(&rig);
            if (closing && hr != STG_S_BLOCK)
                closed = true;
        }
        if (may_pull) {
            size_t capacity = 1 + draw(&seed) % (ring + 2), size;
            enum wsd_pull pull = take(&rig, chunk, capacity, &size);

            moved = true;
            if (pull == WSD_PULL_BYTES)
                assert_document(chunk, taken_bytes, size);
            taken_bytes += size;
            may_pull = pull == WSD_PULL_BYTES;
            if (pull == WSD_PULL_END)
                tell_sent(&rig);
        }
        if (atomic_load(&rig.host.wakes) > wakes) {
            assert_false(may_pull);
            wakes = atomic_load(&rig.host.wakes);
            may_pull = true;
        }
        if (!may_write)
            may_write = by_callback ? atomic_load(&rig.called) > seen : is_ready(&rig);
        seen = atomic_load(&rig.called);
        assert_true(moved || may_write || may_pull); /* else both wait for ever */
    }
    assert_int_equal(taken_bytes, total);
    rig_destroy(&rig);
    free(chunk);
}

static void event_loop__ready_fd_or_callback__never_stalls(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ring_sizes); i++)
        for (uint32_t seed = 1; seed <= 5; seed++) {
            size_t total = ring_sizes[i] < 8 ? 200 : 10 * ring_sizes[i];

            check_event_loop(ring_sizes[i], total, seed * 104729, true);
            check_event_loop(ring_sizes[i], total, seed * 104729, false);
        }
}

static void ready__at_each_step__is_told_once_for_each_refusal(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    assert_true(is_ready(&rig)); /* worth a first try */
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_false(is_ready(&rig));

    rig_bind(&rig);
    assert_false(is_ready(&rig));
    assert_hr(wsd_outbound_arm(rig.self, &rig.host.seam, 8, 0, WSD_LENGTH_UNKNOWN), S_OK);
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 1);

    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_false(is_ready(&rig));
    assert_nothing(&rig, WSD_PULL_NOTHING_NOW);
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 2);

    assert_hr(put_text(&rig, "abcdefgh"), S_OK);
    assert_true(is_ready(&rig)); /* S_OK is no refusal */
    assert_hr(put_text(&rig, "i"), STG_S_BLOCK);
    assert_false(is_ready(&rig));
    for (int i = 0; i < 3; i++) {
        assert_int_equal(atomic_load(&rig.called), 2);
        assert_false(is_ready(&rig));
        assert_taken(&rig, 1, (const char *[]){"a", "b", "c"}[i]);
    }
    assert_taken(&rig, 1, "d"); /* half of the ring is free */
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 3);
    assert_taken(&rig, 8, "efgh");
    assert_int_equal(atomic_load(&rig.called), 3);

    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_false(is_ready(&rig));
    assert_nothing(&rig, WSD_PULL_END);
    assert_false(is_ready(&rig));
    tell_sent(&rig);
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 4);
    rig_destroy(&rig);
    assert_int_equal(atomic_load(&rig.called), 4);
}

/* Whom a pull would wake, its thread could not pull for others meanwhile. */
static void ready__room_that_pulls_made__is_told_when_the_puller_rests(void **state)
{
    struct rig rig;
    struct wsd_body_source *source;
    char bytes[16];

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 4, 0);
    source = wsd_outbound_source(rig.self);
    assert_hr(put_text(&rig, "abcd"), S_OK);
    assert_hr(put_text(&rig, "e"), STG_S_BLOCK);
    source->vtable->rest(source);
    assert_false(is_ready(&rig));
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_BYTES);
    assert_false(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 0);
    source->vtable->rest(source);
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 1);

    assert_hr(finish(&rig), STG_S_BLOCK); /* room is nothing to a Close */
    source->vtable->rest(source);
    assert_false(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 1);
    rig_destroy(&rig);
}

static void ready__the_end__is_told_however_it_comes(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        for (enum stage at = BOUND; at <= CLOSING; at++) {
            struct rig rig;
            int called;

            rig_at(&rig, wsd_mem_heap(), at);
            assert_true(is_ready(&rig) || at == STARTED || at == CLOSING);
            if (at <= STARTED)
                assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
            if (at == OPENED || at == WRITTEN) {
                DWORD written;

                assert_hr(put(&rig, "0123456789abcdefghi", 19, &written), S_OK);
                assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
            }
            assert_false(is_ready(&rig));
            called = atomic_load(&rig.called);
            if (how == 0)
                wsd_outbound_fail(rig.self, BROKEN);
            else
                assert_hr(give_up(&rig), S_OK);
            assert_true(is_ready(&rig));
            assert_int_equal(atomic_load(&rig.called), called + 1);
            assert_hr(write_now(&rig), how == 0 ? BROKEN : INVALID_OPERATION);
            assert_true(is_ready(&rig));
            rig_destroy(&rig);
        }
    }
}

static void ready_fd__first_asked_for_after_a_refusal__is_unreadable(void **state)
{
    struct rig rig;
    int fd;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    rig_arm(&rig, 4);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    fd = ready_fd(&rig);
    assert_false(is_ready(&rig));
    assert_nothing(&rig, WSD_PULL_NOTHING_NOW);
    assert_true(is_ready(&rig));
    assert_int_equal(ready_fd(&rig), fd);
    rig_destroy(&rig);
}

static void ready_fd__no_descriptor_left__says_so_and_works_later(void **state)
{
    struct rlimit before, none;
    struct rig rig;
    HRESULT hr;
    int fd = 7;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    none = before;
    none.rlim_cur = 0;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
    hr = wsd_waiting_get_ready_fd(wsd_outbound_waiting(rig.self), &fd);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_hr(hr, HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES));
    assert_int_equal(fd, -1);
    assert_true(is_ready(&rig));
    rig_destroy(&rig);
}

static void ready_callback__after_the_first_write__cannot_be_set(void **state)
{
    struct rig rig;
    DWORD written;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    assert_hr(put(&rig, NULL, 1, &written), E_INVALIDARG); /* does not count */
    assert_hr(wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), NULL, NULL), S_OK);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_hr(wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), count_call, &rig),
              INVALID_OPERATION);
    rig_arm(&rig, 4);
    assert_int_equal(atomic_load(&rig.called), 0);
    rig_destroy(&rig);
}

static void WSD_CALL release_from_callback(void *context)
{
    struct rig *rig = context;

    count_call(context);
    assert_int_equal(rig->object->lpVtbl->Release(rig->object), 0);
}

/* FAULTS I2.  The message's use ends inside, too: nothing is left but the call itself. */
static void WSD_CALL release_all_from_callback(void *context)
{
    release_from_callback(context);
    rig_end_message(context);
}

static void ready_callback__gives_back_the_last_reference__is_safe(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), release_from_callback, &rig);
    rig_arm(&rig, 4);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    open_by_pull(&rig); /* calls back */
    assert_int_equal(atomic_load(&rig.called), 1);
    assert_int_equal(atomic_load(&rig.host.aborts), 1);
    assert_nothing(&rig, WSD_PULL_ABORTED);
    rig_end_message(&rig);
    assert_int_equal(heap.live, 0);

    rig_create(&rig, &heap.mem, 0);
    wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), release_all_from_callback,
                          &rig);
    rig_arm(&rig, 4);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_hr(give_up(&rig), S_OK);
    assert_int_equal(atomic_load(&rig.called), 1);
    assert_int_equal(heap.live, 0);
    assert_int_equal(atomic_load(&rig.host.references), 0);
}

static void WSD_CALL write_from_callback(void *context)
{
    DWORD written;

    count_call(context);
    put(context, "yz", 2, &written);
}

static void ready_callback__that_writes__is_not_inside_the_lock(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), write_from_callback, &rig);
    rig_arm(&rig, 2);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    open_by_pull(&rig);
    assert_int_equal(atomic_load(&rig.called), 1);
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
    assert_taken(&rig, 1, "y"); /* calls back, which writes one byte of two: S_OK */
    assert_int_equal(atomic_load(&rig.called), 2);
    assert_taken(&rig, 8, "zy");
    rig_destroy(&rig);
}

/* Two that write without waiting: the one that was refused while the other had its turn
 * is told, though the message took all there was before that turn ended. */
static void on_wake_drain_and_be_refused(struct fake_host *host)
{
    struct rig *rig = rig_from(host);
    char buffer[8];
    size_t size;

    host->on_wake = NULL;
    while (take(rig, buffer, sizeof(buffer), &size) == WSD_PULL_BYTES) {
    }
    assert_hr(put_text(rig, "b"), STG_S_BLOCK);
    assert_false(is_ready(rig));
}

static void ready__refused_for_anothers_turn__is_told_at_its_end(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 4, 0);
    rig.host.on_wake = on_wake_drain_and_be_refused;
    assert_hr(put_text(&rig, "a"), S_OK);
    assert_true(is_ready(&rig));
    assert_int_equal(atomic_load(&rig.called), 1);
    rig_destroy(&rig);
}

/* The same refusal must not become a call that calls itself. */
static void ready__refused_for_room__is_not_told_by_its_own_turn(void **state)
{
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 1, 0);
    wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), write_from_callback, &rig);
    assert_hr(put_text(&rig, "a"), S_OK);
    assert_hr(put_text(&rig, "b"), STG_S_BLOCK);
    assert_hr(put_text(&rig, "b"), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.called), 0);
    rig_destroy(&rig);
}

/* ---- waiting ----------------------------------------------------------------------- */

struct drain {
    struct worker worker;
    struct rig *rig;
    uint32_t seed;
    size_t ring;
    atomic_int wakes; /* not yet used */
    uint8_t *bytes;
    size_t size, capacity;
    enum wsd_pull end;
    bool wrong;  /* more was handed on than accepted */
    int rewinds; /* so many are tried */
    int rewound; /* and succeeded */
};

static void on_wake_drain(struct fake_host *host)
{
    struct drain *drain = host->context;

    atomic_fetch_add(&drain->wakes, 1);
}

/* May it begin again?  Sometimes it does. */
static bool drain_rewinds(struct drain *drain)
{
    struct wsd_body_source *source = wsd_outbound_source(drain->rig->self);

    if (drain->rewinds == 0 || draw(&drain->seed) % 8 != 0)
        return false;
    drain->rewinds--;
    if (!source->vtable->can_rewind(source) || !source->vtable->rewind(source))
        return false;
    drain->rewound++;
    drain->size = 0;
    return true;
}

/* A transport: after "nothing now" it sleeps until it is woken, whatever it knows. */
static void drain_run(void *context)
{
    struct drain *drain = context;

    for (;;) {
        size_t capacity = 1 + draw(&drain->seed) % (drain->ring + 2), size;
        wsd_attachment_progress progress;

        if (capacity > drain->capacity - drain->size)
            capacity = drain->capacity - drain->size;
        drain->end = take(drain->rig, drain->bytes + drain->size, capacity, &size);
        drain->size += size;
        progress = progress_of(drain->rig);
        drain->wrong |= progress.handed > progress.accepted;
        if (drain_rewinds(drain))
            continue;
        if (drain->end == WSD_PULL_NOTHING_NOW) {
            WORKER_AWAIT(atomic_load(&drain->wakes) > 0);
            atomic_fetch_sub(&drain->wakes, 1);
        } else if (drain->end != WSD_PULL_BYTES) {
            break;
        }
        if (draw(&drain->seed) % 4 == 0)
            sched_yield();
    }
    if (drain->end == WSD_PULL_END)
        tell_sent(drain->rig);
}

static void drain_start(struct drain *drain, struct rig *rig, size_t ring, size_t total,
                        uint32_t seed)
{
    *drain = (struct drain){.rig = rig, .seed = seed, .ring = ring};
    drain->rewinds = rig->host.seam.may_rewind ? 20 : 0;
    drain->capacity = total + 1; /* one more: an overrun would be seen */
    drain->bytes = malloc(drain->capacity);
    assert_non_null(drain->bytes);
    rig->host.context = drain;
    rig->host.on_wake = on_wake_drain;
    worker_start(&drain->worker, drain_run, drain);
}

static void stream__two_threads__nobody_sleeps_through_a_wake_up(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(ring_sizes); i++) {
        size_t total = ring_sizes[i] < 8 ? 2000 : 30 * ring_sizes[i], at = 0;
        uint32_t seed = 12345 + (uint32_t)i;
        uint8_t *content = malloc(total);
        struct drain drain;
        struct rig rig;

        assert_non_null(content);
        fill_document(content, 0, total);
        rig_create(&rig, wsd_mem_heap(), INFINITE);
        rig_arm(&rig, ring_sizes[i]);
        drain_start(&drain, &rig, ring_sizes[i], total, seed);
        while (at < total) {
            DWORD wanted = 1 + draw(&seed) % (uint32_t)(3 * ring_sizes[i]), written;

            if (wanted > total - at)
                wanted = (DWORD)(total - at);
            assert_hr(put(&rig, content + at, wanted, &written), S_OK);
            assert_int_equal(written, wanted);
            at += wanted;
        }
        assert_hr(finish(&rig), S_OK);
        worker_join(&drain.worker);
        assert_false(drain.wrong);
        assert_int_equal(drain.end, WSD_PULL_END);
        assert_int_equal(drain.size, total);
        assert_memory_equal(drain.bytes, content, total);
        rig_destroy(&rig);
        free(drain.bytes);
        free(content);
    }
}

/* The writer goes on meanwhile, and the ring is large enough or is not. */
static void rewind__on_the_other_thread__loses_and_mixes_nothing(void **state)
{
    enum { TOTAL = 3000 };
    static const size_t rings[] = {1, 64, TOTAL / 2, TOTAL - 1, TOTAL, 2 * TOTAL};
    int rewound = 0;

    (void)state;
    for (size_t i = 0; i < 10 * ARRAY_SIZE(rings); i++) {
        size_t ring = rings[i % ARRAY_SIZE(rings)], at = 0;
        uint32_t seed = 777 + (uint32_t)i;
        uint8_t content[TOTAL];
        struct drain drain;
        struct rig rig;

        fill_document(content, 0, TOTAL);
        rig_create(&rig, wsd_mem_heap(), INFINITE);
        rig.host.seam.may_rewind = true;
        rig_arm(&rig, ring);
        drain_start(&drain, &rig, 60, 100 * TOTAL, seed);
        while (at < TOTAL) {
            DWORD wanted = 1 + draw(&seed) % 100, written;

            if (wanted > TOTAL - at)
                wanted = (DWORD)(TOTAL - at);
            assert_hr(put(&rig, content + at, wanted, &written), S_OK);
            at += written;
        }
        assert_hr(finish(&rig), S_OK);
        worker_join(&drain.worker);
        assert_false(drain.wrong);
        assert_int_equal(drain.end, WSD_PULL_END);
        assert_int_equal(drain.size, TOTAL);
        assert_memory_equal(drain.bytes, content, TOTAL);
        assert_int_equal(progress_of(&rig).handed, TOTAL);
        rewound += drain.rewound;
        wsd_outbound_settle(rig.self);
        rig_destroy(&rig);
        free(drain.bytes);
    }
    assert_in_range(rewound, 20, 100000);
}

/* Closed, but with a message that has not ended. */
static void rewind__after_close__gives_all_again_until_it_is_settled(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_body_source *source;
    struct rig rig;
    int live;

    (void)state;
    rig_create(&rig, &heap.mem, 0);
    source = wsd_outbound_source(rig.self);
    rig.host.seam.may_rewind = true;
    rig_arm(&rig, 4);
    assert_nothing(&rig, WSD_PULL_NOTHING_NOW);
    assert_true(source->vtable->rewind(source)); /* nothing was pulled yet */
    live = heap.live;
    assert_hr(put_text(&rig, "abcd"), S_OK);
    for (int closed = 0; closed < 3; closed++) {
        assert_taken(&rig, 8, "abcd");
        if (closed == 0)
            assert_hr(finish(&rig), STG_S_BLOCK);
        assert_nothing(&rig, WSD_PULL_END);
        tell_sent(&rig);
        if (closed == 1) {
            assert_hr(finish(&rig), S_OK);
            assert_hr(finish(&rig), INVALID_OPERATION);
        }
        assert_true(source->vtable->can_rewind(source));
        assert_true(source->vtable->rewind(source));
        assert_int_equal(handed(&rig), 4); /* it never shrinks */
        if (closed == 0)
            assert_hr(finish(&rig), STG_S_BLOCK); /* not all is out any more */
    }
    assert_int_equal(heap.live, live + 1);
    wsd_outbound_settle(rig.self);
    assert_int_equal(heap.live, live);
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void rewind__of_what_is_gone__is_refused_and_changes_nothing(void **state)
{
    struct wsd_body_source *source;
    struct rig rig;

    (void)state;
    for (int may = 0; may < 2; may++) {
        rig_create(&rig, wsd_mem_heap(), 0);
        source = wsd_outbound_source(rig.self);
        rig.host.seam.may_rewind = may != 0;
        rig_arm(&rig, 4);
        assert_nothing(&rig, WSD_PULL_NOTHING_NOW);
        assert_hr(put_text(&rig, "abcd"), S_OK);
        assert_taken(&rig, 2, "ab");
        assert_int_equal(source->vtable->can_rewind(source), may);
        assert_hr(put_text(&rig, "e"), S_OK); /* where the a was */
        assert_false(source->vtable->can_rewind(source));
        assert_false(source->vtable->rewind(source));
        assert_taken(&rig, 8, "cde");
        assert_hr(give_up(&rig), S_OK);
        assert_false(source->vtable->can_rewind(source));
        assert_nothing(&rig, WSD_PULL_ABORTED);
        rig_destroy(&rig);
    }
}

static void write__waiting_for_its_message__goes_on_when_that_is_sent(void **state)
{
    struct call call;
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), INFINITE);
    call_start(&call, &rig, "abcdef", 6);
    rig_arm(&rig, 4);
    WORKER_AWAIT(atomic_load(&rig.host.starts) == 1);
    open_by_pull(&rig);
    WORKER_AWAIT(atomic_load(&rig.host.wakes) == 1);
    assert_taken(&rig, 2, "ab");
    assert_call(&call, S_OK, 6);
    assert_taken(&rig, 8, "cdef");
    rig_destroy(&rig);
}

/* Behind what was pulled, little is kept for a pull that comes later or is asked for. */
static void pull__little_is_there__comes_with_the_next_pull(void **state)
{
    char bytes[16];
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 0);
    rig_arm(&rig, 8);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_YET); /* it is open now */
    assert_hr(put_text(&rig, "abcd"), S_OK);
    assert_int_equal(atomic_load(&rig.host.wakes), 0); /* half a ring is not much */
    wsd_outbound_source(rig.self)->hurry = true;
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_BYTES);
    assert_string_equal(bytes, "abcd");
    assert_hr(put_text(&rig, "ef"), S_OK);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_YET);
    assert_string_equal(bytes, "");
    assert_hr(put_text(&rig, "ghi"), S_OK); /* that is */
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_BYTES);
    assert_string_equal(bytes, "efghi");

    /* Nobody waits for what does not come: the first byte wakes again. */
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_YET);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_YET);
    wsd_outbound_source(rig.self)->hurry = true;
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_NOW);
    assert_hr(put_text(&rig, "j"), S_OK);
    assert_int_equal(atomic_load(&rig.host.wakes), 2);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_BYTES);

    /* The end comes with what there is. */
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_NOTHING_YET);
    assert_hr(put_text(&rig, "k"), S_OK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_int_equal(atomic_load(&rig.host.wakes), 3);
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_BYTES);
    assert_string_equal(bytes, "k");
    assert_int_equal(pull_once(&rig, bytes), WSD_PULL_END);
    tell_sent(&rig);
    rig_destroy(&rig);
}

static void write__ring_full__goes_on_at_half_a_ring(void **state)
{
    struct call call;
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 8, INFINITE);
    call_start(&call, &rig, "0123456789ab", 12);
    WORKER_AWAIT(accepted(&rig) == 8);
    assert_taken(&rig, 4, "0123");
    assert_call(&call, S_OK, 12);
    assert_taken(&rig, 16, "456789ab");
    rig_destroy(&rig);
}

static void write__budget_passes__is_short_or_blocks_and_harms_nothing(void **state)
{
    struct rig rig;
    DWORD written;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 4, 3);
    assert_hr(put(&rig, "abcdef", 6, &written), S_OK);
    assert_int_equal(written, 4);
    assert_hr(put(&rig, "zz", 2, &written), STG_S_BLOCK);
    assert_int_equal(written, 0);
    assert_hr(put(&rig, "y", 1, &written), STG_S_BLOCK);
    assert_taken(&rig, 8, "abcd");
    assert_hr(put_text(&rig, "ef"), S_OK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_hr(finish(&rig), STG_S_BLOCK);
    assert_taken(&rig, 8, "ef");
    assert_nothing(&rig, WSD_PULL_END);
    rig_destroy(&rig);
}

/* A call that waits keeps the budget that it began with. */
static void set_wait_budget__while_a_write_waits__is_for_the_next_one(void **state)
{
    struct call call;
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 4, INFINITE);
    call_start(&call, &rig, "0123456789abcdef", 16);
    WORKER_AWAIT(accepted(&rig) == 4);
    wsd_waiting_set_budget(wsd_outbound_waiting(rig.self), 0);
    for (int i = 0; i < 3; i++) {
        static const char *const pieces[] = {"0123", "4567", "89ab"};

        assert_taken(&rig, 4, pieces[i]);
        WORKER_AWAIT(accepted(&rig) == 8 + 4 * (uint64_t)i);
    }
    assert_call(&call, S_OK, 16);
    rig_destroy(&rig);
}

static void close__waiting__ends_when_all_is_out(void **state)
{
    struct call call;
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 8, INFINITE);
    assert_hr(put_text(&rig, "abcd"), S_OK);
    call_start(&call, &rig, NULL, 0);
    assert_taken(&rig, 2, "ab");
    assert_taken(&rig, 2, "cd");
    while (!atomic_load(&call.worker.done)) { /* until Close has begun */
        char buffer[8];
        size_t size;

        if (take(&rig, buffer, sizeof(buffer), &size) == WSD_PULL_END)
            tell_sent(&rig);
        sched_yield();
    }
    assert_call(&call, S_OK, 0);
    rig_destroy(&rig);
}

/* ---- Abort and errors while somebody waits ----------------------------------------- */

/* Where a Write can wait. */
enum place { FOR_BINDING, FOR_SENDING, FOR_OPENING, FOR_ROOM, PLACE_COUNT };

static void rig_for(struct rig *rig, enum place place)
{
    rig_create(rig, wsd_mem_heap(), INFINITE);
    if (place == FOR_SENDING)
        rig_bind(rig);
    if (place >= FOR_OPENING)
        rig_arm(rig, 4);
    if (place == FOR_ROOM)
        assert_nothing(rig, WSD_PULL_NOTHING_NOW);
}

/* Abort is refused until Write has been called, so its S_OK says that it was. */
static void abort__while_write_waits__wakes_it_with_e_abort(void **state)
{
    (void)state;
    for (enum place place = 0; place < PLACE_COUNT; place++) {
        struct call call;
        struct rig rig;

        rig_for(&rig, place);
        call_start(&call, &rig, "0123456789", 10);
        WORKER_AWAIT(give_up(&rig) == S_OK);
        assert_call(&call, E_ABORT, 0);
        assert_int_equal(atomic_load(&rig.host.aborts), place >= FOR_OPENING);
        rig_destroy(&rig);
    }
}

static void fail__while_write_waits__wakes_it_with_the_error(void **state)
{
    (void)state;
    for (enum place place = FOR_SENDING; place < PLACE_COUNT; place++) {
        struct call call;
        struct rig rig;

        rig_for(&rig, place);
        call_start(&call, &rig, "0123456789", 10);
        if (place == FOR_OPENING)
            WORKER_AWAIT(atomic_load(&rig.host.starts) == 1);
        if (place == FOR_ROOM)
            WORKER_AWAIT(accepted(&rig) == 4);
        wsd_outbound_fail(rig.self, BROKEN);
        assert_call(&call, BROKEN, 0);
        rig_destroy(&rig);
    }
}

static void end__while_close_waits__wakes_it_with_the_code(void **state)
{
    (void)state;
    for (int how = 0; how < 2; how++) {
        struct call call;
        struct rig rig;

        rig_open(&rig, wsd_mem_heap(), 8, 0);
        assert_hr(put_text(&rig, "abcd"), S_OK);
        assert_hr(finish(&rig), STG_S_BLOCK);
        wsd_waiting_set_budget(wsd_outbound_waiting(rig.self), INFINITE);
        call_start(&call, &rig, NULL, 0);
        if (how == 0) {
            wsd_outbound_fail(rig.self, BROKEN);
            assert_call(&call, BROKEN, 0);
        } else {
            assert_hr(give_up(&rig), S_OK);
            worker_join(&call.worker);
            /* INVALID_OPERATION, if it came too late to wait */
            assert_true(call.hr == E_ABORT || call.hr == INVALID_OPERATION);
        }
        rig_destroy(&rig);
    }
}

/* One Write waits for room and others for their turn.  A round in which Abort came before
 * all of those had begun shows less, so there are more rounds until one shows it all. */
static void abort__while_writes_wait_for_their_turn__wakes_all(void **state)
{
    bool all_were_waiting = false;

    (void)state;
    for (int round = 1; !all_were_waiting; round++) {
        struct call calls[4];
        struct rig rig;

        assert_in_range(round, 1, 10000);
        rig_open(&rig, wsd_mem_heap(), 4, INFINITE);
        call_start(&calls[0], &rig, "0123456789", 10);
        WORKER_AWAIT(accepted(&rig) == 4);
        for (size_t i = 1; i < ARRAY_SIZE(calls); i++)
            call_start(&calls[i], &rig, i == 3 ? NULL : "abc", i == 3 ? 0 : 3);
        for (int i = 0; i < round; i++)
            sched_yield();
        assert_hr(give_up(&rig), S_OK);
        assert_call(&calls[0], E_ABORT, 0);
        all_were_waiting = true;
        for (size_t i = 1; i < ARRAY_SIZE(calls); i++) {
            worker_join(&calls[i].worker);
            assert_true(calls[i].hr == E_ABORT || calls[i].hr == INVALID_OPERATION);
            assert_int_equal(calls[i].written, 0);
            all_were_waiting &= calls[i].hr == E_ABORT;
        }
        rig_destroy(&rig);
    }
}

static void turn__budget_passes__blocks_and_takes_nothing(void **state)
{
    struct call call;
    struct rig rig;

    (void)state;
    rig_open(&rig, wsd_mem_heap(), 4, INFINITE);
    call_start(&call, &rig, "01234567", 8);
    WORKER_AWAIT(accepted(&rig) == 4);
    for (DWORD budget = 0; budget < 4; budget += 3) {
        wsd_waiting_set_budget(wsd_outbound_waiting(rig.self), budget);
        assert_hr(put_text(&rig, "x"), STG_S_BLOCK);
        assert_hr(finish(&rig), STG_S_BLOCK);
    }
    assert_taken(&rig, 4, "0123");
    assert_call(&call, S_OK, 8);
    assert_hr(finish(&rig), STG_S_BLOCK); /* the one before it did not begin to close */
    assert_taken(&rig, 8, "4567");
    rig_destroy(&rig);
}

/* FAULTS B8: a reference too few, but the memory stays until the call is out of it. */
static void release__while_write_waits__wakes_it_with_e_abort(void **state)
{
    (void)state;
    for (enum place place = 0; place < PLACE_COUNT; place++) {
        struct call call;
        struct rig rig;

        rig_for(&rig, place);
        wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), NULL, NULL);
        call_start(&call, &rig, "0123456789", 10);
        /* The callback can be set until Write is called. */
        WORKER_AWAIT(wsd_waiting_set_ready(wsd_outbound_waiting(rig.self), NULL, NULL) !=
                     S_OK);
        assert_int_equal(rig.object->lpVtbl->Release(rig.object), 0);
        rig_end_message(&rig);
        assert_call(&call, E_ABORT, 0);
        assert_int_equal(atomic_load(&rig.host.references), 0);
    }
}

/* ---- many threads ------------------------------------------------------------------ */

enum { WRITERS = 4, RECORDS = 300, RECORD_BYTES = 12 };

struct record_writer {
    struct worker worker;
    struct rig *rig;
    uint8_t name;
    bool failed;
};

static void write_records(void *context)
{
    struct record_writer *writer = context;

    for (uint8_t i = 0; !writer->failed && i < RECORDS / 2; i++) {
        uint8_t record[RECORD_BYTES];
        DWORD written;

        memset(record, writer->name, sizeof(record));
        record[0] = i;
        writer->failed = put(writer->rig, record, sizeof(record), &written) != S_OK ||
                         written != sizeof(record);
    }
}

static void write__of_several_threads__is_not_interleaved(void **state)
{
    const size_t total = (size_t)WRITERS * (RECORDS / 2) * RECORD_BYTES;

    (void)state;
    for (size_t ring = 1; ring <= 64; ring = 3 * ring + 1) {
        struct record_writer writers[WRITERS];
        uint8_t next[WRITERS] = {0};
        struct drain drain;
        struct rig rig;

        rig_create(&rig, wsd_mem_heap(), INFINITE);
        rig_arm(&rig, ring);
        drain_start(&drain, &rig, ring, total, (uint32_t)ring);
        for (uint8_t i = 0; i < WRITERS; i++) {
            writers[i] = (struct record_writer){.rig = &rig, .name = (uint8_t)(200 + i)};
            worker_start(&writers[i].worker, write_records, &writers[i]);
        }
        for (int i = 0; i < WRITERS; i++) {
            worker_join(&writers[i].worker);
            assert_false(writers[i].failed);
        }
        assert_hr(finish(&rig), S_OK);
        worker_join(&drain.worker);
        assert_false(drain.wrong);
        assert_int_equal(drain.size, total);
        for (size_t at = 0; at < total; at += RECORD_BYTES) {
            const uint8_t *record = drain.bytes + at;
            uint8_t name = record[1];

            assert_in_range(name, 200, 200 + WRITERS - 1);
            assert_int_equal(record[0], next[name - 200]++);
            for (int i = 1; i < RECORD_BYTES; i++)
                assert_int_equal(record[i], name);
        }
        rig_destroy(&rig);
        free(drain.bytes);
    }
}

struct race {
    struct rig rig;
    uint32_t writer_seed, puller_seed, aborter_seed;
    HRESULT written; /* of the writer's last Write */
    HRESULT closed, aborted;
    DWORD taken; /* by Write, with S_OK */
    size_t pulled;
    enum wsd_pull end;
    bool wrong;
};

static void dawdle(uint32_t *seed)
{
    for (uint32_t i = draw(seed) % 8; i > 0; i--)
        sched_yield();
}

static void race_write(void *context)
{
    struct race *race = context;
    uint8_t bytes[16];

    do {
        DWORD wanted = 1 + draw(&race->writer_seed) % sizeof(bytes), written;

        fill_document(bytes, race->taken, wanted);
        race->written = put(&race->rig, bytes, wanted, &written);
        race->taken += written;
        dawdle(&race->writer_seed);
    } while (race->written == S_OK && race->taken < 40);
    race->closed = finish(&race->rig);
}

static void race_pull(void *context)
{
    struct race *race = context;

    do {
        uint8_t bytes[8];
        size_t size;

        race->end = take(&race->rig, bytes, 1 + draw(&race->puller_seed) % 8, &size);
        for (size_t i = 0; i < size; i++)
            race->wrong |= bytes[i] != document(race->pulled + i);
        race->pulled += size;
        dawdle(&race->puller_seed);
    } while (race->end <= WSD_PULL_NOTHING_NOW);
    if (race->end == WSD_PULL_END)
        tell_sent(&race->rig);
}

static void race_abort(void *context)
{
    struct race *race = context;

    dawdle(&race->aborter_seed);
    dawdle(&race->aborter_seed);
    race->aborted = give_up(&race->rig);
}

/* FAULTS I1: one outcome, and every thread was told the same. */
static void race__writer_puller_aborter__agree_on_one_end(void **state)
{
    int ends[2] = {0, 0};

    (void)state;
    for (uint32_t round = 1; round <= 2000; round++) {
        struct worker workers[3];
        struct race race = {.writer_seed = round * 2654435761u,
                            .puller_seed = round * 40503u,
                            .aborter_seed = round * 69069u};

        rig_create(&race.rig, wsd_mem_heap(), INFINITE);
        rig_arm(&race.rig, 1 + round % 9);
        worker_start(&workers[0], race_write, &race);
        worker_start(&workers[1], race_pull, &race);
        worker_start(&workers[2], race_abort, &race);
        for (size_t i = 0; i < ARRAY_SIZE(workers); i++)
            worker_join(&workers[i]);
        assert_false(race.wrong);
        assert_true(handed(&race.rig) <= accepted(&race.rig));
        if (race.closed == S_OK) {
            ends[0]++;
            assert_hr(race.written, S_OK);
            assert_hr(race.aborted, INVALID_OPERATION);
            assert_int_equal(race.end, WSD_PULL_END);
            assert_int_equal(race.pulled, race.taken);
            assert_int_equal(atomic_load(&race.rig.host.aborts), 0);
        } else {
            ends[1]++;
            assert_hr(race.aborted, S_OK);
            assert_true(race.written == S_OK || race.written == E_ABORT ||
                        race.written == INVALID_OPERATION);
            assert_true(race.closed == E_ABORT || race.closed == INVALID_OPERATION);
            /* Aborted between the last byte and its sending, it can be both. */
            assert_true(race.end == WSD_PULL_ABORTED || race.written == S_OK);
            assert_true(race.pulled <= race.taken + 16);
            assert_int_equal(atomic_load(&race.rig.host.aborts), 1);
        }
        rig_destroy(&race.rig);
    }
    assert_true(ends[0] > 0 && ends[1] > 0);
}

/* ---- on the library's own thread --------------------------------------------------- */

struct own_thread {
    struct rig *rig;
    HRESULT write, close;
    atomic_bool done;
};

static void call_on_own_thread(void *context)
{
    struct own_thread *own = context;
    DWORD written;

    own->write = put(own->rig, "abc", 3, &written);
    own->close = finish(own->rig);
    atomic_store(&own->done, true);
}

static void own_thread_run(struct own_thread *own, struct rig *rig)
{
    struct wsd_thread thread;

    own->rig = rig;
    atomic_init(&own->done, false);
    assert_hr(wsd_thread_start(&thread, call_on_own_thread, own), S_OK);
    WORKER_AWAIT(atomic_load(&own->done));
    wsd_thread_join(&thread);
}

static void own_thread__blocking_calls__are_refused_and_others_are_not(void **state)
{
    (void)state;
    for (int waits = 0; waits < 2; waits++) {
        struct own_thread own;
        struct rig rig;

        rig_open(&rig, wsd_mem_heap(), 8, waits ? INFINITE : 0);
        own_thread_run(&own, &rig);
        assert_hr(own.write, waits ? POSSIBLE_DEADLOCK : S_OK);
        assert_hr(own.close, waits ? POSSIBLE_DEADLOCK : STG_S_BLOCK);
        assert_hr(give_up(&rig), S_OK); /* it was called, if in vain */
        rig_destroy(&rig);
    }
}

/* On such a thread a Write tells whether it would wait. */
static void arm__wait_budget__is_the_messages_unless_one_was_set(void **state)
{
    static const struct {
        bool is_set;
        DWORD own, message;
        HRESULT hr;
    } rows[] = {
        {false, 0, 0, STG_S_BLOCK},
        {false, 0, 5, POSSIBLE_DEADLOCK},
        {true, 0, INFINITE, STG_S_BLOCK},
        {true, INFINITE, 0, POSSIBLE_DEADLOCK},
        {true, WSD_WAIT_BUDGET_MS, 0, POSSIBLE_DEADLOCK}, /* the default counts too */
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct own_thread own;
        struct rig rig;

        fake_host_init(&rig.host);
        assert_hr(wsd_outbound_create(wsd_mem_heap(), &rig.object), S_OK);
        rig.self = wsd_outbound_from((IWSDAttachment *)rig.object);
        if (rows[i].is_set)
            wsd_waiting_set_budget(wsd_outbound_waiting(rig.self), rows[i].own);
        rig_bind(&rig);
        assert_hr(wsd_outbound_arm(rig.self, &rig.host.seam, 4, rows[i].message,
                                   WSD_LENGTH_UNKNOWN),
                  S_OK);
        own_thread_run(&own, &rig);
        assert_hr(own.write, rows[i].hr);
        rig_destroy(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__in_each_state__returns_its_code),
        cmocka_unit_test(write__wrong_arguments__are_told_first_in_each_state),
        cmocka_unit_test(message_calls__in_each_state__return_their_codes),
        cmocka_unit_test(release__in_each_state__aborts_what_is_not_whole),
        cmocka_unit_test(pull__each__first_tells_what_those_before_have_handed_over),
        cmocka_unit_test(abort__in_each_state__allocates_nothing_and_drops_the_ring),
        cmocka_unit_test(fail__in_each_state__sticks_unless_it_has_ended),
        cmocka_unit_test(sent__after_an_end__changes_nothing),
        cmocka_unit_test(query_interface__each_id__is_the_one_object_or_null),
        cmocka_unit_test(from__foreign_objects__are_told_from_ours),
        cmocka_unit_test(from__an_object_that_nobody_keeps__is_not_taken),
        cmocka_unit_test(create__memory_is_short__gives_null),
        cmocka_unit_test(unbind__of_a_bound_one__lets_it_be_bound_again),
        cmocka_unit_test(unbind__after_the_last_release__frees_it),
        cmocka_unit_test(arm__wait_budget__is_the_messages_unless_one_was_set),
        cmocka_unit_test(write__once_armed__starts_the_message_outside_the_lock),
        cmocka_unit_test(write__start_fails__returns_that_at_once_and_ever_after),
        cmocka_unit_test(write__of_nothing__opens_an_empty_document),
        cmocka_unit_test(write__no_memory_for_the_ring__fails_the_message),
        cmocka_unit_test(
            write__beyond_the_declared_length__takes_nothing_and_harms_nothing),
        cmocka_unit_test(calls__that_wait__drive_the_transport),
        cmocka_unit_test(calls__that_do_not_wait__only_ask),
        cmocka_unit_test(write__first_one_beyond_the_declared_length__does_not_start),
        cmocka_unit_test(write__waiting_for_its_turn__is_counted_when_that_comes),
        cmocka_unit_test(close__before_the_declared_length__fails_and_cuts),
        cmocka_unit_test(close__of_an_empty_document_as_declared__is_whole),
        cmocka_unit_test(ring__lives__from_the_first_byte_to_the_end_of_the_content),
        cmocka_unit_test(stream__random_sizes__takes_what_fits_and_keeps_order),
        cmocka_unit_test(event_loop__ready_fd_or_callback__never_stalls),
        cmocka_unit_test(ready__at_each_step__is_told_once_for_each_refusal),
        cmocka_unit_test(ready__room_that_pulls_made__is_told_when_the_puller_rests),
        cmocka_unit_test(ready__the_end__is_told_however_it_comes),
        cmocka_unit_test(ready_fd__first_asked_for_after_a_refusal__is_unreadable),
        cmocka_unit_test(ready_fd__no_descriptor_left__says_so_and_works_later),
        cmocka_unit_test(ready_callback__after_the_first_write__cannot_be_set),
        cmocka_unit_test(ready_callback__gives_back_the_last_reference__is_safe),
        cmocka_unit_test(ready_callback__that_writes__is_not_inside_the_lock),
        cmocka_unit_test(ready__refused_for_anothers_turn__is_told_at_its_end),
        cmocka_unit_test(ready__refused_for_room__is_not_told_by_its_own_turn),
        cmocka_unit_test(stream__two_threads__nobody_sleeps_through_a_wake_up),
        cmocka_unit_test(rewind__on_the_other_thread__loses_and_mixes_nothing),
        cmocka_unit_test(rewind__after_close__gives_all_again_until_it_is_settled),
        cmocka_unit_test(rewind__of_what_is_gone__is_refused_and_changes_nothing),
        cmocka_unit_test(write__waiting_for_its_message__goes_on_when_that_is_sent),
        cmocka_unit_test(pull__little_is_there__comes_with_the_next_pull),
        cmocka_unit_test(write__ring_full__goes_on_at_half_a_ring),
        cmocka_unit_test(write__budget_passes__is_short_or_blocks_and_harms_nothing),
        cmocka_unit_test(set_wait_budget__while_a_write_waits__is_for_the_next_one),
        cmocka_unit_test(close__waiting__ends_when_all_is_out),
        cmocka_unit_test(abort__while_write_waits__wakes_it_with_e_abort),
        cmocka_unit_test(fail__while_write_waits__wakes_it_with_the_error),
        cmocka_unit_test(end__while_close_waits__wakes_it_with_the_code),
        cmocka_unit_test(abort__while_writes_wait_for_their_turn__wakes_all),
        cmocka_unit_test(turn__budget_passes__blocks_and_takes_nothing),
        cmocka_unit_test(release__while_write_waits__wakes_it_with_e_abort),
        cmocka_unit_test(write__of_several_threads__is_not_interleaved),
        cmocka_unit_test(race__writer_puller_aborter__agree_on_one_end),
        cmocka_unit_test(own_thread__blocking_calls__are_refused_and_others_are_not),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
