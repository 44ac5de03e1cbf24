/* socket -- what the system knows of a connection. */
#ifndef WSD_OS_SOCKET_H
#define WSD_OS_SOCKET_H

#include <stdbool.h>

/* As socket(), but closed by exec: by a fork() at the same time too, where the system has
 * that. */
int wsd_socket_open(int domain, int type, int protocol);

/* Has the other end acknowledged every byte that was written?  Where the system does not
 * say, it has. */
bool wsd_socket_is_acknowledged(int fd);

/* Is it a TCP connection between these two ports? */
bool wsd_socket_is_between(int fd, int local_port, int peer_port);

/* Has nothing come that was not read, and no end?  For a socket that does not block. */
bool wsd_socket_is_silent(int fd);

#endif
