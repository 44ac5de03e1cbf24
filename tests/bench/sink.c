/*
 * sink -- the other end of the senders and of who reads a reply: an HTTP server with one
 * thread, as fast as is simple.
 *
 *   POST /count      takes any body, counts it, and answers with an empty 200
 *   POST /hash       hashes it, too
 *   POST /reply/N    answers with a SOAP message that has an attachment of N octets
 *   GET  /totals     what came since the last GET, as JSON
 *
 * Prints "READY PORT", and ends with its standard input; with a certificate and its key
 * it prints a second port, for TLS.
 * Usage: sink [CERTIFICATE KEY] */
#include <errno.h>
#include <fcntl.h>
#include <gnutls/gnutls.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "http_reader.h"
#include "os/poller.h"
#include "package.h"

struct connection {
    int fd;
    gnutls_session_t tls; /* NULL: none */
    struct http_reader reader;
    double last; /* when bytes came, within a request */
};

static struct {
    unsigned requests, connections;
    uint64_t body, octets, hash; /* of all requests; the hashes added up */
    double gap;                  /* the longest time for which a request got no bytes */
} totals;

static gnutls_certificate_credentials_t credentials;
static struct wsd_poller *poller;
static struct connection **connections; /* by descriptor */
static size_t connection_room;

/* ---- Replies ---- */

static ssize_t give(struct connection *connection, const void *bytes, size_t size)
{
    if (connection->tls != NULL)
        return gnutls_record_send(connection->tls, bytes, size);
    return send(connection->fd, bytes, size, MSG_NOSIGNAL);
}

static void give_all(struct connection *connection, const void *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = give(connection, bytes, size);

        if (n <= 0)
            bench_die("sending a reply");
        bytes = (const char *)bytes + n;
        size -= (size_t)n;
    }
}

static void reply_empty(struct connection *connection)
{
    static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

    (void)give(connection, reply, sizeof(reply) - 1);
}

static void reply_totals(struct connection *connection)
{
    char body[512], reply[1024];
    int size = snprintf(body, sizeof(body),
                        "{\"requests\": %u, \"connections\": %u, \"body\": %" PRIu64
                        ", \"octets\": %" PRIu64 ", \"hash\": \"%" PRIx64
                        "\", \"gap_ms\": %.3f}\n",
                        totals.requests, totals.connections, totals.body, totals.octets,
                        totals.hash, totals.gap * 1e3);

    size = snprintf(reply, sizeof(reply),
                    "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                    "Content-Length: %d\r\n\r\n%s",
                    size, body);
    give_all(connection, reply, (size_t)size);
    memset(&totals, 0, sizeof(totals));
}

/* Nobody else is served meanwhile. */
static void reply_document(struct connection *connection, uint64_t size)
{
    struct package package = {
        .first = "HTTP/1.1 200 OK\r\n", .size = size, .block = 65536};

    fcntl(connection->fd, F_SETFL, 0);
    package_send(&package, connection->fd);
    fcntl(connection->fd, F_SETFL, O_NONBLOCK);
}

static void end_request(struct connection *connection)
{
    const struct http_reader *reader = &connection->reader;

    if (strncmp(reader->first, "GET /totals", 11) == 0) {
        reply_totals(connection);
        return;
    }
    if (strncmp(reader->first, "POST /warm", 10) == 0) {
        reply_empty(connection);
        return;
    }
    totals.requests++;
    totals.body += reader->body;
    totals.octets += reader->hash.octets;
    totals.hash += reader->hash.value;
    if (strncmp(reader->first, "POST /reply/", 12) == 0)
        reply_document(connection, strtoull(reader->first + 12, NULL, 10));
    else
        reply_empty(connection);
}

/* ---- Connections ---- */

static void take(struct connection *connection, const uint8_t *bytes, size_t size)
{
    struct http_reader *reader = &connection->reader;
    double now = bench_now();

    if (reader->state != HTTP_FIRST_LINE && now - connection->last > totals.gap)
        totals.gap = now - connection->last;
    connection->last = now;
    while (size > 0) {
        size_t taken = http_reader_take(reader, bytes, size);

        bytes += taken;
        size -= taken;
        reader->hashing = strncmp(reader->first, "POST /hash", 10) == 0;
        if (reader->state == HTTP_DONE) {
            end_request(connection);
            http_reader_begin(reader, false);
        }
    }
}

