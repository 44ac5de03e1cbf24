/* FTP with wininet.h, against a server that obeys rules.  Rows: tests/WININET.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "support/ftp_peer.h"
#include "support/internet.h"
#include "support/stream_hash.h"

#define CONNECT(session, peer, user, password, flags)                                    \
    InternetConnectA(session, "127.0.0.1", ftp_peer_port(peer), user, password,          \
                     INTERNET_SERVICE_FTP, flags, 0)
#define MUCH_BLOCK 16777216
#define SHORT_MS 300

struct ftp {
    struct ftp_peer *peer;
    HINTERNET session, connect;
};

static HINTERNET open_session(void)
{
    HINTERNET session = InternetOpenA(AGENT, INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);

    assert_done(session);
    return session;
}

/* Logs in, passively. */
static void ftp_open(struct ftp *ftp, const struct ftp_rule *rules, size_t count)
{
    ftp->peer = ftp_peer_start(rules, count, NULL);
    ftp->session = open_session();
    ftp->connect =
        CONNECT(ftp->session, ftp->peer, "me", "secret", INTERNET_FLAG_PASSIVE);
    assert_done(ftp->connect);
}
#define FTP_OPEN(ftp, rules) ftp_open(ftp, rules, COUNT(rules))

/* Closes what is open; the peer stays, to be looked at. */
static void ftp_end(struct ftp *ftp)
{
    assert_done(InternetCloseHandle(ftp->connect));
    assert_done(InternetCloseHandle(ftp->session));
    ftp_peer_finish(ftp->peer);
}

static void ftp_close(struct ftp *ftp)
{
    ftp_end(ftp);
    ftp_peer_stop(ftp->peer);
}

static HINTERNET open_file(const struct ftp *ftp, const char *name)
{
    return FtpOpenFileA(ftp->connect, name, GENERIC_WRITE, FTP_TRANSFER_TYPE_BINARY, 0);
}

/* What the server said last; valid until the next call. */
static const char *response_info(void)
{
    static char text[512];
    DWORD error, size = sizeof(text);

    assert_done(InternetGetLastResponseInfoA(&error, text, &size));
    assert_int_equal(size, strlen(text));
    return text;
}

/* The server's last line was this one; `reply` has the line end that is not told. */
static void check_said(const char *reply)
{
    const char *info = response_info();

    assert_int_equal(strlen(info), strcspn(reply, "\r"));
    assert_memory_equal(info, reply, strlen(info));
}

static void check_data(const struct ftp *ftp, const char *expected)
{
    size_t size;

    ftp_peer_finish(ftp->peer);
    assert_string_equal(ftp_peer_data(ftp->peer, &size), expected);
    assert_int_equal(size, strlen(expected));
}

/* ---- Uploads that succeed ---------------------------------------------------------- */

/* The dialogue, but for what a client may ask beside it. */
static void check_dialogue(const struct ftp *ftp, const char *expected)
{
    static const char *const asides[] = {"PWD\n", "CWD /\n", "SYST\n", "QUIT\n",
                                         "NOOP\n"};
    char *text = calloc(1, strlen(ftp_peer_dialogue(ftp->peer)) + 1);

    assert_non_null(text);
    strcpy(text, ftp_peer_dialogue(ftp->peer));
    for (size_t i = 0; i < COUNT(asides); i++)
        for (char *at; (at = strstr(text, asides[i])) != NULL;)
            memmove(at, at + strlen(asides[i]), strlen(at + strlen(asides[i])) + 1);
    assert_string_equal(text, expected);
    free(text);
}

/* [F2] [F3] */
static void upload__passive__is_this_dialogue(void **state)
{
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    SetLastError(UNTOUCHED);
    file = open_file(&ftp, "up.bin");
    assert_done(file);
    assert_int_equal(GetLastError(), ERROR_SUCCESS); /* C37 */
    assert_int_equal(option_of(file, INTERNET_OPTION_HANDLE_TYPE), 7);
    assert_int_equal(option_of(ftp.connect, INTERNET_OPTION_HANDLE_TYPE), 2);
    assert_done(request_write(file, "first ", 6));
    assert_done(request_write(file, "second", 6));
    assert_done(request_write(file, NULL, 0));
    assert_done(InternetCloseHandle(file));
    assert_string_equal(response_info(), "226 Transfer complete");
    ftp_end(&ftp);
    check_data(&ftp, "first second");
    check_dialogue(&ftp,
                   "(connected)\nUSER me\nPASS secret\nEPSV\nTYPE I\nSTOR up.bin\n");
    ftp_peer_stop(ftp.peer);
}

