/*
 * certificates -- keys and certificates for the tests of TLS, made on the spot.
 *
 * A folder of PEM files.  ca and other-ca are authorities; ca has signed server (for
 * servers, 127.0.0.1), client (for clients), anyone (for no purpose in particular),
 * expired and early (for clients, last and next year); other-ca has signed stranger (for
 * clients); alone (for clients) has signed itself.  Of each there is NAME.pem and
 * NAME.key.
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

#endif
