#include "soap/xml_document.h"

#include <limits.h>
#include <string.h>

#include <libxml/SAX2.h>
#include <libxml/parser.h>
#include <libxml/xmlerror.h>

#include "base/mem.h"
#include "wsd_error.h"

enum { MAX_DEPTH = 256, MAX_ATTRIBUTES = 256, MAX_NAMESPACES = 1024 };

/* ---- Parsing ---------------------------------------------------------------------- */

struct parse {
    bool out_of_memory;
    bool refused;
    size_t depth;            /* open elements */
    int namespaces;          /* declared by the open elements, together ... */
    int declared[MAX_DEPTH]; /* ... and by each of them */
};

static struct parse *parse_of(void *context)
{
    return ((xmlParserCtxt *)context)->_private;
}

static void refuse(void *context)
{
    parse_of(context)->refused = true;
    xmlStopParser(context);
}

static void on_document_type(void *context, const xmlChar *name,
                             const xmlChar *external_id, const xmlChar *system_id)
{
    (void)name;
    (void)external_id;
    (void)system_id;
    refuse(context);
}

static void on_processing_instruction(void *context, const xmlChar *target,
                                      const xmlChar *data)
{
    (void)target;
    (void)data;
    refuse(context);
}

static void on_start(void *context, const xmlChar *name, const xmlChar *prefix,
                     const xmlChar *uri, int namespace_count, const xmlChar **namespaces,
                     int attribute_count, int default_count, const xmlChar **attributes)
{
    struct parse *parse = parse_of(context);

    if (parse->depth == MAX_DEPTH ||
        namespace_count > MAX_NAMESPACES - parse->namespaces) {
        refuse(context);
        return;
    }
    parse->declared[parse->depth++] = namespace_count;
    parse->namespaces += namespace_count;
    xmlSAX2StartElementNs(context, name, prefix, uri, namespace_count, namespaces,
                          attribute_count, default_count, attributes);
}

static void on_end(void *context, const xmlChar *name, const xmlChar *prefix,
                   const xmlChar *uri)
{
    struct parse *parse = parse_of(context);

    if (parse->depth > 0)
        parse->namespaces -= parse->declared[--parse->depth];
    xmlSAX2EndElementNs(context, name, prefix, uri);
}

#if LIBXML_VERSION >= 21200
typedef const xmlError reported_error;
#else
typedef xmlError reported_error;
#endif

static void on_error(void *user, reported_error *error)
{
    struct parse *parse = user;

    if (error->code == XML_ERR_NO_MEMORY)
        parse->out_of_memory = true;
    else if (error->level == XML_ERR_FATAL)
        parse->refused = true;
    else if (error->level == XML_ERR_ERROR && error->domain == XML_FROM_NAMESPACE &&
             error->code != XML_WAR_NS_URI) /* a namespace's name is only compared */
        parse->refused = true;
}

/* Would libxml2 read the bytes as UTF-8, and all of them?  It goes by the first ones,
 * would also know EBCDIC, and takes a NUL for the end.  (To name the encoding to it would
 * be simpler, but then 2.9 crashes when memory is short.) */
static bool looks_like_utf8(const char *bytes, size_t size)
{
    static const char mark[] = "\xEF\xBB\xBF";
    size_t skip = size > 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;

    return size > 0 && memchr("< \t\r\n", bytes[skip], 5) != NULL &&
           memchr(bytes, '\0', size) == NULL;
}

/* libxml2 before 2.12 compares every attribute of a tag with every other one.  A '<' in a
 * value is not well-formed, so that each '<' is a fresh start for it as for us. */
static bool has_few_attributes(const char *bytes, size_t size)
{
    bool in_tag = false;
    char quote = '\0';
    size_t values = 0;

    for (const char *at = bytes; at < bytes + size; at++) {
        if (*at == '<') {
            in_tag = true;
            quote = '\0';
            values = 0;
        } else if (quote != '\0') {
            if (*at == quote)
                quote = '\0';
        } else if (in_tag && (*at == '"' || *at == '\'')) {
            quote = *at;
            if (++values > MAX_ATTRIBUTES)
                return false;
        } else if (*at == '>') {
            in_tag = false;
        } else if (in_tag && at[-1] == '<' && (*at == '!' || *at == '?')) {
            in_tag = false; /* a comment or CDATA may have any number of quotes */
        }
    }
    return true;
}

