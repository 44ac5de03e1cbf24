#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "message/outbound_message.h"
#include "refused_threads.h"
#include "service/call.h"
#include "service/dispatcher.h"
#include "support/shared_mem.h"
#include "support/worker.h"
#include "wsd_error.h"
#include "wsd_service.h"

#define ACTION "http://example.org/s/Get"
#define SOAP "http://www.w3.org/2003/05/soap-envelope"
#define WSA "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define WSA_10 "http://www.w3.org/2005/08/addressing"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

#define ENVELOPE(wsa, headers, body)                                                     \
    "<s:Envelope xmlns:s=\"" SOAP "\" xmlns:a=\"" wsa "\"><s:Header>" headers            \
    "</s:Header><s:Body>" body "</s:Body></s:Envelope>"
#define HEADERS(action)                                                                  \
    "<a:Action>" action "</a:Action><a:MessageID>urn:uuid:1</a:MessageID>"
#define PLAIN "application/soap+xml"
#define REQUEST ENVELOPE(WSA, HEADERS(ACTION), "<x/>")

/* In the server's place. */
struct server {
    struct wsd_call_host host;
    atomic_int wakes, references;
    struct shared_mem heap;
    struct wsd_dispatcher *dispatcher;
    struct wsd_call *call;
    struct wsd_call_reply reply;
    char content_type[300]; /* of the reply, as is */
    char body[4096];
    size_t size;
};

static struct server *server_from(struct wsd_call_host *host)
{
    return (struct server *)((char *)host - offsetof(struct server, host));
}

static void server_wake(struct wsd_call_host *host)
{
    atomic_fetch_add(&server_from(host)->wakes, 1);
}

static void server_add_ref(struct wsd_call_host *host)
{
    atomic_fetch_add(&server_from(host)->references, 1);
}

static void server_release(struct wsd_call_host *host)
{
    atomic_fetch_sub(&server_from(host)->references, 1);
}

static const struct wsd_call_host_vtable server_vtable = {
    .wake = server_wake, .add_ref = server_add_ref, .release = server_release};

static const struct wsd_dispatcher_options defaults = {
    .inbound = {.max_text_bytes = 2000, .attachments = {64, 0}},
    .max_discard_bytes = 1000,
    .max_requests = 2,
    .max_workers = 1,
};

static HRESULT server_init(struct server *server,
                           const struct wsd_dispatcher_options *options,
                           wsd_handler handler, void *context)
{
    HRESULT hr;

    memset(server, 0, sizeof(*server));
    server->host.vtable = &server_vtable;
    shared_mem_init(&server->heap);
    hr = wsd_dispatcher_create(&server->heap.mem, options, &server->dispatcher);
    if (hr == S_OK && handler != NULL)
        hr = wsd_handlers_add(&server->dispatcher->handlers, "/s", ACTION, handler,
                              context);
    return hr;
}

static void server_fini(struct server *server)
{
    wsd_dispatcher_destroy(server->dispatcher);
    assert_int_equal(shared_mem_live(&server->heap), 0);
    assert_int_equal(atomic_load(&server->references), 0);
    shared_mem_fini(&server->heap);
}

static HRESULT begin(struct server *server, const char *path, const char *type)
{
    const struct wsd_call_head head = {path, type, WSD_LENGTH_UNKNOWN};

    return wsd_call_begin(server->dispatcher, &head, &server->host, &server->call);
}

/* As a server does that sleeps until it is woken. */
#define AWAIT_WAKE(server, before) WORKER_AWAIT(atomic_load(&(server)->wakes) != (before))

/* Pushes in pieces of `step` bytes, what was not taken again after a wake. */
static HRESULT push(struct server *server, const char *bytes, size_t size, size_t step)
{
    HRESULT hr = S_OK;

    while (size > 0 && hr == S_OK) {
        const int wakes = atomic_load(&server->wakes);
        const size_t piece = step < size ? step : size;
        size_t taken;

        hr = wsd_call_push(server->call, (const uint8_t *)bytes, piece, &taken);
        bytes += taken;
        size -= taken;
        if (hr == S_OK && taken < piece)
            AWAIT_WAKE(server, wakes);
    }
    return hr;
}

