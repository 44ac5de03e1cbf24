/*
 * wsd-print -- prints a file, or standard input, on a WS-Print printer.
 *
 * Shows how to send a device a message (CreatePrintJob) and one with an attachment
 * (SendDocument), and how to read the replies.  The attachment is written in transfer.c.
 */
#define COBJMACROS /* calls such as IWSDOutboundAttachment_Release(p) */

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli.h"
#include "connection.h"
#include "escape.h"
#include "transfer.h"
#include "wsd_error.h"

#define PRINT "http://schemas.microsoft.com/windows/2006/08/wdp/print"

static const char usage[] =
    "Usage: wsd-print [options] URL FILE\n"
    "Prints FILE, or with - standard input, on the WS-Print printer at URL.\n"
    "\n"
    "  --format F      the document's format, as the printer calls it; default: unknown\n"
    "  --job-name N    the job's name; default: that of the file\n"
    "  --block BYTES   bytes of one write, 1 to 1G; default: 64K\n"
    "  --ring BYTES    bytes that may wait for the network, 1 to 1G; default: 1M\n"
    "  --json          print one JSON object, also for errors\n" CONNECTION_USAGE "\n"
    "Ends with 0 when the printer has taken the document, with 1 when it has not, with "
    "2\n"
    "when the options are wrong.\n";

struct print {
    struct cli cli;
    const char *url, *path, *format, *job_name;
    uint64_t block_bytes, ring_bytes;
    bool json;
    struct connection connection;

    struct document document;
    wsd_part_options part; /* the document's */
    wsd_client *client;
    long job;         /* the printer's number for it */
    double seconds;   /* that the document took */
    const char *what; /* could not be done */
    char error[1024]; /* why */
};

/* ---- Requests ---------------------------------------------------------------------- */

static void put_element(FILE *to, const char *name, const char *text)
{
    fprintf(to, "<pri:%s>", name);
    escape_xml(to, text);
    fprintf(to, "</pri:%s>", name);
}

static void put_create_print_job(FILE *to, const struct print *print)
{
    const char *user = getenv("LOGNAME");

    fputs("<pri:CreatePrintJobRequest xmlns:pri=\"" PRINT "\"><pri:PrintTicket>"
          "<pri:JobDescription>",
          to);
    put_element(to, "JobName", print->job_name);
    put_element(to, "JobOriginatingUserName", user != NULL ? user : "unknown");
    fputs("</pri:JobDescription></pri:PrintTicket></pri:CreatePrintJobRequest>", to);
}

static void put_send_document(FILE *to, const struct print *print)
{
    fprintf(to,
            "<pri:SendDocumentRequest xmlns:pri=\"" PRINT "\"><pri:JobId>%ld</pri:JobId>"
            "<pri:DocumentDescription><pri:DocumentId>1</pri:DocumentId>"
            "<pri:Compression>None</pri:Compression>",
            print->job);
    put_element(to, "Format", print->format);
    put_element(to, "DocumentName", print->job_name);
    fputs("</pri:DocumentDescription><pri:LastDocument>true</pri:LastDocument>"
          "<pri:DocumentData/></pri:SendDocumentRequest>",
          to);
}

static HRESULT make_request(const struct print *print, const char *action,
                            void (*put_body)(FILE *, const struct print *),
                            wsd_outbound_message **request)
{
    char *body = NULL;
    size_t length;
    FILE *to = open_memstream(&body, &length);
    HRESULT hr = E_OUTOFMEMORY;

    if (to != NULL) {
        put_body(to, print);
        if (fclose(to) == 0)
            hr = wsd_outbound_message_create(action, request);
    }
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(*request, body, length);
    free(body);
    return hr;
}

/* Sends a request and waits for the reply; when that is not S_OK, print->error is set. */
static HRESULT ask(struct print *print, wsd_outbound_message *request,
                   IWSDOutboundAttachment *attachment, wsd_inbound_message **reply)
{
    HRESULT sent = S_OK;
    HRESULT hr = wsd_client_send(print->client, print->url, request);

    if (hr == S_OK && attachment != NULL) /* now it is up to Write */
        sent = transfer_document(&print->cli, &print->document, attachment,
                                 (DWORD)print->block_bytes);
    /* Also after a failure: a printer that refuses a document says why in its reply. */
    if (hr == S_OK && sent != E_ABORT)
        hr = transfer_reply(&print->cli, print->client, request, reply);
    if (sent != S_OK && *reply == NULL)
        hr = sent;
    if (hr != S_OK)
        transfer_describe(&print->cli, hr, *reply, print->error, sizeof(print->error));
    return hr;
}

static HRESULT read_job(const wsd_inbound_message *reply, long *job)
{
    const char *text;
    char *end;

    if (wsd_inbound_message_find_text(reply, "CreatePrintJobResponse/JobId", &text) !=
        S_OK)
        return WS_E_INVALID_FORMAT;
    *job = strtol(text, &end, 10);
    return *job >= 1 && *job <= INT32_MAX && *end == '\0' ? S_OK : WS_E_INVALID_FORMAT;
}