/* [F2] [F14] */
static void upload__active__is_this_dialogue(void **state)
{
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    ftp.peer = ftp_peer_start(NULL, 0, NULL);
    ftp.session = open_session();
    ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret", 0);
    assert_done(ftp.connect);
    file = FtpOpenFileA(ftp.connect, "up.txt", GENERIC_WRITE, FTP_TRANSFER_TYPE_ASCII, 0);
    assert_done(file);
    assert_done(request_write(file, "line\r\n", 6));
    assert_done(InternetCloseHandle(file));
    ftp_end(&ftp);
    check_data(&ftp, "line\r\n");
    check_dialogue(
        &ftp, "(connected)\nUSER me\nPASS secret\nEPRT\nTYPE I\nTYPE A\nSTOR up.txt\n");
    ftp_peer_stop(ftp.peer);
}

/* [F2] Servers that know the older commands only. */
static void upload__older_server__is_asked_the_older_way(void **state)
{
    static const struct ftp_rule rules[] = {{"EPSV", FTP_REPLY, "500 What?\r\n", 0},
                                            {"EPRT", FTP_REPLY, "500 What?\r\n", 0}};

    (void)state;
    for (int i = 0; i < 2; i++) {
        struct ftp ftp;
        HINTERNET file;

        ftp.peer = FTP_PEER_START(rules);
        ftp.session = open_session();
        ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret",
                              i == 0 ? INTERNET_FLAG_PASSIVE : 0);
        file = open_file(&ftp, "f");
        assert_done(file);
        assert_done(request_write(file, "abc", 3));
        assert_done(InternetCloseHandle(file));
        ftp_end(&ftp);
        check_data(&ftp, "abc");
        assert_non_null(
            strstr(ftp_peer_dialogue(ftp.peer), i == 0 ? "PASV\n" : "PORT\n"));
        ftp_peer_stop(ftp.peer);
    }
}

static void upload__of_any_size__arrives_whole(void **state)
{
    static const DWORD sizes[] = {0, 1, 65536, MUCH_BLOCK};
    static const struct ftp_rule rules[] = {{FTP_DATA, FTP_HASH, NULL, 0}};
    char *bytes = malloc(MUCH_BLOCK);

    (void)state;
    assert_non_null(bytes);
    for (size_t i = 0; i < MUCH_BLOCK; i++)
        bytes[i] = (char)(i * 7 + i / 251);
    for (size_t i = 0; i < COUNT(sizes); i++) {
        struct ftp ftp;
        HINTERNET file;
        uint64_t hash;

        FTP_OPEN(&ftp, rules);
        file = open_file(&ftp, "f");
        assert_done(file);
        assert_done(request_write(file, bytes, sizes[i]));
        assert_done(InternetCloseHandle(file));
        ftp_end(&ftp);
        assert_int_equal(ftp_peer_count(ftp.peer, &hash), sizes[i]);
        assert_true(hash == stream_hash(STREAM_HASH_INIT, bytes, sizes[i]));
        ftp_peer_stop(ftp.peer);
    }
    free(bytes);
}

static void upload__several_of_one_connection__one_behind_the_other(void **state)
{
    struct ftp ftp;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    for (int i = 0; i < 3; i++) {
        HINTERNET file = open_file(&ftp, "f");

        assert_done(file);
        assert_done(request_write(file, "abc", 3));
        assert_done(InternetCloseHandle(file));
    }
    ftp_end(&ftp);
    check_data(&ftp, "abcabcabc");
    assert_null(strstr(ftp_peer_dialogue(ftp.peer) + 1, "(connected)")); /* only one */
    ftp_peer_stop(ftp.peer);
}

/* [F14] The type of one file is not that of the next. */
static void upload__of_another_type__says_so(void **state)
{
    static const DWORD types[] = {FTP_TRANSFER_TYPE_ASCII, FTP_TRANSFER_TYPE_BINARY,
                                  FTP_TRANSFER_TYPE_ASCII};
    struct ftp ftp;
    const char *at;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    for (size_t i = 0; i < COUNT(types); i++) {
        HINTERNET file = FtpOpenFileA(ftp.connect, "f", GENERIC_WRITE, types[i], 0);

        assert_done(file);
        assert_done(request_write(file, "line\n", 5));
        assert_done(InternetCloseHandle(file));
    }
    ftp_end(&ftp);
    check_data(&ftp, "line\nline\nline\n");
    at = ftp_peer_dialogue(ftp.peer);
    for (size_t i = 0; i < COUNT(types); i++) {
        char type = 0;

        for (const char *end = strstr(at, "STOR f\n"); at < end; at++)
            if (strncmp(at, "TYPE ", 5) == 0)
                type = at[5];
        assert_int_equal(type, types[i] == FTP_TRANSFER_TYPE_ASCII ? 'A' : 'I');
        at++;
    }
    ftp_peer_stop(ftp.peer);
}

