/*
 * certificates -- keys and certificates for the tests of TLS, made on the spot.
 *
 * A folder of PEM files.  ca and other-ca are authorities; ca has signed server (for
 * servers), client (for clients) and, for no purpose in particular, anyone, expired and
 * early (last and next year), elsewhere (127.0.0.2; all others are 127.0.0.1); other-ca
 * has signed stranger; alone (for clients) has signed itself.  Of each there is NAME.pem
 * and NAME.key.
 */
#ifndef WSD_TESTS_CERTIFICATES_H
#define WSD_TESTS_CERTIFICATES_H

#include <stddef.h>

struct certificates {
    char folder[32];
};

/* Fails the test if it cannot. */
void certificates_make(struct certificates *certificates);
void certificates_remove(struct certificates *certificates);

/* A file's path, for example of "server.key"; into `path`. */
const char *certificates_path(const struct certificates *certificates, const char *file,
                              char path[64]);

/* Makes one more file. */
void certificates_write(const struct certificates *certificates, const char *file,
                        const void *bytes, size_t size);

/* Makes revoked.crl, in which ca revokes the named certificate. */
void certificates_revoke(const struct certificates *certificates, const char *name);

/* Makes locked.key of the named key. */
void certificates_lock(const struct certificates *certificates, const char *name,
                       const char *passphrase);

/* The hash of the named public key, as wsd_client_options wants it. */
void certificates_pin(const struct certificates *certificates, const char *name,
                      char pin[64]);

#endif
