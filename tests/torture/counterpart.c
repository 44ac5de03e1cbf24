#include "torture/counterpart.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/peer.h"
#include "support/worker.h"

enum kind { NONE, HTTP, FTP, FTP_DOOR, FTP_DATA };

struct connection {
    enum kind kind;
    int fd;
    char *got; /* NUL-terminated */
    size_t size, used;
    struct connection *control; /* of FTP_DOOR and FTP_DATA */
    bool stores;                /* of FTP: the data connection is an upload */
};

#define MOST 32

struct counterpart {
    pthread_t thread;
    int http, ftp, stop[2];
    uint16_t http_port, ftp_port;
    struct connection connections[MOST]; /* the thread's */

    pthread_mutex_t mutex;
    unsigned open; /* connections, but not doors */
    const char *document, *reply;
    size_t document_size, parts, reply_size;
    struct counterpart_saw saw;
};

static const char *find(const char *in, size_t size, const char *what, size_t length)
{
    const char *end = in + size;

    while ((size_t)(end - in) >= length) {
        const char *at = memchr(in, what[0], (size_t)(end - in) - length + 1);

        if (at == NULL || memcmp(at, what, length) == 0)
            return at;
        in = at + 1;
    }
    return NULL;
}

/* ---- Connections ---------------------------------------------------------------------
 */

static struct connection *add(struct counterpart *self, enum kind kind, int fd,
                              struct connection *control)
{
    for (size_t i = 0; fd >= 0 && i < MOST; i++) {
        if (self->connections[i].kind != NONE)
            continue;
        self->connections[i] =
            (struct connection){.kind = kind, .fd = fd, .control = control};
        return &self->connections[i];
    }
    if (fd >= 0)
        worker_hangs("counterpart: too many connections");
    return NULL;
}

static void count(struct counterpart *self, int more)
{
    pthread_mutex_lock(&self->mutex);
    self->open += (unsigned)more;
    pthread_mutex_unlock(&self->mutex);
}

/* A control connection takes along what belongs to it. */
static void end(struct counterpart *self, struct connection *connection)
{
    enum kind kind = connection->kind;

    for (size_t i = 0; kind == FTP && i < MOST; i++)
        if (self->connections[i].control == connection)
            end(self, &self->connections[i]);
    close(connection->fd);
    free(connection->got);
    *connection = (struct connection){.kind = NONE};
    if (kind != FTP_DOOR)
        count(self, -1);
}

static void say(const struct connection *connection, const char *text, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t n = send(connection->fd, text + sent, size - sent, MSG_NOSIGNAL);

        if (n <= 0)
            return;
        sent += (size_t)n;
    }
}

/* ---- Judging -------------------------------------------------------------------------
 */

enum verdict { CUT, WHOLE, WRONG };

static enum verdict judge_multipart(const struct counterpart *self, const char *body,
                                    size_t size, bool complete)
{
    const char *line_end = find(body, size, "\r\n", 2), *at = body;
    char closing[100];
    size_t parts = 0;

    if (line_end == NULL || line_end - body > 80)
        return complete ? WRONG : CUT;
    snprintf(closing, sizeof(closing), "\r\n%.*s--", (int)(line_end - body), body);
    if (find(body, size, closing, strlen(closing)) == NULL)
        return complete ? WRONG : CUT;
    while ((at = find(at, (size_t)(body + size - at), self->document,
                      self->document_size)) != NULL) {
        at += self->document_size;
        if ((size_t)(body + size - at) >= strlen(closing) - 2 &&
            memcmp(at, closing, strlen(closing) - 2) == 0)
            parts++;
    }
    return parts != self->parts ? WRONG : complete ? WHOLE : CUT;
}

static enum verdict judge_http(const struct counterpart *self, const char *got,
                               size_t size)
{
    size_t body_size;
    bool complete;
    char *body = peer_body(got, size, &body_size, &complete);
    enum verdict verdict = complete ? WHOLE : CUT;

    if (self->parts > 0)
        verdict = judge_multipart(self, body, body_size, complete);
    else if (complete && self->document != NULL &&
             (body_size != self->document_size ||
              memcmp(body, self->document, body_size) != 0))
        verdict = WRONG;
    free(body);
    return verdict;
}

