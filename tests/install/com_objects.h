/* What the two halves of the program "com_from_cpp" show each other: com_from_cpp.cpp and
 * com_from_c.c make objects of the same interfaces, each in its language, and each calls
 * the other's. */
#ifndef COM_OBJECTS_H
#define COM_OBJECTS_H

#include <stdio.h>
#include <stdlib.h>

#include "wsdattachment.h"

#define CHECK(condition)                                                                 \
    do {                                                                                 \
        if (!(condition)) {                                                              \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);              \
            exit(1);                                                                     \
        }                                                                                \
    } while (0)

#ifdef __cplusplus
extern "C" {
#endif

/* An object written in C, with one reference.  It keeps the last bytes written, of which
 * it takes at most 4 at once; a second Close is refused with E_FAIL. */
IWSDOutboundAttachment *outbound_from_c(void);
extern char outbound_from_c_bytes[5];
extern unsigned outbound_from_c_references;

/* Calls every method of an object written in C++: "last words", read 6 bytes at a time.
 */
void drive_inbound_from_c(IWSDInboundAttachment *inbound);

/* Calls every method of an object written in C++ that takes all bytes. */
void drive_outbound_from_c(IWSDOutboundAttachment *outbound);

#ifdef __cplusplus
}
#endif
#endif
