/*
 * wsd-receiver -- a stand-in device for demonstrations and tests: a printer that keeps
 * what it is sent in files, and takes any other message with attachments as well.
 *
 * It is the strict reader of the wire format (receiver_http, receiver_multipart): what
 * breaks a rule is answered with 400 and a fault.  With --fail it misbehaves on purpose.
 * One connection at a time, and the same memory for documents of any size.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "receiver_device.h"
#include "receiver_listener.h"

#define SILENCE_SECONDS 30
#define HOLD_MS 300000
#define TICK_MS 100

static const char usage[] =
    "Usage: wsd-receiver [options]\n"
    "A stand-in WSD printer on 127.0.0.1.\n"
    "\n"
    "  --port P       listen on port P; default: a free one\n"
    "  --port-file F  write the port's number to file F\n"
    "  --dir DIR      keep documents as DIR/job-N.document, the attachments of other\n"
    "                 messages as DIR/message-M.part-K, with .part at the end until\n"
    "                 they were received whole; default: count them and drop them\n"
    "  --raw FILE     keep the wire's bytes of the last request with attachments\n"
    "  --requests N   end after N requests\n"
    "  --once         end after one request\n"
    "  --fail KIND    fail requests with attachments; after 64 KiB of body:\n"
    "                   early-413, early-200  answer so, and read no more\n"
    "                   reset, drop           reset or close the connection\n"
    "                   stall                 read no more\n"
    "                 at the end of the request:\n"
    "                   no-answer             keep silent\n"
    "                   fault, fault-200      a SOAP fault, with HTTP status 500 or 200\n"
    "                   html-500              an error that is no SOAP\n"
    "  --help         show this\n";

struct receiver {
    const char *port_file, *raw;
    int port, listener;
    unsigned long most_requests; /* 0: no end */
    struct device device;
    struct http_connection connection;
    struct multipart multipart;
};

/* ---- Connections ------------------------------------------------------------------- */

/* Records the wire's octets of one request; kept when it has attachments. */
static void begin_record(struct receiver *self, char path[PATH_MAX])
{
    int file;

    if (self->raw == NULL)
        return;
    snprintf(path, PATH_MAX, "%s.part", self->raw);
    file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
    if (file == -1)
        receiver_die("cannot make", path);
    http_record(&self->connection, file);
}

static void end_record(struct receiver *self, const char *path, bool keep)
{
    if (self->raw == NULL)
        return;
    close(self->connection.record);
    self->connection.record = -1;
    if ((keep ? rename(path, self->raw) : unlink(path)) != 0)
        receiver_die("cannot rename or remove", path);
}

/* Waits for the first octet of a request.  A kept connection is given up when it is idle
 * and somebody else wants to connect. */
static bool wait_for_request(struct receiver *self, bool is_first)
{
    struct pollfd fds[2] = {{self->connection.fd, POLLIN, 0},
                            {self->listener, POLLIN, 0}};
    char octet;

    if (self->connection.head == self->connection.tail &&
        poll(fds, 1, 2 * TICK_MS) == 0 &&
        (poll(fds, is_first ? 1 : 2, SILENCE_SECONDS * 1000) <= 0 || fds[0].revents == 0))
        return false;
    return self->connection.head != self->connection.tail ||
           recv(self->connection.fd, &octet, 1, MSG_PEEK) == 1;
}

/* Keeps the connection open without reading, until the peer is seen to go or somebody
 * else connects. */
static void hold(struct receiver *self)
{
    char octet;

    for (int waited = 0; waited < HOLD_MS; waited += TICK_MS) {
        struct pollfd fds[2] = {{self->listener, POLLIN, 0}, {self->connection.fd, 0, 0}};

        if (poll(fds, 2, TICK_MS) > 0 ||
            recv(self->connection.fd, &octet, 1, MSG_PEEK | MSG_DONTWAIT) == 0)
            return;
    }
}

static bool is_done(const struct receiver *self)
{
    return self->most_requests != 0 && self->device.requests >= self->most_requests;
}

static void serve(struct receiver *self)
{
    enum ending ending = KEEP_OPEN;

    for (bool is_first = true; ending == KEEP_OPEN && !is_done(self); is_first = false) {
        bool has_attachments = false;
        char record[PATH_MAX];

        if (!wait_for_request(self, is_first))
            break;
        begin_record(self, record);
        ending = device_handle(&self->device, &has_attachments);
        end_record(self, record, has_attachments);
    }
    if (ending == HOLD)
        hold(self);
    if (ending == HOLD || ending == RESET)
        http_reset(&self->connection);
    else
        http_hang_up(&self->connection);
}

static void run(struct receiver *self)
{
    const struct timeval patience = {SILENCE_SECONDS, 0};

    while (!is_done(self)) {
        int fd = accept(self->listener, NULL, NULL);

        if (fd == -1)
            continue;
        memset(&self->connection, 0, offsetof(struct http_connection, bytes));
        self->connection.fd = fd;
        self->connection.record = -1;
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
        serve(self);
    }
}

/* ---- Command line ------------------------------------------------------------------ */

static void misuse(const char *what, const char *value)
{
    fprintf(stderr, "wsd-receiver: %s: %s\nTry --help.\n", what, value);
    exit(2);
}

static unsigned long number_from(const char *text, unsigned long most)
{
    char *end;
    unsigned long number;

    errno = 0;
    number = strtoul(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != '\0' || number > most)
        misuse("not a number that is allowed here", text);
    return number;
}

static enum failure failure_from(const char *name)
{
    int failure = FAIL_NOT + 1;

    while (failure < FAIL_COUNT &&
           strcmp(device_failure_name((enum failure)failure), name) != 0)
        failure++;
    if (failure == FAIL_COUNT)
        misuse("no such failure", name);
    return (enum failure)failure;
}

static void parse_options(struct receiver *self, int argc, char **argv)
{
    enum { PORT = 1, PORT_FILE, DIR, RAW, REQUESTS, ONCE, FAIL, HELP };
    static const struct option options[] = {
        {"port", required_argument, NULL, PORT},
        {"port-file", required_argument, NULL, PORT_FILE},
        {"dir", required_argument, NULL, DIR},
        {"raw", required_argument, NULL, RAW},
        {"requests", required_argument, NULL, REQUESTS},
        {"once", no_argument, NULL, ONCE},
        {"fail", required_argument, NULL, FAIL},
        {"help", no_argument, NULL, HELP},
        {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case PORT:
            self->port = (int)number_from(optarg, 65535);
            break;
        case PORT_FILE:
            self->port_file = optarg;
            break;
        case DIR:
            self->device.dir = optarg;
            break;
        case RAW:
            self->raw = optarg;
            break;
        case REQUESTS:
            self->most_requests = number_from(optarg, ULONG_MAX);
            break;
        case ONCE:
            self->most_requests = 1;
            break;
        case FAIL:
            self->device.failure = failure_from(optarg);
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
    struct receiver *self = calloc(1, sizeof(*self));

    if (self == NULL)
        receiver_die("cannot start", "receiver");
    self->device.connection = &self->connection;
    self->device.multipart = &self->multipart;
    parse_options(self, argc, argv);
    signal(SIGPIPE, SIG_IGN);
    self->listener = receiver_listen(&self->port);
    if (self->port_file != NULL)
        receiver_write_port_file(self->port_file, self->port);
    printf("READY http://127.0.0.1:%d/\n", self->port);
    fflush(stdout);
    run(self);
    free(self);
    return 0;
}
