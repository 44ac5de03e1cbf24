#include "torture/scenarios.h"

#include <stdio.h>
#include <string.h>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/application.h"
#include "support/device.h"

/* Of a timer: some faults look like a peer that has gone. */
#define PATIENCE_MS 1000

static void lie(struct bed *bed, const char *what)
{
    if (bed->lie == NULL)
        bed->lie = what;
}

/* ---- A client: print, scan ------------------------------------------------------------
 */

static HRESULT open_client(struct bed *bed)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    HRESULT hr;

    options.ring_bytes = 8192;
    options.connect_timeout_ms = options.peer_stall_timeout_ms = PATIENCE_MS;
    options.response_timeout_ms = PATIENCE_MS;
    options.wait_budget_ms = 4 * PATIENCE_MS;
    hr = wsd_client_create(&options, &bed->client);
    if ((hr == S_OK) != (bed->client != NULL))
        lie(bed, "a client without S_OK, or S_OK without one");
    return hr;
}

static void close_client(struct bed *bed)
{
    wsd_client_release(bed->client);
    bed->client = NULL;
}

/* A name, not an address: so libcurl has to find it. */
static HRESULT send_message(struct bed *bed, wsd_outbound_message *message)
{
    char url[64];

    snprintf(url, sizeof(url), "http://localhost:%u/service",
             counterpart_http_port(bed->counterpart));
    return wsd_client_send(bed->client, url, message);
}

static void prepare_print(struct bed *bed)
{
    char *reply = peer_soap_reply("HTTP/1.1 200 OK\r\nConnection: close", "urn:printed",
                                  "<p:Printed xmlns:p=\"urn:p\">7</p:Printed>");

    bytes_say(&bed->text, reply);
    free(reply);
    counterpart_expect(bed->counterpart, bed->document, bed->size, 2, bed->text.at,
                       bed->text.size);
}

static HRESULT write_and_close(struct bed *bed, IWSDOutboundAttachment *attachment)
{
    HRESULT hr = attachment_write_all(attachment, bed->document, bed->size);

    return hr == S_OK ? attachment_close(attachment) : hr;
}

static HRESULT receive_printed(struct bed *bed, wsd_outbound_message *message)
{
    wsd_inbound_message *reply = NULL;
    const char *text = NULL;
    HRESULT hr = wsd_client_receive(bed->client, message, 4 * PATIENCE_MS, &reply);

    if (hr == STG_S_BLOCK)
        lie(bed, "the timers of the client let a transfer last");
    if (hr == S_OK && reply == NULL)
        lie(bed, "a reply was promised");
    if (hr == S_OK && reply != NULL)
        hr = wsd_inbound_message_find_text(reply, "Printed", &text);
    if (hr == S_OK && (text == NULL || strcmp(text, "7") != 0))
        lie(bed, "the reply is another one");
    wsd_inbound_message_release(reply);
    return hr;
}

static HRESULT print(struct bed *bed)
{
    wsd_outbound_message *message = NULL;
    IWSDOutboundAttachment *parts[2] = {NULL, NULL};
    HRESULT hr = wsd_outbound_message_create("urn:print", &message);

    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(message, BODY, strlen(BODY));
    for (size_t i = 0; i < 2; i++) {
        if (hr == S_OK)
            hr = WSDCreateOutboundAttachment(&parts[i]);
        if (hr == S_OK)
            hr = wsd_outbound_message_attach(
                message, i == 0 ? "Upload/Data[1]" : "Upload/Data[2]", parts[i], NULL);
    }
    if (hr == S_OK)
        hr = send_message(bed, message);
    for (size_t i = 0; i < 2; i++)
        if (hr == S_OK)
            hr = write_and_close(bed, parts[i]);
    if (hr == S_OK)
        hr = receive_printed(bed, message);
    wsd_outbound_message_release(message);
    for (size_t i = 0; i < 2; i++)
        if (parts[i] != NULL)
            attachment_release(parts[i]);
    return hr;
}

