/*
 * wsd-virtual-printer -- a WS-Print printer that keeps the documents in files.
 *
 * Shows a device: handlers that answer requests, take documents while they arrive
 * (printer_document.c), stop one when the client says so on another connection
 * (printer_jobs.c), and refuse what cannot be done with the faults of WS-Print.
 */
#define COBJMACROS

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "device.h"
#include "printer_document.h"
#include "printer_elements.h"
#include "printer_jobs.h"

#define NAMESPACE " xmlns:pri=\"" PRINT "\""
#define MOST_NAMES 16       /* of elements in one request */
#define ROOM_FOR_A_JOB 4096 /* in a list of jobs, and for what stands around them */

static const char usage[] =
    "Usage: wsd-virtual-printer [options] --dir DIR\n"
    "A WS-Print printer that keeps the documents of its jobs in files in DIR:\n"
    "job-1.pdf and so on, with .part at the end until they are whole, and .truncated\n"
    "when they were cut short.  Ends with Ctrl-C.\n"
    "\n"
    "  --dir DIR       where the documents go\n"
    "  --patience S    end a job whose document has not begun to come after S seconds;\n"
    "                  default: 60\n" DEVICE_USAGE;

struct printer {
    struct device device;
    const char *path; /* of the directory */
    int directory;
    uint64_t patience_s;
    atomic_uint event_rate;
    struct jobs jobs;
};

/* ---- Requests and replies ---------------------------------------------------------- */

/* "" when the request has no such element. */
static const char *find_text(const wsd_inbound_message *request, const char *path)
{
    const char *text = NULL;

    return wsd_inbound_message_find_text(request, path, &text) == S_OK ? text : "";
}

static HRESULT refuse_argument(wsd_outbound_message *reply, const char *name)
{
    char detail[256];

    snprintf(detail, sizeof(detail), "<pri:%s" NAMESPACE "/>", name);
    return device_fault(reply, "Sender", PRINT, "InvalidArgs",
                        "At least one input argument is invalid.", detail);
}

static HRESULT refuse_job(wsd_outbound_message *reply, enum jobs_answer answer, long id)
{
    char detail[256];

    snprintf(detail, sizeof(detail), "<pri:JobId" NAMESPACE ">%ld</pri:JobId>", id);
    switch (answer) {
    case JOBS_UNKNOWN:
        return device_fault(reply, "Sender", PRINT, "ClientErrorJobIdNotFound",
                            "The printer has no job with this number.", detail);
    case JOBS_HAS_DOCUMENT:
        return device_fault(reply, "Sender", PRINT,
                            "ClientErrorMultipleDocumentsNotSupported",
                            "A job has one document and no more.", detail);
    default:
        return device_fault(reply, "Sender", PRINT, "InvalidArgs",
                            "The job has ended already.", detail);
    }
}

static bool read_number(const wsd_inbound_message *request, const char *path,
                        long *number)
{
    const char *text = find_text(request, path);
    char *end;

    *number = strtol(text, &end, 10);
    return end != text && *end == '\0';
}

static HRESULT set_body(wsd_outbound_message *reply, const char *xml)
{
    return wsd_outbound_message_set_body(reply, xml, strlen(xml));
}

/* ---- Jobs -------------------------------------------------------------------------- */

static HRESULT create_print_job(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    static const char name[] = "CreatePrintJobRequest/PrintTicket/JobDescription/JobName";
    static const char user[] =
        "CreatePrintJobRequest/PrintTicket/JobDescription/JobOriginatingUserName";
    struct printer *printer = context;
    char body[256];
    long id;

    if (find_text(request, name)[0] == '\0')
        return refuse_argument(reply, "JobName");
    id = jobs_create(&printer->jobs, find_text(request, name), find_text(request, user));
    if (id == 0)
        return device_fault(reply, "Receiver", PRINT, "ServerErrorNotAcceptingJobs",
                            "The printer has too many jobs to take another one.", "");
    snprintf(body, sizeof(body),
             "<pri:CreatePrintJobResponse" NAMESPACE "><pri:JobId>%ld</pri:JobId>"
             "</pri:CreatePrintJobResponse>",
             id);
    return set_body(reply, body);
}

static HRESULT answer_document(wsd_outbound_message *reply, enum document_end end)
{
    switch (end) {
    case DOCUMENT_KEPT:
        return set_body(reply, "<pri:SendDocumentResponse" NAMESPACE "/>");
    case DOCUMENT_CANCELED:
        return device_fault(reply, "Receiver", PRINT, "OperationFailed",
                            "The job was canceled.", "");
    case DOCUMENT_NOT_WRITTEN:
        return device_fault(reply, "Receiver", PRINT, "ServerErrorInternalError",
                            "The printer cannot keep the document.", "");
    default: /* nobody is there to hear it */
        return E_ABORT;
    }
}

