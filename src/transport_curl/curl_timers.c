#include "transport_curl/curl_timers.h"

#include <limits.h>

#define NEVER UINT64_MAX

/* In the time of a timer, where libcurl does not tell what happens meanwhile. */
enum { LOOKS = 16 };

static uint64_t deadline(uint64_t begin_ms, DWORD timer_ms)
{
    return timer_ms == INFINITE ? NEVER : begin_ms + timer_ms;
}

static DWORD or_never(DWORD timer_ms)
{
    return timer_ms == 0 ? INFINITE : timer_ms;
}

static uint64_t first_deadline(const struct wsd_curl_timers *timers)
{
    const struct wsd_timeouts *timeouts = &timers->timeouts;
    const DWORD of_phases[] = {
        [WSD_CURL_RESOLVING] = timeouts->resolve_ms,
        [WSD_CURL_CONNECTING] = timeouts->connect_ms,
        [WSD_CURL_SENDING] = timeouts->send_ms,
        [WSD_CURL_AWAITING] = timeouts->response_ms,
        [WSD_CURL_STARVING] = or_never(timeouts->produce_ms),
        [WSD_CURL_FULL] = INFINITE,
    };
    uint64_t of_all = deadline(timers->started_ms, or_never(timeouts->total_ms));
    uint64_t of_phase = deadline(timers->progress_ms, of_phases[timers->phase]);

    return of_phase < of_all ? of_phase : of_all;
}

/* Until when nothing can happen that only a look finds. */
static uint64_t next_look(const struct wsd_curl_timers *timers, uint64_t now_ms)
{
    switch (timers->phase) {
    case WSD_CURL_RESOLVING: /* libcurl's own timer has to move on */
        return now_ms + timers->timeouts.connect_ms / LOOKS + 1;
    case WSD_CURL_SENDING: /* libcurl's counter tells what the socket takes */
        return now_ms + timers->timeouts.send_ms / LOOKS + 1;
    default:
        return NEVER;
    }
}

void wsd_curl_timers_begin(struct wsd_curl_timers *timers, uint64_t now_ms)
{
    if (timers->begun_ms == 0)
        timers->started_ms = now_ms;
    timers->begun_ms = timers->progress_ms = now_ms;
}

uint64_t wsd_curl_timers_look(struct wsd_curl_timers *timers, enum wsd_curl_phase phase,
                              int64_t uploaded, uint64_t now_ms)
{
    uint64_t end_ms, look_ms;

    if (phase != timers->phase || uploaded != timers->uploaded) {
        timers->phase = phase;
        timers->uploaded = uploaded;
        timers->progress_ms = now_ms;
    }
    end_ms = first_deadline(timers);
    look_ms = next_look(timers, now_ms);
    return look_ms < end_ms ? look_ms : end_ms;
}

const char *wsd_curl_timers_awaited(enum wsd_curl_phase phase)
{
    static const char *const awaited[] = {
        [WSD_CURL_RESOLVING] = "an address for the name",
        [WSD_CURL_CONNECTING] = "a connection",
        [WSD_CURL_SENDING] = "the peer to take something",
        [WSD_CURL_AWAITING] = "the peer's answer",
        [WSD_CURL_STARVING] = "the application to write",
        [WSD_CURL_FULL] = "the application to read",
    };

    return awaited[phase];
}

long wsd_curl_timers_connect_limit(const struct wsd_curl_timers *timers, uint64_t now_ms)
{
    uint64_t connect_ms = timers->timeouts.connect_ms;
    uint64_t limit_ms = now_ms - timers->begun_ms + connect_ms + connect_ms / LOOKS + 1;

    return limit_ms > INT_MAX ? (long)INT_MAX : (long)limit_ms;
}
