#include "wininet/connection.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
#include "wininet/internet_error.h"
#include "wininet/last_error.h"

static HRESULT connection_close(struct wsd_internet_object *object)
{
    wsd_internet_object_shut(object);
    wsd_internet_object_cancel(object); /* a login */
    return S_OK;
}

static void connection_fini(struct wsd_internet_object *object)
{
    struct wsd_connection *connection = (struct wsd_connection *)object;

    if (connection->transport != NULL)
        connection->transport->vtable->release(connection->transport);
    wsd_free(object->mem, connection->host);
    wsd_free(object->mem, connection->synced.user);
    wsd_free(object->mem, connection->synced.password);
}

/* ---- creation ---- */

static bool is_plain(const char *text)
{
    return text == NULL || wsd_field_is_line(text, strlen(text));
}

static HRESULT check(const char *server, const char *user, const char *password,
                     DWORD service)
{
    bool has_user = user != NULL && *user != '\0';

    if (server == NULL || *server == '\0' || !is_plain(server) ||
        strpbrk(server, "/?#@\\") != NULL)
        return E_INVALIDARG;
    if (service == INTERNET_SERVICE_HTTP)
        return is_plain(user) && is_plain(password) ? S_OK : E_INVALIDARG;
    if (service != INTERNET_SERVICE_FTP || !is_plain(user) || !is_plain(password))
        return E_INVALIDARG;
    return !has_user && password != NULL && *password != '\0' ? E_INVALIDARG : S_OK;
}

/* A copy of `text` between two others; NULL without memory. */
static char *enclose(const struct wsd_mem *mem, const char *before, const char *text,
                     const char *behind)
{
    size_t size = strlen(before) + strlen(text) + strlen(behind) + 1;
    char *copy = wsd_alloc(mem, size);

    if (copy != NULL)
        (void)snprintf(copy, size, "%s%s%s", before, text, behind);
    return copy;
}

static HRESULT set_login(struct wsd_connection *connection, const char *user,
                         const char *password)
{
    const struct wsd_mem *mem = connection->object.mem;

    if (connection->object.kind == WSD_INTERNET_FTP) {
        if (user == NULL || *user == '\0') {
            user = "anonymous";
            password = "anonymous@";
        } else if (password == NULL) {
            password = "";
        }
    }
    if (user != NULL)
        connection->synced.user = enclose(mem, "", user, "");
    if (password != NULL)
        connection->synced.password = enclose(mem, "", password, "");
    return (user != NULL && connection->synced.user == NULL) ||
                   (password != NULL && connection->synced.password == NULL)
               ? E_OUTOFMEMORY
               : S_OK;
}

static HRESULT fill(struct wsd_connection *connection, const char *server,
                    const char *user, const char *password)
{
    bool is_ipv6 = strchr(server, ':') != NULL && server[0] != '[';
    struct wsd_session *session = (struct wsd_session *)connection->object.parent;
    HRESULT hr;

    connection->host =
        enclose(connection->object.mem, is_ipv6 ? "[" : "", server, is_ipv6 ? "]" : "");
    hr = connection->host == NULL ? E_OUTOFMEMORY : set_login(connection, user, password);
    if (hr == S_OK && connection->object.kind == WSD_INTERNET_FTP)
        hr = session->open_transport(connection->object.mem, &connection->transport);
    return hr;
}

HRESULT wsd_connection_create(struct wsd_session *session, const char *server, WORD port,
                              const char *user, const char *password, DWORD service,
                              DWORD flags, struct wsd_connection **out)
{
    const struct wsd_mem *mem = session->object.mem;
    struct wsd_internet_options options;
    struct wsd_connection *connection;
    HRESULT hr = check(server, user, password, service);

    if (FAILED(hr))
        return hr;
    connection = wsd_alloc(mem, sizeof(*connection));
    if (connection == NULL)
        return E_OUTOFMEMORY;
    connection->object.close = connection_close;
    connection->object.fini = connection_fini;
    connection->port = port;
    connection->is_passive = flags & INTERNET_FLAG_PASSIVE;
    wsd_internet_object_get_options(&session->object, &options);
    hr = wsd_internet_object_init(&connection->object, mem,
                                  service == INTERNET_SERVICE_FTP ? WSD_INTERNET_FTP
                                                                  : WSD_INTERNET_HTTP,
                                  &session->object, &options);
    if (hr == S_OK)
        hr = fill(connection, server, user, password);
    if (FAILED(hr)) {
        wsd_handle_object_release(&connection->object.base);
        return hr;
    }
    *out = connection;
    return S_OK;
}

