#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "os/observer.h"
#include "os/thread.h"

/* ---- one that keeps what it is told ---- */

struct kept {
    unsigned lines, shows;
    wsd_log_entry entry; /* the last one; its strings in the next two */
    char text[600], id[200];
    bool ours;
};

static void WSD_CALL keep_entry(void *context, const wsd_log_entry *entry)
{
    struct kept *kept = context;

    kept->lines++;
    kept->entry = *entry;
    snprintf(kept->text, sizeof(kept->text), "%s", entry->text);
    snprintf(kept->id, sizeof(kept->id), "%s", entry->message_id);
    kept->ours = wsd_thread_is_ours();
}

static void WSD_CALL keep_progress(void *context, const wsd_message_progress *progress)
{
    struct kept *kept = context;

    (void)progress;
    kept->shows++;
    kept->ours = wsd_thread_is_ours();
}

static struct wsd_observer observer_of(struct kept *kept, DWORD level)
{
    *kept = (struct kept){0};
    return (struct wsd_observer){.log = keep_entry,
                                 .log_context = kept,
                                 .log_level = level,
                                 .progress = keep_progress,
                                 .progress_context = kept};
}

static void say(const char *name, const char *text, struct kept *kept)
{
    struct wsd_observer observer = observer_of(kept, WSD_LOG_ERROR);
    struct wsd_log_subject subject = {&observer, name, NULL};

    wsd_observer_log(&subject, WSD_LOG_ERROR, WSD_LOG_MIME, E_FAIL, "%s", text);
    assert_int_equal(kept->lines, 1);
}

/* ---- who is told ---- */

static void log__of_each_level__is_for_those_who_want_it(void **state)
{
    (void)state;
    for (DWORD wanted = WSD_LOG_ERROR; wanted <= WSD_LOG_DEBUG; wanted++)
        for (DWORD level = WSD_LOG_ERROR; level <= WSD_LOG_DEBUG; level++) {
            struct kept kept;
            struct wsd_observer observer = observer_of(&kept, wanted);
            struct wsd_log_subject subject = {&observer, NULL, "urn:uuid:1"};

            wsd_observer_log(&subject, level, WSD_LOG_TLS, E_ABORT, "%d of %s", 2, "3");
            assert_int_equal(kept.lines, level <= wanted);
            if (kept.lines == 0)
                continue;
            assert_int_equal(kept.entry.size, sizeof(wsd_log_entry));
            assert_int_equal(kept.entry.level, level);
            assert_int_equal(kept.entry.category, WSD_LOG_TLS);
            assert_int_equal((uint32_t)kept.entry.result, (uint32_t)E_ABORT);
            assert_string_equal(kept.id, "urn:uuid:1");
            assert_string_equal(kept.text, "2 of 3");
        }
}

static void observer__none_or_dismissed__is_told_nothing(void **state)
{
    static const wsd_message_progress progress = {.size = sizeof(progress)};
    struct kept kept;
    struct wsd_observer dismissed = observer_of(&kept, WSD_LOG_DEBUG);
    struct wsd_observer deaf = {.log_level = WSD_LOG_DEBUG};
    struct wsd_observer *observers[] = {NULL, &deaf, &dismissed};

    (void)state;
    wsd_observer_dismiss(&dismissed);
    for (size_t i = 0; i < 3; i++) {
        struct wsd_log_subject subject = {observers[i], "http://host/", "urn:uuid:1"};

        wsd_observer_log(&subject, WSD_LOG_ERROR, WSD_LOG_TLS, S_OK, "x");
        wsd_observer_show(observers[i], &progress);
    }
    assert_int_equal(kept.lines + kept.shows, 0);
}

static void callback__of_each_kind__runs_on_a_thread_that_may_not_wait(void **state)
{
    static const wsd_message_progress progress = {.size = sizeof(progress)};
    struct kept kept;
    struct wsd_observer observer = observer_of(&kept, WSD_LOG_DEBUG);
    struct wsd_log_subject subject = {&observer, NULL, NULL};

    (void)state;
    for (int ours = 0; ours <= 1; ours++) {
        wsd_thread_set_ours(ours == 1);
        kept.ours = false;
        wsd_observer_log(&subject, WSD_LOG_ERROR, WSD_LOG_TLS, S_OK, "x");
        assert_true(kept.ours);
        assert_string_equal(kept.id, "");
        kept.ours = false;
        wsd_observer_show(&observer, &progress);
        assert_true(kept.ours);
        assert_int_equal(wsd_thread_is_ours(), ours);
    }
    wsd_thread_set_ours(false);
}

/* ---- lines ---- */

