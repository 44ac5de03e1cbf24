/*
 * many_clients -- gets one file from wsd-file-service many times at once, and compares
 * every byte.
 *
 * Each client is one of the library, on a thread of its own.  None goes on before all
 * have a byte of their file.  The first one then reads a byte a second, until all others
 * have all of theirs.
 *
 * Usage: many_clients URL NAME FILE CLIENTS       (FILE: what NAME should be)
 */
#define COBJMACROS

#include <fcntl.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "wsd_client.h"
#include "wsd_error.h"

#define FILE_SERVICE "http://www.example.com/ncd/FileService"
#define MOST_CLIENTS 1000

struct crowd {
    const char *url, *name;
    const BYTE *expected;
    size_t size, clients;

    pthread_mutex_t mutex;
    pthread_cond_t changed;
    size_t begun, finished; /* clients */
};

static void die(const char *what, HRESULT hr)
{
    fprintf(stderr, "many_clients: %s: %s\n", what, wsd_error_text(hr));
    exit(EXIT_FAILURE);
}

/* ---- One client -------------------------------------------------------------------- */

struct client {
    struct crowd *crowd;
    bool is_slow;
    pthread_t thread;
    IWSDInboundAttachment *file;
    size_t read;
    HRESULT hr; /* of the last Read: S_FALSE at the end */
};

/* At most `most` bytes, which have to be the right ones. */
static void read_some(struct client *self, DWORD most)
{
    static _Thread_local BYTE block[65536];
    DWORD n;

    self->hr = IWSDInboundAttachment_Read(self->file, block, most, &n);
    if (FAILED(self->hr))
        die("Read", self->hr);
    if (n > self->crowd->size - self->read ||
        memcmp(block, self->crowd->expected + self->read, n) != 0)
        die("other bytes than expected", E_FAIL);
    self->read += n;
}

static void wait_for_all_to_begin(struct crowd *crowd)
{
    pthread_mutex_lock(&crowd->mutex);
    crowd->begun++;
    pthread_cond_broadcast(&crowd->changed);
    while (crowd->begun < crowd->clients)
        pthread_cond_wait(&crowd->changed, &crowd->mutex);
    pthread_mutex_unlock(&crowd->mutex);
}

static void dawdle(struct client *self)
{
    struct crowd *crowd = self->crowd;
    bool alone = false;

    while (!alone) {
        const struct timespec second = {1, 0};

        read_some(self, 1);
        nanosleep(&second, NULL);
        pthread_mutex_lock(&crowd->mutex);
        alone = crowd->finished == crowd->clients - 1;
        pthread_mutex_unlock(&crowd->mutex);
    }
    printf("all others have the file, and the slow client %zu bytes of it\n", self->read);
}

static void ask(struct client *self, wsd_client *client, wsd_inbound_message **reply)
{
    char body[512];
    wsd_outbound_message *request;
    HRESULT hr = wsd_outbound_message_create(FILE_SERVICE "/GetFile", &request);

    snprintf(body, sizeof(body),
             "<f:GetFileRequest xmlns:f=\"" FILE_SERVICE "\"><f:filePath>%s</f:filePath>"
             "</f:GetFileRequest>",
             self->crowd->name);
    if (hr == S_OK)
        hr = wsd_outbound_message_set_body(request, body, strlen(body));
    if (hr == S_OK)
        hr = wsd_client_send(client, self->crowd->url, request);
    if (hr == S_OK)
        hr = wsd_client_receive(client, request, INFINITE, reply);
    if (hr == S_OK)
        hr = wsd_inbound_message_attachment(*reply, "GetFileResponse/Attachment",
                                            &self->file);
    if (hr != S_OK)
        die("GetFile", hr);
    wsd_outbound_message_release(request);
}

static void *client_run(void *argument)
{
    struct client *self = argument;
    struct crowd *crowd = self->crowd;
    wsd_client *client;
    wsd_inbound_message *reply;
    HRESULT hr = wsd_client_create(NULL, &client);

    if (hr != S_OK)
        die("wsd_client_create", hr);
    ask(self, client, &reply);
    read_some(self, 1);
    wait_for_all_to_begin(crowd);
    if (self->is_slow)
        dawdle(self);
    while (self->hr != S_FALSE)
        read_some(self, 65536);
    if (self->read != crowd->size)
        die("the file is too short", E_FAIL);

    IWSDInboundAttachment_Release(self->file);
    wsd_inbound_message_release(reply);
    wsd_client_release(client);
    pthread_mutex_lock(&crowd->mutex);
    crowd->finished++;
    pthread_mutex_unlock(&crowd->mutex);
    return NULL;
}

/* ---- All of them ------------------------------------------------------------------- */

static void map_expected(struct crowd *crowd, const char *path)
{
    struct stat status;
    void *bytes = MAP_FAILED;
    int fd = open(path, O_RDONLY);

    if (fd != -1 && fstat(fd, &status) == 0)
        bytes = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (bytes == MAP_FAILED)
        die(path, E_FAIL);
    close(fd);
    crowd->expected = bytes;
    crowd->size = (size_t)status.st_size;
}

int main(int argc, char **argv)
{
    static struct client clients[MOST_CLIENTS];
    static struct crowd crowd;

    if (argc != 5 || (crowd.clients = strtoul(argv[4], NULL, 10)) < 2 ||
        crowd.clients > MOST_CLIENTS) {
        fputs("Usage: many_clients URL NAME FILE CLIENTS\n", stderr);
        return 2;
    }
    crowd.url = argv[1];
    crowd.name = argv[2];
    map_expected(&crowd, argv[3]);
    pthread_mutex_init(&crowd.mutex, NULL);
    pthread_cond_init(&crowd.changed, NULL);
    for (size_t i = 0; i < crowd.clients; i++) {
        clients[i] = (struct client){.crowd = &crowd, .is_slow = i == 0};
        if (pthread_create(&clients[i].thread, NULL, client_run, &clients[i]) != 0)
            die("pthread_create", E_FAIL);
    }
    for (size_t i = 0; i < crowd.clients; i++)
        pthread_join(clients[i].thread, NULL);
    printf("%zu clients have all %zu bytes\n", crowd.clients, crowd.size);
    return EXIT_SUCCESS;
}
