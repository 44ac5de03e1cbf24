/*
 * content_id -- which part is meant: Content-ID, cid: and the parameter start.
 *
 *   Content-ID: <ID>                     RFC 2045 section 7
 *   start="<ID>"                         RFC 2387 section 3.2: names the root
 *   href="cid:ID", percent-encoded       RFC 2392: names any part
 *
 * Ids are compared byte by byte, case and all, after the one decoding that a cid: needs:
 * "%40" in a Content-ID is three characters, in a cid: it is one.
 */
#ifndef WSD_MIME_CONTENT_ID_H
#define WSD_MIME_CONTENT_ID_H

#include <stdbool.h>
#include <stddef.h>

#include "mime/mime_fault.h"
#include "mime/tolerance.h"

/* Takes the value of a Content-ID field out of its brackets, where it stands: it is
 * overwritten, and *id points into it.  *id is not empty. */
enum wsd_mime_fault wsd_content_id_parse(char *value, struct wsd_tolerances *tolerances,
                                         const char **id);

/* Does this reference name the part?  id: NULL for a part without one.  False as well for
 * what is not a cid: URL. */
bool wsd_content_id_is_meant_by(const char *id, const char *href,
                                struct wsd_tolerances *tolerances);

/* Do these two references mean one part, however they are spelled?  False as well if
 * either is not a cid: URL. */
bool wsd_content_id_is_same(const char *href, const char *other);

/* Is the part, number `index` from 0 on, the root?  start: NULL if there is no such
 * parameter; then the first one is (RFC 2387 section 3.2). */
bool wsd_content_id_is_root(const char *id, size_t index, const char *start,
                            struct wsd_tolerances *tolerances);

#endif
