/*
 * wsd-scanner -- a stand-in scanner for tests: answers every request with a
 * RetrieveImageResponse of WS-Scan that carries files as its pages, in every framing that
 * HTTP/1.1 has for a body, and cut short if asked to.
 *
 * Shares nothing with the library.  One connection at a time, and the same memory for
 * pages of any size.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include "receiver_http.h"
#include "receiver_listener.h"
#include "receiver_soap.h"

#define SILENCE_SECONDS 30
#define BLOCK_BYTES 65536
#define MAX_PAGES 20
#define NO_CUT INT64_MIN
#define BOUNDARY "4aa7d814-adc1-47a2-8e1c-07585b9892a4"

static const char usage[] =
    "Usage: wsd-scanner [options]\n"
    "A stand-in WSD scanner on 127.0.0.1.\n"
    "\n"
    "  --port-file F   write the port's number to file F\n"
    "  --image FILE    a page; may be given many times, or not at all\n"
    "  --type MIME     the media type of the pages; default: image/jpeg\n"
    "  --framing KIND  chunked (the default), length, or close: how the end of the\n"
    "                  answer is told\n"
    "  --cut N         close after N bytes of the answer's body; after all but N if N "
    "is\n"
    "                  negative\n"
    "  --requests N    end after N requests\n"
    "  --help          show this\n";

enum framing { CHUNKED, LENGTH, CLOSE, FRAMING_COUNT };
static const char *const framing_names[] = {"chunked", "length", "close"};

struct scanner {
    const char *port_file, *type;
    const char *pages[MAX_PAGES];
    int page_count;
    enum framing framing;
    int64_t cut;
    unsigned long most_requests; /* 0: no end */
    struct http_connection connection;

    /* The answer's body on its way out. */
    bool failed; /* cut, or the peer has gone */
    uint64_t sent, limit;
    size_t used;
    char block[BLOCK_BYTES];
};

/* ---- The answer's body ------------------------------------------------------------- */

static void send_raw(struct scanner *self, const char *bytes, size_t size)
{
    while (size > 0 && !self->failed) {
        ssize_t n = send(self->connection.fd, bytes, size, MSG_NOSIGNAL);

        if (n < 0 && errno == EINTR)
            continue;
        self->failed = n <= 0;
        bytes += n;
        size -= (size_t)n;
    }
}

/* Sends the block, as one chunk if there are chunks: a cut one has its whole size in
 * front, and not all of its bytes. */
static void flush_block(struct scanner *self)
{
    uint64_t left = self->limit - self->sent;
    size_t size = self->used < left ? self->used : (size_t)left;
    char line[24];

    if (self->used == 0 || self->failed)
        return;
    snprintf(line, sizeof(line), "%zx\r\n", self->used);
    if (self->framing == CHUNKED && size > 0)
        send_raw(self, line, strlen(line));
    send_raw(self, self->block, size);
    self->sent += size;
    self->failed = self->failed || size < self->used;
    if (self->framing == CHUNKED)
        send_raw(self, "\r\n", 2);
    self->used = 0;
}

static void put(struct scanner *self, const char *text)
{
    for (size_t size = strlen(text); size > 0;) {
        size_t room = sizeof(self->block) - self->used;
        size_t n = size < room ? size : room;

        memcpy(self->block + self->used, text, n);
        self->used += n;
        text += n;
        size -= n;
        if (self->used == sizeof(self->block))
            flush_block(self);
    }
}

static void put_page(struct scanner *self, const char *name)
{
    int file = open(name, O_RDONLY);
    ssize_t n = file;

    while (n >= 0 && !self->failed) {
        n = read(file, self->block + self->used, sizeof(self->block) - self->used);
        if (n <= 0)
            break;
        self->used += (size_t)n;
        if (self->used == sizeof(self->block))
            flush_block(self);
    }
    if (n < 0)
        receiver_die("cannot read", name);
    close(file);
}

/* ---- The answer -------------------------------------------------------------------- */