#define SEND_DOCUMENT "SendDocumentRequest/"
#define DESCRIPTION SEND_DOCUMENT "DocumentDescription/"

static HRESULT take_document(struct printer *printer, wsd_inbound_message *request,
                             wsd_outbound_message *reply, IWSDInboundAttachment *document)
{
    const char *last = find_text(request, SEND_DOCUMENT "LastDocument");
    const char *compression = find_text(request, DESCRIPTION "Compression");
    const char *format = find_text(request, DESCRIPTION "Format");
    const char *title = find_text(request, DESCRIPTION "DocumentName");
    enum jobs_answer answer;
    long id;

    if (!read_number(request, SEND_DOCUMENT "JobId", &id))
        return refuse_argument(reply, "JobId");
    if (strcmp(last, "false") == 0 || strcmp(last, "0") == 0)
        return refuse_job(reply, JOBS_HAS_DOCUMENT, id);
    if (compression[0] != '\0' && strcmp(compression, "None") != 0)
        return device_fault(reply, "Sender", PRINT, "ClientErrorCompressionNotSupported",
                            "The printer takes documents without compression only.", "");
    answer = jobs_open(&printer->jobs, id, format, title, document);
    if (answer != JOBS_OK)
        return refuse_job(reply, answer, id);
    return answer_document(reply, printer_document_receive(&printer->jobs, id,
                                                           printer->directory, request,
                                                           document));
}

static HRESULT send_document(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply)
{
    IWSDInboundAttachment *document;
    HRESULT hr =
        wsd_inbound_message_attachment(request, SEND_DOCUMENT "DocumentData", &document);

    if (hr == HRESULT_FROM_WIN32(ERROR_NOT_FOUND))
        return refuse_argument(reply, "DocumentData");
    if (hr == S_OK) {
        hr = take_document(context, request, reply, document);
        IWSDInboundAttachment_Release(document);
    }
    return hr;
}

/* Documents that are fetched from a URL: a printer that follows URLs of strangers opens
 * doors behind the firewall. */
static HRESULT add_document(void *context, wsd_inbound_message *request,
                            wsd_outbound_message *reply)
{
    (void)context;
    (void)request;
    return device_fault(reply, "Receiver", PRINT, "ServerErrorAddDocumentNotSupported",
                        "The printer does not fetch documents.", "");
}

static HRESULT cancel_job(void *context, wsd_inbound_message *request,
                          wsd_outbound_message *reply)
{
    struct printer *printer = context;
    enum jobs_answer answer;
    long id;

    if (!read_number(request, "CancelJobRequest/JobId", &id))
        return refuse_argument(reply, "JobId");
    answer = jobs_cancel(&printer->jobs, id);
    if (answer != JOBS_OK)
        return refuse_job(reply, answer, id);
    device_say(&printer->device, "job %ld: canceled", id);
    return set_body(reply, "<pri:CancelJobResponse" NAMESPACE "/>");
}

/* ---- What the printer says --------------------------------------------------------- */

static bool put_summary(void *context, const struct job *job)
{
    FILE *to = context;

    put_job_summary(to, job);
    return ftell(to) < WSD_MAX_ENVELOPE - ROOM_FOR_A_JOB; /* the oldest are left out */
}

static HRESULT list_jobs(struct printer *printer, bool ended, const char *operation,
                         const char *list, wsd_outbound_message *reply)
{
    struct device_body body;
    HRESULT hr = device_body_begin(&body);

    if (hr != S_OK)
        return hr;
    fprintf(body.to, "<pri:%sResponse" NAMESPACE "><pri:%s>", operation, list);
    jobs_visit(&printer->jobs, ended, put_summary, body.to);
    fprintf(body.to, "</pri:%s></pri:%sResponse>", list, operation);
    return device_body_end(&body, reply);
}

static HRESULT get_active_jobs(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    (void)request;
    return list_jobs(context, false, "GetActiveJobs", "ActiveJobs", reply);
}

static HRESULT get_job_history(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    (void)request;
    return list_jobs(context, true, "GetJobHistory", "JobHistory", reply);
}

/* The Nth name that the client asks for; NULL: there are fewer. */
static const char *find_name(const wsd_inbound_message *request, const char *operation,
                             int n)
{
    const char *name = NULL;
    char path[96];

    snprintf(path, sizeof(path), "%sRequest/RequestedElements/Name[%d]", operation, n);
    return wsd_inbound_message_find_text(request, path, &name) == S_OK ? name : NULL;
}

