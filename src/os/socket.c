#include "os/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

int wsd_socket_open(int domain, int type, int protocol)
{
/* WSD_PORTABLE_ONLY lets a Linux build test what other systems run. */
#if defined(SOCK_CLOEXEC) && !defined(WSD_PORTABLE_ONLY)
    return socket(domain, type | SOCK_CLOEXEC, protocol);
#else
    int fd = socket(domain, type, protocol);

    if (fd >= 0)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
#endif
}

bool wsd_socket_is_acknowledged(int fd)
{
#if defined(__linux__) && defined(TIOCOUTQ)
    int left = 0; /* tcp(7) */

    return ioctl(fd, TIOCOUTQ, &left) != 0 || left == 0;
#else
    (void)fd;
    return true;
#endif
}

static int port_of(const struct sockaddr_storage *address)
{
    if (address->ss_family == AF_INET)
        return ntohs(((const struct sockaddr_in *)address)->sin_port);
    if (address->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)address)->sin6_port);
    return -1;
}

bool wsd_socket_is_between(int fd, int local_port, int peer_port)
{
    struct sockaddr_storage local = {0}, peer = {0};
    socklen_t local_size = sizeof(local), peer_size = sizeof(peer);

    return getsockname(fd, (struct sockaddr *)&local, &local_size) == 0 &&
           getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
           port_of(&local) == local_port && port_of(&peer) == peer_port;
}

bool wsd_socket_is_silent(int fd)
{
    char byte;

    return recv(fd, &byte, 1, MSG_PEEK) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}
