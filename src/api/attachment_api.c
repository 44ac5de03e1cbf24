#include "attachment/outbound_attachment.h"
#include "base/mem.h"
#include "wsd_attachment.h"
#include "wsdattachment.h"

HRESULT WSD_CALL WSDCreateOutboundAttachment(IWSDOutboundAttachment **ppAttachment)
{
    if (ppAttachment == NULL)
        return E_POINTER;
    return wsd_outbound_create(wsd_mem_heap(), ppAttachment);
}

/* S_OK and the attachment behind the object, or what is wrong with it. */
static HRESULT ours(IWSDAttachment *object, struct wsd_outbound **outbound)
{
    if (object == NULL)
        return E_POINTER;
    *outbound = wsd_outbound_from(object);
    return *outbound == NULL ? E_INVALIDARG : S_OK;
}

HRESULT WSD_CALL wsd_attachment_set_wait_budget(IWSDAttachment *attachment,
                                                DWORD milliseconds)
{
    struct wsd_outbound *outbound;
    HRESULT hr = ours(attachment, &outbound);

    if (hr == S_OK)
        wsd_outbound_set_wait_budget(outbound, milliseconds);
    return hr;
}

HRESULT WSD_CALL wsd_attachment_get_ready_fd(IWSDAttachment *attachment, int *fd)
{
    struct wsd_outbound *outbound;
    HRESULT hr;

    if (fd == NULL)
        return E_POINTER;
    *fd = -1;
    hr = ours(attachment, &outbound);
    if (hr == S_OK)
        hr = wsd_outbound_get_ready_fd(outbound, fd);
    return hr;
}

HRESULT WSD_CALL wsd_attachment_set_ready_callback(IWSDAttachment *attachment,
                                                   wsd_ready_callback callback,
                                                   void *context)
{
    struct wsd_outbound *outbound;
    HRESULT hr = ours(attachment, &outbound);

    if (hr == S_OK)
        hr = wsd_outbound_set_ready_callback(outbound, callback, context);
    return hr;
}

HRESULT WSD_CALL wsd_attachment_get_progress(IWSDAttachment *attachment,
                                             wsd_attachment_progress *progress)
{
    struct wsd_outbound *outbound;
    HRESULT hr;

    if (progress == NULL)
        return E_POINTER;
    hr = ours(attachment, &outbound);
    if (hr == S_OK && progress->size != sizeof(*progress))
        hr = E_INVALIDARG;
    if (hr == S_OK)
        wsd_outbound_get_progress(outbound, progress);
    return hr;
}
