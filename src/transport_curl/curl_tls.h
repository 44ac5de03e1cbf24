/*
 * curl_tls -- which of TLS's checks has failed.
 *
 * libcurl says that one has, its TLS library which: in numbers that are known here where
 * it is OpenSSL or one of its kin, else in words.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_TLS_H
#define WSD_TRANSPORT_CURL_CURL_TLS_H

#include <curl/curl.h>
#include <stdbool.h>

#include "wsd_types.h"

/* What CURLE_PEER_FAILED_VERIFICATION means. */
HRESULT wsd_curl_tls_verdict(const CURL *easy);
/* Likewise, of OpenSSL's X509_V_* (x509_vfy.h), which are part of its ABI. */
HRESULT wsd_curl_tls_openssl_verdict(long verify_result);

/* Do libcurl's words for a broken connection tell that the peer did not like our
 * certificate, or that we have none?  With TLS 1.3 it says so after the handshake. */
bool wsd_curl_tls_is_about_ours(const char *words);

/* Is it one of the codes for a check of TLS, or for having come to no agreement? */
bool wsd_curl_tls_is_failure(HRESULT hr);

#endif
