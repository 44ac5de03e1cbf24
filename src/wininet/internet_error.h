/*
 * internet_error -- what a transfer ends with, in WinINet's numbers.
 *
 * Inside this room every failure is an HRESULT; that of WinINet's error n is
 * HRESULT_FROM_WIN32(n), and the exported functions give n.
 */
#ifndef WSD_WININET_INTERNET_ERROR_H
#define WSD_WININET_INTERNET_ERROR_H

#include "wininet.h"
#include "wsd_types.h"

#define INTERNET_E(name) HRESULT_FROM_WIN32(ERROR_##name)

/* Of a transfer's result; S_OK is S_OK. */
HRESULT wsd_internet_error(HRESULT transfer);

#endif
