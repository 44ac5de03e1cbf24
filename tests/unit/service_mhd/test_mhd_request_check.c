#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "service_mhd/mhd_request_check.h"
#include "transport/transport.h"

/* A heap copy without slack or NUL, so that the sanitizers see a read behind it. */
static char *exact(const char *text, size_t size)
{
    char *copy = malloc(size == 0 ? 1 : size);

    assert_non_null(copy);
    memcpy(copy, text, size);
    return copy;
}

static void check_field(struct wsd_mhd_check *check, const char *name, size_t name_size,
                        const char *value, size_t value_size)
{
    char *name_copy = exact(name, name_size);
    char *value_copy = exact(value, value_size);

    wsd_mhd_check_field(check, name_copy, name_size, value_copy, value_size);
    free(name_copy);
    free(value_copy);
}

/* Header lines as libmicrohttpd tells them: "Name: value\r\n". */
static size_t check_lines(struct wsd_mhd_check *check, const char *lines)
{
    const char *at = lines;

    while (*at != '\0') {
        const char *colon = strchr(at, ':'), *end = strstr(at, "\r\n");
        const char *value = colon + strspn(colon, ": ");

        check_field(check, at, (size_t)(colon - at), value, (size_t)(end - value));
        at = end + 2;
    }
    return strlen(lines);
}

struct request {
    const char *method, *path, *version, *lines;
};

/* `hidden`: octets of the head that libmicrohttpd does not show. */
static struct wsd_mhd_check check_request(const struct request *request, size_t hidden)
{
    struct wsd_mhd_check check;
    size_t size = strlen(request->method) + strlen(request->path) +
                  strlen(request->version) + strlen("  \r\n\r\n");

    wsd_mhd_check_begin(&check, request->path, request->method, request->version);
    size += check_lines(&check, request->lines);
    wsd_mhd_check_end(&check, size + hidden);
    return check;
}

static struct wsd_mhd_check check_post(const char *lines)
{
    const struct request request = {"POST", "/p", "HTTP/1.1", lines};

    return check_request(&request, 0);
}

static void expect_status(const char *lines, int status)
{
    struct wsd_mhd_check check = check_post(lines);

    if (check.status != status)
        print_error("%s", lines);
    assert_int_equal(check.status, status);
    assert_int_equal(check.why != NULL, status != 0);
    if (status != 0)
        assert_false(check.keep);
}

#define HOST "Host: x\r\n"
#define LENGTH "Content-Length: 5\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n"

static void request__ordinary__is_fine_and_kept(void **state)
{
    struct wsd_mhd_check check = check_post(
        HOST LENGTH "Content-Type: application/soap+xml; charset=utf-8\r\nUser-Agent: "
                    "WSDAPI\r\nExpect: 100-Continue\r\nContent-Encoding: identity\r\n"
                    "X:\r\nTabs: a\tb\r\nEight-Bit: \xC3\xA4\r\n");

    (void)state;
    assert_int_equal(check.status, 0);
    assert_int_equal(check.body_length, 5);
    /* "X:" without a blank behind it: one octet less than clients write */
    assert_false(check.keep);

    check = check_post(HOST LENGTH);
    assert_int_equal(check.status, 0);
    assert_true(check.keep);
}

static void request__in_chunks__is_fine_and_not_kept(void **state)
{
    static const char *const rows[] = {HOST CHUNKED,
                                       HOST "TRANSFER-encoding: CHUNKED\r\n"};

    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct wsd_mhd_check check = check_post(rows[i]);

        assert_int_equal(check.status, 0);
        assert_true(check.body_length == WSD_LENGTH_UNKNOWN);
        assert_false(check.keep);
    }
}

