#include "soap/envelope_writer.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/field.h"
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
    xmlDoc *document;       /* its root is the body element; NULL: no body yet */
    const char *fault_code; /* static; NULL: the body is no fault */
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
    self->fault_code = NULL;
    return S_OK;
}

/* ---- faults (SOAP 1.2 part 1 section 5.4) ---- */

static const char *find_code(const char *name)
{
    static const char *const codes[] = {"Sender", "Receiver", "MustUnderstand",
                                        "VersionMismatch", "DataEncodingUnknown"};

    for (size_t i = 0; name != NULL && i < sizeof(codes) / sizeof(codes[0]); i++)
        if (strcmp(codes[i], name) == 0)
            return codes[i];
    return NULL;
}

static bool is_empty(const char *text)
{
    return text == NULL || text[0] == '\0';
}

static void append_strings(struct wsd_text *out, const char *const *parts)
{
    for (size_t i = 0; parts[i] != NULL; i++)
        wsd_text_append_string(out, parts[i]);
}

static void append_subcode(struct wsd_text *out, const wsd_fault *fault)
{
    wsd_text_append_string(out, "<soap:Subcode><soap:Value xmlns:sub=\"");
    wsd_xml_append_text(out, fault->subcode_namespace);
    append_strings(out, (const char *const[]){"\">sub:", fault->subcode,
                                              "</soap:Value></soap:Subcode>", NULL});
}

/* Alone in a document of its own it cannot close what is around it. */
static HRESULT append_detail(struct wsd_text *out, const char *detail)
{
    static const char begin[] = "<soap:Detail xmlns:soap=\"" WSD_NS_SOAP "\">";
    struct wsd_text alone;
    xmlDoc *document = NULL;
    HRESULT hr;

    wsd_text_init(&alone, out->mem, SIZE_MAX);
    append_strings(&alone, (const char *const[]){begin, detail, "</soap:Detail>", NULL});
    hr = alone.error;
    if (hr == S_OK)
        hr = wsd_xml_parse(alone.bytes, alone.length, &document);
    if (hr == S_OK)
        hr = wsd_text_append(out, alone.bytes, alone.length);
    xmlFreeDoc(document);
    wsd_text_fini(&alone);
    return hr;
}

static HRESULT append_fault(struct wsd_text *out, const wsd_fault *fault)
{
    const char *reason = fault->reason != NULL ? fault->reason : "";
    HRESULT hr = S_OK;

    append_strings(out, (const char *const[]){"<soap:Fault xmlns:soap=\"" WSD_NS_SOAP
                                              "\"><soap:Code><soap:Value>soap:",
                                              fault->code, "</soap:Value>", NULL});
    if (!is_empty(fault->subcode))
        append_subcode(out, fault);
    wsd_text_append_string(out, "</soap:Code><soap:Reason><soap:Text xml:lang=\"en\">");
    wsd_xml_append_text(out, reason);
    wsd_text_append_string(out, "</soap:Text></soap:Reason>");
    if (!is_empty(fault->detail))
        hr = append_detail(out, fault->detail);
    wsd_text_append_string(out, "</soap:Fault>");
    return FAILED(out->error) ? out->error : hr;
}

HRESULT wsd_envelope_writer_set_fault(struct wsd_envelope_writer *self,
                                      const wsd_fault *fault)
{
    const char *code = find_code(fault->code);
    struct wsd_text text;
    HRESULT hr;

    if (code == NULL || (!is_empty(fault->subcode) &&
                         (xmlValidateNCName((const xmlChar *)fault->subcode, 0) != 0 ||
                          fault->subcode_namespace == NULL ||
                          !wsd_field_is_uri(fault->subcode_namespace))))
        return E_INVALIDARG;
    wsd_text_init(&text, self->mem, SIZE_MAX);
    hr = append_fault(&text, fault);
    if (hr == S_OK)
        hr = wsd_envelope_writer_set_body(self, text.bytes, text.length);
    wsd_text_fini(&text);
    if (hr == S_OK)
        self->fault_code = code;
    return hr;
}

const char *wsd_envelope_writer_fault_code(const struct wsd_envelope_writer *self)
{
    return self->fault_code;
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
    append_strings(out, (const char *const[]){"<wsa:", name, ">", scheme, NULL});
    wsd_xml_append_text(out, value);
    append_strings(out, (const char *const[]){"</wsa:", name, ">", NULL});
}

HRESULT wsd_envelope_writer_render(struct wsd_envelope_writer *self,
                                   const struct wsd_addressing *addressing,
                                   struct wsd_text *out)
{
    const char *ns = addressing->ns != NULL ? addressing->ns : WSD_NS_WSA;
    const char *anonymous =
        strcmp(ns, WSD_NS_WSA) == 0 ? WSD_WSA_ANONYMOUS : WSD_WSA_10_ANONYMOUS;

    append_strings(out, (const char *const[]){
                            "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
                            "<soap:Envelope xmlns:soap=\"" WSD_NS_SOAP "\" xmlns:wsa=\"",
                            ns, "\" xmlns:xop=\"" WSD_NS_XOP "\"><soap:Header>", NULL});
    append_header(out, "To", "", addressing->to != NULL ? addressing->to : anonymous);
    if (self->fault_code != NULL)
        append_header(out, "Action", ns, "/fault");
    else
        append_header(out, "Action", "", self->action);
    append_header(out, "MessageID", "urn:uuid:", addressing->message_id);
    if (addressing->relates_to == NULL)
        append_strings(out, (const char *const[]){"<wsa:ReplyTo><wsa:Address>", anonymous,
                                                  "</wsa:Address></wsa:ReplyTo>", NULL});
    else if (addressing->relates_to[0] != '\0')
        append_header(out, "RelatesTo", "", addressing->relates_to);
    if (addressing->from != NULL) {
        wsd_text_append_string(out, "<wsa:From>");
        append_header(out, "Address", "", addressing->from);
        wsd_text_append_string(out, "</wsa:From>");
    }
    wsd_text_append_string(out, "</soap:Header><soap:Body>");
    if (self->document != NULL)
        wsd_xml_append_one_line(out, xmlDocGetRootElement(self->document));
    return wsd_text_append_string(out, "</soap:Body></soap:Envelope>");
}
