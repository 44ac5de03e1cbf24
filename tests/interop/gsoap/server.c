/*
 * gsoap-server -- takes one message through gSOAP's own readers of HTTP, XML, XOP and
 * MIME, streaming.  Usage: gsoap-server [--addressing]
 *
 * Prints "READY URL", and then for each xop:Include, in the order of the document:
 * Content-ID, media type, number of octets, SHA-256.  Ends with 0 when gSOAP has nothing
 * to object to; with --addressing its WS-Addressing plug-in has its say, too.
 */
#include <arpa/inet.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "soapH.h"
#include "upload.nsmap"
#include "wsaapi.h"

#define PATIENCE_SECONDS 60

struct part {
    char content_id[256];
    char media_type[256];
    unsigned long long octets;
    EVP_MD_CTX *hash;
};

/* ---- What gSOAP calls for each part that it reads ---------------------------------- */

/* What this returns becomes the pointer of the Include that refers to the part. */
static void *open_part(struct soap *soap, void *handle, const char *id, const char *type,
                       const char *description, enum soap_mime_encoding encoding)
{
    struct part *part = soap_malloc(soap, sizeof(*part));

    (void)handle;
    (void)description;
    if (part == NULL || id == NULL || type == NULL || encoding != SOAP_MIME_BINARY) {
        soap->error = SOAP_MIME_ERROR;
        return NULL;
    }
    snprintf(part->content_id, sizeof(part->content_id), "%s", id);
    snprintf(part->media_type, sizeof(part->media_type), "%s", type);
    part->octets = 0;
    part->hash = EVP_MD_CTX_new();
    EVP_DigestInit_ex(part->hash, EVP_sha256(), NULL);
    return part;
}

static int write_part(struct soap *soap, void *handle, const char *octets, size_t n)
{
    struct part *part = handle;

    (void)soap;
    part->octets += n;
    EVP_DigestUpdate(part->hash, octets, n);
    return SOAP_OK;
}

static void close_part(struct soap *soap, void *handle)
{
    (void)soap;
    (void)handle;
}

/* ---- The operations ---------------------------------------------------------------- */

static void print_part(const struct part *part)
{
    unsigned char hash[EVP_MAX_MD_SIZE];
    unsigned length = 0;

    EVP_DigestFinal_ex(part->hash, hash, &length);
    EVP_MD_CTX_free(part->hash);
    printf("%s %s %llu ", part->content_id, part->media_type, part->octets);
    for (unsigned i = 0; i < length; i++)
        printf("%02x", hash[i]);
    printf("\n");
}

/* Called when the message has been read to its end. */
int t__Upload(struct soap *soap, char *name, int count, struct t__Data *data,
              struct t__UploadResponse *response)
{
    int has_addressing = soap_lookup_plugin(soap, soap_wsa_id) != NULL;

    if (has_addressing && soap_wsa_check(soap) != SOAP_OK)
        return soap->error;
    if (name == NULL || strcmp(name, "test") != 0)
        return soap_sender_fault(soap, "The name is not \"test\".", NULL);
    for (int i = 0; i < count; i++) {
        if (data[i].xop__Include.id == NULL)
            return soap_sender_fault(soap, "A datum is no attachment.", NULL);
        print_part((const void *)data[i].xop__Include.__ptr);
    }
    response->count = count;
    if (has_addressing)
        return soap_wsa_reply(soap, NULL, "urn:wsdattach:test/UploadResponse");
    soap->header = NULL; /* or the request's would go back */
    return SOAP_OK;
}

/* A one-way operation that is part of WS-Addressing; nobody uses it here. */
int SOAP_ENV__Fault(struct soap *soap, char *code_1_1, char *string_1_1, char *actor_1_1,
                    struct SOAP_ENV__Detail *detail_1_1, struct SOAP_ENV__Code *code,
                    struct SOAP_ENV__Reason *reason, char *node, char *role,
                    struct SOAP_ENV__Detail *detail)
{
    (void)code_1_1;
    (void)string_1_1;
    (void)actor_1_1;
    (void)detail_1_1;
    (void)code;
    (void)reason;
    (void)node;
    (void)role;
    (void)detail;
    return soap->error = SOAP_NO_METHOD;
}

static int serve_one_message(struct soap *soap)
{
    struct sockaddr_in address;
    socklen_t length = sizeof(address);

    if (!soap_valid_socket(soap_bind(soap, "127.0.0.1", 0, 1)) ||
        getsockname(soap->master, (struct sockaddr *)&address, &length) != 0)
        return soap->error;
    printf("READY http://127.0.0.1:%d/\n", ntohs(address.sin_port));
    fflush(stdout);
    if (!soap_valid_socket(soap_accept(soap)))
        return soap->error;
    return soap_serve(soap);
}

int main(int argc, char **argv)
{
    struct soap *soap = soap_new1(SOAP_ENC_MTOM | SOAP_XML_STRICT);
    int result;

    if (soap == NULL)
        return 1;
    alarm(PATIENCE_SECONDS);
    soap->fmimewriteopen = open_part;
    soap->fmimewrite = write_part;
    soap->fmimewriteclose = close_part;
    if (argc > 1 && strcmp(argv[1], "--addressing") == 0)
        soap_register_plugin(soap, soap_wsa);
    result = serve_one_message(soap);
    if (result != SOAP_OK)
        soap_print_fault(soap, stderr);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return result != SOAP_OK;
}
