/*
 * ref_curl -- libcurl without us, as a program would use it.
 *
 *   ref_curl put       a read callback, from memory
 *   ref_curl mime      its MIME API, from memory by a callback
 *   ref_curl streams   many read callbacks at once, by curl_multi_socket_action
 *   ref_curl get       a write callback, into memory */
#include <curl/curl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "os/poller.h"
#include "package.h"

struct upload {
    const struct bench_options *options;
    CURL *easy;
    uint64_t position;
};

static size_t give(char *buffer, size_t size, size_t count, void *argument)
{
    struct upload *upload = argument;
    uint64_t left = upload->options->size - upload->position;
    size_t n = size * count < BENCH_SPAN ? size * count : BENCH_SPAN;

    if (upload->options->streams > 1 && n > upload->options->write)
        n = upload->options->write;
    if (n > left)
        n = (size_t)left;
    memcpy(buffer, bench_document(upload->position), n);
    upload->position += n;
    return n;
}

/* Its MIME API goes back to the beginning before each message. */
static int go_back(void *argument, curl_off_t offset, int origin)
{
    struct upload *upload = argument;

    (void)origin;
    upload->position = (uint64_t)offset;
    return CURL_SEEKFUNC_OK;
}

static size_t take(char *bytes, size_t size, size_t count, void *argument)
{
    static char memory[65536]; /* as an application's buffer that is used again */
    uint64_t *body = argument;

    for (size_t done = 0; done < size * count; done += sizeof(memory)) {
        size_t left = size * count - done;

        memcpy(memory, bytes + done, left < sizeof(memory) ? left : sizeof(memory));
    }
    *body += size * count;
    return size * count;
}

static CURL *make(const struct bench_options *options, struct curl_slist *headers,
                  uint64_t *body)
{
    CURL *easy = curl_easy_init();
    char url[512];

    snprintf(url, sizeof(url), "http%s://127.0.0.1:%u%s",
             options->ca_file != NULL ? "s" : "", options->port, options->path);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_POST, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, body);
    if (options->buffer > 0)
        curl_easy_setopt(easy, CURLOPT_UPLOAD_BUFFERSIZE, options->buffer);
    if (options->ca_file != NULL)
        curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file);
    return easy;
}

static void set_read(struct upload *upload)
{
    curl_easy_setopt(upload->easy, CURLOPT_READFUNCTION, give);
    curl_easy_setopt(upload->easy, CURLOPT_READDATA, upload);
    if (upload->options->length)
        curl_easy_setopt(upload->easy, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)upload->options->size);
}

static void set_mime(struct upload *upload)
{
    curl_mime *mime = curl_mime_init(upload->easy);
    curl_mimepart *part = curl_mime_addpart(mime);

    curl_mime_data(part, "<Envelope/>", CURL_ZERO_TERMINATED);
    curl_mime_type(part, "application/xop+xml");
    part = curl_mime_addpart(mime);
    curl_mime_type(part, "application/octet-stream");
    curl_mime_data_cb(part,
                      upload->options->length ? (curl_off_t)upload->options->size : -1,
                      give, go_back, NULL, upload);
    curl_easy_setopt(upload->easy, CURLOPT_MIMEPOST, mime);
}

static struct curl_slist *header_lines(const struct bench_options *options)
{
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    if (!options->length)
        headers = curl_slist_append(headers, "Transfer-Encoding: chunked");
    return curl_slist_append(headers, "Content-Type: application/octet-stream");
}

static void put(const struct bench_options *options, void (*set_body)(struct upload *))
{
    struct curl_slist *headers = header_lines(options);
    double *times = calloc(options->messages, sizeof(*times));
    uint64_t body = 0;
    struct upload upload = {.options = options, .easy = make(options, headers, &body)};
    struct bench_run run;

    set_body(&upload);
    bench_begin(&run);
    for (unsigned i = 0; i < options->messages; i++) {
        double began = bench_now();

        upload.position = 0;
        if (curl_easy_perform(upload.easy) != CURLE_OK)
            bench_die("curl_easy_perform");
        times[i] = bench_now() - began;
    }
    bench_report(&run);
    bench_report_times("", times, options->messages);
    printf("}\n");
    curl_easy_cleanup(upload.easy);
    curl_slist_free_all(headers);
    free(times);
}

