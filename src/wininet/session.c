#include "wininet/session.h"

#include <string.h>

#include "base/field.h"
#include "wininet/internet_error.h"

static HRESULT session_close(struct wsd_internet_object *object)
{
    wsd_internet_object_shut(object);
    return S_OK;
}

static void session_fini(struct wsd_internet_object *object)
{
    struct wsd_session *session = (struct wsd_session *)object;

    if (session->synced.transport != NULL)
        session->synced.transport->vtable->release(session->synced.transport);
    wsd_free(object->mem, session->agent);
}

static HRESULT check(const char *agent, DWORD access, const char *proxy, DWORD flags)
{
    switch (access) {
    case INTERNET_OPEN_TYPE_PRECONFIG:
    case INTERNET_OPEN_TYPE_DIRECT:
    case INTERNET_OPEN_TYPE_PRECONFIG_WITH_NO_AUTOPROXY:
        break;
    case INTERNET_OPEN_TYPE_PROXY:
        return proxy == NULL ? E_INVALIDARG : HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED);
    default:
        return E_INVALIDARG;
    }
    if (agent != NULL && !wsd_field_is_line(agent, strlen(agent)))
        return E_INVALIDARG;
    return flags & INTERNET_FLAG_ASYNC ? HRESULT_FROM_WIN32(ERROR_NOT_SUPPORTED) : S_OK;
}

HRESULT wsd_session_create(const struct wsd_mem *mem, wsd_open_transport open_transport,
                           const struct wsd_internet_options *options, const char *agent,
                           DWORD access, const char *proxy, DWORD flags,
                           struct wsd_session **out)
{
    struct wsd_session *session;
    HRESULT hr = check(agent, access, proxy, flags);

    if (FAILED(hr))
        return hr;
    session = wsd_alloc(mem, sizeof(*session));
    if (session == NULL)
        return E_OUTOFMEMORY;
    session->object.close = session_close;
    session->object.fini = session_fini;
    session->open_transport = open_transport;
    hr = wsd_internet_object_init(&session->object, mem, WSD_INTERNET_SESSION, NULL,
                                  options);
    if (hr == S_OK && agent != NULL && *agent != '\0') {
        session->agent = wsd_copy(mem, agent, strlen(agent));
        hr = session->agent == NULL ? E_OUTOFMEMORY : S_OK;
    }
    if (FAILED(hr)) {
        wsd_handle_object_release(&session->object.base);
        return hr;
    }
    *out = session;
    return S_OK;
}

HRESULT wsd_session_transport(struct wsd_session *session, struct wsd_transport **out)
{
    HRESULT hr = S_OK;

    wsd_monitor_enter(&session->object.synced.monitor);
    if (session->synced.transport == NULL)
        hr = session->open_transport(session->object.mem, &session->synced.transport);
    *out = session->synced.transport;
    wsd_monitor_leave(&session->object.synced.monitor);
    return hr;
}
