#include "os/observer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "os/thread.h"

enum { TEXT_SIZE = WSD_LOG_MAX_TEXT + 1, ID_SIZE = WSD_LOG_MAX_ID + 1 };

void wsd_observer_dismiss(struct wsd_observer *observer)
{
    atomic_store(&observer->is_dismissed, true);
}

bool wsd_observer_reads(struct wsd_observer *observer, DWORD level)
{
    return observer != NULL && observer->log != NULL && level <= observer->log_level &&
           !atomic_load(&observer->is_dismissed);
}

/* ---- Lines ---------------------------------------------------------------------------
 */

/* The octets of the well-formed character that begins here (RFC 3629 section 4); 0: none
 * that may stand in a line.  Of control characters and of those that begin a line or turn
 * its direction, none may. */
static size_t measure(const unsigned char *at)
{
    static const struct {
        unsigned char first, last, second_least, second_most, size;
    } forms[] = {
        {0xC2, 0xC2, 0xA0, 0xBF, 2}, {0xC3, 0xDF, 0x80, 0xBF, 2},
        {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3},
        {0xF0, 0xF0, 0x90, 0xBF, 4}, {0xF1, 0xF3, 0x80, 0xBF, 4},
        {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    size_t size = 0;

    if (at[0] >= ' ' && at[0] <= '~')
        return 1;
    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]) && size == 0; i++)
        if (at[0] >= forms[i].first && at[0] <= forms[i].last &&
            at[1] >= forms[i].second_least && at[1] <= forms[i].second_most)
            size = forms[i].size;
    for (size_t i = 2; i < size; i++)
        if (at[i] < 0x80 || at[i] > 0xBF)
            return 0;
    if (at[0] == 0xE2 && ((at[1] == 0x80 && at[2] >= 0xA8 && at[2] <= 0xAE) ||
                          (at[1] == 0x81 && at[2] >= 0xA6 && at[2] <= 0xA9)))
        return 0; /* U+2028 to U+202E, U+2066 to U+2069 */
    return size;
}

/* As much of the text as there is room for; never a piece of a character. */
static void escape(const char *text, char *to, size_t capacity)
{
    const unsigned char *from = (const unsigned char *)text;

    while (*from != '\0') {
        size_t size = measure(from);
        char piece[5] = {0};

        if (size > 0)
            memcpy(piece, from, size);
        else
            (void)snprintf(piece, sizeof(piece), "\\x%02X", *from);
        if (strlen(piece) >= capacity)
            break;
        capacity -= strlen(piece);
        to = strcpy(to, piece) + strlen(piece);
        from += size > 0 ? size : 1;
    }
    *to = '\0';
}

/* Leaves out what a URL may have of a secret: the user in front of the host, and all that
 * is behind the path. */
static int print_name(const char *name, char *to, size_t capacity)
{
    const char *host = strstr(name, "://");
    size_t shown = strcspn(name, "?#");
    size_t scheme = 0, hidden = 0;
    const char *more = name[shown] != '\0' ? "?..." : "";

    if (host != NULL && (size_t)(host - name) < shown) {
        scheme = (size_t)(host - name) + strlen("://");
        for (size_t i = scheme; i < shown && name[i] != '/'; i++)
            if (name[i] == '@')
                hidden = i + 1 - scheme;
    }
    shown -= scheme + hidden;
    return snprintf(to, capacity, "%.*s%.*s%s: ", (int)scheme, name,
                    shown > 200 ? 200 : (int)shown, name + scheme + hidden, more);
}

void wsd_observer_log(const struct wsd_log_subject *subject, DWORD level, DWORD category,
                      HRESULT result, const char *format, ...)
{
    struct wsd_observer *observer = subject->observer;
    char raw[2 * TEXT_SIZE], text[TEXT_SIZE], id[ID_SIZE];
    const wsd_log_entry entry = {.size = sizeof(entry),
                                 .level = level,
                                 .category = category,
                                 .result = result,
                                 .message_id = id,
                                 .text = text};
    int length = 0;
    va_list arguments;
    bool ours;

    if (!wsd_observer_reads(observer, level))
        return;
    if (subject->name != NULL)
        length = print_name(subject->name, raw, sizeof(raw));
    va_start(arguments, format);
    (void)vsnprintf(raw + length, sizeof(raw) - (size_t)length, format, arguments);
    va_end(arguments);
    escape(raw, text, sizeof(text));
    escape(subject->message_id != NULL ? subject->message_id : "", id, sizeof(id));
    ours = wsd_thread_set_ours(true);
    observer->log(observer->log_context, &entry);
    wsd_thread_set_ours(ours);
}

/* ---- Progress ------------------------------------------------------------------------
 */

void wsd_observer_show(struct wsd_observer *observer,
                       const wsd_message_progress *progress)
{
    bool ours;

    if (observer == NULL || observer->progress == NULL ||
        atomic_load(&observer->is_dismissed))
        return;
    ours = wsd_thread_set_ours(true);
    observer->progress(observer->progress_context, progress);
    wsd_thread_set_ours(ours);
}
