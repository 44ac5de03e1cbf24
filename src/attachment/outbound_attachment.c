#include "attachment/outbound_attachment.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "attachment/channel.h"
#include "attachment/waiting.h"
#include "base/assert.h"

#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define BAD_LENGTH HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)

/*
 *  UNBOUND --bind--> BOUND --first pull--> OPEN --Close--> CLOSING --all sent--> CLOSED
 *     |  <--unbind--   |                    |                |
 *     +----------------+------- Abort ------+----------------+-----------------> ABORTED
 *     +----------------+------- error ------+----------------+-----------------> FAILED
 *
 *  CLOSED, ABORTED and FAILED are final.  Becoming CLOSED is the act of a Close that
 * finds all sent: until then the peer's answer can make it FAILED.
 */
enum outbound_state {
    OUTBOUND_UNBOUND,
    OUTBOUND_BOUND,
    OUTBOUND_OPEN,
    OUTBOUND_CLOSING,
    OUTBOUND_CLOSED,
    OUTBOUND_ABORTED,
    OUTBOUND_FAILED,
    OUTBOUND_STATE_COUNT
};

#define TO(state) (1u << (state))
#define TO_ITS_END (TO(OUTBOUND_ABORTED) | TO(OUTBOUND_FAILED))
static const unsigned outbound_next[OUTBOUND_STATE_COUNT] = {
    [OUTBOUND_UNBOUND] = TO(OUTBOUND_BOUND) | TO_ITS_END,
    [OUTBOUND_BOUND] = TO(OUTBOUND_UNBOUND) | TO(OUTBOUND_OPEN) | TO_ITS_END,
    [OUTBOUND_OPEN] = TO(OUTBOUND_CLOSING) | TO_ITS_END,
    [OUTBOUND_CLOSING] = TO(OUTBOUND_CLOSED) | TO_ITS_END,
};

/* What the source's puller was told last. */
enum outbound_puller {
    PULLER_BUSY,        /* bytes, or that all is over */
    PULLER_LOOKS_AGAIN, /* WSD_PULL_NOTHING_YET: woken for WORTH_A_WAKE bytes */
    PULLER_WAITS        /* WSD_PULL_NOTHING_NOW: woken for any */
};

/* A thread switch for each Write would cost more than the bytes of a small one. */
enum { WORTH_A_WAKE = 64 * 1024 };

struct wsd_outbound {
    IWSDOutboundAttachment iface;  /* what the application holds */
    struct wsd_body_source source; /* what the message pulls */
    const struct wsd_mem *mem;     /* borrowed */
    atomic_uint references;        /* the application's */
    atomic_uint uses;              /* the library's, and one for all references */

    /* Touched by the application's threads and the transport's: enter `waiting`. */
    struct {
        struct wsd_waiting waiting; /* its progress is the bytes that were pulled */
        enum outbound_state state;
        HRESULT error;     /* of FAILED */
        bool write_called; /* with valid arguments: from then on Abort is allowed */
        bool opened;       /* a Write returned S_OK: from then on Close is allowed */
        bool sent;         /* all is out */
        bool forgotten;    /* given back before its end */
        bool gave;         /* the last pull bytes, or it was the first */
        enum outbound_puller puller;
        uint64_t given;                 /* bytes that were pulled since the last rewind */
        uint64_t handed;                /* the most that it ever was */
        struct wsd_outbound_host *host; /* owned reference; NULL until armed */
        uint64_t length; /* the declared one; WSD_LENGTH_UNKNOWN is more than any */
        size_t ring_bytes;
        struct wsd_channel channel; /* from the first Write until nobody pulls */
    } synced;
};

static struct wsd_outbound *outbound_from_iface(IWSDOutboundAttachment *iface)
{
    return (void *)((char *)iface - offsetof(struct wsd_outbound, iface));
}

static struct wsd_outbound *outbound_from_source(struct wsd_body_source *source)
{
    return (void *)((char *)source - offsetof(struct wsd_outbound, source));
}

