#include "attachment/inbound_attachment.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "attachment/channel.h"
#include "base/assert.h"

/*
 *  ARRIVING --end--> WHOLE
 *     |                |
 *     +---- Close -----+----> CLOSED
 *     +---- error ----------> FAILED
 *
 *  CLOSED and FAILED are final.  WHOLE gives what is left in the ring, then S_FALSE.
 */
enum inbound_state { INBOUND_ARRIVING, INBOUND_WHOLE, INBOUND_CLOSED, INBOUND_FAILED };

struct wsd_inbound_attachment {
    IWSDInboundAttachment iface;
    const struct wsd_mem *mem;     /* borrowed */
    struct wsd_inbound_host *host; /* owned reference */
    size_t ring_bytes;
    atomic_uint references; /* the application's */
    atomic_uint uses;       /* the library's, and one for all references */

    /* Touched by the application's threads and the transport's: enter `waiting`. */
    struct {
        struct wsd_waiting waiting; /* its progress is the bytes that were pushed */
        enum inbound_state state;
        HRESULT error;              /* of FAILED */
        bool pusher_waiting;        /* told "full", or what is held; not yet woken */
        bool message_gone;          /* the pusher is to know of Close */
        struct wsd_channel channel; /* open from the first push to the end */
        uint64_t given;             /* to the application */
    } synced;
};

static struct wsd_inbound_attachment *inbound_from_iface(IWSDInboundAttachment *iface)
{
    return (void *)((char *)iface - offsetof(struct wsd_inbound_attachment, iface));
}

static void inbound_destroy(struct wsd_inbound_attachment *self)
{
    if (self->host != NULL)
        self->host->vtable->release(self->host);
    wsd_channel_fini(&self->synced.channel);
    wsd_waiting_fini(&self->synced.waiting);
    wsd_free(self->mem, self);
}

void wsd_inbound_attachment_release_use(struct wsd_inbound_attachment *self)
{
    if (atomic_fetch_sub(&self->uses, 1) == 1)
        inbound_destroy(self);
}

/* The only function that assigns synced.state. */
static void inbound_set_state_locked(struct wsd_inbound_attachment *self,
                                     enum inbound_state next)
{
    WSD_ASSERT(self->synced.state == INBOUND_ARRIVING ||
               (self->synced.state == INBOUND_WHOLE && next == INBOUND_CLOSED));
    self->synced.state = next;
    if (next != INBOUND_WHOLE)
        wsd_channel_drop_locked(&self->synced.channel);
    wsd_waiting_changed_locked(&self->synced.waiting);
}

/* Lets the pusher go on, or find that nobody reads any more; outside the lock. */
static void inbound_wake_pusher_locked(struct wsd_inbound_attachment *self)
{
    self->synced.pusher_waiting = false;
    wsd_monitor_leave(&self->synced.waiting.monitor);
    self->host->vtable->wake(self->host);
    wsd_monitor_enter(&self->synced.waiting.monitor);
}

/* ---- Read and Close ---- */

/* What ends a Read whatever is in the ring; S_OK: nothing does. */
static HRESULT inbound_ended(const void *owner)
{
    const struct wsd_inbound_attachment *self = owner;

    if (self->synced.state == INBOUND_FAILED)
        return self->synced.error;
    if (self->synced.state == INBOUND_CLOSED)
        return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
    return S_OK;
}

static HRESULT inbound_read_in_turn_locked(struct wsd_inbound_attachment *self,
                                           struct wsd_patience *patience, BYTE *to,
                                           size_t size, size_t *given)
{
    const struct wsd_ring *ring = &self->synced.channel.ring;

    for (;;) {
        HRESULT hr;

        *given = wsd_channel_drain_locked(&self->synced.channel, to, size);
        hr = inbound_ended(self);
        if (hr != S_OK)
            return hr;
        self->synced.given += *given;
        if (self->synced.state == INBOUND_WHOLE && ring->used == 0) {
            wsd_channel_drop_locked(&self->synced.channel);
            if (self->synced.pusher_waiting)
                inbound_wake_pusher_locked(self);
            return S_FALSE;
        }
        if (*given > 0 && self->synced.state == INBOUND_ARRIVING &&
            self->synced.pusher_waiting && ring->used <= ring->capacity / 2)
            inbound_wake_pusher_locked(self);
        if (*given > 0)
            return S_OK;
        if (!wsd_waiting_sleep_locked(&self->synced.waiting, patience) &&
            ring->used == 0 && self->synced.state == INBOUND_ARRIVING)
            return STG_S_BLOCK;
    }
}

