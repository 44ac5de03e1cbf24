#include "receiver_device.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "receiver_soap.h"

#define CUT_AFTER 65536

static const char soap_type[] = "application/soap+xml; charset=utf-8";

/* What is received of one request, for its line in the log. */
struct intake {
    char action[2100];
    char message_id[256];
    unsigned long job;     /* 0: not a document to print */
    unsigned long message; /* likewise */
    unsigned parts;
    uint64_t bytes;
};

const char *device_failure_name(enum failure failure)
{
    static const char *const names[FAIL_COUNT] = {
        "",      "early-413", "early-200", "reset",     "drop",
        "stall", "no-answer", "fault",     "fault-200", "html-500"};

    return names[failure];
}

/* ---- Files ------------------------------------------------------------------------- */

static void name_part(const struct device *self, const struct intake *intake,
                      unsigned part, const char *suffix, char path[PATH_MAX])
{
    if (intake->job != 0)
        snprintf(path, PATH_MAX, "%s/job-%lu.document%s", self->dir, intake->job, suffix);
    else
        snprintf(path, PATH_MAX, "%s/message-%lu.part-%u%s", self->dir, intake->message,
                 part, suffix);
}

static void store_part(struct device *self, struct intake *intake)
{
    const unsigned char *span;
    char path[PATH_MAX];
    int file = -1;
    size_t n;

    if (self->dir != NULL) {
        name_part(self, intake, intake->parts, ".part", path);
        file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0666);
        if (file == -1)
            receiver_die("cannot make", path);
    }
    while ((n = multipart_read(self->multipart, &span)) > 0) {
        intake->bytes += n;
        while (file != -1 && n > 0) {
            ssize_t written = write(file, span, n);

            if (written <= 0)
                receiver_die("cannot write", path);
            span += written;
            n -= (size_t)written;
        }
    }
    if (file != -1 && close(file) != 0)
        receiver_die("cannot write", path);
}

static void accept_parts(const struct device *self, const struct intake *intake)
{
    char arrived[PATH_MAX], accepted[PATH_MAX];

    for (unsigned part = 1; self->dir != NULL && part <= intake->parts; part++) {
        name_part(self, intake, part, ".part", arrived);
        name_part(self, intake, part, "", accepted);
        if (rename(arrived, accepted) != 0)
            receiver_die("cannot rename", arrived);
    }
}

/* ---- Messages ---------------------------------------------------------------------- */

static bool is_action(const struct intake *intake, const char *name)
{
    return strncmp(intake->action, SOAP_PRINT "/", strlen(SOAP_PRINT "/")) == 0 &&
           strcmp(intake->action + strlen(SOAP_PRINT "/"), name) == 0;
}

static bool read_addressing(struct device *self, const char *envelope,
                            struct intake *intake)
{
    if (!soap_text(envelope, "MessageID", intake->message_id,
                   sizeof(intake->message_id)) ||
        intake->message_id[0] == '\0')
        return http_bad(self->connection, "no wsa:MessageID");
    if (!soap_text(envelope, "Action", intake->action, sizeof(intake->action)) ||
        intake->action[0] == '\0' || strchr(intake->action, '"') != NULL)
        return http_bad(self->connection, "no wsa:Action");
    return true;
}

/* Reads a whole root part, or with `multipart` NULL a whole body. */
static bool read_envelope(struct device *self, struct http_request *request,
                          struct multipart *multipart,
                          char envelope[SOAP_MAX_ENVELOPE + 1])
{
    unsigned char buffer[4096];
    const unsigned char *span = buffer;
    size_t length = 0, n;

    for (;;) {
        n = multipart != NULL
                ? multipart_read(multipart, &span)
                : http_read_body(self->connection, request, buffer, sizeof(buffer));
        if (n == 0)
            break;
        if (length + n > SOAP_MAX_ENVELOPE)
            return http_bad(self->connection, "the envelope is too large");
        memcpy(envelope + length, span, n);
        length += n;
    }
    envelope[length] = '\0';
    if (strlen(envelope) != length)
        return http_bad(self->connection, "a NUL in the envelope");
    return self->connection->trouble == HTTP_FINE;
}

/* Decides what the attachments are called. */
static bool open_intake(struct device *self, const char *envelope, int includes,
                        struct intake *intake)
{
    char job[16];

    if (!is_action(intake, "SendDocument")) {
        intake->message = ++self->messages;
        return true;
    }
    if (!soap_text(envelope, "JobId", job, sizeof(job)))
        return http_bad(self->connection, "no JobId");
    intake->job = strtoul(job, NULL, 10);
    if (intake->job == 0 || intake->job > self->jobs) {
        intake->job = 0;
        return http_bad(self->connection, "a JobId that no CreatePrintJob has given");
    }
    return includes == 1 || http_bad(self->connection, "not one document in the job");
}

static bool claim_include(struct device *self, struct soap_include *includes, int count,
                          const char *content_id)
{
    for (int i = 0; i < count; i++) {
        if (!includes[i].used && strcmp(includes[i].content_id, content_id) == 0) {
            includes[i].used = true;
            return true;
        }
    }
    return http_bad(self->connection, "no xop:Include for a part's Content-ID");
}

static bool receive_multipart(struct device *self, struct http_request *request,
                              struct intake *intake)
{
    struct soap_include includes[SOAP_MAX_INCLUDES];
    char envelope[SOAP_MAX_ENVELOPE + 1];
    struct multipart_part part;
    int count;

