#include "package.h"

#include <inttypes.h>
#include <string.h>
#include <sys/socket.h>

#define PREFACE                                                                          \
    "--bench\r\nContent-Type: application/xop+xml; charset=UTF-8; "                      \
    "type=\"application/soap+xml\"\r\nContent-Transfer-Encoding: binary\r\n"             \
    "Content-ID: <root>\r\n\r\n" BENCH_ENVELOPE(                                         \
        BENCH_ACTION,                                                                    \
        "<b:Upload xmlns:b=\"urn:wsdattach:bench\"><b:data>"                             \
        "<i:Include xmlns:i=\"http://www.w3.org/2004/08/xop/include\" "                  \
        "href=\"cid:0@body\"/></b:data></b:Upload>") "\r\n--bench\r\n"                   \
                                                     "Content-Type: "                    \
                                                     "application/"                      \
                                                     "octet-stream\r\nContent-Transfer-" \
                                                     "Encoding: binary\r\n"              \
                                                     "Content-ID: <0@body>\r\n\r\n"
#define CLOSING "\r\n--bench--\r\n"

static struct iovec part_of(const void *bytes, size_t size)
{
    return (struct iovec){.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
}

static int lay_head(struct package *package, struct iovec *parts)
{
    char framing[128];
    int size;

    if (package->length)
        snprintf(framing, sizeof(framing), "Content-Length: %" PRIu64 "\r\n\r\n",
                 package->size + sizeof(PREFACE) + sizeof(CLOSING) - 2);
    else
        snprintf(framing, sizeof(framing), "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
                 sizeof(PREFACE) - 1);
    size = snprintf(package->text, sizeof(package->text),
                    "%s"
                    "Content-Type: multipart/related; type=\"application/xop+xml\"; "
                    "start=\"<root>\"; start-info=\"application/soap+xml\"; "
                    "boundary=\"bench\"\r\n%s%s%s",
                    package->first, framing, PREFACE, package->length ? "" : "\r\n");
    if (size < 0 || (size_t)size >= sizeof(package->text))
        bench_die("laying out the head");
    parts[0] = part_of(package->text, (size_t)size);
    return 1;
}

static int lay_block(struct package *package, struct iovec *parts)
{
    uint64_t left = package->size - package->position;
    size_t n = left < package->block ? (size_t)left : package->block;
    int size = snprintf(package->text, sizeof(package->text), "%zx\r\n", n);

    parts[0] = part_of(package->text, package->length ? 0 : (size_t)size);
    parts[1] = part_of(bench_document(package->position), n);
    parts[2] = part_of("\r\n", package->length ? 0 : 2);
    package->position += n;
    return 3;
}

static int lay_end(struct package *package, struct iovec *parts)
{
    int size = snprintf(package->text, sizeof(package->text), "%zx\r\n%s\r\n0\r\n\r\n",
                        sizeof(CLOSING) - 1, CLOSING);

    parts[0] = package->length ? part_of(CLOSING, sizeof(CLOSING) - 1)
                               : part_of(package->text, (size_t)size);
    return 1;
}

int package_next(struct package *package, struct iovec parts[3])
{
    if (package->stage == 0) {
        package->stage = 1;
        return lay_head(package, parts);
    }
    if (package->position < package->size)
        return lay_block(package, parts);
    if (package->stage == 1) {
        package->stage = 2;
        return lay_end(package, parts);
    }
    return 0;
}

static void send_parts(int fd, struct iovec *parts, int count)
{
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)count};

    while (message.msg_iovlen > 0) {
        ssize_t sent = sendmsg(fd, &message, MSG_NOSIGNAL);

        if (sent < 0)
            bench_die("sending");
        while (message.msg_iovlen > 0 && (size_t)sent >= message.msg_iov->iov_len) {
            sent -= (ssize_t)message.msg_iov->iov_len;
            message.msg_iov++;
            message.msg_iovlen--;
        }
        if (message.msg_iovlen > 0) {
            message.msg_iov->iov_base = (char *)message.msg_iov->iov_base + sent;
            message.msg_iov->iov_len -= (size_t)sent;
        }
    }
}

void package_send(struct package *package, int fd)
{
    struct iovec parts[3];
    int count;

    while ((count = package_next(package, parts)) > 0)
        send_parts(fd, parts, count);
}
