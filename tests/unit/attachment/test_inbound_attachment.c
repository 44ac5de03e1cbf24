#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "attachment/inbound_attachment.h"
#include "attachment/outbound_attachment.h"
#include "os/thread.h"
#include "support/failing_mem.h"
#include "support/fake_inbound_host.h"
#include "support/worker.h"
#include "wsd_error.h"

#define ARRAY_SIZE(array) (sizeof(array) / sizeof((array)[0]))
#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define POSSIBLE_DEADLOCK HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)
#define BROKEN WS_E_ENDPOINT_DISCONNECTED

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* ---- one attachment, its message, and the message's pusher ---- */

struct rig {
    struct fake_inbound_host host;
    struct wsd_inbound_attachment *self;
    IWSDInboundAttachment *object;
    atomic_int called; /* the ready callback */
};

static void WSD_CALL count_call(void *context)
{
    atomic_fetch_add(&((struct rig *)context)->called, 1);
}

static void rig_create(struct rig *rig, const struct wsd_mem *mem, size_t ring_bytes,
                       DWORD budget_ms)
{
    fake_inbound_host_init(&rig->host);
    atomic_init(&rig->called, 0);
    assert_hr(wsd_inbound_attachment_create(mem, &rig->host.seam, ring_bytes, budget_ms,
                                            &rig->self),
              S_OK);
    rig->object = wsd_inbound_attachment_iface(rig->self);
    assert_hr(
        wsd_waiting_set_ready(wsd_inbound_attachment_waiting(rig->self), count_call, rig),
        S_OK);
}

static void rig_destroy(struct rig *rig)
{
    rig->object->lpVtbl->Release(rig->object);
    wsd_inbound_attachment_release_use(rig->self);
    assert_int_equal(atomic_load(&rig->host.references), 0);
}

static void push_nothing(struct rig *rig)
{
    size_t taken = SIZE_MAX;

    assert_hr(wsd_inbound_attachment_push(rig->self, NULL, 0, &taken), S_OK);
    assert_int_equal(taken, 0);
}

/* Pushes, and no more at the moment; returns how many were taken. */
static size_t push(struct rig *rig, const char *text)
{
    size_t taken = SIZE_MAX;

    assert_hr(wsd_inbound_attachment_push(rig->self, (const uint8_t *)text, strlen(text),
                                          &taken),
              S_OK);
    push_nothing(rig);
    return taken;
}

static HRESULT get(struct rig *rig, char *to, DWORD size)
{
    DWORD given = 99;
    HRESULT hr = rig->object->lpVtbl->Read(rig->object, (BYTE *)to, size, &given);

    /* [I4] [I5] */
    assert_true(hr == S_OK ? given > 0 && given <= size
                           : given == 0 || (hr == S_FALSE && given <= size));
    to[given] = '\0';
    return hr;
}

static void assert_read(struct rig *rig, DWORD size, HRESULT expected, const char *text)
{
    char buffer[64];
    HRESULT hr = get(rig, buffer, size);

    assert_hr(hr, expected);
    assert_string_equal(buffer, text);
}

static void finish(struct rig *rig)
{
    assert_hr(rig->object->lpVtbl->Close(rig->object), S_OK);
}

static bool is_ready(struct rig *rig)
{
    struct pollfd item = {-1, POLLIN, 0};

    assert_hr(
        wsd_waiting_get_ready_fd(wsd_inbound_attachment_waiting(rig->self), &item.fd),
        S_OK);
    return poll(&item, 1, 0) == 1;
}

/* ---- the table: every call in every state ---- */

enum start {
    ARRIVING,
    ARRIVING_WITH_BYTES,
    WHOLE,
    WHOLE_WITH_BYTES,
    CLOSED,
    CLOSED_WHOLE,
    FAILED_EMPTY,
    FAILED_WITH_BYTES,
    STARTS
};

static void bring(struct rig *rig, enum start start)
{
    if (start == ARRIVING_WITH_BYTES || start == WHOLE_WITH_BYTES ||
        start == CLOSED_WHOLE || start == FAILED_WITH_BYTES)
        assert_int_equal(push(rig, "abc"), 3);
    if (start == WHOLE || start == WHOLE_WITH_BYTES || start == CLOSED_WHOLE)
        wsd_inbound_attachment_end(rig->self);
    if (start == CLOSED || start == CLOSED_WHOLE)
        finish(rig);
    if (start == FAILED_EMPTY || start == FAILED_WITH_BYTES)
        wsd_inbound_attachment_fail(rig->self, BROKEN);
}

