#include "mime/content_type.h"

#include <stdbool.h>
#include <string.h>

#include "mime/ascii.h"

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* Of a value that has no quotes but should have: nothing that could be read otherwise. */
static bool is_unquoted_char(char c)
{
    return wsd_is_visible(c) && !wsd_is_one_of(c, "(),;\\\"");
}

/* Blanks and comments.  False: a comment does not end. */
static bool skip_filler(char **at)
{
    size_t depth = 0;

    for (;; (*at)++) {
        if (**at == '(') {
            depth++;
        } else if (depth == 0) {
            if (!wsd_is_blank(**at))
                return true;
        } else if (**at == ')') {
            depth--;
        } else {
            if (**at == '\\')
                (*at)++;
            if (!wsd_is_visible(**at) && !wsd_is_blank(**at))
                return false;
        }
    }
}

/* Puts the token in lower case.  False: there is none. */
static bool read_token(char **at)
{
    const char *start = *at;

    for (; wsd_is_token_char(**at); (*at)++)
        **at = wsd_lower(**at);
    return *at > start;
}

/* Takes quotes and escapes out; *end is where the value then ends. */
static bool read_quoted(char **at, char **end)
{
    char *to = *at;

    for ((*at)++; **at != '"'; (*at)++) {
        if (**at == '\\')
            (*at)++;
        if (!wsd_is_visible(**at) && !wsd_is_blank(**at))
            return false;
        *to++ = **at;
    }
    (*at)++;
    *end = to;
    return true;
}

static bool read_unquoted(char **at, char **end, struct wsd_tolerances *tolerances)
{
    const char *start = *at;
    bool is_token = true;

    for (; is_unquoted_char(**at); (*at)++)
        is_token = is_token && wsd_is_token_char(**at);
    *end = *at;
    return *at > start &&
           (is_token || wsd_tolerates(tolerances, WSD_TOLERATE_UNQUOTED_VALUE));
}

/* Reads up to what must be the next semicolon, or the end. */
static bool read_parameter(char **at, const char **name, const char **value,
                           struct wsd_tolerances *tolerances)
{
    char *name_end, *value_end = NULL, *behind;
    bool quoted;

    *name = *at;
    if (!read_token(at))
        return false;
    name_end = *at;
    if (!skip_filler(at) || **at != '=')
        return false;
    (*at)++;
    *name_end = '\0';
    if (!skip_filler(at))
        return false;

    *value = *at;
    quoted = **at == '"';
    if (!(quoted ? read_quoted(at, &value_end)
                 : read_unquoted(at, &value_end, tolerances)))
        return false;
    behind = *at;
    if (!skip_filler(at))
        return false;
    if (**at == ';')
        (*at)++;
    else if (**at != '\0' && !(quoted && *at > behind && wsd_is_token_char(**at) &&
                               wsd_tolerates(tolerances, WSD_TOLERATE_MISSING_SEMICOLON)))
        return false;
    *value_end = '\0'; /* only now: it may stand where the semicolon stood */
    return true;
}

static enum wsd_mime_fault read_parameters(char *at, struct wsd_tolerances *tolerances,
                                           struct wsd_content_type *parsed)
{
    const char *name, *value;

    while (skip_filler(&at)) {
        if (*at == '\0')
            return WSD_MIME_NONE;
        if (*at == ';') { /* RFC 9110 section 5.6.6: a parameter may be empty */
            at++;
            continue;
        }
        if (!read_parameter(&at, &name, &value, tolerances))
            break;
        if (wsd_content_type_parameter(parsed, name) != NULL)
            return WSD_MIME_TYPE_DUPLICATE;
        if (parsed->count == WSD_CONTENT_TYPE_PARAMETERS)
            return WSD_MIME_TYPE_PARAMETERS;
        parsed->parameters[parsed->count].name = name;
        parsed->parameters[parsed->count].value = value;
        parsed->count++;
    }
    return WSD_MIME_TYPE_SYNTAX;
}

enum wsd_mime_fault wsd_content_type_parse(char *value, struct wsd_tolerances *tolerances,
                                           struct wsd_content_type *parsed)
{
    char *at = value, *end;
    bool more;

    *parsed = (struct wsd_content_type){.type = ""};
    if (!skip_filler(&at))
        return WSD_MIME_TYPE_SYNTAX;
    parsed->type = at;
    if (!read_token(&at) || *at++ != '/' || !read_token(&at))
        return WSD_MIME_TYPE_SYNTAX;
    end = at;
    if (!skip_filler(&at) || (*at != ';' && *at != '\0'))
        return WSD_MIME_TYPE_SYNTAX;
    more = *at == ';';
    *end = '\0';
    return more ? read_parameters(at + 1, tolerances, parsed) : WSD_MIME_NONE;
}

const char *wsd_content_type_parameter(const struct wsd_content_type *parsed,
                                       const char *name)
{
    for (size_t i = 0; i < parsed->count; i++) {
        if (strcmp(parsed->parameters[i].name, name) == 0)
            return parsed->parameters[i].value;
    }
    return NULL;
}

enum wsd_mime_fault wsd_content_type_boundary(const struct wsd_content_type *parsed,
                                              const char **boundary)
{
    const char *value = wsd_content_type_parameter(parsed, "boundary");
    size_t length;

    *boundary = NULL;
    if (strncmp(parsed->type, "multipart/", strlen("multipart/")) != 0)
        return WSD_MIME_NOT_MULTIPART;
    if (value == NULL)
        return WSD_MIME_BOUNDARY_MISSING;
    length = strlen(value);
    if (length == 0)
        return WSD_MIME_BOUNDARY_EMPTY;
    if (length > WSD_BOUNDARY_LIMIT)
        return WSD_MIME_BOUNDARY_LENGTH;
    for (size_t i = 0; i < length; i++) {
        if (!is_alphanumeric(value[i]) && !wsd_is_one_of(value[i], "'()+_,-./:=? "))
            return WSD_MIME_BOUNDARY_CHARACTER;
    }
    if (value[length - 1] == ' ')
        return WSD_MIME_BOUNDARY_CHARACTER;
    *boundary = value;
    return WSD_MIME_NONE;
}

const char *wsd_content_type_start_info(const struct wsd_content_type *parsed,
                                        struct wsd_tolerances *tolerances)
{
    const char *value = wsd_content_type_parameter(parsed, "start-info");

    if (value == NULL) {
        value = wsd_content_type_parameter(parsed, "startinfo");
        if (value != NULL && !wsd_tolerates(tolerances, WSD_TOLERATE_START_INFO_SPELLING))
            value = NULL;
    }
    return value;
}
