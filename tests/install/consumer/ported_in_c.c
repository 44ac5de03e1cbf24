/* As on Windows. */
#define COBJMACROS
#include <windows.h>

#include "ported.h"

HRESULT CopyInC(IWSDInboundAttachment *pFrom, IWSDOutboundAttachment *pTo)
{
    BYTE buffer[4];
    ULONG cb = 0;
    HRESULT hr = S_OK;
    BOOL last = FALSE;
    LPVOID same = NULL;

    hr = IWSDInboundAttachment_QueryInterface(pFrom, &IID_IWSDInboundAttachment, &same);
    if (FAILED(hr))
        return hr;
    IWSDInboundAttachment_Release(pFrom);
    while (S_OK == hr && !last) {
        BYTE *p = buffer;

        hr = IWSDInboundAttachment_Read(pFrom, buffer, sizeof(buffer), &cb);
        if (S_FALSE == hr) { /* the last bytes come with it */
            hr = S_OK;
            last = TRUE;
        }
        while (S_OK == hr && 0 < cb) {
            DWORD w = 0;

            hr = pTo->lpVtbl->Write(pTo, p, cb, &w);
            p += w;
            cb -= w;
        }
    }
    return S_OK == hr ? pTo->lpVtbl->Close(pTo) : hr;
}