static void outbound_enter(struct wsd_outbound *self)
{
    wsd_waiting_enter(&self->synced.waiting);
}

static void outbound_leave(struct wsd_outbound *self)
{
    wsd_waiting_leave(&self->synced.waiting);
}

static void outbound_destroy(struct wsd_outbound *self)
{
    if (self->synced.host != NULL)
        self->synced.host->vtable->release(self->synced.host);
    wsd_channel_fini(&self->synced.channel);
    wsd_waiting_fini(&self->synced.waiting);
    wsd_free(self->mem, self);
}

void wsd_outbound_release_use(struct wsd_outbound *self)
{
    if (atomic_fetch_sub(&self->uses, 1) == 1)
        outbound_destroy(self);
}

static bool outbound_has_ended_locked(const struct wsd_outbound *self)
{
    return outbound_next[self->synced.state] == 0;
}

static bool outbound_has_failed_locked(const struct wsd_outbound *self)
{
    return self->synced.state == OUTBOUND_ABORTED ||
           self->synced.state == OUTBOUND_FAILED;
}

/* The bytes that were pulled may be pulled again. */
static bool outbound_is_kept_locked(const struct wsd_outbound *self)
{
    return self->synced.host != NULL && self->synced.host->may_rewind &&
           wsd_channel_has_all_locked(&self->synced.channel);
}

/* The only function that assigns synced.state. */
static void outbound_set_state_locked(struct wsd_outbound *self, enum outbound_state next)
{
    WSD_ASSERT(outbound_next[self->synced.state] & TO(next));
    self->synced.state = next;
    if (outbound_has_failed_locked(self))
        wsd_channel_drop_locked(&self->synced.channel);
    if (outbound_has_ended_locked(self) || next == OUTBOUND_OPEN)
        wsd_waiting_changed_locked(&self->synced.waiting); /* no call waits for others */
}

static void outbound_fail_locked(struct wsd_outbound *self, HRESULT error)
{
    if (outbound_has_ended_locked(self))
        return; /* the first error wins; later ones are echoes */
    self->synced.error = error;
    outbound_set_state_locked(self, OUTBOUND_FAILED);
}

typedef void (*outbound_host_call)(struct wsd_outbound_host *host);

/* Calls the host outside the lock. */
static void outbound_call_host_locked(struct wsd_outbound *self, outbound_host_call call)
{
    struct wsd_outbound_host *host = self->synced.host; /* lives as long as self */

    wsd_monitor_leave(&self->synced.waiting.monitor);
    call(host);
    wsd_monitor_enter(&self->synced.waiting.monitor);
}

static void outbound_wake_puller_locked(struct wsd_outbound *self)
{
    if (self->synced.puller == PULLER_BUSY)
        return;
    self->synced.puller = PULLER_BUSY;
    outbound_call_host_locked(self, self->synced.host->vtable->wake);
}

/* A failure of our own: the message cannot go on. */
static void outbound_break_locked(struct wsd_outbound *self, HRESULT error)
{
    outbound_fail_locked(self, error);
    outbound_call_host_locked(self, self->synced.host->vtable->abort);
}

/* Ends the attachment and its message.  An unarmed message finds out when it is sent. */
static void outbound_abort_locked(struct wsd_outbound *self)
{
    outbound_set_state_locked(self, OUTBOUND_ABORTED);
    if (self->synced.host != NULL)
        outbound_call_host_locked(self, self->synced.host->vtable->abort);
}

/* ---- turns ---- */

/* What ends a Write or a Close whatever it is about; S_OK: nothing does. */
static HRESULT outbound_ended_locked(const void *owner)
{
    const struct wsd_outbound *self = owner;

    switch (self->synced.state) {
    case OUTBOUND_FAILED:
        return self->synced.error;
    case OUTBOUND_ABORTED:
        return E_ABORT; /* while the call waited: a later call is refused at its start */
    case OUTBOUND_CLOSED:
        return INVALID_OPERATION;
    default:
        return S_OK;
    }
}

