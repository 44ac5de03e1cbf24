#include "transport_curl/curl_transfer.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/hresult.h"
#include "os/clock.h"
#include "os/socket.h"
#include "transport_curl/curl_error.h"
#include "transport_curl/curl_tls.h"
#include "wsd_error.h"

/* libcurl sends one chunk for each read callback, and its size decides the speed. */
#define UPLOAD_BYTES ((size_t)256 * 1024)

/* libcurl reads so much at once. */
#define DOWNLOAD_BYTES ((size_t)64 * 1024)

/* libcurl takes no less for an upload. */
#define LEAST_BYTES ((size_t)16 * 1024)

static struct wsd_curl_transfer *transfer_from_seam(struct wsd_transfer *seam)
{
    return (void *)((char *)seam - offsetof(struct wsd_curl_transfer, seam));
}

static void transfer_free_curl(struct wsd_curl_transfer *transfer)
{
    curl_easy_cleanup(transfer->easy);
    transfer->easy = NULL;
    curl_slist_free_all(transfer->headers);
    transfer->headers = NULL;
}

void wsd_curl_transfer_release(struct wsd_curl_transfer *transfer)
{
    if (atomic_fetch_sub(&transfer->references, 1) > 1)
        return;
    transfer_free_curl(transfer);
    wsd_curl_transport_drop(transfer->transport);
    wsd_free(transfer->mem, transfer);
}

/* ---- the seam: any thread ---- */

static void transfer_start(struct wsd_transfer *seam)
{
    wsd_curl_transport_request(transfer_from_seam(seam), WSD_CURL_START);
}

static void transfer_wake(struct wsd_transfer *seam)
{
    wsd_curl_transport_request(transfer_from_seam(seam), WSD_CURL_WAKE);
}

static void transfer_abort(struct wsd_transfer *seam)
{
    wsd_curl_transport_request(transfer_from_seam(seam), WSD_CURL_ABORT);
}

static bool transfer_drive(struct wsd_transfer *seam, enum wsd_transfer_ask ask,
                           const struct wsd_transfer_wait *wait)
{
    static const unsigned requests[] = {[WSD_ASK_START] = WSD_CURL_START,
                                        [WSD_ASK_WAKE] = WSD_CURL_WAKE,
                                        [WSD_ASK_NOTHING] = 0};

    return wsd_curl_transport_drive(transfer_from_seam(seam), requests[ask], wait);
}

static void transfer_release(struct wsd_transfer *seam)
{
    wsd_curl_transfer_release(transfer_from_seam(seam));
}

static const struct wsd_transfer_vtable transfer_vtable = {
    .start = transfer_start,
    .wake = transfer_wake,
    .abort = transfer_abort,
    .drive = transfer_drive,
    .release = transfer_release,
};

/* ---- libcurl's callbacks ---- */

static size_t transfer_on_read(char *buffer, size_t size, size_t count, void *context)
{
    struct wsd_curl_transfer *transfer = context;
    enum wsd_pull pull = WSD_PULL_NOTHING_NOW;
    size_t pulled = 0;

    if (FAILED(transfer->failure))
        return CURL_READFUNC_ABORT;
    /* What follows a status that is answered is for the next request. */
    if (transfer->challenge == 0)
        transfer->pulled = true;
    if (transfer->pulled && !transfer->cut)
        pull = transfer->body->vtable->pull(transfer->body, (uint8_t *)buffer,
                                            size * count, &pulled);
    wsd_curl_transport_touch(transfer);
    switch (pull) {
    case WSD_PULL_BYTES:
        transfer->pulled_bytes += pulled;
        if (pulled == size * count)
            wsd_curl_transport_note_more(transfer, pulled);
        /* libcurl does not ask again when it has all of a declared length. */
        if (transfer->pulled_bytes == transfer->body_length)
            transfer->pulled_all = true;
        return pulled;
    case WSD_PULL_NOTHING_YET:
        wsd_curl_transport_look_again(transfer);
        transfer->paused = true;
        return CURL_READFUNC_PAUSE;
    case WSD_PULL_NOTHING_NOW:
        transfer->paused = true;
        return CURL_READFUNC_PAUSE;
    case WSD_PULL_END:
        transfer->pulled_all = true;
        if (transfer->protocol->end_body != NULL)
            transfer->protocol->end_body(transfer);
        return 0;
    default:
        transfer->failure = E_ABORT;
        return CURL_READFUNC_ABORT;
    }
}

