/*
 * recorded -- a request or a reply as its peer recorded it, taken apart without the
 * library's help: a head, chunks or a Content-Length, and the parts of a
 * multipart/related body.
 */
#ifndef WSD_TESTS_RECORDED_H
#define WSD_TESTS_RECORDED_H

#include <stdbool.h>
#include <stddef.h>

struct recorded_part {
    const char *header; /* its lines, CRLFs and the blank line included */
    size_t header_size;
    const char *content; /* of a part that was cut short: what came of it */
    size_t size;
};

struct recorded {
    char *head; /* the first line and header lines, the blank line included */
    char *body; /* chunks undone; NUL-terminated */
    size_t body_size;
    bool whole;        /* the last chunk, or all of the Content-Length, was there; of a
                          body with neither nobody knows: false */
    char boundary[71]; /* "": not a multipart */
    bool closed;       /* the body ends with the closing delimiter */
    size_t part_count; /* complete headers only */
    struct recorded_part parts[51];
};

/* Fails the test if the bytes break a rule before they end. */
void recorded_read(struct recorded *request, const char *bytes, size_t size);
void recorded_free(struct recorded *request);

/* Part number `index` (0: the envelope) has this content, and is followed by a
 * delimiter. */
void assert_part(const struct recorded *request, size_t index, const void *content,
                 size_t size);

/* No peer could take it for a whole message: neither the closing delimiter nor the last
 * chunk is there. */
void assert_cut(const struct recorded *request);

#endif