/* Waits until the call is decided; then it has the whole reply, unless that is cut. */
static enum wsd_call_outcome take_reply(struct server *server)
{
    int wakes = atomic_load(&server->wakes);
    enum wsd_call_outcome outcome;
    enum wsd_pull pulled = WSD_PULL_BYTES;

    while ((outcome = wsd_call_look(server->call, &server->reply)) == WSD_CALL_PENDING) {
        AWAIT_WAKE(server, wakes);
        wakes = atomic_load(&server->wakes);
    }
    server->size = 0;
    server->body[0] = '\0';
    if (outcome == WSD_CALL_CUT || !server->reply.has_body)
        return outcome;
    snprintf(server->content_type, sizeof(server->content_type), "%s",
             server->reply.content_type);
    while (pulled <= WSD_PULL_NOTHING_YET) {
        size_t size;

        wakes = atomic_load(&server->wakes);
        pulled =
            wsd_call_pull(server->call, (uint8_t *)server->body + server->size, 7, &size);
        server->size += size;
        server->body[server->size] = '\0';
        assert_in_range(server->size, 0, sizeof(server->body) - 8);
        if (pulled == WSD_PULL_NOTHING_NOW)
            AWAIT_WAKE(server, wakes);
        else if (pulled == WSD_PULL_NOTHING_YET)
            wsd_call_hurry(server->call);
    }
    return pulled == WSD_PULL_END ? WSD_CALL_REPLIES : WSD_CALL_CUT;
}

static void assert_reply(struct server *server, int status, const char *part)
{
    assert_int_equal(take_reply(server), WSD_CALL_REPLIES);
    assert_int_equal(server->reply.status, status);
    if (strstr(server->body, part) == NULL)
        fail_msg("no '%s' in %s", part, server->body);
    wsd_call_end(server->call, S_OK);
}

/* A plain request from begin to end, and what is in its reply. */
static void assert_answer(struct server *server, const char *request, int status,
                          const char *part)
{
    assert_hr(begin(server, "/s", "application/soap+xml"), S_OK);
    assert_hr(push(server, request, strlen(request), 100), S_OK);
    wsd_call_finish(server->call, S_OK);
    assert_reply(server, status, part);
}

/* ---- handlers ---- */

static HRESULT WSD_CALL answer(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    const HRESULT *result = context;

    (void)request;
    wsd_message_set_body(reply, "<y/>", 4);
    return result != NULL ? *result : S_OK;
}

struct attached {
    atomic_bool is_there;
    IWSDOutboundAttachment *attachment;
    struct shared_mem *heap;
};

static HRESULT WSD_CALL attach(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    struct attached *attached = context;
    struct wsd_outbound *outbound;
    HRESULT hr = wsd_outbound_create(&attached->heap->mem, &attached->attachment);

    (void)request;
    if (hr == S_OK) {
        outbound = wsd_outbound_from((IWSDAttachment *)attached->attachment);
        wsd_waiting_set_budget(wsd_outbound_waiting(outbound), 0);
        hr = wsd_message_set_body(reply, "<y/>", 4);
    }
    if (hr == S_OK)
        hr = wsd_message_attach(reply, "y", outbound, "text/plain", WSD_LENGTH_UNKNOWN);
    if (hr == S_OK) /* or it is given back before it can start */
        hr = wsd_service_reply(reply);
    atomic_store(&attached->is_there, true);
    return hr;
}

static HRESULT write_bytes(const struct attached *attached, const char *bytes)
{
    IWSDOutboundAttachment *to = attached->attachment;
    const time_t began = worker_now();
    DWORD size = (DWORD)strlen(bytes);
    HRESULT hr = S_OK;

    while (size > 0 && (hr == S_OK || hr == STG_S_BLOCK)) {
        DWORD written;

        hr = to->lpVtbl->Write(to, (const BYTE *)bytes, size, &written);
        bytes += written;
        size -= written;
        worker_pause(began, "a Write");
    }
    return hr;
}

static HRESULT close_it(const struct attached *attached)
{
    IWSDOutboundAttachment *it = attached->attachment;
    const time_t began = worker_now();
    HRESULT hr;

    while ((hr = it->lpVtbl->Close(it)) == STG_S_BLOCK)
        worker_pause(began, "a Close");
    return hr;
}

/* ---- tests ---- */

