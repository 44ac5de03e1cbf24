#include "wininet/authorization.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/field.h"
#include "mime/ascii.h"
#include "wininet/md5.h"

#define COUNT                                                                            \
    "00000001" /* of the requests with this nonce: each challenge has another            \
                */

/* ---- reading a challenge (RFC 9110 section 11.6.1) ---- */

struct parameter {
    const char *name, *value; /* the value without its quotes, backslashes kept */
    size_t name_length, value_length;
};

static size_t skip(const char *at, const char *set)
{
    return strspn(at, set);
}

static size_t token_length(const char *at)
{
    size_t length = 0;

    while (at[length] != '\0' && wsd_field_is_token(at + length, 1))
        length++;
    return length;
}

/* Reads name=value at `at`; returns what follows, or NULL if there is none. */
static const char *read_parameter(const char *at, struct parameter *parameter)
{
    parameter->name = at;
    parameter->name_length = token_length(at);
    at += parameter->name_length;
    at += skip(at, " \t");
    if (parameter->name_length == 0 || *at != '=')
        return NULL;
    at++;
    at += skip(at, " \t");
    if (*at != '"') {
        parameter->value = at;
        parameter->value_length = token_length(at);
        return at + parameter->value_length;
    }
    parameter->value = ++at;
    while (*at != '\0' && *at != '"')
        at += at[0] == '\\' && at[1] != '\0' ? 2 : 1;
    parameter->value_length = (size_t)(at - parameter->value);
    return *at == '"' ? at + 1 : NULL;
}

struct challenge {
    struct parameter realm, nonce, opaque, algorithm, qop;
};

static bool is_named(const struct parameter *parameter, const char *name)
{
    return parameter->name_length == strlen(name) &&
           wsd_is_same_word(parameter->name, name, parameter->name_length);
}

/* Reads the parameters behind a scheme. */
static struct challenge read_challenge(const char *at)
{
    struct challenge challenge = {{0}, {0}, {0}, {0}, {0}};
    struct parameter parameter;

    while (at != NULL) {
        at += skip(at, " \t,");
        at = read_parameter(at, &parameter);
        if (at == NULL)
            break;
        if (is_named(&parameter, "realm"))
            challenge.realm = parameter;
        else if (is_named(&parameter, "nonce"))
            challenge.nonce = parameter;
        else if (is_named(&parameter, "opaque"))
            challenge.opaque = parameter;
        else if (is_named(&parameter, "algorithm"))
            challenge.algorithm = parameter;
        else if (is_named(&parameter, "qop"))
            challenge.qop = parameter;
    }
    return challenge;
}

/* Behind the name of a scheme among the challenges of one line; NULL if it is not there.
 */
static const char *find_scheme(const char *at, const char *scheme)
{
    size_t length = strlen(scheme);

    while (*at != '\0') {
        struct parameter parameter;
        const char *next;

        at += skip(at, " \t,");
        if (token_length(at) == length && wsd_is_same_word(at, scheme, length) &&
            (at[length] == ' ' || at[length] == '\0' || at[length] == ','))
            return at + length;
        next = read_parameter(at, &parameter);
        if (next == NULL)
            next = at + token_length(at);
        at = next == at ? at + (*at != '\0') : next;
    }
    return NULL;
}

static const char *find_challenge(const struct wsd_header_list *response,
                                  const char *scheme)
{
    for (size_t i = 0;; i++) {
        const char *line = wsd_header_list_find(response, "WWW-Authenticate", i);
        const char *found = line == NULL ? NULL : find_scheme(line, scheme);

        if (line == NULL || found != NULL)
            return found;
    }
}

/* ---- Basic ---- */

