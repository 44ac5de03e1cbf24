/*
 * transaction -- one transfer as an application without callbacks sees it: it writes,
 * waits for the answer and reads.
 *
 * A ring in each direction stands between the calls and the transport's thread.  Calls
 * wait as long as the transfer goes on: the transport's timers bound that.  One thread
 * makes the calls; cancel is for any.
 */
#ifndef WSD_WININET_TRANSACTION_H
#define WSD_WININET_TRANSACTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/mem.h"
#include "transport/transport.h"
#include "wininet/response_head.h"

struct wsd_transaction; /* opaque */

/* Both prepare and start the transfer.  The request's body and handler, and for HTTP its
 * body_length, are the transaction's: they are set here.
 * uploads: is there a body to be written?
 * S_OK; E_OUTOFMEMORY; what the seam's prepare says. */
HRESULT wsd_transaction_start_http(const struct wsd_mem *mem,
                                   struct wsd_transport *transport,
                                   struct wsd_http_request *request,
                                   struct wsd_transaction **out);
HRESULT wsd_transaction_start_ftp(const struct wsd_mem *mem,
                                  struct wsd_transport *transport,
                                  struct wsd_ftp_request *request, bool uploads,
                                  struct wsd_transaction **out);

/* One more user, and one less: what is still under way goes on without any.  release
 * accepts NULL. */
void wsd_transaction_keep(struct wsd_transaction *transaction);
void wsd_transaction_release(struct wsd_transaction *transaction);

/* Cuts the transfer.  Calls that wait, and all later ones, fail with E_ABORT. */
void wsd_transaction_cancel(struct wsd_transaction *transaction);

/* The same where nobody wants the rest of a response: if that is little, it is received
 * all the same, so that the connection can be used again. */
void wsd_transaction_abandon(struct wsd_transaction *transaction);

/* Waits until the head is with the network; with FTP, until the server has agreed to the
 * file.  S_OK, or what the transfer ended with. */
HRESULT wsd_transaction_await_start(struct wsd_transaction *transaction);

/* Copies all bytes into the ring; *written says how many also with a failure.
 * S_OK; ERROR_INTERNET_CONNECTION_ABORTED as HRESULT: the server has answered, and takes
 * no more; otherwise what the transfer ended with. */
HRESULT wsd_transaction_write(struct wsd_transaction *transaction, const void *bytes,
                              size_t size, size_t *written);
/* No more will be written. */
void wsd_transaction_end(struct wsd_transaction *transaction);

/* Waits for the head of the final response.  S_OK, or what the transfer ended with. */
HRESULT wsd_transaction_await_response(struct wsd_transaction *transaction);
/* After S_OK; else NULL.  Nobody else changes it any more. */
struct wsd_response_head *wsd_transaction_response(struct wsd_transaction *transaction);
/* What a response of 401 asks for: bits of WSD_AUTHENTICATION_*. */
DWORD wsd_transaction_challenge(struct wsd_transaction *transaction);
/* Did anything of a response come? */
bool wsd_transaction_was_answered(struct wsd_transaction *transaction);

/* Reads until `size` bytes are there or the body ends; *read says how many also with a
 * failure.  S_OK, with fewer at the end; otherwise what the transfer ended with. */
HRESULT wsd_transaction_read(struct wsd_transaction *transaction, void *bytes,
                             size_t size, size_t *read);
/* Waits for a byte or the end; *available is 0 at the end.  As read. */
HRESULT wsd_transaction_available(struct wsd_transaction *transaction, size_t *available);

/* Waits for the end of the transfer, and says what it was. */
HRESULT wsd_transaction_await_end(struct wsd_transaction *transaction);

/* The last line of the server's last reply (FTP), without its end; cut to `size`. */
void wsd_transaction_get_reply(struct wsd_transaction *transaction, char *text,
                               size_t size);

#endif