/* [I5] [I6] [I7] [I11] [I12] [I13] */
static void calls__in_every_state__are_as_documented(void **state)
{
    static const struct {
        HRESULT hr;
        const char *text;
        HRESULT next, after_close; /* further Reads */
        bool awaited;
    } rows[STARTS] = {
        [ARRIVING] = {STG_S_BLOCK, "", STG_S_BLOCK, INVALID_OPERATION, true},
        [ARRIVING_WITH_BYTES] = {S_OK, "abc", STG_S_BLOCK, INVALID_OPERATION, true},
        [WHOLE] = {S_FALSE, "", S_FALSE, INVALID_OPERATION, false},
        [WHOLE_WITH_BYTES] = {S_FALSE, "abc", S_FALSE, INVALID_OPERATION, false},
        [CLOSED] = {INVALID_OPERATION, "", INVALID_OPERATION, INVALID_OPERATION, false},
        [CLOSED_WHOLE] = {INVALID_OPERATION, "", INVALID_OPERATION, INVALID_OPERATION,
                          false},
        [FAILED_EMPTY] = {BROKEN, "", BROKEN, BROKEN, false},
        [FAILED_WITH_BYTES] = {BROKEN, "", BROKEN, BROKEN, false},
    };

    (void)state;
    for (int start = 0; start < STARTS; start++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        rig_create(&rig, &heap.mem, 8, 0);
        bring(&rig, (enum start)start);
        assert_int_equal(wsd_inbound_attachment_is_awaited(rig.self),
                         rows[start].awaited);
        assert_read(&rig, 8, rows[start].hr, rows[start].text);
        assert_read(&rig, 8, rows[start].next, "");
        assert_read(&rig, 8, rows[start].next, "");
        if (!rows[start].awaited) { /* what comes too late is thrown away */
            assert_int_equal(push(&rig, "far more than the ring has"), 26);
            wsd_inbound_attachment_end(rig.self);
            wsd_inbound_attachment_fail(rig.self, E_FAIL);
            assert_read(&rig, 8, rows[start].next, "");
        }
        finish(&rig);
        assert_read(&rig, 8, rows[start].after_close, "");
        finish(&rig);
        assert_false(wsd_inbound_attachment_is_awaited(rig.self));
        assert_int_equal(push(&rig, "far more than the ring has"), 26);
        assert_int_equal(atomic_load(&rig.host.wakes), 0);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* [I4] [I8] [I9] */
static void read__bad_arguments__are_told_first_in_every_state(void **state)
{
    (void)state;
    for (int start = 0; start < STARTS; start++) {
        struct rig rig;
        BYTE byte;
        DWORD given = 99;

        rig_create(&rig, wsd_mem_heap(), 8, INFINITE);
        bring(&rig, (enum start)start);
        assert_hr(rig.object->lpVtbl->Read(rig.object, &byte, 1, NULL), E_POINTER);
        assert_hr(rig.object->lpVtbl->Read(rig.object, NULL, 0, NULL), E_POINTER);
        assert_hr(rig.object->lpVtbl->Read(rig.object, NULL, 1, &given), E_INVALIDARG);
        assert_int_equal(given, 0);
        given = 99;
        assert_hr(rig.object->lpVtbl->Read(rig.object, &byte, 0, &given), E_INVALIDARG);
        assert_int_equal(given, 0);
        rig_destroy(&rig);
    }
}

static void release__without_close__is_one_in_every_state(void **state)
{
    (void)state;
    for (int start = 0; start < STARTS; start++)
        for (int last = 0; last < 2; last++) {
            struct failing_mem heap = FAILING_MEM(-1, &heap);
            struct rig rig;

            rig_create(&rig, &heap.mem, 8, 0);
            bring(&rig, (enum start)start);
            if (last)
                wsd_inbound_attachment_release_use(rig.self);
            assert_int_equal(rig.object->lpVtbl->Release(rig.object), 0);
            if (!last) {
                assert_false(wsd_inbound_attachment_is_awaited(rig.self));
                assert_int_equal(push(&rig, "0123456789"), 10);
                wsd_inbound_attachment_end(rig.self);
                wsd_inbound_attachment_release_use(rig.self);
            }
            assert_int_equal(atomic_load(&rig.host.references), 0);
            assert_int_equal(heap.live, 0);
        }
}

/* ---- references ---- */

static void query__of_each_interface__is_one_object(void **state)
{
    const IID *const known[] = {&IID_IUnknown, &IID_IWSDAttachment,
                                &IID_IWSDInboundAttachment};
    struct rig rig;
    void *other;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    for (size_t i = 0; i < ARRAY_SIZE(known); i++) {
        assert_hr(rig.object->lpVtbl->QueryInterface(rig.object, known[i], &other), S_OK);
        assert_ptr_equal(other, rig.object);
        assert_int_equal(rig.object->lpVtbl->Release(rig.object), 1);
    }
    other = &rig;
    assert_hr(rig.object->lpVtbl->QueryInterface(rig.object, &IID_IWSDOutboundAttachment,
                                                 &other),
              E_NOINTERFACE);
    assert_null(other);
    assert_hr(rig.object->lpVtbl->QueryInterface(rig.object, &IID_IUnknown, NULL),
              E_POINTER);
    assert_int_equal(rig.object->lpVtbl->AddRef(rig.object), 2);
    assert_int_equal(rig.object->lpVtbl->Release(rig.object), 1);
    rig_destroy(&rig);
}

static void from__own_object_and_another__tells_them_apart(void **state)
{
    IWSDOutboundAttachment *other;
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    assert_ptr_equal(wsd_inbound_attachment_from((IWSDAttachment *)rig.object), rig.self);
    assert_hr(wsd_outbound_create(wsd_mem_heap(), &other), S_OK);
    assert_null(wsd_inbound_attachment_from((IWSDAttachment *)other));
    other->lpVtbl->Release(other);
    rig_destroy(&rig);
}

static void iface__given_back_and_got_again__is_the_same_closed_object(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 8, 0);
    for (int i = 0; i < 3; i++) {
        IWSDInboundAttachment *before = rig.object;

        assert_int_equal(push(&rig, "abc"), 3);
        assert_ptr_equal(wsd_inbound_attachment_iface(rig.self), before);
        assert_int_equal(before->lpVtbl->Release(before), 1);
        assert_int_equal(before->lpVtbl->Release(before), 0);
        rig.object = wsd_inbound_attachment_iface(rig.self);
        assert_ptr_equal(rig.object, before);
        assert_read(&rig, 8, INVALID_OPERATION, "");
    }
    wsd_inbound_attachment_release_use(rig.self); /* the application is the last */
    assert_read(&rig, 8, INVALID_OPERATION, "");
    assert_int_equal(rig.object->lpVtbl->Release(rig.object), 0);
    assert_int_equal(atomic_load(&rig.host.references), 0);
    assert_int_equal(heap.live, 0);
}

static void close_unreferenced__only_what_nobody_holds__is_closed(void **state)
{
    struct rig rig;
    struct wsd_inbound_attachment *other;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    assert_hr(wsd_inbound_attachment_create(wsd_mem_heap(), &rig.host.seam, 8, 0, &other),
              S_OK);
    wsd_inbound_attachment_close_unreferenced(rig.self);
    wsd_inbound_attachment_close_unreferenced(other);
    assert_true(wsd_inbound_attachment_is_awaited(rig.self));
    assert_false(wsd_inbound_attachment_is_awaited(other));
    wsd_inbound_attachment_release_use(other);
    assert_int_equal(push(&rig, "abc"), 3);
    assert_read(&rig, 8, S_OK, "abc");
    rig_destroy(&rig);
}

/* Without the message nobody else tells the pusher that there is one reader less. */
static void close__after_close_unreferenced__wakes_once(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct rig rig;

        rig_create(&rig, wsd_mem_heap(), 8, 0);
        wsd_inbound_attachment_close_unreferenced(rig.self);
        assert_int_equal(push(&rig, "abc"), 3);
        assert_read(&rig, 2, S_OK, "ab");
        assert_int_equal(atomic_load(&rig.host.wakes), 0);
        if (way == 0)
            finish(&rig);
        else
            rig.object->lpVtbl->Release(rig.object);
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        if (way == 1)
            rig.object = wsd_inbound_attachment_iface(rig.self);
        finish(&rig);
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        rig_destroy(&rig);
    }
}

