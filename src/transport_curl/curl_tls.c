#include "transport_curl/curl_tls.h"

#include <stddef.h>
#include <string.h>

#include "wsd_error.h"

HRESULT wsd_curl_tls_openssl_verdict(long verify_result)
{
    switch (verify_result) {
    /* Nothing, or libcurl's value for not asked yet: it compares the name itself. */
    case 0:
    case 1:
    case 62: /* HOSTNAME_MISMATCH */
    case 64: /* IP_ADDRESS_MISMATCH */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID);
    case 9:  /* CERT_NOT_YET_VALID */
    case 10: /* CERT_HAS_EXPIRED */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID);
    case 2:  /* UNABLE_TO_GET_ISSUER_CERT */
    case 18: /* DEPTH_ZERO_SELF_SIGNED_CERT */
    case 19: /* SELF_SIGNED_CERT_IN_CHAIN */
    case 20: /* UNABLE_TO_GET_ISSUER_CERT_LOCALLY */
    case 21: /* UNABLE_TO_VERIFY_LEAF_SIGNATURE */
    case 24: /* INVALID_CA */
    case 27: /* CERT_UNTRUSTED */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_INVALID_CA);
    case 23: /* CERT_REVOKED */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REVOKED);
    case 3:  /* UNABLE_TO_GET_CRL */
    case 11: /* CRL_NOT_YET_VALID */
    case 12: /* CRL_HAS_EXPIRED */
    case 33: /* UNABLE_TO_GET_CRL_ISSUER */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED);
    case 26: /* INVALID_PURPOSE */
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE);
    default:
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_INVALID_CERT);
    }
}

static bool has_openssl(void)
{
    static const char *const kin[] = {"OpenSSL", "LibreSSL", "BoringSSL", "AWS-LC",
                                      "quictls"};
    const char *name = curl_version_info(CURLVERSION_NOW)->ssl_version;

    for (size_t i = 0; name != NULL && i < sizeof(kin) / sizeof(kin[0]); i++)
        if (strncmp(name, kin[i], strlen(kin[i])) == 0)
            return true;
    return false;
}

HRESULT wsd_curl_tls_verdict(const CURL *easy)
{
    long verify_result = 0;

    if (!has_openssl() || curl_easy_getinfo((CURL *)easy, CURLINFO_SSL_VERIFYRESULT,
                                            &verify_result) != CURLE_OK)
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE);
    return wsd_curl_tls_openssl_verdict(verify_result);
}

/* The alerts of RFC 8446 section 6.2 that concern a certificate, as OpenSSL calls them.
 */
bool wsd_curl_tls_is_about_ours(const char *words)
{
    static const char *const alerts[] = {"alert certificate required",
                                         "alert bad certificate",
                                         "alert unsupported certificate",
                                         "alert certificate revoked",
                                         "alert certificate expired",
                                         "alert certificate unknown",
                                         "alert unknown ca",
                                         "alert access denied"};

    for (size_t i = 0; i < sizeof(alerts) / sizeof(alerts[0]); i++)
        if (strstr(words, alerts[i]) != NULL)
            return true;
    return false;
}

bool wsd_curl_tls_is_failure(HRESULT hr)
{
    static const DWORD numbers[] = {ERROR_WINHTTP_SECURE_CERT_DATE_INVALID,
                                    ERROR_WINHTTP_SECURE_CERT_CN_INVALID,
                                    ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED,
                                    ERROR_WINHTTP_SECURE_INVALID_CA,
                                    ERROR_WINHTTP_SECURE_CERT_REV_FAILED,
                                    ERROR_WINHTTP_SECURE_CHANNEL_ERROR,
                                    ERROR_WINHTTP_SECURE_INVALID_CERT,
                                    ERROR_WINHTTP_SECURE_CERT_REVOKED,
                                    ERROR_WINHTTP_SECURE_FAILURE,
                                    ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE,
                                    ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY};

    for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
        if (hr == HRESULT_FROM_WIN32(numbers[i]))
            return true;
    return false;
}
