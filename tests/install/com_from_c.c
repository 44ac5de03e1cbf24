/* The C half of the program "com_from_cpp": see com_objects.h. */
#ifndef COBJMACROS
#    define COBJMACROS
#endif
#include "com_objects.h"

#include <string.h>

static const wsd_guid nobody = {0x12345678, 0, 0, {0}};

/* ---- An outbound attachment made by hand ------------------------------------------ */

char outbound_from_c_bytes[5];
unsigned outbound_from_c_references;
static int closed;

static HRESULT WSD_CALL query_interface(IWSDOutboundAttachment *self,
                                        const wsd_guid *riid, void **out)
{
    if (out == NULL)
        return E_POINTER;
    *out = NULL;
    if (memcmp(riid, &wsd_iid_unknown, sizeof(*riid)) != 0 &&
        memcmp(riid, &IID_IWSDAttachment, sizeof(*riid)) != 0 &&
        memcmp(riid, &IID_IWSDOutboundAttachment, sizeof(*riid)) != 0)
        return E_NOINTERFACE;
    *out = self;
    outbound_from_c_references++;
    return S_OK;
}

static uint32_t WSD_CALL add_ref(IWSDOutboundAttachment *self)
{
    (void)self;
    return ++outbound_from_c_references;
}

static uint32_t WSD_CALL release(IWSDOutboundAttachment *self)
{
    (void)self;
    return --outbound_from_c_references;
}

static HRESULT WSD_CALL write_bytes(IWSDOutboundAttachment *self, const uint8_t *buffer,
                                    uint32_t size, uint32_t *written)
{
    (void)self;
    if (written == NULL)
        return E_POINTER;
    *written = 0;
    if (buffer == NULL)
        return E_INVALIDARG;
    if (size == 0)
        return STG_S_BLOCK;
    *written = size < 4 ? size : 4;
    memset(outbound_from_c_bytes, 0, sizeof(outbound_from_c_bytes));
    memcpy(outbound_from_c_bytes, buffer, *written);
    return S_OK;
}

static HRESULT WSD_CALL close_stream(IWSDOutboundAttachment *self)
{
    (void)self;
    return closed++ == 0 ? S_OK : E_FAIL;
}

static HRESULT WSD_CALL abort_stream(IWSDOutboundAttachment *self)
{
    (void)self;
    return HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION);
}

IWSDOutboundAttachment *outbound_from_c(void)
{
    static const IWSDOutboundAttachmentVtbl table = {
        query_interface, add_ref, release, write_bytes, close_stream, abort_stream};
    static IWSDOutboundAttachment object = {&table};

    outbound_from_c_references = 1;
    closed = 0;
    return &object;
}

/* ---- Calls into C++ ---------------------------------------------------------------- */

void drive_inbound_from_c(IWSDInboundAttachment *inbound)
{
    void *same = NULL;
    IWSDAttachment *base = NULL;
    uint8_t buffer[6];
    uint32_t read = 99;
    char text[20] = "";
    HRESULT hr = S_OK;

    CHECK(IWSDInboundAttachment_AddRef(inbound) == 2);
    CHECK(inbound->lpVtbl->Release(inbound) == 1);

    CHECK(IWSDInboundAttachment_QueryInterface(inbound, &IID_IWSDInboundAttachment,
                                               NULL) == E_POINTER);
    CHECK(IWSDInboundAttachment_QueryInterface(inbound, &nobody, &same) == E_NOINTERFACE);
    CHECK(same == NULL);
    CHECK(IWSDInboundAttachment_QueryInterface(inbound, &IID_IWSDAttachment,
                                               (void **)&base) == S_OK);
    CHECK(IWSDAttachment_QueryInterface(base, &IID_IWSDInboundAttachment, &same) == S_OK);
    CHECK(same == (void *)inbound);
    CHECK(IWSDAttachment_AddRef(base) == 4);
    CHECK(IWSDAttachment_Release(base) == 3);
    CHECK(IWSDAttachment_Release(base) == 2);
    CHECK(IWSDInboundAttachment_Release(inbound) == 1);

    CHECK(IWSDInboundAttachment_Read(inbound, buffer, sizeof(buffer), NULL) == E_POINTER);
    CHECK(IWSDInboundAttachment_Read(inbound, NULL, 1, &read) == E_INVALIDARG);
    CHECK(read == 0);
    while (hr == S_OK) {
        hr = IWSDInboundAttachment_Read(inbound, buffer, sizeof(buffer), &read);
        CHECK(SUCCEEDED(hr));
        strncat(text, (char *)buffer, read); /* the last bytes come with S_FALSE */
    }
    CHECK(hr == S_FALSE);
    CHECK(strcmp(text, "last words") == 0);
    CHECK(IWSDInboundAttachment_Close(inbound) == S_OK);
}

void drive_outbound_from_c(IWSDOutboundAttachment *outbound)
{
    void *same = NULL;
    uint32_t written = 99;

    CHECK(IWSDOutboundAttachment_AddRef(outbound) == 2);
    CHECK(IWSDOutboundAttachment_Release(outbound) == 1);
    CHECK(IWSDOutboundAttachment_QueryInterface(outbound, &IID_IWSDOutboundAttachment,
                                                &same) == S_OK);
    CHECK(same == (void *)outbound);
    CHECK(IWSDOutboundAttachment_Release(outbound) == 1);
    CHECK(IWSDOutboundAttachment_Write(outbound, (const uint8_t *)"bytes", 5, &written) ==
          S_OK);
    CHECK(written == 5);
    CHECK(IWSDOutboundAttachment_Close(outbound) == STG_S_BLOCK);
    CHECK(IWSDOutboundAttachment_Abort(outbound) == S_OK);
}