/* [F15] */
static void name__of_any_kind__is_sent_as_it_is(void **state)
{
    static const char *const names[] = {"a b",   "a%20b",    "\xc3\xa4",      "a;type=a",
                                        "a#b?c", "folder/f", "/from/f",       "//a//b",
                                        "../f",  "./f",      "a/../b/./c...", "..."};

    (void)state;
    for (size_t i = 0; i < COUNT(names); i++) {
        struct ftp ftp;
        HINTERNET file;
        char line[32];

        ftp_open(&ftp, NULL, 0);
        file = open_file(&ftp, names[i]);
        assert_done(file);
        assert_done(InternetCloseHandle(file));
        ftp_end(&ftp);
        snprintf(line, sizeof(line), "STOR %s\n", names[i]);
        assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), line));
        ftp_peer_stop(ftp.peer);
    }
}

/* ---- Uploads that the server does not keep ----------------------------------------- */

/* [F11] */
static void final_reply__refusal__fails_the_close(void **state)
{
    static const char *const replies[] = {"452 Disk full\r\n", "426 Aborted\r\n",
                                          "550 Not kept\r\n"};

    (void)state;
    for (size_t i = 0; i < COUNT(replies); i++) {
        const struct ftp_rule rules[] = {{FTP_FINAL, FTP_REPLY, replies[i], 0}};
        struct ftp ftp;
        HINTERNET file;

        FTP_OPEN(&ftp, rules);
        file = open_file(&ftp, "f");
        assert_done(request_write(file, "abc", 3));
        assert_refused(InternetCloseHandle(file), ERROR_INTERNET_EXTENDED_ERROR);
        check_said(replies[i]);
        assert_refused(InternetCloseHandle(file), ERROR_INVALID_HANDLE); /* it is gone */
        file = open_file(&ftp, "again");
        assert_done(file);
        assert_done(request_write(file, "def", 3));
        assert_done(InternetCloseHandle(file));
        ftp_end(&ftp);
        check_data(&ftp, "abcdef");
        ftp_peer_stop(ftp.peer);
    }
}

/* [F12] [F13] */
static void final_reply__never_comes__fails_the_close(void **state)
{
    static const struct {
        struct ftp_rule rule;
        DWORD timeout, error;
    } rows[] = {
        {{FTP_FINAL, FTP_CLOSE, NULL, 0}, 20000, ERROR_INTERNET_CONNECTION_ABORTED},
        {{FTP_FINAL, FTP_SILENT, NULL, 0}, 300, ERROR_INTERNET_TIMEOUT},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ftp ftp;
        HINTERNET file;

        ftp_open(&ftp, &rows[i].rule, 1);
        assert_done(
            set_option(ftp.connect, INTERNET_OPTION_RECEIVE_TIMEOUT, rows[i].timeout));
        file = open_file(&ftp, "f");
        assert_done(request_write(file, "abc", 3));
        assert_refused(InternetCloseHandle(file), rows[i].error);
        ftp_close(&ftp);
    }
}

/* [F20] The last line of several is the one that is kept. */
static void final_reply__of_several_lines__is_understood(void **state)
{
    static const struct ftp_rule rules[] = {
        {FTP_FINAL, FTP_REPLY, "226-It is\r\n 550 not\r\n226 Here\r\n", 0}};
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    FTP_OPEN(&ftp, rules);
    file = open_file(&ftp, "f");
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(file));
    assert_string_equal(response_info(), "226 Here");
    ftp_close(&ftp);
}

/* [F25] */
static void data_connection__lost__fails_the_write(void **state)
{
    static const enum ftp_do ends[] = {FTP_CLOSE, FTP_RESET};
    static char block[65536];

    (void)state;
    for (size_t i = 0; i < COUNT(ends); i++) {
        const struct ftp_rule rules[] = {{FTP_DATA, ends[i], NULL, 100000}};
        struct ftp ftp;
        HINTERNET file;
        DWORD written;

        FTP_OPEN(&ftp, rules);
        file = open_file(&ftp, "f");
        while (InternetWriteFile(file, block, sizeof(block), &written))
            assert_int_equal(written, sizeof(block));
        assert_int_equal(GetLastError(), ERROR_INTERNET_CONNECTION_RESET);
        assert_int_equal(written, 0);
        assert_refused(request_write(file, block, 1), ERROR_INTERNET_CONNECTION_RESET);
        assert_refused(InternetCloseHandle(file), ERROR_INTERNET_CONNECTION_RESET);
        file = open_file(&ftp, "again");
        assert_done(file);
        assert_done(request_write(file, "def", 3));
        assert_done(InternetCloseHandle(file));
        ftp_close(&ftp);
    }
}

