#include "support/ftp_peer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <arpa/inet.h>
#include <cmocka.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "support/stream_hash.h"

struct text {
    char *bytes; /* NUL behind them */
    size_t size;
};

struct ftp_peer {
    const struct ftp_rule *rules;
    size_t rule_count;
    bool *used;
    const char *download;
    uint16_t port;
    int listener;
    int stop[2]; /* a pipe: readable from ftp_peer_finish() on */
    int control;
    int data_listener;          /* after PASV or EPSV; or -1 */
    struct sockaddr_in data_at; /* after PORT or EPRT, if data_listener is -1 */
    struct text data;
    uint64_t count, hash;
    pthread_t thread;
    bool joined;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    unsigned passes; /* ftp_peer_go() calls not yet used */
    struct text dialogue;
    char failure[128];
};

/* ---- Small things ------------------------------------------------------------------ */

static void append(struct text *text, const void *bytes, size_t size)
{
    text->bytes = realloc(text->bytes, text->size + size + 1);
    if (text->bytes == NULL)
        abort();
    memcpy(text->bytes + text->size, bytes, size);
    text->size += size;
    text->bytes[text->size] = '\0';
}

static void note(struct ftp_peer *peer, const char *line)
{
    pthread_mutex_lock(&peer->mutex);
    append(&peer->dialogue, line, strlen(line));
    append(&peer->dialogue, "\n", 1);
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->mutex);
}

static void give_up(struct ftp_peer *peer, const char *why, const char *what)
{
    pthread_mutex_lock(&peer->mutex);
    if (peer->failure[0] == '\0')
        snprintf(peer->failure, sizeof(peer->failure), "ftp_peer: %s: %.80s", why, what);
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->mutex);
}

/* Waits until `holds` does, which looks at `argument` inside the lock. */
static bool await(struct ftp_peer *peer, bool (*holds)(struct ftp_peer *, const char *),
                  const char *argument)
{
    struct timespec until;
    bool there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += PEER_PATIENCE_MS / 1000;
    pthread_mutex_lock(&peer->mutex);
    while (!holds(peer, argument) && peer->failure[0] == '\0')
        if (pthread_cond_timedwait(&peer->changed, &peer->mutex, &until) == ETIMEDOUT)
            break;
    there = holds(peer, argument);
    pthread_mutex_unlock(&peer->mutex);
    return there;
}

static bool may_pass(struct ftp_peer *peer, const char *unused)
{
    (void)unused;
    return peer->passes > 0;
}

static bool was_said(struct ftp_peer *peer, const char *text)
{
    return peer->dialogue.bytes != NULL && strstr(peer->dialogue.bytes, text) != NULL;
}

static void hold(struct ftp_peer *peer)
{
    if (!await(peer, may_pass, NULL)) {
        give_up(peer, "nobody let it go on", "hold");
        return;
    }
    pthread_mutex_lock(&peer->mutex);
    peer->passes--;
    pthread_mutex_unlock(&peer->mutex);
}

static const struct ftp_rule *rule_for(struct ftp_peer *peer, const char *at)
{
    static const struct ftp_rule none = {.at = NULL};

    for (size_t i = 0; i < peer->rule_count; i++)
        if (!peer->used[i] && strcmp(peer->rules[i].at, at) == 0) {
            peer->used[i] = true;
            if (peer->rules[i].what == FTP_HOLD && strcmp(at, FTP_DATA) != 0)
                hold(peer);
            return &peer->rules[i];
        }
    return &none;
}

static void close_with(int fd, bool reset)
{
    struct linger at_once = {1, 0};

    if (reset)
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    if (fd >= 0)
        close(fd);
}

/* ---- The control connection -------------------------------------------------------- */

/* Receives once, with patience; 0 at the end of the connection. */
static size_t receive(struct ftp_peer *peer, int fd, void *bytes, size_t size)
{
    struct pollfd item = {fd, POLLIN, 0};
    ssize_t n = 0;

    if (poll(&item, 1, PEER_PATIENCE_MS) == 1)
        n = recv(fd, bytes, size, 0);
    else
        give_up(peer, "nothing came", fd == peer->control ? "control" : "data");
    if (n < 0 && fd != peer->control)
        note(peer, "(reset)");
    return n > 0 ? (size_t)n : 0;
}

/* A line without its end; false at the end of the connection. */
static bool read_command(struct ftp_peer *peer, char *line, size_t size)
{
    size_t length = 0;

    while (length + 1 < size && receive(peer, peer->control, line + length, 1) == 1) {
        line[++length] = '\0';
        if (line[length - 1] != '\n')
            continue;
        if (length < 2 || line[length - 2] != '\r')
            give_up(peer, "a line that does not end with CRLF", line);
        line[length < 2 ? 0 : length - 2] = '\0';
        return true;
    }
    if (length > 0)
        give_up(peer, "half a line", line);
    return false;
}

/* Replies as the next rule for `at` has it, or with `usual`, and returns the first digit
 * of what was said; 0 if nothing was, and then the control connection is over. */
