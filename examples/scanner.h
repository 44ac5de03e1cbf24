/*
 * scanner -- what the parts of wsd-virtual-scanner share.
 */
#ifndef SCANNER_H
#define SCANNER_H

#include "device.h"
#include "scanner_jobs.h"

#define XMLNS_SCAN "xmlns:wscn=\"" SCAN "\""

struct scanner {
    struct device device;
    struct image image;
    const char *source;        /* as WS-Scan calls it: Platen or ADF */
    uint64_t pages;            /* that lie there when a job begins */
    uint64_t bytes_per_second; /* 0: as fast as the client takes them */
    uint64_t patience_s;
    struct jobs jobs;
};

/* Handlers: context is the scanner. */
HRESULT scanner_get_scanner_elements(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply);
HRESULT scanner_validate_scan_ticket(void *context, wsd_inbound_message *request,
                                     wsd_outbound_message *reply);
HRESULT scanner_create_scan_job(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply);
HRESULT scanner_get_job_elements(void *context, wsd_inbound_message *request,
                                 wsd_outbound_message *reply);
HRESULT scanner_get_active_jobs(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply);
HRESULT scanner_get_job_history(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply);

/* The text of the element at `path`; "" when it is missing. */
const char *scanner_find_text(const wsd_inbound_message *request, const char *path);

/* The job's number at `path`; 0, which is none, when it is missing or no number. */
unsigned scanner_read_job_id(const wsd_inbound_message *request, const char *path);

/* Makes the reply a fault.  detail: XML, or "". */
HRESULT scanner_refuse(wsd_outbound_message *reply, const struct scan_fault *fault,
                       const char *detail);

/* The same, because the request lacks the element with that name, or it is wrong. */
HRESULT scanner_refuse_argument(wsd_outbound_message *reply, const char *name);

/* The same, because of the job with that number. */
HRESULT scanner_refuse_job(wsd_outbound_message *reply, const struct scan_fault *fault,
                           unsigned id);

#endif
