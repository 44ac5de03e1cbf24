/*
 * wsd_error.h -- the names and texts of result codes, the codes that wsd_types.h does not
 * have, and diagnostics.
 *
 * A failure of the transport is HRESULT_FROM_WIN32() of a number of WinHTTP, an HTTP
 * status that reports an error is HTTP_E_STATUS(status), and a fault, a malformed message
 * or an exceeded limit has its code of Windows Web Services, WS_E_.
 */
#ifndef WSD_ERROR_H
#define WSD_ERROR_H

#include <stddef.h>

#include "wsd_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The symbolic name of a code, for logs.
 *
 * A code made by HRESULT_FROM_WIN32() has the name of its Win32 number, for example
 * "ERROR_WINHTTP_TIMEOUT" [E1]; every HTTP_E_STATUS(status) is "HTTP_E_STATUS" [E2].
 *
 * Blocking    Never waits.
 * Ownership   The string is static.
 * Threads     Any.
 *
 * @return The name; "unknown" for a code that this library does not return [E3].  Never
 *         NULL.
 */
WSD_API const char *WSD_CALL wsd_error_name(HRESULT hr);

/**
 * What a code means and what can be done about it, for people.
 *
 * Blocking    Never waits.
 * Ownership   The string is static.
 * Threads     Any.
 *
 * @return One English sentence in ASCII, without a final stop [E4]; it is there for every
 *         HTTP status [E5] and also for codes that this library does not return [E6].
 *         Never NULL.
 */
WSD_API const char *WSD_CALL wsd_error_text(HRESULT hr);

/** Whom a line of the log is for; the lower the number, the fewer the lines.
 * ERROR        who runs the program: a message has failed.
 * WARNING      likewise: something was refused or given up, and the rest goes on.
 * INFORMATION  who connects a device: what it does amiss, and is taken all the same.
 * DEBUG        who looks for a fault: how each transfer begins and ends. */
#define WSD_LOG_ERROR 1
#define WSD_LOG_WARNING 2
#define WSD_LOG_INFORMATION 3
#define WSD_LOG_DEBUG 4

/** What a line of the log is about. */
#define WSD_LOG_TRANSPORT 1 /**< connections and HTTP */
#define WSD_LOG_TLS 2       /**< who the other side is, and the way to it */
#define WSD_LOG_MIME 3      /**< the parts of a package that came in */
#define WSD_LOG_MESSAGE 4   /**< messages and their attachments */
#define WSD_LOG_SERVICE 5   /**< requests to a service */

/** Longest text and message_id of an entry, octets; longer ones are cut. */
#define WSD_LOG_MAX_TEXT 511
#define WSD_LOG_MAX_ID 127

/** A line of the log.  It and its strings are the library's and end with the call. */
typedef struct wsd_log_entry {
    size_t size;            /**< sizeof(wsd_log_entry) of the library */
    DWORD level;            /**< WSD_LOG_ERROR ... WSD_LOG_DEBUG */
    DWORD category;         /**< WSD_LOG_TRANSPORT ... WSD_LOG_SERVICE */
    HRESULT result;         /**< the failure that it is about, or S_OK */
    const char *message_id; /**< wsa:MessageID of what a client has sent or a service has
                             * been asked, "urn:uuid:..." [E7]; "" when there is none */
    const char *text;       /**< one line without its end */
} wsd_log_entry;

/**
 * Receives the log of a client or a service: all that is of the level log_level of its
 * options or a lower number [E8].
 *
 * The text is for people and may change.  It is UTF-8; what is none stands as `\xHH`, and
 * so do control characters, so that no peer steers a terminal or begins a line [E9].
 * Never in it: passwords, passphrases, header lines, what messages and documents hold;
 * nor the user of a URL, nor what follows its path, for which "?..." stands [E10].
 *
 * Blocking    Must not block: the messages of its client, or the service, wait for it.
 *             It may call whatever does not wait; a call that would wait fails with
 *             HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK) instead: Write and Close of an
 *             attachment and Read, unless their wait budget is 0, wsd_client_receive()
 *             unless with 0 ms, and wsd_service_stop() [E11].  It may release a client,
 *             not a service.
 * Threads     A client's own thread or that of a call which waits, one call at a time; a
 *             service's thread and those of its handlers, several at once.  No lock of
 *             the library is held.
 */
