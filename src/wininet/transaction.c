#include "wininet/transaction.h"

#include <stdatomic.h>
#include <string.h>

#include "attachment/channel.h"
#include "os/monitor.h"
#include "wininet/internet_error.h"

enum {
    UPLOAD_BYTES = 1 << 20,
    DOWNLOAD_BYTES = 1 << 18,
    UNWANTED_BYTES = 1 << 16, /* cheaper to receive than another connection */
    REPLY_BYTES = 512
};

struct wsd_transaction {
    struct wsd_body_source source;
    struct wsd_transfer_handler handler;
    const struct wsd_mem *mem;     /* borrowed */
    atomic_uint references;        /* the owner's; the transfer's until done() */
    struct wsd_transfer *transfer; /* constant from the start on */
    bool is_ftp;

    /* Shared with the transport's thread */
    struct {
        struct wsd_monitor monitor;
        bool is_cancelled;
        bool is_abandoned; /* cancelled, but the rest of the response may come */
        size_t unwanted;   /* bytes of it that came */
        bool has_started;  /* the head is out; FTP: the server agreed to the file */
        bool has_status;   /* the final one, whose head `head` is or will be */
        bool is_refused;   /* it came before the body's end */
        bool has_ended;    /* nothing more will be written */
        bool is_hungry;    /* the transport was told that there is nothing now */
        bool is_full;      /* it was told that there is no room now */
        bool is_done;
        HRESULT result; /* of the transfer, once it is done */
        struct wsd_channel upload, download;
        struct wsd_response_head head;
        DWORD challenge;
        bool has_reply_begun;    /* something of a response came */
        char reply[REPLY_BYTES]; /* FTP: its last line */
    } synced;
};

static void enter(struct wsd_transaction *transaction)
{
    wsd_monitor_enter(&transaction->synced.monitor);
}

static void leave(struct wsd_transaction *transaction)
{
    wsd_monitor_leave(&transaction->synced.monitor);
}

static void changed_locked(struct wsd_transaction *transaction)
{
    wsd_monitor_wake_all(&transaction->synced.monitor);
}

static void sleep_locked(struct wsd_transaction *transaction)
{
    wsd_monitor_wait_until(&transaction->synced.monitor, UINT64_MAX);
}

static void drop(struct wsd_transaction *transaction)
{
    if (atomic_fetch_sub(&transaction->references, 1) > 1)
        return;
    if (transaction->transfer != NULL)
        transaction->transfer->vtable->release(transaction->transfer);
    wsd_channel_fini(&transaction->synced.upload);
    wsd_channel_fini(&transaction->synced.download);
    wsd_response_head_fini(&transaction->synced.head);
    wsd_monitor_fini(&transaction->synced.monitor);
    wsd_free(transaction->mem, transaction);
}

/* ---- the body: the transport's thread ---- */

static struct wsd_transaction *from_source(struct wsd_body_source *source)
{
    return (void *)((char *)source - offsetof(struct wsd_transaction, source));
}

static enum wsd_pull source_pull(struct wsd_body_source *source, uint8_t *buffer,
                                 size_t capacity, size_t *size)
{
    struct wsd_transaction *transaction = from_source(source);
    enum wsd_pull result = WSD_PULL_BYTES;

    *size = 0;
    enter(transaction);
    transaction->synced.has_started = true;
    if (!transaction->synced.is_cancelled)
        *size = wsd_channel_drain_locked(&transaction->synced.upload, buffer, capacity);
    if (transaction->synced.is_cancelled)
        result = WSD_PULL_ABORTED;
    else if (*size == 0)
        result = transaction->synced.has_ended ? WSD_PULL_END : WSD_PULL_NOTHING_NOW;
    transaction->synced.is_hungry = result == WSD_PULL_NOTHING_NOW;
    changed_locked(transaction);
    leave(transaction);
    return result;
}

static void source_sent(struct wsd_body_source *source)
{
    struct wsd_transaction *transaction = from_source(source);

    enter(transaction);
    transaction->synced.has_started = true;
    changed_locked(transaction);
    leave(transaction);
}

static const struct wsd_body_source_vtable source_vtable = {.pull = source_pull,
                                                            .sent = source_sent};

/* ---- the response: the transport's thread ---- */

static struct wsd_transaction *from_handler(struct wsd_transfer_handler *handler)
{
    return (void *)((char *)handler - offsetof(struct wsd_transaction, handler));
}

