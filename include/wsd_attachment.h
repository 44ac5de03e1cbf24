/*
 * wsd_attachment.h -- an attachment's wait budget, readiness and progress.
 *
 * Microsoft's interfaces say that Write and Close may wait, not for how long, nor how to
 * do without.  These functions do.  They take the attachments of this library only and
 * answer E_INVALIDARG for objects of others.
 *
 * A program with an event loop sets the wait budget to 0.  Write then takes what fits and
 * Read what is there; STG_S_BLOCK says that there was nothing, and the descriptor or the
 * callback says when to call again.
 */
#ifndef WSD_ATTACHMENT_H
#define WSD_ATTACHMENT_H

#include <stddef.h>
#include <stdint.h>

#include "wsd_types.h"
#include "wsdattachment.h"

#ifdef __cplusplus
extern "C" {
#endif

/**
 * Sets how long one call of Write, Close or Read may wait without progress.
 *
 * Blocking    Never waits.
 * Threads     Any, any time; calls that wait already keep the budget that they began
 * with.
 *
 * @param milliseconds  0: never wait; INFINITE: until done or failed.  Default: the
 *                      client's wait_budget_ms once the message was sent, 30 000 before.
 *
 * @retval S_OK          [T1]
 * @retval E_POINTER     attachment is NULL.
 * @retval E_INVALIDARG  [T2] Not an attachment of this library.
 */
WSD_API HRESULT WSD_CALL wsd_attachment_set_wait_budget(IWSDAttachment *attachment,
                                                        DWORD milliseconds);

/**
 * Gives a descriptor for poll(): it is readable whenever a Write or Close is worth
 * trying.
 *
 * It is unreadable only from a Write or Close that returned STG_S_BLOCK until something
 * changed: the message was sent, the stream opened, at least half of the ring is free,
 * all bytes are out, a call of another thread that was in the way has ended, or the
 * transfer failed [T3].  Poll it for POLLIN; never read it.
 *
 * Blocking    Never waits.
 * Ownership   The attachment's; open until its last reference is given back.
 * Threads     Any.
 *
 * @retval S_OK          *fd is the descriptor, the same on every call.
 * @retval E_POINTER     An argument is NULL.
 * @retval E_INVALIDARG  Not an attachment of this library; *fd is -1.
 * @retval HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES)  *fd is -1.
 */
WSD_API HRESULT WSD_CALL wsd_attachment_get_ready_fd(IWSDAttachment *attachment, int *fd);

/**
 * Says that a Write or Close is worth trying again, once after each STG_S_BLOCK [T4].
 *
 * Called on a thread of the library, or on the thread whose call changed the attachment,
 * with no lock held.  It may call whatever does not wait, as wsd_log_callback says, so
 * any method of the attachment whose wait budget is 0, and may give back the last
 * reference [T5].
 */
typedef void(WSD_CALL *wsd_ready_callback)(void *context);

/**
 * Sets the callback; NULL takes it away.
 *
 * Blocking    Never waits.
 * Threads     Any.
 * State       Before the first Write.
 *
 * @retval S_OK
 * @retval E_POINTER     attachment is NULL.
 * @retval E_INVALIDARG  Not an attachment of this library.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [T6] Write was called already.
 */
WSD_API HRESULT WSD_CALL wsd_attachment_set_ready_callback(IWSDAttachment *attachment,
                                                           wsd_ready_callback callback,
                                                           void *context);

/** How far an attachment is, in bytes of its own content. */
typedef struct wsd_attachment_progress {
    size_t size;       /**< in: sizeof(wsd_attachment_progress) */
    uint64_t accepted; /**< taken by Write; inbound: that have arrived */
    uint64_t handed;   /**< of those, taken by the transport; inbound: by Read */
} wsd_attachment_progress;

/**
 * Tells how far an attachment is.  Both counts only grow, and are equal, and the length
 * of the document, when Close has returned S_OK [T7].
 *
 * @retval S_OK
 * @retval E_POINTER     An argument is NULL.
 * @retval E_INVALIDARG  Not an attachment of this library, or progress->size is not one
 *                       that this library knows.
 */
WSD_API HRESULT WSD_CALL wsd_attachment_get_progress(IWSDAttachment *attachment,
                                                     wsd_attachment_progress *progress);

#ifdef __cplusplus
}
#endif
#endif
