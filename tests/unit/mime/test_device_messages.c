/* Messages in the shapes in which real stacks and devices send them, from the HTTP header
 * to the document that a cid: names.  Each says which tolerances it needs: without any
 * one of them it is refused, or its document is not found. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "mime/content_id.h"
#include "mime/content_type.h"
#include "support/decode.h"
#include "support/tolerated.h"

#define TYPE "Content-Type: "
#define CTE "Content-Transfer-Encoding: "
#define ID "Content-ID: "
#define XOP "application/xop+xml; charset=UTF-8; type=\"application/soap+xml\""
#define RELATED "multipart/related; type=\"application/xop+xml\"; "
#define INFO "start-info=\"application/soap+xml\""
#define UUID "3f2c9a10-77d1-4c55-9f3e-0a8b6c4d2e1f"

struct message {
    const char *sender;
    unsigned needs;           /* tolerances */
    const char *content_type; /* the HTTP header, unfolded */
    const char *body;
    const char *href;     /* as the envelope has it */
    const char *root;     /* the bytes of the root part */
    const char *document; /* the bytes of the part that href names */
};

static const struct message messages[] = {
    {"wsdattach, WSDAPI", 0,
     RELATED "start=\"<root@soap>\"; " INFO "; boundary=\"" UUID "\"",
     "--" UUID "\r\n" TYPE XOP "\r\n" CTE "binary\r\n" ID "<root@soap>\r\n\r\n<e/>\r\n"
     "--" UUID "\r\n" TYPE "application/octet-stream\r\n" CTE "binary\r\n" ID
     "<0@body>\r\n\r\n\r\n--document\r\n\r\n--" UUID "--\r\n",
     "cid:0@body", "<e/>", "\r\n--document\r\n"},

    {"gSOAP (HP and others)", TOLERATED(CONTENT_ID_WITHOUT_AT),
     RELATED "boundary=\"==/M14bTqJz0kPq9v==\"; start=\"<SOAP-ENV:Envelope>\"; "
             "start-info=\"application/soap+xml; charset=utf-8\"",
     "--==/M14bTqJz0kPq9v==\r\n" TYPE "application/xop+xml; charset=utf-8; "
     "type=\"application/soap+xml\"\r\n" CTE "binary\r\n" ID
     "<SOAP-ENV:Envelope>\r\n\r\n<e/>\r\n--==/M14bTqJz0kPq9v==\r\n" TYPE
     "image/jpeg\r\n" CTE "binary\r\n" ID
     "<id26>\r\n\r\n==/M14b\r\n--==/M14bTqJz0kPq9v==--",
     "cid:id26", "<e/>", "==/M14b"},

    {"WCF",
     TOLERATED(CONTENT_ID_WITHOUT_AT) | TOLERATED(CID_PERCENT) |
         TOLERATED(ENCODING_NOT_BINARY),
     "multipart/related;type=\"application/xop+xml\";start=\"<http://tempuri.org/0>\";"
     "boundary=\"uuid:" UUID "+id=1\";" INFO ";action=\"urn:x/Upload\"",
     "\r\n--uuid:" UUID "+id=1\r\n" ID "<http://tempuri.org/0>\r\n" CTE "8bit\r\n" TYPE
     "application/xop+xml;charset=utf-8;type=\"application/soap+xml;"
     "action=\\\"urn:x/Upload\\\"\"\r\n\r\n<e/>\r\n--uuid:" UUID "+id=1\r\n" ID
     "<http://tempuri.org/1/639>\r\n" CTE "binary\r\n" TYPE
     "application/octet-stream\r\n\r\ndocument\r\n--uuid:" UUID "+id=1--\r\n",
     "cid:http%3A%2F%2Ftempuri.org%2F1%2F639", "<e/>", "document"},

    {"JAX-WS", TOLERATED(HEADER_SPELLING),
     "multipart/related;start=\"<rootpart*" UUID "@example.jaxws.sun.com>\";"
     "type=\"application/xop+xml\";boundary=\"uuid:" UUID "\";" INFO,
     "--uuid:" UUID "\r\nContent-Id: <rootpart*" UUID "@example.jaxws.sun.com>\r\n" TYPE
     "application/xop+xml;charset=utf-8;type=\"application/soap+xml;action=\\\"urn:x\\\""
     "\"\r\n" CTE "binary\r\n\r\n<e/>\r\n--uuid:" UUID "\r\nContent-Id: <c327@example."
     "jaxws.sun.com>\r\n" TYPE "application/octet-stream\r\n" CTE
     "binary\r\n\r\ndocument\r\n--uuid:" UUID "--",
     "cid:c327@example.jaxws.sun.com", "<e/>", "document"},

    {"Axis2", TOLERATED(START_WITHOUT_BRACKETS),
     "multipart/related; boundary=MIMEBoundary_6f2c; type=\"application/xop+xml\"; "
     "start=\"0.6f2d@apache.org\"; " INFO,
     "--MIMEBoundary_6f2c\r\n" TYPE XOP "\r\n" CTE "binary\r\n" ID
     "<0.6f2d@apache.org>\r\n\r\n<e/>\r\n--MIMEBoundary_6f2c\r\n" TYPE
     "application/binary\r\n" CTE "binary\r\n" ID
     "<1.6f2e@apache.org>\r\n\r\ndocument\r\n--MIMEBoundary_6f2c--\r\n",
     "cid:1.6f2e@apache.org", "<e/>", "document"},

    {"Epson", TOLERATED(UNSPACED_HEADER),
     RELATED "boundary=\"4a8c_epson\"; start=\"<9CAED324E3C0_417441431@epson>\"; " INFO,
     "--4a8c_epson\r\nContent-Type:" XOP "\r\nContent-Transfer-Encoding:binary\r\n"
     "Content-ID:<9CAED324E3C0_417441431@epson>\r\n\r\n<e/>\r\n--4a8c_epson\r\n"
     "Content-Type:image/jpeg\r\nContent-Transfer-Encoding:binary\r\n"
     "Content-ID:<9CAED324E3C0_417441432@epson>\r\n\r\ndocument\r\n--4a8c_epson--\r\n",
     "cid:9CAED324E3C0_417441432@epson", "<e/>", "document"},

    {"go-mfp", TOLERATED(HEADER_SPELLING) | TOLERATED(CONTENT_ID_WITHOUT_AT),
     RELATED "boundary=\"" UUID "\"; start=\"<" UUID ">\"; " INFO,
     "--" UUID "\r\nContent-Id: <" UUID ">\r\n" CTE "binary\r\n" TYPE XOP
     "\r\n\r\n<e/>\r\n--" UUID "\r\n" TYPE "image/jpeg\r\n" CTE
     "binary\r\nContent-Id: <c1>\r\n\r\ndocument\r\n--" UUID "--\r\n",
     "cid:c1", "<e/>", "document"},

    {"Xerox WorkCentre 3025", TOLERATED(DELIMITER_WITHOUT_CRLF),
     RELATED "boundary=\"" UUID "\"; start=\"<root@xerox>\"; " INFO,
     "--" UUID "\r\n" TYPE XOP "\r\n" CTE "binary\r\n" ID
     "<root@xerox>\r\n\r\n<e/>--" UUID "\r\n" TYPE "image/jpeg\r\n" CTE "binary\r\n" ID
     "<image@xerox>\r\n\r\n\xFF\xD8--\xFF\xD9\r\n--" UUID "--\r\n",
     "cid:image@xerox", "<e/>", "\xFF\xD8--\xFF\xD9"},

    {"Microsoft's RetrieveImage sample",
     TOLERATED(UNQUOTED_VALUE) | TOLERATED(START_INFO_SPELLING) |
         TOLERATED(MISSING_SEMICOLON) | TOLERATED(FOLDED_HEADER) |
         TOLERATED(BLANK_BEFORE_HEADER) | TOLERATED(CONTENT_ID_BLANKS),
     "multipart/related; type=application/xop+xml; boundary=" UUID
     ";  start=\"<root@sample>\"; startinfo=application/soap+xml",
     "--" UUID "\r\n" TYPE "application/xop+xml;\r\n type=\"application/soap+xml\" "
     "charset=UTF-8\r\n" CTE "binary\r\n" ID "<root@sample>\r\n\r\n<e/>\r\n--" UUID
     "\r\n\r\n" TYPE "image/jpeg;\r\n" CTE "binary\r\n" ID
     "<image@sample >\r\n\r\ndocument\r\n--" UUID "--\r\n",
     "cid:image@sample", "<e/>", "document"},

    {"Brother", 0,
     "Multipart/Related; boundary=\"" UUID "\"; type=\"application/xop+xml\"; "
     "start=\"<" UUID "@brother>\"; " INFO,
     "--" UUID "\r\n" TYPE "application/xop+xml; type=\"application/soap+xml\"; "
     "charset=utf-8\r\n" CTE "binary\r\n" ID "<" UUID "@brother>\r\n\r\n<e/>\r\n--" UUID
     "\r\n" TYPE "image/jpeg\r\n" CTE "binary\r\n" ID
     "<1@brother>\r\n\r\ndocument\r\n--" UUID "--\r\n",
     "cid:1@brother", "<e/>", "document"},

    {".NET Micro Framework", 0,
     "multipart/related;boundary=" UUID ";type=\"application/xop+xml\";"
     "start=\"<soap@soap>\";" INFO,
     "--" UUID "\r\n" TYPE "application/xop+xml;charset=UTF-8;type=\"application/soap"
     "+xml\"\r\n" CTE "binary\r\n" ID "<soap@soap>\r\n\r\n<e/>\r\n--" UUID "\r\n" TYPE
     "application/xop+xml;charset=UTF-8;type=\"application/soap+xml\"\r\n" CTE
     "binary\r\n" ID "<0@body>\r\n\r\ndocument\r\n--" UUID "--",
     "cid:0@body", "<e/>", "document"},

    {"a script that writes line feeds", TOLERATED(LINE_FEED),
     RELATED "boundary=b; start=\"<root@x>\"; " INFO,
     "--b\n" TYPE XOP "\n" ID "<root@x>\n\n<e/>\n--b\n" TYPE "text/plain\n" ID
     "<1@x>\n\nline\r\nline\n\n--b--\n",
     "cid:1@x", "<e/>", "line\r\nline\n"},

    {"a sender that puts the root last", TOLERATED(ROOT_NOT_FIRST),
     RELATED "boundary=b; start=\"<root@x>\"; " INFO,
     "--b\r\n" TYPE "image/png\r\n" ID "<1@x>\r\n\r\ndocument\r\n--b\r\n" TYPE XOP
     "\r\n" ID "<root@x>\r\n\r\n<e/>\r\n--b--\r\n",
     "cid:1@x", "<e/>", "document"},

    {"a sender in base64", TOLERATED(BASE64),
     RELATED "boundary=b; start=\"<root@x>\"; " INFO,
     "--b\r\n" TYPE XOP "\r\n" ID "<root@x>\r\n\r\n<e/>\r\n--b\r\n" TYPE
     "image/png\r\n" CTE "base64\r\n" ID "<1@x>\r\n\r\nZG9j\r\ndW1lbnQ=\r\n\r\n--b--",
     "cid:1@x", "<e/>", "document"},

    {"a sender without brackets", TOLERATED(CONTENT_ID_WITHOUT_BRACKETS),
     RELATED "boundary=b; start=\"<root@x>\"; " INFO,
     "--b\r\n" TYPE XOP "\r\n" ID "root@x\r\n\r\n<e/>\r\n--b\r\n" TYPE "image/png\r\n" ID
     "1@x\r\n\r\ndocument\r\n--b--",
     "cid:1@x", "<e/>", "document"},
};

