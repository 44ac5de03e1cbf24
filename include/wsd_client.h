/*
 * wsd_client.h -- sends messages to devices over HTTP and HTTPS.
 *
 * A client has one thread of its own that does the network work of all its messages, but
 * for what a call that waits for it does meanwhile; a program needs one client, however
 * many devices it talks to.
 *
 * For each message it needs memory for the envelopes, ring_bytes for the attachment that
 * goes out, and four times ring_bytes for those of the reply, however many they are.
 *
 * After fork() the child has no such thread: it may end, or call exec, but use neither
 * clients nor what was made with them.  The parent goes on [L89].
 *
 * No function of the library is a cancellation point: a thread that is cancelled in one
 * ends behind it, when it has returned as it would have [L103].  What ends a wait at once
 * is Abort and the like.  Asynchronous cancellation is not supported.
 *
 * Each client initializes libcurl, and cleans it up at its end.  libcurl counts that, so
 * that a program and its other libraries may do so, too, at any time [L104].
 *
 * Where the process has closed the descriptors 0, 1 or 2, the first client, service or
 * ready descriptor puts /dev/null there, so that nothing that is printed goes to a peer
 * [L105].
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

/** One that sends, with a thread of its own. */
typedef struct wsd_client wsd_client;

/** The lowest version of TLS that a client speaks: tls_version_min. */
#define WSD_TLS_1_2 0x0303
#define WSD_TLS_1_3 0x0304

/** The one value of accept_any_certificate that has an effect. */
#define WSD_ACCEPT_ANY_CERTIFICATE 0x414E5943

/** How a user name and a password are sent: authentication, proxy_authentication. */
#define WSD_AUTHENTICATION_BASIC 1
#define WSD_AUTHENTICATION_DIGEST 2

/**
 * Options of a client.  Begin with WSD_CLIENT_OPTIONS_INIT; 0 or NULL in a field stands
 * for its default.  Everything is copied.  Times are milliseconds on a monotonic clock;
 * INFINITE switches a timer off.  A message whose timer fires fails with
 * HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT), within a tenth of the timer and 250 ms more,
 * whatever the application and the peer do meanwhile; log tells what was waited for.
 */
