/*
 * wsd_service.h -- be a device: answer SOAP requests over HTTP and HTTPS.
 *
 * A service listens, reads each request's envelope, and calls the handler for its path
 * and Action on a worker thread.  The request's attachments stream in while the handler
 * runs; those that it puts into the reply stream out when the handler has returned, or
 * from wsd_service_reply() on.
 *
 * Its memory is bounded: some MiB of its own; 192 KiB for each connection; the envelopes
 * of each request in progress and of its reply, as text and taken apart; four times
 * ring_bytes for the attachments of each request, however many and large they are and
 * however slow their reader; and ring_bytes for the one of its reply that goes out.
 *
 * Part of the component `service` (CMake: wsdattach::service, pkg-config:
 * wsdattach-service): a program that only sends does not link it, nor libmicrohttpd.
 */
#ifndef WSD_SERVICE_H
#define WSD_SERVICE_H

#include <stddef.h>
#include <stdint.h>

#include "wsd_error.h"
#include "wsd_message.h"
#include "wsd_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One that listens on an address and answers there. */
typedef struct wsd_service wsd_service;

/**
 * Answers one request.
 *
 * Called on a worker thread of the service, several at once, as soon as the request's
 * envelope has been read [S1].  It may wait, may use any function of the library, and may
 * keep attachments of request and reply beyond its return, on any thread; both messages
 * themselves are the service's and end with the call.
 *
 * The reply's Action is the request's with "Response" behind it, its RelatesTo the
 * request's MessageID [S2].  It goes out when the whole request has arrived: what the
 * handler has not read of its attachments by the time it returns is thrown away, up to
 * max_discard_bytes [S3].  A reply with attachments begins with the first Write on one of
 * them, as a request does; when they are all given back unwritten, the client gets a
 * fault instead [S4].  It has a Content-Length when all its attachments have declared
 * their lengths and none otherwise [S5].
 *
 * @param context  As given to wsd_service_handle().
 * @param request  wsd_inbound_message_http_status() of it is 0.
 * @param reply    Empty.  Give it a body by wsd_outbound_message_set_body() or
 *                 wsd_outbound_message_set_fault(), and attachments.
 *
 * @return S_OK      [S6] The reply goes out as it is.
 * @return S_FALSE   [S7] There is none: the request was a one-way message, which HTTP
 *                   answers with 202.  The reply's attachments fail with E_ABORT.  A
 * reply that has begun goes on [S34].
 * @return A failure, or any other code  [S8] The client gets a SOAP fault in place of the
 *                   reply: Sender, with the code's text, for E_INVALIDARG,
 *                   WS_E_INVALID_FORMAT, WS_E_QUOTA_EXCEEDED and ERROR_NOT_FOUND;
 *                   wsa:ActionNotSupported for E_NOTIMPL; Receiver and
 *                   wsa:EndpointUnavailable, with the code's text, for all others.  When
 *                   the reply has begun, its connection is cut [S9].
 */
typedef HRESULT(WSD_CALL *wsd_handler)(void *context, wsd_inbound_message *request,
                                       wsd_outbound_message *reply);

/**
 * Options of a service.  Begin with WSD_SERVICE_OPTIONS_INIT; 0 or NULL in a field stands
 * for its default.  Everything is copied.  Times are milliseconds on a monotonic clock;
 * INFINITE switches a timer off.
 */
