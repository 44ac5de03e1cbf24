/*
 * internet -- what an application does with wininet.h, for the tests that stand in its
 * place.  Whatever has to succeed, and does not, fails the test.
 */
#ifndef WSD_TESTS_INTERNET_H
#define WSD_TESTS_INTERNET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "support/peer.h"
#include "support/worker.h"
#include "wininet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* No call sets this one. */
#define UNTOUCHED 0xdeadbeefu

/* For BOOL and for handles: it gave something. */
#define assert_done(call) check_done((call) ? 1 : 0, #call, __FILE__, __LINE__)
/* It gave FALSE or NULL, and this error. */
#define assert_refused(call, error)                                                      \
    do {                                                                                 \
        SetLastError(UNTOUCHED);                                                         \
        check_refused((call) ? 1 : 0, error, #call, __FILE__, __LINE__);                 \
    } while (0)
void check_done(int result, const char *call, const char *file, int line);
void check_refused(int result, DWORD error, const char *call, const char *file, int line);

/* ---- Requests ---- */

struct exchange {
    HINTERNET session, connect, request;
};

#define AGENT "probe/1.0"

/* To the peer (NULL: to a port where nobody listens). */
void exchange_open(struct exchange *exchange, const struct peer *peer, const char *verb,
                   const char *object, DWORD flags);
/* POST /up, without flags. */
void exchange_open_post(struct exchange *exchange, const struct peer *peer);
void exchange_close(struct exchange *exchange);

/* HttpSendRequestExA with this dwBufferTotal and nothing else. */
BOOL request_begin(HINTERNET request, DWORD total);
/* InternetWriteFile, which has to take all if it succeeds and nothing if it fails. */
BOOL request_write(HINTERNET request, const void *bytes, DWORD size);
BOOL request_end(HINTERNET request);
DWORD request_status(HINTERNET request);
/* HttpQueryInfoA's text; valid until the next call.  NULL if it refuses. */
const char *request_text(HINTERNET request, DWORD level);
/* The rest of the body, by InternetReadFile; valid until the next call. */
const char *request_body(HINTERNET request);
/* All of these: uploads, and gives the status. */
DWORD request_upload(HINTERNET request, const void *bytes, DWORD size);
void add_header(HINTERNET request, const char *header, DWORD flags);

DWORD option_of(HINTERNET handle, DWORD option);
BOOL set_option(HINTERNET handle, DWORD option, DWORD value);

/* ---- What the peer saw ---- */

/* The head of the first request, "POST ... \r\n\r\n", with "$P" for the peer's port.
 * Caller frees. */
char *peer_head(struct peer *peer);
/* peer_finish() has this text. */
bool peer_saw(struct peer *peer, const char *text);

#define REPLY_EMPTY "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
#define REPLY_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* ---- Calls on other threads ---- */

enum method { METHOD_WRITE, METHOD_END, METHOD_READ, METHOD_SEND, METHOD_OPEN_FILE };

struct aside {
    struct worker worker;
    atomic_bool begun;
    HINTERNET handle;
    enum method method;
    const void *bytes; /* of METHOD_WRITE, over and over until it fails; or the name */
    DWORD size;
    BOOL result;
    DWORD error, count;
};

/* Returns when the thread is about to make the call. */
void aside_begin(struct aside *aside, HINTERNET handle, enum method method,
                 const void *bytes, DWORD size);
/* Waits for its return; what it returned. */
BOOL aside_end(struct aside *aside);

#endif
