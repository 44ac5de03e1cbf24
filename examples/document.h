/*
 * document -- a file, or standard input, that is read so that Ctrl-C ends the wait for
 * it.
 */
#ifndef DOCUMENT_H
#define DOCUMENT_H

#include <sys/types.h>

#include "cli.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Where the bytes of an upload come from. */
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

/* Returns how many bytes were read; 0 at the end of the document, and only there; -1 at
 * Ctrl-C, and when the document cannot be read or has become shorter. */
ssize_t document_read(struct cli *cli, struct document *document, void *block,
                      size_t size);

#ifdef __cplusplus
}
#endif
#endif
