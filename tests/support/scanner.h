/*
 * scanner -- a device that answers a request with pages: multipart/related replies byte
 * by byte as the test wants them, and what an application does with the pages.
 */
#ifndef WSD_TESTS_SCANNER_H
#define WSD_TESTS_SCANNER_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "support/application.h"
#include "support/bytes.h"
#include "support/peer.h"

/* ---- A reply: parts of the boundary "b", and a frame around them ---- */

#define SCAN_TYPE                                                                        \
    "multipart/related; boundary=b; type=\"application/xop+xml\"; "                      \
    "start=\"<root@scan>\"; start-info=\"application/soap+xml\""
#define SCAN_OK "200 OK"

static inline void put_part(struct bytes *body, const char *fields, const void *content,
                            size_t size)
{
    bytes_say(body, "\r\n--b\r\n");
    bytes_say(body, fields);
    bytes_say(body, "\r\n");
    bytes_put(body, content, size);
}

static inline void put_envelope(struct bytes *body, const char *soap_body)
{
    static const char head[] =
        "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" "
        "xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\"><soap:Header>"
        "<wsa:Action>urn:scanned</wsa:Action></soap:Header><soap:Body>";

    put_part(body,
             "Content-Type: application/xop+xml; charset=UTF-8; "
             "type=\"application/soap+xml\"\r\n"
             "Content-Transfer-Encoding: binary\r\nContent-ID: <root@scan>\r\n",
             head, sizeof(head) - 1);
    bytes_say(body, soap_body);
    bytes_say(body, "</soap:Body></soap:Envelope>");
}

#define XOP_INCLUDE(href)                                                                \
    "<x:Include xmlns:x=\"http://www.w3.org/2004/08/xop/include\" href=\"" href "\"/>"

/* An envelope that refers to `count` pages, at Scan/Page[1] and so on. */
static inline void put_root(struct bytes *body, size_t count)
{
    struct bytes soap = {0};

    bytes_say(&soap, "<s:Scan xmlns:s=\"urn:s\">");
    for (size_t i = 0; i < count; i++) {
        char page[160];

        snprintf(page, sizeof(page), "<s:Page>" XOP_INCLUDE("cid:%zu@scan") "</s:Page>",
                 i);
        bytes_say(&soap, page);
    }
    bytes_say(&soap, "</s:Scan>");
    bytes_put(&soap, "", 1);
    put_envelope(body, soap.at);
    bytes_free(&soap);
}

static inline void put_page(struct bytes *body, size_t index, const void *content,
                            size_t size)
{
    char fields[160];

    snprintf(fields, sizeof(fields),
             "Content-Type: image/jpeg\r\nContent-Transfer-Encoding: binary\r\n"
             "Content-ID: <%zu@scan>\r\n",
             index);
    put_part(body, fields, content, size);
}

static inline void put_end(struct bytes *body)
{
    bytes_say(body, "\r\n--b--\r\n");
}

enum framing { IN_CHUNKS, WITH_LENGTH, TO_THE_END, FRAMINGS };

static inline void put_head(struct bytes *reply, enum framing framing, const char *status,
                            const char *type, size_t length)
{
    char head[600];

    snprintf(head, sizeof(head), "HTTP/1.1 %s\r\nContent-Type: %s\r\n", status, type);
    bytes_say(reply, head);
    snprintf(head, sizeof(head), "Content-Length: %zu\r\n\r\n", length);
    bytes_say(reply, framing == IN_CHUNKS     ? "Transfer-Encoding: chunked\r\n\r\n"
                     : framing == WITH_LENGTH ? head
                                              : "Connection: close\r\n\r\n");
}

static inline void put_chunk(struct bytes *reply, const void *content, size_t size)
{
    char line[24];

    snprintf(line, sizeof(line), "%zx\r\n", size);
    bytes_say(reply, line);
    bytes_put(reply, content, size);
    bytes_say(reply, "\r\n");
}

static inline void put_framed(struct bytes *reply, enum framing framing,
                              const struct bytes *body)
{
    if (framing != IN_CHUNKS) {
        bytes_put(reply, body->at, body->size);
        return;
    }
    for (size_t at = 0; at < body->size; at += 5003)
        put_chunk(reply, body->at + at, body->size - at < 5003 ? body->size - at : 5003);
    bytes_say(reply, "0\r\n\r\n");
}

/* ---- A scan ---- */

struct scan {
    struct bytes body, reply;
    struct peer_step steps[6];
    struct peer *peer;
    struct upload upload;
    wsd_inbound_message *message; /* NULL: none, or given back */
};

/* Asks a scanner that sends the first `now` bytes of the reply, then the rest when told
 * by peer_go(), and ends with `end`. */
static inline void scan_start(struct scan *scan, const wsd_client_options *options,
                              size_t now, enum peer_do send, enum peer_do end)
{
    size_t count = 0;

    scan->steps[count++] = (struct peer_step){.what = PEER_READ_MESSAGE};
    if (now > 0)
        scan->steps[count++] =
            (struct peer_step){.what = send, .text = scan->reply.at, .size = now};
    if (now < scan->reply.size) {
        scan->steps[count++] = (struct peer_step){.what = PEER_HOLD};
        scan->steps[count++] = (struct peer_step){
            .what = send, .text = scan->reply.at + now, .size = scan->reply.size - now};
    }
    scan->steps[count++] = (struct peer_step){.what = end};
    scan->peer = peer_start(scan->steps, count);
    upload_make(&scan->upload, options, 0);
    upload_send(&scan->upload, peer_url(scan->peer));
}

