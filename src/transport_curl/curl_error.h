/* curl_error -- libcurl's codes as HRESULTs. */
#ifndef WSD_TRANSPORT_CURL_CURL_ERROR_H
#define WSD_TRANSPORT_CURL_CURL_ERROR_H

#include <curl/curl.h>

#include "wsd_types.h"

/* S_OK for CURLE_OK. */
HRESULT wsd_curl_error(CURLcode code);
HRESULT wsd_curl_url_error(CURLUcode code);

#endif
