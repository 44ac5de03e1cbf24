/* ascii -- what a character is, in any locale. */
#ifndef WSD_MIME_ASCII_H
#define WSD_MIME_ASCII_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

static inline bool wsd_is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool wsd_is_visible(char c)
{
    return c > ' ' && c < 0x7F;
}

static inline bool wsd_is_one_of(char c, const char *set)
{
    return c != '\0' && strchr(set, c) != NULL;
}

/* RFC 2045 section 5.1 */
static inline bool wsd_is_token_char(char c)
{
    return wsd_is_visible(c) && !wsd_is_one_of(c, "()<>@,;:\\\"/[]?=");
}

static inline char wsd_lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

/* The first `length` characters, or both as far as they go. */
static inline bool wsd_is_same_word(const char *a, const char *b, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        if (wsd_lower(a[i]) != wsd_lower(b[i]))
            return false;
        if (a[i] == '\0')
            break;
    }
    return true;
}

#endif
