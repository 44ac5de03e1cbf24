/* internet_bed -- WinINet's objects over a heap that counts and a transport that is fake.
 */
#ifndef WSD_TESTS_INTERNET_BED_H
#define WSD_TESTS_INTERNET_BED_H

#include "support/failing_mem.h"
#include "support/fake_transport.h"
#include "support/worker.h"
#include "wininet/connection.h"
#include "wininet/internet_error.h"
#include "wininet/option.h"

struct internet_bed {
    struct failing_mem heap;
    struct fake_transport transport;
    struct wsd_session *session;
    int transports; /* that were asked for */
};

/* open_transport has no context. */
static struct internet_bed *internet_bed;

static inline HRESULT internet_bed_transport(const struct wsd_mem *mem,
                                             struct wsd_transport **out)
{
    (void)mem;
    internet_bed->transports++;
    *out = &internet_bed->transport.seam;
    return S_OK;
}

/* Without a session. */
static inline void internet_bed_init(struct internet_bed *bed)
{
    bed->heap = (struct failing_mem)FAILING_MEM(-1, &bed->heap);
    fake_transport_init(&bed->transport);
    bed->session = NULL;
    bed->transports = 0;
    internet_bed = bed;
}

static inline HRESULT internet_bed_session(struct internet_bed *bed)
{
    static const struct wsd_internet_options options = WSD_INTERNET_OPTIONS_INIT;

    return wsd_session_create(&bed->heap.mem, internet_bed_transport, &options, "agent",
                              INTERNET_OPEN_TYPE_DIRECT, NULL, 0, &bed->session);
}

static inline void internet_bed_open(struct internet_bed *bed)
{
    internet_bed_init(bed);
    assert_int_equal(internet_bed_session(bed), S_OK);
}

static inline HRESULT internet_bed_connect(struct internet_bed *bed, DWORD service,
                                           struct wsd_connection **out)
{
    return wsd_connection_create(bed->session, "h", 0, "me", "secret", service, 0, out);
}

static inline void internet_bed_release(void *object)
{
    wsd_handle_object_release(object);
}

static inline void internet_bed_close(struct internet_bed *bed)
{
    internet_bed_release(bed->session);
    assert_int_equal(atomic_load(&bed->transport.live), 0);
    assert_int_equal(bed->heap.live, 0);
}

/* What a transport that goes on by itself does when it is started: the head is out, all
 * that comes is taken, and this is the response; or, with FTP, the replies. */
struct internet_script {
    const char *head;  /* or replies before the body */
    DWORD challenge;   /* that the head has */
    const char *body;  /* NULL: none */
    const char *tail;  /* FTP: replies behind the body */
    HRESULT result;    /* of the transfer */
    char uploaded[64]; /* what was taken */
    bool is_new;       /* FTP: over a connection of its own */
};

static inline void internet_play_start(struct fake_transfer *transfer)
{
    struct internet_script *script = transfer->transport->context;

    if (transfer->body != NULL && transfer->body_length == 0 && !transfer->is_ftp)
        fake_transfer_sent(transfer);
    if (transfer->is_ftp)
        fake_transfer_lines(transfer, script->head);
    if (transfer->body != NULL && (transfer->is_ftp || transfer->body_length > 0))
        fake_transfer_drain(transfer, script->uploaded, sizeof(script->uploaded));
}

/* A wake says that there is more of the upload, or that it has ended. */
static inline void internet_play_wake(struct fake_transfer *transfer)
{
    struct internet_script *script = transfer->transport->context;
    enum wsd_pull pull = WSD_PULL_END;

    if (transfer->is_done)
        return;
    if (transfer->body != NULL && (transfer->is_ftp || transfer->body_length > 0))
        pull = fake_transfer_drain(transfer, script->uploaded, sizeof(script->uploaded));
    if (pull == WSD_PULL_NOTHING_NOW && strlen(script->uploaded) != transfer->body_length)
        return;
    if (!transfer->is_ftp && script->head != NULL) {
        fake_transfer_status(transfer, 200, true);
        transfer->handler->vtable->challenge(transfer->handler, script->challenge);
        fake_transfer_lines(transfer, script->head);
    }
    if (script->body != NULL)
        fake_transfer_body(transfer, script->body);
    if (script->tail != NULL)
        fake_transfer_lines(transfer, script->tail);
    fake_transfer_done(transfer, script->result);
}

/* A transfer that ends as soon as it is started. */
static inline void internet_play_all(struct fake_transfer *transfer)
{
    struct internet_script *script = transfer->transport->context;

    script->is_new = transfer->is_new;
    fake_transfer_lines(transfer, script->head);
    fake_transfer_done(transfer, script->result);
}

static inline void internet_play(struct internet_bed *bed, struct internet_script *script)
{
    bed->transport.context = script;
    bed->transport.on_start = internet_play_start;
    bed->transport.on_wake = internet_play_wake;
}

#endif
