/* The promises of wsd_message.h for programs that take all attachments of a reply,
 * whatever its body is. */
#include "support/scanner.h"

#define NOT_FOUND HRESULT_FROM_WIN32(ERROR_NOT_FOUND)

static IWSDInboundAttachment *page_at(wsd_inbound_message *message, size_t index)
{
    IWSDInboundAttachment *page;

    assert_hr(wsd_inbound_message_attachment_at(message, index, &page), S_OK);
    return page;
}

static void expect_end(wsd_inbound_message *message, size_t count)
{
    IWSDInboundAttachment *page = (IWSDInboundAttachment *)&page;

    for (size_t index = count; index < count + 3; index++) {
        assert_hr(wsd_inbound_message_attachment_at(message, index, &page), NOT_FOUND);
        assert_null(page);
    }
    assert_hr(wsd_inbound_message_attachment_at(message, SIZE_MAX, &page), NOT_FOUND);
}

/* Reads it to its end and gives it back. */
static void expect_content(IWSDInboundAttachment *page, const char *content)
{
    struct bytes got = {0};

    assert_hr(page_read_all(page, 10, &got), S_FALSE);
    assert_int_equal(got.size, strlen(content));
    if (got.size > 0)
        assert_memory_equal(got.at, content, got.size);
    bytes_free(&got);
    page_release(page);
}

/* ---- One after another ----------------------------------------------------------------
 */

/* [R16] [R18] [R19] */
static void at__parts_in_any_order__come_in_that_of_the_references(void **state)
{
    static const char *const orders[] = {"r0123", "r3210", "32r10", "3210r", "1r032"};
    static const char *const contents[] = {"zero", "", "two", "three"};

    (void)state;
    for (size_t i = 0; i < COUNT(orders); i++) {
        struct scan scan = {0};

        for (const char *part = orders[i]; *part != '\0'; part++) {
            size_t index = (size_t)(*part - '0');

            if (*part == 'r')
                put_root(&scan.body, 4);
            else
                put_page(&scan.body, index, contents[index], strlen(contents[index]));
        }
        put_end(&scan.body);
        assert_hr(scan_run(&scan, NULL, IN_CHUNKS), S_OK);
        for (size_t index = 0; index < COUNT(contents); index++) {
            IWSDInboundAttachment *page = page_at(scan.message, index);
            IWSDInboundAttachment *by_path = page_of(scan.message, index);

            assert_ptr_equal(page, by_path);
            assert_int_equal(page_release(by_path), 1);
            expect_content(page, contents[index]);
        }
        expect_end(scan.message, COUNT(contents));
        scan_free(&scan);
    }
}

/* [R16] [R17] */
static void at__texts_and_second_references__do_not_count(void **state)
{
    struct scan scan = {0};

    (void)state;
    put_part(&scan.body, "Content-ID: <nobodys@scan>\r\n", "x", 1);
    put_envelope(
        &scan.body,
        "<s:Scan xmlns:s='urn:s'><s:Text>aGVsbG8=</s:Text>"
        "<s:Page>" XOP_INCLUDE(
            "cid:1@scan") "</s:Page>"
                          "<s:Back><s:Page>" XOP_INCLUDE(
                              "cid:0@scan") "</s:Page></s:Back>"
                                            "<s:Page>" XOP_INCLUDE(
                                                "cid:1@scan") "</s:Page></s:Scan>");
    put_page(&scan.body, 0, "zero", 4);
    put_page(&scan.body, 1, "one", 3);
    put_page(&scan.body, 2, "two", 3);
    put_end(&scan.body);

    assert_hr(scan_run(&scan, NULL, WITH_LENGTH), S_OK);

    expect_content(page_at(scan.message, 0), "one");
    expect_content(page_at(scan.message, 1), "zero");
    expect_end(scan.message, 2);
    scan_free(&scan);
}

/* [R19] */
static void at__reply_without_attachments__has_none(void **state)
{
    static const char *const bodies[] = {"<s:Scan xmlns:s='urn:s'/>", "no envelope", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(bodies); i++) {
        char *soap = peer_soap_reply("HTTP/1.1 200 OK", "urn:a", bodies[i]);
        struct scan scan = {0};

        if (i == 0) {
            bytes_say(&scan.reply, soap);
        } else {
            put_head(&scan.reply, WITH_LENGTH, SCAN_OK, "text/plain", strlen(bodies[i]));
            bytes_say(&scan.reply, bodies[i]);
        }
        scan_start(&scan, NULL, scan.reply.size, PEER_SEND, PEER_CLOSE);
        upload_receive(&scan.upload, &scan.message);
        expect_end(scan.message, 0);
        scan_free(&scan);
        free(soap);
    }
}

static void at__pointers__are_checked(void **state)
{
    struct scan scan = {0};
    IWSDInboundAttachment *page = (IWSDInboundAttachment *)&scan;

    (void)state;
    put_root(&scan.body, 1);
    put_page(&scan.body, 0, "x", 1);
    put_end(&scan.body);
    assert_hr(scan_run(&scan, NULL, WITH_LENGTH), S_OK);
    assert_hr(wsd_inbound_message_attachment_at(scan.message, 0, NULL), E_POINTER);
    assert_hr(wsd_inbound_message_attachment_at(NULL, 0, &page), E_POINTER);
    assert_null(page);
    scan_free(&scan);
}

