#include "part_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

bool part_file_is_taken(int directory, const char *name)
{
    struct stat status;

    return fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0;
}

bool part_file_create(struct part_file *file, int directory, const char *name)
{
    int length = snprintf(file->name, sizeof(file->name), "%s", name);

    file->fd = -1;
    if (length < 0 || (size_t)length >= sizeof(file->name)) {
        errno = ENAMETOOLONG;
        return false;
    }
    file->directory = directory;
    file->written = 0;
    file->fd = openat(directory, file->name,
                      O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    return file->fd != -1;
}

bool part_file_write(struct part_file *file, const void *bytes, size_t size)
{
    const char *from = bytes;

    while (size > 0) {
        ssize_t n = write(file->fd, from, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        from += n;
        size -= (size_t)n;
        file->written += (uint64_t)n;
    }
    return true;
}

/* Gives the file its name, unless something else has it.  rename() would replace that, so
 * the file gets a second name and loses the first. */
static bool give_name(const struct part_file *file, const char *name)
{
    int at = file->directory;

    if (linkat(at, file->name, at, name, 0) == 0)
        return unlinkat(at, file->name, 0) == 0;
    /* Some file systems have no second names. */
    return (errno == EPERM || errno == EOPNOTSUPP || errno == ENOSYS) &&
           !part_file_is_taken(at, name) && renameat(at, file->name, at, name) == 0;
}

bool part_file_finish(struct part_file *file, const char *name)
{
    if (fsync(file->fd) != 0 || !give_name(file, name))
        return false;
    snprintf(file->name, sizeof(file->name), "%s", name);
    fsync(file->directory);
    return true;
}

void part_file_close(struct part_file *file)
{
    if (file->fd != -1)
        close(file->fd);
    file->fd = -1;
}

void part_file_remove(struct part_file *file)
{
    unlinkat(file->directory, file->name, 0);
    part_file_close(file);
}

const char *part_file_ending(const char *media_type)
{
    static const struct {
        const char *media_type, *ending;
    } known[] = {
        {"application/oxps", "oxps"},
        {"application/pdf", "pdf"},
        {"application/postscript", "ps"},
        {"application/vnd.hp-PCL", "pcl"},
        {"application/vnd.hp-PCLXL", "pxl"},
        {"application/vnd.ms-xpsdocument", "xps"},
        {"application/xml", "xml"},
        {"image/bmp", "bmp"},
        {"image/gif", "gif"},
        {"image/jp2", "jp2"},
        {"image/jpeg", "jpg"},
        {"image/jpg", "jpg"},
        {"image/png", "png"},
        {"image/pwg-raster", "pwg"},
        {"image/tiff", "tif"},
        {"image/urf", "urf"},
        {"text/plain", "txt"},
        {"text/xml", "xml"},
    };

    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (strcasecmp(known[i].media_type, media_type) == 0)
            return known[i].ending;
    return NULL;
}
