#include "transport_curl/curl_url.h"

#include <stddef.h>
#include <string.h>

#include <curl/curl.h>

#include "transport_curl/curl_error.h"
#include "wsd_error.h"

HRESULT wsd_curl_url_check(const char *text)
{
    static const CURLUPart refused[] = {CURLUPART_USER, CURLUPART_PASSWORD};
    CURLU *url = curl_url();
    char *part = NULL;
    HRESULT hr;

    if (url == NULL)
        return E_OUTOFMEMORY;
    hr = wsd_curl_url_error(curl_url_set(url, CURLUPART_URL, text, 0));
    for (size_t i = 0; hr == S_OK && i < sizeof(refused) / sizeof(refused[0]); i++) {
        if (curl_url_get(url, refused[i], &part, 0) == CURLUE_OK)
            hr = E_INVALIDARG;
        curl_free(part);
        part = NULL;
    }
    if (hr == S_OK && strchr(text, '#') != NULL)
        hr = E_INVALIDARG;
    if (hr == S_OK)
        hr = wsd_curl_url_error(curl_url_get(url, CURLUPART_SCHEME, &part, 0));
    if (hr == S_OK && strcmp(part, "http") != 0 && strcmp(part, "https") != 0)
        hr = HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME);
    if (hr == S_OK && strspn(text + strlen(part) + 1, "/") != 2)
        hr = HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL);
    curl_free(part);
    curl_url_cleanup(url);
    return hr;
}
