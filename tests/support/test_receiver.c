/* The strict reader of wsd-receiver: what it takes, and that it takes nothing else.  A
 * test that looks at the wire through it is worth as much as its strictness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "receiver_http.h"
#include "receiver_multipart.h"

#define HEAD                                                                             \
    "POST / HTTP/1.1\r\nHost: h\r\nMIME-Version: 1.0\r\n"                                \
    "Content-Type: multipart/related; type=\"application/xop+xml\"; start=\"<r@s>\"; "   \
    "start-info=\"application/soap+xml\"; boundary=\"b-1\"\r\n"                          \
    "Transfer-Encoding: chunked\r\n\r\n"
#define ROOT                                                                             \
    "--b-1\r\nContent-Type: application/xop+xml; charset=UTF-8; "                        \
    "type=\"application/soap+xml\"\r\n"                                                  \
    "Content-Transfer-Encoding: binary\r\nContent-ID: <r@s>\r\n\r\n<e/>"
#define PART                                                                             \
    "\r\n--b-1\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: binary\r\n"            \
    "Content-ID: <0@body>\r\n\r\n"
#define CONTENT "one\r\n--b-\r\r\n--b"
#define CLOSE "\r\n--b-1--\r\n"

/* Reads a request as wsd-receiver does, the contents of its parts into `seen`, each with
 * a bar behind it. */
struct reading {
    struct http_connection connection;
    struct http_request request;
    struct multipart multipart;
    char seen[512];
};

static void read_content(struct reading *self)
{
    const unsigned char *span;
    size_t length = strlen(self->seen), n;

    while ((n = multipart_read(&self->multipart, &span)) > 0) {
        assert_true(length + n + 2 < sizeof(self->seen));
        memcpy(self->seen + length, span, n);
        length += n;
    }
    strcpy(self->seen + length, "|");
}

static void read_message(struct reading *self)
{
    struct multipart_part part;

    if (!http_read_head(&self->connection, &self->request) ||
        !multipart_open(&self->multipart, &self->connection, &self->request))
        return;
    read_content(self);
    while (multipart_next(&self->multipart, &part))
        read_content(self);
}

/* Sends `wire` in pieces, the first of `first` octets and the others of `rest`.  Packets
 * keep them apart: each recv() gets one. */
static struct reading *read_in_pieces(const char *wire, size_t first, size_t rest)
{
    struct reading *self = calloc(1, sizeof(*self));
    size_t size = strlen(wire), piece = first;
    int ends[2];
    pid_t writer;

    assert_non_null(self);
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends), 0);
    writer = fork();
    assert_true(writer >= 0);
    if (writer == 0) {
        close(ends[0]);
        for (; size > 0; wire += piece, size -= piece, piece = rest) {
            piece = piece < size ? piece : size;
            if (send(ends[1], wire, piece, MSG_NOSIGNAL) < 0)
                break; /* the reader has had enough */
        }
        _exit(0);
    }
    close(ends[1]);
    self->connection.fd = ends[0];
    self->connection.record = -1;
    read_message(self);
    close(ends[0]);
    waitpid(writer, NULL, 0);
    return self;
}

static void append_chunk(char *wire, const char *bytes, size_t size)
{
    sprintf(wire + strlen(wire), "%zx\r\n%.*s\r\n", size, (int)size, bytes);
}

/* head and body in two chunks, as one text. */
static char *make_wire(const char *head, const char *body)
{
    char *wire = malloc(strlen(head) + strlen(body) + 64);
    size_t half = strlen(body) / 2;

    assert_non_null(wire);
    strcpy(wire, head);
    append_chunk(wire, body, half);
    append_chunk(wire, body + half, strlen(body) - half);
    strcat(wire, "0\r\n\r\n");
    return wire;
}

static void expect_good(const char *wire, size_t first, size_t rest)
{
    struct reading *reading = read_in_pieces(wire, first, rest);

    assert_string_equal(reading->connection.reason, "");
    assert_int_equal(reading->connection.trouble, HTTP_FINE);
    assert_true(reading->multipart.closed);
    assert_true(reading->request.ended);
    assert_string_equal(reading->seen, "<e/>|" CONTENT "||");
    free(reading);
}

static void expect(const char *wire, enum http_trouble trouble, const char *reason)
{
    for (size_t piece = 1; piece < 1000; piece += 998) {
        struct reading *reading = read_in_pieces(wire, piece, piece);

        assert_string_equal(reading->connection.reason, reason);
        assert_int_equal(reading->connection.trouble, trouble);
        assert_false(reading->multipart.closed);
        free(reading);
    }
}

static void receiver__good_message__is_read_however_it_arrives(void **state)
{
    char *wire = make_wire(HEAD, ROOT PART CONTENT PART CLOSE);

    (void)state;
    expect_good(wire, 1, 1);
    for (size_t split = 1; split <= strlen(wire); split++)
        expect_good(wire, split, SIZE_MAX);
    free(wire);
}

/* A copy of text with the first `old` replaced; NULL when it is not there. */
static char *replace(const char *text, const char *old, const char *new)
{
    const char *at = strstr(text, old);
    char *copy;

    if (at == NULL)
        return NULL;
    copy = malloc(strlen(text) + strlen(new) + 1);
    assert_non_null(copy);
    sprintf(copy, "%.*s%s%s", (int)(at - text), text, new, at + strlen(old));
    return copy;
}

