/*
 * inbound_attachment -- the COM object that an application reads a document from, and
 * that a message pushes the document into.
 *
 * Two counts: the application's references, and the library's uses (all references
 * together are one use).  Unlike an outbound one it begins with the library: create()
 * gives one use, and the application gets references from iface().
 */
#ifndef WSD_ATTACHMENT_INBOUND_ATTACHMENT_H
#define WSD_ATTACHMENT_INBOUND_ATTACHMENT_H

#include <stdbool.h>
#include <stddef.h>

#include "attachment/waiting.h"
#include "base/mem.h"
#include "wsd_attachment.h"
#include "wsd_types.h"
#include "wsdattachment.h"

struct wsd_inbound_attachment;
struct wsd_inbound_host;

/* What an attachment asks of the message that it came in.  Any thread, without the
 * attachment's lock; none waits. */
struct wsd_inbound_host_vtable {
    /* Push again: there is room, or, without the message, one reader less. */
    void (*wake)(struct wsd_inbound_host *host);
    void (*add_ref)(struct wsd_inbound_host *host);
    void (*release)(struct wsd_inbound_host *host);
};

struct wsd_inbound_host {
    const struct wsd_inbound_host_vtable *vtable;
};

/* ring_bytes > 0.  Keeps a reference to host until it is destroyed.
 * S_OK or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_inbound_attachment_create(const struct wsd_mem *mem,
                                      struct wsd_inbound_host *host, size_t ring_bytes,
                                      DWORD wait_budget_ms,
                                      struct wsd_inbound_attachment **out);
void wsd_inbound_attachment_release_use(struct wsd_inbound_attachment *self);

/* The object for the application, with a new reference. */
IWSDInboundAttachment *wsd_inbound_attachment_iface(struct wsd_inbound_attachment *self);

/* The attachment behind an application's pointer, without a use; NULL when the object is
 * somebody else's. */
struct wsd_inbound_attachment *wsd_inbound_attachment_from(IWSDAttachment *object);

/* One thread pushes: all that fits, or that is thrown away because the application has
 * closed it.  S_OK; *taken < size: full, host.wake() says when to push the rest.
 * E_OUTOFMEMORY: failed.
 * A reader who waits is woken for a quarter of the ring; for less by a push of 0 bytes:
 * no more comes at the moment. */
HRESULT wsd_inbound_attachment_push(struct wsd_inbound_attachment *self,
                                    const uint8_t *bytes, size_t size, size_t *taken);

/* Has it not ended, in any way?  close_unreferenced() closes it if the application has no
 * reference, and must have no way left to get one; otherwise its Close wakes the host. */
bool wsd_inbound_attachment_is_awaited(struct wsd_inbound_attachment *self);
void wsd_inbound_attachment_close_unreferenced(struct wsd_inbound_attachment *self);

/* The content is whole, or never will be; the first of the two counts. */
void wsd_inbound_attachment_end(struct wsd_inbound_attachment *self);
void wsd_inbound_attachment_fail(struct wsd_inbound_attachment *self, HRESULT error);

/* How much memory the content needs that is whole and has not been read to its end.
 * tell: if it needs some, host.wake() says when it does no more.  For the pusher. */
size_t wsd_inbound_attachment_held(struct wsd_inbound_attachment *self, bool tell);

/* For wsd_attachment.h. */
struct wsd_waiting *wsd_inbound_attachment_waiting(struct wsd_inbound_attachment *self);
void wsd_inbound_attachment_get_progress(struct wsd_inbound_attachment *self,
                                         wsd_attachment_progress *progress);

#endif