static void call__of_a_plain_request__has_the_handlers_reply(void **state)
{
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_answer(&server, REQUEST, 200, "<soap:Body><y/></soap:Body>");
    assert_string_equal(server.content_type, "application/soap+xml");
    assert_false(server.reply.multipart);
    assert_int_equal(server.reply.body_length, server.size);
    assert_non_null(strstr(server.body, "<wsa:To>" WSA "/role/anonymous</wsa:To>"
                                        "<wsa:Action>" ACTION "Response</wsa:Action>"));
    assert_non_null(
        strstr(server.body, "<wsa:RelatesTo>urn:uuid:1</wsa:RelatesTo></soap:Header>"));
    server_fini(&server);
}

static void call__in_ws_addressing_1_0__is_answered_in_it(void **state)
{
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_answer(&server, ENVELOPE(WSA_10, HEADERS(ACTION), "<x/>"), 200,
                  "<wsa:To>" WSA_10 "/anonymous</wsa:To>");
    assert_null(strstr(server.body, WSA));
    assert_answer(&server, ENVELOPE(WSA_10, HEADERS("urn:other"), "<x/>"), 400,
                  "<wsa:Action>" WSA_10 "/fault</wsa:Action>");
    assert_non_null(strstr(server.body, "xmlns:sub=\"" WSA_10 "\""));
    server_fini(&server);
}

static void call__that_is_refused__says_why(void **state)
{
    static const struct {
        const char *path, *request;
        int status;
        const char *part;
    } cases[] = {
        {"/t", REQUEST, 404, ":DestinationUnreachable<"},
        {"/s", ENVELOPE(WSA, HEADERS("urn:other"), ""), 400, ":ActionNotSupported<"},
        {"/s", ENVELOPE(WSA, "", "<x/>"), 400, ":MessageInformationHeaderRequired<"},
        {"/s", ENVELOPE(WSA, "<m s:mustUnderstand='1'/>" HEADERS(ACTION), ""), 500,
         "<soap:Value>soap:MustUnderstand<"},
        {"/s",
         ENVELOPE(WSA,
                  HEADERS(ACTION) "<a:ReplyTo><a:Address>http://e.org/</a:Address>"
                                  "</a:ReplyTo>",
                  ""),
         400, ":InvalidMessageInformationHeader<"},
        {"/s", "<html/>", 400, "<soap:Value>soap:Sender<"},
        {"/s", "not XML", 400, "<soap:Value>soap:Sender<"},
        {"/s", "", 400, "<soap:Value>soap:Sender<"},
    };
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_hr(begin(&server, cases[i].path, "application/soap+xml"), S_OK);
        assert_hr(push(&server, cases[i].request, strlen(cases[i].request), 1000), S_OK);
        wsd_call_finish(server.call, S_OK);
        assert_reply(&server, cases[i].status, cases[i].part);
    }
    server_fini(&server);
}

static void call__whose_content_type_a_browser_may_send__is_refused(void **state)
{
    static const char *const types[] = {NULL,
                                        "text/plain",
                                        "multipart/form-data; boundary=b",
                                        "application/x-www-form-urlencoded",
                                        "text/xml",
                                        "application/soap+xml; a=\"",
                                        ""};
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        assert_hr(begin(&server, "/s", types[i]), S_OK);
        assert_reply(&server, 415, "<soap:Value>soap:Sender<");
        assert_true(server.reply.close);
    }
    server_fini(&server);
}

/* One for somebody else, and one of WS-Addressing, are none that we must refuse. */
static void call__with_mandatory_headers_of_others__is_handled(void **state)
{
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_answer(&server,
                  ENVELOPE(WSA,
                           "<m s:mustUnderstand='1' s:role='" SOAP "/role/none'/>"
                           "<n s:mustUnderstand='false'/>"
                           "<a:Action s:mustUnderstand='true'>" ACTION "</a:Action>"
                           "<a:ReplyTo><a:Address>" WSA "/role/anonymous</a:Address>"
                           "</a:ReplyTo>",
                           ""),
                  200, "<y/>");
    server_fini(&server);
}

