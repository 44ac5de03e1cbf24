/* FTP with wininet.h against a server that serve.sh has started: whose folder up/ may be
 * written to, nothing else, and where "anonymous" needs the password "secret".
 * Usage: ftp_uploads PORT FOLDER vsftpd|pure-ftpd|abandon
 * (abandon: ends in the middle of an upload) */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <dirent.h>
#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/internet.h"

static INTERNET_PORT port;
static char **arguments;
#define FOLDER (arguments[2])

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
    snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
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

/* How many names a folder of the server has, those that FTP does not show included. */
static size_t names_in(const char *name)
{
    char path[4096];
    size_t count = 0;
    DIR *folder;

    snprintf(path, sizeof(path), "%s/%s", FOLDER, name);
    folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry; (entry = readdir(folder)) != NULL;)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(folder);
    return count;
}

/* [F10] A program of its own, that ends while its upload is at the server. */
static void abandon(void **state)
{
    static char block[100000];
    HINTERNET session, file;
    HINTERNET connect = connect_with(&session, "secret", INTERNET_FLAG_PASSIVE);

    (void)state;
    assert_done(connect);
    file = FtpOpenFileA(connect, "up/file", GENERIC_WRITE, 0, 0);
    assert_done(file);
    assert_done(request_write(file, block, sizeof(block)));
    assert_int_equal(names_in("up"), 1);
    _exit(0);
}

/* The server knows that it is not whole: vsftpd deletes it.  pure-ftpd says 451 to
 * whoever is still there to hear it, and keeps what has come. */
static void upload__that_ends_with_its_program__is_not_kept(void **state)
{
    int status, tries = 0;
    pid_t program;

    (void)state;
    if (strcmp(arguments[3], "pure-ftpd") == 0)
        skip();
    program = fork();
    if (program == 0) {
        execl(arguments[0], arguments[0], arguments[1], FOLDER, "abandon", (char *)NULL);
        _exit(2);
    }
    assert_int_equal(waitpid(program, &status, 0), program);
    assert_int_equal(status, 0);
    while (names_in("up") > 0 && tries++ < PEER_PATIENCE_MS / 50)
        poll(NULL, 0, 50);
    assert_int_equal(names_in("up"), 0);
}

static void download__passive_and_active__is_what_the_server_has(void **state)
{
    (void)state;
    for (int i = 0; i < 2; i++) {
        HINTERNET session, file;
        HINTERNET connect =
            connect_with(&session, "secret", i == 0 ? INTERNET_FLAG_PASSIVE : 0);

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
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__passive_and_active__arrives),
        cmocka_unit_test(upload__where_nobody_may_write__is_refused),
        cmocka_unit_test(connect__wrong_password__is_refused),
        cmocka_unit_test(close__of_the_connection__completes_the_upload),
        cmocka_unit_test(upload__that_ends_with_its_program__is_not_kept),
        cmocka_unit_test(download__passive_and_active__is_what_the_server_has),
    };

    const struct CMUnitTest abandoning[] = {cmocka_unit_test(abandon)};

    if (argc != 4) {
        fprintf(stderr, "usage: ftp_uploads PORT FOLDER vsftpd|pure-ftpd|abandon\n");
        return 2;
    }
    port = (INTERNET_PORT)atoi(argv[1]);
    arguments = argv;
    return strcmp(argv[3], "abandon") == 0
               ? cmocka_run_group_tests(abandoning, NULL, NULL)
               : cmocka_run_group_tests(tests, NULL, NULL);
}