static void create__each_allocation_fails_in_turn__leaks_nothing(void **state)
{
    int grants = -1;
    HRESULT hr;

    (void)state;
    do {
        struct failing_mem heap = FAILING_MEM(++grants, &heap);
        struct wsd_inbound_attachment *self =
            (struct wsd_inbound_attachment *)(uintptr_t)1;
        struct fake_inbound_host host;

        fake_inbound_host_init(&host);
        hr = wsd_inbound_attachment_create(&heap.mem, &host.seam, 8, 0, &self);
        if (hr == S_OK) {
            wsd_inbound_attachment_release_use(self);
        } else {
            assert_hr(hr, E_OUTOFMEMORY);
            assert_null(self);
        }
        assert_int_equal(atomic_load(&host.references), 0);
        assert_int_equal(heap.live, 0);
    } while (hr != S_OK && grants < 100);
    assert_in_range(grants, 1, 99);
}

/* ---- bytes ---- */

static char pattern(size_t index)
{
    return (char)(index % 251);
}

static void read__pieces_of_any_size__gives_each_byte_once_in_order(void **state)
{
    static const size_t sizes[] = {1, 2, 3, 7, 8, 9, 64};
    enum { TOTAL = 200, S = ARRAY_SIZE(sizes) };
    uint8_t bytes[TOTAL];

    (void)state;
    for (size_t i = 0; i < TOTAL; i++)
        bytes[i] = (uint8_t)pattern(i);
    for (size_t row = 0; row < S * S * S; row++) {
        size_t ring = sizes[row / S / S], piece = sizes[row / S % S];
        DWORD most = (DWORD)sizes[row % S];
        size_t pushed = 0, read = 0;
        wsd_attachment_progress progress;
        bool ended = false;
        HRESULT hr = S_OK;
        struct rig rig;

        rig_create(&rig, wsd_mem_heap(), ring, 0);
        while (hr != S_FALSE) {
            size_t size = piece < TOTAL - pushed ? piece : TOTAL - pushed, taken;
            BYTE buffer[64];
            DWORD given;

            if (size > 0) {
                assert_hr(
                    wsd_inbound_attachment_push(rig.self, bytes + pushed, size, &taken),
                    S_OK);
                pushed += taken;
            } else if (!ended) {
                wsd_inbound_attachment_end(rig.self);
                ended = true;
            }
            hr = rig.object->lpVtbl->Read(rig.object, buffer, most, &given);
            assert_true(hr == S_OK || hr == S_FALSE);
            assert_true(given > 0 || hr == S_FALSE);
            assert_memory_equal(buffer, bytes + read, given);
            read += given;
            wsd_inbound_attachment_get_progress(rig.self, &progress);
            assert_int_equal(progress.accepted, pushed);
            assert_int_equal(progress.handed, read);
        }
        assert_int_equal(read, TOTAL);
        assert_read(&rig, 8, S_FALSE, "");
        rig_destroy(&rig);
    }
}

