#include <wsdapi.h>

#ifdef __cplusplus
extern "C" {
#endif
/* In C: reads to the end by COBJMACROS, then writes the same by lpVtbl; S_OK or the code
 * of the first call that failed. */
HRESULT CopyInC(IWSDInboundAttachment *pFrom, IWSDOutboundAttachment *pTo);
#ifdef __cplusplus
}
#endif