static xmlDoc *read_document(struct parse *parse, const char *bytes, int size)
{
    xmlParserCtxt *context = xmlNewParserCtxt();
    xmlDoc *document;

    if (context == NULL)
        return NULL;
    context->_private = parse;
    context->sax->internalSubset = on_document_type;
    context->sax->processingInstruction = on_processing_instruction;
    context->sax->startElementNs = on_start;
    context->sax->endElementNs = on_end;
    context->sax->comment = NULL;
    /* Without NOENT an "&amp;" in a namespace's name becomes "&#38;".  There are no
     * entities that it could expand: a document type is refused. */
    document = xmlCtxtReadMemory(context, bytes, size, NULL, NULL,
                                 XML_PARSE_NONET | XML_PARSE_NOCDATA |
                                     XML_PARSE_IGNORE_ENC | XML_PARSE_NOENT);
    xmlFreeParserCtxt(context);
    return document;
}

/* libxml2 keeps its errors with each thread, and does not look whether it could. */
static bool has_state(void)
{
#if LIBXML_VERSION >= 21200
    return xmlCheckThreadLocalData() == 0;
#else
    /* It would tell nobody but itself that there is no memory, for ever. */
    void *room = wsd_alloc(wsd_mem_heap(), sizeof(xmlGlobalState));
    bool has_room = room != NULL;

    wsd_free(wsd_mem_heap(), room);
    return has_room && xmlGetGlobalState() != NULL;
#endif
}

HRESULT wsd_xml_parse(const void *bytes, size_t size, xmlDoc **out)
{
    struct parse parse = {0};
    xmlStructuredErrorFunc handler;
    void *handler_context;
    xmlDoc *document;

    *out = NULL;
    if (size > INT_MAX || !looks_like_utf8(bytes, size) ||
        !has_few_attributes(bytes, size))
        return WS_E_INVALID_FORMAT;
    xmlInitParser();
    if (!has_state())
        return E_OUTOFMEMORY;

    /* The handler is this thread's.  It has to be set even though the parser could have
     * one of its own, because the tree's errors would not come to that but to stderr. */
    handler = xmlStructuredError;
    handler_context = xmlStructuredErrorContext;
    xmlSetStructuredErrorFunc(&parse, on_error);
    document = read_document(&parse, bytes, (int)size);
    xmlSetStructuredErrorFunc(handler_context, handler);
    xmlResetLastError();

    if (document != NULL && !parse.refused && !parse.out_of_memory) {
        *out = document;
        return S_OK;
    }
    xmlFreeDoc(document);
    return parse.refused && !parse.out_of_memory ? WS_E_INVALID_FORMAT : E_OUTOFMEMORY;
}

/* ---- Looking around --------------------------------------------------------------- */

static bool is_element(const xmlNode *node)
{
    return node->type == XML_ELEMENT_NODE;
}

static bool declares(const xmlNs *declaration, const char *prefix, size_t length)
{
    const char *declared = (const char *)declaration->prefix;

    if (declared == NULL)
        return length == 0;
    return strlen(declared) == length && memcmp(declared, prefix, length) == 0;
}

const xmlNs *wsd_xml_find_namespace(const xmlNode *element, const char *prefix,
                                    size_t length)
{
    for (; element != NULL && is_element(element); element = element->parent) {
        for (const xmlNs *ns = element->nsDef; ns != NULL; ns = ns->next) {
            if (declares(ns, prefix, length))
                return ns;
        }
    }
    return NULL;
}

bool wsd_xml_is_blank(const char *text)
{
    return text[strspn(text, " \t\r\n")] == '\0';
}

/* ---- Writing ---------------------------------------------------------------------- */

#define SPECIAL_IN_TEXT "&<>\r"
#define SPECIAL_ON_ONE_LINE "&<>\r\n"
#define SPECIAL_IN_ATTRIBUTE "&<>\"\t\r\n"

enum form { AS_PARSED, STANDALONE, ONE_LINE };

static const char *reference_to(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\t':
        return "&#9;";
    case '\r':
        return "&#13;";
    default:
        return "&#10;";
    }
}

static void append_escaped(struct wsd_text *out, const xmlChar *content,
                           const char *special)
{
    const char *text = content != NULL ? (const char *)content : "";

    for (;;) {
        size_t plain = strcspn(text, special);

        wsd_text_append(out, text, plain);
        text += plain;
        if (*text == '\0')
            return;
        wsd_text_append_string(out, reference_to(*text++));
    }
}

static void append_name(struct wsd_text *out, const xmlNs *ns, const xmlChar *name)
{
    if (ns != NULL && ns->prefix != NULL) {
        wsd_text_append_string(out, (const char *)ns->prefix);
        wsd_text_append_string(out, ":");
    }
    wsd_text_append_string(out, (const char *)name);
}

