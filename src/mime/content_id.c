#include "mime/content_id.h"

#include <string.h>

#include "mime/ascii.h"

/* A run of characters that is not terminated. */
struct span {
    const char *at;
    size_t size;
};

/* True if there were blanks around it. */
static bool trim(struct span *span)
{
    size_t size = span->size;

    for (; span->size > 0 && wsd_is_blank(span->at[0]); span->at++)
        span->size--;
    while (span->size > 0 && wsd_is_blank(span->at[span->size - 1]))
        span->size--;
    return span->size < size;
}

/* What stands between the brackets, or all of it if there are none. */
struct unwrapped {
    struct span id;
    bool brackets, blanks; /* was there any of them? */
};

/* False: nothing is left, or a bracket is where none can be. */
static bool unwrap(const char *value, struct unwrapped *unwrapped)
{
    struct span *id = &unwrapped->id;

    *unwrapped = (struct unwrapped){.id = {value, strlen(value)}};
    trim(id);
    if (id->size >= 2 && id->at[0] == '<' && id->at[id->size - 1] == '>') {
        id->at++;
        id->size -= 2;
        unwrapped->brackets = true;
        unwrapped->blanks = trim(id);
    }
    return id->size > 0 && memchr(id->at, '<', id->size) == NULL &&
           memchr(id->at, '>', id->size) == NULL;
}

enum wsd_mime_fault wsd_content_id_parse(char *value, struct wsd_tolerances *tolerances,
                                         const char **id)
{
    struct unwrapped unwrapped;
    char *start;

    *id = NULL;
    if (!unwrap(value, &unwrapped) ||
        (!unwrapped.brackets &&
         !wsd_tolerates(tolerances, WSD_TOLERATE_CONTENT_ID_WITHOUT_BRACKETS)) ||
        (unwrapped.blanks &&
         !wsd_tolerates(tolerances, WSD_TOLERATE_CONTENT_ID_BLANKS)) ||
        (memchr(unwrapped.id.at, '@', unwrapped.id.size) == NULL &&
         !wsd_tolerates(tolerances, WSD_TOLERATE_CONTENT_ID_WITHOUT_AT)))
        return WSD_MIME_CONTENT_ID_SYNTAX;
    start = value + (unwrapped.id.at - value);
    start[unwrapped.id.size] = '\0';
    *id = start;
    return WSD_MIME_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The character at *at, which moves behind it; '\0' if what is there stands for none. */
static char decode_char(const char **at, bool *encoded)
{
    int high, low;

    if (**at != '%')
        return *(*at)++;
    high = hex_digit((*at)[1]);
    low = high < 0 ? -1 : hex_digit((*at)[2]);
    if (low < 0)
        return '\0';
    *encoded = true;
    *at += 3;
    return (char)(high << 4 | low);
}

/* Moves *href behind "cid:", which may be in any case (RFC 3986 section 3.1). */
static bool skip_scheme(const char **href)
{
    for (const char *scheme = "cid:"; *scheme != '\0'; scheme++, ++*href)
        if (wsd_lower(**href) != *scheme)
            return false;
    return true;
}

bool wsd_content_id_is_same(const char *href, const char *other)
{
    bool encoded;

    if (!skip_scheme(&href) || !skip_scheme(&other))
        return false;
    while (*href != '\0' && *other != '\0') {
        char c = decode_char(&href, &encoded);

        if (c == '\0' || c != decode_char(&other, &encoded))
            return false;
    }
    return *href == *other;
}

bool wsd_content_id_is_meant_by(const char *id, const char *href,
                                struct wsd_tolerances *tolerances)
{
    bool encoded = false;

    if (id == NULL || !skip_scheme(&href))
        return false;
    while (*href != '\0') {
        char c = decode_char(&href, &encoded);

        if (c == '\0' || c != *id++)
            return false;
    }
    return *id == '\0' &&
           (!encoded || wsd_tolerates(tolerances, WSD_TOLERATE_CID_PERCENT));
}

bool wsd_content_id_is_root(const char *id, size_t index, const char *start,
                            struct wsd_tolerances *tolerances)
{
    struct unwrapped unwrapped;

    if (start == NULL)
        return index == 0;
    if (id == NULL || !unwrap(start, &unwrapped) || strlen(id) != unwrapped.id.size ||
        memcmp(id, unwrapped.id.at, unwrapped.id.size) != 0)
        return false;
    return (unwrapped.brackets ||
            wsd_tolerates(tolerances, WSD_TOLERATE_START_WITHOUT_BRACKETS)) &&
           (!unwrapped.blanks ||
            wsd_tolerates(tolerances, WSD_TOLERATE_CONTENT_ID_BLANKS)) &&
           (index == 0 || wsd_tolerates(tolerances, WSD_TOLERATE_ROOT_NOT_FIRST));
}
