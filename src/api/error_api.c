/* The exported functions of wsd_error.h. */
#include "wsd_error.h"

#include "base/hresult.h"

const char *WSD_CALL wsd_error_name(HRESULT hr)
{
    return wsd_hresult_name(hr);
}

const char *WSD_CALL wsd_error_text(HRESULT hr)
{
    return wsd_hresult_text(hr);
}
