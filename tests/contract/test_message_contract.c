/* The promises of wsd_message.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/application.h"
#include "support/foreign_attachment.h"
#include "support/peer.h"
#include "support/recorded.h"
#include "support/scanner.h"

#define NOT_FOUND HRESULT_FROM_WIN32(ERROR_NOT_FOUND)

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* Sends a message whose attachments, if any, become "0", "1" and so on; gives back the
 * request as the peer has it. */
static void deliver(wsd_outbound_message *message, IWSDOutboundAttachment *const *parts,
                    size_t count, struct recorded *request)
{
    struct peer *peer = PEER_START(takes_all);
    wsd_inbound_message *reply;
    wsd_client *client;
    const char *bytes;
    size_t size;

    assert_hr(wsd_client_create(NULL, &client), S_OK);
    assert_hr(wsd_client_send(client, peer_url(peer), message), S_OK);
    for (size_t i = 0; i < count; i++) {
        char content[8];

        snprintf(content, sizeof(content), "%u", (unsigned)i);
        assert_hr(attachment_write_all(parts[i], content, strlen(content)), S_OK);
        assert_hr(attachment_close(parts[i]), S_OK);
    }
    assert_hr(wsd_client_receive(client, message, PEER_PATIENCE_MS, &reply), S_OK);
    wsd_inbound_message_release(reply);
    bytes = peer_finish(peer, &size);
    recorded_read(request, bytes, size);
    peer_stop(peer);
    wsd_client_release(client);
}

/* What stands in soap:Body of the request; caller frees. */
static char *body_of(const struct recorded *request)
{
    const char *envelope =
        request->part_count > 0 ? request->parts[0].content : request->body;
    const char *begin = strstr(envelope, "<soap:Body>");
    const char *end = strstr(envelope, "</soap:Body>");
    size_t size;
    char *body;

    assert_non_null(begin);
    assert_non_null(end);
    begin += strlen("<soap:Body>");
    size = (size_t)(end - begin);
    body = calloc(1, size + 1);
    assert_non_null(body);
    memcpy(body, begin, size);
    return body;
}

/* Sends it, as deliver(), and compares what stands in soap:Body. */
static void check_body(wsd_outbound_message *message,
                       IWSDOutboundAttachment *const *parts, size_t count,
                       const char *expected)
{
    struct recorded request;
    char *body;

    deliver(message, parts, count, &request);
    body = body_of(&request);
    assert_string_equal(body, expected);
    free(body);
    recorded_free(&request);
}

static HRESULT set_body(wsd_outbound_message *message, const char *body)
{
    return wsd_outbound_message_set_body(message, body, strlen(body));
}

/* ---- Creation -------------------------------------------------------------------------
 */

/* [M1] [M2] */
static void create__pointers__are_checked_and_set(void **state)
{
    wsd_outbound_message *message = (wsd_outbound_message *)&message;
    char action[] = "urn:a";

    (void)state;
    assert_hr(wsd_outbound_message_create("urn:a", NULL), E_POINTER);
    assert_hr(wsd_outbound_message_create(NULL, &message), E_POINTER);
    assert_null(message);
    assert_hr(wsd_outbound_message_create(action, &message), S_OK);
    action[4] = 'b'; /* it was copied */
    check_body(message, NULL, 0, "");
    wsd_outbound_message_release(message);
    wsd_outbound_message_release(NULL);
}

/* [M1] */
static void create__action__stands_in_the_envelope(void **state)
{
    wsd_outbound_message *message;
    struct recorded request;
    char action[] = "http://example.org/a?b=1&c='2'";

    (void)state;
    assert_hr(wsd_outbound_message_create(action, &message), S_OK);
    memset(action, 'x', sizeof(action) - 1); /* it was copied */
    deliver(message, NULL, 0, &request);
    assert_non_null(strstr(
        request.body, "<wsa:Action>http://example.org/a?b=1&amp;c='2'</wsa:Action>"));
    recorded_free(&request);
    wsd_outbound_message_release(message);
}

static char *repeat(const char *head, char c, size_t size)
{
    char *text = malloc(size + 1);
    size_t length = strlen(head);

    assert_non_null(text);
    memset(text, c, size);
    memcpy(text, head, length);
    text[size] = '\0';
    return text;
}

/* [M3] */
static void create__bad_action__is_refused(void **state)
{
    static const char *const rows[] = {"",        "a",        "/a",      "//host/a",
                                       ":a",      "1a:b",     "http//a", "urn:a b",
                                       " urn:a",  "urn:a ",   "urn:\"a", "urn:<a>",
                                       "urn:{a}", "ur\r\nn:", "a b:c",   "\xc3\xa4:b"};
    wsd_outbound_message *message;
    char *longest = repeat("urn:", 'x', WSD_MAX_URI);
    char *too_long = repeat("urn:", 'x', WSD_MAX_URI + 1);

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        message = (wsd_outbound_message *)&message;
        assert_hr(wsd_outbound_message_create(rows[i], &message), E_INVALIDARG);
        assert_null(message);
    }
    for (int c = 1; c < 256; c++) {
        char action[] = "urn:a?b";
        bool allowed = c > ' ' && c < 0x7f && strchr("\"<>\\^`{|}", c) == NULL;

        action[5] = (char)c;
        assert_hr(wsd_outbound_message_create(action, &message),
                  allowed ? S_OK : E_INVALIDARG);
        wsd_outbound_message_release(message);
    }
    assert_hr(wsd_outbound_message_create(longest, &message), S_OK);
    wsd_outbound_message_release(message);
    assert_hr(wsd_outbound_message_create(too_long, &message), E_INVALIDARG);
    free(longest);
    free(too_long);
}

