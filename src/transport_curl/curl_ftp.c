#include "transport_curl/curl_ftp.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "transport_curl/curl_error.h"
#include "wsd_error.h"

#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define INTERNAL_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_INTERNAL_ERROR)
#define LOGIN_FAILURE HRESULT_FROM_WIN32(ERROR_WINHTTP_LOGIN_FAILURE)
#define TIMEOUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)

enum { NOT_AVAILABLE = 421, NOT_LOGGED_IN = 530 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* RFC 959 section 4.2: the last line of a reply is its code and a space. */
static int reply_code(const char *line, size_t length)
{
    if (length < 4 || line[3] != ' ')
        return 0;
    for (int i = 0; i < 3; i++)
        if (!is_digit(line[i]))
            return 0;
    return (line[0] - '0') * 100 + (line[1] - '0') * 10 + (line[2] - '0');
}

static HRESULT ftp_line(struct wsd_curl_transfer *transfer, const char *line,
                        size_t length)
{
    int code = reply_code(line, length);

    if (code != 0)
        transfer->status = code;
    transfer->connected = true;
    return S_OK;
}

static bool is_uploading(const struct wsd_curl_transfer *transfer)
{
    return transfer->body != NULL && transfer->pulled && !transfer->pulled_all;
}

/* The end of the data connection is the end of the file for the server, unless it is
 * reset.  So an upload's is, whoever closes it, and be it the kernel. */
static void set_reset(curl_socket_t data, bool is_reset)
{
    const struct linger linger = {.l_onoff = is_reset, .l_linger = 0};

    setsockopt(data, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger));
}

static void ftp_end_body(struct wsd_curl_transfer *transfer)
{
    set_reset(transfer->data, false);
}

static void ftp_settle(struct wsd_curl_transfer *transfer)
{
    curl_off_t found_us = 0;

    if (!transfer->connected) {
        /* Behind the look-up of the name, what libcurl reads is a reply; the time of the
         * connect it tells of new connections only. */
        curl_easy_getinfo(transfer->easy, CURLINFO_NAMELOOKUP_TIME_T, &found_us);
        transfer->connected = found_us > 0 && (transfer->interest & CURL_POLL_IN);
    }
    /* A reply may be there at once, between two sockets. */
    if (transfer->connected && !transfer->pulled && !transfer->body_begun &&
        transfer->interest == CURL_POLL_NONE)
        wsd_curl_transfer_give_turn(transfer);
}

static enum wsd_curl_phase ftp_phase(const struct wsd_curl_transfer *transfer)
{
    if (transfer->paused)
        return WSD_CURL_STARVING;
    if (transfer->full)
        return WSD_CURL_FULL;
    return is_uploading(transfer) ? WSD_CURL_SENDING : WSD_CURL_AWAITING;
}

/* libcurl waits for the reply behind the data without returning, but calls this. */
static int ftp_on_progress(void *context, curl_off_t download_total,
                           curl_off_t downloaded, curl_off_t upload_total,
                           curl_off_t uploaded)
{
    struct wsd_curl_transfer *transfer = context;

    (void)download_total;
    (void)downloaded;
    (void)upload_total;
    (void)uploaded;
    if (!wsd_curl_transport_wants_end(transfer))
        return 0;
    transfer->failure = E_ABORT;
    wsd_curl_transport_touch(transfer);
    return 1;
}

static int ftp_on_socket(void *context, curl_socket_t fd, curlsocktype purpose)
{
    struct wsd_curl_transfer *transfer = context;

    if (transfer->body != NULL && transfer->connected) {
        transfer->data = fd;
        set_reset(fd, true);
    }
    if (purpose == CURLSOCKTYPE_ACCEPT)
        fcntl(fd, F_SETFD, FD_CLOEXEC);
    else
        wsd_curl_sockets_keep(wsd_curl_transport_sockets(transfer->transport), fd);
    return CURL_SOCKOPT_OK;
}

static int ftp_on_close_socket(void *context, curl_socket_t fd)
{
    wsd_curl_sockets_drop(wsd_curl_transport_sockets(context), fd);
    return close(fd);
}

