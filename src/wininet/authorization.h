/*
 * authorization -- the answer to a server that wants a name and a password: Basic
 * (RFC 7617) and Digest with MD5 (RFC 7616).
 */
#ifndef WSD_WININET_AUTHORIZATION_H
#define WSD_WININET_AUTHORIZATION_H

#include "base/text.h"
#include "wininet/header_list.h"

struct wsd_authorization {
    const struct wsd_header_list *response; /* with the WWW-Authenticate lines */
    const char *method, *target;            /* of the request */
    const char *user, *password;
    const char *nonce; /* ours, random; visible ASCII without quotes */
};

/* Appends the value of Authorization to an empty text.  Digest goes before Basic.
 * S_OK; S_FALSE: there is no challenge that can be answered; E_OUTOFMEMORY. */
HRESULT wsd_authorization_answer(const struct wsd_authorization *given,
                                 struct wsd_text *value);

#endif
