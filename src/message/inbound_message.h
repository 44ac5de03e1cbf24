/*
 * inbound_message -- a received message: status, envelope if it is SOAP, attachments.
 *
 * Pushed on the transport's thread; handed to the application when its envelope is there,
 * while its attachments still arrive.
 */
#ifndef WSD_MESSAGE_INBOUND_MESSAGE_H
#define WSD_MESSAGE_INBOUND_MESSAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/text.h"
#include "message/inbound_package.h"
#include "os/observer.h"
#include "soap/envelope.h"
#include "wsd_message.h"
#include "wsd_types.h"

struct wsd_inbound_message {
    const struct wsd_mem *mem;           /* borrowed */
    atomic_uint references;              /* the application's and the pusher's */
    int http_status;                     /* 0: a request */
    char *content_type;                  /* owned; what the next two are in */
    const char *http_type;               /* "type/subtype" in lower case; "" for none */
    const char *http_action;             /* its parameter action; "" for none */
    struct wsd_text raw;                 /* the envelope or other text, as received */
    struct wsd_envelope *envelope;       /* NULL: empty, or not SOAP */
    struct wsd_inbound_package *package; /* NULL: no multipart message */
    bool readable;                       /* likewise, and its envelope has been read */
    struct wsd_inbound_host *host;       /* of the attachments; owned reference */
    struct wsd_log_subject subject;      /* for the pusher */
    bool has_ended;                      /* likewise: finish() was called */
};

struct wsd_inbound_options {
    size_t max_text_bytes; /* of the envelope, or what comes in its place */
    struct wsd_inbound_package_options attachments;
    /* For the log, borrowed until finish().  Without a message_id it is the message's. */
    struct wsd_log_subject subject;
};

/* content_type: NULL if there is none.  One reference.
 * S_OK; E_OUTOFMEMORY; a failure for a bad multipart type; then *out is NULL. */
HRESULT wsd_inbound_create(const struct wsd_mem *mem, int http_status,
                           const char *content_type,
                           const struct wsd_inbound_options *options,
                           struct wsd_inbound_host *host,
                           struct wsd_inbound_message **out);
void wsd_inbound_add_ref(struct wsd_inbound_message *message);
void wsd_inbound_release(struct wsd_inbound_message *message);

/* As a body_sink's. */
HRESULT wsd_inbound_push(struct wsd_inbound_message *message, const uint8_t *bytes,
                         size_t size, size_t *taken);

/* The body has ended: S_OK, or cut short by `result`.  Reads a plain envelope and ends
 * what is not whole.  S_OK, or what is wrong with the body. */
HRESULT wsd_inbound_finish(struct wsd_inbound_message *message, HRESULT result);

/* The envelope of a multipart message has been read: the application may have it. */
bool wsd_inbound_is_readable(const struct wsd_inbound_message *message);

/* The application gives its reference back: what it cannot read any more is thrown away,
 * and when nobody reads anything the transfer ends. */
void wsd_inbound_abandon(struct wsd_inbound_message *message);

/* What a complete reply means: S_OK, or the failure that wsd_client_receive() documents
 * for a fault, an error status, or a body that is no envelope. */
HRESULT wsd_inbound_verdict(const struct wsd_inbound_message *message);

/* As wsd_inbound_message_action() documents. */
const char *wsd_inbound_action(const struct wsd_inbound_message *message);

/* As wsd_inbound_message_attachment(), _attachment_at() and _media_type() document. */
HRESULT wsd_inbound_find_attachment(struct wsd_inbound_message *message, const char *path,
                                    IWSDInboundAttachment **out);
HRESULT wsd_inbound_attachment_at(struct wsd_inbound_message *message, size_t index,
                                  IWSDInboundAttachment **out);
const char *wsd_inbound_media_type(const struct wsd_inbound_message *message,
                                   IWSDInboundAttachment *attachment);

#endif