    if (!multipart_open(self->multipart, self->connection, request) ||
        !read_envelope(self, request, self->multipart, envelope) ||
        !read_addressing(self, envelope, intake))
        return false;
    count = soap_includes(envelope, includes);
    if (count < 0)
        return http_bad(self->connection, "an xop:Include that is not alone or no cid:");
    if (!open_intake(self, envelope, count, intake))
        return false;
    while (multipart_next(self->multipart, &part)) {
        if (!claim_include(self, includes, count, part.content_id))
            return false;
        intake->parts++;
        store_part(self, intake);
    }
    if (!self->multipart->closed)
        return false;
    return intake->parts == (unsigned)count ||
           http_bad(self->connection, "no part for an xop:Include");
}

static bool answer(struct device *self, int status, const char *xml)
{
    return http_answer(self->connection, status, status != 200, soap_type, xml);
}

/* Answers a message with attachments that came whole. */
static enum ending answer_multipart(struct device *self, const struct intake *intake)
{
    char xml[8192];
    bool sent;

    switch (self->failure) {
    case FAIL_NO_ANSWER:
        return HOLD;
    case FAIL_FAULT:
    case FAIL_FAULT_200:
        soap_write_fault(xml, sizeof(xml), intake->message_id, "Receiver",
                         "pri:ServerErrorNotAcceptingJobs",
                         "The printer takes no jobs now.");
        sent = answer(self, self->failure == FAIL_FAULT ? 500 : 200, xml);
        return sent && self->failure == FAIL_FAULT_200 ? KEEP_OPEN : HANG_UP;
    case FAIL_HTML_500:
        http_answer(self->connection, 500, true, "text/html",
                    "<html><body><h1>500 Internal Server Error</h1></body></html>\n");
        return HANG_UP;
    default:
        accept_parts(self, intake);
        soap_write_reply(xml, sizeof(xml), intake->action, intake->message_id, "");
        return answer(self, 200, xml) ? KEEP_OPEN : HANG_UP;
    }
}

/* Answers a message without attachments. */
static enum ending answer_plain(struct device *self, struct intake *intake)
{
    char xml[8192], content[64];

    if (!is_action(intake, "CreatePrintJob")) {
        soap_write_fault(xml, sizeof(xml), intake->message_id, "Sender",
                         "wsa:ActionNotSupported", "This printer knows no such action.");
        answer(self, 400, xml);
        return HANG_UP;
    }
    intake->job = ++self->jobs;
    snprintf(content, sizeof(content), "<r:JobId>%lu</r:JobId>", intake->job);
    soap_write_reply(xml, sizeof(xml), intake->action, intake->message_id, content);
    return answer(self, 200, xml) ? KEEP_OPEN : HANG_UP;
}

/* ---- Requests ---------------------------------------------------------------------- */

static void log_line(const struct device *self, const struct intake *intake,
                     const char *how)
{
    printf("request %lu: %s, %u part%s, %llu bytes, %s", self->requests,
           intake->action[0] != '\0' ? intake->action : "no action", intake->parts,
           intake->parts == 1 ? "" : "s", (unsigned long long)intake->bytes, how);
    if (intake->job != 0)
        printf(", job %lu", intake->job);
    if (intake->message != 0)
        printf(", message %lu", intake->message);
    printf("\n");
    fflush(stdout);
}

/* Ends a request that could not be received whole. */
static enum ending give_up(struct device *self, const struct intake *intake)
{
    const struct http_connection *connection = self->connection;
    char xml[8192], how[sizeof(connection->reason) + 16];

    switch (connection->trouble) {
    case HTTP_BAD:
        snprintf(how, sizeof(how), "BAD: %s", connection->reason);
        log_line(self, intake, how);
        soap_write_fault(xml, sizeof(xml), intake->message_id, "Sender",
                         "pri:ClientErrorInvalidArgs", connection->reason);
        answer(self, 400, xml);
        return HANG_UP;
    case HTTP_CUT:
        snprintf(how, sizeof(how), "cut by --fail %s",
                 device_failure_name(self->failure));
        log_line(self, intake, how);
        if (self->failure == FAIL_RESET)
            return RESET;
        if (self->failure == FAIL_DROP)
            return HANG_UP;
        if (self->failure == FAIL_EARLY_413)
            http_answer(self->connection, 413, false, "text/plain", "Too large.\n");
        if (self->failure == FAIL_EARLY_200) {
            soap_write_reply(xml, sizeof(xml), intake->action, intake->message_id, "");
            answer(self, 200, xml);
        }
        return HOLD;
    default:
        snprintf(how, sizeof(how), "TRUNCATED (%s)", connection->reason);
        log_line(self, intake, how);
        return HANG_UP;
    }
}

static bool is_cutting(enum failure failure)
{
    return failure >= FAIL_EARLY_413 && failure <= FAIL_STALL;
}

enum ending device_handle(struct device *self, bool *has_attachments)
{
    static const char plain_type[] = "application/soap+xml";
    char envelope[SOAP_MAX_ENVELOPE + 1];
    struct http_request request;
    struct intake intake = {0};

    self->requests++;
    if (!http_read_head(self->connection, &request))
        return give_up(self, &intake);
    *has_attachments = is_multipart(&request);
    if (*has_attachments) {
        if (is_cutting(self->failure))
            request.cut_after = CUT_AFTER;
        if (!receive_multipart(self, &request, &intake))
            return give_up(self, &intake);
        log_line(self, &intake, "complete");
        return answer_multipart(self, &intake);
    }
    if (strncmp(request.content_type, plain_type, strlen(plain_type)) != 0)
        http_bad(self->connection, "a Content-Type that is not SOAP");
    if (!read_envelope(self, &request, NULL, envelope) ||
        !read_addressing(self, envelope, &intake))
        return give_up(self, &intake);
    log_line(self, &intake, "complete");
    return answer_plain(self, &intake);
}
