/*
 * wsd_message.h -- SOAP messages, outbound and inbound.
 *
 * A message is a SOAP 1.2 envelope with WS-Addressing 2004/08 headers and, when
 * attachments were put into it, a multipart/related package around both (MTOM, XOP 1.0).
 * Names and texts are UTF-8, NUL-terminated unless a length is given.
 *
 * A path names an element of the body by local names, whatever their namespaces, such as
 * SendDocumentRequest/DocumentData; the first name is the body element's own.  A name may
 * have a 1-based index among its siblings of that name: Upload/data[2]; without one it is
 * the first.
 */
#ifndef WSD_MESSAGE_H
#define WSD_MESSAGE_H

#include <stddef.h>
#include <stdint.h>

#include "wsd_types.h"
#include "wsdattachment.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Most attachments of one message, and most characters of a media type. */
#define WSD_MAX_ATTACHMENTS 49
#define WSD_MAX_MEDIA_TYPE 255

/** Longest URI, octets (DPWS 1.0 appendix I, MAX_URI_SIZE). */
#define WSD_MAX_URI 2048

/** Default limit of an envelope, octets (DPWS 1.0 appendix I, MAX_ENVELOPE_SIZE). */
#define WSD_MAX_ENVELOPE 32767

/** A message that the application builds and sends. */
typedef struct wsd_outbound_message wsd_outbound_message;
/** A message that came: a client's reply, or a service's request. */
typedef struct wsd_inbound_message wsd_inbound_message;

/** How an attachment stands in its message.  Begin with WSD_PART_OPTIONS_INIT; NULL in a
 * field stands for its default. */
typedef struct wsd_part_options {
    size_t size;              /**< sizeof(wsd_part_options) */
    const char *content_type; /**< media type; NULL: "application/octet-stream" */

    /** Declares how many bytes will be written into the attachment, 0 too; NULL: nobody
     * knows yet.  From then on Write and Close hold the application to it, whether or not
     * the message goes out with a Content-Length. */
    const uint64_t *length;
} wsd_part_options;

#define WSD_PART_OPTIONS_INIT                                                            \
    {                                                                                    \
        sizeof(wsd_part_options), NULL, NULL                                             \
    }

/** How far a message is.  It and its strings are the library's and end with the call. */
typedef struct wsd_message_progress {
    size_t size;                   /**< sizeof(wsd_message_progress) of the library */
    wsd_outbound_message *message; /**< without a reference for the callback */
    const char *message_id;        /**< its wsa:MessageID, as in the log */
    uint64_t accepted;             /**< octets that Write has taken, of all attachments */
    uint64_t handed;               /**< of those, handed to the network */
    uint64_t total;                /**< what they declare; UINT64_MAX unless all do */
    BOOL ended;                    /**< this is the last call for the message, */
    HRESULT result;                /**< and S_OK, or why it failed; S_OK before */
} wsd_message_progress;

/** Octets that are handed from one call of a wsd_progress_callback to the next, at
 * least. */
#define WSD_PROGRESS_STEP 262144

/**
 * Says how far a message is: when its envelope has been handed to the network and its
 * first attachment begins, then at most once for each WSD_PROGRESS_STEP of its
 * attachments [M40], and once when it has ended [M41].  handed grows from call to call
 * and is never more than accepted, nor that more than total [M42].
 *
 * Blocking    Must not block: as wsd_log_callback, which says what may be called too.
 * Threads     A client's own thread or that of a call which waits, or a service's; one
 *             call at a time.  No lock of the library is held.
 */
typedef void(WSD_CALL *wsd_progress_callback)(void *context,
                                              const wsd_message_progress *progress);

