/* A C++ program and com_from_c.c use each other's COM objects, through one header.
 *
 * coexistence.sh compiles it beside other libraries' headers, too: hence WSD_UNKNOWN,
 * WSD_CALL and wsd_guid, where a port from Windows would say IUnknown, STDMETHODCALLTYPE
 * and REFIID, as PortedOutbound does. */
#include <cstring>

#include "com_objects.h"

namespace
{

const char last_words[] = "last words";

class Inbound final : public IWSDInboundAttachment
{
  public:
    HRESULT WSD_CALL QueryInterface(const wsd_guid &riid, void **ppvObject) override
    {
        if (ppvObject == nullptr)
            return E_POINTER;
        *ppvObject = nullptr;
        if (std::memcmp(&riid, &wsd_iid_unknown, sizeof(riid)) == 0)
            *ppvObject = static_cast<WSD_UNKNOWN *>(this);
        else if (std::memcmp(&riid, &IID_IWSDAttachment, sizeof(riid)) == 0)
            *ppvObject = static_cast<IWSDAttachment *>(this);
        else if (std::memcmp(&riid, &IID_IWSDInboundAttachment, sizeof(riid)) == 0)
            *ppvObject = static_cast<IWSDInboundAttachment *>(this);
        else
            return E_NOINTERFACE;
        references++;
        return S_OK;
    }
    uint32_t WSD_CALL AddRef() override
    {
        return ++references;
    }
    uint32_t WSD_CALL Release() override
    {
        return --references;
    }
    HRESULT WSD_CALL Read(uint8_t *pBuffer, uint32_t dwBytesToRead,
                          uint32_t *pdwNumberOfBytesRead) override
    {
        if (pdwNumberOfBytesRead == nullptr)
            return E_POINTER;
        *pdwNumberOfBytesRead = 0;
        if (pBuffer == nullptr)
            return E_INVALIDARG;
        const uint32_t left = sizeof(last_words) - 1 - position;
        const uint32_t n = left < dwBytesToRead ? left : dwBytesToRead;
        std::memcpy(pBuffer, last_words + position, n);
        position += n;
        *pdwNumberOfBytesRead = n;
        return n == left ? S_FALSE : S_OK;
    }
    HRESULT WSD_CALL Close() override
    {
        return S_OK;
    }

  private:
    uint32_t references = 1;
    uint32_t position = 0;
};

void drive_outbound_from_cpp()
{
    IWSDOutboundAttachment *const p = outbound_from_c();
    const uint8_t bytes[] = {'a', 'b', 'c', 'd', 'e'};
    uint32_t written = 99;

    CHECK(p->Write(bytes, 5, nullptr) == E_POINTER);
    CHECK(p->Write(nullptr, 5, &written) == E_INVALIDARG && written == 0);
    CHECK(p->Write(bytes, 0, &written) == STG_S_BLOCK && written == 0);
    CHECK(p->Write(bytes, 5, &written) == S_OK && written == 4);
    CHECK(std::strcmp(outbound_from_c_bytes, "abcd") == 0);
    CHECK(p->Close() == S_OK);
    CHECK(p->Close() == E_FAIL);
    CHECK(p->Abort() == HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION));

    /* Derived to base, and calls through the bases. */
    IWSDAttachment *const attachment = p;
    WSD_UNKNOWN *const unknown = attachment;
    CHECK(attachment->AddRef() == 2);
    CHECK(unknown->Release() == 1);

    /* Microsoft's three ways of asking. */
    IWSDOutboundAttachment *by_uuid = nullptr, *by_args = nullptr, *by_type = nullptr;
    IWSDInboundAttachment *wrong = nullptr;
    CHECK(attachment->QueryInterface(__uuidof(IWSDOutboundAttachment),
                                     reinterpret_cast<void **>(&by_uuid)) == S_OK);
    CHECK(attachment->QueryInterface(IID_PPV_ARGS(&by_args)) == S_OK);
    CHECK(attachment->QueryInterface(&by_type) == S_OK);
    CHECK(by_uuid == p && by_args == p && by_type == p);
    CHECK(attachment->QueryInterface(&wrong) == E_NOINTERFACE && wrong == nullptr);
    CHECK(outbound_from_c_references == 4);

    WSD_UNKNOWN *identity = nullptr;
    CHECK(p->QueryInterface(&identity) == S_OK && identity == unknown);
}

void compare_identifiers()
{
    const wsd_guid unknown = WSD_UUIDOF(WSD_UNKNOWN);
    const wsd_guid attachment = __uuidof(IWSDAttachment);
    const wsd_guid outbound = __uuidof(IWSDOutboundAttachment);
    const wsd_guid inbound = __uuidof(IWSDInboundAttachment);

    CHECK(std::memcmp(&unknown, &wsd_iid_unknown, sizeof(wsd_guid)) == 0);
    CHECK(std::memcmp(&attachment, &IID_IWSDAttachment, sizeof(wsd_guid)) == 0);
    CHECK(std::memcmp(&outbound, &IID_IWSDOutboundAttachment, sizeof(wsd_guid)) == 0);
    CHECK(std::memcmp(&inbound, &IID_IWSDInboundAttachment, sizeof(wsd_guid)) == 0);
}

#ifdef WSD_TYPES_ARE_OURS

class PortedOutbound final : public IWSDOutboundAttachment
{
  public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID riid, void **ppvObject) override
    {
        if (riid != IID_IUnknown && !IsEqualIID(riid, IID_IWSDAttachment) &&
            !IsEqualGUID(riid, __uuidof(IWSDOutboundAttachment)))
            return E_NOINTERFACE;
        *ppvObject = static_cast<IWSDOutboundAttachment *>(this);
        AddRef();
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override
    {
        return ++references;
    }
    ULONG STDMETHODCALLTYPE Release() override
    {
        return --references;
    }
    HRESULT STDMETHODCALLTYPE Write(const BYTE *, DWORD dwBytesToWrite,
                                    LPDWORD pdwNumberOfBytesWritten) override
    {
        *pdwNumberOfBytesWritten = dwBytesToWrite;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Close() override
    {
        return STG_S_BLOCK;
    }
    HRESULT STDMETHODCALLTYPE Abort() override
    {
        return S_OK;
    }

  private:
    ULONG references = 1;
};

void use_microsofts_spelling()
{
    PortedOutbound outbound;
    drive_outbound_from_c(&outbound);

    Inbound inbound;
    IWSDAttachment *pAttachment = &inbound;
    IWSDInboundAttachment *pStream = nullptr;
    HRESULT hr = pAttachment->QueryInterface(__uuidof(pStream), (void **)&pStream);
    CHECK(hr == S_OK);
    BYTE buffer[32];
    ULONG cb = 0; /* real programs pass a ULONG as LPDWORD */
    CHECK(pStream->Read(buffer, sizeof(buffer), &cb) == S_FALSE);
    CHECK(cb == 10);
    CHECK(pStream->Release() == 1);

    IUnknown *unknown = nullptr;
    CHECK(pAttachment->QueryInterface(IID_PPV_ARGS(&unknown)) == S_OK);
    const GUID &same = __uuidof(*unknown);
    CHECK(same == IID_IUnknown && __uuidof(unknown) == same);
}

#else

void use_microsofts_spelling()
{
}

#endif

} // namespace

int main()
{
    Inbound inbound;

    compare_identifiers();
    drive_outbound_from_cpp();
    drive_inbound_from_c(&inbound);
    use_microsofts_spelling();
    return 0;
}
