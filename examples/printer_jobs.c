#define COBJMACROS /* calls such as IWSDInboundAttachment_Close(p) */

#include "printer_jobs.h"

#include <stdio.h>
#include <string.h>

static bool has_ended(const struct job *job)
{
    return job->state >= JOB_COMPLETED;
}

static void end_locked(struct job *job, enum job_state state, const char *reason)
{
    job->state = state;
    job->reason = reason;
    job->document = NULL;
}

/* No timer is needed for jobs whose documents are overdue: it is enough that nobody finds
 * them pending. */
static void expire_locked(struct jobs *jobs, struct job *job)
{
    if (job->id == 0 || job->state != JOB_PENDING ||
        cli_now() < job->created + jobs->patience)
        return;
    end_locked(job, JOB_ABORTED, "DocumentTimeoutError");
    device_say(jobs->device, "job %ld: ended, no document came", job->id);
}

static struct job *find_place_locked(struct jobs *jobs, long id)
{
    struct job *job = &jobs->synced.table[id % JOBS_MOST];

    expire_locked(jobs, job);
    return job;
}

static struct job *find_locked(struct jobs *jobs, long id)
{
    struct job *job = id > 0 ? find_place_locked(jobs, id) : NULL;

    return job != NULL && job->id == id ? job : NULL;
}

static void lock(struct jobs *jobs)
{
    pthread_mutex_lock(&jobs->synced.mutex);
}

static void unlock(struct jobs *jobs)
{
    pthread_mutex_unlock(&jobs->synced.mutex);
}

bool jobs_init(struct jobs *jobs, const struct device *device, double patience,
               long last_id)
{
    memset(jobs, 0, sizeof(*jobs));
    jobs->device = device;
    jobs->patience = patience;
    jobs->synced.last_id = last_id;
    return pthread_mutex_init(&jobs->synced.mutex, NULL) == 0;
}

void jobs_destroy(struct jobs *jobs)
{
    pthread_mutex_destroy(&jobs->synced.mutex);
}

/* The place of the next number whose place is not an active job's. */
static struct job *take_place_locked(struct jobs *jobs)
{
    long last = jobs->synced.last_id;

    for (long i = 1; i <= JOBS_MOST && i <= JOBS_MOST_ID - last; i++) {
        struct job *job = find_place_locked(jobs, last + i);

        if (job->id == 0 || has_ended(job)) {
            memset(job, 0, sizeof(*job));
            job->id = jobs->synced.last_id = last + i;
            return job;
        }
    }
    return NULL;
}

long jobs_create(struct jobs *jobs, const char *name, const char *user)
{
    struct job *job;
    long id = 0;

    lock(jobs);
    job = take_place_locked(jobs);
    if (job != NULL) {
        id = job->id;
        job->state = JOB_PENDING;
        job->reason = "None";
        job->created = cli_now();
        snprintf(job->name, sizeof(job->name), "%s", name);
        snprintf(job->user, sizeof(job->user), "%s", user);
    }
    unlock(jobs);
    return id;
}

static enum jobs_answer open_locked(struct jobs *jobs, long id, const char *format,
                                    const char *title, IWSDInboundAttachment *document)
{
    struct job *job = find_locked(jobs, id);

    if (job == NULL)
        return JOBS_UNKNOWN;
    if (job->state == JOB_PROCESSING || job->state == JOB_COMPLETED)
        return JOBS_HAS_DOCUMENT;
    if (has_ended(job))
        return JOBS_ENDED;
    job->state = JOB_PROCESSING;
    job->reason = "JobIncoming";
    job->document = document;
    job->has_document = true;
    snprintf(job->format, sizeof(job->format), "%s", format);
    snprintf(job->title, sizeof(job->title), "%s", title);
    return JOBS_OK;
}

enum jobs_answer jobs_open(struct jobs *jobs, long id, const char *format,
                           const char *title, IWSDInboundAttachment *document)
{
    enum jobs_answer answer;

    lock(jobs);
    answer = open_locked(jobs, id, format, title, document);
    unlock(jobs);
    return answer;
}

void jobs_advance(struct jobs *jobs, long id, uint64_t octets)
{
    struct job *job;

    lock(jobs);
    job = find_locked(jobs, id);
    if (job != NULL && !has_ended(job))
        job->octets += octets;
    unlock(jobs);
}

bool jobs_close(struct jobs *jobs, long id)
{
    struct job *job;
    bool is_processing;

    lock(jobs);
    job = find_locked(jobs, id);
    is_processing = job != NULL && job->state == JOB_PROCESSING;
    if (is_processing)
        job->document = NULL;
    unlock(jobs);
    return is_processing;
}

void jobs_end(struct jobs *jobs, long id, enum job_state state, const char *reason)
{
    struct job *job;

    lock(jobs);
    job = find_locked(jobs, id);
    if (job != NULL)
        end_locked(job, state, reason);
    unlock(jobs);
}

static enum jobs_answer cancel_locked(struct job *job)
{
    if (job == NULL)
        return JOBS_UNKNOWN;
    if (job->state != JOB_PENDING && job->document == NULL)
        return JOBS_ENDED;
    if (job->document != NULL)
        IWSDInboundAttachment_Close(job->document); /* never waits, wakes its reader */
    end_locked(job, JOB_CANCELED, "JobCanceledByUser");
    return JOBS_OK;
}

enum jobs_answer jobs_cancel(struct jobs *jobs, long id)
{
    enum jobs_answer answer;

    lock(jobs);
    answer = cancel_locked(find_locked(jobs, id));
    unlock(jobs);
    return answer;
}

bool jobs_find(struct jobs *jobs, long id, struct job *copy)
{
    const struct job *job;

    lock(jobs);
    job = find_locked(jobs, id);
    if (job != NULL)
        *copy = *job;
    unlock(jobs);
    return job != NULL;
}

void jobs_visit(struct jobs *jobs, bool ended,
                bool (*visit)(void *context, const struct job *job), void *context)
{
    bool more = true;

    lock(jobs);
    for (long i = 0; more && i < JOBS_MOST; i++) {
        const struct job *job =
            find_place_locked(jobs, jobs->synced.last_id % JOBS_MOST + JOBS_MOST - i);

        if (job->id != 0 && has_ended(job) == ended)
            more = visit(context, job);
    }
    unlock(jobs);
}
