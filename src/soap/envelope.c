#include "soap/envelope.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "soap/namespaces.h"
#include "soap/xml_document.h"
#include "soap/xml_path.h"
#include "wsd_error.h"

/* A string that was handed out, or will be. */
struct kept {
    struct kept *next;
    struct wsd_text text;
    const char *trimmed;    /* inside the text */
    const xmlNode *element; /* whose text it is; NULL for other strings */
};

struct wsd_envelope {
    const struct wsd_mem *mem; /* borrowed */
    xmlDoc *document;
    xmlNode *header; /* NULL: none */
    xmlNode *body;   /* the first element in soap:Body; NULL: empty */
    struct kept *kept;

    /* All in `kept`, except for "". */
    const char *action;
    const char *message_id;
    const char *relates_to;
    const char *reply_to;
    const char *body_text;
    wsd_fault fault;
};

/* ---- Strings ---------------------------------------------------------------------- */

/* Cuts blanks off both ends. */
static const char *trim(struct wsd_text *text)
{
    static const char blank[] = " \t\r\n";

    if (text->length == 0)
        return "";
    while (text->length > 0 && strchr(blank, text->bytes[text->length - 1]) != NULL)
        text->length--;
    text->bytes[text->length] = '\0';
    return text->bytes + strspn(text->bytes, blank);
}

/* Takes the text over, in any case. */
static HRESULT keep(struct wsd_envelope *self, struct wsd_text *text,
                    const xmlNode *element, const char **out)
{
    struct kept *kept = text->error == S_OK ? wsd_alloc(self->mem, sizeof(*kept)) : NULL;

    if (kept == NULL) {
        wsd_text_fini(text);
        return E_OUTOFMEMORY;
    }
    kept->text = *text;
    kept->trimmed = trim(&kept->text);
    kept->element = element;
    kept->next = self->kept;
    self->kept = kept;
    *out = kept->trimmed;
    return S_OK;
}

/* Recursion is as deep as the document, which the parser limits. */
static void collect_text(struct wsd_text *text, const xmlNode *node)
{
    if (node->type == XML_TEXT_NODE)
        wsd_text_append_string(text, (const char *)node->content);
    for (const xmlNode *child = node->children; child != NULL; child = child->next)
        collect_text(text, child);
}

/* The text content of an element; "" for none. */
static HRESULT keep_text(struct wsd_envelope *self, const xmlNode *element,
                         const char **out)
{
    struct wsd_text text;

    if (element == NULL) {
        *out = "";
        return S_OK;
    }
    for (const struct kept *kept = self->kept; kept != NULL; kept = kept->next) {
        if (kept->element == element) {
            *out = kept->trimmed;
            return S_OK;
        }
    }
    wsd_text_init(&text, self->mem, SIZE_MAX);
    collect_text(&text, element);
    return keep(self, &text, element, out);
}

/* ---- Elements --------------------------------------------------------------------- */

static const char *without_scheme(const char *uri)
{
    if (strncmp(uri, "http://", 7) == 0)
        return uri + 7;
    return strncmp(uri, "https://", 8) == 0 ? uri + 8 : uri;
}

static bool is_element(const xmlNode *element, const char *ns, const char *name)
{
    return element != NULL && element->ns != NULL && element->ns->href != NULL &&
           strcmp(without_scheme((const char *)element->ns->href), without_scheme(ns)) ==
               0 &&
           strcmp((const char *)element->name, name) == 0;
}

static const xmlNode *find_header(const struct wsd_envelope *self, const char *name)
{
    xmlNode *header = self->header != NULL ? xmlFirstElementChild(self->header) : NULL;

    while (header != NULL && !is_element(header, WSD_NS_WSA, name) &&
           !is_element(header, WSD_NS_WSA_10, name))
        header = xmlNextElementSibling(header);
    return header;
}

