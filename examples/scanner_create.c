/* From a client's ticket to a job. */
#include "scanner.h"

#include <inttypes.h>
#include <string.h>

#include "wsd_error.h"

static const struct scan_fault invalid_scan_identifier = {
    "Sender", "ClientErrorInvalidScanIdentifier",
    "The ScanIdentifier parameter value is not currently valid."};
static const struct scan_fault format_not_supported = {
    "Sender", "ClientErrorFormatNotSupported",
    "The Document Format parameter value is not supported."};
static const struct scan_fault conflict = {
    "Sender", "ClientErrorConflictingRequiredParameters",
    "The scanner cannot honor all elements that have MustHonor set to true."};

static void put_image_information(FILE *to, uint32_t width, uint32_t height,
                                  unsigned bits)
{
    fprintf(to,
            "<wscn:ImageInformation><wscn:MediaFrontImageInfo>"
            "  <wscn:PixelsPerLine>%" PRIu32 "</wscn:PixelsPerLine>"
            "  <wscn:NumberOfLines>%" PRIu32 "</wscn:NumberOfLines>"
            "  <wscn:BytesPerLine>%" PRIu64 "</wscn:BytesPerLine>"
            "</wscn:MediaFrontImageInfo></wscn:ImageInformation>",
            width, height, ((uint64_t)width * bits + 7) / 8);
}

/* Texts are found by their paths, attributes are not: so a ticket that insists on
 * anything is taken as it is, or not at all. */
static bool insists(const wsd_inbound_message *request)
{
    static const char name[] = "MustHonor=\"";
    const char *at = wsd_inbound_message_body(request, NULL);

    while ((at = strstr(at, name)) != NULL) {
        at += strlen(name);
        if (*at == '1' || *at == 't')
            return true;
    }
    return false;
}

/* Reads the ScanTicket at the path `root`; ERROR_NOT_FOUND: there is none. */
static HRESULT read_ticket(const struct scanner *scanner,
                           const wsd_inbound_message *request, const char *root,
                           struct ticket *ticket)
{
    const char *unused;
    HRESULT hr = wsd_inbound_message_find_text(request, root, &unused);

    ticket_init(ticket, &scanner->image, scanner->source, (unsigned)scanner->pages);
    return hr == S_OK ? ticket_read(ticket, request, root) : hr;
}

static HRESULT refuse_ticket(wsd_outbound_message *reply, HRESULT hr)
{
    return hr == HRESULT_FROM_WIN32(ERROR_NOT_FOUND)
               ? scanner_refuse_argument(reply, "ScanTicket")
               : hr;
}

HRESULT scanner_validate_scan_ticket(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply)
{
    const struct scanner *scanner = context;
    const struct image *image = &scanner->image;
    struct device_body body;
    struct ticket ticket;
    HRESULT hr =
        read_ticket(scanner, request, "ValidateScanTicketRequest/ScanTicket", &ticket);

    if (hr != S_OK)
        return refuse_ticket(reply, hr);
    hr = device_body_begin(&body);
    if (hr != S_OK)
        return hr;
    fputs("<wscn:ValidateScanTicketResponse " XMLNS_SCAN "><wscn:ValidationInfo>",
          body.to);
    if (!ticket_is_overridden(&ticket)) {
        fputs("<wscn:ValidTicket>true</wscn:ValidTicket>", body.to);
        put_image_information(body.to, image->width, image->height, image->bits);
    } else {
        fputs("<wscn:ValidTicket>false</wscn:ValidTicket>", body.to);
        put_image_information(body.to, 0, 0, 0);
        fputs("<wscn:ValidScanTicket>", body.to);
        ticket_put(body.to, "DocumentParameters", &ticket, false);
        fputs("</wscn:ValidScanTicket>", body.to);
    }
    fputs("</wscn:ValidationInfo></wscn:ValidateScanTicketResponse>", body.to);
    return device_body_end(&body, reply);
}

#define TICKET "CreateScanJobRequest/ScanTicket"

static const struct scan_fault *check_job(const wsd_inbound_message *request,
                                          const struct ticket *ticket)
{
    const char *unused;

    /* It comes with a scan that was begun at the device. */
    if (wsd_inbound_message_find_text(request, "CreateScanJobRequest/ScanIdentifier",
                                      &unused) == S_OK)
        return &invalid_scan_identifier;
    if (ticket_overrides(ticket, "Format"))
        return &format_not_supported;
    return ticket_is_overridden(ticket) && insists(request) ? &conflict : NULL;
}

static HRESULT reply_job(const struct scanner *scanner, const struct job *job,
                         wsd_outbound_message *reply)
{
    const struct image *image = &scanner->image;
    struct device_body body;
    HRESULT hr = device_body_begin(&body);

    if (hr != S_OK)
        return hr;
    fprintf(body.to,
            "<wscn:CreateScanJobResponse " XMLNS_SCAN "><wscn:JobId>%u</wscn:JobId>"
            "<wscn:JobToken>%s</wscn:JobToken>",
            job->id, job->token);
    put_image_information(body.to, image->width, image->height, image->bits);
    ticket_put(body.to, "DocumentFinalParameters", &job->ticket, true);
    fputs("</wscn:CreateScanJobResponse>", body.to);
    return device_body_end(&body, reply);
}

HRESULT scanner_create_scan_job(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    struct scanner *scanner = context;
    const struct scan_fault *fault;
    char detail[192] = "";
    struct job job;
    HRESULT hr = read_ticket(scanner, request, TICKET, &job.ticket);

    if (hr != S_OK)
        return refuse_ticket(reply, hr);
    snprintf(job.name, sizeof(job.name), "%s",
             scanner_find_text(request, TICKET "/JobDescription/JobName"));
    snprintf(job.user, sizeof(job.user), "%s",
             scanner_find_text(request, TICKET "/JobDescription/JobOriginatingUserName"));
    fault = check_job(request, &job.ticket);
    if (fault == NULL)
        fault = jobs_create(&scanner->jobs, &job);
    if (fault == &format_not_supported)
        snprintf(detail, sizeof(detail),
                 "<wscn:FormatsSupported " XMLNS_SCAN "><wscn:FormatValue>%s"
                 "</wscn:FormatValue></wscn:FormatsSupported>",
                 scanner->image.format);
    return fault != NULL ? scanner_refuse(reply, fault, detail)
                         : reply_job(scanner, &job, reply);
}
