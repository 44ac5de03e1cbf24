/*
 * curl_settings -- what all requests of one client have in common: whom it trusts, and
 * who it is.
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
    WSD_CURL_TEXTS
};

/* As wsd_client_options describes them; with all bits 0, the defaults. */
struct wsd_curl_settings {
    const char *texts[WSD_CURL_TEXTS]; /* NULL: none */
    DWORD tls_version_min;             /* WSD_TLS_*, or 0 */
    bool accepts_any_certificate;
};

/* Copies with all texts.  S_OK; E_OUTOFMEMORY; E_INVALIDARG;
 * HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND) for a file that cannot be read.  wipe() is
 * safe after each, and on zeroes. */
HRESULT wsd_curl_settings_copy(const struct wsd_mem *mem,
                               const struct wsd_curl_settings *from,
                               struct wsd_curl_settings *to);
void wsd_curl_settings_wipe(const struct wsd_mem *mem,
                            struct wsd_curl_settings *settings);

CURLcode wsd_curl_settings_apply(const struct wsd_curl_settings *settings, CURL *easy);

#endif
