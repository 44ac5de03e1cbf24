#include "os/clock.h"

#include <time.h>

uint64_t wsd_clock_ms(void)
{
    static _Thread_local uint64_t latest;
    struct timespec now;

    if (clock_gettime(CLOCK_MONOTONIC, &now) == 0)
        latest = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    return latest;
}

uint64_t wsd_clock_deadline(DWORD milliseconds)
{
    return milliseconds == INFINITE ? UINT64_MAX : wsd_clock_ms() + milliseconds;
}
