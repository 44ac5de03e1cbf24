#include "receiver_http.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define MAX_LINE 8192
#define MAX_LINES 64
#define HANG_UP_SECONDS 5

void receiver_die(const char *what, const char *name)
{
    fprintf(stderr, "stand-in device: %s %s: %s\n", what, name, strerror(errno));
    exit(3);
}

static bool fail(struct http_connection *connection, enum http_trouble trouble,
                 const char *reason)
{
    if (connection->trouble == HTTP_FINE) {
        connection->trouble = trouble;
        snprintf(connection->reason, sizeof(connection->reason), "%s", reason);
    }
    return false;
}

bool http_bad(struct http_connection *connection, const char *reason)
{
    return fail(connection, HTTP_BAD, reason);
}

static void write_record(const struct http_connection *connection, size_t from)
{
    const unsigned char *bytes = connection->bytes;

    while (connection->record != -1 && from < connection->tail) {
        ssize_t n = write(connection->record, bytes + from, connection->tail - from);

        if (n <= 0)
            receiver_die("cannot write", "the record");
        from += (size_t)n;
    }
}

void http_record(struct http_connection *connection, int record)
{
    connection->record = record;
    write_record(connection, connection->head);
}

/* Receives into the empty buffer. */
static bool refill(struct http_connection *connection)
{
    ssize_t n;

    if (connection->trouble != HTTP_FINE)
        return false;
    do
        n = recv(connection->fd, connection->bytes, sizeof(connection->bytes), 0);
    while (n < 0 && errno == EINTR);
    if (n == 0)
        return fail(connection, HTTP_TRUNCATED, "the connection was closed");
    if (n < 0)
        return fail(connection, HTTP_TRUNCATED,
                    errno == EAGAIN ? "nothing came for 30 s" : strerror(errno));
    connection->head = 0;
    connection->tail = (size_t)n;
    write_record(connection, 0);
    return true;
}

/* The next octet, or -1. */
static int next_octet(struct http_connection *connection)
{
    if (connection->head == connection->tail && !refill(connection))
        return -1;
    return connection->bytes[connection->head++];
}

/* Reads a line of visible ASCII that ends with CRLF. */
static bool read_line(struct http_connection *connection, char *line, size_t size)
{
    for (size_t length = 0;; length++) {
        int octet = next_octet(connection);

        if (octet == -1)
            return false;
        if (octet == '\r') {
            line[length] = '\0';
            octet = next_octet(connection);
            return octet == '\n' || http_bad(connection, "a CR without LF");
        }
        if (octet < ' ' || octet > '~')
            return http_bad(connection, "an octet that no header line may have");
        if (length + 1 == size)
            return http_bad(connection, "a header line is too long");
        line[length] = (char)octet;
    }
}

static bool read_request_line(struct http_connection *connection)
{
    char line[MAX_LINE];
    const char *target_end;

    if (!read_line(connection, line, sizeof(line)))
        return false;
    if (strncmp(line, "POST /", 6) != 0)
        return http_bad(connection, "the request line is not POST /...");
    target_end = strchr(line + 6, ' ');
    if (target_end == NULL || strcmp(target_end, " HTTP/1.1") != 0)
        return http_bad(connection, "the request line does not end with HTTP/1.1");
    return true;
}

static bool keep_header(struct http_connection *connection, struct http_request *request,
                        const char *name, const char *value)
{
    const struct {
        const char *name;
        char *field;
        size_t size;
    } kept[] = {
        {"Host", request->host, sizeof(request->host)},
        {"Content-Type", request->content_type, sizeof(request->content_type)},
        {"Content-Length", request->content_length, sizeof(request->content_length)},
        {"Transfer-Encoding", request->transfer_encoding,
         sizeof(request->transfer_encoding)},
        {"MIME-Version", request->mime_version, sizeof(request->mime_version)},
    };

    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        if (strcasecmp(kept[i].name, name) != 0)
            continue;
        if (kept[i].field[0] != '\0')
            return http_bad(connection, "a header field comes twice");
        if (strlen(value) >= kept[i].size)
            return http_bad(connection, "a header field is too long");
        strcpy(kept[i].field, value);
    }
    return true;
}

static bool read_headers(struct http_connection *connection, struct http_request *request)
{
    char line[MAX_LINE];

    for (int count = 0; count < MAX_LINES; count++) {
        size_t name;

        if (!read_line(connection, line, sizeof(line)))
            return false;
        if (line[0] == '\0')
            return true;
        name =
            strcspn(line, " :"); /* a blank before the colon, or a folded line: refused */
        if (name == 0 || line[name] != ':')
            return http_bad(connection, "a header line without a name");
        line[name] = '\0';
        if (!keep_header(connection, request, line,
                         line + name + 1 + strspn(line + name + 1, " ")))
            return false;
    }
    return http_bad(connection, "too many header lines");
}

