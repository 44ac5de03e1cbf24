/*
 * server_rig -- a server with its dispatcher, which must leave nothing behind, and what
 * handlers and clients do to it.
 *
 * For test_mhd_server.c and test_mhd_connection.c.
 */
#ifndef WSD_TESTS_SERVER_RIG_H
#define WSD_TESTS_SERVER_RIG_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "message/outbound_message.h"
#include "service/dispatcher.h"
#include "service_mhd/mhd_server.h"
#include "support/http_client.h"
#include "support/shared_mem.h"
#include "support/worker.h"
#include "wsd_error.h"
#include "wsd_service.h"

#define COUNT(rows) (sizeof(rows) / sizeof((rows)[0]))
#define SOAP "http://www.w3.org/2003/05/soap-envelope"
#define WSA "http://schemas.xmlsoap.org/ws/2004/08/addressing"

#define assert_hr(given, expected)                                                       \
    assert_int_equal((uint32_t)(given), (uint32_t)(expected))

/* ---- what the process holds ---- */

static inline int count_descriptors(void)
{
    int count = 0;

    for (int fd = 0; fd < 1024; fd++)
        count += fcntl(fd, F_GETFD) != -1;
    return count;
}

/* 0 where the system does not say. */
static inline int count_threads(void)
{
    DIR *tasks = opendir("/proc/self/task");
    int count = 0;

    while (tasks != NULL && readdir(tasks) != NULL)
        count++;
    if (tasks != NULL)
        closedir(tasks);
    return count;
}

static inline void do_nothing(void *argument)
{
    (void)argument;
}

/* A group's set-up: the thread sanitizer has a thread of its own behind the first one. */
static inline int had_a_thread(void **state)
{
    struct worker worker;

    (void)state;
    worker_start(&worker, do_nothing, NULL);
    worker_join(&worker);
    return 0;
}

/* ---- one server ---- */

struct rig {
    struct shared_mem heap;
    struct wsd_dispatcher *dispatcher;
    struct wsd_mhd_server *server;
    int descriptors, threads; /* before */
};

/* No timer of its own: what happens does so because something woke it. */
static const struct wsd_mhd_options defaults = {
    .address = "127.0.0.1",
    .request_timeout_ms = INFINITE,
    .idle_timeout_ms = INFINITE,
    .max_connections = 100,
    .max_connections_per_peer = 100,
};

static inline void rig_init(struct rig *rig)
{
    static const struct wsd_dispatcher_options options = {
        .inbound = {.max_text_bytes = 100000, .attachments = {64, 20000}},
        .max_discard_bytes = 1000,
        .max_requests = 100,
        .max_workers = 10,
    };

    memset(rig, 0, sizeof(*rig));
    shared_mem_init(&rig->heap);
    rig->descriptors = count_descriptors();
    rig->threads = count_threads();
    assert_hr(wsd_dispatcher_create(&rig->heap.mem, &options, &rig->dispatcher), S_OK);
}

static inline void handle(struct rig *rig, const char *path, wsd_handler handler,
                          void *context)
{
    assert_hr(wsd_handlers_add(&rig->dispatcher->handlers, path, NULL, handler, context),
              S_OK);
}

static inline HRESULT start(struct rig *rig, const struct wsd_mhd_options *options)
{
    rig->server = (struct wsd_mhd_server *)(uintptr_t)1;
    return wsd_mhd_server_start(&rig->heap.mem, options, rig->dispatcher, &rig->server);
}

/* Stops it, if it was started.  Nothing of it is left: the clients have gone before. */
static inline void rig_fini(struct rig *rig)
{
    if (rig->server != NULL)
        wsd_mhd_server_stop(rig->server);
    assert_true(wsd_dispatcher_drain(rig->dispatcher, UINT64_MAX));
    wsd_dispatcher_destroy(rig->dispatcher);
    assert_int_equal(shared_mem_live(&rig->heap), 0);
    assert_int_equal(count_descriptors(), rig->descriptors);
    WORKER_AWAIT(count_threads() == rig->threads); /* they end behind the join */
    shared_mem_fini(&rig->heap);
}

/* ---- its clients ---- */

#define ENVELOPE(body)                                                                   \
    "<s:Envelope xmlns:s=\"" SOAP "\" xmlns:a=\"" WSA "\"><s:Header><a:Action>urn:x"     \
    "</a:Action></s:Header><s:Body>" body "</s:Body></s:Envelope>"
#define REQUEST ENVELOPE("<x/>")
#define PLAIN "Content-Type: application/soap+xml\r\n"

static inline void open_client(struct http_client *client, const struct rig *rig)
{
    http_open(client, wsd_mhd_server_port(rig->server));
}

/* In one piece: of a connection that is cut at its first bytes there is no second. */
static inline void ask(struct http_client *client, const char *path)
{
    char request[1000];

    snprintf(request, sizeof(request),
             "POST %s HTTP/1.1\r\nHost: h\r\n" PLAIN
             "Content-Length: %zu\r\n\r\n" REQUEST,
             path, strlen(REQUEST));
    http_say(client, request);
}

