/*
 * printer_elements -- what wsd-virtual-printer says of itself and of its jobs, in the XML
 * of WS-Print.
 */
#ifndef PRINTER_ELEMENTS_H
#define PRINTER_ELEMENTS_H

#include "printer_jobs.h"

#define PRINT "http://schemas.microsoft.com/windows/2006/08/wdp/print"

struct printer_status {
    unsigned active_jobs;
    unsigned event_rate; /* seconds */
};

/* Write the ElementData for a name that a client asks for, such as "pri:PrinterStatus";
 * with Valid="false" when there is no such element. */
void put_printer_element(FILE *to, const char *name, const void *printer_status);
void put_job_element(FILE *to, const char *name, const void *job);

void put_job_summary(FILE *to, const struct job *job);

#endif