static const xmlNode *find_reply_address(const struct wsd_envelope *self)
{
    const xmlNode *reply_to = find_header(self, "ReplyTo");
    xmlNode *child = reply_to != NULL ? xmlFirstElementChild((xmlNode *)reply_to) : NULL;

    while (child != NULL && strcmp((const char *)child->name, "Address") != 0)
        child = xmlNextElementSibling(child);
    return child;
}

/* Both are elements of the fault; its names are unique without their namespace. */
static const xmlNode *find_in_fault(const struct wsd_envelope *self, const char *path)
{
    xmlNode *element;

    (void)wsd_xml_path_find(self->body, path, &element);
    return element;
}

/* ---- Reading ---------------------------------------------------------------------- */

/* SOAP 1.2 part 1 section 5.1: an optional Header, then a Body, and nothing else. */
static HRESULT find_parts(struct wsd_envelope *self)
{
    xmlNode *root = xmlDocGetRootElement(self->document);
    xmlNode *part;

    if (!is_element(root, WSD_NS_SOAP, "Envelope"))
        return WS_E_INVALID_FORMAT;
    part = xmlFirstElementChild(root);
    if (is_element(part, WSD_NS_SOAP, "Header")) {
        self->header = part;
        part = xmlNextElementSibling(part);
    }
    if (!is_element(part, WSD_NS_SOAP, "Body") || xmlNextElementSibling(part) != NULL)
        return WS_E_INVALID_FORMAT;
    self->body = xmlFirstElementChild(part);
    return S_OK;
}

static HRESULT keep_body(struct wsd_envelope *self)
{
    struct wsd_text text;

    if (self->body == NULL)
        return S_OK;
    wsd_text_init(&text, self->mem, SIZE_MAX);
    wsd_xml_append_standalone(&text, self->body);
    return keep(self, &text, NULL, &self->body_text);
}

/* The value of Code or Subcode is a QName (SOAP 1.2 part 1 section 5.4.6). */
static HRESULT keep_code(struct wsd_envelope *self, const xmlNode *value,
                         const char **name, const char **ns)
{
    HRESULT hr = keep_text(self, value, name);
    const char *prefix = *name;
    const char *colon;
    const xmlNs *found;

    if (hr != S_OK || value == NULL)
        return hr;
    if (xmlValidateQName((const xmlChar *)prefix, 0) != 0) {
        *name = "";
        return S_OK;
    }
    colon = strchr(prefix, ':');
    if (colon != NULL)
        *name = colon + 1;
    found = wsd_xml_find_namespace(value, prefix,
                                   colon != NULL ? (size_t)(colon - prefix) : 0);
    *ns = found != NULL ? (const char *)found->href : "";
    return S_OK;
}

static HRESULT keep_detail(struct wsd_envelope *self)
{
    const xmlNode *detail = find_in_fault(self, "Fault/Detail");
    struct wsd_text text;

    if (detail == NULL)
        return S_OK;
    wsd_text_init(&text, self->mem, SIZE_MAX);
    for (const xmlNode *child = detail->children; child != NULL; child = child->next)
        wsd_xml_append_node(&text, child);
    return keep(self, &text, NULL, &self->fault.detail);
}

static HRESULT keep_fault(struct wsd_envelope *self)
{
    const char *code_namespace;
    HRESULT hr;

    if (!is_element(self->body, WSD_NS_SOAP, "Fault"))
        return S_OK;
    hr = keep_code(self, find_in_fault(self, "Fault/Code/Value"), &self->fault.code,
                   &code_namespace);
    if (hr == S_OK)
        hr = keep_code(self, find_in_fault(self, "Fault/Code/Subcode/Value"),
                       &self->fault.subcode, &self->fault.subcode_namespace);
    if (hr == S_OK)
        hr = keep_text(self, find_in_fault(self, "Fault/Reason/Text"),
                       &self->fault.reason);
    return hr == S_OK ? keep_detail(self) : hr;
}

