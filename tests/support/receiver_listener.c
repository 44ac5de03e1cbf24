#include "receiver_listener.h"

#include <arpa/inet.h>
#include <limits.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>

#include "receiver_http.h"

int receiver_listen(int *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)*port)};
    socklen_t length = sizeof(address);
    const int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener == -1 ||
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(listener, (struct sockaddr *)&address, length) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) != 0)
        receiver_die("cannot listen on", "127.0.0.1");
    *port = ntohs(address.sin_port);
    return listener;
}

void receiver_write_port_file(const char *name, int port)
{
    char path[PATH_MAX];
    FILE *file;

    snprintf(path, sizeof(path), "%s.part", name);
    file = fopen(path, "w");
    if (file == NULL || fprintf(file, "%d\n", port) < 0 || fclose(file) != 0 ||
        rename(path, name) != 0)
        receiver_die("cannot write", name);
}
