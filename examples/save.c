#define COBJMACROS /* calls such as IWSDInboundAttachment_Read(p, ...) */

#include "save.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "part_file.h"

#define BLOCK_BYTES 65536

struct file {
    struct cli *cli;
    const struct directory *directory;
    struct part_file part;
    char name[32];                        /* when it is whole */
    enum { NOT_MADE, PART, SAVED } state; /* is it there, and under which name? */
};

/* ---- Files ------------------------------------------------------------------------- */

bool directory_open(struct cli *cli, struct directory *directory, const char *path)
{
    directory->path = path;
    directory->fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory->fd == -1 || faccessat(directory->fd, ".", W_OK | X_OK, 0) != 0) {
        cli_set_reason(cli, "cannot save in %s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

void directory_close(struct directory *directory)
{
    if (directory->fd != -1)
        close(directory->fd);
    directory->fd = -1;
}

static HRESULT give_up(const struct file *file, const char *what, const char *name)
{
    cli_set_reason(file->cli, "cannot %s %s/%s: %s", what, file->directory->path, name,
                   strerror(errno));
    return E_ABORT;
}

static HRESULT file_create(struct file *file, size_t number, const char *media_type)
{
    const char *ending = part_file_ending(media_type);
    int at = file->directory->fd;
    char part[40];

    snprintf(file->name, sizeof(file->name), "attachment-%zu.%s", number,
             ending != NULL ? ending : "bin");
    snprintf(part, sizeof(part), "%s.part", file->name);
    if (part_file_is_taken(at, file->name)) { /* better said now than at the end */
        errno = EEXIST;
        return give_up(file, "make", file->name);
    }
    if (!part_file_create(&file->part, at, part))
        return give_up(file, "make", part);
    file->state = PART;
    return S_OK;
}

static HRESULT file_write(struct file *file, const BYTE *bytes, size_t size)
{
    if (!part_file_write(&file->part, bytes, size))
        return give_up(file, "write", file->part.name);
    return S_OK;
}

static HRESULT file_finish(struct file *file)
{
    if (!part_file_finish(&file->part, file->name))
        return give_up(file, "make", file->name);
    file->state = SAVED;
    return S_OK;
}

static void file_report(const struct file *file)
{
    const char *path = file->directory->path;
    unsigned long long written = file->part.written;
    char remark[512];

    snprintf(remark, sizeof(remark), "saved %s/%s, %llu bytes", path, file->name,
             written);
    if (file->state == SAVED)
        cli_remark(file->cli, remark);
    if (file->state == PART)
        fprintf(stderr, "%s: %s/%s has the first %llu bytes\n", file->cli->program, path,
                file->part.name, written);
}

/* ---- Attachments ------------------------------------------------------------------- */

/* One Read that gives bytes or the end: S_OK; S_FALSE at the end, where there may be last
 * bytes too; or a failure. */
static HRESULT read_block(struct cli *cli, IWSDInboundAttachment *attachment, BYTE *block,
                          DWORD *size)
{
    bool stalled = false;
    HRESULT hr;

    for (;;) {
        if (cli_is_interrupted(cli))
            return E_ABORT;
        hr = IWSDInboundAttachment_Read(attachment, block, BLOCK_BYTES, size);
        if (hr != STG_S_BLOCK) /* a success code, but nothing came */
            return cli_is_interrupted(cli) ? E_ABORT : hr;
        if (!stalled)
            cli_remark(cli, "the device sends no data, waiting");
        stalled = true; /* the client's timers end this, if the device does not */
    }
}

static HRESULT save_content(struct file *file, size_t number, wsd_inbound_message *reply,
                            IWSDInboundAttachment *attachment)
{
    BYTE *block = malloc(BLOCK_BYTES);
    HRESULT more = block == NULL ? E_OUTOFMEMORY : S_OK;
    HRESULT hr = more;

    while (more == S_OK && hr == S_OK) {
        DWORD size;

        hr = more = read_block(file->cli, attachment, block, &size);
        if (SUCCEEDED(more))
            hr = S_OK;
        /* The first Read has told the media type. */
        if (hr == S_OK && file->state == NOT_MADE)
            hr = file_create(file, number,
                             wsd_inbound_message_media_type(reply, attachment));
        if (hr == S_OK)
            hr = file_write(file, block, size);
        cli_bar_draw(file->cli, file->part.written);
    }
    free(block);
    return hr == S_OK ? file_finish(file) : hr;
}

static void close_attachment(void *attachment)
{
    IWSDInboundAttachment_Close((IWSDInboundAttachment *)attachment);
}

static HRESULT save_attachment(struct file *file, size_t number,
                               wsd_inbound_message *reply,
                               IWSDInboundAttachment *attachment)
{
    HRESULT hr;

    cli_bar_begin(file->cli, CLI_SIZE_UNKNOWN);
    cli_watch(file->cli, close_attachment, attachment);
    hr = save_content(file, number, reply, attachment);
    cli_watch(file->cli, NULL, NULL);
    cli_bar_end(file->cli);
    part_file_close(&file->part);
    return hr;
}

HRESULT save_attachments(struct cli *cli, const struct directory *directory,
                         wsd_inbound_message *reply)
{
    struct file files[WSD_MAX_ATTACHMENTS];
    IWSDInboundAttachment *attachment;
    size_t count = 0;
    HRESULT hr = S_OK;

    while (hr == S_OK && count < WSD_MAX_ATTACHMENTS &&
           wsd_inbound_message_attachment_at(reply, count, &attachment) == S_OK) {
        struct file *file = &files[count++];

        *file = (struct file){.cli = cli, .directory = directory, .part.fd = -1};
        hr = save_attachment(file, count, reply, attachment);
        IWSDInboundAttachment_Release(attachment);
    }
    for (size_t i = 0; i < count; i++)
        file_report(&files[i]);
    if (count == 0)
        cli_remark(cli, "the reply has no attachments");
    return hr;
}