/* [F19] */
static void open_file__refused__tells_the_reply(void **state)
{
    static const struct ftp_rule rules[] = {
        {"STOR", FTP_REPLY, "550 Permission denied (up.bin).\r\n", 0}};
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    FTP_OPEN(&ftp, rules);
    assert_refused(open_file(&ftp, "up.bin"), ERROR_INTERNET_EXTENDED_ERROR);
    assert_string_equal(response_info(), "550 Permission denied (up.bin).");
    file = open_file(&ftp, "other");
    assert_done(file);
    assert_done(InternetCloseHandle(file));
    ftp_close(&ftp);
}

/* ---- Logging in -------------------------------------------------------------------- */

/* [F1] [F3] [F4] C38 */
static void C38__user_and_password__in_all_combinations(void **state)
{
    static const struct {
        const char *user, *password, *dialogue; /* NULL: refused */
    } rows[] = {{NULL, NULL, "USER anonymous\nPASS anonymous@\n"},
                {"me", "secret", "USER me\nPASS secret\n"},
                {"me", NULL, "USER me\nPASS \n"},
                {"", "", "USER anonymous\nPASS anonymous@\n"},
                {NULL, "secret", NULL},
                {"", "secret", NULL}};

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ftp ftp = {.peer = ftp_peer_start(NULL, 0, NULL)};

        ftp.session = open_session();
        if (rows[i].dialogue == NULL) {
            assert_refused(CONNECT(ftp.session, ftp.peer, rows[i].user, rows[i].password,
                                   INTERNET_FLAG_PASSIVE),
                           ERROR_INVALID_PARAMETER);
        } else {
            SetLastError(UNTOUCHED);
            assert_done(CONNECT(ftp.session, ftp.peer, rows[i].user, rows[i].password,
                                INTERNET_FLAG_PASSIVE));
            assert_int_equal(GetLastError(), ERROR_SUCCESS);
        }
        assert_done(InternetCloseHandle(ftp.session));
        ftp_peer_finish(ftp.peer);
        if (rows[i].dialogue != NULL)
            assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), rows[i].dialogue));
        else
            assert_string_equal(ftp_peer_dialogue(ftp.peer), "");
        ftp_peer_stop(ftp.peer);
    }
}

/* [F7] [F8] */
static void connect__refused_by_the_server__tells_why(void **state)
{
    static const struct {
        struct ftp_rule rule;
        DWORD error;
        const char *info;
    } rows[] = {
        {{"USER", FTP_REPLY, "530 Not you\r\n", 0},
         ERROR_INTERNET_LOGIN_FAILURE,
         "530 Not you\r\n"},
        {{"PASS", FTP_REPLY, "530 Login incorrect\r\n", 0},
         ERROR_INTERNET_LOGIN_FAILURE,
         "530 Login incorrect\r\n"},
        {{FTP_BANNER, FTP_REPLY, "421 Too many\r\n", 0},
         ERROR_INTERNET_EXTENDED_ERROR,
         "421 Too many\r\n"},
    };

    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        struct ftp ftp = {.peer = ftp_peer_start(&rows[i].rule, 1, NULL)};

        ftp.session = open_session();
        assert_refused(
            CONNECT(ftp.session, ftp.peer, "me", "wrong", INTERNET_FLAG_PASSIVE),
            rows[i].error);
        check_said(rows[i].info);
        assert_done(InternetCloseHandle(ftp.session));
        ftp_peer_stop(ftp.peer);
    }
}

/* [F5] */
static void connect__nobody_there__is_told(void **state)
{
    HINTERNET session = open_session();
    unsigned port = (unsigned)atoi(strrchr(peer_refusing_url(), ':') + 1);

    (void)state;
    assert_refused(InternetConnectA(session, "127.0.0.1", (INTERNET_PORT)port, NULL, NULL,
                                    INTERNET_SERVICE_FTP, 0, 0),
                   ERROR_INTERNET_CANNOT_CONNECT);
    assert_refused(InternetConnectA(session, "nowhere.invalid", 21, NULL, NULL,
                                    INTERNET_SERVICE_FTP, 0, 0),
                   ERROR_INTERNET_NAME_NOT_RESOLVED);
    assert_done(InternetCloseHandle(session));
}

