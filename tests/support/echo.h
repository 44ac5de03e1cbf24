/*
 * echo -- a document to a service and back, over sockets: what a client writes, a service
 * reads, writes, and the client reads.
 */
#ifndef WSD_TESTS_ECHO_H
#define WSD_TESTS_ECHO_H

#include "support/application.h"
#include "support/bytes.h"

/* To a device that does answer_echo(), by a new client.  Calls midway() (NULL: nothing)
 * when half is written, and when half is read.
 * S_OK: all has come back as it was.  Other codes are those of the first call that gave
 * one; by those of Read all that was read is as it was. */
HRESULT echo(const char *url, const wsd_client_options *options,
             const struct bytes *document, void (*midway)(void));

#endif
