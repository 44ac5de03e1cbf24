#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "support/internet_bed.h"
#include "wininet/ftp_file.h"
#include "wininet/internet_error.h"
#include "wininet/last_error.h"
#include "wsd_error.h"

#define WRONG_TYPE INTERNET_E(INTERNET_INCORRECT_HANDLE_TYPE)
#define CANCELLED INTERNET_E(INTERNET_OPERATION_CANCELLED)
#define OPENED "200 Type\r\n150 Go\r\n"

struct file_bed {
    struct internet_bed bed;
    struct internet_script script;
    struct wsd_connection *connection;
    struct wsd_ftp_file *file;
};

static HRESULT file_open(struct file_bed *bed, DWORD access)
{
    HRESULT hr = wsd_ftp_file_create(bed->connection, "f", access, 0, &bed->file);

    return hr == S_OK ? wsd_ftp_file_open(bed->file, "f", 0) : hr;
}

static void bed_open(struct file_bed *bed, const struct internet_script *script)
{
    internet_bed_open(&bed->bed);
    bed->script = *script;
    internet_play(&bed->bed, &bed->script);
    assert_int_equal(
        internet_bed_connect(&bed->bed, INTERNET_SERVICE_FTP, &bed->connection), S_OK);
}

static void bed_close(struct file_bed *bed)
{
    if (bed->bed.transport.last != NULL && !bed->bed.transport.last->is_done)
        fake_transfer_done(bed->bed.transport.last, E_ABORT);
    internet_bed_release(bed->file);
    internet_bed_release(bed->connection);
    internet_bed_close(&bed->bed);
}

static void create__each_argument__is_checked(void **state)
{
    static const struct {
        const char *name;
        DWORD access, flags;
        HRESULT hr;
    } rows[] = {
        {"f", GENERIC_WRITE, 0, S_OK},
        {"f", GENERIC_READ, FTP_TRANSFER_TYPE_ASCII, S_OK},
        {"f", GENERIC_READ, FTP_TRANSFER_TYPE_BINARY | INTERNET_FLAG_RELOAD, S_OK},
        {"d/f", GENERIC_READ, 0, S_OK},
        {NULL, GENERIC_READ, 0, E_INVALIDARG},
        {"", GENERIC_READ, 0, E_INVALIDARG},
        {"d/", GENERIC_READ, 0, E_INVALIDARG},
        {"f\r\nDELE g", GENERIC_READ, 0, E_INVALIDARG},
        {"f", 0, 0, E_INVALIDARG},
        {"f", GENERIC_READ | GENERIC_WRITE, 0, E_INVALIDARG},
        {"f", GENERIC_READ, 3, E_INVALIDARG},
        {"f", GENERIC_READ, 0xffffffff, E_INVALIDARG},
    };
    static const struct internet_script script = {.head = OPENED};
    struct wsd_ftp_file *second;
    struct file_bed bed;

    (void)state;
    bed_open(&bed, &script);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(wsd_ftp_file_create(bed.connection, rows[i].name, rows[i].access,
                                             rows[i].flags, &bed.file),
                         rows[i].hr);
        if (rows[i].hr != S_OK)
            continue;
        bed.file->object.close(&bed.file->object);
        internet_bed_release(bed.file);
    }
    assert_int_equal(file_open(&bed, GENERIC_WRITE), S_OK);
    assert_int_equal(wsd_ftp_file_create(bed.connection, "g", GENERIC_READ, 0, &second),
                     INTERNET_E(FTP_TRANSFER_IN_PROGRESS));
    bed_close(&bed);
}

static void upload__closed__has_the_servers_verdict(void **state)
{
    static const struct {
        struct internet_script script;
        HRESULT hr;
        const char *reply;
    } rows[] = {
        {{.head = OPENED, .tail = "226 Kept\r\n"}, S_OK, "226 Kept"},
        {{.head = OPENED, .tail = "452 Full\r\n", .result = WSD_TRANSFER_REFUSED},
         INTERNET_E(INTERNET_EXTENDED_ERROR),
         "452 Full"},
        {{.head = OPENED, .result = HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR)},
         INTERNET_E(INTERNET_CONNECTION_ABORTED),
         "150 Go"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct file_bed bed;
        size_t count = 99;
        char text[4];

        bed_open(&bed, &rows[i].script);
        assert_int_equal(file_open(&bed, GENERIC_WRITE), S_OK);
        assert_int_equal(wsd_ftp_file_read(bed.file, text, 4, &count), WRONG_TYPE);
        assert_int_equal(wsd_ftp_file_available(bed.file, &count), WRONG_TYPE);
        assert_int_equal(wsd_ftp_file_write(bed.file, "abc", 3, &count), S_OK);
        assert_int_equal(count, 3);
        assert_int_equal(bed.file->object.close(&bed.file->object), rows[i].hr);
        assert_string_equal(bed.script.uploaded, "abc");
        assert_string_equal(wsd_last_error_reply(), rows[i].reply);
        assert_int_equal(atomic_load(&bed.bed.transport.last->aborts), 0);
        assert_true(wsd_connection_take_file(bed.connection)); /* another may be opened */
        bed_close(&bed);
    }
}

struct writer {
    struct worker worker;
    struct wsd_ftp_file *file;
    char *bytes;
    size_t written;
    HRESULT hr;
};

