#include "soap/envelope_writer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "soap/namespaces.h"
#include "soap/xml_document.h"
#include "soap/xml_path.h"
#include "wsd_error.h"

/* What one add_include() made: the element's content, on which its _private points. */
struct include {
    struct include *next;
    char markup[];
};

struct wsd_envelope_writer {
    const struct wsd_mem *mem; /* borrowed */
    char *action;
    xmlDoc *document; /* its root is the body element; NULL: no body yet */
    struct include *includes;
};

HRESULT wsd_envelope_writer_create(const struct wsd_mem *mem, const char *action,
                                   struct wsd_envelope_writer **out)
{
    struct wsd_envelope_writer *self = wsd_alloc(mem, sizeof(*self));

    *out = NULL;
    if (self == NULL)
        return E_OUTOFMEMORY;
    self->mem = mem;
    self->action = wsd_copy(mem, action, strlen(action));
    if (self->action == NULL) {
        wsd_envelope_writer_destroy(self);
        return E_OUTOFMEMORY;
    }
    *out = self;
    return S_OK;
}

void wsd_envelope_writer_destroy(struct wsd_envelope_writer *self)
{
    if (self == NULL)
        return;
    while (self->includes != NULL) {
        struct include *next = self->includes->next;

        wsd_free(self->mem, self->includes);
        self->includes = next;
    }
    xmlFreeDoc(self->document);
    wsd_free(self->mem, self->action);
    wsd_free(self->mem, self);
}

HRESULT wsd_envelope_writer_set_body(struct wsd_envelope_writer *self, const char *xml,
                                     size_t length)
{
    xmlDoc *document;
    HRESULT hr;

    if (self->includes != NULL)
        return WS_E_INVALID_OPERATION;
    hr = wsd_xml_parse(xml, length, &document);
    if (hr != S_OK)
        return hr;
    xmlFreeDoc(self->document);
    self->document = document;
    return S_OK;
}

static bool has_content(const xmlNode *element)
{
    for (const xmlNode *child = element->children; child != NULL; child = child->next) {
        if (child->type != XML_TEXT_NODE ||
            !wsd_xml_is_blank((const char *)child->content))
            return true;
    }
    return false;
}

/* The envelope declares the prefix, but the body may have given it to something else. */
static bool is_xop_redeclared(const xmlNode *element)
{
    const xmlNs *ns = wsd_xml_find_namespace(element, "xop", strlen("xop"));

    return ns != NULL && strcmp((const char *)ns->href, WSD_NS_XOP) != 0;
}

HRESULT wsd_envelope_writer_add_include(struct wsd_envelope_writer *self,
                                        const char *path, const char *content_id)
{
    static const char format[] = "<xop:Include%s href=\"cid:%s\"/>";
    xmlNode *root = self->document != NULL ? xmlDocGetRootElement(self->document) : NULL;
    struct include *include;
    const char *declaration;
    xmlNode *element;
    size_t size;
    HRESULT hr = wsd_xml_path_find(root, path, &element);

    if (hr != S_OK)
        return hr;
    if (element->_private != NULL)
        return HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS);
    if (has_content(element))
        return E_INVALIDARG;

    declaration = is_xop_redeclared(element) ? " xmlns:xop=\"" WSD_NS_XOP "\"" : "";
    size = sizeof(format) + strlen(declaration) + strlen(content_id);
    include = wsd_alloc(self->mem, sizeof(*include) + size);
    if (include == NULL)
        return E_OUTOFMEMORY;
    (void)snprintf(include->markup, size, format, declaration, content_id);
    include->next = self->includes;
    self->includes = include;
    element->_private = include->markup;
    return S_OK;
}

static void append_header(struct wsd_text *out, const char *name, const char *scheme,
                          const char *value)
{
    const char *const parts[] = {"<wsa:", name, ">", scheme};

    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        wsd_text_append_string(out, parts[i]);
    wsd_xml_append_text(out, value);
    wsd_text_append_string(out, "</wsa:");
    wsd_text_append_string(out, name);
    wsd_text_append_string(out, ">");
}

HRESULT wsd_envelope_writer_render(struct wsd_envelope_writer *self,
                                   const struct wsd_addressing *addressing,
                                   struct wsd_text *out)
{
    wsd_text_append_string(out, "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                                "<soap:Envelope xmlns:soap=\"" WSD_NS_SOAP "\""
                                " xmlns:wsa=\"" WSD_NS_WSA "\""
                                " xmlns:xop=\"" WSD_NS_XOP "\"><soap:Header>");
    append_header(out, "To", "",
                  addressing->to != NULL ? addressing->to : WSD_WSA_ANONYMOUS);
    append_header(out, "Action", "", self->action);
    append_header(out, "MessageID", "urn:uuid:", addressing->message_id);
    if (addressing->relates_to != NULL)
        append_header(out, "RelatesTo", "", addressing->relates_to);
    else
        wsd_text_append_string(out, "<wsa:ReplyTo><wsa:Address>" WSD_WSA_ANONYMOUS
                                    "</wsa:Address></wsa:ReplyTo>");
    wsd_text_append_string(out, "</soap:Header><soap:Body>");
    if (self->document != NULL)
        wsd_xml_append_one_line(out, xmlDocGetRootElement(self->document));
    return wsd_text_append_string(out, "</soap:Body></soap:Envelope>");
}
