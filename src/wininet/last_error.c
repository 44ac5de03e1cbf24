#include "wininet/last_error.h"

#include <stdio.h>

static _Thread_local DWORD last_error;
static _Thread_local char last_reply[WSD_REPLY_BYTES];

DWORD wsd_last_error_get(void)
{
    return last_error;
}

void wsd_last_error_set(DWORD error)
{
    last_error = error;
}

const char *wsd_last_error_reply(void)
{
    return last_reply;
}

void wsd_last_error_set_reply(const char *reply)
{
    (void)snprintf(last_reply, sizeof(last_reply), "%s", reply);
}
