/*
 * outbound_message -- an envelope and its attachments in order, while it is built.
 *
 * Arguments have been checked by the api.  One thread at a time, except for the count,
 * and for wsd_message_abandon() and _fail().
 */
#ifndef WSD_MESSAGE_OUTBOUND_MESSAGE_H
#define WSD_MESSAGE_OUTBOUND_MESSAGE_H

#include <stdatomic.h>
#include <stdbool.h>

#include "attachment/outbound_attachment.h"
#include "base/mem.h"
#include "os/observer.h"
#include "soap/envelope_writer.h"
#include "wsd_message.h"
#include "wsd_types.h"

#define WSD_ROOT_CONTENT_ID "root@soap"

struct wsd_message_part {
    struct wsd_outbound *attachment; /* a use */
    uint64_t length;                 /* the declared one, or WSD_LENGTH_UNKNOWN */
    char content_id[16];             /* "48@body" is the longest */
    char content_type[];
};

/* Of a message that is the reply to a request: sends it, as wsd_service_reply()
 * documents.
 */
struct wsd_reply_sender {
    HRESULT (*send)(struct wsd_reply_sender *sender);
};

struct wsd_outbound_message {
    const struct wsd_mem *mem; /* borrowed */
    atomic_uint references;
    struct wsd_envelope_writer *writer;
    struct wsd_message_part *parts[WSD_MAX_ATTACHMENTS]; /* part_count are owned */
    atomic_size_t part_count;
    atomic_bool abandoned;
    bool sent; /* it changes no more, and its sender fails its parts */
    struct wsd_exchange *exchange;   /* of a request that was sent: owned reference */
    struct wsd_reply_sender *sender; /* of a reply: borrowed; NULL: a request */
};

/* S_OK or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_message_create(const struct wsd_mem *mem, const char *action,
                           struct wsd_outbound_message **out);
void wsd_message_add_ref(struct wsd_outbound_message *message);

/* The last one fails the attachments of a message that was not sent with E_ABORT. */
void wsd_message_release(struct wsd_outbound_message *message);

/* As wsd_message.h documents, on a message that was not sent.  length: the declared
 * one, or WSD_LENGTH_UNKNOWN. */
HRESULT wsd_message_set_body(struct wsd_outbound_message *message, const char *xml,
                             size_t length);
HRESULT wsd_message_set_fault(struct wsd_outbound_message *message,
                              const wsd_fault *fault);
HRESULT wsd_message_attach(struct wsd_outbound_message *message, const char *path,
                           struct wsd_outbound *attachment, const char *content_type,
                           uint64_t length);

/* The code of the fault that the message is, "Sender" for example; else NULL. */
const char *wsd_message_fault_code(const struct wsd_outbound_message *message);

/* Says in the log which attachments were forgotten, and so aborted it. */
void wsd_message_log_forgotten(const struct wsd_outbound_message *message,
                               const struct wsd_log_subject *subject);

/* Fails every attachment that has not ended. */
void wsd_message_fail(struct wsd_outbound_message *message, HRESULT error);
/* Nobody pulls the attachments any more. */
void wsd_message_settle(struct wsd_outbound_message *message);

/* With E_ABORT, those too that are still to come. */
void wsd_message_abandon(struct wsd_outbound_message *message);

#endif
