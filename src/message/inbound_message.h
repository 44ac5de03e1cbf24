/* inbound_message -- a received message: its status, and its envelope if it is SOAP. */
#ifndef WSD_MESSAGE_INBOUND_MESSAGE_H
#define WSD_MESSAGE_INBOUND_MESSAGE_H

#include "base/text.h"
#include "soap/envelope.h"
#include "wsd_message.h"
#include "wsd_types.h"

struct wsd_inbound_message {
    const struct wsd_mem *mem; /* borrowed */
    int http_status;
    struct wsd_envelope *envelope; /* NULL: empty, or not SOAP */
    struct wsd_text raw;           /* as received */
};

/* Takes the bytes of `raw`, which is empty afterwards, and reads them if they are an
 * envelope.  S_OK, or E_OUTOFMEMORY, then *out is NULL. */
HRESULT wsd_inbound_create(const struct wsd_mem *mem, int http_status,
                           struct wsd_text *raw, struct wsd_inbound_message **out);
void wsd_inbound_destroy(struct wsd_inbound_message *message); /* accepts NULL */

/* What a complete reply means: S_OK, or the failure that wsd_client_receive() documents
 * for a fault, an error status, or a body that is no envelope. */
HRESULT wsd_inbound_verdict(const struct wsd_inbound_message *message);

#endif
