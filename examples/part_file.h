/*
 * part_file -- a file that is still coming in: it gets its name when it is whole and on
 * the disk.  Nothing that is there already is written over, and no link is followed.
 *
 * What returns false leaves the reason in errno.
 */
#ifndef PART_FILE_H
#define PART_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct part_file {
    int directory;   /* its descriptor, the caller's; or AT_FDCWD */
    int fd;          /* -1: closed */
    char name[1024]; /* or path: the one that it has now */
    uint64_t written;
};

bool part_file_create(struct part_file *file, int directory, const char *name);
bool part_file_write(struct part_file *file, const void *bytes, size_t size);

/* Puts the content on the disk and gives the file another name, which is the promise that
 * it is whole.  After a failure it has the old one. */
bool part_file_finish(struct part_file *file, const char *name);

void part_file_close(struct part_file *file);
void part_file_remove(struct part_file *file); /* and close it */

bool part_file_is_taken(int directory, const char *name);

/* How the names of files of a media type end, "pdf" for example; NULL: unknown. */
const char *part_file_ending(const char *media_type);

#ifdef __cplusplus
}
#endif
#endif
