/*
 * senders -- sends files, each as the attachment of a message of its own, all at once, in
 * steps that never wait: what the examples for event loops share.
 *
 * An event loop has to learn two things.  That a sender can go on: from the attachment's
 * descriptor or callback (wsd_attachment.h).  That an answer is there: from the client's
 * progress callback, which comes on the client's thread and wakes the loop.
 */
#ifndef SENDERS_H
#define SENDERS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "wsd_client.h"

#define SENDERS_BLOCK 65536

struct sender {
    const char *path;
    int file;   /* a regular one: to read it is no wait that poll() could take over */
    off_t left; /* of what it had when it was opened; less than 0: it has grown */
    wsd_outbound_message *message;
    IWSDOutboundAttachment *attachment;
    enum {
        SENDER_READS,
        SENDER_WRITES,
        SENDER_CLOSES,
        SENDER_AWAITS,
        SENDER_ENDED
    } phase;
    const char *error; /* what is wrong with the file; NULL: nothing */
    DWORD size, done;  /* of the block */
    BYTE block[SENDERS_BLOCK];
};

struct senders {
    const char *program;
    wsd_client *client;
    struct sender *each;
    size_t count, open; /* open: those that have not ended */
    size_t failures;
    unsigned long wake_ups; /* of the loop, which counts them */
};

/* Takes the command line, "[--timeout S] URL FILE...", and sends the messages; the first
 * steps begin their transfers.  Ends the program, with a message, when that is not
 * possible. */
void senders_start(struct senders *self, const char *program, int argc, char **argv,
                   wsd_progress_callback progress, void *context);

/* Reads or writes a block, or closes.  S_OK: there is more to do, at once or after other
 * work of the loop.  STG_S_BLOCK: when the attachment is ready.  Any other code: nothing
 * any more, and the answer will say why. */
HRESULT sender_step(struct sender *self);

/* Takes the answers that are there, and prints how it went. */
void senders_take_answers(struct senders *self);

/* When none is open: gives everything back.  Returns the program's status. */
int senders_finish(struct senders *self);

#endif
