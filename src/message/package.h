/*
 * package -- a message made ready for a transport: plain SOAP, or a multipart/related
 * package (XOP 1.0 section 4.1) when it has attachments.
 */
#ifndef WSD_MESSAGE_PACKAGE_H
#define WSD_MESSAGE_PACKAGE_H

#include <stddef.h>
#include <stdint.h>

#include "base/text.h"
#include "message/outbound_message.h"
#include "mime/boundary.h"
#include "mime/multipart_encoder.h"
#include "soap/envelope_writer.h"
#include "stream/memory_source.h"

struct wsd_package {
    struct wsd_text envelope;
    struct wsd_memory_source root;         /* over the envelope */
    struct wsd_multipart_encoder *encoder; /* NULL: no attachments */
    struct wsd_text content_type;          /* the header's whole value */
    uint64_t length;                       /* or WSD_LENGTH_UNKNOWN */
};

/* Renders the message as it is now.  The attachments' sources are borrowed: the message
 * must outlive the package.  `package` must not move afterwards.
 * S_OK; E_OUTOFMEMORY; WS_E_QUOTA_EXCEEDED for an envelope over max_envelope bytes;
 * E_INVALIDARG when the declared lengths make more than 2^63 - 1 bytes; or a failure of
 * draw.  After a failure only fini is left. */
HRESULT wsd_package_init(struct wsd_package *package,
                         struct wsd_outbound_message *message,
                         const struct wsd_addressing *addressing, size_t max_envelope,
                         wsd_uuid_source draw);

/* Safe on a zeroed package. */
void wsd_package_fini(struct wsd_package *package);

/* The body, and its length: WSD_LENGTH_UNKNOWN unless all attachments declare theirs. */
struct wsd_body_source *wsd_package_source(struct wsd_package *package);
uint64_t wsd_package_length(const struct wsd_package *package);

#endif
