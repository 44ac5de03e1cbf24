#include "support/http_client.h"

#include <stdio.h>

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "support/peer.h"

static struct sockaddr_in address_of(const char *ipv4, uint16_t port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};

    assert_int_equal(inet_pton(AF_INET, ipv4, &address.sin_addr), 1);
    return address;
}

static void open_socket(struct http_client *client, int family)
{
    static const struct timeval patience = {PEER_PATIENCE_MS / 1000, 0};

    *client = (struct http_client){.fd = socket(family, SOCK_STREAM, 0)};
    assert_true(client->fd >= 0);
    assert_int_equal(
        setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)), 0);
}

static bool try_connect(struct http_client *client, const struct sockaddr *to,
                        socklen_t size)
{
    if (connect(client->fd, to, size) == 0)
        return true;
    assert_true(errno == ECONNREFUSED || errno == ECONNRESET);
    http_close(client);
    return false;
}

void http_open(struct http_client *client, uint16_t port)
{
    http_open_from(client, "127.0.0.1", port);
}

void http_open_from(struct http_client *client, const char *own, uint16_t port)
{
    struct sockaddr_in from = address_of(own, 0), to = address_of("127.0.0.1", port);

    open_socket(client, AF_INET);
    assert_int_equal(bind(client->fd, (struct sockaddr *)&from, sizeof(from)), 0);
    assert_true(try_connect(client, (struct sockaddr *)&to, sizeof(to)));
}

bool http_try_open(struct http_client *client, const char *address, uint16_t port)
{
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    struct sockaddr_in to;

    if (inet_pton(AF_INET6, address, &to6.sin6_addr) == 1) {
        open_socket(client, AF_INET6);
        return try_connect(client, (struct sockaddr *)&to6, sizeof(to6));
    }
    to = address_of(address, port);
    open_socket(client, AF_INET);
    return try_connect(client, (struct sockaddr *)&to, sizeof(to));
}

bool http_try_send(struct http_client *client, const void *bytes, size_t size)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t n = send(client->fd, at, size, MSG_NOSIGNAL);

        if (n < 0) {
            assert_true(errno == EPIPE || errno == ECONNRESET);
            return false;
        }
        at += n;
        size -= (size_t)n;
    }
    return true;
}

void http_send(struct http_client *client, const void *bytes, size_t size)
{
    assert_true(http_try_send(client, bytes, size));
}

void http_say(struct http_client *client, const char *text)
{
    http_send(client, text, strlen(text));
}

void http_post_head(struct http_client *client, const char *path, const char *fields,
                    size_t size)
{
    char head[1000];

    assert_in_range(snprintf(head, sizeof(head),
                             "POST %s HTTP/1.1\r\nHost: device\r\n%s"
                             "Content-Length: %zu\r\n\r\n",
                             path, fields, size),
                    1, sizeof(head) - 1);
    http_say(client, head);
}

void http_post(struct http_client *client, const char *path, const char *fields,
               const void *body, size_t size)
{
    http_post_head(client, path, fields, size);
    (void)http_try_send(client, body, size);
}

void http_end_sending(struct http_client *client)
{
    assert_int_equal(shutdown(client->fd, SHUT_WR), 0);
}

/* Once; false at the end of the connection. */
static bool take(struct http_client *client)
{
    struct pollfd item = {client->fd, POLLIN, 0};
    static char buffer[65536];
    ssize_t n;

    assert_int_equal(poll(&item, 1, PEER_PATIENCE_MS), 1);
    n = recv(client->fd, buffer, sizeof(buffer), 0);
    assert_true(n >= 0 || errno == ECONNRESET);
    if (n <= 0)
        return false;
    bytes_put(&client->received, buffer, (size_t)n);
    client->received.at[client->received.size] = '\0';
    return true;
}

void http_await(struct http_client *client, size_t size)
{
    size_t goal = client->received.size + size;

    while (client->received.size < goal && take(client)) {
    }
}

static const char *next_reply(const struct http_client *client)
{
    return client->received.at == NULL ? "" : client->received.at + client->taken;
}

/* Where the chunk behind the one at `at` begins; 0 while its line is not there. */
static size_t next_chunk(const struct http_client *client, size_t at, bool *last)
{
    const char *line = client->received.at + at;
    const char *line_end = memchr(line, '\n', client->received.size - at);
    size_t chunk;

    if (line_end == NULL)
        return 0;
    chunk = strtoul(line, NULL, 16);
    *last = chunk == 0;
    return (size_t)(line_end + 1 - client->received.at) + chunk + 2;
}

/* Where the reply ends that begins at client->taken; or the end of what came. */
static size_t find_end(struct http_client *client)
{
    const char *head, *head_end, *length;
    bool last = false;
    size_t at;

    while ((head_end = strstr(next_reply(client), "\r\n\r\n")) == NULL)
        if (!take(client))
            return client->received.size;
    head = next_reply(client);
    at = (size_t)(head_end + 4 - client->received.at);
    if (strncmp(head, "HTTP/1.1 1", 10) == 0)
        return at;
    length = strstr(head, "\r\nContent-Length: ");
    if (length != NULL && length < head_end) {
        at += strtoul(length + 18, NULL, 10);
        while (client->received.size < at && take(client)) {
        }
        return at < client->received.size ? at : client->received.size;
    }
    if (strstr(head, "\r\nTransfer-Encoding: chunked\r\n") == NULL) {
        while (take(client)) {
        }
        return client->received.size;
    }
    while (!last || client->received.size < at) {
        size_t next = client->received.size < at ? 0 : next_chunk(client, at, &last);

        if (next != 0)
            at = next;
        else if (!take(client))
            return client->received.size;
    }
    return at;
}

void http_receive(struct http_client *client, struct recorded *reply)
{
    size_t end = find_end(client);

    recorded_read(reply, next_reply(client), end - client->taken);
    client->taken = end;
}

int http_status(const struct recorded *reply)
{
    assert_int_equal(strncmp(reply->head, "HTTP/1.", 7), 0);
    assert_int_equal(reply->head[8], ' ');
    return (int)strtol(reply->head + 9, NULL, 10);
}

bool http_has_ended(struct http_client *client)
{
    while (client->received.size == client->taken)
        if (!take(client))
            return true;
    return false;
}

bool http_is_silent(const struct http_client *client, int milliseconds)
{
    struct pollfd item = {client->fd, POLLIN, 0};

    return client->received.size == client->taken && poll(&item, 1, milliseconds) == 0;
}

void http_close(struct http_client *client)
{
    close(client->fd);
    bytes_free(&client->received);
}

void http_reset(struct http_client *client)
{
    struct linger at_once = {1, 0};

    assert_int_equal(
        setsockopt(client->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)), 0);
    http_close(client);
}