/* RFC 959 section 4.2: the last line of a reply is its code and a space. */
static void take_reply_locked(struct wsd_transaction *transaction, const char *line,
                              size_t size)
{
    char *reply = transaction->synced.reply;

    if (size < 4 || line[3] != ' ' || strspn(line, "0123456789") < 3)
        return;
    if (size >= REPLY_BYTES)
        size = REPLY_BYTES - 1;
    memcpy(reply, line, size);
    reply[size] = '\0';
    reply[strcspn(reply, "\r\n")] = '\0';
    if (reply[0] == '1') /* "about to open the data connection" */
        transaction->synced.has_started = true;
}

/* From here on the application has it. */
static bool has_head_locked(const struct wsd_transaction *transaction)
{
    return transaction->synced.has_status && transaction->synced.head.is_complete;
}

static void handler_line(struct wsd_transfer_handler *handler, const char *line,
                         size_t size)
{
    struct wsd_transaction *transaction = from_handler(handler);

    enter(transaction);
    transaction->synced.has_reply_begun = true;
    if (transaction->is_ftp)
        take_reply_locked(transaction, line, size);
    else if (!has_head_locked(transaction))
        wsd_response_head_push(&transaction->synced.head, line, size);
    changed_locked(transaction);
    leave(transaction);
}

static void handler_status(struct wsd_transfer_handler *handler, int status,
                           bool complete)
{
    struct wsd_transaction *transaction = from_handler(handler);

    (void)status;
    enter(transaction);
    transaction->synced.has_started = true;
    transaction->synced.has_status = true;
    transaction->synced.is_refused = !complete;
    changed_locked(transaction);
    leave(transaction);
}

static void handler_challenge(struct wsd_transfer_handler *handler, DWORD authentication)
{
    struct wsd_transaction *transaction = from_handler(handler);

    enter(transaction);
    transaction->synced.challenge = authentication;
    leave(transaction);
}

static HRESULT handler_begin_body(struct wsd_transfer_handler *handler, int status,
                                  const char *content_type)
{
    struct wsd_transaction *transaction = from_handler(handler);
    HRESULT hr = E_ABORT;

    (void)status;
    (void)content_type;
    enter(transaction);
    if (transaction->synced.is_abandoned)
        hr = S_OK;
    else if (!transaction->synced.is_cancelled)
        hr = wsd_channel_open_locked(&transaction->synced.download, DOWNLOAD_BYTES,
                                     transaction->mem);
    leave(transaction);
    return hr;
}

static HRESULT handler_body(struct wsd_transfer_handler *handler, const uint8_t *bytes,
                            size_t size, size_t *taken)
{
    struct wsd_transaction *transaction = from_handler(handler);
    HRESULT hr = S_OK;

    enter(transaction);
    if (transaction->synced.is_abandoned) {
        *taken = size;
        transaction->synced.unwanted += size;
        if (transaction->synced.unwanted > UNWANTED_BYTES)
            hr = E_ABORT;
    } else {
        *taken = wsd_channel_fill_locked(&transaction->synced.download, bytes, size);
        transaction->synced.is_full = *taken < size;
        if (transaction->synced.is_cancelled)
            hr = E_ABORT;
    }
    changed_locked(transaction);
    leave(transaction);
    return hr;
}

static void handler_done(struct wsd_transfer_handler *handler, HRESULT result)
{
    struct wsd_transaction *transaction = from_handler(handler);

    enter(transaction);
    if (result == S_OK)
        result = transaction->synced.head.raw.error; /* without memory for the head */
    transaction->synced.is_done = true;
    transaction->synced.result = wsd_internet_error(result);
    changed_locked(transaction);
    leave(transaction);
    drop(transaction);
}

static const struct wsd_transfer_handler_vtable handler_vtable = {
    .line = handler_line,
    .status = handler_status,
    .challenge = handler_challenge,
    .begin_body = handler_begin_body,
    .body = handler_body,
    .done = handler_done,
};

/* ---- start and end ---- */

static HRESULT create(const struct wsd_mem *mem, bool is_ftp, bool uploads,
                      struct wsd_transaction **out)
{
    struct wsd_transaction *transaction = wsd_alloc(mem, sizeof(*transaction));
    HRESULT hr;

    if (transaction == NULL)
        return E_OUTOFMEMORY;
    transaction->source.vtable = &source_vtable;
    transaction->handler.vtable = &handler_vtable;
    transaction->mem = mem;
    transaction->is_ftp = is_ftp;
    atomic_init(&transaction->references, 1);
    wsd_response_head_init(&transaction->synced.head, mem);
    wsd_channel_init(&transaction->synced.upload, &transaction->synced.monitor);
    wsd_channel_init(&transaction->synced.download, &transaction->synced.monitor);
    hr = wsd_monitor_init(&transaction->synced.monitor);
    if (hr == S_OK && uploads)
        hr = wsd_channel_open_locked(&transaction->synced.upload, UPLOAD_BYTES, mem);
    if (FAILED(hr)) {
        drop(transaction);
        return hr;
    }
    *out = transaction;
    return S_OK;
}

