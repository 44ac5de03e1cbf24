/* internet_handles -- what wininet.h has once in a process: its handles and defaults. */
#ifndef WSD_API_INTERNET_HANDLES_H
#define WSD_API_INTERNET_HANDLES_H

#include "wininet.h"
#include "wininet/internet_object.h"

/* What a session begins with. */
void wsd_internet_get_defaults(struct wsd_internet_options *options);
/* As wsd_option_set(), with the process's options for no object. */
HRESULT wsd_internet_set_option(struct wsd_internet_object *object, DWORD option,
                                const void *buffer, DWORD length);

HINTERNET wsd_internet_handle_of(const struct wsd_internet_object *object);

/* A reference, or NULL. */
struct wsd_internet_object *wsd_internet_find(HINTERNET handle);
/* S_OK: *out is a reference to an object of this kind.  Otherwise the code is `none` for
 * a handle that is none, and `other` for one of another kind. */
HRESULT wsd_internet_find_kind(HINTERNET handle, enum wsd_internet_kind kind,
                               HRESULT none, HRESULT other,
                               struct wsd_internet_object **out);
/* Gives one back; accepts NULL. */
void wsd_internet_release(struct wsd_internet_object *object);

/* Gives the object its handle; with a failure it is closed and released. */
HRESULT wsd_internet_add(struct wsd_internet_object *object);
/* S_OK; ERROR_INVALID_HANDLE as HRESULT; or the first failure of what was closed: it, and
 * those below it. */
HRESULT wsd_internet_close(HINTERNET handle);

#endif
