/*
 * counterpart -- an HTTP and FTP server that takes whatever comes, and judges what it
 * got.
 *
 * One thread serves any number of connections, and forgets them when they end; nothing
 * that a client does fails it.
 */
#ifndef WSD_TORTURE_COUNTERPART_H
#define WSD_TORTURE_COUNTERPART_H

#include <stddef.h>
#include <stdint.h>

struct counterpart;

/* The uploads since counterpart_expect() or counterpart_forget(). */
struct counterpart_saw {
    unsigned whole; /* to their end, with the expected documents in them */
    unsigned cut;   /* that nobody could take for whole */
    unsigned wrong; /* that look whole and are not */
};

struct counterpart *counterpart_start(void);
uint16_t counterpart_http_port(const struct counterpart *counterpart);
uint16_t counterpart_ftp_port(const struct counterpart *counterpart);

/* From now on: the document that every upload has in it (in a multipart body: in each of
 * its `parts` attachments; 0: the body is the document, or an envelope if that is NULL),
 * and what requests are answered with.  Stays the caller's. */
void counterpart_expect(struct counterpart *counterpart, const char *document,
                        size_t size, size_t parts, const char *reply, size_t reply_size);

/* Forgets what it saw. */
void counterpart_forget(struct counterpart *counterpart);
/* Waits until there is no connection any more. */
struct counterpart_saw counterpart_saw(struct counterpart *counterpart);
void counterpart_stop(struct counterpart *counterpart);

#endif