static void write_part_head(const struct scanner *self, char *text, size_t size, int page)
{
    snprintf(text, size,
             "\r\n--" BOUNDARY "\r\n"
             "Content-Type: %s\r\n"
             "Content-Transfer-Encoding: binary\r\n"
             "Content-ID: <page-%d@scanner>\r\n\r\n",
             self->type, page + 1);
}

static const char root_head[] =
    "--" BOUNDARY "\r\n"
    "Content-Type: application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"\r\n"
    "Content-Transfer-Encoding: binary\r\n"
    "Content-ID: <envelope@scanner>\r\n\r\n";
static const char closing[] = "\r\n--" BOUNDARY "--\r\n";

static uint64_t body_length(const struct scanner *self, const char *envelope)
{
    uint64_t length = strlen(envelope);

    if (self->page_count == 0)
        return length;
    length += strlen(root_head) + strlen(closing);
    for (int page = 0; page < self->page_count; page++) {
        struct stat status;
        char head[512];

        if (stat(self->pages[page], &status) != 0)
            receiver_die("cannot read", self->pages[page]);
        write_part_head(self, head, sizeof(head), page);
        length += strlen(head) + (uint64_t)status.st_size;
    }
    return length;
}

static void send_head(struct scanner *self, uint64_t length)
{
    char framing[64] = "Connection: close";
    char head[512];

    if (self->framing == CHUNKED)
        strcpy(framing, "Transfer-Encoding: chunked");
    if (self->framing == LENGTH)
        snprintf(framing, sizeof(framing), "Content-Length: %llu",
                 (unsigned long long)length);
    snprintf(head, sizeof(head),
             "HTTP/1.1 200 OK\r\n"
             "Server: wsd-scanner\r\n"
             "Content-Type: %s\r\n"
             "%s\r\n\r\n",
             self->page_count == 0 ? "application/soap+xml"
                                   : "multipart/related; type=\"application/xop+xml\"; "
                                     "boundary=\"" BOUNDARY "\"; "
                                     "start=\"<envelope@scanner>\"; "
                                     "start-info=\"application/soap+xml\"",
             framing);
    send_raw(self, head, strlen(head));
}

static void answer(struct scanner *self, const char *envelope)
{
    uint64_t length = body_length(self, envelope);
    char head[512];

    self->failed = false;
    self->sent = 0;
    self->used = 0;
    self->limit = UINT64_MAX;
    if (self->cut >= 0)
        self->limit = (uint64_t)self->cut;
    else if (self->cut != NO_CUT)
        self->limit = length - (uint64_t)-self->cut;

    send_head(self, length);
    if (self->page_count > 0)
        put(self, root_head);
    put(self, envelope);
    for (int page = 0; page < self->page_count; page++) {
        write_part_head(self, head, sizeof(head), page);
        put(self, head);
        put_page(self, self->pages[page]);
    }
    if (self->page_count > 0)
        put(self, closing);
    flush_block(self);
    if (self->framing == CHUNKED)
        send_raw(self, "0\r\n\r\n", 5);
}

/* ---- Requests ---------------------------------------------------------------------- */

static void write_envelope(const struct scanner *self, const char *request, char *xml,
                           size_t size)
{
    char message_id[256];
    char pages[4096] = "";

    for (int page = 0; page < self->page_count; page++)
        snprintf(pages + strlen(pages), sizeof(pages) - strlen(pages),
                 "<r:ScanData><xop:Include "
                 "xmlns:xop=\"http://www.w3.org/2004/08/xop/include\" "
                 "href=\"cid:page-%d@scanner\"/></r:ScanData>",
                 page + 1);
    soap_text(request, "MessageID", message_id, sizeof(message_id));
    soap_write_reply(
        xml, size, "http://schemas.microsoft.com/windows/2006/08/wdp/scan/RetrieveImage",
        message_id, pages);
}

