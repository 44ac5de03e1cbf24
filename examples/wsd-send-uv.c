/*
 * wsd-send-uv -- sends files from libuv's event loop.
 *
 * Shows the attachments' callback, without descriptors: it wakes the loop by
 * uv_async_send(), and so does the client's thread when there is an answer.
 */
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

#include "senders.h"
#include "wsd_attachment.h"

/* On any thread. */
static void WSD_CALL on_ready(void *context)
{
    uv_async_send(context);
}

/* On the client's thread. */
static void WSD_CALL on_progress(void *context, const wsd_message_progress *progress)
{
    if (progress->ended)
        uv_async_send(context);
}

/* A step for each, and back to the loop: it may have other work. */
static void on_wake(uv_async_t *wake)
{
    struct senders *senders = wake->data;

    senders->wake_ups++;
    senders_take_answers(senders);
    for (size_t i = 0; i < senders->count; i++)
        if (sender_step(&senders->each[i]) == S_OK)
            uv_async_send(wake);
    if (senders->open == 0)
        uv_stop(wake->loop);
}

int main(int argc, char **argv)
{
    struct senders senders;
    uv_async_t wake;
    int status;

    wake.data = &senders;
    if (uv_async_init(uv_default_loop(), &wake, on_wake) != 0) {
        fprintf(stderr, "wsd-send-uv: no event loop\n");
        return EXIT_FAILURE;
    }
    senders_start(&senders, "wsd-send-uv", argc, argv, on_progress, &wake);
    for (size_t i = 0; i < senders.count; i++)
        if (senders.each[i].phase != SENDER_ENDED)
            wsd_attachment_set_ready_callback(
                (IWSDAttachment *)senders.each[i].attachment, on_ready, &wake);
    uv_async_send(&wake);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    status = senders_finish(&senders);
    uv_close((uv_handle_t *)&wake, NULL); /* not before: callbacks could still come */
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    uv_loop_close(uv_default_loop());
    return status;
}