static HRESULT outbound_take_turn_locked(struct wsd_outbound *self,
                                         struct wsd_patience *patience)
{
    if (self->synced.state == OUTBOUND_ABORTED)
        return INVALID_OPERATION;
    return wsd_waiting_take_turn_locked(&self->synced.waiting, patience,
                                        outbound_ended_locked, self);
}

/* ---- waiting for the transport ---- */

struct outbound_wait {
    struct wsd_outbound_host *host;
    enum wsd_transfer_ask ask;
};

static void outbound_ask(const struct outbound_wait *self)
{
    if (self->ask == WSD_ASK_START)
        self->host->vtable->start(self->host);
    else if (self->ask == WSD_ASK_WAKE)
        self->host->vtable->wake(self->host);
}

static bool outbound_drive(void *context, const struct wsd_transfer_wait *wait)
{
    const struct outbound_wait *self = context;

    if (self->host->vtable->drive != NULL)
        return self->host->vtable->drive(self->host, self->ask, wait);
    outbound_ask(self);
    return false;
}

/* For what only the transport can do: so this thread may be the one that does it.
 * Otherwise as wsd_waiting_sleep_locked(). */
static bool outbound_await_locked(struct wsd_outbound *self,
                                  struct wsd_patience *patience,
                                  enum wsd_transfer_ask ask)
{
    struct outbound_wait wait = {self->synced.host, ask};

    if (patience->budget_ms == 0) {
        wsd_monitor_leave(&self->synced.waiting.monitor);
        outbound_ask(&wait);
        wsd_monitor_enter(&self->synced.waiting.monitor);
        return false;
    }
    return wsd_waiting_work_locked(&self->synced.waiting, patience, outbound_drive,
                                   &wait);
}

/* ---- Write ---- */

static bool outbound_has_much_locked(const struct wsd_outbound *self)
{
    const struct wsd_ring *ring = &self->synced.channel.ring;

    return ring->used >= WORTH_A_WAKE || ring->used > ring->capacity / 2;
}

/* Copies what fits into the ring. */
static HRESULT outbound_fill_locked(struct wsd_outbound *self, const BYTE *from,
                                    size_t size, size_t *moved)
{
    struct wsd_channel *channel = &self->synced.channel;
    HRESULT hr = wsd_channel_open_locked(channel, self->synced.ring_bytes, self->mem);

    *moved = 0;
    if (FAILED(hr)) {
        outbound_break_locked(self, hr);
        return hr;
    }
    *moved = wsd_channel_fill_locked(channel, from, size);
    if (*moved > 0 &&
        (self->synced.puller == PULLER_WAITS || outbound_has_much_locked(self)))
        outbound_wake_puller_locked(self);
    return S_OK;
}

static HRESULT outbound_write_in_turn_locked(struct wsd_outbound *self,
                                             struct wsd_patience *patience,
                                             const BYTE *from, size_t size, size_t *taken)
{
    bool in_time = true;
    enum wsd_transfer_ask ask = WSD_ASK_START;

    for (;;) {
        HRESULT hr = outbound_ended_locked(self);

        if (hr != S_OK)
            return hr;
        if (self->synced.state == OUTBOUND_CLOSING)
            return INVALID_OPERATION;
        if (size - *taken > self->synced.length - self->synced.channel.filled)
            return BAD_LENGTH; /* only ever at first: what is taken lessens both */
        if (self->synced.state == OUTBOUND_OPEN) {
            size_t moved = 0;

            if (size > 0)
                hr = outbound_fill_locked(self, from + *taken, size - *taken, &moved);
            if (hr != S_OK)
                return hr;
            *taken += moved;
            if (*taken == size)
                return S_OK;
            /* The copies left the lock: an Abort may have come, to wake nobody. */
            if (moved > 0 || outbound_has_ended_locked(self)) {
                wsd_waiting_renew_locked(&self->synced.waiting, patience);
                in_time = true;
                continue;
            }
        }
        if (!in_time)
            break;
        if (self->synced.state == OUTBOUND_OPEN || self->synced.host == NULL) {
            in_time = wsd_waiting_sleep_locked(&self->synced.waiting, patience);
        } else {
            if (ask == WSD_ASK_START)
                wsd_waiting_renew_locked(&self->synced.waiting, patience);
            in_time = outbound_await_locked(self, patience, ask);
            ask = WSD_ASK_NOTHING;
        }
    }
    if (*taken > 0)
        return S_OK;
    if (self->synced.host == NULL && patience->budget_ms != 0)
        return INVALID_OPERATION; /* nobody has sent a message with it */
    return STG_S_BLOCK;
}

