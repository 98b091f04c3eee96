#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/counters.h"
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

/* What happened in a span of time, by enum step_outcome and the COUNTER_TIME_… of counters.h. */
struct store_counter_time {
    int64_t counts[COUNTER_TIME_COUNT];
};
/* From the quarter of an hour that holds `from_ms` up to `to_ms`, the begun quarter included. Reads
 * a row per whole day and a few dozen at either end, not what this commit adds.
 * sequence_id  0 = everything together */
MUST_USE enum error_code store_counter_time(struct work *work, int64_t sequence_id, int64_t from_ms,
                                            int64_t to_ms, struct store_counter_time *ret_sums,
                                            struct error *error);

/* Why messages failed in the same span: a reason and how often; no reason comes twice. */
struct store_counter_failure {
    int64_t reason; /* enum message_reason, or counters_provider_reason() */
    int64_t count;
};
MUST_USE enum error_code store_counter_failures(struct work *work, int64_t sequence_id,
                                                int64_t from_ms, int64_t to_ms,
                                                struct store_counter_failure **ret_rows,
                                                size_t *ret_count, struct error *error);

/* Whether a test send was ever accepted. */
MUST_USE enum error_code store_test_message_sent(struct work *work, bool *ret_sent,
                                                 struct error *error);