static void writer_run(void *context)
{
    struct writer *writer = context;

    writer->hr =
        wsd_ftp_file_write(writer->file, writer->bytes, 3 << 20, &writer->written);
}

static void upload__closed_while_a_write_waits__is_cut(void **state)
{
    static const struct internet_script script = {.head = OPENED};
    struct writer writer = {.bytes = calloc(1, 3 << 20)};
    struct file_bed bed;

    (void)state;
    bed_open(&bed, &script);
    bed.bed.transport.on_wake = NULL;
    assert_int_equal(file_open(&bed, GENERIC_WRITE), S_OK);
    writer.file = bed.file;
    worker_start(&writer.worker, writer_run, &writer);
    WORKER_AWAIT(atomic_load(&bed.bed.transport.last->wakes) > 0); /* it is inside */
    assert_int_equal(bed.file->object.close(&bed.file->object), S_OK);
    worker_join(&writer.worker);
    assert_int_equal(writer.hr, CANCELLED);
    assert_int_equal(atomic_load(&bed.bed.transport.last->aborts), 1);
    free(writer.bytes);
    bed_close(&bed);
}

static void download__is_read_and_may_be_left(void **state)
{
    static const struct internet_script script = {.head = OPENED};
    struct file_bed bed;
    size_t count;
    char text[8] = "";

    (void)state;
    bed_open(&bed, &script);
    assert_int_equal(file_open(&bed, GENERIC_READ), S_OK);
    assert_null(bed.bed.transport.last->body);
    fake_transfer_body(bed.bed.transport.last, "abc");
    assert_int_equal(wsd_ftp_file_write(bed.file, "x", 1, &count), WRONG_TYPE);
    assert_int_equal(wsd_ftp_file_available(bed.file, &count), S_OK);
    assert_int_equal(count, 3);
    assert_int_equal(wsd_ftp_file_read(bed.file, text, 3, &count), S_OK);
    assert_string_equal(text, "abc");
    assert_int_equal(bed.file->object.close(&bed.file->object), S_OK);
    assert_int_equal(atomic_load(&bed.bed.transport.last->aborts), 1);
    bed_close(&bed);
}

static void calls__closed__are_cancelled(void **state)
{
    static const struct internet_script script = {.head = OPENED, .tail = "226 Kept\r\n"};
    const DWORD accesses[] = {GENERIC_WRITE, GENERIC_READ};

    (void)state;
    for (size_t i = 0; i < sizeof(accesses) / sizeof(accesses[0]); i++) {
        bool is_upload = accesses[i] == GENERIC_WRITE;
        struct file_bed bed;
        size_t count;
        char text[4];

        bed_open(&bed, &script);
        assert_int_equal(file_open(&bed, accesses[i]), S_OK);
        assert_int_equal(bed.file->object.close(&bed.file->object), S_OK);
        assert_int_equal(wsd_ftp_file_open(bed.file, "f", 0), CANCELLED);
        assert_int_equal(wsd_ftp_file_write(bed.file, "x", 1, &count),
                         is_upload ? CANCELLED : WRONG_TYPE);
        assert_int_equal(wsd_ftp_file_read(bed.file, text, 1, &count),
                         is_upload ? WRONG_TYPE : CANCELLED);
        assert_int_equal(wsd_ftp_file_available(bed.file, &count),
                         is_upload ? WRONG_TYPE : CANCELLED);
        bed_close(&bed);
    }
}

static void open__refused__tells_the_reply(void **state)
{
    static const struct internet_script script = {.head = "550 No\r\n",
                                                  .result = WSD_TRANSFER_REFUSED};
    struct file_bed bed;

    (void)state;
    bed_open(&bed, &script);
    bed.bed.transport.on_start = internet_play_all;
    assert_int_equal(file_open(&bed, GENERIC_READ), INTERNET_E(INTERNET_EXTENDED_ERROR));
    assert_string_equal(wsd_last_error_reply(), "550 No");
    bed_close(&bed);
}

static void open__every_allocation_fails_in_turn__leaks_nothing(void **state)
{
    static const struct internet_script script = {.head = OPENED};
    int grants;
    HRESULT hr = E_OUTOFMEMORY;

    (void)state;
    for (grants = 0; hr != S_OK; grants++) {
        struct file_bed bed;

        bed_open(&bed, &script);
        bed.bed.heap.grants = grants;
        hr = wsd_ftp_file_create(bed.connection, "f", GENERIC_WRITE, 0, &bed.file);
        if (hr != S_OK) {
            assert_int_equal(hr, E_OUTOFMEMORY);
            assert_true(wsd_connection_take_file(bed.connection)); /* it was given back */
            internet_bed_release(bed.connection);
            internet_bed_close(&bed.bed);
            continue;
        }
        hr = wsd_ftp_file_open(bed.file, "f", 0);
        if (hr != S_OK)
            assert_int_equal(hr, E_OUTOFMEMORY);
        bed.bed.heap.grants = -1;
        bed_close(&bed);
    }
    assert_in_range(grants, 3, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(create__each_argument__is_checked),
        cmocka_unit_test(upload__closed__has_the_servers_verdict),
        cmocka_unit_test(upload__closed_while_a_write_waits__is_cut),
        cmocka_unit_test(download__is_read_and_may_be_left),
        cmocka_unit_test(calls__closed__are_cancelled),
        cmocka_unit_test(open__refused__tells_the_reply),
        cmocka_unit_test(open__every_allocation_fails_in_turn__leaks_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
