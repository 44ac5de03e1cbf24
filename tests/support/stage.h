/*
 * stage -- a service with an honest client, whose stream goes on while others attack.
 */
#ifndef WSD_TESTS_STAGE_H
#define WSD_TESTS_STAGE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "support/device.h"
#include "support/http_client.h"
#include "support/worker.h"

struct stage {
    struct device device;
    atomic_uint answered;              /* requests without an attachment */
    atomic_uint slow_begun, slow_ends; /* those with two, whose second was cut */

    /* The honest stream */
    struct worker worker;
    char *document; /* repeated to its end */
    atomic_bool enough;
    atomic_size_t accepted;
    HRESULT hr;         /* the client's */
    HRESULT end;        /* what the handler had from it at last */
    atomic_size_t read; /* as long as every byte was right */
};

/* The honest stream has begun to arrive. */
void stage_open(struct stage *stage, const wsd_service_options *options);
/* It goes on, and has arrived byte by byte when it ends. */
void stage_close(struct stage *stage);

/* ---- Attacks ---- */

/* In its text $ is a request's envelope, and @ and # are its size, decimal and in hex. */
struct attack {
    const char *text;
    size_t size;
    int status;        /* of the reply; 0: there is none */
    unsigned answered; /* how often the handler is called */
    int next;          /* status of the next reply; 0: the connection ends */
};
#define ATTACK(bytes, ...)                                                               \
    {                                                                                    \
        .text = (bytes), .size = sizeof(bytes) - 1, __VA_ARGS__                          \
    }
#define REFUSED(text, with) ATTACK(text, .status = (with))
#define TAKEN(text) ATTACK(text, .status = 200, .answered = 2, .next = 200)
#define TAKEN_AS_THE_LAST(text) ATTACK(text, .status = 200, .answered = 1)
#define TAKEN_BEFORE_JUNK(text, with)                                                    \
    ATTACK(text, .status = 200, .answered = 1, .next = (with))

#define LINE "POST /service HTTP/1.1\r\n"
#define HOST "Host: device\r\n"
#define LENGTH "Content-Length: @\r\n"
#define CODING "Transfer-Encoding: chunked\r\n"
#define HEAD LINE HOST SOAP_FIELD
#define CHUNKS "\r\n#\r\n$\r\n0\r\n\r\n"

/* Behind the attack comes a request that must not be taken for one, unless the connection
 * may be kept. */
void stage_attack(struct stage *stage, const struct attack *attack);

/* `head`, then `count` times `text`, then `tail`; a refusal with this status. */
void stage_attack_with_many(struct stage *stage, const char *head, const char *text,
                            size_t count, const char *tail, int status);

/* Is an ordinary request answered, and the connection not just closed? */
bool stage_has_room(const struct stage *stage);

/* The connection ends, and there is no reply but refusals. */
void expect_no_more(struct http_client *client);

#endif
