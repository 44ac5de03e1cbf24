// Written as for Windows, after the idioms of Microsoft's FileService sample: nothing in
// it but its main() knows that it is elsewhere.
#include <objbase.h>
#include <stdio.h>
#include <string.h>
#include <unknwn.h>
#include <windows.h>

#include "ported.h"
#include <wsd_attachment.h>

namespace
{

template <class Interface> class CAttachment : public Interface
{
  public:
    HRESULT STDMETHODCALLTYPE QueryInterface(REFIID riid, void **ppvObject) override
    {
        if (NULL == ppvObject)
            return E_POINTER;
        *ppvObject = NULL;
        if (riid != __uuidof(IUnknown) && riid != __uuidof(IWSDAttachment) &&
            !IsEqualIID(riid, __uuidof(Interface)))
            return E_NOINTERFACE;
        *ppvObject = static_cast<Interface *>(this);
        AddRef();
        return S_OK;
    }
    ULONG STDMETHODCALLTYPE AddRef() override
    {
        return ++m_cRef;
    }
    ULONG STDMETHODCALLTYPE Release() override
    {
        return --m_cRef;
    }
    HRESULT STDMETHODCALLTYPE Close() override
    {
        return S_OK;
    }
    ULONG m_cRef = 1;
};

class CReader final : public CAttachment<IWSDInboundAttachment>
{
  public:
    HRESULT STDMETHODCALLTYPE Read(BYTE *pBuffer, DWORD dwBytesToRead,
                                   LPDWORD pdwNumberOfBytesRead) override
    {
        const DWORD left = static_cast<DWORD>(strlen(m_pText));
        const DWORD n = dwBytesToRead < left ? dwBytesToRead : left;

        memcpy(pBuffer, m_pText, n);
        m_pText += n;
        *pdwNumberOfBytesRead = n;
        return n == left ? S_FALSE : S_OK;
    }
    LPCSTR m_pText = "a document";
};

class CWriter final : public CAttachment<IWSDOutboundAttachment>
{
  public:
    HRESULT STDMETHODCALLTYPE Write(const BYTE *pBuffer, DWORD dwBytesToWrite,
                                    LPDWORD pdwNumberOfBytesWritten) override
    {
        const DWORD n = dwBytesToWrite < 3 ? dwBytesToWrite : 3;

        strncat(m_text, reinterpret_cast<LPCSTR>(pBuffer), n);
        *pdwNumberOfBytesWritten = n;
        return S_OK;
    }
    HRESULT STDMETHODCALLTYPE Abort() override
    {
        return S_OK;
    }
    char m_text[32] = "";
};

// From any attachment, as a message hands it out.
HRESULT ReadAttachment(IWSDAttachment *pAttachment, char *pText)
{
    IWSDInboundAttachment *pStream = NULL;
    BYTE buffer[4];
    ULONG cb = 0;
    HRESULT hr =
        pAttachment->QueryInterface(__uuidof(IWSDInboundAttachment), (void **)&pStream);

    while (S_OK == hr) {
        hr = pStream->Read(buffer, sizeof(buffer), &cb);
        if (SUCCEEDED(hr))
            strncat(pText, (LPCSTR)buffer, cb);
        if (S_FALSE == hr) {
            hr = S_OK;
            break;
        }
    }
    if (NULL != pStream) {
        pStream->Release();
        pStream = NULL;
    }
    return hr;
}

HRESULT WriteAttachment(IWSDOutboundAttachment *pAttachment, LPCSTR pText)
{
    const BYTE *p = (const BYTE *)pText;
    DWORD left = (DWORD)strlen(pText);
    HRESULT hr = S_OK;

    while (S_OK == hr && 0 < left) {
        DWORD w = 0;
        hr = pAttachment->Write(p, left, &w);
        p += w;
        left -= w;
    }
    if (S_OK == hr)
        hr = pAttachment->Close();
    else
        pAttachment->Abort();
    return hr;
}

bool Ask(IWSDAttachment *pAttachment)
{
    IWSDOutboundAttachment *pByArgs = NULL, *pByType = NULL;
    IUnknown *pUnknown = NULL;
    const bool found = S_OK == pAttachment->QueryInterface(IID_PPV_ARGS(&pByArgs)) &&
                       S_OK == pAttachment->QueryInterface(&pByType) &&
                       S_OK == pByType->QueryInterface(IID_PPV_ARGS(&pUnknown)) &&
                       pByArgs == pByType;

    IUnknown *const all[] = {pByArgs, pByType, pUnknown};
    for (IUnknown *p : all)
        if (NULL != p)
            p->Release();
    return found;
}

} // namespace

int main()
{
    IWSDOutboundAttachment *pOurs = NULL;
    CReader reader, again;
    CWriter writer, inC;
    char text[32] = "";
    const bool right =
        S_OK == ReadAttachment(&reader, text) && 0 == strcmp(text, "a document") &&
        S_OK == WriteAttachment(&writer, text) && 0 == strcmp(writer.m_text, text) &&
        S_OK == CopyInC(&again, &inC) && 0 == strcmp(inC.m_text, text) && Ask(&writer) &&
        1 == reader.m_cRef && 1 == again.m_cRef && 1 == writer.m_cRef &&
        S_OK == WSDCreateOutboundAttachment(&pOurs);

    // The library's own object, which was never put in a message.
    if (!right || !Ask(pOurs) || S_OK != wsd_attachment_set_wait_budget(pOurs, 0) ||
        STG_S_BLOCK != WriteAttachment(pOurs, text) || 0 != pOurs->Release())
        return 1;
    SetLastError(ERROR_INVALID_HANDLE);
    if (E_HANDLE != HRESULT_FROM_WIN32(GetLastError()))
        return 1;
    puts("S_OK");
    return 0;
}
