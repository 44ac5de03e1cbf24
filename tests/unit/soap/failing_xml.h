/*
 * failing_xml -- libxml2's heap for tests: grants so many allocations and refuses the
 * rest, and counts blocks not yet released.
 *
 * libxml2 has one heap for the process: failing_xml_setup() comes before anything else of
 * it.  Any thread, but only one of them may set `grants`.
 */
#ifndef WSD_TESTS_FAILING_XML_H
#define WSD_TESTS_FAILING_XML_H

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <libxml/parser.h>
#include <libxml/xmlmemory.h>

static struct {
    atomic_int grants; /* < 0: never refuses */
    atomic_int live;
} failing_xml;

static inline int failing_xml_grant(void)
{
    int left = atomic_load(&failing_xml.grants);

    if (left > 0)
        atomic_store(&failing_xml.grants, left - 1);
    return left != 0;
}

static inline void *failing_xml_malloc(size_t size)
{
    void *block = failing_xml_grant() ? malloc(size == 0 ? 1 : size) : NULL;

    if (block != NULL)
        atomic_fetch_add(&failing_xml.live, 1);
    return block;
}

static inline void *failing_xml_realloc(void *old, size_t size)
{
    void *block = failing_xml_grant() ? realloc(old, size == 0 ? 1 : size) : NULL;

    if (block != NULL && old == NULL)
        atomic_fetch_add(&failing_xml.live, 1);
    return block;
}

static inline char *failing_xml_strdup(const char *string)
{
    size_t size = strlen(string) + 1;
    char *copy = failing_xml_malloc(size);

    return copy != NULL ? memcpy(copy, string, size) : NULL;
}

static inline void failing_xml_free(void *block)
{
    if (block != NULL)
        atomic_fetch_sub(&failing_xml.live, 1);
    free(block);
}

/* A cmocka group set-up. */
static inline int failing_xml_setup(void **state)
{
    (void)state;
    atomic_store(&failing_xml.grants, -1);
    if (xmlMemSetup(failing_xml_free, failing_xml_malloc, failing_xml_realloc,
                    failing_xml_strdup) != 0)
        return -1;
    xmlInitParser();
    return 0;
}

#endif