static HRESULT WSD_CALL outbound_Write(IWSDOutboundAttachment *iface, const BYTE *buffer,
                                       DWORD size, LPDWORD written)
{
    struct wsd_outbound *self = outbound_from_iface(iface);
    struct wsd_patience patience;
    size_t taken = 0;
    HRESULT hr;

    if (written == NULL)
        return E_POINTER;
    *written = 0;
    if (buffer == NULL)
        return E_INVALIDARG;

    outbound_enter(self);
    atomic_fetch_add(&self->uses, 1); /* Release may come while this waits */
    patience = wsd_waiting_begin_locked(&self->synced.waiting);
    self->synced.write_called = true;
    hr = outbound_take_turn_locked(self, &patience);
    if (hr == S_OK) {
        hr = outbound_write_in_turn_locked(self, &patience, buffer, size, &taken);
        if (hr == S_OK)
            self->synced.opened = true;
        wsd_waiting_give_turn_locked(&self->synced.waiting);
    }
    hr = wsd_waiting_result_locked(&self->synced.waiting, hr);
    outbound_leave(self);
    wsd_outbound_release_use(self);

    if (hr == S_OK)
        *written = (DWORD)taken;
    return hr;
}

/* ---- Close and Abort ---- */

static bool outbound_is_short_locked(const struct wsd_outbound *self)
{
    return self->synced.length != WSD_LENGTH_UNKNOWN &&
           self->synced.channel.filled < self->synced.length;
}

static HRESULT outbound_close_locked(struct wsd_outbound *self)
{
    struct wsd_patience patience = wsd_waiting_begin_locked(&self->synced.waiting);
    enum wsd_transfer_ask ask = WSD_ASK_NOTHING;
    bool in_time = true;
    HRESULT hr = outbound_take_turn_locked(self, &patience);

    if (hr != S_OK)
        return hr;
    if (self->synced.state == OUTBOUND_OPEN && self->synced.opened) {
        if (outbound_is_short_locked(self)) {
            outbound_break_locked(self, BAD_LENGTH);
        } else {
            outbound_set_state_locked(self, OUTBOUND_CLOSING);
            if (self->synced.puller != PULLER_BUSY)
                ask = WSD_ASK_WAKE;
            self->synced.puller = PULLER_BUSY;
        }
    }
    wsd_waiting_give_turn_locked(&self->synced.waiting);
    if (!self->synced.opened)
        return INVALID_OPERATION;

    while (self->synced.state == OUTBOUND_CLOSING && !self->synced.sent && in_time) {
        in_time = outbound_await_locked(self, &patience, ask);
        ask = WSD_ASK_NOTHING;
    }
    /* One that was told STG_S_BLOCK before is told S_OK by its next call. */
    if (self->synced.state == OUTBOUND_CLOSING && self->synced.sent)
        outbound_set_state_locked(self, OUTBOUND_CLOSED);
    if (self->synced.state == OUTBOUND_CLOSED)
        return S_OK;
    hr = outbound_ended_locked(self);
    return hr == S_OK ? STG_S_BLOCK : hr;
}

