/*
 * libcurl_user -- a program that uses libcurl itself, beside the library.
 */
#ifndef WSD_TESTS_LIBCURL_USER_H
#define WSD_TESTS_LIBCURL_USER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

static atomic_uint libcurl_blocks[2]; /* that libcurl has had from either of the two */

static inline void *libcurl_malloc_0(size_t size)
{
    atomic_fetch_add(&libcurl_blocks[0], 1);
    return malloc(size);
}

static inline void *libcurl_malloc_1(size_t size)
{
    atomic_fetch_add(&libcurl_blocks[1], 1);
    return malloc(size);
}

/* The use begins; libcurl_end() ends it.  Did nobody else use libcurl?  Only then does it
 * take functions for memory.  One thread at a time. */
static inline bool libcurl_begin(void)
{
    static unsigned taken; /* which of the two it has */
    const unsigned next = 1 - taken;
    const unsigned before = atomic_load(&libcurl_blocks[next]);

    if (curl_global_init_mem(CURL_GLOBAL_DEFAULT,
                             next == 0 ? libcurl_malloc_0 : libcurl_malloc_1, free,
                             realloc, strdup, calloc) != CURLE_OK)
        abort();
    curl_slist_free_all(curl_slist_append(NULL, "text"));
    if (atomic_load(&libcurl_blocks[next]) == before)
        return false;
    taken = next;
    return true;
}

/* The same without the question, for any thread. */
static inline void libcurl_begin_plainly(void)
{
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        abort();
}

static inline void libcurl_end(void)
{
    curl_global_cleanup();
}

#endif