static void note(struct counterpart *self, enum verdict verdict)
{
    self->saw.whole += verdict == WHOLE;
    self->saw.cut += verdict == CUT;
    self->saw.wrong += verdict == WRONG;
}

/* ---- What comes ----------------------------------------------------------------------
 */

/* A request that is there to its end is judged and answered, half a one when it ends. */
static bool take_http(struct counterpart *self, struct connection *connection,
                      bool has_ended)
{
    enum verdict verdict;
    bool goes_on = false;

    if (connection->used == 0)
        return !has_ended;
    pthread_mutex_lock(&self->mutex);
    verdict = judge_http(self, connection->got, connection->used);
    if (verdict != CUT || has_ended)
        note(self, verdict);
    else
        goes_on = true;
    if (verdict != CUT)
        say(connection, self->reply, self->reply_size);
    pthread_mutex_unlock(&self->mutex);
    return goes_on;
}

static void obey(struct counterpart *self, struct connection *connection,
                 const char *line)
{
    static const char *const usual[][2] = {{"USER", "331 Password, please\r\n"},
                                           {"PASS", "230 Logged in\r\n"},
                                           {"TYPE", "200 All right\r\n"},
                                           {"PWD", "257 \"/\"\r\n"},
                                           {"CWD", "250 There\r\n"},
                                           {"STOR", "150 Go on\r\n"},
                                           {"QUIT", "221 Bye\r\n"}};
    const char *reply = "502 Not here\r\n";
    char text[80];
    unsigned port;

    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strncmp(line, usual[i][0], strlen(usual[i][0])) == 0)
            reply = usual[i][1];
    if (strncmp(line, "STOR", 4) == 0)
        connection->stores = true;
    if (strncmp(line, "EPSV", 4) == 0) {
        add(self, FTP_DOOR, peer_listen(&port, 1), connection);
        snprintf(text, sizeof(text), "229 Entering (|||%u|)\r\n", port);
        reply = text;
    } else if (strncmp(line, "PASV", 4) == 0) {
        add(self, FTP_DOOR, peer_listen(&port, 1), connection);
        snprintf(text, sizeof(text), "227 Entering (127,0,0,1,%u,%u)\r\n", port >> 8,
                 port & 255);
        reply = text;
    }
    say(connection, reply, strlen(reply));
}

static bool take_ftp(struct counterpart *self, struct connection *connection,
                     bool has_ended)
{
    char *line_end;

    while ((line_end = strstr(connection->got, "\r\n")) != NULL) {
        size_t length = (size_t)(line_end + 2 - connection->got);

        *line_end = '\0';
        obey(self, connection, connection->got);
        connection->used -= length;
        memmove(connection->got, connection->got + length, connection->used + 1);
    }
    return !has_ended;
}

static bool take_data(struct counterpart *self, struct connection *connection,
                      bool has_ended, bool was_reset)
{
    static const char done[] = "226 Transfer complete\r\n";

    if (!has_ended)
        return true;
    if (!connection->control->stores)
        return false;
    pthread_mutex_lock(&self->mutex);
    note(self, was_reset ? CUT
               : connection->used == self->document_size &&
                       memcmp(connection->got, self->document, connection->used) == 0
                   ? WHOLE
                   : WRONG);
    pthread_mutex_unlock(&self->mutex);
    connection->control->stores = false;
    if (!was_reset)
        say(connection->control, done, sizeof(done) - 1);
    return false;
}

static void receive(struct counterpart *self, struct connection *connection)
{
    bool goes_on;
    ssize_t n;

    if (connection->kind == FTP_DOOR) {
        if (add(self, FTP_DATA, accept(connection->fd, NULL, NULL),
                connection->control) != NULL)
            count(self, 1);
        end(self, connection);
        return;
    }
    if (connection->size - connection->used < 65537) {
        connection->size = 2 * connection->size + 65537;
        connection->got = realloc(connection->got, connection->size);
        if (connection->got == NULL)
            worker_hangs("counterpart: memory");
    }
    n = recv(connection->fd, connection->got + connection->used, 65536, 0);
    connection->used += n > 0 ? (size_t)n : 0;
    connection->got[connection->used] = '\0';
    goes_on = connection->kind == HTTP  ? take_http(self, connection, n <= 0)
              : connection->kind == FTP ? take_ftp(self, connection, n <= 0)
                                        : take_data(self, connection, n <= 0, n < 0);
    if (!goes_on)
        end(self, connection);
}

