/* request_bed -- a request over the fake transport of internet_bed. */
#ifndef WSD_TESTS_REQUEST_BED_H
#define WSD_TESTS_REQUEST_BED_H

#include "support/internet_bed.h"
#include "wininet/http_request.h"

struct request_bed {
    struct internet_bed bed;
    struct internet_script script;
    struct wsd_connection *connection;
    struct wsd_request *request;
};

static inline HRESULT request_make(struct request_bed *bed, const char *verb, DWORD flags)
{
    return wsd_request_create(bed->connection, verb, "/up", NULL, NULL, NULL, flags,
                              &bed->request);
}

static inline void request_bed_open(struct request_bed *bed, const char *head,
                                    const char *body)
{
    internet_bed_open(&bed->bed);
    bed->script = (struct internet_script){.head = head, .body = body};
    internet_play(&bed->bed, &bed->script);
    assert_int_equal(
        internet_bed_connect(&bed->bed, INTERNET_SERVICE_HTTP, &bed->connection), S_OK);
    assert_int_equal(request_make(bed, "POST", 0), S_OK);
}

/* Ends what is still under way. */
static inline void request_bed_close(struct request_bed *bed)
{
    assert_int_equal(bed->request->object.close(&bed->request->object), S_OK);
    if (bed->bed.transport.last != NULL && !bed->bed.transport.last->is_done)
        fake_transfer_done(bed->bed.transport.last, E_ABORT);
    internet_bed_release(bed->request);
    internet_bed_release(bed->connection);
    internet_bed_close(&bed->bed);
}

#endif
