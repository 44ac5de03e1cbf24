/*
 * refusal -- the SOAP faults that the library itself answers with, and their HTTP status.
 */
#ifndef WSD_SERVICE_REFUSAL_H
#define WSD_SERVICE_REFUSAL_H

#include "wsd_types.h"

struct wsd_refusal {
    int status;
    const char *code;    /* of SOAP 1.2 part 1 section 5.4.6 */
    const char *subcode; /* of WS-Addressing; "" for none */
    const char *reason;
};

extern const struct wsd_refusal wsd_refusal_no_such_path;
extern const struct wsd_refusal wsd_refusal_not_soap;
extern const struct wsd_refusal wsd_refusal_no_such_action;
extern const struct wsd_refusal wsd_refusal_no_action;
extern const struct wsd_refusal wsd_refusal_reply_elsewhere;
extern const struct wsd_refusal wsd_refusal_not_understood;
extern const struct wsd_refusal wsd_refusal_too_large;
extern const struct wsd_refusal wsd_refusal_too_busy;

/* What a handler's failure, or one in reading the request, means to the client. */
struct wsd_refusal wsd_refusal_of(HRESULT hr);

/* The HTTP status of a fault with this code (SOAP 1.2 part 2 section 7.5.2.2). */
int wsd_refusal_status(const char *code);

#endif
