#include "wininet/header_list.h"

#include <stdint.h>
#include <string.h>

#include "base/field.h"
#include "mime/ascii.h"
#include "wininet/internet_error.h"

#define COALESCE                                                                         \
    (HTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA | HTTP_ADDREQ_FLAG_COALESCE_WITH_SEMICOLON)

/* One line of the application's text. */
struct field {
    const char *name, *value;
    size_t name_length, value_length;
};

void wsd_header_list_init(struct wsd_header_list *list, const struct wsd_mem *mem)
{
    *list = (struct wsd_header_list){.mem = mem};
}

void wsd_header_list_fini(struct wsd_header_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        wsd_free(list->mem, list->lines[i]);
    if (list->lines != NULL)
        wsd_free(list->mem, list->lines);
    *list = (struct wsd_header_list){0};
}

void wsd_header_list_swap(struct wsd_header_list *a, struct wsd_header_list *b)
{
    struct wsd_header_list kept = *a;

    *a = *b;
    *b = kept;
}

static HRESULT reserve(struct wsd_header_list *list)
{
    size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
    char **lines;

    if (list->count < list->capacity)
        return S_OK;
    lines = wsd_alloc(list->mem, capacity * sizeof(*lines));
    if (lines == NULL)
        return E_OUTOFMEMORY;
    if (list->lines != NULL) {
        memcpy(lines, list->lines, list->count * sizeof(*lines));
        wsd_free(list->mem, list->lines);
    }
    list->lines = lines;
    list->capacity = capacity;
    return S_OK;
}

/* `first`, `second` and `third` as one string; NULL without memory. */
static char *join(const struct wsd_mem *mem, const char *first, size_t first_length,
                  const char *second, const char *third, size_t third_length)
{
    size_t second_length = strlen(second);
    char *text = wsd_alloc(mem, first_length + second_length + third_length + 1);

    if (text == NULL)
        return NULL;
    memcpy(text, first, first_length);
    memcpy(text + first_length, second, second_length);
    if (third_length > 0)
        memcpy(text + first_length + second_length, third, third_length);
    return text;
}

HRESULT wsd_header_list_append(struct wsd_header_list *list, const char *name,
                               size_t name_length, const char *value, size_t value_length)
{
    HRESULT hr = reserve(list);
    char *line;

    if (FAILED(hr))
        return hr;
    line = join(list->mem, name, name_length, ": ", value, value_length);
    if (line == NULL)
        return E_OUTOFMEMORY;
    list->lines[list->count++] = line;
    return S_OK;
}

HRESULT wsd_header_list_add(struct wsd_header_list *list, const char *name,
                            const char *value)
{
    return wsd_header_list_append(list, name, strlen(name), value, strlen(value));
}

HRESULT wsd_header_list_copy(struct wsd_header_list *list,
                             const struct wsd_header_list *from)
{
    HRESULT hr = S_OK;

    for (size_t i = 0; hr == S_OK && i < from->count; i++) {
        const char *line = from->lines[i];
        const char *value = strchr(line, ':') + 2;

        hr = wsd_header_list_append(list, line, (size_t)(value - 2 - line), value,
                                    strlen(value));
    }
    return hr;
}

/* The index of the line of this name, counted from 0 and from `from`; list->count if
 * there is none. */
static size_t find(const struct wsd_header_list *list, const char *name,
                   size_t name_length, size_t from)
{
    for (size_t i = from; i < list->count; i++)
        if (wsd_is_same_word(list->lines[i], name, name_length) &&
            list->lines[i][name_length] == ':')
            return i;
    return list->count;
}

static void remove_at(struct wsd_header_list *list, size_t index)
{
    wsd_free(list->mem, list->lines[index]);
    list->count--;
    memmove(list->lines + index, list->lines + index + 1,
            (list->count - index) * sizeof(*list->lines));
}

size_t wsd_header_list_remove(struct wsd_header_list *list, const char *line,
                              size_t limit)
{
    size_t name_length = strcspn(line, ":");
    size_t removed = 0;

    for (size_t i = find(list, line, name_length, 0); i < limit - removed;
         i = find(list, line, name_length, i)) {
        remove_at(list, i);
        removed++;
    }
    return removed;
}

