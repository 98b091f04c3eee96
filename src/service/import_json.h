#pragma once

#include "base/buffer.h"
#include "base/error.h"
#include "service/service.h"

/* Reads campaigns.json, enrollments.json and message_queue.json back, as export wrote them or as
 * people wrote them by hand (comments, missing counters, people in the middle of a sequence). Each
 * file may be missing, but not all. All or nothing: when any record is not understood, every
 * finding is told with file and path, and nothing is written. A second run changes nothing. */
enum import_verdict {
    IMPORT_ADDED,    /* under its own id */
    IMPORT_RENAMED,  /* its id was taken, or it had none */
    IMPORT_PRESENT,  /* was there already */
    IMPORT_LEFT_OUT, /* understood, and not wanted: the message says why */
    IMPORT_REFUSED,  /* not understood */
};
enum { IMPORT_VERDICT_COUNT = 5, IMPORT_FILE_COUNT = 3, IMPORT_LINES_MAX = 10000 };
const char *import_verdict_to_text(enum import_verdict verdict);

/* What happened to one record. Texts are owned by the report. */
struct import_line {
    int file; /* index in EXPORT_FILES */
    int64_t index;
    int64_t line; /* of the file */
    enum import_verdict verdict;
    char id[48];     /* as written in the file */
    char new_id[48]; /* when renamed */
    char path[96];   /* "[3].messages[0].day", of a finding */
    char message[200];
};
struct import_json_report {
    bool present[IMPORT_FILE_COUNT];
    int64_t counts[IMPORT_FILE_COUNT][IMPORT_VERDICT_COUNT];
    struct import_line *lines; /* the first IMPORT_LINES_MAX */
    size_t line_count;
    size_t line_capacity;
    bool lines_left_out;
    bool done; /* false: nothing was written */
};
void import_json_report_done(struct import_json_report *report); /* frees; in place */

/* {"done", "dry_run", "files": {"campaigns.json": {"added": 3, …}}, "records": […]} */
struct json_writer;
void import_json_encode(struct json_writer *writer, const struct import_json_report *report);

enum { IMPORT_BESIDE_SENDING_MAX = 20000 }; /* records; about a second and a half */
struct import_json_options {
    const char *directory;
    struct text country; /* default of phones without code, two letters; may be empty */
    bool dry_run;        /* do everything, then undo it */
    bool at_once;        /* however long sending has to wait for it */
};
/* Blocks until the import is durable or refused; never call it on the writer's thread. Other
 * writes wait meanwhile: it is one transaction. So where messages are sent, many records are
 * taken only when asked for.
 * Errors     ERROR_INVALID: records were refused, see the report; ERROR_NOT_FOUND: no file;
 *            ERROR_CONFLICT: too many records to hold up sending for them */
MUST_USE enum error_code import_json_run(struct service *service,
                                         const struct import_json_options *options,
                                         struct import_json_report *ret_report,
                                         struct error *error);
