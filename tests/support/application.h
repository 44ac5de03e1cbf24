/*
 * application -- what an application does with the library, for the tests that stand in
 * its place.  Whatever has to succeed, and does not, fails the test.
 */
#ifndef WSD_TESTS_APPLICATION_H
#define WSD_TESTS_APPLICATION_H

#include <stdbool.h>
#include <stddef.h>

#include "support/worker.h"
#include "wsd_attachment.h"
#include "wsd_client.h"
#include "wsd_error.h"
#include "wsd_message.h"
#include "wsdattachment.h"

#define INVALID_OPERATION HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define assert_hr(actual, expected)                                                      \
    check_hr(actual, expected, #actual, __FILE__, __LINE__)
void check_hr(HRESULT actual, HRESULT expected, const char *call, const char *file,
              int line);

/* ---- Attachments ---- */

IWSDOutboundAttachment *attachment_create(void);
HRESULT attachment_write(IWSDOutboundAttachment *attachment, const void *bytes,
                         size_t size, DWORD *written);
/* Until all is taken; or the first code that is not S_OK. */
HRESULT attachment_write_all(IWSDOutboundAttachment *attachment, const void *bytes,
                             size_t size);
/* Opens the stream: Write of 0 bytes. */
HRESULT attachment_open(IWSDOutboundAttachment *attachment);
/* Never waits, and takes what it is given until nothing more fits: so the peer is not
 * reading any more.  Leaves the budget at 0; returns how much was taken. */
size_t attachment_stuff(IWSDOutboundAttachment *attachment);
HRESULT attachment_close(IWSDOutboundAttachment *attachment);
HRESULT attachment_abort(IWSDOutboundAttachment *attachment);
uint32_t attachment_release(IWSDOutboundAttachment *attachment);
void attachment_set_budget(IWSDOutboundAttachment *attachment, DWORD milliseconds);
wsd_attachment_progress attachment_progress(IWSDOutboundAttachment *attachment);
int attachment_ready_fd(IWSDOutboundAttachment *attachment);
bool attachment_is_ready(IWSDOutboundAttachment *attachment);
/* Waits for the ready descriptor. */
void attachment_await_ready(IWSDOutboundAttachment *attachment);
/* Waits until the first Write of another thread has begun.  Takes the callback away. */
void attachment_await_first_write(IWSDOutboundAttachment *attachment);

/* What every test says of a reply that only has to be there. */
#define REPLY_ACCEPTED "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"

/* Bytes of all values; equal for an equal seed.  Caller frees. */
char *document_make(size_t size, unsigned seed);

/* ---- Calls on other threads ---- */

enum method { WRITE, CLOSE, ABORT };

struct call {
    struct worker worker;
    IWSDOutboundAttachment *attachment;
    enum method method;
    const void *bytes; /* of WRITE: one call, not all of them */
    size_t size;
    DWORD written;
    HRESULT hr;
    long returned_ms; /* when, on the clock of now_ms() */
};

/* For the record only: no test depends on it. */
long now_ms(void);

void call_begin(struct call *call, IWSDOutboundAttachment *attachment, enum method method,
                const void *bytes, size_t size);
/* Waits for its return; what it returned. */
HRESULT call_end(struct call *call);

/* ---- Messages ---- */

#define ACTION "http://example.org/upload/Upload"
#define BODY                                                                             \
    "<u:Upload xmlns:u=\"http://example.org/upload\"><u:Data/><u:Data/><u:Data/>"        \
    "<u:Data/></u:Upload>"

wsd_outbound_message *message_create(const char *body); /* NULL: without one */

/* A client and one message with `count` <= 4 attachments, at Upload/Data[1] and so on. */
struct upload {
    wsd_client *client;
    wsd_outbound_message *message;
    IWSDOutboundAttachment *parts[4];
};

void upload_make(struct upload *upload, const wsd_client_options *options, size_t count);
void upload_send(struct upload *upload, const char *url);
/* The reply within the patience of a test; its code. */
HRESULT upload_receive(struct upload *upload, wsd_inbound_message **reply);
/* The same, for a test that looks at the code only. */
HRESULT upload_result(struct upload *upload);
/* Gives back what the test has not. */
void upload_free(struct upload *upload);
/* A message without an attachment, or one with a short document, by a client of its own:
 * its code. */
HRESULT upload_post(const char *url, const wsd_client_options *options, bool streams);
/* The same, with the reply. */
HRESULT upload_exchange(const char *url, const wsd_client_options *options, bool streams,
                        wsd_inbound_message **reply);

#endif
