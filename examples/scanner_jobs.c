#define COBJMACROS

#include "scanner_jobs.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <time.h>

#include "wsd_error.h"

#define MOMENT_S 1

const struct scan_fault job_not_found = {"Sender", "ClientErrorJobIdNotFound",
                                         "The specified JobId was not found."};
static const struct scan_fault wrong_token = {
    "Sender", "ClientErrorInvalidJobToken",
    "The JobToken parameter value is not valid with the JobId parameter."};
static const struct scan_fault no_images = {
    "Sender", "ClientErrorNoImagesAvailable",
    "The server has no images available to acquire."};
static const struct scan_fault cancelled = {"Sender", "ClientErrorJobCancelled",
                                            "The current scan job has been canceled."};
static const struct scan_fault not_accepting = {
    "Receiver", "ServerErrorNotAcceptingJobs",
    "The service is temporarily blocked and cannot accept new job or document requests."};
static const struct scan_fault not_now = {
    "Receiver", "OperationFailed", "The service cannot perform the requested operation."};
static const struct scan_fault internal_error = {"Receiver", "ServerErrorInternalError",
                                                 "The service had an unexpected error."};

bool jobs_init(struct jobs *jobs, const struct device *device, unsigned patience_s)
{
    pthread_condattr_t monotonic;

    *jobs = (struct jobs){.device = device, .patience_s = patience_s};
    jobs->random = fopen("/dev/urandom", "rb");
    if (jobs->random == NULL) {
        fprintf(stderr, "%s: cannot open /dev/urandom: %s\n", device->cli.program,
                strerror(errno));
        return false;
    }
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&jobs->synced.image_ended, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&jobs->synced.mutex, NULL);
    return true;
}

void jobs_fini(struct jobs *jobs)
{
    pthread_cond_destroy(&jobs->synced.image_ended);
    pthread_mutex_destroy(&jobs->synced.mutex);
    fclose(jobs->random);
}

/* ---- The table --------------------------------------------------------------------- */

bool job_is_active(const struct job *job)
{
    return job->state < JOB_COMPLETED;
}

static void end_job_locked(struct jobs *jobs, struct job *job, enum job_state state,
                           const char *reason)
{
    static const char *const words[] = {[JOB_COMPLETED] = "completed",
                                        [JOB_CANCELED] = "cancelled",
                                        [JOB_ABORTED] = "aborted"};

    job->state = state;
    job->state_reason = reason;
    device_say(jobs->device, "job %u: %s%s%s, images sent: %u", job->id, words[state],
               state == JOB_ABORTED ? ", " : "", state == JOB_ABORTED ? reason : "",
               job->sent);
}

/* NULL when there is no such job, or no more.  A silence that was too long is noticed
 * here: nobody can see a job otherwise. */
static struct job *find_locked(struct jobs *jobs, unsigned id)
{
    struct job *job = &jobs->synced.table[id % JOBS_KEPT];

    if (id == 0 || job->id != id)
        return NULL;
    if (job_is_active(job) && job->image == NULL &&
        cli_now() - job->silent_since > jobs->patience_s)
        end_job_locked(jobs, job, JOB_ABORTED, "JobTimedOut");
    return job;
}

/* ---- For clients ------------------------------------------------------------------- */

static bool make_token(struct jobs *jobs, char token[33])
{
    unsigned char bytes[16];

    if (fread(bytes, sizeof(bytes), 1, jobs->random) != 1)
        return false;
    for (size_t i = 0; i < sizeof(bytes); i++)
        snprintf(token + 2 * i, 3, "%02x", bytes[i]);
    return true;
}

/* The thread that sends an image notices its end a moment after the client. */
static void await_image_locked(struct jobs *jobs, unsigned id)
{
    const struct job *job;
    struct timespec deadline;

    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += MOMENT_S;
    do
        job = find_locked(jobs, id);
    while (job != NULL && job->image != NULL && job->state == JOB_PROCESSING &&
           pthread_cond_timedwait(&jobs->synced.image_ended, &jobs->synced.mutex,
                                  &deadline) == 0);
}

const struct scan_fault *jobs_create(struct jobs *jobs, struct job *job)
{
    const struct scan_fault *fault = NULL;
    const struct job *newest;

    pthread_mutex_lock(&jobs->synced.mutex);
    await_image_locked(jobs, jobs->synced.newest);
    newest = find_locked(jobs, jobs->synced.newest);
    if (newest != NULL && job_is_active(newest)) {
        fault = &not_accepting;
    } else if (!make_token(jobs, job->token)) {
        fault = &internal_error;
    } else {
        job->id = jobs->synced.newest % INT_MAX + 1;
        job->state = JOB_PENDING;
        job->state_reason = "None";
        job->sent = 0;
        job->silent_since = cli_now();
        job->image = NULL;
        jobs->synced.newest = job->id;
        jobs->synced.table[job->id % JOBS_KEPT] = *job;
        device_say(jobs->device, "job %u: created", job->id);
    }
    pthread_mutex_unlock(&jobs->synced.mutex);
    return fault;
}

