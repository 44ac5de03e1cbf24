/*
 * ftp_peer -- an FTP server on a thread of its own that behaves by rules.
 *
 * Listens on a free port of 127.0.0.1 and serves one control connection after the other.
 * Whatever no rule says, it does as a sound server does: anybody may log in, passive and
 * active transfers succeed.  It keeps the dialogue and the bytes of the uploads.  Every
 * wait is bounded by PEER_PATIENCE_MS; running out of patience, and a line that is not
 * FTP, fail the test that stops the peer.
 */
#ifndef WSD_TESTS_FTP_PEER_H
#define WSD_TESTS_FTP_PEER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/peer.h"

/* Moments that are no commands, for `at` of a rule. */
#define FTP_BANNER "(banner)" /* the first reply of a control connection */
#define FTP_DATA "(data)"     /* the data connection of STOR or RETR is there */
#define FTP_FINAL "(final)"   /* the reply behind the data */

enum ftp_do {
    FTP_REPLY,  /* `reply` instead of the usual one */
    FTP_HOLD,   /* waits for ftp_peer_go(), then goes on as usual; FTP_DATA: behind `size`
                   bytes, and says so in the dialogue when they came */
    FTP_SILENT, /* no reply, until the client closes */
    FTP_CLOSE,  /* FTP_DATA: FIN on the data connection behind `size` bytes; else on the
                   control connection, without a reply */
    FTP_RESET,  /* the same with RST */
    FTP_HASH    /* FTP_DATA: counts and hashes the bytes, but does not keep them */
};

/* The first unused rule for a command or moment is used, once.  The reply is one or more
 * whole lines; only the first digit of its code decides what the server does next. */
struct ftp_rule {
    const char *at; /* "STOR", for example, or a moment */
    enum ftp_do what;
    const char *reply;
    size_t size;
};

struct ftp_peer;

/* `rules` stays the caller's and must outlive the peer.  `download`: what RETR gives, or
 * NULL for nothing.  Fails the test if it cannot start. */
struct ftp_peer *ftp_peer_start(const struct ftp_rule *rules, size_t count,
                                const char *download);
#define FTP_PEER_START(rules)                                                            \
    ftp_peer_start(rules, sizeof(rules) / sizeof((rules)[0]), NULL)

uint16_t ftp_peer_port(const struct ftp_peer *peer);

/* Lets one FTP_HOLD pass. */
void ftp_peer_go(struct ftp_peer *peer);

/* Waits until `text` stands in the dialogue. */
void ftp_peer_await(struct ftp_peer *peer, const char *text);

/* Waits until the client has closed what it has open, and takes no more connections.
 * Then the rest may be called. */
void ftp_peer_finish(struct ftp_peer *peer);

/* The commands, each with a line feed behind it, PORT and EPRT without what they say;
 * "(connected)" where a control connection begins, "(held)" behind the bytes of an
 * upload that FTP_HOLD lets pass, "(reset)" where the client has reset a data connection.
 */
const char *ftp_peer_dialogue(const struct ftp_peer *peer);

/* The bytes of all uploads, one behind the other; and what was counted and hashed of
 * them with stream_hash(). */
const char *ftp_peer_data(const struct ftp_peer *peer, size_t *size);
uint64_t ftp_peer_count(const struct ftp_peer *peer, uint64_t *hash);

/* ftp_peer_finish() if it was not called, then frees. */
void ftp_peer_stop(struct ftp_peer *peer);

#endif