/* ---- what a message layer does with the parts ---- */

struct reader {
    struct wsd_part_handler handler;
    const struct message *message;
    const char *start;
    struct wsd_tolerances *tolerances;
    struct wsd_text root, document, *current; /* NULL: of no interest */
    bool malformed;                           /* the root's Content-Type */
};

static HRESULT reader_begins(struct wsd_part_handler *handler,
                             const struct wsd_part_header *header, size_t index)
{
    struct reader *reader = (struct reader *)handler;
    struct wsd_content_type type;

    reader->current = NULL;
    if (wsd_content_id_is_root(header->content_id, index, reader->start,
                               reader->tolerances)) {
        reader->current = &reader->root;
        reader->malformed =
            header->content_type == NULL ||
            wsd_content_type_parse(header->content_type, reader->tolerances, &type) !=
                WSD_MIME_NONE ||
            strcmp(type.type, "application/xop+xml") != 0;
    } else if (wsd_content_id_is_meant_by(header->content_id, reader->message->href,
                                          reader->tolerances)) {
        reader->current = &reader->document;
    }
    return S_OK;
}

static HRESULT reader_content(struct wsd_part_handler *handler, const uint8_t *bytes,
                              size_t size, size_t *taken)
{
    struct reader *reader = (struct reader *)handler;

    *taken = size;
    return reader->current == NULL ? S_OK : wsd_text_append(reader->current, bytes, size);
}

