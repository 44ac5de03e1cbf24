/*
 * get_file -- gets a file from wsd-file-service with gSOAP.
 * Usage: get_file URL NAME
 *
 * Writes it to standard output; ends with 1 and prints the fault's words when there is
 * none.
 */
#include <stdio.h>
#include <stdlib.h>

#include "get_file.nsmap"
#include "soapH.h"

#define PATIENCE_SECONDS 60

int main(int argc, char **argv)
{
    struct soap *soap = soap_new1(SOAP_ENC_MTOM);
    struct f__GetFileResponse response;
    int status = EXIT_FAILURE;

    if (soap == NULL || argc != 3)
        return 2;
    soap->send_timeout = soap->recv_timeout = soap->connect_timeout = PATIENCE_SECONDS;
    if (soap_call_f__GetFileRequest(soap, argv[1], NULL, argv[2], &response) != SOAP_OK) {
        soap_print_fault(soap, stderr);
    } else {
        size_t size = (size_t)response.Attachment.__size;

        if (fwrite(response.Attachment.__ptr, 1, size, stdout) == size &&
            fflush(stdout) == 0)
            status = EXIT_SUCCESS;
    }
    soap_destroy(soap);
    soap_end(soap);
    soap_free(soap);
    return status;
}
