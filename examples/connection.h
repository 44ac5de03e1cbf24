/*
 * connection -- what the command lines of the example clients share: how a device is
 * reached, and what is said meanwhile.  The names are curl's where it has them.
 */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "cli.h"
#include "wsd_client.h"

#ifdef __cplusplus
extern "C" {
#endif

struct connection {
    struct cli *cli;            /* set it, */
    const char *usage;          /* what --help prints, */
    wsd_client_options options; /* and begin with WSD_CLIENT_OPTIONS_INIT */
    const char *header_lines[WSD_MAX_HEADER_LINES + 1];
    size_t header_count;
    char passphrase[256], user[512], proxy_user[512]; /* the last two: NAME\0PASSWORD */
};

/* The end of the program's table for getopt_long(), and of what --help prints. */
#define CONNECTION_OPTIONS                                                               \
    {"content-length", no_argument, NULL, CONNECTION_CONTENT_LENGTH},                    \
        {"timeout", required_argument, NULL, CONNECTION_TIMEOUT},                        \
        {"resolve-timeout", required_argument, NULL, CONNECTION_RESOLVE_TIMEOUT},        \
        {"producer-timeout", required_argument, NULL, CONNECTION_PRODUCER_TIMEOUT},      \
        {"max-time", required_argument, NULL, CONNECTION_MAX_TIME},                      \
        {"cacert", required_argument, NULL, CONNECTION_CACERT},                          \
        {"capath", required_argument, NULL, CONNECTION_CAPATH},                          \
        {"crlfile", required_argument, NULL, CONNECTION_CRLFILE},                        \
        {"cert", required_argument, NULL, CONNECTION_CERT},                              \
        {"key", required_argument, NULL, CONNECTION_KEY},                                \
        {"pass", required_argument, NULL, CONNECTION_PASS},                              \
        {"pinnedpubkey", required_argument, NULL, CONNECTION_PINNEDPUBKEY},              \
        {"tls-min", required_argument, NULL, CONNECTION_TLS_MIN},                        \
        {"insecure", no_argument, NULL, CONNECTION_INSECURE},                            \
        {"user", required_argument, NULL, CONNECTION_USER},                              \
        {"basic", no_argument, NULL, CONNECTION_BASIC},                                  \
        {"auth-probe", no_argument, NULL, CONNECTION_AUTH_PROBE},                        \
        {"proxy", required_argument, NULL, CONNECTION_PROXY},                            \
        {"proxy-user", required_argument, NULL, CONNECTION_PROXY_USER},                  \
        {"proxy-basic", no_argument, NULL, CONNECTION_PROXY_BASIC},                      \
        {"header", required_argument, NULL, CONNECTION_HEADER},                          \
        {"from", required_argument, NULL, CONNECTION_FROM},                              \
        {"expect", no_argument, NULL, CONNECTION_EXPECT},                                \
        {"verbose", no_argument, NULL, CONNECTION_VERBOSE},                              \
        {"quiet", no_argument, NULL, CONNECTION_QUIET},                                  \
        {"help", no_argument, NULL, CONNECTION_HELP},                                    \
        {"version", no_argument, NULL, CONNECTION_VERSION},                              \
    {                                                                                    \
        NULL, 0, NULL, 0                                                                 \
    }
#define CONNECTION_USAGE                                                                 \
    "  --content-length\n"                                                               \
    "                  say beforehand how long each FILE is, for devices that know no\n" \
    "                  chunks\n"                                                         \
    "  --timeout S     give up when the device takes no data, or gives no answer, for\n" \
    "                  S seconds; default: 120, and 90 for the answer\n"                 \
    "  --resolve-timeout S, --producer-timeout S, --max-time S\n"                        \
    "                  give up when there is no address for the device's name\n"         \
    "                  (default: 30), when there is nothing to send, or in all,\n"       \
    "                  after S seconds\n"                                                \
    "  --cacert FILE, --capath DIR\n"                                                    \
    "                  the authorities to trust, in PEM, instead of the system's\n"      \
    "  --crlfile FILE  certificates that were revoked, in PEM\n"                         \
    "  --cert FILE, --key FILE, --pass PHRASE\n"                                         \
    "                  our certificate, its key and what that is encrypted with\n"       \
    "  --pinnedpubkey HASH\n"                                                            \
    "                  the device's key: sha256// and its hash in base64\n"              \
    "  --tls-min V     the lowest version of TLS: 1.2, the default, or 1.3\n"            \
    "  --insecure      take anybody for the device\n"                                    \
    "  --user NAME:PASSWORD, --basic\n"                                                  \
    "                  who we are, for devices that ask by Digest, or over HTTPS by\n"   \
    "                  Basic; --basic: say it without being asked, also in the clear\n"  \
    "  --auth-probe    ask with an empty request before a document is sent\n"            \
    "  --proxy URL, --proxy-user NAME:PASSWORD, --proxy-basic\n"                         \
    "                  the HTTP proxy, and who we are for it; default: none\n"           \
    "  --header LINE   send 'Name: value' with each request; may be given many times\n"  \
    "  --from URI      wsa:From of each message\n"                                       \
    "  --expect        ask the device first whether it wants the document\n"             \
    "  -v, --verbose   print the log\n"                                                  \
    "  --quiet         no progress\n"                                                    \
    "  --help, --version\n"                                                              \
    "Secrets are hidden from ps as soon as the program has started, not before.\n"

/* Beyond every character, so that a program can number its own options from 1. */
enum {
    CONNECTION_CONTENT_LENGTH = 256,
    CONNECTION_TIMEOUT,
    CONNECTION_RESOLVE_TIMEOUT,
    CONNECTION_PRODUCER_TIMEOUT,
    CONNECTION_MAX_TIME,
    CONNECTION_CACERT,
    CONNECTION_CAPATH,
    CONNECTION_CRLFILE,
    CONNECTION_CERT,
    CONNECTION_KEY,
    CONNECTION_PASS,
    CONNECTION_PINNEDPUBKEY,
    CONNECTION_TLS_MIN,
    CONNECTION_INSECURE,
    CONNECTION_USER,
    CONNECTION_BASIC,
    CONNECTION_AUTH_PROBE,
    CONNECTION_PROXY,
    CONNECTION_PROXY_USER,
    CONNECTION_PROXY_BASIC,
    CONNECTION_HEADER,
    CONNECTION_FROM,
    CONNECTION_EXPECT,
    CONNECTION_QUIET,
    CONNECTION_HELP,
    CONNECTION_VERSION,
    CONNECTION_VERBOSE = 'v'
};

/* Takes what getopt_long() has found.  False, with a message, when it is none of these
 * or has a wrong value; --help and --version end the program.  `connection` must not move
 * afterwards. */
bool connection_take_option(struct connection *connection, int option, char *value);

#ifdef __cplusplus
}
#endif
#endif
