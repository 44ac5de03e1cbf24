/* last_error -- what the calling thread was told last. */
#ifndef WSD_WININET_LAST_ERROR_H
#define WSD_WININET_LAST_ERROR_H

#include "wsd_types.h"

#define WSD_REPLY_BYTES 512

DWORD wsd_last_error_get(void);
void wsd_last_error_set(DWORD error);

/* The last reply of a server of FTP; "" at first.  Cut to WSD_REPLY_BYTES - 1. */
const char *wsd_last_error_reply(void);
void wsd_last_error_set_reply(const char *reply);

#endif
