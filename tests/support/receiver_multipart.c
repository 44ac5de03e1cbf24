#include "receiver_multipart.h"

#include <stdio.h>
#include <string.h>

#define BCHARS                                                                           \
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=?"

static const char media_type[] = "multipart/related";
static const char root_type[] =
    "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\"";

bool is_multipart(const struct http_request *request)
{
    return strncmp(request->content_type, media_type, strlen(media_type)) == 0;
}

/* Reads `; name="value"` at *text and steps over it. */
static bool read_parameter(struct multipart *multipart, const char **text)
{
    const struct {
        const char *name;
        char *value;
        size_t size;
    } known[] = {
        {"type", multipart->type, sizeof(multipart->type)},
        {"start", multipart->start, sizeof(multipart->start)},
        {"start-info", multipart->start_info, sizeof(multipart->start_info)},
        {"boundary", multipart->boundary, sizeof(multipart->boundary)},
    };
    const char *name, *value;
    size_t name_length, length;

    if (**text != ';')
        return http_bad(multipart->connection, "no ';' before a Content-Type parameter");
    name = *text + 1 + strspn(*text + 1, " ");
    name_length = strcspn(name, "=");
    if (name[name_length] == '\0' || name[name_length + 1] != '"')
        return http_bad(multipart->connection, "a Content-Type parameter is not quoted");
    value = name + name_length + 2;
    length = strcspn(value, "\"\\");
    if (value[length] != '"')
        return http_bad(multipart->connection,
                        "a Content-Type parameter has no end, or a backslash");
    *text = value + length + 1;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        if (strlen(known[i].name) != name_length ||
            strncmp(known[i].name, name, name_length) != 0)
            continue;
        if (known[i].value[0] != '\0' || length == 0 || length >= known[i].size)
            return http_bad(multipart->connection,
                            "a Content-Type parameter comes twice, is empty or too long");
        memcpy(known[i].value, value, length);
        known[i].value[length] = '\0';
        return true;
    }
    return http_bad(multipart->connection, "an unknown Content-Type parameter");
}

static bool read_parameters(struct multipart *multipart)
{
    struct http_connection *connection = multipart->connection;
    const char *text = multipart->request->content_type + strlen(media_type);
    size_t length;

    while (*text != '\0')
        if (!read_parameter(multipart, &text))
            return false;
    if (strcmp(multipart->type, "application/xop+xml") != 0)
        return http_bad(connection, "type is not \"application/xop+xml\"");
    if (strcmp(multipart->start_info, "application/soap+xml") != 0)
        return http_bad(connection, "start-info is not \"application/soap+xml\"");
    if (multipart->start[0] == '\0')
        return http_bad(connection, "no start");
    length = strlen(multipart->boundary);
    if (length == 0 || length > 70 || strspn(multipart->boundary, BCHARS) != length)
        return http_bad(connection, "the boundary is not 1 to 70 allowed characters");
    if (strcmp(multipart->request->mime_version, "1.0") != 0)
        return http_bad(connection, "no MIME-Version: 1.0");
    return true;
}

/* Gets more of the body into the window.  The body may not end here: what ends it is
 * read by end_part(). */
static bool fill(struct multipart *multipart)
{
    size_t held = multipart->tail - multipart->head;
    size_t n;

    memmove(multipart->window, multipart->window + multipart->head, held);
    multipart->head = 0;
    multipart->tail = held;
    n = http_read_body(multipart->connection, multipart->request,
                       multipart->window + held, sizeof(multipart->window) - held);
    multipart->tail += n;
    return n > 0 ||
           http_bad(multipart->connection, "the body ends before the message does");
}

/* Steps over the expected octets. */
static bool take(struct multipart *multipart, const char *expected)
{
    size_t length = strlen(expected);

    while (multipart->tail - multipart->head < length)
        if (!fill(multipart))
            return false;
    if (memcmp(multipart->window + multipart->head, expected, length) != 0)
        return false;
    multipart->head += length;
    return true;
}

/* Reads what follows "CRLF--boundary", which begins the window. */
static void end_part(struct multipart *multipart)
{
    multipart->head += multipart->delimiter_length;
    if (take(multipart, "\r\n"))
        return;
    if (!take(multipart, "--")) {
        http_bad(multipart->connection, "the boundary stands in a part, or is padded");
        return;
    }
    if (!take(multipart, "\r\n")) {
        http_bad(multipart->connection, "no CRLF behind the closing delimiter");
        return;
    }
    if (multipart->head != multipart->tail ||
        http_read_body(multipart->connection, multipart->request, multipart->window,
                       sizeof(multipart->window)) > 0)
        http_bad(multipart->connection, "something behind the closing delimiter");
    multipart->closed = multipart->connection->trouble == HTTP_FINE;
}

