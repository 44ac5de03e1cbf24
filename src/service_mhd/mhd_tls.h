/*
 * mhd_tls -- the server's certificate and key, and who may be a client.
 *
 * libmicrohttpd asks clients for a certificate when it is given authorities, and lets
 * everybody in all the same: whether it is a good one is asked here, for each request.
 */
#ifndef WSD_SERVICE_MHD_MHD_TLS_H
#define WSD_SERVICE_MHD_MHD_TLS_H

#include <stdbool.h>

#include <microhttpd.h>

#include "base/mem.h"
#include "wsd_types.h"

/* Needed until MHD_start_daemon() has returned, which keeps no pointer that it uses. */
struct wsd_mhd_tls {
    const struct wsd_mem *mem;             /* borrowed */
    char *certificate, *key, *authorities; /* PEM; owned; NULL: none */
};

/* Reads the files and sees whether they are PEM and fit together.
 * authorities: NULL when clients need no certificate.
 * S_OK; HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND): one cannot be read;
 * HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE): one is of no use, or is larger than
 * 1 MiB; E_OUTOFMEMORY.  After a failure fini has nothing to do, but may. */
HRESULT wsd_mhd_tls_load(struct wsd_mhd_tls *tls, const struct wsd_mem *mem,
                         const char *certificate, const char *key,
                         const char *authorities);

/* Overwrites the key.  Safe on a zeroed object, and twice. */
void wsd_mhd_tls_fini(struct wsd_mhd_tls *tls);

/* What MHD_start_daemon() needs beside MHD_USE_TLS, for MHD_OPTION_ARRAY. */
enum { WSD_MHD_TLS_OPTIONS = 5 };
void wsd_mhd_tls_options(const struct wsd_mhd_tls *tls,
                         struct MHD_OptionItem options[WSD_MHD_TLS_OPTIONS]);

/* Did the client show a certificate for clients, valid now, that one of the authorities
 * has signed?  Only of a daemon with authorities. */
bool wsd_mhd_tls_admits(struct MHD_Connection *connection);

#endif
