/*
 * printer_document -- takes a document into a file while it arrives.  The part to read
 * first for Read and Close on a device.
 *
 * The file is job-N.part until the document is whole and on the disk, then job-N.pdf or
 * whatever its format says; job-N.truncated has what came of one that was cut short.
 */
#ifndef PRINTER_DOCUMENT_H
#define PRINTER_DOCUMENT_H

#include "printer_jobs.h"

enum document_end {
    DOCUMENT_KEPT,
    DOCUMENT_CANCELED,
    DOCUMENT_TRUNCATED,
    DOCUMENT_NOT_WRITTEN
};

/* Reads the document of a job that jobs_open() was called for, to its end; prints a line
 * about it, unless it was canceled, and ends the job.  directory: its descriptor. */
enum document_end printer_document_receive(struct jobs *jobs, long id, int directory,
                                           const wsd_inbound_message *request,
                                           IWSDInboundAttachment *document);

/* The highest N of the files job-N.anything in a directory; 0: none; -1, with errno: it
 * cannot be read. */
long printer_document_last(int directory);

#endif
