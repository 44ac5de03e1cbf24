/*
 * wsdattachment.h -- Microsoft's attachment interfaces, outside Windows.
 *
 * The names, the binary layout and the return codes are those of Microsoft's header:
 * https://learn.microsoft.com/windows/win32/api/wsdattachment/
 *
 * In C an interface is a structure with a pointer to its table of functions; with
 * COBJMACROS defined there are macros for the calls, such as
 * IWSDOutboundAttachment_Write(p, buffer, n, &written).  In C++ it is an abstract class
 * with the same table.  The library's objects are written in C and carry no run-time type
 * information: no typeid and no dynamic_cast on a pointer to them, ask QueryInterface;
 * and build with -fno-sanitize=vptr where UndefinedBehaviorSanitizer is used.
 *
 * STG_S_BLOCK and S_FALSE are SUCCESS codes: compare hr == S_OK, never SUCCEEDED(hr).
 */
#ifndef WSD_WSDATTACHMENT_H
#define WSD_WSDATTACHMENT_H

#include "wsd_types.h"

/** The interfaces: what both kinds are, one to write, one to read. */
typedef struct IWSDAttachment IWSDAttachment;
typedef struct IWSDOutboundAttachment IWSDOutboundAttachment;
typedef struct IWSDInboundAttachment IWSDInboundAttachment;

