/*
 * mime_fault -- what can be wrong with a multipart body: one label for each violation,
 * with the HRESULT that stands for it outside this room and its words for a log.
 */
#ifndef WSD_MIME_MIME_FAULT_H
#define WSD_MIME_MIME_FAULT_H

#include "wsd_error.h"
#include "wsd_types.h"

#define WSD_MIME_FAULTS(X)                                                               \
    X(NONE, S_OK, "nothing is wrong")                                                    \
    /* Content-Type */                                                                   \
    X(TYPE_SYNTAX, WS_E_INVALID_FORMAT,                                                  \
      "a Content-Type is not type/subtype with parameters")                              \
    X(TYPE_DUPLICATE, WS_E_INVALID_FORMAT, "a Content-Type has a parameter twice")       \
    X(TYPE_PARAMETERS, WS_E_QUOTA_EXCEEDED, "a Content-Type has too many parameters")    \
    X(NOT_MULTIPART, WS_E_INVALID_FORMAT, "the Content-Type is not a multipart type")    \
    X(BOUNDARY_MISSING, WS_E_INVALID_FORMAT, "the Content-Type has no boundary")         \
    X(BOUNDARY_EMPTY, WS_E_INVALID_FORMAT, "the boundary is empty")                      \
    X(BOUNDARY_CHARACTER, WS_E_INVALID_FORMAT,                                           \
      "the boundary has a character that it may not have, or ends with a space")         \
    X(BOUNDARY_LENGTH, WS_E_QUOTA_EXCEEDED, "the boundary is longer than 70 characters") \
    /* the header of a part */                                                           \
    X(HEADER_SYNTAX, WS_E_INVALID_FORMAT,                                                \
      "a line in a part's header is not name: value")                                    \
    X(HEADER_CHARACTER, WS_E_INVALID_FORMAT,                                             \
      "a part's header has a control character or one that is not ASCII")                \
    X(HEADER_DUPLICATE, WS_E_INVALID_FORMAT,                                             \
      "a part's header has Content-Type, Content-Transfer-Encoding or Content-ID twice") \
    X(HEADER_SIZE, WS_E_QUOTA_EXCEEDED, "a part's header has too many bytes")            \
    X(HEADER_LINES, WS_E_QUOTA_EXCEEDED, "a part's header has too many lines")           \
    X(CONTENT_ID_SYNTAX, WS_E_INVALID_FORMAT, "a Content-ID is not an id in brackets")   \
    X(ENCODING_UNKNOWN, WS_E_NOT_SUPPORTED,                                              \
      "a part has another Content-Transfer-Encoding than binary, 8bit, 7bit or base64")  \
    /* delimiters and parts */                                                           \
    X(LINE_FEED, WS_E_INVALID_FORMAT,                                                    \
      "a delimiter or a header line ends with a line feed alone")                        \
    X(DELIMITER_SYNTAX, WS_E_INVALID_FORMAT,                                             \
      "a delimiter is followed by something else than the end of its line")              \
    X(DELIMITER_PADDING, WS_E_QUOTA_EXCEEDED, "a delimiter has too much white space")    \
    X(PREAMBLE_SIZE, WS_E_QUOTA_EXCEEDED, "too much stands before the first delimiter")  \
    X(EPILOGUE_SIZE, WS_E_QUOTA_EXCEEDED, "too much stands behind the last delimiter")   \
    X(NO_PARTS, WS_E_INVALID_FORMAT, "the body has no parts")                            \
    X(PART_COUNT, WS_E_QUOTA_EXCEEDED, "the body has too many parts")                    \
    X(CONTENT_SIZE, WS_E_QUOTA_EXCEEDED, "the parts are too large")                      \
    X(BASE64_CHARACTER, WS_E_INVALID_FORMAT,                                             \
      "base64 text has a character that it may not have")                                \
    X(BASE64_END, WS_E_INVALID_FORMAT, "base64 text does not end as it must")            \
    X(TRUNCATED, WS_E_ENDPOINT_DISCONNECTED, "the body was cut short")                   \
    X(RECEIVER, E_FAIL, "the receiver of the parts failed") /* with a code of its own */

enum wsd_mime_fault {
#define WSD_MIME_FAULT(label, hr, text) WSD_MIME_##label,
    WSD_MIME_FAULTS(WSD_MIME_FAULT)
#undef WSD_MIME_FAULT
};

HRESULT wsd_mime_fault_hresult(enum wsd_mime_fault fault);

/* ASCII, a clause without a final stop. */
const char *wsd_mime_fault_text(enum wsd_mime_fault fault);

#endif
