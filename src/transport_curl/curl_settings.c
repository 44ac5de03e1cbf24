#include "transport_curl/curl_settings.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "wsd_client.h"

static const struct {
    CURLoption option;
    bool is_path;
} texts[WSD_CURL_TEXTS] = {
    [WSD_CURL_CA_FILE] = {CURLOPT_CAINFO, true},
    [WSD_CURL_CA_FOLDER] = {CURLOPT_CAPATH, true},
    [WSD_CURL_CRL_FILE] = {CURLOPT_CRLFILE, true},
    [WSD_CURL_CERTIFICATE_FILE] = {CURLOPT_SSLCERT, true},
    [WSD_CURL_KEY_FILE] = {CURLOPT_SSLKEY, true},
    [WSD_CURL_KEY_PASSPHRASE] = {CURLOPT_KEYPASSWD, false},
    [WSD_CURL_PINNED_KEY] = {CURLOPT_PINNEDPUBLICKEY, false},
};

static bool is_allowed(const struct wsd_curl_settings *settings)
{
    const char *const *given = settings->texts;
    const char *pin = given[WSD_CURL_PINNED_KEY];

    if (given[WSD_CURL_CERTIFICATE_FILE] == NULL &&
        (given[WSD_CURL_KEY_FILE] != NULL || given[WSD_CURL_KEY_PASSPHRASE] != NULL))
        return false;
    /* libcurl takes anything else for the name of a file. */
    if (pin != NULL && strncmp(pin, "sha256//", strlen("sha256//")) != 0)
        return false;
    return settings->tls_version_min == 0 || settings->tls_version_min == WSD_TLS_1_2 ||
           settings->tls_version_min == WSD_TLS_1_3;
}

HRESULT wsd_curl_settings_copy(const struct wsd_mem *mem,
                               const struct wsd_curl_settings *from,
                               struct wsd_curl_settings *to)
{
    *to = *from;
    memset(to->texts, 0, sizeof(to->texts));
    if (!is_allowed(from))
        return E_INVALIDARG;
    for (size_t i = 0; i < WSD_CURL_TEXTS; i++) {
        const char *text = from->texts[i];

        if (text == NULL)
            continue;
        if (texts[i].is_path && access(text, R_OK) != 0)
            return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
        to->texts[i] = wsd_copy(mem, text, strlen(text));
        if (to->texts[i] == NULL)
            return E_OUTOFMEMORY;
    }
    return S_OK;
}

void wsd_curl_settings_wipe(const struct wsd_mem *mem, struct wsd_curl_settings *settings)
{
    for (size_t i = 0; i < WSD_CURL_TEXTS; i++) {
        wsd_free(mem, (void *)settings->texts[i]);
        settings->texts[i] = NULL;
    }
}

CURLcode wsd_curl_settings_apply(const struct wsd_curl_settings *settings, CURL *easy)
{
    bool has_authorities = settings->texts[WSD_CURL_CA_FILE] != NULL ||
                           settings->texts[WSD_CURL_CA_FOLDER] != NULL;
    CURLcode code = CURLE_OK;

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, option, value)
    SET(CURLOPT_SSLVERSION, settings->tls_version_min == WSD_TLS_1_3
                                ? (long)CURL_SSLVERSION_TLSv1_3
                                : (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->accepts_any_certificate) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    /* libcurl would still look into its own folder beside a file, and the reverse. */
    if (has_authorities) {
        SET(CURLOPT_CAINFO, NULL);
        SET(CURLOPT_CAPATH, NULL);
    }
    SET(CURLOPT_KEYPASSWD, ""); /* without one, OpenSSL asks the terminal */
    for (size_t i = 0; i < WSD_CURL_TEXTS; i++)
        if (settings->texts[i] != NULL) {
            SET(texts[i].option, settings->texts[i]);
        }
#undef SET
    return code;
}