#ifdef __cplusplus
extern "C" {
#endif

/** Defined in the library; INITGUID is not needed. */
WSD_API extern const wsd_guid IID_IWSDAttachment;
WSD_API extern const wsd_guid IID_IWSDOutboundAttachment;
WSD_API extern const wsd_guid IID_IWSDInboundAttachment;

/* ---- Outbound attachments: Write, Close, Abort ----------------------------------- */

/*
 * A stream of bytes that the application writes and a message carries.
 *
 *  UNBOUND --put in a message--> BOUND --first Write--> OPEN --Close--> CLOSING
 *     |                            |                     |                  |
 *     |                            |                     |                  +--> CLOSED
 *     +----------- Abort ----------+---------------------+------------------+--> ABORTED
 *                                  +--- transfer error --+------------------+--> FAILED
 *
 *           UNBOUND      BOUND       OPEN       CLOSING    CLOSED   ABORTED  FAILED
 *  Write    INVALID (1)  opens (2)   S_OK (3)   INVALID    INVALID  INVALID  its error
 *  Close    INVALID      INVALID     S_OK (3)   S_OK (3)   INVALID  INVALID  its error
 *  Abort    S_OK (4)     S_OK (4)    S_OK       S_OK       INVALID  INVALID  its error
 *  Release  Abort (5)    Abort (5)   Abort (5)  goes on    -        -        -
 *
 *  INVALID is HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION), 0x800710DD.
 *  (1) after waiting for the attachment to be put in a message and the message sent
 *  (2) once the message was sent: S_OK, and OPEN; until then as UNBOUND
 *  (3) or STG_S_BLOCK; Close makes it CLOSING at once, CLOSED with S_OK.  Where a length
 *      was declared: Write of more is refused, Close before it makes it FAILED
 *  (4) INVALID when Write was never called
 *  (5) the last reference only: what Abort does, also when Write was never called
 *
 * CLOSED, ABORTED and FAILED are final.  FAILED keeps the first error.
 *
 * Waiting: Write and Close wait until the wait budget has passed without progress, that
 * is without the network having taken a byte.  It is 30000 ms, unless the client's
 * options or wsd_attachment_set_wait_budget() say otherwise; 0 is never, INFINITE for
 * ever.
 *
 * Threads: any method, any thread, any time.  Calls of Write and Close from several
 * threads are carried out one after the other, each as a whole.  Abort, QueryInterface,
 * AddRef and Release wait for none of them.  On a thread of the library, that is in a
 * callback, Write and Close may not wait: the wait budget must be 0.
 */

#if !defined(__cplusplus) || defined(CINTERFACE)

/** The common base of both kinds; adds nothing to IUnknown. */
typedef struct IWSDAttachmentVtbl {
    /** What it does is that of the kind. */
    HRESULT(WSD_CALL *QueryInterface)
    (IWSDAttachment *This, const wsd_guid *riid, void **ppvObject);
    /** Likewise. */
    uint32_t(WSD_CALL *AddRef)(IWSDAttachment *This);
    /** Likewise. */
    uint32_t(WSD_CALL *Release)(IWSDAttachment *This);
} IWSDAttachmentVtbl;

/** In C, an IWSDAttachment. */
struct IWSDAttachment {
    const IWSDAttachmentVtbl *lpVtbl; /**< its calls */
};

/** The calls of an IWSDOutboundAttachment. */
typedef struct IWSDOutboundAttachmentVtbl {
    /**
     * Gives another interface of the same object.
     *
     * IUnknown, IWSDAttachment and IWSDOutboundAttachment lead to each other, and asking
     * for IUnknown gives the same pointer whichever of them is asked [Q1].
     *
     * Blocking    Never waits.
     * Ownership   *ppvObject has a reference of its own after S_OK [Q2].
     * Threads     Any.
     * State       Any; unchanged.
     *
     * @param riid       The interface wanted; never NULL.
     * @param ppvObject  Receives the interface; NULL after every failure.
     *
     * @retval S_OK
     * @retval E_POINTER      [Q3] ppvObject is NULL.
     * @retval E_NOINTERFACE  [Q4] Another riid; *ppvObject is NULL.
     *
     * https://learn.microsoft.com/windows/win32/api/unknwn/nf-unknwn-iunknown-queryinterface(refiid_void)
     */
    HRESULT(WSD_CALL *QueryInterface)
    (IWSDOutboundAttachment *This, const wsd_guid *riid, void **ppvObject);

    /**
     * Adds a reference.  Never waits; any thread, any state.
     *
     * @return The application's references, this one included [Q5].
     *
     * https://learn.microsoft.com/windows/win32/api/unknwn/nf-unknwn-iunknown-addref
     */
    uint32_t(WSD_CALL *AddRef)(IWSDOutboundAttachment *This);

    /**
     * Gives a reference back.  Never waits; any thread, any state.
     *
     * The application's last reference to an attachment for which neither Close nor
     * Abort was called aborts its message, also when Write was never called [Q6].
     *
     * @return The application's references that are left [Q7]; after 0 the pointer is
     *         dead.
     *
     * Ours, where Microsoft's page is silent: Q6.  The rest:
     * https://learn.microsoft.com/windows/win32/api/unknwn/nf-unknwn-iunknown-release
     */
    uint32_t(WSD_CALL *Release)(IWSDOutboundAttachment *This);

    /**
     * Sends attachment bytes; the first call opens the stream.
     *
     * The first Write after the message was sent starts the transmission.  It returns
     * when the HTTP headers, the envelope and this part's headers have been handed to the
     * network [W1] and all attachments before this one have been sent completely [W2].
     * From then on bytes are copied into the attachment's ring, which may be long before
     * the peer has them: behind others little waits for more, some 2 ms.  Writing 0 bytes
     * opens the stream and nothing more [W3]: an empty document is Write of 0 bytes, then
     * Close.
     *
     * Blocking    Until the wait budget has passed without progress: for calls of other
     *             threads, for the message to be sent, for the stream to open, for room
     *             in the ring.  A final HTTP status before the end of the message, and a
     *             lost connection, end the wait at once, with their error [W4].  With a
     *             budget of 0 it never waits: it takes what fits [W5].
     * Ownership   pBuffer stays the caller's and may be reused on return.
     * Threads     Any.  Writes of several threads are not interleaved [W6].  Abort wakes
     *             a waiting Write.
     * State       UNBOUND, BOUND or OPEN before; OPEN after S_OK.  STG_S_BLOCK changes
     *             nothing; a transfer error makes it FAILED.
     *
     * @param pBuffer         Bytes to send; never NULL, even for 0 bytes.
     * @param dwBytesToWrite  Length of pBuffer in bytes.
     * @param pdwNumberOfBytesWritten  Receives the bytes taken; set to 0 before all else,
     *                       to more only with S_OK [W7].
     *
     * @retval S_OK          [W8] 0 < *p <= dwBytesToWrite bytes were taken, or 0 of 0.
     *                       [W9] Fewer than asked only if the budget passed without
     *                       progress, or if it is 0 and no more fitted: write the rest
     *                       with another call.
     * @retval STG_S_BLOCK   A SUCCESS code.  The budget passed before the stream was open
     *                       [W10], or before there was room for one byte [W11].  Nothing
     *                       was taken and nothing is harmed [W12]: write the same bytes
     *                       again, or Abort.  With a budget of 0 also while the
     *                       attachment is in no message or its message not sent [W13].
     * @retval E_POINTER     [W14] pdwNumberOfBytesWritten is NULL (checked first).
     * @retval E_INVALIDARG  [W15] pBuffer is NULL, also with 0 bytes (checked second).
     * @retval HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)  [W16] Called on a thread of
     *                       the library, or in a callback, with a wait budget other than
     *                       0.
     * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [W17] The budget, not 0, has
     *                       passed, and the attachment is still in no message or its
     *                       message not sent; a later Write may find it sent.
     *                       [W18] Close or Abort was called before.
     * @retval HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)  [W22] The bytes go beyond the length
     *                       that was declared for the attachment (wsd_part_options).
     *                       Nothing was taken and nothing is harmed [W23]: write what is
     *                       left of the length, or Close, or Abort.
     * @retval E_ABORT       [W19] Abort was called while this Write waited.
     * @retval other failure [W20] To connect, or to send the headers and the envelope,
     *                       has failed: returned at once.  [W21] A later transfer error:
     *                       by this or a later call, and from then on always the same.
     *
     * Ours, where Microsoft's page is silent: W3 to W6, the 0 of W7 with failures, W9,
     * W13, the order of W14 and W15, 0 bytes in W15, W16, the waiting before W17, W18,
     * W19, "always the same" in W21, W22, W23.  W22 has no code of WSDAPI, where lengths
     * are not declared; this is the system's for a length that is not right, and neither
     * an argument nor a limit is at fault.  The rest:
     * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-iwsdoutboundattachment-write
     */
    HRESULT(WSD_CALL *Write)
    (IWSDOutboundAttachment *This, const uint8_t *pBuffer, uint32_t dwBytesToWrite,
     uint32_t *pdwNumberOfBytesWritten);

    /**
     * Ends the stream and waits until all of it is sent.
     *
     * S_OK says that every byte of the attachment has been handed to the network [C1],
     * and for the message's last attachment the closing delimiter and the last chunk as
     * well [C2].  That the peer took the document is known from its reply:
     * wsd_client_receive().
     *
     * Blocking    Until the wait budget has passed without progress: for a Write in
     *             progress [C3], then for the bytes to go.  With a budget of 0 never.
     * Threads     Any.  Abort wakes a waiting Close.
     * State       OPEN or CLOSING before; CLOSED after S_OK, CLOSING after STG_S_BLOCK,
     *             unless that was for a Write in progress; FAILED after C12.
     *
     * @retval S_OK
     * @retval STG_S_BLOCK   A SUCCESS code.  The budget passed before all bytes were out
     *                       [C4].  Call Close again [C5], or Abort.
     * @retval HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)  [C6] Called on a thread of the
     *                       library with a wait budget other than 0.
     * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [C7] The stream is not open:
     *                       no Write has returned S_OK.  [C8] It is closed or aborted.
     * @retval HRESULT_FROM_WIN32(ERROR_BAD_LENGTH)  [C12] Less was written than the
     *                       length that was declared for the attachment
     *                       (wsd_part_options).  The connection is cut as by Abort, so
     *                       that the peer cannot take what it got for the whole [C13].
     * @retval E_ABORT       [C9] Abort was called while this Close waited.
     * @retval other failure [C10] The transfer has failed, now or before.  [C11] The peer
     *                       has answered with an error status by now.
     *
     * Ours, where Microsoft's page is silent: C2, C6, in C7 that the Write must have
     * returned S_OK, C8, C9, C11 to C13.  The rest:
     * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-iwsdoutboundattachment-close
     */
    HRESULT(WSD_CALL *Close)(IWSDOutboundAttachment *This);

    /**
     * Gives the transfer up, so that the peer cannot take what it got for the whole.
     *
     * Bytes not yet sent are discarded and the connection is cut: the peer sees neither
     * the closing delimiter nor the last chunk, unless all was out already [A1].  The
     * message's other attachments fail with E_ABORT [A2].  Every waiting call is woken
     * [A3].
     *
     * Blocking    Never waits, and allocates nothing [A4].
     * Threads     Any, in a callback of the library too [A5].
     * State       UNBOUND, BOUND, OPEN or CLOSING before; ABORTED after S_OK.
     *
     * @retval S_OK          [A6] Also when no Write has succeeded yet.
     * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [A7] Write was not called, or
     *                       has refused its arguments each time.  [A8] It is closed or
     *                       aborted already.
     * @retval other failure [A9] The transfer has failed before: its error.
     *
     * Ours, where Microsoft's page is silent: A1 to A6, in A7 that a refused call does
     * not count, A8, A9.  The rest:
     * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-iwsdoutboundattachment-abort
     */
    HRESULT(WSD_CALL *Abort)(IWSDOutboundAttachment *This);
} IWSDOutboundAttachmentVtbl;

/** In C, an IWSDOutboundAttachment. */
struct IWSDOutboundAttachment {
    const IWSDOutboundAttachmentVtbl *lpVtbl; /**< its calls */
};

/* ---- Inbound attachments: Read, Close -------------------------------------------- */

/*
 * A stream of bytes that a message brought, or still brings, and the application reads.
 *
 *  ARRIVING --its end came--> WHOLE --Close--> CLOSED
 *     |                         |
 *     +--------- Close ---------+-----------> CLOSED
 *     +--- transfer error ------------------> FAILED
 *
 *           ARRIVING       WHOLE             CLOSED   FAILED
 *  Read     S_OK (1)       S_OK, S_FALSE     INVALID  its error
 *  Close    S_OK           S_OK              S_OK     S_OK
 *  Release  Close (2)      Close (2)         -        -
 *
 *  (1) or STG_S_BLOCK when the wait budget passed without a byte
 *  (2) the last reference only
 *
 * wsd_inbound_message_attachment() gives them.  Waiting and threads are as for outbound
 * attachments: one wait budget, one ready descriptor and callback, calls of Read carried
 * out one after the other, Close from any thread, which wakes a waiting Read.
 */

/** The calls of an IWSDInboundAttachment. */
typedef struct IWSDInboundAttachmentVtbl {
    /** As that of an IWSDOutboundAttachment, with IWSDInboundAttachment. */
    HRESULT(WSD_CALL *QueryInterface)
    (IWSDInboundAttachment *This, const wsd_guid *riid, void **ppvObject);
    /** As that of an IWSDOutboundAttachment. */
    uint32_t(WSD_CALL *AddRef)(IWSDInboundAttachment *This);

    /** Gives a reference back.  The last one may go without Close and then implies it
     * [I1]. */
    uint32_t(WSD_CALL *Release)(IWSDInboundAttachment *This);

    /**
     * Takes bytes that have arrived.
     *
     * An attachment that is not read, once its ring is full, holds up the connection: the
     * sender sees a peer that takes nothing [I2].
     *
     * Blocking    Until there is a byte, the end, or a failure, or until the wait budget
     * has passed without one.  With a budget of 0 never. Ownership   pBuffer stays the
     * caller's. Threads     Any.  Reads of several threads are not interleaved.  Close
     * wakes a waiting Read [I3].
     *
     * @param pBuffer        Receives the bytes.
     * @param dwBytesToRead  Length of pBuffer in bytes, at least 1.
     * @param pdwNumberOfBytesRead  The bytes put into pBuffer; set to 0 before all else,
     * to more only with S_OK and S_FALSE [I4].
     *
     * @retval S_OK          [I5] 1 to dwBytesToRead bytes were read, never 0; more may
     * follow.
     * @retval S_FALSE       A SUCCESS code.  [I6] The end: *p bytes, the last ones or 0,
     * were read and no more will come.  Only for an attachment that arrived whole, and on
     * every later call too.
     * @retval STG_S_BLOCK   A SUCCESS code.  [I7] The budget passed and nothing came.
     * @retval E_POINTER     [I8] pdwNumberOfBytesRead is NULL (checked first).
     * @retval E_INVALIDARG  [I9] pBuffer is NULL, or dwBytesToRead is 0.
     * @retval HRESULT_FROM_WIN32(ERROR_POSSIBLE_DEADLOCK)  [I10] Called on a thread of
     * the library with a wait budget other than 0.
     * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [I11] Close was called.
     * @retval other failure [I12] The transfer failed or the message was cut short: at
     * once, also when bytes were still to be read, and never as an end.
     *
     * Ours, where Microsoft's page is silent: I2 to I5, I7, 0 bytes in I9, I10, I11, the
     * order of the checks, and in I6 that only a whole attachment ends with S_FALSE.  The
     * rest:
     * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-iwsdinboundattachment-read
     */
    HRESULT(WSD_CALL *Read)
    (IWSDInboundAttachment *This, uint8_t *pBuffer, uint32_t dwBytesToRead,
     uint32_t *pdwNumberOfBytesRead);

    /**
     * Says that no more will be read.  May come at any time, and again [I13]: what has
     * not been read is thrown away; when nobody reads any attachment of the message and
     * the message has been given back, the connection is cut.
     *
     * Blocking    Never waits.
     * Threads     Any, in a callback of the library too.
     *
     * @retval S_OK
     *
     * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-iwsdinboundattachment-close
     */
    HRESULT(WSD_CALL *Close)(IWSDInboundAttachment *This);
} IWSDInboundAttachmentVtbl;

/** In C, an IWSDInboundAttachment. */
struct IWSDInboundAttachment {
    const IWSDInboundAttachmentVtbl *lpVtbl; /**< its calls */
};

#    ifdef COBJMACROS
#        define IWSDAttachment_QueryInterface(This, riid, ppvObject)                     \
            ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#        define IWSDAttachment_AddRef(This) ((This)->lpVtbl->AddRef(This))
#        define IWSDAttachment_Release(This) ((This)->lpVtbl->Release(This))

#        define IWSDOutboundAttachment_QueryInterface(This, riid, ppvObject)             \
            ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#        define IWSDOutboundAttachment_AddRef(This) ((This)->lpVtbl->AddRef(This))
#        define IWSDOutboundAttachment_Release(This) ((This)->lpVtbl->Release(This))
#        define IWSDOutboundAttachment_Write(This, pBuffer, dwBytesToWrite,              \
                                             pdwNumberOfBytesWritten)                    \
            ((This)->lpVtbl->Write((This), (pBuffer), (dwBytesToWrite),                  \
                                   (pdwNumberOfBytesWritten)))