typedef void(WSD_CALL *wsd_log_callback)(void *context, const wsd_log_entry *entry);

#ifdef __cplusplus
}
#endif

/* ---- Sockets and files: numbers for HRESULT_FROM_WIN32() -----------------------------
 */

#ifndef ERROR_FILE_NOT_FOUND
#    define ERROR_FILE_NOT_FOUND 2
#endif
#ifndef WSAEADDRINUSE
#    define WSAEADDRINUSE 10048
#endif
#ifndef WSAEADDRNOTAVAIL
#    define WSAEADDRNOTAVAIL 10049
#endif

/* ---- Transport: numbers for HRESULT_FROM_WIN32() -------------------------------------
 */

#ifndef ERROR_WINHTTP_TIMEOUT
#    define ERROR_WINHTTP_TIMEOUT 12002
#endif
#ifndef ERROR_WINHTTP_INTERNAL_ERROR
#    define ERROR_WINHTTP_INTERNAL_ERROR 12004
#endif
#ifndef ERROR_WINHTTP_INVALID_URL
#    define ERROR_WINHTTP_INVALID_URL 12005
#endif
#ifndef ERROR_WINHTTP_UNRECOGNIZED_SCHEME
#    define ERROR_WINHTTP_UNRECOGNIZED_SCHEME 12006
#endif
#ifndef ERROR_WINHTTP_NAME_NOT_RESOLVED
#    define ERROR_WINHTTP_NAME_NOT_RESOLVED 12007
#endif
#ifndef ERROR_WINHTTP_LOGIN_FAILURE
#    define ERROR_WINHTTP_LOGIN_FAILURE 12015
#endif
#ifndef ERROR_WINHTTP_OPERATION_CANCELLED
#    define ERROR_WINHTTP_OPERATION_CANCELLED 12017
#endif
#ifndef ERROR_WINHTTP_INCORRECT_HANDLE_STATE
#    define ERROR_WINHTTP_INCORRECT_HANDLE_STATE 12019
#endif
#ifndef ERROR_WINHTTP_CANNOT_CONNECT
#    define ERROR_WINHTTP_CANNOT_CONNECT 12029
#endif
#ifndef ERROR_WINHTTP_CONNECTION_ERROR
#    define ERROR_WINHTTP_CONNECTION_ERROR 12030
#endif
#ifndef ERROR_WINHTTP_RESEND_REQUEST
#    define ERROR_WINHTTP_RESEND_REQUEST 12032
#endif
#ifndef ERROR_WINHTTP_SECURE_CERT_DATE_INVALID
#    define ERROR_WINHTTP_SECURE_CERT_DATE_INVALID 12037
#endif
#ifndef ERROR_WINHTTP_SECURE_CERT_CN_INVALID
#    define ERROR_WINHTTP_SECURE_CERT_CN_INVALID 12038
#endif
#ifndef ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED
#    define ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED 12044
#endif
#ifndef ERROR_WINHTTP_SECURE_INVALID_CA
#    define ERROR_WINHTTP_SECURE_INVALID_CA 12045
#endif
#ifndef ERROR_WINHTTP_SECURE_CERT_REV_FAILED
#    define ERROR_WINHTTP_SECURE_CERT_REV_FAILED 12057
#endif
#ifndef ERROR_WINHTTP_INVALID_SERVER_RESPONSE
#    define ERROR_WINHTTP_INVALID_SERVER_RESPONSE 12152
#endif
#ifndef ERROR_WINHTTP_REDIRECT_FAILED
#    define ERROR_WINHTTP_REDIRECT_FAILED 12156
#endif
#ifndef ERROR_WINHTTP_SECURE_CHANNEL_ERROR
#    define ERROR_WINHTTP_SECURE_CHANNEL_ERROR 12157
#endif
#ifndef ERROR_WINHTTP_SECURE_INVALID_CERT
#    define ERROR_WINHTTP_SECURE_INVALID_CERT 12169
#endif
#ifndef ERROR_WINHTTP_SECURE_CERT_REVOKED
#    define ERROR_WINHTTP_SECURE_CERT_REVOKED 12170
#endif
#ifndef ERROR_WINHTTP_SECURE_FAILURE
#    define ERROR_WINHTTP_SECURE_FAILURE 12175
#endif
#ifndef ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE
#    define ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE 12179
#endif
#ifndef ERROR_WINHTTP_HEADER_COUNT_EXCEEDED
#    define ERROR_WINHTTP_HEADER_COUNT_EXCEEDED 12181
#endif
#ifndef ERROR_WINHTTP_HEADER_SIZE_OVERFLOW
#    define ERROR_WINHTTP_HEADER_SIZE_OVERFLOW 12182
#endif
#ifndef ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW
#    define ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW 12183
#endif
#ifndef ERROR_WINHTTP_RESPONSE_DRAIN_OVERFLOW
#    define ERROR_WINHTTP_RESPONSE_DRAIN_OVERFLOW 12184
#endif
#ifndef ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY
#    define ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY 12186
#endif

