#include "os/clock.h"

#include <time.h>

uint64_t wsd_clock_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

uint64_t wsd_clock_deadline(DWORD milliseconds)
{
    return milliseconds == INFINITE ? UINT64_MAX : wsd_clock_ms() + milliseconds;
}
