#pragma once

#include "base/error.h"
#include "domain/import_row.h"
#include "service/import_source.h"
#include "service/service.h"
#include "store/store_batch.h"
#include "store/work.h"

/* A bulk enrollment as a request: read and judged by a read worker, carried out by the writer. Up
 * to IMPORT_AT_ONCE_MAX rows are enrolled in the request's own transaction and answered with one
 * verdict each; more become a batch that the runner carries out. */
enum {
    IMPORT_AT_ONCE_MAX = 1000,
    IMPORT_DRY_ROWS = 20,     /* what a dry run shows: the first rows … */
    IMPORT_DRY_REFUSED = 100, /* … and the first refused ones */
};

struct import_request {
    int64_t sequence_id;
    const char *path; /* the upload */
    struct import_options options;
    struct text source; /* "api", "csv", "paste", "operator" */
    struct text file_name;
    struct text actor; /* who asks, for the list of batches */
    bool dry_run;
};

struct import_answer_row {
    int64_t number;
    enum enroll_verdict verdict;
    struct text message;
    int64_t phone; /* 0: not understood */
    struct text name;
    struct text input;
    int64_t enrollment_id;
};

struct import_prepared;

struct import_answer {
    int64_t total_rows;
    int64_t counts[ENROLL_VERDICT_COUNT];
    int64_t unknown_zones;
    int64_t repairs;
    struct import_answer_row *rows;
    size_t row_count;
    const struct import_shape *shape; /* NULL: JSON */
    bool later;                       /* `batch` carries it out */
    struct store_batch batch;         /* id 0 in a dry run */
};

/* Reads the upload; a dry run judges all of it here. Everything lives in work->arena.
 * Errors   ERROR_INVALID: the file cannot be read as asked; ERROR_NOT_FOUND, ERROR_CONFLICT */
MUST_USE enum error_code import_prepare(struct work *work, const struct service *service,
                                        const struct import_request *request,
                                        struct import_prepared **ret_prepared, struct error *error);
/* On the writer, in the caller's transaction. */
MUST_USE enum error_code import_carry_out(struct work *work, const struct service *service,
                                          const struct import_request *request,
                                          struct import_prepared *prepared,
                                          struct import_answer *ret_answer, struct error *error);
