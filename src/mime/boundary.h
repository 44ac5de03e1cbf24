/* boundary -- draws a multipart boundary (RFC 2046 section 5.1.1). */
#ifndef WSD_MIME_BOUNDARY_H
#define WSD_MIME_BOUNDARY_H

#include "base/uuid.h"
#include "wsd_types.h"

/* wsd_uuid_random(), or a script in a test. */
typedef HRESULT (*wsd_uuid_source)(char uuid[WSD_UUID_SIZE]);

/* A UUID that does not stand in `text`, drawn again while it does: content that is not
 * searched is guarded by 122 random bits.  S_OK, or the source's failure. */
HRESULT wsd_boundary_draw(wsd_uuid_source draw, const char *text,
                          char boundary[WSD_UUID_SIZE]);

#endif
