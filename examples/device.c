#include "device.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "wsd_error.h"

#define DRAIN_MS 2000

/* ---- Options ----------------------------------------------------------------------- */

static bool take_port(struct device *device, const char *value)
{
    uint64_t port;

    if (!cli_parse_number(value, UINT16_MAX, &port) && strcmp(value, "0") != 0)
        return cli_misuse(&device->cli, "that port is not allowed");
    device->options.port = (uint16_t)port;
    return true;
}

bool device_take_option(struct device *device, int option, char *value)
{
    switch (option) {
    case DEVICE_ADDRESS:
        device->options.address = value;
        return true;
    case DEVICE_PORT:
        return take_port(device, value);
    case DEVICE_PORT_FILE:
        device->port_file = value;
        return true;
    case DEVICE_TLS_CERT:
        device->options.tls_certificate_file = value;
        return true;
    case DEVICE_TLS_KEY:
        device->options.tls_key_file = value;
        return true;
    case DEVICE_VERBOSE:
        device->options.log_level = WSD_LOG_DEBUG;
        return true;
    case DEVICE_QUIET:
        device->cli.quiet = true;
        return true;
    case DEVICE_HELP:
        fputs(device->usage, stdout);
        exit(EXIT_SUCCESS);
    case DEVICE_VERSION:
        printf("%s " WSD_VERSION "\n", device->cli.program);
        exit(EXIT_SUCCESS);
    default: /* getopt has said what is wrong */
        return cli_misuse(&device->cli, NULL);
    }
}

/* ---- Lines ------------------------------------------------------------------------- */

void device_say(const struct device *device, const char *format, ...)
{
    va_list arguments;

    if (device->cli.quiet)
        return;
    va_start(arguments, format);
    flockfile(stdout); /* no other thread's line gets into this one */
    vprintf(format, arguments);
    putchar('\n');
    fflush(stdout);
    funlockfile(stdout);
    va_end(arguments);
}

/* ---- Life -------------------------------------------------------------------------- */

/* Under its name the file is whole at any time. */
static bool write_port_file(const struct device *device, unsigned port)
{
    size_t size = strlen(device->port_file) + sizeof(".part");
    char *part = malloc(size);
    FILE *file = NULL;
    bool ok = false;

    if (part != NULL) {
        snprintf(part, size, "%s.part", device->port_file);
        file = fopen(part, "w");
    }
    if (file != NULL) {
        ok = fprintf(file, "%u\n", port) > 0;
        ok = fclose(file) == 0 && ok && rename(part, device->port_file) == 0;
    }
    if (!ok)
        fprintf(stderr, "%s: cannot write %s: %s\n", device->cli.program,
                device->port_file, strerror(errno));
    free(part);
    return ok;
}

static const char *address_of(const struct device *device)
{
    return device->options.address != NULL ? device->options.address : "127.0.0.1";
}

static bool announce(const struct device *device, unsigned port)
{
    const wsd_service_options *options = &device->options;
    const char *address = address_of(device);
    bool is_ipv6 = strchr(address, ':') != NULL;

    if (device->port_file != NULL && !write_port_file(device, port))
        return false;
    printf("READY %s://%s%s%s:%u%s\n",
           options->tls_certificate_file != NULL ? "https" : "http", is_ipv6 ? "[" : "",
           address, is_ipv6 ? "]" : "", port, device->path);
    return cli_flush(&device->cli);
}

static void fill_signals(sigset_t *signals)
{
    sigemptyset(signals);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGTERM);
}

static HRESULT start(struct device *device, const struct device_operation *operations,
                     size_t count, void *context, wsd_service **service)
{
    HRESULT hr;

    device->options.log = device->cli.quiet ? NULL : cli_log;
    device->options.log_context = &device->cli;
    hr = wsd_service_create(&device->options, service);
    for (size_t i = 0; hr == S_OK && i < count; i++)
        hr = wsd_service_handle(*service, device->path, operations[i].action,
                                operations[i].handler, context);
    return hr == S_OK ? wsd_service_start(*service) : hr;
}

static void print_failure(struct device *device, HRESULT hr)
{
    char what[128], text[256];

    snprintf(what, sizeof(what), "cannot listen on %s, port %u", address_of(device),
             device->options.port);
    snprintf(text, sizeof(text), "%s (%s, 0x%08X)", wsd_error_text(hr),
             wsd_error_name(hr), (unsigned)hr);
    cli_print_error(&device->cli, what, text);
}

int device_run(struct device *device, const struct device_operation *operations,
               size_t count, void *context)
{
    wsd_service *service = NULL;
    bool announced = false;
    sigset_t signals;
    int signal_number;
    HRESULT hr;

    if ((device->options.tls_certificate_file == NULL) !=
        (device->options.tls_key_file == NULL)) {
        cli_misuse(&device->cli, "--tls-cert and --tls-key go together");
        return 2;
    }
    fill_signals(&signals);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* threads inherit it */
    hr = start(device, operations, count, context, &service);
    if (hr != S_OK)
        print_failure(device, hr);
    else
        announced = announce(device, wsd_service_port(service));
    if (announced)
        sigwait(&signals, &signal_number);
    if (announced && wsd_service_stop(service, DRAIN_MS) == S_FALSE)
        cli_remark(&device->cli, "some requests were cut");
    wsd_service_release(service);
    return announced ? EXIT_SUCCESS : EXIT_FAILURE;
}

/* ---- Replies ----------------------------------------------------------------------- */

HRESULT device_body_begin(struct device_body *body)
{
    body->xml = NULL;
    body->to = open_memstream(&body->xml, &body->length);
    return body->to != NULL ? S_OK : E_OUTOFMEMORY;
}

HRESULT device_body_end(struct device_body *body, wsd_outbound_message *reply)
{
    HRESULT hr = S_OK;

    if (fclose(body->to) != 0)
        hr = E_OUTOFMEMORY;
    else if (reply != NULL)
        hr = wsd_outbound_message_set_body(reply, body->xml, body->length);
    free(body->xml);
    return hr;
}

void device_put(FILE *to, const char *name, const char *text)
{
    fprintf(to, "<%s>", name);
    escape_xml(to, text);
    fprintf(to, "</%s>", name);
}

HRESULT device_fault(wsd_outbound_message *reply, const char *code,
                     const char *subcode_namespace, const char *subcode,
                     const char *reason, const char *detail)
{
    const wsd_fault fault = {code, subcode, subcode_namespace, reason, detail};

    return wsd_outbound_message_set_fault(reply, &fault);
}