static HRESULT reader_ends(struct wsd_part_handler *handler)
{
    (void)handler;
    return S_OK;
}

static bool has(const struct wsd_text *text, const char *bytes)
{
    return text->length == strlen(bytes) && text->bytes != NULL &&
           memcmp(text->bytes, bytes, text->length) == 0;
}

/* Is the whole message read as it is meant? */
static bool is_read(const struct message *message, struct wsd_tolerances *tolerances)
{
    static const struct wsd_part_handler_vtable vtable = {reader_begins, reader_content,
                                                          reader_ends};
    struct wsd_multipart_limits limits = WSD_MULTIPART_LIMITS;
    struct reader reader = {
        .handler = {&vtable}, .message = message, .tolerances = tolerances};
    struct wsd_multipart_decoder *decoder = NULL;
    struct wsd_content_type type;
    char *value = strdup(message->content_type);
    const char *boundary, *start_info;
    bool read = false;
    size_t taken;

    assert_non_null(value);
    wsd_text_init(&reader.root, wsd_mem_heap(), SIZE_MAX);
    wsd_text_init(&reader.document, wsd_mem_heap(), SIZE_MAX);
    if (wsd_content_type_parse(value, tolerances, &type) == WSD_MIME_NONE &&
        wsd_content_type_boundary(&type, &boundary) == WSD_MIME_NONE) {
        struct wsd_body_sink *sink;

        reader.start = wsd_content_type_parameter(&type, "start");
        start_info = wsd_content_type_start_info(&type, tolerances);
        assert_int_equal(wsd_multipart_decoder_create(wsd_mem_heap(), boundary, &limits,
                                                      tolerances, &reader.handler,
                                                      &decoder),
                         S_OK);
        sink = wsd_multipart_decoder_sink(decoder);
        read = sink->vtable->push(sink, (const uint8_t *)message->body,
                                  strlen(message->body), &taken) == S_OK &&
               sink->vtable->finish(sink) == S_OK && !reader.malformed &&
               start_info != NULL && has(&reader.root, message->root) &&
               has(&reader.document, message->document);
    }
    wsd_multipart_decoder_destroy(decoder);
    wsd_text_fini(&reader.root);
    wsd_text_fini(&reader.document);
    free(value);
    return read;
}

