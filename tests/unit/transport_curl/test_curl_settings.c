/* What the settings do to a connection is in tests/flow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "transport_curl/curl_settings.h"
#include "wsd_client.h"
#include "wsd_error.h"

static const struct wsd_curl_settings full = {
    .texts = {[WSD_CURL_CA_FILE] = "/dev/null",
              [WSD_CURL_CA_FOLDER] = "/",
              [WSD_CURL_CRL_FILE] = "/dev/null",
              [WSD_CURL_CERTIFICATE_FILE] = "/dev/null",
              [WSD_CURL_KEY_FILE] = "/dev/null",
              [WSD_CURL_KEY_PASSPHRASE] = "",
              [WSD_CURL_PINNED_KEY] = "sha256//AAAA",
              [WSD_CURL_USER] = "J\xC3\xB6rg",
              [WSD_CURL_PASSWORD] = "a:b",
              [WSD_CURL_PROXY] = "http://proxy:3128",
              [WSD_CURL_PROXY_USER] = "",
              [WSD_CURL_PROXY_PASSWORD] = ""},
    .tls_version_min = WSD_TLS_1_3,
    .accepts_any_certificate = true,
};

static void assert_copy(const struct wsd_curl_settings *settings, HRESULT expected)
{
    struct wsd_curl_settings copy;

    assert_int_equal(wsd_curl_settings_copy(wsd_mem_heap(), settings, &copy), expected);
    wsd_curl_settings_wipe(wsd_mem_heap(), &copy);
}

static void copy__of_all__has_texts_of_its_own(void **state)
{
    struct wsd_curl_settings copy;

    (void)state;
    assert_int_equal(wsd_curl_settings_copy(wsd_mem_heap(), &full, &copy), S_OK);
    for (size_t i = 0; i < WSD_CURL_TEXTS; i++) {
        assert_ptr_not_equal(copy.texts[i], full.texts[i]);
        assert_string_equal(copy.texts[i], full.texts[i]);
    }
    assert_int_equal(copy.tls_version_min, WSD_TLS_1_3);
    assert_true(copy.accepts_any_certificate);
    wsd_curl_settings_wipe(wsd_mem_heap(), &copy);
    wsd_curl_settings_wipe(wsd_mem_heap(), &copy);
}

static void copy__memory_fails_at_any_allocation__leaks_nothing(void **state)
{
    (void)state;
    for (int n = 0;; n++) {
        struct failing_mem mem = FAILING_MEM(n, &mem);
        struct wsd_curl_settings copy;
        HRESULT hr;

        hr = wsd_curl_settings_copy(&mem.mem, &full, &copy);
        wsd_curl_settings_wipe(&mem.mem, &copy);
        assert_int_equal(mem.live, 0);
        if (hr == S_OK) {
            assert_true(n > 0);
            return;
        }
        assert_int_equal(hr, E_OUTOFMEMORY);
    }
}

static void copy__what_makes_no_sense__is_refused(void **state)
{
    static const char *const pins[] = {"", "key.pem", "sha1//AAAA", "SHA256//AAAA"};
    struct wsd_curl_settings settings = {0};

    (void)state;
    assert_copy(&settings, S_OK);
    settings.texts[WSD_CURL_KEY_FILE] = "/dev/null";
    assert_copy(&settings, E_INVALIDARG);
    settings.texts[WSD_CURL_KEY_FILE] = NULL;
    settings.texts[WSD_CURL_KEY_PASSPHRASE] = "x";
    assert_copy(&settings, E_INVALIDARG);
    settings = full;
    for (size_t i = 0; i < sizeof(pins) / sizeof(pins[0]); i++) {
        settings.texts[WSD_CURL_PINNED_KEY] = pins[i];
        assert_copy(&settings, E_INVALIDARG);
    }
    settings = full;
    for (DWORD version = 0; version < 0x310; version++) {
        settings.tls_version_min = version;
        assert_copy(&settings,
                    version == 0 || version == WSD_TLS_1_2 || version == WSD_TLS_1_3
                        ? S_OK
                        : E_INVALIDARG);
    }
}

static void copy__credentials_and_proxies__are_checked(void **state)
{
    static const struct {
        enum wsd_curl_text text;
        const char *bad[8];
    } rows[] = {
        {WSD_CURL_USER, {NULL, "a:b", "a\r\nX: y", "\x7F"}},
        {WSD_CURL_PASSWORD, {"a\nb", "\t"}},
        {WSD_CURL_PROXY,
         {NULL, "", "proxy", "https://proxy", "socks5://proxy", "http://u:p@proxy",
          "http://proxy/path", "http://proxy?x"}},
        {WSD_CURL_PROXY_USER, {NULL, "a:b"}},
        {WSD_CURL_PROXY_PASSWORD, {"\x01"}},
    };
    static const DWORD schemes[] = {3, 4, 0xFFFFFFFF};
    struct wsd_curl_settings settings = full;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        for (size_t j = 0; j < 8 && (j == 0 || rows[i].bad[j] != NULL); j++) {
            settings = full;
            settings.texts[rows[i].text] = rows[i].bad[j];
            assert_copy(&settings, E_INVALIDARG);
        }
    for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++) {
        settings = full;
        settings.authentication = schemes[i];
        assert_copy(&settings, E_INVALIDARG);
        settings = full;
        settings.proxy_authentication = schemes[i];
        assert_copy(&settings, E_INVALIDARG);
    }
}

/* A body that streams is never part of the asking, where that may be done without. */
static void answer_and_probe__depend_on_the_body_and_the_scheme(void **state)
{
    static const struct {
        DWORD scheme;
        bool is_encrypted, probes, streams;
        unsigned long answers;
        bool asks;
    } rows[] = {
        {0, false, false, false, CURLAUTH_DIGEST, false},
        {0, false, false, true, CURLAUTH_DIGEST, false},
        {0, false, true, false, CURLAUTH_DIGEST, false},
        {0, false, true, true, CURLAUTH_DIGEST, true},
        {0, true, false, true, CURLAUTH_DIGEST | CURLAUTH_BASIC, false},
        {0, true, true, true, CURLAUTH_DIGEST, true},
        {WSD_AUTHENTICATION_DIGEST, false, true, true, CURLAUTH_DIGEST, true},
        {WSD_AUTHENTICATION_DIGEST, true, false, true, CURLAUTH_DIGEST, false},
        {WSD_AUTHENTICATION_BASIC, false, true, false, 0, false},
        {WSD_AUTHENTICATION_BASIC, false, true, true, 0, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_curl_settings settings = {.authentication = rows[i].scheme,
                                             .probes = rows[i].probes};
        struct wsd_curl_exposure exposure = {rows[i].is_encrypted, rows[i].streams};

        assert_int_equal(wsd_curl_settings_answer(&settings, exposure, 401), 0);
        assert_false(wsd_curl_settings_probe(&settings, exposure));
        settings.texts[WSD_CURL_USER] = "u";
        assert_int_equal(wsd_curl_settings_answer(&settings, exposure, 401),
                         rows[i].answers);
        assert_int_equal(wsd_curl_settings_answer(&settings, exposure, 407), 0);
        assert_int_equal(wsd_curl_settings_answer(&settings, exposure, 417), 0);
        assert_int_equal(wsd_curl_settings_probe(&settings, exposure), rows[i].asks);
    }
}

static void copy__file_that_is_not_there__is_not_found(void **state)
{
    (void)state;
    for (size_t i = 0; i <= WSD_CURL_KEY_FILE; i++) {
        struct wsd_curl_settings settings = full;

        settings.texts[i] = "/nowhere/at.all";
        assert_copy(&settings, HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND));
    }
}

static void apply__of_all_and_of_nothing__is_taken_by_libcurl(void **state)
{
    static const struct wsd_curl_settings none;
    static const struct wsd_curl_exposure plain;
    CURL *easy = curl_easy_init();

    (void)state;
    assert_non_null(easy);
    assert_int_equal(wsd_curl_settings_apply(&none, plain, easy), CURLE_OK);
    assert_int_equal(wsd_curl_settings_apply(&full, plain, easy), CURLE_OK);
    curl_easy_cleanup(easy);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copy__of_all__has_texts_of_its_own),
        cmocka_unit_test(copy__memory_fails_at_any_allocation__leaks_nothing),
        cmocka_unit_test(copy__what_makes_no_sense__is_refused),
        cmocka_unit_test(copy__credentials_and_proxies__are_checked),
        cmocka_unit_test(answer_and_probe__depend_on_the_body_and_the_scheme),
        cmocka_unit_test(copy__file_that_is_not_there__is_not_found),
        cmocka_unit_test(apply__of_all_and_of_nothing__is_taken_by_libcurl),
    };

    return cmocka_run_group_tests_name("curl_settings", tests, NULL, NULL);
}
