#include "support/peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "support/stream_hash.h"

struct peer {
    const struct peer_step *steps;
    size_t count;
    int listener;
    int connection;
    int filler; /* the connection that fills the queue of PEER_BE_FULL; or -1 */
    uint16_t port;
    char url[64];
    char *received;
    size_t size, capacity;
    size_t connection_begins; /* in received; or the last PEER_NEXT_REQUEST */
    uint64_t hash;            /* of the PEER_HASH_BYTES */
    pthread_t thread;
    bool joined;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned passes; /* peer_go() calls not yet used */
    size_t step;
    size_t sent;
    char failure[128];
};

static struct timespec patience_ends(void)
{
    struct timespec at;

    clock_gettime(CLOCK_REALTIME, &at);
    at.tv_sec += PEER_PATIENCE_MS / 1000;
    return at;
}

static void give_up(struct peer *peer, const char *why)
{
    pthread_mutex_lock(&peer->mutex);
    if (peer->failure[0] == '\0')
        snprintf(peer->failure, sizeof(peer->failure), "peer, step %zu: %s", peer->step,
                 why);
    pthread_mutex_unlock(&peer->mutex);
}

static bool is_readable(struct peer *peer, int fd)
{
    struct pollfd item = {fd, POLLIN, 0};

    if (poll(&item, 1, PEER_PATIENCE_MS) == 1)
        return true;
    give_up(peer, "nothing came");
    return false;
}

/* Receives once; false at the end of the connection, or out of patience. */
static bool receive(struct peer *peer, size_t at_most)
{
    ssize_t n;

    if (peer->capacity - peer->size < at_most + 1) {
        peer->capacity = 2 * peer->capacity + at_most + 1;
        peer->received = realloc(peer->received, peer->capacity);
        peer->received[peer->size] = '\0'; /* in case that nothing comes */
    }
    if (!is_readable(peer, peer->connection))
        return false;
    n = recv(peer->connection, peer->received + peer->size, at_most, 0);
    if (n <= 0)
        return false;
    peer->size += (size_t)n;
    peer->received[peer->size] = '\0';
    return true;
}

static const char *since_accept(const struct peer *peer)
{
    return peer->received == NULL ? "" : peer->received + peer->connection_begins;
}

/* Bytes, for a document may have NULs. */
static bool ends_with(const struct peer *peer, size_t end, const char *text)
{
    size_t length = strlen(text);

    return end >= peer->connection_begins + length &&
           memcmp(peer->received + end - length, text, length) == 0;
}

/* Takes no byte behind the text, unless an earlier step did. */
static void read_until(struct peer *peer, const char *text)
{
    size_t end = peer->connection_begins + strlen(text);

    for (;; end++) {
        while (end > peer->size)
            if (!receive(peer, 1)) {
                give_up(peer, "the connection ended early");
                return;
            }
        if (ends_with(peer, end, text))
            return;
    }
}

static void read_bytes(struct peer *peer, size_t size)
{
    size_t goal = peer->size + size;

    while (peer->size < goal)
        if (!receive(peer, goal - peer->size)) {
            give_up(peer, "the connection ended early");
            return;
        }
}

static void hash_bytes(struct peer *peer, size_t size)
{
    char block[65536];

    while (size > 0) {
        ssize_t n = is_readable(peer, peer->connection)
                        ? recv(peer->connection, block,
                               size < sizeof(block) ? size : sizeof(block), 0)
                        : -1;

        if (n <= 0) {
            give_up(peer, "the connection ended early");
            return;
        }
        peer->hash = stream_hash(peer->hash, block, (size_t)n);
        size -= (size_t)n;
    }
}

/* Where the chunk behind the one at `at` begins; 0 while its line is not there. */
static size_t next_chunk(const struct peer *peer, size_t at, bool *last)
{
    const char *line = peer->received + at;
    const char *line_end = memchr(line, '\n', peer->size - at);
    size_t chunk;

    if (line_end == NULL)
        return 0;
    chunk = strtoul(line, NULL, 16);
    *last = chunk == 0;
    return (size_t)(line_end + 1 - peer->received) + chunk + 2;
}

static void read_message(struct peer *peer)
{
    const char *head_end, *length;
    bool last = false;
    size_t at;

    read_until(peer, "\r\n\r\n");
    head_end = strstr(since_accept(peer), "\r\n\r\n");
    length = strstr(since_accept(peer), "\r\nContent-Length: ");
    if (head_end == NULL)
        return;
    at = (size_t)(head_end + 4 - peer->received);
    if (length != NULL && length < head_end) {
        size_t end = at + strtoul(length + 18, NULL, 10);

        read_bytes(peer, end > peer->size ? end - peer->size : 0);
        return;
    }
    while (!last || peer->size < at) {
        size_t next = peer->size < at ? 0 : next_chunk(peer, at, &last);

        if (next != 0)
            at = next;
        else if (!receive(peer, 65536)) {
            give_up(peer, "the request was cut short");
            return;
        }
    }
}

