#include "support/tls_peer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmocka.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>

#define SUCCEED(call) assert_true((call) >= 0)

struct tls_peer {
    struct tls_peer_options options;
    gnutls_certificate_credentials_t credentials;
    int listener;
    int stopper[2]; /* a pipe that tls_peer_stop() closes */
    struct sockaddr_in behind;
    bool has_behind;
    char url[64];
    pthread_t thread;
    atomic_size_t sent, received;

    /* of the connection */
    gnutls_session_t session;
    gnutls_typed_vdata_st purpose; /* of the client's certificate */
    int fd;
    size_t sent_before; /* on earlier ones */
};

/* Pretends that what is behind the cut was sent. */
static ssize_t push(gnutls_transport_ptr_t context, const void *bytes, size_t size)
{
    struct tls_peer *peer = context;
    size_t on_this = atomic_load(&peer->sent) - peer->sent_before;
    size_t left = peer->options.cut == 0 ? size : peer->options.cut - on_this;
    ssize_t done = send(peer->fd, bytes, size < left ? size : left, MSG_NOSIGNAL);

    if (done < 0) {
        gnutls_transport_set_errno(peer->session, errno);
        return -1;
    }
    atomic_fetch_add(&peer->sent, (size_t)done);
    if (peer->options.cut != 0 && on_this + (size_t)done == peer->options.cut)
        (void)shutdown(peer->fd, SHUT_WR);
    return (ssize_t)size;
}

static ssize_t pull(gnutls_transport_ptr_t context, void *buffer, size_t capacity)
{
    struct tls_peer *peer = context;
    ssize_t size = recv(peer->fd, buffer, capacity, 0);

    if (size < 0)
        gnutls_transport_set_errno(peer->session, errno);
    return size;
}

static void set_patience(int fd)
{
    const struct timeval patience = {PEER_PATIENCE_MS / 1000, 0};

    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
}

static bool send_all(int fd, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t done = send(fd, bytes, size, MSG_NOSIGNAL);

        if (done <= 0)
            return false;
        bytes += done;
        size -= (size_t)done;
    }
    return true;
}

/* The head of CONNECT, and the answer.  Does a tunnel begin? */
static bool answer_connect(struct tls_peer *peer)
{
    const char *answer = peer->options.connect;
    unsigned matched = 0;
    char byte;

    while (matched < 4) {
        if (recv(peer->fd, &byte, 1, 0) != 1)
            return false;
        matched = byte == "\r\n\r\n"[matched] ? matched + 1 : byte == '\r';
    }
    return send_all(peer->fd, answer, strlen(answer)) && strstr(answer, " 200 ") != NULL;
}

static bool shake_hands(struct tls_peer *peer)
{
    int result;

    do
        result = gnutls_handshake(peer->session);
    while (result < 0 && gnutls_error_is_fatal(result) == 0);
    /* Else the client would see a connection that ends, and not why. */
    if (result < 0)
        gnutls_alert_send_appropriate(peer->session, result);
    return result == GNUTLS_E_SUCCESS;
}

static bool pass_in(struct tls_peer *peer, int behind)
{
    char bytes[16384];
    ssize_t size = gnutls_record_recv(peer->session, bytes, sizeof(bytes));

    if (size < 0 && gnutls_error_is_fatal((int)size) == 0)
        return true;
    if (size <= 0) {
        shutdown(behind, SHUT_WR);
        return false;
    }
    atomic_fetch_add(&peer->received, (size_t)size);
    if (peer->options.renews_keys)
        gnutls_session_key_update(peer->session, 0);
    return send_all(behind, bytes, (size_t)size);
}

static bool pass_out(struct tls_peer *peer, int behind)
{
    char bytes[16384];
    ssize_t size = recv(behind, bytes, sizeof(bytes), 0);

    for (ssize_t done = 0; done < size;) {
        size_t piece = peer->options.sends_tiny_records ? 1 : (size_t)(size - done);
        ssize_t sent = gnutls_record_send(peer->session, bytes + done, piece);

        if (sent < 0 && gnutls_error_is_fatal((int)sent) != 0)
            return false;
        if (sent > 0)
            done += sent;
    }
    if (size <= 0 && !peer->options.says_no_goodbye)
        gnutls_bye(peer->session, GNUTLS_SHUT_WR);
    return size > 0;
}

static void relay(struct tls_peer *peer)
{
    int behind = socket(AF_INET, SOCK_STREAM, 0);
    struct pollfd items[] = {{peer->fd, POLLIN, 0}, {behind, POLLIN, 0}};
    bool goes_on = connect(behind, (const struct sockaddr *)&peer->behind,
                           sizeof(peer->behind)) == 0;

    set_patience(behind);
    while (goes_on) {
        bool is_pending = gnutls_record_check_pending(peer->session) > 0;

        if (!is_pending && poll(items, 2, PEER_PATIENCE_MS) <= 0)
            break;
        if (is_pending || items[0].revents != 0)
            goes_on = pass_in(peer, behind);
        if (goes_on && items[1].revents != 0)
            goes_on = pass_out(peer, behind);
        items[0].revents = items[1].revents = 0;
    }
    close(behind);
}

