/*
 * curl_hosts -- a bounded memory of hosts, which forgets the oldest.
 *
 * It keeps hashes: it may take one host for another, and is for what does no harm then.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_HOSTS_H
#define WSD_TRANSPORT_CURL_CURL_HOSTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wsd_curl_hosts {
    uint64_t keys[64];
    size_t count;  /* of those in use */
    size_t oldest; /* the next to go when all are */
};

/* Of the scheme, host and port as they stand in the URL; in any case of letters. */
uint64_t wsd_curl_hosts_key(const char *url);

/* An empty memory is all zeroes. */
bool wsd_curl_hosts_have(const struct wsd_curl_hosts *hosts, uint64_t key);
void wsd_curl_hosts_add(struct wsd_curl_hosts *hosts, uint64_t key);

#endif
