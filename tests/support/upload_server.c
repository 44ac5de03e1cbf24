/* The other end of wsd-upload: an HTTP or FTP server that behaves as it is told, and ends
 * when its client has gone.
 * Usage: upload_server http PORT_FILE RECEIVED REPLY...
 *            answers one request with each REPLY, on new connections; keeps all in
 * RECEIVED upload_server ftp PORT_FILE RECEIVED [AT=REPLY] replies otherwise than usual,
 * once; AT: a command, or (final) for the upload; keeps the upload in RECEIVED, and
 * prints the dialogue */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "support/ftp_peer.h"
#include "support/peer.h"

#define MAX_REPLIES 8

static void save(const char *name, const void *bytes, size_t size)
{
    FILE *file = fopen(name, "wb");

    if (file == NULL || fwrite(bytes, 1, size, file) != size || fclose(file) != 0)
        abort();
}

static void say_ready(const char *scheme, uint16_t port)
{
    printf("READY %s://127.0.0.1:%u\n", scheme, port);
    fflush(stdout);
}

static void serve_http(const char *received, char **replies, size_t count)
{
    struct peer_step steps[3 * MAX_REPLIES];
    struct peer *peer;
    size_t size;

    for (size_t i = 0; i < count; i++) {
        steps[3 * i] = (struct peer_step){.what = PEER_ACCEPT};
        steps[3 * i + 1] = (struct peer_step){.what = PEER_READ_MESSAGE};
        steps[3 * i + 2] = (struct peer_step){.what = PEER_SEND, .text = replies[i]};
    }
    peer = peer_start(steps, 3 * count);
    say_ready("http", peer_port(peer));
    peer_finish(peer, &size);
    save(received, peer_finish(peer, NULL), size);
    peer_stop(peer);
}

static void serve_ftp(const char *received, char *rule)
{
    struct ftp_rule rules[1] = {{.at = ""}};
    struct ftp_peer *peer;
    size_t size;

    if (rule != NULL) {
        rules[0].at = rule;
        rules[0].reply = strchr(rule, '=') + 1;
        *strchr(rule, '=') = '\0';
    }
    peer = FTP_PEER_START(rules);
    say_ready("ftp", ftp_peer_port(peer));
    ftp_peer_await(peer, "(connected)");
    ftp_peer_finish(peer);
    fputs(ftp_peer_dialogue(peer), stdout);
    ftp_peer_data(peer, &size);
    save(received, ftp_peer_data(peer, &size), size);
    ftp_peer_stop(peer);
}

int main(int argc, char **argv)
{
    if (argc >= 4 && argc < 4 + MAX_REPLIES && strcmp(argv[1], "http") == 0)
        serve_http(argv[2], argv + 3, (size_t)argc - 3);
    else if (argc >= 3 && strcmp(argv[1], "ftp") == 0)
        serve_ftp(argv[2], argc > 3 ? argv[3] : NULL);
    else
        return 2;
    return EXIT_SUCCESS;
}
