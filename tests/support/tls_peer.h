/*
 * tls_peer -- TLS in front of a scripted peer: what comes through it is passed on, in
 * both directions.
 *
 * On a thread of its own, one connection after the other, on a free port of 127.0.0.1.
 * Every wait is bounded by PEER_PATIENCE_MS.
 */
#ifndef WSD_TESTS_TLS_PEER_H
#define WSD_TESTS_TLS_PEER_H

#include <stdbool.h>
#include <stddef.h>

#include "support/certificates.h"
#include "support/peer.h"

struct tls_peer_options {
    const struct certificates *certificates;
    const char *shows;       /* the name of a certificate */
    const char *priorities;  /* in GnuTLS's notation; NULL: what it has by itself */
    bool wants_certificate;  /* one that ca has signed */
    const char *connect;     /* what a proxy answers to CONNECT, before all; or NULL */
    size_t cut;              /* most bytes of TLS that it sends, then FIN; 0: all */
    bool says_no_goodbye;    /* FIN without close_notify */
    bool sends_tiny_records; /* of one byte */
    bool renews_keys;        /* for each piece that it passes on; TLS 1.3 */
};

struct tls_peer;

/* behind: NULL, where nothing is to come through.  The options' texts stay. */
struct tls_peer *tls_peer_start(const struct tls_peer_options *options,
                                const struct peer *behind);
/* "https://127.0.0.1:PORT/service" */
const char *tls_peer_url(const struct tls_peer *peer);
/* Bytes of TLS that were sent, on all connections; of a stopped thread or between
 * connections. */
size_t tls_peer_sent(struct tls_peer *peer);
/* How many bytes have come through. */
size_t tls_peer_received(struct tls_peer *peer);
void tls_peer_stop(struct tls_peer *peer);

#endif
