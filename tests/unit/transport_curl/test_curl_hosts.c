#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "transport_curl/curl_hosts.h"

enum { CAPACITY = sizeof(((struct wsd_curl_hosts *)0)->keys) / sizeof(uint64_t) };

static void key__of_urls__is_that_of_scheme_host_and_port(void **state)
{
    static const struct {
        const char *one, *other;
        bool same;
    } rows[] = {
        {"http://a/x", "http://a/y?z", true},
        {"http://a/x", "http://a", true},
        {"http://a?x", "http://a", true},
        {"HTTP://A.example/x", "http://a.EXAMPLE/x", true},
        {"http://a:81/", "http://a:82/", false},
        {"http://a/", "https://a/", false},
        {"http://a/", "http://b/", false},
        {"http://[::1]:81/", "http://[::1]:81", true},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(wsd_curl_hosts_key(rows[i].one) ==
                             wsd_curl_hosts_key(rows[i].other),
                         rows[i].same);
}

static void hosts__more_than_fit__the_oldest_are_forgotten(void **state)
{
    struct wsd_curl_hosts hosts = {0};

    (void)state;
    for (uint64_t key = 0; key < 3 * CAPACITY + 5; key++) {
        assert_false(wsd_curl_hosts_have(&hosts, key));
        for (int twice = 0; twice < 2; twice++)
            wsd_curl_hosts_add(&hosts, key);
        for (uint64_t known = 0; known <= key; known++)
            assert_int_equal(wsd_curl_hosts_have(&hosts, known), key - known < CAPACITY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key__of_urls__is_that_of_scheme_host_and_port),
        cmocka_unit_test(hosts__more_than_fit__the_oldest_are_forgotten),
    };

    return cmocka_run_group_tests_name("curl_hosts", tests, NULL, NULL);
}