/* ---- The body -------------------------------------------------------------------------
 */

/* [M4] */
static void set_body__is_written__on_one_line(void **state)
{
    static const struct {
        const char *body, *sent;
    } rows[] = {
        {"<a/>", "<a/>"},
        {"<a></a>", "<a/>"},
        {" \r\n<a/>\t\n", "<a/>"},
        {"<a>\n  <b/>\r\n\t<c> </c>\n</a>", "<a><b/><c> </c></a>"},
        {"<a>1\n2\r\n3\r4</a>", "<a>1&#10;2&#10;3&#10;4</a>"},
        {"<!-- x --><a><!--\n-->1<!-- y --></a>", "<a>1</a>"},
        {"<a b='1&#10;2'>&lt;&amp;&#13;</a>", "<a b=\"1&#10;2\">&lt;&amp;&#13;</a>"},
        {"<a><![CDATA[<b>]]></a>", "<a>&lt;b&gt;</a>"},
        {"<p:a xmlns:p='urn:p' xmlns='urn:q'><b p:c=''/></p:a>",
         "<p:a xmlns:p=\"urn:p\" xmlns=\"urn:q\"><b p:c=\"\"/></p:a>"},
        {"<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x96\xa8</a>",
         "<a>\xc3\xa4\xe2\x82\xac\xf0\x9f\x96\xa8</a>"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        wsd_outbound_message *message = message_create(NULL);
        struct recorded request;
        char *body;

        assert_hr(set_body(message, rows[i].body), S_OK);
        deliver(message, NULL, 0, &request);
        assert_null(strpbrk(request.body, "\r\n"));
        body = body_of(&request);
        assert_string_equal(body, rows[i].sent);
        free(body);
        recorded_free(&request);
        wsd_outbound_message_release(message);
    }
}

/* [M5] */
static void set_body__twice__replaces_and_copies(void **state)
{
    wsd_outbound_message *message = message_create("<first/>");
    char body[] = "<second/>rest";

    (void)state;
    assert_hr(wsd_outbound_message_set_body(message, body, 9), S_OK);
    memset(body, 'x', sizeof(body) - 1);
    check_body(message, NULL, 0, "<second/>");
    wsd_outbound_message_release(message);
}

static char *nested(size_t depth)
{
    char *xml = malloc(7 * depth + 1);
    char *at = xml;

    assert_non_null(xml);
    for (size_t i = 0; i < depth; i++, at += 3)
        memcpy(at, "<a>", 3);
    for (size_t i = 0; i < depth; i++, at += 4)
        memcpy(at, "</a>", 4);
    *at = '\0';
    return xml;
}

/* [M6] */
static void set_body__not_one_element__is_refused_and_changes_nothing(void **state)
{
    static const struct {
        const char *xml;
        size_t length; /* 0: up to the NUL */
    } rows[] = {
        {"", 0},
        {" ", 0},
        {"text", 0},
        {"<a/><b/>", 0},
        {"<a>", 0},
        {"<a", 0},
        {"</a>", 0},
        {"<a></b>", 0},
        {"x<a/>", 0},
        {"<a/>x", 0},
        {"<p:a/>", 0},
        {"<a p:b='1'/>", 0},
        {"<a b='1' b='2'/>", 0},
        {"<a b=1/>", 0},
        {"<a>&b;</a>", 0},
        {"<a>&#0;</a>", 0},
        {"<a>&#1;</a>", 0},
        {"<!DOCTYPE a><a/>", 0},
        {"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", 0},
        {"<!DOCTYPE a SYSTEM 'file:///etc/passwd'><a/>", 0},
        {"<?b c?><a/>", 0},
        {"<a><?b c?></a>", 0},
        {"<a/><?b c?>", 0},
        {"<a/>\0", 5},
        {"<a>\0</a>", 8},
        {"\0<a/>", 5},
        {"<a>\x01</a>", 0},
        {"<a>\xff</a>", 0},
        {"<a>\xc3</a>", 0},
        {"<a>\xc0\x80</a>", 0},
        {"<a>\xed\xa0\x80</a>", 0},
        {"\xff\xfe<\0a\0/\0>\0", 10},
        {"<a><!-- -- --></a>", 0},
    };
    wsd_outbound_message *message = message_create("<kept/>");
    char *deepest = nested(256), *too_deep = nested(257);

    (void)state;
    assert_hr(wsd_outbound_message_set_body(NULL, "<a/>", 4), E_POINTER);
    assert_hr(wsd_outbound_message_set_body(message, NULL, 0), E_POINTER);
    for (size_t i = 0; i < COUNT(rows); i++) {
        size_t length = rows[i].length != 0 ? rows[i].length : strlen(rows[i].xml);

        if (wsd_outbound_message_set_body(message, rows[i].xml, length) !=
            WS_E_INVALID_FORMAT)
            fail_msg("row %zu: %s", i, rows[i].xml);
    }
    assert_hr(set_body(message, deepest), S_OK);
    assert_hr(set_body(message, "<kept/>"), S_OK);
    assert_hr(set_body(message, too_deep), WS_E_INVALID_FORMAT);
    check_body(message, NULL, 0, "<kept/>");
    wsd_outbound_message_release(message);
    free(deepest);
    free(too_deep);
}

/* [M7] */
static void set_body__too_late__is_refused(void **state)
{
    wsd_outbound_message *message = message_create(BODY);
    IWSDOutboundAttachment *a = attachment_create();

    (void)state;
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL), S_OK);
    assert_hr(set_body(message, "<a/>"), INVALID_OPERATION);
    wsd_outbound_message_release(message);
    attachment_release(a);

    message = message_create("<a/>");
    check_body(message, NULL, 0, "<a/>");
    assert_hr(set_body(message, "<b/>"), INVALID_OPERATION);
    wsd_outbound_message_release(message);
}

