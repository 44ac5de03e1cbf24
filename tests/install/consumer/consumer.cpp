#include <iostream>

#include <wsdattach.hpp>

int main()
{
    wsd::outbound_attachment attachment;
    wsd::client client;
    HRESULT hr = WSDCreateOutboundAttachment(wsd::into(attachment));

    if (hr == S_OK)
        hr = wsd_client_create(nullptr, wsd::into(client));
    std::cout << wsd_error_name(hr) << '\n';
    return hr == S_OK ? 0 : 1;
}