static int reply(struct ftp_peer *peer, const char *at, const char *usual)
{
    const struct ftp_rule *rule = rule_for(peer, at);
    const char *text = rule->reply != NULL ? rule->reply : usual;
    char rest[256];

    switch (rule->what) {
    case FTP_SILENT:
        while (receive(peer, peer->control, rest, sizeof(rest)) > 0) {
        }
        return 0;
    case FTP_CLOSE:
    case FTP_RESET:
        close_with(peer->control, rule->what == FTP_RESET);
        peer->control = -1;
        return 0;
    default:
        /* The client may have gone without waiting for it. */
        send(peer->control, text, strlen(text), MSG_NOSIGNAL);
        return text[0] - '0';
    }
}

/* ---- The data connection ----------------------------------------------------------- */

static void forget_data_address(struct ftp_peer *peer)
{
    if (peer->data_listener >= 0)
        close(peer->data_listener);
    peer->data_listener = -1;
    peer->data_at.sin_port = 0;
}

static int reply_passive(struct ftp_peer *peer, const char *verb)
{
    unsigned port;
    char text[64];

    forget_data_address(peer);
    peer->data_listener = peer_listen(&port, 1);
    if (strcmp(verb, "EPSV") == 0)
        snprintf(text, sizeof(text), "229 Entering (|||%u|)\r\n", port);
    else
        snprintf(text, sizeof(text), "227 Entering (127,0,0,1,%u,%u)\r\n", port >> 8,
                 port & 255);
    return reply(peer, verb, text);
}

static int reply_active(struct ftp_peer *peer, const char *verb, const char *argument)
{
    unsigned high, low, port = 0;

    forget_data_address(peer);
    if (sscanf(argument, "127,0,0,1,%u,%u", &high, &low) == 2)
        port = high << 8 | low;
    else if (sscanf(argument, "|1|127.0.0.1|%u|", &port) != 1)
        give_up(peer, "no address", argument);
    peer->data_at.sin_family = AF_INET;
    peer->data_at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->data_at.sin_port = htons((uint16_t)port);
    return reply(peer, verb, "200 All right\r\n");
}

/* The data connection, or -1. */
static int open_data(struct ftp_peer *peer)
{
    struct pollfd item = {peer->data_listener, POLLIN, 0};
    const struct sockaddr *address = (const struct sockaddr *)&peer->data_at;
    int data = -1;

    if (peer->data_listener >= 0) {
        if (poll(&item, 1, PEER_PATIENCE_MS) == 1)
            data = accept(peer->data_listener, NULL, NULL);
    } else if (peer->data_at.sin_port != 0) {
        data = socket(AF_INET, SOCK_STREAM, 0);
        if (connect(data, address, sizeof(peer->data_at)) != 0) {
            close(data);
            data = -1;
        }
    }
    forget_data_address(peer);
    return data;
}

/* Takes an upload to its end, or as far as the rule lets it; was it to its end? */
static bool take(struct ftp_peer *peer, int data, const struct ftp_rule *rule)
{
    bool is_cut = rule->what == FTP_CLOSE || rule->what == FTP_RESET;
    bool has_limit = is_cut || rule->what == FTP_HOLD;
    char block[65536];
    size_t left = rule->size;

    for (;;) {
        size_t n;

        if (has_limit && left == 0) {
            if (is_cut)
                return false;
            note(peer, "(held)");
            hold(peer);
            has_limit = false;
        }
        n = receive(peer, data, block,
                    has_limit && left < sizeof(block) ? left : sizeof(block));
        if (n == 0)
            return !is_cut && !was_said(peer, "(reset)");
        left -= has_limit ? n : 0;
        peer->count += n;
        peer->hash = stream_hash(peer->hash, block, n);
        if (rule->what != FTP_HASH)
            append(&peer->data, block, n);
    }
}