/* ---- Attaching ------------------------------------------------------------------------
 */

/* [M8] [M9] */
static void
attach__paths__include_in_their_elements_in_the_order_of_the_calls(void **state)
{
    static const char body[] = "<u:Up xmlns:u='urn:u'><Job><Page/><u:Page/><Page>"
                               "<Data a='1'> </Data></Page></Job><Data/></u:Up>";
    static const char *const paths[] = {"Up/Data", "Up/Job/Page[3]/Data[1]",
                                        "Up/Job[1]/Page[2]", "Up/Job/Page"};
    static const char sent[] =
        "<u:Up xmlns:u=\"urn:u\"><Job><Page><xop:Include href=\"cid:3@body\"/></Page>"
        "<u:Page><xop:Include href=\"cid:2@body\"/></u:Page><Page>"
        "<Data a=\"1\"><xop:Include href=\"cid:1@body\"/></Data></Page></Job>"
        "<Data><xop:Include href=\"cid:0@body\"/></Data></u:Up>";
    wsd_outbound_message *message = message_create(body);
    IWSDOutboundAttachment *parts[COUNT(paths)];
    struct recorded request;
    char *received;

    (void)state;
    for (size_t i = 0; i < COUNT(paths); i++) {
        char path[32];

        parts[i] = attachment_create();
        snprintf(path, sizeof(path), "%s", paths[i]);
        assert_hr(wsd_outbound_message_attach(message, path, parts[i], NULL), S_OK);
        memset(path, 'x', sizeof(path) - 1); /* it was copied */
    }
    deliver(message, parts, COUNT(paths), &request);

    received = body_of(&request);
    assert_string_equal(received, sent);
    assert_int_equal(request.part_count, 1 + COUNT(paths));
    for (size_t i = 0; i < COUNT(paths); i++) {
        const char content = (char)('0' + i);
        char id[32];

        assert_part(&request, 1 + i, &content, 1);
        snprintf(id, sizeof(id), "Content-ID: <%u@body>\r\n\r\n", (unsigned)i);
        assert_true(strncmp(strstr(request.parts[1 + i].header, "Content-ID"), id,
                            strlen(id)) == 0);
        attachment_release(parts[i]);
    }
    free(received);
    recorded_free(&request);
    wsd_outbound_message_release(message);
}

/* [M13] */
static void attach__content_type__is_checked_and_copied(void **state)
{
    static const char *const good[] = {"image/jpeg", "text/plain; charset=\"utf-8\"",
                                       "a/b;c=d;e=\"f\\\"g\""};
    static const char *const bad[] = {
        "",          "image",       "image/",      "/jpeg",         "image/jpeg;",
        "image/j g", "image/jpeg ", " image/jpeg", "a/b\r\nX: y",   "a/b\n",
        "a/b; c",    "a/b; c=",     "a/b; c=\"d",  "a/b; c=\"\r\"", "a/b; c=\"\n\"",
        "a/\xc3\xa4"};
    char *too_long = repeat("a/", 'b', WSD_MAX_MEDIA_TYPE + 1);
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    IWSDOutboundAttachment *a = attachment_create();
    wsd_outbound_message *message = message_create(BODY);

    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++) {
        options.content_type = bad[i];
        assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, &options),
                  E_INVALIDARG);
    }
    options.content_type = too_long;
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, &options),
              E_INVALIDARG);
    for (int c = 1; c < 256; c++) {
        char type[] = "a/b; c=\"?\"";
        bool allowed = (c >= ' ' && c < 0x7f && c != '"' && c != '\\') || c == '\t';
        wsd_outbound_message *other = message_create(BODY);
        IWSDOutboundAttachment *b = attachment_create();

        type[8] = (char)c;
        options.content_type = type;
        assert_hr(wsd_outbound_message_attach(other, "Upload/Data", b, &options),
                  allowed ? S_OK : E_INVALIDARG);
        wsd_outbound_message_release(other);
        attachment_release(b);
    }
    wsd_outbound_message_release(message);
    attachment_release(a);
    free(too_long);

    for (size_t i = 0; i < COUNT(good); i++) {
        char type[64], line[96];
        struct recorded request;

        message = message_create(BODY);
        a = attachment_create();
        snprintf(type, sizeof(type), "%s", good[i]);
        options.content_type = type;
        assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, &options), S_OK);
        memset(type, 'x', sizeof(type) - 1);
        deliver(message, &a, 1, &request);
        snprintf(line, sizeof(line), "Content-Type: %s\r\n", good[i]);
        assert_memory_equal(request.parts[1].header, line, strlen(line));
        recorded_free(&request);
        wsd_outbound_message_release(message);
        attachment_release(a);
    }
}

