#pragma once

#include "domain/message.h"
#include "store/store_counter.h"
#include "store/work.h"

/* The numbers of a sequence and its steps, from counters: waiting + queued + sent + failed +
 * skipped + cancelled + unknown is the number of people enrolled, for every step. */
struct funnel {
    int64_t counts[OUTCOME_COUNT]; /* by enum step_outcome; delivered and read lie inside sent */
};
int64_t funnel_total(const struct funnel *funnel);
void funnel_add(struct funnel *funnel, int64_t outcome, int64_t count);

struct funnel_reason {
    int64_t reason; /* enum message_reason, or counters_provider_reason() */
    int64_t count;
};
struct funnel_step {
    int64_t step_id;
    struct funnel funnel;
    struct funnel_reason *failed; /* most first; skipped and cancelled likewise */
    size_t failed_count;
    struct funnel_reason *skipped;
    size_t skipped_count;
    struct funnel_reason *cancelled;
    size_t cancelled_count;
};
struct funnel_sequence {
    struct funnel totals; /* of all steps */
    struct funnel_step *steps;
    size_t step_count;
    struct funnel_reason *failed; /* of all steps, most first */
    size_t failed_count;
};
/* Any connection; results live in work->arena. Steps without any counter are not listed. */
MUST_USE enum error_code funnel_of_sequence(struct work *work, int64_t sequence_id,
                                            struct funnel_sequence *ret_funnel,
                                            struct error *error);
/* The totals of all sequences at once, for lists: ordered by sequence id. */
struct funnel_totals {
    int64_t sequence_id;
    struct funnel funnel;
};
MUST_USE enum error_code funnel_of_all(struct work *work, struct funnel_totals **ret_totals,
                                       size_t *ret_count, struct error *error);
/* Failures of a span of time, as they are counted per quarter of an hour, most first.
 * sequence_id  0 = everything together */
MUST_USE enum error_code funnel_failures(struct work *work, int64_t sequence_id, int64_t from_ms,
                                         int64_t to_ms, struct funnel_reason **ret_reasons,
                                         size_t *ret_count, struct error *error);

/* What a counter's reason is called and what to do about it. */
struct funnel_words {
    struct text reason;    /* stable word */
    int64_t provider_code; /* 0: none */
    struct text title;
    struct text advice;
    bool retryable; /* a retry after repair makes sense */
};
struct funnel_words funnel_words(struct work *work, int64_t reason);
