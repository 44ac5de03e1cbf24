/*
 * The exported functions of wininet.h: arguments and errors.  What they do is in the room
 * wininet.
 */
#include "wininet.h"

#include <string.h>

#include "api/internet_handles.h"
#include "base/mem.h"
#include "transport_curl/curl_transport.h"
#include "wininet/connection.h"
#include "wininet/ftp_file.h"
#include "wininet/http_exchange.h"
#include "wininet/internet_error.h"
#include "wininet/last_error.h"
#include "wininet/option.h"
#include "wininet/session.h"

#define INVALID_HANDLE HRESULT_FROM_WIN32(ERROR_INVALID_HANDLE)
#define WRONG_TYPE INTERNET_E(INTERNET_INCORRECT_HANDLE_TYPE)

/* ---- results ---- */

static DWORD error_of(HRESULT hr)
{
    return (DWORD)hr & 0xFFFF; /* all of them are HRESULT_FROM_WIN32() */
}

/* Success leaves the last error as it was. */
static BOOL tell_failure(HRESULT hr)
{
    if (FAILED(hr))
        wsd_last_error_set(error_of(hr));
    return hr == S_OK;
}

/* Success makes it 0. */
static BOOL tell(HRESULT hr)
{
    wsd_last_error_set(FAILED(hr) ? error_of(hr) : ERROR_SUCCESS);
    return hr == S_OK;
}

static HRESULT find_request(HINTERNET handle, struct wsd_request **out)
{
    struct wsd_internet_object *object;
    HRESULT hr = wsd_internet_find_kind(handle, WSD_INTERNET_REQUEST, WRONG_TYPE,
                                        WRONG_TYPE, &object);

    if (hr == S_OK)
        *out = (struct wsd_request *)object;
    return hr;
}

BOOL WSD_CALL InternetCloseHandle(HINTERNET hInternet)
{
    return tell_failure(wsd_internet_close(hInternet));
}

/* ---- sessions and connections ---- */

/* Every request brings its own timeouts. */
static HRESULT open_transport(const struct wsd_mem *mem, struct wsd_transport **out)
{
    const struct wsd_curl_options options = {.timeouts = {0}};
    struct wsd_curl_transport *transport;
    HRESULT hr = wsd_curl_transport_create(mem, &options, &transport);

    if (hr == S_OK)
        *out = wsd_curl_transport_seam(transport);
    return hr;
}

HINTERNET WSD_CALL InternetOpenA(LPCSTR lpszAgent, DWORD dwAccessType, LPCSTR lpszProxy,
                                 LPCSTR lpszProxyBypass, DWORD dwFlags)
{
    struct wsd_internet_options options;
    struct wsd_session *session = NULL;
    HINTERNET handle = NULL;
    HRESULT hr;

    (void)lpszProxyBypass;
    wsd_internet_get_defaults(&options);
    hr = wsd_session_create(wsd_mem_heap(), open_transport, &options, lpszAgent,
                            dwAccessType, lpszProxy, dwFlags, &session);
    if (hr == S_OK)
        hr = wsd_internet_add(&session->object);
    if (hr == S_OK) {
        handle = wsd_internet_handle_of(&session->object);
        wsd_internet_release(&session->object);
    }
    tell(hr);
    return handle;
}

static HRESULT open_connection(struct wsd_session *session, LPCSTR server,
                               INTERNET_PORT port, LPCSTR user, LPCSTR password,
                               DWORD service, DWORD flags, DWORD_PTR context,
                               HINTERNET *out)
{
    struct wsd_connection *connection;
    HINTERNET handle;
    HRESULT hr = wsd_connection_create(session, server, port, user, password, service,
                                       flags, &connection);

    if (hr == S_OK) {
        connection->object.synced.context = context;
        hr = wsd_internet_add(&connection->object);
    }
    if (FAILED(hr))
        return hr;
    handle = wsd_internet_handle_of(&connection->object);
    if (service == INTERNET_SERVICE_FTP)
        hr = wsd_connection_log_in(connection);
    if (hr == S_OK)
        *out = handle;
    else
        wsd_internet_close(handle);
    wsd_internet_release(&connection->object);
    return hr;
}