/**
 * Makes an outbound message.
 *
 * Blocking    Never waits.
 * Ownership   The string is copied.  *out has one reference: give it back with
 *             wsd_outbound_message_release().
 * Threads     Any; a message is built by one thread at a time.
 *
 * @param action  The wsa:Action, an absolute URI of at most 2048 octets.
 *
 * @retval S_OK           [M1] *out is a message without a body.
 * @retval E_POINTER      [M2] action or out is NULL.
 * @retval E_INVALIDARG   [M3] action is no absolute URI, too long, or has a control
 *                        character, a blank or an 8-bit character in it; *out is NULL.
 * @retval E_OUTOFMEMORY  *out is NULL.
 */
WSD_API HRESULT WSD_CALL wsd_outbound_message_create(const char *action,
                                                     wsd_outbound_message **out);

/**
 * Gives the message its body: one XML element, which becomes the only child of soap:Body.
 *
 * Blank text between elements is dropped and line ends inside texts are written as
 * character references, so that the envelope stands on one line [M4]; comments are
 * dropped.  A second call replaces the body [M5].
 *
 * Blocking    Never waits.
 * Ownership   xml is copied.
 * Threads     One at a time for a message that is being built.
 * State       Not sent, and nothing attached yet.
 *
 * @param xml     UTF-8; need not be NUL-terminated.
 * @param length  Of xml, octets.
 *
 * @retval S_OK
 * @retval E_POINTER      message or xml is NULL.
 * @retval WS_E_INVALID_FORMAT  [M6] Not exactly one well-formed element: an undeclared
 *                        prefix, a document type, a processing instruction, a NUL, bad
 *                        UTF-8, text around the element or nesting deeper than 256 too.
 *                        The message is as it was.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [M7] Something is attached
 * already, or the message was sent.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_outbound_message_set_body(wsd_outbound_message *message,
                                                       const char *xml, size_t length);

/** What a SOAP 1.2 fault says (SOAP 1.2 part 1, section 5.4).  In an inbound message's
 * fault the strings belong to the message, are never NULL, and are "" where the fault has
 * nothing, or no name where one belongs; in one that is given to
 * wsd_outbound_message_set_fault() NULL is "". */
typedef struct wsd_fault {
    const char *code;    /**< local name: Sender, Receiver, MustUnderstand … */
    const char *subcode; /**< local name of the first Subcode */
    const char *subcode_namespace; /**< its namespace URI */
    const char *reason;            /**< the first Text */
    const char *detail;            /**< the Detail element's content, as XML text */
} wsd_fault;

/**
 * Makes the message a fault: a body soap:Fault and the Action that WS-Addressing has for
 * faults [M23].  A service sends it with HTTP status 400 for Sender and 500 for all
 * others (SOAP 1.2 part 2, section 7.5.2.2) [M24].
 *
 * Blocking    Never waits.
 * Ownership   Everything is copied.
 * Threads     One at a time for a message that is being built.
 * State       Not sent, and nothing attached yet.  A later body replaces the fault [M25].
 *
 * @param fault  code: a code of SOAP 1.2 (section 5.4.6): Sender, Receiver,
 *               MustUnderstand, VersionMismatch or DataEncodingUnknown.  subcode: a name
 *               in subcode_namespace, or "" for none.  reason: for people, in English.
 *               detail: well-formed XML elements, or "".
 *
 * @retval S_OK
 * @retval E_POINTER      message or fault is NULL.
 * @retval E_INVALIDARG   [M26] code is none of these; subcode is no XML name; it has no
 *                        namespace; the namespace is no URI.
 * @retval WS_E_INVALID_FORMAT  [M27] detail is not well-formed, or a text is not UTF-8.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [M28] Something is attached
 * already, or the message was sent.
 * @retval E_OUTOFMEMORY  The message is as it was, as after every failure.
 */
WSD_API HRESULT WSD_CALL wsd_outbound_message_set_fault(wsd_outbound_message *message,
                                                        const wsd_fault *fault);