static void prepare_scan(struct bed *bed)
{
    struct bytes body = {0};

    put_root(&body, 2);
    put_page(&body, 0, bed->document, bed->size);
    put_page(&body, 1, bed->document, bed->size);
    put_end(&body);
    put_head(&bed->text, IN_CHUNKS, SCAN_OK, SCAN_TYPE, body.size);
    put_framed(&bed->text, IN_CHUNKS, &body);
    bytes_free(&body);
    counterpart_expect(bed->counterpart, NULL, 0, 0, bed->text.at, bed->text.size);
}

static HRESULT read_page(struct bed *bed, wsd_inbound_message *reply, const char *path)
{
    IWSDInboundAttachment *page = NULL;
    HRESULT hr = wsd_inbound_message_attachment(reply, path, &page);
    struct reading reading;

    if (hr != S_OK)
        return hr;
    reading = part_read(page, bed->document, bed->size);
    page_release(page);
    if (reading.hr == S_FALSE && (!reading.as_expected || reading.size != bed->size))
        lie(bed, "an attachment ends, but is not whole");
    return reading.hr == S_FALSE ? S_OK : reading.hr;
}

static HRESULT scan(struct bed *bed)
{
    wsd_outbound_message *message = NULL;
    wsd_inbound_message *reply = NULL;
    HRESULT hr = wsd_outbound_message_create("urn:scan", &message);

    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(message, BODY, strlen(BODY));
    if (hr == S_OK)
        hr = send_message(bed, message);
    if (hr == S_OK)
        hr = wsd_client_receive(bed->client, message, 4 * PATIENCE_MS, &reply);
    if (hr == S_OK)
        hr = read_page(bed, reply, "Scan/Page[1]");
    if (hr == S_OK)
        hr = read_page(bed, reply, "Scan/Page[2]");
    wsd_inbound_message_release(reply);
    wsd_outbound_message_release(message);
    return hr;
}

/* ---- WinINet: uploads -----------------------------------------------------------------
 */

static HRESULT last_error(void)
{
    return GetLastError() == 0 ? E_UNEXPECTED : HRESULT_FROM_WIN32(GetLastError());
}

static HRESULT open_session(struct bed *bed)
{
    DWORD patience = PATIENCE_MS;
    static const DWORD timers[] = {INTERNET_OPTION_CONNECT_TIMEOUT,
                                   INTERNET_OPTION_SEND_TIMEOUT,
                                   INTERNET_OPTION_RECEIVE_TIMEOUT};

    bed->session = InternetOpenA("torture", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    for (size_t i = 0; bed->session != NULL && i < COUNT(timers); i++)
        if (!InternetSetOptionA(bed->session, timers[i], &patience, sizeof(patience)))
            return last_error();
    return bed->session == NULL ? last_error() : S_OK;
}

static void close_session(struct bed *bed)
{
    if (bed->session != NULL && !InternetCloseHandle(bed->session))
        lie(bed, "a session cannot be closed");
    bed->session = NULL;
}

static bool write_file(struct bed *bed, HINTERNET handle)
{
    for (size_t at = 0; at < bed->size;) {
        DWORD size = (DWORD)(bed->size - at < 4096 ? bed->size - at : 4096), written;

        if (!InternetWriteFile(handle, bed->document + at, size, &written))
            return false;
        if (written != size)
            lie(bed, "not all bytes were taken");
        at += size;
    }
    return true;
}

static void prepare_http(struct bed *bed)
{
    bytes_say(&bed->text, "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n"
                          "Connection: close\r\n\r\nkept");
    counterpart_expect(bed->counterpart, bed->document, bed->size, 0, bed->text.at,
                       bed->text.size);
}

static HRESULT read_answer(struct bed *bed, HINTERNET request)
{
    DWORD status = 0, size = sizeof(status), used = 0;
    char text[8] = "";

    if (!HttpQueryInfoA(request, HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, &status,
                        &size, NULL))
        return last_error();
    if (status != 200)
        lie(bed, "the status is another one");
    do {
        if (!InternetReadFile(request, text + used, (DWORD)(sizeof(text) - used), &size))
            return last_error();
        used += size;
    } while (size > 0 && used < sizeof(text));
    if (used != 4 || memcmp(text, "kept", 4) != 0)
        lie(bed, "the body of the answer is another one");
    return S_OK;
}

static HRESULT upload(struct bed *bed, HINTERNET request)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers),
                                 .dwBufferTotal = (DWORD)bed->size};

    if (!HttpAddRequestHeadersA(request, "X-Torture: yes", (DWORD)-1,
                                HTTP_ADDREQ_FLAG_ADD) ||
        !HttpSendRequestExA(request, &buffers, NULL, 0, 0) || !write_file(bed, request) ||
        !HttpEndRequestA(request, NULL, 0, 0))
        return last_error();
    return read_answer(bed, request);
}