static void device__its_message__is_read_with_the_tolerances_it_needs(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct wsd_tolerances tolerances;

        wsd_tolerances_init(&tolerances);
        tolerances.accepted |= messages[i].needs; /* two are off by default */
        print_message("%s\n", messages[i].sender);
        assert_true(is_read(&messages[i], &tolerances));
        assert_int_equal(tolerated(&tolerances), messages[i].needs);
    }
}

static void device__without_a_tolerance_it_needs__is_not_read(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        for (unsigned bit = 0; bit < WSD_TOLERANCE_COUNT; bit++) {
            struct wsd_tolerances tolerances = {.accepted =
                                                    messages[i].needs & ~(1u << bit)};

            assert_int_equal(is_read(&messages[i], &tolerances),
                             (messages[i].needs & 1u << bit) == 0);
        }
    }
}

static void device__its_message_in_any_pieces__has_the_same_parts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++) {
        struct wsd_tolerances tolerances = {.accepted = ~0u};
        char *value = strdup(messages[i].content_type);
        struct wsd_content_type type;
        const char *boundary;
        struct decoding what;
        struct decoded result;

        assert_non_null(value);
        assert_int_equal(wsd_content_type_parse(value, &tolerances, &type),
                         WSD_MIME_NONE);
        assert_int_equal(wsd_content_type_boundary(&type, &boundary), WSD_MIME_NONE);
        what = decoding_of(boundary, messages[i].body);
        what.accepted |= messages[i].needs;
        result = decode_all_ways(&what);
        assert_int_equal(result.hr, S_OK);
        free(result.log);
        free(value);
    }
}

static void tolerance__each__has_a_message_that_needs_it(void **state)
{
    unsigned needed = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(messages) / sizeof(messages[0]); i++)
        needed |= messages[i].needs;
    assert_int_equal(needed, (1u << WSD_TOLERANCE_COUNT) - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(device__its_message__is_read_with_the_tolerances_it_needs),
        cmocka_unit_test(device__without_a_tolerance_it_needs__is_not_read),
        cmocka_unit_test(device__its_message_in_any_pieces__has_the_same_parts),
        cmocka_unit_test(tolerance__each__has_a_message_that_needs_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
