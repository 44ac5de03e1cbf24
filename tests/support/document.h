/*
 * document -- what the tests of one group send and receive: made once, by the group's
 * set-up.
 */
#ifndef WSD_TESTS_DOCUMENT_H
#define WSD_TESTS_DOCUMENT_H

#include "support/device.h"

static struct bytes document; /* 4 MiB of all values */

static inline int make_document(void **state)
{
    (void)state;
    document.size = 4 << 20;
    document.at = document_make(document.size, 5);
    return document.at == NULL;
}

static inline int free_document(void **state)
{
    (void)state;
    bytes_free(&document);
    return 0;
}

/* A package with its first `size` bytes as the one attachment. */
static inline void put_package(struct bytes *body, size_t size)
{
    put_upload(body, 1);
    put_page(body, 0, document.at, size);
    put_end(body);
}

#endif