static void call__whose_action_is_in_content_type__is_handled(void **state)
{
    static const char request[] = ENVELOPE(WSA, "", "<x/>");
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_hr(begin(&server, "/s", "application/soap+xml; action=\"" ACTION "\""), S_OK);
    assert_hr(push(&server, request, sizeof(request) - 1, 1), S_OK);
    wsd_call_finish(server.call, S_OK);
    assert_reply(&server, 200, ACTION "Response");
    server_fini(&server);
}

static void call__whose_handler_fails__is_answered_by_a_fault(void **state)
{
    struct server server;
    HRESULT result = E_INVALIDARG;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, &result), S_OK);
    assert_answer(&server, REQUEST, 400, "<soap:Value>soap:Sender<");
    result = E_FAIL;
    assert_answer(&server, REQUEST, 500, ":EndpointUnavailable<");
    result = STG_S_BLOCK; /* a success code, and no answer */
    assert_answer(&server, REQUEST, 500, ":EndpointUnavailable<");
    result = S_FALSE;
    assert_answer(&server, REQUEST, 202, "");
    assert_false(server.reply.has_body);
    server_fini(&server);
}

static void call__over_a_limit__is_refused(void **state)
{
    const struct wsd_call_head long_one = {"/s", "application/soap+xml", 2001};
    struct server server;
    char too_much[2001];

    (void)state;
    memset(too_much, ' ', sizeof(too_much));
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_hr(begin(&server, "/s", "application/soap+xml"), S_OK);
    assert_hr(push(&server, too_much, 2000, 1000), S_OK);
    assert_hr(push(&server, too_much, 1, 1), S_OK);
    assert_reply(&server, 413, "<soap:Value>soap:Sender<");

    assert_hr(wsd_call_begin(server.dispatcher, &long_one, &server.host, &server.call),
              S_OK);
    assert_true(wsd_call_has_envelope(server.call)); /* it is not wanted */
    assert_reply(&server, 413, "<soap:Value>soap:Sender<");

    /* Of what was refused no more is taken than was allowed. */
    assert_hr(begin(&server, "/t", NULL), S_OK);
    assert_hr(push(&server, too_much, 1000, 1000), S_OK);
    assert_hr(push(&server, too_much, 1, 1), E_ABORT);
    wsd_call_end(server.call, E_ABORT);
    server_fini(&server);
}

static void call__when_there_are_too_many__is_refused(void **state)
{
    struct wsd_call *first, *second;
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    first = server.call;
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    second = server.call;
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    assert_reply(&server, 503, ":EndpointUnavailable<");
    wsd_call_end(first, E_ABORT);
    assert_answer(&server, REQUEST, 200, "<y/>");
    wsd_call_end(second, E_ABORT);
    server_fini(&server);
}

static void call__with_an_attachment__waits_for_its_first_write(void **state)
{
    struct server server;
    struct attached attached = {.heap = &server.heap};

    (void)state;
    assert_hr(server_init(&server, &defaults, attach, &attached), S_OK);
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    assert_hr(push(&server, REQUEST, sizeof(REQUEST) - 1, 10), S_OK);
    wsd_call_finish(server.call, S_OK);
    WORKER_AWAIT(atomic_load(&attached.is_there));
    assert_int_equal(wsd_call_look(server.call, &server.reply), WSD_CALL_PENDING);

    DWORD written;
    IWSDOutboundAttachment *it = attached.attachment;

    assert_hr(it->lpVtbl->Write(it, (const BYTE *)"document", 8, &written), STG_S_BLOCK);
    assert_int_equal(wsd_call_look(server.call, &server.reply), WSD_CALL_REPLIES);
    assert_true(server.reply.multipart);
    assert_true(server.reply.body_length == WSD_LENGTH_UNKNOWN);

    /* The pull that opens it finds nothing yet. */
    enum wsd_pull pulled = WSD_PULL_BYTES;

    while (pulled == WSD_PULL_BYTES) {
        size_t size;

        pulled = wsd_call_pull(server.call, (uint8_t *)server.body, 1000, &size);
    }
    assert_int_equal(pulled, WSD_PULL_NOTHING_YET);
    assert_hr(write_bytes(&attached, "document"), S_OK);
    assert_hr(it->lpVtbl->Close(it), STG_S_BLOCK);
    assert_int_equal(take_reply(&server), WSD_CALL_REPLIES);
    assert_memory_equal(server.body, "document\r\n--", 12);
    assert_hr(it->lpVtbl->Close(it), STG_S_BLOCK); /* it is not out yet */
    wsd_call_end(server.call, S_OK);
    assert_hr(it->lpVtbl->Close(it), S_OK);
    it->lpVtbl->Release(it);
    server_fini(&server);
}

