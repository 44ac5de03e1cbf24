/*
 * mhd_server -- libmicrohttpd in front of a dispatcher: one thread drives all connections
 * of one daemon, which has no threads of its own.
 */
#ifndef WSD_SERVICE_MHD_MHD_SERVER_H
#define WSD_SERVICE_MHD_MHD_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "service/dispatcher.h"
#include "wsd_types.h"

struct wsd_mhd_options { /* strings are borrowed */
    const char *address;
    uint16_t port;
    const char *certificate, *key;  /* PEM files; NULL: HTTP */
    const char *client_authorities; /* likewise; NULL: clients need no certificate */
    DWORD request_timeout_ms;
    DWORD idle_timeout_ms;
    unsigned max_connections;
    unsigned max_connections_per_peer;
    bool without_epoll; /* as on systems that have none */
};

struct wsd_mhd_server;
struct wsd_mhd_connection;

/* Listens and starts the thread.  The codes of wsd_service_start(); then *out is NULL. */
HRESULT wsd_mhd_server_start(const struct wsd_mem *mem,
                             const struct wsd_mhd_options *options,
                             struct wsd_dispatcher *dispatcher,
                             struct wsd_mhd_server **out);

uint16_t wsd_mhd_server_port(const struct wsd_mhd_server *server);

/* Takes no more connections. */
void wsd_mhd_server_quiesce(struct wsd_mhd_server *server);

/* Ends every connection and call, and the thread.  Not on that thread. */
void wsd_mhd_server_stop(struct wsd_mhd_server *server);

/* ---- for mhd_connection ---- */

/* Both for any thread.  The server's memory stays for its connections. */
void wsd_mhd_server_keep(struct wsd_mhd_server *server);
void wsd_mhd_server_drop(struct wsd_mhd_server *server);

/* Any thread: calls wsd_mhd_connection_serve() on the server's. */
void wsd_mhd_server_request(struct wsd_mhd_connection *connection);

/* The server's thread only: */
const struct wsd_mem *wsd_mhd_server_mem(const struct wsd_mhd_server *server);
struct wsd_dispatcher *wsd_mhd_server_dispatcher(const struct wsd_mhd_server *server);
DWORD wsd_mhd_server_request_timeout(const struct wsd_mhd_server *server);
bool wsd_mhd_server_asks_for_certificates(const struct wsd_mhd_server *server);
void wsd_mhd_server_add(struct wsd_mhd_connection *connection);
void wsd_mhd_server_remove(struct wsd_mhd_connection *connection);
/* A callback of libmicrohttpd's had something to do. */
void wsd_mhd_server_note(struct wsd_mhd_server *server);
/* Bytes were pushed: calls wsd_mhd_connection_settle() once no more come at the moment.
 */
void wsd_mhd_server_pushed(struct wsd_mhd_connection *connection);
/* Call wsd_mhd_connection_check() at `when` at the latest. */
void wsd_mhd_server_schedule(struct wsd_mhd_server *server, uint64_t when_ms);

#endif
