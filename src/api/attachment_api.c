#include "attachment/inbound_attachment.h"
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

/* What is behind an application's pointer; neither, for an object of somebody else. */
struct attachment {
    struct wsd_outbound *outbound;
    struct wsd_inbound_attachment *inbound;
    struct wsd_waiting *waiting; /* of either */
};

/* S_OK, or what is wrong with the object. */
static HRESULT find_attachment(IWSDAttachment *object, struct attachment *found)
{
    *found = (struct attachment){NULL, NULL, NULL};
    if (object == NULL)
        return E_POINTER;
    found->inbound = wsd_inbound_attachment_from(object);
    if (found->inbound != NULL) {
        found->waiting = wsd_inbound_attachment_waiting(found->inbound);
        return S_OK;
    }
    found->outbound = wsd_outbound_from(object);
    if (found->outbound == NULL)
        return E_INVALIDARG;
    found->waiting = wsd_outbound_waiting(found->outbound);
    return S_OK;
}

HRESULT WSD_CALL wsd_attachment_set_wait_budget(IWSDAttachment *attachment,
                                                DWORD milliseconds)
{
    struct attachment found;
    HRESULT hr = find_attachment(attachment, &found);

    if (hr == S_OK)
        wsd_waiting_set_budget(found.waiting, milliseconds);
    return hr;
}

HRESULT WSD_CALL wsd_attachment_get_ready_fd(IWSDAttachment *attachment, int *fd)
{
    struct attachment found;
    HRESULT hr;

    if (fd == NULL)
        return E_POINTER;
    *fd = -1;
    hr = find_attachment(attachment, &found);
    return hr == S_OK ? wsd_waiting_get_ready_fd(found.waiting, fd) : hr;
}

HRESULT WSD_CALL wsd_attachment_set_ready_callback(IWSDAttachment *attachment,
                                                   wsd_ready_callback callback,
                                                   void *context)
{
    struct attachment found;
    HRESULT hr = find_attachment(attachment, &found);

    return hr == S_OK ? wsd_waiting_set_ready(found.waiting, callback, context) : hr;
}

HRESULT WSD_CALL wsd_attachment_get_progress(IWSDAttachment *attachment,
                                             wsd_attachment_progress *progress)
{
    struct attachment found;
    HRESULT hr;

    if (progress == NULL)
        return E_POINTER;
    hr = find_attachment(attachment, &found);
    if (hr == S_OK && progress->size != sizeof(*progress))
        hr = E_INVALIDARG;
    if (hr != S_OK)
        return hr;
    if (found.inbound != NULL)
        wsd_inbound_attachment_get_progress(found.inbound, progress);
    else
        wsd_outbound_get_progress(found.outbound, progress);
    return S_OK;
}
