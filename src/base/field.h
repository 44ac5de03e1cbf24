/*
 * field -- may a caller's string stand in an HTTP or MIME header line?  Which number
 * does?
 *
 * What is refused here could end a line or smuggle in another (CWE-93); nothing is
 * ever repaired.
 */
#ifndef WSD_BASE_FIELD_H
#define WSD_BASE_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* 1..`limit` visible ASCII characters and inner spaces or tabs: no control characters, no
 * 8-bit, no blank at either end. */
bool wsd_field_is_value(const char *text, size_t limit);

/* One or more of RFC 9110's token characters. */
bool wsd_field_is_token(const char *text, size_t length);

/* No control characters but tabs.  8-bit characters may be what they like. */
bool wsd_field_is_line(const char *text, size_t length);
/* A header line without its end, "Name: value": a token (RFC 9110 section 5.1), a colon,
 * a space, and a value as above; at most `limit` characters. */
bool wsd_field_is_header(const char *text, size_t limit);

/* A media type, "type/subtype" of RFC 9110 tokens, with parameters of tokens or
 * quoted strings (RFC 9110 section 8.3.1); at most 255 characters. */
bool wsd_field_is_media_type(const char *text);

/* An absolute URI as far as its characters go (RFC 3986 section 2): 1..2048 visible
 * ASCII characters without space, double quotes, angle brackets, braces, backslash,
 * caret, backtick, bar; begins with a scheme and a colon. */
bool wsd_field_is_uri(const char *text);

/* One digit or more and nothing else, a number up to `most`. */
bool wsd_field_read_number(const char *text, uint64_t most, uint64_t *number);

#endif
