#define COBJMACROS

#include "senders.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "wsd_attachment.h"
#include "wsd_error.h"

/* ---- One sender -------------------------------------------------------------------- */

static HRESULT sender_read(struct sender *self)
{
    ssize_t n;

    do
        n = read(self->file, self->block, sizeof(self->block));
    while (n < 0 && errno == EINTR);
    if (n < 0)
        self->error = strerror(errno);
    else if (n == 0 && self->left > 0)
        self->error = "the file became shorter";
    if (self->error != NULL) {
        IWSDOutboundAttachment_Release(self->attachment); /* the peer gets no end */
        self->attachment = NULL;
        return E_FAIL;
    }
    self->left -= n;
    self->size = (DWORD)n;
    self->done = 0;
    return S_OK;
}

static HRESULT sender_write(struct sender *self)
{
    DWORD written;
    HRESULT hr = IWSDOutboundAttachment_Write(self->attachment, self->block + self->done,
                                              self->size - self->done, &written);

    self->done += written;
    return hr;
}

HRESULT sender_step(struct sender *self)
{
    HRESULT hr;

    switch (self->phase) {
    case SENDER_READS:
        hr = sender_read(self);
        self->phase = SENDER_WRITES;
        break;
    case SENDER_WRITES:
        hr = sender_write(self);
        if (hr == S_OK && self->done == self->size) /* no bytes: the file's end */
            self->phase = self->size > 0 ? SENDER_READS : SENDER_CLOSES;
        break;
    case SENDER_CLOSES:
        hr = IWSDOutboundAttachment_Close(self->attachment);
        if (hr != S_OK)
            break;
        self->phase = SENDER_AWAITS;
        return S_FALSE;
    default:
        return S_FALSE;
    }
    if (FAILED(hr))
        self->phase = SENDER_AWAITS;
    return hr;
}

static HRESULT sender_start(struct sender *self, wsd_client *client, const char *url)
{
    static const char body[] = "<t:Upload xmlns:t=\"urn:example\"><t:data/></t:Upload>";
    struct stat status;
    HRESULT hr;

    self->file = open(self->path, O_RDONLY | O_CLOEXEC);
    if (self->file == -1 || fstat(self->file, &status) != 0)
        self->error = strerror(errno);
    else if (!S_ISREG(status.st_mode))
        self->error = "not a file";
    if (self->error != NULL)
        return E_FAIL;
    self->left = status.st_size;
    hr = wsd_outbound_message_create("urn:example/Upload", &self->message);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(self->message, body, sizeof(body) - 1);
    if (hr == S_OK)
        hr = WSDCreateOutboundAttachment(&self->attachment);
    if (hr == S_OK)
        hr = wsd_attachment_set_wait_budget((IWSDAttachment *)self->attachment, 0);
    if (hr == S_OK)
        hr = wsd_outbound_message_attach(self->message, "Upload/data", self->attachment,
                                         NULL);
    if (hr == S_OK)
        hr = wsd_client_send(client, url, self->message);
    return hr;
}

/* ---- All of them ------------------------------------------------------------------- */

static void senders_end(struct senders *self, struct sender *one, HRESULT hr)
{
    if (hr == S_OK) {
        printf("sent %s\n", one->path);
    } else {
        fprintf(stderr, "%s: not sent: %s: %s\n", self->program, one->path,
                one->error != NULL ? one->error : wsd_error_text(hr));
        self->failures++;
    }
    one->phase = SENDER_ENDED;
    self->open--;
}

void senders_take_answers(struct senders *self)
{
    for (size_t i = 0; i < self->count; i++) {
        struct sender *one = &self->each[i];
        wsd_inbound_message *reply = NULL;
        HRESULT hr;

        if (one->phase == SENDER_ENDED)
            continue;
        hr = wsd_client_receive(self->client, one->message, 0, &reply);
        if (hr != STG_S_BLOCK)
            senders_end(self, one, hr);
        wsd_inbound_message_release(reply);
    }
}

static int senders_print_usage(const struct senders *self, FILE *to, int status)
{
    fprintf(to,
            "Usage: %s [--timeout S] URL FILE...\n"
            "Sends each FILE to the device at URL, all at once and on one thread.\n"
            "\n"
            "  --timeout S  give up when the device does nothing for S seconds\n"
            "  --help, --version\n",
            self->program);
    return status;
}

static const char *senders_parse(struct senders *self, int argc, char **argv,
                                 wsd_client_options *options)
{
    static const struct option table[] = {{"timeout", required_argument, NULL, 't'},
                                          {"help", no_argument, NULL, 'h'},
                                          {"version", no_argument, NULL, 'v'},
                                          {NULL, 0, NULL, 0}};
    int option;

    while ((option = getopt_long(argc, argv, "", table, NULL)) != -1) {
        long seconds = option == 't' ? strtol(optarg, NULL, 10) : 0;

        if (option == 'h')
            exit(senders_print_usage(self, stdout, EXIT_SUCCESS));
        if (option == 'v')
            exit(printf("%s " WSD_VERSION "\n", self->program) < 0);
        if (seconds < 1 || seconds > 86400)
            exit(senders_print_usage(self, stderr, 2));
        options->connect_timeout_ms = (DWORD)seconds * 1000;
        options->peer_stall_timeout_ms = (DWORD)seconds * 1000;
        options->response_timeout_ms = (DWORD)seconds * 1000;
    }
    if (argc - optind < 2)
        exit(senders_print_usage(self, stderr, 2));
    self->count = (size_t)(argc - optind - 1);
    return argv[optind];
}

void senders_start(struct senders *self, const char *program, int argc, char **argv,
                   wsd_progress_callback progress, void *context)
{
    wsd_client_options options = WSD_CLIENT_OPTIONS_INIT;
    const char *url;
    HRESULT hr;

    memset(self, 0, sizeof(*self));
    self->program = program;
    url = senders_parse(self, argc, argv, &options);
    options.progress = progress;
    options.progress_context = context;
    hr = wsd_client_create(&options, &self->client);
    self->each = calloc(self->count, sizeof(*self->each));
    if (hr != S_OK || self->each == NULL) {
        fprintf(stderr, "%s: %s\n", self->program,
                wsd_error_text(hr != S_OK ? hr : E_OUTOFMEMORY));
        exit(EXIT_FAILURE);
    }
    self->open = self->count;
    for (size_t i = 0; i < self->count; i++) {
        self->each[i].path = argv[optind + 1 + (int)i];
        hr = sender_start(&self->each[i], self->client, url);
        if (hr != S_OK)
            senders_end(self, &self->each[i], hr);
    }
}

int senders_finish(struct senders *self)
{
    wsd_client_release(self->client); /* no callback comes any more */
    for (size_t i = 0; i < self->count; i++) {
        struct sender *one = &self->each[i];

        if (one->attachment != NULL)
            IWSDOutboundAttachment_Release(one->attachment);
        wsd_outbound_message_release(one->message);
        if (one->file != -1)
            close(one->file);
    }
    free(self->each);
    fprintf(stderr, "%lu wake-ups\n", self->wake_ups);
    return self->failures == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