static void request__of_http_1_0__is_fine_and_not_kept(void **state)
{
    static const char *const rows[] = {LENGTH, HOST LENGTH,
                                       LENGTH "Connection: keep-alive\r\n"};

    (void)state;
    for (size_t i = 0; i < 3; i++) {
        const struct request request = {"POST", "/p", "HTTP/1.0", rows[i]};
        struct wsd_mhd_check check = check_request(&request, 0);

        assert_int_equal(check.status, 0);
        assert_int_equal(check.body_length, 5);
        assert_false(check.keep);
    }
}

static void length__off_the_grammar__is_refused(void **state)
{
    static const char *const rows[] = {"",     "-1",   "+5",    "0x5",   "5a",
                                       "5, 5", "5 5",  "5 ",    "5\t",   "5,",
                                       "5.0",  "five", "\"5\"", "5;q=1", "5\xC2\xB9"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char lines[100];

        snprintf(lines, sizeof(lines), HOST "Content-Length: %s\r\n", rows[i]);
        expect_status(lines, 400);
    }
}

static void length__every_character__only_digits_count(void **state)
{
    (void)state;
    for (int c = 1; c < 256; c++) {
        struct wsd_mhd_check check;
        char value[3] = {'1', (char)c, '2'};

        wsd_mhd_check_begin(&check, "/", "POST", "HTTP/1.0");
        check_field(&check, "Content-Length", 14, value, 3);
        wsd_mhd_check_end(&check, 0);
        assert_int_equal(check.status, c >= '0' && c <= '9' ? 0 : 400);
    }
}

static void length__large__is_taken_up_to_what_means_unknown(void **state)
{
    static const struct {
        const char *value;
        uint64_t length;
        int status;
    } rows[] = {
        {"0", 0, 0},
        {"00000000000000000000000000000000000000005", 5, 0},
        {"2147483648", 2147483648u, 0},
        {"4294967296", 4294967296u, 0},
        {"9223372036854775808", 9223372036854775808u, 0},
        {"18446744073709551614", 18446744073709551614u, 0},
        {"18446744073709551615", 0, 413},
        {"18446744073709551616", 0, 413},
        {"18446744073709551621", 0, 413},
        {"99999999999999999999999999", 0, 413},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_mhd_check check;
        char lines[100];

        snprintf(lines, sizeof(lines), HOST "Content-Length: %s\r\n", rows[i].value);
        check = check_post(lines);
        assert_int_equal(check.status, rows[i].status);
        if (rows[i].status == 0)
            assert_true(check.body_length == rows[i].length);
    }
}

