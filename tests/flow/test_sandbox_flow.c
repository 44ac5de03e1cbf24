/* Rows A11, A14 and J11 of tests/FAULTS.md: what the kernel refuses to a process.  Each
 * is one of its own: what was taken away does not always come back. */
#define _DEFAULT_SOURCE /* syscall() */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "support/child.h"
#include "support/document.h"
#include "support/echo.h"

static void set_limit(int resource, rlim_t soft)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(resource, &limit), 0);
    limit.rlim_cur = soft;
    assert_int_equal(setrlimit(resource, &limit), 0);
}

static int next_descriptor(void)
{
    int fd = dup(STDIN_FILENO);

    close(fd);
    return fd;
}

static rlim_t limit_of(int resource)
{
    struct rlimit limit;

    assert_int_equal(getrlimit(resource, &limit), 0);
    return limit.rlim_cur;
}

static bool is_one_of(HRESULT hr, const HRESULT *codes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (codes[i] == hr)
            return true;
    print_error("0x%08x %s\n", (unsigned)hr, wsd_error_name(hr));
    return false;
}

static void play(const char *role, const char *argument)
{
    struct child child = child_start(role, argument);

    assert_int_equal(child_end(&child), 0);
}

/* A device of this process, and a client that is another one. */
static void play_client(const char *role)
{
    wsd_service_options options = WSD_SERVICE_OPTIONS_INIT;
    struct device device;

    /* They may go faster than it sees them go. */
    options.max_connections_per_peer = 256;
    device_start(&device, &options, answer_echo, &document);
    play(role, device.url);
    device_release(&device);
}

/* ---- A11: descriptors -----------------------------------------------------------------
 */

/* From none to as many as it needs. */
static int be_short_of_descriptors(const char *url)
{
    static const HRESULT codes[] = {
        HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES),
        HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES),
        HRESULT_FROM_WIN32(ERROR_WINHTTP_CANNOT_CONNECT),
        E_OUTOFMEMORY, /* libcurl has no other word for it */
    };
    const rlim_t before = limit_of(RLIMIT_NOFILE);
    const int lowest = next_descriptor();
    size_t failures = 0;
    HRESULT hr;

    make_document(NULL);
    do {
        set_limit(RLIMIT_NOFILE, (rlim_t)lowest + failures);
        hr = echo(url, NULL, &document, NULL);
        set_limit(RLIMIT_NOFILE, before);
        if (hr != S_OK)
            assert_true(is_one_of(hr, codes, COUNT(codes)));
        assert_int_equal(next_descriptor(), lowest); /* none is left */
        assert_hr(echo(url, NULL, &document, NULL), S_OK);
    } while (hr != S_OK && ++failures < 50);
    assert_in_range(failures, 3, 49); /* it has more than two */
    free_document(NULL);
    return 0;
}

static void A11__any_number_of_descriptors__is_enough_or_told(void **state)
{
    (void)state;
    play_client("few_descriptors");
}

/* ---- A14: memory ----------------------------------------------------------------------
 */

#ifndef IS_SANITIZED /* sanitizers take all addresses there are */
static size_t memory_left;
static struct hoarded {
    struct hoarded *next;
} * hoard;

/* Takes all there is from the process, but so much; once. */
static void take_memory(void)
{
    void *volatile rest; /* not optimized away */
    unsigned long pages = 0;
    FILE *file;

    if (hoard != NULL)
        return;
    rest = malloc(memory_left);
    file = fopen("/proc/self/statm", "r");
    assert_true(file != NULL && fscanf(file, "%lu", &pages) == 1);
    fclose(file);
    set_limit(RLIMIT_AS, pages * (rlim_t)sysconf(_SC_PAGESIZE));
    for (size_t size = 1 << 20; size >= sizeof(*hoard); size /= 2) {
        struct hoarded *block;

        while ((block = malloc(size)) != NULL) {
            block->next = hoard;
            hoard = block;
        }
    }
    free(rest);
}

