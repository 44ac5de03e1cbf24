/* Input: one byte for what happens, one for the pieces or the memory; then a line with a
 * Content-Type value, and behind its LF the request's body.
 *
 * Properties: a call is decided, whatever comes, and leaves nothing; no document ends
 * without its delimiter, and none is longer than the body; 200 is for what is whole, and
 * anything above comes with a fault that can be read. */
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

#include "fuzz.h"
#include "message/outbound_message.h"
#include "mime/content_type.h"
#include "os/clock.h"
#include "service/call.h"
#include "service/dispatcher.h"
#include "support/body_feed.h"
#include "support/shared_mem.h"
#include "wsd_error.h"

enum { READS = 1, TRUNCATED = 2, NO_MEMORY = 4 };
enum { PATIENCE_MS = 10000 };

/* One server and one worker for all inputs, which come one after the other. */
static struct {
    struct wsd_call_host host;
    struct shared_mem heap;
    struct wsd_dispatcher *dispatcher;
    int live; /* blocks, between two calls */
    atomic_int references;

    struct wsd_monitor monitor; /* woken by each event */
    unsigned events;            /* something was pushed or read, or has changed */

    /* Of this call: */
    unsigned options;
    size_t whole, read; /* documents that ended as they should, and all their bytes */
} world;

static unsigned note_events(void)
{
    unsigned events;

    wsd_monitor_enter(&world.monitor);
    events = world.events;
    wsd_monitor_leave(&world.monitor);
    return events;
}

static void tell(void)
{
    wsd_monitor_enter(&world.monitor);
    world.events++;
    wsd_monitor_wake_all(&world.monitor);
    wsd_monitor_leave(&world.monitor);
}

/* Waits for one behind those that were noted. */
static void await_event(unsigned noted)
{
    uint64_t deadline = wsd_clock_ms() + PATIENCE_MS;

    wsd_monitor_enter(&world.monitor);
    while (world.events == noted)
        FEED_REQUIRE(wsd_monitor_wait_until(&world.monitor, deadline));
    wsd_monitor_leave(&world.monitor);
}

static void host_wake(struct wsd_call_host *host)
{
    (void)host;
    tell();
}

static void host_add_ref(struct wsd_call_host *host)
{
    (void)host;
    atomic_fetch_add(&world.references, 1);
}

static void host_release(struct wsd_call_host *host)
{
    (void)host;
    atomic_fetch_sub(&world.references, 1);
}

/* All of them in turn, for they may come in any order.  S_FALSE: all ended well. */
static HRESULT read_all(wsd_inbound_message *request)
{
    IWSDInboundAttachment *open[WSD_MAX_ATTACHMENTS];
    size_t count = 0, left;
    HRESULT hr = S_FALSE;

    while (count < WSD_MAX_ATTACHMENTS &&
           wsd_inbound_attachment_at(request, count, &open[count]) == S_OK)
        count++;
    do {
        unsigned noted = note_events();
        DWORD moved = 0;

        left = 0;
        for (size_t i = 0; i < count; i++) {
            BYTE bytes[50];
            DWORD size;
            HRESULT ended;

            if (open[i] == NULL)
                continue;
            ended = open[i]->lpVtbl->Read(open[i], bytes, sizeof(bytes), &size);
            moved += size;
            world.read += size;
            if (ended == S_OK || ended == STG_S_BLOCK) {
                left++;
                continue;
            }
            world.whole += ended == S_FALSE;
            hr = ended == S_FALSE ? hr : ended;
            open[i]->lpVtbl->Release(open[i]);
            open[i] = NULL;
        }
        if (left > 0 && moved == 0)
            await_event(noted);
    } while (left > 0);
    return hr;
}

static HRESULT WSD_CALL answer(void *context, wsd_inbound_message *request,
                               wsd_outbound_message *reply)
{
    HRESULT hr = world.options & READS ? read_all(request) : S_FALSE;

    (void)context;
    return hr == S_FALSE ? wsd_message_set_body(reply, "<y/>", 4) : hr;
}

static void make_world(void)
{
    static const struct wsd_call_host_vtable vtable = {
        .wake = host_wake, .add_ref = host_add_ref, .release = host_release};
    static const struct wsd_dispatcher_options options = {
        .inbound = {.max_text_bytes = 10000, .attachments = {64, 0}},
        .max_discard_bytes = 200,
        .max_requests = 1,
        .max_workers = 1,
    };

    world.host.vtable = &vtable;
    shared_mem_init(&world.heap);
    FEED_REQUIRE(wsd_monitor_init(&world.monitor) == S_OK);
    FEED_REQUIRE(wsd_dispatcher_create(&world.heap.mem, &options, &world.dispatcher) ==
                 S_OK);
    FEED_REQUIRE(wsd_handlers_add(&world.dispatcher->handlers, "/", NULL, answer, NULL) ==
                 S_OK);
    world.live = shared_mem_live(&world.heap);
}