/* Reads a request to its end; keeps the beginning of its body, where the envelope is. */
static bool read_request(struct http_connection *connection,
                         char envelope[SOAP_MAX_ENVELOPE])
{
    struct http_request request;
    size_t kept = 0, n;

    if (!http_read_head(connection, &request))
        return false;
    while (kept < SOAP_MAX_ENVELOPE - 1 &&
           (n = http_read_body(connection, &request, envelope + kept,
                               SOAP_MAX_ENVELOPE - 1 - kept)) > 0)
        kept += n;
    envelope[kept] = '\0';
    while (!request.ended) {
        char rest[4096];

        if (http_read_body(connection, &request, rest, sizeof(rest)) == 0 &&
            !request.ended)
            return false;
    }
    return true;
}

static void serve(struct scanner *self)
{
    char request[SOAP_MAX_ENVELOPE], envelope[SOAP_MAX_ENVELOPE];

    if (read_request(&self->connection, request)) {
        write_envelope(self, request, envelope, sizeof(envelope));
        answer(self, envelope);
        printf("%s %llu bytes of body\n", self->failed ? "CUT" : "SENT",
               (unsigned long long)self->sent);
    } else {
        printf("BAD %s\n", self->connection.reason);
    }
    fflush(stdout);
    http_hang_up(&self->connection);
}

static void run(struct scanner *self, int listener)
{
    const struct timeval patience = {SILENCE_SECONDS, 0};
    unsigned long requests = 0;

    while (self->most_requests == 0 || requests < self->most_requests) {
        int fd = accept(listener, NULL, NULL);

        if (fd == -1)
            continue;
        memset(&self->connection, 0, offsetof(struct http_connection, bytes));
        self->connection.fd = fd;
        self->connection.record = -1;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        serve(self);
        requests++;
    }
}

/* ---- Command line ------------------------------------------------------------------ */

static void misuse(const char *what, const char *value)
{
    fprintf(stderr, "wsd-scanner: %s: %s\nTry --help.\n", what, value);
    exit(2);
}

static int64_t number_from(const char *text, int64_t least)
{
    char *end;
    long long number;

    errno = 0;
    number = strtoll(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || number < least)
        misuse("not a number that is allowed here", text);
    return number;
}

static enum framing framing_from(const char *name)
{
    int framing = 0;

    while (framing < FRAMING_COUNT && strcmp(framing_names[framing], name) != 0)
        framing++;
    if (framing == FRAMING_COUNT)
        misuse("no such framing", name);
    return (enum framing)framing;
}

static void parse_options(struct scanner *self, int argc, char **argv)
{
    enum { PORT_FILE = 1, IMAGE, TYPE, FRAMING, CUT, REQUESTS, HELP };
    static const struct option options[] = {
        {"port-file", required_argument, NULL, PORT_FILE},
        {"image", required_argument, NULL, IMAGE},
        {"type", required_argument, NULL, TYPE},
        {"framing", required_argument, NULL, FRAMING},
        {"cut", required_argument, NULL, CUT},
        {"requests", required_argument, NULL, REQUESTS},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case PORT_FILE:
            self->port_file = optarg;
            break;
        case IMAGE:
            if (self->page_count == MAX_PAGES)
                misuse("a page too many", optarg);
            self->pages[self->page_count++] = optarg;
            break;
        case TYPE:
            self->type = optarg;
            break;
        case FRAMING:
            self->framing = framing_from(optarg);
            break;
        case CUT:
            self->cut = number_from(optarg, -INT64_MAX);
            break;
        case REQUESTS:
            self->most_requests = (unsigned long)number_from(optarg, 1);
            break;
        case HELP:
            fputs(usage, stdout);
            exit(0);
        default:
            exit(2);
        }
    }
    if (optind != argc)
        misuse("an argument too many", argv[optind]);
}

int main(int argc, char **argv)
{
    struct scanner *self = calloc(1, sizeof(*self));
    int port = 0, listener;

    if (self == NULL)
        receiver_die("cannot start", "scanner");
    self->type = "image/jpeg";
    self->cut = NO_CUT;
    parse_options(self, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    listener = receiver_listen(&port);
    if (self->port_file != NULL)
        receiver_write_port_file(self->port_file, port);
    printf("READY http://127.0.0.1:%d/\n", port);
    fflush(stdout);
    run(self, listener);
    free(self);
    return 0;
}
