/* md5 -- RFC 1321, for HTTP's Digest alone: as a protection it is broken. */
#ifndef WSD_WININET_MD5_H
#define WSD_WININET_MD5_H

#include <stddef.h>

#define WSD_MD5_SIZE 33 /* 32 hexadecimal digits and the NUL */

void wsd_md5(const void *bytes, size_t size, char digits[WSD_MD5_SIZE]);

#endif
