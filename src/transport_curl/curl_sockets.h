/*
 * curl_sockets -- what is remembered of libcurl's sockets: those that a transfer has
 * left, which libcurl closes or keeps for the next one, and those of FTP.
 *
 * Pure data, for the driver.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_SOCKETS_H
#define WSD_TRANSPORT_CURL_CURL_SOCKETS_H

#include <stddef.h>

/* Begins zeroed. */
struct wsd_curl_sockets {
    int left[64];      /* the last ones; closed since, or kept */
    size_t left_count; /* of all that there were */
    int ftp[8];        /* a login and its files have two or three at a time */
    size_t ftp_count;
};

/* A transfer leaves this one. */
void wsd_curl_sockets_leave(struct wsd_curl_sockets *sockets, int fd);
/* The one between these ports, if a transfer has left it; or -1. */
int wsd_curl_sockets_find(const struct wsd_curl_sockets *sockets, int local_port,
                          int peer_port);

/* At the end nobody waits for what comes over this one, while it is open. */
void wsd_curl_sockets_keep(struct wsd_curl_sockets *sockets, int fd);
void wsd_curl_sockets_drop(struct wsd_curl_sockets *sockets, int fd);
/* The end: libcurl takes leave of a server of FTP, and would wait for the answer. */
void wsd_curl_sockets_shut(struct wsd_curl_sockets *sockets);

#endif