/**
 * Puts an attachment into the message: <xop:Include href="cid:N@body"/> becomes the
 * content of the element at `path`, N counting the attachments from 0 [M8], and the
 * attachment is bound to the message.  Attachments go out in the order of these calls
 * [M9].
 *
 * Blocking    Never waits.
 * Ownership   The message takes a reference of its own [M10]; the options are copied.
 * Threads     One at a time for a message that is being built.
 * State       Not sent, body set.  attachment: UNBOUND before, BOUND after.
 *
 * @param attachment  Made by WSDCreateOutboundAttachment().
 * @param options     NULL for the defaults.  Those of a program that was built before
 *                    they had a length declare none [M29].
 *
 * @retval S_OK
 * @retval E_POINTER      message, path or attachment is NULL.
 * @retval E_INVALIDARG   [M11] path is no path; [M12] its element has content already;
 *                        [M13] the content type is no media type, or could not stand in
 *                        a header; [M14] attachment is an object of somebody else;
 *                        [M30] the length is above 2^63 - 1; [M31] options->size is not
 *                        one that this library knows.
 * @retval HRESULT_FROM_WIN32(ERROR_NOT_FOUND)  [M15] The body has no such element, or
 *                        there is no body.
 * @retval HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS)  [M16] The element has an attachment.
 * @retval HRESULT_FROM_WIN32(ERROR_ALREADY_ASSIGNED)  [M17] The attachment is bound
 *                        already, to this message or another one.
 * @retval E_ABORT        The attachment was aborted.
 * @retval WS_E_QUOTA_EXCEEDED  [M18] WSD_MAX_ATTACHMENTS are attached.
 * @retval HRESULT_FROM_WIN32(ERROR_INVALID_OPERATION)  [M19] The message was sent.
 * @retval E_OUTOFMEMORY
 *                        After any failure message and attachment are as they were [M20].
 */
WSD_API HRESULT WSD_CALL wsd_outbound_message_attach(wsd_outbound_message *message,
                                                     const char *path,
                                                     IWSDOutboundAttachment *attachment,
                                                     const wsd_part_options *options);

/**
 * Gives the message back.  Accepts NULL; never waits; any thread.
 *
 * A message that was sent goes on by itself, but its reply can then be got no more [M21].
 * The attachments of one that was never sent fail with E_ABORT [M22].
 */
WSD_API void WSD_CALL wsd_outbound_message_release(wsd_outbound_message *message);

/*
 * Inbound messages.  All these calls are for one thread at a time, never wait, and hand
 * out strings that live until wsd_inbound_message_release().  Passing a NULL message is
 * an error of the program, except to release.
 */

/** The HTTP status of a reply, for example 200 [R1]; 0 of a request to a service. */
WSD_API int WSD_CALL wsd_inbound_message_http_status(const wsd_inbound_message *message);

/** The wsa:Action; without one, the `action` parameter of Content-Type (RFC 3902); ""
 * without either [R2]. */
WSD_API const char *WSD_CALL
wsd_inbound_message_action(const wsd_inbound_message *message);

/**
 * The body element as XML text that stands alone, with all namespaces declared that are
 * in scope [R3]; when the peer answered with something else than SOAP, what it sent,
 * unread [R4]; "" for an empty body.
 *
 * @param length  Receives the length in octets without the NUL; may be NULL.
 */
WSD_API const char *WSD_CALL wsd_inbound_message_body(const wsd_inbound_message *message,
                                                      size_t *length);

/**
 * Finds the text of an element of the body, trimmed of white space around it.
 *
 * @retval S_OK           [R5] *text is the text, "" for an empty element.
 * @retval E_POINTER      An argument is NULL.
 * @retval E_INVALIDARG   [R6] path is no path.
 * @retval HRESULT_FROM_WIN32(ERROR_NOT_FOUND)  [R7] No such element; *text is NULL.
 * @retval E_OUTOFMEMORY
 */
WSD_API HRESULT WSD_CALL wsd_inbound_message_find_text(const wsd_inbound_message *message,
                                                       const char *path,
                                                       const char **text);

