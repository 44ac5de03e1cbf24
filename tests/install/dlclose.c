/* Row I8 of tests/FAULTS.md: the shared libraries are unloaded while their threads are at
 * work.  What a pointer was had for can be called all the same. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dlfcn.h>

#include "support/peer.h"
#include "wsd_client.h"
#include "wsd_service.h"

/* As POSIX has it: a pointer to data that is one to a function. */
static void find(void *library, const char *name, void *function)
{
    *(void **)function = dlsym(library, name);
    assert_non_null(*(void **)function);
}

static void *load(const char *path)
{
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);

    if (library == NULL)
        fail_msg("%s", dlerror());
    return library;
}

static void I8__client_is_at_work__its_library_stays(void **state)
{
    static const struct peer_step steps[] = {
        {.what = PEER_READ_MESSAGE},
        {.what = PEER_HOLD},
        {.what = PEER_SEND, .text = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"},
    };
    struct peer *peer = PEER_START(steps);
    HRESULT (*create)(const wsd_client_options *, wsd_client **);
    HRESULT (*create_message)(const char *, wsd_outbound_message **);
    HRESULT (*send)(wsd_client *, const char *, wsd_outbound_message *);
    HRESULT(*receive)
    (wsd_client *, wsd_outbound_message *, DWORD, wsd_inbound_message **);
    void (*release)(wsd_client *);
    void (*release_message)(wsd_outbound_message *);
    void (*release_reply)(wsd_inbound_message *);
    void *library = load(CLIENT_LIBRARY);
    wsd_outbound_message *message;
    wsd_inbound_message *reply;
    wsd_client *client;

    (void)state;
    find(library, "wsd_client_create", &create);
    find(library, "wsd_client_send", &send);
    find(library, "wsd_client_receive", &receive);
    find(library, "wsd_client_release", &release);
    find(library, "wsd_outbound_message_create", &create_message);
    find(library, "wsd_outbound_message_release", &release_message);
    find(library, "wsd_inbound_message_release", &release_reply);
    assert_int_equal(create(NULL, &client), S_OK);
    assert_int_equal(create_message("urn:a", &message), S_OK);
    assert_int_equal(send(client, peer_url(peer), message), S_OK);
    peer_wait_for_step(peer, 1);
    assert_int_equal(dlclose(library), 0);
    peer_go(peer);
    assert_int_equal(receive(client, message, PEER_PATIENCE_MS, &reply), S_OK);
    release_reply(reply);
    release_message(message);
    release(client);
    peer_stop(peer);
}

static void I8__service_is_at_work__its_library_stays(void **state)
{
    HRESULT (*create)(const wsd_service_options *, wsd_service **);
    HRESULT (*start)(wsd_service *);
    HRESULT (*stop)(wsd_service *, DWORD);
    void (*release)(wsd_service *);
    void *library = load(SERVICE_LIBRARY);
    wsd_service *service;

    (void)state;
    find(library, "wsd_service_create", &create);
    find(library, "wsd_service_start", &start);
    find(library, "wsd_service_stop", &stop);
    find(library, "wsd_service_release", &release);
    assert_int_equal(create(NULL, &service), S_OK);
    assert_int_equal(start(service), S_OK);
    assert_int_equal(dlclose(library), 0);
    assert_int_equal(stop(service, 0), S_OK);
    release(service);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(I8__client_is_at_work__its_library_stays),
        cmocka_unit_test(I8__service_is_at_work__its_library_stays),
    };

    return cmocka_run_group_tests_name("dlclose", tests, NULL, NULL);
}