static void read__end_behind_the_last_bytes__comes_with_them_or_alone(void **state)
{
    struct rig rig;

    (void)state;
    for (int late = 0; late < 2; late++) {
        rig_create(&rig, wsd_mem_heap(), 8, 0);
        push(&rig, "abcdef");
        assert_read(&rig, 2, S_OK, "ab");
        if (late)
            assert_read(&rig, 4, S_OK, "cdef");
        wsd_inbound_attachment_end(rig.self);
        if (!late) {
            assert_read(&rig, 3, S_OK, "cde");
            assert_read(&rig, 1, S_FALSE, "f");
        }
        for (int i = 0; i < 3; i++)
            assert_read(&rig, 8, S_FALSE, "");
        rig_destroy(&rig);
    }
}

/* ---- who waits for what ---- */

/* [I2] */
static void push__ring_full__is_woken_when_half_of_it_is_free(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    assert_int_equal(push(&rig, "abcdefgh"), 8); /* full, but nobody waits */
    assert_read(&rig, 8, S_OK, "abcdefgh");
    assert_int_equal(atomic_load(&rig.host.wakes), 0);

    assert_int_equal(push(&rig, "abcdefghij"), 8);
    assert_int_equal(push(&rig, "ij"), 0);
    assert_read(&rig, 3, S_OK, "abc");
    assert_int_equal(atomic_load(&rig.host.wakes), 0);
    assert_read(&rig, 1, S_OK, "d");
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    assert_read(&rig, 2, S_OK, "ef");
    assert_int_equal(atomic_load(&rig.host.wakes), 1); /* it knows */
    assert_int_equal(push(&rig, "ij"), 2);
    assert_read(&rig, 8, S_OK, "ghij");
    assert_int_equal(atomic_load(&rig.host.wakes), 1);
    rig_destroy(&rig);
}

static void push__ring_of_one_byte__is_woken_for_each(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 1, 0);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(push(&rig, "ab"), 1);
        assert_int_equal(atomic_load(&rig.host.wakes), i);
        assert_read(&rig, 8, S_OK, "a");
        assert_int_equal(atomic_load(&rig.host.wakes), i + 1);
    }
    rig_destroy(&rig);
}

