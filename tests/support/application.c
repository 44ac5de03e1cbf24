#include "support/application.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>

#include "support/peer.h"

void check_hr(HRESULT actual, HRESULT expected, const char *call, const char *file,
              int line)
{
    if (actual == expected)
        return;
    print_error("%s\n  is       0x%08x %s\n  expected 0x%08x %s\n", call,
                (unsigned)actual, wsd_error_name(actual), (unsigned)expected,
                wsd_error_name(expected));
    _fail(file, line);
}

/* ---- Attachments ----------------------------------------------------------------------
 */

IWSDOutboundAttachment *attachment_create(void)
{
    IWSDOutboundAttachment *attachment;

    assert_hr(WSDCreateOutboundAttachment(&attachment), S_OK);
    return attachment;
}

HRESULT attachment_write(IWSDOutboundAttachment *attachment, const void *bytes,
                         size_t size, DWORD *written)
{
    return attachment->lpVtbl->Write(attachment, bytes, (DWORD)size, written);
}

HRESULT attachment_write_all(IWSDOutboundAttachment *attachment, const void *bytes,
                             size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        DWORD written;
        HRESULT hr = attachment_write(attachment, at, size, &written);

        if (hr != S_OK)
            return hr;
        at += written;
        size -= written;
    }
    return S_OK;
}

HRESULT attachment_open(IWSDOutboundAttachment *attachment)
{
    DWORD written;

    return attachment_write(attachment, "", 0, &written);
}

size_t attachment_stuff(IWSDOutboundAttachment *attachment)
{
    static const char zeros[65536];
    struct pollfd item = {attachment_ready_fd(attachment), POLLIN, 0};
    size_t total = 0;

    attachment_set_budget(attachment, 0);
    for (;;) {
        DWORD written;
        HRESULT hr = attachment_write(attachment, zeros, sizeof(zeros), &written);

        total += written;
        if (hr == S_OK)
            continue;
        assert_hr(hr, STG_S_BLOCK);
        /* The network may only have been slow: TCP tries a full peer again 200 ms and
         * then 400 ms later, and some may fit by then. */
        if (poll(&item, 1, 700) == 0)
            return total;
    }
}

HRESULT attachment_close(IWSDOutboundAttachment *attachment)
{
    return attachment->lpVtbl->Close(attachment);
}

HRESULT attachment_abort(IWSDOutboundAttachment *attachment)
{
    return attachment->lpVtbl->Abort(attachment);
}

uint32_t attachment_release(IWSDOutboundAttachment *attachment)
{
    return attachment->lpVtbl->Release(attachment);
}

void attachment_set_budget(IWSDOutboundAttachment *attachment, DWORD milliseconds)
{
    assert_hr(wsd_attachment_set_wait_budget((IWSDAttachment *)attachment, milliseconds),
              S_OK);
}

wsd_attachment_progress attachment_progress(IWSDOutboundAttachment *attachment)
{
    wsd_attachment_progress progress = {.size = sizeof(progress)};

    assert_hr(wsd_attachment_get_progress((IWSDAttachment *)attachment, &progress), S_OK);
    return progress;
}

int attachment_ready_fd(IWSDOutboundAttachment *attachment)
{
    int fd;

    assert_hr(wsd_attachment_get_ready_fd((IWSDAttachment *)attachment, &fd), S_OK);
    return fd;
}

static bool is_ready_within(IWSDOutboundAttachment *attachment, int milliseconds)
{
    struct pollfd item = {attachment_ready_fd(attachment), POLLIN, 0};

    return poll(&item, 1, milliseconds) == 1;
}

bool attachment_is_ready(IWSDOutboundAttachment *attachment)
{
    return is_ready_within(attachment, 0);
}

void attachment_await_ready(IWSDOutboundAttachment *attachment)
{
    assert_true(is_ready_within(attachment, PEER_PATIENCE_MS));
}

void attachment_await_first_write(IWSDOutboundAttachment *attachment)
{
    WORKER_AWAIT(wsd_attachment_set_ready_callback((IWSDAttachment *)attachment, NULL,
                                                   NULL) == INVALID_OPERATION);
}

