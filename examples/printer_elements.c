#include "printer_elements.h"

#include <string.h>
#include <time.h>

#include "escape.h"

/* ---- The printer ------------------------------------------------------------------- */

/* The blanks between elements do not go out. */
static const char description[] =
    "<pri:PrinterDescription>"
    "  <pri:ColorSupported>true</pri:ColorSupported>"
    "  <pri:DeviceId>MFG:wsdattach;MDL:Virtual Printer;CLS:PRINTER;CMD:PS,PDF,PCL;"
    "</pri:DeviceId>"
    "  <pri:MultipleDocumentJobsSupported>false</pri:MultipleDocumentJobsSupported>"
    "  <pri:PagesPerMinute>60</pri:PagesPerMinute>"
    "  <pri:PagesPerMinuteColor>60</pri:PagesPerMinuteColor>"
    "  <pri:PrinterName>wsd-virtual-printer</pri:PrinterName>"
    "  <pri:PrinterInfo>Keeps documents in files</pri:PrinterInfo>"
    "  <pri:PrinterLocation/>"
    "</pri:PrinterDescription>";

static const char configuration[] =
    "<pri:PrinterConfiguration>"
    "  <pri:PrinterEventRate>%u</pri:PrinterEventRate>"
    "  <pri:InputBins>"
    "    <pri:InputBinEntry Name=\"Tray1\">"
    "      <pri:FeedDirection>ShortEdgeFirst</pri:FeedDirection>"
    "      <pri:MediaSize>iso_a4_210x297mm</pri:MediaSize>"
    "      <pri:MediaType>stationery</pri:MediaType>"
    "      <pri:Capacity>500</pri:Capacity>"
    "      <pri:Level>100</pri:Level>"
    "    </pri:InputBinEntry>"
    "  </pri:InputBins>"
    "  <pri:Finishings>"
    "    <pri:CollationSupported>false</pri:CollationSupported>"
    "    <pri:JogOffsetSupported>false</pri:JogOffsetSupported>"
    "    <pri:DuplexerInstalled>true</pri:DuplexerInstalled>"
    "    <pri:StaplerInstalled>false</pri:StaplerInstalled>"
    "    <pri:HolePunchInstalled>false</pri:HolePunchInstalled>"
    "  </pri:Finishings>"
    "</pri:PrinterConfiguration>";

static const char capabilities[] =
    "<pri:PrinterCapabilities>"
    "  <pri:JobValues>"
    "    <pri:JobProcessing>"
    "      <pri:Copies>"
    "        <pri:MinValue>1</pri:MinValue><pri:MaxValue>1</pri:MaxValue>"
    "      </pri:Copies>"
    "    </pri:JobProcessing>"
    "    <pri:DocumentProcessing>"
    "      <pri:MediaSizeName>"
    "        <pri:AllowedValue>iso_a4_210x297mm</pri:AllowedValue>"
    "        <pri:AllowedValue>na_letter_8.5x11in</pri:AllowedValue>"
    "      </pri:MediaSizeName>"
    "      <pri:MediaType><pri:AllowedValue>stationery</pri:AllowedValue></pri:MediaType>"
    "      <pri:Sides>"
    "        <pri:AllowedValue>OneSided</pri:AllowedValue>"
    "        <pri:AllowedValue>TwoSidedLongEdge</pri:AllowedValue>"
    "        <pri:AllowedValue>TwoSidedShortEdge</pri:AllowedValue>"
    "      </pri:Sides>"
    "    </pri:DocumentProcessing>"
    "  </pri:JobValues>"
    "  <pri:DocumentValues>"
    "    <pri:DocumentDescription>"
    "      <pri:Compression><pri:AllowedValue>None</pri:AllowedValue></pri:Compression>"
    "      <pri:Format>"
    "        <pri:AllowedValue>unknown</pri:AllowedValue>"
    "        <pri:AllowedValue>application/postscript</pri:AllowedValue>"
    "        <pri:AllowedValue>application/pdf</pri:AllowedValue>"
    "        <pri:AllowedValue>application/vnd.hp-PCL</pri:AllowedValue>"
    "        <pri:AllowedValue>application/vnd.ms-xpsdocument</pri:AllowedValue>"
    "        <pri:AllowedValue>application/oxps</pri:AllowedValue>"
    "        <pri:AllowedValue>image/pwg-raster</pri:AllowedValue>"
    "        <pri:AllowedValue>image/jpeg</pri:AllowedValue>"
    "        <pri:AllowedValue>text/plain</pri:AllowedValue>"
    "      </pri:Format>"
    "    </pri:DocumentDescription>"
    "  </pri:DocumentValues>"
    "</pri:PrinterCapabilities>";

static const char default_ticket[] =
    "<pri:DefaultPrintTicket>"
    "  <pri:JobDescription>"
    "    <pri:JobName>untitled</pri:JobName>"
    "    <pri:JobOriginatingUserName>unknown</pri:JobOriginatingUserName>"
    "  </pri:JobDescription>"
    "  <pri:JobProcessing><pri:Copies>1</pri:Copies></pri:JobProcessing>"
    "  <pri:DocumentProcessing><pri:Sides>OneSided</pri:Sides></pri:DocumentProcessing>"
    "</pri:DefaultPrintTicket>";

static void put_configuration(FILE *to, const void *context)
{
    const struct printer_status *status = context;

    fprintf(to, configuration, status->event_rate);
}