HRESULT wsd_envelope_read(const struct wsd_mem *mem, const void *bytes, size_t size,
                          struct wsd_envelope **out)
{
    struct wsd_envelope *self = wsd_alloc(mem, sizeof(*self));
    HRESULT hr;

    *out = NULL;
    if (self == NULL)
        return E_OUTOFMEMORY;
    self->mem = mem;
    self->body_text = "";
    self->fault = (wsd_fault){"", "", "", "", ""};

    hr = wsd_xml_parse(bytes, size, &self->document);
    if (hr == S_OK)
        hr = find_parts(self);
    if (hr == S_OK)
        hr = keep_text(self, find_header(self, "Action"), &self->action);
    if (hr == S_OK)
        hr = keep_text(self, find_header(self, "MessageID"), &self->message_id);
    if (hr == S_OK)
        hr = keep_text(self, find_header(self, "RelatesTo"), &self->relates_to);
    if (hr == S_OK)
        hr = keep_text(self, find_reply_address(self), &self->reply_to);
    if (hr == S_OK)
        hr = keep_body(self);
    if (hr == S_OK)
        hr = keep_fault(self);
    if (hr != S_OK) {
        wsd_envelope_destroy(self);
        return hr;
    }
    *out = self;
    return S_OK;
}

void wsd_envelope_destroy(struct wsd_envelope *self)
{
    if (self == NULL)
        return;
    while (self->kept != NULL) {
        struct kept *next = self->kept->next;

        wsd_text_fini(&self->kept->text);
        wsd_free(self->mem, self->kept);
        self->kept = next;
    }
    xmlFreeDoc(self->document);
    wsd_free(self->mem, self);
}

/* ---- What was read ---------------------------------------------------------------- */

const char *wsd_envelope_action(const struct wsd_envelope *self)
{
    return self->action;
}

const char *wsd_envelope_message_id(const struct wsd_envelope *self)
{
    return self->message_id;
}

const char *wsd_envelope_relates_to(const struct wsd_envelope *self)
{
    return self->relates_to;
}

const char *wsd_envelope_addressing(const struct wsd_envelope *self)
{
    const xmlNode *action = find_header(self, "Action");

    return is_element(action, WSD_NS_WSA_10, "Action") ? WSD_NS_WSA_10 : WSD_NS_WSA;
}

bool wsd_envelope_wants_reply_here(const struct wsd_envelope *self)
{
    const char *address = without_scheme(self->reply_to);

    return address[0] == '\0' ||
           strcmp(address, without_scheme(WSD_WSA_ANONYMOUS)) == 0 ||
           strcmp(address, without_scheme(WSD_WSA_10_ANONYMOUS)) == 0;
}

/* An attribute of SOAP's own namespace; "" for none. */
static const char *soap_attribute(const xmlNode *header, const char *name)
{
    for (const xmlAttr *attribute = header->properties; attribute != NULL;
         attribute = attribute->next)
        if (attribute->ns != NULL &&
            strcmp((const char *)attribute->ns->href, WSD_NS_SOAP) == 0 &&
            strcmp((const char *)attribute->name, name) == 0 &&
            attribute->children != NULL)
            return (const char *)attribute->children->content;
    return "";
}

/* SOAP 1.2 part 1 section 2.2: what role we play. */
static bool is_for_us(const xmlNode *header)
{
    const char *role = soap_attribute(header, "role");

    return role[0] == '\0' || strcmp(role, WSD_NS_SOAP "/role/next") == 0 ||
           strcmp(role, WSD_NS_SOAP "/role/ultimateReceiver") == 0;
}

static bool is_addressing(const xmlNode *header)
{
    const char *name = (const char *)header->name;

    return is_element(header, WSD_NS_WSA, name) ||
           is_element(header, WSD_NS_WSA_10, name);
}

