/*
 * mhd_connection -- one connection of a client, and the call that is on it:
 * libmicrohttpd's callbacks, suspended while there is nothing to do.
 */
#ifndef WSD_SERVICE_MHD_MHD_CONNECTION_H
#define WSD_SERVICE_MHD_MHD_CONNECTION_H

#include <microhttpd.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "service/call.h"
#include "service_mhd/mhd_server.h"

struct wsd_mhd_connection {
    struct wsd_call_host host;     /* for the call */
    struct wsd_mhd_server *server; /* kept */
    atomic_uint references;        /* the connection's own, its call's, the queues' */

    /* Under the server's monitor */
    struct {
        bool queued;
        struct wsd_mhd_connection *next_queued;
    } synced;

    /* The server's thread only */
    struct wsd_mhd_connection *previous, *next; /* of all connections */
    struct MHD_Connection *mhd;                 /* NULL: it has gone */
    int fd;
    struct wsd_call *call; /* NULL between two requests */
    struct wsd_mhd_connection *next_unsettled;
    bool unsettled, pushed; /* the server's: it is in that list; in the last run */
    bool suspended;
    uint64_t pull_ms;     /* the reply wants a look, or NEVER */
    bool whole;           /* the request has come wholly */
    bool keep;            /* another request may follow */
    uint64_t deadline_ms; /* for the envelope; UINT64_MAX: it has come */
};

/* The callbacks of a daemon; their context is the server. */
void wsd_mhd_on_connection(void *server, struct MHD_Connection *mhd,
                           void **socket_context,
                           enum MHD_ConnectionNotificationCode what);
enum MHD_Result wsd_mhd_on_request(void *server, struct MHD_Connection *mhd,
                                   const char *url, const char *method,
                                   const char *version, const char *bytes, size_t *size,
                                   void **request_context);
void wsd_mhd_on_completed(void *server, struct MHD_Connection *mhd,
                          void **request_context, enum MHD_RequestTerminationCode how);

void wsd_mhd_connection_release(struct wsd_mhd_connection *connection);

/* The server's thread, outside of the callbacks: */

/* Something has changed: the callbacks have something to do again. */
void wsd_mhd_connection_serve(struct wsd_mhd_connection *connection);
/* No more of the request comes at the moment. */
void wsd_mhd_connection_settle(struct wsd_mhd_connection *connection);
/* Looks at the timer. */
void wsd_mhd_connection_check(struct wsd_mhd_connection *connection, uint64_t now_ms);

#endif