/* libcurl begins again. */
static int transfer_on_seek(void *context, curl_off_t offset, int origin)
{
    struct wsd_curl_transfer *transfer = context;

    if (offset != 0 || origin != SEEK_SET || !wsd_curl_transfer_rewind(transfer))
        return CURL_SEEKFUNC_CANTSEEK;
    return CURL_SEEKFUNC_OK;
}

static size_t transfer_on_header(char *line, size_t size, size_t count, void *context)
{
    struct wsd_curl_transfer *transfer = context;
    const struct wsd_transfer_handler_vtable *handler = transfer->handler->vtable;
    size_t length = size * count;
    HRESULT hr;

    transfer->timers.progress_ms = wsd_clock_ms();
    wsd_curl_transport_touch(transfer);
    hr = transfer->protocol->line(transfer, line, length);
    if (FAILED(hr)) {
        transfer->failure = hr;
        return 0;
    }
    if (handler->line != NULL)
        handler->line(transfer->handler, line, length);
    return length;
}

void wsd_curl_transfer_let_stand(struct wsd_curl_transfer *transfer)
{
    if (transfer->challenge == 0)
        return;
    transfer->status = transfer->challenge;
    transfer->challenge = 0;
    transfer->pulled = true;
}

HRESULT wsd_curl_transfer_begin_body(struct wsd_curl_transfer *transfer,
                                     const char *content_type)
{
    transfer->body_begun = true;
    wsd_curl_transfer_let_stand(transfer); /* what libcurl answers, it does not show */
    return transfer->handler->vtable->begin_body(transfer->handler, transfer->status,
                                                 content_type);
}

static size_t transfer_on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct wsd_curl_transfer *transfer = context;
    struct wsd_transfer_handler *handler = transfer->handler;
    size_t length = size * count;
    const char *content_type = NULL;
    size_t taken = 0;
    HRESULT hr = S_OK;

    transfer->timers.progress_ms = wsd_clock_ms();
    wsd_curl_transport_touch(transfer);
    if (transfer->challenge != 0 && transfer->wants_length)
        return length; /* nobody is told of it */
    if (!transfer->body_begun) {
        curl_easy_getinfo(transfer->easy, CURLINFO_CONTENT_TYPE, &content_type);
        hr = wsd_curl_transfer_begin_body(transfer, content_type);
    }
    if (hr == S_OK && length > transfer->taken)
        hr = handler->vtable->body(handler, (const uint8_t *)bytes + transfer->taken,
                                   length - transfer->taken, &taken);
    if (hr != S_OK) {
        transfer->failure = hr;
        return 0;
    }
    transfer->taken += taken;
    if (transfer->taken < length) { /* libcurl keeps all of them and gives them again */
        transfer->full = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    transfer->taken = 0;
    return length;
}

static curl_socket_t transfer_on_open_socket(void *context, curlsocktype purpose,
                                             struct curl_sockaddr *address)
{
    struct wsd_curl_transfer *transfer = context;
    int fd;

    (void)purpose;
    transfer->resolved = true;
    wsd_curl_transport_touch(transfer);
    /* libcurl would ask once more what has its answer: behind a late 417. */
    if (transfer->status != 0 && transfer->head_ended)
        return CURL_SOCKET_BAD;
    /* It would make a connection before it asks for its request's body. */
    if (transfer->body_length > 0 && !wsd_curl_transfer_rewind(transfer)) {
        transfer->failure = HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST);
        return CURL_SOCKET_BAD;
    }
    transfer->sockets++;
    fd = wsd_socket_open(address->family, address->socktype, address->protocol);
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

/* ---- creation ---- */

HRESULT wsd_curl_transfer_add_line(struct wsd_curl_transfer *transfer, const char *line)
{
    struct curl_slist *longer = curl_slist_append(transfer->headers, line);

    if (longer == NULL)
        return E_OUTOFMEMORY;
    transfer->headers = longer;
    return S_OK;
}

/* Small rings are for memory's sake. */
static long buffer_bytes(const struct wsd_curl_transfer *transfer, size_t rings_share,
                         size_t most)
{
    size_t ring_bytes = wsd_curl_transport_options(transfer->transport)->ring_bytes;
    size_t share = ring_bytes > 0 ? ring_bytes / rings_share : most;

    return (long)(share < LEAST_BYTES ? LEAST_BYTES : share < most ? share : most);
}

