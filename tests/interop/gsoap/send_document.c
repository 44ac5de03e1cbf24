/*
 * send_document -- prints a document on wsd-virtual-printer with gSOAP, which reads it
 * while it sends.
 * Usage: send_document URL JOB_ID DOCUMENT
 *
 * Ends with 1 and prints the fault when there is one.
 */
#include <stdio.h>
#include <stdlib.h>

#include "send_document.nsmap"
#include "soapH.h"
#include "wsaapi.h"

#define PATIENCE_SECONDS 60
#define NAMESPACE "http://schemas.microsoft.com/windows/2006/08/wdp/print"

/* ---- What gSOAP calls for the attachment ------------------------------------------- */

/* The handle is the pointer of the Include. */
static void *open_document(struct soap *soap, void *handle, const char *id,
                           const char *type, const char *description)
{
    (void)soap;
    (void)id;
    (void)type;
    (void)description;
    return handle;
}

static size_t read_document(struct soap *soap, void *handle, char *octets, size_t size)
{
    (void)soap;
    return fread(octets, 1, size, handle);
}

static void close_document(struct soap *soap, void *handle)
{
    (void)soap;
    fclose(handle);
}

int main(int argc, char **argv)
{
    struct soap *soap = soap_new1(SOAP_ENC_MTOM | SOAP_IO_CHUNK);
    struct p__SendDocumentResponse response;
    struct p__Data data = {{0}};
    FILE *document;
    int status = EXIT_FAILURE;

    if (soap == NULL || argc != 4 || (document = fopen(argv[3], "rb")) == NULL)
        return 2;
    soap->send_timeout = soap->recv_timeout = soap->connect_timeout = PATIENCE_SECONDS;
    soap->fmimereadopen = open_document;
    soap->fmimeread = read_document;
    soap->fmimereadclose = close_document;
    data.xop__Include.__ptr = (unsigned char *)document;
    data.xop__Include.type = "application/octet-stream";
    soap_register_plugin(soap, soap_wsa);
    if (soap_wsa_request(soap, NULL, argv[1], NAMESPACE "/SendDocument") == SOAP_OK &&
        soap_call_p__SendDocumentRequest(soap, argv[1], NULL, atoi(argv[2]), &data,
                                         &response) == SOAP_OK)
        status = EXIT_SUCCESS;
    else
        soap_print_fault(soap, stderr);
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return status;
}
