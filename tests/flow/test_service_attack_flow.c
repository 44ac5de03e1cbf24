/* Rows C19, C20 and F1 to F10 of tests/FAULTS.md for a service: what clients may send,
 * while the stream of another one goes on. */
#include "support/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void run_attacks(const struct attack *attacks, size_t count)
{
    struct stage stage;

    stage_open(&stage, NULL);
    for (size_t i = 0; i < count; i++)
        stage_attack(&stage, &attacks[i]);
    stage_close(&stage);
}

static void F1__lengths_that_contradict_or_are_none__are_refused(void **state)
{
    static const struct attack attacks[] = {
        TAKEN(HEAD LENGTH "\r\n$"), /* nothing is wrong with this one */
        REFUSED(HEAD LENGTH CODING CHUNKS, 400),
        REFUSED(HEAD CODING LENGTH CHUNKS, 400),
        REFUSED(HEAD LENGTH LENGTH "\r\n$", 400),
        REFUSED(HEAD LENGTH "Content-Length: 5\r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: @, @\r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: -1\r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: +@\r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: 0x#\r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: \r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: @ \r\n\r\n$", 400),
        REFUSED(HEAD "Content-Length: 18446744073709551615\r\n\r\n$", 413),
        REFUSED(HEAD "Content-Length: 18446744073709551616\r\n\r\n$", 413),
        REFUSED(HEAD "Content-Length : @\r\n\r\n$", 400),
        REFUSED(HEAD "\r\n$", 411),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F2__codings_other_than_chunked__are_refused(void **state)
{
    static const struct attack attacks[] = {
        TAKEN_AS_THE_LAST(HEAD CODING CHUNKS),
        REFUSED(HEAD CODING CODING CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: chunked, chunked\r\n" CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: gzip, chunked\r\n" CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: identity\r\n" CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: xchunked\r\n" CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: chunked \r\n" CHUNKS, 400),
        REFUSED(HEAD "Transfer-Encoding: \vchunked\r\n" CHUNKS, 400),
        REFUSED(HEAD LENGTH "Transfer-Encoding : chunked\r\n" CHUNKS, 400),
        REFUSED(HEAD LENGTH "Transfer-Encoding:\r\n chunked\r\n" CHUNKS, 400),
        REFUSED(HEAD LENGTH "Transfer-Encoding: chunked\r\n , x\r\n" CHUNKS, 400),
        REFUSED(HEAD LENGTH "Transfer-Encoding\v: chunked\r\n" CHUNKS, 400),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* What libmicrohttpd takes all the same ends the connection. */
static void F3__chunks_off_the_grammar__are_refused_or_the_last(void **state)
{
    static const struct attack attacks[] = {
        REFUSED(HEAD CODING "\r\n-#\r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n+#\r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n0x#\r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n #\r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n# \r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n\r\n$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n10000000000000000\r\n$\r\n0\r\n\r\n", 413),
        REFUSED(HEAD CODING "\r\n#\r$\r\n0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n#\r\n$0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n#\r\n$xx0\r\n\r\n", 400),
        REFUSED(HEAD CODING "\r\n#\r\n$\r\n0\r\n", 400),
        REFUSED(HEAD CODING "\r\n#;a=\nb\r\n$\r\n0\r\n\r\n", 400),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n0000000000000000000#\r\n$\r\n0\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#\n$\r\n0\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#\r\n$\n0\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#\r\n$\r\n0\n\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#;a=b\r\n$\r\n0\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#;a=\"b\r\n$\r\n0\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#;\n$\r\n0\r\n\r\n"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F4__trailers__are_limited_and_have_no_effect(void **state)
{
    static const struct attack attacks[] = {
        TAKEN_AS_THE_LAST(HEAD CODING "\r\n#\r\n$\r\n0\r\nA: b\r\n\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING
                          "\r\n#\r\n$\r\n0\r\nContent-Length: 9\r\nHost: other\r\n"
                          "Transfer-Encoding: identity\r\nContent-Type: text/plain\r\n"
                          "\r\n"),
        TAKEN_AS_THE_LAST(HEAD CODING
                          "\r\n#\r\n$\r\n0\r\nConnection: keep-alive\r\n\r\n"),
        REFUSED(HEAD CODING "\r\n#\r\n$\r\n0\r\nno colon\r\n\r\n", 400),
    };
    struct stage stage;

    (void)state;
    run_attacks(attacks, COUNT(attacks));
    stage_open(&stage, NULL);
    stage_attack_with_many(&stage, HEAD CODING "\r\n#\r\n$\r\n0\r\n", "A: b\r\n", 10000,
                           "\r\n", 431);
    stage_close(&stage);
}

/* What libmicrohttpd hides is the last of its connection. */
static void F5__malformed_header_lines__are_refused_or_the_last(void **state)
{
    static const struct attack attacks[] = {
        REFUSED(HEAD LENGTH "A: b\rc\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A: b\x01\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A : b\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A\t: b\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A B: c\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A\0B: c\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "no colon\r\n\r\n$", 400),
        REFUSED(HEAD LENGTH "A: b\r\n\tContent-Length: 5\r\n\r\n$", 400),
        REFUSED(LINE " " HOST SOAP_FIELD LENGTH "\r\n$", 400),
        REFUSED(LINE SOAP_FIELD LENGTH "\r\n$", 400),
        REFUSED(HEAD HOST LENGTH "\r\n$", 400),
        TAKEN_AS_THE_LAST(HEAD LENGTH "A: b\0c\r\n\r\n$"),
        TAKEN_AS_THE_LAST(HEAD LENGTH "A: b\r\n c\r\n\r\n$"),
        REFUSED(HEAD LENGTH ": hidden\r\n\r\n$", 400),
        TAKEN_AS_THE_LAST("POST /service\0 HTTP/1.1\r\n" HOST SOAP_FIELD LENGTH "\r\n$"),
        TAKEN_AS_THE_LAST(HEAD "Content-Length: @\0\r\n\r\n$"),
        REFUSED(HEAD "\0" LENGTH "\r\n$", 411),
        REFUSED(HEAD LENGTH CODING "\0\r\n$", 400),
        TAKEN_AS_THE_LAST("POST /service HTTP/1.1\n" HOST SOAP_FIELD LENGTH "\r\n$"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* It reads no more than its limit, whatever is under way. */
static void F6__header_without_end__is_refused_unread(void **state)
{
    enum { FLOOD = 64 << 20 };
    static const struct {
        const char *head;
        int status;
    } rows[] = {
        {HEAD "A: ", 431}, {"POST /", 414}, {"P", 414}, {HEAD "A", 431}, {HEAD, 431}};
    char *flood = malloc(FLOOD);
    struct stage stage;

    (void)state;
    assert_non_null(flood);
    memset(flood, 'a', FLOOD);
    stage_open(&stage, NULL);
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct http_client client;
        struct recorded reply;

        http_open(&client, stage.device.port);
        http_say(&client, rows[i].head);
        assert_false(http_try_send(&client, flood, FLOOD));
        http_receive(&client, &reply);
        assert_int_equal(http_status(&reply), rows[i].status);
        assert_true(http_has_ended(&client));
        recorded_free(&reply);
        http_close(&client);
    }
    free(flood);
    stage_close(&stage);
}

static void F7__other_versions_of_http__are_refused(void **state)
{
#define REST HOST SOAP_FIELD LENGTH "\r\n$"
    static const struct attack attacks[] = {
        REFUSED("GET /service\r\n", 400),
        REFUSED("POST /service\r\n" REST, 400),
        TAKEN_AS_THE_LAST("POST /service HTTP/1.0\r\n" REST),
        TAKEN_AS_THE_LAST("POST /service HTTP/1.0\r\nConnection: keep-alive\r\n" REST),
        REFUSED("POST /service HTTP/1.0\r\n" SOAP_FIELD CODING CHUNKS, 400),
        REFUSED("POST /service HTTP/1.2\r\n" REST, 505),
        REFUSED("POST /service HTTP/3.0\r\n" REST, 505),
        REFUSED("POST /service HTTP/1.10\r\n" REST, 400),
        REFUSED("POST /service http/1.1\r\n" REST, 400),
        REFUSED("POST /service FTP/1.1\r\n" REST, 400),
        REFUSED("POST /service HTTP/1.1 \r\n" REST, 400),
        REFUSED("HTTP/1.1 200 OK\r\n" REST, 400),
    };
#undef REST

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F8__junk_behind_a_request__ends_the_connection(void **state)
{
    static const struct attack attacks[] = {
        TAKEN_BEFORE_JUNK(HEAD LENGTH "\r\n${\"json\": 1}\r\n", 400),
        TAKEN_AS_THE_LAST(HEAD LENGTH "\r\n$\r\n0\r\n\r\n"),
        TAKEN_BEFORE_JUNK(HEAD LENGTH "\r\n$\x16\x03\x01\x02", 405),
        TAKEN_BEFORE_JUNK(HEAD LENGTH "\r\n$GET /service HTTP/1.1\r\n" HOST "\r\n", 405),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void F9__encoded_content__is_refused_and_never_decoded(void **state)
{
    static const struct attack attacks[] = {
        REFUSED(HEAD LENGTH "Content-Encoding: gzip\r\n\r\n$", 415),
        REFUSED(HEAD LENGTH "Content-Encoding: deflate\r\n\r\n$", 415),
        REFUSED(HEAD LENGTH "Content-Encoding: br, gzip, gzip\r\n\r\n$", 415),
        REFUSED(HEAD LENGTH "Content-Encoding: identity\r\n"
                            "Content-Encoding: gzip\r\n\r\n$",
                415),
        TAKEN(HEAD LENGTH "Content-Encoding: identity\r\n\r\n$"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* Its row is about statuses; what a request can ask of them is Expect. */
static void F10__other_expectations__are_refused(void **state)
{
    static const struct attack attacks[] = {
        REFUSED(HEAD LENGTH "Expect: 200-ok\r\n\r\n$", 417),
        REFUSED(HEAD LENGTH "Expect: 100-continue, 100-continue\r\n\r\n$", 417),
        REFUSED(HEAD LENGTH "Expect: 100-continue\r\nExpect: x\r\n\r\n$", 417),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void other_methods_and_targets__do_not_reach_the_handler(void **state)
{
#define REST " HTTP/1.1\r\n" HOST SOAP_FIELD LENGTH "\r\n$"
    static const struct attack attacks[] = {
        REFUSED("GET /service" REST, 405),
        REFUSED("PUT /service" REST, 405),
        REFUSED("post /service" REST, 405),
        REFUSED("CONNECT other:80" REST, 405),
        REFUSED("OPTIONS *" REST, 405),
        REFUSED("POST /service%00x" REST, 404),
        REFUSED("POST /service%0d%0a" REST, 404),
        REFUSED("POST /%2e%2e/service" REST, 404),
        REFUSED("POST /service/" REST, 404),
        TAKEN_AS_THE_LAST("POST /serv%69ce" REST),
        TAKEN_AS_THE_LAST("POST /service?query" REST),
    };
#undef REST

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

static void C19__http_2__is_not_spoken(void **state)
{
    static const struct attack attacks[] = {
        REFUSED("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0", 505),
        TAKEN(HEAD LENGTH "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n"
                          "HTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n$"),
    };

    (void)state;
    run_attacks(attacks, COUNT(attacks));
}

/* The row is about replies: what a request can have too much of. */
static void C20__requests_of_any_size__end_at_their_limit(void **state)
{
    enum { BLOCK = 1 << 20 };
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    static const char *const heads[] = {
        "POST /service HTTP/1.1\r\n" HOST SOAP_FIELD CODING "\r\n",
        "POST /nobody HTTP/1.1\r\n" HOST SOAP_FIELD CODING "\r\n",
    };
    char *block = calloc(1, BLOCK);
    struct stage stage;

    (void)state;
    assert_non_null(block);
    options.max_discard_bytes = BLOCK;
    stage_open(&stage, &options);
    stage_attack_with_many(&stage, HEAD, "A: b\r\n", 10000, LENGTH "\r\n$", 431);
    stage_attack_with_many(&stage, HEAD "A: ", "b", 2 << 20, "\r\n" LENGTH "\r\n$", 431);
    stage_attack_with_many(&stage, HEAD "Content-Length: 1073741824\r\n\r\n", "b", 1, "",
                           413);
    for (size_t i = 0; i < COUNT(heads); i++) {
        struct http_client client;
        bool open = true;
        size_t blocks = 0;

        http_open(&client, stage.device.port);
        http_say(&client, heads[i]);
        for (; open && blocks < 1024; blocks++)
            open = http_try_send(&client, "100000\r\n", 8) &&
                   http_try_send(&client, block, BLOCK) &&
                   http_try_send(&client, "\r\n", 2);
        assert_false(open);
        http_close(&client);
    }
    free(block);
    stage_close(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(F1__lengths_that_contradict_or_are_none__are_refused),
        cmocka_unit_test(F2__codings_other_than_chunked__are_refused),
        cmocka_unit_test(F3__chunks_off_the_grammar__are_refused_or_the_last),
        cmocka_unit_test(F4__trailers__are_limited_and_have_no_effect),
        cmocka_unit_test(F5__malformed_header_lines__are_refused_or_the_last),
        cmocka_unit_test(F6__header_without_end__is_refused_unread),
        cmocka_unit_test(F7__other_versions_of_http__are_refused),
        cmocka_unit_test(F8__junk_behind_a_request__ends_the_connection),
        cmocka_unit_test(F9__encoded_content__is_refused_and_never_decoded),
        cmocka_unit_test(F10__other_expectations__are_refused),
        cmocka_unit_test(other_methods_and_targets__do_not_reach_the_handler),
        cmocka_unit_test(C19__http_2__is_not_spoken),
        cmocka_unit_test(C20__requests_of_any_size__end_at_their_limit),
    };

    return cmocka_run_group_tests_name("service_attack_flow", tests, NULL, NULL);
}
