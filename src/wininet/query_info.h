/* query_info -- HttpQueryInfoA() over the heads of a request and its response. */
#ifndef WSD_WININET_QUERY_INFO_H
#define WSD_WININET_QUERY_INFO_H

#include <stdbool.h>

#include "wininet/header_list.h"
#include "wininet/response_head.h"

/* Everything is borrowed. */
struct wsd_query_subject {
    const char *method, *version;                /* of the request */
    const struct wsd_header_list *request_lines; /* as they are sent */
    const char *request_line;                    /* the first one, with its end */
    const struct wsd_response_head *response;    /* NULL: there is none */
    bool is_unsent;                              /* the request */
};

/* As HttpQueryInfoA() documents, with the HRESULTs of its errors. */
HRESULT wsd_query_info(const struct wsd_query_subject *subject, DWORD level, void *buffer,
                       DWORD *length, DWORD *index, const struct wsd_mem *mem);

#endif
