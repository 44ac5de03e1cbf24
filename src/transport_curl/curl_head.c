#include "transport_curl/curl_head.h"

#include <string.h>

#include "base/field.h"
#include "mime/ascii.h"
#include "wsd_error.h"

#define INVALID HRESULT_FROM_WIN32(ERROR_WINHTTP_INVALID_SERVER_RESPONSE)

/* WinHTTP's cap of all response header lines. */
#define MAX_BYTES ((size_t)64 * 1024)

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool equals(const char *text, size_t size, const char *expected)
{
    return size == strlen(expected) && wsd_is_same_word(text, expected, size);
}

/* RFC 9110 section 8.6: digits and no sign; 18 of them fit in all that counts with it. */
static bool is_length(const char *value, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if (!is_digit(value[i]))
            return false;
    return size >= 1 && size <= 18;
}

/* RFC 9112 section 6.3 */
static bool has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

/* RFC 9112 section 4, without its "HTTP/2": that is not asked for. */
static HRESULT begin(struct wsd_curl_head *head, const char *line, size_t size,
                     int *status)
{
    static const char sample[] = "HTTP/1.1 200";
    const size_t length = sizeof(sample) - 1;
    const char *digits = line + length - 3;

    if (size < length || memcmp(line, sample, strlen("HTTP/1.")) != 0 ||
        !is_digit(line[7]) || line[8] != ' ' || digits[0] < '1' || !is_digit(digits[0]) ||
        !is_digit(digits[1]) || !is_digit(digits[2]) ||
        (size > length && line[length] != ' '))
        return INVALID;
    *status = (digits[0] - '0') * 100 + (digits[1] - '0') * 10 + digits[2] - '0';
    *head = (struct wsd_curl_head){.bytes = head->bytes,
                                   .is_http_1_0 = line[7] == '0',
                                   .has_begun = true,
                                   .is_open = true,
                                   .frames = has_body(*status)};
    return *status == 101 ? INVALID : S_OK; /* no upgrade is asked for either */
}

/* RFC 9112 section 5.1 */
static HRESULT field(struct wsd_curl_head *head, const char *line, size_t size)
{
    const char *colon = memchr(line, ':', size);
    const char *value, *end = line + size;
    size_t name, length;

    if (!head->has_begun || colon == NULL ||
        !wsd_field_is_token(line, (size_t)(colon - line)))
        return INVALID;
    head->may_fold = true;
    if (!head->frames)
        return S_OK;
    name = (size_t)(colon - line);
    for (value = colon + 1; value < end && wsd_is_blank(*value); value++) {
    }
    while (end > value && wsd_is_blank(end[-1]))
        end--;
    length = (size_t)(end - value);
    if (equals(line, name, "content-length")) {
        head->may_fold = false;
        if (head->has_length || head->has_coding || !is_length(value, length))
            return INVALID;
        head->has_length = true;
    } else if (equals(line, name, "transfer-encoding")) {
        head->may_fold = false;
        if (head->has_length || head->has_coding || head->is_http_1_0 ||
            !equals(value, length, "chunked"))
            return INVALID;
        head->has_coding = true;
    }
    return S_OK;
}

HRESULT wsd_curl_head_line(struct wsd_curl_head *head, const char *line, size_t size,
                           int *status)
{
    *status = 0;
    head->bytes += size;
    if (head->bytes > MAX_BYTES)
        return HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW);
    if (size > 0 && line[size - 1] == '\n')
        size--;
    if (size > 0 && line[size - 1] == '\r')
        size--;
    if (size == 0) {
        head->is_open = head->frames = false;
        return S_OK;
    }
    if (!wsd_field_is_line(line, size))
        return INVALID;
    if (!head->is_open && size >= 5 && memcmp(line, "HTTP/", 5) == 0)
        return begin(head, line, size, status);
    if (wsd_is_blank(line[0]))
        return head->may_fold ? S_OK : INVALID;
    return field(head, line, size);
}