static void welcome(struct counterpart *self, enum kind kind, int listener)
{
    static const char banner[] = "220 Ready\r\n";
    struct connection *connection = add(self, kind, accept(listener, NULL, NULL), NULL);

    if (connection == NULL)
        return;
    count(self, 1);
    if (kind == FTP)
        say(connection, banner, sizeof(banner) - 1);
}

static void *run(void *argument)
{
    struct counterpart *self = argument;

    for (;;) {
        struct pollfd items[MOST + 3] = {
            {self->http, POLLIN, 0}, {self->ftp, POLLIN, 0}, {self->stop[0], POLLIN, 0}};

        for (size_t i = 0; i < MOST; i++)
            items[i + 3] = (struct pollfd){
                self->connections[i].kind == NONE ? -1 : self->connections[i].fd, POLLIN,
                0};
        if (poll(items, MOST + 3, -1) <= 0)
            continue;
        if (items[2].revents != 0)
            return NULL;
        /* What is connected before what connects: no entry changes its meaning. */
        for (size_t i = 0; i < MOST; i++)
            if (items[i + 3].revents != 0 && self->connections[i].kind != NONE &&
                self->connections[i].fd == items[i + 3].fd)
                receive(self, &self->connections[i]);
        if (items[0].revents != 0)
            welcome(self, HTTP, self->http);
        if (items[1].revents != 0)
            welcome(self, FTP, self->ftp);
    }
}

struct counterpart *counterpart_start(void)
{
    struct counterpart *self = calloc(1, sizeof(*self));
    unsigned http, ftp;

    if (self == NULL || pipe(self->stop) != 0)
        worker_hangs("counterpart_start");
    self->http = peer_listen(&http, 64);
    self->ftp = peer_listen(&ftp, 64);
    self->http_port = (uint16_t)http;
    self->ftp_port = (uint16_t)ftp;
    pthread_mutex_init(&self->mutex, NULL);
    if (pthread_create(&self->thread, NULL, run, self) != 0)
        worker_hangs("counterpart_start");
    return self;
}

uint16_t counterpart_http_port(const struct counterpart *self)
{
    return self->http_port;
}

uint16_t counterpart_ftp_port(const struct counterpart *self)
{
    return self->ftp_port;
}

void counterpart_expect(struct counterpart *self, const char *document, size_t size,
                        size_t parts, const char *reply, size_t reply_size)
{
    pthread_mutex_lock(&self->mutex);
    self->document = document;
    self->document_size = size;
    self->parts = parts;
    self->reply = reply;
    self->reply_size = reply_size;
    self->saw = (struct counterpart_saw){0};
    pthread_mutex_unlock(&self->mutex);
}

void counterpart_forget(struct counterpart *self)
{
    pthread_mutex_lock(&self->mutex);
    self->saw = (struct counterpart_saw){0};
    pthread_mutex_unlock(&self->mutex);
}

/* A connection may still wait to be accepted. */
static bool is_idle(struct counterpart *self)
{
    struct pollfd items[] = {{self->http, POLLIN, 0}, {self->ftp, POLLIN, 0}};
    bool idle;

    if (poll(items, 2, 0) != 0)
        return false;
    pthread_mutex_lock(&self->mutex);
    idle = self->open == 0;
    pthread_mutex_unlock(&self->mutex);
    return idle && poll(items, 2, 0) == 0;
}

struct counterpart_saw counterpart_saw(struct counterpart *self)
{
    struct counterpart_saw saw;

    WORKER_AWAIT(is_idle(self));
    pthread_mutex_lock(&self->mutex);
    saw = self->saw;
    pthread_mutex_unlock(&self->mutex);
    return saw;
}

void counterpart_stop(struct counterpart *self)
{
    if (write(self->stop[1], "", 1) != 1)
        worker_hangs("counterpart_stop");
    pthread_join(self->thread, NULL);
    for (size_t i = 0; i < MOST; i++)
        if (self->connections[i].kind != NONE)
            end(self, &self->connections[i]);
    close(self->http);
    close(self->ftp);
    close(self->stop[0]);
    close(self->stop[1]);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}
