#include "mime/boundary.h"

#include <string.h>

HRESULT wsd_boundary_draw(wsd_uuid_source draw, const char *text,
                          char boundary[WSD_UUID_SIZE])
{
    HRESULT hr;

    do
        hr = draw(boundary);
    while (hr == S_OK && strstr(text, boundary) != NULL);
    return hr;
}
