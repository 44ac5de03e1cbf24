/* digest -- the hashes of HTTP's Digest authentication (RFC 7616). */
#ifndef WSD_TESTS_DIGEST_H
#define WSD_TESTS_DIGEST_H

enum digest { DIGEST_MD5, DIGEST_SHA256 };

/* Of a text, in lower case. */
void digest_hex(enum digest digest, const char *text, char hex[65]);

#endif