/* ---- An HTTP status as HRESULT, 0x80190000 | status ----------------------------------
 */

#ifndef HTTP_E_STATUS
#    define HTTP_E_STATUS(status) ((HRESULT)(0x80190000u | ((uint32_t)(status)&0xFFFFu)))
#endif

/* ---- Messages ------------------------------------------------------------------------
 */

#ifndef WS_E_INVALID_FORMAT
#    define WS_E_INVALID_FORMAT ((HRESULT)0x803D0000u)
#endif
#ifndef WS_E_OBJECT_FAULTED
#    define WS_E_OBJECT_FAULTED ((HRESULT)0x803D0001u)
#endif
#ifndef WS_E_NUMERIC_OVERFLOW
#    define WS_E_NUMERIC_OVERFLOW ((HRESULT)0x803D0002u)
#endif
#ifndef WS_E_INVALID_OPERATION
#    define WS_E_INVALID_OPERATION ((HRESULT)0x803D0003u)
#endif
#ifndef WS_E_OPERATION_ABORTED
#    define WS_E_OPERATION_ABORTED ((HRESULT)0x803D0004u)
#endif
#ifndef WS_E_ENDPOINT_ACCESS_DENIED
#    define WS_E_ENDPOINT_ACCESS_DENIED ((HRESULT)0x803D0005u)
#endif
#ifndef WS_E_OPERATION_TIMED_OUT
#    define WS_E_OPERATION_TIMED_OUT ((HRESULT)0x803D0006u)
#endif
#ifndef WS_E_OPERATION_ABANDONED
#    define WS_E_OPERATION_ABANDONED ((HRESULT)0x803D0007u)
#endif
#ifndef WS_E_QUOTA_EXCEEDED
#    define WS_E_QUOTA_EXCEEDED ((HRESULT)0x803D0008u)
#endif
#ifndef WS_E_NO_TRANSLATION_AVAILABLE
#    define WS_E_NO_TRANSLATION_AVAILABLE ((HRESULT)0x803D0009u)
#endif
#ifndef WS_E_SECURITY_VERIFICATION_FAILURE
#    define WS_E_SECURITY_VERIFICATION_FAILURE ((HRESULT)0x803D000Au)
#endif
#ifndef WS_E_ADDRESS_IN_USE
#    define WS_E_ADDRESS_IN_USE ((HRESULT)0x803D000Bu)
#endif
#ifndef WS_E_ADDRESS_NOT_AVAILABLE
#    define WS_E_ADDRESS_NOT_AVAILABLE ((HRESULT)0x803D000Cu)
#endif
#ifndef WS_E_ENDPOINT_NOT_FOUND
#    define WS_E_ENDPOINT_NOT_FOUND ((HRESULT)0x803D000Du)
#endif
#ifndef WS_E_ENDPOINT_NOT_AVAILABLE
#    define WS_E_ENDPOINT_NOT_AVAILABLE ((HRESULT)0x803D000Eu)
#endif
#ifndef WS_E_ENDPOINT_FAILURE
#    define WS_E_ENDPOINT_FAILURE ((HRESULT)0x803D000Fu)
#endif
#ifndef WS_E_ENDPOINT_UNREACHABLE
#    define WS_E_ENDPOINT_UNREACHABLE ((HRESULT)0x803D0010u)
#endif
#ifndef WS_E_ENDPOINT_ACTION_NOT_SUPPORTED
#    define WS_E_ENDPOINT_ACTION_NOT_SUPPORTED ((HRESULT)0x803D0011u)
#endif
#ifndef WS_E_ENDPOINT_TOO_BUSY
#    define WS_E_ENDPOINT_TOO_BUSY ((HRESULT)0x803D0012u)
#endif
#ifndef WS_E_ENDPOINT_FAULT_RECEIVED
#    define WS_E_ENDPOINT_FAULT_RECEIVED ((HRESULT)0x803D0013u)
#endif
#ifndef WS_E_ENDPOINT_DISCONNECTED
#    define WS_E_ENDPOINT_DISCONNECTED ((HRESULT)0x803D0014u)
#endif
#ifndef WS_E_PROXY_FAILURE
#    define WS_E_PROXY_FAILURE ((HRESULT)0x803D0015u)
#endif
#ifndef WS_E_PROXY_ACCESS_DENIED
#    define WS_E_PROXY_ACCESS_DENIED ((HRESULT)0x803D0016u)
#endif
#ifndef WS_E_NOT_SUPPORTED
#    define WS_E_NOT_SUPPORTED ((HRESULT)0x803D0017u)
#endif
#ifndef WS_E_PROXY_REQUIRES_BASIC_AUTH
#    define WS_E_PROXY_REQUIRES_BASIC_AUTH ((HRESULT)0x803D0018u)
#endif
#ifndef WS_E_PROXY_REQUIRES_DIGEST_AUTH
#    define WS_E_PROXY_REQUIRES_DIGEST_AUTH ((HRESULT)0x803D0019u)
#endif
#ifndef WS_E_PROXY_REQUIRES_NTLM_AUTH
#    define WS_E_PROXY_REQUIRES_NTLM_AUTH ((HRESULT)0x803D001Au)
#endif
#ifndef WS_E_PROXY_REQUIRES_NEGOTIATE_AUTH
#    define WS_E_PROXY_REQUIRES_NEGOTIATE_AUTH ((HRESULT)0x803D001Bu)
#endif
#ifndef WS_E_SERVER_REQUIRES_BASIC_AUTH
#    define WS_E_SERVER_REQUIRES_BASIC_AUTH ((HRESULT)0x803D001Cu)
#endif
#ifndef WS_E_SERVER_REQUIRES_DIGEST_AUTH
#    define WS_E_SERVER_REQUIRES_DIGEST_AUTH ((HRESULT)0x803D001Du)
#endif
#ifndef WS_E_SERVER_REQUIRES_NTLM_AUTH
#    define WS_E_SERVER_REQUIRES_NTLM_AUTH ((HRESULT)0x803D001Eu)
#endif
#ifndef WS_E_SERVER_REQUIRES_NEGOTIATE_AUTH
#    define WS_E_SERVER_REQUIRES_NEGOTIATE_AUTH ((HRESULT)0x803D001Fu)
#endif
#ifndef WS_E_INVALID_ENDPOINT_URL
#    define WS_E_INVALID_ENDPOINT_URL ((HRESULT)0x803D0020u)
#endif
#ifndef WS_E_OTHER
#    define WS_E_OTHER ((HRESULT)0x803D0021u)
#endif
#ifndef WS_E_SECURITY_TOKEN_EXPIRED
#    define WS_E_SECURITY_TOKEN_EXPIRED ((HRESULT)0x803D0022u)
#endif
#ifndef WS_E_SECURITY_SYSTEM_FAILURE
#    define WS_E_SECURITY_SYSTEM_FAILURE ((HRESULT)0x803D0023u)
#endif

#endif