void wsd_curl_transfer_set_upload_buffer(struct wsd_curl_transfer *transfer,
                                         bool is_small)
{
    curl_easy_setopt(transfer->easy, CURLOPT_UPLOAD_BUFFERSIZE,
                     buffer_bytes(transfer, is_small ? 4 : 2, UPLOAD_BYTES));
}

HRESULT wsd_curl_transfer_set_options(struct wsd_curl_transfer *transfer, const char *url)
{
    CURL *easy = transfer->easy;
    CURLcode code = CURLE_OK;

#define SET(option, value)                                                               \
    if (code == CURLE_OK)                                                                \
    code = curl_easy_setopt(easy, CURLOPT_##option, value)
    SET(URL, url);
    SET(PRIVATE, transfer);
    SET(ERRORBUFFER, transfer->error);
    SET(NOSIGNAL, 1L);
#if LIBCURL_VERSION_NUM >= 0x075700
    SET(QUICK_EXIT, 1L); /* an abort does not wait for a name server */
#endif
    SET(PROXY, "");   /* not the environment's, */
    SET(NOPROXY, ""); /* and no list of its of whom to reach without one */
    SET(OPENSOCKETFUNCTION, transfer_on_open_socket);
    SET(OPENSOCKETDATA, transfer);
    SET(BUFFERSIZE, buffer_bytes(transfer, 4, DOWNLOAD_BYTES));
    SET(READFUNCTION, transfer_on_read);
    SET(READDATA, transfer);
    SET(SEEKFUNCTION, transfer_on_seek);
    SET(SEEKDATA, transfer);
    SET(HEADERFUNCTION, transfer_on_header);
    SET(HEADERDATA, transfer);
    SET(WRITEFUNCTION, transfer_on_body);
    SET(WRITEDATA, transfer);
#undef SET
    return wsd_curl_error(code);
}

HRESULT wsd_curl_transfer_create(const struct wsd_mem *mem,
                                 struct wsd_curl_transport *transport,
                                 const struct wsd_curl_protocol *protocol,
                                 const struct wsd_timeouts *timeouts,
                                 struct wsd_transfer_handler *handler,
                                 struct wsd_curl_transfer **out)
{
    struct wsd_curl_transfer *transfer = wsd_alloc(mem, sizeof(*transfer));

    if (transfer == NULL)
        return E_OUTOFMEMORY;
    transfer->seam.vtable = &transfer_vtable;
    transfer->protocol = protocol;
    transfer->mem = mem;
    transfer->transport = transport;
    wsd_curl_transport_keep(transport);
    atomic_init(&transfer->references, 2); /* the caller's and the transport's */
    transfer->handler = handler;
    transfer->timers.timeouts =
        timeouts != NULL ? *timeouts : wsd_curl_transport_options(transport)->timeouts;
    transfer->fd = transfer->data = CURL_SOCKET_BAD;
    transfer->easy = curl_easy_init();
    if (transfer->easy == NULL) {
        wsd_curl_transfer_destroy(transfer);
        return E_OUTOFMEMORY;
    }
    *out = transfer;
    return S_OK;
}

void wsd_curl_transfer_destroy(struct wsd_curl_transfer *transfer)
{
    atomic_store(&transfer->references, 1);
    wsd_curl_transfer_release(transfer);
}

/* ---- the driver ---- */

void wsd_curl_transfer_log(struct wsd_curl_transfer *transfer, DWORD level,
                           HRESULT result, const char *words)
{
    struct wsd_log_subject subject = {
        .observer = wsd_curl_transport_observer(transfer->transport),
        .message_id = transfer->message_id};

    curl_easy_getinfo(transfer->easy, CURLINFO_EFFECTIVE_URL, &subject.name);
    wsd_observer_log(&subject, level,
                     wsd_curl_tls_is_failure(result) ? WSD_LOG_TLS : WSD_LOG_TRANSPORT,
                     result, "%s", words);
}

static void transfer_log_failure(struct wsd_curl_transfer *transfer, HRESULT result)
{
    char words[CURL_ERROR_SIZE + 64];

    (void)snprintf(words, sizeof(words), "%s (%s)",
                   transfer->error[0] != '\0' ? transfer->error
                                              : wsd_hresult_text(result),
                   wsd_hresult_name(result));
    /* It was the application's own wish. */
    wsd_curl_transfer_log(transfer, result == E_ABORT ? WSD_LOG_DEBUG : WSD_LOG_ERROR,
                          result, words);
}

static void transfer_log_end(struct wsd_curl_transfer *transfer)
{
    curl_off_t sent = 0, received = 0;
    long connections = 0;
    char words[128];

    if (!wsd_observer_reads(wsd_curl_transport_observer(transfer->transport),
                            WSD_LOG_DEBUG))
        return;
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &sent);
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_DOWNLOAD_T, &received);
    curl_easy_getinfo(transfer->easy, CURLINFO_NUM_CONNECTS, &connections);
    (void)snprintf(words, sizeof(words),
                   "ends with status %d, %" PRId64 " octets sent and %" PRId64
                   " received, new connections: %ld",
                   transfer->status, (int64_t)sent, (int64_t)received, connections);
    wsd_curl_transfer_log(transfer, WSD_LOG_DEBUG, S_OK, words);
}