HINTERNET WSD_CALL InternetConnectA(HINTERNET hInternet, LPCSTR lpszServerName,
                                    INTERNET_PORT nServerPort, LPCSTR lpszUserName,
                                    LPCSTR lpszPassword, DWORD dwService, DWORD dwFlags,
                                    DWORD_PTR dwContext)
{
    struct wsd_internet_object *session = NULL;
    HINTERNET handle = NULL;
    HRESULT hr = wsd_internet_find_kind(hInternet, WSD_INTERNET_SESSION, INVALID_HANDLE,
                                        INVALID_HANDLE, &session);

    if (hr == S_OK)
        hr = open_connection((struct wsd_session *)session, lpszServerName, nServerPort,
                             lpszUserName, lpszPassword, dwService, dwFlags, dwContext,
                             &handle);
    wsd_internet_release(session);
    tell(hr);
    return handle;
}

/* ---- HTTP ---- */

HINTERNET WSD_CALL HttpOpenRequestA(HINTERNET hConnect, LPCSTR lpszVerb,
                                    LPCSTR lpszObjectName, LPCSTR lpszVersion,
                                    LPCSTR lpszReferrer, LPCSTR *lplpszAcceptTypes,
                                    DWORD dwFlags, DWORD_PTR dwContext)
{
    struct wsd_internet_object *connection = NULL;
    struct wsd_request *request = NULL;
    HINTERNET handle = NULL;
    HRESULT hr = wsd_internet_find_kind(hConnect, WSD_INTERNET_HTTP, WRONG_TYPE,
                                        WRONG_TYPE, &connection);

    if (hr == S_OK)
        hr = wsd_request_create((struct wsd_connection *)connection, lpszVerb,
                                lpszObjectName, lpszVersion, lpszReferrer,
                                lplpszAcceptTypes, dwFlags, &request);
    if (hr == S_OK) {
        request->object.synced.context = dwContext;
        hr = wsd_internet_add(&request->object);
    }
    if (hr == S_OK) {
        handle = wsd_internet_handle_of(&request->object);
        wsd_internet_release(&request->object);
    }
    wsd_internet_release(connection);
    tell_failure(hr);
    return handle;
}

static size_t text_length(LPCSTR text, DWORD length)
{
    if (text == NULL)
        return 0;
    return length == (DWORD)-1 ? strlen(text) : length;
}

BOOL WSD_CALL HttpAddRequestHeadersA(HINTERNET hRequest, LPCSTR lpszHeaders,
                                     DWORD dwHeadersLength, DWORD dwModifiers)
{
    struct wsd_request *request = NULL;
    HRESULT hr = find_request(hRequest, &request);

    if (FAILED(hr))
        return tell_failure(hr);
    hr = wsd_request_add_headers(request, lpszHeaders,
                                 text_length(lpszHeaders, dwHeadersLength), dwModifiers);
    wsd_internet_release(&request->object);
    return tell_failure(hr);
}

BOOL WSD_CALL HttpSendRequestExA(HINTERNET hRequest, LPINTERNET_BUFFERSA lpBuffersIn,
                                 LPINTERNET_BUFFERSA lpBuffersOut, DWORD dwFlags,
                                 DWORD_PTR dwContext)
{
    struct wsd_request_start start = {.wants_chunks = dwFlags & HSR_CHUNKED};
    struct wsd_request *request = NULL;
    HRESULT hr = find_request(hRequest, &request);

    (void)dwContext;
    if (FAILED(hr))
        return tell(hr);
    if (lpBuffersIn != NULL) {
        start.more = lpBuffersIn->lpcszHeader;
        start.more_length = text_length(start.more, lpBuffersIn->dwHeadersLength);
        start.bytes = lpBuffersIn->lpvBuffer;
        start.size = start.bytes == NULL ? 0 : lpBuffersIn->dwBufferLength;
        start.total = lpBuffersIn->dwBufferTotal;
    }
    hr = lpBuffersOut != NULL ? E_INVALIDARG : wsd_request_begin(request, &start);
    wsd_internet_release(&request->object);
    return tell(hr);
}

BOOL WSD_CALL HttpEndRequestA(HINTERNET hRequest, LPINTERNET_BUFFERSA lpBuffersOut,
                              DWORD dwFlags, DWORD_PTR dwContext)
{
    struct wsd_request *request = NULL;
    HRESULT hr = lpBuffersOut != NULL ? E_INVALIDARG : find_request(hRequest, &request);

    (void)dwFlags;
    (void)dwContext;
    if (FAILED(hr))
        return tell(hr);
    hr = wsd_request_end(request);
    wsd_internet_release(&request->object);
    return tell(hr);
}