static void close_connection(struct connection *connection)
{
    wsd_poller_watch(poller, connection->fd, 0);
    connections[connection->fd] = NULL;
    if (connection->tls != NULL)
        gnutls_deinit(connection->tls);
    close(connection->fd);
    free(connection);
}

static void serve_connection(struct connection *connection)
{
    static uint8_t bytes[262144];
    ssize_t n;

    if (connection->tls == NULL) {
        n = recv(connection->fd, bytes, sizeof(bytes), 0);
        if (n > 0)
            take(connection, bytes, (size_t)n);
        else if (n == 0 || errno != EAGAIN)
            close_connection(connection);
        return;
    }
    /* GnuTLS keeps a record that it has read: the descriptor tells of it no more. */
    while ((n = gnutls_record_recv(connection->tls, bytes, sizeof(bytes))) > 0)
        take(connection, bytes, (size_t)n);
    if (n == 0 || gnutls_error_is_fatal((int)n))
        close_connection(connection);
}

static void accept_connection(int listener, bool tls)
{
    int fd = accept(listener, NULL, NULL), one = 1;
    struct connection *connection = calloc(1, sizeof(*connection));

    if (fd < 0 || connection == NULL)
        bench_die("accept");
    connection->fd = fd;
    http_reader_begin(&connection->reader, false);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    if (tls) {
        gnutls_init(&connection->tls, GNUTLS_SERVER | GNUTLS_AUTO_REAUTH);
        gnutls_set_default_priority(connection->tls);
        gnutls_credentials_set(connection->tls, GNUTLS_CRD_CERTIFICATE, credentials);
        gnutls_transport_set_int(connection->tls, fd);
        if (gnutls_handshake(connection->tls) != GNUTLS_E_SUCCESS)
            bench_die("TLS");
    }
    fcntl(fd, F_SETFL, O_NONBLOCK);
    if ((size_t)fd >= connection_room) {
        size_t room = 2 * (size_t)fd + 64;

        connections = realloc(connections, room * sizeof(struct connection *));
        if (connections == NULL)
            bench_die("memory");
        connection_room = room;
    }
    connections[fd] = connection;
    totals.connections++;
    if (wsd_poller_watch(poller, fd, WSD_POLLER_IN) != S_OK)
        bench_die("watching");
}

static int listen_anywhere(unsigned *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    /* Where Linux would begin.  If it may grow, it depends on chance whether it grows
     * beyond the processor's cache, and with it the rate by a factor of four.  The same
     * with the buffer from which a reply is sent. */
    const int room = 131072, sent = 2 * room;

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof(room)) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &sent, sizeof(sent)) != 0 ||
        bind(fd, (struct sockaddr *)&address, length) != 0 || listen(fd, 4096) != 0 ||
        getsockname(fd, (struct sockaddr *)&address, &length) != 0 ||
        wsd_poller_watch(poller, fd, WSD_POLLER_IN) != S_OK)
        bench_die("listening");
    *port = ntohs(address.sin_port);
    return fd;
}

static void load_certificate(const char *certificate, const char *key)
{
    if (gnutls_certificate_allocate_credentials(&credentials) != GNUTLS_E_SUCCESS ||
        gnutls_certificate_set_x509_key_file(credentials, certificate, key,
                                             GNUTLS_X509_FMT_PEM) != GNUTLS_E_SUCCESS)
        bench_die("the certificate");
}

int main(int argc, char **argv)
{
    int listener, tls_listener = -1;
    unsigned port;

    signal(SIGPIPE, SIG_IGN);
    bench_raise_descriptors();
    if (wsd_poller_create(wsd_mem_heap(), &poller) != S_OK ||
        wsd_poller_watch(poller, STDIN_FILENO, WSD_POLLER_IN) != S_OK)
        bench_die("the poller");
    listener = listen_anywhere(&port);
    printf("READY %u", port);
    if (argc == 3) {
        load_certificate(argv[1], argv[2]);
        tls_listener = listen_anywhere(&port);
        printf(" %u", port);
    }
    printf("\n");
    fflush(stdout);
    for (;;) {
        struct wsd_poller_event events[64];
        size_t count = wsd_poller_wait(poller, events, 64, -1);

        for (size_t i = 0; i < count; i++) {
            int fd = events[i].fd;

            if (fd == STDIN_FILENO)
                return EXIT_SUCCESS;
            if (fd == listener || fd == tls_listener)
                accept_connection(fd, fd == tls_listener);
            else if (connections[fd] != NULL)
                serve_connection(connections[fd]);
        }
    }
}