static void serve(struct tls_peer *peer)
{
    const char *priorities = peer->options.priorities;

    set_patience(peer->fd);
    peer->sent_before = atomic_load(&peer->sent);
    if (peer->options.connect != NULL && !answer_connect(peer))
        return;
    gnutls_init(&peer->session, GNUTLS_SERVER);
    gnutls_priority_set_direct(peer->session, priorities != NULL ? priorities : "NORMAL",
                               NULL);
    gnutls_credentials_set(peer->session, GNUTLS_CRD_CERTIFICATE, peer->credentials);
    if (peer->options.wants_certificate) {
        gnutls_certificate_server_set_request(peer->session, GNUTLS_CERT_REQUIRE);
        gnutls_session_set_verify_cert2(peer->session, &peer->purpose, 1, 0);
    }
    gnutls_transport_set_ptr(peer->session, peer);
    gnutls_transport_set_push_function(peer->session, push);
    gnutls_transport_set_pull_function(peer->session, pull);
    if (shake_hands(peer) && peer->has_behind)
        relay(peer);
    gnutls_deinit(peer->session);
}

/* A close with bytes unread would reset the connection, and take the alert with it. */
static void close_gently(int fd)
{
    char bytes[4096];

    shutdown(fd, SHUT_WR);
    while (recv(fd, bytes, sizeof(bytes), 0) > 0) {
    }
    close(fd);
}

static void *run(void *argument)
{
    struct tls_peer *peer = argument;

    for (;;) {
        struct pollfd items[] = {{peer->listener, POLLIN, 0},
                                 {peer->stopper[0], POLLIN, 0}};

        if (poll(items, 2, -1) < 0 || items[1].revents != 0)
            return NULL;
        peer->fd = accept(peer->listener, NULL, NULL);
        if (peer->fd < 0)
            continue;
        serve(peer);
        close_gently(peer->fd);
    }
}

static void prepare_credentials(struct tls_peer *peer)
{
    const struct certificates *certificates = peer->options.certificates;
    char pem[64], key[64], file[32];

    SUCCEED(gnutls_certificate_allocate_credentials(&peer->credentials));
    SUCCEED(gnutls_certificate_set_x509_trust_file(
        peer->credentials, certificates_path(certificates, "ca.pem", pem),
        GNUTLS_X509_FMT_PEM));
    snprintf(file, sizeof(file), "%s.pem", peer->options.shows);
    certificates_path(certificates, file, pem);
    snprintf(file, sizeof(file), "%s.key", peer->options.shows);
    certificates_path(certificates, file, key);
    SUCCEED(gnutls_certificate_set_x509_key_file(peer->credentials, pem, key,
                                                 GNUTLS_X509_FMT_PEM));
}

struct tls_peer *tls_peer_start(const struct tls_peer_options *options,
                                const struct peer *behind)
{
    struct tls_peer *peer = calloc(1, sizeof(*peer));
    struct sockaddr_in address = {.sin_family = AF_INET};
    socklen_t size = sizeof(address);

    assert_non_null(peer);
    peer->options = *options;
    peer->purpose = (gnutls_typed_vdata_st){GNUTLS_DT_KEY_PURPOSE_OID,
                                            (unsigned char *)GNUTLS_KP_TLS_WWW_CLIENT, 0};
    prepare_credentials(peer);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    peer->behind = address;
    peer->has_behind = behind != NULL;
    if (behind != NULL) {
        unsigned port = 0;

        assert_int_equal(sscanf(peer_url(behind), "http://127.0.0.1:%u/", &port), 1);
        peer->behind.sin_port = htons((uint16_t)port);
    }
    peer->listener = socket(AF_INET, SOCK_STREAM, 0);
    SUCCEED(bind(peer->listener, (struct sockaddr *)&address, size));
    SUCCEED(listen(peer->listener, 16));
    SUCCEED(getsockname(peer->listener, (struct sockaddr *)&address, &size));
    snprintf(peer->url, sizeof(peer->url), "https://127.0.0.1:%u/service",
             (unsigned)ntohs(address.sin_port));
    SUCCEED(pipe(peer->stopper));
    assert_int_equal(pthread_create(&peer->thread, NULL, run, peer), 0);
    return peer;
}

const char *tls_peer_url(const struct tls_peer *peer)
{
    return peer->url;
}

size_t tls_peer_sent(struct tls_peer *peer)
{
    return atomic_load(&peer->sent);
}

size_t tls_peer_received(struct tls_peer *peer)
{
    return atomic_load(&peer->received);
}

void tls_peer_stop(struct tls_peer *peer)
{
    close(peer->stopper[1]);
    pthread_join(peer->thread, NULL);
    close(peer->stopper[0]);
    close(peer->listener);
    gnutls_certificate_free_credentials(peer->credentials);
    free(peer);
}
