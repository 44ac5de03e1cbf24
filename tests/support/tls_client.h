/*
 * tls_client -- the other end of a TLS service, which shows any certificate and may go in
 * the middle of the handshake.
 *
 * On the test's thread, to 127.0.0.1.  Every wait is bounded by PEER_PATIENCE_MS.
 */
#ifndef WSD_TESTS_TLS_CLIENT_H
#define WSD_TESTS_TLS_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <gnutls/gnutls.h>

#include "support/certificates.h"

struct tls_client {
    int fd;
    gnutls_session_t session;
    gnutls_certificate_credentials_t credentials;
    size_t sent;        /* bytes of TLS */
    size_t flights[16]; /* `sent` behind each write */
    unsigned flight_count;

    /* The test's: how many bytes of TLS go out, and whether the end of sending follows.
     */
    size_t cut;
    bool silent;
};

/* priorities: in GnuTLS's notation; NULL: what it has by itself.
 * shows: the name of the certificate, also when the service's authorities have not signed
 * it; NULL: none. */
void tls_open(struct tls_client *client, uint16_t port,
              const struct certificates *certificates, const char *priorities,
              const char *shows);
/* Has it come to an agreement with the service, whose certificate ca has signed? */
bool tls_shake_hands(struct tls_client *client);

/* In records of at most `most` bytes; false when the service has gone. */
bool tls_send(struct tls_client *client, const void *bytes, size_t size, size_t most);
/* Reads to the end of the connection; what came, NUL-terminated.  Caller frees. */
char *tls_receive(struct tls_client *client, size_t *size);

/* Waits until the service ends the connection, whatever it says before. */
void tls_await_end(struct tls_client *client);

/* Does not say goodbye. */
void tls_close(struct tls_client *client);

#endif
