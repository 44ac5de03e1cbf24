#include "support/tls_client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/peer.h"

#define SUCCEED(call) assert_true((call) >= 0)

/* Pretends that what is behind the cut was sent. */
static ssize_t push(gnutls_transport_ptr_t context, const void *bytes, size_t size)
{
    struct tls_client *client = context;
    size_t left = client->cut - client->sent;
    ssize_t done = send(client->fd, bytes, size < left ? size : left, MSG_NOSIGNAL);

    if (done < 0) {
        gnutls_transport_set_errno(client->session, errno);
        return -1;
    }
    client->sent += (size_t)done;
    if (client->flight_count < sizeof(client->flights) / sizeof(client->flights[0]))
        client->flights[client->flight_count++] = client->sent;
    if (client->sent == client->cut && !client->silent)
        (void)shutdown(client->fd, SHUT_WR);
    return (ssize_t)size;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *buffer, size_t capacity)
{
    struct tls_client *client = context;
    ssize_t size = -1;

    errno = ECANCELED;
    if (client->sent < client->cut)
        size = recv(client->fd, buffer, capacity, 0);
    if (size < 0)
        gnutls_transport_set_errno(client->session, errno);
    return size;
}

static int connect_to(uint16_t port)
{
    const struct timeval patience = {PEER_PATIENCE_MS / 1000, 0};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    assert_true(fd >= 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    SUCCEED(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)));
    SUCCEED(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)));
    SUCCEED(connect(fd, (struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static void prepare_credentials(struct tls_client *client,
                                const struct certificates *certificates,
                                const char *shows)
{
    char pem[64], key[64], file[32];

    SUCCEED(gnutls_certificate_allocate_credentials(&client->credentials));
    SUCCEED(gnutls_certificate_set_x509_trust_file(
        client->credentials, certificates_path(certificates, "ca.pem", pem),
        GNUTLS_X509_FMT_PEM));
    if (shows == NULL)
        return;
    snprintf(file, sizeof(file), "%s.pem", shows);
    certificates_path(certificates, file, pem);
    snprintf(file, sizeof(file), "%s.key", shows);
    certificates_path(certificates, file, key);
    SUCCEED(gnutls_certificate_set_x509_key_file(client->credentials, pem, key,
                                                 GNUTLS_X509_FMT_PEM));
}

void tls_open(struct tls_client *client, uint16_t port,
              const struct certificates *certificates, const char *priorities,
              const char *shows)
{
    *client = (struct tls_client){.cut = SIZE_MAX, .fd = connect_to(port)};
    prepare_credentials(client, certificates, shows);
    /* Else it keeps a certificate to itself that the service would not know. */
    SUCCEED(gnutls_init(&client->session, GNUTLS_CLIENT | GNUTLS_FORCE_CLIENT_CERT));
    SUCCEED(gnutls_priority_set_direct(client->session,
                                       priorities != NULL ? priorities : "NORMAL", NULL));
    SUCCEED(gnutls_credentials_set(client->session, GNUTLS_CRD_CERTIFICATE,
                                   client->credentials));
    gnutls_session_set_verify_cert(client->session, "127.0.0.1", 0);
    gnutls_transport_set_ptr(client->session, client);
    gnutls_transport_set_push_function(client->session, push);
    gnutls_transport_set_pull_function(client->session, pull);
    gnutls_handshake_set_timeout(client->session, GNUTLS_INDEFINITE_TIMEOUT);
}

bool tls_shake_hands(struct tls_client *client)
{
    int result;

    do
        result = gnutls_handshake(client->session);
    while (result < 0 && gnutls_error_is_fatal(result) == 0);
    return result == GNUTLS_E_SUCCESS;
}

bool tls_send(struct tls_client *client, const void *bytes, size_t size, size_t most)
{
    const char *at = bytes;

    while (size > 0) {
        ssize_t sent = gnutls_record_send(client->session, at, size < most ? size : most);

        if (sent < 0)
            return false;
        at += sent;
        size -= (size_t)sent;
    }
    return true;
}

char *tls_receive(struct tls_client *client, size_t *size)
{
    size_t capacity = 0;
    char *bytes = NULL;
    ssize_t got;

    *size = 0;
    do {
        if (capacity - *size < 65536) {
            capacity = 2 * capacity + 65536;
            bytes = realloc(bytes, capacity + 1);
            assert_non_null(bytes);
        }
        got = gnutls_record_recv(client->session, bytes + *size, capacity - *size);
        *size += got > 0 ? (size_t)got : 0;
    } while (got > 0 || (got < 0 && gnutls_error_is_fatal((int)got) == 0));
    bytes[*size] = '\0';
    return bytes;
}

void tls_await_end(struct tls_client *client)
{
    char buffer[4096];
    ssize_t size;

    do
        size = recv(client->fd, buffer, sizeof(buffer), 0);
    while (size > 0);
    assert_true(size == 0 || errno == ECONNRESET);
}

void tls_close(struct tls_client *client)
{
    gnutls_deinit(client->session);
    gnutls_certificate_free_credentials(client->credentials);
    close(client->fd);
}
