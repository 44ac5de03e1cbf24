/*
 * receiver_device -- what wsd-receiver does with a request: takes its attachments into
 * files, and answers; or fails on purpose.
 */
#ifndef RECEIVER_DEVICE_H
#define RECEIVER_DEVICE_H

#include "receiver_http.h"
#include "receiver_multipart.h"

/* On purpose, with requests that have attachments: after 64 KiB of body up to
 * FAIL_STALL, at the end of the request from FAIL_NO_ANSWER on. */
enum failure {
    FAIL_NOT,
    FAIL_EARLY_413,
    FAIL_EARLY_200,
    FAIL_RESET,
    FAIL_DROP,
    FAIL_STALL,
    FAIL_NO_ANSWER,
    FAIL_FAULT,
    FAIL_FAULT_200,
    FAIL_HTML_500,
    FAIL_COUNT
};

/* As on the command line. */
const char *device_failure_name(enum failure failure);

struct device {
    const char *dir; /* NULL: attachments are counted and dropped */
    enum failure failure;
    struct http_connection *connection;
    struct multipart *multipart;
    unsigned long requests, jobs, messages; /* so far */
};

/* What is to be done with the connection then. */
enum ending { KEEP_OPEN, HANG_UP, RESET, HOLD };

/* Receives one request, logs a line on standard output, and answers. */
enum ending device_handle(struct device *self, bool *has_attachments);

#endif
