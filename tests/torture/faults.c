#define _GNU_SOURCE /* RTLD_NEXT, dl_iterate_phdr, accept4 */
#include "torture/faults.h"

#include <errno.h>
#include <link.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

const struct fault_kind fault_kinds[FAULT_COUNT] = {
#define FAULT_KIND(name, forever, harmless) {#name, forever, harmless},
    FAULTS(FAULT_KIND)
#undef FAULT_KIND
};

const char *const fault_callers[CALLER_COUNT] = {"libtorture_subject", "libcurl",
                                                 "libxml2", "libmicrohttpd"};

/* The code of these libraries. */
#define MOST_RANGES 16
static struct range {
    uintptr_t begin, end;
    enum caller caller;
} ranges[MOST_RANGES];
static size_t range_count;

static atomic_int armed = -1; /* enum fault, or none */
static atomic_uint calls, failures;
static atomic_int first_caller;
static unsigned fails_at;
static bool fails_for_ever;

static int note_code(struct dl_phdr_info *info, size_t size, void *unused)
{
    (void)size;
    (void)unused;
    for (int caller = 0; caller < CALLER_COUNT; caller++) {
        if (strstr(info->dlpi_name, fault_callers[caller]) == NULL)
            continue;
        for (size_t i = 0; i < info->dlpi_phnum; i++) {
            const ElfW(Phdr) *part = &info->dlpi_phdr[i];

            if (part->p_type != PT_LOAD || !(part->p_flags & PF_X) ||
                range_count == MOST_RANGES)
                continue;
            ranges[range_count].begin = info->dlpi_addr + part->p_vaddr;
            ranges[range_count].end = ranges[range_count].begin + part->p_memsz;
            ranges[range_count++].caller = (enum caller)caller;
        }
    }
    return 0;
}

void faults_init(void)
{
    dl_iterate_phdr(note_code, NULL);
}

void faults_arm(enum fault kind, unsigned number, bool lasts)
{
    fails_at = number;
    fails_for_ever = lasts;
    atomic_store(&calls, 0);
    atomic_store(&failures, 0);
    atomic_store(&armed, (int)kind);
}

void faults_disarm(void)
{
    atomic_store(&armed, -1);
}

struct fault_record faults_record(void)
{
    return (struct fault_record){atomic_load(&calls), atomic_load(&failures),
                                 (enum caller)atomic_load(&first_caller)};
}

/* What nobody can survive: libxml2 2.9 says that it has no memory for a thread's state by
 * means of that state; where the clock fails, libcurl and libmicrohttpd go on with the
 * time of day, which is not what they began with; and a short count tells libmicrohttpd,
 * as a kernel's would, that the socket is empty or full. */
static bool is_beyond_us(enum fault kind, enum caller caller, const void *from)
{
    Dl_info where;

    if (kind == FAULT_clock)
        return caller != CALLER_OURS;
    if (kind == FAULT_send_one_byte || kind == FAULT_recv_one_byte)
        return caller == CALLER_MHD;
    return caller == CALLER_XML && dladdr(from, &where) != 0 && where.dli_sname != NULL &&
           strcmp(where.dli_sname, "xmlGetGlobalState") == 0;
}

/* Does this call fail, which goes back to `from`? */
static bool fails(enum fault kind, const void *from)
{
    unsigned number;

    if (atomic_load_explicit(&armed, memory_order_acquire) != (int)kind)
        return false;
    for (size_t i = 0; i < range_count; i++) {
        if ((uintptr_t)from < ranges[i].begin || (uintptr_t)from >= ranges[i].end)
            continue;
        if (is_beyond_us(kind, ranges[i].caller, from))
            return false;
        number = atomic_fetch_add(&calls, 1) + 1;
        if (number != fails_at && !(fails_for_ever && number > fails_at))
            return false;
        if (atomic_fetch_add(&failures, 1) == 0)
            atomic_store(&first_caller, (int)ranges[i].caller);
        return true;
    }
    return false;
}

#define FAILS(kind) fails(FAULT_##kind, __builtin_return_address(0))

/* ---- Memory: the sanitizers and the C library have names for what we stand before ----
 */

