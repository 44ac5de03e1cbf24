/*
 * curl_transfer -- one request and its response: an easy handle and its callbacks.
 * What HTTP and FTP make of them is in curl_http and curl_ftp.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_TRANSFER_H
#define WSD_TRANSPORT_CURL_CURL_TRANSFER_H

#include <stdatomic.h>

#include "transport_curl/curl_head.h"
#include "transport_curl/curl_timers.h"
#include "transport_curl/curl_transport.h"

struct wsd_curl_protocol {
    /* A line of a head or of a reply.  A failure ends the transfer. */
    HRESULT (*line)(struct wsd_curl_transfer *transfer, const char *line, size_t length);
    /* libcurl has returned and goes on: draw the conclusions. */
    void (*settle)(struct wsd_curl_transfer *transfer);
    /* What it waits for, once it is connected. */
    enum wsd_curl_phase (*phase)(const struct wsd_curl_transfer *transfer);
    /* What the transfer ends with, where libcurl, or we, say `result`. */
    HRESULT (*conclude)(struct wsd_curl_transfer *transfer, HRESULT result);
    /* The body is complete: from here on it may look so.  May be NULL. */
    void (*end_body)(struct wsd_curl_transfer *transfer);
    /* It would end with `result`: has it begun again instead?  May be NULL. */
    bool (*retry)(struct wsd_curl_transfer *transfer, HRESULT result);
};

struct wsd_curl_transfer {
    struct wsd_transfer seam;
    const struct wsd_curl_protocol *protocol;
    const struct wsd_mem *mem;            /* borrowed */
    struct wsd_curl_transport *transport; /* outlives the transfer's end */
    atomic_uint
        references; /* the exchange's handle; the transport until the end; a touch */
    struct wsd_transfer_handler *handler;
    struct wsd_body_source *body; /* NULL: FTP without an upload */
    uint64_t body_length;
    struct wsd_curl_timers timers;
    const char *message_id;     /* borrowed; NULL: none */
    CURL *easy;                 /* NULL after the end */
    struct curl_slist *headers; /* likewise; FTP: commands */
    char error[CURL_ERROR_SIZE];

    /* Under the transport's monitor */
    struct {
        bool ended;
        bool queued;
        unsigned requests;
        struct wsd_curl_transfer *next_queued;
        struct wsd_curl_transfer *previous, *next; /* of all that have not ended */
    } synced;

    /* The driver only */
    struct wsd_curl_transfer *next_touched;
    bool touched;
    struct wsd_curl_transfer *next_looked_for;
    struct wsd_curl_transfer **looked_for; /* where that is said of it; NULL: nowhere */
    uint64_t look_ms; /* when it is pulled, unless somebody wakes it before */
    bool added;       /* to the multi handle */
    bool pulled;      /* libcurl asked for the body */
    bool paused;      /* it was told that there is nothing now */
    bool head_ended;  /* of the response: its blank line came */
    bool body_begun;  /* likewise: the handler knows */
    bool full;        /* the handler can take no more of it now */
    size_t taken;     /* of the bytes that libcurl will give again */
    bool cut;         /* the response came too early: the body goes no further */
    bool pulled_all;  /* the body ended; its last bytes may still be with libcurl */
    bool sent;        /* they are out */
    bool status_told;
    bool curl_is_done;
    CURLcode curl_result;
    bool lacks_memory; /* by errno; the result says so of a head that is too long, too */
    HRESULT failure;   /* ours, found in a callback: it goes before libcurl's */
    int status;        /* final; 0 before; FTP: the last reply's code */
    bool expects;      /* libcurl may send the request again without Expect, */
    bool probes;       /* or with its body after a probe without */
    int challenge;     /* the status that another request may answer; or 0 */
    int interest;      /* CURL_POLL_*: what libcurl waits for on the socket */
    curl_socket_t fd;  /* the last that it waited for */
    uint64_t pulled_bytes;
    struct wsd_curl_head head; /* HTTP */
    bool resolved;             /* there is an address, or it has no timer of its own */
    bool connected;            /* to the server, which has the word */
    curl_socket_t data;        /* FTP: that of the file which is uploaded */