static void request__with_two_ends__is_refused(void **state)
{
    static const char *const rows[] = {
        HOST LENGTH CHUNKED,
        HOST CHUNKED LENGTH,
        HOST LENGTH LENGTH,
        HOST LENGTH "content-length: 6\r\n",
        HOST CHUNKED CHUNKED,
        HOST CHUNKED "Transfer-Encoding: identity\r\n",
        HOST "Transfer-Encoding: identity\r\n" CHUNKED,
        HOST LENGTH "Transfer-Encoding: identity\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_status(rows[i], 400);
}

static void coding__other_than_chunked__is_refused(void **state)
{
    static const char *const rows[] = {
        "",
        "identity",
        "gzip",
        "gzip, chunked",
        "chunked, chunked",
        "chunked, ",
        ", chunked",
        "chunked;q=1",
        "xchunked",
        "chunkedx",
        "chunked ",
        "chunked\t",
        "\vchunked",
        "\"chunked\"",
        "chunke",
        "chunked, identity",
        "chunked\x01",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char lines[100];

        snprintf(lines, sizeof(lines), HOST "Transfer-Encoding: %s\r\n", rows[i]);
        expect_status(lines, 400);
    }
}

static void coding__in_http_1_0__is_refused(void **state)
{
    const struct request request = {"POST", "/p", "HTTP/1.0", CHUNKED};

    (void)state;
    assert_int_equal(check_request(&request, 0).status, 400);
}

/* As libmicrohttpd shows them: the folded text stands behind the name. */
static void framing_field__folded_or_misspelled__is_refused(void **state)
{
    static const char *const rows[] = {
        HOST LENGTH "Transfer-Encodingchunked:\r\n",
        HOST LENGTH "transfer-encoding,identity: chunked\r\n",
        HOST CHUNKED "Content-Length5:\r\n",
        HOST LENGTH "Transfer-Encoding : chunked\r\n",
        HOST LENGTH "Transfer-Encoding\t: chunked\r\n",
        HOST CHUNKED "Content-Length : 5\r\n",
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_status(rows[i], 400);
}

static void host__none_several_or_odd__is_refused(void **state)
{
    static const struct {
        const char *lines;
        int status;
    } rows[] = {
        {LENGTH, 400},
        {HOST HOST LENGTH, 400},
        {HOST LENGTH "HOST: y\r\n", 400},
        {"Host: a b\r\n" LENGTH, 400},
        {"Host: a,b\r\n" LENGTH, 400},
        {"Host: a/b\r\n" LENGTH, 400},
        {"Host: a@b\r\n" LENGTH, 400},
        {"Host: \xC3\xA4\r\n" LENGTH, 400},
        {"Host: 192.0.2.1:5357\r\n" LENGTH, 0},
        {"Host: [fe80::1%25eth0]:5357\r\n" LENGTH, 0},
        {"Host: \r\n" LENGTH, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        expect_status(rows[i].lines, rows[i].status);
}

static void host__two_in_http_1_0__are_refused(void **state)
{
    const struct request request = {"POST", "/p", "HTTP/1.0", HOST HOST LENGTH};

    (void)state;
    assert_int_equal(check_request(&request, 0).status, 400);
}

static void field__every_character__in_name_and_value(void **state)
{
    (void)state;
    for (int c = 0; c < 256; c++) {
        bool is_token = c > ' ' && c < 0x7F && strchr("()<>@,;:\\\"/[]?=", c) == NULL;
        bool is_text = c >= 0x80 || (c >= ' ' && c != 0x7F) || c == '\t';
        char text[3] = {'a', (char)c, 'b'};
        struct wsd_mhd_check check;

        wsd_mhd_check_begin(&check, "/", "POST", "HTTP/1.0");
        check_field(&check, text, 3, "v", 1);
        assert_int_equal(check.status, is_token ? 0 : 400);

        wsd_mhd_check_begin(&check, "/", "POST", "HTTP/1.0");
        check_field(&check, "Name", 4, text, 3);
        assert_int_equal(check.status, is_text ? 0 : 400);
    }
}

static void request__of_another_kind__has_its_status(void **state)
{
    static const struct {
        struct request request;
        int status;
    } rows[] = {
        {{"GET", "/p", "HTTP/1.1", HOST}, 405},
        {{"HEAD", "/p", "HTTP/1.1", HOST}, 405},
        {{"post", "/p", "HTTP/1.1", HOST LENGTH}, 405},
        {{"POSTS", "/p", "HTTP/1.1", HOST LENGTH}, 405},
        {{"abcPOST", "/p", "HTTP/1.1", HOST LENGTH}, 405},
        {{"POST", "/p", "HTTP/1.2", HOST LENGTH}, 505},
        {{"POST", "/p", "HTTP/2.0", HOST LENGTH}, 505},
        {{"POST", "/p", "HTTP/1.1 ", HOST LENGTH}, 505},
        {{"POST", "/p", "", HOST LENGTH}, 505},
        {{"POST", "/p\r", "HTTP/1.1", HOST LENGTH}, 400},
        {{"POST", "/\x7F", "HTTP/1.1", HOST LENGTH}, 400},
        {{"POST", "/\xC3\xA4", "HTTP/1.1", HOST LENGTH}, 0},
        {{"POST", "/p", "HTTP/1.1", HOST}, 411},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "Content-Encoding: gzip\r\n"}, 415},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "Content-Encoding: br, br\r\n"}, 415},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "origin: http://h\r\n"}, 403},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "Origin: null\r\n"}, 403},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "Expect: 200-ok\r\n"}, 417},
        {{"POST", "/p", "HTTP/1.1", HOST LENGTH "Expect: 100-continue, x\r\n"}, 417},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_mhd_check check = check_request(&rows[i].request, 0);

        assert_int_equal(check.status, rows[i].status);
        assert_int_equal(check.keep, rows[i].status == 0);
    }
}

