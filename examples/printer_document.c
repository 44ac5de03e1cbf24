#define COBJMACROS /* calls such as IWSDInboundAttachment_Read(p, ...) */

#include "printer_document.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "part_file.h"

#define BLOCK_BYTES 65536

struct incoming {
    struct jobs *jobs;
    long id;
    struct part_file file;
    int error; /* errno of what could not be done with the file; 0: nothing */
};

/* After a failure the room on the disk is given back at once. */
static void give_up(struct incoming *incoming)
{
    incoming->error = errno;
    if (incoming->file.fd != -1)
        part_file_remove(&incoming->file);
}

/* S_FALSE at the end of a whole document, or why there is none.  What cannot be written
 * is read all the same: the client hears of it when it has sent all. */
static HRESULT read_to_end(struct incoming *incoming, IWSDInboundAttachment *document,
                           BYTE *block)
{
    DWORD size;
    HRESULT hr;

    do {
        hr = IWSDInboundAttachment_Read(document, block, BLOCK_BYTES, &size);
        if (incoming->error == 0 && !part_file_write(&incoming->file, block, size))
            give_up(incoming);
        jobs_advance(incoming->jobs, incoming->id, size);
        /* Nothing came with STG_S_BLOCK.  The service ends that, if it stays so. */
    } while (hr == S_OK || hr == STG_S_BLOCK);
    return hr;
}

static void keep(struct incoming *incoming, const wsd_inbound_message *request,
                 IWSDInboundAttachment *document)
{
    const char *ending = NULL;
    char name[64];
    struct job job;

    /* What the client says of the document tells more than what its message does. */
    if (jobs_find(incoming->jobs, incoming->id, &job))
        ending = part_file_ending(job.format);
    if (ending == NULL)
        ending = part_file_ending(wsd_inbound_message_media_type(request, document));
    snprintf(name, sizeof(name), "job-%ld.%s", incoming->id,
             ending != NULL ? ending : "document");
    if (!part_file_finish(&incoming->file, name))
        give_up(incoming);
}

static void keep_apart(struct incoming *incoming)
{
    char name[64];

    snprintf(name, sizeof(name), "job-%ld.truncated", incoming->id);
    part_file_finish(&incoming->file, name); /* else it has still .part in its name */
}

/* What becomes of the file. */
static enum document_end settle(struct incoming *incoming, HRESULT hr,
                                const wsd_inbound_message *request,
                                IWSDInboundAttachment *document)
{
    if (!jobs_close(incoming->jobs, incoming->id)) {
        if (incoming->error == 0)
            part_file_remove(&incoming->file);
        return DOCUMENT_CANCELED;
    }
    if (incoming->error == 0 && hr == S_FALSE)
        keep(incoming, request, document);
    else if (incoming->error == 0)
        keep_apart(incoming);
    part_file_close(&incoming->file);
    if (incoming->error != 0)
        return DOCUMENT_NOT_WRITTEN;
    return hr == S_FALSE ? DOCUMENT_KEPT : DOCUMENT_TRUNCATED;
}

static void end_job(const struct incoming *incoming, enum document_end end)
{
    bool is_kept = end == DOCUMENT_KEPT;

    if (end != DOCUMENT_CANCELED)
        jobs_end(incoming->jobs, incoming->id, is_kept ? JOB_COMPLETED : JOB_ABORTED,
                 is_kept ? "JobCompletedSuccessfully" : "DocumentTransferError");
}

static void report(const struct incoming *incoming, enum document_end end)
{
    const struct device *device = incoming->jobs->device;
    const struct part_file *file = &incoming->file;
    unsigned long long written = file->written;
    long id = incoming->id;

    if (end == DOCUMENT_KEPT)
        device_say(device, "job %ld: %s, %llu bytes", id, file->name, written);
    if (end == DOCUMENT_TRUNCATED)
        device_say(device, "job %ld: truncated, %s has the first %llu bytes", id,
                   file->name, written);
    if (end == DOCUMENT_NOT_WRITTEN)
        device_say(device, "job %ld: cannot write %s: %s", id, file->name,
                   strerror(incoming->error));
}

enum document_end printer_document_receive(struct jobs *jobs, long id, int directory,
                                           const wsd_inbound_message *request,
                                           IWSDInboundAttachment *document)
{
    struct incoming incoming = {.jobs = jobs, .id = id};
    BYTE *block = malloc(BLOCK_BYTES);
    HRESULT hr = E_OUTOFMEMORY;
    enum document_end end;
    char name[64];

    snprintf(name, sizeof(name), "job-%ld.part", id);
    if (!part_file_create(&incoming.file, directory, name))
        give_up(&incoming);
    if (block != NULL)
        hr = read_to_end(&incoming, document, block);
    free(block);
    end = settle(&incoming, hr, request, document);
    end_job(&incoming, end);
    report(&incoming, end);
    return end;
}

long printer_document_last(int directory)
{
    static const char start[] = "job-";
    int copy = dup(directory); /* closedir() closes it */
    DIR *files = copy != -1 ? fdopendir(copy) : NULL;
    const struct dirent *file;
    long last = 0;

    if (files == NULL)
        return -1;
    while ((file = readdir(files)) != NULL) {
        long number = 0;

        if (strncmp(file->d_name, start, strlen(start)) == 0)
            number = strtol(file->d_name + strlen(start), NULL, 10);
        if (number > last && number <= JOBS_MOST_ID)
            last = number;
    }
    closedir(files);
    return last;
}
