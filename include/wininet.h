/*
 * wininet.h -- WinINet's streaming upload, outside Windows: HTTP and FTP.
 *
 * The names, the values and the order of the calls are those of Microsoft's header:
 * https://learn.microsoft.com/windows/win32/api/wininet/
 * It is the synchronous half of what a program needs that uploads with InternetWriteFile,
 * and no more: no asynchronous calls, cookies, cache, proxies, redirections or dialogs.
 *
 *   HTTP  InternetOpenA, InternetConnectA, HttpOpenRequestA, HttpAddRequestHeadersA,
 *         HttpSendRequestExA, InternetWriteFile ..., HttpEndRequestA, HttpQueryInfoA,
 *         InternetReadFile ..., InternetCloseHandle
 *   FTP   InternetOpenA, InternetConnectA, FtpOpenFileA, InternetWriteFile ...,
 *         InternetCloseHandle of the file, which says whether the server has kept it
 *
 * Errors: a function that gives FALSE or NULL has set the calling thread's last error, a
 * number of WinINet (12001 and above) or of Windows.  One that succeeds leaves 0 there,
 * or what was there: each says which.
 *
 * Handles: an HINTERNET is a number in the guise of a pointer.  One that was closed is
 * never another's: every function answers it as it answers NULL [H1].  Closing a handle
 * closes those made from it [H2].
 *
 * Threads: any function, any thread, any time.  Calls on one handle are carried out one
 * after the other, but for InternetCloseHandle: it waits for none, and those that wait
 * inside fail with ERROR_INTERNET_OPERATION_CANCELLED [H3].
 *
 * Text is bytes: UTF-8, or whatever the server understands, goes out as it is [H4].  What
 * could end a line (CR, LF, and all other control characters) is refused where it could
 * do so, before anything is sent [H5].
 *
 * Names in the linker begin with wsd_, so that they clash with no other library's.
 */
#ifndef WSD_WININET_H
#define WSD_WININET_H

#include "wsd_types.h"

