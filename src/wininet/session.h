/* session -- what InternetOpenA() opens: an agent, and the transport of its requests. */
#ifndef WSD_WININET_SESSION_H
#define WSD_WININET_SESSION_H

#include "wininet/internet_object.h"

/* Makes a transport.  S_OK, or why there is none. */
typedef HRESULT (*wsd_open_transport)(const struct wsd_mem *mem,
                                      struct wsd_transport **out);

struct wsd_session {
    struct wsd_internet_object object; /* first */
    wsd_open_transport open_transport;
    char *agent; /* NULL: none */

    struct {
        struct wsd_transport *transport; /* NULL until it is needed */
    } synced;                            /* enter object.synced.monitor */
};

/* Arguments and codes as InternetOpenA() documents. */
HRESULT wsd_session_create(const struct wsd_mem *mem, wsd_open_transport open_transport,
                           const struct wsd_internet_options *options, const char *agent,
                           DWORD access, const char *proxy, DWORD flags,
                           struct wsd_session **out);

/* The transport of all its requests over HTTP, made when it is first asked for; it lasts
 * as long as the session.  S_OK, or why there is none. */
HRESULT wsd_session_transport(struct wsd_session *session, struct wsd_transport **out);

#endif
