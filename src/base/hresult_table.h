/*
 * hresult_table -- every code that the library returns, once.
 *
 * Included with three macros defined:
 *
 *   CODE(name, text)    an HRESULT
 *   WIN32(name, text)   a Win32 number, for HRESULT_FROM_WIN32()
 *   HTTP(status, text)  an HTTP status, for HTTP_E_STATUS()
 *
 * A text is one sentence in ASCII without a final stop: what happened, and what can be
 * done about it.
 */

CODE(S_OK, "The call succeeded")
CODE(S_FALSE,
     "The call succeeded and there is nothing more: the end of the document, or no "
     "fault in the message")
CODE(STG_S_BLOCK,
     "Nothing was taken or nothing has come within the wait budget: make the same call "
     "again, or abort")
CODE(E_PENDING, "The data needed for this call is not there yet: call again later")
CODE(E_NOTIMPL, "This version of the library does not have the function")
CODE(E_NOINTERFACE, "The object does not have the interface that was asked for")
CODE(E_POINTER, "A pointer that may not be NULL is NULL")
CODE(E_ABORT,
     "The transfer was aborted, by Abort, by giving back an attachment that was not "
     "closed, or by releasing its client or service")
CODE(E_FAIL, "The operation failed and no code says why: the log callback may have more")
CODE(E_UNEXPECTED, "The library met a state that should not exist: please report it")
CODE(E_ACCESSDENIED, "Access was denied: check permissions and credentials")
CODE(E_HANDLE, "The handle is not valid, or was closed before")
CODE(E_OUTOFMEMORY, "Memory is short: free some, or use smaller buffers")
CODE(E_INVALIDARG,
     "An argument has a value that is not allowed: see the description of the function")

WIN32(ERROR_FILE_NOT_FOUND, "A file does not exist or cannot be read")
WIN32(ERROR_TOO_MANY_OPEN_FILES,
      "No file descriptor is left: close some, or raise the limit of the process")
WIN32(ERROR_BAD_LENGTH,
      "The document is longer or shorter than the length that was declared for it: "
      "write as many bytes as were declared")
WIN32(ERROR_NOT_SUPPORTED, "The request is not supported")
WIN32(ERROR_ALREADY_ASSIGNED,
      "The attachment belongs to a message already: make a new attachment for each "
      "message")
WIN32(ERROR_INSUFFICIENT_BUFFER, "The buffer is too small: call again with a larger one")
WIN32(ERROR_ALREADY_EXISTS, "There is such an entry already: use another name")
WIN32(ERROR_POSSIBLE_DEADLOCK,
      "A call that waits was made on a thread of the library, which would wait for "
      "itself: make it on another thread")
WIN32(ERROR_NOT_FOUND, "There is no element with this path or name in the message")
WIN32(ERROR_NO_SYSTEM_RESOURCES,
      "The system has no thread or no other resource left: try again later")
WIN32(ERROR_INVALID_OPERATION,
      "The call is not allowed in this state, for example Write before the message is "
      "sent, Close before the first Write, or Write after Close")

WIN32(WSAEADDRINUSE, "Another program listens on this port: stop it, or use another port")
WIN32(WSAEADDRNOTAVAIL, "This machine has no such address to listen on")

WIN32(ERROR_WINHTTP_TIMEOUT,
      "The peer did not answer, or took no data, in time: check that it is running, or "
      "allow more time in the client's options")
WIN32(ERROR_WINHTTP_INTERNAL_ERROR,
      "The HTTP library failed inside: the log callback has its words")
WIN32(ERROR_WINHTTP_INVALID_URL,
      "The URL is malformed: it needs a scheme, a host and no control characters")
WIN32(ERROR_WINHTTP_UNRECOGNIZED_SCHEME,
      "The URL's scheme is not supported: use http or https")
WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED,
      "The host name was not found: check its spelling and the name server, or use the "
      "address")
WIN32(ERROR_WINHTTP_LOGIN_FAILURE,
      "The peer did not accept the credentials: check user name and password")
WIN32(ERROR_WINHTTP_OPERATION_CANCELLED,
      "The operation was cancelled because its handle was closed or its owner released")
WIN32(ERROR_WINHTTP_INCORRECT_HANDLE_STATE,
      "The handle is not in the state that this call needs: check the order of the "
      "calls")
WIN32(ERROR_WINHTTP_CANNOT_CONNECT,
      "No connection could be made: check that the device is switched on and the "
      "address, port and firewall")
