/*
 * handlers -- who answers requests to a path with an Action.
 *
 * Built by one thread; read by any once it changes no more.
 */
#ifndef WSD_SERVICE_HANDLERS_H
#define WSD_SERVICE_HANDLERS_H

#include <stdbool.h>

#include "base/mem.h"
#include "wsd_service.h"
#include "wsd_types.h"

struct wsd_handler_entry {
    struct wsd_handler_entry *next;
    char *path;
    char *action; /* NULL: every other one */
    wsd_handler handler;
    void *context;
};

struct wsd_handlers {
    const struct wsd_mem *mem; /* borrowed */
    struct wsd_handler_entry *first;
};

void wsd_handlers_init(struct wsd_handlers *handlers, const struct wsd_mem *mem);
void wsd_handlers_fini(struct wsd_handlers *handlers);

/* Strings are copied.  S_OK; E_OUTOFMEMORY; HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS). */
HRESULT wsd_handlers_add(struct wsd_handlers *handlers, const char *path,
                         const char *action, wsd_handler handler, void *context);

bool wsd_handlers_have_path(const struct wsd_handlers *handlers, const char *path);

/* That of the Action itself before that of every other one; NULL: nobody's. */
const struct wsd_handler_entry *wsd_handlers_find(const struct wsd_handlers *handlers,
                                                  const char *path, const char *action);

#endif
