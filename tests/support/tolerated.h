#ifndef WSD_TESTS_TOLERATED_H
#define WSD_TESTS_TOLERATED_H

#include "mime/tolerance.h"

#define TOLERATED(name) (1u << WSD_TOLERATE_##name)

/* The set of those that were made use of. */
static inline unsigned tolerated(const struct wsd_tolerances *tolerances)
{
    unsigned set = 0;

    for (unsigned i = 0; i < WSD_TOLERANCE_COUNT; i++)
        set |= tolerances->counts[i] > 0 ? 1u << i : 0;
    return set;
}

#endif
