/*
 * outbound_attachment -- the COM object that an application writes a document into, and
 * the body_source that a message drains it from.
 *
 * Two counts: the application's references, and the library's uses (all of the
 * application's references together are one use).  Whoever holds a use may call the
 * functions below, from any thread unless said otherwise.
 */
#ifndef WSD_ATTACHMENT_OUTBOUND_ATTACHMENT_H
#define WSD_ATTACHMENT_OUTBOUND_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "attachment/waiting.h"
#include "base/mem.h"
#include "stream/body_source.h"
#include "wsd_attachment.h"
#include "wsd_types.h"
#include "wsdattachment.h"

#define WSD_WAIT_BUDGET_MS 30000

struct wsd_outbound;
struct wsd_outbound_host;

/* What an attachment asks of the message that carries it.  Called on any thread, without
 * the attachment's lock; none but drive() waits. */
struct wsd_outbound_host_vtable {
    /* Transmit, if that has not begun.  A failure reaches the attachment by
     * wsd_outbound_fail(). */
    void (*start)(struct wsd_outbound_host *host);
    /* The source has something again, after WSD_PULL_NOTHING_NOW. */
    void (*wake)(struct wsd_outbound_host *host);
    /* What was pulled before has been handed to the network.  On the puller's thread. */
    void (*moved)(struct wsd_outbound_host *host);
    /* Cut the message and fail its other attachments. */
    void (*abort)(struct wsd_outbound_host *host);
    /* As a transfer's drive(); it does not start what start() would not.  May be NULL. */
    bool (*drive)(struct wsd_outbound_host *host, enum wsd_transfer_ask ask,
                  const struct wsd_transfer_wait *wait);
    void (*add_ref)(struct wsd_outbound_host *host);
    void (*release)(struct wsd_outbound_host *host);
};

struct wsd_outbound_host {
    const struct wsd_outbound_host_vtable *vtable;
    bool may_rewind; /* the source, until wsd_outbound_settle() */
};

/* Makes an attachment with one reference.  S_OK or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_outbound_create(const struct wsd_mem *mem, IWSDOutboundAttachment **out);

/* The attachment behind an application's pointer, without a use of its own; NULL when the
 * object is somebody else's, however badly that one behaves. */
struct wsd_outbound *wsd_outbound_from(IWSDAttachment *object);

/* UNBOUND to BOUND, and a use for the message.
 * S_OK; HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED); E_ABORT when it was aborted. */
HRESULT wsd_outbound_bind(struct wsd_outbound *self);
/* Takes bind back: the attachment is UNBOUND and the use is gone. */
void wsd_outbound_unbind(struct wsd_outbound *self);

void wsd_outbound_release_use(struct wsd_outbound *self);

/* The message has been sent: Write may start it.  Keeps a reference to host until the
 * attachment is destroyed.  length: the declared one, to which Write and Close keep the
 * application, or WSD_LENGTH_UNKNOWN.
 * S_OK, or E_ABORT when the attachment was aborted or given back meanwhile. */
HRESULT wsd_outbound_arm(struct wsd_outbound *self, struct wsd_outbound_host *host,
                         size_t ring_bytes, DWORD wait_budget_ms, uint64_t length);

/* The content.  The first pull opens the stream; one thread pulls.  It can be rewound for
 * a host that may, while no byte of its ring has been overwritten: also when Close has
 * returned S_OK, which stays true, for all was with the network then.  A rewind that
 * fails changes nothing. */
struct wsd_body_source *wsd_outbound_source(struct wsd_outbound *self);

/* The source is neither pulled nor rewound any more: its ring's memory goes. */
void wsd_outbound_settle(struct wsd_outbound *self);

/* Fails the attachment for good, unless it is closed, aborted or failed. */
void wsd_outbound_fail(struct wsd_outbound *self, HRESULT error);

/* Did the last Release end it, because it was neither closed nor aborted? */
bool wsd_outbound_is_forgotten(struct wsd_outbound *self);

/* For wsd_attachment.h. */
struct wsd_waiting *wsd_outbound_waiting(struct wsd_outbound *self);
void wsd_outbound_get_progress(struct wsd_outbound *self,
                               wsd_attachment_progress *progress);

#endif
