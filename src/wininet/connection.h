/* connection -- what InternetConnectA() makes: a server, and who the user is there. */
#ifndef WSD_WININET_CONNECTION_H
#define WSD_WININET_CONNECTION_H

#include "wininet/session.h"

struct wsd_connection {
    struct wsd_internet_object object; /* first; the parent is a wsd_session */
    char *host;                        /* as it stands in a URL */
    WORD port;                         /* 0: the usual one */
    bool is_passive;                   /* FTP */
    struct wsd_transport *transport;   /* FTP: its own; NULL for HTTP */

    struct {
        char *user, *password; /* NULL: none; HTTP: options can change them */
        bool has_file;         /* FTP: one is open */
    } synced;                  /* enter object.synced.monitor */
};

/* Arguments and codes as InternetConnectA() documents; nothing is sent yet. */
HRESULT wsd_connection_create(struct wsd_session *session, const char *server, WORD port,
                              const char *user, const char *password, DWORD service,
                              DWORD flags, struct wsd_connection **out);

/* FTP: connects and logs in, as InternetConnectA() documents. */
HRESULT wsd_connection_log_in(struct wsd_connection *connection);

/* Copies for the caller, or NULL.  S_OK or E_OUTOFMEMORY. */
HRESULT wsd_connection_get_login(struct wsd_connection *connection, char **user,
                                 char **password);

/* FTP: a request for a file by its name; `url` gets what request->url points to.
 * S_OK or E_OUTOFMEMORY. */
HRESULT wsd_connection_ftp_request(struct wsd_connection *connection, const char *name,
                                   struct wsd_ftp_request *request, struct wsd_text *url);

/* FTP: one file at a time.  False: there is one. */
bool wsd_connection_take_file(struct wsd_connection *connection);
void wsd_connection_give_file(struct wsd_connection *connection);

#endif