WIN32(ERROR_WINHTTP_CONNECTION_ERROR,
      "The connection was reset or closed too early: the transfer is incomplete and has "
      "to be sent again")
WIN32(ERROR_WINHTTP_RESEND_REQUEST, "A kept connection ended, and what was sent over it "
                                    "cannot be repeated here: make the "
                                    "request again, unless the peer has acted upon it")
WIN32(ERROR_WINHTTP_SECURE_CERT_DATE_INVALID,
      "The peer's certificate is expired or not valid yet: check both clocks and renew "
      "it")
WIN32(ERROR_WINHTTP_SECURE_CERT_CN_INVALID,
      "The peer's certificate is for another host name: use the name that is in it")
WIN32(ERROR_WINHTTP_CLIENT_AUTH_CERT_NEEDED,
      "The peer wants a client certificate, or another one than it was shown")
WIN32(ERROR_WINHTTP_SECURE_INVALID_CA,
      "The peer's certificate was issued by an unknown authority: add the authority to "
      "the trusted ones")
WIN32(ERROR_WINHTTP_SECURE_CERT_REV_FAILED,
      "It could not be checked whether the peer's certificate is revoked")
WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE,
      "The peer's answer is not valid HTTP, or came before it had the whole request: "
      "check that host and port are those of the device")
WIN32(ERROR_WINHTTP_REDIRECT_FAILED,
      "The peer redirects the request, which is not followed with a body: send to the "
      "new address")
WIN32(ERROR_WINHTTP_SECURE_CHANNEL_ERROR,
      "TLS failed after the connection was made: check which TLS versions the peer "
      "supports")
WIN32(ERROR_WINHTTP_SECURE_INVALID_CERT,
      "The peer's certificate is malformed or not valid")
WIN32(ERROR_WINHTTP_SECURE_CERT_REVOKED, "The peer's certificate has been revoked")
WIN32(ERROR_WINHTTP_SECURE_FAILURE,
      "The secure connection failed: check the peer's certificate, the trusted "
      "authorities and the TLS versions")
WIN32(ERROR_WINHTTP_SECURE_CERT_WRONG_USAGE,
      "The certificate may not be used for this purpose: look at its key usage")
WIN32(ERROR_WINHTTP_HEADER_COUNT_EXCEEDED, "The peer's answer has too many header lines")
WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW, "The header of the peer's answer is too large")
WIN32(ERROR_WINHTTP_CHUNKED_ENCODING_HEADER_SIZE_OVERFLOW,
      "A chunk header in the peer's answer is too large")
WIN32(ERROR_WINHTTP_RESPONSE_DRAIN_OVERFLOW,
      "Too much of the peer's answer was left unread to keep the connection")
WIN32(ERROR_WINHTTP_CLIENT_CERT_NO_ACCESS_PRIVATE_KEY,
      "Our own certificate cannot be used: check its file, its key and the passphrase")

CODE(WS_E_INVALID_FORMAT,
     "The message is malformed: not XML, not a SOAP envelope, or its parts do not fit "
     "together")
CODE(WS_E_OBJECT_FAULTED, "The object failed before and can only be released")
CODE(WS_E_NUMERIC_OVERFLOW, "A number is too large")
CODE(WS_E_INVALID_OPERATION, "The call is not allowed in this state of the object")
CODE(WS_E_OPERATION_ABORTED, "The operation was aborted")
CODE(WS_E_ENDPOINT_ACCESS_DENIED, "The peer denied access: check the credentials")
CODE(WS_E_OPERATION_TIMED_OUT, "The operation took longer than its time limit")
CODE(WS_E_OPERATION_ABANDONED, "The operation was given up")
CODE(WS_E_QUOTA_EXCEEDED,
     "A limit on size or number was exceeded: send less, or raise the limit in the "
     "options")
CODE(WS_E_NO_TRANSLATION_AVAILABLE, "There is no text for this error")
CODE(WS_E_SECURITY_VERIFICATION_FAILURE,
     "The security of the received data could not be verified")
CODE(WS_E_ADDRESS_IN_USE,
     "Another program listens on this address and port: choose another port, or 0 for a "
     "free one")
CODE(WS_E_ADDRESS_NOT_AVAILABLE, "This machine does not have the address to listen on")
CODE(WS_E_ENDPOINT_NOT_FOUND,
     "There is nothing at this address: check host, port and path")
