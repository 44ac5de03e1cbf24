/* FTP with wininet.h against a vsftpd that tests/interop/run.sh has started: whose folder
 * up/ may be written to, nothing else, and where "anonymous" needs the password "secret".
 * Usage: vsftpd_uploads PORT FOLDER */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "support/internet.h"

static INTERNET_PORT port;
static const char *folder;

static HINTERNET connect_with(HINTERNET *session, const char *password, DWORD flags)
{
    *session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    assert_done(*session);
    return InternetConnectA(*session, "127.0.0.1", port, "anonymous", password,
                            INTERNET_SERVICE_FTP, flags, 0);
}

/* The server's file has these bytes and no others. */
static void check_file(const char *name, const char *bytes, size_t size)
{
    char path[4096], *content = malloc(size + 1);
    FILE *file;

    assert_non_null(content);
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    assert_int_equal(fread(content, 1, size + 1, file), size);
    assert_memory_equal(content, bytes, size);
    fclose(file);
    unlink(path);
    free(content);
}

static bool last_reply_begins_with(const char *code)
{
    DWORD error, size;
    char text[512];

    size = sizeof(text);
    assert_done(InternetGetLastResponseInfoA(&error, text, &size));
    return strncmp(text, code, strlen(code)) == 0;
}

static void upload__passive_and_active__arrives(void **state)
{
    enum { SIZE = 5 * 1048576 + 1 };
    static char bytes[SIZE];

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (int i = 0; i < 2; i++) {
        HINTERNET session, file;
        HINTERNET connect =
            connect_with(&session, "secret", i == 0 ? INTERNET_FLAG_PASSIVE : 0);

        assert_done(connect);
        for (int k = 0; k < 2; k++) {
            DWORD size = k == 0 ? SIZE : 0, block = 70001;

            file = FtpOpenFileA(connect, "up/file", GENERIC_WRITE,
                                FTP_TRANSFER_TYPE_BINARY, 0);
            assert_done(file);
            for (DWORD at = 0; at < size; at += block)
                assert_done(request_write(file, bytes + at,
                                          size - at < block ? size - at : block));
            assert_refused(FtpOpenFileA(connect, "up/other", GENERIC_WRITE, 0, 0),
                           ERROR_FTP_TRANSFER_IN_PROGRESS);
            assert_done(InternetCloseHandle(file));
            assert_true(last_reply_begins_with("226 "));
            check_file("up/file", bytes, size);
        }
        assert_done(InternetCloseHandle(session));
    }
}

static void upload__where_nobody_may_write__is_refused(void **state)
{
    HINTERNET session, file;
    HINTERNET connect = connect_with(&session, "secret", INTERNET_FLAG_PASSIVE);

    (void)state;
    assert_done(connect);
    assert_refused(FtpOpenFileA(connect, "file", GENERIC_WRITE, 0, 0),
                   ERROR_INTERNET_EXTENDED_ERROR);
    assert_true(last_reply_begins_with("553 "));
    assert_refused(FtpOpenFileA(connect, "none/file", GENERIC_WRITE, 0, 0),
                   ERROR_INTERNET_EXTENDED_ERROR);
    file = FtpOpenFileA(connect, "up/file", GENERIC_WRITE, 0, 0); /* it goes on */
    assert_done(file);
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(file));
    check_file("up/file", "abc", 3);
    assert_done(InternetCloseHandle(session));
}

static void connect__wrong_password__is_refused(void **state)
{
    HINTERNET session;

    (void)state;
    assert_refused(connect_with(&session, "wrong", INTERNET_FLAG_PASSIVE),
                   ERROR_INTERNET_LOGIN_FAILURE);
    assert_true(last_reply_begins_with("530 "));
    assert_done(InternetCloseHandle(session));
}

static void close__of_the_connection__completes_the_upload(void **state)
{
    HINTERNET session, file;
    HINTERNET connect = connect_with(&session, "secret", INTERNET_FLAG_PASSIVE);

    (void)state;
    assert_done(connect);
    file = FtpOpenFileA(connect, "up/file", GENERIC_WRITE, 0, 0);
    assert_done(file);
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(connect));
    assert_refused(InternetCloseHandle(file), ERROR_INVALID_HANDLE);
    check_file("up/file", "abc", 3);
    assert_done(InternetCloseHandle(session));
}

static void download__is_what_the_server_has(void **state)
{
    HINTERNET session, file;
    HINTERNET connect = connect_with(&session, "secret", INTERNET_FLAG_PASSIVE);

    (void)state;
    assert_done(connect);
    file = FtpOpenFileA(connect, "there", GENERIC_READ, FTP_TRANSFER_TYPE_BINARY, 0);
    assert_done(file);
    assert_string_equal(request_body(file), "what is there\n");
    assert_done(InternetCloseHandle(file));
    assert_refused(FtpOpenFileA(connect, "missing", GENERIC_READ, 0, 0),
                   ERROR_INTERNET_EXTENDED_ERROR);
    assert_true(last_reply_begins_with("550 "));
    assert_done(InternetCloseHandle(session));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__passive_and_active__arrives),
        cmocka_unit_test(upload__where_nobody_may_write__is_refused),
        cmocka_unit_test(connect__wrong_password__is_refused),
        cmocka_unit_test(close__of_the_connection__completes_the_upload),
        cmocka_unit_test(download__is_what_the_server_has),
    };

    if (argc != 3) {
        fprintf(stderr, "usage: vsftpd_uploads PORT FOLDER\n");
        return 2;
    }
    port = (INTERNET_PORT)atoi(argv[1]);
    folder = argv[2];
    return cmocka_run_group_tests(tests, NULL, NULL);
}
