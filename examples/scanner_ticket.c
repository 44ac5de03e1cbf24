#include "scanner_ticket.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "wsd_error.h"

static const char images_to_transfer[] = "ImagesToTransfer";

/* ---- What the scanner does --------------------------------------------------------- */

static void set_text(struct ticket_row **row, const char *path, const char *text)
{
    (*row)->path = path;
    snprintf((*row)->value, sizeof((*row)->value), "%s", text);
    (*row)->origin = TICKET_DEFAULT;
    ++*row;
}

static void set_number(struct ticket_row **row, const char *path, uint64_t number)
{
    char text[24];

    snprintf(text, sizeof(text), "%" PRIu64, number);
    set_text(row, path, text);
}

void ticket_init(struct ticket *ticket, const struct image *image, const char *source,
                 unsigned images)
{
    struct ticket_row *row = ticket->rows;
    uint64_t width = image_length(image->width, image->x_dpi);
    uint64_t height = image_length(image->height, image->y_dpi);

    ticket->images = images;
    set_text(&row, "Format", image->format);
    set_number(&row, images_to_transfer, images);
    set_text(&row, "InputSource", source);
    set_text(&row, "ContentType", "Auto");
    set_number(&row, "InputSize/InputMediaSize/Width", width);
    set_number(&row, "InputSize/InputMediaSize/Height", height);
    set_number(&row, "Scaling/ScalingWidth", 100);
    set_number(&row, "Scaling/ScalingHeight", 100);
    set_number(&row, "Rotation", 0);
    set_text(&row, "MediaSides/MediaFront/ColorProcessing", image->color);
    set_number(&row, "MediaSides/MediaFront/Resolution/Width", image->x_dpi);
    set_number(&row, "MediaSides/MediaFront/Resolution/Height", image->y_dpi);
    set_number(&row, "MediaSides/MediaFront/ScanRegion/ScanRegionXOffset", 0);
    set_number(&row, "MediaSides/MediaFront/ScanRegion/ScanRegionYOffset", 0);
    set_number(&row, "MediaSides/MediaFront/ScanRegion/ScanRegionWidth", width);
    set_number(&row, "MediaSides/MediaFront/ScanRegion/ScanRegionHeight", height);
}

/* ---- What the client asks for ------------------------------------------------------ */

/* 0 asks for all, and a feeder that has fewer than asked for gives these. */
static bool take_images(struct ticket *ticket, const char *asked)
{
    char *end;
    unsigned long images = strtoul(asked, &end, 10);

    if (*asked < '0' || *asked > '9' || *end != '\0')
        return false;
    if (images > 0 && images < ticket->images)
        ticket->images = (unsigned)images;
    return true;
}

HRESULT ticket_read(struct ticket *ticket, const wsd_inbound_message *request,
                    const char *root)
{
    for (size_t i = 0; i < TICKET_ROWS; i++) {
        struct ticket_row *row = &ticket->rows[i];
        const char *asked;
        char path[128];
        HRESULT hr;

        snprintf(path, sizeof(path), "%s/DocumentParameters/%s", root, row->path);
        hr = wsd_inbound_message_find_text(request, path, &asked);
        if (hr == HRESULT_FROM_WIN32(ERROR_NOT_FOUND))
            continue;
        if (hr != S_OK)
            return hr;
        if (row->path == images_to_transfer && take_images(ticket, asked))
            snprintf(row->value, sizeof(row->value), "%s", asked);
        row->origin = strcmp(asked, row->value) == 0 ? TICKET_ASKED : TICKET_OVERRIDDEN;
    }
    return S_OK;
}

bool ticket_is_overridden(const struct ticket *ticket)
{
    for (size_t i = 0; i < TICKET_ROWS; i++)
        if (ticket->rows[i].origin == TICKET_OVERRIDDEN)
            return true;
    return false;
}

bool ticket_overrides(const struct ticket *ticket, const char *path)
{
    for (size_t i = 0; i < TICKET_ROWS; i++)
        if (strcmp(ticket->rows[i].path, path) == 0)
            return ticket->rows[i].origin == TICKET_OVERRIDDEN;
    return false;
}

/* ---- As XML ------------------------------------------------------------------------ */

/* The length of the names, with their slashes, that two paths begin with. */
static size_t common_length(const char *one, const char *other)
{
    size_t length = 0;

    for (size_t i = 0; one[i] != '\0' && one[i] == other[i]; i++)
        if (one[i] == '/')
            length = i + 1;
    return length;
}

/* Begins the elements of the path that stand round the last one; returns that one. */
static const char *begin_elements(FILE *to, const char *path)
{
    const char *slash;

    for (; (slash = strchr(path, '/')) != NULL; path = slash + 1)
        fprintf(to, "<wscn:%.*s>", (int)(slash - path), path);
    return path;
}

/* Ends the elements that stand round the last one, the innermost first. */
static void end_elements(FILE *to, const char *path)
{
    const char *slash = strchr(path, '/');

    if (slash == NULL)
        return;
    end_elements(to, slash + 1);
    fprintf(to, "</wscn:%.*s>", (int)(slash - path), path);
}

void ticket_put(FILE *to, const char *name, const struct ticket *ticket,
                bool with_origins)
{
    static const char *const origins[] = {
        [TICKET_ASKED] = "",
        [TICKET_DEFAULT] = " wscn:UsedDefault=\"true\"",
        [TICKET_OVERRIDDEN] = " wscn:Override=\"true\"",
    };
    const char *last = "";

    fprintf(to, "<wscn:%s>", name);
    for (const struct ticket_row *row = ticket->rows; row < ticket->rows + TICKET_ROWS;
         row++) {
        size_t common = common_length(last, row->path);
        const char *element;

        end_elements(to, last + common);
        element = begin_elements(to, row->path + common);
        fprintf(to, "<wscn:%s%s>%s</wscn:%s>", element,
                with_origins ? origins[row->origin] : "", row->value, element);
        last = row->path;
    }
    end_elements(to, last);
    fprintf(to, "</wscn:%s>", name);
}