static bool send_all(int data, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(data, bytes, size, MSG_NOSIGNAL);

        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

static bool give(struct ftp_peer *peer, int data, const struct ftp_rule *rule)
{
    const char *text = peer->download != NULL ? peer->download : "";
    bool is_cut = rule->what == FTP_CLOSE || rule->what == FTP_RESET;

    if (is_cut || rule->what == FTP_HOLD) {
        if (!send_all(data, text, rule->size) || is_cut)
            return false;
        text += rule->size;
        hold(peer);
    }
    return send_all(data, text, strlen(text));
}

/* What stands behind STOR or RETR; false when the control connection is over. */
static bool transfer(struct ftp_peer *peer, const char *verb)
{
    const struct ftp_rule *rule;
    int data, said = reply(peer, verb, "150 Go on\r\n");
    bool whole;

    if (said != 1) {
        forget_data_address(peer);
        return said != 0;
    }
    data = open_data(peer);
    if (data < 0)
        return reply(peer, FTP_FINAL, "425 No data connection\r\n") != 0;
    rule = rule_for(peer, FTP_DATA);
    whole = strcmp(verb, "RETR") == 0 ? give(peer, data, rule) : take(peer, data, rule);
    close_with(data, rule->what == FTP_RESET);
    return reply(peer, FTP_FINAL,
                 whole ? "226 Transfer complete\r\n" : "426 Transfer aborted\r\n") != 0;
}

/* ---- The server -------------------------------------------------------------------- */

/* Does one command; false when the control connection is over. */
static bool obey(struct ftp_peer *peer, const char *verb, const char *argument)
{
    static const struct {
        const char *verb, *reply;
    } usual[] = {{"USER", "331 Password, please\r\n"},
                 {"PASS", "230 Logged in\r\n"},
                 {"TYPE", "200 All right\r\n"},
                 {"PWD", "257 \"/\"\r\n"},
                 {"CWD", "250 There\r\n"},
                 {"NOOP", "200 All right\r\n"}};

    if (strcmp(verb, "PASV") == 0 || strcmp(verb, "EPSV") == 0)
        return reply_passive(peer, verb) != 0;
    if (strcmp(verb, "PORT") == 0 || strcmp(verb, "EPRT") == 0)
        return reply_active(peer, verb, argument) != 0;
    if (strcmp(verb, "STOR") == 0 || strcmp(verb, "RETR") == 0)
        return transfer(peer, verb);
    if (strcmp(verb, "QUIT") == 0)
        return reply(peer, verb, "221 Bye\r\n") == 0;
    for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
        if (strcmp(verb, usual[i].verb) == 0)
            return reply(peer, verb, usual[i].reply) != 0;
    return reply(peer, verb, "502 Not here\r\n") != 0;
}

static void serve(struct ftp_peer *peer)
{
    char line[1024];
    bool goes_on = reply(peer, FTP_BANNER, "220 Ready\r\n") != 0;

    while (goes_on && read_command(peer, line, sizeof(line))) {
        char *argument = strchr(line, ' ');
        char verb[16];

        snprintf(verb, sizeof(verb), "%.*s", (int)strcspn(line, " "), line);
        argument = argument == NULL ? line + strlen(line) : argument + 1;
        note(peer, strcmp(verb, "PORT") == 0 || strcmp(verb, "EPRT") == 0 ? verb : line);
        goes_on = obey(peer, verb, argument);
    }
    forget_data_address(peer);
    if (peer->control >= 0)
        close(peer->control);
    peer->control = -1;
}

static void *run(void *argument)
{
    struct ftp_peer *peer = argument;

    for (;;) {
        struct pollfd items[] = {{peer->listener, POLLIN, 0}, {peer->stop[0], POLLIN, 0}};

        poll(items, 2, -1);
        if (items[0].revents == 0)
            return NULL;
        peer->control = accept(peer->listener, NULL, NULL);
        note(peer, "(connected)");
        serve(peer);
    }
}

struct ftp_peer *ftp_peer_start(const struct ftp_rule *rules, size_t count,
                                const char *download)
{
    struct ftp_peer *peer = calloc(1, sizeof(*peer));
    unsigned port;

    assert_non_null(peer);
    peer->rules = rules;
    peer->rule_count = count;
    peer->used = calloc(count + 1, sizeof(*peer->used));
    assert_non_null(peer->used);
    peer->download = download;
    peer->control = peer->data_listener = -1;
    peer->hash = STREAM_HASH_INIT;
    peer->listener = peer_listen(&port, 64);
    peer->port = (uint16_t)port;
    append(&peer->data, "", 0);
    append(&peer->dialogue, "", 0);
    assert_int_equal(pipe(peer->stop), 0);
    pthread_mutex_init(&peer->mutex, NULL);
    pthread_cond_init(&peer->changed, NULL);
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
    return peer;
}

uint16_t ftp_peer_port(const struct ftp_peer *peer)
{
    return peer->port;
}

void ftp_peer_go(struct ftp_peer *peer)
{
    pthread_mutex_lock(&peer->mutex);
    peer->passes++;
    pthread_cond_broadcast(&peer->changed);
    pthread_mutex_unlock(&peer->mutex);
}

void ftp_peer_await(struct ftp_peer *peer, const char *text)
{
    if (!await(peer, was_said, text))
        fail_msg("the dialogue has no %s", text);
}

void ftp_peer_finish(struct ftp_peer *peer)
{
    if (!peer->joined) {
        assert_int_equal(write(peer->stop[1], "", 1), 1);
        pthread_join(peer->thread, NULL);
    }
    peer->joined = true;
    if (peer->failure[0] != '\0')
        fail_msg("%s", peer->failure);
}

const char *ftp_peer_dialogue(const struct ftp_peer *peer)
{
    return peer->dialogue.bytes;
}

const char *ftp_peer_data(const struct ftp_peer *peer, size_t *size)
{
    *size = peer->data.size;
    return peer->data.bytes;
}

uint64_t ftp_peer_count(const struct ftp_peer *peer, uint64_t *hash)
{
    *hash = peer->hash;
    return peer->count;
}

void ftp_peer_stop(struct ftp_peer *peer)
{
    ftp_peer_finish(peer);
    close(peer->stop[0]);
    close(peer->stop[1]);
    close(peer->listener);
    pthread_cond_destroy(&peer->changed);
    pthread_mutex_destroy(&peer->mutex);
    free(peer->dialogue.bytes);
    free(peer->data.bytes);
    free(peer->used);
    free(peer);
}
