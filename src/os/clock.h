/* clock -- milliseconds that never go back. */
#ifndef WSD_OS_CLOCK_H
#define WSD_OS_CLOCK_H

#include <stdint.h>

#include "wsd_types.h"

uint64_t wsd_clock_ms(void);

/* wsd_clock_ms() + milliseconds; UINT64_MAX ("never") for INFINITE. */
uint64_t wsd_clock_deadline(DWORD milliseconds);

#endif