static HRESULT WSD_CALL inbound_Read(IWSDInboundAttachment *iface, BYTE *buffer,
                                     DWORD size, LPDWORD given)
{
    struct wsd_inbound_attachment *self = inbound_from_iface(iface);
    struct wsd_patience patience;
    size_t moved = 0;
    HRESULT hr;

    if (given == NULL)
        return E_POINTER;
    *given = 0;
    if (buffer == NULL || size == 0)
        return E_INVALIDARG;

    wsd_waiting_enter(&self->synced.waiting);
    patience = wsd_waiting_begin_locked(&self->synced.waiting);
    hr = wsd_waiting_take_turn_locked(&self->synced.waiting, &patience, inbound_ended,
                                      self);
    if (hr == S_OK) {
        hr = inbound_read_in_turn_locked(self, &patience, buffer, size, &moved);
        wsd_waiting_give_turn_locked(&self->synced.waiting);
    }
    hr = wsd_waiting_result_locked(&self->synced.waiting, hr);
    wsd_waiting_leave(&self->synced.waiting);

    if (SUCCEEDED(hr))
        *given = (DWORD)moved;
    return hr;
}

/* Throws away what has arrived and what is still to come. */
static void inbound_close(struct wsd_inbound_attachment *self)
{
    wsd_waiting_enter(&self->synced.waiting);
    if (self->synced.state == INBOUND_ARRIVING || self->synced.state == INBOUND_WHOLE) {
        inbound_set_state_locked(self, INBOUND_CLOSED);
        if (self->synced.pusher_waiting || self->synced.message_gone)
            inbound_wake_pusher_locked(self);
    }
    wsd_waiting_leave(&self->synced.waiting);
}

static HRESULT WSD_CALL inbound_Close(IWSDInboundAttachment *iface)
{
    inbound_close(inbound_from_iface(iface));
    return S_OK;
}

/* ---- IUnknown ---- */

static uint32_t WSD_CALL inbound_AddRef(IWSDInboundAttachment *iface)
{
    return atomic_fetch_add(&inbound_from_iface(iface)->references, 1) + 1;
}

static uint32_t WSD_CALL inbound_Release(IWSDInboundAttachment *iface)
{
    struct wsd_inbound_attachment *self = inbound_from_iface(iface);
    uint32_t left = atomic_fetch_sub(&self->references, 1) - 1;

    if (left == 0) {
        wsd_waiting_enter(&self->synced.waiting);
        self->synced.waiting.ready = NULL; /* there is nobody to tell */
        wsd_waiting_leave(&self->synced.waiting);
        inbound_close(self);
        wsd_inbound_attachment_release_use(self);
    }
    return left;
}

static HRESULT WSD_CALL inbound_QueryInterface(IWSDInboundAttachment *iface,
                                               const wsd_guid *riid, void **object)
{
    if (object == NULL)
        return E_POINTER;
    *object = NULL;
    if (!IsEqualGUID(riid, &wsd_iid_unknown) && !IsEqualGUID(riid, &IID_IWSDAttachment) &&
        !IsEqualGUID(riid, &IID_IWSDInboundAttachment))
        return E_NOINTERFACE;
    inbound_AddRef(iface);
    *object = iface;
    return S_OK;
}

static const IWSDInboundAttachmentVtbl inbound_vtbl = {
    .QueryInterface = inbound_QueryInterface,
    .AddRef = inbound_AddRef,
    .Release = inbound_Release,
    .Read = inbound_Read,
    .Close = inbound_Close,
};

/* ---- for the message ---- */

HRESULT wsd_inbound_attachment_create(const struct wsd_mem *mem,
                                      struct wsd_inbound_host *host, size_t ring_bytes,
                                      DWORD wait_budget_ms,
                                      struct wsd_inbound_attachment **out)
{
    struct wsd_inbound_attachment *self = wsd_alloc(mem, sizeof(*self));
    HRESULT hr;

    *out = NULL;
    if (self == NULL)
        return E_OUTOFMEMORY;
    self->iface.lpVtbl = &inbound_vtbl;
    self->mem = mem;
    self->ring_bytes = ring_bytes;
    atomic_init(&self->references, 0);
    atomic_init(&self->uses, 1);
    wsd_channel_init(&self->synced.channel, &self->synced.waiting.monitor);
    hr = wsd_waiting_init(&self->synced.waiting, wait_budget_ms);
    if (FAILED(hr)) {
        inbound_destroy(self);
        return hr;
    }
    host->vtable->add_ref(host);
    self->host = host;
    *out = self;
    return S_OK;
}