    /* HTTP, where one transfer may have several requests */
    bool is_encrypted;
    unsigned long peer_answer;  /* the CURLAUTH_* by which libcurl answers a 401; */
    unsigned long proxy_answer; /* and a 407 */
    uint64_t host;              /* its key */
    uint64_t known_length;      /* or WSD_LENGTH_UNKNOWN */
    bool in_chunks;             /* in spite of it, or for want of it */
    bool body_has_chunks;       /* of its own */
    bool refused_chunks;        /* the status says so, and there is no length */
    bool wants_length;          /* the challenge does, and libcurl does not answer it */
    unsigned answered;          /* by one of its requests: 1: a 401; 2: a 407 */
    unsigned sockets;           /* opened for this transfer, */
    unsigned sockets_before;    /* and when its newest request began, which is */
    bool reused;                /* on a kept connection, */
    bool spoiled;               /* with something on it already; it */
    bool heard;                 /* has had a line of a response, */
    bool unread;                /* or ended without the peer's reading all of it */
};

/* A transfer without options; it has two references. */
HRESULT wsd_curl_transfer_create(const struct wsd_mem *mem,
                                 struct wsd_curl_transport *transport,
                                 const struct wsd_curl_protocol *protocol,
                                 const struct wsd_timeouts *timeouts,
                                 struct wsd_transfer_handler *handler,
                                 struct wsd_curl_transfer **out);
/* Before it was given to anybody. */
void wsd_curl_transfer_destroy(struct wsd_curl_transfer *transfer);
/* The options of both protocols. */
HRESULT wsd_curl_transfer_set_options(struct wsd_curl_transfer *transfer,
                                      const char *url);
HRESULT wsd_curl_transfer_add_line(struct wsd_curl_transfer *transfer, const char *line);

void wsd_curl_transfer_release(struct wsd_curl_transfer *transfer);

/* The driver only, and only before the end: */

/* libcurl's, from which it sends: half of the ring, or a quarter. */
void wsd_curl_transfer_set_upload_buffer(struct wsd_curl_transfer *transfer,
                                         bool is_small);
/* Does what other threads asked for. */
void wsd_curl_transfer_serve(struct wsd_curl_transfer *transfer, unsigned requests);
/* Draws the conclusions from what happened inside libcurl. */
void wsd_curl_transfer_settle(struct wsd_curl_transfer *transfer);
/* libcurl is about to leave a socket. */
void wsd_curl_transfer_leave_socket(struct wsd_curl_transfer *transfer, int fd);
/* Looks at the timers. */
void wsd_curl_transfer_check(struct wsd_curl_transfer *transfer, uint64_t now_ms);
/* The body begins again with its first byte, unless it begins there now.  false: it has
 * not got that any more, or the peer may have acted upon the whole of it, without a word
 * (RFC 9110 section 9.2.2): no document is to be printed twice. */
bool wsd_curl_transfer_rewind(struct wsd_curl_transfer *transfer);
/* Begins anew, after a rewind, with a new request. */
void wsd_curl_transfer_again(struct wsd_curl_transfer *transfer);
/* All that was pulled is out. */
void wsd_curl_transfer_tell_sent(struct wsd_curl_transfer *transfer);
/* The challenge, if there is one, is not answered after all: it is the status. */
void wsd_curl_transfer_let_stand(struct wsd_curl_transfer *transfer);
HRESULT wsd_curl_transfer_begin_body(struct wsd_curl_transfer *transfer,
                                     const char *content_type);
/* To libcurl, where it forgets to ask for one. */
void wsd_curl_transfer_give_turn(struct wsd_curl_transfer *transfer);
/* Says it of the transfer, for the log. */
void wsd_curl_transfer_log(struct wsd_curl_transfer *transfer, DWORD level,
                           HRESULT result, const char *words);
/* There may be something to pull, or room for what came. */
void wsd_curl_transfer_wake(struct wsd_curl_transfer *transfer);
/* Lets libcurl call the callbacks again after a pause. */
void wsd_curl_transfer_continue(struct wsd_curl_transfer *transfer);
/* The end: off the multi handle, done(result). */
void wsd_curl_transfer_finish(struct wsd_curl_transfer *transfer, HRESULT result);

#endif
