#include "soap/xml_path.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { LONGEST_PATH = 2048 };

struct step {
    const char *name;
    size_t length;
    int32_t index; /* 1-based */
};

static bool is_name_start(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_' ||
           (unsigned char)c > 127;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_name_character(char c)
{
    return is_name_start(c) || is_digit(c) || c == '-' || c == '.';
}

/* Moves *cursor behind the number. */
static bool read_index(const char **cursor, int32_t *index)
{
    const char *at = *cursor;

    if (*at == '0')
        return false;
    for (*index = 0; is_digit(*at); at++) {
        int32_t digit = *at - '0';

        if (*index > (INT32_MAX - digit) / 10)
            return false;
        *index = 10 * *index + digit;
    }
    *cursor = at;
    return *index > 0;
}

/* Moves *cursor behind the step. */
static bool read_step(const char **cursor, struct step *step)
{
    const char *at = *cursor;

    step->name = at;
    step->index = 1;
    if (!is_name_start(*at))
        return false;
    while (is_name_character(*at))
        at++;
    step->length = (size_t)(at - step->name);
    if (*at == '[') {
        at++;
        if (!read_index(&at, &step->index) || *at++ != ']')
            return false;
    }
    *cursor = at;
    return true;
}

static bool is_path(const char *path)
{
    struct step step;

    if (strnlen(path, LONGEST_PATH + 1) > LONGEST_PATH)
        return false;
    while (read_step(&path, &step)) {
        if (*path == '\0')
            return true;
        if (*path++ != '/')
            return false;
    }
    return false;
}

static bool is_named(const xmlNode *node, const struct step *step)
{
    const char *name = (const char *)node->name;

    return node->type == XML_ELEMENT_NODE &&
           strncmp(name, step->name, step->length) == 0 && name[step->length] == '\0';
}

static xmlNode *find_child(const xmlNode *parent, const struct step *step)
{
    int32_t left = step->index;

    for (xmlNode *child = parent->children; child != NULL; child = child->next) {
        if (is_named(child, step) && --left == 0)
            return child;
    }
    return NULL;
}

HRESULT wsd_xml_path_find(xmlNode *root, const char *path, xmlNode **element)
{
    xmlNode *found = root;
    struct step step;

    *element = NULL;
    if (!is_path(path))
        return E_INVALIDARG;

    (void)read_step(&path, &step);
    if (root == NULL || step.index != 1 || !is_named(root, &step))
        return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    while (*path++ == '/') {
        (void)read_step(&path, &step);
        found = find_child(found, &step);
        if (found == NULL)
            return HRESULT_FROM_WIN32(ERROR_NOT_FOUND);
    }
    *element = found;
    return S_OK;
}