/* [F6] */
static void connect__silent_server__ends_with_a_timeout(void **state)
{
    static const char *const moments[] = {FTP_BANNER, "USER", "PASS"};

    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        const struct ftp_rule rules[] = {{moments[i], FTP_SILENT, NULL, 0}};
        struct ftp ftp = {.peer = FTP_PEER_START(rules)};

        ftp.session = open_session();
        assert_done(set_option(ftp.session, INTERNET_OPTION_RECEIVE_TIMEOUT, 300));
        assert_refused(
            CONNECT(ftp.session, ftp.peer, "me", "secret", INTERNET_FLAG_PASSIVE),
            ERROR_INTERNET_TIMEOUT);
        assert_done(InternetCloseHandle(ftp.session));
        ftp_peer_stop(ftp.peer);
    }
}

/* ---- What FtpOpenFileA may be given ------------------------------------------------ */

/* [F16] [F17] C37 */
static void C37__arguments__are_checked(void **state)
{
    static const struct {
        const char *name;
        DWORD access, flags;
    } rows[] = {{NULL, GENERIC_WRITE, 0},
                {"", GENERIC_WRITE, 0},
                {"f", 0, 0},
                {"f", GENERIC_READ | GENERIC_WRITE, 0},
                {"f", GENERIC_WRITE, 5},
                {"f", GENERIC_WRITE, 0xffffffff},
                {"f\r\nDELE g", GENERIC_WRITE, 0},
                {"folder/", GENERIC_WRITE, 0}};
    struct ftp ftp;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    for (size_t i = 0; i < COUNT(rows); i++)
        assert_refused(
            FtpOpenFileA(ftp.connect, rows[i].name, rows[i].access, rows[i].flags, 0),
            ERROR_INVALID_PARAMETER);
    assert_refused(FtpOpenFileA(ftp.session, NULL, 0, 0xffffffff, 0),
                   ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_refused(FtpOpenFileA(NULL, NULL, 0, 0xffffffff, 0), ERROR_INVALID_HANDLE);
    ftp_end(&ftp);
    assert_null(strstr(ftp_peer_dialogue(ftp.peer), "STOR"));
    ftp_peer_stop(ftp.peer);
}

/* [F18] C37 */
static void C37__second_file_of_a_connection__is_refused(void **state)
{
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    file = open_file(&ftp, "one");
    assert_done(file);
    assert_refused(open_file(&ftp, "two"), ERROR_FTP_TRANSFER_IN_PROGRESS);
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(file));
    file = open_file(&ftp, "two");
    assert_done(file);
    assert_done(InternetCloseHandle(file));
    ftp_end(&ftp);
    check_data(&ftp, "abc");
    ftp_peer_stop(ftp.peer);
}

/* [F24] */
static void file__wrong_direction_or_arguments__is_refused(void **state)
{
    struct ftp ftp;
    HINTERNET file;
    DWORD count;
    char text[8];

    (void)state;
    ftp.peer = ftp_peer_start(NULL, 0, "download");
    ftp.session = open_session();
    ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret", INTERNET_FLAG_PASSIVE);
    file = open_file(&ftp, "f");
    assert_done(file);
    count = UNTOUCHED;
    assert_refused(InternetReadFile(file, text, sizeof(text), &count),
                   ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_int_equal(count, 0);
    assert_refused(request_write(file, NULL, 10), ERROR_INVALID_PARAMETER);
    assert_refused(InternetWriteFile(file, "abc", 3, NULL), ERROR_INVALID_PARAMETER);
    assert_refused(request_write(ftp.connect, "x", 1), ERROR_INVALID_HANDLE);
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(file));
    assert_refused(request_write(file, "x", 1), ERROR_INVALID_HANDLE);
    assert_refused(InternetCloseHandle(file), ERROR_INVALID_HANDLE);

    file = FtpOpenFileA(ftp.connect, "g", GENERIC_READ, 0, 0);
    assert_done(file);
    assert_refused(request_write(file, "x", 1), ERROR_INTERNET_INCORRECT_HANDLE_TYPE);
    assert_done(InternetCloseHandle(file));
    ftp_end(&ftp);
    check_data(&ftp, "abc");
    ftp_peer_stop(ftp.peer);
}