#        define IWSDOutboundAttachment_Close(This) ((This)->lpVtbl->Close(This))
#        define IWSDOutboundAttachment_Abort(This) ((This)->lpVtbl->Abort(This))

#        define IWSDInboundAttachment_QueryInterface(This, riid, ppvObject)              \
            ((This)->lpVtbl->QueryInterface((This), (riid), (ppvObject)))
#        define IWSDInboundAttachment_AddRef(This) ((This)->lpVtbl->AddRef(This))
#        define IWSDInboundAttachment_Release(This) ((This)->lpVtbl->Release(This))
#        define IWSDInboundAttachment_Read(This, pBuffer, dwBytesToRead,                 \
                                           pdwNumberOfBytesRead)                         \
            ((This)->lpVtbl->Read((This), (pBuffer), (dwBytesToRead),                    \
                                  (pdwNumberOfBytesRead)))
#        define IWSDInboundAttachment_Close(This) ((This)->lpVtbl->Close(This))
#    endif

#else

/* The same interfaces as C++ classes; the promises stand above, at the C declarations. */
extern "C++" {
WSD_DECLARE_UUID(IWSDAttachment, "5d55a616-9df8-4b09-b156-9ba351a48b76", 0x5d55a616,
                 0x9df8, 0x4b09, 0xb1, 0x56, 0x9b, 0xa3, 0x51, 0xa4, 0x8b, 0x76)
WSD_DECLARE_UUID(IWSDOutboundAttachment, "aa302f8d-5a22-4ba5-b392-aa8486f4c15d",
                 0xaa302f8d, 0x5a22, 0x4ba5, 0xb3, 0x92, 0xaa, 0x84, 0x86, 0xf4, 0xc1,
                 0x5d)
WSD_DECLARE_UUID(IWSDInboundAttachment, "5bd6ca65-233c-4fb8-9f7a-2641619655c9",
                 0x5bd6ca65, 0x233c, 0x4fb8, 0x9f, 0x7a, 0x26, 0x41, 0x61, 0x96, 0x55,
                 0xc9)

#    pragma GCC diagnostic push
#    pragma GCC diagnostic ignored "-Wnon-virtual-dtor" /* of a foreign IUnknown */
struct WSD_INTERFACE IWSDAttachment : WSD_UNKNOWN {
  protected:
    ~IWSDAttachment() = default;
};

struct WSD_INTERFACE IWSDOutboundAttachment : IWSDAttachment {
    virtual HRESULT WSD_CALL Write(const uint8_t *pBuffer, uint32_t dwBytesToWrite,
                                   uint32_t *pdwNumberOfBytesWritten) = 0;
    virtual HRESULT WSD_CALL Close() = 0;
    virtual HRESULT WSD_CALL Abort() = 0;

  protected:
    ~IWSDOutboundAttachment() = default;
};

struct WSD_INTERFACE IWSDInboundAttachment : IWSDAttachment {
    virtual HRESULT WSD_CALL Read(uint8_t *pBuffer, uint32_t dwBytesToRead,
                                  uint32_t *pdwNumberOfBytesRead) = 0;
    virtual HRESULT WSD_CALL Close() = 0;

  protected:
    ~IWSDInboundAttachment() = default;
};
#    pragma GCC diagnostic pop
}

#endif

/**
 * Makes an outbound attachment.
 *
 * Blocking    Never waits.
 * Ownership   *ppAttachment has one reference [N1]: give it back with Release().
 * Threads     Any.
 * State       UNBOUND after S_OK.
 *
 * @retval S_OK
 * @retval E_POINTER      [N2] ppAttachment is NULL.
 * @retval E_OUTOFMEMORY  [N3] *ppAttachment is NULL.
 *
 * Ours, where Microsoft's page is silent: the NULL of N3.  The rest:
 * https://learn.microsoft.com/windows/win32/api/wsdattachment/nf-wsdattachment-wsdcreateoutboundattachment
 */
WSD_API HRESULT WSD_CALL
WSDCreateOutboundAttachment(IWSDOutboundAttachment **ppAttachment);

#ifdef __cplusplus
}
#endif
#endif
