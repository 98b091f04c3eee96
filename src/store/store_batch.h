#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/import_row.h"
#include "store/work.h"

#include <stdbool.h>

/* Imports, bulk actions and edits that are carried out in chunks, and the rows an import refused.
 * Absent ids and times are 0; texts live in work->arena. */
enum batch_state {
    BATCH_WAITING = 0,
    BATCH_RUNNING = 1,
    BATCH_DONE = 2,
    BATCH_FAILED = 3,
    BATCH_UNDONE = 4,
    BATCH_CANCELLED = 5,
    BATCH_UNDOING = 6,
};
enum { BATCH_STATE_COUNT = 7 };
const char *batch_state_to_text(enum batch_state state); /* "queued", "running", "completed" … */

struct store_batch {
    int64_t id;
    int64_t sequence_id;
    struct text kind; /* "import", "action", "edit", "retry" */
    enum batch_state state;
    struct text source;
    struct text file_name;
    struct text spool_path; /* {NULL}: none */
    struct text options;    /* JSON; what the kind's own code needs */
    struct text result;     /* JSON */
    int64_t cursor;
    int64_t total_rows; /* 0 while unknown */
    int64_t done_rows;
    int64_t counts[ENROLL_VERDICT_COUNT];
    int64_t first_enrollment_id;
    int64_t last_enrollment_id;
    int64_t first_row_id;
    int64_t last_row_id;
    struct text error;
    struct text actor;
    int64_t created_at_ms;
    int64_t started_at_ms;
    int64_t finished_at_ms;
    int64_t undone_at_ms;
};

/* Sets id and created_at; asks for WORK_WAKE_RUNNER when it waits. */
MUST_USE enum error_code store_batch_insert(struct work *work, struct store_batch *batch,
                                            struct error *error);
MUST_USE enum error_code store_batch_get(struct work *work, int64_t id,
                                         struct store_batch *ret_batch, bool *ret_found,
                                         struct error *error);
/* Writes everything but id, kind, source, file_name, options, actor and created_at. */
MUST_USE enum error_code store_batch_update(struct work *work, const struct store_batch *batch,
                                            struct error *error);

struct store_batch_filter {
    int64_t sequence_id; /* 0: any */
    struct text kind;    /* empty: any */
    uint64_t states;     /* bits 1 << enum batch_state; 0: all */
    int64_t before_id;   /* cursor: 0 = from the newest */
};
MUST_USE enum error_code store_batch_list(struct work *work,
                                          const struct store_batch_filter *filter, size_t limit,
                                          struct store_batch **ret_batches, size_t *ret_count,
                                          struct error *error);
/* Those waiting, running or being undone with ids above `after_id`, oldest first. */
MUST_USE enum error_code store_batch_open_list(struct work *work, int64_t after_id, size_t limit,
                                               struct store_batch **ret_batches, size_t *ret_count,
                                               struct error *error);

/* ---- refused rows ---- */

struct store_batch_row {
    int64_t id;
    int64_t batch_id;
    int64_t row_number;
    enum enroll_verdict verdict;
    int64_t phone;     /* 0: not understood */
    struct text input; /* the number as it was written */
    struct text name;
    struct text message;
    struct text cells; /* the row as it came, as one line of CSV without its end */
};
MUST_USE enum error_code store_batch_row_add(struct work *work, const struct store_batch_row *row,
                                             struct error *error);
/* In the order of the file, those after `after_row`; `verdicts` are bits, 0: all. */
MUST_USE enum error_code store_batch_row_list(struct work *work, const struct store_batch *batch,
                                              uint64_t verdicts, int64_t after_row, size_t limit,
                                              struct store_batch_row **ret_rows, size_t *ret_count,
                                              struct error *error);
/* Calls `on_row` for all of them in the order of the file, one in memory at a time. */
MUST_USE enum error_code store_batch_row_visit(
    struct work *work, const struct store_batch *batch,
    enum error_code (*on_row)(void *context, const struct store_batch_row *row,
                              struct error *error),
    void *context, struct error *error);
/* Forgets all refused rows of batches that ended before `before_ms`, at most `limit` rows. */
MUST_USE enum error_code store_batch_row_prune(struct work *work, int64_t before_ms, size_t limit,
                                               int64_t *ret_deleted, struct error *error);