/* [E9] */
static void text__of_any_octets__is_one_line_of_utf_8(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"", ""},
        {"plain ~", "plain ~"},
        {"50%s", "50%s"},
        {"\xC3\xA9 \xC2\xA0 \xDF\xBF", "\xC3\xA9 \xC2\xA0 \xDF\xBF"},
        {"\xE0\xA0\x80 \xE2\x82\xAC \xED\x9F\xBF \xEF\xBF\xBD",
         "\xE0\xA0\x80 \xE2\x82\xAC \xED\x9F\xBF \xEF\xBF\xBD"},
        {"\xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF", "\xF0\x9F\x98\x80 \xF4\x8F\xBF\xBF"},
        {"a\r\nb\tc", "a\\x0D\\x0Ab\\x09c"},
        {"\033[2J\x7F", "\\x1B[2J\\x7F"},
        {"\xC2\x9B", "\\xC2\\x9B"},                   /* U+009B steers a terminal too */
        {"\x80\xFF", "\\x80\\xFF"},                   /* no beginning */
        {"\xC0\x80\xC1\xBF", "\\xC0\\x80\\xC1\\xBF"}, /* too long, as the next two */
        {"\xE0\x9F\xBF", "\\xE0\\x9F\\xBF"},
        {"\xF0\x8F\xBF\xBF", "\\xF0\\x8F\\xBF\\xBF"},
        {"\xED\xA0\x80", "\\xED\\xA0\\x80"},          /* a surrogate */
        {"\xF4\x90\x80\x80", "\\xF4\\x90\\x80\\x80"}, /* above U+10FFFF */
        {"\xE2\x82", "\\xE2\\x82"},                   /* cut short */
        {"\xF0\x9F\x98", "\\xF0\\x9F\\x98"},
        {"\xE2\x82z", "\\xE2\\x82z"},
        {"\xE2\x80\xA8", "\\xE2\\x80\\xA8"},   /* a line separator */
        {"\xE2\x80\xAE.", "\\xE2\\x80\\xAE."}, /* right to left */
        {"\xE2\x81\xA6.", "\\xE2\\x81\\xA6."},
        {"\xE2\x80\xA7\xE2\x80\xAF", "\xE2\x80\xA7\xE2\x80\xAF"}, /* beside these */
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct wsd_observer observer;
        struct wsd_log_subject subject = {&observer, NULL, rows[i].from};
        struct kept kept;

        say(NULL, rows[i].from, &kept);
        assert_string_equal(kept.text, rows[i].to);
        observer = observer_of(&kept, WSD_LOG_ERROR);
        wsd_observer_log(&subject, WSD_LOG_ERROR, WSD_LOG_MIME, S_OK, "x");
        assert_string_equal(kept.id, rows[i].to);
    }
}

static void text__too_long__is_cut_between_characters(void **state)
{
    static const char *const pieces[] = {"x", "\xC3\xA9", "\xE2\x82\xAC",
                                         "\xF0\x9F\x98\x80", "\n"};

    (void)state;
    for (size_t i = 0; i < 5; i++) {
        size_t shown = pieces[i][0] == '\n' ? 4 : strlen(pieces[i]);
        char text[4 * 600 + 1] = "";
        struct kept kept;

        for (size_t n = 0; n < 600; n++)
            strcpy(text + n * strlen(pieces[i]), pieces[i]);
        say(NULL, text, &kept);
        assert_int_equal(strlen(kept.text), WSD_LOG_MAX_TEXT / shown * shown);
        say("/", text, &kept);
        assert_int_equal(strlen(kept.text), 3 + (WSD_LOG_MAX_TEXT - 3) / shown * shown);
    }
}

static void message_id__too_long__is_cut(void **state)
{
    char id[1000];
    struct kept kept;
    struct wsd_observer observer = observer_of(&kept, WSD_LOG_ERROR);
    struct wsd_log_subject subject = {&observer, NULL, id};

    (void)state;
    memset(id, 'i', sizeof(id) - 1);
    id[sizeof(id) - 1] = '\0';
    wsd_observer_log(&subject, WSD_LOG_ERROR, WSD_LOG_MIME, S_OK, "x");
    assert_int_equal(strlen(kept.id), WSD_LOG_MAX_ID);
}

/* [E10] */
static void name__with_a_secret__is_shown_without(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"http://host:80/path", "http://host:80/path: x"},
        {"http://host", "http://host: x"},
        {"/path", "/path: x"},
        {"", ": x"},
        {"http://host/path?token=secret", "http://host/path?...: x"},
        {"http://host?secret", "http://host?...: x"},
        {"http://host/path#secret", "http://host/path?...: x"},
        {"http://host/path?a=1#secret", "http://host/path?...: x"},
        {"/path?secret", "/path?...: x"},
        {"http://secret@host/path", "http://host/path: x"},
        {"http://user:secret@host/path?secret", "http://host/path?...: x"},
        {"http://user:sec@ret@host/", "http://host/: x"},
        {"http://user:secret@", "http://: x"},
        {"http://host/mail@path", "http://host/mail@path: x"},
        {"http://host/?http://a:secret@host/", "http://host/?...: x"},
        {"/?http://a:secret@host/", "/?...: x"},
    };
    char longest[400] = "http://host/", shown[400];
    struct kept kept;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        say(rows[i].from, "x", &kept);
        assert_string_equal(kept.text, rows[i].to);
    }
    memset(longest + 12, 'p', sizeof(longest) - 13);
    longest[sizeof(longest) - 1] = '\0';
    say(longest, "the reason is seen", &kept);
    snprintf(shown, sizeof(shown), "%.207s: the reason is seen", longest);
    assert_string_equal(kept.text, shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(log__of_each_level__is_for_those_who_want_it),
        cmocka_unit_test(observer__none_or_dismissed__is_told_nothing),
        cmocka_unit_test(callback__of_each_kind__runs_on_a_thread_that_may_not_wait),
        cmocka_unit_test(text__of_any_octets__is_one_line_of_utf_8),
        cmocka_unit_test(text__too_long__is_cut_between_characters),
        cmocka_unit_test(message_id__too_long__is_cut),
        cmocka_unit_test(name__with_a_secret__is_shown_without),
    };

    return cmocka_run_group_tests_name("observer", tests, NULL, NULL);
}
