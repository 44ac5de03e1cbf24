/*
 * wsd-virtual-scanner -- a WS-Scan scanner that has an image file in its flatbed or its
 * feeder.
 *
 * Shows how a device answers with an attachment: retrieve_image() is the part to read
 * first.  CancelJob, on another connection, aborts it.
 */
#define COBJMACROS /* calls such as IWSDOutboundAttachment_Write(p, ...) */

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "scanner.h"
#include "wsd_error.h"

#define BLOCK_BYTES 65536

static const char usage[] =
    "Usage: wsd-virtual-scanner [options] --image FILE\n"
    "A WS-Scan scanner in which the image FILE lies: a JPEG, a PNG, or a BMP of 24 "
    "bits.\n"
    "Every page that it scans is this file, as it is.  Ends with Ctrl-C.\n"
    "\n"
    "  --image FILE    the image\n"
    "  --source S      where it lies: Platen, a flatbed, or ADF, a feeder; default:\n"
    "                  Platen\n"
    "  --pages N       pages in the feeder when a job begins, 1 to 10000; default: 1\n"
    "  --bytes-per-second N\n"
    "                  how fast it scans; default: as fast as the client takes it\n"
    "  --patience S    end a job when no image is asked for in S seconds; default: "
    "60\n" DEVICE_USAGE;

/* ---- Requests and faults ----------------------------------------------------------- */

const char *scanner_find_text(const wsd_inbound_message *request, const char *path)
{
    const char *text;

    return wsd_inbound_message_find_text(request, path, &text) == S_OK ? text : "";
}

unsigned scanner_read_job_id(const wsd_inbound_message *request, const char *path)
{
    const char *text = scanner_find_text(request, path);
    char *end;
    unsigned long id = strtoul(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && id <= INT_MAX ? (unsigned)id
                                                                         : 0;
}

HRESULT scanner_refuse(wsd_outbound_message *reply, const struct scan_fault *fault,
                       const char *detail)
{
    return device_fault(reply, fault->code, SCAN, fault->subcode, fault->reason, detail);
}

HRESULT scanner_refuse_argument(wsd_outbound_message *reply, const char *name)
{
    static const struct scan_fault fault = {"Sender", "InvalidArgs",
                                            "At least one input argument is invalid."};
    char detail[128];

    snprintf(detail, sizeof(detail), "<wscn:%s " XMLNS_SCAN "/>", name);
    return scanner_refuse(reply, &fault, detail);
}

HRESULT scanner_refuse_job(wsd_outbound_message *reply, const struct scan_fault *fault,
                           unsigned id)
{
    char detail[128] = "";

    if (id == 0)
        return scanner_refuse_argument(reply, "JobId");
    if (fault == &job_not_found)
        snprintf(detail, sizeof(detail), "<wscn:JobId " XMLNS_SCAN ">%u</wscn:JobId>",
                 id);
    return scanner_refuse(reply, fault, detail);
}

/* ---- Images ------------------------------------------------------------------------ */

/* S_OK: all of it was taken.  A client that takes nothing for so long that the attachment
 * gives STG_S_BLOCK, a success code, is given up. */
static HRESULT write_block(IWSDOutboundAttachment *attachment, const BYTE *bytes,
                           DWORD size)
{
    HRESULT hr = S_OK;

    while (hr == S_OK && size > 0) {
        DWORD written;

        hr = IWSDOutboundAttachment_Write(attachment, bytes, size, &written);
        bytes += written;
        size -= written;
    }
    return hr == STG_S_BLOCK ? HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT) : hr;
}

static HRESULT read_block(const struct scanner *scanner, FILE *file, BYTE *bytes,
                          size_t size)
{
    if (fread(bytes, 1, size, file) == size)
        return S_OK;
    fprintf(stderr, "%s: cannot read %s: %s\n", scanner->device.cli.program,
            scanner->image.path, ferror(file) ? strerror(errno) : "it became shorter");
    return E_FAIL;
}

