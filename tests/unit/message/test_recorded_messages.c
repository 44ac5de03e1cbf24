/* Messages as programs of others have sent them: see tests/recorded/README.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "message/inbound_message.h"
#include "support/fake_inbound_host.h"
#include "support/peer.h"

#define PRINT "http://schemas.microsoft.com/windows/2006/08/wdp/print/"
#define SCAN "http://schemas.microsoft.com/windows/2006/08/wdp/scan/"
#define FILES "http://www.example.com/ncd/FileService/"

static const struct recording {
    const char *file, *action;
    const char *document; /* where its document is; NULL for none */
} recordings[] = {
    {"wsd-send", "urn:wsdattach:test/Upload", "Upload/data"},
    {"gsoap", PRINT "SendDocument", "SendDocumentRequest/DocumentData"},
    {"node-soap", PRINT "SendDocument", "SendDocumentRequest/DocumentData"},
    {"curl", PRINT "SendDocument", "SendDocumentRequest/DocumentData"},
    {"email_package", PRINT "SendDocument", "SendDocumentRequest/DocumentData"},
    {"toolbelt", PRINT "SendDocument", "SendDocumentRequest/DocumentData"},
    {"gsoap-get-file", FILES "GetFile", NULL},
    {"zeep-get-file", FILES "GetFile", NULL},
    {"node-soap-get-file", FILES "GetFile", NULL},
    {"airscan-1", SCAN "GetScannerElements", NULL},
    {"airscan-2", SCAN "GetScannerElements", NULL},
    {"airscan-3", SCAN "CreateScanJob", NULL},
    {"airscan-4", SCAN "RetrieveImage", NULL},
};

enum { MOST = 4096 };

struct bytes {
    char at[MOST + 1]; /* NUL-terminated */
    size_t size;
};

static void read_file(const char *name, struct bytes *bytes)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", RECORDINGS, name);
    file = fopen(path, "rb");
    assert_non_null(file);
    bytes->size = fread(bytes->at, 1, MOST, file);
    assert_true(feof(file));
    fclose(file);
    bytes->at[bytes->size] = '\0';
}

/* ---- one message, in pieces ---- */

static void check_document(struct wsd_inbound_message *message, const char *path,
                           const struct bytes *document)
{
    IWSDInboundAttachment *attachment;
    BYTE content[MOST];
    DWORD size = 0, given;
    HRESULT hr;

    assert_int_equal(wsd_inbound_find_attachment(message, path, &attachment), S_OK);
    assert_string_equal(wsd_inbound_media_type(message, attachment),
                        "application/octet-stream");
    do {
        hr = attachment->lpVtbl->Read(attachment, content + size, MOST - size, &given);
        size += given;
    } while (hr == S_OK);
    assert_int_equal(hr, S_FALSE);
    assert_int_equal(size, document->size);
    assert_memory_equal(content, document->at, size);
    attachment->lpVtbl->Release(attachment);
}

/* The first piece of `first` bytes, those behind it of `piece`. */
static void check(const struct recording *recording, const char *content_type,
                  const char *body, size_t size, size_t first, size_t piece,
                  const struct bytes *document)
{
    static const struct wsd_inbound_options options = {.max_text_bytes = MOST,
                                                       .attachments = {MOST, 0}};
    struct fake_inbound_host host;
    struct wsd_inbound_message *message;

    fake_inbound_host_init(&host);
    assert_int_equal(wsd_inbound_create(wsd_mem_heap(), 0, content_type, &options,
                                        &host.seam, &message),
                     S_OK);
    for (size_t at = 0, taken; at < size; at += taken) {
        size_t next = at == 0 && first > 0 ? first : piece;

        if (next > size - at)
            next = size - at;
        assert_int_equal(
            wsd_inbound_push(message, (const uint8_t *)body + at, next, &taken), S_OK);
        assert_int_equal(taken, next);
    }
    assert_int_equal(wsd_inbound_finish(message, S_OK), S_OK);
    assert_non_null(message->envelope);
    assert_string_equal(wsd_inbound_action(message), recording->action);
    if (recording->document != NULL) {
        check_document(message, recording->document, document);
    } else {
        IWSDInboundAttachment *none;

        assert_int_not_equal(wsd_inbound_attachment_at(message, 0, &none), S_OK);
    }
    wsd_inbound_release(message);
    assert_int_equal(atomic_load(&host.references), 0);
}

static void recorded__in_any_pieces__is_understood(void **state)
{
    static struct bytes document, request;

    (void)state;
    read_file("document", &document);
    for (size_t i = 0; i < sizeof(recordings) / sizeof(recordings[0]); i++) {
        static const char name[] = "\r\nContent-Type: ";
        char content_type[1024];
        const char *value;
        bool complete;
        size_t size;
        char *body;

        print_message("%s\n", recordings[i].file);
        read_file(recordings[i].file, &request);
        body = peer_body(request.at, request.size, &size, &complete);
        assert_true(complete);
        value = strstr(request.at, name);
        assert_non_null(value);
        value += sizeof(name) - 1;
        snprintf(content_type, sizeof(content_type), "%.*s", (int)strcspn(value, "\r"),
                 value);
        for (size_t split = 0; split < size; split++)
            check(&recordings[i], content_type, body, size, split, size, &document);
        check(&recordings[i], content_type, body, size, 1, 1, &document);
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(recorded__in_any_pieces__is_understood),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
