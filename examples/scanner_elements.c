/* What a client can ask a scanner about itself and its jobs. */
#include "scanner.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "escape.h"

#define MOST_NAMES 16 /* in one request */

/* ---- Elements by their names ------------------------------------------------------- */

struct element {
    const char *name;
    void (*put)(FILE *to, void *about);
};

static const char *local_name(const char *name)
{
    const char *colon = strchr(name, ':');

    return colon != NULL ? colon + 1 : name;
}

static void put_element(FILE *to, const char *name, const struct element *elements,
                        void *about)
{
    for (; elements->name != NULL; elements++) {
        if (strcmp(elements->name, local_name(name)) == 0) {
            fprintf(to, "<wscn:ElementData Name=\"wscn:%s\" Valid=\"true\"><wscn:%s>",
                    elements->name, elements->name);
            elements->put(to, about);
            fprintf(to, "</wscn:%s></wscn:ElementData>", elements->name);
            return;
        }
    }
    fputs("<wscn:ElementData Name=\"", to);
    escape_xml(to, name);
    fputs("\" Valid=\"false\"/>", to);
}

/* Answers a request for elements out of a table, in the element `group`. */
static HRESULT reply_elements(const wsd_inbound_message *request, const char *operation,
                              const char *group, const struct element *elements,
                              void *about, wsd_outbound_message *reply)
{
    struct device_body body;
    HRESULT hr = device_body_begin(&body);
    unsigned count;

    if (hr != S_OK)
        return hr;
    fprintf(body.to, "<wscn:%sResponse " XMLNS_SCAN "><wscn:%s>", operation, group);
    for (count = 0; count <= MOST_NAMES; count++) {
        const char *name;
        char path[80];

        snprintf(path, sizeof(path), "%sRequest/RequestedElements/Name[%u]", operation,
                 count + 1);
        name = scanner_find_text(request, path);
        if (*name == '\0')
            break;
        put_element(body.to, name, elements, about);
    }
    fprintf(body.to, "</wscn:%s></wscn:%sResponse>", group, operation);
    if (count > 0 && count <= MOST_NAMES)
        return device_body_end(&body, reply);
    device_body_end(&body, NULL);
    return scanner_refuse_argument(reply, "RequestedElements");
}

/* ---- The scanner ------------------------------------------------------------------- */

static void put_description(FILE *to, void *about)
{
    const struct scanner *scanner = about;

    device_put(to, "wscn:ScannerName", "wsd-virtual-scanner");
    device_put(to, "wscn:ScannerInfo", scanner->image.path);
    device_put(to, "wscn:ScannerLocation", "");
}

/* The blanks between elements do not go out. */
static const char settings[] =
    "<wscn:DeviceSettings>"
    "  <wscn:FormatsSupported>"
    "    <wscn:FormatValue>%s</wscn:FormatValue>"
    "  </wscn:FormatsSupported>"
    "  <wscn:CompressionQualityFactorSupported>"
    "    <wscn:MinValue>100</wscn:MinValue><wscn:MaxValue>100</wscn:MaxValue>"
    "  </wscn:CompressionQualityFactorSupported>"
    "  <wscn:ContentTypesSupported>"
    "    <wscn:ContentTypeValue>Auto</wscn:ContentTypeValue>"
    "  </wscn:ContentTypesSupported>"
    "  <wscn:DocumentSizeAutoDetectSupported>false</wscn:DocumentSizeAutoDetectSupported>"
    "  <wscn:AutoExposureSupported>false</wscn:AutoExposureSupported>"
    "  <wscn:BrightnessSupported>false</wscn:BrightnessSupported>"
    "  <wscn:ContrastSupported>false</wscn:ContrastSupported>"
    "  <wscn:ScalingRangeSupported>"
    "    <wscn:ScalingWidth>"
    "      <wscn:MinValue>100</wscn:MinValue><wscn:MaxValue>100</wscn:MaxValue>"
    "    </wscn:ScalingWidth>"
    "    <wscn:ScalingHeight>"
    "      <wscn:MinValue>100</wscn:MinValue><wscn:MaxValue>100</wscn:MaxValue>"
    "    </wscn:ScalingHeight>"
    "  </wscn:ScalingRangeSupported>"
    "  <wscn:RotationsSupported>"
    "    <wscn:RotationValue>0</wscn:RotationValue>"
    "  </wscn:RotationsSupported>"
    "</wscn:DeviceSettings>";