/* Waits as long as the scanning of so many bytes takes. */
static void scan(const struct scanner *scanner, size_t size)
{
    uint64_t rate = scanner->bytes_per_second;
    struct timespec time;

    if (rate == 0)
        return;
    time.tv_sec = (time_t)(size / rate);
    time.tv_nsec = (long)(size % rate * 1000000000 / rate);
    nanosleep(&time, NULL);
}

static HRESULT write_image(struct scanner *scanner, unsigned id, FILE *file,
                           IWSDOutboundAttachment *attachment)
{
    uint64_t left = scanner->image.size, most = BLOCK_BYTES;
    BYTE block[BLOCK_BYTES];
    HRESULT hr = S_OK;

    if (scanner->bytes_per_second != 0 && scanner->bytes_per_second / 8 < most)
        most = scanner->bytes_per_second / 8 + 1;
    while (hr == S_OK && left > 0) {
        size_t size = (size_t)(left < most ? left : most);

        scan(scanner, size);
        hr = read_block(scanner, file, block, size);
        if (hr == S_OK)
            hr = write_block(attachment, block, (DWORD)size);
        if (jobs_image_is_stopped(&scanner->jobs, id))
            hr = E_ABORT;
        left -= size;
    }
    if (hr == S_OK)
        hr = IWSDOutboundAttachment_Close(attachment);
    return hr == STG_S_BLOCK ? HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT) : hr;
}

/* The reply with the image in it goes out while the image is read. */
static HRESULT reply_image(struct scanner *scanner, unsigned id, FILE *file,
                           IWSDOutboundAttachment *attachment,
                           wsd_outbound_message *reply)
{
    static const char body[] = "<wscn:RetrieveImageResponse " XMLNS_SCAN
                               "><wscn:ScanData/></wscn:RetrieveImageResponse>";
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    HRESULT hr = wsd_outbound_message_set_body(reply, body, strlen(body));

    options.content_type = scanner->image.media_type;
    options.length = &scanner->image.size;
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(reply, "RetrieveImageResponse/ScanData",
                                         attachment, &options);
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    if (hr == S_OK)
        hr = write_image(scanner, id, file, attachment);
    if (hr != S_OK) /* cut, so that the client cannot take what it has for the whole */
        IWSDOutboundAttachment_Abort(attachment);
    return hr;
}

static HRESULT retrieve_image(void *context, wsd_inbound_message *request,
                              wsd_outbound_message *reply)
{
    struct scanner *scanner = context;
    unsigned id = scanner_read_job_id(request, "RetrieveImageRequest/JobId");
    const char *token = scanner_find_text(request, "RetrieveImageRequest/JobToken");
    IWSDOutboundAttachment *attachment;
    const struct scan_fault *fault;
    HRESULT hr = WSDCreateOutboundAttachment(&attachment);

    if (hr != S_OK)
        return hr;
    fault = jobs_begin_image(&scanner->jobs, id, token, attachment);
    if (fault != NULL) {
        hr = scanner_refuse_job(reply, fault, id);
    } else {
        FILE *file = fopen(scanner->image.path, "rb");

        hr = file != NULL ? reply_image(scanner, id, file, attachment, reply)
                          : HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND);
        if (file != NULL)
            fclose(file);
        jobs_end_image(&scanner->jobs, id, hr);
    }
    IWSDOutboundAttachment_Release(attachment);
    return hr;
}

/* A scanner needs a moment to stop.  A client may need it too: when its image is cut off
 * before it has the answer to CancelJob, sane-airscan 0.99.27 waits for ever. */
