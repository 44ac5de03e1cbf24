#include "connection.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "transfer.h"

/* Keeps a secret and hides it from ps, as curl does. */
static bool keep_secret(struct connection *connection, char *secret, size_t size,
                        char *value)
{
    size_t length = strlen(value);

    if (length >= size)
        return cli_misuse(connection->cli, "that secret is too long");
    memcpy(secret, value, length + 1);
    memset(value, ' ', length);
    return true;
}

/* NAME:PASSWORD; curl would ask for a password that is missing. */
static bool take_user(struct connection *connection, char *kept, size_t size, char *value,
                      const char **user, const char **password)
{
    char *colon;

    if (!keep_secret(connection, kept, size, value))
        return false;
    colon = strchr(kept, ':');
    if (colon == NULL)
        return cli_misuse(connection->cli, "NAME:PASSWORD is needed");
    *colon = '\0';
    *user = kept;
    *password = colon + 1;
    return true;
}

static bool take_timeout(struct connection *connection, int option, const char *value)
{
    wsd_client_options *options = &connection->options;
    uint64_t seconds;
    DWORD milliseconds;

    if (!cli_parse_number(value, 86400, &seconds))
        return cli_misuse(connection->cli, "a time is in seconds, 1 to 86400");
    milliseconds = (DWORD)(seconds * 1000);
    switch (option) {
    case CONNECTION_RESOLVE_TIMEOUT:
        options->resolve_timeout_ms = milliseconds;
        break;
    case CONNECTION_PRODUCER_TIMEOUT:
        options->producer_stall_timeout_ms = milliseconds;
        break;
    case CONNECTION_MAX_TIME:
        options->total_timeout_ms = milliseconds;
        break;
    default:
        transfer_set_timeout(options, seconds);
    }
    return true;
}

static bool take_tls_min(struct connection *connection, const char *value)
{
    if (strcmp(value, "1.2") != 0 && strcmp(value, "1.3") != 0)
        return cli_misuse(connection->cli, "--tls-min needs 1.2 or 1.3");
    connection->options.tls_version_min =
        strcmp(value, "1.2") == 0 ? WSD_TLS_1_2 : WSD_TLS_1_3;
    return true;
}

static bool take_header(struct connection *connection, const char *line)
{
    if (connection->header_count == WSD_MAX_HEADER_LINES)
        return cli_misuse(connection->cli, "too many header lines");
    connection->header_lines[connection->header_count++] = line;
    connection->options.header_lines = connection->header_lines;
    return true;
}

/* Whom to trust, and who we are. */
static bool take_identity(struct connection *connection, int option, char *value)
{
    wsd_client_options *options = &connection->options;

    switch (option) {
    case CONNECTION_CACERT:
        options->ca_file = value;
        return true;
    case CONNECTION_CAPATH:
        options->ca_folder = value;
        return true;
    case CONNECTION_CRLFILE:
        options->crl_file = value;
        return true;
    case CONNECTION_CERT:
        options->certificate_file = value;
        return true;
    case CONNECTION_KEY:
        options->key_file = value;
        return true;
    case CONNECTION_PASS:
        options->key_passphrase = connection->passphrase;
        return keep_secret(connection, connection->passphrase,
                           sizeof(connection->passphrase), value);
    case CONNECTION_PINNEDPUBKEY:
        options->pinned_key = value;
        return true;
    case CONNECTION_TLS_MIN:
        return take_tls_min(connection, value);
    case CONNECTION_INSECURE:
        options->accept_any_certificate = WSD_ACCEPT_ANY_CERTIFICATE;
        return true;
    case CONNECTION_USER:
        return take_user(connection, connection->user, sizeof(connection->user), value,
                         &options->user, &options->password);
    case CONNECTION_BASIC:
        options->authentication = WSD_AUTHENTICATION_BASIC;
        return true;
    case CONNECTION_AUTH_PROBE:
        options->authentication_probe = TRUE;
        return true;
    default: /* getopt has said what is wrong */
        return cli_misuse(connection->cli, NULL);
    }
}

bool connection_take_option(struct connection *connection, int option, char *value)
{
    wsd_client_options *options = &connection->options;

    switch (option) {
    case CONNECTION_CONTENT_LENGTH:
        options->content_length = TRUE;
        return true;
    case CONNECTION_TIMEOUT:
    case CONNECTION_RESOLVE_TIMEOUT:
    case CONNECTION_PRODUCER_TIMEOUT:
    case CONNECTION_MAX_TIME:
        return take_timeout(connection, option, value);
    case CONNECTION_PROXY:
        options->proxy = value;
        return true;
    case CONNECTION_PROXY_USER:
        return take_user(connection, connection->proxy_user,
                         sizeof(connection->proxy_user), value, &options->proxy_user,
                         &options->proxy_password);
    case CONNECTION_PROXY_BASIC:
        options->proxy_authentication = WSD_AUTHENTICATION_BASIC;
        return true;
    case CONNECTION_HEADER:
        return take_header(connection, value);
    case CONNECTION_FROM:
        options->from = value;
        return true;
    case CONNECTION_EXPECT:
        options->expect_continue = TRUE;
        return true;
    case CONNECTION_VERBOSE:
        options->log = cli_log;
        options->log_context = connection->cli;
        options->log_level = WSD_LOG_DEBUG;
        return true;
    case CONNECTION_QUIET:
        connection->cli->quiet = true;
        return true;
    case CONNECTION_HELP:
        fputs(connection->usage, stdout);
        exit(EXIT_SUCCESS);
    case CONNECTION_VERSION:
        printf("%s " WSD_VERSION "\n", connection->cli->program);
        exit(EXIT_SUCCESS);
    default:
        return take_identity(connection, option, value);
    }
}