static HRESULT create_print_job(struct print *print)
{
    wsd_outbound_message *request = NULL;
    wsd_inbound_message *reply = NULL;
    HRESULT hr =
        make_request(print, PRINT "/CreatePrintJob", put_create_print_job, &request);

    if (hr == S_OK)
        hr = ask(print, request, NULL, &reply);
    if (hr == S_OK)
        hr = read_job(reply, &print->job);
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(request);
    return hr;
}

static HRESULT send_document(struct print *print)
{
    IWSDOutboundAttachment *attachment = NULL;
    wsd_outbound_message *request = NULL;
    wsd_inbound_message *reply = NULL;
    double began = cli_now();
    HRESULT hr = make_request(print, PRINT "/SendDocument", put_send_document, &request);

    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&attachment);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(request, "SendDocumentRequest/DocumentData",
                                         attachment, &print->part);
    if (hr == S_OK)
        hr = ask(print, request, attachment, &reply);
    print->seconds = cli_now() - began;
    if (attachment != NULL)
        IWSDOutboundAttachment_Release(attachment);
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(request);
    return hr;
}

static HRESULT print_document(struct print *print)
{
    wsd_client_options *options = &print->connection.options;
    HRESULT hr = S_OK;

    print->what = "cannot print";
    if (!document_open(&print->cli, &print->document, print->path))
        return E_ABORT;
    if (options->content_length &&
        !transfer_declare(&print->cli, &print->document, &print->part))
        hr = E_ABORT;
    options->ring_bytes = (size_t)print->ring_bytes;
    if (hr == S_OK)
        hr = wsd_client_create(options, &print->client);
    if (hr == S_OK) {
        print->what = "the printer has not taken the job";
        hr = create_print_job(print);
    }
    if (hr == S_OK) {
        print->what = "the document is not printed";
        hr = send_document(print);
    }
    wsd_client_release(print->client);
    document_close(&print->document);
    return hr;
}

/* ---- Results ----------------------------------------------------------------------- */

static void print_success(const struct print *print)
{
    printf(print->json ? "{\"ok\": true, \"bytes\": %llu, \"seconds\": %.3f, "
                         "\"mib_per_second\": %.1f, \"job\": %ld}\n"
                       : "sent %llu bytes in %.3f s, %.1f MiB/s, job %ld\n",
           (unsigned long long)print->document.read, print->seconds,
           (double)print->document.read / CLI_MIB / print->seconds, print->job);
}

static void print_failure(struct print *print, HRESULT hr)
{
    if (print->error[0] == '\0')
        transfer_describe(&print->cli, hr, NULL, print->error, sizeof(print->error));
    transfer_print_error(&print->cli, print->what, print->error, hr);
    if (!print->json)
        return;
    printf("{\"ok\": false, \"error\": \"%s\", \"hresult\": \"0x%08X\", \"message\": \"",
           wsd_error_name(hr), (unsigned)hr);
    escape_json(stdout, print->error);
    printf("\"}\n");
}

/* ---- The command line -------------------------------------------------------------- */

static bool parse_options(struct print *print, int argc, char **argv)
{
    enum { FORMAT = 1, JOB_NAME, BLOCK, RING, JSON };
    static const struct option options[] = {
        {"format", required_argument, NULL, FORMAT},
        {"job-name", required_argument, NULL, JOB_NAME},
        {"block", required_argument, NULL, BLOCK},
        {"ring", required_argument, NULL, RING},
        {"json", no_argument, NULL, JSON},
        CONNECTION_OPTIONS};
    int option;

    while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
        bool ok = true;

        switch (option) {
        case FORMAT:
            print->format = optarg;
            break;
        case JOB_NAME:
            print->job_name = optarg;
            break;
        case BLOCK:
            ok = cli_parse_number(optarg, 1u << 30, &print->block_bytes);
            break;
        case RING:
            ok = cli_parse_number(optarg, 1u << 30, &print->ring_bytes);
            break;
        case JSON:
            print->json = true;
            break;
        default:
            if (!connection_take_option(&print->connection, option, optarg))
                return false;
        }
        if (!ok)
            return cli_misuse(&print->cli, "that number is not allowed");
    }
    if (argc - optind != 2)
        return cli_misuse(&print->cli, "a URL and a file are needed, and no more");
    print->url = argv[optind];
    print->path = argv[optind + 1];
    if (print->job_name == NULL && strcmp(print->path, "-") == 0)
        print->job_name = "standard input";
    else if (print->job_name == NULL)
        print->job_name = strrchr(print->path, '/') != NULL
                              ? strrchr(print->path, '/') + 1
                              : print->path;
    return true;
}

int main(int argc, char **argv)
{
    struct print print = {.cli.program = "wsd-print",
                          .format = "unknown",
                          .block_bytes = 65536,
                          .part = WSD_PART_OPTIONS_INIT,
                          .connection = {.cli = &print.cli,
                                         .usage = usage,
                                         .options = WSD_CLIENT_OPTIONS_INIT}};
    HRESULT hr;

    if (!parse_options(&print, argc, argv))
        return 2;
    if (!cli_start(&print.cli))
        return EXIT_FAILURE;
    hr = print_document(&print);
    if (hr == S_OK)
        print_success(&print);
    else
        print_failure(&print, hr);
    cli_finish(&print.cli);
    return hr == S_OK && cli_flush(&print.cli) ? EXIT_SUCCESS : EXIT_FAILURE;
}