static void put_size(FILE *to, const char *input, const char *name, uint64_t width,
                     uint64_t height)
{
    fprintf(to,
            "<wscn:%s%s>"
            "  <wscn:Width>%" PRIu64 "</wscn:Width><wscn:Height>%" PRIu64 "</wscn:Height>"
            "</wscn:%s%s>",
            input, name, width, height, input, name);
}

/* An input, whose elements begin with its name, as large as the image: nothing smaller
 * can be had. */
static void put_input(FILE *to, const char *input, const struct image *image)
{
    uint64_t width = image_length(image->width, image->x_dpi);
    uint64_t height = image_length(image->height, image->y_dpi);

    put_size(to, input, "OpticalResolution", image->x_dpi, image->y_dpi);
    fprintf(to,
            "<wscn:%sResolutions>"
            "  <wscn:Widths><wscn:Width>%" PRIu32 "</wscn:Width></wscn:Widths>"
            "  <wscn:Heights><wscn:Height>%" PRIu32 "</wscn:Height></wscn:Heights>"
            "</wscn:%sResolutions>"
            "<wscn:%sColor><wscn:ColorEntry>%s</wscn:ColorEntry></wscn:%sColor>",
            input, image->x_dpi, image->y_dpi, input, input, image->color, input);
    put_size(to, input, "MinimumSize", width, height);
    put_size(to, input, "MaximumSize", width, height);
}

static void put_configuration(FILE *to, void *about)
{
    const struct scanner *scanner = about;
    const struct image *image = &scanner->image;

    fprintf(to, settings, image->format);
    if (strcmp(scanner->source, "Platen") == 0) {
        fputs("<wscn:Platen>", to);
        put_input(to, "Platen", image);
        fputs("</wscn:Platen>", to);
    } else {
        fputs("<wscn:ADF>"
              "  <wscn:ADFSupportsDuplex>false</wscn:ADFSupportsDuplex>"
              "  <wscn:ADFFront>",
              to);
        put_input(to, "ADF", image);
        fputs("</wscn:ADFFront></wscn:ADF>", to);
    }
}

static void put_scanner_status(FILE *to, void *about)
{
    struct scanner *scanner = about;
    struct job jobs[JOBS_KEPT];
    bool busy = jobs_list(&scanner->jobs, jobs) > 0 && job_is_active(&jobs[0]);
    time_t now = time(NULL);
    struct tm utc;
    char text[32];

    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&now, &utc));
    device_put(to, "wscn:ScannerCurrentTime", text);
    device_put(to, "wscn:ScannerState", busy ? "Processing" : "Idle");
    fputs("<wscn:ScannerStateReasons><wscn:ScannerStateReason>None"
          "</wscn:ScannerStateReason></wscn:ScannerStateReasons>",
          to);
}

static void put_job_description(FILE *to, const char *name, const char *user)
{
    fputs("<wscn:JobDescription>", to);
    device_put(to, "wscn:JobName", name);
    device_put(to, "wscn:JobOriginatingUserName", user);
    fputs("</wscn:JobDescription>", to);
}

static void put_default_ticket(FILE *to, void *about)
{
    const struct scanner *scanner = about;
    struct ticket ticket;

    ticket_init(&ticket, &scanner->image, scanner->source, (unsigned)scanner->pages);
    put_job_description(to, "Scan", "unknown");
    ticket_put(to, "DocumentParameters", &ticket, false);
}

