/*
 * wsd-send-glib -- sends files from GLib's main loop, as an application with windows
 * does.
 *
 * Shows the attachments' descriptors as sources, and g_idle_add(), by which the client's
 * thread tells that there is an answer.
 */
#include <glib-unix.h>

#include "senders.h"
#include "wsd_attachment.h"

struct application {
    GMainLoop *loop;
    struct senders senders;
};

static gboolean on_answers(gpointer context)
{
    struct application *self = context;

    self->senders.wake_ups++;
    senders_take_answers(&self->senders);
    if (self->senders.open == 0)
        g_main_loop_quit(self->loop);
    return G_SOURCE_REMOVE;
}

/* On the client's thread. */
static void WSD_CALL on_progress(void *context, const wsd_message_progress *progress)
{
    if (progress->ended)
        g_idle_add(on_answers, context);
}

struct watch {
    struct application *application;
    struct sender *sender;
};

static gboolean on_ready(gint fd, GIOCondition condition, gpointer context)
{
    const struct watch *watch = context;
    HRESULT hr;

    (void)fd;
    (void)condition;
    watch->application->senders.wake_ups++;
    hr = sender_step(watch->sender);
    return hr == S_OK || hr == STG_S_BLOCK ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void watch_sender(struct application *self, struct sender *sender)
{
    struct watch *watch;
    int fd;

    if (wsd_attachment_get_ready_fd((IWSDAttachment *)sender->attachment, &fd) != S_OK)
        g_error("no descriptor");
    watch = g_new(struct watch, 1);
    *watch = (struct watch){self, sender};
    g_unix_fd_add_full(G_PRIORITY_DEFAULT_IDLE, fd, G_IO_IN, on_ready, watch, g_free);
}

int main(int argc, char **argv)
{
    struct application self;

    self.loop = g_main_loop_new(NULL, FALSE);
    senders_start(&self.senders, "wsd-send-glib", argc, argv, on_progress, &self);
    for (size_t i = 0; i < self.senders.count; i++)
        if (self.senders.each[i].phase != SENDER_ENDED)
            watch_sender(&self, &self.senders.each[i]);
    if (self.senders.open > 0)
        g_main_loop_run(self.loop);
    g_main_loop_unref(self.loop);
    return senders_finish(&self.senders);
}
