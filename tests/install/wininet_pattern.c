/* The usual way to upload with WinINet, as programs for Windows have it: compiled
 * unchanged against Microsoft's header (mingw-w64 has it) and against ours. Usage:
 * wininet_pattern HOST PORT OBJECT     uploads standard input by POST */
#ifdef _WIN32
#    include <windows.h>
#endif
#include <wininet.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *call)
{
    fprintf(stderr, "%s: error %lu\n", call, (unsigned long)GetLastError());
    return 1;
}

static int set_timeouts(HINTERNET session)
{
    static const DWORD options[] = {INTERNET_OPTION_CONNECT_TIMEOUT,
                                    INTERNET_OPTION_SEND_TIMEOUT,
                                    INTERNET_OPTION_RECEIVE_TIMEOUT};
    DWORD milliseconds = 20000;

    for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++)
        if (!InternetSetOptionA(session, options[i], &milliseconds, sizeof(milliseconds)))
            return failed("InternetSetOption");
    return 0;
}

static int send_body(HINTERNET request, const char *body, DWORD size)
{
    INTERNET_BUFFERSA buffers;
    DWORD written, sent = 0;

    memset(&buffers, 0, sizeof(buffers));
    buffers.dwStructSize = sizeof(buffers);
    buffers.dwBufferTotal = size;
    if (!HttpSendRequestExA(request, &buffers, NULL, HSR_INITIATE, 0))
        return failed("HttpSendRequestEx");
    while (sent < size) {
        DWORD block = size - sent < 4096 ? size - sent : 4096;

        if (!InternetWriteFile(request, body + sent, block, &written))
            return failed("InternetWriteFile");
        sent += written;
    }
    if (!HttpEndRequestA(request, NULL, HSR_INITIATE, 0))
        return failed("HttpEndRequest");
    return 0;
}

static int print_answer(HINTERNET request)
{
    DWORD status = 0, size = sizeof(status), available, read;
    char type[128], block[1024];

    if (!HttpQueryInfoA(request, HTTP_QUERY_STATUS_CODE | HTTP_QUERY_FLAG_NUMBER, &status,
                        &size, NULL))
        return failed("HttpQueryInfo");
    printf("%lu\n", (unsigned long)status);
    size = sizeof(type);
    if (HttpQueryInfoA(request, HTTP_QUERY_CONTENT_TYPE, type, &size, NULL))
        printf("%s\n", type);
    else if (GetLastError() != ERROR_HTTP_HEADER_NOT_FOUND)
        return failed("HttpQueryInfo");
    if (!InternetQueryDataAvailable(request, &available, 0, 0))
        return failed("InternetQueryDataAvailable");
    while (InternetReadFile(request, block, sizeof(block), &read)) {
        if (read == 0)
            return status == HTTP_STATUS_OK ? 0 : 1;
        fwrite(block, 1, read, stdout);
    }
    return failed("InternetReadFile");
}

static int upload(const char *host, INTERNET_PORT port, const char *object,
                  const char *body, DWORD size)
{
    static const char type[] = "Content-Type: application/octet-stream\r\n";
    HINTERNET session, connection = NULL, request = NULL;
    int status = 1;

    session = InternetOpenA("wininet_pattern", INTERNET_OPEN_TYPE_DIRECT, NULL, NULL, 0);
    if (session == NULL)
        return failed("InternetOpen");
    if (set_timeouts(session) == 0)
        connection = InternetConnectA(session, host, port, NULL, NULL,
                                      INTERNET_SERVICE_HTTP, 0, 0);
    if (connection != NULL)
        request =
            HttpOpenRequestA(connection, "POST", object, NULL, NULL, NULL,
                             INTERNET_FLAG_RELOAD | INTERNET_FLAG_NO_CACHE_WRITE, 0);
    if (request == NULL)
        failed("InternetConnect or HttpOpenRequest");
    else if (!HttpAddRequestHeadersA(request, type, (DWORD)-1,
                                     HTTP_ADDREQ_FLAG_ADD | HTTP_ADDREQ_FLAG_REPLACE))
        failed("HttpAddRequestHeaders");
    else if (send_body(request, body, size) == 0)
        status = print_answer(request);
    if (request != NULL)
        InternetCloseHandle(request);
    if (connection != NULL)
        InternetCloseHandle(connection);
    InternetCloseHandle(session);
    return status;
}

int main(int argc, char **argv)
{
    static char body[1048576];
    size_t size;

    if (argc != 4) {
        fprintf(stderr, "usage: wininet_pattern HOST PORT OBJECT\n");
        return 2;
    }
    size = fread(body, 1, sizeof(body), stdin);
    return upload(argv[1], (INTERNET_PORT)atoi(argv[2]), argv[3], body, (DWORD)size);
}