static void get(const struct bench_options *options)
{
    struct curl_slist *headers =
        curl_slist_append(NULL, "Content-Type: application/soap+xml");
    uint64_t body = 0;
    CURL *easy = make(options, headers, &body);
    struct bench_run run;

    curl_easy_setopt(easy, CURLOPT_POSTFIELDS, "<Envelope/>");
    bench_begin(&run);
    if (curl_easy_perform(easy) != CURLE_OK)
        bench_die("curl_easy_perform");
    bench_report(&run);
    printf(", \"body\": %" PRIu64 "}\n", body);
    curl_easy_cleanup(easy);
    curl_slist_free_all(headers);
}

/* ---- Many at once ---- */

struct loop {
    struct wsd_poller *poller;
    CURLM *multi;
    double timer; /* when, or negative */
};

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *context, void *unused)
{
    struct loop *loop = context;
    unsigned watch = 0;

    (void)easy;
    (void)unused;
    if (what != CURL_POLL_REMOVE && (what & CURL_POLL_IN))
        watch |= WSD_POLLER_IN;
    if (what != CURL_POLL_REMOVE && (what & CURL_POLL_OUT))
        watch |= WSD_POLLER_OUT;
    wsd_poller_watch(loop->poller, fd, watch);
    return 0;
}

static int on_timer(CURLM *multi, long timeout_ms, void *context)
{
    struct loop *loop = context;

    (void)multi;
    loop->timer = timeout_ms < 0 ? -1 : bench_now() + (double)timeout_ms / 1e3;
    return 0;
}

static void turn(struct loop *loop, int *running)
{
    struct wsd_poller_event events[64];
    double wait = loop->timer < 0 ? 1 : loop->timer - bench_now();
    size_t count =
        wsd_poller_wait(loop->poller, events, 64, wait <= 0 ? 0 : (int)(wait * 1e3) + 1);

    for (size_t i = 0; i < count; i++) {
        int what = 0;

        if (events[i].what & (WSD_POLLER_IN | WSD_POLLER_ERROR))
            what |= CURL_CSELECT_IN;
        if (events[i].what & WSD_POLLER_OUT)
            what |= CURL_CSELECT_OUT;
        curl_multi_socket_action(loop->multi, events[i].fd, what, running);
    }
    if (loop->timer >= 0 && loop->timer <= bench_now()) {
        loop->timer = -1;
        curl_multi_socket_action(loop->multi, CURL_SOCKET_TIMEOUT, 0, running);
    }
}

static void check_results(CURLM *multi)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(multi, &left)) != NULL)
        if (message->data.result != CURLE_OK)
            bench_die("a transfer");
}

static void run_crowd(struct loop *loop, const struct bench_options *options)
{
    struct upload *uploads = calloc(options->streams, sizeof(*uploads));
    struct curl_slist *headers = header_lines(options);
    uint64_t body = 0;
    int running = 1;

    for (unsigned i = 0; i < options->streams; i++) {
        uploads[i] =
            (struct upload){.options = options, .easy = make(options, headers, &body)};
        set_read(&uploads[i]);
        curl_multi_add_handle(loop->multi, uploads[i].easy);
    }
    while (running > 0)
        turn(loop, &running);
    check_results(loop->multi);
}

static void streams(const struct bench_options *options)
{
    struct loop loop = {.multi = curl_multi_init(), .timer = -1};
    struct bench_options first = *options; /* then there is what is no stream's */
    struct bench_run run;
    long before_kib;

    bench_raise_descriptors();
    if (wsd_poller_create(wsd_mem_heap(), &loop.poller) != S_OK)
        bench_die("the poller");
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(loop.multi, CURLMOPT_SOCKETDATA, &loop);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(loop.multi, CURLMOPT_TIMERDATA, &loop);
    first.path = "/warm";
    first.size = first.streams = 1;
    run_crowd(&loop, &first);
    before_kib = bench_status_kib("VmRSS");
    bench_begin(&run);
    run_crowd(&loop, options);
    bench_report(&run);
    printf(", \"stream_kib\": %.1f}\n",
           (double)(bench_status_kib("VmHWM") - before_kib) / options->streams);
}

int main(int argc, char **argv)
{
    struct bench_options options = bench_arguments(argc, argv);

    curl_global_init(CURL_GLOBAL_DEFAULT);
    if (strcmp(options.command, "put") == 0)
        put(&options, set_read);
    else if (strcmp(options.command, "mime") == 0)
        put(&options, set_mime);
    else if (strcmp(options.command, "streams") == 0)
        streams(&options);
    else if (strcmp(options.command, "get") == 0)
        get(&options);
    else
        bench_die("usage: ref_curl put|mime|streams|get WORD...: the command");
    return EXIT_SUCCESS;
}
