/*
 * reply -- a call's answer: the handler's message or, in its place, a fault of ours; from
 * the moment it is decided until it has been handed to the network.
 *
 * The host of the attachments that the handler puts into it.
 */
#ifndef WSD_SERVICE_REPLY_H
#define WSD_SERVICE_REPLY_H

#include <stdbool.h>

#include "attachment/inbound_attachment.h"
#include "base/uuid.h"
#include "message/inbound_message.h"
#include "message/outbound_message.h"
#include "message/package.h"
#include "message/progress.h"
#include "os/monitor.h"
#include "service/call.h"
#include "service/refusal.h"

struct wsd_reply {
    struct wsd_outbound_host host;
    struct wsd_inbound_host *owner; /* borrowed: it has the reply in it */
    struct wsd_package package;     /* of the handler's message */
    char message_id[WSD_URN_UUID_SIZE];

    /* The server's thread only */
    struct wsd_package fault;     /* in its place */
    int fault_status;             /* 0: there is none */
    struct wsd_body_source *body; /* of what look() gave */
    struct wsd_progress progress;

    struct {
        struct wsd_monitor monitor;
        unsigned steps;  /* towards its beginning */
        bool declined;   /* the handler wants none */
        bool cut;        /* there will be none, or no more of it */
        HRESULT failure; /* of the handler, or of what it attached: a fault */
        struct wsd_outbound_message *draft;   /* not sent yet: borrowed */
        struct wsd_outbound_message *message; /* what was sent: a reference */
    } synced;
};

/* owner.wake: look again.  S_OK or E_OUTOFMEMORY; fini is safe afterwards. */
HRESULT wsd_reply_init(struct wsd_reply *reply, struct wsd_inbound_host *owner,
                       struct wsd_observer *observer);
void wsd_reply_fini(struct wsd_reply *reply);

/* ---- any thread ---- */

/* What the handler is about to make of it: until it is sent, or its handler has left and
 * this is NULL, its attachments fail when the reply is cut or ends. */
void wsd_reply_draft(struct wsd_reply *reply, struct wsd_outbound_message *message);

/* The handler's message, in answer to a request.  The codes of wsd_service_reply(): after
 * the first two of its list and those of memory and size the message is as it was. */
HRESULT wsd_reply_send(struct wsd_reply *reply, struct wsd_outbound_message *message,
                       const struct wsd_inbound_message *request,
                       const struct wsd_inbound_options *options);

/* There is none: a one-way message.  What has begun goes on. */
void wsd_reply_decline(struct wsd_reply *reply);

/* What has begun is cut; else the client can still be told. */
void wsd_reply_fail(struct wsd_reply *reply, HRESULT failure);
void wsd_reply_cut(struct wsd_reply *reply);
bool wsd_reply_is_cut(struct wsd_reply *reply);

/* ---- the server's thread ---- */

/* Answers with a fault of ours; cuts if memory is short.  request: NULL if nothing of it
 * could be read. */
void wsd_reply_refuse(struct wsd_reply *reply, const struct wsd_refusal *refusal,
                      const struct wsd_inbound_message *request,
                      const struct wsd_mem *mem);
bool wsd_reply_is_refused(const struct wsd_reply *reply);

/* As wsd_call_look() and _pull(). */
enum wsd_call_outcome wsd_reply_look(struct wsd_reply *reply,
                                     const struct wsd_inbound_message *request,
                                     const struct wsd_mem *mem,
                                     struct wsd_call_reply *out);
enum wsd_pull wsd_reply_pull(struct wsd_reply *reply, uint8_t *buffer, size_t capacity,
                             size_t *size);

/* S_OK: all of it has been handed to the network.  subject: for the log. */
void wsd_reply_end(struct wsd_reply *reply, const struct wsd_log_subject *subject,
                   HRESULT result);

#endif