static void call__whose_attachment_is_given_back__tells_the_client(void **state)
{
    struct server server;
    struct attached attached = {.heap = &server.heap};

    (void)state;
    assert_hr(server_init(&server, &defaults, attach, &attached), S_OK);
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    assert_hr(push(&server, REQUEST, sizeof(REQUEST) - 1, 10), S_OK);
    wsd_call_finish(server.call, S_OK);
    WORKER_AWAIT(atomic_load(&attached.is_there));
    attached.attachment->lpVtbl->Release(attached.attachment);
    assert_reply(&server, 500, ":EndpointUnavailable<");
    server_fini(&server);
}

/* Opens the reply's attachment, and the transport has taken all that stands before it. */
static void open_reply(struct server *server, struct attached *attached)
{
    enum wsd_pull pulled = WSD_PULL_BYTES;
    DWORD written;

    assert_hr(begin(server, "/s", PLAIN), S_OK);
    assert_hr(push(server, REQUEST, sizeof(REQUEST) - 1, 10), S_OK);
    wsd_call_finish(server->call, S_OK);
    WORKER_AWAIT(atomic_load(&attached->is_there));
    attached->attachment->lpVtbl->Write(attached->attachment, (const BYTE *)"", 0,
                                        &written);
    assert_int_equal(wsd_call_look(server->call, &server->reply), WSD_CALL_REPLIES);
    while (pulled == WSD_PULL_BYTES) {
        size_t size;

        pulled = wsd_call_pull(server->call, (uint8_t *)server->body, 1000, &size);
    }
    assert_int_equal(pulled, WSD_PULL_NOTHING_YET);
}

static void call__that_is_aborted__is_cut(void **state)
{
    struct server server;
    struct attached attached = {.heap = &server.heap};
    IWSDOutboundAttachment *it;
    size_t size;
    int wakes;

    (void)state;
    assert_hr(server_init(&server, &defaults, attach, &attached), S_OK);
    open_reply(&server, &attached);
    it = attached.attachment;
    assert_hr(write_bytes(&attached, "half a docu"), S_OK);
    wakes = atomic_load(&server.wakes);
    assert_hr(it->lpVtbl->Abort(it), S_OK);
    assert_true(atomic_load(&server.wakes) > wakes);
    assert_int_equal(wsd_call_look(server.call, &server.reply), WSD_CALL_CUT);
    assert_int_equal(wsd_call_pull(server.call, (uint8_t *)server.body, 100, &size),
                     WSD_PULL_ABORTED);
    wsd_call_end(server.call, E_ABORT);
    it->lpVtbl->Release(it);
    server_fini(&server);
}

static void call__whose_connection_ends__fails_its_attachments(void **state)
{
    struct server server;
    struct attached attached = {.heap = &server.heap};
    IWSDOutboundAttachment *it;

    (void)state;
    assert_hr(server_init(&server, &defaults, attach, &attached), S_OK);
    open_reply(&server, &attached);
    it = attached.attachment;
    wsd_call_end(server.call, WS_E_ENDPOINT_DISCONNECTED);
    assert_hr(write_bytes(&attached, "x"), WS_E_ENDPOINT_DISCONNECTED);
    assert_hr(close_it(&attached), WS_E_ENDPOINT_DISCONNECTED);
    it->lpVtbl->Release(it);
    server_fini(&server);
}

static void call__that_the_dispatcher_cuts__is_cut(void **state)
{
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_hr(begin(&server, "/s", PLAIN), S_OK);
    wsd_dispatcher_close(server.dispatcher);
    wsd_dispatcher_cut(server.dispatcher);
    assert_int_equal(wsd_call_look(server.call, &server.reply), WSD_CALL_CUT);
    assert_hr(push(&server, REQUEST, 10, 10), E_ABORT);
    wsd_call_end(server.call, E_ABORT);
    assert_true(wsd_dispatcher_drain(server.dispatcher, 0));
    server_fini(&server);
}