static HRESULT WSD_CALL outbound_Close(IWSDOutboundAttachment *iface)
{
    struct wsd_outbound *self = outbound_from_iface(iface);
    HRESULT hr;

    outbound_enter(self);
    atomic_fetch_add(&self->uses, 1); /* as in Write */
    hr = wsd_waiting_result_locked(&self->synced.waiting, outbound_close_locked(self));
    outbound_leave(self);
    wsd_outbound_release_use(self);
    return hr;
}

static HRESULT WSD_CALL outbound_Abort(IWSDOutboundAttachment *iface)
{
    struct wsd_outbound *self = outbound_from_iface(iface);
    HRESULT hr = INVALID_OPERATION;

    outbound_enter(self);
    if (self->synced.state == OUTBOUND_FAILED) {
        hr = self->synced.error;
    } else if (self->synced.write_called && !outbound_has_ended_locked(self)) {
        outbound_abort_locked(self);
        hr = S_OK;
    }
    outbound_leave(self);
    return hr;
}

/* ---- IUnknown ---- */

static uint32_t WSD_CALL outbound_AddRef(IWSDOutboundAttachment *iface)
{
    return atomic_fetch_add(&outbound_from_iface(iface)->references, 1) + 1;
}

static uint32_t WSD_CALL outbound_Release(IWSDOutboundAttachment *iface)
{
    struct wsd_outbound *self = outbound_from_iface(iface);
    uint32_t left = atomic_fetch_sub(&self->references, 1) - 1;

    if (left > 0)
        return left;
    outbound_enter(self);
    self->synced.waiting.ready = NULL; /* there is nobody to tell */
    /* Nobody can close it any more.  CLOSING goes on: its document is whole. */
    if (self->synced.state <= OUTBOUND_OPEN) {
        self->synced.forgotten = true;
        outbound_abort_locked(self);
    }
    outbound_leave(self);
    wsd_outbound_release_use(self);
    return 0;
}

static HRESULT WSD_CALL outbound_QueryInterface(IWSDOutboundAttachment *iface,
                                                const wsd_guid *riid, void **object)
{
    if (object == NULL)
        return E_POINTER;
    *object = NULL;
    if (!IsEqualGUID(riid, &wsd_iid_unknown) && !IsEqualGUID(riid, &IID_IWSDAttachment) &&
        !IsEqualGUID(riid, &IID_IWSDOutboundAttachment))
        return E_NOINTERFACE;
    outbound_AddRef(iface);
    *object = iface;
    return S_OK;
}

static const IWSDOutboundAttachmentVtbl outbound_vtbl = {
    .QueryInterface = outbound_QueryInterface,
    .AddRef = outbound_AddRef,
    .Release = outbound_Release,
    .Write = outbound_Write,
    .Close = outbound_Close,
    .Abort = outbound_Abort,
};

/* ---- the source ---- */

/* Behind bytes that went, little has a while to become more. */
static bool outbound_holds_back_locked(const struct wsd_outbound *self)
{
    return (self->synced.gave || self->synced.puller == PULLER_LOOKS_AGAIN) &&
           self->synced.state == OUTBOUND_OPEN && !self->source.hurry &&
           !outbound_has_much_locked(self);
}

/* At the first free byte it would cost a thread switch for each pull. */
static bool outbound_has_room_locked(const struct wsd_outbound *self)
{
    const struct wsd_ring *ring = &self->synced.channel.ring;

    return ring->used <= ring->capacity / 2;
}