typedef struct wsd_service_options {
    size_t size; /**< sizeof(wsd_service_options) */

    /** Numeric IPv4 or IPv6 address to listen on; default "127.0.0.1": nobody else is let
     * in.  "0.0.0.0" is every IPv4 address, "::" every address. */
    const char *address;

    /** TCP port; 0 asks for a free one.  WSD devices use 5357, and 5358 for HTTPS. */
    uint16_t port;

    /** PEM files of the server's certificate chain and its key; with both the service
     * speaks HTTPS only, TLS 1.2 or newer.  Default none. */
    const char *tls_certificate_file;
    const char *tls_key_file;

    /** PEM file of authorities: a client must show a certificate that one of them has
     * signed, else it gets 403.  Default none: clients need no certificate. */
    const char *tls_client_ca_file;

    /** Bytes of an open attachment's ring.  1 … 1 GiB; default 1 MiB. */
    size_t ring_bytes;

    /** Wait budget of attachments that have not set their own; default 30 000. */
    DWORD wait_budget_ms;

    /** Largest envelope of a request or reply, octets; default WSD_MAX_ENVELOPE. */
    size_t max_envelope_bytes;

    /** Most bytes of a request that are thrown away for its reply's sake, because it was
     * refused, or its handler closed attachments or left them unread; then the connection
     * is cut. Default 16 MiB. */
    uint64_t max_discard_bytes;

    /** From a connection's beginning, or the end of its last reply, to the end of the
     * request's envelope; then the connection is cut.  Default 30 000. */
    DWORD request_timeout_ms;

    /** The longest time for which a connection may move no byte while there are some to
     * move; rounded up to whole seconds.  Default 120 000. */
    DWORD idle_timeout_ms;

    /** Connections at once; more wait unaccepted.  Default 256. */
    unsigned max_connections;

    /** Of those, from one IP address; more are closed at once [S37].  Default 16: nobody
     * has all workers to himself.  A proxy in front is one address for all its clients.
     */
    unsigned max_connections_per_peer;

    /** Requests at once, from their heads to the end of their replies [S36], or, where
     * the client gets no whole one, to the return of their handlers; more are refused
     * with 503.  Default: as max_connections. */
    unsigned max_requests;

    /** Handlers that run at once, each on a thread of its own; requests beyond wait for
     * one to return.  Default 64. */
    unsigned max_workers;

    /** The log: what was refused and why.  Default none. */
    wsd_log_callback log;
    void *log_context;

    /** The last level of the log that is wanted, WSD_LOG_ERROR ... WSD_LOG_DEBUG; default
     * WSD_LOG_WARNING [S42]. */
    DWORD log_level;

    /** Told how far each reply of a handler is [S43]; default none. */
    wsd_progress_callback progress;
    void *progress_context;
} wsd_service_options;

#define WSD_SERVICE_OPTIONS_INIT                                                         \
    {                                                                                    \
        sizeof(wsd_service_options), NULL, 0, NULL, NULL, NULL, 0, 0, 0, 0, 0, 0, 0, 0,  \
            0, 0, NULL, NULL, 0, NULL, NULL                                              \
    }

