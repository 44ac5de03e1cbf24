#include "message/progress.h"

#include "stream/body_source.h"

static wsd_message_progress look(const struct wsd_progress *progress,
                                 struct wsd_outbound_message *message)
{
    wsd_message_progress now = {.size = sizeof(now),
                                .message = message,
                                .message_id = progress->message_id,
                                .ended = FALSE,
                                .result = S_OK};

    for (size_t i = 0; i < message->part_count; i++) {
        const struct wsd_message_part *part = message->parts[i];
        wsd_attachment_progress of_part;

        wsd_outbound_get_progress(part->attachment, &of_part);
        now.accepted += of_part.accepted;
        now.handed += of_part.handed;
        if (part->length == WSD_LENGTH_UNKNOWN || now.total == WSD_LENGTH_UNKNOWN)
            now.total = WSD_LENGTH_UNKNOWN;
        else
            now.total += part->length;
    }
    return now;
}

static bool has_reader(const struct wsd_progress *progress)
{
    return progress->observer != NULL && progress->observer->progress != NULL;
}

void wsd_progress_moved(struct wsd_progress *progress,
                        struct wsd_outbound_message *message)
{
    wsd_message_progress now;

    if (!has_reader(progress))
        return;
    now = look(progress, message);
    if (now.handed < progress->next)
        return;
    progress->next = now.handed + WSD_PROGRESS_STEP;
    wsd_observer_show(progress->observer, &now);
}

void wsd_progress_ended(struct wsd_progress *progress,
                        struct wsd_outbound_message *message, HRESULT result)
{
    wsd_message_progress now;

    if (!has_reader(progress))
        return;
    now = look(progress, message);
    now.ended = TRUE;
    now.result = result;
    wsd_observer_show(progress->observer, &now);
}
