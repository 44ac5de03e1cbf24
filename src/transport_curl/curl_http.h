/*
 * curl_http -- a transfer of HTTP, and our own rules above libcurl's: when a body is
 * sent, when a response is too early.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_HTTP_H
#define WSD_TRANSPORT_CURL_CURL_HTTP_H

#include "transport_curl/curl_transfer.h"

/* As the seam's prepare(); the new transfer has two references. */
HRESULT wsd_curl_http_create(const struct wsd_mem *mem,
                             struct wsd_curl_transport *transport,
                             const struct wsd_http_request *request,
                             struct wsd_transfer_handler *handler,
                             struct wsd_curl_transfer **out);

#endif
