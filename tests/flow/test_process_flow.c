/* Rows of group J of tests/FAULTS.md: what may happen to the process while documents are
 * on their way, with real sockets, in both roles. */
#define _GNU_SOURCE /* RTLD_NEXT */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "support/child.h"
#include "support/document.h"
#include "support/echo.h"

#define TIMED_OUT HRESULT_FROM_WIN32(ERROR_WINHTTP_TIMEOUT)

static void nap(long milliseconds)
{
    const struct timespec moment = {milliseconds / 1000, milliseconds % 1000 * 1000000};

    nanosleep(&moment, NULL);
}

/* There and back by a service of this process. */
static void echo_here(void (*midway)(void))
{
    struct device device;

    device_start(&device, NULL, answer_echo, &document);
    assert_hr(echo(device.url, NULL, &document, midway), S_OK);
    device_release(&device);
}

/* ---- J2: signals ----------------------------------------------------------------------
 */

/* To the application's thread, whose calls it interrupts, and to the process, whose other
 * threads leave it to that one. */
struct storm {
    struct worker worker;
    atomic_bool enough;
};

static pthread_t applications;
static volatile sig_atomic_t interruptions, strays;

static void note_signal(int number)
{
    (void)number;
    if (pthread_equal(pthread_self(), applications))
        interruptions++;
    else
        strays++;
}

static void storm_run(void *argument)
{
    struct storm *self = argument;

    while (!atomic_load(&self->enough)) {
        pthread_kill(applications, SIGUSR1);
        kill(getpid(), SIGUSR2);
        nap(1);
    }
}

static void J2__storm_of_signals__nothing_is_lost(void **state)
{
    static const int numbers[] = {SIGUSR1, SIGUSR2};
    struct sigaction noted = {.sa_handler = note_signal}, before[2];
    struct storm storm = {.enough = false};
    sigset_t ours;

    (void)state;
    applications = pthread_self();
    sigemptyset(&ours);
    for (size_t i = 0; i < 2; i++) {
        sigaddset(&ours, numbers[i]);
        assert_int_equal(sigaction(numbers[i], &noted, &before[i]), 0);
    }
    assert_int_equal(pthread_sigmask(SIG_BLOCK, &ours, NULL), 0);
    worker_start(&storm.worker, storm_run, &storm);
    assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &ours, NULL), 0);

    for (size_t i = 0; i < 5; i++)
        echo_here(NULL);

    atomic_store(&storm.enough, true);
    worker_join(&storm.worker);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(sigaction(numbers[i], &before[i], NULL), 0);
    assert_true(interruptions > 0);
    assert_int_equal(strays, 0);
}

/* ---- J3: fork and exec ----------------------------------------------------------------
 */

/* But those of socketpair(): libcurl 7.88 has two for each client, which nobody uses. */
static int count_descriptors(const char *unused)
{
    int count = 0;

    (void)unused;
    for (int fd = 3; fd < 256; fd++) {
        struct sockaddr_storage address;
        socklen_t size = sizeof(address);

        if (fcntl(fd, F_GETFD) != -1 &&
            (getsockname(fd, (struct sockaddr *)&address, &size) != 0 ||
             address.ss_family != AF_UNIX))
            count++;
    }
    return count;
}

static unsigned children;

static void start_a_program(void)
{
    struct child child = child_start("descriptors", NULL);

    assert_int_equal(child_end(&child), 0);
    children++;
}

static void J3__programs_started_midway__inherit_nothing(void **state)
{
    (void)state;
    children = 0;
    echo_here(start_a_program);
    assert_int_equal(children, 2);
}

/* ---- J4: stopped, and continued -------------------------------------------------------
 */

enum { STOP_MS = 700, SHORT_MS = 200 };

/* Where it was slow to be stopped, a short timer may have ended it. */
static void stop(const struct child *child)
{
    siginfo_t unused;

    assert_int_equal(kill(child->pid, SIGSTOP), 0);
    assert_int_equal(
        waitid(P_PID, (id_t)child->pid, &unused, WSTOPPED | WEXITED | WNOWAIT), 0);
}

static void go_on(const struct child *child)
{
    assert_int_equal(kill(child->pid, SIGCONT), 0);
}

enum { HAS_ARRIVED, WAS_TIMED };