/* A peer that resets, or does not acknowledge all, has closed before it read the rest. */
void wsd_curl_transfer_leave_socket(struct wsd_curl_transfer *transfer, int fd)
{
    long cause = 0;

    if (transfer->sockets != transfer->sockets_before)
        return; /* a new one, over which no request has gone */
    curl_easy_getinfo(transfer->easy, CURLINFO_OS_ERRNO, &cause);
    transfer->unread =
        transfer->unread || cause == ECONNRESET || !wsd_socket_is_acknowledged(fd);
}

bool wsd_curl_transfer_rewind(struct wsd_curl_transfer *transfer)
{
    struct wsd_body_source *body = transfer->body;

    if (transfer->body_length > 0 &&
        (transfer->pulled_bytes > 0 || transfer->pulled_all)) {
        if (transfer->sent && transfer->challenge == 0 && !transfer->unread)
            return false;
        if (body->vtable->rewind == NULL || !body->vtable->rewind(body))
            return false;
        wsd_curl_transfer_log(transfer, WSD_LOG_DEBUG, S_OK, "is sent again");
    }
    transfer->pulled = transfer->pulled_all = transfer->sent = false;
    transfer->pulled_bytes = 0;
    return true;
}

static void transfer_limit_connecting(struct wsd_curl_transfer *transfer, uint64_t now_ms)
{
    curl_easy_setopt(transfer->easy, CURLOPT_CONNECTTIMEOUT_MS,
                     wsd_curl_timers_connect_limit(&transfer->timers, now_ms));
}

static void transfer_begin(struct wsd_curl_transfer *transfer)
{
    uint64_t now_ms = wsd_clock_ms();

    wsd_curl_timers_begin(&transfer->timers, now_ms);
    transfer->resolved = transfer->timers.timeouts.resolve_ms == 0;
    transfer->connected = false;
    transfer_limit_connecting(transfer, now_ms);
}

void wsd_curl_transfer_again(struct wsd_curl_transfer *transfer)
{
    wsd_curl_transport_remove(transfer);
    transfer->paused = transfer->full = transfer->head_ended = false;
    transfer->curl_is_done = transfer->spoiled = false;
    transfer->challenge = 0;
    transfer->interest = CURL_POLL_NONE;
    transfer->taken = 0;
    transfer->error[0] = '\0';
    transfer_begin(transfer);
    transfer->failure = wsd_curl_transport_add(transfer);
    wsd_curl_transport_touch(transfer);
}

void wsd_curl_transfer_tell_sent(struct wsd_curl_transfer *transfer)
{
    transfer->sent = true;
    transfer->body->vtable->sent(transfer->body);
}

void wsd_curl_transfer_finish(struct wsd_curl_transfer *transfer, HRESULT result)
{
    result = transfer->protocol->conclude(transfer, result);
    if (FAILED(result))
        transfer_log_failure(transfer, result);
    if (transfer->added) {
        transfer_log_end(transfer);
        wsd_curl_transport_remove(transfer);
    }
    wsd_curl_transport_forget(transfer);
    transfer_free_curl(transfer);
    transfer->handler->vtable->done(transfer->handler, result);
    wsd_curl_transfer_release(transfer);
}

/* A pause that ends gives one. */
void wsd_curl_transfer_give_turn(struct wsd_curl_transfer *transfer)
{
    curl_easy_pause(transfer->easy, CURLPAUSE_RECV);
    curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
}

