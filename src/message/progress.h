/*
 * progress -- tells the application's callback how far a message is that was sent.
 *
 * For the thread that pulls the message.
 */
#ifndef WSD_MESSAGE_PROGRESS_H
#define WSD_MESSAGE_PROGRESS_H

#include <stdint.h>

#include "message/outbound_message.h"
#include "os/observer.h"

struct wsd_progress {
    struct wsd_observer *observer; /* borrowed; NULL: nobody looks */
    const char *message_id;        /* borrowed */
    uint64_t next;                 /* how much has to be handed before the next call */
};

/* More of an attachment may have been handed to the network. */
void wsd_progress_moved(struct wsd_progress *progress,
                        struct wsd_outbound_message *message);

/* The message has ended: nothing of it moves any more. */
void wsd_progress_ended(struct wsd_progress *progress,
                        struct wsd_outbound_message *message, HRESULT result);

#endif
