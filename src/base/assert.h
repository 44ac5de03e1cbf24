#ifndef WSD_BASE_ASSERT_H
#define WSD_BASE_ASSERT_H
#include <assert.h>

/* For bugs of this library only; never for the caller's arguments or the peer's
 * bytes.  Release builds do not evaluate it but still compile it. */
#ifdef NDEBUG
#    define WSD_ASSERT(condition) ((void)(0 && (condition)))
#else
#    define WSD_ASSERT(condition) assert(condition)
#endif
#endif