/* ---- requests with attachments ---- */

#define BOUNDARY "b"
#define MULTIPART "multipart/related; boundary=" BOUNDARY "; type=\"application/xop+xml\""
#define PARTS(document)                                                                  \
    "--" BOUNDARY "\r\nContent-ID: <r@x>\r\n\r\n" ENVELOPE(                              \
        WSA, HEADERS(ACTION),                                                            \
        "<x><i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' "                 \
        "href='cid:d@x'/></x>") "\r\n--" BOUNDARY                                        \
                                "\r\nContent-ID: <d@x>\r\n\r\n" document                 \
                                "\r\n--" BOUNDARY "--\r\n"
#define HUNDRED                                                                          \
    "0123456789012345678901234567890123456789012345678901234567890123456789012345678901" \
    "234567890123456789"

struct reading {
    atomic_bool began, may_read;
    bool reads;
    char bytes[300];
    DWORD size;
    HRESULT ended;
};

static HRESULT WSD_CALL read_document(void *context, wsd_inbound_message *request,
                                      wsd_outbound_message *reply)
{
    struct reading *reading = context;
    IWSDInboundAttachment *from;
    HRESULT hr = wsd_inbound_find_attachment(request, "x", &from);

    (void)reply;
    if (hr != S_OK)
        return hr;
    atomic_store(&reading->began, true);
    WORKER_AWAIT(atomic_load(&reading->may_read));
    for (const time_t began = worker_now();
         reading->reads && (hr == S_OK || hr == STG_S_BLOCK);) {
        DWORD count;

        hr = from->lpVtbl->Read(from, (BYTE *)reading->bytes + reading->size, 9, &count);
        reading->size += count;
        worker_pause(began, "a Read");
    }
    reading->ended = hr;
    from->lpVtbl->Release(from);
    return hr == S_OK || hr == S_FALSE ? S_OK : hr;
}

static void call__with_an_attachment__is_handled_while_it_arrives(void **state)
{
    static const char parts[] = PARTS(HUNDRED HUNDRED);

    (void)state;
    for (size_t step = 1; step <= sizeof(parts); step = step * 3 + 1) {
        struct reading reading = {.reads = true};
        struct server server;
        size_t first = (size_t)(strstr(parts, "0123") - parts);

        assert_hr(server_init(&server, &defaults, read_document, &reading), S_OK);
        assert_hr(begin(&server, "/s", MULTIPART), S_OK);
        assert_hr(push(&server, parts, first, step), S_OK);
        assert_true(wsd_call_has_envelope(server.call));
        WORKER_AWAIT(atomic_load(&reading.began));
        atomic_store(&reading.may_read, true);
        assert_hr(push(&server, parts + first, sizeof(parts) - 1 - first, step), S_OK);
        wsd_call_finish(server.call, S_OK);
        assert_reply(&server, 200, "<soap:Body></soap:Body>");
        assert_hr(reading.ended, S_FALSE);
        assert_int_equal(reading.size, 200);
        assert_memory_equal(reading.bytes, HUNDRED HUNDRED, 200);
        server_fini(&server);
    }
}

static void call__that_is_cut_short__never_ends_as_whole(void **state)
{
    static const char parts[] = PARTS("x");

    (void)state;
    for (size_t size = 0; size < sizeof(parts) - 3; size++) {
        struct reading reading = {.reads = true};
        struct server server;

        atomic_store(&reading.may_read, true);
        assert_hr(server_init(&server, &defaults, read_document, &reading), S_OK);
        assert_hr(begin(&server, "/s", MULTIPART), S_OK);
        assert_hr(push(&server, parts, size, size), S_OK);
        wsd_call_end(server.call, WS_E_ENDPOINT_DISCONNECTED);
        assert_true(wsd_dispatcher_drain(server.dispatcher, UINT64_MAX));
        if (atomic_load(&reading.began) && size < sizeof(parts) - 8)
            assert_hr(reading.ended, WS_E_ENDPOINT_DISCONNECTED);
        server_fini(&server);
    }
}

/* The handler is gone, its attachment unread: what is left is thrown away, within limits.
 */
