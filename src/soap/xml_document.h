/*
 * xml_document -- XML text to a tree, and back.
 *
 * The parser is libxml2's, for input that nobody vouches for.  It takes UTF-8 only,
 * whatever a declaration says, with or without a byte order mark, and refuses
 *
 *   - a document type, at its name: nothing in it is looked at, and so there are no
 *     entities but XML's five, nothing external, no attribute defaults;
 *   - processing instructions (SOAP 1.2 part 1 section 5 forbids both);
 *   - what is not namespace-well-formed: undeclared prefixes above all;
 *   - elements deeper than 256, tags with more than 256 attributes, more than 1024
 *     namespaces in scope: libxml2 takes minutes for a megabyte of those.
 *
 * In the tree there are only elements, attributes and texts: comments are dropped, CDATA
 * sections are text.  Nothing is fetched, no XInclude is done, nothing is printed.
 */
#ifndef WSD_SOAP_XML_DOCUMENT_H
#define WSD_SOAP_XML_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>

#include <libxml/tree.h>

#include "base/text.h"
#include "wsd_types.h"

/* S_OK and *document, for xmlFreeDoc(); E_OUTOFMEMORY; WS_E_INVALID_FORMAT. Any thread.
 */
HRESULT wsd_xml_parse(const void *bytes, size_t size, xmlDoc **document);

/* The declaration of a prefix that holds at an element, or NULL.  The prefix has `length`
 * octets; none: the default namespace. */
const xmlNs *wsd_xml_find_namespace(const xmlNode *element, const char *prefix,
                                    size_t length);

/* Space, tab, CR and LF only (XML 1.0 section 2.3), or nothing. */
bool wsd_xml_is_blank(const char *text);

/*
 * These append XML text; a failure is left in out->error.  They are ours because
 * libxml2's serialiser writes line ends as they are and knows no limit.
 */

/* Character data, in which line ends are references. */
void wsd_xml_append_text(struct wsd_text *out, const char *text);

/* An element or a text, as it was parsed. */
void wsd_xml_append_node(struct wsd_text *out, const xmlNode *node);

/* An element that also declares what its ancestors declare for it: names with prefixes in
 * its texts and attribute values keep their meaning. */
void wsd_xml_append_standalone(struct wsd_text *out, const xmlNode *element);

/* An element on one line: without blank text between elements, with references for line
 * ends.  Where an element's _private is set, it is the element's content, as XML text. */
void wsd_xml_append_one_line(struct wsd_text *out, const xmlNode *element);

#endif