char *document_make(size_t size, unsigned seed)
{
    char *document = malloc(size + 1);
    uint32_t random = seed * 2654435761u + 1;

    assert_non_null(document);
    for (size_t i = 0; i < size; i++) {
        random = random * 1664525u + 1013904223u;
        document[i] = (char)(random >> 24);
    }
    return document;
}

/* ---- Calls on other threads -----------------------------------------------------------
 */

long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void run_call(void *argument)
{
    struct call *call = argument;

    switch (call->method) {
    case WRITE:
        call->hr =
            attachment_write(call->attachment, call->bytes, call->size, &call->written);
        break;
    case CLOSE:
        call->hr = attachment_close(call->attachment);
        break;
    case ABORT:
        call->hr = attachment_abort(call->attachment);
        break;
    }
    call->returned_ms = now_ms();
}

void call_begin(struct call *call, IWSDOutboundAttachment *attachment, enum method method,
                const void *bytes, size_t size)
{
    *call = (struct call){.attachment = attachment,
                          .method = method,
                          .bytes = bytes,
                          .size = size,
                          .written = 0xDDDDDDDD,
                          .hr = E_UNEXPECTED};
    worker_start(&call->worker, run_call, call);
}

HRESULT call_end(struct call *call)
{
    worker_join(&call->worker);
    return call->hr;
}

/* ---- Messages -------------------------------------------------------------------------
 */

wsd_outbound_message *message_create(const char *body)
{
    wsd_outbound_message *message;

    assert_hr(wsd_outbound_message_create(ACTION, &message), S_OK);
    if (body != NULL)
        assert_hr(wsd_outbound_message_set_body(message, body, strlen(body)), S_OK);
    return message;
}

void upload_make(struct upload *upload, const wsd_client_options *options, size_t count)
{
    *upload = (struct upload){.message = message_create(BODY)};
    assert_hr(wsd_client_create(options, &upload->client), S_OK);
    for (size_t i = 0; i < count; i++) {
        char path[40];

        snprintf(path, sizeof(path), "Upload/Data[%zu]", i + 1);
        upload->parts[i] = attachment_create();
        assert_hr(
            wsd_outbound_message_attach(upload->message, path, upload->parts[i], NULL),
            S_OK);
    }
}

void upload_send(struct upload *upload, const char *url)
{
    assert_hr(wsd_client_send(upload->client, url, upload->message), S_OK);
}

HRESULT upload_receive(struct upload *upload, wsd_inbound_message **reply)
{
    return wsd_client_receive(upload->client, upload->message, PEER_PATIENCE_MS, reply);
}

HRESULT upload_result(struct upload *upload)
{
    wsd_inbound_message *reply;
    HRESULT hr = upload_receive(upload, &reply);

    wsd_inbound_message_release(reply);
    return hr;
}

void upload_free(struct upload *upload)
{
    for (size_t i = 0; i < COUNT(upload->parts); i++)
        if (upload->parts[i] != NULL)
            attachment_release(upload->parts[i]);
    wsd_outbound_message_release(upload->message);
    wsd_client_release(upload->client);
}

HRESULT upload_exchange(const char *url, const wsd_client_options *options, bool streams,
                        wsd_inbound_message **reply)
{
    struct upload upload;
    HRESULT result, hr = S_OK;

    upload_make(&upload, options, streams ? 1 : 0);
    upload_send(&upload, url);
    if (streams)
        hr = attachment_write_all(upload.parts[0], "document", 8);
    if (streams && hr == S_OK)
        hr = attachment_close(upload.parts[0]);
    result = upload_receive(&upload, reply);
    if (hr != S_OK)
        assert_hr(hr, result);
    upload_free(&upload);
    return result;
}

HRESULT upload_post(const char *url, const wsd_client_options *options, bool streams)
{
    wsd_inbound_message *reply = NULL;
    HRESULT result = upload_exchange(url, options, streams, &reply);

    wsd_inbound_message_release(reply);
    return result;
}