IWSDInboundAttachment *wsd_inbound_attachment_iface(struct wsd_inbound_attachment *self)
{
    if (inbound_AddRef(&self->iface) == 1)
        atomic_fetch_add(&self->uses, 1);
    return &self->iface;
}

struct wsd_inbound_attachment *wsd_inbound_attachment_from(IWSDAttachment *object)
{
    IWSDInboundAttachment *iface = (IWSDInboundAttachment *)object;

    return iface->lpVtbl == &inbound_vtbl ? inbound_from_iface(iface) : NULL;
}

/* Waking the reader for each push would cost two thread switches for 16 KiB, which is
 * what libcurl gives at once. */
static bool inbound_is_worth_a_wake_locked(const struct wsd_inbound_attachment *self,
                                           bool more_may_come)
{
    const struct wsd_ring *ring = &self->synced.channel.ring;

    return ring->used > 0 && (!more_may_come || ring->used >= ring->capacity / 4);
}

HRESULT wsd_inbound_attachment_push(struct wsd_inbound_attachment *self,
                                    const uint8_t *bytes, size_t size, size_t *taken)
{
    HRESULT hr = S_OK;

    *taken = size;
    wsd_waiting_enter(&self->synced.waiting);
    if (self->synced.state == INBOUND_ARRIVING && size > 0)
        hr = wsd_channel_open_locked(&self->synced.channel, self->ring_bytes, self->mem);
    if (self->synced.state == INBOUND_ARRIVING && hr == S_OK) {
        *taken = wsd_channel_fill_locked(&self->synced.channel, bytes, size);
        self->synced.waiting.progress += *taken;
        if (inbound_is_worth_a_wake_locked(self, size > 0))
            wsd_waiting_changed_locked(&self->synced.waiting);
        if (self->synced.state != INBOUND_ARRIVING)
            *taken = size; /* closed meanwhile: thrown away */
        else if (*taken < size)
            self->synced.pusher_waiting = true;
    }
    if (hr != S_OK) {
        self->synced.error = hr;
        inbound_set_state_locked(self, INBOUND_FAILED);
    }
    wsd_waiting_leave(&self->synced.waiting);
    return hr;
}

bool wsd_inbound_attachment_is_awaited(struct wsd_inbound_attachment *self)
{
    bool awaited;

    wsd_waiting_enter(&self->synced.waiting);
    awaited = self->synced.state == INBOUND_ARRIVING;
    wsd_waiting_leave(&self->synced.waiting);
    return awaited;
}

void wsd_inbound_attachment_close_unreferenced(struct wsd_inbound_attachment *self)
{
    if (atomic_load(&self->references) == 0) {
        inbound_close(self);
        return;
    }
    wsd_waiting_enter(&self->synced.waiting);
    self->synced.message_gone = true;
    wsd_waiting_leave(&self->synced.waiting);
}

void wsd_inbound_attachment_end(struct wsd_inbound_attachment *self)
{
    wsd_waiting_enter(&self->synced.waiting);
    if (self->synced.state == INBOUND_ARRIVING) {
        wsd_channel_trim_locked(&self->synced.channel);
        inbound_set_state_locked(self, INBOUND_WHOLE);
    }
    wsd_waiting_leave(&self->synced.waiting);
}

size_t wsd_inbound_attachment_held(struct wsd_inbound_attachment *self, bool tell)
{
    size_t held = 0;

    wsd_waiting_enter(&self->synced.waiting);
    if (self->synced.state == INBOUND_WHOLE && !self->synced.channel.dropped)
        held = self->synced.channel.ring.capacity;
    if (tell && held > 0)
        self->synced.pusher_waiting = true;
    wsd_waiting_leave(&self->synced.waiting);
    return held;
}

void wsd_inbound_attachment_fail(struct wsd_inbound_attachment *self, HRESULT error)
{
    WSD_ASSERT(FAILED(error));
    wsd_waiting_enter(&self->synced.waiting);
    if (self->synced.state == INBOUND_ARRIVING) {
        self->synced.error = error;
        inbound_set_state_locked(self, INBOUND_FAILED);
    }
    wsd_waiting_leave(&self->synced.waiting);
}

struct wsd_waiting *wsd_inbound_attachment_waiting(struct wsd_inbound_attachment *self)
{
    return &self->synced.waiting;
}

void wsd_inbound_attachment_get_progress(struct wsd_inbound_attachment *self,
                                         wsd_attachment_progress *progress)
{
    wsd_waiting_enter(&self->synced.waiting);
    progress->accepted = self->synced.channel.filled;
    progress->handed = self->synced.given;
    wsd_waiting_leave(&self->synced.waiting);
}
