#include "transport_curl/curl_replay.h"

#include "os/socket.h"
#include "wsd_error.h"

#define CONNECTION_ERROR HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)
#define RESEND_REQUEST HRESULT_FROM_WIN32(ERROR_WINHTTP_RESEND_REQUEST)

static bool has_whole_body(const struct wsd_curl_transfer *transfer)
{
    struct wsd_body_source *body = transfer->body;

    return transfer->body_length == 0 ||
           (transfer->pulled_bytes == 0 && !transfer->pulled_all) ||
           (body->vtable->can_rewind != NULL && body->vtable->can_rewind(body));
}

static unsigned long answer_to(const struct wsd_curl_transfer *transfer, int status)
{
    return status == 401   ? transfer->peer_answer
           : status == 407 ? transfer->proxy_answer
                           : 0;
}

/* libcurl may answer it by sending the request once more. */
static bool may_be_answered(const struct wsd_curl_transfer *transfer, int status)
{
    if (status == 417) /* a peer that has waited for the body means something else */
        return transfer->expects && transfer->pulled_bytes == 0;
    if (transfer->probes && !transfer->pulled && status < 300)
        return true;
    return answer_to(transfer, status) != 0 && has_whole_body(transfer);
}

/* RFC 9110 sections 15.5.12 and 15.6.2.  What comes from HTTP/1.0 is not about the body
 * that was sent: it cannot tell where that ends (RFC 9112 section 6.1). */
static bool refuses_chunks(const struct wsd_curl_transfer *transfer, int status,
                           bool is_http_1_0)
{
    return transfer->in_chunks &&
           (status == 411 || status == 501 || (is_http_1_0 && status >= 400));
}

void wsd_curl_replay_take_status(struct wsd_curl_transfer *transfer, int status,
                                 bool is_http_1_0)
{
    bool refused = refuses_chunks(transfer, status, is_http_1_0);

    transfer->challenge = 0;
    if (refused || is_http_1_0)
        wsd_curl_transport_note_length(transfer->transport, transfer->host);
    transfer->wants_length = !may_be_answered(transfer, status);
    if (!transfer->wants_length ||
        (refused && transfer->known_length != WSD_LENGTH_UNKNOWN &&
         has_whole_body(transfer))) {
        transfer->challenge = status;
        transfer->pulled = false;
    } else if (status >= 200 && transfer->status == 0) {
        transfer->status = status;
        transfer->refused_chunks =
            refused && transfer->known_length == WSD_LENGTH_UNKNOWN;
    }
}

/* What comes on a kept connection while nothing is asked would be taken for the next
 * response.  Over TLS it may as well be a session ticket (RFC 8446 section 4.6.1). */
static bool is_spoiled(const struct wsd_curl_transfer *transfer, int local_port,
                       int peer_port)
{
    int fd;

    if (!transfer->reused || transfer->is_encrypted)
        return false;
    fd = wsd_curl_sockets_find(wsd_curl_transport_sockets(transfer->transport),
                               local_port, peer_port);
    return fd != -1 && !wsd_socket_is_silent(fd);
}

static unsigned answer_bit(int challenge)
{
    return challenge == 401 ? 1 : challenge == 407 ? 2 : 0;
}

bool wsd_curl_replay_begin(struct wsd_curl_transfer *transfer, int local_port,
                           int peer_port)
{
    transfer->reused = transfer->sockets == transfer->sockets_before;
    transfer->sockets_before = transfer->sockets;
    transfer->spoiled = is_spoiled(transfer, local_port, peer_port);
    if (transfer->spoiled)
        return false;
    /* libcurl does not rewind what it has pulled and not sent. */
    if (transfer->status != 0 || !wsd_curl_transfer_rewind(transfer)) {
        transfer->failure = RESEND_REQUEST;
        return false;
    }
    transfer->heard = transfer->unread = transfer->paused = false;
    transfer->answered |= answer_bit(transfer->challenge);
    transfer->challenge = 0;
    return true;
}

/* The request is made anew with the length that it has. */
static bool declare_length(struct wsd_curl_transfer *transfer)
{
    struct curl_slist *last = transfer->headers;

    if (!wsd_curl_transfer_rewind(transfer))
        return false;
    if (!transfer->probes) { /* see set_headers() of curl_http */
        while (last->next->next != NULL)
            last = last->next;
        curl_slist_free_all(last->next);
        last->next = NULL;
    }
    transfer->in_chunks = false;
    transfer->body_length = transfer->known_length;
    curl_easy_setopt(transfer->easy, CURLOPT_INFILESIZE_LARGE,
                     (curl_off_t)transfer->body_length);
    wsd_curl_transfer_again(transfer);
    return true;
}

/* libcurl has understood the challenge, and not answered such a one before; but it waits
 * for the rest of a body that was paused, or has failed to send it. */
static bool answer_challenge(struct wsd_curl_transfer *transfer)
{
    long offered = 0;

    curl_easy_getinfo(transfer->easy,
                      transfer->challenge == 407 ? CURLINFO_PROXYAUTH_AVAIL
                                                 : CURLINFO_HTTPAUTH_AVAIL,
                      &offered);
    if ((transfer->answered & answer_bit(transfer->challenge)) ||
        !((unsigned long)offered & answer_to(transfer, transfer->challenge)) ||
        !wsd_curl_transfer_rewind(transfer))
        return false;
    transfer->answered |= answer_bit(transfer->challenge);
    wsd_curl_transfer_again(transfer);
    return true;
}

bool wsd_curl_replay_renew(struct wsd_curl_transfer *transfer)
{
    bool is_left =
        transfer->wants_length ||
        (transfer->sockets == transfer->sockets_before &&
         (transfer->curl_is_done ? transfer->curl_result != CURLE_OK : transfer->paused));

    if (transfer->challenge == 0 || !transfer->head_ended || !is_left)
        return false;
    if (transfer->wants_length ? declare_length(transfer) : answer_challenge(transfer))
        return true;
    wsd_curl_transfer_let_stand(transfer);
    return false;
}

bool wsd_curl_replay_is_dead(const struct wsd_curl_transfer *transfer, HRESULT result)
{
    return (result == CONNECTION_ERROR || result == RESEND_REQUEST) && transfer->reused &&
           !transfer->heard && transfer->body->vtable->rewind != NULL;
}

bool wsd_curl_replay_retry(struct wsd_curl_transfer *transfer, HRESULT result)
{
    if (wsd_curl_replay_renew(transfer))
        return true;
    if ((!transfer->spoiled && !wsd_curl_replay_is_dead(transfer, result)) ||
        !wsd_curl_transfer_rewind(transfer))
        return false;
    curl_easy_setopt(transfer->easy, CURLOPT_FRESH_CONNECT, 1L);
    wsd_curl_transfer_again(transfer);
    return true;
}
