/* curl_ftp -- a transfer of FTP: a login, an upload or a download. */
#ifndef WSD_TRANSPORT_CURL_CURL_FTP_H
#define WSD_TRANSPORT_CURL_CURL_FTP_H

#include "transport_curl/curl_transfer.h"

/* As the seam's prepare_ftp(); the new transfer has two references. */
HRESULT wsd_curl_ftp_create(const struct wsd_mem *mem,
                            struct wsd_curl_transport *transport,
                            const struct wsd_ftp_request *request,
                            struct wsd_transfer_handler *handler,
                            struct wsd_curl_transfer **out);

#endif
