#include "support/device.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

wsd_service_options small_rings(void)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    options.ring_bytes = RING;
    return options;
}

void device_start(struct device *device, const wsd_service_options *options,
                  wsd_handler handler, void *context)
{
    device_start_for(device, options, NULL, handler, context);
}

void device_start_for(struct device *device, const wsd_service_options *options,
                      const char *action, wsd_handler handler, void *context)
{
    assert_hr(wsd_service_create(options, &device->service), S_OK);
    assert_hr(wsd_service_handle(device->service, "/service", action, handler, context),
              S_OK);
    assert_hr(wsd_service_start(device->service), S_OK);
    device->port = wsd_service_port(device->service);
    snprintf(device->url, sizeof(device->url), "%s://127.0.0.1:%u/service",
             options != NULL && options->tls_key_file != NULL ? "https" : "http",
             device->port);
}

void device_release(struct device *device)
{
    wsd_service_release(device->service);
    device->service = NULL;
}

/* ---- Requests -------------------------------------------------------------------------
 */

void put_upload(struct bytes *body, size_t count)
{
    put_part(body,
             "Content-Type: application/xop+xml; charset=UTF-8; "
             "type=\"application/soap+xml\"\r\n"
             "Content-Transfer-Encoding: binary\r\nContent-ID: <root@scan>\r\n",
             "", 0);
    bytes_say(body,
              "<s:Envelope xmlns:s=\"http://www.w3.org/2003/05/soap-envelope\" "
              "xmlns:a=\"" WSA "\"><s:Header>" ADDRESSED(
                  ACTION) "</s:Header>"
                          "<s:Body><u:Upload xmlns:u=\"http://example.org/upload\">");
    for (size_t i = 0; i < count; i++) {
        char data[160];

        snprintf(data, sizeof(data), "<u:Data>" XOP_INCLUDE("cid:%zu@scan") "</u:Data>",
                 i);
        bytes_say(body, data);
    }
    bytes_say(body, "</u:Upload></s:Body></s:Envelope>");
}

void device_ask(const struct device *device, const char *fields, const void *body,
                size_t size, struct recorded *reply)
{
    struct http_client client;

    http_open(&client, device->port);
    http_post(&client, "/service", fields, body, size);
    http_receive(&client, reply);
    http_close(&client);
}

int device_status(const struct device *device)
{
    struct recorded reply;
    int status;

    device_ask(device, SOAP_FIELD, REQUEST, strlen(REQUEST), &reply);
    assert_true(reply.whole);
    status = http_status(&reply);
    recorded_free(&reply);
    return status;
}

void assert_fault(const struct recorded *reply, int status, const char *code,
                  const char *subcode)
{
    char text[200];

    assert_true(reply->whole);
    assert_int_equal(http_status(reply), status);
    assert_non_null(strstr(reply->head, "\r\nContent-Type: application/soap+xml\r\n"));
    assert_says(reply, "/addressing/fault</wsa:Action>");
    snprintf(text, sizeof(text), "<soap:Code><soap:Value>soap:%s</soap:Value>", code);
    assert_says(reply, text);
    snprintf(text, sizeof(text), ":%s</soap:Value></soap:Subcode>", subcode);
    if (subcode != NULL)
        assert_says(reply, text);
    else
        assert_null(strstr(reply->body, "<soap:Subcode>"));
    assert_says(reply, "<soap:Reason><soap:Text xml:lang=\"en\">");
}

void expect_answer(struct http_client *client)
{
    struct recorded reply;

    http_receive(client, &reply);
    assert_int_equal(http_status(&reply), 200);
    assert_says(&reply, ANSWER);
    recorded_free(&reply);
}

void expect_part(struct http_client *client, const void *content, size_t size)
{
    struct recorded reply;

    http_receive(client, &reply);
    assert_int_equal(http_status(&reply), 200);
    assert_int_equal(reply.part_count, 2);
    assert_part(&reply, 1, content, size);
    recorded_free(&reply);
}

/* ---- Handlers -------------------------------------------------------------------------
 */

HRESULT WSD_CALL answer_plainly(void *context, wsd_inbound_message *request,
                                wsd_outbound_message *reply)
{
    (void)request;
    if (context != NULL)
        atomic_fetch_add((atomic_uint *)context, 1);
    return wsd_outbound_message_set_body(reply, ANSWER, strlen(ANSWER));
}

HRESULT answer_attach(wsd_outbound_message *reply, IWSDOutboundAttachment **parts,
                      size_t count)
{
    HRESULT hr = wsd_outbound_message_set_body(reply, ANSWER, strlen(ANSWER));

    for (size_t i = 0; i < count && hr == S_OK; i++) {
        char path[48];

        snprintf(path, sizeof(path), "UploadResponse/Page[%zu]", i + 1);
        hr = WSDCreateOutboundAttachment(&parts[i]);
        if (hr == S_OK)
            hr = wsd_outbound_message_attach(reply, path, parts[i], NULL);
    }
    return hr;
}

HRESULT WSD_CALL answer_echo(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply)
{
    const struct bytes *expected = context;
    IWSDOutboundAttachment *to = NULL;
    IWSDInboundAttachment *from;
    struct reading reading;
    HRESULT hr;

    if (request_part(request, 0, &from) != S_OK)
        return answer_plainly(NULL, request, reply);
    reading = part_read(from, expected->at, expected->size);
    page_release(from);
    if (reading.hr != S_FALSE || !reading.as_expected)
        return E_FAIL;
    hr = answer_attach(reply, &to, 1);
    if (hr == S_OK) /* all that had to be read was read */
        hr = wsd_service_reply(reply);
    if (hr == S_OK)
        hr = part_write(to, expected->at, reading.size);
    if (to != NULL)
        attachment_release(to);
    return hr;
}

HRESULT WSD_CALL answer_with_parts(void *context, wsd_inbound_message *request,
                                   wsd_outbound_message *reply)
{
    struct answer *answer = context;

    (void)request;
    answer->hr = answer_attach(reply, answer->parts, answer->count);
    atomic_store(&answer->has_returned, true);
    return answer->hr;
}

void answer_begin(struct answer *answer, struct device *device,
                  struct http_client *client)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;

    options.ring_bytes = 10000;
    device_start(device, &options, answer_with_parts, answer);
    http_open(client, device->port);
    http_post(client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    WORKER_AWAIT(atomic_load(&answer->has_returned));
    assert_hr(answer->hr, S_OK);
}

void answer_release(struct answer *answer)
{
    for (size_t i = 0; i < answer->count; i++)
        if (answer->parts[i] != NULL)
            attachment_release(answer->parts[i]);
}

HRESULT request_part(wsd_inbound_message *request, size_t index,
                     IWSDInboundAttachment **part)
{
    char path[40];

    snprintf(path, sizeof(path), "Upload/Data[%zu]", index + 1);
    return wsd_inbound_message_attachment(request, path, part);
}

struct reading part_read(IWSDInboundAttachment *part, const char *expected, size_t size)
{
    struct reading reading = {.as_expected = true};
    char buffer[8192];
    DWORD given;

    do {
        reading.hr = page_read(part, buffer, sizeof(buffer), &given);
        if (given > size - reading.size ||
            memcmp(buffer, expected + reading.size, given) != 0) {
            reading.as_expected = false;
            break;
        }
        reading.size += given;
    } while (reading.hr == S_OK);
    return reading;
}

HRESULT part_write(IWSDOutboundAttachment *part, const void *bytes, size_t size)
{
    HRESULT hr =
        size == 0 ? attachment_open(part) : attachment_write_all(part, bytes, size);

    return hr == S_OK ? attachment_close(part) : hr;
}
