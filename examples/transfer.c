#define COBJMACROS /* calls such as IWSDOutboundAttachment_Write(p, ...) */

#include "transfer.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsd_attachment.h"

/* Ctrl-C ends a wait of ours within this time; it ends Write and Close at once. */
#define GLANCE_MS 100

/* ---- The document ------------------------------------------------------------------ */

bool document_open(struct cli *cli, struct document *document, const char *path)
{
    bool is_standard_input = strcmp(path, "-") == 0;
    struct stat status;

    document->is_standard_input = is_standard_input;
    document->name = is_standard_input ? "standard input" : path;
    document->fd = is_standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    document->read = 0;
    document->size = CLI_SIZE_UNKNOWN;
    if (document->fd == -1 || fstat(document->fd, &status) != 0) {
        cli_set_reason(cli, "cannot open %s: %s", document->name, strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        cli_set_reason(cli, "cannot read %s: %s", document->name, strerror(EISDIR));
        return false;
    }
    if (S_ISREG(status.st_mode) && !is_standard_input)
        document->size = (uint64_t)status.st_size;
    return true;
}

void document_close(struct document *document)
{
    if (document->fd != -1 && !document->is_standard_input)
        close(document->fd);
    document->fd = -1;
}

bool document_declare(struct cli *cli, const struct document *document,
                      wsd_part_options *options)
{
    if (document->size == CLI_SIZE_UNKNOWN) {
        cli_set_reason(cli, "--content-length needs files: the size of %s is not known",
                       document->name);
        return false;
    }
    options->length = &document->size;
    return true;
}

/* Waits until read() would not wait.  False at Ctrl-C. */
static bool document_wait(struct cli *cli, const struct document *document)
{
    struct pollfd input = {document->fd, POLLIN, 0};

    while (!cli_is_interrupted(cli))
        if (poll(&input, 1, GLANCE_MS) != 0)
            return true;
    return false;
}

/* Returns how many bytes were read; 0 at the end of the document, and only there; -1 at
 * Ctrl-C, and when the document cannot be read or has become shorter. */
static ssize_t document_read(struct cli *cli, struct document *document, BYTE *block,
                             size_t size)
{
    ssize_t n;

    do {
        if (!document_wait(cli, document))
            return -1;
        n = read(document->fd, block, size);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        cli_set_reason(cli, "cannot read %s: %s", document->name, strerror(errno));
    if (n > 0)
        document->read += (uint64_t)n;
    if (n == 0 && document->size != CLI_SIZE_UNKNOWN && document->read < document->size) {
        cli_set_reason(cli, "%s became shorter while it was read", document->name);
        return -1;
    }
    return n;
}

/* ---- The attachment ---------------------------------------------------------------- */

/* The stream goes nowhere; the application may wait on, or abort.  This one waits: the
 * client's stall timer ends what does not recover, with an error from Write or Close. */
static HRESULT bear_stall(struct cli *cli, bool *was_stalled)
{
    if (cli_is_interrupted(cli))
        return E_ABORT;
    if (!*was_stalled)
        cli_remark(cli, "the device takes no data, waiting");
    *was_stalled = true;
    return S_OK;
}

/* Writes all of it; with size 0 only opens the stream. */
static HRESULT write_all(struct cli *cli, IWSDOutboundAttachment *attachment,
                         const BYTE *bytes, DWORD size)
{
    bool stalled = false;

    for (;;) {
        DWORD written;
        HRESULT hr = IWSDOutboundAttachment_Write(attachment, bytes, size, &written);

        if (hr == STG_S_BLOCK) /* a success code, but nothing was taken */
            hr = bear_stall(cli, &stalled);
        else if (hr == S_OK && written == size)
            return S_OK;
        if (hr != S_OK)
            return hr;
        bytes += written;
        size -= written;
    }
}

static HRESULT close_wholly(struct cli *cli, IWSDOutboundAttachment *attachment)
{
    HRESULT hr = IWSDOutboundAttachment_Close(attachment);
    bool stalled = false;

    while (hr == STG_S_BLOCK) {
        hr = bear_stall(cli, &stalled);
        if (hr == S_OK)
            hr = IWSDOutboundAttachment_Close(attachment);
    }
    return hr;
}

static void draw_progress(struct cli *cli, IWSDOutboundAttachment *attachment)
{
    wsd_attachment_progress progress = {.size = sizeof(progress)};

    if (wsd_attachment_get_progress((IWSDAttachment *)attachment, &progress) == S_OK)
        cli_bar_draw(cli, progress.handed);
}

static HRESULT write_document(struct cli *cli, struct document *document,
                              IWSDOutboundAttachment *attachment, BYTE *block,
                              DWORD block_size)
{
    /* Writing nothing opens the stream: an empty document needs that, and for others a
     * device that cannot be reached is noticed before any of the document is read. */
    HRESULT hr = write_all(cli, attachment, block, 0);

    while (hr == S_OK) {
        ssize_t n = document_read(cli, document, block, block_size);

        if (n == 0)
            return close_wholly(cli, attachment);
        if (n < 0)
            return E_ABORT;
        hr = write_all(cli, attachment, block, (DWORD)n);
        draw_progress(cli, attachment);
    }
    return hr;
}

HRESULT transfer_document(struct cli *cli, struct document *document,
                          IWSDOutboundAttachment *attachment, DWORD block_size)
{
    BYTE *block = malloc(block_size);
    HRESULT hr = E_OUTOFMEMORY;

    if (block != NULL) {
        cli_bar_begin(cli, document->size);
        cli_watch(cli, attachment);
        hr = write_document(cli, document, attachment, block, block_size);
        cli_watch(cli, NULL);
        cli_bar_end(cli);
    }
    if (hr != S_OK) {
        /* Cut, so that the device cannot take what it has for the whole document.  Does
         * nothing when the transfer failed by itself. */
        IWSDOutboundAttachment_Abort(attachment);
        if (cli_is_interrupted(cli))
            hr = E_ABORT;
    }
    free(block);
    return hr;
}

/* ---- The reply --------------------------------------------------------------------- */

HRESULT transfer_reply(struct cli *cli, wsd_client *client, wsd_outbound_message *message,
                       wsd_inbound_message **reply)
{
    HRESULT hr;

    do /* the client's timers end this, if the device does not */
        hr = wsd_client_receive(client, message, GLANCE_MS, reply);
    while (hr == STG_S_BLOCK && !cli_is_interrupted(cli));
    return hr == STG_S_BLOCK ? E_ABORT : hr;
}

void transfer_set_timeout(wsd_client_options *options, uint64_t seconds)
{
    DWORD milliseconds = (DWORD)(seconds * 1000);

    options->connect_timeout_ms = milliseconds;
    options->peer_stall_timeout_ms = milliseconds;
    options->response_timeout_ms = milliseconds;
    /* A stall is told before it is an error. */
    options->wait_budget_ms = milliseconds / 4;
}
