/*
 * save -- keeps the attachments of a reply in files, while they still arrive.  The part
 * to read first for Read and Close.
 *
 * Nothing of the device's goes into a name: attachment-1.jpg has a number, and an ending
 * from a list of known media types.  A file has .part behind its name until it is whole
 * and on the disk, and nothing that is there already is written over.
 */
#ifndef SAVE_H
#define SAVE_H

#include "cli.h"
#include "wsd_message.h"
#include "wsdattachment.h"

/* Where they go. */
struct directory {
    const char *path; /* as the user wrote it */
    int fd;
};

/* False, with the reason in cli, when it is no directory. */
bool directory_open(struct cli *cli, struct directory *directory, const char *path);
void directory_close(struct directory *directory);

/* Saves every attachment that the reply's body refers to, one after the other, and then
 * says on stderr what was saved.  S_OK, or why it ended: an attachment that is not whole
 * stays as .part. */
HRESULT save_attachments(struct cli *cli, const struct directory *directory,
                         wsd_inbound_message *reply);

#endif
