#pragma once

#include "base/error.h"
#include "domain/message.h"
#include "store/counters.h"
#include "store/work.h"

/* The counters of steps by when people were enrolled: one row per stretch of time, in the widths
 * of store/counters.h, which writes them. Results live in work->arena. */
struct store_cohort {
    int64_t at_ms;   /* start of the stretch that holds the enrollment */
    int64_t step_id; /* 0: people; counts are then by enum enrollment_status */
    int64_t counts[OUTCOME_COUNT];
};
/* Visits the rows of one width from `from_ms` (inclusive) to `to_ms` (exclusive), ordered by time
 * and step. On the writer without what this commit adds. */
MUST_USE enum error_code store_cohort_visit(
    struct work *work, int64_t sequence_id, enum counter_width width, int64_t from_ms,
    int64_t to_ms, void (*visit)(void *context, const struct store_cohort *row), void *context,
    struct error *error);
/* The people of every quarter of an hour of the sequence, with what this commit adds, in no order.
 */
MUST_USE enum error_code store_cohort_people(struct work *work, int64_t sequence_id,
                                             struct store_cohort **ret_rows, size_t *ret_count,
                                             struct error *error);
/* Whether there are people but no cohorts: the data directory was written by a version without. */
MUST_USE enum error_code store_cohort_missing(struct work *work, bool *ret_missing,
                                              struct error *error);

/* A row of hours or days that is not the sum of its quarters, and that sum. */
MUST_USE enum error_code store_cohort_find_wrong(struct work *work, int64_t sequence_id,
                                                 struct store_cohort *ret_stored,
                                                 struct store_cohort *ret_sum, bool *ret_found,
                                                 struct error *error);

/* Writes the rows anew, only in a writer job that runs alone: the quarters step by step, then hours
 * and days from them. */
MUST_USE enum error_code store_cohort_clear(struct work *work, int64_t sequence_id, int64_t step_id,
                                            struct error *error);
MUST_USE enum error_code store_cohort_put(struct work *work, int64_t sequence_id,
                                          const struct store_cohort *row, struct error *error);
MUST_USE enum error_code store_cohort_widen(struct work *work, int64_t sequence_id,
                                            struct error *error);
