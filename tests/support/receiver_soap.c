#include "receiver_soap.h"

#include <stdio.h>
#include <string.h>

#define ADDRESSING "http://schemas.xmlsoap.org/ws/2004/08/addressing"
#define NAME_CHARACTERS                                                                  \
    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-."

/* The first start tag with that local name, from its '<' on. */
static const char *find_tag(const char *xml, const char *name)
{
    for (const char *tag = strchr(xml, '<'); tag != NULL; tag = strchr(tag + 1, '<')) {
        size_t length = strcspn(tag + 1, " /?!>");
        const char *colon = memchr(tag + 1, ':', length);
        const char *local = colon != NULL ? colon + 1 : tag + 1;

        length -= (size_t)(local - (tag + 1));
        if (length == strlen(name) && memcmp(local, name, length) == 0)
            return tag;
    }
    return NULL;
}

static bool copy(char *to, size_t size, const char *from, size_t length)
{
    if (length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

bool soap_text(const char *xml, const char *name, char *text, size_t size)
{
    const char *tag = find_tag(xml, name);
    const char *end = tag != NULL ? strchr(tag, '>') : NULL;

    text[0] = '\0';
    if (end == NULL)
        return false;
    return end[-1] == '/' || copy(text, size, end + 1, strcspn(end + 1, "<"));
}

int soap_includes(const char *xml, struct soap_include includes[SOAP_MAX_INCLUDES])
{
    static const char href[] = " href=\"cid:";
    int count = 0;

    for (const char *tag = find_tag(xml, "Include"); tag != NULL;
         tag = find_tag(tag + 1, "Include")) {
        const char *end = strchr(tag, '>');
        const char *cid = strstr(tag, href);

        if (count == SOAP_MAX_INCLUDES || end == NULL || cid == NULL || cid > end)
            return -1;
        cid += strlen(href);
        if (!copy(includes[count].content_id, sizeof(includes[count].content_id), cid,
                  strcspn(cid, "\"")))
            return -1;
        /* XOP 1.0 section 3.1: the only child. */
        if (end[-1] != '/' || strncmp(end + 1, "</", 2) != 0 || tag[-1] != '>')
            return -1;
        includes[count++].used = false;
    }
    return count;
}

static void write_envelope(char *xml, size_t size, const char *action,
                           const char *action_suffix, const char *message_id,
                           const char *body)
{
    snprintf(xml, size,
             "<?xml version=\"1.0\" encoding=\"utf-8\"?>"
             "<soap:Envelope xmlns:soap=\"http://www.w3.org/2003/05/soap-envelope\" "
             "xmlns:wsa=\"" ADDRESSING "\" xmlns:pri=\"" SOAP_PRINT "\">"
             "<soap:Header><wsa:To>" ADDRESSING "/role/anonymous</wsa:To>"
             "<wsa:Action>%s%s</wsa:Action><wsa:RelatesTo>%s</wsa:RelatesTo>"
             "</soap:Header><soap:Body>%s</soap:Body></soap:Envelope>",
             action, action_suffix, message_id, body);
}

void soap_write_reply(char *xml, size_t size, const char *request_action,
                      const char *message_id, const char *content)
{
    size_t length = strlen(request_action);
    size_t name = length;
    char body[4096];

    /* The name is behind the last '/', or whatever else no name may have. */
    while (name > 0 && strchr(NAME_CHARACTERS, request_action[name - 1]) != NULL)
        name--;
    name += strspn(request_action + name, "0123456789-."); /* no name begins so */
    snprintf(body, sizeof(body), "<r:%sResponse xmlns:r=\"%.*s\">%s</r:%sResponse>",
             request_action + name, (int)(name > 0 ? name - 1 : 0), request_action,
             content, request_action + name);
    write_envelope(xml, size, request_action, "Response", message_id, body);
}

void soap_write_fault(char *xml, size_t size, const char *message_id, const char *code,
                      const char *subcode, const char *reason)
{
    char body[1024];

    snprintf(body, sizeof(body),
             "<soap:Fault><soap:Code><soap:Value>soap:%s</soap:Value>"
             "<soap:Subcode><soap:Value>%s</soap:Value></soap:Subcode></soap:Code>"
             "<soap:Reason><soap:Text xml:lang=\"en\">%s</soap:Text></soap:Reason>"
             "</soap:Fault>",
             code, subcode, reason);
    write_envelope(xml, size, ADDRESSING "/fault", "", message_id, body);
}