/* [M11] [M12] [M14] [M15] [M16] [M17] [M20] */
static void attach__bad_arguments__have_their_codes_and_change_nothing(void **state)
{
    static const char body[] = "<Up><Data/><Data/><Text>1</Text><Full><b/></Full></Up>";
    static const struct {
        const char *path;
        HRESULT hr;
    } paths[] = {
        {"", E_INVALIDARG},
        {"/", E_INVALIDARG},
        {"/Up/Data", E_INVALIDARG},
        {"Up/", E_INVALIDARG},
        {"Up//Data", E_INVALIDARG},
        {"Up/Data[", E_INVALIDARG},
        {"Up/Data[]", E_INVALIDARG},
        {"Up/Data[0]", E_INVALIDARG},
        {"Up/Data[01]", E_INVALIDARG},
        {"Up/Data[-1]", E_INVALIDARG},
        {"Up/Data[1", E_INVALIDARG},
        {"Up/Data[1]x", E_INVALIDARG},
        {"Up/Data[99999999999999999999]", E_INVALIDARG},
        {"Up/Da ta", E_INVALIDARG},
        {"Up/u:Data", E_INVALIDARG},
        {"Up/Data\r\n", E_INVALIDARG},
        {"Up/*", E_INVALIDARG},
        {"Up/..", E_INVALIDARG},
        {"Up/Text", E_INVALIDARG},
        {"Up/Full", E_INVALIDARG},
        {"Up", E_INVALIDARG},
        {"Data", NOT_FOUND},
        {"Up[2]", NOT_FOUND},
        {"Up/data", NOT_FOUND},
        {"Up/Data[3]", NOT_FOUND},
        {"Up/Data/Data", NOT_FOUND},
        {"Up/Full/c", NOT_FOUND},
    };
    wsd_outbound_message *message = message_create(body);
    wsd_outbound_message *without_body = message_create(NULL);
    IWSDOutboundAttachment *a = attachment_create(), *b = attachment_create();
    wsd_part_options options = WSD_PART_OPTIONS_INIT;
    struct foreign_attachment foreign;

    (void)state;
    assert_hr(wsd_outbound_message_attach(NULL, "Up/Data", a, NULL), E_POINTER);
    assert_hr(wsd_outbound_message_attach(message, NULL, a, NULL), E_POINTER);
    assert_hr(wsd_outbound_message_attach(message, "Up/Data", NULL, NULL), E_POINTER);
    for (size_t i = 0; i < COUNT(paths); i++)
        if (wsd_outbound_message_attach(message, paths[i].path, a, NULL) != paths[i].hr)
            fail_msg("%s", paths[i].path);
    assert_hr(wsd_outbound_message_attach(without_body, "Up/Data", a, NULL), NOT_FOUND);
    for (int kind = 0; kind < FOREIGN_KINDS; kind++) {
        foreign_attachment_init(&foreign, (enum foreign_kind)kind);
        assert_hr(wsd_outbound_message_attach(message, "Up/Data", &foreign.iface, NULL),
                  E_INVALIDARG);
        assert_int_equal(foreign.references, 1);
    }
    options.size--;
    assert_hr(wsd_outbound_message_attach(message, "Up/Data", a, &options), E_INVALIDARG);

    assert_hr(wsd_outbound_message_attach(message, "Up/Data", a, NULL), S_OK);
    assert_hr(wsd_outbound_message_attach(message, "Up/Data[2]", a, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
    assert_hr(wsd_outbound_message_attach(message, "Up/Data", b, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS));
    assert_hr(wsd_outbound_message_attach(without_body, "Up/Data", a, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
    wsd_outbound_message_release(without_body);

    /* b is still UNBOUND, and the message has one attachment */
    without_body = message_create(BODY);
    assert_hr(wsd_outbound_message_attach(without_body, "Upload/Data", b, NULL), S_OK);
    check_body(message, &a, 1,
               "<Up><Data><xop:Include href=\"cid:0@body\"/></Data><Data/>"
               "<Text>1</Text><Full><b/></Full></Up>");
    wsd_outbound_message_release(without_body);
    wsd_outbound_message_release(message);
    attachment_release(a);
    attachment_release(b);
}

/* [M17] */
static void attach__attachment_has_ended__is_refused(void **state)
{
    wsd_outbound_message *message = message_create(BODY);
    wsd_outbound_message *other = message_create(BODY);
    IWSDOutboundAttachment *a = attachment_create(), *b = attachment_create();

    (void)state;
    attachment_set_budget(a, 0);
    assert_hr(attachment_open(a), STG_S_BLOCK);
    assert_hr(attachment_abort(a), S_OK);
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL), E_ABORT);

    assert_hr(wsd_outbound_message_attach(other, "Upload/Data", b, NULL), S_OK);
    wsd_outbound_message_release(other);
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", b, NULL),
              HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED));
    wsd_outbound_message_release(message);
    attachment_release(a);
    attachment_release(b);
}

/* [M18] */
static void attach__one_too_many__is_refused(void **state)
{
    IWSDOutboundAttachment *parts[WSD_MAX_ATTACHMENTS + 1];
    wsd_outbound_message *message;
    struct recorded request;
    char body[8 * (WSD_MAX_ATTACHMENTS + 1) + 16] = "<u>";

    (void)state;
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++)
        strcat(body, "<d/>");
    strcat(body, "</u>");
    message = message_create(body);
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++) {
        char path[32];

        parts[i] = attachment_create();
        snprintf(path, sizeof(path), "u/d[%u]", (unsigned)i + 1);
        assert_hr(wsd_outbound_message_attach(message, path, parts[i], NULL),
                  i < WSD_MAX_ATTACHMENTS ? S_OK : WS_E_QUOTA_EXCEEDED);
    }
    deliver(message, parts, WSD_MAX_ATTACHMENTS, &request);
    assert_int_equal(request.part_count, 1 + WSD_MAX_ATTACHMENTS);
    assert_part(&request, WSD_MAX_ATTACHMENTS, "48", 2);
    recorded_free(&request);
    wsd_outbound_message_release(message);
    for (size_t i = 0; i <= WSD_MAX_ATTACHMENTS; i++)
        attachment_release(parts[i]);
}

