/* Stands for Microsoft's <wsdapi.h>: the attachments of it. */
#ifndef WSD_COMPAT_WSDAPI_H
#define WSD_COMPAT_WSDAPI_H

#include <wsdattachment.h>

#endif
