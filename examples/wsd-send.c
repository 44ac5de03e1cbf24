/*
 * wsd-send -- sends a device any SOAP message, with any attachments, and saves those of
 * the reply.
 *
 * Shows a message with several attachments: they are written one after the other, in the
 * order in which they were attached.  Each is written in transfer.c; save.c reads those
 * of the reply.
 */
#define COBJMACROS

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "connection.h"
#include "save.h"
#include "transfer.h"
#include "wsd_error.h"

#define BLOCK_BYTES 65536

static const char usage[] =
    "Usage: wsd-send [options] URL --action URI --body FILE.xml\n"
    "                [--attach 'PATH=FILE[;type=MIME]']... [--save DIR]\n"
    "Sends a SOAP message to the device at URL and prints the body of the reply.\n"
    "\n"
    "  --action URI    the message's wsa:Action\n"
    "  --body FILE     an XML element, which becomes the child of soap:Body\n"
    "  --attach ...    sends FILE, or with - standard input, as the content of the "
    "body's\n"
    "                  element PATH: local names as in UploadRequest/Data, or with an\n"
    "                  index as in Upload/Page[2]; may be given many times\n"
    "                  MIME is the type; default: application/octet-stream\n"
    "  --save DIR      writes the attachments that the reply's body refers to into\n"
    "                  files in DIR: attachment-1.jpg and so on, the ending by their\n"
    "                  type; with .part at the end until they are whole; never over a\n"
    "                  file that is there already\n" CONNECTION_USAGE "\n"
    "Ends with 0 when the device has answered without a fault and all was saved, with 1\n"
    "otherwise, with 2 when the options are wrong.\n";

struct item {
    char *path, *file, *type; /* type: NULL for the default */
    struct document document;
    IWSDOutboundAttachment *attachment;
};

struct send {
    struct cli cli;
    const char *url, *action, *body_path, *save_path; /* save_path: NULL for none */
    struct directory directory;
    struct connection connection;
    struct item items[WSD_MAX_ATTACHMENTS];
    size_t item_count;
    const char *failed; /* what has */
    char error[1024];   /* why, in words */
};

/* ---- The message ------------------------------------------------------------------- */

static bool read_body(struct send *send, char *body, size_t size, size_t *length)
{
    FILE *file = fopen(send->body_path, "r");

    if (file != NULL) {
        *length = fread(body, 1, size, file);
        if (*length == size)
            errno = EFBIG;
    }
    if (file == NULL || ferror(file) || *length == size)
        cli_set_reason(&send->cli, "cannot read %s: %s", send->body_path,
                       strerror(errno));
    if (file != NULL)
        fclose(file);
    return send->cli.reason[0] == '\0';
}

static HRESULT add_item(struct send *send, struct item *item,
                        wsd_outbound_message *message)
{
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    HRESULT hr;

    if (!document_open(&send->cli, &item->document, item->file))
        return E_ABORT;
    if (send->connection.options.content_length &&
        !transfer_declare(&send->cli, &item->document, &options))
        return E_ABORT;
    hr = WSDCreateOutboundAttachment(&item->attachment);
    options.content_type = item->type;
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(message, item->path, item->attachment, &options);
    if (hr == HRESULT_FROM_WIN32(ERROR_NOT_FOUND))
        cli_set_reason(&send->cli, "the body has no element %s", item->path);
    return hr;
}

