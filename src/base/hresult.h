/* hresult -- the names and texts of the codes in base/hresult_table.h. */
#ifndef WSD_BASE_HRESULT_H
#define WSD_BASE_HRESULT_H

#include "wsd_types.h"

/* The symbolic name, for example "STG_S_BLOCK" or "ERROR_WINHTTP_TIMEOUT";
 * "HTTP_E_STATUS" for every 0x80190000|status; "unknown" for the rest. */
const char *wsd_hresult_name(HRESULT hr);

/* One English sentence without a final stop; never NULL. */
const char *wsd_hresult_text(HRESULT hr);

#endif
