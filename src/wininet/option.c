#include "wininet/option.h"

#include <stdint.h>
#include <string.h>

#include "base/assert.h"
#include "base/field.h"
#include "base/text.h"
#include "wininet/connection.h"
#include "wininet/http_request.h"
#include "wininet/internet_error.h"

#define WRONG_TYPE INTERNET_E(INTERNET_INCORRECT_HANDLE_TYPE)

/* The option's place; NULL if it is none of these. */
static DWORD *find_number(struct wsd_internet_options *options, DWORD option)
{
    switch (option) {
    case INTERNET_OPTION_CONNECT_TIMEOUT:
        return &options->timeouts.connect_ms;
    case INTERNET_OPTION_SEND_TIMEOUT:
        return &options->timeouts.send_ms;
    case INTERNET_OPTION_RECEIVE_TIMEOUT:
        return &options->timeouts.response_ms;
    case INTERNET_OPTION_CONNECT_RETRIES:
        return &options->without_effect[0];
    case INTERNET_OPTION_CONNECT_BACKOFF:
        return &options->without_effect[1];
    case INTERNET_OPTION_DATA_SEND_TIMEOUT:
        return &options->without_effect[2];
    case INTERNET_OPTION_DATA_RECEIVE_TIMEOUT:
        return &options->without_effect[3];
    default:
        return NULL;
    }
}

/* Name and password are those of the connection for HTTP. */
static struct wsd_connection *find_login(struct wsd_internet_object *object)
{
    if (object != NULL && object->kind == WSD_INTERNET_REQUEST)
        object = object->parent;
    return object != NULL && object->kind == WSD_INTERNET_HTTP
               ? (struct wsd_connection *)object
               : NULL;
}

/* ---- setting ---- */

static HRESULT set_login(struct wsd_internet_object *object, DWORD option,
                         const char *text, DWORD length)
{
    struct wsd_connection *connection = find_login(object);
    char **place, *copy;

    if (connection == NULL)
        return WRONG_TYPE;
    length = (DWORD)strnlen(text, length); /* with or without its NUL */
    if (!wsd_field_is_line(text, length))
        return E_INVALIDARG;
    copy = wsd_copy(object->mem, text, length);
    if (copy == NULL)
        return E_OUTOFMEMORY;
    wsd_monitor_enter(&connection->object.synced.monitor);
    place = option == INTERNET_OPTION_USERNAME ? &connection->synced.user
                                               : &connection->synced.password;
    wsd_free(object->mem, *place);
    *place = copy;
    wsd_monitor_leave(&connection->object.synced.monitor);
    return S_OK;
}

static HRESULT set_number(struct wsd_internet_object *object,
                          struct wsd_internet_options *process, DWORD option,
                          const void *buffer)
{
    DWORD *number =
        find_number(object != NULL ? &object->synced.options : process, option);

    WSD_ASSERT(number != NULL);
    if (object != NULL)
        wsd_monitor_enter(&object->synced.monitor);
    memcpy(number, buffer, sizeof(*number));
    if (object != NULL)
        wsd_monitor_leave(&object->synced.monitor);
    return S_OK;
}

HRESULT wsd_option_set(struct wsd_internet_object *object,
                       struct wsd_internet_options *process, DWORD option,
                       const void *buffer, DWORD length)
{
    if (find_number(process, option) != NULL) {
        if (buffer == NULL || length != sizeof(DWORD))
            return E_INVALIDARG;
        return set_number(object, process, option, buffer);
    }
    switch (option) {
    case INTERNET_OPTION_USERNAME:
    case INTERNET_OPTION_PASSWORD:
        if (buffer == NULL || length == 0)
            return E_INVALIDARG;
        return set_login(object, option, buffer, length);
    case INTERNET_OPTION_CONTEXT_VALUE:
        if (buffer == NULL || length != sizeof(uintptr_t))
            return E_INVALIDARG;
        if (object == NULL)
            return WRONG_TYPE;
        wsd_monitor_enter(&object->synced.monitor);
        memcpy(&object->synced.context, buffer, sizeof(uintptr_t));
        wsd_monitor_leave(&object->synced.monitor);
        return S_OK;
    case INTERNET_OPTION_HANDLE_TYPE:
    case INTERNET_OPTION_PARENT_HANDLE:
    case INTERNET_OPTION_REQUEST_FLAGS:
    case INTERNET_OPTION_URL:
    case INTERNET_OPTION_USER_AGENT:
        return INTERNET_E(INTERNET_OPTION_NOT_SETTABLE);
    default:
        return INTERNET_E(INTERNET_INVALID_OPTION);
    }
}