#ifdef IS_SANITIZED
#    define REAL(name) __interceptor_##name
#else
#    define REAL(name) __libc_##name
#endif
void *REAL(malloc)(size_t size);
void *REAL(calloc)(size_t count, size_t size);
void *REAL(realloc)(void *block, size_t size);

static void *no_memory(void)
{
    errno = ENOMEM;
    return NULL;
}

void *malloc(size_t size)
{
    return FAILS(alloc) ? no_memory() : REAL(malloc)(size);
}

void *calloc(size_t count, size_t size)
{
    return FAILS(alloc) ? no_memory() : REAL(calloc)(count, size);
}

void *realloc(void *block, size_t size)
{
    return FAILS(alloc) ? no_memory() : REAL(realloc)(block, size);
}

char *strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = FAILS(alloc) ? no_memory() : REAL(malloc)(size);

    return copy == NULL ? NULL : memcpy(copy, text, size);
}

/* ---- All others ----------------------------------------------------------------------
 */

/* Declares real_NAME, the next definition of that name. */
#define NEXT(result, name, parameters)                                                   \
    static result(*real_##name) parameters;                                              \
    if (real_##name == NULL)                                                             \
    *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

/* A function that returns -1 with errno, or what the next one does. */
#define FAILING(kind, error, name, parameters, arguments)                                \
    int name parameters                                                                  \
    {                                                                                    \
        NEXT(int, name, parameters);                                                     \
        if (FAILS(kind)) {                                                               \
            errno = error;                                                               \
            return -1;                                                                   \
        }                                                                                \
        return real_##name arguments;                                                    \
    }

FAILING(socket, EMFILE, socket, (int domain, int type, int protocol),
        (domain, type, protocol))
FAILING(listen, EADDRINUSE, bind,
        (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
FAILING(listen, EADDRINUSE, listen, (int fd, int most), (fd, most))
FAILING(accept, EMFILE, accept, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size))
FAILING(accept, EMFILE, accept4,
        (int fd, struct sockaddr *address, socklen_t *size, int flags),
        (fd, address, size, flags))
FAILING(connect, ENETUNREACH, connect,
        (int fd, const struct sockaddr *address, socklen_t size), (fd, address, size))
FAILING(epoll, ENOMEM, epoll_create1, (int flags), (flags))
FAILING(epoll_wait_interrupted, EINTR, epoll_wait,
        (int epoll, struct epoll_event *events, int count, int timeout),
        (epoll, events, count, timeout))
FAILING(wake, EMFILE, eventfd, (unsigned count, int flags), (count, flags))
FAILING(wake, EMFILE, pipe, (int ends[2]), (ends))
FAILING(wake, EMFILE, socketpair, (int domain, int type, int protocol, int ends[2]),
        (domain, type, protocol, ends))
FAILING(clock, EINVAL, clock_gettime, (clockid_t clock, struct timespec *now),
        (clock, now))
FAILING(option, ENOBUFS, setsockopt,
        (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size))
FAILING(option, ENOBUFS, getsockopt,
        (int fd, int level, int name, void *value, socklen_t *size),
        (fd, level, name, value, size))
FAILING(option, ENOBUFS, getsockname, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size))
FAILING(option, ENOBUFS, getpeername, (int fd, struct sockaddr *address, socklen_t *size),
        (fd, address, size))

/* A kernel never fails to forget one. */
int epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    NEXT(int, epoll_ctl, (int, int, int, struct epoll_event *));
    if (what != EPOLL_CTL_DEL && FAILS(epoll)) {
        errno = ENOMEM;
        return -1;
    }
    return real_epoll_ctl(epoll, what, fd, event);
}

int poll(struct pollfd *items, nfds_t count, int timeout)
{
    NEXT(int, poll, (struct pollfd *, nfds_t, int));
    if (FAILS(poll)) {
        errno = ENOMEM;
        return -1;
    }
    if (FAILS(poll_interrupted)) {
        errno = EINTR;
        return -1;
    }
    return real_poll(items, count, timeout);
}

/* The two directions, with whole failures, interruptions and single bytes. */
#define MOVING(direction, name, parameters, arguments, size)                             \
    ssize_t name parameters                                                              \
    {                                                                                    \
        NEXT(ssize_t, name, parameters);                                                 \
        if (FAILS(direction)) {                                                          \
            errno = ECONNRESET;                                                          \
            return -1;                                                                   \
        }                                                                                \
        if (FAILS(direction##_interrupted)) {                                            \
            errno = EINTR;                                                               \
            return -1;                                                                   \
        }                                                                                \
        if (size > 1 && FAILS(direction##_one_byte))                                     \
            size = 1;                                                                    \
        return real_##name arguments;                                                    \
    }

MOVING(send, send, (int fd, const void *bytes, size_t size, int flags),
       (fd, bytes, size, flags), size)
MOVING(send, sendto,
       (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to,
        socklen_t to_size),
       (fd, bytes, size, flags, to, to_size), size)
MOVING(recv, recv, (int fd, void *bytes, size_t size, int flags),
       (fd, bytes, size, flags), size)
MOVING(recv, recvfrom,
       (int fd, void *restrict bytes, size_t size, int flags,
        struct sockaddr *restrict from, socklen_t *restrict from_size),
       (fd, bytes, size, flags, from, from_size), size)

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    NEXT(ssize_t, sendmsg, (int, const struct msghdr *, int));
    if (FAILS(send)) {
        errno = ECONNRESET;
        return -1;
    }
    if (FAILS(send_interrupted)) {
        errno = EINTR;
        return -1;
    }
    if (message->msg_iovlen > 0 && message->msg_iov[0].iov_len > 0 &&
        FAILS(send_one_byte)) {
        struct iovec one = {message->msg_iov[0].iov_base, 1};
        struct msghdr shorter = {.msg_iov = &one, .msg_iovlen = 1};

        return real_sendmsg(fd, &shorter, flags);
    }
    return real_sendmsg(fd, message, flags);
}

/* These return the error. */
#define FAILING_BY_VALUE(kind, error, name, parameters, arguments)                       \
    int name parameters                                                                  \
    {                                                                                    \
        NEXT(int, name, parameters);                                                     \
        return FAILS(kind) ? error : real_##name arguments;                              \
    }

FAILING_BY_VALUE(thread, EAGAIN, pthread_create,
                 (pthread_t *restrict thread, const pthread_attr_t *restrict attributes,
                  void *(*body)(void *), void *restrict argument),
                 (thread, attributes, body, argument))
FAILING_BY_VALUE(lock, ENOMEM, pthread_mutex_init,
                 (pthread_mutex_t * mutex, const pthread_mutexattr_t *attributes),
                 (mutex, attributes))
FAILING_BY_VALUE(lock, ENOMEM, pthread_condattr_init, (pthread_condattr_t * attributes),
                 (attributes))
FAILING_BY_VALUE(lock, ENOMEM, pthread_cond_init,
                 (pthread_cond_t *restrict cond,
                  const pthread_condattr_t *restrict attributes),
                 (cond, attributes))
FAILING_BY_VALUE(resolve, EAI_MEMORY, getaddrinfo,
                 (const char *restrict host, const char *restrict service,
                  const struct addrinfo *restrict hints,
                  struct addrinfo **restrict found),
                 (host, service, hints, found))

ssize_t getrandom(void *bytes, size_t size, unsigned flags)
{
    NEXT(ssize_t, getrandom, (void *, size_t, unsigned));
    if (FAILS(random)) {
        errno = EIO;
        return -1;
    }
    if (FAILS(no_random)) {
        errno = ENOSYS;
        return -1;
    }
    return real_getrandom(bytes, size, flags);
}

int open(const char *name, int flags, ...)
{
    mode_t mode = 0;

    NEXT(int, open, (const char *, int, ...));
    if (flags & O_CREAT) {
        va_list arguments;

        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        va_end(arguments);
    }
    if (FAILS(open) || (strcmp(name, "/dev/urandom") == 0 && FAILS(random))) {
        errno = EMFILE;
        return -1;
    }
    return real_open(name, flags, mode);
}

FILE *fopen(const char *restrict name, const char *restrict mode)
{
    NEXT(FILE *, fopen, (const char *restrict, const char *restrict));
    if (FAILS(open)) {
        errno = EMFILE;
        return NULL;
    }
    return real_fopen(name, mode);
}