const char *wsd_header_list_find(const struct wsd_header_list *list, const char *name,
                                 size_t which)
{
    size_t name_length = strlen(name);
    size_t i = find(list, name, name_length, 0);

    for (; i < list->count && which > 0; which--)
        i = find(list, name, name_length, i + 1);
    return i < list->count ? list->lines[i] + name_length + 2 : NULL;
}

bool wsd_header_list_has(const struct wsd_header_list *list, const char *name)
{
    return wsd_header_list_find(list, name, 0) != NULL;
}

/* ---- what an application adds ---- */

static bool is_line_end(char c)
{
    return c == '\r' || c == '\n';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static HRESULT read_field(const char *line, size_t length, struct field *field)
{
    const char *colon = memchr(line, ':', length);

    if (colon == NULL || !wsd_field_is_line(line, length) ||
        !wsd_field_is_token(line, (size_t)(colon - line)))
        return E_INVALIDARG;
    field->name = line;
    field->name_length = (size_t)(colon - line);
    field->value = colon + 1;
    field->value_length = length - field->name_length - 1;
    while (field->value_length > 0 && is_blank(field->value[0])) {
        field->value++;
        field->value_length--;
    }
    while (field->value_length > 0 && is_blank(field->value[field->value_length - 1]))
        field->value_length--;
    return S_OK;
}

static HRESULT append_field(struct wsd_header_list *list, const struct field *field)
{
    return wsd_header_list_append(list, field->name, field->name_length, field->value,
                                  field->value_length);
}

static HRESULT coalesce(struct wsd_header_list *list, const struct field *field,
                        size_t at, const char *separator)
{
    char *line = list->lines[at];
    char *longer =
        join(list->mem, line, strlen(line), separator, field->value, field->value_length);

    if (longer == NULL)
        return E_OUTOFMEMORY;
    wsd_free(list->mem, line);
    list->lines[at] = longer;
    return S_OK;
}

static HRESULT apply(struct wsd_header_list *list, const struct field *field,
                     DWORD modifiers)
{
    size_t at = find(list, field->name, field->name_length, 0);
    bool is_there = at < list->count;

    if (modifiers & HTTP_ADDREQ_FLAG_REPLACE) {
        if (!is_there && !(modifiers & HTTP_ADDREQ_FLAG_ADD))
            return INTERNET_E(HTTP_HEADER_NOT_FOUND);
        if (is_there)
            remove_at(list, at);
        return field->value_length > 0 ? append_field(list, field) : S_OK;
    }
    if (field->value_length == 0)
        return E_INVALIDARG;
    if (is_there && (modifiers & HTTP_ADDREQ_FLAG_ADD_IF_NEW))
        return INTERNET_E(HTTP_HEADER_ALREADY_EXISTS);
    if (is_there && (modifiers & COALESCE))
        return coalesce(list, field, at,
                        modifiers & HTTP_ADDREQ_FLAG_COALESCE_WITH_COMMA ? ", " : "; ");
    return append_field(list, field);
}

static HRESULT apply_all(struct wsd_header_list *list, const char *text, size_t length,
                         DWORD modifiers)
{
    bool has_line = false;
    HRESULT hr = S_OK;

    for (size_t at = 0; hr == S_OK && at < length;) {
        struct field field;
        size_t size = 0;

        while (at + size < length && !is_line_end(text[at + size]))
            size++;
        if (size > 0) {
            has_line = true;
            hr = read_field(text + at, size, &field);
            if (hr == S_OK)
                hr = apply(list, &field, modifiers);
        }
        at += size + 1;
    }
    return hr == S_OK && !has_line ? E_INVALIDARG : hr;
}

HRESULT wsd_header_list_modify(struct wsd_header_list *list, const char *text,
                               size_t length, DWORD modifiers)
{
    struct wsd_header_list changed;
    HRESULT hr;

    wsd_header_list_init(&changed, list->mem);
    hr = wsd_header_list_copy(&changed, list);
    if (hr == S_OK)
        hr = apply_all(&changed, text, length, modifiers);
    if (hr == S_OK)
        wsd_header_list_swap(list, &changed);
    wsd_header_list_fini(&changed);
    return hr;
}