static void close__pusher_waits__wakes_it_and_throws_away(void **state)
{
    (void)state;
    for (int way = 0; way < 2; way++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        rig_create(&rig, &heap.mem, 8, 0);
        assert_int_equal(push(&rig, "0123456789"), 8);
        if (way == 0)
            finish(&rig);
        else
            rig.object->lpVtbl->Release(rig.object);
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        assert_int_equal(heap.live, 1); /* the ring is gone */
        assert_int_equal(push(&rig, "89"), 2);
        if (way == 1)
            rig.object = wsd_inbound_attachment_iface(rig.self);
        finish(&rig);
        assert_int_equal(atomic_load(&rig.host.wakes), 1);
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

/* The host pushes the rest while Read still is inside. */
static void push_rest(struct fake_inbound_host *host)
{
    struct rig *rig = host->context;

    assert_int_equal(push(rig, "ij"), 2);
    wsd_inbound_attachment_end(rig->self);
}

static void push__from_the_wake_itself__is_not_lost(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    rig.host.on_wake = push_rest;
    rig.host.context = &rig;
    assert_int_equal(push(&rig, "abcdefghij"), 8);
    assert_read(&rig, 8, S_OK, "abcdefgh");
    assert_read(&rig, 8, S_FALSE, "ij");
    rig_destroy(&rig);
}

static void close_from_wake(struct fake_inbound_host *host)
{
    finish(host->context);
}

static void close__from_the_wake_itself__leaves_what_was_read(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 0);
    rig.host.on_wake = close_from_wake;
    rig.host.context = &rig;
    assert_int_equal(push(&rig, "abcdefghij"), 8);
    assert_read(&rig, 8, S_OK, "abcdefgh");
    assert_read(&rig, 8, INVALID_OPERATION, "");
    rig_destroy(&rig);
}

enum event { BYTES, END, FAILURE, CLOSE, NO_MEMORY, EVENTS };

static void happen(struct rig *rig, enum event event)
{
    switch (event) {
    case BYTES:
        assert_int_equal(push(rig, "a"), 1);
        break;
    case END:
        wsd_inbound_attachment_end(rig->self);
        break;
    case FAILURE:
        wsd_inbound_attachment_fail(rig->self, BROKEN);
        break;
    case CLOSE:
        finish(rig);
        break;
    default: {
        size_t taken;

        assert_hr(
            wsd_inbound_attachment_push(rig->self, (const uint8_t *)"abc", 3, &taken),
            E_OUTOFMEMORY);
    }
    }
}

static const struct {
    HRESULT hr;
    const char *text;
} outcomes[EVENTS] = {[BYTES] = {S_OK, "a"},
                      [END] = {S_FALSE, ""},
                      [FAILURE] = {BROKEN, ""},
                      [CLOSE] = {INVALID_OPERATION, ""},
                      [NO_MEMORY] = {E_OUTOFMEMORY, ""}};

/* [I7]; [T3] and [T4] of wsd_attachment.h */
static void read__told_to_block__is_told_once_when_to_read_again(void **state)
{
    (void)state;
    for (int event = 0; event < EVENTS; event++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        rig_create(&rig, &heap.mem, 8, 0);
        if (event == NO_MEMORY)
            heap.grants = 0;
        assert_true(is_ready(&rig));
        for (int i = 0; i < 2; i++)
            assert_read(&rig, 8, STG_S_BLOCK, "");
        assert_false(is_ready(&rig));
        assert_int_equal(atomic_load(&rig.called), 0);
        happen(&rig, (enum event)event);
        assert_true(is_ready(&rig));
        assert_int_equal(atomic_load(&rig.called), 1);
        assert_read(&rig, 8, outcomes[event].hr, outcomes[event].text);
        assert_int_equal(atomic_load(&rig.called), 1);
        rig_destroy(&rig);
        assert_int_equal(atomic_load(&rig.called), 1);
        assert_int_equal(heap.live, 0);
    }
}

/* Else two thread switches for each push. */
static void push__less_than_is_worth_a_wake__waits_for_a_push_of_nothing(void **state)
{
    static uint8_t bytes[1 << 18], read[1 << 18];
    static const struct {
        size_t ring_bytes, worth;
    } rows[] = {{1 << 20, 1 << 18}, {8, 2}, {4, 1}, {1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++)
        for (size_t size = rows[i].worth; size > 0 && size + 1 >= rows[i].worth; size--) {
            bool worth = size == rows[i].worth;
            struct rig rig;
            size_t taken;
            DWORD given;

            rig_create(&rig, wsd_mem_heap(), rows[i].ring_bytes, 0);
            assert_read(&rig, 1, STG_S_BLOCK, "");
            push_nothing(&rig);
            assert_false(is_ready(&rig));
            assert_hr(wsd_inbound_attachment_push(rig.self, bytes, size, &taken), S_OK);
            assert_int_equal(taken, size);
            assert_int_equal(is_ready(&rig), worth);
            push_nothing(&rig);
            assert_true(is_ready(&rig));
            assert_int_equal(atomic_load(&rig.called), 1);
            /* who comes by itself gets what is there */
            assert_hr(rig.object->lpVtbl->Read(rig.object, read, sizeof(read), &given),
                      S_OK);
            assert_int_equal(given, size);
            rig_destroy(&rig);
        }
}

static void WSD_CALL release_object(void *context)
{
    struct rig *rig = context;

    atomic_fetch_add(&rig->called, 1);
    rig->object->lpVtbl->Release(rig->object);
}

/* [T5] */
static void callback__gives_the_last_reference_back__is_safe(void **state)
{
    (void)state;
    for (int event = 0; event < EVENTS; event++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct rig rig;

        if (event == CLOSE) /* a call needs a reference of its own */
            continue;
        rig_create(&rig, &heap.mem, 8, 0);
        assert_hr(wsd_waiting_set_ready(wsd_inbound_attachment_waiting(rig.self),
                                        release_object, &rig),
                  S_OK);
        assert_read(&rig, 8, STG_S_BLOCK, "");
        if (event == NO_MEMORY)
            heap.grants = 0;
        happen(&rig, (enum event)event);
        assert_int_equal(atomic_load(&rig.called), 1);
        wsd_inbound_attachment_release_use(rig.self);
        assert_int_equal(atomic_load(&rig.host.references), 0);
        assert_int_equal(heap.live, 0);
    }
}

static void release__told_to_block__is_not_called_back(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 8, 0);
    assert_read(&rig, 8, STG_S_BLOCK, "");

    assert_int_equal(rig.object->lpVtbl->Release(rig.object), 0);

    assert_int_equal(atomic_load(&rig.called), 0);
    wsd_inbound_attachment_release_use(rig.self);
    assert_int_equal(heap.live, 0);
}

static void read__nothing_in_the_budget__blocks(void **state)
{
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, 2);
    assert_read(&rig, 8, STG_S_BLOCK, "");
    push(&rig, "abc");
    assert_read(&rig, 8, S_OK, "abc");
    assert_read(&rig, 8, STG_S_BLOCK, "");
    rig_destroy(&rig);
}