/* ---- Downloads --------------------------------------------------------------------- */

static void download__is_read_to_its_end(void **state)
{
    struct ftp ftp;
    HINTERNET file;
    DWORD size;

    (void)state;
    ftp.peer = ftp_peer_start(NULL, 0, "what the server has");
    ftp.session = open_session();
    for (int i = 0; i < 2; i++) {
        ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret",
                              i == 0 ? INTERNET_FLAG_PASSIVE : 0);
        assert_done(ftp.connect);
        file = FtpOpenFileA(ftp.connect, "f", GENERIC_READ, FTP_TRANSFER_TYPE_BINARY, 0);
        assert_done(file);
        assert_done(InternetQueryDataAvailable(file, &size, 0, 0));
        assert_in_range(size, 1, strlen("what the server has"));
        assert_string_equal(request_body(file), "what the server has");
        assert_done(InternetCloseHandle(file));
        assert_done(InternetCloseHandle(ftp.connect));
    }
    assert_done(InternetCloseHandle(ftp.session));
    ftp_peer_finish(ftp.peer);
    assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), "RETR f\n"));
    ftp_peer_stop(ftp.peer);
}

/* More than is kept for a reader that comes late; no timer is for that. */
static void download__of_much__waits_for_its_reader(void **state)
{
    enum { SIZE = 1 << 20 };
    const struct timespec late = {0, 2L * SHORT_MS * 1000000};
    char *much = calloc(1, SIZE + 1), *got = calloc(1, SIZE + 1);
    DWORD patience = SHORT_MS, size = 0, read;
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    for (size_t i = 0; i < SIZE; i++)
        much[i] = (char)('a' + i % 23);
    ftp.peer = ftp_peer_start(NULL, 0, much);
    ftp.session = open_session();
    ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret", INTERNET_FLAG_PASSIVE);
    assert_done(InternetSetOptionA(ftp.connect, INTERNET_OPTION_RECEIVE_TIMEOUT,
                                   &patience, sizeof(patience)));
    file = FtpOpenFileA(ftp.connect, "f", GENERIC_READ, FTP_TRANSFER_TYPE_BINARY, 0);
    assert_done(file);
    nanosleep(&late, NULL);
    do {
        assert_done(InternetReadFile(file, got + size, SIZE + 1 - size, &read));
        size += read;
    } while (read > 0);
    assert_int_equal(size, SIZE);
    assert_memory_equal(got, much, SIZE);
    assert_done(InternetCloseHandle(file));
    ftp_close(&ftp);
    free(got);
    free(much);
}

/* [F26] */
static void download__refused_or_cut__is_told(void **state)
{
    static const struct ftp_rule missing[] = {{"RETR", FTP_REPLY, "550 No file\r\n", 0}};
    static const struct ftp_rule cut[] = {{FTP_DATA, FTP_CLOSE, NULL, 4},
                                          {FTP_FINAL, FTP_REPLY, "451 Broken\r\n", 0}};
    struct ftp ftp;
    HINTERNET file;
    DWORD read, size = 0;
    char text[64];
    BOOL result;

    (void)state;
    FTP_OPEN(&ftp, missing);
    assert_refused(FtpOpenFileA(ftp.connect, "f", GENERIC_READ, 0, 0),
                   ERROR_INTERNET_EXTENDED_ERROR);
    assert_string_equal(response_info(), "550 No file");
    ftp_close(&ftp);

    ftp.peer = ftp_peer_start(cut, COUNT(cut), "12345678");
    ftp.session = open_session();
    ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret", INTERNET_FLAG_PASSIVE);
    file = FtpOpenFileA(ftp.connect, "f", GENERIC_READ, 0, 0);
    assert_done(file);
    do {
        result = InternetReadFile(file, text + size, sizeof(text) - size, &read);
        size += read;
    } while (result && read > 0);
    assert_int_equal(size, 4);
    assert_false(result);
    assert_int_equal(GetLastError(), ERROR_INTERNET_EXTENDED_ERROR);
    assert_string_equal(response_info(), "451 Broken");
    InternetCloseHandle(file);
    ftp_close(&ftp);
}

/* ---- Closing ----------------------------------------------------------------------- */

