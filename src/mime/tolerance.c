#include "mime/tolerance.h"

#include <limits.h>

void wsd_tolerances_init(struct wsd_tolerances *tolerances)
{
#define BIT_OF(name, on, text) | ((on) ? 1u << WSD_TOLERATE_##name : 0u)
    *tolerances = (struct wsd_tolerances){.accepted = 0u WSD_TOLERANCES(BIT_OF)};
}

bool wsd_tolerates(struct wsd_tolerances *tolerances, enum wsd_tolerance name)
{
    if ((tolerances->accepted & 1u << name) == 0)
        return false;
    if (tolerances->counts[name] < UINT_MAX)
        tolerances->counts[name]++;
    return true;
}

const char *wsd_tolerance_text(enum wsd_tolerance name)
{
#define TEXT_OF(name, on, text) [WSD_TOLERATE_##name] = (text),
    static const char *const texts[] = {WSD_TOLERANCES(TEXT_OF)};

    return texts[name];
}
