#include "transport_curl/curl_settings.h"

#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include "transport_curl/curl_url.h"
#include "wsd_client.h"
#include "wsd_error.h"

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
    [WSD_CURL_USER] = {CURLOPT_USERNAME, false},
    [WSD_CURL_PASSWORD] = {CURLOPT_PASSWORD, false},
    [WSD_CURL_PROXY] = {CURLOPT_PROXY, false},
    [WSD_CURL_PROXY_USER] = {CURLOPT_PROXYUSERNAME, false},
    [WSD_CURL_PROXY_PASSWORD] = {CURLOPT_PROXYPASSWORD, false},
};

/* Digest puts it between quotes, and Basic in front of a colon. */
static bool is_credential(const char *text, bool may_have_colon)
{
    if (text == NULL)
        return true;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == 0x7F ||
            (*text == ':' && !may_have_colon))
            return false;
    return true;
}

static bool is_scheme(DWORD authentication)
{
    return authentication == 0 || authentication == WSD_AUTHENTICATION_BASIC ||
           authentication == WSD_AUTHENTICATION_DIGEST;
}

static bool needs(const struct wsd_curl_settings *settings, enum wsd_curl_text text,
                  enum wsd_curl_text other)
{
    return settings->texts[text] == NULL || settings->texts[other] != NULL;
}

static bool is_allowed(const struct wsd_curl_settings *settings)
{
    const char *const *given = settings->texts;
    const char *pin = given[WSD_CURL_PINNED_KEY];
    DWORD least = settings->tls_version_min;

    /* libcurl takes any other pin for the name of a file. */
    return (pin == NULL || strncmp(pin, "sha256//", strlen("sha256//")) == 0) &&
           (least == 0 || least == WSD_TLS_1_2 || least == WSD_TLS_1_3) &&
           needs(settings, WSD_CURL_KEY_FILE, WSD_CURL_CERTIFICATE_FILE) &&
           needs(settings, WSD_CURL_KEY_PASSPHRASE, WSD_CURL_CERTIFICATE_FILE) &&
           needs(settings, WSD_CURL_PASSWORD, WSD_CURL_USER) &&
           needs(settings, WSD_CURL_PROXY_USER, WSD_CURL_PROXY) &&
           needs(settings, WSD_CURL_PROXY_PASSWORD, WSD_CURL_PROXY_USER) &&
           is_credential(given[WSD_CURL_USER], false) &&
           is_credential(given[WSD_CURL_PASSWORD], true) &&
           is_credential(given[WSD_CURL_PROXY_USER], false) &&
           is_credential(given[WSD_CURL_PROXY_PASSWORD], true) &&
           is_scheme(settings->authentication) &&
           is_scheme(settings->proxy_authentication);
}

/* An http URL, which is looked at as those of requests are, and no path. */
static HRESULT check_proxy(const char *url)
{
    HRESULT hr = url == NULL ? S_OK : wsd_curl_url_check(url);

    if (hr == S_OK && url != NULL &&
        (strncmp(url, "http://", strlen("http://")) != 0 ||
         url[strcspn(url + strlen("http://"), "/?") + strlen("http://")] != '\0'))
        hr = E_INVALIDARG;
    return FAILED(hr) && hr != E_OUTOFMEMORY ? E_INVALIDARG : hr;
}

HRESULT wsd_curl_settings_copy(const struct wsd_mem *mem,
                               const struct wsd_curl_settings *from,
                               struct wsd_curl_settings *to)
{
    HRESULT hr;

    *to = *from;
    memset(to->texts, 0, sizeof(to->texts));
    if (!is_allowed(from))
        return E_INVALIDARG;
    hr = check_proxy(from->texts[WSD_CURL_PROXY]);
    for (size_t i = 0; hr == S_OK && i < WSD_CURL_TEXTS; i++) {
        const char *text = from->texts[i];

        if (text == NULL)
            continue;
        if (texts[i].is_path && access(text, R_OK) != 0)
            return HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
        to->texts[i] = wsd_copy(mem, text, strlen(text));
        if (to->texts[i] == NULL)
            hr = E_OUTOFMEMORY;
    }
    return hr;
}

