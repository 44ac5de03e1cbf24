#include "transport_curl/curl_sockets.h"

#include <sys/socket.h>

#include "os/socket.h"

#define CAPACITY(array) (sizeof(array) / sizeof((array)[0]))

void wsd_curl_sockets_leave(struct wsd_curl_sockets *sockets, int fd)
{
    for (size_t i = 0; i < CAPACITY(sockets->left) && i < sockets->left_count; i++)
        if (sockets->left[i] == fd)
            return;
    sockets->left[sockets->left_count++ % CAPACITY(sockets->left)] = fd;
}

int wsd_curl_sockets_find(const struct wsd_curl_sockets *sockets, int local_port,
                          int peer_port)
{
    for (size_t i = 0; i < CAPACITY(sockets->left) && i < sockets->left_count; i++)
        if (wsd_socket_is_between(sockets->left[i], local_port, peer_port))
            return sockets->left[i];
    return -1;
}

void wsd_curl_sockets_keep(struct wsd_curl_sockets *sockets, int fd)
{
    if (sockets->ftp_count < CAPACITY(sockets->ftp))
        sockets->ftp[sockets->ftp_count++] = fd;
}

void wsd_curl_sockets_drop(struct wsd_curl_sockets *sockets, int fd)
{
    for (size_t i = 0; i < sockets->ftp_count; i++)
        if (sockets->ftp[i] == fd)
            sockets->ftp[i] = sockets->ftp[--sockets->ftp_count];
}

void wsd_curl_sockets_shut(struct wsd_curl_sockets *sockets)
{
    for (size_t i = 0; i < sockets->ftp_count; i++)
        shutdown(sockets->ftp[i], SHUT_RD);
}
