/*
 * transfer -- streams a file, or standard input, through an outbound attachment, and
 * waits for the reply.  This is the part to read first: Write, Close and Abort.
 */
#ifndef TRANSFER_H
#define TRANSFER_H

#include "cli.h"
#include "document.h"
#include "wsd_client.h"
#include "wsdattachment.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Declares the document's size, for a message with a Content-Length.  False, with the
 * reason in cli, when it is not known before the end. */
bool transfer_declare(struct cli *cli, const struct document *document,
                      wsd_part_options *options);

/* From one number, how long the device may do nothing: the timers that watch it. */
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

/* Says in words why a call gave hr: our own reason, else Ctrl-C, else the fault in the
 * reply (which may be NULL), else the library's text for hr. */
void transfer_describe(struct cli *cli, HRESULT hr, const wsd_inbound_message *reply,
                       char *text, size_t size);

/* Prints "PROGRAM: WHAT: TEXT (NAME, 0xHEX)" on stderr. */
void transfer_print_error(struct cli *cli, const char *what, const char *text,
                          HRESULT hr);

#ifdef __cplusplus
}
#endif
#endif
