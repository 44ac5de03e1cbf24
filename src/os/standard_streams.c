#include "os/standard_streams.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

bool wsd_standard_streams_hold(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        int held;

        if (fcntl(fd, F_GETFD) != -1)
            continue;
        do
            held = open("/dev/null", O_RDONLY | O_CLOEXEC);
        while (held < 0 && errno == EINTR);
        if (held < 0)
            return false;
        if (held > STDERR_FILENO) /* another thread has taken the number */
            close(held);
    }
    return true;
}