static HRESULT build(struct send *send, wsd_outbound_message **message)
{
    char body[WSD_MAX_ENVELOPE];
    size_t length = 0;
    HRESULT hr;

    if (!read_body(send, body, sizeof(body), &length))
        return E_ABORT;
    hr = wsd_outbound_message_create(send->action, message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(*message, body, length);
    for (size_t i = 0; hr == S_OK && i < send->item_count; i++)
        hr = add_item(send, &send->items[i], *message);
    return hr;
}

static HRESULT write_items(struct send *send)
{
    HRESULT hr = S_OK;

    for (size_t i = 0; hr == S_OK && i < send->item_count; i++)
        hr = transfer_document(&send->cli, &send->items[i].document,
                               send->items[i].attachment, BLOCK_BYTES);
    return hr;
}

static HRESULT exchange(struct send *send, wsd_client *client,
                        wsd_outbound_message *message, wsd_inbound_message **reply)
{
    HRESULT written = S_OK;
    HRESULT hr = wsd_client_send(client, send->url, message);

    if (hr == S_OK)
        written = write_items(send);
    /* Also after a failure: a device that refuses the message says why in its reply. */
    if (hr == S_OK && written != E_ABORT)
        hr = transfer_reply(&send->cli, client, message, reply);
    return written != S_OK && *reply == NULL ? written : hr;
}

static HRESULT send_message(struct send *send)
{
    wsd_client *client = NULL;
    wsd_outbound_message *message = NULL;
    wsd_inbound_message *reply = NULL;
    HRESULT hr = E_ABORT;

    /* Before anything is sent: a page may be there to be had only once. */
    if (send->save_path == NULL ||
        directory_open(&send->cli, &send->directory, send->save_path))
        hr = build(send, &message);
    if (hr == S_OK)
        hr = wsd_client_create(&send->connection.options, &client);
    if (hr == S_OK)
        hr = exchange(send, client, message, &reply);
    if (hr == S_OK) {
        send->failed = "not saved";
        puts(wsd_inbound_message_body(reply, NULL));
        if (send->save_path != NULL)
            hr = save_attachments(&send->cli, &send->directory, reply);
    }
    if (hr != S_OK)
        transfer_describe(&send->cli, hr, reply, send->error, sizeof(send->error));

    for (size_t i = 0; i < send->item_count; i++) {
        if (send->items[i].attachment != NULL)
            IWSDOutboundAttachment_Release(send->items[i].attachment);
        document_close(&send->items[i].document);
    }
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(message);
    wsd_client_release(client);
    directory_close(&send->directory);
    return hr;
}

/* ---- The command line -------------------------------------------------------------- */

/* Splits PATH=FILE[;type=MIME] where it stands. */
static bool parse_item(struct item *item, char *text)
{
    static const char type[] = ";type=";
    char *end;

    item->path = text;
    item->document.fd = -1;
    text = strchr(text, '=');
    if (text == NULL || text == item->path || text[1] == '\0')
        return false;
    *text++ = '\0';
    item->file = text;
    end = strstr(text, type);
    if (end != NULL) {
        *end = '\0';
        item->type = end + strlen(type);
    }
    return *item->file != '\0';
}

static bool parse_attach(struct send *send, char *text)
{
    struct item *item = &send->items[send->item_count];

    if (send->item_count == WSD_MAX_ATTACHMENTS)
        return cli_misuse(&send->cli, "too many attachments");
    if (!parse_item(item, text))
        return cli_misuse(&send->cli, "--attach needs PATH=FILE");
    for (size_t i = 0; i < send->item_count; i++)
        if (strcmp(item->file, "-") == 0 && strcmp(send->items[i].file, "-") == 0)
            return cli_misuse(&send->cli, "standard input can be sent only once");
    send->item_count++;
    return true;
}

static bool parse_options(struct send *send, int argc, char **argv)
{
    enum { ACTION = 1, BODY, ATTACH, SAVE };
    static const struct option options[] = {{"action", required_argument, NULL, ACTION},
                                            {"body", required_argument, NULL, BODY},
                                            {"attach", required_argument, NULL, ATTACH},
                                            {"save", required_argument, NULL, SAVE},
                                            CONNECTION_OPTIONS};
    int option;

    while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
        switch (option) {
        case ACTION:
            send->action = optarg;
            break;
        case BODY:
            send->body_path = optarg;
            break;
        case ATTACH:
            if (!parse_attach(send, optarg))
                return false;
            break;
        case SAVE:
            send->save_path = optarg;
            break;
        default:
            if (!connection_take_option(&send->connection, option, optarg))
                return false;
        }
    }
    if (argc - optind != 1 || send->action == NULL || send->body_path == NULL)
        return cli_misuse(&send->cli, "one URL, --action and --body are needed");
    send->url = argv[optind];
    return true;
}

int main(int argc, char **argv)
{
    struct send send = {.cli.program = "wsd-send",
                        .directory.fd = -1,
                        .failed = "not sent",
                        .connection = {.cli = &send.cli,
                                       .usage = usage,
                                       .options = WSD_CLIENT_OPTIONS_INIT}};
    HRESULT hr;

    if (!parse_options(&send, argc, argv))
        return 2;
    if (!cli_start(&send.cli))
        return EXIT_FAILURE;
    hr = send_message(&send);
    if (hr != S_OK)
        transfer_print_error(&send.cli, send.failed, send.error, hr);
    cli_finish(&send.cli);
    return hr == S_OK && cli_flush(&send.cli) ? EXIT_SUCCESS : EXIT_FAILURE;
}
