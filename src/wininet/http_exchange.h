/* http_exchange -- a request on its way, and its response. */
#ifndef WSD_WININET_HTTP_EXCHANGE_H
#define WSD_WININET_HTTP_EXCHANGE_H

#include "wininet/http_request.h"

/* As the exported functions document, with the HRESULTs of their errors. */
HRESULT wsd_request_begin(struct wsd_request *request,
                          const struct wsd_request_start *start);
HRESULT wsd_request_write(struct wsd_request *request, const void *bytes, size_t size,
                          size_t *written);
HRESULT wsd_request_end(struct wsd_request *request);
HRESULT wsd_request_send(struct wsd_request *request,
                         const struct wsd_request_start *start);
HRESULT wsd_request_read(struct wsd_request *request, void *bytes, size_t size,
                         size_t *read);
HRESULT wsd_request_available(struct wsd_request *request, size_t *available);

#endif
