/*
 * envelope_writer -- makes a SOAP 1.2 envelope with WS-Addressing 2004/08 headers around
 * an application's body, on one line, with the prefixes soap, wsa and xop.
 *
 * Hides libxml2.  One thread at a time.
 */
#ifndef WSD_SOAP_ENVELOPE_WRITER_H
#define WSD_SOAP_ENVELOPE_WRITER_H

#include "base/mem.h"
#include "base/text.h"
#include "wsd_message.h"
#include "wsd_types.h"

struct wsd_envelope_writer; /* opaque */

/* action: a URI that wsd_field_is_uri() accepts, checked by the caller.
 * S_OK or E_OUTOFMEMORY. */
HRESULT wsd_envelope_writer_create(const struct wsd_mem *mem, const char *action,
                                   struct wsd_envelope_writer **out);
void wsd_envelope_writer_destroy(struct wsd_envelope_writer *writer);

/* Makes one element the only child of soap:Body, replacing an earlier one.  Blank text
 * between elements is dropped, line ends inside text become character references.
 * S_OK; E_OUTOFMEMORY; WS_E_INVALID_FORMAT for anything but one well-formed,
 * namespace-well-formed element in UTF-8 (a document type, a processing instruction, or a
 * depth over 256 included); WS_E_INVALID_OPERATION once an Include was added. */
HRESULT wsd_envelope_writer_set_body(struct wsd_envelope_writer *writer, const char *xml,
                                     size_t length);

/* Makes a soap:Fault the body, and the Action that of faults, until another body is set.
 * NULL strings stand for "".
 * S_OK; E_OUTOFMEMORY; E_INVALIDARG for an unknown code, and a subcode that is no XML
 * name or has no namespace; WS_E_INVALID_FORMAT for detail or text that is not XML;
 * WS_E_INVALID_OPERATION once an Include was added. */
HRESULT wsd_envelope_writer_set_fault(struct wsd_envelope_writer *writer,
                                      const wsd_fault *fault);

/* The fault's code, "Sender" for example; NULL when the body is no fault. */
const char *wsd_envelope_writer_fault_code(const struct wsd_envelope_writer *writer);

/* Puts <xop:Include href="cid:CONTENT_ID"/> into the body element that `path` names:
 * local names joined by '/', the first one the body element's own, each with an optional
 * 1-based index among its siblings of the same local name ("Job/Page[2]/Data").
 * content_id: unreserved characters and '@' only.
 * S_OK; E_OUTOFMEMORY; E_INVALIDARG for a path that is not one, and for an element that
 * has content of its own, blanks apart (XOP 1.0 section 3.1: Include is the only child);
 * HRESULT_FROM_WIN32(ERROR_NOT_FOUND): no such element, or no body yet;
 * HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS): it has an Include already. */
HRESULT wsd_envelope_writer_add_include(struct wsd_envelope_writer *writer,
                                        const char *path, const char *content_id);

struct wsd_addressing {
    const char *ns;         /* WSD_NS_WSA_10, or NULL for WSD_NS_WSA */
    const char *to;         /* NULL: anonymous */
    const char *message_id; /* a bare UUID; written as urn:uuid:UUID */
    /* NULL: a request, which then has ReplyTo anonymous; "": a reply to a message without
     * an ID. */
    const char *relates_to;
    const char *from; /* NULL: none */
};

/* Appends the whole envelope, XML declaration first: headers To, Action, MessageID, then
 * ReplyTo or RelatesTo, then From.  Without a body soap:Body is empty.  May be called
 * again. S_OK; E_OUTOFMEMORY; WS_E_QUOTA_EXCEEDED past the text's limit. */
HRESULT wsd_envelope_writer_render(struct wsd_envelope_writer *writer,
                                   const struct wsd_addressing *addressing,
                                   struct wsd_text *out);

#endif