struct reader {
    struct worker worker;
    struct rig *rig;
    HRESULT hr;
    DWORD given;
    BYTE bytes[64];
};

static void read_now(void *context)
{
    struct reader *reader = context;
    IWSDInboundAttachment *object = reader->rig->object;

    reader->hr = object->lpVtbl->Read(object, reader->bytes, sizeof(reader->bytes),
                                      &reader->given);
}

static unsigned asleep(struct rig *rig)
{
    struct wsd_waiting *waiting = wsd_inbound_attachment_waiting(rig->self);
    unsigned count;

    wsd_waiting_enter(waiting);
    count = waiting->asleep;
    wsd_waiting_leave(waiting);
    return count;
}

/* [I3] */
static void read__asleep__is_woken_by_each_event(void **state)
{
    (void)state;
    for (int event = 0; event < EVENTS; event++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct reader reader;
        struct rig rig;

        rig_create(&rig, &heap.mem, 8, INFINITE);
        if (event == NO_MEMORY)
            heap.grants = 0;
        reader.rig = &rig;
        worker_start(&reader.worker, read_now, &reader);
        WORKER_AWAIT(asleep(&rig) == 1);
        happen(&rig, (enum event)event);
        worker_join(&reader.worker);
        assert_hr(reader.hr, outcomes[event].hr);
        assert_int_equal(reader.given, strlen(outcomes[event].text));
        assert_memory_equal(reader.bytes, outcomes[event].text, reader.given);
        assert_int_equal(atomic_load(&rig.called), 0); /* nobody was told to block */
        rig_destroy(&rig);
        assert_int_equal(heap.live, 0);
    }
}

static void read__another_one_waits__is_not_interleaved(void **state)
{
    struct reader reader;
    struct rig rig;

    (void)state;
    rig_create(&rig, wsd_mem_heap(), 8, INFINITE);
    reader.rig = &rig;
    worker_start(&reader.worker, read_now, &reader);
    WORKER_AWAIT(asleep(&rig) == 1);
    wsd_waiting_set_budget(wsd_inbound_attachment_waiting(rig.self), 0);
    assert_read(&rig, 8, STG_S_BLOCK, "");
    assert_false(is_ready(&rig));
    happen(&rig, BYTES);
    worker_join(&reader.worker);
    assert_hr(reader.hr, S_OK);
    assert_true(is_ready(&rig)); /* it is this one's turn */
    assert_in_range(atomic_load(&rig.called), 1, 2);
    rig_destroy(&rig);
}

static void fail__bytes_left_or_all_there__counts_unless_it_is_whole(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 8, 0);
    push(&rig, "abcdef");
    assert_read(&rig, 2, S_OK, "ab");
    wsd_inbound_attachment_fail(rig.self, BROKEN);
    assert_int_equal(heap.live, 1); /* the ring is gone */
    wsd_inbound_attachment_fail(rig.self, E_FAIL);
    wsd_inbound_attachment_end(rig.self);
    assert_read(&rig, 2, BROKEN, "");
    rig_destroy(&rig);

    rig_create(&rig, &heap.mem, 8, 0);
    push(&rig, "abcdef");
    wsd_inbound_attachment_end(rig.self);
    wsd_inbound_attachment_fail(rig.self, BROKEN);
    assert_read(&rig, 2, S_OK, "ab");
    assert_read(&rig, 8, S_FALSE, "cdef");
    assert_int_equal(heap.live, 1);
    assert_read(&rig, 8, S_FALSE, "");
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

static void push__no_memory_for_the_ring__fails_for_good(void **state)
{
    struct failing_mem heap = FAILING_MEM(1, &heap);
    struct rig rig;

    (void)state;
    rig_create(&rig, &heap.mem, 8, 0);
    happen(&rig, NO_MEMORY);
    heap.grants = -1;
    assert_false(wsd_inbound_attachment_is_awaited(rig.self));
    assert_int_equal(push(&rig, "abc"), 3);
    wsd_inbound_attachment_fail(rig.self, BROKEN);
    assert_read(&rig, 8, E_OUTOFMEMORY, "");
    rig_destroy(&rig);
    assert_int_equal(heap.live, 0);
}

