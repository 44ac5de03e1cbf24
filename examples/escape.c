#include "escape.h"

#include <string.h>

/* The length of the UTF-8 character that begins the text; 0: it begins none. */
static size_t utf8_length(const char *text)
{
    unsigned char first = (unsigned char)*text;
    size_t length = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;

    if (first >= 0x80 && (first < 0xC2 || first > 0xF4))
        return 0;
    for (size_t i = 1; i < length; i++)
        if (((unsigned char)text[i] & 0xC0) != 0x80)
            return 0;
    return length;
}

/* Special characters become what `format` makes of their numbers. */
static void put_escaped(FILE *to, const char *text, const char *specials,
                        const char *format)
{
    while (*text != '\0') {
        size_t length = utf8_length(text);

        if (length == 0 || (unsigned char)*text < ' ')
            fputc('?', to);
        else if (strchr(specials, *text) != NULL)
            fprintf(to, format, (unsigned)*text);
        else
            fwrite(text, 1, length, to);
        text += length > 0 ? length : 1;
    }
}

void escape_xml(FILE *to, const char *text)
{
    put_escaped(to, text, "&<>\"", "&#%u;");
}

void escape_json(FILE *to, const char *text)
{
    put_escaped(to, text, "\"\\", "\\u%04x");
}
