/*
 * xml_path -- finds an element by a path of local names: "Job/Page[2]/Data".
 *
 *   path = step *( "/" step )
 *   step = NCName [ "[" index "]" ]     index: 1 ... 2^31 - 1, no leading zero
 *
 * At most 2048 octets.  An octet over 127 may stand anywhere in a name: what is not a
 * letter of UTF-8 names no element.  Namespaces are ignored; the index counts the
 * siblings of the same local name.
 */
#ifndef WSD_SOAP_XML_PATH_H
#define WSD_SOAP_XML_PATH_H

#include <libxml/tree.h>

#include "wsd_types.h"

/* root: what the first step names, always as number 1; may be NULL.
 * S_OK and *element; E_INVALIDARG: not a path, whatever the root is;
 * HRESULT_FROM_WIN32(ERROR_NOT_FOUND).  *element is NULL after a failure. */
HRESULT wsd_xml_path_find(xmlNode *root, const char *path, xmlNode **element);

#endif