static HRESULT cancel_job(void *context, wsd_inbound_message *request,
                          wsd_outbound_message *reply)
{
    static const char body[] = "<wscn:CancelJobResponse " XMLNS_SCAN "/>";
    static const struct timespec moment = {0, 500000000};
    struct scanner *scanner = context;
    unsigned id = scanner_read_job_id(request, "CancelJobRequest/JobId");
    const struct scan_fault *fault = jobs_cancel(&scanner->jobs, id);
    HRESULT hr;

    if (fault != NULL)
        return scanner_refuse_job(reply, fault, id);
    hr = wsd_outbound_message_set_body(reply, body, strlen(body));
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    nanosleep(&moment, NULL);
    jobs_stop_image(&scanner->jobs, id);
    return hr;
}

/* ---- The command line -------------------------------------------------------------- */

static bool parse_options(struct scanner *scanner, int argc, char **argv)
{
    enum { IMAGE = 1, SOURCE, PAGES, RATE, PATIENCE };
    static const struct option options[] = {
        {"image", required_argument, NULL, IMAGE},
        {"source", required_argument, NULL, SOURCE},
        {"pages", required_argument, NULL, PAGES},
        {"bytes-per-second", required_argument, NULL, RATE},
        {"patience", required_argument, NULL, PATIENCE},
        DEVICE_OPTIONS};
    struct cli *cli = &scanner->device.cli;
    int option;

    while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
        bool ok = true;

        switch (option) {
        case IMAGE:
            scanner->image.path = optarg;
            break;
        case SOURCE:
            scanner->source = optarg;
            ok = strcmp(optarg, "Platen") == 0 || strcmp(optarg, "ADF") == 0;
            break;
        case PAGES:
            ok = cli_parse_number(optarg, 10000, &scanner->pages);
            break;
        case RATE:
            ok = cli_parse_number(optarg, 1u << 30, &scanner->bytes_per_second);
            break;
        case PATIENCE:
            ok = cli_parse_number(optarg, 86400, &scanner->patience_s);
            break;
        default:
            if (!device_take_option(&scanner->device, option, optarg))
                return false;
        }
        if (!ok)
            return cli_misuse(cli, "that value is not allowed");
    }
    if (optind != argc || scanner->image.path == NULL)
        return cli_misuse(cli, "--image is needed, and nothing without a --");
    if (scanner->pages > 1 && strcmp(scanner->source, "ADF") != 0)
        return cli_misuse(cli, "a flatbed has one page");
    return true;
}

int main(int argc, char **argv)
{
    static const struct device_operation operations[] = {
        {SCAN "/GetScannerElements", scanner_get_scanner_elements},
        {SCAN "/ValidateScanTicket", scanner_validate_scan_ticket},
        {SCAN "/CreateScanJob", scanner_create_scan_job},
        {SCAN "/RetrieveImage", retrieve_image},
        {SCAN "/CancelJob", cancel_job},
        {SCAN "/GetJobElements", scanner_get_job_elements},
        {SCAN "/GetActiveJobs", scanner_get_active_jobs},
        {SCAN "/GetJobHistory", scanner_get_job_history},
    };
    struct scanner scanner = {.device = {.cli.program = "wsd-virtual-scanner",
                                         .usage = usage,
                                         .path = "/WSDScanner",
                                         .options = WSD_SERVICE_OPTIONS_INIT},
                              .source = "Platen",
                              .pages = 1,
                              .patience_s = 60};
    const char *why;
    int status;

    if (!parse_options(&scanner, argc, argv))
        return 2;
    why = image_read(&scanner.image, scanner.image.path);
    if (why != NULL) {
        fprintf(stderr, "%s: cannot scan %s: %s\n", scanner.device.cli.program,
                scanner.image.path, why);
        return EXIT_FAILURE;
    }
    if (!jobs_init(&scanner.jobs, &scanner.device, (unsigned)scanner.patience_s))
        return EXIT_FAILURE;
    status = device_run(&scanner.device, operations,
                        sizeof(operations) / sizeof(operations[0]), &scanner);
    jobs_fini(&scanner.jobs);
    return status;
}
