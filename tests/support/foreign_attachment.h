/*
 * foreign_attachment -- an attachment that somebody else implemented.  Its functions fail
 * the process when one is called that the library has no business to call.
 */
#ifndef WSD_TESTS_FOREIGN_ATTACHMENT_H
#define WSD_TESTS_FOREIGN_ATTACHMENT_H

#include <stddef.h>
#include <stdlib.h>

#include "wsdattachment.h"

/* What it says when it is asked for IWSDOutboundAttachment. */
enum foreign_kind { SAYS_NO, SAYS_YES_ITSELF, SAYS_YES_BUT_NULL, FOREIGN_KINDS, WRAPS };

struct foreign_attachment {
    IWSDOutboundAttachment iface;
    enum foreign_kind kind;
    IWSDOutboundAttachment *wrapped;
    uint32_t references;
};

static inline struct foreign_attachment *foreign_from(IWSDOutboundAttachment *iface)
{
    return (struct foreign_attachment *)((char *)iface -
                                         offsetof(struct foreign_attachment, iface));
}

static inline HRESULT WSD_CALL foreign_query(IWSDOutboundAttachment *iface,
                                             const wsd_guid *riid, void **object)
{
    struct foreign_attachment *self = foreign_from(iface);

    (void)riid;
    *object = NULL;
    switch (self->kind) {
    case SAYS_YES_ITSELF:
        self->references++;
        *object = iface;
        return S_OK;
    case SAYS_YES_BUT_NULL:
        return S_OK;
    case WRAPS:
        return self->wrapped->lpVtbl->QueryInterface(self->wrapped, riid, object);
    default:
        return E_NOINTERFACE;
    }
}

static inline uint32_t WSD_CALL foreign_add_ref(IWSDOutboundAttachment *iface)
{
    return ++foreign_from(iface)->references;
}

static inline uint32_t WSD_CALL foreign_release(IWSDOutboundAttachment *iface)
{
    return --foreign_from(iface)->references;
}

static inline HRESULT WSD_CALL foreign_write(IWSDOutboundAttachment *iface,
                                             const uint8_t *bytes, uint32_t size,
                                             uint32_t *written)
{
    (void)iface, (void)bytes, (void)size, (void)written;
    abort();
}

static inline HRESULT WSD_CALL foreign_end(IWSDOutboundAttachment *iface)
{
    (void)iface;
    abort();
}

static inline void foreign_attachment_init(struct foreign_attachment *self,
                                           enum foreign_kind kind)
{
    static const IWSDOutboundAttachmentVtbl vtbl = {
        foreign_query, foreign_add_ref, foreign_release,
        foreign_write, foreign_end,     foreign_end,
    };

    *self = (struct foreign_attachment){.iface = {&vtbl}, .kind = kind, .references = 1};
}

/* Answers with `attachment`, which stays the caller's. */
static inline void foreign_attachment_wrap(struct foreign_attachment *self,
                                           IWSDOutboundAttachment *attachment)
{
    foreign_attachment_init(self, WRAPS);
    self->wrapped = attachment;
}

static inline IWSDAttachment *foreign_attachment(struct foreign_attachment *self)
{
    return (IWSDAttachment *)&self->iface;
}

#endif