static void call__whose_attachment_nobody_reads__is_discarded(void **state)
{
    static const char parts[] = PARTS(HUNDRED HUNDRED);
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, sizeof(parts) - 1, 50), S_OK);
    wsd_call_finish(server.call, S_OK);
    assert_reply(&server, 200, "<y/>");

    server.dispatcher->options.max_discard_bytes = 20;
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, sizeof(parts) - 1, 50), E_ABORT);
    wsd_call_end(server.call, E_ABORT);
    server_fini(&server);
}

/* Nobody would ever make room for what does not fit any more. */
static void call__that_is_refused_with_a_full_ring__takes_all(void **state)
{
    static const char parts[] = PARTS(HUNDRED);
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, NULL, NULL), S_OK);
    assert_hr(
        wsd_handlers_add(&server.dispatcher->handlers, "/s", "urn:other", answer, NULL),
        S_OK);
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, sizeof(parts) - 1, sizeof(parts)), S_OK);
    wsd_call_finish(server.call, S_OK);
    assert_reply(&server, 400, ":ActionNotSupported<");
    server_fini(&server);
}

static void call__that_turns_out_malformed__fails_the_reader(void **state)
{
    static const char parts[] = PARTS("x");
    size_t good = (size_t)(strstr(parts, "Content-ID: <d") - parts);
    struct reading reading = {.reads = true};
    struct server server;

    (void)state;
    atomic_store(&reading.may_read, true);
    assert_hr(server_init(&server, &defaults, read_document, &reading), S_OK);
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, good, 10), S_OK);
    assert_hr(push(&server, "no header\r\n\r\n", 13, 13), S_OK);
    wsd_call_finish(server.call, S_OK);
    assert_reply(&server, 400, "<soap:Value>soap:Sender<");
    assert_true(FAILED(reading.ended));
    server_fini(&server);
}

/* Its client has gone while it waited for a worker: nobody is told of it. */
static void call__that_ended_in_the_queue__is_not_handled(void **state)
{
    static const char parts[] = PARTS("x");
    struct reading reading = {.reads = false};
    struct wsd_call *first;
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, read_document, &reading), S_OK);
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, sizeof(parts) - 1, 50), S_OK);
    WORKER_AWAIT(atomic_load(&reading.began));
    first = server.call;
    atomic_store(&reading.began, false);
    assert_hr(begin(&server, "/s", MULTIPART), S_OK);
    assert_hr(push(&server, parts, sizeof(parts) - 1, 50), S_OK);
    wsd_call_end(server.call, E_ABORT);
    assert_int_equal(server.dispatcher->synced.count, 2); /* its job still counts */
    atomic_store(&reading.may_read, true);
    wsd_call_end(first, E_ABORT);
    assert_true(wsd_dispatcher_drain(server.dispatcher, UINT64_MAX));
    assert_false(atomic_load(&reading.began));
    server_fini(&server);
}

/* ---- what there is not enough of ---- */

static void call__without_a_thread_for_its_handler__is_refused(void **state)
{
#ifndef REFUSES_THREADS
    (void)state;
    skip();
#else
    struct server server;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    refuses_threads = true;
    assert_answer(&server, REQUEST, 503, ":EndpointUnavailable<");
    assert_true(server.reply.close);
    refuses_threads = false;
    assert_answer(&server, REQUEST, 200, "<y/>");
    server_fini(&server);
#endif
}

/* Behind these two there is a call, if only to be cut. */
static void begin__for_itself_and_its_path__needs_memory(void **state)
{
    struct server server;
    int failures = 0;

    (void)state;
    assert_hr(server_init(&server, &defaults, answer, NULL), S_OK);
    shared_mem_grant(&server.heap, 0);
    while (begin(&server, "/s", PLAIN) != S_OK) {
        assert_null(server.call);
        assert_int_equal(atomic_load(&server.references), 0);
        shared_mem_grant(&server.heap, ++failures);
    }
    assert_int_equal(failures, 2);
    assert_int_equal(wsd_call_look(server.call, &server.reply), WSD_CALL_CUT);
    wsd_call_end(server.call, E_ABORT);
    server_fini(&server);
}

