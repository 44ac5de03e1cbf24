/* What libcurl says of real certificates is in tests/flow/test_tls_flow.c. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hresult.h"
#include "transport_curl/curl_tls.h"
#include "wsd_error.h"

#define WIN(number) HRESULT_FROM_WIN32(ERROR_WINHTTP_##number)

static void verdict__each_number_of_openssl__has_its_code(void **state)
{
    static const struct {
        long number;
        HRESULT hr;
    } rows[] = {
        {0, WIN(SECURE_CERT_CN_INVALID)},    {1, WIN(SECURE_CERT_CN_INVALID)},
        {2, WIN(SECURE_INVALID_CA)},         {3, WIN(SECURE_CERT_REV_FAILED)},
        {7, WIN(SECURE_INVALID_CERT)},       {9, WIN(SECURE_CERT_DATE_INVALID)},
        {10, WIN(SECURE_CERT_DATE_INVALID)}, {11, WIN(SECURE_CERT_REV_FAILED)},
        {12, WIN(SECURE_CERT_REV_FAILED)},   {18, WIN(SECURE_INVALID_CA)},
        {19, WIN(SECURE_INVALID_CA)},        {20, WIN(SECURE_INVALID_CA)},
        {21, WIN(SECURE_INVALID_CA)},        {23, WIN(SECURE_CERT_REVOKED)},
        {24, WIN(SECURE_INVALID_CA)},        {26, WIN(SECURE_CERT_WRONG_USAGE)},
        {27, WIN(SECURE_INVALID_CA)},        {33, WIN(SECURE_CERT_REV_FAILED)},
        {62, WIN(SECURE_CERT_CN_INVALID)},   {64, WIN(SECURE_CERT_CN_INVALID)},
        {66, WIN(SECURE_INVALID_CERT)},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(wsd_curl_tls_openssl_verdict(rows[i].number), rows[i].hr);
}

/* Also one that a later version adds. */
static void verdict__any_number__is_a_failure_with_a_name(void **state)
{
    (void)state;
    for (long number = -1; number < 200; number++) {
        HRESULT hr = wsd_curl_tls_openssl_verdict(number);

        assert_true(FAILED(hr));
        assert_string_not_equal(wsd_hresult_name(hr), "unknown");
    }
}

static void words__of_an_alert_about_a_certificate__are_told_from_others(void **state)
{
    (void)state;
    assert_true(wsd_curl_tls_is_about_ours(
        "OpenSSL SSL_read: error:0A00045C:SSL routines::tlsv13 alert certificate "
        "required, errno 0"));
    assert_true(wsd_curl_tls_is_about_ours("error:0A000412:SSL routines::sslv3 alert bad "
                                           "certificate"));
    assert_false(wsd_curl_tls_is_about_ours("error:0A000410:SSL routines::sslv3 alert "
                                            "handshake failure"));
    assert_false(wsd_curl_tls_is_about_ours("Recv failure: Connection reset by peer"));
    assert_false(wsd_curl_tls_is_about_ours(""));
}

static void failure__of_tls__is_told_from_others(void **state)
{
    (void)state;
    for (long number = 0; number < 100; number++)
        assert_true(wsd_curl_tls_is_failure(wsd_curl_tls_openssl_verdict(number)));
    assert_true(wsd_curl_tls_is_failure(
        HRESULT_FROM_WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY)));
    assert_false(
        wsd_curl_tls_is_failure(HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)));
    assert_false(wsd_curl_tls_is_failure(S_OK));
    assert_false(wsd_curl_tls_is_failure(E_ABORT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(verdict__each_number_of_openssl__has_its_code),
        cmocka_unit_test(verdict__any_number__is_a_failure_with_a_name),
        cmocka_unit_test(words__of_an_alert_about_a_certificate__are_told_from_others),
        cmocka_unit_test(failure__of_tls__is_told_from_others),
    };

    return cmocka_run_group_tests_name("curl_tls", tests, NULL, NULL);
}