static HRESULT answer_basic(const struct wsd_authorization *given, struct wsd_text *value)
{
    static const char digits[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    struct wsd_text plain;
    HRESULT hr;

    if (strchr(given->user, ':') != NULL) /* where the password would begin */
        return S_FALSE;
    wsd_text_init(&plain, value->mem, SIZE_MAX);
    wsd_text_append_string(&plain, given->user);
    wsd_text_append_string(&plain, ":");
    hr = wsd_text_append_string(&plain, given->password);
    wsd_text_append_string(value, "Basic ");
    for (size_t i = 0; hr == S_OK && i < plain.length; i += 3) {
        size_t left = plain.length - i;
        uint32_t bits = (uint32_t)(uint8_t)plain.bytes[i] << 16;
        char group[4];

        if (left > 1)
            bits |= (uint32_t)(uint8_t)plain.bytes[i + 1] << 8;
        if (left > 2)
            bits |= (uint8_t)plain.bytes[i + 2];
        for (int k = 0; k < 4; k++)
            group[k] = digits[bits >> (18 - 6 * k) & 63];
        if (left < 3)
            group[3] = '=';
        if (left < 2)
            group[2] = '=';
        hr = wsd_text_append(value, group, sizeof(group));
    }
    wsd_text_fini(&plain);
    return hr;
}

/* ---- Digest ---- */

static void append_parameter(struct wsd_text *text, const struct parameter *parameter)
{
    wsd_text_append(text, parameter->value, parameter->value_length);
}

/* The digits of the text's MD5, and an empty text. */
static HRESULT hash(struct wsd_text *text, char digits[WSD_MD5_SIZE])
{
    const struct wsd_mem *mem = text->mem;
    HRESULT hr = text->error;

    if (hr == S_OK)
        wsd_md5(text->bytes, text->length, digits);
    wsd_text_fini(text);
    wsd_text_init(text, mem, SIZE_MAX);
    return hr;
}

/* Quotes and backslashes of the user's name, for a quoted string. */
static void append_quoted(struct wsd_text *text, const char *string)
{
    for (; *string != '\0'; string++) {
        if (*string == '"' || *string == '\\')
            wsd_text_append_string(text, "\\");
        wsd_text_append(text, string, 1);
    }
}

static bool has_auth(const struct parameter *qop)
{
    for (size_t i = 0; i < qop->value_length;) {
        size_t length = token_length(qop->value + i);

        if (length == 4 && wsd_is_same_word(qop->value + i, "auth", 4))
            return true;
        i += length == 0 ? 1 : length;
    }
    return false;
}

/* RFC 7616 section 3.4.1 */
static HRESULT digest(const struct wsd_authorization *given,
                      const struct challenge *challenge, char response[WSD_MD5_SIZE],
                      const struct wsd_mem *mem)
{
    char secret[WSD_MD5_SIZE], what[WSD_MD5_SIZE];
    struct wsd_text text;
    HRESULT hr;

    wsd_text_init(&text, mem, SIZE_MAX);
    wsd_text_append_string(&text, given->user);
    wsd_text_append_string(&text, ":");
    append_parameter(&text, &challenge->realm);
    wsd_text_append_string(&text, ":");
    wsd_text_append_string(&text, given->password);
    hr = hash(&text, secret);
    wsd_text_append_string(&text, given->method);
    wsd_text_append_string(&text, ":");
    wsd_text_append_string(&text, given->target);
    if (hr == S_OK)
        hr = hash(&text, what);
    if (hr == S_OK) {
        wsd_text_append_string(&text, secret);
        wsd_text_append_string(&text, ":");
        append_parameter(&text, &challenge->nonce);
        if (challenge->qop.value != NULL) {
            wsd_text_append_string(&text, ":" COUNT ":");
            wsd_text_append_string(&text, given->nonce);
            wsd_text_append_string(&text, ":auth");
        }
        wsd_text_append_string(&text, ":");
        wsd_text_append_string(&text, what);
        hr = hash(&text, response);
    }
    wsd_text_fini(&text);
    return hr;
}

static HRESULT answer_digest(const struct wsd_authorization *given,
                             const char *parameters, struct wsd_text *value)
{
    struct challenge challenge = read_challenge(parameters);
    const struct parameter *algorithm = &challenge.algorithm;
    char response[WSD_MD5_SIZE];
    HRESULT hr;

    if (challenge.realm.value == NULL || challenge.nonce.value == NULL ||
        (algorithm->value != NULL && (algorithm->value_length != 3 ||
                                      !wsd_is_same_word(algorithm->value, "MD5", 3))) ||
        (challenge.qop.value != NULL && !has_auth(&challenge.qop)))
        return S_FALSE;
    hr = digest(given, &challenge, response, value->mem);
    if (FAILED(hr))
        return hr;
    wsd_text_append_string(value, "Digest username=\"");
    append_quoted(value, given->user);
    wsd_text_append_string(value, "\", realm=\"");
    append_parameter(value, &challenge.realm);
    wsd_text_append_string(value, "\", nonce=\"");
    append_parameter(value, &challenge.nonce);
    wsd_text_append_string(value, "\", uri=\"");
    wsd_text_append_string(value, given->target);
    wsd_text_append_string(value, "\", response=\"");
    wsd_text_append_string(value, response);
    wsd_text_append_string(value, "\"");
    if (algorithm->value != NULL)
        wsd_text_append_string(value, ", algorithm=MD5");
    if (challenge.opaque.value != NULL) {
        wsd_text_append_string(value, ", opaque=\"");
        append_parameter(value, &challenge.opaque);
        wsd_text_append_string(value, "\"");
    }
    if (challenge.qop.value != NULL) {
        wsd_text_append_string(value, ", qop=auth, nc=" COUNT ", cnonce=\"");
        wsd_text_append_string(value, given->nonce);
        wsd_text_append_string(value, "\"");
    }
    return value->error;
}

HRESULT wsd_authorization_answer(const struct wsd_authorization *given,
                                 struct wsd_text *value)
{
    const char *parameters = find_challenge(given->response, "Digest");
    HRESULT hr = S_FALSE;

    if (parameters != NULL)
        hr = answer_digest(given, parameters, value);
    if (hr == S_FALSE && find_challenge(given->response, "Basic") != NULL)
        hr = answer_basic(given, value);
    return hr;
}
