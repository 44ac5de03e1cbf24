/*
 * exchange -- one message sent over a transport, and its reply.
 *
 * It is the host of the message's attachments and the handler of its transfer.  It keeps
 * the message until the transfer is done; the message keeps it for wsd_client_receive().
 */
#ifndef WSD_MESSAGE_EXCHANGE_H
#define WSD_MESSAGE_EXCHANGE_H

#include <stdbool.h>

#include "base/mem.h"
#include "message/inbound_message.h"
#include "message/outbound_message.h"
#include "os/observer.h"
#include "transport/transport.h"

struct wsd_exchange; /* opaque */

struct wsd_exchange_options {
    size_t ring_bytes;
    DWORD wait_budget_ms;
    size_t max_envelope_bytes;
    size_t max_reply_bytes;
    bool content_length; /* where the package's length is known, instead of chunks */
    bool expect_continue;
    /* Copied: */
    const char *user_agent;
    const char *from;                /* NULL: none */
    const char *const *header_lines; /* NULL behind the last; NULL: none */
    struct wsd_observer *observer;   /* lives as long as a transfer; NULL: none */
};

/* Sends a message that was not sent yet and sets message->exchange, as wsd_client_send()
 * documents with its codes. */
HRESULT wsd_exchange_send(struct wsd_outbound_message *message,
                          struct wsd_transport *transport, const char *url,
                          const struct wsd_exchange_options *options);

/* As wsd_client_receive() documents. */
HRESULT wsd_exchange_receive(struct wsd_exchange *exchange, DWORD wait_ms,
                             struct wsd_inbound_message **reply);

/* Nobody will ask for the reply any more: what of it is still to come is thrown away. */
void wsd_exchange_forget_reply(struct wsd_exchange *exchange);

/* The transport that it was sent over, for comparison only. */
const struct wsd_transport *wsd_exchange_transport(const struct wsd_exchange *exchange);

void wsd_exchange_release(struct wsd_exchange *exchange);

#endif