static HRESULT push(struct wsd_call *call, const uint8_t *bytes, size_t size,
                    size_t piece)
{
    HRESULT hr = S_OK;

    while (size > 0 && hr == S_OK) {
        unsigned noted = note_events();
        size_t next = piece < size ? piece : size, taken;

        hr = wsd_call_push(call, feed_guarded(bytes, next), next, &taken);
        FEED_REQUIRE(taken <= next);
        bytes += taken;
        size -= taken;
        if (taken > 0)
            tell();
        else if (hr == S_OK)
            await_event(noted);
    }
    return hr;
}

/* Its status, with a body that fits; 0: it is cut. */
static int take_reply(struct wsd_call *call)
{
    static uint8_t body[20000];
    enum wsd_pull pulled = WSD_PULL_BYTES;
    enum wsd_call_outcome outcome;
    struct wsd_envelope *envelope;
    struct wsd_call_reply reply;
    size_t size = 0;
    wsd_fault fault;

    for (;;) {
        unsigned noted = note_events();

        outcome = wsd_call_look(call, &reply);
        if (outcome != WSD_CALL_PENDING)
            break;
        await_event(noted);
    }
    if (outcome == WSD_CALL_CUT)
        return 0;
    while (pulled == WSD_PULL_BYTES) {
        size_t more;

        FEED_REQUIRE(size < sizeof(body));
        pulled = wsd_call_pull(call, body + size, sizeof(body) - size, &more);
        size += more;
    }
    FEED_REQUIRE(pulled == WSD_PULL_END && reply.has_body && reply.body_length == size);
    FEED_REQUIRE(wsd_envelope_read(wsd_mem_heap(), body, size, &envelope) == S_OK);
    FEED_REQUIRE((wsd_envelope_fault(envelope, &fault) == S_OK) == (reply.status != 200));
    wsd_envelope_destroy(envelope);
    return reply.status;
}

static size_t count_delimiters(const char *boundary, const uint8_t *bytes, size_t size)
{
    size_t length = strlen(boundary), count = 0;

    for (size_t i = 2; i + length <= size; i++)
        count += memcmp(bytes + i - 2, "--", 2) == 0 &&
                 memcmp(bytes + i, boundary, length) == 0;
    return count;
}

static bool is_envelope(const uint8_t *bytes, size_t size)
{
    struct wsd_envelope *envelope;
    bool is = wsd_envelope_read(wsd_mem_heap(), bytes, size, &envelope) == S_OK;

    wsd_envelope_destroy(envelope);
    return is;
}

/* What the handler saw, and the client. */
static void check(char *type, const uint8_t *bytes, size_t size, int status)
{
    struct wsd_tolerances tolerances;
    struct wsd_content_type parsed;
    const char *boundary;

    FEED_REQUIRE(world.read <= size);
    wsd_tolerances_init(&tolerances);
    if (wsd_content_type_parse(type, &tolerances, &parsed) != WSD_MIME_NONE)
        FEED_REQUIRE(status != 200 && world.whole == 0);
    else if (wsd_content_type_boundary(&parsed, &boundary) == WSD_MIME_NONE)
        FEED_REQUIRE(world.whole == 0 ||
                     count_delimiters(boundary, bytes, size) >= world.whole + 2);
    else
        FEED_REQUIRE(status != 200 || is_envelope(bytes, size));
}

static void run(char *type, const uint8_t *bytes, size_t size, unsigned number)
{
    const struct wsd_call_head head = {"/", type, WSD_LENGTH_UNKNOWN};
    uint64_t deadline = wsd_clock_ms() + PATIENCE_MS;
    struct wsd_call *call;
    int status = 0;

    world.whole = world.read = 0;
    if (world.options & NO_MEMORY)
        shared_mem_grant(&world.heap, (int)number);
    if (wsd_call_begin(world.dispatcher, &head, &world.host, &call) == S_OK) {
        HRESULT hr = push(call, bytes, size, number % 100 + 1);

        if (hr == S_OK && !(world.options & TRUNCATED)) {
            wsd_call_finish(call, S_OK);
            tell();
            status = take_reply(call);
        }
        wsd_call_end(call, status != 0 ? S_OK : WS_E_ENDPOINT_DISCONNECTED);
        tell();
    }
    FEED_REQUIRE(wsd_dispatcher_drain(world.dispatcher, deadline));
    shared_mem_grant(&world.heap, -1);
    while (shared_mem_live(&world.heap) != world.live) { /* the worker lets go of it */
        FEED_REQUIRE(wsd_clock_ms() < deadline);
        sched_yield();
    }
    FEED_REQUIRE(atomic_load(&world.references) == 0);
    check(type, bytes, size, status);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    const uint8_t *line_end = size > 2 ? memchr(bytes + 2, '\n', size - 2) : NULL;
    char *type;

    if (line_end == NULL || size > FEED_BUFFER_SIZE)
        return 0;
    if (world.dispatcher == NULL)
        make_world();
    world.options = bytes[0];
    type = strndup((const char *)bytes + 2, (size_t)(line_end - (bytes + 2)));
    FEED_REQUIRE(type != NULL);
    run(type, line_end + 1, (size_t)(bytes + size - (line_end + 1)), bytes[1]);
    free(type);
    return 0;
}
