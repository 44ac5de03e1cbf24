#include "service_mhd/mhd_request_check.h"

#include <string.h>

#include "mime/ascii.h"
#include "transport/transport.h"

static void refuse(struct wsd_mhd_check *check, int status, const char *why)
{
    if (check->status != 0)
        return;
    check->status = status;
    check->why = why;
}

static bool is_control(char c)
{
    return (unsigned char)c < ' ' || c == 0x7F;
}

/* Compares as field names and codings do: `expected` is in lower case. */
static bool begins_with(const char *text, size_t size, const char *expected)
{
    size_t length = strlen(expected);

    if (size < length)
        return false;
    for (size_t i = 0; i < length; i++)
        if (wsd_lower(text[i]) != expected[i])
            return false;
    return true;
}

static bool equals(const char *text, size_t size, const char *expected)
{
    return size == strlen(expected) && begins_with(text, size, expected);
}

/* ---- Fields ---- */

/* RFC 9110 section 8.6: digits and no sign.  "5, 5", which it lets a recipient take for
 * 5, is refused. */
static void check_length(struct wsd_mhd_check *check, const char *value, size_t size)
{
    uint64_t length = 0;

    if (check->has_length)
        refuse(check, 400, "several Content-Length fields");
    check->has_length = true;
    if (size == 0)
        refuse(check, 400, "an empty Content-Length");
    for (size_t i = 0; i < size; i++) {
        unsigned digit = (unsigned)(unsigned char)value[i] - '0';

        if (digit > 9) {
            refuse(check, 400, "a Content-Length that is no number");
            return;
        }
        /* To libmicrohttpd, too, the largest number means "unknown". */
        if (length > (WSD_LENGTH_UNKNOWN - 1 - digit) / 10) {
            refuse(check, 413, "a Content-Length above all limits");
            return;
        }
        length = length * 10 + digit;
    }
    check->body_length = length;
}

/* RFC 9112 section 6.1.  A body in another coding goes on to the connection's end for
 * libmicrohttpd. */
static void check_coding(struct wsd_mhd_check *check, const char *value, size_t size)
{
    if (check->is_http_1_0)
        refuse(check, 400, "Transfer-Encoding in HTTP/1.0");
    else if (check->chunked)
        refuse(check, 400, "several Transfer-Encoding fields");
    else if (!equals(value, size, "chunked"))
        refuse(check, 400, "a Transfer-Encoding other than chunked");
    check->chunked = true;
}

static bool is_host(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!wsd_is_visible(value[i]) || wsd_is_one_of(value[i], "/?#@\\,\"<>"))
            return false;
    return true;
}

/* RFC 9112 section 3.2 */
static void check_host(struct wsd_mhd_check *check, const char *value, size_t size)
{
    check->hosts++;
    if (check->hosts > 1)
        refuse(check, 400, "several Host fields");
    if (!is_host(value, size))
        refuse(check, 400, "a Host that is none");
}

static void check_characters(struct wsd_mhd_check *check, const char *name,
                             size_t name_size, const char *value, size_t value_size)
{
    for (size_t i = 0; i < name_size; i++)
        if (!wsd_is_token_char(name[i]))
            refuse(check, 400, "a field name with other characters");
    for (size_t i = 0; i < value_size; i++)
        if (is_control(value[i]) && value[i] != '\t')
            refuse(check, 400, "a control character in a field");
}

void wsd_mhd_check_field(struct wsd_mhd_check *check, const char *name, size_t name_size,
                         const char *value, size_t value_size)
{
    check->seen += name_size + strlen(": ") + value_size + strlen("\r\n");
    check_characters(check, name, name_size, value, value_size);
    if (equals(name, name_size, "content-length"))
        check_length(check, value, value_size);
    else if (equals(name, name_size, "transfer-encoding"))
        check_coding(check, value, value_size);
    else if (begins_with(name, name_size, "content-length") ||
             begins_with(name, name_size, "transfer-encoding"))
        refuse(check, 400, "a folded Content-Length or Transfer-Encoding");
    else if (equals(name, name_size, "host"))
        check_host(check, value, value_size);
    else if (equals(name, name_size, "origin")) /* RFC 6454: only browsers send it */
        refuse(check, 403, "a web page's request");
    else if (equals(name, name_size, "content-encoding") &&
             !equals(value, value_size, "identity"))
        refuse(check, 415, "a Content-Encoding");
    else if (equals(name, name_size, "expect") &&
             !equals(value, value_size, "100-continue"))
        refuse(check, 417, "an Expect other than 100-continue");
}

