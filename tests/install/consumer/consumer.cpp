#include <iostream>

#include <wsd_client.h>
#include <wsd_error.h>
#include <wsdattachment.h>

int main()
{
    IWSDOutboundAttachment *attachment = nullptr;
    wsd_client *client = nullptr;
    HRESULT hr = WSDCreateOutboundAttachment(&attachment);

    if (hr == S_OK)
        hr = wsd_client_create(nullptr, &client);
    if (client != nullptr)
        wsd_client_release(client);
    if (attachment != nullptr)
        attachment->Release();
    std::cout << wsd_error_name(hr) << '\n';
    return hr == S_OK ? 0 : 1;
}