static HRESULT upload_http(struct bed *bed)
{
    HINTERNET connect = InternetConnectA(bed->session, "127.0.0.1",
                                         counterpart_http_port(bed->counterpart), NULL,
                                         NULL, INTERNET_SERVICE_HTTP, 0, 0);
    HINTERNET request;
    HRESULT hr;

    if (connect == NULL)
        return last_error();
    request = HttpOpenRequestA(connect, "PUT", "/up", NULL, NULL, NULL, 0, 0);
    hr = request == NULL ? last_error() : upload(bed, request);
    if (!InternetCloseHandle(connect))
        lie(bed, "a connection cannot be closed");
    return hr;
}

static void prepare_ftp(struct bed *bed)
{
    counterpart_expect(bed->counterpart, bed->document, bed->size, 0, NULL, 0);
}

static HRESULT upload_ftp(struct bed *bed)
{
    HINTERNET connect = InternetConnectA(
        bed->session, "127.0.0.1", counterpart_ftp_port(bed->counterpart), NULL, NULL,
        INTERNET_SERVICE_FTP, INTERNET_FLAG_PASSIVE, 0);
    HINTERNET file = NULL;
    HRESULT hr = connect == NULL ? last_error() : S_OK;

    if (hr == S_OK) {
        file = FtpOpenFileA(connect, "kept", GENERIC_WRITE, FTP_TRANSFER_TYPE_BINARY, 0);
        hr = file == NULL ? last_error() : S_OK;
    }
    if (hr == S_OK && !write_file(bed, file))
        hr = last_error();
    if (file != NULL && !InternetCloseHandle(file) && hr == S_OK)
        hr = last_error();
    if (connect != NULL && !InternetCloseHandle(connect))
        lie(bed, "a connection cannot be closed");
    return hr;
}

/* ---- A service ------------------------------------------------------------------------
 */

static void prepare_service(struct bed *bed)
{
    struct bytes body = {0};

    put_upload(&body, 1);
    put_page(&body, 0, bed->document, bed->size);
    put_end(&body);
    bytes_say(&bed->text,
              "POST /service HTTP/1.1\r\nHost: device\r\n"
              "Connection: close\r\n" PACKAGE_FIELD "Transfer-Encoding: chunked\r\n\r\n");
    put_framed(&bed->text, IN_CHUNKS, &body);
    bytes_free(&body);
    counterpart_expect(bed->counterpart, NULL, 0, 0, NULL, 0);
}

/* Gives back what came, once it was whole. */
static HRESULT WSD_CALL echo(void *context, wsd_inbound_message *request,
                             wsd_outbound_message *reply)
{
    struct bed *bed = context;
    struct bytes expected = {bed->document, bed->size, 0};
    IWSDOutboundAttachment *to = NULL;
    IWSDInboundAttachment *from;
    struct reading reading;
    HRESULT hr = request_part(request, 0, &from);

    if (hr != S_OK)
        return hr;
    reading = part_read(from, expected.at, expected.size);
    page_release(from);
    if (reading.hr == S_FALSE && (!reading.as_expected || reading.size != bed->size))
        lie(bed, "a request's attachment ends, but is not whole");
    if (reading.hr != S_FALSE)
        return FAILED(reading.hr) ? reading.hr : E_FAIL;
    hr = answer_attach(reply, &to, 1);
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    if (hr == S_OK)
        hr = part_write(to, expected.at, expected.size);
    if (to != NULL)
        attachment_release(to);
    return hr;
}

