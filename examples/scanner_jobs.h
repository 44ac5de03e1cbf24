/*
 * scanner_jobs -- the jobs of a scanner that scans for one client at a time, and their
 * states.
 *
 *   PENDING --begin_image--> PROCESSING --end_image: the last one--> COMPLETED
 *    |   |                    |   |   |
 *    |   |                    |   |   +------ end_image: a failure --> ABORTED
 *    |   +--- long silence ---|---+----------------------------------> ABORTED
 *    +----- cancel -----------+--------------------------------------> CANCELED
 *                             +-- cancel: TERMINATING - stop_image --> CANCELED
 *
 * Only the newest job can be active: in none of the last three states.  Those that ended
 * are remembered until JOBS_KEPT others have been created.
 */
#ifndef SCANNER_JOBS_H
#define SCANNER_JOBS_H

#include <pthread.h>

#include "device.h"
#include "scanner_ticket.h"

#define JOBS_KEPT 16

/* Why something cannot be done, as WS-Scan says it. */
struct scan_fault {
    const char *code, *subcode, *reason;
};
extern const struct scan_fault job_not_found;

enum job_state {
    JOB_PENDING,
    JOB_PROCESSING,
    JOB_TERMINATING,
    JOB_COMPLETED,
    JOB_CANCELED,
    JOB_ABORTED
};

struct job {
    unsigned id; /* 0: there is none */
    char token[33];
    char name[128], user[128]; /* cut to this: a list of jobs fits into an envelope */
    struct ticket ticket;
    enum job_state state;
    const char *state_reason;      /* as WS-Scan calls it */
    unsigned sent;                 /* images */
    double silent_since;           /* while no image is sent */
    IWSDOutboundAttachment *image; /* that is being sent; NULL: none */
};

struct jobs {
    const struct device *device; /* that says what happens to them */
    unsigned patience_s;         /* the longest silence */
    FILE *random;

    struct {
        pthread_mutex_t mutex;
        pthread_cond_t image_ended;  /* of any job */
        unsigned newest;             /* id; 0: there was none */
        struct job table[JOBS_KEPT]; /* by id modulo JOBS_KEPT */
    } synced;
};

bool job_is_active(const struct job *job);

/* False, with a message, when there is no source of random numbers. */
bool jobs_init(struct jobs *jobs, const struct device *device, unsigned patience_s);
void jobs_fini(struct jobs *jobs);

/* From here on: any thread.  NULL: it was done; else why not. */

/* Creates a job from the name, the user and the ticket in it; fills in the rest.  A
 * client can have the whole image of a job before the thread that sends it knows: so this
 * and jobs_begin_image() wait a moment for the end of an image. */
const struct scan_fault *jobs_create(struct jobs *jobs, struct job *job);

/* Gives a copy of a job. */
const struct scan_fault *jobs_find(struct jobs *jobs, unsigned id, struct job *copy);

/* Ends a job; one of which an image is being sent, not before that was stopped. */
const struct scan_fault *jobs_cancel(struct jobs *jobs, unsigned id);

/* Aborts the image of a job that was cancelled, unless it has ended meanwhile. */
void jobs_stop_image(struct jobs *jobs, unsigned id);

/* Begins to send the job's next image.  After NULL jobs_end_image() must follow, before
 * the attachment is given back. */
const struct scan_fault *jobs_begin_image(struct jobs *jobs, unsigned id,
                                          const char *token,
                                          IWSDOutboundAttachment *image);

/* Was the image that was begun stopped?  Abort does nothing before the first Write: so
 * ask after that. */
bool jobs_image_is_stopped(struct jobs *jobs, unsigned id);

/* hr: S_OK, or why it was not sent. */
void jobs_end_image(struct jobs *jobs, unsigned id, HRESULT hr);

/* Gives copies of all jobs, the newest first; returns how many. */
size_t jobs_list(struct jobs *jobs, struct job copies[JOBS_KEPT]);

#endif