/* [F9] Ends the upload as its own handle would. */
static void close__of_the_connection__ends_the_upload(void **state)
{
    struct ftp ftp;
    HINTERNET file;

    (void)state;
    ftp_open(&ftp, NULL, 0);
    file = open_file(&ftp, "f");
    assert_done(request_write(file, "abc", 3));
    assert_done(InternetCloseHandle(ftp.connect));
    assert_refused(request_write(file, "x", 1), ERROR_INVALID_HANDLE);
    assert_refused(InternetCloseHandle(file), ERROR_INVALID_HANDLE);
    assert_done(InternetCloseHandle(ftp.session));
    check_data(&ftp, "abc");
    ftp_peer_stop(ftp.peer);
}

/* [F10] From another thread: the write ends, and the server sees no whole file. */
static void close__while_a_write_waits__cancels_it(void **state)
{
    static const struct ftp_rule rules[] = {{FTP_DATA, FTP_HOLD, NULL, 100000}};
    struct aside writer;
    struct ftp ftp;
    HINTERNET file;
    char *block = calloc(1, MUCH_BLOCK);

    (void)state;
    assert_non_null(block);
    FTP_OPEN(&ftp, rules);
    file = open_file(&ftp, "f");
    assert_done(file);
    aside_begin(&writer, file, METHOD_WRITE, block, MUCH_BLOCK);
    ftp_peer_await(ftp.peer, "(held)");
    assert_done(InternetCloseHandle(ftp.session));
    assert_false(aside_end(&writer));
    assert_int_equal(writer.error, ERROR_INTERNET_OPERATION_CANCELLED);
    ftp_peer_go(ftp.peer);
    ftp_peer_finish(ftp.peer);
    assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), "(reset)\n"));
    ftp_peer_stop(ftp.peer);
    free(block);
}

/* [F10] Also when the server has not yet agreed to the file, but knows of it. */
static void close__while_a_file_is_opened__cancels_it(void **state)
{
    static const struct ftp_rule rules[] = {{"STOR", FTP_HOLD, NULL, 0}};
    struct aside opener;
    struct ftp ftp;

    (void)state;
    FTP_OPEN(&ftp, rules);
    aside_begin(&opener, ftp.connect, METHOD_OPEN_FILE, "f", 0);
    ftp_peer_await(ftp.peer, "STOR f\n");
    assert_done(InternetCloseHandle(ftp.session));
    assert_false(aside_end(&opener));
    assert_int_equal(opener.error, ERROR_INTERNET_OPERATION_CANCELLED);
    ftp_peer_go(ftp.peer);
    ftp_peer_finish(ftp.peer);
    assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), "(reset)\n"));
    ftp_peer_stop(ftp.peer);
}

/* ---- Timeouts ---------------------------------------------------------------------- */

/* FtpOpenFileA()'s, at each of its replies; what the server does then is no whole file.
 */
static void open_file__silent_server__ends_with_a_timeout(void **state)
{
    static const char *const moments[] = {"EPSV", "TYPE", "STOR"};

    (void)state;
    for (size_t i = 0; i < COUNT(moments); i++) {
        const struct ftp_rule rules[] = {{moments[i], FTP_HOLD, NULL, 0}};
        struct ftp ftp;
        size_t size;

        FTP_OPEN(&ftp, rules);
        assert_done(set_option(ftp.connect, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
        assert_refused(open_file(&ftp, "f"), ERROR_INTERNET_TIMEOUT);
        ftp_peer_go(ftp.peer);
        ftp_end(&ftp);
        ftp_peer_data(ftp.peer, &size);
        assert_int_equal(size, 0);
        if (strstr(ftp_peer_dialogue(ftp.peer), "STOR") != NULL)
            assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), "(reset)\n"));
        ftp_peer_stop(ftp.peer);
    }
}

/* [H70] The upload is cut. */
static void write__server_reads_nothing__ends_with_a_timeout(void **state)
{
    static const struct ftp_rule rules[] = {{FTP_DATA, FTP_HOLD, NULL, 1000}};
    static char block[65536];
    struct ftp ftp;
    HINTERNET file;
    DWORD written;

    (void)state;
    FTP_OPEN(&ftp, rules);
    assert_done(set_option(ftp.connect, INTERNET_OPTION_SEND_TIMEOUT, SHORT_MS));
    file = open_file(&ftp, "f");
    while (InternetWriteFile(file, block, sizeof(block), &written))
        assert_int_equal(written, sizeof(block));
    assert_int_equal(GetLastError(), ERROR_INTERNET_TIMEOUT);
    assert_refused(InternetCloseHandle(file), ERROR_INTERNET_TIMEOUT);
    ftp_peer_go(ftp.peer);
    ftp_end(&ftp);
    assert_non_null(strstr(ftp_peer_dialogue(ftp.peer), "(reset)\n"));
    ftp_peer_stop(ftp.peer);
}

