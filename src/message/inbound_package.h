/*
 * inbound_package -- the mirror of package: a multipart/related body on its way in, taken
 * apart into the envelope and the attachments that the envelope refers to.
 *
 * A part is an attachment when an xop:Include means it; others are thrown away.  Parts
 * may come in any order, but what comes before the envelope must fit into the rings, for
 * the application knows of nothing yet that it could read.
 *
 * Together the rings have at most WSD_MAX_RINGS times the bytes of one, however many
 * attachments are left unread: beyond that the next part holds the pusher up.
 *
 * Pushed on the transport's thread.  Once the envelope has been read, find(), at() and
 * media_type() are for the application's thread too: the table changes no more.
 */
#ifndef WSD_MESSAGE_INBOUND_PACKAGE_H
#define WSD_MESSAGE_INBOUND_PACKAGE_H

#include <stdbool.h>

#include "attachment/inbound_attachment.h"
#include "base/mem.h"
#include "base/text.h"
#include "mime/mime_fault.h"
#include "mime/tolerance.h"
#include "stream/body_sink.h"
#include "wsd_types.h"

struct wsd_inbound_package; /* opaque */

struct wsd_inbound_package_owner {
    void *context;
    /* The envelope's bytes are complete: read them, and expect() what it refers to. */
    HRESULT (*envelope_came)(void *context);
    /* What is wrong with the Content-Type or the body: before they fail for it. */
    void (*is_bad)(void *context, enum wsd_mime_fault fault);
};

enum { WSD_MAX_RINGS = 4 };

struct wsd_inbound_package_options {
    size_t ring_bytes; /* of each attachment */
    DWORD wait_budget_ms;
};

/* content_type: the HTTP header's value.  envelope: where its bytes go; borrowed.
 * S_OK; S_FALSE: not a multipart type, and no package; E_OUTOFMEMORY; what the mime room
 * says of a bad Content-Type.  *out is NULL unless S_OK. */
HRESULT wsd_inbound_package_create(const struct wsd_mem *mem, const char *content_type,
                                   const struct wsd_inbound_package_options *options,
                                   struct wsd_inbound_host *host,
                                   const struct wsd_inbound_package_owner *owner,
                                   struct wsd_text *envelope,
                                   struct wsd_inbound_package **out);
void wsd_inbound_package_destroy(struct wsd_inbound_package *package); /* accepts NULL */

/* The envelope refers to this.  S_OK; E_OUTOFMEMORY; WS_E_QUOTA_EXCEEDED for more than
 * WSD_MAX_ATTACHMENTS. */
HRESULT wsd_inbound_package_expect(struct wsd_inbound_package *package, const char *href);

/* The attachment that an expected href means; NULL for any other. */
struct wsd_inbound_attachment *
wsd_inbound_package_find(const struct wsd_inbound_package *package, const char *href);

/* The attachments that are expected, in that order; NULL behind the last one. */
struct wsd_inbound_attachment *
wsd_inbound_package_at(const struct wsd_inbound_package *package, size_t index);

/* "type/subtype" of the part, in lower case; "" when there is none, when it has not come
 * yet, and for any attachment that is not expected. */
const char *
wsd_inbound_package_media_type(const struct wsd_inbound_package *package,
                               const struct wsd_inbound_attachment *attachment);

/* The body.  Once `abandoned`, a push when parts are to come that nobody can read ends it
 * with E_ABORT, also a push of 0 bytes. */
struct wsd_body_sink *wsd_inbound_package_sink(struct wsd_inbound_package *package);
void wsd_inbound_package_abandon(struct wsd_inbound_package *package);

/* Bytes of parts that nobody wanted, or wants any more.  For the pusher. */
uint64_t wsd_inbound_package_discarded(const struct wsd_inbound_package *package);

/* What was taken until now although it is not as it should be.  For the pusher. */
const struct wsd_tolerances *
wsd_inbound_package_tolerances(const struct wsd_inbound_package *package);

/* Nothing comes any more: fails the attachments that are not whole. */
void wsd_inbound_package_fail(struct wsd_inbound_package *package, HRESULT error);

#endif