typedef struct wsd_client_options {
    size_t size; /**< sizeof(wsd_client_options) */

    /** Bytes of an open attachment's ring: what may be written ahead of the network, or
     * arrive ahead of the reader.  As long as none of them had to be overwritten, the
     * message can be sent again (see wsd_client_send()); until the peer has answered, a
     * ring stays for that when its attachment has been closed.
     * 1 … 1 GiB; default 1 MiB. */
    size_t ring_bytes;

    /** Wait budget of attachments that have not set their own; default 30 000, after the
     * HTTP transmission timeout on Microsoft's page of Write.  0 is the default here: see
     * wsd_attachment_set_wait_budget() for "never wait". */
    DWORD wait_budget_ms;

    /** From the address of the host to a connection to it [L22]: one of its addresses
     * after the other, the proxy's tunnel, and TLS; default 30 000.  WWSAPI has it as
     * WS_CHANNEL_PROPERTY_CONNECT_TIMEOUT. */
    DWORD connect_timeout_ms;

    /** The longest time for which the peer may take no byte while there are some for it
     * [L90].  Longer than the wait budget, so that STG_S_BLOCK is seen first and the
     * application decides; default 120 000. */
    DWORD peer_stall_timeout_ms;

    /** The longest time without a byte of the reply, from the end of the request on, as
     * long as the application reads what there is [L91]; default 90 000, WinHTTP's for
     * response headers.  WWSAPI: WS_CHANNEL_PROPERTY_RECEIVE_RESPONSE_TIMEOUT. */
    DWORD response_timeout_ms;

    /** Largest envelope to send, octets; default WSD_MAX_ENVELOPE. */
    size_t max_envelope_bytes;

    /** Largest envelope, or other text, of a reply, octets; default 1 MiB.  Attachments
     * are not counted: they stream through their rings. */
    size_t max_reply_bytes;

    /** User-Agent; default "WSDAPI", which some devices want to see. */
    const char *user_agent;

    /** The log; default none. */
    wsd_log_callback log;
    void *log_context;

    /** TRUE: a message whose attachments have all declared their lengths
     * (wsd_part_options) goes out with a Content-Length, for devices that know no chunks;
     * others still in chunks.  Default FALSE: in chunks, until such a device says so. */
    BOOL content_length;

    /* ---- TLS.  Files are PEM; each is read anew for each connection. ---- */

    /** The authorities whose certificates are trusted, in a file or in a folder where
     * they are named as "openssl rehash" does.  With either of them, the system's are
     * not [L50]; default: the system's, as libcurl was built to find them. */
    const char *ca_file;
    const char *ca_folder;

    /** Certificates that their authorities have revoked; default: none is known. */
    const char *crl_file;

    /** What we show to a peer that asks for it [L51]: the certificate, those between it
     * and its authority behind it; its key, by default in the same file; and what the key
     * is encrypted with. */
    const char *certificate_file;
    const char *key_file;
    const char *key_passphrase;

    /** The peer's public key, "sha256//" and its hash in base64, or several with ";"
     * between them: any other ends the connection before a byte of a request [L52].
     * Default: none.  In addition to the authorities, or with accept_any_certificate
     * instead of them: that is how to trust a device that has signed its own. */
    const char *pinned_key;

    /** WSD_TLS_1_2 or WSD_TLS_1_3; default WSD_TLS_1_2 (RFC 9325 section 3.1.1). */
    DWORD tls_version_min;

    /** WSD_ACCEPT_ANY_CERTIFICATE: the peer may be anybody [L53], as with the
     * WINHTTP_OPTION_SECURITY_FLAGS SECURITY_FLAG_IGNORE_...; default 0: its certificate
     * is verified, and has to be for the host of the URL. */
    DWORD accept_any_certificate;

    /* ---- The message ---- */

    /** wsa:From of every message, a URI as "urn:uuid:..." [L54]; WSDAPI sends the
     * device's or client's own address.  Default: none. */
    const char *from;

    /** Further header lines of every request, "Name: value", NULL behind the last, at
     * most WSD_MAX_HEADER_LINES of WSD_MAX_HEADER_OCTETS together [L55].  Not those that
     * the library sets itself or that frame the message: Connection, Content-Length,
     * Content-Type, Expect, Host, Keep-Alive, MIME-Version, Proxy-Authorization,
     * Proxy-Connection, TE, Trailer, Transfer-Encoding, Upgrade, User-Agent.  Default:
     * none. */
    const char *const *header_lines;

    /** TRUE: each request asks the peer first whether it wants the body (Expect:
     * 100-continue, RFC 9110 section 10.1.1), and sends it when the peer says so or
     * nothing for a second, or again without asking after a 417 [L56].  Default FALSE, as
     * WinHTTP: some devices fail at it. */
    BOOL expect_continue;

    /* ---- Credentials and proxies ---- */

    /** For peers that ask for them [L70]; the name without a colon.  They go to the host
     * of the URL only: redirects are not followed.  Default: none. */
    const char *user;
    const char *password;

    /** WSD_AUTHENTICATION_DIGEST: only Digest (RFC 7616).  WSD_AUTHENTICATION_BASIC:
     * Basic (RFC 7617), without waiting to be asked, and also over a connection that
     * anybody can read [L71].  Default 0: what the peer asks for, Basic only over TLS
     * [L72]. */
    DWORD authentication;

    /** TRUE: before a message with attachments a request without a body asks the peer
     * what it wants, and Digest is answered [L73]; the peer must not take the empty
     * request for a message.  Default FALSE: the challenge is answered by sending the
     * message again [L80], or, when the rings do not hold all of it any more, it fails
     * with HTTP_E_STATUS(401) or (407), and the reply has no text [L74].  One without
     * attachments is always sent again. */
    BOOL authentication_probe;

    /** The HTTP proxy for all requests, an http URL without a path; HTTPS goes through it
     * by CONNECT [L75].  Default: none, also where the environment names one [L76]. */
    const char *proxy;

    /** For the proxy; as for peers.  The way to it can be read by anybody, so that for
     * Basic proxy_authentication has to be WSD_AUTHENTICATION_BASIC [L77]. */
    const char *proxy_user;
    const char *proxy_password;
    DWORD proxy_authentication;

    /* ---- Who watches ---- */

    /** The last level of the log that is wanted, WSD_LOG_ERROR ... WSD_LOG_DEBUG; default
     * WSD_LOG_WARNING [L100]. */
    DWORD log_level;

    /** Told how far each message is; default none. */
    wsd_progress_callback progress;
    void *progress_context;

    /* ---- More timers ---- */

    /** From the start to an address for the name in the URL, or that of the proxy [L92];
     * default 30 000.  WWSAPI: WS_CHANNEL_PROPERTY_RESOLVE_TIMEOUT. */
    DWORD resolve_timeout_ms;

    /** The longest time for which nothing is written into a message that has begun, while
     * the peer could take more [L93].  Default INFINITE: documents may take as long to
     * make as they like, and cost nothing meanwhile. */
    DWORD producer_stall_timeout_ms;

    /** From the start to the end of the reply, with its attachments, whoever is slow
     * [L94]; default INFINITE.  The start is wsd_client_send(), or the first Write of a
     * message with attachments. */
    DWORD total_timeout_ms;
} wsd_client_options;

