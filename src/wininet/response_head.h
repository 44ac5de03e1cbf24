/*
 * response_head -- the head of a response: collected line by line while it arrives, taken
 * apart when it is there.
 */
#ifndef WSD_WININET_RESPONSE_HEAD_H
#define WSD_WININET_RESPONSE_HEAD_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"
#include "wininet/header_list.h"

struct wsd_response_head {
    struct wsd_text raw; /* of the newest head, with all line ends */
    bool ended;          /* its blank line came */
    bool is_complete;    /* and it is no interim one: what follows are trailers, unless
                            another head begins */

    /* After parse: */
    int status; /* 0: there is none */
    char *version, *reason;
    struct wsd_header_list lines; /* without those that are none */
};

void wsd_response_head_init(struct wsd_response_head *head, const struct wsd_mem *mem);
void wsd_response_head_fini(struct wsd_response_head *head);

/* Takes a line with its line end.  S_OK or E_OUTOFMEMORY. */
HRESULT wsd_response_head_push(struct wsd_response_head *head, const char *line,
                               size_t size);

/* Once, when it is complete.  S_OK or E_OUTOFMEMORY. */
HRESULT wsd_response_head_parse(struct wsd_response_head *head);

#endif
