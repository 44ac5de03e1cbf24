/*
 * package -- an HTTP message as it looks on the wire, with the document as its one
 * attachment; for what stands in for a peer, or sends by a bare socket.
 */
#ifndef WSD_BENCH_PACKAGE_H
#define WSD_BENCH_PACKAGE_H

#include <sys/uio.h>

#include "bench.h"

#define BENCH_ACTION "urn:wsdattach:bench/Upload"

/* SOAP 1.2 with WS-Addressing 2004/08 and this body. */
#define BENCH_ENVELOPE(action, body)                                                     \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "                   \
    "xmlns:a=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\"><s:Header>"            \
    "<a:To>http://device/</a:To><a:Action>" action "</a:Action>"                         \
    "<a:MessageID>urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a</a:MessageID>"           \
    "</s:Header><s:Body>" body "</s:Body></s:Envelope>"

struct package {
    const char *first;       /* the first line, and more if need be; borrowed */
    uint64_t size, position; /* of the document */
    size_t block;
    bool length; /* Content-Length, no chunks */
    int stage;
    char text[2048]; /* what goes before the document's octets */
};

/* What comes next: the head, then a chunk for each block of the document.  Returns how
 * many of `parts` there are, 0: that was all. */
int package_next(struct package *package, struct iovec parts[3]);

/* All of it, to a socket. */
void package_send(struct package *package, int fd);

#endif