/* `prepared` is what the seam's prepare said.  It may have called done() already. */
static HRESULT start(struct wsd_transaction *transaction, HRESULT prepared,
                     struct wsd_transaction **out)
{
    if (FAILED(prepared)) {
        atomic_store(&transaction->references, 1);
        drop(transaction);
        return wsd_internet_error(prepared);
    }
    transaction->transfer->vtable->start(transaction->transfer);
    *out = transaction;
    return S_OK;
}

HRESULT wsd_transaction_start_http(const struct wsd_mem *mem,
                                   struct wsd_transport *transport,
                                   struct wsd_http_request *request,
                                   struct wsd_transaction **out)
{
    struct wsd_transaction *transaction;
    HRESULT hr = create(mem, false, request->body_length > 0, &transaction);

    if (FAILED(hr))
        return hr;
    request->body = &transaction->source;
    atomic_store(&transaction->references, 2);
    return start(transaction,
                 transport->vtable->prepare(transport, request, &transaction->handler,
                                            &transaction->transfer),
                 out);
}

HRESULT wsd_transaction_start_ftp(const struct wsd_mem *mem,
                                  struct wsd_transport *transport,
                                  struct wsd_ftp_request *request, bool uploads,
                                  struct wsd_transaction **out)
{
    struct wsd_transaction *transaction;
    HRESULT hr = create(mem, true, uploads, &transaction);

    if (FAILED(hr))
        return hr;
    request->body = uploads ? &transaction->source : NULL;
    atomic_store(&transaction->references, 2);
    return start(transaction,
                 transport->vtable->prepare_ftp(transport, request, &transaction->handler,
                                                &transaction->transfer),
                 out);
}

void wsd_transaction_keep(struct wsd_transaction *transaction)
{
    atomic_fetch_add(&transaction->references, 1);
}

void wsd_transaction_release(struct wsd_transaction *transaction)
{
    if (transaction != NULL)
        drop(transaction);
}

void wsd_transaction_cancel(struct wsd_transaction *transaction)
{
    enter(transaction);
    transaction->synced.is_cancelled = true;
    changed_locked(transaction);
    leave(transaction);
    transaction->transfer->vtable->abort(transaction->transfer);
}

void wsd_transaction_abandon(struct wsd_transaction *transaction)
{
    bool has_response;

    enter(transaction);
    has_response = has_head_locked(transaction) && !transaction->synced.is_refused;
    if (has_response) {
        transaction->synced.is_cancelled = true;
        transaction->synced.is_abandoned = true;
        wsd_channel_drop_locked(&transaction->synced.download);
        changed_locked(transaction);
    }
    leave(transaction);
    if (has_response)
        transaction->transfer->vtable->wake(transaction->transfer);
    else
        wsd_transaction_cancel(transaction);
}

/* ---- the calls ---- */

/* What ends every call.  S_OK: nothing does yet. */
static HRESULT ended_locked(const struct wsd_transaction *transaction)
{
    if (transaction->synced.is_cancelled)
        return INTERNET_E(INTERNET_OPERATION_CANCELLED);
    return transaction->synced.is_done ? transaction->synced.result : S_OK;
}

HRESULT wsd_transaction_await_start(struct wsd_transaction *transaction)
{
    HRESULT hr;

    enter(transaction);
    while (!transaction->synced.has_started && !transaction->synced.is_cancelled &&
           !transaction->synced.is_done)
        sleep_locked(transaction);
    hr = transaction->synced.has_started && !transaction->synced.is_cancelled
             ? S_OK
             : ended_locked(transaction);
    leave(transaction);
    return hr;
}

/* Leaves the lock to wake the transport. */
static void wake_locked(struct wsd_transaction *transaction)
{
    leave(transaction);
    transaction->transfer->vtable->wake(transaction->transfer);
    enter(transaction);
}

static HRESULT write_ended_locked(const struct wsd_transaction *transaction)
{
    HRESULT hr = ended_locked(transaction);

    if (hr == S_OK && (transaction->synced.is_refused || transaction->synced.is_done))
        return INTERNET_E(INTERNET_CONNECTION_ABORTED);
    return hr;
}

