/* transfer_run -- one transfer of a curl_transport, from its start to its end, with all
 * that it told on the way. */
#ifndef WSD_TESTS_TRANSFER_RUN_H
#define WSD_TESTS_TRANSFER_RUN_H

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "stream/body_source.h"
#include "support/worker.h"
#include "transport_curl/curl_transport.h"

#define TRANSFER_RUN_LOG 256

struct transfer_run {
    struct wsd_body_source source;
    struct wsd_transfer_handler handler;
    const char *upload; /* given in one pull, then the end */
    size_t pulled;
    int sent, begun;
    char lines[1024], body[256];
    int status;
    bool complete;
    HRESULT result;
    atomic_bool is_done;
    struct wsd_transfer *transfer;
};

static inline struct transfer_run *transfer_run_of(struct wsd_transfer_handler *handler)
{
    return (struct transfer_run *)((char *)handler -
                                   offsetof(struct transfer_run, handler));
}

static inline enum wsd_pull transfer_run_pull(struct wsd_body_source *source,
                                              uint8_t *buffer, size_t capacity,
                                              size_t *size)
{
    struct transfer_run *run = (struct transfer_run *)source;

    *size = strlen(run->upload) - run->pulled;
    if (*size > capacity)
        *size = capacity;
    memcpy(buffer, run->upload + run->pulled, *size);
    run->pulled += *size;
    return *size > 0 ? WSD_PULL_BYTES : WSD_PULL_END;
}

static inline void transfer_run_sent(struct wsd_body_source *source)
{
    ((struct transfer_run *)source)->sent++;
}

static inline void transfer_run_line(struct wsd_transfer_handler *handler,
                                     const char *line, size_t size)
{
    struct transfer_run *run = transfer_run_of(handler);
    size_t used = strlen(run->lines);

    snprintf(run->lines + used, sizeof(run->lines) - used, "%.*s", (int)size, line);
}

static inline void transfer_run_status(struct wsd_transfer_handler *handler, int status,
                                       bool complete)
{
    transfer_run_of(handler)->status = status;
    transfer_run_of(handler)->complete = complete;
}

static inline HRESULT transfer_run_begin_body(struct wsd_transfer_handler *handler,
                                              int status, const char *content_type)
{
    (void)status;
    (void)content_type;
    transfer_run_of(handler)->begun++;
    return S_OK;
}

static inline HRESULT transfer_run_body(struct wsd_transfer_handler *handler,
                                        const uint8_t *bytes, size_t size, size_t *taken)
{
    struct transfer_run *run = transfer_run_of(handler);
    size_t used = strlen(run->body);

    snprintf(run->body + used, sizeof(run->body) - used, "%.*s", (int)size,
             (const char *)bytes);
    *taken = size;
    return S_OK;
}

static inline void transfer_run_done(struct wsd_transfer_handler *handler, HRESULT result)
{
    transfer_run_of(handler)->result = result;
    atomic_store(&transfer_run_of(handler)->is_done, true);
}

static inline void transfer_run_init(struct transfer_run *run, const char *upload)
{
    static const struct wsd_body_source_vtable source = {.pull = transfer_run_pull,
                                                         .sent = transfer_run_sent};
    static const struct wsd_transfer_handler_vtable handler = {
        .line = transfer_run_line,
        .status = transfer_run_status,
        .begin_body = transfer_run_begin_body,
        .body = transfer_run_body,
        .done = transfer_run_done,
    };

    memset(run, 0, sizeof(*run));
    run->source.vtable = &source;
    run->handler.vtable = &handler;
    run->upload = upload;
    atomic_init(&run->is_done, false);
}

static inline void WSD_CALL transfer_run_log(void *context, const wsd_log_entry *entry)
{
    snprintf(context, TRANSFER_RUN_LOG, "%s", entry->text);
}

/* The last error is in `log`, of TRANSFER_RUN_LOG bytes, when the transport has gone. */
static inline struct wsd_transport *transfer_run_transport_with_log(char *log)
{
    const struct wsd_curl_options options = {
        .timeouts = {.connect_ms = 10000, .send_ms = 10000, .response_ms = 10000},
        .observer = {.log = log == NULL ? NULL : transfer_run_log,
                     .log_context = log,
                     .log_level = WSD_LOG_ERROR}};
    struct wsd_curl_transport *transport = NULL;

    if (wsd_curl_transport_create(wsd_mem_heap(), &options, &transport) != S_OK)
        worker_hangs("wsd_curl_transport_create");
    return wsd_curl_transport_seam(transport);
}

static inline struct wsd_transport *transfer_run_transport(void)
{
    return transfer_run_transport_with_log(NULL);
}

/* Starts what was prepared, and waits for its end. */
static inline void transfer_run_to_end(struct transfer_run *run)
{
    run->transfer->vtable->start(run->transfer);
    WORKER_AWAIT(atomic_load(&run->is_done));
    run->transfer->vtable->release(run->transfer);
}

/* One request, whose body is the run's unless it has its own. */
static inline void transfer_run_request(struct transfer_run *run,
                                        struct wsd_transport *transport,
                                        const struct wsd_http_request *wanted)
{
    struct wsd_http_request request = *wanted;

    if (request.body == NULL)
        request.body = &run->source;
    assert_int_equal(
        transport->vtable->prepare(transport, &request, &run->handler, &run->transfer),
        S_OK);
    transfer_run_to_end(run);
}

#define TRANSFER_RUN_OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"

/* GET with this header line, on a kept connection if there is one; TRANSFER_RUN_OK comes.
 */
static inline void transfer_run_get(struct wsd_transport *transport, const char *url,
                                    const char *line)
{
    const char *const lines[] = {line, NULL};
    const struct wsd_http_request request = {
        .url = url, .method = "GET", .headers = lines, .may_reuse_connection = true};
    struct transfer_run run;

    transfer_run_init(&run, "");
    transfer_run_request(&run, transport, &request);
    assert_int_equal(run.result, S_OK);
    assert_string_equal(run.body, "hi");
}

#endif
