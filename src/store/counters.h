#pragma once

#include "base/compiler.h"
#include "base/error.h"
#include "base/instant.h"
#include "domain/message.h"
#include "store/work.h"

/* Outcome counters: added up in memory while a commit is built, written once per touched row right
 * before it, and dropped with the savepoint of a job that failed. So one commit that moves 1,000
 * messages of one step writes a handful of counter rows.
 *
 * Four tables count the same facts: per step and reason (counter), per step and moment of
 * enrollment (counter_cohort), per moment at which it happened (counter_time), and what failed per
 * moment and reason (counter_failure). */
struct counters;

enum { COUNTER_REASON_PROVIDER = 1000000 };
static inline int64_t counters_provider_reason(int64_t error_code)
{
    return COUNTER_REASON_PROVIDER + error_code;
}

/* Stretches of time begin at whole quarters of an hour: the days of every zone do, too. The tables
 * by time hold three widths of them, all of UTC, so that long spans are added up from few rows. */
#define COUNTER_QUARTER_MS INT64_C(900000)
enum counter_width { COUNTER_QUARTER, COUNTER_HOUR, COUNTER_DAY, COUNTER_WIDTHS };
extern const int64_t COUNTER_WIDTH_MS[COUNTER_WIDTHS];
static inline int64_t counters_start(enum counter_width width, int64_t at_ms)
{
    return floor_divide(at_ms, COUNTER_WIDTH_MS[width]) * COUNTER_WIDTH_MS[width];
}

/* Whose counter: a step of a sequence (0: the people of the sequence by status), and when the
 * person was enrolled. */
struct counter_place {
    int64_t sequence_id;
    int64_t step_id;
    int64_t enrolled_at_ms;
};
/* Adds `delta` (may be negative) in the caller's transaction.
 * outcome  enum step_outcome; for step_id 0 an enum enrollment_status
 * reason   0, an enum message_reason, or counters_provider_reason(code) */
void counters_add(struct work *work, const struct counter_place *place, int outcome, int64_t reason,
                  int64_t delta);
/* One person goes from one outcome of a step to another: both counters, and what happened now. */
void counters_move(struct work *work, const struct counter_place *place, enum step_outcome from,
                   int64_t from_reason, enum step_outcome to, int64_t to_reason);

/* What the table of time counts beside the outcomes sent … opted out. */
enum {
    COUNTER_TIME_ENROLLED = OUTCOME_COUNT,
    COUNTER_TIME_COMPLETED,
    COUNTER_TIME_COUNT,
};
/* Something happened, at work->now_ms; only things that happen, never a stock. Messages of no
 * sequence (test sends) are not counted; opt-outs of people in no sequence (sequence_id 0) are. */
void counters_add_time(struct work *work, int64_t sequence_id, int outcome, int64_t delta);

/* What this commit has added so far and the tables do not show yet, its own job's part included;
 * nothing on readers. For answers of the very job that moved the counters. */
enum counter_kind { COUNTER_STEP, COUNTER_TIME, COUNTER_COHORT, COUNTER_FAILURE };
struct counter_key {
    int64_t kind;  /* enum counter_kind */
    int64_t width; /* COUNTER_COHORT: enum counter_width; only quarters until they are written */
    int64_t at_ms; /* all but COUNTER_STEP: start of the quarter */
    int64_t sequence_id;
    int64_t step_id; /* 0 for COUNTER_TIME, COUNTER_FAILURE */
    int64_t outcome;
    int64_t reason; /* COUNTER_STEP, COUNTER_FAILURE */
};
void counters_visit(const struct work *work, enum counter_kind kind,
                    void (*visit)(void *context, const struct counter_key *key, int64_t delta),
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
