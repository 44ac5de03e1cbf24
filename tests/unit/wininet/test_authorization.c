#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/failing_mem.h"
#include "wininet/authorization.h"

/* RFC 7616 section 3.9.1, with the nonce "0a4f113b" of RFC 2617 section 3.5 as ours. */
#define RFC_2617                                                                         \
    "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", "                       \
    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", "                                     \
    "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""
#define RFC_2617_ANSWER                                                                  \
    "Digest username=\"Mufasa\", realm=\"testrealm@host.com\", "                         \
    "nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", uri=\"/dir/index.html\", "            \
    "response=\"6629fae49393a05397450978507c4ef1\", "                                    \
    "opaque=\"5ccc069c403ebaf9f0171e9517f40e41\", "                                      \
    "qop=auth, nc=00000001, cnonce=\"0a4f113b\""
#define PASSWORD "Circle Of Life"
#define BASIC_ANSWER "Basic TXVmYXNhOkNpcmNsZSBPZiBMaWZl"

static HRESULT answer(struct failing_mem *heap, const char *user, const char *password,
                      const char *const *challenges, struct wsd_text *value)
{
    struct wsd_header_list response;
    const struct wsd_authorization given = {.response = &response,
                                            .method = "GET",
                                            .target = "/dir/index.html",
                                            .user = user,
                                            .password = password,
                                            .nonce = "0a4f113b"};
    int grants = heap->grants;
    HRESULT hr = S_OK;

    heap->grants = -1;
    wsd_header_list_init(&response, &heap->mem);
    for (size_t i = 0; challenges[i] != NULL; i++)
        wsd_header_list_add(&response, "WWW-Authenticate", challenges[i]);
    heap->grants = grants;
    wsd_text_init(value, &heap->mem, SIZE_MAX);
    hr = wsd_authorization_answer(&given, value);
    wsd_header_list_fini(&response);
    return hr;
}

static void answer__to_each_challenge__is_right(void **state)
{
    static const struct {
        const char *challenges[3], *answer; /* NULL: none can be given */
    } rows[] = {
        {{"Basic realm=\"r\""}, BASIC_ANSWER},
        {{"basic"}, BASIC_ANSWER},
        {{"BASIC realm=r, charset=\"UTF-8\""}, BASIC_ANSWER},
        {{"Unheard x=y, Basic realm=r"}, BASIC_ANSWER},
        {{"Negotiate", "Basic realm=r"}, BASIC_ANSWER},
        {{"Negotiate, Basic realm=r"}, BASIC_ANSWER},
        {{RFC_2617}, RFC_2617_ANSWER},
        {{"Basic realm=r", RFC_2617}, RFC_2617_ANSWER},
        {{"Basic realm=r, " RFC_2617}, RFC_2617_ANSWER},
        /* RFC 2069, without qop; the hash by another implementation */
        {{"Digest realm=\"r\", nonce=\"n\", algorithm=MD5"},
         "Digest username=\"Mufasa\", realm=\"r\", nonce=\"n\", uri=\"/dir/index.html\", "
         "response=\"e2f9f8bed08c50a66181679ee5b58085\", algorithm=MD5"},
        {{"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256"}, NULL},
        {{"Digest realm=\"r\", nonce=\"n\", qop=\"auth-int\""}, NULL},
        {{"Digest realm=\"r\""}, NULL},
        {{"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256", "Basic realm=r"},
         BASIC_ANSWER},
        {{"Unheard realm=\"Basic \""}, NULL},
        {{"Basically realm=r"}, NULL},
        {{"Unheard Basic=\"r\""}, NULL},
        {{"Digest realm=\"r"}, NULL},
        {{""}, NULL},
        {{NULL}, NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_text value;
        HRESULT hr = answer(&heap, "Mufasa", PASSWORD, rows[i].challenges, &value);

        assert_int_equal(hr, rows[i].answer == NULL ? S_FALSE : S_OK);
        if (hr == S_OK)
            assert_string_equal(value.bytes, rows[i].answer);
        wsd_text_fini(&value);
        assert_int_equal(heap.live, 0);
    }
}

/* RFC 4648 section 10, behind "u:". */
static void basic__password_of_each_length__is_padded(void **state)
{
    static const struct {
        const char *password, *answer;
    } rows[] = {{"", "Basic dTo="}, {"a", "Basic dTph"}, {"ab", "Basic dTphYg=="}};
    static const char *const challenges[] = {"Basic", NULL};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct failing_mem heap = FAILING_MEM(-1, &heap);
        struct wsd_text value;

        assert_int_equal(answer(&heap, "u", rows[i].password, challenges, &value), S_OK);
        assert_string_equal(value.bytes, rows[i].answer);
        wsd_text_fini(&value);
    }
}

static void user__with_signs_of_the_syntax__is_quoted_or_refused(void **state)
{
    static const char *const basic[] = {"Basic", NULL};
    static const char *const digest[] = {"Digest realm=\"r\", nonce=\"n\"", NULL};
    struct failing_mem heap = FAILING_MEM(-1, &heap);
    struct wsd_text value;

    (void)state;
    assert_int_equal(answer(&heap, "a:b", "", basic, &value), S_FALSE);
    wsd_text_fini(&value);
    assert_int_equal(answer(&heap, "a\"\\b", "", digest, &value), S_OK);
    assert_memory_equal(value.bytes, "Digest username=\"a\\\"\\\\b\", ", 26);
    wsd_text_fini(&value);
    assert_int_equal(heap.live, 0);
}

static void answer__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static const char *const digest[] = {RFC_2617, NULL};
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct failing_mem heap = FAILING_MEM(grants, &heap);
        struct wsd_text value;

        hr = answer(&heap, "Mufasa", PASSWORD, digest, &value);
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        wsd_text_fini(&value);
        assert_int_equal(heap.live, 0);
    }
    assert_in_range(grants, 3, 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(answer__to_each_challenge__is_right),
        cmocka_unit_test(basic__password_of_each_length__is_padded),
        cmocka_unit_test(user__with_signs_of_the_syntax__is_quoted_or_refused),
        cmocka_unit_test(answer__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