static HRESULT open_service(struct bed *bed)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    HRESULT hr;

    options.ring_bytes = 8192;
    hr = wsd_service_create(&options, &bed->service);
    if (hr == S_OK)
        hr = wsd_service_handle(bed->service, "/service", ACTION, echo, bed);
    if (hr == S_OK)
        hr = wsd_service_start(bed->service);
    return hr;
}

static void close_service(struct bed *bed)
{
    wsd_service_release(bed->service);
    bed->service = NULL;
}

/* Says all, then hears all, as far as it goes. */
static void converse(int fd, const struct bytes *said, struct bytes *heard)
{
    char block[8192];
    ssize_t n = 1;

    for (size_t sent = 0; sent < said->size && n > 0; sent += n > 0 ? (size_t)n : 0)
        n = send(fd, said->at + sent, said->size - sent, MSG_NOSIGNAL);
    while ((n = recv(fd, block, sizeof(block), 0)) > 0)
        bytes_put(heard, block, (size_t)n);
}

static HRESULT ask(struct bed *bed, const struct bytes *said, struct bytes *heard)
{
    const struct timeval patience = {10 * PATIENCE_MS / 1000, 0};
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(wsd_service_port(bed->service)),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    HRESULT hr = HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    *heard = (struct bytes){0};
    if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) == 0) {
        converse(fd, said, heard);
        hr = S_OK;
    }
    close(fd);
    bytes_put(heard, "", 1);
    heard->size--;
    return hr;
}

/* A whole 200 has the document in it; anything else is a failure that the client knows
 * of.
 */
static HRESULT judge_reply(struct bed *bed, const struct bytes *heard)
{
    size_t size, at = 0;
    bool complete;
    char *body;

    if (strncmp(heard->at, "HTTP/1.1 ", 9) != 0)
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR);
    if (strncmp(heard->at + 9, "200", 3) != 0)
        return HTTP_E_STATUS(strtol(heard->at + 9, NULL, 10));
    body = peer_body(heard->at, heard->size, &size, &complete);
    while (at + bed->size <= size && memcmp(body + at, bed->document, bed->size) != 0)
        at++;
    if (complete && at + bed->size > size)
        lie(bed, "a whole reply without the document");
    free(body);
    return complete ? S_OK : WS_E_ENDPOINT_DISCONNECTED;
}

/* What is refused for its head alone, and what is taken. */
static HRESULT call_service(struct bed *bed)
{
    static char get[] = "GET /service HTTP/1.1\r\nHost: device\r\n"
                        "Connection: close\r\n\r\n";
    const struct bytes refused = {get, sizeof(get) - 1, 0};
    struct bytes heard;
    HRESULT hr = ask(bed, &refused, &heard);

    if (hr == S_OK && judge_reply(bed, &heard) == S_OK)
        lie(bed, "a GET is answered with a document");
    bytes_free(&heard);
    hr = ask(bed, &bed->text, &heard);
    if (hr == S_OK)
        hr = judge_reply(bed, &heard);
    bytes_free(&heard);
    return hr;
}

const struct scenario scenarios[] = {
    {"print", true, false, prepare_print, open_client, print, close_client},
    {"scan", false, false, prepare_scan, open_client, scan, close_client},
    {"upload_http", true, false, prepare_http, open_session, upload_http, close_session},
    {"upload_ftp", true, false, prepare_ftp, open_session, upload_ftp, close_session},
    {"service", false, true, prepare_service, open_service, call_service, close_service},
};
const size_t scenario_count = COUNT(scenarios);