/* The same with scan->body as the whole reply, unless the client refuses it; its code. */
static inline HRESULT scan_run(struct scan *scan, const wsd_client_options *options,
                               enum framing framing)
{
    put_head(&scan->reply, framing, SCAN_OK, SCAN_TYPE, scan->body.size);
    put_framed(&scan->reply, framing, &scan->body);
    scan_start(scan, options, scan->reply.size, PEER_SEND_SOME, PEER_CLOSE);
    return upload_receive(&scan->upload, &scan->message);
}

static inline void scan_release_message(struct scan *scan)
{
    wsd_inbound_message_release(scan->message);
    scan->message = NULL;
}

static inline void scan_free(struct scan *scan)
{
    scan_release_message(scan);
    upload_free(&scan->upload);
    peer_stop(scan->peer);
    bytes_free(&scan->body);
    bytes_free(&scan->reply);
}

/* ---- Pages: inbound attachments ---- */

static inline IWSDInboundAttachment *page_of(wsd_inbound_message *message, size_t index)
{
    IWSDInboundAttachment *page;
    char path[40];

    snprintf(path, sizeof(path), "Scan/Page[%zu]", index + 1);
    assert_hr(wsd_inbound_message_attachment(message, path, &page), S_OK);
    return page;
}

static inline HRESULT page_read(IWSDInboundAttachment *page, void *to, size_t size,
                                DWORD *given)
{
    return page->lpVtbl->Read(page, to, (DWORD)size, given);
}

/* Adds all that comes to `to`; the first code that is not S_OK. */
static inline HRESULT page_read_all(IWSDInboundAttachment *page, size_t step,
                                    struct bytes *to)
{
    char *buffer = malloc(step);
    HRESULT hr;
    DWORD given;

    assert_non_null(buffer);
    do {
        given = 0xDDDDDDDD;
        hr = page_read(page, buffer, step, &given);
        assert_true(given <= step);
        assert_true(hr == S_FALSE || (hr == S_OK) == (given > 0));
        bytes_put(to, buffer, given);
    } while (hr == S_OK);
    free(buffer);
    return hr;
}

static inline HRESULT page_close(IWSDInboundAttachment *page)
{
    return page->lpVtbl->Close(page);
}

static inline uint32_t page_release(IWSDInboundAttachment *page)
{
    return page->lpVtbl->Release(page);
}

static inline void page_set_budget(IWSDInboundAttachment *page, DWORD milliseconds)
{
    assert_hr(wsd_attachment_set_wait_budget((IWSDAttachment *)page, milliseconds), S_OK);
}

static inline wsd_attachment_progress page_progress(IWSDInboundAttachment *page)
{
    wsd_attachment_progress progress = {.size = sizeof(progress)};

    assert_hr(wsd_attachment_get_progress((IWSDAttachment *)page, &progress), S_OK);
    return progress;
}

static inline bool page_is_ready_within(IWSDInboundAttachment *page, int milliseconds)
{
    struct pollfd item = {-1, POLLIN, 0};

    assert_hr(wsd_attachment_get_ready_fd((IWSDAttachment *)page, &item.fd), S_OK);
    return poll(&item, 1, milliseconds) == 1;
}

/* Waits until the first Read of another thread has begun.  Takes the callback away. */
static inline void page_await_first_read(IWSDInboundAttachment *page)
{
    WORKER_AWAIT(wsd_attachment_set_ready_callback((IWSDAttachment *)page, NULL, NULL) ==
                 INVALID_OPERATION);
}

/* The page is this document and ends; gives it back. */
static inline void page_expect(wsd_inbound_message *message, size_t index,
                               const void *document, size_t size, size_t step)
{
    IWSDInboundAttachment *page = page_of(message, index);
    struct bytes got = {0};

    assert_hr(page_read_all(page, step, &got), S_FALSE);
    assert_int_equal(got.size, size);
    if (size > 0)
        assert_memory_equal(got.at, document, size);
    bytes_free(&got);
    page_release(page);
}

/* ---- A Read of another thread ---- */

struct page_call {
    struct worker worker;
    IWSDInboundAttachment *page;
    char buffer[100];
    DWORD given;
    HRESULT hr;
};

static inline void page_call_run(void *argument)
{
    struct page_call *call = argument;

    call->hr = page_read(call->page, call->buffer, sizeof(call->buffer), &call->given);
}

static inline void page_call_begin(struct page_call *call, IWSDInboundAttachment *page)
{
    *call = (struct page_call){.page = page, .given = 99, .hr = E_UNEXPECTED};
    worker_start(&call->worker, page_call_run, call);
}

static inline HRESULT page_call_end(struct page_call *call)
{
    worker_join(&call->worker);
    return call->hr;
}

#endif