/* [H75] [H79] */
static void read__server_sends_nothing__ends_with_a_timeout(void **state)
{
    static const struct ftp_rule rules[] = {{FTP_DATA, FTP_HOLD, NULL, 4}};
    struct ftp ftp;
    HINTERNET file;
    DWORD read;
    char text[16];

    (void)state;
    ftp.peer = ftp_peer_start(rules, COUNT(rules), "12345678");
    ftp.session = open_session();
    ftp.connect = CONNECT(ftp.session, ftp.peer, "me", "secret", INTERNET_FLAG_PASSIVE);
    assert_done(set_option(ftp.connect, INTERNET_OPTION_RECEIVE_TIMEOUT, SHORT_MS));
    file = FtpOpenFileA(ftp.connect, "f", GENERIC_READ, 0, 0);
    assert_done(file);
    assert_refused(InternetReadFile(file, text, sizeof(text), &read),
                   ERROR_INTERNET_TIMEOUT);
    assert_int_equal(read, 4);
    assert_memory_equal(text, "1234", 4);
    ftp_peer_go(ftp.peer);
    ftp_close(&ftp);
}

/* ---- What the server said ---------------------------------------------------------- */

/* [F21] [F23] */
static void response_info__buffers_of_any_size(void **state)
{
    static const char reply[] = "550 Permission denied";
    static const struct ftp_rule rules[] = {
        {"STOR", FTP_REPLY, "550 Permission denied\r\n", 0}};
    struct ftp ftp;
    DWORD error, size;
    char text[64];

    (void)state;
    FTP_OPEN(&ftp, rules);
    assert_refused(open_file(&ftp, "f"), ERROR_INTERNET_EXTENDED_ERROR);
    size = 0;
    assert_refused(InternetGetLastResponseInfoA(&error, NULL, &size),
                   ERROR_INSUFFICIENT_BUFFER);
    assert_int_equal(size, sizeof(reply));
    size = sizeof(reply);
    assert_done(InternetGetLastResponseInfoA(&error, text, &size));
    assert_string_equal(text, reply);
    assert_int_equal(size, sizeof(reply) - 1);
    size = sizeof(reply) - 1;
    assert_done(InternetGetLastResponseInfoA(&error, text, &size)); /* cut */
    assert_memory_equal(text, reply, sizeof(reply) - 2);
    assert_int_equal(text[sizeof(reply) - 2], '\0');
    ftp_close(&ftp);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(upload__passive__is_this_dialogue),
        cmocka_unit_test(upload__active__is_this_dialogue),
        cmocka_unit_test(upload__older_server__is_asked_the_older_way),
        cmocka_unit_test(upload__of_any_size__arrives_whole),
        cmocka_unit_test(upload__several_of_one_connection__one_behind_the_other),
        cmocka_unit_test(upload__of_another_type__says_so),
        cmocka_unit_test(name__of_any_kind__is_sent_as_it_is),
        cmocka_unit_test(final_reply__refusal__fails_the_close),
        cmocka_unit_test(final_reply__never_comes__fails_the_close),
        cmocka_unit_test(final_reply__of_several_lines__is_understood),
        cmocka_unit_test(data_connection__lost__fails_the_write),
        cmocka_unit_test(open_file__refused__tells_the_reply),
        cmocka_unit_test(C38__user_and_password__in_all_combinations),
        cmocka_unit_test(connect__refused_by_the_server__tells_why),
        cmocka_unit_test(connect__nobody_there__is_told),
        cmocka_unit_test(connect__silent_server__ends_with_a_timeout),
        cmocka_unit_test(C37__arguments__are_checked),
        cmocka_unit_test(C37__second_file_of_a_connection__is_refused),
        cmocka_unit_test(file__wrong_direction_or_arguments__is_refused),
        cmocka_unit_test(download__is_read_to_its_end),
        cmocka_unit_test(download__of_much__waits_for_its_reader),
        cmocka_unit_test(download__refused_or_cut__is_told),
        cmocka_unit_test(close__of_the_connection__ends_the_upload),
        cmocka_unit_test(close__while_a_write_waits__cancels_it),
        cmocka_unit_test(close__while_a_file_is_opened__cancels_it),
        cmocka_unit_test(open_file__silent_server__ends_with_a_timeout),
        cmocka_unit_test(write__server_reads_nothing__ends_with_a_timeout),
        cmocka_unit_test(read__server_sends_nothing__ends_with_a_timeout),
        cmocka_unit_test(response_info__buffers_of_any_size),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