static void append_declaration(struct wsd_text *out, const xmlNs *ns)
{
    wsd_text_append_string(out, " xmlns");
    if (ns->prefix != NULL) {
        wsd_text_append_string(out, ":");
        wsd_text_append_string(out, (const char *)ns->prefix);
    }
    wsd_text_append_string(out, "=\"");
    append_escaped(out, ns->href, SPECIAL_IN_ATTRIBUTE);
    wsd_text_append_string(out, "\"");
}

static void append_inherited_declarations(struct wsd_text *out, const xmlNode *element)
{
    const xmlNode *above = element->parent;

    for (; above != NULL && is_element(above); above = above->parent) {
        for (const xmlNs *ns = above->nsDef; ns != NULL; ns = ns->next) {
            const char *prefix = ns->prefix != NULL ? (const char *)ns->prefix : "";
            bool hidden = wsd_xml_find_namespace(element, prefix, strlen(prefix)) != ns;
            bool empty = ns->href == NULL || *ns->href == '\0'; /* xmlns="" */

            if (!hidden && !empty)
                append_declaration(out, ns);
        }
    }
}

static void append_attribute(struct wsd_text *out, const xmlAttr *attribute)
{
    wsd_text_append_string(out, " ");
    append_name(out, attribute->ns, attribute->name);
    wsd_text_append_string(out, "=\"");
    for (const xmlNode *part = attribute->children; part != NULL; part = part->next)
        append_escaped(out, part->content, SPECIAL_IN_ATTRIBUTE);
    wsd_text_append_string(out, "\"");
}

/* The element's own xml:space, or else what holds around it (XML 1.0 section 2.10). */
static bool preserves_space(const xmlNode *element, bool inherited)
{
    const xmlAttr *space = element->properties;

    while (space != NULL && (strcmp((const char *)space->name, "space") != 0 ||
                             space->ns == NULL || !declares(space->ns, "xml", 3)))
        space = space->next;
    if (space == NULL || space->children == NULL)
        return inherited;
    return strcmp((const char *)space->children->content, "preserve") == 0;
}

/* Blank text next to elements only is layout; next to other text, or alone, it is data.
 */
static bool has_only_elements(const xmlNode *element)
{
    bool found = false;

    for (const xmlNode *child = element->children; child != NULL; child = child->next) {
        if (is_element(child))
            found = true;
        else if (!wsd_xml_is_blank((const char *)child->content))
            return false;
    }
    return found;
}

/* Recursion is no deeper than MAX_DEPTH. */
static void append_element(struct wsd_text *out, const xmlNode *element, enum form form,
                           bool preserve)
{
    bool drop_texts;

    wsd_text_append_string(out, "<");
    append_name(out, element->ns, element->name);
    for (const xmlNs *ns = element->nsDef; ns != NULL; ns = ns->next)
        append_declaration(out, ns);
    if (form == STANDALONE)
        append_inherited_declarations(out, element);
    for (const xmlAttr *attribute = element->properties; attribute != NULL;
         attribute = attribute->next)
        append_attribute(out, attribute);
    if (element->children == NULL && element->_private == NULL) {
        wsd_text_append_string(out, "/>");
        return;
    }

    wsd_text_append_string(out, ">");
    preserve = preserves_space(element, preserve);
    drop_texts = form == ONE_LINE && !preserve && has_only_elements(element);
    if (form == STANDALONE)
        form = AS_PARSED;
    if (element->_private != NULL) {
        wsd_text_append_string(out, element->_private);
    } else {
        for (const xmlNode *child = element->children; child != NULL;
             child = child->next) {
            if (is_element(child))
                append_element(out, child, form, preserve);
            else if (!drop_texts)
                append_escaped(out, child->content,
                               form == ONE_LINE ? SPECIAL_ON_ONE_LINE : SPECIAL_IN_TEXT);
        }
    }
    wsd_text_append_string(out, "</");
    append_name(out, element->ns, element->name);
    wsd_text_append_string(out, ">");
}

void wsd_xml_append_text(struct wsd_text *out, const char *text)
{
    append_escaped(out, (const xmlChar *)text, SPECIAL_ON_ONE_LINE);
}

void wsd_xml_append_node(struct wsd_text *out, const xmlNode *node)
{
    if (is_element(node))
        append_element(out, node, AS_PARSED, false);
    else
        append_escaped(out, node->content, SPECIAL_IN_TEXT);
}

void wsd_xml_append_standalone(struct wsd_text *out, const xmlNode *element)
{
    append_element(out, element, STANDALONE, false);
}

void wsd_xml_append_one_line(struct wsd_text *out, const xmlNode *element)
{
    append_element(out, element, ONE_LINE, false);
}
