/*
 * printer_jobs -- the jobs of wsd-virtual-printer: a table for all threads, which forgets
 * the oldest jobs that have ended.
 *
 *  PENDING --its document comes--> PROCESSING --all is kept--> COMPLETED
 *     |                                |
 *     +-------- CancelJob -------------+---------------------> CANCELED
 *     +-------- it comes too late -----+--- it is not whole -> ABORTED
 */
#ifndef PRINTER_JOBS_H
#define PRINTER_JOBS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "device.h"
#include "wsdattachment.h"

#define JOBS_MOST 128          /* in the table */
#define JOBS_MOST_ID INT32_MAX /* WS-Print has no higher number for a job */

enum job_state { JOB_PENDING, JOB_PROCESSING, JOB_COMPLETED, JOB_CANCELED, JOB_ABORTED };

struct job {
    long id; /* from 1 on; 0: none */
    enum job_state state;
    const char *reason;              /* for the state, as WS-Print calls it */
    double created;                  /* cli_now() */
    char name[128], user[128];       /* as the client has them, perhaps cut off */
    bool has_document;               /* has it begun to come? */
    char format[64], title[128];     /* its, likewise */
    uint64_t octets;                 /* of it, so far */
    IWSDInboundAttachment *document; /* what CancelJob closes; NULL: it is too late */
};

struct jobs {
    const struct device *device; /* says which jobs' documents have not come */
    double patience;             /* seconds from a job's beginning to its document's */
    struct {
        pthread_mutex_t mutex;
        struct job table[JOBS_MOST]; /* a job is at its id, modulo JOBS_MOST */
        long last_id;
    } synced;
};

enum jobs_answer { JOBS_OK, JOBS_UNKNOWN, JOBS_HAS_DOCUMENT, JOBS_ENDED };

/* last_id: no job gets this number or a lower one. */
bool jobs_init(struct jobs *jobs, const struct device *device, double patience,
               long last_id);
void jobs_destroy(struct jobs *jobs);

/* Returns the new job's number; 0: all in the table are still active. */
long jobs_create(struct jobs *jobs, const char *name, const char *user);

/* A job's document has begun to come, is coming, and will come no more: jobs_close() is
 * false when it was canceled meanwhile, which it cannot be from then on.  jobs_end() then
 * says how the job ended. */
enum jobs_answer jobs_open(struct jobs *jobs, long id, const char *format,
                           const char *title, IWSDInboundAttachment *document);
void jobs_advance(struct jobs *jobs, long id, uint64_t octets);
bool jobs_close(struct jobs *jobs, long id);
void jobs_end(struct jobs *jobs, long id, enum job_state state, const char *reason);

/* Closes the job's document too, if it is coming.  JOBS_OK, _UNKNOWN or _ENDED. */
enum jobs_answer jobs_cancel(struct jobs *jobs, long id);

/* Copies a job; false: unknown. */
bool jobs_find(struct jobs *jobs, long id, struct job *copy);

/* Calls `visit` for the jobs that are still active, or that have ended, from the newest
 * on, until it returns false.  It may call no function of these. */
void jobs_visit(struct jobs *jobs, bool ended,
                bool (*visit)(void *context, const struct job *job), void *context);

#endif
