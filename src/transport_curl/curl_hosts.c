#include "transport_curl/curl_hosts.h"

#include <string.h>

#include "mime/ascii.h"

/* FNV-1a, 64 bits. */
uint64_t wsd_curl_hosts_key(const char *url)
{
    const char *host = strstr(url, "://");
    size_t length =
        host == NULL ? strlen(url) : (size_t)(host + 3 - url) + strcspn(host + 3, "/?");
    uint64_t key = 0xCBF29CE484222325;

    for (size_t i = 0; i < length; i++)
        key = (key ^ (unsigned char)wsd_lower(url[i])) * 0x100000001B3;
    return key;
}

bool wsd_curl_hosts_have(const struct wsd_curl_hosts *hosts, uint64_t key)
{
    for (size_t i = 0; i < hosts->count; i++)
        if (hosts->keys[i] == key)
            return true;
    return false;
}

void wsd_curl_hosts_add(struct wsd_curl_hosts *hosts, uint64_t key)
{
    const size_t capacity = sizeof(hosts->keys) / sizeof(hosts->keys[0]);

    if (wsd_curl_hosts_have(hosts, key))
        return;
    if (hosts->count < capacity) {
        hosts->keys[hosts->count++] = key;
        return;
    }
    hosts->keys[hosts->oldest] = key;
    hosts->oldest = (hosts->oldest + 1) % capacity;
}