/* ---- Media types ----------------------------------------------------------------------
 */

/* [R20] [R21] */
static void media_type__any_field__is_a_plain_type_or_nothing(void **state)
{
    static const struct {
        const char *field, *type;
    } rows[] = {
        {"Content-Type: image/jpeg\r\n", "image/jpeg"},
        {"Content-Type: Image/JPEG; name=\"../../x.exe\"\r\n", "image/jpeg"},
        {"Content-Type: (a comment) text/plain;charset=utf-8\r\n", "text/plain"},
        {"Content-Type: application/vnd.ms-xpsdocument\r\n",
         "application/vnd.ms-xpsdocument"},
        {"", ""},
        {"Content-Type:\r\n", ""},
        {"Content-Type: image\r\n", ""},
        {"Content-Type: image/\r\n", ""},
        {"Content-Type: ../../etc/passwd\r\n", ""},
        {"Content-Type: image/jpeg; name=a; name=b\r\n", ""},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        IWSDInboundAttachment *page;
        struct scan scan = {0};
        char fields[200], byte;
        DWORD given;

        put_root(&scan.body, 1);
        snprintf(fields, sizeof(fields), "%sContent-ID: <0@scan>\r\n", rows[i].field);
        put_part(&scan.body, fields, "x", 1);
        put_end(&scan.body);
        assert_hr(scan_run(&scan, NULL, TO_THE_END), S_OK);
        page = page_at(scan.message, 0);

        assert_true(SUCCEEDED(page_read(page, &byte, 1, &given)));

        assert_string_equal(wsd_inbound_message_media_type(scan.message, page),
                            rows[i].type);
        page_release(page);
        scan_free(&scan);
    }
}

/* [R21] */
static void media_type__not_a_part_of_this_message__is_none(void **state)
{
    struct scan scans[2] = {0};
    IWSDInboundAttachment *page, *text;
    char byte;
    DWORD given;

    (void)state;
    for (size_t i = 0; i < COUNT(scans); i++) {
        put_envelope(&scans[i].body,
                     "<s:Scan xmlns:s='urn:s'><s:Page>" XOP_INCLUDE(
                         "cid:0@scan") "</s:Page><s:Text>aGVsbG8=</s:Text></s:Scan>");
        put_page(&scans[i].body, 0, "x", 1);
        put_end(&scans[i].body);
        assert_hr(scan_run(&scans[i], NULL, WITH_LENGTH), S_OK);
    }
    page = page_at(scans[0].message, 0);
    assert_true(SUCCEEDED(page_read(page, &byte, 1, &given)));
    assert_hr(wsd_inbound_message_attachment(scans[0].message, "Scan/Text", &text), S_OK);
    assert_string_equal(wsd_inbound_message_media_type(scans[0].message, page),
                        "image/jpeg");
    assert_string_equal(wsd_inbound_message_media_type(scans[1].message, page), "");
    assert_string_equal(wsd_inbound_message_media_type(scans[0].message, text), "");
    assert_string_equal(wsd_inbound_message_media_type(scans[0].message, NULL), "");
    page_release(page);
    page_release(text);
    scan_free(&scans[0]);
    scan_free(&scans[1]);
}

/* [R22] */
static void media_type__part_has_not_begun__is_empty_until_a_read(void **state)
{
    static const char *const contents[] = {"content", ""};

    (void)state;
    for (size_t i = 0; i < COUNT(contents); i++) {
        IWSDInboundAttachment *page;
        struct scan scan = {0};
        size_t now;
        char byte;
        DWORD given;

        put_root(&scan.body, 1);
        bytes_say(&scan.body, "\r\n--b\r\nContent-ID: <0@scan>\r\n");
        now = scan.body.size;
        bytes_say(&scan.body, "Content-Type: image/tiff\r\n\r\n");
        bytes_say(&scan.body, contents[i]);
        put_end(&scan.body);
        put_head(&scan.reply, WITH_LENGTH, SCAN_OK, SCAN_TYPE, scan.body.size);
        now += scan.reply.size;
        bytes_put(&scan.reply, scan.body.at, scan.body.size);
        scan_start(&scan, NULL, now, PEER_SEND, PEER_CLOSE);
        assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
        page = page_at(scan.message, 0);
        page_set_budget(page, 0);
        assert_hr(page_read(page, &byte, 1, &given), STG_S_BLOCK);
        assert_string_equal(wsd_inbound_message_media_type(scan.message, page), "");

        peer_go(scan.peer);
        page_set_budget(page, PEER_PATIENCE_MS);
        assert_hr(page_read(page, &byte, 1, &given),
                  contents[i][0] != '\0' ? S_OK : S_FALSE);

        assert_string_equal(wsd_inbound_message_media_type(scan.message, page),
                            "image/tiff");
        page_release(page);
        scan_free(&scan);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(at__parts_in_any_order__come_in_that_of_the_references),
        cmocka_unit_test(at__texts_and_second_references__do_not_count),
        cmocka_unit_test(at__reply_without_attachments__has_none),
        cmocka_unit_test(at__pointers__are_checked),
        cmocka_unit_test(media_type__any_field__is_a_plain_type_or_nothing),
        cmocka_unit_test(media_type__not_a_part_of_this_message__is_none),
        cmocka_unit_test(media_type__part_has_not_begun__is_empty_until_a_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