static enum wsd_pull outbound_pull(struct wsd_body_source *source, uint8_t *buffer,
                                   size_t capacity, size_t *size)
{
    struct wsd_outbound *self = outbound_from_source(source);
    enum wsd_pull result = WSD_PULL_BYTES;
    bool holds_back;

    outbound_enter(self);
    if (self->synced.host != NULL)
        outbound_call_host_locked(self, self->synced.host->vtable->moved);
    if (self->synced.state == OUTBOUND_BOUND) {
        outbound_set_state_locked(self, OUTBOUND_OPEN);
        self->synced.gave = true; /* all that stands before it */
    }
    holds_back = outbound_holds_back_locked(self);
    source->hurry = false;
    self->synced.puller = PULLER_BUSY;
    *size = holds_back
                ? 0
                : wsd_channel_drain_locked(&self->synced.channel, buffer, capacity);
    self->synced.gave = *size > 0;
    self->synced.waiting.progress += *size;
    self->synced.given += *size;
    if (self->synced.given > self->synced.handed)
        self->synced.handed = self->synced.given;
    if (outbound_has_failed_locked(self)) {
        *size = 0;
        result = WSD_PULL_ABORTED;
    } else if (holds_back) {
        self->synced.puller = PULLER_LOOKS_AGAIN;
        result = WSD_PULL_NOTHING_YET;
    } else if (*size == 0 && (self->synced.state == OUTBOUND_CLOSING ||
                              self->synced.state == OUTBOUND_CLOSED)) {
        if (!outbound_is_kept_locked(self))
            wsd_channel_drop_locked(&self->synced.channel);
        result = WSD_PULL_END;
    } else if (*size == 0) {
        self->synced.puller = PULLER_WAITS;
        result = WSD_PULL_NOTHING_NOW;
    } else if (outbound_has_room_locked(self)) {
        wsd_waiting_wake_locked(&self->synced.waiting);
    }
    outbound_leave(self);
    return result;
}

/* Who does not wait learns here that there is room. */
static void outbound_rest(struct wsd_body_source *source)
{
    struct wsd_outbound *self = outbound_from_source(source);

    outbound_enter(self);
    if (self->synced.state == OUTBOUND_OPEN && outbound_has_room_locked(self))
        wsd_waiting_changed_locked(&self->synced.waiting);
    outbound_leave(self);
}

static void outbound_sent(struct wsd_body_source *source)
{
    struct wsd_outbound *self = outbound_from_source(source);

    outbound_enter(self);
    self->synced.sent = true;
    wsd_waiting_changed_locked(&self->synced.waiting);
    outbound_leave(self);
}

static bool outbound_can_rewind_locked(const struct wsd_outbound *self)
{
    return !outbound_has_failed_locked(self) &&
           (self->synced.given == 0 || outbound_is_kept_locked(self));
}

static bool outbound_can_rewind(struct wsd_body_source *source)
{
    struct wsd_outbound *self = outbound_from_source(source);
    bool can;

    outbound_enter(self);
    can = outbound_can_rewind_locked(self);
    outbound_leave(self);
    return can;
}

static bool outbound_rewind(struct wsd_body_source *source)
{
    struct wsd_outbound *self = outbound_from_source(source);
    bool can;

    outbound_enter(self);
    can = outbound_can_rewind_locked(self);
    if (can && self->synced.given > 0)
        wsd_channel_rewind_locked(&self->synced.channel);
    if (can) {
        self->synced.given = 0;
        self->synced.sent = false; /* a Close that has not returned yet waits again */
    }
    outbound_leave(self);
    return can;
}

static const struct wsd_body_source_vtable outbound_source_vtable = {
    .pull = outbound_pull,
    .rest = outbound_rest,
    .sent = outbound_sent,
    .can_rewind = outbound_can_rewind,
    .rewind = outbound_rewind,
};

/* ---- for the message ---- */

HRESULT wsd_outbound_create(const struct wsd_mem *mem, IWSDOutboundAttachment **out)
{
    struct wsd_outbound *self;
    HRESULT hr;

    *out = NULL;
    self = wsd_alloc(mem, sizeof(*self));
    if (self == NULL)
        return E_OUTOFMEMORY;
    self->iface.lpVtbl = &outbound_vtbl;
    self->source = (struct wsd_body_source){&outbound_source_vtable, .opens = true};
    self->mem = mem;
    atomic_init(&self->references, 1);
    atomic_init(&self->uses, 1);
    self->synced.length = WSD_LENGTH_UNKNOWN;
    wsd_channel_init(&self->synced.channel, &self->synced.waiting.monitor);
    hr = wsd_waiting_init(&self->synced.waiting, WSD_WAIT_BUDGET_MS);
    if (FAILED(hr)) {
        outbound_destroy(self);
        return hr;
    }
    *out = &self->iface;
    return S_OK;
}