struct inside_call {
    struct rig *rig;
    struct reader reader;
    HRESULT close;
    atomic_bool done;
};

static void call_inside(void *context)
{
    struct inside_call *call = context;

    read_now(&call->reader);
    call->close = call->rig->object->lpVtbl->Close(call->rig->object);
    atomic_store(&call->done, true);
}

/* [I10] */
static void own_thread__read_that_may_wait__is_refused_and_close_is_not(void **state)
{
    static const struct {
        DWORD budget_ms;
        enum start start;
        HRESULT hr;
    } rows[] = {
        {INFINITE, ARRIVING, POSSIBLE_DEADLOCK},
        {1, ARRIVING_WITH_BYTES, POSSIBLE_DEADLOCK},
        {INFINITE, WHOLE_WITH_BYTES, POSSIBLE_DEADLOCK},
        {INFINITE, FAILED_WITH_BYTES, BROKEN},
        {INFINITE, CLOSED, INVALID_OPERATION},
        {0, ARRIVING, STG_S_BLOCK},
        {0, ARRIVING_WITH_BYTES, S_OK},
        {0, WHOLE_WITH_BYTES, S_FALSE},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rows); i++) {
        struct inside_call call;
        struct wsd_thread thread;
        struct rig rig;

        rig_create(&rig, wsd_mem_heap(), 8, rows[i].budget_ms);
        bring(&rig, rows[i].start);
        call.rig = call.reader.rig = &rig;
        atomic_init(&call.done, false);
        assert_hr(wsd_thread_start(&thread, call_inside, &call), S_OK);
        WORKER_AWAIT(atomic_load(&call.done));
        wsd_thread_join(&thread);
        assert_hr(call.reader.hr, rows[i].hr);
        assert_hr(call.close, S_OK);
        rig_destroy(&rig);
    }
}

/* ---- all at once ---- */

enum { TOTAL = 200 * 1000, READERS = 4 };

struct stream {
    struct rig rig;
    atomic_int wakes;       /* not yet used up by the pusher */
    atomic_size_t received; /* by all readers */
    size_t close_at;        /* bytes after which a reader closes; 0: none does */
    bool cut;               /* the pusher fails the attachment in the middle */
};

struct taker {
    struct worker worker;
    struct stream *stream;
    HRESULT last;
    bool torn; /* what one Read gave did not stand together */
};

static void note_wake(struct fake_inbound_host *host)
{
    atomic_fetch_add(&((struct stream *)host->context)->wakes, 1);
}

static void push_all(void *context)
{
    struct stream *stream = context;
    static const size_t sizes[] = {1, 5, 16, 100, 1000};
    size_t pushed = 0;

    for (int i = 0; pushed < TOTAL; i++) {
        size_t size = sizes[i % 5] < TOTAL - pushed ? sizes[i % 5] : TOTAL - pushed;
        uint8_t bytes[1000];
        size_t taken;

        for (size_t at = 0; at < size; at++)
            bytes[at] = (uint8_t)pattern(pushed + at);
        if (wsd_inbound_attachment_push(stream->rig.self, bytes, size, &taken) != S_OK)
            worker_hangs("push");
        pushed += taken;
        if (stream->cut && pushed > TOTAL / 2) {
            wsd_inbound_attachment_fail(stream->rig.self, BROKEN);
            return;
        }
        if (taken < size) {
            WORKER_AWAIT(atomic_load(&stream->wakes) > 0);
            atomic_fetch_sub(&stream->wakes, 1);
        }
    }
    wsd_inbound_attachment_end(stream->rig.self);
}

static void take_all(void *context)
{
    struct taker *taker = context;
    struct stream *stream = taker->stream;
    IWSDInboundAttachment *object = stream->rig.object;

    do {
        BYTE bytes[300];
        DWORD given;

        taker->last = object->lpVtbl->Read(object, bytes, sizeof(bytes), &given);
        for (DWORD i = 1; i < given; i++)
            if (bytes[i] != (bytes[i - 1] + 1) % 251)
                taker->torn = true;
        atomic_fetch_add(&stream->received, given);
        if (stream->close_at != 0 && atomic_load(&stream->received) >= stream->close_at)
            object->lpVtbl->Close(object);
    } while (taker->last == S_OK);
}

static void flow(size_t readers, size_t ring, size_t close_at, bool cut, HRESULT last)
{
    struct stream stream = {.close_at = close_at, .cut = cut};
    struct taker takers[READERS] = {{.stream = &stream}};
    struct worker pusher;

    atomic_init(&stream.wakes, 0);
    atomic_init(&stream.received, 0);
    rig_create(&stream.rig, wsd_mem_heap(), ring, INFINITE);
    stream.rig.host.on_wake = note_wake;
    stream.rig.host.context = &stream;
    worker_start(&pusher, push_all, &stream);
    for (size_t i = 0; i < readers; i++) {
        takers[i] = (struct taker){.stream = &stream};
        worker_start(&takers[i].worker, take_all, &takers[i]);
    }
    worker_join(&pusher);
    for (size_t i = 0; i < readers; i++) {
        worker_join(&takers[i].worker);
        assert_hr(takers[i].last, last);
        assert_false(takers[i].torn);
    }
    if (last == S_FALSE)
        assert_int_equal(atomic_load(&stream.received), TOTAL);
    rig_destroy(&stream.rig);
}

