/*
 * curl_url -- is this a URL that a request may go to?
 *
 * Refuses what libcurl would take: a user, a fragment, another scheme, and a host behind
 * one or three slashes, which for everybody else is none.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_URL_H
#define WSD_TRANSPORT_CURL_CURL_URL_H

#include "wsd_types.h"

/* S_OK; E_OUTOFMEMORY; E_INVALIDARG for a user name, a password or a fragment;
 * HRESULT_FROM_WIN32() of ERROR_WINHTTP_UNRECOGNIZED_SCHEME for anything but http and
 * https, of ERROR_WINHTTP_INVALID_URL for what is no URL or has no host. */
HRESULT wsd_curl_url_check(const char *text);

#endif
