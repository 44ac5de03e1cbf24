/*
 * envelope -- reads a received SOAP 1.2 envelope.
 *
 * Hides libxml2.  No document types, entities, network or XInclude.  Immutable after
 * read(), except that find_text() and body() keep what they hand out; one thread at a
 * time. Namespaces are compared without their scheme (some devices write https).
 */
#ifndef WSD_SOAP_ENVELOPE_H
#define WSD_SOAP_ENVELOPE_H

#include <stdbool.h>

#include "base/mem.h"
#include "wsd_message.h"
#include "wsd_types.h"

struct wsd_envelope; /* opaque */

/* S_OK; E_OUTOFMEMORY; WS_E_INVALID_FORMAT for anything but a well-formed envelope: a
 * soap:Envelope (SOAP 1.2) with a soap:Body.  The bytes may go afterwards. */
HRESULT wsd_envelope_read(const struct wsd_mem *mem, const void *bytes, size_t size,
                          struct wsd_envelope **out);
void wsd_envelope_destroy(struct wsd_envelope *envelope);

/* Trimmed texts of the addressing headers (WS-Addressing 2004/08 or 1.0); "" when absent.
 */
const char *wsd_envelope_action(const struct wsd_envelope *envelope);
const char *wsd_envelope_message_id(const struct wsd_envelope *envelope);
const char *wsd_envelope_relates_to(const struct wsd_envelope *envelope);

/* The namespace of these headers: that of WS-Addressing 1.0 when Action is in it, else
 * that of 2004/08. */
const char *wsd_envelope_addressing(const struct wsd_envelope *envelope);

/* Does its ReplyTo ask for the reply on the same connection?  So does none at all. */
bool wsd_envelope_wants_reply_here(const struct wsd_envelope *envelope);

/* Is there a header for us, outside WS-Addressing, that must be understood (SOAP 1.2 part
 * 1 section 5.2.3)? */
bool wsd_envelope_has_mandatory_header(const struct wsd_envelope *envelope);

/* The first element in soap:Body as XML text that stands alone: it declares every
 * namespace in scope.  "" for an empty body. */
const char *wsd_envelope_body(const struct wsd_envelope *envelope, size_t *length);

/* The trimmed text content of the element that `path` names (syntax of
 * wsd_envelope_writer_add_include), kept until destroy.
 * S_OK; E_OUTOFMEMORY; E_INVALIDARG: not a path; HRESULT_FROM_WIN32(ERROR_NOT_FOUND). */
HRESULT wsd_envelope_find_text(struct wsd_envelope *envelope, const char *path,
                               const char **text);

/* The href of the xop:Include that is the content of the element that `path` names; it
 * lives as long as the envelope.  S_OK; S_FALSE: the content is text; E_INVALIDARG and
 * HRESULT_FROM_WIN32(ERROR_NOT_FOUND) as find_text; WS_E_INVALID_FORMAT: there are other
 * elements in it, text beside the Include, or no href.  *href is NULL unless S_OK. */
HRESULT wsd_envelope_find_include(const struct wsd_envelope *envelope, const char *path,
                                  const char **href);

/* Calls back for the href of each xop:Include in the body, in document order, as long as
 * that returns S_OK; returns what the last call did.  WS_E_INVALID_FORMAT for an Include
 * that is not the only child of its element (XOP 1.0 section 3.1), or whose href is not a
 * cid: reference into the same message: nothing else is ever fetched. */
typedef HRESULT (*wsd_include_callback)(void *context, const char *href);
HRESULT wsd_envelope_each_include(const struct wsd_envelope *envelope,
                                  wsd_include_callback callback, void *context);

/* S_OK and *fault (its strings live as long as the envelope), or S_FALSE: no fault.  A
 * fault is a soap:Fault in the body, whatever the HTTP status or the Action said. */
HRESULT wsd_envelope_fault(const struct wsd_envelope *envelope, wsd_fault *fault);

#endif