/** Most header_lines, and octets of all of them: common servers refuse longer heads, and
 * libcurl before 8.7 spoils the chunks behind a head that the socket does not take in one
 * piece. */
#define WSD_MAX_HEADER_LINES 32
#define WSD_MAX_HEADER_OCTETS 8192

#define WSD_CLIENT_OPTIONS_INIT                                                          \
    {                                                                                    \
        sizeof(wsd_client_options), 0, 0, 0, 0, 0, 0, 0, NULL, NULL, NULL, FALSE, NULL,  \
            NULL, NULL, NULL, NULL, NULL, NULL, 0, 0, NULL, NULL, FALSE, NULL, NULL, 0,  \
            FALSE, NULL, NULL, NULL, 0, 0, NULL, NULL, 0, 0, 0                           \
    }

/**
 * Makes a client and starts its thread.
 *
 * @param options  NULL for the defaults.  Those of programs that were built before they
 * had content_length, ca_file, or log_level, are taken too [L31].
 *
 * @retval S_OK           [L1]
 * @retval E_POINTER      out is NULL.
 * @retval E_INVALIDARG   [L2] A size or a text is out of range, a number is none of its
 * values, a header line is none or not allowed, or there is a key_file or key_passphrase
 * without certificate_file, a password without its user, or a proxy_user without proxy;
 * *out is NULL.
 * @retval HRESULT_FROM_WIN32(ERROR_FILE_NOT_FOUND)  [L57] A file or folder of the options
 * cannot be read; *out is NULL.
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
 * Messages to one host follow one another on one connection where the peer keeps it
 * [L81]. The client sends a message again by itself, from its first byte and with the
 * same MessageID, while the rings of its attachments still hold all that was written:
 * - when the peer asks for credentials (authentication) [L80];
 * - when such a kept connection ends before the peer can have read all of the message,
 * and without a byte of an answer [L82];
 * - when the peer refuses chunks, by 411, by 501, or by any status of 400 and above in
 *   HTTP/1.0, and all attachments have declared their lengths: then with a Content-Length
 *   [L84].  Later messages to that host whose lengths are known, and to one that was seen
 *   to speak HTTP/1.0, have it at once [L85].  Otherwise the status is the result, and
 * the log says that lengths would help [L86]. What Write and Close have returned stays
 * true.
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
 * @retval E_FAIL         The system gives no random bytes, for MessageID and boundary.
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
 *             client's timers bound once the attachments have been closed, and
 *             total_timeout_ms before).
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
 * closed without an answer), _RESEND_REQUEST [L83] (the same on a connection that was
 * kept, when the message cannot be sent again, or the peer may have all of it and have
 * acted upon it), _INVALID_SERVER_RESPONSE [L24] (not HTTP, or a 2xx status
 * before the request was complete), _HEADER_SIZE_OVERFLOW [L28] (more than 64 KiB of
 * header in the reply).
 * @retval HRESULT_FROM_WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR) [L29] (no agreement
 * on TLS), _SECURE_CERT_DATE_INVALID [L58], _SECURE_CERT_CN_INVALID [L59] (not for the
 * URL's host), _SECURE_INVALID_CA [L60] (none that is trusted), _SECURE_CERT_REVOKED
 * [L61], _SECURE_CERT_REV_FAILED (the crl_file does not say), _SECURE_CERT_WRONG_USAGE
 * [L62] (not for servers), _SECURE_INVALID_CERT (pinned_key [L52], or another fault of
 * the peer's certificate), _CLIENT_AUTH_CERT_NEEDED [L63] (the peer says that it
 * wants a certificate from us, or another one), _CLIENT_CERT_NO_ACCESS_PRIVATE_KEY [L64]
 * (our own is of no use: no PEM, not its key, or not its passphrase), _SECURE_FAILURE
 * (anything else, and where libcurl's TLS library does not say).
 * @retval WS_E_PROXY_FAILURE  [L78] The proxy is not there, ends the connection before
 * there is a tunnel, or answers CONNECT with a status other than 2xx and 407, which is
 * HTTP_E_STATUS(407).
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
 * progress; no log and no progress callback comes later [L101].
 *
 * In a callback of the library it does not wait: the transfers are cut soon after, and
 * log and progress callbacks of this client do not begin any more [L102]; one that
 * another thread is in may still be.
 */
WSD_API void WSD_CALL wsd_client_release(wsd_client *client);

#ifdef __cplusplus
}
#endif
#endif