static const unsigned char *find_delimiter(const struct multipart *multipart)
{
    const unsigned char *from = multipart->window + multipart->head;
    const unsigned char *end = multipart->window + multipart->tail;

    while ((size_t)(end - from) >= multipart->delimiter_length) {
        from = memchr(from, '\r', (size_t)(end - from) - multipart->delimiter_length + 1);
        if (from == NULL)
            return NULL;
        if (memcmp(from, multipart->delimiter, multipart->delimiter_length) == 0)
            return from;
        from++;
    }
    return NULL;
}

size_t multipart_read(struct multipart *multipart, const unsigned char **span)
{
    for (;;) {
        const unsigned char *found = find_delimiter(multipart);
        size_t held = multipart->tail - multipart->head;
        size_t n = 0;

        *span = multipart->window + multipart->head;
        if (found != NULL)
            n = (size_t)(found - *span);
        else if (held >= multipart->delimiter_length)
            n = held - (multipart->delimiter_length - 1); /* the rest may begin one */
        multipart->head += n;
        if (n > 0)
            return n;
        if (found != NULL) {
            end_part(multipart);
            return 0;
        }
        if (!fill(multipart))
            return 0;
    }
}

/* Reads "Name: value CRLF". */
static bool read_header(struct multipart *multipart, const char *name, char *value,
                        size_t size)
{
    if (!take(multipart, name) || !take(multipart, ": "))
        return http_bad(multipart->connection,
                        "not the three part headers in their order");
    for (size_t length = 0; length < size; length++) {
        unsigned char octet;

        if (take(multipart, "\r\n")) {
            value[length] = '\0';
            return true;
        }
        if (multipart->connection->trouble != HTTP_FINE)
            return false;
        octet = multipart->window[multipart->head++];
        if (octet < ' ' || octet > '~')
            return http_bad(multipart->connection,
                            "an octet that no part header may have");
        value[length] = (char)octet;
    }
    return http_bad(multipart->connection, "a part header is too long");
}

bool multipart_next(struct multipart *multipart, struct multipart_part *part)
{
    struct http_connection *connection = multipart->connection;
    char encoding[16], id[sizeof(part->content_id)];
    size_t length;

    if (multipart->closed || connection->trouble != HTTP_FINE)
        return false;
    if (!read_header(multipart, "Content-Type", part->content_type,
                     sizeof(part->content_type)) ||
        !read_header(multipart, "Content-Transfer-Encoding", encoding,
                     sizeof(encoding)) ||
        !read_header(multipart, "Content-ID", id, sizeof(id)))
        return false;
    if (!take(multipart, "\r\n"))
        return http_bad(connection, "no blank line behind the part headers");
    if (strcmp(encoding, "binary") != 0)
        return http_bad(connection, "Content-Transfer-Encoding is not binary");
    length = strlen(id);
    if (length < 3 || id[0] != '<' || id[length - 1] != '>')
        return http_bad(connection, "a Content-ID without angle brackets");
    memcpy(part->content_id, id + 1, length - 2);
    part->content_id[length - 2] = '\0';
    return true;
}

bool multipart_open(struct multipart *multipart, struct http_connection *connection,
                    struct http_request *request)
{
    struct multipart_part root;
    const unsigned char *preamble;
    char id[sizeof(root.content_id) + 2];

    memset(multipart, 0, offsetof(struct multipart, window));
    multipart->connection = connection;
    multipart->request = request;
    if (!read_parameters(multipart))
        return false;
    multipart->delimiter_length =
        (size_t)snprintf(multipart->delimiter, sizeof(multipart->delimiter), "\r\n--%s",
                         multipart->boundary);

    /* The first delimiter has no CRLF in front; given one, it is as the others. */
    memcpy(multipart->window, "\r\n", 2);
    multipart->tail = 2;
    if (multipart_read(multipart, &preamble) > 0)
        return http_bad(connection, "something in front of the first delimiter");
    if (multipart->closed)
        return http_bad(connection, "a message without parts");
    if (!multipart_next(multipart, &root))
        return false;
    snprintf(id, sizeof(id), "<%s>", root.content_id);
    if (strcmp(id, multipart->start) != 0)
        return http_bad(connection, "start is not the root part's Content-ID");
    return strcmp(root.content_type, root_type) == 0 ||
           http_bad(connection, "the root part's Content-Type is not that of XOP");
}
