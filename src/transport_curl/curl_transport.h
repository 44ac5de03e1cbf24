/*
 * curl_transport -- libcurl behind the seam: one thread at a time, the transport's own or
 * one that waits for a transfer, drives all of them by curl_multi_socket_action().
 */
#ifndef WSD_TRANSPORT_CURL_CURL_TRANSPORT_H
#define WSD_TRANSPORT_CURL_CURL_TRANSPORT_H

#include <curl/curl.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/mem.h"
#include "os/observer.h"
#include "transport/transport.h"
#include "transport_curl/curl_settings.h"
#include "transport_curl/curl_sockets.h"
#include "wsd_types.h"

struct wsd_curl_options {
    struct wsd_timeouts timeouts; /* of requests that bring none */
    struct wsd_curl_settings settings;
    size_t ring_bytes; /* of an attachment: a small one makes libcurl's buffers small;
                          0: they are what is fast */
    struct wsd_observer observer;
};

struct wsd_curl_transport;
struct wsd_curl_transfer;

/* Starts the thread; copies the options.  S_OK; E_OUTOFMEMORY; what
 * wsd_curl_settings_copy() says; or the os room of descriptors and threads; then *out is
 * NULL. */
HRESULT wsd_curl_transport_create(const struct wsd_mem *mem,
                                  const struct wsd_curl_options *options,
                                  struct wsd_curl_transport **out);

/* Ends every transfer with E_ABORT and waits for the thread.  A thread of the library
 * does not wait; then the observer is dismissed. */
void wsd_curl_transport_release(struct wsd_curl_transport *transport);

struct wsd_transport *wsd_curl_transport_seam(struct wsd_curl_transport *transport);

/* The options' observer; it lives as long as the transport or any of its transfers. */
struct wsd_observer *wsd_curl_transport_observer(struct wsd_curl_transport *transport);

/* ---- for curl_transfer ---- */

const struct wsd_curl_options *
wsd_curl_transport_options(const struct wsd_curl_transport *transport);

/* Each transfer keeps the transport's memory, not its thread. */
void wsd_curl_transport_keep(struct wsd_curl_transport *transport);
void wsd_curl_transport_drop(struct wsd_curl_transport *transport);

/* Hosts that take no chunks, by their keys; any thread. */
bool wsd_curl_transport_needs_length(struct wsd_curl_transport *transport, uint64_t host);
void wsd_curl_transport_note_length(struct wsd_curl_transport *transport, uint64_t host);

/* What other threads ask of a transfer. */
enum { WSD_CURL_START = 1, WSD_CURL_WAKE = 2, WSD_CURL_ABORT = 4 };
void wsd_curl_transport_request(struct wsd_curl_transfer *transfer, unsigned what);
/* Has somebody asked for the transfer's end, or the transport's? */
bool wsd_curl_transport_wants_end(struct wsd_curl_transfer *transfer);

/* Requests `what`, or nothing, and waits: see wsd_transfer_vtable.drive. */
bool wsd_curl_transport_drive(struct wsd_curl_transfer *transfer, unsigned what,
                              const struct wsd_transfer_wait *wait);

/* The driver only: */
/* Gives the transfer to libcurl.  S_OK or E_OUTOFMEMORY. */
HRESULT wsd_curl_transport_add(struct wsd_curl_transfer *transfer);
/* Takes it back. */
void wsd_curl_transport_remove(struct wsd_curl_transfer *transfer);
/* Are there so many transfers that a connection which one leaves would not be kept? */
bool wsd_curl_transport_is_crowded(const struct wsd_curl_transport *transport);
/* Something happened to the transfer: settle it when libcurl has returned. */
void wsd_curl_transport_touch(struct wsd_curl_transfer *transfer);
/* It gave as much as was asked for. */
void wsd_curl_transport_note_more(struct wsd_curl_transfer *transfer, size_t taken);
/* Wakes it in WSD_PULL_AGAIN_MS, or before. */
void wsd_curl_transport_look_again(struct wsd_curl_transfer *transfer);
/* Call wsd_curl_transfer_check() at `when` at the latest. */
void wsd_curl_transport_schedule(struct wsd_curl_transport *transport, uint64_t when_ms);
struct wsd_curl_sockets *wsd_curl_transport_sockets(struct wsd_curl_transport *transport);
/* No request reaches the transfer any more. */
void wsd_curl_transport_forget(struct wsd_curl_transfer *transfer);

#endif
