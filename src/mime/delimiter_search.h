/*
 * delimiter_search -- finds the delimiters of one multipart body (RFC 2046 section 5.1.1)
 * in bytes that come in pieces of any size.
 *
 *   delimiter = CRLF "--" boundary [ "--" ] followed by a blank, a CR or an LF
 *
 * The CRLF belongs to the delimiter, and where content begins it counts as there.  What
 * follows the boundary decides, so that a longer boundary is content: "--" closes.
 *
 * No byte is copied: content is a run of the caller's bytes, or, where a delimiter seemed
 * to begin but did not, a run of the pattern that it was equal to so far.  A CR stands in
 * the pattern once, at its beginning, so a search that fails never looks back; only the
 * search for delimiters in the middle of lines needs the borders of Knuth, Morris and
 * Pratt.  No byte is looked at more than a constant number of times, also if content is
 * taken bit by bit.
 */
#ifndef WSD_MIME_DELIMITER_SEARCH_H
#define WSD_MIME_DELIMITER_SEARCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mime/content_type.h"
#include "mime/tolerance.h"

enum wsd_search {
    WSD_SEARCH_MORE,      /* the bytes are used up */
    WSD_SEARCH_CONTENT,   /* the run is content: take some of it, say so, and go on */
    WSD_SEARCH_DELIMITER, /* the delimiter is used up; what follows it is not */
    WSD_SEARCH_CLOSE      /* likewise the closing delimiter, "--" included */
};

struct wsd_delimiter_search {
    struct wsd_tolerances *tolerances; /* borrowed */
    bool line_feed;                    /* LF may stand for CRLF */
    bool anywhere;                     /* delimiters may begin in the middle of a line */

    /* CRLF "--" boundary "--", and for each length of it behind the CRLF the length of
     * its longest border. */
    uint8_t pattern[2 + 2 + WSD_BOUNDARY_LIMIT + 2];
    uint8_t borders[2 + WSD_BOUNDARY_LIMIT + 2 + 1];
    size_t size; /* of the pattern */

    size_t matched; /* the bytes before equal pattern[0..matched), as far as they count */
    size_t from;   /* those that did come and may be content are pattern[from..matched) */
    bool mid_line; /* no line break stands before them */
    size_t owed_from, owed_to; /* pattern[owed_from..owed_to) turned out to be content */
    size_t plain;              /* bytes ahead that are known to be content */
};

/* boundary: 1..70 characters of bchars, checked by the caller. */
void wsd_delimiter_search_init(struct wsd_delimiter_search *search, const char *boundary,
                               struct wsd_tolerances *tolerances);

/* Content begins here: a delimiter needs no line break. */
void wsd_delimiter_search_begin(struct wsd_delimiter_search *search);

/* Reads on: *used of the bytes are used up, and for WSD_SEARCH_CONTENT the next *run_size
 * bytes of the body are at *run. */
enum wsd_search wsd_delimiter_search_next(struct wsd_delimiter_search *search,
                                          const uint8_t *bytes, size_t size, size_t *used,
                                          const uint8_t **run, size_t *run_size);

/* The first `taken` bytes of that run have been taken: how many of the caller's bytes
 * that uses up.  The others are to be pushed again, unchanged. */
size_t wsd_delimiter_search_take(struct wsd_delimiter_search *search, size_t taken);

/* The body is over.  WSD_SEARCH_CLOSE: with the closing delimiter; else WSD_SEARCH_MORE
 */
enum wsd_search wsd_delimiter_search_finish(struct wsd_delimiter_search *search);

#endif
