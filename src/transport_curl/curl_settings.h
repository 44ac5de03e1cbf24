/*
 * curl_settings -- what all requests of one client have in common: whom it trusts, who it
 * is, and which proxy it takes.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_SETTINGS_H
#define WSD_TRANSPORT_CURL_CURL_SETTINGS_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/mem.h"
#include "wsd_types.h"

enum wsd_curl_text {
    WSD_CURL_CA_FILE,
    WSD_CURL_CA_FOLDER,
    WSD_CURL_CRL_FILE,
    WSD_CURL_CERTIFICATE_FILE,
    WSD_CURL_KEY_FILE,
    WSD_CURL_KEY_PASSPHRASE,
    WSD_CURL_PINNED_KEY,
    WSD_CURL_USER,
    WSD_CURL_PASSWORD,
    WSD_CURL_PROXY,
    WSD_CURL_PROXY_USER,
    WSD_CURL_PROXY_PASSWORD,
    WSD_CURL_TEXTS
};

/* As wsd_client_options describes them; with all bits 0, the defaults. */
struct wsd_curl_settings {
    const char *texts[WSD_CURL_TEXTS]; /* NULL: none */
    DWORD tls_version_min;             /* WSD_TLS_*, or 0 */
    bool accepts_any_certificate;
    DWORD authentication, proxy_authentication; /* WSD_AUTHENTICATION_*, or 0 */
    bool probes;
};

/* Copies with all texts.  S_OK; E_OUTOFMEMORY; E_INVALIDARG;
 * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) for a file that cannot be read.  wipe() is
 * safe after each, and on zeroes. */
HRESULT wsd_curl_settings_copy(const struct wsd_mem *mem,
                               const struct wsd_curl_settings *from,
                               struct wsd_curl_settings *to);
void wsd_curl_settings_wipe(const struct wsd_mem *mem,
                            struct wsd_curl_settings *settings);

/* What a request is to credentials. */
struct wsd_curl_exposure {
    bool is_encrypted; /* its URL is of HTTPS */
    bool streams;      /* when a challenge comes, its body may be gone */
};

CURLcode wsd_curl_settings_apply(const struct wsd_curl_settings *settings,
                                 struct wsd_curl_exposure exposure, CURL *easy);

/* By which schemes, CURLAUTH_*, libcurl answers this status to such a request; 0: it does
 * not. */
unsigned long wsd_curl_settings_answer(const struct wsd_curl_settings *settings,
                                       struct wsd_curl_exposure exposure, int status);
/* Does libcurl send it without its body first? */
bool wsd_curl_settings_probe(const struct wsd_curl_settings *settings,
                             struct wsd_curl_exposure exposure);

#endif