/* argument: a URL, behind a - where timers are to be short. */
static int upload_document(const char *argument)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    HRESULT hr;

    make_document(NULL);
    if (argument[0] == '-')
        options.peer_stall_timeout_ms = options.response_timeout_ms = SHORT_MS;
    upload_make(&upload, &options, 1);
    attachment_set_budget(upload.parts[0], INFINITE);
    upload_send(&upload, argument + (argument[0] == '-'));
    hr = attachment_write_all(upload.parts[0], document.at, document.size);
    if (hr == S_OK)
        hr = attachment_close(upload.parts[0]);
    if (hr == S_OK)
        hr = upload_result(&upload);
    else
        assert_hr(upload_result(&upload), hr);
    upload_free(&upload);
    free_document(NULL);
    if (hr != S_OK)
        assert_hr(hr, TIMED_OUT);
    return hr == S_OK ? HAS_ARRIVED : WAS_TIMED;
}

/* At the peer's first hold it is stopped, while the peer waits or not. */
static int stop_upload(struct peer *peer, bool is_short, bool peer_waits)
{
    char argument[100];
    struct child child;

    snprintf(argument, sizeof(argument), "%s%s", is_short ? "-" : "", peer_url(peer));
    child = child_start("upload", argument);
    peer_wait_for_step(peer, 1);
    stop(&child);
    if (!peer_waits)
        peer_go(peer);
    nap(STOP_MS);
    go_on(&child);
    return child_end(&child);
}

static void expect_upload(struct peer *peer)
{
    struct recorded request;
    size_t size;
    const char *bytes = peer_finish(peer, &size);

    recorded_read(&request, bytes, size);
    assert_true(request.whole);
    assert_part(&request, 1, document.at, document.size);
    recorded_free(&request);
    peer_stop(peer);
}

static void J4__client_is_stopped__goes_on_or_its_timer_ends_it(void **state)
{
    static const struct peer_step in_the_middle[] = {
        {.what = PEER_READ_BYTES, .size = 1 << 20},
        {.what = PEER_HOLD},
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_SEND, .text = REPLY_ACCEPTED},
    };
    static const struct peer_step never[] = {
        {.what = PEER_READ_BYTES, .size = 1 << 20},
        {.what = PEER_HOLD},
        {.what = PEER_READ_TO_END},
    };
    static const struct peer_step before_the_reply[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_HOLD},
        {.what = PEER_SEND_SOME, .text = REPLY_ACCEPTED},
    };
    struct peer *peer = PEER_START(in_the_middle);

    (void)state;
    assert_int_equal(stop_upload(peer, false, false), HAS_ARRIVED);
    expect_upload(peer);

    peer = PEER_START(never);
    assert_int_equal(stop_upload(peer, true, true), WAS_TIMED);
    peer_go(peer);
    peer_stop(peer);

    peer = PEER_START(before_the_reply);
    assert_int_equal(stop_upload(peer, true, true), WAS_TIMED);
    peer_go(peer);
    expect_upload(peer);

    /* It has come, but the timer may have ended before the stop. */
    peer = PEER_START(before_the_reply);
    assert_in_range(stop_upload(peer, true, false), HAS_ARRIVED, WAS_TIMED);
    expect_upload(peer);
}

/* Until its input ends. */
static int be_a_device(const char *unused)
{
    struct device device;
    char byte;

    (void)unused;
    make_document(NULL);
    device_start(&device, NULL, answer_echo, &document);
    printf("%u\n", (unsigned)device.port);
    fflush(stdout);
    while (read(STDIN_FILENO, &byte, 1) > 0)
        continue;
    device_release(&device);
    free_document(NULL);
    return 0;
}

static struct child device_process;

static void stop_device(void)
{
    stop(&device_process);
}

static void stop_device_for_a_while(void)
{
    stop(&device_process);
    nap(STOP_MS);
    go_on(&device_process);
}

static void J4__device_is_stopped__is_awaited_or_the_timer_ends_it(void **state)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    char url[64];

    (void)state;
    options.peer_stall_timeout_ms = options.response_timeout_ms = SHORT_MS;
    device_process = child_start("device", NULL);
    snprintf(url, sizeof(url), "http://127.0.0.1:%u/service",
             child_number(&device_process));
    assert_hr(echo(url, NULL, &document, stop_device_for_a_while), S_OK);
    assert_hr(echo(url, &options, &document, stop_device), TIMED_OUT);
    go_on(&device_process);
    assert_hr(echo(url, NULL, &document, NULL), S_OK);
    assert_int_equal(child_end(&device_process), 0);
}

