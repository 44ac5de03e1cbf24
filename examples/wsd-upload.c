/*
 * wsd-upload -- uploads a file, or standard input, over HTTP, HTTPS or FTP.
 *
 * Shows WinINet's streaming upload, with its calls in the order that Microsoft's pages
 * show.  Read upload_http() first, then upload_ftp().
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "cli.h"
#include "document.h"
#include "part_file.h"
#include "wininet.h"

#define BLOCK_BYTES 65536
#define MAX_HEADERS 32

static const char usage[] =
    "Usage: wsd-upload [options] URL FILE\n"
    "Uploads FILE, or with - standard input, to an http, https or ftp URL, and prints "
    "the\n"
    "reply of an HTTP server.\n"
    "\n"
    "  --method M      the HTTP method; default: POST\n"
    "  --header 'N: V' adds a header; may be given many times\n"
    "  --chunked       sends chunks instead of a Content-Length, as is done anyway when\n"
    "                  the size is not known before\n"
    "  --user N[:P]    the user's name and password\n"
    "  --output FILE   writes the reply into FILE, under the name FILE.part until it is\n"
    "                  whole; never over a file that is there already\n"
    "  --timeout S     give up when the server can not be reached, takes no data, or\n"
    "                  gives no answer, for S seconds; default: those of the library\n"
    "  --quiet         no progress\n"
    "  --help, --version\n"
    "\n"
    "Ends with 0 when the server has taken the file, with 1 otherwise, with 2 when the\n"
    "options are wrong.\n";

enum scheme { HTTP, HTTPS, FTP };

/* The parts of a URL, each NUL-terminated. */
struct target {
    enum scheme scheme;
    char *host, *object; /* object: without the first slash */
    INTERNET_PORT port;  /* 0: the scheme's */
};

struct upload {
    struct cli cli;
    const char *path, *method, *output; /* output: NULL for standard output */
    struct target target;
    char *user, *password; /* or NULL */
    const char *headers[MAX_HEADERS];
    size_t header_count;
    bool chunked, has_length; /* has_length: Content-Length is among the headers */
    uint64_t timeout_s;       /* 0: not given */
    struct document document;
    HINTERNET session, connect, request;
    const char *failed; /* what has first; NULL: nothing */
    char why[600];
    BYTE block[BLOCK_BYTES];
};

/* ---- Errors ------------------------------------------------------------------------ */

static const char *text_of(DWORD error)
{
    static const struct {
        DWORD error;
        const char *text;
    } texts[] = {
        {ERROR_INVALID_PARAMETER, "the library does not accept this"},
        {ERROR_INTERNET_TIMEOUT, "nothing happened for too long"},
        {ERROR_INTERNET_NAME_NOT_RESOLVED, "the server's name is not known"},
        {ERROR_INTERNET_LOGIN_FAILURE, "the server does not accept the user"},
        {ERROR_INTERNET_CANNOT_CONNECT, "the server cannot be reached"},
        {ERROR_INTERNET_CONNECTION_ABORTED, "the connection was ended"},
        {ERROR_INTERNET_CONNECTION_RESET, "the connection was reset"},
        {ERROR_INTERNET_FORCE_RETRY, "the server wants the user's name first, and the "
                                     "input cannot be read again"},
        {ERROR_HTTP_INVALID_SERVER_RESPONSE, "the server gave no valid response"},
        {ERROR_INTERNET_INVALID_CA, "the server's certificate is not trusted"},
        {ERROR_INTERNET_SEC_CERT_CN_INVALID, "the certificate is another server's"},
        {ERROR_INTERNET_SEC_CERT_DATE_INVALID, "the server's certificate is out of date"},
        {ERROR_INTERNET_SEC_INVALID_CERT, "the server's certificate is not trusted"},
        {ERROR_INTERNET_SECURITY_CHANNEL_ERROR, "no secure connection could be made"},
    };

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (texts[i].error == error)
            return texts[i].text;
    return "the library could not do it";
}