HRESULT wsd_transaction_write(struct wsd_transaction *transaction, const void *bytes,
                              size_t size, size_t *written)
{
    HRESULT hr;

    *written = 0;
    enter(transaction);
    hr = write_ended_locked(transaction);
    while (hr == S_OK && *written < size) {
        size_t moved =
            wsd_channel_fill_locked(&transaction->synced.upload,
                                    (const uint8_t *)bytes + *written, size - *written);

        *written += moved;
        if (moved > 0 && transaction->synced.is_hungry) {
            transaction->synced.is_hungry = false;
            wake_locked(transaction);
        } else if (moved == 0) {
            sleep_locked(transaction);
        }
        if (*written < size)
            hr = write_ended_locked(transaction);
    }
    leave(transaction);
    return hr;
}

void wsd_transaction_end(struct wsd_transaction *transaction)
{
    enter(transaction);
    transaction->synced.has_ended = true;
    transaction->synced.is_hungry = false;
    wake_locked(transaction);
    leave(transaction);
}

HRESULT wsd_transaction_await_response(struct wsd_transaction *transaction)
{
    HRESULT hr = S_OK;

    enter(transaction);
    while (!has_head_locked(transaction) && !transaction->synced.is_cancelled &&
           !transaction->synced.is_done)
        sleep_locked(transaction);
    if (transaction->synced.is_cancelled || !has_head_locked(transaction)) {
        hr = ended_locked(transaction);
        if (hr == S_OK) /* trailers that began like another head */
            hr = INTERNET_E(HTTP_INVALID_SERVER_RESPONSE);
    } else if (transaction->synced.head.status == 0) {
        hr = wsd_response_head_parse(&transaction->synced.head);
    }
    leave(transaction);
    return hr;
}

struct wsd_response_head *wsd_transaction_response(struct wsd_transaction *transaction)
{
    return &transaction->synced.head;
}

DWORD wsd_transaction_challenge(struct wsd_transaction *transaction)
{
    DWORD challenge;

    enter(transaction);
    challenge = transaction->synced.challenge;
    leave(transaction);
    return challenge;
}

bool wsd_transaction_was_answered(struct wsd_transaction *transaction)
{
    bool was;

    enter(transaction);
    was = transaction->synced.has_reply_begun;
    leave(transaction);
    return was;
}

/* The end of the body, or of the transfer, is told when all before it has been read. */
static HRESULT read_locked(struct wsd_transaction *transaction, void *bytes, size_t size,
                           size_t *read)
{
    while (!transaction->synced.is_cancelled && *read < size) {
        size_t moved = wsd_channel_drain_locked(&transaction->synced.download,
                                                (uint8_t *)bytes + *read, size - *read);

        *read += moved;
        if (moved > 0 && transaction->synced.is_full) {
            transaction->synced.is_full = false;
            wake_locked(transaction);
        } else if (moved == 0) {
            if (transaction->synced.is_done)
                break;
            sleep_locked(transaction);
        }
    }
    if (*read == size && !transaction->synced.is_cancelled)
        return S_OK;
    return ended_locked(transaction);
}

HRESULT wsd_transaction_read(struct wsd_transaction *transaction, void *bytes,
                             size_t size, size_t *read)
{
    HRESULT hr;

    *read = 0;
    enter(transaction);
    hr = read_locked(transaction, bytes, size, read);
    leave(transaction);
    return hr;
}

HRESULT wsd_transaction_available(struct wsd_transaction *transaction, size_t *available)
{
    const struct wsd_ring *ring = &transaction->synced.download.ring;
    HRESULT hr = S_OK;

    enter(transaction);
    while (ring->used == 0 && !transaction->synced.is_done &&
           !transaction->synced.is_cancelled)
        sleep_locked(transaction);
    *available = ring->used;
    if (transaction->synced.is_cancelled || *available == 0)
        hr = ended_locked(transaction);
    leave(transaction);
    return hr;
}

HRESULT wsd_transaction_await_end(struct wsd_transaction *transaction)
{
    HRESULT hr;

    enter(transaction);
    while (!transaction->synced.is_done && !transaction->synced.is_cancelled)
        sleep_locked(transaction);
    hr = ended_locked(transaction);
    leave(transaction);
    return hr;
}

void wsd_transaction_get_reply(struct wsd_transaction *transaction, char *text,
                               size_t size)
{
    size_t length;

    enter(transaction);
    length = strlen(transaction->synced.reply);
    if (length >= size)
        length = size - 1;
    memcpy(text, transaction->synced.reply, length);
    text[length] = '\0';
    leave(transaction);
}
