/* Row J6 of tests/FAULTS.md: disks that fail, under the examples that save files.  This
 * program's write(), fsync() and linkat() stand in for the C library's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "part_file.h"

static char path[32]; /* of the disk, an empty directory at first */
static int directory; /* the same */
static size_t room;   /* bytes that the disk will take yet */
static int write_error, sync_error, link_error; /* 0: none */
static bool synced_first;                       /* as the file got its name */

static bool exists(const char *name)
{
    return part_file_is_taken(directory, name);
}

/* A few bytes at a time, and interrupted now and then. */
ssize_t write(int fd, const void *bytes, size_t size)
{
    static unsigned calls;
    const struct iovec block = {(void *)(uintptr_t)bytes, size < 7 ? size : 7};

    if (calls++ % 3 == 0) {
        errno = EINTR;
        return -1;
    }
    if (block.iov_len > room) {
        errno = write_error;
        return -1;
    }
    room -= block.iov_len;
    return writev(fd, &block, 1);
}

int fsync(int fd)
{
    struct stat status;

    assert_int_equal(fstat(fd, &status), 0);
    if (!S_ISREG(status.st_mode))
        return 0; /* the directory */
    synced_first = !exists("file");
    errno = sync_error;
    return sync_error == 0 ? 0 : -1;
}

int linkat(int from, const char *old, int to, const char *name, int flags)
{
    char old_path[64], new_path[64];

    (void)from;
    (void)to;
    (void)flags;
    if (link_error != 0) {
        errno = link_error;
        return -1;
    }
    snprintf(old_path, sizeof(old_path), "%s/%s", path, old);
    snprintf(new_path, sizeof(new_path), "%s/%s", path, name);
    return link(old_path, new_path);
}

static void disk_begin(void)
{
    strcpy(path, "/tmp/part_file-XXXXXX");
    assert_non_null(mkdtemp(path));
    directory = open(path, O_RDONLY | O_DIRECTORY);
    assert_true(directory >= 0);
    room = SIZE_MAX;
    write_error = sync_error = link_error = 0;
    synced_first = false;
}

static void disk_end(void)
{
    unlinkat(directory, "file", 0);
    unlinkat(directory, "file.part", 0);
    close(directory);
    assert_int_equal(rmdir(path), 0);
}

static bool save(struct part_file *file)
{
    return part_file_create(file, directory, "file.part") &&
           part_file_write(file, "a document of some length", 25) &&
           part_file_finish(file, "file");
}

static void expect_document(void)
{
    char text[26] = "";
    int fd = openat(directory, "file", O_RDONLY);

    assert_int_equal(read(fd, text, sizeof(text)), 25);
    assert_string_equal(text, "a document of some length");
    close(fd);
}

static void J6__file__is_on_the_disk_before_it_has_its_name(void **state)
{
    static const int errors[] = {0, EPERM, EOPNOTSUPP, ENOSYS}; /* no second names */
    struct part_file file;

    (void)state;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        disk_begin();
        link_error = errors[i];
        assert_true(save(&file));
        assert_true(synced_first);
        assert_true(exists("file") && !exists("file.part"));
        expect_document();
        part_file_close(&file);
        disk_end();
    }
}

static void J6__disk_fails__the_file_has_never_its_name(void **state)
{
    static const struct {
        size_t room;
        int write_error, sync_error, link_error;
    } rows[] = {
        {0, ENOSPC, 0, 0},        {20, ENOSPC, 0, 0},    {14, EIO, 0, 0},
        {24, EDQUOT, 0, 0},       {24, EROFS, 0, 0},     {SIZE_MAX, 0, EIO, 0},
        {SIZE_MAX, 0, ENOSPC, 0}, {SIZE_MAX, 0, 0, EIO}, {SIZE_MAX, 0, 0, ENOSPC},
    };
    struct part_file file;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const int error = rows[i].write_error + rows[i].sync_error + rows[i].link_error;

        disk_begin();
        room = rows[i].room;
        write_error = rows[i].write_error;
        sync_error = rows[i].sync_error;
        link_error = rows[i].link_error;
        assert_false(save(&file));
        assert_int_equal(errno, error);
        assert_true(!exists("file") && exists("file.part"));
        part_file_remove(&file);
        assert_false(exists("file.part"));
        disk_end();
    }
}

/* By a file, or by a link, be it to nothing. */
static void J6__name_is_taken__is_left_alone(void **state)
{
    static const char *const names[] = {"file", "file.part"};
    struct part_file file;

    (void)state;
    for (size_t i = 0; i < 4; i++) {
        const char *name = names[i % 2];

        disk_begin();
        link_error = i < 2 ? 0 : EPERM;
        assert_int_equal(symlinkat("elsewhere", directory, name), 0);
        assert_false(save(&file));
        assert_int_equal(errno, name == names[0] && i >= 2 ? EPERM : EEXIST);
        assert_false(exists("elsewhere"));
        part_file_close(&file);
        disk_end();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(J6__file__is_on_the_disk_before_it_has_its_name),
        cmocka_unit_test(J6__disk_fails__the_file_has_never_its_name),
        cmocka_unit_test(J6__name_is_taken__is_left_alone),
    };

    return cmocka_run_group_tests_name("part_file", tests, NULL, NULL);
}
