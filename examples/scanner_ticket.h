/*
 * scanner_ticket -- the parameters of a scan: what the client asks for, and what this
 * scanner, which has one image and changes nothing of it, makes of that.
 */
#ifndef SCANNER_TICKET_H
#define SCANNER_TICKET_H

#include <stdbool.h>
#include <stdio.h>

#include "image.h"
#include "wsd_message.h"

#define SCAN "http://schemas.microsoft.com/windows/2006/08/wdp/scan"
#define TICKET_ROWS 16

/* Where a value comes from: the client asked for it, asked for nothing, or asked for
 * something else. */
enum ticket_origin { TICKET_ASKED, TICKET_DEFAULT, TICKET_OVERRIDDEN };

struct ticket {
    unsigned images; /* to be sent */
    struct ticket_row {
        const char *path; /* below DocumentParameters */
        char value[24];
        enum ticket_origin origin;
    } rows[TICKET_ROWS];
};

/* What the scanner does when it is asked for nothing. */
void ticket_init(struct ticket *ticket, const struct image *image, const char *source,
                 unsigned images);

/* Compares that with what a request asks for below the path `root`, a ScanTicket. */
HRESULT ticket_read(struct ticket *ticket, const wsd_inbound_message *request,
                    const char *root);

/* Would the scan be another than the one that was asked for? */
bool ticket_is_overridden(const struct ticket *ticket);
/* Is that so for this row? */
bool ticket_overrides(const struct ticket *ticket, const char *path);

/* The element NAME, with the parameters in it; `with_origins`: and where they come from,
 * as in DocumentFinalParameters. */
void ticket_put(FILE *to, const char *name, const struct ticket *ticket,
                bool with_origins);

#endif
