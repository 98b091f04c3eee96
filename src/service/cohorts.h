#pragma once

#include "base/zone.h"
#include "domain/enrollment.h"
#include "service/sequences.h"
#include "store/store_cohort.h"
#include "store/work.h"

/* What became of the people of each enrollment day, step by step. Read from counters: it costs the
 * same whatever the number of people. Any connection; results live in work->arena. */
struct cohort_day {
    int64_t day;   /* local date, days since 1970 */
    int64_t at_ms; /* its first moment */
    int64_t people[ENROLLMENT_STATUS_COUNT];
    int64_t enrolled;                 /* all of them */
    int64_t (*counts)[OUTCOME_COUNT]; /* by index in cohorts.stats.steps */
};
struct cohorts {
    struct sequences_stats stats; /* the steps in their order, removed ones too */
    struct cohort_day *days;      /* rising; only those on which somebody was enrolled */
    size_t day_count;
    int64_t from_ms; /* what was read: whole days */
    int64_t to_ms;
};
enum { COHORT_DAYS_MAX = 92 };
/* The days of `zone` that hold `from_ms` to `to_ms` (exclusive).
 * Errors   ERROR_NOT_FOUND; ERROR_INVALID: too many days */
MUST_USE enum error_code cohorts_read(struct work *work, int64_t sequence_id, int64_t from_ms,
                                      int64_t to_ms, const struct zone *zone,
                                      struct cohorts *ret_cohorts, struct error *error);