HRESULT scanner_get_scanner_elements(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply)
{
    static const struct element elements[] = {{"ScannerDescription", put_description},
                                              {"ScannerConfiguration", put_configuration},
                                              {"ScannerStatus", put_scanner_status},
                                              {"DefaultScanTicket", put_default_ticket},
                                              {NULL, NULL}};

    return reply_elements(request, "GetScannerElements", "ScannerElements", elements,
                          context, reply);
}

/* ---- Jobs -------------------------------------------------------------------------- */

static void put_state(FILE *to, const struct job *job)
{
    static const char *const states[] = {
        [JOB_PENDING] = "Pending",         [JOB_PROCESSING] = "Processing",
        [JOB_TERMINATING] = "Terminating", [JOB_COMPLETED] = "Completed",
        [JOB_CANCELED] = "Canceled",       [JOB_ABORTED] = "Aborted",
    };

    fprintf(to,
            "<wscn:JobState>%s</wscn:JobState><wscn:JobStateReasons>"
            "<wscn:JobStateReason>%s</wscn:JobStateReason></wscn:JobStateReasons>"
            "<wscn:ScansCompleted>%u</wscn:ScansCompleted>",
            states[job->state], job->state_reason, job->sent);
}

static void put_job_status(FILE *to, void *about)
{
    const struct job *job = about;

    fprintf(to, "<wscn:JobId>%u</wscn:JobId>", job->id);
    put_state(to, job);
}

static void put_job_ticket(FILE *to, void *about)
{
    const struct job *job = about;

    put_job_description(to, job->name, job->user);
    ticket_put(to, "DocumentParameters", &job->ticket, false);
}

static void put_documents(FILE *to, void *about)
{
    const struct job *job = about;

    ticket_put(to, "DocumentFinalParameters", &job->ticket, true);
}

HRESULT scanner_get_job_elements(void *context, wsd_inbound_message *request,
                                 wsd_outbound_message *reply)
{
    static const struct element elements[] = {{"JobStatus", put_job_status},
                                              {"ScanTicket", put_job_ticket},
                                              {"Documents", put_documents},
                                              {NULL, NULL}};
    struct scanner *scanner = context;
    unsigned id = scanner_read_job_id(request, "GetJobElementsRequest/JobId");
    struct job job;
    const struct scan_fault *fault = jobs_find(&scanner->jobs, id, &job);

    if (fault != NULL)
        return scanner_refuse_job(reply, fault, id);
    return reply_elements(request, "GetJobElements", "JobElements", elements, &job,
                          reply);
}

static HRESULT reply_jobs(struct scanner *scanner, const char *operation,
                          const char *group, bool active, wsd_outbound_message *reply)
{
    struct job jobs[JOBS_KEPT];
    size_t count = jobs_list(&scanner->jobs, jobs);
    struct device_body body;
    HRESULT hr = device_body_begin(&body);

    if (hr != S_OK)
        return hr;
    fprintf(body.to, "<wscn:%sResponse " XMLNS_SCAN "><wscn:%s>", operation, group);
    for (const struct job *job = jobs; job < jobs + count; job++) {
        if (job_is_active(job) != active)
            continue;
        fprintf(body.to, "<wscn:JobSummary><wscn:JobId>%u</wscn:JobId>", job->id);
        device_put(body.to, "wscn:JobName", job->name);
        device_put(body.to, "wscn:JobOriginatingUserName", job->user);
        put_state(body.to, job);
        fputs("</wscn:JobSummary>", body.to);
    }
    fprintf(body.to, "</wscn:%s></wscn:%sResponse>", group, operation);
    return device_body_end(&body, reply);
}

HRESULT scanner_get_active_jobs(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    (void)request;
    return reply_jobs(context, "GetActiveJobs", "ActiveJobs", true, reply);
}

HRESULT scanner_get_job_history(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    (void)request;
    return reply_jobs(context, "GetJobHistory", "JobHistory", false, reply);
}
