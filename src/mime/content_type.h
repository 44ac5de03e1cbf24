/*
 * content_type -- takes the value of a Content-Type field apart (RFC 2045 section 5.1).
 *
 *   value     = type "/" subtype *( ";" [ parameter ] )
 *   parameter = name "=" ( token | quoted-string )
 *
 * Blanks and comments, which may nest, may stand between these.  A parameter that is
 * there twice is refused, for readers differ in which one they believe.  The extensions
 * of RFC 2231 (name*, name*0) are names of their own.  Linear; allocates nothing.
 */
#ifndef WSD_MIME_CONTENT_TYPE_H
#define WSD_MIME_CONTENT_TYPE_H

#include <stddef.h>

#include "mime/mime_fault.h"
#include "mime/tolerance.h"

enum { WSD_CONTENT_TYPE_PARAMETERS = 16, WSD_BOUNDARY_LIMIT = 70 };

struct wsd_content_type {
    const char *type; /* "type/subtype" in lower case */
    size_t count;
    struct {
        const char *name;  /* in lower case */
        const char *value; /* without quotes and escapes */
    } parameters[WSD_CONTENT_TYPE_PARAMETERS];
};

/* Takes `value` apart where it stands: it is overwritten, and *parsed points into it.
 * Not folded; 8-bit and control characters are refused. */
enum wsd_mime_fault wsd_content_type_parse(char *value, struct wsd_tolerances *tolerances,
                                           struct wsd_content_type *parsed);

/* The value of a parameter, or NULL.  name: in lower case. */
const char *wsd_content_type_parameter(const struct wsd_content_type *parsed,
                                       const char *name);

/* The boundary of a multipart type, held to RFC 2046 section 5.1.1: 1 to 70 characters of
 * bchars, the last one not a space. */
enum wsd_mime_fault wsd_content_type_boundary(const struct wsd_content_type *parsed,
                                              const char **boundary);

/* The parameter start-info, or NULL. */
const char *wsd_content_type_start_info(const struct wsd_content_type *parsed,
                                        struct wsd_tolerances *tolerances);

#endif