BOOL WSD_CALL HttpSendRequestA(HINTERNET hRequest, LPCSTR lpszHeaders,
                               DWORD dwHeadersLength, LPVOID lpOptional,
                               DWORD dwOptionalLength)
{
    const struct wsd_request_start start = {
        .more = lpszHeaders,
        .more_length = text_length(lpszHeaders, dwHeadersLength),
        .bytes = lpOptional,
        .size = dwOptionalLength,
        .total = dwOptionalLength,
        .is_whole = true,
    };
    struct wsd_request *request = NULL;
    HRESULT hr = find_request(hRequest, &request);

    if (FAILED(hr))
        return tell(hr);
    hr = lpOptional == NULL && dwOptionalLength > 0 ? E_INVALIDARG
                                                    : wsd_request_send(request, &start);
    wsd_internet_release(&request->object);
    return tell(hr);
}

BOOL WSD_CALL HttpQueryInfoA(HINTERNET hRequest, DWORD dwInfoLevel, LPVOID lpBuffer,
                             LPDWORD lpdwBufferLength, LPDWORD lpdwIndex)
{
    struct wsd_request *request = NULL;
    HRESULT hr = find_request(hRequest, &request);

    if (FAILED(hr))
        return tell(hr);
    hr = wsd_request_query_info(request, dwInfoLevel, lpBuffer, lpdwBufferLength,
                                lpdwIndex);
    wsd_internet_release(&request->object);
    return tell(hr);
}

/* ---- FTP ---- */

static HRESULT open_file(struct wsd_connection *connection, LPCSTR name, DWORD access,
                         DWORD flags, DWORD_PTR context, HINTERNET *out)
{
    struct wsd_ftp_file *file;
    HINTERNET handle;
    HRESULT hr = wsd_ftp_file_create(connection, name, access, flags, &file);

    if (hr == S_OK) {
        file->object.synced.context = context;
        hr = wsd_internet_add(&file->object);
    }
    if (FAILED(hr))
        return hr;
    handle = wsd_internet_handle_of(&file->object);
    hr = wsd_ftp_file_open(file, name, flags);
    if (hr == S_OK)
        *out = handle;
    else
        wsd_internet_close(handle);
    wsd_internet_release(&file->object);
    return hr;
}

HINTERNET WSD_CALL FtpOpenFileA(HINTERNET hConnect, LPCSTR lpszFileName, DWORD dwAccess,
                                DWORD dwFlags, DWORD_PTR dwContext)
{
    struct wsd_internet_object *connection = NULL;
    HINTERNET handle = NULL;
    HRESULT hr = wsd_internet_find_kind(hConnect, WSD_INTERNET_FTP, INVALID_HANDLE,
                                        WRONG_TYPE, &connection);

    if (hr == S_OK)
        hr = open_file((struct wsd_connection *)connection, lpszFileName, dwAccess,
                       dwFlags, dwContext, &handle);
    wsd_internet_release(connection);
    tell(hr);
    return handle;
}

BOOL WSD_CALL InternetGetLastResponseInfoA(LPDWORD lpdwError, LPSTR lpszBuffer,
                                           LPDWORD lpdwBufferLength)
{
    const char *reply = wsd_last_error_reply();
    size_t length = strlen(reply);

    if (lpdwError == NULL || lpdwBufferLength == NULL)
        return tell_failure(E_INVALIDARG);
    *lpdwError = 0;
    if (lpszBuffer == NULL || *lpdwBufferLength == 0) {
        *lpdwBufferLength = length == 0 ? 0 : (DWORD)length + 1;
        return length == 0 ? TRUE
                           : tell_failure(HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER));
    }
    if (length >= *lpdwBufferLength)
        length = *lpdwBufferLength - 1;
    memcpy(lpszBuffer, reply, length);
    lpszBuffer[length] = '\0';
    *lpdwBufferLength = (DWORD)length;
    return TRUE;
}

/* ---- bytes ---- */

static HRESULT write_bytes(struct wsd_internet_object *object, LPCVOID bytes, DWORD size,
                           size_t *written)
{
    switch (object->kind) {
    case WSD_INTERNET_REQUEST:
        return wsd_request_write((struct wsd_request *)object, bytes, size, written);
    case WSD_INTERNET_FILE:
        return wsd_ftp_file_write((struct wsd_ftp_file *)object, bytes, size, written);
    default:
        return INVALID_HANDLE;
    }
}

