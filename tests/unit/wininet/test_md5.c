#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "wininet/md5.h"

/* RFC 1321 appendix A.5, and the lengths around the end of a block. */
static void md5__of_the_test_suite__is_as_published(void **state)
{
    static const struct {
        const char *text, *digits;
    } rows[] = {
        {"", "d41d8cd98f00b204e9800998ecf8427e"},
        {"a", "0cc175b9c0f1b6a831c399e269772661"},
        {"abc", "900150983cd24fb0d6963f7d28e17f72"},
        {"message digest", "f96b697d7cb7938d525a2f31aaf161d0"},
        {"abcdefghijklmnopqrstuvwxyz", "c3fcd3d76192e4007dfb496cca67e13b"},
        {"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789",
         "d174ab98d277d9f5a5611c2c9f419d9f"},
        {"12345678901234567890123456789012345678901234567890123456789012345678901234567"
         "890",
         "57edf4a22be3c955ac49da2e2107b67a"},
        {"1234567890123456789012345678901234567890123456789012345",
         "c9ccf168914a1bcfc3229f1948e67da0"}, /* 55 */
        {"12345678901234567890123456789012345678901234567890123456",
         "49f193adce178490e34d1b3a4ec0064c"}, /* 56 */
        {"1234567890123456789012345678901234567890123456789012345678901234",
         "eb6c4179c0a7c82cc2828c1e6338e165"}, /* 64 */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char digits[WSD_MD5_SIZE];

        wsd_md5(rows[i].text, strlen(rows[i].text), digits);
        assert_string_equal(digits, rows[i].digits);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(md5__of_the_test_suite__is_as_published),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
