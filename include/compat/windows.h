/* Stands for Microsoft's <windows.h>: the types, codes and GetLastError. */
#ifndef WSD_COMPAT_WINDOWS_H
#define WSD_COMPAT_WINDOWS_H

#include <wininet.h>

#endif
