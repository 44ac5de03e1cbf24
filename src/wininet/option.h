/* option -- InternetSetOptionA() and InternetQueryOptionA(). */
#ifndef WSD_WININET_OPTION_H
#define WSD_WININET_OPTION_H

#include "wininet/internet_object.h"

/* What a process begins with. */
#define WSD_INTERNET_OPTIONS_INIT                                                        \
    {                                                                                    \
        .without_effect = {5, 5000, 30000, 30000}, .timeouts = {                         \
            .connect_ms = 60000,                                                         \
            .send_ms = 30000,                                                            \
            .response_ms = 30000                                                         \
        }                                                                                \
    }

/* object: NULL for the process, whose options are `process`; otherwise not looked at.
 * Codes as the exported functions document. */
HRESULT wsd_option_set(struct wsd_internet_object *object,
                       struct wsd_internet_options *process, DWORD option,
                       const void *buffer, DWORD length);
HRESULT wsd_option_query(struct wsd_internet_object *object,
                         const struct wsd_internet_options *process, DWORD option,
                         void *buffer, DWORD *length);

#endif
