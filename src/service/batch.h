#pragma once

#include "base/error.h"
#include "base/json_writer.h"
#include "service/import_source.h"
#include "service/service.h"
#include "store/store_batch.h"
#include "store/work.h"

/* Batches as users see them: read, cancelled, undone. Functions that write run inside the caller's
 * transaction on the writer. */
MUST_USE enum error_code batch_get(struct work *work, int64_t id, struct store_batch *ret_batch,
                                   struct error *error);
MUST_USE enum error_code batch_list(struct work *work, const struct store_batch_filter *filter,
                                    size_t limit, struct store_batch **ret_batches,
                                    size_t *ret_count, struct error *error);
struct import_answer_row;
/* Refused rows in the order of the file, those after row `after`; `verdicts` are bits, 0: all. */
MUST_USE enum error_code batch_rows(struct work *work, const struct store_batch *batch,
                                    uint64_t verdicts, int64_t after, size_t limit,
                                    struct import_answer_row **ret_rows, size_t *ret_count,
                                    struct error *error);
/* Errors   ERROR_CONFLICT when it has ended */
MUST_USE enum error_code batch_cancel(struct work *work, int64_t id, struct store_batch *ret_batch,
                                      struct error *error);

struct batch_undo {
    int64_t removed; /* people who had got nothing */
    int64_t stopped; /* people who had */
};
bool batch_can_undo(const struct store_batch *batch);
/* Counts, and unless `dry_run` carries out: at once for few people, by the runner for many (the
 * batch is then UNDOING).
 * Errors   ERROR_CONFLICT: not an import, still running, undone already */
MUST_USE enum error_code batch_undo(struct work *work, int64_t id, bool dry_run,
                                    struct batch_undo *ret_undo, struct store_batch *ret_batch,
                                    struct error *error);
/* The next chunk of a batch being undone. For the runner, on the writer. */
MUST_USE enum error_code batch_undo_chunk(struct work *work, int64_t batch_id, bool *ret_done,
                                          struct error *error);

/* The event that tells live pages to look at the batch again. */
MUST_USE enum error_code batch_tell(struct work *work, const struct store_batch *batch,
                                    struct error *error);

/* What the runner must know to read an import's file again: batch.options. */
struct text batch_import_options(struct arena *arena, const struct import_options *options);
void batch_import_options_read(struct arena *arena, const struct store_batch *batch,
                               struct import_options *ret_options);

/* Refused rows as CSV with `row`, `verdict` and `reason` behind the original columns, given out in
 * pieces. */
MUST_USE enum error_code batch_rows_csv(struct work *work, const struct store_batch *batch,
                                        enum error_code (*write)(void *context, struct text piece,
                                                                 struct error *error),
                                        void *context, struct error *error);
