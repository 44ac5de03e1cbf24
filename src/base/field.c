#include "base/field.h"

#include <string.h>

enum { MEDIA_TYPE_LIMIT = 255, URI_LIMIT = 2048 };

static bool is_alpha(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_visible(char c)
{
    return c > ' ' && c < 0x7F;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static bool is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 9110 section 5.6.2 */
static bool is_token_char(char c)
{
    return is_alpha(c) || is_digit(c) || is_one_of(c, "!#$%&'*+-.^_`|~");
}

/* The length of `text`, or 0 if it is NULL, empty or longer than `limit`. */
static size_t length_within(const char *text, size_t limit)
{
    size_t length = 0;

    if (text == NULL)
        return 0;
    while (text[length] != '\0') {
        if (length == limit)
            return 0;
        length++;
    }
    return length;
}

bool wsd_field_is_value(const char *text, size_t limit)
{
    size_t length = length_within(text, limit);

    if (length == 0 || is_blank(text[0]) || is_blank(text[length - 1]))
        return false;
    for (size_t i = 0; i < length; i++) {
        if (!is_visible(text[i]) && !is_blank(text[i]))
            return false;
    }
    return true;
}

bool wsd_field_is_token(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        if (!is_token_char(text[i]))
            return false;
    return length > 0;
}

bool wsd_field_is_line(const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)text[i];

        if ((c < ' ' && c != '\t') || c == 0x7F)
            return false;
    }
    return true;
}

/* Each skips what its name says and returns what follows, or NULL if it is not there. */

static const char *skip_token(const char *at)
{
    const char *start = at;

    while (is_token_char(*at))
        at++;
    return at > start ? at : NULL;
}

/* Behind its first quote. */
static const char *skip_quoted_string(const char *at)
{
    for (; *at != '"'; at++) {
        if (*at == '\\')
            at++;
        if (!is_visible(*at) && !is_blank(*at))
            return NULL;
    }
    return at + 1;
}

static const char *skip_parameter(const char *at)
{
    at = skip_token(at);
    if (at == NULL || *at != '=')
        return NULL;
    at++;
    return *at == '"' ? skip_quoted_string(at + 1) : skip_token(at);
}

static const char *skip_blanks(const char *at)
{
    while (is_blank(*at))
        at++;
    return at;
}

bool wsd_field_is_header(const char *text, size_t limit)
{
    const char *colon = length_within(text, limit) > 0 ? skip_token(text) : NULL;

    return colon != NULL && colon[0] == ':' && colon[1] == ' ' &&
           wsd_field_is_value(colon + 2, limit);
}

bool wsd_field_is_media_type(const char *text)
{
    const char *at;

    if (length_within(text, MEDIA_TYPE_LIMIT) == 0)
        return false;
    at = skip_token(text);
    if (at == NULL || *at != '/')
        return false;
    at = skip_token(at + 1);
    /* RFC 9110 lets a parameter be empty ("text/plain;"); RFC 2045, which rules inside
     * a multipart, does not. */
    while (at != NULL && *at != '\0') {
        at = skip_blanks(at);
        at = *at == ';' ? skip_parameter(skip_blanks(at + 1)) : NULL;
    }
    return at != NULL;
}

bool wsd_field_is_uri(const char *text)
{
    size_t length = length_within(text, URI_LIMIT);
    size_t scheme = 0;

    if (length == 0 || !is_alpha(text[0]))
        return false;
    while (is_alpha(text[scheme]) || is_digit(text[scheme]) ||
           is_one_of(text[scheme], "+-."))
        scheme++;
    if (text[scheme] != ':')
        return false;
    for (size_t i = scheme; i < length; i++) {
        if (!is_visible(text[i]) || is_one_of(text[i], "\"<>\\^`{|}"))
            return false;
    }
    return true;
}

bool wsd_field_read_number(const char *text, uint64_t most, uint64_t *number)
{
    *number = 0;
    if (*text == '\0')
        return false;
    for (; *text != '\0'; text++) {
        unsigned digit = (unsigned)*text - '0';

        if (digit > 9 || *number > (most - digit) / 10)
            return false;
        *number = *number * 10 + digit;
    }
    return true;
}