/* ---- J5: the wall clock ---------------------------------------------------------------
 * All libraries find these before those of the C library; which have other names where
 * a time is longer than a long. */

#ifdef __LP64__
static atomic_bool jumps;
static atomic_uint looks; /* at the wall clock, while it jumps */

/* Ten years ahead and ten years back by turns. */
static time_t leap(void)
{
    const time_t ten_years = 315576000;

    if (!atomic_load(&jumps))
        return 0;
    return atomic_fetch_add(&looks, 1) % 2 == 0 ? ten_years : -ten_years;
}

int clock_gettime(clockid_t clock, struct timespec *now)
{
    int (*real)(clockid_t, struct timespec *);
    int result;

    *(void **)&real = dlsym(RTLD_NEXT, "clock_gettime");
    result = real(clock, now);
    if (clock == CLOCK_REALTIME)
        now->tv_sec += leap();
    return result;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone)
{
    struct timespec time;

    (void)zone;
    clock_gettime(CLOCK_REALTIME, &time);
    now->tv_sec = time.tv_sec;
    now->tv_usec = (suseconds_t)(time.tv_nsec / 1000);
    return 0;
}

time_t time(time_t *now)
{
    struct timespec time;

    clock_gettime(CLOCK_REALTIME, &time);
    if (now != NULL)
        *now = time.tv_sec;
    return time.tv_sec;
}

static void J5__wall_clock_jumps__no_timer_notices(void **state)
{
    static const struct peer_step silent[] = {{.what = PEER_READ_TO_END}};
    struct peer *deaf = peer_start(NULL, 0), *mute = PEER_START(silent);
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    struct upload upload;
    HRESULT hr;

    (void)state;
    atomic_store(&looks, 0);
    atomic_store(&jumps, true);
    echo_here(NULL);
    assert_int_not_equal(atomic_load(&looks), 0);

    options.wait_budget_ms = 50;
    options.peer_stall_timeout_ms = options.response_timeout_ms = 300;
    upload_make(&upload, &options, 1);
    upload_send(&upload, peer_url(deaf));
    do
        hr = attachment_write_all(upload.parts[0], document.at, document.size);
    while (hr == S_OK);
    assert_hr(hr, STG_S_BLOCK);
    do
        hr = attachment_open(upload.parts[0]);
    while (hr == S_OK || hr == STG_S_BLOCK);
    assert_hr(hr, TIMED_OUT);
    upload_free(&upload);

    upload_make(&upload, &options, 0);
    upload_send(&upload, peer_url(mute));
    assert_hr(upload_result(&upload), TIMED_OUT);
    upload_free(&upload);
    atomic_store(&jumps, false);
    peer_stop(deaf);
    peer_stop(mute);
}
#endif

/* ---- J8: no standard streams ----------------------------------------------------------
 */

/* As if they were closed; or at most, the end. */
static void use_standard_streams(void)
{
    char byte = 'x';

    for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++) {
        assert_int_equal(write(fd, &byte, 1), -1);
        assert_int_equal(errno, EBADF);
    }
    assert_int_equal(read(STDIN_FILENO, &byte, 1), 0);
}

static int work_without_streams(const char *unused)
{
    (void)unused;
    make_document(NULL);
    for (int fd = 0; fd < 3; fd++)
        close(fd);
    echo_here(use_standard_streams);
    free_document(NULL);
    return 0;
}

/* [L105] */
static void J8__no_standard_streams__what_is_written_there_goes_nowhere(void **state)
{
    struct child child = child_start("no_streams", NULL);

    (void)state;
    assert_int_equal(child_end(&child), 0);
}

/* ---- J9: a locale ---------------------------------------------------------------------
 */

#define SHOUTED_TYPE                                                                     \
    "CONTENT-TYPE: MULTIPART/RELATED; BOUNDARY=b; TYPE=\"APPLICATION/XOP+XML\"; "        \
    "START=\"<root@scan>\"; START-INFO=\"APPLICATION/SOAP+XML\"\r\n"
#define SHOUTED_PART(type, id)                                                           \
    "CONTENT-TYPE: " type "\r\nCONTENT-TRANSFER-ENCODING: BINARY\r\nCONTENT-ID: <" id    \
    ">\r\n"