/**
 * Makes a service that does not listen yet.
 *
 * @param options  NULL for the defaults.
 *
 * @retval S_OK           [S10]
 * @retval E_POINTER      out is NULL.
 * @retval E_INVALIDARG   [S11] The address is not numeric, one of certificate and key
 *                        was given without the other, client authorities without them, or
 *                        a size is out of range; *out is NULL, as after every failure.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_service_create(const wsd_service_options *options,
                                            wsd_service **out);

/**
 * Names the handler for requests to a path with an Action.
 *
 * A request to a path that no handler has gets 404 and the fault
 * wsa:DestinationUnreachable, unread [S12]; one with an Action that none at
 * its path has, wsa:ActionNotSupported [S13].  The Action is the envelope's wsa:Action,
 * else the `action` parameter of Content-Type; a request without either is refused with
 * wsa:MessageInformationHeaderRequired [S14].
 *
 * Only application/soap+xml and multipart/related are taken, others get 415 [S33]: a web
 * page can have any browser post text/plain or a form to the device.  A page whose host's
 * name leads to the device's address could post these two as well: a request with an
 * Origin gets 403 [S35].
 *
 * Blocking    Never waits.
 * Ownership   Strings are copied.
 * Threads     One at a time.
 * State       Not started.
 *
 * @param path    Of the URL, beginning with '/', percent-decoded, without a query; the
 *                host that a request names is not looked at, be it in a field or, with
 *                the path, in an http or https URL [S38].
 * @param action  The wsa:Action; NULL: every one without a handler of its own [S15].
 *
 * @retval S_OK
 * @retval E_POINTER      service, path or handler is NULL.
 * @retval E_INVALIDARG   [S16] path does not begin with '/', or action is no absolute URI
 *                        of at most 2048 octets.
 * @retval HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)  [S17] The two have a handler.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [S18] The service was started.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_service_handle(wsd_service *service, const char *path,
                                            const char *action, wsd_handler handler,
                                            void *context);

/**
 * Begins to listen.
 *
 * Blocking    Reads the TLS files; otherwise never waits.
 * Threads     Any, but only one at a time in this, wsd_service_handle(),
 *             wsd_service_stop() and wsd_service_release().
 *
 * @retval S_OK           [S19] Clients can connect.
 * @retval E_POINTER      service is NULL.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [S20] It was started before.
 * @retval HRESULT_FROM_WIN32(WSAEADDRINUSE)  [S21] The port is in use.
 * @retval HRESULT_FROM_WIN32(WSAEADDRNOTAVAIL)  [S32] The machine has no such address.
 * @retval E_ACCESSDENIED  The port is not for this user.
 * @retval HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)  [S22] A TLS file cannot be read.
 * @retval HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_FAILURE)  [S23] The certificate, the
 *                        key or the authorities are no usable PEM, or do not fit
 * together.
 * @retval HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES), or of ERROR_NO_SYSTEM_RESOURCES
 * @retval E_OUTOFMEMORY  The service may be started again, as after all failures.
 */
WSD_API HRESULT WSD_CALL wsd_service_start(wsd_service *service);

/** The port that the service listens on; 0 before it was started [S24].  Any thread. */
WSD_API uint16_t WSD_CALL wsd_service_port(const wsd_service *service);

/**
 * Sends the reply now and not when the handler returns, so that the handler itself can
 * write its attachments: a Write before would wait for the reply to be sent, until its
 * budget has passed or the connection ends, with the service's stop at the latest [S39].
 * The reply can be changed no more.  It still goes out behind the whole request: close
 * what of that you do not read.
 *
 * Blocking    Never waits.
 * Threads     The handler's.
 *
 * @retval S_OK           [S25]
 * @retval E_POINTER      reply is NULL.
 * @retval E_INVALIDARG   [S26] It is no reply of a service.  [S40] The lengths that its
 *                        attachments have declared make more than 2^63 - 1 octets.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  It was sent before.
 * @retval WS_E_QUOTA_EXCEEDED  [S27] The envelope is larger than max_envelope_bytes.
 * @retval E_ABORT        An attachment was aborted or given back, the connection is gone,
 *                        or the service stops.
 * @retval E_FAIL         The system gives no random bytes, for MessageID and boundary.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_service_reply(wsd_outbound_message *reply);

/**
 * Stops: takes no more connections and requests, lets those in progress end for drain_ms,
 * then cuts them: their attachments fail with E_ABORT.  Waits for the handlers to return.
 *
 * @param drain_ms  0: cut at once; INFINITE: as long as they take.
 *
 * @retval S_OK           [S28] Every request was answered, or none was in progress, or
 *                        the service was never started, or was stopped before.
 * @retval S_FALSE        [S29] Some were cut.  A SUCCESS code.
 * @retval E_POINTER      service is NULL.
 * @retval HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)  [S30] Called by a handler, or on
 *                        another thread of the library.
 */
WSD_API HRESULT WSD_CALL wsd_service_stop(wsd_service *service, DWORD drain_ms);

/** Stops with a drain time of 0, unless that was done, and gives the service back.
 * Accepts NULL [S31].  No callback is called later.  Called by a handler or a callback,
 * or on another thread of the library, it does nothing: the service goes on, and is to be
 * given back elsewhere [S41]. */
WSD_API void WSD_CALL wsd_service_release(wsd_service *service);

#ifdef __cplusplus
}
#endif
#endif