static void give_memory_back(rlim_t limit)
{
    set_limit(RLIMIT_AS, limit);
    while (hoard != NULL) {
        struct hoarded *next = hoard->next;

        free(hoard);
        hoard = next;
    }
}

/* Gives this thread the pages that its calls will need. */
static void touch_stack(void)
{
    volatile char stack[256 << 10];

    for (size_t i = 0; i < sizeof(stack); i += 1024)
        stack[i] = 0;
}

/* From none to as much as it needs; from the beginning, or from the middle on. */
static int be_short_of_memory(const char *url)
{
    static const HRESULT codes[] = {
        /* libcurl does not always know why */
        E_OUTOFMEMORY,
        HRESULT_FROM_WIN32(ERROR_NO_SYSTEM_RESOURCES),
        HRESULT_FROM_WIN32(ERROR_WINHTTP_NAME_NOT_RESOLVED),
        HRESULT_FROM_WIN32(ERROR_WINHTTP_CONNECTION_ERROR),
        HRESULT_FROM_WIN32(ERROR_WINHTTP_HEADER_SIZE_OVERFLOW),
    };
    const rlim_t before = limit_of(RLIMIT_AS);
    void (*volatile prepare)(void) = touch_stack; /* not inlined: below this frame */

    make_document(NULL);
    prepare();
    for (int is_midway = 0; is_midway < 2; is_midway++) {
        size_t failures = 0;
        HRESULT hr;

        do {
            memory_left = failures << 14;
            if (!is_midway)
                take_memory();
            hr = echo(url, NULL, &document, is_midway ? take_memory : NULL);
            give_memory_back(before);
            if (hr != S_OK)
                assert_true(is_one_of(hr, codes, COUNT(codes)));
            assert_hr(echo(url, NULL, &document, NULL), S_OK);
        } while (hr != S_OK && ++failures < 1000);
        assert_in_range(failures, 1, 999);
    }
    free_document(NULL);
    return 0;
}

static void A14__any_amount_of_memory__is_enough_or_told(void **state)
{
    (void)state;
    setenv("MALLOC_ARENA_MAX", "1", 1); /* for glibc: none has memory of its own */
    play_client("little_memory");
    unsetenv("MALLOC_ARENA_MAX");
}
#endif

/* ---- J11: system calls ----------------------------------------------------------------
 */

/* From now on it fails, for the whole process. */
static void deny(unsigned number, unsigned error)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, number, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {.len = COUNT(code), .filter = code};

    assert_int_equal(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
    assert_int_equal(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program), 0);
    assert_int_equal(syscall((long)number, NULL, 0, 0), -1);
    assert_int_equal(errno, error);
}

static const struct peer_step takes_all[] = {
    {.what = PEER_READ_MESSAGE},
    {.what = PEER_SEND, .text = REPLY_ACCEPTED},
};

/* Sends one, whose boundary it gives. */
static void send_one(char boundary[71])
{
    struct peer *peer = PEER_START(takes_all);
    struct recorded request;
    struct upload upload;
    const char *bytes;
    size_t size;

    upload_make(&upload, NULL, 1);
    upload_send(&upload, peer_url(peer));
    assert_hr(attachment_write_all(upload.parts[0], "document", 8), S_OK);
    assert_hr(attachment_close(upload.parts[0]), S_OK);
    assert_hr(upload_result(&upload), S_OK);
    upload_free(&upload);
    bytes = peer_finish(peer, &size);
    recorded_read(&request, bytes, size);
    assert_part(&request, 1, "document", 8);
    memcpy(boundary, request.boundary, sizeof(request.boundary));
    recorded_free(&request);
    peer_stop(peer);
}

/* There is no descriptor for the random device, either. */
static void expect_no_message(void)
{
    const rlim_t before = limit_of(RLIMIT_NOFILE);
    struct peer *nobody = peer_start(NULL, 0);
    struct upload upload;
    HRESULT hr;

    upload_make(&upload, NULL, 1);
    set_limit(RLIMIT_NOFILE, (rlim_t)next_descriptor());
    hr = wsd_client_send(upload.client, peer_url(nobody), upload.message);
    set_limit(RLIMIT_NOFILE, before);
    assert_hr(hr, E_FAIL);
    upload_free(&upload);
    assert_false(peer_was_contacted(nobody));
    peer_stop(nobody);
}