/* Remembers what has failed, and why; only the first counts.  Returns false. */
static bool failed(struct upload *upload, const char *what, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static bool failed(struct upload *upload, const char *what, const char *format, ...)
{
    va_list arguments;

    if (upload->failed == NULL) {
        upload->failed = what;
        va_start(arguments, format);
        vsnprintf(upload->why, sizeof(upload->why), format, arguments);
        va_end(arguments);
    }
    return false;
}

/* The same for the last call of the library. */
static bool call_failed(struct upload *upload, const char *what)
{
    DWORD error = GetLastError(), reply, size;
    char words[512];

    size = sizeof(words);
    if ((error == ERROR_INTERNET_EXTENDED_ERROR ||
         error == ERROR_INTERNET_LOGIN_FAILURE) &&
        InternetGetLastResponseInfoA(&reply, words, &size) && size > 0)
        words[strcspn(words, "\r\n")] = '\0'; /* an FTP server says it itself */
    else
        snprintf(words, sizeof(words), "%s", text_of(error));
    return failed(upload, what, "%s (error %u)", words, (unsigned)error);
}

/* ---- The bytes --------------------------------------------------------------------- */

/* What FILE had when it was opened, or standard input to its end. */
static bool write_document(struct upload *upload)
{
    struct document *document = &upload->document;

    for (;;) {
        uint64_t left = document->size - document->read; /* much, if it is unknown */
        ssize_t n = document_read(&upload->cli, document, upload->block,
                                  left < BLOCK_BYTES ? (size_t)left : BLOCK_BYTES);
        DWORD written;

        if (n <= 0)
            return n == 0 || failed(upload, "not sent", "the input failed");
        if (!InternetWriteFile(upload->request, upload->block, (DWORD)n, &written))
            return call_failed(upload, "not sent");
        cli_bar_draw(&upload->cli, document->read);
    }
}

static bool rewind_document(struct document *document)
{
    document->read = 0;
    return lseek(document->fd, 0, SEEK_SET) == 0;
}

/* ---- HTTP -------------------------------------------------------------------------- */

static bool add_headers(struct upload *upload)
{
    char length[64];

    for (size_t i = 0; i < upload->header_count; i++)
        if (!HttpAddRequestHeadersA(upload->request, upload->headers[i], (DWORD)-1,
                                    HTTP_ADDREQ_FLAG_ADD))
            return call_failed(upload, upload->headers[i]);
    if (upload->chunked)
        return true;
    /* INTERNET_BUFFERS has room for 4 GiB only. */
    snprintf(length, sizeof(length), "Content-Length: %llu",
             (unsigned long long)upload->document.size);
    if (!HttpAddRequestHeadersA(upload->request, length, (DWORD)-1,
                                HTTP_ADDREQ_FLAG_ADD_IF_NEW) &&
        GetLastError() != ERROR_HTTP_HEADER_ALREADY_EXISTS)
        return call_failed(upload, "no request");
    return true;
}

static DWORD status_of(HINTERNET request)
{
    DWORD status = 0, size = sizeof(status);

    HttpQueryInfoA(request, HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, &status,
                   &size, NULL);
    return status;
}

/* Sends the request once.  *again: the server wants it once more, with the password. */
static bool send_request(struct upload *upload, bool *again)
{
    INTERNET_BUFFERSA buffers = {.dwStructSize = sizeof(buffers)};

    *again = false;
    if (!HttpSendRequestExA(upload->request, &buffers, NULL,
                            upload->chunked ? HSR_CHUNKED : HSR_INITIATE, 0))
        return call_failed(upload, "not sent");
    if (!write_document(upload) && cli_describe(&upload->cli, NULL) != NULL)
        return false; /* it was us */
    if (HttpEndRequestA(upload->request, NULL, 0, 0))
        return true; /* also after a write that failed: the server says why */
    *again = GetLastError() == ERROR_INTERNET_FORCE_RETRY && upload->failed == NULL &&
             rewind_document(&upload->document);
    return *again || call_failed(upload, "no reply");
}

static bool not_saved(struct upload *upload)
{
    return failed(upload, "the reply is not saved", "cannot write %s: %s",
                  upload->output == NULL ? "standard output" : upload->output,
                  strerror(errno));
}

static bool read_reply(struct upload *upload, struct part_file *to)
{
    DWORD size;

    do {
        if (!InternetReadFile(upload->request, upload->block, BLOCK_BYTES, &size))
            return call_failed(upload, "the reply is not whole");
        if (!part_file_write(to, upload->block, size))
            return not_saved(upload);
    } while (size > 0);
    return true;
}

static bool save_reply(struct upload *upload)
{
    struct part_file part = {.fd = STDOUT_FILENO};
    char name[sizeof(part.name)];
    bool saved;

    if (upload->output == NULL)
        return read_reply(upload, &part);
    snprintf(name, sizeof(name), "%s.part", upload->output);
    if (!part_file_create(&part, AT_FDCWD, name))
        return not_saved(upload);
    saved = read_reply(upload, &part) &&
            (part_file_finish(&part, upload->output) || not_saved(upload));
    if (saved)
        part_file_close(&part);
    else
        part_file_remove(&part);
    return saved;
}

static bool check_status(struct upload *upload)
{
    DWORD status = status_of(upload->request);
    char text[128];
    DWORD size = sizeof(text);

    if (status / 100 == 2)
        return upload->failed == NULL;
    if (!HttpQueryInfoA(upload->request, HTTP_QUERY_STATUS_TEXT, text, &size, NULL))
        text[0] = '\0';
    upload->failed = NULL; /* this is why */
    return failed(upload, "the server has not taken it", "%u %s", (unsigned)status, text);
}

static bool upload_http(struct upload *upload)
{
    DWORD flags = INTERNET_FLAG_RELOAD | INTERNET_FLAG_NO_CACHE_WRITE |
                  (upload->target.scheme == HTTPS ? INTERNET_FLAG_SECURE : 0);
    bool again, sent, saved;

    upload->connect =
        InternetConnectA(upload->session, upload->target.host, upload->target.port,
                         upload->user, upload->password, INTERNET_SERVICE_HTTP, 0, 0);
    if (upload->connect == NULL)
        return call_failed(upload, "no connection");
    upload->request = HttpOpenRequestA(upload->connect, upload->method,
                                       upload->target.object, NULL, NULL, NULL, flags, 0);
    if (upload->request == NULL)
        return call_failed(upload, "no request");
    if (!add_headers(upload))
        return false;
    cli_bar_begin(&upload->cli, upload->document.size);
    do
        sent = send_request(upload, &again);
    while (again);
    cli_bar_end(&upload->cli);
    if (!sent)
        return false;
    saved = save_reply(upload);
    return check_status(upload) && saved;
}

/* ---- FTP --------------------------------------------------------------------------- */

/* With its handles closed, the file would be complete for the server; the end of the
 * program cuts it.  Whether there is a bar, only the thread that draws it knows. */
static void end_program(void *context)
{
    const struct upload *upload = context;

    fprintf(stderr, "%s%s: not sent: interrupted\n",
            isatty(STDERR_FILENO) ? "\r\033[K" : "", upload->cli.program);
    _exit(EXIT_FAILURE);
}

static bool upload_ftp(struct upload *upload)
{
    bool sent;

    cli_watch(&upload->cli, end_program, upload);
    upload->connect = InternetConnectA(
        upload->session, upload->target.host, upload->target.port, upload->user,
        upload->password, INTERNET_SERVICE_FTP, INTERNET_FLAG_PASSIVE, 0);
    if (upload->connect == NULL)
        return call_failed(upload, "no connection");
    upload->request = FtpOpenFileA(upload->connect, upload->target.object, GENERIC_WRITE,
                                   FTP_TRANSFER_TYPE_BINARY, 0);
    if (upload->request == NULL)
        return call_failed(upload, "the server does not take it");
    cli_bar_begin(&upload->cli, upload->document.size);
    sent = write_document(upload);
    cli_bar_end(&upload->cli);
    /* Closing the file says that it is complete, and what has become of it. */
    if (sent && !InternetCloseHandle(upload->request))
        return call_failed(upload, "the server has not taken it");
    return sent;
}

/* ---- Both -------------------------------------------------------------------------- */

static void close_session(void *session)
{
    InternetCloseHandle(session); /* and all that was opened in it */
}

static void set_timeouts(const struct upload *upload)
{
    static const DWORD options[] = {INTERNET_OPTION_CONNECT_TIMEOUT,
                                    INTERNET_OPTION_SEND_TIMEOUT,
                                    INTERNET_OPTION_RECEIVE_TIMEOUT};
    DWORD milliseconds = (DWORD)(upload->timeout_s * 1000);

    for (size_t i = 0; milliseconds > 0 && i < sizeof(options) / sizeof(options[0]); i++)
        InternetSetOptionA(upload->session, options[i], &milliseconds,
                           sizeof(milliseconds));
}

static bool upload_document(struct upload *upload)
{
    bool ok;

    if (!document_open(&upload->cli, &upload->document, upload->path))
        return failed(upload, "not sent", "the input failed");
    if (upload->output != NULL && part_file_is_taken(AT_FDCWD, upload->output)) {
        errno = EEXIST; /* better said now than at the end */
        return not_saved(upload);
    }
    if (upload->document.size == CLI_SIZE_UNKNOWN && !upload->has_length)
        upload->chunked = true;
    upload->session = InternetOpenA("wsd-upload/" WSD_VERSION, INTERNET_OPEN_TYPE_DIRECT,
                                    NULL, NULL, 0);
    if (upload->session == NULL)
        return call_failed(upload, "no session");
    set_timeouts(upload);
    cli_watch(&upload->cli, close_session, upload->session);
    ok = upload->target.scheme == FTP ? upload_ftp(upload) : upload_http(upload);
    cli_watch(&upload->cli, NULL, NULL);
    if (ok || upload->target.scheme != FTP) /* see end_program() */
        InternetCloseHandle(upload->session);
    document_close(&upload->document);
    return ok;
}

/* ---- The command line -------------------------------------------------------------- */

/* Undoes %XX where it stands; false if that would be a NUL, or is no number. */
static bool decode(char *text)
{
    char *to = text;

    for (; *text != '\0'; text++, to++) {
        char digits[3] = "";

        *to = *text;
        if (*text != '%')
            continue;
        if (!isxdigit((unsigned char)text[1]) || !isxdigit((unsigned char)text[2]))
            return false;
        memcpy(digits, text + 1, 2);
        *to = (char)strtoul(digits, NULL, 16);
        if (*to == '\0')
            return false;
        text += 2;
    }
    *to = '\0';
    return true;
}

/* Splits HOST[:PORT] where it stands. */
static bool parse_host(struct target *target, char *host)
{
    char *port = strrchr(host, ':');
    uint64_t number;

    target->host = host;
    if (port != NULL && strchr(port, ']') == NULL) {
        *port = '\0';
        if (!cli_parse_number(port + 1, 65535, &number))
            return false;
        target->port = (INTERNET_PORT)number;
    }
    return *host != '\0';
}

/* Splits SCHEME://HOST[:PORT][/OBJECT] where it stands. */
static bool parse_url(struct target *target, char *url)
{
    static const char *const schemes[] = {"http://", "https://", "ftp://"};
    unsigned i = HTTP;
    char *host;

    while (i <= FTP && strncasecmp(url, schemes[i], strlen(schemes[i])) != 0)
        i++;
    if (i > FTP)
        return false;
    target->scheme = (enum scheme)i;
    host = url + strlen(schemes[i]);
    target->object = host + strcspn(host, "/");
    if (*target->object != '\0')
        *target->object++ = '\0';
    target->object[strcspn(target->object, "#")] = '\0';
    return parse_host(target, host) && (i != FTP || decode(target->object));
}

static bool parse_header(struct upload *upload, const char *header)
{
    static const char length[] = "Content-Length:";

    if (upload->header_count == MAX_HEADERS)
        return cli_misuse(&upload->cli, "too many headers");
    upload->headers[upload->header_count++] = header;
    if (strncasecmp(header, length, strlen(length)) == 0)
        upload->has_length = true;
    return true;
}

static void parse_user(struct upload *upload, char *user)
{
    char *colon = strchr(user, ':');

    upload->user = user;
    if (colon != NULL) {
        *colon = '\0';
        upload->password = colon + 1;
    }
}

static bool parse_options(struct upload *upload, int argc, char **argv)
{
    enum { METHOD = 1, HEADER, CHUNKED, USER, OUTPUT, TIMEOUT, QUIET, HELP, VERSION };
    static const struct option options[] = {{"method", required_argument, NULL, METHOD},
                                            {"header", required_argument, NULL, HEADER},
                                            {"chunked", no_argument, NULL, CHUNKED},
                                            {"user", required_argument, NULL, USER},
                                            {"output", required_argument, NULL, OUTPUT},
                                            {"timeout", required_argument, NULL, TIMEOUT},
                                            {"quiet", no_argument, NULL, QUIET},
                                            {"help", no_argument, NULL, HELP},
                                            {"version", no_argument, NULL, VERSION},
                                            {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case METHOD:
            upload->method = optarg;
            break;
        case HEADER:
            if (!parse_header(upload, optarg))
                return false;
            break;
        case CHUNKED:
            upload->chunked = true;
            break;
        case USER:
            parse_user(upload, optarg);
            break;
        case OUTPUT:
            upload->output = optarg;
            break;
        case TIMEOUT:
            if (!cli_parse_number(optarg, 86400, &upload->timeout_s))
                return cli_misuse(&upload->cli, "--timeout needs seconds, 1 to 86400");
            break;
        case QUIET:
            upload->cli.quiet = true;
            break;
        case HELP:
            fputs(usage, stdout);
            exit(EXIT_SUCCESS);
        case VERSION:
            puts("wsd-upload " WSD_VERSION);
            exit(EXIT_SUCCESS);
        default: /* getopt has said what is wrong */
            return cli_misuse(&upload->cli, NULL);
        }
    }
    if (argc - optind != 2)
        return cli_misuse(&upload->cli, "a URL and a file are needed, and no more");
    upload->path = argv[optind + 1];
    if (!parse_url(&upload->target, argv[optind]))
        return cli_misuse(&upload->cli, "that is no http, https or ftp URL");
    return true;
}

int main(int argc, char **argv)
{
    static struct upload upload = {
        .cli.program = "wsd-upload", .method = "POST", .document.fd = -1};
    bool ok;

    if (!parse_options(&upload, argc, argv))
        return 2;
    if (!cli_start(&upload.cli))
        return EXIT_FAILURE;
    ok = upload_document(&upload);
    if (!ok)
        cli_print_error(&upload.cli, upload.failed,
                        cli_describe(&upload.cli, upload.why));
    cli_finish(&upload.cli);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