static void reads__of_several_threads__get_each_byte_once_and_whole(void **state)
{
    static const size_t rings[] = {16, 1000, 4096};

    (void)state;
    for (size_t i = 0; i < ARRAY_SIZE(rings); i++)
        for (size_t readers = 1; readers <= READERS; readers += READERS - 1)
            flow(readers, rings[i], 0, false, S_FALSE);
}

static void close__races_with_reads_and_pushes__ends_them_all(void **state)
{
    (void)state;
    for (size_t i = 1; i <= 40; i++)
        flow(READERS, 64, i * 97, false, INVALID_OPERATION);
}

static void fail__races_with_reads__ends_them_all(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        flow(READERS, 64, 0, true, BROKEN);
}

struct holder {
    struct worker worker;
    struct wsd_inbound_attachment *self;
};

static void hold_and_release(void *context)
{
    struct holder *holder = context;

    for (int i = 0; i < 2000; i++) {
        IWSDInboundAttachment *object = wsd_inbound_attachment_iface(holder->self);

        object->lpVtbl->Release(object);
    }
}

static void iface__races_with_release__counts_right(void **state)
{
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct holder holders[2];
    struct fake_inbound_host host;
    struct wsd_inbound_attachment *self;

    (void)state;
    fake_inbound_host_init(&host);
    assert_hr(wsd_inbound_attachment_create(&heap.mem, &host.seam, 8, 0, &self), S_OK);
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++) {
        holders[i].self = self;
        worker_start(&holders[i].worker, hold_and_release, &holders[i]);
    }
    for (size_t i = 0; i < ARRAY_SIZE(holders); i++)
        worker_join(&holders[i].worker);
    assert_int_equal(atomic_load(&host.references), 1);
    wsd_inbound_attachment_release_use(self);
    assert_int_equal(atomic_load(&host.references), 0);
    assert_int_equal(heap.live, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(calls__in_every_state__are_as_documented),
        cmocka_unit_test(read__bad_arguments__are_told_first_in_every_state),
        cmocka_unit_test(release__without_close__is_one_in_every_state),
        cmocka_unit_test(query__of_each_interface__is_one_object),
        cmocka_unit_test(from__own_object_and_another__tells_them_apart),
        cmocka_unit_test(iface__given_back_and_got_again__is_the_same_closed_object),
        cmocka_unit_test(close_unreferenced__only_what_nobody_holds__is_closed),
        cmocka_unit_test(close__after_close_unreferenced__wakes_once),
        cmocka_unit_test(create__each_allocation_fails_in_turn__leaks_nothing),
        cmocka_unit_test(read__pieces_of_any_size__gives_each_byte_once_in_order),
        cmocka_unit_test(read__end_behind_the_last_bytes__comes_with_them_or_alone),
        cmocka_unit_test(push__ring_full__is_woken_when_half_of_it_is_free),
        cmocka_unit_test(push__ring_of_one_byte__is_woken_for_each),
        cmocka_unit_test(close__pusher_waits__wakes_it_and_throws_away),
        cmocka_unit_test(push__from_the_wake_itself__is_not_lost),
        cmocka_unit_test(close__from_the_wake_itself__leaves_what_was_read),
        cmocka_unit_test(read__told_to_block__is_told_once_when_to_read_again),
        cmocka_unit_test(push__less_than_is_worth_a_wake__waits_for_a_push_of_nothing),
        cmocka_unit_test(callback__gives_the_last_reference_back__is_safe),
        cmocka_unit_test(release__told_to_block__is_not_called_back),
        cmocka_unit_test(read__nothing_in_the_budget__blocks),
        cmocka_unit_test(read__asleep__is_woken_by_each_event),
        cmocka_unit_test(read__another_one_waits__is_not_interleaved),
        cmocka_unit_test(fail__bytes_left_or_all_there__counts_unless_it_is_whole),
        cmocka_unit_test(push__no_memory_for_the_ring__fails_for_good),
        cmocka_unit_test(own_thread__read_that_may_wait__is_refused_and_close_is_not),
        cmocka_unit_test(reads__of_several_threads__get_each_byte_once_and_whole),
        cmocka_unit_test(close__races_with_reads_and_pushes__ends_them_all),
        cmocka_unit_test(fail__races_with_reads__ends_them_all),
        cmocka_unit_test(iface__races_with_release__counts_right),
    };

    return cmocka_run_group_tests_name("inbound_attachment", tests, NULL, NULL);
}
