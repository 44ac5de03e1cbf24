#include <stdio.h>

#include <wsd_client.h>
#include <wsd_error.h>
#include <wsdattachment.h>

/* Reaches the library's own dependencies too: a client is made on libcurl. */
int main(void)
{
    IWSDOutboundAttachment *attachment = NULL;
    wsd_client *client = NULL;
    HRESULT hr = WSDCreateOutboundAttachment(&attachment);

    if (hr == S_OK)
        hr = wsd_client_create(NULL, &client);
    if (client != NULL)
        wsd_client_release(client);
    if (attachment != NULL)
        attachment->lpVtbl->Release(attachment);
    printf("%s\n", wsd_error_name(hr));
    return hr == S_OK ? 0 : 1;
}