CODE(WS_E_ENDPOINT_NOT_AVAILABLE, "The peer is not available now: try again later")
CODE(WS_E_ENDPOINT_FAILURE, "The peer failed while it handled the request")
CODE(WS_E_ENDPOINT_UNREACHABLE, "The peer cannot be reached: check the network")
CODE(WS_E_ENDPOINT_ACTION_NOT_SUPPORTED,
     "The peer does not know the message's action: check its spelling and the device's "
     "services")
CODE(WS_E_ENDPOINT_TOO_BUSY, "The peer is too busy: try again later")
CODE(WS_E_ENDPOINT_FAULT_RECEIVED,
     "The peer answered with a SOAP fault: read it from the reply with "
     "wsd_inbound_message_fault")
CODE(WS_E_ENDPOINT_DISCONNECTED,
     "The connection ended before the message was complete: what was received of it is "
     "not the whole")
CODE(WS_E_PROXY_FAILURE, "The HTTP proxy failed")
CODE(WS_E_PROXY_ACCESS_DENIED, "The HTTP proxy denied access")
CODE(WS_E_NOT_SUPPORTED,
     "The message uses something that this version of the library does not support")
CODE(WS_E_PROXY_REQUIRES_BASIC_AUTH, "The HTTP proxy wants Basic authentication")
CODE(WS_E_PROXY_REQUIRES_DIGEST_AUTH, "The HTTP proxy wants Digest authentication")
CODE(WS_E_PROXY_REQUIRES_NTLM_AUTH, "The HTTP proxy wants NTLM authentication")
CODE(WS_E_PROXY_REQUIRES_NEGOTIATE_AUTH, "The HTTP proxy wants Negotiate authentication")
CODE(WS_E_SERVER_REQUIRES_BASIC_AUTH, "The peer wants Basic authentication")
CODE(WS_E_SERVER_REQUIRES_DIGEST_AUTH, "The peer wants Digest authentication")
CODE(WS_E_SERVER_REQUIRES_NTLM_AUTH, "The peer wants NTLM authentication")
CODE(WS_E_SERVER_REQUIRES_NEGOTIATE_AUTH, "The peer wants Negotiate authentication")
CODE(WS_E_INVALID_ENDPOINT_URL, "The peer's URL is malformed")
CODE(WS_E_OTHER, "The message failed for a reason that has no code of its own")
CODE(WS_E_SECURITY_TOKEN_EXPIRED, "A security token has expired: obtain a new one")
CODE(WS_E_SECURITY_SYSTEM_FAILURE, "The security system failed")

HTTP(400, "The peer answered 400 Bad Request: it did not understand the message")
HTTP(401, "The peer answered 401 Unauthorized: it wants credentials")
HTTP(403, "The peer answered 403 Forbidden: these credentials do not permit the request")
HTTP(404, "The peer answered 404 Not Found: check the path of the URL")
HTTP(405,
     "The peer answered 405 Method Not Allowed: the URL is not that of a SOAP service")
HTTP(407, "The proxy answered 407 Proxy Authentication Required: it wants credentials")
HTTP(408,
     "The peer answered 408 Request Timeout: write the document faster, or in one go")
HTTP(409, "The peer answered 409 Conflict: its state does not permit the request now")
HTTP(411, "The peer answered 411 Length Required: it does not take chunks")
HTTP(413,
     "The peer answered 413 Content Too Large: it does not take a document of this size")
HTTP(414, "The peer answered 414 URI Too Long: shorten the URL")
HTTP(415, "The peer answered 415 Unsupported Media Type: it does not take this kind of "
          "message or document")
HTTP(417, "The peer answered 417 Expectation Failed: it does not know Expect")
HTTP(429, "The peer answered 429 Too Many Requests: try again later")
HTTP(431,
     "The peer answered 431 Request Header Fields Too Large: shorten the header values")
HTTP(500,
     "The peer answered 500 Internal Server Error, without a SOAP fault that says why")
HTTP(501,
     "The peer answered 501 Not Implemented: it lacks something that the request needs, "
     "perhaps chunks")
HTTP(502,
     "The peer answered 502 Bad Gateway: a proxy got no valid answer from the device")
HTTP(503,
     "The peer answered 503 Service Unavailable: it is busy or switched off, try again "
     "later")
HTTP(504, "The peer answered 504 Gateway Timeout: a proxy got no answer in time")
HTTP(505, "The peer answered 505 HTTP Version Not Supported: it does not take HTTP/1.1")
HTTP(507, "The peer answered 507 Insufficient Storage: it has no room for the document")
