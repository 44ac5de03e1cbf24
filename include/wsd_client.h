/*
 * wsd_client.h -- sends messages to devices over HTTP and HTTPS.
 *
 * A client has one thread of its own that does all network work of all its messages; a
 * program needs one client, however many devices it talks to.
 */
#ifndef WSD_CLIENT_H
#define WSD_CLIENT_H

#include <stddef.h>

#include "wsd_error.h"
#include "wsd_message.h"
#include "wsd_types.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wsd_client wsd_client;

/**
 * Options of a client.  Begin with WSD_CLIENT_OPTIONS_INIT; 0 or NULL in a field stands
 * for its default.  Everything is copied.  Times are milliseconds on a monotonic clock;
 * INFINITE switches a timer off.
 */
typedef struct wsd_client_options {
    size_t size; /**< sizeof(wsd_client_options) */

    /** Bytes of an open attachment's ring: what may be written ahead of the network, or
     * arrive ahead of the reader.
     * 1 … 1 GiB; default 1 MiB. */
    size_t ring_bytes;

    /** Wait budget of attachments that have not set their own; default 30 000, after the
     * HTTP transmission timeout on Microsoft's page of Write.  0 is the default here: see
     * wsd_attachment_set_wait_budget() for "never wait". */
    DWORD wait_budget_ms;

    /** To find the name, connect, and agree on TLS; default 30 000. */
    DWORD connect_timeout_ms;

    /** The longest time for which the peer may take no byte while there are some for it;
     * then the transfer fails.  Longer than the wait budget, so that STG_S_BLOCK is seen
     * first and the application decides; default 120 000. */
    DWORD peer_stall_timeout_ms;

    /** The longest time without a byte of the reply, from the end of the request on;
     * default 90 000, WinHTTP's for response headers. */
    DWORD response_timeout_ms;

    /** Largest envelope to send, octets; default WSD_MAX_ENVELOPE. */
    size_t max_envelope_bytes;

    /** Largest envelope, or other text, of a reply, octets; default 1 MiB.  Attachments
     * are not counted: they stream through their rings. */
    size_t max_reply_bytes;

    /** User-Agent; default "WSDAPI", which some devices want to see. */
    const char *user_agent;

    /** Diagnostics; default none. */
    wsd_log_callback log;
    void *log_context;

    /** TRUE: a message whose attachments have all declared their lengths
     * (wsd_part_options) goes out with a Content-Length, for devices that know no chunks;
     * others still in chunks.  Default FALSE: in chunks. */
    BOOL content_length;
} wsd_client_options;

#define WSD_CLIENT_OPTIONS_INIT                                                          \
    {                                                                                    \
        sizeof(wsd_client_options), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, FALSE         \
    }

/**
 * Makes a client and starts its thread.
 *
 * Certificates of HTTPS peers are verified against the system's authorities, and proxies
 * in the environment are not used.
 *
 * @param options  NULL for the defaults.  Those of a program that was built before they
 * had content_length are taken too [L31].
 *
 * @retval S_OK           [L1]
 * @retval E_POINTER      out is NULL.
 * @retval E_INVALIDARG   [L2] A size or a text is out of range; *out is NULL.
 * @retval E_OUTOFMEMORY  *out is NULL.
 * @retval HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES), or of
 *         ERROR_NO_SYSTEM_RESOURCES  No descriptor or no thread could be had; *out is
 * NULL.
 */
WSD_API HRESULT WSD_CALL wsd_client_create(const wsd_client_options *options,
                                           wsd_client **out);

