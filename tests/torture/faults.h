/*
 * faults -- lets one call of the C library fail: the N-th one that the library under
 * test, libcurl, libxml2 or libmicrohttpd makes.  The test's own calls never fail.
 *
 * The functions are defined anew in the program, whose definitions stand before those of
 * any shared library; so what is tested has to be in shared libraries.
 */
#ifndef WSD_TORTURE_FAULTS_H
#define WSD_TORTURE_FAULTS_H

#include <stdbool.h>

/* X(name, may it go on for ever, does it have to do no harm) */
#define FAULTS(X)                                                                        \
    X(alloc, true, false)   /* malloc, calloc, realloc, strdup: no memory */             \
    X(socket, true, false)  /* no descriptor */                                          \
    X(listen, true, false)  /* bind, listen: in use */                                   \
    X(accept, false, false) /* no descriptor */                                          \
    X(connect, true, false) /* unreachable */                                            \
    X(send, true, false)    /* send, sendto, sendmsg: reset */                           \
    /* Before 8.7 libcurl cannot go on with half a head: see http_on_debug(). */         \
    X(send_interrupted, false, false)                                                    \
    X(send_one_byte, true, false)                                                        \
    X(recv, true, false) /* recv, recvfrom: reset */                                     \
    X(recv_interrupted, false, true)                                                     \
    X(recv_one_byte, true, true)                                                         \
    X(poll, true, false) /* no memory */                                                 \
    X(poll_interrupted, false, true)                                                     \
    X(epoll_wait_interrupted, false, true)                                               \
    X(epoll, true, false)    /* epoll_create1, epoll_ctl: no memory */                   \
    X(wake, true, false)     /* eventfd, pipe, socketpair: no descriptor */              \
    X(thread, true, false)   /* pthread_create: too many */                              \
    X(lock, true, false)     /* pthread_mutex_init, pthread_cond_init */                 \
    X(clock, false, true)    /* clock_gettime */                                         \
    X(open, true, false)     /* open, fopen: no descriptor */                            \
    X(random, true, false)   /* getrandom, then the random device */                     \
    X(no_random, true, true) /* getrandom: not in this kernel */                         \
    X(option, true, false)   /* setsockopt, getsockopt, getsockname, getpeername */      \
    X(resolve, true, false)  /* getaddrinfo: no memory */

enum fault {
#define FAULT_NAME(name, forever, harmless) FAULT_##name,
    FAULTS(FAULT_NAME)
#undef FAULT_NAME
        FAULT_COUNT
};

/* Whose call was it? */
enum caller { CALLER_OURS, CALLER_CURL, CALLER_XML, CALLER_MHD, CALLER_COUNT };

struct fault_kind {
    const char *name;
    bool may_last; /* all calls behind the N-th may fail too */
    bool is_harmless;
};
extern const struct fault_kind fault_kinds[FAULT_COUNT];
extern const char *const fault_callers[CALLER_COUNT];

/* Once, before all else. */
void faults_init(void);

/* From now on call number `number` (from 1) of this kind fails; lasts: and all behind it.
 */
void faults_arm(enum fault kind, unsigned number, bool lasts);
void faults_disarm(void);

/* Since faults_arm(). */
struct fault_record {
    unsigned calls, failures;
    enum caller caller; /* who made the first that failed */
};
struct fault_record faults_record(void);

#endif
