#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/peer.h"
#include "transport_curl/curl_sockets.h"

enum { MORE_THAN_ANY = 200 };

static uint16_t local_port(int fd)
{
    struct sockaddr_in address;
    socklen_t size = sizeof(address);

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static int connect_to(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((uint16_t)port);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    return fd;
}

static void socket__that_was_left__is_found_by_its_ports(void **state)
{
    struct wsd_curl_sockets sockets = {0};
    unsigned port;
    int listener = peer_listen(&port, 8);
    int fds[] = {connect_to(port), connect_to(port)};
    int ports[] = {local_port(fds[0]), local_port(fds[1])};

    (void)state;
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(wsd_curl_sockets_find(&sockets, ports[i], (int)port), -1);
    wsd_curl_sockets_leave(&sockets, fds[0]);
    assert_int_equal(wsd_curl_sockets_find(&sockets, ports[1], (int)port), -1);
    wsd_curl_sockets_leave(&sockets, fds[1]);
    for (int i = 0; i < 60; i++)
        wsd_curl_sockets_leave(&sockets, 10000 + i);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(wsd_curl_sockets_find(&sockets, ports[i], (int)port), fds[i]);
    for (int i = 0; i < MORE_THAN_ANY; i++) /* which takes no place of another */
        wsd_curl_sockets_leave(&sockets, fds[1]);
    assert_int_equal(wsd_curl_sockets_find(&sockets, ports[0], (int)port), fds[0]);
    close(fds[1]);
    assert_int_equal(wsd_curl_sockets_find(&sockets, ports[1], (int)port), -1);
    for (int i = 0; i < MORE_THAN_ANY; i++) /* the oldest goes */
        wsd_curl_sockets_leave(&sockets, 10000 + i);
    assert_int_equal(wsd_curl_sockets_find(&sockets, ports[0], (int)port), -1);
    close(fds[0]);
    close(listener);
}

static void end__of_a_socket_that_is_kept__is_there_to_read(void **state)
{
    struct wsd_curl_sockets sockets = {0};
    int kept[2], dropped[2];
    char byte;

    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, kept), 0);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, dropped), 0);
    for (int i = 0; i < MORE_THAN_ANY; i++) {
        wsd_curl_sockets_keep(&sockets, dropped[0]);
        wsd_curl_sockets_drop(&sockets, dropped[0]);
    }
    wsd_curl_sockets_keep(&sockets, dropped[0]);
    wsd_curl_sockets_keep(&sockets, kept[0]);
    wsd_curl_sockets_drop(&sockets, dropped[0]);
    for (int i = 0; i < MORE_THAN_ANY; i++) /* those for which there is no room */
        wsd_curl_sockets_keep(&sockets, -1);
    wsd_curl_sockets_shut(&sockets);
    assert_int_equal(recv(kept[0], &byte, 1, MSG_DONTWAIT), 0);
    assert_int_equal(recv(dropped[0], &byte, 1, MSG_DONTWAIT), -1);
    for (size_t i = 0; i < 2; i++) {
        close(kept[i]);
        close(dropped[i]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(socket__that_was_left__is_found_by_its_ports),
        cmocka_unit_test(end__of_a_socket_that_is_kept__is_there_to_read),
    };

    return cmocka_run_group_tests_name("curl_sockets", tests, NULL, NULL);
}
