#include "service/refusal.h"

#include <stddef.h>
#include <string.h>

#include "base/hresult.h"
#include "wsd_error.h"

const struct wsd_refusal wsd_refusal_no_such_path = {
    404, "Sender", "DestinationUnreachable", "There is no service at this path"};
const struct wsd_refusal wsd_refusal_not_soap = {
    415, "Sender", "",
    "The Content-Type must be application/soap+xml or multipart/related"};
const struct wsd_refusal wsd_refusal_no_such_action = {
    400, "Sender", "ActionNotSupported", "The service does not know this Action"};
const struct wsd_refusal wsd_refusal_no_action = {
    400, "Sender", "MessageInformationHeaderRequired", "The message has no Action"};
/* DPWS 1.0 rule R0031 */
const struct wsd_refusal wsd_refusal_reply_elsewhere = {
    400, "Sender", "InvalidMessageInformationHeader",
    "A reply goes back on the same connection only: ReplyTo must be anonymous"};
const struct wsd_refusal wsd_refusal_not_understood = {
    500, "MustUnderstand", "", "A mandatory header is not understood"};
const struct wsd_refusal wsd_refusal_too_large = {
    413, "Sender", "", "The message is larger than the service takes"};
const struct wsd_refusal wsd_refusal_too_busy = {503, "Receiver", "EndpointUnavailable",
                                                 "The service is busy: try again later"};

int wsd_refusal_status(const char *code)
{
    return strcmp(code, "Sender") == 0 ? 400 : 500;
}

struct wsd_refusal wsd_refusal_of(HRESULT hr)
{
    static const HRESULT senders[] = {E_INVALIDARG, WS_E_INVALID_FORMAT,
                                      WS_E_QUOTA_EXCEEDED,
                                      HRESULT_FROM_WIN32(ERROR_NOT_FOUND)};

    if (hr == E_NOTIMPL)
        return wsd_refusal_no_such_action;
    for (size_t i = 0; i < sizeof(senders) / sizeof(senders[0]); i++)
        if (hr == senders[i])
            return (struct wsd_refusal){400, "Sender", "", wsd_hresult_text(hr)};
    return (struct wsd_refusal){500, "Receiver", "EndpointUnavailable",
                                wsd_hresult_text(hr)};
}