/* Writes an element for each name that the client asks for. */
static HRESULT answer_elements(const wsd_inbound_message *request,
                               wsd_outbound_message *reply, const char *operation,
                               const char *list,
                               void (*put)(FILE *, const char *, const void *),
                               const void *subject)
{
    struct device_body body;
    const char *name;
    HRESULT hr;

    if (find_name(request, operation, 1) == NULL ||
        find_name(request, operation, MOST_NAMES + 1) != NULL)
        return refuse_argument(reply, "RequestedElements");
    hr = device_body_begin(&body);
    if (hr != S_OK)
        return hr;
    fprintf(body.to, "<pri:%sResponse" NAMESPACE "><pri:%s>", operation, list);
    for (int i = 1; (name = find_name(request, operation, i)) != NULL; i++)
        put(body.to, name, subject);
    fprintf(body.to, "</pri:%s></pri:%sResponse>", list, operation);
    return device_body_end(&body, reply);
}

static bool count_job(void *context, const struct job *job)
{
    unsigned *count = context;

    (void)job;
    ++*count;
    return true;
}

static HRESULT get_printer_elements(void *context, wsd_inbound_message *request,
                                    wsd_outbound_message *reply)
{
    struct printer *printer = context;
    struct printer_status status = {0, atomic_load(&printer->event_rate)};

    jobs_visit(&printer->jobs, false, count_job, &status.active_jobs);
    return answer_elements(request, reply, "GetPrinterElements", "PrinterElements",
                           put_printer_element, &status);
}

static HRESULT get_job_elements(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    struct printer *printer = context;
    struct job job;
    long id;

    if (!read_number(request, "GetJobElementsRequest/JobId", &id))
        return refuse_argument(reply, "JobId");
    if (!jobs_find(&printer->jobs, id, &job))
        return refuse_job(reply, JOBS_UNKNOWN, id);
    return answer_elements(request, reply, "GetJobElements", "JobElements",
                           put_job_element, &job);
}

/* The printer sends no events, but clients set the rate all the same, and take a fault
 * for a printer that is broken. */
static HRESULT set_event_rate(void *context, wsd_inbound_message *request,
                              wsd_outbound_message *reply)
{
    struct printer *printer = context;
    long rate;

    if (!read_number(request, "SetEventRateRequest/EventRate", &rate) || rate < 1 ||
        rate > 600)
        return refuse_argument(reply, "EventRate");
    atomic_store(&printer->event_rate, (unsigned)rate);
    return set_body(reply, "<pri:SetEventRateResponse" NAMESPACE "/>");
}

/* ---- The program ------------------------------------------------------------------- */

static bool parse_options(struct printer *printer, int argc, char **argv)
{
    enum { DIR = 1, PATIENCE };
    static const struct option options[] = {
        {"dir", required_argument, NULL, DIR},
        {"patience", required_argument, NULL, PATIENCE},
        DEVICE_OPTIONS};
    const struct cli *cli = &printer->device.cli;
    int option;

    while ((option = getopt_long(argc, argv, "v", options, NULL)) != -1) {
        if (option == DIR)
            printer->path = optarg;
        else if (option == PATIENCE) {
            if (!cli_parse_number(optarg, 86400, &printer->patience_s))
                return cli_misuse(cli, "that number is not allowed");
        } else if (!device_take_option(&printer->device, option, optarg))
            return false;
    }
    if (printer->path == NULL || optind < argc)
        return cli_misuse(cli, "--dir DIR is needed, and nothing but options");
    return true;
}

/* Numbers that an earlier run gave to files are not given again. */
static bool start(struct printer *printer)
{
    long last = -1;

    printer->directory = open(printer->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (printer->directory != -1 &&
        faccessat(printer->directory, ".", W_OK | X_OK, 0) == 0)
        last = printer_document_last(printer->directory);
    if (last == -1) {
        fprintf(stderr, "%s: cannot keep documents in %s: %s\n",
                printer->device.cli.program, printer->path, strerror(errno));
        return false;
    }
    return jobs_init(&printer->jobs, &printer->device, (double)printer->patience_s, last);
}

int main(int argc, char **argv)
{
    static const struct device_operation operations[] = {
        {PRINT "/CreatePrintJob", create_print_job},
        {PRINT "/SendDocument", send_document},
        {PRINT "/AddDocument", add_document},
        {PRINT "/CancelJob", cancel_job},
        {PRINT "/GetPrinterElements", get_printer_elements},
        {PRINT "/GetJobElements", get_job_elements},
        {PRINT "/GetActiveJobs", get_active_jobs},
        {PRINT "/GetJobHistory", get_job_history},
        {PRINT "/SetEventRate", set_event_rate}};
    static struct printer printer = {.device = {.cli.program = "wsd-virtual-printer",
                                                .usage = usage,
                                                .path = "/print",
                                                .options = WSD_SERVICE_OPTIONS_INIT},
                                     .patience_s = 60,
                                     .event_rate = 10};
    int status;

    if (!parse_options(&printer, argc, argv))
        return 2;
    if (!start(&printer))
        return EXIT_FAILURE;
    status = device_run(&printer.device, operations,
                        sizeof(operations) / sizeof(operations[0]), &printer);
    jobs_destroy(&printer.jobs);
    close(printer.directory);
    return status;
}
