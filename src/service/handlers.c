#include "service/handlers.h"

#include <string.h>

#include "wsd_error.h"

void wsd_handlers_init(struct wsd_handlers *handlers, const struct wsd_mem *mem)
{
    handlers->mem = mem;
    handlers->first = NULL;
}

static void free_entry(const struct wsd_mem *mem, struct wsd_handler_entry *entry)
{
    wsd_free(mem, entry->path);
    wsd_free(mem, entry->action);
    wsd_free(mem, entry);
}

void wsd_handlers_fini(struct wsd_handlers *handlers)
{
    while (handlers->first != NULL) {
        struct wsd_handler_entry *entry = handlers->first;

        handlers->first = entry->next;
        free_entry(handlers->mem, entry);
    }
}

/* action: NULL means the entry for every other one. */
static const struct wsd_handler_entry *find_exactly(const struct wsd_handlers *handlers,
                                                    const char *path, const char *action)
{
    const struct wsd_handler_entry *entry = handlers->first;

    for (; entry != NULL; entry = entry->next)
        if (strcmp(entry->path, path) == 0 &&
            (action == NULL) == (entry->action == NULL) &&
            (action == NULL || strcmp(entry->action, action) == 0))
            break;
    return entry;
}

HRESULT wsd_handlers_add(struct wsd_handlers *handlers, const char *path,
                         const char *action, wsd_handler handler, void *context)
{
    struct wsd_handler_entry *entry;

    if (find_exactly(handlers, path, action) != NULL)
        return HRESULT_FROM_WIN32(ERROR_ALREADY_EXISTS);
    entry = wsd_alloc(handlers->mem, sizeof(*entry));
    if (entry == NULL)
        return E_OUTOFMEMORY;
    entry->handler = handler;
    entry->context = context;
    entry->path = wsd_copy(handlers->mem, path, strlen(path));
    if (action != NULL)
        entry->action = wsd_copy(handlers->mem, action, strlen(action));
    if (entry->path == NULL || (action != NULL && entry->action == NULL)) {
        free_entry(handlers->mem, entry);
        return E_OUTOFMEMORY;
    }
    entry->next = handlers->first;
    handlers->first = entry;
    return S_OK;
}

bool wsd_handlers_have_path(const struct wsd_handlers *handlers, const char *path)
{
    const struct wsd_handler_entry *entry = handlers->first;

    while (entry != NULL && strcmp(entry->path, path) != 0)
        entry = entry->next;
    return entry != NULL;
}

const struct wsd_handler_entry *wsd_handlers_find(const struct wsd_handlers *handlers,
                                                  const char *path, const char *action)
{
    const struct wsd_handler_entry *entry = find_exactly(handlers, path, action);

    return entry != NULL ? entry : find_exactly(handlers, path, NULL);
}
