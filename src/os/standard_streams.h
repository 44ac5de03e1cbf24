/* standard_streams -- the descriptors 0, 1 and 2, which are nobody's to take. */
#ifndef WSD_OS_STANDARD_STREAMS_H
#define WSD_OS_STANDARD_STREAMS_H

#include <stdbool.h>

/* Where one of them is closed, the next socket would have its number, and get what the
 * application prints: puts /dev/null there, for reading and closed by exec, so that
 * writes fail as before.  false: it cannot be opened. */
bool wsd_standard_streams_hold(void);

#endif
