/* scenarios -- what is done over and over while something fails. */
#ifndef WSD_TORTURE_SCENARIOS_H
#define WSD_TORTURE_SCENARIOS_H

#include <stdbool.h>
#include <stddef.h>

#include "support/bytes.h"
#include "torture/counterpart.h"
#include "wininet.h"
#include "wsd_client.h"
#include "wsd_service.h"

/* What all have, and what one makes of it. */
struct bed {
    struct counterpart *counterpart;
    char *document;
    size_t size;
    const char *lie; /* the first thing that was told and is not so; NULL: none */

    /* The scenario's own */
    struct bytes text; /* the reply or request, made once */
    wsd_client *client;
    HINTERNET session;
    wsd_service *service;
};

/* open: the objects that outlive a transfer; transfer: from one end to the other, judged
 * as the application sees it.  Both return S_OK or the first failure. */
struct scenario {
    const char *name;
    bool uploads;    /* so the counterpart judges too */
    bool is_service; /* whose client sees HTTP only */
    void (*prepare)(struct bed *bed);
    HRESULT (*open)(struct bed *bed);
    HRESULT (*transfer)(struct bed *bed);
    void (*close)(struct bed *bed);
};

extern const struct scenario scenarios[];
extern const size_t scenario_count;

#endif
