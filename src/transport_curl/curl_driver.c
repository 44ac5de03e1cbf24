#include "transport_curl/curl_driver.h"

#include "base/assert.h"
#include "os/clock.h"

HRESULT wsd_curl_driver_init(struct wsd_curl_driver *driver, struct wsd_monitor *monitor)
{
    *driver = (struct wsd_curl_driver){.monitor = monitor};
    return wsd_wake_fd_open(&driver->wake);
}

void wsd_curl_driver_fini(struct wsd_curl_driver *driver)
{
    wsd_wake_fd_close(&driver->wake);
}

static void call_locked(struct wsd_curl_driver *driver)
{
    driver->called = true;
    wsd_monitor_wake_one(driver->monitor);
}

bool wsd_curl_driver_tell_locked(struct wsd_curl_driver *driver)
{
    if (!driver->driven)
        call_locked(driver);
    return atomic_exchange(&driver->listens, false);
}

/* One sleep.  true: nobody has driven for a tick, and somebody has to. */
static bool is_due_locked(struct wsd_curl_driver *driver)
{
    const unsigned left = driver->left;

    if (!driver->driven)
        driver->ticks = driver->busy;
    if (wsd_monitor_wait_until(driver->monitor,
                               driver->ticks ? wsd_clock_deadline(WSD_CURL_DRIVER_TICK_MS)
                                             : UINT64_MAX) ||
        driver->left != left)
        return false;
    driver->ticks = false; /* who drives for so long wakes it when he leaves */
    return driver->busy && !driver->driven;
}

void wsd_curl_driver_await_locked(struct wsd_curl_driver *driver)
{
    while (!driver->called && !is_due_locked(driver)) {
    }
    WSD_ASSERT(!driver->driven);
    driver->called = false;
    driver->driven = true;
}

bool wsd_curl_driver_take_locked(struct wsd_curl_driver *driver)
{
    if (driver->driven)
        return false;
    driver->called = false;
    driver->driven = true;
    return true;
}

void wsd_curl_driver_give_locked(struct wsd_curl_driver *driver, bool busy, bool pressing)
{
    driver->driven = false;
    driver->busy = busy;
    driver->left++;
    if (pressing)
        call_locked(driver);
    else if (busy && !driver->ticks)
        wsd_monitor_wake_one(driver->monitor);
}