bool wsd_envelope_has_mandatory_header(const struct wsd_envelope *self)
{
    xmlNode *header = self->header != NULL ? xmlFirstElementChild(self->header) : NULL;

    for (; header != NULL; header = xmlNextElementSibling(header)) {
        const char *mandatory = soap_attribute(header, "mustUnderstand");

        if ((strcmp(mandatory, "1") == 0 || strcmp(mandatory, "true") == 0) &&
            is_for_us(header) && !is_addressing(header))
            return true;
    }
    return false;
}

const char *wsd_envelope_body(const struct wsd_envelope *self, size_t *length)
{
    if (length != NULL)
        *length = strlen(self->body_text);
    return self->body_text;
}

HRESULT wsd_envelope_find_text(struct wsd_envelope *self, const char *path,
                               const char **text)
{
    xmlNode *element;
    HRESULT hr = wsd_xml_path_find(self->body, path, &element);

    *text = NULL;
    return hr == S_OK ? keep_text(self, element, text) : hr;
}

/* The href of an xop:Include, or NULL. */
static const char *href_of(const xmlNode *include)
{
    const xmlAttr *attribute = include->properties;

    while (attribute != NULL &&
           (attribute->ns != NULL || strcmp((const char *)attribute->name, "href") != 0))
        attribute = attribute->next;
    if (attribute == NULL || attribute->children == NULL)
        return NULL;
    return (const char *)attribute->children->content;
}

/* RFC 3986 section 3.1: a scheme is in any case. */
static bool is_cid(const char *href)
{
    return (href[0] == 'c' || href[0] == 'C') && (href[1] == 'i' || href[1] == 'I') &&
           (href[2] == 'd' || href[2] == 'D') && href[3] == ':';
}

/* The xop:Include in an element, or NULL. */
static const xmlNode *include_in(const xmlNode *element)
{
    const xmlNode *child = element->children;

    while (child != NULL && !is_element(child, WSD_NS_XOP, "Include"))
        child = child->next;
    return child;
}

static bool is_only_child(const xmlNode *include)
{
    for (const xmlNode *child = include->parent->children; child != NULL;
         child = child->next)
        if (child != include && (child->type != XML_TEXT_NODE ||
                                 !wsd_xml_is_blank((const char *)child->content)))
            return false;
    return true;
}

HRESULT wsd_envelope_find_include(const struct wsd_envelope *self, const char *path,
                                  const char **href)
{
    const xmlNode *include;
    xmlNode *element;
    HRESULT hr = wsd_xml_path_find(self->body, path, &element);

    *href = NULL;
    if (hr != S_OK)
        return hr;
    include = include_in(element);
    if (include == NULL)
        return xmlFirstElementChild(element) == NULL ? S_FALSE : WS_E_INVALID_FORMAT;
    if (is_only_child(include))
        *href = href_of(include);
    return *href == NULL ? WS_E_INVALID_FORMAT : S_OK;
}

/* Recursion is as deep as the document, which the parser limits. */
static HRESULT each_include(const xmlNode *element, wsd_include_callback callback,
                            void *context)
{
    HRESULT hr = S_OK;

    for (const xmlNode *child = element->children; hr == S_OK && child != NULL;
         child = child->next) {
        const char *href;

        if (!is_element(child, WSD_NS_XOP, "Include")) {
            hr = each_include(child, callback, context);
            continue;
        }
        href = href_of(child);
        if (href == NULL || !is_cid(href) || !is_only_child(child))
            return WS_E_INVALID_FORMAT;
        hr = callback(context, href);
    }
    return hr;
}

HRESULT wsd_envelope_each_include(const struct wsd_envelope *self,
                                  wsd_include_callback callback, void *context)
{
    return self->body == NULL ? S_OK : each_include(self->body, callback, context);
}

HRESULT wsd_envelope_fault(const struct wsd_envelope *self, wsd_fault *fault)
{
    *fault = self->fault;
    return is_element(self->body, WSD_NS_SOAP, "Fault") ? S_OK : S_FALSE;
}
