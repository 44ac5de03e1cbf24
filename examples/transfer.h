/*
 * transfer -- streams a file, or standard input, through an outbound attachment, and
 * waits for the reply.  This is the part to read first: Write, Close and Abort.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "cli.h"
#include "wsd_client.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the bytes of an attachment come from. */
struct document {
    const char *name; /* for people */
    int fd;
    bool is_standard_input;
    uint64_t size; /* of a regular file; else CLI_SIZE_UNKNOWN */
    uint64_t read; /* so far */
};

/* path: "-" for standard input.  False, with the reason in cli, when it cannot be read.
 */
bool document_open(struct cli *cli, struct document *document, const char *path);
void document_close(struct document *document);

/* Declares the document's size, for a message with a Content-Length.  False, with the
 * reason in cli, when it is not known before the end. */
bool document_declare(struct cli *cli, const struct document *document,
                      wsd_part_options *options);

/* All of the client's timers, from one number: how long the device may do nothing; 0 for
 * the defaults. */
void transfer_set_timeout(wsd_client_options *options, uint64_t seconds);

/* Writes the document into the attachment, block_size bytes at a time, and closes it; or
 * aborts it, when the document cannot be read to its end, and at Ctrl-C.
 * S_OK, or why it failed: never STG_S_BLOCK. */
HRESULT transfer_document(struct cli *cli, struct document *document,
                          IWSDOutboundAttachment *attachment, DWORD block_size);

/* Waits for the reply; Ctrl-C ends the wait with E_ABORT.  Otherwise as
 * wsd_client_receive(), but never STG_S_BLOCK. */
HRESULT transfer_reply(struct cli *cli, wsd_client *client, wsd_outbound_message *message,
                       wsd_inbound_message **reply);

#ifdef __cplusplus
}
#endif
#endif