/* [M19] */
static void attach__message_was_sent__is_refused(void **state)
{
    wsd_outbound_message *message = message_create(BODY), *other = message_create(BODY);
    IWSDOutboundAttachment *a = attachment_create();
    struct recorded request;

    (void)state;
    deliver(message, NULL, 0, &request);
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL),
              INVALID_OPERATION);
    assert_hr(wsd_outbound_message_attach(other, "Upload/Data", a, NULL), S_OK);
    recorded_free(&request);
    wsd_outbound_message_release(message);
    wsd_outbound_message_release(other);
    attachment_release(a);
}

/* [M10] */
static void
attach__application_gives_its_reference_back__message_has_its_own(void **state)
{
    wsd_outbound_message *message = message_create(BODY);
    IWSDOutboundAttachment *a = attachment_create();
    wsd_client *client;

    (void)state;
    assert_hr(wsd_outbound_message_attach(message, "Upload/Data", a, NULL), S_OK);
    assert_int_equal(a->lpVtbl->AddRef(a), 2); /* the application's only */
    attachment_release(a);

    assert_int_equal(attachment_release(a), 0);

    assert_hr(wsd_client_create(NULL, &client), S_OK);
    assert_hr(wsd_client_send(client, "http://127.0.0.1/", message), E_ABORT);
    wsd_client_release(client);
    wsd_outbound_message_release(message);
}

/* ---- Release --------------------------------------------------------------------------
 */

/* [M21] */
static void release__message_was_sent__goes_on_by_itself(void **state)
{
    struct peer *peer = PEER_START(takes_all);
    struct upload upload;
    struct recorded request;
    const char *bytes;
    size_t size;

    (void)state;
    upload_make(&upload, NULL, 2);
    upload_send(&upload, peer_url(peer));
    wsd_outbound_message_release(upload.message);
    upload.message = NULL;

    for (size_t i = 0; i < 2; i++) {
        assert_hr(attachment_write_all(upload.parts[i], "document", 8), S_OK);
        assert_hr(attachment_close(upload.parts[i]), S_OK);
    }
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_true(request.whole);
    assert_part(&request, 1, "document", 8);
    assert_part(&request, 2, "document", 8);
    recorded_free(&request);
    upload_free(&upload);
    peer_stop(peer);
}

/* [M22] */
static void release__message_was_never_sent__fails_its_attachments(void **state)
{
    struct upload upload;
    struct call call;

    (void)state;
    upload_make(&upload, NULL, 2);
    attachment_set_budget(upload.parts[0], INFINITE);
    call_begin(&call, upload.parts[0], WRITE, "x", 1);
    attachment_await_first_write(upload.parts[0]);

    wsd_outbound_message_release(upload.message);

    upload.message = NULL;
    assert_hr(call_end(&call), E_ABORT);
    assert_hr(attachment_open(upload.parts[1]), E_ABORT);
    assert_hr(attachment_close(upload.parts[1]), E_ABORT);
    upload_free(&upload);
}

/* ---- Inbound --------------------------------------------------------------------------
 */

/* Lets a peer answer a message with `reply`; caller releases what came. */
static HRESULT answer(const char *reply, wsd_inbound_message **inbound)
{
    const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = reply},
    };
    struct peer *peer = PEER_START(steps);
    struct upload upload;
    HRESULT hr;

    upload_make(&upload, NULL, 0);
    upload_send(&upload, peer_url(peer));
    hr = upload_receive(&upload, inbound);
    upload_free(&upload);
    peer_stop(peer);
    return hr;
}

static HRESULT answer_soap(const char *body, wsd_inbound_message **inbound)
{
    char *reply = peer_soap_reply("HTTP/1.1 200 OK", " urn:answer\n", body);
    HRESULT hr = answer(reply, inbound);

    free(reply);
    return hr;
}

/* [R1] [R2] [R3] [R9] */
static void inbound__soap__says_all(void **state)
{
    static const char body[] = "<p:Done xmlns:p=\"urn:p\"><Type>wsa:x</Type></p:Done>";
    wsd_inbound_message *reply;
    wsd_fault fault;
    const char *text;
    size_t length;

    (void)state;
    assert_hr(answer_soap(body, &reply), S_OK);
    assert_int_equal(wsd_inbound_message_http_status(reply), 200);
    assert_string_equal(wsd_inbound_message_action(reply), "urn:answer");

    text = wsd_inbound_message_body(reply, &length);

    assert_int_equal(strlen(text), length);
    assert_ptr_equal(wsd_inbound_message_body(reply, NULL), text);
    assert_true(strncmp(text, "<p:Done ", 8) == 0);
    assert_non_null(strstr(text, "xmlns:p=\"urn:p\""));
    assert_non_null(
        strstr(text, "xmlns:wsa=\"http://schemas.xmlsoap.org/ws/2004/08/addressing\""));
    assert_non_null(strstr(text, "<Type>wsa:x</Type></p:Done>"));
    memset(&fault, 0xdd, sizeof(fault));
    assert_hr(wsd_inbound_message_fault(reply, &fault), S_FALSE);
    assert_string_equal(fault.code, "");
    assert_string_equal(fault.subcode, "");
    assert_string_equal(fault.subcode_namespace, "");
    assert_string_equal(fault.reason, "");
    assert_string_equal(fault.detail, "");
    assert_hr(wsd_inbound_message_fault(reply, NULL), E_POINTER);
    assert_hr(wsd_inbound_message_fault(NULL, &fault), E_POINTER);
    wsd_inbound_message_release(reply);
    wsd_inbound_message_release(NULL);
}