/* Nor does a device answer; the next request has its answer. */
static void expect_no_answer(void)
{
    const rlim_t before = limit_of(RLIMIT_NOFILE);
    struct http_client client;
    struct device device;

    device_start(&device, NULL, answer_plainly, NULL);
    http_open(&client, device.port);
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    expect_answer(&client);
    set_limit(RLIMIT_NOFILE, (rlim_t)next_descriptor());
    http_post(&client, "/service", SOAP_FIELD, REQUEST, strlen(REQUEST));
    assert_true(http_has_ended(&client));
    set_limit(RLIMIT_NOFILE, before);
    http_close(&client);
    assert_int_equal(device_status(&device), 200);
    device_release(&device);
}

static int be_without_getrandom(const char *error)
{
    char first[71], second[71];
    struct device device;

    make_document(NULL);
    deny(SYS_getrandom, (unsigned)atoi(error));
    send_one(first);
    send_one(second);
    assert_int_equal(strlen(first), 36);
    assert_int_equal(strlen(second), 36);
    assert_string_not_equal(first, second);
    expect_no_message();
    expect_no_answer();
    device_start(&device, NULL, answer_echo, &document);
    assert_hr(echo(device.url, NULL, &document, NULL), S_OK);
    device_release(&device);
    free_document(NULL);
    return 0;
}

#ifndef WSD_PORTABLE_ONLY /* which has none */
static int be_without_eventfd(const char *error)
{
    const HRESULT hr = HRESULT_FROM_WIN32(ERROR_TOO_MANY_OPEN_FILES);
    IWSDOutboundAttachment *attachment = attachment_create();
    wsd_service *service;
    wsd_client *client;
    int fd;

    deny(SYS_eventfd2, (unsigned)atoi(error));
    assert_hr(wsd_client_create(NULL, &client), hr);
    assert_null(client);
    assert_hr(wsd_attachment_get_ready_fd((IWSDAttachment *)attachment, &fd), hr);
    attachment_release(attachment);
    assert_hr(wsd_service_create(NULL, &service), S_OK);
    assert_hr(wsd_service_handle(service, "/service", NULL, answer_plainly, NULL), S_OK);
    assert_hr(wsd_service_start(service), hr);
    wsd_service_release(service);
    return 0;
}

#endif

static void play_with_each_error(const char *role)
{
    static const int errors[] = {ENOSYS, EPERM};

    for (size_t i = 0; i < COUNT(errors); i++) {
        char error[12];

        snprintf(error, sizeof(error), "%d", errors[i]);
        play(role, error);
    }
}

static void J11__getrandom_denied__the_device_is_read_or_nothing_is_sent(void **state)
{
    (void)state;
    play_with_each_error("no_getrandom");
}

#ifndef WSD_PORTABLE_ONLY
static void J11__eventfd_denied__is_told(void **state)
{
    (void)state;
    play_with_each_error("no_eventfd");
}
#endif

int main(int count, char **arguments)
{
    static const struct child_role roles[] = {
        {"few_descriptors", be_short_of_descriptors},
#ifndef IS_SANITIZED
        {"little_memory", be_short_of_memory},
#endif
        {"no_getrandom", be_without_getrandom},
#ifndef WSD_PORTABLE_ONLY
        {"no_eventfd", be_without_eventfd},
#endif
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(A11__any_number_of_descriptors__is_enough_or_told),
#ifndef IS_SANITIZED
        cmocka_unit_test(A14__any_amount_of_memory__is_enough_or_told),
#endif
        cmocka_unit_test(J11__getrandom_denied__the_device_is_read_or_nothing_is_sent),
#ifndef WSD_PORTABLE_ONLY
        cmocka_unit_test(J11__eventfd_denied__is_told),
#endif
    };

    child_main(roles, count, arguments);
    return cmocka_run_group_tests_name("sandbox_flow", tests, make_document,
                                       free_document);
}