HRESULT wsd_connection_get_login(struct wsd_connection *connection, char **user,
                                 char **password)
{
    const struct wsd_mem *mem = connection->object.mem;
    HRESULT hr = S_OK;

    *user = NULL;
    *password = NULL;
    wsd_monitor_enter(&connection->object.synced.monitor);
    if (connection->synced.user != NULL) {
        *user = enclose(mem, "", connection->synced.user, "");
        hr = *user == NULL ? E_OUTOFMEMORY : S_OK;
    }
    if (hr == S_OK && connection->synced.password != NULL) {
        *password = enclose(mem, "", connection->synced.password, "");
        hr = *password == NULL ? E_OUTOFMEMORY : S_OK;
    }
    wsd_monitor_leave(&connection->object.synced.monitor);
    if (FAILED(hr)) {
        wsd_free(mem, *user);
        *user = NULL;
    }
    return hr;
}

/* ---- FTP ---- */

/* Everything but letters and digits in percent-encoding: what libcurl decodes is sent. */
static void append_encoded(struct wsd_text *url, const char *name)
{
    for (; *name != '\0'; name++) {
        unsigned char c = (unsigned char)*name;
        char encoded[4];

        (void)snprintf(encoded, sizeof(encoded), "%%%02X", c);
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9'))
            wsd_text_append(url, name, 1);
        else
            wsd_text_append_string(url, encoded);
    }
}

HRESULT wsd_connection_ftp_request(struct wsd_connection *connection, const char *name,
                                   struct wsd_ftp_request *request, struct wsd_text *url)
{
    char port[8];

    (void)snprintf(port, sizeof(port), ":%u",
                   connection->port == 0 ? (unsigned)INTERNET_DEFAULT_FTP_PORT
                                         : (unsigned)connection->port);
    wsd_text_init(url, connection->object.mem, SIZE_MAX);
    wsd_text_append_string(url, "ftp://");
    wsd_text_append_string(url, connection->host);
    wsd_text_append_string(url, port);
    wsd_text_append_string(url, "/");
    append_encoded(url, name);
    *request = (struct wsd_ftp_request){
        .url = url->bytes,
        .user = connection->synced.user, /* constant for FTP */
        .password = connection->synced.password,
        .is_active = !connection->is_passive,
    };
    return url->error;
}

HRESULT wsd_connection_log_in(struct wsd_connection *connection)
{
    struct wsd_internet_object *object = &connection->object;
    struct wsd_internet_options options;
    struct wsd_transaction *transaction;
    struct wsd_ftp_request request;
    struct wsd_text url;
    char reply[WSD_REPLY_BYTES];
    HRESULT hr = wsd_internet_object_enter(object);

    if (FAILED(hr))
        return hr;
    wsd_internet_object_get_options(object, &options);
    hr = wsd_connection_ftp_request(connection, "", &request, &url);
    request.is_new_connection = true;
    request.timeouts = &options.timeouts;
    if (hr == S_OK)
        hr = wsd_transaction_start_ftp(object->mem, connection->transport, &request,
                                       false, &transaction);
    wsd_text_fini(&url);
    if (hr == S_OK) {
        wsd_internet_object_set_transaction(object, transaction);
        hr = wsd_transaction_await_end(transaction);
        wsd_transaction_get_reply(transaction, reply, sizeof(reply));
        wsd_last_error_set_reply(reply);
        wsd_internet_object_set_transaction(object, NULL);
    }
    wsd_internet_object_leave(object);
    return hr;
}

bool wsd_connection_take_file(struct wsd_connection *connection)
{
    bool taken;

    wsd_monitor_enter(&connection->object.synced.monitor);
    taken = !connection->synced.has_file;
    connection->synced.has_file = true;
    wsd_monitor_leave(&connection->object.synced.monitor);
    return taken;
}

void wsd_connection_give_file(struct wsd_connection *connection)
{
    wsd_monitor_enter(&connection->object.synced.monitor);
    connection->synced.has_file = false;
    wsd_monitor_leave(&connection->object.synced.monitor);
}
