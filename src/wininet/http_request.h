/* http_request -- what HttpOpenRequestA() makes: a head, and where its exchange is. */
#ifndef WSD_WININET_HTTP_REQUEST_H
#define WSD_WININET_HTTP_REQUEST_H

#include "wininet/connection.h"
#include "wininet/header_list.h"
#include "wininet/request_head.h"

/*
 *            +---------- failure, or "send it again" ----------+
 *            v                                                 |
 *  UNSENT, FAILED --SendRequestEx--> OPEN --EndRequest--> ANSWERED
 *                                     ^                        |
 *                                     +----- SendRequestEx ----+
 */
enum wsd_request_state {
    WSD_REQUEST_UNSENT,
    WSD_REQUEST_FAILED,
    WSD_REQUEST_OPEN,
    WSD_REQUEST_ANSWERED
};

struct wsd_request {
    struct wsd_internet_object object; /* first; the parent is a wsd_connection */
    char *method, *target;             /* target: as it stands in the request line */
    bool is_http_1_0;
    DWORD flags;

    /* With the turn only */
    enum wsd_request_state state;
    struct wsd_header_list lines;   /* the application's */
    struct wsd_request_shape shape; /* of the last sending */
    DWORD
    authentication;    /* WSD_AUTHENTICATION_*, that the server asks for; 0: none yet */
    bool was_refused;  /* without it: the next 401 is the answer */
    uint64_t accepted; /* bytes of the body */
};

/* What is sent with the head. */
struct wsd_request_start {
    const char *more; /* header lines */
    size_t more_length;
    const void *bytes; /* the first of the body */
    size_t size;
    uint64_t total; /* of the body */
    bool is_whole;  /* `bytes` are all of it */
    bool wants_chunks;
};

/* Arguments and codes as HttpOpenRequestA() documents. */
HRESULT wsd_request_create(struct wsd_connection *connection, const char *verb,
                           const char *object_name, const char *version,
                           const char *referrer, const char *const *accept_types,
                           DWORD flags, struct wsd_request **out);

/* As the exported functions document, with the HRESULTs of their errors. */
HRESULT wsd_request_add_headers(struct wsd_request *request, const char *text,
                                size_t length, DWORD modifiers);
HRESULT wsd_request_query_info(struct wsd_request *request, DWORD level, void *buffer,
                               DWORD *length, DWORD *index);

/* For INTERNET_OPTION_REQUEST_FLAGS. */
bool wsd_request_is_answered(struct wsd_request *request);
/* Appends scheme and server; or these and the target. */
void wsd_request_append_server(const struct wsd_request *request, struct wsd_text *url);
HRESULT wsd_request_append_url(const struct wsd_request *request, struct wsd_text *url);

/* For the exchange, with the turn: */

struct wsd_connection *wsd_request_connection(const struct wsd_request *request);
/* Makes request->shape for this start.  As wsd_request_head_shape(); E_INVALIDARG also
 * for more first bytes than the body has. */
HRESULT wsd_request_make_shape(struct wsd_request *request,
                               const struct wsd_request_start *start);

#endif