/* ---- The whole head ---- */

void wsd_mhd_check_begin(struct wsd_mhd_check *check, const char *path,
                         const char *method, const char *version)
{
    memset(check, 0, sizeof(*check));
    check->is_http_1_0 = strcmp(version, "HTTP/1.0") == 0;
    check->seen = strlen(method) + strlen(" ") + strlen(path) + strlen(" ") +
                  strlen(version) + 2 * strlen("\r\n");
    if (!check->is_http_1_0 && strcmp(version, "HTTP/1.1") != 0)
        refuse(check, 505, "another version of HTTP");
    for (const char *at = path; *at != '\0'; at++)
        if (is_control(*at))
            refuse(check, 400, "a control character in the path");
    if (strcmp(method, "POST") != 0)
        refuse(check, 405, "a method other than POST");
}

void wsd_mhd_check_end(struct wsd_mhd_check *check, size_t head_size)
{
    if (check->hosts == 0 && !check->is_http_1_0)
        refuse(check, 400, "no Host");
    if (check->chunked && check->has_length)
        refuse(check, 400, "both Content-Length and Transfer-Encoding");
    if (!check->chunked && !check->has_length)
        refuse(check, 411, "neither Content-Length nor Transfer-Encoding");
    if (check->chunked)
        check->body_length = WSD_LENGTH_UNKNOWN;
    check->keep = check->status == 0 && !check->is_http_1_0 && !check->chunked &&
                  check->seen == head_size;
}

static enum MHD_Result see_field(void *context, enum MHD_ValueKind kind, const char *name,
                                 size_t name_size, const char *value, size_t value_size)
{
    (void)kind;
    wsd_mhd_check_field(context, name, name_size, value, value == NULL ? 0 : value_size);
    return MHD_YES;
}

void wsd_mhd_check_request(struct MHD_Connection *connection, const char *path,
                           const char *method, const char *version,
                           struct wsd_mhd_check *check)
{
    const union MHD_ConnectionInfo *head =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_REQUEST_HEADER_SIZE);

    wsd_mhd_check_begin(check, path, method, version);
    MHD_get_connection_values_n(connection, MHD_HEADER_KIND, see_field, check);
    wsd_mhd_check_end(check, head == NULL ? 0 : head->header_size);
}

/* ---- The path ---- */

/* RFC 9112 section 3.2.2: a target may be a whole URL; here its host counts no more than
 * that in the Host field. */
static const char *path_of(const char *target)
{
    size_t size = strlen(target), path;
    size_t host = begins_with(target, size, "http://")    ? strlen("http://")
                  : begins_with(target, size, "https://") ? strlen("https://")
                                                          : size;

    path = host + strcspn(target + host, "/");
    if (path == host || !is_host(target + host, path - host))
        return target;
    return path == size ? "/" : target + path;
}

/* The character that %XX at `at` stands for; '\0' when it is none, or a control. */
static char escaped(const char *at)
{
    static const char digits[] = "0123456789abcdef";
    unsigned value = 0;

    for (size_t i = 1; i <= 2; i++) {
        const char *digit = at[i] == '\0' ? NULL : strchr(digits, wsd_lower(at[i]));

        if (digit == NULL)
            return '\0';
        value = value * 16 + (unsigned)(digit - digits);
    }
    return is_control((char)value) ? '\0' : (char)value;
}

size_t wsd_mhd_decode_path(void *context, struct MHD_Connection *connection, char *path)
{
    char *to = path;

    (void)context;
    (void)connection;
    for (const char *at = path_of(path); *at != '\0'; at++) {
        char c = *at == '%' ? escaped(at) : '\0';

        *to++ = c == '\0' ? *at : c;
        at += c == '\0' ? 0 : 2;
    }
    *to = '\0';
    return (size_t)(to - path);
}
