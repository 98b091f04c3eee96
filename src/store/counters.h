#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "store/work.h"

/* Outcome counters: added up in memory while a commit is built, written once per touched counter
 * right before it, and dropped with the savepoint of a job that failed. So one commit that moves
 * 1,000 messages of one step writes a handful of counter rows.
 *
 * `outcome` is an enum step_outcome (domain/message.h); for step_id 0 it is an enum
 * enrollment_status and counts the sequence's enrollments. `reason` is 0, an enum message_reason,
 * or counters_provider_reason(code). */
struct counters;

enum { COUNTER_REASON_PROVIDER = 1000000 };
static inline int64_t counters_provider_reason(int64_t error_code)
{
    return COUNTER_REASON_PROVIDER + error_code;
}

/* Adds `delta` (may be negative) in the caller's transaction. */
void counters_add(struct work *work, int64_t sequence_id, int64_t step_id, int outcome,
                  int64_t reason, int64_t delta);
/* What the series per hour counts beside the outcomes of steps. Messages of no sequence (test
 * sends) are not shown; opt-outs of people in no sequence stand under sequence 0. */
enum { COUNTER_HOUR_ENROLLED = 100, COUNTER_HOUR_COMPLETED = 101 };

/* The same for the series per hour: only things that happened, never a stock, at work->now_ms. */
void counters_add_hour(struct work *work, int64_t sequence_id, int outcome, int64_t delta);

/* What this commit has added so far and the tables do not show yet, its own job's part included;
 * nothing on readers. For answers of the very job that moved the counters. */
void counters_visit(const struct work *work,
                    void (*visit)(void *context, int64_t sequence_id, int64_t step_id,
                                  int64_t outcome, int64_t reason, int64_t delta),
                    void *context);

/* For the writer. */
struct counters *counters_new(void);
void counters_free(struct counters *counters);
DEFINE_CLEANUP(struct counters *, counters_free);
void counters_keep(struct counters *counters);  /* the job's savepoint was released */
void counters_drop(struct counters *counters);  /* the job failed */
void counters_clear(struct counters *counters); /* the transaction ended */
MUST_USE enum error_code counters_write(struct counters *counters, struct db *db,
                                        struct error *error);
