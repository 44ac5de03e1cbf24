/* Stands for Microsoft's <objbase.h>: IUnknown and what it needs. */
#ifndef WSD_COMPAT_OBJBASE_H
#define WSD_COMPAT_OBJBASE_H

#include <wsd_types.h>

#endif
