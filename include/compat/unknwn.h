/* Stands for Microsoft's <unknwn.h>: IUnknown and what it needs. */
#ifndef WSD_COMPAT_UNKNWN_H
#define WSD_COMPAT_UNKNWN_H

#include <wsd_types.h>

#endif