/**
 * Sends a message to a URL.
 *
 * A message without attachments goes out at once, as application/soap+xml with a
 * Content-Length [L3].  One with attachments is armed: the first Write on one of them
 * transmits it [L4], as multipart/related: in chunks, or by the option content_length
 * with the exact Content-Length and no Transfer-Encoding [L32].  To is the URL, MessageID
 * a new random urn:uuid.
 *
 * Blocking    Never waits.
 * Ownership   The caller keeps its references; the message lives until its transfer ends.
 * Threads     Any.
 * State       The message was not sent before; it is after S_OK.
 *
 * @param url  Absolute http or https URL of at most 2048 octets, without user name,
 *             password and fragment.
 *
 * @retval S_OK
 * @retval E_POINTER      An argument is NULL.
 * @retval E_INVALIDARG   [L5] The URL has a control character, a blank, an 8-bit
 * character, a user name, a password or a fragment in it, or is too long.  [L33] The
 * lengths that the attachments have declared make a message of more than 2^63 - 1 octets.
 * @retval HRESULT_FROM_WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME)  [L6] Neither http nor
 *                        https.
 * @retval HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_URL)  [L7] No URL, or no host in it.
 * @retval WS_E_QUOTA_EXCEEDED  [L8] The envelope is larger than max_envelope_bytes.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [L9] The message was sent before,
 * or is the reply that a service is to send [L40].
 * @retval E_ABORT        [L10] One of its attachments was aborted or given back
 * unwritten; its others have failed with E_ABORT.
 * @retval E_OUTOFMEMORY  Nothing was sent; the message may be sent again, as after all
 *                        failures but E_ABORT [L11].
 */
WSD_API HRESULT WSD_CALL wsd_client_send(wsd_client *client, const char *url,
                                         wsd_outbound_message *message);

/**
 * Waits for the reply to a message, and hands it over once.
 *
 * A reply with attachments is there as soon as its envelope is; the attachments may still
 * be on their way [L30].
 *
 * *reply is set whenever the peer answered, also where the code is a failure: the fault,
 * the status and the text of an error are in it [L12].  It is NULL otherwise.
 *
 * Blocking    Up to wait_ms (0: never; INFINITE: until the transfer ends, which the
 *             client's timers bound once the attachments have been closed).
 * Ownership   Give *reply back with wsd_inbound_message_release().
 * Threads     Any, after wsd_client_send() returned; one at a time for one message.
 *
 * @retval S_OK           [L13] A 2xx status with an envelope that is no fault, or with no
 *                        body at all (a one-way message).
 * @retval STG_S_BLOCK    [L14] No reply yet: call again.  A SUCCESS code.
 * @retval WS_E_ENDPOINT_FAULT_RECEIVED  [L15] The reply is a SOAP fault.
 * @retval HTTP_E_STATUS(status)  [L16] The status was not 2xx, without a SOAP fault.
 * @retval WS_E_INVALID_FORMAT  [L17] A 2xx status with a body that is no envelope.
 * @retval WS_E_QUOTA_EXCEEDED  [L18] The reply is larger than max_reply_bytes.
 * @retval WS_E_ENDPOINT_DISCONNECTED  [L19] The reply was cut short.
 * @retval E_ABORT        [L20] An attachment was aborted, or closed before its declared
 * length, or the client released.
 * @retval HRESULT_FROM_WIN32(…) of ERROR_WINHTTP_NAME_NOT_RESOLVED, _CANNOT_CONNECT
 * [L21], _TIMEOUT [L22] (a timer of the options), _CONNECTION_ERROR [L23] (reset, or
 * closed without an answer), _SECURE_CHANNEL_ERROR [L29] (TLS), _SECURE_FAILURE (the
 * peer's certificate), _INVALID_SERVER_RESPONSE [L24] (not HTTP, or a 2xx status before
 * the request was complete), _HEADER_SIZE_OVERFLOW [L28] (more than 64 KiB of header in
 * the reply).
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [L25] The message was not sent, or
 *                        its reply has been handed over.
 * @retval HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)  Called on a thread of the library
 *                        with wait_ms other than 0.
 * @retval E_INVALIDARG   [L26] The message was sent by another client.
 * @retval E_POINTER      An argument is NULL.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_client_receive(wsd_client *client,
                                            wsd_outbound_message *message, DWORD wait_ms,
                                            wsd_inbound_message **reply);

/**
 * Gives the client back.  Accepts NULL.
 *
 * Cuts all transfers that are not finished: their attachments fail with E_ABORT [L27].
 * Waits for the client's thread to end, which takes no longer than a callback in
 * progress.
 */
WSD_API void WSD_CALL wsd_client_release(wsd_client *client);

#ifdef __cplusplus
}
#endif
#endif
