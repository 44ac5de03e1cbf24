#include "base/hresult.h"

#include <stdbool.h>

#include "wsd_error.h"

/* As the codes are case labels, the compiler refuses a second row for one of them. */

static bool is_http_status(HRESULT hr)
{
    return ((uint32_t)hr & 0xFFFF0000u) == (uint32_t)HTTP_E_STATUS(0);
}

const char *wsd_hresult_name(HRESULT hr)
{
    switch (hr) {
#define CODE(name, text)                                                                 \
    case name:                                                                           \
        return #name;
#define WIN32(name, text)                                                                \
    case HRESULT_FROM_WIN32(name):                                                       \
        return #name;
#define HTTP(status, text)
#include "base/hresult_table.h"
#undef CODE
#undef WIN32
#undef HTTP
    default:
        return is_http_status(hr) ? "HTTP_E_STATUS" : "unknown";
    }
}

static const char *text_of_http_class(HRESULT hr)
{
    switch (((uint32_t)hr & 0xFFFFu) / 100) {
    case 1:
        return "The peer answered with an interim HTTP status (1xx) and nothing after it";
    case 2:
        return "The peer answered with an HTTP status of success (2xx) where it should "
               "not";
    case 3:
        return "The peer answered with a redirection (3xx), which is not followed with a "
               "body: send to the new address";
    case 4:
        return "The peer refused the request as the client's mistake (HTTP status 4xx)";
    case 5:
        return "The peer failed to handle the request (HTTP status 5xx): try again later";
    default:
        return "The peer answered with a number that is no HTTP status";
    }
}

const char *wsd_hresult_text(HRESULT hr)
{
    switch (hr) {
#define CODE(name, text)                                                                 \
    case name:                                                                           \
        return text;
#define WIN32(name, text)                                                                \
    case HRESULT_FROM_WIN32(name):                                                       \
        return text;
#define HTTP(status, text)                                                               \
    case HTTP_E_STATUS(status):                                                          \
        return text;
#include "base/hresult_table.h"
#undef CODE
#undef WIN32
#undef HTTP
    default:
        return is_http_status(hr) ? text_of_http_class(hr)
                                  : "This code is not one of this library";
    }
}
