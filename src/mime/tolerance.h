/*
 * tolerance -- what is taken although it is not as it should be, and from whom.
 *
 * Every departure has a name and is counted, so that a log can say what a device does.
 * On is what cannot make the bytes of a document come out different; what could is off
 * until somebody who knows the device switches it on.
 */
#ifndef WSD_MIME_TOLERANCE_H
#define WSD_MIME_TOLERANCE_H

#include <stdbool.h>
#include <stddef.h>

/*
 * X(name, on, text).  Why two are off:
 *   DELIMITER_WITHOUT_CRLF  a document may hold the delimiter in the middle of a line
 *   LINE_FEED               a document of text may hold it behind a line feed
 * And why others, which look as risky, are on:
 *   BLANK_BEFORE_HEADER     needs a letter C next; what it may turn into an error is a
 *                           part without any header, which no cid: can name
 *   BASE64                  the header says so; canonical base64 only
 */
#define WSD_TOLERANCES(X)                                                                \
    X(DELIMITER_WITHOUT_CRLF, false,                                                     \
      "no line break before a delimiter (Xerox WorkCentre 3025)")                        \
    X(LINE_FEED, false, "lines that end with a line feed alone (no device known)")       \
    X(BLANK_BEFORE_HEADER, true,                                                         \
      "an empty line before a part's header (Microsoft's RetrieveImage sample)")         \
    X(FOLDED_HEADER, true,                                                               \
      "a folded line in a part's header (Microsoft's RetrieveImage sample)")             \
    X(UNSPACED_HEADER, true, "no space behind the colon of a header line (Epson)")       \
    X(HEADER_SPELLING, true, "Content-Id and the like (JAX-WS, go-mfp)")                 \
    X(CONTENT_ID_BLANKS, true,                                                           \
      "blanks inside the brackets of an id (Microsoft's RetrieveImage sample)")          \
    X(CONTENT_ID_WITHOUT_BRACKETS, true,                                                 \
      "a Content-ID without brackets (no device known)")                                 \
    X(CONTENT_ID_WITHOUT_AT, true, "a Content-ID without @ (gSOAP, go-mfp)")             \
    X(CID_PERCENT, true, "a cid: with percent signs (WCF)")                              \
    X(START_WITHOUT_BRACKETS, true, "a start parameter without brackets (Axis2)")        \
    X(START_INFO_SPELLING, true,                                                         \
      "startinfo for start-info (Microsoft's RetrieveImage sample)")                     \
    X(UNQUOTED_VALUE, true,                                                              \
      "a parameter that should be quoted (Microsoft's RetrieveImage sample)")            \
    X(MISSING_SEMICOLON, true,                                                           \
      "no semicolon behind a quoted parameter (Microsoft's RetrieveImage sample)")       \
    X(ROOT_NOT_FIRST, true, "the root is not the first part (allowed by RFC 2387)")      \
    X(ENCODING_NOT_BINARY, true, "7bit or 8bit for binary (WCF)")                        \
    X(BASE64, true, "a part in base64 (allowed by RFC 2045, not by DPWS)")

enum wsd_tolerance {
#define WSD_TOLERANCE(name, on, text) WSD_TOLERATE_##name,
    WSD_TOLERANCES(WSD_TOLERANCE)
#undef WSD_TOLERANCE
        WSD_TOLERANCE_COUNT
};

struct wsd_tolerances {
    unsigned accepted;                    /* a set: 1u << name */
    unsigned counts[WSD_TOLERANCE_COUNT]; /* times that one was made use of */
};

/* Those that are on by default, and nothing counted. */
void wsd_tolerances_init(struct wsd_tolerances *tolerances);

/* Is this one accepted?  Then it is counted.  Ask only when it is needed. */
bool wsd_tolerates(struct wsd_tolerances *tolerances, enum wsd_tolerance name);

/* What it is, and who needs it; ASCII, without a final stop. */
const char *wsd_tolerance_text(enum wsd_tolerance name);

#endif
