#include "support/digest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <gnutls/crypto.h>

void digest_hex(enum digest digest, const char *text, char hex[65])
{
    gnutls_digest_algorithm_t algorithm =
        digest == DIGEST_MD5 ? GNUTLS_DIG_MD5 : GNUTLS_DIG_SHA256;
    unsigned char bytes[32];

    assert_int_equal(gnutls_hash_fast(algorithm, text, strlen(text), bytes), 0);
    for (unsigned i = 0; i < gnutls_hash_get_len(algorithm); i++)
        snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
}
