/* uuid -- random version 4 UUIDs (RFC 9562 section 5.4) from the kernel. */
#ifndef WSD_BASE_UUID_H
#define WSD_BASE_UUID_H

#include "wsd_types.h"

#define WSD_UUID_SIZE 37 /* 36 characters and the NUL */

/* Lower case, without braces.  Never falls back to a weak source.
 * Returns S_OK, or E_FAIL when the kernel gives no random bytes. */
HRESULT wsd_uuid_random(char uuid[WSD_UUID_SIZE]);

/* The same as a URN (RFC 9562 section 4), which ends with the UUID. */
#define WSD_URN_UUID "urn:uuid:"
#define WSD_URN_UUID_SIZE (sizeof(WSD_URN_UUID) - 1 + WSD_UUID_SIZE)
HRESULT wsd_uuid_random_urn(char urn[WSD_URN_UUID_SIZE]);

#endif