BOOL WSD_CALL InternetWriteFile(HINTERNET hFile, LPCVOID lpBuffer,
                                DWORD dwNumberOfBytesToWrite,
                                LPDWORD lpdwNumberOfBytesWritten)
{
    struct wsd_internet_object *object;
    size_t written = 0;
    HRESULT hr;

    if (lpdwNumberOfBytesWritten != NULL)
        *lpdwNumberOfBytesWritten = 0;
    object = wsd_internet_find(hFile);
    if (object == NULL)
        return tell(INVALID_HANDLE);
    if (lpdwNumberOfBytesWritten == NULL ||
        (lpBuffer == NULL && dwNumberOfBytesToWrite > 0))
        hr = E_INVALIDARG;
    else
        hr = write_bytes(object, lpBuffer, dwNumberOfBytesToWrite, &written);
    wsd_internet_release(object);
    if (lpdwNumberOfBytesWritten != NULL)
        *lpdwNumberOfBytesWritten = (DWORD)written;
    return tell(hr);
}

static HRESULT read_bytes(struct wsd_internet_object *object, LPVOID bytes, DWORD size,
                          size_t *read)
{
    switch (object->kind) {
    case WSD_INTERNET_REQUEST:
        return wsd_request_read((struct wsd_request *)object, bytes, size, read);
    case WSD_INTERNET_FILE:
        return wsd_ftp_file_read((struct wsd_ftp_file *)object, bytes, size, read);
    default:
        return WRONG_TYPE;
    }
}

BOOL WSD_CALL InternetReadFile(HINTERNET hFile, LPVOID lpBuffer,
                               DWORD dwNumberOfBytesToRead, LPDWORD lpdwNumberOfBytesRead)
{
    struct wsd_internet_object *object;
    size_t read = 0;
    HRESULT hr;

    if (lpdwNumberOfBytesRead != NULL)
        *lpdwNumberOfBytesRead = 0;
    object = wsd_internet_find(hFile);
    if (object == NULL)
        return tell(INVALID_HANDLE);
    if (lpdwNumberOfBytesRead == NULL || (lpBuffer == NULL && dwNumberOfBytesToRead > 0))
        hr = E_INVALIDARG;
    else
        hr = read_bytes(object, lpBuffer, dwNumberOfBytesToRead, &read);
    wsd_internet_release(object);
    if (lpdwNumberOfBytesRead != NULL)
        *lpdwNumberOfBytesRead = (DWORD)read;
    return tell(hr);
}

static HRESULT count_bytes(struct wsd_internet_object *object, size_t *available)
{
    switch (object->kind) {
    case WSD_INTERNET_REQUEST:
        return wsd_request_available((struct wsd_request *)object, available);
    case WSD_INTERNET_FILE:
        return wsd_ftp_file_available((struct wsd_ftp_file *)object, available);
    default:
        return WRONG_TYPE;
    }
}

BOOL WSD_CALL InternetQueryDataAvailable(HINTERNET hFile,
                                         LPDWORD lpdwNumberOfBytesAvailable,
                                         DWORD dwFlags, DWORD_PTR dwContext)
{
    struct wsd_internet_object *object = wsd_internet_find(hFile);
    size_t available = 0;
    HRESULT hr;

    (void)dwFlags;
    (void)dwContext;
    if (object == NULL)
        return tell_failure(INVALID_HANDLE);
    hr = count_bytes(object, &available);
    wsd_internet_release(object);
    if (lpdwNumberOfBytesAvailable != NULL)
        *lpdwNumberOfBytesAvailable = (DWORD)available;
    return tell_failure(hr);
}

/* ---- options ---- */

BOOL WSD_CALL InternetSetOptionA(HINTERNET hInternet, DWORD dwOption, LPVOID lpBuffer,
                                 DWORD dwBufferLength)
{
    struct wsd_internet_object *object = wsd_internet_find(hInternet);
    HRESULT hr;

    if (hInternet != NULL && object == NULL)
        return tell_failure(INVALID_HANDLE);
    hr = wsd_internet_set_option(object, dwOption, lpBuffer, dwBufferLength);
    wsd_internet_release(object);
    return tell_failure(hr);
}

BOOL WSD_CALL InternetQueryOptionA(HINTERNET hInternet, DWORD dwOption, LPVOID lpBuffer,
                                   LPDWORD lpdwBufferLength)
{
    struct wsd_internet_object *object = wsd_internet_find(hInternet);
    struct wsd_internet_options defaults;
    HRESULT hr;

    if (hInternet != NULL && object == NULL)
        return tell_failure(INVALID_HANDLE);
    wsd_internet_get_defaults(&defaults);
    hr = wsd_option_query(object, &defaults, dwOption, lpBuffer, lpdwBufferLength);
    wsd_internet_release(object);
    return tell_failure(hr);
}

/* ---- the last error ---- */

DWORD WSD_CALL GetLastError(void)
{
    return wsd_last_error_get();
}

void WSD_CALL SetLastError(DWORD dwErrCode)
{
    wsd_last_error_set(dwErrCode);
}