static bool parse_number(const char *text, const char *digits, int base, uint64_t *number)
{
    size_t length = strlen(text);

    if (length == 0 || length > 15 || strspn(text, digits) != length)
        return false;
    *number = strtoull(text, NULL, base);
    return true;
}

static bool is_chunked(const struct http_request *request)
{
    return request->transfer_encoding[0] != '\0';
}

bool http_read_head(struct http_connection *connection, struct http_request *request)
{
    memset(request, 0, sizeof(*request));
    request->cut_after = UINT64_MAX;
    if (!read_request_line(connection) || !read_headers(connection, request))
        return false;
    if (request->host[0] == '\0')
        return http_bad(connection, "no Host");
    /* RFC 9112 section 6.1: both is an attempt to smuggle. */
    if (is_chunked(request) == (request->content_length[0] != '\0'))
        return http_bad(connection, "not one of Content-Length and Transfer-Encoding");
    if (is_chunked(request))
        return strcmp(request->transfer_encoding, "chunked") == 0 ||
               http_bad(connection, "a Transfer-Encoding that is not chunked");
    return parse_number(request->content_length, "0123456789", 10, &request->left) ||
           http_bad(connection, "Content-Length is no number");
}

/* Reads a chunk's size line, and all that follows the last one; no extensions and no
 * trailers (RFC 9112 section 7.1). */
static bool read_chunk_head(struct http_connection *connection,
                            struct http_request *request)
{
    char line[64];

    if (!read_line(connection, line, sizeof(line)))
        return false;
    if (!parse_number(line, "0123456789abcdefABCDEF", 16, &request->left))
        return http_bad(connection, "a chunk size that is no hexadecimal number");
    if (request->left > 0)
        return true;
    if (!read_line(connection, line, sizeof(line)))
        return false;
    if (line[0] != '\0')
        return http_bad(connection, "a trailer behind the last chunk");
    request->ended = true;
    return true;
}

static void read_chunk_end(struct http_connection *connection)
{
    if (next_octet(connection) != '\r' || next_octet(connection) != '\n')
        http_bad(connection, "no CRLF behind a chunk");
}

size_t http_read_body(struct http_connection *connection, struct http_request *request,
                      void *buffer, size_t capacity)
{
    size_t n;

    if (request->ended || connection->trouble != HTTP_FINE)
        return 0;
    if (request->received >= request->cut_after) {
        fail(connection, HTTP_CUT, "cut short on purpose");
        return 0;
    }
    if (request->left == 0 && !is_chunked(request))
        request->ended = true;
    else if (request->left == 0 && !read_chunk_head(connection, request))
        return 0;
    if (request->ended)
        return 0;

    if (connection->head == connection->tail && !refill(connection))
        return 0;
    n = connection->tail - connection->head;
    if (n > capacity)
        n = capacity;
    if (n > request->left)
        n = (size_t)request->left;
    memcpy(buffer, connection->bytes + connection->head, n);
    connection->head += n;
    request->left -= n;
    request->received += n;
    if (request->left == 0 && is_chunked(request))
        read_chunk_end(connection);
    return n;
}

static const char *phrase_of(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 413:
        return "Content Too Large";
    default:
        return "Internal Server Error";
    }
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t n = send(fd, bytes, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes += n;
        size -= (size_t)n;
    }
    return true;
}

bool http_answer(struct http_connection *connection, int status, bool last,
                 const char *content_type, const char *body)
{
    char head[512];
    int length = snprintf(head, sizeof(head),
                          "HTTP/1.1 %d %s\r\n"
                          "Server: wsd-receiver\r\n"
                          "Content-Type: %s\r\n"
                          "Content-Length: %zu\r\n%s\r\n",
                          status, phrase_of(status), content_type, strlen(body),
                          last ? "Connection: close\r\n" : "");

    return send_all(connection->fd, head, (size_t)length) &&
           send_all(connection->fd, body, strlen(body));
}

void http_hang_up(struct http_connection *connection)
{
    const struct timeval patience = {1, 0};
    time_t end = time(NULL) + HANG_UP_SECONDS;

    shutdown(connection->fd, SHUT_WR);
    setsockopt(connection->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    while (time(NULL) < end &&
           recv(connection->fd, connection->bytes, sizeof(connection->bytes), 0) > 0)
        continue;
    close(connection->fd);
}

void http_reset(struct http_connection *connection)
{
    const struct linger at_once = {1, 0};

    setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(connection->fd);
}
