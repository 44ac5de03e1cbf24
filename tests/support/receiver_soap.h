/*
 * receiver_soap -- finds what wsd-receiver needs in an envelope, and writes replies.
 *
 * No XML parser: it knows tags, local names and texts, which is enough for envelopes
 * without comments and CDATA.  Texts stay as they are on the wire, escapes and all, so
 * that they can be written back as they came.
 */
#ifndef RECEIVER_SOAP_H
#define RECEIVER_SOAP_H

#include <stdbool.h>
#include <stddef.h>

#define SOAP_MAX_ENVELOPE 32767 /* DPWS 1.0, MAX_ENVELOPE_SIZE */
#define SOAP_MAX_INCLUDES 49
#define SOAP_PRINT "http://schemas.microsoft.com/windows/2006/08/wdp/print"

struct soap_include {
    char content_id[256];
    bool used;
};

/* The text of the first element with that local name; false: none, or too long. */
bool soap_text(const char *xml, const char *name, char *text, size_t size);

/* The Content-IDs of all xop:Include elements, in order.  Returns how many, or -1 when
 * one is not alone in its element or has no cid: URI. */
int soap_includes(const char *xml, struct soap_include includes[SOAP_MAX_INCLUDES]);

/* A reply in `xml`: Action is that of the request with "Response" appended, and so is its
 * body, which has `content` (XML) in it. */
void soap_write_reply(char *xml, size_t size, const char *request_action,
                      const char *message_id, const char *content);

/* A fault.  code: "Sender" or "Receiver"; subcode: with the prefix wsa or pri. */
void soap_write_fault(char *xml, size_t size, const char *message_id, const char *code,
                      const char *subcode, const char *reason);

#endif
