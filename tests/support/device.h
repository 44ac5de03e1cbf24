/*
 * device -- a service as an application makes one, the requests of a raw client, and what
 * handlers do.
 */
#ifndef WSD_TESTS_DEVICE_H
#define WSD_TESTS_DEVICE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/application.h"
#include "support/bytes.h"
#include "support/http_client.h"
#include "support/recorded.h"
#include "support/scanner.h"
#include "wsd_service.h"

struct device {
    wsd_service *service;
    uint16_t port;
    char url[64]; /* of "/service" */
};

/* The defaults, but with rings that a document of some size fills. */
#define RING 10000
wsd_service_options small_rings(void);

/* One that answers every Action at "/service" in this way.  options: NULL for the
 * defaults. */
void device_start(struct device *device, const wsd_service_options *options,
                  wsd_handler handler, void *context);
/* Only this Action; NULL: every one. */
void device_start_for(struct device *device, const wsd_service_options *options,
                      const char *action, wsd_handler handler, void *context);
void device_release(struct device *device);

/* ---- Requests ---- */

#define WSA "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define REQUEST_ID "urn:uuid:0a6dc791-2be6-4991-9af1-454778a1917a"

#define SOAP_FIELD "Content-Type: application/soap+xml\r\n"
#define PACKAGE_FIELD "Content-Type: " SCAN_TYPE "\r\n"

/* With the prefixes s and a, which are not the library's own. */
#define SOAP(headers, body)                                                              \
    "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" xmlns:a=\"" WSA     \
    "\"><s:Header>" headers "</s:Header><s:Body>" body "</s:Body></s:Envelope>"
#define ADDRESSED(action)                                                                \
    "<a:To>http://device/service</a:To><a:Action>" action "</a:Action>"                  \
    "<a:MessageID>" REQUEST_ID "</a:MessageID><a:ReplyTo><a:Address>" WSA                \
    "/role/anonymous</a:Address></a:ReplyTo>"
#define REQUEST SOAP(ADDRESSED(ACTION), BODY)

/* The root part of a package with `count` attachments at Upload/Data[1] and so on;
 * put_page() and put_end() go on. */
void put_upload(struct bytes *body, size_t count);

/* Posts to /service on a connection of its own, and gives the reply. */
void device_ask(const struct device *device, const char *fields, const void *body,
                size_t size, struct recorded *reply);
/* REQUEST, and its status. */
int device_status(const struct device *device);

/* A SOAP fault with this status and the local names of its code and subcode; NULL:
 * without a subcode. */
void assert_fault(const struct recorded *reply, int status, const char *code,
                  const char *subcode);
/* The client's next reply is 200 and ANSWER, or has one attachment: this. */
void expect_answer(struct http_client *client);
void expect_part(struct http_client *client, const void *content, size_t size);
#define assert_says(reply, text) assert_non_null(strstr((reply)->body, text))

/* ---- Handlers: on any thread, without assertions ---- */

#define ANSWER                                                                           \
    "<u:UploadResponse xmlns:u=\"http://example.org/upload\"><u:Page/><u:Page/>"         \
    "<u:Page/><u:Page/></u:UploadResponse>"

/* Answers ANSWER; context: an atomic_uint that counts the calls, or NULL. */
HRESULT WSD_CALL answer_plainly(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply);

/* Makes ANSWER the body and attaches `count` <= 4 new attachments at
 * UploadResponse/Page[1] and so on.  Their first failure. */
HRESULT answer_attach(wsd_outbound_message *reply, IWSDOutboundAttachment **parts,
                      size_t count);

/* Answers with one attachment, which is the request's; ANSWER if that has none.
 * context: a struct bytes, with which it has to begin. */
HRESULT WSD_CALL answer_echo(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply);

/* A reply whose attachments are written outside its handler. */
struct answer {
    size_t count; /* <= 4 */
    IWSDOutboundAttachment *parts[4];
    HRESULT hr;
    atomic_bool has_returned;
};

/* Answers so; context: a struct answer. */
HRESULT WSD_CALL answer_with_parts(void *context, wsd_inbound_message *request,
                                   wsd_outbound_message *reply);
/* Starts the device with this handler and small rings, and opens a client whose request's
 * handler has returned. */
void answer_begin(struct answer *answer, struct device *device,
                  struct http_client *client);
void answer_release(struct answer *answer);

/* Attachment number `index` of the request, at Upload/Data[index + 1]. */
HRESULT request_part(wsd_inbound_message *request, size_t index,
                     IWSDInboundAttachment **part);

/* What reading an attachment to its end has found. */
struct reading {
    HRESULT hr; /* S_FALSE: the end */
    size_t size;
    bool as_expected; /* every byte is that of the document */
};
struct reading part_read(IWSDInboundAttachment *part, const char *expected, size_t size);

/* Writes all and closes; the first code that is not S_OK. */
HRESULT part_write(IWSDOutboundAttachment *part, const void *bytes, size_t size);

#endif