#define SHOUTED_ROOT                                                                     \
    SHOUTED_PART("APPLICATION/XOP+XML; TYPE=\"APPLICATION/SOAP+XML\"", "root@scan")

static void put_shouted(struct bytes *body, const char *envelope)
{
    put_part(body, SHOUTED_ROOT, envelope, strlen(envelope));
    put_part(body, SHOUTED_PART("IMAGE/JPEG", "0@scan"), document.at, document.size);
    put_end(body);
}

static void check_shouted_request(void)
{
    struct bytes body = {0};
    struct http_client client;
    struct device device;

    put_shouted(
        &body,
        SOAP(ADDRESSED(ACTION),
             "<u:Upload xmlns:u=\"http://example.org/upload\"><u:Data>" XOP_INCLUDE(
                 "cid:0@scan") "</u:Data></u:Upload>"));
    device_start(&device, NULL, answer_echo, &document);
    http_open(&client, device.port);
    http_post(&client, "/service", SHOUTED_TYPE, body.at, body.size);
    expect_part(&client, document.at, document.size);
    http_close(&client);
    device_release(&device);
    bytes_free(&body);
}

static void check_shouted_reply(void)
{
    struct scan scan = {0};

    put_shouted(&scan.body, SOAP(ADDRESSED("urn:scanned"),
                                 "<s:Scan xmlns:s=\"urn:s\"><s:Page>" XOP_INCLUDE(
                                     "cid:0@scan") "</s:Page></s:Scan>"));
    bytes_say(&scan.reply,
              "HTTP/1.1 200 FINE\r\nTRANSFER-ENCODING: CHUNKED\r\n" SHOUTED_TYPE "\r\n");
    put_framed(&scan.reply, IN_CHUNKS, &scan.body);
    scan_start(&scan, NULL, scan.reply.size, PEER_SEND, PEER_CLOSE);
    assert_hr(upload_receive(&scan.upload, &scan.message), S_OK);
    page_expect(scan.message, 0, document.at, document.size, 10007);
    scan_free(&scan);
}

/* Makes the Turkish one that most machines do not have. */
static bool make_locale(const char *folder)
{
    char command[200];

    snprintf(command, sizeof(command),
             "localedef -i tr_TR -f ISO-8859-9 %s/tr_TR >/dev/null 2>&1", folder);
    return system(command) == 0 && setenv("LOCPATH", folder, 1) == 0 &&
           setlocale(LC_ALL, "tr_TR") != NULL;
}

/* The lower case of I is no i there, and what stands before decimals is a comma. */
static void J9__turkish_locale__changes_nothing(void **state)
{
    char folder[] = "/tmp/wsd-locale-XXXXXX", command[60];
    bool has_locale;

    (void)state;
    assert_non_null(mkdtemp(folder));
    has_locale = make_locale(folder);
    snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
    unsetenv("LOCPATH");
    if (!has_locale) {
        print_message("There is no Turkish locale, and localedef cannot make one.\n");
        skip();
    }
    echo_here(NULL);
    check_shouted_request();
    check_shouted_reply();
    setlocale(LC_ALL, "C");
}

int main(int count, char **arguments)
{
    static const struct child_role roles[] = {
        {"descriptors", count_descriptors},
        {"upload", upload_document},
        {"device", be_a_device},
        {"no_streams", work_without_streams},
        {NULL, NULL},
    };
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(J2__storm_of_signals__nothing_is_lost),
        cmocka_unit_test(J3__programs_started_midway__inherit_nothing),
        cmocka_unit_test(J4__client_is_stopped__goes_on_or_its_timer_ends_it),
        cmocka_unit_test(J4__device_is_stopped__is_awaited_or_the_timer_ends_it),
#ifdef __LP64__
        cmocka_unit_test(J5__wall_clock_jumps__no_timer_notices),
#endif
        cmocka_unit_test(J8__no_standard_streams__what_is_written_there_goes_nowhere),
        cmocka_unit_test(J9__turkish_locale__changes_nothing),
    };

    child_main(roles, count, arguments);
    for (int fd = 3; fd < 256; fd++) /* whoever has started this has left them open */
        (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return cmocka_run_group_tests_name("process_flow", tests, make_document,
                                       free_document);
}