/**
 * Gives the attachment that is the content of an element of the body: the part that its
 * xop:Include means, or its base64 text, decoded [R10].
 *
 * A message can be read while its attachments still arrive.  They arrive in the sender's
 * order, each through a ring of its own, which shrinks to its content when that is whole;
 * together the rings of a message have at most four times ring_bytes [R23].  What nobody
 * reads holds up the attachments behind it once its ring, or all that is allowed, is
 * full, and with them the connection; close what you do not want [R11].
 *
 * A Read of an attachment that is held up waits like any other: STG_S_BLOCK when its
 * budget has passed, and its bytes once those in the way have been read or closed [R24].
 * With a budget of INFINITE nothing else ends it but the end of the service or client: do
 * not read so on the only thread that reads.
 *
 * Blocking    Never waits.
 * Ownership   *out has a reference of its own: give it back with Release().  It may
 * outlive the message.  The last Release closes it.
 *
 * @retval S_OK
 * @retval E_POINTER      An argument is NULL.
 * @retval E_INVALIDARG   [R12] path is no path.
 * @retval HRESULT_FROM_WIN32(ERROR_NOT_FOUND)  [R13] No such element, or no envelope.
 * @retval WS_E_INVALID_FORMAT  [R14] The element's content is neither base64 nor a
 * reference into this message.
 * @retval E_OUTOFMEMORY  *out is NULL, as after every failure.
 */
WSD_API HRESULT WSD_CALL wsd_inbound_message_attachment(wsd_inbound_message *message,
                                                        const char *path,
                                                        IWSDInboundAttachment **out);

/**
 * Gives the attachments one after another, for a program that does not know the body: the
 * parts that xop:Includes refer to, in the order of these [R16].  A part that several
 * refer to is given once [R17].  Base64 text in the body is none of them: only its reader
 * knows that it is no ordinary text.
 *
 * Blocking, ownership and the holding up of those behind: as
 * wsd_inbound_message_attachment(), which gives the same objects [R18].
 *
 * @param index  0 for the first.
 *
 * @retval S_OK
 * @retval E_POINTER  An argument is NULL.
 * @retval HRESULT_FROM_WIN32(ERROR_NOT_FOUND)  [R19] There are no more, or none; *out is
 * NULL.
 */
WSD_API HRESULT WSD_CALL wsd_inbound_message_attachment_at(wsd_inbound_message *message,
                                                           size_t index,
                                                           IWSDInboundAttachment **out);

/**
 * The media type that the sender gives for an attachment of this message: type and
 * subtype in lower case, without parameters, "image/jpeg" for example [R20].  "" when it
 * gives none that can be read, and for base64 text and attachments of other messages
 * [R21].  It comes with the content: known once a Read has returned S_OK or S_FALSE, ""
 * before its part has begun [R22].
 */
WSD_API const char *WSD_CALL wsd_inbound_message_media_type(
    const wsd_inbound_message *message, IWSDInboundAttachment *attachment);

/**
 * Is the message a fault?  A fault is told by its body, whatever the HTTP status was:
 * some devices send faults with 200.
 *
 * @retval S_OK       [R8] Yes; *fault says which.
 * @retval S_FALSE    [R9] No; *fault has empty strings.  A SUCCESS code.
 * @retval E_POINTER  An argument is NULL.
 */
WSD_API HRESULT WSD_CALL wsd_inbound_message_fault(const wsd_inbound_message *message,
                                                   wsd_fault *fault);

/**
 * Gives the message back, and frees all strings that it handed out.  Accepts NULL; never
 * waits.  Attachments that the application holds go on; when it holds none, what is still
 * to come is cut off [R15].
 */
WSD_API void WSD_CALL wsd_inbound_message_release(wsd_inbound_message *message);

#ifdef __cplusplus
}
#endif
#endif
