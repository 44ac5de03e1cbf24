#include "document.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Ctrl-C ends a wait for input within this time. */
#define GLANCE_MS 100

bool document_open(struct cli *cli, struct document *document, const char *path)
{
    bool is_standard_input = strcmp(path, "-") == 0;
    struct stat status;

    document->is_standard_input = is_standard_input;
    document->name = is_standard_input ? "standard input" : path;
    document->fd = is_standard_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    document->read = 0;
    document->size = CLI_SIZE_UNKNOWN;
    if (document->fd == -1 || fstat(document->fd, &status) != 0) {
        cli_set_reason(cli, "cannot open %s: %s", document->name, strerror(errno));
        return false;
    }
    if (S_ISDIR(status.st_mode)) {
        cli_set_reason(cli, "cannot read %s: %s", document->name, strerror(EISDIR));
        return false;
    }
    if (S_ISREG(status.st_mode) && !is_standard_input)
        document->size = (uint64_t)status.st_size;
    return true;
}

void document_close(struct document *document)
{
    if (document->fd != -1 && !document->is_standard_input)
        close(document->fd);
    document->fd = -1;
}

/* Waits until read() would not wait.  False at Ctrl-C. */
static bool document_wait(struct cli *cli, const struct document *document)
{
    struct pollfd input = {document->fd, POLLIN, 0};

    while (!cli_is_interrupted(cli))
        if (poll(&input, 1, GLANCE_MS) != 0)
            return true;
    return false;
}

ssize_t document_read(struct cli *cli, struct document *document, void *block,
                      size_t size)
{
    ssize_t n;

    do {
        if (!document_wait(cli, document))
            return -1;
        n = read(document->fd, block, size);
    } while (n < 0 && (errno == EINTR || errno == EAGAIN));
    if (n < 0)
        cli_set_reason(cli, "cannot read %s: %s", document->name, strerror(errno));
    if (n > 0)
        document->read += (uint64_t)n;
    if (n == 0 && document->size != CLI_SIZE_UNKNOWN && document->read < document->size) {
        cli_set_reason(cli, "%s became shorter while it was read", document->name);
        return -1;
    }
    return n;
}
