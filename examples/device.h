/*
 * device -- what the example devices share: their common options, the life of a service
 * from its start to Ctrl-C, lines on standard output, and the bodies of replies.
 */
#ifndef DEVICE_H
#define DEVICE_H

#include <stdio.h>

#include "cli.h"
#include "wsd_service.h"

#ifdef __cplusplus
extern "C" {
#endif

struct device {
    struct cli cli;              /* set its `program` */
    const char *usage;           /* what --help prints */
    const char *path;            /* of the URL; begins with '/' */
    wsd_service_options options; /* begin with WSD_SERVICE_OPTIONS_INIT */
    const char *port_file;       /* NULL: none */
};

/* ---- Options ----------------------------------------------------------------------- */

/* The end of the program's table for getopt_long(), and of what --help prints. */
#define DEVICE_OPTIONS                                                                   \
    {"address", required_argument, NULL, DEVICE_ADDRESS},                                \
        {"port", required_argument, NULL, DEVICE_PORT},                                  \
        {"port-file", required_argument, NULL, DEVICE_PORT_FILE},                        \
        {"tls-cert", required_argument, NULL, DEVICE_TLS_CERT},                          \
        {"tls-key", required_argument, NULL, DEVICE_TLS_KEY},                            \
        {"verbose", no_argument, NULL, DEVICE_VERBOSE},                                  \
        {"quiet", no_argument, NULL, DEVICE_QUIET},                                      \
        {"help", no_argument, NULL, DEVICE_HELP},                                        \
        {"version", no_argument, NULL, DEVICE_VERSION},                                  \
    {                                                                                    \
        NULL, 0, NULL, 0                                                                 \
    }
#define DEVICE_USAGE                                                                     \
    "  --address A     the numeric IP address to listen on; default: 127.0.0.1, where\n" \
    "                  only this machine can connect\n"                                  \
    "  --port P        the port to listen on; default: a free one\n"                     \
    "  --port-file F   write the port's number to file F\n"                              \
    "  --tls-cert F    speak HTTPS: the certificate chain, in PEM,\n"                    \
    "  --tls-key F     and its key\n"                                                    \
    "  -v, --verbose   print the whole log, not only what is amiss\n"                    \
    "  --quiet         print nothing but the line READY URL\n"                           \
    "  --help, --version\n"

/* Beyond every character, so that a program can number its own options from 1. */
enum {
    DEVICE_ADDRESS = 256,
    DEVICE_PORT,
    DEVICE_PORT_FILE,
    DEVICE_TLS_CERT,
    DEVICE_TLS_KEY,
    DEVICE_QUIET,
    DEVICE_HELP,
    DEVICE_VERSION,
    DEVICE_VERBOSE = 'v'
};

/* Takes what getopt_long() has found.  False, with a message, when it is none of these
 * or has a wrong value; --help and --version end the program. */
bool device_take_option(struct device *device, int option, char *value);

/* ---- Life -------------------------------------------------------------------------- */

struct device_operation {
    const char *action;
    wsd_handler handler;
};

/* Serves the operations until Ctrl-C (SIGINT) or SIGTERM, and lets those that are in
 * progress then have 2 s to end.  When clients can connect, the port's file is there and
 * standard output has the line "READY URL".  Call it before any other thread is started.
 * Returns the program's exit status; after a failure a message is on stderr. */
int device_run(struct device *device, const struct device_operation *operations,
               size_t count, void *context);

/* Prints one line, whole, on standard output, unless quiet; any thread. */
void device_say(const struct device *device, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* ---- Replies ----------------------------------------------------------------------- */

/* A body that is written with stdio. */
struct device_body {
    FILE *to;
    char *xml;
    size_t length;
};

/* E_OUTOFMEMORY when nothing can be written; else device_body_end() must follow. */
HRESULT device_body_begin(struct device_body *body);

/* Makes what was written the reply's body; NULL: throws it away. */
HRESULT device_body_end(struct device_body *body, wsd_outbound_message *reply);

/* <name>text</name>, with the text escaped. */
void device_put(FILE *to, const char *name, const char *text);

/* Makes the reply a fault.  detail: XML, or "".  S_OK, which the handler can return. */
HRESULT device_fault(wsd_outbound_message *reply, const char *code,
                     const char *subcode_namespace, const char *subcode,
                     const char *reason, const char *detail);

#ifdef __cplusplus
}
#endif
#endif
