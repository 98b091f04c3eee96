#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "domain/message.h"
#include "store/work.h"

#include <stdbool.h>

/* Reading the counters that store/counters.h writes: the dashboards. Costs the same whatever the
 * number of messages. On the writer they hold what the commit has added so far. */

struct store_counter {
    int64_t sequence_id;
    int64_t step_id; /* 0: `outcome` is an enum enrollment_status */
    int64_t outcome;
    int64_t reason;
    int64_t count;
};
/* All counters of one sequence, or of all (sequence_id 0), ordered by sequence, step, outcome. */
MUST_USE enum error_code store_counter_list(struct work *work, int64_t sequence_id,
                                            struct store_counter **ret_counters, size_t *ret_count,
                                            struct error *error);
/* One counter, all reasons added up. */
MUST_USE enum error_code store_counter_get(struct work *work, int64_t sequence_id, int64_t step_id,
                                           int64_t outcome, int64_t *ret_count,
                                           struct error *error);

struct store_counter_hour {
    int64_t hour_at_ms;
    int64_t sequence_id;
    int64_t outcome;
    int64_t count;
};
/* The hours from `from_ms` (inclusive) to `to_ms` (exclusive), of one sequence or of all added up
 * (sequence_id 0: each row then has sequence_id 0), ordered by hour. */
MUST_USE enum error_code store_counter_hours(struct work *work, int64_t sequence_id,
                                             int64_t from_ms, int64_t to_ms,
                                             struct store_counter_hour **ret_hours,
                                             size_t *ret_count, struct error *error);
/* Totals of the period per sequence and outcome. */
MUST_USE enum error_code store_counter_period(struct work *work, int64_t from_ms, int64_t to_ms,
                                              struct store_counter_hour **ret_rows,
                                              size_t *ret_count, struct error *error);

/* Whether a test send was ever accepted. */
MUST_USE enum error_code store_test_message_sent(struct work *work, bool *ret_sent,
                                                 struct error *error);
