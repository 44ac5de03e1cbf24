/* namespaces -- the XML namespaces and URIs of SOAP, WS-Addressing and XOP. */
#ifndef WSD_SOAP_NAMESPACES_H
#define WSD_SOAP_NAMESPACES_H

#define WSD_NS_SOAP "http://www.w3.org/2003/05/soap-envelope" /* SOAP 1.2 */
#define WSD_NS_WSA "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define WSD_NS_WSA_10 "http://www.w3.org/2005/08/addressing" /* DPWS 1.1 devices */
#define WSD_NS_XOP "http://www.w3.org/2004/08/xop/include"

#define WSD_WSA_ANONYMOUS WSD_NS_WSA "/role/anonymous"
#define WSD_WSA_10_ANONYMOUS WSD_NS_WSA_10 "/anonymous"

#endif
