#pragma once

#include "base/error.h"
#include "delivery/progress.h"
#include "store/work.h"

/* The outcome counters of one sequence, counted again from the rows themselves: what `verify`
 * compares with and what an import writes. Every enrolled person and present step stands in exactly
 * one of waiting … unknown. Lives in work->arena. */
struct tally_count {
    int64_t outcome;
    int64_t reason;
    int64_t count;
};
struct tally_step {
    int64_t step_id; /* 0: the sequence's enrollments per status */
    bool present;    /* not removed by an edit */
    struct tally_count *counts;
    size_t count_count;
    size_t capacity;
};
/* The same by the quarter of an hour of enrollment. */
struct tally_cohort {
    int64_t at_ms;
    int64_t (*counts)[OUTCOME_COUNT]; /* by index in tally.steps */
    size_t capacity;
};
struct tally {
    int64_t sequence_id;
    int64_t people;
    struct tally_cohort *cohorts;
    size_t cohort_count;
    size_t cohort_capacity;
    struct tally_step *steps;
    size_t step_count;
    size_t capacity;
};

MUST_USE enum error_code tally_sequence(struct work *work, int64_t sequence_id,
                                        struct tally *ret_tally, struct error *error);
int64_t tally_get(const struct tally_step *step, int64_t outcome); /* all reasons */

bool tally_cohort_is_empty(const int64_t *counts); /* OUTCOME_COUNT of them */

/* A counter that differs from the rows. */
struct tally_difference {
    int64_t sequence_id;
    int64_t step_id;
    int64_t outcome;      /* -1: skipped and cancelled together */
    int64_t cohort_at_ms; /* -1: of everybody */
    int64_t stored;
    int64_t counted;
};
/* Compares with the stored counters; texts and rows in work->arena. Which reason a step that never
 * came is counted under is history the rows do not hold, so skipped and cancelled of a present step
 * are compared together, and not at all for removed steps. Of cohorts that differ the first few are
 * told. */
MUST_USE enum error_code tally_compare(struct work *work, const struct tally *tally,
                                       struct tally_difference **ret_differences, size_t *ret_count,
                                       struct error *error);
/* Writes the counters anew. Only in a writer job that runs alone. */
MUST_USE enum error_code tally_write(struct work *work, const struct tally *tally,
                                     struct error *error);