/* In pieces, so that peer_sent() tells how far it is. */
static void send_bytes(struct peer *peer, const struct peer_step *step)
{
    size_t left = step->size != 0 ? step->size : strlen(step->text);
    const char *at = step->text;

    while (left > 0) {
        size_t piece = left < 65536 ? left : 65536;
        ssize_t n = send(peer->connection, at, piece, MSG_NOSIGNAL);

        if (n <= 0) {
            if (step->what == PEER_SEND || errno == EAGAIN)
                give_up(peer, "could not send");
            return;
        }
        at += n;
        left -= (size_t)n;
        pthread_mutex_lock(&peer->mutex);
        peer->sent += (size_t)n;
        pthread_mutex_unlock(&peer->mutex);
    }
}

static void hold(struct peer *peer)
{
    struct timespec until = patience_ends();
    bool passed;

    pthread_mutex_lock(&peer->mutex);
    while (peer->passes == 0)
        if (pthread_cond_timedwait(&peer->changed, &peer->mutex, &until) == ETIMEDOUT)
            break;
    passed = peer->passes > 0;
    if (passed)
        peer->passes--;
    pthread_mutex_unlock(&peer->mutex);
    if (!passed)
        give_up(peer, "nobody let it go on");
}

static void drop_connection(struct peer *peer)
{
    if (peer->connection >= 0)
        close(peer->connection);
    peer->connection = -1;
}

static void accept_one(struct peer *peer)
{
    static const struct timeval patience = {PEER_PATIENCE_MS / 1000, 0};

    drop_connection(peer);
    if (is_readable(peer, peer->listener))
        peer->connection = accept(peer->listener, NULL, NULL);
    setsockopt(peer->connection, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
    peer->connection_begins = peer->size;
}

/* Linux queues one more than it is told. */
static void be_full(struct peer *peer)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    peer->filler = socket(AF_INET, SOCK_STREAM, 0);
    if (listen(peer->listener, 0) != 0 ||
        getsockname(peer->listener, (struct sockaddr *)&address, &size) != 0 ||
        connect(peer->filler, (struct sockaddr *)&address, size) != 0)
        give_up(peer, strerror(errno));
}

static void do_step(struct peer *peer, const struct peer_step *step)
{
    struct linger at_once = {1, 0};

    switch (step->what) {
    case PEER_ACCEPT:
        accept_one(peer);
        break;
    case PEER_READ_HEAD:
        read_until(peer, "\r\n\r\n");
        break;
    case PEER_READ_BYTES:
        read_bytes(peer, step->size);
        break;
    case PEER_READ_UNTIL:
        read_until(peer, step->text);
        break;
    case PEER_READ_MESSAGE:
        read_message(peer);
        break;
    case PEER_READ_TO_END:
        while (receive(peer, 65536)) {
        }
        break;
    case PEER_DROP_TO_END:
        for (const size_t size = peer->size; receive(peer, 65536);)
            peer->size = size;
        break;
    case PEER_SEND:
    case PEER_SEND_SOME:
        send_bytes(peer, step);
        break;
    case PEER_HOLD:
        hold(peer);
        break;
    case PEER_SHUT_WRITE:
        shutdown(peer->connection, SHUT_WR);
        break;
    case PEER_RESET:
        setsockopt(peer->connection, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        drop_connection(peer);
        break;
    case PEER_CLOSE:
        drop_connection(peer);
        break;
    case PEER_NEXT_REQUEST:
        peer->connection_begins = peer->size;
        break;
    case PEER_BE_FULL:
        be_full(peer);
        break;
    case PEER_HASH_BYTES:
        hash_bytes(peer, step->size);
        break;
    }
}

static void *run(void *argument)
{
    struct peer *peer = argument;
    bool failed = false;

    if (peer->count > 0 && peer->steps[0].what != PEER_ACCEPT)
        accept_one(peer);
    for (size_t i = 0; i < peer->count && !failed; i++) {
        pthread_mutex_lock(&peer->mutex);
        peer->step = i;
        pthread_cond_broadcast(&peer->changed);
        pthread_mutex_unlock(&peer->mutex);
        do_step(peer, &peer->steps[i]);
        pthread_mutex_lock(&peer->mutex);
        failed = peer->failure[0] != '\0';
        pthread_mutex_unlock(&peer->mutex);
    }
    drop_connection(peer);
    pthread_mutex_lock(&peer->mutex);
    peer->step = peer->count;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->mutex);
    return NULL;
}

int peer_listen(unsigned *port, int queue)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(fd, queue), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    *port = ntohs(address.sin_port);
    return fd;
}

struct peer *peer_start(const struct peer_step *steps, size_t count)
{
    struct peer *peer = calloc(1, sizeof(*peer));
    unsigned port;

