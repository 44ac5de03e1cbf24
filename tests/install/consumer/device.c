#include <stdio.h>

#include <wsd_error.h>
#include <wsd_service.h>

/* Reaches libmicrohttpd too: a service listens. */
int main(void)
{
    wsd_service *service = NULL;
    HRESULT hr = wsd_service_create(NULL, &service);

    if (hr == S_OK)
        hr = wsd_service_start(service);
    wsd_service_release(service);
    printf("%s\n", wsd_error_name(hr));
    return hr == S_OK ? 0 : 1;
}