void wsd_curl_settings_wipe(const struct wsd_mem *mem, struct wsd_curl_settings *settings)
{
    for (size_t i = 0; i < WSD_CURL_TEXTS; i++) {
        wsd_free(mem, (void *)settings->texts[i]);
        settings->texts[i] = NULL;
    }
}

/* libcurl sends Basic at once when it is the only one.  When Digest is, it asks with an
 * empty body, which is a probe and no message, unless CURLAUTH_ONLY tells it to wait. */
static unsigned long authentication(DWORD scheme, struct wsd_curl_exposure exposure,
                                    bool probes)
{
    if (scheme == WSD_AUTHENTICATION_BASIC)
        return CURLAUTH_BASIC;
    if (exposure.streams && probes)
        return CURLAUTH_DIGEST;
    if (scheme == 0 && exposure.is_encrypted)
        return CURLAUTH_ONLY | CURLAUTH_DIGEST | CURLAUTH_BASIC;
    return CURLAUTH_ONLY | CURLAUTH_DIGEST;
}

static unsigned long peer_authentication(const struct wsd_curl_settings *settings,
                                         struct wsd_curl_exposure exposure)
{
    if (settings->texts[WSD_CURL_USER] == NULL)
        return CURLAUTH_NONE;
    return authentication(settings->authentication, exposure, settings->probes);
}

static unsigned long proxy_authentication(const struct wsd_curl_settings *settings,
                                          struct wsd_curl_exposure exposure)
{
    if (settings->texts[WSD_CURL_PROXY_USER] == NULL)
        return CURLAUTH_NONE;
    /* CONNECT has no body that would be lost. */
    if (exposure.is_encrypted)
        exposure.streams = false;
    exposure.is_encrypted = false;
    return authentication(settings->proxy_authentication, exposure, settings->probes);
}

unsigned long wsd_curl_settings_answer(const struct wsd_curl_settings *settings,
                                       struct wsd_curl_exposure exposure, int status)
{
    unsigned long schemes = CURLAUTH_NONE;

    if (status == 401)
        schemes = peer_authentication(settings, exposure);
    else if (status == 407 && !exposure.is_encrypted)
        schemes = proxy_authentication(settings, exposure);
    return schemes == CURLAUTH_BASIC ? 0 : schemes & ~CURLAUTH_ONLY;
}

bool wsd_curl_settings_probe(const struct wsd_curl_settings *settings,
                             struct wsd_curl_exposure exposure)
{
    return peer_authentication(settings, exposure) == CURLAUTH_DIGEST ||
           (!exposure.is_encrypted &&
            proxy_authentication(settings, exposure) == CURLAUTH_DIGEST);
}

static CURLcode apply_authentication(const struct wsd_curl_settings *settings,
                                     struct wsd_curl_exposure exposure, CURL *easy)
{
    CURLcode code =
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, peer_authentication(settings, exposure));

    if (code == CURLE_OK)
        code = curl_easy_setopt(easy, CURLOPT_PROXYAUTH,
                                proxy_authentication(settings, exposure));
    return code;
}

CURLcode wsd_curl_settings_apply(const struct wsd_curl_settings *settings,
                                 struct wsd_curl_exposure exposure, CURL *easy)
{
    bool has_authorities = settings->texts[WSD_CURL_CA_FILE] != NULL ||
                           settings->texts[WSD_CURL_CA_FOLDER] != NULL;
    CURLcode code = apply_authentication(settings, exposure, easy);

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, option, value)
    SET(CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
    SET(CURLOPT_SSLVERSION, settings->tls_version_min == WSD_TLS_1_3
                                ? (long)CURL_SSLVERSION_TLSv1_3
                                : (long)CURL_SSLVERSION_TLSv1_2);
    if (settings->accepts_any_certificate) {
        SET(CURLOPT_SSL_VERIFYPEER, 0L);
        SET(CURLOPT_SSL_VERIFYHOST, 0L);
    }
    /* libcurl would still look into its own folder beside a file, and the reverse; and it
     * copies both for each connection, used or not. */
    if (has_authorities || !exposure.is_encrypted) {
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
