/*
 * read_gmime -- reads messages with GMime, for compare.py; prints what read_ours does.
 * Run as: read_gmime FILE...
 *
 * "end" has the issues that GMime warns of, or NONE.  A part that GMime has taken apart
 * itself, a multipart or a message, has the hash "opened".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <gmime/gmime.h>

static char issues[4096];

static void on_issue(gint64 offset, GMimeParserWarning issue, const gchar *item,
                     gpointer user)
{
    char number[16];

    (void)offset;
    (void)item;
    (void)user;
    snprintf(number, sizeof(number), "%d", (int)issue);
    if (strstr(issues, number) == NULL && strlen(issues) + 32 < sizeof(issues))
        snprintf(issues + strlen(issues), sizeof(issues) - strlen(issues), "%s%s",
                 issues[0] != '\0' ? "," : "", number);
}

static guint64 hash_of(const guint8 *bytes, gsize size)
{
    guint64 hash = G_GUINT64_CONSTANT(0xCBF29CE484222325);

    for (gsize i = 0; i < size; i++)
        hash = (hash ^ bytes[i]) * G_GUINT64_CONSTANT(0x100000001B3);
    return hash;
}

static void print_visible(const char *text)
{
    for (; *text != '\0'; text++)
        putchar(*text >= ' ' && *text <= '~' ? *text : '?');
    putchar('\t');
}

static void print_part(GMimeObject *part)
{
    GMimeContentType *type = g_mime_object_get_content_type(part);
    const char *id = g_mime_object_get_content_id(part);
    gboolean has_type = g_mime_object_get_header(part, "Content-Type") != NULL;
    gchar *name = g_mime_content_type_get_mime_type(type);
    gchar *lower = g_ascii_strdown(name, -1);
    GMimeDataWrapper *content =
        GMIME_IS_PART(part) ? g_mime_part_get_content(GMIME_PART(part)) : NULL;
    GMimeStream *memory = g_mime_stream_mem_new();
    GByteArray *bytes = g_mime_stream_mem_get_byte_array(GMIME_STREAM_MEM(memory));

    if (content != NULL)
        g_mime_data_wrapper_write_to_stream(content, memory);
    printf("part\t");
    print_visible(has_type ? lower : "-");
    print_visible(id != NULL ? id : "-");
    if (GMIME_IS_PART(part))
        printf("%u\t%016" G_GINT64_MODIFIER "x\n", bytes->len,
               hash_of(bytes->data, bytes->len));
    else
        printf("0\topened\n");
    g_object_unref(memory);
    g_free(lower);
    g_free(name);
}

static void read_message(const char *path, GMimeParserOptions *options)
{
    GMimeStream *stream = g_mime_stream_file_open(path, "rb", NULL);
    GMimeParser *parser;
    GMimeObject *message;
    const char *name = strrchr(path, '/');

    if (stream == NULL)
        exit(EXIT_FAILURE);
    issues[0] = '\0';
    parser = g_mime_parser_new_with_stream(stream);
    message = g_mime_parser_construct_part(parser, options);
    printf("message\t%s\n", name != NULL ? name + 1 : path);
    if (message != NULL && GMIME_IS_MULTIPART(message)) {
        for (int i = 0; i < g_mime_multipart_get_count(GMIME_MULTIPART(message)); i++)
            print_part(g_mime_multipart_get_part(GMIME_MULTIPART(message), i));
        printf("end\t%s\n", issues[0] != '\0' ? issues : "NONE");
    } else {
        printf("end\tnot-multipart\n");
    }
    if (message != NULL)
        g_object_unref(message);
    g_object_unref(parser);
    g_object_unref(stream);
}

int main(int argc, char **argv)
{
    GMimeParserOptions *options;

    g_mime_init();
    options = g_mime_parser_options_new();
    g_mime_parser_options_set_warning_callback(options, on_issue, NULL);
    for (int i = 1; i < argc; i++)
        read_message(argv[i], options);
    g_mime_parser_options_free(options);
    g_mime_shutdown();
    return EXIT_SUCCESS;
}
