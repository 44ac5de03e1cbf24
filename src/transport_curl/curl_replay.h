/*
 * curl_replay -- what is answered by another request of the same transfer of HTTP: a
 * challenge, a refusal of chunks, and a kept connection that has ended.  libcurl makes
 * some of these requests by itself.  The driver only.
 */
#ifndef WSD_TRANSPORT_CURL_CURL_REPLAY_H
#define WSD_TRANSPORT_CURL_CURL_REPLAY_H

#include "transport_curl/curl_transfer.h"

/* A response has this status: another request may answer it, or it is the transfer's. */
void wsd_curl_replay_take_status(struct wsd_curl_transfer *transfer, int status,
                                 bool is_http_1_0);

/* A request is about to begin, be it the first or one that libcurl makes of its own, on
 * the connection between these ports.  false: it may not. */
bool wsd_curl_replay_begin(struct wsd_curl_transfer *transfer, int local_port,
                           int peer_port);

/* Where a response is to be answered and libcurl does not: has another request begun? */
bool wsd_curl_replay_renew(struct wsd_curl_transfer *transfer);

/* As retry() of wsd_curl_protocol. */
bool wsd_curl_replay_retry(struct wsd_curl_transfer *transfer, HRESULT result);

/* Does `result` mean that a kept connection has ended before a byte of a response? */
bool wsd_curl_replay_is_dead(const struct wsd_curl_transfer *transfer, HRESULT result);

#endif