static void put_status(FILE *to, const void *context)
{
    const struct printer_status *status = context;
    time_t now = time(NULL);
    struct tm utc;
    char text[32];

    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    fprintf(to,
            "<pri:PrinterStatus>"
            "<pri:PrinterCurrentTime>%s</pri:PrinterCurrentTime>"
            "<pri:PrinterState>%s</pri:PrinterState>"
            "<pri:PrinterPrimaryStateReason>None</pri:PrinterPrimaryStateReason>"
            "<pri:PrinterStateReasons>"
            "<pri:PrinterStateReason>None</pri:PrinterStateReason>"
            "</pri:PrinterStateReasons>"
            "<pri:QueuedJobCount>%u</pri:QueuedJobCount>"
            "</pri:PrinterStatus>",
            text, status->active_jobs > 0 ? "Processing" : "Idle", status->active_jobs);
}

/* ---- Jobs -------------------------------------------------------------------------- */

static const char *const state_names[] = {
    [JOB_PENDING] = "Pending",     [JOB_PROCESSING] = "Processing",
    [JOB_COMPLETED] = "Completed", [JOB_CANCELED] = "Canceled",
    [JOB_ABORTED] = "Aborted",
};

static void put_id(FILE *to, const struct job *job)
{
    fprintf(to, "<pri:JobId>%ld</pri:JobId>", job->id);
}

static void put_names(FILE *to, const struct job *job)
{
    device_put(to, "pri:JobName", job->name);
    device_put(to, "pri:JobOriginatingUserName", job->user);
}

static void put_progress(FILE *to, const struct job *job)
{
    fprintf(to,
            "<pri:JobState>%s</pri:JobState>"
            "<pri:JobStateReasons><pri:JobStateReason>%s</pri:JobStateReason>"
            "</pri:JobStateReasons>"
            "<pri:KOctetsProcessed>%llu</pri:KOctetsProcessed>"
            "<pri:MediaSheetsCompleted>0</pri:MediaSheetsCompleted>"
            "<pri:NumberOfDocuments>%d</pri:NumberOfDocuments>",
            state_names[job->state], job->reason,
            (unsigned long long)(job->octets / 1024), job->has_document);
}

void put_job_summary(FILE *to, const struct job *job)
{
    fputs("<pri:JobSummary>", to);
    put_id(to, job);
    put_names(to, job);
    put_progress(to, job);
    fputs("</pri:JobSummary>", to);
}

static void put_job_status(FILE *to, const void *context)
{
    fputs("<pri:JobStatus>", to);
    put_id(to, context);
    put_progress(to, context);
    fputs("</pri:JobStatus>", to);
}

static void put_print_ticket(FILE *to, const void *context)
{
    fputs("<pri:PrintTicket><pri:JobDescription>", to);
    put_names(to, context);
    fputs("</pri:JobDescription></pri:PrintTicket>", to);
}

static void put_documents(FILE *to, const void *context)
{
    const struct job *job = context;

    fputs("<pri:Documents>", to);
    if (job->has_document) {
        fputs("<pri:Document><pri:DocumentDescription><pri:DocumentId>1</pri:DocumentId>"
              "<pri:Compression>None</pri:Compression>",
              to);
        device_put(to, "pri:Format", job->format);
        device_put(to, "pri:DocumentName", job->title);
        fputs("</pri:DocumentDescription></pri:Document>", to);
    }
    fputs("</pri:Documents>", to);
}

/* ---- By name ----------------------------------------------------------------------- */

struct element {
    const char *name;
    const char *xml; /* NULL: `put` writes it */
    void (*put)(FILE *to, const void *context);
};

static const struct element *find(const struct element *elements, const char *name)
{
    while (elements->name != NULL && strcmp(elements->name, name) != 0)
        elements++;
    return elements->name != NULL ? elements : NULL;
}

static void put_element(FILE *to, const char *name, const struct element *elements,
                        const void *context)
{
    const char *colon = strchr(name, ':');
    const struct element *element = find(elements, colon != NULL ? colon + 1 : name);

    if (element != NULL) {
        fprintf(to, "<pri:ElementData Name=\"pri:%s\" Valid=\"true\">", element->name);
        if (element->xml != NULL)
            fputs(element->xml, to);
        else
            element->put(to, context);
    } else {
        fputs("<pri:ElementData Name=\"", to);
        escape_xml(to, name);
        fputs("\" Valid=\"false\">", to);
    }
    fputs("</pri:ElementData>", to);
}

void put_printer_element(FILE *to, const char *name, const void *printer_status)
{
    static const struct element elements[] = {
        {"PrinterDescription", description, NULL},
        {"PrinterConfiguration", NULL, put_configuration},
        {"PrinterCapabilities", capabilities, NULL},
        {"DefaultPrintTicket", default_ticket, NULL},
        {"PrinterStatus", NULL, put_status},
        {NULL, NULL, NULL},
    };

    put_element(to, name, elements, printer_status);
}

void put_job_element(FILE *to, const char *name, const void *job)
{
    static const struct element elements[] = {
        {"JobStatus", NULL, put_job_status},
        {"PrintTicket", NULL, put_print_ticket},
        {"Documents", NULL, put_documents},
        {NULL, NULL, NULL},
    };

    put_element(to, name, elements, job);
}