static HRESULT ftp_conclude(struct wsd_curl_transfer *transfer, HRESULT result)
{
    long cause = 0;

    if (!transfer->curl_is_done || FAILED(transfer->failure))
        return result;
    if (result == S_OK) {
        if (transfer->body != NULL && !transfer->sent)
            wsd_curl_transfer_tell_sent(transfer);
        return result;
    }
    /* libcurl calls the reply 421 a timeout. */
    if (result == E_OUTOFMEMORY ||
        (result == TIMEOUT && transfer->status != NOT_AVAILABLE))
        return result;
    if (transfer->status >= 400)
        return result == LOGIN_FAILURE && transfer->status == NOT_LOGGED_IN
                   ? result
                   : WSD_TRANSFER_REFUSED;
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &cause);
    if (result == CONNECTION_ERROR && cause == ECONNRESET)
        return WSD_TRANSFER_RESET;
    /* The control connection ended, or what came over it made no sense. */
    return result == INTERNAL_ERROR || result == WS_E_ENDPOINT_DISCONNECTED
               ? CONNECTION_ERROR
               : result;
}

static const struct wsd_curl_protocol ftp_protocol = {
    .line = ftp_line,
    .settle = ftp_settle,
    .phase = ftp_phase,
    .conclude = ftp_conclude,
    .end_body = ftp_end_body,
};

/* ---- creation ---- */

static long whole_seconds(DWORD milliseconds)
{
    return milliseconds == INFINITE ? (long)(INT_MAX / 1000)
                                    : (long)(milliseconds / 1000) + 1;
}

static HRESULT set_options(struct wsd_curl_transfer *transfer,
                           const struct wsd_ftp_request *request)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, CURLOPT_##option, value)
    SET(PROTOCOLS_STR, "ftp");
    SET(USERNAME, request->user);
    SET(PASSWORD, request->password);
    SET(NOBODY, request->url[strlen(request->url) - 1] == '/' ? 1L : 0L);
    SET(PATH_AS_IS, 1L); /* a file's name may begin with dots */
    SET(FTP_FILEMETHOD, (long)CURLFTPMETHOD_NOCWD);
    SET(FTPPORT, request->is_active ? "-" : NULL);
    SET(SOCKOPTFUNCTION, ftp_on_socket);
    SET(SOCKOPTDATA, transfer);
    SET(CLOSESOCKETFUNCTION, ftp_on_close_socket);
    SET(CLOSESOCKETDATA, transfer->transport); /* which the connection's end still has */
    SET(NOPROGRESS, 0L);
    SET(XFERINFOFUNCTION, ftp_on_progress);
    SET(XFERINFODATA, transfer);
    /* Seconds: our timer is the one that counts, but not while libcurl does not return.
     */
    SET(SERVER_RESPONSE_TIMEOUT, whole_seconds(transfer->timers.timeouts.response_ms));
    SET(PREQUOTE, transfer->headers);
    SET(FRESH_CONNECT, request->is_new_connection ? 1L : 0L);
    SET(FORBID_REUSE, request->is_text ? 1L : 0L); /* libcurl believes it in type I */
    if (request->body != NULL) {
        SET(UPLOAD, 1L);
        SET(INFILESIZE_LARGE, (curl_off_t)-1);
    }
#undef SET
    return wsd_curl_error(code);
}

HRESULT wsd_curl_ftp_create(const struct wsd_mem *mem,
                            struct wsd_curl_transport *transport,
                            const struct wsd_ftp_request *request,
                            struct wsd_transfer_handler *handler,
                            struct wsd_curl_transfer **out)
{
    struct wsd_curl_transfer *transfer;
    HRESULT hr = wsd_curl_transfer_create(mem, transport, &ftp_protocol,
                                          request->timeouts, handler, &transfer);

    if (FAILED(hr))
        return hr;
    transfer->body = request->body;
    transfer->body_length = WSD_LENGTH_UNKNOWN;
    /* libcurl's own type A changes line ends. */
    if (request->is_text)
        hr = wsd_curl_transfer_add_line(transfer, "TYPE A");
    if (hr == S_OK)
        hr = wsd_curl_transfer_set_options(transfer, request->url);
    if (hr == S_OK)
        hr = set_options(transfer, request);
    if (FAILED(hr)) {
        wsd_curl_transfer_destroy(transfer);
        return hr;
    }
    *out = transfer;
    return S_OK;
}