static void receiver__one_rule_broken__says_which(void **state)
{
    static const char parts[] = "not the three part headers in their order";
    static const char size[] = "a chunk size that is no hexadecimal number";
    static const char framing[] = "not one of Content-Length and Transfer-Encoding";
    static const struct {
        const char *old, *new, *reason;
    } rows[] = {
        {"POST / ", "PUT / ", "the request line is not POST /..."},
        {"HTTP/1.1", "HTTP/1.0", "the request line does not end with HTTP/1.1"},
        {"Host: h\r\n", "", "no Host"},
        {"Host: h\r\n", "Host: h\r\nHost: h\r\n", "a header field comes twice"},
        {"Host: h\r\n", "Host : h\r\n", "a header line without a name"},
        {"Host: h\r\n", "Host: h\r\n folded\r\n", "a header line without a name"},
        {"Host: h\r\n", "Host: h\n", "an octet that no header line may have"},
        {"Host: h\r\n", "Host: h\r", "a CR without LF"},
        {"Host: h\r\n", "Host: h\r\nContent-Length: 9\r\n", framing},
        {"Transfer-Encoding: chunked\r\n", "", framing},
        {"chunked", "gzip", "a Transfer-Encoding that is not chunked"},
        {"MIME-Version: 1.0\r\n", "", "no MIME-Version: 1.0"},
        {"type=\"application/xop+xml\"", "type=application/xop+xml",
         "a Content-Type parameter is not quoted"},
        {"boundary=\"b-1\"", "boundary=b-1", "a Content-Type parameter is not quoted"},
        {"start=\"<r@s>\"", "start =\"<r@s>\"", "an unknown Content-Type parameter"},
        {"; start=\"<r@s>\"", "", "no start"},
        {"start=\"<r@s>\"", "start=\"<r@t>\"", "start is not the root part's Content-ID"},
        {"start-info=\"application/soap+xml\"", "start-info=\"text/xml\"",
         "start-info is not \"application/soap+xml\""},
        {"boundary=\"b-1\"", "boundary=\"b,1 \"",
         "the boundary is not 1 to 70 allowed characters"},
        {"--b-1\r\n", "\r\n--b-1\r\n", "something in front of the first delimiter"},
        {"; charset=UTF-8", "", "the root part's Content-Type is not that of XOP"},
        {"Content-Transfer-Encoding: binary\r\n", "", parts},
        {"Content-ID: <r@s>", "Content-Id: <r@s>", parts},
        {"Content-ID: <r@s>", "Content-ID:<r@s>", parts},
        {"Type: a/b", "Type:  a/b\t", "an octet that no part header may have"},
        {"ng: binary", "ng: 8bit", "Content-Transfer-Encoding is not binary"},
        {"<0@body>", "0@body", "a Content-ID without angle brackets"},
        {"<0@body>\r\n", "<0@body>\r\nX: y\r\n", "no blank line behind the part headers"},
        {"--b-1\r\nContent-Type: a", "--b-1 \r\nContent-Type: a",
         "the boundary stands in a part, or is padded"},
        {"--b-1--\r\n", "--b-1--", "the body ends before the message does"},
        {"--b-1--\r\n", "--b-1--\n\n", "no CRLF behind the closing delimiter"},
        {"--b-1--\r\n", "--b-1--\r\n\r\n", "something behind the closing delimiter"},
        {"\r\n--b-1--\r\n", "", "the body ends before the message does"},
        {"\r\n0\r\n", "\r\n 0\r\n", size},
        {"\r\n0\r\n", "\r\n0x0\r\n", size},
        {"\r\n0\r\n", "\r\n-0\r\n", size},
        {"\r\n0\r\n", "\r\n0;a=b\r\n", size},
        {"\r\n0\r\n", "\r\n0000000000000000\r\n", size},
        {"\r\n0\r\n", "\r\n0\r\nA: b\r\n", "a trailer behind the last chunk"},
        {"\r\n0\r\n", "0\r\n", "no CRLF behind a chunk"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *good = make_wire(HEAD, ROOT PART CONTENT CLOSE);
        char *head = replace(HEAD, rows[i].old, rows[i].new);
        char *body = replace(ROOT PART CONTENT CLOSE, rows[i].old, rows[i].new);
        char *wire = head != NULL   ? make_wire(head, ROOT PART CONTENT CLOSE)
                     : body != NULL ? make_wire(HEAD, body)
                                    : replace(good, rows[i].old, rows[i].new);

        assert_non_null(wire);
        expect(wire, HTTP_BAD, rows[i].reason);
        free(good);
        free(head);
        free(body);
        free(wire);
    }
}

static void receiver__cut_anywhere__is_never_complete(void **state)
{
    char *wire = make_wire(HEAD, ROOT PART CONTENT CLOSE);

    (void)state;
    while (wire[0] != '\0') {
        wire[strlen(wire) - 1] = '\0';
        expect(wire, HTTP_TRUNCATED, "the connection was closed");
    }
    free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(receiver__good_message__is_read_however_it_arrives),
        cmocka_unit_test(receiver__one_rule_broken__says_which),
        cmocka_unit_test(receiver__cut_anywhere__is_never_complete),
    };

    return cmocka_run_group_tests_name("receiver", tests, NULL, NULL);
}
