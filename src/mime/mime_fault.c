#include "mime/mime_fault.h"

HRESULT wsd_mime_fault_hresult(enum wsd_mime_fault fault)
{
#define HRESULT_OF(label, hr, text) [WSD_MIME_##label] = (hr),
    static const HRESULT hresults[] = {WSD_MIME_FAULTS(HRESULT_OF)};

    return hresults[fault];
}

const char *wsd_mime_fault_text(enum wsd_mime_fault fault)
{
#define TEXT_OF(label, hr, text) [WSD_MIME_##label] = (text),
    static const char *const texts[] = {WSD_MIME_FAULTS(TEXT_OF)};

    return texts[fault];
}