/* [R1] [R2] [R4] [R7] */
static void inbound__no_soap__is_there_as_it_came(void **state)
{
    static const char html[] = "<html><p>No & not</html>";
    static const char head[] = "HTTP/1.1 503 Busy\r\nContent-Type: text/html\r\n"
                               "Content-Length: 24\r\n\r\n<html><p>No & not</html>";
    wsd_inbound_message *reply;
    wsd_fault fault;
    const char *text = html;
    size_t length;

    (void)state;
    assert_hr(answer(head, &reply), HTTP_E_STATUS(503));
    assert_int_equal(wsd_inbound_message_http_status(reply), 503);
    assert_string_equal(wsd_inbound_message_action(reply), "");
    assert_string_equal(wsd_inbound_message_body(reply, &length), html);
    assert_int_equal(length, strlen(html));
    assert_hr(wsd_inbound_message_find_text(reply, "html/p", &text), NOT_FOUND);
    assert_null(text);
    assert_hr(wsd_inbound_message_fault(reply, &fault), S_FALSE);
    wsd_inbound_message_release(reply);
}

/* [R1] [R2] [R3] */
static void inbound__nothing_in_it__has_empty_strings(void **state)
{
    wsd_inbound_message *reply;
    const char *text;
    size_t length = 99;

    (void)state;
    assert_hr(answer(REPLY_ACCEPTED, &reply), S_OK);
    assert_int_equal(wsd_inbound_message_http_status(reply), 202);
    assert_string_equal(wsd_inbound_message_action(reply), "");
    assert_string_equal(wsd_inbound_message_body(reply, &length), "");
    assert_int_equal(length, 0);
    wsd_inbound_message_release(reply);

    length = 99;
    assert_hr(answer_soap("", &reply), S_OK);
    assert_string_equal(wsd_inbound_message_body(reply, &length), "");
    assert_int_equal(length, 0);
    assert_hr(wsd_inbound_message_find_text(reply, "a", &text), NOT_FOUND);
    wsd_inbound_message_release(reply);
}

/* [R5] [R6] [R7] */
static void find_text__path__finds_trimmed_text(void **state)
{
    static const char body[] =
        "<p:Done xmlns:p=\"urn:p\"><p:JobId>\n 42\t</p:JobId><Empty/><Page>1</Page>"
        "<Page>a <b>c</b>&amp;\xc3\xa4</Page></p:Done>";
    static const struct {
        const char *path, *text;
        HRESULT hr;
    } rows[] = {
        {"Done/JobId", "42", S_OK},
        {"Done[1]/JobId[1]", "42", S_OK},
        {"Done/Empty", "", S_OK},
        {"Done/Page", "1", S_OK},
        {"Done/Page[2]", "a c&\xc3\xa4", S_OK},
        {"Done/Page[2]/b", "c", S_OK},
        {"Done/Page[3]", NULL, NOT_FOUND},
        {"done", NULL, NOT_FOUND},
        {"Body/Done", NULL, NOT_FOUND},
        {"", NULL, E_INVALIDARG},
        {"Done/", NULL, E_INVALIDARG},
        {"p:Done", NULL, E_INVALIDARG},
        {"Done/Page[0]", NULL, E_INVALIDARG},
    };
    wsd_inbound_message *reply;
    const char *text;

    (void)state;
    assert_hr(answer_soap(body, &reply), S_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        text = body;
        assert_hr(wsd_inbound_message_find_text(reply, rows[i].path, &text), rows[i].hr);
        if (rows[i].text == NULL)
            assert_null(text);
        else
            assert_string_equal(text, rows[i].text);
    }
    assert_hr(wsd_inbound_message_find_text(NULL, "Done", &text), E_POINTER);
    assert_hr(wsd_inbound_message_find_text(reply, NULL, &text), E_POINTER);
    assert_hr(wsd_inbound_message_find_text(reply, "Done", NULL), E_POINTER);
    wsd_inbound_message_release(reply);
}

/* [R8] */
static void inbound__fault__says_which(void **state)
{
    static const char full[] =
        "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value><soap:Subcode>"
        "<soap:Value xmlns:w=\"urn:print\">w:ClientErrorJobIdNotFound</soap:Value>"
        "</soap:Subcode></soap:Code><soap:Reason><soap:Text xml:lang=\"en\"> No such "
        "job </soap:Text><soap:Text xml:lang=\"de\">Nein</soap:Text></soap:Reason>"
        "<soap:Detail><x>1</x></soap:Detail></soap:Fault>";
    static const char least[] =
        "<soap:Fault><soap:Code><soap:Value>soap:Receiver</soap:Value></soap:Code>"
        "<soap:Reason><soap:Text xml:lang=\"en\"/></soap:Reason></soap:Fault>";
    wsd_inbound_message *reply;
    wsd_fault fault;

    (void)state;
    assert_hr(answer_soap(full, &reply), WS_E_ENDPOINT_FAULT_RECEIVED);
    assert_hr(wsd_inbound_message_fault(reply, &fault), S_OK);
    assert_string_equal(fault.code, "Sender");
    assert_string_equal(fault.subcode, "ClientErrorJobIdNotFound");
    assert_string_equal(fault.subcode_namespace, "urn:print");
    assert_string_equal(fault.reason, "No such job");
    assert_string_equal(fault.detail, "<x>1</x>");
    wsd_inbound_message_release(reply);

    assert_hr(answer_soap(least, &reply), WS_E_ENDPOINT_FAULT_RECEIVED);
    assert_hr(wsd_inbound_message_fault(reply, &fault), S_OK);
    assert_string_equal(fault.code, "Receiver");
    assert_string_equal(fault.subcode, "");
    assert_string_equal(fault.subcode_namespace, "");
    assert_string_equal(fault.reason, "");
    assert_string_equal(fault.detail, "");
    wsd_inbound_message_release(reply);
}

/* ---- Attachments of inbound messages --------------------------------------------------
 */