/* ---- asking ---- */

static HRESULT give(const void *value, DWORD size, void *buffer, DWORD *length)
{
    if (buffer == NULL || *length < size) {
        *length = size;
        return HRESULT_FROM_WIN32(ERROR_INSUFFICIENT_BUFFER);
    }
    memcpy(buffer, value, size);
    *length = size;
    return S_OK;
}

static HRESULT give_text(const char *text, void *buffer, DWORD *length)
{
    size_t size = text == NULL ? 0 : strlen(text);
    HRESULT hr = give(text == NULL ? "" : text, (DWORD)size + 1, buffer, length);

    if (hr == S_OK)
        *length = (DWORD)size;
    return hr;
}

static HRESULT give_user(struct wsd_internet_object *object, void *buffer, DWORD *length)
{
    struct wsd_connection *connection = find_login(object);
    HRESULT hr;

    if (connection == NULL)
        return WRONG_TYPE;
    wsd_monitor_enter(&connection->object.synced.monitor);
    hr = give_text(connection->synced.user, buffer, length);
    wsd_monitor_leave(&connection->object.synced.monitor);
    return hr;
}

static HRESULT give_url(struct wsd_internet_object *object, void *buffer, DWORD *length)
{
    struct wsd_text url;
    HRESULT hr;

    if (object->kind != WSD_INTERNET_REQUEST)
        return WRONG_TYPE;
    wsd_text_init(&url, object->mem, SIZE_MAX);
    hr = wsd_request_append_url((struct wsd_request *)object, &url);
    if (hr == S_OK)
        hr = give_text(url.bytes, buffer, length);
    wsd_text_fini(&url);
    return hr;
}

/* What only a handle has. */
static HRESULT query_object(struct wsd_internet_object *object, DWORD option,
                            void *buffer, DWORD *length)
{
    uintptr_t parent = object->parent == NULL ? 0 : object->parent->base.handle;
    uintptr_t context;
    DWORD number = (DWORD)object->kind;

    switch (option) {
    case INTERNET_OPTION_HANDLE_TYPE:
        return give(&number, sizeof(number), buffer, length);
    case INTERNET_OPTION_PARENT_HANDLE:
        return give(&parent, sizeof(parent), buffer, length);
    case INTERNET_OPTION_CONTEXT_VALUE:
        wsd_monitor_enter(&object->synced.monitor);
        context = object->synced.context;
        wsd_monitor_leave(&object->synced.monitor);
        return give(&context, sizeof(context), buffer, length);
    case INTERNET_OPTION_USERNAME:
        return give_user(object, buffer, length);
    case INTERNET_OPTION_URL:
        return give_url(object, buffer, length);
    case INTERNET_OPTION_USER_AGENT:
        if (object->kind != WSD_INTERNET_SESSION)
            return WRONG_TYPE;
        return give_text(((struct wsd_session *)object)->agent, buffer, length);
    default: /* INTERNET_OPTION_REQUEST_FLAGS */
        if (object->kind != WSD_INTERNET_REQUEST)
            return WRONG_TYPE;
        number = wsd_request_is_answered((struct wsd_request *)object)
                     ? 0
                     : INTERNET_REQFLAG_NO_HEADERS;
        return give(&number, sizeof(number), buffer, length);
    }
}

HRESULT wsd_option_query(struct wsd_internet_object *object,
                         const struct wsd_internet_options *process, DWORD option,
                         void *buffer, DWORD *length)
{
    struct wsd_internet_options options = *process;
    const DWORD *number;

    if (length == NULL)
        return E_INVALIDARG;
    if (object != NULL)
        wsd_internet_object_get_options(object, &options);
    number = find_number(&options, option);
    if (number != NULL)
        return give(number, sizeof(*number), buffer, length);
    switch (option) {
    case INTERNET_OPTION_HANDLE_TYPE:
    case INTERNET_OPTION_PARENT_HANDLE:
    case INTERNET_OPTION_REQUEST_FLAGS:
    case INTERNET_OPTION_USERNAME:
    case INTERNET_OPTION_URL:
    case INTERNET_OPTION_USER_AGENT:
    case INTERNET_OPTION_CONTEXT_VALUE:
        return object == NULL ? WRONG_TYPE : query_object(object, option, buffer, length);
    default:
        return INTERNET_E(INTERNET_INVALID_OPTION);
    }
}
