/*
 * stream_hash -- FNV-1a with 64 bits: tells whether a stream that nobody keeps arrived
 * octet for octet.
 */
#ifndef WSD_TESTS_STREAM_HASH_H
#define WSD_TESTS_STREAM_HASH_H

#include <stddef.h>
#include <stdint.h>

#define STREAM_HASH_INIT UINT64_C(14695981039346656037)

/* The hash of a stream continued by `size` more bytes. */
static inline uint64_t stream_hash(uint64_t hash, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;

    for (size_t i = 0; i < size; i++)
        hash = (hash ^ at[i]) * UINT64_C(1099511628211);
    return hash;
}

#endif