/* What is behind `path`: its bytes, to the end. */
static void check_content(wsd_inbound_message *message, const char *path,
                          const char *content)
{
    IWSDInboundAttachment *attachment;
    struct bytes got = {0};

    assert_hr(wsd_inbound_message_attachment(message, path, &attachment), S_OK);
    assert_hr(page_read_all(attachment, 5, &got), S_FALSE);
    assert_int_equal(got.size, strlen(content));
    assert_memory_equal(got.at, content, got.size);
    page_release(attachment);
    bytes_free(&got);
}

/* [R10] */
static void attachment__in_a_part_or_in_the_text__is_there_decoded(void **state)
{
    static const char body[] = "<s:Scan xmlns:s=\"urn:s\"><s:A>" XOP_INCLUDE(
        "cid:a@scan") "</s:A>"
                      "<s:B>\n " XOP_INCLUDE(
                          "cid:b@scan") " \n</s:B>"
                                        "<s:C> Zm9v\n YmE= </s:C><s:D/>"
                                        "<s:E>" XOP_INCLUDE(
                                            "cid:a@scan") "</s:E></s:Scan>";
    struct scan scan = {0};

    (void)state;
    put_envelope(&scan.body, body);
    put_part(&scan.body, "Content-ID: <a@scan>\r\n", "of A", 4);
    put_part(&scan.body, "Content-Transfer-Encoding: base64\r\nContent-ID: <b@scan>\r\n",
             "b2Yg\r\nQg==", 10);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, NULL, IN_CHUNKS), S_OK);
    check_content(scan.message, "Scan/B", "of B");
    check_content(scan.message, "Scan/C", "fooba");
    check_content(scan.message, "Scan/C", "fooba"); /* a new one each time */
    check_content(scan.message, "Scan/D", "");
    check_content(scan.message, "Scan/E", "of A");
    scan_free(&scan);
}

/* [R10]: without a package too. */
static void attachment__base64_in_a_plain_envelope__is_there_decoded(void **state)
{
    wsd_inbound_message *reply;

    (void)state;
    assert_hr(answer_soap("<a><b>Zm9vYmFy</b></a>", &reply), S_OK);
    check_content(reply, "a/b", "foobar");
    wsd_inbound_message_release(reply);
}

/* [R12] [R13] [R14] */
static void attachment__not_there__has_its_code(void **state)
{
    static const char body[] =
        "<s:Scan xmlns:s=\"urn:s\"><s:Bad>no base64!</s:Bad><s:Cut>Zm9</s:Cut>"
        "<s:Inner><x/></s:Inner><s:Cid>" XOP_INCLUDE(
            "cid:nobody@scan") "</s:Cid>"
                               "<s:Http>" XOP_INCLUDE(
                                   "http://127.0.0.1/x") "</s:Http>"
                                                         "<s:File>" XOP_INCLUDE(
                                                             "file:///etc/"
                                                             "passwd") "</"
                                                                       "s:File><"
                                                                       "/s:"
                                                                       "Scan>";
    static const struct {
        const char *path;
        HRESULT hr;
    } rows[] = {
        {"", E_INVALIDARG},
        {"Scan/", E_INVALIDARG},
        {"Scan/Bad[0]", E_INVALIDARG},
        {"Scan/Nothing", NOT_FOUND},
        {"Other", NOT_FOUND},
        {"Scan/Bad[2]", NOT_FOUND},
        {"Scan/Bad", WS_E_INVALID_FORMAT},
        {"Scan/Cut", WS_E_INVALID_FORMAT},
        {"Scan/Inner", WS_E_INVALID_FORMAT},
        {"Scan/Cid", WS_E_INVALID_FORMAT},
        {"Scan/Http", WS_E_INVALID_FORMAT},
        {"Scan/File", WS_E_INVALID_FORMAT},
    };
    wsd_inbound_message *reply;
    IWSDInboundAttachment *attachment;

    (void)state;
    assert_hr(answer_soap(body, &reply), S_OK);
    for (size_t i = 0; i < COUNT(rows); i++) {
        attachment = (IWSDInboundAttachment *)&attachment;
        assert_hr(wsd_inbound_message_attachment(reply, rows[i].path, &attachment),
                  rows[i].hr);
        assert_null(attachment);
    }
    attachment = (IWSDInboundAttachment *)&attachment;
    assert_hr(wsd_inbound_message_attachment(reply, NULL, &attachment), E_POINTER);
    assert_null(attachment);
    assert_hr(wsd_inbound_message_attachment(reply, "Scan", NULL), E_POINTER);
    wsd_inbound_message_release(reply);

    assert_hr(answer(REPLY_ACCEPTED, &reply), S_OK);
    assert_hr(wsd_inbound_message_attachment(reply, "Scan", &attachment), NOT_FOUND);
    wsd_inbound_message_release(reply);
}

/* [R14]: whether a part will come is known at the message's end. */
static void attachment__part_never_comes__fails(void **state)
{
    IWSDInboundAttachment *page;
    struct scan scan = {0};
    struct bytes got = {0};

    (void)state;
    put_root(&scan.body, 2);
    put_page(&scan.body, 1, "x", 1);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, NULL, WITH_LENGTH), S_OK);
    page = page_of(scan.message, 0);
    assert_hr(page_read_all(page, 5, &got), WS_E_INVALID_FORMAT);
    assert_int_equal(got.size, 0);
    page_release(page);
    page_expect(scan.message, 1, "x", 1, 5);
    scan_free(&scan);
    bytes_free(&got);
}

