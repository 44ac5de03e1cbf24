#include "wininet/ftp_file.h"

#include <string.h>

#include "base/field.h"
#include "wininet/internet_error.h"
#include "wininet/last_error.h"

#define WRONG_TYPE INTERNET_E(INTERNET_INCORRECT_HANDLE_TYPE)

/* Passes the result on; what the server said is for the calling thread. */
static HRESULT tell(struct wsd_transaction *transaction, HRESULT hr)
{
    char reply[WSD_REPLY_BYTES];

    wsd_transaction_get_reply(transaction, reply, sizeof(reply));
    wsd_last_error_set_reply(reply);
    return hr;
}

/* The end of an upload that nobody is writing to is its success. */
static HRESULT file_close(struct wsd_internet_object *object)
{
    struct wsd_ftp_file *file = (struct wsd_ftp_file *)object;
    bool is_idle = wsd_internet_object_shut(object);
    HRESULT hr = S_OK;

    if (!is_idle || !file->is_upload) {
        wsd_internet_object_cancel(object);
    } else if (object->synced.transaction != NULL) {
        wsd_transaction_end(object->synced.transaction);
        hr = tell(object->synced.transaction,
                  wsd_transaction_await_end(object->synced.transaction));
    }
    wsd_connection_give_file((struct wsd_connection *)object->parent);
    return hr;
}

static HRESULT check(const char *name, DWORD access, DWORD flags)
{
    size_t length = name == NULL ? 0 : strlen(name);

    if (length == 0 || name[length - 1] == '/' || !wsd_field_is_line(name, length))
        return E_INVALIDARG;
    if (access != GENERIC_READ && access != GENERIC_WRITE)
        return E_INVALIDARG;
    switch (flags & 0xFF) { /* the others are INTERNET_FLAG_... */
    case FTP_TRANSFER_TYPE_UNKNOWN:
    case FTP_TRANSFER_TYPE_ASCII:
    case FTP_TRANSFER_TYPE_BINARY:
        return S_OK;
    default:
        return E_INVALIDARG;
    }
}

HRESULT wsd_ftp_file_create(struct wsd_connection *connection, const char *name,
                            DWORD access, DWORD flags, struct wsd_ftp_file **out)
{
    struct wsd_internet_options options;
    struct wsd_ftp_file *file;
    HRESULT hr = check(name, access, flags);

    if (FAILED(hr))
        return hr;
    if (!wsd_connection_take_file(connection))
        return INTERNET_E(FTP_TRANSFER_IN_PROGRESS);
    file = wsd_alloc(connection->object.mem, sizeof(*file));
    if (file == NULL) {
        wsd_connection_give_file(connection);
        return E_OUTOFMEMORY;
    }
    file->object.close = file_close;
    file->is_upload = access == GENERIC_WRITE;
    wsd_internet_object_get_options(&connection->object, &options);
    hr = wsd_internet_object_init(&file->object, connection->object.mem,
                                  WSD_INTERNET_FILE, &connection->object, &options);
    if (FAILED(hr)) {
        wsd_connection_give_file(connection);
        wsd_handle_object_release(&file->object.base);
        return hr;
    }
    *out = file;
    return S_OK;
}

HRESULT wsd_ftp_file_open(struct wsd_ftp_file *file, const char *name, DWORD flags)
{
    struct wsd_internet_object *object = &file->object;
    struct wsd_connection *connection = (struct wsd_connection *)object->parent;
    struct wsd_internet_options options;
    struct wsd_transaction *transaction;
    struct wsd_ftp_request request;
    struct wsd_text url;
    HRESULT hr = wsd_internet_object_enter(object);

    if (FAILED(hr))
        return hr;
    wsd_internet_object_get_options(object, &options);
    hr = wsd_connection_ftp_request(connection, name, &request, &url);
    request.is_text = flags & FTP_TRANSFER_TYPE_ASCII;
    request.timeouts = &options.timeouts;
    if (hr == S_OK)
        hr = wsd_transaction_start_ftp(object->mem, connection->transport, &request,
                                       file->is_upload, &transaction);
    wsd_text_fini(&url);
    if (hr == S_OK) {
        wsd_internet_object_set_transaction(object, transaction);
        hr = tell(transaction, wsd_transaction_await_start(transaction));
    }
    wsd_internet_object_leave(object);
    return hr;
}

HRESULT wsd_ftp_file_write(struct wsd_ftp_file *file, const void *bytes, size_t size,
                           size_t *written)
{
    struct wsd_internet_object *object = &file->object;
    HRESULT hr;

    if (!file->is_upload)
        return WRONG_TYPE;
    hr = wsd_internet_object_enter(object);
    if (FAILED(hr))
        return hr;
    hr = wsd_transaction_write(object->synced.transaction, bytes, size, written);
    wsd_internet_object_leave(object);
    return hr;
}

HRESULT wsd_ftp_file_read(struct wsd_ftp_file *file, void *bytes, size_t size,
                          size_t *read)
{
    struct wsd_internet_object *object = &file->object;
    HRESULT hr;

    if (file->is_upload)
        return WRONG_TYPE;
    hr = wsd_internet_object_enter(object);
    if (FAILED(hr))
        return hr;
    hr = tell(object->synced.transaction,
              wsd_transaction_read(object->synced.transaction, bytes, size, read));
    wsd_internet_object_leave(object);
    return hr;
}

HRESULT wsd_ftp_file_available(struct wsd_ftp_file *file, size_t *available)
{
    struct wsd_internet_object *object = &file->object;
    HRESULT hr;

    if (file->is_upload)
        return WRONG_TYPE;
    hr = wsd_internet_object_enter(object);
    if (FAILED(hr))
        return hr;
    hr = tell(object->synced.transaction,
              wsd_transaction_available(object->synced.transaction, available));
    wsd_internet_object_leave(object);
    return hr;
}