    assert_non_null(peer);
    peer->steps = steps;
    peer->count = count;
    peer->connection = -1;
    peer->listener = peer_listen(&port, 64);
    peer->filler = -1;
    peer->port = (uint16_t)port;
    peer->hash = STREAM_HASH_INIT;
    snprintf(peer->url, sizeof(peer->url), "http://127.0.0.1:%u/service", port);
    pthread_mutex_init(&peer->mutex, NULL);
    pthread_cond_init(&peer->changed, NULL);
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
    return peer;
}

struct peer *peer_start_unconnectable(void)
{
    struct peer *peer = peer_start(NULL, 0);

    be_full(peer);
    return peer;
}

bool peer_was_contacted(const struct peer *peer)
{
    struct pollfd item = {peer->listener, POLLIN, 0};

    return poll(&item, 1, 0) == 1;
}

const char *peer_url(const struct peer *peer)
{
    return peer->url;
}

uint16_t peer_port(const struct peer *peer)
{
    return peer->port;
}

void peer_go(struct peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    peer->passes++;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->mutex);
}

void peer_wait_for_step(struct peer *peer, size_t index)
{
    struct timespec until = patience_ends();
    bool there;

    pthread_mutex_lock(&peer->mutex);
    while (peer->step < index)
        if (pthread_cond_timedwait(&peer->changed, &peer->mutex, &until) == ETIMEDOUT)
            break;
    there = peer->step >= index;
    pthread_mutex_unlock(&peer->mutex);
    assert_true(there);
}

size_t peer_sent(struct peer *peer)
{
    size_t sent;

    pthread_mutex_lock(&peer->mutex);
    sent = peer->sent;
    pthread_mutex_unlock(&peer->mutex);
    return sent;
}

const char *peer_finish(struct peer *peer, size_t *size)
{
    if (!peer->joined)
        pthread_join(peer->thread, NULL);
    peer->joined = true;
    if (peer->failure[0] != '\0')
        fail_msg("%s", peer->failure);
    if (size != NULL)
        *size = peer->size;
    return peer->received == NULL ? "" : peer->received;
}

uint64_t peer_hash(struct peer *peer)
{
    peer_finish(peer, NULL);
    return peer->hash;
}

void peer_stop(struct peer *peer)
{
    peer_finish(peer, NULL);
    close(peer->listener);
    if (peer->filler >= 0)
        close(peer->filler);
    pthread_cond_destroy(&peer->changed);
    pthread_mutex_destroy(&peer->mutex);
    free(peer->received);
    free(peer);
}

char *peer_body(const char *received, size_t size, size_t *body_size, bool *complete)
{
    const char *end = received + size;
    const char *head_end = strstr(received, "\r\n\r\n");
    const char *length = strstr(received, "\r\nContent-Length: ");
    char *body = calloc(1, size + 1);
    const char *at;

    assert_non_null(body);
    *body_size = 0;
    *complete = false;
    if (head_end == NULL)
        return body;
    at = head_end + 4;
    if (length != NULL && length < head_end) {
        size_t declared = strtoul(length + 18, NULL, 10);

        *body_size = (size_t)(end - at) < declared ? (size_t)(end - at) : declared;
        memcpy(body, at, *body_size);
        *complete = *body_size == declared;
        return body;
    }
    for (;;) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t chunk, there;

        if (line_end == NULL)
            return body;
        chunk = strtoul(at, NULL, 16);
        at = line_end + 1;
        there = (size_t)(end - at) < chunk ? (size_t)(end - at) : chunk;
        if (chunk == 0) {
            *complete = end - at >= 2;
            return body;
        }
        memcpy(body + *body_size, at, there);
        *body_size += there;
        if ((size_t)(end - at) < chunk + 2)
            return body;
        at += chunk + 2;
    }
}

char *peer_soap_reply(const char *status_line, const char *action, const char *body)
{
    static const char envelope[] =
        "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" "
        "xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\"><soap:Header>"
        "<wsa:Action>%s</wsa:Action></soap:Header><soap:Body>%s</soap:Body>"
        "</soap:Envelope>";
    static const char head[] = "%s\r\nContent-Type: application/soap+xml\r\n"
                               "Content-Length: %d\r\n\r\n";
    int length = snprintf(NULL, 0, envelope, action, body);
    size_t capacity = strlen(status_line) + sizeof(head) + 16 + (size_t)length + 1;
    char *reply = malloc(capacity);
    int at;

    assert_non_null(reply);
    at = snprintf(reply, capacity, head, status_line, length);
    snprintf(reply + at, capacity - (size_t)at, envelope, action, body);
    return reply;
}

const char *peer_refusing_url(void)
{
    static char url[64];
    unsigned port;

    close(peer_listen(&port, 1));
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/service", port);
    return url;
}