#ifdef __cplusplus
extern "C" {
#endif

/** A session, a connection, a request or a file. */
typedef LPVOID HINTERNET;
/** A port of TCP. */
typedef WORD INTERNET_PORT;

/* ---- Constants ------------------------------------------------------------------- */

#define INTERNET_INVALID_PORT_NUMBER 0
#define INTERNET_DEFAULT_FTP_PORT 21
#define INTERNET_DEFAULT_HTTP_PORT 80
#define INTERNET_DEFAULT_HTTPS_PORT 443

/* InternetOpenA: the access type */
#define INTERNET_OPEN_TYPE_PRECONFIG 0
#define INTERNET_OPEN_TYPE_DIRECT 1
#define INTERNET_OPEN_TYPE_PROXY 3
#define INTERNET_OPEN_TYPE_PRECONFIG_WITH_NO_AUTOPROXY 4

/* InternetConnectA: the service */
#define INTERNET_SERVICE_FTP 1
#define INTERNET_SERVICE_HTTP 3

/* Flags.  Those that the comments below do not name have no effect. */
#define INTERNET_FLAG_RELOAD 0x80000000
#define INTERNET_FLAG_ASYNC 0x10000000
#define INTERNET_FLAG_PASSIVE 0x08000000
#define INTERNET_FLAG_NO_CACHE_WRITE 0x04000000
#define INTERNET_FLAG_DONT_CACHE INTERNET_FLAG_NO_CACHE_WRITE
#define INTERNET_FLAG_SECURE 0x00800000
#define INTERNET_FLAG_KEEP_CONNECTION 0x00400000
#define INTERNET_FLAG_NO_AUTO_REDIRECT 0x00200000
#define INTERNET_FLAG_NO_COOKIES 0x00080000
#define INTERNET_FLAG_NO_AUTH 0x00040000
#define INTERNET_FLAG_NO_UI 0x00000200
#define INTERNET_FLAG_PRAGMA_NOCACHE 0x00000100

#define FTP_TRANSFER_TYPE_UNKNOWN 0x00000000
#define FTP_TRANSFER_TYPE_ASCII 0x00000001
#define FTP_TRANSFER_TYPE_BINARY 0x00000002
#define INTERNET_FLAG_TRANSFER_ASCII FTP_TRANSFER_TYPE_ASCII
#define INTERNET_FLAG_TRANSFER_BINARY FTP_TRANSFER_TYPE_BINARY

#ifndef GENERIC_READ
#    define GENERIC_READ 0x80000000
#endif
#ifndef GENERIC_WRITE
#    define GENERIC_WRITE 0x40000000
#endif

/* HttpAddRequestHeadersA */
#define HTTP_ADDREQ_FLAG_ADD_IF_NEW 0x10000000
#define HTTP_ADDREQ_FLAG_ADD 0x20000000
#define HTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA 0x40000000
#define HTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON 0x01000000
#define HTTP_ADDREQ_FLAG_COALESCE HTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA
#define HTTP_ADDREQ_FLAG_REPLACE 0x80000000

/* HttpSendRequestExA */
#define HSR_SYNC 0x00000004
#define HSR_USE_CONTEXT 0x00000008
#define HSR_INITIATE 0x00000008
#define HSR_CHUNKED 0x00000020

/* HttpQueryInfoA: what to ask for */
#define HTTP_QUERY_MIME_VERSION 0
#define HTTP_QUERY_CONTENT_TYPE 1
#define HTTP_QUERY_CONTENT_TRANSFER_ENCODING 2
#define HTTP_QUERY_CONTENT_ID 3
#define HTTP_QUERY_CONTENT_DESCRIPTION 4
#define HTTP_QUERY_CONTENT_LENGTH 5
#define HTTP_QUERY_CONTENT_LANGUAGE 6
#define HTTP_QUERY_ALLOW 7
#define HTTP_QUERY_DATE 9
#define HTTP_QUERY_EXPIRES 10
#define HTTP_QUERY_LAST_MODIFIED 11
#define HTTP_QUERY_LINK 16
#define HTTP_QUERY_PRAGMA 17
#define HTTP_QUERY_VERSION 18
#define HTTP_QUERY_STATUS_CODE 19
#define HTTP_QUERY_STATUS_TEXT 20
#define HTTP_QUERY_RAW_HEADERS 21
#define HTTP_QUERY_RAW_HEADERS_CRLF 22
#define HTTP_QUERY_CONNECTION 23
#define HTTP_QUERY_ACCEPT 24
#define HTTP_QUERY_AUTHORIZATION 28
#define HTTP_QUERY_CONTENT_ENCODING 29
#define HTTP_QUERY_LOCATION 33
#define HTTP_QUERY_REFERER 35
#define HTTP_QUERY_RETRY_AFTER 36
#define HTTP_QUERY_SERVER 37
#define HTTP_QUERY_USER_AGENT 39
#define HTTP_QUERY_WWW_AUTHENTICATE 40
#define HTTP_QUERY_PROXY_AUTHENTICATE 41
#define HTTP_QUERY_ACCEPT_RANGES 42
#define HTTP_QUERY_SET_COOKIE 43
#define HTTP_QUERY_COOKIE 44
#define HTTP_QUERY_REQUEST_METHOD 45
#define HTTP_QUERY_REFRESH 46
#define HTTP_QUERY_CONTENT_DISPOSITION 47
#define HTTP_QUERY_AGE 48
#define HTTP_QUERY_CACHE_CONTROL 49
#define HTTP_QUERY_CONTENT_LOCATION 51
#define HTTP_QUERY_CONTENT_RANGE 53
#define HTTP_QUERY_ETAG 54
#define HTTP_QUERY_HOST 55
#define HTTP_QUERY_TRANSFER_ENCODING 63
#define HTTP_QUERY_UPGRADE 64
#define HTTP_QUERY_VARY 65
#define HTTP_QUERY_VIA 66
#define HTTP_QUERY_WARNING 67
#define HTTP_QUERY_EXPECT 68
#define HTTP_QUERY_CUSTOM 65535
/* and how */
#define HTTP_QUERY_FLAG_REQUEST_HEADERS 0x80000000
#define HTTP_QUERY_FLAG_NUMBER 0x20000000
#define HTTP_QUERY_FLAG_NUMBER64 0x08000000

#define HTTP_STATUS_OK 200
#define HTTP_STATUS_CREATED 201
#define HTTP_STATUS_DENIED 401

/* InternetSetOptionA, InternetQueryOptionA */
#define INTERNET_OPTION_CONNECT_TIMEOUT 2
#define INTERNET_OPTION_CONNECT_RETRIES 3
#define INTERNET_OPTION_CONNECT_BACKOFF 4
#define INTERNET_OPTION_SEND_TIMEOUT 5
#define INTERNET_OPTION_CONTROL_SEND_TIMEOUT INTERNET_OPTION_SEND_TIMEOUT
#define INTERNET_OPTION_RECEIVE_TIMEOUT 6
#define INTERNET_OPTION_CONTROL_RECEIVE_TIMEOUT INTERNET_OPTION_RECEIVE_TIMEOUT
#define INTERNET_OPTION_DATA_SEND_TIMEOUT 7
#define INTERNET_OPTION_DATA_RECEIVE_TIMEOUT 8
#define INTERNET_OPTION_HANDLE_TYPE 9
#define INTERNET_OPTION_PARENT_HANDLE 21
#define INTERNET_OPTION_REQUEST_FLAGS 23
#define INTERNET_OPTION_USERNAME 28
#define INTERNET_OPTION_PASSWORD 29
#define INTERNET_OPTION_URL 34
#define INTERNET_OPTION_USER_AGENT 41
#define INTERNET_OPTION_CONTEXT_VALUE 45

#define INTERNET_HANDLE_TYPE_INTERNET 1
#define INTERNET_HANDLE_TYPE_CONNECT_FTP 2
#define INTERNET_HANDLE_TYPE_CONNECT_HTTP 4
#define INTERNET_HANDLE_TYPE_FTP_FILE 7
#define INTERNET_HANDLE_TYPE_HTTP_REQUEST 13

#define INTERNET_REQFLAG_NO_HEADERS 0x00000008

/* Errors */
#define ERROR_INTERNET_OUT_OF_HANDLES 12001
#define ERROR_INTERNET_TIMEOUT 12002
#define ERROR_INTERNET_EXTENDED_ERROR 12003
#define ERROR_INTERNET_INTERNAL_ERROR 12004
#define ERROR_INTERNET_NAME_NOT_RESOLVED 12007
#define ERROR_INTERNET_INVALID_OPTION 12009
#define ERROR_INTERNET_BAD_OPTION_LENGTH 12010
#define ERROR_INTERNET_OPTION_NOT_SETTABLE 12011
#define ERROR_INTERNET_LOGIN_FAILURE 12015
#define ERROR_INTERNET_OPERATION_CANCELLED 12017
#define ERROR_INTERNET_INCORRECT_HANDLE_TYPE 12018
#define ERROR_INTERNET_INCORRECT_HANDLE_STATE 12019
#define ERROR_INTERNET_CANNOT_CONNECT 12029
#define ERROR_INTERNET_CONNECTION_ABORTED 12030
#define ERROR_INTERNET_CONNECTION_RESET 12031
#define ERROR_INTERNET_FORCE_RETRY 12032
#define ERROR_INTERNET_SEC_CERT_DATE_INVALID 12037
#define ERROR_INTERNET_SEC_CERT_CN_INVALID 12038
#define ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED 12044
#define ERROR_INTERNET_INVALID_CA 12045
#define ERROR_FTP_TRANSFER_IN_PROGRESS 12110
#define ERROR_FTP_DROPPED 12111
#define ERROR_HTTP_HEADER_NOT_FOUND 12150
#define ERROR_HTTP_INVALID_SERVER_RESPONSE 12152
#define ERROR_HTTP_INVALID_HEADER 12153
#define ERROR_HTTP_INVALID_QUERY_REQUEST 12154
#define ERROR_HTTP_HEADER_ALREADY_EXISTS 12155
#define ERROR_INTERNET_SECURITY_CHANNEL_ERROR 12157
#define ERROR_INTERNET_SEC_INVALID_CERT 12169

/** For HttpSendRequestExA. */
typedef struct _INTERNET_BUFFERSA {
    DWORD dwStructSize;              /**< not looked at */
    struct _INTERNET_BUFFERSA *Next; /**< not looked at */
    LPCSTR lpcszHeader;              /**< more header lines, or NULL */
    DWORD dwHeadersLength;           /**< of them in bytes; (DWORD)-1: up to the NUL */
    DWORD dwHeadersTotal;            /**< not looked at */
    LPVOID lpvBuffer;                /**< the first bytes of the body, or NULL */
    DWORD dwBufferLength;            /**< how many */
    DWORD dwBufferTotal;             /**< of the whole body */
    DWORD dwOffsetLow;               /**< not looked at */
    DWORD dwOffsetHigh;              /**< not looked at */
} INTERNET_BUFFERSA, *LPINTERNET_BUFFERSA;

/* ---- Sessions and connections ---------------------------------------------------- */

/**
 * Begins a session.
 *
 * Nothing is sent.  Every session goes straight to the server: no proxy of the system or
 * the environment is used.
 *
 * Blocking    Never waits.
 * Last error  0 on success [H6].
 *
 * @param lpszAgent     Value of User-Agent; NULL or "": no such header [H7].
 * @param dwAccessType  INTERNET_OPEN_TYPE_DIRECT, or one of the two PRECONFIG, which are
 *                      the same here.
 * @param lpszProxy     Not looked at, but for INTERNET_OPEN_TYPE_PROXY; so is
 *                      lpszProxyBypass.
 * @param dwFlags       INTERNET_FLAG_ASYNC is refused; others have no effect.
 *
 * @return The session, for InternetCloseHandle(); NULL with
 *   ERROR_INVALID_PARAMETER        [H8] unknown access type, INTERNET_OPEN_TYPE_PROXY
 *                                  without a proxy, a control character in the agent;
 *   ERROR_NOT_SUPPORTED            [H9] INTERNET_FLAG_ASYNC, or a proxy;
 *   ERROR_INTERNET_OUT_OF_HANDLES  65536 handles are open;
 *   ERROR_OUTOFMEMORY.
 */
WSD_API HINTERNET WSD_CALL InternetOpenA(LPCSTR lpszAgent, DWORD dwAccessType,
                                         LPCSTR lpszProxy, LPCSTR lpszProxyBypass,
                                         DWORD dwFlags) WSD_LINK_NAME(InternetOpenA);

/**
 * Names the server.
 *
 * HTTP: nothing is sent, and the name is not looked up [H10].  Name and password are for
 * a server that asks for them.
 *
 * FTP: connects and logs in.  Without a name (NULL or "") it is "anonymous" with the
 * password "anonymous@"; a name without a password has the password "" [F1].  Files
 * travel over connections that the client makes if dwFlags has INTERNET_FLAG_PASSIVE
 * (EPSV, or PASV), and that the server makes otherwise (EPRT, or PORT) [F2].
 *
 * Blocking    HTTP: never waits.  FTP: up to the connect timeout to connect, and the
 *             receive timeout for each reply.
 * Last error  0 on success [H6] [F3].
 *
 * @param lpszServerName  A name or an address; IPv6 with brackets or without [H11].
 * @param nServerPort     INTERNET_INVALID_PORT_NUMBER (0): the usual one of the service;
 *                        for HTTP also with INTERNET_FLAG_SECURE in HttpOpenRequestA.
 *
 * @return The connection; NULL with
 *   ERROR_INVALID_PARAMETER  [H12] no server, a control character, or / ? # @ \ in its
 *                            name; an unknown service; [F4] for FTP a password without a
 *                            name; a control character in name or password;
 *   ERROR_INVALID_HANDLE     [H13] hInternet is no session;
 *   FTP, besides:
 *   ERROR_INTERNET_NAME_NOT_RESOLVED, _CANNOT_CONNECT  [F5]
 *   ERROR_INTERNET_TIMEOUT        [F6] no connection, or no reply, in time;
 *   ERROR_INTERNET_LOGIN_FAILURE  [F7] name or password refused (530): the server's words
 *                                 are in InternetGetLastResponseInfoA();
 *   ERROR_INTERNET_EXTENDED_ERROR [F8] refused otherwise: likewise;
 *   ERROR_INTERNET_CONNECTION_ABORTED, _RESET  the server closed the connection;
 *   ERROR_INTERNET_OPERATION_CANCELLED  the session was closed;
 *   ERROR_INTERNET_OUT_OF_HANDLES, ERROR_OUTOFMEMORY.
 */
WSD_API HINTERNET WSD_CALL InternetConnectA(HINTERNET hInternet, LPCSTR lpszServerName,
                                            INTERNET_PORT nServerPort,
                                            LPCSTR lpszUserName, LPCSTR lpszPassword,
                                            DWORD dwService, DWORD dwFlags,
                                            DWORD_PTR dwContext)
    WSD_LINK_NAME(InternetConnectA);

/**
 * Closes a handle and those made from it.
 *
 * A request whose body has not been ended by HttpEndRequestA() is cut: the server can not
 * take it for complete [H14].
 *
 * A file of FTP opened for writing ends here: the server is told that it is complete, and
 * asked whether it has kept it, also when it is closed with its connection or session
 * [F9].  An upload that ends in any other way is cut, so that the server sees no whole
 * file: while FtpOpenFileA() or InternetWriteFile() is under way, by a timeout, or with
 * the program [F10].
 *
 * Blocking    Only for a file of FTP: until the bytes are out and the server has replied,
 *             each up to its timeout.
 * Last error  Untouched on success [H6].
 *
 * @return TRUE; FALSE with ERROR_INVALID_HANDLE [H1], or, when the handle is gone but the
 *   upload of a file failed:
 *   ERROR_INTERNET_EXTENDED_ERROR      [F11] the server refuses the file now: its words
 *                                      are in InternetGetLastResponseInfoA();
 *   ERROR_INTERNET_CONNECTION_ABORTED  [F12] it closed the connection without a reply;
 *   ERROR_INTERNET_TIMEOUT             [F13] it does not reply;
 *   another error that InternetWriteFile() gave before.
 */
WSD_API BOOL WSD_CALL InternetCloseHandle(HINTERNET hInternet)
    WSD_LINK_NAME(InternetCloseHandle);

/* ---- HTTP ------------------------------------------------------------------------ */

/**
 * Makes a request; nothing is sent.
 *
 * Blocking    Never waits.
 * Last error  Untouched on success [H6].
 *
 * @param lpszVerb        A token; NULL or "": "GET".
 * @param lpszObjectName  Path and query.  A missing "/" is put before it, a space becomes
 *                        %20, all else stays as it is [H15].
 * @param lpszVersion     "HTTP/1.0", or NULL, "" and all else for HTTP/1.1 [H16].
 * @param lpszReferrer    Value of Referer, or NULL.
 * @param lplpszAcceptTypes  Media types for Accept, NULL behind the last; NULL: no such
 *                        header [H17].
 * @param dwFlags         INTERNET_FLAG_SECURE: TLS; the server's certificate is verified
 *                        against the system's authorities.
 *                        INTERNET_FLAG_NO_CACHE_WRITE: "Cache-Control: no-cache", unless
 *                        the verb is GET; INTERNET_FLAG_PRAGMA_NOCACHE: "Pragma:
 *                        no-cache"; INTERNET_FLAG_KEEP_CONNECTION: "Connection:
 *                        Keep-Alive" [H18].
 *                        INTERNET_FLAG_NO_AUTH: name and password are not used.
 *
 * @return The request; NULL with
 *   ERROR_INVALID_PARAMETER                 [H19] a verb that is no token, or a control
 *                                           character in a text;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE    [H13] hConnect is no connection for HTTP;
 *   ERROR_INTERNET_OUT_OF_HANDLES, ERROR_OUTOFMEMORY.
 */
WSD_API HINTERNET WSD_CALL HttpOpenRequestA(HINTERNET hConnect, LPCSTR lpszVerb,
                                            LPCSTR lpszObjectName, LPCSTR lpszVersion,
                                            LPCSTR lpszReferrer,
                                            LPCSTR *lplpszAcceptTypes, DWORD dwFlags,
                                            DWORD_PTR dwContext)
    WSD_LINK_NAME(HttpOpenRequestA);

/**
 * Adds, replaces or removes header lines of a request.
 *
 * Lines end with CR, LF or both; blank ones are nothing [H20].  So no value can hold an
 * end of line.  If one line is refused, none is taken [H21].
 *
 * What is added replaces what the request would have by itself: Host, Content-Length,
 * User-Agent and the others stand once, as the application wrote them [H22].
 *
 * Blocking    Never waits.
 * Last error  Untouched on success [H6].
 *
 * @param dwHeadersLength  Bytes; (DWORD)-1: up to the NUL.
 * @param dwModifiers  HTTP_ADDREQ_FLAG_... [H23]:
 *   0, _ADD        another line;
 *   _ADD_IF_NEW    only if there is none of this name;
 *   _COALESCE_WITH_COMMA, _WITH_SEMICOLON
 *                  appended to the first of this name with ", " or "; ", or added;
 *   _REPLACE       the first of this name goes and the new line stands at the end;
 *                  without a value it is removed;
 *   _ADD with _REPLACE  likewise, or added if there is none.
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER           [H24] lpszHeaders is NULL or has no line; a line
 *                                     without a colon, with a name that is no token, with
 *                                     a control character, or without a value but for
 *                                     _REPLACE;
 *   ERROR_HTTP_HEADER_ALREADY_EXISTS  [H25] _ADD_IF_NEW, and there is one;
 *   ERROR_HTTP_HEADER_NOT_FOUND       [H26] _REPLACE without _ADD, and there is none;
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H27] the head has been sent and the response
 *                                     is not there;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [H13] no request;
 *   ERROR_OUTOFMEMORY.
 */
WSD_API BOOL WSD_CALL HttpAddRequestHeadersA(HINTERNET hRequest, LPCSTR lpszHeaders,
                                             DWORD dwHeadersLength, DWORD dwModifiers)
    WSD_LINK_NAME(HttpAddRequestHeadersA);

/**
 * Connects and sends the head of the request, with the first bytes of the body if there
 * are any; InternetWriteFile() sends the others.
 *
 * The length of the body is, in this order [H28]:
 *   - none: with "Transfer-Encoding: chunked" among the application's headers, which then
 *     writes the chunks itself, sizes, line ends and last chunk included.  They are sent
 *     as they are, right or wrong;
 *   - none, and every write is framed by the library: with HSR_CHUNKED in dwFlags;
 *   - the application's own Content-Length, the way beyond 4 GiB;
 *   - dwBufferTotal; 0 is a body of no bytes.  GET and HEAD without a body have no
 *     Content-Length [H29].
 *
 * The lines of the head stand in this order [H30]: Referer, Accept, those of
 * HttpAddRequestHeadersA(), Host, Content-Length or Transfer-Encoding, User-Agent,
 * Pragma, Cache-Control, those of lpcszHeader, Connection.  There are no others, but for
 * Authorization when the server has asked for it (ERROR_INTERNET_FORCE_RETRY): it stands
 * in front, HttpQueryInfoA() does not tell it, and with Digest the length comes last.
 *
 * After the response has been received, the request may be sent again [H31].
 * Redirections are not followed [H32].
 *
 * Blocking    Up to the connect timeout, and the send timeout, until the network has
 *             taken the head; up to the receive timeout for the answer to a request that
 *             goes ahead for Digest.
 * Last error  0 on success [H6].
 *
 * @param lpBuffersIn   May be NULL: no more headers, no body.
 * @param lpBuffersOut  NULL.
 * @param dwFlags       HSR_CHUNKED, see above; others have no effect.
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER    [H33] lpBuffersOut is not NULL; lpcszHeader is one that
 *                              HttpAddRequestHeadersA() refuses; more first bytes than
 *                              the body has; a Content-Length that is no number, or two
 *                              of them; chunks with HTTP/1.0;
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H34] it was sent, and HttpEndRequestA() not
 *                              called;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [H13] no request;
 *   ERROR_INTERNET_NAME_NOT_RESOLVED  [H35]
 *   ERROR_INTERNET_CANNOT_CONNECT     [H36]
 *   ERROR_INTERNET_TIMEOUT            [H37] not connected within the connect timeout;
 *   ERROR_INTERNET_INVALID_CA         [H92] nobody whom the system trusts has signed the
 *                                     server's certificate;
 *   ERROR_INTERNET_SEC_CERT_CN_INVALID, _SEC_CERT_DATE_INVALID, _SEC_INVALID_CERT
 *                                     it is another server's, out of date, or wrong in
 *                                     another way;
 *   ERROR_INTERNET_CLIENT_AUTH_CERT_NEEDED  the server wants one of the client;
 *   ERROR_INTERNET_SECURITY_CHANNEL_ERROR   [H93] no agreement on TLS;
 *   ERROR_HTTP_INVALID_SERVER_RESPONSE     the connection was closed at once;
 *   ERROR_INTERNET_OPERATION_CANCELLED     [H3]
 *   ERROR_OUTOFMEMORY.
 */
WSD_API BOOL WSD_CALL HttpSendRequestExA(HINTERNET hRequest,
                                         LPINTERNET_BUFFERSA lpBuffersIn,
                                         LPINTERNET_BUFFERSA lpBuffersOut, DWORD dwFlags,
                                         DWORD_PTR dwContext)
    WSD_LINK_NAME(HttpSendRequestExA);

/**
 * Ends the body and receives the head of the response.
 *
 * Afterwards HttpQueryInfoA() and InternetReadFile() give the response, also one that
 * came before the body was complete [H38].
 *
 * Blocking    Until the rest of the body is out (send timeout) and the response's head is
 *             there (receive timeout); each is the longest time without a byte.
 * Last error  0 on success [H6].
 *
 * @param lpBuffersOut  NULL.
 * @param dwFlags       No effect.
 *
 * @return TRUE, whatever the status of the response; FALSE with
 *   ERROR_INVALID_PARAMETER    [H39] lpBuffersOut is not NULL, checked first;
 *   ERROR_INTERNET_CONNECTION_ABORTED  [H40] fewer bytes were written than announced: the
 *                              connection has been cut, and the server has no whole body;
 *   ERROR_INTERNET_FORCE_RETRY [H41] the server wants name and password (401, Basic or
 *                              Digest) and InternetConnectA() was given some: send the
 *                              request and write the body again.  With Digest, a request
 *                              without the body goes ahead of it then, to be asked.  If
 *                              the server refuses them too, the 401 is the response
 *                              [H42]; so it is at once where Basic would have to take a
 *                              name with ":", or Digest chunks of the application's or an
 *                              object's name with "#" [H91];
 *   ERROR_HTTP_INVALID_SERVER_RESPONSE  [H43] the server closed the connection without a
 *                              byte of a response, or the response is no HTTP;
 *   ERROR_INTERNET_CONNECTION_RESET     it closed amid the response's head;
 *   ERROR_INTERNET_TIMEOUT     [H44]
 *   ERROR_INTERNET_OPERATION_CANCELLED  [H45] the request was never sent, or sending it
 *                              failed; or [H3];
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H46] it was ended before;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [H13] no request.
 */
WSD_API BOOL WSD_CALL HttpEndRequestA(HINTERNET hRequest,
                                      LPINTERNET_BUFFERSA lpBuffersOut, DWORD dwFlags,
                                      DWORD_PTR dwContext) WSD_LINK_NAME(HttpEndRequestA);

/**
 * Sends a request with a body that is all there, and receives the head of the response.
 *
 * As HttpSendRequestExA() and HttpEndRequestA() in one, with their errors [H47]; but when
 * the server wants name and password, it is repeated by itself [H48].
 *
 * @param lpOptional  The body; stays the caller's.  NULL with dwOptionalLength 0: none.
 */
WSD_API BOOL WSD_CALL HttpSendRequestA(HINTERNET hRequest, LPCSTR lpszHeaders,
                                       DWORD dwHeadersLength, LPVOID lpOptional,
                                       DWORD dwOptionalLength)
    WSD_LINK_NAME(HttpSendRequestA);

/**
 * Tells of the response, or of the request.
 *
 * A header is found by its constant or, with HTTP_QUERY_CUSTOM, by the name in lpBuffer.
 * *lpdwIndex says which of several, from 0, and moves on by one with each hit but for the
 * status code, the status text, the version and the raw headers [H49].
 *
 * HTTP_QUERY_RAW_HEADERS_CRLF gives the head as it was received; HTTP_QUERY_RAW_HEADERS
 * the same with a NUL behind each line [H50].
 *
 * Before the request was sent there is no response: its raw headers are one CRLF, all
 * else is not found [H51].
 *
 * Blocking    Never waits.
 * Last error  0 on success [H6].
 *
 * @param dwInfoLevel  HTTP_QUERY_..., with HTTP_QUERY_FLAG_REQUEST_HEADERS for the
 *                     request [H52], and _FLAG_NUMBER for a DWORD or _FLAG_NUMBER64 for 8
 *                     bytes in place of text [H53].
 * @param lpBuffer     Text, with a NUL behind it.  NULL asks for the size.
 * @param lpdwBufferLength  In: bytes of lpBuffer.  Out: of the text without its NUL; for
 *                     ERROR_INSUFFICIENT_BUFFER the size needed, NUL included [H54].
 * @param lpdwIndex    NULL: the first.
 *
 * @return TRUE; FALSE, with nothing given and *lpdwIndex as it was [H55], with
 *   ERROR_INVALID_PARAMETER           [H56] lpdwBufferLength is NULL;
 *   ERROR_INSUFFICIENT_BUFFER         [H54]
 *   ERROR_HTTP_HEADER_NOT_FOUND       [H57] no such header, or no more; unknown level;
 *   ERROR_HTTP_INVALID_HEADER         [H58] no number, or one that is too large;
 *   ERROR_HTTP_INVALID_QUERY_REQUEST  [H59] a request has no such thing;
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H60] between HttpSendRequestExA() and
 *                                     HttpEndRequestA(), of the response;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [H13] no request;
 *   ERROR_OUTOFMEMORY.
 */
WSD_API BOOL WSD_CALL HttpQueryInfoA(HINTERNET hRequest, DWORD dwInfoLevel,
                                     LPVOID lpBuffer, LPDWORD lpdwBufferLength,
                                     LPDWORD lpdwIndex) WSD_LINK_NAME(HttpQueryInfoA);

/* ---- FTP ------------------------------------------------------------------------- */

/**
 * Begins to write or read a file on the server.
 *
 * One file of a connection can be open at a time.  The bytes travel as they are, in ASCII
 * type too [F14].
 *
 * Blocking    Up to the receive timeout for each reply of the server.
 * Last error  0 on success [F3].
 *
 * @param lpszFileName  Sent as it is [F15], relative to the folder after logging in.
 * @param dwAccess      GENERIC_WRITE or GENERIC_READ.
 * @param dwFlags       FTP_TRANSFER_TYPE_ASCII, _BINARY, or 0 for binary; higher bits
 *                      have no effect.
 *
 * @return The file; NULL with
 *   ERROR_INVALID_HANDLE                  [F16] hConnect is NULL or closed;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE  [F16] it is no connection for FTP, checked
 *                                         before the other arguments;
 *   ERROR_INVALID_PARAMETER          [F17] no name, one with a control character or with
 *                                    "/" at its end; neither or both kinds of access;
 *                                    both types;
 *   ERROR_FTP_TRANSFER_IN_PROGRESS   [F18] another file is open;
 *   ERROR_INTERNET_EXTENDED_ERROR    [F19] the server refuses: its words are in
 *                                    InternetGetLastResponseInfoA();
 *   ERROR_INTERNET_TIMEOUT, _CANNOT_CONNECT, _CONNECTION_ABORTED, _CONNECTION_RESET,
 *   _OPERATION_CANCELLED, _OUT_OF_HANDLES, ERROR_OUTOFMEMORY.
 */
WSD_API HINTERNET WSD_CALL FtpOpenFileA(HINTERNET hConnect, LPCSTR lpszFileName,
                                        DWORD dwAccess, DWORD dwFlags,
                                        DWORD_PTR dwContext) WSD_LINK_NAME(FtpOpenFileA);

/**
 * Gives what the server of FTP said last in a call of this thread: the last line of its
 * reply, without the line end [F20].  "" if nothing was said.
 *
 * Blocking    Never waits.
 * Last error  Untouched on success.
 *
 * @param lpdwError  Set to 0.
 * @param lpszBuffer Text, with a NUL behind it; cut if the buffer is too small [F21].
 * @param lpdwBufferLength  In: bytes of lpszBuffer.  Out: of the text without its NUL;
 *                          for ERROR_INSUFFICIENT_BUFFER the size needed, NUL included.
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER    [F22] lpdwError or lpdwBufferLength is NULL;
 *   ERROR_INSUFFICIENT_BUFFER  [F23] lpszBuffer is NULL or has 0 bytes: there is text.
 */
WSD_API BOOL WSD_CALL InternetGetLastResponseInfoA(LPDWORD lpdwError, LPSTR lpszBuffer,
                                                   LPDWORD lpdwBufferLength)
    WSD_LINK_NAME(InternetGetLastResponseInfoA);

/* ---- Bytes ----------------------------------------------------------------------- */

/**
 * Writes bytes of the body of a request, or of a file.
 *
 * The bytes are copied and sent at once; up to 1 MiB of them may still be on the way when
 * it returns [H61].  HttpEndRequestA(), or InternetCloseHandle() of the file, says what
 * became of them.  A failure of the connection may show in a later call; from then on all
 * calls fail with the same error [H62].
 *
 * Blocking    While more than 1 MiB is on the way, as long as the server takes bytes: up
 *             to the send timeout without one.
 * Last error  0 on success [H6].
 *
 * @param lpBuffer                  May be NULL for 0 bytes.
 * @param dwNumberOfBytesToWrite    0: nothing is sent and nothing ends [H63].
 * @param lpdwNumberOfBytesWritten  Set to 0 before all else [H64]; all bytes on success
 *                                  [H65]; otherwise those that were taken, of which none,
 *                                  some or all have been sent.
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER    [H66] lpBuffer or lpdwNumberOfBytesWritten is NULL; [H67]
 *                              more bytes than the body has: none was taken, and the
 *                              request goes on;
 *   ERROR_INVALID_HANDLE       [H68] no request and no file;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [F24] a file opened for reading;
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H69] HttpSendRequestExA() was not called or
 *                              failed, or HttpEndRequestA() was called;
 *   ERROR_INTERNET_TIMEOUT     [H70] the send timeout; the upload is cut;
 *   ERROR_INTERNET_CONNECTION_RESET    [H71] [F25]
 *   ERROR_INTERNET_CONNECTION_ABORTED  [H72] the server closed the connection, or it has
 *                              answered and the rest is not wanted: HttpEndRequestA()
 *                              gives the answer if there is one;
 *   ERROR_INTERNET_OPERATION_CANCELLED [H3]
 */
WSD_API BOOL WSD_CALL InternetWriteFile(HINTERNET hFile, LPCVOID lpBuffer,
                                        DWORD dwNumberOfBytesToWrite,
                                        LPDWORD lpdwNumberOfBytesWritten)
    WSD_LINK_NAME(InternetWriteFile);

/**
 * Reads bytes of the body of a response, or of a file.
 *
 * Blocking    Until the buffer is full or the body ends [H73]; up to the receive timeout
 *             without a byte.
 * Last error  0 on success [H6].
 *
 * @param lpdwNumberOfBytesRead  Set to 0 before all else [H64]; TRUE with 0 is the end,
 *                               as often as it is asked [H74].  With a failure, the
 *                               bytes that came before it [H75].
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER    [H76] lpBuffer or lpdwNumberOfBytesRead is NULL;
 *   ERROR_INVALID_HANDLE       [H1]
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE   [H77] no request and no file; [F24] a file
 *                              opened for writing;
 *   ERROR_INTERNET_INCORRECT_HANDLE_STATE  [H78] there is no response yet;
 *   ERROR_INTERNET_TIMEOUT     [H79]
 *   ERROR_INTERNET_CONNECTION_RESET    [H80] the connection ended before the body;
 *   ERROR_INTERNET_EXTENDED_ERROR      [F26] the server of FTP says that it failed;
 *   ERROR_INTERNET_OPERATION_CANCELLED [H3]
 */
WSD_API BOOL WSD_CALL InternetReadFile(HINTERNET hFile, LPVOID lpBuffer,
                                       DWORD dwNumberOfBytesToRead,
                                       LPDWORD lpdwNumberOfBytesRead)
    WSD_LINK_NAME(InternetReadFile);

/**
 * Tells how many bytes InternetReadFile() can give without waiting.
 *
 * Blocking    Until there is one, or the body ends, as InternetReadFile().
 * Last error  Untouched on success [H6].
 *
 * @param lpdwNumberOfBytesAvailable  0 at the end [H81].  May be NULL.
 * @param dwFlags, dwContext          No effect.
 *
 * @return TRUE; FALSE with an error of InternetReadFile().
 */
WSD_API BOOL WSD_CALL InternetQueryDataAvailable(HINTERNET hFile,
                                                 LPDWORD lpdwNumberOfBytesAvailable,
                                                 DWORD dwFlags, DWORD_PTR dwContext)
    WSD_LINK_NAME(InternetQueryDataAvailable);

/* ---- Options --------------------------------------------------------------------- */

/**
 * Sets an option of a handle.
 *
 *   INTERNET_OPTION_CONNECT_TIMEOUT   DWORD, ms, 60 000: to find the name, connect and
 *                                     agree on TLS
 *   INTERNET_OPTION_SEND_TIMEOUT      DWORD, ms, 30 000: the longest time without a byte
 *                                     taken, while there are some to send
 *   INTERNET_OPTION_RECEIVE_TIMEOUT   DWORD, ms, 30 000: the longest time without a byte
 *                                     received, while one is waited for
 *   INTERNET_OPTION_USERNAME, _PASSWORD  text, of a connection or request for HTTP
 *   INTERNET_OPTION_CONTEXT_VALUE     DWORD_PTR, kept for the application
 *   INTERNET_OPTION_CONNECT_RETRIES, _CONNECT_BACKOFF, _DATA_SEND_TIMEOUT,
 *   _DATA_RECEIVE_TIMEOUT             DWORD, without effect [H82]
 *
 * The timeouts may be set for every handle, and with NULL for the process; a handle
 * begins with those of its parent, a session with those of the process [H83].  (DWORD)-1
 * is for ever.  They count from the next HttpSendRequestExA() or FtpOpenFileA() on.
 *
 * Blocking    Never waits.
 * Last error  Untouched on success [H6].
 *
 * @return TRUE; FALSE with
 *   ERROR_INVALID_PARAMETER               [H84] lpBuffer is NULL, or dwBufferLength is
 *                                         not that of the option; a control character;
 *   ERROR_INTERNET_INVALID_OPTION         [H85] unknown;
 *   ERROR_INTERNET_OPTION_NOT_SETTABLE    [H86] can only be asked for;
 *   ERROR_INTERNET_INCORRECT_HANDLE_TYPE  [H87] not an option of this kind of handle, or
 *                                         of none (NULL);
 *   ERROR_INVALID_HANDLE                  closed;
 *   ERROR_OUTOFMEMORY.
 */
WSD_API BOOL WSD_CALL InternetSetOptionA(HINTERNET hInternet, DWORD dwOption,
                                         LPVOID lpBuffer, DWORD dwBufferLength)
    WSD_LINK_NAME(InternetSetOptionA);

/**
 * Tells an option of a handle: all of InternetSetOptionA(), but for the password, and
 *
 *   INTERNET_OPTION_HANDLE_TYPE    DWORD, INTERNET_HANDLE_TYPE_...
 *   INTERNET_OPTION_PARENT_HANDLE  HINTERNET; NULL for a session
 *   INTERNET_OPTION_REQUEST_FLAGS  DWORD, of a request: INTERNET_REQFLAG_NO_HEADERS while
 *                                  there is no response [H88]
 *   INTERNET_OPTION_URL            text, of a request
 *   INTERNET_OPTION_USER_AGENT     text, of a session
 *
 * Blocking    Never waits.
 * Last error  Untouched on success [H6].
 *
 * @param lpdwBufferLength  In: bytes of lpBuffer.  Out: of the value, a text without its
 *                          NUL; for ERROR_INSUFFICIENT_BUFFER the size needed.
 *
 * @return TRUE; FALSE with ERROR_INVALID_PARAMETER [H89], lpdwBufferLength is NULL;
 *         ERROR_INSUFFICIENT_BUFFER [H90], lpBuffer is NULL or too small; and as
 *         InternetSetOptionA().
 */
WSD_API BOOL WSD_CALL InternetQueryOptionA(HINTERNET hInternet, DWORD dwOption,
                                           LPVOID lpBuffer, LPDWORD lpdwBufferLength)
    WSD_LINK_NAME(InternetQueryOptionA);

/* ---- The calling thread's last error --------------------------------------------- */

/* WinPR and DXC have these; ours are wsd_GetLastError() and wsd_SetLastError() there. */
#if defined(WSD_TYPES_OF_WINPR) || defined(WSD_TYPES_OF_DXC)
WSD_API DWORD WSD_CALL wsd_GetLastError(void);
WSD_API void WSD_CALL wsd_SetLastError(DWORD dwErrCode);
#else
/** Why the calling thread's last call has failed.  Never waits. */
WSD_API DWORD WSD_CALL(GetLastError)(void) WSD_LINK_NAME(GetLastError);
/** Sets what GetLastError() gives on this thread.  Never waits. */
WSD_API void WSD_CALL(SetLastError)(DWORD dwErrCode) WSD_LINK_NAME(SetLastError);
#endif

/* ---- Names without A ------------------------------------------------------------- */

/* There are no functions of wide characters, so none of these where UNICODE is wanted. */
#ifndef UNICODE
#    define FtpOpenFile FtpOpenFileA
#    define HttpAddRequestHeaders HttpAddRequestHeadersA
#    define HttpEndRequest HttpEndRequestA
#    define HttpOpenRequest HttpOpenRequestA
#    define HttpQueryInfo HttpQueryInfoA
#    define HttpSendRequest HttpSendRequestA
#    define HttpSendRequestEx HttpSendRequestExA
#    define InternetConnect InternetConnectA
#    define InternetGetLastResponseInfo InternetGetLastResponseInfoA
#    define InternetOpen InternetOpenA
#    define InternetQueryOption InternetQueryOptionA
#    define InternetSetOption InternetSetOptionA
typedef INTERNET_BUFFERSA INTERNET_BUFFERS;
typedef LPINTERNET_BUFFERSA LPINTERNET_BUFFERS;
#endif

#ifdef __cplusplus
}
#endif
#endif