/* A package may refer to its own parts only: nothing else is ever asked for. [R14] */
static void package__refers_to_something_else__is_refused(void **state)
{
    static const char *const includes[] = {
        XOP_INCLUDE("http://127.0.0.1/x"),
        XOP_INCLUDE("file:///etc/passwd"),
        XOP_INCLUDE("0@scan"),
        XOP_INCLUDE(""),
    };

    (void)state;
    for (size_t i = 0; i < COUNT(includes); i++) {
        char body[300];
        struct scan scan = {0};

        snprintf(body, sizeof(body), "<Scan><Page>%s</Page></Scan>", includes[i]);
        put_envelope(&scan.body, body);
        put_page(&scan.body, 0, "x", 1);
        put_end(&scan.body);
        assert_hr(scan_run(&scan, NULL, WITH_LENGTH), WS_E_INVALID_FORMAT);
        scan_free(&scan);
    }
}

/* [R11] */
static void attachment__nobody_reads_it__holds_up_those_behind(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct scan scan = {0};
    IWSDInboundAttachment *pages[2];
    char buffer[4];
    DWORD given;

    (void)state;
    options.ring_bytes = 5;
    put_root(&scan.body, 2);
    put_page(&scan.body, 0, "first of two", 12);
    put_page(&scan.body, 1, "two", 3);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, &options, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < 2; i++)
        pages[i] = page_of(scan.message, i);
    page_set_budget(pages[1], 50);
    assert_hr(page_read(pages[1], buffer, 4, &given), STG_S_BLOCK);
    assert_hr(page_close(pages[0]), S_OK);
    page_release(pages[1]);
    scan_free(&scan);
    page_release(pages[0]);
}

/* [R15]: documents that are held go on, and outlive message and client. */
static void release__of_an_inbound_message__leaves_what_is_held(void **state)
{
    struct scan scan = {0};
    IWSDInboundAttachment *pages[2];
    struct bytes got = {0};

    (void)state;
    put_root(&scan.body, 2);
    put_page(&scan.body, 0, "one", 3);
    put_page(&scan.body, 1, "two", 3);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, NULL, WITH_LENGTH), S_OK);
    for (size_t i = 0; i < 2; i++)
        pages[i] = page_of(scan.message, i);
    scan_release_message(&scan);
    assert_hr(page_read_all(pages[0], 2, &got), S_FALSE);
    assert_hr(page_read_all(pages[1], 2, &got), S_FALSE);
    scan_free(&scan);
    assert_int_equal(got.size, 6);
    assert_memory_equal(got.at, "onetwo", 6);
    got.size = 0;
    assert_hr(page_read_all(pages[0], 2, &got), S_FALSE);
    assert_int_equal(got.size, 0);
    for (size_t i = 0; i < 2; i++)
        page_release(pages[i]);
    bytes_free(&got);
    wsd_inbound_message_release(NULL);
}

/* [R15]: the connection ends when nothing is held, though the peer has more. */
static void release__of_all_that_is_inbound__cuts_the_connection(void **state)
{
    struct scan scan = {0};

    (void)state;
    put_root(&scan.body, 1);
    put_page(&scan.body, 0, "one", 3);
    put_head(&scan.reply, IN_CHUNKS, SCAN_OK, SCAN_TYPE, 0);
    put_chunk(&scan.reply, scan.body.at, scan.body.size);
    scan_start(&scan, NULL, scan.reply.size, PEER_SEND, PEER_READ_TO_END);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    scan_release_message(&scan);
    peer_finish(scan.peer, NULL);
    scan_free(&scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__pointers__are_checked_and_set),
        cmocka_unit_test(create__action__stands_in_the_envelope),
        cmocka_unit_test(create__bad_action__is_refused),
        cmocka_unit_test(set_body__is_written__on_one_line),
        cmocka_unit_test(set_body__twice__replaces_and_copies),
        cmocka_unit_test(set_body__not_one_element__is_refused_and_changes_nothing),
        cmocka_unit_test(set_body__too_late__is_refused),
        cmocka_unit_test(
            attach__paths__include_in_their_elements_in_the_order_of_the_calls),
        cmocka_unit_test(attach__content_type__is_checked_and_copied),
        cmocka_unit_test(attach__bad_arguments__have_their_codes_and_change_nothing),
        cmocka_unit_test(attach__attachment_has_ended__is_refused),
        cmocka_unit_test(attach__one_too_many__is_refused),
        cmocka_unit_test(attach__message_was_sent__is_refused),
        cmocka_unit_test(
            attach__application_gives_its_reference_back__message_has_its_own),
        cmocka_unit_test(release__message_was_sent__goes_on_by_itself),
        cmocka_unit_test(release__message_was_never_sent__fails_its_attachments),
        cmocka_unit_test(inbound__soap__says_all),
        cmocka_unit_test(inbound__no_soap__is_there_as_it_came),
        cmocka_unit_test(inbound__nothing_in_it__has_empty_strings),
        cmocka_unit_test(find_text__path__finds_trimmed_text),
        cmocka_unit_test(inbound__fault__says_which),
        cmocka_unit_test(attachment__in_a_part_or_in_the_text__is_there_decoded),
        cmocka_unit_test(attachment__base64_in_a_plain_envelope__is_there_decoded),
        cmocka_unit_test(attachment__not_there__has_its_code),
        cmocka_unit_test(attachment__part_never_comes__fails),
        cmocka_unit_test(package__refers_to_something_else__is_refused),
        cmocka_unit_test(attachment__nobody_reads_it__holds_up_those_behind),
        cmocka_unit_test(release__of_an_inbound_message__leaves_what_is_held),
        cmocka_unit_test(release__of_all_that_is_inbound__cuts_the_connection),
    };

    return cmocka_run_group_tests_name("message_contract", tests, NULL, NULL);
}