/* "<y/>" comes. */
static inline bool is_answered(struct http_client *client)
{
    struct recorded reply;
    bool is;

    http_await(client, 1);
    if (client->received.size == client->taken)
        return false;
    http_receive(client, &reply);
    is = reply.whole && http_status(&reply) == 200 && strstr(reply.body, "<y/>") != NULL;
    recorded_free(&reply);
    return is;
}

static inline void assert_ended(struct http_client *client)
{
    assert_true(http_has_ended(client));
    http_close(client);
}

#define MULTIPART                                                                        \
    "Content-Type: multipart/related; boundary=b; type=\"application/xop+xml\"\r\n"
#define INCLUDE(id)                                                                      \
    "<i:Include xmlns:i='http://www.w3.org/2004/08/xop/include' href='cid:" id "'/>"
#define PARTS                                                                            \
    "--b\r\nContent-ID: <r@x>\r\n\r\n" ENVELOPE(                                         \
        "<x><d>" INCLUDE("d@x") "</d><e>" INCLUDE(                                       \
            "e@x") "</e></x>") "\r\n--b\r\nContent-ID: <d@x>\r\n\r\n"
#define SECOND_PART "\r\n--b\r\nContent-ID: <e@x>\r\n\r\n"
#define LAST_PART "\r\n--b--\r\n"

/* ---- handlers ---- */

static inline HRESULT WSD_CALL answer(void *context, wsd_inbound_message *request,
                                      wsd_outbound_message *reply)
{
    (void)context;
    (void)request;
    return wsd_message_set_body(reply, "<y/>", 4);
}

/* What a handler did, and with what it ended. */
struct deed {
    atomic_int began;
    atomic_size_t moved;
    char bytes[30000];
    HRESULT ended;
    IWSDOutboundAttachment *given; /* beyond the handler's return */
};

/* Reads the document of an element to its end: S_FALSE, or the failure. */
static inline HRESULT read_document(struct deed *deed, wsd_inbound_message *request,
                                    const char *path)
{
    IWSDInboundAttachment *from;
    HRESULT hr = wsd_inbound_find_attachment(request, path, &from);

    atomic_fetch_add(&deed->began, 1);
    if (hr != S_OK)
        return hr;
    do {
        DWORD count;

        hr = from->lpVtbl->Read(from, (BYTE *)deed->bytes + atomic_load(&deed->moved),
                                100, &count);
        atomic_fetch_add(&deed->moved, count);
    } while (hr == S_OK);
    from->lpVtbl->Release(from);
    return hr;
}

static inline HRESULT WSD_CALL read_first(void *context, wsd_inbound_message *request,
                                          wsd_outbound_message *reply)
{
    struct deed *deed = context;

    deed->ended = read_document(deed, request, "x/d");
    if (deed->ended != S_FALSE)
        return deed->ended;
    return wsd_message_set_body(reply, "<y/>", 4);
}

static inline HRESULT WSD_CALL read_second(void *context, wsd_inbound_message *request,
                                           wsd_outbound_message *reply)
{
    struct deed *deed = context;
    IWSDInboundAttachment *first;
    HRESULT hr = wsd_inbound_find_attachment(request, "x/d", &first);

    (void)reply;
    if (hr == S_OK)
        deed->ended = read_document(deed, request, "x/e");
    if (hr == S_OK)
        first->lpVtbl->Release(first);
    return hr;
}

static inline HRESULT give(struct deed *deed, wsd_outbound_message *reply,
                           uint64_t length)
{
    HRESULT hr = wsd_outbound_create(wsd_mem_heap(), &deed->given);

    if (hr == S_OK)
        hr = wsd_message_set_body(reply, "<y/>", 4);
    if (hr == S_OK)
        hr = wsd_message_attach(reply, "y",
                                wsd_outbound_from((IWSDAttachment *)deed->given),
                                "text/plain", length);
    return hr;
}

static inline HRESULT write_given(struct deed *deed, const char *bytes, size_t size)
{
    HRESULT hr = S_OK;

    while (size > 0 && hr == S_OK) {
        DWORD written;

        hr = deed->given->lpVtbl->Write(deed->given, (const BYTE *)bytes, (DWORD)size,
                                        &written);
        bytes += written;
        size -= written;
        atomic_fetch_add(&deed->moved, written);
    }
    return hr;
}

/* Leaves the document to the test. */
static inline HRESULT WSD_CALL give_away(void *context, wsd_inbound_message *request,
                                         wsd_outbound_message *reply)
{
    struct deed *deed = context;
    HRESULT hr = give(deed, reply, WSD_LENGTH_UNKNOWN);

    (void)request;
    if (hr == S_OK)
        hr = wsd_service_reply(reply);
    atomic_store(&deed->began, 1);
    return hr;
}

#endif
