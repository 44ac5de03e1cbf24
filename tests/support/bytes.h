/* bytes -- bytes that are put one behind the other.  What cannot be had fails the test.
 */
#ifndef WSD_TESTS_BYTES_H
#define WSD_TESTS_BYTES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct bytes {
    char *at; /* NULL: none yet */
    size_t size, capacity;
};

static inline void bytes_put(struct bytes *bytes, const void *from, size_t size)
{
    if (bytes->capacity - bytes->size < size + 1) {
        bytes->capacity = 2 * bytes->capacity + size + 1;
        bytes->at = realloc(bytes->at, bytes->capacity);
        assert_non_null(bytes->at);
    }
    memcpy(bytes->at + bytes->size, from, size);
    bytes->size += size;
}

static inline void bytes_say(struct bytes *bytes, const char *text)
{
    bytes_put(bytes, text, strlen(text));
}

static inline void bytes_free(struct bytes *bytes)
{
    free(bytes->at);
    *bytes = (struct bytes){0};
}

#endif