static void request__with_octets_that_are_not_shown__is_not_kept(void **state)
{
    const struct request request = {"POST", "/p", "HTTP/1.1", HOST LENGTH};

    (void)state;
    assert_true(check_request(&request, 0).keep);
    for (size_t hidden = 1; hidden < 100; hidden++) {
        struct wsd_mhd_check more = check_request(&request, hidden);
        struct wsd_mhd_check less = check_request(&request, (size_t)0 - hidden);

        assert_int_equal(more.status, 0);
        assert_false(more.keep);
        assert_false(less.keep);
    }
}

static void path__in_every_form__is_decoded_but_for_control_characters(void **state)
{
    static const struct {
        const char *path, *decoded;
    } rows[] = {
        {"", ""},
        {"/", "/"},
        {"/a%20b%7Ec%7e", "/a b~c~"},
        {"/%2e%2E/%2fetc", "/..//etc"},
        {"/%C3%A4", "/\xC3\xA4"},
        {"/p%00q", "/p%00q"},
        {"/p%0d%0aX:y", "/p%0d%0aX:y"},
        {"/%1f%7f%09", "/%1f%7f%09"},
        {"/%2500", "/%00"},
        {"/p%", "/p%"},
        {"/p%4", "/p%4"},
        {"/p%zz%4z%z4", "/p%zz%4z%z4"},
        {"/p%%41", "/p%A"},
        {"/a+b", "/a+b"},
        {"http://h/p/q", "/p/q"},
        {"HTTPS://[::1]:5357/p%20q", "/p q"},
        {"http://h", "/"},
        {"http://h/", "/"},
        {"http://h//p", "//p"},
        {"http://h/http://h/p", "/http://h/p"},
        {"/http://h/p", "/http://h/p"},
        {"http:///p", "http:///p"},
        {"http://u@h/p", "http://u@h/p"},
        {"http://h h/p", "http://h h/p"},
        {"http:/h/p", "http:/h/p"},
        {"http://", "http://"},
        {"ftp://h/p", "ftp://h/p"},
        {"h/p", "h/p"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *path = exact(rows[i].path, strlen(rows[i].path) + 1);
        size_t size = wsd_mhd_decode_path(NULL, NULL, path);

        assert_string_equal(path, rows[i].decoded);
        assert_int_equal(size, strlen(rows[i].decoded));
        free(path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(request__ordinary__is_fine_and_kept),
        cmocka_unit_test(request__in_chunks__is_fine_and_not_kept),
        cmocka_unit_test(request__of_http_1_0__is_fine_and_not_kept),
        cmocka_unit_test(length__off_the_grammar__is_refused),
        cmocka_unit_test(length__every_character__only_digits_count),
        cmocka_unit_test(length__large__is_taken_up_to_what_means_unknown),
        cmocka_unit_test(request__with_two_ends__is_refused),
        cmocka_unit_test(coding__other_than_chunked__is_refused),
        cmocka_unit_test(coding__in_http_1_0__is_refused),
        cmocka_unit_test(framing_field__folded_or_misspelled__is_refused),
        cmocka_unit_test(host__none_several_or_odd__is_refused),
        cmocka_unit_test(host__two_in_http_1_0__are_refused),
        cmocka_unit_test(field__every_character__in_name_and_value),
        cmocka_unit_test(request__of_another_kind__has_its_status),
        cmocka_unit_test(request__with_octets_that_are_not_shown__is_not_kept),
        cmocka_unit_test(path__in_every_form__is_decoded_but_for_control_characters),
    };

    return cmocka_run_group_tests_name("mhd_request_check", tests, NULL, NULL);
}