void wsd_curl_transfer_continue(struct wsd_curl_transfer *transfer)
{
    CURLcode code;

    transfer->paused = false;
    transfer->full = false;
    code = curl_easy_pause(transfer->easy, CURLPAUSE_CONT);
    /* It calls the callbacks: what they found goes before what libcurl makes of it. */
    if (code != CURLE_OK && transfer->failure == S_OK)
        transfer->failure = wsd_curl_error(code);
    wsd_curl_transport_touch(transfer);
}

void wsd_curl_transfer_wake(struct wsd_curl_transfer *transfer)
{
    if (transfer->full || (transfer->paused && !transfer->cut))
        wsd_curl_transfer_continue(transfer);
}

void wsd_curl_transfer_serve(struct wsd_curl_transfer *transfer, unsigned requests)
{
    if (requests & WSD_CURL_ABORT) {
        wsd_curl_transfer_finish(transfer, E_ABORT);
        return;
    }
    if ((requests & WSD_CURL_START) && !transfer->added) {
        HRESULT hr = wsd_curl_transport_add(transfer);

        if (FAILED(hr)) {
            wsd_curl_transfer_finish(transfer, hr);
            return;
        }
        transfer_begin(transfer);
        wsd_curl_transfer_log(transfer, WSD_LOG_DEBUG, S_OK, "begins");
    }
    if (requests & WSD_CURL_WAKE)
        wsd_curl_transfer_wake(transfer);
    wsd_curl_transport_touch(transfer);
}

/* ---- timers ---- */

static enum wsd_curl_phase transfer_phase(const struct wsd_curl_transfer *transfer)
{
    if (transfer->connected)
        return transfer->protocol->phase(transfer);
    return transfer->resolved ? WSD_CURL_CONNECTING : WSD_CURL_RESOLVING;
}

static void transfer_time_out(struct wsd_curl_transfer *transfer)
{
    (void)snprintf(transfer->error, sizeof(transfer->error), "timed out, waiting for %s",
                   wsd_curl_timers_awaited(transfer_phase(transfer)));
    wsd_curl_transfer_finish(transfer, HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT));
}

void wsd_curl_transfer_check(struct wsd_curl_transfer *transfer, uint64_t now_ms)
{
    curl_off_t uploaded = 0;
    uint64_t look_ms;

    if (transfer->easy == NULL || !transfer->added)
        return;
    curl_easy_getinfo(transfer->easy, CURLINFO_SIZE_UPLOAD_T, &uploaded);
    look_ms = wsd_curl_timers_look(&transfer->timers, transfer_phase(transfer), uploaded,
                                   now_ms);
    if (look_ms <= now_ms) {
        transfer_time_out(transfer);
        return;
    }
    if (transfer->timers.phase == WSD_CURL_RESOLVING)
        transfer_limit_connecting(transfer, now_ms);
    wsd_curl_transport_schedule(transfer->transport, look_ms);
}

/* A peer that sends no more would not let the handler say that it wants no more. */
static void transfer_ask(struct wsd_curl_transfer *transfer)
{
    size_t taken;

    if (transfer->body_begun && !transfer->full && !transfer->curl_is_done &&
        transfer->failure == S_OK)
        transfer->failure =
            transfer->handler->vtable->body(transfer->handler, NULL, 0, &taken);
}

void wsd_curl_transfer_settle(struct wsd_curl_transfer *transfer)
{
    if (transfer->body != NULL)
        wsd_body_source_rest(transfer->body);
    transfer_ask(transfer);
    if (FAILED(transfer->failure)) {
        wsd_curl_transfer_finish(transfer, transfer->failure);
    } else if (transfer->curl_is_done) {
        HRESULT result = wsd_curl_error(transfer->curl_result);

        if (transfer->protocol->retry != NULL &&
            transfer->protocol->retry(transfer, result))
            return;
        if (transfer->curl_result == CURLE_OPERATION_TIMEDOUT) /* ours was late */
            transfer_time_out(transfer);
        else
            wsd_curl_transfer_finish(transfer, result);
    } else {
        transfer->protocol->settle(transfer);
        if (transfer->easy == NULL)
            return;
        /* libcurl 7.88 has given up an address, and the next would be kept waiting. */
        if (transfer_phase(transfer) == WSD_CURL_CONNECTING &&
            transfer->interest == CURL_POLL_NONE)
            wsd_curl_transfer_give_turn(transfer);
        wsd_curl_transfer_check(transfer, wsd_clock_ms());
    }
}
