/*
 * wsd-send-poll -- sends files from an event loop that is nothing but poll(): no thread
 * of its own, and no waiting anywhere else.
 *
 * Shows the attachments' descriptors, and a pipe through which the client's thread tells
 * that there is an answer.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "senders.h"
#include "wsd_attachment.h"

/* On the client's thread.  A full pipe wakes the loop as well as one byte does. */
static void WSD_CALL on_progress(void *context, const wsd_message_progress *progress)
{
    const int *pipe_end = context;

    if (progress->ended && write(*pipe_end, "", 1) == -1)
        return;
}

static int fail(const struct senders *senders, const char *what)
{
    fprintf(stderr, "%s: no %s\n", senders->program, what);
    return EXIT_FAILURE;
}

/* Watches the senders; the pipe is behind them. */
static bool watch(const struct senders *senders, struct pollfd *watched, int pipe_end)
{
    for (size_t i = 0; i < senders->count; i++) {
        IWSDAttachment *attachment = (IWSDAttachment *)senders->each[i].attachment;

        watched[i].fd = -1;
        watched[i].events = POLLIN;
        if (senders->each[i].phase != SENDER_ENDED &&
            wsd_attachment_get_ready_fd(attachment, &watched[i].fd) != S_OK)
            return false;
    }
    watched[senders->count] = (struct pollfd){.fd = pipe_end, .events = POLLIN};
    return true;
}

static void run(struct senders *senders, struct pollfd *watched)
{
    const size_t count = senders->count;
    char bytes[64];

    while (senders->open > 0) {
        if (poll(watched, (nfds_t)count + 1, -1) == -1)
            continue; /* a signal */
        senders->wake_ups++;
        for (size_t i = 0; i < count; i++) {
            HRESULT hr;

            if ((watched[i].revents & POLLIN) == 0)
                continue;
            hr = sender_step(&senders->each[i]);
            if (hr != S_OK && hr != STG_S_BLOCK)
                watched[i].fd = -1; /* it would be ready for ever */
        }
        if ((watched[count].revents & POLLIN) != 0 &&
            read(watched[count].fd, bytes, sizeof(bytes)) > 0)
            senders_take_answers(senders);
    }
}

int main(int argc, char **argv)
{
    struct senders senders;
    struct pollfd *watched;
    int ends[2], status;

    if (pipe(ends) != 0 || fcntl(ends[1], F_SETFL, O_NONBLOCK) == -1) {
        perror("wsd-send-poll");
        return EXIT_FAILURE;
    }
    senders_start(&senders, "wsd-send-poll", argc, argv, on_progress, &ends[1]);
    watched = calloc(senders.count + 1, sizeof(*watched));
    if (watched == NULL)
        return fail(&senders, "memory");
    if (!watch(&senders, watched, ends[0]))
        return fail(&senders, "descriptor");
    run(&senders, watched);
    status = senders_finish(&senders);
    free(watched);
    close(ends[0]);
    close(ends[1]);
    return status;
}