const struct scan_fault *jobs_find(struct jobs *jobs, unsigned id, struct job *copy)
{
    const struct job *job;

    pthread_mutex_lock(&jobs->synced.mutex);
    job = find_locked(jobs, id);
    if (job != NULL)
        *copy = *job;
    pthread_mutex_unlock(&jobs->synced.mutex);
    return job != NULL ? NULL : &job_not_found;
}

size_t jobs_list(struct jobs *jobs, struct job copies[JOBS_KEPT])
{
    size_t count = 0;

    pthread_mutex_lock(&jobs->synced.mutex);
    for (unsigned id = jobs->synced.newest; count < JOBS_KEPT; id--) {
        const struct job *job = find_locked(jobs, id);

        if (job == NULL)
            break;
        copies[count++] = *job;
    }
    pthread_mutex_unlock(&jobs->synced.mutex);
    return count;
}

const struct scan_fault *jobs_cancel(struct jobs *jobs, unsigned id)
{
    const struct scan_fault *fault = NULL;
    struct job *job;

    pthread_mutex_lock(&jobs->synced.mutex);
    job = find_locked(jobs, id);
    if (job == NULL || !job_is_active(job))
        fault = &job_not_found;
    else if (job->image != NULL)
        job->state = JOB_TERMINATING;
    else
        end_job_locked(jobs, job, JOB_CANCELED, "None");
    pthread_mutex_unlock(&jobs->synced.mutex);
    return fault;
}

/* ---- Images ------------------------------------------------------------------------ */

static const struct scan_fault *refuse_image(const struct job *job, const char *token)
{
    if (job == NULL)
        return &job_not_found;
    if (strcmp(job->token, token) != 0)
        return &wrong_token;
    if (job->state == JOB_COMPLETED)
        return &no_images;
    if (job->state == JOB_CANCELED || job->state == JOB_TERMINATING)
        return &cancelled;
    /* Not "no images": a client takes that for the end of a scan that went well. */
    if (job->state == JOB_ABORTED || job->image != NULL)
        return &not_now;
    return NULL;
}

const struct scan_fault *jobs_begin_image(struct jobs *jobs, unsigned id,
                                          const char *token,
                                          IWSDOutboundAttachment *image)
{
    const struct scan_fault *fault;
    struct job *job;

    pthread_mutex_lock(&jobs->synced.mutex);
    await_image_locked(jobs, id);
    job = find_locked(jobs, id);
    fault = refuse_image(job, token);
    if (fault == NULL) {
        job->state = JOB_PROCESSING;
        job->state_reason = "JobScanningAndTransferring";
        job->image = image;
        device_say(jobs->device, "job %u: image %u begun", id, job->sent + 1);
    }
    pthread_mutex_unlock(&jobs->synced.mutex);
    return fault;
}

/* An image that was stopped has ended for the job, whenever its writer notices. */
static void end_image_locked(struct jobs *jobs, struct job *job, const char *failure)
{
    job->image = NULL;
    pthread_cond_broadcast(&jobs->synced.image_ended);
    job->silent_since = cli_now();
    if (failure == NULL)
        device_say(jobs->device, "job %u: image %u sent", job->id, ++job->sent);
    else
        device_say(jobs->device, "job %u: image %u cut off: %s", job->id, job->sent + 1,
                   failure);
    if (job->state == JOB_TERMINATING)
        end_job_locked(jobs, job, JOB_CANCELED, "None");
    else if (failure != NULL)
        end_job_locked(jobs, job, JOB_ABORTED, "ImageTransferError");
    else if (job->sent == job->ticket.images)
        end_job_locked(jobs, job, JOB_COMPLETED, "None");
}

void jobs_stop_image(struct jobs *jobs, unsigned id)
{
    struct job *job;

    pthread_mutex_lock(&jobs->synced.mutex);
    job = find_locked(jobs, id);
    if (job != NULL && job->state == JOB_TERMINATING) {
        IWSDOutboundAttachment *image = job->image;

        end_image_locked(jobs, job, "cancelled");
        IWSDOutboundAttachment_Abort(image);
    }
    pthread_mutex_unlock(&jobs->synced.mutex);
}

bool jobs_image_is_stopped(struct jobs *jobs, unsigned id)
{
    const struct job *job;
    bool stopped;

    pthread_mutex_lock(&jobs->synced.mutex);
    job = find_locked(jobs, id);
    stopped = job == NULL || job->image == NULL;
    pthread_mutex_unlock(&jobs->synced.mutex);
    return stopped;
}

void jobs_end_image(struct jobs *jobs, unsigned id, HRESULT hr)
{
    struct job *job;

    pthread_mutex_lock(&jobs->synced.mutex);
    job = find_locked(jobs, id);
    if (job != NULL && job->image != NULL)
        end_image_locked(jobs, job, hr == S_OK ? NULL : wsd_error_text(hr));
    pthread_mutex_unlock(&jobs->synced.mutex);
}