struct wsd_outbound *wsd_outbound_from(IWSDAttachment *object)
{
    IWSDOutboundAttachment *iface = (IWSDOutboundAttachment *)object;
    void *answer = NULL;

    if (iface->lpVtbl != &outbound_vtbl) {
        /* A wrapper may know one of ours. */
        if (object->lpVtbl->QueryInterface(object, &IID_IWSDOutboundAttachment,
                                           &answer) != S_OK ||
            answer == NULL)
            return NULL;
        iface = answer;
        /* Foreign, it may go with this reference; ours, it must not. */
        if (iface->lpVtbl != &outbound_vtbl) {
            iface->lpVtbl->Release(iface);
            return NULL;
        }
        if (iface->lpVtbl->Release(iface) == 0)
            return NULL;
    }
    return outbound_from_iface(iface);
}

HRESULT wsd_outbound_bind(struct wsd_outbound *self)
{
    HRESULT hr = S_OK;

    outbound_enter(self);
    if (self->synced.state == OUTBOUND_UNBOUND) {
        outbound_set_state_locked(self, OUTBOUND_BOUND);
        atomic_fetch_add(&self->uses, 1);
    } else if (self->synced.state == OUTBOUND_ABORTED) {
        hr = E_ABORT;
    } else {
        hr = HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED);
    }
    outbound_leave(self);
    return hr;
}

void wsd_outbound_unbind(struct wsd_outbound *self)
{
    outbound_enter(self);
    if (self->synced.state == OUTBOUND_BOUND)
        outbound_set_state_locked(self, OUTBOUND_UNBOUND);
    outbound_leave(self);
    wsd_outbound_release_use(self);
}

HRESULT wsd_outbound_arm(struct wsd_outbound *self, struct wsd_outbound_host *host,
                         size_t ring_bytes, DWORD wait_budget_ms, uint64_t length)
{
    HRESULT hr = E_ABORT;

    outbound_enter(self);
    if (self->synced.state == OUTBOUND_BOUND) {
        host->vtable->add_ref(host);
        self->synced.host = host;
        self->synced.length = length;
        self->synced.ring_bytes = ring_bytes;
        wsd_waiting_suggest_budget_locked(&self->synced.waiting, wait_budget_ms);
        wsd_waiting_changed_locked(&self->synced.waiting);
        hr = S_OK;
    }
    outbound_leave(self);
    return hr;
}

struct wsd_body_source *wsd_outbound_source(struct wsd_outbound *self)
{
    return &self->source;
}

void wsd_outbound_settle(struct wsd_outbound *self)
{
    outbound_enter(self);
    wsd_channel_drop_locked(&self->synced.channel);
    outbound_leave(self);
}

void wsd_outbound_fail(struct wsd_outbound *self, HRESULT error)
{
    WSD_ASSERT(FAILED(error));
    outbound_enter(self);
    outbound_fail_locked(self, error);
    outbound_leave(self);
}

bool wsd_outbound_is_forgotten(struct wsd_outbound *self)
{
    bool forgotten;

    outbound_enter(self);
    forgotten = self->synced.forgotten;
    outbound_leave(self);
    return forgotten;
}

struct wsd_waiting *wsd_outbound_waiting(struct wsd_outbound *self)
{
    return &self->synced.waiting;
}

void wsd_outbound_get_progress(struct wsd_outbound *self,
                               wsd_attachment_progress *progress)
{
    outbound_enter(self);
    progress->accepted = self->synced.channel.filled;
    progress->handed = self->synced.handed;
    outbound_leave(self);
}