/* Pulls the reply, writes and closes its empty document; is it whole? */
static bool pull_all(struct server *server, IWSDOutboundAttachment *document)
{
    const time_t began = worker_now();
    enum wsd_pull pulled = WSD_PULL_BYTES;

    while (pulled <= WSD_PULL_NOTHING_YET) {
        DWORD written;
        size_t size;

        pulled = wsd_call_pull(server->call, (uint8_t *)server->body, 1000, &size);
        wsd_call_hurry(server->call);
        if (pulled == WSD_PULL_NOTHING_NOW &&
            document->lpVtbl->Write(document, (const BYTE *)"", 0, &written) == S_OK)
            document->lpVtbl->Close(document);
        worker_pause(began, "a pull");
    }
    return pulled == WSD_PULL_END;
}

/* One call with attachments in request and reply; false when memory was short. */
static bool try_call(int grants)
{
    static const char parts[] = PARTS("x");
    struct server server;
    struct attached attached = {.heap = &server.heap};
    enum wsd_call_outcome outcome = WSD_CALL_PENDING;
    bool whole = false;

    assert_hr(server_init(&server, &defaults, attach, &attached), S_OK);
    shared_mem_grant(&server.heap, grants);
    if (begin(&server, "/s", MULTIPART) == S_OK) {
        HRESULT hr = push(&server, parts, sizeof(parts) - 1, 50);
        IWSDOutboundAttachment *document;
        DWORD written;

        wsd_call_finish(server.call, S_OK);
        if (hr == S_OK)
            WORKER_AWAIT((outcome = wsd_call_look(server.call, &server.reply)) !=
                             WSD_CALL_PENDING ||
                         atomic_load(&attached.is_there));
        document = attached.attachment;
        if (outcome == WSD_CALL_PENDING && document != NULL) {
            document->lpVtbl->Write(document, (const BYTE *)"", 0, &written);
            outcome = wsd_call_look(server.call, &server.reply);
        }
        if (outcome == WSD_CALL_REPLIES && server.reply.has_body)
            whole = pull_all(&server, document) && server.reply.status == 200;
        wsd_call_end(server.call, whole ? S_OK : E_ABORT);
        wsd_dispatcher_drain(server.dispatcher, UINT64_MAX);
        if (document != NULL)
            document->lpVtbl->Release(document);
    }
    shared_mem_grant(&server.heap, -1);
    server_fini(&server);
    return whole;
}

static void call__each_allocation_fails__leaves_nothing_and_is_not_whole(void **state)
{
    int grants = 0;

    (void)state;
    while (grants < 300 && !try_call(grants))
        grants++;
    assert_in_range(grants, 20, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(call__of_a_plain_request__has_the_handlers_reply),
        cmocka_unit_test(call__in_ws_addressing_1_0__is_answered_in_it),
        cmocka_unit_test(call__that_is_refused__says_why),
        cmocka_unit_test(call__whose_content_type_a_browser_may_send__is_refused),
        cmocka_unit_test(call__with_mandatory_headers_of_others__is_handled),
        cmocka_unit_test(call__whose_action_is_in_content_type__is_handled),
        cmocka_unit_test(call__whose_handler_fails__is_answered_by_a_fault),
        cmocka_unit_test(call__over_a_limit__is_refused),
        cmocka_unit_test(call__when_there_are_too_many__is_refused),
        cmocka_unit_test(call__with_an_attachment__waits_for_its_first_write),
        cmocka_unit_test(call__whose_attachment_is_given_back__tells_the_client),
        cmocka_unit_test(call__that_is_aborted__is_cut),
        cmocka_unit_test(call__whose_connection_ends__fails_its_attachments),
        cmocka_unit_test(call__that_the_dispatcher_cuts__is_cut),
        cmocka_unit_test(call__with_an_attachment__is_handled_while_it_arrives),
        cmocka_unit_test(call__that_is_cut_short__never_ends_as_whole),
        cmocka_unit_test(call__whose_attachment_nobody_reads__is_discarded),
        cmocka_unit_test(call__that_is_refused_with_a_full_ring__takes_all),
        cmocka_unit_test(call__that_turns_out_malformed__fails_the_reader),
        cmocka_unit_test(call__that_ended_in_the_queue__is_not_handled),
        cmocka_unit_test(call__without_a_thread_for_its_handler__is_refused),
        cmocka_unit_test(begin__for_itself_and_its_path__needs_memory),
        cmocka_unit_test(call__each_allocation_fails__leaves_nothing_and_is_not_whole),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
