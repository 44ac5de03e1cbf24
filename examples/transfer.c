#define COBJMACROS /* calls such as IWSDOutboundAttachment_Write(p, ...) */

#include "transfer.h"

#include <stdio.h>
#include <stdlib.h>

#include "wsd_attachment.h"
#include "wsd_error.h"

/* Ctrl-C ends a wait for the reply within this time; it ends Write and Close at once. */
#define GLANCE_MS 100

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

static void abort_attachment(void *attachment)
{
    IWSDOutboundAttachment_Abort((IWSDOutboundAttachment *)attachment);
}

bool transfer_declare(struct cli *cli, const struct document *document,
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

HRESULT transfer_document(struct cli *cli, struct document *document,
                          IWSDOutboundAttachment *attachment, DWORD block_size)
{
    BYTE *block = malloc(block_size);
    HRESULT hr = E_OUTOFMEMORY;

    if (block != NULL) {
        cli_bar_begin(cli, document->size);
        cli_watch(cli, abort_attachment, attachment);
        hr = write_document(cli, document, attachment, block, block_size);
        cli_watch(cli, NULL, NULL);
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

    options->resolve_timeout_ms = milliseconds;
    options->connect_timeout_ms = milliseconds;
    options->peer_stall_timeout_ms = milliseconds;
    options->response_timeout_ms = milliseconds;
    /* A stall is told before it is an error. */
    options->wait_budget_ms = milliseconds / 4;
}

/* ---- Failures ---------------------------------------------------------------------- */

void transfer_describe(struct cli *cli, HRESULT hr, const wsd_inbound_message *reply,
                       char *text, size_t size)
{
    char words[1024];
    wsd_fault fault;

    if (reply != NULL && wsd_inbound_message_fault(reply, &fault) == S_OK)
        snprintf(words, sizeof(words), "fault %s%s%s: %s", fault.code,
                 fault.subcode[0] != '\0' ? ", " : "", fault.subcode, fault.reason);
    else
        snprintf(words, sizeof(words), "%s", wsd_error_text(hr));
    snprintf(text, size, "%s", cli_describe(cli, words));
}

void transfer_print_error(struct cli *cli, const char *what, const char *text, HRESULT hr)
{
    char words[1280];

    snprintf(words, sizeof(words), "%s (%s, 0x%08X)", text, wsd_error_name(hr),
             (unsigned)hr);
    cli_print_error(cli, what, words);
}
