#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "os/socket.h"
#include "support/peer.h"

#include <arpa/inet.h>
#include <netinet/in.h>

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

/* What has been read was acknowledged. */
static void acknowledged__read_by_the_other_end__is(void **state)
{
    unsigned port;
    int listener = peer_listen(&port, 1), fd = connect_to(port);
    int other = accept(listener, NULL, NULL);
    char answer;

    (void)state;
    assert_true(wsd_socket_is_acknowledged(fd));
    assert_int_equal(send(fd, "x", 1, 0), 1);
    assert_int_equal(recv(other, &answer, 1, 0), 1);
    /* The acknowledgement comes with the answer at the latest. */
    assert_int_equal(send(other, "y", 1, 0), 1);
    assert_int_equal(recv(fd, &answer, 1, 0), 1);
    assert_true(wsd_socket_is_acknowledged(fd));
    close(other);
    close(fd);
    close(listener);
}

/* What came after the other end had closed. */
static void acknowledged__written_behind_the_end__is_not(void **state)
{
    unsigned port;
    int listener = peer_listen(&port, 1), fd = connect_to(port);
    int other = accept(listener, NULL, NULL);
    struct pollfd item = {fd, POLLIN, 0};

    (void)state;
    close(other);
    assert_int_equal(poll(&item, 1, PEER_PATIENCE_MS), 1);
    assert_int_equal(send(fd, "x", 1, MSG_NOSIGNAL), 1);
#ifdef __linux__
    assert_false(wsd_socket_is_acknowledged(fd));
#endif
    close(fd);
    close(listener);
}

static void acknowledged__no_socket__is(void **state)
{
    (void)state;
    assert_true(wsd_socket_is_acknowledged(-1));
}

static void silent__until_something_comes__is(void **state)
{
    int pair[2];
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_int_equal(fcntl(pair[0], F_SETFL, O_NONBLOCK), 0);
    assert_true(wsd_socket_is_silent(pair[0]));
    assert_int_equal(send(pair[1], "x", 1, 0), 1);
    assert_false(wsd_socket_is_silent(pair[0]));
    assert_int_equal(recv(pair[0], &byte, 1, 0), 1); /* it is still there */
    assert_true(wsd_socket_is_silent(pair[0]));
    close(pair[1]);
    assert_false(wsd_socket_is_silent(pair[0]));
    close(pair[0]);
}

static void between__sockets_of_any_family__has_ports_or_not(void **state)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6,
                                   .sin6_addr = IN6ADDR_ANY_INIT};
    socklen_t size = sizeof(address);
    int listener = socket(AF_INET6, SOCK_STREAM, 0);
    int fd = socket(AF_INET6, SOCK_STREAM, 0), pair[2], port;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    assert_false(wsd_socket_is_between(pair[0], 0, 0));
    close(pair[0]);
    close(pair[1]);

    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) != 0)
        skip(); /* there is no IPv6 here */
    assert_int_equal(listen(listener, 1), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    address.sin6_addr = (struct in6_addr)IN6ADDR_LOOPBACK_INIT;
    if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0)
        skip();
    port = ntohs(address.sin6_port);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    assert_true(wsd_socket_is_between(fd, ntohs(address.sin6_port), port));
    assert_false(wsd_socket_is_between(fd, port, port));
    close(fd);
    close(listener);
}

static void between__its_own_ports__is(void **state)
{
    unsigned port;
    int listener = peer_listen(&port, 1), fd = connect_to(port);
    struct sockaddr_in address = {0};
    socklen_t size = sizeof(address);
    int own;

    (void)state;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    own = ntohs(address.sin_port);
    assert_true(wsd_socket_is_between(fd, own, (int)port));
    assert_false(wsd_socket_is_between(fd, (int)port, own));
    assert_false(wsd_socket_is_between(fd, own, own));
    assert_false(wsd_socket_is_between(listener, (int)port, own));
    assert_false(wsd_socket_is_between(-1, own, (int)port));
    close(fd);
    close(listener);
}

static void open__socket__is_closed_on_exec(void **state)
{
    int fd = wsd_socket_open(AF_INET, SOCK_STREAM, 0);

    (void)state;
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    assert_int_equal(wsd_socket_open(-1, SOCK_STREAM, 0), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(open__socket__is_closed_on_exec),
        cmocka_unit_test(acknowledged__read_by_the_other_end__is),
        cmocka_unit_test(acknowledged__written_behind_the_end__is_not),
        cmocka_unit_test(acknowledged__no_socket__is),
        cmocka_unit_test(between__its_own_ports__is),
        cmocka_unit_test(between__sockets_of_any_family__has_ports_or_not),
        cmocka_unit_test(silent__until_something_comes__is),
    };

    return cmocka_run_group_tests_name("socket", tests, NULL, NULL);
}
